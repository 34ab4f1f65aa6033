//! What is needed seldom: force, rules, the configuration as a file, disconnecting, the history of changes.
//!
//! `frame.rs` has the menu that the pages share; each page has a file: `connection.rs`, `force.rs` (a full
//! synchronisation), `rules.rs` (unsubscribing, deletion, brake), `file.rs` (export and import), `history.rs` (what the
//! configuration was, and the way back), `leave.rs` (disconnecting, and erasing everything).

mod connection;
mod difference;
mod file;
mod force;
mod frame;
mod history;
mod leave;
mod rules;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use store::Shop;
use sync_core::config::Config;
use texts::Words;

use super::closed::Closed;
use super::session::Visit;
use crate::state::App;

/// The pages' addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/advanced", get(force::show))
        .route("/panel/s/{session}/advanced/force", post(force::start))
        .route("/panel/s/{session}/advanced/force/count", post(force::count))
        .route("/panel/s/{session}/advanced/force/live", get(force::live))
        .route(
            "/panel/s/{session}/advanced/rules",
            get(rules::show).post(rules::save),
        )
        .route("/panel/s/{session}/advanced/file", get(file::show))
        .route("/panel/s/{session}/advanced/connection", get(connection::show))
        .route("/panel/s/{session}/advanced/danger", get(leave::show))
        .route("/panel/s/{session}/advanced/config.toml", get(file::export))
        .route(
            "/panel/s/{session}/advanced/import",
            get(import).post(file::import),
        )
        .route("/panel/s/{session}/advanced/history", get(history::list))
        .route("/panel/s/{session}/advanced/history/{version}", get(history::one))
        .route(
            "/panel/s/{session}/advanced/history/{version}/restore",
            post(history::restore),
        )
        .route(
            "/panel/s/{session}/advanced/disconnect",
            get(leave::ask_disconnect).post(leave::disconnect),
        )
        .route(
            "/panel/s/{session}/advanced/erase",
            get(leave::ask_erase).post(leave::erase),
        )
}

/// The address of a form's answer, opened anew.
async fn import(visit: Visit) -> Response {
    visit.redirect("advanced/file")
}

/// The shop's configuration, where it has one that can be read.
fn config_of(shop: &Shop) -> Option<Config> {
    let text = shop.config.as_deref()?;
    Config::parse(text).ok().map(|parsed| parsed.config)
}

/// What erasing takes away.
fn lost_by_erasing(words: Words) -> [&'static str; 4] {
    [
        words.say("advanced.erase-goes-contacts"),
        words.say("advanced.erase-goes-refusals"),
        words.say("advanced.erase-goes-config"),
        words.say("advanced.erase-goes-access"),
    ]
}

/// Keeps a configuration in place of the version it was made from; false when that is no longer the one in force.
async fn keep(
    app: &App,
    visit: &Visit,
    config: &Config,
    key: Option<secrecy::SecretString>,
    expected: i64,
) -> Result<bool, Closed> {
    let kept = app
        .store
        .put_config(
            visit.shop.id,
            &config.render(),
            key,
            Some(expected),
            &visit.who(),
            app.now(),
        )
        .await;
    match kept {
        Ok(_) => {
            app.wake.notify_one();
            Ok(true)
        }
        Err(store::Error::ConfigChanged { .. }) => Ok(false),
        Err(error) => Err(visit.closed(error)),
    }
}
