//! Three people who do not exist, to try a mapping on where the shop has no contacts yet or cannot be asked.

use std::collections::BTreeMap;

use engine::{Labels, Person, SubscriberExtra};
use shoper_api::{FieldValue, User, UserAddress, UserId};
use sync_core::email::Email;
use sync_core::{RecordKey, RecordKind};

use crate::sample::{Sample, Sampled};

/// First name, last name, address, consent, phone.
type Somebody = (&'static str, &'static str, &'static str, bool, &'static str);

const PEOPLE: [Somebody; 3] = [
    (
        "Anna",
        "Przykładowa",
        "anna@przyklad.example",
        true,
        "600 700 800",
    ),
    ("JAN", "przykładowy", "jan@przyklad.example", false, ""),
    (
        "Maria",
        "Wzór-Nowak",
        "maria@przyklad.example",
        true,
        "+48 22 123 45 67",
    ),
];

const POLISH: i64 = 1;
const GROUP: i64 = 1;

/// The three of them, as customers or as subscribers.
pub fn sample(kind: RecordKind) -> Sample {
    let people = (1..).zip(PEOPLE).map(|(id, somebody)| match kind {
        RecordKind::Customer => customer(id, somebody, Vec::new()),
        RecordKind::Subscriber => subscriber(id, somebody),
    });
    let names = |name: &str| BTreeMap::from([(GROUP, name.to_owned())]);
    let labels = Labels {
        user_groups: names("Stali klienci"),
        subscriber_groups: names("Newsletter"),
        languages: BTreeMap::from([(POLISH, "pl_PL".to_owned())]),
        options: BTreeMap::new(),
        user_tags: BTreeMap::new(),
    };
    Sample::fictional(kind, people.collect(), labels)
}

fn customer(id: i64, (first, last, email, consent, phone): Somebody, additional: Vec<FieldValue>) -> Sampled {
    let user = User {
        id: UserId(id),
        login: String::new(),
        email: email.to_owned(),
        firstname: first.to_owned(),
        lastname: last.to_owned(),
        active: Some(true),
        registered: Some(consent),
        verify_email: Some(true),
        newsletter: Some(consent),
        date_add: Some("2025-03-14 10:20:00".to_owned()),
        lastvisit: consent.then(|| "2025-06-01 18:05:00".to_owned()),
        origin: Some(0),
        group_id: Some(GROUP),
        groups: Some(vec![GROUP]),
        lang_id: Some(POLISH),
        discount: Some("5.00".to_owned()),
        comment: String::new(),
        tags: Some(vec!["VIP".to_owned()]),
        additional_fields: Some(additional),
        loyalty_sum: Some("120".to_owned()),
        unreadable: Vec::new(),
    };
    let address = UserAddress {
        id,
        user_id: UserId(id),
        address_name: "Dom".to_owned(),
        company_name: String::new(),
        tax_identification_number: String::new(),
        pesel: String::new(),
        firstname: first.to_owned(),
        lastname: last.to_owned(),
        street_1: "Przykładowa 1".to_owned(),
        street_2: String::new(),
        city: "Kraków".to_owned(),
        zip_code: "30-001".to_owned(),
        state: "małopolskie".to_owned(),
        country: "Polska".to_owned(),
        country_code: "PL".to_owned(),
        phone: phone.to_owned(),
        default: Some(true),
        shipping_default: Some(true),
        unreadable: Vec::new(),
    };
    sampled(
        RecordKey::customer(id),
        email,
        consent,
        Person::customer(user, Some(vec![address])),
    )
}

/// As many of the three customers as there are values for an additional field of theirs.
#[cfg(test)]
pub(crate) fn customers_with(field_id: i64, values: &[&str]) -> Sample {
    let people = (1..).zip(PEOPLE).zip(values).map(|((id, somebody), value)| {
        let value = FieldValue {
            field_id,
            kind: shoper_api::FieldKind::Text,
            locate: 0,
            value: (*value).to_owned(),
        };
        customer(id, somebody, vec![value])
    });
    Sample::fictional(RecordKind::Customer, people.collect(), Labels::default())
}

fn subscriber(id: i64, (_, _, email, consent, _): Somebody) -> Sampled {
    let extra = SubscriberExtra {
        lang_id: Some(POLISH),
        groups: Some(vec![GROUP]),
        dateadd: Some("2025-03-14 10:20:00".to_owned()),
        ipaddress: Some("192.0.2.7".to_owned()),
    };
    let person = Person::subscriber(id, email, Some(consent), extra);
    sampled(RecordKey::subscriber(id), email, consent, person)
}

fn sampled(key: RecordKey, email: &str, consent: bool, person: Person) -> Sampled {
    Sampled {
        key,
        email: Email::parse(email).expect("an address of our own making is one"),
        consent: Some(consent),
        person,
    }
}
