//! Time, as a parameter.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::task::AtomicWaker;

use crate::transport::BoxFuture;

/// Milliseconds since 1970-01-01 UTC. Due times, leases and history are kept in this unit.
pub type Millis = i64;

/// A duration in milliseconds.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX / 4)
}

/// Tells the time, and lets it pass.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970-01-01 UTC.
    fn now(&self) -> Millis;

    /// Waits until the clock shows `at` or later.
    fn sleep_until(&self, at: Millis) -> BoxFuture<'_, ()>;
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

    fn sleep_until(&self, at: Millis) -> BoxFuture<'_, ()> {
        let left = u64::try_from(at - self.now()).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}

/// A clock that stands still until it is moved: virtual time for simulations and tests.
///
/// Any number may sleep by it at the same time. While [`ManualClock::drive`] drives it, time moves on to whoever wakes first
/// as soon as nobody does anything but sleep. Without a driver whoever sleeps moves it.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    sleepers: Mutex<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    /// Drivers at work.
    drivers: usize,
    /// The last number given to a sleeper.
    last: u64,
    /// By the time at which they wake, and by number.
    waiting: BTreeMap<(Millis, u64), Waker>,
}

impl ManualClock {
    /// A clock showing `now`.
    pub fn at(now: Millis) -> Self {
        Self {
            now: AtomicI64::new(now),
            sleepers: Mutex::default(),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.now() + i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2));
    }

    /// Moves the clock to `now` unless it already shows a later time.
    pub fn advance_to(&self, now: Millis) {
        self.now.fetch_max(now, Ordering::SeqCst);
        let later = {
            let mut sleepers = self.sleepers();
            let later = sleepers.waiting.split_off(&(self.now() + 1, 0));
            std::mem::replace(&mut sleepers.waiting, later)
        };
        for waker in later.into_values() {
            waker.wake();
        }
    }

    /// Does `work` in virtual time: whenever it waits for nothing but this clock, the clock moves on to the first that wakes.
    /// `is_idle` says whether what `work` may wait for beside it, such as a database, has nothing to do at the moment.
    pub async fn drive<T>(&self, work: impl Future<Output = T>, is_idle: impl Fn() -> bool) -> T {
        /// Others in this process that the work waits for, a spawned task for instance, begin within so many turns.
        const TURNS: usize = 4;
        /// How soon it is looked again whether others are still at work.
        const AGAIN: Duration = Duration::from_millis(1);
        let mut work = std::pin::pin!(work);
        let _driver = Driver::of(self);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            woken.is_so.store(false, Ordering::SeqCst);
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            let mut turns = 0;
            while !woken.is_so.load(Ordering::SeqCst) {
                if !is_idle() {
                    turns = 0;
                    // Somebody else's work ends without waking anybody here.
                    let ended = tokio::time::timeout(AGAIN, woken.wait()).await.is_err() && is_idle();
                    woken.is_so.fetch_or(ended, Ordering::SeqCst);
                } else if turns < TURNS {
                    turns += 1;
                    tokio::task::yield_now().await;
                } else if !self.wake_first() {
                    woken.wait().await;
                }
            }
        }
    }

    /// Moves on to the first that wakes; `false` when nobody sleeps.
    fn wake_first(&self) -> bool {
        let first = self.sleepers().waiting.keys().next().copied();
        let Some((at, _)) = first else { return false };
        self.advance_to(at);
        true
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.now.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at: Millis) -> BoxFuture<'_, ()> {
        Box::pin(Sleep {
            clock: self,
            at,
            number: None,
        })
    }
}

/// A sleep by a [`ManualClock`].
struct Sleep<'a> {
    clock: &'a ManualClock,
    at: Millis,
    number: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.at {
            return Poll::Ready(());
        }
        let mut sleepers = self.clock.sleepers();
        let is_first_time = self.number.is_none();
        let number = self.number.unwrap_or_else(|| {
            sleepers.last += 1;
            sleepers.last
        });
        sleepers
            .waiting
            .insert((self.at, number), context.waker().clone());
        let is_driven = sleepers.drivers > 0;
        drop(sleepers);
        self.number = Some(number);
        if is_driven {
            return Poll::Pending;
        }
        if is_first_time {
            // Whoever works beside it gets to its own sleep first: then both sleep at the same time.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.clock.advance_to(self.at);
        Poll::Ready(())
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.clock.sleepers().waiting.remove(&(self.at, number));
        }
    }
}

