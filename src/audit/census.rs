//! What the shop has, in a form small enough to be held for hundreds of thousands of contacts at once: of values
//! only short marks by which equal ones are known, so that no trait of a person is kept.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use shoper_api::{SubscriberId, UserId};
use store::AddrHash;
use sync_core::config::{Config, WithoutAccount};
use sync_core::mapping::Target;

use super::mapping::{Values, Wanted};
use super::verdict::InShop;

/// All contacts of a shop by the hash of their address. What is kept of them lies side by side in a few long rows, not
/// in a small allocation each.
pub struct Census {
    targets: Vec<Target>,
    places: HashMap<AddrHash, u32>,
    rows: Vec<Row>,
    /// As many for each row as there are targets.
    marks: Vec<u32>,
    addresses: String,
}

struct Row {
    customer: i64,
    subscriber: i64,
    address_at: u32,
    address_len: u16,
    flags: u16,
}

/// One contact.
#[derive(Clone, Copy)]
pub struct Entry<'c> {
    census: &'c Census,
    place: usize,
}

const CUSTOMER: u16 = 1;
const CUSTOMER_YES: u16 = 2;
const SUBSCRIBER: u16 = 4;
const SUBSCRIBER_YES: u16 = 8;
/// Several records of one kind: whose values count is not said anywhere.
const SEVERAL: u16 = 16;
const IN_CUSTOMERS_GROUP: u16 = 32;
const IN_SUBSCRIBERS_GROUP: u16 = 64;
/// Some customer of the address has an account, or the shop does not say.
const ACCOUNT: u16 = 128;
/// A record does not say whether it consents.
const SILENT: u16 = 256;

/// Not asked for.
const ANYTHING: u32 = 0;
/// To be empty.
const NOTHING: u32 = 1;
/// Written only where there was nothing.
const IF_EMPTY: u32 = 1 << 31;

fn mark_of(value: &str) -> u32 {
    if value.is_empty() {
        return NOTHING;
    }
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    let folded = hasher.finish();
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits of a hash")]
    let low = folded as u32;
    (low & !IF_EMPTY) | 2
}

fn mark(wanted: Option<&Wanted>) -> u32 {
    wanted.map_or(ANYTHING, |wanted| {
        mark_of(&wanted.value) | if wanted.if_empty { IF_EMPTY } else { 0 }
    })
}

fn is_met(mark: u32, has: &str) -> bool {
    let has = has.trim();
    mark == ANYTHING || (mark & IF_EMPTY != 0 && !has.is_empty()) || mark & !IF_EMPTY == mark_of(has)
}

impl Census {
    /// Nobody yet; the fields are those that the configuration fills.
    pub fn new(config: &Config) -> Self {
        let rows = config
            .customers
            .mapping
            .rows()
            .iter()
            .chain(config.subscribers.mapping.rows());
        let mut targets: Vec<Target> = rows.map(|row| row.target.clone()).collect();
        targets.sort();
        targets.dedup();
        Self {
            targets,
            places: HashMap::new(),
            rows: Vec::new(),
            marks: Vec::new(),
            addresses: String::new(),
        }
    }

