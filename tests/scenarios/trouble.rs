//! Crashes, outages and services that behave badly.

use std::time::Duration;

use http::Method;
use simulators::faults::{Fault, FaultRule};
use simulators::network::Halt;
use simulators::sare::{Prop, PropKind};
use simulators::shoper::NewCustomer;
use store::RunState;

use crate::words::*;

#[tokio::test]
async fn a_crash_at_any_request_ends_in_the_same_state_as_no_crash() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..6 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
                s.shop
                    .add_customer(customer(&format!("c{n}@example.com"), n % 2 == 0));
            }
        })
        .await;
        for round in 0..24_u64 {
            let shop = &lab.shops[0];
            let row = shop
                .shop
                .subscriber_by_email(&format!("s{}@example.com", round % 5))
                .unwrap();
            shop.shop.set_subscriber_active(row.id, !row.active);
            let id = shop
                .shop
                .customer_by_email(&format!("c{}@example.com", round % 6))
                .unwrap()
                .id;
            shop.shop
                .set_address(id, address(&format!("Miasto {round}"), "600700800"));
            lab.network.deliver(lab.now()).await;
            lab.network.halt_after(round % 12, Halt::Interrupted);
            lab.pass(Duration::from_secs(3)).await;
            lab.restart().await.unwrap();
            lab.minutes(15).await;
            lab.settle().await;
            let shop = &lab.shops[0];
            let city = &shop
                .sare
                .contact(&format!("c{}@example.com", round % 6))
                .unwrap()
                .prop["prop1"];
            assert_eq!(city, &format!("Miasto {round}"), "round {round}");
            let row = shop
                .shop
                .subscriber_by_email(&format!("s{}@example.com", round % 5))
                .unwrap();
            if !row.active {
                assert_ne!(shop.status(&row.email), Some(CONFIRMED), "round {round}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_slice_that_is_dropped_half_way_loses_nothing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        for limit in 0..10 {
            let row = lab.shops[0].shop.subscriber_by_email("row@example.com").unwrap();
            let customer_email = format!("new{limit}@example.com");
            lab.shops[0].shop.add_customer(customer(&customer_email, true));
            lab.network.deliver(lab.now()).await;
            // The process hangs in the middle of a request and is killed there: the future is dropped.
            lab.network.halt_after(limit, Halt::Never);
            let _ =
                tokio::time::timeout(Duration::from_millis(50), lab.drive(lab.engine.work_next_lane())).await;
            lab.restart().await.unwrap();
            lab.minutes(10).await;
            assert_eq!(
                lab.shops[0].status(&customer_email),
                Some(CONFIRMED),
                "killed at request {limit}"
            );
            assert!(row.active);
        }
    })
    .await;
}

#[tokio::test]
async fn when_sare_is_down_everything_waits_and_nothing_is_lost() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        lab.shops[0]
            .sare
            .faults()
            .add(FaultRule::always(Fault::Status(503)));
        for n in 0..30 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("n{n}@example.com"), true);
        }
        let id = lab.shops[0]
            .shop
            .subscriber_by_email("row@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.set_subscriber_active(id, false);
        lab.minutes(30).await;
        assert!(counts(&lab, 0).await.dirty >= 31, "they wait");
        lab.shops[0].sare.faults().clear();
        lab.minutes(15).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 30);
        assert_eq!(lab.shops[0].status("row@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(counts(&lab, 0).await.dirty, 0);
    })
    .await;
}

#[tokio::test]
async fn a_write_whose_answer_was_cut_off_is_not_done_twice_in_effect() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        for n in 0..50 {
            lab.shops[0]
                .shop
                .add_subscriber(format!("s{n}@example.com"), n % 2 == 0);
        }
        let mut rule = FaultRule::always(Fault::CutAfter).method(Method::POST);
        rule.remaining = Some(6);
        lab.shops[0].sare.faults().add(rule);
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.settle().await;
        assert_eq!(newest_run(&lab, 0).await.state, RunState::Done);
        assert_eq!(lab.shops[0].sare.len(), 50);
        assert_eq!(lab.shops[0].sare.mailable().len(), 25);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_takes_only_bare_lists_of_addresses_is_synchronised_all_the_same() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.lookup = simulators::sare::LookupForm::Plain;
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.sare.put_contact("s7@example.com", REMOVAL_REQUESTED, &[]);
            for n in 0..30 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 29);
        assert_eq!(lab.shops[0].status("s7@example.com"), Some(REMOVAL_REQUESTED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
        lab.minutes(30).await;
        let row = lab.shops[0].shop.subscriber_by_email("s8@example.com").unwrap();
        assert!(!row.active, "the poll asks in the same form");
    })
    .await;
}

