//! A run that does not get on: told as a problem of the shop, whatever it is that keeps it.

use ports::Millis;
use store::{Run, RunState};
use sync_core::ProblemKind;

use crate::error::{Halt, Side};
use crate::report::{Body, Phase};
use crate::session::Session;

/// A run that has not got on for so long is stalled.
const STALLED_AFTER_MS: i64 = 5 * 60_000;

/// Since when the run is stalled, if it is. `last_success` is the shop's: by it the last phase is judged, in which
/// contacts are worked on one by one.
pub fn stalled_since(run: &Run, last_success: Option<Millis>, now: Millis) -> Option<Millis> {
    if !matches!(run.state, RunState::Queued | RunState::Running) {
        return None;
    }
    let body = Body::parse(&run.body);
    let moved = body.moved_at.or(run.started_at).unwrap_or(run.created_at);
    let since = match body.phase {
        Phase::Applying => last_success.map_or(moved, |at| moved.max(at)),
        _ => moved,
    };
    (now - since >= STALLED_AFTER_MS).then_some(since)
}

/// Notes that the active run is stalled, or that none is any more.
pub async fn report_stalled(s: &Session<'_>, active: Option<&Run>) -> Result<(), Halt> {
    let now = s.now();
    // A service that is away, or an account that is to be paid for, is told by itself.
    let told_otherwise = {
        let state = s.state();
        state.sare_unpaid || Side::BOTH.iter().any(|&side| state.outages[side].is_reported)
    };
    let still = active
        .filter(|_| !told_otherwise)
        .filter(|run| stalled_since(run, s.shop.last_success_at, now).is_some());
    let was_still = s.state().is_stalled;
    match still {
        Some(run) if !was_still => {
            let body = Body::parse(&run.body);
            tracing::warn!(shop = %s.shop.id, phase = ?body.phase, waits_for = ?body.waiting_for, "a run stands still");
            let waits_for = body.waiting_for.map(|cause| cause.word().to_owned());
            s.shop_problem(ProblemKind::RunStill, ProblemKind::RunStill, waits_for)
                .await?;
            s.state().is_stalled = true;
        }
        None if was_still => {
            s.shop_problem_over(ProblemKind::RunStill).await?;
            s.state().is_stalled = false;
        }
        _ => {}
    }
    Ok(())
}
