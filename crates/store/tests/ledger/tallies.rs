//! Counts kept as contacts change are what counting everything would give.

use sqlx::AssertSqlSafe;
use store::{AddrHash, Commit, Contact, Lease, Outcome, Record, RunKind, RunState, Store};
use sync_core::{HistoryKind, RecordKey, RecordKind, ShopId, Told};

use crate::support::{Ledger, NOON, a_shop, contact, each_database, lease, refused, seen};

/// Outcomes with their numbers, contacts, mailable, refused, customers, subscribers: counted from the rows themselves.
async fn counted(ledger: &Ledger, shop: ShopId) -> (Vec<(i64, i64)>, [i64; 5]) {
    let raw = ledger.raw().await;
    let one = async |what: &str, from: &str| -> i64 {
        let sql = format!("SELECT {what} FROM {from} AND shop_id = {}", shop.0);
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&raw)
            .await
            .unwrap()
    };
    let mut outcomes = Vec::new();
    for outcome in 0..7 {
        let n = one(
            "COUNT(*)",
            &format!("contacts WHERE address IS NOT NULL AND outcome = {outcome}"),
        )
        .await;
        if n > 0 {
            outcomes.push((outcome, n));
        }
    }
    let numbers = [
        one("COUNT(*)", "contacts WHERE address IS NOT NULL").await,
        one(
            "COUNT(*)",
            "contacts WHERE address IS NOT NULL AND sare_status = 8",
        )
        .await,
        one(
            "COUNT(*)",
            "contacts WHERE address IS NOT NULL AND refusal IS NOT NULL",
        )
        .await,
        one("COUNT(*)", "records WHERE kind = 1").await,
        one("COUNT(*)", "records WHERE kind = 2").await,
    ];
    raw.close().await;
    (outcomes, numbers)
}

async fn assert_right(ledger: &Ledger, shop: ShopId, after: &str) {
    let counts = ledger.store.counts(shop).await.unwrap();
    let kept = (
        counts.by_outcome.clone().into_iter().collect::<Vec<_>>(),
        [
            counts.contacts,
            counts.mailable,
            counts.refused,
            counts.customers,
            counts.subscribers,
        ],
    );
    assert_eq!(kept, counted(ledger, shop).await, "after {after}");
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn some_contact(store: &Store, shop: ShopId, numbers: &mut Numbers) -> Contact {
    let outcome = Outcome::from_number(i64::try_from(numbers.below(7)).unwrap());
    let name = format!("anna{}@example.com", numbers.below(40));
    Contact {
        outcome,
        sare: [None, seen(0), seen(4), seen(6), seen(8)][usize::try_from(numbers.below(5)).unwrap()],
        refusal: [None, None, refused(4, false)][usize::try_from(numbers.below(3)).unwrap()],
        ..contact(store, shop, &name)
    }
}

fn some_record(hash: AddrHash, numbers: &mut Numbers) -> Record {
    let id = i64::try_from(numbers.below(30)).unwrap() + 1;
    let key = match numbers.below(2) {
        0 => RecordKey::customer(id),
        _ => RecordKey::subscriber(id),
    };
    Record {
        key,
        hash,
        consent: Some(numbers.below(2) == 0),
        silent: false,
        extra: None,
        run_id: None,
        seen_at: NOON,
    }
}

#[tokio::test]
async fn whatever_happens_the_kept_counts_are_those_of_the_rows() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let other = a_shop(store, "b").await;
        let taken = lease(store, shop).await;
        let numbers = &mut Numbers(7);
        for step in 0..60 {
            let mut commit = Commit::default();
            for _ in 0..numbers.below(12) {
                let one = some_contact(store, shop, numbers);
                commit.records.push(some_record(one.hash, numbers));
                commit.contacts.push(one);
            }
            if step % 3 == 0 {
                commit
                    .gone
                    .extend((0..4).map(|_| some_record(AddrHash([0; 16]), numbers).key));
                commit.forget.push(some_contact(store, shop, numbers).hash);
            }
            assert!(store.commit(&taken, NOON, &commit).await.unwrap());
            if step % 4 == 0 {
                let hash = some_contact(store, shop, numbers).hash;
                store.erase_contact(shop, hash, NOON).await.unwrap();
            }
            if step % 10 == 0 {
                assert_right(ledger, shop, &format!("step {step}")).await;
            }
        }
        assert_right(ledger, shop, "all steps").await;
        assert_eq!(store.counts(other).await.unwrap(), store::Counts::default());
    })
    .await;
}

