//! Nothing that SARE says of people, and nothing that opens anything, comes into a log, an error or its `Debug`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod listen;

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use ports::{BoxFuture, Request, Transport, TransportError};
use sare_api::{AddRequest, Client, Contact, Error, Group, ItemOutcome, Uid};
use serde_json::json;

use listen::{heard, listen};

/// What SARE says: a person, an address of theirs, keys, and what steers terminals.
const SAID: &str = "Kowalska Anna, ul. Długa 5/7, 31-345 Kraków, anna@example.com, tel. 500600700, kowalska, \
    8a3e1c527d0f4b6e9c115f2ab7d4e630, sekretnehaslo\r\n2026-11-30 INFO wszystko dobrze\u{1b}[2J\u{0}\u{9b}\u{202e}";
/// None of it may be seen.
const SECRET: [&str; 12] = [
    "kowalska",
    "anna",
    "długa",
    "5/7",
    "31-345",
    "kraków",
    "@example",
    "500600700",
    "8a3e1c52",
    "sekretne",
    "wszystko",
    "key-of-ours",
];

fn is_clean(text: &str, when: &str) {
    let lower = text.to_lowercase();
    for secret in SECRET {
        assert!(!lower.contains(secret), "{when}: {secret} in {text:?}");
    }
    let printed: Vec<char> = text.chars().filter(|c| *c != '\n').collect();
    assert!(
        !printed
            .iter()
            .any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c)),
        "{when}: {text:?}"
    );
    assert!(text.lines().all(|line| line.len() < 1_000), "{when}: {text:?}");
}

/// Answers everything in the same way.
struct Always(Result<(u16, Vec<u8>), TransportError>);

impl Transport for Always {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let answer = self.0.clone().map(|(status, body)| {
            Response::builder()
                .status(status)
                .header("location", "https://elsewhere.example/kowalska")
                .body(Bytes::from(body))
                .unwrap()
        });
        Box::pin(async move { answer })
    }
}

/// Bodies in which SARE, or something in front of it, could say it.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        json!({ "code": 400, "message": SAID }),
        json!({ "code": 400, "response": SAID }),
        json!({ "code": 400, "response": { "error": [{ "email": "anna@example.com", "why": SAID }] } }),
        json!({ "code": 200, "response": { "error": [{ "email": "anna@example.com", "why": SAID }] } }),
        json!({ "code": 200, "response": { "error": SAID } }),
        json!({ "code": 200, "response": [[{ "name": SAID, "email": SAID }]] }),
        json!({ "code": 200, "response": { SAID: SAID, "kowalska": { "anna": SAID } } }),
        json!({ "code": SAID, "response": SAID }),
        json!({ "code": 401, "message": SAID }),
        json!({ "code": 404, "message": SAID }),
        json!({ "error": SAID, "error_description": SAID }),
        json!([SAID, { "kowalska": SAID }]),
        json!(SAID),
    ]
    .iter()
    .map(|body| body.to_string().into_bytes())
    .collect();
    bodies.push(format!("<html>{SAID}</html>").into_bytes());
    bodies.push(SAID.as_bytes().to_vec());
    bodies.push(b"{\"code\":400,\"message\":\"Kowalska \xb3 Anna\"}".to_vec());
    bodies
}

fn anna() -> Contact {
    Contact {
        email: "anna@example.com".to_owned(),
        name: Some("Anna Kowalska".to_owned()),
        gsm: Some("+48500600700".to_owned()),
        prop: [("prop1".to_owned(), "Kraków".to_owned())].into(),
        ..Contact::default()
    }
}

fn client(answer: &Arc<Always>) -> Client {
    let uid = Uid::parse("12345").unwrap();
    let base = "https://s.enewsletter.pl/api/v1".parse().unwrap();
    Client::new(
        Arc::clone(answer) as Arc<dyn Transport>,
        &base,
        &uid,
        "key-of-ours-1234567890".into(),
    )
}

