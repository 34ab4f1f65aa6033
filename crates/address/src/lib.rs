//! When two spellings are one e-mail address.
//!
//! A shop, SARE and a person can write one address in several ways: in capitals, with blanks or invisible characters at
//! its ends, with the domain in letters (`żółw.pl`) or in its ASCII form (`xn--w-uga1v8h.pl`). Whoever compares addresses,
//! here and in both clients, compares [`key`]s; what is written to SARE is [`wire`]; and whoever asks whether SARE has
//! somebody asks under all [`spellings`], since nothing is published about which of them SARE takes for one
//! (sare-api.md 16 row 15).
//!
//! Nothing here judges whether an address is usable; a text that is none has a key all the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Whether nobody sees the character: what Unicode calls default-ignorable (zero-width blanks and joiners, the soft
/// hyphen, marks of direction, fillers, variation selectors, tags), notes between lines, the place of an object, and the empty Braille cell.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The address without what nobody sees at its ends: white space, control characters, and invisible ones.
pub fn stripped(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// What all spellings of one address have in common: nothing invisible at the ends, composed letters in lower case, the
/// domain in its ASCII form. A domain that has no such form stays as it is.
pub fn key(text: &str) -> String {
    let text = stripped(text);
    if is_plain(text) {
        return text.to_ascii_lowercase();
    }
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", lower(local), ascii(domain)),
        None => lower(text),
    }
}

/// The one form in which an address is written to SARE: as it stands, its domain in the ASCII form where it is not in
/// ASCII yet. That is the form which every mail system takes.
pub fn wire(text: &str) -> Cow<'_, str> {
    let text = stripped(text);
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    match text.rsplit_once('@') {
        Some((local, domain)) if domain.is_ascii() => Cow::Owned(format!("{}@{domain}", composed(local))),
        Some((local, domain)) => Cow::Owned(format!("{}@{}", composed(local), ascii(domain))),
        None => Cow::Borrowed(text),
    }
}

/// The address as people read it: its domain in letters.
pub fn shown(text: &str) -> Cow<'_, str> {
    match text.rsplit_once('@') {
        Some((local, domain)) if has_two_forms(domain) => {
            let (letters, is_read) = idna::domain_to_unicode(domain);
            match is_read {
                Ok(()) => Cow::Owned(format!("{local}@{letters}")),
                Err(_) => Cow::Borrowed(text),
            }
        }
        _ => Cow::Borrowed(text),
    }
}

/// Every spelling under which somebody may be known elsewhere, the one for the wire first: with the domain in either
/// form, with composed and with decomposed letters, and, where something invisible stands at its ends, as it stands. Nearly
/// always that is one. They differ in more than capitals, which SARE does not tell apart.
pub fn spellings(text: &str) -> Vec<String> {
    let bare = text.trim();
    let first = wire(text);
    if is_plain(bare) {
        return vec![first.into_owned()];
    }
    let mut all = vec![first.into_owned()];
    let letters = shown(&all[0]).into_owned();
    let apart = match all[0].rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.nfd()),
        None => bare.to_owned(),
    };
    for other in [letters, bare.to_owned(), apart] {
        if all
            .iter()
            .all(|known| known.to_lowercase() != other.to_lowercase())
        {
            all.push(other);
        }
    }
    all
}

/// Whether the two are one address.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (stripped(one), stripped(other));
    if is_plain(one) && is_plain(other) {
        return one.eq_ignore_ascii_case(other);
    }
    key(one) == key(other)
}

/// Whether the two are one spelling; capitals are of no account.
pub fn is_same_text(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || lower(one) == lower(other)
}

/// Whether a text has but one spelling, capitals apart.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control()) && !has_ascii_form(text)
}

fn has_two_forms(domain: &str) -> bool {
    !domain.is_ascii() || has_ascii_form(domain)
}

/// Whether a label of the domain is the ASCII form of something else.
fn has_ascii_form(text: &str) -> bool {
    let prefix = |bytes: &[u8]| bytes.eq_ignore_ascii_case(b"xn--");
    text.as_bytes().windows(4).any(prefix)
}

fn ascii(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| lower(domain))
}

fn lower(text: &str) -> String {
    composed(&text.to_lowercase()).into_owned()
}

fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
mod tests;
