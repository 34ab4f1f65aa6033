//! Lanes: claiming, leases, fences, waking.

use store::{Commit, DirtyMark, Priority, Reason, Store};
use sync_core::ShopId;

use crate::support::{LEASE, NOON, a_shop, contact, each_database, lease, mark};

async fn until(store: &Store, shop: ShopId) -> i64 {
    store.lane(shop).await.unwrap().unwrap().leased_until
}

#[tokio::test]
async fn a_new_shop_is_due_at_once_and_is_claimed_by_one() {
    each_database(async |ledger| {
        let store = &ledger.store;
        assert_eq!(store.next_due(NOON).await.unwrap(), None);
        let shop = a_shop(store, "a").await;
        assert!(store.next_due(NOON).await.unwrap().unwrap() <= NOON);
        let lease = store.claim(NOON, LEASE).await.unwrap().unwrap();
        assert_eq!((lease.shop, lease.until), (shop, NOON + LEASE));
        assert!(store.claim(NOON, LEASE).await.unwrap().is_none());
        assert!(store.claim_shop(shop, NOON, LEASE).await.unwrap().is_none());
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + LEASE));
    })
    .await;
}

#[tokio::test]
async fn the_longest_overdue_lane_goes_first() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let mut shops = Vec::new();
        for (name, due) in [("a", NOON - 1), ("b", NOON - 3), ("c", NOON - 2), ("d", NOON + 5)] {
            let shop = a_shop(store, name).await;
            let taken = lease(store, shop).await;
            store.release(&taken, "{}", due, NOON).await.unwrap();
            shops.push(shop);
        }
        let mut order = Vec::new();
        while let Some(taken) = store.claim(NOON, LEASE).await.unwrap() {
            order.push(taken.shop);
        }
        assert_eq!(order, [shops[1], shops[2], shops[0]]);
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + 5));
    })
    .await;
}

#[tokio::test]
async fn a_woken_lane_does_not_wait_for_those_whose_plans_came_due_before_it() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let mut shops = Vec::new();
        for at in 1..=9 {
            let shop = a_shop(store, &format!("s{at}")).await;
            let taken = lease(store, shop).await;
            store.release(&taken, "{}", NOON - 100 + at, NOON).await.unwrap();
            shops.push(shop);
        }
        let (woken, planned) = shops.split_at(4);
        for shop in woken.iter().rev() {
            store.wake(*shop, NOON - 200).await.unwrap();
        }
        let busy = a_shop(store, "busy").await;
        let taken = lease(store, busy).await;
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        store.wake(busy, NOON).await.unwrap();
        let mut claimed = Vec::new();
        while let Some(lease) = store.claim(NOON, LEASE).await.unwrap() {
            claimed.push((lease.shop, lease.woken));
        }
        let place = |shop: ShopId| claimed.iter().position(|(one, _)| *one == shop).unwrap();
        assert_eq!(claimed.len(), 10);
        // The five that were woken take every other turn at the latest, and nobody else's plans are forgotten.
        assert!(place(busy) < 9, "{claimed:?}");
        for shop in woken.iter().chain([&busy]) {
            assert!(claimed[place(*shop)].1);
        }
        for shop in planned {
            assert!(!claimed[place(*shop)].1);
        }
        store.wake(busy, NOON).await.unwrap();
        assert!(
            store.claim(NOON, LEASE).await.unwrap().is_none(),
            "it is being worked on"
        );
    })
    .await;
}

#[tokio::test]
async fn a_shop_where_something_happens_goes_before_a_crowd_that_is_overdue() {
    each_database(async |ledger| {
        let store = &ledger.store;
        for n in 0..30 {
            let shop = a_shop(store, &format!("s{n}")).await;
            let taken = lease(store, shop).await;
            store.release(&taken, "{}", NOON - 1_000, NOON).await.unwrap();
        }
        let busy = a_shop(store, "busy").await;
        let taken = lease(store, busy).await;
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        store.wake(busy, NOON).await.unwrap();
        let (first, second) = (
            store.claim(NOON, LEASE).await.unwrap().unwrap(),
            store.claim(NOON, LEASE).await.unwrap().unwrap(),
        );
        assert!(first.shop == busy || second.shop == busy);
    })
    .await;
}

