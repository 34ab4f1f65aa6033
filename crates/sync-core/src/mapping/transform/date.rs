//! Dates as shops write them, written anew. What is no date is nobody's birthday.

use jiff::civil::{Date, DateTime, Time};

/// Whether `format` is understood by `strftime` for a moment without a time zone.
pub(super) fn is_format(format: &str) -> bool {
    jiff::fmt::strtime::format(format, DateTime::constant(2001, 2, 3, 4, 5, 6, 0)).is_ok()
}

/// The date in another form; `None` for what is none, `0000-00-00` included (shoper-api.md E.1).
pub(super) fn reformat(value: &str, format: &str) -> Option<String> {
    jiff::fmt::strtime::format(format, read(value)?).ok()
}

/// `YYYY-MM-DD`, `DD.MM.YYYY`, `DD-MM-YYYY` or `DD/MM/YYYY`, with or without ` HH:MM[:SS]`.
fn read(value: &str) -> Option<DateTime> {
    let value = value.trim();
    let (date, time) = match value.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time.trim())),
        None => (value, None),
    };
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, '-' | '.' | '/') {
        return None;
    }
    let parts: Vec<&str> = date.split(separator).collect();
    let [first, month, last] = parts[..] else {
        return None;
    };
    let year_first = first.len() == 4;
    if year_first && separator != '-' {
        return None;
    }
    let (year, day) = if year_first { (first, last) } else { (last, first) };
    if year.len() != 4 || !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
        return None;
    }
    let year = number(year)?;
    // The year 0 exists for the calendar, and stands for "never" in shops.
    let date = Date::new(
        i16::try_from(year).ok().filter(|y| *y > 0)?,
        small(month)?,
        small(day)?,
    )
    .ok()?;
    let time = match time {
        Some(text) => clock(text)?,
        None => Time::midnight(),
    };
    Some(date.to_datetime(time))
}

fn clock(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

fn number(text: &str) -> Option<i32> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn small(text: &str) -> Option<i8> {
    number(text).and_then(|n| i8::try_from(n).ok())
}
