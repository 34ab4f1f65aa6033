//! What the operator decides for the engine, once for all shops.

use std::sync::Arc;
use std::time::Duration;

use shoper_api::oauth::AppCredentials;
use sync_core::cadence;
use url::Url;

use crate::public_url::PublicUrl;

/// Gives unguessable bytes for tokens and secrets.
pub type Entropy = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// Settings of the engine.
#[derive(Clone)]
pub struct EngineSettings {
    /// The app's OAuth identity; `None` when only shops connected directly are served.
    pub app: Option<AppCredentials>,
    /// Where shops reach us, for webhooks; `None` = no webhooks, sweeps alone.
    pub public_url: Option<PublicUrl>,
    /// What stands before `/{uid}` in SARE's API.
    pub sare_api_url: Url,
    /// Accept shops on loopback over plain HTTP.
    pub allow_http: bool,
    /// Requests a second to one SARE account (sare-api.md 16 row 6).
    pub sare_rate: f64,
    /// Requests to one SARE account that may come at once.
    pub sare_burst: f64,
    /// How long one slice may go on before the lane is let go.
    pub slice: Duration,
    /// How long a lease lasts unless renewed; every commit renews it, and so does a task beside the slice, whatever the
    /// slice waits for. A worker that dies holds its shop up for so long, and clocks of servers that share a ledger must
    /// agree to within the better part of it.
    pub lease: Duration,
    /// Shortest pause between two looks for new records.
    pub discover_every: Duration,
    /// Longest pause between two looks; one no longer than the shortest fixes how often shops are looked at.
    pub discover_most: Duration,
    /// How long a pass over SARE's statuses takes. From an hour on its requests are spread over that time; a shorter one is
    /// made at a stretch, as often as that.
    pub poll_every: Duration,
    /// Pause between full sweeps.
    pub sweep_every: Duration,
    /// Pause between sweeps that read the whole shop where it can be asked for what has changed; zero: every sweep does.
    pub whole_every: Duration,
    /// Pause between comparisons of the shop's own counts with the ledger's while looks are frequent.
    pub counts_every: Duration,
    /// Least pause between full sweeps made early because the shop's own counts differ from the ledger's.
    pub drift_sweep_every: Duration,
    /// Pause between checks of the shop's webhooks while looks are frequent.
    pub hooks_every: Duration,
    /// Pause between a server's heartbeats.
    pub beat_every: Duration,
    /// No server's heartbeat for longer means that none lived.
    pub absent_after: Duration,
    /// Pause before a status change is read back again.
    pub verify_after: Duration,
    /// How long after telling SARE of an address its absence there means something.
    pub settle_after: Duration,
    /// Source of tokens and secrets.
    pub entropy: Entropy,
}

impl EngineSettings {
    /// The vendor's API, cautious pace, no app.
    pub fn new(sare_api_url: Url, entropy: Entropy) -> Self {
        Self {
            app: None,
            public_url: None,
            sare_api_url,
            allow_http: false,
            sare_rate: 2.0,
            sare_burst: 8.0,
            slice: Duration::from_secs(8),
            lease: Duration::from_secs(8),
            discover_every: duration(cadence::LOOK_LEAST_MS),
            discover_most: duration(cadence::LOOK_MOST_MS),
            poll_every: duration(cadence::POLL_MS),
            sweep_every: Duration::from_secs(24 * 3600),
            whole_every: Duration::from_secs(7 * 24 * 3600),
            counts_every: duration(cadence::LOOKS_A_COUNT * cadence::LOOK_LEAST_MS),
            drift_sweep_every: Duration::from_secs(3600),
            hooks_every: Duration::from_secs(6 * 3600),
            beat_every: Duration::from_secs(30),
            absent_after: Duration::from_secs(180),
            verify_after: Duration::from_secs(30),
            settle_after: Duration::from_secs(600),
            entropy,
        }
    }
}

fn duration(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}
