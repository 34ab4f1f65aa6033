//! The next step for one contact, from facts alone.
//!
//! Stands after `consent.rs` in the flow: the engine asks [`next_step`] what to do in SARE and in
//! the shop, does it, and asks again when it has read back. One function, so that the table of
//! consent can be read in one place.

use crate::config::{DeletedAction, UnsubscribeStatus, WithoutConsent};
use crate::consent::{Facts, OptIn, Refusal, RefusalOrigin, SareView, Status};

/// What to do in SARE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Add the address with this status, traits and groups. `confirm` sends SARE's confirmation mail.
    Add {
        /// The status a new address gets.
        status: Status,
        /// Send the confirmation mail.
        confirm: bool,
    },
    /// Bring traits and groups up to date; the status stays.
    Update,
    /// Nothing to do: SARE holds what it should.
    Keep,
    /// Lower the status, for a withdrawal in the shop.
    Unsubscribe {
        /// The status to set.
        to: Status,
    },
    /// Raise the status, for a person's new opt-in.
    Raise {
        /// The status to set: 8, or 6 with the confirmation mail.
        to: Status,
        /// Send the confirmation mail.
        confirm: bool,
    },
    /// Refused: no data goes to SARE.
    Suppress,
    /// Left out by the merchant's choice.
    Skip,
    /// Blocked or of a status we do not know: never touched.
    HandsOff,
    /// The shop has no record of the address any more: as the merchant chose.
    Leave(DeletedAction),
}

impl Step {
    /// Whether carrying it out makes the contact mailable.
    pub fn makes_mailable(self, sare: SareView) -> bool {
        match self {
            Self::Add { status, .. } => status.is_mailable(),
            Self::Raise { to, .. } => to.is_mailable() && !sare.status().is_mailable(),
            _ => false,
        }
    }

    /// Whether carrying it out takes a mailable contact out of the mailing, its groups or SARE.
    pub fn makes_unmailable(self, sare: SareView) -> bool {
        sare.status().is_mailable()
            && matches!(
                self,
                Self::Unsubscribe { .. } | Self::Leave(DeletedAction::LeaveGroup | DeletedAction::Delete)
            )
    }

    /// Whether it writes to SARE.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Add { .. }
                | Self::Update
                | Self::Unsubscribe { .. }
                | Self::Raise { .. }
                | Self::Leave(DeletedAction::LeaveGroup | DeletedAction::Delete)
        )
    }
}

/// What the step depends on beside the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// The shop still has a record of the address.
    pub in_shop: bool,
    /// A record of it is of a kind the merchant synchronises.
    pub in_scope: bool,
    /// It may be given status 8; otherwise its consent makes it unconfirmed at most.
    pub may_confirm: bool,
    /// We told SARE of the address before.
    pub told: bool,
    /// Traits or groups differ from what SARE was last told.
    pub differs: bool,
    /// What to do with contacts who did not consent.
    pub without_consent: WithoutConsent,
    /// Which status a withdrawal sets.
    pub to_sare: UnsubscribeStatus,
    /// What becomes of contacts deleted in the shop.
    pub deleted: DeletedAction,
}

