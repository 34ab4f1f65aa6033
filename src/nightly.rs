//! The server's own audits: every shop is compared with its SARE account once a day, at night where that can be, by the
//! code of `audit/`, and what it found is kept for the overview ("last proven equal").
//!
//! One audit at a time in a process: it holds a mark of every contact in memory. Which server does it is settled in the
//! ledger.

use std::time::Duration;

use indicatif::ProgressBar;
use ports::Millis;
use store::{PUT_BACK_MS, RunState};
use sync_core::ShopId;

use crate::app::App;
use crate::audit;

/// How often it is looked for shops whose audit is due.
const LOOK: Duration = Duration::from_secs(60);
/// Shops looked at in one turn.
const AT_ONCE: i64 = 100;
/// How long a shop's last run has to be over, so that the dust has settled.
const QUIET_MS: i64 = 10 * 60_000;
/// Hours in UTC at which few people write in Polish shops.
const NIGHT: [i64; 6] = [22, 23, 0, 1, 2, 3];

/// Makes the audits that are due, for as long as the server runs.
pub async fn keep_proving(app: App, every: Duration) {
    let mut tick = tokio::time::interval(LOOK.min(every));
    loop {
        tick.tick().await;
        if let Err(error) = turn(&app, every).await {
            tracing::warn!(%error, "audits cannot be made now");
        }
    }
}

/// Makes the audit of one shop, the one that has waited longest; whether there was any.
///
/// # Errors
/// When the ledger fails. An audit that fails is told in the log and made again the next time.
pub async fn turn(app: &App, every: Duration) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let every = ports::millis(every);
    let due = now
        - if is_night(now) {
            every * 3 / 4
        } else {
            every * 5 / 4
        };
    for shop in app.store.audits_due(due, now, AT_ONCE).await? {
        if is_at_rest(app, shop, now, every).await? && app.store.begin_audit(shop, due, now).await? {
            prove(app, shop).await;
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_night(now: Millis) -> bool {
    NIGHT.contains(&((now / 3_600_000).rem_euclid(24)))
}

/// Whether the shop has been synchronised and nothing is going on that an audit would only get in the way of.
async fn is_at_rest(app: &App, shop: ShopId, now: Millis, every: i64) -> anyhow::Result<bool> {
    if !engine::standing(&app.store, shop).await?.first_done {
        return Ok(false);
    }
    if let Some(run) = app.store.active_run(shop).await? {
        return Ok(run.state == RunState::Braked);
    }
    let ended = app
        .store
        .runs(shop, 1)
        .await?
        .first()
        .and_then(|run| run.ended_at);
    // An end that has not come yet is one told by a clock that was put back since.
    Ok(ended.is_none_or(|at| at > now + PUT_BACK_MS || now - at >= QUIET_MS.min(every)))
}

async fn prove(app: &App, id: ShopId) {
    let made = async {
        let Some(shop) = app.store.shop(id).await? else {
            return Ok(());
        };
        let config = app.config(&shop)?;
        let report = audit::audit(app, &shop, &config, &ProgressBar::hidden()).await?;
        if report.unexplained > 0 {
            tracing::warn!(shop = %id, unexplained = report.unexplained, "the audit found differences");
        }
        audit::keep(app, id, &report).await
    };
    if let Err(error) = made.await {
        tracing::warn!(shop = %id, %error, "the audit could not be made");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn night_is_from_midnight_to_six_in_polish_summer() {
        // 2026-07-01 00:00 UTC, and noon.
        let midnight = 1_782_864_000_000;
        assert!(is_night(midnight) && is_night(midnight + 3 * 3_600_000));
        assert!(!is_night(midnight + 4 * 3_600_000) && !is_night(midnight + 12 * 3_600_000));
    }
}
