//! Pace, sizes, rights, faults, delays and the counters.

use std::time::Duration;

use http::{Method, header};
use serde_json::json;

use super::super::{Account, AccountSettings, AddressLimitAnswer, Happening, Overload, RateLimit, TooMany};
use super::{ANNA, JAN, NOW, World, a_plain_account, an_account, parts};
use crate::faults::{Cut, ExtraLatency, Fault, FaultRule};

fn a_slow_account(overload: Overload) -> World {
    an_account(|s| {
        s.rate_limit = Some(RateLimit {
            per_second: 0.5,
            burst: 2,
        });
        s.overload = overload;
    })
}

#[test]
fn requests_beyond_the_rate_limit_are_refused_until_the_bucket_fills() {
    let world = a_slow_account(Overload::TooManyRequests);
    let get = || world.raw(Method::GET, "/group/list", "");
    assert_eq!((get().status().as_u16(), get().status().as_u16()), (200, 200));
    let refused = get();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()[header::RETRY_AFTER]),
        (429, &"2".parse().unwrap())
    );
    world.wait(Duration::from_secs(1));
    assert_eq!(get().headers()[header::RETRY_AFTER], "1");
    world.wait(Duration::from_secs(1));
    assert_eq!(get().status(), 200);
    world.wait(Duration::from_secs(3600));
    let statuses: Vec<u16> = (0..3).map(|_| get().status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn overload_is_answered_in_each_other_way() {
    for overload in [Overload::Unavailable, Overload::TimeOut, Overload::Html] {
        let world = a_slow_account(overload);
        world.get("/group/list");
        world.get("/group/list");
        let answer = world.raw(Method::GET, "/group/list", "");
        match overload {
            Overload::Unavailable => assert_eq!(parts(&answer).0, 503),
            Overload::TimeOut => assert!(answer.extensions().get::<ExtraLatency>().unwrap().0.as_secs() > 60),
            _ => assert!(answer.status() == 200 && answer.body().starts_with(b"<!DOCTYPE")),
        }
    }
}

#[test]
fn too_many_items_are_refused_with_either_status() {
    let items = json!([{ "email": ANNA }, { "email": JAN }]);
    for (variant, status) in [(TooMany::PayloadTooLarge, 413), (TooMany::BadRequest, 400)] {
        let world = an_account(|s| {
            s.max_items_per_request = 1;
            s.too_many = variant;
        });
        assert_eq!(world.add(&[], &items).0, status);
        assert_eq!(
            world
                .post("/email/status_by_email_list/0", &json!({ "emails": items }))
                .0,
            status
        );
        assert!(world.account.is_empty());
        assert_eq!(world.add(&[], &json!([{ "email": ANNA }])).0, 200);
    }
}

#[test]
fn the_address_limit_refuses_new_contacts_only() {
    let items = json!([{ "email": ANNA, "name": "A" }, { "email": JAN }, { "email": "x@example.com" }]);
    let world = an_account(|s| s.address_limit = Some(2)).with(ANNA, 8, &[]);
    let (status, answer) = world.add(&[super::DATA], &items);
    assert_eq!(
        (status, answer["response"]["error"].as_array().unwrap().len()),
        (200, 1)
    );
    assert_eq!(answer["response"]["error"][0]["email"], "x@example.com");
    assert_eq!(
        (world.account.len(), world.contact(ANNA).name),
        (2, "A".to_owned())
    );

    let world = an_account(|s| {
        s.address_limit = Some(2);
        s.address_limit_answer = AddressLimitAnswer::WholeCall;
    });
    let world = world.with(ANNA, 8, &[]);
    assert_eq!(world.add(&[super::DATA], &items).0, 400);
    assert_eq!(
        (world.account.len(), world.contact(ANNA).name),
        (1, String::new())
    );
    assert_eq!(
        world.add(&[], &json!([{ "email": "bad" }, { "email": JAN }])).0,
        200,
        "other errors stay single"
    );
}

#[test]
fn a_key_that_may_only_read_is_refused_writes() {
    let world = an_account(|s| s.read_only = true).with(ANNA, 8, &[]);
    assert_eq!(world.get("/group/list").0, 200);
    assert_eq!(
        world
            .post(
                "/email/status_by_email_list/0",
                &json!({ "emails": [{ "email": ANNA }] })
            )
            .0,
        200
    );
    assert_eq!(world.add(&[], &json!([{ "email": JAN }])).0, 403);
    assert_eq!(world.post("/email/delete", &json!({ "emails": [ANNA] })).0, 403);
    assert_eq!(world.account.len(), 1);
}

#[test]
fn an_account_that_works_late_answers_at_once_and_acts_afterwards() {
    let world = an_account(|s| s.async_processing = Duration::from_secs(60)).with(ANNA, 8, &[]);
    let (status, answer) = world.add(
        &[super::DATA, super::STATUS],
        &json!([{ "email": ANNA, "status": 4 }, { "email": "x" }]),
    );
    assert_eq!(
        (status, &answer["response"]["success"]),
        (200, &json!([{ "email": ANNA }]))
    );
    assert_eq!(answer["response"]["error"][0]["email"], "x");
    assert_eq!(world.status(ANNA), 8);
    world.wait(Duration::from_secs(59));
    assert_eq!(world.status(ANNA), 8);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.status(ANNA), 4);
    assert_eq!(world.account.status_log().last().unwrap().at, NOW + 60_000);
}

