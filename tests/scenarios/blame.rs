//! SARE that fails at whatever holds one odd contact, and SARE that fails at a call for everybody.

use std::time::Duration;
use sync_core::ProblemKind;

use shoper_sare::lab::{Lab, LabShop};
use simulators::faults::{Fault, FaultRule};
use store::{Problem, RunKind, RunState};

use crate::words::*;

/// A name at which PHP may well fall over.
const GIFT: &str = "\u{1f381}";
const ODD: &str = "odd@example.com";

fn fails_at(shop: &LabShop, fault: Fault, call: &str, text: &str) {
    shop.sare
        .faults()
        .add(FaultRule::always(fault).path(call).body(text));
}

async fn problems(lab: &Lab) -> Vec<Problem> {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    lab.store.problems(known.id, 1000, 0).await.unwrap()
}

/// The address that the only problem names.
async fn the_one_named(lab: &Lab, kind: &str) -> String {
    let problems = problems(lab).await;
    let [problem] = &problems[..] else {
        panic!("one problem: {problems:?}");
    };
    assert_eq!(problem.kind.word(), kind);
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    let contact = lab
        .store
        .contact(known.id, problem.hash.expect("it names a contact"))
        .await
        .unwrap()
        .unwrap();
    contact.address.unwrap()
}

#[tokio::test]
async fn one_name_at_which_sare_fails_every_time_costs_that_contact_alone() {
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Html,
        Fault::CutBefore,
    ] {
        each_database_over_days(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                fails_at(s, fault.clone(), "email/add", GIFT);
                for n in 0..119 {
                    s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                }
                s.shop
                    .add_customer(customer(ODD, true).name(format!("Anna {GIFT}"), "Kot"));
            })
            .await;
            assert_eq!(lab.shops[0].sare.mailable().len(), 119, "{fault:?}");
            let counters = engine::Body::parse(&newest_run(&lab, 0).await.body).counters;
            assert_eq!((counters.added, counters.failed), (119, 1), "{fault:?}");
            lab.minutes(5).await;
            assert_eq!(the_one_named(&lab, "sare-fails").await, ODD, "{fault:?}");

            // Later changes of others pass it by, and it is sent when its name is mended.
            let of = |email: &str| lab.shops[0].shop.customer_by_email(email).unwrap().id;
            for n in 0..20 {
                let city = address("Sopot", "600700801");
                lab.shops[0]
                    .shop
                    .set_address(of(&format!("c{n}@example.com")), city);
            }
            lab.minutes(5).await;
            for n in 0..20 {
                let contact = lab.shops[0].sare.contact(&format!("c{n}@example.com")).unwrap();
                assert_eq!(contact.prop["prop1"], "Sopot", "{fault:?} c{n}");
            }
            lab.shops[0]
                .shop
                .edit_customer(of(ODD), |c| c.firstname = "Anna".into());
            lab.minutes(5).await;
            assert_eq!(lab.shops[0].status(ODD), Some(CONFIRMED), "{fault:?}");
            assert!(problems(&lab).await.is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn many_odd_names_among_others_hold_up_no_synchronisation() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            fails_at(s, Fault::Status(500), "email/add", GIFT);
            for n in 0..60 {
                let first = if n % 3 == 0 {
                    format!("Ewa {GIFT}")
                } else {
                    "Ewa".to_owned()
                };
                let email = format!("c{n}@example.com");
                s.shop.add_customer(customer(&email, true).name(first, "Kot"));
            }
        })
        .await;
        lab.minutes(120).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 40);
        let named = problems(&lab).await;
        let named = named
            .iter()
            .filter(|p| p.kind == ProblemKind::SareFails && p.hash.is_some());
        assert_eq!(named.count(), 20);
    })
    .await;
}

#[tokio::test]
async fn an_address_at_which_the_list_of_statuses_fails_is_read_by_itself_or_told() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..60 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
            s.shop.add_subscriber(ODD, true);
        })
        .await;
        fails_at(&lab.shops[0], Fault::Status(500), "status_by_email_list", ODD);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe(ODD));
        lab.minutes(20).await;
        let active = |email: &str| lab.shops[0].shop.subscriber_by_email(email).unwrap().active;
        assert!(!active("s8@example.com") && !active(ODD));
        assert!(problems(&lab).await.is_empty());

        // Nothing tells its status any more, and it changes in the shop.
        let rule = FaultRule::always(Fault::Status(502)).path(ODD);
        lab.shops[0].sare.faults().add(rule);
        let id = lab.shops[0].shop.subscriber_by_email(ODD).unwrap().id;
        lab.shops[0].shop.set_subscriber_active(id, true);
        let other = lab.shops[0].shop.subscriber_by_email("s9@example.com").unwrap();
        lab.shops[0].shop.set_subscriber_active(other.id, false);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s10@example.com"));
        lab.minutes(20).await;
        assert_eq!(lab.shops[0].status("s9@example.com"), Some(REMOVAL_REQUESTED));
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("s10@example.com")
                .unwrap()
                .active
        );
        assert_eq!(the_one_named(&lab, "sare-fails").await, ODD);
        assert_eq!(
            lab.shops[0].status(ODD),
            Some(REMOVAL_REQUESTED),
            "what cannot be read is not raised"
        );
    })
    .await;
}

