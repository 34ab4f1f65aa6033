//! Subscribers, and how far they follow the customers' flag (shoper-api.md E.5, E.5a).

use serde_json::json;

use super::super::{DuplicateSubscriber, NewCustomer};
use super::{ANNA, JAN, Site, a_plain_shop, a_shop};

#[test]
fn a_subscriber_is_added_changed_and_deleted() {
    let site = a_plain_shop();
    let other = site.shop.add_subscriber_group("Inna", false);
    assert_eq!(site.post("subscribers", &json!({ "email": ANNA })).json, 1);
    let row = site.shop.subscriber(1).unwrap();
    assert_eq!(
        (row.active, row.groups.as_slice()),
        (true, &[1][..]),
        "the default group, where none is named"
    );
    let body = json!({ "email": JAN, "active": false, "lang_id": 1, "groups": [other, "1"] });
    site.post("subscribers", &body);
    assert_eq!(site.shop.subscriber(2).unwrap().groups, [other, 1]);
    for off in [json!(false), json!(0), json!("0")] {
        site.shop.set_subscriber_active(1, true);
        assert_eq!(site.put("subscribers/1", &json!({ "active": off })).json, 1);
        assert!(!site.shop.subscriber(1).unwrap().active);
    }
    assert_eq!(site.delete("subscribers/1").json, 1);
    assert_eq!(site.get("subscribers/1").status, 404);
    assert_eq!(site.post("subscribers", &json!({ "active": true })).status, 400);
    assert_eq!(
        site.post("subscribers", &json!({ "email": "nobody" })).status,
        400
    );
}

#[test]
fn an_update_without_groups_keeps_them_or_falls_back_to_the_default() {
    let groups_after = |site: Site| {
        let other = site.shop.add_subscriber_group("Inna", false);
        site.post("subscribers", &json!({ "email": ANNA, "groups": [other] }));
        site.put("subscribers/1", &json!({ "active": false }));
        let untold = site.shop.subscriber(1).unwrap().groups.clone();
        site.put("subscribers/1", &json!({ "active": false, "groups": [other] }));
        assert_eq!(site.shop.subscriber(1).unwrap().groups, [other]);
        untold
    };
    assert_eq!(groups_after(a_plain_shop()), [2]);
    assert_eq!(
        groups_after(a_shop(|s| s.subscriber_update_resets_groups = true)),
        [1]
    );
}

#[test]
fn a_second_row_of_an_address_is_refused_made_or_merged() {
    let again = |setting| {
        let site = a_shop(|s| s.duplicate_subscriber = setting);
        site.post("subscribers", &json!({ "email": ANNA, "active": false }));
        let seen = site.post(
            "subscribers",
            &json!({ "email": "Anna@Example.com", "active": true }),
        );
        (
            seen.status,
            seen.json,
            site.shop.counts().1,
            site.shop.subscriber(1).unwrap().active,
        )
    };
    let (status, _, rows, active) = again(DuplicateSubscriber::Reject400);
    assert_eq!((status, rows, active), (400, 1, false));
    assert_eq!(again(DuplicateSubscriber::Allow), (200, json!(2), 2, false));
    assert_eq!(
        again(DuplicateSubscriber::UpdateExisting),
        (200, json!(1), 1, true)
    );
}

#[test]
fn flag_and_row_are_two_things_unless_the_shop_keeps_them_in_step() {
    let site = a_plain_shop();
    site.shop.add_customer(NewCustomer::new(ANNA).newsletter(true));
    assert_eq!(site.shop.counts().1, 0);
    let row = site.shop.add_subscriber(ANNA, true);
    site.put(&format!("subscribers/{row}"), &json!({ "active": false }));
    assert!(site.shop.customer(1).unwrap().newsletter);

    let site = a_shop(|s| s.flag_and_row_in_step = true);
    site.shop.add_customer(NewCustomer::new(ANNA).newsletter(true));
    assert!(
        site.shop.subscriber_by_email(ANNA).unwrap().active,
        "ticking makes a row"
    );
    site.put("subscribers/1", &json!({ "active": false }));
    assert!(
        !site.shop.customer(1).unwrap().newsletter,
        "switching the row off clears the flag"
    );
    site.shop.edit_customer(1, |customer| customer.newsletter = true);
    assert!(site.shop.subscriber(1).unwrap().active);
    site.delete("subscribers/1");
    assert!(!site.shop.customer(1).unwrap().newsletter, "so does deleting it");
}
