//! Runs through a whole shop: the first synchronisation, a forced one, the daily sweep, the
//! back-fill after a changed configuration, and a dry run that only states.
//!
//! A run reads subscribers, then customers, page by page, its place kept in the ledger with every
//! commit. The first run and a back-fill write additions and updates as they go; everything that
//! changes a status, leaves a group or follows a change in the shop is held back until the run has
//! read all and stated what it would do; sweeps and forced runs hold back everything. Then the brake
//! is asked, and what was held goes the way of live changes, each contact read anew.
//!
//! While one block is being written to SARE the next is already being read from the shop, so that
//! neither service's latency adds to the other's.

mod act;
mod ask;
mod blocks;
mod count;
mod end;
mod judge;
mod proof;
mod remaining;
mod repair;
mod stalled;

use ports::Millis;
use shoper_api::{Next, Walk};
use store::{Commit, Run, RunKind, RunPolicy, RunState};
use sync_core::{Cause, EmailError, RecordKey, RecordKind, ShopId};

use crate::account_trouble;
use crate::addresses;
use crate::changes;
use crate::error::{Halt, Side};
use crate::narrow::Narrow;
use crate::passed_over::PassedOver;
use crate::report::{Body, Phase};
use crate::session::Session;
use crate::settings::EngineSettings;
use crate::subject::Reading;
use ports::millis;

pub use ask::RunObstacle;
use blocks::read_list;
use count::count;
use end::applying;
use remaining::{missing, remaining};
pub use stalled::{report_stalled, stalled_since};

/// Makes the runs that are due: after a changed configuration, and the daily sweep.
pub async fn schedule(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    let active = s.store.active_run(s.shop.id).await?;
    let (seen, first_done) = {
        let state = s.state();
        (state.config_seen, state.first_done)
    };
    if s.shop.config_version > seen {
        if let Some(run) = &active {
            s.store.drop_held(&s.lease, run.id).await?;
            s.store
                .set_run_state(
                    s.shop.id,
                    run.id,
                    RunState::Cancelled,
                    Some("config-changed"),
                    now,
                )
                .await?;
        }
        account_trouble::forget(s).await?;
        let kind = if first_done {
            RunKind::Backfill
        } else {
            RunKind::First
        };
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store.create_run(s.shop.id, kind, &body.text(), now).await?;
        if !first_done {
            plan_sweep(s);
        }
        {
            // Another key is tried, and other names may be needed, at once.
            let mut state = s.state();
            state.config_seen = s.shop.config_version;
            if !s.config().customers.enabled || state.base.customers == Some(0) {
                // Customers are not read, or were not before: which of them come anew is known once all have been read.
                state.base.customers = None;
            }
            state.timers.sare = 0;
            state.timers.labels = 0;
        }
        s.commit(Commit::default()).await?;
        return Ok(());
    }
    if active.is_none() && !first_done && s.state().timers.sweep <= now {
        // The first one was ended by a person before it was over: nothing else is looked after until one is.
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store
            .create_run(s.shop.id, RunKind::First, &body.text(), now)
            .await?;
        plan_sweep(s);
        s.commit(Commit::default()).await?;
        return Ok(());
    }
    if active.is_none() && first_done && s.state().timers.sweep <= now {
        if changes::in_place_of_sweep(s).await? {
            plan_sweep(s);
            return s.commit(Commit::default()).await;
        }
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store
            .create_run(s.shop.id, RunKind::Sweep, &body.text(), now)
            .await?;
        plan_sweep(s);
        s.commit(Commit::default()).await?;
    }
    Ok(())
}

/// A reading of the whole shop begins: the next one comes within a day.
fn plan_sweep(s: &Session<'_>) {
    let at = next_sweep_of(s.shop.id, s.settings, s.now());
    let mut state = s.state();
    state.timers.sweep = at;
    state.changes.planned = at;
}

/// When a shop's next sweep begins after one at `now`.
pub fn next_sweep_of(shop: ShopId, settings: &EngineSettings, now: Millis) -> Millis {
    let every = millis(settings.sweep_every).max(1);
    next_sweep(now, every, shop.0.wrapping_mul(7_919_317).rem_euclid(every))
}

/// When the next sweep begins after one at `now`: at the shop's own time of the day, so that not all shops are read at
/// once, but never later than `every` from now. Where that time comes too soon after an early sweep, the next one goes
/// half the way there, and the one after it is at the shop's own time again.
fn next_sweep(now: Millis, every: Millis, own_time: Millis) -> Millis {
    let to_own = match (own_time - now).rem_euclid(every) {
        0 => every,
        left => left,
    };
    now + if to_own * 2 >= every {
        to_own
    } else {
        (every + to_own) / 2
    }
}

