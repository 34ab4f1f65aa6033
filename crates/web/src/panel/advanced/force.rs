//! A forced full synchronisation: what it does, a tick, and what became of it.

use axum::extract::State;
use axum::response::Response;
use engine::Body;
use maud::{Markup, html};
use store::{Run, RunKind, RunState};
use sync_core::ShopId;

use super::show::Sight;
use crate::api::model::word;
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout;
use crate::panel::parts::{self, Tone};
use crate::panel::session::{Posted, Visit};
use crate::panel::words::Words;
use crate::state::App;

/// How far back the newest forced run is looked for.
const RUNS: i64 = 30;

/// The newest forced run, whatever other run is not over, and what was counted beforehand, unless a run has come to its end
/// since.
pub async fn runs(app: &App, shop: ShopId) -> Result<(Option<Run>, Option<Run>, Option<Run>), Error> {
    let runs = app.store.runs(shop, RUNS).await?;
    let counted = runs
        .iter()
        .find(|run| run.state == RunState::Done)
        .filter(|run| run.kind == RunKind::DryRun)
        .cloned();
    let forced = runs.into_iter().find(|run| run.kind == RunKind::Forced);
    let active = app.store.active_run(shop).await?;
    Ok((forced, active.filter(|run| run.kind != RunKind::Forced), counted))
}

/// Asks for one when the box is ticked.
pub async fn start(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let sight = Sight::of(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    if !fields.is_on("sure") || obstacle(&visit, &sight).is_some() {
        return Ok(visit.redirect("advanced#force"));
    }
    let body = Body::default().text();
    let asked = app
        .store
        .create_run(visit.shop.id, RunKind::Forced, &body, app.now())
        .await;
    match asked {
        Ok(_) => {
            app.wake.notify_one();
            visit.redirect_done(&app, "advanced?done=forced").await
        }
        // The page tells of the run that is under way.
        Err(store::Error::RunActive(_)) => Ok(visit.redirect("advanced#force")),
        Err(error) => Err(visit.closed(error)),
    }
}

/// Has counted what one would change, without changing anything.
pub async fn count(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    let sight = Sight::of(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    if obstacle(&visit, &sight).is_none() {
        let body = Body::default().text();
        let asked = app
            .store
            .create_run(visit.shop.id, RunKind::DryRun, &body, app.now())
            .await;
        match asked {
            Ok(_) => app.wake.notify_one(),
            Err(store::Error::RunActive(_)) => {}
            Err(error) => return Err(visit.closed(error)),
        }
    }
    Ok(visit.redirect("advanced#force"))
}

/// How it stands with the forced run.
pub async fn live(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let (forced, ..) = runs(&app, visit.shop.id)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = html! { @if let Some(run) = &forced { (last(visit.words, run)) } };
    Ok(layout::piece(&visit, content))
}

/// Why none can be asked for now.
fn obstacle(visit: &Visit, sight: &Sight) -> Option<&'static str> {
    let words = visit.words;
    Some(if visit.shop.config.is_none() || !sight.has_key {
        words.say("advanced.force-not-connected")
    } else if !sight.first_done {
        words.say("advanced.force-first")
    } else if visit.shop.paused {
        words.say("advanced.force-paused")
    } else if sight.other.is_some() || sight.forced.as_ref().is_some_and(|run| !run.state.is_over()) {
        words.say("advanced.force-active")
    } else {
        return None;
    })
}

/// The section of the page.
pub fn section(visit: &Visit, sight: &Sight) -> Markup {
    let words = visit.words;
    html! {
        p { (words.say("advanced.force-what")) }
        p { strong { (words.say("advanced.force-promise")) } }
        div data-live=(visit.link("advanced/force/live")) data-then-reload="" {
            @if let Some(run) = &sight.forced { (last(words, run)) }
        }
        @if let Some(run) = &sight.counted { (forecast(words, run)) }
        @match obstacle(visit, sight) {
            Some(why) => p { (why) },
            None => {
                (visit.form("advanced/force/count", html! {
                    p.soft { (words.say("advanced.force-count-what")) }
                    button.quiet type="submit" { (words.say("advanced.force-count")) }
                }))
                (visit.form("advanced/force", html! {
                (parts::checkbox("sure", words.say("advanced.force-sure"), None, false))
                button type="submit" { (words.say("advanced.force-start")) }
                }))
            },
        }
    }
}

/// What was counted beforehand.
fn forecast(words: Words, run: &Run) -> Markup {
    let at = desk::story::moment(run.ended_at.unwrap_or(run.created_at), words.0);
    html! {
        p { (words.fill("advanced.force-counted", &[("at", &at)])) " " strong { (overwritten(words, run)) } }
    }
}

/// How many values the run writes over.
fn overwritten(words: Words, run: &Run) -> String {
    let statement = Body::parse(&run.body).statement;
    let said = words.count("advanced.force-overwrites", statement.overwritten);
    if statement.overwrites_at_most {
        format!("{said} {}", words.say("advanced.force-at-most"))
    } else {
        said
    }
}

fn last(words: Words, run: &Run) -> Markup {
    let body = Body::parse(&run.body);
    let at = desk::story::moment(run.ended_at.unwrap_or(run.created_at), words.0);
    let line = words.fill(
        "advanced.force-last",
        &[
            ("at", &at),
            ("state", &words.say_word("run-state", &word(run.state))),
        ],
    );
    html! {
        @match run.state {
            RunState::Refused => (parts::notice(Tone::Warn, html! {
                p { (line) "." }
                p { (words.count("advanced.force-refused", body.statement.mailable)) }
                p { (words.say("advanced.force-refused-help")) }
                dl.numbers {
                    dt { (words.say("advanced.would-add")) } dd { (words.number(body.statement.added)) }
                    dt { (words.say("advanced.would-update")) } dd { (words.number(body.statement.updated)) }
                    dt { (words.say("advanced.would-keep")) } dd { (words.number(body.statement.unchanged)) }
                    dt { (words.say("advanced.would-stop")) } dd { (words.number(body.statement.unmailable)) }
                    dt { (words.say("advanced.would-suppress")) } dd { (words.number(body.statement.suppressed)) }
                }
            })),
            RunState::Done => {
                p { (line) ". " (words.fill("advanced.force-counts", &[
                    ("added", &words.number(body.counters.added)),
                    ("updated", &words.number(body.counters.updated)),
                    ("unchanged", &words.number(body.counters.unchanged)),
                    ("failed", &words.number(body.counters.failed)),
                ])) " " (overwritten(words, run)) }
            },
            state => {
                p data-busy[!state.is_over() && state != RunState::Braked] role="status" {
                    (line)
                    @if !state.is_over() { " (" (words.say_word("phase", &word(body.phase))) ")" }
                    "."
                }
                @if let (false, Some(total)) = (state.is_over(), body.total.filter(|total| *total > 0)) {
                    progress value=(body.done.clamp(0, total)) max=(total) aria-label=(words.say("advanced.force")) {}
                }
            },
        }
    }
}
