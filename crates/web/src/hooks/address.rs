//! Addresses in a body whose shape nobody has published (sare-api.md 11.2): members named `email` first, else
//! any text that looks like an address. Nothing else in the body is looked at.

use serde_json::Value;
use sync_core::Email;

/// Addresses taken from one body; more than a hint needs.
const MOST: usize = 50;
/// Values looked at in one body.
const LOOKED_AT: usize = 20_000;

/// The addresses a body seems to speak of. Reads JSON, and forms where it is none.
pub fn find(body: &[u8]) -> Vec<Email> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return in_value(&value);
    }
    let pairs: Vec<_> = url::form_urlencoded::parse(body).take(LOOKED_AT).collect();
    let named = pairs
        .iter()
        .filter(|(name, _)| is_email(name))
        .filter_map(|(_, value)| address(value));
    let any = pairs.iter().filter_map(|(_, value)| address(value));
    first(named, any)
}

/// `serde_json` refuses bodies nested deeper than 128 levels, so the walk is bounded in depth as well.
fn in_value(value: &Value) -> Vec<Email> {
    let mut texts: Vec<(bool, &str)> = Vec::new();
    let mut open = vec![(false, value)];
    let mut seen = 0;
    while let Some((named, value)) = open.pop() {
        seen += 1;
        if seen > LOOKED_AT {
            break;
        }
        match value {
            Value::String(text) => texts.push((named, text)),
            Value::Array(items) => open.extend(items.iter().rev().map(|item| (named, item))),
            Value::Object(members) => open.extend(members.iter().map(|(name, item)| (is_email(name), item))),
            _ => {}
        }
    }
    let named = texts
        .iter()
        .filter(|(named, _)| *named)
        .filter_map(|(_, text)| address(text));
    let any = texts.iter().filter_map(|(_, text)| address(text));
    first(named, any)
}

fn first(named: impl Iterator<Item = Email>, any: impl Iterator<Item = Email>) -> Vec<Email> {
    let found: Vec<Email> = named.take(MOST).collect();
    if found.is_empty() {
        any.take(MOST).collect()
    } else {
        found
    }
}

fn is_email(name: &str) -> bool {
    name.eq_ignore_ascii_case("email") || name.eq_ignore_ascii_case("e-mail")
}

fn address(text: &str) -> Option<Email> {
    (text.len() <= 320 && text.contains('@'))
        .then(|| Email::parse(text).ok())
        .flatten()
}