/// Every way to ask SARE, each with what came of it: an error, or what is printed of an outcome.
async fn all_calls(answer: &Arc<Always>) -> Vec<(&'static str, Result<String, Error>)> {
    let c = client(answer);
    let (anna, emails) = (anna(), ["anna@example.com", "jan@example.com"]);
    let group = Group {
        id: 21,
        name: "Kowalska".to_owned(),
    };
    let shown = |outcome: sare_api::AddOutcome| format!("{outcome:?}");
    vec![
        ("statuses", c.statuses(&emails).await.map(|o| format!("{o:?}"))),
        ("list", c.by_email_list(&emails).await.map(|_| String::new())),
        ("one", c.by_email(emails[0]).await.map(|o| format!("{o:?}"))),
        (
            "add",
            c.add(&AddRequest::data_only(vec![anna.clone()])).await.map(shown),
        ),
        (
            "add two",
            c.add(&AddRequest::data_only(vec![anna.clone(), anna.clone()]))
                .await
                .map(shown),
        ),
        ("edit", c.edit(&[anna]).await.map(shown)),
        ("delete", c.delete(&emails).await.map(shown)),
        ("props", c.props().await.map(|_| String::new())),
        ("groups", c.groups().await.map(|_| String::new())),
        ("free", c.group_free().await.map(|_| String::new())),
        ("new group", c.group_add(&[group]).await.map(shown)),
        ("in group", c.group_emails(21, 0).await.map(|o| format!("{o:?}"))),
        ("next", c.group_emails(21, 1).await.map(|o| format!("{o:?}"))),
        ("join", c.group_add_emails(&emails, &[21]).await.map(shown)),
        ("leave", c.group_remove_emails(&emails, &[21]).await.map(shown)),
    ]
}

#[tokio::test]
async fn no_text_of_sare_reaches_a_log_or_an_error() {
    listen();
    let mut seen = std::collections::BTreeSet::new();
    let mut answers = vec![
        Err(TransportError::Timeout),
        Err(TransportError::Connect("refused".to_owned())),
    ];
    for status in [
        200, 301, 302, 400, 401, 403, 404, 408, 413, 418, 429, 500, 502, 503,
    ] {
        answers.extend(bodies().into_iter().map(|body| Ok((status, body))));
    }
    for answer in answers {
        let what = answer
            .as_ref()
            .map(|(status, body)| (*status, String::from_utf8_lossy(body).into_owned()));
        let answer = Arc::new(Always(answer.clone()));
        for (call, result) in all_calls(&answer).await {
            let when = format!("{call}, {what:?}");
            match result {
                Ok(printed) => is_clean(&printed, &when),
                Err(error) => {
                    is_clean(&format!("{error}"), &when);
                    is_clean(&format!("{error:?}"), &when);
                    let debug = format!("{error:?}");
                    seen.insert(
                        debug
                            .split(|c: char| !c.is_alphanumeric())
                            .next()
                            .unwrap()
                            .to_owned(),
                    );
                }
            }
            is_clean(&heard(), &when);
        }
    }
    for kind in [
        "NotSent",
        "Interrupted",
        "Unauthorized",
        "RateLimited",
        "Unavailable",
        "Rejected",
        "TooLarge",
        "NotUnderstood",
    ] {
        assert!(seen.contains(kind), "{kind} was not among {seen:?}");
    }
}

#[tokio::test]
async fn logs_tell_calls_and_sizes_and_nobodys_data() {
    listen();
    let answer = Arc::new(Always(Ok((400, bodies().remove(2)))));
    all_calls(&answer).await;
    let log = heard();
    for call in [
        "call=email/by_email",
        "call=email/add",
        "call=group/list",
        "status=400",
    ] {
        assert!(log.replace('"', "").contains(call), "{call} in {log}");
    }
    is_clean(&log, "the log");
}

#[tokio::test]
async fn the_merchant_is_shown_sares_reason_on_one_line() {
    listen();
    let answer = Arc::new(Always(Ok((200, bodies().remove(3)))));
    let outcome = client(&answer)
        .add(&AddRequest::data_only(vec![anna()]))
        .await
        .unwrap();
    let ItemOutcome::Refused { why } = &outcome.items[0] else {
        panic!("{outcome:?}")
    };
    let shown = why.shown();
    assert!(shown.starts_with("Kowalska Anna, ul. Długa 5/7"), "{shown}");
    assert!(
        !shown.contains('@') && !shown.contains("8a3e") && !shown.chars().any(char::is_control),
        "{shown}"
    );
}
