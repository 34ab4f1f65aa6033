//! Messages of the AppStore (shoper-api.md A).

use http::Method;
use secrecy::ExposeSecret;
use store::{SecretName, ShopState};

use crate::world::*;

/// An action, what its message says beside the usual, and its hash.
type Vector = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// The vectors of shoper-api.md A.3.
const VECTORS: [Vector; 5] = [
    (
        "install",
        &[
            ("application_version", "1"),
            ("auth_code", "AUTHCODE123"),
            ("trial", "0"),
        ],
        "d8e59bb367896736b84c1d033f871ee0f18d75eadccd77f3b302a57ead698d27de6d931964f0ec6193fb125a89fd342de7d92a50c02909c1d3274e86476db651",
    ),
    (
        "upgrade",
        &[("application_version", "2")],
        "458922a29d242b9ba47e6bd186060b70fc83a0e8026d4428009beb6c78f46649dff62cb5c11c197c618ef03ada924be4cc406aaf4618e2046025f98f64d39481",
    ),
    (
        "billing_install",
        &[],
        "d57bf498dbfa7db546699e37b0e7c164305f4fbb389395d79f7fca3826a9424dfece1cb52ec3b2fa618f53c3a206204fb2d6a10b001f46e1867a267ebc3caf06",
    ),
    (
        "billing_subscription",
        &[("subscription_end_time", "2026-12-23 12:00:00")],
        "be34485fc10368e7b2b8d925d717d45943402140a4e76989596ec34c7881184fc85d043268a7003188d36b36267a2c399d9cf20141fbdf002c5adbccd2c19c81",
    ),
    (
        "uninstall",
        &[],
        "37cd13895050703d23de89407fb0b9c0559d7b7d8283b0b64d9dd16404c434892d3e2c13121bdb577ac0f9fd04fc1f3adb1a76ce71ce02b800369430382ade47",
    ),
];

