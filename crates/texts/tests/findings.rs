//! Findings about a configuration, as people read them.

use sync_core::config::{Config, Finding, TemplateFault, ValueType, What};
use sync_core::mapping::fields;
use sync_core::{Lang, RecordKind};
use texts::Words;

const FILE: &str = r#"[sare]
uid = "12345"
[custmers]
group = 21
[subscribers]
group = 22
[subscribers.mapping]
comment = "Shoper"
prop1 = 5
prop2 = "langage"
prop3 = { form = "language" }
"#;

#[test]
fn a_file_is_told_line_by_line_in_both_languages() {
    let errors = Config::parse(FILE).unwrap_err();
    let (polish, english) = (
        Words(Lang::Pl).config_errors(&errors),
        Words(Lang::En).config_errors(&errors),
    );
    assert!(
        english.contains("line 3: custmers: There is no setting \"custmers\". Did you mean: customers?"),
        "{english}"
    );
    assert!(
        polish.contains("wiersz 3: custmers: Nie ma ustawienia „custmers”. Czy chodziło o: customers?"),
        "{polish}"
    );
    assert!(english.contains("{ value = \"text\" }") && polish.contains("{ value = \"tekst\" }"));
    assert!(english.contains("found a whole number"), "{english}");
    assert!(english.contains(
        "line 10: subscribers.mapping.prop2: \"langage\" is not a field of a subscriber. Did you mean: language?"
    ), "{english}");
    assert!(
        english.contains(
            "line 11: subscribers.mapping.prop3.form: There is no setting \"form\". Did you mean: from?"
        ),
        "{english}"
    );
}

#[test]
fn the_key_is_in_no_sentence() {
    let key = "tajnyklucztajnyklucztajnyklucz12";
    for broken in [
        format!("[sare]\nuid = 1\napi_key = \"{key}\" x\n"),
        format!("[sare]\nuid = 1\napi_key = \"{key}\napi_key = \"{key}\"\n"),
        format!("[sare]\nuid = 1\napi_key = [\"{key}\"]\n"),
        format!("[sare]\nuid = 1\napikey = \"{key}\"\n"),
    ] {
        let errors = Config::parse(&broken).unwrap_err();
        for lang in [Lang::Pl, Lang::En] {
            let told = Words(lang).config_errors(&errors);
            assert!(!told.is_empty() && !told.contains(key), "{told}");
        }
    }
}

#[test]
fn a_finding_without_a_line_names_its_setting() {
    let finding = Finding {
        line: None,
        path: "customers.group".to_owned(),
        what: What::Missing {
            example: "group = 21",
        },
    };
    assert_eq!(
        Words(Lang::En).finding(&finding),
        "customers.group: This setting is missing. Please add, for example: group = 21."
    );
}

#[test]
fn what_there_is_instead_is_named() {
    let groups = vec![(21, "Klienci".to_owned()), (22, "Newsletter".to_owned())];
    assert!(
        Words(Lang::En)
            .finding_sentence(&What::UnknownGroup {
                group: 23,
                known: groups
            })
            .contains("SARE has no group 23. There are: 21 (Klienci), 22 (Newsletter).")
    );
}

#[test]
fn every_field_of_the_shop_has_a_name_in_both_languages() {
    for &kind in RecordKind::ALL {
        for info in fields(kind) {
            for lang in [Lang::Pl, Lang::En] {
                assert!(Words(lang).field(kind, info.name).is_some(), "{}", info.name);
            }
        }
    }
    assert_eq!(
        Words(Lang::Pl).field(RecordKind::Customer, "additional_field.7"),
        None
    );
}

#[test]
fn every_finding_is_a_sentence_in_both_languages() {
    let kinds = ValueType::Text;
    let group = vec![(1, "A".to_owned())];
    for what in [
        What::Syntax("x".into()),
        What::UnknownKey {
            key: "x".into(),
            similar: vec![],
        },
        What::Missing { example: "x" },
        What::WrongType {
            found: kinds,
            wanted: kinds,
        },
        What::NotAllowed {
            value: "x".into(),
            allowed: &["y"],
        },
        What::OutOfRange {
            least: "0",
            most: "1",
        },
        What::BadUid,
        What::OddKey,
        What::NothingEnabled,
        What::UnknownTarget {
            target: "x".into(),
            similar: vec![],
        },
        What::DuplicateTarget,
        What::UnknownField {
            field: "x".into(),
            kind: RecordKind::Customer,
            similar: vec![],
        },
        What::BadTemplate(TemplateFault::Stray),
        What::UnknownTransform {
            name: "x".into(),
            similar: vec!["y".into()],
        },
        What::BadTransform {
            written: "x".into(),
            example: "y",
        },
        What::NoSource,
        What::TwoSources,
        What::UnknownGroup {
            group: 1,
            known: vec![],
        },
        What::UnknownProperty {
            name: "x".into(),
            similar: vec![],
            certain: true,
        },
        What::UnknownProperty {
            name: "x".into(),
            similar: vec![],
            certain: false,
        },
        What::NotInList {
            value: "x".into(),
            allowed: vec!["y".into(); 20],
        },
        What::NotANumber {
            value: "x".repeat(100),
        },
        What::TextForNumber { field: "x".into() },
        What::TooLong { chars: 2, max: 1 },
        What::UnknownAdditionalField { id: 1, known: group },
    ] {
        let finding = Finding {
            line: Some(1),
            path: "a.b".into(),
            what,
        };
        for lang in [Lang::Pl, Lang::En] {
            let text = Words(lang).finding_sentence(&finding.what);
            assert!(
                text.ends_with(['.', '?']) && text.chars().next().is_some_and(|c| !c.is_lowercase()),
                "{text}"
            );
            assert!(text.len() < 260, "{text}");
        }
        assert!(Words(Lang::Pl).finding(&finding).starts_with("wiersz 1: a.b: "));
    }
}
