//! Moments as Shoper stamps its messages: by Polish clocks, without a zone (shoper-api.md A.2).

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Poland's rule of summer time, in force since 1996. Spelt out, so that no zone files are needed.
const POLAND: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Whether a stamp is certainly older than another. In October an hour comes twice, and a stamp within it may mean either:
/// where that leaves the order open, and for stamps of a form that cannot be read, the answer is no, so that the
/// order of arrival counts.
pub fn is_older(stamp: &str, than: &str) -> bool {
    match (span(stamp), span(than)) {
        (Some((_, latest)), Some((earliest, _))) => latest < earliest,
        _ => false,
    }
}

/// The first and the last second since 1970 UTC that `YYYY-MM-DD HH:MM:SS` can mean.
fn span(stamp: &str) -> Option<(i64, i64)> {
    let local: DateTime = strtime::parse("%Y-%m-%d %H:%M:%S", stamp)
        .ok()?
        .to_datetime()
        .ok()?;
    let poland = TimeZone::posix(POLAND).expect("the rule is well formed");
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(local).ok().map(|moment| moment.as_second());
    match poland.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset).map(|second| (second, second)),
        // An hour that never was, in March, is read by either clock as well.
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            let (one, other) = (at(before)?, at(after)?);
            Some((one.min(other), one.max(other)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_ordered_by_polish_clocks() {
        assert!(is_older("2026-11-23 11:59:59", "2026-11-23 12:00:00"));
        assert!(!is_older("2026-11-23 12:00:00", "2026-11-23 12:00:00"));
        assert!(!is_older("2026-11-23 12:00:01", "2026-11-23 12:00:00"));
    }

    #[test]
    fn within_the_hour_that_comes_twice_nothing_is_certainly_older() {
        assert!(!is_older("2026-10-25 02:10:00", "2026-10-25 02:50:00"));
        assert!(!is_older("2026-10-25 02:50:00", "2026-10-25 02:10:00"));
        // Before and behind it all is as always.
        assert!(is_older("2026-10-25 01:59:59", "2026-10-25 02:00:00"));
        assert!(is_older("2026-10-25 02:59:59", "2026-10-25 03:00:00"));
        // On any other day that hour comes once.
        assert!(is_older("2026-10-24 02:10:00", "2026-10-24 02:50:00"));
    }

    #[test]
    fn of_stamps_that_cannot_be_read_nothing_is_said() {
        for odd in [
            "",
            "yesterday",
            "1795431600",
            "2026-11-23T12:00:00",
            "0000-00-00 00:00:00",
        ] {
            assert!(!is_older(odd, "2026-11-23 12:00:00"), "{odd}");
            assert!(!is_older("2026-11-23 12:00:00", odd), "{odd}");
        }
    }
}
