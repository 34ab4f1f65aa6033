//! What a mapping makes of a sample: the values SARE would get, how many contacts fill each row, and what will not fit.
//!
//! Pure. The values come from the very function that the engine sends by (`Mapping::apply`).

use sync_core::RecordKind;
use sync_core::config::{Property, PropertyKind};
use sync_core::mapping::{
    AddressField, Field, Mapping, Nature, Overwrite, Row, Source, Target, Traits, Transform, Value, fields,
};

use crate::sample::{InSare, LOOKED_UP, Sample, Sampled, reads};

/// What a mapping makes of a sample.
pub struct Preview {
    /// Contacts of the sample.
    pub of: usize,
    /// For each row of the mapping, in its order.
    pub rows: Vec<RowPreview>,
    /// Fields of the shop that hold data and fill nothing: how many contacts have them.
    pub unmapped: Vec<(Field, usize)>,
}

/// What becomes of one row.
pub struct RowPreview {
    /// The values for the contacts shown.
    pub values: Vec<Cell>,
    /// Contacts of the sample that fill the row.
    pub filled: usize,
    /// What will not fit.
    pub misfits: Vec<Misfit>,
    /// What would be written over.
    pub overwritten: Overwritten,
}

/// What SARE would get for one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// This value.
    Value(String),
    /// Its value is emptied.
    Emptied,
    /// It keeps what it has.
    Kept,
}

/// Values of a sample that will not fit; `example` is one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// Not numbers of a phone.
    NotPhones(usize),
    /// Not dates.
    NotDates(usize),
    /// Neither yes nor no.
    NotFlags(usize),
    /// Longer than the property takes.
    TooLong {
        /// How many.
        n: usize,
        /// Characters that fit.
        max: usize,
    },
    /// Not among the values of a list.
    NotInList {
        /// How many.
        n: usize,
        /// One of them.
        example: String,
    },
    /// Not numbers.
    NotNumbers {
        /// How many.
        n: usize,
        /// One of them.
        example: String,
    },
}

/// Values of SARE that a row would write over, among the contacts that were looked up there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overwritten {
    /// How many.
    pub n: usize,
    /// Contacts looked up.
    pub of: usize,
    /// One of them: what SARE has, and what it would get.
    pub example: Option<(String, String)>,
}

/// Applies a mapping to a sample, for the contacts at `shown`.
pub fn preview(
    mapping: &Mapping,
    sample: &Sample,
    shown: &[usize],
    properties: Option<&[Property]>,
    additional: &[i64],
) -> Preview {
    let traits: Vec<Traits> = sample
        .people
        .iter()
        .map(|person| mapping.apply(&sample.reader(person)))
        .collect();
    let row = |row: &Row| {
        let of_target = |traits: &Traits| cell(traits, &row.target);
        RowPreview {
            values: shown
                .iter()
                .filter_map(|at| traits.get(*at))
                .map(of_target)
                .collect(),
            filled: traits
                .iter()
                .filter(|traits| matches!(cell(traits, &row.target), Cell::Value(_)))
                .count(),
            misfits: misfits(row, sample, &traits, properties),
            overwritten: overwritten(row, sample, &traits),
        }
    };
    Preview {
        of: sample.people.len(),
        rows: mapping.rows().iter().map(row).collect(),
        unmapped: unmapped(mapping, sample, additional),
    }
}

fn cell(traits: &Traits, target: &Target) -> Cell {
    match traits.get(target) {
        None => Cell::Kept,
        Some("") => Cell::Emptied,
        Some(value) => Cell::Value(value.to_owned()),
    }
}

fn misfits(row: &Row, sample: &Sample, traits: &[Traits], properties: Option<&[Property]>) -> Vec<Misfit> {
    let mut out = Vec::new();
    let lost = sample
        .people
        .iter()
        .filter(|person| is_lost(row, sample, person))
        .count();
    if lost > 0 {
        out.extend(match losing(row) {
            Some(Transform::Date(_)) => Some(Misfit::NotDates(lost)),
            Some(Transform::YesNo { .. }) => Some(Misfit::NotFlags(lost)),
            Some(Transform::Phone) => Some(Misfit::NotPhones(lost)),
            None if row.target == Target::Gsm => Some(Misfit::NotPhones(lost)),
            _ => None,
        });
    }
    let values = || {
        traits
            .iter()
            .filter_map(|traits| traits.get(&row.target))
            .filter(|value| !value.is_empty())
    };
    match properties
        .and_then(|all| property(&row.target, all))
        .map(|p| &p.kind)
    {
        Some(PropertyKind::Text { max_len: Some(max) }) => {
            let n = values().filter(|value| value.chars().count() > *max).count();
            out.extend((n > 0).then_some(Misfit::TooLong { n, max: *max }));
        }
        Some(PropertyKind::List { values: allowed }) if !allowed.is_empty() => {
            let mut odd = values().filter(|value| !allowed.iter().any(|one| one == value));
            out.extend(odd.next().map(|first| Misfit::NotInList {
                n: 1 + odd.count(),
                example: first.to_owned(),
            }));
        }
        Some(PropertyKind::Number) => {
            let mut odd = values().filter(|value| value.replace(',', ".").parse::<f64>().is_err());
            out.extend(odd.next().map(|first| Misfit::NotNumbers {
                n: 1 + odd.count(),
                example: first.to_owned(),
            }));
        }
        _ => {}
    }
    out
}

