//! Consents of the shop that something speaks against, and records that do not say what they consent to.

use store::{
    AddrHash, Commit, Contact, ContactFilter, DirtyKey, DirtyMark, Priority, Reason, Record, Silent, Store,
};
use sync_core::consent::Doubt;
use sync_core::{RecordKey, RecordKind, ShopId};

use crate::support::{NOON, a_shop, contact, each_database, lease, record, refused, seen};

async fn listed(store: &Store, shop: ShopId) -> Vec<String> {
    let found = store
        .contacts_after(shop, None, 50, ContactFilter::Doubted)
        .await
        .unwrap();
    let mut names: Vec<String> = found.into_iter().filter_map(|c| c.address).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_doubt_is_kept_and_only_what_a_person_can_decide_is_listed() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let of = |name: &str, doubt| Contact {
            doubt,
            consent: Some(false),
            sare: seen(6),
            ..contact(store, shop, name)
        };
        let row = Some(Doubt::InactiveRow);
        let contacts = vec![
            of("row@b.pl", row),
            of("old@b.pl", Some(Doubt::OldAddress)),
            of("unsaid@b.pl", Some(Doubt::NotSaid)),
            of("none@b.pl", None),
            Contact {
                withdrawn: true,
                ..of("withdrawn@b.pl", row)
            },
            Contact {
                refusal: refused(4, false),
                ..of("refused@b.pl", row)
            },
            Contact {
                sare: seen(8),
                ..of("mailed@b.pl", row)
            },
            Contact {
                sare: seen(7),
                ..of("blocked@b.pl", row)
            },
            Contact {
                sare: None,
                ..of("skipped@b.pl", row)
            },
            of("says-no@b.pl", row),
        ];
        let records = contacts.iter().enumerate().map(|(at, contact)| Record {
            consent: Some(contact.address.as_deref() != Some("says-no@b.pl")),
            ..record(i64::try_from(at).unwrap() + 1, contact.hash)
        });
        let commit = Commit {
            records: records.collect(),
            contacts: contacts.clone(),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        for wanted in &contacts {
            let kept = store.contact(shop, wanted.hash).await.unwrap().unwrap();
            assert_eq!(kept.doubt, wanted.doubt);
        }
        assert_eq!(
            listed(store, shop).await,
            ["old@b.pl", "row@b.pl", "skipped@b.pl"]
        );
        assert_eq!(store.count_doubted(shop).await.unwrap(), 3);

        // A decision marks those that wait, and nobody else.
        store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();
        let hash = |name: &str| store.hash(shop, name);
        assert_eq!(store.decide_doubts(shop, Some(&[]), NOON).await.unwrap(), 0);
        let some = [hash("row@b.pl"), hash("refused@b.pl"), hash("none@b.pl")];
        assert_eq!(store.decide_doubts(shop, Some(&some), NOON).await.unwrap(), 1);
        let due = store.due_dirty(shop, NOON, Priority::Bulk, 10).await.unwrap();
        let marks: Vec<(DirtyKey, Reason, Priority)> =
            due.iter().map(|d| (d.key, d.reason, d.priority)).collect();
        assert_eq!(
            marks,
            [(DirtyKey::Address(some[0]), Reason::DecideDoubt, Priority::Live)]
        );
        assert_eq!(store.decide_doubts(shop, None, NOON).await.unwrap(), 3);

        // Nobody decides for another shop's people.
        let other = a_shop(store, "b").await;
        assert_eq!(store.decide_doubts(other, Some(&some), NOON).await.unwrap(), 0);
        assert_eq!(store.count_doubted(other).await.unwrap(), 0);

        assert!(store.erase_contact(shop, some[0], NOON).await.unwrap());
        assert_eq!(listed(store, shop).await, ["old@b.pl", "skipped@b.pl"]);
    })
    .await;
}

#[tokio::test]
async fn a_decision_outlasts_other_marks_and_gives_way_to_a_refusal() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let key = DirtyKey::Address(AddrHash([7; 16]));
        let mark = |reason| DirtyMark {
            key,
            due_at: NOON,
            priority: Priority::Live,
            reason,
            held_by: None,
        };
        let reason = async || {
            let due = store.due_dirty(shop, NOON, Priority::Bulk, 10).await.unwrap();
            due[0].reason
        };
        for (marked, left) in [
            (Reason::Poll, Reason::Poll),
            (Reason::DecideDoubt, Reason::DecideDoubt),
            (Reason::SareHook, Reason::DecideDoubt),
            (Reason::ApplyRefusal, Reason::ApplyRefusal),
            (Reason::DecideDoubt, Reason::ApplyRefusal),
        ] {
            store.mark_dirty(shop, &[mark(marked)], NOON).await.unwrap();
            assert_eq!(reason().await, left, "{marked:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_record_never_said_is_kept_apart_from_what_it_does_not_say_now() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let anna = contact(store, shop, "anna@b.pl");
        let of = |id, consent, silent| Record {
            consent,
            silent,
            ..record(id, anna.hash)
        };
        let records = vec![
            of(1, Some(true), false),
            of(2, Some(true), true),
            of(3, Some(false), true),
            of(4, None, true),
            Record {
                key: RecordKey::subscriber(9),
                ..of(9, Some(false), false)
            },
        ];
        let commit = Commit {
            contacts: vec![anna.clone()],
            records: records.clone(),
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let mut kept = store.records_of(shop, &[anna.hash]).await.unwrap();
        kept.sort_by_key(|record| record.key);
        let mut wanted = records.clone();
        wanted.sort_by_key(|record| record.key);
        assert_eq!(kept, wanted);
        let silent = async |kind| store.silent_records(shop, kind, 2).await.unwrap();
        let three = Silent {
            count: 3,
            examples: vec![2, 3],
        };
        assert_eq!(silent(RecordKind::Customer).await, three);
        assert_eq!(silent(RecordKind::Subscriber).await.count, 0);
        let counts = store.record_counts(shop, RecordKind::Customer).await.unwrap();
        assert_eq!(
            (counts.all, counts.consenting),
            (4, 2),
            "what was never said is no consent"
        );

        let again = Commit {
            records: vec![
                of(2, Some(true), false),
                of(3, Some(false), false),
                of(4, Some(true), false),
            ],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &again).await.unwrap());
        assert_eq!(silent(RecordKind::Customer).await.count, 0);
    })
    .await;
}
