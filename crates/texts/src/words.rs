//! Texts by key in a person's language, filled in and counted.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use ports::Millis;
use sync_core::Lang;

use crate::times::{clock, in_poland};

/// Texts by key, such as `overview.title`.
type Texts = BTreeMap<String, String>;

macro_rules! files {
    ($language:literal) => {
        files!($language:
            "common" "glossary" "start" "connect" "launch" "mapping" "overview" "contacts" "story" "unsubscribes"
            "problems" "problem-kinds" "advanced" "help" "findings" "fields")
    };
    ($language:literal: $($page:literal)+) => {
        &[$(include_str!(concat!("../", $language, "/", $page, ".toml"))),+]
    };
}

static POLISH: LazyLock<Texts> = LazyLock::new(|| read(files!("pl")));
static ENGLISH: LazyLock<Texts> = LazyLock::new(|| read(files!("en")));

fn read(files: &[&str]) -> Texts {
    fn flatten(prefix: &str, table: toml::Table, texts: &mut Texts) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}.{name}")
            };
            match value {
                toml::Value::String(text) => {
                    debug_assert!(!texts.contains_key(&key), "two files say {key}");
                    texts.insert(key, text);
                }
                toml::Value::Table(inner) => flatten(&key, inner, texts),
                _ => {}
            }
        }
    }
    let mut texts = Texts::new();
    for file in files {
        flatten("", file.parse().expect("a test reads all files"), &mut texts);
    }
    texts
}

/// Speaks to a person in their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub Lang);

impl Words {
    /// The language of a panel's locale, such as `pl_PL`: Polish unless it is told to be another; those who read
    /// neither get English.
    pub fn of_locale(locale: Option<&str>) -> Self {
        match locale {
            Some(locale) if !locale.is_empty() && !locale.to_ascii_lowercase().starts_with("pl") => {
                Self(Lang::En)
            }
            _ => Self(Lang::Pl),
        }
    }

    /// The language's tag for HTML.
    pub fn tag(self) -> &'static str {
        match self.0 {
            Lang::Pl => "pl",
            Lang::En => "en",
        }
    }

    fn texts(self) -> &'static Texts {
        match self.0 {
            Lang::Pl => &POLISH,
            Lang::En => &ENGLISH,
        }
    }

    fn find(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).map(String::as_str)
    }

    /// The text under `key`.
    pub fn say(self, key: &'static str) -> &'static str {
        self.find(key).unwrap_or(key)
    }

    /// The text for one of the program's words, such as a run's state: `say_word("state", "connected")` is the text
    /// under `state.connected`. A word without a text says nothing new, so it is told by the text under `other`.
    pub fn say_word(self, page: &'static str, word: &str) -> &'static str {
        let other = || self.find(&format!("{page}.other"));
        self.find(&format!("{page}.{word}"))
            .or_else(other)
            .unwrap_or_default()
    }

    /// The text for one of the program's words where each has its own: `None` for one that a newer program wrote.
    pub(crate) fn known_word(self, page: &'static str, word: &str) -> Option<&'static str> {
        self.find(&format!("{page}.{word}"))
    }

    /// The text under `key` with its `{names}` filled in.
    pub fn fill(self, key: &'static str, values: &[(&str, &dyn Display)]) -> String {
        fill(self.say(key), values)
    }

    /// The text under `key`, which tells a moment as `{at}`.
    pub fn dated(self, key: &'static str, at: Millis) -> String {
        self.fill(key, &[("at", &self.moment(at))])
    }

    /// The text under `key` in the form that goes with the number `n`, which fills in `{n}`.
    pub fn count(self, key: &'static str, n: i64) -> String {
        let form = format!("{key}.{}", self.form(n));
        fill(self.find(&form).unwrap_or(key), &[("n", &self.number(n))])
    }

    /// As `count`, with other `{names}` filled in as well.
    pub fn count_with(self, key: &'static str, n: i64, values: &[(&str, &dyn Display)]) -> String {
        fill(&self.count(key, n), values)
    }

    /// The text under `key.word` in the form that goes with `n`; `None` where that word has none.
    pub(crate) fn count_word(self, key: &'static str, word: &str, n: i64) -> Option<String> {
        let text = self.find(&format!("{key}.{word}.{}", self.form(n)))?;
        Some(fill(text, &[("n", &self.number(n))]))
    }

    fn form(self, n: i64) -> &'static str {
        let n = n.unsigned_abs();
        match self.0 {
            _ if n == 1 => "one",
            Lang::Pl if matches!(n % 10, 2..=4) && !matches!(n % 100, 12..=14) => "few",
            _ => "many",
        }
    }

    /// A number in groups of three.
    pub fn number(self, n: i64) -> String {
        let separator = match self.0 {
            Lang::Pl => '\u{a0}',
            Lang::En => ',',
        };
        let digits = n.unsigned_abs().to_string();
        let mut text = String::from(if n < 0 { "-" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            // Polish leaves numbers of four digits whole.
            let whole = self.0 == Lang::Pl && digits.len() <= 4;
            if place > 0 && !whole && (digits.len() - place).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A moment on Poland's clocks, as each language's readers write it: both see the same event at the same hour.
    pub fn moment(self, at: Millis) -> String {
        match self.0 {
            Lang::Pl => in_poland(at),
            Lang::En => clock(at, "%Y-%m-%d %H:%M:%S %Z"),
        }
    }

    /// A day on Poland's clocks: `23.11.2026` or `2026-11-23`.
    pub fn day(self, at: Millis) -> String {
        clock(
            at,
            match self.0 {
                Lang::Pl => "%d.%m.%Y",
                Lang::En => "%Y-%m-%d",
            },
        )
    }

    /// How long ago something was, in the largest unit that fits.
    pub fn ago(self, at: Millis, now: Millis) -> String {
        let seconds = ((now - at) / 1000).max(0);
        match seconds {
            0..60 => self.say("time.now").to_owned(),
            60..3_600 => self.count("time.minutes-ago", seconds / 60),
            3_600..86_400 => self.count("time.hours-ago", seconds / 3_600),
            _ => self.count("time.days-ago", seconds / 86_400),
        }
    }

    /// How long something will take, in the largest unit that fits.
    pub fn lasting(self, seconds: i64) -> String {
        match seconds.max(0) {
            0..60 => self.say("time.moment").to_owned(),
            60..3_600 => self.count("time.minutes", seconds / 60),
            _ => self.count("time.hours", seconds / 3_600),
        }
    }
}

fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let name = rest.find('}').map(|close| &rest[1..close]);
        match name.and_then(|name| {
            values
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (name, value))
        }) {
            Some((name, value)) => {
                filled.push_str(&value.to_string());
                rest = &rest[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
