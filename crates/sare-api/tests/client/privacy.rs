//! Neither people nor the key come out by the back door.

use std::sync::Arc;

use sare_api::{AddRequest, Contact, Error};
use serde_json::json;

use crate::transport::{ANNA, KEY, Script, ok, raw, refused};

const SECRETS: [&str; 5] = ["anna@example", "anna%40", "Kowalska", "500600700", KEY];

fn is_clean(text: &str) -> bool {
    !SECRETS.iter().any(|secret| text.contains(secret))
}

fn anna() -> Contact {
    Contact {
        email: ANNA.to_owned(),
        name: Some("Anna Kowalska".to_owned()),
        gsm: Some("+48500600700".to_owned()),
        prop: [("prop1".to_owned(), "Kowalska".to_owned())].into(),
        ..Contact::default()
    }
}

#[tokio::test]
async fn what_can_be_printed_by_accident_shows_nobody() {
    let record = json!({ "email": ANNA, "status": 8, "name": "Anna Kowalska", "gsm": "+48500600700" });
    let (client, _) = Script::of([ok(json!([record]))]);
    let answers = client.statuses(&[ANNA]).await.unwrap();
    let records = client.by_email_list(&[ANNA]).await.unwrap();
    let page = client.group_emails(1, 0).await.unwrap();
    let request = AddRequest::data_only(vec![anna()]);
    let texts = [
        format!("{client:?}"),
        format!("{answers:?}"),
        format!("{:?}", records.get(ANNA).unwrap()),
        format!("{page:?}"),
        format!("{request:?}"),
    ];
    for text in texts {
        assert!(is_clean(&text), "{text}");
    }
}

#[tokio::test]
async fn errors_and_outcomes_show_nobody_unless_asked() {
    let why = format!("adres {ANNA} (Anna Kowalska, tel. 500600700) jest zablokowany");
    for answer in [
        refused(400, json!({ "error": [{ "email": ANNA, "why": why }] })),
        raw(400, json!({ "code": 400, "message": why }).to_string()),
        ok(json!([[{ "name": "Anna Kowalska", "email": ANNA, "gsm": "500600700" }]])),
        raw(200, format!("<p>{ANNA} tel. 500600700 {KEY}</p>")),
        raw(200, format!("{ANNA} 500600700")),
    ] {
        let (client, _) = Script::of([answer]);
        let error = client.statuses(&[ANNA]).await.unwrap_err();
        assert!(is_clean(&format!("{error} {error:?}")), "{error:?}");
        if let Error::NotUnderstood { redacted_body, .. } = &error {
            assert!(is_clean(redacted_body.as_str()), "{}", redacted_body.as_str());
        }
    }
    let (client, _) = Script::of([ok(json!({ "error": [{ "email": ANNA, "why": why }] }))]);
    let outcome = client.add(&AddRequest::data_only(vec![anna()])).await.unwrap();
    assert!(is_clean(&format!("{outcome:?}")));
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_refused_without_being_sent() {
    let (_, script) = Script::of([ok(json!([]))]);
    let transport: Arc<dyn ports::Transport> = Arc::clone(&script) as Arc<dyn ports::Transport>;
    let uid = sare_api::Uid::parse("12345").unwrap();
    let base = "https://s.enewsletter.pl/api/v1".parse().unwrap();
    let client = sare_api::Client::new(transport, &base, &uid, "klucz\nz nowa linia".to_owned().into());
    assert_eq!(
        client.groups().await.unwrap_err(),
        Error::Unauthorized { status: 401 }
    );
    assert!(script.sent().is_empty());
}
