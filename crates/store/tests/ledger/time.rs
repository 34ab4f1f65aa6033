//! A clock that jumps: nothing that was planned by it waits for as long as it jumped.

use std::time::Duration;

use store::{DirtyDone, DirtyMark, Priority, Reason};

use crate::support::{LEASE, NOON, a_shop, each_database, lease, mark};

const HOUR: i64 = 3_600_000;
/// Jumps of a clock: less than a lane plans ahead, and more.
const JUMPS: [i64; 3] = [5 * 60_000, 3 * HOUR, 48 * HOUR];

#[tokio::test]
async fn a_lane_planned_by_a_clock_that_was_put_back_is_claimed_at_once() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        for jump in JUMPS {
            let then = NOON + jump;
            let taken = store.claim_shop(shop, then, LEASE).await.unwrap().unwrap();
            store.release(&taken, "{}", then + HOUR, then).await.unwrap();
            assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON), "{jump}");
            let taken = store.claim(NOON, LEASE).await.unwrap().unwrap();
            assert_eq!(taken.until, NOON + LEASE);
            store.release(&taken, "{}", NOON + HOUR, NOON).await.unwrap();
            // Once is enough.
            assert!(store.claim(NOON, LEASE).await.unwrap().is_none());
            assert_eq!(store.next_due(NOON).await.unwrap(), Some(NOON + HOUR));
        }
    })
    .await;
}

#[tokio::test]
async fn a_lease_taken_by_a_clock_that_was_put_back_holds_nobody_up() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let dead = store.claim(NOON + 48 * HOUR, LEASE).await.unwrap().unwrap();
        let next = store.claim(NOON, LEASE).await.unwrap().unwrap();
        assert_eq!((next.shop, next.fence), (shop, dead.fence + 1));
        let dead = store
            .claim_shop(shop, NOON + 48 * HOUR, LEASE)
            .await
            .unwrap()
            .unwrap();
        let next = store.claim_shop(shop, NOON, LEASE).await.unwrap().unwrap();
        assert_eq!(next.fence, dead.fence + 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_marked_or_put_off_by_a_clock_that_was_put_back_is_due_at_once() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        for jump in JUMPS {
            let then = NOON + jump;
            // A webhook that comes meanwhile, and another try that was put off meanwhile.
            let taken = lease(store, shop).await;
            store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
            let again = mark(1, then);
            store.mark_dirty(shop, &[again], then).await.unwrap();
            let taken = store.claim_shop(shop, then, LEASE).await.unwrap().unwrap();
            let done = DirtyDone::Again {
                key: again.key,
                version: store.due_dirty(shop, then, Priority::Bulk, 9).await.unwrap()[0].version,
                due_at: then + HOUR,
                attempts: 3,
            };
            let commit = store::Commit {
                done: vec![done],
                ..store::Commit::default()
            };
            assert!(store.commit(&taken, then, &commit).await.unwrap());
            store.release(&taken, "{}", then + 60_000, then).await.unwrap();
            store
                .mark_dirty(
                    shop,
                    &[DirtyMark {
                        reason: Reason::Webhook,
                        ..mark(2, then)
                    }],
                    then,
                )
                .await
                .unwrap();
            let taken = store.claim(NOON, LEASE).await.unwrap().unwrap();
            assert_eq!(taken.shop, shop);
            let due = store.due_dirty(shop, NOON, Priority::Bulk, 9).await.unwrap();
            assert_eq!(due.len(), 2, "{jump}");
            let commit = store::Commit {
                done: due
                    .iter()
                    .map(|one| DirtyDone::Done {
                        key: one.key,
                        version: one.version,
                    })
                    .collect(),
                ..store::Commit::default()
            };
            assert!(store.commit(&taken, NOON, &commit).await.unwrap());
            store.release(&taken, "{}", NOON + 60_000, NOON).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_corrected_by_a_moment_changes_no_plan() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let then = NOON + 30_000;
        store.release(&taken, "{}", then + HOUR, then).await.unwrap();
        assert!(store.claim(NOON, LEASE).await.unwrap().is_none());
        assert_eq!(store.next_due(NOON).await.unwrap(), Some(then + HOUR));
    })
    .await;
}

#[tokio::test]
async fn a_removed_shop_is_not_taken_for_one_planned_too_far_ahead() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let change = store::ShopChange {
            state: Some(store::ShopState::Uninstalling),
            ..store::ShopChange::default()
        };
        store.update_shop(shop, &change, NOON).await.unwrap();
        assert!(store.erase_shop(&taken, NOON).await.unwrap());
        assert!(store.claim(NOON, LEASE).await.unwrap().is_none());
        assert!(
            store
                .next_due(NOON)
                .await
                .unwrap()
                .is_none_or(|at| at > NOON + HOUR)
        );
    })
    .await;
}

