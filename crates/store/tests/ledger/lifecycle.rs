//! Lifecycle messages: each once, in whatever order they come (shoper-api.md A.4 and H.6).

use secrecy::ExposeSecret;
use store::{Lifecycle, LifecycleEffect, Origin, Received, SecretName, ShopChange, ShopState, Store};
use sync_core::ShopId;

use crate::support::{LEASE, NOON, a_shop, each_database, install, lease, message};

fn uninstall(license: &str, hash: &str, timestamp: &str) -> Lifecycle {
    message(license, "uninstall", hash, timestamp, LifecycleEffect::Uninstall)
}

async fn code(store: &Store, shop: ShopId) -> Option<String> {
    let code = store.secret(shop, SecretName::AuthCode).await.unwrap();
    code.map(|code| code.expose_secret().to_owned())
}

async fn state(store: &Store, shop: ShopId) -> ShopState {
    store.shop(shop).await.unwrap().unwrap().state
}

/// Tokens in place of the code, as the engine leaves a shop that works.
async fn connect(store: &Store, shop: ShopId) {
    let tokens = [
        (SecretName::AccessToken, Some("access".into())),
        (SecretName::AuthCode, None),
    ];
    store
        .put_secrets(shop, &tokens, Some(store::AccessLife::until(NOON + 1)))
        .await
        .unwrap();
    let change = ShopChange {
        state: Some(ShopState::Connected),
        ..ShopChange::default()
    };
    store.update_shop(shop, &change, NOON).await.unwrap();
}

#[tokio::test]
async fn an_installation_makes_a_shop_whose_lane_is_due() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!((known.license.as_str(), known.host.as_str()), ("a", "a.example"));
        assert_eq!(
            (known.origin, known.state),
            (Origin::AppStore, ShopState::Connecting)
        );
        assert_eq!(
            (known.trial, known.app_version, known.config_version),
            (true, Some(1), 0)
        );
        assert_eq!(known.installed_stamp.as_deref(), Some("2026-09-21 12:00:00"));
        assert_eq!(code(store, shop).await.as_deref(), Some("code-of-first"));
        assert_eq!(store.claim(NOON, LEASE).await.unwrap().unwrap().shop, shop);
    })
    .await;
}

#[tokio::test]
async fn a_replayed_installation_costs_no_working_tokens() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        connect(store, shop).await;
        let again = store
            .receive(&install("a", "first", "2026-09-21 12:00:00"))
            .await
            .unwrap();
        assert_eq!(again, Received::Repeated);
        assert_eq!(code(store, shop).await, None);
        let token = store
            .secret(shop, SecretName::AccessToken)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(token.expose_secret(), "access");
        assert_eq!(state(store, shop).await, ShopState::Connected);
        assert_eq!(store.shops().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_installation_of_a_working_shop_leaves_its_tokens_until_the_code_is_exchanged() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        connect(store, shop).await;
        let again = store
            .receive(&install("a", "second", "2026-09-22 12:00:00"))
            .await
            .unwrap();
        assert_eq!(again, Received::Applied(shop));
        assert_eq!(code(store, shop).await.as_deref(), Some("code-of-second"));
        assert!(
            store
                .secret(shop, SecretName::AccessToken)
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(state(store, shop).await, ShopState::Connected);
    })
    .await;
}

#[tokio::test]
async fn an_installation_older_than_the_latest_is_kept_without_effect() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        connect(store, shop).await;
        let late = store
            .receive(&install("a", "older", "2026-09-20 12:00:00"))
            .await
            .unwrap();
        assert_eq!(late, Received::Kept);
        assert_eq!(code(store, shop).await, None);
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(known.installed_stamp.as_deref(), Some("2026-09-21 12:00:00"));
    })
    .await;
}

