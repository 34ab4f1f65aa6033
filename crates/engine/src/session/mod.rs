//! One lane in one worker's hands: the shop, its configuration, clients for both services, and the
//! buckets that say how much may be asked of them now.
//!
//! Every call to a service goes through [`Session::shoper`] or [`Session::sare`]: they learn the pace
//! from the answer, renew an access token once, and turn outages into a stored waiting time. The
//! requests behind a call wait for their turn in `pacing.rs`.

mod calls;
mod lease;
mod pacing;
pub mod redirects;
pub mod token;
mod turns;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use access::{Caller, Limiter, Limiters, SareAccess, ShopAccess, Urgency};
use ports::{Clock, Millis, Transport};
use secrecy::SecretString;
use shoper_api::ShopUrl;
use store::{AddrHash, Commit, DirtyKey, Lease, PUT_BACK_MS, Problem, SecretName, Shop, ShopState, Store};
use sync_core::config::Config;
use sync_core::{Cause, EmailError, ProblemKind, RecordKey, Topic};

use crate::error::{Halt, Side};
use crate::settings::EngineSettings;
use crate::state::{Call, LaneState};

pub use calls::{backoff, wants_payment};
pub use lease::LeaseKeeper;
use pacing::Pacer;

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
    pub shop: Shop,
    /// Its base URL.
    pub url: ShopUrl,
    /// The merchant's configuration, once there is one.
    pub config: Option<Arc<Config>>,
    lease_keeper: Arc<LeaseKeeper>,
    held_until: AtomicI64,
    /// The shop is not known to take our tokens: the first call that it answers shows that it does.
    is_locked_out: AtomicBool,
    pacer: Arc<Pacer>,
    /// Calls about contacts that SARE has answered in this slice.
    worked: Mutex<BTreeSet<Call>>,
    /// When SARE last answered the cheap call of `blame.rs`.
    answered_at: AtomicI64,
    shop_access: ShopAccess,
    sare_access: SareAccess,
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
        limiters: &Limiters,
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
        let now = clock.now();
        let state = LaneState::open(&lease.state, settings, now);
        let uid = config.as_deref().map(|config| config.sare.uid.as_str());
        let limiter = limiters.of(lease.shop.0, uid, state.buckets());
        let lease_keeper = Arc::new(LeaseKeeper::new(store, clock, lease.clone(), settings.lease));
        let held_until = AtomicI64::new(shop.held_until(now).unwrap_or(0));
        let is_locked_out = AtomicBool::new(matches!(
            shop.state,
            ShopState::Connecting | ShopState::AccessLost
        ));
        let pacer = Arc::new(Pacer::new(state, clock, &lease_keeper, limiter));
        let caller = || Arc::clone(&pacer) as Arc<dyn Caller>;
        let limiter = pacer.limiter();
        let shop_access = ShopAccess::new(url.clone(), transport, limiter, clock, caller());
        let sare_access = SareAccess::new(&settings.sare_api_url, transport, limiter, clock, caller());
        Ok(Some(Self {
            store,
            transport,
            clock,
            settings,
            lease,
            shop,
            url,
            config,
            held_until,
            is_locked_out,
            lease_keeper,
            worked: Mutex::default(),
            answered_at: AtomicI64::new(0),
            shop_access,
            sare_access,
            pacer,
        }))
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The lane's state, for reading and writing. Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, LaneState> {
        self.pacer.state()
    }

    /// Asks for fewer contacts at once from here on, where that is what the error is about.
    pub fn note_too_large(&self, error: &sare_api::Error) {
        let too_many = matches!(error, sare_api::Error::TooLarge);
        if too_many || (error.is_transient() && error.suggests_smaller_batch()) {
            self.state().batch.after_too_large();
        }
    }

    /// Notes that SARE has answered a call about contacts.
    pub fn note_worked(&self, call: Call) {
        lock(&self.worked).insert(call);
    }

    /// Whether SARE has answered such a call in this slice.
    pub fn has_worked(&self, call: Call) -> bool {
        lock(&self.worked).contains(&call)
    }

    /// Notes that SARE has answered a call that is about nobody.
    pub fn note_answered(&self) {
        self.answered_at.store(self.now(), Ordering::Relaxed);
    }

    /// When it last did, in this slice; 0: never.
    pub fn answered_at(&self) -> Millis {
        self.answered_at.load(Ordering::Relaxed)
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
        let until = shop.and_then(|shop| shop.held_until(self.now())).unwrap_or(0);
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
        let now = self.now();
        commit.lane_state = Some(self.state_text(now));
        if !self.store.commit(&self.lease, now, &commit).await? {
            return Err(Halt::Fenced);
        }
        self.lease_keeper.renewed(now);
        Ok(())
    }

    /// The lane's state as it is stored, with what is known of both limits.
    pub fn state_text(&self, now: Millis) -> String {
        let mut state = self.state();
        state.shoper = self.limiter().bucket(Side::Shoper);
        state.sare = self.limiter().bucket(Side::Sare);
        state.text_at(now)
    }

    /// How much may be asked of both services now.
    pub fn limiter(&self) -> &Limiter {
        self.pacer.limiter()
    }

    /// Keeps the lane's lease.
    pub fn lease_keeper(&self) -> &LeaseKeeper {
        &self.lease_keeper
    }

    /// Leaves permits to live changes from here on, or takes them.
    pub fn set_urgency(&self, urgency: Urgency) {
        self.pacer.set_urgency(urgency);
    }

    /// The limit that work has waited for longest since this was last asked, if it has waited for any worth telling of.
    pub fn take_limited_by(&self) -> Option<Cause> {
        self.pacer.take_limited_by()
    }

    /// Uses `token` from here on.
    pub fn use_access_token(&self, token: SecretString) {
        self.shop_access.use_token(token);
    }

    /// Opens SARE's client with the key in the ledger. `false` when there is none.
    pub async fn open_sare(&self) -> Result<bool, Halt> {
        let Some(config) = &self.config else {
            return Ok(false);
        };
        let Some(key) = self.store.secret(self.shop.id, SecretName::SareKey).await? else {
            return Ok(false);
        };
        Ok(self.open_sare_account(&config.sare.uid, key))
    }

    /// Opens SARE's client for an account. `false` when `uid` is none.
    pub fn open_sare_account(&self, uid: &str, key: SecretString) -> bool {
        let Ok(uid) = sare_api::Uid::parse(uid) else {
            return false;
        };
        let lookup = self.state().lookup;
        self.sare_access.use_account(&uid, key, lookup);
        true
    }

    /// Takes SARE's lists of addresses in another form from here on.
    pub fn use_lookup(&self, form: sare_api::LookupForm) {
        self.state().lookup = form;
        self.sare_access.use_lookup(form);
    }

    /// Notes a problem of the shop as a whole.
    pub async fn shop_problem(
        &self,
        topic: impl Into<Topic>,
        kind: ProblemKind,
        detail: Option<String>,
    ) -> Result<(), Halt> {
        let problem = shop_problem(&topic.into(), kind, detail, self.now());
        self.store.note_problem(self.shop.id, &problem).await?;
        Ok(())
    }

    /// Notes that a record does not say what it consents to, or says it again.
    pub fn note_silence(&self) {
        self.state().silence.is_news = true;
    }

    /// Notes that the shop does not let the app at `resource`.
    pub async fn not_permitted(&self, resource: &str) -> Result<(), Halt> {
        let topic = Topic::Scope(resource.to_owned());
        self.shop_problem(topic, ProblemKind::NoScope, Some(resource.to_owned()))
            .await
    }

    /// The problem is over.
    pub async fn shop_problem_over(&self, topic: impl Into<Topic>) -> Result<(), Halt> {
        self.store
            .resolve_problem(self.shop.id, &topic.into().key())
            .await?;
        Ok(())
    }
}

