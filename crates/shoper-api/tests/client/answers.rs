//! What is sent with every request, and what every kind of answer means.

use std::time::Duration;

use ports::TransportError;
use shoper_api::{Cursor, Error, Pace, Private, ShopUrl, Standing, SubscriberId, UserId};

use crate::script::{Answer, Script, list, raw, refused, shop, with_header};

async fn ask(answer: Answer) -> Error {
    Script::new([answer])
        .client()
        .user(UserId(7))
        .await
        .expect_err("a refusal")
}

#[tokio::test]
async fn every_request_carries_the_token_and_what_shoper_wants_to_know() {
    let script = Script::new([list(0, 0, 1, vec![])]);
    script.client().users(Cursor::default()).await.unwrap();
    let request = &script.requests()[0];
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert!(
        request
            .uri()
            .to_string()
            .starts_with("https://sklep000001.shoparena.pl/webapi/rest/users?page=1")
    );
    assert_eq!(header("authorization"), "Bearer token-secret-1");
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(header("accept-language"), "pl_PL;q=0.8");
    assert!(header("user-agent").starts_with("shoper-api/"));
    assert!(!request.headers().contains_key("content-type"));
}

#[tokio::test]
async fn statuses_with_shopers_own_body_are_told_apart() {
    let none = None;
    for (status, code, expected) in [
        (
            401,
            "unauthorized_client",
            Error::Unauthorized {
                code: Some("unauthorized_client".to_owned()),
            },
        ),
        (
            403,
            "insufficient_scope",
            Error::Forbidden {
                resource: "users_read".to_owned(),
            },
        ),
        (404, "invalid_request", Error::NotFound),
        (404, "server_error", Error::NotFound),
        (405, "x", Error::Rejected { status: 405 }),
        (
            409,
            "temporarily_unavailable",
            Error::Locked { retry_after: none },
        ),
        (
            429,
            "temporarily_unavailable",
            Error::RateLimited { retry_after: none },
        ),
        (
            500,
            "server_error",
            Error::Server {
                status: 500,
                retry_after: none,
            },
        ),
        (501, "x", Error::Rejected { status: 501 }),
        (
            503,
            "temporarily_unavailable",
            Error::ShopLocked { retry_after: none },
        ),
    ] {
        let error = ask(refused(status, code)).await;
        assert_eq!(error, expected);
        assert_eq!(
            error.is_transient(),
            matches!(status, 429 | 500 | 503),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_404_without_shopers_body_is_not_a_deletion() {
    for body in [
        "",
        "<html>Not Found</html>",
        "{}",
        r#"{"message":"no route"}"#,
        "null",
        r#"{"error":"Not Found"}"#,
        r#"{"status":404,"error":"Not Found","path":"/webapi/rest/users/1"}"#,
        r#"{"error":"","error_description":""}"#,
    ] {
        let error = ask(raw(404, body)).await;
        assert!(
            matches!(error, Error::NotUnderstood { status: 404, .. }),
            "{body}: {error:?}"
        );
        assert!(error.is_transient());
    }
    for status in [400, 403] {
        assert!(
            ask(raw(status, "<html>Blocked</html>")).await.is_transient(),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_401_costs_a_token_only_when_it_can_be_shopers() {
    assert!(matches!(
        ask(raw(401, "")).await,
        Error::Unauthorized { code: None }
    ));
    assert!(matches!(
        ask(raw(401, "<html>Password, please</html>")).await,
        Error::NotUnderstood { .. }
    ));
}

#[tokio::test]
async fn a_503_and_a_409_without_a_body_are_what_their_numbers_say() {
    assert_eq!(
        ask(raw(503, "<html></html>")).await,
        Error::Server {
            status: 503,
            retry_after: None
        }
    );
    assert_eq!(ask(raw(409, "")).await, Error::Locked { retry_after: None });
}

#[tokio::test]
async fn how_long_to_wait_is_passed_on() {
    for status in [409, 429, 500, 503] {
        let error = ask(with_header(
            refused(status, "temporarily_unavailable"),
            "Retry-After",
            "7",
        ))
        .await;
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_says_where_the_shop_is() {
    for (location, to) in [
        (
            "https://www.sklep.pl/webapi/rest/users/7",
            Some("https://www.sklep.pl"),
        ),
        ("http://www.sklep.pl/", None),
        ("https://192.168.0.1/", None),
        ("/login", None),
    ] {
        let error = ask(with_header(raw(302, ""), "Location", location)).await;
        assert!(
            error.is_transient(),
            "a code or token must not be given up for it"
        );
        let Error::Redirected { to: found, for_good } = error else {
            panic!("{error:?}")
        };
        assert_eq!(found.as_ref().map(|url| url.as_str()), to, "{location}");
        assert!(!for_good, "302 does not last");
    }
    for (status, lasts) in [(301, true), (302, false), (303, false), (307, false), (308, true)] {
        let error = ask(with_header(raw(status, ""), "Location", "https://www.sklep.pl/")).await;
        assert!(
            matches!(error, Error::Redirected { for_good, .. } if for_good == lasts),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_stranger_is_told_by_a_shop_that_it_is_one_and_by_nothing_else() {
    let moved = with_header(
        raw(301, ""),
        "Location",
        "https://www.sklep.pl/webapi/rest/application-config",
    );
    let to = ShopUrl::parse("https://www.sklep.pl", false).unwrap();
    let itself = with_header(raw(301, ""), "Location", "https://sklep000001.shoparena.pl/sklep");
    let for_now = with_header(raw(302, ""), "Location", "https://www.sklep.pl/");
    for (answer, expected) in [
        (refused(401, "unauthorized_client"), Standing::Shop),
        (refused(403, "insufficient_scope"), Standing::Shop),
        (raw(401, "<p>Unauthorized"), Standing::Other),
        (raw(401, ""), Standing::Other),
        (
            raw(200, r#"{"shop_url":"https://sklep000001.shoparena.pl"}"#),
            Standing::Other,
        ),
        (raw(404, "<p>Nie ma takiej strony"), Standing::Other),
        (Err(TransportError::Timeout), Standing::Other),
        (moved, Standing::MovedTo(to)),
        (itself, Standing::Other),
        (for_now, Standing::Other),
    ] {
        let script = Script::new([answer]);
        assert_eq!(shoper_api::standing(&script, &shop()).await, expected);
        let asked = script.requests().remove(0);
        assert!(asked.headers().get("authorization").is_none(), "like a stranger");
    }
}

#[tokio::test]
async fn a_failed_connection_is_transient_unless_the_answer_is_too_large() {
    let error = ask(Err(TransportError::Timeout)).await;
    assert_eq!(error, Error::Transport(TransportError::Timeout));
    assert!(error.is_transient());
    assert!(
        !ask(Err(TransportError::TooLarge { limit: 1 }))
            .await
            .is_transient()
    );
}

#[tokio::test]
async fn neither_texts_nor_debug_show_values() {
    let body = r#"{"error":"invalid_request","error_description":"Wartość pola 'email' jest niepoprawna: Wartość 'x@example.com' już istnieje"}"#;
    let error = ask(raw(400, body)).await;
    assert_eq!(
        error.to_string(),
        "the shop refuses the request: Wartość pola 'email' jest niepoprawna: Wartość … już istnieje (invalid_request)"
    );
    assert!(!format!("{error:?}").contains("x@example.com"));
    let odd = ask(raw(200, r#"{"user_id":"8","email":"x@example.com"}"#)).await;
    assert_eq!(
        odd.to_string(),
        "the shop's answer is not understood: a customer (HTTP 200, {email: text, user_id: text})"
    );
    let script = Script::new([]);
    assert!(!format!("{:?}", script.client()).contains("token-secret"));
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused_without_asking() {
    let script = Script::new([]);
    let client = shoper_api::Client::new(std::sync::Arc::new(script.clone()), shop(), "a\nb".into());
    assert_eq!(
        client.user(UserId(7)).await.unwrap_err(),
        Error::Unauthorized { code: None }
    );
    assert_eq!(client.pace().requests, 0);
}

#[tokio::test]
async fn every_request_is_counted_and_the_limit_is_learnt() {
    let told = |answer, calls| {
        let answer = with_header(answer, "X-Shop-Api-Limit", "10");
        with_header(
            with_header(answer, "X-Shop-Api-Bandwidth", "2"),
            "X-Shop-Api-Calls",
            calls,
        )
    };
    let script = Script::new([
        told(refused(404, "server_error"), "4"),
        told(list(0, 0, 1, vec![]), "5"),
        Err(TransportError::Timeout),
    ]);
    let client = script.client();
    let clone = client.clone();
    clone.subscribers(Cursor::default()).await.unwrap();
    let pace = Pace {
        requests: 2,
        limit: Some(10.0),
        bandwidth: Some(2.0),
        calls: Some(5.0),
    };
    assert_eq!(client.pace(), pace);
    client.subscriber(SubscriberId(1)).await.unwrap_err();
    assert_eq!(
        clone.pace(),
        Pace {
            requests: 3,
            calls: None,
            ..pace
        }
    );
}

#[tokio::test]
async fn a_write_is_confirmed_by_any_json_and_not_by_a_page() {
    for body in ["1", "\"1\"", "true", "", "\u{feff}1"] {
        Script::new([raw(200, body)])
            .client()
            .delete_subscriber(SubscriberId(7))
            .await
            .unwrap();
    }
    let error = Script::new([raw(200, "<html></html>")])
        .client()
        .delete_subscriber(SubscriberId(7))
        .await;
    assert!(error.unwrap_err().is_transient());
}

#[tokio::test]
async fn a_reason_of_an_odd_shape_does_not_hide_that_the_error_is_shopers() {
    for reason in ["null", "[]", r#"{"email":"x@example.com"}"#] {
        let body = format!(r#"{{"error":"invalid_request","error_description":{reason}}}"#);
        assert_eq!(ask(raw(404, &body)).await, Error::NotFound);
        let invalid = Error::Invalid {
            code: "invalid_request".to_owned(),
            message: Private::default(),
        };
        assert_eq!(ask(raw(400, &body)).await, invalid);
    }
}
