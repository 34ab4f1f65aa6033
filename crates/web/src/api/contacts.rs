//! One person: what the ledger knows, and forgetting it. The address travels in the body, never in a URL.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::lookup::{Address, Body, Named};
use super::model::{ContactView, HistoryView, RecordView, iso};
use super::words::Word;
use crate::error::{Error, Problem};
use crate::state::App;

/// Lines of history told; the ledger keeps no more of one contact.
const HISTORY: i64 = 50;

/// What the ledger knows of one contact
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/contacts/find",
    operation_id = "findContact",
    tag = "contacts",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    request_body = Address,
    security(("operator" = [])),
    responses(
        (status = 200, body = ContactView, description = "The contact, its records and its history"),
        (status = 400, body = Problem, description = "No address", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop or contact", content_type = "application/problem+json"),
    )
)]
pub async fn find(
    State(app): State<App>,
    Named(shop): Named,
    Body(address): Body<Address>,
) -> Result<Json<ContactView>, Error> {
    let hash = app.store.hash(shop.id, address.checked()?.key());
    let mut contacts = app.store.contacts(shop.id, &[hash]).await?;
    let contact = contacts.remove(&hash).ok_or(Error::NoSuchContact)?;
    let records = app.store.records_of(shop.id, &[hash]).await?;
    let history = app.store.history(shop.id, hash, HISTORY).await?;
    Ok(Json(ContactView {
        email: contact.address,
        outcome: Word::of(&contact.outcome),
        consent: contact.consent,
        withdrawn: contact.withdrawn,
        doubt: contact.doubt.as_ref().map(Word::of),
        sare_status: contact.sare.map(|seen| seen.status.code()),
        sare_seen: contact.sare.and_then(|seen| iso(seen.at)),
        refusal: contact.refusal.map(|refused| refused.status.code()),
        refused: contact.refusal.and_then(|refused| iso(refused.since)),
        refusal_origin: contact.refusal.map(|refused| Word::of(&refused.origin)),
        groups: contact.groups,
        sent: contact.sent_at.and_then(iso),
        records: records
            .iter()
            .map(|record| RecordView {
                kind: Word::of(&record.key.kind),
                id: record.key.id,
                consent: record.consent,
                silent: record.silent,
            })
            .collect(),
        history: history.iter().map(HistoryView::new).collect(),
    }))
}

/// Forget one contact
///
/// Its address, problems and history leave the ledger; what stays is a refusal under the address's keyed hash, so that
/// no synchronisation mails the person again, and the numbers of the shop's records, so that an old consent is not taken
/// for a new one. The shop and SARE stay as they are: erase the person there first, or
/// the next sweep finds them again.
#[utoipa::path(
    post,
    path = "/api/v1/shops/{shop}/contacts/erase",
    operation_id = "eraseContact",
    tag = "contacts",
    params(("shop" = String, Path, description = "Host (with port) or licence hash")),
    request_body = Address,
    security(("operator" = [])),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 400, body = Problem, description = "No address", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No or a wrong token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such shop or contact", content_type = "application/problem+json"),
    )
)]
pub async fn erase(
    State(app): State<App>,
    Named(shop): Named,
    Body(address): Body<Address>,
) -> Result<StatusCode, Error> {
    let hash = app.store.hash(shop.id, address.checked()?.key());
    if !app.store.erase_contact(shop.id, hash, app.now()).await? {
        return Err(Error::NoSuchContact);
    }
    Ok(StatusCode::NO_CONTENT)
}
