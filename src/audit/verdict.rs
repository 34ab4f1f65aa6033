//! One contact's verdict: is what SARE holds what the shop and the consent table ask for?
//!
//! Written from the table of consent a second time, without the engine's and `sync-core`'s decisions, so that a
//! misunderstanding there shows here. Of the ledger only what explains a difference is used: a refusal or a
//! withdrawal that was seen, a problem that is known, a change that is on its way.

use std::fmt;
use sync_core::ProblemKind;

/// What a merchant's configuration asks for, as far as verdicts need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// What counts as a customer's consent.
    pub rule: Rule,
    /// Customers without consent are left out of SARE.
    pub skip_customers: bool,
    /// Subscribers without consent are left out of SARE.
    pub skip_subscribers: bool,
    /// The status that a withdrawal in the shop sets.
    pub withdrawal_sets: i64,
    /// A withdrawal in the shop also takes the contact out of our groups.
    pub withdrawal_leaves_groups: bool,
    /// Refusals in SARE are carried into the shop.
    pub to_shoper: bool,
    /// A new opt-in after a refusal changes nothing.
    pub opt_in_is_left: bool,
}

/// What counts as a customer's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The customer's newsletter flag.
    Flag,
    /// An active subscriber of the same address.
    Subscriber,
    /// Either.
    Either,
    /// Both.
    Both,
}

/// What the shop has under one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InShop {
    /// Customers of a kind that is synchronised: whether all of them want the newsletter.
    pub customer: Option<bool>,
    /// Subscribers: whether all of them are active.
    pub subscriber: Option<bool>,
    /// Subscribers are synchronised too, and not read for their consent alone.
    pub subscribers_count: bool,
    /// A record does not say whether it consents, so that the consent last decided stands.
    pub silent: bool,
}

impl InShop {
    /// Whether the contact is to be in SARE at all, consent aside.
    pub fn in_scope(self) -> bool {
        self.customer.is_some() || (self.subscriber.is_some() && self.subscribers_count)
    }

    /// Consent by the merchant's rule. Records that disagree count as no consent.
    pub fn consents(self, rule: Rule) -> bool {
        let subscriber = self.subscriber.unwrap_or(false);
        match (self.customer, rule) {
            (None, _) | (Some(_), Rule::Subscriber) => subscriber,
            (Some(flag), Rule::Flag) => flag,
            (Some(flag), Rule::Either) => flag || subscriber,
            (Some(flag), Rule::Both) => flag && subscriber,
        }
    }
}

/// What SARE has under the address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InSare {
    /// The status; `None`: the address is not there.
    pub status: Option<i64>,
    /// Groups of ours that the shop asks for and that the contact is not in.
    pub groups_missing: Vec<i64>,
    /// Groups of ours that the contact is in and the shop does not ask for.
    pub groups_surplus: Vec<i64>,
    /// Mapped fields whose value is another than the shop's.
    pub fields_differing: Vec<String>,
}

/// What the ledger knows that can explain a difference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// How a refusal became known: `first-sight`, `sare`, `shop`, `vanished`, `followed`.
    pub refusal: Option<String>,
    /// The refusal was carried into the shop as far as it can be.
    pub refusal_applied: bool,
    /// A withdrawal was seen in the shop, and no opt-in since.
    pub withdrawn: bool,
    /// Something speaks against the shop's consent, and nobody has decided yet.
    pub doubted: bool,
    /// A status change that a person asked for is under way.
    pub opt_in: bool,
    /// What SARE was told of the contact still counts: it is in SARE through us.
    pub told: bool,
    /// SARE was told of the contact at some time.
    pub ever_told: bool,
    /// We made it mailable, and by the ledger none of its records consents any more: whoever did has left the address.
    pub on_lost_word: bool,
    /// The contact left the shop, and was dealt with as configured.
    pub gone: bool,
    /// Groups that we put the contact in.
    pub groups: Vec<i64>,
    /// An open problem's kind.
    pub problem: Option<ProblemKind>,
    /// A change is noted and has not had its turn.
    pub waiting: bool,
}

/// The verdict on one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// SARE holds what it should.
    Equal,
    /// It does not, and that is as it should be.
    Explained(Reason),
    /// It does not, and nobody knows why.
    Unexplained(Vec<Difference>),
}

/// Why both sides may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The person refused in SARE; no data goes there.
    Refused,
    /// The person had refused before the first synchronisation; neither side was written to.
    AlreadyRefused,
    /// The refusal came along from another address of the person.
    RefusalFollowed,
    /// The person withdrew or was removed from SARE; they are not put there again.
    NotPutBack,
    /// SARE has the contact blocked.
    Blocked,
    /// SARE has a status that we do not know.
    UnknownStatus,
    /// The contact was in SARE with this status; synchronising never changes it.
    StatusKept,
    /// A problem is known; see `shop problems`.
    Problem,
    /// A change is on its way.
    Waiting,
    /// In a group of ours, and not from the shop.
    NotFromTheShop,
    /// Deleted in the shop and kept in SARE by the merchant's choice.
    KeptAfterDeletion,
    /// Of a kind that was synchronised and is so no longer.
    SwitchedOff,
}

