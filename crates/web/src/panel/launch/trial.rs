//! Ten contacts chosen for a trial, with what SARE would get of each; sent when the merchant says so.

use axum::extract::{Query, State};
use axum::response::Response;
use desk::Candidate;
use engine::Pile;
use maud::{Markup, html};
use serde::Deserialize;
use store::{AddrHash, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::RecordKind;
use sync_core::config::Config;
use texts::Words;

use super::data::{self, PageData, Stage};
use super::hold_a_while;
use crate::panel::closed::Closed;
use crate::panel::groups::GroupNames;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone, fetched, notice};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// Contacts of a trial.
pub const TEN: usize = 10;
/// Most records that ten contacts are expected to have.
const MOST_RECORDS: usize = 40;

/// What is asked of the page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Choose at once: no script fetches the ten.
    ask: Option<String>,
}

/// The page, which has the ten chosen once it is there: that takes some seconds of asking the shop.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Closed> {
    let words = visit.words;
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let Some(data) = data.filter(|data| data.stage == Stage::Before) else {
        return Ok(visit.redirect("launch"));
    };
    hold_a_while(&app, &visit)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = match asked.ask {
        Some(_) => choose(&app, &visit, &data.config).await,
        None => html! {
            (fetched(&visit, "launch/trial/ten", "launch/trial?ask=yes", words.say("launch.choosing"), words.say("launch.try-do")))
        },
    };
    Ok(layout::page(
        &visit,
        Head::new("launch", words.say("launch.trial-title")),
        content,
    ))
}

/// The ten, as a piece of the page.
pub async fn ten(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let data = PageData::load(&app, &visit.shop)
        .await
        .map_err(|error| visit.closed(error))?;
    let content = match data.filter(|data| data.stage == Stage::Before) {
        Some(data) => choose(&app, &visit, &data.config).await,
        None => back(&visit),
    };
    Ok(layout::piece(&visit, content))
}

async fn choose(app: &App, visit: &Visit, config: &Config) -> Markup {
    let words = visit.words;
    match desk::choose(&app.engine, &visit.shop, config, TEN).await {
        Ok(people) if people.is_empty() => html! {
            (notice(Tone::Info, html! { p { (words.say("launch.trial-nobody")) } }))
            (back(visit))
        },
        Ok(people) => {
            let names = GroupNames::known(app, visit, config).await;
            chosen(visit, &people, &names)
        }
        Err(error) => html! {
            (away(words, &error))
            (back(visit))
        },
    }
}

/// Why contacts cannot be shown now.
pub fn away(words: Words, error: &desk::Error) -> Markup {
    tracing::debug!(%error, "a trial cannot be shown now");
    let text = match error {
        desk::Error::NoAccess | desk::Error::BadShopUrl(_) => words.say("launch.trial-no-access"),
        desk::Error::NoKey
        | desk::Error::BadUid(_)
        | desk::Error::Sare(sare_api::Error::Unauthorized { .. }) => words.say("launch.sare-refused"),
        desk::Error::Sare(_) => words.say("launch.trial-sare-away"),
        desk::Error::Shop(_) | desk::Error::Store(_) => words.say("launch.trial-shop-away"),
    };
    notice(Tone::Warn, html! { p { (text) } })
}

/// The way back to the launch page.
pub fn back(visit: &Visit) -> Markup {
    html! { p { a href=(visit.link("launch")) { (visit.words.say("launch.back")) } } }
}

fn chosen(visit: &Visit, people: &[Candidate], names: &GroupNames) -> Markup {
    let words = visit.words;
    let sendable = people.iter().filter(|one| one.step.writes());
    let form = html! {
        @for one in sendable {
            input type="hidden" name="contact" value=(one.hash.to_hex());
            @for key in &one.records { input type="hidden" name="record" value=(DirtyKey::Record(*key).encode()); }
        }
        button type="submit" { (words.say("launch.trial-send")) }
    };
    let count = i64::try_from(people.len()).unwrap_or(0);
    html! {
        p { (words.count("launch.trial-intro", count)) }
        div.step { (visit.form("launch/trial", form)) }
        (back(visit))
        @for one in people { (card(words, one, names)) }
    }
}

fn card(words: Words, one: &Candidate, names: &GroupNames) -> Markup {
    let pile = Pile::of(one.step).map(Pile::word).unwrap_or_default();
    let records: Vec<&str> = one
        .records
        .iter()
        .map(|key| match key.kind {
            RecordKind::Customer => words.say("launch.is-customer"),
            RecordKind::Subscriber => words.say("launch.is-subscriber"),
        })
        .collect();
    html! {
        section {
            h2 { (parts::address(one.email.as_str())) }
            dl {
                dt { (words.say("launch.in-shop")) }
                dd {
                    (records.join(", ")) "; "
                    @if one.consents { (words.say("launch.consents")) } @else { (words.say("launch.does-not-consent")) }
                }
                dt { (words.say("launch.in-sare")) }
                dd {
                    @match one.status {
                        Some(status) => (words.status(status)),
                        None => (words.say("launch.not-in-sare")),
                    }
                }
                dt { (words.say("launch.will-be")) }
                dd { strong { (words.say_word("launch.pile", pile)) } }
                @if one.step.writes() {
                    dt { (words.say("launch.group")) }
                    dd { (names.all(&one.groups)) }
                    @for target in one.traits.targets() {
                        dt { (parts::field_name(words, &target)) }
                        dd {
                            @match one.traits.get(&target).unwrap_or_default() {
                                "" => span.soft { (words.say("launch.emptied")) },
                                value => (value),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Has the chosen ones sent before everybody else.
pub async fn send(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let closed = |error| visit.closed(error);
    let data = PageData::load(&app, &visit.shop).await.map_err(closed)?;
    if data.is_none_or(|data| data.stage != Stage::Before) {
        return Ok(visit.redirect("launch"));
    }
    let contacts: Vec<AddrHash> = fields
        .all("contact")
        .into_iter()
        .filter_map(AddrHash::from_hex)
        .take(TEN)
        .collect();
    let now = app.now();
    let marks: Vec<DirtyMark> = fields
        .all("record")
        .into_iter()
        .filter_map(DirtyKey::decode)
        .filter(|key| matches!(key, DirtyKey::Record(_)))
        .take(MOST_RECORDS)
        .map(|key| DirtyMark {
            key,
            due_at: now,
            priority: Priority::Trial,
            reason: Reason::Manual,
            held_by: None,
        })
        .collect();
    if marks.is_empty() || contacts.is_empty() {
        return Ok(visit.redirect("launch/trial"));
    }
    hold_a_while(&app, &visit).await.map_err(closed)?;
    app.store
        .mark_dirty(visit.shop.id, &marks, now)
        .await
        .map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    Ok(visit.redirect(&data::address_of_arrived(&contacts)))
}
