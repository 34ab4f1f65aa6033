//! Nothing that a shop says of people, and nothing that opens anything, comes into a log, an error or its `Debug`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod listen;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::Response;
use ports::{BoxFuture, Request, Transport, TransportError};
use serde_json::json;
use shoper_api::oauth::{AppCredentials, admin_login, exchange_code, refresh};
use shoper_api::subscribers::{NewSubscriber, SubscriberUpdate};
use shoper_api::users::AddressFilter;
use shoper_api::webhooks::NewWebhook;
use shoper_api::{BulkOperation, Client, Cursor, Error, ShopUrl, SubscriberId, UserId, WebhookId};

use listen::{heard, listen};

/// What the shop says: a person, an address of theirs, keys, and what steers terminals.
const SAID: &str = "Kowalska Anna, ul. Długa 5/7, 31-345 Kraków, anna@example.com, tel. 500600700, kowalska, \
    8a3e1c527d0f4b6e9c115f2ab7d4e630, sekretnehaslo\r\n2026-11-30 INFO wszystko dobrze\u{1b}[2J\u{0}\u{9b}\u{202e}";
/// None of it may be seen.
const SECRET: [&str; 14] = [
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
    "token-of-ours",
    "code-of-ours",
    "secret-of-ours",
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

/// Answers everything in the same way; every eighth request is not answered, so that no list is without end.
struct Always(u16, Vec<u8>, Option<&'static str>, AtomicU32);

impl Transport for Always {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        if self.3.fetch_add(1, Ordering::Relaxed) % 8 == 7 {
            return Box::pin(async { Err(TransportError::Timeout) });
        }
        let mut answer = Response::builder().status(self.0);
        if let Some(to) = self.2 {
            answer = answer.header("location", to);
        }
        let answer = answer.body(Bytes::from(self.1.clone())).unwrap();
        Box::pin(async move { Ok(answer) })
    }
}

/// Bodies in which a shop, or something in front of it, could say it.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        json!({ "error": "invalid_request", "error_description": SAID }),
        json!({ "error": SAID, "error_description": SAID }),
        json!({ "error": "kowalska", "error_description": [SAID] }),
        json!({ SAID: 1, "kowalska": { "anna": SAID }, "list": [SAID, { "kowalska": SAID }] }),
        json!({ "count": SAID, "pages": SAID, "page": SAID, "list": [{ "user_id": SAID, "email": SAID }] }),
        json!({ "list": SAID }),
        json!({ "errors": true, "message": SAID, "items": [{ "id": SAID, "code": SAID, "body": SAID }] }),
        json!({ "items": [{ "id": "0", "code": 400, "body": { "error": SAID, "error_description": SAID } }] }),
        json!({ "access_token": "", "refresh_token": SAID, "scope": SAID, "expires_in": SAID }),
        json!([SAID]),
        json!(SAID),
    ]
    .iter()
    .map(|body| body.to_string().into_bytes())
    .collect();
    bodies.push(format!("<html>{SAID}</html>").into_bytes());
    bodies.push(SAID.as_bytes().to_vec());
    bodies.push(format!("\u{feff}{{\"error\":\"{}", SAID.replace('\u{1b}', "")).into_bytes());
    bodies.push(b"{\"error\":\"kowalska\xb3\",\"error_description\":\"Kowalska \xb3 Anna\"}".to_vec());
    bodies
}

