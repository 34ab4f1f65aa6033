//! One record as the mapping reads it: the shop's wire types behind `sync-core`'s field names.
//!
//! A person's values live here, in memory, and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shoper_api::users::FieldValue;
use shoper_api::{Subscriber, User, UserAddress};
use store::Record;
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::mapping::{AddressField, Field, Source, Target, Traits};

use crate::state::Labels;

/// What rebuilds a subscriber's row without asking the shop. What is kept of it is nothing personal: language, groups,
/// date.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscriberExtra {
    /// Language of the mailing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang_id: Option<i64>,
    /// Groups of subscribers; `None` where the shop never said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<i64>>,
    /// When the row was made, as the shop writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dateadd: Option<String>,
    /// From where the person signed up; never kept, so known only of a row read just now.
    #[serde(skip)]
    pub ipaddress: Option<String>,
}

/// Without what is personal.
impl std::fmt::Debug for SubscriberExtra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubscriberExtra")
            .field("lang_id", &self.lang_id)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl SubscriberExtra {
    /// What there is of it in the shop's row.
    pub fn of(row: &Subscriber) -> Self {
        Self {
            lang_id: row.lang_id,
            groups: row.groups.clone(),
            dateadd: row.dateadd.clone(),
            ipaddress: row.ipaddress.clone(),
        }
    }

    /// The same, with what the shop did not say now as it had said it before.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            lang_id: self.lang_id.or(before.lang_id),
            groups: self.groups.or(before.groups),
            dateadd: self.dateadd.or(before.dateadd),
            ipaddress: self.ipaddress.or(before.ipaddress),
        }
    }

    /// What the ledger keeps of it.
    pub fn of_record(record: &Record) -> Self {
        let text = record.extra.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// The text kept in the ledger.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("plain data")
    }
}

/// What counts of a customer's address book.
pub enum Book {
    /// The entry that counts; many guests have none.
    Read(Option<Box<UserAddress>>),
    /// It could not be read: fields mapped from it keep what SARE has.
    Unknown,
}

/// A record's values.
pub enum Person {
    /// A customer and what counts of the address book.
    Customer(Box<(User, Book)>),
    /// A subscriber.
    Subscriber {
        /// The row's id.
        id: i64,
        /// The address as the shop writes it.
        email: String,
        /// Whether the subscription is active; `None` where the shop does not say.
        active: Option<bool>,
        /// The rest.
        extra: SubscriberExtra,
    },
}

impl Person {
    /// A customer; of several addresses the billing default counts, else the oldest. `None`: they could not be read.
    pub fn customer(user: User, addresses: Option<Vec<UserAddress>>) -> Self {
        let best = |addresses: Vec<UserAddress>| {
            addresses
                .into_iter()
                .min_by_key(|address| (address.default != Some(true), address.id))
        };
        let book = addresses.map_or(Book::Unknown, |addresses| {
            Book::Read(best(addresses).map(Box::new))
        });
        Self::Customer(Box::new((user, book)))
    }

    /// Whether all is known that its addresses say.
    pub fn has_addresses(&self) -> bool {
        !matches!(self, Self::Customer(both) if matches!(both.1, Book::Unknown))
    }

    pub fn subscriber(id: i64, email: &str, active: Option<bool>, extra: SubscriberExtra) -> Self {
        Self::Subscriber {
            id,
            email: email.to_owned(),
            active,
            extra,
        }
    }

    /// A subscriber as the ledger knows the record.
    pub fn from_extra(record: &Record, email: &str) -> Self {
        let extra = SubscriberExtra::of_record(record);
        Self::subscriber(record.key.id, email, record.consent, extra)
    }

    /// The address as the record spells it.
    pub fn email(&self) -> &str {
        match self {
            Self::Customer(both) => both.0.email.trim(),
            Self::Subscriber { email, .. } => email,
        }
    }

    /// Whether a customer has an account, where the shop says so.
    pub fn has_account(&self) -> Option<bool> {
        match self {
            Self::Customer(both) => both.0.registered,
            Self::Subscriber { .. } => None,
        }
    }

    /// A subscriber's groups: sent back with every update, since an update without them may clear them. `None` where they
    /// were not said: an update that names none would clear them for certain.
    pub fn subscriber_groups(&self) -> Option<&[i64]> {
        match self {
            Self::Subscriber { extra, .. } => extra.groups.as_deref(),
            Self::Customer(_) => None,
        }
    }
}

/// Reads a person's fields, numbers put into words by the shop's own labels.
pub struct Reader<'a> {
    person: &'a Person,
    labels: &'a Labels,
    spelling: Option<&'a str>,
}