#[tokio::test]
async fn every_message_of_the_reference_is_taken_and_does_what_it_says() {
    each(async |world| {
        for (action, extra, hash) in VECTORS {
            let message = signed(action, extra);
            assert_eq!(
                message.last().unwrap().1,
                hash,
                "{action} is signed as in the reference"
            );
            let answer = world.lifecycle(&message).await;
            assert_eq!(answer.status, 200, "{action}: {}", answer.text());
            let shop = world.shop().await;
            match action {
                "install" => {
                    assert_eq!((shop.host.as_str(), shop.url.as_str()), (HOST, SHOP_URL));
                    assert_eq!(
                        (shop.app_version, shop.trial, shop.state),
                        (Some(1), false, ShopState::Connecting)
                    );
                    let code = world
                        .store
                        .secret(shop.id, SecretName::AuthCode)
                        .await
                        .unwrap()
                        .unwrap();
                    assert_eq!(code.expose_secret(), "AUTHCODE123");
                }
                "upgrade" => assert_eq!(shop.app_version, Some(2)),
                "billing_subscription" => assert_eq!(shop.subscription_until, Some(NOON + 30 * 86_400_000)),
                "uninstall" => assert_eq!(shop.state, ShopState::Uninstalling),
                _ => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_install_that_comes_again_changes_nothing() {
    each(async |world| {
        let shop = world.installed().await;
        world
            .store
            .put_secrets(shop.id, &[(SecretName::AuthCode, None)], None)
            .await
            .unwrap();
        let answer = world.lifecycle(&signed("install", &install_extra())).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.shop().await.id, shop.id);
        assert!(
            world
                .store
                .secret(shop.id, SecretName::AuthCode)
                .await
                .unwrap()
                .is_none(),
            "a spent code stays spent"
        );
        assert_eq!(world.store.shops().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_uninstall_older_than_the_latest_install_is_ignored() {
    each(async |world| {
        world.installed().await;
        let again = signed_at("install", "2026-11-23 13:00:00", &install_extra());
        assert_eq!(world.lifecycle(&again).await.status, 200);
        let late = signed_at("uninstall", "2026-11-23 12:30:00", &[]);
        assert_eq!(world.lifecycle(&late).await.status, 200);
        assert_ne!(world.shop().await.state, ShopState::Uninstalling);
        let genuine = signed_at("uninstall", "2026-11-23 14:00:00", &[]);
        assert_eq!(world.lifecycle(&genuine).await.status, 200);
        assert_eq!(world.shop().await.state, ShopState::Uninstalling);
    })
    .await;
}

#[tokio::test]
async fn messages_may_come_before_the_install_they_follow() {
    each(async |world| {
        assert_eq!(world.lifecycle(&signed("billing_install", &[])).await.status, 200);
        assert_eq!(world.lifecycle(&signed("uninstall", &[])).await.status, 200);
        assert!(world.store.shops().await.unwrap().is_empty());
        let later = signed_at("install", "2026-11-23 12:00:05", &install_extra());
        assert_eq!(world.lifecycle(&later).await.status, 200);
        assert_eq!(world.shop().await.state, ShopState::Connecting);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_action_that_is_signed_is_kept_and_answered() {
    each(async |world| {
        world.installed().await;
        let answer = world.lifecycle(&signed("trial_end", &[("reason", "time")])).await;
        assert_eq!(answer.status, 200);
        assert_eq!(world.shop().await.state, ShopState::Connecting);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_signature_is_401_and_changes_nothing() {
    each(async |world| {
        let mut message = signed("install", &install_extra());
        for param in &mut message {
            if param.0 == "shop_url" {
                param.1 = "https://evil.example".to_owned();
            }
        }
        let answer = world.lifecycle(&message).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, "not-proven")
        );
        assert!(world.store.shops().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_message_is_400() {
    each(async |world| {
        let unsigned: Vec<_> = signed("install", &install_extra())
            .into_iter()
            .filter(|(name, _)| name != "hash")
            .collect();
        assert_eq!(world.lifecycle(&unsigned).await.status, 400);
        let mut twice = signed("uninstall", &[]);
        twice.push(("shop".to_owned(), "another".to_owned()));
        assert_eq!(world.lifecycle(&twice).await.status, 400);
        for broken in [
            signed("", &[]),
            signed(
                "install",
                &[
                    ("shop_url", "ftp://nowhere"),
                    ("auth_code", "A"),
                    ("application_version", "1"),
                ],
            ),
            signed(
                "install",
                &[
                    ("shop_url", "https://192.168.0.1"),
                    ("auth_code", "A"),
                    ("application_version", "1"),
                ],
            ),
            signed("uninstall", &[("timestamp", "")]),
        ] {
            let answer = world.lifecycle(&broken).await;
            assert_eq!(answer.status, 400, "{broken:?}: {}", answer.text());
        }
        assert_eq!(
            world
                .call(Method::POST, "/shoper/lifecycle", &[], vec![0xff_u8; 200])
                .await
                .status,
            400
        );
        assert_eq!(
            world
                .call(Method::POST, "/shoper/lifecycle", &[], vec![b'a'; 100_000])
                .await
                .status,
            413
        );
        assert_eq!(
            world.call(Method::PUT, "/shoper/lifecycle", &[], "").await.status,
            405
        );
        assert!(world.store.shops().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_message_for_another_application_is_refused() {
    each(async |world| {
        let extra = [
            ("application_code", "somebody-elses"),
            ("application_version", "1"),
            ("auth_code", "A"),
        ];
        assert_eq!(world.lifecycle(&signed("install", &extra)).await.status, 403);
        assert!(world.store.shops().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn without_the_ledger_the_platform_is_asked_to_try_again() {
    each(async |world| {
        world.ledger_fails().await;
        let answer = world.lifecycle(&signed("install", &install_extra())).await;
        assert_eq!(answer.status, 503);
        assert!(!answer.header("retry-after").is_empty());
    })
    .await;
}

#[tokio::test]
async fn without_the_secret_nothing_is_believed() {
    each_with(
        |settings| settings.appstore_secret = None,
        async |world| {
            assert_eq!(
                world.lifecycle(&signed("install", &install_extra())).await.status,
                404
            );
        },
    )
    .await;
}
