//! Carrying out verdicts: from facts and steps to calls on SARE and the shop, and into the ledger.
//!
//! The order is what makes crashes harmless. First the facts (a withdrawal, a refusal, an opt-in) and
//! what the records said are committed; then the services are told; then what came of it is
//! committed and the dirty entries go. Whatever happens in between, the next worker finds the facts
//! and the dirty entry, and the same steps follow from them.
//!
//! Data and status changes never share a request, and a status change counts only when it has been
//! read back (sare-api.md section 14 and 16 row 11).

mod batch;
mod change;
mod data;
mod facts;
mod groups;
mod other_spellings;
mod outcome;
mod proof;
mod refused;
mod shop;

use store::{Commit, Contact, HistoryEntry, Outcome, Reason, Record};
use sync_core::ProblemKind;
use sync_core::config::Config;
use sync_core::consent::{Intent, SareView};
use sync_core::plan::Step;

use crate::error::Halt;
use crate::report::Counters;
use crate::session::Session;
use crate::subject::Assessed;

use change::{lower, raise};
use data::write_data;
use facts::{facts_commit, prepare};
use groups::leave;
use other_spellings::lower_other_spellings;
use outcome::conclude;
use shop::tell_shop;

pub use data::value_in;
pub use outcome::retry_pause;

/// A delivery of contacts: for whom it is made.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The run that counts them.
    pub run: Option<i64>,
    /// Whether the run has yet to count a contact (each counts once).
    pub counts: bool,
}

impl Delivery {
    /// Live work, counted by no run.
    pub fn live() -> Self {
        Self {
            run: None,
            counts: false,
        }
    }
}

/// What one delivery did.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Contacts by what became of them.
    pub counters: Counters,
    /// The service that stopped us before all was done.
    pub halted: Option<Halt>,
    /// All that was to be committed, for the caller to add its own progress and commit.
    pub commit: Commit,
    /// Contacts whose SARE or shop side was really changed.
    pub changed: i64,
    /// Contacts about which nothing is left to be done now.
    pub over: usize,
}

/// One contact on its way.
struct Item {
    a: Assessed,
    contact: Contact,
    /// Its status in SARE is another than the one last seen.
    changed: Option<HistoryEntry>,
    intent: Intent,
    result: Option<ItemResult>,
    wrote: bool,
    /// It was taken out of groups of ours though it stays in SARE.
    left: bool,
    /// A change of its status may have reached SARE.
    sent: bool,
    /// A subscription was switched off in the shop.
    switched_off: bool,
    /// Records not read now that the shop was told about.
    told: Vec<Record>,
    /// SARE takes the contact only without its custom properties.
    without_custom: bool,
    /// SARE failed at it alone once.
    failed: bool,
    /// Groups it belongs in that are gone from SARE.
    lost_groups: Vec<i64>,
}

/// What became of one contact.
enum ItemResult {
    /// Done.
    Settled(Outcome),
    /// Done, and to be checked again after a pause (a status to be read back, data to follow).
    CheckAgain(Outcome, i64, Reason),
    /// A change was sent and is not proven: a problem that stays until it is, looked at again then.
    Unproven {
        /// When the next try is due.
        at: i64,
        /// The kind of problem.
        why: ProblemKind,
    },
    /// SARE said no to this contact.
    Refused(String),
    /// Something that may pass: try this contact later.
    RetryLater(ProblemKind),
    /// Nothing is wrong with it: a call that it needs is out of order until then.
    PutOff(i64),
    /// Nothing is wrong with it: it waits until SARE takes new contacts again, and is looked at then or at this time.
    Waits(i64),
}

/// Carries out the verdicts.
pub async fn deliver(
    s: &Session<'_>,
    assessed: Vec<Assessed>,
    delivery: Delivery,
) -> Result<Delivered, Halt> {
    let now = s.now();
    let config = s.config();
    let mut items: Vec<Item> = assessed.into_iter().map(|a| prepare(a, now)).collect();
    let mut out = Delivered::default();

    let first = facts_commit(&mut items, delivery, now);
    if !(first.contacts.is_empty() && first.records.is_empty() && first.marks.is_empty()) {
        s.commit(first).await?;
    }
    if let Err(halt) = carry_out(s, config, &mut items, delivery).await {
        if matches!(halt, Halt::Fenced | Halt::Store(_)) {
            return Err(halt);
        }
        out.halted = Some(halt);
    }
    for item in items {
        conclude(s, item, delivery, &mut out);
    }
    Ok(out)
}

async fn carry_out(
    s: &Session<'_>,
    config: &Config,
    items: &mut [Item],
    delivery: Delivery,
) -> Result<(), Halt> {
    for item in items.iter_mut() {
        if item.a.sare == SareView::Unreadable {
            item.result = Some(ItemResult::RetryLater(ProblemKind::SareFails));
        }
        // It was in SARE and cannot be told to be there now: adding it could bring somebody back.
        if item.a.unsure && matches!(item.a.step, Step::Add { .. }) {
            item.result = Some(ItemResult::RetryLater(ProblemKind::SareUnsure));
        }
    }
    let mut lowered = lower(s, config, items, delivery).await;
    if matches!(lowered, Err(Halt::Fenced | Halt::Store(_))) {
        return lowered;
    }
    if lowered.is_ok() {
        lowered = lower_other_spellings(s, items, delivery).await;
    }
    // The shop is told whatever has become of SARE.
    tell_shop(s, items).await?;
    lowered?;
    raise(s, items, delivery).await?;
    write_data(s, items, delivery).await?;
    leave(s, items).await
}

/// A call that is out of order for everybody. Live work is put off until it may work again, so that what comes after it has
/// its turn; a run waits where it is.
fn put_off(items: &mut [Item], indices: &[usize], halt: Halt, delivery: Delivery) -> Result<(), Halt> {
    let Halt::Wait { until, .. } = halt else {
        return Err(halt);
    };
    if delivery.run.is_some() {
        return Err(halt);
    }
    for &i in indices {
        items[i].result.get_or_insert(ItemResult::PutOff(until));
    }
    Ok(())
}
