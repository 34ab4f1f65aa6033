//! What the configuration was, who changed it and when, and the way back: an earlier state becomes a new version,
//! judged like any other.

use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use desk::{Note, Usable};
use http::request::Parts;
use maud::{Markup, html};
use serde::Deserialize;
use store::ConfigVersion;
use texts::Words;

use super::difference::{Difference, differences};
use super::{file, keep};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Column, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// Versions told.
const MOST: i64 = 100;

/// The version that an address names.
pub struct Version(i64);

#[derive(Deserialize)]
struct VersionParam {
    version: String,
}

impl FromRequestParts<App> for Version {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Closed> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let version = Path::<VersionParam>::from_request_parts(parts, app)
            .await
            .ok()
            .and_then(|Path(param)| param.version.parse().ok());
        version.map(Self).ok_or_else(|| visit.closed(Error::NoSuchPage))
    }
}

/// Who made a version, in words.
fn who(words: Words, who: &str) -> String {
    match who.strip_prefix("admin ") {
        Some(number) => words.fill("advanced.who-admin", &[("id", &number)]),
        None => words.say_word("advanced.who", &who.replace(' ', "-")).to_owned(),
    }
}

/// All versions, the newest first.
pub async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    let versions = app
        .store
        .config_history(visit.shop.id, MOST)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let heads = [
        Column::Text(words.say("advanced.version-no")),
        Column::Time(words.say("advanced.when")),
        Column::Text(words.say("advanced.by-whom")),
        Column::Text(words.say("advanced.changes")),
    ];
    let rows = html! {
        @for (at, version) in versions.iter().enumerate() {
            @let before = versions.get(at + 1);
            tr {
                th scope="row" {
                    a href=(visit.link(&format!("advanced/history/{}", version.version))) {
                        (words.fill("advanced.version-of", &[("n", &version.version)]))
                    }
                    @if version.version == visit.shop.config_version {
                        " " span.soft { (words.say("advanced.in-force")) }
                    }
                }
                (parts::time_cell(words.say("advanced.when"), html! { (words.moment(version.at)) }))
                (parts::cell(words.say("advanced.by-whom"), html! { (who(words, &version.who)) }))
                (parts::cell(words.say("advanced.changes"), html! { (summary(words, before, version)) }))
            }
        }
    };
    let content = html! {
        p { (words.say("advanced.history-what")) }
        @if versions.is_empty() {
            (parts::empty(words.say("advanced.history-none"), None))
        } @else {
            (parts::table(words.say("advanced.history"), &heads, rows))
        }
        p { a href=(visit.link("advanced/file")) { (words.say("common.back")) } }
    };
    let title = words.say("advanced.history");
    Ok(layout::page(&visit, Head::new("advanced", title), content))
}

fn summary(words: Words, before: Option<&ConfigVersion>, version: &ConfigVersion) -> String {
    match before {
        Some(before) => {
            let all = differences(&before.config, &version.config);
            match all.len() {
                0 => words.say("advanced.no-changes").to_owned(),
                many => words.count("advanced.settings", i64::try_from(many).unwrap_or(i64::MAX)),
            }
        }
        None if version.version == 1 => words.say("advanced.first-version").to_owned(),
        None => String::new(),
    }
}

/// One version beside the one before it.
pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Version(version): Version,
) -> Result<Response, Closed> {
    page(&app, &visit, version, None).await
}

