//! A first mapping to begin with: rows suggested from the names that people gave their properties.

use super::{Field, Row, RowText};
use crate::RecordKind;
use crate::catalog::{AdditionalField, Property, PropertyKind};
use crate::similar::folded;

/// What a row reads, and words that mean it.
const CUSTOMER_WORDS: &[(&str, &[&str])] = &[
    ("firstname", &["imie", "firstname", "first_name", "fname"]),
    (
        "lastname",
        &["nazwisko", "lastname", "last_name", "surname", "lname"],
    ),
    (
        "{firstname} {lastname}",
        &[
            "imie_i_nazwisko",
            "imienazwisko",
            "imie_nazwisko",
            "fullname",
            "full_name",
        ],
    ),
    (
        "address.phone",
        &[
            "telefon",
            "tel",
            "nr_telefonu",
            "numer_telefonu",
            "telefon_komorkowy",
            "phone",
            "mobile",
            "komorka",
        ],
    ),
    ("address.city", &["miasto", "miejscowosc", "city", "town"]),
    (
        "address.zip_code",
        &[
            "kod",
            "kod_pocztowy",
            "kodpocztowy",
            "zip",
            "zip_code",
            "zipcode",
            "postcode",
            "postal_code",
        ],
    ),
    ("address.street", &["ulica", "adres", "street", "address"]),
    ("address.state", &["wojewodztwo", "region", "state"]),
    ("address.country", &["kraj", "panstwo", "country"]),
    ("address.country_code", &["kod_kraju", "country_code"]),
    (
        "address.company",
        &["firma", "nazwa_firmy", "company", "company_name"],
    ),
    ("address.nip", &["nip", "vat", "vat_id", "tax_id"]),
    ("language", &["jezyk", "language", "lang", "locale"]),
    ("group", &["grupa", "grupa_klientow", "group", "customer_group"]),
    ("tags", &["tagi", "tags"]),
    ("discount", &["rabat", "znizka", "discount"]),
    (
        "loyalty",
        &["punkty", "punkty_lojalnosciowe", "loyalty", "points"],
    ),
    (
        "{date_add|date:%Y-%m-%d}",
        &[
            "data_rejestracji",
            "data_dodania",
            "registration_date",
            "date_add",
        ],
    ),
    (
        "{lastvisit|date:%Y-%m-%d}",
        &["ostatnia_wizyta", "last_visit", "lastvisit"],
    ),
    (
        "user_id",
        &["id_klienta", "numer_klienta", "user_id", "customer_id"],
    ),
];

const SUBSCRIBER_WORDS: &[(&str, &[&str])] = &[
    ("language", &["jezyk", "language", "lang", "locale"]),
    ("groups", &["grupa", "grupy", "group", "groups"]),
    (
        "{dateadd|date:%Y-%m-%d}",
        &["data_zapisu", "data_dodania", "subscription_date", "dateadd"],
    ),
    ("subscriber_id", &["id_subskrybenta", "subscriber_id"]),
];

/// Words that mean a date, for additional fields of the same meaning in other words.
const BIRTHDAY: &[&str] = &[
    "data_urodzenia",
    "urodziny",
    "birthday",
    "birth_date",
    "birthdate",
    "date_of_birth",
];

/// Rows suggested for records of a kind, from the names and kinds of SARE's properties. For customers
/// `name` and `gsm` come first; a property whose meaning is not clear gets no row.
pub fn suggest(kind: RecordKind, properties: &[Property], additional: &[AdditionalField]) -> Vec<Row> {
    let mut texts = Vec::new();
    if kind == RecordKind::Customer {
        texts.push(RowText::new("name", "{firstname} {lastname}"));
        texts.push(RowText::new("gsm", "address.phone"));
    }
    for property in properties {
        let Some(mut text) = source_for(kind, property, additional) else {
            continue;
        };
        text.target = match property.basic() {
            Some(n) => format!("prop{n}"),
            None => format!("custom.{}", property.name),
        };
        texts.push(text);
    }
    let mut rows: Vec<Row> = Vec::new();
    for text in texts {
        if let Ok(row) = Row::parse(kind, &text)
            && rows.iter().all(|known| known.target != row.target)
        {
            rows.push(row);
        }
    }
    rows
}

/// Fields, each with a word that means it.
pub(super) fn also_called(kind: RecordKind) -> impl Iterator<Item = (&'static str, &'static str)> {
    words(kind).iter().flat_map(|(from, words)| {
        let field = from.trim_start_matches('{').split(['|', '}']).next();
        let field = field.filter(|_| !from.contains("} {"));
        words.iter().filter_map(move |word| Some((field?, *word)))
    })
}

fn words(kind: RecordKind) -> &'static [(&'static str, &'static [&'static str])] {
    match kind {
        RecordKind::Customer => CUSTOMER_WORDS,
        RecordKind::Subscriber => SUBSCRIBER_WORDS,
    }
}

fn source_for(kind: RecordKind, property: &Property, additional: &[AdditionalField]) -> Option<RowText> {
    let names = [normal(&property.label), normal(&property.name)];
    for name in &names {
        if let Some((from, _)) = words(kind)
            .iter()
            .find(|(_, words)| words.contains(&name.as_str()))
        {
            return fits(kind, from, property).then(|| {
                let mut text = RowText::new("", from);
                if let PropertyKind::Text { max_len: Some(max) } = property.kind {
                    text.transform = vec![format!("max:{max}")];
                }
                text
            });
        }
    }
    if kind == RecordKind::Subscriber {
        return None;
    }
    let means = |label: &str| {
        let label = normal(label);
        let same = !label.is_empty() && names.contains(&label);
        let both_birthdays =
            BIRTHDAY.contains(&label.as_str()) && names.iter().any(|name| BIRTHDAY.contains(&name.as_str()));
        same || both_birthdays
    };
    let field = additional.iter().find(|field| means(&field.label))?;
    let mut text = RowText::new("", &Field::Additional(field.id).to_string());
    if BIRTHDAY.contains(&normal(&field.label).as_str()) {
        // People type dates in many ways.
        text.transform = vec!["date:%Y-%m-%d".to_owned()];
    }
    Some(text)
}

/// A number property takes a number, a list only what nobody can promise.
fn fits(kind: RecordKind, from: &str, property: &Property) -> bool {
    let nature = Field::parse(kind, from).map(Field::nature);
    match property.kind {
        PropertyKind::Number => nature == Some(super::Nature::Number),
        PropertyKind::List { .. } | PropertyKind::Consent => false,
        PropertyKind::Text { .. } | PropertyKind::Unknown => true,
    }
}

fn normal(text: &str) -> String {
    folded(text)
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_owned()
}
