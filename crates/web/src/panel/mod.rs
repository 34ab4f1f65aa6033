//! The panel inside the shop's administration.
//!
//! The shop opens `/panel` with a signed address (`entry.rs`), which becomes a session of our own (`session.rs`).
//! From there on a page's address begins with `/panel/s/{session}/`. Every page is one file that takes a
//! [`session::Visit`], builds its content, and hands it to [`layout::page`]; what changes something is a POST that
//! takes a [`session::Posted`] form. Texts are in the crate `texts`, keyed by page; what pages have in
//! common is in `parts`, its looks and manners in `static/`.

mod advanced;
mod assets;
mod closed;
mod connect;
mod contacts;
mod csp;
mod csv_file;
mod entry;
mod groups;
mod help;
mod icons;
mod language;
mod launch;
mod layout;
mod mapping;
mod overview;
mod parts;
mod problems;
mod session;
mod specimens;
mod start;
mod times;
mod unsubscribes;

use axum::Router;
use axum::middleware::map_response_with_state;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) use closed::{method_not_allowed, no_such_page};

/// The panel's routes.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/panel", get(entry::enter).post(entry::enter_by_form))
        .route("/panel/assets/{file}", get(assets::serve))
        .route("/panel/s/{session}/language", post(language::change))
        .route("/panel/s/{session}/alive", get(session::alive))
        .merge(start::routes())
        .merge(connect::routes())
        .merge(launch::routes())
        .merge(overview::routes())
        .merge(mapping::routes())
        .merge(contacts::routes())
        .merge(unsubscribes::routes())
        .merge(problems::routes())
        .merge(advanced::routes())
        .merge(help::routes())
        .merge(specimens::routes())
        .layer(map_response_with_state(app.clone(), closed::render))
}
