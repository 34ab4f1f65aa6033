//! A refusal, and what becomes of it: carried out in SARE, taken along by the person to another address, kept when the shop
//! connects another account, joined with that of another spelling.

use super::{Doubt, Facts, SareView};
use crate::status::Status;
use crate::words;

/// How we learnt of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

words!(RefusalOrigin {
    FirstSight = "first-sight",
    Sare = "sare",
    Shop = "shop",
    Vanished = "vanished",
    Followed = "followed",
});

impl RefusalOrigin {
    /// Reads the word kept in the ledger; anything else counts as a refusal made in SARE.
    pub fn kept(word: &str) -> Self {
        Self::from_word(word).unwrap_or(Self::Sare)
    }
}

/// A refusal known for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status in SARE; [`Status::Absent`] when the contact was removed from it.
    pub status: Status,
    /// How we learnt of it.
    pub origin: RefusalOrigin,
    /// Whether the shop has been told, as far as it can be.
    pub applied: bool,
}

impl Refusal {
    /// One that SARE shows and that was not ours: the shop is yet to be told.
    pub fn made_in_sare(status: Status) -> Self {
        Self {
            status,
            origin: RefusalOrigin::Sare,
            applied: false,
        }
    }

    /// A withdrawal in the shop that SARE now has with this status. What was made in SARE before stays what it was.
    #[must_use]
    pub fn carried_out(known: Option<Self>, status: Status) -> Self {
        let origin = match known.map(|refusal| refusal.origin) {
            None | Some(RefusalOrigin::Followed | RefusalOrigin::Vanished) => RefusalOrigin::Shop,
            Some(origin) => origin,
        };
        Self {
            status,
            origin,
            applied: true,
        }
    }

    /// We added the contact to SARE with a status that refuses.
    #[must_use]
    pub fn added(self) -> Self {
        Self {
            origin: RefusalOrigin::Shop,
            applied: true,
            ..self
        }
    }

    /// The person's own word stands in another account, whose statuses are no newer.
    #[must_use]
    pub fn in_another_account(self) -> Self {
        Self {
            origin: RefusalOrigin::Followed,
            ..self
        }
    }

    /// The person refused under another spelling of the address. What SARE says of this one says nothing against it.
    #[must_use]
    pub fn of_another_spelling(self) -> Self {
        Self {
            origin: RefusalOrigin::Followed,
            applied: false,
            ..self
        }
    }
}

/// What comes along from the address a person came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Followed {
    /// The old address's refusal in SARE, or the status that the merchant sets for withdrawals when one
    /// in the shop had not reached SARE.
    pub refusal: Option<Status>,
    /// SARE has the old address as blocked or with a status we do not know, or its consent was in doubt.
    pub doubt: bool,
}

impl Followed {
    /// A refusal with this status.
    pub fn refusal(status: Status) -> Self {
        Self {
            refusal: Some(status),
            doubt: false,
        }
    }

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

    /// What goes along with whoever leaves an address, of which these facts are known. `withdrawn` is whether they themselves
    /// withdrew in the shop, `last_seen` its status in SARE when that was last told, `to_sare` the status that the merchant
    /// sets for withdrawals.
    pub fn from_address(
        facts: &Facts,
        withdrawn: bool,
        view: SareView,
        last_seen: Option<Status>,
        to_sare: Status,
    ) -> Option<Self> {
        let refusal = match (facts.refusal.map(|r| r.status), view) {
            (Some(n), _) | (None, SareView::Status(n)) if n.is_refusal() => Some(n),
            (Some(_), _) => Some(Status::RemovalRequested),
            _ => withdrawn.then_some(to_sare),
        };
        let is_blocked_or_unknown = if view.is_absent() {
            // A list that no longer names it may have named it with such a status before.
            last_seen.is_some_and(Status::is_hands_off)
        } else {
            view.status().is_hands_off()
        };
        let doubt = is_blocked_or_unknown || facts.doubt.is_some_and(Doubt::is_for_a_person);
        (refusal.is_some() || doubt).then_some(Self { refusal, doubt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(origin: RefusalOrigin) -> Refusal {
        Refusal {
            status: Status::RemovalRequested,
            origin,
            applied: false,
        }
    }

    #[test]
    fn a_withdrawal_carried_out_does_not_hide_who_refused_first() {
        let carried_out = |known: Option<RefusalOrigin>| {
            let now = Refusal::carried_out(known.map(refusal), Status::RemovedAutomatically);
            assert!(now.applied && now.status == Status::RemovedAutomatically);
            now.origin
        };
        assert_eq!(carried_out(None), RefusalOrigin::Shop);
        assert_eq!(carried_out(Some(RefusalOrigin::Followed)), RefusalOrigin::Shop);
        assert_eq!(carried_out(Some(RefusalOrigin::Vanished)), RefusalOrigin::Shop);
        for kept in [
            RefusalOrigin::Sare,
            RefusalOrigin::FirstSight,
            RefusalOrigin::Shop,
        ] {
            assert_eq!(carried_out(Some(kept)), kept);
        }
    }

    #[test]
    fn a_refusal_goes_along_with_whoever_leaves_an_address() {
        let to_sare = Status::RemovedAutomatically;
        let from = |facts: Facts, withdrawn, view, last| {
            Followed::from_address(&facts, withdrawn, view, last, to_sare)
        };
        let open = SareView::Status(Status::Confirmed);
        let refuses = Facts {
            refusal: Some(refusal(RefusalOrigin::Sare)),
            ..Facts::default()
        };
        let follows = |status| Some(Followed::refusal(status));
        assert_eq!(
            from(refuses, false, open, None),
            follows(Status::RemovalRequested)
        );
        let shown = SareView::Status(Status::RemovedManually);
        assert_eq!(
            from(Facts::default(), false, shown, None),
            follows(Status::RemovedManually)
        );
        assert_eq!(from(Facts::default(), true, open, None), follows(to_sare));
        assert_eq!(from(Facts::default(), false, open, None), None);
        // Removed from SARE altogether: there is no status to take along, and no mail either.
        let vanished = Facts {
            refusal: Some(Refusal {
                status: Status::Absent,
                ..refusal(RefusalOrigin::Vanished)
            }),
            ..Facts::default()
        };
        assert_eq!(
            from(vanished, false, SareView::Absent, None),
            follows(Status::RemovalRequested)
        );
    }

    #[test]
    fn a_block_goes_along_as_a_doubt_even_when_a_list_no_longer_names_it() {
        let from = |view, last| {
            Followed::from_address(&Facts::default(), false, view, last, Status::RemovalRequested)
        };
        let blocked = Status::Blocked;
        assert_eq!(from(SareView::Status(blocked), None), Some(Followed::doubt()));
        assert_eq!(from(SareView::Absent, Some(blocked)), Some(Followed::doubt()));
        assert_eq!(from(SareView::Status(Status::Confirmed), Some(blocked)), None);
    }
}
