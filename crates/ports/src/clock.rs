//! Time, as a parameter.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC. Due times, leases and history are kept in this unit.
pub type Millis = i64;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970-01-01 UTC.
    fn now(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> Millis {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still until it is moved: virtual time for simulations and tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock showing `now`.
    pub fn at(now: Millis) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(
            i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }

    /// Moves the clock to `now` unless it already shows a later time.
    pub fn advance_to(&self, now: Millis) {
        self.0.fetch_max(now, Ordering::SeqCst);
    }
}

/// A clock that is wrong: it shows another one's time, moved by what it is told. For tests of what a machine whose clock
/// jumps does among services whose clocks are right.
pub struct WrongClock {
    right: std::sync::Arc<dyn Clock>,
    ahead: AtomicI64,
}

impl WrongClock {
    /// A clock that is right for now.
    pub fn over(right: std::sync::Arc<dyn Clock>) -> Self {
        Self {
            right,
            ahead: AtomicI64::new(0),
        }
    }

    /// Lets it show a time that is so far ahead of the right one; behind it where negative.
    pub fn put_ahead(&self, by: Millis) {
        self.ahead.store(by, Ordering::SeqCst);
    }

    /// How far it is ahead.
    pub fn ahead(&self) -> Millis {
        self.ahead.load(Ordering::SeqCst)
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Millis {
        self.right.now() + self.ahead()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}