async fn page(
    app: &App,
    visit: &Visit,
    version: i64,
    refused: Option<(&'static str, Vec<Note>)>,
) -> Result<Response, Closed> {
    let this = find(app, visit, version).await?;
    let before = app
        .store
        .config_at(visit.shop.id, version - 1)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let is_current = version == visit.shop.config_version;
    let now = visit.shop.config.as_deref().unwrap_or_default();
    let content = html! {
        @if let Some((why, notes)) = &refused {
            (parts::notice(Tone::Bad, html! { p { (why) } }))
            (file::findings(visit, notes))
        }
        p {
            (words.fill("advanced.made-by", &[
                ("at", &words.moment(this.at)), ("who", &who(words, &this.who)),
            ]))
        }
        section {
            h2 { (words.say("advanced.changed-then")) }
            @match &before {
                Some(before) => (table(words, &differences(&before.config, &this.config), false)),
                None => p { (words.say("advanced.first-version")) },
            }
        }
        @if is_current {
            p { (words.say("advanced.is-in-force")) }
        } @else {
            section {
                h2 { (words.say("advanced.way-back")) }
                p { (words.say("advanced.way-back-what")) }
                (table(words, &differences(now, &this.config), true))
                (visit.form(&format!("advanced/history/{version}/restore"), html! {
                    input type="hidden" name="version" value=(visit.shop.config_version);
                    button type="submit" { (words.fill("advanced.restore", &[("n", &version)])) }
                }))
            }
        }
        details id="whole" {
            summary { (words.say("advanced.whole")) }
            pre.whole tabindex="0" { (this.config) }
        }
        p { a href=(visit.link("advanced/history")) { (words.say("common.back")) } }
    };
    let title = words.fill("advanced.version-of", &[("n", &version)]);
    Ok(layout::page(visit, Head::new("advanced", &title), content))
}

async fn find(app: &App, visit: &Visit, version: i64) -> Result<ConfigVersion, Closed> {
    let found = app
        .store
        .config_at(visit.shop.id, version)
        .await
        .map_err(|error| visit.closed(error))?;
    found.ok_or_else(|| visit.closed(Error::NoSuchPage))
}

/// A setting's name for people; a row of the mapping is named by the field it fills.
fn name(words: Words, path: &str) -> String {
    if let Some(field) = path.strip_prefix("customers.mapping.") {
        return words.fill("advanced.customers-row", &[("field", &field)]);
    }
    if let Some(field) = path.strip_prefix("subscribers.mapping.") {
        return words.fill("advanced.subscribers-row", &[("field", &field)]);
    }
    let text = words.say_word("advanced.setting", path);
    if text == words.say_word("advanced.setting", "other") {
        format!("{text} ({path})")
    } else {
        text.to_owned()
    }
}

fn table(words: Words, all: &[Difference], is_return: bool) -> Markup {
    let value = |text: &Option<String>| match text.as_deref() {
        None => html! { span.soft { (words.say("advanced.nothing")) } },
        Some("") => html! { span.soft { (words.say("advanced.empty")) } },
        Some(text) => html! { code { (text) } },
    };
    let (before, after) = if is_return {
        (words.say("advanced.now"), words.say("advanced.after-return"))
    } else {
        (words.say("advanced.was"), words.say("advanced.became"))
    };
    html! {
        @if all.is_empty() {
            p { (words.say("advanced.no-changes")) }
        } @else {
            div.scroll {
                table.stacks {
                    caption.unseen { (words.say("advanced.changes")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("advanced.setting-name")) }
                            th scope="col" { (before) }
                            th scope="col" { (after) }
                        }
                    }
                    tbody {
                        @for one in all {
                            tr {
                                th scope="row" { (name(words, &one.path)) }
                                (parts::cell(before, html! { (value(&one.before)) }))
                                (parts::cell(after, html! { (value(&one.after)) }))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Makes an earlier state the newest version.
pub async fn restore(
    State(app): State<App>,
    Version(version): Version,
    Posted { visit, fields }: Posted,
) -> Result<Response, Closed> {
    let words = visit.words;
    let earlier = find(&app, &visit, version).await?;
    let expected = fields.get("version").parse().unwrap_or(-1);
    let validated = desk::validate(&app.engine, &visit.shop, &earlier.config, None, true, words).await;
    let validated = match validated {
        Ok(validated) => validated,
        Err(desk::Error::Store(error)) => return Err(visit.closed(error)),
        Err(_) => return Err(visit.closed(Error::Busy)),
    };
    let why = match validated.usable {
        Usable::Yes { config, key } => {
            if keep(&app, &visit, &config, key, expected).await? {
                return visit.redirect_done(&app, "advanced/file?done=restored").await;
            }
            words.say("advanced.import-outdated")
        }
        Usable::No => words.say("advanced.restore-wrong"),
        Usable::NotNow => words.say("advanced.import-not-now"),
    };
    page(&app, &visit, version, Some((why, validated.findings))).await
}
