//! Erasing: a shop leaves nothing but its licence and the times, a person nothing but a keyed hash.

use std::path::Path;

use std::collections::{BTreeSet, HashMap};

use sqlx::{AssertSqlSafe, Executor, Row};
use store::{
    AccessLife, AddressPlace, Commit, Contact, DirtyKey, HistoryEntry, HookKind, LifecycleEffect, Outcome,
    Problem, Refused, RunKind, SecretName, Session, ShopState, Store,
};
use sync_core::{HistoryKind, ShopId};

use crate::support::{
    LEASE, Ledger, NOON, a_shop, contact, each_database, lease, mark, message, record, refused,
};

const ADDRESS: &str = "anna.very.private@example.com";

/// All tables with a shop, and how many of its rows are in each.
async fn rows(ledger: &Ledger, shop: ShopId) -> Vec<(String, i64)> {
    let raw = ledger.raw().await;
    let tables = if ledger.dir.is_some() {
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'shop_id' WHERE m.type = 'table'"
    } else {
        "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'shop_id' AND table_schema = 'public'"
    };
    let mut all = Vec::new();
    for row in sqlx::query(tables).fetch_all(&raw).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE shop_id = {}", shop.0);
        let many: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&raw)
            .await
            .unwrap();
        all.push((table, many));
    }
    raw.close().await;
    all.sort();
    all
}

/// A shop with something in every table.
async fn a_full_shop(store: &Store, license: &str) -> ShopId {
    let shop = a_shop(store, license).await;
    store
        .put_secrets(
            shop,
            &[(SecretName::AccessToken, Some("access".into()))],
            Some(AccessLife::until(NOON + 5)),
        )
        .await
        .unwrap();
    store
        .put_hook(
            shop,
            HookKind::Shoper,
            &format!("{license}-1").into(),
            Some("s".into()),
            None,
        )
        .await
        .unwrap();
    store
        .put_hook(shop, HookKind::Sare, &format!("{license}-2").into(), None, None)
        .await
        .unwrap();
    store
        .put_config(shop, "a = 1", Some("key".into()), None, "panel", NOON)
        .await
        .unwrap();
    store.put_audit(shop, NOON, 1, 0, "{}").await.unwrap();
    let session = Session {
        shop,
        admin: None,
        csrf: "c".into(),
        locale: "pl".into(),
        expires_at: NOON + 9,
    };
    store
        .put_session(&format!("{license}-3"), &session, NOON)
        .await
        .unwrap();
    store.choose_language(shop, Some("7"), "en").await.unwrap();
    store.link_first_used(shop, "a link", NOON).await.unwrap();
    store.create_run(shop, RunKind::First, "{}", NOON).await.unwrap();
    let anna = contact(store, shop, ADDRESS);
    let hash = anna.hash;
    let problem = Problem {
        key: DirtyKey::Address(hash).encode(),
        kind: sync_core::ProblemKind::of("sare-refused"),
        hash: Some(hash),
        detail: Some(format!("SARE says: {ADDRESS} is odd")),
        is_final: true,
        first_at: NOON,
        last_at: NOON,
        times: 1,
    };
    let commit = Commit {
        contacts: vec![anna],
        records: vec![record(1, hash)],
        marks: vec![mark(1, NOON)],
        history: ["added", "withdrawn-in-shop"]
            .map(|kind| HistoryEntry {
                hash,
                at: NOON,
                kind: HistoryKind::of(kind),
                detail: None,
            })
            .to_vec(),
        problems: vec![problem],
        meters: vec![("seen", 1)],
        places: vec![AddressPlace {
            address: 5,
            user: 1,
            row: Some(0),
            is_default: true,
            pass: 1,
        }],
        success_at: Some(NOON),
        ..Commit::default()
    };
    let taken = lease(store, shop).await;
    assert!(store.commit(&taken, NOON, &commit).await.unwrap());
    store
        .release(&taken, "{\"labels\":\"of the shop\"}", NOON, NOON)
        .await
        .unwrap();
    shop
}

