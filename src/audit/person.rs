//! The shop's records as a mapping reads them: which member of an answer stands behind which field's name.

use std::collections::BTreeMap;

use shoper_api::{AdditionalField, OptionList, Subscriber, User, UserAddress};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::mapping::{AddressField, Field, Needs};

use super::mapping::{Values, values};
use desk::ShopSide;

/// Names behind the shop's numbers.
#[derive(Debug, Default)]
pub struct Names {
    user_groups: BTreeMap<i64, String>,
    subscriber_groups: BTreeMap<i64, String>,
    locales: BTreeMap<i64, String>,
    /// Options of select fields: by field, from option to text.
    options: BTreeMap<i64, BTreeMap<String, String>>,
    tags: BTreeMap<i64, String>,
}

impl Names {
    /// Reads the names that a configuration speaks of. What the shop does not tell leaves fields empty.
    pub async fn read(shop: &ShopSide, config: &Config) -> Self {
        let needs = config.customers.mapping.needs() | config.subscribers.mapping.needs();
        let mut names = Self::default();
        if needs.contains(Needs::GROUPS) {
            if let Ok(groups) = shop.ask(|c| async move { c.user_groups().await }).await {
                names.user_groups = groups.into_iter().map(|group| (group.id, group.name)).collect();
            }
            if let Ok(groups) = shop.ask(|c| async move { c.subscriber_groups().await }).await {
                names.subscriber_groups = groups.into_iter().map(|group| (group.id, group.name)).collect();
            }
        }
        if needs.contains(Needs::LANGUAGES)
            && let Ok(languages) = shop.ask(|c| async move { c.languages().await }).await
        {
            names.locales = languages
                .into_iter()
                .map(|language| (language.id, language.locale))
                .collect();
        }
        if needs.contains(Needs::ADDITIONAL_FIELDS)
            && let Ok((fields, _)) = shop
                .ask(|c| async move { c.additional_fields_with_options(OptionList::default()).await })
                .await
        {
            let options = |field: AdditionalField| (field.id, field.options.into_iter().collect());
            names.options = fields.into_iter().map(options).collect();
        }
        if needs.contains(Needs::TAGS)
            && let Ok(tags) = shop.ask(|c| async move { c.user_tags().await }).await
        {
            names.tags = tags.into_iter().map(|tag| (tag.id, tag.name)).collect();
        }
        names
    }

    /// Names of tags that come as numbers or as names already; a number that nothing is known of is left out, unless
    /// other tags are known, for then it is a name.
    fn of_tags(&self, tags: &[String]) -> String {
        let mut told = Vec::new();
        for tag in tags {
            let number = tag.trim().parse::<i64>().ok();
            match number.and_then(|number| self.tags.get(&number)) {
                Some(name) => told.push(name.as_str()),
                None if number.is_none() || !self.tags.is_empty() => told.push(tag),
                None => {}
            }
        }
        told.join(", ")
    }
}

/// What a customer fills, with the address that bills go to, else the oldest. Where addresses cannot be read (`None`)
/// nothing is said of what they fill.
pub fn customer(config: &Config, names: &Names, user: &User, addresses: Option<&[UserAddress]>) -> Values {
    let mut values = read(config, names, user, addresses.unwrap_or_default());
    let unsaid = |field: &Field| match field {
        Field::Registered => user.registered.is_none(),
        Field::Active => user.active.is_none(),
        Field::Newsletter => user.newsletter.is_none(),
        Field::Groups => user.groups.is_none(),
        Field::Tags => user.tags.is_none(),
        Field::Additional(_) => user.additional_fields.is_none(),
        _ => false,
    };
    for row in config.customers.mapping.rows() {
        let unread = addresses.is_none() && row.needs().contains(Needs::ADDRESSES);
        if unread || row.fields().iter().any(unsaid) {
            values.remove(&row.target);
        }
    }
    values
}

