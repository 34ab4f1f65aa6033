//! The door of a simulated account: path, key, pace, and which call it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use ports::{Millis, Request, Response};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::{Refused, bad_request, enveloped, refused};
use super::settings::{AccountSettings, AuthRefused, BASE_PATH, Overload, TooMany};
use super::state::State;
use super::{add, groups, reads};
use crate::faults::{ExtraLatency, html_page};

/// Longer than any sensible client waits.
const NEVER: Duration = Duration::from_secs(300);

/// The members of a JSON object, each still as text.
pub(super) type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

impl State {
    pub fn answer(&mut self, request: &Request, now: Millis) -> Response {
        let settings = std::sync::Arc::clone(&self.settings);
        let Some(rest) = request.uri().path().strip_prefix(BASE_PATH) else {
            return html_page(StatusCode::NOT_FOUND);
        };
        let mut segments = rest.trim_start_matches('/').split('/');
        let uid = segments.next().unwrap_or_default();
        let key = request.headers().get("ApiKey").map(HeaderValue::as_bytes);
        if uid != settings.uid || key != Some(settings.api_key.as_bytes()) {
            return auth_refused(&settings);
        }
        if let Err(wait) = self.take_token(&settings, now) {
            return overloaded(&settings, wait);
        }
        let segments: Vec<Cow<'_, str>> = segments
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
            .collect();
        let path: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        if *request.method() == Method::POST && !request.body().is_empty() && !is_json(request) {
            return refused(&settings, StatusCode::UNSUPPORTED_MEDIA_TYPE, Value::Null);
        }
        self.call(&settings, request.method(), &path, request.body(), now)
    }

    fn call(
        &mut self,
        settings: &AccountSettings,
        method: &Method,
        path: &[&str],
        body: &Bytes,
        now: Millis,
    ) -> Response {
        let get = *method == Method::GET;
        if !get && *method != Method::POST {
            return refused(settings, StatusCode::METHOD_NOT_ALLOWED, Value::Null);
        }
        if get {
            return match path {
                ["email", "props"] => reads::props(settings),
                ["email", "by_email", email] => reads::by_email(self, settings, email),
                ["email", "by_email_hash", hash] => reads::by_hash(self, settings, hash),
                ["email", "status_hash", hash] => reads::status_by_hash(self, settings, hash),
                ["group", "list"] => groups::list(self, settings),
                ["group", "free"] => groups::free(self, settings),
                ["group", "get", group] => groups::get(self, settings, group),
                ["group", "emails", group, page] => groups::emails(self, settings, group, page),
                _ => refused(settings, StatusCode::NOT_FOUND, Value::Null),
            };
        }
        match path {
            ["email", "by_email_list", page] => return reads::by_list(self, settings, page, body, false),
            ["email", "status_by_email_list", page] => {
                return reads::by_list(self, settings, page, body, true);
            }
            _ if settings.read_only => return refused(settings, StatusCode::FORBIDDEN, Value::Null),
            _ => {}
        }
        match path {
            ["email", "add"] => add::add(self, settings, body, now),
            ["email", "edit"] => add::edit(self, settings, body, now),
            ["email", "delete"] => add::delete(self, settings, body, now),
            ["group", "add"] => groups::add(self, settings, body),
            ["group", "edit"] => groups::edit(self, settings, body),
            ["group", "remove", group] => groups::remove(self, settings, group),
            ["group", "clear", group] => groups::clear(self, settings, group),
            ["group", "add_emails"] => groups::change_emails(self, settings, body, true),
            ["group", "remove_emails"] => groups::change_emails(self, settings, body, false),
            _ => refused(settings, StatusCode::NOT_FOUND, Value::Null),
        }
    }

    /// Takes one request out of the bucket, or says how long to wait for it.
    fn take_token(&mut self, settings: &AccountSettings, now: Millis) -> Result<(), Duration> {
        let Some(limit) = settings.rate_limit else {
            return Ok(());
        };
        let passed = Duration::from_millis(u64::try_from(now - self.filled_at).unwrap_or(0)).as_secs_f64();
        self.filled_at = now;
        self.tokens = (self.tokens + passed * limit.per_second).min(limit.burst.into());
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - self.tokens) / limit.per_second).unwrap_or(NEVER))
    }
}

fn is_json(request: &Request) -> bool {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("application/json")
    })
}

fn auth_refused(settings: &AccountSettings) -> Response {
    match settings.auth_refused {
        AuthRefused::Unauthorized => refused(settings, StatusCode::UNAUTHORIZED, Value::Null),
        AuthRefused::Forbidden => refused(settings, StatusCode::FORBIDDEN, Value::Null),
        AuthRefused::CodeOnly => enveloped(settings, StatusCode::OK, 401, Value::Null),
        AuthRefused::Html => html_page(StatusCode::UNAUTHORIZED),
    }
}

fn overloaded(settings: &AccountSettings, wait: Duration) -> Response {
    match settings.overload {
        Overload::TooManyRequests => {
            let mut answer = refused(settings, StatusCode::TOO_MANY_REQUESTS, Value::Null);
            let seconds = (wait.as_secs_f64().ceil() as u64).max(1);
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        Overload::Unavailable => refused(settings, StatusCode::SERVICE_UNAVAILABLE, Value::Null),
        Overload::TimeOut => {
            let mut answer = refused(settings, StatusCode::GATEWAY_TIMEOUT, Value::Null);
            answer.extensions_mut().insert(ExtraLatency(NEVER));
            answer
        }
        Overload::Html => html_page(StatusCode::OK),
    }
}

/// The members of a body, or the answer that refuses it.
pub(super) fn members<'a>(settings: &AccountSettings, body: &'a [u8]) -> Result<Members<'a>, Refused> {
    serde_json::from_slice(body).map_err(|_| bad_request(settings, "niepoprawny JSON").into())
}

/// The required list `name` of a body: there, a list, and not longer than allowed.
pub(super) fn list<'a>(
    settings: &AccountSettings,
    members: &Members<'a>,
    name: &str,
) -> Result<Vec<&'a RawValue>, Refused> {
    let items: Vec<&RawValue> = members
        .get(name)
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .ok_or_else(|| bad_request(settings, &format!("brak listy {name}")))?;
    if items.len() > settings.max_items_per_request {
        let status = match settings.too_many {
            TooMany::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            TooMany::BadRequest => StatusCode::BAD_REQUEST,
        };
        return Err(refused(settings, status, Value::Null).into());
    }
    Ok(items)
}

/// A page number as it stands in the path; pages count from 0 (sare-api.md 10).
pub(super) fn page_number(settings: &AccountSettings, text: &str) -> Result<usize, Refused> {
    text.parse()
        .map_err(|_| bad_request(settings, "niepoprawny numer strony").into())
}

/// The rows of one page, and whether it lies behind the last one.
pub(super) fn page_of<T>(settings: &AccountSettings, rows: Vec<T>, page: usize) -> (Vec<T>, bool) {
    let size = settings.page_size.max(1);
    let start = page.saturating_mul(size);
    let behind = page > 0 && start >= rows.len();
    (rows.into_iter().skip(start).take(size).collect(), behind)
}
