//! Refusals in SARE of people whom the shop still counts as consenting. They get no newsletter; a person may have the
//! refusal carried into the shop. A customer's own consent cannot be written, and that is said.

use std::collections::HashSet;

use desk::story::Course;
use maud::{Markup, html};
use store::{AddrHash, Contact, ContactFilter, DirtyKey, Reason};
use sync_core::RecordKind;

use crate::error::Error;
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::panel::times;
use crate::state::App;

/// Contacts a page.
const PAGE: usize = 25;

/// The section; `None` when there are none.
pub async fn section(app: &App, visit: &Visit, after: Option<AddrHash>) -> Result<Option<Markup>, Error> {
    let (words, shop) = (visit.words, visit.shop.id);
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut page = app
        .store
        .contacts_after(shop, after, limit, ContactFilter::Disputed)
        .await?;
    if page.is_empty() && after.is_none() {
        return Ok(None);
    }
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let hashes: Vec<AddrHash> = page.iter().map(|contact| contact.hash).collect();
    let keys: Vec<DirtyKey> = hashes.iter().map(|hash| DirtyKey::Address(*hash)).collect();
    let (all, records, waiting) = tokio::try_join!(
        app.store.count_disputed(shop),
        app.store.records_of(shop, &hashes),
        app.store.waiting_of(shop, &keys),
    )?;
    let switchable: HashSet<AddrHash> = records
        .iter()
        .filter(|record| record.key.kind == RecordKind::Subscriber && record.consent == Some(true))
        .map(|record| record.hash)
        .collect();
    let asked: HashSet<DirtyKey> = waiting
        .iter()
        .filter(|waiting| waiting.reason == Reason::ApplyRefusal)
        .map(|waiting| waiting.key)
        .collect();
    let next = page
        .last()
        .filter(|_| more)
        .map(|last| visit.link(&format!("problems?disputed={}#disputed", last.hash.to_hex())));
    let everyone = html! {
        input type="hidden" name="all" value="yes";
        button.quiet type="submit" { (words.say("disputed.apply-all")) }
    };
    Ok(Some(html! {
        section.cause.calm id="disputed" {
            h2 { (words.count("disputed.title", all)) }
            p { (words.say("disputed.text")) }
            div.scroll {
                table {
                    caption.unseen { (words.say("disputed.caption")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("disputed.whom")) }
                            th scope="col" { (words.say("disputed.refusal")) }
                            th scope="col" { (words.say("disputed.in-shop")) }
                        }
                    }
                    tbody {
                        @for contact in &page {
                            tr {
                                th scope="row" {
                                    a href=(visit.link(&format!("contacts/{}", contact.hash.to_hex()))) {
                                        (parts::address(contact.address.as_deref().unwrap_or_default()))
                                    }
                                }
                                td { (refusal(visit, contact)) }
                                td {
                                    @if asked.contains(&DirtyKey::Address(contact.hash)) {
                                        (words.say("disputed.under-way"))
                                    } @else if switchable.contains(&contact.hash) {
                                        (visit.form("problems/apply", html! {
                                            input type="hidden" name="hash" value=(contact.hash.to_hex());
                                            button.quiet type="submit" { (words.say("disputed.apply")) }
                                        }))
                                    } @else { (words.say("disputed.cannot")) }
                                }
                            }
                        }
                    }
                }
            }
            div.actions {
                (visit.form("problems/apply", everyone))
                @if let Some(next) = next { a.button.quiet href=(next) { (words.say("problems.next")) } }
            }
            p.hint { (words.say("disputed.hint")) }
        }
    }))
}

fn refusal(visit: &Visit, contact: &Contact) -> Markup {
    let words = visit.words;
    html! {
        (desk::story::status(contact.refusal.unwrap_or_default(), words.0))
        @if let Some(at) = contact.refused_at { ", " (times::moment(words, at)) }
        @if contact.refusal_origin.is_some() {
            br;
            span.soft { (desk::story::refusal_origin(contact, &Course::default(), words.0)) }
        }
    }
}
