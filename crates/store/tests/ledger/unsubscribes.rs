//! The list of unsubscribes follows what commits say, in both directions.

use store::{Commit, Contact, Direction, HistoryEntry, Lease, Outcome, Reason, Refused, Store, Unsubscribe};
use sync_core::consent::{Intent, RefusalOrigin, Status};
use sync_core::{Ended, HistoryKind, ShopId, Told};

use crate::support::{NOON, a_shop, contact, each_database, lease, refused, seen};

const MINUTE: i64 = 60_000;

/// One shop at work.
struct Shop<'a> {
    store: &'a Store,
    id: ShopId,
    lease: Lease,
}

impl Shop<'_> {
    /// Commits a contact with a line of history of the kind and status, `minutes` after noon.
    async fn commit(&self, contact: &Contact, kind: Option<(&str, i64)>, minutes: i64) {
        let at = NOON + minutes * MINUTE;
        let history = kind.map(|(kind, status)| HistoryEntry {
            hash: contact.hash,
            at,
            kind: HistoryKind::of(kind),
            detail: Some(format!("{{\"status\":{status},\"by\":\"webhook\"}}")),
        });
        let commit = Commit {
            contacts: vec![contact.clone()],
            history: history.into_iter().collect(),
            ..Commit::default()
        };
        assert!(self.store.commit(&self.lease, at, &commit).await.unwrap());
    }

    async fn list(&self, direction: Direction) -> Vec<Unsubscribe> {
        self.store
            .unsubscribes(self.id, direction, None, 0, 100)
            .await
            .unwrap()
    }

    /// What the only entry of a direction says of the other side.
    async fn told(&self, direction: Direction) -> (Option<&'static str>, Option<i64>) {
        let list = self.list(direction).await;
        assert_eq!(list.len(), 1, "{list:?}");
        let one = &list[0];
        (
            one.told.map(Told::word),
            one.told_at.map(|at| (at - NOON) / MINUTE),
        )
    }
}

