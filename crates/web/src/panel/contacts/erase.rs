//! Forgetting one person: what goes, what stays and why, and a tick before anything is done.

use axum::extract::State;
use axum::response::Response;
use maud::html;
use store::{AddrHash, Contact};

use super::{Named, page_of};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Confirmation, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// The page before it.
pub async fn ask(State(app): State<App>, visit: Visit, Named(hash): Named) -> Result<Response, Closed> {
    let contact = known(&app, &visit, hash).await?;
    Ok(page(&visit, hash, &contact, false))
}

/// Forgets the person when the box is ticked.
pub async fn erase(
    State(app): State<App>,
    Named(hash): Named,
    Posted { visit, fields }: Posted,
) -> Result<Response, Closed> {
    let contact = known(&app, &visit, hash).await?;
    if !fields.is_on("sure") {
        return Ok(page(&visit, hash, &contact, true));
    }
    app.store
        .erase_contact(visit.shop.id, hash, app.now())
        .await
        .map_err(|error| visit.closed(error))?;
    visit.redirect_done(&app, "contacts?done=erased").await
}

/// A contact that still has an address.
async fn known(app: &App, visit: &Visit, hash: AddrHash) -> Result<Contact, Closed> {
    let contact = app
        .store
        .contact(visit.shop.id, hash)
        .await
        .map_err(|error| visit.closed(error))?;
    contact
        .filter(|contact| contact.address.is_some())
        .ok_or_else(|| visit.closed(Error::NoSuchContact))
}

fn page(visit: &Visit, hash: AddrHash, contact: &Contact, not_ticked: bool) -> Response {
    let words = visit.words;
    let address = contact.address.as_deref().unwrap_or_default();
    let content = html! {
        p.lead { (words.fill("contacts.erase-whom", &[("email", &address)])) }
        (parts::confirmation(visit, Confirmation {
            lost: &[words.say("contacts.goes-address"), words.say("contacts.goes-history"), words.say("contacts.goes-proof")],
            stays: &[words.say("contacts.stays-refusal"), words.say("contacts.stays-numbers"), words.say("contacts.stays-elsewhere")],
            before: parts::notice(Tone::Warn, html! { p { (words.say("contacts.erase-first")) } }),
            action: &page_of(hash, "erase"),
            question: html! {
                div.field.wrong[not_ticked] {
                    (parts::checkbox("sure", words.say("contacts.erase-sure"), None, false))
                    @if not_ticked { p.error role="alert" { (words.say("contacts.erase-tick")) } }
                }
            },
            act: words.say("contacts.erase-now"),
            back: &page_of(hash, ""),
        }))
    };
    let title = words.say("contacts.erase-title");
    layout::page(visit, Head::new("contacts", title), content)
}
