//! A transport that answers from a script and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ports::{BoxFuture, Request, Response, Transport, TransportError};
use sare_api::{Client, Uid};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The key that every client here has.
pub const KEY: &str = "8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630";
/// Two people.
pub const ANNA: &str = "anna@example.com";
pub const JAN: &str = "Jan.Kowalski+sklep@example.com";

/// Answers in the order in which they were given; the last one again and again.
pub struct Script {
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
    sent: Mutex<Vec<Request>>,
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let next = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        let next = next.expect("a script has an answer");
        Box::pin(async move { next })
    }
}

impl Script {
    /// A client and its script.
    pub fn of(answers: impl IntoIterator<Item = Result<Response, TransportError>>) -> (Client, Arc<Self>) {
        Self::at("https://s.enewsletter.pl/api/v1", answers)
    }

    /// The same with the API at another address.
    pub fn at(
        base: &str,
        answers: impl IntoIterator<Item = Result<Response, TransportError>>,
    ) -> (Client, Arc<Self>) {
        let script = Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
        });
        let transport: Arc<dyn Transport> = Arc::clone(&script) as Arc<dyn Transport>;
        let uid = Uid::parse("12345").unwrap();
        (
            Client::new(transport, &base.parse().unwrap(), &uid, SecretString::from(KEY)),
            script,
        )
    }

    /// What was sent so far.
    pub fn sent(&self) -> Vec<Request> {
        self.sent.lock().unwrap().clone()
    }

    /// The URLs that were asked, after the account's number.
    pub fn paths(&self) -> Vec<String> {
        let path = |request: &Request| request.uri().path().rsplit_once("/12345/").unwrap().1.to_owned();
        self.sent().iter().map(path).collect()
    }

    /// The newest body.
    pub fn body(&self) -> Value {
        serde_json::from_slice(self.sent().last().expect("something was sent").body()).unwrap()
    }
}

/// An answer of that HTTP status and body.
pub fn raw(status: u16, body: impl Into<String>) -> Result<Response, TransportError> {
    Ok(http::Response::builder()
        .status(status)
        .body(Bytes::from(body.into()))
        .unwrap())
}

/// The same with `Retry-After`.
pub fn retry(status: u16, seconds: &str) -> Result<Response, TransportError> {
    let answer = http::Response::builder()
        .status(status)
        .header("Retry-After", seconds);
    Ok(answer.body(Bytes::new()).unwrap())
}

/// A successful answer in SARE's envelope.
pub fn ok(response: Value) -> Result<Response, TransportError> {
    raw(
        200,
        json!({ "code": 200, "status": "OK", "response": response }).to_string(),
    )
}

/// An enveloped refusal whose HTTP status and `code` agree.
pub fn refused(code: u16, response: Value) -> Result<Response, TransportError> {
    raw(
        code,
        json!({ "code": code, "status": "Error", "response": response }).to_string(),
    )
}

/// A page in place of JSON.
pub fn html(status: u16) -> Result<Response, TransportError> {
    raw(
        status,
        "<!DOCTYPE html><html><body>Przerwa techniczna</body></html>",
    )
}
