//! How long a service asks to be left alone.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

use crate::clock::Millis;

/// The longest pause taken seriously; a slip of a service's must not stop us for years.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`: seconds, or a date seen from the answer's own `Date` (RFC 9110, 10.2.3). A transport adds a `Date`
/// where the service sent none ([`stamp`]).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?;
    let pause = match value.to_str().ok()?.trim().parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST),
        Ok(_) => return None,
        Err(_) => {
            let then = date(value)?;
            let now = date(headers.get(header::DATE)?)?;
            Duration::from_millis(u64::try_from(then - now).unwrap_or(0))
        }
    };
    Some(pause.min(LONGEST))
}

/// Notes on an answer when it came, where it asks for a pause until a date and does not say when it was sent.
pub fn stamp(headers: &mut HeaderMap, now: Millis) {
    if !headers.contains_key(header::RETRY_AFTER)
        || headers.get(header::DATE).is_some_and(|told| date(told).is_some())
    {
        return;
    }
    let text = Timestamp::from_millisecond(now).ok().and_then(|now| {
        rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&now)
            .ok()
    });
    if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::DATE, value);
    }
}

/// A date of HTTP in milliseconds since 1970: in today's form or in one of the two old ones.
fn date(value: &HeaderValue) -> Option<Millis> {
    let text = value.to_str().ok()?.trim();
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(moment) = parser.parse_timestamp(text) {
        return Some(moment.as_millisecond());
    }
    let in_form = |form: &str| -> Option<DateTime> { strtime::parse(form, text).ok()?.to_datetime().ok() };
    let read = in_form("%A, %d-%b-%y %H:%M:%S GMT").or_else(|| in_form("%a %b %e %H:%M:%S %Y"))?;
    Some(TimeZone::UTC.to_timestamp(read).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &'static str, date: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(retry_after));
        headers.insert(header::DATE, HeaderValue::from_static(date));
        headers
    }

    fn wait(after: &'static str, date: &'static str) -> Option<Duration> {
        retry_after(&headers(after, date))
    }

    #[test]
    fn seconds_are_read_and_bounded() {
        assert_eq!(wait("7", ""), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0.5 ", ""), Some(Duration::from_millis(500)));
        assert_eq!(wait("1e300", ""), Some(LONGEST));
        for nonsense in ["-1", "NaN", "soon", ""] {
            assert_eq!(wait(nonsense, ""), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_in_any_of_its_three_forms_is_seen_from_the_answers_own() {
        let now = "Wed, 21 Oct 2026 07:28:00 GMT";
        for then in [
            "Wed, 21 Oct 2026 07:28:30 GMT",
            // A server in its own language gets the day of the week wrong.
            "Mon, 21 Oct 2026 07:28:30 GMT",
            "Wednesday, 21-Oct-26 07:28:30 GMT",
            "Wed Oct 21 07:28:30 2026",
        ] {
            assert_eq!(wait(then, now), Some(Duration::from_secs(30)), "{then}");
        }
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:30 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("Thu, 21 Oct 2027 07:27:30 GMT", now), Some(LONGEST));
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:30 GMT", ""), None);
    }

    #[test]
    fn an_answer_without_a_date_is_stamped_when_it_comes() {
        let now = 1_792_567_680_000;
        let mut answer = headers("Wed, 21 Oct 2026 07:28:30 GMT", "some day");
        stamp(&mut answer, now);
        assert_eq!(answer[header::DATE], "Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(retry_after(&answer), Some(Duration::from_secs(30)));
        let mut told = headers("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:20 GMT");
        stamp(&mut told, now);
        assert_eq!(retry_after(&told), Some(Duration::from_secs(10)));
        let mut bare = HeaderMap::new();
        stamp(&mut bare, now);
        assert!(bare.is_empty());
    }
}
