//! Made-up people of a Polish shop: names, addresses, habits of spelling. All from a seed, and all
//! e-mail addresses in domains that belong to nobody.
//!
//! [`populate`] fills an empty shop of any [`Size`]; the same size and seed give the same shop. Among the
//! people are guests, businesses, customers who are subscribers as well (some in another case), and those who
//! left out their name, their phone or their whole address. Phones come in every spelling, a few are no
//! numbers at all. Addresses hold capital letters, `+`, now and then Polish letters before or behind the `@`,
//! and, where the size asks for it, mistakes that no mail would survive.

mod words;

use std::sync::Arc;

use ports::Millis;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::shoper::{FieldKind, NewAddress, NewCustomer, NewField, Shop};

/// How many people a shop is filled with, and what they are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Customers, guests among them.
    pub customers: usize,
    /// Newsletter subscribers.
    pub subscribers: usize,
    /// Share of the subscribers whose address is a customer's, 0 to 1.
    pub overlap: f64,
    /// Share that wants the newsletter, 0 to 1.
    pub consent: f64,
    /// Share of the customers who ordered without an account, 0 to 1.
    pub guests: f64,
    /// Share of the addresses with Polish letters, in the name or in the domain, 0 to 1. All are valid.
    pub diacritics: f64,
    /// Share of the addresses that are none, 0 to 1.
    pub invalid: f64,
}

impl Size {
    /// So many customers, and half as many subscribers, in usual proportions; no address is invalid.
    pub fn of(customers: usize) -> Self {
        Self {
            customers,
            subscribers: customers / 2,
            overlap: 0.6,
            consent: 0.7,
            guests: 0.25,
            diacritics: 0.005,
            invalid: 0.0,
        }
    }
}

/// What [`Generator::furnish`] adds to a shop before people come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Furniture {
    /// Ids of languages besides Polish.
    pub languages: Vec<i64>,
    /// Ids of customer groups.
    pub groups: Vec<i64>,
    /// Text field: date of birth in several spellings.
    pub birthday: i64,
    /// Checkbox: consent to the shop's terms.
    pub consent: i64,
    /// Select: where the customer heard of the shop.
    pub source: i64,
}

/// A made-up person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// First name.
    pub firstname: Arc<str>,
    /// Last name, in the form of the person's gender.
    pub lastname: Arc<str>,
}

/// Makes people up. The same seed makes the same people.
#[derive(Debug)]
pub struct Generator {
    rng: ChaCha8Rng,
    /// Makes addresses unique.
    serial: u64,
    women: Vec<Person>,
    men: Vec<Person>,
    cities: Vec<Arc<str>>,
    states: Vec<Arc<str>>,
    tags: Vec<Arc<str>>,
    sources: Vec<Arc<str>>,
    empty: Arc<str>,
    poland: Arc<str>,
    yes: Arc<str>,
}

impl Generator {
    /// A generator that has made nobody yet.
    pub fn new(seed: u64) -> Self {
        Self::numbered_from(seed, 0)
    }

