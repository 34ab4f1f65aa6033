//! The last days as one chart: a column a day, added, updated and unsubscribed above each other. A day that would
//! flatten all others, as that of the first synchronisation, is cut off, marked and labelled with its number. Values show
//! on hover and focus and stand in a table.

use maud::{Markup, html};
use sync_core::HistoryKind;
use texts::Words;

use super::data::{DAY, DAYS, PageData};
use crate::panel::times;

/// The height of the plot in its own unit; columns are stretched over the width that there is.
const HEIGHT: i64 = 100;
/// A value is at least as high as this, so that what happened at all can be seen.
const LEAST: i64 = 3;
/// A day of more than so many times the next largest is cut off.
const OUTLIER: i64 = 3;

/// A day's values, in the order of the kinds.
type Values = [i64; 4];

/// The chart.
pub fn of(words: Words, data: &PageData) -> Markup {
    let kinds = [
        (HistoryKind::Added, "added", words.say("chart.added")),
        (HistoryKind::Updated, "updated", words.say("chart.updated")),
        (
            HistoryKind::UnsubscribedInSare,
            "to-sare",
            words.say("chart.to-sare"),
        ),
        (HistoryKind::RefusedInSare, "to-shop", words.say("chart.to-shop")),
    ];
    let today = data.now.div_euclid(DAY);
    let value = |day: i64, kind: &HistoryKind| data.days.get(&(day, kind.to_string())).copied().unwrap_or(0);
    let days: Vec<(i64, Values)> = (today - DAYS + 1..=today)
        .map(|day| (day, [0, 1, 2, 3].map(|place| value(day, &kinds[place].0))))
        .collect();
    let top = top(&days
        .iter()
        .map(|(_, values)| values.iter().sum())
        .collect::<Vec<i64>>());
    let told = |values: &Values| {
        let parts: Vec<String> = kinds
            .iter()
            .zip(values)
            .filter(|(_, n)| **n > 0)
            .map(|((_, _, name), n)| format!("{name}: {}", words.number(*n)))
            .collect();
        parts.join(", ")
    };
    let happened = |values: &Values| values.iter().any(|n| *n > 0);
    html! {
        section.chart {
            h2 { (words.say("chart.title")) }
            ul.legend {
                @for (place, (_, class, name)) in kinds.iter().enumerate() {
                    li {
                        svg.swatch aria-hidden="true" focusable="false" viewBox="0 0 10 10" { rect class=(class) width="10" height="10" {} }
                        (name) " " strong { (words.number(days.iter().map(|(_, values)| values[place]).sum())) }
                    }
                }
            }
            div.plot {
                div.scale aria-hidden="true" {
                    span { (words.number(top)) }
                    @if top % 2 == 0 { span { (words.number(top / 2)) } }
                    span { "0" }
                }
                ol.columns {
                    @for (day, values) in &days {
                        li id={ "day-" (day) } tabindex=[happened(values).then_some("0")] {
                            (column(&kinds.each_ref().map(|(_, class, _)| *class), values, top))
                            @let sum: i64 = values.iter().sum();
                            @if sum > top { span.cut aria-hidden="true" { (words.number(sum)) } }
                            @if happened(values) {
                                span.tip { strong { (times::day(words, *day * DAY)) } " " (told(values)) }
                            }
                        }
                    }
                }
                div.dates aria-hidden="true" {
                    @for back in [DAYS - 1, DAYS * 2 / 3, DAYS / 3, 0] { span { (times::day(words, (today - back) * DAY)) } }
                }
            }
            @if days.iter().any(|(_, values)| values.iter().sum::<i64>() > top) {
                p.hint { (words.say("chart.cut")) }
            }
            details #chart-table {
                summary { (words.say("chart.as-table")) }
                div.scroll tabindex="0" role="region" aria-label=(words.say("chart.title")) {
                    table {
                        caption { (words.say("chart.caption")) }
                        thead {
                            tr {
                                th scope="col" { (words.say("chart.day")) }
                                @for (_, _, name) in &kinds { th.number scope="col" { (name) } }
                            }
                        }
                        tbody {
                            @for (day, values) in days.iter().rev().filter(|(_, values)| happened(values)) {
                                tr {
                                    th scope="row" { (times::day(words, *day * DAY)) }
                                    @for n in values { td.number { (words.number(*n)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A day's column: its parts from the bottom up.
fn column(classes: &[&str; 4], values: &Values, top: i64) -> Markup {
    let is_cut = values.iter().sum::<i64>() > top;
    let mut left = HEIGHT;
    let parts: Vec<(&str, i64, i64)> = classes
        .iter()
        .zip(values)
        .filter(|(_, n)| **n > 0)
        .map(|(class, n)| {
            let height = (n * HEIGHT / top).max(LEAST).min(left);
            left -= height;
            (*class, left, height)
        })
        .collect();
    html! {
        svg aria-hidden="true" focusable="false" viewBox={ "0 0 10 " (HEIGHT) } preserveAspectRatio="none" {
            @for (class, y, height) in parts {
                rect class=(class) x="1" y=(y) width="8" height=(height) {}
            }
            @if is_cut { path.gap d="M0 14 L5 8 L10 14 L10 18 L5 12 L0 18 Z" {} }
        }
    }
}

/// Where the scale ends: a round number at or above the largest day, or above the largest that is no outlier.
fn top(sums: &[i64]) -> i64 {
    let mut sorted: Vec<i64> = sums.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let (largest, next) = (
        sorted.first().copied().unwrap_or(0),
        sorted.get(1).copied().unwrap_or(0),
    );
    round(if next > 0 && largest > OUTLIER * next.max(3) {
        next
    } else {
        largest
    })
}

/// The next of 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 120, …
fn round(n: i64) -> i64 {
    let mut ten = 1;
    loop {
        for step in [4, 6, 8, 10, 12, 16, 20, 30] {
            if n <= step * ten {
                return step * ten;
            }
        }
        ten *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number_and_leaves_an_outlier_out() {
        assert_eq!(top(&[]), 4);
        assert_eq!(top(&[0, 3, 0]), 4);
        assert_eq!(top(&[12, 25, 31]), 40);
        assert_eq!(top(&[370, 0, 0]), 400, "alone it is no outlier");
        assert_eq!(top(&[370, 7, 12]), 12);
        assert_eq!(top(&[9, 2]), 10, "small numbers stay");
    }

    #[test]
    fn what_happened_at_all_is_seen_and_a_cut_column_stays_in_its_frame() {
        let shown = |values, top| column(&["a", "b", "c", "d"], &values, top).into_string();
        assert!(
            shown([100, 0, 1, 0], 1000).contains("class=\"c\" x=\"1\" y=\"87\" width=\"8\" height=\"3\"")
        );
        let cut = shown([500, 5, 0, 0], 20);
        assert!(cut.contains("y=\"0\" width=\"8\" height=\"100\"") && cut.contains("class=\"gap\""));
        assert!(!cut.contains("height=\"-"));
    }
}