fn read(config: &Config, names: &Names, user: &User, addresses: &[UserAddress]) -> Values {
    let billing = addresses.iter().find(|address| address.default == Some(true));
    let address = billing.or_else(|| addresses.iter().min_by_key(|address| address.id));
    values(
        RecordKind::Customer,
        &config.customers.mapping,
        &|field| match field {
            Field::Address(part) => address.map(|address| part_of(address, part)),
            Field::Email => Some(user.email.trim().to_owned()),
            Field::Firstname => Some(user.firstname.clone()),
            Field::Lastname => Some(user.lastname.clone()),
            Field::Login => Some(user.login.clone()),
            Field::Comment => Some(user.comment.clone()),
            Field::DateAdd => user.date_add.clone(),
            Field::Lastvisit => user.lastvisit.clone(),
            Field::Origin => user.origin.map(|origin| origin.to_string()),
            Field::Registered => flag(user.registered),
            Field::Active => flag(user.active),
            Field::Newsletter => flag(user.newsletter),
            Field::Discount => user.discount.clone(),
            Field::Language => user.lang_id.and_then(|id| names.locales.get(&id).cloned()),
            Field::Group => user.group_id.and_then(|id| names.user_groups.get(&id).cloned()),
            Field::Groups => {
                let mut all: Vec<i64> = user.groups.clone().unwrap_or_default();
                all.extend(user.group_id.filter(|id| !all.contains(id)));
                Some(named(&names.user_groups, &all))
            }
            Field::Tags => user.tags.as_ref().map(|tags| names.of_tags(tags)),
            Field::Loyalty => user.loyalty_sum.clone(),
            Field::UserId => Some(user.id.to_string()),
            Field::Additional(id) => {
                let value = user
                    .additional_fields
                    .iter()
                    .flatten()
                    .find(|field| field.field_id == id)
                    .map(|field| &field.value)?;
                // Of a select either the text or the option's number stands there (shoper-api.md E.6).
                Some(
                    names
                        .options
                        .get(&id)
                        .and_then(|options| options.get(value))
                        .unwrap_or(value)
                        .clone(),
                )
            }
            Field::SubscriberId | Field::Dateadd | Field::Ipaddress => None,
        },
    )
}

/// What a subscriber fills. Of somebody who is a customer too, `as_customer` is the address as the customer's record spells
/// it: that spelling counts.
pub fn subscriber(config: &Config, names: &Names, row: &Subscriber, as_customer: Option<&str>) -> Values {
    let mut values = values(
        RecordKind::Subscriber,
        &config.subscribers.mapping,
        &|field| match field {
            Field::Email => Some(as_customer.unwrap_or(&row.email).trim().to_owned()),
            Field::Active => flag(row.active),
            Field::Dateadd => row.dateadd.clone(),
            Field::Language => row.lang_id.and_then(|id| names.locales.get(&id).cloned()),
            Field::Groups => (row.groups.as_ref()).map(|groups| named(&names.subscriber_groups, groups)),
            Field::SubscriberId => Some(row.id.to_string()),
            Field::Ipaddress => row.ipaddress.clone(),
            _ => None,
        },
    );
    let unsaid = |field: &Field| match field {
        Field::Active => row.active.is_none(),
        Field::Groups => row.groups.is_none(),
        _ => false,
    };
    for row in config.subscribers.mapping.rows() {
        if row.fields().iter().any(unsaid) {
            values.remove(&row.target);
        }
    }
    values
}

fn flag(flag: Option<bool>) -> Option<String> {
    flag.map(|on| if on { "1" } else { "0" }.to_owned())
}

fn named(names: &BTreeMap<i64, String>, ids: &[i64]) -> String {
    ids.iter()
        .filter_map(|id| names.get(id).map(String::as_str))
        .collect::<Vec<_>>()
        .join(", ")
}

fn part_of(address: &UserAddress, part: AddressField) -> String {
    match part {
        AddressField::Phone => &address.phone,
        AddressField::Company => &address.company_name,
        AddressField::Nip => &address.tax_identification_number,
        AddressField::Street => return format!("{} {}", address.street_1.trim(), address.street_2.trim()),
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
    }
    .clone()
}
