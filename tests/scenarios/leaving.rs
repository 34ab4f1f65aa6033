//! Whoever withdraws in the shop leaves the merchant's groups too, where that is set, whatever fails on the way.

use std::time::Duration;

use simulators::faults::{Fault, FaultRule};
use simulators::network::Halt;
use sync_core::HistoryKind;

use crate::words::*;

/// [`CONFIG`], and who withdraws leaves the groups.
fn leaving(to_sare: &str) -> String {
    format!("{CONFIG}\n[unsubscribe]\nto_sare = \"{to_sare}\"\nleave_group = true\n")
}

#[tokio::test]
async fn leaving_the_group_after_a_withdrawal_is_made_up_for_when_sare_failed_at_that_very_call() {
    for fault in [Fault::Status(503), Fault::Status(404), Fault::CutBefore] {
        for (to_sare, status) in [
            ("removal-requested", REMOVAL_REQUESTED),
            ("unconfirmed", UNCONFIRMED),
        ] {
            each_database_over_days(async |mut lab| {
                live_shop(&mut lab, &leaving(to_sare), |s| {
                    for n in 0..3 {
                        s.shop.add_subscriber(format!("s{n}@example.com"), true);
                    }
                })
                .await;
                let rule = FaultRule::always(fault.clone()).path("group/remove_emails");
                lab.shops[0].sare.faults().add(rule);
                let what = format!("{fault:?} {to_sare}");
                for n in 0..3 {
                    let row = lab.shops[0]
                        .shop
                        .subscriber_by_email(&format!("s{n}@example.com"))
                        .unwrap();
                    lab.shops[0].shop.set_subscriber_active(row.id, false);
                }
                lab.minutes(5).await;
                for n in 0..3 {
                    let email = format!("s{n}@example.com");
                    assert_eq!(lab.shops[0].status(&email), Some(status), "{what} {email}");
                    assert_eq!(lab.shops[0].groups(&email), [22], "{what} {email}");
                }
                lab.restart().await.unwrap();
                lab.shops[0].sare.faults().clear();
                lab.minutes(40).await;
                for n in 0..3 {
                    let email = format!("s{n}@example.com");
                    assert_eq!(lab.shops[0].groups(&email), [0; 0], "{what} {email}");
                }
                assert!(problem_kinds(&lab, 0).await.is_empty(), "{what}");
                a_day(&lab).await;
                assert_eq!(
                    lab.shops[0].groups("s0@example.com"),
                    [0; 0],
                    "no sweep puts it back"
                );
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_crash_between_unsubscribing_and_leaving_the_group_leaves_nobody_in_it() {
    each_database(async |mut lab| {
        live_shop(&mut lab, &leaving("removal-requested"), |s| {
            for n in 0..10 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        for n in 0..10_u64 {
            let email = format!("s{n}@example.com");
            let row = lab.shops[0].shop.subscriber_by_email(&email).unwrap();
            lab.shops[0].shop.set_subscriber_active(row.id, false);
            lab.network.deliver(lab.now()).await;
            lab.network.halt_after(n, Halt::Interrupted);
            lab.pass(Duration::from_secs(3)).await;
            lab.restart().await.unwrap();
            lab.minutes(15).await;
            assert_eq!(
                lab.shops[0].status(&email),
                Some(REMOVAL_REQUESTED),
                "request {n}"
            );
            assert_eq!(lab.shops[0].groups(&email), [0; 0], "request {n}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_refused_is_not_deleted_from_sare_with_their_record_and_the_shop_is_said_to_know_nothing() {
    each_database(async |mut lab| {
        let config = format!("{CONFIG}\n[deleted]\naction = \"delete\"\n");
        live_shop(&mut lab, &config, |s| {
            for email in ["refused@example.com", "withdrew@example.com", "gone@example.com"] {
                s.shop.add_customer(customer(email, true));
            }
        })
        .await;
        let shop = &lab.shops[0];
        let of = |email: &str| shop.shop.customer_by_email(email).unwrap().id;
        assert!(
            shop.sare
                .operator_sets_status("refused@example.com", REMOVAL_REQUESTED)
        );
        shop.shop
            .edit_customer(of("withdrew@example.com"), |c| c.newsletter = false);
        lab.minutes(2).await;
        for email in ["refused@example.com", "withdrew@example.com", "gone@example.com"] {
            shop.shop.delete_customer(of(email));
        }
        lab.minutes(30).await;
        for email in ["refused@example.com", "withdrew@example.com"] {
            assert_eq!(shop.status(email), Some(REMOVAL_REQUESTED), "{email}");
            assert_eq!(shop.groups(email), [0; 0], "{email}");
        }
        assert_eq!(shop.status("gone@example.com"), None);
        // Nothing was switched off: the refusing customer had no subscription.
        let known = shop.known(&lab.store).await.unwrap().id;
        let lines = lab.store.latest_history(known, 100).await.unwrap();
        assert!(
            lines
                .iter()
                .all(|line| line.kind != HistoryKind::SwitchedOffInShop),
            "{lines:?}"
        );
    })
    .await;
}
