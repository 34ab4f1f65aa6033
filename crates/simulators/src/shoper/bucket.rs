//! The request limit: a leaky bucket per application (shoper-api.md D.7).

use ports::Millis;

use super::settings::Bucket;

/// How full the bucket of one application is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    calls: f64,
    at: Millis,
}

/// What the three headers of every answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gauge {
    /// `X-Shop-Api-Limit`
    pub limit: u64,
    /// `X-Shop-Api-Bandwidth`
    pub bandwidth: u64,
    /// `X-Shop-Api-Calls`
    pub calls: u64,
}

/// What the headers show where nothing is limited.
const UNLIMITED: u64 = 1_000_000;

/// Drained to this close, a call fits: binary fractions must not cost a millisecond.
const GRAIN: f64 = 1e-6;

impl Level {
    /// Lets a call of this cost in, or tells after how many seconds one will fit. A dear call (bulk)
    /// needs room for one only and may overfill the bucket.
    pub(super) fn enter(&mut self, bucket: Option<Bucket>, now: Millis, cost: usize) -> Result<(), u64> {
        let Some(bucket) = bucket else { return Ok(()) };
        self.drain(bucket, now);
        let excess = self.calls + 1.0 - bucket.limit;
        if excess > GRAIN {
            return Err(((excess / bucket.bandwidth.max(GRAIN)) - GRAIN).ceil().max(1.0) as u64);
        }
        self.calls += cost as f64;
        Ok(())
    }

    /// What the headers say now.
    pub(super) fn gauge(&mut self, bucket: Option<Bucket>, now: Millis) -> Gauge {
        match bucket {
            None => Gauge {
                limit: UNLIMITED,
                bandwidth: UNLIMITED,
                calls: 1,
            },
            Some(bucket) => {
                self.drain(bucket, now);
                Gauge {
                    limit: bucket.limit as u64,
                    bandwidth: bucket.bandwidth as u64,
                    calls: (self.calls - GRAIN).ceil().max(0.0) as u64,
                }
            }
        }
    }

    fn drain(&mut self, bucket: Bucket, now: Millis) {
        let elapsed = (now - self.at).max(0) as f64 / 1000.0;
        self.calls = (self.calls - elapsed * bucket.bandwidth).max(0.0);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: Option<Bucket> = Some(Bucket {
        limit: 10.0,
        bandwidth: 2.0,
    });

    #[test]
    fn ten_calls_fit_and_the_eleventh_waits_a_second() {
        let mut level = Level::default();
        for calls in 1..=10 {
            assert_eq!(level.enter(BUCKET, 0, 1), Ok(()));
            assert_eq!(level.gauge(BUCKET, 0).calls, calls);
        }
        assert_eq!(level.enter(BUCKET, 0, 1), Err(1));
        assert_eq!(level.gauge(BUCKET, 0).calls, 10);
    }

    #[test]
    fn two_calls_drain_a_second() {
        let mut level = Level::default();
        for _ in 0..10 {
            level.enter(BUCKET, 0, 1).unwrap();
        }
        assert_eq!(level.enter(BUCKET, 499, 1), Err(1));
        assert_eq!(level.enter(BUCKET, 500, 1), Ok(()));
        assert_eq!(level.enter(BUCKET, 500, 1), Err(1));
        assert_eq!(level.gauge(BUCKET, 3000).calls, 5);
        assert_eq!(level.gauge(BUCKET, 60_000).calls, 0);
    }

    #[test]
    fn a_steady_pace_of_the_bandwidth_never_meets_the_limit() {
        let mut level = Level::default();
        for call in 0..1000 {
            assert_eq!(level.enter(BUCKET, call * 500, 1), Ok(()));
        }
    }

    #[test]
    fn a_dear_call_overfills_the_bucket_and_is_paid_for_by_waiting() {
        let mut level = Level::default();
        assert_eq!(level.enter(BUCKET, 0, 25), Ok(()));
        assert_eq!(level.enter(BUCKET, 0, 1), Err(8));
        assert_eq!(level.enter(BUCKET, 7999, 1), Err(1));
        assert_eq!(level.enter(BUCKET, 8000, 1), Ok(()));
    }

    #[test]
    fn without_a_bucket_nothing_is_limited_and_the_headers_are_huge() {
        let mut level = Level::default();
        for _ in 0..10_000 {
            assert_eq!(level.enter(None, 0, 25), Ok(()));
        }
        assert_eq!(level.gauge(None, 0).limit, UNLIMITED);
    }
}
