//! The beginning of a run: the shop's own counts, for its progress and for what it may make mailable at most.

use store::{Commit, Run, RunKind};
use sync_core::RecordKind;
use sync_core::config::ConsentRule;

use crate::error::{CallError, Halt};
use crate::look;
use crate::report::{Body, Phase};
use crate::session::Session;
use crate::trouble;

use super::save;

pub(super) async fn count(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    // A group that is gone from SARE is told before anybody is written to it. Nothing waits for SARE's answer.
    match trouble::look(s, false).await {
        Ok(_) | Err(Halt::Wait { .. }) => {}
        Err(other) => return Err(other),
    }
    let turn = s.begin("count", (4.0, 0.0), (0.0, 0.0))?;
    let result = count_lists(s, run, body).await;
    s.end(&turn, &result);
    result
}

async fn count_lists(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let config = s.config();
    let mut total = 0;
    let mut known = true;
    let mut bound = 0;
    let subscribers = counted(s, RecordKind::Subscriber, false).await?;
    body.reads_customers = config.customers.enabled;
    let customers = if config.customers.enabled {
        counted(s, RecordKind::Customer, false).await?
    } else {
        Some(0)
    };
    for one in [subscribers, customers] {
        match one {
            Some(n) => total += n,
            None => known = false,
        }
    }
    if run.kind == RunKind::First {
        for (kind, wanted) in [
            (
                RecordKind::Subscriber,
                config.subscribers.enabled || config.customers.consent != ConsentRule::Flag,
            ),
            (
                RecordKind::Customer,
                config.customers.enabled && config.customers.consent != ConsentRule::Subscriber,
            ),
        ] {
            if wanted {
                bound += counted(s, kind, true).await?.unwrap_or(total);
            }
        }
        body.statement.mailable = bound.min(total);
        body.statement.is_bound = true;
    }
    body.total = known.then_some(total);
    body.phase = Phase::Subscribers;
    body.cursor = None;
    body.moved_at = Some(s.now());
    save(s, run, body, Commit::default()).await
}

/// Rows of a list as the shop counts them. What it said a moment ago to a turn that was halted is not asked again.
async fn counted(s: &Session<'_>, kind: RecordKind, consenting: bool) -> Result<Option<i64>, Halt> {
    let what = match (kind, consenting) {
        (RecordKind::Subscriber, false) => "subscribers",
        (RecordKind::Subscriber, true) => "active",
        (RecordKind::Customer, false) => "customers",
        (RecordKind::Customer, true) => "newsletter",
    };
    if let Some(count) = s.recent_count(what) {
        return Ok((count >= 0).then_some(count));
    }
    let count = match look::counted(s, kind, consenting).await {
        Ok(n) => n.and_then(|n| i64::try_from(n).ok()),
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(_)) => None,
    };
    s.note_count(what, count.unwrap_or(-1));
    Ok(count)
}
