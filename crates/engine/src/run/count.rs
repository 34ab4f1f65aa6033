//! The beginning of a run: the shop's own counts, for its progress and for what it may make mailable at most.

use store::{Commit, Run};
use sync_core::RecordKind;
use sync_core::config::ConsentRule;

use crate::account_trouble;
use crate::discover;
use crate::error::{CallError, Halt};
use crate::report::{Body, Phase};
use crate::session::Session;

use super::save;

pub(super) async fn count(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    // A group that is gone from SARE is told before anybody is written to it. Nothing waits for SARE's answer.
    match account_trouble::check_lists(s, false).await {
        Ok(_) | Err(Halt::Wait { .. }) => {}
        Err(other) => return Err(other),
    }
    s.may_ask_shop()?;
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
    if run.kind.policy().is_first {
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

/// Rows of a list as the shop counts them; `None` where it does not count.
async fn counted(s: &Session<'_>, kind: RecordKind, consenting: bool) -> Result<Option<i64>, Halt> {
    match discover::count_rows(s, kind, consenting).await {
        Ok(n) => Ok(n.and_then(|n| i64::try_from(n).ok())),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(_)) => Ok(None),
    }
}
