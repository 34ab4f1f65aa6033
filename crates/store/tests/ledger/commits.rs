//! Contacts, records and history, as commits write them and as they are read.

use store::{AddrHash, Commit, Contact, ContactFilter, HistoryEntry, Outcome, Record, Refused, Seen, Store};
use sync_core::consent::{Intent, OptIn, Status};
use sync_core::{HistoryKind, RecordCounts, RecordKey, RecordKind, ShopId};

use crate::support::{NOON, a_shop, commit_contacts, contact, each_database, lease, record, refused, seen};

fn full(store: &Store, shop: ShopId) -> Contact {
    Contact {
        sent: Some(vec![1, 2, 3]),
        sent_at: Some(NOON - 1),
        groups: vec![21, 4, 7],
        consent: Some(false),
        withdrawn: true,
        sare: Some(Seen {
            status: Status::RemovalRequested,
            at: NOON - 2,
        }),
        refusal: refused(4, true).map(|refused| Refused {
            since: NOON - 3,
            ..refused
        }),
        intent: Some(Intent {
            opt_in: Some(OptIn::Reactivate),
            lowering_to: Some(Status::RemovalRequested),
            tries: 3,
            sent_at: NOON - 4,
        }),
        outcome: Outcome::Suppressed,
        run_id: Some(5),
        poll_found: true,
        ..contact(store, shop, "anna@example.com")
    }
}

/// All that is visible of a contact, whose `Debug` hides it.
fn told(c: &Contact) -> String {
    format!(
        "{:?}",
        (
            (
                c.hash,
                &c.address,
                &c.sent,
                c.sent_at,
                &c.groups,
                c.consent,
                c.withdrawn,
                c.sare
            ),
            (c.refusal, c.intent),
            (c.outcome, c.run_id, c.poll_found, c.updated_at),
        )
    )
}

#[tokio::test]
async fn a_contact_is_read_as_it_was_written() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let (first, bare) = (full(store, shop), contact(store, shop, "bare@example.com"));
        commit_contacts(store, &taken, vec![first.clone(), bare.clone()]).await;
        for written in [&first, &bare] {
            let read = store.contact(shop, written.hash).await.unwrap().unwrap();
            assert_eq!(told(&read), told(written));
        }
        // Written again, every column follows, back to nothing too.
        let emptied = Contact {
            updated_at: NOON + 1,
            ..contact(store, shop, "anna@example.com")
        };
        commit_contacts(store, &taken, vec![emptied.clone()]).await;
        assert_eq!(
            told(&store.contact(shop, first.hash).await.unwrap().unwrap()),
            told(&emptied)
        );
    })
    .await;
}

#[tokio::test]
async fn the_last_word_on_a_contact_in_a_commit_counts() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let first = contact(store, shop, "anna@example.com");
        let last = Contact {
            outcome: Outcome::Failed,
            ..first.clone()
        };
        let records = vec![
            record(1, first.hash),
            Record {
                consent: Some(false),
                silent: false,
                ..record(1, first.hash)
            },
        ];
        let commit = Commit {
            contacts: vec![first.clone(), last],
            records,
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert_eq!(
            store.contact(shop, first.hash).await.unwrap().unwrap().outcome,
            Outcome::Failed
        );
        let records = store.records_of(shop, &[first.hash]).await.unwrap();
        assert_eq!((records.len(), records[0].consent), (1, Some(false)));
    })
    .await;
}

#[tokio::test]
async fn one_shop_does_not_see_the_contacts_and_records_of_another() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let (shop, other) = (a_shop(store, "a").await, a_shop(store, "b").await);
        let hash = store.hash(shop, "anna@example.com");
        assert_ne!(hash, store.hash(other, "anna@example.com"));
        let taken = lease(store, shop).await;
        let commit = Commit {
            contacts: vec![contact(store, shop, "anna@example.com")],
            records: vec![record(1, hash)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(store.contact(other, hash).await.unwrap().is_none());
        assert!(
            store
                .records(other, &[RecordKey::customer(1)])
                .await
                .unwrap()
                .is_empty()
        );
        assert!(store.records_of(other, &[hash]).await.unwrap().is_empty());
        assert_eq!(store.counts(other).await.unwrap(), store::Counts::default());
    })
    .await;
}

#[tokio::test]
async fn an_intent_keeps_its_form_and_one_that_cannot_be_read_counts_as_none() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let written = full(store, shop);
        commit_contacts(store, &taken, vec![written.clone()]).await;
        let raw = ledger.raw().await;
        let kept: String = sqlx::query_scalar("SELECT intent FROM contacts")
            .fetch_one(&raw)
            .await
            .unwrap();
        assert_eq!(
            kept,
            format!(
                "{{\"wish\":\"reactivate\",\"lowering_to\":4,\"tries\":3,\"sent_at\":{}}}",
                NOON - 4
            )
        );
        for (text, opt_in) in [
            ("{\"wish\":\"ask-again\"}", Some(OptIn::AskAgain)),
            ("{\"wish\":8}", None),
            ("{\"wi", None),
        ] {
            let update = "UPDATE contacts SET intent = $1";
            sqlx::query(update).bind(text).execute(&raw).await.unwrap();
            let read = store.contact(shop, written.hash).await.unwrap().unwrap();
            assert_eq!(read.intent.and_then(|intent| intent.opt_in), opt_in, "{text}");
            assert_eq!((read.refusal, read.sare), (written.refusal, written.sare));
        }
    })
    .await;
}

