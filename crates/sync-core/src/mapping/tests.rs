//! What comes out of records, rows and rules.

mod properties;
mod suggestions;

use std::collections::BTreeMap;

use super::*;
use crate::finding::TemplateFault;

/// A record as a map from field names to values.
struct Record(RecordKind, BTreeMap<String, String>);

impl Source for Record {
    fn read(&self, field: &Field) -> Option<String> {
        assert_eq!(
            Field::parse(self.0, &field.to_string()),
            Some(*field),
            "a field of another kind was read"
        );
        self.1.get(&field.to_string()).cloned()
    }
}

fn customer(values: &[(&str, &str)]) -> Record {
    Record(
        RecordKind::Customer,
        values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    )
}

fn row(target: &str, from: &str) -> RowText {
    RowText::new(target, from)
}

fn mapping(rows: &[RowText]) -> Mapping {
    Mapping::from_rows(RecordKind::Customer, rows).unwrap()
}

/// The value that one row gives.
fn value(text: RowText, record: &Record) -> Option<String> {
    let target = Target::parse(&text.target).unwrap();
    mapping(&[text]).apply(record).get(&target).map(str::to_owned)
}

fn faults(text: &RowText) -> Vec<What> {
    Row::parse(RecordKind::Customer, text).unwrap_err()
}

#[test]
fn a_row_names_a_field_or_a_template_or_a_constant() {
    let jan = customer(&[
        ("firstname", "Jan"),
        ("lastname", "Kowalski"),
        ("address.city", "Rybnik"),
    ]);
    assert_eq!(
        value(row("prop1", "address.city"), &jan).as_deref(),
        Some("Rybnik")
    );
    assert_eq!(
        value(row("name", "{firstname} {lastname}"), &jan).as_deref(),
        Some("Jan Kowalski")
    );
    let constant = RowText {
        target: "comment".into(),
        value: Some("Shoper".into()),
        ..RowText::default()
    };
    assert_eq!(value(constant, &jan).as_deref(), Some("Shoper"));
}

#[test]
fn every_field_is_found_by_its_own_name() {
    for &kind in RecordKind::ALL {
        for info in fields(kind) {
            assert_eq!(Field::parse(kind, info.name), Some(info.field), "{}", info.name);
            assert_eq!(info.field.to_string(), info.name);
        }
    }
    assert_eq!(
        Field::parse(RecordKind::Customer, "additional_field.7"),
        Some(Field::Additional(7))
    );
    assert_eq!(Field::Additional(7).to_string(), "additional_field.7");
    for wrong in [
        "additional_field.",
        "additional_field.0",
        "additional_field.-1",
        "additional_field.+1",
        "additional_field.x",
    ] {
        assert_eq!(Field::parse(RecordKind::Customer, wrong), None, "{wrong}");
    }
    assert_eq!(Field::parse(RecordKind::Subscriber, "firstname"), None);
    assert_eq!(Field::parse(RecordKind::Subscriber, "additional_field.7"), None);
}

#[test]
fn what_the_mapping_reads_says_what_must_be_fetched() {
    assert_eq!(
        mapping(&[row("name", "{firstname} {lastname}")]).needs(),
        Needs::NONE
    );
    let all = mapping(&[
        row("gsm", "address.phone"),
        row("prop1", "{language}"),
        row("prop2", "group"),
        row("prop3", "additional_field.3"),
    ])
    .needs();
    for need in [
        Needs::ADDRESSES,
        Needs::LANGUAGES,
        Needs::GROUPS,
        Needs::ADDITIONAL_FIELDS,
    ] {
        assert!(all.contains(need));
        assert!(!Needs::NONE.contains(need) && need.contains(Needs::NONE));
    }
}

#[test]
fn a_template_collapses_white_space_and_never_sends_its_literals_alone() {
    let half = customer(&[("firstname", "  Jan "), ("lastname", "")]);
    assert_eq!(
        value(row("name", "{firstname}  {lastname}"), &half).as_deref(),
        Some("Jan")
    );
    let nobody = customer(&[("firstname", " ")]);
    assert_eq!(
        value(row("name", "Klient: {firstname} {lastname}!"), &nobody),
        None
    );
    assert_eq!(
        value(row("name", "{{{firstname}}}"), &half).as_deref(),
        Some("{Jan}")
    );
}

