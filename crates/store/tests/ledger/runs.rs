//! Runs: one at a time, and an end that stays an end.

use store::{Commit, Error, Run, RunKind, RunState};
use sync_core::ShopId;

use crate::support::{LEASE, NOON, a_shop, each_database, lease};

#[tokio::test]
async fn a_preview_gives_way_to_any_other_run_and_to_no_preview() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        for kind in [RunKind::First, RunKind::Forced, RunKind::Sweep, RunKind::Backfill] {
            let preview = store.create_run(shop, RunKind::DryRun, "{}", NOON).await.unwrap();
            assert!(matches!(store.create_run(shop, RunKind::DryRun, "{}", NOON).await, Err(Error::RunActive(n)) if n == preview));
            let run = store.create_run(shop, kind, "{}", NOON + 5).await.unwrap();
            let ended = store.run(shop, preview).await.unwrap().unwrap();
            assert_eq!((ended.state, ended.error.as_deref(), ended.ended_at), (RunState::Cancelled, Some("superseded"), Some(NOON + 5)));
            assert!(matches!(store.create_run(shop, RunKind::Forced, "{}", NOON).await, Err(Error::RunActive(n)) if n == run));
            store.set_run_state(shop, run, RunState::Cancelled, None, NOON + 6).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_shop_has_one_run_at_a_time_with_rising_numbers() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let first = store.create_run(shop, RunKind::First, "{\"a\":1}", NOON).await.unwrap();
        assert!(matches!(store.create_run(shop, RunKind::DryRun, "{}", NOON).await, Err(Error::RunActive(n)) if n == first));
        assert_eq!(store.create_run(other, RunKind::First, "{}", NOON).await.unwrap(), first);
        let run = store.active_run(shop).await.unwrap().unwrap();
        let expected = Run {
            id: first,
            kind: RunKind::First,
            state: RunState::Queued,
            body: "{\"a\":1}".to_owned(),
            error: None,
            created_at: NOON,
            started_at: None,
            ended_at: None,
        };
        assert_eq!(run, expected);
        store.set_run_state(shop, first, RunState::Cancelled, Some("why"), NOON + 1).await.unwrap();
        assert!(store.active_run(shop).await.unwrap().is_none());
        let second = store.create_run(shop, RunKind::Forced, "{}", NOON).await.unwrap();
        assert_eq!(second, first + 1);
        let ids: Vec<i64> = store.runs(shop, 9).await.unwrap().iter().map(|run| run.id).collect();
        assert_eq!(ids, [second, first]);
        assert_eq!(store.runs(shop, 1).await.unwrap().len(), 1);
        let newest = async |kind| store.newest_run(shop, kind).await.unwrap().map(|run| run.id);
        assert_eq!((newest(RunKind::First).await, newest(RunKind::DryRun).await), (Some(first), None));
        assert!(matches!(store.create_run(ShopId(99), RunKind::First, "{}", NOON).await, Err(Error::NoSuchShop)));
    })
    .await;
}

#[tokio::test]
async fn a_new_run_wakes_the_lane() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();
        store.create_run(shop, RunKind::Forced, "{}", NOON).await.unwrap();
        assert!(store.claim(NOON, LEASE).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_commit_carries_the_run_on_unless_a_person_ended_it() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let id = store.create_run(shop, RunKind::Forced, "{}", NOON).await.unwrap();
        let mut run = store.run(shop, id).await.unwrap().unwrap();
        run.state = RunState::Running;
        run.started_at = Some(NOON + 1);
        run.body = "{\"done\":5}".to_owned();
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        run: Some(run.clone()),
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert_eq!(store.run(shop, id).await.unwrap().unwrap(), run);

        store
            .set_run_state(shop, id, RunState::Cancelled, Some("by hand"), NOON + 2)
            .await
            .unwrap();
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        run: Some(run),
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        let ended = store.run(shop, id).await.unwrap().unwrap();
        assert_eq!(
            (ended.state, ended.error.as_deref()),
            (RunState::Cancelled, Some("by hand"))
        );
        assert_eq!(ended.ended_at, Some(NOON + 2));
        store
            .set_run_state(shop, id, RunState::Running, None, NOON + 3)
            .await
            .unwrap();
        assert_eq!(
            store.run(shop, id).await.unwrap().unwrap().state,
            RunState::Cancelled
        );
    })
    .await;
}
