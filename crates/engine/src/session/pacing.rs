//! The engine as a caller of both services: how urgent its work is, and what it does while it waits for a turn.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use access::{Caller, Limiter, Urgency};
use ports::{BoxFuture, Clock, Millis, TransportError};
use sync_core::{BySide, Cause};

use crate::error::Side;
use crate::session::LeaseKeeper;
use crate::state::LaneState;

/// Time waited for a turn that is worth telling of.
const WORTH_TELLING_MS: Millis = 500;

/// One lane at work: its state, its limiter, and how long its requests have waited.
pub struct Pacer {
    clock: Arc<dyn Clock>,
    lease_keeper: Arc<LeaseKeeper>,
    limiter: Arc<Limiter>,
    state: Mutex<LaneState>,
    urgency: Mutex<Urgency>,
    waited: BySide<AtomicI64>,
}

impl Pacer {
    /// The pace of a lane.
    pub fn new(
        state: LaneState,
        clock: &Arc<dyn Clock>,
        lease_keeper: &Arc<LeaseKeeper>,
        limiter: Arc<Limiter>,
    ) -> Self {
        Self {
            clock: Arc::clone(clock),
            lease_keeper: Arc::clone(lease_keeper),
            limiter,
            state: Mutex::new(state),
            urgency: Mutex::new(Urgency::Live),
            waited: BySide::default(),
        }
    }

    /// The lane's state. Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much may be asked now.
    pub fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    /// How urgent requests are from here on.
    pub fn set_urgency(&self, urgency: Urgency) {
        *self.urgency.lock().unwrap_or_else(PoisonError::into_inner) = urgency;
    }

    /// The limit that requests have waited for longest since this was last asked, if that is worth telling of.
    pub fn take_limited_by(&self) -> Option<Cause> {
        let take = |side| self.waited[side].swap(0, Ordering::Relaxed);
        let (shop, sare) = (take(Side::Shoper), take(Side::Sare));
        let side = if shop >= sare { Side::Shoper } else { Side::Sare };
        (shop.max(sare) >= WORTH_TELLING_MS).then(|| Cause::limit(side))
    }
}

impl Caller for Pacer {
    fn urgency(&self) -> Urgency {
        *self.urgency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep_until(&self, side: Side, at: Millis) -> BoxFuture<'_, Result<(), TransportError>> {
        let waits = at - self.clock.now();
        self.waited[side].fetch_add(waits.max(0), Ordering::Relaxed);
        Box::pin(async move {
            if self.lease_keeper.sleep_until(at).await {
                return Ok(());
            }
            Err(TransportError::Connect(
                "the lane was lost while waiting".to_owned(),
            ))
        })
    }
}
