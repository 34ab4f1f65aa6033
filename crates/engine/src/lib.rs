//! Lanes and slices: full synchronisation, live changes, sweeps, unsubscribe polling.
//!
//! The unit of work is a *slice* of one shop's lane: claimed under a lease, bounded in time,
//! committed piece by piece under the lease's fence, and let go with the time at which it is due
//! next. Nothing sleeps here and nothing is kept in memory between slices.
//!
//! A webhook's way through this crate: `slice.rs` gives live changes their turn, `live/` reads the
//! contact anew, `subject/` asks SARE for its status and `sync-core` for a verdict, `deliver/`
//! carries it out.

mod absence;
mod access;
mod account;
mod addresses;
mod blame;
mod bucket;
mod counted;
mod deliver;
mod error;
mod hooks;
mod labels;
mod live;
mod look;
mod lookup;
mod moving;
mod narrow;
mod outage;
mod pacing;
mod passed;
mod person;
mod poll;
mod public_url;
mod read;
mod report;
mod respell;
mod run;
mod session;
mod settings;
mod silence;
mod slice;
mod state;
mod subject;
mod trouble;

use std::sync::Arc;

use ports::{Clock, Transport};
use store::{Lease, ShopChange, Store};

pub use deliver::value_in;
pub use error::Halt;
pub use outage::Away;
pub use person::{Person, Reader, SubscriberExtra, traits};
pub use public_url::{NoPublicUrl, PublicUrl};
pub use report::{Body, Counters, Phase, Pile, Shown, Statement};
pub use run::standstill;
pub use settings::{EngineSettings, Entropy};
pub use state::{Labels, LaneState};
pub use subject::known;

/// The engine: a ledger, the outside, the time, and the operator's settings.
#[derive(Clone)]
pub struct Engine {
    store: Store,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    settings: Arc<EngineSettings>,
}

impl Engine {
    /// An engine over these.
    pub fn new(
        store: Store,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        settings: EngineSettings,
    ) -> Self {
        Self {
            store,
            transport,
            clock,
            settings: Arc::new(settings),
        }
    }

