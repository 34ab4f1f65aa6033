//! Records that the shop cannot put into words, or not so that they can be read: each is told by name, and stops nobody
//! else.

use std::time::Duration;

use engine::Body;
use http::Method;
use shoper_sare::lab::{Lab, LabShop};
use simulators::faults::{Fault, FaultRule};
use simulators::shoper::{FilterMode, OddMember, Spoiling, Spoilt, WebhookFaults};
use store::{Problem, RunKind, RunState};
use sync_core::Cause;

use crate::words::*;

/// A shop with so many customers `c1@…`, none of whom is in SARE yet; the app is configured and nothing was read.
async fn full_shop(
    lab: &mut Lab,
    many: i64,
    change: impl FnOnce(&mut ShopSetup),
    before: impl FnOnce(&LabShop),
) {
    let mut setup = ShopSetup::default();
    change(&mut setup);
    let index = lab.add_shop(setup);
    for n in 1..=many {
        let id = lab.shops[index]
            .shop
            .add_customer(customer(&format!("c{n}@example.com"), n % 2 == 0));
        assert_eq!(id, n, "ids are numbers of addresses here");
    }
    before(&lab.shops[index]);
    lab.install(index).await.expect("installed");
    lab.configure(index, CONFIG).await.expect("configured");
}

async fn problems(lab: &Lab) -> Vec<Problem> {
    let shop = lab.shops[0].known(&lab.store).await.expect("known");
    let mut all = lab.store.problems(shop.id, 100, 0).await.expect("the ledger");
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

async fn problem_keys(lab: &Lab) -> Vec<(String, String)> {
    let all = problems(lab).await.into_iter();
    all.map(|problem| (problem.key, problem.kind.to_string()))
        .collect()
}

fn unreadable(keys: &[&str]) -> Vec<(String, String)> {
    let one = |key: &&str| ((*key).to_owned(), "record-unreadable".to_owned());
    keys.iter().map(one).collect()
}

fn in_sare(shop: &LabShop, many: i64) -> Vec<i64> {
    let is_there = |n: &i64| shop.sare.contact(&format!("c{n}@example.com")).is_some();
    (1..=many).filter(is_there).collect()
}

fn all_but(many: i64, not: &[i64]) -> Vec<i64> {
    (1..=many).filter(|n| !not.contains(n)).collect()
}

fn spoil(shop: &LabShop, resource: &str, ids: &[i64], how: Spoiling) {
    let spoilt = ids.iter().map(|id| Spoilt::new(resource, *id, how)).collect();
    shop.shop.configure(|settings| settings.spoilt = spoilt);
}

const WAYS: [Spoiling; 5] = [
    Spoiling::Status(500),
    Spoiling::Empty,
    Spoiling::Huge,
    Spoiling::Silent,
    Spoiling::Cut,
];

#[tokio::test]
async fn one_record_that_spoils_its_page_is_named_and_all_others_are_synchronised() {
    for how in WAYS {
        each_database(async |mut lab| {
            full_shop(&mut lab, 150, |_| {}, |s| spoil(s, "users", &[77], how)).await;
            lab.minutes(15).await;
            let run = newest_run(&lab, 0).await;
            assert_eq!(run.state, RunState::Done, "{how:?}");
            assert_eq!(in_sare(&lab.shops[0], 150), all_but(150, &[77]), "{how:?}");
            assert_eq!(problem_keys(&lab).await, unreadable(&["u:77"]), "{how:?}");
            assert_eq!(Body::parse(&run.body).counters.failed, 1, "{how:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_page_without_the_rows_that_it_counts_is_no_end_of_the_list() {
    for bad in [7, 77, 150] {
        each_database(async |mut lab| {
            full_shop(
                &mut lab,
                150,
                |_| {},
                |s| {
                    let one = Spoilt::new("users", bad, Spoiling::Hollow).in_lists_only();
                    s.shop.configure(|settings| settings.spoilt = vec![one]);
                },
            )
            .await;
            lab.minutes(20).await;
            assert_eq!(newest_run(&lab, 0).await.state, RunState::Done, "{bad}");
            assert_eq!(in_sare(&lab.shops[0], 150), all_but(150, &[]), "{bad}");
            // A whole reading later finds nobody gone.
            let forced = run(&lab, 0, RunKind::Forced).await;
            let body = Body::parse(&forced.body);
            assert_eq!(forced.state, RunState::Done, "{bad}");
            // Of the last one of a list not even the number is certain: it is looked up, as everybody who seems to be gone.
            assert_eq!(body.statement.gone, i64::from(bad == 150), "{bad}");
            assert_eq!(in_sare(&lab.shops[0], 150), all_but(150, &[]), "{bad}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_list_that_gives_out_nothing_of_what_it_counts_is_told_and_stops_no_run() {
    for (count, key) in [(3, "shop:passed-over:s"), (80, "shop:list-short:s")] {
        each_database(async |mut lab| {
            full_shop(
                &mut lab,
                5,
                |_| {},
                |s| {
                    let hollow = format!(r#"{{"count":"{count}","pages":2,"page":1,"list":[]}}"#);
                    let rule = FaultRule::always(Fault::Answer(200, hollow));
                    s.shop.faults().add(rule.path("/webapi/rest/subscribers?"));
                },
            )
            .await;
            lab.minutes(15).await;
            assert_eq!(newest_run(&lab, 0).await.state, RunState::Done, "{count}");
            assert_eq!(in_sare(&lab.shops[0], 5).len(), 5, "{count}");
            let told = problem_keys(&lab).await;
            assert!(told.iter().any(|(told, _)| told == key), "{told:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_row_whose_number_cannot_be_read_is_told_and_not_lost_without_a_word() {
    each_database(async |mut lab| {
        full_shop(
            &mut lab,
            60,
            |_| {},
            |s| {
                let odd = OddMember {
                    resource: "users".to_owned(),
                    id: 30,
                    member: "user_id".to_owned(),
                    json: "\"30abc\"".to_owned(),
                };
                s.shop.configure(|settings| settings.odd_members = vec![odd]);
            },
        )
        .await;
        lab.minutes(20).await;
        assert_eq!(newest_run(&lab, 0).await.state, RunState::Done);
        assert_eq!(in_sare(&lab.shops[0], 60), all_but(60, &[30]));
        let told = problem_keys(&lab).await;
        let unreadable = ("u:30".to_owned(), "record-unreadable".to_owned());
        assert!(told.contains(&unreadable), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn one_record_that_is_forbidden_is_that_records_problem() {
    let forbidden = r#"{"error":"insufficient_scope","error_description":"no"}"#;
    each_database(async |mut lab| {
        full_shop(&mut lab, 5, |_| {}, |_| {}).await;
        lab.minutes(15).await;
        let rule = FaultRule::always(Fault::Answer(403, forbidden.to_owned())).path("/users/3");
        lab.shops[0].shop.faults().add(rule);
        lab.shops[0].shop.edit_customer(3, |c| c.firstname = "Ewa".into());
        a_moment(&lab).await;
        lab.minutes(5).await;
        assert_eq!(problem_keys(&lab).await, unreadable(&["u:3"]));
        lab.shops[0].shop.faults().clear();
        a_day(&lab).await;
        assert!(problem_keys(&lab).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_not_utf8_spoils_neither_its_page_nor_itself() {
    each_database(async |mut lab| {
        full_shop(
            &mut lab,
            150,
            |_| {},
            |s| spoil(s, "users", &[77], Spoiling::NotUtf8),
        )
        .await;
        lab.minutes(15).await;
        assert_eq!(in_sare(&lab.shops[0], 150), all_but(150, &[]));
    })
    .await;
}

#[tokio::test]
async fn a_record_is_found_wherever_it_stands_by_id_and_by_numbered_pages() {
    for (mode, bad) in [
        (FilterMode::Works, &[1_i64][..]),
        (FilterMode::Works, &[50, 51]),
        (FilterMode::Works, &[3, 4, 5, 120]),
        (FilterMode::Ignored, &[1]),
        (FilterMode::Ignored, &[49, 50, 51]),
        (FilterMode::Error404, &[20, 75, 110]),
    ] {
        each_database(async |mut lab| {
            let change = |setup: &mut ShopSetup| setup.shop.user_id_filter = mode;
            full_shop(&mut lab, 120, change, |s| {
                spoil(s, "users", bad, Spoiling::Status(500))
            })
            .await;
            lab.minutes(30).await;
            let what = format!("{mode:?} {bad:?}");
            assert_eq!(newest_run(&lab, 0).await.state, RunState::Done, "{what}");
            assert_eq!(in_sare(&lab.shops[0], 120), all_but(120, bad), "{what}");
            let mut keys: Vec<String> = bad.iter().map(|id| format!("u:{id}")).collect();
            keys.sort();
            let told = problem_keys(&lab).await;
            let named: Vec<String> = told
                .into_iter()
                .map(|(key, _)| key)
                .filter(|key| key.starts_with("u:"))
                .collect();
            assert_eq!(named, keys, "{what}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_spoilt_record_is_tried_again_and_arrives_when_the_shop_can_tell_it() {
    each_database_over_days(async |mut lab| {
        full_shop(
            &mut lab,
            60,
            |_| {},
            |s| spoil(s, "users", &[7], Spoiling::Status(500)),
        )
        .await;
        lab.minutes(15).await;
        // The daily sweep meets it again, and takes it neither for gone nor for one too many.
        a_day(&lab).await;
        assert_eq!(problem_keys(&lab).await, unreadable(&["u:7"]));
        assert_eq!(newest_run(&lab, 0).await.kind, RunKind::Sweep);
        lab.shops[0].shop.configure(|settings| settings.spoilt.clear());
        a_day(&lab).await;
        assert_eq!(in_sare(&lab.shops[0], 60).len(), 60);
        assert!(problem_keys(&lab).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_record_that_only_spoils_lists_is_read_by_itself() {
    each_database(async |mut lab| {
        let spoilt = |s: &LabShop| {
            let one = Spoilt::new("users", 7, Spoiling::Status(500)).in_lists_only();
            s.shop.configure(|settings| settings.spoilt = vec![one]);
        };
        full_shop(&mut lab, 60, |_| {}, spoilt).await;
        lab.minutes(15).await;
        assert_eq!(in_sare(&lab.shops[0], 60).len(), 60);
        assert!(problem_keys(&lab).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn known_people_whose_record_is_spoilt_later_are_not_missing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 1..=60 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        let many: Vec<i64> = (10..40).collect();
        spoil(&lab.shops[0], "users", &many, Spoiling::Status(500));
        let sweep = run(&lab, 0, RunKind::Sweep).await;
        assert_eq!(sweep.state, RunState::Done, "not braked: {sweep:?}");
        let body = Body::parse(&sweep.body);
        assert_eq!((body.statement.gone, body.statement.unmailable), (0, 0));
        assert_eq!(lab.shops[0].sare.mailable().len(), 60);
        let told = problems(&lab).await;
        assert!(
            told.len() >= 30
                && told
                    .iter()
                    .all(|problem| problem.kind.word().starts_with("record-")),
            "{told:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_live_change_of_a_spoilt_record_keeps_nobody_waiting() {
    for how in [Spoiling::Status(500), Spoiling::Silent, Spoiling::Empty] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                for n in 1..=12 {
                    s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
                }
            })
            .await;
            spoil(&lab.shops[0], "users", &[5], how);
            for n in 1..=12 {
                lab.shops[0].shop.edit_customer(n, |c| c.newsletter = false);
            }
            lab.minutes(20).await;
            for n in all_but(12, &[5]) {
                let status = lab.shops[0].status(&format!("c{n}@example.com"));
                assert_eq!(status, Some(REMOVAL_REQUESTED), "{how:?} {n}");
            }
            assert_eq!(
                lab.shops[0].status("c5@example.com"),
                Some(CONFIRMED),
                "nobody said no for it yet"
            );
            assert_eq!(problem_keys(&lab).await, unreadable(&["u:5"]), "{how:?}");
            lab.shops[0].shop.configure(|settings| settings.spoilt.clear());
            lab.pass(Duration::from_secs(3 * 3600)).await;
            assert_eq!(
                lab.shops[0].status("c5@example.com"),
                Some(REMOVAL_REQUESTED),
                "{how:?}"
            );
            assert!(problem_keys(&lab).await.is_empty(), "{how:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn the_look_for_new_people_goes_past_a_spoilt_one() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("c1@example.com", true));
        })
        .await;
        lab.shops[0].shop.set_webhook_faults(WebhookFaults {
            drop: 1.0,
            ..WebhookFaults::default()
        });
        spoil(&lab.shops[0], "users", &[4], Spoiling::Status(500));
        for n in 2..=8 {
            lab.shops[0]
                .shop
                .add_customer(customer(&format!("c{n}@example.com"), true));
        }
        lab.minutes(30).await;
        assert_eq!(in_sare(&lab.shops[0], 8), all_but(8, &[4]));
        assert_eq!(problem_keys(&lab).await, unreadable(&["u:4"]));
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_is_away_makes_no_record_a_culprit() {
    for fault in [
        Fault::Status(500),
        Fault::Html,
        Fault::CutBefore,
        Fault::Slow(Duration::from_secs(60)),
    ] {
        each_database(async |mut lab| {
            let away = |s: &LabShop| {
                s.shop
                    .faults()
                    .add(FaultRule::always(fault.clone()).method(Method::GET))
            };
            full_shop(&mut lab, 60, |_| {}, away).await;
            lab.minutes(40).await;
            let told = problems(&lab).await;
            assert!(
                !told
                    .iter()
                    .any(|problem| problem.kind.word().starts_with("record-")),
                "{fault:?}: {told:?}"
            );
            lab.shops[0].shop.faults().clear();
            lab.minutes(20).await;
            assert_eq!(newest_run(&lab, 0).await.state, RunState::Done);
            assert_eq!(in_sare(&lab.shops[0], 60).len(), 60);
            let told = problems(&lab).await;
            assert!(told.is_empty(), "{fault:?}: {told:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn while_the_first_synchronisation_stands_still_it_says_so_and_refusals_reach_the_shop() {
    each_database(async |mut lab| {
        full_shop(
            &mut lab,
            5,
            |_| {},
            |s| {
                for n in 0..30 {
                    s.shop.add_subscriber(format!("s{n}@example.com"), true);
                }
                s.sare.put_contact("s3@example.com", REMOVAL_REQUESTED, &[]);
                let rule = FaultRule::always(Fault::Status(500)).method(Method::GET);
                s.shop.faults().add(rule.path("/webapi/rest/users?"));
            },
        )
        .await;
        lab.minutes(15).await;
        let stuck = newest_run(&lab, 0).await;
        assert_eq!((stuck.kind, stuck.state), (RunKind::First, RunState::Running));
        let body = Body::parse(&stuck.body);
        // It rests, or looks once more how far it gets.
        let waits_for = body.waiting_for;
        assert!(
            matches!(waits_for, Some(Cause::ShopList | Cause::ShopRecord)),
            "{waits_for:?}"
        );
        assert_eq!(body.eta_seconds, None);
        let told = problem_keys(&lab).await;
        let kinds: Vec<&str> = told.iter().map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(kinds, ["list-not-understood", "run-still"], "{told:?}");
        let since = engine::stalled_since(&stuck, None, lab.now()).expect("it stands still");
        assert!(lab.now() - since > 10 * 60_000);

        // Live changes and the way back go on meanwhile.
        lab.shops[0].shop.add_subscriber("new@example.com", true);
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("s8@example.com"));
        lab.minutes(30).await;
        let row = |email| lab.shops[0].shop.subscriber_by_email(email).unwrap();
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert!(!row("s8@example.com").active, "the refusal reaches the shop");
        // Who had refused before we came is left to the merchant, as ever.
        assert!(row("s3@example.com").active);
        assert_eq!(lab.shops[0].status("s3@example.com"), Some(REMOVAL_REQUESTED));

        lab.shops[0].shop.faults().clear();
        lab.minutes(30).await;
        assert_eq!(newest_run(&lab, 0).await.state, RunState::Done);
        assert!(problem_keys(&lab).await.is_empty());
        assert_eq!(in_sare(&lab.shops[0], 5).len(), 5);
        assert_ne!(lab.shops[0].status("s8@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_crash_while_a_place_is_narrowed_down_loses_nothing() {
    each_database(async |mut lab| {
        full_shop(
            &mut lab,
            60,
            |_| {},
            |s| spoil(s, "users", &[33], Spoiling::Status(500)),
        )
        .await;
        for _ in 0..40 {
            lab.network.halt_after(7, simulators::network::Halt::Interrupted);
            lab.pass(Duration::from_secs(20)).await;
            lab.restart().await.unwrap();
        }
        lab.minutes(20).await;
        assert_eq!(in_sare(&lab.shops[0], 60), all_but(60, &[33]));
        assert_eq!(problem_keys(&lab).await, unreadable(&["u:33"]));
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_told_leaves_what_sare_has_and_costs_nobody_else_theirs() {
    each_database(async |mut lab| {
        let config = CONFIG.replace(
            "prop1 = \"address.city\"",
            "prop1 = { from = \"address.city\", when_empty = \"clear\" }",
        );
        live_shop(&mut lab, &config, |s| {
            for n in 1..=9 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        let entry = lab.shops[0].shop.addresses(4)[0].id;
        spoil(&lab.shops[0], "user-addresses", &[entry], Spoiling::Status(500));
        for n in 1..=9 {
            lab.shops[0].shop.set_address(n, address("Sopot", "600700801"));
            lab.shops[0].shop.edit_customer(n, |c| c.firstname = "Ewa".into());
        }
        lab.minutes(20).await;
        for n in 1..=9 {
            let contact = lab.shops[0].sare.contact(&format!("c{n}@example.com")).unwrap();
            assert_eq!(contact.name, "Ewa Żółć", "{n}");
            let city = if n == 4 { "Łódź" } else { "Sopot" };
            assert_eq!(contact.prop["prop1"], city, "{n}");
        }
        let told = problems(&lab).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (told[0].key.as_str(), told[0].kind.word()),
            ("u:4", "fields-unreadable")
        );
        assert_eq!(told[0].detail.as_deref(), Some("user-addresses"));
    })
    .await;
}

#[tokio::test]
async fn an_odd_value_spoils_its_field_and_is_told_with_its_record() {
    for odd in [r#"["Jan"]"#, r#"{"a":1}"#, r#""Ola \ud83d""#, r#""\udc00""#] {
        each_database(async |mut lab| {
            let config = CONFIG.replace(
                "name = \"{firstname} {lastname}\"",
                "name = { from = \"{firstname} {lastname}\", when_empty = \"clear\" }",
            );
            let index = lab.add_shop(ShopSetup::default());
            for n in 1..=20 {
                lab.shops[index]
                    .shop
                    .add_customer(customer(&format!("c{n}@example.com"), true));
            }
            lab.shops[index]
                .sare
                .put_contact("c7@example.com", CONFIRMED, &[]);
            lab.shops[index].shop.configure(|settings| {
                settings.odd_members = vec![OddMember::new("users", 7, "firstname", odd)];
            });
            lab.install(index).await.unwrap();
            lab.configure(index, &config).await.unwrap();
            lab.settle().await;
            let run = newest_run(&lab, 0).await;
            let counters = Body::parse(&run.body).counters;
            assert_eq!(
                (run.state, counters.failed, counters.added),
                (RunState::Done, 1, 19),
                "{odd}"
            );
            let told = problems(&lab).await;
            assert_eq!(told.len(), 1, "{odd}: {told:?}");
            assert_eq!(
                (told[0].key.as_str(), told[0].kind.word()),
                ("u:7", "fields-unreadable")
            );
            assert_eq!(told[0].detail.as_deref(), Some("firstname"));
            let shop = lab.shops[0].known(&lab.store).await.unwrap();
            let hash = lab.store.hash(shop.id, "c7@example.com");
            assert_eq!(
                lab.store.problems_of(shop.id, &[hash]).await.unwrap().len(),
                1,
                "told with the person"
            );
            let contact = lab.shops[0].sare.contact("c7@example.com").unwrap();
            assert_eq!(
                (contact.name.as_str(), contact.prop["prop1"].as_str()),
                ("", "Łódź"),
                "{odd}"
            );

            // Who says no is heard all the same.
            lab.shops[0].shop.edit_customer(7, |c| c.newsletter = false);
            a_moment(&lab).await;
            assert_eq!(
                lab.shops[0].status("c7@example.com"),
                Some(REMOVAL_REQUESTED),
                "{odd}"
            );
            assert_eq!(problem_keys(&lab).await.len(), 1, "{odd}");
            lab.shops[0]
                .shop
                .configure(|settings| settings.odd_members.clear());
            lab.shops[0].shop.edit_customer(7, |c| c.firstname = "Jan".into());
            a_moment(&lab).await;
            assert!(problem_keys(&lab).await.is_empty(), "{odd}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_row_whose_address_or_consent_cannot_be_read_is_a_problem_of_that_record_and_changes_nothing() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 1..=20 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
            s.shop.add_subscriber("row@example.com", true);
        })
        .await;
        lab.shops[0].shop.configure(|settings| {
            settings.odd_members = vec![
                OddMember::new("users", 3, "email", "[\"c3@example.com\"]"),
                OddMember::new("users", 9, "newsletter", "{\"is\":0}"),
                OddMember::new("subscribers", 1, "email", "\"row@example.com\\ud83d\""),
            ];
        });
        let sweep = run(&lab, 0, RunKind::Sweep).await;
        assert_eq!(sweep.state, RunState::Done);
        let body = Body::parse(&sweep.body);
        assert_eq!((body.counters.failed, body.statement.gone), (3, 0));
        assert_eq!(problem_keys(&lab).await, unreadable(&["s:1", "u:3", "u:9"]));
        assert_eq!(lab.shops[0].sare.mailable().len(), 21);
    })
    .await;
}
