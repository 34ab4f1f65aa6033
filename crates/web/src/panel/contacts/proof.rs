//! The proof sheet of a person's consent: a page to be printed, and the same as a file.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use desk::proof::{Moment, Proof, Said};
use http::{HeaderValue, header};
use maud::{Markup, html};
use serde::Deserialize;
use store::AddrHash;
use texts::Words;

use super::{Named, page_of};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::state::App;

/// What is asked of the page.
#[derive(Deserialize)]
pub struct Asked {
    /// Make the sheet at once: no script fetches it.
    #[serde(default)]
    ask: String,
}

/// The page. The sheet, for which both services are asked, is fetched once the page is there.
pub async fn page(
    State(app): State<App>,
    visit: Visit,
    Named(hash): Named,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let words = visit.words;
    let sheet = if asked.ask == "yes" {
        sheet(words, &make(&app, &visit, hash).await?)
    } else {
        known(&app, &visit, hash).await?;
        let (piece, whole) = (page_of(hash, "proof/sheet"), page_of(hash, "proof?ask=yes"));
        parts::fetched(
            &visit,
            &piece,
            &whole,
            words.say("contacts.asking"),
            words.say("contacts.ask"),
        )
    };
    let content = html! {
        div.actions.unprinted {
            button.scripted type="button" data-print="" { (words.say("contacts.print")) }
            a.button.quiet href=(visit.link(&page_of(hash, "proof.json"))) download { (words.say("contacts.proof-file")) }
            a.button.quiet href=(visit.link(&page_of(hash, ""))) { (words.say("contacts.back-to-contact")) }
        }
        (sheet)
    };
    let title = words.say("contacts.proof-title");
    Ok(layout::page(&visit, Head::new("contacts", title), content))
}

/// The sheet, as a piece of the page.
pub async fn piece(State(app): State<App>, visit: Visit, Named(hash): Named) -> Result<Response, Closed> {
    let proof = make(&app, &visit, hash).await?;
    Ok(layout::piece(&visit, sheet(visit.words, &proof)))
}

/// Nobody gets a page about a contact that is not there.
async fn known(app: &App, visit: &Visit, hash: AddrHash) -> Result<(), Closed> {
    let contact = app.store.contact(visit.shop.id, hash).await;
    match contact.map_err(|error| visit.closed(error))? {
        Some(_) => Ok(()),
        None => Err(visit.closed(Error::NoSuchContact)),
    }
}

pub async fn file(State(app): State<App>, visit: Visit, Named(hash): Named) -> Result<Response, Closed> {
    let proof = make(&app, &visit, hash).await?;
    let name = format!("attachment; filename=\"zgoda-{}.json\"", &hash.to_hex()[..12]);
    let text = serde_json::to_string_pretty(&proof).expect("a proof is plain data");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(name).expect("hexadecimal digits are visible ASCII"),
        ),
    ];
    Ok((headers, text).into_response())
}

async fn make(app: &App, visit: &Visit, hash: AddrHash) -> Result<Proof, Closed> {
    let config = visit.config();
    let proof = Proof::make(&app.engine, &visit.shop, config.as_ref(), hash, visit.words).await;
    match proof {
        Ok(Some(proof)) => Ok(proof),
        Err(desk::Error::Store(error)) => Err(visit.closed(error)),
        Ok(None) | Err(_) => Err(visit.closed(Error::NoSuchContact)),
    }
}

fn moment(at: &Moment) -> Markup {
    html! { (at.utc) " (" (at.poland) ")" }
}

/// What a record said of consent, and whether it still says so.
fn consent(words: Words, said: &Said) -> Markup {
    let word = match said.consent {
        Some(true) => words.say("common.yes"),
        Some(false) => words.say("common.no"),
        None => return html! { (words.say("contacts.not-said")) },
    };
    html! { (word) @if said.silent { ", " (words.say("contacts.not-said-now")) } }
}

fn maybe(words: Words, at: Option<&Moment>) -> Markup {
    match at {
        Some(at) => moment(at),
        None => html! { (words.say("contacts.never")) },
    }
}

fn sheet(words: Words, proof: &Proof) -> Markup {
    html! {
        p { strong { (proof.conclusion) } }
        p.soft { (words.say("contacts.times")) }
        section {
            h2 { (words.say("contacts.about")) }
            dl {
                dt { (words.say("contacts.contact")) } dd { (proof.contact) }
                dt { (words.say("contacts.shop")) } dd { (proof.shop) }
                dt { (words.say("contacts.made")) } dd { (moment(&proof.made)) }
            }
            @for rule in &proof.rules { p.soft { (rule) } }
        }
        section {
            h2 { (words.say("contacts.shop-said")) }
            p { (proof.shop_now) }
            @if let Some(consent) = &proof.consent { p { (consent) } }
            @if !proof.shop_said.is_empty() {
                div.scroll {
                    table.sheet {
                        caption { (words.say("contacts.shop-said-caption")) }
                        thead {
                            tr {
                                th scope="col" { (words.say("contacts.record")) }
                                th scope="col" { (words.say("contacts.consent")) }
                                th scope="col" { (words.say("contacts.seen")) }
                            }
                        }
                        tbody {
                            @for said in &proof.shop_said {
                                tr {
                                    th scope="row" {
                                        (words.say_word("contacts.kind", said.kind)) " " (said.id)
                                        @if let Some(address) = &said.ipaddress { br; "IP " (address) }
                                    }
                                    td { (consent(words, said)) }
                                    td { (moment(&said.seen)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        section {
            h2 { (words.say("contacts.sare-knows")) }
            p { (proof.sare_now) }
            dl {
                dt { (words.say("contacts.sent-at")) } dd { (maybe(words, proof.sent.as_ref())) }
                dt { (words.say("contacts.status-last")) }
                dd { (proof.status_text.as_deref().unwrap_or(words.say("contacts.never"))) }
                dt { (words.say("contacts.seen")) } dd { (maybe(words, proof.status_seen.as_ref())) }
                @if let Some(refusal) = &proof.refusal {
                    dt { (words.say("contacts.refusal-since")) } dd { (maybe(words, refusal.since.as_ref())) }
                    dt { (words.say("contacts.refusal-how")) } dd { (refusal.origin) }
                    dt { (words.say("contacts.refusal-told")) }
                    dd { (refusal.told_shop_text) }
                }
            }
        }
        section {
            h2 { (words.say("contacts.events")) }
            @if proof.events.is_empty() {
                p { (words.say("contacts.no-history")) }
            } @else {
                div.scroll {
                    table.sheet {
                        caption { (words.say("contacts.events-caption")) }
                        thead {
                            tr {
                                th scope="col" { (words.say("contacts.when-utc")) }
                                th scope="col" { (words.say("contacts.when-poland")) }
                                th scope="col" { (words.say("contacts.what")) }
                            }
                        }
                        tbody {
                            @for event in &proof.events {
                                tr { td.time { (event.at.utc) } td.time { (event.at.poland) } td { (event.text) } }
                            }
                        }
                    }
                }
            }
        }
        section {
            h2 { (words.say("contacts.not-known-title")) }
            ul { @for line in &proof.not_known { li { (line) } } }
        }
    }
}
