//! The operator's API.

use http::Method;
use serde_json::{Value, json};
use store::{Commit, Contact, HistoryEntry, Problem, Record, RunKind, RunState, ShopState};
use sync_core::{HistoryKind, RecordKey};

use crate::ledger::seen;
use crate::world::*;

pub const JAN: &str = "jan@example.com";

/// A shop with a configuration, a contact that has a problem, and a run.
pub async fn furnished(world: &World) -> store::Shop {
    let shop = world.installed().await;
    world.configured(&shop).await;
    let hash = world.store.hash(shop.id, JAN);
    let lease = world.engine.claim_shop(shop.id).await.unwrap().unwrap();
    let commit = Commit {
        contacts: vec![Contact {
            sare: seen(8),
            consent: Some(true),
            ..Contact::new(hash, JAN.to_owned(), NOON)
        }],
        records: vec![Record {
            key: RecordKey::customer(12),
            hash,
            consent: Some(true),
            silent: false,
            extra: None,
            run_id: None,
            seen_at: NOON,
        }],
        history: vec![HistoryEntry {
            hash,
            at: NOON,
            kind: HistoryKind::Added,
            detail: Some("{\"group\":21}".to_owned()),
        }],
        problems: vec![Problem {
            key: "u:12".to_owned(),
            kind: sync_core::ProblemKind::of("sare-refused"),
            hash: Some(hash),
            detail: Some("gsm".to_owned()),
            is_final: true,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        }],
        ..Commit::default()
    };
    assert!(world.store.commit(&lease, NOON, &commit).await.unwrap());
    world
        .store
        .release(&lease, "", NOON + 3_600_000, NOON)
        .await
        .unwrap();
    shop
}

#[tokio::test]
async fn the_api_is_off_without_a_token_and_closed_to_a_wrong_one() {
    each(async |world| {
        for path in ["/api/v1/shops", "/api/openapi.json"] {
            let answer = world.get(path, &[]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("www-authenticate")),
                (401, "Bearer")
            );
            assert_eq!(
                world.get(path, &[("authorization", "Bearer wrong")]).await.status,
                401
            );
        }
    })
    .await;
    each_with(
        |settings| settings.operator_token = None,
        async |world| assert_eq!(world.operator(Method::GET, "/api/v1/shops", "").await.status, 404),
    )
    .await;
}