#[tokio::test]
async fn an_uninstallation_older_than_the_latest_installation_is_kept_without_effect() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        connect(store, shop).await;
        let late = store
            .receive(&uninstall("a", "u1", "2026-09-21 11:59:59"))
            .await
            .unwrap();
        assert_eq!(late, Received::Kept);
        assert_eq!(state(store, shop).await, ShopState::Connected);
        let now = store
            .receive(&uninstall("a", "u2", "2026-09-21 12:00:01"))
            .await
            .unwrap();
        assert_eq!(now, Received::Applied(shop));
        assert_eq!(state(store, shop).await, ShopState::Uninstalling);
        assert_eq!(
            store
                .receive(&uninstall("a", "u2", "2026-09-21 12:00:01"))
                .await
                .unwrap(),
            Received::Repeated
        );
    })
    .await;
}

#[tokio::test]
async fn an_uninstallation_whose_stamp_cannot_be_compared_counts() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let odd = store.receive(&uninstall("a", "u1", "1758448800")).await.unwrap();
        assert_eq!(odd, Received::Applied(shop));
        let other = a_shop(store, "b").await;
        // As long as the known form, and still another.
        let odd = store
            .receive(&uninstall("b", "u1", "20.09.2026 12:00:00"))
            .await
            .unwrap();
        assert_eq!(odd, Received::Applied(other));
    })
    .await;
}

#[tokio::test]
async fn an_installation_after_a_removal_revives_the_shop_with_another_number_and_nothing_known() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        connect(store, shop).await;
        store
            .receive(&uninstall("a", "u1", "2026-09-22 12:00:00"))
            .await
            .unwrap();
        let taken = lease(store, shop).await;
        assert!(store.erase_shop(&taken, NOON).await.unwrap());
        store
            .release(&taken, "{\"first_done\":true}", NOON + 1_000_000, NOON)
            .await
            .unwrap();
        assert_eq!(state(store, shop).await, ShopState::Removed);
        let again = store
            .receive(&install("a", "second", "2026-09-23 12:00:00"))
            .await
            .unwrap();
        // Its rows are sealed with another key: nobody who knows the old number takes it for the old shop.
        let Received::Applied(anew) = again else {
            panic!("{again:?}")
        };
        assert_ne!(anew, shop);
        assert!(store.shop(shop).await.unwrap().is_none());
        let late = [(SecretName::AccessToken, Some("late".into()))];
        assert!(store.put_secrets(shop, &late, None).await.is_err());
        let old_hash = store.hash(shop, "a@example.com");
        let shop = anew;
        assert_ne!(store.hash(shop, "a@example.com"), old_hash);
        assert_eq!(store.shops().await.unwrap().len(), 1);
        assert_eq!(state(store, shop).await, ShopState::Connecting);
        assert_eq!(code(store, shop).await.as_deref(), Some("code-of-second"));
        assert!(
            store
                .secret(shop, SecretName::AccessToken)
                .await
                .unwrap()
                .is_none()
        );
        let next = store.claim(NOON, LEASE).await.unwrap().unwrap();
        assert_eq!((next.shop, next.state.as_str()), (shop, "{}"));
        assert!(next.fence > taken.fence);
    })
    .await;
}

#[tokio::test]
async fn a_shop_installed_again_before_it_was_erased_is_not_erased() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store
            .receive(&uninstall("a", "u1", "2026-09-22 12:00:00"))
            .await
            .unwrap();
        // The worker has seen the removal; then the merchant comes back.
        let taken = lease(store, shop).await;
        store
            .receive(&install("a", "second", "2026-09-22 12:00:05"))
            .await
            .unwrap();
        store.erase_shop(&taken, NOON).await.unwrap();
        assert_eq!(state(store, shop).await, ShopState::Connecting);
        assert_eq!(code(store, shop).await.as_deref(), Some("code-of-second"));
        store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();
        assert_eq!(store.claim(NOON, LEASE).await.unwrap().unwrap().shop, shop);
    })
    .await;
}

