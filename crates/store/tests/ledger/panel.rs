//! Configurations, audits and sessions.

use secrecy::ExposeSecret;
use store::{Audit, Error, SecretName, Session, ShopChange, ShopState};
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
        store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();
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

#[tokio::test]
async fn a_shop_is_disconnected_until_a_key_comes_however_it_comes() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let problems = async || store.shop_problems(shop, 9).await.unwrap().len();
        for with_config in [true, false] {
            store.disconnect(shop, NOON).await.unwrap();
            assert_eq!(problems().await, 1);
            if with_config {
                let kept = store.put_config(shop, "a = 1", Some("key".into()), None, "panel", NOON);
                kept.await.unwrap();
            } else {
                let key = [(SecretName::SareKey, Some("key".into()))];
                store.put_secrets(shop, &key, None).await.unwrap();
            }
            assert_eq!(problems().await, 0, "with a configuration: {with_config}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_done_is_told_once_and_to_its_own_session() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let session = Session {
            shop,
            admin: None,
            csrf: "form".to_owned(),
            locale: "pl".to_owned(),
            expires_at: NOON + 1_000,
        };
        for token in ["one", "two"] {
            store.put_session(token, &session, NOON).await.unwrap();
        }
        store.put_told("one", "advanced rules").await.unwrap();
        assert!(!store.take_told("two", "advanced rules").await.unwrap());
        assert!(!store.take_told("one", "advanced forced").await.unwrap());
        assert!(store.take_told("one", "advanced rules").await.unwrap());
        assert!(!store.take_told("one", "advanced rules").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_language_is_kept_for_whoever_chose_it_and_goes_with_the_shop() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        for (of, admin, locale) in [
            (shop, Some("7"), "pl"),
            (shop, Some("7"), "en"),
            (other, Some("7"), "pl"),
        ] {
            store.choose_language(of, admin, locale).await.unwrap();
        }
        let chosen = async |of, admin| store.chosen_language(of, admin).await.unwrap();
        assert_eq!(chosen(shop, Some("7")).await.as_deref(), Some("en"));
        assert_eq!(chosen(other, Some("7")).await.as_deref(), Some("pl"));
        assert_eq!(chosen(shop, None).await, None);
        store.remove_shop(shop, NOON).await.unwrap();
        assert_eq!(chosen(shop, Some("7")).await, None);
        assert_eq!(chosen(other, Some("7")).await.as_deref(), Some("pl"));
    })
    .await;
}

#[tokio::test]
async fn an_audit_is_taken_on_by_one_server_and_is_due_again_after_its_time() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store
            .put_config(shop, "x", None, None, "test", NOON)
            .await
            .unwrap();
        let connecting = ShopChange {
            state: Some(ShopState::Connecting),
            ..ShopChange::default()
        };
        store.update_shop(shop, &connecting, NOON).await.unwrap();
        assert!(store.audits_due(NOON, NOON, 10).await.unwrap().is_empty());
        let connected = ShopChange {
            state: Some(ShopState::Connected),
            ..ShopChange::default()
        };
        store.update_shop(shop, &connected, NOON).await.unwrap();
        assert_eq!(store.audits_due(NOON, NOON, 10).await.unwrap(), [shop]);
        let begun = NOON + 500;
        assert!(store.begin_audit(shop, NOON, begun).await.unwrap());
        assert!(!store.begin_audit(shop, NOON, begun).await.unwrap());
        assert!(store.audits_due(begun, begun, 10).await.unwrap().is_empty());
        assert_eq!(store.audits_due(begun + 1, begun + 1, 10).await.unwrap(), [shop]);
    })
    .await;
}

#[tokio::test]
async fn the_first_synchronisation_is_held_and_let_go_by_a_word_that_wakes_the_lane() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let held = async || store.shop(shop).await.unwrap().unwrap().first_run_after;
        assert_eq!(held().await, None);
        store
            .hold_first_run(shop, Some(NOON + 600_000), NOON)
            .await
            .unwrap();
        assert_eq!(held().await, Some(NOON + 600_000));
        // Prolonged it is never shortened, and once the word is given it is not held again.
        store.prolong_hold(shop, NOON + 60_000, NOON).await.unwrap();
        assert_eq!(held().await, Some(NOON + 600_000));
        store.prolong_hold(shop, NOON + 900_000, NOON).await.unwrap();
        assert_eq!(held().await, Some(NOON + 900_000));
        store.hold_first_run(shop, None, NOON + 1_000).await.unwrap();
        store.prolong_hold(shop, NOON + 900_000, NOON).await.unwrap();
        assert_eq!(held().await, None);
        let lane = store.lane(shop).await.unwrap().unwrap();
        assert!(lane.wake_at.is_some_and(|at| at <= NOON + 1_000));
    })
    .await;
}

#[tokio::test]
async fn a_session_speaks_the_language_last_chosen() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let session = Session {
            shop,
            admin: None,
            csrf: "c".to_owned(),
            locale: "pl".to_owned(),
            expires_at: NOON + 1_000,
        };
        store.put_session("token", &session, NOON).await.unwrap();
        store.set_session_locale("token", "en").await.unwrap();
        let found = store.session("token", NOON).await.unwrap().unwrap();
        assert_eq!(found.locale, "en");
    })
    .await;
}

#[tokio::test]
async fn the_key_of_the_account_before_is_kept_until_it_is_left() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let connect = async |uid: &str, key: &str| {
            let config = format!("[sare]\nuid = \"{uid}\"\n");
            let key = Some(key.into());
            store
                .put_config(shop, &config, key, None, "panel", NOON)
                .await
                .unwrap();
        };
        let before = async |uid: &str| {
            let key = store.sare_key_before(shop, uid).await.unwrap();
            key.map(|key| key.expose_secret().to_owned())
        };
        connect("101", "old").await;
        connect("101", "first").await;
        assert_eq!(before("101").await, None, "another key of the same account");
        connect("202", "second").await;
        assert_eq!(before("101").await.as_deref(), Some("first"));
        assert_eq!(before("202").await, None);
        // The ledger still knows the first account.
        connect("303", "third").await;
        assert_eq!(before("101").await.as_deref(), Some("first"));
        // Back and forth, with another key.
        connect("101", "fourth").await;
        connect("202", "second").await;
        assert_eq!(before("101").await.as_deref(), Some("fourth"));
        store.disconnect(shop, NOON).await.unwrap();
        assert_eq!(before("101").await, None, "the merchant takes the keys back");
    })
    .await;
}
