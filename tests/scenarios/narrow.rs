//! Services that let through hardly anything at a time: every try gets further than the one before.

use simulators::sare::RateLimit;
use simulators::shoper::Bucket;

use crate::words::*;

/// The account lets through a single request, and the next one after this many seconds.
fn one_at_a_time(seconds: f64) -> ShopSetup {
    let mut setup = ShopSetup::default();
    setup.sare.rate_limit = Some(RateLimit {
        per_second: 1.0 / seconds,
        burst: 1,
    });
    setup
}

#[tokio::test]
async fn an_account_that_lets_through_one_request_at_a_time_gets_everything() {
    for (seconds, on_new_opt_in, raised) in [
        (1.0, "ask-again", UNCONFIRMED),
        (1.0, "reactivate", CONFIRMED),
        (5.0, "reactivate", CONFIRMED),
    ] {
        each_database(async |mut lab| {
            let config =
                format!("{CONFIG}\n[unsubscribe]\non_new_opt_in = \"{on_new_opt_in}\"\nleave_group = true\n");
            live_shop_with(&mut lab, one_at_a_time(seconds), &config, |s| {
                for n in 0..120 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), n != 119);
                }
                s.shop.add_customer(customer("moves@example.com", true));
            })
            .await;
            let what = format!("{seconds} s, {on_new_opt_in}");
            let shop = &lab.shops[0];
            assert_eq!(shop.sare.mailable().len(), 120, "{what}");
            let row = |email: &str| shop.shop.subscriber_by_email(email).unwrap();
            for n in 0..8 {
                shop.shop
                    .set_subscriber_active(row(&format!("s{n}@example.com")).id, false);
            }
            shop.shop.add_subscriber("new@example.com", true);
            shop.shop.delete_subscriber(row("s20@example.com").id);
            assert!(shop.sare.recipient_clicks_unsubscribe("s30@example.com"));
            let id = shop.shop.customer_by_email("moves@example.com").unwrap().id;
            shop.shop
                .edit_customer(id, |c| c.email = "moved@example.com".into());
            lab.minutes(30).await;
            for n in 0..8 {
                let email = format!("s{n}@example.com");
                assert_eq!(shop.status(&email), Some(REMOVAL_REQUESTED), "{what} {email}");
                assert_eq!(shop.groups(&email), [0; 0], "{what} {email}");
            }
            assert_eq!(shop.status("new@example.com"), Some(CONFIRMED), "{what}");
            assert_eq!(shop.groups("s20@example.com"), [0; 0], "{what}");
            assert!(!row("s30@example.com").active, "{what}");
            assert_eq!(shop.groups("moves@example.com"), [0; 0], "{what}");
            assert_eq!(shop.status("moved@example.com"), Some(CONFIRMED), "{what}");
            // They think better of it: what raises a status asks first.
            for email in ["s0@example.com", "s119@example.com"] {
                shop.shop.set_subscriber_active(row(email).id, true);
            }
            lab.minutes(30).await;
            assert_eq!(shop.status("s0@example.com"), Some(raised), "{what}");
            assert_eq!(shop.status("s119@example.com"), Some(CONFIRMED), "{what}");
            assert_eq!(shop.groups("s0@example.com"), [22], "{what}");
            assert_eq!(counts(&lab, 0).await.dirty, 0, "{what}");
            assert!(problem_kinds(&lab, 0).await.is_empty(), "{what}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_bucket_smaller_than_what_one_contact_takes_keeps_no_contact_waiting() {
    for limit in [4.0, 3.0, 2.0] {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.bucket = Some(Bucket {
                limit,
                bandwidth: 1.0,
            });
            live_shop_with(&mut lab, setup, CONFIG, |s| {
                for email in ["guest@example.com", "other@example.com"] {
                    s.shop.add_customer(customer(email, true));
                    s.shop.add_customer(customer(email, true));
                    s.shop.add_subscriber(email, true);
                }
                for n in 0..10 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), true);
                }
            })
            .await;
            let shop = &lab.shops[0];
            assert!(shop.sare.recipient_clicks_unsubscribe("guest@example.com"));
            let row = shop.shop.customer_by_email("other@example.com").unwrap();
            for customer in shop.shop.customers().filter(|c| &*c.email == "other@example.com") {
                shop.shop.set_address(customer.id, address("Sopot", "600700801"));
            }
            lab.minutes(30).await;
            let guest = shop.shop.subscriber_by_email("guest@example.com").unwrap();
            assert!(!guest.active, "bucket of {limit}: the refusal reaches the shop");
            let prop = &shop.sare.contact("other@example.com").unwrap().prop;
            assert_eq!(prop["prop1"], "Sopot", "bucket of {limit}");
            // Consent withdrawn in one of three records counts.
            shop.shop.edit_customer(row.id, |c| c.newsletter = false);
            lab.minutes(30).await;
            assert_eq!(
                shop.status("other@example.com"),
                Some(REMOVAL_REQUESTED),
                "bucket of {limit}"
            );
            assert_eq!(counts(&lab, 0).await.dirty, 0, "bucket of {limit}");
        })
        .await;
    }
}