fn uninstall(license: &str) -> store::Lifecycle {
    message(
        license,
        "uninstall",
        "u",
        "2026-09-25 12:00:00",
        LifecycleEffect::Uninstall,
    )
}

/// What must be left: the shop with its licence and times, and the lane's fence.
async fn assert_gone(ledger: &Ledger, shop: ShopId) {
    for (table, many) in rows(ledger, shop).await {
        let stays = matches!(table.as_str(), "shops" | "lanes");
        assert_eq!(many, i64::from(stays), "{table}");
    }
    let known = ledger.store.shop(shop).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.license.as_str(), known.created_at),
        (ShopState::Removed, "a", NOON)
    );
    assert_eq!((known.config, known.scopes), (None, None));
    assert_eq!((known.host.as_str(), known.url.as_str()), ("", ""));
    assert_eq!((known.technical_url, known.app_version), (None, None));
    assert_eq!(
        ledger.store.access_life(shop).await.unwrap(),
        AccessLife::default()
    );
    let lane = ledger.store.lane(shop).await.unwrap().unwrap();
    assert_eq!(lane.state, "{}");
}

#[tokio::test]
async fn an_uninstalled_shop_leaves_its_licence_and_the_times() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_full_shop(store, "a").await, a_full_shop(store, "b").await);
        let before = rows(ledger, other).await;
        assert!(before.iter().all(|(_, many)| *many > 0), "{before:?}");
        store.receive(&uninstall("a")).await.unwrap();
        let taken = lease(store, shop).await;
        assert!(store.erase_shop(&taken, NOON + 1).await.unwrap());
        store
            .release(&taken, "{\"labels\":\"of the shop\"}", NOON + 1_000_000, NOON)
            .await
            .unwrap();
        assert_gone(ledger, shop).await;
        assert_eq!(rows(ledger, other).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_shop_removed_by_the_operator_is_gone_though_somebody_works_on_it() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.remove_shop(shop, NOON).await.unwrap();
        // The worker has not noticed yet.
        let hash = store.hash(shop, ADDRESS);
        let commit = Commit {
            contacts: vec![contact(store, shop, ADDRESS)],
            records: vec![record(2, hash)],
            ..Commit::default()
        };
        assert!(!store.commit(&taken, NOON, &commit).await.unwrap());
        let _ = store
            .put_secrets(
                shop,
                &[(SecretName::AccessToken, Some("late".into()))],
                Some(AccessLife::until(NOON)),
            )
            .await;
        let _ = store
            .put_hook(shop, HookKind::Shoper, &"late".into(), None, None)
            .await;
        let _ = store.mark_dirty(shop, &[mark(3, NOON)], NOON).await;
        let problem = Problem {
            key: "shop:access".to_owned(),
            kind: sync_core::ProblemKind::of("access"),
            hash: None,
            detail: None,
            is_final: false,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        let _ = store.note_problem(shop, &problem).await;
        let _ = store.create_run(shop, RunKind::Sweep, "{}", NOON).await;
        let _ = store
            .put_config(shop, "a = 2", Some("key".into()), None, "panel", NOON)
            .await;
        store
            .release(&taken, "{\"labels\":\"of the shop\"}", NOON + 1_000_000, NOON)
            .await
            .unwrap();
        assert_gone(ledger, shop).await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_whose_lane_was_taken_over_erases_nothing() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        store.receive(&uninstall("a")).await.unwrap();
        let old = lease(store, shop).await;
        store.claim(NOON + LEASE, LEASE).await.unwrap().unwrap();
        assert!(!store.erase_shop(&old, NOON).await.unwrap());
        assert_eq!(store.counts(shop).await.unwrap().contacts, 1);
    })
    .await;
}

