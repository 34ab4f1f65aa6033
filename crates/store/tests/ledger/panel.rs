//! Configurations, audits and sessions.

use secrecy::ExposeSecret;
use store::{Audit, Error, SecretName, Session};
use sync_core::ShopId;

use crate::support::{LEASE, NOON, a_shop, each_database, lease};

#[tokio::test]
async fn a_configuration_changed_by_another_is_not_overwritten() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let first = store
            .put_config(shop, "a = 1", Some("key".into()), Some(0), "panel", NOON)
            .await
            .unwrap();
        let second = store
            .put_config(shop, "a = 2", None, Some(first), "cli", NOON + 1)
            .await
            .unwrap();
        assert_eq!(second, first + 1);
        let lost = store
            .put_config(
                shop,
                "a = 3",
                Some("other".into()),
                Some(first),
                "panel",
                NOON + 2,
            )
            .await;
        assert!(matches!(lost, Err(Error::ConfigChanged { version }) if version == second));
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(
            (known.config.as_deref(), known.config_version),
            (Some("a = 2"), second)
        );
        let key = store.secret(shop, SecretName::SareKey).await.unwrap().unwrap();
        assert_eq!(key.expose_secret(), "key");
        // Without an expectation the last one wins.
        store
            .put_config(shop, "a = 4", None, None, "cli", NOON + 3)
            .await
            .unwrap();
        let history = store.config_history(shop, 2).await.unwrap();
        let told: Vec<_> = history
            .iter()
            .map(|v| (v.version, v.config.as_str(), v.who.as_str(), v.at))
            .collect();
        assert_eq!(
            told,
            [
                (second + 1, "a = 4", "cli", NOON + 3),
                (second, "a = 2", "cli", NOON + 1)
            ]
        );
        assert!(matches!(
            store.put_config(ShopId(99), "", None, None, "x", NOON).await,
            Err(Error::NoSuchShop)
        ));
    })
    .await;
}

#[tokio::test]
async fn of_many_who_expect_one_version_one_saves() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let saves = (0..8).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .put_config(shop, &format!("n = {n}"), None, Some(0), "panel", NOON)
                    .await
            })
        });
        let mut saved = 0;
        for save in saves.collect::<Vec<_>>() {
            match save.await.unwrap() {
                Ok(version) => {
                    assert_eq!(version, 1);
                    saved += 1;
                }
                Err(Error::ConfigChanged { version }) => assert_eq!(version, 1),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(saved, 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_configuration_wakes_the_lane() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.release(&taken, "{}", NOON + 1_000_000).await.unwrap();
        store
            .put_config(shop, "a = 1", None, None, "panel", NOON)
            .await
            .unwrap();
        assert!(store.claim(NOON, LEASE).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn the_latest_audit_is_told() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        assert!(store.last_audit(shop).await.unwrap().is_none());
        store.put_audit(shop, NOON, 10, 1, "{}").await.unwrap();
        store
            .put_audit(shop, NOON + 1, 20, 0, "{\"ok\":true}")
            .await
            .unwrap();
        let expected = Audit {
            at: NOON + 1,
            compared: 20,
            differences: 0,
            detail: "{\"ok\":true}".to_owned(),
        };
        assert_eq!(store.last_audit(shop).await.unwrap().unwrap(), expected);
    })
    .await;
}

#[tokio::test]
async fn a_session_is_found_by_its_token_until_it_ends() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let of = |shop, expires_at| Session {
            shop,
            admin: Some("7".to_owned()),
            csrf: "form".to_owned(),
            locale: "pl".to_owned(),
            expires_at,
        };
        store
            .put_session("short", &of(shop, NOON + 10), NOON)
            .await
            .unwrap();
        store
            .put_session("long", &of(shop, NOON + 1_000), NOON)
            .await
            .unwrap();
        store
            .put_session("other", &of(other, NOON + 1_000), NOON)
            .await
            .unwrap();
        assert_eq!(
            store.session("short", NOON + 9).await.unwrap().unwrap(),
            of(shop, NOON + 10)
        );
        assert!(store.session("short", NOON + 10).await.unwrap().is_none());
        assert!(store.session("unknown", NOON).await.unwrap().is_none());
        // Ended ones go when a new one begins.
        store
            .put_session("next", &of(shop, NOON + 1_000), NOON + 11)
            .await
            .unwrap();
        assert_eq!(ledger.number("SELECT COUNT(*) FROM sessions").await, 3);
        store.end_sessions(shop).await.unwrap();
        assert!(store.session("long", NOON).await.unwrap().is_none());
        assert!(store.session("other", NOON).await.unwrap().is_some());
    })
    .await;
}
