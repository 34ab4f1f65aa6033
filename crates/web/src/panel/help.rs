//! Help: how things work, in the words of the panel.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/help", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("help.title");
    layout::page(&visit, Head::new("help", title), maud::html! {})
}
