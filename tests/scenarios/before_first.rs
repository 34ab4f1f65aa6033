//! Between the first saved configuration and the first synchronisation: a preview, a trial, and the merchant's word.

use engine::{Body, Pile};
use shoper_sare::lab::{Lab, LabShop};
use simulators::faults::{Fault, FaultRule};
use store::{DirtyKey, DirtyMark, Priority, Reason, Run, RunKind, RunState};
use sync_core::{HistoryKind, RecordKey};

use crate::words::*;

const TEN_MINUTES: i64 = 600_000;

/// A shop that is configured and whose first synchronisation is held for ten minutes.
async fn held_shop(lab: &mut Lab, before: impl FnOnce(&LabShop)) -> store::Shop {
    let index = lab.add_shop(ShopSetup::default());
    before(&lab.shops[index]);
    lab.install(index).await.expect("installed");
    let shop = lab.shops[index].known(&lab.store).await.expect("known");
    let until = Some(lab.now() + TEN_MINUTES);
    lab.store
        .hold_first_run(shop.id, until, lab.now())
        .await
        .expect("held");
    lab.configure(index, CONFIG).await.expect("configured");
    shop
}

async fn dry_run(lab: &Lab, shop: &store::Shop) -> i64 {
    let body = Body::default().text();
    let run = lab.store.create_run(shop.id, RunKind::DryRun, &body, lab.now());
    run.await.expect("asked for")
}

async fn run_of(lab: &Lab, shop: &store::Shop, id: i64) -> Run {
    lab.store
        .run(shop.id, id)
        .await
        .expect("the ledger answers")
        .expect("the run")
}

/// People of every kind, some with two records.
fn people(s: &LabShop) {
    s.shop.add_customer(customer("yes@example.com", true));
    s.shop.add_customer(customer("no@example.com", false));
    s.shop.add_customer(customer("both@example.com", false));
    s.shop.add_customer(customer("refused@example.com", true));
    s.shop.add_customer(customer("known@example.com", true));
    s.shop.add_subscriber("both@example.com", true);
    s.shop.add_subscriber("row@example.com", true);
    s.shop.add_subscriber("off@example.com", false);
    s.sare
        .put_contact("refused@example.com", REMOVAL_REQUESTED, &[90]);
    s.sare.put_contact("known@example.com", UNCONFIRMED, &[90]);
}

#[tokio::test]
async fn a_dry_run_before_the_first_synchronisation_counts_each_person_once_and_writes_nothing() {
    each_database(async |mut lab| {
        let shop = held_shop(&mut lab, people).await;
        let id = dry_run(&lab, &shop).await;
        lab.minutes(3).await;
        let run = run_of(&lab, &shop, id).await;
        assert_eq!(run.state, RunState::Done, "{run:?}");
        let body = Body::parse(&run.body);
        let said = body.statement;
        let pile = |pile| body.piles[&pile].contacts;
        // yes, both, row; no, off; known; refused.
        assert_eq!(
            (said.added, said.mailable, said.unmailable),
            (5, 3, 0),
            "{said:?}"
        );
        assert_eq!((pile(Pile::Confirmed), pile(Pile::Unconfirmed)), (3, 2));
        assert_eq!((pile(Pile::Updated), pile(Pile::Suppressed)), (1, 1));
        assert_eq!(body.piles[&Pile::Confirmed].examples.len(), 3);
        let hash = lab.store.hash(shop.id, "refused@example.com");
        assert_eq!(body.piles[&Pile::Suppressed].examples, [hash.to_hex()]);
        let contact = lab
            .store
            .contact(shop.id, hash)
            .await
            .unwrap()
            .expect("an example can be named");
        assert_eq!(contact.address.as_deref(), Some("refused@example.com"));
        assert!(!run.body.contains('@'), "a body holds nobody's address");
        assert_eq!(writes(&lab.shops[0], 0), 0);

        // A second one says the same, and so does what then happens.
        let id = dry_run(&lab, &shop).await;
        lab.minutes(3).await;
        assert_eq!(Body::parse(&run_of(&lab, &shop, id).await.body).statement, said);
        lab.store.hold_first_run(shop.id, None, lab.now()).await.unwrap();
        lab.settle().await;
        let first = newest_run(&lab, 0).await;
        assert_eq!((first.kind, first.state), (RunKind::First, RunState::Done));
        assert_eq!(lab.shops[0].sare.mailable().len(), 3);
        assert_eq!(lab.shops[0].status("no@example.com"), Some(UNCONFIRMED));
        assert_eq!(lab.shops[0].status("known@example.com"), Some(UNCONFIRMED));
        assert_eq!(
            lab.shops[0].status("refused@example.com"),
            Some(REMOVAL_REQUESTED)
        );
        assert_eq!(lab.shops[0].groups("refused@example.com"), [90]);
    })
    .await;
}

