//! Many at once: lanes are never worked on by two, writers wait for each other in turn, nothing locks up.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use store::{Commit, HookKind, Priority, Received, ShopChange};

use crate::support::{KEY, LEASE, NOON, a_shop, contact, each_database, install, lease, mark, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_workers_never_hold_one_lane_together() {
    each_database(async |ledger| {
        let store = &ledger.store;
        for n in 0..6 {
            a_shop(store, &format!("s{n}")).await;
        }
        // A second handle stands for a second process.
        let second = ledger.reopen(KEY).await.unwrap();
        let held = Arc::new(Mutex::new(HashSet::new()));
        let workers = (0..20).map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { second.clone() };
            let held = Arc::clone(&held);
            tokio::spawn(async move {
                let mut slices = 0;
                for _ in 0..25 {
                    let Some(taken) = store.claim(NOON, LEASE).await.unwrap() else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    assert!(held.lock().unwrap().insert(taken.shop), "two hold {}", taken.shop);
                    assert!(store.commit(&taken, NOON, &Commit::default()).await.unwrap());
                    assert!(held.lock().unwrap().remove(&taken.shop));
                    store.release(&taken, "{}", NOON, NOON).await.unwrap();
                    slices += 1;
                }
                slices
            })
        });
        let mut slices = 0;
        for worker in workers.collect::<Vec<_>>() {
            slices += worker.await.unwrap();
        }
        assert!(slices > 20, "{slices}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_webhook_is_not_kept_waiting_by_bulk_work() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "webhooks").await;
        let mut writers = Vec::new();
        let end = Instant::now() + Duration::from_secs(3);
        for n in 0..8 {
            let bulk = a_shop(store, &format!("bulk{n}")).await;
            let taken = lease(store, bulk).await;
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                let mut at = 0;
                while Instant::now() < end {
                    at = (at + 200) % 2_000;
                    let contacts: Vec<_> = (at..at + 200)
                        .map(|n| contact(&store, bulk, &format!("{n}@example.com")))
                        .collect();
                    let commit = Commit {
                        contacts,
                        ..Commit::default()
                    };
                    assert!(store.commit(&taken, NOON, &commit).await.unwrap());
                }
            }));
        }
        let mut longest = Duration::ZERO;
        let mut id = 0;
        while Instant::now() < end {
            let began = Instant::now();
            store.mark_dirty(shop, &[mark(id, NOON)], NOON).await.unwrap();
            longest = longest.max(began.elapsed());
            id += 1;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        // Shoper waits three seconds (shoper-api.md F.6); debug builds and busy machines get most of it.
        assert!(longest < Duration::from_millis(1_500), "{longest:?}");
        assert_eq!(store.counts(shop).await.unwrap().dirty, id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn marks_commits_and_changes_of_one_shop_at_once_neither_fail_nor_get_lost() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let worker = {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..60 {
                    let hash = store.hash(shop, "anna@example.com");
                    let commit = Commit {
                        contacts: vec![contact(&store, shop, "anna@example.com")],
                        records: vec![record(round, hash)],
                        marks: (0..20).rev().map(|id| mark(id, NOON)).collect(),
                        success_at: Some(NOON + round),
                        ..Commit::default()
                    };
                    assert!(store.commit(&taken, NOON, &commit).await.unwrap());
                }
            })
        };
        let webhooks = (0..4).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..60 {
                    let marks: Vec<_> = (0..20).map(|id| mark((id + n * 5 + round) % 20, NOON)).collect();
                    store.mark_dirty(shop, &marks, NOON).await.unwrap();
                }
            })
        });
        let webhooks: Vec<_> = webhooks.collect();
        let panel = {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..40 {
                    store
                        .put_config(
                            shop,
                            &format!("n = {round}"),
                            Some("key".into()),
                            None,
                            "panel",
                            NOON,
                        )
                        .await
                        .unwrap();
                    let change = ShopChange {
                        paused: Some(round % 2 == 0),
                        ..ShopChange::default()
                    };
                    store.update_shop(shop, &change, NOON).await.unwrap();
                    store.problem_retry(shop, None, NOON).await.unwrap();
                    let hash = format!("upgrade-{round}");
                    let effect = store::LifecycleEffect::Upgrade {
                        version: Some(round),
                        auth_code: None,
                        trial: None,
                    };
                    let message =
                        crate::support::message("a", "upgrade", &hash, "2026-09-22 12:00:00", effect);
                    store.receive(&message).await.unwrap();
                }
            })
        };
        worker.await.unwrap();
        for webhook in webhooks {
            webhook.await.unwrap();
        }
        panel.await.unwrap();
        let due = store.due_dirty(shop, NOON, Priority::Bulk, 100).await.unwrap();
        // Every one of the 300 marks of each entry raised its version; those that were written together, once.
        assert_eq!(due.len(), 20);
        let least = if ledger.dir.is_some() { 30 } else { 300 };
        assert!(due.iter().all(|d| (least..=300).contains(&d.version)), "{due:?}");
        assert_eq!(store.shop(shop).await.unwrap().unwrap().config_version, 40);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shops_installed_at_once_all_come_to_be_and_each_once() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let second = ledger.reopen(KEY).await.unwrap();
        let installs = (0..40).map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { second.clone() };
            // Every message comes twice.
            tokio::spawn(async move {
                store
                    .receive(&install(&format!("s{}", n / 2), "first", "2026-09-21 12:00:00"))
                    .await
                    .unwrap()
            })
        });
        let (mut applied, mut repeated) = (HashSet::new(), 0);
        for install in installs.collect::<Vec<_>>() {
            match install.await.unwrap() {
                Received::Applied(shop) => assert!(applied.insert(shop)),
                Received::Repeated => repeated += 1,
                Received::Kept => panic!("an installation has an effect"),
            }
        }
        assert_eq!(
            (applied.len(), repeated, store.shops().await.unwrap().len()),
            (20, 20, 20)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_asked_for_at_once_come_to_one() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let asks = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.create_run(shop, store::RunKind::Forced, "{}", NOON).await })
        });
        let mut made = 0;
        for ask in asks.collect::<Vec<_>>() {
            match ask.await.unwrap() {
                Ok(_) => made += 1,
                Err(store::Error::RunActive(1)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(made, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_gives_up_leaves_nothing_half_done_and_nobody_waiting() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        for n in 0..60 {
            let marks = [mark(1, NOON), mark(2, NOON)];
            let _ = tokio::time::timeout(
                Duration::from_micros(n * 20),
                store.mark_dirty(shop, &marks, NOON),
            )
            .await;
        }
        store
            .put_hook(shop, HookKind::Sare, &"t".into(), None, None)
            .await
            .unwrap();
        let versions: Vec<i64> = store
            .due_dirty(shop, NOON, Priority::Bulk, 9)
            .await
            .unwrap()
            .iter()
            .map(|d| d.version)
            .collect();
        assert!(
            versions.is_empty() || (versions.len() == 2 && versions[0] == versions[1]),
            "{versions:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_webhooks_mark_does_not_queue_behind_all_lanes_at_work() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let written = Arc::new(AtomicUsize::new(0));
        let mut lanes = Vec::new();
        for n in 0..12 {
            let shop = a_shop(store, &format!("s{n}")).await;
            lanes.push(lease(store, shop).await);
        }
        let hooked = lanes[0].shop;
        let hash = store.hash(hooked, "a@example.com");
        let commit = Arc::new(Commit {
            records: (1..=1_000).map(|id| record(id, hash)).collect(),
            ..Commit::default()
        });
        let workers: Vec<_> = lanes
            .into_iter()
            .map(|taken| {
                let (store, written, commit) = (store.clone(), Arc::clone(&written), Arc::clone(&commit));
                tokio::spawn(async move {
                    assert!(store.commit(&taken, NOON, &commit).await.unwrap());
                    written.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        // The first of them is at the writer, the others wait for it.
        while written.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let before = written.load(Ordering::SeqCst);
        store.mark_dirty(hooked, &[mark(1, NOON)], NOON).await.unwrap();
        let after = written.load(Ordering::SeqCst);
        if ledger.dir.is_some() {
            assert!(after - before <= 3, "{} lanes went first", after - before);
        }
        for worker in workers {
            worker.await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn marks_made_at_once_are_all_written_and_each_learns_its_own_fate() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (a, b) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let removed = a_shop(store, "c").await;
        store.remove_shop(removed, NOON).await.unwrap();
        let marking: Vec<_> = (0..300)
            .map(|n| {
                let store = store.clone();
                let shop = [a, b, removed][n % 3];
                let id = i64::try_from(n).unwrap();
                tokio::spawn(async move { (shop, store.mark_dirty(shop, &[mark(id, NOON)], NOON).await) })
            })
            .collect();
        for marked in marking {
            let (shop, outcome) = marked.await.unwrap();
            assert_eq!(outcome.is_ok(), shop != removed, "{shop}: {outcome:?}");
        }
        for shop in [a, b] {
            let due = store.due_dirty(shop, NOON, Priority::Bulk, 1_000).await.unwrap();
            assert_eq!(due.len(), 100);
            assert!(due.iter().all(|entry| entry.version == 1));
        }
        // Whoever gives up while waiting keeps nobody else from being written.
        let given_up = tokio::spawn({
            let store = store.clone();
            async move { store.mark_dirty(a, &[mark(900, NOON)], NOON).await }
        });
        given_up.abort();
        store.mark_dirty(a, &[mark(901, NOON)], NOON).await.unwrap();
        let due = store.due_dirty(a, NOON, Priority::Bulk, 1_000).await.unwrap();
        assert!(due.iter().any(|entry| entry.key == mark(901, NOON).key));
    })
    .await;
}