#[tokio::test]
async fn a_worker_whose_lane_was_claimed_again_writes_nothing() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let old = store.claim(NOON, LEASE).await.unwrap().unwrap();
        let later = NOON + LEASE;
        let new = store.claim(later, LEASE).await.unwrap().unwrap();
        assert!(new.fence > old.fence);
        let commit = Commit {
            contacts: vec![contact(store, shop, "anna@example.com")],
            marks: vec![mark(1, NOON)],
            lane_state: Some("stale".to_owned()),
            success_at: Some(later),
            ..Commit::default()
        };
        assert!(!store.commit(&old, later, &commit).await.unwrap());
        store.release(&old, "stale", later + 1, later).await.unwrap();
        store.release_held(&old, 1, later).await.unwrap();
        assert_eq!(store.counts(shop).await.unwrap().contacts, 0);
        assert_eq!(store.next_dirty_due(shop).await.unwrap(), None);
        assert_eq!(store.shop(shop).await.unwrap().unwrap().last_success_at, None);
        let lane = store.lane(shop).await.unwrap().unwrap();
        assert_ne!(lane.state, "stale");
        assert_eq!(lane.leased_until, later + LEASE);
        assert!(store.commit(&new, later, &commit).await.unwrap());
        assert_eq!(store.lane(shop).await.unwrap().unwrap().state, "stale");
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ran_out_and_that_nobody_took_is_renewed_by_a_commit() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let later = NOON + LEASE + 1;
        assert!(store.commit(&taken, later, &Commit::default()).await.unwrap());
        assert!(store.claim(later, LEASE).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_commit_never_shortens_a_lease() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        assert!(store.commit(&taken, NOON + 1, &Commit::default()).await.unwrap());
        assert!(until(store, shop).await >= NOON + LEASE);
        let late = NOON + LEASE - 1;
        assert!(store.commit(&taken, late, &Commit::default()).await.unwrap());
        assert!(until(store, shop).await > late);
    })
    .await;
}

#[tokio::test]
async fn a_lane_let_go_takes_no_more_commits_of_the_worker_that_let_it_go() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.release(&taken, "mine", NOON + 1_000, NOON).await.unwrap();
        let commit = Commit {
            contacts: vec![contact(store, shop, "anna@example.com")],
            ..Commit::default()
        };
        assert!(!store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(!store.renew(&taken, NOON, LEASE).await.unwrap());
        let lane = store.lane(shop).await.unwrap().unwrap();
        assert_eq!(
            (lane.due_at, lane.leased_until, lane.state.as_str()),
            (NOON + 1_000, 0, "mine")
        );
        assert_eq!(
            store.claim(NOON + 1_000, LEASE).await.unwrap().unwrap().state,
            "mine"
        );
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_died_loses_the_lane_at_the_end_of_its_lease() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        // The wake is spent by the claim; the lane must come back all the same.
        store.wake(shop, NOON).await.unwrap();
        let dead = store.claim(NOON, LEASE).await.unwrap().unwrap();
        assert!(store.claim(NOON + LEASE - 1, LEASE).await.unwrap().is_none());
        let next = store.claim(NOON + LEASE, LEASE).await.unwrap().unwrap();
        assert_eq!((next.shop, next.fence), (shop, dead.fence + 1));
    })
    .await;
}

#[tokio::test]
async fn a_wake_during_the_work_survives_the_release() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.mark_dirty(shop, &[mark(1, NOON + 7)], NOON).await.unwrap();
        assert!(store.commit(&taken, NOON, &Commit::default()).await.unwrap());
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + 7));
        let lane = store.lane(shop).await.unwrap().unwrap();
        assert_eq!((lane.due_at, lane.wake_at), (NOON + 60_000, Some(NOON + 7)));
        // The claim spends it.
        let taken = store.claim(NOON + 7, LEASE).await.unwrap().unwrap();
        assert_eq!(store.lane(shop).await.unwrap().unwrap().wake_at, None);
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + 60_000));
    })
    .await;
}

#[tokio::test]
async fn the_earliest_of_several_wakes_counts() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        for at in [NOON + 20_000, NOON + 10_000, NOON + 30_000] {
            store.wake(shop, at).await.unwrap();
        }
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + 10_000));
        assert!(store.claim(NOON + 9_999, LEASE).await.unwrap().is_none());
        assert!(store.claim(NOON + 10_000, LEASE).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_mark_that_is_held_back_wakes_nobody() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        let held = DirtyMark {
            priority: Priority::Bulk,
            reason: Reason::Sweep,
            held_by: Some(3),
            ..mark(1, NOON)
        };
        store.mark_dirty(shop, &[held], NOON).await.unwrap();
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + 60_000));
    })
    .await;
}

#[tokio::test]
async fn a_lane_can_be_claimed_by_its_shop_before_it_is_due() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (first, second) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let taken = lease(store, first).await;
        store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        assert_eq!(lease(store, first).await.shop, first);
        assert_eq!(store.claim(NOON, LEASE).await.unwrap().unwrap().shop, second);
        assert!(store.claim_shop(ShopId(99), NOON, LEASE).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_leases_of_a_dead_process_end_at_once_only_where_one_process_works_alone() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, free) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let dead = lease(store, shop).await;
        let other = lease(store, free).await;
        store.release(&other, "{}", NOON + 60_000, NOON).await.unwrap();
        let alone = ledger.dir.is_some();
        assert_eq!(store.end_leases(NOON).await.unwrap(), u64::from(alone));
        assert_eq!(
            store.commit(&dead, NOON, &Commit::default()).await.unwrap(),
            !alone
        );
        assert_eq!(
            store.claim(NOON, LEASE).await.unwrap().map(|lease| lease.shop),
            alone.then_some(shop)
        );
        assert_eq!(store.lane(free).await.unwrap().unwrap().due_at, NOON + 60_000);
    })
    .await;
}