    /// The ledger.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The outside.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The operator's settings.
    pub fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// Notes that this server lives, and what that ends: a time in which none did.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn sign_of_life(&self, server: &str) -> Result<Option<store::Absence>, store::Error> {
        let absent_after = session::millis(self.settings.absent_after);
        self.store
            .sign_of_life(server, self.clock.now(), absent_after)
            .await
    }

    /// Claims a lane that is due.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn claim(&self) -> Result<Option<Lease>, store::Error> {
        self.store
            .claim(self.clock.now(), session::millis(self.settings.lease))
            .await
    }

    /// Claims this shop's lane whether or not it is due, unless somebody works on it.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn claim_shop(&self, shop: sync_core::ShopId) -> Result<Option<Lease>, store::Error> {
        self.store
            .claim_shop(shop, self.clock.now(), session::millis(self.settings.lease))
            .await
    }

    /// Does one slice of the claimed lane and lets it go.
    pub async fn slice(&self, lease: Lease) {
        let shop = lease.shop;
        let started = self.clock.now();
        let fallback = lease.clone();
        let opened =
            session::Session::open(&self.store, &self.transport, &self.clock, &self.settings, lease).await;
        let released = match opened {
            Ok(Some(s)) => {
                let due = match s.under_lease(Box::pin(slice::work(&s))).await {
                    Ok(due) => due,
                    Err(Halt::Wait { until, .. }) => until,
                    Err(Halt::Fenced) => {
                        tracing::warn!(%shop, "the lane was taken over by another worker");
                        return;
                    }
                    Err(Halt::Store(error)) => {
                        tracing::error!(%shop, %error, "the ledger failed during a slice");
                        self.clock.now() + 5_000
                    }
                };
                if let Err(error) = outage::tell(&s).await {
                    tracing::error!(%shop, %error, "the ledger failed at the end of a slice");
                }
                let now = self.clock.now();
                let state = s.state().text_at(now);
                let due = due.min(now + store::FURTHEST_MS);
                self.store.release(&fallback, &state, due, now).await
            }
            Ok(None) => {
                tracing::warn!(%shop, "the shop's address cannot be used; nothing is done for it");
                let now = self.clock.now();
                self.store
                    .release(&fallback, &fallback.state, now + 3_600_000, now)
                    .await
            }
            Err(error) => {
                tracing::error!(%shop, %error, "the shop could not be opened");
                let now = self.clock.now();
                self.store
                    .release(&fallback, &fallback.state, now + 5_000, now)
                    .await
            }
        };
        if let Err(error) = released {
            tracing::error!(%shop, %error, "the lane could not be let go; its lease will end by itself");
        }
        #[expect(clippy::cast_precision_loss, reason = "a duration for a histogram")]
        let seconds = (self.clock.now() - started) as f64 / 1000.0;
        metrics::histogram!("shoper_sare_slice_seconds").record(seconds);
    }

    /// Claims and works one lane that is due; whether there was one.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn turn(&self) -> Result<bool, store::Error> {
        match self.claim().await? {
            Some(lease) => {
                self.slice(lease).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Lets a braked run or poll of the shop go on; whether something was braked.
    ///
    /// # Errors
    /// When the ledger cannot be reached, or the lane is being worked on.
    pub async fn release_brake(&self, shop: sync_core::ShopId) -> Result<bool, store::Error> {
        let Some(lease) = self.claim_shop(shop).await? else {
            return Ok(false);
        };
        let now = self.clock.now();
        let mut state = LaneState::open(&lease.state, &self.settings, now);
        let mut released = false;
        if state.poll_braked {
            state.poll_released = true;
            released = true;
        }
        if state.updates_harm {
            // Proven anew from the beginning: should it still do harm, it stops after a handful again.
            state.updates_harm = false;
            state.updates_proven = 0;
            self.store
                .solve_problem(shop, "shop:sare-changes-statuses")
                .await?;
            released = true;
        }
        if let Some(mut run) = self.store.active_run(shop).await?
            && run.state == store::RunState::Braked
        {
            let mut body = Body::parse(&run.body);
            body.brake_released = true;
            run.body = body.text();
            run.state = store::RunState::Running;
            let commit = store::Commit {
                run: Some(run),
                ..store::Commit::default()
            };
            released |= self.store.commit(&lease, now, &commit).await?;
        }
        self.store.release(&lease, &state.text_at(now), now, now).await?;
        Ok(released)
    }

    /// SARE may be asked at once again, because the merchant gave another key; `false` while the lane is being worked on.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn ask_sare_again(&self, shop: sync_core::ShopId) -> Result<bool, store::Error> {
        let done = self.change_lane(shop, |state| {
            state.timers.sare = 0;
            state.failures.1 = 0;
        });
        Ok(done.await?.is_some())
    }

    /// A person says that it is to be tried again: a service that refused us, wanted payment or failed is asked at once. Not
    /// one that said itself how long it wants to be left alone. Whether there was one; `false` also while the lane is being
    /// worked on.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn ask_again(&self, shop: sync_core::ShopId) -> Result<bool, store::Error> {
        let is_lost = self
            .store
            .shop(shop)
            .await?
            .is_some_and(|shop| shop.state == store::ShopState::AccessLost);
        let asked = self.change_lane(shop, |state| {
            let of_shop = is_lost || state.failures.0 > 0;
            let of_sare = state.sare_unpaid || state.sare_refused || state.failures.1 > 0;
            if of_shop {
                state.timers.shoper = 0;
            }
            if of_sare {
                state.timers.sare = 0;
            }
            of_shop || of_sare
        });
        Ok(asked.await?.unwrap_or(false))
    }

    /// Changes what a lane remembers and has it worked on at once; `None`, and nothing changed, while it is being worked on.
    async fn change_lane<T>(
        &self,
        shop: sync_core::ShopId,
        change: impl FnOnce(&mut LaneState) -> T,
    ) -> Result<Option<T>, store::Error> {
        let Some(lease) = self.claim_shop(shop).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let mut state = LaneState::open(&lease.state, &self.settings, now);
        let out = change(&mut state);
        self.store.release(&lease, &state.text_at(now), now, now).await?;
        Ok(Some(out))
    }

    /// Refuses what the brake stopped: a braked run ends without effect, and what a braked poll found is forgotten. The
    /// poll looks again in an hour, and asks again when SARE still says the same. Whether something was braked.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn refuse_brake(&self, shop: sync_core::ShopId) -> Result<bool, store::Error> {
        let Some(lease) = self.claim_shop(shop).await? else {
            return Ok(false);
        };
        let now = self.clock.now();
        let mut state = LaneState::open(&lease.state, &self.settings, now);
        let mut refused = false;
        if state.poll_braked {
            loop {
                let mut found = self
                    .store
                    .contacts_after(shop, None, 200, store::ContactFilter::PollFound)
                    .await?;
                if found.is_empty() {
                    break;
                }
                for contact in &mut found {
                    contact.poll_found = false;
                }
                let commit = store::Commit {
                    contacts: found,
                    ..store::Commit::default()
                };
                if !self.store.commit(&lease, now, &commit).await? {
                    return Ok(false);
                }
            }
            state.poll_braked = false;
            state.timers.poll = now + 3_600_000;
            self.store.solve_problem(shop, "shop:brake-poll").await?;
            refused = true;
        }
        if let Some(run) = self.store.active_run(shop).await?
            && run.state == store::RunState::Braked
        {
            let (over, why) = (store::RunState::Cancelled, Some("brake-refused"));
            self.store.set_run_state(shop, run.id, over, why, now).await?;
            self.store.solve_problem(shop, "shop:brake").await?;
            state.counted.refuse();
            if state.timers.sweep <= now {
                // It came due while the brake waited for this answer: it would only ask the same again at once.
                state.timers.sweep = run::next_sweep_of(shop, &self.settings, now);
            }
            refused = true;
        }
        self.store.release(&lease, &state.text_at(now), now, now).await?;
        Ok(refused)
    }

    /// Stops or resumes all synchronisation of a shop.
    ///
    /// # Errors
    /// When the ledger cannot be reached.
    pub async fn pause(&self, shop: sync_core::ShopId, paused: bool) -> Result<(), store::Error> {
        let change = ShopChange {
            paused: Some(paused),
            ..ShopChange::default()
        };
        self.store.update_shop(shop, &change, self.clock.now()).await?;
        self.store.wake(shop, self.clock.now()).await
    }
}
