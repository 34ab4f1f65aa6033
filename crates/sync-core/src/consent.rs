//! Consent: what both sides say, folded into facts that persist.
//!
//! Stands between reading and acting. [`observe`] compares what the shop and SARE say now with what
//! was known, and returns the [`Facts`] to be kept *before* anything is written anywhere. The next
//! step (`plan.rs`) follows from facts alone, so that a crash between deciding and acting, or the
//! same event twice, ends in the same place.
//!
//! Three rules hold whatever the input (property tests beside `plan.rs` drive whole histories):
//! a withdrawal is never undone but by a later opt-in; a refusal in SARE is never raised but by an
//! opt-in seen after the refusal was known; blocked and unknown contacts are never touched.
//!
//! What a record says is read in `view.rs`; a consent that something speaks against is in `doubt.rs`.

mod doubt;
mod view;

use serde::{Deserialize, Serialize};

use crate::config::{ConsentRule, OnNewOptIn};

pub use doubt::Doubt;
pub use view::{ShopView, Signal, consent_by_rule};

/// SARE's status numbers that decisions need (sare-api.md section 6).
pub mod status {
    /// Confirmed: the only status that is mailed.
    pub const CONFIRMED: i64 = 8;
    /// Blocked by the account's people.
    pub const BLOCKED: i64 = 7;
    /// In the database, not confirmed.
    pub const UNCONFIRMED: i64 = 6;
    /// In the database, never asked.
    pub const NOT_VERIFIED: i64 = 5;
    /// Asked to be removed.
    pub const REMOVAL_REQUESTED: i64 = 4;
    /// Unsubscribed.
    pub const REMOVED: i64 = 3;
    /// Signed out by the account's people.
    pub const REMOVED_BY_HAND: i64 = 2;
    /// Our own number for "surely not in SARE".
    pub const ABSENT: i64 = 0;

    /// Exactly 2, 3 and 4 are refusals.
    pub fn is_refusal(number: i64) -> bool {
        matches!(number, 2..=4)
    }

    /// 5, 6 and 8: present and free to be updated.
    pub fn is_open(number: i64) -> bool {
        matches!(number, 5 | 6 | 8)
    }
}

/// What SARE says of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SareView {
    /// Not there, as far as a list of statuses tells.
    Absent,
    /// Not there, confirmed by reading the contact itself.
    SurelyAbsent,
    /// There, with this status.
    Status(i64),
}

impl SareView {
    /// The status number, 0 for absent.
    pub fn number(self) -> i64 {
        match self {
            Self::Absent | Self::SurelyAbsent => status::ABSENT,
            Self::Status(n) => n,
        }
    }
}

/// How we learnt of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalOrigin {
    /// The contact already refused when we first looked.
    FirstSight,
    /// Refused in SARE since our last look.
    Sare,
    /// We wrote it there, for a withdrawal in the shop.
    Shop,
    /// The contact was in SARE and has been removed from it.
    Vanished,
    /// The person refused under another address and moved.
    Followed,
}

impl RefusalOrigin {
    /// The word kept in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::FirstSight => "first-sight",
            Self::Sare => "sare",
            Self::Shop => "shop",
            Self::Vanished => "vanished",
            Self::Followed => "followed",
        }
    }

    /// Reads [`RefusalOrigin::word`]; anything else counts as a refusal made in SARE.
    pub fn from_word(word: &str) -> Self {
        match word {
            "first-sight" => Self::FirstSight,
            "shop" => Self::Shop,
            "vanished" => Self::Vanished,
            "followed" => Self::Followed,
            _ => Self::Sare,
        }
    }
}

/// A refusal known for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// SARE's number for it; 0 when the contact was removed from SARE.
    pub status: i64,
    /// How we learnt of it.
    pub origin: RefusalOrigin,
    /// Whether the shop has been told, as far as it can be.
    pub applied: bool,
}

/// An upward change that a person's new opt-in asks for. Kept until done: it is written at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// An unconfirmed contact opted in: make it confirmed.
    Confirm,
    /// A contact that refused opted in anew: ask by SARE's confirmation mail.
    AskAgain,
    /// The same, made confirmed at once by the merchant's choice.
    Reactivate,
}

/// What is known of an address, and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The shop's consent by the merchant's rule, withdrawals considered.
    pub consent: bool,
    /// A withdrawal was seen in the shop, and no opt-in since.
    pub withdrawn: bool,
    /// A refusal known in SARE.
    pub refusal: Option<Refusal>,
    /// An upward change waiting to be written.
    pub wish: Option<Wish>,
    /// Something speaks against a consent of the shop, which then counts as none.
    pub doubt: Option<Doubt>,
}

