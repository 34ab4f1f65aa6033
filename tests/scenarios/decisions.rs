//! What a person decides in the panel, carried out: refusals applied in the shop, the brake's question answered with no.

use shoper_sare::lab::Lab;
use store::{ContactFilter, Direction, Outcome, RunState};
use sync_core::Told;

use crate::words::*;

#[tokio::test]
async fn an_old_refusal_is_carried_into_the_shop_when_a_person_asks_and_signs_nobody_up() {
    each_database(async |mut lab| {
        // Not even where the merchant keeps refusals out of the shop by setting: this one was asked for.
        let config = format!("{CONFIG}\n[unsubscribe]\nto_shoper = false\n");
        live_shop(&mut lab, &config, |s| {
            for name in ["anna", "ben"] {
                let email = format!("{name}@example.com");
                s.sare.put_contact(&email, 4, &[90]);
                s.shop.add_subscriber(email, true);
            }
            s.sare.put_contact("celina@example.com", 3, &[]);
            s.shop.add_customer(customer("celina@example.com", true));
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let active = |lab: &Lab, email: &str| lab.shops[0].shop.subscriber_by_email(email).unwrap().active;
        assert_eq!(lab.store.count_disputed(known.id).await.unwrap(), 3);
        let anna = lab.store.hash(known.id, "anna@example.com");
        let now = ports::Clock::now(lab.clock.as_ref());
        assert_eq!(
            lab.store
                .apply_refusals(known.id, Some(&[anna]), now)
                .await
                .unwrap(),
            1
        );
        a_moment(&lab).await;
        assert!(!active(&lab, "anna@example.com") && active(&lab, "ben@example.com"));
        let listed = lab
            .store
            .contacts_after(known.id, None, 10, ContactFilter::Disputed)
            .await
            .unwrap();
        assert_eq!(listed.len(), 2, "who was dealt with is asked about no more");
        let told = lab
            .store
            .unsubscribes(known.id, Direction::ToShop, None, 0, 10)
            .await
            .unwrap();
        assert_eq!(
            (told.len(), told[0].cause.word(), told[0].hash),
            (1, "applied", anna)
        );

        let now = ports::Clock::now(lab.clock.as_ref());
        assert_eq!(
            lab.store.apply_refusals(known.id, None, now).await.unwrap(),
            1,
            "a customer cannot be written"
        );
        a_day(&lab).await;
        assert!(!active(&lab, "ben@example.com"));
        assert!(
            lab.shops[0]
                .shop
                .customer_by_email("celina@example.com")
                .unwrap()
                .newsletter
        );
        for (name, status) in [("anna", 4), ("ben", 4), ("celina", 3)] {
            assert_eq!(
                lab.shops[0].status(&format!("{name}@example.com")),
                Some(status),
                "{name}"
            );
        }
        assert_eq!(count_of(&lab, 0, Outcome::Suppressed).await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_braked_sweep_that_is_refused_changes_nothing_and_asks_again_the_next_day() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..100 {
                s.shop.add_subscriber(format!("s{n}@example.com"), true);
            }
        })
        .await;
        let shop = &lab.shops[0];
        shop.shop.set_webhook_faults(simulators::shoper::WebhookFaults {
            drop: 1.0,
            ..Default::default()
        });
        for row in shop.shop.subscribers().take(60).collect::<Vec<_>>() {
            shop.shop.set_subscriber_active(row.id, false);
        }
        a_day(&lab).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert!(problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"));
        assert!(lab.engine.refuse_brake(known.id).await.unwrap());
        assert!(
            !lab.engine.refuse_brake(known.id).await.unwrap(),
            "nothing is braked any more"
        );
        lab.settle().await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 100);
        assert!(!problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"));
        let runs = lab.store.runs(known.id, 10).await.unwrap();
        assert!(runs.iter().any(|run| run.state == RunState::Cancelled));
        a_day(&lab).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 100);
        assert!(
            problem_kinds(&lab, 0).await.iter().any(|kind| kind == "brake"),
            "it asks again"
        );
    })
    .await;
}

#[tokio::test]
async fn the_list_of_unsubscribes_follows_a_real_life() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
            s.shop.add_subscriber("link@example.com", true);
            s.shop.add_customer(customer("flag@example.com", true));
        })
        .await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let row = lab.shops[0]
            .shop
            .subscriber_by_email("row@example.com")
            .unwrap()
            .id;
        lab.shops[0].shop.set_subscriber_active(row, false);
        lab.shops[0].sare.operator_signs_out("link@example.com");
        lab.shops[0].sare.operator_signs_out("flag@example.com");
        lab.minutes(30).await;
        let list = async |direction| {
            lab.store
                .unsubscribes(known.id, direction, None, 0, 10)
                .await
                .unwrap()
        };
        let to_sare = list(Direction::ToSare).await;
        assert_eq!(to_sare.len(), 1, "{to_sare:?}");
        assert_eq!(to_sare[0].told, Some(Told::Told));
        assert!(to_sare[0].told_at.unwrap() >= to_sare[0].at);
        let to_shop = list(Direction::ToShop).await;
        let told = |email: &str| {
            let hash = lab.store.hash(known.id, email);
            let one = to_shop.iter().find(|one| one.hash == hash).unwrap();
            one.told.unwrap().word()
        };
        assert_eq!(to_shop.len(), 2);
        assert_eq!(told("link@example.com"), "told");
        assert_eq!(
            told("flag@example.com"),
            "kept",
            "a customer's flag cannot be written"
        );
        assert!(
            !lab.shops[0]
                .shop
                .subscriber_by_email("link@example.com")
                .unwrap()
                .active
        );
    })
    .await;
}
