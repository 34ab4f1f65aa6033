//! The world itself, and the judge against clients that behave and clients that do not.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::{ManualClock, Millis};
use serde_json::{Value, json};

use super::*;
use crate::data::{Size, populate};
use crate::sare::{AccountSettings, status};
use crate::shoper::{NewCustomer, ShopSettings};

const NOW: Millis = 1_795_431_600_000;
const ANNA: &str = "anna@example.com";
const HOUR: Duration = Duration::from_secs(3600);

/// Shops, accounts and their clock.
struct Scene {
    clock: Arc<ManualClock>,
    shops: Vec<Shop>,
    accounts: Vec<Account>,
}

fn a_scene(shops: usize) -> Scene {
    let clock = Arc::new(ManualClock::at(NOW));
    let shop = |n: u64| Shop::new(ShopSettings::default(), clock.clone(), n);
    let account = |n: u64| Account::new(AccountSettings::default(), clock.clone(), n);
    let numbers = 0..shops as u64;
    Scene {
        shops: numbers.clone().map(shop).collect(),
        accounts: numbers.map(account).collect(),
        clock,
    }
}

impl Scene {
    fn world(&self, seed: u64) -> World {
        self.world_of(seed, Habits::default())
    }

    fn world_of(&self, seed: u64, habits: Habits) -> World {
        World::with_habits(seed, self.shops.clone(), self.accounts.clone(), habits)
    }

    /// The API adds a contact to the first account, or changes it.
    fn add(&self, flags: &[&str], contact: Value) {
        add(&self.accounts[0], flags, json!([contact]));
    }
}

