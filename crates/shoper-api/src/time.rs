//! Moments as Shoper writes them: without a zone, by Polish clocks (shoper-api.md A.2, C.1).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Poland's rule of summer time, in force since 1996. Spelt out, so that no zone files are needed.
const POLAND: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Reads a moment, in milliseconds since 1970 UTC: `YYYY-MM-DD HH:MM:SS` by Polish clocks, the same with
/// `T`, an offset or `Z`, a date alone, or seconds or milliseconds since 1970. `None` for anything else,
/// `0000-00-00 00:00:00` included.
pub fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            9..=10 => text.parse::<i64>().ok()?.checked_mul(1000),
            12..=13 => text.parse().ok(),
            _ => None,
        };
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    let poland = TimeZone::posix(POLAND).expect("the rule is well formed");
    Some(poland.to_timestamp(local).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_is_read_by_polish_clocks() {
        assert_eq!(moment("2026-11-23 12:00:00"), Some(1_795_431_600_000));
        assert_eq!(moment("2026-07-01 12:00:00"), Some(1_782_900_000_000));
        assert_eq!(moment("2026-11-23"), Some(1_795_431_600_000 - 12 * 3_600_000));
    }

    #[test]
    fn other_ways_to_write_a_moment_are_read_too() {
        for text in [
            "2026-11-23T12:00:00",
            "2026-11-23T12:00:00+01:00",
            "2026-11-23T11:00:00Z",
            "1795431600",
            "1795431600000",
        ] {
            assert_eq!(moment(text), Some(1_795_431_600_000), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_not_guessed() {
        for text in [
            "",
            "0000-00-00 00:00:00",
            "0",
            "12",
            "yesterday",
            "99999999999999999999",
            "2026-13-01 00:00:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reading(text in ".{0,40}") {
            moment(&text);
        }
    }
}
