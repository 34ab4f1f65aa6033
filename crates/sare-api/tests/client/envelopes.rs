//! HTTP status and `code` together, and everything that is not SARE's JSON (sare-api.md 3, 15, 16 row 8).

use std::time::Duration;

use ports::TransportError;
use sare_api::Error;
use serde_json::json;

use crate::transport::{Script, html, ok, raw, refused, retry};

async fn error(answer: Result<ports::Response, TransportError>) -> Error {
    let (client, _) = Script::of([answer]);
    client
        .groups()
        .await
        .expect_err("the answer is no list of groups")
}

#[tokio::test]
async fn the_envelope_is_opened_in_every_shape() {
    for body in [
        json!({ "code": 200, "status": "OK", "response": [] }),
        json!({ "code": "200", "response": [] }),
        json!({ "response": [] }),
        json!({ "code": null, "response": [] }),
        json!({ "code": 207, "version": "0.17.2", "meta": { "code": 0 }, "response": [] }),
        json!([]),
    ] {
        let (client, _) = Script::of([raw(200, body.to_string())]);
        assert_eq!(client.groups().await.unwrap(), [], "{body}");
    }
    let (client, _) = Script::of([raw(200, format!("\u{feff}{}", json!({ "response": [] })))]);
    assert_eq!(client.groups().await.unwrap(), []);
}

#[tokio::test]
async fn a_refused_key_is_seen_by_http_by_code_and_behind_html() {
    for (answer, status) in [
        (refused(401, json!(null)), 401),
        (refused(403, json!(null)), 403),
        (
            raw(200, r#"{"code":401,"status":"Unauthorized","response":null}"#),
            401,
        ),
        (raw(200, r#"{"code":"403","response":[]}"#), 403),
        (html(401), 401),
        (html(403), 403),
        (raw(401, ""), 401),
    ] {
        let error = error(answer).await;
        assert_eq!(error, Error::Unauthorized { status });
        assert!(!error.is_transient() && !error.suggests_smaller_batch() && !error.may_have_been_applied());
    }
}

#[tokio::test]
async fn overload_is_transient_and_says_how_long() {
    let limited = error(retry(429, "30")).await;
    assert_eq!(
        limited,
        Error::RateLimited {
            retry_after: Some(Duration::from_secs(30))
        }
    );
    assert_eq!(
        error(raw(200, r#"{"code":429,"response":null}"#)).await,
        Error::RateLimited { retry_after: None }
    );
    let away = error(retry(503, "120")).await;
    assert_eq!(
        away,
        Error::Unavailable {
            status: 503,
            retry_after: Some(Duration::from_secs(120))
        }
    );
    assert_eq!(away.retry_after(), Some(Duration::from_secs(120)));
    for answer in [
        html(502),
        raw(500, ""),
        raw(200, r#"{"code":500,"response":null}"#),
        raw(408, ""),
        html(200),
    ] {
        assert!(error(answer).await.is_transient());
    }
    assert!(limited.is_transient() && away.is_transient());
    assert!(error(raw(504, "")).await.suggests_smaller_batch());
    assert!(!limited.suggests_smaller_batch() && !away.suggests_smaller_batch());
}

#[tokio::test]
async fn a_request_that_is_too_large_or_rejected_asks_for_a_smaller_one() {
    assert_eq!(error(raw(413, "")).await, Error::TooLarge);
    assert_eq!(error(raw(200, r#"{"code":413}"#)).await, Error::TooLarge);
    let rejected = error(refused(400, json!({ "error": [{ "why": "pusta lista" }] }))).await;
    assert_eq!(rejected.reason().unwrap().as_str(), "pusta lista");
    assert_eq!(
        rejected.to_string(),
        "SARE refuses the request (HTTP 400, code 400)"
    );
    let by_code = error(raw(200, r#"{"code":400,"response":null}"#)).await;
    for error in [&rejected, &by_code, &Error::TooLarge] {
        assert!(error.suggests_smaller_batch() && !error.is_transient());
    }
    assert!(by_code.reason().is_none());
    assert!(!error(refused(404, json!(null))).await.suggests_smaller_batch());
}

#[tokio::test]
async fn the_reason_of_a_refused_call_is_found_wherever_it_stands() {
    for (body, reason) in [
        (
            json!({ "code": 400, "response": "limit przekroczony" }),
            "limit przekroczony",
        ),
        (
            json!({ "code": 400, "message": "zly JSON", "response": null }),
            "zly JSON",
        ),
        (
            json!({ "code": 400, "response": { "message": "brak pola" } }),
            "brak pola",
        ),
        (json!({ "code": 400, "error": "blad", "response": null }), "blad"),
        (
            json!({ "code": 400, "response": { "error": [{ "why": "a" }, { "why": "a" }, { "message": "b" }] } }),
            "a; b",
        ),
    ] {
        assert_eq!(
            error(raw(400, body.to_string())).await.reason().unwrap().as_str(),
            reason,
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_is_not_sares_json_is_not_understood() {
    for (answer, transient) in [
        (html(200), true),
        (raw(200, ""), false),
        (raw(200, "OK"), false),
        (raw(200, r#"{"code":"fine","response":[]}"#), false),
        (raw(200, r#"{"code":302,"response":[]}"#), false),
        (ok(json!("text")), false),
        (ok(json!(3)), false),
        (raw(200, r#"{"code":200,"status":"OK"}"#), false),
    ] {
        let error = error(answer).await;
        assert!(matches!(error, Error::NotUnderstood { .. }), "{error:?}");
        assert_eq!(error.is_transient(), transient, "{error:?}");
        assert!(error.may_have_been_applied(), "nothing can be concluded");
    }
}

#[tokio::test]
async fn a_redirect_is_an_outage_and_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let mut answer = raw(status, "").unwrap();
        let to = "https://elsewhere.example/api/v1".parse().unwrap();
        answer.headers_mut().insert("location", to);
        let (client, script) = Script::of([Ok(answer)]);
        let error = client.groups().await.unwrap_err();
        assert!(
            matches!(error, Error::Unavailable { .. }) && error.is_transient(),
            "{error:?}"
        );
        assert_eq!(script.sent().len(), 1);
    }
}

#[tokio::test]
async fn what_the_transport_says_decides_whether_a_write_may_have_happened() {
    let not_sent = error(Err(TransportError::Connect("refused".to_owned()))).await;
    assert!(
        matches!(not_sent, Error::NotSent(_)) && not_sent.is_transient() && !not_sent.may_have_been_applied()
    );
    let late = error(Err(TransportError::Timeout)).await;
    assert!(late.is_transient() && late.may_have_been_applied() && late.suggests_smaller_batch());
    let cut = error(Err(TransportError::Interrupted("reset".to_owned()))).await;
    assert!(cut.is_transient() && cut.may_have_been_applied() && !cut.suggests_smaller_batch());
    let large = error(Err(TransportError::TooLarge { limit: 10 })).await;
    assert!(!large.is_transient() && large.suggests_smaller_batch());
}

#[tokio::test]
async fn the_pace_counts_every_request_of_all_clones() {
    let (client, _) = Script::of([retry(429, "7"), ok(json!([]))]);
    let clone = client.clone();
    client.groups().await.unwrap_err();
    assert_eq!(
        (clone.pace().requests, clone.pace().retry_after),
        (1, Some(Duration::from_secs(7)))
    );
    clone.groups().await.unwrap();
    assert_eq!((client.pace().requests, client.pace().retry_after), (2, None));
}
