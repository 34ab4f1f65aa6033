//! One contact's story: a sentence first, then the three columns, the consent, everything that happened, what is wrong.
//!
//! The page shows at once what the ledger knows; what both services say at this moment is fetched by the page itself,
//! once, since every such question takes of the services' limits.

use axum::extract::{Query, State};
use axum::response::Response;
use desk::story::{self, ColumnName, InShop, Ledger, Story};
use maud::{Markup, html};
use serde::Deserialize;
use store::{AddrHash, Contact, DirtyKey, HistoryEntry, Shop};
use sync_core::config::Config;
use sync_core::{Email, HistoryKind};
use texts::Words;

use super::{Named, find, page_of};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::groups::GroupNames;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// What waits no longer than this is worked on now.
const SOON_MS: i64 = 60_000;

/// A service's rest that is not worth telling.
const A_MOMENT_MS: i64 = 5_000;

/// Events that are about consent.
const CONSENT: &[HistoryKind] = &[
    HistoryKind::WithdrawnInShop,
    HistoryKind::OptedInInShop,
    HistoryKind::ChangedInSare,
    HistoryKind::RefusedInSare,
    HistoryKind::AlreadyRefused,
    HistoryKind::VanishedFromSare,
    HistoryKind::ResubscribedInSare,
    HistoryKind::RefusalFollowed,
    HistoryKind::UnsubscribedInSare,
    HistoryKind::AskedAgain,
    HistoryKind::ConfirmedInSare,
    HistoryKind::SwitchedOffInShop,
];

/// What is asked of the page beside the contact.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    ask: String,
}

/// What the page is made of.
struct PageData {
    ledger: Ledger,
    now: i64,
    /// The person was just sent on their way, and the ledger does not know them yet.
    expected: bool,
    /// Until when one of the services is left alone, because it did not answer or asked for patience.
    rests_until: Option<i64>,
}

impl PageData {
    async fn load(app: &App, visit: &Visit, hash: AddrHash, asked: &Asked) -> Result<Self, Closed> {
        let ledger = Ledger::read(&app.store, visit.shop.id, hash)
            .await
            .map_err(|error| visit.closed(error))?;
        let expected = asked.done == "sync" && ledger.contact.is_none();
        if ledger.is_empty() && !expected {
            return Err(visit.closed(Error::NoSuchContact));
        }
        let lane = engine::standing(&app.store, visit.shop.id).await;
        let lane = lane.map_err(|error| visit.closed(error))?;
        let now = app.now();
        let until = lane.sare.rests_until.max(lane.shop.rests_until);
        let rests_until = (until > now + A_MOMENT_MS).then_some(until);
        Ok(Self {
            ledger,
            now,
            expected,
            rests_until,
        })
    }

    fn address(&self) -> Option<&str> {
        self.ledger.contact.as_ref()?.address.as_deref()
    }

    /// Something is about to happen to the contact.
    fn is_busy(&self, shop: &Shop) -> bool {
        let held = shop.held_until(self.now).is_some();
        let soon = |at: i64| at <= self.now + SOON_MS;
        let due = self.ledger.waiting.iter().any(|w| !w.is_held && soon(w.due_at));
        let waits = self.ledger.waits_for().is_some();
        !shop.paused && !held && !waits && self.rests_until.is_none() && (self.expected || due)
    }
}

