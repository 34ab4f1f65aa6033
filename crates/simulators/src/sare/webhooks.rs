//! The outgoing webhook: what a click on an unsubscribe link sends to the account's URLs
//! (sare-api.md 11.2; every member of the JSON is invented).

use std::time::Duration;

use bytes::Bytes;
use ports::{Millis, millis};
use serde_json::{Value, json};

use super::settings::{Webhook, WebhookShape};

/// A webhook call that waits to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where to POST it.
    pub url: String,
    /// Headers, name and value.
    pub headers: Vec<(String, String)>,
    /// The JSON body.
    pub body: Bytes,
    /// The kind of event: `unsubscribe`.
    pub event: String,
    /// When it is to be made, in milliseconds since 1970.
    pub due_at: Millis,
}

/// The calls that report one unsubscribe, without those of strangers. `jitter` is drawn by the caller
/// for accounts whose calls overtake each other.
pub(super) fn unsubscribe(webhook: &Webhook, email: &str, now: Millis, jitter: Duration) -> Vec<Delivery> {
    let body = Bytes::from(body(webhook.shape, email, now).to_string());
    let due_at = now + millis(webhook.late) + millis(jitter);
    let times = if webhook.doubled { 2 } else { 1 };
    let urls = webhook
        .urls
        .iter()
        .flat_map(|url| std::iter::repeat_n(url, times));
    urls.map(|url| Delivery {
        url: url.clone(),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.clone(),
        event: "unsubscribe".to_owned(),
        due_at,
    })
    .collect()
}

fn body(shape: WebhookShape, email: &str, now: Millis) -> Value {
    let date = jiff::Timestamp::from_millisecond(now)
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default();
    match shape {
        WebhookShape::User => json!({
            "event": "unsubscribe", "date": date, "user": { "email": email }, "mailing": { "id": 1 },
        }),
        WebhookShape::OtherNames => {
            json!({ "typ": "wypis", "data": date, "adres": email, "mailing_id": 1 })
        }
        WebhookShape::Nested => json!({
            "events": [{
                "type": "unsubscribe",
                "at": date,
                "payload": { "contact": { "email": email, "ip": "203.0.113.7" } },
            }],
        }),
        WebhookShape::NoAddress => json!({
            "event": "unsubscribe", "date": date, "user": { "id": 77 }, "mailing": { "id": 1 },
        }),
    }
}