#[test]
fn placeholders_take_transforms_by_pipe() {
    let jan = customer(&[("firstname", " jAN maria "), ("lastname", "KOWALSKA-nowak")]);
    let text = row("name", "{firstname | first_word | title} {lastname|title}");
    assert_eq!(value(text, &jan).as_deref(), Some("Jan Kowalska-Nowak"));
    let text = row("name", "{login|default:Gość} z {address.city|default:daleka}");
    assert_eq!(value(text, &jan).as_deref(), Some("Gość z daleka"));
}

#[test]
fn an_empty_value_keeps_or_clears_what_sare_has() {
    let nobody = customer(&[]);
    assert_eq!(value(row("prop1", "address.city"), &nobody), None);
    let clear = RowText {
        when_empty: WhenEmpty::Clear,
        ..row("prop1", "address.city")
    };
    assert_eq!(value(clear, &nobody).as_deref(), Some(""));
    let default = RowText {
        default: Some("brak".into()),
        when_empty: WhenEmpty::Clear,
        ..row("prop1", "address.city")
    };
    assert_eq!(value(default, &nobody).as_deref(), Some("brak"));
}

#[test]
fn the_shops_never_is_no_date() {
    for never in ["0000-00-00 00:00:00", "0000-00-00"] {
        let record = customer(&[("lastvisit", never), ("additional_field.3", never)]);
        assert_eq!(value(row("prop1", "lastvisit"), &record), None);
        assert_eq!(
            value(row("prop1", "{additional_field.3|date:%d.%m.%Y}"), &record),
            None
        );
    }
}

#[test]
fn phones_become_e164_by_themselves_and_are_never_invented() {
    let gsm = |phone: &str, country: &str| {
        let record = customer(&[("address.phone", phone), ("address.country_code", country)]);
        value(row("gsm", "address.phone"), &record)
    };
    for typed in [
        "600700800",
        "600 700 800",
        "600-700-800",
        "+48 600 700 800",
        "0048600700800",
        "48600700800",
        "tel. 600 700 800",
        "(+48) 600.700.800",
    ] {
        assert_eq!(gsm(typed, "PL").as_deref(), Some("+48600700800"), "{typed}");
    }
    assert_eq!(gsm("32 422 00 00", "").as_deref(), Some("+48324220000"));
    assert_eq!(gsm("0171 1234567", "DE").as_deref(), Some("+491711234567"));
    assert_eq!(gsm("+49 171 1234567", "PL").as_deref(), Some("+491711234567"));
    assert_eq!(
        gsm("600700800", "??").as_deref(),
        Some("+48600700800"),
        "an unknown country counts as Poland"
    );
    for wrong in [
        "",
        "brak",
        "123",
        "000000000",
        "600700",
        "600700800 lub 500600700",
        "60070080012345678",
        "jan@example.com",
        "+",
        "٦٠٠٧٠٠٨٠٠",
    ] {
        assert_eq!(gsm(wrong, "PL"), None, "{wrong}");
    }
}

#[test]
fn a_transform_named_for_the_phone_is_the_only_one_applied() {
    let record = customer(&[("address.phone", "600 700 800")]);
    let digits = RowText {
        transform: vec!["digits".into()],
        ..row("gsm", "address.phone")
    };
    assert_eq!(value(digits, &record).as_deref(), Some("600700800"));
    assert_eq!(
        value(row("gsm", "{address.phone|digits}"), &record).as_deref(),
        Some("600700800")
    );
    assert_eq!(
        value(row("prop1", "address.phone"), &record).as_deref(),
        Some("600 700 800")
    );
    assert_eq!(
        value(row("prop1", "{address.phone|phone}"), &record).as_deref(),
        Some("+48600700800")
    );
}

