//! `shop audit` finds what was planted, and explains what is as it should be.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulators::sare::ContactShape;
use simulators::shoper::{FilterMode, Spoiling, Spoilt};

use crate::world::{CONFIG, World};

fn audit(world: &World, code: i32) -> Value {
    world
        .run(&["shop", "audit", &world.host, "--json"])
        .with_code(code)
        .json()
}

/// What the audit says of a contact.
fn found<'a>(report: &'a Value, contact: &str) -> &'a Value {
    let differences = report["differences"].as_array().unwrap();
    let entry = differences.iter().find(|entry| entry["contact"] == contact);
    &entry.unwrap_or_else(|| panic!("{contact} is not in {report}"))["differences"]
}

#[test]
fn after_a_synchronisation_nothing_differs() {
    let world = World::synchronised();
    let report = audit(&world, 0);
    assert_eq!(
        (report["compared"].as_i64(), report["equal"].as_i64()),
        (Some(6), Some(6)),
        "{report}"
    );
    assert_eq!(
        (report["customers"].as_i64(), report["subscribers"].as_i64()),
        (Some(4), Some(3))
    );
    world
        .run(&["shop", "audit", &world.host])
        .with_code(0)
        .saying("Unexplained: 0.");
}

#[test]
fn every_planted_difference_is_found_and_named() {
    let world = World::synchronised();
    world.sare.delete("jan@example.com");
    let mut anna = world.sare.contact("anna@example.com").unwrap();
    anna.name = "Hanna Nowak".to_owned();
    anna.prop_cust.insert("miasto".to_owned(), "Żory".to_owned());
    anna.groups = vec![21];
    world.sare.put_contact_with(&anna);
    let report = audit(&world, 1);
    assert_eq!(report["unexplained"], 2, "{report}");
    assert_eq!(found(&report, "jan@example.com"), &json!([{ "kind": "missing" }]));
    let expected = json!([
        { "kind": "not-in-group", "what": 22 },
        { "kind": "field", "what": "name" },
        { "kind": "field", "what": "custom.miasto" },
    ]);
    assert_eq!(found(&report, "anna@example.com"), &expected);
    let told = world
        .run(&["shop", "audit", &world.host, "--limit", "1"])
        .with_code(1);
    told.saying("anna@example.com").saying("and 1 more");
}

#[test]
fn a_person_who_withdrew_and_is_mailed_is_found() {
    let world = World::synchronised();
    let id = world.shop.subscriber_by_email("ola@example.com").unwrap().id;
    world.shop.set_subscriber_active(id, false);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(world.sare.contact("ola@example.com").unwrap().status, 4);
    assert_eq!(audit(&world, 0)["unexplained"], 0);
    world.sare.operator_sets_status("ola@example.com", 8);
    let report = audit(&world, 1);
    assert_eq!(
        found(&report, "ola@example.com")[0]["kind"],
        "not-unsubscribed",
        "{report}"
    );
}

#[test]
fn a_refusal_in_sare_that_has_not_been_noticed_is_found() {
    let world = World::synchronised();
    assert!(world.sare.recipient_clicks_unsubscribe("ola@example.com"));
    let report = audit(&world, 1);
    assert_eq!(
        found(&report, "ola@example.com"),
        &json!([{ "kind": "refusal-not-noticed" }])
    );
}

#[test]
fn refused_blocked_and_foreign_contacts_are_explained() {
    let world = World::configured();
    world.sare.put_contact("piotr@example.com", 4, &[1]);
    world.sare.put_contact("jan@example.com", 7, &[]);
    world.sare.put_contact("ewa@example.com", 8, &[]);
    world.sare.put_contact("obcy@example.org", 8, &[21]);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let report = audit(&world, 0);
    let reasons = json!({ "already-refused": 1, "blocked": 1, "status-kept": 1, "not-from-the-shop": 1 });
    assert_eq!(report["reasons"], reasons, "{report}");
}

