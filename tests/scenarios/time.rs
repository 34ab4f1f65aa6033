//! A machine whose clock is wrong for a while, among services whose clocks are right.

use std::time::Duration;

use simulators::faults::{Fault, FaultRule};
use simulators::shoper::WebhookFaults;

use crate::words::*;

const HOUR: i64 = 3_600_000;

/// A shop that was served for hours, with webhooks that are all lost from then on.
async fn a_quiet_shop(lab: &mut shoper_sare::lab::Lab) {
    live_shop(lab, CONFIG, |s| {
        for n in 0..5 {
            s.shop.add_subscriber(format!("s{n}@example.com"), true);
            s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
        }
    })
    .await;
    lab.minutes(90).await;
}

fn lose_webhooks(lab: &shoper_sare::lab::Lab) {
    lab.shops[0].shop.set_webhook_faults(WebhookFaults {
        drop: 1.0,
        ..WebhookFaults::default()
    });
}

#[tokio::test]
async fn a_clock_that_jumps_for_a_minute_and_back_stops_neither_look_nor_poll_nor_sweep() {
    for jump in [48 * HOUR, 3 * HOUR, -48 * HOUR] {
        each_database_over_days(async |mut lab| {
            a_quiet_shop(&mut lab).await;
            lab.program_clock.put_ahead(jump);
            lab.pass(Duration::from_secs(75)).await;
            lab.program_clock.put_ahead(0);
            lose_webhooks(&lab);

            let shop = &lab.shops[0];
            shop.shop.add_subscriber("new@example.com", true);
            shop.sare.recipient_clicks_unsubscribe("s0@example.com");
            lab.minutes(12).await;
            assert_eq!(
                lab.shops[0].status("new@example.com"),
                Some(CONFIRMED),
                "the look, {jump}"
            );
            lab.minutes(25).await;
            let row = lab.shops[0].shop.subscriber_by_email("s0@example.com").unwrap();
            assert!(!row.active, "the poll, {jump}");

            // Of one who comes and one who goes the counts say nothing: the sweep alone finds them.
            let shop = &lab.shops[0];
            let id = |email: &str| shop.shop.subscriber_by_email(email).unwrap().id;
            shop.shop.set_subscriber_active(id("s1@example.com"), false);
            shop.shop.set_subscriber_active(id("s0@example.com"), true);
            lab.minutes(24 * 60 + 30).await;
            assert_eq!(
                lab.shops[0].status("s1@example.com"),
                Some(REMOVAL_REQUESTED),
                "the sweep, {jump}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn what_waits_for_another_try_while_the_clock_is_wrong_does_not_wait_for_days() {
    for jump in [48 * HOUR, 3 * HOUR] {
        each_database(async |mut lab| {
            a_quiet_shop(&mut lab).await;
            lab.program_clock.put_ahead(jump);
            let shop = &lab.shops[0];
            shop.sare.faults().add(FaultRule::always(Fault::Status(503)));
            let row = shop.shop.subscriber_by_email("s0@example.com").unwrap();
            shop.shop.set_subscriber_active(row.id, false);
            lab.pass(Duration::from_secs(75)).await;
            lab.program_clock.put_ahead(0);
            // The hook that comes while the clock is right again is no help to the first.
            lose_webhooks(&lab);
            lab.shops[0].sare.faults().clear();
            lab.minutes(11).await;
            assert_eq!(
                lab.shops[0].status("s0@example.com"),
                Some(REMOVAL_REQUESTED),
                "{jump}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_worker_that_dies_while_its_clock_is_wrong_holds_its_shop_up_for_no_days() {
    each_database(async |mut lab| {
        a_quiet_shop(&mut lab).await;
        lab.program_clock.put_ahead(48 * HOUR);
        let shop = lab.shops[0].known(&lab.store).await.unwrap();
        let lease = lab.engine.claim_shop(shop.id).await.unwrap();
        assert!(lease.is_some(), "it dies with this in its hands");
        lab.program_clock.put_ahead(0);
        lab.restart().await.unwrap();
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        lab.pass(Duration::from_secs(15)).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}
