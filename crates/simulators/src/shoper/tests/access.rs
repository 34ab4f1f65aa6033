//! Who may call: tokens, logins, scopes (shoper-api.md B, D.6).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::json;

use super::super::{AdminRefused, ShopSettings};
use super::{Seen, Site, a_plain_shop, a_shop};

const DAY: Duration = Duration::from_secs(86_400);

/// A call without a token of ours.
fn call(site: &Site, path: &str, authorization: Option<&str>, body: &str) -> Seen {
    let mut request = site.request(Method::POST, path, body.to_owned());
    match authorization {
        Some(text) => request
            .headers_mut()
            .insert("Authorization", text.parse().unwrap()),
        None => request.headers_mut().remove("Authorization"),
    };
    site.ask(&request)
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

fn app() -> String {
    let settings = ShopSettings::default();
    basic(&settings.app_id, &settings.app_secret)
}

fn code(site: &Site) -> String {
    let message = site.shop.install_message();
    message
        .into_iter()
        .find(|(name, _)| name == "auth_code")
        .unwrap()
        .1
}

fn exchange(site: &Site, code: &str) -> Seen {
    call(
        site,
        "oauth/token",
        Some(&app()),
        &format!("grant_type=authorization_code&code={code}"),
    )
}

fn refresh(site: &Site, token: &str) -> Seen {
    call(
        site,
        "oauth/token",
        Some(&app()),
        &format!("grant_type=refresh_token&refresh_token={token}"),
    )
}

fn works(site: &Site, token: &str) -> bool {
    let mut request = site.request(Method::GET, "application-config", "");
    request
        .headers_mut()
        .insert("Authorization", format!("Bearer {token}").parse().unwrap());
    site.ask(&request).status == 200
}

#[test]
fn a_code_is_exchanged_in_both_official_forms() {
    for in_query in [false, true] {
        let site = a_plain_shop();
        let code = code(&site);
        let seen = if in_query {
            call(
                &site,
                "oauth/token?grant_type=authorization_code",
                Some(&app()),
                &format!("code={code}"),
            )
        } else {
            exchange(&site, &code)
        };
        assert_eq!(
            (seen.status, &seen.json["expires_in"], &seen.json["token_type"]),
            (200, &json!(7_776_000), &json!("bearer"))
        );
        assert!(
            seen.json["scope"]
                .as_str()
                .unwrap()
                .contains("users_read,subscribers_read")
        );
        assert!(works(&site, seen.json["access_token"].as_str().unwrap()));
        assert!(
            !works(&site, &site.token),
            "a new installation ends the tokens before it"
        );
    }
}

#[test]
fn a_pair_is_refreshed_in_each_official_form_and_once() {
    let site = a_plain_shop();
    let secrets = "client_id=abcdef0123456789abcdef0123456789&client_secret=app-secret-example";
    let mut pair = exchange(&site, &code(&site)).json;
    for form in 0..3 {
        let (old, spent) = (pair["access_token"].clone(), pair["refresh_token"].clone());
        let token = spent.as_str().unwrap();
        let query = "oauth/token?grant_type=refresh_token";
        let seen = match form {
            0 => refresh(&site, token),
            1 => call(&site, query, None, &format!("refresh_token={token}&{secrets}")),
            _ => call(&site, query, Some(&app()), &format!("refresh_token={token}")),
        };
        assert_eq!(seen.status, 200, "form {form}");
        assert!(works(&site, seen.json["access_token"].as_str().unwrap()));
        assert!(!works(&site, old.as_str().unwrap()), "the pair before ends");
        assert_eq!(
            refresh(&site, token).refusal(),
            (400, "invalid_grant"),
            "it works once"
        );
        pair = seen.json;
    }
}

#[test]
fn tokens_end_by_themselves() {
    let site = a_plain_shop();
    let pair = exchange(&site, &code(&site)).json;
    let (access, refresh_token) = (
        pair["access_token"].as_str().unwrap(),
        pair["refresh_token"].as_str().unwrap(),
    );
    site.pass(DAY * 90 - Duration::from_secs(1));
    assert!(works(&site, access));
    site.pass(Duration::from_secs(1));
    assert!(!works(&site, access));
    site.pass(DAY * 89);
    assert_eq!(refresh(&site, refresh_token).status, 200);
    let late = a_plain_shop();
    let pair = exchange(&late, &code(&late)).json;
    late.pass(DAY * 180);
    assert_eq!(
        refresh(&late, pair["refresh_token"].as_str().unwrap()).refusal(),
        (400, "invalid_grant")
    );
}

#[test]
fn a_code_ends_and_is_good_once_or_more_often() {
    let site = a_plain_shop();
    let first = code(&site);
    assert_eq!(exchange(&site, &first).status, 200);
    assert_eq!(exchange(&site, &first).refusal(), (400, "invalid_grant"));
    let second = code(&site);
    site.pass(Duration::from_secs(3600));
    assert_eq!(exchange(&site, &second).refusal(), (400, "invalid_grant"));
    let hasty = a_shop(|s| s.code_lifetime = Duration::from_secs(60));
    let (early, late) = (code(&hasty), code(&hasty));
    assert_eq!(exchange(&hasty, &early).status, 200);
    hasty.pass(Duration::from_secs(60));
    assert_eq!(exchange(&hasty, &late).refusal(), (400, "invalid_grant"));
    let lax = a_shop(|s| s.code_single_use = false);
    let code = code(&lax);
    assert_eq!(
        (exchange(&lax, &code).status, exchange(&lax, &code).status),
        (200, 200)
    );
}

#[test]
fn strangers_and_unknown_grants_are_refused() {
    let site = a_plain_shop();
    let code = code(&site);
    let body = format!("grant_type=authorization_code&code={code}");
    assert_eq!(
        call(&site, "oauth/token", Some(&basic("app", "wrong")), &body).refusal(),
        (401, "unauthorized_client")
    );
    assert_eq!(call(&site, "oauth/token", None, &body).status, 401);
    assert_eq!(
        call(&site, "oauth/token", Some(&app()), "grant_type=password").refusal(),
        (400, "unsupported_grant_type")
    );
    assert_eq!(site.get("oauth/token").status, 405);
}

#[test]
fn an_answer_to_a_login_varies_as_the_reference_says() {
    let site = a_shop(|s| {
        s.expires_in_as_string = true;
        s.scope = None;
    });
    let pair = exchange(&site, &code(&site)).json;
    assert_eq!(
        (&pair["expires_in"], pair.get("scope")),
        (&json!("7776000"), None)
    );
}

#[test]
fn a_token_that_is_missing_wrong_or_ended_is_unauthorized() {
    let site = a_plain_shop();
    for authorization in [None, Some("Bearer wrong"), Some("Basic x"), Some("nonsense")] {
        let seen = call(&site, "users", authorization, "{}");
        assert_eq!(seen.refusal(), (401, "unauthorized_client"));
        assert_eq!(seen.json["error_description"], "Provided access token is invalid");
    }
    site.shop.revoke_tokens();
    assert_eq!(site.get("users").status, 401);
}

#[test]
fn an_administrator_logs_in_without_the_appstore() {
    let site = a_plain_shop();
    let admin = basic("admin", "admin-password-example");
    let seen = call(&site, "auth", Some(&admin), "");
    assert_eq!(
        (
            seen.status,
            &seen.json["expires_in"],
            seen.json.get("refresh_token")
        ),
        (200, &json!(2_592_000), None)
    );
    let token = seen.json["access_token"].as_str().unwrap().to_owned();
    assert!(token.len() == 40 && works(&site, &token));
    let by_query = "auth?client_id=admin&client_secret=admin-password-example";
    assert_eq!(call(&site, by_query, None, "").status, 200);
    assert_eq!(
        call(&site, "auth", Some(&basic("admin", "wrong")), "").refusal(),
        (401, "auth_failure")
    );
    site.pass(DAY * 30);
    assert!(!works(&site, &token));
    for (why, code) in [
        (AdminRefused::Ip, "auth_ip_not_allowed"),
        (AdminRefused::WebApi, "auth_webapi_access_denied"),
    ] {
        site.shop.configure(|s| s.admin_refused = Some(why));
        assert_eq!(call(&site, "auth", Some(&admin), "").refusal(), (403, code));
    }
}

#[test]
fn a_token_of_the_panel_works_as_it_is() {
    let site = a_shop(|s| s.api_token = Some("token-from-the-panel".to_owned()));
    assert!(works(&site, "token-from-the-panel"));
}

#[test]
fn a_missing_scope_refuses_a_resource_or_one_action_of_it() {
    let site = a_shop(|s| s.refused = vec!["subscribers_edit".to_owned(), "user-addresses".to_owned()]);
    site.shop.add_subscriber("anna@example.com", true);
    let seen = site.put("subscribers/1", &json!({ "active": false }));
    assert_eq!(seen.refusal(), (403, "insufficient_scope"));
    assert_eq!(
        seen.json["error_description"],
        "The request requires higher privileges than provided by the access token"
    );
    assert!(site.shop.subscriber(1).unwrap().active);
    assert_eq!(
        (
            site.get("subscribers").status,
            site.delete("subscribers/1").status
        ),
        (200, 200)
    );
    assert_eq!(site.get("user-addresses").status, 403);
    assert_eq!(site.get("users").status, 200);
}
