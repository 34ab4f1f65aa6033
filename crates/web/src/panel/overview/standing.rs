//! How things stand, in sentences: `desk::standing` ranks what is true, and here it is said. The first sentence is the
//! page's headline; the others follow.

use desk::standing::{Matter, Severity};
use maud::{Markup, html};
use store::RunKind;
use texts::Words;

use super::data::PageData;
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;

/// One sentence on how things stand.
struct Sentence {
    title: String,
    text: String,
    /// What can be done: a button's text and the page it leads to.
    action: Option<(&'static str, &'static str)>,
}

impl Sentence {
    fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            action: None,
        }
    }

    fn with(mut self, label: &'static str, page: &'static str) -> Self {
        self.action = Some((label, page));
        self
    }
}

/// Whether one of the sentences leads on: then its button is the page's first.
pub fn leads_on(visit: &Visit, data: &PageData) -> bool {
    let mut matters = data.standing.matters.iter();
    matters.any(|matter| sentence(visit.words, data, matter).action.is_some())
}

/// The sentences. The first that leads on has the page's one button that stands out.
pub fn of(visit: &Visit, data: &PageData) -> Markup {
    let matters = &data.standing.matters;
    let leads = |matter: &Matter| sentence(visit.words, data, matter).action.is_some();
    let first = matters.iter().position(leads);
    html! {
        @for (place, matter) in data.standing.matters.iter().enumerate() {
            @let one = sentence(visit.words, data, matter);
            (parts::notice(tone(matter.severity()), html! {
                @if place == 0 { h2.standing { (one.title) } } @else { p { strong { (one.title) } } }
                @if !one.text.is_empty() { p { (one.text) } }
                @if let Some((label, page)) = one.action {
                    p { a.button.quiet[first != Some(place)] href=(visit.link(page)) { (label) } }
                }
            }))
        }
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Good => Tone::Good,
        Severity::Info => Tone::Info,
        Severity::Warn => Tone::Warn,
        Severity::Bad => Tone::Bad,
    }
}

/// A text with how many changes wait.
fn with_queue(words: Words, data: &PageData, text: &str) -> String {
    let queue = match data.counts.dirty {
        0 => words.say("standing.queue-empty").to_owned(),
        n => words.count("standing.queue", n),
    };
    format!("{text} {queue}")
}

