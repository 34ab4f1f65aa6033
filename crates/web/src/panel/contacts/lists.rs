//! The first page of the contacts: a search, and the lists behind the overview's numbers, fifty a page.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::Response;
use desk::story::{Grounds, Timeline};
use maud::{Markup, html};
use serde::Deserialize;
use store::{AddrHash, Contact, ContactFilter, DirtyKey, Outcome, Priority, Problem, Record, Waiting};
use sync_core::RecordKind;
use texts::Words;

use super::page_of;
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Field, Tone};
use crate::panel::session::Visit;
use crate::panel::times;
use crate::state::App;

/// Contacts a page.
const PAGE: usize = 50;

/// A list: contacts of one outcome, or the changes that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Of(Outcome),
    Waiting,
}

/// The lists, in their order.
const LISTS: [List; 7] = [
    List::Of(Outcome::Synchronised),
    List::Of(Outcome::Suppressed),
    List::Of(Outcome::Skipped),
    List::Of(Outcome::HandsOff),
    List::Of(Outcome::Failed),
    List::Waiting,
    List::Of(Outcome::Gone),
];

impl List {
    /// Its word in addresses.
    fn word(self) -> &'static str {
        match self {
            Self::Of(outcome) => outcome.word(),
            Self::Waiting => "waiting",
        }
    }

    fn title(self, words: Words) -> &'static str {
        match self {
            Self::Of(outcome) => words.outcome(outcome).list,
            Self::Waiting => words.say("contacts.waiting-list"),
        }
    }

    fn meaning(self, words: Words) -> &'static str {
        match self {
            Self::Of(outcome) => words.outcome(outcome).meaning,
            Self::Waiting => words.say("contacts.waiting-meaning"),
        }
    }
}

/// Which part of which list is asked for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    list: String,
    #[serde(default)]
    after: String,
    /// In place of `after`: where the page that was shown begins.
    #[serde(default)]
    before: String,
}

/// One row of a list.
struct Row {
    name: String,
    hash: Option<AddrHash>,
    why: String,
    at: i64,
}

/// A page of a list, and where the ones beside it begin.
struct Part {
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
}

/// The page.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let words = visit.words;
    let list = LISTS.into_iter().find(|known| known.word() == asked.list);
    let list = list.unwrap_or(LISTS[0]);
    let (part, counts) = tokio::try_join!(read(&app, &visit, list, &asked), async {
        Ok(app.store.counts(visit.shop.id).await?)
    })
    .map_err(|error| visit.closed(error))?;
    let many = |list: List| match list {
        List::Of(outcome) => counts.by_outcome.get(&(outcome as i64)).copied().unwrap_or(0),
        List::Waiting => counts.dirty,
    };
    let content = html! {
        @if visit.done() == "erased" {
            (parts::notice(Tone::Good, html! { p { (words.say("contacts.erased")) } }))
        }
        (search(&visit, "", None))
        nav.lists aria-label=(words.say("contacts.lists")) {
            ul {
                @for each in LISTS {
                    li {
                        a href=(visit.link(&format!("contacts?list={}", each.word()))) aria-current=[(list == each).then_some("page")] {
                            (each.title(words)) " " span.many { (words.number(many(each))) }
                        }
                    }
                }
            }
        }
        (table(&visit, list, &part))
    };
    Ok(layout::page(
        &visit,
        Head::new("contacts", words.say("contacts.title")),
        content,
    ))
}

/// The search for an address. It is posted, so that the address is written to no log and no history of a browser.
pub fn search(visit: &Visit, value: &str, error: Option<&str>) -> Markup {
    let words = visit.words;
    let field = Field {
        name: "email",
        label: words.say("contacts.email"),
        hint: Some(words.say("contacts.email-hint")),
        error,
        required: true,
    };
    html! {
        section.find {
            h2.unseen { (words.say("contacts.search")) }
            (visit.form("contacts/find", html! {
                (parts::input(words, field, "email", value))
                button type="submit" { (words.say("contacts.find")) }
            }))
        }
    }
}

