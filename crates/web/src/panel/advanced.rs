//! What is needed seldom: force, rules, the configuration as a file, disconnecting, the history of changes.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/advanced", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("advanced.title");
    layout::page(&visit, Head::new("advanced", title), maud::html! {})
}
