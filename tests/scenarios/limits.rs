//! Requests are few: every service's limit is kept, and whatever is begun comes to its end.

use std::time::Duration;

use http::Method;
use shoper_sare::lab::LabShop;
use simulators::faults::{Fault, FaultRule};
use simulators::sare::RateLimit;
use simulators::shoper::Bucket;
use store::RunState;

use crate::words::*;

/// Answers by which either service told us that it was asked too much.
fn refusals(shop: &LabShop) -> (usize, usize) {
    let by_shop = shop.shop.request_log().iter().filter(|r| r.status == 429).count();
    let by_sare = shop.sare.request_log().iter().filter(|r| r.status == 429).count();
    (by_shop, by_sare)
}

#[tokio::test]
async fn a_turn_that_needs_more_requests_than_the_bucket_holds_comes_to_its_end_and_overruns_nothing() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.bucket = Some(Bucket {
            limit: 4.0,
            bandwidth: 2.0,
        });
        setup.sare.rate_limit = Some(RateLimit {
            per_second: 2.0,
            burst: 8,
        });
        let mut guests = Vec::new();
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            // Guests leave one record an order.
            guests = (0..8)
                .map(|_| s.shop.add_customer(customer("guest@example.com", false)))
                .collect();
            s.shop.add_subscriber("guest@example.com", true);
            for n in 0..20 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        // More single look-ups than the bucket holds, all of one contact.
        for id in guests.drain(..) {
            lab.shops[0].shop.delete_customer(id);
        }
        // Two contacts become one.
        let id = lab.shops[0].shop.customer_by_email("c1@example.com").unwrap().id;
        lab.shops[0]
            .shop
            .edit_customer(id, |c| c.email = "guest@example.com".into());
        for n in 2..12 {
            let id = lab.shops[0]
                .shop
                .customer_by_email(&format!("c{n}@example.com"))
                .unwrap()
                .id;
            lab.shops[0].shop.edit_customer(id, |c| c.newsletter = false);
        }
        lab.minutes(3).await;
        let counted = counts(&lab, 0).await;
        assert_eq!(counted.dirty, 0, "all of it was carried over");
        for n in 2..12 {
            let email = format!("c{n}@example.com");
            assert_eq!(lab.shops[0].status(&email), Some(REMOVAL_REQUESTED), "{email}");
        }
        assert_eq!(lab.shops[0].groups("guest@example.com"), [21, 22]);
        assert_eq!(refusals(&lab.shops[0]), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn an_account_that_lets_through_less_than_we_were_told_is_served_all_the_same() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.rate_limit = Some(RateLimit {
            per_second: 1.0,
            burst: 2,
        });
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            for n in 0..120 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        let id = lab.shops[0]
            .shop
            .subscriber_by_email("s7@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.set_subscriber_active(id, false);
        lab.minutes(2).await;
        assert_eq!(lab.shops[0].status("s7@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(lab.shops[0].sare.mailable().len(), 119);
    })
    .await;
}

#[tokio::test]
async fn many_live_changes_wait_for_no_large_synchronisation() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.bucket = Some(Bucket::default());
        let index = lab.add_shop(setup);
        simulators::data::populate(&lab.shops[0].shop, simulators::data::Size::of(2_000), 9);
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.pass(Duration::from_secs(10)).await;
        for n in 0..12 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("now{n}@example.com"), true);
        }
        lab.pass(Duration::from_secs(12)).await;
        assert!(
            !newest_run(&lab, 0).await.state.is_over(),
            "the synchronisation is under way"
        );
        for n in 0..12 {
            let email = format!("now{n}@example.com");
            assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "{email}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_record_at_which_the_shop_always_fails_keeps_no_other_waiting() {
    // Its difference from the shop's counts is left to another story.
    each_database_with(
        |settings| settings.counts_every = Duration::from_secs(86_400),
        async |mut lab| {
            let mut bad = 0;
            live_shop(&mut lab, CONFIG, |s| {
                bad = s.shop.add_subscriber("bad@example.com", true);
                for n in 0..5 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), true);
                }
            })
            .await;
            let shop = &lab.shops[0].shop;
            shop.set_faults([
                FaultRule::always(Fault::Status(500))
                    .method(Method::GET)
                    .path(format!("subscribers/{bad}")),
                // Many at once fail with it.
                FaultRule::always(Fault::Status(500))
                    .method(Method::GET)
                    .path("%22in%22"),
            ]);
            shop.set_subscriber_active(bad, false);
            lab.minutes(1).await;
            for n in 0..5 {
                let row = lab.shops[0]
                    .shop
                    .subscriber_by_email(&format!("s{n}@example.com"))
                    .unwrap();
                lab.shops[0].shop.set_subscriber_active(row.id, false);
            }
            lab.minutes(20).await;
            for n in 0..5 {
                let email = format!("s{n}@example.com");
                assert_eq!(lab.shops[0].status(&email), Some(REMOVAL_REQUESTED), "{email}");
            }
            assert_eq!(
                lab.shops[0].status("bad@example.com"),
                Some(CONFIRMED),
                "it still waits"
            );
            lab.shops[0].shop.faults().clear();
            lab.minutes(15).await;
            assert_eq!(lab.shops[0].status("bad@example.com"), Some(REMOVAL_REQUESTED));
        },
    )
    .await;
}

#[tokio::test]
async fn a_check_of_webhooks_that_cannot_be_made_keeps_no_worker_busy() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let shop = lab.shops[0].known(&lab.store).await.unwrap().id;
        lab.shops[0]
            .shop
            .set_faults([FaultRule::always(Fault::Status(503)).path("webhooks")]);
        // The check is due every few hours.
        lab.minutes(6 * 60).await;
        let before = lab.engine.claim_shop(shop).await.unwrap().unwrap();
        lab.store
            .release(&before, &before.state, lab.now(), lab.now())
            .await
            .unwrap();
        lab.minutes(60).await;
        let after = lab.engine.claim_shop(shop).await.unwrap().unwrap();
        assert!(
            after.fence - before.fence < 100,
            "{} slices in an hour",
            after.fence - before.fence
        );
        assert_eq!(newest_run(&lab, 0).await.state, RunState::Done);
    })
    .await;
}
