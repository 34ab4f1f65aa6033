//! Events that are lost: between sweeps, while no server lives, and while a service is away.

use std::time::Duration;

use shoper_sare::lab::{Lab, LabShop};
use simulators::faults::{Fault, FaultRule};
use simulators::shoper::WebhookFaults;
use store::{RunKind, RunState};

use crate::words::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn people(s: &LabShop) {
    for n in 0..5 {
        s.shop.add_subscriber(format!("s{n}@example.com"), true);
        s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
    }
}

fn lose_webhooks(lab: &Lab) {
    lab.shops[0].shop.set_webhook_faults(WebhookFaults {
        drop: 1.0,
        ..WebhookFaults::default()
    });
}

fn set_active(lab: &Lab, email: &str, active: bool) {
    let shop = &lab.shops[0].shop;
    shop.set_subscriber_active(shop.subscriber_by_email(email).unwrap().id, active);
}

async fn standing(lab: &Lab) -> engine::LaneStanding {
    let shop = lab.shops[0].known(&lab.store).await.unwrap();
    engine::standing(&lab.store, shop.id).await.unwrap()
}

/// When sweeps were begun, the oldest first.
async fn sweeps(lab: &Lab) -> Vec<i64> {
    let shop = lab.shops[0].known(&lab.store).await.unwrap();
    let mut begun: Vec<i64> = lab
        .store
        .runs(shop.id, 100)
        .await
        .unwrap()
        .iter()
        .filter(|run| run.kind == RunKind::Sweep)
        .filter_map(|run| run.started_at)
        .collect();
    begun.sort_unstable();
    begun
}

