//! `shop sync`, the brake, pausing, and problems.

use simulators::sare::PropKind;

use crate::world::{CONFIG, World};

#[test]
fn the_first_synchronisation_brings_everybody_with_the_right_consent() {
    let world = World::configured();
    world.sare.put_contact("piotr@example.com", 4, &[1]);
    let run = world
        .run(&["shop", "sync", &world.host, "--json"])
        .with_code(0)
        .json();
    assert_eq!(
        (run["kind"].as_str(), run["state"].as_str()),
        (Some("first"), Some("done"))
    );
    let counters = &run["progress"]["counters"];
    assert_eq!(
        (counters["added"].as_i64(), counters["suppressed"].as_i64()),
        (Some(5), Some(1)),
        "{run}"
    );

    let anna = world.sare.contact("anna@example.com").unwrap();
    assert_eq!((anna.status, anna.groups.as_slice()), (8, &[21, 22][..]));
    assert_eq!(
        (anna.name.as_str(), anna.gsm.as_str()),
        ("Anna Nowak", "+48600700800")
    );
    assert_eq!(
        (anna.prop["prop1"].as_str(), anna.prop["prop2"].as_str()),
        ("Rybnik", "pl_PL")
    );
    assert_eq!(anna.prop_cust["miasto"], "Rybnik");
    assert_eq!(world.sare.contact("ewa@example.com").unwrap().status, 6);
    assert_eq!(world.sare.contact("marek@example.com").unwrap().status, 6);
    let piotr = world.sare.contact("piotr@example.com").unwrap();
    assert_eq!(
        (piotr.status, piotr.groups.as_slice()),
        (4, &[1][..]),
        "a refusal is not touched"
    );
    assert_eq!(world.show()["synchronised"], 5);
}

#[test]
fn a_dry_run_states_what_would_change_and_changes_nothing() {
    let world = World::synchronised();
    world.shop.add_subscriber("nowa@example.com", true);
    let before = world.sare.contacts();
    let run = world
        .run(&["shop", "sync", &world.host, "--dry-run", "--json"])
        .with_code(0)
        .json();
    assert_eq!(run["kind"], "dry-run");
    assert_eq!(run["progress"]["statement"]["mailable"], 1, "{run}");
    world
        .run(&["shop", "sync", &world.host, "--dry-run"])
        .with_code(0)
        .saying("Would become mailable: 1");
    assert_eq!(world.sare.contacts(), before);
}

#[test]
fn a_dry_run_before_the_first_synchronisation_states_what_that_will_do() {
    let world = World::configured();
    world
        .run(&["shop", "sync", &world.host, "--dry-run"])
        .with_code(0)
        .saying("Would become mailable: 4")
        .saying("Added 6");
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(world.sare.len(), 6);
}

#[test]
fn a_forced_run_that_would_make_somebody_mailable_does_not_start_unless_told_to() {
    let world = World::synchronised();
    world.shop.add_subscriber("nowa@example.com", true);
    world
        .run(&["shop", "sync", &world.host])
        .with_code(3)
        .saying("--allow-mailable");
    assert!(world.sare.contact("nowa@example.com").is_none());
    world
        .run(&["shop", "sync", &world.host, "--allow-mailable"])
        .with_code(0);
    assert_eq!(world.sare.contact("nowa@example.com").unwrap().status, 8);
}

#[test]
fn the_brake_stops_a_run_until_a_person_lets_it_go() {
    let world = World::synchronised();
    for email in ["anna@example.com", "jan@example.com", "piotr@example.com"] {
        let id = world.shop.customer_by_email(email).unwrap().id;
        world.shop.edit_customer(id, |row| row.newsletter = false);
    }
    for email in ["anna@example.com", "ola@example.com"] {
        let id = world.shop.subscriber_by_email(email).unwrap().id;
        world.shop.set_subscriber_active(id, false);
    }
    world
        .run(&["shop", "sync", &world.host])
        .with_code(4)
        .saying("--release-brake");
    assert_eq!(world.sare.mailable().len(), 4, "nothing was done");
    world
        .run(&["shop", "problems", &world.host])
        .with_code(1)
        .saying("unusually large number of people");
    world.run(&["shop", "sync", &world.host]).with_code(4);
    let resumed = world
        .run(&["shop", "resume", &world.host, "--release-brake", "--json"])
        .with_code(0)
        .json();
    assert_eq!(resumed["result"], "brake-released");
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(world.sare.mailable().len(), 0);
    world
        .run(&["shop", "problems", &world.host])
        .with_code(0)
        .saying("No problems");
    world
        .run(&["shop", "resume", &world.host, "--release-brake"])
        .with_code(0)
        .saying("Nothing was held");
}

