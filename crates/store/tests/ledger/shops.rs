//! Shops, their secrets and hooks.

use secrecy::{ExposeSecret, SecretString};
use store::{AccessLife, HookKind, Origin, SecretName, ShopChange, ShopState, Store};
use sync_core::ShopId;

use crate::support::{LEASE, NOON, a_shop, each_database};

async fn secret(store: &Store, shop: ShopId, name: SecretName) -> Option<String> {
    store
        .secret(shop, name)
        .await
        .unwrap()
        .map(|secret| secret.expose_secret().to_owned())
}

async fn connect(store: &Store, host: &str, login: &str) -> ShopId {
    let (license, url) = (format!("direct:{host}"), format!("https://{host}"));
    store
        .connect_direct(&license, &url, host, &login.into(), &"password".into(), NOON)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_shop_is_found_by_its_licence_or_its_host() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (a, b) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let found = async |name: &str| store.find_shop(name).await.unwrap().map(|shop| shop.id);
        assert_eq!(found("a").await, Some(a));
        assert_eq!(found("b.example").await, Some(b));
        assert_eq!(found("B.Example").await, Some(b));
        assert_eq!(found("c.example").await, None);
        // Of two with one host the one that is served.
        let to = ("https://a.example", "a.example");
        assert!(
            store
                .readdress(b, "https://b.example", to, None, NOON)
                .await
                .unwrap()
        );
        store.remove_shop(b, NOON).await.unwrap();
        assert_eq!(found("a.example").await, Some(a));
        assert_eq!(found("b").await, Some(b));
        assert_eq!(
            store
                .shops()
                .await
                .unwrap()
                .iter()
                .map(|shop| shop.id)
                .collect::<Vec<_>>(),
            [a, b]
        );
    })
    .await;
}

#[tokio::test]
async fn only_what_is_given_changes_about_a_shop() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let change = ShopChange {
            state: Some(ShopState::Connected),
            paused: Some(true),
            scopes: Some("users_read".to_owned()),
            ..ShopChange::default()
        };
        store.update_shop(shop, &change, NOON + 1).await.unwrap();
        store
            .update_shop(shop, &ShopChange::default(), NOON + 2)
            .await
            .unwrap();
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(
            (known.state, known.paused, known.updated_at),
            (ShopState::Connected, true, NOON + 2)
        );
        assert_eq!(
            (known.scopes.as_deref(), known.license.as_str()),
            (Some("users_read"), "a")
        );
        assert!(store.shop(ShopId(77)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_shop_connected_by_hand_is_one_shop_however_often_it_is_connected() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = connect(store, "shop.example:8443", "first").await;
        assert_eq!(connect(store, "shop.example:8443", "second").await, shop);
        assert_eq!(
            secret(store, shop, SecretName::AdminLogin).await.as_deref(),
            Some("second")
        );
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(
            (known.origin, known.state),
            (Origin::Direct, ShopState::Connecting)
        );
        assert_eq!(store.claim(NOON, LEASE).await.unwrap().unwrap().shop, shop);

        // It tells its licence once; connected again it is still the same.
        store.learn_license(shop, "its-licence", NOON).await.unwrap();
        store.learn_license(shop, "another", NOON).await.unwrap();
        assert_eq!(store.find_shop("its-licence").await.unwrap().unwrap().id, shop);
        assert!(store.find_shop("another").await.unwrap().is_none());
        assert_eq!(connect(store, "shop.example:8443", "third").await, shop);
    })
    .await;
}

#[tokio::test]
async fn a_licence_that_another_shop_has_is_not_taken_over() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let theirs = a_shop(store, "a").await;
        let copy = connect(store, "copy.example", "login").await;
        store.learn_license(copy, "a", NOON).await.unwrap();
        assert_eq!(store.find_shop("a").await.unwrap().unwrap().id, theirs);
        assert_eq!(
            store.shop(copy).await.unwrap().unwrap().license,
            "direct:copy.example"
        );
    })
    .await;
}

#[tokio::test]
async fn secrets_are_kept_and_dropped_together_and_the_expiry_only_where_it_is_told() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let text = |text: &str| Some(SecretString::from(text.to_owned()));
        let pair = [
            (SecretName::AccessToken, text("access")),
            (SecretName::RefreshToken, text("refresh")),
        ];
        store
            .put_secrets(shop, &pair, Some(AccessLife::until(NOON + 9)))
            .await
            .unwrap();
        store
            .put_secrets(shop, &[(SecretName::AuthCode, None)], None)
            .await
            .unwrap();
        assert_eq!(
            secret(store, shop, SecretName::AccessToken).await.as_deref(),
            Some("access")
        );
        assert_eq!(secret(store, shop, SecretName::AuthCode).await, None);
        assert_eq!(
            store.access_life(shop).await.unwrap(),
            AccessLife::until(NOON + 9)
        );
        let next = [
            (SecretName::AccessToken, text("next")),
            (SecretName::RefreshToken, None),
        ];
        store.put_secrets(shop, &next, None).await.unwrap();
        assert_eq!(
            secret(store, shop, SecretName::AccessToken).await.as_deref(),
            Some("next")
        );
        assert_eq!(secret(store, shop, SecretName::RefreshToken).await, None);
        // Nothing was said of the new token's end: the old one's would be a lie.
        assert_eq!(store.access_life(shop).await.unwrap(), AccessLife::default());
    })
    .await;
}

