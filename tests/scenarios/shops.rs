//! Many shops on one server.

use std::time::Duration;

use simulators::faults::{Fault, FaultRule};
use simulators::shoper::Bucket;

use crate::words::*;

#[tokio::test]
async fn two_shops_with_the_same_people_never_mix() {
    each_database(async |mut lab| {
        for _ in 0..2 {
            live_shop(&mut lab, CONFIG, |s| {
                s.shop.add_subscriber("same@example.com", true);
                s.shop.add_customer(customer("both@example.com", true));
            })
            .await;
        }
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("same@example.com"));
        let id = lab.shops[0]
            .shop
            .customer_by_email("both@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.delete_customer(id);
        lab.minutes(30).await;
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("same@example.com")
                .unwrap()
                .active
        );
        assert!(
            lab.shops[1]
                .shop
                .subscriber_by_email("same@example.com")
                .unwrap()
                .active
        );
        assert_eq!(lab.shops[1].status("same@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[1].groups("both@example.com"), [21]);
        assert!(lab.shops[0].groups("both@example.com").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_fails_or_is_slow_keeps_no_other_from_its_turn() {
    each_database(async |mut lab| {
        for _ in 0..3 {
            live_shop(&mut lab, CONFIG, |s| {
                s.shop.add_subscriber("first@example.com", true);
            })
            .await;
        }
        lab.shops[0]
            .sare
            .faults()
            .add(FaultRule::always(Fault::Status(500)));
        lab.shops[1]
            .shop
            .set_faults([FaultRule::always(Fault::CutBefore)]);
        for index in 0..3 {
            for n in 0..60 {
                lab.shops[index]
                    .shop
                    .add_subscriber(format!("n{n}@example.com"), true);
            }
        }
        lab.minutes(2).await;
        assert_eq!(lab.shops[2].sare.mailable().len(), 61);
    })
    .await;
}

#[tokio::test]
async fn a_shop_under_its_request_limit_is_never_asked_too_much() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.bucket = Some(Bucket {
            limit: 10.0,
            bandwidth: 2.0,
        });
        let index = lab.add_shop(setup);
        simulators::data::populate(&lab.shops[0].shop, simulators::data::Size::of(600), 4);
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        let began = lab.now();
        while !newest_run_is_over(&lab).await {
            lab.pass(Duration::from_secs(1)).await;
        }
        let refused = lab.shops[0]
            .shop
            .request_log()
            .iter()
            .filter(|r| r.status == 429)
            .count();
        assert_eq!(refused, 0);
        let asked = lab.shops[0].shop.request_count();
        let seconds = (lab.now() - began) / 1000;
        // The bucket alone lets ten through at once and two a second after that.
        let least = (i64::try_from(asked).unwrap() - 10).max(1) / 2;
        assert!(
            seconds <= least * 13 / 10 + 10,
            "{seconds} s for {asked} requests, {least} s by the limit alone"
        );
    })
    .await;
}

async fn newest_run_is_over(lab: &shoper_sare::lab::Lab) -> bool {
    let shop = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store
        .runs(shop.id, 1)
        .await
        .unwrap()
        .first()
        .is_some_and(|run| run.state.is_over())
}

#[tokio::test]
async fn two_processes_share_the_lanes_and_never_work_on_one_shop_at_once() {
    each_database(async |mut lab| {
        for _ in 0..4 {
            let index = lab.add_shop(ShopSetup::default());
            simulators::data::populate(&lab.shops[index].shop, simulators::data::Size::of(100), 2);
            lab.install(index).await.unwrap();
            lab.configure(index, CONFIG).await.unwrap();
        }
        let other = lab.second_engine().await.unwrap();
        for _ in 0..400 {
            let (a, b) = lab
                .drive(async { tokio::join!(lab.engine.work_next_lane(), other.work_next_lane()) })
                .await;
            if !(a.unwrap() | b.unwrap()) {
                lab.clock.advance_to(
                    lab.store
                        .next_due(lab.now())
                        .await
                        .unwrap()
                        .unwrap_or(0)
                        .min(lab.now() + 60_000),
                );
            }
        }
        lab.settle().await;
        for index in 0..4 {
            assert_eq!(newest_run(&lab, index).await.state, store::RunState::Done);
            let contacts = counts(&lab, index).await.contacts;
            assert_eq!(i64::try_from(lab.shops[index].sare.len()).unwrap(), contacts);
        }
    })
    .await;
}
