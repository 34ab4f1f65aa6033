//! Changes as they happen, by webhook and without.

use std::time::Duration;

use simulators::shoper::{WebhookFaults, WebhookPayload, WebhookSigning};

use crate::words::*;

#[tokio::test]
async fn a_change_in_the_shop_is_in_sare_within_seconds() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("old@example.com", true));
        })
        .await;
        let shop = &lab.shops[0];
        shop.shop.add_subscriber("new@example.com", true);
        shop.shop.add_customer(customer("buyer@example.com", false));
        let id = shop.shop.customer_by_email("old@example.com").unwrap().id;
        shop.shop.set_address(id, address("Gdańsk", "+48 601 602 603"));
        lab.pass(Duration::from_secs(3)).await;
        let shop = &lab.shops[0];
        assert_eq!(shop.status("new@example.com"), Some(CONFIRMED));
        assert_eq!(shop.status("buyer@example.com"), Some(UNCONFIRMED));
        assert_eq!(shop.sare.contact("old@example.com").unwrap().gsm, "+48601602603");
        assert_eq!(
            shop.sare.contact("old@example.com").unwrap().prop["prop1"],
            "Gdańsk"
        );
    })
    .await;
}

#[tokio::test]
async fn webhooks_doubled_late_and_out_of_order_end_in_the_same_state() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..20 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(WebhookFaults {
            drop: 0.0,
            double: 1.0,
            delay_max: Duration::from_secs(120),
            out_of_order: true,
        });
        for row in shop.shop.subscribers().collect::<Vec<_>>() {
            shop.shop.set_subscriber_active(row.id, false);
            if row.id % 2 == 0 {
                shop.shop.set_subscriber_active(row.id, true);
            }
        }
        lab.minutes(10).await;
        for row in lab.shops[0].shop.subscribers() {
            let mailed = lab.shops[0].status(&row.email) == Some(CONFIRMED);
            assert_eq!(mailed, row.active, "subscriber {}", row.id);
        }
    })
    .await;
}

#[tokio::test]
async fn new_records_whose_webhook_was_lost_are_found_within_minutes() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(WebhookFaults {
            drop: 1.0,
            ..WebhookFaults::default()
        });
        shop.shop.add_subscriber("lost@example.com", true);
        shop.shop.add_customer(customer("buyer@example.com", true));
        lab.minutes(6).await;
        assert_eq!(lab.shops[0].status("lost@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].status("buyer@example.com"), Some(CONFIRMED));
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let meters = lab.store.meters(known.id).await.unwrap();
        assert_eq!(meters.get("changed_by_look"), Some(&2), "{meters:?}");
    })
    .await;
}

#[tokio::test]
async fn a_lost_withdrawal_is_noticed_within_the_hour_from_the_shops_own_counts() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("a@example.com", true);
            s.shop.add_subscriber("b@example.com", true);
        })
        .await;
        lab.minutes(90).await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(WebhookFaults {
            drop: 1.0,
            ..WebhookFaults::default()
        });
        shop.shop
            .set_subscriber_active(shop.shop.subscriber_by_email("a@example.com").unwrap().id, false);
        lab.minutes(15).await;
        assert_eq!(lab.shops[0].status("a@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn the_echo_of_our_own_write_is_not_an_event() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("row@example.com"));
        lab.minutes(20).await;
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("row@example.com")
                .unwrap()
                .active
        );
        let writes_then = writes(&lab.shops[0], 0);
        let shop_then = lab.shops[0].shop.requests_by("subscribers");
        lab.minutes(60).await;
        assert_eq!(writes(&lab.shops[0], 0), writes_then);
        assert!(
            lab.shops[0].shop.requests_by("subscribers") > shop_then,
            "it goes on looking"
        );
        assert_eq!(lab.shops[0].status("row@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn bare_ids_and_derived_signatures_are_understood() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.webhook_payload = WebhookPayload::IdOnly;
        setup.shop.delete_payload = WebhookPayload::IdOnly;
        setup.shop.webhook_signing = WebhookSigning::Derived;
        live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
        let id = lab.shops[0].shop.add_subscriber("bare@example.com", true);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("bare@example.com"), Some(CONFIRMED));
        lab.shops[0].shop.delete_subscriber(id);
        a_moment(&lab).await;
        assert!(lab.shops[0].groups("bare@example.com").is_empty());
    })
    .await;
}

