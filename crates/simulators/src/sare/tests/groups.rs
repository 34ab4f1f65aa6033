//! The calls about groups.

use http::Method;
use serde_json::{Value, json};

use super::super::{GroupChangeShape, GroupEmailsShape, GroupListShape, PastLastPage};
use super::{ANNA, JAN, a_plain_account, an_account};

#[test]
fn the_group_list_comes_in_each_shape() {
    let list = |shape| an_account(|s| s.group_list = shape).get("/group/list").1["response"].clone();
    let first = json!({ "id": 1, "name": "Klienci" });
    assert_eq!(list(GroupListShape::List)[0], first);
    assert_eq!(list(GroupListShape::List).as_array().unwrap().len(), 4);
    assert_eq!(
        list(GroupListShape::IdsAsStrings)[0],
        json!({ "id": "1", "name": "Klienci" })
    );
    assert!(list(GroupListShape::ExtraMembers)[0]["private"].is_boolean());
    assert_eq!(list(GroupListShape::InData)["data"][0], first);
    assert_eq!(list(GroupListShape::Empty), json!([]));
}

#[test]
fn free_groups_are_the_numbers_not_in_use_or_none() {
    let free = an_account(|s| s.group_pool = 5).get("/group/free").1["response"].clone();
    assert_eq!(free, json!([3, 4, 5]));
    assert_eq!(
        an_account(|s| s.no_free_groups = true).get("/group/free").1["response"],
        json!([])
    );
}

#[test]
fn the_addresses_of_a_group_come_in_each_shape() {
    let world = an_account(|s| s.page_size = 2);
    let world = world
        .with(ANNA, 8, &[21])
        .with("b@example.com", 4, &[21, 1])
        .with(JAN, 8, &[21]);
    world.account.put_sms_contact("+48500600701", 8, &[21]);
    let page = |n: usize| world.get(&format!("/group/emails/21/{n}"));
    assert_eq!(
        page(0).1["response"],
        json!({ "data": [{ "email": ANNA }, { "email": "b@example.com" }] })
    );
    assert_eq!(
        page(1).1["response"],
        json!({ "data": [{ "email": JAN }, { "gsm": "+48500600701" }] })
    );
    assert_eq!(
        page(2),
        (
            200,
            json!({ "code": 200, "status": "OK", "response": { "data": [] } })
        )
    );

    world.account.change_settings(|s| {
        s.group_emails = GroupEmailsShape::Strings;
        s.past_last_page = PastLastPage::Error;
        s.group_lists_unsubscribed = false;
    });
    assert_eq!(page(0).1["response"], json!([ANNA, JAN]));
    assert_eq!(page(1).0, 404);
}

#[test]
fn group_changes_are_answered_in_each_shape() {
    let body = json!({ "emails": [ANNA, "nobody@example.com"], "groups": [2] });
    let run = |path: &str, shape, names| {
        let world = an_account(|s| {
            s.group_change = shape;
            s.group_change_names_unknown = names;
        });
        let world = world.with(ANNA, 4, &[1]);
        let (status, answer) = world.post(path, &body);
        assert_eq!((status, world.status(ANNA)), (200, 4));
        (answer["response"].clone(), world.contact(ANNA).groups)
    };
    let unknown =
        json!({ "error": [{ "email": "nobody@example.com", "why": "adres nie istnieje w bazie" }] });
    let list = GroupChangeShape::ErrorList;
    assert_eq!(
        run("/group/add_emails", list, false),
        (json!({ "error": [] }), vec![1, 2])
    );
    assert_eq!(
        run("/group/add_emails", GroupChangeShape::True, false),
        (json!(true), vec![1, 2])
    );
    assert_eq!(
        run("/group/add_emails", list, true),
        (unknown.clone(), vec![1, 2])
    );
    assert_eq!(
        run("/group/remove_emails", list, false),
        (json!({ "error": [] }), vec![1])
    );
    assert_eq!(
        run("/group/remove_emails", GroupChangeShape::True, true).0,
        unknown
    );
}

#[test]
fn groups_are_made_renamed_emptied_and_removed_without_losing_contacts() {
    let world = a_plain_account().with(ANNA, 8, &[1, 2]).with(JAN, 8, &[1]);
    let error = |answer: &Value| answer["response"]["error"].as_array().unwrap().len();
    let made = world.post(
        "/group/add",
        &json!({ "groups": [{ "id": 3, "name": "VIP" }, { "id": 1, "name": "x" }] }),
    );
    assert_eq!((made.0, error(&made.1)), (200, 1));
    assert_eq!(
        world.get("/group/get/3").1["response"],
        json!({ "id": 3, "name": "VIP" })
    );
    assert_eq!(
        error(
            &world
                .post(
                    "/group/edit",
                    &json!({ "groups": [{ "id": 3, "name": "Stali" }] })
                )
                .1
        ),
        0
    );
    assert_eq!(world.get("/group/get/3").1["response"]["name"], "Stali");

    assert_eq!(world.raw(Method::POST, "/group/remove/1", "").status(), 200);
    assert_eq!(world.get("/group/get/1").0, 404);
    assert_eq!(
        (world.contact(ANNA).groups, world.contact(JAN).groups),
        (vec![2], vec![])
    );
    assert_eq!(
        world.get("/group/emails/0/0").1["response"]["data"],
        json!([{ "email": JAN }])
    );

    assert_eq!(world.raw(Method::POST, "/group/clear/2", "").status(), 200);
    assert_eq!(world.get("/group/emails/2/0").1["response"]["data"], json!([]));
    assert_eq!(world.account.len(), 2);
}
