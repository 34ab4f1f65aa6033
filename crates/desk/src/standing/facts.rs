//! What the ledger knows of a shop's standing, read at once.

use engine::{Body, LaneStanding};
use ports::Millis;
use store::{Audit, Counts, Outcome, Run, RunKind, RunState, SecretName, Shop, ShopState, Store};
use sync_core::config::Config;
use sync_core::{Healer, ProblemKind};

/// A hold beyond this is one without an end.
const NO_LONGER_A_TIME_MS: Millis = 365 * 86_400_000;
/// Problems of the shop as a whole that are looked for among all; there is one of a topic.
const TROUBLES: i64 = 100;
/// Kinds of problems that the standing tells in words of its own.
const TOLD_OTHERWISE: [ProblemKind; 5] = [
    ProblemKind::SareDisconnected,
    ProblemKind::SareAccess,
    ProblemKind::SareChangesStatuses,
    ProblemKind::ShopAccess,
    ProblemKind::Brake,
];

/// How far the configuration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// None was saved.
    None,
    /// It cannot be read.
    Unreadable,
    /// Neither kind of record is switched on.
    Nobody,
    /// It asks for a synchronisation.
    On,
}

/// How far the first synchronisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// It has not begun.
    Before,
    /// It goes on.
    UnderWay,
    /// It was ended before it was over.
    Interrupted,
    /// It is over.
    Done,
}

/// What the first synchronisation waits for: that time, or the merchant's word alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Until then, unless the word is given before; `None` = for the word alone.
    pub until: Option<Millis>,
}

/// The newest run that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// What it was for.
    pub kind: RunKind,
    /// How it ended.
    pub state: RunState,
    /// People it would have made mailable.
    pub mailable: i64,
}

/// Everything on which a shop's standing depends. Plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub now: Millis,
    /// How the shop's own connection stands.
    pub state: ShopState,
    /// Paid until.
    pub subscription_until: Option<Millis>,
    /// A person stopped all synchronisation.
    pub paused: bool,
    /// When anything last succeeded.
    pub last_success_at: Option<Millis>,
    /// Since when a first success is to be expected.
    pub expected_since: Option<Millis>,
    /// How far the configuration is.
    pub setup: Setup,
    /// A key of SARE is kept.
    pub has_key: bool,
    /// SARE refused it when last asked.
    pub sare_refused: bool,
    /// Updates of data changed statuses.
    pub updates_harm: bool,
    /// The poll found too much and waits for a person.
    pub poll_waits: bool,
    /// The shop failed when last asked.
    pub shop_fails: bool,
    /// When it is asked again.
    pub shop_again: Millis,
    /// SARE failed when last asked.
    pub sare_fails: bool,
    /// When it is asked again.
    pub sare_again: Millis,
    /// How far the first synchronisation is.
    pub first: First,
    /// What it waits for, where it is held.
    pub held: Option<Hold>,
    /// The run that is not over.
    pub active: Option<(RunKind, RunState)>,
    /// The newest one that is over, previews left out.
    pub newest: Option<Newest>,
    /// Differences that the newest audit could not explain.
    pub differences: i64,
    /// Kinds of open problems of the shop as a whole which do not heal by themselves.
    pub troubles: Vec<ProblemKind>,
    /// Consents that wait for a person's decision.
    pub doubts: i64,
    /// Contacts.
    pub contacts: i64,
    /// Changes waiting.
    pub dirty: i64,
    /// Contacts that could not be written.
    pub failed: i64,
}

/// What of the ledger the facts are made of.
pub struct Sources<'a> {
    pub now: Millis,
    pub shop: &'a Shop,
    /// What its lane remembers.
    pub lane: &'a LaneStanding,
    /// How many contacts stand where.
    pub counts: &'a Counts,
    /// The run that is not over.
    pub active: Option<&'a Run>,
    /// The newest run that is over, previews left out.
    pub newest: Option<&'a Run>,
    /// The newest audit.
    pub audit: Option<&'a Audit>,
    /// When the configuration was saved last.
    pub configured_at: Option<Millis>,
    /// A key of SARE is kept.
    pub has_key: bool,
    /// Kinds of open problems of the shop as a whole.
    pub troubles: Vec<ProblemKind>,
    /// Consents that wait for a person's decision.
    pub doubts: i64,
    /// Contacts that could not be sent and whose problems a person has set aside.
    pub failed_aside: i64,
}

