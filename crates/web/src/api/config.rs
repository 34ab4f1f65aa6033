//! A shop's whole configuration as one TOML text.

use axum::Json;
use axum::extract::State;
use http::header;
use serde::{Deserialize, Serialize};
use sync_core::Lang;
use sync_core::config::Config;
use texts::Words;
use utoipa::ToSchema;

use super::lookup::Named;
use crate::error::{Error, Problem};
use crate::state::App;

/// What became of a configuration.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// Its version in the ledger.
    pub config_version: i64,
    /// What is perhaps not meant as it stands, one sentence each.
    pub warnings: Vec<String>,
}

/// Read the configuration
///
/// The SARE key is never in it.
#[utoipa::path(
    get,
    path = "/api/v1/shops/{shop}/config",
    operation_id = "exportConfig",
    tag = "config",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    security(("operator" = [])),
    responses(
        (status = 200, body = String, description = "The configuration as TOML", content_type = "application/toml"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "Not configured yet", content_type = "application/problem+json"),
    )
)]
pub async fn export(Named(shop): Named) -> Result<([(header::HeaderName, &'static str); 1], String), Error> {
    let config = shop.config.ok_or(Error::NotConfigured)?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], config))
}

/// Replace the configuration
///
/// Every finding is told, not only the first. The SARE key is taken from `sare.api_key` where the text has one, and
/// stays as it is where not.
#[utoipa::path(
    put,
    path = "/api/v1/shops/{shop}/config",
    operation_id = "importConfig",
    tag = "config",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    request_body(content = String, content_type = "application/toml"),
    security(("operator" = [])),
    responses(
        (status = 200, body = Imported, description = "In force; the shop's lane is woken"),
        (status = 400, body = Problem, description = "It cannot be used; `detail` has one line for each finding", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop", content_type = "application/problem+json"),
    )
)]
pub async fn import(
    State(app): State<App>,
    Named(shop): Named,
    text: String,
) -> Result<Json<Imported>, Error> {
    let parsed =
        Config::parse(&text).map_err(|errors| Error::Malformed(Words(Lang::En).config_errors(&errors)))?;
    app.store
        .put_config(
            shop.id,
            &parsed.config.render(),
            parsed.api_key,
            None,
            "operator",
            app.now(),
        )
        .await?;
    app.wake.notify_one();
    let shop = app.store.shop(shop.id).await?.ok_or(Error::NoSuchShop)?;
    let warnings = parsed
        .warnings
        .iter()
        .map(|finding| Words(Lang::En).finding(finding))
        .collect();
    Ok(Json(Imported {
        config_version: shop.config_version,
        warnings,
    }))
}