#[tokio::test]
async fn every_path_of_the_document_answers() {
    each(async |world| {
        let shop = furnished(&world).await;
        let run = world
            .store
            .create_run(shop.id, RunKind::DryRun, "{}", NOON)
            .await
            .unwrap();
        let document = world.operator(Method::GET, "/api/openapi.json", "").await.json();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 12, "{}", paths.len());
        for (path, item) in paths {
            for method in item.as_object().unwrap().keys() {
                if method == "delete" {
                    continue;
                }
                let method: Method = method.to_uppercase().parse().unwrap();
                let filled = path.replace("{shop}", HOST).replace("{id}", &run.to_string());
                let answer = world.operator(method.clone(), &filled, "").await;
                let undescribed = answer.status != 405 && !answer.text().contains("no-such-page");
                assert!(undescribed, "{method} {path}: {}", answer.status);
                let described = &item[method.as_str().to_lowercase()]["responses"][answer.status.as_str()];
                assert!(
                    described.is_object(),
                    "{method} {path} answers {} and does not say so",
                    answer.status
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn shops_are_listed_and_shown_by_host_or_licence() {
    each(async |world| {
        furnished(&world).await;
        let list = world.operator(Method::GET, "/api/v1/shops", "").await.json();
        assert_eq!(list.as_array().unwrap().len(), 1);
        assert_eq!(
            (&list[0]["shop"], &list[0]["configured"]),
            (&json!(HOST), &json!(true))
        );
        assert_eq!(list[0]["counts"]["problems"], 1);
        for name in [HOST, LICENSE] {
            let shop = world
                .operator(Method::GET, &format!("/api/v1/shops/{name}"), "")
                .await
                .json();
            assert_eq!(
                (&shop["license"], &shop["state"]),
                (&json!(LICENSE), &json!("connecting"))
            );
        }
        let answer = world
            .operator(Method::GET, "/api/v1/shops/other.example", "")
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, "no-such-shop")
        );
    })
    .await;
}

#[tokio::test]
async fn a_configuration_is_put_read_and_judged() {
    each(async |world| {
        let shop = world.installed().await;
        let path = format!("/api/v1/shops/{HOST}/config");
        assert_eq!(
            world.operator(Method::GET, &path, "").await.code(),
            "not-configured"
        );
        let with_key = CONFIG.replace(
            "uid = \"12345\"",
            "uid = \"12345\"\napi_key = \"very-secret-key\"",
        );
        let answer = world.operator(Method::PUT, &path, &with_key).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["config_version"]),
            (200, &json!(1)),
            "{}",
            answer.text()
        );
        let answer = world.operator(Method::GET, &path, "").await;
        assert_eq!(answer.header("content-type"), "application/toml");
        assert!(answer.text().contains("uid = \"12345\"") && !answer.text().contains("very-secret-key"));
        let key = world
            .store
            .secret(shop.id, store::SecretName::SareKey)
            .await
            .unwrap();
        assert_eq!(
            key.map(|key| secrecy::ExposeSecret::expose_secret(&key).to_owned())
                .as_deref(),
            Some("very-secret-key")
        );
        let answer = world
            .operator(Method::PUT, &path, "[sare]\nuid = 5\nnonsense = 1\n")
            .await;
        assert_eq!(answer.status, 400);
        assert!(
            answer.json()["detail"].as_str().unwrap().lines().count() >= 2,
            "{}",
            answer.text()
        );
        assert_eq!(
            world.shop().await.config_version,
            1,
            "what cannot be used changes nothing"
        );
    })
    .await;
}

#[tokio::test]
async fn a_synchronisation_is_asked_for_once() {
    each(async |world| {
        let shop = world.installed().await;
        let sync = format!("/api/v1/shops/{HOST}/sync");
        assert_eq!(
            world.operator(Method::POST, &sync, "").await.code(),
            "not-configured"
        );
        world.configured(&shop).await;
        assert_eq!(
            world
                .operator(Method::POST, &sync, "{\"dryrun\":true}")
                .await
                .code(),
            "malformed"
        );
        let answer = world.operator(Method::POST, &sync, "{\"dry_run\":true}").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["kind"]),
            (202, &json!("dry-run"))
        );
        let id = answer.json()["id"].as_i64().unwrap();
        let answer = world.operator(Method::POST, &sync, "{\"dry_run\":true}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "run-active")
        );
        let runs = world
            .operator(Method::GET, &format!("/api/v1/shops/{HOST}/runs"), "")
            .await
            .json();
        assert_eq!(
            (runs.as_array().unwrap().len(), &runs[0]["state"]),
            (1, &json!("queued"))
        );
        let run = world
            .operator(Method::GET, &format!("/api/v1/shops/{HOST}/runs/{id}"), "")
            .await
            .json();
        assert_eq!(run["progress"]["phase"], "counting");
        assert_eq!(
            world
                .operator(Method::GET, &format!("/api/v1/shops/{HOST}/runs/999"), "")
                .await
                .code(),
            "no-such-run"
        );
        world
            .store
            .set_run_state(shop.id, id, RunState::Cancelled, None, NOON)
            .await
            .unwrap();
        let answer = world
            .operator(Method::POST, &sync, "{\"allow_mailable\":true}")
            .await
            .json();
        assert_eq!(
            (&answer["kind"], &answer["progress"]["allow_mailable"]),
            (&json!("forced"), &json!(true))
        );
    })
    .await;
}

#[tokio::test]
async fn a_brake_is_released_and_nothing_else_is() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let release = format!("/api/v1/shops/{HOST}/brake/release");
        assert_eq!(
            world.operator(Method::POST, &release, "").await.code(),
            "nothing-braked"
        );
        let id = world
            .store
            .create_run(shop.id, RunKind::Sweep, "{}", NOON)
            .await
            .unwrap();
        world
            .store
            .set_run_state(shop.id, id, RunState::Braked, None, NOON)
            .await
            .unwrap();
        let answer = world.operator(Method::POST, &release, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, json!({"released": true}))
        );
        assert_eq!(
            world.store.run(shop.id, id).await.unwrap().unwrap().state,
            RunState::Running
        );
    })
    .await;
}

#[tokio::test]
async fn a_shop_is_paused_resumed_and_forgotten() {
    each(async |world| {
        let shop = furnished(&world).await;
        let at = |what: &str| format!("/api/v1/shops/{HOST}{what}");
        assert_eq!(
            world.operator(Method::POST, &at("/pause"), "").await.json()["paused"],
            true
        );
        assert!(world.shop().await.paused);
        assert_eq!(
            world.operator(Method::POST, &at("/resume"), "").await.json()["paused"],
            false
        );
        assert_eq!(world.operator(Method::DELETE, &at(""), "").await.status, 204);
        let left = world.store.shop(shop.id).await.unwrap();
        assert!(left.is_none_or(|shop| shop.state == ShopState::Removed && shop.config.is_none()));
    })
    .await;
}

