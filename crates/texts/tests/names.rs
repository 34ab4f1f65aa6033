//! That every value of the program's types has its name in both languages, that no name is without a value, and that
//! statuses are called what SARE calls them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use desk::standing::Side;
use engine::{Phase, Pile};
use store::{Outcome, Reason, RunKind, RunState};
use sync_core::config::{
    ConsentRule, DeletedAction, OnNewOptIn, UnsubscribeStatus, WithoutAccount, WithoutConsent,
};
use sync_core::consent::{Doubt, Status};
use sync_core::{Cause, Ended, Healer, HistoryKind, Lang, ProblemKind, RecordKind, UnsubscribeCause};
use texts::Words;
use toml::{Table, Value};

/// Names that have no word of their own: what a word of tomorrow is called.
const OTHER: &str = "other";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All texts of a language.
fn texts(language: &str) -> Table {
    let files = std::fs::read_dir(root().join(language)).unwrap();
    files
        .flat_map(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            text.parse::<Table>().unwrap()
        })
        .collect()
}

/// The keys of a section such as `launch.pile`.
fn keys(texts: &Table, section: &str) -> BTreeSet<String> {
    let mut names = section.split('.');
    let first = names.next().and_then(|name| texts.get(name));
    let table = names.fold(first, |table, name| table.and_then(|table| table.get(name)));
    let table = table.and_then(Value::as_table);
    let table = table.unwrap_or_else(|| panic!("there is no section {section}"));
    table.keys().filter(|key| *key != OTHER).cloned().collect()
}

/// The words of all values of a type, without that for what another version wrote.
fn of<T: sync_core::Words>() -> BTreeSet<String> {
    let words = T::WORDS.iter().filter(|word| **word != OTHER);
    words.map(|word| (*word).to_owned()).collect()
}

/// A section of names, and the words of the values that it names.
fn sections() -> Vec<(&'static str, BTreeSet<String>)> {
    let statuses = (-9..99).filter(|number| !matches!(Status::from(*number), Status::Other(_)));
    vec![
        ("status", statuses.map(|number| number.to_string()).collect()),
        ("history", of::<HistoryKind>()),
        ("problem", of::<ProblemKind>()),
        ("healer", of::<Healer>()),
        ("doubt", of::<Doubt>()),
        ("outcome", of::<Outcome>()),
        ("reason", of::<Reason>()),
        ("run-kind", of::<RunKind>()),
        ("run-state", of::<RunState>()),
        ("waiting", of::<Cause>()),
        ("unsubscribe-ended", of::<Ended>()),
        ("phase", of::<Phase>()),
        ("launch.pile", of::<Pile>()),
        ("contacts.kind", of::<RecordKind>()),
        ("shop-side", of::<Side>()),
        ("sare-side", of::<Side>()),
        ("mapping-consent", of::<ConsentRule>()),
        ("mapping-without", of::<WithoutConsent>()),
        ("advanced.to-sare-meaning", of::<UnsubscribeStatus>()),
        ("advanced.opt-in-value", of::<OnNewOptIn>()),
        ("advanced.opt-in-meaning", of::<OnNewOptIn>()),
        ("advanced.account-value", of::<WithoutAccount>()),
        ("advanced.account-meaning", of::<WithoutAccount>()),
        ("advanced.deleted-value", of::<DeletedAction>()),
        ("advanced.deleted-meaning", of::<DeletedAction>()),
    ]
}

#[test]
fn every_value_has_its_name_in_both_languages_and_no_name_is_without_a_value() {
    for language in ["pl", "en"] {
        let texts = texts(language);
        for (section, words) in sections() {
            assert_eq!(keys(&texts, section), words, "{language}: {section}");
        }
    }
}

#[test]
fn every_cause_of_an_unsubscribe_is_told() {
    for words in [Words(Lang::Pl), Words(Lang::En)] {
        let other = words.refusal(UnsubscribeCause::Other, None);
        for cause in UnsubscribeCause::ALL {
            let is_other = *cause == UnsubscribeCause::Other;
            assert_eq!(words.refusal(*cause, None) == other, is_other, "{}", cause.word());
        }
    }
}

#[test]
fn what_has_several_texts_has_all_of_them() {
    for language in ["pl", "en"] {
        let texts = texts(language);
        for (section, parts) in [
            ("problem", &["cause", "remedy"][..]),
            ("doubt", &["sentence", "short"]),
            ("outcome", &["list", "meaning", "result", "sentence"]),
        ] {
            for word in keys(&texts, section) {
                let found = keys(&texts, &format!("{section}.{word}"));
                let all = parts.iter().map(|part| (*part).to_owned()).collect();
                assert_eq!(found, all, "{language}: {section}.{word}");
            }
        }
    }
}

#[test]
fn what_another_version_of_the_program_wrote_has_no_name() {
    let newer = HistoryKind::of("newer-than-this");
    assert_eq!(Words(Lang::Pl).event(&newer), None);
    assert_ne!(Words(Lang::En).status(Status::Other(99)), "");
}

/// sare-api.md 6: the table of statuses has the number first and the panel's names third.
#[test]
fn statuses_are_called_what_sare_calls_them() {
    let reference = std::fs::read_to_string(root().join("../../docs/reference/sare-api.md")).unwrap();
    // Of SARE's name only a remark in brackets is left out, and parts are told apart by a comma.
    let plain = |name: &str| {
        name.split(" (")
            .next()
            .unwrap()
            .replace(',', "")
            .trim()
            .to_owned()
    };
    let rows = reference.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number: i64 = cells.get(1)?.parse().ok()?;
        let (polish, english) = cells.get(3)?.split_once(" / ")?;
        Some((Status::from(number), plain(polish), plain(english)))
    });
    let rows: Vec<_> = rows
        .filter(|(status, ..)| !matches!(status, Status::Other(_)))
        .collect();
    assert_eq!(rows.len(), 7, "{rows:?}");
    for (status, polish, english) in rows {
        assert_eq!(plain(Words(Lang::Pl).status(status)), polish);
        assert_eq!(plain(Words(Lang::En).status(status)), english);
    }
}
