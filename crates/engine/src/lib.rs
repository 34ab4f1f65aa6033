//! Lanes and slices: full synchronisation, live changes, sweeps, unsubscribe polling.
//!
//! The unit of work is a *slice* of one shop's lane: claimed under a lease, bounded in time,
//! committed piece by piece under the lease's fence, and let go with the time at which it is due
//! next. It waits only for its turn at a service; nothing is kept in memory between slices.
//!
//! A webhook's way through this crate: `slice.rs` gives live changes their turn, `live/` reads the
//! contact anew, `subject/` asks SARE for its status and `sync-core` for a verdict, `deliver/`
//! carries it out.
//!
//! Whatever asks the ledger fails when that cannot be reached; `# Errors` says what else can go wrong.

mod absence;
mod account_change;
mod account_trouble;
mod addresses;
mod blame;
mod cadence;
mod changes;
mod count_drift;
mod deliver;
mod discover;
mod error;
mod hooks;
mod labels;
mod live;
mod lookup;
mod narrow;
mod outage;
mod passed_over;
mod person;
mod poll;
mod public_url;
mod read;
mod rehash;
mod report;
mod run;
mod session;
mod settings;
mod silence;
mod slice;
mod standing;
mod state;
mod subject;

use std::sync::Arc;

use access::{Limiter, Limiters};
use ports::{Clock, Millis, Transport};
use secrecy::{ExposeSecret, SecretString};
use store::{Lease, SecretName, ShopChange, Store};
use sync_core::config::Config;
use sync_core::{ProblemKind, ShopId, Topic};

use state::LaneState;

pub use deliver::value_in;
pub use error::Halt;
pub use labels::{NameList, Names};
pub use person::{Person, Reader, SubscriberExtra, traits};
pub use public_url::{NoPublicUrl, PublicUrl};
pub use report::{Body, Counters, Phase, Pile, Shown, Statement};
pub use run::{RunObstacle, stalled_since};
pub use settings::{EngineSettings, Entropy};
pub use standing::{LaneStanding, Service, standing};
pub use state::{Labels, Outage};
pub use subject::{known, status_of};

/// The engine: a ledger, the outside, the time, and the operator's settings.
#[derive(Clone)]
pub struct Engine {
    store: Store,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    settings: Arc<EngineSettings>,
    limiters: Limiters,
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
            limiters: Limiters::default(),
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
    pub async fn heartbeat(&self, server: &str) -> Result<Option<store::Absence>, store::Error> {
        let absent_after = ports::millis(self.settings.absent_after);
        self.store.heartbeat(server, self.clock.now(), absent_after).await
    }

    /// Claims a lane that is due.
    pub async fn claim(&self) -> Result<Option<Lease>, store::Error> {
        self.store
            .claim(self.clock.now(), ports::millis(self.settings.lease))
            .await
    }

    /// Claims this shop's lane whether or not it is due, unless somebody works on it.
    pub async fn claim_shop(&self, shop: ShopId) -> Result<Option<Lease>, store::Error> {
        self.store
            .claim_shop(shop, self.clock.now(), ports::millis(self.settings.lease))
            .await
    }

    /// The same engine with other limiters: one that shares a process with another must share these too.
    #[must_use]
    pub fn sharing(self, limiters: Limiters) -> Self {
        Self { limiters, ..self }
    }

    /// How much may be asked of a shop and of its SARE account now.
    pub async fn limiter(&self, shop: &store::Shop) -> Result<Arc<Limiter>, store::Error> {
        let lane = self.store.lane(shop.id).await?;
        let text = lane.map(|lane| lane.state).unwrap_or_default();
        let state = LaneState::parse(&text, &self.settings);
        let parsed = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
        let uid = parsed.as_ref().map(|parsed| parsed.config.sare.uid.as_str());
        Ok(self.limiters.of(shop.id.0, uid, state.buckets()))
    }

    /// The limiter of a SARE account whose key is only tried.
    pub fn account_limiter(&self, uid: &str) -> Arc<Limiter> {
        let fresh = LaneState::parse("", &self.settings);
        self.limiters.of_account(uid, fresh.buckets())
    }

