//! The real transport: reqwest over rustls.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::transport::{BoxFuture, Request, Response, Transport, TransportError};

/// Limits of the real transport.
#[derive(Debug, Clone, Copy)]
pub struct HttpClientSettings {
    /// Time for connecting.
    pub connect_timeout: Duration,
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// Greatest body of an answer, in bytes.
    pub max_body: usize,
}

impl Default for HttpClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(8),
            timeout: Duration::from_secs(25),
            max_body: 16 << 20,
        }
    }
}

/// HTTP/1.1 over rustls (ring), connections reused, no redirects, bodies bounded.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    max_body: usize,
}

impl HttpClient {
    /// Builds the client.
    ///
    /// # Errors
    /// When the system's certificate store cannot be read.
    pub fn new(settings: HttpClientSettings) -> Result<Self, String> {
        // A second call finds a provider installed, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .http1_only()
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            client,
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
            let mut builder = self.client.request(parts.method, parts.uri.to_string());
            builder = builder.headers(parts.headers).body(body);
            let request = builder.build().map_err(|e| classify(&e))?;
            #[expect(clippy::disallowed_methods, reason = "this is the transport itself")]
            let mut answer = self.client.execute(request).await.map_err(|e| classify(&e))?;
            let mut out = http::Response::builder().status(answer.status());
            if let Some(headers) = out.headers_mut() {
                *headers = answer.headers().clone();
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

/// The error without its URL: addresses and tokens can stand there.
fn classify(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        return TransportError::Connect(root_cause(error));
    }
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    TransportError::Interrupted(root_cause(error))
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
