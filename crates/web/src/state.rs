//! What the handlers work with, handed in by the program.

use std::ops::Deref;
use std::sync::Arc;

use desk::ServiceCache;
use engine::{Engine, Entropy};
use metrics_exporter_prometheus::PrometheusHandle;
use ports::{Clock, Millis, Transport};
use store::Store;
use tokio::sync::{Notify, Semaphore};

use crate::rate::RateLimit;
use crate::settings::Settings;

/// Webhooks worked on at once by one process. More than this waiting for the ledger means that the ledger
/// cannot follow; further ones are told so instead of being piled up.
const HOOKS_AT_ONCE: usize = 512;

/// The ledger, the engine, the outside, the time, and the operator's settings.
#[derive(Clone)]
pub struct State {
    /// The ledger.
    pub store: Store,
    /// The engine, for what a person asks of a lane.
    pub engine: Engine,
    /// The outside, for what a person in the panel asks to be tried at once.
    pub transport: Arc<dyn Transport>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unguessable bytes, for sessions.
    pub entropy: Entropy,
    /// Told when a lane got something to do, so that no worker sleeps through it.
    pub wake: Arc<Notify>,
    /// The recorder's page; `None` where nothing is recorded.
    pub metrics: Option<PrometheusHandle>,
    /// The operator's settings.
    pub settings: Settings,
}

/// The handlers' state: [`State`], and what limits them.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    state: State,
    pub sare_rate: RateLimit,
    /// Tries at connecting an account.
    pub tries: RateLimit,
    pub hook_places: Arc<Semaphore>,
    /// What people in the panel have read from the services lately.
    pub cache: ServiceCache,
}

impl App {
    pub fn new(state: State) -> Self {
        Self(Arc::new(Inner {
            state,
            sare_rate: RateLimit::default(),
            tries: RateLimit::of_tries(),
            hook_places: Arc::new(Semaphore::new(HOOKS_AT_ONCE)),
            cache: ServiceCache::default(),
        }))
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Inner {
    pub fn now(&self) -> Millis {
        self.clock.now()
    }
}
