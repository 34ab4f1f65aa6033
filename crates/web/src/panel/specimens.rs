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
use super::parts::{self, Chart, Column, Confirmation, Danger, Day, Field, Kind, Stage, Stat, Step, Tone};
use super::session::Visit;
use crate::error::Error;
use crate::state::App;

/// The page's address.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/_parts", get(show))
}

const TONES: [Tone; 4] = [Tone::Good, Tone::Info, Tone::Warn, Tone::Bad];
/// Some moment.
const DAY_MS: i64 = 1_796_000_000_000;
const SHORT: &str = "anna.nowak@poczta.example";
const LONG: &str = "aleksandra.brzeczyszczykiewicz-wolodyjowska@poczta.bardzo-dluga-nazwa.example";

async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    if !app.settings.allow_http {
        return Err(Closed::of(visit.words, Error::NoSuchPage));
    }
    let words = visit.words;
    let content = html! {
        @for tone in TONES { (parts::notice(tone, html! { p { (words.say("common.offline")) } })) }
        (steps(&visit))
        (stats(&visit))
        div.columns {
            (parts::card("Buttons", buttons(words)))
            (parts::card("Chips and numbers", chips(words)))
            (parts::card("Progress", progress(words)))
            (parts::card("Fields", fields(words)))
            (parts::card("Toolbar", toolbar(words)))
            (parts::card("Empty state", empty(&visit)))
        }
        (parts::card("Table", table(words)))
        (parts::card("Table of numbers", numbers(words)))
        (chart(words))
        (danger(&visit))
        (confirmation(&visit))
    };
    Ok(layout::page(&visit, Head::new("_parts", "Parts"), content))
}

fn steps(visit: &Visit) -> Markup {
    let words = visit.words;
    let step = |name, page: Option<&str>, is_done, is_current| Step {
        name: words.say_word("steps", name),
        href: page.map(|page| visit.link(page)),
        is_done,
        is_current,
    };
    let all = [
        step("connect", Some("connect"), true, false),
        step("customers", Some("customers"), false, true),
        step("subscribers", Some("subscribers"), false, false),
        step("launch", None, false, false),
    ];
    let aside = html! { ul { li { a href=(visit.link("help")) { (words.say_word("menu", "help")) } } } };
    parts::stepper(words, words.say("common.steps"), &all, aside)
}

fn stats(visit: &Visit) -> Markup {
    let words = visit.words;
    let one = |number: i64, label, more| {
        parts::stat(Stat {
            number: &words.number(number),
            label: words.say_word("menu", label),
            href: &visit.link(label),
            more,
        })
    };
    parts::stats(html! {
        (one(201_348, "contacts", html! { p.soft { (words.say("common.offline")) } }))
        (one(12, "unsubscribes", html! { ul.soft { li { a href=(visit.link("help")) { (words.say_word("menu", "help")) } } } }))
        (one(0, "problems", html! {}))
    })
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
    let stages = [
        (words.say("progress.count"), Stage::Done),
        (words.say("progress.customers"), Stage::Current),
        (words.say("progress.send"), Stage::Ahead),
    ];
    html! {
        @for done in [0, 35, 100] { p { (parts::progress(done, Some(100), label)) } }
        p { (parts::progress(0, None, label)) }
        (parts::stages(words, &stages))
        details { summary { (words.say_word("menu", "help")) } p { (words.say("common.unsaved")) } }
    }
}

fn toolbar(words: Words) -> Markup {
    let field = Field {
        name: "span",
        label: words.say("common.field-name"),
        ..Field::default()
    };
    let options = [("yes".to_owned(), words.say("common.yes").to_owned())];
    parts::toolbar(html! {
        (parts::select(words, field, &options, "yes"))
        button.quiet type="button" { (words.say("common.save")) }
    })
}

fn empty(visit: &Visit) -> Markup {
    let words = visit.words;
    let link = html! { p { a.button.quiet href=(visit.link("help")) { (words.say_word("menu", "help")) } } };
    html! {
        (parts::empty(words.say("common.no"), None))
        p { (parts::address(LONG)) }
        (parts::empty(words.say("common.no"), Some(link)))
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
    let rows = html! {
        @for (address, tone) in [(SHORT, Some(Tone::Good)), (LONG, Some(Tone::Bad)), (SHORT, None)] {
            tr {
                (parts::cell(contact, parts::address_line(address)))
                (parts::cell(state, parts::chip(tone, words.say("common.yes"))))
                (parts::line_cell(state, LONG))
                (parts::time_cell(when, html! { (texts::in_poland(DAY_MS)) }))
            }
        }
    };
    let heads = [
        Column::Text(contact),
        Column::Text(state),
        Column::Text(state),
        Column::Time(when),
    ];
    parts::table(contact, &heads, rows)
}

fn numbers(words: Words) -> Markup {
    let heads = [
        Column::Text(words.say_word("menu", "overview")),
        Column::Number(words.say_word("menu", "contacts")),
    ];
    let rows = html! {
        @for n in [201_348, 7] { tr { th scope="row" { (words.say("common.yes")) } td.number { (words.number(n)) } } }
    };
    parts::numbers_table("Numbers", words.say("common.field-comment"), &heads, rows)
}

/// Days without anything, usual ones, and one that is cut off.
fn chart(words: Words) -> Markup {
    let days: Vec<Day> = (0..30_i64)
        .map(|n| Day {
            id: format!("day-{n}"),
            name: html! { (n + 1) ".11" },
            values: match n % 5 {
                0 => [0; 4],
                _ if n == 12 => [370, 0, 0, 0],
                m => [m * 2, n % 7, n % 3, n % 2],
            },
        })
        .collect();
    let kind = |class, name| Kind { class, name };
    let chart = Chart {
        title: "Chart",
        kinds: [
            kind("added", words.say("chart.added")),
            kind("updated", words.say("chart.updated")),
            kind("to-sare", words.say("chart.to-sare")),
            kind("to-shop", words.say("chart.to-shop")),
        ],
        days: &days,
    };
    parts::chart(words, &chart)
}

fn danger(visit: &Visit) -> Markup {
    let words = visit.words;
    let act = Danger {
        title: words.say("advanced.disconnect"),
        what: words.say("advanced.disconnect-what"),
        lost: &[words.say("advanced.disconnect-goes-key")],
        href: &visit.link("help"),
    };
    parts::danger_zone(words, "Danger zone", &[act])
}

fn confirmation(visit: &Visit) -> Markup {
    let words = visit.words;
    let confirmation = Confirmation {
        lost: &[words.say("advanced.disconnect-goes-key")],
        stays: &[words.say("advanced.disconnect-stays-config")],
        before: html! {},
        action: "_parts",
        question: parts::checkbox("sure", words.say("advanced.disconnect-sure"), None, false),
        act: words.say("advanced.disconnect-now"),
        back: "_parts",
    };
    parts::confirmation(visit, confirmation)
}

#[cfg(test)]
mod tests {
    /// The functions that `parts` gives to pages.
    fn parts() -> impl Iterator<Item = &'static str> {
        let given = include_str!("parts/mod.rs").split("pub use ").skip(1);
        let names = given.filter_map(|one| one.split_once('{')?.1.split_once('}'));
        names
            .flat_map(|(names, _)| names.split(','))
            .map(str::trim)
            .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    }

    #[test]
    fn every_part_is_shown() {
        let page = include_str!("specimens.rs");
        let missing: Vec<&str> = parts()
            .filter(|name| !page.contains(&format!("parts::{name}(")))
            .collect();
        assert!(missing.is_empty(), "not on the page: {missing:?}");
        assert!(parts().count() > 15);
    }
}
