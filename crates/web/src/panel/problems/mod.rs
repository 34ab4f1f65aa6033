//! What needs attention, by cause, each with its remedy and who can apply it; above it what waits for a person's
//! decision: the brake's question, refusals made in SARE of people who are still active in the shop, and consents in the
//! shop that something speaks against.

mod brake;
mod disputed;
mod doubts;
mod groups;
mod part;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use maud::html;
use serde::Deserialize;
use store::AddrHash;
use sync_core::ProblemKind;

use super::closed::Closed;
use super::layout::{self, Head};
use super::parts::{self, Tone};
use super::session::{Fields, Posted, Visit};
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/problems", get(show))
        .route("/panel/s/{session}/problems/retry", post(retry))
        .route("/panel/s/{session}/problems/aside", post(aside))
        .route("/panel/s/{session}/problems/apply", post(apply))
        .route("/panel/s/{session}/problems/decide", post(decide))
        .route("/panel/s/{session}/problems/brake", post(answer))
}

/// What part of the page is asked for.
#[derive(Deserialize)]
struct Asked {
    /// One cause alone.
    #[serde(default)]
    kind: String,
    /// Only causes that these can make go away.
    #[serde(default)]
    who: String,
    /// Where its page begins: the time and key of the last problem of the page before.
    #[serde(default)]
    after: String,
    /// Where the page of disputed refusals begins: the last contact of the page before.
    #[serde(default)]
    disputed: String,
    /// The same of consents that wait for a decision.
    #[serde(default)]
    doubts: String,
}

async fn show(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Closed> {
    let words = visit.words;
    let title = words.say("problems.title");
    let failed = |error: crate::error::Error| visit.closed(error);
    let done = match visit.done() {
        "" => None,
        "busy" => Some((Tone::Warn, words.say("problems.done-busy"))),
        "nobody" => Some((Tone::Info, words.say_word("problems-done", "nobody"))),
        done => Some((Tone::Good, words.say_word("problems-done", done))),
    };
    let content = if asked.kind.is_empty() {
        let question = brake::question(&app, &visit).await.map_err(failed)?;
        let after = AddrHash::from_hex(&asked.disputed);
        let disputed = disputed::section(&app, &visit, after).await.map_err(failed)?;
        let after = AddrHash::from_hex(&asked.doubts);
        let doubts = doubts::section(&app, &visit, after).await.map_err(failed)?;
        let groups = groups::all(&app, &visit, &asked.who).await.map_err(failed)?;
        let nothing = question.is_none() && disputed.is_none() && doubts.is_none() && groups.is_none();
        html! {
            @if nothing { (parts::notice(Tone::Good, html! { p { (words.say("problems.none")) } })) }
            @if let Some(question) = question { (question) }
            @if let Some(groups) = groups { (groups) }
            @if let Some(doubts) = doubts { (doubts) }
            @if let Some(disputed) = disputed { (disputed) }
        }
    } else {
        groups::one(&app, &visit, ProblemKind::of(&asked.kind), &asked.after)
            .await
            .map_err(failed)?
    };
    let content = html! {
        @if let Some((tone, text)) = done { (parts::notice(tone, html! { p { (text) } })) }
        (content)
    };
    Ok(layout::page(&visit, Head::new("problems", title), content))
}

/// Tries one problem, those of a cause, or all once more.
async fn retry(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let (key, kind, now) = (fields.get("key"), fields.get("kind"), app.now());
    let done = if !key.is_empty() {
        app.store.problem_retry(visit.shop.id, Some(key), now).await
    } else if !kind.is_empty() {
        app.store
            .problem_retry_kind(visit.shop.id, ProblemKind::of(kind), now)
            .await
    } else {
        app.store.problem_retry(visit.shop.id, None, now).await
    };
    done.map_err(|error| visit.closed(error))?;
    let asked = app.engine.ask_again(visit.shop.id).await;
    asked.map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    visit.redirect_done(&app, "problems?done=retry").await
}

/// Sets the cases of a cause aside, or brings them back.
async fn aside(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let goes = fields.get("answer") != "back";
    let at = goes.then(|| app.now());
    let met = app
        .store
        .set_problems_aside(visit.shop.id, ProblemKind::of(fields.get("kind")), at)
        .await
        .map_err(|error| visit.closed(error))?;
    let done = match (met, goes) {
        (0, _) => "problems?done=nobody",
        (_, true) => "problems?done=aside",
        (_, false) => "problems?done=back",
    };
    visit.redirect_done(&app, done).await
}

/// Which contacts are meant: one, all (`None`), or nobody.
fn chosen(fields: &Fields) -> Option<Vec<AddrHash>> {
    match (AddrHash::from_hex(fields.get("hash")), fields.is_on("all")) {
        (Some(one), _) => Some(vec![one]),
        (None, true) => None,
        (None, false) => Some(Vec::new()),
    }
}

/// Decides that one consent in doubt, or all of them, count.
async fn decide(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let only = chosen(&fields);
    let marked = app
        .store
        .decide_doubts(visit.shop.id, only.as_deref(), app.now())
        .await
        .map_err(|error| visit.closed(error))?;
    marked_page(&app, &visit, marked, "problems?done=decide").await
}

/// Carries one refusal, or all, into the shop.
async fn apply(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let only = chosen(&fields);
    let marked = app
        .store
        .apply_refusals(visit.shop.id, only.as_deref(), app.now())
        .await
        .map_err(|error| visit.closed(error))?;
    marked_page(&app, &visit, marked, "problems?done=apply").await
}

/// The page after a decision about contacts: `done`, or that there was nobody left whom it concerns.
async fn marked_page(app: &App, visit: &Visit, marked: i64, done: &str) -> Result<Response, Closed> {
    if marked == 0 {
        return visit.redirect_done(app, "problems?done=nobody").await;
    }
    app.wake.notify_one();
    visit.redirect_done(app, done).await
}

/// Answers the brake: lets what it stopped go on, or drops it.
async fn answer(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let goes_on = match fields.get("answer") {
        "go" => true,
        "stop" => false,
        _ => return Ok(visit.redirect("problems")),
    };
    let shop = visit.shop.id;
    let done = if goes_on {
        app.engine.release_brake(shop).await
    } else {
        app.engine.refuse_brake(shop).await
    };
    let done = done.map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    let page = match (done, goes_on) {
        (false, _) => "problems?done=busy",
        (true, true) => "problems?done=go",
        (true, false) => "problems?done=stop",
    };
    visit.redirect_done(&app, page).await
}
