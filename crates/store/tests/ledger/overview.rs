//! What the first page asks: the newest events, the numbers of a day, what a run holds back.

use store::{Commit, DirtyKey, DirtyMark, HistoryEntry, Reason, RunKind};
use sync_core::{HistoryKind, RecordKey};

use crate::support::{NOON, a_shop, contact, each_database, lease, mark};

#[tokio::test]
async fn the_newest_lines_of_all_contacts_come_first_and_of_no_other_shop() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        for (shop, kinds) in [
            (shop, ["added", "updated", "refused-in-sare"]),
            (other, ["x", "y", "z"]),
        ] {
            let taken = lease(store, shop).await;
            for (n, kind) in (0_i64..).zip(kinds) {
                let one = contact(store, shop, &format!("c{n}@b.pl"));
                let line = HistoryEntry {
                    hash: one.hash,
                    at: NOON + n,
                    kind: HistoryKind::of(kind),
                    detail: None,
                };
                let commit = Commit {
                    contacts: vec![one],
                    history: vec![line],
                    ..Commit::default()
                };
                assert!(store.commit(&taken, NOON, &commit).await.unwrap());
            }
        }
        let latest = store.latest_history(shop, 2).await.unwrap();
        let kinds: Vec<&str> = latest.iter().map(|line| line.kind.word()).collect();
        assert_eq!(kinds, ["refused-in-sare", "updated"]);
        assert_eq!(latest[0].hash, store.hash(shop, "c2@b.pl"));
    })
    .await;
}

#[tokio::test]
async fn what_was_added_updated_and_unsubscribed_is_metered_by_day() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let hash = store.hash(shop, "anna@b.pl");
        let kinds = [
            "added",
            "added",
            "updated",
            "left-group",
            "unsubscribed-in-sare",
            "refused-in-sare",
        ];
        let lines = kinds.map(|kind| HistoryEntry {
            hash,
            at: NOON,
            kind: HistoryKind::of(kind),
            detail: None,
        });
        let commit = Commit {
            history: lines.to_vec(),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let meters: Vec<_> = store.meters(shop).await.unwrap().into_iter().collect();
        let wanted = [
            ("added", 2),
            ("refused-in-sare", 1),
            ("unsubscribed-in-sare", 1),
            ("updated", 1),
        ];
        assert_eq!(meters, wanted.map(|(name, n)| (name.to_owned(), n)));
    })
    .await;
}

#[tokio::test]
async fn what_a_run_holds_back_can_be_looked_at() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let run = store.create_run(shop, RunKind::Sweep, "{}", NOON).await.unwrap();
        let taken = lease(store, shop).await;
        let held = |id| DirtyMark {
            reason: Reason::Missing,
            held_by: Some(run),
            ..mark(id, NOON)
        };
        let commit = Commit {
            marks: vec![held(1), held(2), held(3), mark(4, NOON)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let found = store.held(shop, run, 2).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(key, reason)| {
            matches!(key, DirtyKey::Record(RecordKey { id: 1..=3, .. })) && *reason == Reason::Missing
        }));
    })
    .await;
}
