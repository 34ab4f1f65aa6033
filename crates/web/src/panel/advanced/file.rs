//! The whole configuration as one file: taken out without the key, and taken in after it was judged.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use desk::{Note, Usable};
use http::{HeaderValue, header};
use maud::{Markup, html};
use secrecy::SecretString;

use super::frame::{self, Part};
use super::{config_of, keep};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::parts::{self, Field, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// How long the first synchronisation waits for the merchant's word after a configuration came by a file: the page
/// before it, to which they are led, prolongs that while they look.
const HOLD_MS: i64 = 10 * 60_000;

/// A configuration that was handed in and not taken.
pub struct Draft {
    /// As it was written.
    pub text: String,
    /// What is to be said of it.
    pub findings: Vec<Note>,
    /// Why it was not taken.
    pub result: CheckResult,
}

/// Why a configuration was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// It was only to be checked, and it is right.
    Fine,
    /// It has errors.
    Wrong,
    /// A service that was to be asked is away.
    NotNow,
    /// Somebody else changed the configuration meanwhile.
    Outdated,
}

/// Hands out the configuration.
pub async fn export(visit: Visit) -> Result<Response, Closed> {
    let Some(config) = config_of(&visit.shop) else {
        return Err(visit.closed(Error::NotConfigured));
    };
    let note = visit.words.say("advanced.export-note");
    let text = format!("# {}: {note}\n{}", visit.shop.host, config.render());
    let plain: String = visit
        .shop
        .host
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let name = format!("attachment; filename=\"{plain}.toml\"");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/toml; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(name).expect("letters, digits, dots and dashes are visible ASCII"),
        ),
    ];
    Ok((headers, text).into_response())
}

/// Validates a configuration, and takes it when it is right and more than a check was asked for.
pub async fn import(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let text = fields.get("config").to_owned();
    let key = Some(fields.get("key"))
        .filter(|key| !key.is_empty())
        .map(SecretString::from);
    let version = fields.get("version").parse().unwrap_or(-1);
    let validated = desk::validate(&app.engine, &visit.shop, &text, key, true, visit.words).await;
    let validated = match validated {
        Ok(validated) => validated,
        Err(desk::Error::Store(error)) => return Err(visit.closed(error)),
        Err(_) => return Err(visit.closed(Error::Busy)),
    };
    let result = match validated.usable {
        Usable::No => CheckResult::Wrong,
        Usable::NotNow => CheckResult::NotNow,
        Usable::Yes { .. } if fields.get("what") == "check" => CheckResult::Fine,
        Usable::Yes { config, key } => {
            let is_first = visit.shop.config.is_none();
            if is_first {
                // The first synchronisation does not begin before the merchant has seen what it would do.
                app.store
                    .hold_first_run(visit.shop.id, Some(app.now() + HOLD_MS), app.now())
                    .await
                    .map_err(|error| visit.closed(error))?;
            }
            if keep(&app, &visit, &config, key, version).await? {
                let to = if is_first {
                    "launch"
                } else {
                    "advanced/file?done=imported"
                };
                return visit.redirect_done(&app, to).await;
            }
            CheckResult::Outdated
        }
    };
    let draft = Draft {
        text,
        findings: validated.findings,
        result,
    };
    page(&app, &visit, "", Some(&draft)).await
}

/// The page.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, visit.done(), None).await
}

async fn page(app: &App, visit: &Visit, done: &str, draft: Option<&Draft>) -> Result<Response, Closed> {
    let words = visit.words;
    let content = html! {
        (parts::card(words.say("advanced.config"), section(visit, draft)))
        (parts::card(words.say("advanced.history"), html! {
            p { (words.say("advanced.history-what")) }
            p { a.button.quiet href=(visit.link("advanced/history")) { (words.say("advanced.history-see")) } }
        }))
    };
    frame::page(app, visit, Part::File, done, content).await
}

/// The section of the page.
fn section(visit: &Visit, draft: Option<&Draft>) -> Markup {
    let words = visit.words;
    let text = draft.map_or("", |draft| draft.text.as_str());
    let is_wrong = draft.is_some_and(|draft| draft.result == CheckResult::Wrong);
    html! {
        p { (words.say("advanced.config-what")) }
        @if visit.shop.config.is_some() {
            p { a.button.quiet href=(visit.link("advanced/config.toml")) download { (words.say("advanced.export")) } }
        }
        h3 { (words.say("advanced.import")) }
        @if let Some(draft) = draft { (verdict(visit, draft)) }
        (visit.form("advanced/import", html! {
            input type="hidden" name="version" value=(visit.shop.config_version);
            noscript { p.hint { (words.say("advanced.import-paste")) } }
            div.field.scripted {
                label for="config-file" { (words.say("advanced.import-file")) }
                input id="config-file" type="file" accept=".toml,text/plain" data-reads-into="config-text";
            }
            div.field.wrong[is_wrong] {
                label for="config-text" { (words.say("advanced.import-text")) }
                textarea id="config-text" name="config" rows="10" spellcheck="false" required
                    aria-invalid=[is_wrong.then_some("true")] aria-describedby=[draft.map(|_| "config-findings")] { (text) }
            }
            (parts::input(words, Field {
                name: "key",
                label: words.say("advanced.import-key"),
                hint: Some(words.say("advanced.import-key-hint")),
                ..Field::default()
            }, "password", ""))
            div.actions {
                button type="submit" name="what" value="import" { (words.say("advanced.import-now")) }
                button.quiet type="submit" name="what" value="check" { (words.say("advanced.import-check")) }
            }
        }))
    }
}

fn verdict(visit: &Visit, draft: &Draft) -> Markup {
    let words = visit.words;
    let (tone, text) = match draft.result {
        CheckResult::Fine => (Tone::Good, words.say("advanced.import-fine")),
        CheckResult::Wrong => (Tone::Bad, words.say("advanced.import-wrong")),
        CheckResult::NotNow => (Tone::Warn, words.say("advanced.import-not-now")),
        CheckResult::Outdated => (Tone::Bad, words.say("advanced.import-outdated")),
    };
    html! {
        div id="config-findings" {
            (parts::notice(tone, html! { p { (text) } }))
            (findings(visit, &draft.findings))
        }
    }
}

/// What was found, by line.
pub fn findings(visit: &Visit, notes: &[Note]) -> Markup {
    let words = visit.words;
    html! {
        @if !notes.is_empty() {
            div.scroll {
                table {
                    caption { (words.say("advanced.findings")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("advanced.line")) }
                            th scope="col" { (words.say("advanced.setting-name")) }
                            th scope="col" { (words.say("advanced.finding")) }
                        }
                    }
                    tbody {
                        @for note in notes {
                            tr {
                                td.number { (note.line.map_or_else(|| "–".to_owned(), |line| line.to_string())) }
                                td { (note.field) }
                                td {
                                    strong {
                                        (if note.is_error { words.say("advanced.error") } else { words.say("advanced.warning") })
                                    }
                                    " " (note.text)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
