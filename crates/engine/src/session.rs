//! One lane in one worker's hands: the shop, its configuration, clients for both services, and the
//! buckets that say how much may be asked of them now.
//!
//! Every call to a service goes through [`Session::shoper`] or [`Session::sare`]: they learn the pace
//! from the answer, renew an access token once, and turn outages into a stored waiting time. The
//! requests behind a call pass the door in `pacing.rs`.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{Clock, Millis, Transport};
use secrecy::SecretString;
use shoper_api::ShopUrl;
use store::{AddrHash, Commit, DirtyKey, Lease, Problem, SecretName, Shop, ShopChange, ShopState, Store};
use sync_core::RecordKey;
use sync_core::config::Config;
use sync_core::consent::SareView;

use crate::error::{CallError, Halt, Side};
use crate::lookup;
use crate::pacing::{Paced, Pacer};
use crate::settings::EngineSettings;
use crate::state::{LaneState, Learnt};

/// Places in the shop's bucket that bulk work leaves to live changes.
pub const LIVE_RESERVE: f64 = 2.0;
/// How an absence is written among what a turn learnt; statuses are 1 to 8, and -1 where none can be read.
const ABSENT: i64 = -2;
/// The same for one that was asked after by itself.
const SURELY_ABSENT: i64 = -3;
/// Places in SARE's bucket that bulk work leaves to live changes.
pub const SARE_RESERVE: f64 = 2.0;

