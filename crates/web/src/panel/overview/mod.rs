//! The first page: a sentence on how things stand, the numbers behind it, and what goes on now.
//!
//! `data.rs` reads everything from the ledger at once, `standing.rs` turns it into sentences in the order of their
//! importance, the others show one part each. The services are not asked: what the page says of them is what the engine
//! last met.

mod absence;
mod chart;
mod data;
mod latest;
mod numbers;
mod progress;
mod standing;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use self::data::PageData;
use super::closed::Closed;
use super::layout;
use super::session::{Posted, Visit};
use crate::state::App;

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
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let content = html! { div.overview data-live=(visit.link("overview/live")) { (current(&visit, &data)) } };
    let head = layout::Head::new("overview", words.say("overview.title")).changing();
    Ok(layout::page(&visit, head, content))
}

/// The part that changes by itself.
async fn live(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(layout::piece(&visit, current(&visit, &data)))
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

fn current(visit: &Visit, data: &PageData) -> Markup {
    html! {
        (standing::of(visit, data))
        (absence::of(visit, data))
        (numbers::piles(visit, data))
        (progress::under_way(visit, data))
        (numbers::attention(visit, data))
        (numbers::line(visit, data))
        (chart::of(visit.words, data))
        (latest::of(visit, data))
        (progress::last(visit, data))
    }
}
