//! The operator's API, `/api/v1`: every route with its description in one table, from which the router is built
//! and against which the document at `/api/openapi.json` is tested.

mod config;
mod contacts;
mod document;
mod lookup;
pub(crate) mod model;
mod problems;
mod runs;
mod shops;
pub(crate) mod words;

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post, put};
use http::Method;

use crate::bearer;
use crate::error::Error;
use crate::state::App;

/// One route.
struct Endpoint {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the handler knows it; the document is compared with it")
    )]
    method: Method,
    path: &'static str,
    handler: MethodRouter<App>,
}

/// Every route of the API.
fn endpoints() -> Vec<Endpoint> {
    let at = |method, path, handler| Endpoint {
        method,
        path,
        handler,
    };
    vec![
        at(Method::GET, "/api/v1/shops", get(shops::list)),
        at(Method::GET, "/api/v1/shops/{shop}", get(shops::show)),
        at(Method::DELETE, "/api/v1/shops/{shop}", delete(shops::remove)),
        at(Method::POST, "/api/v1/shops/{shop}/pause", post(shops::pause)),
        at(Method::POST, "/api/v1/shops/{shop}/resume", post(shops::resume)),
        at(Method::GET, "/api/v1/shops/{shop}/config", get(config::export)),
        at(Method::PUT, "/api/v1/shops/{shop}/config", put(config::import)),
        at(Method::POST, "/api/v1/shops/{shop}/sync", post(runs::sync)),
        at(Method::GET, "/api/v1/shops/{shop}/runs", get(runs::list)),
        at(Method::GET, "/api/v1/shops/{shop}/runs/{id}", get(runs::show)),
        at(
            Method::POST,
            "/api/v1/shops/{shop}/brake/release",
            post(runs::release_brake),
        ),
        at(Method::GET, "/api/v1/shops/{shop}/problems", get(problems::list)),
        at(
            Method::POST,
            "/api/v1/shops/{shop}/problems/retry",
            post(problems::retry),
        ),
        at(
            Method::POST,
            "/api/v1/shops/{shop}/contacts/find",
            post(contacts::find),
        ),
        at(
            Method::POST,
            "/api/v1/shops/{shop}/contacts/erase",
            post(contacts::erase),
        ),
    ]
}

/// The API and its description.
pub(crate) fn router(app: &App) -> Router<App> {
    let mut router = Router::new().route("/api/openapi.json", get(openapi));
    for endpoint in endpoints() {
        router = router.route(endpoint.path, endpoint.handler);
    }
    router.route_layer(from_fn_with_state(app.clone(), guard))
}

/// Lets nobody in without the operator's token.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    bearer::check(request.headers(), app.settings.operator_token.as_ref())?;
    Ok(next.run(request).await)
}

async fn openapi(State(app): State<App>) -> Json<utoipa::openapi::OpenApi> {
    let mut document = document::document();
    // Paths are told from the server's own address on, which may have a path itself.
    let server = app.settings.public_url.as_ref().map(ToString::to_string);
    document.servers = server.map(|url| vec![utoipa::openapi::Server::new(url)]);
    Json(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let document = serde_json::to_value(document::document()).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|method| method.to_uppercase());
                methods.map(|method| (path.clone(), method)).collect::<Vec<_>>()
            })
            .collect();
        let routes: BTreeSet<(String, String)> = endpoints()
            .iter()
            .map(|e| (e.path.to_owned(), e.method.to_string()))
            .collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn what_the_document_refers_to_is_in_it() {
        fn references(value: &serde_json::Value, all: &mut BTreeSet<String>) {
            match value {
                serde_json::Value::Object(members) => {
                    all.extend(members.get("$ref").and_then(|to| to.as_str()).map(str::to_owned));
                    members.values().for_each(|member| references(member, all));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, all)),
                _ => {}
            }
        }
        let document = serde_json::to_value(document::document()).unwrap();
        let mut all = BTreeSet::new();
        references(&document, &mut all);
        assert!(all.len() > 10, "{all:?}");
        for to in all {
            assert!(
                document.pointer(to.trim_start_matches('#')).is_some(),
                "{to} is not there"
            );
        }
    }

    #[test]
    fn every_operation_has_a_name_a_sentence_and_the_answers_that_all_have() {
        let document = serde_json::to_value(document::document()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for member in ["operationId", "summary", "security"] {
                    assert!(!operation[member].is_null(), "{method} {path} has no {member}");
                }
                assert!(
                    operation["responses"]["401"].is_object(),
                    "{method} {path} does not tell of 401"
                );
            }
        }
    }
}
