//! `doctor`: what is wrong with this installation, in full sentences, each with what helps.
//!
//! Looks at the settings, the ledger, whether SARE and our own address can be reached, and at every shop. Changes
//! nothing but that an older database is brought up to date, as any command does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use desk::{Patience, SareSide, ShopSide};
use ports::{HttpClient, HttpClientSettings, Reach, Request, Transport};
use serde::Serialize;
use shoper_api::webhooks::EVENTS;
use store::{HookKind, Shop, ShopState};
use sync_core::config::Config;
use sync_core::{Lang, ProblemKind};
use texts::{ProblemTexts, Words};
use url::{Host, Url};

use super::doctor_clock::{Dated, OFF_MS, span};
use super::output;
use crate::app::App;
use crate::cli::Json;
use crate::exit;
use crate::settings::Settings;

/// Operators are answered in English.
const WORDS: Words = Words(Lang::En);
/// A lane this late means that nobody works.
const LATE_MS: i64 = 15 * 60_000;
/// A shop without success for so long is told: the daily sweep alone succeeds more often.
const SILENT_MS: i64 = 26 * 3_600_000;
/// A server without a heartbeat for so long does not live.
const ALIVE_MS: i64 = 2 * 60_000;
/// How long it is told that no server lived.
const LATELY_MS: i64 = 7 * 86_400_000;
/// How long an address is given to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Note,
    Wrong,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at: a setting, a service, a shop's host.
    about: String,
    state: State,
    /// What was found.
    text: String,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// The checks so far.
#[derive(Default)]
struct Findings(Vec<Check>);

impl Findings {
    fn ok(&mut self, about: &str, text: impl Into<String>) {
        self.push(about, State::Ok, text.into(), None);
    }

    fn note(&mut self, about: &str, text: impl Into<String>, remedy: impl Into<String>) {
        self.push(about, State::Note, text.into(), Some(remedy.into()));
    }

    fn wrong(&mut self, about: &str, text: impl Into<String>, remedy: impl Into<String>) {
        self.push(about, State::Wrong, text.into(), Some(remedy.into()));
    }

    fn push(&mut self, about: &str, state: State, text: String, remedy: Option<String>) {
        self.0.push(Check {
            about: about.to_owned(),
            state,
            text,
            remedy,
        });
    }
}

/// Looks at everything. Exits with 1 when anything is wrong.
pub async fn doctor(settings: Settings, json: Json) -> anyhow::Result<u8> {
    let mut found = Findings::default();
    about_settings(&settings, &mut found);
    match App::open(settings).await {
        Ok(mut app) => {
            let dated = Dated::over(Arc::clone(&app.transport), Arc::clone(&app.clock));
            app.transport = Arc::clone(&dated) as Arc<dyn Transport>;
            match app.store.look_through().await {
                Ok(()) => found.ok("DATABASE_URL", "The database can be used, and the keys open it."),
                Err(error) => {
                    let text = format!("{error}.");
                    found.wrong("DATABASE_URL", text, database_remedy(&error.into()));
                }
            }
            about_outside(&app, &mut found).await;
            if let Err(error) = about_shops(&app, &mut found).await {
                found.wrong("shops", format!("{error:#}."), database_remedy(&error));
            }
            if let Err(error) = about_clock(&app, &dated, &mut found).await {
                found.wrong("clock", format!("{error:#}."), database_remedy(&error));
            }
            app.store.close().await;
        }
        Err(error) => {
            let text = format!("The ledger cannot be opened: {error:#}.");
            found.wrong("DATABASE_URL", text, database_remedy(&error));
        }
    }
    let wrong = found.0.iter().filter(|check| check.state == State::Wrong).count();
    if json.json {
        output::json(&found.0)?;
    } else {
        print(&found.0);
        output::line(&match wrong {
            0 => "Everything is in order.".to_owned(),
            1 => "One thing is wrong.".to_owned(),
            many => format!("{many} things are wrong."),
        });
    }
    Ok(if wrong == 0 { exit::OK } else { exit::FOUND })
}

