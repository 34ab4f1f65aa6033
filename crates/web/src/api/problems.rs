//! What needs attention, and another try.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use sync_core::Lang;
use utoipa::ToSchema;

use super::lookup::{Body, Named};
use super::model::ProblemView;
use crate::error::{Error, Problem};
use crate::state::App;

/// Problems told at once.
const MOST: i64 = 500;

/// In which language sentences are.
#[derive(Debug, Default, Deserialize)]
pub struct Spoken {
    lang: Option<String>,
}

/// Open problems of a shop
///
/// Each with its cause, what helps, and who can do that.
#[utoipa::path(
    get,
    path = "/api/v1/shops/{shop}/problems",
    operation_id = "listProblems",
    tag = "problems",
    params(
        ("shop" = String, Path, description = "Host (with port) or licence hash"),
        ("lang" = Option<String>, Query, description = "Language of the sentences: `en` (default) or `pl`"),
    ),
    security(("operator" = [])),
    responses(
        (status = 200, body = Vec<ProblemView>, description = "At most 500"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Named(shop): Named,
    Query(spoken): Query<Spoken>,
) -> Result<Json<Vec<ProblemView>>, Error> {
    let lang = match spoken.lang.as_deref() {
        Some("pl") => Lang::Pl,
        _ => Lang::En,
    };
    let problems = app.store.problems(shop.id, MOST, 0).await?;
    let hashes: Vec<_> = problems.iter().filter_map(|problem| problem.hash).collect();
    let contacts = app.store.contacts(shop.id, &hashes).await?;
    let contact = |problem: &store::Problem| problem.hash.and_then(|hash| contacts.get(&hash));
    Ok(Json(
        problems
            .iter()
            .map(|problem| ProblemView::new(problem, contact(problem), lang))
            .collect(),
    ))
}

/// Which problems to try again.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// One problem's key; without it all of them.
    pub key: Option<String>,
}

/// How many are tried again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Retried {
    /// Problems that get another try now.
    pub retried: i64,
}

/// Try problems again now
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/problems/retry",
    operation_id = "retryProblems",
    tag = "problems",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    request_body = Retry,
    security(("operator" = [])),
    responses(
        (status = 200, body = Retried, description = "They are tried again"),
        (status = 400, body = Problem, description = "The body cannot be read", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn retry(
    State(app): State<App>,
    Named(shop): Named,
    Body(request): Body<Retry>,
) -> Result<Json<Retried>, Error> {
    let retried = app
        .store
        .problem_retry(shop.id, request.key.as_deref(), app.now())
        .await?;
    app.engine.ask_again(shop.id).await?;
    app.wake.notify_one();
    Ok(Json(Retried { retried }))
}
