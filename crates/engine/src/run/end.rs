//! The end of a run: refused, braked, or let go; and over when nothing of it is waiting.

use store::{Commit, Priority, Run, RunState};
use sync_core::{ByKind, ProblemKind, RecordKind};

use crate::error::Halt;
use crate::poll;
use crate::report::{Body, Phase};
use crate::session::Session;

use super::save;

/// How long the first synchronisation is held at least after a preview of it.
const READING_MS: i64 = 10 * 60_000;

/// All is read and stated: refuse, brake, or let go what was held.
pub(super) async fn conclude(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let policy = run.kind.policy();
    if policy.only_states {
        return finish(s, run, body, RunState::Done, None).await;
    }
    if policy.asks_before_mailable && body.statement.mailable > 0 && !body.allow_mailable {
        s.store.drop_held(&s.lease, run.id).await?;
        let why = format!("would-make-mailable:{}", body.statement.mailable);
        return finish(s, run, body, RunState::Refused, Some(why)).await;
    }
    let counts = s.store.counts(s.shop.id).await?;
    let most = s.config().brake.most(counts.contacts);
    let taken = body.statement.unmailable.max(body.statement.gone);
    if taken > most && !body.brake_released {
        run.state = RunState::Braked;
        s.shop_problem(
            ProblemKind::Brake,
            ProblemKind::Brake,
            Some(format!("{taken}/{}", counts.contacts)),
        )
        .await?;
        return save(s, run, body, Commit::default()).await;
    }
    s.shop_problem_over(ProblemKind::Brake).await?;
    s.store.release_held(&s.lease, run.id, s.now()).await?;
    body.phase = Phase::Applying;
    save(s, run, body, Commit::default()).await
}

/// Over when nothing that was let go is waiting any more.
pub(super) async fn applying(s: &Session<'_>, mut run: Run, mut body: Body) -> Result<bool, Halt> {
    if !s
        .store
        .due_dirty(s.shop.id, s.now(), Priority::Bulk, 1)
        .await?
        .is_empty()
    {
        return Ok(false);
    }
    finish(s, &mut run, &mut body, RunState::Done, None).await?;
    Ok(true)
}

/// From here on a record with a greater id than any that was read is one that has come since; of a kind that was not read
/// whole nobody knows which have.
async fn know_the_newest(s: &Session<'_>, is_first: bool, body: &Body) -> Result<(), Halt> {
    let mut is_read = body.unread.map(|unread| !unread);
    is_read.customers &= body.reads_customers;
    let newest = async |kind| -> Result<i64, Halt> {
        let id = s.store.max_record_id(s.shop.id, kind).await?;
        Ok(id.unwrap_or(0))
    };
    let newest = ByKind {
        customers: newest(RecordKind::Customer).await?,
        subscribers: newest(RecordKind::Subscriber).await?,
    };
    let now = s.now();
    let mut state = s.state();
    for &kind in RecordKind::ALL {
        let known = state.base[kind].filter(|_| !is_first);
        state.base[kind] = is_read[kind].then(|| known.unwrap_or(newest[kind]));
    }
    if is_first {
        state.first_done = true;
        state.watermark = newest;
        state.timers.discover = now;
        state.timers.poll = now;
        state.cadence.began_at = now;
    }
    Ok(())
}

async fn finish(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    state: RunState,
    error: Option<String>,
) -> Result<(), Halt> {
    let now = s.now();
    let policy = run.kind.policy();
    if !policy.only_states && state == RunState::Done {
        know_the_newest(s, policy.is_first, body).await?;
        poll::is_done_by_a_run(s, run.started_at.unwrap_or(run.created_at));
        let mut state = s.state();
        state.count_drift.read(body.apart);
        state.read_from = run.started_at.unwrap_or(run.created_at);
        state.changes.from = state.read_from;
        state.changes.is_tested = false;
    }
    body.phase = Phase::Finished;
    body.cursor = None;
    body.waiting_for = None;
    run.state = state;
    run.error = error;
    run.ended_at = Some(now);
    run.body = Body {
        eta_seconds: None,
        ..body.clone()
    }
    .text();
    if policy.only_states && s.is_before_first_run() {
        // Whoever asked for it gets the time to read it.
        s.prolong_hold(now + READING_MS).await?;
    }
    let commit = Commit {
        run: Some(run.clone()),
        success_at: Some(now),
        ..Commit::default()
    };
    s.commit(commit).await
}
