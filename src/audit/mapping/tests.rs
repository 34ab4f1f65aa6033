use proptest::prelude::*;
use sync_core::mapping::{RowText, Source};

use super::*;

fn anna(field: Field) -> Option<String> {
    let text = match field {
        Field::Firstname => "anna maria",
        Field::Lastname => "  KOWALSKA-NOWAK ",
        Field::Newsletter => "1",
        Field::DateAdd => "2026-03-02 08:15:00",
        Field::Lastvisit => "0000-00-00 00:00:00",
        Field::Address(AddressField::Phone) => "tel. 600 700-800",
        Field::Address(AddressField::CountryCode) => "PL",
        Field::Additional(1) => "7/1/1990",
        _ => return None,
    };
    Some(text.to_owned())
}

fn a_row(target: &str, from: &str) -> RowText {
    RowText::new(target, from)
}

fn of(row: RowText) -> Option<String> {
    let mapping = Mapping::from_rows(RecordKind::Customer, &[row]).unwrap();
    values(RecordKind::Customer, &mapping, &anna)
        .into_values()
        .next()
        .map(|wanted| wanted.value)
}

#[test]
fn rows_are_filled_from_the_record() {
    for (target, from, value) in [
        (
            "name",
            "{firstname|title} {lastname|title}",
            "Anna Maria Kowalska-Nowak",
        ),
        ("name", "{firstname|first_word|upper}", "ANNA"),
        ("prop1", "lastname", "KOWALSKA-NOWAK"),
        ("gsm", "address.phone", "+48600700800"),
        ("prop1", "address.phone", "tel. 600 700-800"),
        ("prop2", "{date_add|date:%d.%m.%Y}", "02.03.2026"),
        ("prop3", "{additional_field.1|date:%Y-%m-%d}", "1990-01-07"),
        ("prop4", "{newsletter|yes_no:TAK/NIE}", "TAK"),
        ("prop5", "{address.city|default:brak}", "brak"),
        ("prop6", "{{{firstname|max:4}}}", "{anna}"),
    ] {
        assert_eq!(of(a_row(target, from)).as_deref(), Some(value), "{from}");
    }
}

#[test]
fn what_is_empty_is_left_alone_or_emptied_as_the_row_says() {
    for from in ["address.city", "lastvisit", "{address.city}, {address.zip_code}"] {
        assert_eq!(of(a_row("prop1", from)), None, "{from}");
        let clears = RowText {
            when_empty: WhenEmpty::Clear,
            ..a_row("prop1", from)
        };
        assert_eq!(of(clears).as_deref(), Some(""), "{from}");
    }
    let stands_in = RowText {
        default: Some("brak".to_owned()),
        ..a_row("prop1", "address.city")
    };
    assert_eq!(of(stands_in).as_deref(), Some("brak"));
}

#[test]
fn a_field_written_only_where_there_is_none_may_hold_anything_but_nothing() {
    let wanted = Wanted {
        value: "Anna".to_owned(),
        if_empty: true,
    };
    assert!(wanted.is_met("Ania") && wanted.is_met("Anna") && !wanted.is_met(" "));
    let wanted = Wanted {
        if_empty: false,
        ..wanted
    };
    assert!(wanted.is_met(" Anna ") && !wanted.is_met("Ania"));
}

#[test]
fn the_customers_word_goes_before_the_subscribers_unless_it_is_empty() {
    let wanted = |value: &str| Wanted {
        value: value.to_owned(),
        if_empty: false,
    };
    let customer = Values::from([(Target::Name, wanted("Anna")), (Target::Prop(1), wanted(""))]);
    let subscriber = Values::from([
        (Target::Name, wanted("A.")),
        (Target::Prop(1), wanted("pl_PL")),
        (Target::Prop(2), wanted("")),
    ]);
    let both = together(customer, subscriber);
    let expected = [
        (Target::Name, wanted("Anna")),
        (Target::Prop(1), wanted("pl_PL")),
        (Target::Prop(2), wanted("")),
    ];
    assert_eq!(both, Values::from(expected));
}

proptest! {
    /// Two implementations that agree on whatever people type are probably both right.
    #[test]
    fn both_implementations_of_the_mapping_agree(
        text in "\\PC{0,24}|[0-9 +()/.-]{0,16}|[a-zA-ZąćęłńóśźżŻ' ’-]{0,16}|[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}( [0-9]{2}:[0-9]{2})?",
        transform in prop::sample::select(vec![
            "trim", "lower", "upper", "title", "phone", "digits", "date:%d.%m.%Y", "yes_no:TAK/NIE", "max:5",
            "first_word", "default:brak",
        ]),
        country in prop::sample::select(vec!["", "PL", "de", "US", "IT", "??"]),
    ) {
        struct Typed { text: String, country: &'static str }
        impl Typed {
            fn field(&self, field: Field) -> Option<String> {
                match field {
                    Field::Firstname => Some(self.text.clone()),
                    Field::Address(AddressField::CountryCode) => Some(self.country.to_owned()),
                    _ => None,
                }
            }
        }
        impl Source for Typed {
            fn read(&self, field: &Field) -> Option<String> {
                self.field(*field)
            }
        }
        let typed = Typed { text, country };
        let rows = [
            a_row("name", "firstname"),
            a_row("gsm", "firstname"),
            RowText { transform: vec![transform.to_owned()], ..a_row("prop1", "firstname") },
            a_row("prop2", &format!("<{{firstname|{transform}}}> {{lastname}}")),
            RowText { when_empty: WhenEmpty::Clear, ..a_row("prop3", "{firstname|phone|default:brak}") },
        ];
        let mapping = Mapping::from_rows(RecordKind::Customer, &rows).unwrap();
        let theirs = mapping.apply(&typed);
        let ours = values(RecordKind::Customer, &mapping, &|field| typed.field(field));
        for row in mapping.rows() {
            prop_assert_eq!(ours.get(&row.target).map(|w| w.value.as_str()), theirs.get(&row.target), "{}", row.target);
        }
    }
}
