//! Text that may hold personal data: readable on purpose, never by accident.

use crate::redact::redact_text;

/// A text from SARE that may name a person. `Debug` hides it, `Display` shows it without addresses,
/// phones, keys and long numbers, and [`Private::as_str`] shows all of it to those who may see it. Names
/// cannot be told from other words, so that even the short form belongs on the merchant's screen and not
/// into logs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Private(String);

impl Private {
    /// The text, to be shown or stored on purpose.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, by value.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Private> for String {
    fn from(private: Private) -> Self {
        private.0
    }
}

impl std::fmt::Display for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&redact_text(&self.0))
    }
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} bytes hidden]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_text_and_display_shows_it_without_addresses_and_numbers() {
        let why = Private::from("jan@example.com jest zablokowany");
        assert_eq!(format!("{why:?}"), "[32 bytes hidden]");
        assert_eq!(why.as_str(), "jan@example.com jest zablokowany");
        assert_eq!(why.to_string(), "[address] jest zablokowany");
        assert_eq!(
            Private::from("niepoprawny numer +48 500600700").to_string(),
            "niepoprawny numer +[number]"
        );
    }
}