/// A claimed lane at work.
pub struct Session<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// The outside.
    pub transport: &'a Arc<dyn Transport>,
    /// The time.
    pub clock: &'a Arc<dyn Clock>,
    /// The operator's settings.
    pub settings: &'a EngineSettings,
    /// Our right to commit.
    pub lease: Lease,
    /// The shop.
    pub shop: Shop,
    /// Its base URL.
    pub url: ShopUrl,
    /// The merchant's configuration, once there is one.
    pub config: Option<Arc<Config>>,
    leased_until: AtomicI64,
    held_until: AtomicI64,
    /// The shop is not known to take our tokens: the first call that it answers shows that it does.
    is_locked_out: AtomicBool,
    pacer: Arc<Pacer>,
    shoper_client: Mutex<Option<shoper_api::Client>>,
    sare_client: Mutex<Option<sare_api::Client>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Session<'a> {
    /// Opens the lane's shop. `None` when there is nothing to serve (removed, or its address unusable).
    pub async fn open(
        store: &'a Store,
        transport: &'a Arc<dyn Transport>,
        clock: &'a Arc<dyn Clock>,
        settings: &'a EngineSettings,
        lease: Lease,
    ) -> Result<Option<Self>, Halt> {
        let Some(shop) = store.shop(lease.shop).await? else {
            return Ok(None);
        };
        let Ok(url) = ShopUrl::parse(&shop.url, settings.allow_http) else {
            return Ok(None);
        };
        let config = shop
            .config
            .as_deref()
            .and_then(|text| Config::parse(text).ok())
            .map(|p| Arc::new(p.config));
        let state = LaneState::parse(&lease.state, settings);
        let leased_until = AtomicI64::new(lease.until);
        let held_until = AtomicI64::new(shop.first_run_after.unwrap_or(0));
        let is_locked_out = AtomicBool::new(matches!(
            shop.state,
            ShopState::Connecting | ShopState::AccessLost
        ));
        Ok(Some(Self {
            store,
            transport,
            clock,
            settings,
            lease,
            shop,
            url,
            config,
            leased_until,
            held_until,
            is_locked_out,
            pacer: Arc::new(Pacer::new(state, clock)),
            shoper_client: Mutex::new(None),
            sare_client: Mutex::new(None),
        }))
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The lane's state, for reading and writing. Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, LaneState> {
        self.pacer.state()
    }

    /// Whether anything is to be synchronised: an account alone, with neither kind of record switched on, asks for
    /// nothing before the first synchronisation.
    pub fn has_work(&self) -> bool {
        self.config.as_deref().is_some_and(|config| {
            config.customers.enabled || config.subscribers.enabled || self.state().first_done
        })
    }

    /// Whether the first synchronisation still waits for the merchant's word.
    pub fn is_held(&self) -> bool {
        self.is_before_first_run() && self.held_until.load(Ordering::Relaxed) > self.now()
    }

    /// Holds the first synchronisation longer, unless the merchant has given the word meanwhile.
    pub async fn prolong_hold(&self, until: Millis) -> Result<(), Halt> {
        self.store.prolong_hold(self.shop.id, until, self.now()).await?;
        let shop = self.store.shop(self.shop.id).await?;
        let until = shop.and_then(|shop| shop.first_run_after).unwrap_or(0);
        self.held_until.store(until, Ordering::Relaxed);
        Ok(())
    }

    /// Until when the first synchronisation is held; 0 where it is not.
    pub fn held_until(&self) -> Millis {
        self.held_until.load(Ordering::Relaxed)
    }

    /// Whether the first synchronisation is still to be made.
    pub fn is_before_first_run(&self) -> bool {
        let state = self.state();
        !state.first_done && self.shop.config_version > state.config_seen
    }

    /// Contacts a request, at least 1. A number of its own: the state must not stay locked through a loop.
    pub fn batch_size(&self) -> usize {
        self.state().batch.current().max(1)
    }

    /// The configuration; work that needs one is not started without.
    pub fn config(&self) -> &Config {
        self.config
            .as_deref()
            .expect("work on contacts starts only with a configuration")
    }

    /// Commits one piece of work, the lane's state along with it.
    pub async fn commit(&self, mut commit: Commit) -> Result<(), Halt> {
        commit.lane_state = Some(self.state().text());
        let now = self.now();
        if !self.store.commit(&self.lease, now, &commit).await? {
            return Err(Halt::Fenced);
        }
        self.leased_until
            .store(now + millis(self.settings.lease), Ordering::Relaxed);
        Ok(())
    }

    /// Renews the lease once half of it is over, so that slow services cost nobody the lane.
    async fn keep_lease(&self) -> Result<(), Halt> {
        let (now, lease) = (self.now(), millis(self.settings.lease));
        if self.leased_until.load(Ordering::Relaxed) - now > lease / 2 {
            return Ok(());
        }
        if !self.store.renew(&self.lease, now, lease).await? {
            return Err(Halt::Fenced);
        }
        self.leased_until.store(now + lease, Ordering::Relaxed);
        Ok(())
    }

    /// Uses `token` from here on.
    pub fn use_access_token(&self, token: SecretString) {
        let transport = Paced::over(Side::Shoper, self.transport, &self.pacer);
        let client = shoper_api::Client::new(transport, self.url.clone(), token);
        *lock(&self.shoper_client) = Some(client);
    }

    /// Opens SARE's client with the key in the ledger. `false` when there is none.
    pub async fn open_sare(&self) -> Result<bool, Halt> {
        let Some(config) = &self.config else {
            return Ok(false);
        };
        let Some(key) = self.store.secret(self.shop.id, SecretName::SareKey).await? else {
            return Ok(false);
        };
        let Ok(uid) = sare_api::Uid::parse(&config.sare.uid) else {
            return Ok(false);
        };
        let lookup = self.state().lookup;
        let transport = Paced::over(Side::Sare, self.transport, &self.pacer);
        let client =
            sare_api::Client::new(transport, &self.settings.sare_api_url, &uid, key).with_lookup(lookup);
        *lock(&self.sare_client) = Some(client);
        Ok(true)
    }

    /// Takes SARE's lists of addresses in another form from here on.
    pub fn use_lookup(&self, form: sare_api::LookupForm) {
        self.state().lookup = form;
        let mut client = lock(&self.sare_client);
        if let Some(old) = client.take() {
            *client = Some(old.with_lookup(form));
        }
    }

    /// Requests the shop may be asked now, `reserve` left to others; 0 while it rests after a failure.
    pub fn shoper_room(&self, reserve: f64) -> f64 {
        let (now, state) = (self.now(), self.state());
        if state.timers.shoper > now {
            0.0
        } else {
            state.shoper.available(now, reserve)
        }
    }

    /// Requests SARE may be asked now.
    pub fn sare_room(&self, reserve: f64) -> f64 {
        let (now, state) = (self.now(), self.state());
        if state.timers.sare > now {
            0.0
        } else {
            state.sare.available(now, reserve)
        }
    }

    /// Stops the slice unless the shop may be asked `requests` times.
    pub fn need_shoper(&self, requests: f64, reserve: f64) -> Result<(), Halt> {
        let now = self.now();
        let state = self.state();
        if state.timers.shoper > now {
            return Err(Halt::Wait {
                side: Side::Shoper,
                until: state.timers.shoper,
                why: "shop-away",
            });
        }
        match state.shoper.ready_at(now, requests, reserve) {
            until if until > now => Err(Halt::no_place(Side::Shoper, until)),
            _ => Ok(()),
        }
    }

    /// Nothing may be written to an account in which updates of data change statuses.
    pub fn statuses_at_risk(&self) -> Halt {
        Halt::Wait {
            side: Side::Sare,
            until: self.now() + 3_600_000,
            why: "sare-changes-statuses",
        }
    }

    /// Stops the slice unless SARE may be asked `requests` times.
    pub fn need_sare(&self, requests: f64, reserve: f64) -> Result<(), Halt> {
        let now = self.now();
        let state = self.state();
        if state.updates_harm {
            return Err(self.statuses_at_risk());
        }
        if state.timers.sare > now {
            return Err(Halt::Wait {
                side: Side::Sare,
                until: state.timers.sare,
                why: "sare-away",
            });
        }
        match state.sare.ready_at(now, requests, reserve) {
            until if until > now => Err(Halt::no_place(Side::Sare, until)),
            _ => Ok(()),
        }
    }

    /// Begins a turn of this kind when there is room for what it usually asks of the shop and of SARE, and for what one
    /// that was halted before is known to need.
    pub fn begin(&self, kind: &'static str, usual: (f64, f64), reserve: (f64, f64)) -> Result<Turn, Halt> {
        let known = self.state().needs.get(kind).copied().unwrap_or_default();
        let (shop, sare) = (usual.0.max(known.0), usual.1.max(known.1));
        if shop > 0.0 {
            self.need_shoper(shop, reserve.0)?;
        }
        if sare > 0.0 {
            self.need_sare(sare, reserve.1)?;
        }
        Ok(Turn {
            kind,
            asked: self.pacer.asked(),
        })
    }

    /// Ends a turn: one that was halted leaves behind what it needs and what it learnt (`pacing.rs`).
    pub fn end<T>(&self, turn: &Turn, result: &Result<T, Halt>) {
        let now = self.now();
        let (shop, sare) = turn.asked_since(self);
        let learnt = std::mem::take(&mut *self.pacer.learnt());
        let mut state = self.state();
        match result {
            Ok(_) => {
                if let Some(known) = state.needs.get_mut(turn.kind) {
                    *known = (known.0.min(shop), known.1.min(sare));
                }
                if state.learnt.by == turn.kind {
                    state.learnt = Learnt::default();
                }
            }
            Err(Halt::Wait { side, .. }) => {
                if matches!(result, Err(halt) if halt.is_for_room()) {
                    let known = state.needs.entry(turn.kind.to_owned()).or_default();
                    match side {
                        Side::Shoper => known.0 = shop + 1.0,
                        Side::Sare => known.1 = sare + 1.0,
                    }
                }
                state.learnt.add(learnt, now);
                state.learnt.by = turn.kind.to_owned();
            }
            Err(_) => {}
        }
    }

    /// Requests that a turn of this kind is known to need of SARE, at least `usual`.
    pub fn sare_needs(&self, kind: &str, usual: f64) -> f64 {
        self.state()
            .needs
            .get(kind)
            .map_or(usual, |known| known.1.max(usual))
    }

    /// Whether turns of this kind were found to need more than the shop's bucket holds.
    pub fn is_cramped(&self, kind: &str) -> bool {
        let state = self.state();
        let known = state.needs.get(kind).copied().unwrap_or_default();
        known.0 > state.shoper.limit || known.1 > state.sare.limit - 1.0
    }

    /// Whether the shop has said just now that the record is gone.
    pub fn is_gone(&self, key: RecordKey) -> bool {
        let now = self.now();
        self.state().learnt.is_gone(&DirtyKey::Record(key).encode(), now)
    }

    /// What SARE said of an address less than `age_ms` ago, to a turn that was halted.
    pub fn recent_view(&self, hash: AddrHash, age_ms: i64) -> Option<SareView> {
        let since = self.now() - age_ms;
        let state = self.state();
        if state.learnt.views.is_empty() {
            return None;
        }
        Some(match state.learnt.view(&hash.to_hex(), since)? {
            ABSENT => SareView::Absent,
            SURELY_ABSENT => SareView::SurelyAbsent,
            status => SareView::Status(status),
        })
    }

    /// SARE says this of an address.
    pub fn note_view(&self, hash: AddrHash, view: SareView) {
        let view = match view {
            SareView::Absent => ABSENT,
            SareView::SurelyAbsent => SURELY_ABSENT,
            SareView::Status(status) => status,
        };
        let now = self.now();
        self.pacer.learnt().views.insert(hash.to_hex(), (view, now));
    }

    /// Something was written that may have changed what SARE says of the address.
    pub fn forget_view(&self, hash: AddrHash) {
        let hash = hash.to_hex();
        self.pacer.learnt().views.remove(&hash);
        self.state().learnt.views.remove(&hash);
    }

    /// Whether the record was read just now as a piece of the contact that this dirty entry is about.
    pub fn has_piece(&self, entry: DirtyKey, version: i64, record: RecordKey) -> bool {
        let now = self.now();
        let record = DirtyKey::Record(record).encode();
        let state = self.state();
        state.learnt.has_piece((&entry.encode(), version), &record, now)
    }

    /// The record was read, and what it says is in the ledger.
    pub fn note_piece(&self, entry: DirtyKey, version: i64, record: RecordKey) {
        let now = self.now();
        let mut learnt = self.pacer.learnt();
        learnt.pieces.entry = (entry.encode(), version);
        learnt.pieces.read.insert(DirtyKey::Record(record).encode(), now);
    }

    /// A count that the shop gave just now to a turn that was halted.
    pub fn recent_count(&self, what: &str) -> Option<i64> {
        let now = self.now();
        self.state().learnt.count(what, now)
    }

    /// The shop counts so many; -1 where it does not count.
    pub fn note_count(&self, what: &str, count: i64) {
        let now = self.now();
        self.pacer.learnt().counts.insert(what.to_owned(), (count, now));
    }

    /// The shop says that the record is gone.
    pub fn note_gone(&self, key: RecordKey) {
        let now = self.now();
        self.pacer
            .learnt()
            .gone
            .insert(DirtyKey::Record(key).encode(), now);
    }

    /// Asks the shop. An expired token is renewed once.
    ///
    /// # Errors
    /// [`CallError::Api`] for answers about this very request (not found, refused, locked, forbidden,
    /// not filterable); everything that concerns the shop as a whole is a [`Halt`].
    pub async fn shoper<T, F, Fut>(&self, call: F) -> Result<T, CallError<shoper_api::Error>>
    where
        F: Fn(shoper_api::Client) -> Fut,
        Fut: Future<Output = Result<T, shoper_api::Error>>,
    {
        let mut renewed = false;
        loop {
            let client = lock(&self.shoper_client).clone();
            let Some(client) = client else {
                let until = self.now() + 60_000;
                return Err(Halt::Wait {
                    side: Side::Shoper,
                    until,
                    why: "shop-access",
                }
                .into());
            };
            self.keep_lease().await?;
            let answer = call(client.clone()).await;
            self.note_shoper(&client);
            let closed = self.pacer.take_closed(Side::Shoper);
            if let (Err(_), Some(until)) = (&answer, closed) {
                return Err(Halt::no_place(Side::Shoper, until).into());
            }
            match answer {
                Ok(value) => {
                    self.state().failures.0 = 0;
                    if self.is_locked_out.swap(false, Ordering::Relaxed) {
                        self.let_in_again().await?;
                    }
                    return Ok(value);
                }
                Err(shoper_api::Error::Unauthorized { .. }) if !renewed => {
                    renewed = true;
                    crate::access::renew(self).await?;
                }
                Err(shoper_api::Error::Unauthorized { .. }) => {
                    return Err(crate::access::lost(self, "unauthorized").await?.into());
                }
                Err(shoper_api::Error::Redirected { to: Some(to) }) => {
                    return Err(self.moved(&to).await?.into());
                }
                Err(error) if error.is_transient() => return Err(self.shoper_outage(&error).into()),
                Err(error) => return Err(CallError::Api(error)),
            }
        }
    }

    /// The shop has answered a call: it takes our tokens.
    async fn let_in_again(&self) -> Result<(), Halt> {
        let shop = self.store.shop(self.shop.id).await?;
        if shop.is_some_and(|shop| matches!(shop.state, ShopState::Connecting | ShopState::AccessLost)) {
            let change = ShopChange {
                state: Some(ShopState::Connected),
                ..ShopChange::default()
            };
            self.store.update_shop(self.shop.id, &change, self.now()).await?;
            self.shop_problem_over("access").await?;
        }
        Ok(())
    }

    /// The shop refuses our tokens.
    pub async fn locked_out(&self) -> Result<(), Halt> {
        let change = ShopChange {
            state: Some(ShopState::AccessLost),
            ..ShopChange::default()
        };
        self.store.update_shop(self.shop.id, &change, self.now()).await?;
        self.is_locked_out.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn note_shoper(&self, client: &shoper_api::Client) {
        let pace = client.pace();
        let now = self.now();
        self.state()
            .shoper
            .learn(now, pace.limit, pace.bandwidth, pace.calls);
    }

    /// The shop answers from another address now (shoper-api.md A.2): the next slice asks there. A token never
    /// follows a redirect by itself.
    pub async fn moved(&self, to: &ShopUrl) -> Result<Halt, Halt> {
        if to.host() == self.url.host() {
            return Ok(self.shoper_outage(&shoper_api::Error::Redirected { to: None }));
        }
        tracing::info!(shop = %self.shop.id, from = %self.url.host(), to = %to.host(), "the shop has moved");
        let change = ShopChange {
            url: Some((to.as_str().to_owned(), to.host())),
            ..ShopChange::default()
        };
        self.store.update_shop(self.shop.id, &change, self.now()).await?;
        Ok(Halt::Wait {
            side: Side::Shoper,
            until: self.now() + 1_000,
            why: "shop-away",
        })
    }

    fn shoper_outage(&self, error: &shoper_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        let (pause, why) = match error {
            shoper_api::Error::RateLimited { retry_after } => {
                state.shoper.fill(now);
                (retry_after.unwrap_or(Duration::from_secs(1)), "shop-limit")
            }
            other => {
                state.failures.0 += 1;
                (
                    other.retry_after().unwrap_or_else(|| backoff(state.failures.0)),
                    "shop-away",
                )
            }
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause), "the shop cannot be asked now");
        let until = now + millis(pause);
        state.timers.shoper = until;
        Halt::Wait {
            side: Side::Shoper,
            until,
            why,
        }
    }

    /// Asks SARE.
    ///
    /// # Errors
    /// As [`Session::shoper`].
    pub async fn sare<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        match self.sare_by_one_way(call).await {
            Err(CallError::Api(error)) if error.is_transient() && !error.suggests_smaller_batch() => {
                Err(self.sare_outage(&error).into())
            }
            other => other,
        }
    }

    /// Asks SARE by a call for which there are others: where the failure may be this call's own, whether SARE is away is
    /// for the caller to find out.
    ///
    /// # Errors
    /// As [`Session::sare`]; [`CallError::Api`] also for what `lookup::may_be_the_call`.
    pub async fn sare_by_one_way<T, F, Fut>(&self, call: F) -> Result<T, CallError<sare_api::Error>>
    where
        F: Fn(sare_api::Client) -> Fut,
        Fut: Future<Output = Result<T, sare_api::Error>>,
    {
        let client = lock(&self.sare_client).clone();
        let Some(client) = client else {
            let until = self.now() + 60_000;
            return Err(Halt::Wait {
                side: Side::Sare,
                until,
                why: "sare-access",
            }
            .into());
        };
        self.keep_lease().await?;
        let answer = call(client.clone()).await;
        let closed = self.pacer.take_closed(Side::Sare);
        if let (Err(_), Some(until)) = (&answer, closed) {
            return Err(Halt::no_place(Side::Sare, until).into());
        }
        let now = self.now();
        match answer {
            Ok(value) => {
                let mended = {
                    let mut state = self.state();
                    state.failures.1 = 0;
                    std::mem::take(&mut state.sare_refused)
                };
                if mended {
                    self.shop_problem_over("sare-access").await?;
                }
                Ok(value)
            }
            Err(sare_api::Error::Unauthorized { .. }) => {
                let problem = shop_problem("shop:sare-access", "sare-access", None, now);
                self.store.note_problem(self.shop.id, &problem).await?;
                let until = now + 15 * 60_000;
                {
                    let mut state = self.state();
                    state.timers.sare = until;
                    state.sare_refused = true;
                }
                Err(Halt::Wait {
                    side: Side::Sare,
                    until,
                    why: "sare-access",
                }
                .into())
            }
            Err(error) if error.suggests_smaller_batch() || lookup::may_be_the_call(&error) => {
                Err(CallError::Api(error))
            }
            Err(error) if error.is_transient() => Err(self.sare_outage(&error).into()),
            Err(error) => Err(CallError::Api(error)),
        }
    }

    /// Lets SARE rest after a failure.
    pub fn sare_outage(&self, error: &sare_api::Error) -> Halt {
        let now = self.now();
        let mut state = self.state();
        let (pause, why) = if let sare_api::Error::RateLimited { retry_after } = error {
            // It lets through less than we were told: of its limit nothing is published.
            state.sare.fill(now);
            (retry_after.unwrap_or(Duration::from_secs(1)), "sare-limit")
        } else {
            state.failures.1 += 1;
            let pause = error.retry_after().unwrap_or_else(|| backoff(state.failures.1));
            (pause, "sare-away")
        };
        tracing::info!(shop = %self.shop.id, %error, pause_ms = millis(pause), "SARE cannot be asked now");
        let until = now + millis(pause);
        state.timers.sare = until;
        Halt::Wait {
            side: Side::Sare,
            until,
            why,
        }
    }

    /// Notes a problem of the shop as a whole.
    pub async fn shop_problem(&self, topic: &str, kind: &str, detail: Option<String>) -> Result<(), Halt> {
        let key = format!("shop:{topic}");
        self.store
            .note_problem(self.shop.id, &shop_problem(&key, kind, detail, self.now()))
            .await?;
        Ok(())
    }

    /// The problem is over.
    pub async fn shop_problem_over(&self, topic: &str) -> Result<(), Halt> {
        self.store
            .solve_problem(self.shop.id, &format!("shop:{topic}"))
            .await?;
        Ok(())
    }
}