#[tokio::test]
async fn a_walk_meets_every_contact_of_its_kind_once() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let mut contacts = Vec::new();
        for n in 0..1_203 {
            contacts.push(Contact {
                run_id: (n % 2 == 0).then_some(7),
                sare: [None, seen(0), seen(8), seen(4)][n % 4],
                refusal: refused(4, false).filter(|_| n % 4 == 3),
                poll_found: n % 100 == 0,
                outcome: if n % 3 == 0 {
                    Outcome::Failed
                } else {
                    Outcome::Synchronised
                },
                ..contact(store, shop, &format!("{n}@example.com"))
            });
        }
        commit_contacts(store, &taken, contacts).await;
        for (filter, many) in [
            (ContactFilter::All, 1_203),
            (ContactFilter::Unsettled(7), 601),
            (ContactFilter::Unsettled(8), 1_203),
            (ContactFilter::InSare, 601),
            (ContactFilter::PollFound, 13),
            (ContactFilter::Refused, 300),
        ] {
            let (mut seen, mut after): (Vec<AddrHash>, Option<AddrHash>) = (Vec::new(), None);
            loop {
                let page = store.contacts_after(shop, after, 97, filter).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.hash);
                seen.extend(page.iter().map(|contact| contact.hash));
            }
            assert!(
                seen.is_sorted() && seen.windows(2).all(|two| two[0] != two[1]),
                "{filter:?}"
            );
            assert_eq!(seen.len(), many, "{filter:?}");
        }
        assert_eq!(store.count_poll_found(shop).await.unwrap(), 13);
        let all: Vec<AddrHash> = (0..1_203)
            .map(|n| store.hash(shop, &format!("{n}@example.com")))
            .collect();
        assert_eq!(store.contacts(shop, &all).await.unwrap().len(), 1_203);
    })
    .await;
}

#[tokio::test]
async fn records_are_found_by_key_and_by_contact_and_by_who_did_not_see_them() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let (anna, ben) = (
            store.hash(shop, "anna@example.com"),
            store.hash(shop, "ben@example.com"),
        );
        let subscriber = Record {
            key: RecordKey::subscriber(9),
            consent: Some(false),
            silent: false,
            extra: Some("{\"lang_id\":1}".to_owned()),
            run_id: Some(2),
            ..record(9, anna)
        };
        let seen = Record {
            run_id: Some(2),
            ..record(3, ben)
        };
        let records = vec![record(1, anna), record(2, ben), seen, subscriber.clone()];
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        records,
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );

        let found = store
            .records(
                shop,
                &[
                    RecordKey::subscriber(9),
                    RecordKey::customer(1),
                    RecordKey::customer(8),
                ],
            )
            .await;
        let found = found.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[&RecordKey::subscriber(9)], subscriber);
        let mut keys: Vec<_> = store
            .records_of(shop, &[anna])
            .await
            .unwrap()
            .iter()
            .map(|r| r.key)
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, [RecordKey::customer(1), RecordKey::subscriber(9)]);
        let unseen = async |after, limit| {
            let records = store
                .unseen_records(shop, RecordKind::Customer, 2, after, limit)
                .await
                .unwrap();
            records.iter().map(|r| r.key.id).collect::<Vec<_>>()
        };
        assert_eq!(unseen(0, 9).await, [1, 2]);
        assert_eq!(unseen(0, 1).await, [1]);
        assert_eq!(unseen(1, 9).await, [2]);
        assert_eq!(
            store.max_record_id(shop, RecordKind::Customer).await.unwrap(),
            Some(3)
        );
        assert_eq!(
            store.max_record_id(shop, RecordKind::Subscriber).await.unwrap(),
            Some(9)
        );
        assert_eq!(
            store
                .max_record_id(ShopId(99), RecordKind::Customer)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store.record_counts(shop, RecordKind::Subscriber).await.unwrap(),
            RecordCounts {
                all: 1,
                consenting: 0
            }
        );

        let gone = vec![
            RecordKey::customer(1),
            RecordKey::subscriber(9),
            RecordKey::subscriber(77),
        ];
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        gone,
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert!(store.records_of(shop, &[anna]).await.unwrap().is_empty());
        assert_eq!(store.records_of(shop, &[ben]).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn counts_say_where_contacts_and_records_stand() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let with = |name: &str, outcome, sare, refusal| Contact {
            outcome,
            sare,
            refusal,
            ..contact(store, shop, name)
        };
        let contacts = vec![
            with("a@b.pl", Outcome::Synchronised, seen(8), None),
            with("b@b.pl", Outcome::Synchronised, seen(6), None),
            with("c@b.pl", Outcome::Suppressed, seen(4), refused(4, false)),
            with("d@b.pl", Outcome::Suppressed, None, refused(0, false)),
        ];
        let hash = contacts[0].hash;
        let records = vec![
            record(1, hash),
            record(2, hash),
            Record {
                key: RecordKey::subscriber(1),
                ..record(1, hash)
            },
        ];
        let commit = Commit {
            contacts,
            records,
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let counts = store.counts(shop).await.unwrap();
        assert_eq!((counts.contacts, counts.mailable, counts.refused), (4, 1, 2));
        assert_eq!((counts.customers, counts.subscribers), (2, 1));
        assert_eq!(
            counts.by_outcome.into_iter().collect::<Vec<_>>(),
            [(1, 2), (2, 2)]
        );

        // An erased person's hash is no contact any more.
        assert!(
            store
                .erase_contact(shop, store.hash(shop, "c@b.pl"), NOON)
                .await
                .unwrap()
        );
        let commit = Commit {
            forget: vec![store.hash(shop, "b@b.pl")],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let counts = store.counts(shop).await.unwrap();
        assert_eq!((counts.contacts, counts.mailable, counts.refused), (2, 1, 1));
        assert_eq!(
            counts.by_outcome.into_iter().collect::<Vec<_>>(),
            [(1, 1), (2, 1)]
        );
    })
    .await;
}

