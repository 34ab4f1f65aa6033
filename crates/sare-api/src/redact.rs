//! Makes an answer fit for a support ticket: its shape stays, people go.

use ports::without_values;
use serde_json::Value;

use crate::wire::lenient::parse_json;

/// Longest text kept, in characters.
const LONGEST: usize = 4000;
/// Rows of a list kept.
const ROWS: usize = 3;
/// Members whose texts are SARE's words, not a person's data.
const SPOKEN: [&str; 9] = [
    "code", "status", "type", "message", "why", "error", "errors", "response", "kind",
];

/// The answer without addresses, phones, long numbers, tokens and, in JSON, without the values of
/// members that could be anything. Long lists are cut. A page of HTML still begins with `<`, and
/// nothing else does.
pub(crate) fn redact(body: &[u8]) -> String {
    let text = match parse_json(body) {
        Some(value) => shape(value, "").to_string(),
        None => without_values(String::from_utf8_lossy(body).trim()),
    };
    cut(text)
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn shape(value: Value, name: &str) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::Number(number) => match number.to_string() {
            long if long.bytes().filter(u8::is_ascii_digit).count() >= 5 => "[number]".into(),
            _ => Value::Number(number),
        },
        Value::String(text) if SPOKEN.contains(&name) => without_values(&text).into(),
        Value::String(text) if text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()) => text.into(),
        Value::String(text) => format!("[{} characters]", text.chars().count()).into(),
        Value::Array(items) => {
            let more = items.len().saturating_sub(ROWS);
            let mut kept: Vec<Value> = items
                .into_iter()
                .take(ROWS)
                .map(|item| shape(item, name))
                .collect();
            if more > 0 {
                kept.push(format!("[{more} more]").into());
            }
            kept.into()
        }
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let value = shape(value, &name);
                (without_values(&name), value)
            });
            Value::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shape_of_json_stays_and_people_go() {
        let body = json!({
            "code": 200,
            "response": [{
                "email": "jan@example.com", "gsm": "+48500600700", "name": "Jan Kowalski", "status": "8",
                "groups": [1, 21], "id": 500600700, "prop": {"prop1": "Jan"}, "anna@example.com": 4,
                "why": "adres jan@example.com lub numer +48 500-600-700 jest niepoprawny"
            }]
        });
        let clean: Value = serde_json::from_str(&redact(body.to_string().as_bytes())).unwrap();
        let expected = json!({
            "code": 200,
            "response": [{
                "email": "[15 characters]", "gsm": "[12 characters]", "name": "[12 characters]", "status": "8",
                "groups": [1, 21], "id": "[number]", "prop": {"prop1": "[3 characters]"}, "[address]": 4,
                "why": "adres [address] lub numer +[number] jest niepoprawny"
            }]
        });
        assert_eq!(clean, expected);
    }

    #[test]
    fn long_lists_and_long_texts_are_cut() {
        let list = json!({ "response": (0..250).collect::<Vec<_>>() }).to_string();
        assert_eq!(redact(list.as_bytes()), r#"{"response":[0,1,2,"[247 more]"]}"#);
        assert_eq!(redact("ż ".repeat(9000).as_bytes()).chars().count(), LONGEST + 1);
    }

    #[test]
    fn text_loses_addresses_phones_and_keys() {
        let page =
            "<p>Klucz 8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630 dla jan.k@example.com, tel. (48) 500 600 700</p>";
        assert_eq!(
            redact(page.as_bytes()),
            "<p>Klucz [token] dla [address], tel. ([number]</p>"
        );
        assert_eq!(
            redact(b"/by_email/jan%40example.com 404 at 12:30"),
            "[address] 404 at 12:30"
        );
        assert_eq!(redact(b"jan@example.com"), "[address]");
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_redaction(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            redact(&body);
        }

        #[test]
        fn no_address_survives(before in "[ -~]{0,20}", user in "[a-z0-9.+_-]{1,20}", after in "[ -~]{0,20}") {
            let address = format!("{user}@example.com");
            let clean = redact(format!("{before} {address} {after}").as_bytes());
            prop_assert!(!clean.contains(&address));
        }
    }
}
