//! One HTTP exchange, and the ways in which it can fail.

use bytes::Bytes;

use crate::reach::OutOfReach;

/// A boxed future, as async functions of a trait object return it.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, T>;
/// A whole request: method, absolute URL, headers, body.
pub type Request = http::Request<Bytes>;
/// A whole answer, its body read to the end.
pub type Response = http::Response<Bytes>;

/// Sends one request and reads its answer. Redirects are answers, never followed: a token must not
/// travel to another host (shoper-api.md B.3).
pub trait Transport: Send + Sync {
    /// Sends `request` and waits for the whole answer.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// Why there is no answer. The variants differ in what the caller may assume of the other side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request surely never arrived; repeating it is safe.
    #[error("no connection: {0}")]
    Connect(String),
    /// The address leads to a place where no service of ours can be; nothing was sent.
    #[error("{0}")]
    OutOfReach(OutOfReach),
    /// No answer in time; the request may have been carried out.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke; the request may have been carried out.
    #[error("the connection broke: {0}")]
    Interrupted(String),
    /// The answer is larger than we are willing to hold in memory.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The greatest body size accepted, in bytes.
        limit: usize,
    },
}

impl TransportError {
    /// Whether the request surely had no effect, so that repeating it is safe even for writes.
    pub fn surely_not_sent(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::OutOfReach(_))
    }
}
