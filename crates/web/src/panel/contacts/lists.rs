//! The first page of the contacts: a search, and the lists behind the overview's numbers, fifty a page.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::Response;
use desk::story::{Grounds, Timeline};
use maud::{Markup, html};
use serde::Deserialize;
use store::{AddrHash, Contact, DirtyKey, ListOrder, ListPlace, Outcome, Priority, Problem, Record, Waiting};
use sync_core::RecordKind;
use texts::Words;

use super::page_of;
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Column, Field, Tone};
use crate::panel::session::Visit;
use crate::panel::times;
use crate::state::App;

/// Contacts a page.
pub const PAGE: usize = 50;
/// A list of more contacts is not put in the order of addresses: the ledger keeps them encrypted, and all would have to be
/// read for one page.
const MOST_SORTED: i64 = 1_000;

/// A list: contacts of one outcome, or the changes that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum List {
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
    /// The list of this word; the first one for any other.
    pub fn of(word: &str) -> Self {
        let known = LISTS.into_iter().find(|list| list.word() == word);
        known.unwrap_or(LISTS[0])
    }

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

/// In which order a list is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By the last change.
    Time(ListOrder),
    /// By the address.
    Address,
}

/// The orders, each with its word.
const ORDERS: [(Order, &str); 3] = [
    (Order::Time(ListOrder::Newest), "newest"),
    (Order::Time(ListOrder::Oldest), "oldest"),
    (Order::Address, "address"),
];

impl Order {
    fn of(word: &str) -> Self {
        let known = ORDERS.into_iter().find(|(_, name)| *name == word);
        known.map_or(ORDERS[0].0, |(order, _)| order)
    }

    fn word(self) -> &'static str {
        let known = ORDERS.into_iter().find(|(order, _)| *order == self);
        known.map_or("", |(_, word)| word)
    }

    fn title(self, words: Words) -> &'static str {
        match self {
            Self::Time(ListOrder::Newest) => words.say("contacts.order-newest"),
            Self::Time(ListOrder::Oldest) => words.say("contacts.order-oldest"),
            Self::Address => words.say("contacts.order-address"),
        }
    }
}

/// Which part of which list is asked for.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    pub list: String,
    #[serde(default)]
    pub order: String,
    #[serde(default)]
    pub after: String,
    /// In place of `after`: where the page that was shown begins.
    #[serde(default)]
    pub before: String,
}

/// One row of a list.
pub struct Row {
    /// The address, or what the record is called whose address is not known.
    pub name: String,
    /// The contact, where it is known.
    pub hash: Option<AddrHash>,
    /// Why it stands where it does.
    pub why: String,
    /// Its last change.
    pub at: i64,
}

/// A page of a list, and where the ones beside it begin.
pub struct Part {
    pub rows: Vec<Row>,
    previous: Option<String>,
    pub next: Option<String>,
}

/// The page.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let words = visit.words;
    let list = List::of(&asked.list);
    let (part, counts) = tokio::try_join!(read(&app, &visit, &asked, PAGE), async {
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
        section {
            h2 { (list.title(words)) }
            p { (list.meaning(words)) }
            @if part.rows.is_empty() {
                p { (words.say("contacts.nobody")) }
            } @else {
                (orders(&visit, list, &asked, many(list)))
                (table(&visit, list.title(words), &part.rows))
                (beside(&visit, list, &asked, &part))
            }
        }
    };
    Ok(layout::page(
        &visit,
        Head::new("contacts", words.say("contacts.title")),
        content,
    ))
}

