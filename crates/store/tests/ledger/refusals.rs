//! Refusals made in SARE of people who consent in the shop.

use store::{
    AddrHash, Commit, Contact, ContactFilter, DirtyDone, DirtyKey, DirtyMark, Priority, Reason, Record, Store,
};
use sync_core::{RecordKey, ShopId};

use crate::support::{NOON, a_shop, contact, each_database, lease, record, refused};

/// Anna refuses and is a subscriber, Ben refuses and is a customer, Celina consents on both sides.
async fn three(store: &Store, shop: ShopId) -> [AddrHash; 3] {
    let taken = lease(store, shop).await;
    let of = |name: &str, refusal| Contact {
        refusal,
        consent: Some(true),
        ..contact(store, shop, name)
    };
    let contacts = vec![
        of("anna@b.pl", refused(4, true)),
        of("ben@b.pl", refused(3, true)),
        of("celina@b.pl", None),
    ];
    let hashes = [contacts[0].hash, contacts[1].hash, contacts[2].hash];
    let subscriber = |id, hash| Record {
        key: RecordKey::subscriber(id),
        ..record(id, hash)
    };
    let commit = Commit {
        contacts,
        records: vec![
            subscriber(1, hashes[0]),
            record(2, hashes[1]),
            subscriber(3, hashes[2]),
        ],
        ..Commit::default()
    };
    assert!(store.commit(&taken, NOON, &commit).await.unwrap());
    store.release(&taken, "{}", NOON + 1_000_000, NOON).await.unwrap();
    hashes
}

#[tokio::test]
async fn those_who_refuse_in_sare_and_consent_in_the_shop_are_listed_and_counted() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let [anna, ben, _] = three(store, shop).await;
        let listed = store
            .contacts_after(shop, None, 10, ContactFilter::Disputed)
            .await
            .unwrap();
        let mut listed: Vec<AddrHash> = listed.iter().map(|c| c.hash).collect();
        listed.sort_unstable();
        let mut wanted = vec![anna, ben];
        wanted.sort_unstable();
        assert_eq!(listed, wanted);
        assert_eq!(store.count_disputed(shop).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn applying_marks_subscribers_alone_and_wakes_the_lane() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let [anna, ben, celina] = three(store, shop).await;
        assert_eq!(
            store
                .apply_refusals(shop, Some(&[ben, celina]), NOON)
                .await
                .unwrap(),
            0
        );
        assert_eq!(store.apply_refusals(shop, Some(&[]), NOON).await.unwrap(), 0);
        assert_eq!(store.apply_refusals(shop, None, NOON).await.unwrap(), 1);
        let due = store.due_dirty(shop, NOON, Priority::Bulk, 10).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(
            (due[0].key, due[0].reason, due[0].priority),
            (DirtyKey::Address(anna), Reason::ApplyRefusal, Priority::Bulk)
        );
        assert_eq!(
            store
                .apply_refusals(shop, Some(&[anna, celina]), NOON)
                .await
                .unwrap(),
            1
        );
        let due = store.due_dirty(shop, NOON, Priority::Live, 10).await.unwrap();
        assert_eq!(due.len(), 1, "one that was asked for is waited for");
        assert_eq!(store.lane(shop).await.unwrap().unwrap().wake_at, Some(NOON));
    })
    .await;
}

#[tokio::test]
async fn the_wish_to_apply_outlives_other_marks_and_work_that_did_not_know_of_it() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let [anna, ..] = three(store, shop).await;
        let poll = DirtyMark {
            key: DirtyKey::Address(anna),
            due_at: NOON,
            priority: Priority::Poll,
            reason: Reason::Poll,
            held_by: None,
        };
        store.mark_dirty(shop, &[poll], NOON).await.unwrap();
        let before = store.due_dirty(shop, NOON, Priority::Bulk, 10).await.unwrap();
        store.apply_refusals(shop, Some(&[anna]), NOON).await.unwrap();
        store.mark_dirty(shop, &[poll], NOON).await.unwrap();
        let done = DirtyDone::Done {
            key: before[0].key,
            version: before[0].version,
        };
        let taken = lease(store, shop).await;
        let commit = Commit {
            done: vec![done],
            ..Commit::default()
        };
        assert!(store.commit(&taken, NOON, &commit).await.unwrap());
        let due = store.due_dirty(shop, NOON, Priority::Live, 10).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].reason, Reason::ApplyRefusal);
    })
    .await;
}
