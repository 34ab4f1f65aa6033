//! What the shop does not say is neither a yes nor a no: flags, lists and addresses that are null, left out, empty or
//! cannot be read.

use serde_json::{Value, json};
use simulators::shoper::Unsaid;
use store::{RunKind, RunState};

use crate::words::*;

const PEOPLE: usize = 19;

/// Every way in which a flag can fail to say anything; `None`: the member is left out.
fn ways() -> [Option<Value>; 6] {
    [
        Some(Value::Null),
        None,
        Some(json!("")),
        Some(json!("tak")),
        Some(json!(2)),
        Some(json!([])),
    ]
}

fn person(n: usize) -> String {
    format!("person{n}@example.com")
}

#[tokio::test]
async fn a_consent_that_is_not_said_any_more_is_no_withdrawal_and_a_real_one_is_still_seen() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..PEOPLE {
                match n % 2 {
                    0 => drop(s.shop.add_customer(customer(&person(n), true))),
                    _ => drop(s.shop.add_subscriber(person(n), true)),
                }
            }
        })
        .await;
        let shop = &lab.shops[0].shop;
        for (turn, instead) in ways().into_iter().enumerate() {
            shop.configure(|s| {
                s.unsaid = vec![
                    Unsaid::of_customers("newsletter", instead.clone()),
                    Unsaid::of_subscribers("active", instead.clone()),
                ];
            });
            // By webhook of each record, and by a forced run.
            for row in shop.customers().collect::<Vec<_>>() {
                shop.edit_customer(row.id, |c| c.firstname = format!("Anna {turn}").into());
            }
            for row in shop.subscribers().collect::<Vec<_>>() {
                shop.edit_subscriber(row.id, |row| row.lang_id = 1);
            }
            a_moment(&lab).await;
            assert_eq!(
                lab.shops[0].sare.mailable().len(),
                PEOPLE,
                "{instead:?}, by webhook"
            );
            let forced = run(&lab, 0, RunKind::Forced).await;
            assert_eq!(forced.state, RunState::Done, "{instead:?}");
            let body = engine::Body::parse(&forced.body);
            assert_eq!((body.statement.unmailable, body.statement.mailable), (0, 0));
            assert_eq!(lab.shops[0].sare.mailable().len(), PEOPLE, "{instead:?}");
            lab.minutes(2).await;
            assert_eq!(
                problem_kinds(&lab, 0).await,
                ["consent-not-said"],
                "one problem of the shop, {instead:?}"
            );
        }
        a_day(&lab).await;
        assert_eq!(lab.shops[0].sare.mailable().len(), PEOPLE, "by the sweep");
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let problem = lab.store.problems(known.id, 10, 0).await.unwrap().remove(0);
        let detail = problem.detail.unwrap();
        assert!(
            detail.contains("users.newsletter: 10/10 (1, 2, 3, 4, 5, …)"),
            "{detail}"
        );
        assert!(detail.contains("subscribers.active: 9/9"), "{detail}");

        shop.configure(|s| s.unsaid.clear());
        let gone = shop.customer_by_email(&person(0)).unwrap().id;
        shop.edit_customer(gone, |c| c.newsletter = false);
        let off = shop.subscriber_by_email(&person(1)).unwrap().id;
        shop.set_subscriber_active(off, false);
        a_moment(&lab).await;
        for n in [0, 1] {
            assert_eq!(lab.shops[0].status(&person(n)), Some(REMOVAL_REQUESTED));
        }
        a_day(&lab).await;
        assert!(problem_kinds(&lab, 0).await.is_empty(), "it is said again");
        assert_eq!(lab.shops[0].sare.mailable().len(), PEOPLE - 2);
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_made_while_nothing_is_said_is_seen_when_it_is() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("anna@example.com", true));
            s.shop.add_customer(customer("ben@example.com", true));
        })
        .await;
        let shop = &lab.shops[0].shop;
        let anna = shop.customer_by_email("anna@example.com").unwrap().id;
        shop.configure(|s| s.unsaid = vec![Unsaid::of_customers("newsletter", None)]);
        shop.edit_customer(anna, |c| c.newsletter = false);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("anna@example.com"), Some(CONFIRMED));
        shop.configure(|s| s.unsaid.clear());
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("anna@example.com"), Some(REMOVAL_REQUESTED));
        assert_eq!(lab.shops[0].status("ben@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_new_record_that_does_not_say_it_gets_no_consent_until_it_does() {
    for (config, before) in [
        (CONFIG.to_owned(), Some(UNCONFIRMED)),
        (CONFIG.replace("\"unconfirmed\"", "\"skip\""), None),
    ] {
        each_database_over_days(async |mut lab| {
            let mut setup = ShopSetup::default();
            setup.shop.unsaid = vec![Unsaid::of_customers("newsletter", Some(json!("tak")))];
            live_shop_with(&mut lab, setup, &config, |s| {
                s.shop.add_customer(customer("old-yes@example.com", true));
                s.shop.add_customer(customer("old-no@example.com", false));
                // SARE has these already: their statuses are its own.
                s.sare.put_contact("kept@example.com", UNCONFIRMED, &[]);
                s.shop.add_customer(customer("kept@example.com", true));
            })
            .await;
            let shop = &lab.shops[0].shop;
            shop.add_customer(customer("new-yes@example.com", true));
            shop.add_customer(customer("new-no@example.com", false));
            a_moment(&lab).await;
            let names = ["old-yes", "old-no", "new-yes", "new-no"];
            for name in names {
                assert_eq!(
                    lab.shops[0].status(&format!("{name}@example.com")),
                    before,
                    "{name}"
                );
            }
            assert_eq!(problem_kinds(&lab, 0).await, ["consent-not-said"]);
            // Somebody refuses meanwhile: what is said later is no newer.
            if before.is_some() {
                lab.shops[0].sare.put_contact("new-yes@example.com", 3, &[]);
            }

            shop.configure(|s| s.unsaid.clear());
            a_day(&lab).await;
            assert_eq!(lab.shops[0].status("old-yes@example.com"), Some(CONFIRMED));
            assert_eq!(lab.shops[0].status("old-no@example.com"), before);
            assert_eq!(lab.shops[0].status("new-no@example.com"), before);
            let refused = before.map_or(CONFIRMED, |_| 3);
            assert_eq!(lab.shops[0].status("new-yes@example.com"), Some(refused));
            assert_eq!(lab.shops[0].status("kept@example.com"), Some(UNCONFIRMED));
            assert_eq!(lab.shops[0].sare.confirmations_sent(), 0);
            assert!(problem_kinds(&lab, 0).await.is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn a_customer_who_moves_while_nothing_is_said_is_unconfirmed_at_the_new_address() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer("old@example.com", true));
        })
        .await;
        let shop = &lab.shops[0].shop;
        let id = shop.customer_by_email("old@example.com").unwrap().id;
        shop.configure(|s| s.unsaid = vec![Unsaid::of_customers("newsletter", None)]);
        shop.edit_customer(id, |c| c.email = "new@example.com".into());
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(UNCONFIRMED));
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(UNCONFIRMED));
        shop.configure(|s| s.unsaid.clear());
        a_day(&lab).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn groups_that_are_not_said_are_not_taken_away_when_a_subscription_is_switched_off() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for name in ["anna", "ben"] {
                let id = s.shop.add_subscriber(format!("{name}@example.com"), true);
                s.shop.edit_subscriber(id, |row| row.groups = vec![1, 7]);
            }
        })
        .await;
        let shop = &lab.shops[0].shop;
        shop.add_subscriber("celina@example.com", true);
        a_moment(&lab).await;
        shop.configure(|s| s.unsaid = vec![Unsaid::of_subscribers("groups", None)]);
        let dora = shop.add_subscriber("dora@example.com", true);
        shop.edit_subscriber(dora, |row| row.groups = vec![1, 9]);
        a_moment(&lab).await;
        for name in ["anna", "dora"] {
            lab.shops[0]
                .sare
                .recipient_clicks_unsubscribe(&format!("{name}@example.com"));
        }
        a_day(&lab).await;
        for (name, groups) in [("anna", [1, 7]), ("dora", [1, 9])] {
            let row = shop.subscriber_by_email(&format!("{name}@example.com")).unwrap();
            assert!(!row.active, "{name}");
            assert_eq!(row.groups, groups, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_said_empties_nothing_in_sare() {
    each_database_over_days(async |mut lab| {
        let config = CONFIG.replace(
            "prop1 = \"address.city\"",
            "prop1 = { from = \"tags\", when_empty = \"clear\" }\n\
             prop3 = { from = \"newsletter\", transform = [\"yes_no:tak/nie\"], when_empty = \"clear\" }",
        );
        live_shop(&mut lab, &config, |s| {
            s.shop.add_customer(customer("anna@example.com", true).tag("vip"));
        })
        .await;
        let has = |lab: &shoper_sare::lab::Lab| {
            let contact = lab.shops[0].sare.contact("anna@example.com").unwrap();
            let prop = |name: &str| contact.prop.get(name).cloned().unwrap_or_default();
            (prop("prop1"), prop("prop3"))
        };
        let full = ("vip".to_owned(), "tak".to_owned());
        assert_eq!(has(&lab), full);
        let shop = &lab.shops[0].shop;
        let id = shop.customer_by_email("anna@example.com").unwrap().id;
        for instead in [None, Some(Value::Null)] {
            shop.configure(|s| {
                s.unsaid = vec![
                    Unsaid::of_customers("tags", instead.clone()),
                    Unsaid::of_customers("newsletter", instead.clone()),
                ];
            });
            shop.edit_customer(id, |c| c.lastname = "Nowak".into());
            a_day(&lab).await;
            assert_eq!(has(&lab), full, "{instead:?}");
        }
        // An empty list says that there are none.
        shop.configure(|s| s.unsaid.clear());
        shop.edit_customer(id, |c| c.tags.clear());
        a_moment(&lab).await;
        assert_eq!(has(&lab).0, "");
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_said_is_no_change_of_address_and_stops_no_sweep() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..60 {
                s.shop.add_customer(customer(&person(n), true));
            }
        })
        .await;
        let shop = &lab.shops[0].shop;
        for instead in [None, Some(json!(""))] {
            shop.configure(|s| s.unsaid = vec![Unsaid::of_customers("email", instead.clone())]);
            shop.edit_customer(1, |c| c.firstname = "Ewa".into());
            a_day(&lab).await;
            assert_eq!(lab.shops[0].sare.mailable().len(), 60, "{instead:?}");
            for n in [0, 59] {
                assert_eq!(lab.shops[0].groups(&person(n)), [21], "{instead:?}");
            }
            let kinds = problem_kinds(&lab, 0).await;
            assert!(!kinds.iter().any(|kind| kind == "brake"), "{kinds:?}");
        }
        shop.configure(|s| s.unsaid.clear());
        shop.edit_customer(1, |c| c.newsletter = false);
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].status(&person(0)), Some(REMOVAL_REQUESTED));
    })
    .await;
}
