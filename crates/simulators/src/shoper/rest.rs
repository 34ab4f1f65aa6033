//! The shop's HTTP side: from a request to its answer (shoper-api.md D).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header};
use ports::{Request, Response};
use serde_json::Value;

use super::access;
use super::bucket::Gauge;
use super::input::scalar_text;
use super::json::Json;
use super::refusal::{Language, Refusal};
use super::resources::{self, Answer, Call};
use super::settings::BulkCost;
use super::spoilt::{spoil, spoiling};
use super::state::State;
use super::tokens::Caller;
use crate::faults::html_page;

const PREFIX: &str = "/webapi/rest/";
/// Operations that one bulk call may hold (shoper-api.md D.8).
const MAX_BULK: usize = 25;

/// Answers a request.
pub(super) fn handle(state: &mut State, request: &Request) -> Response {
    let uri = request.uri();
    if let Some(answer) = sent_on(state, request) {
        return answer;
    }
    let other_host = uri
        .authority()
        .is_some_and(|host| !host.as_str().eq_ignore_ascii_case(&state.host));
    let Some(path) = uri.path().strip_prefix(PREFIX).filter(|_| !other_host) else {
        let is_front_page = uri.path() == "/" && !other_host;
        return html_page(if is_front_page {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        });
    };
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let caller = access::caller(state, text_header(request, &header::AUTHORIZATION));
    let outcome = answer(state, request, path.trim_end_matches('/'), &query, caller);
    let how = outcome.as_ref().ok().and_then(|answer| {
        let resource = path.split('/').next().unwrap_or(path);
        spoiling(&state.settings, resource, &answer.ids, answer.listing.is_none())
    });
    // Answers of a login or to a stranger show the limit of the application.
    let answer = respond(state, request, caller.unwrap_or(Caller::App), outcome);
    match how {
        Some(how) => spoil(answer, how),
        None => answer,
    }
}

/// The redirection to the shop's real domain, where the request names the other one (shoper-api.md A.2).
fn sent_on(state: &State, request: &Request) -> Option<Response> {
    let target = state.settings.redirects_to.as_deref()?.trim_end_matches('/');
    let uri = request.uri();
    let asked = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| text_header(request, &header::HOST))?;
    if !asked.eq_ignore_ascii_case(state.old_host.as_deref()?) {
        return None;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut answer = html_page(StatusCode::MOVED_PERMANENTLY);
    let location = HeaderValue::from_str(&format!("{target}{path}")).ok()?;
    answer.headers_mut().insert(header::LOCATION, location);
    Some(answer)
}

/// The answer to a request that is refused before it is looked at.
pub(super) fn refuse(state: &mut State, request: &Request, refusal: Refusal) -> Response {
    let caller = access::caller(state, text_header(request, &header::AUTHORIZATION));
    respond(state, request, caller.unwrap_or(Caller::App), Err(refusal))
}

fn answer(
    state: &mut State,
    request: &Request,
    path: &str,
    query: &[(String, String)],
    caller: Option<Caller>,
) -> Result<Answer, Refusal> {
    let resource = if path == "oauth/token" {
        path
    } else {
        path.split('/').next().unwrap_or(path)
    };
    state.journal.count(resource);
    if state.locked && resource != "application-lock" {
        return Err(Refusal::ApplicationLocked);
    }
    let authorization = text_header(request, &header::AUTHORIZATION);
    if matches!(path, "oauth/token" | "auth") {
        if request.method() != Method::POST {
            return Err(Refusal::MethodNotAllowed);
        }
        if path == "auth" {
            enter(state, Caller::Admin, 1)?;
            return access::log_in(state, query, authorization).map(Answer::json);
        }
        enter(state, Caller::App, 1)?;
        return access::exchange(state, query, request.body(), authorization).map(Answer::json);
    }

    let caller = caller.ok_or(Refusal::Unauthorized)?;
    if path == "bulk" {
        return bulk(state, request, caller);
    }
    enter(state, caller, 1)?;
    let method = if request.method() == Method::HEAD {
        &Method::GET
    } else {
        request.method()
    };
    dispatch(state, method, path, query, request.body(), caller)
}

fn enter(state: &mut State, caller: Caller, cost: usize) -> Result<(), Refusal> {
    let (now, bucket) = (state.now(), state.settings.bucket);
    let level = match caller {
        Caller::App => &mut state.app_level,
        Caller::Admin => &mut state.admin_level,
    };
    level.enter(bucket, now, cost).map_err(Refusal::TooManyRequests)
}

fn dispatch(
    state: &mut State,
    method: &Method,
    path: &str,
    params: &[(String, String)],
    body: &[u8],
    caller: Caller,
) -> Result<Answer, Refusal> {
    let (resource, rest) = match path.split_once('/') {
        Some((resource, rest)) => (resource, Some(rest)),
        None => (path, None),
    };
    if caller == Caller::App && is_refused(state, resource, method) {
        return Err(Refusal::Forbidden);
    }
    let call = Call {
        method,
        rest,
        params,
        body,
    };
    resources::serve(state, resource, &call).unwrap_or(Err(Refusal::Malformed("Unknown resource")))
}

