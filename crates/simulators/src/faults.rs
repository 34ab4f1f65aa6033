//! Faults that a test orders: which requests go wrong, how, and how often.
//!
//! A simulator asks its [`Faults`] before and after it handles a request ([`Faults::around`] does
//! both). What only a transport can do, such as breaking a connection or being slow, is left on the
//! answer as an extension ([`Cut`], [`ExtraLatency`]); the in-process network and the real server
//! act on it, so that a simulator's `handle` stays a plain function.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use ports::{Request, Response};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The way in which a request goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request is not handled; the answer is this HTTP status with an empty body.
    Status(u16),
    /// The request is not handled; the answer is this HTTP status with this body.
    Answer(u16, String),
    /// The request is not handled; the answer is HTTP 200 with a page of HTML.
    Html,
    /// The request is handled; the answer comes later by this much. In JSON: milliseconds.
    Slow(#[serde(with = "millis")] Duration),
    /// The request is not handled and the connection breaks.
    CutBefore,
    /// The request is handled and the connection breaks before the answer.
    CutAfter,
    /// The request is not handled; the answer is HTTP 429 with `Retry-After` in seconds.
    RetryAfter(u64),
    /// The request is handled; where the answer is a list of a shop, it comes without any rows and counts none.
    WithoutRows,
    /// The request is handled; byte order marks stand in front of the answer's body, as files of a PHP program leave them.
    Marks,
    /// The request is handled; the answer is compressed, though nobody may have asked for it.
    Gzip,
    /// The request is handled; every `ł` in the answer is one byte of ISO 8859-2.
    Latin2,
    /// The request is not handled; the answer is HTTP 503 with `Retry-After` as a date this many seconds after the `Date`
    /// 2026-10-21 07:28:00 GMT (at most 59).
    RetryAfterDate(u8),
    /// The request is not handled; the answer is a redirect with this HTTP status to the same path at this address
    /// (scheme and host).
    Redirect(u16, String),
}

/// Mark on an answer: break the connection instead of sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

/// Mark on an answer: send it later by this much, on top of the simulator's own latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraLatency(pub Duration);

/// Which requests a fault strikes, how likely, and how many of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Only requests of this method; `None`: of any.
    #[serde(default, with = "method_name", skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Only requests whose path and query contain this text; empty: all.
    #[serde(default)]
    pub path_contains: String,
    /// Only requests whose body contains this text; empty: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body_contains: String,
    /// Chance that a matching request is struck, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many requests are struck before the rule is used up; `None`: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// Strikes every request.
    pub fn always(fault: Fault) -> Self {
        Self {
            method: None,
            path_contains: String::new(),
            body_contains: String::new(),
            probability: 1.0,
            remaining: None,
            fault,
        }
    }

    /// Only requests of `method`.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests whose path and query contain `text`.
    #[must_use]
    pub fn path(mut self, text: impl Into<String>) -> Self {
        self.path_contains = text.into();
        self
    }

    /// Only requests whose body contains `text`: a record, a name, an address that is odd to the service.
    #[must_use]
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body_contains = text.into();
        self
    }

    /// Only this share of the matching requests, 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Only the first `count` requests that are struck.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.remaining = Some(count);
        self
    }

    fn matches(&self, method: &Method, path: &str, body: &[u8]) -> bool {
        let text = self.body_contains.as_bytes();
        self.remaining != Some(0)
            && self.method.as_ref().is_none_or(|wanted| wanted == method)
            && path.contains(&self.path_contains)
            && (text.is_empty() || body.windows(text.len()).any(|part| part == text))
    }
}

/// The faults of one simulator, shared by its copies. The same seed and the same requests give the
/// same faults.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    rules: Vec<FaultRule>,
    rng: ChaCha8Rng,
    struck: u64,
}

