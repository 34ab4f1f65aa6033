//! `/healthz` and `/readyz`, for whoever runs the process.

use std::time::Duration;

use axum::extract::State;

use crate::error::Error;
use crate::state::App;

/// The process lives. Says nothing of the ledger: a process is not mended by being killed for it.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Longest wait for the ledger: whoever asks has little patience.
const PROVEN_WITHIN: Duration = Duration::from_secs(3);

/// It can work: the ledger takes what is written. That it answers would say less: a full disk still reads.
pub async fn ready(State(app): State<App>) -> Result<&'static str, Error> {
    match tokio::time::timeout(PROVEN_WITHIN, app.store.prove(app.now())).await {
        Ok(proven) => proven?,
        Err(_) => return Err(Error::Busy),
    }
    Ok("ready\n")
}