#[tokio::test]
async fn an_audit_begun_by_a_clock_that_was_put_back_is_made_again() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let change = store::ShopChange {
            state: Some(store::ShopState::Connected),
            ..store::ShopChange::default()
        };
        store.update_shop(shop, &change, NOON).await.unwrap();
        store
            .put_config(shop, "a = 1", None, None, "test", NOON)
            .await
            .unwrap();
        let then = NOON + 48 * HOUR;
        assert!(store.begin_audit(shop, then, then).await.unwrap());
        let day_before = NOON - i64::try_from(Duration::from_secs(86_400).as_millis()).unwrap();
        assert_eq!(store.audits_due(day_before, NOON, 9).await.unwrap(), [shop]);
        assert!(store.begin_audit(shop, day_before, NOON).await.unwrap());
        assert!(store.audits_due(day_before, NOON, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_absence_is_a_time_in_which_no_server_gave_a_sign_of_life() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let minute = 60_000;
        let sign = async |server: &str, at: i64| store.heartbeat(server, at, 3 * minute).await.unwrap();
        // The first server of all was not away before.
        assert_eq!(sign("a", NOON).await, None);
        for beat in 1..=10 {
            assert_eq!(sign("b", NOON + beat * minute).await, None);
            if beat == 1 {
                // The first one lives on beside it.
                assert_eq!(sign("a", NOON + minute + 5).await, None);
            }
        }
        // One of two was away, the other one lived.
        assert_eq!(sign("a", NOON + 11 * minute).await, None);
        let found = sign("c", NOON + 30 * minute).await.unwrap();
        assert_eq!((found.from, found.to), (NOON + 11 * minute, NOON + 30 * minute));
        // Another one that begins at the same time finds nothing new.
        assert_eq!(sign("d", NOON + 30 * minute + 5).await, None);
        assert_eq!(store.last_absence().await.unwrap(), Some(found));
        assert_eq!(store.absences(NOON).await.unwrap(), [found]);
        assert!(store.absences(found.to).await.unwrap().is_empty());
        let servers = store.servers().await.unwrap();
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["d", "c", "a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_short_gap_between_two_servers_is_an_absence_too() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let second = 1_000;
        let sign = async |server: &str, at: i64| store.heartbeat(server, at, 180 * second).await.unwrap();
        // Stopped in good order, and started again soon.
        assert_eq!(sign("a", NOON).await, None);
        store.sign_off("a", NOON + 10 * second).await.unwrap();
        let found = sign("b", NOON + 32 * second).await.unwrap();
        assert_eq!((found.from, found.to), (NOON + 10 * second, NOON + 32 * second));
        // Killed, and started again soon: that the other one is gone shows after a while, once.
        assert_eq!(sign("b", NOON + 60 * second).await, None);
        let start = NOON + 75 * second;
        for beat in 0..6 {
            assert_eq!(sign("c", start + beat * 30 * second).await, None);
        }
        let found = sign("c", start + 180 * second).await.unwrap();
        assert_eq!((found.from, found.to), (NOON + 60 * second, start));
        assert_eq!(sign("c", start + 210 * second).await, None);
        // Another one begins before this one stops: nobody was away.
        assert_eq!(sign("d", start + 215 * second).await, None);
        store.sign_off("c", start + 216 * second).await.unwrap();
        for beat in 1..10 {
            assert_eq!(sign("d", start + (215 + beat * 30) * second).await, None);
        }
        assert_eq!(store.absences(NOON).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_put_back_leaves_no_absence_that_has_not_been() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let minute = 60_000;
        assert_eq!(store.heartbeat("a", NOON, 3 * minute).await.unwrap(), None);
        let then = NOON + 48 * HOUR;
        assert!(store.heartbeat("a", then, 3 * minute).await.unwrap().is_some());
        assert_eq!(store.latest_moment().await.unwrap(), Some(then));
        let back = NOON + minute;
        assert_eq!(store.heartbeat("a", back, 3 * minute).await.unwrap(), None);
        assert_eq!(store.last_absence().await.unwrap(), None);
        assert_eq!(store.latest_moment().await.unwrap(), Some(back));
        // And one that comes is told again.
        let found = store
            .heartbeat("b", back + HOUR, 3 * minute)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.from, found.to), (back, back + HOUR));
    })
    .await;
}
