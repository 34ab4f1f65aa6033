//! The server's heartbeats, kept in the ledger: from them the next server learns from when to when none lived.

use std::time::Duration;

use engine::Engine;

/// A name for this start of the server.
pub fn name(entropy: [u8; 32]) -> String {
    hex::encode(&entropy[..8])
}

/// Writes a heartbeat, and tells the log of an absence that it ends.
///
/// # Errors
/// When the ledger cannot be used.
pub async fn beat(engine: &Engine, server: &str) -> Result<(), store::Error> {
    if let Some(absence) = engine.heartbeat(server).await? {
        let seconds = (absence.to - absence.from) / 1_000;
        tracing::warn!(
            seconds,
            "no server lived for a while: what shops sent meanwhile is made up for within an hour"
        );
    }
    Ok(())
}

/// Writes heartbeats for as long as the server runs.
pub async fn keep(engine: Engine, server: String, every: Duration) {
    let mut tick = tokio::time::interval(every);
    // One that comes late is not made up for: it says the same.
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tick.tick().await;
    loop {
        tick.tick().await;
        if let Err(error) = beat(&engine, &server).await {
            tracing::warn!(%error, "no sign of life can be written to the ledger");
        }
    }
}
