//! The id in a webhook's body: the only thing that is read of it (shoper-api.md F.5, H.2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use sync_core::{RecordKey, RecordKind};

/// What an event is about; `None` for events we did not ask for.
pub fn subject(event: &str) -> Option<RecordKind> {
    let (what, happened) = event.split_once('.')?;
    if !matches!(happened, "create" | "edit" | "delete") {
        return None;
    }
    match what {
        "client" => Some(RecordKind::Customer),
        "subscriber" => Some(RecordKind::Subscriber),
        _ => None,
    }
}

/// The record a body names: by the resource's own word for its id, or by `id`, as number or text, or the bare id
/// alone.
pub fn record(kind: RecordKind, body: &[u8]) -> Option<RecordKey> {
    let name = match kind {
        RecordKind::Customer => "user_id",
        RecordKind::Subscriber => "subscriber_id",
    };
    let id = within(name, body, DEPTH).or_else(|| in_form(name, body))?;
    Some(RecordKey { kind, id })
}

/// How deep the record may lie in the body: in it, as its only member or row, or in one of those.
const DEPTH: u32 = 2;

fn within(name: &str, body: &[u8], depth: u32) -> Option<i64> {
    // Each member by itself: a name with half a character in it does not hide whose it is.
    let members: Result<BTreeMap<Cow<'_, str>, &RawValue>, _> = serde_json::from_slice(body);
    if let Ok(members) = members {
        let named = |name| members.get(name).and_then(|raw| text_number(raw.get()));
        let only = || match members.values().next().filter(|_| members.len() == 1) {
            Some(raw) if depth > 0 => within(name, raw.get().as_bytes(), depth - 1),
            _ => None,
        };
        return named(name).or_else(|| named("id")).or_else(only);
    }
    match serde_json::from_slice::<Vec<&RawValue>>(body).as_deref() {
        Ok([only]) if depth > 0 => within(name, only.get().as_bytes(), depth - 1),
        Ok(_) => None,
        Err(_) => text_number(std::str::from_utf8(body).ok()?),
    }
}

/// The same in a body that is written as a form.
fn in_form(name: &str, body: &[u8]) -> Option<i64> {
    let pair = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(body);
        pairs.find_map(|(key, value)| number(&Value::String(value.into_owned())).filter(|_| key == wanted))
    };
    pair(name).or_else(|| pair("id"))
}

fn text_number(json: &str) -> Option<i64> {
    number(&serde_json::from_str(json).ok()?)
}

fn number(value: &Value) -> Option<i64> {
    let id = match value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number that a float holds exactly"
        )]
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 9.0e15).then_some(float as i64)
        })?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (id > 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_number_or_text() {
        for body in [
            &br#"{"user_id":"12","email":"jan@example.com"}"#[..],
            br#"{"user_id":12}"#,
            br#"{"id":" 12 "}"#,
            b"12",
            br#""12""#,
            br#"{"firstname":"Ola \ud83d","user_id":"12"}"#,
            br#"{"user_id":12.0}"#,
            br#"{"client":{"user_id":"12"}}"#,
            br#"[{"user_id":"12"}]"#,
            b"email=jan%40example.com&user_id=12",
        ] {
            assert_eq!(record(RecordKind::Customer, body), Some(RecordKey::customer(12)));
        }
        assert_eq!(
            record(RecordKind::Subscriber, br#"{"subscriber_id":"7","user_id":"12"}"#),
            Some(RecordKey::subscriber(7))
        );
    }

    #[test]
    fn a_body_without_a_readable_id_names_nothing() {
        for body in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"user_id":null}"#,
            br#"{"user_id":"-3"}"#,
            br#"{"user_id":1.5}"#,
            b"<xml/>",
            b"\xff",
        ] {
            assert_eq!(record(RecordKind::Customer, body), None);
        }
    }

    #[test]
    fn only_customers_and_subscribers_are_looked_at() {
        assert_eq!(subject("client.edit"), Some(RecordKind::Customer));
        assert_eq!(subject("subscriber.delete"), Some(RecordKind::Subscriber));
        for other in ["order.create", "client", "client.exploded", "", "subscriber."] {
            assert_eq!(subject(other), None);
        }
    }
}
