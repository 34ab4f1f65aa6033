//! A dry run: how far it is, and what it found, with examples.

use std::collections::HashMap;

use engine::{Body, Pile};
use maud::{Markup, html};
use store::{AddrHash, Run};
use texts::Words;

use super::data::PageData;
use crate::error::Error;
use crate::panel::parts::{self, Tone, notice};
use crate::panel::session::Visit;
use crate::state::App;

/// The piles in the order in which they matter to people.
const ORDER: [Pile; 9] = [
    Pile::Confirmed,
    Pile::Raised,
    Pile::Unconfirmed,
    Pile::Updated,
    Pile::Unsubscribed,
    Pile::Suppressed,
    Pile::Skipped,
    Pile::HandsOff,
    Pile::Gone,
];

/// How far a run is.
pub fn progress(run: &Run, words: Words) -> Markup {
    let body = Body::parse(&run.body);
    let done = words.number(body.done);
    html! {
        @match body.total {
            Some(total) if total > 0 => {
                (parts::progress(body.done, Some(total), words.say("launch.preview-runs")))
                p role="status" { (words.fill("launch.preview-read", &[("done", &done), ("total", &words.number(total))])) }
            },
            _ => p role="status" { (words.say("launch.preview-waits")) },
        }
        @if let Some(seconds) = body.eta_seconds {
            p { (words.fill("launch.preview-left", &[("time", &words.lasting(seconds))])) }
        }
        @if let Some(waiting) = body.waiting_for { p { (words.waiting(waiting)) } }
        p.soft { (words.say("launch.preview-leave")) }
    }
}

/// What the newest dry run found; `None` when there is none.
pub async fn told(app: &App, visit: &Visit, data: &PageData) -> Result<Option<Markup>, Error> {
    let Some(run) = &data.dry else { return Ok(None) };
    let body = Body::parse(&run.body);
    let named = names(app, visit, &body).await?;
    Ok(Some(result(visit, data, run, &body, &named)))
}

/// Addresses of the examples; those not known to the ledger any more are left out.
async fn names(app: &App, visit: &Visit, body: &Body) -> Result<HashMap<String, String>, Error> {
    let hashes: Vec<AddrHash> = body
        .piles
        .values()
        .flat_map(|pile| pile.examples.iter())
        .filter_map(|hash| AddrHash::from_hex(hash))
        .collect();
    let contacts = app.store.contacts(visit.shop.id, &hashes).await?;
    Ok(contacts
        .into_iter()
        .filter_map(|(hash, contact)| Some((hash.to_hex(), contact.address?)))
        .collect())
}

fn result(visit: &Visit, data: &PageData, run: &Run, body: &Body, named: &HashMap<String, String>) -> Markup {
    let words = visit.words;
    let said = &body.statement;
    let at = run.ended_at.unwrap_or(run.created_at);
    html! {
        @if data.is_stale { (notice(Tone::Warn, html! { p { (words.say("launch.stale")) } })) }
        p { strong { (words.count("launch.mailable", said.mailable)) } }
        @if said.unmailable > 0 { p { (words.count("launch.unmailable", said.unmailable)) } }
        @if said.added > 0 { p { (words.count("launch.room", said.added)) " " (words.say("launch.room-why")) } }
        div.scroll {
            table.forecast {
                caption { (words.fill("launch.result", &[("ago", &words.ago(at, data.now))])) }
                thead {
                    tr {
                        th scope="col" { (words.say("launch.what")) }
                        th.number scope="col" { (words.say("launch.how-many")) }
                    }
                }
                tbody {
                    @for pile in ORDER { (row(visit, body, pile, named)) }
                    @if said.unchanged > 0 {
                        tr {
                            th scope="row" { (words.say("launch.unchanged")) }
                            td.number { (words.number(said.unchanged)) }
                        }
                    }
                    @if body.counters.failed > 0 {
                        tr {
                            th scope="row" {
                                (words.say("launch.bad-addresses")) " "
                                a href=(visit.link("problems")) { (words.say("launch.see-problems")) }
                            }
                            td.number { (words.number(body.counters.failed)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(visit: &Visit, body: &Body, pile: Pile, named: &HashMap<String, String>) -> Markup {
    let words = visit.words;
    let shown = body.piles.get(&pile).cloned().unwrap_or_default();
    // Records that vanished are counted apart from contacts that lost their last one.
    let contacts = match pile {
        Pile::Gone => body.statement.gone.max(shown.contacts),
        _ => shown.contacts,
    };
    let examples: Vec<(&String, &String)> = shown
        .examples
        .iter()
        .filter_map(|hash| Some((hash, named.get(hash)?)))
        .collect();
    let has_examples = !examples.is_empty();
    html! {
        @if contacts > 0 {
            tr.shown[has_examples] {
                th scope="row" { (words.say_word("launch.pile", pile.word())) }
                td.number { (words.number(contacts)) }
            }
        }
        @if has_examples {
            tr {
                td colspan="2" {
                    details id={ "pile-" (pile.word()) } {
                        summary { (words.say("launch.examples")) }
                        ul.links {
                            @for (hash, address) in examples {
                                li { a href=(visit.link(&format!("contacts/{hash}"))) { (parts::address(address)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
