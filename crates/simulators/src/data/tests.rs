//! The people are varied, unique, and the same for the same seed.

use std::collections::HashSet;

use ports::ManualClock;

use super::*;
use crate::shoper::ShopSettings;

const NOW: Millis = 1_795_431_600_000;

fn shop_of(size: Size, seed: u64) -> Shop {
    let shop = Shop::new(ShopSettings::default(), Arc::new(ManualClock::at(NOW)), 1);
    populate(&shop, size, seed);
    shop
}

#[test]
fn the_same_seed_makes_the_same_people_and_another_seed_others() {
    let people = |seed| -> Vec<_> {
        let shop = shop_of(Size::of(50), seed);
        shop.customers()
            .map(|customer| Customer::clone(&customer))
            .collect()
    };
    use crate::shoper::Customer;
    assert_eq!(people(1), people(1));
    assert_ne!(people(1), people(2));
}

#[test]
fn shares_come_out_about_as_asked() {
    let size = Size {
        customers: 4000,
        subscribers: 2000,
        overlap: 0.5,
        consent: 0.7,
        guests: 0.25,
        ..Size::of(0)
    };
    let shop = shop_of(size, 3);
    assert_eq!(shop.counts(), (4000, 2000));
    let shared = shop
        .subscribers()
        .filter(|row| shop.customer_by_email(&row.email).is_some())
        .count();
    assert_eq!(shared, 1000);
    let share = |count: usize| count as f64 / 4000.0;
    assert!((share(shop.customers().filter(|c| c.newsletter).count()) - 0.7).abs() < 0.05);
    assert!((share(shop.customers().filter(|c| !c.registered).count()) - 0.25).abs() < 0.05);
}

#[test]
fn addresses_are_unique_and_belong_to_nobody() {
    let shop = shop_of(
        Size {
            diacritics: 0.1,
            ..Size::of(3000)
        },
        4,
    );
    let mut seen = HashSet::new();
    for customer in shop.customers() {
        assert!(seen.insert(customer.email.to_lowercase()));
        let domain = customer.email.split_once('@').unwrap().1;
        assert!(
            ["example.com", "example.org", "example.net"]
                .iter()
                .any(|ours| domain == *ours || domain.ends_with(&format!(".{ours}"))),
            "{domain}"
        );
    }
}

#[test]
fn people_spell_addresses_and_phones_in_every_way() {
    let size = Size {
        diacritics: 0.02,
        invalid: 0.01,
        ..Size::of(5000)
    };
    let shop = shop_of(size, 6);
    let emails: Vec<Arc<str>> = shop
        .customers()
        .map(|customer| Arc::clone(&customer.email))
        .collect();
    let share = |is: &dyn Fn(&str) -> bool| {
        emails.iter().filter(|email| is(email)).count() as f64 / emails.len() as f64
    };
    let domain_is_ascii = |email: &str| email.split_once('@').is_none_or(|(_, domain)| domain.is_ascii());
    let is_none = |email: &str| {
        email.contains(' ')
            || email.split('@').count() != 2
            || email
                .split_once('@')
                .is_some_and(|(name, domain)| name.is_empty() || domain == "example" || domain.contains(".."))
    };
    assert!((0.005..0.015).contains(&share(&is_none)));
    assert!((0.01..0.03).contains(&share(&|email| !email.is_ascii())));
    assert!((0.005..0.02).contains(&share(&|email| !domain_is_ascii(email))));
    assert!((0.02..0.08).contains(&share(&|email| email.contains('+'))));
    assert!((0.02..0.08).contains(&share(&|email| email.chars().any(|c| c.is_ascii_uppercase()))));
    let shouted = shop
        .subscribers()
        .filter(|row| row.email.contains("@EXAMPLE"))
        .count();
    assert!(shouted > 10, "customers who typed their address anew in capitals");

    let phones: Vec<String> = (1..=5000)
        .flat_map(|id| shop.addresses(id))
        .map(|address| address.details.phone.to_string())
        .collect();
    let digits = |phone: &String| phone.bytes().filter(u8::is_ascii_digit).count();
    let empty = phones.iter().filter(|phone| phone.is_empty()).count() as f64 / phones.len() as f64;
    assert!((0.05..0.12).contains(&empty), "{empty}");
    let broken = phones
        .iter()
        .filter(|phone| !phone.is_empty() && digits(phone) < 9)
        .count();
    assert!(broken > 20, "{broken}");
    assert!(phones.iter().any(|phone| phone.starts_with("+48")));
    let companies = (1..=5000)
        .flat_map(|id| shop.addresses(id))
        .filter(|address| !address.details.company.is_empty())
        .count();
    assert!(companies > 100);
}

#[test]
fn names_take_the_form_of_the_gender() {
    assert_eq!(feminine("Kowalski"), "Kowalska");
    assert_eq!(feminine("Zawadzki"), "Zawadzka");
    assert_eq!(feminine("Nowak"), "Nowak");
    assert_eq!(ascii("Brzęczyszczykiewicz-Żółć"), "brzeczyszczykiewicz-zolc");
}

#[test]
fn people_come_one_after_another_and_none_in_the_future() {
    let shop = shop_of(Size::of(500), 5);
    let dates: Vec<Millis> = shop.customers().map(|customer| customer.date_add).collect();
    assert!(dates.is_sorted());
    assert!(dates.iter().all(|date| *date < NOW && date % 1000 == 0));
    assert_eq!(shop.waiting_deliveries(), 0);
}
