//! Everything the first page says, read from the ledger.

use std::collections::{BTreeMap, HashMap};

use engine::LaneState;
use ports::Millis;
use store::{
    AddrHash, Audit, Contact, Counts, HistoryEntry, Outcome, ProblemGroup, Run, RunKind, Shop, ShopState,
};
use sync_core::config::Config;

use crate::error::Error;
use crate::state::App;

/// A day in the ledger's unit.
pub const DAY: Millis = 86_400_000;
/// Days that the page looks back.
pub const DAYS: i64 = 30;
/// Newest events shown.
const EVENTS: i64 = 12;

/// What the page shows.
pub struct Sight {
    /// Now.
    pub now: Millis,
    /// How many contacts stand where.
    pub counts: Counts,
    /// The run that is not over.
    pub active: Option<Run>,
    /// The newest run that is over, previews left out.
    pub last: Option<Run>,
    /// What the lane remembers.
    pub lane: LaneState,
    /// The newest audit.
    pub audit: Option<Audit>,
    /// Meters of the last days, by day and name.
    pub days: BTreeMap<(i64, String), i64>,
    /// The newest events of all contacts.
    pub latest: Vec<HistoryEntry>,
    /// The contacts they are about.
    pub contacts: HashMap<AddrHash, Contact>,
    /// Open problems by cause.
    pub problems: Vec<ProblemGroup>,
    /// Customers or subscribers are switched on.
    pub has_kinds: bool,
    /// The first synchronisation waits for the merchant's word.
    pub is_held: bool,
    /// The shop refuses us.
    pub is_lost: bool,
}

impl Sight {
    /// Reads it.
    pub async fn of(app: &App, shop: &Shop) -> Result<Self, Error> {
        let (now, store, id) = (app.now(), &app.store, shop.id);
        let (counts, runs, lane, audit, days, latest, problems) = tokio::try_join!(
            store.counts(id),
            store.runs(id, 5),
            store.lane(id),
            store.last_audit(id),
            store.meters_by_day(id, now.div_euclid(DAY) - DAYS + 1),
            store.latest_history(id, EVENTS),
            store.problem_groups(id),
        )?;
        let hashes: Vec<AddrHash> = latest.iter().map(|line| line.hash).collect();
        let contacts = store.contacts(id, &hashes).await?;
        let lane = LaneState::parse(
            &lane.map_or_else(String::new, |lane| lane.state),
            app.engine.settings(),
        );
        let config = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
        let has_kinds =
            config.is_some_and(|parsed| parsed.config.customers.enabled || parsed.config.subscribers.enabled);
        let (active, over): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| !run.state.is_over());
        Ok(Self {
            now,
            counts,
            active: active.into_iter().next(),
            last: over.into_iter().find(|run| run.kind != RunKind::DryRun),
            audit,
            days,
            latest,
            contacts,
            problems,
            has_kinds,
            is_held: !lane.first_done && shop.first_run_after.is_some_and(|after| after > now),
            is_lost: shop.state == ShopState::AccessLost,
            lane,
        })
    }

    /// Contacts of an outcome.
    pub fn with(&self, outcome: Outcome) -> i64 {
        self.counts
            .by_outcome
            .get(&(outcome as i64))
            .copied()
            .unwrap_or(0)
    }

    /// The sum of a meter over the last days.
    pub fn metered(&self, name: &str) -> i64 {
        self.days
            .iter()
            .filter(|((_, found), _)| found == name)
            .map(|(_, n)| n)
            .sum()
    }

    /// A meter's value today.
    pub fn today(&self, name: &str) -> i64 {
        let today = self.now.div_euclid(DAY);
        self.days.get(&(today, name.to_owned())).copied().unwrap_or(0)
    }
}
