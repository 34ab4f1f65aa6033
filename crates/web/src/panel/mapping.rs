//! Customers and subscribers: whether and where they go, and which SARE fields they fill.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The pages' addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/customers", get(customers))
        .route("/panel/s/{session}/subscribers", get(subscribers))
}

async fn customers(visit: Visit) -> Response {
    let title = visit.words.say("mapping.customers");
    layout::page(&visit, Head::new("customers", title), maud::html! {})
}

async fn subscribers(visit: Visit) -> Response {
    let title = visit.words.say("mapping.subscribers");
    layout::page(&visit, Head::new("subscribers", title), maud::html! {})
}
