//! A transport whose requests wait for their turn.

use std::sync::Arc;

use http::StatusCode;
use ports::{BoxFuture, Clock, Millis, Request, Response, Transport, TransportError, millis};

use crate::{Limiter, Side, Urgency};

/// Longest pause after a refusal (429) that is waited for here.
const LONGEST_PAUSE_MS: Millis = 10_000;
/// Pause after a refusal that names none.
const PAUSE_MS: Millis = 1_000;
/// Refusals of one request in a row after which the caller is told.
const MOST_REFUSALS: u32 = 20;

/// The caller of a service.
pub trait Caller: Send + Sync {
    /// How urgent it is now.
    fn urgency(&self) -> Urgency;

    /// Waits for a turn at a service until `at`.
    fn sleep_until(&self, side: Side, at: Millis) -> BoxFuture<'_, Result<(), TransportError>>;
}

/// A caller that only waits.
pub struct Direct {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How urgent it is.
    pub urgency: Urgency,
}

impl Caller for Direct {
    fn urgency(&self) -> Urgency {
        self.urgency
    }

    fn sleep_until(&self, _: Side, at: Millis) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async move {
            self.clock.sleep_until(at).await;
            Ok(())
        })
    }
}

/// A transport that keeps to the pace of one service. One that says it was asked too often is asked the same again when the
/// pause it names is over, unless that is long: then the answer goes to the caller.
pub(crate) struct Paced {
    side: Side,
    transport: Arc<dyn Transport>,
    limiter: Arc<Limiter>,
    clock: Arc<dyn Clock>,
    caller: Arc<dyn Caller>,
}

impl Paced {
    /// `transport` for this caller.
    pub(crate) fn over(
        transport: &Arc<dyn Transport>,
        side: Side,
        limiter: &Arc<Limiter>,
        clock: &Arc<dyn Clock>,
        caller: Arc<dyn Caller>,
    ) -> Arc<dyn Transport> {
        Arc::new(Self {
            side,
            transport: Arc::clone(transport),
            limiter: Arc::clone(limiter),
            clock: Arc::clone(clock),
            caller,
        })
    }

    /// Waits in line for the turn of a request that was first to be made at `since`.
    async fn permit(&self, since: Millis) -> Result<(), TransportError> {
        let ticket = self.limiter.enter(self.side, self.caller.urgency(), since);
        while let Err(at) = ticket.take(self.clock.now()) {
            self.caller.sleep_until(self.side, at).await?;
        }
        Ok(())
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let since = self.clock.now();
        for _ in 1..MOST_REFUSALS {
            self.permit(since).await?;
            let answer = self.transport.send(request.clone()).await?;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
            let now = self.clock.now();
            self.limiter.change(self.side, |bucket| bucket.fill(now));
            let pause = ports::retry_after(answer.headers()).map_or(PAUSE_MS, millis);
            if pause > LONGEST_PAUSE_MS {
                return Ok(answer);
            }
            self.caller.sleep_until(self.side, now + pause).await?;
        }
        self.permit(since).await?;
        self.transport.send(request).await
    }
}

impl Transport for Paced {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use ports::ManualClock;

    use super::*;
    use crate::Bucket;

    /// Answers with these statuses and pauses, then 200; tells when it was asked.
    struct Answers {
        clock: Arc<ManualClock>,
        refusals: Mutex<Vec<Option<&'static str>>>,
        asked_at: Mutex<Vec<Millis>>,
    }

    impl Transport for Answers {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            self.asked_at.lock().unwrap().push(self.clock.now());
            let mut answer = Response::new(Bytes::new());
            if let Some(pause) = self.refusals.lock().unwrap().pop() {
                *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                if let Some(pause) = pause {
                    answer.headers_mut().insert("retry-after", pause.parse().unwrap());
                }
            }
            Box::pin(std::future::ready(Ok(answer)))
        }
    }

    fn paced(refusals: Vec<Option<&'static str>>) -> (Arc<dyn Transport>, Arc<Answers>) {
        let clock = Arc::new(ManualClock::at(0));
        let answers = Arc::new(Answers {
            clock: Arc::clone(&clock),
            refusals: Mutex::new(refusals),
            asked_at: Mutex::default(),
        });
        let clock: Arc<dyn Clock> = clock;
        let caller = Direct {
            clock: Arc::clone(&clock),
            urgency: Urgency::Live,
        };
        let limiter = Arc::new(Limiter::new(crate::BySide {
            shoper: Bucket::new(3.0, 2.0),
            sare: Bucket::new(3.0, 2.0),
        }));
        let inner: Arc<dyn Transport> = Arc::clone(&answers) as Arc<dyn Transport>;
        let paced = Paced::over(&inner, Side::Shoper, &limiter, &clock, Arc::new(caller));
        (paced, answers)
    }

    fn request() -> Request {
        http::Request::new(Bytes::new())
    }

    #[tokio::test]
    async fn a_request_waits_for_its_place() {
        let (paced, answers) = paced(vec![]);
        for _ in 0..5 {
            assert!(paced.send(request()).await.is_ok());
        }
        assert_eq!(*answers.asked_at.lock().unwrap(), [0, 0, 0, 500, 1_000]);
    }

    #[tokio::test]
    async fn what_is_refused_as_too_much_is_asked_again_after_the_pause() {
        let (paced, answers) = paced(vec![None, Some("4")]);
        let answer = paced.send(request()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(*answers.asked_at.lock().unwrap(), [0, 4_000, 5_000]);
    }

    #[tokio::test]
    async fn a_long_pause_is_for_the_caller_to_keep() {
        let (paced, answers) = paced(vec![Some("60")]);
        let answer = paced.send(request()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(*answers.asked_at.lock().unwrap(), [0]);
    }

    #[tokio::test]
    async fn one_that_refuses_for_ever_is_told_of_at_last() {
        let (paced, answers) = paced(vec![None; 50]);
        let answer = paced.send(request()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answers.asked_at.lock().unwrap().len(), 20);
    }
}