impl Facts {
    /// The app is not in the shop any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.state, ShopState::Removed | ShopState::Uninstalling)
    }

    /// Reads them.
    pub async fn read(store: &Store, shop: &Shop, now: Millis) -> Result<Self, store::Error> {
        let (lane, counts, runs, active, audit, configured_at, troubles, has_key, doubts, failed_aside) = tokio::try_join!(
            engine::standing(store, shop.id),
            store.counts(shop.id),
            store.runs(shop.id, 5),
            store.active_run(shop.id),
            store.last_audit(shop.id),
            configured_at(store, shop),
            troubles(store, shop),
            has_key(store, shop),
            store.count_doubted(shop.id),
            store.count_failed_aside(shop.id),
        )?;
        Ok(Self::of(Sources {
            now,
            shop,
            lane: &lane,
            counts: &counts,
            active: active.as_ref(),
            newest: newest(&runs),
            audit: audit.as_ref(),
            configured_at,
            has_key,
            troubles,
            doubts,
            failed_aside,
        }))
    }

    /// Puts together what was read.
    pub fn of(sources: Sources<'_>) -> Self {
        let Sources {
            now,
            shop,
            lane,
            counts,
            active,
            newest,
            audit,
            configured_at,
            has_key,
            troubles,
            doubts,
            failed_aside,
        } = sources;
        let config = shop.config.as_deref().map(Config::parse);
        let setup = match &config {
            None => Setup::None,
            Some(Err(_)) => Setup::Unreadable,
            Some(Ok(parsed)) if parsed.config.customers.enabled || parsed.config.subscribers.enabled => {
                Setup::On
            }
            Some(Ok(_)) => Setup::Nobody,
        };
        let is_anew = config
            .and_then(Result::ok)
            .is_some_and(|parsed| lane.is_of_another_account(&parsed.config.sare.uid));
        let first = match active {
            _ if lane.first_done && !is_anew => First::Done,
            Some(run) if run.kind.policy().is_first => First::UnderWay,
            _ if lane.config_seen >= shop.config_version && shop.config_version > 0 && !is_anew => {
                First::Interrupted
            }
            _ => First::Before,
        };
        let held = shop.held_until(now).filter(|_| first != First::Done);
        Self {
            now,
            state: shop.state,
            subscription_until: shop.subscription_until,
            paused: shop.paused,
            last_success_at: shop.last_success_at,
            // What should have begun by itself: when it was set up, or when the time that it was held for was over.
            expected_since: active
                .map(|run| run.started_at.unwrap_or(run.created_at))
                .or(configured_at.max(shop.first_run_after.filter(|at| *at <= now))),
            setup,
            has_key,
            sare_refused: lane.sare_refused,
            updates_harm: lane.updates_harm,
            poll_waits: lane.poll_waits,
            shop_fails: lane.shop.fails,
            shop_again: lane.shop.rests_until,
            sare_fails: lane.sare.fails,
            sare_again: lane.sare.rests_until,
            first,
            held: held.map(|at| Hold {
                until: (at - now < NO_LONGER_A_TIME_MS).then_some(at),
            }),
            active: active.map(|run| (run.kind, run.state)),
            newest: newest.map(|run| Newest {
                kind: run.kind,
                state: run.state,
                mailable: Body::parse(&run.body).statement.mailable,
            }),
            // What was found before everything was made equal may have gone.
            differences: audit
                .filter(|audit| !newest.is_some_and(|run| is_repair(run) && run.ended_at > Some(audit.at)))
                .map_or(0, |audit| audit.differences),
            troubles,
            doubts,
            contacts: counts.contacts,
            dirty: counts.dirty,
            failed: counts
                .by_outcome
                .get(&(Outcome::Failed as i64))
                .map_or(0, |failed| (failed - failed_aside).max(0)),
        }
    }
}

/// A run that makes every contact equal, and did.
fn is_repair(run: &Run) -> bool {
    run.kind.policy().makes_equal() && run.state == RunState::Done
}

/// When the configuration was saved last.
pub async fn configured_at(store: &Store, shop: &Shop) -> Result<Option<Millis>, store::Error> {
    let newest = store.config_history(shop.id, 1).await?;
    Ok(newest.first().map(|version| version.at))
}

/// The newest run that is over, previews left out.
pub fn newest(runs: &[Run]) -> Option<&Run> {
    runs.iter()
        .find(|run| run.state.is_over() && !run.kind.policy().only_states)
}

/// Kinds of open problems of the shop as a whole that somebody has to do something about.
pub async fn troubles(store: &Store, shop: &Shop) -> Result<Vec<ProblemKind>, store::Error> {
    let mut kinds: Vec<ProblemKind> = store
        .shop_problems(shop.id, TROUBLES)
        .await?
        .into_iter()
        .map(|problem| problem.kind)
        .filter(|kind| !TOLD_OTHERWISE.contains(kind))
        .filter(|kind| kind.healer() != Healer::Itself)
        .collect();
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

/// Whether a key of SARE is kept.
pub async fn has_key(store: &Store, shop: &Shop) -> Result<bool, store::Error> {
    Ok(store.secret(shop.id, SecretName::SareKey).await?.is_some())
}
