//! Reading, judging and writing configurations.

use secrecy::ExposeSecret;

mod against_the_account;
mod round_trip;

use super::*;
use crate::RecordKind;
use crate::mapping::{Overwrite, RowText, WhenEmpty};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

const WHOLE: &str = r#"[sare]
uid = "12345"
api_key = "0f8fad5b-d9cb-469f-a165-70867728950e"

[customers]
enabled = true
group = 21
consent = "flag-or-subscriber"      # flag | subscriber | flag-or-subscriber
without_consent = "unconfirmed"     # unconfirmed | skip
[customers.mapping]                 # SARE field = Shoper field or template
name = "{firstname} {lastname}"
gsm = "address.phone"
prop1 = "address.city"
"custom.birthday" = "additional_field.7"

[subscribers]
enabled = true
group = 22
[subscribers.mapping]
prop2 = "language"

[unsubscribe]
to_sare = "removal-requested"       # removal-requested | removed | unconfirmed
leave_group = false
to_shoper = true
on_new_opt_in = "ask-again"         # ask-again | reactivate | leave
[deleted]
action = "leave-group"              # keep | leave-group | delete
[brake]
share = 0.05
at_least = 20
"#;

fn parsed(text: &str) -> Config {
    Config::parse(text)
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config
}

/// Line, path and English sentence of everything found.
fn found(text: &str) -> Vec<(Option<usize>, String, What)> {
    Config::parse(text)
        .expect_err("it should not be usable")
        .0
        .into_iter()
        .map(|f| (f.line, f.path, f.what))
        .collect()
}