/// A turn of work that is only over as a whole.
pub struct Turn {
    kind: &'static str,
    asked: [u32; 2],
}

impl Turn {
    /// Requests made since it began.
    fn asked_since(&self, s: &Session<'_>) -> (f64, f64) {
        let asked = s.pacer.asked();
        (
            f64::from(asked[0] - self.asked[0]),
            f64::from(asked[1] - self.asked[1]),
        )
    }

    /// What was done so far is committed: the turn counts anew.
    pub fn got_on(&mut self, s: &Session<'_>) {
        self.asked = s.pacer.asked();
        *s.pacer.learnt() = Learnt::default();
    }
}

/// A problem of a shop as a whole.
pub fn shop_problem(key: &str, kind: &str, detail: Option<String>, now: Millis) -> Problem {
    Problem {
        key: key.to_owned(),
        kind: kind.to_owned(),
        hash: None,
        detail,
        is_final: false,
        first_at: now,
        last_at: now,
        times: 1,
    }
}

/// A record whose address is none: a final verdict until the shop corrects it.
pub fn bad_address(key: RecordKey, now: i64) -> Problem {
    Problem {
        key: DirtyKey::Record(key).encode(),
        kind: "bad-address".to_owned(),
        hash: None,
        detail: None,
        is_final: true,
        first_at: now,
        last_at: now,
        times: 1,
    }
}

/// 2 s, doubled with every failure in a row, at most 10 minutes.
pub fn backoff(failures: u32) -> Duration {
    Duration::from_secs(2 << failures.clamp(1, 9).saturating_sub(1)).min(Duration::from_secs(600))
}

/// A duration in the ledger's unit.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
