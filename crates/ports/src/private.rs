//! A service's own words: for the person whom they concern, and never for a log.
//!
//! An error text quotes what it complains of: addresses, names, streets, tokens, whole rows. Nobody can tell a name from
//! another word, so what may go into a log is decided the other way round: words of the trade stay, all others go.

use std::fmt;

/// The longest text kept, in characters.
const LONGEST: usize = 4000;
/// The longest excerpt for a log, in characters.
const LONGEST_EXCERPT: usize = 200;
/// The longest text shown to a person, in characters.
const LONGEST_SHOWN: usize = 500;

/// A text of a service's that may name a person. `Debug` hides it, `Display` is an excerpt fit for logs, [`Private::shown`]
/// is for those who may see it. Control characters, and those that turn the direction of writing, are written out: no text
/// can begin a line of its own or steer a terminal.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Private(String);

impl Private {
    /// The text, to be looked at on purpose.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text for the screen of whoever may see it: at most 500 characters, and without what opens anything or is told
    /// elsewhere (addresses, links, keys, long numbers). Names stay in it.
    pub fn shown(&self) -> String {
        bounded(&without_values(&self.0), LONGEST_SHOWN)
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Self(tame(&text))
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self(tame(text))
    }
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt(&self.0))
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes hidden]", self.0.len())
    }
}

/// The text on one line, without characters that do anything but stand there, and bounded.
pub fn tame(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(LONGEST));
    for c in text.trim().chars().take(LONGEST) {
        match c {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            c if c.is_control() || turns_or_hides(c) => clean.extend(c.escape_unicode()),
            c => clean.push(c),
        }
    }
    if text.trim().chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
}

/// Characters that turn the direction of writing, or are not to be seen.
fn turns_or_hides(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn bounded(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text without words that hold an address or a link, without long words that look like a key or a hash, and without
/// long numbers.
pub fn without_values(text: &str) -> String {
    let ends_word = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',' | ';');
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        if word.contains('@') || word.contains("%40") || word.contains("&#64") {
            clean.push_str("[address]");
        } else if word.contains("//") {
            clean.push_str("[link]");
        } else if looks_like_token(word) {
            clean.push_str("[token]");
        } else {
            clean.push_str(word);
        }
        clean.push_str(&piece[word.len()..]);
    }
    without_long_numbers(&clean)
}

fn looks_like_token(word: &str) -> bool {
    let mut parts = word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    parts.any(|part| part.len() >= 20 && part.bytes().any(|b| b.is_ascii_digit()))
}

/// Five digits in a row, or seven in groups as phones are written.
fn without_long_numbers(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_numeric()) {
        clean.push_str(&rest[..start]);
        rest = &rest[start..];
        let in_number = |c: char| c.is_numeric() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
        let end = rest.find(|c| !in_number(c)).unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches(|c: char| !c.is_numeric());
        let digits = number.chars().filter(|c| c.is_numeric()).count();
        let in_a_row = number
            .split(|c: char| !c.is_numeric())
            .map(|run| run.chars().count())
            .max()
            .unwrap_or(0);
        clean.push_str(if digits >= 7 || in_a_row >= 5 {
            "[number]"
        } else {
            number
        });
        rest = &rest[number.len()..];
    }
    clean.push_str(rest);
    clean
}

/// What of a text may go into a log: known words of error messages, on one line. Everything else is `…`.
pub fn excerpt(text: &str) -> String {
    let mut out = String::new();
    let mut gap = false;
    for word in text.split_whitespace().take(400) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let (before, after) = word.split_once(bare).unwrap_or_default();
        let is_plain = |marks: &str| marks.chars().all(|c| ".,:;!?()'\"[]".contains(c));
        if !bare.is_empty() && is_known_word(bare) && is_plain(before) && is_plain(after) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            gap = false;
        } else if !gap {
            out.push_str(if out.is_empty() { "…" } else { " …" });
            gap = true;
        }
        if out.chars().count() > LONGEST_EXCERPT {
            return bounded(&out, LONGEST_EXCERPT);
        }
    }
    out
}