#[tokio::test]
async fn one_address_at_which_changes_of_status_and_of_groups_fail_keeps_no_other_from_leaving() {
    let config = format!("{CONFIG}\n[unsubscribe]\nleave_group = true\n");
    for call in ["email/add", "group/remove_emails"] {
        each_database_over_days(async |mut lab| {
            live_shop(&mut lab, &config, |s| {
                for n in 0..9 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), true);
                }
                s.shop.add_subscriber(ODD, true);
            })
            .await;
            fails_at(&lab.shops[0], Fault::Status(500), call, ODD);
            let rows: Vec<_> = lab.shops[0].shop.subscribers().map(|row| row.id).collect();
            for id in rows {
                lab.shops[0].shop.set_subscriber_active(id, false);
            }
            lab.minutes(10).await;
            for n in 0..9 {
                let email = format!("s{n}@example.com");
                assert_eq!(lab.shops[0].status(&email), Some(REMOVAL_REQUESTED), "{call}");
                assert!(lab.shops[0].groups(&email).is_empty(), "{call}: {email}");
            }
            lab.shops[0].sare.faults().clear();
            lab.pass(Duration::from_secs(25 * 3600)).await;
            assert_eq!(lab.shops[0].status(ODD), Some(REMOVAL_REQUESTED), "{call}");
            assert!(lab.shops[0].groups(ODD).is_empty(), "{call}");
            assert!(problems(&lab).await.is_empty(), "{call}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_sare_that_is_away_as_a_whole_is_nobodys_fault_and_is_not_asked_in_pieces() {
    for fault in [Fault::Status(500), Fault::Html, Fault::CutBefore] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, |_| {}).await;
            lab.shops[0].sare.faults().add(FaultRule::always(fault.clone()));
            for n in 0..60 {
                lab.shops[0]
                    .shop
                    .add_subscriber(format!("n{n}@example.com"), true);
            }
            let before = lab.shops[0].sare.requests();
            lab.minutes(60).await;
            let asked = lab.shops[0].sare.requests() - before;
            assert!(asked < 120, "{fault:?}: {asked} requests in an hour");
            assert!(
                problems(&lab).await.iter().all(|problem| problem.hash.is_none()),
                "{fault:?}"
            );
            lab.shops[0].sare.faults().clear();
            lab.minutes(15).await;
            assert_eq!(lab.shops[0].sare.mailable().len(), 60, "{fault:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_call_that_fails_for_everybody_is_one_trouble_and_refusals_reach_the_shop_meanwhile() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_subscriber("gone@example.com", true);
        })
        .await;
        fails_at(&lab.shops[0], Fault::Status(500), "email/add", "");
        for n in 0..60 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("n{n}@example.com"), true);
        }
        let row = lab.shops[0].shop.subscriber_by_email("gone@example.com").unwrap();
        lab.shops[0].shop.set_subscriber_active(row.id, false);
        lab.minutes(5).await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("row@example.com"));
        let before = lab.shops[0].sare.requests();
        for _ in 0..6 {
            lab.minutes(10).await;
            // Nothing that was counted is only in memory.
            lab.restart().await.unwrap();
        }
        let asked = lab.shops[0].sare.requests() - before;
        assert!(asked < 400, "{asked} requests in an hour");
        let row = lab.shops[0].shop.subscriber_by_email("row@example.com").unwrap();
        assert!(!row.active, "the refusal has come to the shop");
        let problems = problems(&lab).await;
        assert!(
            problems
                .iter()
                .any(|problem| problem.kind == ProblemKind::SareCallFails)
        );
        let blamed = problems.iter().filter(|problem| problem.hash.is_some()).count();
        assert!(blamed <= 3, "{problems:?}");
        lab.shops[0].sare.faults().clear();
        lab.minutes(60).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 60);
        assert_eq!(lab.shops[0].status("gone@example.com"), Some(REMOVAL_REQUESTED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_first_synchronisation_stops_where_it_is_while_a_call_fails_for_everybody() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        for n in 0..150 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("n{n}@example.com"), true);
        }
        fails_at(&lab.shops[0], Fault::Status(502), "email/add", "");
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.minutes(60).await;
        assert!(!newest_run(&lab, 0).await.state.is_over());
        lab.shops[0].sare.faults().clear();
        lab.minutes(60).await;
        let run = newest_run(&lab, 0).await;
        assert_eq!((run.kind, run.state), (RunKind::First, RunState::Done));
        assert_eq!(lab.shops[0].sare.mailable().len(), 150);
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}
