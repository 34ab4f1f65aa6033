//! Which suggested rows are worth it for the contacts that a shop has: those that somebody fills, and no date as people
//! typed it.

use sync_core::mapping::{Field, Mapping, Row, Transform, Value};

use crate::preview::is_lost;
use crate::sample::Sample;

/// The one form in which suggestions write dates.
const ISO: &str = "%Y-%m-%d";

/// The suggested rows that the contacts of a sample fill. A shop's own field that holds dates is read as dates, and is
/// left out when one of its values is none. A sample without anybody tells nothing: the rows stay as they are, but for
/// the shop's own fields, of which nobody knows what people typed.
///
/// Pure.
pub fn worth_suggesting(rows: &[Row], sample: &Sample) -> Vec<Row> {
    rows.iter().filter_map(|row| worth(row, sample)).collect()
}

fn worth(row: &Row, sample: &Sample) -> Option<Row> {
    let is_own = matches!(row.value, Value::Field(Field::Additional(_)));
    if sample.people.is_empty() {
        return (!is_own).then(|| row.clone());
    }
    let filled = filled(row, sample);
    if filled == 0 {
        return None;
    }
    if !is_own {
        return Some(row.clone());
    }
    let is_date = |transform: &Transform| matches!(transform, Transform::Date(_));
    let mut dated = row.clone();
    if !row.transforms.iter().any(is_date) {
        dated.transforms.insert(0, Transform::Date(ISO.to_owned()));
        if self::filled(&dated, sample) == 0 {
            return Some(row.clone());
        }
    }
    let is_all = !sample.people.iter().any(|person| is_lost(&dated, sample, person));
    is_all.then_some(dated)
}

/// Contacts of the sample that give the row a value.
fn filled(row: &Row, sample: &Sample) -> usize {
    let mut alone = Mapping::default();
    if alone.push(row.clone()).is_err() {
        return 0;
    }
    let gives = |person: &&std::sync::Arc<crate::sample::Sampled>| {
        let traits = alone.apply(&sample.reader(person));
        traits
            .get(&row.target)
            .is_some_and(|value| !value.trim().is_empty())
    };
    sample.people.iter().filter(gives).count()
}

#[cfg(test)]
mod tests {
    use sync_core::RecordKind;
    use sync_core::config::{AdditionalField, Property, PropertyKind};

    use super::*;
    use crate::fictional;

    const FIELD: i64 = 4;

    /// What is suggested, as `field ← data`, for customers who typed these into a field of the shop's own.
    fn suggested(label: &str, typed: &[&str]) -> Vec<String> {
        let property = |name: &str| Property {
            name: name.to_owned(),
            label: name.to_owned(),
            kind: PropertyKind::Unknown,
        };
        let properties = ["miasto", "firma", "urodziny", "rocznica"].map(property);
        let own = AdditionalField {
            id: FIELD,
            label: label.to_owned(),
        };
        let rows = sync_core::mapping::suggest(RecordKind::Customer, &properties, &[own]);
        let sample = fictional::customers_with(FIELD, typed);
        let row = |row: &Row| {
            let text = row.text();
            let from = text.from.unwrap_or_default();
            format!("{} ← {from} {}", text.target, text.transform.join(" "))
        };
        worth_suggesting(&rows, &sample).iter().map(row).collect()
    }

    #[test]
    fn a_field_that_nobody_fills_is_not_suggested() {
        // Nobody of them has a company, and nobody typed a date.
        let expected = [
            "name ← {firstname} {lastname} ",
            "gsm ← address.phone ",
            "custom.miasto ← address.city ",
        ];
        assert_eq!(suggested("Urodziny", &["", "", ""]), expected);
    }

    #[test]
    fn dates_are_suggested_as_dates_and_never_as_people_typed_them() {
        for (label, target) in [("Data urodzenia", "urodziny"), ("Rocznica", "rocznica")] {
            let own = |typed: &[&str]| {
                suggested(label, typed)
                    .into_iter()
                    .find(|row| row.contains(target))
            };
            let dated = format!("custom.{target} ← additional_field.4 date:%Y-%m-%d");
            assert_eq!(own(&["1990-03-14", "14.03.1990", ""]), Some(dated));
            assert_eq!(own(&["1990-03-14", "wiosną", ""]), None);
        }
        assert_eq!(suggested("Data urodzenia", &["3 maja", "", ""]).len(), 3);
        let plain = suggested("Rocznica", &["srebrna", "", ""]);
        let expected = "custom.rocznica ← additional_field.4 ";
        assert_eq!(
            plain.last().map(String::as_str),
            Some(expected),
            "no dates at all"
        );
    }

    #[test]
    fn without_anybody_to_look_at_no_field_of_the_shops_own_is_suggested() {
        assert_eq!(
            suggested("Urodziny", &[]).len(),
            4,
            "name, phone, city and company"
        );
    }
}
