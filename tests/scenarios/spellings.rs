//! One person is one person, however an address is spelled.

use shoper_sare::lab::Lab;
use simulators::sare::DomainForm;
use store::RunKind;
use sync_core::consent::{RefusalOrigin, Status};

use crate::words::*;

/// One address twice: the domain in letters, and in its ASCII form.
const LETTERS: &str = "ala@żółw.pl";
const ASCII: &str = "ala@xn--w-uga1v8h.pl";

/// Accounts that take the two for two contacts or for one, and answer in either form or as they were asked.
fn accounts() -> Vec<ShopSetup> {
    let told = [DomainForm::AsAdded, DomainForm::Ascii, DomainForm::Letters];
    let both = told.into_iter().flat_map(|told| [(told, false), (told, true)]);
    let setup = |(told, one)| {
        let mut setup = ShopSetup::default();
        setup.sare.domains_told = told;
        setup.sare.domain_forms_are_one = one;
        setup
    };
    both.map(setup).collect()
}

/// Tells the story in every kind of account on each database.
async fn each_account(story: impl AsyncFn(Lab, ShopSetup)) {
    for setup in accounts() {
        each_database(async |lab| story(lab, setup.clone()).await).await;
    }
}

/// The statuses of every contact in SARE.
fn statuses(lab: &Lab) -> Vec<i64> {
    lab.shops[0].sare.contacts().iter().map(|c| c.status).collect()
}

