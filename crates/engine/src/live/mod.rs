//! Live changes: from dirty entries to contacts read anew, judged and delivered.
//!
//! An event told us only *what* may have changed. Here every record of the contact is read again
//! from the shop by its id; what the event said is never used. A record that is gone must answer 404
//! with the shop's own error body (shoper-api.md D.6); absence from a list proves nothing.

mod load;
mod records;

use store::{Dirty, DirtyDone, DirtyKey, Priority, Reason};
use sync_core::RecordKind;

use crate::addresses;
use crate::cadence;
use crate::changes;
use crate::deliver::{Delivery, deliver};
use crate::error::Halt;
use crate::session::Session;
use crate::subject::{Confirm, assess};
use access::Urgency;

use load::load_subjects;

/// Most dirty entries of one batch.
const BATCH: i64 = 50;

/// Failed attempts after which a batch has a single entry: 50, 25, 12, 6, 3, 1.
const ONE_ENTRY_AFTER: u32 = 6;

/// Longest that an entry lets others go first.
const LONGEST_STEP_ASIDE_MS: i64 = 5 * 60_000;

/// Works on dirty entries up to `lowest`; whether there were any.
pub async fn work_on_batch(s: &Session<'_>, lowest: Priority) -> Result<bool, Halt> {
    let now = s.now();
    let failed_attempts = s.state().failed_attempts;
    let most = BATCH.checked_shr(failed_attempts).unwrap_or(0).max(1);
    let dirty = s.store.due_dirty(s.shop.id, now, lowest, most).await?;
    if dirty.is_empty() {
        return Ok(false);
    }
    s.may_ask_shop()?;
    s.may_ask_sare()?;
    let first = dirty.iter().map(|entry| entry.priority).min();
    s.set_urgency(first.map_or(Urgency::Live, urgency));
    let dirty = fitting(dirty, s.shop_permits(), addresses::are_single(s));
    let result = carry(s, &dirty).await;
    match &result {
        Ok(()) => {
            let mut state = s.state();
            state.failed_attempts = state.failed_attempts.saturating_sub(1);
        }
        Err(Halt::Wait { .. }) => attempt_failed(s, &dirty).await?,
        Err(_) => {}
    }
    result.map(|()| true)
}

fn urgency(priority: Priority) -> Urgency {
    match priority {
        Priority::Trial => Urgency::Person,
        Priority::Live => Urgency::Live,
        Priority::New => Urgency::New,
        Priority::Poll => Urgency::Poll,
        Priority::Bulk => Urgency::Bulk,
    }
}

/// A batch could not be finished: a service failed. The next one is half as large; and a lone entry lets the others go
/// first, so that a record at which the shop or SARE fails every time keeps nobody else waiting.
async fn attempt_failed(s: &Session<'_>, dirty: &[Dirty]) -> Result<(), Halt> {
    {
        let mut state = s.state();
        state.failed_attempts = state.failed_attempts.saturating_add(1).min(ONE_ENTRY_AFTER);
        if state.failed_attempts < ONE_ENTRY_AFTER {
            return Ok(());
        }
    }
    let now = s.now();
    let done = dirty.iter().map(|entry| DirtyDone::Again {
        key: entry.key,
        version: entry.version,
        due_at: now + crate::deliver::retry_pause(entry.attempts).min(LONGEST_STEP_ASIDE_MS),
        attempts: entry.attempts + 1,
    });
    s.commit(store::Commit {
        done: done.collect(),
        ..store::Commit::default()
    })
    .await
}

/// From dirty entries to what both services hold.
async fn carry(s: &Session<'_>, dirty: &[Dirty]) -> Result<(), Halt> {
    let loaded = load_subjects(s, dirty).await?;
    let mut commit_extra = loaded.aside;
    let assessed = assess(s, loaded.subjects, Confirm::Yes).await?;
    let mut delivered = deliver(s, assessed, Delivery::live()).await?;
    let meter = meter_of(dirty);
    if delivered.changed > 0 {
        delivered.commit.meters.push((meter, delivered.changed));
        if meter == FOUND_BY_SWEEP {
            cadence::note_loss(s);
            changes::note_found(s, dirty);
        }
    }
    let told = |entry: &&Dirty| matches!(entry.reason, Reason::Webhook | Reason::DeleteWebhook);
    match dirty.iter().filter(told).count() {
        0 => {}
        events => cadence::note_events(s, events),
    }
    delivered.commit.done.append(&mut commit_extra.done);
    delivered.commit.problems.append(&mut commit_extra.problems);
    delivered.commit.resolved.append(&mut commit_extra.resolved);
    delivered.commit.marks.append(&mut commit_extra.marks);
    delivered.commit.gone.append(&mut commit_extra.gone);
    delivered.commit.records.append(&mut commit_extra.records);
    if delivered.halted.is_none() {
        delivered.commit.success_at = Some(s.now());
    }
    s.commit(delivered.commit).await?;
    match delivered.halted {
        Some(halt) => Err(halt),
        None => Ok(()),
    }
}

/// A single read costs one request, a list one for fifty. Takes no more single reads than there are permits, so that later
/// callers wait briefly.
fn fitting(mut dirty: Vec<Dirty>, room: usize, single_addresses: bool) -> Vec<Dirty> {
    let mut left = room.saturating_sub(2).max(1);
    dirty.retain(|entry| {
        let may_be_customer = !matches!(entry.key, DirtyKey::Record(key) if key.kind != RecordKind::Customer);
        let single = matches!(entry.reason, Reason::DeleteWebhook | Reason::Missing)
            || (single_addresses && may_be_customer);
        if single && left == 0 {
            return false;
        }
        left -= usize::from(single);
        true
    });
    dirty
}

/// What of changes a sweep found: no webhook had told of them.
const FOUND_BY_SWEEP: &str = "changed_by_sweep";

fn meter_of(dirty: &[Dirty]) -> &'static str {
    match dirty.first().map(|d| d.reason) {
        Some(Reason::Webhook | Reason::DeleteWebhook) => "changed_by_webhook",
        Some(Reason::SareHook) => "changed_by_sare_hook",
        Some(Reason::NewId) => "changed_by_look",
        Some(Reason::Poll) => "changed_by_poll",
        Some(Reason::Sweep | Reason::Missing) => FOUND_BY_SWEEP,
        _ => "changed_otherwise",
    }
}