fn print(checks: &[Check]) {
    for check in checks {
        let mark = match check.state {
            State::Ok => "ok   ",
            State::Note => "note ",
            State::Wrong => "WRONG",
        };
        output::line(&format!("{mark} {}: {}", check.about, check.text));
        if let Some(remedy) = &check.remedy {
            output::line(&format!("      {remedy}"));
        }
    }
}

fn database_remedy(error: &anyhow::Error) -> &'static str {
    let of = |wanted: fn(&store::Error) -> bool| {
        error.chain().filter_map(|cause| cause.downcast_ref()).any(wanted)
    };
    if of(|error| matches!(error, store::Error::WrongKeys)) {
        "Put the key with which the database was written back into ENCRYPTION_KEYS, behind the newer ones. Without it \
         what is encrypted is lost, and shops must be connected again."
    } else if of(|error| matches!(error, store::Error::Corrupt(_))) {
        "Stop the server and put the newest backup in its place: `shoper-sare restore FILE`. The damaged file is kept beside \
         it. Then look at the disk: files do not break by themselves."
    } else if of(|error| matches!(error, store::Error::Away(_))) {
        "Start the database, and check the address, the user's rights, and that the directory of an SQLite file can be \
         written to."
    } else {
        "Correct the named setting; the settings are listed by `shoper-sare --help`."
    }
}

