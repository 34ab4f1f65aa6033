//! Trouble of the SARE account as a whole: told once and of nobody, what can go on goes on, and it is over by itself.

use shoper_sare::lab::Lab;
use simulators::faults::{Fault, FaultRule};
use simulators::sare::{AddressLimitAnswer, Prop, PropKind, Reject};
use store::Problem;
use sync_core::Cause;

use crate::words::*;

async fn problems(lab: &Lab) -> Vec<Problem> {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store.problems(known.id, 1000, 0).await.unwrap()
}

/// The only problem there is: of the account, with its detail.
async fn the_accounts(lab: &Lab, kind: &str) -> String {
    let problems = problems(lab).await;
    let [problem] = &problems[..] else {
        panic!("one problem: {problems:?}");
    };
    assert_eq!((problem.kind.word(), problem.hash), (kind, None));
    problem.detail.clone().unwrap_or_default()
}

async fn waiting(lab: &Lab) -> i64 {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store.count_waiting(known.id).await.unwrap()
}

async fn retry(lab: &Lab, key: &str) {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store
        .problem_retry(known.id, Some(key), lab.now())
        .await
        .unwrap();
}

const ANSWERS: [AddressLimitAnswer; 4] = [
    AddressLimitAnswer::Item,
    AddressLimitAnswer::WholeCall,
    AddressLimitAnswer::Payment,
    AddressLimitAnswer::Forbidden,
];

#[tokio::test]
async fn an_account_whose_limit_of_addresses_is_reached_is_one_trouble_and_updates_and_withdrawals_go_on() {
    for answer in ANSWERS {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.sare.address_limit = Some(20);
            setup.sare.address_limit_answer = answer;
            live_shop_with(&mut lab, setup, CONFIG, |s| {
                for n in 0..20 {
                    s.sare.put_contact(&format!("c{n}@example.com"), CONFIRMED, &[]);
                    s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                }
                for n in 0..30 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), true);
                }
            })
            .await;
            the_accounts(&lab, "sare-full").await;
            assert_eq!(waiting(&lab).await, 30, "{answer:?}");
            let counters = engine::Body::parse(&newest_run(&lab, 0).await.body).counters;
            assert_eq!(counters.waiting + counters.failed, 30, "{answer:?}");
            assert!(counters.failed < 3, "{answer:?}: {counters:?}");
            for n in 0..20 {
                let contact = lab.shops[0].sare.contact(&format!("c{n}@example.com")).unwrap();
                assert_eq!(contact.prop["prop1"], "Łódź", "{answer:?}");
            }

            let of = |email: &str| lab.shops[0].shop.customer_by_email(email).unwrap().id;
            lab.shops[0]
                .shop
                .set_address(of("c1@example.com"), address("Sopot", "600700801"));
            lab.shops[0]
                .shop
                .edit_customer(of("c2@example.com"), |c| c.newsletter = false);
            lab.shops[0].shop.add_subscriber("late@example.com", true);
            lab.minutes(3).await;
            let contact = lab.shops[0].sare.contact("c1@example.com").unwrap();
            assert_eq!(contact.prop["prop1"], "Sopot", "{answer:?}");
            assert_eq!(lab.shops[0].status("c2@example.com"), Some(REMOVAL_REQUESTED));
            assert_eq!(waiting(&lab).await, 31, "{answer:?}");

            let before = lab.shops[0].sare.requests();
            lab.minutes(60).await;
            let adds = lab.shops[0]
                .sare
                .request_log()
                .iter()
                .filter(|request| request.path.contains("email/add"))
                .count();
            assert!(
                adds > 0 && lab.shops[0].sare.requests() - before < 400,
                "{answer:?}"
            );
            the_accounts(&lab, "sare-full").await;

            // The merchant buys room.
            lab.shops[0].sare.change_settings(|s| s.address_limit = None);
            lab.minutes(45).await;
            assert_eq!(lab.shops[0].sare.len(), 51, "{answer:?}");
            assert!(problems(&lab).await.is_empty(), "{answer:?}");
            assert_eq!(waiting(&lab).await, 0);
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_waits_for_room_is_sent_at_once_when_the_merchant_says_that_there_is_some() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.address_limit = Some(5);
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            for n in 0..40 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        assert_eq!(lab.shops[0].sare.len(), 5);
        lab.minutes(100).await;
        retry(&lab, "shop:sare-full").await;
        lab.minutes(1).await;
        assert_eq!(lab.shops[0].sare.len(), 5, "there is none yet");
        the_accounts(&lab, "sare-full").await;
        lab.shops[0].sare.change_settings(|s| s.address_limit = None);
        retry(&lab, "shop:sare-full").await;
        lab.minutes(2).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 40);
        assert!(problems(&lab).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn two_odd_contacts_in_a_row_hold_up_the_others_for_minutes_and_are_then_named() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        lab.shops[0].sare.change_settings(|s| {
            let prop = |id: &str, most| Prop::new(id, id, PropKind::text(most));
            s.props = vec![prop("prop1", 3), prop("prop2", 50)];
            s.list_props_reject = Reject::Contact;
        });
        for n in 0..2 {
            lab.shops[0]
                .shop
                .add_customer(customer(&format!("odd{n}@example.com"), true));
            lab.minutes(2).await;
        }
        lab.shops[0].shop.add_subscriber("good@example.com", true);
        lab.minutes(30).await;
        assert_eq!(lab.shops[0].status("good@example.com"), Some(CONFIRMED));
        let kinds = problem_kinds(&lab, 0).await;
        assert_eq!(kinds, ["sare-refused", "sare-refused"]);
    })
    .await;
}

