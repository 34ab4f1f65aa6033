//! The shop as a client sees it, checked against the reference alone: every test names the section it holds
//! the shop to.

mod access;
mod deliveries;
mod faults;
mod filters;
mod hooks;
mod lifecycle;
mod limits;
mod lists;
mod rows;
mod subscribers;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use ports::{ManualClock, Millis, Request, Response};
use serde_json::{Value, json};

use super::{NewCustomer, Shop, ShopSettings};

/// 2026-11-23 12:00:00 in Warsaw.
const NOW: Millis = 1_795_431_600_000;
const ANNA: &str = "anna@example.com";
const JAN: &str = "jan@example.com";

/// A shop, the clock that it looks at, and a token for it.
struct Site {
    shop: Shop,
    clock: Arc<ManualClock>,
    token: String,
}

/// A shop without a request limit, with default settings but for those that `change` changes.
fn a_shop(change: impl FnOnce(&mut ShopSettings)) -> Site {
    let mut settings = ShopSettings {
        bucket: None,
        ..ShopSettings::default()
    };
    change(&mut settings);
    let clock = Arc::new(ManualClock::at(NOW));
    let shop = Shop::new(settings, clock.clone(), 1);
    let token = shop.issue_tokens().access;
    Site { shop, clock, token }
}

fn a_plain_shop() -> Site {
    a_shop(|_| {})
}

/// An answer taken apart.
#[derive(Debug)]
struct Seen {
    status: u16,
    json: Value,
    answer: Response,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.answer
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The ids in a list, in their order.
    fn ids(&self, name: &str) -> Vec<i64> {
        let rows = self.json["list"].as_array().expect("a list");
        rows.iter()
            .map(|row| row[name].as_str().unwrap().parse().unwrap())
            .collect()
    }

    /// Status and `error` of a refusal.
    fn refusal(&self) -> (u16, &str) {
        (self.status, self.json["error"].as_str().unwrap_or_default())
    }
}

impl Site {
    fn request(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Request {
        http::Request::builder()
            .method(method)
            .uri(format!("{}/webapi/rest/{path}", self.shop.base_url()))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/json")
            .body(body.into())
            .unwrap()
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Seen {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.ask(&self.request(method, path, body))
    }

    fn ask(&self, request: &Request) -> Seen {
        let answer = self.shop.handle(request);
        Seen {
            status: answer.status().as_u16(),
            json: serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
            answer,
        }
    }

    fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> Seen {
        self.send(Method::POST, path, body)
    }

    fn put(&self, path: &str, body: &Value) -> Seen {
        self.send(Method::PUT, path, body)
    }

    fn delete(&self, path: &str) -> Seen {
        self.send(Method::DELETE, path, &Value::Null)
    }

    /// A list with filters in JSON, as encoded in a query.
    fn filtered(&self, resource: &str, filters: &Value, rest: &str) -> Seen {
        let filters: String = url::form_urlencoded::byte_serialize(filters.to_string().as_bytes()).collect();
        self.get(&format!("{resource}?filters={filters}{rest}"))
    }

    fn customers(&self, count: usize) -> Vec<i64> {
        let customer = |n: usize| {
            NewCustomer::new(format!("n{n}@example.com"))
                .name("Jan", format!("Nowak{n:03}"))
                .newsletter(n.is_multiple_of(2))
        };
        (1..=count).map(|n| self.shop.add_customer(customer(n))).collect()
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Registers a webhook for these events and gives its id.
    fn hook(&self, secret: &str, events: &[&str]) -> i64 {
        let body = json!({
            "url": "https://app.example/hook", "format": 0, "active": true, "secret": secret, "events": events,
        });
        self.post("webhooks", &body).json.as_i64().expect("an id")
    }

    /// The names of the events that are due, oldest first.
    fn events(&self) -> Vec<String> {
        self.shop
            .take_deliveries(Millis::MAX)
            .into_iter()
            .map(|delivery| delivery.event)
            .collect()
    }
}