/// The page.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Named(hash): Named,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit, hash, &asked).await?;
    let words = visit.words;
    let mut state = page_of(hash, "state");
    if data.expected {
        state.push_str("?done=sync");
    }
    let is_erased = data.ledger.contact.is_some() && data.address().is_none();
    let title = data.address().unwrap_or(words.say("contacts.unnamed")).to_owned();
    let columns = if asked.ask == "yes" {
        Some(live(&app, &visit, &data).await)
    } else {
        None
    };
    let content = html! {
        div data-live=(visit.link(&state)) data-then-reload="" { (current(&visit, &data)) }
        @if !is_erased && !data.expected {
            (actions(&visit, hash))
            @match columns {
                Some(columns) => (columns),
                None => (parts::fetched(
                    &visit, &page_of(hash, "now"), &format!("{}?ask=yes", page_of(hash, "")),
                    words.say("contacts.asking"), words.say("contacts.ask"),
                )),
            }
            @if let Some(contact) = &data.ledger.contact { (past(words, contact, &data.ledger)) }
        }
        p { a href=(visit.link("contacts")) { (words.say("contacts.back")) } }
    };
    let head = Head::new("contacts", &title);
    let head = if data.is_busy(&visit.shop) {
        head.changing()
    } else {
        head
    };
    Ok(layout::page(&visit, head, content))
}

/// The part that changes by itself.
pub async fn state(
    State(app): State<App>,
    visit: Visit,
    Named(hash): Named,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit, hash, &asked).await?;
    Ok(layout::piece(&visit, current(&visit, &data)))
}

/// What both services say at this moment.
pub async fn now(State(app): State<App>, visit: Visit, Named(hash): Named) -> Result<Response, Closed> {
    let asked = Asked {
        done: String::new(),
        ask: String::new(),
    };
    let data = PageData::load(&app, &visit, hash, &asked).await?;
    Ok(layout::piece(&visit, live(&app, &visit, &data).await))
}

/// Has the contact looked at now. One that SARE refused is sent again though nothing changed.
pub async fn sync(
    State(app): State<App>,
    Named(hash): Named,
    Posted { visit, .. }: Posted,
) -> Result<Response, Closed> {
    let ledger = Ledger::read(&app.store, visit.shop.id, hash)
        .await
        .map_err(|error| visit.closed(error))?;
    if ledger.is_empty() {
        return Err(visit.closed(Error::NoSuchContact));
    }
    for problem in &ledger.problems {
        app.store
            .problem_retry(visit.shop.id, Some(&problem.key), app.now())
            .await
            .map_err(|error| visit.closed(error))?;
    }
    let mut keys: Vec<DirtyKey> = ledger
        .records
        .iter()
        .map(|record| DirtyKey::Record(record.key))
        .collect();
    if keys.is_empty() {
        keys.push(DirtyKey::Address(hash));
    }
    find::mark(&app, &visit, &keys).await?;
    Ok(visit.redirect(&page_of(hash, "")))
}

fn current(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let Some(contact) = &data.ledger.contact else {
        return html! {
            p.lead role="status" data-busy[data.is_busy(&visit.shop)] { (words.say("contacts.coming")) }
            (stopped(visit, data))
        };
    };
    if contact.address.is_none() {
        return html! { p.lead { (words.say("contacts.is-erased")) } };
    }
    let config = visit.config();
    html! {
        p.lead { (story::gist(&data.ledger, config.as_ref(), None, words)) }
        (waiting(visit, data))
        (stopped(visit, data))
        @for problem in &data.ledger.problems {
            (parts::notice(if problem.is_final { Tone::Bad } else { Tone::Warn }, html! {
                p { (story::problem_sentence(problem, words)) }
            }))
        }
    }
}

/// What was: the person's words on consent, and all that happened.
fn past(words: Words, contact: &Contact, ledger: &Ledger) -> Markup {
    html! {
        (consent(words, contact, ledger))
        section {
            h2 { (words.say("contacts.history")) }
            @if ledger.history.is_empty() {
                p { (words.say("contacts.no-history")) }
            } @else {
                (lanes(words, &ledger.history))
                @if ledger.is_full() { p.soft { (words.say("contacts.history-full")) } }
            }
        }
    }
}

