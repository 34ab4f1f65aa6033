//! Moments on pages: in Poland's time, for machines in UTC.

use maud::{Markup, html};
use ports::Millis;
use texts::Words;

use crate::api::model::iso;

/// A moment to the minute: `23.11.2026, 12:00` or `2026-11-23, 12:00`.
pub fn moment(words: Words, at: Millis) -> Markup {
    let local = texts::in_poland(at);
    let clock = local.get(11..16).unwrap_or_default();
    html! { time datetime=[iso(at)] { (date(words, &local)) ", " (clock) } }
}

pub fn day(words: Words, at: Millis) -> Markup {
    html! { time datetime=[iso(at).and_then(|text| text.get(..10).map(str::to_owned))] { (date(words, &texts::in_poland(at))) } }
}

fn date(words: Words, local: &str) -> String {
    let date = local.get(..10).unwrap_or_default();
    let parts: Vec<&str> = date.split('.').collect();
    match (words.tag(), parts.as_slice()) {
        ("en", [day, month, year]) => format!("{year}-{month}-{day}"),
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::Lang;

    #[test]
    fn moments_read_as_people_of_each_language_write_them() {
        // 2026-11-23 11:00 in UTC.
        let at = 1_795_431_600_000;
        let polish = moment(Words(Lang::Pl), at).into_string();
        assert_eq!(
            polish,
            "<time datetime=\"2026-11-23T11:00:00Z\">23.11.2026, 12:00</time>"
        );
        let english = day(Words(Lang::En), at).into_string();
        assert_eq!(english, "<time datetime=\"2026-11-23\">2026-11-23</time>");
    }
}
