//! Between the first saved configuration and the first synchronisation: what would happen, a trial of ten, and the word to begin.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/launch", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("launch.title");
    layout::page(&visit, Head::new("launch", title), maud::html! {})
}