/// What was known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Facts kept; `None` = the address is new to us.
    pub facts: Option<Facts>,
    /// Whether we ever looked at the address in SARE or wrote it there.
    pub seen_in_sare: bool,
    /// It was there, and long enough ago for an absence to mean something.
    pub was_in_sare: bool,
    /// A lowering of the status is under way and not yet proven.
    pub lowering: bool,
    /// Somebody at the shop decided that a consent in doubt counts.
    pub decided: bool,
}

/// What comes along from the address a person came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Followed {
    /// The old address's refusal in SARE, or the status that the merchant sets for withdrawals when one
    /// in the shop had not reached SARE.
    pub refusal: Option<i64>,
    /// SARE has the old address as blocked or with a status we do not know, or its consent was in doubt.
    pub doubt: bool,
}

impl Followed {
    /// A refusal with this status.
    pub fn refusal(status: i64) -> Self {
        Self {
            refusal: Some(status),
            doubt: false,
        }
    }

    /// A doubt.
    pub fn doubt() -> Self {
        Self {
            refusal: None,
            doubt: true,
        }
    }

    /// What comes along from two addresses.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            refusal: self.refusal.or(other.refusal),
            doubt: self.doubt || other.doubt,
        }
    }
}

/// What [`observe`] noticed, for the contact's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// Consent was withdrawn in the shop.
    WithdrawnInShop,
    /// A new opt-in in the shop.
    OptedInInShop,
    /// Refused in SARE since our last look.
    RefusedInSare,
    /// Already refused in SARE when first seen.
    AlreadyRefused,
    /// Removed from SARE.
    VanishedFromSare,
    /// Subscribed again in SARE by the person or the account's people.
    ResubscribedInSare,
    /// A refusal came along from another address.
    RefusalFollowed,
    /// Something speaks against the shop's consent.
    Doubted(Doubt),
    /// Somebody at the shop decided that the consent counts.
    DoubtDecided,
    /// Nothing speaks against the consent any more, or the shop says by now what it had not said.
    DoubtOver,
}

/// The merchant's choices that consent depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What counts as a customer's consent.
    pub customer: ConsentRule,
    /// What a new opt-in after a refusal does.
    pub on_new_opt_in: OnNewOptIn,
}

impl Rules {
    fn wish_after_refusal(self) -> Option<Wish> {
        match self.on_new_opt_in {
            OnNewOptIn::AskAgain => Some(Wish::AskAgain),
            OnNewOptIn::Reactivate => Some(Wish::Reactivate),
            OnNewOptIn::Leave => None,
        }
    }
}

