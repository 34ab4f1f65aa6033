//! Lists in the order of changes, and contacts found by the beginning of their address or its domain.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Executor, Row};
use store::{Contact, ListOrder, ListPlace, Outcome, SearchKey, Store};
use sync_core::ShopId;

use crate::support::{Ledger, NOON, a_shop, commit_contacts, contact, each_database, lease};

async fn found(store: &Store, shop: ShopId, key: SearchKey<'_>) -> BTreeSet<String> {
    let (contacts, is_cut) = store.search_contacts(shop, key, 100).await.unwrap();
    assert!(!is_cut);
    contacts
        .into_iter()
        .filter_map(|contact| contact.address)
        .collect()
}

fn set(addresses: &[&str]) -> BTreeSet<String> {
    addresses.iter().map(|text| (*text).to_owned()).collect()
}

async fn filled(store: &Store, license: &str, addresses: &[&str]) -> ShopId {
    let shop = a_shop(store, license).await;
    let taken = lease(store, shop).await;
    let contacts = addresses.iter().map(|address| contact(store, shop, address));
    commit_contacts(store, &taken, contacts.collect()).await;
    shop
}

const PEOPLE: [&str; 5] = [
    "Anna.Nowak@example.com",
    "anna.zielona@example.com",
    "annabel@example.org",
    "jan@żółw.pl",
    "ab@example.com",
];

#[tokio::test]
async fn contacts_are_found_by_the_beginning_of_an_address_and_by_its_domain() {
    use SearchKey::{Beginning, Domain};
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = filled(store, "a", &PEOPLE).await;
        let stranger = filled(store, "b", &["anna@example.com"]).await;
        for (key, whom) in [
            (Beginning("ann"), set(&PEOPLE[..3])),
            (Beginning(" ANNA."), set(&PEOPLE[..2])),
            (Beginning("anna.n"), set(&PEOPLE[..1])),
            (Beginning("anna.nowak@ex"), set(&PEOPLE[..1])),
            (Beginning("an"), set(&[])),
            (Beginning("nobody"), set(&[])),
            (Beginning("ab@"), set(&PEOPLE[4..])),
            (Domain("Example.COM"), set(&[PEOPLE[0], PEOPLE[1], PEOPLE[4]])),
            (Domain("żółw.pl"), set(&PEOPLE[3..4])),
            (Domain("xn--w-uga1v8h.pl"), set(&PEOPLE[3..4])),
            (Domain("example"), set(&[])),
        ] {
            assert_eq!(found(store, shop, key).await, whom, "{key:?}");
        }
        assert_eq!(
            found(store, stranger, Domain("example.com")).await,
            set(&["anna@example.com"])
        );
        // More than may be looked at is said.
        let (some, is_cut) = store.search_contacts(shop, Beginning("ann"), 2).await.unwrap();
        assert!(some.len() <= 2 && is_cut);
    })
    .await;
}

/// The keyed hashes as they are kept.
async fn kept(ledger: &Ledger, shop: ShopId) -> Vec<(Option<i64>, Option<i64>)> {
    let raw = ledger.raw().await;
    let sql = format!(
        "SELECT beginning, domain FROM contacts WHERE shop_id = {} ORDER BY hash",
        shop.0
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&raw).await.unwrap();
    raw.close().await;
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn what_is_kept_for_the_search_joins_no_shops_and_goes_with_the_person() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let one = filled(store, "a", &["anna@example.com"]).await;
        let other = filled(store, "b", &["anna@example.com"]).await;
        let (in_one, in_other) = (kept(ledger, one).await[0], kept(ledger, other).await[0]);
        assert!(in_one.0.is_some() && in_one.1.is_some());
        assert!(in_one.0 != in_other.0 && in_one.1 != in_other.1 && in_one.0 != in_one.1);
        let hash = store.hash(one, "anna@example.com");
        assert!(store.erase_contact(one, hash, NOON).await.unwrap());
        assert_eq!(kept(ledger, one).await, [(None, None)]);
        assert!(found(store, one, SearchKey::Beginning("ann")).await.is_empty());
        assert!(
            store.is_searchable(one).await.unwrap(),
            "nothing is left to do for the erased"
        );
    })
    .await;
}

#[tokio::test]
async fn contacts_of_an_older_program_become_findable() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = filled(store, "a", &PEOPLE).await;
        let before = kept(ledger, shop).await;
        let raw = ledger.raw().await;
        raw.execute("UPDATE contacts SET beginning = NULL, domain = NULL")
            .await
            .unwrap();
        raw.close().await;
        assert!(!store.is_searchable(shop).await.unwrap());
        assert!(found(store, shop, SearchKey::Beginning("ann")).await.is_empty());
        assert_eq!(store.make_searchable(3).await.unwrap(), Some(3));
        assert_eq!(store.make_searchable(3).await.unwrap(), Some(2));
        assert_eq!(store.make_searchable(3).await.unwrap(), None);
        assert!(store.is_searchable(shop).await.unwrap());
        assert_eq!(kept(ledger, shop).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_list_is_read_in_the_order_of_changes_from_either_end() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        let taken = lease(store, shop).await;
        let of = |n: i64, outcome| Contact {
            outcome,
            // Several changes of one moment.
            updated_at: NOON + n / 3,
            ..contact(store, shop, &format!("{n}@example.com"))
        };
        let skipped = (0..20).map(|n| of(n, Outcome::Skipped));
        let others = (20..30).map(|n| of(n, Outcome::Synchronised));
        commit_contacts(store, &taken, skipped.chain(others).collect()).await;
        let mut read = Vec::new();
        for order in [ListOrder::Newest, ListOrder::Oldest] {
            let (mut all, mut behind) = (Vec::new(), None);
            loop {
                let part = store
                    .contacts_of_outcome(shop, Outcome::Skipped, order, behind, 7)
                    .await
                    .unwrap();
                let Some(last) = part.last() else { break };
                behind = Some(ListPlace::of(last));
                all.extend(part.iter().map(|contact| (contact.updated_at, contact.hash)));
            }
            assert_eq!(all.len(), 20);
            read.push(all);
        }
        assert!(read[1].is_sorted(), "{:?}", read[1]);
        read[0].reverse();
        assert_eq!(read[0], read[1]);
    })
    .await;
}