#[tokio::test]
async fn until_the_word_is_given_only_the_ten_of_a_trial_reach_sare() {
    each_database(async |mut lab| {
        let shop = held_shop(&mut lab, people).await;
        lab.minutes(5).await;
        assert_eq!(lab.shops[0].sare.len(), 2, "only who was there before");
        let both = lab.shops[0]
            .shop
            .customer_by_email("both@example.com")
            .unwrap()
            .id;
        let row = lab.shops[0]
            .shop
            .subscriber_by_email("both@example.com")
            .unwrap()
            .id;
        let mark = |key| DirtyMark {
            key: DirtyKey::Record(key),
            due_at: lab.now(),
            priority: Priority::Trial,
            reason: Reason::Manual,
            held_by: None,
        };
        let marks = [mark(RecordKey::customer(both)), mark(RecordKey::subscriber(row))];
        lab.store.mark_dirty(shop.id, &marks, lab.now()).await.unwrap();
        // Somebody registers meanwhile: the shop's message waits.
        lab.shops[0].shop.add_customer(customer("late@example.com", true));
        lab.minutes(3).await;
        assert_eq!(lab.shops[0].sare.len(), 3);
        assert_eq!(lab.shops[0].status("both@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].groups("both@example.com"), [21, 22]);
        assert_eq!(
            lab.shops[0].sare.contact("both@example.com").unwrap().prop["prop2"],
            "pl_PL"
        );

        // Nobody says anything: at the end of the hold it starts by itself.
        lab.minutes(4).await;
        lab.settle().await;
        assert_eq!(newest_run(&lab, 0).await.kind, RunKind::First);
        assert_eq!(
            lab.shops[0].status("late@example.com"),
            Some(CONFIRMED),
            "no message is lost"
        );
        assert_eq!(lab.shops[0].sare.len(), 8);
    })
    .await;
}

#[tokio::test]
async fn a_preview_that_takes_longer_than_the_hold_is_finished_first() {
    each_database(async |mut lab| {
        let shop = held_shop(&mut lab, |s| {
            simulators::data::populate(&s.shop, simulators::data::Size::of(400), 5);
        })
        .await;
        let id = dry_run(&lab, &shop).await;
        lab.store
            .hold_first_run(shop.id, Some(lab.now() + 1_000), lab.now())
            .await
            .unwrap();
        lab.minutes(5).await;
        assert_eq!(run_of(&lab, &shop, id).await.state, RunState::Done);
        assert_eq!(newest_run(&lab, 0).await.id, id, "there is time to read it");
        lab.minutes(10).await;
        lab.settle().await;
        let first = newest_run(&lab, 0).await;
        assert_eq!((first.kind, first.state), (RunKind::First, RunState::Done));
    })
    .await;
}

/// The merchant of the first shop connects the SARE account of another.
async fn move_to(lab: &Lab, other: usize) -> store::Shop {
    let text = format!("[sare]\nuid = \"{}\"\n{CONFIG}", lab.shops[other].uid);
    let config = sync_core::config::Config::parse(&text).unwrap().config.render();
    let shop = lab.shops[0].known(&lab.store).await.unwrap();
    let key = Some(lab.shops[other].key.clone());
    lab.store
        .put_config(shop.id, &config, key, None, "test", lab.now())
        .await
        .unwrap();
    shop
}

#[tokio::test]
async fn another_account_is_filled_anew_and_who_refused_before_refuses_there_too() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("yes@example.com"));
        lab.minutes(30).await;
        // The merchant moves to another account, in which one who refused is mailable and another unknown.
        let other = lab.add_shop(ShopSetup::default());
        lab.shops[other]
            .sare
            .put_contact("yes@example.com", CONFIRMED, &[90]);
        move_to(&lab, other).await;
        lab.settle().await;
        let new = &lab.shops[other];
        assert_eq!(newest_run(&lab, 0).await.kind, RunKind::First);
        assert_eq!(new.status("row@example.com"), Some(CONFIRMED));
        assert_eq!(new.status("both@example.com"), Some(CONFIRMED));
        assert_eq!(new.status("no@example.com"), Some(UNCONFIRMED));
        assert_eq!(
            new.status("yes@example.com"),
            Some(REMOVAL_REQUESTED),
            "a refusal follows"
        );
        assert_ne!(new.status("refused@example.com"), Some(CONFIRMED));
        assert_eq!(
            new.sare.mailable().len(),
            3,
            "both, row, known: {:?}",
            new.sare.mailable()
        );
        // Nothing was done to the old account.
        assert_eq!(lab.shops[0].status("row@example.com"), Some(CONFIRMED));
        assert_eq!(lab.shops[0].groups("row@example.com"), [22]);
    })
    .await;
}

