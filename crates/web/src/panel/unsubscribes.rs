//! Unsubscribes in both directions: when, why, and how long until the other side knew.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/unsubscribes", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("unsubscribes.title");
    layout::page(&visit, Head::new("unsubscribes", title), maud::html! {})
}
