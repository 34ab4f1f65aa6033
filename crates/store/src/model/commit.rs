//! The right to write, and one piece of work to be written.

use sync_core::{RecordKey, ShopId};

use super::contact::{Contact, HistoryEntry, Problem, Record};
use super::dirty::{DirtyDone, DirtyMark};
use super::run::Run;
use super::{AddrHash, Millis};
use crate::places::AddressPlace;

/// A claimed lane. Whoever holds it, and nobody else, may commit to the shop's ledger until it
/// expires or is released.
#[derive(Debug, Clone)]
pub struct Lease {
    pub shop: ShopId,
    /// Fencing token; commits carry it.
    pub fence: i64,
    /// The engine's own state of the lane (timers, pace) as JSON.
    pub state: String,
    /// When the lease ends unless a commit renews it.
    pub until: Millis,
    /// How long it lasts each time, in milliseconds.
    pub length: i64,
    /// Something from outside wanted it: what it writes goes before what lanes write that follow their own plans.
    pub woken: bool,
}

/// All that one piece of work changes, written in one transaction.
#[derive(Debug, Default)]
pub struct Commit {
    /// Contacts to insert or replace.
    pub contacts: Vec<Contact>,
    /// Contacts to remove wholly (row, history).
    pub forget: Vec<AddrHash>,
    /// Records to insert or replace.
    pub records: Vec<Record>,
    /// Records that no longer exist in the shop.
    pub gone: Vec<RecordKey>,
    /// Where addresses of customers stand in the shop's list.
    pub places: Vec<AddressPlace>,
    /// Places that no pass from this one on has met are forgotten.
    pub stale_places: Option<i64>,
    /// New dirty marks.
    pub marks: Vec<DirtyMark>,
    /// Dirty entries dealt with.
    pub done: Vec<DirtyDone>,
    /// New lines of history.
    pub history: Vec<HistoryEntry>,
    /// Problems seen (inserted, or `last_at`, `times`, `detail` and `kind` brought up to date).
    pub problems: Vec<Problem>,
    /// Problems resolved, by key.
    pub resolved: Vec<String>,
    /// The run's new state.
    pub run: Option<Run>,
    /// Meters to raise, by name.
    pub meters: Vec<(&'static str, i64)>,
    /// The lane's new state.
    pub lane_state: Option<String>,
    /// Sets the shop's `last_success_at`.
    pub success_at: Option<Millis>,
}
