//! A limit on calls per shop that never takes more memory than it was made with.
//!
//! Shops share a fixed number of slots, each one number: the time at which its bucket will be empty again
//! (the "generic cell rate algorithm"). Two shops in one slot share its allowance, which costs a flooded
//! shop's neighbour some hints and nothing else: polling finds what a hint would have told.

use std::sync::atomic::{AtomicI64, Ordering};

use ports::Millis;
use sync_core::ShopId;

/// Slots for all shops.
const SLOTS: usize = 1024;
/// The limit.
pub struct RateLimit {
    slots: Box<[AtomicI64]>,
    /// One call in this time, on average.
    every_ms: i64,
    /// Calls that may come at once.
    burst: i64,
}

impl Default for RateLimit {
    /// For hints of SARE: a mailing's first minutes bring many.
    fn default() -> Self {
        Self::new(100, 200)
    }
}

impl RateLimit {
    /// For a person who tries UIDs and keys in the panel.
    pub fn of_tries() -> Self {
        Self::new(5_000, 6)
    }

    fn new(every_ms: i64, burst: i64) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| AtomicI64::new(0)).collect(),
            every_ms,
            burst,
        }
    }

    /// Whether the shop may call now; counts the call if so.
    pub fn admits(&self, shop: ShopId, now: Millis) -> bool {
        let slot = usize::try_from(shop.0.unsigned_abs()).unwrap_or_default() % SLOTS;
        let next = |empty_at: i64| {
            let most = self.burst * self.every_ms;
            // A bucket that is fuller than it can be was filled by a clock that was put back since.
            let empty_at = if empty_at > now + most {
                now
            } else {
                empty_at.max(now)
            };
            let filled = empty_at + self.every_ms;
            (filled - now <= most).then_some(filled)
        };
        self.slots[slot]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_to_the_allowance_and_a_quiet_shop_is_not_touched() {
        let limit = RateLimit::default();
        let admitted = (0..10_000).filter(|_| limit.admits(ShopId(1), 1_000)).count();
        assert_eq!(admitted, 200);
        assert!(limit.admits(ShopId(2), 1_000));
    }

    #[test]
    fn a_clock_that_is_put_back_locks_nobody_out() {
        let limit = RateLimit::of_tries();
        let (jumped, back) = (172_800_000, 75_000);
        while limit.admits(ShopId(1), jumped) {}
        assert_eq!((0..100).filter(|_| limit.admits(ShopId(1), back)).count(), 6);
    }

    #[test]
    fn the_allowance_comes_back_with_time() {
        let limit = RateLimit::default();
        while limit.admits(ShopId(1), 0) {}
        assert!(!limit.admits(ShopId(1), 99));
        assert!(limit.admits(ShopId(1), 100));
        assert_eq!(
            (0..10_000).filter(|_| limit.admits(ShopId(1), 60_000)).count(),
            200
        );
    }
}
