//! How things stand, in sentences: what is wrong first, then what is waited for, then what goes on. The first is the
//! page's headline; the others follow. What heals by itself is never told as an alarm.

use engine::Body;
use maud::{Markup, html};
use store::{RunKind, RunState, Shop};

use super::sight::Sight;
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::panel::words::Words;

/// Without any success for so long something is wrong that nothing else tells.
const SILENCE_MS: i64 = 6 * 3_600_000;

/// One sentence on how things stand.
struct Standing {
    tone: Tone,
    title: String,
    text: String,
    /// What can be done: a button's text and the page it leads to.
    action: Option<(&'static str, &'static str)>,
}

impl Standing {
    fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone,
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

/// The sentences.
pub fn of(visit: &Visit, sight: &Sight) -> Markup {
    let all = all(&visit.shop, visit.words, sight);
    html! {
        @for (place, one) in all.iter().enumerate() {
            (parts::notice(one.tone, html! {
                @if place == 0 { h2.standing { (one.title) } } @else { p { strong { (one.title) } } }
                @if !one.text.is_empty() { p { (one.text) } }
                @if let Some((label, page)) = one.action {
                    p { a.button href=(visit.link(page)) { (label) } }
                }
            }))
        }
    }
}

fn all(shop: &Shop, words: Words, sight: &Sight) -> Vec<Standing> {
    let mut all = wrong(shop, words, sight);
    all.extend(asking(shop, words, sight));
    all.extend(waiting(words, sight));
    all.extend(going_on(words, sight));
    if all.is_empty() {
        all.push(well(shop, words, sight));
    }
    all
}

/// How many changes wait, in a sentence; nothing where none does.
fn queue(words: Words, sight: &Sight) -> String {
    match sight.counts.dirty {
        0 => words.say("standing.queue-empty").to_owned(),
        n => words.count("standing.queue", n),
    }
}

/// What only a person can mend.
fn wrong(shop: &Shop, words: Words, sight: &Sight) -> Vec<Standing> {
    let mut all = Vec::new();
    if sight.is_lost {
        let text = format!("{} {}", words.say("standing.lost-text"), queue(words, sight));
        all.push(
            Standing::new(Tone::Bad, words.say("standing.lost"), text)
                .with(words.say("standing.lost-do"), "help"),
        );
    }
    if sight.lane.sare_refused {
        let text = format!("{} {}", words.say("standing.key-text"), queue(words, sight));
        all.push(
            Standing::new(Tone::Bad, words.say("standing.key"), text)
                .with(words.say("standing.key-do"), "connect"),
        );
    }
    if sight.lane.updates_harm {
        all.push(
            Standing::new(
                Tone::Bad,
                words.say("standing.harm"),
                words.say("standing.harm-text"),
            )
            .with(words.say("standing.see"), "problems"),
        );
    }
    if let Some(until) = shop.subscription_until.filter(|until| *until < sight.now) {
        let title = words.fill("standing.ended", &[("when", &words.ago(until, sight.now))]);
        all.push(Standing::new(Tone::Warn, title, words.say("standing.ended-text")));
    }
    all
}

/// What waits for a person's word.
fn asking(shop: &Shop, words: Words, sight: &Sight) -> Vec<Standing> {
    let mut all = Vec::new();
    if shop.paused {
        let text = format!("{} {}", words.say("standing.paused-text"), queue(words, sight));
        all.push(Standing::new(Tone::Warn, words.say("standing.paused"), text));
    }
    let braked = sight
        .active
        .as_ref()
        .is_some_and(|run| run.state == RunState::Braked);
    if braked || (sight.lane.poll_braked && !sight.lane.poll_released) {
        all.push(
            Standing::new(
                Tone::Warn,
                words.say("standing.braked"),
                words.say("standing.braked-text"),
            )
            .with(words.say("standing.braked-do"), "problems"),
        );
    }
    if let Some(run) = &sight.last
        && sight.active.is_none()
    {
        match run.state {
            RunState::Refused => {
                let n = Body::parse(&run.body).statement.mailable;
                all.push(
                    Standing::new(
                        Tone::Warn,
                        words.say("standing.refused"),
                        words.count("standing.refused-text", n),
                    )
                    .with(words.say("standing.refused-do"), "advanced"),
                );
            }
            RunState::Failed => {
                all.push(
                    Standing::new(
                        Tone::Warn,
                        words.say("standing.failed"),
                        words.say("standing.failed-text"),
                    )
                    .with(words.say("standing.see"), "problems"),
                );
            }
            _ => {}
        }
    }
    if sight.is_held {
        all.push(
            Standing::new(
                Tone::Info,
                words.say("standing.held"),
                words.say("standing.held-text"),
            )
            .with(words.say("standing.held-do"), "launch"),
        );
    } else if !sight.has_kinds {
        all.push(
            Standing::new(
                Tone::Info,
                words.say("standing.nobody"),
                words.say("standing.nobody-text"),
            )
            .with(words.say("standing.nobody-do"), "customers"),
        );
    }
    all
}

/// What the services make us wait for: nothing is lost meanwhile, and nothing is to be done.
fn waiting(words: Words, sight: &Sight) -> Vec<Standing> {
    let mut all = Vec::new();
    let timers = &sight.lane.timers;
    let (shop_fails, sare_fails) = (sight.lane.failures.0 > 0, sight.lane.failures.1 > 0);
    if sare_fails && timers.sare > sight.now && !sight.lane.sare_refused {
        let again = words.lasting((timers.sare - sight.now) / 1000);
        let text = words.fill("standing.sare-away-text", &[("again", &again)]);
        let text = format!("{text} {}", queue(words, sight));
        all.push(Standing::new(Tone::Info, words.say("standing.sare-away"), text));
    }
    if shop_fails && timers.shoper > sight.now && !sight.is_lost {
        let again = words.lasting((timers.shoper - sight.now) / 1000);
        let text = words.fill("standing.shop-away-text", &[("again", &again)]);
        let text = format!("{text} {}", queue(words, sight));
        all.push(Standing::new(Tone::Info, words.say("standing.shop-away"), text));
    }
    all
}

fn going_on(words: Words, sight: &Sight) -> Vec<Standing> {
    let mut all = Vec::new();
    let run = sight.active.as_ref().filter(|run| run.state != RunState::Braked);
    if let Some(run) = run {
        let title = match run.kind {
            RunKind::First => words.say("standing.first"),
            RunKind::Forced => words.say("standing.forced"),
            RunKind::Sweep => words.say("standing.sweep"),
            RunKind::Backfill => words.say("standing.backfill"),
            RunKind::DryRun => words.say("standing.dry-run"),
        };
        all.push(Standing::new(Tone::Info, title, words.say("standing.run-text")));
    }
    all
}

/// Nothing is wrong, waited for or under way.
fn well(shop: &Shop, words: Words, sight: &Sight) -> Standing {
    let silent = shop
        .last_success_at
        .filter(|at| sight.lane.first_done && sight.now - at > SILENCE_MS);
    if let Some(at) = silent {
        let title = words.fill("standing.silent", &[("when", &words.ago(at, sight.now))]);
        return Standing::new(Tone::Warn, title, words.say("standing.silent-text"));
    }
    if !sight.lane.first_done {
        return Standing::new(
            Tone::Info,
            words.say("standing.soon"),
            words.say("standing.soon-text"),
        );
    }
    if sight.counts.contacts == 0 && sight.counts.dirty == 0 {
        return Standing::new(
            Tone::Info,
            words.say("standing.empty"),
            words.say("standing.empty-text"),
        );
    }
    if sight.counts.dirty > 0 {
        return Standing::new(
            Tone::Info,
            words.count("standing.sending", sight.counts.dirty),
            "",
        );
    }
    let last = sight.latest.first().map(|line| line.at);
    let text = match last {
        Some(at) => words.fill("standing.last-change", &[("when", &words.ago(at, sight.now))]),
        None => String::new(),
    };
    let failed = sight.with(store::Outcome::Failed);
    if failed > 0 {
        return Standing::new(Tone::Info, words.count("standing.but-failed", failed), text);
    }
    Standing::new(Tone::Good, words.say("standing.current"), text)
}
