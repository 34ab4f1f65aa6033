//! Dirty marks: what several come to, whose turn it is, and what is held back.

use store::{Commit, Dirty, DirtyDone, DirtyKey, DirtyMark, Priority, Reason, RunKind, RunState, Store};
use sync_core::{RecordKey, ShopId};

use crate::support::{NOON, a_shop, each_database, lease, mark};

async fn due(store: &Store, shop: ShopId) -> Vec<Dirty> {
    store.due_dirty(shop, NOON, Priority::Bulk, 100).await.unwrap()
}

fn customer(id: i64) -> DirtyKey {
    DirtyKey::Record(RecordKey::customer(id))
}

#[tokio::test]
async fn marks_of_one_thing_keep_the_earlier_time_and_the_more_urgent_turn() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let slow = DirtyMark {
            priority: Priority::Bulk,
            reason: Reason::Sweep,
            ..mark(1, NOON - 5)
        };
        store.mark_dirty(shop, &[slow], NOON - 5).await.unwrap();
        store.mark_dirty(shop, &[mark(1, NOON + 5)], NOON).await.unwrap();
        let found = due(store, shop).await;
        assert_eq!(found.len(), 1);
        let dirty = &found[0];
        assert_eq!(
            (dirty.key, dirty.version, dirty.priority),
            (customer(1), 2, Priority::Live)
        );
        assert_eq!(
            (dirty.reason, dirty.first_at, dirty.attempts),
            (Reason::Webhook, NOON - 5, 0)
        );
        assert_eq!(store.next_dirty_due(shop).await.unwrap(), Some(NOON - 5));
    })
    .await;
}

#[tokio::test]
async fn a_deletion_told_by_a_webhook_is_not_forgotten_for_a_later_reason() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let gone = DirtyMark {
            reason: Reason::DeleteWebhook,
            ..mark(1, NOON)
        };
        store.mark_dirty(shop, &[gone], NOON).await.unwrap();
        store.mark_dirty(shop, &[mark(1, NOON)], NOON).await.unwrap();
        // The same two in one transaction.
        store
            .mark_dirty(
                shop,
                &[
                    DirtyMark {
                        key: customer(2),
                        ..gone
                    },
                    mark(2, NOON),
                ],
                NOON,
            )
            .await
            .unwrap();
        let reasons: Vec<Reason> = due(store, shop).await.iter().map(|dirty| dirty.reason).collect();
        assert_eq!(reasons, [Reason::DeleteWebhook, Reason::DeleteWebhook]);
    })
    .await;
}

