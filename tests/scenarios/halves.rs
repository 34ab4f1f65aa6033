//! Shops that synchronise customers alone or subscribers alone, and what a run says of what it has done.

use store::{Outcome, RunKind};

use crate::words::*;

const SUBSCRIBERS_ALONE: &str = r#"
[customers]
enabled = false
group = 21
[customers.mapping]
name = "{firstname} {lastname}"

[subscribers]
enabled = true
group = 22
[subscribers.mapping]
prop2 = "language"
"#;

const CUSTOMERS_ALONE: &str = r#"
[customers]
enabled = true
group = 21
consent = "flag-or-subscriber"
[customers.mapping]
name = "{firstname} {lastname}"

[subscribers]
enabled = false
group = 22
"#;

#[tokio::test]
async fn customers_that_were_never_read_are_no_new_opt_ins() {
    each_database(async |mut lab| {
        live_shop(&mut lab, SUBSCRIBERS_ALONE, |s| {
            for n in 0..5 {
                let email = format!("c{n}@example.com");
                s.shop.add_customer(customer(&email, true));
                s.shop.add_subscriber(email.as_str(), false);
                s.sare.put_contact(&email, UNCONFIRMED, &[]);
            }
        })
        .await;
        let stay = |lab: &shoper_sare::lab::Lab, when: &str| {
            for n in 0..5 {
                let email = format!("c{n}@example.com");
                assert_eq!(lab.shops[0].status(&email), Some(UNCONFIRMED), "{email} {when}");
            }
            let log = lab.shops[0].sare.status_log();
            let raised = |email: &str| {
                log.iter()
                    .any(|change| change.email == email && change.to == CONFIRMED)
            };
            assert!(!(0..5).any(|n| raised(&format!("c{n}@example.com"))), "{when}");
        };
        lab.minutes(30).await;
        stay(&lab, "after the look for new records");
        for n in 0..5 {
            let row = lab.shops[0]
                .shop
                .customer_by_email(&format!("c{n}@example.com"))
                .unwrap();
            lab.shops[0]
                .shop
                .edit_customer(row.id, |c| c.firstname = "Ewa".into());
        }
        lab.minutes(30).await;
        stay(&lab, "after a change of each");
        lab.configure(0, CONFIG).await.unwrap();
        lab.settle().await;
        lab.minutes(60).await;
        stay(&lab, "once customers are switched on");
        // Who comes from then on is new.
        lab.shops[0].shop.add_customer(customer("new@example.com", true));
        lab.minutes(10).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn subscribers_who_are_customers_are_counted_as_such_where_subscribers_are_off() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        for n in 0..30 {
            let email = format!("both{n}@example.com");
            lab.shops[0].shop.add_customer(customer(&email, false));
            lab.shops[0].shop.add_subscriber(email.as_str(), true);
        }
        for n in 0..20 {
            lab.shops[0]
                .shop
                .add_customer(customer(&format!("c{n}@example.com"), n % 2 == 0));
            lab.shops[0]
                .shop
                .add_subscriber(format!("s{n}@example.com"), true);
        }
        lab.install(index).await.unwrap();
        lab.minutes(1).await;
        let shop = lab.shops[0].known(&lab.store).await.unwrap().id;
        lab.store
            .hold_first_run(shop, Some(lab.now() + 86_400_000), lab.now())
            .await
            .unwrap();
        lab.configure(index, CUSTOMERS_ALONE).await.unwrap();
        let dry = run(&lab, 0, RunKind::DryRun).await;
        let said = engine::Body::parse(&dry.body).statement;
        assert_eq!(
            (said.mailable, said.added, said.skipped),
            (40, 50, 20),
            "{said:?}"
        );
        lab.store.hold_first_run(shop, None, lab.now()).await.unwrap();
        lab.settle().await;
        let first = newest_run(&lab, 0).await;
        assert_eq!(first.kind, RunKind::First);
        let counted = engine::Body::parse(&first.body).outcome(first.kind);
        assert_eq!((counted.added, counted.skipped), (50, 20), "{counted:?}");
        assert_eq!(lab.shops[0].sare.mailable().len(), 40);
    })
    .await;
}

#[tokio::test]
async fn a_forced_run_tells_what_it_has_done_and_whom_it_found_blocked() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..10 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        let shop = &lab.shops[0];
        for n in 0..3 {
            assert!(
                shop.sare
                    .operator_writes(&format!("c{n}@example.com"), "name", "Ktoś")
            );
        }
        assert!(shop.sare.operator_sets_status("c9@example.com", BLOCKED));
        let forced = run(&lab, 0, RunKind::Forced).await;
        let body = engine::Body::parse(&forced.body);
        let outcome = body.outcome(forced.kind);
        assert_eq!((outcome.updated, outcome.unchanged), (3, 6), "{body:?}");
        assert_eq!(body.statement.overwritten, 3);
        lab.minutes(5).await;
        assert_eq!(count_of(&lab, 0, Outcome::HandsOff).await, 1);
        assert_eq!(lab.shops[0].status("c9@example.com"), Some(BLOCKED));
    })
    .await;
}
