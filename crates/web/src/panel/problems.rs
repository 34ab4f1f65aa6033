//! What needs attention, by cause, each with its remedy.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/problems", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("problems.title");
    layout::page(&visit, Head::new("problems", title), maud::html! {})
}
