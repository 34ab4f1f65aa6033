//! What became of the ten of a trial: each as it arrives, then all of them read back from SARE.

use std::collections::{BTreeMap, HashMap};

use axum::extract::{Query, State};
use axum::response::Response;
use desk::Proof;
use maud::{Markup, html};
use serde::Deserialize;
use store::{AddrHash, Contact, DirtyKey, Outcome, Priority, Record};
use sync_core::email::Email;
use texts::Words;

use super::begin_button;
use super::data::{self, PageData};
use super::trial::{self, TEN, back};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::groups::GroupNames;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone, fetched, notice};
use crate::panel::session::Visit;
use crate::state::App;

/// Whom the page is about: hashes, apart by dots.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    c: Option<String>,
    /// Read them back at once: no script fetches the proof.
    ask: Option<String>,
}

impl Asked {
    fn hashes(&self) -> Vec<AddrHash> {
        let text = self.c.as_deref().unwrap_or_default();
        text.split('.').filter_map(AddrHash::from_hex).take(TEN).collect()
    }
}

/// A piece of that page.
fn piece_address(contacts: &[AddrHash], piece: &str) -> String {
    data::address_of_arrived(contacts).replacen("arrived", &format!("arrived/{piece}"), 1)
}

/// How far the ten are.
struct Way {
    /// In the order of the page.
    contacts: Vec<(AddrHash, Option<Contact>)>,
    records: HashMap<AddrHash, Vec<Record>>,
    /// Those that still wait for their turn.
    waiting: Vec<AddrHash>,
    /// Anything of a trial waits, whosesoever it is.
    is_busy: bool,
}

impl Way {
    async fn load(app: &App, visit: &Visit, hashes: &[AddrHash]) -> Result<Self, Error> {
        let shop = visit.shop.id;
        let mut known = app.store.contacts(shop, hashes).await?;
        let mut records: HashMap<AddrHash, Vec<Record>> = HashMap::new();
        for record in app.store.records_of(shop, hashes).await? {
            records.entry(record.hash).or_default().push(record);
        }
        let far = app.now() + data::FOR_GOOD_MS;
        let marks = app.store.due_dirty(shop, far, Priority::Trial, 100).await?;
        // What was tried and failed is tried again by and by: the page does not wait for it.
        let fresh: Vec<DirtyKey> = marks
            .iter()
            .filter(|mark| mark.attempts == 0)
            .map(|mark| mark.key)
            .collect();
        let is_waiting = |hash: &AddrHash| match records.get(hash) {
            Some(records) => records
                .iter()
                .any(|record| fresh.contains(&DirtyKey::Record(record.key))),
            None => !fresh.is_empty(),
        };
        let waiting = hashes.iter().copied().filter(is_waiting).collect();
        Ok(Self {
            contacts: hashes.iter().map(|hash| (*hash, known.remove(hash))).collect(),
            records,
            waiting,
            is_busy: !fresh.is_empty(),
        })
    }
}

/// The page: what arrives while something waits, and the proof when all is there.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let words = visit.words;
    let hashes = asked.hashes();
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let (Some(data), false) = (data, hashes.is_empty()) else {
        return Ok(visit.redirect("launch"));
    };
    let way = Way::load(&app, &visit, &hashes)
        .await
        .map_err(|error| visit.closed(error))?;
    let head = Head::new("launch", words.say("launch.arrived-title"));
    if way.is_busy {
        let content = html! {
            (data.troubles(&visit))
            div data-live=(visit.link(&piece_address(&hashes, "live"))) data-then-reload { (arriving(words, &way)) }
            (back(&visit))
        };
        return Ok(layout::page(&visit, head.changing(), content));
    }
    let proven = match asked.ask {
        Some(_) => proven(&app, &visit, &data, &way).await,
        None => {
            let (piece, whole) = (
                piece_address(&hashes, "proof"),
                format!("{}&ask=yes", data::address_of_arrived(&hashes)),
            );
            fetched(
                &visit,
                &piece,
                &whole,
                words.say("launch.reading-back"),
                words.say("launch.read-back-now"),
            )
        }
    };
    let content = html! {
        (data.troubles(&visit))
        (proven)
        div.actions {
            (begin_button(&visit))
            a.button.quiet href=(visit.link("launch/trial")) { (words.say("launch.try-others")) }
            (back(&visit))
        }
    };
    Ok(layout::page(&visit, head, content))
}

/// The part that changes while they arrive.
pub async fn live(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let way = Way::load(&app, &visit, &asked.hashes())
        .await
        .map_err(|error| visit.closed(error))?;
    Ok(layout::piece(&visit, arriving(visit.words, &way)))
}

/// The proof, as a piece of the page.
pub async fn proof(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let way = Way::load(&app, &visit, &asked.hashes())
        .await
        .map_err(|error| visit.closed(error))?;
    let content = match data {
        Some(data) => proven(&app, &visit, &data, &way).await,
        None => html! {},
    };
    Ok(layout::piece(&visit, content))
}