#[test]
fn transforms_do_what_their_names_say() {
    for (word, input, output) in [
        ("trim", "  a b ", "a b"),
        ("lower", "ŻÓŁW", "żółw"),
        ("upper", "żółw", "ŻÓŁW"),
        ("title", "łucja o'neill d’arc-ŻAK", "Łucja O'Neill D’Arc-Żak"),
        ("title", "jan's", "Jan's"),
        ("digits", "PL 123-45", "12345"),
        ("max:3", "żółw", "żół"),
        ("first_word", "Anna Maria", "Anna"),
        ("first_word", "", ""),
        ("default:brak", "", "brak"),
        ("default:brak", "x", "x"),
        ("yes_no:TAK/NIE", "1", "TAK"),
        ("yes_no:TAK/NIE", "0", "NIE"),
        ("yes_no:TAK/NIE", "", ""),
        ("yes_no:TAK/NIE", "może", ""),
        ("yes_no:TAK/", "0", ""),
        ("date:%d.%m.%Y", "2026-11-23 12:00:00", "23.11.2026"),
        ("date:%H:%M", "2026-11-23 12:05:00", "12:05"),
        ("date:%Y-%m-%d", "3.5.1990", "1990-05-03"),
        ("date:%Y-%m-%d", "03-05-1990", "1990-05-03"),
        ("date:%Y-%m-%d", "1990-05-03T10:20", "1990-05-03"),
        ("date:%Y-%m-%d", "31.02.1990", ""),
        ("date:%Y-%m-%d", "1990.05.03", ""),
        ("date:%Y-%m-%d", "05.1990", ""),
        ("date:%Y-%m-%d", "3.5.90", ""),
        ("date:%Y-%m-%d", "jutro", ""),
        ("date:%Y-%m-%d", "00.00.0000", ""),
        ("date:%Y-%m-%d", "1990-05-03 25:00", ""),
    ] {
        let transform = Transform::parse(word).unwrap();
        assert_eq!(transform.apply(input, &|| None), output, "{word} of {input:?}");
        assert_eq!(
            Transform::parse(&transform.to_string()),
            Ok(transform),
            "{word} reads back"
        );
    }
}

#[test]
fn every_transform_has_an_example_that_is_right() {
    for (name, example) in Transform::examples() {
        assert!(Transform::parse(example).unwrap().to_string().starts_with(name));
    }
    for wrong in [
        "date",
        "date:",
        "date:%Q",
        "yes_no",
        "yes_no:TAK",
        "max",
        "max:0",
        "max:x",
        "max:-1",
        "default:",
        "trim:x",
    ] {
        assert!(
            matches!(Transform::parse(wrong), Err(What::BadTransform { .. })),
            "{wrong}"
        );
    }
    let Err(What::UnknownTransform { similar, .. }) = Transform::parse("uper") else {
        panic!("unknown")
    };
    assert_eq!(similar, ["upper"]);
}

#[test]
fn what_is_wrong_with_a_row_is_all_told() {
    let wrong = RowText {
        transform: vec!["uper".into(), "max".into()],
        ..row("prop10", "{fristname|titel} {}")
    };
    let kinds: Vec<_> = faults(&wrong).iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 6);
    let fields = faults(&row("name", "fristname"));
    let [What::UnknownField { field, similar, .. }] = &fields[..] else {
        panic!("{fields:?}")
    };
    assert_eq!(
        (field.as_str(), &similar[..]),
        ("fristname", &["firstname".to_owned()][..])
    );
    // As pages call it, without its Polish letter.
    let called = faults(&row("name", "{Imie} {Nazwiska}"));
    let meant: Vec<_> = called
        .iter()
        .filter_map(|what| match what {
            What::UnknownField { similar, .. } => similar.first().map(String::as_str),
            _ => None,
        })
        .collect();
    assert_eq!(meant, ["firstname", "lastname"], "{called:?}");
    let target = faults(&row("Imie i nazwisko", "firstname"));
    assert!(
        matches!(&target[..], [What::UnknownTarget { similar, .. }] if similar[..] == ["name"]),
        "{target:?}"
    );
    assert_eq!(faults(&row("name", "")), [What::NoSource]);
    let both = RowText {
        value: Some("x".into()),
        ..row("name", "login")
    };
    assert_eq!(faults(&both), [What::TwoSources]);
    for (text, fault) in [
        ("{firstname", TemplateFault::Unclosed),
        ("firstname}", TemplateFault::Stray),
        ("{firstname} {}", TemplateFault::Empty),
        ("{ | trim}", TemplateFault::Empty),
    ] {
        assert_eq!(faults(&row("name", text)), [What::BadTemplate(fault)], "{text}");
    }
}

