//! The internet of a simulation: a [`Transport`] that carries requests to simulators in the same
//! process.
//!
//! With a [`ManualClock`] it takes time by that clock: every exchange the simulator's latency, and an
//! answer later than the time-out takes the time-out. So a simulation of weeks takes seconds, and the
//! same seed gives the same run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use ports::{BoxFuture, Clock, ManualClock, Millis, Request, Response, Transport, TransportError};

use crate::faults::{Cut, ExtraLatency, Faults};
use crate::{sare, shoper};

/// Answers requests that are neither Shoper's nor SARE's, such as our own program's webhooks.
pub type Handler = Arc<dyn Fn(&Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// What stands at an address.
#[derive(Clone)]
pub enum Endpoint {
    /// A simulated shop.
    Shop(shoper::Shop),
    /// A simulated SARE account.
    Sare(sare::Account),
    /// Anything else.
    Handler(Handler),
}

impl Endpoint {
    /// Anything that answers requests.
    pub fn handler<F>(answer: impl Fn(&Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        Self::Handler(Arc::new(move |request| Box::pin(answer(request))))
    }

    /// Answers a request; faults are marks on the answer.
    pub async fn answer(&self, request: &Request) -> Response {
        match self {
            Self::Shop(shop) => shop.handle(request),
            Self::Sare(account) => account.handle(request),
            Self::Handler(handler) => handler(request).await,
        }
    }

    /// Time that each answer takes.
    pub fn latency(&self) -> Duration {
        match self {
            Self::Shop(shop) => shop.latency(),
            Self::Sare(account) => account.latency(),
            Self::Handler(_) => Duration::ZERO,
        }
    }

    /// The faults ordered for it; a handler has none.
    pub fn faults(&self) -> Option<&Faults> {
        match self {
            Self::Shop(shop) => Some(shop.faults()),
            Self::Sare(account) => Some(account.faults()),
            Self::Handler(_) => None,
        }
    }

    /// When its next webhook call is due.
    pub fn next_delivery_at(&self) -> Option<Millis> {
        match self {
            Self::Shop(shop) => shop.next_delivery_at(),
            Self::Sare(account) => account.next_delivery_at(),
            Self::Handler(_) => None,
        }
    }

    /// The webhook calls that are due at `now`; each is given out once.
    pub fn take_deliveries(&self, now: Millis) -> Vec<Delivery> {
        match self {
            Self::Shop(shop) => shop
                .take_deliveries(now)
                .into_iter()
                .map(Delivery::Shop)
                .collect(),
            Self::Sare(account) => account
                .take_deliveries(now)
                .into_iter()
                .map(Delivery::Sare)
                .collect(),
            Self::Handler(_) => Vec::new(),
        }
    }

    /// Tells the simulator whether a webhook call of its got through.
    pub fn delivery_result(&self, delivery: &Delivery, delivered: bool) {
        match (self, delivery) {
            (Self::Shop(shop), Delivery::Shop(delivery)) => shop.delivery_result(delivery, delivered),
            (Self::Sare(account), Delivery::Sare(delivery)) => account.delivery_result(delivery, delivered),
            _ => {}
        }
    }
}

/// A webhook call of either simulator.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// Shoper's.
    Shop(shoper::Delivery),
    /// SARE's.
    Sare(sare::Delivery),
}

impl Delivery {
    /// When it is to be made, in milliseconds since 1970.
    pub fn due_at(&self) -> Millis {
        match self {
            Self::Shop(delivery) => delivery.due_at,
            Self::Sare(delivery) => delivery.due_at,
        }
    }

    /// The POST that makes it; `None` when its URL or headers cannot be sent.
    pub fn request(&self) -> Option<Request> {
        let (url, headers, body) = match self {
            Self::Shop(delivery) => (&delivery.url, &delivery.headers, &delivery.body),
            Self::Sare(delivery) => (&delivery.url, &delivery.headers, &delivery.body),
        };
        let request = headers
            .iter()
            .fold(http::Request::post(url), |request, (name, value)| {
                request.header(name.as_str(), value.as_str())
            });
        request.body(Bytes::clone(body)).ok()
    }
}

/// What becomes of requests after [`Network::halt_after`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// They never come back, as for a program that was killed while waiting.
    Never,
    /// They fail at once with [`TransportError::Interrupted`].
    Interrupted,
}

/// A transport within the process. Copies share one network.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    clock: Option<Arc<ManualClock>>,
    timeout: Mutex<Duration>,
    routes: RwLock<HashMap<String, Endpoint>>,
    sent: AtomicU64,
    halt: Mutex<Option<(u64, Halt)>>,
}

/// As the real client's (`ports::HttpClientSettings`).
const TIMEOUT: Duration = Duration::from_secs(25);
/// The same.
const MAX_BODY: usize = 16 << 20;

