//! The client: whom it asks, with what token, and the one exchange that all calls share.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use ports::{LONGEST_BODY, Response, Transport, TransportError, read_body};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::answer::{Answer, open};
use crate::error::Error;
use crate::pace::{Pace, PaceMeter};
use crate::shop_url::ShopUrl;

/// A client of one shop. Clones are cheap and share the pace.
///
/// Calls neither wait nor repeat anything: see [`Error`]. Every one may fail with any [`Error`]; bodies,
/// queries and tokens are never logged.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    url: ShopUrl,
    /// `None` for a token that no header can carry.
    authorization: Option<HeaderValue>,
    pace: PaceMeter,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Client {
    /// A client of the shop at `url`, with an access token of whatever origin (shoper-api.md B).
    pub fn new(transport: Arc<dyn Transport>, url: ShopUrl, token: SecretString) -> Self {
        let authorization = bearer(&token);
        Self(Arc::new(Inner {
            transport,
            url,
            authorization,
            pace: PaceMeter::default(),
        }))
    }

    /// The shop that is asked.
    pub fn url(&self) -> &ShopUrl {
        &self.0.url
    }

    /// What was asked so far, and what the shop says about its limit.
    pub fn pace(&self) -> Pace {
        self.0.pace.now()
    }

    /// `GET {resource}?{query}`.
    pub(crate) async fn get(&self, resource: &'static str, query: &str) -> Result<Answer, Error> {
        let path = if query.is_empty() {
            resource.to_owned()
        } else {
            format!("{resource}?{query}")
        };
        self.exchange(Method::GET, resource, &path, None).await
    }

    /// `GET {resource}/{id}`.
    pub(crate) async fn get_one(&self, resource: &'static str, id: i64) -> Result<Answer, Error> {
        self.exchange(Method::GET, resource, &format!("{resource}/{id}"), None)
            .await
    }

    /// `POST {resource}`.
    pub(crate) async fn post(&self, resource: &'static str, body: &impl Serialize) -> Result<Answer, Error> {
        self.exchange(Method::POST, resource, resource, Some(to_bytes(body)))
            .await
    }

    /// `PUT {resource}/{id}`. The answer, `1`, says nothing more than its status (shoper-api.md D.4).
    pub(crate) async fn put(
        &self,
        resource: &'static str,
        id: i64,
        body: &impl Serialize,
    ) -> Result<(), Error> {
        let answer = self
            .exchange(
                Method::PUT,
                resource,
                &format!("{resource}/{id}"),
                Some(to_bytes(body)),
            )
            .await?;
        written(&answer)
    }

    /// `DELETE {resource}/{id}`.
    pub(crate) async fn delete(&self, resource: &'static str, id: i64) -> Result<(), Error> {
        let answer = self
            .exchange(Method::DELETE, resource, &format!("{resource}/{id}"), None)
            .await?;
        written(&answer)
    }

    /// `path` may hold an address; `resource` is what the log shows.
    async fn exchange(
        &self,
        method: Method,
        resource: &'static str,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, Error> {
        let inner = &*self.0;
        // A token that no header can carry is surely not the shop's.
        let authorization = inner
            .authorization
            .clone()
            .ok_or(Error::Unauthorized { code: None })?;
        let mut request = request(method, &inner.url, path).header(header::AUTHORIZATION, authorization);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        inner.pace.sent();
        send(
            &*inner.transport,
            &inner.url,
            resource,
            request,
            body.unwrap_or_default(),
            Some(&inner.pace),
        )
        .await
    }
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Any JSON will do, a page of HTML will not.
fn written(answer: &Answer) -> Result<(), Error> {
    if answer.json().is_empty() {
        return Ok(());
    }
    answer
        .decode::<serde::de::IgnoredAny>("the confirmation of a write")
        .map(|_| ())
}

fn to_bytes(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body)
        .expect("maps with text keys can always be written")
        .into()
}

/// A request to `{shop}/webapi/rest/{path}` with what every request carries (shoper-api.md B.3).
pub(crate) fn request(method: Method, url: &ShopUrl, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("{}/webapi/rest/{path}", url.as_str()))
        .header(header::ACCEPT, JSON)
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
        .header(header::ACCEPT_LANGUAGE, HeaderValue::from_static("pl_PL;q=0.8"))
        .header(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("shoper-api/", env!("CARGO_PKG_VERSION"))),
        )
}

/// Sends a request and opens its answer.
pub(crate) async fn send(
    transport: &dyn Transport,
    url: &ShopUrl,
    resource: &'static str,
    request: http::request::Builder,
    body: Bytes,
    pace: Option<&PaceMeter>,
) -> Result<Answer, Error> {
    let bytes = body.len();
    let unusable = |_| TransportError::Connect("the shop's address cannot be used".to_owned());
    let request = request.body(body).map_err(unusable)?;
    let method = request.method().clone();
    let answer = match transport.send(request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%method, resource, bytes, %error, "the shop did not answer");
            return Err(error.into());
        }
    };
    if let Some(pace) = pace {
        pace.answered(answer.headers());
    }
    let (parts, body) = answer.into_parts();
    let body = read_body(&parts.headers, body, LONGEST_BODY)?;
    let answer = Response::from_parts(parts, body);
    let (status, answer_bytes) = (answer.status().as_u16(), answer.body().len());
    tracing::debug!(%method, resource, bytes, status, answer_bytes, "the shop answered");
    open(&method, resource, url, answer)
}