#[tokio::test]
async fn the_most_urgent_come_first_and_then_the_longest_due() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let with = |id, due_at, priority| DirtyMark {
            priority,
            ..mark(id, due_at)
        };
        let marks = [
            with(1, NOON - 9, Priority::Bulk),
            with(2, NOON - 1, Priority::Live),
            with(3, NOON - 2, Priority::Live),
            with(4, NOON + 1, Priority::Live),
            with(5, NOON - 5, Priority::Poll),
            with(6, NOON - 5, Priority::New),
        ];
        store.mark_dirty(shop, &marks, NOON).await.unwrap();
        let ids = |found: Vec<Dirty>| found.iter().map(|dirty| dirty.key.encode()).collect::<Vec<_>>();
        assert_eq!(ids(due(store, shop).await), ["u:3", "u:2", "u:6", "u:5", "u:1"]);
        assert_eq!(
            ids(store.due_dirty(shop, NOON, Priority::New, 2).await.unwrap()),
            ["u:3", "u:2"]
        );
        assert_eq!(
            ids(store.due_dirty(shop, NOON, Priority::New, 9).await.unwrap()),
            ["u:3", "u:2", "u:6"]
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_marked_again_during_the_work_stays() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store
            .mark_dirty(shop, &[mark(1, NOON), mark(2, NOON), mark(3, NOON)], NOON)
            .await
            .unwrap();
        store
            .mark_dirty(shop, &[mark(1, NOON), mark(3, NOON)], NOON)
            .await
            .unwrap();
        let commit = Commit {
            done: vec![
                DirtyDone::Done {
                    key: customer(1),
                    version: 1,
                },
                DirtyDone::Done {
                    key: customer(2),
                    version: 1,
                },
                DirtyDone::Again {
                    key: customer(3),
                    version: 1,
                    due_at: NOON + 60_000,
                    attempts: 1,
                },
            ],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let left: Vec<_> = due(store, shop)
            .await
            .iter()
            .map(|d| (d.key, d.version, d.attempts))
            .collect();
        assert_eq!(left, [(customer(1), 2, 0), (customer(3), 2, 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_failed_try_comes_back_at_its_time_with_its_count() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store
            .mark_dirty(shop, &[mark(1, NOON), mark(2, NOON)], NOON)
            .await
            .unwrap();
        let again = |id, pause, attempts| DirtyDone::Again {
            key: customer(id),
            version: 1,
            due_at: NOON + pause,
            attempts,
        };
        let commit = Commit {
            done: vec![again(1, 60_000, 3), again(2, 30_000, 4)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(due(store, shop).await.is_empty());
        assert_eq!(store.next_dirty_due(shop).await.unwrap(), Some(NOON + 30_000));
        let later = store
            .due_dirty(shop, NOON + 60_000, Priority::Live, 9)
            .await
            .unwrap();
        assert_eq!(later.iter().map(|d| d.attempts).collect::<Vec<_>>(), [4, 3]);
    })
    .await;
}

#[tokio::test]
async fn what_a_commit_marks_is_not_taken_away_by_what_it_settles() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.mark_dirty(shop, &[mark(1, NOON)], NOON).await.unwrap();
        let again = DirtyMark {
            reason: Reason::Verify,
            ..mark(1, NOON + 30_000)
        };
        let done = vec![DirtyDone::Done {
            key: customer(1),
            version: 1,
        }];
        let commit = Commit {
            done,
            marks: vec![again],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(store.next_dirty_due(shop).await.unwrap(), Some(NOON + 30_000));
    })
    .await;
}

#[tokio::test]
async fn what_a_run_holds_back_is_seen_when_it_is_let_go() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let run = store.create_run(shop, RunKind::Sweep, "{}", NOON).await.unwrap();
        let held = |id| DirtyMark {
            priority: Priority::Bulk,
            reason: Reason::Sweep,
            held_by: Some(run),
            ..mark(id, NOON)
        };
        let commit = Commit {
            marks: vec![held(1), held(2), held(3)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(due(store, shop).await.is_empty());
        assert_eq!(store.next_dirty_due(shop).await.unwrap(), None);
        assert_eq!(store.counts(shop).await.unwrap().dirty, 0);

        // A mark from outside frees its entry, and a held one does not hold it again.
        store.mark_dirty(shop, &[mark(2, NOON)], NOON).await.unwrap();
        let commit = Commit {
            marks: vec![held(2)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(
            due(store, shop).await.iter().map(|d| d.key).collect::<Vec<_>>(),
            [customer(2)]
        );

        store.release_held(&taken, run, NOON).await.unwrap();
        assert_eq!(due(store, shop).await.len(), 3);
        assert_eq!(store.counts(shop).await.unwrap().dirty, 3);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_held_back_goes_when_it_is_dropped_and_nothing_else_does() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        for shop in [shop, other] {
            let taken = lease(store, shop).await;
            let run = store.create_run(shop, RunKind::Sweep, "{}", NOON).await.unwrap();
            let held = DirtyMark {
                priority: Priority::Bulk,
                held_by: Some(run),
                ..mark(1, NOON)
            };
            let commit = Commit {
                marks: vec![held, mark(2, NOON)],
                ..Commit::default()
            };
            assert!(store.commit(&taken, NOON, &commit).await.unwrap());
            if shop == other {
                store.release_held(&taken, run, NOON).await.unwrap();
            } else {
                store.drop_held(&taken, run).await.unwrap();
            }
        }
        assert_eq!(
            due(store, shop).await.iter().map(|d| d.key).collect::<Vec<_>>(),
            [customer(2)]
        );
        assert_eq!(due(store, other).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_held_for_ever_by_a_run_that_was_ended() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let run = store.create_run(shop, RunKind::Forced, "{}", NOON).await.unwrap();
        let held = |id| DirtyMark {
            priority: Priority::Bulk,
            held_by: Some(run),
            ..mark(id, NOON)
        };
        let commit = Commit {
            marks: vec![held(1)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        store
            .set_run_state(shop, run, RunState::Cancelled, Some("by a person"), NOON)
            .await
            .unwrap();
        // The worker does not know yet, and holds back one more.
        let commit = Commit {
            marks: vec![held(2), mark(3, NOON)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(
            due(store, shop).await.iter().map(|d| d.key).collect::<Vec<_>>(),
            [customer(3)]
        );
        let left = format!(
            "SELECT COUNT(*) FROM dirty WHERE shop_id = {} AND held_by IS NOT NULL",
            shop.0
        );
        assert_eq!(ledger.number(&left).await, 0);
    })
    .await;
}

#[tokio::test]
async fn thousands_of_marks_fit_into_one_call() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let marks: Vec<_> = (0..2_345).map(|id| mark(id, NOON)).collect();
        store.mark_dirty(shop, &marks, NOON).await.unwrap();
        assert_eq!(store.counts(shop).await.unwrap().dirty, 2_345);
        let taken = lease(store, shop).await;
        let done = (0..2_345)
            .map(|id| DirtyDone::Done {
                key: customer(id),
                version: 1,
            })
            .collect();
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        done,
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert_eq!(store.counts(shop).await.unwrap().dirty, 0);
    })
    .await;
}

#[tokio::test]
async fn what_waits_can_be_paged_through_in_the_order_of_its_turn() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let bulk = |id: i64| DirtyMark {
            priority: Priority::Bulk,
            ..mark(id, NOON)
        };
        let mut marks: Vec<DirtyMark> = (1..=7).map(bulk).collect();
        marks.push(mark(8, NOON + 5));
        marks.push(mark(9, NOON + 1));
        store.mark_dirty(shop, &marks, NOON).await.unwrap();
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let page = store.waiting_after(shop, after, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            met.extend(page.iter().map(|waiting| waiting.key.encode()));
        }
        let wanted: Vec<String> = [9, 8, 1, 2, 3, 4, 5, 6, 7]
            .iter()
            .map(|id| format!("u:{id}"))
            .collect();
        assert_eq!(met, wanted);
        let asked = [marks[8].key, mark(77, NOON).key];
        let found = store.waiting_of(shop, &asked).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].due_at, found[0].is_held), (NOON + 1, false));
    })
    .await;
}
