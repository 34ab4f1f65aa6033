//! A leaky bucket as stored data: how much may be asked of a service now, and when more may be.
//!
//! Nothing here waits: `paced.rs` does, until [`Bucket::turn_at`].

use ports::Millis;
use serde::{Deserialize, Serialize};

/// Longest time that an answer is taken to have been under way, in milliseconds.
const HALF_WAY_MS: Millis = 500;

/// The bucket of one service for one shop (shoper-api.md D.7).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Size: requests it holds.
    pub limit: f64,
    /// Requests drained a second.
    pub rate: f64,
    /// Level at `at`.
    pub level: f64,
    /// When the level was known.
    pub at: Millis,
}

impl Bucket {
    /// An empty bucket.
    pub fn new(limit: f64, rate: f64) -> Self {
        Self {
            limit,
            rate,
            level: 0.0,
            at: 0,
        }
    }

    /// The level at `now`.
    pub fn level(&self, now: Millis) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two requests")]
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        (self.level - seconds * self.rate).max(0.0)
    }

    /// Requests that may be made at `now` so that one place stays free and `reserve` more are left to others.
    pub fn available(&self, now: Millis, reserve: f64) -> f64 {
        (self.room(reserve) - self.level(now)).max(0.0)
    }

    /// Permits for a caller that leaves `reserve`. A very small bucket has no reserve.
    fn room(&self, reserve: f64) -> f64 {
        self.limit - 1.0 - reserve.min((self.limit - 2.0).max(0.0))
    }

    /// Counts `requests` made.
    pub fn spend(&mut self, now: Millis, requests: f64) {
        self.level = self.level(now) + requests;
        self.at = now;
    }

    /// Takes over what the service itself says.
    pub fn learn(&mut self, now: Millis, limit: Option<f64>, rate: Option<f64>, level: Option<f64>) {
        let known = self.level(now);
        if let Some(limit) = limit.filter(|l| *l >= 2.0) {
            self.limit = limit;
        }
        if let Some(rate) = rate.filter(|r| *r > 0.0) {
            self.rate = rate;
        }
        match level {
            // The service counted when the request came, which is a while ago when its answer is here.
            Some(level) => {
                self.level = level.max(0.0);
                self.at = now - ((now - self.at).max(0) / 2).min(HALF_WAY_MS);
            }
            None => {
                self.level = known;
                self.at = now;
            }
        }
    }

    /// Nothing may be asked for `pause_ms`.
    pub fn fill(&mut self, now: Millis) {
        self.level = self.level(now).max(self.limit);
        self.at = now;
    }

    /// When one request may be made beside the reserve and `before` others.
    pub fn turn_at(&self, now: Millis, before: usize, reserve: f64) -> Millis {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let before = before as f64;
        let surplus = self.level(now) + before + 1.0 - self.room(reserve).max(1.0);
        if surplus <= 0.0 {
            return now;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a pause of seconds")]
        let pause = (surplus / self.rate * 1000.0).ceil() as i64;
        now + pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_drains_at_its_rate() {
        let mut bucket = Bucket::new(10.0, 2.0);
        bucket.spend(0, 9.0);
        assert_eq!(bucket.available(0, 0.0), 0.0);
        assert_eq!(bucket.available(1_000, 0.0), 2.0);
        assert_eq!(bucket.turn_at(0, 3, 2.0), 3_000);
        assert_eq!(bucket.available(3_000, 2.0), 4.0);
    }

    #[test]
    fn a_reserve_leaves_at_least_one_place_to_whoever_leaves_it() {
        for limit in [2.0, 3.0, 4.0] {
            let bucket = Bucket::new(limit, 1.0);
            assert_eq!(bucket.available(0, 2.0), 1.0, "of {limit}");
            assert_eq!(bucket.turn_at(0, 0, 2.0), 0, "of {limit}");
        }
    }

    #[test]
    fn what_the_service_says_replaces_what_we_reckoned() {
        let mut bucket = Bucket::new(10.0, 2.0);
        bucket.learn(0, Some(1000.0), Some(500.0), Some(3.0));
        assert_eq!(bucket.available(0, 0.0), 996.0);
    }
}
