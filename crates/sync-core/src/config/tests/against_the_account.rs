//! Configurations compared with what the account and the shop have.

use super::*;

fn catalog() -> Catalog {
    let property = |name: &str, kind| Property {
        name: name.to_owned(),
        label: name.to_owned(),
        kind,
    };
    Catalog {
        groups: Some(vec![(21, "Klienci".into()), (22, "Newsletter".into())]),
        properties: Some(vec![
            Property {
                name: "prop1".into(),
                label: "Imie".into(),
                kind: PropertyKind::Text { max_len: Some(5) },
            },
            property("miasto", PropertyKind::Unknown),
            property(
                "plec",
                PropertyKind::List {
                    values: vec!["K".into(), "M".into()],
                },
            ),
            property("wiek", PropertyKind::Number),
        ]),
        additional_fields: Some(vec![AdditionalField {
            id: 7,
            label: "Urodziny".into(),
        }]),
    }
}

fn checked(more: &str) -> Vec<(Option<usize>, String, What)> {
    parsed(&with(more))
        .check(&catalog())
        .into_iter()
        .map(|f| (f.line, f.path, f.what))
        .collect()
}

#[test]
fn a_configuration_that_fits_the_account_has_no_findings() {
    assert!(checked("[customers.mapping]\ncustom.miasto = \"address.city\"\nprop9 = \"login\"\nprop2 = \"additional_field.7\"\n").is_empty());
    let nothing_known = Catalog::default();
    let config = parsed(&with("[customers.mapping]\ncustom.x = \"additional_field.99\"\n"));
    assert!(
        config.check(&nothing_known).is_empty(),
        "a list that could not be read holds nothing against anyone"
    );
}

#[test]
fn what_the_account_does_not_have_is_told_with_its_line() {
    let text = with("[customers.mapping]\ncustom.misto = \"address.city\"\ncustom.imie = \"firstname\"\nprop2 = \"additional_field.8\"\n")
        .replace("21", "23");
    let findings = parsed(&text).check(&catalog());
    let places: Vec<_> = findings
        .iter()
        .map(|f| (f.line.unwrap(), f.path.as_str(), f.is_error()))
        .collect();
    assert_eq!(
        places,
        [
            (4, "customers.group", true),
            (6, "customers.mapping.custom.misto", true),
            (7, "customers.mapping.custom.imie", true),
            (8, "customers.mapping.prop2", true)
        ]
    );
    let similar = |n: usize| match &findings[n].what {
        What::UnknownProperty { similar, .. } => similar.clone(),
        other => panic!("{other:?}"),
    };
    let groups = vec![(21, "Klienci".to_owned()), (22, "Newsletter".to_owned())];
    assert_eq!(
        findings[0].what,
        What::UnknownGroup {
            group: 23,
            known: groups
        }
    );
    assert_eq!(similar(1), ["custom.miasto"]);
    assert_eq!(similar(2), ["prop1"]);
    assert!(
        matches!(&findings[3].what, What::UnknownAdditionalField { known, .. } if known[..] == [(7, "Urodziny".to_owned())]),
        "{:?}",
        findings[3].what
    );
}

#[test]
fn a_custom_property_is_only_doubted_where_sare_lists_none() {
    let config = parsed(&with("[customers.mapping]\ncustom.miasto = \"address.city\"\n"));
    for properties in [
        vec![],
        vec![Property {
            name: "prop1".into(),
            label: "C1".into(),
            kind: PropertyKind::Unknown,
        }],
    ] {
        let findings = config.check(&Catalog {
            properties: Some(properties),
            ..Catalog::default()
        });
        assert_eq!(
            findings.iter().map(Finding::severity).collect::<Vec<_>>(),
            [Severity::Warning]
        );
    }
}

#[test]
fn fixed_values_must_be_what_the_property_takes() {
    let all = checked(
        "[customers.mapping]\ncustom.plec = { from = \"additional_field.7\", default = \"X\" }\n\
         custom.wiek = { value = \"dużo\" }\nprop1 = { value = \"Shoper\" }\n",
    );
    assert_eq!(
        all.iter().map(|(line, ..)| line.unwrap()).collect::<Vec<_>>(),
        [6, 7, 8]
    );
    assert!(matches!(&all[0].2, What::NotInList { value, .. } if value == "X"));
    assert!(matches!(&all[1].2, What::NotANumber { value } if value == "dużo"));
    assert_eq!(all[2].2, What::TooLong { chars: 6, max: 5 });
    assert!(checked("[customers.mapping]\ncustom.plec = { from = \"newsletter\", transform = [\"yes_no:K/M\"] }\ncustom.wiek = { value = \"18,5\" }\n").is_empty());
    let words = checked("[customers.mapping]\ncustom.plec = \"{newsletter|yes_no:TAK/M}\"\n");
    assert!(matches!(&words[..], [(_, _, What::NotInList { value, .. })] if value == "TAK"));
    let text = checked("[customers.mapping]\ncustom.wiek = \"firstname\"\n");
    assert!(matches!(&text[..], [(_, _, What::TextForNumber { .. })]));
}

#[test]
fn a_section_that_is_switched_off_is_not_held_against_the_account() {
    let config = parsed(&with(
        "[subscribers]\nenabled = false\ngroup = 99\n[subscribers.mapping]\ncustom.x = \"language\"\n",
    ));
    assert!(config.check(&catalog()).is_empty());
    assert_eq!(config.subscribers.group, 99);
}
