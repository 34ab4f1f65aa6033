//! Customers and subscribers: whether and where they go, whose consent counts, which SARE fields they fill, and what
//! all that would do to real contacts before any of it is saved.
//!
//! Two pages of one kind. A page is a form (`form.rs`), which is validated (`validate.rs`), previewed with real contacts
//! (`preview.rs`) and shown (`page.rs`, `rows.rs`, `pieces.rs`). Every button posts the whole form, so that nothing typed
//! is lost; only `save.rs` changes anything. A script asks for `preview` while somebody types; without it the same is
//! had by a button.

mod change;
mod choices;
mod conflict;
mod form;
mod page;
mod pieces;
mod preview;
mod rows;
mod save;
mod section;
mod validate;

use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use desk::Sample;
use maud::html;
use store::SecretName;
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::mapping;

use self::choices::Choices;
use self::form::Form;
use self::page::{Page, Told};
use self::preview::preview_form;
use self::save::{Saved, new_group, parsed, save};
use self::section::Section;
use self::validate::{section_name, validate};
use super::closed::Closed;
use super::connect;
use super::groups::GLANCE;
use super::layout::{self, Head};
use super::session::{Posted, Visit};
use crate::error::Error;
use crate::state::App;

/// What was read of the services longer ago than this is read anew for a page that is opened.
const FRESH_MS: ports::Millis = 2_000;
/// In the page's address: it is not to be shown before the services have spoken or let us wait too long.
const INSIST: &str = "ask=yes";
/// The same: they were waited for, and the page is to be shown as it is.
const ASKED: &str = "asked=yes";

/// The pages' addresses.
pub fn routes() -> Router<App> {
    let pages = [RecordKind::Customer, RecordKind::Subscriber];
    pages.into_iter().fold(Router::new(), |router, kind| {
        let at = format!("/panel/s/{{session}}/{}", section_name(kind));
        router
            .route(
                &at,
                get(async move |app, visit, query| show(kind, app, visit, query).await)
                    .post(async move |app, posted| take(kind, app, posted).await),
            )
            .route(
                &format!("{at}/preview"),
                post(async move |app, posted| preview(kind, app, posted).await),
            )
            .route(
                &format!("{at}/ready"),
                get(async move |app, visit| ready(kind, app, visit).await),
            )
            .route(
                &format!("{at}/numbers"),
                get(async move |app, visit| numbers(kind, app, visit).await),
            )
    })
}

/// The configuration, once the shop is connected to an account.
async fn connected(app: &App, visit: &Visit) -> Result<Option<Config>, Error> {
    let Some(config) = parsed(visit) else {
        return Ok(None);
    };
    let key = app.store.secret(visit.shop.id, SecretName::SareKey).await?;
    Ok(key.map(|_| config))
}

