//! An e-mail address: the identity of a contact.
//!
//! Parsed once, where a row of the shop is read; trusted from there on. What tells contacts apart is [`Email::key`], what
//! is written to SARE [`Email::wire`]; when two spellings are one address is told in the crate `address`
//! (sare-api.md 16 row 15).

use email_address::{EmailAddress, Options};

pub use address::{is_same_text, shown, spellings, stripped};

/// Most characters of an address (sare-api.md 5).
pub const MAX_CHARS: usize = 255;

/// A usable e-mail address. `Debug` and `Display` do not show it by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    key: String,
    /// As it was written, where something invisible stood at its ends.
    written: Option<Box<str>>,
}

/// Why a text is no usable address. Never tells the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing that can be seen.
    #[error("the address is empty")]
    Empty,
    /// Longer than SARE takes.
    #[error("the address is longer than {MAX_CHARS} characters")]
    TooLong,
    /// Nobody sees why it is another address than it looks like.
    #[error("the address has a character in it that cannot be seen")]
    Invisible,
    /// Not of the form `local@domain`.
    #[error("the address is not of the form name@domain")]
    Form,
    /// The domain cannot exist.
    #[error("the address's domain cannot exist")]
    Domain,
}

impl Email {
    /// Takes an address as the shop writes it. What cannot be seen is dropped at both ends; inside it is an error, as it
    /// would make another person of one who looks the same.
    ///
    /// # Errors
    /// [`EmailError`] when nobody could be mailed at it.
    pub fn parse(written: &str) -> Result<Self, EmailError> {
        let text = stripped(written);
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(EmailError::TooLong);
        }
        let unseen = |c: char| address::is_invisible(c) || (c.is_whitespace() && !c.is_ascii());
        if text.chars().any(unseen) {
            return Err(EmailError::Invisible);
        }
        // A control character has no business in an address, though quoting would allow it.
        // And a byte that was no UTF-8 stood for a letter that nobody knows (`ports::UNREADABLE`).
        if text
            .chars()
            .any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER)
        {
            return Err(EmailError::Form);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::Form)?;
        let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Domain)?;
        let options = Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        // The local part is judged with the domain's ASCII form, the one that is resolved.
        EmailAddress::parse_with_options(&format!("{local}@{ascii}"), options)
            .map_err(|_| EmailError::Form)?;
        Ok(Self {
            text: text.to_owned(),
            key: address::key(text),
            written: (written.trim() != text).then(|| written.trim().into()),
        })
    }

    /// An address from our own ledger: it was one by the rule of its day, and is used as it stands where it is none by
    /// today's.
    pub fn kept(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self {
            text: text.to_owned(),
            key: address::key(text),
            written: None,
        })
    }

    /// The address as the shop writes it, without what cannot be seen at its ends.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What all spellings of one address have in common: lower case, the domain in its ASCII form.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The one form in which it is written to SARE: the domain in its ASCII form. Two spellings of the shop would
    /// otherwise become two contacts there.
    pub fn wire(&self) -> String {
        address::wire(&self.text).into_owned()
    }

    /// The address as people read it: its domain in letters.
    pub fn shown(&self) -> String {
        shown(&self.text).into_owned()
    }

    /// All spellings under which SARE may know it, the one for the wire first. Nearly always that is one.
    pub fn spellings(&self) -> Vec<String> {
        spellings(self.written())
    }

    /// The address with whatever nobody sees at its ends.
    pub fn written(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.text)
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Email::parse(text).unwrap().key().to_owned()
    }

    #[test]
    fn the_address_stays_as_the_shop_writes_it() {
        assert_eq!(
            Email::parse(" Jan.Kowalski@Example.COM \n").unwrap().as_str(),
            "Jan.Kowalski@Example.COM"
        );
    }

    #[test]
    fn spellings_of_one_address_share_a_key() {
        assert_eq!(key("Jan.Kowalski@Example.COM"), key("jan.kowalski@example.com"));
        assert_eq!(key("ala@żółw.pl"), key("ALA@xn--w-uga1v8h.pl"));
        assert_eq!(key("ala@ŻÓŁW.PL"), "ala@xn--w-uga1v8h.pl");
        assert_eq!(key("\u{feff}jan@example.com\u{200b}"), "jan@example.com");
    }

    #[test]
    fn one_form_goes_out_and_people_read_another() {
        let email = Email::parse("Ala@żółw.pl").unwrap();
        assert_eq!(email.wire(), "Ala@xn--w-uga1v8h.pl");
        assert_eq!(email.spellings(), ["Ala@xn--w-uga1v8h.pl", "Ala@żółw.pl"]);
        assert_eq!(Email::parse(&email.wire()).unwrap().shown(), "Ala@żółw.pl");
    }

    #[test]
    fn what_cannot_be_seen_is_dropped_at_the_ends_and_refused_inside() {
        for unseen in [
            '\u{200b}', '\u{feff}', '\u{2060}', '\u{ad}', '\u{202e}', '\u{a0}', '\u{fe0f}',
        ] {
            let around = Email::parse(&format!(" {unseen}jan@example.com{unseen}\n")).unwrap();
            assert_eq!(
                (around.as_str(), around.key()),
                ("jan@example.com", "jan@example.com"),
                "{unseen:?}"
            );
            for inside in [
                format!("ja{unseen}n@example.com"),
                format!("jan@exam{unseen}ple.com"),
            ] {
                assert_eq!(
                    Email::parse(&inside).err(),
                    Some(EmailError::Invisible),
                    "{unseen:?}"
                );
                assert_eq!(Email::kept(&inside).as_str(), inside, "one from the ledger stays");
            }
        }
        let around = Email::parse("\u{feff}jan@example.com").unwrap();
        assert_eq!(around.spellings(), ["jan@example.com", "\u{feff}jan@example.com"]);
    }

    #[test]
    fn dots_and_tags_of_one_provider_are_not_guessed_away() {
        assert_ne!(key("jan.kowalski@gmail.com"), key("jankowalski@gmail.com"));
        assert_ne!(key("jan+sklep@gmail.com"), key("jan@gmail.com"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, error) in [
            ("", EmailError::Empty),
            ("  \t", EmailError::Empty),
            ("jan", EmailError::Form),
            ("@example.com", EmailError::Form),
            ("jan@localhost", EmailError::Form),
            ("jan kowalski@example.com", EmailError::Form),
            ("Jan <jan@example.com>", EmailError::Domain),
            ("jan@exa mple.com", EmailError::Domain),
            ("jan@example..com", EmailError::Domain),
            ("jan@[192.168.0.1]", EmailError::Domain),
            ("pawe\u{fffd}@example.com", EmailError::Form),
            ("jan@exam\nple.com", EmailError::Form),
            ("jan@example.com\r\nBcc: x@example.com", EmailError::Form),
        ] {
            assert_eq!(Email::parse(text).err(), Some(error), "{text:?}");
        }
        let long = format!("jan@{}.pl", "a.".repeat(130));
        assert_eq!(Email::parse(&long).err(), Some(EmailError::TooLong));
    }

    #[test]
    fn debug_and_errors_hide_the_address() {
        assert_eq!(
            format!("{:?}", Email::parse("jan@example.com").unwrap()),
            "Email([hidden])"
        );
        assert!(!EmailError::Form.to_string().contains("jan"));
    }
}
