//! `/healthz` and `/readyz`, for whoever runs the process.

use axum::extract::State;

use crate::error::Error;
use crate::state::App;

/// The process lives. Says nothing of the ledger: a process is not mended by being killed for it.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// It can work: the ledger answers. It was migrated when it was opened.
pub async fn ready(State(app): State<App>) -> Result<&'static str, Error> {
    app.store.ping().await?;
    Ok("ready\n")
}