    /// How many contacts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A contact.
    pub fn get(&self, hash: &AddrHash) -> Option<Entry<'_>> {
        self.places.get(hash).map(|place| Entry {
            census: self,
            place: *place as usize,
        })
    }

    /// All contacts.
    pub fn iter(&self) -> impl Iterator<Item = (AddrHash, Entry<'_>)> {
        self.places.iter().map(|(hash, place)| {
            (
                *hash,
                Entry {
                    census: self,
                    place: *place as usize,
                },
            )
        })
    }

    /// The contact's row, a new one where it has none, and its marks.
    fn row(&mut self, hash: AddrHash, address: &str) -> (&mut Row, &mut [u32]) {
        let next = u32::try_from(self.rows.len()).expect("nobody has thousands of millions of contacts");
        let place = *self.places.entry(hash).or_insert(next) as usize;
        if place == self.rows.len() {
            let address_at =
                u32::try_from(self.addresses.len()).expect("nor so many letters of their addresses");
            self.addresses.push_str(address);
            // Addresses were parsed, which leaves none longer than 255 characters.
            let address_len = u16::try_from(address.len()).unwrap_or(0);
            self.rows.push(Row {
                customer: 0,
                subscriber: 0,
                address_at,
                address_len,
                flags: 0,
            });
            self.marks.resize(self.marks.len() + self.targets.len(), ANYTHING);
        }
        let width = self.targets.len();
        (&mut self.rows[place], &mut self.marks[place * width..][..width])
    }

    fn marks_of(&self, values: &Values) -> Vec<u32> {
        self.targets
            .iter()
            .map(|target| mark(values.get(target)))
            .collect()
    }

    /// A subscriber is read; subscribers come before customers.
    pub fn add_subscriber(
        &mut self,
        hash: AddrHash,
        address: &str,
        id: SubscriberId,
        active: Option<bool>,
        values: &Values,
    ) {
        let new = self.marks_of(values);
        let (row, marks) = self.row(hash, address);
        row.note(SUBSCRIBER, SUBSCRIBER_YES, active);
        row.subscriber = id.0;
        marks.copy_from_slice(&new);
    }

    /// A customer is read.
    pub fn add_customer(
        &mut self,
        hash: AddrHash,
        address: &str,
        id: UserId,
        newsletter: Option<bool>,
        values: &Values,
    ) {
        let new = self.marks_of(values);
        let (row, marks) = self.row(hash, address);
        row.note(CUSTOMER, CUSTOMER_YES, newsletter);
        row.customer = id.0;
        for (have, new) in marks.iter_mut().zip(new) {
            let empties = new & !IF_EMPTY == NOTHING && *have & !IF_EMPTY > NOTHING;
            if new != ANYTHING && !empties {
                *have = new;
            }
        }
    }

    /// A customer of that address has an account, or the shop does not say so.
    pub fn note_account(&mut self, hash: &AddrHash) {
        if let Some(place) = self.places.get(hash) {
            self.rows[*place as usize].flags |= ACCOUNT;
        }
    }

    /// The contact is in that group in SARE. `None`: the shop does not have it; else whether that is news.
    pub fn note_group(&mut self, hash: &AddrHash, customers: bool) -> Option<bool> {
        let bit = if customers {
            IN_CUSTOMERS_GROUP
        } else {
            IN_SUBSCRIBERS_GROUP
        };
        let row = &mut self.rows[*self.places.get(hash)? as usize];
        let news = row.flags & bit == 0;
        row.flags |= bit;
        Some(news)
    }
}

impl Row {
    fn note(&mut self, there: u16, yes: u16, says: Option<bool>) {
        if says.is_none() {
            self.flags |= SILENT;
        }
        let says = says == Some(true);
        if self.flags & there != 0 {
            // Records that disagree count as no consent.
            self.flags |= SEVERAL;
            if !says {
                self.flags &= !yes;
            }
        } else {
            self.flags |= there | if says { yes } else { 0 };
        }
    }
}

