//! What goes out: addresses, headers, bodies (sare-api.md 2, 4, 5, 14).

use http::Method;
use sare_api::{AddRequest, Contact, Group, LookupForm, MailType, Status};
use serde_json::{Value, json};

use crate::transport::{ANNA, JAN, KEY, Script, ok};

fn jan() -> Contact {
    Contact {
        email: "jan.kowalski@example.com".to_owned(),
        gsm: Some("+48500600700".to_owned()),
        status: Some(Status::Confirmed),
        groups: vec![1, 21],
        name: Some("Jan Kowalski".to_owned()),
        interface: Some(1),
        mail_type: Some(vec![MailType::Text, MailType::Html]),
        comment: Some("Shoper".to_owned()),
        prop: [("prop1", "Jan"), ("prop2", "Kowalski")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        prop_cust: [("miasto".to_owned(), "Rybnik".to_owned())].into(),
    }
}

async fn body_of(request: AddRequest) -> Value {
    let (client, script) = Script::of([ok(json!({ "error": [] }))]);
    client.add(&request).await.unwrap();
    script.body()
}

#[tokio::test]
async fn adding_writes_the_body_of_the_reference() {
    let expected = json!({
        "only_add_to_groups": true,
        "update_on_duplicate": true,
        "update_status_on_duplicate": false,
        "send_confirmation": false,
        "update_user_data_after_confirmation": false,
        "emails": [{
            "email": "jan.kowalski@example.com",
            "gsm": "+48500600700",
            "status": 8,
            "groups": [1, 21],
            "name": "Jan Kowalski",
            "interface": 1,
            "mail_type": ["text", "HTML"],
            "comment": "Shoper",
            "prop": { "prop1": "Jan", "prop2": "Kowalski" },
            "prop_cust": { "miasto": "Rybnik" },
        }],
    });
    assert_eq!(body_of(AddRequest::data_only(vec![jan()])).await, expected);
}

#[tokio::test]
async fn a_change_of_status_carries_no_data_and_no_groups() {
    let mut unsubscribed = jan();
    unsubscribed.status = Some(Status::RemovalRequested);
    let body = body_of(AddRequest::status_change(vec![unsubscribed], false)).await;
    assert_eq!(
        body["emails"],
        json!([{ "email": "jan.kowalski@example.com", "status": 4 }])
    );
    assert_eq!(
        (
            &body["update_status_on_duplicate"],
            &body["send_confirmation"],
            &body["only_add_to_groups"]
        ),
        (&json!(true), &json!(false), &json!(true))
    );
    let body = body_of(AddRequest::status_change(vec![jan()], true)).await;
    assert_eq!(body["send_confirmation"], true);
}

#[tokio::test]
async fn a_request_that_writes_data_never_overwrites_a_status() {
    let body = body_of(AddRequest::data_only(vec![
        jan(),
        Contact {
            email: ANNA.to_owned(),
            ..Contact::default()
        },
    ]))
    .await;
    assert_eq!(body["update_status_on_duplicate"], false);
    assert_eq!(
        body["emails"][1],
        json!({ "email": ANNA }),
        "what is not known is not written"
    );
}

#[tokio::test]
async fn empty_texts_are_written_and_statuses_that_sare_does_not_take_are_not() {
    let contact = Contact {
        email: ANNA.to_owned(),
        name: Some(String::new()),
        prop: [("prop1".to_owned(), String::new())].into(),
        status: Some(Status::Other(9)),
        ..Contact::default()
    };
    let body = body_of(AddRequest::data_only(vec![contact])).await;
    assert_eq!(
        body["emails"],
        json!([{ "email": ANNA, "name": "", "prop": { "prop1": "" } }])
    );
}

#[tokio::test]
async fn a_status_that_cannot_be_set_is_not_sent_as_a_change_because_it_would_become_6() {
    let with = |email: &str, status| Contact {
        email: email.to_owned(),
        status,
        ..Contact::default()
    };
    let contacts = vec![
        with("a@example.com", Some(Status::Other(9))),
        with("b@example.com", Some(Status::RemovedManually)),
        with("c@example.com", None),
    ];
    let (client, script) = Script::of([ok(
        json!({ "error": [{ "email": "b@example.com", "why": "nie" }] }),
    )]);
    let outcome = client
        .add(&AddRequest::status_change(contacts.clone(), false))
        .await
        .unwrap();
    assert_eq!(
        script.body()["emails"],
        json!([{ "email": "b@example.com", "status": 2 }])
    );
    let refused: Vec<bool> = outcome.items.iter().map(|item| !item.is_accepted()).collect();
    assert_eq!(refused, [true, true, true]);

    let (client, script) = Script::of([ok(json!({ "error": [] }))]);
    let outcome = client
        .add(&AddRequest::status_change(vec![contacts[2].clone()], false))
        .await
        .unwrap();
    assert!(!outcome.all_accepted() && script.sent().is_empty());
}

#[tokio::test]
async fn every_call_has_the_accounts_path_and_the_key_in_its_header() {
    let (client, script) = Script::of([ok(json!([]))]);
    client.groups().await.unwrap();
    client.statuses(&[ANNA]).await.unwrap();
    let sent = script.sent();
    assert_eq!(sent[0].uri(), "https://s.enewsletter.pl/api/v1/12345/group/list");
    assert_eq!((sent[0].method(), sent[0].body().len()), (&Method::GET, 0));
    assert_eq!(sent[0].headers().get("Content-Type"), None);
    assert_eq!(sent[1].headers()["Content-Type"], "application/json");
    for request in &sent {
        assert_eq!(request.headers()["ApiKey"], KEY);
        assert_eq!(request.headers()["Accept"], "application/json");
    }
}

#[tokio::test]
async fn the_api_may_stand_at_another_address() {
    let (client, script) = Script::at("https://s10.sare.pl/rest/?x=1#y", [ok(json!([]))]);
    client.props().await.unwrap();
    assert_eq!(
        script.sent()[0].uri(),
        "https://s10.sare.pl/rest/12345/email/props"
    );
}

#[tokio::test]
async fn an_address_is_one_segment_of_the_path() {
    for (address, segment) in [
        (JAN, "Jan.Kowalski%2Bsklep@example.com"),
        ("a/b?c#d%e@example.com", "a%2Fb%3Fc%23d%25e@example.com"),
        (" jan@żółw.pl ", "jan@xn--w-uga1v8h.pl"),
    ] {
        let (client, script) = Script::of([ok(json!([])), ok(json!([]))]);
        assert_eq!(client.by_email(address).await.unwrap(), None);
        assert_eq!(script.paths()[0], format!("email/by_email/{segment}"));
    }
}

#[tokio::test]
async fn lists_of_addresses_go_out_in_the_form_that_is_set() {
    let (client, script) = Script::of([ok(json!({ ANNA: 8 }))]);
    client.statuses(&[ANNA]).await.unwrap();
    assert_eq!(script.body(), json!({ "emails": [{ "email": ANNA }] }));
    client
        .clone()
        .with_lookup(LookupForm::Plain)
        .statuses(&[ANNA])
        .await
        .unwrap();
    assert_eq!(script.body(), json!({ "emails": [ANNA] }));
    assert_eq!(script.paths(), ["email/status_by_email_list/0"; 2]);
}

#[tokio::test]
async fn the_other_writes_have_their_bodies_too() {
    let (client, script) = Script::of([ok(json!({ "error": [] }))]);
    client.delete(&[ANNA]).await.unwrap();
    assert_eq!(script.body(), json!({ "emails": [ANNA] }));
    client
        .edit(&[Contact {
            email: ANNA.to_owned(),
            name: Some("Anna".to_owned()),
            ..Contact::default()
        }])
        .await
        .unwrap();
    assert_eq!(
        script.body(),
        json!({ "emails": [{ "email": ANNA, "name": "Anna" }] })
    );
    client.group_add_emails(&[ANNA], &[1, 21]).await.unwrap();
    assert_eq!(script.body(), json!({ "emails": [ANNA], "groups": [1, 21] }));
    client.group_remove_emails(&[ANNA], &[21]).await.unwrap();
    assert_eq!(script.body(), json!({ "emails": [ANNA], "groups": [21] }));
    client
        .group_add(&[Group {
            id: 7,
            name: "Nowa".to_owned(),
        }])
        .await
        .unwrap();
    assert_eq!(script.body(), json!({ "groups": [{ "id": 7, "name": "Nowa" }] }));
    assert!(
        script
            .sent()
            .iter()
            .all(|request| request.method() == Method::POST)
    );
    assert_eq!(
        script.paths(),
        [
            "email/delete",
            "email/edit",
            "group/add_emails",
            "group/remove_emails",
            "group/add"
        ]
    );
}

#[tokio::test]
async fn nothing_to_do_is_not_sent() {
    let (client, script) = Script::of([ok(json!(null))]);
    assert!(
        client
            .add(&AddRequest::data_only(Vec::new()))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(client.delete(&[]).await.unwrap().items.is_empty());
    assert!(client.edit(&[]).await.unwrap().items.is_empty());
    assert!(client.group_add(&[]).await.unwrap().items.is_empty());
    assert_eq!(
        client
            .group_remove_emails(&[ANNA], &[])
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    assert!(client.statuses(&[]).await.unwrap().is_empty());
    assert!(client.by_email_list(&[" "]).await.unwrap().is_empty());
    assert_eq!(client.by_email("no address").await.unwrap(), None);
    assert!(script.sent().is_empty() && client.pace().requests == 0);
}
