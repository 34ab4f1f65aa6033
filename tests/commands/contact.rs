//! `contact explain`.

use crate::world::{CONFIG, World};

#[test]
fn a_synchronised_contact_is_told_in_three_columns_that_agree() {
    let world = World::synchronised();
    let told = world
        .run(&["contact", "explain", &world.host, "Anna@Example.com", "--json"])
        .with_code(0)
        .json();
    assert_eq!(told["outcome"], "synchronised");
    assert_eq!(told["in_sare"]["status"], 8);
    assert_eq!(told["sent_is_current"], true, "{told}");
    let column = |name: &str| {
        let rows = told["columns"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["field"] == name)
            .unwrap_or_else(|| panic!("{name} is not in {told}"));
        ["shop", "sent", "sare"].map(|side| row[side].as_str().unwrap().to_owned())
    };
    assert_eq!(column("name"), ["Anna Nowak", "as now", "Anna Nowak"]);
    assert_eq!(column("gsm"), ["+48600700800", "as now", "+48600700800"]);
    assert_eq!(column("prop2"), ["pl_PL", "as now", "pl_PL"]);
    assert_eq!(column("groups"), ["21, 22", "21, 22", "21, 22"]);
    let text = world
        .run(&["contact", "explain", &world.host, "anna@example.com"])
        .with_code(0);
    text.saying("a customer (number 1) who wants the newsletter, and an active newsletter subscriber")
        .saying("SARE has it with status 8 (subscribed and confirmed, gets newsletters), in groups 21, 22.")
        .saying("The data in SARE is up to date.")
        .saying("added to SARE");
}

#[test]
fn a_story_is_told_in_the_language_of_the_environment_and_stays_the_same_for_scripts() {
    let world = World::synchronised();
    let explain = ["contact", "explain", &world.host, "anna@example.com"];
    let polish = [("LANG", "pl_PL.UTF-8")];
    world
        .run_with(&explain, &polish, "")
        .with_code(0)
        .saying("W sklepie jest to klient (nr 1) ze zgodą na newsletter oraz aktywny subskrybent")
        .saying("Dane w SARE są aktualne.")
        .saying("W SARE teraz")
        .saying("dodano do SARE");
    let told = world
        .run_with(&[&explain[..], &["--json"]].concat(), &polish, "")
        .with_code(0)
        .json();
    assert_eq!(told["columns"][0]["field"], "consent / status");
    assert!(
        told["sentences"][1].as_str().unwrap().starts_with("W sklepie"),
        "{told}"
    );
}

#[test]
fn a_change_that_has_not_been_sent_shows_as_one() {
    let world = World::synchronised();
    let id = world.shop.customer_by_email("jan@example.com").unwrap().id;
    world.shop.edit_customer(id, |row| row.lastname = "Nowy".into());
    let told = world
        .run(&["contact", "explain", &world.host, "jan@example.com"])
        .with_code(0);
    told.saying("The data in the shop has changed since then.")
        .saying("not as now")
        .saying("Jan Nowy")
        .saying("Jan Kowalski")
        .saying("The next synchronisation will update the data in SARE.");
}

#[test]
fn what_the_next_synchronisation_will_do_is_told_and_done() {
    let world = World::synchronised();
    let explain = |address: &'static str| {
        world
            .run(&["contact", "explain", &world.host, address])
            .with_code(0)
    };
    assert!(
        !explain("anna@example.com")
            .out
            .contains("The next synchronisation"),
        "nothing is left to do"
    );
    let jan = world.shop.customer_by_email("jan@example.com").unwrap().id;
    world.shop.edit_customer(jan, |row| row.newsletter = false);
    assert!(world.sare.operator_sets_status("anna@example.com", 4));
    explain("jan@example.com").saying("The next synchronisation will unsubscribe this person in SARE.");
    explain("anna@example.com")
        .saying("The next synchronisation will switch off this person's newsletter in the shop.");
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert!(world.sare.contact("jan@example.com").unwrap().status != 8);
    for address in ["jan@example.com", "anna@example.com"] {
        assert!(
            !explain(address).out.contains("The next synchronisation"),
            "{address}"
        );
    }
}

#[test]
fn a_refusal_is_told_with_its_origin_and_why_nothing_is_sent() {
    let world = World::configured();
    world.sare.put_contact("piotr@example.com", 4, &[1]);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let told = world
        .run(&["contact", "explain", &world.host, "piotr@example.com"])
        .with_code(0);
    told.saying("It is suppressed")
        .saying("SARE had a refusal when the contact was first seen")
        .saying("had refused in SARE before")
        .saying("We have never sent this contact to SARE.");
}

#[test]
fn either_side_may_be_away() {
    let world = World::synchronised();
    world.shop.lock_application(true);
    let explain = ["contact", "explain", &world.host, "anna@example.com"];
    world
        .run(&explain)
        .with_code(0)
        .saying("The shop could not be asked now")
        .saying("SARE has it with status 8");
    world.shop.lock_application(false);
    let nobody = [("SARE_API_URL", "http://127.0.0.1:1/api/v1")];
    world
        .run_with(&explain, &nobody, "")
        .with_code(0)
        .saying("SARE could not be asked now")
        .saying("In the shop this is");
    let stranger = ["contact", "explain", &world.host, "nikt@example.com"];
    world
        .run_with(&stranger, &nobody, "")
        .with_code(6)
        .saying("anybody who could be asked");
}

#[test]
fn an_address_that_nobody_knows_is_no_contact() {
    let world = World::synchronised();
    world
        .run(&["contact", "explain", &world.host, "nikt@example.com"])
        .with_code(5)
        .saying("nikt@example.com");
    let told = world
        .run(&["contact", "explain", &world.host, "nikt@example.com", "--json"])
        .with_code(5)
        .json();
    assert_eq!(told["known"], false);
    world
        .run(&["contact", "explain", &world.host, "nikt"])
        .with_code(2)
        .saying("no e-mail address");
    world
        .run(&["contact", "explain", "nobody.example", "anna@example.com"])
        .with_code(5)
        .saying("there is no shop");
}

#[test]
fn a_contact_left_out_by_choice_is_told_as_such() {
    let world = World::new();
    world.connect();
    world.shop.add_subscriber("marek@example.com", false);
    let config = CONFIG.replace("group = 22", "group = 22\nwithout_consent = \"skip\"");
    world.import(&config).with_code(0);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let told = world
        .run(&["contact", "explain", &world.host, "marek@example.com"])
        .with_code(0);
    told.saying("left out by the merchant's choice")
        .saying("SARE does not have this address.");
}

#[test]
fn a_refusal_not_noticed_yet_is_told_before_anything_else_of_the_ledger() {
    let world = World::synchronised();
    world.sare.put_contact("anna@example.com", 4, &[21, 22]);
    let explain = ["contact", "explain", &world.host, "anna@example.com"];
    let told = world
        .run(&explain)
        .with_code(0)
        .saying("SARE has it with status 4 (willingness to unsubscribe)")
        .saying("This person refused the newsletter in SARE, and we have not noticed it yet.");
    assert!(!told.out.contains("It is synchronised"), "{told:#?}");
}
