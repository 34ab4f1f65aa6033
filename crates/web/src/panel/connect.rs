//! Connecting the shop to its SARE account: UID and key, checked at once.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/connect", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("connect.title");
    layout::page(&visit, Head::new("connect", title), maud::html! {})
}