#[tokio::test]
async fn problems_name_whom_they_are_about_and_are_retried() {
    each(async |world| {
        furnished(&world).await;
        let path = format!("/api/v1/shops/{HOST}/problems");
        let polish = world
            .operator(Method::GET, &format!("{path}?lang=pl"), "")
            .await
            .json();
        assert_eq!(polish[0]["cause"], "SARE nie przyjęło tego kontaktu.");
        assert!(polish[0]["remedy"].as_str().unwrap().starts_with("Przeczytaj powód"));
        let list = world.operator(Method::GET, &path, "").await.json();
        let expected = json!({
            "key": "u:12", "who": JAN, "kind": "sare-refused", "detail": "gsm", "final": true,
            "cause": "SARE did not accept this contact.", "healer": "merchant",
            "remedy": "Read the reason and correct the value in the shop or the mapping. We send the contact again when it changes, or when you choose “Try again”.",
            "since": "2026-11-23T11:00:00Z", "last": "2026-11-23T11:00:00Z", "times": 1,
        });
        assert_eq!(list, json!([expected]));
        let retry = format!("{path}/retry");
        assert_eq!(
            world
                .operator(Method::POST, &retry, "{\"key\":\"u:99\"}")
                .await
                .json(),
            json!({"retried": 0})
        );
        assert_eq!(
            world.operator(Method::POST, &retry, "").await.json(),
            json!({"retried": 1})
        );
    })
    .await;
}

#[tokio::test]
async fn a_contact_is_found_and_forgotten_by_an_address_in_the_body() {
    each(async |world| {
        let shop = furnished(&world).await;
        let find = format!("/api/v1/shops/{HOST}/contacts/find");
        let contact = world
            .operator(Method::POST, &find, "{\"email\":\"Jan@Example.com\"}")
            .await
            .json();
        assert_eq!(
            (&contact["email"], &contact["sare_status"]),
            (&json!(JAN), &json!(8))
        );
        assert_eq!(
            contact["records"],
            json!([{"kind": "customer", "id": 12, "consent": true, "silent": false}])
        );
        assert_eq!(contact["history"][0]["detail"], json!({"group": 21}));
        let unknown = world
            .operator(Method::POST, &find, "{\"email\":\"ala@example.com\"}")
            .await;
        assert_eq!(unknown.code(), "no-such-contact");
        assert!(
            !unknown.text().contains("ala@"),
            "an error does not repeat the address"
        );
        for body in ["", "{\"email\":\"nobody\"}", "[]", "{"] {
            assert_eq!(
                world.operator(Method::POST, &find, body).await.status,
                400,
                "{body}"
            );
        }
        let erase = format!("/api/v1/shops/{HOST}/contacts/erase");
        assert_eq!(
            world
                .operator(Method::POST, &erase, "{\"email\":\"ala@example.com\"}")
                .await
                .status,
            404
        );
        assert_eq!(
            world
                .operator(Method::POST, &erase, "{\"email\":\"jan@example.com\"}")
                .await
                .status,
            204
        );
        let left = world
            .store
            .contact(shop.id, world.store.hash(shop.id, JAN))
            .await
            .unwrap();
        assert!(left.is_none_or(|contact| contact.address.is_none() && contact.refusal.is_some()));
        let answer: Value = world
            .operator(Method::POST, &find, "{\"email\":\"jan@example.com\"}")
            .await
            .json();
        assert!(answer["email"].is_null());
    })
    .await;
}

#[tokio::test]
async fn a_statement_gives_way_to_the_synchronisation_and_what_cannot_begin_is_not_queued() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let sync = format!("/api/v1/shops/{HOST}/sync");
        let statement = world
            .operator(Method::POST, &sync, "{\"dry_run\":true}")
            .await
            .json();
        let forced = world.operator(Method::POST, &sync, "").await;
        assert_eq!(forced.status, 202, "{}", forced.text());
        let id = statement["id"].as_i64().unwrap();
        let statement = world.store.run(shop.id, id).await.unwrap().unwrap();
        assert_eq!(
            (statement.state, statement.error.as_deref()),
            (RunState::Cancelled, Some("superseded"))
        );
        let answer = world.operator(Method::POST, &sync, "").await;
        assert_eq!(
            answer.code(),
            "run-active",
            "a synchronisation gives way to nothing"
        );

        let change = |state, paused| store::ShopChange {
            state,
            paused: Some(paused),
            ..store::ShopChange::default()
        };
        for (state, paused, code) in [
            (None, true, "paused"),
            (Some(ShopState::AccessLost), false, "no-access"),
        ] {
            world
                .store
                .update_shop(shop.id, &change(state, paused), NOON)
                .await
                .unwrap();
            let answer = world.operator(Method::POST, &sync, "").await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, code));
        }
        world
            .store
            .put_secrets(shop.id, &[(store::SecretName::SareKey, None)], None)
            .await
            .unwrap();
        let answer = world.operator(Method::POST, &sync, "{\"dry_run\":true}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "not-connected")
        );
    })
    .await;
}
