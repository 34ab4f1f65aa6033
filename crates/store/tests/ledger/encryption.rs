//! Encryption at rest: wrong keys, moved ciphertexts, rotation.

use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;
use store::{Commit, Error, HookKind, Problem, SecretName, Store};
use sync_core::ShopId;

use crate::support::{KEY, Ledger, NOON, a_shop, commit_contacts, contact, each_database, lease};

const NEW: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

async fn execute(ledger: &Ledger, sql: &str) {
    let raw = ledger.raw().await;
    sqlx::query(AssertSqlSafe(sql)).execute(&raw).await.unwrap();
    raw.close().await;
}

async fn a_sealed_shop(store: &Store, license: &str, contacts: usize) -> ShopId {
    let shop = a_shop(store, license).await;
    let taken = lease(store, shop).await;
    let all = (0..contacts)
        .map(|n| contact(store, shop, &format!("{n}@example.com")))
        .collect();
    commit_contacts(store, &taken, all).await;
    store
        .put_secrets(shop, &[(SecretName::SareKey, Some("the key".into()))], None)
        .await
        .unwrap();
    store
        .put_hook(
            shop,
            HookKind::Sare,
            &format!("token {license}").into(),
            Some("s".into()),
            None,
        )
        .await
        .unwrap();
    let problem = Problem {
        key: "shop:access".to_owned(),
        kind: sync_core::ProblemKind::of("access"),
        hash: None,
        detail: Some("words".to_owned()),
        is_final: false,
        first_at: NOON,
        last_at: NOON,
        times: 1,
    };
    store.note_problem(shop, &problem).await.unwrap();
    store.release(&taken, "{}", NOON, NOON).await.unwrap();
    shop
}