/// Whether the record has something to say and nothing of it is left at the end of the row.
pub(crate) fn is_lost(row: &Row, sample: &Sample, person: &Sampled) -> bool {
    let reader = sample.reader(person);
    if !row.fields().iter().any(|field| reads(&reader, field)) {
        return false;
    }
    let bare = Row {
        default: None,
        ..row.clone()
    };
    let mut alone = Mapping::default();
    if alone.push(bare).is_err() {
        return false;
    }
    alone
        .apply(&reader)
        .get(&row.target)
        .unwrap_or_default()
        .is_empty()
}

/// The transform by which a value can be lost.
fn losing(row: &Row) -> Option<&Transform> {
    let inner: Vec<&Transform> = match &row.value {
        Value::Template(template) => template.transforms().collect(),
        Value::Field(_) | Value::Constant(_) => Vec::new(),
    };
    inner.into_iter().chain(&row.transforms).find(|transform| {
        matches!(
            transform,
            Transform::Phone | Transform::Date(_) | Transform::YesNo { .. }
        )
    })
}

/// The property that a target fills.
pub fn property<'p>(target: &Target, properties: &'p [Property]) -> Option<&'p Property> {
    properties.iter().find(|property| match target {
        Target::Prop(n) => property.basic() == Some(*n),
        Target::Custom(name) => property.basic().is_none() && property.name == *name,
        Target::Name | Target::Gsm | Target::Comment => false,
    })
}

fn overwritten(row: &Row, sample: &Sample, traits: &[Traits]) -> Overwritten {
    let mut out = Overwritten::default();
    for (at, traits) in traits.iter().enumerate().take(LOOKED_UP) {
        let Some(InSare::There(record)) = sample.in_sare(at) else {
            continue;
        };
        out.of += 1;
        let theirs = engine::value_in(record, &row.target).trim();
        let Some(ours) = traits.get(&row.target) else {
            continue;
        };
        if row.overwrite == Overwrite::Always && !theirs.is_empty() && theirs != ours {
            out.n += 1;
            out.example
                .get_or_insert_with(|| (theirs.to_owned(), ours.to_owned()));
        }
    }
    out
}

/// Fields that hold data for somebody and fill nothing, the fullest first. What every record has by itself (numbers,
/// flags, the address) and what another field says already is left out.
fn unmapped(mapping: &Mapping, sample: &Sample, additional: &[i64]) -> Vec<(Field, usize)> {
    let used: Vec<Field> = mapping.rows().iter().flat_map(Row::fields).collect();
    let known = fields(sample.kind)
        .iter()
        .filter(|info| info.nature != Nature::Flag)
        .map(|info| info.field)
        // Of a customer, the one group says enough.
        .filter(|field| sample.kind == RecordKind::Subscriber || *field != Field::Groups)
        .filter(|field| is_worth_naming(*field, &used));
    let additional = additional
        .iter()
        .filter(|_| sample.kind == RecordKind::Customer)
        .map(|id| Field::Additional(*id));
    let mut out: Vec<(Field, usize)> = known
        .chain(additional)
        .filter(|field| !used.contains(field))
        .map(|field| {
            let has = |person: &&std::sync::Arc<Sampled>| {
                let value = sample.reader(person).read(&field).unwrap_or_default();
                reads(&sample.reader(person), &field) && !is_nought(field, &value)
            };
            (field, sample.people.iter().filter(has).count())
        })
        .filter(|(_, n)| *n > 0)
        .collect();
    out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    out
}

/// `0` and `0.00` are no discount and no points.
fn is_nought(field: Field, value: &str) -> bool {
    field.nature() == Nature::Number && value.trim().parse::<f64>().is_ok_and(|n| n == 0.0)
}