#[tokio::test]
async fn of_an_erased_person_a_keyed_hash_with_the_refusal_stays() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let hash = store.hash(shop, ADDRESS);
        let taken = lease(store, shop).await;
        let refused = Contact {
            refusal: refused(3, false).map(|refused| Refused {
                since: NOON - 9,
                ..refused
            }),
            sent: Some(vec![1]),
            outcome: Outcome::Suppressed,
            ..contact(store, shop, ADDRESS)
        };
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        contacts: vec![refused],
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert!(store.erase_contact(shop, hash, NOON + 1).await.unwrap());
        let left = store.contact(shop, hash).await.unwrap().unwrap();
        assert_eq!((left.address, left.sent, left.intent), (None, None, None));
        let refused = left.refusal.unwrap();
        assert_eq!((refused.status.code(), refused.since), (3, NOON - 9));
        assert!(store.history(shop, hash, 9).await.unwrap().is_empty());
        let numbers = store.records_of(shop, &[hash]).await.unwrap();
        assert_eq!(numbers.len(), 1, "met anew, the record could pass for an opt-in");
        assert_eq!((numbers[0].consent, &numbers[0].extra), (Some(true), &None));
        assert!(store.problems(shop, 9, 0).await.unwrap().is_empty());
        assert!(
            store
                .contacts_after(shop, None, 9, store::ContactFilter::All)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            !store
                .erase_contact(shop, store.hash(shop, "nobody@example.com"), NOON)
                .await
                .unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_read_a_person_before_they_were_erased_does_not_bring_them_back() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let hash = store.hash(shop, ADDRESS);
        let other = contact(store, shop, "ben@example.com");
        let taken = lease(store, shop).await;
        // Read by the worker, then erased by a person.
        let before = store.contact(shop, hash).await.unwrap().unwrap();
        assert!(store.erase_contact(shop, hash, NOON + 1).await.unwrap());
        let line = |hash| HistoryEntry {
            hash,
            at: NOON,
            kind: HistoryKind::Updated,
            detail: None,
        };
        let problem = |hash| Problem {
            key: DirtyKey::Address(hash).encode(),
            kind: sync_core::ProblemKind::of("sare-refused"),
            hash: Some(hash),
            detail: None,
            is_final: true,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        let mut withdrew = record(1, hash);
        withdrew.consent = Some(false);
        let commit = Commit {
            contacts: vec![before, other.clone()],
            records: vec![withdrew, record(2, other.hash)],
            history: vec![line(hash), line(other.hash)],
            problems: vec![problem(hash), problem(other.hash)],
            forget: vec![hash],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON + 2, &commit).await.unwrap());
        let left = store.contact(shop, hash).await.unwrap().unwrap();
        assert_eq!(
            (left.address, left.refusal.map(|refused| refused.status.code())),
            (None, Some(4))
        );
        assert!(store.history(shop, hash, 9).await.unwrap().is_empty());
        assert!(store.problems_of(shop, &[hash]).await.unwrap().is_empty());
        // What was seen is not lost: the record is looked at again, and says what it said before.
        assert!(store.records_of(shop, &[hash]).await.unwrap()[0].consent == Some(true));
        let again = store
            .waiting_of(shop, &[DirtyKey::Record(sync_core::RecordKey::customer(1))])
            .await
            .unwrap();
        assert_eq!(again.len(), 1);
        // Nobody else is kept from anything.
        assert!(store.contact(shop, other.hash).await.unwrap().is_some());
        assert_eq!(store.history(shop, other.hash, 9).await.unwrap().len(), 1);
        assert_eq!(store.problems_of(shop, &[other.hash]).await.unwrap().len(), 1);

        // The next worker knows of it and may write.
        store.release(&taken, "{}", NOON, NOON).await.unwrap();
        let next = lease(store, shop).await;
        let known = store.contact(shop, hash).await.unwrap().unwrap();
        let commit = Commit {
            contacts: vec![Contact {
                address: Some(ADDRESS.to_owned()),
                ..known
            }],
            ..Commit::default()
        };
        assert!(store.commit(&next, NOON + 3, &commit).await.unwrap());
        let met = store.contact(shop, hash).await.unwrap().unwrap();
        assert_eq!(
            (
                met.address.as_deref(),
                met.refusal.map(|refused| refused.status.code())
            ),
            (Some(ADDRESS), Some(4))
        );
    })
    .await;
}

