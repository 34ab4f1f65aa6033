//! Full synchronisations: first, repeated, forced, dry, and after a changed mapping.

use store::{Outcome, RunKind, RunState};

use crate::words::*;

#[tokio::test]
async fn the_first_synchronisation_starts_by_itself_and_brings_everybody_with_the_right_status() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("yes@example.com", true));
            s.shop.add_customer(customer("no@example.com", false));
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_subscriber("off@example.com", false);
            // A customer without the flag who is an active subscriber: one contact, in both groups.
            s.shop.add_customer(customer("both@example.com", false));
            s.shop.add_subscriber("Both@Example.com", true);
        })
        .await;
        let shop = &lab.shops[0];
        assert_eq!(shop.status("yes@example.com"), Some(CONFIRMED));
        assert_eq!(shop.status("no@example.com"), Some(UNCONFIRMED));
        assert_eq!(shop.status("row@example.com"), Some(CONFIRMED));
        assert_eq!(shop.status("off@example.com"), Some(UNCONFIRMED));
        assert_eq!(shop.status("both@example.com"), Some(CONFIRMED));
        assert_eq!(shop.groups("yes@example.com"), [21]);
        assert_eq!(shop.groups("row@example.com"), [22]);
        assert_eq!(shop.groups("both@example.com"), [21, 22]);
        let contact = shop.sare.contact("both@example.com").unwrap();
        assert_eq!(contact.name, "Anna Żółć");
        assert_eq!(contact.gsm, "+48600700800");
        assert_eq!(contact.prop["prop1"], "Łódź");
        assert_eq!(contact.prop["prop2"], "pl_PL");
        assert_eq!(shop.sare.len(), 5);
        assert_eq!(shop.sare.confirmations_sent(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_second_run_with_nothing_changed_writes_nothing_to_sare() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            simulators::data::populate(&s.shop, simulators::data::Size::of(300), 3);
        })
        .await;
        let before = lab.shops[0].sare.request_log().len();
        let written = lab.shops[0].sare.requests();
        let run = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(run.state, RunState::Done, "{run:?}");
        a_day(&lab).await;
        assert!(lab.shops[0].sare.requests() > written, "it looked");
        assert_eq!(writes(&lab.shops[0], before), 0);
    })
    .await;
}

#[tokio::test]
async fn mc_woocommerce_1264_and_688_a_resync_subscribes_nobody_who_unsubscribed_and_no_guest_who_never_asked()
 {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("left@example.com", true));
            s.shop.add_customer(customer("guest@example.com", false).guest());
            s.shop.add_subscriber("stays@example.com", true);
        })
        .await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("left@example.com"));
        lab.minutes(30).await;
        for kind in [RunKind::Forced, RunKind::Sweep, RunKind::Backfill] {
            let run = run(&lab, 0, kind).await;
            assert_eq!(run.state, RunState::Done, "{run:?}");
            assert_eq!(lab.shops[0].status("left@example.com"), Some(REMOVAL_REQUESTED));
            assert_eq!(lab.shops[0].status("guest@example.com"), Some(UNCONFIRMED));
            assert_eq!(lab.shops[0].sare.confirmations_sent(), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_first_synchronisation_into_an_account_that_knows_everybody_already_ends() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..120 {
                let email = format!("c{n}@example.com");
                s.sare.put_contact(&email, CONFIRMED, &[]);
                s.shop.add_customer(customer(&email, true));
            }
        })
        .await;
        let run = newest_run(&lab, 0).await;
        let progress: serde_json::Value = serde_json::from_str(&run.body).unwrap();
        assert_eq!(progress["done"], 120, "each row counts once: {run:?}");
        assert_eq!(progress["counters"]["updated"], 120, "{run:?}");
        for n in 0..120 {
            assert_eq!(lab.shops[0].groups(&format!("c{n}@example.com")), [21]);
        }
        assert!(lab.now() - run.started_at.unwrap() < 10 * 60_000, "{run:?}");
    })
    .await;
}

#[tokio::test]
async fn a_forced_run_that_would_make_anyone_mailable_does_not_start() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("first@example.com", true);
        })
        .await;
        let hooks: Vec<i64> = lab.shops[0].shop.webhooks().iter().map(|hook| hook.id).collect();
        for hook in hooks {
            lab.shops[0].shop.set_webhook_active(hook, false);
        }
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        let forced = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(forced.state, RunState::Refused, "{forced:?}");
        assert!(
            forced
                .error
                .as_deref()
                .is_some_and(|why| why.starts_with("would-make-mailable:1")),
            "{forced:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_states_everything_and_changes_nothing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("first@example.com", true);
            s.shop.add_subscriber("second@example.com", true);
        })
        .await;
        lab.shops[0]
            .shop
            .set_webhook_faults(simulators::shoper::WebhookFaults {
                drop: 1.0,
                ..Default::default()
            });
        lab.shops[0].shop.add_customer(customer("new@example.com", true));
        let second = lab.shops[0]
            .shop
            .subscriber_by_email("second@example.com")
            .unwrap();
        lab.shops[0].shop.set_subscriber_active(second.id, false);
        let before = lab.shops[0].sare.request_log().len();
        let shop = lab.shops[0].known(&lab.store).await.unwrap();
        let id = lab
            .store
            .create_run(
                shop.id,
                RunKind::DryRun,
                &engine::Body::default().text(),
                lab.now(),
            )
            .await
            .unwrap();
        lab.store.wake(shop.id, lab.now()).await.unwrap();
        lab.pass(std::time::Duration::from_secs(5)).await;
        let run = lab.store.run(shop.id, id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Done, "{run:?}");
        let statement = engine::Body::parse(&run.body).statement;
        assert_eq!(
            (statement.mailable, statement.unmailable, statement.added),
            (1, 1, 1),
            "{statement:?}"
        );
        assert_eq!(writes(&lab.shops[0], before), 0);
        assert_eq!(lab.shops[0].status("second@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_766_a_changed_mapping_reaches_old_contacts_and_only_those_that_differ() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("with@example.com", true));
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let before = lab.shops[0].sare.request_log().len();
        let changed = CONFIG.replace(
            "prop1 = \"address.city\"",
            "prop1 = \"address.city\"\nprop3 = \"{address.city|upper}\"",
        );
        lab.configure(0, &changed).await.unwrap();
        lab.settle().await;
        let run = newest_run(&lab, 0).await;
        assert_eq!((run.kind, run.state), (RunKind::Backfill, RunState::Done));
        let counters = engine::Body::parse(&run.body).counters;
        assert_eq!((counters.updated, counters.unchanged), (1, 1), "{counters:?}");
        assert_eq!(
            lab.shops[0].sare.contact("with@example.com").unwrap().prop["prop3"],
            "ŁÓDŹ"
        );
        assert_eq!(writes(&lab.shops[0], before), 1);
    })
    .await;
}

