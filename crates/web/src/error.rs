//! What can go wrong in answering, by what the caller can do about it, told as problem details (RFC 9457).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use sync_core::words;
use utoipa::ToSchema;

use crate::api::words::Word;

/// Why a call is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is served under this address.
    #[error("there is nothing at this address")]
    NoSuchPage,
    /// The address is served, but not by this method.
    #[error("this address does not take that method")]
    MethodNotAllowed,
    /// The part of the server that the address belongs to is switched off.
    #[error("this part of the server is switched off")]
    SwitchedOff,
    /// No shop by that host or licence.
    #[error("there is no such shop here")]
    NoSuchShop,
    /// The shop has no such run.
    #[error("the shop has no such run")]
    NoSuchRun,
    /// The ledger does not know the address, or has erased it.
    #[error("the ledger does not know this address")]
    NoSuchContact,
    /// No bearer token, or not the right one.
    #[error("a bearer token is needed")]
    Unauthorised,
    /// A signature, a token or a session that proves nothing.
    #[error("{0}")]
    NotProven(&'static str),
    /// Proven, and still not allowed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// What was sent cannot be read; the text says what would be right.
    #[error("{0}")]
    Malformed(String),
    /// The shop is no longer served here.
    #[error("the app was removed from this shop")]
    Gone,
    /// The shop has no configuration yet.
    #[error("the shop is not configured yet")]
    NotConfigured,
    /// The shop has no key of SARE.
    #[error("the shop is not connected to SARE: it has no API key")]
    NotConnected,
    /// SARE refuses the shop's key.
    #[error("SARE refuses the API key: give one that it takes, or have it asked again")]
    KeyRefused,
    /// The shop refuses our access.
    #[error("the shop refuses access: the app must be installed in it again")]
    NoAccess,
    /// Synchronisation of the shop is paused.
    #[error("synchronisation of the shop is paused")]
    Paused,
    /// Another run of the shop is not over yet.
    #[error("run {0} of the shop is not over yet")]
    RunActive(i64),
    /// The brake holds nothing.
    #[error("the brake holds nothing of this shop")]
    NothingBraked,
    /// The ledger is busy or cannot be reached; later it may be.
    #[error("the ledger cannot be asked now")]
    Busy,
    /// The ledger failed.
    #[error("the ledger cannot be asked now")]
    Store(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::RunActive(run) => Self::RunActive(run),
            store::Error::NoSuchShop => Self::NoSuchShop,
            other => Self::Store(other),
        }
    }
}

impl From<engine::RunObstacle> for Error {
    fn from(error: engine::RunObstacle) -> Self {
        match error {
            engine::RunObstacle::NotConfigured => Self::NotConfigured,
            engine::RunObstacle::NotConnected => Self::NotConnected,
            engine::RunObstacle::KeyRefused => Self::KeyRefused,
            engine::RunObstacle::NoAccess => Self::NoAccess,
            engine::RunObstacle::Paused => Self::Paused,
            engine::RunObstacle::Active(run) => Self::RunActive(run),
            engine::RunObstacle::Store(error) => error.into(),
        }
    }
}

words!(match Error {
    Self::NoSuchPage = "no-such-page",
    Self::MethodNotAllowed = "method-not-allowed",
    Self::SwitchedOff = "switched-off",
    Self::NoSuchShop = "no-such-shop",
    Self::NoSuchRun = "no-such-run",
    Self::NoSuchContact = "no-such-contact",
    Self::Unauthorised = "unauthorised",
    Self::NotProven(_) = "not-proven",
    Self::Forbidden(_) = "forbidden",
    Self::Malformed(_) = "malformed",
    Self::Gone = "gone",
    Self::NotConfigured = "not-configured",
    Self::NotConnected = "not-connected",
    Self::NoAccess = "no-access",
    Self::KeyRefused = "key-refused",
    Self::Paused = "paused",
    Self::RunActive(_) = "run-active",
    Self::NothingBraked = "nothing-braked",
    Self::Busy | Self::Store(_) = "unavailable",
});

impl Error {
    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage
            | Self::SwitchedOff
            | Self::NoSuchShop
            | Self::NoSuchRun
            | Self::NoSuchContact => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorised | Self::NotProven(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Gone => StatusCode::GONE,
            Self::NotConfigured
            | Self::NotConnected
            | Self::NoAccess
            | Self::KeyRefused
            | Self::Paused
            | Self::RunActive(_)
            | Self::NothingBraked => StatusCode::CONFLICT,
            Self::Busy | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Logs what only the operator should read. The answer itself never carries a source's words.
    pub(crate) fn log(&self) {
        if let Self::Store(error) = self {
            tracing::error!(%error, "the ledger failed");
        }
    }
}

/// What a request fails with.
pub type CodeWord = Word<Error>;

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: CodeWord,
    /// What is wrong, for people.
    pub detail: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: Word::of(&self),
            detail: self.to_string(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::Unauthorised => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Busy | Self::Store(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}