async fn each(test: impl AsyncFn(Shop<'_>, Contact)) {
    each_database(async |ledger| {
        let store = &ledger.store;
        let id = a_shop(store, "a").await;
        let anna = Contact {
            outcome: Outcome::Synchronised,
            sare: seen(8),
            consent: Some(true),
            ..contact(store, id, "anna@example.com")
        };
        let shop = Shop {
            store,
            id,
            lease: lease(store, id).await,
        };
        test(shop, anna).await;
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_in_the_shop_is_open_until_sare_was_told() {
    each(async |shop, anna| {
        let withdrawn = Contact {
            withdrawn: true,
            consent: Some(false),
            ..anna.clone()
        };
        shop.commit(&withdrawn, Some(("withdrawn-in-shop", 8)), 0).await;
        let list = shop.list(Direction::ToSare).await;
        assert_eq!(list.len(), 1);
        assert_eq!(
            (list[0].at, list[0].cause.word(), list[0].found_by, list[0].status),
            (
                NOON,
                "withdrawn-in-shop",
                Some(Reason::Webhook),
                Some(Status::Confirmed)
            )
        );
        assert_eq!((list[0].told.map(Told::word), list[0].told_at), (None, None));
        // SARE was away; the contact is written again in the meantime and is mailable still.
        shop.commit(&withdrawn, None, 3).await;
        assert_eq!(shop.told(Direction::ToSare).await, (None, None));
        let done = Contact {
            sare: seen(4),
            refusal: refused(4, true),
            outcome: Outcome::Suppressed,
            ..withdrawn
        };
        shop.commit(&done, Some(("unsubscribed-in-sare", 4)), 7).await;
        assert_eq!(shop.told(Direction::ToSare).await, (Some("told"), Some(7)));
        assert!(shop.list(Direction::ToShop).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_sare_does_not_mail_needs_no_telling_there() {
    each(async |shop, anna| {
        let gone = Contact {
            withdrawn: true,
            sare: seen(0),
            ..anna.clone()
        };
        shop.commit(&gone, Some(("withdrawn-in-shop", 0)), 0).await;
        assert_eq!(shop.told(Direction::ToSare).await, (Some("nothing"), Some(0)));
    })
    .await;
    each(async |shop, anna| {
        let unconfirmed = Contact {
            withdrawn: true,
            sare: seen(6),
            ..anna
        };
        shop.commit(&unconfirmed, Some(("withdrawn-in-shop", 6)), 0).await;
        assert_eq!(
            shop.told(Direction::ToSare).await,
            (None, None),
            "a lowering may follow"
        );
        shop.commit(&unconfirmed, None, 1).await;
        assert_eq!(shop.told(Direction::ToSare).await, (Some("nothing"), Some(1)));
        shop.commit(&unconfirmed, Some(("unsubscribed-in-sare", 4)), 2)
            .await;
        assert_eq!(shop.told(Direction::ToSare).await, (Some("told"), Some(2)));
    })
    .await;
}

#[tokio::test]
async fn a_lowering_under_way_is_not_over() {
    each(async |shop, anna| {
        let under_way = Contact {
            withdrawn: true,
            sare: seen(6),
            intent: Some(Intent {
                lowering_to: Some(Status::RemovalRequested),
                ..Intent::default()
            }),
            ..anna
        };
        shop.commit(&under_way, Some(("withdrawn-in-shop", 6)), 0).await;
        shop.commit(&under_way, None, 1).await;
        assert_eq!(shop.told(Direction::ToSare).await, (None, None));
    })
    .await;
}

#[tokio::test]
async fn a_refusal_in_sare_is_open_until_the_shop_was_told_as_far_as_it_can_be() {
    for (consents, kind, told) in [
        (true, Some(("switched-off-in-shop", 4)), "told"),
        (true, None, "kept"),
        (false, None, "nothing"),
    ] {
        each(async |shop, anna| {
            let known = Contact {
                refusal: refused(4, false),
                sare: seen(4),
                consent: Some(consents),
                ..anna
            };
            shop.commit(&known, Some(("refused-in-sare", 4)), 0).await;
            assert_eq!(shop.told(Direction::ToShop).await, (None, None));
            let applied = Contact {
                refusal: refused(4, true),
                outcome: Outcome::Suppressed,
                ..known
            };
            shop.commit(&applied, kind, 2).await;
            assert_eq!(shop.told(Direction::ToShop).await, (Some(told), Some(2)));
        })
        .await;
    }
}

#[tokio::test]
async fn an_old_refusal_is_listed_once_a_person_applies_it_or_a_new_consent_meets_it() {
    each(async |shop, anna| {
        let refused = Contact {
            refusal: refused(4, true),
            ..anna.clone()
        };
        shop.commit(&refused, Some(("already-refused", 4)), 0).await;
        assert!(
            shop.list(Direction::ToShop).await.is_empty(),
            "nobody unsubscribed just now"
        );
        shop.commit(&refused, Some(("switched-off-in-shop", 4)), 5).await;
        let list = shop.list(Direction::ToShop).await;
        assert_eq!(
            (list[0].cause.word(), list[0].told.map(Told::word)),
            ("applied", Some("told"))
        );
    })
    .await;
    each(async |shop, anna| {
        let refused = Contact {
            refusal: refused(3, false),
            ..anna.clone()
        };
        shop.commit(&refused, Some(("opted-in-in-shop", 3)), 0).await;
        let list = shop.list(Direction::ToShop).await;
        assert_eq!(
            (list[0].cause.word(), list[0].ended.map(Ended::word)),
            ("already-refused", Some("opted-in"))
        );
        shop.commit(&anna, Some(("asked-again", 6)), 1).await;
        let list = shop.list(Direction::ToShop).await;
        assert_eq!(
            (list.len(), list[0].ended.map(Ended::word), list[0].ended_at),
            (1, Some("asked-again"), Some(NOON + MINUTE))
        );
    })
    .await;
}

#[tokio::test]
async fn an_opt_in_of_somebody_who_never_refused_is_no_unsubscribe() {
    each(async |shop, anna| {
        shop.commit(&anna, Some(("opted-in-in-shop", 6)), 0).await;
        shop.commit(&anna, Some(("confirmed-in-sare", 8)), 1).await;
        shop.commit(&anna, Some(("added", 8)), 2).await;
        assert!(shop.list(Direction::ToShop).await.is_empty());
        assert!(shop.list(Direction::ToSare).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn how_a_conflict_ended_is_told_by_the_newest_entry() {
    for (kind, status, ended) in [
        ("asked-again", 6, "asked-again"),
        ("confirmed-in-sare", 8, "reactivated"),
        ("added", 8, "reactivated"),
        ("added", 6, "asked-again"),
        ("resubscribed-in-sare", 8, "resubscribed"),
        ("updated", 8, "opted-in"),
    ] {
        each(async |shop, anna| {
            for (minute, kind) in [
                (0, "withdrawn-in-shop"),
                (1, "unsubscribed-in-sare"),
                (2, "refused-in-sare"),
            ] {
                shop.commit(&anna, Some((kind, 8)), minute).await;
            }
            shop.commit(&anna, Some(("opted-in-in-shop", 4)), 3).await;
            shop.commit(&anna, Some((kind, status)), 4).await;
            assert_eq!(shop.list(Direction::ToSare).await[0].ended, None, "{kind}");
            assert_eq!(
                shop.list(Direction::ToShop).await[0].ended.map(Ended::word),
                Some(ended),
                "{kind}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_refusal_that_follows_a_person_is_over_when_the_new_address_refuses() {
    each(async |shop, anna| {
        let new = Contact {
            refusal: refused(4, false).map(|refused| Refused {
                origin: RefusalOrigin::Followed,
                ..refused
            }),
            outcome: Outcome::Unknown,
            sare: None,
            ..anna
        };
        shop.commit(&new, Some(("refusal-followed", 0)), 0).await;
        assert_eq!(shop.told(Direction::ToSare).await, (None, None));
        shop.commit(&new, Some(("added", 4)), 1).await;
        assert_eq!(shop.told(Direction::ToSare).await, (Some("told"), Some(1)));
    })
    .await;
}

#[tokio::test]
async fn the_list_goes_page_by_page_and_no_further_back_than_asked() {
    each(async |shop, anna| {
        for minute in 0..5 {
            shop.commit(&anna, Some(("vanished-from-sare", 0)), minute).await;
        }
        let page = async |before, since| {
            let list = shop
                .store
                .unsubscribes(shop.id, Direction::ToShop, before, since, 2);
            list.await.unwrap()
        };
        let first = page(None, 0).await;
        assert_eq!([first[0].at, first[1].at], [NOON + 4 * MINUTE, NOON + 3 * MINUTE]);
        let second = page(Some(first[1].seq), 0).await;
        assert_eq!([second[0].at, second[1].at], [NOON + 2 * MINUTE, NOON + MINUTE]);
        assert_eq!(page(Some(second[1].seq), NOON + 1).await.len(), 0);
        let count = shop
            .store
            .count_unsubscribes(shop.id, Direction::ToShop, NOON + 2 * MINUTE);
        assert_eq!(count.await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn entries_go_with_the_contact() {
    each(async |shop, anna| {
        shop.commit(&anna, Some(("refused-in-sare", 4)), 0).await;
        let commit = Commit {
            forget: vec![anna.hash],
            ..Commit::default()
        };
        assert!(shop.store.commit(&shop.lease, NOON, &commit).await.unwrap());
        assert!(shop.list(Direction::ToShop).await.is_empty());
        shop.commit(&anna, Some(("refused-in-sare", 4)), 1).await;
        assert_eq!(shop.list(Direction::ToShop).await.len(), 1);
        let erased = shop.store.erase_contact(shop.id, anna.hash, NOON);
        assert!(erased.await.unwrap());
        assert!(shop.list(Direction::ToShop).await.is_empty());
    })
    .await;
}