#[test]
fn a_field_is_filled_by_one_row_alone() {
    let twice = Mapping::from_rows(
        RecordKind::Customer,
        &[row("prop1", "login"), row(" prop1 ", "email")],
    )
    .unwrap_err();
    assert_eq!(
        (twice.len(), &twice[0].what, twice[0].path.as_str()),
        (1, &What::DuplicateTarget, "customers.mapping.prop1")
    );
}

#[test]
fn targets_are_read_by_their_names() {
    for name in Target::basic_names().chain(["custom.miasto", "custom.a.b", "custom.Data urodzenia"]) {
        assert_eq!(Target::parse(name).unwrap().to_string(), name);
    }
    for wrong in [
        "",
        "prop",
        "prop0",
        "prop10",
        "Name",
        "custom",
        "custom.",
        "custom. ",
        "email",
        "custom.a\nb",
    ] {
        assert_eq!(Target::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn only_if_empty_is_remembered_with_the_value() {
    let text = RowText {
        overwrite: Overwrite::IfEmpty,
        ..row("custom.miasto", "address.city")
    };
    let mapping = mapping(&[text, row("prop1", "login")]);
    let traits = mapping.apply(&customer(&[("address.city", "Rybnik"), ("login", "jan")]));
    assert_eq!(
        traits.if_empty.iter().collect::<Vec<_>>(),
        [&Target::Custom("miasto".into())]
    );
    assert!(mapping.apply(&customer(&[])).if_empty.is_empty());
}

#[test]
fn the_customers_values_go_first_and_the_subscribers_fill_the_gaps() {
    let mut customer = Traits {
        name: Some("Jan".into()),
        ..Traits::default()
    };
    customer.set(&Target::Prop(1), String::new());
    customer.set(&Target::Prop(2), String::new());
    let mut subscriber = Traits {
        name: Some("jan@example.com".into()),
        gsm: Some("+48600700800".into()),
        ..Traits::default()
    };
    subscriber.set(&Target::Prop(1), "pl_PL".into());
    subscriber.set(&Target::Prop(2), String::new());
    subscriber.if_empty.extend([Target::Name, Target::Gsm]);
    let merged = Traits::merge(customer, subscriber);
    assert_eq!(merged.get(&Target::Name), Some("Jan"));
    assert_eq!(merged.get(&Target::Gsm), Some("+48600700800"));
    assert_eq!(
        merged.get(&Target::Prop(1)),
        Some("pl_PL"),
        "a value goes before emptiness"
    );
    assert_eq!(merged.get(&Target::Prop(2)), Some(""));
    assert_eq!(
        merged.if_empty.iter().collect::<Vec<_>>(),
        [&Target::Gsm],
        "a rule goes with its value"
    );
}

#[test]
fn the_fingerprint_is_of_the_known_encoding() {
    // Changes of the encoding would send every contact anew: raise the version when it must change.
    let mut traits = Traits {
        name: Some("Jan".into()),
        ..Traits::default()
    };
    traits.set(&Target::Custom("miasto".into()), "Rybnik".into());
    let hex = |bytes: [u8; 16]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(
        hex(traits.fingerprint(&[21, 22])),
        "8e9fdaf03e24bdea884879c9aa168d18"
    );
    assert_eq!(traits.fingerprint(&[22, 21, 21]), traits.fingerprint(&[21, 22]));
}

#[test]
fn debug_shows_no_values() {
    let traits = Traits {
        name: Some("Jan Kowalski".into()),
        gsm: Some("+48600700800".into()),
        ..Traits::default()
    };
    let shown = format!("{traits:?}");
    assert!(!shown.contains("Jan") && !shown.contains("600"), "{shown}");
    assert!(shown.contains("gsm"));
}

#[test]
fn characters_that_are_never_meant_are_left_out_of_values() {
    let record = customer(&[
        ("firstname", "An\u{0}na\u{7}"),
        ("lastname", "\u{1b}[31mNo\u{9}wak\u{85}"),
    ]);
    let mapping = mapping(&[row("name", "{firstname} {lastname}"), row("comment", "lastname")]);
    let traits = mapping.apply(&record);
    assert_eq!(traits.name.as_deref(), Some("Anna [31mNo wak"));
    assert_eq!(traits.comment.as_deref(), Some("[31mNo\twak"));
}
