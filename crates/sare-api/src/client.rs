//! The client: where it calls, with what key, and the one exchange that all calls share.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use ports::{LONGEST_BODY, Transport, TransportError, read_body, retry_after};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::account::Uid;
use crate::error::Error;
use crate::pace::{Pace, PaceMeter};
use crate::wire::envelope::{Envelope, Refusal, open};
use crate::wire::lookup::LookupForm;

/// A client of one account. Clones share the pace.
///
/// Calls neither wait nor repeat anything: see [`Error`]. Every one may fail with any [`Error`]; bodies,
/// addresses and the key are never logged.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    lookup: LookupForm,
}

struct Inner {
    transport: Arc<dyn Transport>,
    root: String,
    key: SecretString,
    pace: PaceMeter,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("lookup", &self.lookup)
            .finish_non_exhaustive()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("sare-api/", env!("CARGO_PKG_VERSION")));

impl Client {
    /// A client of the account `uid`. `base` is what stands before `/{uid}`: accounts live on different
    /// hosts (sare-api.md 2). White space round the key is dropped.
    pub fn new(transport: Arc<dyn Transport>, base: &Url, uid: &Uid, key: SecretString) -> Self {
        let mut base = base.clone();
        base.set_query(None);
        base.set_fragment(None);
        let root = format!("{}/{uid}", base.as_str().trim_end_matches('/'));
        let inner = Inner {
            transport,
            root,
            key,
            pace: PaceMeter::default(),
        };
        Self {
            inner: Arc::new(inner),
            lookup: LookupForm::default(),
        }
    }

    /// The same client, giving lists of addresses in that form.
    #[must_use]
    pub fn with_lookup(mut self, lookup: LookupForm) -> Self {
        self.lookup = lookup;
        self
    }

    /// The form in which lists of addresses are given.
    pub fn lookup(&self) -> LookupForm {
        self.lookup
    }

    /// What was asked of SARE so far.
    pub fn pace(&self) -> Pace {
        self.inner.pace.now()
    }

    /// `GET {call}{rest}`; `rest` may hold an address, `call` is what the log shows.
    pub(crate) async fn get(&self, call: &'static str, rest: &str) -> Result<Envelope, Refusal> {
        self.exchange(Method::GET, call, rest, Bytes::new()).await
    }

    /// `POST {call}{rest}`.
    pub(crate) async fn post(
        &self,
        call: &'static str,
        rest: &str,
        body: Bytes,
    ) -> Result<Envelope, Refusal> {
        self.exchange(Method::POST, call, rest, body).await
    }

    async fn exchange(
        &self,
        method: Method,
        call: &'static str,
        rest: &str,
        body: Bytes,
    ) -> Result<Envelope, Refusal> {
        // A key that no header can carry is surely not the account's.
        let Ok(mut key) = HeaderValue::from_str(self.inner.key.expose_secret().trim()) else {
            return Err(Error::Unauthorized { status: 401 }.into());
        };
        key.set_sensitive(true);
        let bytes = body.len();
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}/{call}{rest}", self.inner.root))
            .header("apikey", key)
            .header(header::ACCEPT, JSON)
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
            .header(header::USER_AGENT, AGENT);
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        let request = request.body(body).map_err(|_| {
            Error::NotSent(TransportError::Connect(
                "the API's address cannot be used".to_owned(),
            ))
        })?;

        self.inner.pace.sent();
        let answer = match self.inner.transport.send(request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(call, bytes, %error, "SARE did not answer");
                return Err(Error::from(error).into());
            }
        };
        let (parts, body) = answer.into_parts();
        let body = read_body(&parts.headers, body, LONGEST_BODY).map_err(Error::from)?;
        let retry_after = retry_after(&parts.headers);
        self.inner.pace.answered(retry_after);
        tracing::debug!(
            call,
            bytes,
            status = parts.status.as_u16(),
            answer_bytes = body.len(),
            "SARE answered"
        );
        open(parts.status, retry_after, body)
    }
}
