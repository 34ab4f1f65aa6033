//! Contacts: the lists behind the numbers, one person's whole story, and what can be done about it.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/contacts", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = visit.words.say("contacts.title");
    layout::page(&visit, Head::new("contacts", title), maud::html! {})
}
