//! What SARE should hold of one person by the merchant's mapping, worked out a second time.
//!
//! The rows come parsed from `sync-core`; what they *mean* is written here anew from its documentation, so that a
//! mistake in the engine's rendering shows as a difference instead of being repeated.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use sync_core::RecordKind;
use sync_core::mapping::{AddressField, Field, Mapping, Overwrite, Row, Target, Transform, Value, WhenEmpty};

/// What a record holds in a field; `None` or empty when it holds nothing.
pub type Read<'r> = &'r dyn Fn(Field) -> Option<String>;

/// What SARE should hold in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The value; empty when SARE's field is to be emptied.
    pub value: String,
    /// Written only where SARE had nothing.
    pub if_empty: bool,
}

impl Wanted {
    /// Whether SARE's value is what was asked for.
    pub fn is_met(&self, has: &str) -> bool {
        let has = has.trim();
        if self.if_empty && !has.is_empty() {
            true
        } else {
            has == self.value
        }
    }
}

/// All fields that a person's records fill. What is not named stays in SARE as it is.
pub type Values = BTreeMap<Target, Wanted>;

/// What one record fills.
pub fn values(kind: RecordKind, mapping: &Mapping, read: Read<'_>) -> Values {
    let mut values = Values::new();
    for row in mapping.rows() {
        let value = value(kind, row, read);
        if value.is_empty() && row.when_empty == WhenEmpty::Keep {
            continue;
        }
        values.insert(
            row.target.clone(),
            Wanted {
                value,
                if_empty: row.overwrite == Overwrite::IfEmpty,
            },
        );
    }
    values
}

/// Both records of one person: the customer's word first, the subscriber's where the customer's says nothing. A
/// field that one record would empty and the other fill is filled.
pub fn together(customer: Values, subscriber: Values) -> Values {
    let mut both = subscriber;
    for (target, wanted) in customer {
        let fills = both.get(&target).is_some_and(|theirs| !theirs.value.is_empty());
        if !(wanted.value.is_empty() && fills) {
            both.insert(target, wanted);
        }
    }
    both
}

fn value(kind: RecordKind, row: &Row, read: Read<'_>) -> String {
    let country = read(Field::Address(AddressField::CountryCode)).unwrap_or_default();
    let (text, transformed_inside) = match &row.value {
        Value::Field(field) => (plain(read(*field)), false),
        Value::Constant(text) => (text.clone(), false),
        Value::Template(template) => filled(kind, &template.to_string(), read, &country),
    };
    let text = if row.target == Target::Gsm && row.transforms.is_empty() && !transformed_inside {
        phone(&text, &country)
    } else {
        row.transforms
            .iter()
            .fold(text, |text, transform| transformed(&text, transform, &country))
    };
    let text = text.trim();
    if text.is_empty() {
        row.default.clone().unwrap_or_default().trim().to_owned()
    } else {
        text.to_owned()
    }
}

/// Trimmed, and without the date that stands for "never".
fn plain(value: Option<String>) -> String {
    let value = value.unwrap_or_default();
    let value = value.trim();
    if value.starts_with("0000-00-00") {
        String::new()
    } else {
        value.to_owned()
    }
}

/// A template's text with its fields filled in, and whether any of them is transformed on the way. Empty when no
/// field has a value.
fn filled(kind: RecordKind, template: &str, read: Read<'_>, country: &str) -> (String, bool) {
    let (mut out, mut rest) = (String::new(), template);
    let (mut any, mut transforms) = (false, false);
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let Some((inner, after)) = rest.split_once('}') else {
            break;
        };
        rest = after;
        let mut words = inner.split('|');
        let field = words.next().and_then(|name| Field::parse(kind, name));
        let mut text = field.map_or_else(String::new, |field| plain(read(field)));
        for transform in words.filter_map(|word| Transform::parse(word).ok()) {
            transforms = true;
            text = transformed(&text, &transform, country);
        }
        any |= !text.trim().is_empty();
        out.push_str(&text);
    }
    out.push_str(rest);
    let text = if any {
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        String::new()
    };
    (text, transforms)
}