#[tokio::test]
async fn a_hook_is_found_by_its_token_and_its_kind_alone() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let (token, other): (SecretString, SecretString) = ("token-1".into(), "token-2".into());
        store
            .put_hook(shop, HookKind::Shoper, &token, Some("secret".into()), None)
            .await
            .unwrap();
        store
            .set_hook_remote(shop, HookKind::Shoper, Some(12))
            .await
            .unwrap();
        let hook = store.hook(HookKind::Shoper, "token-1").await.unwrap().unwrap();
        assert_eq!(
            (hook.shop, hook.license.as_str(), hook.remote_id, hook.active),
            (shop, "a", Some(12), true)
        );
        assert_eq!(hook.secret.unwrap().expose_secret(), "secret");
        assert!(store.hook(HookKind::Sare, "token-1").await.unwrap().is_none());
        let (_, known) = store.hook_of(shop, HookKind::Shoper).await.unwrap().unwrap();
        assert_eq!(known.expose_secret(), "token-1");

        // Replaced, the old token finds nothing.
        store
            .put_hook(shop, HookKind::Shoper, &other, None, None)
            .await
            .unwrap();
        assert!(store.hook(HookKind::Shoper, "token-1").await.unwrap().is_none());
        assert!(
            store
                .hook(HookKind::Shoper, "token-2")
                .await
                .unwrap()
                .unwrap()
                .secret
                .is_none()
        );

        let change = ShopChange {
            state: Some(ShopState::Uninstalling),
            ..ShopChange::default()
        };
        store.update_shop(shop, &change, NOON).await.unwrap();
        assert!(
            !store
                .hook(HookKind::Shoper, "token-2")
                .await
                .unwrap()
                .unwrap()
                .active
        );
    })
    .await;
}

#[tokio::test]
async fn a_hooks_calls_are_noted_to_the_minute() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store
            .put_hook(shop, HookKind::Sare, &"token".into(), None, None)
            .await
            .unwrap();
        let noted = async || {
            let (hook, _) = store.hook_of(shop, HookKind::Sare).await.unwrap().unwrap();
            (hook.matched, hook.last_at)
        };
        for (at, matched) in [(NOON, "plain"), (NOON + 59_999, "plain")] {
            store
                .hook_called(shop, HookKind::Sare, matched, at)
                .await
                .unwrap();
        }
        assert_eq!(noted().await, (Some("plain".to_owned()), Some(NOON)));
        store
            .hook_called(shop, HookKind::Sare, "derived", NOON + 59_999)
            .await
            .unwrap();
        assert_eq!(noted().await, (Some("derived".to_owned()), Some(NOON + 59_999)));
        store
            .hook_called(shop, HookKind::Sare, "derived", NOON + 200_000)
            .await
            .unwrap();
        assert_eq!(noted().await.1, Some(NOON + 200_000));
    })
    .await;
}

#[tokio::test]
async fn migrating_twice_applies_nothing_and_the_ledger_answers() {
    each_database(async |ledger| {
        assert_eq!(ledger.store.migrate().await.unwrap(), 0);
        ledger.store.prove(NOON).await.unwrap();
        let again = ledger.reopen(crate::support::KEY).await.unwrap();
        assert_eq!(again.migrate().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_is_told() {
    each_database(async |ledger| {
        let raw = ledger.raw().await;
        sqlx::query("UPDATE migration_sums SET sum = 'another' WHERE version = 3")
            .execute(&raw)
            .await
            .unwrap();
        raw.close().await;
        let refused = ledger.reopen(crate::support::KEY).await;
        assert!(matches!(refused, Err(store::Error::Damaged(why)) if why.contains("migration 3")));
    })
    .await;
}

#[tokio::test]
async fn a_ledger_of_a_newer_program_is_not_opened() {
    each_database(async |ledger| {
        let raw = ledger.raw().await;
        sqlx::query("INSERT INTO migrations (version) VALUES (9999)")
            .execute(&raw)
            .await
            .unwrap();
        raw.close().await;
        assert!(matches!(
            ledger.reopen(crate::support::KEY).await,
            Err(store::Error::Damaged(_))
        ));
    })
    .await;
}

#[tokio::test]
async fn a_visit_of_the_panel_is_noted_once_a_minute_and_wakes_the_lane() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        assert!(store.watched(shop, NOON).await.unwrap());
        assert!(!store.watched(shop, NOON + 59_999).await.unwrap());
        let known = store.shop(shop).await.unwrap().unwrap();
        assert_eq!(known.watched_at, Some(NOON));
        assert!(store.watched(shop, NOON + 60_000).await.unwrap());
        // By a clock that was put back it is a visit of now.
        assert!(store.watched(shop, NOON - 5).await.unwrap());
        assert!(store.next_due(NOON).await.unwrap().is_some_and(|at| at <= NOON));
    })
    .await;
}
