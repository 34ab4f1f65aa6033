//! Moments as people read them: in Poland's time, and in UTC where a moment must prove something.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ports::Millis;

/// Poland's clocks as a rule, so that a machine without a database of zones tells them too.
const WARSAW: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// A moment in Poland's time: `23.11.2026 12:00:00`; empty for one that is none.
pub fn in_poland(at: Millis) -> String {
    clock(at, "%d.%m.%Y %H:%M:%S")
}

/// A moment on Poland's clocks in the form that `form` says (as `strftime`); empty for one that is none.
pub fn clock(at: Millis, form: &str) -> String {
    let zone = TimeZone::posix(WARSAW).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(at).map_or_else(
        |_| String::new(),
        |moment| moment.to_zoned_datetime(zone).strftime(form).to_string(),
    )
}

/// A moment in UTC: `2026-11-23 11:00:00 UTC`; empty for one that is none.
pub fn in_utc(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(
        |_| String::new(),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_of_polands_times_are_told() {
        // 2026-11-23 11:00 and 2026-07-23 10:00 in UTC.
        assert_eq!(in_poland(1_795_431_600_000), "23.11.2026 12:00:00");
        assert_eq!(in_poland(1_784_800_800_000), "23.07.2026 12:00:00");
        assert_eq!(in_utc(1_795_431_600_000), "2026-11-23 11:00:00 UTC");
    }
}
