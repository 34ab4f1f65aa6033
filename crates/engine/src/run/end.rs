//! The end of a run: refused, braked, or let go; and over when nothing of it is waiting.

use store::{Commit, Priority, Run, RunKind, RunState};
use sync_core::RecordKind;

use crate::error::Halt;
use crate::report::{Body, Phase};
use crate::session::Session;

use super::save;

/// How long the first synchronisation is held at least after a preview of it.
const READING_MS: i64 = 10 * 60_000;

/// All is read and stated: refuse, brake, or let go what was held.
pub(super) async fn conclude(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    if run.kind == RunKind::DryRun {
        return finish(s, run, body, RunState::Done, None).await;
    }
    if run.kind == RunKind::Forced && body.statement.mailable > 0 && !body.allow_mailable {
        s.store.drop_held(&s.lease, run.id).await?;
        let why = format!("would-make-mailable:{}", body.statement.mailable);
        return finish(s, run, body, RunState::Refused, Some(why)).await;
    }
    let counts = s.store.counts(s.shop.id).await?;
    let brake = s.config().brake;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a share of a count of contacts"
    )]
    let most = ((counts.contacts as f64 * brake.share) as i64).max(i64::from(brake.at_least));
    let taken = body.statement.unmailable.max(body.statement.gone);
    if taken > most && !body.brake_released {
        run.state = RunState::Braked;
        s.shop_problem("brake", "brake", Some(format!("{taken}/{}", counts.contacts)))
            .await?;
        return save(s, run, body, Commit::default()).await;
    }
    s.shop_problem_over("brake").await?;
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

async fn finish(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    state: RunState,
    error: Option<String>,
) -> Result<(), Halt> {
    let now = s.now();
    if run.kind == RunKind::First && state == RunState::Done {
        let users = s
            .store
            .max_record_id(s.shop.id, RecordKind::Customer)
            .await?
            .unwrap_or(0);
        let subscribers = s
            .store
            .max_record_id(s.shop.id, RecordKind::Subscriber)
            .await?
            .unwrap_or(0);
        {
            let mut state = s.state();
            state.first_done = true;
            state.base = (users, subscribers);
            state.watermark = (users, subscribers);
            state.timers.look = now;
            state.timers.poll = now;
        }
    }
    if run.kind != RunKind::DryRun && state == RunState::Done {
        let mut state = s.state();
        state.counted.read(body.apart);
        state.read_from = run.started_at.unwrap_or(run.created_at);
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
    if run.kind == RunKind::DryRun && s.is_before_first_run() {
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
