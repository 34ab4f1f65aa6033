//! What the ledger knows of one contact: a handful of look-ups by key.

use engine::Engine;
use store::{
    AddrHash, Contact, Direction, DirtyKey, HistoryEntry, Problem, Record, Store, Unsubscribe, Waiting,
};
use sync_core::consent::Known;
use sync_core::{ProblemKind, ShopId};

use super::Timeline;

/// Lines of history told; the ledger keeps no more of one contact.
pub const HISTORY: usize = 50;

/// Problems of the shop as a whole that are looked through.
const MOST_PROBLEMS: i64 = 50;
/// Those of them that keep every change waiting.
const OBSTACLES: &[ProblemKind] = &[
    ProblemKind::SareAccess,
    ProblemKind::SareDisconnected,
    ProblemKind::SarePayment,
    ProblemKind::SareChangesStatuses,
    ProblemKind::SareAway,
    ProblemKind::ShopAccess,
    ProblemKind::ShopAway,
];

/// What the ledger knows of one contact.
#[derive(Debug)]
pub struct Ledger {
    pub contact: Option<Contact>,
    /// Its records in the shop, as last seen.
    pub records: Vec<Record>,
    /// What happened, the newest first.
    pub history: Vec<HistoryEntry>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// Changes of it that wait for their turn.
    pub waiting: Vec<Waiting>,
    /// What keeps the whole shop, or all new contacts, from going on: kinds of problems.
    pub obstacles: Vec<ProblemKind>,
    /// The newest unsubscribe made in SARE, with what the shop was told of it.
    pub unsubscribe: Option<Unsubscribe>,
}

impl Ledger {
    /// Reads it.
    pub async fn read(store: &Store, shop: ShopId, hash: AddrHash) -> Result<Self, store::Error> {
        let records = store.records_of(shop, &[hash]).await?;
        let keys = keys(hash, &records);
        let mut problems = store.problems_of(shop, &[hash]).await?;
        for problem in store.problems_by_key(shop, &keys).await? {
            if problems.iter().all(|known| known.key != problem.key) {
                problems.push(problem);
            }
        }
        let contact = store.contact(shop, hash).await?;
        let is_new = contact.as_ref().is_none_or(|contact| !contact.was_in_sare());
        let mut obstacles: Vec<ProblemKind> = store
            .shop_problems(shop, MOST_PROBLEMS)
            .await?
            .into_iter()
            .map(|problem| problem.kind)
            .filter(|kind| OBSTACLES.contains(kind) || is_new && *kind == ProblemKind::SareFull)
            .collect();
        obstacles.dedup();
        Ok(Self {
            contact,
            obstacles,
            history: store
                .history(shop, hash, i64::try_from(HISTORY).unwrap_or(i64::MAX))
                .await?,
            waiting: store.waiting_of(shop, &keys).await?,
            unsubscribe: store.newest_unsubscribe(shop, hash, Direction::ToShop).await?,
            problems,
            records,
        })
    }

    /// What a decision begins with.
    pub fn known(&self, engine: &Engine) -> Known {
        let settle = ports::millis(engine.settings().settle_after);
        engine::known(self.contact.as_ref(), engine.clock().now(), settle)
    }

    /// What happened, as far as the history tells.
    pub fn timeline(&self) -> Timeline {
        Timeline::of(&self.history, self.is_full())
    }

    /// Whether the ledger keeps as many lines as it ever does, so that older ones may be gone.
    pub fn is_full(&self) -> bool {
        self.history.len() >= HISTORY
    }

    /// Why a change that waits has to wait longer than for its turn.
    pub fn waits_for(&self) -> Option<ProblemKind> {
        self.obstacles
            .first()
            .copied()
            .filter(|_| !self.waiting.is_empty())
    }

    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        self.contact.is_none() && self.records.is_empty()
    }
}

/// Everything that makes the contact dirty.
fn keys(hash: AddrHash, records: &[Record]) -> Vec<DirtyKey> {
    let of_records = records.iter().map(|record| DirtyKey::Record(record.key));
    of_records.chain([DirtyKey::Address(hash)]).collect()
}
