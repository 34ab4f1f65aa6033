//! What goes wrong with a shop as a whole, and what can be ordered to go wrong with single requests.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::super::{NewCustomer, ShopSettings};
use super::{ANNA, a_plain_shop, a_shop};
use crate::faults::{Cut, ExtraLatency, Fault, FaultRule};

#[test]
fn an_ordered_status_comes_in_the_shops_own_words() {
    for (status, code) in [
        (400, "invalid_request"),
        (401, "unauthorized_client"),
        (403, "insufficient_scope"),
        (409, "temporarily_unavailable"),
        (429, "temporarily_unavailable"),
        (500, "server_error"),
        (503, "temporarily_unavailable"),
    ] {
        let site = a_plain_shop();
        site.shop.faults().add(
            FaultRule::always(Fault::Status(status))
                .method(Method::POST)
                .path("/users")
                .times(1),
        );
        assert_eq!(site.get("users").status, 200, "another method");
        let seen = site.post("users", &json!({ "email": ANNA }));
        assert_eq!(seen.refusal(), (status, code));
        assert!(!seen.header("x-shop-api-limit").is_empty());
        assert_eq!(site.shop.counts().0, 0, "nothing was done");
        assert_eq!(
            site.post("users", &json!({ "email": ANNA })).status,
            200,
            "once was ordered"
        );
    }
}

#[test]
fn an_ordered_404_has_no_body_and_proves_nothing() {
    let site = a_plain_shop();
    site.shop.add_customer(NewCustomer::new(ANNA));
    site.shop.set_faults([FaultRule::always(Fault::Status(404))]);
    let seen = site.get("users/1");
    assert_eq!((seen.status, seen.answer.body().len()), (404, 0));
}

#[test]
fn waits_pages_of_html_slowness_and_cuts_can_be_ordered() {
    let site = a_plain_shop();
    let add = |n: i64| site.post("users", &json!({ "email": format!("n{n}@example.com") }));
    for fault in [
        Fault::RetryAfter(30),
        Fault::Html,
        Fault::Slow(Duration::from_secs(9)),
        Fault::CutBefore,
        Fault::CutAfter,
    ] {
        site.shop.faults().add(FaultRule::always(fault).times(1));
    }
    let wait = add(1);
    assert_eq!(
        (wait.refusal(), wait.header("retry-after")),
        ((429, "temporarily_unavailable"), "30")
    );
    let html = add(1);
    assert!(html.status == 200 && html.answer.body().starts_with(b"<!DOCTYPE html>"));
    assert_eq!(site.shop.counts().0, 0);
    assert_eq!(
        add(1).answer.extensions().get(),
        Some(&ExtraLatency(Duration::from_secs(9)))
    );
    assert!(add(2).answer.extensions().get::<Cut>().is_some());
    assert_eq!(site.shop.counts().0, 1, "cut before anything was done");
    assert!(add(2).answer.extensions().get::<Cut>().is_some());
    assert_eq!(site.shop.counts().0, 2, "cut after the write");
    let statuses: Vec<u16> = site
        .shop
        .request_log()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [429, 200, 200, 0, 200]);
    assert_eq!(
        (site.shop.request_count(), site.shop.requests_by("users")),
        (5, 2)
    );
}

#[test]
fn a_locked_shop_answers_503_to_everybody() {
    let site = a_plain_shop();
    site.shop.lock_application(true);
    assert_eq!(site.get("users").refusal(), (503, "temporarily_unavailable"));
    assert_eq!(site.post("bulk", &json!([])).status, 503);
    assert_eq!(site.get("application-lock").json, json!({ "locked": true }));
    assert_eq!(site.delete("application-lock").json, json!(true));
    assert_eq!(site.get("users").status, 200);
    assert_eq!(site.post("application-lock", &Value::Null).json, json!(true));
    assert_eq!(site.get("users").status, 503);
}

#[test]
fn a_technical_address_can_send_on_to_the_real_domain() {
    let site = a_shop(|s| s.redirects_to = Some("https://sklep.example".to_owned()));
    let front = site.ask(
        &http::Request::get("https://shop1.example/")
            .body("".into())
            .unwrap(),
    );
    assert_eq!(
        (front.status, front.header("location")),
        (301, "https://sklep.example/")
    );
    let call = site.get("users?page=2");
    assert_eq!(
        (call.status, call.header("location")),
        (301, "https://sklep.example/webapi/rest/users?page=2")
    );
    let mut there = site.request(Method::GET, "application-config", "");
    *there.uri_mut() = "https://sklep.example/webapi/rest/application-config"
        .parse()
        .unwrap();
    let config = site.ask(&there);
    assert_eq!(
        (config.status, &config.json["shop_url"]),
        (200, &json!("https://sklep.example"))
    );
    let front = site.ask(
        &http::Request::get("https://sklep.example/")
            .body("".into())
            .unwrap(),
    );
    assert_eq!(front.status, 200);
    assert_eq!(site.shop.host(), "sklep.example");
}

#[test]
fn another_host_is_not_this_shop() {
    let site = a_plain_shop();
    let mut request = site.request(Method::GET, "users", "");
    *request.uri_mut() = "https://shop2.example/webapi/rest/users".parse().unwrap();
    assert_eq!(
        (site.ask(&request).status, site.ask(&request).json),
        (404, Value::Null)
    );
    site.shop.set_base_url("https://Shop2.example/");
    assert_eq!(site.ask(&request).status, 200);
}

#[test]
fn settings_survive_json_and_a_misspelt_one_is_refused() {
    let settings = ShopSettings {
        latency: Duration::from_millis(40),
        ..ShopSettings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<ShopSettings>(&text).unwrap(), settings);
    let short: ShopSettings = serde_json::from_str(r#"{"webhook_signing":"derived","bucket":null}"#).unwrap();
    assert_eq!(short.bucket, None);
    assert!(serde_json::from_str::<ShopSettings>(r#"{"webhook_singing":"plain"}"#).is_err());
}
