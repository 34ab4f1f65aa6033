//! Problems: one a key, brought up to date, solved, tried again.

use store::{Commit, Contact, DirtyKey, Outcome, Priority, Problem, Reason, Store};
use sync_core::{ProblemKind, ShopId};

use crate::support::{LEASE, NOON, a_shop, contact, each_database, lease};

fn of_contact(contact: &Contact, kind: &str, detail: Option<&str>) -> Problem {
    Problem {
        key: DirtyKey::Address(contact.hash).encode(),
        kind: ProblemKind::of(kind),
        hash: Some(contact.hash),
        detail: detail.map(str::to_owned),
        is_final: true,
        first_at: NOON,
        last_at: NOON,
        times: 1,
    }
}

fn of_shop(topic: &str, at: i64) -> Problem {
    Problem {
        key: format!("shop:{topic}"),
        kind: ProblemKind::of(topic),
        hash: None,
        detail: Some("words".to_owned()),
        is_final: false,
        first_at: at,
        last_at: at,
        times: 1,
    }
}

async fn keys(store: &Store, shop: ShopId) -> Vec<String> {
    store
        .problems(shop, 100, 0)
        .await
        .unwrap()
        .into_iter()
        .map(|problem| problem.key)
        .collect()
}

#[tokio::test]
async fn a_problem_met_again_is_brought_up_to_date() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let anna = contact(store, shop, "anna@example.com");
        let first = of_contact(&anna, "sare-refused", Some("the reason"));
        store.note_problem(shop, &first).await.unwrap();
        assert_eq!(
            store.problems(shop, 9, 0).await.unwrap(),
            std::slice::from_ref(&first)
        );
        let taken = lease(store, shop).await;
        let again = Problem {
            first_at: NOON + 5,
            last_at: NOON + 5,
            is_final: false,
            ..of_contact(&anna, "sare-away", None)
        };
        let commit = Commit {
            problems: vec![again.clone()],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let expected = Problem {
            first_at: NOON,
            times: 2,
            ..again
        };
        assert_eq!(store.problems(shop, 9, 0).await.unwrap(), [expected]);
    })
    .await;
}

#[tokio::test]
async fn problems_come_newest_first_by_pages_and_are_counted_by_kind() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        for (topic, at) in [("no-scope", 1), ("sare-away", 3), ("shop-away", 2)] {
            store
                .note_problem(shop, &of_shop(topic, NOON + at))
                .await
                .unwrap();
        }
        assert_eq!(
            keys(store, shop).await,
            ["shop:sare-away", "shop:shop-away", "shop:no-scope"]
        );
        assert_eq!(store.problems(shop, 1, 1).await.unwrap()[0].key, "shop:shop-away");
        assert_eq!(store.problem_kinds(shop).await.unwrap().len(), 3);
        assert_eq!(store.counts(shop).await.unwrap().problems, 3);
        store.resolve_problem(shop, "shop:sare-away").await.unwrap();
        store.resolve_problem(shop, "shop:never").await.unwrap();
        let taken = lease(store, shop).await;
        let commit = Commit {
            resolved: vec!["shop:no-scope".to_owned(), "shop:other".to_owned()],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(keys(store, shop).await, ["shop:shop-away"]);
    })
    .await;
}

#[tokio::test]
async fn problems_of_the_shop_as_a_whole_are_told_apart_the_oldest_first() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let anna = contact(store, shop, "anna@example.com");
        for problem in [
            of_shop("two", NOON + 2),
            of_contact(&anna, "sare-refused", None),
            of_shop("one", NOON + 1),
        ] {
            store.note_problem(shop, &problem).await.unwrap();
        }
        store.note_problem(other, &of_shop("theirs", NOON)).await.unwrap();
        let found = store.shop_problems(shop, 9).await.unwrap();
        let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["shop:one", "shop:two"]);
        assert_eq!(found[0].detail.as_deref(), Some("words"));
        assert_eq!(store.shop_problems(shop, 1).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_commit_takes_many_problems_of_one_key_and_of_many() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let anna = contact(store, shop, "anna@example.com");
        let mut problems: Vec<Problem> = (0..700).map(|n| of_shop(&format!("t{n}"), NOON)).collect();
        problems.push(of_contact(&anna, "sare-fails", Some("a")));
        problems.push(of_contact(&anna, "sare-refused", Some("b")));
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        problems,
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        let all = store.problems(shop, 1_000, 0).await.unwrap();
        assert_eq!(all.len(), 701);
        let of_anna = all
            .iter()
            .find(|problem| problem.hash == Some(anna.hash))
            .unwrap();
        assert_eq!(
            (of_anna.kind.word(), of_anna.detail.as_deref()),
            ("sare-refused", Some("b"))
        );
        let resolved = all.into_iter().map(|problem| problem.key).collect();
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        resolved,
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert!(keys(store, shop).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_retry_marks_the_contact_and_forgets_what_was_refused() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let refused = |name: &str| Contact {
            sent: Some(vec![1]),
            outcome: Outcome::Failed,
            ..contact(store, shop, name)
        };
        let (anna, ben) = (refused("anna@example.com"), refused("ben@example.com"));
        let problems = vec![
            of_contact(&anna, "x", None),
            of_contact(&ben, "x", None),
            of_shop("access", NOON),
        ];
        let key = problems[0].key.clone();
        let commit = Commit {
            contacts: vec![anna.clone(), ben.clone()],
            problems,
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();

        assert_eq!(store.problem_retry(shop, Some(&key), NOON).await.unwrap(), 1);
        let due = store.due_dirty(shop, NOON, Priority::Bulk, 9).await.unwrap();
        assert_eq!(
            (due.len(), due[0].key, due[0].reason),
            (1, DirtyKey::Address(anna.hash), Reason::Manual)
        );
        assert_eq!(store.contact(shop, anna.hash).await.unwrap().unwrap().sent, None);
        assert!(
            store
                .contact(shop, ben.hash)
                .await
                .unwrap()
                .unwrap()
                .sent
                .is_some()
        );
        assert!(store.claim(NOON, LEASE).await.unwrap().is_some());
        assert_eq!(store.counts(shop).await.unwrap().problems, 3);

        assert!(store.problem_retry(shop, None, NOON).await.unwrap() >= 2);
        assert_eq!(
            store
                .due_dirty(shop, NOON, Priority::Bulk, 9)
                .await
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            store.problem_retry(shop, Some("a:nothing"), NOON).await.unwrap(),
            0
        );
    })
    .await;
}

