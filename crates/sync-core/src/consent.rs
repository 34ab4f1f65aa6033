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
//! What a record says is read in `view.rs`; a consent that something speaks against is in `doubt.rs`; what becomes of a
//! refusal as it is carried out, and where the person or the shop goes, is in `refusal.rs`.

mod doubt;
mod intent;
mod refusal;
mod view;

use serde::{Deserialize, Serialize};

use crate::HistoryKind;
use crate::config::{ConsentRule, OnNewOptIn};
pub use crate::status::Status;

pub use doubt::Doubt;
pub use intent::Intent;
pub use refusal::{Followed, Refusal, RefusalOrigin};
pub use view::{ShopView, Signal, consent_by_rule};

/// What SARE says of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SareView {
    /// Not there, as far as a list of statuses tells.
    Absent,
    /// Not there, confirmed by reading the contact itself.
    SurelyAbsent,
    /// There, with this status.
    Status(Status),
    /// No answer about it can be had: nothing is done about the contact.
    Unreadable,
}

impl SareView {
    /// The status; [`Status::UNREADABLE`] where no answer can be had.
    pub fn status(self) -> Status {
        match self {
            Self::Absent | Self::SurelyAbsent => Status::Absent,
            Self::Status(status) => status,
            Self::Unreadable => Status::UNREADABLE,
        }
    }

    /// Whether it refuses.
    pub fn is_refusal(self) -> bool {
        self.status().is_refusal()
    }

    /// Whether it is there and free to be updated.
    pub fn is_open(self) -> bool {
        self.status().is_open()
    }

    /// Whether it is there and not confirmed.
    pub fn is_unconfirmed(self) -> bool {
        self.status().is_unconfirmed()
    }

    /// Whether it is not there, surely or as far as a list tells.
    pub fn is_absent(self) -> bool {
        matches!(self, Self::Absent | Self::SurelyAbsent)
    }
}

/// What a person's new opt-in asks for in SARE. Kept until done: it is written at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptIn {
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
    /// A new opt-in waiting to be carried out.
    pub opt_in: Option<OptIn>,
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

impl Noticed {
    /// The line that a contact's history has of it.
    pub fn history(self) -> HistoryKind {
        match self {
            Self::WithdrawnInShop => HistoryKind::WithdrawnInShop,
            Self::OptedInInShop => HistoryKind::OptedInInShop,
            Self::RefusedInSare => HistoryKind::RefusedInSare,
            Self::AlreadyRefused => HistoryKind::AlreadyRefused,
            Self::VanishedFromSare => HistoryKind::VanishedFromSare,
            Self::ResubscribedInSare => HistoryKind::ResubscribedInSare,
            Self::RefusalFollowed => HistoryKind::RefusalFollowed,
            Self::Doubted(Doubt::InactiveRow) => HistoryKind::InactiveRowVetoes,
            Self::Doubted(Doubt::OldAddress | Doubt::OtherAccount) => HistoryKind::DoubtFollowed,
            Self::Doubted(Doubt::NotSaid) => HistoryKind::ConsentNotSaid,
            Self::DoubtDecided => HistoryKind::ConsentDecided,
            Self::DoubtOver => HistoryKind::DoubtOver,
        }
    }
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
    fn opt_in_after_refusal(self) -> Option<OptIn> {
        match self.on_new_opt_in {
            OnNewOptIn::AskAgain => Some(OptIn::AskAgain),
            OnNewOptIn::Reactivate => Some(OptIn::Reactivate),
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

    let mut opt_in = before.opt_in;
    let mut refusal = before.refusal;
    let refusal_was_known = refusal.is_some();
    let mut newly_in_sare = false;
    match sare {
        SareView::Status(n) if n.is_refusal() => match &mut refusal {
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
                    RefusalOrigin::Vanished if was == Status::Absent => {
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
        SareView::Status(n) if n.is_open() => {
            let lifted = refusal.is_some_and(|r| r.origin != RefusalOrigin::Followed);
            if lifted && !known.lowering {
                if matches!(opt_in, Some(OptIn::AskAgain | OptIn::Reactivate)) {
                    // Our own change, read back.
                    opt_in = None;
                } else {
                    noticed.push(Noticed::ResubscribedInSare);
                }
                refusal = None;
                // A withdrawal seen just now stands on its own: the next look must not take it for
                // part of the refusal that SARE has lifted.
                withdrawn = withdrew;
            }
            if n.is_mailable() && refusal.is_none() {
                opt_in = None;
            }
        }
        SareView::SurelyAbsent if known.was_in_sare && refusal.is_none() => {
            noticed.push(Noticed::VanishedFromSare);
            newly_in_sare = true;
            // A withdrawal not yet proven in SARE stays: if the address comes back there, its status is lowered.
            if !withdrawn {
                refusal = Some(Refusal {
                    status: Status::Absent,
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
        if !withdrawn || followed.is_refusal() {
            noticed.push(Noticed::RefusalFollowed);
        }
        if followed.is_refusal() {
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
    // An opt-in that may be older than the refusal does not answer it.
    let answers = refusal.is_none() && !refusal_was_known && !before.withdrawn;
    let opted_in =
        by_rule && !withdrew && (shop.counting(rules.customer)).any(|s| s.opts_in() && (!s.gap || answers));

    if matches!(opt_in, Some(OptIn::AskAgain | OptIn::Reactivate)) {
        // The merchant may have chosen otherwise while it waited.
        opt_in = rules.opt_in_after_refusal();
    }
    if withdrew || newly_in_sare || followed.is_some() || (refusal.is_some() && !refusal_was_known) {
        // The refusal is newer than any pending opt-in.
        opt_in = None;
    } else if opted_in {
        let was_without = known.facts.is_some_and(|f| !f.consent);
        if refusal.is_some() {
            noticed.push(Noticed::OptedInInShop);
            withdrawn = false;
            opt_in = rules.opt_in_after_refusal();
        } else if was_without || before.withdrawn {
            noticed.push(Noticed::OptedInInShop);
            withdrawn = false;
            if sare.is_unconfirmed() {
                // Who had refused is dealt with as the merchant chose, whatever status stands for it.
                opt_in = if refusal_was_known || before.withdrawn {
                    rules.opt_in_after_refusal()
                } else {
                    Some(OptIn::Confirm)
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
    let is_unconfirmed = sare.is_unconfirmed();
    match change {
        doubt::Change::None => {}
        doubt::Change::Cast => noticed.extend(doubt.map(Noticed::Doubted)),
        doubt::Change::Decided | doubt::Change::Over => {
            noticed.push(if change == doubt::Change::Decided {
                Noticed::DoubtDecided
            } else {
                Noticed::DoubtOver
            });
            if by_rule && !withdrawn && !opted_in && !was_refused && is_unconfirmed {
                // As if the address had come with this consent: it gets the status it would have got.
                opt_in = Some(OptIn::Confirm);
            }
        }
    }
    let consent = by_rule && !withdrawn && doubt.is_none();
    // An opt-in is worth what the consent behind it is: nobody is asked or confirmed who no longer consents.
    let facts = Facts {
        consent,
        withdrawn,
        refusal,
        opt_in: opt_in.filter(|_| consent),
        doubt,
    };
    (facts, noticed)
}

#[cfg(test)]
mod tests;
