//! The first page: how the shop is connected, how far the synchronisation is, how many contacts stand where.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use engine::Body;
use maud::{Markup, html};
use store::{Counts, Outcome, Run, Shop, ShopState};

use super::closed::Closed;
use super::layout;
use super::session::{Posted, Visit};
use super::words::Words;
use crate::api::model::word;
use crate::error::Error;
use crate::state::App;

/// What the page shows.
struct Sight {
    counts: Counts,
    /// The run that is not over, or else the newest.
    run: Option<Run>,
    now: ports::Millis,
}

impl Sight {
    async fn of(app: &App, shop: &Shop) -> Result<Self, Error> {
        let counts = app.store.counts(shop.id).await?;
        let run = match app.store.active_run(shop.id).await? {
            Some(run) => Some(run),
            None => app.store.runs(shop.id, 1).await?.into_iter().next(),
        };
        Ok(Self {
            counts,
            run,
            now: app.now(),
        })
    }
}

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/", get(show))
        .route("/panel/s/{session}/overview/live", get(live))
        .route("/panel/s/{session}/overview/pause", post(pause))
}

/// The page.
async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    if visit.shop.config.is_none() {
        return Ok(visit.redirect("start"));
    }
    let sight = Sight::of(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let (answer, label) = if visit.shop.paused {
        ("no", words.say("overview.resume"))
    } else {
        ("yes", words.say("overview.pause"))
    };
    let pause = html! {
        button.quiet[!visit.shop.paused] type="submit" name="paused" value=(answer) { (label) }
    };
    let content = html! {
        div data-live=(visit.link("overview/live")) { (current(&visit.shop, words, &sight)) }
        (visit.form("overview/pause", pause))
    };
    let head = layout::Head::new("overview", words.say("overview.title")).changing();
    Ok(layout::page(&visit, head, content))
}

/// The part that changes by itself.
async fn live(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let sight = Sight::of(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(layout::piece(&visit, current(&visit.shop, visit.words, &sight)))
}

/// Stops all synchronisation, or lets it go on.
async fn pause(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let paused = fields.get("paused") == "yes";
    app.engine
        .pause(visit.shop.id, paused)
        .await
        .map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    Ok(visit.redirect(""))
}

fn current(shop: &Shop, words: Words, sight: &Sight) -> Markup {
    let counts = &sight.counts;
    let configured = if shop.config.is_some() {
        words.say("overview.configured-yes")
    } else {
        words.say("overview.configured-no")
    };
    let last = match shop.last_success_at {
        Some(at) => words.ago(at, sight.now),
        None => words.say("overview.never").to_owned(),
    };
    html! {
        @if shop.paused {
            p.notice role="status" { (words.say("overview.paused")) }
        }
        @if counts.problems > 0 {
            p.notice role="status" { (words.count("overview.problems", counts.problems)) }
        }
        section {
            h2 { (words.say("overview.connection")) }
            dl {
                dt { (words.say("overview.shop")) }
                dd { (shop.host) ": " span.state.bad[shop.state != ShopState::Connected] { (words.say_word("state", &word(shop.state))) } }
                dt { (words.say("overview.configured")) }
                dd { (configured) }
                dt { (words.say("overview.last-success")) }
                dd { (last) }
            }
        }
        section {
            h2 { (words.say("overview.sync")) }
            @match &sight.run {
                Some(run) => (progress(run, words)),
                None => p { (words.say("overview.no-run")) },
            }
        }
        section {
            h2 { (words.say("overview.counts")) }
            dl.numbers {
                @for (name, n) in numbers(words, counts) {
                    dt { (name) }
                    dd { (words.number(n)) }
                }
            }
        }
    }
}

fn progress(run: &Run, words: Words) -> Markup {
    let body = Body::parse(&run.body);
    let done = words.number(body.done);
    html! {
        p data-busy[!run.state.is_over()] {
            strong { (words.say_word("run-kind", &word(run.kind))) }
            ": " (words.say_word("run-state", &word(run.state)))
            @if !run.state.is_over() { " (" (words.say_word("phase", &word(body.phase))) ")" }
        }
        @if !run.state.is_over() {
            @match body.total {
                Some(total) if total > 0 => {
                    progress value=(body.done.clamp(0, total)) max=(total) {}
                    p { (words.fill("overview.progress", &[("done", &done), ("total", &words.number(total))])) }
                },
                _ => p { (words.fill("overview.read", &[("done", &done)])) },
            }
            @if let Some(seconds) = body.eta_seconds {
                p { (words.fill("overview.left", &[("time", &words.lasting(seconds))])) }
            }
            @if let Some(waiting) = &body.waiting_for {
                p { (words.say_word("waiting", waiting)) }
            }
        }
    }
}

fn numbers(words: Words, counts: &Counts) -> Vec<(&'static str, i64)> {
    let of = |outcome: Outcome| counts.by_outcome.get(&(outcome as i64)).copied().unwrap_or(0);
    vec![
        (words.say("overview.contacts"), counts.contacts),
        (words.say("overview.synchronised"), of(Outcome::Synchronised)),
        (words.say("overview.mailable"), counts.mailable),
        (words.say("overview.suppressed"), of(Outcome::Suppressed)),
        (words.say("overview.skipped"), of(Outcome::Skipped)),
        (words.say("overview.failed"), of(Outcome::Failed)),
        (words.say("overview.hands-off"), of(Outcome::HandsOff)),
        (words.say("overview.waiting"), counts.dirty),
    ]
}