#[tokio::test]
async fn leaving_a_group_is_made_up_for_when_sare_failed_at_that_very_call() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("shared@example.com", true));
            s.shop.add_subscriber("shared@example.com", true);
        })
        .await;
        assert_eq!(lab.shops[0].groups("shared@example.com"), [21, 22]);
        let rule = FaultRule::always(Fault::Status(503))
            .path("group/remove_emails")
            .times(1);
        lab.shops[0].sare.faults().add(rule);
        let id = lab.shops[0]
            .shop
            .customer_by_email("shared@example.com")
            .unwrap()
            .id;
        lab.shops[0]
            .shop
            .edit_customer(id, |c| c.email = "moved@example.com".into());
        lab.minutes(10).await;
        assert_eq!(lab.shops[0].groups("shared@example.com"), [22]);
        assert_eq!(lab.shops[0].groups("moved@example.com"), [21]);
    })
    .await;
}

#[tokio::test]
async fn faults_of_every_kind_only_delay() {
    for fault in [
        Fault::Status(429),
        Fault::RetryAfter(7),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(401),
        Fault::Html,
        Fault::CutBefore,
        Fault::CutAfter,
    ] {
        each_database_over_days(async |mut lab| {
            let index = lab.add_shop(ShopSetup::default());
            simulators::data::populate(&lab.shops[index].shop, simulators::data::Size::of(120), 11);
            let rule = |probability: f64| FaultRule {
                probability,
                ..FaultRule::always(fault.clone())
            };
            lab.install(index).await.unwrap();
            lab.configure(index, CONFIG).await.unwrap();
            lab.shops[index].shop.set_faults([rule(0.15)]);
            if fault != Fault::Status(401) {
                lab.shops[index].sare.faults().add(rule(0.15));
            }
            lab.minutes(60).await;
            lab.shops[index].shop.faults().clear();
            lab.shops[index].sare.faults().clear();
            lab.minutes(90).await;
            lab.settle().await;
            let run = newest_run(&lab, index).await;
            assert_eq!(run.state, RunState::Done, "{fault:?}: {run:?}");
            let contacts = counts(&lab, index).await.contacts;
            assert_eq!(
                i64::try_from(lab.shops[index].sare.len()).unwrap(),
                contacts,
                "{fault:?}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_record_open_in_the_admin_is_tried_again_later() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let rule = FaultRule::always(Fault::Status(409)).method(Method::PUT);
        lab.shops[0].shop.set_faults([rule]);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("row@example.com"));
        lab.minutes(30).await;
        assert!(
            problem_kinds(&lab, 0)
                .await
                .iter()
                .any(|kind| kind == "record-locked")
        );
        lab.shops[0].shop.faults().clear();
        lab.minutes(60).await;
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("row@example.com")
                .unwrap()
                .active
        );
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key_stops_the_account_without_hammering_and_goes_on_when_it_is_mended() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let key = lab.shops[0].sare.settings().api_key;
        lab.shops[0]
            .sare
            .change_settings(|settings| settings.api_key = "another".to_owned());
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        let before = lab.shops[0].sare.requests();
        lab.minutes(60).await;
        assert!(
            lab.shops[0].sare.requests() - before < 30,
            "{} requests",
            lab.shops[0].sare.requests() - before
        );
        assert!(
            problem_kinds(&lab, 0)
                .await
                .iter()
                .any(|kind| kind == "sare-access")
        );
        lab.shops[0]
            .sare
            .change_settings(|settings| settings.api_key = key);
        lab.minutes(30).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn data_refused_by_missing_permissions_stops_that_part_and_not_the_rest() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.refused = vec!["subscribers".to_owned()];
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.shop.add_customer(customer("yes@example.com", true));
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        assert_eq!(lab.shops[0].status("yes@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].status("row@example.com"), None);
        assert!(problem_kinds(&lab, 0).await.iter().any(|kind| kind == "no-scope"));
    })
    .await;
}

#[tokio::test]
async fn a_short_list_or_a_proxys_404_is_no_deletion() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..10 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        // Every read of single subscribers meets a proxy's page.
        let mut rule = FaultRule::always(Fault::Html).method(Method::GET);
        rule.path_contains = "/subscribers/".to_owned();
        lab.shops[0].shop.set_faults([rule]);
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let marks: Vec<store::DirtyMark> = lab.shops[0]
            .shop
            .subscribers()
            .map(|row| store::DirtyMark {
                key: store::DirtyKey::Record(sync_core::RecordKey::subscriber(row.id)),
                due_at: lab.now(),
                priority: store::Priority::Live,
                reason: store::Reason::DeleteWebhook,
                held_by: None,
            })
            .collect();
        lab.store.mark_dirty(known.id, &marks, lab.now()).await.unwrap();
        lab.minutes(20).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 10);
        for n in 0..10 {
            assert_eq!(lab.shops[0].groups(&format!("s{n}@example.com")), [22]);
        }
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_230_and_hitobito_3631_a_final_verdict_names_the_contact_and_colours_no_run() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.props = vec![Prop::new("prop1", "C1", PropKind::text(5))];
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            for n in 0..8 {
                let city = if n < 3 { "Bielsko-Biała" } else { "Łódź" };
                let who = NewCustomer::new(format!("s{n}@example.com")).newsletter(true);
                s.shop.add_customer(who.address(address(city, "600700800")));
            }
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let problems = lab.store.problems(known.id, 100, 0).await.unwrap();
        assert_eq!(problems.len(), 3, "{problems:?}");
        for problem in &problems {
            assert_eq!(problem.kind.word(), "sare-refused");
            assert!(problem.is_final);
            assert!(
                problem.detail.as_deref().is_some_and(|why| !why.is_empty()),
                "SARE's own reason is kept"
            );
            let contact = lab
                .store
                .contact(known.id, problem.hash.unwrap())
                .await
                .unwrap()
                .unwrap();
            assert!(contact.address.unwrap().ends_with("@example.com"));
        }
        let forced = run(&lab, 0, store::RunKind::Forced).await;
        assert_eq!(forced.state, RunState::Done, "{forced:?}");
        // The merchant lets the property hold longer texts, and somebody tries the refused ones again.
        lab.shops[0]
            .sare
            .change_settings(|s| s.props = vec![Prop::new("prop1", "C1", PropKind::text(50))]);
        assert_eq!(
            lab.store.problem_retry(known.id, None, lab.now()).await.unwrap(),
            3
        );
        lab.minutes(5).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 8);
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn mc_woocommerce_1047_a_flood_of_calls_is_answered_and_costs_no_more_than_what_it_names() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..40 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let (_, token) = lab
            .store
            .hook_of(known.id, store::HookKind::Sare)
            .await
            .unwrap()
            .unwrap();
        let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
        let url = format!("{}/sare/webhooks/{token}", shoper_sare::lab::PUBLIC_URL);
        for n in 0..300 {
            let body = format!(
                "{{\"event\":\"unsubscribe\",\"user\":{{\"email\":\"s{}@example.com\"}}}}",
                n % 40
            );
            let request = http::Request::post(&url).body(bytes::Bytes::from(body)).unwrap();
            let answer = ports::Transport::send(&lab.network, request).await.unwrap();
            assert_eq!(answer.status(), 200, "call {n}");
        }
        assert!(
            counts(&lab, 0).await.dirty <= 40,
            "one entry a contact, however often it is named"
        );
        lab.minutes(10).await;
        assert_eq!(
            lab.shops[0].sare.mailable().len(),
            40,
            "a forged call changes nothing"
        );
        assert_eq!(counts(&lab, 0).await.dirty, 0);
    })
    .await;
}
