use proptest::prelude::*;

use super::*;

const LETTERS: &str = "ala@żółw.pl";
const ASCII: &str = "ala@xn--w-uga1v8h.pl";

#[test]
fn spellings_of_one_address_share_a_key() {
    for spelling in [
        LETTERS,
        ASCII,
        " ALA@ŻÓŁW.PL\n",
        "Ala@XN--W-UGA1V8H.pl",
        "ala@z\u{307}o\u{301}łw.pl",
        "ala@żółw\u{3002}pl",
    ] {
        assert_eq!(key(spelling), ASCII, "{spelling:?}");
        assert!(is_same(spelling, LETTERS), "{spelling:?}");
    }
    assert_eq!(key("jo\u{301}zef@x.pl"), key("JÓZEF@X.PL"), "composed or not");
    assert_ne!(key("ala@żółw.pl"), key("ala@zolw.pl"));
    assert_ne!(key("jan.kowalski@gmail.com"), key("jankowalski@gmail.com"));
}

#[test]
fn what_nobody_sees_is_no_part_of_an_address() {
    for unseen in [
        '\u{200b}',
        '\u{feff}',
        '\u{2060}',
        '\u{ad}',
        '\u{202e}',
        '\u{a0}',
        '\u{0}',
        '\u{7f}',
        '\u{200d}',
        '\u{fe0f}',
        '\u{e0041}',
        '\u{3164}',
        '\u{2800}',
    ] {
        let text = format!("{unseen}jan@example.com{unseen}");
        assert_eq!(stripped(&text), "jan@example.com", "{unseen:?}");
        assert_eq!(key(&text), "jan@example.com", "{unseen:?}");
        assert_eq!(wire(&text), "jan@example.com", "{unseen:?}");
    }
}

#[test]
fn the_wire_has_one_form_and_people_read_another() {
    assert_eq!(wire(LETTERS), ASCII);
    assert_eq!(wire(ASCII), ASCII);
    assert_eq!(wire(" Jan.Kowalski@Example.COM "), "Jan.Kowalski@Example.COM");
    assert_eq!(shown(ASCII), LETTERS);
    assert_eq!(shown("jan@example.com"), "jan@example.com");
    assert_eq!(shown("jan@xn--a.pl"), "jan@xn--a.pl", "not what it says it is");
}

#[test]
fn both_forms_of_a_domain_are_asked_for_and_what_was_written_once() {
    assert_eq!(spellings("jan@example.com"), ["jan@example.com"]);
    assert_eq!(spellings(" JAN@example.com "), ["JAN@example.com"]);
    assert_eq!(spellings(LETTERS), [ASCII, LETTERS]);
    assert_eq!(spellings(ASCII), [ASCII, LETTERS]);
    // A letter of one piece, and of two.
    assert_eq!(
        spellings("\u{17c}@example.com"),
        ["\u{17c}@example.com", "z\u{307}@example.com"]
    );
    assert_eq!(key("z\u{307}@example.com"), key("\u{17c}@example.com"));
    assert_eq!(
        spellings("\u{feff}jan@example.com"),
        ["jan@example.com", "\u{feff}jan@example.com"]
    );
}

#[test]
fn what_is_no_address_has_a_key_all_the_same() {
    for text in ["", "jan", "@", "jan@", "jan@żó łw.pl", "jan@xn--\u{17c}", "a@b@c"] {
        assert_eq!(key(&key(text)), key(text), "{text:?}");
        assert!(!spellings(text).is_empty(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_spelling_of_a_text_has_its_key(text in "\\PC{0,12}@\\PC{0,12}") {
        for spelling in spellings(&text) {
            prop_assert_eq!(key(&spelling), key(&text), "{:?}", spelling);
        }
    }

    #[test]
    fn a_domain_in_letters_and_its_ascii_form_are_one(label in "[a-ząćęłńóśźż]{1,12}", local in "[a-z.]{1,8}") {
        let (one, other) = (format!("{local}@{label}.pl"), wire(&format!("{local}@{label}.pl")).into_owned());
        prop_assert!(other.is_ascii());
        prop_assert_eq!(key(&one), key(&other));
        prop_assert_eq!(spellings(&one), spellings(&other));
        prop_assert!(is_same(&one.to_uppercase(), &other));
    }
}
