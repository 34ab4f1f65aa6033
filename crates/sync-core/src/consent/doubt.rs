//! Doubt: something that speaks against a consent of the shop without being a refusal.
//!
//! Whoever is in doubt is at most unconfirmed in SARE, is not asked, and loses nothing that SARE has already. A doubt
//! is kept until the person says yes anew, the shop says what it had not said, or somebody at the shop decides.

use super::{Facts, Known, SareView, ShopView, Status};
use crate::config::ConsentRule;
use crate::words;

/// Why a consent is not acted upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The address had an inactive subscriber row at first sight, not yet confirmed or no longer wanted (shoper-api.md H.4).
    InactiveRow,
    /// The person came from an address that SARE has as blocked or with a status we do not know, or that was in doubt
    /// itself.
    OldAddress,
    /// Another SARE account of the shop had the address as blocked or with a status we do not know.
    OtherAccount,
    /// The shop did not say of a new record whether it consents.
    NotSaid,
}

words!(Doubt {
    InactiveRow = "inactive-row",
    OldAddress = "old-address",
    OtherAccount = "other-account",
    NotSaid = "not-said",
});

impl Doubt {
    /// Reads the word kept in the ledger. Anything else was written by a newer program: the doubt that only a person ends.
    pub fn kept(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::OldAddress)
    }

    /// The doubt about a contact in an account that was never asked, by its doubt and last status in the one before: whom its
    /// people blocked, or who had an unknown status there, is mailed by no other account unasked.
    pub fn in_another_account(before: Option<Self>, last_seen: Option<Status>) -> Option<Self> {
        let is_blocked_or_unknown = last_seen.is_some_and(Status::is_hands_off);
        before.or(is_blocked_or_unknown.then_some(Self::OtherAccount))
    }

    /// Whether somebody at the shop can decide it. Of what was not said there is nothing to decide: it will be said.
    pub fn is_for_a_person(self) -> bool {
        self != Self::NotSaid
    }
}

/// What a doubt depends on beside what was known.
pub(super) struct Signs<'a> {
    pub shop: &'a ShopView,
    pub sare: SareView,
    pub rule: ConsentRule,
    /// The shop consents by the merchant's rule, withdrawals not considered.
    pub by_rule: bool,
    pub opted_in: bool,
    pub withdrawn: bool,
    pub refused: bool,
    /// The person came from an address that casts a doubt.
    pub followed: bool,
}

/// What became of the doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// There is a new one.
    Cast,
    /// A person decided that the consent counts.
    Decided,
    /// The shop says by now what it had not said, or nothing speaks against the consent any more.
    Over,
}

/// The doubt that there is by now.
pub(super) fn judge(known: &Known, signs: &Signs<'_>) -> (Option<Doubt>, Change) {
    let before = known.facts.unwrap_or_default();
    let Some(doubt) = before.doubt else {
        return match cast(known, &before, signs) {
            Some(new) => (Some(new), Change::Cast),
            None => (None, Change::None),
        };
    };
    if signs.followed {
        // Whatever it was, the newer one only a person ends.
        let change = if doubt == Doubt::OldAddress {
            Change::None
        } else {
            Change::Cast
        };
        return (Some(Doubt::OldAddress), change);
    }
    let stands = signs.by_rule && !signs.withdrawn;
    if known.decided && doubt.is_for_a_person() && stands && !signs.refused {
        return (None, Change::Decided);
    }
    let rows = &signs.shop.subscribers;
    let is_over = match doubt {
        Doubt::OldAddress | Doubt::OtherAccount => false,
        Doubt::InactiveRow => {
            let turned_active = rows.iter().any(|s| s.before == Some(false) && s.opts_in());
            // Without a consent there is nothing to doubt; should it come back by itself, so does the doubt.
            !signs.by_rule
                || signs.opted_in
                || (stands && turned_active && rows.iter().all(|s| s.word() == Some(true)))
        }
        Doubt::NotSaid => {
            let mut counting = signs.shop.counting(signs.rule);
            signs.by_rule || !counting.any(|s| s.word().is_none())
        }
    };
    match cast(known, &before, signs) {
        // What was not said is said, and something else speaks against it.
        Some(new) if is_over && new != doubt => (Some(new), Change::Cast),
        _ if is_over => (None, Change::Over),
        _ => (Some(doubt), Change::None),
    }
}

/// A doubt about a consent that was not there before; a consent acted upon is only withdrawn or refused.
fn cast(known: &Known, before: &Facts, signs: &Signs<'_>) -> Option<Doubt> {
    if before.consent {
        return None;
    }
    if signs.followed {
        return Some(Doubt::OldAddress);
    }
    if signs.withdrawn {
        return None;
    }
    let vetoes = |row: &super::Signal| {
        let first_sight = known.facts.is_none() || row.before.is_none();
        row.word() == Some(false) && (first_sight || !signs.opted_in)
    };
    if signs.by_rule && signs.shop.subscribers.iter().any(vetoes) {
        return Some(Doubt::InactiveRow);
    }
    let mut counting = signs.shop.counting(signs.rule);
    let is_silent = !signs.by_rule && counting.any(|s| s.word().is_none());
    (known.facts.is_none() && signs.sare.is_absent() && is_silent && !signs.refused).then_some(Doubt::NotSaid)
}