fn about_settings(settings: &Settings, found: &mut Findings) {
    match &settings.public_url {
        None => found.note(
            "PUBLIC_URL",
            "It is not set, so no webhooks are registered and changes are found by looks and sweeps alone.",
            "Set it to the https:// address under which shops reach this server.",
        ),
        Some(public) if public.url().scheme() == "http" && !is_loopback(public.url()) => found.wrong(
            "PUBLIC_URL",
            "It begins with http://, and Shoper sends its messages to https:// only.",
            "Put a reverse proxy with a certificate in front, and set PUBLIC_URL to its https:// address.",
        ),
        Some(_) => found.ok("PUBLIC_URL", "It is set."),
    }
    let app = [
        ("SHOPER_APP_ID", settings.app_id.is_some()),
        ("SHOPER_APP_SECRET", settings.app_secret.is_some()),
        ("SHOPER_APPSTORE_SECRET", settings.appstore_secret.is_some()),
    ];
    let missing: Vec<&str> = app
        .iter()
        .filter(|(_, set)| !set)
        .map(|(name, _)| *name)
        .collect();
    match missing.len() {
        0 => found.ok("AppStore", "The app's id and secrets are set."),
        3 => found.note(
            "AppStore",
            "None of the app's values is set, so only shops connected with `shop connect` are served and nobody can \
             open the panel.",
            "Where the app is in the AppStore, copy its values from Shoper's developer panel.",
        ),
        _ => found.wrong(
            "AppStore",
            format!("{} is not set, so installing the app in a shop fails.", missing.join(" and ")),
            "Copy all of the app's values from Shoper's developer panel.",
        ),
    }
    if settings.operator_token.is_none() {
        found.note(
            "OPERATOR_TOKEN",
            "It is not set, so the operator's API is closed.",
            "Set it to use /api/v1.",
        );
    }
    if settings.metrics_token.is_none() {
        found.note(
            "METRICS_TOKEN",
            "It is not set, so /metrics is closed.",
            "Set it where Prometheus is to read it.",
        );
    }
    if settings.allow_http {
        let text = "It is on: shops and SARE on this machine, also over plain HTTP, are accepted, as demonstrations and tests need.";
        match &settings.public_url {
            Some(url) if !is_loopback(url.url()) => found.wrong("ALLOW_HTTP", text, "Unset it."),
            _ => found.note("ALLOW_HTTP", text, "Unset it in production."),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

async fn about_outside(app: &App, found: &mut Findings) {
    // Any answer will do: without a key SARE can only refuse.
    let sare = format!(
        "{}/0/group/list",
        app.settings.sare_api_url.as_str().trim_end_matches('/')
    );
    match get(app.transport.as_ref(), &sare).await {
        Ok(status) if status < 500 => found.ok("SARE_API_URL", "SARE's API answers."),
        Ok(status) => found.wrong(
            "SARE_API_URL",
            format!("SARE's API answers with HTTP {status}."),
            "Try again later; if it stays, ask SARE whether the address is right.",
        ),
        Err(why) => found.wrong(
            "SARE_API_URL",
            format!("SARE's API cannot be reached: {why}."),
            "Check the address, and that this machine may open connections to it.",
        ),
    }
    let Some(public) = &app.settings.public_url else {
        return;
    };
    let url = public.at("/healthz");
    // Our own address may well lead into our own network; nothing secret is sent there.
    let own = HttpClientSettings {
        reach: Reach::Anywhere,
        ..HttpClientSettings::default()
    };
    let asked = match HttpClient::shared(own) {
        Ok(transport) => get(transport.as_ref(), &url).await,
        Err(why) => Err(why),
    };
    match asked {
        Ok(200) => found.ok("PUBLIC_URL", "The server answers there."),
        Ok(status) => found.wrong(
            "PUBLIC_URL",
            format!("PUBLIC_URL + /healthz answers with HTTP {status} in place of 200."),
            "Start `shoper-sare serve`, and let the reverse proxy pass everything under PUBLIC_URL on to LISTEN. Where \
             PUBLIC_URL has a path, the proxy may leave it or take it away.",
        ),
        Err(why) => found.wrong(
            "PUBLIC_URL",
            format!("PUBLIC_URL cannot be reached from here: {why}."),
            "Start `shoper-sare serve` and the reverse proxy. Where this machine cannot reach its own public address, try \
             it from outside.",
        ),
    }
}

/// Whether this machine's clock is right: all that is planned and all that is signed goes by it.
async fn about_clock(app: &App, dated: &Dated, found: &mut Findings) -> anyhow::Result<()> {
    let remedy = "Let the machine keep its clock right (NTP). Work that was planned by a wrong clock is done at once as \
         soon as it is right again.";
    let public = app
        .settings
        .public_url
        .as_ref()
        .and_then(|public| public.url().host_str());
    let ours: Vec<String> = public.map(str::to_owned).into_iter().collect();
    let mut wrong = Vec::new();
    if let Some(ahead) = dated.ahead(&ours).filter(|ahead| ahead.abs() > OFF_MS) {
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        wrong.push(format!(
            "This machine's clock is {} {side} those of the services.",
            span(ahead)
        ));
    }
    let now = app.clock.now();
    if let Some(theirs) = app.store.database_time().await?
        && (now - theirs).abs() > OFF_MS
    {
        let side = if now > theirs { "ahead of" } else { "behind" };
        wrong.push(format!(
            "This machine's clock is {} {side} the database's.",
            span(now - theirs)
        ));
    }
    if let Some(latest) = app.store.latest_moment().await?
        && latest > now + OFF_MS
    {
        wrong.push(format!(
            "The ledger was written to at {}, which has not come yet: this machine's clock is behind, or one that wrote \
             was ahead.",
            output::moment(Some(latest))
        ));
    }
    if wrong.is_empty() {
        found.ok(
            "clock",
            "It agrees with those of the services and with the ledger.",
        );
    }
    for text in wrong {
        found.wrong("clock", text, remedy);
    }
    Ok(())
}

/// The HTTP status, or why there is none.
async fn get(transport: &dyn Transport, url: &str) -> Result<u16, String> {
    let request: Request = http::Request::get(url)
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    match tokio::time::timeout(ANSWER_WITHIN, transport.send(request)).await {
        Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

async fn about_shops(app: &App, found: &mut Findings) -> anyhow::Result<()> {
    let shops = app.store.shops().await?;
    let served: Vec<&Shop> = shops
        .iter()
        .filter(|shop| !matches!(shop.state, ShopState::Uninstalling | ShopState::Removed))
        .collect();
    if served.is_empty() {
        found.note(
            "shops",
            "There are none yet.",
            "Install the app in a shop, or use `shoper-sare shop connect`.",
        );
        return Ok(());
    }
    let (late, since) = app.store.overdue(app.clock.now() - LATE_MS).await?;
    if late > 0 {
        found.wrong(
            "workers",
            format!(
                "{late} lanes are overdue, the oldest since {}: nobody works on them.",
                output::moment(since)
            ),
            "Start `shoper-sare serve`. If it runs, read its log.",
        );
    } else {
        found.ok("workers", "No lane is overdue.");
    }
    about_life(app, found).await?;
    for shop in served {
        about_shop(app, shop, found).await?;
    }
    Ok(())
}

/// Whether a server lives, and when of late none did.
async fn about_life(app: &App, found: &mut Findings) -> anyhow::Result<()> {
    let now = app.clock.now();
    let servers = app.store.servers().await?;
    let alive = servers
        .iter()
        .filter(|server| now - server.alive_at < ALIVE_MS)
        .count();
    match (alive, servers.first()) {
        (0, Some(last)) => found.note(
            "server",
            format!(
                "None lives: the last sign of life was at {}.",
                output::moment(Some(last.alive_at))
            ),
            "Start `shoper-sare serve`. What shops send meanwhile is made up for within the hour after that.",
        ),
        (0, None) => {}
        (1, _) => found.ok("server", "One lives."),
        (many, _) => found.ok("server", format!("{many} live.")),
    }
    for absence in app.store.absences(now - LATELY_MS).await? {
        found.note(
            "server",
            format!(
                "None lived from {} to {}.",
                output::moment(Some(absence.from)),
                output::moment(Some(absence.to))
            ),
            "What shops sent meanwhile is made up for by itself: new records and unsubscribes at once, and every shop is \
             read as a whole within an hour.",
        );
    }
    Ok(())
}

async fn about_shop(app: &App, shop: &Shop, found: &mut Findings) -> anyhow::Result<()> {
    let host = &shop.host;
    let before = found.0.len();
    if shop.paused {
        found.note(
            host,
            "All synchronisation is paused.",
            format!("`shoper-sare shop resume {host}` goes on."),
        );
    }
    if let Some(previous) = &shop.previous_url {
        found.note(
            host,
            format!(
                "The shop has moved here from {} at {}.",
                previous.trim_start_matches("https://"),
                output::moment(shop.moved_at)
            ),
            "Nothing need be done: the old address is kept and asked again should this one fail.",
        );
    }
    if shop.state == ShopState::AccessLost {
        let ProblemTexts { cause, remedy } = WORDS.problem(ProblemKind::ShopAccess);
        found.wrong(host, cause, remedy);
    } else {
        ask_shop(app, shop, found).await?;
    }
    match app.config(shop) {
        Err(error) => found.note(host, format!("{error:#}."), "Until then nothing is synchronised."),
        Ok(config) => ask_sare(app, shop, &config, found).await?,
    }
    let catching_up = super::shop::catching_up(app, shop).await?;
    if let Some(absence) = catching_up.iter().find(|absence| !absence.is_made_up) {
        found.note(
            host,
            format!(
                "What it sent between {} and {}, when no server lived, is being made up for.",
                output::moment(Some(absence.from)),
                output::moment(Some(absence.to))
            ),
            "Nothing is to be done: the whole shop is read within an hour.",
        );
    }
    let silent = shop.last_success_at.unwrap_or(shop.created_at) < app.clock.now() - SILENT_MS;
    if silent && shop.config.is_some() && !shop.paused {
        found.wrong(
            host,
            format!(
                "Nothing has succeeded since {}.",
                output::moment(shop.last_success_at)
            ),
            format!("`shoper-sare shop show {host}` says what is being waited for."),
        );
    }
    let problems = app.store.shop_problems(shop.id, 500).await?;
    let run = app.store.active_run(shop.id).await?.filter(|_| !shop.paused);
    let still = run.and_then(|run| engine::stalled_since(&run, shop.last_success_at, app.clock.now()));
    if let Some(since) = still
        && !problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::RunStill)
    {
        let ProblemTexts { cause, remedy } = WORDS.problem(ProblemKind::RunStill);
        found.wrong(
            host,
            format!("{cause} (since {})", output::moment(Some(since))),
            remedy,
        );
    }
    for problem in &problems {
        let ProblemTexts { cause, remedy } = WORDS.problem(problem.kind);
        let detail = problem.detail.as_deref().map_or_else(String::new, |detail| {
            format!(" ({})", WORDS.problem_detail(problem.kind, detail))
        });
        found.wrong(host, format!("{cause}{detail}"), remedy);
    }
    if found.0[before..].iter().all(|check| check.state == State::Ok) {
        found.ok(host, "Shop, webhooks and SARE are in order.");
    }
    Ok(())
}

async fn ask_shop(app: &App, shop: &Shop, found: &mut Findings) -> anyhow::Result<()> {
    let host = &shop.host;
    let side = match ShopSide::open(&app.engine(), shop, Patience::Once).await {
        Ok(side) => side,
        Err(error) => {
            found.wrong(
                host,
                format!("{error:#}."),
                WORDS.problem(ProblemKind::ShopAccess).remedy,
            );
            return Ok(());
        }
    };
    match side.ask(|c| async move { c.application_config().await }).await {
        Ok(_) => {}
        Err(shoper_api::Error::Unauthorized { .. }) => {
            found.note(
                host,
                "The shop does not take the access token we have.",
                "The server renews it when it works on the shop; if this stays, reinstall the app or connect again.",
            );
            return Ok(());
        }
        Err(error) => {
            found.wrong(
                host,
                format!("The shop cannot be asked: {error}."),
                "Check that the shop is open; it is tried again.",
            );
            return Ok(());
        }
    }
    let Some(public) = &app.settings.public_url else {
        return Ok(());
    };
    let base = public.shoper_hooks();
    let rows = match side.ask(|c| async move { c.webhooks().await }).await {
        Ok(rows) => rows,
        Err(error) => {
            found.wrong(
                host,
                format!("The shop's webhooks cannot be read: {error}."),
                WORDS.problem(ProblemKind::WebhooksRefused).remedy,
            );
            return Ok(());
        }
    };
    let ours = rows.iter().find(|row| row.url.starts_with(&base));
    let complete = ours
        .is_some_and(|row| row.active && EVENTS.iter().all(|event| row.events.iter().any(|e| e == event)));
    if !complete {
        let text = match ours {
            None => "Our webhook is not registered in the shop.",
            Some(row) if !row.active => "Our webhook is switched off in the shop.",
            Some(_) => "Our webhook in the shop lacks events.",
        };
        found.wrong(
            host,
            text,
            "The server mends that within six hours; until then looks and sweeps find the changes.",
        );
    }
    if app.store.hook_of(shop.id, HookKind::Sare).await?.is_none() {
        found.note(
            host,
            "SARE has no address for its webhook yet.",
            "The server makes one when it works on the shop; `shop show` prints it.",
        );
    }
    Ok(())
}

async fn ask_sare(app: &App, shop: &Shop, config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let host = &shop.host;
    let side = match SareSide::open(&app.engine(), shop, config, Patience::Once).await {
        Ok(side) => side,
        Err(error) => {
            found.wrong(
                host,
                format!("{error:#}."),
                "Import the configuration with a key.",
            );
            return Ok(());
        }
    };
    match side.ask(|c| async move { c.groups().await }).await {
        Ok(groups) => {
            let wanted = [
                (config.customers.enabled, config.customers.group),
                (config.subscribers.enabled, config.subscribers.group),
            ];
            for (on, group) in wanted {
                if !on || groups.iter().any(|known| known.id == group) {
                    continue;
                }
                found.wrong(
                    host,
                    format!("Group {group} is not in SARE any more."),
                    "Make it again in SARE, or import a configuration with another group.",
                );
            }
        }
        Err(sare_api::Error::Unauthorized { .. }) => {
            let ProblemTexts { cause, remedy } = WORDS.problem(ProblemKind::SareAccess);
            found.wrong(host, cause, remedy);
        }
        Err(error) => found.wrong(
            host,
            format!("SARE cannot be asked: {error}."),
            "It is tried again by itself.",
        ),
    }
    Ok(())
}
