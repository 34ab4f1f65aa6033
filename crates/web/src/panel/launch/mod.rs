//! Between the first saved configuration and the first synchronisation: what would happen, a trial of ten, and the word
//! to begin. Later: when the first synchronisation was, and what one would change now.
//!
//! `preview.rs` shows a dry run, `trial.rs` the contacts chosen for a trial, `arrived.rs` what became of them. The engine
//! does nothing of its own while the first synchronisation is held (`engine::slice`); everything asked for here holds it
//! a little longer, so that it does not begin while somebody is still looking.

mod arrived;
mod data;
mod preview;
mod trial;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use desk::Size;
use engine::RunObstacle;
use maud::{Markup, html};
use serde::Deserialize;
use store::{RunKind, RunState};
use sync_core::config::{Config, WithoutConsent};
use sync_core::mapping::Mapping;
use texts::Words;

use super::closed::Closed;
use super::groups::GroupNames;
use super::layout::{self, Head};
use super::parts::{Tone, card, fetched, notice};
use super::session::{Posted, Visit};
use crate::error::Error;
use crate::state::App;
use data::{Hold, PageData, Stage};

/// How much longer the first synchronisation is held at least when somebody asks to see or try something.
const LOOKING_MS: i64 = 15 * 60_000;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/launch", get(show))
        .route("/panel/s/{session}/launch/live", get(live))
        .route("/panel/s/{session}/launch/size", get(size))
        .route("/panel/s/{session}/launch/preview", post(preview))
        .route("/panel/s/{session}/launch/cancel", post(cancel))
        .route("/panel/s/{session}/launch/begin", post(begin))
        .route("/panel/s/{session}/launch/later", post(later))
        .route(
            "/panel/s/{session}/launch/trial",
            get(trial::show).post(trial::send),
        )
        .route("/panel/s/{session}/launch/trial/ten", get(trial::ten))
        .route("/panel/s/{session}/launch/arrived", get(arrived::show))
        .route("/panel/s/{session}/launch/arrived/live", get(arrived::live))
        .route("/panel/s/{session}/launch/arrived/proof", get(arrived::proof))
}

/// What is to be shown at once where no script fetches it.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    size: Option<String>,
}

async fn show(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let Some(data) = data else {
        return Ok(visit.redirect("start"));
    };
    let words = visit.words;
    let counted = match asked.size {
        Some(_) => Some(counted(&app, &visit, &data.config).await),
        None => None,
    };
    let names = GroupNames::known(&app, &visit, &data.config).await;
    let dry = preview::told(&app, &visit, &data)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = html! {
        @match visit.done() {
            "busy" => (notice(Tone::Info, html! { p { (words.say("launch.busy")) } })),
            "saved" => (notice(Tone::Good, html! { p { (words.say("launch.saved")) } })),
            _ => {}
        }
        (data.troubles(&visit))
        @match data.stage {
            Stage::Nothing => (nothing(&visit)),
            Stage::UnderWay => {
                p {
                    @if data.obstacle.is_some() { (words.say("launch.stopped")) }
                    @else { (words.say("launch.under-way")) }
                }
                p { a.button href=(visit.link("")) { (words.say("launch.to-overview")) } }
            },
            Stage::Interrupted => {
                (notice(Tone::Warn, html! { p { (words.say("launch.interrupted")) } }))
                @if data.obstacle.is_none() { div.actions { (begin_button(&visit)) } }
            },
            Stage::Before => {
                (current(&visit, &data))
                @if data.obstacle.is_none() { (decide(&visit, data.hold)) }
                div.columns {
                    (dry_run_part(&visit, &data, dry.is_some()))
                    @if data.obstacle.is_none() { (try_ten(&visit)) }
                }
                @if let Some(dry) = dry { section { (dry) } }
                (summary(&visit, &data.config, &names, counted))
            },
            Stage::After => {
                p {
                    (data.first_was(words))
                    @if data.obstacle.is_none() { " " (words.say("launch.since-then")) }
                }
                (current(&visit, &data))
                (dry_run_part(&visit, &data, dry.is_some()))
                @if let Some(dry) = dry { section { (dry) } }
            },
        }
    };
    let title = match data.stage {
        Stage::After => words.say("launch.title-after"),
        _ => words.say("launch.title"),
    };
    Ok(layout::page(
        &visit,
        Head::new("launch", title).changing(),
        content,
    ))
}

/// The part that changes by itself.
async fn live(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = data.map_or_else(|| html! {}, |data| moving(&visit, &data));
    Ok(layout::piece(&visit, content))
}

fn current(visit: &Visit, data: &PageData) -> Markup {
    html! {
        div data-live=(visit.link("launch/live")) data-then-reload { (moving(visit, data)) }
    }
}