#[tokio::test]
async fn a_group_that_is_gone_from_sare_is_one_trouble_and_everything_but_its_new_contacts_goes_on() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..10 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        assert!(lab.shops[0].sare.operator_removes_group(21));
        for n in 10..15 {
            lab.shops[0]
                .shop
                .add_customer(customer(&format!("c{n}@example.com"), true));
        }
        lab.shops[0].shop.add_subscriber("row@example.com", true);
        let of = |email: &str| lab.shops[0].shop.customer_by_email(email).unwrap().id;
        lab.shops[0]
            .shop
            .set_address(of("c1@example.com"), address("Sopot", "600700801"));
        lab.shops[0]
            .shop
            .edit_customer(of("c2@example.com"), |c| c.newsletter = false);
        lab.minutes(10).await;
        assert_eq!(the_accounts(&lab, "sare-group-gone").await, "21");
        assert_eq!(lab.shops[0].groups("row@example.com"), [22]);
        let contact = lab.shops[0].sare.contact("c1@example.com").unwrap();
        assert_eq!(contact.prop["prop1"], "Sopot");
        assert_eq!(lab.shops[0].status("c2@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(waiting(&lab).await, 5);
        a_day(&lab).await;
        assert_eq!(the_accounts(&lab, "sare-group-gone").await, "21");
        assert_eq!(waiting(&lab).await, 5);

        lab.shops[0]
            .sare
            .change_settings(|s| s.groups.push((21, "Klienci".to_owned())));
        lab.minutes(30).await;
        lab.settle().await;
        assert!(problems(&lab).await.is_empty());
        for n in (0..15).filter(|n| *n != 2) {
            let email = format!("c{n}@example.com");
            assert_eq!(lab.shops[0].groups(&email), [21], "{email}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_group_that_vanishes_without_a_word_is_told_by_the_next_sweep() {
    each_database_over_days(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.unknown_group_reject = Reject::Value;
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        lab.shops[0].sare.operator_removes_group(22);
        a_day(&lab).await;
        assert_eq!(the_accounts(&lab, "sare-group-gone").await, "22");
    })
    .await;
}

#[tokio::test]
async fn a_property_that_is_gone_from_sare_is_one_trouble_and_contacts_are_sent_without_it() {
    let config = CONFIG.replace(
        "prop1 = \"address.city\"",
        "\"custom.city\" = \"address.city\"\n\"custom.since\" = \"date_add\"",
    );
    let prop = |name: &str| Prop::new(name, name, PropKind::text(100));
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.props = vec![prop("since")];
        setup.sare.unknown_prop_reject = Reject::Contact;
        live_shop_with(&mut lab, setup, &config, |s| {
            for n in 0..30 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 30);
        assert_eq!(the_accounts(&lab, "sare-property-gone").await, "city");
        lab.shops[0].sare.change_settings(|s| s.props.push(prop("city")));
        lab.minutes(30).await;
        lab.settle().await;
        assert!(problems(&lab).await.is_empty());
        for n in 0..30 {
            let contact = lab.shops[0].sare.contact(&format!("c{n}@example.com")).unwrap();
            assert_eq!(contact.prop_cust["city"], "Łódź");
            assert!(contact.prop_cust.contains_key("since"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_paid_for_is_asked_at_once_when_somebody_says_so() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("anna@example.com", true);
        })
        .await;
        let sare = lab.shops[0].sare.clone();
        sare.faults().add(FaultRule::always(Fault::Status(402)));
        let row = lab.shops[0].shop.subscriber_by_email("anna@example.com").unwrap();
        lab.shops[0].shop.set_subscriber_active(row.id, false);
        lab.minutes(2).await;
        the_accounts(&lab, "sare-payment").await;
        sare.faults().clear();
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert!(lab.engine.ask_again(known.id).await.unwrap());
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("anna@example.com"), Some(REMOVAL_REQUESTED));
        assert!(problems(&lab).await.is_empty());
        assert!(
            !lab.engine.ask_again(known.id).await.unwrap(),
            "nothing refuses any more"
        );
    })
    .await;
}

#[tokio::test]
async fn an_account_that_asks_for_payment_whatever_it_is_asked_is_told_as_one_and_goes_on_afterwards() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        for n in 0..50 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("s{n}@example.com"), true);
        }
        lab.shops[0]
            .sare
            .faults()
            .add(FaultRule::always(Fault::Status(402)));
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.minutes(180).await;
        the_accounts(&lab, "sare-payment").await;
        let body = engine::Body::parse(&newest_run(&lab, 0).await.body);
        assert_eq!(body.waiting_for, Some(Cause::SarePayment));
        assert_eq!(body.eta_seconds, None, "nobody knows when it is paid");
        assert!(lab.shops[0].sare.requests() < 40);
        lab.shops[0].sare.faults().clear();
        lab.minutes(20).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 50);
        assert!(problems(&lab).await.is_empty());
    })
    .await;
}
