//! Services that lack something, or fail at it every time while they answer everything else: the rest goes on, and
//! refusals are seen all the same.

use std::time::Duration;

use shoper_sare::lab::LabShop;
use simulators::faults::{Fault, FaultRule};
use simulators::shoper::FilterMode;
use sync_core::config::Config;
use sync_core::mapping::Target;

use crate::words::*;

/// Fails at this call of SARE every time, with this status.
fn fails_always(shop: &LabShop, call: &str, status: u16) {
    let rule = FaultRule::always(Fault::Status(status)).path(call);
    shop.sare.faults().add(rule);
}

/// How often SARE was asked by a call since `from` in the log.
fn asked(shop: &LabShop, from: usize, call: &str) -> usize {
    let log = shop.sare.request_log();
    log.iter().skip(from).filter(|r| r.path.contains(call)).count()
}

#[tokio::test]
async fn an_account_without_the_list_of_statuses_is_synchronised_and_its_refusals_are_seen() {
    for status in [404, 500] {
        for call in ["status_by_email_list", "_list/"] {
            each_database(async |mut lab| {
                live_shop(&mut lab, CONFIG, |s| {
                    fails_always(s, call, status);
                    s.sare.put_contact("s7@example.com", REMOVAL_REQUESTED, &[]);
                    for n in 0..30 {
                        s.shop.add_subscriber(format!("s{n}@example.com"), true);
                    }
                })
                .await;
                let what = format!("{call} answers {status}");
                assert_eq!(lab.shops[0].sare.mailable().len(), 29, "{what}");
                assert_eq!(lab.shops[0].status("s7@example.com"), Some(REMOVAL_REQUESTED));
                assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
                let row = lab.shops[0].shop.subscriber_by_email("s9@example.com").unwrap();
                lab.shops[0].shop.set_subscriber_active(row.id, false);
                lab.minutes(30).await;
                let row = lab.shops[0].shop.subscriber_by_email("s8@example.com").unwrap();
                assert!(!row.active, "{what}: the poll sees the refusal");
                assert_eq!(
                    lab.shops[0].status("s9@example.com"),
                    Some(REMOVAL_REQUESTED),
                    "{what}"
                );
                assert_eq!(problem_kinds(&lab, 0).await, Vec::<String>::new(), "{what}");
            })
            .await;
        }
    }
}

#[tokio::test]
async fn an_account_that_loses_the_list_of_statuses_goes_on_and_uses_it_again_when_it_is_back() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.request_log = 20_000;
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            for n in 0..30 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        fails_always(&lab.shops[0], "status_by_email_list", 500);
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
        lab.minutes(10).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        let row = lab.shops[0].shop.subscriber_by_email("s8@example.com").unwrap();
        assert!(!row.active);
        let from = lab.shops[0].sare.request_log().len();
        lab.minutes(60).await;
        let tried = asked(&lab.shops[0], from, "status_by_email_list");
        assert_eq!(tried, 0, "what fails every time is left alone");
        lab.shops[0].sare.faults().clear();
        lab.pass(Duration::from_secs(7 * 3600)).await;
        let from = lab.shops[0].sare.request_log().len();
        lab.minutes(30).await;
        assert!(asked(&lab.shops[0], from, "status_by_email_list") > 0);
        assert_eq!(asked(&lab.shops[0], from, "email/by_email_list"), 0);
    })
    .await;
}

/// [`CONFIG`], with the city taken out of SARE where a customer has none.
fn clearing() -> String {
    CONFIG.replace(
        "prop1 = \"address.city\"",
        "prop1 = { from = \"address.city\", when_empty = \"clear\" }",
    )
}

fn city(shop: &LabShop, email: &str) -> Option<String> {
    shop.sare.contact(email).unwrap().prop.get("prop1").cloned()
}

