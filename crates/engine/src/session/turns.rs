//! Whether a service may be asked at all now, and how much at once.

use sync_core::Cause;

use crate::error::{Halt, Side};

use super::Session;

impl Session<'_> {
    /// Stops the slice while the shop is left alone after a failure.
    pub fn may_ask_shop(&self) -> Result<(), Halt> {
        let until = self.state().timers.shoper;
        if until > self.now() {
            return Err(Halt::Wait {
                side: Side::Shoper,
                until,
                why: Cause::ShopAway,
            });
        }
        Ok(())
    }

    /// Stops the slice while SARE is left alone, or must not be written to.
    pub fn may_ask_sare(&self) -> Result<(), Halt> {
        let state = self.state();
        if state.updates_harm {
            return Err(self.statuses_at_risk());
        }
        if state.timers.sare > self.now() {
            return Err(Halt::Wait {
                side: Side::Sare,
                until: state.timers.sare,
                why: match (state.sare_unpaid, state.sare_refused) {
                    (true, _) => Cause::SarePayment,
                    (_, true) => Cause::SareAccess,
                    _ => Cause::SareAway,
                },
            });
        }
        Ok(())
    }

    /// Nothing may be written to an account in which updates of data change statuses.
    pub fn statuses_at_risk(&self) -> Halt {
        Halt::Wait {
            side: Side::Sare,
            until: self.now() + 3_600_000,
            why: Cause::SareChangesStatuses,
        }
    }

    /// Whether a batch could be written to SARE now without waiting.
    pub fn sare_has_permits(&self) -> bool {
        /// Statuses, then what is new and what has changed.
        const A_BATCH: f64 = 3.0;
        let bucket = self.limiter().bucket(Side::Sare);
        bucket.available(self.now(), access::RESERVE) >= A_BATCH.min(bucket.limit / 2.0)
    }

    /// Requests that the shop may be asked now without waiting, at least one: where a piece of work can be cut to any size,
    /// no larger one is begun, so that what is more urgent soon has its turn.
    pub fn shop_permits(&self) -> usize {
        let room = self
            .limiter()
            .bucket(Side::Shoper)
            .available(self.now(), access::RESERVE);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number of requests"
        )]
        let room = room.max(1.0) as usize;
        room
    }
}