#[tokio::test]
async fn messages_of_shops_we_do_not_know_are_kept() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let effects = [
            ("uninstall", LifecycleEffect::Uninstall),
            ("billing_install", LifecycleEffect::Paid),
            (
                "billing_subscription",
                LifecycleEffect::Subscribed { until: Some(NOON) },
            ),
            (
                "upgrade",
                LifecycleEffect::Upgrade {
                    version: Some(2),
                    auth_code: Some("code".into()),
                    trial: None,
                },
            ),
            (
                "renamed",
                LifecycleEffect::Unknown {
                    params: "{}".to_owned(),
                },
            ),
        ];
        for (action, effect) in effects {
            let first = message("nobody", action, "h", "2026-09-01 00:00:00", effect);
            assert_eq!(store.receive(&first).await.unwrap(), Received::Kept, "{action}");
            assert_eq!(
                store.receive(&first).await.unwrap(),
                Received::Repeated,
                "{action}"
            );
        }
        assert!(store.shops().await.unwrap().is_empty());
        // A message known before its shop is still known after.
        let shop = a_shop(store, "nobody").await;
        let again = uninstall("nobody", "h", "2026-09-01 00:00:00");
        assert_eq!(store.receive(&again).await.unwrap(), Received::Repeated);
        assert_eq!(state(store, shop).await, ShopState::Connecting);
    })
    .await;
}

#[tokio::test]
async fn an_installation_overtaken_by_its_own_uninstallation_does_not_bring_the_shop_back() {
    each_database(async |ledger| {
        let store = &ledger.store;
        assert_eq!(
            store
                .receive(&uninstall("a", "u1", "2026-09-22 12:00:00"))
                .await
                .unwrap(),
            Received::Kept
        );
        let late = store
            .receive(&install("a", "first", "2026-09-21 12:00:00"))
            .await
            .unwrap();
        assert_eq!(late, Received::Kept);
        // A real reinstallation does.
        let again = store
            .receive(&install("a", "second", "2026-09-23 12:00:00"))
            .await
            .unwrap();
        assert!(matches!(again, Received::Applied(_)));
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_and_payments_bring_the_shop_up_to_date_in_any_order() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let upgrade = |version, hash| {
            let effect = LifecycleEffect::Upgrade {
                version: Some(version),
                auth_code: None,
                trial: None,
            };
            message("a", "upgrade", hash, "2026-09-22 00:00:00", effect)
        };
        let paid = |until, hash| {
            let effect = LifecycleEffect::Subscribed { until: Some(until) };
            message("a", "billing_subscription", hash, "2026-09-22 00:00:00", effect)
        };
        for one in [
            upgrade(3, "v3"),
            upgrade(2, "v2"),
            paid(NOON + 90, "s2"),
            paid(NOON + 60, "s1"),
        ] {
            assert_eq!(store.receive(&one).await.unwrap(), Received::Applied(shop));
        }
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(
            (known.app_version, known.subscription_until, known.trial),
            (Some(3), Some(NOON + 90), false)
        );
        assert_eq!(code(store, shop).await.as_deref(), Some("code-of-first"));
    })
    .await;
}

#[tokio::test]
async fn a_removed_shop_takes_no_secrets_from_late_messages() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store.remove_shop(shop, NOON).await.unwrap();
        let effect = LifecycleEffect::Upgrade {
            version: Some(2),
            auth_code: Some("late".into()),
            trial: None,
        };
        let late = message("a", "upgrade", "h", "2026-09-22 00:00:00", effect);
        assert_eq!(store.receive(&late).await.unwrap(), Received::Kept);
        assert_eq!(code(store, shop).await, None);
        assert_eq!(state(store, shop).await, ShopState::Removed);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_does_not_know_of_a_removal_yet_does_not_undo_it() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store
            .receive(&uninstall("a", "u1", "2026-09-22 12:00:00"))
            .await
            .unwrap();
        // A slice begun before exchanges its code, or loses its access, and says so.
        for late in [ShopState::Connected, ShopState::AccessLost] {
            let change = ShopChange {
                state: Some(late),
                scopes: Some("all".to_owned()),
                ..ShopChange::default()
            };
            store.update_shop(shop, &change, NOON).await.unwrap();
            assert_eq!(state(store, shop).await, ShopState::Uninstalling);
        }
        store.remove_shop(shop, NOON).await.unwrap();
        let change = ShopChange {
            state: Some(ShopState::AccessLost),
            ..ShopChange::default()
        };
        store.update_shop(shop, &change, NOON).await.unwrap();
        assert_eq!(state(store, shop).await, ShopState::Removed);
    })
    .await;
}
