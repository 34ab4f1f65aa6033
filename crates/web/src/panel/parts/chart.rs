//! A chart of days: columns of several kinds, an outlier cut off and marked, and the numbers as a table behind it.
//!
//! It is drawn at the server as SVG, and stretched over the width that there is; words are HTML, which is not stretched.

use maud::{Markup, html};
use texts::Words;

use super::{Column, numbers_table};

/// The height of the plot in its own unit; columns are stretched over the width that there is.
const HEIGHT: i64 = 100;
/// The width of a day in the same unit, the space beside its column included.
const WIDTH: usize = 10;
/// A value is at least as high as this, so that what happened at all can be seen.
const LEAST: i64 = 3;
/// A day of more than so many times the next largest is cut off.
const OUTLIER: i64 = 3;

/// A day's values, in the order of the kinds.
type Values = [i64; 4];

/// A kind of what is counted: the class that gives its colour, and its name.
#[derive(Debug, Clone, Copy)]
pub struct Kind<'a> {
    pub class: &'a str,
    pub name: &'a str,
}

/// One day.
pub struct Day {
    /// Its id in the page.
    pub id: String,
    /// As people write it.
    pub name: Markup,
    pub values: Values,
}

/// What is shown.
pub struct Chart<'a> {
    pub title: &'a str,
    pub kinds: [Kind<'a>; 4],
    /// From the oldest to the newest.
    pub days: &'a [Day],
}

/// The chart with its legend and its table.
pub fn chart(words: Words, chart: &Chart<'_>) -> Markup {
    let days = chart.days;
    let sum = |day: &Day| day.values.iter().sum::<i64>();
    let top = top(&days.iter().map(sum).collect::<Vec<i64>>());
    let happened = |day: &&Day| day.values.iter().any(|n| *n > 0);
    let classes = chart.kinds.map(|kind| kind.class);
    // The first, the last, and two between.
    let last = days.len().saturating_sub(1);
    let dates = [0, last / 3, last * 2 / 3, last].map(|at| days.get(at).map(|day| &day.name));
    html! {
        section.chart {
            h2 { (chart.title) }
            ul.legend {
                @for (place, kind) in chart.kinds.iter().enumerate() {
                    li {
                        svg.swatch aria-hidden="true" viewBox="0 0 10 10" { rect class=(kind.class) width="10" height="10" {} }
                        (kind.name) " " strong { (words.number(days.iter().map(|day| day.values[place]).sum())) }
                    }
                }
            }
            div.plot {
                div.scale aria-hidden="true" {
                    span { (words.number(top)) }
                    @if top % 2 == 0 { span { (words.number(top / 2)) } }
                    span { "0" }
                }
                div.bars {
                    ol.columns {
                        @for day in days {
                            li id=(day.id) tabindex=[happened(&day).then_some("0")] {
                                @if sum(day) > top { span.cut aria-hidden="true" { (words.number(sum(day))) } }
                                @if happened(&day) { span.tip { strong { (day.name) } " " (told(words, chart, day)) } }
                            }
                        }
                    }
                    (bars(&classes, &days.iter().map(|day| day.values).collect::<Vec<Values>>(), top))
                }
                div.dates aria-hidden="true" { @for date in dates.into_iter().flatten() { span { (date) } } }
            }
            @if days.iter().any(|day| sum(day) > top) { p.hint { (words.say("chart.cut")) } }
            details #chart-table {
                summary { (words.say("chart.as-table")) }
                (as_table(words, chart))
            }
        }
    }
}

/// A day's numbers in words.
fn told(words: Words, chart: &Chart<'_>, day: &Day) -> String {
    let parts: Vec<String> = chart
        .kinds
        .iter()
        .zip(day.values)
        .filter(|(_, n)| *n > 0)
        .map(|(kind, n)| format!("{}: {}", kind.name, words.number(n)))
        .collect();
    parts.join(", ")
}

/// The newest day first; days on which nothing happened are left out.
fn as_table(words: Words, chart: &Chart<'_>) -> Markup {
    let mut heads = vec![Column::Text(words.say("chart.day"))];
    heads.extend(chart.kinds.map(|kind| Column::Number(kind.name)));
    let rows = html! {
        @for day in chart.days.iter().rev().filter(|day| day.values.iter().any(|n| *n > 0)) {
            tr {
                th scope="row" { (day.name) }
                @for n in day.values { td.number { (words.number(n)) } }
            }
        }
    };
    numbers_table(chart.title, words.say("chart.caption"), &heads, rows)
}

/// The columns of all days, each kind as one shape: its parts stand on those of the kinds before it.
fn bars(classes: &[&str; 4], days: &[Values], top: i64) -> Markup {
    let mut shapes = [const { String::new() }; 4];
    let mut gaps = String::new();
    for (values, at) in days.iter().zip(0_usize..) {
        let x = at * WIDTH + 1;
        let mut left = HEIGHT;
        for (shape, n) in shapes.iter_mut().zip(values).filter(|(_, n)| **n > 0) {
            let height = (n * HEIGHT / top).max(LEAST).min(left);
            left -= height;
            shape.push_str(&format!("M{x} {left}h8v{height}h-8z"));
        }
        if values.iter().sum::<i64>() > top {
            gaps.push_str(&format!("M{} 14l5-6 5 6v4l-5-6-5 6z", x - 1));
        }
    }
    html! {
        svg aria-hidden="true" viewBox={ "0 0 " (days.len() * WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
            @for (class, shape) in classes.iter().zip(&shapes).filter(|(_, shape)| !shape.is_empty()) {
                path class=(class) d=(shape) {}
            }
            @if !gaps.is_empty() { path.gap d=(gaps) {} }
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
        let shown = |values, top| bars(&["a", "b", "c", "d"], &[[0; 4], values], top).into_string();
        assert!(shown([100, 0, 1, 0], 1000).contains("<path class=\"c\" d=\"M11 87h8v3h-8z\">"));
        let cut = shown([500, 5, 0, 0], 20);
        assert!(
            cut.contains("class=\"a\" d=\"M11 0h8v100h-8z\"") && cut.contains("class=\"gap\" d=\"M10 14")
        );
        assert!(!cut.contains("v-"), "{cut}");
    }
}