impl<'a> Reader<'a> {
    /// A reader of `person`.
    pub fn new(person: &'a Person, labels: &'a Labels) -> Self {
        Self {
            person,
            labels,
            spelling: None,
        }
    }

    fn customer(&self, user: &User, book: &Book, field: &Field) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match field {
            Field::Email => text(&user.email),
            Field::Firstname => text(&user.firstname),
            Field::Lastname => text(&user.lastname),
            Field::Login => text(&user.login),
            Field::Comment => text(&user.comment),
            Field::DateAdd => user.date_add.clone(),
            Field::Lastvisit => user.lastvisit.clone(),
            Field::Origin => user.origin.map(|n| n.to_string()),
            Field::Registered => user.registered.map(flag),
            Field::Active => user.active.map(flag),
            Field::Newsletter => user.newsletter.map(flag),
            Field::Discount => user.discount.clone(),
            Field::Language => name(&self.labels.languages, user.lang_id),
            Field::Group => name(&self.labels.user_groups, user.group_id),
            Field::Groups => {
                let mut groups = user.groups.clone().unwrap_or_default();
                groups.extend(user.group_id.filter(|id| !groups.contains(id)));
                names(&self.labels.user_groups, &groups)
            }
            Field::Tags => user.tags.as_ref().map(|tags| self.tags(tags)),
            Field::Loyalty => user.loyalty_sum.clone(),
            Field::UserId => Some(user.id.0.to_string()),
            Field::Address(part) => match book {
                Book::Read(address) => address.as_ref().map(|address| address_part(address, *part)),
                Book::Unknown => None,
            },
            Field::Additional(id) => user
                .additional_fields
                .iter()
                .flatten()
                .find(|value| value.field_id == *id)
                .map(|value| self.option(value)),
            Field::SubscriberId | Field::Dateadd | Field::Ipaddress => None,
        }
    }

    /// Tags come as ids or as names (shoper-api.md I). A number that is no tag's is a name, where the shop's tags are
    /// known; otherwise it says nothing to anybody.
    fn tags(&self, tags: &[String]) -> String {
        let known = &self.labels.user_tags;
        let name = |tag: &String| match tag.trim().parse::<i64>() {
            Ok(id) => known.get(&id).or((!known.is_empty()).then_some(tag)).cloned(),
            Err(_) => Some(tag.clone()),
        };
        tags.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    }

    /// A select's value may be the number of an option or its text (shoper-api.md E.6).
    fn option(&self, value: &FieldValue) -> String {
        let options = self.labels.options.get(&value.field_id);
        options
            .and_then(|options| options.get(&value.value))
            .unwrap_or(&value.value)
            .clone()
    }

    fn subscriber(
        &self,
        id: i64,
        email: &str,
        active: Option<bool>,
        extra: &SubscriberExtra,
        field: &Field,
    ) -> Option<String> {
        match field {
            Field::Email => Some(email.to_owned()),
            Field::Active => active.map(flag),
            Field::Dateadd => extra.dateadd.clone(),
            Field::Language => name(&self.labels.languages, extra.lang_id),
            Field::Groups => names(
                &self.labels.subscriber_groups,
                extra.groups.as_deref().unwrap_or_default(),
            ),
            Field::SubscriberId => Some(id.to_string()),
            Field::Ipaddress => extra.ipaddress.clone(),
            _ => None,
        }
    }
}

impl Source for Reader<'_> {
    fn read(&self, field: &Field) -> Option<String> {
        match self.person {
            Person::Customer(both) => self.customer(&both.0, &both.1, field),
            Person::Subscriber {
                id,
                email,
                active,
                extra,
            } => self.subscriber(*id, self.spelling.unwrap_or(email), *active, extra, field),
        }
    }

    fn is_silent(&self, field: &Field) -> bool {
        match (self.person, field) {
            (Person::Customer(both), field) => {
                let user = &both.0;
                match field {
                    Field::Registered => user.registered.is_none(),
                    Field::Active => user.active.is_none(),
                    Field::Newsletter => user.newsletter.is_none(),
                    Field::Groups => user.groups.is_none(),
                    Field::Tags => user.tags.is_none(),
                    Field::Additional(_) => user.additional_fields.is_none(),
                    Field::Address(_) => matches!(both.1, Book::Unknown),
                    _ => false,
                }
            }
            (Person::Subscriber { active, .. }, Field::Active) => active.is_none(),
            (Person::Subscriber { extra, .. }, Field::Groups) => extra.groups.is_none(),
            (Person::Subscriber { .. }, _) => false,
        }
    }
}