    /// The same; the numbers in its addresses begin behind `serial`, so that they meet none of another
    /// generator's.
    pub fn numbered_from(seed: u64, serial: u64) -> Self {
        let shared = |words: &[&str]| -> Vec<Arc<str>> { words.iter().map(|word| (*word).into()).collect() };
        // Every pair of a first and a last name once: their texts are shared by all namesakes.
        let pairs = |firsts: &[&str], lasts: Vec<String>| {
            let lasts: Vec<Arc<str>> = lasts.into_iter().map(Into::into).collect();
            let mut people = Vec::with_capacity(firsts.len() * lasts.len());
            for first in shared(firsts) {
                people.extend(lasts.iter().map(|last| Person {
                    firstname: Arc::clone(&first),
                    lastname: Arc::clone(last),
                }));
            }
            people
        };
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            serial,
            women: pairs(
                &words::WOMEN,
                words::SURNAMES.iter().map(|name| feminine(name)).collect(),
            ),
            men: pairs(
                &words::MEN,
                words::SURNAMES.iter().map(|name| (*name).to_owned()).collect(),
            ),
            cities: words::CITIES.iter().map(|city| city.0.into()).collect(),
            states: words::CITIES.iter().map(|city| city.3.into()).collect(),
            tags: shared(&words::TAGS),
            sources: shared(&words::SOURCES),
            empty: "".into(),
            poland: "PL".into(),
            yes: "1".into(),
        }
    }

    /// A woman or a man.
    pub fn person(&mut self) -> Person {
        let people = if self.rng.random_bool(0.55) {
            &self.women
        } else {
            &self.men
        };
        people
            .choose(&mut self.rng)
            .cloned()
            .expect("the lists of names are not empty")
    }

    /// An address that this generator has given to nobody; a few hold capital letters.
    pub fn email(&mut self, person: &Person) -> Arc<str> {
        self.serial += 1;
        let (first, last, serial) = (ascii(&person.firstname), ascii(&person.lastname), self.serial);
        let domain = *pick(&mut self.rng, &words::DOMAINS);
        let initial = &first[..1];
        match self.rng.random_range(0..20) {
            0..9 => format!("{first}.{last}{serial}@{domain}"),
            9..13 => format!("{initial}.{last}{serial}@{domain}"),
            13..16 => format!("{last}_{first}{serial}@{domain}"),
            16..18 => format!("{first}{serial}@{domain}"),
            18 => format!("{first}+sklep{serial}@{domain}"),
            _ => format!(
                "{}.{}{serial}@{domain}",
                ascii_name(&person.firstname),
                ascii_name(&person.lastname)
            ),
        }
        .into()
    }

    /// A valid address with Polish letters that this generator has given to nobody.
    pub fn email_with_diacritics(&mut self, person: &Person) -> Arc<str> {
        self.serial += 1;
        let (first, last, serial) = (
            person.firstname.to_lowercase(),
            person.lastname.to_lowercase(),
            self.serial,
        );
        if self.rng.random_bool(0.5) {
            format!("{first}.{last}{serial}@{}", pick(&mut self.rng, &words::DOMAINS))
        } else {
            let domain = pick(&mut self.rng, &words::IDN_DOMAINS);
            format!(
                "{}.{}{serial}@{domain}",
                ascii(&person.firstname),
                ascii(&person.lastname)
            )
        }
        .into()
    }

    /// What somebody typed for an address and is none; different every time.
    pub fn invalid_email(&mut self, person: &Person) -> Arc<str> {
        self.serial += 1;
        let (first, last, serial) = (ascii(&person.firstname), ascii(&person.lastname), self.serial);
        match self.rng.random_range(0..6) {
            0 => format!("{first}.{last}{serial}"),
            1 => format!("{first}.{last}{serial}@example"),
            2 => format!("{first} {last}{serial}@example.com"),
            3 => format!("{first}.{last}{serial}@@example.com"),
            4 => format!("{first}.{last}{serial}@example..com"),
            _ => format!("@{first}{last}{serial}.example.com"),
        }
        .into()
    }

    /// An address as the size has them.
    fn email_for(&mut self, person: &Person, size: &Size) -> Arc<str> {
        let draw = self.rng.random::<f64>();
        if draw < size.invalid {
            self.invalid_email(person)
        } else if draw < size.invalid + size.diacritics {
            self.email_with_diacritics(person)
        } else {
            self.email(person)
        }
    }

    /// What stands in the field for the phone: a Polish number in one of the spellings that people use, now
    /// and then nothing, or something that is no number.
    pub fn phone(&mut self) -> String {
        match self.rng.random_range(0..50) {
            0..4 => return String::new(),
            4 => return (*pick(&mut self.rng, &words::NO_PHONES)).to_owned(),
            _ => {}
        }
        let prefix = pick(&mut self.rng, &words::MOBILE);
        let (b, c) = (self.rng.random_range(0..1000), self.rng.random_range(0..1000));
        match self.rng.random_range(0..20) {
            0..6 => format!("{prefix}{b:03}{c:03}"),
            6..10 => format!("+48{prefix}{b:03}{c:03}"),
            10..13 => format!("{prefix} {b:03} {c:03}"),
            13..15 => format!("+48 {prefix} {b:03} {c:03}"),
            15..17 => format!("{prefix}-{b:03}-{c:03}"),
            17 => format!("0048{prefix}{b:03}{c:03}"),
            18 => format!("(22) {b:03} {:02} {:02}", c / 10, c % 100),
            _ => format!("tel. {prefix} {b:03} {c:03}"),
        }
    }

    /// Where somebody lives or has a business.
    pub fn address(&mut self, person: &Person) -> NewAddress {
        let at = self.rng.random_range(0..words::CITIES.len());
        let (_, low, high, _) = words::CITIES[at];
        let street = *pick(&mut self.rng, &words::STREETS);
        let house = self.rng.random_range(1..180);
        let street = if self.rng.random_bool(0.5) {
            format!("{street} {house}/{}", self.rng.random_range(1..90))
        } else {
            format!("{street} {house}")
        };
        let zip = format!(
            "{:02}-{:03}",
            self.rng.random_range(low..=high),
            self.rng.random_range(1..1000)
        );
        let business = self.rng.random_bool(0.08);
        NewAddress {
            firstname: Arc::clone(&person.firstname),
            lastname: Arc::clone(&person.lastname),
            company: if business {
                self.company(person).into()
            } else {
                Arc::clone(&self.empty)
            },
            tax_id: if business {
                self.digits(10).into()
            } else {
                Arc::clone(&self.empty)
            },
            street: street.into(),
            street_2: Arc::clone(&self.empty),
            city: Arc::clone(&self.cities[at]),
            zip_code: zip.into(),
            state: Arc::clone(&self.states[at]),
            country_code: Arc::clone(&self.poland),
            phone: self.phone().into(),
        }
    }

    /// A business named after its owner.
    pub fn company(&mut self, person: &Person) -> String {
        let trade = *pick(&mut self.rng, &words::TRADES);
        match self.rng.random_range(0..3) {
            0 => format!("{trade} {} {}", person.firstname, person.lastname),
            1 => format!("{trade} „{}” Sp. z o.o.", person.lastname),
            _ => format!("{trade} {} i Wspólnicy s.c.", person.lastname),
        }
    }

    /// A date of birth as people write it.
    pub fn birthday(&mut self) -> String {
        let (year, month, day) = (
            self.rng.random_range(1940..2008),
            self.rng.random_range(1..=12),
            self.rng.random_range(1..=28),
        );
        match self.rng.random_range(0..10) {
            0..5 => format!("{year}-{month:02}-{day:02}"),
            5..8 => format!("{day:02}.{month:02}.{year}"),
            8 => format!("{day}/{month}/{year}"),
            _ => format!("{year} r."),
        }
    }

    /// A customer of a shop furnished by [`Generator::furnish`], in the proportions of `size`.
    pub fn customer(&mut self, furniture: &Furniture, size: &Size) -> NewCustomer {
        let person = self.person();
        let registered = !self.chance(size.guests);
        let mut customer = NewCustomer {
            email: self.email_for(&person, size),
            firstname: Arc::clone(&person.firstname),
            lastname: Arc::clone(&person.lastname),
            comment: Arc::clone(&self.empty),
            newsletter: self.chance(size.consent),
            registered,
            verify_email: registered && self.chance(0.8),
            active: self.chance(0.98),
            ..NewCustomer::default()
        };
        // Some never filled in a name or an address.
        if self.chance(0.02) {
            customer.firstname = Arc::clone(&self.empty);
            customer.lastname = Arc::clone(&self.empty);
        }
        if self.chance(if registered { 0.85 } else { 0.3 }) {
            customer.address = Some(self.address(&person));
        }
        if self.chance(0.05)
            && let Some(language) = furniture.languages.choose(&mut self.rng)
        {
            customer.lang_id = *language;
        }
        if registered {
            self.habits(&mut customer, furniture);
        }
        customer
    }

    fn habits(&mut self, customer: &mut NewCustomer, furniture: &Furniture) {
        customer.fields.push((furniture.consent, Arc::clone(&self.yes)));
        if self.chance(0.3) {
            customer.fields.push((furniture.birthday, self.birthday().into()));
        }
        if self.chance(0.4)
            && let Some(source) = self.sources.choose(&mut self.rng)
        {
            customer.fields.push((furniture.source, Arc::clone(source)));
        }
        customer.fields.sort_by_key(|(id, _)| *id);
        if self.chance(0.3) {
            customer.group = furniture.groups.choose(&mut self.rng).copied();
        }
        for share in [0.15, 0.05] {
            let tag = self.tags.choose(&mut self.rng).cloned();
            if self.chance(share)
                && let Some(tag) = tag
                && !customer.tags.contains(&tag)
            {
                customer.tags.push(tag);
            }
        }
    }

    /// Gives an empty shop languages, groups and additional fields.
    pub fn furnish(&self, shop: &Shop) -> Furniture {
        Furniture {
            languages: words::LANGUAGES
                .iter()
                .map(|locale| shop.add_language(locale))
                .collect(),
            groups: words::GROUPS
                .iter()
                .map(|name| shop.add_user_group(name))
                .collect(),
            birthday: shop.add_additional_field(NewField::new("Data urodzenia", FieldKind::Text)),
            consent: shop.add_additional_field(NewField {
                required: true,
                ..NewField::new("Akceptacja regulaminu", FieldKind::Checkbox)
            }),
            source: shop.add_additional_field(
                NewField::new("Skąd nas znasz?", FieldKind::Select).options(&words::SOURCES),
            ),
        }
    }

    /// Furnishes an empty shop and fills it with people, in the order in which they came over the
    /// last five years. No webhook is queued.
    pub fn populate(&mut self, shop: &Shop, size: Size) {
        let furniture = self.furnish(shop);
        let now = shop.now();
        let mut emails = Vec::with_capacity(size.customers);
        shop.stock_customers((0..size.customers).map(|number| {
            let mut customer = self.customer(&furniture, &size);
            customer.date_add = Some(arrival(now, number, size.customers));
            emails.push((Arc::clone(&customer.email), customer.newsletter));
            customer
        }));

        let shared = ((size.subscribers as f64 * size.overlap).round() as usize).min(emails.len());
        let mut left = shared;
        shop.stock_subscribers((0..size.subscribers).map(|number| {
            let date = arrival(now, number, size.subscribers);
            // Each of the remaining rows is as likely as the others to be a customer's.
            let remaining = size.subscribers - number;
            if left > 0 && self.rng.random_range(0..remaining) < left {
                left -= 1;
                let at = self.rng.random_range(0..emails.len());
                let (email, flag) = emails.swap_remove(at);
                let active = if self.chance(0.85) { flag } else { !flag };
                (self.retyped(email), active, date)
            } else {
                let person = self.person();
                (self.email_for(&person, &size), self.chance(size.consent), date)
            }
        }));
    }

    /// The same address, now and then with another case.
    fn retyped(&mut self, email: Arc<str>) -> Arc<str> {
        if self.chance(0.05) {
            email.to_uppercase().into()
        } else {
            email
        }
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(b'0' + self.rng.random_range(0..10u8)))
            .collect()
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.random::<f64>() < share
    }
}

