//! An e-mail address: the identity of a contact.
//!
//! Parsed once, where a row of the shop is read; trusted from there on. What is sent to SARE is the
//! address as the shop writes it; what tells contacts apart is [`Email::key`] (sare-api.md 16 row 15).

use email_address::{EmailAddress, Options};

/// Most characters of an address (sare-api.md 5).
pub const MAX_CHARS: usize = 255;

/// A usable e-mail address. `Debug` and `Display` do not show it by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    key: String,
}

/// Why a text is no usable address. Never tells the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// Longer than SARE takes.
    #[error("the address is longer than {MAX_CHARS} characters")]
    TooLong,
    /// Not of the form `local@domain`.
    #[error("the address is not of the form name@domain")]
    Form,
    /// The domain cannot exist.
    #[error("the address's domain cannot exist")]
    Domain,
}

impl Email {
    /// Takes an address as the shop writes it; white space around it is dropped.
    ///
    /// # Errors
    /// [`EmailError`] when nobody could be mailed at it.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(EmailError::TooLong);
        }
        // A control character has no business in an address, though quoting would allow it.
        if text.chars().any(char::is_control) {
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
        let key = format!("{}@{}", local.to_lowercase(), ascii.to_lowercase());
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// The address as the shop writes it, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What two spellings of one address have in common: lower case, the domain in its ASCII form.
    pub fn key(&self) -> &str {
        &self.key
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
