//! Makes the shop's words fit for logs and support: their shape stays, values go.

use serde_json::Value;

/// Longest text kept, in characters.
const LONGEST: usize = 400;

/// Names that the shop's error texts quote and that are no values: fields of what we write.
const FIELDS: [&str; 16] = [
    "active",
    "code",
    "email",
    "events",
    "filters",
    "format",
    "grant_type",
    "groups",
    "lang_id",
    "limit",
    "newsletter",
    "order",
    "page",
    "refresh_token",
    "secret",
    "url",
];

/// An error text without quoted values, addresses, links, tokens and long numbers.
pub(crate) fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for (at, part) in text.split(['\'', '"']).enumerate() {
        // Live texts quote fields and values alike: Wartość pola 'email' …, Wartość 'x@example.com' ….
        match at % 2 {
            0 => words(part, &mut clean),
            _ if FIELDS.contains(&part) => clean.extend(["'", part, "'"]),
            _ => clean.push_str("[value]"),
        }
    }
    if let Some((end, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}

fn words(part: &str, clean: &mut String) {
    let ends_word = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',' | ';');
    for piece in part.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        if word.contains('@') || word.contains("%40") || word.contains("&#64") {
            clean.push_str("[address]");
        } else if word.contains("//") {
            clean.push_str("[link]");
        } else if digits >= 5 || (word.len() >= 20 && digits > 0) {
            clean.push_str("[value]");
        } else {
            clean.push_str(word);
        }
        clean.push_str(&piece[word.len()..]);
    }
}

/// An error's code: a word of the protocol, or nothing that could be anything else.
pub(crate) fn code(code: &str) -> String {
    let is_word = code.len() <= 60 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_word {
        code.to_owned()
    } else {
        "[unusual]".to_owned()
    }
}

/// The shape of an answer: members and kinds, no value.
pub(crate) fn shape(body: &[u8]) -> String {
    let mut text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let mut text = String::new();
            outline(&value, 0, &mut text);
            text
        }
        Err(_) if looks_like_page(body) => format!("a page of {} bytes", body.len()),
        Err(_) => format!("{} bytes that are no JSON", body.len()),
    };
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether it begins like HTML or XML.
pub(crate) fn looks_like_page(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    body.trim_ascii_start().starts_with(b"<")
}

fn outline(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(_) => text.push_str("bool"),
        Value::Number(_) => text.push_str("number"),
        Value::String(_) => text.push_str("text"),
        Value::Array(items) => {
            text.push('[');
            if let (Some(first), true) = (items.first(), depth < 3) {
                outline(first, depth + 1, text);
                text.push_str(" × ");
            }
            text.push_str(&items.len().to_string());
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (name, value)) in members.iter().take(if depth < 3 { 12 } else { 0 }).enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                let is_name = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                text.push_str(if is_name { name } else { "[name]" });
                text.push_str(": ");
                outline(value, depth + 1, text);
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn live_error_texts_keep_their_sense_and_lose_values() {
        assert_eq!(
            text("Wartość pola 'email' jest niepoprawna: Wartość 'x@example.com' już istnieje"),
            "Wartość pola 'email' jest niepoprawna: Wartość [value] już istnieje"
        );
        assert_eq!(
            text(
                "Host of https://app.example/shoper/webhooks/abc123 (jan@example.com, tel. 500600700) not found"
            ),
            "Host of [link] [address], tel. [value] not found"
        );
        assert_eq!(text("Missing MODULE"), "Missing MODULE");
        assert_eq!(text("'Kowalski' unbalanced 'Jan"), "[value] unbalanced [value]");
    }

    #[test]
    fn codes_are_words_and_nothing_else() {
        assert_eq!(code("invalid_grant"), "invalid_grant");
        assert_eq!(code("jan@example.com"), "[unusual]");
        assert_eq!(code("0a1b2c"), "[unusual]");
    }

    #[test]
    fn a_shape_tells_members_and_kinds_only() {
        let body =
            br#"{"jan@example.com":1,"list":[{"email":"jan@example.com","user_id":"7"}],"pages":null}"#;
        assert_eq!(
            shape(body),
            "{[name]: number, list: [{email: text, user_id: text} × 1], pages: null}"
        );
        assert_eq!(shape(b" <html>jan@example.com</html>"), "a page of 29 bytes");
        assert_eq!(shape(b"jan@example.com"), "15 bytes that are no JSON");
    }

    proptest! {
        #[test]
        fn no_address_survives(before in "[ -~]{0,20}", user in "[a-z0-9.+_-]{1,20}", after in "[ -~]{0,20}") {
            let address = format!("{user}@example.com");
            let said = format!("{before} {address} {after}");
            prop_assert!(!text(&said).contains(&address));
            prop_assert!(!shape(said.as_bytes()).contains('@'));
        }

        #[test]
        fn no_bytes_break_the_shape(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            shape(&body);
        }
    }
}