fn add(account: &Account, flags: &[&str], contacts: Value) {
    let settings = account.settings();
    let mut body = json!({ "only_add_to_groups": true, "emails": contacts });
    for flag in flags {
        body[*flag] = json!(true);
    }
    let request = http::Request::post(format!("https://sare.example/api/v1/{}/email/add", settings.uid))
        .header("ApiKey", settings.api_key)
        .header("Content-Type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    assert_eq!(account.handle(&request).status(), 200);
}

const RAISE: &[&str] = &["update_status_on_duplicate"];

/// A client that reads the shop anew whenever it looks: whoever says yes is added as mailable, others as
/// unconfirmed, and nobody's status is ever touched again.
#[derive(Default)]
struct Careful(HashSet<(usize, String)>);

impl Careful {
    fn look(&mut self, scene: &Scene) {
        for (at, (shop, account)) in scene.shops.iter().zip(&scene.accounts).enumerate() {
            let rows = shop.subscribers().map(|row| Arc::clone(&row.email));
            let emails: BTreeSet<String> = shop
                .customers()
                .map(|row| Arc::clone(&row.email))
                .chain(rows)
                .map(|email| email.to_lowercase())
                .collect();
            for email in emails {
                if !self.0.insert((at, email.clone())) {
                    continue;
                }
                let (customers, subscribers) = shop.records_of(&email);
                let yes =
                    customers.iter().any(|row| row.newsletter) || subscribers.iter().any(|row| row.active);
                let status = if yes {
                    status::CONFIRMED
                } else {
                    status::UNCONFIRMED
                };
                add(
                    account,
                    &["update_on_duplicate"],
                    json!([{ "email": email, "status": status }]),
                );
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_seed_another() {
    let history = |seed| {
        let scene = a_scene(2);
        let mut world = scene.world(seed);
        let mut client = Careful::default();
        let acts: Vec<Act> = (0..300)
            .map(|_| {
                client.look(&scene);
                scene.clock.advance(HOUR);
                world.step()
            })
            .collect();
        let customers: Vec<_> = scene.shops[1].customers().collect();
        (acts, customers, scene.accounts[0].contacts())
    };
    assert_eq!(history(5), history(5));
    assert_ne!(history(5).0, history(6).0);
}

#[test]
fn everything_happens_in_the_end() {
    let scene = a_scene(2);
    for (shop, seed) in scene.shops.iter().zip([1, 2]) {
        populate(shop, Size::of(50), seed);
    }
    let mut world = scene.world(1);
    let mut client = Careful::default();
    let mut kinds = BTreeSet::new();
    for step in 0..4000 {
        if step % 20 == 0 {
            client.look(&scene);
            // Somebody asked by the staff to confirm.
            scene.accounts.iter().for_each(|account| {
                let waiting = account
                    .contacts()
                    .into_iter()
                    .find(|contact| contact.status == status::UNCONFIRMED);
                if let Some(contact) =
                    waiting.filter(|contact| scene.shops[0].customer_by_email(&contact.email).is_none())
                {
                    add(
                        account,
                        &["send_confirmation"],
                        json!([{ "email": contact.email }]),
                    );
                }
            });
        }
        scene.clock.advance(HOUR);
        let act = serde_json::to_value(world.step()).unwrap();
        kinds.insert(act["act"].as_str().unwrap().to_owned());
    }
    let expected = [
        "clicked_unsubscribe",
        "confirmed",
        "customer_deleted",
        "customer_moved",
        "deleted",
        "edited",
        "flag",
        "forgotten",
        "left_newsletter",
        "opened",
        "ordered",
        "registered",
        "status_set",
        "subscribed",
        "subscriber_deleted",
        "subscriber_moved",
        "switched_off",
    ];
    let missing: Vec<&str> = expected
        .into_iter()
        .filter(|kind| !kinds.contains(*kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn acts_and_violations_show_no_address() {
    let scene = a_scene(1);
    scene.accounts[0].put_contact(ANNA, 4, &[]);
    let mut world = scene.world(1);
    scene.add(RAISE, json!({ "email": ANNA, "status": 8 }));
    let violations = world.violations();
    assert_eq!(violations[0].email(), ANNA);
    for _ in 0..50 {
        let act = world.step();
        assert!(!format!("{act:?}{world:?}{violations:?}").contains('@'));
    }
}

#[test]
fn a_careful_client_is_never_accused() {
    // Addresses that move need a client with a memory of refusals.
    let habits = Habits {
        move_customer: 0,
        move_subscriber: 0,
        ..Habits::default()
    };
    for seed in 0..6 {
        let scene = a_scene(1);
        populate(&scene.shops[0], Size::of(40), seed);
        let mut world = scene.world_of(seed, habits);
        let mut client = Careful::default();
        for step in 0..1500 {
            world.step();
            if step % 7 == 0 {
                client.look(&scene);
            }
            scene.clock.advance(HOUR);
        }
        assert_eq!(world.violations(), [], "seed {seed}");
    }
}

#[test]
fn a_client_that_subscribes_everybody_anew_is_caught() {
    let scene = a_scene(1);
    let mut world = scene.world(3);
    let mut client = Careful::default();
    for _ in 0..300 {
        world.step();
        client.look(&scene);
        scene.clock.advance(HOUR);
    }
    assert_eq!(
        world
            .violations()
            .iter()
            .filter(|v| v.refusal.place == Where::Sare)
            .count(),
        0
    );
    let everybody: Vec<Value> = scene.accounts[0]
        .contacts()
        .iter()
        .filter(|contact| contact.status < 7)
        .map(|contact| json!({ "email": contact.email, "status": 8 }))
        .collect();
    add(&scene.accounts[0], RAISE, everybody.into());
    let caught = world.violations();
    assert!(caught.len() > 5, "{}", caught.len());
    assert!(
        caught
            .iter()
            .any(|violation| violation.refusal.place == Where::Sare)
    );
    assert!(
        caught
            .iter()
            .any(|violation| violation.refusal.place == Where::Shop)
    );
}

/// A world in which nothing happens by itself, with Anna as an active subscriber and in SARE.
fn with_anna() -> (Scene, World) {
    let scene = a_scene(1);
    scene.shops[0].add_subscriber(ANNA, true);
    let mut world = scene.world_of(1, Habits::none());
    scene.add(&[], json!({ "email": ANNA, "status": 8 }));
    assert_eq!(world.violations(), []);
    scene.clock.advance(HOUR * 48);
    (scene, world)
}

#[test]
fn raising_somebody_who_clicked_is_a_violation_until_they_opt_in_again() {
    let (scene, mut world) = with_anna();
    scene.accounts[0].recipient_clicks_unsubscribe(ANNA);
    scene.add(RAISE, json!({ "email": ANNA, "status": 8 }));
    let violations = world.violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(
        (violations[0].made, violations[0].refusal.place),
        (Made::Mailable { from: Some(4) }, Where::Sare)
    );

    let (scene, mut world) = with_anna();
    scene.accounts[0].recipient_clicks_unsubscribe(ANNA);
    world.people_do(0, &[ANNA], |shop| shop.set_subscriber_active(1, false));
    assert!(world.refusal(0, "Anna@Example.com").is_some());
    world.people_do(0, &[ANNA], |shop| shop.set_subscriber_active(1, true));
    scene.add(RAISE, json!({ "email": ANNA, "status": 8 }));
    assert_eq!(world.violations(), []);
}

#[test]
fn asking_somebody_who_refused_to_confirm_is_a_violation_too() {
    let (scene, mut world) = with_anna();
    scene.accounts[0].operator_signs_out(ANNA);
    scene.add(
        &["update_status_on_duplicate", "send_confirmation"],
        json!({ "email": ANNA, "status": 6 }),
    );
    assert_eq!(world.violations()[0].made, Made::AskedToConfirm);
    scene.accounts[0].recipient_confirms(ANNA);
    scene.add(RAISE, json!({ "email": ANNA, "status": 6 }));
    scene.add(RAISE, json!({ "email": ANNA, "status": 8 }));
    assert_eq!(world.violations().len(), 1, "who confirmed has opted in");
}

#[test]
fn a_refusal_outlives_the_contact_in_sare() {
    let (scene, mut world) = with_anna();
    scene.accounts[0].recipient_clicks_unsubscribe(ANNA);
    scene.accounts[0].delete(ANNA);
    scene.add(&[], json!({ "email": ANNA, "status": 8 }));
    assert_eq!(world.violations()[0].made, Made::Mailable { from: None });
    let (scene, mut world) = with_anna();
    scene.accounts[0].delete(ANNA);
    scene.add(&[], json!({ "email": ANNA, "status": 8 }));
    assert_eq!(world.violations(), [], "a deletion alone refuses nothing");
}

#[test]
fn a_yes_withdrawn_in_the_shop_is_a_refusal_where_no_other_stands_or_it_was_surely_seen() {
    for (hours, flag, refused) in [
        (48, false, true),
        (1, false, true),
        (48, true, true),
        (1, true, false),
    ] {
        let scene = a_scene(1);
        scene.shops[0].add_customer(NewCustomer::new(ANNA).newsletter(flag));
        let mut world = scene.world_of(1, Habits::none());
        world.people_do(0, &[ANNA], |shop| shop.add_subscriber(ANNA, true));
        scene.clock.advance(HOUR * hours);
        world.people_do(0, &[ANNA], |shop| shop.set_subscriber_active(1, false));
        scene.add(&[], json!({ "email": ANNA, "status": 8 }));
        assert_eq!(
            !world.violations().is_empty(),
            refused,
            "{hours} hours, flag {flag}"
        );
    }
}

#[test]
fn a_refusal_follows_the_person_to_another_address() {
    const NEW: &str = "anna.nowak@example.com";
    for (has_own_row, refused) in [(false, true), (true, false)] {
        let scene = a_scene(1);
        scene.shops[0].add_customer(NewCustomer::new(ANNA).newsletter(true));
        if has_own_row {
            scene.shops[0].add_subscriber(NEW, true);
        }
        let mut world = scene.world_of(1, Habits::none());
        scene.add(&[], json!({ "email": ANNA, "status": 8 }));
        scene.accounts[0].recipient_clicks_unsubscribe(ANNA);
        world.people_do(0, &[ANNA, NEW], |shop| {
            shop.edit_customer(1, |row| row.email = NEW.into())
        });
        scene.add(&[], json!({ "email": NEW, "status": 8 }));
        let violations = world.violations();
        assert_eq!(violations.len(), usize::from(refused));
        assert!(
            violations
                .iter()
                .all(|violation| violation.refusal.place == Where::OtherAddress)
        );
    }
}

#[test]
fn what_people_do_in_sare_and_what_was_asked_before_a_refusal_is_no_fault_of_the_api() {
    let (scene, mut world) = with_anna();
    scene.accounts[0].recipient_clicks_unsubscribe(ANNA);
    scene.accounts[0].operator_sets_status(ANNA, 8);
    assert_eq!(world.violations(), []);
    assert_eq!(
        world.refusal(0, ANNA),
        None,
        "an operator who subscribes somebody answers for it"
    );

    let (scene, mut world) = with_anna();
    scene.accounts[0].change_settings(|s| s.async_processing = Duration::from_secs(60));
    scene.accounts[0].operator_sets_status(ANNA, 6);
    scene.add(RAISE, json!({ "email": ANNA, "status": 8 }));
    scene.clock.advance(Duration::from_secs(30));
    scene.accounts[0].operator_sets_status(ANNA, 4);
    scene.clock.advance(Duration::from_secs(60));
    assert_eq!(scene.accounts[0].contact(ANNA).unwrap().status, 8);
    assert_eq!(world.violations(), []);
}

#[test]
fn statuses_from_before_the_story_are_refusals_as_well() {
    let scene = a_scene(1);
    scene.accounts[0].put_contact(ANNA, 3, &[]);
    scene.accounts[0].put_contact("ewa@example.com", 6, &[]);
    let mut world = scene.world_of(1, Habits::none());
    for email in [ANNA, "ewa@example.com"] {
        scene.add(RAISE, json!({ "email": email, "status": 8 }));
    }
    let violations = world.violations();
    assert_eq!((violations.len(), violations[0].email()), (1, ANNA));
}

#[test]
#[should_panic(expected = "every shop has one account")]
fn a_shop_without_an_account_is_a_mistake() {
    let scene = a_scene(2);
    World::new(1, scene.shops, Vec::new());
}
