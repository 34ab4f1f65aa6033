//! What each call and each hand from outside does to a contact (sare-api.md 5, 6 and 15).

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{DELETED, EmptyValue, RefusedStatus, Reject, StatusChange, Who};
use super::{ANNA, CONFIRM, DATA, JAN, KEEP, NOW, STATUS, a_plain_account, an_account};

#[test]
fn the_body_of_the_reference_is_stored_whole() {
    let world = a_plain_account();
    let body = json!({
        "only_add_to_groups": true,
        "update_on_duplicate": true,
        "update_status_on_duplicate": false,
        "send_confirmation": false,
        "update_user_data_after_confirmation": false,
        "emails": [{
            "email": "jan.kowalski@example.com",
            "gsm": "+48500600700",
            "status": 8,
            "groups": [1, 21],
            "name": "Jan Kowalski",
            "interface": 1,
            "mail_type": ["text", "HTML"],
            "comment": "Shoper",
            "prop": { "prop1": "Jan", "prop2": "Kowalski" },
            "prop_cust": { "miasto": "Rybnik" }
        }]
    });
    let (status, answer) = world.post("/email/add", &body);
    assert_eq!((status, &answer["response"]["error"]), (200, &json!([])));
    let jan = world.contact(JAN);
    assert_eq!(
        (jan.status, jan.groups.as_slice(), jan.interface),
        (8, &[1, 21][..], 1)
    );
    assert_eq!(
        (jan.name.as_str(), jan.gsm.as_str(), jan.comment.as_str()),
        ("Jan Kowalski", "+48500600700", "Shoper")
    );
    assert_eq!(jan.mail_type, ["text", "HTML"]);
    assert_eq!(
        (jan.prop["prop1"].as_str(), jan.prop["prop2"].as_str()),
        ("Jan", "Kowalski")
    );
    assert_eq!(jan.prop_cust["miasto"], "Rybnik");
    assert_eq!(world.account.confirmations_sent(), 0);
}

#[test]
fn a_new_contact_without_a_status_is_unconfirmed() {
    let world = a_plain_account();
    world.add_one(&[], &json!({ "email": ANNA }));
    assert_eq!((world.status(ANNA), world.contact(ANNA).groups), (6, vec![]));
}

#[test]
fn groups_are_kept_or_left_behind_as_the_flag_says() {
    let world = a_plain_account().with(ANNA, 8, &[1, 2]);
    world.add_one(&[KEEP], &json!({ "email": ANNA, "groups": [21] }));
    assert_eq!(world.contact(ANNA).groups, [1, 2, 21]);
    world.add_one(&[], &json!({ "email": ANNA }));
    assert_eq!(world.contact(ANNA).groups, [1, 2, 21]);
    world.add_one(&[DATA], &json!({ "email": ANNA, "groups": [22] }));
    assert_eq!(world.contact(ANNA).groups, [22]);
    world.add_one(&[], &json!({ "email": ANNA, "groups": [0] }));
    assert_eq!(world.contact(ANNA).groups, [] as [i64; 0]);
}

#[test]
fn data_and_status_each_follow_their_own_flag() {
    let item = json!({ "email": ANNA, "status": 8, "name": "Anna" });
    for (flags, name, status) in [
        (&[][..], "", 6),
        (&[DATA][..], "Anna", 6),
        (&[STATUS][..], "", 8),
        (&[DATA, STATUS][..], "Anna", 8),
    ] {
        let world = a_plain_account().with(ANNA, 6, &[]);
        world.add_one(flags, &item);
        assert_eq!(
            (world.contact(ANNA).name.as_str(), world.status(ANNA)),
            (name, status),
            "{flags:?}"
        );
    }
}

#[test]
fn a_status_update_without_a_status_means_the_default() {
    let world = a_plain_account().with(ANNA, 8, &[]);
    world.add_one(&[STATUS], &json!({ "email": ANNA }));
    assert_eq!(world.status(ANNA), 6);
}