impl Reason {
    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Refused => "refused in SARE, so no data is sent there",
            Self::AlreadyRefused => {
                "had refused in SARE before the first synchronisation; neither side was changed"
            }
            Self::RefusalFollowed => "refused under another address, and the refusal came along",
            Self::NotPutBack => "withdrew or was removed from SARE, and is not put there again",
            Self::Blocked => "blocked in SARE, so never touched",
            Self::UnknownStatus => "has a status in SARE that is not known, so never touched",
            Self::StatusKept => "was in SARE with this status, which no synchronisation changes",
            Self::Problem => "could not be written; `shop problems` says why",
            Self::Waiting => "changed a moment ago; the change is on its way",
            Self::NotFromTheShop => "in one of the groups in SARE, but never came from the shop",
            Self::KeptAfterDeletion => "deleted in the shop and kept in SARE, as configured",
            Self::SwitchedOff => {
                "came from the shop while its kind was synchronised, which is now switched off"
            }
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", content = "what", rename_all = "kebab-case")]
pub enum Difference {
    /// Not in SARE.
    Missing,
    /// Not in a group of ours.
    NotInGroup(i64),
    /// Still in a group of ours.
    StillInGroup(i64),
    /// A mapped field has another value.
    Field(String),
    /// Withdrew in the shop, and SARE does not say so.
    NotUnsubscribed,
    /// Refused, and SARE would mail all the same.
    MailableAlthoughRefused,
    /// Mailable in SARE, and the shop's consent is gone without our having seen it go.
    MailableWithoutConsent,
    /// Refused in SARE, and we do not know of it.
    RefusalNotNoticed,
    /// Refused in SARE, and the subscriber in the shop is still active.
    RefusalNotInShop,
    /// In a group of ours though deleted in the shop.
    NotInShop,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not in SARE"),
            Self::NotInGroup(group) => write!(f, "is not in group {group}"),
            Self::StillInGroup(group) => write!(f, "is still in group {group}"),
            Self::Field(name) => write!(f, "has another {name} in SARE than in the shop"),
            Self::NotUnsubscribed => f.write_str("withdrew in the shop and is not unsubscribed in SARE"),
            Self::MailableAlthoughRefused => f.write_str("refused, and SARE would mail all the same"),
            Self::MailableWithoutConsent => {
                f.write_str("no longer consents in the shop, and SARE would mail")
            }
            Self::RefusalNotNoticed => f.write_str("refused in SARE, and that was not noticed"),
            Self::RefusalNotInShop => {
                f.write_str("refused in SARE, and is still an active subscriber in the shop")
            }
            Self::NotInShop => f.write_str("was deleted in the shop and is still in its group in SARE"),
        }
    }
}

/// The only status that SARE mails (sare-api.md 6).
pub(super) const MAILED: i64 = 8;
const BLOCKED: i64 = 7;
const UNCONFIRMED: i64 = 6;

/// The verdict on a contact that the shop has and that is to be synchronised.
/// `consent_known` is the shop's consent as it was when the contact was last decided.
pub fn judge(
    shop: InShop,
    sare: &InSare,
    known: &Known,
    consent_known: Option<bool>,
    choices: Choices,
) -> Verdict {
    let consents = match shop.silent {
        true => consent_known.unwrap_or(false),
        false => shop.consents(choices.rule) && !known.doubted,
    };
    let verdict = match sare.status {
        None => absent(shop, consents, known, choices),
        Some(2..=4) => refused(shop, sare, consents, known, choices),
        Some(5 | UNCONFIRMED | MAILED) => open(shop, sare, consents, known, consent_known, choices),
        Some(BLOCKED) => Verdict::Explained(Reason::Blocked),
        Some(_) => Verdict::Explained(Reason::UnknownStatus),
    };
    match verdict {
        // What is on its way or known to have failed is no news, unless somebody could be mailed against their will.
        Verdict::Unexplained(differences) if known.waiting => match serious(&differences) {
            true => Verdict::Unexplained(differences),
            false => Verdict::Explained(Reason::Waiting),
        },
        Verdict::Unexplained(differences) if known.problem.is_some() => match serious(&differences) {
            true => Verdict::Unexplained(differences),
            false => Verdict::Explained(Reason::Problem),
        },
        other => other,
    }
}

fn serious(differences: &[Difference]) -> bool {
    let serious = |d: &Difference| {
        matches!(
            d,
            Difference::MailableAlthoughRefused | Difference::NotUnsubscribed
        )
    };
    differences.iter().any(serious)
}

fn absent(shop: InShop, consents: bool, known: &Known, choices: Choices) -> Verdict {
    let skips = if shop.customer.is_some() {
        choices.skip_customers
    } else {
        choices.skip_subscribers
    };
    if known.refusal.is_some() || known.withdrawn {
        return Verdict::Explained(Reason::NotPutBack);
    }
    if !consents && skips {
        Verdict::Equal
    } else {
        Verdict::Unexplained(vec![Difference::Missing])
    }
}