/// Every way to ask a shop, each with what came of it.
async fn all_calls(answer: &Arc<Always>) -> Vec<(&'static str, Option<Error>)> {
    let url = ShopUrl::parse("https://sklep000001.shoparena.pl", false).unwrap();
    let client = Client::new(
        Arc::clone(answer) as Arc<dyn Transport>,
        url.clone(),
        "token-of-ours".into(),
    );
    let app = AppCredentials {
        app_id: "app".to_owned(),
        app_secret: "secret-of-ours".into(),
    };
    let bulk = [BulkOperation {
        method: http::Method::GET,
        resource: "users".to_owned(),
        id: Some(7),
        params: vec![("name".to_owned(), "Kowalska".to_owned())],
        body: Some(json!({ "email": "anna@example.com" })),
    }];
    let hook = NewWebhook {
        url: "https://app.example/shoper/webhooks/token-of-ours".to_owned(),
        secret: Some("secret-of-ours".into()),
        events: vec!["client.edit".to_owned()],
        active: true,
    };
    let subscriber = NewSubscriber {
        email: "anna@example.com".to_owned(),
        active: true,
        lang_id: None,
        groups: None,
    };
    let bulked = match client.bulk(&bulk).await {
        Ok(mut one) => one.pop().and_then(Result::err),
        Err(error) => Some(error),
    };
    let (code, login) = ("code-of-ours".into(), "secret-of-ours".into());
    vec![
        ("users", client.users(Cursor::default()).await.err()),
        (
            "numbered",
            client.users(Cursor::Page { page: 2, after: 0 }).await.err(),
        ),
        ("user", client.user(UserId(7)).await.err()),
        ("by email", client.user_by_email("anna@example.com").await.err()),
        ("by ids", client.users_by_ids(&[UserId(7)]).await.err()),
        (
            "count",
            client.count_users(&[("email", "anna@example.com")]).await.err(),
        ),
        (
            "addresses",
            client.addresses_of(&[UserId(7)], AddressFilter::All).await.err(),
        ),
        ("subscribers", client.subscribers(Cursor::default()).await.err()),
        ("subscriber", client.subscriber(SubscriberId(7)).await.err()),
        ("row", client.subscriber_by_email("anna@example.com").await.err()),
        ("create", client.create_subscriber(&subscriber).await.err()),
        (
            "update",
            client
                .update_subscriber(SubscriberId(7), &SubscriberUpdate::default())
                .await
                .err(),
        ),
        ("delete", client.delete_subscriber(SubscriberId(7)).await.err()),
        ("hooks", client.webhooks().await.err()),
        ("hook", client.create_webhook(&hook).await.err()),
        (
            "hook again",
            client.update_webhook(WebhookId(7), &hook).await.err(),
        ),
        ("fields", client.additional_fields().await.err()),
        ("tags", client.user_tags().await.err()),
        ("settings", client.application_config().await.err()),
        ("version", client.application_version().await.err()),
        ("bulk", bulked),
        ("code", exchange_code(&**answer, &url, &app, &code).await.err()),
        ("refresh", refresh(&**answer, &url, &app, &code).await.err()),
        (
            "login",
            admin_login(&**answer, &url, "kowalska", &login).await.err(),
        ),
    ]
}

#[tokio::test]
async fn no_text_of_a_shop_reaches_a_log_or_an_error() {
    listen();
    let to = "https://elsewhere.example/kowalska?token=token-of-ours&name=Kowalska";
    let mut seen = std::collections::BTreeSet::new();
    for status in [
        200, 201, 301, 302, 400, 401, 403, 404, 405, 408, 409, 418, 429, 500, 501, 502, 503,
    ] {
        for (number, body) in bodies().into_iter().enumerate() {
            let answer = Arc::new(Always(status, body, Some(to), AtomicU32::new(0)));
            for (call, error) in all_calls(&answer).await {
                let when = format!("{call}, HTTP {status}, body {number}");
                if let Some(error) = error {
                    is_clean(&format!("{error}"), &when);
                    is_clean(&format!("{error:?}"), &when);
                    is_clean(&format!("{error:#?}").replace('\n', " "), &when);
                    let debug = format!("{error:?}");
                    seen.insert(
                        debug
                            .split(|c: char| !c.is_alphanumeric())
                            .next()
                            .unwrap()
                            .to_owned(),
                    );
                }
                is_clean(&heard(), &when);
            }
        }
    }
    for kind in [
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Invalid",
        "Rejected",
        "Locked",
        "RateLimited",
        "ShopLocked",
        "Server",
        "Redirected",
        "NotUnderstood",
    ] {
        assert!(seen.contains(kind), "{kind} was not among {seen:?}");
    }
}

#[tokio::test]
async fn logs_tell_calls_and_sizes() {
    listen();
    let answer = Arc::new(Always(404, bodies().remove(0), None, AtomicU32::new(0)));
    all_calls(&answer).await;
    let log = heard();
    assert!(
        log.contains("resource=users") && log.contains("status=404"),
        "{log}"
    );
}

#[tokio::test]
async fn the_merchant_is_shown_the_shops_reason_on_one_line() {
    listen();
    let answer = Arc::new(Always(400, bodies().remove(0), None, AtomicU32::new(0)));
    let error = exchange_code(
        &*answer,
        &ShopUrl::parse("https://sklep000001.shoparena.pl", false).unwrap(),
        &AppCredentials {
            app_id: "app".to_owned(),
            app_secret: "s".into(),
        },
        &"c".into(),
    )
    .await
    .unwrap_err();
    let shown = error.reason().unwrap().shown();
    assert!(shown.starts_with("Kowalska Anna, ul. Długa 5/7"), "{shown}");
    assert!(
        !shown.contains('@') && !shown.contains("8a3e") && !shown.chars().any(char::is_control),
        "{shown}"
    );
}