/// Whether the app's scopes leave this out, by settings.
fn is_refused(state: &State, resource: &str, method: &Method) -> bool {
    let action = match method.as_str() {
        "POST" => "create",
        "PUT" => "edit",
        "DELETE" => "delete",
        _ => "read",
    };
    let name = resource.replace('-', "_");
    state.settings.refused.iter().any(|refused| {
        let refused = refused.replace('-', "_");
        refused == name
            || refused
                .strip_prefix(&name)
                .is_some_and(|rest| rest.strip_prefix('_') == Some(action))
    })
}

/// Many operations in one call (shoper-api.md D.8).
fn bulk(state: &mut State, request: &Request, caller: Caller) -> Result<Answer, Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal::MethodNotAllowed);
    }
    let operations = match serde_json::from_slice(request.body()) {
        Ok(Value::Array(operations)) => operations,
        _ => Vec::new(),
    };
    let cost = match state.settings.bulk_cost {
        BulkCost::PerOperation => operations.len().max(1),
        BulkCost::One => 1,
    };
    enter(state, caller, cost)?;
    let mut json = Json::new(&state.settings);
    if operations.is_empty() || operations.len() > MAX_BULK {
        json.object(None, |json| {
            json.boolean("errors", true);
            json.text("message", "Bulk request must hold from 1 to 25 operations");
        });
        return Ok(Answer::json(json.into_bytes()));
    }
    let language = language(request);
    json.open(None, b'{');
    json.boolean("errors", false);
    json.open(Some("items"), b'[');
    for operation in &operations {
        let outcome = operate(state, operation, caller);
        let (code, body) = match outcome {
            Ok(answer) => (answer.status, answer.body),
            Err(refusal) => (refusal.status(), refusal.body(&state.settings, language).into()),
        };
        json.object(None, |json| {
            json.text(
                "id",
                &operation.get("id").and_then(scalar_text).unwrap_or_default(),
            );
            json.number("code", i64::from(code.as_u16()));
            json.raw("body", if body.is_empty() { b"null" } else { &body });
        });
    }
    json.close(b']');
    json.close(b'}');
    Ok(Answer::json(json.into_bytes()))
}

fn operate(state: &mut State, operation: &Value, caller: Caller) -> Result<Answer, Refusal> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let method: Method = text("method")
        .parse()
        .map_err(|_| Refusal::Malformed("Bulk operation has no method"))?;
    // The official example with a short path does not say that it works.
    let full = text("path")
        .strip_prefix(PREFIX)
        .ok_or(Refusal::Malformed("Unknown resource"))?;
    let (path, query) = full.split_once('?').unwrap_or((full, ""));
    let mut params: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    for (name, value) in operation
        .get("params")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        match value {
            Value::Array(items) => {
                params.extend(
                    items
                        .iter()
                        .filter_map(|item| Some((format!("{name}[]"), scalar_text(item)?))),
                );
            }
            Value::Object(_) => params.push((name.clone(), value.to_string())),
            scalar => params.extend(scalar_text(scalar).map(|text| (name.clone(), text))),
        }
    }
    let body = operation.get("body").map(Value::to_string).unwrap_or_default();
    let path = path.trim_end_matches('/');
    if path == "bulk" {
        return Err(Refusal::Malformed("Bulk operation within a bulk request"));
    }
    state.journal.count(path.split('/').next().unwrap_or(path));
    dispatch(state, &method, path, &params, body.as_bytes(), caller)
}

fn respond(
    state: &mut State,
    request: &Request,
    caller: Caller,
    outcome: Result<Answer, Refusal>,
) -> Response {
    let (now, bucket) = (state.now(), state.settings.bucket);
    let level = match caller {
        Caller::App => &mut state.app_level,
        Caller::Admin => &mut state.admin_level,
    };
    let Gauge {
        limit,
        bandwidth,
        calls,
    } = level.gauge(bucket, now);
    let mut out = HttpResponse::new(Bytes::new());
    let headers = out.headers_mut();
    let mut number = |name: &'static str, value: u64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    number("x-shop-api-limit", limit);
    number("x-shop-api-bandwidth", bandwidth);
    number("x-shop-api-calls", calls);
    let (status, body) = match outcome {
        Ok(answer) => {
            if let Some(listing) = answer.listing.filter(|listing| listing.is_told) {
                number("x-shop-result-count", listing.count as u64);
                number("x-shop-result-pages", listing.pages as u64);
                number("x-shop-result-page", listing.page as u64);
            }
            (answer.status, answer.body)
        }
        Err(refusal) => {
            if let Refusal::TooManyRequests(seconds) = refusal {
                number("retry-after", seconds);
            }
            (
                refusal.status(),
                refusal.body(&state.settings, language(request)).into(),
            )
        }
    };
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    *out.status_mut() = status;
    if request.method() != Method::HEAD {
        *out.body_mut() = body;
    }
    out
}

fn language(request: &Request) -> Language {
    Language::of(text_header(request, &header::ACCEPT_LANGUAGE))
}

fn text_header<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
