//! Everything of a simulated account that changes, for the calls of its API and for the hands that move it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use ports::{Millis, Request, Response};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::contacts::{Contacts, status};
use super::settings::AccountSettings;
use super::webhooks::{self, Delivery};
use crate::faults::Cut;

/// A request as it came in, with the HTTP status of its answer.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// When, in milliseconds since 1970.
    pub at: Millis,
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub body: Bytes,
    /// HTTP status of the answer.
    pub status: u16,
    /// Whether a fault broke the connection instead of answering.
    pub cut: bool,
}

/// Everything that changes.
pub(super) struct State {
    pub settings: Arc<AccountSettings>,
    pub groups: BTreeMap<i64, String>,
    pub contacts: Contacts,
    pub confirmations: u64,
    pub tokens: f64,
    pub filled_at: Millis,
    /// Adds that are answered but not carried out yet.
    pub waiting: VecDeque<Late>,
    pub requests: u64,
    pub log: VecDeque<LoggedRequest>,
    pub deliveries: Vec<Delivery>,
    pub delivered: u64,
    pub undelivered: u64,
    rng: ChaCha8Rng,
}

/// An add that takes effect later than it is answered.
pub(super) struct Late {
    pub asked_at: Millis,
    pub due_at: Millis,
    pub body: Bytes,
}

impl State {
    /// An empty account. Chance is drawn from `seed`.
    pub(super) fn new(settings: AccountSettings, now: Millis, seed: u64) -> Self {
        Self {
            groups: settings.groups.iter().cloned().collect(),
            tokens: settings.rate_limit.map_or(0.0, |limit| limit.burst.into()),
            filled_at: now,
            settings: Arc::new(settings),
            contacts: Contacts::default(),
            confirmations: 0,
            waiting: VecDeque::new(),
            requests: 0,
            log: VecDeque::new(),
            deliveries: Vec::new(),
            delivered: 0,
            undelivered: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    pub(super) fn note(&mut self, request: &Request, answer: &Response, now: Millis) {
        self.requests += 1;
        let keep = self.settings.request_log;
        if keep == 0 {
            return;
        }
        while self.log.len() >= keep {
            self.log.pop_front();
        }
        self.log.push_back(LoggedRequest {
            at: now,
            method: request.method().clone(),
            path: request
                .uri()
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            body: request.body().clone(),
            status: answer.status().as_u16(),
            cut: answer.extensions().get::<Cut>().is_some(),
        });
    }

    pub(super) fn report_unsubscribe(&mut self, email: &str, now: Millis) {
        let jitter = if self.settings.webhook.out_of_order {
            Duration::from_millis(self.rng.random_range(0..60_000))
        } else {
            Duration::ZERO
        };
        let told = self.settings.told(email);
        self.deliveries
            .extend(webhooks::unsubscribe(&self.settings.webhook, &told, now, jitter));
    }

    /// An address that is mailed and is not `key`'s, or an invented one.
    pub(super) fn someone_else(&mut self, key: &str) -> String {
        let others: Vec<&str> = self
            .contacts
            .iter()
            .filter(|c| c.status() == status::CONFIRMED && !c.is_sms_only() && *c.key != *key)
            .map(|c| c.email.as_ref())
            .collect();
        match others.len() {
            0 => "nikt@example.com".to_owned(),
            count => others[self.rng.random_range(0..count)].to_owned(),
        }
    }
}
