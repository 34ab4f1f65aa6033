//! What is known of a contact moves with it to another key of its address.

use store::{Commit, Contact, DirtyKey, HistoryEntry, Priority, Reason};
use sync_core::HistoryKind;

use crate::support::{LEASE, NOON, a_shop, each_database, lease, record, refused};

#[tokio::test]
async fn a_contact_takes_its_records_history_and_refusal_to_another_key() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "l1").await;
        let ours = lease(store, shop).await;
        let (old, new) = (
            store.hash(shop, "\u{feff}jan@example.com"),
            store.hash(shop, "jan@example.com"),
        );
        let known = Contact {
            refusal: refused(4, false),
            ..Contact::new(old, "\u{feff}jan@example.com".to_owned(), NOON)
        };
        let line = HistoryEntry {
            hash: old,
            at: NOON,
            kind: HistoryKind::RefusedInSare,
            detail: None,
        };
        let commit = Commit {
            contacts: vec![known.clone()],
            records: vec![record(1, old)],
            history: vec![line],
            ..Commit::default()
        };
        assert!(store.commit(&ours, NOON, &commit).await.unwrap());
        let moved = Contact { hash: new, ..known };
        assert!(store.rehash(&ours, old, &moved, NOON + 1).await.unwrap());
        assert!(store.contact(shop, old).await.unwrap().is_none());
        let found = store.contact(shop, new).await.unwrap().unwrap();
        assert_eq!(
            (found.refusal, found.address),
            (refused(4, false), moved.address.clone())
        );
        assert_eq!(store.records_of(shop, &[new]).await.unwrap().len(), 1);
        assert_eq!(store.history(shop, new, 9).await.unwrap().len(), 1);
        let counts = store.counts(shop).await.unwrap();
        assert_eq!((counts.contacts, counts.refused), (1, 1));
        let due = store.due_dirty(shop, NOON + 1, Priority::Bulk, 9).await.unwrap();
        assert!(
            due.iter()
                .any(|d| d.key == DirtyKey::Address(new) && d.reason == Reason::Verify)
        );

        let later = NOON + LEASE + 10;
        assert!(store.claim_shop(shop, later, LEASE).await.unwrap().is_some());
        assert!(
            !store.rehash(&ours, new, &moved, later).await.unwrap(),
            "the lane is another's by now"
        );
    })
    .await;
}