/// Counts as a driver for as long as it lives.
struct Driver<'a>(&'a ManualClock);

impl<'a> Driver<'a> {
    fn of(clock: &'a ManualClock) -> Self {
        clock.sleepers().drivers += 1;
        Self(clock)
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.0.sleepers();
        sleepers.drivers -= 1;
        // Whoever sleeps on without a driver moves the clock.
        let all: Vec<Waker> = sleepers.waiting.values().cloned().collect();
        drop(sleepers);
        all.into_iter().for_each(Waker::wake);
    }
}

/// Whether driven work was woken.
#[derive(Default)]
struct Woken {
    is_so: AtomicBool,
    driver: AtomicWaker,
}

impl Woken {
    async fn wait(&self) {
        std::future::poll_fn(|context| {
            self.driver.register(context.waker());
            if self.is_so.load(Ordering::SeqCst) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_so.store(true, Ordering::SeqCst);
        self.driver.wake();
    }
}

/// A clock that is wrong: it shows another one's time, moved by what it is told. For tests of what a machine whose clock
/// jumps does among services whose clocks are right.
pub struct WrongClock {
    right: Arc<dyn Clock>,
    ahead: AtomicI64,
}

impl WrongClock {
    /// A clock that is right for now.
    pub fn over(right: Arc<dyn Clock>) -> Self {
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

    fn sleep_until(&self, at: Millis) -> BoxFuture<'_, ()> {
        self.right.sleep_until(at - self.ahead())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Millis = 1_000;

    async fn sleeps<const N: usize>(clock: &ManualClock, pauses: [Millis; N]) -> Millis {
        for pause in pauses {
            clock.sleep_until(clock.now() + pause).await;
        }
        clock.now()
    }

    #[tokio::test]
    async fn thousands_sleep_at_the_same_time() {
        let clock = ManualClock::at(0);
        let all = (1..=5_000).map(|n| sleeps(&clock, [n, 10 * SECOND]));
        let woke = clock.drive(futures_util::future::join_all(all), || true).await;
        assert_eq!(clock.now(), 15 * SECOND);
        assert!(
            woke.into_iter().eq((1..=5_000).map(|n| n + 10 * SECOND)),
            "each at its own time"
        );
        assert_eq!(clock.sleepers().waiting.len(), 0);
    }

    #[tokio::test]
    async fn time_stands_still_while_something_is_done_that_does_not_sleep() {
        let clock = ManualClock::at(0);
        let is_done = AtomicBool::new(false);
        let work = async {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            is_done.store(true, Ordering::SeqCst);
            clock.now()
        };
        let both = futures_util::future::join(work, sleeps(&clock, [SECOND, SECOND]));
        let is_idle = || is_done.load(Ordering::SeqCst);
        assert_eq!(clock.drive(both, is_idle).await, (0, 2 * SECOND));
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_wakes_nobody() {
        let clock = ManualClock::at(0);
        let work = async {
            let long = std::pin::pin!(sleeps(&clock, [60 * SECOND]));
            let short = std::pin::pin!(sleeps(&clock, [SECOND]));
            futures_util::future::select(long, short).await;
        };
        clock.drive(work, || true).await;
        assert_eq!((clock.now(), clock.sleepers().waiting.len()), (SECOND, 0));
    }

    #[tokio::test]
    async fn without_a_driver_whoever_sleeps_moves_the_clock() {
        let clock = ManualClock::at(0);
        assert_eq!(sleeps(&clock, [SECOND, SECOND]).await, 2 * SECOND);
        let both = futures_util::future::join(sleeps(&clock, [SECOND]), sleeps(&clock, [SECOND]));
        assert_eq!(both.await, (3 * SECOND, 3 * SECOND));
    }
}
