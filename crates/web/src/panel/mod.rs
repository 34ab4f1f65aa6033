//! The panel inside the shop's administration.
//!
//! The shop opens `/panel` with a signed address (`entry.rs`), which becomes a session of our own (`session.rs`).
//! From there on a page's address begins with `/panel/s/{session}/`. Every page is one file that takes a
//! [`session::Visit`], builds its content, and hands it to [`layout::page`]; what changes something is a POST that
//! takes a [`session::Posted`] form. Texts are in `texts/`, one file a language, keyed by page.

mod assets;
mod closed;
mod csp;
mod entry;
mod layout;
mod overview;
mod session;
mod words;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

/// The panel's routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/panel", get(entry::enter))
        .route("/panel/assets/{file}", get(assets::serve))
        .route("/panel/s/{session}/", get(overview::show))
        .route("/panel/s/{session}/overview/live", get(overview::live))
        .route("/panel/s/{session}/overview/pause", post(overview::pause))
}
