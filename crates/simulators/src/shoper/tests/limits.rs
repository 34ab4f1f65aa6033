//! The request limit and many operations in one call (shoper-api.md D.7, D.8).

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Bucket, BulkCost, NewCustomer};
use super::{ANNA, Seen, Site, a_plain_shop, a_shop};

fn a_limited_shop() -> Site {
    a_shop(|s| s.bucket = Some(Bucket::default()))
}

fn gauge(seen: &Seen) -> [&str; 3] {
    ["x-shop-api-limit", "x-shop-api-bandwidth", "x-shop-api-calls"].map(|name| seen.header(name))
}

#[test]
fn ten_calls_fit_two_drain_a_second_and_every_answer_says_so() {
    let site = a_limited_shop();
    for calls in 1..=10 {
        let seen = site.get("application-version");
        assert_eq!(
            (seen.status, gauge(&seen)),
            (200, ["10", "2", calls.to_string().as_str()])
        );
    }
    let seen = site.get("application-version");
    assert_eq!(seen.refusal(), (429, "temporarily_unavailable"));
    assert_eq!(
        (seen.header("retry-after"), gauge(&seen)),
        ("1", ["10", "2", "10"])
    );
    site.pass(Duration::from_secs(1));
    let statuses: Vec<u16> = (0..3).map(|_| site.get("application-version").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn refusals_count_and_carry_the_headers_too() {
    let site = a_limited_shop();
    let seen = site.get("users/7");
    assert_eq!((seen.status, gauge(&seen)), (404, ["10", "2", "1"]));
    let generous = a_shop(|s| {
        s.bucket = Some(Bucket {
            limit: 10.0,
            bandwidth: 10.0,
        })
    });
    assert_eq!(gauge(&generous.get("users")), ["10", "10", "1"]);
}

#[test]
fn every_application_has_a_bucket_of_its_own() {
    let site = a_shop(|s| {
        s.bucket = Some(Bucket::default());
        s.api_token = Some("other".to_owned());
    });
    for _ in 0..11 {
        site.get("users");
    }
    let mut request = site.request(http::Method::GET, "users", "");
    request
        .headers_mut()
        .insert("Authorization", "Bearer other".parse().unwrap());
    assert_eq!(site.ask(&request).status, 200);
    assert_eq!(site.get("users").status, 429);
}

fn operations(count: usize) -> Value {
    let get = |n: usize| json!({ "id": format!("o{n}"), "method": "GET", "path": "/webapi/rest/users" });
    (0..count).map(get).collect()
}

#[test]
fn a_bulk_call_answers_each_operation_by_itself() {
    let site = a_plain_shop();
    site.shop.add_customer(NewCustomer::new(ANNA).newsletter(true));
    site.shop.add_subscriber(ANNA, true);
    let bulk = json!([
        {
            "id": "a", "method": "GET", "path": "/webapi/rest/users",
            "params": { "page": 1, "limit": 50, "filters": "{\"newsletter\":\"1\"}" },
        },
        { "id": "b", "method": "PUT", "path": "/webapi/rest/subscribers/1", "body": { "active": false } },
        { "id": "c", "method": "GET", "path": "/webapi/rest/users/7" },
        { "id": "d", "method": "GET", "path": "users" },
        { "id": "e", "path": "/webapi/rest/users" },
        { "id": "f", "method": "POST", "path": "/webapi/rest/bulk", "body": [] },
        { "id": "g", "method": "DELETE", "path": "/webapi/rest/users" },
    ]);
    let seen = site.post("bulk", &bulk);
    assert_eq!((seen.status, &seen.json["errors"]), (200, &json!(false)));
    let codes: Vec<i64> = seen.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["code"].as_i64().unwrap())
        .collect();
    assert_eq!(codes, [200, 200, 404, 400, 400, 400, 405]);
    let item = |at: usize| &seen.json["items"][at];
    assert_eq!(
        (&item(0)["id"], &item(0)["body"]["count"]),
        (&json!("a"), &json!("1"))
    );
    assert_eq!((&item(1)["body"], &item(6)["body"]), (&json!(1), &Value::Null));
    assert_eq!(item(2)["body"]["error"], "invalid_request");
    assert!(!site.shop.subscriber(1).unwrap().active);
}

#[test]
fn at_most_twenty_five_operations_fit() {
    let site = a_plain_shop();
    assert_eq!(
        site.post("bulk", &operations(25)).json["items"]
            .as_array()
            .unwrap()
            .len(),
        25
    );
    for body in [operations(26), json!([]), json!({})] {
        let seen = site.post("bulk", &body);
        assert_eq!(
            (&seen.json["errors"], seen.json.get("items")),
            (&json!(true), None)
        );
        assert!(seen.json["message"].is_string());
    }
    assert_eq!(site.get("bulk").status, 405);
}

#[test]
fn a_bulk_call_costs_one_or_as_many_as_it_holds() {
    for (cost, calls) in [(BulkCost::PerOperation, "7"), (BulkCost::One, "1")] {
        let site = a_limited_shop();
        site.shop.configure(|s| s.bulk_cost = cost);
        assert_eq!(gauge(&site.post("bulk", &operations(7)))[2], calls);
    }
}

#[test]
fn scopes_hold_within_a_bulk_call() {
    let site = a_shop(|s| s.refused = vec!["users".to_owned()]);
    assert_eq!(site.post("bulk", &operations(1)).json["items"][0]["code"], 403);
}
