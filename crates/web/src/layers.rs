//! What every call passes through: a request id, a line in the log, numbers, time and size limits, and headers
//! that keep browsers cautious.
//!
//! Of an address only the route's pattern is ever told (`/shoper/webhooks/{token}`), never the address itself:
//! paths carry tokens and queries carry signatures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::state::App;

/// Largest body of any call.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// Longest that any call may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Where a call is known by in logs of several programs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a page may load and who may frame it, unless the page says otherwise: nothing and nobody.
const CLOSED: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");

/// Puts the layers around all routes.
pub fn around(router: Router<App>, app: &App) -> Router<App> {
    let make_id = MakeId {
        start: Arc::from(hex::encode(&(app.entropy)()[..6])),
        next: Arc::default(),
    };
    let if_absent = SetResponseHeaderLayer::if_not_present;
    // Pages hold a session's secrets beside what strangers may have written into the shop: their length tells nothing of
    // either, so they are not compressed (<https://www.breachattack.com>). Files, exports and the API's answers are.
    let compressed = DefaultPredicate::new().and(NotForContentType::const_new("text/html"));
    let router = router.layer(CompressionLayer::new().gzip(true).compress_when(compressed));
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(only_plain_ids))
            .layer(SetRequestIdLayer::x_request_id(make_id))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(span)
                    .on_request(())
                    .on_response(|response: &Response, latency: Duration, _: &Span| {
                        let milliseconds = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
                        tracing::debug!(status = response.status().as_u16(), milliseconds, "answered");
                    })
                    .on_failure(()),
            )
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(from_fn_with_state(app.clone(), count))
            .layer(if_absent(header::CONTENT_SECURITY_POLICY, CLOSED))
            .layer(if_absent(
                header::REFERRER_POLICY,
                HeaderValue::from_static("no-referrer"),
            ))
            .layer(if_absent(
                header::CACHE_CONTROL,
                HeaderValue::from_static("no-store"),
            ))
            .layer(if_absent(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                TIME_LIMIT,
            ))
            .layer(RequestBodyLimitLayer::new(BODY_LIMIT)),
    )
}

fn span(request: &Request) -> Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or("-");
    tracing::info_span!("http", method = %request.method(), route = route(request), request = id)
}

fn route(request: &Request) -> &str {
    request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str)
}

/// A request id of somebody else's is taken over only when it cannot carry anything but an id.
async fn only_plain_ids(mut request: Request, next: Next) -> Response {
    let plain = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        (8..=64).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
    };
    if request
        .headers()
        .get(REQUEST_ID)
        .is_some_and(|value| !plain(value))
    {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// Numbers by route and status.
async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = route(&request).to_owned();
    let method = method(request.method());
    let began = app.now();
    let response = next.run(request).await;
    #[expect(clippy::cast_precision_loss, reason = "a duration for a histogram")]
    let seconds = (app.now() - began) as f64 / 1000.0;
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        tracing::warn!(route, "a call is refused: its body is larger than is taken here");
    }
    let status = response.status().as_u16().to_string();
    metrics::histogram!("shoper_sare_http_seconds", "route" => route.clone()).record(seconds);
    metrics::counter!("shoper_sare_http_requests_total", "route" => route, "method" => method, "status" => status)
        .increment(1);
    response
}

/// The method as a label; whatever else somebody invents counts together.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Ids that differ between processes by their beginning and within one by their end.
#[derive(Clone)]
struct MakeId {
    start: Arc<str>,
    next: Arc<AtomicU64>,
}

impl MakeRequestId for MakeId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let id = format!("{}-{:x}", self.start, self.next.fetch_add(1, Ordering::Relaxed));
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}