#[tokio::test]
async fn a_shop_that_takes_no_list_of_customers_for_their_addresses_is_asked_one_by_one() {
    for mode in [FilterMode::Error404, FilterMode::Error400, FilterMode::Ignored] {
        each_database_over_days(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.address_list_filter = mode;
            setup.shop.bucket = Some(simulators::shoper::Bucket::default());
            live_shop_with(&mut lab, setup, &clearing(), |s| {
                for n in 0..70 {
                    s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                }
            })
            .await;
            for n in 0..70 {
                let email = format!("c{n}@example.com");
                assert_eq!(
                    city(&lab.shops[0], &email).as_deref(),
                    Some("Łódź"),
                    "{mode:?} {email}"
                );
            }
            for n in 0..12 {
                let row = lab.shops[0]
                    .shop
                    .customer_by_email(&format!("c{n}@example.com"))
                    .unwrap();
                lab.shops[0]
                    .shop
                    .set_address(row.id, address("Sopot", "600700801"));
            }
            lab.minutes(5).await;
            for n in 0..12 {
                let email = format!("c{n}@example.com");
                assert_eq!(
                    city(&lab.shops[0], &email).as_deref(),
                    Some("Sopot"),
                    "{mode:?} {email}"
                );
            }
            let sweep = run(&lab, 0, store::RunKind::Sweep).await;
            assert_eq!(sweep.state, store::RunState::Done, "{sweep:?}");
            assert!(problem_kinds(&lab, 0).await.is_empty(), "{mode:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn addresses_that_can_be_read_no_more_empty_nothing_in_sare_and_are_read_again_when_they_can() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, &clearing(), |s| {
            for n in 0..6 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        lab.shops[0]
            .shop
            .configure(|settings| settings.refused.push("user-addresses".to_owned()));
        for n in 0..6 {
            let row = lab.shops[0]
                .shop
                .customer_by_email(&format!("c{n}@example.com"))
                .unwrap();
            lab.shops[0]
                .shop
                .set_address(row.id, address("Sopot", "600700801"));
            lab.shops[0]
                .shop
                .edit_customer(row.id, |c| c.firstname = "Ewa".into());
        }
        lab.minutes(10).await;
        for n in 0..6 {
            let contact = lab.shops[0].sare.contact(&format!("c{n}@example.com")).unwrap();
            assert_eq!(contact.name, "Ewa Żółć");
            assert_eq!(contact.prop["prop1"], "Łódź");
        }
        assert_eq!(problem_kinds(&lab, 0).await, ["no-scope"]);
        lab.shops[0].shop.configure(|settings| settings.refused.clear());
        a_day(&lab).await;
        for n in 0..6 {
            assert_eq!(
                city(&lab.shops[0], &format!("c{n}@example.com")).as_deref(),
                Some("Sopot")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_only_has_the_list_of_all_addresses_is_read_by_it_once_a_run_and_singly_for_changes() {
    for mode in [FilterMode::Ignored, FilterMode::Error404, FilterMode::Error400] {
        for by_id in [FilterMode::Works, FilterMode::Ignored] {
            each_database_over_days(async |mut lab| {
                let what = format!("{mode:?}, customers by id: {by_id:?}");
                let mut setup = ShopSetup::default();
                setup.shop.address_filter = mode;
                setup.shop.user_id_filter = by_id;
                setup.shop.bucket = Some(simulators::shoper::Bucket::default());
                live_shop_with(&mut lab, setup, &clearing(), |s| {
                    for n in 1..=360 {
                        let id = s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                        if n % 7 == 0 {
                            // An older entry that is not the default one.
                            s.shop.add_address(id, address("Gdynia", "500600700"));
                        }
                    }
                })
                .await;
                for n in 1..=360 {
                    let email = format!("c{n}@example.com");
                    assert_eq!(
                        city(&lab.shops[0], &email).as_deref(),
                        Some("Łódź"),
                        "{what} {email}"
                    );
                }
                let asked = lab.shops[0].shop.requests_by("user-addresses");
                assert!(asked < 80, "{what}: {asked} requests for 360 customers");
                assert!(problem_kinds(&lab, 0).await.is_empty(), "{what}");

                // Changes, and customers who came after the list was read.
                for n in [3, 200, 359] {
                    lab.shops[0].shop.set_address(n, address("Sopot", "600700801"));
                }
                let new = lab.shops[0].shop.add_customer(customer("new@example.com", true));
                lab.minutes(5).await;
                for n in [3, 200, 359] {
                    let email = format!("c{n}@example.com");
                    assert_eq!(
                        city(&lab.shops[0], &email).as_deref(),
                        Some("Sopot"),
                        "{what} {email}"
                    );
                }
                assert_eq!(
                    city(&lab.shops[0], "new@example.com").as_deref(),
                    Some("Łódź"),
                    "{what}"
                );
                // Who deletes the address has none: that is known, not guessed.
                let entry = lab.shops[0].shop.addresses(new)[0].id;
                assert!(lab.shops[0].shop.delete_address(entry));
                lab.minutes(5).await;
                assert_eq!(
                    city(&lab.shops[0], "new@example.com").unwrap_or_default(),
                    "",
                    "{what}"
                );
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_list_of_addresses_that_cannot_be_read_whole_empties_nobodys_fields_and_is_told() {
    each_database_over_days(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.address_filter = FilterMode::Ignored;
        live_shop_with(&mut lab, setup, &clearing(), |s| {
            for n in 1..=120 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        let entry = lab.shops[0].shop.addresses(60)[0].id;
        let spoilt =
            simulators::shoper::Spoilt::new("user-addresses", entry, simulators::shoper::Spoiling::Empty);
        lab.shops[0]
            .shop
            .configure(|settings| settings.spoilt = vec![spoilt]);
        for n in 1..=120 {
            lab.shops[0].shop.edit_customer(n, |c| c.firstname = "Ewa".into());
        }
        a_day(&lab).await;
        for n in 1..=120 {
            let email = format!("c{n}@example.com");
            assert_eq!(city(&lab.shops[0], &email).as_deref(), Some("Łódź"), "{email}");
            assert_eq!(lab.shops[0].sare.contact(&email).unwrap().name, "Ewa Żółć");
        }
        let kinds = problem_kinds(&lab, 0).await;
        assert!(kinds.iter().any(|kind| kind == "addresses-in-part"), "{kinds:?}");
        lab.shops[0].shop.configure(|settings| settings.spoilt.clear());
        a_day(&lab).await;
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn addresses_that_the_shop_does_not_give_out_are_unknown_to_a_trial_and_not_empty() {
    for mode in [
        FilterMode::Works,
        FilterMode::Ignored,
        FilterMode::Error404,
        FilterMode::Error400,
    ] {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.address_filter = mode;
            let index = lab.add_shop(setup);
            for n in 0..8 {
                let email = format!("c{n}@example.com");
                lab.shops[index].shop.add_customer(customer(&email, true));
            }
            lab.install(index).await.unwrap();
            lab.pass(Duration::from_secs(5)).await;
            lab.configure(index, &clearing()).await.unwrap();
            let known = lab.shops[index].known(&lab.store).await.unwrap();
            let config = Config::parse(known.config.as_deref().unwrap()).unwrap().config;
            let chosen = lab
                .drive(desk::choose(&lab.engine, &known, &config, 5))
                .await
                .unwrap();
            assert_eq!(chosen.len(), 5, "{mode:?}");
            let city = Target::parse("prop1").unwrap();
            for one in chosen {
                let value = one.traits.get(&city);
                assert_ne!(value, Some(""), "{mode:?}: nobody's city would be emptied");
                if mode == FilterMode::Works {
                    assert_eq!(value, Some("Łódź"));
                }
            }
        })
        .await;
    }
}
