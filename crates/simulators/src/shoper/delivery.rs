//! Webhooks on their way out: what is sent, how it is signed, and what goes wrong with it
//! (shoper-api.md F.4–F.6).

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::Millis;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::json::Json;
use super::list::object;
use super::rows::orders::Order;
use super::rows::subscribers::Subscriber;
use super::rows::users::Customer;
use super::rows::webhooks::Webhook;
use super::rows::{Row, Shown};
use super::settings::{ShopSettings, WebhookFaults, WebhookPayload, WebhookSigning};
use super::signature::{derived_webhook_secret, webhook_sha1};
use super::table::Table;

/// One attempt to deliver an event. It is tried once, with a time limit of 3 seconds, and never
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// All headers, `Content-Type` included.
    pub headers: Vec<(String, String)>,
    /// The body that was signed.
    pub body: Bytes,
    /// The event, such as `client.edit`.
    pub event: String,
    /// When it is to be sent.
    pub due_at: Millis,
    /// The webhook it belongs to.
    pub webhook_id: i64,
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Customer(&'a Customer),
    Subscriber(&'a Subscriber),
    Order(&'a Order),
}

/// Deliveries that wait, in the order in which they will be sent.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: BTreeMap<(Millis, u64), Delivery>,
    pub faults: WebhookFaults,
    rng: ChaCha8Rng,
    sequence: u64,
    last_due: Millis,
}

impl Outbox {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            waiting: BTreeMap::new(),
            faults: WebhookFaults::default(),
            // Apart from the shop's own, so that faults do not change tokens.
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0x0077_6562_686f_6f6b),
            sequence: 0,
            last_due: Millis::MIN,
        }
    }

    pub(super) fn next_due(&self) -> Option<Millis> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn take(&mut self, now: Millis) -> Vec<Delivery> {
        let later = self.waiting.split_off(&(now.saturating_add(1), 0));
        let mut due: Vec<Delivery> = std::mem::replace(&mut self.waiting, later)
            .into_values()
            .collect();
        if self.faults.out_of_order {
            due.shuffle(&mut self.rng);
        }
        due
    }

    pub(super) fn drop_of(&mut self, webhook: i64) {
        self.waiting.retain(|_, delivery| delivery.webhook_id != webhook);
    }

    fn push(&mut self, now: Millis, delivery: &Delivery) {
        if self.chance(self.faults.drop) {
            return;
        }
        let copies = if self.chance(self.faults.double) { 2 } else { 1 };
        for _ in 0..copies {
            let delay_max = i64::try_from(self.faults.delay_max.as_millis()).unwrap_or(i64::MAX);
            let delay = if delay_max > 0 {
                self.rng.random_range(0..=delay_max)
            } else {
                0
            };
            let mut due_at = now.saturating_add(delay);
            if !self.faults.out_of_order {
                due_at = due_at.max(self.last_due);
                self.last_due = due_at;
            }
            self.sequence += 1;
            let delivery = Delivery {
                due_at,
                ..delivery.clone()
            };
            self.waiting.insert((due_at, self.sequence), delivery);
        }
    }

    /// Queues an event for every webhook that wants it.
    pub(super) fn queue(
        &mut self,
        hooks: &Table<Webhook>,
        host: &str,
        (event, payload): (&str, Payload<'_>),
        shown: Shown<'_>,
        now: Millis,
    ) {
        let wants =
            |hook: &Webhook| hook.active && hook.json && hook.events.iter().any(|wanted| wanted == event);
        if !hooks.iter().any(|hook| wants(hook)) {
            return;
        }
        let settings = shown.settings;
        let amount = if event.ends_with(".delete") {
            settings.delete_payload
        } else {
            settings.webhook_payload
        };
        let body = Bytes::from(payload.body(shown, amount));
        for hook in hooks.iter().filter(|hook| wants(hook)) {
            let delivery = Delivery {
                url: hook.url.clone(),
                headers: headers(settings, host, hook, event, &body),
                body: body.clone(),
                event: event.to_owned(),
                due_at: now,
                webhook_id: hook.id,
            };
            self.push(now, &delivery);
        }
    }

    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.random::<f64>() < share
    }
}

impl Payload<'_> {
    fn body(self, shown: Shown<'_>, amount: WebhookPayload) -> Vec<u8> {
        match self {
            Self::Customer(row) => body(row, shown, amount),
            Self::Subscriber(row) => body(row, shown, amount),
            Self::Order(row) => body(row, shown, amount),
        }
    }
}

fn body<T: Row>(row: &T, shown: Shown<'_>, amount: WebhookPayload) -> Vec<u8> {
    match amount {
        WebhookPayload::Full => object(row, shown),
        WebhookPayload::IdOnly => {
            let mut json = Json::new(shown.settings);
            json.object(None, |json| json.id(T::ID, row.id()));
            json.into_bytes()
        }
    }
}

fn headers(
    settings: &ShopSettings,
    host: &str,
    hook: &Webhook,
    event: &str,
    body: &[u8],
) -> Vec<(String, String)> {
    let secret = match settings.webhook_signing {
        WebhookSigning::Plain => hook.secret.clone(),
        WebhookSigning::Derived => derived_webhook_secret(
            &settings.appstore_secret,
            &settings.license,
            &settings.webhook_secret,
        ),
        WebhookSigning::OwnDerived => {
            derived_webhook_secret(&settings.appstore_secret, &settings.license, &hook.secret)
        }
        WebhookSigning::AppStoreSecret => settings.appstore_secret.clone(),
        WebhookSigning::Empty => String::new(),
    };
    [
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        ("User-Agent", format!("Shop Webhook Sender {}", settings.version)),
        ("X-Webhook-Id", hook.id.to_string()),
        ("X-Webhook-Name", event.to_owned()),
        ("X-Webhook-SHA1", webhook_sha1(hook.id, &secret, body)),
        ("X-Shop-Domain", host.to_owned()),
        ("X-Shop-License", settings.license.clone()),
        ("X-Shop-Version", settings.version.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