#[test]
fn a_refused_contact_can_be_resubscribed_by_the_api_and_the_log_tells() {
    let world = a_plain_account().with(ANNA, 4, &[]);
    world.wait(Duration::from_secs(1));
    world.add_one(&[STATUS], &json!({ "email": "ANNA@example.com", "status": 8 }));
    let change = StatusChange {
        email: ANNA.to_owned(),
        from: Some(4),
        to: 8,
        at: NOW + 1000,
        by: Who::Api,
    };
    assert_eq!(world.account.status_log().last(), Some(&change));
    assert!(world.account.mailable().contains(ANNA));
}

#[test]
fn only_the_statuses_that_are_set_can_be_updated() {
    let item = json!({ "email": ANNA, "status": 4, "name": "Anna" });
    let world = an_account(|s| s.updatable_statuses = vec![3, 6, 8]).with(ANNA, 8, &[]);
    world.add_one(&[DATA, STATUS], &item);
    assert_eq!(
        (world.status(ANNA), world.contact(ANNA).name.as_str()),
        (8, "Anna")
    );
    world.add_one(&[STATUS], &json!({ "email": ANNA, "status": 3 }));
    assert_eq!(world.status(ANNA), 3);

    let world = an_account(|s| {
        s.updatable_statuses = vec![3, 6, 8];
        s.refused_status = RefusedStatus::Error;
    });
    let world = world.with(ANNA, 8, &[]);
    assert_eq!(
        world.refusal(&[DATA, STATUS], &item),
        "niedozwolona zmiana statusu"
    );
    assert_eq!((world.status(ANNA), world.contact(ANNA).name.as_str()), (8, ""));
}

#[test]
fn an_account_deaf_to_lowerings_says_yes_and_goes_on_mailing() {
    let withdrawn = json!({ "email": ANNA, "status": 4 });
    let world = an_account(|s| s.deaf_to_lowering_until = NOW + 2_000).with(ANNA, 8, &[]);
    world.add_one(&[STATUS], &withdrawn);
    assert_eq!(world.status(ANNA), 8);
    world.account.change_settings(|s| s.deaf_to_lowering_until = 0);
    world.add_one(&[STATUS], &withdrawn);
    assert_eq!(world.status(ANNA), 4);
}

#[test]
fn a_data_update_can_be_made_to_spoil_the_status() {
    let item = json!({ "email": ANNA, "name": "Anna" });
    let world = a_plain_account().with(ANNA, 4, &[]);
    world.add_one(&[KEEP, DATA], &item);
    assert_eq!(world.status(ANNA), 4);
    world
        .account
        .change_settings(|s| s.data_update_changes_status = true);
    world.add_one(&[KEEP, DATA], &item);
    assert_eq!(world.status(ANNA), 8);
}

#[test]
fn absent_data_stay_unless_set_otherwise() {
    let world = a_plain_account();
    world.add_one(
        &[],
        &json!({ "email": ANNA, "name": "Anna", "prop": { "prop1": "a" }, "gsm": "+48500600700" }),
    );
    world.add_one(&[DATA], &json!({ "email": ANNA, "prop": { "prop2": "b" } }));
    let anna = world.contact(ANNA);
    assert_eq!(
        (anna.name.as_str(), anna.prop.len(), anna.gsm.len()),
        ("Anna", 2, 12)
    );
    world.account.change_settings(|s| s.update_clears_absent = true);
    world.add_one(&[DATA], &json!({ "email": ANNA, "prop": { "prop2": "c" } }));
    let anna = world.contact(ANNA);
    assert_eq!(
        (anna.name.as_str(), anna.prop.len(), anna.prop["prop2"].as_str()),
        ("", 1, "c")
    );
}

