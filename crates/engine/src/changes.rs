//! The daily sweep as a reading of what has changed, where a shop can be asked for that.
//!
//! No public source proves the filter (shoper-api.md I), so each list that the configuration needs must show that it knows
//! the far future, in which nothing changes, from the far past, since when everything has. Once a week the whole shop is
//! read all the same, right after what changed was: what that finds shows that the filter does not tell everything, and it
//! is not used any more for a while.

use ports::{Millis, millis};
use shoper_api::ChangeList;
use store::{Commit, Dirty, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::mapping::Needs;
use sync_core::{RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::REFUTED_FOR_MS;

const DAY_MS: Millis = 86_400_000;
/// The far past is asked for again after so long; the far future every time.
const PROVEN_FOR_MS: Millis = 7 * DAY_MS;
/// A shop that does not honour the filter is asked again after so long.
const PROBE_AGAIN_MS: Millis = 7 * DAY_MS;
/// Rather more is asked for: what was being changed while it was read, and clocks that differ.
const MARGIN_MS: Millis = 3_600_000;
const FAR_MS: Millis = 365 * DAY_MS;
/// Since when everything has changed.
const EVER_MS: Millis = DAY_MS;

/// The lists in which a change can be that this configuration carries.
fn lists(s: &Session<'_>) -> Vec<ChangeList> {
    let customers = &s.config().customers;
    let mut lists = vec![ChangeList::Subscribers];
    if customers.enabled {
        lists.push(ChangeList::Users);
        if customers.mapping.needs().contains(Needs::ADDRESSES) {
            lists.push(ChangeList::Addresses);
        }
    }
    lists
}

/// A sweep is due: reads what has changed, where that is proven to be all. Whether that stands for the sweep.
pub async fn in_place_of_sweep(s: &Session<'_>) -> Result<bool, Halt> {
    let whole_every = millis(s.settings.whole_every);
    let now = s.now();
    let (is_wanted, is_whole_due) = {
        let mut state = s.state();
        state.changes.is_tested = false;
        let changes = &state.changes;
        let is_planned = state.timers.sweep >= changes.planned;
        (
            whole_every > 0 && is_planned && changes.from > 0 && changes.not_before <= now,
            state.read_from + whole_every <= now,
        )
    };
    if !is_wanted {
        return Ok(false);
    }
    s.may_ask_shop()?;
    let mut marks = Vec::new();
    for list in lists(s) {
        if !is_honoured(s, list).await? {
            return Ok(false);
        }
        let since = s.state().changes.from - MARGIN_MS;
        let ids = match s
            .shoper_piece(|c| async move { c.changed(list, since).await })
            .await
        {
            Ok(ids) => ids,
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => {
                unlearn(s, list, &error.to_string());
                return Ok(false);
            }
        };
        let kind = match list {
            ChangeList::Subscribers => RecordKind::Subscriber,
            ChangeList::Users | ChangeList::Addresses => RecordKind::Customer,
        };
        marks.extend(ids.into_iter().map(|id| DirtyMark {
            key: DirtyKey::Record(RecordKey { kind, id }),
            due_at: now,
            priority: Priority::New,
            reason: Reason::Sweep,
            held_by: None,
        }));
    }
    if is_much(s, marks.len()).await? {
        // A whole sweep asks the brake before it unsubscribes many.
        return Ok(false);
    }
    {
        let mut state = s.state();
        state.changes.from = now;
        state.changes.is_tested = is_whole_due;
    }
    tracing::debug!(shop = %s.shop.id, changed = marks.len(), "what has changed was read");
    let commit = Commit {
        marks,
        ..Commit::default()
    };
    s.commit(commit).await?;
    Ok(!is_whole_due)
}

/// Whether more has changed than the brake lets a sweep unsubscribe.
async fn is_much(s: &Session<'_>, changed: usize) -> Result<bool, Halt> {
    let contacts = s.store.counts(s.shop.id).await?.contacts;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX) > s.config().brake.most(contacts))
}

/// Whether the list honours the filter at this moment.
async fn is_honoured(s: &Session<'_>, list: ChangeList) -> Result<bool, Halt> {
    let now = s.now();
    let word = list.resource();
    if count(s, list, Some(now + FAR_MS)).await? != Some(0) {
        unlearn(s, list, "it answers with rows of the future");
        return Ok(false);
    }
    let proven_at = s.state().changes.proven.get(word).copied();
    if proven_at.is_some_and(|at| at + PROVEN_FOR_MS > now) {
        return Ok(true);
    }
    let all = count(s, list, None).await?;
    // Of an empty list nothing is proven, and nothing is overlooked.
    if all == Some(0) {
        return Ok(true);
    }
    if all.is_none() || count(s, list, Some(EVER_MS)).await? != all {
        unlearn(s, list, "it does not answer with all rows of the past");
        return Ok(false);
    }
    tracing::info!(shop = %s.shop.id, list = word, "the list can be asked for what has changed");
    s.state().changes.proven.insert(word.to_owned(), now);
    Ok(true)
}

async fn count(s: &Session<'_>, list: ChangeList, since: Option<Millis>) -> Result<Option<u64>, Halt> {
    match s
        .shoper_piece(|c| async move { c.count_changed(list, since).await })
        .await
    {
        Ok(count) => Ok(count),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(_)) => Ok(None),
    }
}

fn unlearn(s: &Session<'_>, list: ChangeList, why: &str) {
    let list = list.resource();
    tracing::info!(shop = %s.shop.id, list, why, "the list cannot be asked for what has changed");
    let until = s.now() + PROBE_AGAIN_MS;
    s.state().changes.unlearn(until);
}

/// A whole sweep has found these changed: where what changed was read just before, the filter has left them out.
pub fn note_found(s: &Session<'_>, found: &[Dirty]) {
    let by_whole_sweep = found
        .iter()
        .any(|entry| entry.reason == Reason::Sweep && entry.priority == Priority::Bulk);
    let mut state = s.state();
    if by_whole_sweep && state.changes.is_tested {
        tracing::info!(shop = %s.shop.id, "a sweep found what the shop had not named as changed");
        let until = s.now() + REFUTED_FOR_MS;
        state.changes.unlearn(until);
    }
}