fn is_worth_naming(field: Field, used: &[Field]) -> bool {
    use AddressField::{CountryCode, Firstname, Lastname, Name, Street, Street1, Street2};
    let uses = |other: Field| used.contains(&other);
    match field {
        Field::Email | Field::UserId | Field::SubscriberId | Field::Login | Field::Origin => false,
        Field::Address(Firstname | Lastname | Name | CountryCode) => false,
        Field::Address(Street) => !uses(Field::Address(Street1)),
        Field::Address(Street1 | Street2) => false,
        Field::Group => !uses(Field::Groups),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use sync_core::mapping::RowText;

    use super::*;
    use crate::fictional;

    fn mapping(rows: &[(&str, &str, &[&str])]) -> Mapping {
        let texts: Vec<RowText> = rows
            .iter()
            .map(|(target, from, transforms)| RowText {
                transform: transforms.iter().map(|t| (*t).to_owned()).collect(),
                ..RowText::new(target, from)
            })
            .collect();
        Mapping::from_rows(RecordKind::Customer, &texts).unwrap()
    }

    fn property(name: &str, kind: PropertyKind) -> Property {
        Property {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
        }
    }

    #[test]
    fn values_are_what_the_mapping_gives() {
        let sample = fictional::sample(RecordKind::Customer);
        let mapping = mapping(&[
            ("name", "{firstname} {lastname}", &["title"]),
            ("gsm", "address.phone", &[]),
        ]);
        let seen = preview(&mapping, &sample, &[0, 1, 2], None, &[]);
        let value = |text: &str| Cell::Value(text.to_owned());
        assert_eq!(
            seen.rows[0].values,
            [
                value("Anna Przykładowa"),
                value("Jan Przykładowy"),
                value("Maria Wzór-Nowak")
            ]
        );
        assert_eq!(
            seen.rows[1].values,
            [value("+48600700800"), Cell::Kept, value("+48221234567")]
        );
        assert_eq!((seen.of, seen.rows[1].filled), (3, 2));
    }

    #[test]
    fn what_will_not_fit_is_counted() {
        let sample = fictional::sample(RecordKind::Customer);
        let mapping = mapping(&[
            ("gsm", "firstname", &[]),
            ("prop1", "lastname", &[]),
            ("prop2", "lastname", &[]),
            ("prop3", "lastname", &[]),
            ("prop4", "lastname", &["date:%Y"]),
            ("prop5", "tags", &["yes_no:TAK/NIE"]),
        ]);
        let properties = [
            property("prop1", PropertyKind::Text { max_len: Some(10) }),
            property("prop2", PropertyKind::Number),
            property(
                "prop3",
                PropertyKind::List {
                    values: vec!["Przykładowa".to_owned()],
                },
            ),
        ];
        let seen = preview(&mapping, &sample, &[0], Some(&properties), &[]);
        let misfits: Vec<&[Misfit]> = seen.rows.iter().map(|row| &row.misfits[..]).collect();
        let example = "przykładowy".to_owned();
        assert_eq!(
            misfits,
            [
                &[Misfit::NotPhones(3)][..],
                &[Misfit::TooLong { n: 2, max: 10 }],
                &[Misfit::NotNumbers {
                    n: 3,
                    example: "Przykładowa".to_owned()
                }],
                &[Misfit::NotInList { n: 2, example }],
                &[Misfit::NotDates(3)],
                &[Misfit::NotFlags(3)],
            ]
        );
    }

    #[test]
    fn an_empty_field_is_no_misfit() {
        let sample = fictional::sample(RecordKind::Customer);
        let seen = preview(
            &mapping(&[("gsm", "address.phone", &[])]),
            &sample,
            &[0],
            None,
            &[],
        );
        assert!(seen.rows[0].misfits.is_empty());
    }

    #[test]
    fn fields_with_data_that_fill_nothing_are_named() {
        let sample = fictional::sample(RecordKind::Customer);
        let mapping = mapping(&[("prop1", "address.city", &[]), ("prop2", "group", &[])]);
        let named: Vec<String> = preview(&mapping, &sample, &[0], None, &[7])
            .unmapped
            .iter()
            .map(|(field, _)| field.to_string())
            .collect();
        assert!(named.contains(&"address.phone".to_owned()) && named.contains(&"lastname".to_owned()));
        for absent in [
            "address.city",
            "groups",
            "email",
            "address.company",
            "additional_field.7",
        ] {
            assert!(!named.contains(&absent.to_owned()), "{absent}");
        }
    }
}
