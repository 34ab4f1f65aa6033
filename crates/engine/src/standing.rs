//! How it stands with a shop's lane, for those who only look.

use ports::Millis;
use sare_api::LookupForm;
use shoper_api::AddressWay;
use shoper_api::users::AddressFilter;
use store::{Lane, Store};
use sync_core::ShopId;

use crate::state::{Labels, LaneState};

/// How it stands with one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Service {
    /// It failed when last asked.
    pub fails: bool,
    /// It is left alone until then; in the past when it is not.
    pub rests_until: Millis,
}

/// What a lane remembers of its work.
#[derive(Debug, Clone)]
pub struct LaneStanding {
    /// The first synchronisation is over, with whatever account it was made.
    pub first_done: bool,
    /// The configuration for which a first synchronisation was begun.
    pub config_seen: i64,
    /// The SARE account that everything known of SARE is about.
    pub account: Option<String>,
    pub shop: Service,
    /// SARE.
    pub sare: Service,
    /// SARE refused the key when last asked.
    pub sare_refused: bool,
    /// Updates of data changed people's statuses: nothing is written until a person has looked.
    pub updates_harm: bool,
    /// The poll found too much.
    pub poll_braked: bool,
    /// It waits for a person.
    pub poll_waits: bool,
    /// When the shop is read as a whole next.
    pub next_sweep_at: Millis,
    /// When the last whole reading of the shop that came to its end had begun.
    pub read_from: Millis,
    /// How the shop is asked for addresses of customers.
    pub addresses: (AddressWay, AddressFilter),
    /// Contacts a request to SARE.
    pub batch: usize,
    /// How SARE is asked for statuses.
    pub lookup: LookupForm,
    /// Names behind the shop's numbers.
    pub labels: Labels,
    /// The configuration for which they were read.
    pub labels_config: i64,
}

impl LaneStanding {
    /// Reads it from a lane; one that is not there yet has done nothing.
    fn of(lane: Option<&Lane>) -> Self {
        let state: LaneState = lane.map(|lane| LaneState::read(&lane.state)).unwrap_or_default();
        let service = |failures, rests_until| Service {
            fails: failures > 0,
            rests_until,
        };
        let addresses = (state.address_way, state.address_filter());
        Self {
            first_done: state.first_done,
            config_seen: state.config_seen,
            account: state.account,
            shop: service(state.failures.shoper, state.timers.shoper),
            sare: service(state.failures.sare, state.timers.sare),
            sare_refused: state.sare_refused,
            updates_harm: state.updates_harm,
            poll_braked: state.poll_braked,
            poll_waits: state.poll_braked && !state.poll_released,
            next_sweep_at: state.timers.sweep,
            read_from: state.read_from,
            addresses,
            batch: state.batch.current(),
            lookup: state.lookup,
            labels: state.labels,
            labels_config: state.labels_config,
        }
    }

    /// Whether all this is about another SARE account than `uid`: what was done with that one says nothing of this one.
    pub fn is_of_another_account(&self, uid: &str) -> bool {
        self.account.as_ref().is_some_and(|account| account != uid)
    }
}

/// How it stands with a shop's lane.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn standing(store: &Store, shop: ShopId) -> Result<LaneStanding, store::Error> {
    Ok(LaneStanding::of(store.lane(shop).await?.as_ref()))
}
