//! How a contact is spelled in SARE.
//!
//! One person is one contact, but SARE may take two spellings of an address (`a@żółw.pl`, `a@xn--w-uga1v8h.pl`) for two.
//! So both are asked for, whoever SARE has under one of them is written to under that one, and a withdrawal or a refusal
//! lowers every one that is still mailed (sare-api.md 16 row 15).

use store::Contact;
use sync_core::consent::Status;
use sync_core::email::{Email, is_same_text, stripped};

/// The spellings of one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spellings {
    /// The one that is written to.
    pub wire: String,
    /// Those under which SARE has it, with statuses; empty where that is `wire` alone, or none.
    in_sare: Vec<(String, Status)>,
}

impl Spellings {
    /// Chooses the spelling to write to: one that SARE has, else the one that was used before, else the address in the
    /// form for the wire.
    pub fn choose(email: &Email, contact: Option<&Contact>, in_sare: &[(String, Status)]) -> Self {
        let wire = email.wire();
        let used = contact
            .and_then(|contact| contact.address.as_deref())
            .filter(|used| stripped(used) == *used && Email::kept(used).key() == email.key());
        let usual = used.filter(|used| !is_same_text(used, &wire)).unwrap_or(&wire);
        let has = |text: &str| in_sare.iter().any(|(known, _)| is_same_text(known, text));
        let wire = if in_sare.is_empty() || has(usual) {
            usual.to_owned()
        } else if has(&wire) {
            wire
        } else {
            let open = in_sare.iter().find(|(_, status)| status.is_open());
            open.or(in_sare.first()).map_or(wire, |(text, _)| text.clone())
        };
        Self {
            wire,
            in_sare: in_sare.to_vec(),
        }
    }

    /// All of them that SARE may have.
    pub fn all(&self) -> Vec<&str> {
        let mut all = vec![self.wire.as_str()];
        for (text, _) in &self.in_sare {
            if !all.iter().any(|known| is_same_text(known, text)) {
                all.push(text);
            }
        }
        all
    }

    /// Those whose status is to be lowered; with `also` as well, where SARE did not obey and may have meant another one.
    pub fn to_lower(&self, also: &[String]) -> Vec<String> {
        let open = |text: &str| {
            let mut known = self.in_sare.iter().filter(|(known, _)| is_same_text(known, text));
            self.in_sare.is_empty() || known.any(|(_, status)| status.is_open())
        };
        let mut wanted: Vec<String> = self
            .all()
            .into_iter()
            .filter(|text| open(text))
            .map(str::to_owned)
            .collect();
        for text in also {
            if !wanted.iter().any(|known| is_same_text(known, text)) {
                wanted.push(text.clone());
            }
        }
        wanted
    }

    /// Those besides the one written to that refuse.
    pub fn others_refusing(&self) -> Vec<String> {
        let others = self
            .in_sare
            .iter()
            .filter(|(text, _)| !is_same_text(text, &self.wire));
        let refusing = others.filter(|(_, status)| status.is_refusal());
        refusing.map(|(text, _)| text.clone()).collect()
    }

    /// Those that are mailed.
    pub fn mailed(&self) -> Vec<String> {
        let mailed = self.in_sare.iter().filter(|(_, status)| status.is_mailable());
        mailed.map(|(text, _)| text.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use store::AddrHash;

    use super::*;

    const LETTERS: &str = "ala@żółw.pl";
    const ASCII: &str = "ala@xn--w-uga1v8h.pl";

    fn chosen(used: Option<&str>, in_sare: &[(&str, i64)]) -> Spellings {
        let contact = used.map(|used| Contact::new(AddrHash([1; 16]), used.to_owned(), 0));
        let in_sare: Vec<_> = in_sare
            .iter()
            .map(|(text, status)| ((*text).to_owned(), Status::from(*status)))
            .collect();
        Spellings::choose(&Email::parse(LETTERS).unwrap(), contact.as_ref(), &in_sare)
    }

    #[test]
    fn whoever_sare_has_is_written_to_as_sare_has_them_and_others_in_one_form() {
        assert_eq!(chosen(None, &[]).wire, ASCII);
        assert_eq!(
            chosen(Some(LETTERS), &[]).wire,
            LETTERS,
            "as it was written before"
        );
        assert_eq!(chosen(None, &[(LETTERS, 8)]).wire, LETTERS);
        assert_eq!(
            chosen(Some(LETTERS), &[(ASCII, 6)]).wire,
            ASCII,
            "it has only that one by now"
        );
        assert_eq!(chosen(None, &[(LETTERS, 8), (ASCII, 8)]).wire, ASCII);
        assert_eq!(chosen(Some(LETTERS), &[(LETTERS, 8), (ASCII, 8)]).wire, LETTERS);
        assert_eq!(chosen(Some("\u{feff}ala@żółw.pl"), &[]).wire, ASCII);
        assert_eq!(chosen(Some("another@example.com"), &[]).wire, ASCII);
    }

    #[test]
    fn every_spelling_that_is_open_is_lowered() {
        let both = chosen(None, &[(LETTERS, 8), (ASCII, 6)]);
        assert_eq!(both.to_lower(&[]), [ASCII, LETTERS]);
        let one = chosen(None, &[(LETTERS, 8), (ASCII, 4)]);
        assert_eq!(one.to_lower(&[]), [LETTERS]);
        assert_eq!(one.mailed(), [LETTERS]);
        assert_eq!(one.others_refusing(), Vec::<String>::new());
        assert_eq!(chosen(None, &[]).to_lower(&[]), [ASCII]);
        assert_eq!(
            chosen(None, &[]).to_lower(&[LETTERS.to_owned()]),
            [ASCII, LETTERS]
        );
    }
}