/// Until when the first synchronisation waits, and how far a preview is.
fn moving(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let begins = match (data.stage, data.hold) {
        _ if data.obstacle.is_some() => None,
        (Stage::Before, Hold::Until(at)) => {
            let time = words.lasting((at - data.now) / 1000);
            let clock = texts::clock(at, "%H:%M");
            Some(words.fill("launch.begins-at", &[("clock", &clock), ("time", &time)]))
        }
        (Stage::Before, Hold::ForGood) => Some(words.say("launch.begins-never").to_owned()),
        (Stage::Before, Hold::Over) => Some(words.say("launch.begins-now").to_owned()),
        _ => None,
    };
    html! {
        @if let Some(text) = begins {
            div.notice.info role="status" data-busy[data.hold == Hold::Over] { p { (text) } }
        }
        @if let Some(run) = &data.dry_under_way {
            section data-busy[data.obstacle.is_none()] {
                @if data.obstacle.is_none() {
                    h2 { (words.say("launch.preview-runs")) }
                    (preview::progress(run, words))
                } @else {
                    h2 { (words.say("launch.preview-stopped")) }
                }
                (visit.form("launch/cancel", html! {
                    button.quiet type="submit" { (words.say("launch.preview-cancel")) }
                }))
            }
        }
    }
}

/// No kind of record is switched on.
fn nothing(visit: &Visit) -> Markup {
    let words = visit.words;
    html! {
        (notice(Tone::Info, html! { p { (words.say("launch.nothing")) } }))
        div.actions {
            a.button href=(visit.link("customers")) { (words.say("launch.to-customers")) }
            a.button.quiet href=(visit.link("subscribers")) { (words.say("launch.to-subscribers")) }
        }
    }
}

/// What is configured, and how many people it can concern.
fn summary(visit: &Visit, config: &Config, names: &GroupNames, counted: Option<Markup>) -> Markup {
    let words = visit.words;
    let (customers, subscribers) = (&config.customers, &config.subscribers);
    html! {
        section {
            h2 { (words.say("launch.configured")) }
            dl {
                dt { (words.say("launch.customers")) }
                dd {
                    (kind(words, customers.enabled, &names.one(customers.group), &customers.mapping, customers.without_consent))
                    " " (change(visit, "customers", words.say("launch.customers")))
                }
                dt { (words.say("launch.subscribers")) }
                dd {
                    (kind(words, subscribers.enabled, &names.one(subscribers.group), &subscribers.mapping, subscribers.without_consent))
                    " " (change(visit, "subscribers", words.say("launch.subscribers")))
                }
            }
            @match counted {
                Some(counted) => div.after { (counted) },
                None => div.after {
                    (fetched(visit, "launch/size", "launch?size=yes", words.say("launch.counting"), words.say("launch.count")))
                },
            }
        }
    }
}

/// The way back to a page of settings; what they are of is beside it for those who see it.
fn change(visit: &Visit, page: &str, what: &str) -> Markup {
    html! { a href=(visit.link(page)) { (visit.words.say("launch.change")) span.unseen { ": " (what) } } }
}

fn kind(words: Words, enabled: bool, group: &str, mapping: &Mapping, without: WithoutConsent) -> String {
    if !enabled {
        return words.say("launch.off").to_owned();
    }
    let fields = words.count("launch.fields", i64::try_from(mapping.rows().len()).unwrap_or(0));
    let without = match without {
        WithoutConsent::Unconfirmed => words.say("launch.without-unconfirmed"),
        WithoutConsent::Skip => words.say("launch.without-skip"),
    };
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("group", &group), ("fields", &fields), ("without", &without)];
    words.fill("launch.on", &values)
}

/// The shop's own numbers, fetched after the page is there.
async fn size(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = match data {
        Some(data) => counted(&app, &visit, &data.config).await,
        None => html! {},
    };
    Ok(layout::piece(&visit, content))
}

async fn counted(app: &App, visit: &Visit, config: &Config) -> Markup {
    let words = visit.words;
    let size = match Size::read(&app.engine, &visit.shop).await {
        Ok(size) => size,
        Err(error) => {
            tracing::debug!(shop = %visit.shop.id, %error, "the shop cannot be counted now");
            return html! { p.soft { (words.say("launch.count-away")) } };
        }
    };
    let part = |text: String, of: Option<i64>| match of {
        Some(of) => words.fill("launch.of-them", &[("all", &text), ("of", &words.number(of))]),
        None => text,
    };
    let customers = size
        .customers
        .map(|n| part(words.count("launch.size-customers", n), size.customers_flagged));
    let subscribers = size
        .subscribers
        .map(|n| part(words.count("launch.size-subscribers", n), size.subscribers_active));
    let is_empty = size.customers == Some(0) && size.subscribers == Some(0);
    html! {
        @if is_empty {
            p { (words.say("launch.empty-shop")) }
        } @else {
            p {
                (words.say("launch.size"))
                @for text in customers.into_iter().chain(subscribers) { " " (text) "." }
            }
            @if let Some(most) = size.mailable_at_most(config) {
                p { strong { (words.count("launch.at-most", most)) } " " (words.say("launch.at-most-why")) }
            }
        }
    }
}