impl Faults {
    /// No faults yet; chances are drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            rules: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            struck: 0,
        })))
    }

    /// Adds a rule behind those already there; the first that matches and strikes decides.
    pub fn add(&self, rule: FaultRule) {
        self.lock().rules.push(rule);
    }

    /// Takes every rule away.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How many requests have been struck so far.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// The fault that strikes a request without a body, if any; a counted rule is used up by it.
    pub fn decide(&self, method: &Method, path: &str) -> Option<Fault> {
        self.decide_with(method, path, &[])
    }

    /// The fault that strikes this request, if any; a counted rule is used up by it.
    pub fn decide_with(&self, method: &Method, path: &str, body: &[u8]) -> Option<Fault> {
        let mut inner = self.lock();
        let Inner { rules, rng, struck } = &mut *inner;
        for rule in rules.iter_mut().filter(|rule| rule.matches(method, path, body)) {
            let strikes = rule.probability >= 1.0 || rng.random::<f64>() < rule.probability;
            if strikes {
                if let Some(remaining) = &mut rule.remaining {
                    *remaining -= 1;
                }
                *struck += 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }

    /// Handles `request` with `handle`, unless a fault strikes first, and marks the answer as the
    /// fault demands.
    pub fn around(&self, request: &Request, handle: impl FnOnce() -> Response) -> Response {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        match self.decide_with(request.method(), path, request.body()) {
            None => handle(),
            Some(fault) => fault.apply(request, handle),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// The answer under this fault; `handle` is called only where the fault lets the request
    /// through.
    pub fn apply(&self, request: &Request, handle: impl FnOnce() -> Response) -> Response {
        match self {
            Self::Status(status) => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() =
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                answer
            }
            Self::Answer(status, body) => {
                let mut answer = Response::new(Bytes::from(body.clone()));
                *answer.status_mut() =
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                answer
            }
            Self::Html => html_page(StatusCode::OK),
            Self::Slow(by) => {
                let mut answer = handle();
                answer.extensions_mut().insert(ExtraLatency(*by));
                answer
            }
            Self::CutBefore => cut(Response::new(Bytes::new())),
            Self::CutAfter => cut(handle()),
            Self::RetryAfter(seconds) => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
                answer
            }
            Self::WithoutRows => without_rows(handle()),
            Self::Marks => reshaped(handle(), |body| ["\u{feff}\u{feff}".as_bytes(), body].concat()),
            Self::Gzip => reshaped(handle(), gzip),
            Self::Latin2 => reshaped(handle(), |body| {
                let text = String::from_utf8_lossy(body).replace("\\u0142", "ł");
                let mut out = Vec::with_capacity(text.len());
                for c in text.chars() {
                    match c {
                        'ł' => out.push(0xb3),
                        c => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                    }
                }
                out
            }),
            Self::RetryAfterDate(seconds) => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                let at =
                    |seconds: u8| HeaderValue::try_from(format!("Wed, 21 Oct 2026 07:28:{seconds:02} GMT"));
                for (name, seconds) in [(header::DATE, 0), (header::RETRY_AFTER, *seconds)] {
                    if let Ok(value) = at(seconds) {
                        answer.headers_mut().insert(name, value);
                    }
                }
                answer
            }
            Self::Redirect(status, to) => {
                let mut answer = html_page(StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND));
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                if let Ok(location) = HeaderValue::try_from(format!("{to}{path}")) {
                    answer.headers_mut().insert(header::LOCATION, location);
                }
                answer
            }
        }
    }
}

/// A page of HTML where JSON was expected, as a proxy or a maintenance screen sends it.
pub fn html_page(status: StatusCode) -> Response {
    let mut answer = Response::new(Bytes::from_static(
        b"<!DOCTYPE html><html><head><title>Przerwa techniczna</title></head><body>Prosimy wrocic pozniej</body></html>",
    ));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=UTF-8"),
    );
    answer
}

/// A list that forgets its rows, as one does that is read from a replica which lags behind.
fn without_rows(mut answer: Response) -> Response {
    let is_list = serde_json::from_slice::<serde_json::Value>(answer.body())
        .is_ok_and(|body| body.get("list").is_some_and(serde_json::Value::is_array));
    if is_list {
        *answer.body_mut() = Bytes::from_static(br#"{"count":"0","pages":0,"page":1,"list":[]}"#);
    }
    answer
}

/// The answer with another body, where it has one.
fn reshaped(answer: Response, reshape: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let (mut parts, body) = answer.into_parts();
    if body.is_empty() {
        return Response::from_parts(parts, body);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, reshape(&body).into())
}

/// A body, compressed.
pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(body)
        .and_then(|()| out.finish())
        .unwrap_or_default()
}

fn cut(mut answer: Response) -> Response {
    answer.extensions_mut().insert(Cut);
    answer
}

fn always() -> f64 {
    1.0
}

