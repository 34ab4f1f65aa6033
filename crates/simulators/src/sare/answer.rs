//! Answers of the simulated account: the envelope of sare-api.md 3 in the shape that is set.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use ports::Response;
use serde_json::{Map, Value, json};

use super::settings::{AccountSettings, MissingContact};

/// An answer that ends a call early. Boxed, as answers are large.
pub(super) type Refused = Box<Response>;

/// A successful answer.
pub(super) fn ok(settings: &AccountSettings, response: Value) -> Response {
    enveloped(settings, StatusCode::OK, 200, response)
}

/// An answer whose HTTP status and `code` agree.
pub(super) fn refused(settings: &AccountSettings, status: StatusCode, response: Value) -> Response {
    enveloped(settings, status, status.as_u16(), response)
}

/// An answer with `code` and HTTP status of one's own choice.
pub(super) fn enveloped(
    settings: &AccountSettings,
    status: StatusCode,
    code: u16,
    response: Value,
) -> Response {
    let shape = settings.envelope;
    let mut envelope = Map::new();
    let number = if shape.code_as_string {
        json!(code.to_string())
    } else {
        json!(code)
    };
    envelope.insert("code".to_owned(), number);
    if shape.with_status {
        let text = match code {
            200 => "OK",
            code => StatusCode::from_u16(code)
                .ok()
                .and_then(|s| s.canonical_reason())
                .unwrap_or("Error"),
        };
        envelope.insert("status".to_owned(), json!(text));
    }
    if shape.extra_members {
        envelope.insert("version".to_owned(), json!("0.17.2"));
        envelope.insert("meta".to_owned(), json!({ "time": 0.012, "code": 0 }));
    }
    envelope.insert("response".to_owned(), response);
    let body = serde_json::to_vec(&envelope).expect("a JSON value can always be written");
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The answer about an address that is not in the account.
pub(super) fn no_such_contact(settings: &AccountSettings) -> Response {
    match settings.missing_contact {
        MissingContact::NotFound => refused(settings, StatusCode::NOT_FOUND, Value::Null),
        MissingContact::BadRequest => refused(settings, StatusCode::BAD_REQUEST, Value::Null),
        MissingContact::Empty => ok(settings, json!([])),
    }
}

/// HTTP 400 with a reason.
pub(super) fn bad_request(settings: &AccountSettings, why: &str) -> Response {
    refused(
        settings,
        StatusCode::BAD_REQUEST,
        json!({ "error": [{ "why": why }] }),
    )
}
