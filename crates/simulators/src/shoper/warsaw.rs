//! Moments as a shop writes them: by Warsaw's clocks, without a zone (shoper-api.md D.5).

use std::fmt::Display;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ports::Millis;

use super::settings::TimestampFormat;

/// Poland's clocks as a rule, so that no zone files are needed.
static WARSAW: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is well formed"));

/// `moment` on Warsaw's clocks: `YYYY-MM-DD HH:MM:SS`.
pub(super) fn local(moment: Millis) -> impl Display {
    WARSAW
        .to_datetime(timestamp(moment))
        .strftime("%Y-%m-%d %H:%M:%S")
}

/// `moment` in the shape asked for.
pub(super) fn format(moment: Millis, shape: TimestampFormat) -> String {
    match shape {
        TimestampFormat::DateTime => local(moment).to_string(),
        TimestampFormat::Unix => moment.div_euclid(1000).to_string(),
        TimestampFormat::Rfc3339 => {
            let moment = timestamp(moment.div_euclid(1000) * 1000);
            moment.display_with_offset(WARSAW.to_offset(moment)).to_string()
        }
    }
}

/// No clock of a simulation goes beyond the year 9999.
fn timestamp(moment: Millis) -> Timestamp {
    Timestamp::from_millisecond(moment).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINTER: Millis = 1_795_431_600_000;

    fn shown(utc: &str) -> String {
        local(utc.parse::<Timestamp>().unwrap().as_millisecond()).to_string()
    }

    #[test]
    fn winter_is_one_hour_and_summer_two_ahead_of_utc() {
        assert_eq!(local(WINTER).to_string(), "2026-11-23 12:00:00");
        assert_eq!(shown("2026-07-01T10:00:00Z"), "2026-07-01 12:00:00");
    }

    #[test]
    fn the_clock_jumps_at_one_in_the_morning_utc() {
        assert_eq!(shown("2026-03-29T00:59:59Z"), "2026-03-29 01:59:59");
        assert_eq!(shown("2026-03-29T01:00:00Z"), "2026-03-29 03:00:00");
        assert_eq!(shown("2026-10-25T00:59:59Z"), "2026-10-25 02:59:59");
        assert_eq!(shown("2026-10-25T01:00:00Z"), "2026-10-25 02:00:00");
    }

    #[test]
    fn each_shape_tells_the_same_moment() {
        assert_eq!(format(WINTER, TimestampFormat::Unix), "1795431600");
        assert_eq!(
            format(WINTER, TimestampFormat::Rfc3339),
            "2026-11-23T12:00:00+01:00"
        );
    }
}
