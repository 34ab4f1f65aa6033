//! The Prometheus recorder of the process, and what the outside's side works with.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Notify;

use crate::app::App;

/// How often the recorder tidies up; without that histograms grow until somebody reads them.
const UPKEEP: Duration = Duration::from_secs(5);
/// Bounds of histograms that are durations, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Installs the recorder, once a process. `None` when something else records already.
pub fn install() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
                .and_then(PrometheusBuilder::install_recorder);
            match builder {
                Ok(handle) => Some(handle),
                Err(error) => {
                    tracing::warn!(%error, "metrics are not recorded");
                    None
                }
            }
        })
        .clone()
}

/// Tidies up the recorder for as long as the server runs.
pub async fn keep_tidy(handle: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        handle.run_upkeep();
    }
}

/// What the handlers of requests work with.
pub fn web_state(app: &App, wake: Arc<Notify>, metrics: Option<PrometheusHandle>) -> web::State {
    let from = &app.settings;
    let mut settings = web::Settings::new(from.sare_api_url.clone(), from.sare_register_url.clone());
    settings.public_url.clone_from(&from.public_url);
    settings.app_id.clone_from(&from.app_id);
    settings.appstore_secret.clone_from(&from.appstore_secret);
    settings.webhook_secret.clone_from(&from.webhook_secret);
    settings.allow_http = from.allow_http;
    settings.panel_link_max_age = from.panel_link_max_age;
    settings.outgoing_ips.clone_from(&from.outgoing_ips);
    settings.metrics_token.clone_from(&from.metrics_token);
    settings.operator_token.clone_from(&from.operator_token);
    web::State {
        store: app.store.clone(),
        engine: app.engine(),
        transport: Arc::clone(&app.transport),
        clock: Arc::clone(&app.clock),
        entropy: Arc::new(crate::app::entropy),
        wake,
        metrics,
        settings,
    }
}