#[tokio::test]
async fn a_commit_that_is_refused_or_fails_counts_nothing() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let one = contact(store, shop, "anna@example.com");
        let commit = || Commit {
            contacts: vec![one.clone()],
            records: vec![some_record(one.hash, &mut Numbers(1))],
            ..Commit::default()
        };
        let outdated = Lease {
            fence: taken.fence - 1,
            ..taken.clone()
        };
        assert!(!store.commit(&outdated, NOON, &commit()).await.unwrap());
        assert_right(ledger, shop, "a commit of another's").await;
        assert_eq!(store.counts(shop).await.unwrap().contacts, 0);
        // The database stops in the middle: contacts are written, their meters cannot be.
        let raw = ledger.raw().await;
        sqlx::query("ALTER TABLE meters RENAME TO meters_away")
            .execute(&raw)
            .await
            .unwrap();
        let failing = Commit {
            meters: vec![("seen", 1)],
            ..commit()
        };
        store.commit(&taken, NOON, &failing).await.unwrap_err();
        sqlx::query("ALTER TABLE meters_away RENAME TO meters")
            .execute(&raw)
            .await
            .unwrap();
        raw.close().await;
        assert_right(ledger, shop, "a commit that failed").await;
        assert_eq!(store.counts(shop).await.unwrap().contacts, 0);
        assert!(store.commit(&taken, NOON, &commit()).await.unwrap());
        assert_eq!(store.counts(shop).await.unwrap().contacts, 1);
    })
    .await;
}

#[tokio::test]
async fn erasing_beside_a_worker_of_another_process_leaves_the_counts_right() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let another = ledger.reopen(crate::support::KEY).await.unwrap();
        let working = async {
            let numbers = &mut Numbers(3);
            for _ in 0..40 {
                let contacts: Vec<Contact> = (0..8).map(|_| some_contact(store, shop, numbers)).collect();
                let records = contacts.iter().map(|c| some_record(c.hash, numbers)).collect();
                let commit = Commit {
                    contacts,
                    records,
                    ..Commit::default()
                };
                assert!(store.commit(&taken, NOON, &commit).await.unwrap());
            }
        };
        let erasing = async {
            let numbers = &mut Numbers(9);
            for _ in 0..40 {
                let hash = some_contact(&another, shop, numbers).hash;
                another.erase_contact(shop, hash, NOON).await.unwrap();
            }
        };
        tokio::join!(working, erasing);
        assert_right(ledger, shop, "both").await;
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_run_puts_right_what_another_version_miscounted() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let id = store.create_run(shop, RunKind::Sweep, "{}", NOON).await.unwrap();
        let taken = lease(store, shop).await;
        let contacts = vec![contact(store, shop, "anna@example.com")];
        let commit = Commit {
            contacts,
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let raw = ledger.raw().await;
        sqlx::query("UPDATE tallies SET value = value + 7")
            .execute(&raw)
            .await
            .unwrap();
        raw.close().await;
        assert_eq!(store.counts(shop).await.unwrap().contacts, 8);
        let run = store::Run {
            state: RunState::Done,
            ..store.run(shop, id).await.unwrap().unwrap()
        };
        let commit = Commit {
            run: Some(run),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_right(ledger, shop, "the run").await;
    })
    .await;
}

#[tokio::test]
async fn a_ledger_that_kept_no_counts_is_counted_once_and_its_unsubscribes_are_found_in_its_history() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let numbers = &mut Numbers(11);
        let contacts: Vec<Contact> = (0..20).map(|_| some_contact(store, shop, numbers)).collect();
        let hash = contacts[0].hash;
        let line = |kind: &str, at| store::HistoryEntry {
            hash,
            at,
            kind: HistoryKind::of(kind),
            detail: None,
        };
        let commit = Commit {
            records: contacts.iter().map(|c| some_record(c.hash, numbers)).collect(),
            contacts,
            history: vec![line("withdrawn-in-shop", NOON), line("unsubscribed-in-sare", NOON + 5_000)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let raw = ledger.raw().await;
        let bytes = if ledger.dir.is_some() { " BLOB" } else { " BYTEA" };
        let migration = include_str!("../../migrations/0005_overview.sql").replace(" BYTES", bytes);
        let before = "DROP TABLE tallies; DROP TABLE unsubscribes; DROP INDEX history_latest; DROP INDEX problems_kind; \
             DROP INDEX contacts_disputed; CREATE INDEX contacts_counts ON contacts (shop_id, outcome);";
        for sql in [before, migration.as_str()] {
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&raw).await.unwrap();
        }
        raw.close().await;
        assert_right(ledger, shop, "the migration").await;
        let found = store
            .unsubscribes(shop, store::Direction::ToSare, None, 0, 10)
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].at, found[0].told_at), (NOON, Some(NOON + 5_000)));
        assert_eq!(found[0].told, Some(Told::Told));
    })
    .await;
}

#[test]
fn kinds_of_records_have_the_numbers_that_tallies_are_named_after() {
    assert_eq!(
        (RecordKind::Customer.number(), RecordKind::Subscriber.number()),
        (1, 2)
    );
}