/// Folds what both sides say now into the facts known of an address.
pub fn observe(
    known: &Known,
    shop: &ShopView,
    sare: SareView,
    followed: Option<Followed>,
    rules: Rules,
) -> (Facts, Vec<Noticed>) {
    let mut noticed = Vec::new();
    let before = known.facts.unwrap_or_default();
    let by_rule = consent_by_rule(shop, rules.customer);

    // Any source that said yes and now says no is a withdrawal, whatever the others say and
    // whatever the rule (shoper-api.md H.4). So is the loss of the record that carried the consent.
    let withdrew =
        shop.signals().any(Signal::withdrew) || (!by_rule && !shop.is_empty() && shop.lost.contains(&true));

    let mut withdrawn = before.withdrawn;
    if withdrew {
        if !withdrawn {
            noticed.push(Noticed::WithdrawnInShop);
        }
        withdrawn = true;
    }

    let mut wish = before.wish;
    let mut refusal = before.refusal;
    let refusal_was_known = refusal.is_some();
    let mut newly_in_sare = false;
    match sare {
        SareView::Status(n) if status::is_refusal(n) => match &mut refusal {
            Some(known) => {
                // Another refusal than the one known is a newer one.
                let was = std::mem::replace(&mut known.status, n);
                newly_in_sare = was != n;
                match known.origin {
                    // SARE holds it now; from here on it is a refusal like any other.
                    RefusalOrigin::Followed => {
                        known.origin = RefusalOrigin::Shop;
                        newly_in_sare = true;
                    }
                    // Back in SARE, and refusing there.
                    RefusalOrigin::Vanished if was == status::ABSENT => {
                        noticed.push(Noticed::RefusedInSare);
                        *known = Refusal {
                            status: n,
                            origin: RefusalOrigin::Sare,
                            applied: false,
                        };
                    }
                    _ => {}
                }
            }
            None => {
                let origin = if known.lowering || before.withdrawn {
                    RefusalOrigin::Shop
                } else if known.seen_in_sare {
                    noticed.push(Noticed::RefusedInSare);
                    RefusalOrigin::Sare
                } else {
                    noticed.push(Noticed::AlreadyRefused);
                    RefusalOrigin::FirstSight
                };
                refusal = Some(Refusal {
                    status: n,
                    origin,
                    applied: origin != RefusalOrigin::Sare,
                });
            }
        },
        SareView::Status(n) if status::is_open(n) => {
            let lifted = refusal.is_some_and(|r| r.origin != RefusalOrigin::Followed);
            if lifted && !known.lowering {
                if matches!(wish, Some(Wish::AskAgain | Wish::Reactivate)) {
                    // Our own change, read back.
                    wish = None;
                } else {
                    noticed.push(Noticed::ResubscribedInSare);
                }
                refusal = None;
                // A withdrawal seen just now stands on its own: the next look must not take it for
                // part of the refusal that SARE has lifted.
                withdrawn = withdrew;
            }
            if n == status::CONFIRMED && refusal.is_none() {
                wish = None;
            }
        }
        SareView::SurelyAbsent if known.was_in_sare && refusal.is_none() => {
            noticed.push(Noticed::VanishedFromSare);
            newly_in_sare = true;
            // A withdrawal not yet proven in SARE stays one: whoever comes back there is still lowered.
            if !withdrawn {
                refusal = Some(Refusal {
                    status: status::ABSENT,
                    origin: RefusalOrigin::Vanished,
                    applied: true,
                });
            }
        }
        _ => {}
    }

    if let Some(followed) = followed.and_then(|f| f.refusal)
        && refusal.is_none()
    {
        if !withdrawn || status::is_refusal(followed) {
            noticed.push(Noticed::RefusalFollowed);
        }
        if status::is_refusal(followed) {
            refusal = Some(Refusal {
                status: followed,
                origin: RefusalOrigin::Followed,
                applied: true,
            });
        } else {
            // The merchant has withdrawals lowered to a status that is no refusal: one it stays here too.
            withdrawn = true;
        }
    }

    // An opt-in must come from a source that counts: a flag that the merchant does not take for consent
    // undoes no refusal either.
    // One of which it is not known whether it came before or after a refusal answers none.
    let answers = refusal.is_none() && !refusal_was_known && !before.withdrawn;
    let opted_in =
        by_rule && !withdrew && (shop.counting(rules.customer)).any(|s| s.opts_in() && (!s.gap || answers));

    if matches!(wish, Some(Wish::AskAgain | Wish::Reactivate)) {
        // The merchant may have chosen otherwise while it waited.
        wish = rules.wish_after_refusal();
    }
    if withdrew || newly_in_sare || followed.is_some() || (refusal.is_some() && !refusal_was_known) {
        // Whatever was wished for, the refusal is newer.
        wish = None;
    } else if opted_in {
        let was_without = known.facts.is_some_and(|f| !f.consent);
        if refusal.is_some() {
            noticed.push(Noticed::OptedInInShop);
            withdrawn = false;
            wish = rules.wish_after_refusal();
        } else if was_without || before.withdrawn {
            noticed.push(Noticed::OptedInInShop);
            withdrawn = false;
            if matches!(sare, SareView::Status(status::UNCONFIRMED | status::NOT_VERIFIED)) {
                // Who had refused is dealt with as the merchant chose, whatever status stands for it.
                wish = if refusal_was_known || before.withdrawn {
                    rules.wish_after_refusal()
                } else {
                    Some(Wish::Confirm)
                };
            }
        }
    }

    let (doubt, change) = doubt::judge(
        known,
        &doubt::Signs {
            shop,
            sare,
            rule: rules.customer,
            by_rule,
            opted_in,
            withdrawn,
            refused: refusal.is_some(),
            followed: followed.is_some_and(|f| f.doubt),
        },
    );
    let was_refused = refusal_was_known || refusal.is_some() || before.withdrawn;
    let is_open = matches!(sare, SareView::Status(status::UNCONFIRMED | status::NOT_VERIFIED));
    match change {
        doubt::Change::None => {}
        doubt::Change::Cast => noticed.extend(doubt.map(Noticed::Doubted)),
        doubt::Change::Decided | doubt::Change::Over => {
            noticed.push(if change == doubt::Change::Decided {
                Noticed::DoubtDecided
            } else {
                Noticed::DoubtOver
            });
            if by_rule && !withdrawn && !opted_in && !was_refused && is_open {
                // As if the address had come with this consent: it gets the status it would have got.
                wish = Some(Wish::Confirm);
            }
        }
    }
    let consent = by_rule && !withdrawn && doubt.is_none();
    // A wish is worth what the consent behind it is: nobody is asked or confirmed who no longer consents.
    let facts = Facts {
        consent,
        withdrawn,
        refusal,
        wish: wish.filter(|_| consent),
        doubt,
    };
    (facts, noticed)
}

#[cfg(test)]
mod tests;