/// Fills a shop as [`Generator::populate`] does, from the shop's size and a seed alone.
pub fn populate(shop: &Shop, size: Size, seed: u64) {
    Generator::new(seed).populate(shop, size);
}

fn pick<'a, T>(rng: &mut ChaCha8Rng, items: &'a [T]) -> &'a T {
    items.choose(rng).expect("the lists of words are not empty")
}

/// When the person of this number came, of `of` people in five years.
fn arrival(now: Millis, number: usize, of: usize) -> Millis {
    const FIVE_YEARS: Millis = 5 * 365 * 86_400_000;
    let back = FIVE_YEARS / (of.max(1) as Millis) * ((of - number) as Millis);
    // Whole seconds, as the shop keeps no finer ones.
    (now - back).div_euclid(1000) * 1000
}

/// Kowalski becomes Kowalska; most other names stay.
fn feminine(surname: &str) -> String {
    match surname.strip_suffix('i') {
        Some(stem) if ["sk", "ck", "dzk"].iter().any(|end| stem.ends_with(end)) => format!("{stem}a"),
        _ => surname.to_owned(),
    }
}

/// In lower case without Polish signs.
fn ascii(name: &str) -> String {
    ascii_name(name).to_ascii_lowercase()
}

fn ascii_name(name: &str) -> String {
    const SIGNS: [(char, char); 18] = [
        ('ą', 'a'),
        ('ć', 'c'),
        ('ę', 'e'),
        ('ł', 'l'),
        ('ń', 'n'),
        ('ó', 'o'),
        ('ś', 's'),
        ('ź', 'z'),
        ('ż', 'z'),
        ('Ą', 'A'),
        ('Ć', 'C'),
        ('Ę', 'E'),
        ('Ł', 'L'),
        ('Ń', 'N'),
        ('Ó', 'O'),
        ('Ś', 'S'),
        ('Ź', 'Z'),
        ('Ż', 'Z'),
    ];
    name.chars()
        .map(|c| {
            SIGNS
                .iter()
                .find(|(polish, _)| *polish == c)
                .map_or(c, |(_, plain)| *plain)
        })
        .collect()
}

#[cfg(test)]
mod tests;
