//! The real transport: reqwest over rustls.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::body::LONGEST_BODY;
use crate::clock::{Clock, SystemClock};
use crate::pause::stamp;
use crate::reach::{OutOfReach, Reach};
use crate::resolver::{self, Lookup, Resolver};
use crate::transport::{BoxFuture, Request, Response, Transport, TransportError};

/// Limits of the real transport.
#[derive(Debug, Clone)]
pub struct HttpClientSettings {
    /// Time for connecting.
    pub connect_timeout: Duration,
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// Greatest body of an answer, in bytes.
    pub max_body: usize,
    /// How far requests go.
    pub reach: Reach,
    /// Hosts of the proxies that the environment names (`HTTPS_PROXY` and its like). They may be anywhere; that names which
    /// are asked through them lead to public addresses is looked at before, as far as they can be resolved here.
    pub proxies: Vec<String>,
}

impl Default for HttpClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(8),
            timeout: Duration::from_secs(25),
            max_body: LONGEST_BODY,
            reach: Reach::Public,
            proxies: Vec::new(),
        }
    }
}

/// HTTP/1.1 over rustls (ring), connections reused, no redirects, bodies bounded.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    resolver: Resolver,
    max_body: usize,
}

impl HttpClient {
    /// Builds the client.
    ///
    /// # Errors
    /// When the system's certificate store cannot be read.
    pub fn new(settings: HttpClientSettings) -> Result<Self, String> {
        Self::with_lookup(settings, resolver::system())
    }

    fn with_lookup(settings: HttpClientSettings, lookup: Lookup) -> Result<Self, String> {
        let resolver = Resolver {
            reach: settings.reach,
            lookup,
            proxies: settings.proxies,
        };
        // A second call finds a provider installed, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .http1_only()
            .dns_resolver(resolver.clone())
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            client,
            resolver,
            max_body: settings.max_body,
        })
    }

    /// The same, shared.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn shared(settings: HttpClientSettings) -> Result<Arc<dyn Transport>, String> {
        Ok(Arc::new(Self::new(settings)?))
    }
}

impl Transport for HttpClient {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            self.judge(&parts.uri).await?;
            let mut builder = self.client.request(parts.method, parts.uri.to_string());
            builder = builder.headers(parts.headers).body(body);
            let request = builder.build().map_err(|e| classify(&e))?;
            #[expect(clippy::disallowed_methods, reason = "this is the transport itself")]
            let mut answer = self.client.execute(request).await.map_err(|e| classify(&e))?;
            let mut out = http::Response::builder().status(answer.status());
            if let Some(headers) = out.headers_mut() {
                *headers = answer.headers().clone();
                stamp(headers, SystemClock.now());
            }
            let mut bytes = BytesMut::new();
            while let Some(chunk) = answer.chunk().await.map_err(|e| classify(&e))? {
                if bytes.len() + chunk.len() > self.max_body {
                    return Err(TransportError::TooLarge { limit: self.max_body });
                }
                bytes.extend_from_slice(&chunk);
            }
            out.body(Bytes::from(bytes))
                .map_err(|e| TransportError::Interrupted(e.to_string()))
        })
    }
}

impl HttpClient {
    /// What the resolver does not see: an address in figures, and names that a proxy resolves.
    async fn judge(&self, uri: &http::Uri) -> Result<(), TransportError> {
        let Some(host) = uri.host() else {
            return Err(TransportError::Connect("the address names no host".to_owned()));
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self
                .resolver
                .judge(host, address)
                .map_err(TransportError::OutOfReach);
        }
        if self.resolver.proxies.is_empty() {
            return Ok(());
        }
        match self.resolver.addresses(host).await {
            Err(error) => match error.downcast::<OutOfReach>() {
                Ok(out) => Err(TransportError::OutOfReach(*out)),
                // Only the proxy can resolve it, perhaps.
                Err(_) => Ok(()),
            },
            Ok(_) => Ok(()),
        }
    }
}

/// The error without its URL: addresses and tokens can stand there.
fn classify(error: &reqwest::Error) -> TransportError {
    if let Some(out) = out_of_reach(error) {
        return TransportError::OutOfReach(out);
    }
    if error.is_connect() || error.is_builder() {
        return TransportError::Connect(root_cause(error));
    }
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    TransportError::Interrupted(root_cause(error))
}

fn out_of_reach(error: &reqwest::Error) -> Option<OutOfReach> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(next) = cause {
        if let Some(out) = next.downcast_ref::<OutOfReach>() {
            return Some(out.clone());
        }
        cause = next.source();
    }
    None
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if std::ptr::addr_eq(cause, error) {
        "request failed".to_owned()
    } else {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests;
