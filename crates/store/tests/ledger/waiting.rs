//! New contacts that wait for the SARE account: woken one by one, or all, or by a person; and repairs that no later mark
//! takes away.

use store::{DirtyKey, DirtyMark, Priority, Problem, Reason, Store};
use sync_core::{RecordKey, ShopId};

use crate::support::{NOON, a_shop, contact, each_database, mark};

const LATER: i64 = NOON + 86_400_000;

async fn due(store: &Store, shop: ShopId) -> Vec<(DirtyKey, Reason)> {
    let found = store.due_dirty(shop, NOON, Priority::Bulk, 100).await.unwrap();
    found.into_iter().map(|dirty| (dirty.key, dirty.reason)).collect()
}

fn waits(store: &Store, shop: ShopId, address: &str, due_at: i64) -> DirtyMark {
    DirtyMark {
        key: DirtyKey::Address(contact(store, shop, address).hash),
        due_at,
        priority: Priority::Bulk,
        reason: Reason::Waits,
        held_by: None,
    }
}

/// Three who wait, the second longest, and somebody who is tried again later for another reason.
async fn three_who_wait(store: &Store, shop: ShopId) -> [DirtyKey; 3] {
    let marks = [
        waits(store, shop, "a@example.com", LATER + 2),
        waits(store, shop, "b@example.com", LATER + 1),
        waits(store, shop, "c@example.com", LATER + 3),
    ];
    store.mark_dirty(shop, &marks, NOON).await.unwrap();
    store.mark_dirty(shop, &[mark(9, LATER)], NOON).await.unwrap();
    marks.map(|mark| mark.key)
}

#[tokio::test]
async fn those_who_wait_for_the_account_are_woken_one_by_one_or_all_and_nobody_else() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let [_, second, _] = three_who_wait(store, shop).await;
        three_who_wait(store, other).await;
        assert_eq!(store.count_waiting(shop).await.unwrap(), 3);
        assert_eq!(store.wake_waiting(shop, false, NOON).await.unwrap(), 1);
        assert_eq!(due(store, shop).await, [(second, Reason::Waits)]);
        assert_eq!(store.wake_waiting(shop, false, NOON).await.unwrap(), 1);
        assert_eq!(
            due(store, shop).await.len(),
            1,
            "the same one until it had its turn"
        );
        assert_eq!(store.wake_waiting(shop, true, NOON).await.unwrap(), 3);
        assert_eq!(due(store, shop).await.len(), 3);
        assert!(due(store, other).await.is_empty(), "another shop's wait on");
    })
    .await;
}

#[tokio::test]
async fn whoever_has_an_accounts_problem_tried_again_has_one_of_those_who_wait_tried() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let [_, second, _] = three_who_wait(store, shop).await;
        let problem = Problem {
            key: "shop:sare-full".to_owned(),
            kind: sync_core::ProblemKind::of("sare-full"),
            hash: None,
            detail: None,
            is_final: false,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        store.note_problem(shop, &problem).await.unwrap();
        store
            .problem_retry(shop, Some("shop:sare-full"), NOON)
            .await
            .unwrap();
        assert_eq!(due(store, shop).await, [(second, Reason::Manual)]);
        assert_eq!(store.count_waiting(shop).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_repair_is_not_forgotten_for_a_later_reason_and_a_deletion_not_for_a_repair() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let with = |reason| DirtyMark {
            reason,
            ..mark(1, NOON)
        };
        let key = DirtyKey::Record(RecordKey::customer(1));
        store
            .mark_dirty(shop, &[with(Reason::Forced)], NOON)
            .await
            .unwrap();
        store
            .mark_dirty(shop, &[with(Reason::Webhook), with(Reason::Sweep)], NOON)
            .await
            .unwrap();
        assert_eq!(due(store, shop).await, [(key, Reason::Forced)]);
        store
            .mark_dirty(shop, &[with(Reason::DeleteWebhook), with(Reason::Forced)], NOON)
            .await
            .unwrap();
        assert_eq!(due(store, shop).await, [(key, Reason::DeleteWebhook)]);
    })
    .await;
}
