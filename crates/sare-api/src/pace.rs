//! How much was asked of SARE, and how long it wants to rest.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a client has learnt about pace. SARE publishes no limits (sare-api.md 10), so this is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// `Retry-After` of the newest answer, if it had one.
    pub retry_after: Option<Duration>,
    /// Requests sent by this client and its clones, failed ones included.
    pub requests: u32,
}

/// The pace that a client and its clones share.
#[derive(Debug, Default)]
pub(crate) struct PaceMeter(Mutex<Pace>);

impl PaceMeter {
    pub(crate) fn now(&self) -> Pace {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request goes out.
    pub(crate) fn sent(&self) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pace.requests = pace.requests.saturating_add(1);
        pace.retry_after = None;
    }

    /// An answer came.
    pub(crate) fn answered(&self, retry_after: Option<Duration>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retry_after = retry_after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_of_an_earlier_answer_is_forgotten() {
        let meter = PaceMeter::default();
        meter.sent();
        meter.answered(Some(Duration::from_secs(3)));
        assert_eq!(
            meter.now(),
            Pace {
                retry_after: Some(Duration::from_secs(3)),
                requests: 1
            }
        );
        meter.sent();
        assert_eq!(
            meter.now(),
            Pace {
                retry_after: None,
                requests: 2
            }
        );
    }
}
