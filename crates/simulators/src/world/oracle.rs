//! The judge: reads the accounts' logs and asks the record whether the API was allowed to do what it did.

use ports::Millis;

use super::World;
use super::record::{Refusal, Where};
use crate::sare::{Event, Happening, Who, status};

/// What the API made of somebody who had refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Mailable: status 8.
    Mailable {
        /// The status before; `None`: the contact was not in SARE.
        from: Option<i64>,
    },
    /// Asked to confirm, which is a mail as well.
    AskedToConfirm,
}

/// Somebody who had refused was mailed or made mailable by the API, and had not opted in since.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// The shop, by its place.
    pub shop: usize,
    /// The row in SARE.
    pub contact: u32,
    /// When the API was called, in milliseconds since 1970.
    pub at: Millis,
    /// What it did.
    pub made: Made,
    /// The refusal that stood.
    pub refusal: Refusal,
    email: String,
}

impl Violation {
    /// The address, for looking into it.
    pub fn email(&self) -> &str {
        &self.email
    }
}

/// Numbers only.
impl std::fmt::Debug for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Violation")
            .field("shop", &self.shop)
            .field("contact", &self.contact)
            .field("at", &self.at)
            .field("made", &self.made)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl World {
    /// Judges what happened in the accounts since the last look. Called before and after everything that the
    /// world does, so that events and acts are seen in the order in which they came.
    pub(super) fn observe(&mut self) {
        for shop in 0..self.sites.len() {
            let site = &mut self.sites[shop];
            let events = site.account.events_since(site.seen);
            site.seen += events.len();
            for event in events {
                self.judge(shop, &event);
            }
        }
    }

    fn judge(&mut self, shop: usize, event: &Event) {
        let record = &mut self.sites[shop].record;
        let made = match (event.by, event.what) {
            (
                Who::Api,
                Happening::Status {
                    from,
                    to: status::CONFIRMED,
                },
            ) => Made::Mailable { from },
            (Who::Api, Happening::AskedToConfirm) => Made::AskedToConfirm,
            (Who::Api, Happening::Status { .. }) => return record.touched(&event.email, event.at),
            (_, Happening::Status { to, .. }) => {
                match to {
                    status::CONFIRMED if event.by != Who::Before => record.opt_in(&event.email),
                    crate::sare::DELETED | status::NOT_VERIFIED | status::UNCONFIRMED | status::CONFIRMED => {
                    }
                    _ => record.refuse(&event.email, event.at, Where::Sare),
                }
                return;
            }
            (_, Happening::AskedToConfirm) => return,
        };
        // A call that came before the refusal and was carried out after it was in the right.
        if let Some(refusal) = record.refusal(&event.email)
            && refusal.at <= event.asked_at
        {
            self.violations.push(Violation {
                shop,
                contact: event.row,
                at: event.asked_at,
                made,
                refusal,
                email: event.email.clone(),
            });
        }
        record.touched(&event.email, event.at);
    }
}
