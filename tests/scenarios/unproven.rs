//! A withdrawal is not done before SARE shows it: what SARE does not obey is tried again until it does.

use std::time::Duration;

use store::{RunKind, RunState};

use crate::words::*;

const ROW: &str = "row@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Writes of a status since `from` in the log.
fn tries(lab: &shoper_sare::lab::Lab, from: usize) -> usize {
    writes(&lab.shops[0], from)
}

fn logged(lab: &shoper_sare::lab::Lab) -> usize {
    lab.shops[0].sare.request_log().len()
}

/// A shop whose account obeys no lowering for so many days, with one subscriber who has just withdrawn.
async fn a_withdrawal_not_obeyed(lab: &mut shoper_sare::lab::Lab, days: i64) {
    let mut setup = ShopSetup::default();
    setup.sare.deaf_to_lowering_until = lab.now() + days * 86_400_000;
    setup.sare.request_log = 1_000_000;
    live_shop_with(lab, setup, CONFIG, |s| {
        s.shop.add_subscriber(ROW, true);
        s.shop.add_subscriber("other@example.com", true);
    })
    .await;
    let id = lab.shops[0].shop.subscriber_by_email(ROW).unwrap().id;
    lab.shops[0].shop.set_subscriber_active(id, false);
}

#[tokio::test]
async fn a_withdrawal_that_sare_ignores_is_tried_again_until_it_is_proven_and_stays_a_problem_meanwhile() {
    each_database_over_days(async |mut lab| {
        a_withdrawal_not_obeyed(&mut lab, 2).await;
        lab.minutes(10).await;
        assert_eq!(lab.shops[0].status(ROW), Some(CONFIRMED));
        assert_eq!(problem_kinds(&lab, 0).await, ["status-not-taken"]);
        assert!(
            lab.shops[0].groups(ROW).is_empty(),
            "out of our groups at least: {:?}",
            lab.shops[0].groups(ROW)
        );
        for day in 1..2 {
            let before = logged(&lab);
            lab.pass(DAY).await;
            let tried = tries(&lab, before);
            assert!(tried > 0, "day {day}: nothing was tried");
            assert!(tried < 60, "day {day}: {tried} writes");
            assert_eq!(problem_kinds(&lab, 0).await, ["status-not-taken"], "day {day}");
        }
        lab.pass(2 * DAY).await;
        assert_eq!(lab.shops[0].status(ROW), Some(REMOVAL_REQUESTED));
        assert!(problem_kinds(&lab, 0).await.is_empty());
        assert_eq!(lab.shops[0].status("other@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_person_a_sweep_and_a_forced_run_have_an_ignored_withdrawal_tried_at_once() {
    each_database_over_days(async |mut lab| {
        a_withdrawal_not_obeyed(&mut lab, 30).await;
        lab.pass(DAY).await;
        let known = lab.shops[0].known(&lab.store).await.unwrap();

        let before = logged(&lab);
        assert_eq!(
            lab.store.problem_retry(known.id, None, lab.now()).await.unwrap(),
            1
        );
        lab.minutes(1).await;
        assert!(tries(&lab, before) > 0, "a person asked");
        lab.minutes(10).await;
        for kind in [RunKind::Sweep, RunKind::Forced] {
            let before = logged(&lab);
            assert_eq!(run(&lab, 0, kind).await.state, RunState::Done);
            assert!(tries(&lab, before) > 0, "{kind:?}");
            lab.minutes(10).await;
        }
        assert_eq!(problem_kinds(&lab, 0).await, ["status-not-taken"]);

        // SARE obeys again, and takes another of the refusals only.
        lab.shops[0].sare.change_settings(|settings| {
            settings.deaf_to_lowering_until = 0;
            settings.updatable_statuses = vec![3, 5, 6, 8];
        });
        lab.store.problem_retry(known.id, None, lab.now()).await.unwrap();
        lab.minutes(4).await;
        assert_eq!(lab.shops[0].status(ROW), Some(3));
        assert!(problem_kinds(&lab, 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn whoever_opts_in_again_while_a_withdrawal_is_ignored_is_back_in_the_groups() {
    each_database(async |mut lab| {
        a_withdrawal_not_obeyed(&mut lab, 30).await;
        lab.pass(DAY).await;
        assert!(lab.shops[0].groups(ROW).is_empty());
        let id = lab.shops[0].shop.subscriber_by_email(ROW).unwrap().id;
        lab.shops[0].shop.set_subscriber_active(id, true);
        lab.minutes(10).await;
        assert_eq!(lab.shops[0].groups(ROW), [22]);
        assert!(problem_kinds(&lab, 0).await.is_empty());
        assert_eq!(lab.shops[0].status(ROW), Some(CONFIRMED));
        lab.minutes(90).await;
        // A refusal made in SARE from here on is one, and reaches the shop.
        lab.shops[0]
            .sare
            .change_settings(|s| s.deaf_to_lowering_until = 0);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe(ROW));
        lab.minutes(10).await;
        assert!(!lab.shops[0].shop.subscriber_by_email(ROW).unwrap().active);
    })
    .await;
}