fn refused(shop: InShop, sare: &InSare, consents: bool, known: &Known, choices: Choices) -> Verdict {
    let row_active = shop.subscriber == Some(true);
    let Some(origin) = known.refusal.as_deref() else {
        // Both sides say no: what the ledger knows does not matter.
        return if consents || row_active {
            Verdict::Unexplained(vec![Difference::RefusalNotNoticed])
        } else {
            Verdict::Equal
        };
    };
    if origin == "shop" && choices.withdrawal_leaves_groups {
        let mut still: Vec<i64> = known
            .groups
            .iter()
            .copied()
            .filter(|g| !sare.groups_missing.contains(g))
            .collect();
        still.dedup();
        if !still.is_empty() {
            return Verdict::Unexplained(still.into_iter().map(Difference::StillInGroup).collect());
        }
    }
    if !consents && !row_active {
        return Verdict::Equal;
    }
    let untold = origin == "sare" && choices.to_shoper && row_active;
    if untold && !known.opt_in && !(choices.opt_in_is_left && known.refusal_applied) {
        return Verdict::Unexplained(vec![Difference::RefusalNotInShop]);
    }
    Verdict::Explained(match origin {
        _ if known.opt_in => Reason::Waiting,
        "first-sight" => Reason::AlreadyRefused,
        "followed" => Reason::RefusalFollowed,
        _ => Reason::Refused,
    })
}

fn open(
    shop: InShop,
    sare: &InSare,
    consents: bool,
    known: &Known,
    consent_known: Option<bool>,
    choices: Choices,
) -> Verdict {
    let status = sare.status.unwrap_or(0);
    let mut differences = Vec::new();
    if known.withdrawn {
        let lowered = if choices.withdrawal_sets == UNCONFIRMED {
            status != MAILED
        } else {
            false
        };
        if !lowered {
            return Verdict::Unexplained(vec![Difference::NotUnsubscribed]);
        }
    }
    if known.refusal.is_some() && status == MAILED && !known.opt_in {
        return Verdict::Unexplained(vec![Difference::MailableAlthoughRefused]);
    }
    // A status is kept that SARE had, not one that we gave on the word of somebody who is no longer at the address.
    let nobody_says_yes = shop.customer != Some(true) && shop.subscriber != Some(true);
    let lost = consent_known == Some(true) || (known.on_lost_word && nobody_says_yes);
    if status == MAILED && !consents && lost {
        differences.push(Difference::MailableWithoutConsent);
    }
    let skips = if shop.customer.is_some() {
        choices.skip_customers
    } else {
        choices.skip_subscribers
    };
    if !consents && skips && !known.told {
        return if differences.is_empty() {
            Verdict::Equal
        } else {
            Verdict::Unexplained(differences)
        };
    }
    if known.withdrawn && choices.withdrawal_leaves_groups {
        let still = |group: &i64| !sare.groups_missing.contains(group);
        let still = known.groups.iter().copied().filter(still);
        differences.extend(still.map(Difference::StillInGroup));
    } else {
        differences.extend(sare.groups_missing.iter().copied().map(Difference::NotInGroup));
    }
    let ours = |group: &i64| known.groups.contains(group);
    differences.extend(
        sare.groups_surplus
            .iter()
            .copied()
            .filter(ours)
            .map(Difference::StillInGroup),
    );
    // Of a contact that SARE took only without its own properties the rest must still be right.
    let custom_refused = known.problem == Some(ProblemKind::CustomFieldsRefused);
    let fields = sare
        .fields_differing
        .iter()
        .filter(|name| !(custom_refused && name.starts_with("custom.")));
    differences.extend(fields.cloned().map(Difference::Field));
    if !differences.is_empty() {
        return Verdict::Unexplained(differences);
    }
    let same = if consents {
        status == MAILED
    } else {
        status != MAILED
    };
    if same {
        Verdict::Equal
    } else {
        Verdict::Explained(Reason::StatusKept)
    }
}

/// The verdict on a contact in a group of ours that the shop does not have (any more).
/// `keeps_deleted`: the merchant keeps contacts that were deleted in the shop. `all_read`: customers and
/// subscribers were both read, so that the shop surely has no record of it.
pub fn judge_surplus(
    status: Option<i64>,
    known: Option<&Known>,
    keeps_deleted: bool,
    all_read: bool,
) -> Verdict {
    let Some(known) = known.filter(|known| known.ever_told) else {
        return Verdict::Explained(Reason::NotFromTheShop);
    };
    Verdict::Explained(match status {
        Some(BLOCKED) => Reason::Blocked,
        Some(n) if !(2..=MAILED).contains(&n) => Reason::UnknownStatus,
        _ if keeps_deleted => Reason::KeptAfterDeletion,
        _ if known.waiting => Reason::Waiting,
        _ if known.problem.is_some() => Reason::Problem,
        _ if !all_read && !known.gone => Reason::SwitchedOff,
        _ => return Verdict::Unexplained(vec![Difference::NotInShop]),
    })
}

#[cfg(test)]
mod tests;
