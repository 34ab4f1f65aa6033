//! How much was asked of SARE, and how long it wants to rest.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jiff::fmt::rfc2822;

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

/// The longest wait taken seriously; a slip of SARE's must not stop an account for years.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`: seconds, or a date seen from the answer's own `Date`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT),
        Ok(_) => return None,
        Err(_) => {
            let now = date(headers.get(header::DATE)?)?;
            let then = date(headers.get(header::RETRY_AFTER)?)?;
            Duration::from_millis(u64::try_from(then - now).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// A date in milliseconds since 1970.
fn date(value: &HeaderValue) -> Option<i64> {
    let date = rfc2822::parse(value.to_str().ok()?).ok()?;
    Some(date.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &'static str, date: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(retry_after));
        headers.insert(header::DATE, HeaderValue::from_static(date));
        super::retry_after(&headers)
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        assert_eq!(wait("7", ""), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0.5 ", ""), Some(Duration::from_millis(500)));
        assert_eq!(wait("1e300", ""), Some(LONGEST_WAIT));
        for nonsense in ["-1", "NaN", "soon", ""] {
            assert_eq!(wait(nonsense, ""), None, "{nonsense}");
        }
    }

    #[test]
    fn retry_after_is_read_as_a_date_seen_from_the_answers_own() {
        let now = "Wed, 21 Oct 2026 07:28:00 GMT";
        assert_eq!(
            wait("Wed, 21 Oct 2026 07:28:30 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:30 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:30 GMT", ""), None);
    }

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