/// Every file that SQLite keeps beside the database.
fn bytes_of(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn neither_addresses_nor_secrets_stand_in_the_files_in_clear() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let secrets = [
            (SecretName::RefreshToken, Some("refresh-token-in-clear".into())),
            (SecretName::AdminPassword, Some("password-in-clear".into())),
        ];
        store.put_secrets(shop, &secrets, None).await.unwrap();
        store
            .put_hook(
                shop,
                HookKind::Shoper,
                &"hook-token-in-clear".into(),
                Some("hook-secret-in-clear".into()),
                None,
            )
            .await
            .unwrap();
        let session = Session {
            shop,
            admin: None,
            csrf: "c".into(),
            locale: "pl".into(),
            expires_at: NOON + 9,
        };
        store
            .put_session("session-token-in-clear", &session, NOON)
            .await
            .unwrap();
        let raw = ledger.raw().await;
        let mut bytes = match &ledger.dir {
            Some(dir) => bytes_of(dir.path()),
            None => {
                let mut text = String::new();
                for (table, _) in rows(ledger, shop).await {
                    let sql = format!("SELECT COALESCE(string_agg(t::text, ' '), '') FROM {table} t");
                    text += &sqlx::query_scalar::<_, String>(AssertSqlSafe(sql))
                        .fetch_one(&raw)
                        .await
                        .unwrap();
                }
                text.into_bytes()
            }
        };
        raw.close().await;
        // PostgreSQL shows bytes as hexadecimal; look for both.
        bytes.make_ascii_lowercase();
        for clear in [ADDRESS, "very.private", "-in-clear", "sare says"] {
            for needle in [clear.as_bytes().to_vec(), hex::encode(clear).into_bytes()] {
                assert!(!bytes.windows(needle.len()).any(|part| part == needle), "{clear}");
            }
        }
        assert!(
            bytes.windows(9).any(|part| part == b"a.example"),
            "the looking itself works"
        );
    })
    .await;
}

/// Everything of a ledger that is sealed or would tell whose it was: each as it stands in the file.
async fn traces(ledger: &Ledger) -> Vec<(String, Vec<u8>)> {
    let raw = ledger.raw().await;
    let mut all = Vec::new();
    for (table, column) in [
        ("shop_keys", "value"),
        ("contacts", "address"),
        ("secrets", "value"),
        ("hooks", "token"),
        ("hooks", "secret"),
        ("problems", "detail"),
    ] {
        let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&raw).await.unwrap() {
            // The key's id and the nonce tell one from all others.
            let sealed: Vec<u8> = row.get(0);
            all.push((format!("{table}.{column}"), sealed[..28].to_vec()));
        }
    }
    raw.close().await;
    for host in ["a.example", "secret.example"] {
        all.push((host.to_owned(), host.as_bytes().to_vec()));
    }
    all
}