impl<'c> Entry<'c> {
    fn row(self) -> &'c Row {
        &self.census.rows[self.place]
    }

    /// The address as the shop writes it.
    pub fn address(self) -> &'c str {
        let row = self.row();
        &self.census.addresses[row.address_at as usize..][..usize::from(row.address_len)]
    }

    /// The customer of this address.
    pub fn customer(self) -> Option<UserId> {
        Some(UserId(self.row().customer)).filter(|id| id.0 > 0)
    }

    /// The subscriber of this address.
    pub fn subscriber(self) -> Option<SubscriberId> {
        Some(SubscriberId(self.row().subscriber)).filter(|id| id.0 > 0)
    }

    /// Whether several records of one kind share the address.
    pub fn has_several(self) -> bool {
        self.row().flags & SEVERAL != 0
    }

    /// What the shop says of consent.
    pub fn in_shop(self, config: &Config) -> InShop {
        let flags = self.row().flags;
        let says = |there: u16, yes: u16| (flags & there != 0).then_some(flags & yes != 0);
        let skips = self.is_guest() && config.customers.without_account == WithoutAccount::Skip;
        InShop {
            customer: says(CUSTOMER, CUSTOMER_YES).filter(|_| !skips),
            subscriber: says(SUBSCRIBER, SUBSCRIBER_YES),
            subscribers_count: config.subscribers.enabled,
            silent: flags & SILENT != 0,
        }
    }

    /// Whether all its customers are surely without an account.
    pub fn is_guest(self) -> bool {
        self.row().flags & (CUSTOMER | ACCOUNT) == CUSTOMER
    }

    /// Groups of ours that a list of their members named the contact in.
    pub fn listed_in(self, config: &Config) -> Vec<i64> {
        let mut groups = Vec::new();
        if self.row().flags & IN_CUSTOMERS_GROUP != 0 {
            groups.push(config.customers.group);
        }
        if self.row().flags & IN_SUBSCRIBERS_GROUP != 0 {
            groups.push(config.subscribers.group);
        }
        groups
    }

    /// Fields that SARE fills otherwise than the contact's records ask for.
    pub fn differing<'s>(self, has: impl Fn(&Target) -> &'s str) -> Vec<String> {
        if self.has_several() {
            return Vec::new();
        }
        let targets = &self.census.targets;
        let marks = &self.census.marks[self.place * targets.len()..][..targets.len()];
        let wrong = targets
            .iter()
            .zip(marks)
            .filter(|(target, mark)| !is_met(**mark, has(target)));
        wrong.map(|(target, _)| target.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
[sare]
uid = "12345"
[customers]
group = 21
[customers.mapping]
name = "firstname"
prop1 = "lastname"
[subscribers]
group = 22
[subscribers.mapping]
name = "email"
prop2 = { from = "language", overwrite = "if-empty" }
"#;

    fn wanted(value: &str, if_empty: bool) -> Wanted {
        Wanted {
            value: value.to_owned(),
            if_empty,
        }
    }

    fn hash(n: u8) -> AddrHash {
        AddrHash([n; 16])
    }

    #[test]
    fn both_records_of_a_contact_come_together() {
        let config = Config::parse(CONFIG).unwrap().config;
        let mut census = Census::new(&config);
        let values = Values::from([
            (Target::Name, wanted("a", false)),
            (Target::Prop(2), wanted("pl", true)),
        ]);
        census.add_subscriber(hash(1), "A@example.com", SubscriberId(7), Some(true), &values);
        let values = Values::from([
            (Target::Name, wanted("Anna", false)),
            (Target::Prop(1), wanted("", false)),
        ]);
        census.add_customer(hash(1), "a@example.com", UserId(3), Some(false), &values);

        assert_eq!(census.len(), 1);
        let row = census.get(&hash(1)).unwrap();
        assert_eq!(
            (row.customer(), row.subscriber()),
            (Some(UserId(3)), Some(SubscriberId(7)))
        );
        let shop = InShop {
            customer: Some(false),
            subscriber: Some(true),
            subscribers_count: true,
            silent: false,
        };
        assert_eq!(row.in_shop(&config), shop);
        let differing = |name: &'static str, prop1: &'static str, prop2: &'static str| {
            row.differing(move |target| match target {
                Target::Name => name,
                Target::Prop(1) => prop1,
                _ => prop2,
            })
        };
        assert!(differing("Anna", "", "pl").is_empty());
        assert!(
            differing(" Anna ", "", "de").is_empty(),
            "a value of SARE's own stays"
        );
        assert_eq!(differing("a", "x", ""), ["name", "prop1", "prop2"]);
    }

    #[test]
    fn records_of_one_kind_that_disagree_say_no_and_their_values_are_not_compared() {
        let config = Config::parse(CONFIG).unwrap().config;
        let mut census = Census::new(&config);
        for (id, flag) in [(1, true), (2, false), (3, true)] {
            let values = Values::from([(Target::Name, wanted(&id.to_string(), false))]);
            census.add_customer(hash(1), "a@example.com", UserId(id), Some(flag), &values);
        }
        let row = census.get(&hash(1)).unwrap();
        assert_eq!(row.in_shop(&config).customer, Some(false));
        assert!(row.has_several() && row.differing(|_| "").is_empty());
    }

    #[test]
    fn membership_is_noted_once() {
        let config = Config::parse(CONFIG).unwrap().config;
        let mut census = Census::new(&config);
        census.add_subscriber(
            hash(1),
            "a@example.com",
            SubscriberId(1),
            Some(true),
            &Values::new(),
        );
        assert_eq!(census.note_group(&hash(1), false), Some(true));
        assert_eq!(census.note_group(&hash(1), false), Some(false));
        assert_eq!(census.note_group(&hash(2), false), None);
        assert_eq!(census.get(&hash(1)).unwrap().listed_in(&config), [22]);
    }
}