async fn read(app: &App, visit: &Visit, list: List, asked: &Asked) -> Result<Part, Error> {
    let shop = visit.shop.id;
    let words = visit.words;
    let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let filter = match list {
        List::Of(outcome) => ContactFilter::Outcome(outcome),
        List::Waiting => return waiting(app, visit, &asked.after).await,
    };
    let after = AddrHash::from_hex(&asked.after);
    let (contacts, has_previous, has_next) = if let Some(before) = AddrHash::from_hex(&asked.before) {
        let mut contacts = app.store.contacts_before(shop, before, most, filter).await?;
        let more = contacts.len() > PAGE;
        if more {
            contacts.remove(0);
        }
        (contacts, more, true)
    } else {
        let mut contacts = app.store.contacts_after(shop, after, most, filter).await?;
        let more = contacts.len() > PAGE;
        contacts.truncate(PAGE);
        (contacts, after.is_some(), more)
    };
    let previous = contacts
        .first()
        .filter(|_| has_previous)
        .map(|first| first.hash.to_hex());
    let next = contacts
        .last()
        .filter(|_| has_next)
        .map(|last| last.hash.to_hex());
    let problems = problems(app, visit, &contacts).await?;
    let hashes: Vec<AddrHash> = contacts.iter().map(|contact| contact.hash).collect();
    let histories = app.store.histories(shop, &hashes).await?;
    let records = app.store.records_of(shop, &hashes).await?;
    let config = visit.config();
    let rows = contacts.into_iter().map(|contact| {
        let history = histories
            .get(&contact.hash)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let timeline = Timeline::of(history, history.len() >= desk::story::HISTORY);
        let timeline = timeline.now(
            contact.sare_status(),
            contact.sare.map_or(contact.updated_at, |seen| seen.at),
        );
        let own: Vec<Record> = records
            .iter()
            .filter(|record| record.hash == contact.hash)
            .cloned()
            .collect();
        let problem = problems.get(&contact.hash);
        let grounds = Grounds::new(&contact, &timeline, problem, config.as_ref(), &own);
        Row {
            why: desk::story::why(&grounds, words),
            hash: Some(contact.hash),
            at: contact.updated_at,
            name: contact.address.unwrap_or_default(),
        }
    });
    Ok(Part {
        rows: rows.collect(),
        previous,
        next,
    })
}

async fn problems(
    app: &App,
    visit: &Visit,
    contacts: &[Contact],
) -> Result<HashMap<AddrHash, Problem>, Error> {
    let failed: Vec<AddrHash> = contacts
        .iter()
        .filter(|contact| contact.outcome == Outcome::Failed)
        .map(|contact| contact.hash)
        .collect();
    let found = app.store.problems_of(visit.shop.id, &failed).await?;
    let mut by_contact = HashMap::new();
    for problem in found {
        if let Some(hash) = problem.hash {
            by_contact.entry(hash).or_insert(problem);
        }
    }
    Ok(by_contact)
}

/// Where a page of what waits begins: priority, time, entry.
fn place(text: &str) -> Option<(Priority, i64, DirtyKey)> {
    let mut parts = text.splitn(3, '.');
    let priority: i64 = parts.next()?.parse().ok()?;
    let due_at = parts.next()?.parse().ok()?;
    Some((
        Priority::from_number(priority),
        due_at,
        DirtyKey::decode(parts.next()?)?,
    ))
}

