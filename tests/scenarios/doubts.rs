//! Consents that something speaks against: an inactive subscription beside them at first sight, or an address that SARE
//! has blocked or with a status nobody knows. Such a person is unconfirmed at most, and somebody at the shop decides.

use std::time::Duration;

use shoper_sare::lab::Lab;
use store::{ContactFilter, Outcome};

use crate::words::*;

async fn doubted(lab: &Lab) -> Vec<String> {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    let page = lab
        .store
        .contacts_after(known.id, None, 50, ContactFilter::Doubted)
        .await
        .unwrap();
    assert_eq!(
        lab.store.count_doubted(known.id).await.unwrap(),
        i64::try_from(page.len()).unwrap()
    );
    let mut names: Vec<String> = page.into_iter().filter_map(|contact| contact.address).collect();
    names.sort();
    names
}

/// Somebody at the shop decides that the consents count: these, or all.
async fn decide(lab: &Lab, only: Option<&[&str]>) -> i64 {
    let known = lab.shops[0].known(&lab.store).await.unwrap();
    let hashes: Option<Vec<_>> =
        only.map(|names| names.iter().map(|name| lab.store.hash(known.id, name)).collect());
    lab.store
        .decide_doubts(known.id, hashes.as_deref(), lab.now())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_inactive_row_vetoes_at_first_sight_whatever_the_rule() {
    for (rule, both_active, in_doubt) in [
        ("flag", CONFIRMED, true),
        ("subscriber", CONFIRMED, false),
        ("flag-or-subscriber", CONFIRMED, true),
        ("flag-and-subscriber", CONFIRMED, false),
    ] {
        each_database(async |mut lab| {
            let config = CONFIG.replace("flag-or-subscriber", rule);
            live_shop(&mut lab, &config, |s| {
                s.shop.add_customer(customer("anna@example.com", true));
                s.shop.add_subscriber("anna@example.com", false);
                s.shop.add_customer(customer("both@example.com", true));
                s.shop.add_subscriber("both@example.com", true);
                // SARE's own status stays, as ever.
                s.sare.put_contact("kept@example.com", CONFIRMED, &[]);
                s.shop.add_customer(customer("kept@example.com", true));
                s.shop.add_subscriber("kept@example.com", false);
            })
            .await;
            assert_eq!(
                lab.shops[0].status("anna@example.com"),
                Some(UNCONFIRMED),
                "{rule}"
            );
            assert_eq!(
                lab.shops[0].status("both@example.com"),
                Some(both_active),
                "{rule}"
            );
            assert_eq!(lab.shops[0].status("kept@example.com"), Some(CONFIRMED), "{rule}");
            let listed: &[&str] = if in_doubt { &["anna@example.com"] } else { &[] };
            assert_eq!(doubted(&lab).await, listed, "{rule}");
            // Met for the first time later, by webhook, it is the same.
            let shop = &lab.shops[0].shop;
            shop.add_subscriber("late@example.com", false);
            shop.add_customer(customer("late@example.com", true));
            a_moment(&lab).await;
            for name in ["anna", "late"] {
                let status = lab.shops[0].status(&format!("{name}@example.com"));
                assert_eq!(status, Some(UNCONFIRMED), "{name}, {rule}");
            }
            assert_eq!(lab.shops[0].sare.confirmations_sent(), 0);
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_is_in_doubt_is_left_out_where_people_without_consent_are() {
    each_database(async |mut lab| {
        live_shop(&mut lab, &CONFIG.replace("\"unconfirmed\"", "\"skip\""), |s| {
            s.shop.add_customer(customer("anna@example.com", true));
            s.shop.add_subscriber("anna@example.com", false);
        })
        .await;
        assert_eq!(lab.shops[0].status("anna@example.com"), None);
        assert_eq!(count_of(&lab, 0, Outcome::Skipped).await, 1);
        assert_eq!(doubted(&lab).await, ["anna@example.com"]);
        assert_eq!(decide(&lab, None).await, 1);
        a_moment(&lab).await;
        lab.settle().await;
        assert_eq!(lab.shops[0].status("anna@example.com"), Some(CONFIRMED));
        assert!(doubted(&lab).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_decision_confirms_those_it_is_about_and_never_against_a_refusal() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for name in ["anna", "ben", "celina", "dora"] {
                let email = format!("{name}@example.com");
                s.shop.add_customer(customer(&email, true));
                s.shop.add_subscriber(email, false);
            }
        })
        .await;
        let status = |lab: &Lab, name: &str| lab.shops[0].status(&format!("{name}@example.com"));
        assert_eq!(doubted(&lab).await.len(), 4);
        assert_eq!(decide(&lab, Some(&["anna@example.com"])).await, 1);
        assert_eq!(decide(&lab, Some(&[])).await, 0);
        a_moment(&lab).await;
        assert_eq!(status(&lab, "anna"), Some(CONFIRMED));
        assert_eq!(status(&lab, "ben"), Some(UNCONFIRMED));

        // Celina signs out in SARE and Dora withdraws in the shop, both unnoticed when all are decided.
        lab.shops[0].sare.operator_signs_out("celina@example.com");
        let dora = lab.shops[0]
            .shop
            .customer_by_email("dora@example.com")
            .unwrap()
            .id;
        lab.shops[0]
            .shop
            .set_webhook_faults(simulators::shoper::WebhookFaults {
                drop: 1.0,
                ..Default::default()
            });
        lab.shops[0].shop.edit_customer(dora, |c| c.newsletter = false);
        assert_eq!(decide(&lab, None).await, 3);
        lab.settle().await;
        assert_eq!(status(&lab, "ben"), Some(CONFIRMED));
        assert_eq!(status(&lab, "celina"), Some(SIGNED_OUT));
        assert_eq!(status(&lab, "dora"), Some(REMOVAL_REQUESTED));
        assert!(doubted(&lab).await.is_empty());
        a_day(&lab).await;
        assert_eq!(status(&lab, "celina"), Some(SIGNED_OUT));
        assert_eq!(status(&lab, "dora"), Some(REMOVAL_REQUESTED));

        // A withdrawal after the decision is one like any other.
        let anna = lab.shops[0]
            .shop
            .customer_by_email("anna@example.com")
            .unwrap()
            .id;
        lab.shops[0]
            .shop
            .set_webhook_faults(simulators::shoper::WebhookFaults::default());
        lab.shops[0].shop.edit_customer(anna, |c| c.newsletter = false);
        a_moment(&lab).await;
        assert_eq!(status(&lab, "anna"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn a_doubt_is_over_when_the_person_says_yes_anew() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for name in ["row", "flag"] {
                let email = format!("{name}@example.com");
                s.shop.add_customer(customer(&email, true));
                s.shop.add_subscriber(email, false);
            }
        })
        .await;
        let shop = &lab.shops[0].shop;
        // Nothing new is said: nothing changes.
        let flag = shop.customer_by_email("flag@example.com").unwrap().id;
        shop.edit_customer(flag, |c| c.firstname = "Ewa".into());
        a_day(&lab).await;
        assert_eq!(doubted(&lab).await.len(), 2);

        let row = shop.subscriber_by_email("row@example.com").unwrap().id;
        shop.set_subscriber_active(row, true);
        shop.edit_customer(flag, |c| c.newsletter = false);
        lab.pass(Duration::from_secs(60)).await;
        assert_eq!(lab.shops[0].status("row@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].status("flag@example.com"), Some(REMOVAL_REQUESTED));
        shop.edit_customer(flag, |c| c.newsletter = true);
        lab.pass(Duration::from_secs(60)).await;
        lab.settle().await;
        assert!(doubted(&lab).await.is_empty());
        assert_eq!(
            lab.shops[0].sare.confirmations_sent(),
            1,
            "whoever withdrew is asked, as the merchant chose"
        );
    })
    .await;
}

#[tokio::test]
async fn with_flag_and_subscriber_both_are_needed() {
    each_database(async |mut lab| {
        let config = CONFIG.replace("flag-or-subscriber", "flag-and-subscriber");
        live_shop(&mut lab, &config, |s| {
            s.shop.add_customer(customer("both@example.com", true));
            s.shop.add_subscriber("both@example.com", true);
            s.shop.add_customer(customer("flag@example.com", true));
            s.shop.add_customer(customer("row@example.com", false));
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_subscriber("alone@example.com", true);
        })
        .await;
        let status = |lab: &Lab, name: &str| lab.shops[0].status(&format!("{name}@example.com"));
        for (name, expected) in [
            ("both", CONFIRMED),
            ("flag", UNCONFIRMED),
            ("row", UNCONFIRMED),
            ("alone", CONFIRMED),
        ] {
            assert_eq!(status(&lab, name), Some(expected), "{name}");
        }
        let shop = &lab.shops[0].shop;
        shop.add_subscriber("flag@example.com", true);
        let row = shop.customer_by_email("row@example.com").unwrap().id;
        shop.edit_customer(row, |c| c.newsletter = true);
        let both = shop.subscriber_by_email("both@example.com").unwrap().id;
        shop.set_subscriber_active(both, false);
        a_moment(&lab).await;
        lab.settle().await;
        for (name, expected) in [
            ("both", REMOVAL_REQUESTED),
            ("flag", CONFIRMED),
            ("row", CONFIRMED),
        ] {
            assert_eq!(status(&lab, name), Some(expected), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_address_of_somebody_blocked_or_of_an_unknown_status_is_unconfirmed_and_never_asked() {
    for odd in [BLOCKED, 9, 0] {
        each_database_over_days(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                s.shop.add_customer(customer("old@example.com", true));
                s.shop.add_customer(customer("other@example.com", true));
            })
            .await;
            assert_eq!(lab.shops[0].status("old@example.com"), Some(CONFIRMED));
            lab.shops[0].sare.operator_sets_status("old@example.com", odd);
            let shop = &lab.shops[0].shop;
            let id = shop.customer_by_email("old@example.com").unwrap().id;
            for new in ["new@example.com", "newer@example.com"] {
                shop.edit_customer(id, |c| c.email = new.into());
                a_moment(&lab).await;
                assert_eq!(lab.shops[0].status(new), Some(UNCONFIRMED), "{odd}, {new}");
                assert_eq!(doubted(&lab).await, [new], "{odd}");
            }
            assert_eq!(lab.shops[0].status("old@example.com"), Some(odd));
            // A new yes of theirs is for somebody at the shop to judge.
            shop.edit_customer(id, |c| c.newsletter = false);
            a_moment(&lab).await;
            shop.edit_customer(id, |c| c.newsletter = true);
            a_moment(&lab).await;
            a_day(&lab).await;
            assert_ne!(lab.shops[0].status("newer@example.com"), Some(CONFIRMED), "{odd}");
            assert_eq!(lab.shops[0].sare.confirmations_sent(), 0, "{odd}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_decision_confirms_a_new_address_of_somebody_of_an_unknown_status() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("old@example.com", true));
        })
        .await;
        lab.shops[0].sare.forget("old@example.com");
        let shop = &lab.shops[0].shop;
        let id = shop.customer_by_email("old@example.com").unwrap().id;
        shop.edit_customer(id, |c| c.email = "new@example.com".into());
        a_moment(&lab).await;
        assert_ne!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert_eq!(doubted(&lab).await, ["new@example.com"]);
        assert_eq!(decide(&lab, None).await, 1);
        a_moment(&lab).await;
        lab.settle().await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_doubt_and_the_refusal_of_somebody_erased_follow_to_a_new_address() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("doubt@example.com", true));
            s.shop.add_subscriber("doubt@example.com", false);
            s.shop.add_customer(customer("erased@example.com", true));
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let erased = lab.store.hash(known.id, "erased@example.com");
        assert!(
            lab.store
                .erase_contact(known.id, erased, lab.now())
                .await
                .unwrap()
        );
        let shop = &lab.shops[0].shop;
        for name in ["doubt", "erased"] {
            let id = shop.customer_by_email(&format!("{name}@example.com")).unwrap().id;
            shop.edit_customer(id, |c| c.email = format!("{name}-new@example.com").into());
        }
        a_moment(&lab).await;
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("doubt-new@example.com"), Some(UNCONFIRMED));
        assert_eq!(
            lab.shops[0].status("erased-new@example.com"),
            Some(REMOVAL_REQUESTED)
        );
        assert_eq!(doubted(&lab).await, ["doubt-new@example.com"]);
    })
    .await;
}