#[test]
fn a_paused_shop_is_not_synchronised_until_it_is_resumed() {
    let world = World::configured();
    let paused = world
        .run(&["shop", "pause", &world.host, "--json"])
        .with_code(0)
        .json();
    assert_eq!(paused["result"], "paused");
    assert_eq!(world.show()["paused"], true);
    world
        .run(&["shop", "sync", &world.host])
        .with_code(2)
        .saying("shop resume");
    assert!(world.sare.is_empty());
    world
        .run(&["shop", "resume", &world.host])
        .with_code(0)
        .saying("goes on");
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(world.sare.len(), 6);
}

#[test]
fn a_run_can_be_asked_for_without_waiting() {
    let world = World::synchronised();
    let asked = world
        .run(&["shop", "sync", &world.host, "--no-wait", "--json"])
        .with_code(0)
        .json();
    let again = world
        .run(&["shop", "sync", &world.host, "--no-wait", "--json"])
        .with_code(0)
        .json();
    assert_eq!(asked["id"], again["id"], "there is one run at a time");
    assert_eq!(world.show()["run"]["state"], "queued");
}

#[test]
fn a_shop_without_a_configuration_is_told_how_to_get_one() {
    let world = World::new();
    world.connect();
    world
        .run(&["shop", "sync", &world.host])
        .with_code(2)
        .saying("shop config import");
    world
        .run(&["shop", "audit", &world.host])
        .with_code(2)
        .saying("shop config import");
}

#[test]
fn a_contact_that_sare_refuses_is_a_problem_with_cause_and_remedy_and_can_be_retried() {
    let world = World::configured();
    world.sare.change_settings(|settings| {
        for prop in settings.props.iter_mut().filter(|prop| prop.id == "prop1") {
            prop.kind = PropKind::text(3);
        }
    });
    world
        .run(&["shop", "sync", &world.host])
        .with_code(0)
        .saying("3 failed");
    let problems = world
        .run(&["shop", "problems", &world.host, "--json"])
        .with_code(1)
        .json();
    let anna = problems
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["who"] == "anna@example.com")
        .unwrap();
    assert_eq!(anna["healer"], "merchant");
    assert_eq!(
        (anna["kind"].as_str(), anna["final"].as_bool()),
        (Some("sare-refused"), Some(true))
    );
    assert!(anna["remedy"].as_str().unwrap().contains("when you choose"));
    world
        .run(&["shop", "problems", &world.host])
        .with_code(1)
        .saying("anna@example.com");
    world
        .run(&["shop", "audit", &world.host])
        .with_code(0)
        .saying("Explained: 4 (could not be written");

    world.sare.change_settings(|settings| {
        for prop in settings.props.iter_mut().filter(|prop| prop.id == "prop1") {
            prop.kind = PropKind::text(100);
        }
    });
    let retried = world
        .run(&["shop", "problems", &world.host, "--retry", "--json"])
        .with_code(0)
        .json();
    assert_eq!(retried["retried"], 4);
    world
        .run(&["shop", "sync", &world.host, "--allow-mailable"])
        .with_code(0);
    world
        .run(&["shop", "problems", &world.host])
        .with_code(0)
        .saying("No problems");
    assert_eq!(world.sare.contact("anna@example.com").unwrap().status, 8);
}

#[test]
fn a_new_mapping_reaches_old_contacts() {
    let world = World::synchronised();
    world
        .import(&CONFIG.replace("prop1 = \"address.city\"", "prop5 = \"address.zip_code\""))
        .with_code(0);
    let run = world
        .run(&["shop", "sync", &world.host, "--json"])
        .with_code(0)
        .json();
    assert_eq!(
        (run["kind"].as_str(), run["state"].as_str()),
        (Some("backfill"), Some("done")),
        "{run}"
    );
    assert_eq!(
        world.sare.contact("anna@example.com").unwrap().prop["prop5"],
        "44-200"
    );
}

#[test]
fn consents_that_wait_for_a_decision_are_told_on_the_command_line() {
    let world = World::configured();
    let anna = world.shop.subscriber_by_email("anna@example.com").unwrap();
    world.shop.set_subscriber_active(anna.id, false);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let shown = world.show();
    assert_eq!(shown["consents_to_decide"], 1, "{shown}");
    assert_eq!(shown["refusals_to_apply"], 0, "{shown}");
    world
        .run(&["shop", "problems", &world.host])
        .saying("Consents that wait for a decision: 1.");
}
