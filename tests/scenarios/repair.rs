//! A forced synchronisation makes both sides agree, whoever changed what in SARE.

use shoper_sare::lab::Lab;
use simulators::faults::{Fault, FaultRule};
use store::{Run, RunKind, RunState};

use crate::words::*;

/// A shop of forty customers, thirty confirmed in SARE, five unconfirmed and five who refuse there.
async fn a_shop(lab: &mut Lab, config: &str) {
    live_shop(lab, config, |s| {
        for n in 0..40 {
            let email = format!("c{n}@example.com");
            match n {
                30..35 => s.sare.put_contact(&email, UNCONFIRMED, &[]),
                35.. => s.sare.put_contact(&email, REMOVAL_REQUESTED, &[]),
                _ => {}
            }
            s.shop.add_customer(customer(&email, true));
        }
    })
    .await;
}

fn overwritten(run: &Run) -> (i64, bool) {
    let said = engine::Body::parse(&run.body).statement;
    (said.overwritten, said.overwrites_at_most)
}

fn statuses(lab: &Lab) -> Vec<(String, i64)> {
    let contacts = lab.shops[0].sare.contacts().into_iter();
    contacts.map(|c| (c.email, c.status)).collect()
}

#[tokio::test]
async fn a_forced_run_writes_over_what_somebody_changed_in_sare_and_says_how_many_values_first() {
    each_database(async |mut lab| {
        a_shop(&mut lab, CONFIG).await;
        let sare = lab.shops[0].sare.clone();
        assert!(sare.operator_writes("c1@example.com", "name", "Ktoś Inny"));
        assert!(sare.operator_writes("c1@example.com", "prop1", "Gdynia"));
        assert!(sare.operator_writes("c31@example.com", "prop1", ""));
        assert!(sare.operator_writes("c36@example.com", "name", "Zapomniana"));
        let before = statuses(&lab);

        let from = sare.request_log().len();
        let counted = run(&lab, 0, RunKind::DryRun).await;
        assert_eq!(overwritten(&counted), (3, false));
        assert_eq!(writes(&lab.shops[0], from), 0, "counting writes nothing");

        let forced = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(forced.state, RunState::Done);
        assert_eq!(overwritten(&forced), (3, false));
        for email in ["c1@example.com", "c31@example.com"] {
            let contact = sare.contact(email).unwrap();
            assert_eq!(contact.name, "Anna Żółć", "{email}");
            assert_eq!(contact.prop["prop1"], "Łódź", "{email}");
        }
        assert_eq!(
            sare.contact("c36@example.com").unwrap().name,
            "Zapomniana",
            "no data of whoever refused"
        );
        assert_eq!(statuses(&lab), before, "no status is touched");
        let from = sare.request_log().len();
        let again = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(overwritten(&again), (0, false));
        assert_eq!(writes(&lab.shops[0], from), 0, "both sides agree");
    })
    .await;
}

#[tokio::test]
async fn a_sweep_leaves_what_somebody_changed_in_sare_and_a_forced_run_brings_back_a_group() {
    each_database(async |mut lab| {
        a_shop(&mut lab, CONFIG).await;
        let sare = lab.shops[0].sare.clone();
        sare.operator_writes("c1@example.com", "name", "Ktoś Inny");
        sare.put_contact("c2@example.com", CONFIRMED, &[90]);
        assert_eq!(run(&lab, 0, RunKind::Sweep).await.state, RunState::Done);
        assert_eq!(sare.contact("c1@example.com").unwrap().name, "Ktoś Inny");
        assert_eq!(run(&lab, 0, RunKind::Forced).await.state, RunState::Done);
        assert_eq!(sare.contact("c1@example.com").unwrap().name, "Anna Żółć");
        assert_eq!(lab.shops[0].groups("c2@example.com"), [21, 90]);
    })
    .await;
}

#[tokio::test]
async fn a_row_for_empty_fields_alone_leaves_a_filled_one_in_a_forced_run_too() {
    let config = CONFIG.replace(
        "prop1 = \"address.city\"",
        "prop1 = { from = \"address.city\", overwrite = \"if-empty\" }",
    );
    each_database(async |mut lab| {
        a_shop(&mut lab, &config).await;
        let sare = lab.shops[0].sare.clone();
        sare.operator_writes("c1@example.com", "prop1", "Gdynia");
        sare.operator_writes("c2@example.com", "prop1", "");
        sare.operator_writes("c3@example.com", "name", "");
        let forced = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(overwritten(&forced), (2, false));
        let city = |email: &str| sare.contact(email).unwrap().prop["prop1"].clone();
        assert_eq!(city("c1@example.com"), "Gdynia");
        assert_eq!(city("c2@example.com"), "Łódź");
        assert_eq!(sare.contact("c3@example.com").unwrap().name, "Anna Żółć");
    })
    .await;
}

#[tokio::test]
async fn where_sares_records_cannot_be_read_a_forced_run_writes_everything_and_says_at_most() {
    each_database(async |mut lab| {
        a_shop(&mut lab, CONFIG).await;
        let sare = lab.shops[0].sare.clone();
        sare.operator_writes("c1@example.com", "name", "Ktoś Inny");
        sare.faults()
            .add(FaultRule::always(Fault::Status(500)).path("email/by_email_list"));
        let before = statuses(&lab);
        let forced = run(&lab, 0, RunKind::Forced).await;
        assert_eq!(forced.state, RunState::Done);
        // Name, phone and city of thirty-five people who stay in SARE.
        assert_eq!(overwritten(&forced), (105, true));
        assert_eq!(sare.contact("c1@example.com").unwrap().name, "Anna Żółć");
        assert_eq!(statuses(&lab), before);
    })
    .await;
}

#[tokio::test]
async fn a_change_in_the_shop_while_a_forced_run_reads_does_not_take_the_repair_away() {
    each_database(async |mut lab| {
        a_shop(&mut lab, CONFIG).await;
        let sare = lab.shops[0].sare.clone();
        sare.operator_writes("c1@example.com", "prop1", "Gdynia");
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let id = lab.shops[0].shop.customer_by_email("c1@example.com").unwrap().id;
        let mark = |reason, held_by| store::DirtyMark {
            key: store::DirtyKey::Record(sync_core::RecordKey::customer(id)),
            due_at: lab.now(),
            priority: store::Priority::Bulk,
            reason,
            held_by,
        };
        // As the run leaves it, and a webhook after it.
        lab.store
            .mark_dirty(known.id, &[mark(store::Reason::Forced, None)], lab.now())
            .await
            .unwrap();
        lab.store
            .mark_dirty(known.id, &[mark(store::Reason::Webhook, None)], lab.now())
            .await
            .unwrap();
        lab.minutes(2).await;
        assert_eq!(sare.contact("c1@example.com").unwrap().prop["prop1"], "Łódź");
    })
    .await;
}