fn arriving(words: Words, way: &Way) -> Markup {
    let there = way.contacts.len() - way.waiting.len();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let values: [(&str, &dyn std::fmt::Display); 2] = [("there", &there), ("all", &way.contacts.len())];
    html! {
        p role="status" data-busy[way.is_busy] { (words.fill("launch.arriving", &values)) }
        (parts::progress(count(there), Some(count(way.contacts.len())), words.say("launch.arrived-title")))
        ol {
            @for (hash, contact) in &way.contacts {
                @let address = contact.as_ref().and_then(|contact| contact.address.as_deref());
                li {
                    (parts::address(address.unwrap_or(words.say("launch.nameless")))) ": "
                    @if way.waiting.contains(hash) { (words.say("launch.waits")) }
                    @else { (outcome(words, contact.as_ref())) }
                }
            }
        }
    }
}

fn outcome(words: Words, contact: Option<&Contact>) -> &'static str {
    let outcome = contact.map_or(Outcome::Unknown, |contact| contact.outcome);
    words.outcome(outcome).result
}

/// All of them read back, compared field by field.
async fn proven(app: &App, visit: &Visit, data: &PageData, way: &Way) -> Markup {
    let words = visit.words;
    let sent: BTreeMap<AddrHash, (Email, Vec<Record>)> = way
        .contacts
        .iter()
        .filter_map(|(hash, contact)| {
            let contact = contact
                .as_ref()
                .filter(|contact| contact.outcome == Outcome::Synchronised)?;
            let email = Email::parse(contact.address.as_deref()?).ok()?;
            Some((*hash, (email, way.records.get(hash).cloned().unwrap_or_default())))
        })
        .collect();
    let proofs = match desk::prove(&app.engine, &visit.shop, &data.config, &sent).await {
        Ok(proofs) => proofs,
        Err(error) => {
            return html! {
                (trial::away(words, &error))
                (arriving(words, way))
            };
        }
    };
    let names = GroupNames::known(app, visit, &data.config).await;
    let equal = proofs.values().filter(|proof| proof.is_equal()).count();
    let all = equal == way.contacts.len();
    let count = i64::try_from(equal).unwrap_or(0);
    html! {
        @if all {
            (notice(Tone::Good, html! { p { (words.count("launch.all-equal", count)) } }))
        } @else {
            (notice(Tone::Warn, html! { p { (words.count("launch.some-equal", count)) " " (words.say("launch.some-why")) } }))
        }
        @for (hash, contact) in &way.contacts {
            @let address = contact.as_ref().and_then(|contact| contact.address.as_deref());
            section {
                h2 { (parts::address(address.unwrap_or(words.say("launch.nameless")))) }
                @match proofs.get(hash) {
                    Some(proof) => (compared(words, proof, &names)),
                    None => {
                        p { (outcome(words, contact.as_ref())) }
                        p { a href=(visit.link("problems")) { (words.say("launch.see-problems")) } }
                    },
                }
            }
        }
    }
}

fn compared(words: Words, proof: &Proof, names: &GroupNames) -> Markup {
    html! {
        @if !proof.is_there {
            p { (words.say("launch.not-there-yet")) }
        } @else {
            p {
                @if proof.is_equal() { span.good { "✓ " (words.say("launch.is-equal")) } }
                @else { (words.say("launch.is-different")) }
                @if let Some(status) = proof.status {
                    " " (words.fill("launch.has-status", &[("status", &words.status(status))]))
                }
            }
            @if !proof.missing_groups.is_empty() {
                p { (words.fill("launch.missing-groups", &[("groups", &names.all(&proof.missing_groups))])) }
            }
            @if !proof.fields.is_empty() {
                div.scroll {
                    table.stacks {
                        caption.unseen { (words.say("launch.compared")) }
                        thead {
                            tr {
                                th scope="col" { (words.say("launch.field")) }
                                th scope="col" { (words.say("launch.sent")) }
                                th scope="col" { (words.say("launch.read-back")) }
                                th scope="col" { (words.say("launch.verdict")) }
                            }
                        }
                        tbody {
                            @for one in &proof.fields {
                                tr {
                                    th scope="row" { (parts::field_name(words, &one.target)) }
                                    (parts::cell(words.say("launch.sent"), html! { (one.sent) }))
                                    (parts::cell(words.say("launch.read-back"), html! { (one.found) }))
                                    (parts::cell(words.say("launch.verdict"), html! {
                                        @if one.is_equal { (parts::chip(Some(Tone::Good), &format!("✓ {}", words.say("launch.equal")))) }
                                        @else { (parts::chip(Some(Tone::Bad), words.say("launch.different"))) }
                                    }))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