/// A problem of a shop as a whole.
pub fn shop_problem(topic: &Topic, kind: ProblemKind, detail: Option<String>, now: Millis) -> Problem {
    Problem {
        key: topic.key(),
        kind,
        hash: None,
        detail,
        is_final: false,
        first_at: now,
        last_at: now,
        times: 1,
    }
}

/// A record whose address is none: a final verdict until the shop corrects it.
pub fn bad_address(key: RecordKey, why: EmailError, now: i64) -> Problem {
    let kind = match why {
        EmailError::Invisible => ProblemKind::UnseenCharacter,
        _ => ProblemKind::BadAddress,
    };
    Problem {
        is_final: true,
        ..of_record(key, kind, now)
    }
}

fn of_record(key: RecordKey, kind: ProblemKind, now: i64) -> Problem {
    Problem {
        key: DirtyKey::Record(key).encode(),
        kind,
        hash: None,
        detail: None,
        is_final: false,
        first_at: now,
        last_at: now,
        times: 1,
    }
}

/// A record that the shop cannot put into words, or not so that it can be read; its detail says why.
pub fn unreadable_record(key: RecordKey, why: Option<String>, now: i64) -> Problem {
    Problem {
        detail: why,
        ..of_record(key, ProblemKind::RecordUnreadable, now)
    }
}

/// A record some of whose members cannot be read; the rest of it counts.
pub fn unreadable_members(key: RecordKey, hash: AddrHash, members: &[String], now: i64) -> Problem {
    Problem {
        hash: Some(hash),
        detail: Some(members.join(", ")),
        ..of_record(key, ProblemKind::FieldsUnreadable, now)
    }
}

/// Kinds of problems that are about one record of the shop, and over once it is read whole.
pub const OF_RECORDS: [ProblemKind; 4] = [
    ProblemKind::BadAddress,
    ProblemKind::UnseenCharacter,
    ProblemKind::RecordUnreadable,
    ProblemKind::FieldsUnreadable,
];

/// Whether less than `span` has passed at `now` since `at`. A time that has not come yet is no recent one: the clock was
/// put back since.
pub fn is_recent(at: i64, span: i64, now: i64) -> bool {
    at <= now + PUT_BACK_MS && at + span > now
}
