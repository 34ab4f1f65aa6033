//! The API's description (OpenAPI), made from the handlers.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{config, contacts, problems, runs, shops};

/// The description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "shoper-sare operator's API",
        description = "Shops, their configuration, synchronisations and problems. Addresses of people travel in bodies, never in \
                       URLs. `{shop}` is the shop's host (with its port where it has one) or its licence hash. Errors are \
                       problem details (RFC 9457) with a stable `code`."
    ),
    paths(
        shops::list,
        shops::show,
        shops::remove,
        shops::pause,
        shops::resume,
        config::export,
        config::import,
        runs::sync,
        runs::list,
        runs::show,
        runs::release_brake,
        problems::list,
        problems::retry,
        contacts::find,
        contacts::erase,
    ),
    modifiers(&Bearer),
    security(("operator" = []))
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "`OPERATOR_TOKEN` of the server. Where it is not set, the API answers 404.",
            ))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("operator", SecurityScheme::Http(bearer));
    }
}

/// Makes the description.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
