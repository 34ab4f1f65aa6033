//! Synchronisations of a whole shop, and the brake.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::RunKind;
use utoipa::ToSchema;

use super::lookup::{Body, Named};
use super::model::RunView;
use crate::error::{Error, Problem};
use crate::state::App;

/// How often a lane that is being worked on is asked for again …
const TRIES: u32 = 40;
/// … and after which pause.
const PAUSE: Duration = Duration::from_millis(100);

/// What a synchronisation may do.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sync {
    /// State what it would do, and do nothing.
    pub dry_run: bool,
    /// Start even if people would become mailable by it.
    pub allow_mailable: bool,
}

/// Ask for a full synchronisation
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/sync",
    operation_id = "syncShop",
    tag = "runs",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    request_body = Sync,
    security(("operator" = [])),
    responses(
        (status = 202, body = RunView, description = "It waits for its turn"),
        (status = 400, body = Problem, description = "The body cannot be read", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "Not configured, not connected to SARE or its key refused, no access to the shop, paused, or another run is not over", content_type = "application/problem+json"),
    )
)]
pub async fn sync(
    State(app): State<App>,
    Named(shop): Named,
    Body(request): Body<Sync>,
) -> Result<(StatusCode, Json<RunView>), Error> {
    let kind = if request.dry_run {
        RunKind::DryRun
    } else {
        RunKind::Forced
    };
    let id = app
        .engine
        .ask_for_run(&shop, kind, request.allow_mailable)
        .await?;
    app.wake.notify_one();
    let run = app.store.run(shop.id, id).await?.ok_or(Error::NoSuchRun)?;
    Ok((StatusCode::ACCEPTED, Json(RunView::new(&run))))
}

/// The newest runs of a shop
#[utoipa::path(
    get,
    path = "/api/v1/shops/{shop}/runs",
    operation_id = "listRuns",
    tag = "runs",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = Vec<RunView>, description = "At most 100, newest first"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, Named(shop): Named) -> Result<Json<Vec<RunView>>, Error> {
    Ok(Json(
        app.store
            .runs(shop.id, 100)
            .await?
            .iter()
            .map(RunView::new)
            .collect(),
    ))
}

/// The run in a path.
#[derive(Deserialize)]
pub struct RunParam {
    id: i64,
}

/// One run
#[utoipa::path(
    get,
    path = "/api/v1/shops/{shop}/runs/{id}",
    operation_id = "showRun",
    tag = "runs",
    params(
        ("shop" = String, Path, description = "Host (with port) or licence hash"),
        ("id" = i64, Path, description = "The run's number within the shop"),
    ),
    security(("operator" = [])),
    responses(
        (status = 200, body = RunView, description = "The run"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop or run", content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Named(shop): Named,
    run: Result<Path<RunParam>, axum::extract::rejection::PathRejection>,
) -> Result<Json<RunView>, Error> {
    let Path(RunParam { id }) = run.map_err(|_| Error::NoSuchRun)?;
    let run = app.store.run(shop.id, id).await?.ok_or(Error::NoSuchRun)?;
    Ok(Json(RunView::new(&run)))
}

/// What the brake let go.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Released {
    /// Always true: where nothing was held the answer is 409.
    pub released: bool,
}

/// Let go what the brake holds
///
/// You have looked at the numbers and they are right.
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/brake/release",
    operation_id = "releaseBrake",
    tag = "runs",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = Released, description = "What it held goes on now"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "Nothing was held", content_type = "application/problem+json"),
    )
)]
pub async fn release_brake(State(app): State<App>, Named(shop): Named) -> Result<Json<Released>, Error> {
    for _ in 0..TRIES {
        if app.engine.release_brake(shop.id).await? {
            app.wake.notify_one();
            return Ok(Json(Released { released: true }));
        }
        // Either nothing is held, or a worker has the lane in its hands for a moment.
        let worked_on = app
            .store
            .lane(shop.id)
            .await?
            .is_some_and(|lane| lane.leased_until > app.now());
        if !worked_on {
            return Err(Error::NothingBraked);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::Busy)
}
