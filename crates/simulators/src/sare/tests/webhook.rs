//! The outgoing webhook in each of its bad habits.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Delivery, WebhookShape};
use super::{ANNA, JAN, NOW, World, an_account};

const URL: &str = "https://app.example/sare/webhooks/token";

fn a_reporting_account(change: impl FnOnce(&mut super::super::Webhook)) -> World {
    let world = an_account(|s| {
        s.webhook.urls = vec![URL.to_owned()];
        change(&mut s.webhook);
    });
    world.with(ANNA, 8, &[1]).with(JAN, 8, &[1])
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn a_click_is_reported_once_to_each_url_and_an_operator_not_at_all() {
    let world = a_reporting_account(|w| w.urls.push("https://b.example/".to_owned()));
    world.account.operator_signs_out(JAN);
    assert_eq!(world.account.take_deliveries(NOW), []);
    world.account.recipient_clicks_unsubscribe(ANNA);
    let calls = world.account.take_deliveries(NOW);
    assert_eq!(
        calls.iter().map(|c| c.url.as_str()).collect::<Vec<_>>(),
        [URL, "https://b.example/"]
    );
    assert_eq!(
        body(&calls[0]),
        json!({
            "event": "unsubscribe",
            "date": "2025-11-24 16:00:00",
            "user": { "email": ANNA },
            "mailing": { "id": 1 },
        })
    );
    assert_eq!(
        calls[0].headers,
        [("Content-Type".to_owned(), "application/json".to_owned())]
    );
    assert_eq!(world.account.take_deliveries(NOW), [], "each is given out once");
}

#[test]
fn an_account_without_urls_reports_nothing() {
    let world = an_account(|_| {}).with(ANNA, 8, &[]);
    assert!(world.account.recipient_clicks_unsubscribe(ANNA));
    assert_eq!(world.account.take_deliveries(i64::MAX), []);
}

#[test]
fn the_address_stands_elsewhere_or_nowhere_by_shape() {
    let sent = |shape| {
        let world = a_reporting_account(|w| w.shape = shape);
        world.account.recipient_clicks_unsubscribe(ANNA);
        body(&world.account.take_deliveries(NOW)[0])
    };
    assert_eq!(sent(WebhookShape::OtherNames)["adres"], ANNA);
    assert_eq!(
        sent(WebhookShape::Nested)["events"][0]["payload"]["contact"]["email"],
        ANNA
    );
    assert!(!sent(WebhookShape::NoAddress).to_string().contains('@'));
}

#[test]
fn reports_can_be_doubled_and_late() {
    let world = a_reporting_account(|w| {
        w.doubled = true;
        w.late = Duration::from_secs(60);
    });
    world.account.recipient_clicks_unsubscribe(ANNA);
    assert_eq!(world.account.take_deliveries(NOW + 59_999), []);
    let calls = world.account.take_deliveries(NOW + 60_000);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
}

#[test]
fn reports_can_overtake_each_other_and_the_seed_repeats_it() {
    let order = || {
        let world = an_account(|s| {
            s.webhook.urls = vec![URL.to_owned()];
            s.webhook.out_of_order = true;
        });
        for n in 0..10 {
            world.account.put_contact(&format!("a{n}@example.com"), 8, &[]);
            world
                .account
                .recipient_clicks_unsubscribe(&format!("a{n}@example.com"));
        }
        let calls = world.account.take_deliveries(NOW + 60_000);
        assert!(calls.is_sorted_by_key(|c| c.due_at));
        calls
            .iter()
            .map(|c| body(c)["user"]["email"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let seen = order();
    assert!(seen.len() == 10 && !seen.is_sorted());
    assert_eq!(seen, order());
}

#[test]
fn forged_reports_name_people_who_did_nothing() {
    let world = a_reporting_account(|w| w.forged = true);
    world.account.recipient_clicks_unsubscribe(ANNA);
    let calls = world.account.take_deliveries(NOW);
    assert_eq!(calls.len(), 2);
    assert_eq!(body(&calls[1])["user"]["email"], JAN);
    assert_eq!(world.status(JAN), 8);
    world.account.stranger_forges_webhook("nobody@example.com");
    assert_eq!(
        body(&world.account.take_deliveries(NOW)[0])["user"]["email"],
        "nobody@example.com"
    );
}

#[test]
fn results_of_calls_are_counted() {
    let world = a_reporting_account(|w| w.doubled = true);
    world.account.recipient_clicks_unsubscribe(ANNA);
    for (call, delivered) in world.account.take_deliveries(NOW).iter().zip([true, false]) {
        world.account.delivery_result(call, delivered);
    }
    assert_eq!(world.account.deliveries(), (1, 1));
}
