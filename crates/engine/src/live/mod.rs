//! Live changes: from dirty entries to contacts read anew, judged and delivered.
//!
//! An event told us only *what* may have changed. Here every record of the contact is read again
//! from the shop by its id; what the event said is never used. A record that is gone must answer 404
//! with the shop's own error body (shoper-api.md D.6); absence from a list proves nothing.

mod gather;
mod records;

use store::{Dirty, DirtyDone, DirtyKey, Priority, Reason};
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::deliver::{Errand, deliver, keep_facts};
use crate::error::Halt;
use crate::session::{LIVE_RESERVE, SARE_RESERVE, Session};
use crate::subject::{Assessed, Confirm, Subject, assess};

use gather::gather;

/// Most dirty entries of one turn.
const TURN: i64 = 50;

/// The kind of turn, in the lane's memory of what turns need.
const KIND: &str = "live";

/// Stumbles after which a turn has a single entry: 50, 25, 12, 6, 3, 1.
const LEAST_TURN_AFTER: u32 = 6;

/// Longest that an entry lets others go first.
const LONGEST_STEP_ASIDE_MS: i64 = 5 * 60_000;

/// Works on dirty entries up to `lowest`; whether there were any.
pub async fn turn(s: &Session<'_>, lowest: Priority) -> Result<bool, Halt> {
    let now = s.now();
    let stumbles = s.state().stumbles;
    let most = TURN.checked_shr(stumbles).unwrap_or(0).max(1);
    let dirty = s.store.due_dirty(s.shop.id, now, lowest, most).await?;
    if dirty.is_empty() {
        return Ok(false);
    }
    let bulk = dirty.iter().all(|d| d.priority == Priority::Bulk);
    let (shop_reserve, sare_reserve) = if bulk {
        (LIVE_RESERVE, SARE_RESERVE)
    } else {
        (0.0, 0.0)
    };
    let calls = if dirty.len() <= 2 { 3.0 } else { 6.0 };
    let turn = s.begin(KIND, (calls, 2.0), (shop_reserve, sare_reserve))?;
    let room = s.shoper_room(shop_reserve);
    let dirty = fitting(dirty, room, addresses::are_single(s));
    let result = carry(s, &dirty).await;
    let learnt_before = learnt(s);
    s.end(&turn, &result);
    match &result {
        Ok(()) => {
            let mut state = s.state();
            state.stumbles = state.stumbles.saturating_sub(1);
        }
        // Places are wanting: the next try begins with more of them, unless there are no more.
        Err(halt) if halt.is_for_room() && !s.is_cramped(KIND) => {}
        Err(Halt::Wait { .. }) => {
            let learnt = learnt(s) > learnt_before;
            stumbled(s, &dirty, learnt).await?;
        }
        Err(_) => {}
    }
    result.map(|()| true)
}

/// How much halted turns have learnt that the next one need not ask for.
fn learnt(s: &Session<'_>) -> usize {
    let state = s.state();
    state.learnt.gone.len() + state.learnt.pieces.read.len()
}

/// A turn could not come to its end: a service failed, or it needs more requests than a bucket holds. The next one is half
/// as large; and a lone entry that did not even learn something lets the others go first, so that a record at which the
/// shop or SARE fails every time keeps nobody else waiting.
async fn stumbled(s: &Session<'_>, dirty: &[Dirty], learnt: bool) -> Result<(), Halt> {
    {
        let mut state = s.state();
        state.stumbles = state.stumbles.saturating_add(1).min(LEAST_TURN_AFTER);
        if state.stumbles < LEAST_TURN_AFTER || learnt {
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
    let gathered = gather(s, dirty).await?;
    let mut commit_extra = gathered.aside;
    if let Some(halt) = gathered.cut {
        return keep_pieces(s, &dirty[0], gathered.subjects, commit_extra, halt).await;
    }
    let assessed = assess(s, gathered.subjects, Confirm::Yes).await?;
    let to_tell = pieces_to_tell(s, dirty, &assessed);
    let mut delivered = deliver(s, assessed, Errand::live()).await?;
    let meter = meter_of(dirty);
    if delivered.changed > 0 {
        delivered.commit.meters.push((meter, delivered.changed));
    }
    delivered.commit.done.append(&mut commit_extra.done);
    delivered.commit.problems.append(&mut commit_extra.problems);
    delivered.commit.solved.append(&mut commit_extra.solved);
    delivered.commit.marks.append(&mut commit_extra.marks);
    delivered.commit.gone.append(&mut commit_extra.gone);
    delivered.commit.records.append(&mut commit_extra.records);
    if delivered.halted.is_none() {
        delivered.commit.success_at = Some(s.now());
    }
    s.commit(delivered.commit).await?;
    let Some(halt) = delivered.halted else {
        return Ok(());
    };
    if halt.is_for_room() {
        for key in to_tell {
            s.note_piece(dirty[0].key, dirty[0].version, key);
        }
    }
    Err(halt)
}

/// Records of a lone contact whose refusal the shop is to be told: what they said is kept before that, and nothing they
/// hold goes to SARE, so that the next try need not read them again.
fn pieces_to_tell(s: &Session<'_>, dirty: &[Dirty], assessed: &[Assessed]) -> Vec<RecordKey> {
    if dirty.len() != 1 {
        return Vec::new();
    }
    let refused = assessed
        .iter()
        .filter(|a| a.tells_shop(s.config()) && a.subject.came_from.is_empty());
    refused
        .flat_map(|a| a.subject.readings.iter().map(|r| r.key))
        .collect()
}

/// Of a contact that takes more requests than the bucket holds, what was read is kept and not read again; what follows
/// from it is done when all is read.
async fn keep_pieces(
    s: &Session<'_>,
    entry: &Dirty,
    subjects: Vec<Subject>,
    aside: store::Commit,
    halt: Halt,
) -> Result<(), Halt> {
    let assessed = assess(s, subjects, Confirm::Yes).await?;
    let here = assessed.iter().map(|a| &a.subject).flat_map(|x| {
        let stayed = x.came_from.is_empty() && x.moved_away.is_empty();
        x.readings.iter().filter(move |_| stayed)
    });
    let read: Vec<RecordKey> = here.map(|r| r.key).collect();
    let problems = store::Commit {
        problems: aside.problems,
        marks: aside.marks,
        ..store::Commit::default()
    };
    keep_facts(s, assessed, problems).await?;
    for key in read {
        s.note_piece(entry.key, entry.version, key);
    }
    Err(halt)
}

/// Single reads cost one request each, a list one for fifty: never more than the bucket holds now.
fn fitting(mut dirty: Vec<Dirty>, room: f64, single_addresses: bool) -> Vec<Dirty> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of requests"
    )]
    let mut left = (room - 3.0).max(1.0) as usize;
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

fn meter_of(dirty: &[Dirty]) -> &'static str {
    match dirty.first().map(|d| d.reason) {
        Some(Reason::Webhook | Reason::DeleteWebhook) => "changed_by_webhook",
        Some(Reason::SareHook) => "changed_by_sare_hook",
        Some(Reason::NewId) => "changed_by_look",
        Some(Reason::Poll) => "changed_by_poll",
        Some(Reason::Sweep | Reason::Missing) => "changed_by_sweep",
        _ => "changed_otherwise",
    }
}
