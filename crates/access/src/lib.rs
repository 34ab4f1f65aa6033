//! The one way in which requests leave for a shop and its SARE account.
//!
//! Whoever asks a service, the engine at work, a person looking at a page or an audit, does so through a [`ShopAccess`] or a
//! [`SareAccess`]. Behind these is the shop's [`Limiter`], one a process ([`Limiters`]): each request takes a place in the
//! service's [`Bucket`] and waits in line for one where there is none, the urgent before the others. So no limit is overrun
//! however many requests a client makes of one call and however many callers there are.

mod bucket;
mod limiter;
mod paced;
mod sare;
mod shop;

use paced::Paced;
use ports::Millis;

pub use bucket::Bucket;
pub use limiter::{Limiter, Limiters};
pub use paced::{Caller, Direct};
pub use sare::SareAccess;
pub use shop::ShopAccess;
pub use sync_core::{BySide, Side};

/// Whose turn it is before others'.
///
/// Requests have their turn in the order of when they came, each kind's patience added: what is more urgent goes first, and
/// nothing waits for ever, since who has waited for as long as its patience goes before whatever comes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// A person looks at a page.
    Person,
    /// Something has changed.
    Live,
    /// Looking for what is new.
    New,
    /// Looking through SARE for refusals.
    Poll,
    /// Everything else.
    Bulk,
}

impl Urgency {
    /// How long others may go first, in milliseconds.
    pub fn patience(self) -> Millis {
        match self {
            Self::Person => 0,
            Self::Live => 1_000,
            Self::New => 5_000,
            Self::Poll => 15_000,
            Self::Bulk => 30_000,
        }
    }

    /// Places that it leaves to what is more urgent: the shop tells how full its bucket is, so that there the very last
    /// place counts.
    fn reserve(self, side: Side) -> f64 {
        match (self, side) {
            (Self::Person | Self::Live, Side::Shoper) => -1.0,
            (Self::Person | Self::Live, Side::Sare) => 0.0,
            _ => RESERVE,
        }
    }
}

/// Places in either bucket that bulk work leaves to what is live.
pub const RESERVE: f64 = 2.0;
