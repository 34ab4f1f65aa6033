//! Everything the first page says, read from the ledger.

use std::collections::{BTreeMap, HashMap};

use desk::standing::{self, Facts, Sources, Standing};
use engine::LaneStanding;
use ports::Millis;
use store::{Absence, AddrHash, Audit, Contact, Counts, HistoryEntry, Outcome, ProblemGroup, Run, Shop};

use crate::error::Error;
use crate::state::App;

/// A day in the ledger's unit.
pub const DAY: Millis = 86_400_000;
/// Days that the page looks back.
pub const DAYS: i64 = 30;
/// Newest events read; those of a kind that came at once are shown as one.
const EVENTS: i64 = 120;

/// What the page shows.
pub struct PageData {
    pub now: Millis,
    /// How many contacts stand where.
    pub counts: Counts,
    /// The run that is not over.
    pub active: Option<Run>,
    /// The newest runs.
    pub runs: Vec<Run>,
    /// The newest run that is over, previews left out.
    pub last: Option<Run>,
    /// What the lane remembers.
    pub lane: LaneStanding,
    /// The newest audit.
    pub audit: Option<Audit>,
    /// Meters of the last days, by day and name.
    pub days: BTreeMap<(i64, String), i64>,
    /// The newest events of all contacts.
    pub latest: Vec<HistoryEntry>,
    /// The contacts they are about.
    pub contacts: HashMap<AddrHash, Contact>,
    /// Open problems by cause, without those set aside.
    pub problems: Vec<ProblemGroup>,
    /// When anything last succeeded.
    pub last_success_at: Option<Millis>,
    /// How the shop stands.
    pub standing: Standing,
    /// Times of the last days in which no server lived.
    pub absences: Vec<Absence>,
}

impl PageData {
    /// Reads it.
    pub async fn load(app: &App, shop: &Shop) -> Result<Self, Error> {
        let (now, store, id) = (app.now(), &app.store, shop.id);
        let (
            counts,
            runs,
            lane,
            audit,
            days,
            latest,
            problems,
            configured_at,
            troubles,
            has_key,
            absences,
            doubts,
            failed_aside,
        ) = tokio::try_join!(
            store.counts(id),
            store.runs(id, 5),
            engine::standing(store, id),
            store.last_audit(id),
            store.meters_by_day(id, now.div_euclid(DAY) - DAYS + 1),
            store.latest_history(id, EVENTS),
            store.problem_groups(id),
            standing::configured_at(store, shop),
            standing::troubles(store, shop),
            standing::has_key(store, shop),
            store.absences(now - DAYS * DAY),
            store.count_doubted(id),
            store.count_failed_aside(id),
        )?;
        let hashes: Vec<AddrHash> = latest.iter().map(|line| line.hash).collect();
        let contacts = store.contacts(id, &hashes).await?;
        let active = runs.iter().find(|run| !run.state.is_over());
        let last = standing::newest(&runs);
        let facts = Facts::of(Sources {
            now,
            shop,
            lane: &lane,
            counts: &counts,
            active,
            newest: last,
            audit: audit.as_ref(),
            configured_at,
            has_key,
            troubles,
            doubts,
            failed_aside,
        });
        Ok(Self {
            now,
            active: active.cloned(),
            last: last.cloned(),
            runs: runs.clone(),
            standing: Standing::of(&facts),
            counts,
            audit,
            days,
            latest,
            contacts,
            problems: problems.into_iter().filter(|group| !group.is_aside).collect(),
            last_success_at: shop.last_success_at,
            absences,
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
