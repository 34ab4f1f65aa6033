//! The first page of a shop that is not connected to SARE yet: what the app does, and two ways on.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/start", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("start.title");
    layout::page(&visit, Head::new("start", title), maud::html! {})
}
