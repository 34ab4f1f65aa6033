//! First mappings, suggested.

use super::*;
use crate::catalog::{AdditionalField, Property, PropertyKind};

fn property(name: &str, label: &str, kind: PropertyKind) -> Property {
    Property {
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
    }
}

#[test]
fn suggestions_come_from_names_labels_and_kinds() {
    let properties = [
        property("prop1", "Imię", PropertyKind::Text { max_len: Some(30) }),
        property("prop2", "C2", PropertyKind::Unknown),
        property("prop3", "Data Urodzenia", PropertyKind::Unknown),
        property("miasto", "miasto", PropertyKind::Text { max_len: None }),
        property("telefon", "Telefon", PropertyKind::Number),
        property("rabat", "Rabat", PropertyKind::Number),
        property(
            "jezyk",
            "Język",
            PropertyKind::List {
                values: vec!["pl".into()],
            },
        ),
        property("ulubiony_kolor", "Ulubiony kolor", PropertyKind::Unknown),
    ];
    let additional = [
        AdditionalField {
            id: 4,
            label: "Urodziny".into(),
        },
        AdditionalField {
            id: 9,
            label: "Ulubiony kolor".into(),
        },
    ];
    let rows: Vec<RowText> = suggest(RecordKind::Customer, &properties, &additional)
        .iter()
        .map(Row::text)
        .collect();
    let expected = [
        row("name", "{firstname} {lastname}"),
        row("gsm", "address.phone"),
        RowText {
            transform: vec!["max:30".into()],
            ..row("prop1", "firstname")
        },
        RowText {
            transform: vec!["date:%Y-%m-%d".into()],
            ..row("prop3", "additional_field.4")
        },
        row("custom.miasto", "address.city"),
        row("custom.rabat", "discount"),
        row("custom.ulubiony_kolor", "additional_field.9"),
    ];
    assert_eq!(rows, expected);
    assert!(Mapping::from_rows(RecordKind::Customer, &rows).is_ok());

    let language = [
        property("prop2", "Język", PropertyKind::Unknown),
        property("prop1", "Imię", PropertyKind::Unknown),
    ];
    let rows: Vec<RowText> = suggest(RecordKind::Subscriber, &language, &additional)
        .iter()
        .map(Row::text)
        .collect();
    assert_eq!(rows, [row("prop2", "language")]);
}

#[test]
fn a_suggested_row_reads_only_what_there_is() {
    for &kind in RecordKind::ALL {
        for word in [
            "imie",
            "nazwisko",
            "imie_i_nazwisko",
            "kod pocztowy",
            "ulica",
            "kraj",
            "firma",
            "NIP",
            "tagi",
            "data rejestracji",
            "data zapisu",
            "id klienta",
        ] {
            let properties = [property("prop9", word, PropertyKind::Unknown)];
            for row in suggest(kind, &properties, &[]) {
                assert!(Row::parse(kind, &row.text()).is_ok(), "{word}");
            }
        }
    }
    let rows = suggest(
        RecordKind::Customer,
        &[property("prop9", "NIP", PropertyKind::Unknown)],
        &[],
    );
    assert_eq!(
        rows.last().map(|row| row.text()),
        Some(row("prop9", "address.nip"))
    );
}
