//! How much was asked of the shop, and what it says about its limit (shoper-api.md D.7).

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

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
}
