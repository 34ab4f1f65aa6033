//! Refusals in SARE of people whom the shop still counts as consenting. They get no newsletter; a person may have the
//! refusal carried into the shop. A customer's own consent cannot be written, and that is said.

use std::collections::HashSet;

use desk::story::Timeline;
use maud::{Markup, html};
use store::{AddrHash, Contact, ContactFilter, Reason};
use sync_core::RecordKind;

use super::part::Part;
use crate::error::Error;
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::state::App;

/// The section; `None` when there are none.
pub async fn section(app: &App, visit: &Visit, after: Option<AddrHash>) -> Result<Option<Markup>, Error> {
    let (words, shop) = (visit.words, visit.shop.id);
    let filter = ContactFilter::Disputed;
    let Some(part) = Part::read(app, visit, filter, Reason::ApplyRefusal, after).await? else {
        return Ok(None);
    };
    let hashes: Vec<AddrHash> = part.contacts.iter().map(|contact| contact.hash).collect();
    let (all, records) = tokio::try_join!(
        app.store.count_disputed(shop),
        app.store.records_of(shop, &hashes)
    )?;
    let switchable: HashSet<AddrHash> = records
        .iter()
        .filter(|record| record.key.kind == RecordKind::Subscriber && record.consent == Some(true))
        .map(|record| record.hash)
        .collect();
    let next = part
        .next_after
        .map(|last| visit.link(&format!("problems?disputed={}#disputed", last.to_hex())));
    let everyone = html! {
        input type="hidden" name="all" value="yes";
        button.quiet type="submit" { (words.say("disputed.apply-all")) }
    };
    Ok(Some(html! {
        section.cause.calm id="disputed" {
            h2 { (words.count("disputed.title", all)) }
            p { (words.say("disputed.text")) }
            div.scroll {
                table.stacks {
                    caption.unseen { (words.say("disputed.caption")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("disputed.whom")) }
                            th scope="col" { (words.say("disputed.refusal")) }
                            th scope="col" { (words.say("disputed.in-shop")) }
                        }
                    }
                    tbody {
                        @for contact in &part.contacts {
                            tr {
                                th scope="row" {
                                    a href=(visit.link(&format!("contacts/{}", contact.hash.to_hex()))) {
                                        (parts::address_line(contact.address.as_deref().unwrap_or_default()))
                                    }
                                }
                                (parts::line_cell(words.say("disputed.refusal"), &refusal(visit, contact)))
                                @if part.is_answered(contact) {
                                    (parts::line_cell(words.say("disputed.in-shop"), words.say("disputed.under-way")))
                                } @else if switchable.contains(&contact.hash) {
                                    (parts::cell(words.say("disputed.in-shop"), visit.form("problems/apply", html! {
                                        input type="hidden" name="hash" value=(contact.hash.to_hex());
                                        button.quiet type="submit" { (words.say("disputed.apply")) }
                                    })))
                                } @else {
                                    (parts::line_cell(words.say("disputed.in-shop"), words.say("disputed.cannot")))
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

fn refusal(visit: &Visit, contact: &Contact) -> String {
    let words = visit.words;
    let Some(refused) = contact.refusal else {
        return String::new();
    };
    let origin = desk::story::refusal_origin(contact, &Timeline::default(), words);
    format!(
        "{}, {} · {origin}",
        words.status_in_full(refused.status),
        words.moment(refused.since)
    )
}
