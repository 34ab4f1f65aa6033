//! Help: short questions and answers in the words of the panel. Each has an anchor, so that other pages can link to it:
//! `help#not-mailed`.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use sync_core::cadence;
use texts::Words;

use super::layout::{self, Head};
use super::parts::{self, Column};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/help", get(show))
}

/// Questions about one thing.
struct Section {
    title: &'static str,
    answers: Vec<Answer>,
}

/// One question.
struct Answer {
    anchor: &'static str,
    question: &'static str,
    text: &'static str,
    /// The page it is about.
    page: Option<&'static str>,
}

fn answer(
    anchor: &'static str,
    question: &'static str,
    text: &'static str,
    page: Option<&'static str>,
) -> Answer {
    Answer {
        anchor,
        question,
        text,
        page,
    }
}

fn sections(words: Words) -> Vec<Section> {
    vec![
        Section {
            title: words.say("help.basics"),
            answers: vec![
                answer(
                    "who",
                    words.say("help.who-question"),
                    words.say("help.who-answer"),
                    Some("customers"),
                ),
                answer(
                    "when",
                    words.say("help.when-question"),
                    words.say("help.when-answer"),
                    Some(""),
                ),
                answer(
                    "first",
                    words.say("help.first-question"),
                    words.say("help.first-answer"),
                    Some("launch"),
                ),
                answer(
                    "fields",
                    words.say("help.fields-question"),
                    words.say("help.fields-answer"),
                    Some("customers"),
                ),
            ],
        },
        Section {
            title: words.say("help.consent"),
            answers: vec![
                answer(
                    "statuses",
                    words.say("help.statuses-question"),
                    words.say("help.statuses-answer"),
                    None,
                ),
                answer(
                    "not-mailed",
                    words.say("help.not-mailed-question"),
                    words.say("help.not-mailed-answer"),
                    Some("contacts"),
                ),
                answer(
                    "consent",
                    words.say("help.consent-question"),
                    words.say("help.consent-answer"),
                    Some("customers"),
                ),
                answer(
                    "unsubscribe-sare",
                    words.say("help.unsubscribe-sare-question"),
                    words.say("help.unsubscribe-sare-answer"),
                    Some("unsubscribes"),
                ),
                answer(
                    "unsubscribe-shop",
                    words.say("help.unsubscribe-shop-question"),
                    words.say("help.unsubscribe-shop-answer"),
                    Some("advanced/rules"),
                ),
                answer(
                    "again",
                    words.say("help.again-question"),
                    words.say("help.again-answer"),
                    Some("advanced/rules"),
                ),
            ],
        },
        Section {
            title: words.say("help.changes"),
            answers: vec![
                answer(
                    "address",
                    words.say("help.address-question"),
                    words.say("help.address-answer"),
                    None,
                ),
                answer(
                    "deleted",
                    words.say("help.deleted-question"),
                    words.say("help.deleted-answer"),
                    Some("advanced/rules"),
                ),
                answer(
                    "sare-edits",
                    words.say("help.sare-edits-question"),
                    words.say("help.sare-edits-answer"),
                    Some("customers"),
                ),
            ],
        },
        Section {
            title: words.say("help.trouble"),
            answers: vec![
                answer(
                    "stopped",
                    words.say("help.stopped-question"),
                    words.say("help.stopped-answer"),
                    Some(""),
                ),
                answer(
                    "away",
                    words.say("help.away-question"),
                    words.say("help.away-answer"),
                    Some(""),
                ),
                answer(
                    "problems",
                    words.say("help.problems-question"),
                    words.say("help.problems-answer"),
                    Some("problems"),
                ),
                answer(
                    "key",
                    words.say("help.key-question"),
                    words.say("help.key-answer"),
                    Some("connect"),
                ),
                answer(
                    "limit",
                    words.say("help.limit-question"),
                    words.say("help.limit-answer"),
                    Some("launch"),
                ),
            ],
        },
        Section {
            title: words.say("help.privacy"),
            answers: vec![
                answer(
                    "kept",
                    words.say("help.kept-question"),
                    words.say("help.kept-answer"),
                    None,
                ),
                answer(
                    "erase",
                    words.say("help.erase-question"),
                    words.say("help.erase-answer"),
                    Some("contacts"),
                ),
                answer(
                    "uninstall",
                    words.say("help.uninstall-question"),
                    words.say("help.uninstall-answer"),
                    None,
                ),
                answer(
                    "ask",
                    words.say("help.ask-question"),
                    words.say("help.ask-answer"),
                    None,
                ),
            ],
        },
    ]
}

