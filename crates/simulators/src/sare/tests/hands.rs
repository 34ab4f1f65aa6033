//! What is done to contacts otherwise than by an add: by people, by edits, by deletions.

use serde_json::{Value, json};

use super::super::{DELETED, Forgotten, Who};
use super::{ANNA, DATA, JAN, STATUS, World, a_plain_account, an_account};

#[test]
fn each_hand_from_outside_leaves_its_mark_in_the_log() {
    let world = a_plain_account().with(ANNA, 6, &[1]);
    let account = &world.account;
    assert!(account.recipient_confirms(ANNA));
    assert!(account.recipient_clicks_unsubscribe(ANNA));
    assert!(
        !account.recipient_clicks_unsubscribe(ANNA),
        "a second click changes nothing"
    );
    assert!(account.operator_signs_out(ANNA));
    assert!(account.operator_blocks(ANNA));
    assert!(!account.recipient_confirms(ANNA));
    assert!(account.operator_sets_status(ANNA, 8));
    account.change_settings(|s| s.click_sets = 3);
    assert!(account.recipient_clicks_unsubscribe(ANNA));
    assert!(account.delete(ANNA) && !account.delete(ANNA));
    let seen: Vec<_> = account
        .status_log()
        .into_iter()
        .map(|c| (c.from, c.to, c.by))
        .collect();
    assert_eq!(
        seen,
        [
            (None, 6, Who::Before),
            (Some(6), 8, Who::Recipient),
            (Some(8), 4, Who::Recipient),
            (Some(4), 2, Who::Operator),
            (Some(2), 7, Who::Operator),
            (Some(7), 8, Who::Operator),
            (Some(8), 3, Who::Recipient),
            (Some(3), DELETED, Who::Operator),
        ]
    );
    for strangers in [
        account.recipient_clicks_unsubscribe(JAN),
        account.operator_blocks(JAN),
        account.forget(JAN),
    ] {
        assert!(!strangers);
    }
}

fn forget(how: Forgotten) -> World {
    let world = an_account(|s| {
        s.forgotten = how;
        s.forgotten_status = 1;
    });
    world.add_one(
        &[],
        &json!({ "email": ANNA, "status": 8, "groups": [1], "name": "Anna" }),
    );
    assert!(world.account.forget(ANNA));
    world
}

#[test]
fn a_forgotten_contact_shows_its_status_only_and_refuses_writes() {
    let world = forget(Forgotten::Status);
    let (_, answer) = world.get(&format!("/email/by_email/{ANNA}"));
    assert_eq!(
        (&answer["response"]["status"], &answer["response"]["name"]),
        (&json!(1), &Value::Null)
    );
    let (_, list) = world.post(
        "/email/status_by_email_list/0",
        &json!({ "emails": [{ "email": ANNA }] }),
    );
    assert_eq!(list["response"]["data"], json!([{ "email": ANNA, "status": 1 }]));
    assert_eq!(
        world.refusal(&[DATA, STATUS], &json!({ "email": ANNA, "status": 8 })),
        "adres zapomniany (RODO)"
    );
    assert!(!world.account.operator_sets_status(ANNA, 8));
    assert_eq!(world.get("/group/emails/1/0").1["response"]["data"], json!([]));
}

#[test]
fn a_forgotten_contact_can_also_be_unknown_to_the_api() {
    let world = forget(Forgotten::Missing);
    assert_eq!(world.get(&format!("/email/by_email/{ANNA}")).0, 404);
    world.add_one(&[], &json!({ "email": ANNA }));
    assert_eq!((world.account.len(), world.status(ANNA)), (2, 6));
}

#[test]
fn an_edit_changes_known_contacts_only() {
    let world = a_plain_account()
        .with(ANNA, 8, &[1, 2])
        .with("b@example.com", 7, &[]);
    let (status, answer) = world.post(
        "/email/edit",
        &json!({ "emails": [
            { "email": ANNA, "name": "Anna" },
            { "email": JAN, "name": "Jan" },
            { "email": "b@example.com", "status": 8 },
        ] }),
    );
    assert_eq!(
        (status, answer["response"]["error"].as_array().unwrap().len()),
        (200, 2)
    );
    assert_eq!(
        (
            world.contact(ANNA).name.as_str(),
            world.status(ANNA),
            world.account.len()
        ),
        ("Anna", 8, 2)
    );
    world.post(
        "/email/edit",
        &json!({ "emails": [{ "email": ANNA, "status": 4, "groups": [21] }] }),
    );
    assert_eq!((world.status(ANNA), world.contact(ANNA).groups), (4, vec![21]));
}

#[test]
fn a_deletion_is_for_good_and_names_unknown_addresses() {
    let world = a_plain_account().with(ANNA, 4, &[1]);
    let (status, answer) = world.post("/email/delete", &json!({ "emails": ["ANNA@example.com", JAN] }));
    assert_eq!(
        (status, &answer["response"]["error"][0]["email"]),
        (200, &json!(JAN))
    );
    assert!(world.account.is_empty());
    assert_eq!(world.account.status_log().last().unwrap().to, DELETED);
    assert_eq!(world.post("/email/delete", &json!({ "emails": [] })).0, 400);
    world.add_one(&[], &json!({ "email": ANNA }));
    assert_eq!(world.account.status_log().last().unwrap().from, None);
}