#[tokio::test]
async fn an_event_lost_between_the_end_of_a_sweep_and_the_first_comparison_after_it_is_noticed() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        lab.minutes(90).await;
        lose_webhooks(&lab);
        let shop = lab.shops[0].known(&lab.store).await.unwrap();
        let body = engine::Body {
            allow_mailable: true,
            ..engine::Body::default()
        };
        let id = lab
            .store
            .create_run(shop.id, RunKind::Forced, &body.text(), lab.now())
            .await
            .unwrap();
        lab.store.wake(shop.id, lab.now()).await.unwrap();
        while lab.store.run(shop.id, id).await.unwrap().unwrap().state != RunState::Done {
            lab.pass(Duration::from_millis(20)).await;
        }
        set_active(&lab, "s1@example.com", false);
        lab.minutes(30).await;
        assert_eq!(lab.shops[0].status("s1@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn sweeps_begin_at_most_a_day_apart_though_one_comes_early() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        for hours in [3, 30, 7, 13, 26] {
            lab.minutes(hours * 60).await;
            // A difference in the counts brings the sweep early.
            lose_webhooks(&lab);
            set_active(&lab, "s1@example.com", hours % 2 == 0);
            lab.minutes(30).await;
        }
        let begun = sweeps(&lab).await;
        assert!(begun.len() >= 5, "{begun:?}");
        for pair in begun.windows(2) {
            assert!(pair[1] - pair[0] <= DAY + 10 * MINUTE, "{begun:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_only_a_sweep_can_find_is_found_within_a_day_whenever_the_last_one_was() {
    for hours in [5, 17] {
        each_database_over_days(async |mut lab| {
            live_shop(&mut lab, CONFIG, people).await;
            lab.minutes(hours * 60).await;
            lose_webhooks(&lab);
            set_active(&lab, "s1@example.com", false);
            lab.minutes(30).await;
            // One comes and one goes: the counts say nothing.
            set_active(&lab, "s1@example.com", true);
            set_active(&lab, "s2@example.com", false);
            lab.minutes(24 * 60 + 30).await;
            assert_eq!(
                lab.shops[0].status("s2@example.com"),
                Some(REMOVAL_REQUESTED),
                "{hours}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn rows_that_cannot_be_kept_bring_no_sweep() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            people(s);
            s.shop.add_customer(customer("no address at all", true));
            s.shop.add_subscriber("none", true);
            s.shop.add_subscriber("none either", false);
        })
        .await;
        lab.minutes(6 * 60).await;
        assert_eq!(sweeps(&lab).await, Vec::<i64>::new());
    })
    .await;
}

#[tokio::test]
async fn what_happens_while_no_server_lives_is_made_up_for_within_the_hour() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        lab.minutes(120).await;
        set_active(&lab, "s3@example.com", false);
        lab.minutes(30).await;
        let from = lab.now();
        let away = Duration::from_secs(2 * 3_600);
        // In the middle of it one comes and one goes: neither the look nor the counts show that.
        set_active(&lab, "s1@example.com", false);
        set_active(&lab, "s3@example.com", true);
        lab.away(away).await.unwrap();
        lab.minutes(1).await;
        let shop = lab.shops[0].known(&lab.store).await.unwrap();
        let absence = lab.store.last_absence().await.unwrap().unwrap();
        assert!((absence.from - from).abs() <= 2 * MINUTE, "{absence:?}");
        assert!((absence.to - from - 2 * HOUR).abs() <= 2 * MINUTE, "{absence:?}");
        assert!(
            standing(&lab).await.read_from < absence.to,
            "it is being made up for"
        );
        assert!(standing(&lab).await.next_sweep_at <= absence.to + HOUR);
        lab.minutes(60).await;
        assert_eq!(lab.shops[0].status("s1@example.com"), Some(REMOVAL_REQUESTED));
        assert!(standing(&lab).await.read_from >= absence.to, "it is made up for");
        let before = lab.store.runs(shop.id, 100).await.unwrap().len();
        lab.minutes(120).await;
        assert_eq!(
            lab.store.runs(shop.id, 100).await.unwrap().len(),
            before,
            "once is enough"
        );
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_lost_a_webhook_while_no_server_lived_is_read_at_once() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        lab.minutes(120).await;
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        set_active(&lab, "s1@example.com", false);
        lab.away(Duration::from_secs(1_800)).await.unwrap();
        lab.minutes(4).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].status("s1@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}

#[tokio::test]
async fn a_restart_of_a_moment_is_no_absence() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        lab.minutes(30).await;
        lab.away(Duration::from_secs(90)).await.unwrap();
        lab.minutes(120).await;
        assert_eq!(lab.store.last_absence().await.unwrap(), None);
        assert_eq!(sweeps(&lab).await, Vec::<i64>::new());
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_away_for_more_than_a_few_minutes_is_a_problem_until_it_is_back() {
    for side in ["sare-away", "shop-away"] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, people).await;
            lab.minutes(30).await;
            let away = FaultRule::always(Fault::Status(503));
            let shop = &lab.shops[0];
            match side {
                "sare-away" => shop.sare.faults().add(away),
                _ => shop.shop.set_faults([away]),
            }
            let began = lab.now();
            set_active(&lab, "s1@example.com", false);
            lab.minutes(3).await;
            assert!(!problem_kinds(&lab, 0).await.contains(&side.to_owned()), "{side}");
            lab.minutes(9).await;
            let known = lab.shops[0].known(&lab.store).await.unwrap();
            let problems = lab.store.problems(known.id, 10, 0).await.unwrap();
            let problem = problems.iter().find(|problem| problem.kind.word() == side);
            let lane = lab.store.lane(known.id).await.unwrap();
            let problem = problem.unwrap_or_else(|| {
                panic!(
                    "{side} is not told: {problems:?}, {lane:?}, {began}, {}",
                    lab.now()
                )
            });
            assert!(
                (problem.first_at - began).abs() <= 5 * MINUTE,
                "since when: {problem:?}"
            );
            assert_eq!(problem.detail.as_deref(), Some("1"), "what waits");
            // Neither forgotten nor told twice by the next server.
            lab.restart().await.unwrap();
            lab.minutes(12).await;
            let told = |kinds: Vec<String>| kinds.iter().filter(|kind| *kind == side).count();
            assert_eq!(told(problem_kinds(&lab, 0).await), 1);
            let shop = &lab.shops[0];
            shop.sare.faults().clear();
            shop.shop.faults().clear();
            lab.minutes(12).await;
            assert_eq!(told(problem_kinds(&lab, 0).await), 0, "{side}");
            assert_eq!(lab.shops[0].status("s1@example.com"), Some(REMOVAL_REQUESTED));
        })
        .await;
    }
}