    async fn open(&self, lease: Lease) -> Result<Option<session::Session<'_>>, Halt> {
        session::Session::open(
            &self.store,
            &self.transport,
            &self.clock,
            &self.settings,
            &self.limiters,
            lease,
        )
        .await
    }

    /// An access token of the shop other than the one that was refused: one that somebody else has got meanwhile, or a new
    /// one. `None` where there is none to be had, or the shop is being worked on for longer than a page can wait.
    pub async fn fresh_access_token(
        &self,
        shop: ShopId,
        refused: Option<&SecretString>,
    ) -> Result<Option<SecretString>, store::Error> {
        const CHECKS: u32 = 20;
        const CHECK_AFTER_MS: Millis = 250;
        for _ in 0..CHECKS {
            if let Some(lease) = self.claim_shop(shop).await? {
                return self.renew_under(&lease, refused).await;
            }
            // Whoever works on the shop renews its token when it has to.
            let other = self.other_access_token(shop, refused).await?;
            if other.is_some() {
                return Ok(other);
            }
            self.clock.sleep_until(self.clock.now() + CHECK_AFTER_MS).await;
        }
        Ok(None)
    }

    /// Renews the shop's access token unless somebody has done so before the lane was ours, and lets the lane go.
    async fn renew_under(
        &self,
        lease: &Lease,
        refused: Option<&SecretString>,
    ) -> Result<Option<SecretString>, store::Error> {
        let (mut state, now) = (lease.state.clone(), self.clock.now());
        if self.other_access_token(lease.shop, refused).await?.is_none()
            && let Ok(Some(s)) = self.open(lease.clone()).await
        {
            // What keeps it from being renewed is noted there for the next slice.
            let renewed = s.lease_keeper().keep_while(session::token::renew(&s)).await;
            if let Err(Halt::Store(error)) = renewed {
                return Err(error);
            }
            state = s.state_text(now);
        }
        self.store.release(lease, &state, now, now).await?;
        self.other_access_token(lease.shop, refused).await
    }

    async fn other_access_token(
        &self,
        shop: ShopId,
        refused: Option<&SecretString>,
    ) -> Result<Option<SecretString>, store::Error> {
        let stored = self.store.secret(shop, SecretName::AccessToken).await?;
        let refused = refused.map(ExposeSecret::expose_secret);
        Ok(stored.filter(|token| Some(token.expose_secret()) != refused))
    }

    /// Does one slice of the claimed lane and lets it go.
    pub async fn slice(&self, lease: Lease) {
        let shop = lease.shop;
        let started = self.clock.now();
        let fallback = lease.clone();
        let opened = self.open(lease).await;
        let released = match opened {
            Ok(Some(s)) => {
                let due = match s.lease_keeper().keep_while(Box::pin(slice::work(&s))).await {
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
                if let Err(error) = outage::report(&s).await {
                    tracing::error!(%shop, %error, "the ledger failed at the end of a slice");
                }
                let now = self.clock.now();
                let state = s.state_text(now);
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
    pub async fn work_next_lane(&self) -> Result<bool, store::Error> {
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
    pub async fn release_brake(&self, shop: ShopId) -> Result<bool, store::Error> {
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
                .resolve_problem(shop, &Topic::Of(ProblemKind::SareChangesStatuses).key())
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
    pub async fn ask_sare_again(&self, shop: ShopId) -> Result<bool, store::Error> {
        let done = self.change_lane(shop, |state| {
            state.timers.sare = 0;
            state.failures.sare = 0;
        });
        Ok(done.await?.is_some())
    }

    /// A person says that it is to be tried again: a service that refused us, wanted payment or failed is asked at once. Not
    /// one that said itself how long it wants to be left alone. Whether there was one; `false` also while the lane is being
    /// worked on.
    pub async fn ask_again(&self, shop: ShopId) -> Result<bool, store::Error> {
        let is_lost = self
            .store
            .shop(shop)
            .await?
            .is_some_and(|shop| shop.state == store::ShopState::AccessLost);
        let asked = self.change_lane(shop, |state| {
            let of_shop = is_lost || state.failures.shoper > 0;
            let of_sare = state.sare_unpaid || state.sare_refused || state.failures.sare > 0;
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
        shop: ShopId,
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
    pub async fn refuse_brake(&self, shop: ShopId) -> Result<bool, store::Error> {
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
            state.poll = None;
            state.timers.poll = now + 3_600_000;
            self.store.resolve_problem(shop, &Topic::PollBrake.key()).await?;
            refused = true;
        }
        if let Some(run) = self.store.active_run(shop).await?
            && run.state == store::RunState::Braked
        {
            let (over, why) = (store::RunState::Cancelled, Some("brake-refused"));
            self.store.set_run_state(shop, run.id, over, why, now).await?;
            self.store
                .resolve_problem(shop, &Topic::Of(ProblemKind::Brake).key())
                .await?;
            state.count_drift.refuse();
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
    pub async fn pause(&self, shop: ShopId, paused: bool) -> Result<(), store::Error> {
        let change = ShopChange {
            paused: Some(paused),
            ..ShopChange::default()
        };
        self.store.update_shop(shop, &change, self.clock.now()).await?;
        self.store.wake(shop, self.clock.now()).await
    }
}