async fn waiting(app: &App, visit: &Visit, after: &str) -> Result<Part, Error> {
    let (shop, words) = (visit.shop.id, visit.words);
    let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = app.store.waiting_after(shop, place(after), most).await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let next = entries.last().filter(|_| more).map(|last| {
        let (priority, due_at, key) = last.place();
        format!("{}.{due_at}.{}", priority as i64, key.encode())
    });
    let keys: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry.key {
            DirtyKey::Record(key) => Some(key),
            DirtyKey::Address(_) => None,
        })
        .collect();
    let records = app.store.records(shop, &keys).await?;
    let hash_of = |entry: &Waiting| match entry.key {
        DirtyKey::Address(hash) => Some(hash),
        DirtyKey::Record(key) => records.get(&key).map(|record| record.hash),
    };
    let hashes: Vec<AddrHash> = entries.iter().filter_map(hash_of).collect();
    let contacts = app.store.contacts(shop, &hashes).await?;
    let now = app.now();
    let rows = entries.iter().map(|entry| {
        let hash = hash_of(entry);
        let address = hash
            .and_then(|hash| contacts.get(&hash))
            .and_then(|contact| contact.address.clone());
        Row {
            hash: hash.filter(|_| address.is_some()),
            name: address.unwrap_or_else(|| unnamed(words, entry.key)),
            why: waits(words, entry, now),
            at: entry.first_at,
        }
    });
    Ok(Part {
        rows: rows.collect(),
        previous: None,
        next,
    })
}

/// A record whose address is not known yet.
fn unnamed(words: Words, key: DirtyKey) -> String {
    match key {
        DirtyKey::Record(key) if key.kind == RecordKind::Customer => {
            words.fill("contacts.customer-no", &[("id", &key.id)])
        }
        DirtyKey::Record(key) => words.fill("contacts.subscriber-no", &[("id", &key.id)]),
        DirtyKey::Address(_) => words.say("contacts.unnamed").to_owned(),
    }
}

/// What an entry waits for.
fn waits(words: Words, entry: &Waiting, now: i64) -> String {
    let why = words.reason(entry.reason);
    let when = if entry.due_at > now {
        let at = words.moment(entry.due_at);
        words.fill("contacts.waits-until", &[("at", &at)])
    } else {
        words.say("contacts.waits-turn").to_owned()
    };
    let tries = if entry.attempts > 0 {
        format!(" {}", words.count("contacts.tries", entry.attempts))
    } else {
        String::new()
    };
    format!("{when}{tries} ({why})")
}

fn table(visit: &Visit, list: List, part: &Part) -> Markup {
    let words = visit.words;
    let (title, name) = (list.title(words), list.word());
    html! {
        section {
            h2 { (title) }
            p { (list.meaning(words)) }
            @if part.rows.is_empty() {
                p { (words.say("contacts.nobody")) }
            } @else {
                div.scroll tabindex="0" role="region" aria-label=(title) {
                    table.stacks {
                        caption.unseen { (title) }
                        thead {
                            tr {
                                th scope="col" { (words.say("contacts.contact")) }
                                th scope="col" { (words.say("contacts.why")) }
                                th scope="col" { (words.say("contacts.since")) }
                            }
                        }
                        tbody {
                            @for row in &part.rows {
                                tr {
                                    th scope="row" {
                                        @match row.hash {
                                            Some(hash) => a href=(visit.link(&page_of(hash, ""))) { (parts::address_line(&row.name)) },
                                            None => (row.name),
                                        }
                                    }
                                    (parts::cell(words.say("contacts.why"), html! { span.clamp title=(row.why) { (row.why) } }))
                                    (parts::time_cell(words.say("contacts.since"), html! { (times::moment(words, row.at)) }))
                                }
                            }
                        }
                    }
                }
            }
            @if part.previous.is_some() || part.next.is_some() {
                p.actions {
                    @if let Some(previous) = &part.previous {
                        a.button.quiet href=(visit.link(&format!("contacts?list={name}"))) { (words.say("contacts.first")) }
                        a.button.quiet href=(visit.link(&format!("contacts?list={name}&before={previous}"))) { (words.say("contacts.previous")) }
                    }
                    @if let Some(next) = &part.next {
                        a.button.quiet href=(visit.link(&format!("contacts?list={name}&after={next}"))) { (words.say("contacts.next")) }
                    }
                }
            }
        }
    }
}
