//! Installation, removal, and the keys to a shop.

use std::time::Duration;

use desk::{Patience, ShopSide};
use simulators::faults::{Fault, FaultRule};
use store::ShopState;

use crate::words::*;

#[tokio::test]
async fn a_replayed_install_never_destroys_working_tokens() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        let message = lab.shops[0].shop.install_message();
        assert_eq!(lab.send_lifecycle(&message).await.unwrap(), 200);
        lab.configure(index, CONFIG).await.unwrap();
        lab.settle().await;
        assert_eq!(lab.send_lifecycle(&message).await.unwrap(), 200);
        lab.minutes(5).await;
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        lab.minutes(1).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_forged_message_is_refused() {
    each_database(async |mut lab| {
        lab.add_shop(ShopSetup::default());
        let mut message = lab.shops[0].shop.install_message();
        for pair in &mut message {
            if pair.0 == "shop_url" {
                pair.1 = "https://evil.example".to_owned();
            }
        }
        assert_eq!(lab.send_lifecycle(&message).await.unwrap(), 401);
        assert!(lab.shops[0].known(&lab.store).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn mc_woocommerce_771_removal_erases_only_our_own_and_a_reinstallation_begins_anew() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let foreign = lab.shops[0]
            .shop
            .add_foreign_webhook("https://other.example/hook", &["order.create"]);
        lab.shops[0].shop.configure(|settings| {
            settings.token_works_at_uninstall = true;
            settings.webhooks_deleted_at_uninstall = false;
        });
        let message = lab.shops[0].shop.uninstall_message();
        assert_eq!(lab.send_lifecycle(&message).await.unwrap(), 200);
        lab.pass(Duration::from_secs(10)).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert_eq!(known.state, ShopState::Removed);
        assert!(known.config.is_none());
        let counts = lab.store.counts(known.id).await.unwrap();
        assert_eq!((counts.contacts, counts.subscribers), (0, 0));
        let hooks = lab.shops[0].shop.webhooks();
        assert_eq!(hooks.iter().map(|w| w.id).collect::<Vec<_>>(), [foreign]);
        assert_eq!(
            lab.shops[0].status("row@example.com"),
            Some(CONFIRMED),
            "SARE is left as it is"
        );
        // Time passes; the merchant comes back.
        lab.minutes(60).await;
        lab.install(0).await.unwrap();
        lab.configure(0, CONFIG).await.unwrap();
        lab.settle().await;
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        lab.minutes(1).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn an_uninstall_older_than_the_last_install_is_ignored() {
    each_database(async |mut lab| {
        let index = lab.add_shop(ShopSetup::default());
        lab.install(index).await.unwrap();
        lab.minutes(1).await;
        let late = lab.shops[0].shop.uninstall_message();
        lab.minutes(5).await;
        lab.install(index).await.unwrap();
        lab.configure(index, CONFIG).await.unwrap();
        lab.minutes(1).await;
        assert_eq!(lab.send_lifecycle(&late).await.unwrap(), 200);
        lab.minutes(1).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert_eq!(known.state, ShopState::Connected);
    })
    .await;
}

#[tokio::test]
async fn pages_that_are_open_when_a_token_ends_renew_it_once_between_them() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        let (engine, shop) = (lab.engine.clone(), lab.shops[0].shop.clone());
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let open = || ShopSide::open(&engine, &known, Patience::Once);
        let (first, second) = (open().await.unwrap(), open().await.unwrap());
        let late = open().await.unwrap();
        shop.end_access_tokens();
        let before = shop.requests_by("oauth/token");
        let ask = async |side: &ShopSide| side.ask(|c| async move { c.languages().await }).await.is_ok();
        let (one, other) = lab.drive(async { tokio::join!(ask(&first), ask(&second)) }).await;
        assert!(one && other, "each of the two waits for the one renewal");
        assert!(
            lab.drive(ask(&late)).await,
            "with the token that was got meanwhile"
        );
        assert_eq!(shop.requests_by("oauth/token") - before, 1);
    })
    .await;
}

#[tokio::test]
async fn engram_389_a_refresh_token_is_used_once_and_survives_crashes() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        for round in 0..6_u64 {
            // Long enough for the access token to need renewal.
            lab.clock.advance(Duration::from_secs(89 * 86_400 + 7_200));
            lab.network
                .halt_after(round, simulators::network::Halt::Interrupted);
            lab.pass(Duration::from_secs(5)).await;
            lab.restart().await.unwrap();
            lab.minutes(30).await;
            lab.shops[0]
                .shop
                .add_subscriber(format!("r{round}@example.com"), true);
            lab.minutes(10).await;
            assert_eq!(
                lab.shops[0].status(&format!("r{round}@example.com")),
                Some(CONFIRMED),
                "round {round}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn tokens_refused_for_good_are_told_and_a_reinstallation_mends_them() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |_| {}).await;
        lab.shops[0].shop.revoke_tokens();
        lab.minutes(10).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert_eq!(known.state, ShopState::AccessLost);
        assert!(
            problem_kinds(&lab, 0)
                .await
                .iter()
                .any(|kind| kind == "shop-access")
        );
        lab.shops[0].shop.add_subscriber("waits@example.com", true);
        lab.minutes(1).await;
        lab.install(0).await.unwrap();
        lab.minutes(5).await;
        assert_eq!(lab.shops[0].status("waits@example.com"), Some(CONFIRMED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_refused_us_counts_as_connected_only_when_it_has_answered_again() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        let refuses = FaultRule::always(Fault::Status(401));
        lab.shops[0].shop.set_faults([refuses]);
        // Refused tokens are renewed, and what is refused then is tried again every hour.
        for minute in 0..150 {
            lab.minutes(1).await;
            let known = lab.shops[0].known(&lab.store).await.unwrap();
            if minute > 5 {
                assert_eq!(known.state, ShopState::AccessLost, "minute {minute}");
            }
        }
        assert_eq!(problem_kinds(&lab, 0).await, ["shop-access"]);
        lab.shops[0].shop.faults().clear();
        lab.shops[0].shop.add_subscriber("waits@example.com", true);
        lab.minutes(65).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        assert_eq!(known.state, ShopState::Connected);
        assert_eq!(lab.shops[0].status("waits@example.com"), Some(CONFIRMED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}
