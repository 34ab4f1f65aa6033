//! What holds for every value.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_text_makes_a_transform_fall_over(text in ".{0,40}", country in "[A-Za-z]{0,3}") {
        for (_, example) in Transform::examples() {
            Transform::parse(example).unwrap().apply(&text, &|| Some(country.clone()));
        }
    }

    #[test]
    fn whatever_is_a_phone_has_the_form_that_sare_takes(text in "[+0-9 ().-]{0,20}", country in "PL|DE|US|GB|") {
        let phone = Transform::Phone.apply(&text, &|| Some(country.clone()));
        let taken = phone.strip_prefix('+').is_some_and(|d| d.len() >= 5 && d.bytes().all(|b| b.is_ascii_digit()));
        prop_assert!(phone.is_empty() || taken, "{phone}");
        let again = Transform::Phone.apply(&phone, &|| None);
        prop_assert_eq!(again, phone);
    }

    #[test]
    fn whatever_a_date_becomes_was_in_it(year in 1i16..=9999, month in 1i8..=12, day in 1i8..=28) {
        let iso = Transform::Date("%Y-%m-%d".into());
        let expected = format!("{year:04}-{month:02}-{day:02}");
        for text in [expected.clone(), format!("{day}.{month}.{year:04}"), format!("{day:02}-{month:02}-{year:04} 10:00")] {
            prop_assert_eq!(iso.apply(&text, &|| None), expected.clone());
        }
    }

    #[test]
    fn any_text_is_a_template_or_is_explained(text in "[a-z{}|: ]{0,30}|\\{firstname\\|[a-z_:]{0,8}\\}") {
        match Template::parse(RecordKind::Customer, &text) {
            Ok(template) => prop_assert_eq!(Template::parse(RecordKind::Customer, &template.to_string()), Ok(template)),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn different_traits_have_different_fingerprints(
        a in traits(), b in traits(), groups in prop::collection::vec(0i64..4, 0..3), others in prop::collection::vec(0i64..4, 0..3),
    ) {
        let sets = |groups: &[i64]| groups.iter().copied().collect::<std::collections::BTreeSet<_>>();
        let same = a == b && sets(&groups) == sets(&others);
        prop_assert_eq!(a.fingerprint(&groups) == b.fingerprint(&others), same);
    }

    #[test]
    fn merging_loses_no_value(a in traits(), b in traits()) {
        let merged = Traits::merge(a.clone(), b.clone());
        for target in a.targets().into_iter().chain(b.targets()) {
            let expected = [a.get(&target), b.get(&target)].into_iter().flatten().find(|v| !v.is_empty()).unwrap_or("");
            prop_assert_eq!(merged.get(&target), Some(expected));
        }
        prop_assert_eq!(Traits::merge(merged.clone(), b), merged.clone());
        prop_assert!(merged.if_empty.iter().all(|target| merged.get(target).is_some()));
    }
}

prop_compose! {
    fn traits()(values in prop::collection::vec((0usize..6, "[ab]{0,2}", any::<bool>()), 0..5)) -> Traits {
        let targets = [
            Target::Name, Target::Gsm, Target::Comment, Target::Prop(1), Target::Custom("a".into()), Target::Custom("ab".into()),
        ];
        let mut traits = Traits::default();
        for (n, value, if_empty) in values {
            traits.set(&targets[n], value);
            if if_empty {
                traits.if_empty.insert(targets[n].clone());
            }
        }
        traits
    }
}