#[tokio::test]
async fn two_spellings_in_the_shop_make_one_contact_in_sare_and_withdraw_as_one() {
    each_account(async |mut lab, setup| {
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.shop.add_customer(customer(LETTERS, true));
            s.shop.add_subscriber(ASCII, true);
        })
        .await;
        assert_eq!(statuses(&lab), [8]);
        let shop = &lab.shops[0].shop;
        let id = shop.customer_by_email(LETTERS).unwrap().id;
        shop.edit_customer(id, |c| c.firstname = "Alicja".into());
        a_moment(&lab).await;
        assert_eq!(lab.shops[0].sare.contacts()[0].name, "Alicja Żółć");
        shop.edit_customer(id, |c| c.newsletter = false);
        shop.set_subscriber_active(shop.subscriber_by_email(ASCII).unwrap().id, false);
        a_moment(&lab).await;
        assert_eq!(statuses(&lab), [REMOVAL_REQUESTED]);
        run(&lab, 0, RunKind::Forced).await;
        assert_eq!(statuses(&lab), [REMOVAL_REQUESTED]);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_under_the_other_spelling_is_the_persons() {
    each_account(async |mut lab, setup| {
        for (in_sare, in_shop) in [(ASCII, LETTERS), (LETTERS, ASCII)] {
            let index = lab.shops.len();
            live_shop_at(&mut lab, index, setup.clone(), CONFIG, |s| {
                s.sare.put_contact(in_sare, REMOVAL_REQUESTED, &[]);
                s.shop.add_customer(customer(in_shop, true));
            })
            .await;
            let known = lab.shops[index].sare.contacts();
            assert_eq!(known.len(), 1, "nobody is added beside the one who refused");
            assert_eq!(known[0].status, REMOVAL_REQUESTED);
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_sare_has_under_one_spelling_is_written_to_under_that_one() {
    each_account(async |mut lab, setup| {
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.sare.put_contact(LETTERS, UNCONFIRMED, &[90]);
            s.shop.add_customer(customer(ASCII, true));
        })
        .await;
        let known = lab.shops[0].sare.contacts();
        assert_eq!(known.len(), 1);
        assert_eq!(
            (known[0].status, known[0].groups.clone()),
            (UNCONFIRMED, vec![21, 90])
        );
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_lowers_every_spelling_that_sare_has() {
    each_account(async |mut lab, setup| {
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.sare.put_contact(LETTERS, CONFIRMED, &[]);
            s.sare.put_contact(ASCII, CONFIRMED, &[]);
            s.shop.add_subscriber(LETTERS, true);
        })
        .await;
        let shop = &lab.shops[0].shop;
        shop.set_subscriber_active(shop.subscriber_by_email(LETTERS).unwrap().id, false);
        lab.minutes(30).await;
        assert!(
            statuses(&lab).iter().all(|status| *status != CONFIRMED),
            "{:?}",
            statuses(&lab)
        );
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_one_spelling_ends_the_mailing_of_the_other_and_reaches_the_shop() {
    each_account(async |mut lab, setup| {
        live_shop_with(&mut lab, setup, CONFIG, |s| {
            s.sare.put_contact(LETTERS, CONFIRMED, &[]);
            s.sare.put_contact(ASCII, CONFIRMED, &[]);
            s.shop.add_subscriber(ASCII, true);
        })
        .await;
        lab.shops[0].sare.recipient_clicks_unsubscribe(LETTERS);
        lab.minutes(40).await;
        assert!(
            statuses(&lab).iter().all(|status| *status != CONFIRMED),
            "{:?}",
            statuses(&lab)
        );
        assert!(!lab.shops[0].shop.subscriber_by_email(ASCII).unwrap().active);
    })
    .await;
}

#[tokio::test]
async fn a_new_opt_in_raises_one_spelling_of_those_that_refused() {
    each_database(async |mut lab| {
        let config = format!("{CONFIG}\n[unsubscribe]\non_new_opt_in = \"reactivate\"\n");
        live_shop(&mut lab, &config, |s| {
            s.sare.put_contact(LETTERS, CONFIRMED, &[]);
            s.sare.put_contact(ASCII, CONFIRMED, &[]);
            s.shop.add_subscriber(ASCII, true);
        })
        .await;
        let row = lab.shops[0].shop.subscriber_by_email(ASCII).unwrap().id;
        lab.shops[0].shop.set_subscriber_active(row, false);
        lab.minutes(30).await;
        lab.shops[0].shop.set_subscriber_active(row, true);
        lab.minutes(30).await;
        let mut now = statuses(&lab);
        now.sort_unstable();
        assert_eq!(now, [UNCONFIRMED, CONFIRMED], "mailed once, not twice");
        assert_eq!(problem_kinds(&lab, 0).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_seen_makes_no_new_person_of_one_who_refused() {
    for unseen in ['\u{200b}', '\u{feff}', '\u{2060}', '\u{ad}', '\u{202e}'] {
        each_database(async |mut lab| {
            live_shop(&mut lab, CONFIG, |s| {
                s.sare.put_contact("jan@example.com", REMOVAL_REQUESTED, &[]);
                s.shop
                    .add_customer(customer(&format!("{unseen}jan@example.com"), true));
                s.shop.add_subscriber(format!("jan@example.com{unseen}"), true);
                s.shop.add_subscriber(format!("o{unseen}la@example.com"), true);
                s.shop
                    .add_customer(customer(&format!("ola@exam{unseen}ple.com"), true));
                s.shop.add_subscriber(format!("{unseen}new@example.com"), true);
            })
            .await;
            let known = lab.shops[0].sare.contacts();
            let known: Vec<(&str, i64)> = known.iter().map(|c| (c.email.as_str(), c.status)).collect();
            assert_eq!(
                known,
                [
                    ("jan@example.com", REMOVAL_REQUESTED),
                    ("new@example.com", CONFIRMED)
                ]
            );
            let kinds = problem_kinds(&lab, 0).await;
            assert_eq!(kinds, ["unseen-character"; 2], "each record is named");
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_was_written_to_with_what_cannot_be_seen_is_the_same_person() {
    let written = "\u{feff}jan@example.com";
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.sare.put_contact(written, CONFIRMED, &[21]);
            s.sare.put_contact("jan@example.com", REMOVAL_REQUESTED, &[]);
            s.shop.add_customer(customer(written, true));
        })
        .await;
        a_day(&lab).await;
        assert!(statuses(&lab).iter().all(|status| *status != CONFIRMED));
    })
    .await;
}

#[tokio::test]
async fn a_contact_kept_under_an_older_key_is_the_person_it_looks_like() {
    let written = "\u{feff}jan@example.com";
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_customer(customer(written, true));
            s.shop.add_subscriber("jan@example.com", true);
        })
        .await;
        assert_eq!(lab.shops[0].status("jan@example.com"), Some(CONFIRMED));
        let shop = lab.shops[0].known(&lab.store).await.unwrap().id;
        let id = lab.shops[0].shop.customer_by_email(written).unwrap().id;
        // As a program left it to which the two were two people, of whom one had refused.
        let now = lab.now();
        let lease = lab.store.claim_shop(shop, now, 60_000).await.unwrap().unwrap();
        let old = lab.store.hash(shop, written);
        let commit = store::Commit {
            contacts: vec![store::Contact {
                consent: Some(true),
                refusal: Some(store::Refused {
                    status: Status::RemovalRequested,
                    origin: RefusalOrigin::Sare,
                    applied: true,
                    since: now,
                }),
                ..store::Contact::new(old, written.to_owned(), now)
            }],
            records: vec![store::Record {
                key: sync_core::RecordKey::customer(id),
                hash: old,
                consent: Some(true),
                silent: false,
                extra: None,
                run_id: None,
                seen_at: now,
            }],
            ..store::Commit::default()
        };
        assert!(lab.store.commit(&lease, now, &commit).await.unwrap());
        let mut state: serde_json::Value = serde_json::from_str(&lease.state).unwrap();
        state["key_rule"] = 0.into();
        lab.store
            .release(&lease, &state.to_string(), now, now)
            .await
            .unwrap();
        a_day(&lab).await;
        let new = lab.store.hash(shop, "jan@example.com");
        assert!(lab.store.contact(shop, old).await.unwrap().is_none());
        let joined = lab.store.contact(shop, new).await.unwrap().unwrap();
        assert!(joined.refusal.is_some());
        assert_eq!(lab.store.records_of(shop, &[new]).await.unwrap().len(), 2);
        assert_eq!(lab.shops[0].status("jan@example.com"), Some(REMOVAL_REQUESTED));
    })
    .await;
}