/// The names of those that stand in the files. All are looked for in one go, by how they begin.
fn found_in(files: &[u8], traces: &[(String, Vec<u8>)]) -> Vec<String> {
    const BEGINNING: usize = 9;
    let mut by_beginning: HashMap<&[u8], Vec<&(String, Vec<u8>)>> = HashMap::new();
    for trace in traces {
        by_beginning.entry(&trace.1[..BEGINNING]).or_default().push(trace);
    }
    let mut found = BTreeSet::new();
    for (place, beginning) in files.windows(BEGINNING).enumerate() {
        let here = by_beginning.get(beginning).into_iter().flatten();
        found.extend(
            here.copied()
                .filter(|(_, trace)| files[place..].starts_with(trace)),
        );
    }
    found.into_iter().map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn of_a_shop_that_is_gone_nothing_can_be_read_from_the_databases_files() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let unknown = LifecycleEffect::Unknown {
            params: "{\"shop_url\":\"https://secret.example\"}".to_owned(),
        };
        store
            .receive(&message("a", "renamed", "n", "2026-09-22 12:00:00", unknown))
            .await
            .unwrap();
        let taken = lease(store, shop).await;
        let contacts = (0..600)
            .map(|n| contact(store, shop, &format!("{n}@example.com")))
            .collect();
        let commit = Commit {
            contacts,
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let traces = traces(ledger).await;
        assert!(traces.len() > 605, "{}", traces.len());
        if let Some(dir) = &ledger.dir {
            assert_eq!(
                found_in(&bytes_of(dir.path()), &traces).len(),
                traces.len(),
                "the looking itself works"
            );
        }
        store.receive(&uninstall("a")).await.unwrap();
        assert!(store.erase_shop(&taken, NOON + 1).await.unwrap());
        while !store.tidy().await.unwrap() {}
        match &ledger.dir {
            Some(dir) => {
                let left = found_in(&bytes_of(dir.path()), &traces);
                assert!(left.is_empty(), "{left:?}");
                let pages = ledger
                    .number("SELECT freelist_count FROM pragma_freelist_count")
                    .await;
                assert_eq!(pages, 0);
            }
            None => {
                // Written anew without it: the dead rows of the other tables open with nothing.
                let pages = ledger.number("SELECT pg_relation_size('shop_keys')").await;
                assert_eq!(pages, 0);
            }
        }
        let again = ledger.reopen(crate::support::KEY).await.unwrap();
        assert_eq!(again.shop(shop).await.unwrap().unwrap().license, "a");
        assert_eq!(store.shops().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_an_erased_person_nothing_can_be_read_from_the_file() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let hash = store.hash(shop, ADDRESS);
        let raw = ledger.raw().await;
        let sealed: Vec<u8> = sqlx::query_scalar("SELECT address FROM contacts")
            .fetch_one(&raw)
            .await
            .unwrap();
        let detail: Vec<u8> = sqlx::query_scalar("SELECT detail FROM problems")
            .fetch_one(&raw)
            .await
            .unwrap();
        raw.close().await;
        let traces = [
            ("address".to_owned(), sealed[..28].to_vec()),
            ("detail".to_owned(), detail[..28].to_vec()),
        ];
        assert!(store.erase_contact(shop, hash, NOON + 1).await.unwrap());
        while !store.tidy().await.unwrap() {}
        if let Some(dir) = &ledger.dir {
            let left = found_in(&bytes_of(dir.path()), &traces);
            assert!(left.is_empty(), "{left:?}");
        }
        let taken = lease(store, shop).await;
        assert!(store.commit(&taken, NOON, &Commit::default()).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn clearing_away_waits_for_nobody_and_is_made_up_for() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        // Somebody reads, in the middle of it, and sees all as it was.
        let raw = ledger.raw().await;
        let mut reader = raw.begin().await.unwrap();
        if ledger.dir.is_none() {
            let statement = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
            reader.execute(statement).await.unwrap();
        }
        sqlx::query("SELECT COUNT(*) FROM contacts")
            .fetch_one(&mut *reader)
            .await
            .unwrap();
        store.remove_shop(shop, NOON).await.unwrap();
        let begun = std::time::Instant::now();
        assert!(!store.tidy().await.unwrap());
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(8),
            "{:?}",
            begun.elapsed()
        );
        reader.rollback().await.unwrap();
        raw.close().await;
        while !store.tidy().await.unwrap() {}
        let noted = ledger
            .number("SELECT COUNT(*) FROM ledger WHERE name = 'untidy'")
            .await;
        assert_eq!(noted, 0);
    })
    .await;
}

#[tokio::test]
async fn what_goes_on_in_another_database_of_the_server_hides_nothing_that_is_left() {
    each_database(async |ledger| {
        if ledger.dir.is_some() {
            return;
        }
        let store = &ledger.store;
        let shop = a_full_shop(store, "a").await;
        let elsewhere: String = ledger.url.rsplit_once('/').unwrap().0.to_owned() + "/postgres";
        let elsewhere = sqlx::AnyPool::connect(&elsewhere).await.unwrap();
        let mut older = elsewhere.begin().await.unwrap();
        older.execute("SELECT txid_current()").await.unwrap();
        store.remove_shop(shop, NOON).await.unwrap();
        assert!(!store.tidy().await.unwrap(), "something is left");
        older.rollback().await.unwrap();
        elsewhere.close().await;
        while !store.tidy().await.unwrap() {}
        assert_eq!(ledger.number("SELECT pg_relation_size('shop_keys')").await, 0);
    })
    .await;
}