#[tokio::test]
async fn groups_come_with_the_largest_first_and_are_read_page_by_page() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let one = |id: i64, kind: &str, at: i64| Problem {
            key: DirtyKey::Record(sync_core::RecordKey::customer(id)).encode(),
            kind: ProblemKind::of(kind),
            hash: None,
            detail: Some(format!("detail {id}")),
            is_final: true,
            first_at: at,
            last_at: at,
            times: 1,
        };
        let taken = lease(store, shop).await;
        let commit = Commit {
            problems: vec![
                one(1, "bad-address", NOON),
                one(2, "sare-refused", NOON - 5),
                one(3, "sare-refused", NOON + 5),
                one(4, "sare-refused", NOON + 5),
            ],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let groups = store.problem_groups(shop).await.unwrap();
        let groups: Vec<_> = groups.iter().map(|g| (g.kind.word(), g.count, g.since)).collect();
        assert_eq!(groups, [("sare-refused", 3, NOON - 5), ("bad-address", 1, NOON)]);
        let mut keys = Vec::new();
        let mut after: Option<(i64, String)> = None;
        loop {
            let place = after.as_ref().map(|(at, key)| (*at, key.as_str()));
            let page = store
                .problems_of_kind(shop, ProblemKind::SareRefused, place, 1)
                .await
                .unwrap();
            let Some(last) = page.into_iter().next() else {
                break;
            };
            assert!(last.detail.is_some());
            after = Some((last.first_at, last.key.clone()));
            keys.push(last.key);
        }
        assert_eq!(keys, ["u:4", "u:3", "u:2"]);
        assert_eq!(
            store
                .problem_retry_kind(shop, ProblemKind::SareRefused, NOON)
                .await
                .unwrap(),
            3
        );
        let due = store.due_dirty(shop, NOON, Priority::Live, 10).await.unwrap();
        assert_eq!(due.len(), 3, "others of another kind are left");
    })
    .await;
}

#[tokio::test]
async fn many_that_are_tried_again_at_once_keep_no_live_change_waiting() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let problems = (1..=201).map(|id| Problem {
            key: DirtyKey::Record(sync_core::RecordKey::customer(id)).encode(),
            kind: ProblemKind::of("sare-refused"),
            hash: None,
            detail: None,
            is_final: true,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        });
        let commit = Commit {
            problems: problems.collect(),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(store.problem_retry(shop, None, NOON).await.unwrap(), 201);
        assert!(
            store
                .due_dirty(shop, NOON, Priority::Poll, 10)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store
                .due_dirty(shop, NOON, Priority::Bulk, 500)
                .await
                .unwrap()
                .len(),
            201
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_set_aside_is_not_counted_until_another_case_comes() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let note = async |id: i64, kind: &str| {
            let problem = Problem {
                key: DirtyKey::Record(sync_core::RecordKey::customer(id)).encode(),
                ..of_shop(kind, NOON)
            };
            store.note_problem(shop, &problem).await.unwrap();
        };
        let group = async |kind: &str| {
            let groups = store.problem_groups(shop).await.unwrap();
            let found = groups
                .into_iter()
                .find(|group| group.kind.word() == kind)
                .unwrap();
            (found.count, found.is_aside)
        };
        note(1, "sare-refused").await;
        note(2, "sare-refused").await;
        note(3, "bad-address").await;
        store
            .note_problem(shop, &of_shop("sare-access", NOON))
            .await
            .unwrap();
        assert_eq!(
            store
                .set_problems_aside(shop, ProblemKind::SareRefused, Some(NOON))
                .await
                .unwrap(),
            2
        );
        assert_eq!(group("sare-refused").await, (2, true));
        assert_eq!(group("bad-address").await, (1, false));
        assert_eq!(store.counts(shop).await.unwrap().problems, 2);
        // Another try of the same case is no new one.
        note(1, "sare-refused").await;
        assert_eq!(group("sare-refused").await, (2, true));
        note(4, "sare-refused").await;
        assert_eq!(group("sare-refused").await, (3, false));
        assert_eq!(
            store
                .set_problems_aside(shop, ProblemKind::SareRefused, Some(NOON))
                .await
                .unwrap(),
            3
        );
        assert_eq!(
            store
                .set_problems_aside(shop, ProblemKind::SareRefused, None)
                .await
                .unwrap(),
            3
        );
        assert_eq!(group("sare-refused").await, (3, false));
        assert_eq!(store.counts(shop).await.unwrap().problems, 5);
        // What stops the shop cannot be set aside.
        assert_eq!(
            store
                .set_problems_aside(shop, ProblemKind::SareAccess, Some(NOON))
                .await
                .unwrap(),
            0
        );
    })
    .await;
}
