//! Numbers that come as text, lists that come as maps, and other habits of PHP.

use serde_json::{Map, Value};

/// An integer: a JSON number without a fraction, or its digits as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range and the fraction are checked"
            )]
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A text: a string, or a number or truth value in words; lists and objects as JSON. `None` for `null`.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The same, an empty text being none.
pub(crate) fn filled_text(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.trim().is_empty())
}

/// Nothing at all: `null`, `false`, an empty text, list or object.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The first member of those names that is there and not `null`.
pub(crate) fn member<'a>(members: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names
        .iter()
        .filter_map(|name| members.get(*name))
        .find(|value| !value.is_null())
}

/// One row of a list, or of a map with the row's name in it.
pub(crate) type Row<'a> = (Option<&'a str>, &'a Value);

/// The content of `data` where there is such a wrapping, else the payload itself.
pub(crate) fn unwrapped(payload: &Value) -> &Value {
    match payload.get("data") {
        Some(data @ (Value::Array(_) | Value::Object(_) | Value::Null)) => data,
        _ => payload,
    }
}

/// The rows of a payload: of `response`, of `response.data`, of a bare list, of a map (sare-api.md 16
/// row 1). No rows for something empty, `None` for anything else.
pub(crate) fn rows(payload: &Value) -> Option<Vec<Row<'_>>> {
    match unwrapped(payload) {
        Value::Array(items) => Some(items.iter().map(|item| (None, item)).collect()),
        Value::Object(members) => Some(
            members
                .iter()
                .map(|(name, row)| (Some(name.as_str()), row))
                .collect(),
        ),
        other => is_empty(other).then(Vec::new),
    }
}

/// The address in a row, if it has one.
pub(crate) fn address(value: &Value) -> Option<&str> {
    let text = value.as_str()?.trim();
    text.contains('@').then_some(text)
}

/// JSON, in a body as [`ports::read_body`] makes it.
pub(crate) fn parse_json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_are_numbers_or_digits_and_nothing_else() {
        for value in [json!(21), json!("21"), json!(" 21 "), json!(21.0)] {
            assert_eq!(integer(&value), Some(21), "{value}");
        }
        for value in [
            json!("21a"),
            json!(21.5),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
            json!([21]),
            json!(null),
        ] {
            assert_eq!(integer(&value), None, "{value}");
        }
    }

    #[test]
    fn rows_come_bare_wrapped_or_as_a_map() {
        assert_eq!(rows(&json!([1, 2])).unwrap().len(), 2);
        assert_eq!(rows(&json!({"data": [1, 2], "total": 2})).unwrap().len(), 2);
        assert_eq!(rows(&json!({"data": null})).unwrap(), []);
        assert_eq!(rows(&json!({"a": 1})).unwrap(), [(Some("a"), &json!(1))]);
        assert_eq!(
            rows(&json!({"data": "label"})).unwrap(),
            [(Some("data"), &json!("label"))]
        );
        assert_eq!(rows(&Value::Null).unwrap(), []);
        assert_eq!(rows(&json!(3)), None);
        assert_eq!(rows(&json!("text")), None);
    }
}
