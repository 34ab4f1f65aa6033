//! The last days as bars, a row a kind of change, each to its own scale: the day of the first synchronisation would
//! flatten everything beside it. The same numbers stand in a table.

use maud::{Markup, html};
use sync_core::HistoryKind;
use texts::Words;

use super::data::{DAY, DAYS, PageData};
use crate::panel::times;

/// A bar's and a gap's width, and the height of the tallest bar.
const BAR: i64 = 16;
const GAP: i64 = 4;
const HEIGHT: i64 = 40;

/// The chart.
pub fn of(words: Words, data: &PageData) -> Markup {
    let kinds = [
        (HistoryKind::Added, words.say("chart.added")),
        (HistoryKind::Updated, words.say("chart.updated")),
        (HistoryKind::UnsubscribedInSare, words.say("chart.to-sare")),
        (HistoryKind::RefusedInSare, words.say("chart.to-shop")),
    ];
    let today = data.now.div_euclid(DAY);
    let days: Vec<i64> = (today - DAYS + 1..=today).collect();
    let value = |day: i64, kind: &HistoryKind| data.days.get(&(day, kind.to_string())).copied().unwrap_or(0);
    let happened = |day: &i64| kinds.iter().any(|(kind, _)| value(*day, kind) > 0);
    html! {
        section {
            h2 { (words.say("chart.title")) }
            @for (kind, name) in &kinds {
                @let values: Vec<i64> = days.iter().map(|day| value(*day, kind)).collect();
                div.series {
                    p { (name) ": " strong { (words.number(values.iter().sum())) } }
                    (bars(&values))
                }
            }
            details #chart-table {
                summary { (words.say("chart.as-table")) }
                div.scroll tabindex="0" role="region" aria-label=(words.say("chart.title")) {
                    table {
                        caption { (words.say("chart.caption")) }
                        thead {
                            tr {
                                th scope="col" { (words.say("chart.day")) }
                                @for (_, name) in &kinds { th.number scope="col" { (name) } }
                            }
                        }
                        tbody {
                            @for day in days.iter().rev().filter(|day| happened(day)) {
                                tr {
                                    th scope="row" { (times::day(words, *day * DAY)) }
                                    @for (kind, _) in &kinds { td.number { (words.number(value(*day, kind))) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bars(values: &[i64]) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let width = DAYS * (BAR + GAP);
    html! {
        svg aria-hidden="true" focusable="false" viewBox={ "0 0 " (width) " " (HEIGHT + 1) } preserveAspectRatio="none" {
            @for (x, value) in bars_at().zip(values) {
                // What happened at all can be seen.
                @let height = if *value == 0 { 1 } else { (value * HEIGHT / most).max(3) };
                rect.none[*value == 0] x=(x) y=(HEIGHT + 1 - height) width=(BAR) height=(height) {}
            }
        }
    }
}

/// Where each bar begins.
fn bars_at() -> impl Iterator<Item = i64> {
    (0..).map(|place| place * (BAR + GAP))
}
