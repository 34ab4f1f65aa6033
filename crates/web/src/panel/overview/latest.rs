//! The newest events of all contacts, in plain words. What a synchronisation of the whole shop did is one line.

use engine::Body;
use maud::{Markup, html};
use store::HistoryEntry;
use texts::Words;

use super::data::PageData;
use crate::panel::parts;
use crate::panel::session::Visit;

/// Lines shown.
const MOST: usize = 8;

/// The list.
pub fn of(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let run = run(words, data);
    let run_at = run.as_ref().map(|(at, _)| *at);
    let single: Vec<&HistoryEntry> = data
        .latest
        .iter()
        .filter(|line| run.is_none() || !desk::story::is_of_whole_shop(line))
        .take(MOST)
        .collect();
    let before = single
        .iter()
        .take_while(|line| run_at.is_some_and(|at| line.at > at))
        .count();
    html! {
        section {
            h2 { (words.say("overview.latest")) }
            @if single.is_empty() && run.is_none() {
                p { (words.say("overview.no-events")) }
            } @else {
                ul.events {
                    @for line in &single[..before] { (event(visit, data, line)) }
                    @if let Some((at, text)) = &run {
                        li { span.when { (words.ago(*at, data.now)) } " " span.run { (text) } }
                    }
                    @for line in &single[before..] { (event(visit, data, line)) }
                }
            }
        }
    }
}

fn event(visit: &Visit, data: &PageData, line: &HistoryEntry) -> Markup {
    let words = visit.words;
    let address = data
        .contacts
        .get(&line.hash)
        .and_then(|contact| contact.address.as_deref());
    html! {
        li {
            span.when { (words.ago(line.at, data.now)) } " "
            span {
                a href=(visit.link(&format!("contacts/{}", line.hash.to_hex()))) {
                    (parts::address_line(address.unwrap_or_else(|| words.say("overview.no-address"))))
                }
            } " "
            span { (desk::story::in_short(line, words)) }
        }
    }
}

/// When the newest synchronisation of the whole shop ended, and what it did; nothing where it changed nothing.
fn run(words: Words, data: &PageData) -> Option<(i64, String)> {
    let run = data.last.as_ref()?;
    let counters = Body::parse(&run.body).counters;
    let did: Vec<String> = [
        ("overview.run-added", counters.added),
        ("overview.run-updated", counters.updated),
        ("overview.run-unsubscribed", counters.unsubscribed),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .map(|(key, n)| words.count(key, n))
    .collect();
    let text = format!("{}: {}", words.run_kind(run.kind), did.join(", "));
    (!did.is_empty()).then_some((run.ended_at?, text))
}
