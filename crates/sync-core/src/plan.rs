//! The next step for one contact, from facts alone.
//!
//! Stands after `consent.rs` in the flow: the engine asks [`next_step`] what to do in SARE and in
//! the shop, does it, and asks again when it has read back. One function, so that the table of
//! consent can be read in one place.

use crate::config::{DeletedAction, UnsubscribeStatus, WithoutConsent};
use crate::consent::{Facts, Refusal, RefusalOrigin, SareView, Wish, status};

/// What to do in SARE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Add the address with this status, traits and groups. `confirm` sends SARE's confirmation mail.
    Add {
        /// The status a new address gets.
        status: i64,
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
        to: i64,
    },
    /// Raise the status, for a person's new opt-in.
    Raise {
        /// The status to set: 8, or 6 with the confirmation mail.
        to: i64,
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
            Self::Add { status, .. } => status == status::CONFIRMED,
            Self::Raise { to, .. } => to == status::CONFIRMED && sare.number() != status::CONFIRMED,
            _ => false,
        }
    }

    /// Whether carrying it out takes a mailable contact out of the mailing, its groups or SARE.
    pub fn makes_unmailable(self, sare: SareView) -> bool {
        let mailable = sare.number() == status::CONFIRMED;
        mailable
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
    if let SareView::Status(n) = sare
        && !status::is_open(n)
        && !status::is_refusal(n)
    {
        return Step::HandsOff;
    }
    if !at.in_shop {
        // A refusal or withdrawal that had not reached SARE when the record vanished still does.
        if let SareView::Status(now) = sare
            && status::is_open(now)
            && let Some(target) = owed(facts, at)
            && lowers(target, now)
        {
            return Step::Unsubscribe { to: target };
        }
        return if at.told {
            Step::Leave(at.deleted)
        } else {
            Step::Skip
        };
    }
    // Upwards goes only whom the shop says consents, whose kind is synchronised.
    let wish = facts
        .wish
        .filter(|_| facts.consent && !facts.withdrawn && at.in_scope && at.may_confirm);
    if let Some(refusal) = facts.refusal {
        return refused(facts, wish, refusal, sare, at);
    }
    match sare {
        SareView::Absent | SareView::SurelyAbsent => {
            if facts.withdrawn {
                Step::Suppress
            } else if !at.in_scope {
                Step::Skip
            } else if wish == Some(Wish::AskAgain) {
                Step::Add {
                    status: status::UNCONFIRMED,
                    confirm: true,
                }
            } else if facts.consent && !at.may_confirm {
                Step::Add {
                    status: status::UNCONFIRMED,
                    confirm: false,
                }
            } else if facts.consent {
                Step::Add {
                    status: status::CONFIRMED,
                    confirm: false,
                }
            } else {
                match at.without_consent {
                    WithoutConsent::Unconfirmed => Step::Add {
                        status: status::UNCONFIRMED,
                        confirm: false,
                    },
                    WithoutConsent::Skip => Step::Skip,
                }
            }
        }
        SareView::Status(now) => {
            let target = at.to_sare.number();
            if facts.withdrawn && lowers(target, now) {
                return Step::Unsubscribe { to: target };
            }
            match wish {
                Some(Wish::Confirm | Wish::Reactivate) if now != status::CONFIRMED => {
                    return Step::Raise {
                        to: status::CONFIRMED,
                        confirm: false,
                    };
                }
                Some(Wish::AskAgain) if now != status::CONFIRMED => {
                    return Step::Raise {
                        to: status::UNCONFIRMED,
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
fn lowers(target: i64, now: i64) -> bool {
    target != status::UNCONFIRMED || now == status::CONFIRMED
}

/// The status that SARE has yet to be told.
fn owed(facts: &Facts, at: &Circumstances) -> Option<i64> {
    let refusal = facts.refusal.map(|r| r.status).filter(|n| status::is_refusal(*n));
    refusal.or(facts.withdrawn.then_some(at.to_sare.number()))
}

fn refused(facts: &Facts, wish: Option<Wish>, refusal: Refusal, sare: SareView, at: &Circumstances) -> Step {
    match (wish, sare) {
        (Some(Wish::AskAgain), SareView::Absent | SareView::SurelyAbsent) => Step::Add {
            status: status::UNCONFIRMED,
            confirm: true,
        },
        (Some(Wish::Reactivate), SareView::Absent | SareView::SurelyAbsent) => Step::Add {
            status: status::CONFIRMED,
            confirm: false,
        },
        (Some(Wish::AskAgain), SareView::Status(n)) if status::is_refusal(n) => Step::Raise {
            to: status::UNCONFIRMED,
            confirm: true,
        },
        (Some(Wish::Reactivate), SareView::Status(n)) if status::is_refusal(n) => Step::Raise {
            to: status::CONFIRMED,
            confirm: false,
        },
        // The refusal came along from an old address: the new one is made to refuse too.
        (_, SareView::Absent | SareView::SurelyAbsent)
            if refusal.origin == RefusalOrigin::Followed
                && status::is_refusal(refusal.status)
                && at.in_scope =>
        {
            Step::Add {
                status: refusal.status,
                confirm: false,
            }
        }
        (_, SareView::Status(n)) if status::is_open(n) => match owed(facts, at) {
            Some(target) if lowers(target, n) => Step::Unsubscribe { to: target },
            _ => Step::Suppress,
        },
        _ => Step::Suppress,
    }
}

#[cfg(test)]
mod tests;
