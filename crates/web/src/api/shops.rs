//! Shops: all of them, one, pausing, resuming, forgetting.

use axum::Json;
use axum::extract::State;
use desk::standing::{Facts, Standing};
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::Serialize;
use store::{HookKind, Shop};
use utoipa::ToSchema;

use super::lookup::Named;
use super::model::{Meters, RunView, ShopView};
use super::words::{SignedBy, SignedByWord, Word};
use crate::error::{Error, Problem};
use crate::state::App;

/// A shop, with what is told of one only.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShopDetails {
    /// The shop.
    #[serde(flatten)]
    pub shop: ShopView,
    /// The newest runs, newest first.
    pub runs: Vec<RunView>,
    /// Meters by name.
    #[schema(value_type = std::collections::HashMap<String, i64>)]
    pub meters: Meters,
    /// What to enter in SARE as the address of its webhook. It carries a secret.
    pub sare_webhook_url: Option<String>,
    /// Which secret the shop signed its last webhook with.
    pub webhook_signed_by: Option<SignedByWord>,
}

/// All shops
#[utoipa::path(
    get,
    path = "/api/v1/shops",
    operation_id = "listShops",
    tag = "shops",
    security(("operator" = [])),
    responses(
        (status = 200, body = Vec<ShopView>, description = "Every shop the ledger knows, removed ones included"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<ShopView>>, Error> {
    let mut all = Vec::new();
    for shop in app.store.shops().await? {
        all.push(view(&app, &shop).await?);
    }
    Ok(Json(all))
}

async fn view(app: &App, shop: &Shop) -> Result<ShopView, Error> {
    let counts = app.store.counts(shop.id).await?;
    let run = app.store.active_run(shop.id).await?;
    let facts = Facts::read(&app.store, shop, app.now()).await?;
    Ok(ShopView::new(shop, &counts, run.as_ref(), &Standing::of(&facts)))
}

/// One shop
#[utoipa::path(
    get,
    path = "/api/v1/shops/{shop}",
    operation_id = "showShop",
    tag = "shops",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = ShopDetails, description = "The shop, its newest runs and its meters"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, Named(shop): Named) -> Result<Json<ShopDetails>, Error> {
    let runs = app.store.runs(shop.id, 10).await?;
    let hook = app.store.hook_of(shop.id, HookKind::Sare).await?;
    let shoper = app.store.hook_of(shop.id, HookKind::Shoper).await?;
    let sare_webhook_url = app
        .settings
        .public_url
        .as_ref()
        .zip(hook)
        .map(|(public, (_, token))| public.sare_hook(token.expose_secret()));
    Ok(Json(ShopDetails {
        shop: view(&app, &shop).await?,
        runs: runs.iter().map(RunView::new).collect(),
        meters: app.store.meters(shop.id).await?.into_iter().collect(),
        sare_webhook_url,
        webhook_signed_by: shoper
            .and_then(|(hook, _)| SignedBy::kept(&hook.matched?))
            .map(|by| Word::of(&by)),
    }))
}

/// Stop all synchronisation of a shop
///
/// Webhooks are still kept, and worked off when it is resumed.
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/pause",
    operation_id = "pauseShop",
    tag = "shops",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = ShopView, description = "The shop, paused"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn pause(State(app): State<App>, Named(shop): Named) -> Result<Json<ShopView>, Error> {
    set_paused(&app, &shop, true).await
}

/// Go on after a pause
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/resume",
    operation_id = "resumeShop",
    tag = "shops",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = ShopView, description = "The shop, going on"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn resume(State(app): State<App>, Named(shop): Named) -> Result<Json<ShopView>, Error> {
    set_paused(&app, &shop, false).await
}

async fn set_paused(app: &App, shop: &Shop, paused: bool) -> Result<Json<ShopView>, Error> {
    app.engine.pause(shop.id, paused).await?;
    app.wake.notify_one();
    let shop = app.store.shop(shop.id).await?.ok_or(Error::NoSuchShop)?;
    Ok(Json(view(app, &shop).await?))
}

/// Forget a shop
///
/// Erases its credentials and what is kept of its contacts, known refusals included. The shop and SARE stay as they
/// are.
#[utoipa::path(
    delete,
    path = "/api/v1/shops/{shop}",
    operation_id = "removeShop",
    tag = "shops",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, Named(shop): Named) -> Result<StatusCode, Error> {
    app.store.remove_shop(shop.id, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