/// One stretch of the active run; whether there was anything to do.
pub async fn step(s: &Session<'_>) -> Result<bool, Halt> {
    let Some(mut run) = s.store.active_run(s.shop.id).await? else {
        return Ok(false);
    };
    let mut body = Body::try_parse(&run.body).unwrap_or_else(|error| {
        // Read and stated once more, nothing is let go that the brake was not asked about.
        let (why, column) = (error.classify(), error.column());
        tracing::error!(shop = %s.shop.id, run = run.id, ?why, column, "a run's body cannot be read: the run begins anew");
        Body::default()
    });
    if run.state == RunState::Braked {
        return Ok(false);
    }
    if body.waiting_for.is_some_and(Cause::is_limit) {
        body.waiting_for = None;
    }
    if run.state == RunState::Queued {
        run.state = RunState::Running;
        run.started_at = Some(s.now());
        body.phase = Phase::Counting;
    }
    let result = match body.phase {
        Phase::Counting => count(s, &mut run, &mut body).await,
        Phase::Subscribers => read_list(s, &mut run, &mut body, RecordKind::Subscriber).await,
        Phase::Customers => read_list(s, &mut run, &mut body, RecordKind::Customer).await,
        Phase::Remaining => remaining(s, &mut run, &mut body).await,
        Phase::Missing => missing(s, &mut run, &mut body).await,
        Phase::Applying => return applying(s, run, body).await,
        Phase::Finished => return Ok(false),
    };
    if let Err(Halt::Wait { why, .. }) = &result {
        // What was half done is not told: the place is the one last committed, or rows would be passed over.
        let mut body = Body::parse(&run.body);
        note_waiting(s, &mut run, &mut body, Some(*why)).await?;
    }
    result.map(|()| true)
}

/// The run's body as it is told to people while it waits.
async fn note_waiting(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    why: Option<Cause>,
) -> Result<(), Halt> {
    if body.waiting_for == why {
        return Ok(());
    }
    body.waiting_for = why;
    save(s, run, body, Commit::default()).await
}

async fn save(s: &Session<'_>, run: &mut Run, body: &mut Body, mut commit: Commit) -> Result<(), Halt> {
    // Nobody knows when a service comes back.
    if body.waiting_for.is_none() {
        body.waiting_for = s.take_limited_by();
    }
    let is_stopped = body.waiting_for.is_some_and(Cause::is_outage);
    body.eta_seconds = eta(s, run, body).filter(|_| !is_stopped);
    run.body = body.text();
    commit.run = Some(run.clone());
    s.commit(commit).await
}

/// Seconds left by the shop's own limit; nothing is promised before the shop was counted, nor while something fails of
/// which nobody knows how long it will.
fn eta(s: &Session<'_>, run: &Run, body: &Body) -> Option<i64> {
    if body.narrow.is_some() || body.waiting_for.is_some_and(|why| !why.is_limit()) {
        return None;
    }
    let total = body.total?;
    let left = (total - body.done).max(0);
    let calls_a_page = addresses::requests_a_page(s);
    let calls = (left / 50 + i64::from(left % 50 > 0)) * calls_a_page;
    let rate = s.limiter().bucket(Side::Shoper).rate;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "seconds, for people"
    )]
    let by_limit = (calls as f64 / rate).ceil() as i64;
    let spent = run.started_at.map_or(0, |at| (s.now() - at) / 1000);
    let by_pace = if body.done > 500 {
        spent * left / body.done
    } else {
        0
    };
    Some(by_limit.max(by_pace))
}

fn is_first_like(s: &Session<'_>, run: RunPolicy) -> bool {
    run.is_first_like(s.state().first_done)
}

async fn next_phase(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    body.phase = match body.phase {
        Phase::Counting => Phase::Subscribers,
        Phase::Subscribers => Phase::Customers,
        Phase::Customers if is_first_like(s, run.kind.policy()) => Phase::Remaining,
        Phase::Customers | Phase::Remaining => Phase::Missing,
        Phase::Missing | Phase::Applying | Phase::Finished => Phase::Finished,
    };
    body.cursor = None;
    body.ledger_cursor = None;
    body.rows_in_phase = 0;
    body.narrow = None;
    body.walk = Walk::default();
    body.again = false;
    body.nameless = false;
    body.waiting_for = None;
    body.moved_at = Some(s.now());
    save(s, run, body, Commit::default()).await
}

/// A stretch of one list, read ahead while it is written.
#[derive(Default)]
struct Block {
    readings: Vec<Reading>,
    bad: Vec<(RecordKey, EmailError)>,
    broken: Vec<RecordKey>,
    nameless: Vec<i64>,
    passed: Option<PassedOver>,
    /// How many of those without an address consent by themselves.
    bad_consenting: i64,
    rows: i64,
    next: Option<Next>,
    narrow: Option<Narrow>,
    walk: Walk,
}

#[cfg(test)]
mod tests {
    use super::next_sweep;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn sweeps_begin_at_most_a_day_apart_and_come_back_to_the_shops_own_time() {
        for own_time in [0, 1, 7 * HOUR, DAY - 1] {
            for begun in (0..DAY).step_by(600_000) {
                let mut now = 1_790_000_000_000 + begun;
                for _ in 0..3 {
                    let next = next_sweep(now, DAY, own_time);
                    assert!((DAY / 2..=DAY).contains(&(next - now)), "{own_time} {begun}");
                    now = next;
                }
                assert_eq!(now.rem_euclid(DAY), own_time, "{begun}");
            }
        }
    }
}
