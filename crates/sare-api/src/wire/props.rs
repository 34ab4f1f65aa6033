//! The account's contact properties, as `email/props` may list them (sare-api.md 7, 15).

use serde_json::{Map, Value};

use super::lenient::{filled_text, integer, is_empty, member, unwrapped};

/// A contact property ("cecha").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// What names it in a contact: `prop1` to `prop9`, or a custom property's name.
    pub key: String,
    /// What names it in the panel.
    pub label: String,
    /// What values it takes.
    pub kind: PropertyKind,
    /// Greatest length of a text in characters, if SARE tells it.
    pub max_length: Option<usize>,
    /// The values that a list takes, if SARE tells them.
    pub allowed: Vec<String>,
    /// Whether it goes into `prop_cust`, not into `prop`.
    pub custom: bool,
}

/// What values a property takes (sare-api.md 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// Text, up to a length.
    Text,
    /// A number.
    Number,
    /// One of fixed values.
    List,
    /// A consent ("zgoda").
    Consent,
    /// A date.
    Date,
    /// SARE does not say, or in a word that we do not know.
    Unknown,
}

impl PropertyKind {
    fn parse(word: &str) -> Self {
        match word.trim().to_lowercase().as_str() {
            "text" | "tekst" | "string" | "varchar" => Self::Text,
            "number" | "liczba" | "int" | "integer" | "numeric" | "float" => Self::Number,
            "list" | "lista" | "enum" | "select" => Self::List,
            "consent" | "zgoda" | "bool" | "boolean" | "checkbox" => Self::Consent,
            "date" | "data" | "datetime" => Self::Date,
            _ => Self::Unknown,
        }
    }
}

/// Reads the list in any of its shapes: objects; names; a map from name to label or description; the
/// basic and the custom ones apart. `None` if there is something and nothing of it can be used.
pub(crate) fn read(payload: &Value) -> Option<Vec<Property>> {
    let payload = unwrapped(payload);
    let mut read: Vec<Property> = Vec::new();
    match payload {
        Value::Object(members)
            if ["prop", "prop_cust"]
                .iter()
                .any(|name| is_section(members.get(*name))) =>
        {
            section(members.get("prop"), &mut read);
            section(members.get("prop_cust"), &mut read);
        }
        other => section(Some(other), &mut read),
    }
    let mut keys = std::collections::HashSet::new();
    read.retain(|property| keys.insert(property.key.clone()));
    (is_empty(payload) || !read.is_empty() || only_empty_sections(payload)).then_some(read)
}

fn is_section(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Array(_) | Value::Object(_)))
}

fn only_empty_sections(payload: &Value) -> bool {
    payload
        .as_object()
        .is_some_and(|m| m.values().all(|value| is_section(Some(value)) && is_empty(value)))
}

fn section(value: Option<&Value>, into: &mut Vec<Property>) {
    match value {
        Some(Value::Array(rows)) => into.extend(rows.iter().filter_map(|row| property(None, row))),
        Some(Value::Object(members)) => {
            into.extend(members.iter().filter_map(|(name, row)| property(Some(name), row)));
        }
        _ => {}
    }
}

/// One property: `name` is its name in a map.
fn property(name: Option<&str>, row: &Value) -> Option<Property> {
    match row {
        Value::Object(members) => described(name, members),
        Value::String(text) => {
            let (key, label) = name.map_or((text.as_str(), text.as_str()), |name| (name, text.as_str()));
            plain(key, label)
        }
        Value::Null => name.and_then(|name| plain(name, name)),
        _ => None,
    }
}

fn plain(key: &str, label: &str) -> Option<Property> {
    let (key, custom) = key_and_kind(key)?;
    let label = label.trim();
    let label = if label.is_empty() {
        key.clone()
    } else {
        label.to_owned()
    };
    let kind = PropertyKind::Unknown;
    Some(Property {
        key,
        label,
        kind,
        max_length: None,
        allowed: Vec::new(),
        custom,
    })
}

fn described(name: Option<&str>, members: &Map<String, Value>) -> Option<Property> {
    let text = |names: &[&str]| member(members, names).and_then(filled_text);
    // A number is the panel's own; contacts name their properties by text.
    let textual = |name: &str| text(&[name]).filter(|id| id.parse::<i64>().is_err());
    let in_map = name
        .filter(|name| name.parse::<i64>().is_err())
        .map(str::to_owned);
    let key = in_map
        .or_else(|| textual("id"))
        .or_else(|| textual("key"))
        .or_else(|| text(&["name"]))?;
    let label = text(&["label", "title", "name"]).unwrap_or_else(|| key.clone());
    let mut property = plain(&key, &label)?;
    property.kind = text(&["type", "kind"]).map_or(PropertyKind::Unknown, |word| PropertyKind::parse(&word));
    property.max_length = member(members, &["max_length", "maxlength", "length", "max", "size"])
        .and_then(integer)
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length > 0);
    property.allowed = member(members, &["values", "allowed", "options", "list"])
        .map(allowed)
        .unwrap_or_default();
    if property.kind == PropertyKind::Unknown && !property.allowed.is_empty() {
        property.kind = PropertyKind::List;
    }
    Some(property)
}

/// Allowed values: texts, objects with `value` or `name`, or a map whose names are the values unless
/// they are mere numbers.
fn allowed(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Object(members) => member(members, &["value", "name"]).and_then(filled_text),
        other => filled_text(other),
    };
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        Value::Object(members) if members.keys().all(|name| name.parse::<i64>().is_ok()) => {
            members.values().filter_map(one).collect()
        }
        Value::Object(members) => members.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The key on the wire, and whether it is a custom one. The panel's names C1 to C9 are `prop1` to
/// `prop9` (inferred, sare-api.md 7).
fn key_and_kind(name: &str) -> Option<(String, bool)> {
    let name = name.trim();
    let basic = |text: &str| matches!(text.as_bytes(), [b'1'..=b'9']);
    if name.is_empty() {
        return None;
    }
    if name.strip_prefix("prop").is_some_and(basic) {
        return Some((name.to_owned(), false));
    }
    match name.strip_prefix('C').unwrap_or(name) {
        digit if basic(digit) => Some((format!("prop{digit}"), false)),
        _ => Some((name.to_owned(), true)),
    }
}
