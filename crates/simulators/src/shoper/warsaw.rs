//! Moments as a shop writes them: `YYYY-MM-DD HH:MM:SS` in Europe/Warsaw, without a zone
//! (shoper-api.md D.5). The rule of the European Union's summer time is all the zone data needed.

use std::fmt::{self, Display};

use ports::Millis;

use super::settings::TimestampFormat;

const DAY: i64 = 86_400;

/// A moment on Warsaw's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    offset_hours: i64,
}

impl Local {
    /// What Warsaw's clocks show at `moment`.
    pub(super) fn at(moment: Millis) -> Self {
        let seconds = moment.div_euclid(1000);
        let offset_hours = if is_summer(seconds) { 2 } else { 1 };
        let local = seconds + offset_hours * 3600;
        let (year, month, day) = civil_from_days(local.div_euclid(DAY));
        Self {
            year,
            month,
            day,
            second_of_day: local.rem_euclid(DAY),
            offset_hours,
        }
    }

    fn time(self) -> (i64, i64, i64) {
        (
            self.second_of_day / 3600,
            self.second_of_day / 60 % 60,
            self.second_of_day % 60,
        )
    }
}

impl Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.time();
        let Self { year, month, day, .. } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// `moment` in the shape asked for.
pub(super) fn format(moment: Millis, shape: TimestampFormat) -> String {
    match shape {
        TimestampFormat::DateTime => Local::at(moment).to_string(),
        TimestampFormat::Unix => moment.div_euclid(1000).to_string(),
        TimestampFormat::Rfc3339 => {
            let local = Local::at(moment);
            format!(
                "{}+{:02}:00",
                local.to_string().replace(' ', "T"),
                local.offset_hours
            )
        }
    }
}

/// From the last Sunday of March to that of October, changing at 01:00 UTC.
fn is_summer(seconds: i64) -> bool {
    let (year, _, _) = civil_from_days(seconds.div_euclid(DAY));
    let change = |month| last_sunday(year, month) * DAY + 3600;
    (change(3)..change(10)).contains(&seconds)
}

/// Of a month with 31 days, as days since 1970.
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days_from_civil(year, month, 31);
    last - (last + 4).rem_euclid(7)
}

// Howard Hinnant's algorithms on the proleptic Gregorian calendar, years starting in March.

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINTER: Millis = 1_795_431_600_000;

    #[test]
    fn winter_is_one_hour_and_summer_two_ahead_of_utc() {
        assert_eq!(Local::at(WINTER).to_string(), "2026-11-23 12:00:00");
        let summer = days_from_civil(2026, 7, 1) * DAY + 10 * 3600;
        assert_eq!(Local::at(summer * 1000).to_string(), "2026-07-01 12:00:00");
    }

    #[test]
    fn the_clock_jumps_at_one_in_the_morning_utc() {
        let spring = days_from_civil(2026, 3, 29) * DAY + 3600;
        assert_eq!(Local::at((spring - 1) * 1000).to_string(), "2026-03-29 01:59:59");
        assert_eq!(Local::at(spring * 1000).to_string(), "2026-03-29 03:00:00");
        let autumn = days_from_civil(2026, 10, 25) * DAY + 3600;
        assert_eq!(Local::at((autumn - 1) * 1000).to_string(), "2026-10-25 02:59:59");
        assert_eq!(Local::at(autumn * 1000).to_string(), "2026-10-25 02:00:00");
    }

    #[test]
    fn each_shape_tells_the_same_moment() {
        assert_eq!(format(WINTER, TimestampFormat::Unix), "1795431600");
        assert_eq!(
            format(WINTER, TimestampFormat::Rfc3339),
            "2026-11-23T12:00:00+01:00"
        );
    }

    #[test]
    fn days_and_dates_convert_both_ways_over_centuries() {
        for days in (-200_000..200_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
    }
}