/// The orders that the list may be shown in, and the list as a file.
fn orders(visit: &Visit, list: List, asked: &Asked, many: i64) -> Markup {
    let words = visit.words;
    let chosen = Order::of(&asked.order);
    let is_offered = |order: Order| order != Order::Address || many <= MOST_SORTED;
    html! {
        div.list-tools {
            @if list != List::Waiting {
                nav aria-label=(words.say("contacts.order")) {
                    span.soft aria-hidden="true" { (words.say("contacts.order")) }
                    ul {
                        @for (order, word) in ORDERS {
                            @if is_offered(order) {
                                li {
                                    a href=(visit.link(&format!("contacts?list={}&order={word}", list.word())))
                                        aria-current=[(order == chosen).then_some("true")] { (order.title(words)) }
                                }
                            }
                        }
                    }
                }
                @if !is_offered(Order::Address) { p.hint { (words.fill("contacts.order-too-many", &[("n", &words.number(MOST_SORTED))])) } }
            }
            (visit.form("contacts/file", html! {
                input type="hidden" name="list" value=(list.word());
                input type="hidden" name="order" value=(chosen.word());
                button.quiet type="submit" { (words.say("contacts.file")) }
            }))
        }
    }
}

/// The ways to the pages beside the one that is shown.
fn beside(visit: &Visit, list: List, asked: &Asked, part: &Part) -> Markup {
    let words = visit.words;
    let mut base = format!("contacts?list={}", list.word());
    let order = Order::of(&asked.order);
    if order != ORDERS[0].0 {
        base = format!("{base}&order={}", order.word());
    }
    html! {
        @if part.previous.is_some() || part.next.is_some() {
            p.actions {
                @if let Some(previous) = &part.previous {
                    a.button.quiet href=(visit.link(&base)) { (words.say("contacts.first")) }
                    a.button.quiet href=(visit.link(&format!("{base}&before={previous}"))) { (words.say("contacts.previous")) }
                }
                @if let Some(next) = &part.next {
                    a.button.quiet href=(visit.link(&format!("{base}&after={next}"))) { (words.say("contacts.next")) }
                }
            }
        }
    }
}

/// The search for an address, its beginning or its domain. It is posted, so that the address is written to no log and no history of a browser.
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
                (parts::input(words, field, "search", value))
                button type="submit" { (words.say("contacts.find")) }
            }))
        }
    }
}

/// A page of a list.
///
/// # Errors
/// When the ledger cannot be asked.
pub async fn read(app: &App, visit: &Visit, asked: &Asked, page: usize) -> Result<Part, Error> {
    let List::Of(outcome) = List::of(&asked.list) else {
        return waiting(app, visit, &asked.after, page).await;
    };
    match Order::of(&asked.order) {
        Order::Time(order) => by_time(app, visit, outcome, order, asked, page).await,
        Order::Address => by_address(app, visit, outcome, asked, page).await,
    }
}

async fn by_time(
    app: &App,
    visit: &Visit,
    outcome: Outcome,
    order: ListOrder,
    asked: &Asked,
    page: usize,
) -> Result<Part, Error> {
    let most = i64::try_from(page + 1).unwrap_or(i64::MAX);
    let list = async |order, behind| {
        let store = &app.store;
        store
            .contacts_of_outcome(visit.shop.id, outcome, order, behind, most)
            .await
    };
    let after = place_of(&asked.after);
    let (contacts, has_previous, has_next) = if let Some(before) = place_of(&asked.before) {
        let mut contacts = list(order.reversed(), Some(before)).await?;
        let more = contacts.len() > page;
        contacts.truncate(page);
        contacts.reverse();
        (contacts, more, true)
    } else {
        let mut contacts = list(order, after).await?;
        let more = contacts.len() > page;
        contacts.truncate(page);
        (contacts, after.is_some(), more)
    };
    let place = |contact: &Contact| format!("{}.{}", contact.updated_at, contact.hash.to_hex());
    Ok(Part {
        previous: contacts.first().filter(|_| has_previous).map(place),
        next: contacts.last().filter(|_| has_next).map(place),
        rows: rows_of(app, visit, contacts).await?,
    })
}

/// Where a contact stands in a list by time: `millis.hash`.
fn place_of(text: &str) -> Option<ListPlace> {
    let (at, hash) = text.split_once('.')?;
    Some(ListPlace {
        at: at.parse().ok()?,
        hash: AddrHash::from_hex(hash)?,
    })
}

