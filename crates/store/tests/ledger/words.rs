//! The words that stand in statements are words of the types that the columns hold.

use std::collections::BTreeSet;
use std::path::Path;

use store::{Outcome, Reason, RunKind, RunState, ShopState};
use sync_core::consent::{Doubt, RefusalOrigin};
use sync_core::{RecordKind, Words as _};

/// Columns whose values are written into statements, and all that each may hold.
fn columns() -> [(&'static str, Vec<&'static str>); 6] {
    let states = RunState::WORDS.iter().chain(ShopState::WORDS).copied();
    let kinds = RunKind::WORDS.iter().chain(RecordKind::WORDS).copied();
    [
        ("state", states.collect()),
        ("kind", kinds.collect()),
        ("reason", Reason::WORDS.to_vec()),
        ("outcome", Outcome::WORDS.to_vec()),
        ("doubt", Doubt::WORDS.to_vec()),
        ("refusal_origin", RefusalOrigin::WORDS.to_vec()),
    ]
}

/// The words compared with or assigned to a column in a text: after `=`, `<>`, `IN (` or `NOT IN (`.
fn words_of<'t>(text: &'t str, column: &str) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(column) {
        let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = text[at + column.len()..].trim_start();
        let list = ["IN (", "NOT IN ("].iter().find_map(|op| rest.strip_prefix(op));
        let one = ["= ", "<> "].iter().find_map(|op| rest.strip_prefix(op));
        let part = match (list, one) {
            (Some(list), _) => list.split(')').next().unwrap_or_default(),
            (None, Some(one)) if one.starts_with('\'') => {
                let end = one[1..].find('\'').map_or(one.len(), |end| end + 2);
                &one[..end]
            }
            _ => continue,
        };
        if is_whole {
            // In braces stands the word of a type.
            let quoted = part.split('\'').skip(1).step_by(2);
            found.extend(quoted.filter(|word| !word.starts_with('{')));
        }
    }
    found
}

pub fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_word_in_a_statement_is_one_that_its_column_may_hold() {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let mut seen = 0;
    for (column, allowed) in columns() {
        for word in texts.iter().flat_map(|text| words_of(text, column)) {
            assert!(allowed.contains(&word), "{column} never holds {word:?}");
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} words were found");
}

#[test]
fn words_are_found_in_every_kind_of_comparison() {
    let text = "dirty.reason NOT IN ('one', 'two') OR reason = 'three' AND reason <> 'four' AND other_reason = 'five'";
    assert_eq!(
        words_of(text, "reason"),
        BTreeSet::from(["four", "one", "three", "two"])
    );
}