fn one(text: &str) -> (Option<usize>, String, What) {
    let mut all = found(text);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// The least that is usable, with more lines after it.
fn with(more: &str) -> String {
    format!("[sare]\nuid = \"12345\"\n[customers]\ngroup = 21\n{more}")
}

#[test]
fn the_documented_example_is_read_whole() {
    let Parsed {
        config,
        api_key,
        warnings,
    } = Config::parse(WHOLE).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(api_key.unwrap().expose_secret(), KEY);
    assert_eq!(config.sare.uid, "12345");
    assert_eq!((config.customers.enabled, config.customers.group), (true, 21));
    let targets: Vec<String> = config
        .customers
        .mapping
        .rows()
        .iter()
        .map(|row| row.target.to_string())
        .collect();
    assert_eq!(
        targets,
        ["name", "gsm", "prop1", "custom.birthday"],
        "in the order of the file"
    );
    assert_eq!(config.subscribers.group, 22);
    assert_eq!(config.unsubscribe, Unsubscribe::default());
    assert_eq!(config.brake, Brake::default());
    assert_eq!(config.lines.of("customers.mapping.custom.birthday"), Some(14));
}

#[test]
fn what_is_not_said_is_as_documented() {
    let config = parsed(&with(""));
    assert!(
        config.customers.enabled && !config.subscribers.enabled,
        "a section that is there counts"
    );
    assert_eq!(config.customers.consent, ConsentRule::FlagOrSubscriber);
    assert_eq!(config.customers.without_consent, WithoutConsent::Unconfirmed);
    assert_eq!(config.unsubscribe.to_sare, UnsubscribeStatus::RemovalRequested);
    assert_eq!(config.unsubscribe.on_new_opt_in, OnNewOptIn::AskAgain);
    assert!(config.unsubscribe.to_shoper && !config.unsubscribe.leave_group);
    assert_eq!(config.deleted.action, DeletedAction::LeaveGroup);
    assert_eq!((config.brake.share, config.brake.at_least), (0.05, 20));
}

#[test]
fn statuses_have_sares_numbers() {
    let numbers: Vec<i64> = UnsubscribeStatus::ALL
        .iter()
        .copied()
        .map(|choice| choice.status().code())
        .collect();
    assert_eq!(numbers, [4, 3, 6]);
}

#[test]
fn the_key_is_never_rendered_nor_shown() {
    let whole = Config::parse(WHOLE).unwrap();
    assert!(!whole.config.render().contains(KEY) && !whole.config.render().contains("api_key"));
    assert!(!format!("{whole:?}").contains(KEY));
    for broken in [
        format!("[sare]\nuid = 1\napi_key = \"{KEY}\" x\n"),
        format!("[sare]\nuid = 1\napi_key = \"{KEY}\napi_key = \"{KEY}\"\n"),
        format!("[sare]\nuid = 1\napi_key = [\"{KEY}\"]\n"),
        format!("[sare]\nuid = 1\napikey = \"{KEY}\"\n"),
    ] {
        let errors = Config::parse(&broken).unwrap_err();
        let told = format!("{errors} {errors:?}");
        assert!(!told.contains(KEY), "{told}");
    }
}

#[test]
fn a_key_of_another_form_is_taken_with_a_warning() {
    let read = Config::parse(
        &with("[subscribers]\ngroup = 22\n").replace("uid =", "api_key = \"stary klucz\"\nuid ="),
    )
    .unwrap();
    assert_eq!(read.api_key.unwrap().expose_secret(), "stary klucz");
    let [warning] = &read.warnings[..] else {
        panic!("{:?}", read.warnings)
    };
    assert_eq!(
        (warning.line, &warning.what, warning.severity()),
        (Some(2), &What::OddKey, Severity::Warning)
    );
    let empty = Config::parse(&with("").replace("uid =", "api_key = \"\"\nuid =")).unwrap();
    assert!(empty.api_key.is_none() && empty.warnings.is_empty());
}

#[test]
fn everything_wrong_is_told_at_once_each_with_its_line() {
    let text = r#"[sare]
uid = 12345
[custmers]
group = 21
[subscribers]
enabled = "yes"
group = "22"
without_consent = "skipp"
[subscribers.mapping]
prop2 = "langage"
prop10 = "language"
prop3 = { form = "language" }
[brake]
share = 5
"#;
    let all = found(text);
    let places: Vec<(usize, &str)> = all
        .iter()
        .map(|(line, path, _)| (line.unwrap(), path.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (2, "sare.uid"),
            (3, "custmers"),
            (6, "subscribers.enabled"),
            (7, "subscribers.group"),
            (8, "subscribers.without_consent"),
            (10, "subscribers.mapping.prop2"),
            (11, "subscribers.mapping.prop10"),
            (12, "subscribers.mapping.prop3.form"),
            (14, "brake.share"),
        ]
    );
    let similar = |what: &What| match what {
        What::UnknownKey { similar, .. } | What::UnknownField { similar, .. } => similar.clone(),
        _ => Vec::new(),
    };
    let meant: Vec<_> = found(text)
        .iter()
        .map(|(line, _, what)| (line.unwrap_or(0), similar(what)))
        .collect();
    for (line, word) in [(3, "customers"), (10, "language"), (12, "from")] {
        assert!(meant.contains(&(line, vec![word.to_owned()])), "{meant:?}");
    }
}

#[test]
fn broken_toml_is_told_with_its_line_and_nothing_else() {
    let all = found("[sare]\nuid = \"12345\"\n[customers\ngroup = 21\n");
    assert!(
        all.iter().all(|(_, _, what)| matches!(what, What::Syntax(_))),
        "{all:?}"
    );
    assert_eq!(all[0].0, Some(3));
    let (line, _, what) = one(&with("group = 22\n"));
    assert!(matches!(what, What::Syntax(_)));
    assert_eq!(line, Some(5), "a key written twice");
}

#[test]
fn numbers_and_words_out_of_bounds_are_told() {
    assert!(matches!(
        one(&with("").replace("21", "0")).2,
        What::OutOfRange { least: "1", .. }
    ));
    assert!(matches!(
        one(&with("").replace("21", "-3")).2,
        What::OutOfRange { least: "1", .. }
    ));
    assert_eq!(one(&with("").replace("12345", "12")).2, What::BadUid);
    assert_eq!(one(&with("").replace("12345", "12a")).2, What::BadUid);
    assert!(matches!(
        one(&with("[brake]\nat_least = -1\n")).2,
        What::OutOfRange { least: "0", .. }
    ));
    assert!(matches!(
        one(&with("[brake]\nshare = 1.5\n")).2,
        What::OutOfRange { .. }
    ));
    assert!(matches!(
        one(&with("[brake]\nshare = nan\n")).2,
        What::OutOfRange { .. }
    ));
    assert_eq!(parsed(&with("[brake]\nshare = 1\n")).brake.share, 1.0);
    let (line, path, what) = one(&with("consent = \"flags\"\n"));
    assert_eq!((line, path.as_str()), (Some(5), "customers.consent"));
    assert!(matches!(what, What::NotAllowed { allowed, .. } if allowed.len() == 4));
}

#[test]
fn what_is_missing_is_named_with_an_example() {
    let all = found("[customers]\n");
    let paths: Vec<&str> = all.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(paths, ["sare.uid", "customers.group"]);
    let off = Config::parse("[sare]\nuid = \"123\"\n[customers]\nenabled = false\n").unwrap();
    assert_eq!(
        off.warnings.iter().map(|f| &f.what).collect::<Vec<_>>(),
        [&What::NothingEnabled]
    );
}

#[test]
fn rows_are_written_in_any_of_the_forms_that_toml_has() {
    let quoted = parsed(&with(
        "[customers.mapping]\n\"custom.miasto\" = \"address.city\"\n",
    ));
    for other in [
        "[customers.mapping]\ncustom.miasto = \"address.city\"\n",
        "[customers.mapping.custom]\nmiasto = \"address.city\"\n",
        "mapping.custom.miasto = \"address.city\"\n",
        "mapping = { custom = { miasto = { from = \"address.city\" } } }\n",
    ] {
        assert_eq!(parsed(&with(other)), quoted, "{other}");
    }
    let rich = parsed(&with(
        "[customers.mapping]\nprop1 = { from = \"firstname\", transform = [\"title\", \"max:20\"], default = \"brak\", \
         when_empty = \"clear\", overwrite = \"if-empty\" }\ncomment = { value = \"Shoper\" }\n",
    ));
    let rows: Vec<RowText> = rich
        .customers
        .mapping
        .rows()
        .iter()
        .map(|row| row.text())
        .collect();
    let expected = RowText {
        transform: vec!["title".into(), "max:20".into()],
        default: Some("brak".into()),
        when_empty: WhenEmpty::Clear,
        overwrite: Overwrite::IfEmpty,
        ..RowText::new("prop1", "firstname")
    };
    assert_eq!(rows[0], expected);
    assert_eq!(rows[1].value.as_deref(), Some("Shoper"));
}

#[test]
fn a_plain_text_that_is_no_field_is_no_constant_by_accident() {
    let (line, _, what) = one(&with("[customers.mapping]\ncomment = \"Shoper\"\n"));
    assert_eq!(line, Some(6));
    assert!(matches!(what, What::UnknownField { .. }));
}

#[test]
fn rows_of_wrong_kinds_are_told_once() {
    for (row, kind) in [
        ("prop1 = 5", ValueType::Integer),
        ("prop1 = { from = 5 }", ValueType::Integer),
        ("prop1 = [\"login\"]", ValueType::List),
    ] {
        let (_, _, what) = one(&with(&format!("[customers.mapping]\n{row}\n")));
        assert!(
            matches!(what, What::WrongType { found, .. } if found == kind),
            "{what:?}"
        );
    }
    assert_eq!(one(&with("[customers.mapping]\nprop1 = {}\n")).2, What::NoSource);
}

#[test]
fn a_configuration_built_by_a_form_is_judged_without_lines() {
    let findings = Config {
        customers: Customers {
            enabled: true,
            ..Customers::default()
        },
        ..Config::default()
    }
    .validate();
    let places: Vec<_> = findings.iter().map(|f| (f.line, f.path.as_str())).collect();
    assert_eq!(places, [(None, "sare.uid"), (None, "customers.group")]);
    assert_eq!(
        findings[1].what,
        What::Missing {
            example: "group = 21"
        }
    );
}
