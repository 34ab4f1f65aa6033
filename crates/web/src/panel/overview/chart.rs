//! The last days as stacked bars, a colour a kind of change, with the days and the numbers at the axes. A day far above the
//! others, such as that of the first synchronisation, is cut off and marked, as it would flatten all the others. The values of
//! a day are told to whoever points at it, goes to it by keyboard, or opens the table.

use maud::{Markup, html};
use sync_core::HistoryKind;
use texts::Words;

use super::data::{DAY, DAYS, PageData};
use crate::panel::times;

/// The picture: a day's width and its bar's, the height of the bars, and the room beside and beneath them.
const DAY_WIDTH: i64 = 24;
const BAR: i64 = 16;
const HEIGHT: i64 = 130;
const LEFT: i64 = 44;
const TOP: i64 = 14;
const BENEATH: i64 = 22;
/// A day is cut off where it is more than so many times the highest of all others.
const CUT: i64 = 4;

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
            ul.legend {
                @for (at, (kind, name)) in kinds.iter().enumerate() {
                    @let sum: i64 = days.iter().map(|day| value(*day, kind)).sum();
                    li { i class={ "kind-" (at) } {} (name) ": " strong { (words.number(sum)) } }
                }
            }
            (picture(words, &days, &kinds, |day, kind| value(day, kind)))
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

/// A day's values in words.
fn told(
    words: Words,
    day: i64,
    kinds: &[(HistoryKind, &'static str)],
    value: impl Fn(i64, &HistoryKind) -> i64,
) -> String {
    let mut parts = vec![words.day(day * DAY)];
    for (kind, name) in kinds {
        let n = value(day, kind);
        if n > 0 {
            parts.push(format!("{name}: {}", words.number(n)));
        }
    }
    if parts.len() == 1 {
        parts.push(words.say("chart.nothing").to_owned());
    }
    parts.join(", ")
}

fn picture(
    words: Words,
    days: &[i64],
    kinds: &[(HistoryKind, &'static str)],
    value: impl Fn(i64, &HistoryKind) -> i64 + Copy,
) -> Markup {
    let sums: Vec<i64> = days
        .iter()
        .map(|day| kinds.iter().map(|(kind, _)| value(*day, kind)).sum())
        .collect();
    let top = top(&sums);
    let scaled = |n: i64| n.min(top) * HEIGHT / top;
    let (width, bottom) = (LEFT + days.len() as i64 * DAY_WIDTH, TOP + HEIGHT);
    html! {
        svg.chart role="group" aria-label=(words.say("chart.title")) viewBox={ "0 0 " (width) " " (bottom + BENEATH) } {
            @for n in marks(top) {
                @let y = bottom - scaled(n);
                line x1=(LEFT) x2=(width) y1=(y) y2=(y) {}
                text x=(LEFT - 6) y=(y + 4) text-anchor="end" aria-hidden="true" { (words.number(n)) }
            }
            @for (place, (day, sum)) in days.iter().zip(&sums).enumerate() {
                @let x = LEFT + place as i64 * DAY_WIDTH;
                @let told = told(words, *day, kinds, value);
                @let is_cut = *sum > top;
                g id={ "day-" (place) } role="img" aria-label=(told) tabindex=(if place + 1 == days.len() { 0 } else { -1 }) {
                        rect.day x=(x) y=(TOP) width=(DAY_WIDTH) height=(HEIGHT) {}
                        @for (at, (y, height)) in stacked(*day, kinds, value, *sum, top).into_iter().enumerate() {
                            rect class={ "kind-" (at) } x=(x + (DAY_WIDTH - BAR) / 2) y=(bottom - y - height) width=(BAR) height=(height) {}
                        }
                        @if is_cut {
                            @let (left, y) = (x + (DAY_WIDTH - BAR) / 2 - 2, TOP + 10);
                            path.capped d={ "M" (left) " " (y + 4) "l" (BAR / 2 + 2) " -6l" (BAR / 2 + 2) " 6" } {}
                            text x=(x + DAY_WIDTH / 2) y=(TOP - 3) text-anchor="middle" { (words.number(*sum)) }
                        }
                        title { (told) }
                    @if place % 7 == days.len().saturating_sub(1) % 7 {
                        text x=(x + DAY_WIDTH / 2) y=(bottom + 16) text-anchor="middle" aria-hidden="true" { (times::day_short(*day * DAY)) }
                    }
                }
            }
        }
        // What is pointed at, by a script.
        p.said.soft aria-hidden="true" {}
    }
}

/// The highest value that is drawn whole: the highest of all, or of all others where one day stands far above them.
fn top(sums: &[i64]) -> i64 {
    let mut sorted = sums.to_vec();
    sorted.sort_unstable();
    let highest = sorted.pop().unwrap_or(0);
    let next = sorted.pop().unwrap_or(0);
    let top = if next > 0 && highest > next * CUT {
        next + next / 4
    } else {
        highest
    };
    top.max(1)
}

/// Whole numbers at the axis: none, about half and about all.
fn marks(top: i64) -> Vec<i64> {
    let mut marks = vec![0, top / 2, top];
    marks.dedup();
    marks
}

/// Of each kind where its part of the bar begins and how high it is; what happened at all can be seen.
fn stacked(
    day: i64,
    kinds: &[(HistoryKind, &'static str)],
    value: impl Fn(i64, &HistoryKind) -> i64,
    sum: i64,
    top: i64,
) -> Vec<(i64, i64)> {
    let whole = sum.min(top) * HEIGHT / top;
    let mut from = 0;
    kinds
        .iter()
        .map(|(kind, _)| {
            let n = value(day, kind);
            let height = if n == 0 {
                0
            } else {
                (n * whole / sum.max(1)).max(2)
            };
            from += height;
            (from - height, height)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_far_above_all_others_is_cut_off_and_no_other() {
        assert_eq!(top(&[0, 3, 8, 5]), 8);
        assert_eq!(top(&[0, 3, 8, 5, 370]), 10);
        assert_eq!(top(&[0, 0, 370]), 370, "alone it is what there is to see");
        assert_eq!(top(&[]), 1);
    }

    #[test]
    fn parts_of_a_bar_stand_on_one_another_and_are_seen() {
        let kinds = [(HistoryKind::Added, "a"), (HistoryKind::Updated, "u")];
        let value = |_: i64, kind: &HistoryKind| if *kind == HistoryKind::Added { 1_000 } else { 1 };
        assert_eq!(stacked(0, &kinds, value, 1_001, 1_001), [(0, 129), (129, 2)]);
        assert_eq!(stacked(0, &kinds, |_, _| 0, 0, 1), [(0, 0), (0, 0)]);
    }

    #[test]
    fn the_axis_tells_whole_numbers_once() {
        assert_eq!(marks(1), [0, 1]);
        assert_eq!(marks(10), [0, 5, 10]);
    }
}
