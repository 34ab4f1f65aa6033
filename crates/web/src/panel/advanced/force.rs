//! A forced full synchronisation: what it does, a tick, and what became of it.

use axum::extract::State;
use axum::response::Response;
use engine::{Body, RunObstacle};
use maud::{Markup, html};
use store::{Run, RunKind, RunState};
use sync_core::ShopId;
use texts::Words;

use super::frame::{self, Part};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout;
use crate::panel::parts::{self, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// How far back the newest forced run is looked for.
const RUNS: i64 = 30;

/// The runs that the section tells of.
struct Runs {
    /// The forced run that is not over, or else the newest.
    forced: Option<Run>,
    /// What a forced run would change is being counted.
    counting: bool,
    /// What was counted, unless a run has come to its end since.
    counted: Option<Run>,
    /// A run that another must wait for is not over: any but a count, which gives way.
    is_busy: bool,
}

impl Runs {
    /// Reads them.
    async fn load(app: &App, shop: ShopId) -> Result<Self, Error> {
        let runs = app.store.runs(shop, RUNS).await?;
        let active = runs.iter().find(|run| !run.state.is_over());
        let done = runs.iter().find(|run| run.state == RunState::Done);
        Ok(Self {
            counting: active.is_some_and(|run| run.kind.policy().only_states),
            is_busy: active.is_some_and(|run| !run.kind.policy().only_states),
            counted: done.filter(|run| run.kind.policy().only_states).cloned(),
            forced: runs.into_iter().find(|run| run.kind == RunKind::Forced),
        })
    }
}

/// What the page knows beside the shop.
struct PageData {
    /// The first synchronisation is over.
    first_done: bool,
    /// What keeps any run from being asked for.
    obstacle: Option<RunObstacle>,
    /// The runs that the page tells of.
    runs: Runs,
}

impl PageData {
    async fn load(app: &App, visit: &Visit) -> Result<Self, Error> {
        let shop = visit.shop.id;
        Ok(Self {
            first_done: engine::standing(&app.store, shop).await?.first_done,
            obstacle: app.engine.run_obstacle(&visit.shop).await?,
            runs: Runs::load(app, shop).await?,
        })
    }
}

/// The page.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit).await;
    let data = data.map_err(|error| visit.closed(error))?;
    let content = html! {
        section #force {
            h2 { (visit.words.say("advanced.force")) }
            (section(&visit, &data))
        }
    };
    frame::page(&app, &visit, Part::Force, visit.done(), content).await
}

/// Asks for one when the box is ticked.
pub async fn start(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    if !fields.is_on("sure") || obstacle(&visit, &data).is_some() {
        return Ok(visit.redirect("advanced#force"));
    }
    match app.engine.ask_for_run(&visit.shop, RunKind::Forced, false).await {
        Ok(_) => {
            app.wake.notify_one();
            visit.redirect_done(&app, "advanced?done=forced").await
        }
        Err(RunObstacle::Store(error)) => Err(visit.closed(error)),
        // The page tells why.
        Err(_) => Ok(visit.redirect("advanced#force")),
    }
}

/// Has counted what one would change, without changing anything.
pub async fn count(State(app): State<App>, Posted { visit, .. }: Posted) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    if obstacle(&visit, &data).is_none() {
        match app.engine.ask_for_run(&visit.shop, RunKind::DryRun, false).await {
            Ok(_) => app.wake.notify_one(),
            Err(RunObstacle::Store(error)) => return Err(visit.closed(error)),
            // The page tells why.
            Err(_) => {}
        }
    }
    Ok(visit.redirect("advanced#force"))
}

/// How it stands with the forced run.
pub async fn live(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let runs = Runs::load(&app, visit.shop.id)
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(layout::piece(&visit, moving(visit.words, &runs)))
}

/// Why none can be asked for now.
fn obstacle(visit: &Visit, data: &PageData) -> Option<&'static str> {
    let words = visit.words;
    Some(match &data.obstacle {
        Some(RunObstacle::KeyRefused) => words.say("advanced.force-key-refused"),
        Some(RunObstacle::NoAccess) => words.say("advanced.force-no-access"),
        Some(RunObstacle::Paused) => words.say("advanced.force-paused"),
        Some(_) => words.say("advanced.force-not-connected"),
        None if !data.first_done => words.say("advanced.force-first"),
        None if data.runs.is_busy => words.say("advanced.force-active"),
        None => return None,
    })
}

/// The section of the page.
fn section(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    html! {
        p { (words.say("advanced.force-what")) }
        p { strong { (words.say("advanced.force-promise")) } }
        div data-live=(visit.link("advanced/force/live")) data-then-reload="" {
            (moving(words, &data.runs))
        }
        @if let Some(run) = &data.runs.counted { (forecast(words, run)) }
        @match obstacle(visit, data) {
            Some(why) => p { (why) },
            None => {
                @if !data.runs.counting {
                    (visit.form("advanced/force/count", html! {
                        p.soft { (words.say("advanced.force-count-what")) }
                        button.quiet type="submit" { (words.say("advanced.force-count")) }
                    }))
                }
                (visit.form("advanced/force", html! {
                (parts::checkbox("sure", words.say("advanced.force-sure"), None, false))
                button type="submit" { (words.say("advanced.force-start")) }
                }))
            },
        }
    }
}

/// The part that changes by itself.
fn moving(words: Words, runs: &Runs) -> Markup {
    html! {
        @if let Some(run) = &runs.forced { (last(words, run)) }
        @if runs.counting { p data-busy role="status" { (words.say("advanced.force-counting")) } }
    }
}

/// What was counted beforehand.
fn forecast(words: Words, run: &Run) -> Markup {
    let at = words.moment(run.ended_at.unwrap_or(run.created_at));
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
    let at = words.moment(run.ended_at.unwrap_or(run.created_at));
    let line = words.fill(
        "advanced.force-last",
        &[("at", &at), ("state", &words.run_state(run.state))],
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
                @let outcome = body.outcome(run.kind);
                p { (line) ". " (words.fill("advanced.force-counts", &[
                    ("added", &words.number(outcome.added)),
                    ("updated", &words.number(outcome.updated)),
                    ("unchanged", &words.number(outcome.unchanged)),
                    ("failed", &words.number(outcome.failed)),
                ])) " " (words.count("advanced.force-overwrote", body.statement.overwritten)) }
            },
            state => {
                p data-busy[!state.is_over() && state != RunState::Braked] role="status" {
                    (line)
                    @if !state.is_over() { " (" (words.say_word("phase", body.phase.word())) ")" }
                    "."
                }
                @if !state.is_over() && body.total.is_some_and(|total| total > 0) {
                    (parts::progress(body.done, body.total, words.say("advanced.force")))
                }
            },
        }
    }
}
