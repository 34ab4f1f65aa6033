//! The lease while a slice is at work: short, so that another server soon takes the lane of one that died, and renewed
//! beside the work, so that a service that takes its time costs nobody the lane.

use std::time::Duration;

use crate::error::Halt;

use super::{Session, millis};
use std::sync::atomic::Ordering;

/// A slice that has gone on for so long has come to nothing: its lease ends by itself, and the lane is taken by another.
const LONGEST: Duration = Duration::from_secs(15 * 60);

impl Session<'_> {
    /// Does `work`, and renews the lease beside it several times within its length, whatever the work waits for.
    pub async fn under_lease<T>(&self, work: impl Future<Output = T>) -> T {
        let renewing = async {
            let pause = self.settings.lease / 4;
            let mut left = LONGEST;
            while left > pause {
                tokio::time::sleep(pause).await;
                left -= pause;
                if let Err(Halt::Fenced) = self.renew_lease().await {
                    // Another has the lane: the work writes nothing more, and ends at its next commit. It is not cut
                    // short, or a token that was just renewed would be lost.
                    break;
                }
            }
            std::future::pending::<T>().await
        };
        tokio::select! {
            biased;
            done = work => done,
            never = renewing => never,
        }
    }

    /// Renews the lease once half of it is over; [`Halt::Fenced`] when another has the lane.
    pub(super) async fn keep_lease(&self) -> Result<(), Halt> {
        let lease = millis(self.settings.lease);
        if self.leased_until.load(Ordering::Relaxed) - self.now() > lease / 2 {
            return Ok(());
        }
        self.renew_lease().await
    }

    async fn renew_lease(&self) -> Result<(), Halt> {
        let (now, lease) = (self.now(), millis(self.settings.lease));
        if !self.store.renew(&self.lease, now, lease).await? {
            return Err(Halt::Fenced);
        }
        self.leased_until.store(now + lease, Ordering::Relaxed);
        Ok(())
    }
}
