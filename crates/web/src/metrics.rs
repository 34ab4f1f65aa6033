//! `/metrics`: what the recorder counted in this process, and what the ledger says at this moment of all shops.
//!
//! The second part asks nothing of the engine, so that it goes on telling the truth when the engine stands still:
//! alarm on `shoper_sare_longest_silence_seconds` and on `shoper_sare_oldest_overdue_lane_seconds`, and on
//! `shoper_sare_ledger_answers` being 0. No shop is named.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use axum::extract::State;
use http::{HeaderMap, header};
use ports::Millis;
use store::{Absence, Run, Server, Shop, ShopState};
use sync_core::{ProblemKind, ShopId};

use crate::bearer;
use crate::error::Error;
use crate::state::App;

/// Lengths of silence by which shops are counted: a quarter of an hour, an hour, six hours, a day, two days, a week.
const SILENCES: [i64; 6] = [900, 3_600, 21_600, 86_400, 172_800, 604_800];

/// A server without a heartbeat for so long does not live.
const ALIVE_MS: Millis = 2 * 60_000;

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
    let asked = async {
        // One that only reads does not work: a full disk answers too.
        app.store.prove(now).await?;
        ask(&app).await
    };
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
    if let Some(told) = told {
        tell(&mut text, &told, now);
    }
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}

/// What the ledger says of all shops and servers.
struct Told {
    overdue: (i64, Option<Millis>),
    shops: Vec<Shop>,
    runs: Vec<(ShopId, Run)>,
    waiting: BTreeMap<ProblemKind, i64>,
    servers: Vec<Server>,
    absence: Option<Absence>,
}

/// What a shop has a problem of while the shop, or SARE, does not answer.
const SERVICES_AWAY: [ProblemKind; 2] = [ProblemKind::ShopAway, ProblemKind::SareAway];

async fn ask(app: &App) -> Result<Told, store::Error> {
    Ok(Told {
        overdue: app.store.overdue(app.now()).await?,
        shops: app.store.shops().await?,
        runs: app.store.runs_under_way().await?,
        waiting: app.store.shops_with_problems(&SERVICES_AWAY).await?,
        servers: app.store.servers().await?,
        absence: app.store.last_absence().await?,
    })
}

fn tell(text: &mut String, told: &Told, now: Millis) {
    let (due, oldest) = told.overdue;
    gauge(
        text,
        "shoper_sare_lanes_due",
        "Lanes that could be worked on now.",
        due,
    );
    let waited = oldest.map_or(0, |since| (now - since).max(0) / 1000);
    gauge(
        text,
        "shoper_sare_oldest_overdue_lane_seconds",
        "How long the lane that waits longest has waited.",
        waited,
    );
    let is_stalled = |(shop, run): &&(ShopId, Run)| {
        let shop = told.shops.iter().find(|one| one.id == *shop);
        let shop = shop.filter(|one| is_expected(one));
        shop.is_some_and(|shop| engine::stalled_since(run, shop.last_success_at, now).is_some())
    };
    gauge(
        text,
        "shoper_sare_runs_standing_still",
        "Synchronisations of a whole shop that have not got on for more than five minutes.",
        i64::try_from(told.runs.iter().filter(is_stalled).count()).unwrap_or(i64::MAX),
    );
    shops(text, &told.shops, now);
    services(text, &told.waiting);
    servers(text, &told.servers, told.absence, now);
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

/// Services that have been away for more than a few minutes, by the shops that wait for them.
fn services(text: &mut String, waiting: &BTreeMap<ProblemKind, i64>) {
    let name = "shoper_sare_shops_waiting_for_service";
    let _ = writeln!(
        text,
        "# HELP {name} Shops that wait for a service which has been away for more than five minutes.\n# TYPE {name} gauge"
    );
    for (service, kind) in ["shop", "sare"].iter().zip(SERVICES_AWAY) {
        let shops = waiting.get(&kind).copied().unwrap_or(0);
        let _ = writeln!(text, "{name}{{service=\"{service}\"}} {shops}");
    }
}

fn servers(text: &mut String, servers: &[Server], absence: Option<Absence>, now: Millis) {
    let alive = servers
        .iter()
        .filter(|server| now - server.alive_at < ALIVE_MS)
        .count();
    gauge(
        text,
        "shoper_sare_servers",
        "Servers that gave a sign of life within two minutes.",
        i64::try_from(alive).unwrap_or(i64::MAX),
    );
    let absence = absence.map_or((0, 0), |absence| (absence.from / 1000, absence.to / 1000));
    gauge(
        text,
        "shoper_sare_last_absence_start_seconds",
        "Since when no server lived, the last time that none did, in seconds since 1970; 0: never.",
        absence.0,
    );
    gauge(
        text,
        "shoper_sare_last_absence_end_seconds",
        "Until when no server lived, the last time that none did, in seconds since 1970; 0: never.",
        absence.1,
    );
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
