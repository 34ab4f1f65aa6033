//! That no text is missing, in either language.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

const PL: Words = Words(Lang::Pl);
const EN: Words = Words(Lang::En);

/// Keys with their plural forms taken together.
fn keys(texts: &Texts) -> BTreeSet<String> {
    let plain = |key: &String| {
        let forms = [".one", ".few", ".many"];
        forms
            .iter()
            .find_map(|form| key.strip_suffix(form))
            .unwrap_or(key)
            .to_owned()
    };
    texts.keys().map(plain).collect()
}

fn names(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(keys(&POLISH), keys(&ENGLISH));
    for (key, text) in POLISH.iter() {
        assert!(!text.trim().is_empty(), "{key} says nothing");
        let other = ENGLISH
            .get(key)
            .or_else(|| ENGLISH.get(&key.replace(".few", ".many")));
        let other = other.unwrap_or_else(|| panic!("{key} is not in English"));
        assert_eq!(names(text), names(other), "{key} is filled in differently");
    }
}

#[test]
fn every_number_has_its_forms() {
    for (texts, forms) in [
        (&*POLISH, &["one", "few", "many"][..]),
        (&*ENGLISH, &["one", "many"][..]),
    ] {
        let counted: BTreeSet<&str> = texts.keys().filter_map(|key| key.strip_suffix(".many")).collect();
        for key in counted {
            for form in forms {
                assert!(
                    texts.contains_key(&format!("{key}.{form}")),
                    "{key} has no form `{form}`"
                );
            }
        }
    }
}

/// The literal that follows each `call(` in the sources of those who speak.
fn literals(call: &str) -> BTreeSet<String> {
    fn sources(at: &Path, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("words/tests.rs") {
                all.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut all = Vec::new();
    for directory in ["src", "../desk/src", "../web/src/panel", "../../src/commands"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut all);
    }
    let opening = format!("{call}(");
    all.iter()
        .flat_map(|source| source.split(&opening).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(literal, _)| literal.to_owned())
        .collect()
}

#[test]
fn every_text_that_a_page_asks_for_is_there_and_no_other() {
    let all = keys(&POLISH);
    let mut used = BTreeSet::new();
    for call in [".say", ".fill", ".dated", ".count", ".count_with"] {
        used.extend(literals(call));
    }
    let missing: Vec<_> = used.difference(&all).collect();
    assert!(missing.is_empty(), "texts are missing: {missing:?}");
    let by_word = literals(".say_word");
    let by_known_word = literals(".known_word");
    let by_part = literals(".part");
    let by_count = literals(".count_word");
    let pages = by_word
        .iter()
        .chain(&by_known_word)
        .chain(&by_part)
        .chain(&by_count);
    let unused: Vec<_> = all
        .difference(&used)
        .filter(|key| !pages.clone().any(|page| key.starts_with(&format!("{page}."))))
        .collect();
    assert!(unused.is_empty(), "texts are said nowhere: {unused:?}");
    for page in by_word {
        assert!(
            all.contains(&format!("{page}.other")),
            "{page} says nothing of an unknown word"
        );
    }
}

#[test]
fn polish_is_the_default_and_others_read_english() {
    for polish in [None, Some(""), Some("pl_PL"), Some("pl"), Some("PL")] {
        assert_eq!(Words::of_locale(polish), PL, "{polish:?}");
    }
    for english in ["en_US", "de_DE", "x"] {
        assert_eq!(Words::of_locale(Some(english)), EN, "{english}");
    }
}

#[test]
fn numbers_read_as_people_write_them() {
    assert_eq!(
        (PL.number(1234), PL.number(12_345)),
        ("1234".to_owned(), "12\u{a0}345".to_owned())
    );
    assert_eq!(
        (EN.number(1234), EN.number(-1_234_567)),
        ("1,234".to_owned(), "-1,234,567".to_owned())
    );
    for (n, form) in [
        (0, "many"),
        (1, "one"),
        (2, "few"),
        (5, "many"),
        (12, "many"),
        (22, "few"),
        (112, "many"),
        (21, "many"),
    ] {
        assert_eq!(PL.form(n), form, "{n}");
    }
    assert_eq!((EN.form(1), EN.form(2), EN.form(0)), ("one", "many", "many"));
}

#[test]
fn only_known_names_are_filled_in_and_values_are_not_read_again() {
    assert_eq!(fill("{a} i {b} {", &[("a", &"{b}"), ("b", &2)]), "{b} i 2 {");
    assert_eq!(fill("{c}", &[("a", &1)]), "{c}");
}
