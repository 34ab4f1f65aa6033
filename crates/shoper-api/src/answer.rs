//! Opens an answer: what its status and body together mean (shoper-api.md D.6).

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use ports::{Response, retry_after};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::error::Error;
use crate::redact;
use crate::shop_url::ShopUrl;

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The body, as [`ports::read_body`] makes it.
    pub fn json(&self) -> &[u8] {
        &self.body
    }

    /// The body as `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self, what: &'static str) -> Result<T, Error> {
        serde_json::from_slice(self.json()).map_err(|_| self.not_understood(what))
    }

    /// The error for an answer that does not fit.
    pub fn not_understood(&self, what: &'static str) -> Error {
        not_understood(what, self.status, &self.body)
    }
}

/// Shoper's error body.
#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    error: Cow<'a, str>,
    #[serde(default)]
    error_description: Value,
}

/// Codes with which Shoper says that there is no such record (shoper-api.md D.6).
const MISSING: [&str; 3] = ["invalid_request", "server_error", "not_found"];

/// Opens an answer to `method` on `resource`.
pub(crate) fn open(
    method: &Method,
    resource: &str,
    asked: &ShopUrl,
    answer: Response,
) -> Result<Answer, Error> {
    let (parts, body) = answer.into_parts();
    let (status, headers) = (parts.status, parts.headers);
    if status.is_success() {
        return Ok(Answer {
            status,
            headers,
            body,
        });
    }
    if status.is_redirection() {
        return Err(Error::Redirected {
            to: target(&headers, asked),
            for_good: matches!(status.as_u16(), 301 | 308),
        });
    }
    let refusal: Option<Refusal<'_>> = serde_json::from_slice(&body).ok();
    let wait = retry_after(&headers);
    Err(match (status.as_u16(), refusal) {
        (400, Some(refusal)) => Error::Invalid {
            code: redact::code(&refusal.error),
            message: refusal.error_description.as_str().unwrap_or_default().into(),
        },
        (401, refusal) if refusal.is_some() || !redact::looks_like_page(&body) => Error::Unauthorized {
            code: refusal.map(|refusal| redact::code(&refusal.error)),
        },
        (403, Some(_)) => Error::Forbidden {
            resource: scope(method, resource),
        },
        // A gateway says "Not Found" in JSON as well: only Shoper's own words prove that there is no such record.
        (404, Some(refusal)) if MISSING.contains(&&*refusal.error) => Error::NotFound,
        (409, _) => Error::Locked { retry_after: wait },
        (429, _) => Error::RateLimited { retry_after: wait },
        (503, Some(_)) => Error::ShopLocked { retry_after: wait },
        // Without Shoper's own body these come from something in front of the shop.
        (400 | 401 | 403 | 404, _) => not_understood("Shoper's own error", status, &body),
        (408 | 425, _) => Error::Server {
            status: status.as_u16(),
            retry_after: wait,
        },
        (501, _) => Error::Rejected { status: 501 },
        (500.., _) => Error::Server {
            status: status.as_u16(),
            retry_after: wait,
        },
        (status, _) => Error::Rejected { status },
    })
}

/// A page in place of JSON, and any refusal that is not Shoper's, is how overload, maintenance and a
/// wrong host look; a success of an unknown shape is not.
fn not_understood(what: &'static str, status: StatusCode, body: &[u8]) -> Error {
    let passing = !status.is_success() || redact::looks_like_page(body);
    Error::NotUnderstood {
        what,
        status: status.as_u16(),
        shape: redact::shape(body),
        passing,
    }
}

/// Where a redirect leads; HTTPS only, unless the shop itself is asked by HTTP.
fn target(headers: &HeaderMap, asked: &ShopUrl) -> Option<ShopUrl> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let mut target = Url::parse(asked.as_str()).ok()?.join(location).ok()?;
    target.set_query(None);
    target.set_fragment(None);
    let to = ShopUrl::parse(target.as_str(), asked.as_str().starts_with("http:")).ok()?;
    (to != *asked).then_some(to)
}

/// The scope behind a call: `{resource}_{read|create|edit|delete}` (shoper-api.md G).
fn scope(method: &Method, resource: &str) -> String {
    let action = match *method {
        Method::POST => "create",
        Method::PUT => "edit",
        Method::DELETE => "delete",
        _ => "read",
    };
    format!("{}_{action}", resource.replace('-', "_"))
}
