//! The lease while a slice is at work: short, so that another server soon takes the lane of one that died, and renewed
//! beside the work, so that a service that takes its time costs nobody the lane.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use ports::{Clock, Millis};
use store::{Lease, Store};

use crate::error::Halt;

/// Renewals without a commit in between after which a slice has come to nothing: its lease ends by itself, and the lane is taken by another.
const MOST_RENEWALS: u32 = 225;

/// Keeps the lease of a lane for as long as the work goes on.
pub struct LeaseKeeper {
    store: Store,
    clock: Arc<dyn Clock>,
    lease: Lease,
    length: Millis,
    until: AtomicI64,
    is_lost: AtomicBool,
}

impl LeaseKeeper {
    /// The keeper of a lease that has just been claimed.
    pub fn new(store: &Store, clock: &Arc<dyn Clock>, lease: Lease, length: Duration) -> Self {
        Self {
            store: store.clone(),
            clock: Arc::clone(clock),
            until: AtomicI64::new(lease.until),
            lease,
            length: ports::millis(length),
            is_lost: AtomicBool::new(false),
        }
    }

    /// Does `work`, and keeps the lease beside it, whatever the work waits for.
    pub async fn keep_while<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.renew_for_good() => match never {},
        }
    }

    /// Renews the lease whenever half of it is over.
    async fn renew_for_good(&self) -> Infallible {
        let mut renewals = 0;
        while renewals < MOST_RENEWALS {
            let until = self.until.load(Ordering::Relaxed);
            let half = self.length / 2;
            let pause = (until - self.clock.now() - half).clamp(self.length / 8, half);
            self.clock.sleep_until(self.clock.now() + pause).await;
            if self.until.load(Ordering::Relaxed) != until {
                renewals = 0;
            }
            renewals += 1;
            // Where the ledger is away, what there is of the lease may outlast that.
            if let Err(Halt::Fenced) = self.keep().await {
                break;
            }
        }
        // Another has the lane, or soon will: the work writes nothing more, and ends at its next commit. It is not cut
        // short, or a token that was just renewed would be lost.
        self.is_lost.store(true, Ordering::Relaxed);
        std::future::pending().await
    }

    /// Renews the lease once half of it is over, or the clock was put back; [`Halt::Fenced`] when another has the lane.
    pub async fn keep(&self) -> Result<(), Halt> {
        let now = self.clock.now();
        let left = self.until.load(Ordering::Relaxed) - now;
        if left > self.length / 2 && left <= self.length {
            return Ok(());
        }
        if !self.store.renew(&self.lease, now, self.length).await? {
            return Err(Halt::Fenced);
        }
        self.renewed(now);
        Ok(())
    }

    /// Notes that a commit has renewed the lease.
    pub fn renewed(&self, now: Millis) {
        self.until.store(now + self.length, Ordering::Relaxed);
    }

    /// Sleeps until `at`; `false` when the lane was lost meanwhile.
    pub async fn sleep_until(&self, at: Millis) -> bool {
        self.clock.sleep_until(at).await;
        !self.is_lost.load(Ordering::Relaxed)
    }
}