#[test]
fn empty_values_clear_are_ignored_or_are_refused() {
    let full =
        json!({ "email": ANNA, "name": "Anna", "prop": { "prop1": "a" }, "prop_cust": { "miasto": "x" } });
    let empty =
        json!({ "email": ANNA, "name": "", "prop": { "prop1": "" }, "prop_cust": { "miasto": null } });
    let run = |variant| {
        let world = an_account(|s| s.empty_value = variant);
        world.add_one(&[], &full);
        let errors = world.add(&[DATA], &json!([empty])).1["response"]["error"]
            .as_array()
            .unwrap()
            .len();
        let anna = world.contact(ANNA);
        (errors, anna.name, anna.prop.len() + anna.prop_cust.len())
    };
    assert_eq!(run(EmptyValue::Clears), (0, String::new(), 0));
    assert_eq!(run(EmptyValue::Ignored), (0, "Anna".to_owned(), 2));
    assert_eq!(run(EmptyValue::Refused), (1, "Anna".to_owned(), 2));
}

#[test]
fn values_that_a_property_refuses_spoil_the_contact_the_value_or_nothing() {
    let item = json!({ "email": ANNA, "name": "Anna", "prop_cust": { "plec": "X", "miasto": "Rybnik" } });
    let world = a_plain_account();
    assert_eq!(world.refusal(&[], &item), "niepoprawna wartosc cechy plec");
    assert!(world.account.is_empty());
    world.account.change_settings(|s| s.error_names_property = false);
    assert_eq!(world.refusal(&[], &item), "niepoprawna wartosc cechy");

    let stored = |rule| {
        let world = an_account(|s| s.list_props_reject = rule);
        world.add_one(&[], &item);
        let custom = world.contact(ANNA).prop_cust;
        (custom.get("plec").cloned(), custom.get("miasto").cloned())
    };
    assert_eq!(stored(Reject::Value), (None, Some("Rybnik".to_owned())));
    assert_eq!(
        stored(Reject::Ignored),
        (Some("X".to_owned()), Some("Rybnik".to_owned()))
    );
}

#[test]
fn each_type_of_property_takes_its_values_only() {
    let world = a_plain_account();
    let takes = |name: &str, value: Value| {
        let member = if name.starts_with("prop") {
            "prop"
        } else {
            "prop_cust"
        };
        let (_, answer) = world.add(&[DATA], &json!([{ "email": ANNA, member: { name: value } }]));
        answer["response"]["error"] == json!([])
    };
    assert!(takes("prop1", json!("tekst")) && takes("prop9", json!(12)));
    assert!(!takes("prop1", json!(["list"])) && !takes("prop1", json!("x".repeat(256))));
    assert!(takes("urodziny", json!("1980-02-29")) && !takes("urodziny", json!("29 lutego 1980")));
    assert!(takes("plec", json!("K")) && !takes("plec", json!("k")));
    assert!(takes("punkty", json!("12.5")) && takes("punkty", json!(3)) && !takes("punkty", json!("sto")));
    assert!(
        takes("zgodasms", json!(true)) && takes("zgodasms", json!("nie")) && !takes("zgodasms", json!("?"))
    );
}

#[test]
fn unknown_properties_and_groups_follow_their_settings() {
    for item in [
        json!({ "email": ANNA, "prop_cust": { "rozmiar": "L" } }),
        json!({ "email": ANNA, "prop": { "prop10": "L" } }),
        json!({ "email": ANNA, "prop": { "miasto": "L" } }),
        json!({ "email": ANNA, "groups": [7] }),
    ] {
        let run = |rule| {
            let world = an_account(|s| {
                s.unknown_prop_reject = rule;
                s.unknown_group_reject = rule;
            });
            world.add(&[], &json!([item]));
            world
                .account
                .contact(ANNA)
                .map(|c| (c.prop.len() + c.prop_cust.len(), c.groups))
        };
        assert_eq!(run(Reject::Contact), None);
        assert_eq!(run(Reject::Value), Some((0, vec![])));
    }
    let world = an_account(|s| {
        s.unknown_prop_reject = Reject::Ignored;
        s.unknown_group_reject = Reject::Ignored;
    });
    world.add_one(
        &[],
        &json!({ "email": ANNA, "prop_cust": { "rozmiar": "L" }, "groups": [7] }),
    );
    assert_eq!(
        (
            world.contact(ANNA).prop_cust["rozmiar"].as_str(),
            world.contact(ANNA).groups
        ),
        ("L", vec![7])
    );
}

