//! Every part in every state on one page, `_parts`, for whoever designs: the browser tests photograph it. It is there
//! only where shops on loopback are accepted, in the demo and in tests. Headings are in English, as code is; what the
//! parts say is the panel's own.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use texts::Words;

use super::closed::Closed;
use super::layout::{self, Head};
use super::parts::{self, Field, Tone};
use super::session::Visit;
use crate::error::Error;
use crate::state::App;

/// The page's address.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/_parts", get(show))
}

const TONES: [Tone; 4] = [Tone::Good, Tone::Info, Tone::Warn, Tone::Bad];
const SHORT: &str = "anna.nowak@poczta.example";
const LONG: &str = "aleksandra.brzeczyszczykiewicz-wolodyjowska@poczta.bardzo-dluga-nazwa.example";

async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    if !app.settings.allow_http {
        return Err(Closed::of(visit.words, Error::NoSuchPage));
    }
    let words = visit.words;
    let content = html! {
        @for tone in TONES { (parts::notice(tone, html! { p { (words.say("common.offline")) } })) }
        div.columns {
            (card("Buttons", buttons(words)))
            (card("Chips and numbers", chips(words)))
            (card("Progress", progress(words)))
            (card("Fields", fields(words)))
        }
        (card("Table", table(words)))
        section.danger {
            h2 { "Danger zone" }
            p { (words.say("common.unsaved")) }
            div.actions { button.danger type="button" { (words.say("common.yes")) } }
        }
    };
    Ok(layout::page(&visit, Head::new("_parts", "Parts"), content))
}

fn card(title: &str, content: Markup) -> Markup {
    html! { section { h2 { (title) } (content) } }
}

fn buttons(words: Words) -> Markup {
    let save = words.say("common.save");
    html! {
        div.actions {
            button type="button" { (save) }
            button.quiet type="button" { (save) }
            button.danger type="button" { (save) }
            button.link type="button" { (save) }
            button type="button" disabled { (save) }
        }
        p { (words.say("common.offline")) " " a href="#content" { (words.say("common.skip")) } }
    }
}

fn chips(words: Words) -> Markup {
    html! {
        p {
            (parts::chip(None, words.say("common.no")))
            @for tone in TONES { " " (parts::chip(Some(tone), words.say("common.yes"))) }
        }
        dl.numbers {
            dt { (words.say_word("menu", "contacts")) }
            dd { (words.number(201_348)) }
            dt { (words.say_word("menu", "problems")) }
            dd { (words.number(0)) }
        }
        p.soft { (words.say("common.offline")) }
    }
}

fn progress(words: Words) -> Markup {
    let label = words.say("common.steps");
    html! {
        @for value in [0, 35, 100] { p { progress value=(value) max="100" aria-label=(label) {} } }
        p { progress aria-label=(label) {} }
        details { summary { (words.say_word("menu", "help")) } p { (words.say("common.unsaved")) } }
    }
}

fn fields(words: Words) -> Markup {
    let field = |name, error, required| Field {
        name,
        label: words.say("common.field-name"),
        hint: Some(words.say("common.field-comment")),
        error,
        required,
    };
    let choices = [
        ("yes", words.say("common.yes"), Some(words.say("common.unsaved"))),
        ("no", words.say("common.no"), None),
    ];
    let options = choices.map(|(value, text, _)| (value.to_owned(), text.to_owned()));
    html! {
        (parts::input(words, field("plain", None, true), "text", "Anna"))
        (parts::input(words, field("wrong", Some(words.say("common.no")), false), "text", "?"))
        (parts::select(words, field("choice", None, false), &options, "no"))
        (parts::text(words, field("lines", None, false), 2, SHORT))
        (parts::radios("one", words.say("common.field-name"), &choices, "yes"))
        (parts::checkbox("tick", words.say("common.yes"), Some(words.say("common.unsaved")), true))
    }
}

fn table(words: Words) -> Markup {
    let (contact, state, when) = (
        words.say_word("menu", "contacts"),
        words.say_word("menu", "other"),
        words.say_word("menu", "overview"),
    );
    html! {
        div.scroll {
            table.stacks {
                caption.unseen { (contact) }
                thead { tr { th scope="col" { (contact) } th scope="col" { (state) } th.time scope="col" { (when) } } }
                tbody {
                    @for (address, tone) in [(SHORT, Some(Tone::Good)), (LONG, Some(Tone::Bad)), (SHORT, None)] {
                        tr {
                            (parts::cell(contact, parts::address_line(address)))
                            (parts::cell(state, parts::chip(tone, words.say("common.yes"))))
                            (parts::time_cell(when, html! { (texts::in_poland(1_796_000_000_000)) }))
                        }
                    }
                }
            }
        }
    }
}