fn line(hash: AddrHash, n: i64) -> HistoryEntry {
    HistoryEntry {
        hash,
        at: NOON,
        kind: HistoryKind::of(&format!("kind-{n}")),
        detail: (n % 2 == 0).then(|| format!("{{\"n\":{n}}}")),
    }
}

#[tokio::test]
async fn a_contacts_history_keeps_its_newest_fifty_lines_in_their_order() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let (anna, ben) = (
            store.hash(shop, "anna@example.com"),
            store.hash(shop, "ben@example.com"),
        );
        let commit = Commit {
            history: vec![line(ben, 1), line(ben, 2)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        // All within one millisecond, over several commits, one of which alone is longer than what is kept.
        for part in [0..3, 3..60, 60..61, 61..75] {
            let commit = Commit {
                history: part.map(|n| line(anna, n)).collect(),
                ..Commit::default()
            };
            assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        }
        let kept = store.history(shop, anna, 100).await.unwrap();
        assert_eq!(kept, (25..75).rev().map(|n| line(anna, n)).collect::<Vec<_>>());
        assert_eq!(
            store.history(shop, anna, 2).await.unwrap(),
            [line(anna, 74), line(anna, 73)]
        );
        assert_eq!(
            store.history(shop, ben, 100).await.unwrap(),
            [line(ben, 2), line(ben, 1)]
        );
    })
    .await;
}

#[tokio::test]
async fn a_contact_forgotten_leaves_neither_row_nor_history() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let anna = contact(store, shop, "anna@example.com");
        let hash = anna.hash;
        let commit = Commit {
            contacts: vec![anna],
            history: vec![line(hash, 1)],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(
            store
                .commit(
                    &taken,
                    NOON,
                    &Commit {
                        forget: vec![hash],
                        ..Commit::default()
                    }
                )
                .await
                .unwrap()
        );
        assert!(store.contact(shop, hash).await.unwrap().is_none());
        assert!(store.history(shop, hash, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn meters_add_up_by_day_and_name() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let day = NOON / 86_400_000;
        for (at, meters) in [
            (NOON, vec![("seen", 2), ("sent", 1), ("seen", 3)]),
            (NOON + 86_400_000, vec![("seen", 4)]),
        ] {
            assert!(
                store
                    .commit(
                        &taken,
                        at,
                        &Commit {
                            meters,
                            ..Commit::default()
                        }
                    )
                    .await
                    .unwrap()
            );
        }
        let sums: Vec<_> = store.meters(shop).await.unwrap().into_iter().collect();
        assert_eq!(sums, [("seen".to_owned(), 9), ("sent".to_owned(), 1)]);
        let days: Vec<_> = store
            .meters_by_day(shop, day)
            .await
            .unwrap()
            .into_iter()
            .collect();
        let seen = |day, n| ((day, "seen".to_owned()), n);
        assert_eq!(
            days,
            [seen(day, 5), ((day, "sent".to_owned()), 1), seen(day + 1, 4)]
        );
        assert_eq!(store.meters_by_day(shop, day + 1).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_commit_notes_the_shops_success_and_the_lanes_state() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let state = "{\"first_done\":true}".to_owned();
        let commit = Commit {
            success_at: Some(NOON + 3),
            lane_state: Some(state.clone()),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        assert!(store.commit(&taken, NOON, &Commit::default()).await.unwrap());
        assert_eq!(
            store.shop(shop).await.unwrap().unwrap().last_success_at,
            Some(NOON + 3)
        );
        assert_eq!(store.lane(shop).await.unwrap().unwrap().state, state);
    })
    .await;
}