/// A duration as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// A method as its name.
mod method_name {
    use http::Method;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<Method>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(method) => out.serialize_str(method.as_str()),
            None => out.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Method>, D::Error> {
        Option::<String>::deserialize(from)?
            .map(|name| name.parse().map_err(|_| D::Error::custom("not an HTTP method")))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn get(path: &str) -> Request {
        http::Request::get(format!("http://sim.example{path}"))
            .body(Bytes::new())
            .unwrap()
    }

    fn strikes(faults: &Faults, count: usize) -> usize {
        (0..count)
            .filter(|_| faults.decide(&Method::GET, "/users").is_some())
            .count()
    }

    #[test]
    fn a_list_without_rows_is_empty_and_what_is_no_list_stays() {
        let body = |text: &'static str| {
            let answer = Fault::WithoutRows.apply(&get("/users"), || {
                Response::new(Bytes::from_static(text.as_bytes()))
            });
            answer.into_body()
        };
        assert_eq!(
            body(r#"{"count":"1","pages":1,"page":1,"list":[{"user_id":"1"}]}"#),
            r#"{"count":"0","pages":0,"page":1,"list":[]}"#
        );
        for other in [
            r#"{"user_id":"1"}"#,
            "1",
            "<html>",
            r#"{"error":"invalid_request"}"#,
        ] {
            assert_eq!(body(other), other);
        }
    }

    #[test]
    fn a_rule_strikes_only_its_method_and_path() {
        let faults = Faults::new(1);
        faults.add(
            FaultRule::always(Fault::Status(500))
                .method(Method::POST)
                .path("/users"),
        );
        assert_eq!(faults.decide(&Method::GET, "/users"), None);
        assert_eq!(faults.decide(&Method::POST, "/subscribers"), None);
        assert_eq!(
            faults.decide(&Method::POST, "/webapi/rest/users?page=2"),
            Some(Fault::Status(500))
        );
        assert_eq!(faults.struck(), 1);
    }

    #[test]
    fn a_rule_can_strike_whatever_holds_a_text() {
        let faults = Faults::new(1);
        faults.add(FaultRule::always(Fault::Status(500)).body("\u{1f381}"));
        let asks = |body: &str| faults.decide_with(&Method::POST, "/email/add", body.as_bytes());
        assert_eq!(asks("{\"name\":\"Anna\"}"), None);
        assert_eq!(asks("{\"name\":\"Anna \u{1f381}\"}"), Some(Fault::Status(500)));
    }

    #[test]
    fn a_counted_rule_is_used_up_and_the_next_one_takes_over() {
        let faults = Faults::new(1);
        faults.add(FaultRule::always(Fault::Html).times(2));
        faults.add(FaultRule::always(Fault::CutAfter).times(1));
        let seen: Vec<_> = (0..4).map(|_| faults.decide(&Method::GET, "/")).collect();
        assert_eq!(
            seen,
            [Some(Fault::Html), Some(Fault::Html), Some(Fault::CutAfter), None]
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_about_the_asked_share() {
        let run = |seed| {
            let faults = Faults::new(seed);
            faults.add(FaultRule::always(Fault::Html).probability(0.25));
            let hits: Vec<bool> = (0..1000)
                .map(|_| faults.decide(&Method::GET, "/").is_some())
                .collect();
            hits
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let share = run(7).iter().filter(|hit| **hit).count();
        assert!((200..300).contains(&share), "{share} of 1000");
    }

    #[test]
    fn clearing_takes_the_faults_away_from_every_copy() {
        let faults = Faults::new(1);
        let copy = faults.clone();
        faults.add(FaultRule::always(Fault::Html));
        assert_eq!(strikes(&copy, 3), 3);
        copy.clear();
        assert_eq!(strikes(&faults, 3), 0);
    }

    #[test]
    fn only_slow_and_cut_after_let_the_request_through() {
        let outcome = |fault: Fault| {
            let handled = Cell::new(false);
            let faults = Faults::new(1);
            faults.add(FaultRule::always(fault));
            let answer = faults.around(&get("/users"), || {
                handled.set(true);
                Response::new(Bytes::from_static(b"done"))
            });
            (handled.get(), answer)
        };
        let (handled, answer) = outcome(Fault::Status(503));
        assert!(!handled && answer.status() == 503);
        let (handled, answer) = outcome(Fault::Html);
        assert!(!handled && answer.body().starts_with(b"<!DOCTYPE html>"));
        let (handled, answer) = outcome(Fault::RetryAfter(30));
        assert!(!handled && answer.status() == 429 && answer.headers()[header::RETRY_AFTER] == "30");
        let (handled, answer) = outcome(Fault::Redirect(308, "https://other.example".to_owned()));
        assert!(!handled && answer.status() == 308);
        assert_eq!(answer.headers()[header::LOCATION], "https://other.example/users");
        let (handled, answer) = outcome(Fault::CutBefore);
        assert!(!handled && answer.extensions().get::<Cut>().is_some());
        let (handled, answer) = outcome(Fault::CutAfter);
        assert!(handled && answer.extensions().get::<Cut>().is_some());
        let slow = Duration::from_secs(9);
        let (handled, answer) = outcome(Fault::Slow(slow));
        assert!(handled && answer.extensions().get() == Some(&ExtraLatency(slow)));
    }

    #[test]
    fn a_rule_reads_from_json_with_little_said() {
        let rule: FaultRule = serde_json::from_str(r#"{"fault":{"slow":1500}}"#).unwrap();
        assert_eq!(rule, FaultRule::always(Fault::Slow(Duration::from_millis(1500))));
        let rule: FaultRule = serde_json::from_str(
            r#"{"method":"POST","path_contains":"/email","remaining":2,"fault":"cut_before"}"#,
        )
        .unwrap();
        assert_eq!(
            rule,
            FaultRule::always(Fault::CutBefore)
                .method(Method::POST)
                .path("/email")
                .times(2)
        );
    }
}
