//! Makes the shop's words fit for logs and support: their shape stays, values go.

use ports::is_known_word;
use serde_json::Value;

/// Longest text kept, in characters.
const LONGEST: usize = 400;

/// Codes that Shoper and OAuth have (shoper-api.md B.2, D.6; RFC 6749, RFC 6750).
const CODES: [&str; 20] = [
    "access_denied",
    "auth_failure",
    "auth_ip_not_allowed",
    "auth_webapi_access_denied",
    "insufficient_scope",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "method_not_allowed",
    "not_found",
    "not_implemented",
    "redirect_uri_mismatch",
    "server_error",
    "temporarily_unavailable",
    "unauthorized",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// An error's code, where it is one that is known: any other word could be anything.
pub(crate) fn code(code: &str) -> String {
    if CODES.contains(&code) {
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
                text.push_str(if is_known_word(name) { name } else { "[name]" });
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
    fn codes_are_known_words_and_nothing_else() {
        assert_eq!(code("invalid_grant"), "invalid_grant");
        assert_eq!(code("kowalska"), "[unusual]");
        assert_eq!(code("jan@example.com"), "[unusual]");
        assert_eq!(code("0a1b2c"), "[unusual]");
    }

    #[test]
    fn a_shape_tells_members_and_kinds_only() {
        let body = br#"{"kowalska":1,"list":[{"email":"jan@example.com","user_id":"7"}],"page":null}"#;
        assert_eq!(
            shape(body),
            "{[name]: number, list: [{email: text, user_id: text} × 1], page: null}"
        );
        assert_eq!(shape(b" <html>jan@example.com</html>"), "a page of 29 bytes");
        assert_eq!(shape(b"jan@example.com"), "15 bytes that are no JSON");
    }

    proptest! {
        #[test]
        fn no_address_survives_in_a_shape(before in "[ -~]{0,20}", user in "[a-z0-9.+_-]{1,20}", after in "[ -~]{0,20}") {
            let said = format!("{before} {user}@example.com {after}");
            prop_assert!(!shape(said.as_bytes()).contains('@'));
        }

        #[test]
        fn no_bytes_break_the_shape(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            shape(&body);
        }
    }
}