/// The page as it is saved; on a first visit with suggestions.
async fn show(
    kind: RecordKind,
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Closed> {
    let found = connected(&app, &visit).await;
    let Some(config) = found.map_err(|error| visit.closed(error))? else {
        return Ok(visit.redirect("connect"));
    };
    let query = query.unwrap_or_default();
    let says = |what: &str| query.split('&').any(|pair| pair == what);
    if !says(INSIST) && !says(ASKED) {
        // A group or a field that was made a moment ago is there.
        app.cache.ask_again(visit.shop.id, app.now() - FRESH_MS);
    }
    let patience = if says(INSIST) { choices::PATIENCE } else { GLANCE };
    let choices = Choices::ask(&app, &visit, &config, kind, patience).await;
    let section = Section::of(&config, kind);
    // A first visit's suggestions look at what the shop's contacts have.
    let sample = match section.is_untouched() {
        true => Some(sample(kind, &app, &visit, &config, patience).await),
        false => None,
    };
    let is_reading = sample.as_ref().is_some_and(|sample| !sample.is_told());
    if (choices.is_asking || is_reading) && !says(INSIST) && !says(ASKED) {
        visit.tell_later(&app).await?;
        return Ok(asking(kind, &visit, &query));
    }
    let mut form = Form::of(kind, &section, visit.shop.config_version, visit.words.0);
    let mut told = Told::default();
    if let Some(sample) = sample {
        told.is_first_visit = true;
        form.enabled = true;
        suggest(&mut form, &choices, &sample);
        let meant = choices
            .groups()
            .and_then(|groups| meant_group(kind, groups, &visit.shop.host));
        told.proposes_group = meant.is_some();
        form.group = meant.map(|group| group.to_string()).unwrap_or_default();
    }
    if visit.done() == "connected" {
        told.good = Some(connect::success(visit.words, &query));
    }
    if visit.done() == "first" {
        told.good = Some(html! { p { (visit.words.say("mapping.saved-now-subscribers")) } });
    }
    if visit.done() == "same" {
        told.good = Some(html! { p { (visit.words.say("mapping.saved-same")) } });
    }
    if visit.done() == "saved" {
        let cost = cost_of_last(&app, &visit, &choices, &config).await;
        let cost = cost.map_err(|error| visit.closed(error))?;
        told.good = Some(html! {
            p { strong { (visit.words.say("mapping.saved")) } }
            @for sentence in &cost { p { (sentence) } }
            @if !cost.is_empty() { p { (visit.words.say("mapping.saved-going-on")) } }
        });
    }
    let validated = validate(&form, &config, &choices, visit.words);
    let page = Page {
        app: &app,
        visit: &visit,
        form: &form,
        validated: &validated,
        choices: &choices,
        seen: None,
        told,
    };
    Ok(page.answer())
}

/// The page while a service has not answered yet: the form, which cannot do without their groups and fields, follows
/// by itself.
fn asking(kind: RecordKind, visit: &Visit, query: &str) -> Response {
    let words = visit.words;
    let page = section_name(kind);
    let with = |word: &str| match query {
        "" => visit.link(&format!("{page}?{word}")),
        query => visit.link(&format!("{page}?{query}&{word}")),
    };
    let content = html! {
        div data-once=(visit.link(&format!("{page}/ready"))) data-then=(with(ASKED)) {
            p.lead role="status" { (words.say("mapping.asking")) }
            p { a href=(with(INSIST)) { (words.say("mapping.asking-link")) } }
        }
    };
    let head = Head::new(page, page::title(kind, words)).before(with(INSIST));
    layout::page(visit, head, content)
}

/// Answered when the services have spoken, or have let us wait too long.
async fn ready(kind: RecordKind, State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let found = connected(&app, &visit).await;
    if let Some(config) = found.map_err(|error| visit.closed(error))? {
        let is_untouched = Section::of(&config, kind).is_untouched();
        let first = async {
            if is_untouched {
                sample(kind, &app, &visit, &config, choices::PATIENCE).await;
            }
        };
        tokio::join!(
            Choices::ask(&app, &visit, &config, kind, choices::PATIENCE),
            first
        );
    }
    Ok(layout::piece(&visit, html! {}))
}

/// The shop's contacts that suggestions look at, as far as they are read when `patience` ends.
async fn sample(kind: RecordKind, app: &App, visit: &Visit, config: &Config, patience: Duration) -> Sample {
    let shown = |of| preview::shown(0, of);
    app.cache
        .sample(&app.engine, &visit.shop, config, kind, shown, patience)
        .await
}

/// Whether these were the customers, and nothing was said of subscribers yet.
fn is_next_untouched(kind: RecordKind, visit: &Visit) -> bool {
    let subscribers = |config: &Config| Section::of(config, RecordKind::Subscriber).is_untouched();
    kind == RecordKind::Customer && visit.config().as_ref().is_none_or(subscribers)
}

fn suggest(form: &mut Form, choices: &Choices, sample: &Sample) -> usize {
    let properties = choices.properties().unwrap_or_default();
    let rows = mapping::suggest(form.kind, properties, &choices.additional);
    form.suggest(&desk::worth_suggesting(&rows, sample), choices.words().0)
}

/// The group that is meant for these contacts: the one whose whole name says so, where there is exactly one. A name that
/// merely holds the word ("Byli klienci") may mean anybody, and people put in a wrong group get wrong mailings.
fn meant_group(kind: RecordKind, groups: &[(i64, String)], shop: &str) -> Option<i64> {
    let meant: &[&str] = match kind {
        RecordKind::Customer => &[
            "klienci",
            "klienci sklepu",
            "klienci ze sklepu",
            "customers",
            "shop customers",
        ],
        RecordKind::Subscriber => &[
            "subskrybenci",
            "subskrybenci newslettera",
            "subskrybenci sklepu",
            "subscribers",
            "newsletter subscribers",
        ],
    };
    let is_meant = |name: &str| {
        let name = name.trim().to_lowercase();
        let plain = name
            .strip_suffix(&shop.to_lowercase())
            .map_or(name.as_str(), |rest| {
                rest.trim_end_matches([' ', '-', '–', ':', '('])
            });
        meant.contains(&plain)
    };
    let mut named = groups.iter().filter(|(_, name)| is_meant(name));
    match (named.next(), named.next()) {
        (Some((id, _)), None) => Some(*id),
        _ => None,
    }
}

/// What the newest save comes to, beside the one before it.
async fn cost_of_last(
    app: &App,
    visit: &Visit,
    choices: &Choices,
    config: &Config,
) -> Result<Vec<String>, Error> {
    let history = app.store.config_history(visit.shop.id, 2).await?;
    let before = history.get(1).and_then(|saved| Config::parse(&saved.config).ok());
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let lane = engine::standing(&app.store, visit.shop.id).await?;
    if !lane.first_done {
        return Ok(Vec::new());
    }
    change::sentences(app, visit, &lane, choices, &before.config, config).await
}

/// A button of the form was pressed.
async fn take(
    kind: RecordKind,
    State(app): State<App>,
    Posted { mut visit, fields }: Posted,
) -> Result<Response, Closed> {
    let found = connected(&app, &visit).await;
    let Some(config) = found.map_err(|error| visit.closed(error))? else {
        return Ok(visit.redirect("connect"));
    };
    let words = visit.words;
    let mut choices = Choices::ask(&app, &visit, &config, kind, choices::PATIENCE).await;
    let mut form = Form::read(kind, &fields);
    let mut told = Told {
        is_unsaved: true,
        ..Told::default()
    };
    let op = fields.get("op");
    match op.split_once(':').unwrap_or((op, "")) {
        ("save" | "mine", _) => {
            let validated = validate(&form, &config, &choices, words);
            if validated.is_good() {
                let from = match op {
                    "mine" => fields.get("seen").parse().unwrap_or(form.version),
                    _ => form.version,
                };
                let saved = save(&app, &mut visit, kind, &validated, &choices, from).await;
                match saved.map_err(|error| visit.closed(error))? {
                    // Subscribers come after customers, so that nobody forgets them.
                    Saved::First if is_next_untouched(kind, &visit) => {
                        return visit.redirect_done(&app, "subscribers?done=first").await;
                    }
                    Saved::First => return visit.redirect_done(&app, "launch?done=saved").await,
                    Saved::Same => {
                        return visit
                            .redirect_done(&app, &format!("{}?done=same", section_name(kind)))
                            .await;
                    }
                    Saved::Done => {
                        return visit
                            .redirect_done(&app, &format!("{}?done=saved", section_name(kind)))
                            .await;
                    }
                    Saved::Conflict(conflict) => told.conflict = Some(*conflict),
                }
            } else {
                told.with_errors = true;
            }
        }
        ("group", _) => match new_group(&app, &visit, &config, &form.new_group).await {
            Ok((id, word)) => {
                form.group = id.to_string();
                form.new_group = String::new();
                told.good = Some(html! { p { (word) } });
                choices = Choices::ask(&app, &visit, &config, kind, choices::PATIENCE).await;
            }
            Err(why) => told.group_error = Some(why),
        },
        ("refresh", _) => {
            app.cache.ask_again(visit.shop.id, app.now());
            choices = Choices::ask(&app, &visit, &config, kind, choices::PATIENCE).await;
            if choices.sare_missing().is_none() {
                told.good = Some(html! { p { (words.say("mapping.refreshed")) } });
            }
        }
        ("suggest", _) => {
            let sample = sample(kind, &app, &visit, &config, choices::PATIENCE).await;
            let n = suggest(&mut form, &choices, &sample);
            told.good = Some(html! {
                p {
                    @if n == 0 { (words.say("mapping.suggested-none")) }
                    @else { (words.count("mapping.suggested-n", choices::count(n))) }
                }
            });
        }
        ("add", _) => form.add(""),
        ("map", field) => form.add(field),
        ("next", _) => form.from = form.from.saturating_add(3),
        ("remove", key) => form.remove(key),
        ("up", key) => form.shift(key, false),
        ("down", key) => form.shift(key, true),
        _ => {}
    }
    let validated = validate(&form, &config, &choices, words);
    let seen = preview_form(&app, &visit, &config, &form, &validated, &choices).await;
    let seen = seen.map_err(|error| visit.closed(error))?;
    let page = Page {
        app: &app,
        visit: &visit,
        form: &form,
        validated: &validated,
        choices: &choices,
        seen: Some(&seen),
        told,
    };
    Ok(page.answer())
}

/// What the form as typed would do, as pieces that a script puts in their places.
async fn preview(
    kind: RecordKind,
    State(app): State<App>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Closed> {
    let found = connected(&app, &visit).await;
    let Some(config) = found.map_err(|error| visit.closed(error))? else {
        return Ok(visit.redirect("connect"));
    };
    let choices = Choices::ask(&app, &visit, &config, kind, choices::PATIENCE).await;
    let form = Form::read(kind, &fields);
    let validated = validate(&form, &config, &choices, visit.words);
    let seen = preview_form(&app, &visit, &config, &form, &validated, &choices).await;
    let seen = seen.map_err(|error| visit.closed(error))?;
    let pieces = pieces::pieces(&form, &validated, Some(&seen), &choices, visit.words);
    let content = html! {
        @for piece in &pieces {
            div data-for=(piece.id) { (piece.content) }
        }
    };
    Ok(layout::piece(&visit, content))
}

/// The shop's own numbers, fetched by the page when it is there.
async fn numbers(kind: RecordKind, State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let patience = Duration::from_secs(2);
    let known = app.cache.numbers(&app.engine, &visit.shop, kind, patience).await;
    Ok(layout::piece(
        &visit,
        page::numbers(Some(&known), kind, visit.words),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(kind: RecordKind, names: &[&str]) -> Option<i64> {
        let groups: Vec<(i64, String)> = (1..).zip(names.iter().map(|name| (*name).to_owned())).collect();
        meant_group(kind, &groups, "sklep.example")
    }

    #[test]
    fn a_group_is_proposed_only_when_its_whole_name_says_whom_it_is_for() {
        let customers = |names: &[&str]| meant(RecordKind::Customer, names);
        assert_eq!(customers(&["Newsletter", "Klienci"]), Some(2));
        assert_eq!(customers(&["Klienci – sklep.example"]), Some(1));
        for wrong in [
            &["Byli klienci", "Newsletter"][..],
            &["Klienci testowi – nie wysyłać"],
            &["Klienci hurtowi", "Klienci VIP"],
            &["Klienci", "klienci"],
            &["Pracownicy"],
            &[],
        ] {
            assert_eq!(customers(wrong), None, "{wrong:?}");
        }
        let subscribers = |names: &[&str]| meant(RecordKind::Subscriber, names);
        assert_eq!(subscribers(&["Klienci", "Subskrybenci newslettera"]), Some(2));
        assert_eq!(subscribers(&["Newsletter dla pracowników"]), None);
        assert_eq!(subscribers(&["Subskrybenci wypisani"]), None);
    }
}