#[test]
fn a_contact_deleted_in_the_shop_and_still_in_its_group_is_found() {
    let world = World::synchronised();
    let id = world.shop.customer_by_email("jan@example.com").unwrap().id;
    world.shop.delete_customer(id);
    let report = audit(&world, 1);
    assert_eq!(
        found(&report, "jan@example.com"),
        &json!([{ "kind": "not-in-shop" }])
    );
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(audit(&world, 0)["compared"], 5);

    world.sare.put_contact("jan@example.com", 8, &[21]);
    assert_eq!(
        found(&audit(&world, 1), "jan@example.com"),
        &json!([{ "kind": "not-in-shop" }])
    );
    world
        .import(&CONFIG.replace("[brake]", "[deleted]\naction = \"keep\"\n[brake]"))
        .with_code(0);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(audit(&world, 0)["reasons"]["kept-after-deletion"], 1);
}

#[test]
fn contacts_are_found_in_whatever_shape_sare_tells_them() {
    let world = World::synchronised();
    for shape in [
        ContactShape::NumbersAsStrings,
        ContactShape::NoGroups,
        ContactShape::OneItemList,
    ] {
        world
            .sare
            .change_settings(|settings| settings.contact_shape = shape);
        assert_eq!(audit(&world, 0)["equal"], 6, "{shape:?}");
    }
    world.sare.delete("jan@example.com");
    assert_eq!(audit(&world, 1)["unexplained"], 1);
}

#[test]
fn nothing_is_concluded_while_a_service_refuses() {
    let world = World::synchronised();
    world
        .sare
        .change_settings(|settings| settings.api_key = "another".to_owned());
    world
        .run(&["shop", "audit", &world.host])
        .with_code(2)
        .saying("refuses the UID or the API key");
}

#[test]
fn the_server_proves_by_itself_that_both_sides_are_equal_and_finds_what_is_not() {
    let world = World::synchronised();
    let shown = |world: &World| world.show()["audit"].clone();
    assert!(shown(&world).is_null());
    let mut command = world.command(&["serve"]);
    command
        .env("LISTEN", "127.0.0.1:0")
        .env("AUDIT_HOURS", "0.0003")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut server = command.spawn().unwrap();
    let until = |is: &dyn Fn(&Value) -> bool| {
        let begun = Instant::now();
        loop {
            let audit = shown(&world);
            if is(&audit) || begun.elapsed() > Duration::from_secs(60) {
                return audit;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let equal = until(&|audit| audit["compared"] == 6);
    world.sare.delete("jan@example.com");
    let differs = until(&|audit| audit["unexplained"] == 1);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(
        (&equal["compared"], &equal["unexplained"]),
        (&json!(6), &json!(0)),
        "{equal}"
    );
    assert_eq!(differs["unexplained"], 1, "{differs}");
}

#[test]
fn two_spellings_of_one_address_are_no_difference() {
    let world = World::configured();
    world.shop.add_subscriber("EWA@example.com", true);
    world
        .import(&CONFIG.replace("prop2 = \"language\"", "prop2 = \"email\""))
        .with_code(0);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let ewa = world.sare.contact("ewa@example.com").unwrap();
    assert_eq!(ewa.prop["prop2"], "ewa@example.com");
    assert_eq!(audit(&world, 0)["unexplained"], 0);
}

#[test]
fn records_that_the_shop_cannot_show_hide_no_other_from_the_audit() {
    let world = World::configured();
    for n in 0..60 {
        world.shop.add_subscriber(format!("s{n}@example.com"), true);
    }
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let id = |email: &str| world.shop.subscriber_by_email(email).unwrap().id;
    // One in the middle, and the last ones of a page.
    let bad = [
        "s20@example.com",
        "s46@example.com",
        "s47@example.com",
        "s59@example.com",
    ];
    let spoilt = bad.map(|email| Spoilt::new("subscribers", id(email), Spoiling::Status(418)));
    world.sare.delete("s50@example.com");
    for by_number in [false, true] {
        world.shop.configure(|settings| {
            settings.spoilt = spoilt.to_vec();
            settings.subscriber_filter = if by_number {
                FilterMode::Ignored
            } else {
                FilterMode::Works
            };
        });
        let report = audit(&world, 1);
        assert_eq!(report["unreadable"], 4, "{report}");
        assert_eq!(report["unexplained"], 1, "{report}");
        assert_eq!(found(&report, "s50@example.com"), &json!([{ "kind": "missing" }]));
    }
}