/// What waits for its turn, and when that is.
fn waiting(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let next = data
        .ledger
        .waiting
        .iter()
        .filter(|w| !w.is_held)
        .map(|w| w.due_at)
        .min();
    html! {
        @if data.is_busy(&visit.shop) {
            p role="status" data-busy="" { (words.say("contacts.working")) }
        } @else if let Some(why) = data.ledger.waits_for() {
            (parts::notice(Tone::Info, html! {
                p { (words.say("contacts.waits")) " " (words.problem(why).cause) " " a href=(visit.link("problems")) { (words.say("contacts.waits-see")) } }
            }))
        } @else if let (Some(_), Some(until)) = (next, data.rests_until) {
            (parts::notice(Tone::Info, html! {
                p { (words.fill("contacts.rests", &[("at", &words.moment(until))])) }
            }))
        } @else if let Some(at) = next {
            p role="status" {
                @if at > data.now {
                    (words.fill("contacts.again-at", &[("at", &words.moment(at))]))
                } @else {
                    (words.say("contacts.noted"))
                }
            }
        } @else if !data.ledger.waiting.is_empty() {
            p role="status" { (words.say("contacts.held")) }
        }
    }
}

/// Why nothing of the shop goes on.
fn stopped(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let held = visit.shop.held_until(data.now).is_some();
    html! {
        @if visit.shop.paused {
            (parts::notice(Tone::Warn, html! { p { (words.say("contacts.paused")) } }))
        } @else if held && !data.ledger.waiting.is_empty() {
            (parts::notice(Tone::Info, html! { p { (words.say("contacts.before-first")) } }))
        }
    }
}

fn consent(words: Words, contact: &Contact, ledger: &Ledger) -> Markup {
    let timeline = ledger.timeline();
    let seen = contact.sare.map(|seen| {
        let (status, at) = (words.status_in_full(seen.status), words.moment(seen.at));
        words.fill("contacts.status-seen", &[("status", &status), ("at", &at)])
    });
    let consented = story::consent_sentence(contact, &timeline, words);
    // Of a withdrawal both say the same.
    let is_told = |refused: &String| {
        consented
            .as_ref()
            .is_some_and(|said| said.contains(refused.as_str()))
    };
    let refused = story::refusal_sentence(contact, &timeline, words).filter(|refused| !is_told(refused));
    let has_events = ledger.history.iter().any(|entry| CONSENT.contains(&entry.kind));
    html! {
        section {
            h2 { (words.say("contacts.consent")) }
            @for line in consented.iter().chain(&refused).chain(&seen) { p { (line) } }
            @if !has_events { p.soft { (words.say("contacts.no-consent-events")) } }
        }
    }
}

/// All that happened, the newest first: in the shop on the one side, in SARE on the other. What the person said of
/// consent stands out.
fn lanes(words: Words, entries: &[HistoryEntry]) -> Markup {
    let (shop, sare) = (words.say("overview.shop"), "SARE");
    html! {
        p.lane-names aria-hidden="true" { span { (shop) } span { (sare) } }
        ol.lanes {
            @for entry in entries {
                @let in_shop = is_of_the_shop(&entry.kind);
                li.shop[in_shop].consent[CONSENT.contains(&entry.kind)] {
                    span.soft.time { (words.moment(entry.at)) }
                    span.side { " " (if in_shop { shop } else { sare }) ": " }
                    span.what { (story::entry(entry, words)) }
                }
            }
        }
    }
}

/// It happened in the shop; all else did in SARE.
fn is_of_the_shop(kind: &HistoryKind) -> bool {
    matches!(
        kind,
        HistoryKind::SwitchedOffInShop
            | HistoryKind::WithdrawnInShop
            | HistoryKind::OptedInInShop
            | HistoryKind::InactiveRowVetoes
            | HistoryKind::ConsentNotSaid
            | HistoryKind::ConsentDecided
            | HistoryKind::DoubtOver
    )
}

