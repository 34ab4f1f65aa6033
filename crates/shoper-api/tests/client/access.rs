//! Getting the right to ask: codes, refresh tokens, administrators.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;
use serde_json::json;
use shoper_api::Error;
use shoper_api::oauth::{AppCredentials, admin_login, exchange_code, refresh};

use crate::script::{Script, json as answer, raw, refused, shop, with_header};

fn app() -> AppCredentials {
    AppCredentials {
        app_id: "app".to_owned(),
        app_secret: "tajne:ż".into(),
    }
}

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

#[tokio::test]
async fn a_code_is_exchanged_in_the_form_of_the_official_library() {
    let body = json!({"access_token":"aa","refresh_token":"rr","expires_in":7_776_000,"token_type":"bearer","scope":"users_read,webhooks_create"});
    let script = Script::new([answer(body)]);
    let tokens = exchange_code(&script, &shop(), &app(), &"a b&c".into())
        .await
        .unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "aa");
    assert_eq!(
        tokens.refresh_token.as_ref().map(ExposeSecret::expose_secret),
        Some("rr")
    );
    assert_eq!(tokens.expires_in, Some(Duration::from_secs(7_776_000)));
    assert_eq!(tokens.scope, ["users_read", "webhooks_create"]);
    assert!(!format!("{tokens:?} {:?}", app()).contains("tajne"));

    let request = &script.requests()[0];
    assert_eq!(
        request.uri(),
        "https://sklep000001.shoparena.pl/webapi/rest/oauth/token"
    );
    assert_eq!(request.headers()["authorization"], basic("app:tajne:ż").as_str());
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.body(), "grant_type=authorization_code&code=a+b%26c");
}

#[tokio::test]
async fn a_refresh_token_brings_a_new_pair() {
    let script = Script::new([answer(
        json!({"access_token":"bb","refresh_token":"ss","expires_in":"3600"}),
    )]);
    let tokens = refresh(&script, &shop(), &app(), &"rr".into()).await.unwrap();
    assert_eq!(
        (tokens.expires_in, tokens.scope.len()),
        (Some(Duration::from_secs(3600)), 0)
    );
    assert_eq!(
        script.requests()[0].body(),
        "grant_type=refresh_token&refresh_token=rr"
    );
}

#[tokio::test]
async fn an_administrator_logs_in_without_a_refresh_token() {
    let script = Script::new([answer(
        json!({"access_token":"cc","expires_in":2_592_000,"token_type":"bearer"}),
    )]);
    let tokens = admin_login(&script, &shop(), "admin", &"hasło".into())
        .await
        .unwrap();
    assert!(tokens.refresh_token.is_none());
    let request = &script.requests()[0];
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("POST", "/webapi/rest/auth")
    );
    assert_eq!(request.headers()["authorization"], basic("admin:hasło").as_str());
    assert!(request.body().is_empty());
}

#[tokio::test]
async fn a_spent_code_is_told_from_a_shop_that_is_away() {
    let ask = |answer| async move {
        exchange_code(&Script::new([answer]), &shop(), &app(), &"code".into())
            .await
            .unwrap_err()
    };
    let spent = ask(refused(400, "invalid_grant")).await;
    assert!(matches!(&spent, Error::Invalid { code, .. } if code == "invalid_grant"));
    assert!(!spent.is_transient());
    assert!(!ask(refused(401, "unauthorized_client")).await.is_transient());
    for away in [
        raw(404, "<html>"),
        raw(502, ""),
        raw(200, "<html>"),
        with_header(raw(301, ""), "Location", "https://sklep.pl/"),
    ] {
        let error = ask(away).await;
        assert!(error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_refused_login_says_why() {
    let script = Script::new([refused(401, "auth_ip_not_allowed")]);
    let error = admin_login(&script, &shop(), "admin", &"x".into())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::Unauthorized {
            code: Some("auth_ip_not_allowed".to_owned())
        }
    );
}

#[tokio::test]
async fn tokens_without_an_access_token_are_not_understood() {
    for body in [
        json!({}),
        json!({"access_token": ""}),
        json!({"access_token": null}),
        json!([]),
    ] {
        let error = refresh(&Script::new([answer(body)]), &shop(), &app(), &"rr".into())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotUnderstood { what: "tokens", .. }));
    }
}
