//! A shop on Shoper, as the reference describes it and not as any client happens to need it.
//!
//! [`Shop::handle`] answers requests of the REST API; the methods about customers, subscribers and
//! orders are what people do in the shop; `…_message` and [`Shop::iframe_query`] are the AppStore.
//! Changes queue webhooks, which whoever drives the shop takes with [`Shop::take_deliveries`] and
//! carries out. Every open question about the real service is one of [`ShopSettings`]. Nothing here
//! shares code with the client: signatures and wire forms are read from the reference a second time.

mod access;
mod bucket;
mod delivery;
mod filter;
mod index;
mod input;
mod journal;
mod json;
mod lifecycle;
mod list;
mod people;
mod refusal;
mod resources;
mod rest;
mod rows;
pub mod settings;
mod signature;
mod spoilt;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod unsaid;
mod warsaw;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{Clock, Millis, Request, Response};

pub use self::delivery::Delivery;
pub use self::journal::LoggedRequest;
pub use self::lifecycle::{Admin, Params, form};
use self::refusal::Refusal;
pub use self::rows::addresses::{Address, NewAddress};
pub use self::rows::catalog::{FieldKind, NewField};
pub use self::rows::orders::{NewOrder, Order};
pub use self::rows::subscribers::Subscriber;
pub use self::rows::users::{Customer, NewCustomer};
pub use self::rows::webhooks::Webhook;
pub use self::settings::{
    AdminRefused, Bucket, BulkCost, ChangeFilter, DefaultOrder, DuplicateSubscriber, FilterMode,
    LifecycleDelivery, ListNumbers, LockedCode, NotFoundCode, PastEndPage, SelectOptions, SelectValues,
    ShopSettings, TimestampFormat, WebhookFaults, WebhookPayload, WebhookSigning, WireTypes,
};
pub use self::signature::{derived_webhook_secret, message_hash, webhook_sha1};
pub use self::spoilt::{OddMember, Spoiling, Spoilt};
use self::state::{By, State};
pub use self::tokens::Tokens;
pub use self::unsaid::Unsaid;
use crate::faults::{Fault, FaultRule, Faults};

/// One simulated shop, which is one host. Copies are the same shop.
#[derive(Clone)]
pub struct Shop {
    state: Arc<Mutex<State>>,
    faults: Faults,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop")
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

impl Shop {
    /// An empty shop in which the app is not installed. Tokens and chances are drawn from `seed`.
    pub fn new(settings: ShopSettings, clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(settings, clock, seed))),
            faults: Faults::new(seed),
        }
    }

    /// Answers a request. A fault that only a transport can carry out is left as a mark on the
    /// answer (see [`crate::faults`]).
    pub fn handle(&self, request: &Request) -> Response {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let fault = self.faults.decide_with(request.method(), path, request.body());
        let mut state = self.lock();
        let refusal = match &fault {
            Some(Fault::Status(status)) => Refusal::of_status(*status),
            Some(Fault::RetryAfter(seconds)) => Some(Refusal::TooManyRequests(*seconds)),
            _ => None,
        };
        let answer = match (&fault, refusal) {
            (_, Some(refusal)) => rest::refuse(&mut state, request, refusal),
            (Some(fault), None) => fault.apply(request, || rest::handle(&mut state, request)),
            (None, None) => rest::handle(&mut state, request),
        };
        let status = if fault == Some(Fault::CutBefore) {
            0
        } else {
            answer.status().as_u16()
        };
        state.journal.add(LoggedRequest {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            status,
        });
        answer
    }

    /// The faults that strike requests.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Replaces all faults by these.
    pub fn set_faults(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.faults.clear();
        for rule in rules {
            self.faults.add(rule);
        }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> ShopSettings {
        self.lock().settings.clone()
    }

    /// Changes settings while the shop runs. The closure must not call the shop.
    pub fn configure(&self, change: impl FnOnce(&mut ShopSettings)) {
        let mut state = self.lock();
        change(&mut state.settings);
        state.name_hosts();
    }

    /// Moves the shop to another address.
    pub fn set_base_url(&self, base_url: impl Into<String>) {
        let base_url = base_url.into().trim_end_matches('/').to_owned();
        self.configure(|settings| settings.base_url = base_url);
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> String {
        self.lock().settings.base_url.clone()
    }

    /// Host and port at which the API answers.
    pub fn host(&self) -> String {
        self.lock().host.clone()
    }

    /// The licence hash.
    pub fn license(&self) -> String {
        self.lock().settings.license.clone()
    }

    /// How long an answer takes.
    pub fn latency(&self) -> Duration {
        self.lock().settings.latency
    }

    /// Whether the app is installed.
    pub fn installed(&self) -> bool {
        self.lock().installed
    }

    /// Says whether the app is installed, without any message.
    pub fn set_installed(&self, installed: bool) {
        self.lock().installed = installed;
    }

    /// Gives the app a pair of tokens without any message.
    pub fn issue_tokens(&self) -> Tokens {
        access::new_pair(&mut self.lock())
    }

    /// Ends the app's and administrators' access tokens, as after their life; refresh tokens go on working.
    pub fn end_access_tokens(&self) {
        let mut state = self.lock();
        let now = state.now();
        state.access.end_access_by(now);
    }

    /// Ends every token given out.
    pub fn revoke_tokens(&self) {
        self.lock().access.revoke_all();
    }

    /// The deliveries that are due at `now`, in the order in which they are to be sent.
    pub fn take_deliveries(&self, now: Millis) -> Vec<Delivery> {
        self.lock().outbox.take(now)
    }

    /// When the next delivery is due.
    pub fn next_delivery_at(&self) -> Option<Millis> {
        self.lock().outbox.next_due()
    }

    /// How many deliveries wait.
    pub fn waiting_deliveries(&self) -> usize {
        self.lock().outbox.len()
    }

    /// Tells the shop how a delivery went: whether the receiver answered 2xx in 3 seconds. It is
    /// never repeated either way.
    pub fn delivery_result(&self, delivery: &Delivery, ok: bool) {
        self.lock().note_delivery(delivery.webhook_id, ok);
    }

    /// Says what goes wrong with webhooks from now on.
    pub fn set_webhook_faults(&self, faults: WebhookFaults) {
        self.lock().outbox.faults = faults;
    }

    /// The last requests, oldest first.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.lock().journal.recent()
    }

    /// How many requests there were in all.
    pub fn request_count(&self) -> u64 {
        self.lock().journal.total()
    }

    /// How many calls of a resource such as `users` there were, operations of bulk calls included.
    pub fn requests_by(&self, resource: &str) -> u64 {
        self.lock().journal.of(resource)
    }

    /// Adds customers before the shop's story starts: nothing is delivered about them. The iterator
    /// must not call the shop.
    pub(crate) fn stock_customers(&self, customers: impl ExactSizeIterator<Item = NewCustomer>) {
        let mut state = self.lock();
        state.users.reserve(customers.len());
        state.addresses.reserve(customers.len());
        for customer in customers {
            state.insert_customer(customer, By::Stock, |_| {});
        }
    }

    /// Adds subscribers (address, active, since when) in the same way.
    pub(crate) fn stock_subscribers(
        &self,
        subscribers: impl ExactSizeIterator<Item = (Arc<str>, bool, Millis)>,
    ) {
        let mut state = self.lock();
        state.subscribers.reserve(subscribers.len());
        for (email, active, dateadd) in subscribers {
            state.insert_subscriber(By::Stock, |row| {
                row.email = email;
                row.active = active;
                row.dateadd = dateadd;
            });
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.lock().now()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