#[tokio::test]
async fn every_way_of_signing_that_may_be_genuine_is_believed_and_no_other() {
    for (signing, status) in [
        (WebhookSigning::Plain, Some(CONFIRMED)),
        (WebhookSigning::OwnDerived, Some(CONFIRMED)),
        (WebhookSigning::AppStoreSecret, None),
        (WebhookSigning::Empty, None),
    ] {
        each_database(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.webhook_signing = signing;
            live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
            lab.shops[0].shop.add_subscriber("new@example.com", true);
            a_moment(&lab).await;
            assert_eq!(lab.shops[0].status("new@example.com"), status, "{signing:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn webhooks_switched_off_or_deleted_in_the_shop_are_repaired_and_strangers_left_alone() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop
                .add_foreign_webhook("https://other.example/hook", &["order.create"]);
        })
        .await;
        let ours: Vec<i64> = lab.shops[0]
            .shop
            .webhooks()
            .iter()
            .filter(|w| w.by_app)
            .map(|w| w.id)
            .collect();
        assert_eq!(ours.len(), 1);
        lab.shops[0].shop.set_webhook_active(ours[0], false);
        lab.minutes(7 * 60).await;
        assert!(lab.shops[0].shop.webhooks().iter().any(|w| w.by_app && w.active));
        let again: Vec<i64> = lab.shops[0]
            .shop
            .webhooks()
            .iter()
            .filter(|w| w.by_app)
            .map(|w| w.id)
            .collect();
        lab.shops[0].shop.delete_webhook(again[0]);
        lab.minutes(7 * 60).await;
        let hooks = lab.shops[0].shop.webhooks();
        assert_eq!(hooks.iter().filter(|w| w.by_app && w.active).count(), 1);
        assert!(
            hooks
                .iter()
                .any(|w| w.url == "https://other.example/hook" && w.active)
        );
    })
    .await;
}

#[tokio::test]
async fn sares_own_webhook_is_a_hint_and_a_forged_one_changes_nothing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("clicks@example.com", true);
            s.shop.add_subscriber("victim@example.com", true);
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let (_, token) = lab
            .store
            .hook_of(known.id, store::HookKind::Sare)
            .await
            .unwrap()
            .unwrap();
        let url = format!(
            "{}/sare/webhooks/{}",
            shoper_sare::lab::PUBLIC_URL,
            secrecy::ExposeSecret::expose_secret(&token)
        );
        lab.shops[0]
            .sare
            .change_settings(|settings| settings.webhook.urls = vec![url]);
        assert!(
            lab.shops[0]
                .sare
                .recipient_clicks_unsubscribe("clicks@example.com")
        );
        lab.shops[0].sare.stranger_forges_webhook("victim@example.com");
        lab.pass(Duration::from_secs(20)).await;
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("clicks@example.com")
                .unwrap()
                .active
        );
        assert!(
            lab.shops[0]
                .shop
                .subscriber_by_email("victim@example.com")
                .unwrap()
                .active
        );
        assert_eq!(lab.shops[0].status("victim@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn live_changes_go_before_a_large_synchronisation_of_the_same_shop() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.bucket = Some(simulators::shoper::Bucket {
            limit: 10.0,
            bandwidth: 2.0,
        });
        let index = lab.add_shop(setup);
        simulators::data::populate(&lab.shops[0].shop, simulators::data::Size::of(2_000), 9);
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.pass(Duration::from_secs(10)).await;
        assert!(
            !newest_run(&lab, 0).await.state.is_over(),
            "the synchronisation is under way"
        );
        lab.shops[0].shop.add_subscriber("now@example.com", true);
        lab.pass(Duration::from_secs(6)).await;
        assert!(!newest_run(&lab, 0).await.state.is_over(), "and still is");
        assert_eq!(lab.shops[0].status("now@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn two_spellings_of_one_address_are_one_contact_spelled_as_the_customer_is() {
    each_database(async |mut lab| {
        let config = "[customers]\nenabled = true\ngroup = 21\n\
            [customers.mapping]\nname = \"firstname\"\n\
            [subscribers]\nenabled = true\ngroup = 22\n[subscribers.mapping]\nprop2 = \"email\"\n";
        live_shop(&mut lab, config, |s| {
            s.shop.add_customer(customer("anna@example.com", false));
            s.shop.add_subscriber("ANNA@example.com", true);
            s.shop.add_subscriber("Jan@example.com", true);
        })
        .await;
        let told = |lab: &shoper_sare::lab::Lab, email: &str| {
            let contact = lab.shops[0].sare.contact(email).expect("in SARE");
            contact.prop["prop2"].clone()
        };
        assert_eq!(told(&lab, "anna@example.com"), "anna@example.com");
        assert_eq!(told(&lab, "jan@example.com"), "Jan@example.com");
        let before = lab.shops[0].sare.request_log().len();

        let row = lab.shops[0]
            .shop
            .subscriber_at(0)
            .expect("the first subscriber")
            .id;
        lab.shops[0]
            .shop
            .edit_subscriber(row, |subscriber| subscriber.lang_id = 2);
        lab.settle().await;
        assert_eq!(told(&lab, "anna@example.com"), "anna@example.com");
        assert_eq!(writes(&lab.shops[0], before), 0, "nothing had changed");
    })
    .await;
}
