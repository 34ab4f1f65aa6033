//! What names an account and opens it: the UID and the key, looked at before any request is made.

/// The account's individual number, a path segment of every call (sare-api.md 2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uid(String);

/// The text is not a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a UID is a number of at least three digits")]
pub struct UidError;

impl Uid {
    /// Takes a UID as a person typed it: digits, at least three, white space around them.
    ///
    /// # Errors
    /// [`UidError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UidError> {
        let digits = text.trim();
        if digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits.to_owned()))
        } else {
            Err(UidError)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the key has another form than the one seen, 8-4-4-4-12 characters like a UUID. Good for a
/// warning, never for a refusal: the form is observed, not documented (sare-api.md 2).
pub fn key_looks_odd(key: &str) -> bool {
    let lengths = key.trim().split('-').map(str::len);
    let hexadecimal = key.trim().bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    !(hexadecimal && lengths.eq([8, 4, 4, 4, 12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_at_least_three_digits() {
        assert_eq!(Uid::parse(" 12345\n").unwrap().as_str(), "12345");
        assert_eq!(Uid::parse("007").unwrap().to_string(), "007");
        for wrong in ["", "12", "12a45", "-123", "12 345", "١٢٣", "123/../456"] {
            assert_eq!(Uid::parse(wrong), Err(UidError), "{wrong}");
        }
    }

    #[test]
    fn only_a_key_unlike_a_uuid_looks_odd() {
        assert!(!key_looks_odd("8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630"));
        assert!(!key_looks_odd(" 8A3E1C52-7D0F-4B6E-9C11-5F2AB7D4E630 "));
        assert!(key_looks_odd(""));
        assert!(key_looks_odd("8a3e1c527d0f4b6e9c115f2ab7d4e630"));
        assert!(key_looks_odd("8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e63z"));
    }
}
