//! Why a call gave no result, by what the caller can do about it (shoper-api.md D.6).

use std::time::Duration;

use ports::{Private, TransportError};

use crate::shop_url::ShopUrl;

/// Why a call gave no result. Neither `Display` nor `Debug` shows anything personal: of the shop's own texts
/// they hold codes that are known and known words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401: the token, code or password is wrong or has expired. Renew it once.
    #[error("the shop does not accept our access ({})", or_none(code))]
    Unauthorized {
        /// `error` of the answer, such as `unauthorized_client` or `auth_ip_not_allowed`.
        code: Option<String>,
    },
    /// 403: the app lacks a permission. Only a person can mend it (shoper-api.md H.10).
    #[error("the shop does not permit this: {resource}")]
    Forbidden {
        /// The scope that is missing, `{resource}_{read|create|edit|delete}`; the merchant's panel may
        /// word it differently.
        resource: String,
    },
    /// 404 with Shoper's own error body: there is no such object. Nothing else proves that one is gone.
    #[error("there is no such object in the shop")]
    NotFound,
    /// 400: validation, an unknown resource, a spent code.
    #[error("the shop refuses the request: {message} ({code})")]
    Invalid {
        /// `error` of the answer, such as `invalid_request` or `invalid_grant`.
        code: String,
        /// `error_description`, in the shop's language: for people, not for logic.
        message: Private,
    },
    /// Any other 4xx, and 501: this call will never work.
    #[error("the shop refuses the request (HTTP {status})")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// 409: an administrator has the record open. Try again later (shoper-api.md H.18).
    #[error("the record is being edited in the shop")]
    Locked {
        /// How long to wait, if the shop says so.
        retry_after: Option<Duration>,
    },
    /// 429: ask more slowly.
    #[error("the shop asks for fewer requests")]
    RateLimited {
        /// How long to wait, if the shop says so.
        retry_after: Option<Duration>,
    },
    /// 503 with Shoper's error body: the whole shop is locked.
    #[error("the shop is locked")]
    ShopLocked {
        /// How long to wait, if the shop says so.
        retry_after: Option<Duration>,
    },
    /// The list cannot be asked in this way: the filter is refused, or ignored.
    #[error("the shop cannot filter {resource} by {field}")]
    FilterUnsupported {
        /// The list.
        resource: &'static str,
        /// The field.
        field: &'static str,
    },
    /// 5xx, 408 and 425: the shop is out of order for now. A write may have been carried out.
    #[error("the shop is not available ({status})")]
    Server {
        /// The HTTP status.
        status: u16,
        /// How long to wait, if the shop says so.
        retry_after: Option<Duration>,
    },
    /// No answer.
    #[error("no answer from the shop: {0}")]
    Transport(#[from] TransportError),
    /// 3xx. A redirect is never followed, as the token would travel with it. A shop does it when it has moved to
    /// its own domain (shoper-api.md A.2), and so does whoever gets between us and the shop: that it is the same
    /// shop must be proven by other means before it is asked there ([`crate::standing()`]).
    #[error("the shop is elsewhere{}", to.as_ref().map_or_else(String::new, |to| format!(": {to}")))]
    Redirected {
        /// Where it wants to be asked, where that can be a shop's address.
        to: Option<ShopUrl>,
        /// Whether it is meant to last (301, 308); any other is an outage.
        for_good: bool,
    },
    /// An answer of no shape we know, or one that something in front of the shop gave. Nothing may be
    /// concluded from it.
    #[error("the shop's answer is not understood: {what} (HTTP {status}, {shape})")]
    NotUnderstood {
        /// What was expected.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// The shape of the answer without any value in it.
        shape: String,
        /// Whether it looks like overload or maintenance: a page in place of JSON, a 404 without
        /// Shoper's body.
        passing: bool,
    },
    /// More operations than one bulk request takes; nothing was sent.
    #[error("a bulk request takes at most {limit} operations")]
    TooManyOperations {
        /// The most it takes.
        limit: usize,
    },
}

fn or_none(code: &Option<String>) -> &str {
    code.as_deref().unwrap_or("no reason given")
}

impl Error {
    /// Whether the same call may well work later without anybody mending anything.
    ///
    /// A redirect counts: maintenance looks like that, and a code or token must not be given up for it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => !matches!(error, TransportError::TooLarge { .. }),
            Self::RateLimited { .. }
            | Self::ShopLocked { .. }
            | Self::Server { .. }
            | Self::Redirected { .. } => true,
            Self::NotUnderstood { passing, .. } => *passing,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound
            | Self::Invalid { .. }
            | Self::Rejected { .. }
            | Self::Locked { .. }
            | Self::FilterUnsupported { .. }
            | Self::TooManyOperations { .. } => false,
        }
    }

    /// Whether the failure may be owed to what this very call was to be answered with: a record that the shop cannot put
    /// into words makes every answer fail in which it would stand, while all other calls work. Which of the two it is
    /// shows when another call is made.
    pub fn may_be_the_call(&self) -> bool {
        match self {
            Self::Transport(error) => !error.surely_not_sent(),
            Self::Server { .. } | Self::NotUnderstood { .. } => true,
            Self::Rejected { status } => *status != 501,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound
            | Self::Invalid { .. }
            | Self::Locked { .. }
            | Self::RateLimited { .. }
            | Self::ShopLocked { .. }
            | Self::FilterUnsupported { .. }
            | Self::Redirected { .. }
            | Self::TooManyOperations { .. } => false,
        }
    }

    /// The shop's own reason for refusing the request, if it gave one. It may name a person: for their eyes or the
    /// merchant's.
    pub fn reason(&self) -> Option<&Private> {
        match self {
            Self::Invalid { message, .. } => Some(message).filter(|message| !message.is_empty()),
            _ => None,
        }
    }

    /// How long the shop asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Locked { retry_after }
            | Self::RateLimited { retry_after }
            | Self::ShopLocked { retry_after }
            | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a list refused the very way it was asked: 400 or 404 (shoper-api.md D.2, H.11).
    pub(crate) fn refuses_filter(&self) -> bool {
        matches!(self, Self::Invalid { .. } | Self::NotFound)
    }
}
