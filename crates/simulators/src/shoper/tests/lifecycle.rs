//! The AppStore's messages and the panel's address (shoper-api.md A, C).

use std::collections::BTreeMap;

use super::super::{Admin, LifecycleDelivery, Params, TimestampFormat, form, message_hash};
use super::{NOW, a_plain_shop, a_shop};

fn map(params: &Params) -> BTreeMap<&str, &str> {
    params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn names(params: &Params) -> Vec<&str> {
    map(params).into_keys().collect()
}

const COMMON: [&str; 6] = [
    "action",
    "application_code",
    "hash",
    "shop",
    "shop_url",
    "timestamp",
];

#[test]
fn every_message_has_its_parameters_and_is_signed() {
    let shop = a_plain_shop().shop;
    let with = |extra: &[&'static str]| {
        let mut names: Vec<&str> = COMMON.iter().chain(extra).copied().collect();
        names.sort_unstable();
        names
    };
    let cases = [
        (
            shop.install_message(),
            "install",
            with(&["application_version", "auth_code", "trial"]),
        ),
        (shop.upgrade_message(2), "upgrade", with(&["application_version"])),
        (shop.billing_install_message(), "billing_install", with(&[])),
        (
            shop.billing_subscription_message(NOW),
            "billing_subscription",
            with(&["subscription_end_time"]),
        ),
        (shop.uninstall_message(), "uninstall", with(&[])),
    ];
    for (message, action, expected) in cases {
        assert_eq!(names(&message), expected);
        let params = map(&message);
        assert_eq!(
            (params["action"], params["timestamp"]),
            (action, "2026-11-23 12:00:00")
        );
        assert_eq!(params["shop"], "0123456789abcdef0123456789abcdef01234567");
        assert_eq!(params["hash"], message_hash("appstore-secret-example", &message));
    }
}

#[test]
fn messages_vary_where_the_reference_does_not_say() {
    let site = a_shop(|s| {
        s.trial = None;
        s.upgrade_carries_code = true;
        s.lifecycle_timestamp = TimestampFormat::Unix;
    });
    let install = site.shop.install_message();
    assert!(!names(&install).contains(&"trial"));
    assert_eq!(map(&install)["timestamp"], "1795431600");
    assert_eq!(map(&site.shop.upgrade_message(3))["auth_code"].len(), 40);
    site.shop.configure(|s| {
        s.trial = Some(true);
        s.lifecycle_timestamp = TimestampFormat::Rfc3339;
    });
    let install = site.shop.install_message();
    assert_eq!(
        (map(&install)["trial"], map(&install)["timestamp"]),
        ("1", "2026-11-23T12:00:00+01:00")
    );
}

#[test]
fn messages_can_come_again_and_in_any_order() {
    let site = a_shop(|s| {
        s.lifecycle = LifecycleDelivery {
            repeats: 2,
            out_of_order: true,
        }
    });
    let messages = vec![
        site.shop.install_message(),
        site.shop.billing_install_message(),
        site.shop.upgrade_message(2),
    ];
    let sent = site.shop.as_sent(messages.clone());
    assert_eq!(sent.len(), 9);
    for message in &messages {
        assert_eq!(sent.iter().filter(|other| *other == message).count(), 3);
    }
    let actions: Vec<&str> = sent.iter().map(|message| map(message)["action"]).collect();
    assert!(!actions.is_sorted_by_key(|action| {
        ["install", "billing_install", "upgrade"]
            .iter()
            .position(|a| a == action)
    }));
    assert_eq!(a_plain_shop().shop.as_sent(messages.clone()), messages);
}

#[test]
fn removing_the_app_takes_tokens_and_webhooks_or_leaves_them() {
    let site = a_plain_shop();
    site.hook("s", &["client.edit"]);
    site.shop
        .add_foreign_webhook("https://other.example/", &["client.edit"]);
    site.shop.uninstall_message();
    assert!(!site.shop.installed());
    assert_eq!(site.get("users").status, 401);
    let left: Vec<bool> = site.shop.webhooks().iter().map(|hook| hook.by_app).collect();
    assert_eq!(left, [false], "others' are not touched");

    let site = a_shop(|s| {
        s.token_works_at_uninstall = true;
        s.webhooks_deleted_at_uninstall = false;
    });
    site.hook("s", &["client.edit"]);
    site.shop.uninstall_message();
    assert_eq!((site.get("users").status, site.shop.webhooks().len()), (200, 1));
    site.pass(std::time::Duration::from_secs(61));
    assert_eq!(site.get("users").status, 401);
}

#[test]
fn the_panels_address_is_signed_over_a_fixed_set_of_parameters() {
    let shop = a_plain_shop().shop;
    let plain = shop.iframe_query("my-apps", None);
    let signed: Params = plain
        .iter()
        .filter(|(name, _)| ["place", "shop", "timestamp"].contains(&name.as_str()))
        .cloned()
        .collect();
    assert_eq!(
        map(&plain)["hash"],
        message_hash("appstore-secret-example", &signed)
    );
    assert_eq!(
        map(&plain)["hash"],
        "4ad5cccfc887478a5b30a2ab8ac31a93b4989fe028c2ca711d85d035eca75d19274887e9a96dbef7540967794b7ffebc2af7ef300c5d684375a131807deacc0e"
    );
    assert_eq!(map(&plain)["translations"], "pl_PL");
    let by_admin = shop.iframe_query(
        "my-apps",
        Some(Admin {
            id: 1,
            name: "Jan Kowalski".to_owned(),
        }),
    );
    assert_eq!(map(&by_admin)["hash"], map(&plain)["hash"]);
    assert_eq!(
        map(&by_admin)["admin-hash"],
        "2abe774b496c03c026b4092f322f57dd373fefadbfe87e499a9fe6a9535afcb01e2227a236897fe075effda6ef3e50ce60906da8540745c33e430861cb94359a"
    );
    assert!(form(&by_admin).contains("admin-name=Jan+Kowalski"));
}

#[test]
fn the_panels_address_tells_its_time_in_any_shape() {
    let site = a_plain_shop();
    for (shape, written) in [
        (TimestampFormat::DateTime, "2026-11-23 12:00:00"),
        (TimestampFormat::Unix, "1795431600"),
        (TimestampFormat::Rfc3339, "2026-11-23T12:00:00+01:00"),
    ] {
        site.shop.configure(|s| s.iframe_timestamp = shape);
        let query = site.shop.iframe_query("my-apps", None);
        assert_eq!(map(&query)["timestamp"], written);
        let signed: Params = query
            .iter()
            .filter(|(name, _)| ["place", "shop", "timestamp"].contains(&name.as_str()))
            .cloned()
            .collect();
        assert_eq!(
            map(&query)["hash"],
            message_hash("appstore-secret-example", &signed)
        );
    }
}