#[tokio::test]
async fn mc_magento_58_one_bad_contact_never_stops_a_batch() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.props.push(simulators::sare::Prop::new(
            "okolica",
            "okolica",
            simulators::sare::PropKind::List {
                values: vec!["Łódź".to_owned()],
            },
        ));
        let config = CONFIG.replace(
            "prop1 = \"address.city\"",
            "prop1 = \"address.city\"\n\"custom.okolica\" = \"address.city\"",
        );
        live_shop_with(&mut lab, setup, &config, |s| {
            for n in 0..120 {
                let mut one = customer(&format!("c{n}@example.com"), true);
                if n == 60 {
                    one = one.address(address("Nowhere", "600700800"));
                }
                s.shop.add_customer(one);
            }
            s.shop.add_customer(customer("not an address", true));
        })
        .await;
        assert_eq!(
            lab.shops[0].sare.len(),
            120,
            "all but the one that has no address"
        );
        let kinds = problem_kinds(&lab, 0).await;
        assert!(kinds.iter().any(|kind| kind == "bad-address"), "{kinds:?}");
        assert!(
            kinds.iter().any(|kind| kind == "custom-fields-refused"),
            "{kinds:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn mc_woocommerce_181_a_first_synchronisation_goes_on_where_it_stopped() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        simulators::data::populate(&lab.shops[0].shop, simulators::data::Size::of(400), 5);
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        for round in 0..40 {
            lab.network
                .halt_after(3 + round, simulators::network::Halt::Interrupted);
            lab.minutes(1).await;
            lab.restart().await.unwrap();
        }
        lab.settle().await;
        let run = newest_run(&lab, 0).await;
        assert_eq!(run.state, RunState::Done, "{run:?}");
        let body = engine::Body::parse(&run.body);
        let c = body.counters;
        let sum = c.added
            + c.updated
            + c.unchanged
            + c.suppressed
            + c.skipped
            + c.hands_off
            + c.unsubscribed
            + c.failed;
        let contacts = counts(&lab, 0).await.contacts;
        assert_eq!(sum, contacts, "each contact counted once: {c:?}");
        assert_eq!(count_of(&lab, 0, Outcome::Synchronised).await, contacts);
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_1425_no_value_is_invented_for_an_empty_field() {
    each_database(async |mut lab| {
        let config = CONFIG.replace(
            "prop1 = \"address.city\"",
            "prop1 = \"{additional_field.1|date:%Y-%m-%d}\"",
        );
        live_shop(&mut lab, &config, |s| {
            let field = s.shop.add_additional_field(simulators::shoper::NewField::new(
                "Data urodzenia",
                simulators::shoper::FieldKind::Text,
            ));
            s.shop.add_customer(customer("empty@example.com", true));
            s.shop
                .add_customer(customer("zero@example.com", true).field(field, "0000-00-00"));
            s.shop
                .add_customer(customer("date@example.com", true).field(field, "03.07.1985"));
        })
        .await;
        let prop = |email: &str| {
            lab.shops[0]
                .sare
                .contact(email)
                .unwrap()
                .prop
                .get("prop1")
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(prop("empty@example.com"), "");
        assert_eq!(prop("zero@example.com"), "");
        assert_eq!(prop("date@example.com"), "1985-07-03");
    })
    .await;
}

#[tokio::test]
async fn mc_magento2_1172_people_who_never_asked_stay_out_when_the_merchant_says_so() {
    each_database(async |mut lab| {
        let config = CONFIG.replace("without_consent = \"unconfirmed\"", "without_consent = \"skip\"");
        live_shop(&mut lab, &config, |s| {
            s.shop.add_customer(customer("yes@example.com", true));
            s.shop.add_customer(customer("no@example.com", false));
        })
        .await;
        assert_eq!(lab.shops[0].status("yes@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].status("no@example.com"), None);
        assert_eq!(count_of(&lab, 0, Outcome::Skipped).await, 1);
    })
    .await;
}

#[tokio::test]
async fn mc_woocommerce_1356_every_run_states_first_whom_it_makes_mailable() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..30 {
                s.shop.add_subscriber(format!("s{n}@example.com"), n % 3 != 0);
            }
        })
        .await;
        let statement = engine::Body::parse(&newest_run(&lab, 0).await.body).statement;
        assert_eq!(statement.mailable, 20, "{statement:?}");
        assert_eq!(lab.shops[0].sare.mailable().len(), 20);
    })
    .await;
}
