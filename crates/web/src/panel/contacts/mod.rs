//! Contacts: the lists behind the numbers, one person's whole story, and what can be done about it.
//!
//! `lists.rs` pages through contacts by what became of them, `find.rs` takes an address, `search.rs` the beginning
//! of one or a domain, `file.rs` writes what is shown into a file, `story.rs` tells what is
//! known of one contact, `proof.rs` prints the proof of its consent, `erase.rs` forgets it. In an address of the panel
//! a contact is named by the keyed hash of its e-mail address alone.

mod erase;
mod file;
mod find;
mod lists;
mod proof;
mod search;
mod story;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::routing::{get, post};
use http::request::Parts;
use serde::Deserialize;
use store::AddrHash;

use super::closed::Closed;
use super::session::Visit;
use crate::error::Error;
use crate::state::App;

/// The pages' addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/contacts", get(lists::show))
        .route("/panel/s/{session}/contacts/find", post(find::find))
        .route("/panel/s/{session}/contacts/file", post(file::file))
        .route("/panel/s/{session}/contacts/ask", post(find::ask))
        .route("/panel/s/{session}/contacts/sync", post(find::sync))
        .route("/panel/s/{session}/contacts/{hash}", get(story::show))
        .route("/panel/s/{session}/contacts/{hash}/state", get(story::state))
        .route("/panel/s/{session}/contacts/{hash}/now", get(story::now))
        .route("/panel/s/{session}/contacts/{hash}/sync", post(story::sync))
        .route("/panel/s/{session}/contacts/{hash}/proof", get(proof::page))
        .route(
            "/panel/s/{session}/contacts/{hash}/proof/sheet",
            get(proof::piece),
        )
        .route("/panel/s/{session}/contacts/{hash}/proof.json", get(proof::file))
        .route(
            "/panel/s/{session}/contacts/{hash}/erase",
            get(erase::ask).post(erase::erase),
        )
}

/// The contact that an address of the panel names.
pub struct Named(pub AddrHash);

#[derive(Deserialize)]
struct HashParam {
    hash: String,
}

impl FromRequestParts<App> for Named {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Closed> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let hash = Path::<HashParam>::from_request_parts(parts, app)
            .await
            .ok()
            .and_then(|Path(param)| AddrHash::from_hex(&param.hash));
        hash.map(Self).ok_or_else(|| visit.closed(Error::NoSuchContact))
    }
}

/// The address of a page about a contact, such as `contacts/…/proof`.
fn page_of(hash: AddrHash, what: &str) -> String {
    match what {
        "" => format!("contacts/{}", hash.to_hex()),
        what => format!("contacts/{}/{what}", hash.to_hex()),
    }
}