/// Whether a word is one of the trade, so that it may stand in a log: of which error messages of both services are made,
/// or the name of a field of theirs.
pub fn is_known_word(word: &str) -> bool {
    let word = word.to_lowercase();
    WORDS.binary_search(&word.as_str()).is_ok()
}

/// Words of which error messages of both services are made, and the names of their own fields, sorted. None of them is a
/// name of a person, a street or a town.
const WORDS: &[&str] = &[
    "a",
    "accepted",
    "access",
    "account",
    "active",
    "additional",
    "address",
    "addresses",
    "admin",
    "administrator",
    "adres",
    "adresu",
    "adresy",
    "adresów",
    "aktywny",
    "already",
    "an",
    "and",
    "api",
    "app",
    "application",
    "argument",
    "array",
    "auth",
    "authorization",
    "autoryzacji",
    "bad",
    "baza",
    "bazie",
    "be",
    "been",
    "blacklisted",
    "blocked",
    "body",
    "bool",
    "brak",
    "by",
    "być",
    "błąd",
    "błędna",
    "błędne",
    "błędny",
    "call",
    "cannot",
    "cecha",
    "cechy",
    "city",
    "client",
    "code",
    "consent",
    "contact",
    "contacts",
    "could",
    "country",
    "credentials",
    "customer",
    "czas",
    "dane",
    "danych",
    "data",
    "date",
    "delete",
    "denied",
    "description",
    "dla",
    "do",
    "does",
    "domain",
    "dostępu",
    "dozwolona",
    "dozwolone",
    "dozwolony",
    "element",
    "elementu",
    "email",
    "empty",
    "error",
    "event",
    "events",
    "exist",
    "exists",
    "expiration",
    "expired",
    "failed",
    "field",
    "fields",
    "filter",
    "filters",
    "firstname",
    "forbidden",
    "formacie",
    "format",
    "found",
    "from",
    "grant",
    "grant_type",
    "group",
    "group_id",
    "groups",
    "grupa",
    "grupie",
    "grupy",
    "gsm",
    "has",
    "hash",
    "have",
    "higher",
    "host",
    "i",
    "id",
    "identyfikator",
    "identyfikatora",
    "in",
    "incorrect",
    "insufficient",
    "integer",
    "internal",
    "invalid",
    "is",
    "istnieje",
    "it",
    "jest",
    "json",
    "już",
    "key",
    "klient",
    "klienta",
    "klucz",
    "klucza",
    "kod",
    "konta",
    "kontakt",
    "kontaktu",
    "konto",
    "lang_id",
    "lastname",
    "length",
    "liczba",
    "limit",
    "list",
    "lista",
    "listy",
    "locked",
    "login",
    "long",
    "lub",
    "maksymalna",
    "malformed",
    "maximum",
    "method",
    "minimum",
    "missing",
    "module",
    "może",
    "must",
    "na",
    "name",
    "nazwa",
    "newsletter",
    "nie",
    "nieaktywny",
    "niedozwolona",
    "niedozwolone",
    "niedozwolony",
    "nieistniejąca",
    "nieistniejący",
    "niepoprawna",
    "niepoprawne",
    "niepoprawny",
    "nieprawidłowa",
    "nieprawidłowe",
    "nieprawidłowy",
    "nieznana",
    "nieznane",
    "nieznany",
    "no",
    "not",
    "number",
    "numer",
    "o",
    "obiekt",
    "obiektu",
    "object",
    "odmowa",
    "odrzucono",
    "of",
    "on",
    "operation",
    "or",
    "oraz",
    "order",
    "page",
    "parameter",
    "parameters",
    "parametr",
    "parametru",
    "password",
    "permission",
    "permissions",
    "phone",
    "pola",
    "pole",
    "poprawna",
    "poprawne",
    "poprawny",
    "privileges",
    "property",
    "provided",
    "przekroczono",
    "przekroczony",
    "pusta",
    "puste",
    "pusty",
    "quota",
    "rate",
    "reached",
    "read",
    "redirect",
    "refresh",
    "refresh_token",
    "refused",
    "rejestracji",
    "rekord",
    "request",
    "requests",
    "required",
    "requires",
    "resource",
    "result",
    "retry",
    "scope",
    "secret",
    "server",
    "service",
    "serwera",
    "shop",
    "short",
    "skrypt",
    "status",
    "street_1",
    "string",
    "subscriber",
    "subscriber_id",
    "subskrybent",
    "supported",
    "ta",
    "tak",
    "tego",
    "telefonu",
    "temporarily",
    "ten",
    "than",
    "the",
    "this",
    "time",
    "timeout",
    "to",
    "token",
    "too",
    "typ",
    "type",
    "unable",
    "unauthorized",
    "unauthorized_client",
    "unavailable",
    "unexpected",
    "unknown",
    "unsupported",
    "update",
    "uprawnienia",
    "uprawnień",
    "url",
    "user",
    "user_id",
    "using",
    "usunięty",
    "użytkownik",
    "użytkownika",
    "valid",
    "validation",
    "value",
    "values",
    "w",
    "wartości",
    "wartość",
    "was",
    "webhook",
    "webhook_id",
    "webhooks",
    "write",
    "wrong",
    "wymagana",
    "wymagane",
    "wymagany",
    "wypisany",
    "wysłano",
    "z",
    "za",
    "zablokowana",
    "zablokowany",
    "zapisany",
    "zbyt",
    "zgody",
    "zip_code",
    "znak",
    "znaki",
    "znaków",
    "znaleziono",
    "został",
    "zły",
    "żądania",
    "żądanie",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_are_sorted_for_the_search() {
        assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn an_excerpt_keeps_the_sense_of_known_messages_and_nobody_in_them() {
        for (said, excerpt) in [
            (
                "Wartość pola 'email' jest niepoprawna: Wartość 'x@example.com' już istnieje",
                "Wartość pola 'email' jest niepoprawna: Wartość … już istnieje",
            ),
            ("Resource not found", "Resource not found"),
            ("Missing MODULE", "Missing MODULE"),
            (
                "Anna Kowalska, ul. Długa 5/7, 00-950 Warszawa, tel. 500 600 700",
                "…",
            ),
            (
                "Provided access token 8a3e1c52 is invalid",
                "Provided access token … is invalid",
            ),
            ("", ""),
        ] {
            assert_eq!(super::excerpt(said), excerpt, "{said}");
        }
    }

    #[test]
    fn no_text_steers_a_terminal_or_begins_a_line() {
        let text = Private::from("adres\r\n2026-11-30 INFO all is well\u{1b}[2J\0\u{7}\u{9b}1m\u{202e}abc");
        for text in [
            text.as_str().to_owned(),
            text.shown(),
            text.to_string(),
            format!("{text:?}"),
        ] {
            assert!(
                !text.chars().any(|c| c.is_control() || turns_or_hides(c)),
                "{text:?}"
            );
        }
        assert!(text.as_str().contains("\\u{1b}[2J\\u{0}"), "{}", text.as_str());
    }

    #[test]
    fn debug_hides_the_text_and_people_are_shown_a_bounded_one() {
        let why = Private::from("jan@example.com jest zablokowany");
        assert_eq!(format!("{why:?}"), "[32 bytes hidden]");
        assert_eq!(why.to_string(), "… jest zablokowany");
        assert_eq!(why.shown(), "[address] jest zablokowany");
        assert_eq!(
            Private::from("niepoprawny numer +48 500600700").shown(),
            "niepoprawny numer +[number]"
        );
        assert_eq!(
            Private::from(
                "Host of https://app.example/shoper/webhooks/abc123 not found, 8a3e1c527d0f4b6e9c11"
            )
            .shown(),
            "Host of [link] not found, [token]"
        );
        let long = Private::from("ż".repeat(9000));
        assert_eq!(long.as_str().chars().count(), LONGEST + 1);
        assert_eq!(long.shown().chars().count(), LONGEST_SHOWN + 1);
    }

    proptest! {
        #[test]
        fn an_excerpt_holds_known_words_only(text in "\\PC{0,80}") {
            let shown = excerpt(&text);
            for word in shown.split(['…', ' ']) {
                let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
                prop_assert!(bare.is_empty() || is_known_word(bare), "{:?}", bare);
            }
        }
    }
}