/// What a synchronisation would change: asked for here, `has_result` where it was before. One that is over stands alone.
fn dry_run_part(visit: &Visit, data: &PageData, has_result: bool) -> Markup {
    let words = visit.words;
    html! {
        section {
            h2 {
                @if data.stage == Stage::After { (words.say("launch.look-now")) } @else { (words.say("launch.look")) }
            }
            p { (words.say("launch.look-hint")) }
            @if data.obstacle.is_some() {
                p { strong { (words.say("launch.look-not-now")) } }
            } @else if data.dry_under_way.is_none() {
                (visit.form("launch/preview", html! {
                    button.quiet[data.stage != Stage::After || has_result] type="submit" {
                        @if has_result { (words.say("launch.look-again")) } @else { (words.say("launch.look-do")) }
                    }
                }))
            }
        }
    }
}

/// Ten contacts first.
fn try_ten(visit: &Visit) -> Markup {
    let words = visit.words;
    card(
        words.say("launch.try"),
        html! {
            p { (words.say("launch.try-hint")) }
            p { a.button.quiet href=(visit.link("launch/trial")) { (words.say("launch.try-do")) } }
        },
    )
}

/// The page's one decision: begin now, or not before one says so.
fn decide(visit: &Visit, hold: Hold) -> Markup {
    let words = visit.words;
    card(
        words.say("launch.decide"),
        html! {
            p { (words.say("launch.decide-hint")) }
            div.actions {
                (begin_button(visit))
                @if hold != Hold::ForGood {
                    (visit.form("launch/later", html! {
                        button.quiet type="submit" { (words.say("launch.later")) }
                    }))
                }
            }
        },
    )
}

/// The word to begin.
fn begin_button(visit: &Visit) -> Markup {
    visit.form(
        "launch/begin",
        html! { button type="submit" { (visit.words.say("launch.begin")) } },
    )
}

/// Holds the first synchronisation for a while from now on, if it has not begun.
async fn hold_a_while(app: &App, visit: &Visit) -> Result<(), Error> {
    let now = app.now();
    let until = now + LOOKING_MS;
    match visit.shop.held_until(now) {
        Some(_) => app.store.prolong_hold(visit.shop.id, until, now).await?,
        None => app.store.hold_first_run(visit.shop.id, Some(until), now).await?,
    }
    Ok(())
}

/// Asks for a dry run.
async fn preview(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    let closed = |error: Error| visit.closed(error);
    let data = PageData::load(&app, &visit.shop).await.map_err(closed)?;
    let Some(data) = data.filter(|data| matches!(data.stage, Stage::Before | Stage::After)) else {
        return Ok(visit.redirect("launch"));
    };
    if data.stage == Stage::Before {
        hold_a_while(&app, &visit).await.map_err(closed)?;
    }
    match app.engine.ask_for_run(&visit.shop, RunKind::DryRun, false).await {
        Ok(_) => {
            app.wake.notify_one();
            Ok(visit.redirect("launch"))
        }
        Err(RunObstacle::Active(_)) => visit.redirect_done(&app, "launch?done=busy").await,
        Err(RunObstacle::Store(error)) => Err(visit.closed(error)),
        // The page tells why.
        Err(_) => Ok(visit.redirect("launch")),
    }
}

/// Stops a dry run.
async fn cancel(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    stop_preview(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(visit.redirect("launch"))
}

async fn stop_preview(app: &App, visit: &Visit) -> Result<(), Error> {
    let run = app.store.active_run(visit.shop.id).await?;
    if let Some(run) = run.filter(|run| run.kind.policy().only_states) {
        app.store
            .set_run_state(visit.shop.id, run.id, RunState::Cancelled, None, app.now())
            .await?;
        app.store.wake(visit.shop.id, app.now()).await?;
        app.wake.notify_one();
    }
    Ok(())
}

/// The merchant's word: the first synchronisation begins.
async fn begin(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    let begun = async {
        stop_preview(&app, &visit).await?;
        app.store.hold_first_run(visit.shop.id, None, app.now()).await?;
        let data = PageData::load(&app, &visit.shop).await?;
        if data.is_some_and(|data| data.stage == Stage::Interrupted) {
            begin_again(&app, &visit).await?;
        }
        Ok(())
    };
    begun.await.map_err(|error: Error| visit.closed(error))?;
    app.wake.notify_one();
    Ok(visit.redirect(""))
}

/// The one that was ended is made anew.
async fn begin_again(app: &App, visit: &Visit) -> Result<(), Error> {
    match app.engine.ask_for_run(&visit.shop, RunKind::First, true).await {
        Err(RunObstacle::Store(error)) => Err(error.into()),
        // The page tells what stands against it.
        _ => Ok(()),
    }
}

/// Stopped: it waits for the word, however long.
async fn later(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    let until = app.now() + data::FOR_GOOD_MS;
    app.store
        .hold_first_run(visit.shop.id, Some(until), app.now())
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(visit.redirect("launch"))
}
