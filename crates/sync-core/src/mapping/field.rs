//! What a mapping may read: the fields of the shop's records, by name.

use std::fmt;

use super::Needs;
use crate::RecordKind;

/// A field of a customer or a subscriber, named as the shop's API names it (shoper-api.md E.1, E.2, E.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `email`.
    Email,
    /// `firstname` of a customer.
    Firstname,
    /// `lastname` of a customer.
    Lastname,
    /// `login` of a customer.
    Login,
    /// `comment`: the administrator's note on a customer.
    Comment,
    /// `date_add`: when the customer was created.
    DateAdd,
    /// `lastvisit`: the customer's last login.
    Lastvisit,
    /// `origin`: where the customer came from.
    Origin,
    /// `registered`: 0 for a guest.
    Registered,
    /// `active` of either kind.
    Active,
    /// `newsletter`: the customer's flag.
    Newsletter,
    /// `discount` in percent.
    Discount,
    /// `language`: the locale behind `lang_id`.
    Language,
    /// `group`: the name behind a customer's `group_id`.
    Group,
    /// `groups`: names of all groups of the record, separated by commas.
    Groups,
    /// `tags` of a customer, their names separated by commas.
    Tags,
    /// `loyalty`: the customer's `loyalty_sum`.
    Loyalty,
    /// `user_id`.
    UserId,
    /// `subscriber_id`.
    SubscriberId,
    /// `dateadd` of a subscriber (no underscore, shoper-api.md E.5).
    Dateadd,
    /// `ipaddress` of a subscriber, as the shop noted it at the sign-up.
    Ipaddress,
    /// `address.…`: a part of the customer's default address.
    Address(AddressField),
    /// `additional_field.N`: an additional field of the customer; a select's text, not its number.
    Additional(i64),
}

/// A part of an address (shoper-api.md E.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressField {
    /// `phone`.
    Phone,
    /// `company`: `company_name`.
    Company,
    /// `nip`: `tax_identification_number`.
    Nip,
    /// `street`: `street_1` and `street_2` in one line.
    Street,
    /// `street_1`.
    Street1,
    /// `street_2`.
    Street2,
    /// `city`.
    City,
    /// `zip_code`.
    ZipCode,
    /// `state`.
    State,
    /// `country`, the name.
    Country,
    /// `country_code`, two letters.
    CountryCode,
    /// `firstname` in the address.
    Firstname,
    /// `lastname` in the address.
    Lastname,
    /// `name`: `address_name`.
    Name,
}

/// What a field's values are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A date, perhaps with a time.
    Date,
    /// 0 or 1.
    Flag,
}

/// What is known of a field. The crate `texts` names it for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    pub field: Field,
    /// Its name in a mapping.
    pub name: &'static str,
    /// What must be read from the shop beside the record.
    pub needs: Needs,
    /// What its values are like.
    pub nature: Nature,
}

const fn info(field: Field, name: &'static str, needs: Needs, nature: Nature) -> FieldInfo {
    FieldInfo {
        field,
        name,
        needs,
        nature,
    }
}

const fn address(part: AddressField, name: &'static str) -> FieldInfo {
    info(Field::Address(part), name, Needs::ADDRESSES, Nature::Text)
}

const N: Needs = Needs::NONE;

static CUSTOMER: &[FieldInfo] = &[
    info(Field::Email, "email", N, Nature::Text),
    info(Field::Firstname, "firstname", N, Nature::Text),
    info(Field::Lastname, "lastname", N, Nature::Text),
    address(AddressField::Phone, "address.phone"),
    address(AddressField::Company, "address.company"),
    address(AddressField::Nip, "address.nip"),
    address(AddressField::Street, "address.street"),
    address(AddressField::Street1, "address.street_1"),
    address(AddressField::Street2, "address.street_2"),
    address(AddressField::City, "address.city"),
    address(AddressField::ZipCode, "address.zip_code"),
    address(AddressField::State, "address.state"),
    address(AddressField::Country, "address.country"),
    address(AddressField::CountryCode, "address.country_code"),
    address(AddressField::Firstname, "address.firstname"),
    address(AddressField::Lastname, "address.lastname"),
    address(AddressField::Name, "address.name"),
    info(Field::Language, "language", Needs::LANGUAGES, Nature::Text),
    info(Field::Group, "group", Needs::GROUPS, Nature::Text),
    info(Field::Groups, "groups", Needs::GROUPS, Nature::Text),
    info(Field::Tags, "tags", Needs::TAGS, Nature::Text),
    info(Field::Discount, "discount", N, Nature::Number),
    info(Field::Loyalty, "loyalty", N, Nature::Number),
    info(Field::Newsletter, "newsletter", N, Nature::Flag),
    info(Field::Registered, "registered", N, Nature::Flag),
    info(Field::Active, "active", N, Nature::Flag),
    info(Field::DateAdd, "date_add", N, Nature::Date),
    info(Field::Lastvisit, "lastvisit", N, Nature::Date),
    info(Field::Origin, "origin", N, Nature::Text),
    info(Field::Login, "login", N, Nature::Text),
    info(Field::Comment, "comment", N, Nature::Text),
    info(Field::UserId, "user_id", N, Nature::Number),
];
static SUBSCRIBER: &[FieldInfo] = &[
    info(Field::Email, "email", N, Nature::Text),
    info(Field::Active, "active", N, Nature::Flag),
    info(Field::Dateadd, "dateadd", N, Nature::Date),
    info(Field::Language, "language", Needs::LANGUAGES, Nature::Text),
    info(Field::Groups, "groups", Needs::GROUPS, Nature::Text),
    info(Field::Ipaddress, "ipaddress", Needs::SUBSCRIBER_ROW, Nature::Text),
    info(Field::SubscriberId, "subscriber_id", N, Nature::Number),
];

/// What the mapping of a kind of record may read, in the order of screens. Customers have, beside
/// these, `additional_field.N` for every additional field of the shop.
pub fn fields(kind: RecordKind) -> &'static [FieldInfo] {
    match kind {
        RecordKind::Customer => CUSTOMER,
        RecordKind::Subscriber => SUBSCRIBER,
    }
}

impl Field {
    /// The field of this name; `None` when records of this kind have none.
    pub fn parse(kind: RecordKind, name: &str) -> Option<Self> {
        let name = name.trim();
        if kind == RecordKind::Customer
            && let Some(id) = name.strip_prefix("additional_field.")
        {
            return id
                .parse()
                .ok()
                .filter(|id| *id > 0 && !name.contains('+'))
                .map(Self::Additional);
        }
        fields(kind)
            .iter()
            .find(|info| info.name == name)
            .map(|info| info.field)
    }

    /// Its entry in the lists of fields; `None` for additional fields.
    pub fn info(self) -> Option<&'static FieldInfo> {
        CUSTOMER.iter().chain(SUBSCRIBER).find(|info| info.field == self)
    }

    /// What must be read from the shop beside the record.
    pub fn needs(self) -> Needs {
        match self {
            Self::Additional(_) => Needs::ADDITIONAL_FIELDS,
            other => other.info().map_or(Needs::NONE, |info| info.needs),
        }
    }

    /// What its values are like.
    pub fn nature(self) -> Nature {
        self.info().map_or(Nature::Text, |info| info.nature)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Additional(id) => write!(f, "additional_field.{id}"),
            other => f.write_str(other.info().map_or("", |info| info.name)),
        }
    }
}
