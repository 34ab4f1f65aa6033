//! What is missing from an answer is not gone.

use shoper_sare::lab::Lab;
use simulators::faults::{Fault, FaultRule};

use crate::words::*;

/// A shop of two people, both known and in SARE.
async fn two_people(lab: &mut Lab) {
    live_shop(lab, CONFIG, |s| {
        s.shop.add_customer(customer("buyer@example.com", true));
        s.shop.add_subscriber("reader@example.com", true);
    })
    .await;
}

/// Both are as they were: mailed, in their groups, and known to the ledger by their records.
async fn assert_untouched(lab: &Lab, when: &str) {
    let shop = &lab.shops[0];
    for (email, group) in [("buyer@example.com", 21), ("reader@example.com", 22)] {
        assert_eq!(shop.status(email), Some(CONFIRMED), "{email} {when}");
        assert!(shop.groups(email).contains(&group), "{email} {when}");
    }
    let known = shop.known(&lab.store).await.unwrap();
    for &kind in sync_core::RecordKind::ALL {
        let counts = lab.store.record_counts(known.id, kind).await.unwrap();
        assert_eq!(counts.all, 1, "{kind:?} {when}");
    }
}

#[tokio::test]
async fn a_record_that_a_list_leaves_out_is_not_gone() {
    each_database_over_days(async |mut lab| {
        two_people(&mut lab).await;
        let shop = &lab.shops[0];
        for list in ["users?", "subscribers?"] {
            shop.shop
                .faults()
                .add(FaultRule::always(Fault::WithoutRows).path(list));
        }
        // Several at once are read by their ids from a list, which tells nothing of them.
        let row = shop.shop.subscriber_by_email("reader@example.com").unwrap();
        shop.shop.set_subscriber_active(row.id, true);
        let buyer = shop.shop.customer_by_email("buyer@example.com").unwrap();
        shop.shop.set_address(buyer.id, address("Sopot", "600700801"));
        for n in 0..4 {
            shop.shop
                .add_customer(customer(&format!("new{n}@example.com"), true));
            shop.shop.add_subscriber(format!("row{n}@example.com"), true);
        }
        a_moment(&lab).await;
        lab.minutes(30).await;
        assert_untouched_people(&lab).await;
        a_day(&lab).await;
        assert_untouched_people(&lab).await;
        run(&lab, 0, store::RunKind::Forced).await;
        assert_untouched_people(&lab).await;
        // The lists work again, and somebody is gone indeed.
        let shop = &lab.shops[0];
        shop.shop.faults().clear();
        shop.shop.delete_subscriber(row.id);
        a_moment(&lab).await;
        assert!(lab.shops[0].groups("reader@example.com").is_empty());
        assert_eq!(lab.shops[0].status("buyer@example.com"), Some(CONFIRMED));
    })
    .await;
}

/// The two known people keep status and groups, whoever came beside them.
async fn assert_untouched_people(lab: &Lab) {
    let shop = &lab.shops[0];
    for (email, group) in [("buyer@example.com", 21), ("reader@example.com", 22)] {
        assert_eq!(shop.status(email), Some(CONFIRMED), "{email}");
        assert!(shop.groups(email).contains(&group), "{email}");
    }
}

#[tokio::test]
async fn a_sweep_over_empty_lists_takes_nobody_away() {
    each_database_over_days(async |mut lab| {
        two_people(&mut lab).await;
        for list in ["users?", "subscribers?"] {
            let rule = FaultRule::always(Fault::WithoutRows).path(list);
            lab.shops[0].shop.faults().add(rule);
        }
        a_day(&lab).await;
        run(&lab, 0, store::RunKind::Forced).await;
        assert_untouched(&lab, "after sweeps over empty lists").await;
        lab.shops[0].shop.faults().clear();
        a_day(&lab).await;
        assert_untouched(&lab, "after the lists came back").await;
    })
    .await;
}