#[test]
fn malformed_items_are_refused_one_by_one() {
    let world = a_plain_account();
    for item in [
        json!({}),
        json!("anna@example.com"),
        json!({ "email": "no at sign" }),
        json!({ "email": "a b@example.com" }),
        json!({ "email": "a@localhost" }),
        json!({ "email": format!("{}@example.com", "a".repeat(250)) }),
        json!({ "email": ANNA, "status": 9 }),
        json!({ "email": ANNA, "status": "8" }),
        json!({ "email": ANNA, "gsm": "500600700" }),
        json!({ "email": ANNA, "mail_type": ["pdf"] }),
        json!({ "email": ANNA, "interface": 1000 }),
        json!({ "email": ANNA, "groups": ["1"] }),
        json!({ "email": ANNA, "firstname": "Anna" }),
    ] {
        let (status, answer) = world.add(&[], &json!([item, { "email": JAN }]));
        assert_eq!(
            (status, answer["response"]["error"].as_array().unwrap().len()),
            (200, 1),
            "{item}"
        );
        assert_eq!(answer["response"]["success"], json!([{ "email": JAN }]));
    }
    assert_eq!(world.account.len(), 1);
    assert_eq!(
        world
            .post(
                "/email/add",
                &json!({ "emails": [{ "email": ANNA }], "only_add": true })
            )
            .0,
        400
    );
    assert_eq!(
        world
            .post("/email/add", &json!({ "emails": [{ "email": ANNA }], KEEP: 1 }))
            .0,
        400
    );
}

#[test]
fn a_lenient_account_takes_group_strings_and_unknown_members() {
    let world = an_account(|s| {
        s.accepts_group_strings = true;
        s.refuses_unknown_members = false;
    });
    world.add_one(
        &[],
        &json!({ "email": ANNA, "groups": ["1"], "firstname": "Anna" }),
    );
    assert_eq!(world.contact(ANNA).groups, [1]);
}

#[test]
fn a_contact_may_have_a_phone_and_no_address() {
    let world = a_plain_account();
    world.add_one(
        &[],
        &json!({ "gsm": "+48500600700", "name": "Anna", "groups": [1] }),
    );
    world.add_one(&[DATA], &json!({ "gsm": "+48500600700", "name": "Anna N." }));
    assert_eq!(
        (world.account.len(), world.account.contacts()[0].name.as_str()),
        (1, "Anna N.")
    );
    assert!(world.account.mailable().is_empty());
}

#[test]
fn addresses_are_one_in_any_case_and_stored_as_set() {
    let world = a_plain_account();
    world.add_one(&[], &json!({ "email": "Anna@Example.com" }));
    world.add_one(&[DATA], &json!({ "email": ANNA, "name": "Anna" }));
    assert_eq!(
        (world.account.len(), world.contact(ANNA).email.as_str()),
        (1, "Anna@Example.com")
    );

    let world = an_account(|s| s.lower_cases_addresses = true);
    let (_, answer) = world.add(&[], &json!([{ "email": "Anna@Example.com" }]));
    assert_eq!(answer["response"]["success"], json!([{ "email": ANNA }]));
    assert_eq!(world.contact("ANNA@EXAMPLE.COM").email, ANNA);
}