fn transformed(text: &str, transform: &Transform, country: &str) -> String {
    match transform {
        Transform::Trim => text.trim().to_owned(),
        Transform::Lower => text.to_lowercase(),
        Transform::Upper => text.to_uppercase(),
        Transform::Title => capitalised(text),
        Transform::Phone => phone(text, country),
        Transform::Digits => text.chars().filter(|c| c.is_ascii_digit()).collect(),
        Transform::Date(format) => date(text, format),
        Transform::YesNo { yes, no } => match text.trim().to_lowercase().as_str() {
            "1" | "true" | "yes" | "tak" => yes.clone(),
            "0" | "false" | "no" | "nie" => no.clone(),
            _ => String::new(),
        },
        Transform::Max(most) => text.chars().take(*most).collect(),
        Transform::FirstWord => text.split_whitespace().next().unwrap_or_default().to_owned(),
        Transform::Default(other) => {
            if text.trim().is_empty() {
                other.clone()
            } else {
                text.to_owned()
            }
        }
    }
}

/// Every word with a capital letter, words being what stands between anything but letters and digits. After an
/// apostrophe only where a single letter stands before it.
fn capitalised(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let mut joined = false;
    let flush = |word: &mut String, joined: bool, out: &mut String| {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            if joined {
                out.extend(first.to_lowercase())
            } else {
                out.extend(first.to_uppercase())
            }
            out.push_str(&letters.as_str().to_lowercase());
        }
        word.clear();
    };
    let mut length = 0;
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
            length += 1;
            continue;
        }
        flush(&mut word, joined, &mut out);
        out.push(c);
        joined = matches!(c, '\'' | '’') && length > 1;
        if !joined {
            length = 0;
        }
    }
    flush(&mut word, joined, &mut out);
    out
}

/// The number with its country's prefix, or nothing. Without a country it is a Polish one.
fn phone(text: &str, country: &str) -> String {
    let text = text.trim().to_lowercase();
    let word = ["telefon", "tel", "komórka", "kom", "phone", "mobile"];
    let number = word
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .map_or(text.as_str(), |rest| rest.trim_start_matches(['.', ':', ' ']));
    let separators = [' ', '\u{a0}', '-', '\u{2013}', '(', ')', '.', '/'];
    let mut digits: String = number.chars().filter(|c| !separators.contains(c)).collect();
    if let Some(abroad) = digits.strip_prefix("00") {
        digits = format!("+{abroad}");
    }
    let bare = digits.strip_prefix('+').unwrap_or(&digits);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) || !(5..=16).contains(&digits.len()) {
        return String::new();
    }
    let home = country
        .trim()
        .to_uppercase()
        .parse()
        .unwrap_or(phonenumber::country::PL);
    match phonenumber::parse(Some(home), &digits) {
        Ok(number) if phonenumber::is_valid(&number) && number.extension().is_none() => {
            format!("+{}{}", number.country().code(), number.national())
        }
        _ => String::new(),
    }
}

/// The date in another form, or nothing where there is none.
fn date(text: &str, format: &str) -> String {
    const DAYS: [&str; 4] = ["%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y"];
    const TIMES: [&str; 3] = ["", " %H:%M:%S", " %H:%M"];
    let text = text.trim().replace('T', " ");
    let year = text
        .split([' ', '-', '.', '/'])
        .any(|part| part.len() == 4 && part != "0000");
    let moment = DAYS.iter().flat_map(|day| {
        TIMES
            .iter()
            .map(move |time| (format!("{day}{time}"), time.is_empty()))
    });
    let found = moment.into_iter().find_map(|(form, day_only)| {
        if day_only {
            jiff::civil::Date::strptime(&form, &text)
                .ok()
                .map(|day| day.at(0, 0, 0, 0))
        } else {
            DateTime::strptime(&form, &text).ok()
        }
    });
    found
        .filter(|_| year)
        .and_then(|moment| jiff::fmt::strtime::format(format, moment).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
