//! What the outside calls: lifecycle messages, webhooks, the panel, the operator's API, health, metrics.
//!
//! Stands at the beginning of a contact's way: what arrives here is proven, stored in the ledger and answered. Only the
//! engine works on it, woken by [`State::wake`]; for a webhook neither Shoper nor SARE is ever asked from here.
//!
//! Files are named after what is called: `lifecycle.rs` (the AppStore), `hooks/` (both services), `panel/` (the
//! merchant), `api/` (the operator), `health.rs` and `metrics.rs` (machines). `layers.rs` is around them all.

mod address;
mod api;
mod bearer;
mod error;
mod health;
mod hooks;
mod layers;
mod lifecycle;
mod metrics;
mod panel;
mod rate;
mod settings;
mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tower::ServiceBuilder;

pub use error::{Error, Problem};
pub use settings::Settings;
pub use state::State;

/// Everything that is served, around `state`.
pub fn router(state: State) -> Router {
    let app = state::App::new(state);
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::page))
        .route(
            "/shoper/lifecycle",
            post(lifecycle::receive)
                .layer(DefaultBodyLimit::max(lifecycle::BODY_LIMIT))
                .get(nothing),
        )
        .route(
            "/shoper/webhooks/{token}",
            post(hooks::shoper::receive).get(nothing),
        )
        .route("/sare/webhooks/{token}", post(hooks::sare::receive).get(nothing))
        .merge(api::router(&app))
        .merge(panel::router(&app))
        .fallback(panel::no_such_page)
        .method_not_allowed_fallback(panel::method_not_allowed);
    let plain = address::Plain::under(app.settings.base_path());
    let routes = layers::around(router, &app).with_state(app);
    // Before any route is looked for, hence around the routes and not a layer of theirs.
    Router::new().fallback_service(
        ServiceBuilder::new()
            .map_request(move |request| plain.request(request))
            .service(routes),
    )
}

/// For whoever looks whether an address is there before they use it: it is, and says nothing.
async fn nothing() {}