/// What the mapping makes of a contact's records, the customer's values first; a kind that is switched off says nothing.
///
/// The two records may spell the address differently. The customer's spelling counts for both: what SARE is told must not
/// depend on which of them was read last.
pub fn traits(
    config: &Config,
    labels: &Labels,
    customer: Option<&Person>,
    subscriber: Option<&Person>,
) -> Traits {
    let customer = customer.filter(|_| config.customers.enabled);
    let subscriber = subscriber.filter(|_| config.subscribers.enabled);
    let spelling = customer.map(Person::email);
    let (mut of_customer, mut of_subscriber) = (None, None);
    let (mut unsaid, mut unsaid_by_row) = (Vec::new(), Vec::new());
    if let Some(person) = customer {
        let reader = Reader::new(person, labels);
        unsaid = config.customers.mapping.silent(&reader);
        of_customer = Some(config.customers.mapping.apply(&reader));
    }
    if let Some(person) = subscriber {
        let mut reader = Reader::new(person, labels);
        reader.spelling = spelling;
        unsaid_by_row = config.subscribers.mapping.silent(&reader);
        of_subscriber = Some(config.subscribers.mapping.apply(&reader));
    }
    let mut traits = Traits::together(of_customer, of_subscriber);
    // What one record does not say is not to be replaced by what the other one holds, nor emptied for want of it.
    unsaid_by_row.retain(|target| traits.get(target).is_none_or(str::is_empty));
    for target in unsaid.iter().chain(&unsaid_by_row) {
        traits.unset(target);
    }
    traits
}

/// What the mapping of one kind fills from members of a row that could not be read: SARE keeps what it has there.
pub fn out_of_reach<'c>(
    config: &'c Config,
    kind: RecordKind,
    unreadable: &'c [String],
) -> impl Iterator<Item = &'c Target> {
    let mapping = match kind {
        RecordKind::Customer => &config.customers.mapping,
        RecordKind::Subscriber => &config.subscribers.mapping,
    };
    let rows = mapping.rows().iter().filter(|_| !unreadable.is_empty());
    rows.filter(|row| {
        let mut members = row.fields().into_iter().flat_map(members);
        members.any(|member| unreadable.iter().any(|name| name == member))
    })
    .map(|row| &row.target)
}

/// The members of the shop's row that a field is read from (shoper-api.md E.1, E.5).
fn members(field: Field) -> &'static [&'static str] {
    match field {
        Field::Email => &["email"],
        Field::Firstname => &["firstname"],
        Field::Lastname => &["lastname"],
        Field::Login => &["login"],
        Field::Comment => &["comment"],
        Field::DateAdd => &["date_add"],
        Field::Lastvisit => &["lastvisit"],
        Field::Origin => &["origin"],
        Field::Registered => &["registered"],
        Field::Active => &["active"],
        Field::Newsletter => &["newsletter"],
        Field::Discount => &["discount"],
        Field::Language => &["lang_id"],
        Field::Group => &["group_id"],
        Field::Groups => &["groups", "group_id"],
        Field::Tags => &["tags"],
        Field::Loyalty => &["loyalty_sum"],
        Field::UserId => &["user_id"],
        Field::SubscriberId => &["subscriber_id"],
        Field::Dateadd => &["dateadd"],
        Field::Ipaddress => &["ipaddress"],
        // Entries of the address book are rows of their own.
        Field::Address(_) => &[],
        Field::Additional(_) => &["additional_fields"],
    }
}

fn flag(on: bool) -> String {
    if on { "1" } else { "0" }.to_owned()
}

fn name(names: &BTreeMap<i64, String>, id: Option<i64>) -> Option<String> {
    id.and_then(|id| names.get(&id)).cloned()
}

fn names(names: &BTreeMap<i64, String>, ids: &[i64]) -> Option<String> {
    let known: Vec<&str> = ids
        .iter()
        .filter_map(|id| names.get(id))
        .map(String::as_str)
        .collect();
    Some(known.join(", "))
}

fn address_part(address: &UserAddress, part: AddressField) -> String {
    let text = match part {
        AddressField::Phone => &address.phone,
        AddressField::Company => &address.company_name,
        AddressField::Nip => &address.tax_identification_number,
        AddressField::Street => {
            return [address.street_1.trim(), address.street_2.trim()]
                .join(" ")
                .trim()
                .to_owned();
        }
        AddressField::Street1 => &address.street_1,
        AddressField::Street2 => &address.street_2,
        AddressField::City => &address.city,
        AddressField::ZipCode => &address.zip_code,
        AddressField::State => &address.state,
        AddressField::Country => &address.country,
        AddressField::CountryCode => &address.country_code,
        AddressField::Firstname => &address.firstname,
        AddressField::Lastname => &address.lastname,
        AddressField::Name => &address.address_name,
    };
    text.clone()
}