#[test]
fn confirmation_requests_go_to_the_unconfirmed_only() {
    let world = a_plain_account().with(JAN, 4, &[]).with("b@example.com", 7, &[]);
    world.add_one(&[CONFIRM], &json!({ "email": ANNA, "status": 5 }));
    assert_eq!((world.status(ANNA), world.contact(ANNA).confirmations), (6, 1));
    world.add_one(&[CONFIRM], &json!({ "email": "c@example.com", "status": 8 }));
    world.add_one(&[CONFIRM, DATA], &json!({ "email": JAN, "status": 6 }));
    world.add(
        &[CONFIRM, STATUS],
        &json!([{ "email": "b@example.com", "status": 6 }]),
    );
    assert_eq!(world.account.confirmations_sent(), 1);
    world.add_one(&[CONFIRM, STATUS], &json!({ "email": JAN, "status": 6 }));
    assert_eq!((world.account.confirmations_sent(), world.status(JAN)), (2, 6));
    assert!(world.account.recipient_confirms(JAN) && !world.account.recipient_confirms(JAN));
    assert_eq!(world.status(JAN), 8);
}

#[test]
fn data_can_be_held_back_until_the_person_confirms() {
    let world = a_plain_account().with(ANNA, 6, &[]);
    let flags = [DATA, CONFIRM, "update_user_data_after_confirmation"];
    world.add_one(&flags, &json!({ "email": ANNA, "name": "Anna" }));
    assert_eq!(world.contact(ANNA).name, "");
    world.account.recipient_confirms(ANNA);
    assert_eq!(
        (world.contact(ANNA).name.as_str(), world.status(ANNA)),
        ("Anna", 8)
    );
}

#[test]
fn one_address_twice_in_a_call_is_one_contact() {
    let world = a_plain_account();
    let items = json!([{ "email": ANNA, "name": "1" }, { "email": "ANNA@example.com", "name": "2" }]);
    world.add(&[DATA], &items);
    assert_eq!((world.account.len(), world.contact(ANNA).name.as_str()), (1, "2"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_the_status_flag_no_add_changes_a_status(
        before in 2_i64..=9,
        sent in proptest::option::of(2_i64..=8),
        flags in proptest::sample::subsequence(vec![KEEP, DATA], 0..=2),
    ) {
        let world = a_plain_account().with(ANNA, before, &[1]);
        let mut item = json!({ "email": ANNA, "name": "Anna", "groups": [2] });
        if let Some(sent) = sent {
            item["status"] = json!(sent);
        }
        world.add(&flags, &json!([item]));
        prop_assert_eq!(world.status(ANNA), before);
    }

    #[test]
    fn a_blocked_contact_stays_blocked_whatever_is_added(
        sent in 2_i64..=8,
        flags in proptest::sample::subsequence(vec![KEEP, DATA, STATUS, CONFIRM], 0..=4),
    ) {
        let world = a_plain_account().with(ANNA, 7, &[1]);
        let before = world.contact(ANNA);
        world.add(&flags, &json!([{ "email": ANNA, "status": sent, "groups": [2], "name": "x" }]));
        prop_assert_eq!(world.contact(ANNA), before);
        prop_assert_eq!(world.account.confirmations_sent(), 0);
    }

    #[test]
    fn the_log_replays_to_the_statuses(steps in proptest::collection::vec((0_u8..7, 0_usize..3), 0..40)) {
        let world = a_plain_account();
        let people = [ANNA, JAN, "c@example.com"];
        for (step, who) in steps {
            let email = people[who];
            match step {
                0 => drop(world.add(&[STATUS], &json!([{ "email": email, "status": 8 }]))),
                1 => drop(world.add(&[STATUS, CONFIRM], &json!([{ "email": email, "status": 5 }]))),
                2 => drop(world.account.recipient_clicks_unsubscribe(email)),
                3 => drop(world.account.recipient_confirms(email)),
                4 => drop(world.account.operator_signs_out(email)),
                5 => drop(world.account.delete(email)),
                _ => drop(world.post("/email/delete", &json!({ "emails": [email] }))),
            }
        }
        let mut replayed = std::collections::BTreeMap::new();
        for change in world.account.status_log() {
            let before = if change.to == DELETED {
                replayed.remove(&change.email)
            } else {
                replayed.insert(change.email.clone(), change.to)
            };
            prop_assert_eq!(before, change.from);
        }
        for email in people {
            prop_assert_eq!(replayed.get(email).copied(), world.account.contact(email).map(|c| c.status));
        }
    }
}
