//! How much was asked of the shop, and what it says about its limit (shoper-api.md D.7).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};

/// What a client has learnt about pace. The bucket is per application, so other users of the same token
/// show in `calls`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// Requests sent by this client and its clones, failed ones included.
    pub requests: u32,
    /// `X-Shop-Api-Limit`: size of the bucket, in requests.
    pub limit: Option<f64>,
    /// `X-Shop-Api-Bandwidth`: requests drained a second.
    pub bandwidth: Option<f64>,
    /// `X-Shop-Api-Calls` of the newest answer: the bucket's level.
    pub calls: Option<f64>,
}

/// The pace that a client and its clones share.
#[derive(Debug, Default)]
pub(crate) struct PaceMeter(Mutex<Pace>);

impl PaceMeter {
    pub(crate) fn now(&self) -> Pace {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request goes out; the level told before it is history.
    pub(crate) fn sent(&self) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pace.requests = pace.requests.saturating_add(1);
        pace.calls = None;
    }

    /// An answer came.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        let number = |name: &str| {
            let value: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
            (value.is_finite() && value >= 0.0).then_some(value)
        };
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pace.limit = number("x-shop-api-limit").or(pace.limit);
        pace.bandwidth = number("x-shop-api-bandwidth").or(pace.bandwidth);
        pace.calls = number("x-shop-api-calls");
    }
}

/// The longest wait taken seriously; a slip of the shop's must not stop us for years.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`, in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let wait = (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT))?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn limit_and_bandwidth_stay_and_the_level_is_only_that_of_the_newest_answer() {
        let meter = PaceMeter::default();
        meter.sent();
        let told = [
            ("X-Shop-Api-Limit", "10"),
            ("X-Shop-Api-Bandwidth", "2"),
            ("X-Shop-Api-Calls", "3"),
        ];
        meter.answered(&headers(&told));
        let pace = Pace {
            requests: 1,
            limit: Some(10.0),
            bandwidth: Some(2.0),
            calls: Some(3.0),
        };
        assert_eq!(meter.now(), pace);
        meter.sent();
        assert_eq!(
            meter.now(),
            Pace {
                requests: 2,
                calls: None,
                ..pace
            }
        );
        meter.answered(&headers(&[
            ("x-shop-api-limit", "many"),
            ("x-shop-api-calls", "-1"),
        ]));
        assert_eq!(
            meter.now(),
            Pace {
                requests: 2,
                calls: None,
                ..pace
            }
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        let wait = |value| retry_after(&headers(&[("retry-after", value)]));
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(wait("1e300"), Some(LONGEST_WAIT));
        for nonsense in ["-1", "NaN", "soon", ""] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }
}
