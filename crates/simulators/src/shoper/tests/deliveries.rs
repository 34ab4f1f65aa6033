//! Webhooks on their way: when they fire, what they hold, how they are signed, what goes wrong
//! (shoper-api.md F.4 to F.6, H).

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{
    NewAddress, NewCustomer, NewOrder, WebhookFaults, WebhookPayload, WebhookSigning, derived_webhook_secret,
    webhook_sha1,
};
use super::{ANNA, JAN, NOW, Site, a_plain_shop, a_shop};

const ALL: [&str; 7] = [
    "client.create",
    "client.edit",
    "client.delete",
    "subscriber.create",
    "subscriber.edit",
    "subscriber.delete",
    "order.create",
];

fn a_listening_shop(change: impl FnOnce(&mut super::ShopSettings)) -> Site {
    let site = a_shop(change);
    site.hook("tajne", &ALL);
    site
}

#[test]
fn a_delivery_carries_the_object_and_the_headers_of_a_live_shop() {
    let site = a_listening_shop(|_| {});
    site.shop.add_subscriber(ANNA, true);
    let delivery = site.shop.take_deliveries(NOW).remove(0);
    assert_eq!(
        (delivery.url.as_str(), delivery.event.as_str()),
        ("https://app.example/hook", "subscriber.create")
    );
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(
        body,
        site.get("subscribers/1").json,
        "the object itself, without an envelope"
    );
    let sha1 = webhook_sha1(1, "tajne", &delivery.body);
    let expected = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "Shop Webhook Sender 5.26.54"),
        ("X-Webhook-Id", "1"),
        ("X-Webhook-Name", "subscriber.create"),
        ("X-Webhook-SHA1", sha1.as_str()),
        ("X-Shop-Domain", "shop1.example"),
        ("X-Shop-License", "0123456789abcdef0123456789abcdef01234567"),
        ("X-Shop-Version", "5.26.54"),
    ];
    assert_eq!(
        delivery.headers,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn people_and_clients_of_the_api_fire_the_same_events() {
    let site = a_listening_shop(|_| {});
    site.shop.add_customer(NewCustomer::new(ANNA));
    site.shop.edit_customer(1, |customer| customer.newsletter = true);
    site.shop.set_address(1, NewAddress::default());
    site.put("users/1", &json!({ "lastname": "Nowak" }));
    site.post("subscribers", &json!({ "email": ANNA }));
    site.put("subscribers/1", &json!({ "active": false }));
    site.delete("subscribers/1");
    site.shop.delete_customer(1);
    assert_eq!(
        site.events(),
        [
            "client.create",
            "client.edit",
            "client.edit",
            "client.edit",
            "subscriber.create",
            "subscriber.edit",
            "subscriber.delete",
            "client.delete",
        ]
    );
}

#[test]
fn what_fires_beyond_that_is_a_setting_each() {
    let events = |change: fn(&mut super::ShopSettings), act: fn(&Site)| {
        let site = a_listening_shop(change);
        site.shop.add_customer(NewCustomer::new(ANNA));
        site.events();
        act(&site);
        site.events()
    };
    let rest: fn(&Site) = |site| {
        site.put("users/1", &json!({ "lastname": "Nowak" }));
    };
    let address: fn(&Site) = |site| {
        site.shop.set_address(1, NewAddress::default());
    };
    let tags: fn(&Site) = |site| {
        site.shop
            .edit_customer(1, |customer| customer.tags.push("VIP".into()));
    };
    let guest: fn(&Site) = |site| {
        site.shop.add_order(NewOrder::new(JAN));
    };
    assert_eq!(events(|_| {}, rest), ["client.edit"]);
    assert_eq!(
        events(|s| s.rest_writes_fire_webhooks = false, rest),
        [] as [&str; 0]
    );
    assert_eq!(events(|_| {}, address), ["client.edit"]);
    assert_eq!(
        events(|s| s.address_change_fires_client_edit = false, address),
        [] as [&str; 0]
    );
    assert_eq!(events(|_| {}, tags), ["client.edit"]);
    assert_eq!(
        events(|s| s.group_and_tag_change_fires_client_edit = false, tags),
        [] as [&str; 0]
    );
    assert_eq!(events(|_| {}, guest), ["client.create", "order.create"]);
    assert_eq!(
        events(|s| s.guest_order_fires_client_create = false, guest),
        ["order.create"]
    );
}

#[test]
fn bodies_hold_the_object_or_its_id_alone() {
    let body = |change: fn(&mut super::ShopSettings), event: &str| -> Value {
        let site = a_listening_shop(change);
        site.shop.add_subscriber(ANNA, true);
        site.shop.delete_subscriber(1);
        let delivery = site
            .shop
            .take_deliveries(NOW)
            .into_iter()
            .find(|delivery| delivery.event == event)
            .unwrap();
        serde_json::from_slice(&delivery.body).unwrap()
    };
    let bare = json!({ "subscriber_id": "1" });
    assert_eq!(body(|_| {}, "subscriber.delete")["email"], ANNA);
    assert_eq!(
        body(|s| s.delete_payload = WebhookPayload::IdOnly, "subscriber.delete"),
        bare
    );
    assert_eq!(
        body(|s| s.delete_payload = WebhookPayload::IdOnly, "subscriber.create")["email"],
        ANNA
    );
    assert_eq!(
        body(
            |s| s.webhook_payload = WebhookPayload::IdOnly,
            "subscriber.create"
        ),
        bare
    );
}

#[test]
fn an_order_is_spelt_otherwise_in_a_webhook() {
    let site = a_listening_shop(|_| {});
    site.shop.add_order(NewOrder::new(ANNA));
    let delivery = site
        .shop
        .take_deliveries(NOW)
        .into_iter()
        .find(|d| d.event == "order.create")
        .unwrap();
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert!(
        body["billingAddress"].is_object()
            && body["currency_name"] == "PLN"
            && body.get("billing_address").is_none()
    );
}

#[test]
fn signatures_follow_the_setting() {
    let signed = |signing| {
        let site = a_listening_shop(|s| s.webhook_signing = signing);
        site.shop.add_subscriber(ANNA, true);
        let delivery = site.shop.take_deliveries(NOW).remove(0);
        let sha1 = delivery
            .headers
            .iter()
            .find(|(name, _)| name == "X-Webhook-SHA1")
            .unwrap()
            .1
            .clone();
        (sha1, delivery.body)
    };
    let settings = super::ShopSettings::default();
    let derived = derived_webhook_secret(
        &settings.appstore_secret,
        &settings.license,
        &settings.webhook_secret,
    );
    let own_derived = derived_webhook_secret(&settings.appstore_secret, &settings.license, "tajne");
    for (signing, secret) in [
        (WebhookSigning::Plain, "tajne"),
        (WebhookSigning::OwnDerived, own_derived.as_str()),
        (WebhookSigning::Derived, derived.as_str()),
        (WebhookSigning::AppStoreSecret, "appstore-secret-example"),
        (WebhookSigning::Empty, ""),
    ] {
        let (sha1, body) = signed(signing);
        assert_eq!(sha1, webhook_sha1(1, secret, &body), "{signing:?}");
    }
}

#[test]
fn only_what_is_active_and_asked_for_is_delivered() {
    let site = a_plain_shop();
    site.hook("a", &["client.edit"]);
    let off = site.hook("b", &["subscriber.create"]);
    site.shop.set_webhook_active(off, false);
    let xml = json!({ "url": "https://app.example/xml", "format": 1, "active": 1, "events": ["subscriber.create"] });
    site.post("webhooks", &xml);
    site.shop
        .add_foreign_webhook("https://other.example/", &["subscriber.create"]);
    site.shop.add_subscriber(ANNA, true);
    let urls: Vec<String> = site
        .shop
        .take_deliveries(NOW)
        .into_iter()
        .map(|delivery| delivery.url)
        .collect();
    assert_eq!(urls, ["https://other.example/"]);
}

#[test]
fn deliveries_can_be_dropped_doubled_late_and_out_of_order() {
    let deliveries = |faults: WebhookFaults| {
        let site = a_listening_shop(|_| {});
        site.shop.set_webhook_faults(faults);
        for n in 0..100 {
            site.shop.add_subscriber(format!("n{n}@example.com"), true);
            site.pass(Duration::from_secs(1));
        }
        (site.shop.next_delivery_at(), site.shop.take_deliveries(i64::MAX))
    };
    let order = |deliveries: &[super::super::Delivery]| -> Vec<i64> {
        let id = |body: &[u8]| {
            serde_json::from_slice::<Value>(body).unwrap()["subscriber_id"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        };
        deliveries.iter().map(|delivery| id(&delivery.body)).collect()
    };
    let (_, fine) = deliveries(WebhookFaults::default());
    assert_eq!(order(&fine), (1..=100).collect::<Vec<_>>());
    let (_, dropped) = deliveries(WebhookFaults {
        drop: 0.3,
        ..WebhookFaults::default()
    });
    assert!((50..90).contains(&dropped.len()), "{}", dropped.len());
    let (_, doubled) = deliveries(WebhookFaults {
        double: 1.0,
        ..WebhookFaults::default()
    });
    assert_eq!((doubled.len(), &doubled[0].body), (200, &doubled[1].body));
    let late = WebhookFaults {
        delay_max: Duration::from_secs(3600),
        ..WebhookFaults::default()
    };
    let (due, ordered) = deliveries(late);
    assert!(
        due.unwrap() > NOW && order(&ordered).is_sorted(),
        "late, and still one after the other"
    );
    let (_, mixed) = deliveries(WebhookFaults {
        out_of_order: true,
        ..late
    });
    assert!(mixed.len() == 100 && !order(&mixed).is_sorted());
    assert_eq!(
        mixed,
        deliveries(WebhookFaults {
            out_of_order: true,
            ..late
        })
        .1,
        "the seed repeats it"
    );
}

#[test]
fn a_failing_webhook_stays_on_or_is_switched_off() {
    let fail = |site: &Site, times: usize, ok: bool| {
        for _ in 0..times {
            site.shop.add_subscriber(JAN, true);
            for delivery in site.shop.take_deliveries(NOW) {
                site.shop.delivery_result(&delivery, ok);
            }
        }
    };
    let site = a_listening_shop(|_| {});
    fail(&site, 50, false);
    assert!(site.shop.webhooks()[0].active && site.shop.webhooks()[0].failures == 50);
    let strict = a_listening_shop(|s| s.disable_webhook_after = Some(3));
    fail(&strict, 2, false);
    fail(&strict, 1, true);
    fail(&strict, 2, false);
    assert!(
        strict.shop.webhooks()[0].active,
        "a success begins the count anew"
    );
    fail(&strict, 1, false);
    assert!(!strict.shop.webhooks()[0].active);
    strict.shop.add_subscriber(ANNA, true);
    assert_eq!(strict.shop.waiting_deliveries(), 0);
    strict.put("webhooks/1", &json!({ "active": true }));
    assert_eq!(strict.shop.webhooks()[0].failures, 0);
}

#[test]
fn a_deleted_webhook_takes_its_waiting_deliveries_along() {
    let site = a_listening_shop(|_| {});
    site.shop.add_subscriber(ANNA, true);
    site.shop.delete_webhook(1);
    assert_eq!(site.shop.waiting_deliveries(), 0);
}
