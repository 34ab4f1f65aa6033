//! Filters of every resource that is read in bulk (shoper-api.md D.2, E).

use serde_json::{Value, json};

use super::super::{ChangeFilter, FieldKind, FilterMode, NewAddress, NewCustomer, NewField, NewOrder};
use super::{ANNA, JAN, Site, a_plain_shop, a_shop};

fn with_people(site: Site) -> Site {
    let field = site
        .shop
        .add_additional_field(NewField::new("Klub", FieldKind::Text));
    site.shop.add_user_group("Hurt");
    let address = |city: &str| NewAddress {
        city: city.into(),
        ..NewAddress::default()
    };
    site.shop.add_customer(
        NewCustomer::new(ANNA)
            .newsletter(true)
            .tag("VIP")
            .address(address("Rybnik")),
    );
    site.shop.add_customer(
        NewCustomer::new("Jan@Example.com")
            .group(1)
            .field(field, "test")
            .address(address("Łódź")),
    );
    site.shop
        .add_customer(NewCustomer::new("ewa@example.com").name("Ewa", "Ćma").guest());
    site.shop.add_address(1, address("Opole"));
    for (email, active) in [(ANNA, true), (JAN, false)] {
        site.shop.add_subscriber(email, active);
    }
    site
}

fn users(site: &Site, filters: &Value) -> Vec<i64> {
    site.filtered("users", filters, "&order=user_id%20ASC")
        .ids("user_id")
}

#[test]
fn customers_are_found_by_every_documented_filter() {
    let site = with_people(a_plain_shop());
    for (filters, ids) in [
        (json!({ "email": "JAN@example.com" }), vec![2]),
        (
            json!({ "email": { "in": [ANNA, JAN, "nobody@example.com"] } }),
            vec![1, 2],
        ),
        (json!({ "email": { "like": "%@example.com" } }), vec![1, 2, 3]),
        (json!({ "email": { "not_like": "jan%" } }), vec![1, 3]),
        (json!({ "email": { "not in": [ANNA] } }), vec![2, 3]),
        (json!({ "lastname": "ćma" }), vec![3]),
        (json!({ "newsletter": "1" }), vec![1]),
        (json!({ "newsletter": 1, "active": true }), vec![1]),
        (json!({ "group_id": 1 }), vec![2]),
        (json!({ "group_id": null }), vec![1, 3]),
        (json!({ "tags": "vip" }), vec![1]),
        (json!({ "tag_id": 1 }), vec![1]),
        (json!({ "additional_fields": { "=": { "1": "test" } } }), vec![2]),
        (json!({ "discount": { "<=": "0.00" } }), vec![1, 2, 3]),
        (json!({ "user_id": { ">": 1, "<=": "2" } }), vec![2]),
        (json!({ "user_id": { "in": [3, "1", 99] } }), vec![1, 3]),
        (json!({ "user_id": { "!=": 2 } }), vec![1, 3]),
        (
            json!({ "date_add": { ">": "2026-11-23 11:59:59" } }),
            vec![1, 2, 3],
        ),
        (json!({}), vec![1, 2, 3]),
    ] {
        assert_eq!(users(&site, &filters), ids, "{filters}");
    }
}

#[test]
fn brackets_filter_as_json_does() {
    let site = with_people(a_plain_shop());
    for (query, ids) in [
        ("filters%5Bemail%5D=anna%40example.com", vec![1]),
        ("filters%5Buser_id%5D%5B%3E%5D=1&order=user_id%20ASC", vec![2, 3]),
        (
            "filters%5Buser_id%5D%5Bin%5D%5B%5D=1&filters%5Buser_id%5D%5Bin%5D%5B%5D=3",
            vec![1, 3],
        ),
    ] {
        assert_eq!(site.get(&format!("users?{query}")).ids("user_id"), ids, "{query}");
    }
}

#[test]
fn addresses_of_many_customers_are_found_at_once() {
    let site = with_people(a_plain_shop());
    let found = |filters: Value| {
        site.filtered("user-addresses", &filters, "&limit=50")
            .ids("address_book_id")
    };
    assert_eq!(found(json!({ "user_id": { "in": [1, 3] } })), [1, 3]);
    assert_eq!(
        found(json!({ "user_id": { "in": [1, 2] }, "default": 1 })),
        [1, 2]
    );
    assert_eq!(found(json!({ "user_id": 1 })), [1, 3]);
    assert_eq!(found(json!({ "city": "ŁÓDŹ" })), [2]);
}