#[test]
fn faults_strike_and_are_counted_as_requests() {
    let world = a_plain_account();
    let faults = world.account.faults();
    faults.add(FaultRule::always(Fault::CutAfter).path("/email/add").times(1));
    faults.add(FaultRule::always(Fault::CutBefore).path("/email/add").times(1));
    let body = json!({ "emails": [{ "email": ANNA }] }).to_string();
    let after = world.raw(Method::POST, "/email/add", body);
    assert!(after.extensions().get::<Cut>().is_some() && world.account.len() == 1);
    let body = json!({ "emails": [{ "email": JAN }] }).to_string();
    let before = world.raw(Method::POST, "/email/add", body);
    assert!(before.extensions().get::<Cut>().is_some() && world.account.len() == 1);

    let log = world.account.request_log();
    assert_eq!((world.account.requests(), log.len()), (2, 2));
    assert!(
        log.iter()
            .all(|r| r.cut && r.method == Method::POST && r.path == "/api/v1/12345/email/add")
    );
}

#[test]
fn the_request_log_keeps_the_newest() {
    let world = an_account(|s| s.request_log = 2);
    for path in ["/group/list", "/group/free", "/email/props"] {
        world.get(path);
    }
    let paths: Vec<String> = world.account.request_log().into_iter().map(|r| r.path).collect();
    assert_eq!(paths, ["/api/v1/12345/group/free", "/api/v1/12345/email/props"]);
    assert_eq!(world.account.requests(), 3);
}

#[test]
fn settings_survive_json_and_little_need_be_said() {
    let settings = AccountSettings {
        latency: Duration::from_millis(40),
        ..AccountSettings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<AccountSettings>(&text).unwrap(), settings);
    let short: AccountSettings = serde_json::from_str(
        r#"{"uid":"999","overload":"time_out","webhook":{"urls":["http://x/"],"late":5}}"#,
    )
    .unwrap();
    assert_eq!((short.uid.as_str(), short.overload), ("999", Overload::TimeOut));
    assert_eq!(short.webhook.late, Duration::from_millis(5));
}

#[test]
fn copies_share_one_account() {
    let world = a_plain_account();
    let copy: Account = world.account.clone();
    copy.put_contact(ANNA, 8, &[1]);
    assert_eq!(world.status("ANNA@example.com"), 8);
    assert_eq!(world.account.mailable().into_iter().collect::<Vec<_>>(), [ANNA]);
}

#[test]
fn an_account_gone_wrong_tells_one_status_of_everybody() {
    let world = an_account(|s| s.all_statuses_read_as = Some(4)).with(ANNA, 8, &[]);
    let record = world.get(&format!("/email/by_email/{ANNA}")).1;
    assert_eq!(record["response"]["status"], 4);
    let list = world
        .post(
            "/email/status_by_email_list/0",
            &json!({ "emails": [{ "email": ANNA }] }),
        )
        .1;
    assert_eq!(list["response"]["data"][0]["status"], 4);
    assert_eq!(world.status(ANNA), 8, "what is stored is another thing");
}

#[test]
fn the_log_of_events_tells_when_a_late_add_was_asked_for_and_every_mail() {
    let world = an_account(|s| s.async_processing = Duration::from_secs(60));
    world.add(&[super::CONFIRM], &json!([{ "email": ANNA, "status": 5 }]));
    assert_eq!(world.account.events_since(0), []);
    world.wait(Duration::from_secs(61));
    let events = world.account.events_since(0);
    let what: Vec<Happening> = events.iter().map(|event| event.what).collect();
    assert_eq!(
        what,
        [
            Happening::Status { from: None, to: 5 },
            Happening::Status { from: Some(5), to: 6 },
            Happening::AskedToConfirm,
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event.asked_at == NOW && event.at == NOW + 60_000)
    );
    assert_eq!(world.account.events_since(2).len(), 1);
    assert_eq!(
        world.account.status_log().len(),
        2,
        "a mail is no change of a status"
    );
    world.account.recipient_confirms(ANNA);
    assert_eq!(
        world.account.events_since(3)[0].what,
        Happening::Status { from: Some(6), to: 8 }
    );
}

#[test]
fn any_number_finds_a_contact_while_there_is_one() {
    let world = a_plain_account();
    assert!(world.account.contact_near(7).is_none());
    let world = world.with(ANNA, 8, &[]).with(JAN, 6, &[]);
    world.account.delete(ANNA);
    for position in [0, 1, 2, 77] {
        let (row, contact) = world.account.contact_near(position).unwrap();
        assert_eq!((row, contact.email.as_str()), (1, JAN));
    }
}
