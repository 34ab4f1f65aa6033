//! The last days as one chart: a column a day, added, updated and unsubscribed above each other. A day that would
//! flatten all others, as that of the first synchronisation, is cut off, marked and labelled with its number. Values show
//! on hover and focus and stand in a table.

use maud::Markup;
use sync_core::HistoryKind;
use texts::Words;

use super::data::{DAY, DAYS, PageData};
use crate::panel::parts::{self, Chart, Day, Kind};
use crate::panel::times;

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
    let days: Vec<Day> = (today - DAYS + 1..=today)
        .map(|day| Day {
            id: format!("day-{day}"),
            name: times::day(words, day * DAY),
            values: kinds.each_ref().map(|(kind, _, _)| value(day, kind)),
        })
        .collect();
    let chart = Chart {
        title: words.say("chart.title"),
        kinds: kinds.map(|(_, class, name)| Kind { class, name }),
        days: &days,
    };
    parts::chart(words, &chart)
}