#[test]
fn subscribers_and_orders_are_found_by_address() {
    let site = with_people(a_plain_shop());
    let found = |filters: Value| site.filtered("subscribers", &filters, "").ids("subscriber_id");
    assert_eq!(found(json!({ "email": "ANNA@EXAMPLE.COM" })), [1]);
    assert_eq!(found(json!({ "active": 0 })), [2]);
    assert_eq!(found(json!({ "subscriber_id": { ">": 1 } })), [2]);
    assert_eq!(found(json!({ "groups": 1 })), [1, 2]);
    site.shop.add_order(NewOrder::new(ANNA));
    assert_eq!(
        site.filtered("orders", &json!({ "user_id": 1 }), "")
            .ids("order_id"),
        [1]
    );
}

#[test]
fn webhooks_are_found_by_their_whole_url_only() {
    let site = a_plain_shop();
    site.shop
        .add_foreign_webhook("https://other.example/hook", &["order.create"]);
    let id = site.hook("s", &["client.edit"]);
    let found = |filters: Value| site.filtered("webhooks", &filters, "").ids("webhook_id");
    assert_eq!(found(json!({ "url": "https://app.example/hook" })), [id]);
    assert_eq!(
        found(json!({ "url": { "like": "https://app.example/%" } })),
        [] as [i64; 0]
    );
    assert_eq!(found(json!({})), [1, id], "other applications' are shown too");
}

#[test]
fn a_filter_that_a_shop_does_not_have_is_refused_or_silently_ignored() {
    for (mode, expected) in [
        (FilterMode::Works, Some(1)),
        (FilterMode::Ignored, Some(2)),
        (FilterMode::Error404, None),
        (FilterMode::Error400, None),
    ] {
        let site = a_shop(|s| {
            s.subscriber_filter = mode;
            s.address_filter = mode;
            s.user_id_filter = mode;
            s.undocumented_user_filter = mode;
        });
        let site = with_people(site);
        for (resource, filters) in [
            ("subscribers", json!({ "email": ANNA })),
            ("user-addresses", json!({ "user_id": 2 })),
            ("users", json!({ "user_id": 1 })),
            ("users", json!({ "registered": 0 })),
        ] {
            let seen = site.filtered(resource, &filters, "");
            match expected {
                Some(1) => assert_eq!(seen.json["count"], "1", "{resource}"),
                Some(_) => assert_ne!(seen.json["count"], "1", "{resource}"),
                None if mode == FilterMode::Error404 => assert_eq!(seen.status, 404),
                None => assert_eq!(seen.refusal(), (400, "invalid_request")),
            }
        }
        assert_eq!(
            users(&site, &json!({ "email": ANNA })),
            [1],
            "documented filters work everywhere"
        );
    }
}

#[test]
fn a_field_that_does_not_exist_and_a_filter_that_cannot_be_read_are_refused() {
    let site = with_people(a_plain_shop());
    assert_eq!(site.filtered("users", &json!({ "shoe_size": 1 }), "").status, 404);
    assert_eq!(site.get("users?filters=%7B").refusal(), (400, "invalid_request"));
    site.shop
        .configure(|s| s.unknown_field_filter = FilterMode::Ignored);
    assert_eq!(users(&site, &json!({ "shoe_size": 1 })), [1, 2, 3]);
}

#[test]
fn what_changed_since_a_time_is_told_or_not_as_the_shop_is_set() {
    for (mode, past, future) in [
        (ChangeFilter::Works, Some("3"), Some("0")),
        (ChangeFilter::Partly, Some("3"), Some("0")),
        (ChangeFilter::Ignored, Some("3"), Some("3")),
        (ChangeFilter::Nothing, Some("0"), Some("0")),
        (ChangeFilter::Error404, None, None),
        (ChangeFilter::Error400, None, None),
    ] {
        let site = with_people(a_shop(|s| s.updated_at_filter = mode));
        for (since, expected) in [("1990-01-01 00:00:00", past), ("2090-01-01 00:00:00", future)] {
            let seen = site.filtered("users", &json!({ "updated_at": { ">=": since } }), "");
            match expected {
                Some(count) => assert_eq!(seen.json["count"], count, "{mode:?} since {since}"),
                None => assert!((400..500).contains(&seen.status), "{mode:?}"),
            }
        }
    }
}
