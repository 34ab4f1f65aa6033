//! How the simulated account behaves: answers in every variant, the state machine, the webhook.

mod answers;
mod groups;
mod hands;
mod limits;
mod state_machine;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use ports::{ManualClock, Millis, Request, Response};
use serde_json::{Value, json};

use super::{Account, AccountSettings, BASE_PATH, ContactView};

const NOW: Millis = 1_764_000_000_000;
const ANNA: &str = "anna@example.com";
const JAN: &str = "jan.kowalski@example.com";

/// An account and the clock that it looks at.
struct World {
    account: Account,
    clock: Arc<ManualClock>,
}

/// An account with default settings but for those that `change` changes.
fn an_account(change: impl FnOnce(&mut AccountSettings)) -> World {
    let mut settings = AccountSettings::default();
    change(&mut settings);
    let clock = Arc::new(ManualClock::at(NOW));
    World {
        account: Account::new(settings, clock.clone(), 7),
        clock,
    }
}

fn a_plain_account() -> World {
    an_account(|_| {})
}

impl World {
    /// The same with one contact in it.
    fn with(self, email: &str, status: i64, groups: &[i64]) -> Self {
        self.account.put_contact(email, status, groups);
        self
    }

    fn request(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Request {
        let settings = self.account.settings();
        http::Request::builder()
            .method(method)
            .uri(format!(
                "https://s.enewsletter.pl{BASE_PATH}/{}{path}",
                settings.uid
            ))
            .header("ApiKey", &settings.api_key)
            .header("Content-Type", "application/json")
            .body(body.into())
            .unwrap()
    }

    fn raw(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Response {
        self.account.handle(&self.request(method, path, body))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        parts(&self.raw(Method::GET, path, Bytes::new()))
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        parts(&self.raw(Method::POST, path, body.to_string()))
    }

    /// Adds with every switch off but those of `flags`.
    fn add(&self, flags: &[&str], items: &Value) -> (u16, Value) {
        let mut body = json!({ "emails": items });
        for flag in flags {
            body[*flag] = json!(true);
        }
        self.post("/email/add", &body)
    }

    /// Adds one contact and expects that it is accepted.
    fn add_one(&self, flags: &[&str], item: &Value) {
        let (status, answer) = self.add(flags, &json!([item]));
        assert_eq!(
            (status, &answer["response"]["error"]),
            (200, &json!([])),
            "{answer}"
        );
    }

    /// Adds one contact and gives the reason for which it is refused.
    fn refusal(&self, flags: &[&str], item: &Value) -> String {
        let (status, answer) = self.add(flags, &json!([item]));
        assert_eq!(status, 200);
        answer["response"]["error"][0]["why"]
            .as_str()
            .expect("a refusal")
            .to_owned()
    }

    fn contact(&self, email: &str) -> ContactView {
        self.account.contact(email).expect("the contact is there")
    }

    fn status(&self, email: &str) -> i64 {
        self.contact(email).status
    }

    fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }
}

fn parts(answer: &Response) -> (u16, Value) {
    (
        answer.status().as_u16(),
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
    )
}

const KEEP: &str = "only_add_to_groups";
const DATA: &str = "update_on_duplicate";
const STATUS: &str = "update_status_on_duplicate";
const CONFIRM: &str = "send_confirmation";