/// Everything sealed of the shop opens.
async fn assert_opens(store: &Store, shop: ShopId, license: &str, contacts: usize) {
    let hashes: Vec<_> = (0..contacts)
        .map(|n| store.hash(shop, &format!("{n}@example.com")))
        .collect();
    let found = store.contacts(shop, &hashes).await.unwrap();
    for (n, hash) in hashes.iter().enumerate() {
        assert_eq!(
            found[hash].address.as_deref(),
            Some(format!("{n}@example.com").as_str())
        );
    }
    assert_eq!(
        store
            .secret(shop, SecretName::SareKey)
            .await
            .unwrap()
            .unwrap()
            .expose_secret(),
        "the key"
    );
    assert_eq!(
        store.problems(shop, 1, 0).await.unwrap()[0].detail.as_deref(),
        Some("words")
    );
    let hook = store
        .hook(HookKind::Sare, &format!("token {license}"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(hook.secret.unwrap().expose_secret(), "s");
}

#[tokio::test]
async fn a_ledger_does_not_open_with_another_key() {
    each_database(async |ledger| {
        a_sealed_shop(&ledger.store, "a", 2).await;
        let error = ledger.reopen(NEW).await.unwrap_err();
        assert!(matches!(error, Error::WrongKeys));
        assert!(error.to_string().contains("ENCRYPTION_KEYS"));
        assert!(!error.to_string().contains(NEW));
    })
    .await;
}

#[tokio::test]
async fn hashes_stay_the_same_when_the_ledger_is_opened_again_and_when_keys_rotate() {
    each_database(async |ledger| {
        let shop = a_sealed_shop(&ledger.store, "a", 3).await;
        for keys in [KEY.to_owned(), format!("{NEW},{KEY}")] {
            let again = ledger.reopen(&keys).await.unwrap();
            assert_opens(&again, shop, "a", 3).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_ciphertext_moved_to_another_row_does_not_open() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_sealed_shop(store, "a", 2).await, a_sealed_shop(store, "b", 2).await);
        // One contact's address in another's row of the same shop.
        let moved = format!(
            "UPDATE contacts SET address = (SELECT MIN(address) FROM contacts WHERE shop_id = {0}) WHERE shop_id = {0}",
            shop.0
        );
        let moved = if ledger.dir.is_some() {
            moved
        } else {
            moved.replace("SELECT MIN(address) FROM contacts WHERE", "SELECT address FROM contacts WHERE").replace(
                &format!("shop_id = {}) WHERE", shop.0),
                &format!("shop_id = {} ORDER BY hash LIMIT 1) WHERE", shop.0),
            )
        };
        execute(ledger, &moved).await;
        let hashes = [store.hash(shop, "0@example.com"), store.hash(shop, "1@example.com")];
        assert!(matches!(store.contacts(shop, &hashes).await, Err(Error::Damaged(_))));
        // A secret in another shop's row, and under another name.
        let moved = format!(
            "UPDATE secrets SET value = (SELECT value FROM secrets WHERE shop_id = {} AND name = 'sare-key') \
             WHERE shop_id = {} AND name = 'sare-key'",
            shop.0, other.0
        );
        execute(ledger, &moved).await;
        assert!(matches!(store.secret(other, SecretName::SareKey).await, Err(Error::WrongKeys)));
        execute(ledger, "UPDATE secrets SET name = 'admin-password' WHERE name = 'sare-key'").await;
        assert!(matches!(store.secret(shop, SecretName::AdminPassword).await, Err(Error::Damaged(_))));
    })
    .await;
}

#[tokio::test]
async fn an_older_key_is_asked_for_until_everything_has_moved_to_the_newest() {
    each_database(async |ledger| {
        let first = a_sealed_shop(&ledger.store, "a", 25).await;
        let second = a_sealed_shop(&ledger.store, "b", 3).await;
        let both = ledger.reopen(&format!("{NEW},{KEY}")).await.unwrap();
        // The hash key has moved, the shops' keys have not: without the old key nothing of theirs would open.
        assert!(matches!(ledger.reopen(NEW).await, Err(Error::WrongKeys)));

        let (mut moved, mut steps) = (0, 0);
        while let Some(step) = both.reencrypt(10).await.unwrap() {
            moved += step;
            steps += 1;
            assert!(steps < 50, "a pass ends");
            if steps == 1 {
                assert!(matches!(ledger.reopen(NEW).await, Err(Error::WrongKeys)));
            }
        }
        // Everything is sealed with the shops' own keys, and those are all that is sealed anew.
        assert_eq!(moved, 2);
        let new = ledger.reopen(NEW).await.unwrap();
        assert_opens(&new, first, "a", 25).await;
        assert_opens(&new, second, "b", 3).await;
        assert_eq!(new.reencrypt(10).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_contact_changed_during_the_pass_is_not_set_back() {
    each_database(async |ledger| {
        let shop = a_sealed_shop(&ledger.store, "a", 5).await;
        let both = ledger.reopen(&format!("{NEW},{KEY}")).await.unwrap();
        let passes = tokio::spawn({
            let both = both.clone();
            async move { while both.reencrypt(1).await.unwrap().is_some() {} }
        });
        let taken = lease(&both, shop).await;
        for round in 0..10 {
            let mut changed = contact(&both, shop, "2@example.com");
            changed.address = Some(format!("2+{round}@example.com"));
            let commit = Commit {
                contacts: vec![changed],
                ..Commit::default()
            };
            assert!(both.commit(&taken, NOON, &commit).await.unwrap());
        }
        passes.await.unwrap();
        let hash = both.hash(shop, "2@example.com");
        let left = both.contact(shop, hash).await.unwrap().unwrap();
        assert_eq!(left.address.as_deref(), Some("2+9@example.com"));
    })
    .await;
}

#[tokio::test]
async fn a_shops_key_that_does_not_open_is_that_shops_trouble_alone_and_keeps_the_operators_asked_for() {
    each_database(async |ledger| {
        let (first, second) = (
            a_sealed_shop(&ledger.store, "a", 2).await,
            a_sealed_shop(&ledger.store, "b", 2).await,
        );
        let damage = format!(
            "UPDATE shop_keys SET value = (SELECT value FROM shop_keys WHERE shop_id = {}) WHERE shop_id = {}",
            second.0, first.0
        );
        execute(ledger, &damage).await;
        let both = ledger.reopen(&format!("{NEW},{KEY}")).await.unwrap();
        assert_eq!(both.shops().await.unwrap().len(), 2);
        assert!(both.secret(first, SecretName::SareKey).await.is_err());
        assert!(both.problems(first, 1, 0).await.is_err());
        // Nor is anything written under a hash that nobody would find again.
        let taken = lease(&both, first).await;
        let commit = Commit {
            contacts: vec![contact(&both, first, "0@example.com")],
            ..Commit::default()
        };
        assert!(matches!(
            both.commit(&taken, NOON, &commit).await,
            Err(Error::WrongKeys)
        ));
        assert_opens(&both, second, "b", 2).await;
        while both.reencrypt(10).await.unwrap().is_some() {}
        assert!(matches!(ledger.reopen(NEW).await, Err(Error::WrongKeys)));
    })
    .await;
}

#[tokio::test]
async fn migrating_moves_everything_to_the_newest_key() {
    each_database(async |ledger| {
        let shop = a_sealed_shop(&ledger.store, "a", 12).await;
        let both = ledger.reopen(&format!("{NEW},{KEY}")).await.unwrap();
        assert_eq!(both.migrate().await.unwrap(), 0);
        assert_opens(&ledger.reopen(NEW).await.unwrap(), shop, "a", 12).await;
        assert!(matches!(ledger.reopen(KEY).await, Err(Error::WrongKeys)));
    })
    .await;
}
