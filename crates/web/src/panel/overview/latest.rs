//! The newest events of all contacts: when, who, what. What many contacts met at once is one line.

use engine::Body;
use maud::{Markup, html};
use ports::Millis;
use store::{HistoryEntry, Run};
use sync_core::HistoryKind;
use texts::Words;

use super::data::PageData;
use crate::panel::parts;
use crate::panel::session::Visit;

/// Lines shown at most.
const LINES: usize = 8;
/// As many events of one kind, each within so long of the next, are one line.
const MANY: usize = 4;
const NEAR_MS: Millis = 600_000;

/// A line of the list.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    One(&'a HistoryEntry),
    /// So many contacts at once, the newest at this time; the run that did it, where it was one.
    Many {
        kind: &'a HistoryKind,
        at: Millis,
        n: i64,
        run: Option<&'a Run>,
    },
}

/// The list.
pub fn of(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    html! {
        section {
            h2 { (words.say("overview.latest")) }
            @if data.latest.is_empty() {
                p { (words.say("overview.no-events")) }
            } @else {
                table.events {
                    caption.unseen { (words.say("overview.latest")) }
                    thead.unseen {
                        tr {
                            th scope="col" { (words.say("unsubscribes.when")) }
                            th scope="col" { (words.say("unsubscribes.whom")) }
                            th scope="col" { (words.say("overview.what")) }
                        }
                    }
                    tbody {
                        @for line in folded(&data.latest, &data.runs).iter().take(LINES) { (row(visit, data, line)) }
                    }
                }
            }
        }
    }
}

fn row(visit: &Visit, data: &PageData, line: &Line<'_>) -> Markup {
    let words = visit.words;
    match line {
        Line::One(entry) => {
            let address = data
                .contacts
                .get(&entry.hash)
                .and_then(|contact| contact.address.as_deref())
                .unwrap_or_else(|| words.say("overview.no-address"));
            html! {
                tr {
                    td.time { (words.ago(entry.at, data.now)) }
                    td.who {
                        a href=(visit.link(&format!("contacts/{}", entry.hash.to_hex()))) title=(address) { (parts::address(address)) }
                    }
                    td { (words.event(&entry.kind).map_or_else(|| desk::story::entry(entry, words), str::to_owned)) }
                }
            }
        }
        Line::Many { kind, at, n, run } => html! {
            tr {
                td.time { (words.ago(*at, data.now)) }
                td colspan="2" {
                    (run.map_or_else(|| words.say("overview.live-changes"), |run| words.run_kind(run.kind)))
                    ": " (bulk(words, kind, *n))
                }
            }
        },
    }
}

/// What so many contacts met.
fn bulk(words: Words, kind: &HistoryKind, n: i64) -> String {
    match kind {
        HistoryKind::Updated => words.count("overview.bulk-updated", n),
        _ => words.count("overview.bulk-added", n),
    }
}

/// Kinds that come in bulk; every other event is somebody's own.
fn comes_in_bulk(kind: &HistoryKind) -> bool {
    matches!(kind, HistoryKind::Added | HistoryKind::Updated)
}

/// The lines of `entries`, newest first: those of one kind that a run wrote, or that follow each other closely, are one.
fn folded<'a>(entries: &'a [HistoryEntry], runs: &'a [Run]) -> Vec<Line<'a>> {
    let run_of = |entry: &HistoryEntry| {
        runs.iter().find(|run| {
            let began = run.started_at.unwrap_or(run.created_at);
            run.kind.policy().writes_as_it_goes
                && began <= entry.at
                && run.ended_at.is_none_or(|ended| entry.at <= ended)
        })
    };
    let mut lines = Vec::new();
    let mut taken = vec![false; entries.len()];
    for (place, entry) in entries.iter().enumerate() {
        if taken[place] {
            continue;
        }
        if !comes_in_bulk(&entry.kind) {
            lines.push(Line::One(entry));
            continue;
        }
        let run = run_of(entry);
        let mut last = entry.at;
        let mut like = vec![place];
        for (other, next) in entries.iter().enumerate().skip(place + 1) {
            if next.kind != entry.kind
                || taken[other]
                || run_of(next).map(|run| run.id) != run.map(|run| run.id)
            {
                continue;
            }
            if run.is_none() && last - next.at > NEAR_MS {
                break;
            }
            last = next.at;
            like.push(other);
        }
        if like.len() < MANY {
            lines.push(Line::One(entry));
            continue;
        }
        for other in &like {
            taken[*other] = true;
        }
        let seen = i64::try_from(like.len()).unwrap_or(i64::MAX);
        // The list ends before a large run does: its own counter knows.
        let counted = run.map_or(0, |run| {
            let counters = Body::parse(&run.body).counters;
            match entry.kind {
                HistoryKind::Updated => counters.updated,
                _ => counters.added,
            }
        });
        lines.push(Line::Many {
            kind: &entry.kind,
            at: entry.at,
            n: seen.max(counted),
            run,
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Counters;
    use store::{AddrHash, RunKind, RunState};

    fn entry(n: u8, kind: HistoryKind, at: Millis) -> HistoryEntry {
        HistoryEntry {
            hash: AddrHash([n; 16]),
            at,
            kind,
            detail: None,
        }
    }

    fn run(began: Millis, ended: Millis, added: i64) -> Run {
        let body = Body {
            counters: Counters {
                added,
                ..Counters::default()
            },
            ..Body::default()
        };
        Run {
            id: 1,
            kind: RunKind::First,
            state: RunState::Done,
            body: body.text(),
            error: None,
            created_at: began,
            started_at: Some(began),
            ended_at: Some(ended),
        }
    }

    #[test]
    fn a_run_is_one_line_with_its_own_number_and_people_keep_theirs() {
        let mut entries = vec![
            entry(1, HistoryKind::Updated, 9_000_000),
            entry(2, HistoryKind::RefusedInSare, 900),
        ];
        entries.extend((3..10).map(|n| entry(n, HistoryKind::Added, 800 - Millis::from(n))));
        let runs = [run(100, 1000, 370)];
        let lines = folded(&entries, &runs);
        assert!(matches!(
            lines[..],
            [
                Line::One(_),
                Line::One(_),
                Line::Many {
                    n: 370,
                    at: 797,
                    run: Some(_),
                    ..
                }
            ]
        ));
    }

    #[test]
    fn a_burst_without_a_run_is_one_line_and_a_few_are_not() {
        let burst: Vec<_> = (0..5)
            .map(|n| entry(n, HistoryKind::Updated, 5000 - Millis::from(n)))
            .collect();
        assert!(matches!(
            folded(&burst, &[])[..],
            [Line::Many { n: 5, run: None, .. }]
        ));
        assert_eq!(folded(&burst[..3], &[]).len(), 3);
        let far: Vec<_> = (0..5)
            .map(|n| entry(n, HistoryKind::Updated, -NEAR_MS * 2 * Millis::from(n)))
            .collect();
        assert_eq!(folded(&far, &[]).len(), 5);
    }
}
