//! Opens an answer: HTTP status and `code` together say whether it holds anything (sare-api.md 3).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use ports::Private;
use serde_json::{Map, Value};

use super::lenient::{integer, parse_json};
use super::outcome::reasons;
use crate::error::Error;
use crate::redact::redact;

/// A successful answer.
pub(crate) struct Envelope {
    /// `response`, or the whole answer where there is no envelope round it; `None` where the envelope
    /// holds none.
    pub payload: Option<Value>,
    /// `error` or `errors` beside `response`; `null` if there are none.
    pub outer_errors: Value,
    /// Whether there is an envelope at all.
    pub enveloped: bool,
    body: Bytes,
}

impl Envelope {
    /// The error for an answer whose payload does not fit.
    pub fn not_understood(&self, what: &'static str) -> Error {
        Error::NotUnderstood {
            what,
            redacted_body: redact(&self.body).into(),
        }
    }

    /// The payload, which a read must have.
    pub fn payload(&self, what: &'static str) -> Result<&Value, Error> {
        self.payload.as_ref().ok_or_else(|| self.not_understood(what))
    }
}

/// An answer that holds nothing.
pub(crate) struct Refusal {
    /// What it means.
    pub error: Error,
    /// For [`Error::Rejected`]: the 4xx number, if the answer has the envelope and so surely comes from
    /// the API, not from something in front of it.
    pub enveloped: Option<u16>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error,
            enveloped: None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

enum Code {
    Absent,
    Number(u16),
    Odd,
}

fn code_of(root: Option<&Map<String, Value>>) -> Code {
    match root.and_then(|members| members.get("code")) {
        None | Some(Value::Null) => Code::Absent,
        Some(value) => integer(value)
            .and_then(|code| u16::try_from(code).ok())
            .map_or(Code::Odd, Code::Number),
    }
}

/// Opens an answer.
pub(crate) fn open(
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Bytes,
) -> Result<Envelope, Refusal> {
    let root = parse_json(&body);
    let members = root.as_ref().and_then(Value::as_object);
    let code = code_of(members);
    let enveloped = members.is_some_and(|m| m.contains_key("code") || m.contains_key("response"));

    let numbers = match code {
        Code::Number(code) => [status.as_u16(), code],
        Code::Absent | Code::Odd => [status.as_u16(); 2],
    };
    let first = |is: fn(u16) -> bool| numbers.into_iter().find(|number| is(*number));
    if let Some(status) = first(|n| matches!(n, 401 | 403)) {
        return Err(Error::Unauthorized { status }.into());
    }
    if first(|n| n == 429).is_some() {
        return Err(Error::RateLimited { retry_after }.into());
    }
    if status.is_redirection() {
        // Never followed: the key would travel with it. It is how maintenance can look (sare-api.md 15).
        let status = status.as_u16();
        return Err(Error::Unavailable { status, retry_after }.into());
    }
    if let Some(status) = first(|n| matches!(n, 408 | 425 | 500..=599)) {
        return Err(Error::Unavailable { status, retry_after }.into());
    }
    if first(|n| n == 413).is_some() {
        return Err(Error::TooLarge.into());
    }
    if let Some(number) = first(|n| matches!(n, 400..=499)) {
        let code = match code {
            Code::Number(code) => Some(i64::from(code)),
            Code::Absent | Code::Odd => None,
        };
        let message = root.as_ref().map(message).unwrap_or_default();
        let error = Error::Rejected {
            status: status.as_u16(),
            code,
            message,
        };
        return Err(Refusal {
            error,
            enveloped: enveloped.then_some(number),
        });
    }
    let not_understood = |what| -> Refusal {
        Error::NotUnderstood {
            what,
            redacted_body: redact(&body).into(),
        }
        .into()
    };
    if !status.is_success() {
        return Err(not_understood("an answer of success"));
    }
    let code_says_success = match code {
        Code::Absent => true,
        Code::Number(code) => (200..300).contains(&code),
        Code::Odd => false,
    };
    if !code_says_success {
        return Err(not_understood("a `code` of 200"));
    }
    let Some(root) = root else {
        return Err(not_understood("JSON"));
    };
    let (payload, outer_errors) = take_apart(root);
    Ok(Envelope {
        payload,
        outer_errors,
        enveloped,
        body,
    })
}

fn take_apart(root: Value) -> (Option<Value>, Value) {
    let Value::Object(mut members) = root else {
        return (Some(root), Value::Null);
    };
    if let Some(response) = members.remove("response") {
        let errors = members.remove("error").or_else(|| members.remove("errors"));
        return (Some(response), errors.unwrap_or(Value::Null));
    }
    for name in ["code", "status"] {
        members.remove(name);
    }
    let payload = (!members.is_empty()).then_some(Value::Object(members));
    (payload, Value::Null)
}

/// SARE's reason for refusing a whole call, wherever it may stand.
fn message(root: &Value) -> Private {
    let response = root.get("response").unwrap_or(&Value::Null);
    let mut texts = reasons(response, root);
    if texts.is_empty() {
        let places = [root.get("message"), response.get("message"), Some(response)];
        texts.extend(
            places
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .take(1),
        );
    }
    texts.join("; ").into()
}
