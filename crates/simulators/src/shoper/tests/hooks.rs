//! Webhooks as a resource (shoper-api.md F.2, F.3).

use serde_json::{Value, json};

use super::{Site, a_plain_shop};

fn body() -> Value {
    json!({
        "url": "https://app.example/shoper/hook?x=1", "format": 0, "active": true, "secret": "tajne",
        "events": ["client.create", "client.edit", "client.delete", "subscriber.create", "subscriber.edit", "subscriber.delete"],
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = body();
    body[name] = value;
    body
}

#[test]
fn a_webhook_is_registered_and_read_back_with_its_secret_only_alone() {
    let site = a_plain_shop();
    assert_eq!(site.post("webhooks", &body()).json, 1);
    let expected = json!({
        "webhook_id": "1", "url": "https://app.example/shoper/hook?x=1", "format": "0", "active": "1",
        "events": body()["events"],
    });
    assert_eq!(site.get("webhooks").json["list"][0], expected);
    let alone = site.get("webhooks/1").json;
    assert_eq!(
        (&alone["secret"], &alone["url"]),
        (&json!("tajne"), &expected["url"])
    );
    let without: Value = {
        let mut body = body();
        body.as_object_mut().unwrap().remove("secret");
        body
    };
    site.post("webhooks", &without);
    assert_eq!(site.get("webhooks/2").json["secret"], "");
}

#[test]
fn what_is_wrong_with_a_webhook_is_told() {
    let site = a_plain_shop();
    for wrong in [
        with("url", json!("https://app.invalid/hook")),
        with("url", json!("not an address")),
        with("url", Value::Null),
        with("format", Value::Null),
        with("format", json!(2)),
        with("active", Value::Null),
        with("events", json!([])),
        with("events", json!(["client.create", "client.cry"])),
        with("events", Value::Null),
    ] {
        let seen = site.post("webhooks", &wrong);
        assert_eq!(seen.refusal(), (400, "invalid_request"), "{wrong}");
    }
    let named = site.post("webhooks", &with("url", json!("https://app.invalid/hook")));
    assert!(named.json["error_description"].as_str().unwrap().contains("url"));
    assert_eq!(site.get("webhooks").json["count"], "0");
}

#[test]
fn a_webhook_is_changed_and_deleted_by_its_id() {
    let site: Site = a_plain_shop();
    site.post("webhooks", &body());
    site.shop.set_webhook_active(1, false);
    assert_eq!(site.get("webhooks/1").json["active"], "0");
    assert_eq!(
        site.put(
            "webhooks/1",
            &json!({ "active": true, "events": ["client.edit"] })
        )
        .json,
        1
    );
    let seen = site.get("webhooks/1").json;
    assert_eq!(
        (&seen["active"], &seen["events"], &seen["secret"]),
        (&json!("1"), &json!(["client.edit"]), &json!("tajne"))
    );
    assert_eq!(
        (site.delete("webhooks/1").json, site.delete("webhooks/1").status),
        (json!(1), 404)
    );
}
