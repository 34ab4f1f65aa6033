//! A transport that answers what a test wrote down and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use ports::{BoxFuture, Transport, TransportError};
use serde_json::Value;
use shoper_api::{Client, ShopUrl};

/// An answer to come.
pub type Answer = Result<Response<Bytes>, TransportError>;

/// The transport.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Play>>);

#[derive(Default)]
struct Play {
    answers: VecDeque<Answer>,
    requests: Vec<Request<Bytes>>,
}

impl Script {
    /// Answers these in turn.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(Play {
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        })))
    }

    /// A client that asks it.
    pub fn client(&self) -> Client {
        Client::new(Arc::new(self.clone()), shop(), "token-secret-1".into())
    }

    /// Requests so far; every answer must have been fetched.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        let inner = self.0.lock().expect("no test panics while asking");
        assert!(
            inner.answers.is_empty(),
            "{} answers were not fetched",
            inner.answers.len()
        );
        inner.requests.clone()
    }

    /// The same as lines: method, path below `/webapi/rest/`, decoded query.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(line).collect()
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Answer> {
        let mut inner = self.0.lock().expect("no test panics while asking");
        inner.requests.push(request);
        let answer = inner.answers.pop_front().expect("no more requests than answers");
        Box::pin(async move { answer })
    }
}

fn line(request: &Request<Bytes>) -> String {
    let path = request.uri().path().trim_start_matches("/webapi/rest/");
    let query = request.uri().query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| format!("{name}={value}"));
    let query = pairs.collect::<Vec<_>>().join("&");
    let question = if query.is_empty() { "" } else { "?" };
    format!("{} {path}{question}{query}", request.method())
}

/// The scripted shop.
pub fn shop() -> ShopUrl {
    ShopUrl::parse("https://sklep000001.shoparena.pl", false).expect("a shop's address")
}

/// An answer with that status and body.
pub fn raw(status: u16, body: &str) -> Answer {
    Ok(Response::builder()
        .status(status)
        .body(Bytes::from(body.to_owned()))
        .expect("a status and a body"))
}

/// 200 with JSON.
pub fn json(body: Value) -> Answer {
    raw(200, &body.to_string())
}

/// Shoper's own error.
pub fn refused(status: u16, code: &str) -> Answer {
    raw(
        status,
        &serde_json::json!({ "error": code, "error_description": "Resource not found" }).to_string(),
    )
}

/// A list as live shops answer it: `count` is a text.
pub fn list(count: u64, pages: u64, page: u64, rows: Vec<Value>) -> Answer {
    json(serde_json::json!({ "count": count.to_string(), "pages": pages, "page": page, "list": rows }))
}

/// An answer with one more header.
pub fn with_header(answer: Answer, name: &'static str, value: &'static str) -> Answer {
    let mut answer = answer.expect("an answer");
    answer
        .headers_mut()
        .insert(name, value.parse().expect("a value of a header"));
    Ok(answer)
}
