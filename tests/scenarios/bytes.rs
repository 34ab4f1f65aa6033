//! Answers with more in them than their senders meant: marks, compression, bytes of another character set, dates.

use std::time::Duration;

use simulators::faults::{Fault, FaultRule};

use crate::words::*;

#[tokio::test]
async fn bytes_before_and_inside_answers_spoil_nothing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop
                .add_customer(customer("first@example.com", true).name("Paweł", "Wałęsa"));
        })
        .await;
        for (number, fault) in [Fault::Marks, Fault::Gzip, Fault::Latin2].into_iter().enumerate() {
            lab.shops[0].shop.set_faults([FaultRule::always(fault.clone())]);
            lab.shops[0].sare.faults().clear();
            lab.shops[0].sare.faults().add(FaultRule::always(fault.clone()));
            // New people come in, the token is renewed, and who is deleted in the shop leaves our group: a 404 is read.
            let gone = format!("gone{number}@example.com");
            lab.shops[0].shop.end_access_tokens();
            let id = lab.shops[0]
                .shop
                .add_customer(customer(&gone, true).name("Paweł", "Wałęsa"));
            lab.minutes(5).await;
            assert_eq!(lab.shops[0].status(&gone), Some(CONFIRMED), "{fault:?}");
            assert_eq!(lab.shops[0].groups(&gone), [21], "{fault:?}");
            lab.shops[0].shop.delete_customer(id);
            lab.minutes(5).await;
            assert!(lab.shops[0].groups(&gone).is_empty(), "{fault:?}");
            let run = run(&lab, 0, store::RunKind::Sweep).await;
            assert_eq!(run.state, store::RunState::Done, "{fault:?}");
            assert_eq!(problem_kinds(&lab, 0).await, Vec::<String>::new(), "{fault:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn both_services_are_left_alone_until_the_date_that_they_name() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        for of_shop in [true, false] {
            let rule = FaultRule::always(Fault::RetryAfterDate(50)).times(1);
            if of_shop {
                lab.shops[0].shop.set_faults([rule]);
            } else {
                lab.shops[0].sare.faults().add(rule.path("email/add"));
            }
            let email = format!("new{of_shop}@example.com");
            lab.shops[0].shop.add_subscriber(email.clone(), true);
            lab.pass(Duration::from_secs(45)).await;
            assert_eq!(lab.shops[0].status(&email), None, "of_shop: {of_shop}");
            lab.pass(Duration::from_secs(20)).await;
            assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "of_shop: {of_shop}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_odd_refusal_of_the_token_endpoint_costs_minutes_and_not_the_access() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        let shop = lab.shops[0].shop.clone();
        let odd = Fault::Answer(400, r#"{"error":"Bad Request"}"#.to_owned());
        shop.faults().add(FaultRule::always(odd).path("oauth/token"));
        shop.end_access_tokens();
        shop.add_subscriber("anna@example.com", true);
        lab.minutes(2).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert_eq!(known.state, store::ShopState::Connected);
        shop.faults().clear();
        lab.minutes(5).await;
        assert_eq!(lab.shops[0].status("anna@example.com"), Some(CONFIRMED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_shop_whose_answers_name_no_new_refresh_token_stays_connected() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.shop.refresh_omits_token = true;
        live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
        for round in 0..4 {
            // Long enough for the access token to need renewal.
            lab.clock.advance(Duration::from_secs(89 * 86_400 + 7_200));
            lab.minutes(5).await;
            let email = format!("round{round}@example.com");
            lab.shops[0].shop.add_subscriber(email.clone(), true);
            lab.minutes(10).await;
            assert_eq!(lab.shops[0].status(&email), Some(CONFIRMED), "round {round}");
            let known = lab.shops[0].known(&lab.store).await.unwrap();
            assert_eq!(known.state, store::ShopState::Connected);
        }
    })
    .await;
}

#[tokio::test]
async fn tokens_of_any_life_are_renewed_in_time_and_not_all_the_time() {
    each_database_over_days(async |mut lab| {
        // The life, and how many renewals a day are sensible.
        for (life, told, at_most) in [
            (Some(86_400_u64), true, 3),
            (Some(3 * 3_600), true, 13),
            (None, false, 3),
        ] {
            let mut setup = ShopSetup::default();
            setup.shop.access_lifetime = Duration::from_secs(life.unwrap_or(90 * 86_400));
            setup.shop.tells_lifetime = told;
            let index = lab.shops.len();
            live_shop_with(&mut lab, setup, CONFIG, |_| {}).await;
            let before = lab.shops[index].shop.requests_by("oauth/token");
            for hour in 0..12 {
                lab.shops[index]
                    .shop
                    .add_subscriber(format!("h{hour}@example.com"), true);
                lab.minutes(120).await;
            }
            let renewed = lab.shops[index].shop.requests_by("oauth/token") - before;
            assert!(renewed <= at_most, "{life:?}: {renewed} renewals in a day");
            let refused = lab.shops[index]
                .shop
                .request_log()
                .iter()
                .filter(|r| r.status == 401)
                .count();
            assert_eq!(refused, 0, "{life:?}: in time");
            assert_eq!(lab.shops[index].sare.mailable().len(), 12, "{life:?}");
        }
    })
    .await;
}