fn sentence(words: Words, data: &PageData, matter: &Matter) -> Sentence {
    let queued = |text: &str| with_queue(words, data, text);
    match matter {
        Matter::Removed | Matter::Uninstalling => {
            Sentence::new(words.say("closed.title"), words.say("closed.removed"))
        }
        Matter::AccessLost => Sentence::new(
            words.say("standing.lost"),
            queued(words.say("standing.lost-text")),
        )
        .with(words.say("standing.lost-do"), "help"),
        Matter::Connecting => Sentence::new(
            words.say("standing.connecting"),
            words.say("standing.connecting-text"),
        ),
        Matter::NotConfigured => Sentence::new(words.say("standing.fresh"), words.say("standing.fresh-text"))
            .with(words.say("standing.fresh-do"), "start"),
        Matter::ConfigUnreadable => Sentence::new(
            words.say("standing.unreadable"),
            words.say("standing.unreadable-text"),
        )
        .with(words.say("standing.unreadable-do"), "advanced/file"),
        Matter::NotConnected => Sentence::new(
            words.say("standing.not-connected"),
            queued(words.say("standing.not-connected-text")),
        )
        .with(words.say("standing.not-connected-do"), "connect"),
        Matter::KeyRefused => {
            Sentence::new(words.say("standing.key"), queued(words.say("standing.key-text")))
                .with(words.say("standing.key-do"), "connect")
        }
        Matter::Harm => Sentence::new(words.say("standing.harm"), words.say("standing.harm-text"))
            .with(words.say("standing.see"), "problems"),
        Matter::Ended(until) => Sentence::new(
            words.fill("standing.ended", &[("when", &words.ago(*until, data.now))]),
            words.say("standing.ended-text"),
        ),
        Matter::Paused => Sentence::new(
            words.say("standing.paused"),
            queued(words.say("standing.paused-text")),
        ),
        Matter::Braked => Sentence::new(words.say("standing.braked"), words.say("standing.braked-text"))
            .with(words.say("standing.braked-do"), "problems"),
        Matter::Interrupted => Sentence::new(
            words.say("standing.interrupted"),
            words.say("standing.interrupted-text"),
        )
        .with(words.say("standing.interrupted-do"), "launch"),
        Matter::Trouble(kind) => {
            let text = words.problem(*kind);
            Sentence::new(text.cause, text.remedy).with(words.say("standing.see"), "problems")
        }
        Matter::Refused(n) => Sentence::new(
            words.say("standing.refused"),
            words.count("standing.refused-text", *n),
        )
        .with(words.say("standing.refused-do"), "advanced"),
        Matter::Failed => Sentence::new(words.say("standing.failed"), words.say("standing.failed-text"))
            .with(words.say("standing.see"), "problems"),
        Matter::Silent(at) => Sentence::new(
            match at {
                Some(at) => words.fill("standing.silent", &[("when", &words.ago(*at, data.now))]),
                None => words.say("standing.silent-ever").to_owned(),
            },
            queued(words.say("standing.silent-text")),
        ),
        Matter::SareAway { again, is_long } => {
            let again = words.lasting((again - data.now) / 1000);
            let text = words.fill("standing.sare-away-text", &[("again", &again)]);
            let long = last_success(words, data, *is_long)
                .map(|when| words.fill("standing.sare-away-long", &[("when", &when)]));
            Sentence::new(words.say("standing.sare-away"), queued(&joined(text, long)))
        }
        Matter::ShopAway { again, is_long } => {
            let again = words.lasting((again - data.now) / 1000);
            let text = words.fill("standing.shop-away-text", &[("again", &again)]);
            let long = last_success(words, data, *is_long)
                .map(|when| words.fill("standing.shop-away-long", &[("when", &when)]));
            Sentence::new(words.say("standing.shop-away"), queued(&joined(text, long)))
        }
        Matter::Differs(n) => Sentence::new(
            words.count("standing.differs", *n),
            words.say("standing.differs-text"),
        )
        .with(words.say("standing.differs-do"), "advanced#force"),
        Matter::Held(until) => held(words, data, *until).with(words.say("standing.held-do"), "launch"),
        Matter::Nobody => Sentence::new(words.say("standing.nobody"), words.say("standing.nobody-text"))
            .with(words.say("standing.nobody-do"), "customers"),
        Matter::UnderWay(kind) => Sentence::new(under_way(words, *kind), words.say("standing.run-text")),
        Matter::Soon => Sentence::new(words.say("standing.soon"), words.say("standing.soon-text")),
        Matter::Sending(n) => Sentence::new(words.count("standing.sending", *n), ""),
        Matter::Doubted(n) => Sentence::new(
            words.count("standing.doubted", *n),
            words.say("standing.doubted-text"),
        )
        .with(words.say("standing.doubted-do"), "problems"),
        Matter::ButFailed(n) => {
            Sentence::new(words.count("standing.but-failed", *n), last_change(words, data))
        }
        Matter::Empty => Sentence::new(words.say("standing.empty"), words.say("standing.empty-text")),
        Matter::Current => Sentence::new(words.say("standing.current"), last_change(words, data)),
    }
}

/// How long ago the last success was, where a service has been away for long.
fn last_success(words: Words, data: &PageData, is_long: bool) -> Option<String> {
    let at = data.last_success_at.filter(|_| is_long)?;
    Some(words.ago(at, data.now))
}

fn joined(text: String, more: Option<String>) -> String {
    match more {
        Some(more) => format!("{text} {more}"),
        None => text,
    }
}

/// The first synchronisation waits: it begins by itself at a time, or only when it is told to.
fn held(words: Words, data: &PageData, until: Option<i64>) -> Sentence {
    match until {
        Some(at) => {
            let time = words.lasting((at - data.now) / 1000);
            let clock = texts::clock(at, "%H:%M");
            let title = words.fill("standing.held-until", &[("clock", &clock), ("time", &time)]);
            Sentence::new(title, words.say("standing.held-until-text"))
        }
        None => Sentence::new(words.say("standing.held"), words.say("standing.held-text")),
    }
}

fn under_way(words: Words, kind: RunKind) -> &'static str {
    match kind {
        RunKind::First => words.say("standing.first"),
        RunKind::Forced => words.say("standing.forced"),
        RunKind::Sweep => words.say("standing.sweep"),
        RunKind::Backfill => words.say("standing.backfill"),
        RunKind::DryRun => words.say("standing.dry-run"),
    }
}

fn last_change(words: Words, data: &PageData) -> String {
    match data.latest.first() {
        Some(line) => words.fill("standing.last-change", &[("when", &words.ago(line.at, data.now))]),
        None => String::new(),
    }
}
