//! `/metrics`: what the recorder counted in this process, and what the ledger says at this moment of all shops.
//!
//! The second part asks nothing of the engine, so that it goes on telling the truth when the engine stands still:
//! alarm on `shoper_sare_longest_silence_seconds` and on `shoper_sare_oldest_overdue_lane_seconds`, and on
//! `shoper_sare_ledger_answers` being 0. No shop is named.

use std::fmt::Write;
use std::time::Duration;

use axum::extract::State;
use http::{HeaderMap, header};
use ports::Millis;
use store::{Shop, ShopState};

use crate::bearer;
use crate::error::Error;
use crate::state::App;

/// Lengths of silence by which shops are counted: a quarter of an hour, an hour, six hours, a day, two days, a week.
const SILENCES: [i64; 6] = [900, 3_600, 21_600, 86_400, 172_800, 604_800];

/// Longest wait for the ledger: what the recorder counted is told without it.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// The page, in Prometheus' text format.
pub async fn page(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<([(header::HeaderName, &'static str); 1], String), Error> {
    bearer::check(&headers, app.settings.metrics_token.as_ref())?;
    let mut text = app
        .metrics
        .as_ref()
        .map(|recorder| recorder.render())
        .unwrap_or_default();
    let now = app.now();
    let asked = async { Ok::<_, store::Error>((app.store.overdue(now).await?, app.store.shops().await?)) };
    let told = match tokio::time::timeout(TOLD_WITHIN, asked).await {
        Ok(Ok(told)) => Some(told),
        Ok(Err(error)) => {
            tracing::error!(%error, "the ledger failed");
            None
        }
        Err(_) => None,
    };
    gauge(
        &mut text,
        "shoper_sare_ledger_answers",
        "Whether the ledger can be asked at this moment; when it cannot, nothing is told of lanes and shops.",
        i64::from(told.is_some()),
    );
    if let Some(((due, oldest), all)) = told {
        gauge(
            &mut text,
            "shoper_sare_lanes_due",
            "Lanes that could be worked on now.",
            due,
        );
        let waited = oldest.map_or(0, |since| (now - since).max(0) / 1000);
        gauge(
            &mut text,
            "shoper_sare_oldest_overdue_lane_seconds",
            "How long the lane that waits longest has waited.",
            waited,
        );
        shops(&mut text, &all, now);
    }
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}

fn gauge(text: &mut String, name: &str, help: &str, value: i64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

fn shops(text: &mut String, shops: &[Shop], now: Millis) {
    gauge(
        text,
        "shoper_sare_shops",
        "Shops in the ledger that are served.",
        count(shops, is_served),
    );
    let lost = |shop: &Shop| shop.state == ShopState::AccessLost;
    gauge(
        text,
        "shoper_sare_shops_access_lost",
        "Shops that refuse our access.",
        count(shops, lost),
    );
    let paused = |shop: &Shop| is_served(shop) && shop.paused;
    gauge(
        text,
        "shoper_sare_shops_paused",
        "Shops whose synchronisation somebody stopped.",
        count(shops, paused),
    );
    let silences: Vec<i64> = shops
        .iter()
        .filter(|shop| is_expected(shop))
        .map(|shop| silence(shop, now))
        .collect();
    let longest = silences.iter().copied().max().unwrap_or(0);
    gauge(
        text,
        "shoper_sare_longest_silence_seconds",
        "Since the last success of the shop that had none for longest; shops paused or without configuration do not count.",
        longest,
    );
    let name = "shoper_sare_shops_silent";
    let _ = writeln!(
        text,
        "# HELP {name} Shops without a success for longer than so many seconds.\n# TYPE {name} gauge"
    );
    for limit in SILENCES {
        let silent = silences.iter().filter(|seconds| **seconds > limit).count();
        let _ = writeln!(text, "{name}{{longer_than=\"{limit}\"}} {silent}");
    }
}

fn count(shops: &[Shop], wanted: impl Fn(&Shop) -> bool) -> i64 {
    i64::try_from(shops.iter().filter(|shop| wanted(shop)).count()).unwrap_or(i64::MAX)
}

fn is_served(shop: &Shop) -> bool {
    !matches!(shop.state, ShopState::Uninstalling | ShopState::Removed)
}

/// Whether something should succeed for the shop from time to time.
fn is_expected(shop: &Shop) -> bool {
    is_served(shop) && !shop.paused && shop.config.is_some()
}

/// Since the last success, or since the shop was first known.
fn silence(shop: &Shop, now: Millis) -> i64 {
    (now - shop.last_success_at.unwrap_or(shop.created_at)).max(0) / 1000
}