/// All contacts of a list that is not too long are read, decrypted and put in order; a page is named by its first number.
async fn by_address(
    app: &App,
    visit: &Visit,
    outcome: Outcome,
    asked: &Asked,
    page: usize,
) -> Result<Part, Error> {
    let (shop, order) = (visit.shop.id, ListOrder::Newest);
    let mut contacts = app
        .store
        .contacts_of_outcome(shop, outcome, order, None, MOST_SORTED)
        .await?;
    sort_by_address(&mut contacts);
    let from = asked.after.parse().or_else(|_| asked.before.parse()).unwrap_or(0);
    slice(app, visit, contacts, from, page).await
}

/// Puts contacts in the order of their addresses.
pub fn sort_by_address(contacts: &mut [Contact]) {
    contacts.sort_by_cached_key(|contact| contact.address.as_deref().map(str::to_lowercase));
}

/// Contacts from a number on, and where the pages beside them begin.
pub async fn slice(
    app: &App,
    visit: &Visit,
    contacts: Vec<Contact>,
    from: usize,
    page: usize,
) -> Result<Part, Error> {
    let next = from.saturating_add(page);
    let has_next = contacts.len() > next;
    let shown = contacts.into_iter().skip(from).take(page).collect();
    Ok(Part {
        previous: (from > 0).then(|| from.saturating_sub(page).to_string()),
        next: has_next.then(|| next.to_string()),
        rows: rows_of(app, visit, shown).await?,
    })
}

/// Contacts as rows, each with why it stands where it does.
async fn rows_of(app: &App, visit: &Visit, contacts: Vec<Contact>) -> Result<Vec<Row>, Error> {
    let (shop, words) = (visit.shop.id, visit.words);
    let problems = problems(app, visit, &contacts).await?;
    let hashes: Vec<AddrHash> = contacts.iter().map(|contact| contact.hash).collect();
    let histories = app.store.histories(shop, &hashes).await?;
    let mut records: HashMap<AddrHash, Vec<Record>> = HashMap::new();
    for record in app.store.records_of(shop, &hashes).await? {
        records.entry(record.hash).or_default().push(record);
    }
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
        let own = records.get(&contact.hash).map(Vec::as_slice).unwrap_or_default();
        let problem = problems.get(&contact.hash);
        let grounds = Grounds::new(&contact, &timeline, problem, config.as_ref(), own);
        Row {
            why: desk::story::why(&grounds, words),
            hash: Some(contact.hash),
            at: contact.updated_at,
            name: contact.address.unwrap_or_default(),
        }
    });
    Ok(rows.collect())
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

async fn waiting(app: &App, visit: &Visit, after: &str, page: usize) -> Result<Part, Error> {
    let (shop, words) = (visit.shop.id, visit.words);
    let most = i64::try_from(page + 1).unwrap_or(i64::MAX);
    let mut entries = app.store.waiting_after(shop, place(after), most).await?;
    let more = entries.len() > page;
    entries.truncate(page);
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

/// Rows with why each stands where it does, under a name.
pub fn table(visit: &Visit, title: &str, rows: &[Row]) -> Markup {
    let words = visit.words;
    let (contact, why, since) = (
        words.say("contacts.contact"),
        words.say("contacts.why"),
        words.say("contacts.since"),
    );
    let columns = [Column::Text(contact), Column::Text(why), Column::Time(since)];
    let rows = html! {
        @for row in rows {
            tr {
                th scope="row" {
                    @match row.hash {
                        Some(hash) => a href=(visit.link(&page_of(hash, ""))) { (parts::address_line(&row.name)) },
                        None => (row.name),
                    }
                }
                (parts::line_cell(why, &row.why))
                (parts::time_cell(since, html! { (times::moment(words, row.at)) }))
            }
        }
    };
    parts::table(title, &columns, rows)
}