impl Network {
    /// A network in virtual time: exchanges sleep by `clock`.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self::build(Some(clock))
    }

    /// A network in real time: it waits as long as simulators are slow, and not at all for those that
    /// are not.
    pub fn real_time() -> Self {
        Self::build(None)
    }

    /// Gives up on answers that take longer than `timeout`. At first 25 s, as the real client.
    pub fn set_timeout(&self, timeout: Duration) {
        *self.0.timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
    }

    fn build(clock: Option<Arc<ManualClock>>) -> Self {
        Self(Arc::new(Inner {
            clock,
            timeout: Mutex::new(TIMEOUT),
            routes: RwLock::default(),
            sent: AtomicU64::new(0),
            halt: Mutex::new(None),
        }))
    }

    /// Puts `endpoint` at `address`: scheme and host, with a port where it is not the scheme's own,
    /// and optionally the beginning of a path, so that several SARE accounts can share one host
    /// (`https://s.enewsletter.pl/api/v1/12345`). The longest address that fits a request wins.
    pub fn route(&self, address: &str, endpoint: Endpoint) {
        let mut routes = self.0.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.insert(route_key(address), endpoint);
    }

    /// Takes away what stands at `address`: connections to it are refused from now on.
    pub fn unroute(&self, address: &str) {
        let mut routes = self.0.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.remove(&route_key(address));
    }

    /// Requests sent so far, failed ones included.
    pub fn requests(&self) -> u64 {
        self.0.sent.load(Ordering::SeqCst)
    }

    /// Lets the next `count` requests through and none after them: a crash at that point.
    pub fn halt_after(&self, count: u64, how: Halt) {
        *self.halt() = Some((count, how));
    }

    /// Lets requests through again.
    pub fn resume(&self) {
        *self.halt() = None;
    }

    /// When the next webhook call of any simulator is due.
    pub fn next_delivery_at(&self) -> Option<Millis> {
        let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.values().filter_map(Endpoint::next_delivery_at).min()
    }

    /// Takes the webhook calls that are due at `now` from every simulator, sends each over this
    /// network, and reports back. How many got through and how many did not.
    ///
    /// They are sent one after the other, simulators by address, so that a seed repeats a run.
    pub async fn deliver(&self, now: Millis) -> (usize, usize) {
        let mut endpoints: Vec<(String, Endpoint)> = {
            let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
            routes
                .iter()
                .filter(|(_, endpoint)| endpoint.next_delivery_at().is_some_and(|at| at <= now))
                .map(|(address, endpoint)| (address.clone(), endpoint.clone()))
                .collect()
        };
        endpoints.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (mut delivered, mut lost) = (0, 0);
        for (_, endpoint) in endpoints {
            for delivery in endpoint.take_deliveries(now) {
                let got_through = match delivery.request() {
                    Some(request) => self
                        .send(request)
                        .await
                        .is_ok_and(|answer| answer.status().is_success()),
                    None => false,
                };
                endpoint.delivery_result(&delivery, got_through);
                if got_through {
                    delivered += 1;
                } else {
                    lost += 1;
                }
            }
        }
        (delivered, lost)
    }

    fn halt(&self) -> MutexGuard<'_, Option<(u64, Halt)>> {
        self.0.halt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request down; what becomes of it when the count is used up.
    fn halted(&self) -> Option<Halt> {
        match &mut *self.halt() {
            Some((0, how)) => Some(*how),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    /// What stands at the address that a request goes to.
    fn endpoint(&self, uri: &Uri) -> Option<Endpoint> {
        let mut key = origin(uri)?;
        let host_ends = key.len();
        key.push_str(uri.path().trim_end_matches('/'));
        let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(endpoint) = routes.get(&key) {
                return Some(endpoint.clone());
            }
            let cut = key[host_ends..].rfind('/')?;
            key.truncate(host_ends + cut);
        }
    }

    /// Lets time pass.
    async fn wait(&self, time: Duration) {
        match &self.0.clock {
            _ if time.is_zero() => {}
            Some(clock) => {
                let takes = Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX / 2);
                clock.sleep_until(clock.now() + takes).await;
            }
            None => tokio::time::sleep(time).await,
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        self.0.sent.fetch_add(1, Ordering::SeqCst);
        match self.halted() {
            Some(Halt::Never) => return std::future::pending().await,
            Some(Halt::Interrupted) => {
                return Err(TransportError::Interrupted("the network was halted".to_owned()));
            }
            None => {}
        }
        let Some(endpoint) = self.endpoint(request.uri()) else {
            return Err(TransportError::Connect("nobody is there".to_owned()));
        };
        let mut answer = endpoint.answer(&request).await;
        let extra = answer
            .extensions_mut()
            .remove::<ExtraLatency>()
            .map_or(Duration::ZERO, |extra| extra.0);
        let takes = endpoint.latency().saturating_add(extra);
        let timeout = *self.0.timeout.lock().unwrap_or_else(PoisonError::into_inner);
        if takes > timeout {
            self.wait(timeout).await;
            return Err(TransportError::Timeout);
        }
        self.wait(takes).await;
        if answer.body().len() > MAX_BODY {
            return Err(TransportError::TooLarge { limit: MAX_BODY });
        }
        if let Some(clock) = &self.0.clock {
            ports::stamp(answer.headers_mut(), clock.now());
        }
        if answer.extensions().get::<Cut>().is_some() {
            return Err(TransportError::Interrupted("closed before the answer".to_owned()));
        }
        Ok(answer)
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

/// Scheme and host of a request's URL, with the port unless it is the scheme's own.
fn origin(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    let own = if scheme == "https" { 443 } else { 80 };
    Some(match uri.port_u16() {
        Some(port) if port != own => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

/// An address in the form in which it is looked up.
fn route_key(address: &str) -> String {
    let uri = address.parse::<Uri>().ok();
    let key = uri.and_then(|uri| Some(origin(&uri)? + uri.path().trim_end_matches('/')));
    key.unwrap_or_else(|| address.to_owned())
}

#[cfg(test)]
mod tests;