#[tokio::test]
async fn whom_one_account_had_blocked_or_of_an_unknown_status_no_other_mails_unasked() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for n in 0..4 {
                s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
            }
        })
        .await;
        for (n, status) in [(1, BLOCKED), (2, 9)] {
            assert!(
                lab.shops[0]
                    .sare
                    .operator_sets_status(&format!("c{n}@example.com"), status)
            );
        }
        lab.minutes(30).await;
        let other = lab.add_shop(ShopSetup::default());
        let shop = move_to(&lab, other).await;
        lab.settle().await;
        let new = &lab.shops[other];
        for (n, expected) in [CONFIRMED, UNCONFIRMED, UNCONFIRMED, CONFIRMED]
            .into_iter()
            .enumerate()
        {
            assert_eq!(new.status(&format!("c{n}@example.com")), Some(expected), "{n}");
        }
        assert_eq!(lab.store.count_doubted(shop.id).await.unwrap(), 2);
        // Somebody at the shop decides.
        assert_eq!(
            lab.store.decide_doubts(shop.id, None, lab.now()).await.unwrap(),
            2
        );
        lab.minutes(10).await;
        assert_eq!(lab.shops[other].sare.mailable().len(), 4);
    })
    .await;
}

/// Three people who agreed, and an account to move to.
async fn about_to_move(lab: &mut Lab) -> usize {
    live_shop(lab, CONFIG, |s| {
        for n in 0..3 {
            s.shop.add_customer(customer(&format!("c{n}@example.com"), true));
        }
    })
    .await;
    lab.minutes(30).await;
    lab.add_shop(ShopSetup::default())
}

#[tokio::test]
async fn the_old_account_is_asked_a_last_time_who_refused() {
    each_database(async |mut lab| {
        let other = about_to_move(&mut lab).await;
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe("c1@example.com"));
        let shop = move_to(&lab, other).await;
        lab.settle().await;
        let new = &lab.shops[other];
        assert_eq!(new.status("c0@example.com"), Some(CONFIRMED));
        assert_eq!(new.sare.mailable().len(), 2);
        let hash = lab.store.hash(shop.id, "c1@example.com");
        let contact = lab.store.contact(shop.id, hash).await.unwrap().expect("known");
        assert!(contact.refusal.is_some(), "{contact:?}");
        let told = lab.store.history(shop.id, hash, 100).await.unwrap();
        assert_eq!(
            told.iter()
                .filter(|h| h.kind == HistoryKind::RefusedInSare)
                .count(),
            1
        );
        let key = lab.store.sare_key_before(shop.id, &lab.shops[0].uid).await;
        assert!(key.unwrap().is_none(), "the old key is not kept");
    })
    .await;
}

#[tokio::test]
async fn an_old_account_that_answers_no_more_holds_nothing_up_for_long() {
    for (fault, minutes) in [
        (Fault::Status(401), 10),
        (Fault::Status(402), 10),
        (Fault::Html, 120),
        (Fault::Status(503), 120),
    ] {
        each_database(async |mut lab| {
            let other = about_to_move(&mut lab).await;
            lab.shops[0].sare.faults().add(FaultRule::always(fault.clone()));
            let shop = move_to(&lab, other).await;
            lab.minutes(minutes).await;
            lab.settle().await;
            assert_eq!(lab.shops[other].sare.mailable().len(), 3, "{fault:?}");
            let problems = lab.store.problems(shop.id, 10, 0).await.unwrap();
            assert!(problems.is_empty(), "{problems:?}");
            let key = lab.store.sare_key_before(shop.id, &lab.shops[0].uid).await;
            assert!(key.unwrap().is_none());
        })
        .await;
    }
}
