//! Why a call gave no result, by what the caller can do about it.

use std::time::Duration;

use ports::{Private, TransportError};

/// Why a call gave no result. Neither `Display` nor `Debug` shows anything personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request surely never arrived: repeat it later.
    #[error("SARE was not reached: {0}")]
    NotSent(TransportError),
    /// No usable answer came; a write may have been carried out all the same.
    #[error("no answer from SARE: {0}")]
    Interrupted(TransportError),
    /// 401 or 403, by HTTP or by `code`: the merchant must look at UID, key and IP restrictions. Not
    /// to be repeated in a loop (sare-api.md 16 row 8).
    #[error("SARE refuses the key ({status})")]
    Unauthorized {
        /// 401 or 403. A 403 on writes while reads work: the key lacks rights (sare-api.md 16 row 21).
        status: u16,
    },
    /// 429: ask more slowly.
    #[error("SARE asks for fewer requests")]
    RateLimited {
        /// How long to wait, if SARE says so.
        retry_after: Option<Duration>,
    },
    /// 5xx, 408 and 425, or any redirect: SARE is out of order for now. A write may have been carried out.
    #[error("SARE is not available ({status})")]
    Unavailable {
        /// The HTTP status, or `code` where that one is the worse.
        status: u16,
        /// How long to wait, if SARE says so.
        retry_after: Option<Duration>,
    },
    /// Any other 4xx, by HTTP or by `code`: SARE refuses the whole call.
    #[error("SARE refuses the request (HTTP {status}, code {})", code.map_or("none".to_owned(), |c| c.to_string()))]
    Rejected {
        /// The HTTP status, 2xx where only `code` refuses.
        status: u16,
        /// `code` of the envelope, if the answer had one.
        code: Option<i64>,
        /// SARE's reason; empty when it gave none.
        message: Private,
    },
    /// 413: too much in one request.
    #[error("the request is too large for SARE")]
    TooLarge,
    /// SARE's answer has no shape we know. Nothing may be concluded from it, and a write may have been
    /// carried out (sare-api.md 16 row 1).
    #[error("SARE's answer is not understood: {what}")]
    NotUnderstood {
        /// What was expected.
        what: &'static str,
        /// The answer for support: addresses, phones, long numbers and values of members are taken out.
        redacted_body: Private,
    },
}

impl Error {
    /// Whether the same call may well work later without anybody mending anything. A page of HTML in
    /// place of JSON counts: that is how overload and maintenance can look (sare-api.md 15).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Interrupted(error) => !matches!(error, TransportError::TooLarge { .. }),
            Self::NotSent(_) | Self::RateLimited { .. } | Self::Unavailable { .. } => true,
            Self::NotUnderstood { redacted_body, .. } => redacted_body.as_str().starts_with('<'),
            Self::Unauthorized { .. } | Self::Rejected { .. } | Self::TooLarge => false,
        }
    }

    /// Whether it may be about what the request holds; the others are SARE's as a whole.
    pub fn may_be_a_contact(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::RateLimited { .. } => false,
            Self::Unauthorized { status } => *status == 403,
            Self::Unavailable { retry_after, .. } => retry_after.is_none(),
            Self::Interrupted(_) | Self::NotUnderstood { .. } | Self::Rejected { .. } | Self::TooLarge => {
                true
            }
        }
    }

    /// Whether a write may have been carried out in spite of the error.
    pub fn may_have_been_applied(&self) -> bool {
        matches!(
            self,
            Self::Interrupted(_) | Self::Unavailable { .. } | Self::NotUnderstood { .. }
        )
    }

    /// SARE's own reason for refusing the whole call, if it gave one. It may name a person, so that it is no
    /// part of `Display`.
    pub fn reason(&self) -> Option<&Private> {
        match self {
            Self::Rejected { message, .. } => Some(message).filter(|message| !message.is_empty()),
            _ => None,
        }
    }

    /// How long SARE asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether fewer items in one request may help: 400, 413, a time-out on either side, an answer
    /// too large to be read (sare-api.md 16 row 5).
    pub fn suggests_smaller_batch(&self) -> bool {
        match self {
            Self::TooLarge => true,
            Self::Rejected { status, code, .. } => *status == 400 || *code == Some(400),
            Self::Interrupted(error) => {
                matches!(error, TransportError::Timeout | TransportError::TooLarge { .. })
            }
            Self::Unavailable { status, .. } => matches!(status, 408 | 504),
            _ => false,
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        if error.surely_not_sent() {
            Self::NotSent(error)
        } else {
            Self::Interrupted(error)
        }
    }
}