/// The next step in SARE for a contact of which these facts are known.
pub fn next_step(facts: &Facts, sare: SareView, at: &Circumstances) -> Step {
    if !(sare.is_absent() || sare.is_open() || sare.is_refusal()) {
        return Step::HandsOff;
    }
    if !at.in_shop {
        // A refusal or withdrawal that had not reached SARE when the record vanished still does.
        if let SareView::Status(now) = sare
            && now.is_open()
            && let Some(target) = owed(facts, at)
            && lowers(target, now)
        {
            return Step::Unsubscribe { to: target };
        }
        // With the contact SARE would forget the refusal, and take the person for a new one (sare-api.md 6).
        let refuses = facts.refusal.is_some() || facts.withdrawn || sare.is_refusal();
        return match at.deleted {
            _ if !at.told => Step::Skip,
            DeletedAction::Delete if refuses => Step::Leave(DeletedAction::LeaveGroup),
            action => Step::Leave(action),
        };
    }
    // A status is raised only for a contact that consents in the shop and whose kind of record is synchronised.
    let opt_in = facts
        .opt_in
        .filter(|_| facts.consent && !facts.withdrawn && at.in_scope && at.may_confirm);
    if let Some(refusal) = facts.refusal {
        return refused(facts, opt_in, refusal, sare, at);
    }
    match sare {
        SareView::Unreadable => Step::HandsOff,
        SareView::Absent | SareView::SurelyAbsent => {
            if facts.withdrawn {
                Step::Suppress
            } else if !at.in_scope {
                Step::Skip
            } else if opt_in == Some(OptIn::AskAgain) {
                Step::Add {
                    status: Status::NotConfirmed,
                    confirm: true,
                }
            } else if facts.consent && !at.may_confirm {
                Step::Add {
                    status: Status::NotConfirmed,
                    confirm: false,
                }
            } else if facts.consent {
                Step::Add {
                    status: Status::Confirmed,
                    confirm: false,
                }
            } else {
                match at.without_consent {
                    WithoutConsent::Unconfirmed => Step::Add {
                        status: Status::NotConfirmed,
                        confirm: false,
                    },
                    WithoutConsent::Skip => Step::Skip,
                }
            }
        }
        SareView::Status(now) => {
            let target = at.to_sare.status();
            if facts.withdrawn && lowers(target, now) {
                return Step::Unsubscribe { to: target };
            }
            match opt_in {
                Some(OptIn::Confirm | OptIn::Reactivate) if !now.is_mailable() => {
                    return Step::Raise {
                        to: Status::Confirmed,
                        confirm: false,
                    };
                }
                Some(OptIn::AskAgain) if !now.is_mailable() => {
                    return Step::Raise {
                        to: Status::NotConfirmed,
                        confirm: true,
                    };
                }
                _ => {}
            }
            let left_out = !facts.consent && !at.told && at.without_consent == WithoutConsent::Skip;
            if !at.in_scope || left_out {
                Step::Skip
            } else if at.differs {
                Step::Update
            } else {
                Step::Keep
            }
        }
    }
}

/// Whether setting `target` takes anything away from an open status.
fn lowers(target: Status, now: Status) -> bool {
    target != Status::NotConfirmed || now.is_mailable()
}

/// The status that SARE has yet to be told.
fn owed(facts: &Facts, at: &Circumstances) -> Option<Status> {
    let refusal = facts.refusal.map(|r| r.status).filter(|n| n.is_refusal());
    refusal.or(facts.withdrawn.then_some(at.to_sare.status()))
}

fn refused(
    facts: &Facts,
    opt_in: Option<OptIn>,
    refusal: Refusal,
    sare: SareView,
    at: &Circumstances,
) -> Step {
    match (opt_in, sare) {
        (Some(OptIn::AskAgain), SareView::Absent | SareView::SurelyAbsent) => Step::Add {
            status: Status::NotConfirmed,
            confirm: true,
        },
        (Some(OptIn::Reactivate), SareView::Absent | SareView::SurelyAbsent) => Step::Add {
            status: Status::Confirmed,
            confirm: false,
        },
        (Some(OptIn::AskAgain), SareView::Status(n)) if n.is_refusal() => Step::Raise {
            to: Status::NotConfirmed,
            confirm: true,
        },
        (Some(OptIn::Reactivate), SareView::Status(n)) if n.is_refusal() => Step::Raise {
            to: Status::Confirmed,
            confirm: false,
        },
        // The refusal came along from an old address: the new one is made to refuse too.
        (_, SareView::Absent | SareView::SurelyAbsent)
            if refusal.origin == RefusalOrigin::Followed && refusal.status.is_refusal() && at.in_scope =>
        {
            Step::Add {
                status: refusal.status,
                confirm: false,
            }
        }
        (_, SareView::Status(n)) if n.is_open() => match owed(facts, at) {
            Some(target) if lowers(target, n) => Step::Unsubscribe { to: target },
            _ => Step::Suppress,
        },
        _ => Step::Suppress,
    }
}

#[cfg(test)]
mod tests;
