//! The way back: refusals made in SARE reach the shop by the poll alone, whatever their number and however statuses are read.

use simulators::faults::{Fault, FaultRule};

use crate::words::*;

/// The refusals there are (sare-api.md section 6).
const REFUSALS: [i64; 3] = [2, 3, 4];

#[tokio::test]
async fn every_refusal_is_found_however_statuses_are_read() {
    // The list of statuses; the records of many; the records one by one.
    for closed in [
        &[][..],
        &["/status_by_email_list/"],
        &["/status_by_email_list/", "/by_email_list/"],
    ] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                for path in closed {
                    s.sare
                        .faults()
                        .add(FaultRule::always(Fault::Status(404)).path(*path));
                }
                for refusal in REFUSALS {
                    s.shop.add_subscriber(format!("r{refusal}@example.com"), true);
                }
                s.shop.add_subscriber("stays@example.com", true);
            })
            .await;
            for refusal in REFUSALS {
                let email = format!("r{refusal}@example.com");
                assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "{closed:?} {email}");
                assert!(lab.shops[0].sare.operator_sets_status(&email, refusal));
            }
            lab.minutes(45).await;
            for refusal in REFUSALS {
                let email = format!("r{refusal}@example.com");
                let row = lab.shops[0].shop.subscriber_by_email(&email).unwrap();
                assert!(!row.active, "{closed:?}: {refusal} does not reach the shop");
                assert_eq!(lab.shops[0].status(&email), Some(refusal), "{closed:?}");
            }
            let stays = lab.shops[0]
                .shop
                .subscriber_by_email("stays@example.com")
                .unwrap();
            assert!(stays.active, "{closed:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_no_refusal_is_carried_nowhere() {
    each_database(async |mut lab| {
        let others = [5, 6, 7, 9];
        live_shop(&mut lab, CONFIG, |s| {
            for status in others {
                s.shop.add_subscriber(format!("s{status}@example.com"), true);
            }
        })
        .await;
        for status in others {
            let email = format!("s{status}@example.com");
            assert!(lab.shops[0].sare.operator_sets_status(&email, status));
        }
        lab.minutes(45).await;
        for status in others {
            let email = format!("s{status}@example.com");
            let row = lab.shops[0].shop.subscriber_by_email(&email).unwrap();
            assert!(row.active, "{status} is taken for a refusal");
            assert_eq!(
                lab.shops[0].status(&email),
                Some(status),
                "{status} is written over"
            );
        }
    })
    .await;
}