/// What a page is called.
fn name(words: Words, page: &str) -> &'static str {
    match page {
        "connect" => words.say("connect.title"),
        "launch" => words.say("launch.title"),
        "" => words.say_word("menu", "overview"),
        page => words.say_word("menu", page.split('/').next().unwrap_or(page)),
    }
}

async fn show(visit: Visit) -> Response {
    let words = visit.words;
    let sections = sections(words);
    let content = html! {
        nav.contents aria-label=(words.say("help.contents")) {
            ul {
                @for one in sections.iter().flat_map(|section| &section.answers) {
                    li { a href={ "#" (one.anchor) } { (one.question) } }
                }
            }
        }
        div.answers {
            @for section in &sections {
                h2 { (section.title) }
                @for one in &section.answers { (told(&visit, one)) }
            }
        }
    };
    layout::page(&visit, Head::new("help", words.say("help.title")), content)
}

fn told(visit: &Visit, one: &Answer) -> Markup {
    let words = visit.words;
    html! {
        h3 id=(one.anchor) { (one.question) }
        p { (one.text) }
        @if one.anchor == "when" { (promises(words)) }
        @if let Some(page) = one.page {
            p { a href=(visit.link(page)) { (words.fill("help.see", &[("page", &name(words, page))])) } }
        }
    }
}

/// What an answer of the table of times says.
#[derive(Clone, Copy)]
enum Within {
    Seconds,
    Minutes(i64),
    Hours(i64),
    /// So many hours, an hour for those who changed lately.
    HoursOrOne(i64),
}

impl Within {
    /// At most `ms` milliseconds, in the largest unit that fits.
    fn ms(ms: i64) -> Self {
        if ms < 3_600_000 {
            Self::Minutes(ms / 60_000)
        } else {
            Self::Hours(ms / 3_600_000)
        }
    }

    fn told(self, words: Words) -> String {
        match self {
            Self::Seconds => words.say("help.within-seconds").to_owned(),
            Self::Minutes(n) => words.fill("help.within-minutes", &[("n", &n)]),
            Self::Hours(n) => words.fill("help.within-hours", &[("n", &n)]),
            Self::HoursOrOne(n) => words.fill("help.within-hours-or-one", &[("n", &n)]),
        }
    }
}

/// How soon each kind of change is known: by a message, after one that was lost, and where none ever comes. The times are
/// those by which shops are looked at.
fn promises(words: Words) -> Markup {
    let swept = Within::ms(cadence::SWEPT_WITHIN_MS);
    let counted = Within::ms(cadence::COUNTED_WITHIN_MS);
    let polled = Within::HoursOrOne(cadence::POLL_MS / 3_600_000);
    let rows = [
        (
            words.say("help.change-new"),
            Within::ms(cadence::LOOK_MOST_MS),
            Within::ms(cadence::LOOK_DEAF_MS),
        ),
        (words.say("help.change-edited"), swept, swept),
        (words.say("help.change-deleted"), counted, counted),
        (words.say("help.change-refused"), polled, polled),
    ];
    let columns = [
        words.say("help.message-came"),
        words.say("help.message-lost"),
        words.say("help.message-never"),
    ];
    let mut heads = vec![Column::Text(words.say("help.change"))];
    heads.extend(columns.map(Column::Text));
    let rows = html! {
        @for (change, lost, never) in rows {
            tr {
                th scope="row" { (change) }
                @for (column, within) in columns.into_iter().zip([Within::Seconds, lost, never]) {
                    (parts::cell(column, html! { (within.told(words)) }))
                }
            }
        }
    };
    parts::table(words.say("help.times"), &heads, rows)
}
