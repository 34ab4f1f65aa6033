//! The brake's question: what a run or the look at SARE's statuses would do, in numbers and examples, and the answer.

use std::collections::HashSet;

use engine::Body;
use maud::{Markup, html};
use store::{Contact, ContactFilter, DirtyKey, Reason, Run, RunState};
use sync_core::RecordKey;
use sync_core::consent::Status;

use super::groups::record;
use crate::error::Error;
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// Examples shown, and how many entries are looked through for those who are mailed now.
const EXAMPLES: usize = 8;
const LOOKED_AT: i64 = 200;

/// One that would be affected.
struct Example {
    key: DirtyKey,
    contact: Option<Contact>,
    is_missing: bool,
}

/// The question; `None` when nothing is braked.
pub async fn question(app: &App, visit: &Visit) -> Result<Option<Markup>, Error> {
    let shop = visit.shop.id;
    let lane = engine::standing(&app.store, shop).await?;
    let run = app
        .store
        .active_run(shop)
        .await?
        .filter(|run| run.state == RunState::Braked);
    let by_run = match &run {
        Some(run) => Some(of_run(app, visit, run).await?),
        None => None,
    };
    let by_poll = if lane.poll_waits {
        Some(of_poll(app, visit).await?)
    } else {
        None
    };
    if by_run.is_none() && by_poll.is_none() {
        return Ok(None);
    }
    let words = visit.words;
    let buttons = html! {
        div.actions {
            button type="submit" name="answer" value="go" { (words.say("brake.go")) }
            button.quiet type="submit" name="answer" value="stop" { (words.say("brake.stop")) }
        }
        p.hint { (words.say("brake.stop-hint")) }
    };
    Ok(Some(html! {
        section.cause.warn id="brake" {
            h2 { (words.say("brake.title")) }
            p { (words.say("brake.why")) }
            @if let Some(by_run) = by_run { (by_run) }
            @if let Some(by_poll) = by_poll { (by_poll) }
            (visit.form("problems/brake", buttons))
        }
    }))
}

async fn of_run(app: &App, visit: &Visit, run: &Run) -> Result<Markup, Error> {
    let words = visit.words;
    let body = Body::parse(&run.body);
    let counts = app.store.counts(visit.shop.id).await?;
    let examples = examples(app, visit, run.id).await?;
    let (unmailable, gone) = (body.statement.unmailable, body.statement.gone);
    let all = counts.contacts.max(unmailable).max(1);
    let share = words.fill("brake.percent", &[("n", &(100 * unmailable / all).max(1))]);
    Ok(html! {
        p { strong { (words.run_kind(run.kind)) } }
        ul {
            @if unmailable > 0 {
                li { strong { (words.count_with("brake.unmailable", unmailable, &[("all", &words.number(all)), ("share", &share)])) } }
            }
            @if gone > 0 { li { (words.count("brake.gone", gone)) } }
        }
        (list(visit, &examples))
    })
}

async fn of_poll(app: &App, visit: &Visit) -> Result<Markup, Error> {
    let words = visit.words;
    let found = app.store.count_poll_found(visit.shop.id).await?;
    let few = i64::try_from(EXAMPLES).unwrap_or(i64::MAX);
    let contacts = app
        .store
        .contacts_after(visit.shop.id, None, few, ContactFilter::PollFound)
        .await?;
    let examples: Vec<Example> = contacts
        .into_iter()
        .map(|contact| Example {
            key: DirtyKey::Address(contact.hash),
            contact: Some(contact),
            is_missing: false,
        })
        .collect();
    Ok(html! {
        p { (words.count("brake.poll", found)) }
        (list(visit, &examples))
    })
}

/// Those held back who are mailed now come first: about them is the question.
async fn examples(app: &App, visit: &Visit, run: i64) -> Result<Vec<Example>, Error> {
    let shop = visit.shop.id;
    let held = app.store.held(shop, run, LOOKED_AT).await?;
    let keys: Vec<RecordKey> = held
        .iter()
        .filter_map(|(key, _)| match key {
            DirtyKey::Record(key) => Some(*key),
            DirtyKey::Address(_) => None,
        })
        .collect();
    let records = app.store.records(shop, &keys).await?;
    let hash_of = |key: &DirtyKey| match key {
        DirtyKey::Record(key) => records.get(key).map(|record| record.hash),
        DirtyKey::Address(hash) => Some(*hash),
    };
    let hashes: Vec<_> = held.iter().filter_map(|(key, _)| hash_of(key)).collect();
    let contacts = app.store.contacts(shop, &hashes).await?;
    let mut examples: Vec<Example> = held
        .iter()
        .map(|(key, reason)| Example {
            key: *key,
            contact: hash_of(key).and_then(|hash| contacts.get(&hash).cloned()),
            is_missing: *reason == Reason::Missing,
        })
        .collect();
    let is_mailed = |one: &Example| {
        one.contact
            .as_ref()
            .is_some_and(|c| c.sare_status() == Some(Status::Confirmed))
    };
    examples.sort_by_key(|one| (!is_mailed(one), !one.is_missing));
    // Whoever is a customer and a subscriber is held back twice, and is one person.
    let mut seen = HashSet::new();
    examples.retain(|one| {
        one.contact
            .as_ref()
            .is_none_or(|contact| seen.insert(contact.hash))
    });
    examples.truncate(EXAMPLES);
    Ok(examples)
}

fn list(visit: &Visit, examples: &[Example]) -> Markup {
    let words = visit.words;
    if examples.is_empty() {
        return parts::notice(Tone::Info, html! { p { (words.say("brake.no-examples")) } });
    }
    html! {
        p { (words.say("brake.examples")) }
        ul.links {
            @for one in examples {
                li {
                    @match &one.contact {
                        Some(contact) => a href=(visit.link(&format!("contacts/{}", contact.hash.to_hex()))) {
                            (parts::address(contact.address.as_deref().unwrap_or_else(|| words.say("problems.no-address"))))
                        },
                        None => @match one.key {
                            DirtyKey::Record(key) => (record(words, key.kind, key.id)),
                            DirtyKey::Address(_) => (words.say("problems.no-address")),
                        },
                    }
                    @if one.is_missing { " " span.soft { (words.say("brake.missing")) } }
                }
            }
        }
    }
}
