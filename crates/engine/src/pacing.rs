//! The one door through which requests leave, and what makes sure that a turn of work comes to its end.
//!
//! Each request takes a place in its service's bucket, so that no limit is overrun however many requests a client makes
//! of one call. Where there is no place the request is not sent: the turn halts, and the lane is let go with a stored due
//! time. A turn that was halted begins anew, and could do so for ever; that it does not is owed to two memories kept
//! with the lane:
//!
//! - how many requests it had made ([`crate::state::LaneState::needs`]): the next try begins only when there is room for
//!   one more, or when the bucket is empty;
//! - what it had learnt ([`crate::state::Learnt`]): records proven gone, statuses just read and the shop's counts are not
//!   asked for again. A contact that takes more requests than the bucket holds is read in pieces, each kept in the ledger.
//!
//! So every try either gets further than the one before, or is shorter, or waits longer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{BoxFuture, Clock, Millis, Request, Response, Transport, TransportError};

use crate::error::Side;
use crate::state::{LaneState, Learnt};

/// The pace of one lane at work: its state, and what passed the door since the slice began.
pub struct Pacer {
    clock: Arc<dyn Clock>,
    state: Mutex<LaneState>,
    asked: [AtomicU32; 2],
    closed: Mutex<[Option<Millis>; 2]>,
    learnt: Mutex<Learnt>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pacer {
    /// The pace that `state` keeps.
    pub fn new(state: LaneState, clock: &Arc<dyn Clock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            state: Mutex::new(state),
            asked: Default::default(),
            closed: Mutex::default(),
            learnt: Mutex::default(),
        }
    }

    /// The lane's state. Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, LaneState> {
        lock(&self.state)
    }

    /// What this turn has learnt so far; kept with the lane only when the turn is halted.
    pub fn learnt(&self) -> MutexGuard<'_, Learnt> {
        lock(&self.learnt)
    }

    /// Requests sent since the slice began: to the shop, to SARE.
    pub fn asked(&self) -> [u32; 2] {
        [
            self.asked[0].load(Ordering::Relaxed),
            self.asked[1].load(Ordering::Relaxed),
        ]
    }

    /// When there is a place again, if the newest call found none; forgets it.
    pub fn take_closed(&self, side: Side) -> Option<Millis> {
        lock(&self.closed)[side as usize].take()
    }

    /// Takes a place, or notes when there is one.
    fn enter(&self, side: Side) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let ready = match side {
            // Room for whole turns is reckoned with one place free; at the door the last one counts too.
            Side::Shoper => state.shoper.ready_at(now, 1.0, -1.0),
            Side::Sare => state.sare.ready_at(now, 1.0, 0.0),
        };
        if ready > now {
            lock(&self.closed)[side as usize] = Some(ready);
            return false;
        }
        match side {
            Side::Shoper => state.shoper.spend(now, 1.0),
            Side::Sare => state.sare.spend(now, 1.0),
        }
        self.asked[side as usize].fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// A transport that keeps to the pace of one service.
pub struct Paced {
    side: Side,
    transport: Arc<dyn Transport>,
    pacer: Arc<Pacer>,
}

impl Paced {
    /// `transport` behind the door.
    pub fn over(side: Side, transport: &Arc<dyn Transport>, pacer: &Arc<Pacer>) -> Arc<dyn Transport> {
        Arc::new(Self {
            side,
            transport: Arc::clone(transport),
            pacer: Arc::clone(pacer),
        })
    }
}

impl Transport for Paced {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if self.pacer.enter(self.side) {
            self.transport.send(request)
        } else {
            let error = TransportError::Connect("no place in the bucket".to_owned());
            Box::pin(std::future::ready(Err(error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use ports::ManualClock;

    use super::*;
    use crate::bucket::Bucket;

    struct Answers;

    impl Transport for Answers {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            Box::pin(std::future::ready(Ok(Response::new(Bytes::new()))))
        }
    }

    #[tokio::test]
    async fn a_request_without_a_place_is_not_sent_and_the_time_of_the_next_place_is_told() {
        let clock = Arc::new(ManualClock::at(1_000_000));
        let time: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let state = LaneState {
            shoper: Bucket::new(4.0, 2.0),
            ..LaneState::default()
        };
        let pacer = Arc::new(Pacer::new(state, &time));
        let inner: Arc<dyn Transport> = Arc::new(Answers);
        let paced = Paced::over(Side::Shoper, &inner, &pacer);
        for _ in 0..4 {
            assert!(paced.send(http::Request::new(Bytes::new())).await.is_ok());
        }
        let refused = paced.send(http::Request::new(Bytes::new())).await;
        assert!(refused.is_err_and(|error| error.surely_not_sent()));
        assert_eq!(pacer.take_closed(Side::Shoper), Some(1_000_500));
        assert_eq!(pacer.take_closed(Side::Shoper), None);
        assert_eq!(pacer.asked(), [4, 0]);
        clock.advance(Duration::from_millis(500));
        assert!(paced.send(http::Request::new(Bytes::new())).await.is_ok());
    }
}
