//! The admin routes of a simulator's server: a door for black-box tests and the demo. The routes are
//! listed in [`crate::server`].

mod sare;
mod shop;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use ports::Response;
use serde_json::{Value, json};

use crate::faults::FaultRule;
use crate::network::Endpoint;

/// Why an admin call failed.
#[derive(Debug, thiserror::Error)]
enum AdminError {
    /// There is no such route on this simulator.
    #[error("no such route")]
    NoSuchRoute,
    /// The body is not what the route takes.
    #[error("bad body: {0}")]
    Body(#[from] serde_json::Error),
}

/// Answers one admin call; `route` is what follows `/_sim/`.
pub(super) fn answer(endpoint: &Endpoint, method: &Method, route: &str, body: &Bytes) -> Response {
    let segments: Vec<String> = route
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match call(endpoint, method, &path, body) {
        Ok(value) => json_answer(StatusCode::OK, &value),
        Err(error) => {
            let status = match error {
                AdminError::NoSuchRoute => StatusCode::NOT_FOUND,
                AdminError::Body(_) => StatusCode::BAD_REQUEST,
            };
            json_answer(status, &json!({ "error": error.to_string() }))
        }
    }
}

fn call(endpoint: &Endpoint, method: &Method, path: &[&str], body: &Bytes) -> Result<Value, AdminError> {
    if let (["faults"], Some(faults)) = (path, endpoint.faults()) {
        if *method == Method::POST {
            faults.add(serde_json::from_slice::<FaultRule>(body)?);
        } else if *method == Method::DELETE {
            faults.clear();
        } else {
            return Err(AdminError::NoSuchRoute);
        }
        return Ok(json!({}));
    }
    match endpoint {
        Endpoint::Sare(account) => sare::call(account, method, path, body),
        Endpoint::Shop(shop) => shop::call(shop, method, path, body),
        Endpoint::Handler(_) => Err(AdminError::NoSuchRoute),
    }
}

/// An answer in JSON.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> Response {
    let mut answer = Response::new(Bytes::from(value.to_string()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Puts the members of `change` over those of `target`, objects within objects as well.
fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, change) => *target = change,
    }
}