fn actions(visit: &Visit, hash: AddrHash) -> Markup {
    let words = visit.words;
    html! {
        div.actions.bar role="group" aria-label=(words.say("contacts.actions")) {
                (visit.form(&page_of(hash, "sync"), html! { button type="submit" { (words.say("contacts.sync")) } }))
                a.button.quiet href=(visit.link(&page_of(hash, "proof"))) { (words.say("contacts.proof")) }
                a.button.quiet href=(visit.link(&page_of(hash, "erase"))) { (words.say("contacts.erase")) }
        }
        p.hint { (words.say("contacts.sync-hint")) }
    }
}

/// Asks both services, side by side.
async fn live(app: &App, visit: &Visit, data: &PageData) -> Markup {
    let (shop, words) = (&visit.shop, visit.words);
    let Some(email) = data.address().and_then(|text| Email::parse(text).ok()) else {
        return html! {};
    };
    let config = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
    let config = config.map(|parsed| parsed.config);
    let sare = async {
        match &config {
            Some(config) => story::in_sare(&app.engine, shop, config, &email).await,
            None => Err(desk::Error::NoKey),
        }
    };
    let (in_shop, in_sare) = tokio::join!(
        InShop::read(&app.engine, shop, config.as_ref(), &email, &data.ledger.records),
        sare
    );
    let told = Story {
        shop,
        email: &email,
        config: config.as_ref(),
        ledger: &data.ledger,
        in_shop: in_shop.as_ref(),
        in_sare: in_sare.as_ref().map(Option::as_ref),
        known: data.ledger.known(&app.engine),
    };
    let groups = match &config {
        Some(config) => GroupNames::known(app, visit, config).await,
        None => GroupNames::of(None),
    };
    columns(words, &told, &groups)
}

/// Groups' numbers, as a column tells them, by name.
fn named(groups: &GroupNames, numbers: &str) -> String {
    let names = numbers.split(", ").map(|number| {
        number
            .parse()
            .map_or_else(|_| number.to_owned(), |id| groups.one(id))
    });
    names.collect::<Vec<_>>().join(", ")
}

fn columns(words: Words, told: &Story<'_>, groups: &GroupNames) -> Markup {
    let title = words.say("contacts.columns");
    html! {
        section {
            h2 { (title) }
            @for line in told.away(words).into_iter().chain(told.unnoticed(words).map(str::to_owned)) {
                (parts::notice(Tone::Warn, html! { p { (line) } }))
            }
            @for line in told.shop_sentence(words).into_iter().chain(told.sare_sentence(words)) { p { (line) } }
            @if let Some(contact) = &told.ledger.contact {
                @match told.is_as_sent(contact) {
                    Some(true) => p { (words.say("contacts.as-sent")) },
                    Some(false) => p { strong { (words.say("contacts.not-as-sent")) } },
                    None => {},
                }
                @if let Some(next) = told.next_sentence(words) { p { (next) } }
            }
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table.stacks {
                    caption.unseen { (title) }
                    thead {
                        tr {
                            th scope="col" { (words.say("contacts.field")) }
                            th scope="col" { (words.say("contacts.in-shop")) }
                            th scope="col" { (words.say("contacts.last-sent")) }
                            th scope="col" { (words.say("contacts.in-sare")) }
                        }
                    }
                    tbody {
                        @for row in told.columns(words) {
                            tr.differs[row.differs] {
                                th scope="row" {
                                    @match &row.name {
                                        ColumnName::Field(target) => (parts::field_name(words, target)),
                                        other => (other.text(words)),
                                    }
                                    @if row.differs { " " strong.bad { (words.say("contacts.differs")) } }
                                }
                                @for (head, value) in [("contacts.in-shop", &row.shop), ("contacts.last-sent", &row.sent), ("contacts.in-sare", &row.sare)] {
                                    (parts::cell(words.say(head), html! {
                                        @if matches!(row.name, ColumnName::Groups) { (named(groups, value)) } @else { (value) }
                                    }))
                                }
                            }
                        }
                    }
                }
            }
            p.soft { (words.say("contacts.not-kept")) }
        }
    }
}
