//! Webhooks of shops (shoper-api.md F).

use std::time::{Duration, Instant};

use http::Method;
use simulators::faults::gzip;
use simulators::shoper::{derived_webhook_secret, form, webhook_sha1};
use sqlx::Executor;
use store::{Dirty, DirtyKey, HookKind, Priority, Reason};
use sync_core::RecordKey;

use crate::world::*;

const BODY: &str = r#"{"subscriber_id":"7","email":"jan@example.com","active":"1","dateadd":"2026-11-23 12:00:00","lang_id":"1","groups":[]}"#;

async fn marks(world: &World) -> Vec<Dirty> {
    let shop = world.shop().await;
    world
        .store
        .due_dirty(shop.id, NOON + 1000, Priority::Bulk, 100)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_webhook_of_the_reference_marks_its_record() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world
            .hooked(&shop, HookKind::Shoper, "token-1", Some(WEBHOOK_SECRET))
            .await;
        let headers = delivery("subscriber.edit", WEBHOOK_SECRET, BODY);
        assert_eq!(
            headers[3].1, "0fd6a54199f2cd7410a29efbd8bcd89366880a4b",
            "the vector of F.4"
        );
        let answer = world.deliver(&token, &headers, BODY).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let marks = marks(&world).await;
        assert_eq!(marks.len(), 1);
        assert_eq!(marks[0].key, DirtyKey::Record(RecordKey::subscriber(7)));
        assert_eq!(
            (marks[0].priority, marks[0].reason),
            (Priority::Live, Reason::Webhook)
        );
        let (hook, _) = world
            .store
            .hook_of(shop.id, HookKind::Shoper)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (hook.matched.as_deref(), hook.last_at),
            (Some("plain"), Some(NOON))
        );
        let lane = world.store.lane(shop.id).await.unwrap().unwrap();
        assert!(lane.wake_at.is_some_and(|at| at <= NOON), "the lane is woken");
    })
    .await;
}

#[tokio::test]
async fn a_webhook_that_comes_again_raises_the_version_and_a_deletion_stays_one() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        for event in ["subscriber.edit", "subscriber.delete", "subscriber.edit"] {
            assert_eq!(
                world
                    .deliver(&token, &delivery(event, "s", BODY), BODY)
                    .await
                    .status,
                200
            );
        }
        let marks = marks(&world).await;
        assert_eq!(
            (marks.len(), marks[0].version, marks[0].reason),
            (1, 3, Reason::DeleteWebhook)
        );
    })
    .await;
}

#[tokio::test]
async fn the_apps_own_secret_is_believed_once_it_is_configured() {
    let derived = derived_webhook_secret(APPSTORE_SECRET, LICENSE, WEBHOOK_SECRET);
    let headers = delivery("client.create", &derived, r#"{"user_id":12}"#);
    each(async |world| {
        let shop = world.installed().await;
        let token = world
            .hooked(&shop, HookKind::Shoper, "token-1", Some("own"))
            .await;
        assert_eq!(
            world.deliver(&token, &headers, r#"{"user_id":12}"#).await.status,
            401
        );
    })
    .await;
    each_with(
        |settings| settings.webhook_secret = Some(WEBHOOK_SECRET.into()),
        async |world| {
            let shop = world.installed().await;
            let token = world
                .hooked(&shop, HookKind::Shoper, "token-1", Some("own"))
                .await;
            assert_eq!(
                world.deliver(&token, &headers, r#"{"user_id":12}"#).await.status,
                200
            );
            let (hook, _) = world
                .store
                .hook_of(shop.id, HookKind::Shoper)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(hook.matched.as_deref(), Some("derived"));
            assert_eq!(
                marks(&world).await[0].key,
                DirtyKey::Record(RecordKey::customer(12))
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_hooks_own_secret_derived_for_the_shop_is_believed_and_remembered() {
    const OWN: &str = "secret-of-this-hook";
    let derived = derived_webhook_secret(APPSTORE_SECRET, LICENSE, OWN);
    let foreign = derived_webhook_secret(APPSTORE_SECRET, &"f".repeat(40), OWN);
    let keyless = derived_webhook_secret("another-appstore-secret", LICENSE, OWN);
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some(OWN)).await;
        for secret in [&foreign, &keyless] {
            let headers = delivery("client.create", secret, BODY);
            assert_eq!(world.deliver(&token, &headers, BODY).await.status, 401);
        }
        let headers = delivery("subscriber.edit", &derived, BODY);
        assert_eq!(world.deliver(&token, &headers, BODY).await.status, 200);
        assert_eq!(marks(&world).await.len(), 1);
        let of_shop = world.store.hook_of(shop.id, HookKind::Shoper).await;
        assert_eq!(
            of_shop.unwrap().unwrap().0.matched.as_deref(),
            Some("own-derived")
        );
        let told = world
            .operator(Method::GET, &format!("/api/v1/shops/{HOST}"), "")
            .await;
        assert_eq!(told.json()["webhook_signed_by"], "own-derived");
    })
    .await;
}

#[tokio::test]
async fn addresses_that_machines_call_answer_who_looks_whether_they_are_there() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        for path in [
            "/shoper/lifecycle".to_owned(),
            format!("/shoper/webhooks/{token}"),
            "/shoper/webhooks/anything".to_owned(),
            "/sare/webhooks/anything".to_owned(),
        ] {
            for method in [Method::GET, Method::HEAD] {
                for slash in ["", "/"] {
                    let answer = world
                        .call(method.clone(), &format!("{path}{slash}"), &[], "")
                        .await;
                    assert_eq!(
                        (answer.status.as_u16(), answer.text()),
                        (200, ""),
                        "{method} {path}"
                    );
                }
            }
            assert_eq!(world.call(Method::PUT, &path, &[], "").await.status, 405);
        }
        assert!(marks(&world).await.is_empty());
        // With a slash at its end it is the same address for what is meant, too.
        let headers = delivery("subscriber.edit", "s", BODY);
        let answer = world.deliver(&format!("{token}/"), &headers, BODY).await;
        assert_eq!((answer.status.as_u16(), marks(&world).await.len()), (200, 1));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let message = form(&signed("upgrade", &[("application_version", "2")]));
        let answer = world
            .call(Method::POST, "/shoper/lifecycle/", &headers, message)
            .await;
        assert_eq!(answer.status, 200);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_proven_marks_nothing() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let genuine = delivery("client.edit", "s", BODY);
        let with = |name: &str, value: &str| {
            let mut headers = genuine.clone();
            headers
                .iter_mut()
                .filter(|(found, _)| *found == name)
                .for_each(|(_, old)| *old = value.to_owned());
            headers
        };
        assert_eq!(
            world
                .deliver(&token, &genuine, &BODY.replace('7', "8"))
                .await
                .status,
            401,
            "another body"
        );
        assert_eq!(
            world
                .deliver(&token, &with("x-webhook-id", "6"), BODY)
                .await
                .status,
            401,
            "another webhook"
        );
        assert_eq!(
            world
                .deliver(&token, &with("x-webhook-sha1", ""), BODY)
                .await
                .status,
            401,
            "no signature"
        );
        let empty = webhook_sha1(5, "", BODY.as_bytes());
        assert_eq!(
            world
                .deliver(&token, &with("x-webhook-sha1", &empty), BODY)
                .await
                .status,
            401,
            "no secret"
        );
        assert_eq!(
            world.deliver("no-such-token", &genuine, BODY).await.status,
            404,
            "no token"
        );
        assert_eq!(
            world
                .deliver(&token, &with("x-shop-license", &"f".repeat(40)), BODY)
                .await
                .status,
            403,
            "a copy"
        );
        assert!(marks(&world).await.is_empty());
        let (hook, _) = world
            .store
            .hook_of(shop.id, HookKind::Shoper)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(hook.last_at, None);
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_shop_and_its_own_hook_alone() {
    each(async |world| {
        let shop = world.installed().await;
        let other = "f".repeat(40);
        let extra = [
            ("shop", other.as_str()),
            ("shop_url", "https://other.example"),
            ("application_version", "1"),
            ("auth_code", "B"),
        ];
        assert_eq!(world.lifecycle(&signed("install", &extra)).await.status, 200);
        let other = world.store.find_shop(&other).await.unwrap().unwrap();
        let ours = world
            .hooked(&shop, HookKind::Shoper, "token-1", Some("secret-1"))
            .await;
        let theirs = world
            .hooked(&other, HookKind::Shoper, "token-2", Some("secret-2"))
            .await;
        let sare = world.hooked(&shop, HookKind::Sare, "token-3", None).await;
        let headers = delivery("client.edit", "secret-1", BODY);
        assert_eq!(world.deliver(&theirs, &headers, BODY).await.status, 401);
        assert_eq!(world.deliver(&sare, &headers, BODY).await.status, 404);
        assert_eq!(world.deliver(&ours, &headers, BODY).await.status, 200);
        for shop in [&other] {
            assert!(
                world
                    .store
                    .due_dirty(shop.id, NOON + 1000, Priority::Bulk, 10)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn other_events_and_bodies_without_an_id_are_answered_and_mark_nothing() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        for (event, body) in [
            ("order.create", r#"{"order_id":1}"#),
            ("client.edit", "{}"),
            ("client.edit", "not json"),
            ("subscriber.delete", r#"{"email":"jan@example.com"}"#),
        ] {
            assert_eq!(
                world
                    .deliver(&token, &delivery(event, "s", body), body)
                    .await
                    .status,
                200,
                "{event} {body}"
            );
        }
        assert!(marks(&world).await.is_empty());
        let lane = world.store.lane(shop.id).await.unwrap().unwrap();
        assert!(lane.wake_at.is_some(), "the shop is looked at");
    })
    .await;
}

#[tokio::test]
async fn a_body_without_an_id_has_a_shop_at_work_read_as_a_whole_once_an_hour() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let deliver = async || {
            let body = "not json";
            let answer = world
                .deliver(&token, &delivery("client.edit", "s", body), body)
                .await;
            assert_eq!(answer.status, 200);
        };
        deliver().await;
        assert!(
            world.store.runs(shop.id, 5).await.unwrap().is_empty(),
            "the first one reads all"
        );
        let lease = world
            .store
            .claim_shop(shop.id, NOON, 60_000)
            .await
            .unwrap()
            .unwrap();
        let state = r#"{"first_done":true}"#;
        world.store.release(&lease, state, NOON, NOON).await.unwrap();
        for _ in 0..2 {
            deliver().await;
            let runs = world.store.runs(shop.id, 5).await.unwrap();
            assert_eq!(
                runs.iter().map(|run| run.kind).collect::<Vec<_>>(),
                [store::RunKind::Sweep]
            );
            let over = store::RunState::Done;
            let (id, at) = (runs[0].id, NOON);
            world
                .store
                .set_run_state(shop.id, id, over, None, at)
                .await
                .unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn bytes_before_and_inside_a_body_hide_no_record() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let plain = r#"{"user_id":"41","email":"jan@example.com"}"#;
        let bodies: [Vec<u8>; 5] = [
            format!("\u{feff}{}", plain.replace("41", "42")).into_bytes(),
            format!("\u{feff}\r\n\u{feff}{}\u{feff}", plain.replace("41", "43")).into_bytes(),
            b"{\"firstname\":\"Wa\xb3\xeasa\",\"user_id\":\"44\"}".to_vec(),
            gzip(plain.replace("41", "45").as_bytes()),
            plain.replace("41", "46").into_bytes(),
        ];
        for body in &bodies {
            // Signed as it is sent.
            let sign = |signed: &[u8]| webhook_sha1(5, "s", signed);
            let mut headers = delivery("client.edit", "s", "");
            headers[3].1 = sign(body);
            let answer = world.deliver(&token, &headers, body.clone()).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        // Signed first and compressed then, as a server in front of the shop would.
        let inner = plain.replace("41", "47");
        let headers = delivery("client.edit", "s", &inner);
        let answer = world.deliver(&token, &headers, gzip(inner.as_bytes())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut marked: Vec<_> = marks(&world).await.into_iter().map(|mark| mark.key).collect();
        marked.sort_by_key(|key| key.encode());
        let expected: Vec<_> = (42..=47)
            .map(|id| DirtyKey::Record(RecordKey::customer(id)))
            .collect();
        assert_eq!(marked, expected);
        // What would become too large is dropped, and the shop is looked at.
        let bomb = gzip(&vec![b' '; 4 << 20]);
        let mut headers = delivery("client.edit", "s", "");
        headers[3].1 = webhook_sha1(5, "s", &bomb);
        assert_eq!(world.deliver(&token, &headers, bomb).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_body_larger_than_a_mebibyte_is_refused() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let body = format!("{{\"user_id\":1,\"x\":\"{}\"}}", "y".repeat(1 << 20));
        assert_eq!(
            world
                .deliver(&token, &delivery("client.edit", "s", &body), &body)
                .await
                .status,
            413
        );
        let log = crate::logs::captured();
        let told = log.lines().find(|line| line.contains("its body is larger"));
        assert!(
            told.unwrap().contains("/shoper/webhooks/{token}"),
            "it is a line in the log"
        );
        assert!(!log.contains(&token));
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_removed_the_app_is_told_so() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        assert_eq!(
            world
                .lifecycle(&signed_at("uninstall", "2026-11-23 12:00:01", &[]))
                .await
                .status,
            200
        );
        let status = world
            .deliver(&token, &delivery("client.edit", "s", BODY), BODY)
            .await
            .status;
        assert!(status == 410 || status == 404, "{status}");
        assert!(marks(&world).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_shop_connected_directly_tells_its_licence_by_its_first_webhook() {
    each(async |world| {
        let license = format!("direct:{HOST}");
        let id = world
            .store
            .connect_direct(
                &license,
                SHOP_URL,
                HOST,
                &"admin".into(),
                &"password".into(),
                NOON,
            )
            .await
            .unwrap();
        let shop = world.store.shop(id).await.unwrap().unwrap();
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        assert_eq!(
            world
                .deliver(&token, &delivery("client.edit", "s", BODY), BODY)
                .await
                .status,
            200
        );
        assert_eq!(world.shop().await.id, id);
        let mut copy = delivery("client.edit", "s", BODY);
        copy[5].1 = "f".repeat(40);
        assert_eq!(
            world.deliver(&token, &copy, BODY).await.status,
            403,
            "from then on a copy is told apart"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn webhooks_are_answered_in_time_while_the_ledger_is_under_load() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let lease = world.engine.claim_shop(shop.id).await.unwrap().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        // A slice at work: commits of two hundred contacts, one after the other.
        let slice = async {
            let mut round = 0_u32;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                round += 1;
                let contacts = (0..200)
                    .map(|n| {
                        let address = format!("{round}-{n}@example.com");
                        store::Contact::new(world.store.hash(shop.id, &address), address, NOON)
                    })
                    .collect();
                let commit = store::Commit {
                    contacts,
                    ..store::Commit::default()
                };
                assert!(world.store.commit(&lease, NOON, &commit).await.unwrap());
            }
            round
        };
        let hooks = async {
            let mut slowest = Duration::ZERO;
            for burst in 0..10 {
                let calls = (0..40).map(|n| {
                    let (world, token) = (&world, &token);
                    async move {
                        let body = format!("{{\"user_id\":{}}}", burst * 40 + n + 1);
                        let began = Instant::now();
                        let answer = world
                            .deliver(token, &delivery("client.edit", "s", &body), &body)
                            .await;
                        assert_eq!(answer.status, 200);
                        began.elapsed()
                    }
                });
                slowest = futures_util::future::join_all(calls)
                    .await
                    .into_iter()
                    .fold(slowest, Duration::max);
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            slowest
        };
        let (rounds, slowest) = tokio::join!(slice, hooks);
        assert!(rounds > 0);
        assert!(slowest < Duration::from_secs(3), "the slowest took {slowest:?}");
        let shop = world.shop().await;
        assert_eq!(
            world
                .store
                .due_dirty(shop.id, NOON + 1000, Priority::Bulk, 1000)
                .await
                .unwrap()
                .len(),
            400
        );
    })
    .await;
}

#[tokio::test]
async fn a_ledger_that_stands_still_is_told_in_time_and_takes_the_mark_later() {
    each(async |world| {
        let shop = world.installed().await;
        let token = world.hooked(&shop, HookKind::Shoper, "token-1", Some("s")).await;
        let mut other = world.connection().await;
        if world.is_sqlite() {
            other.execute("BEGIN IMMEDIATE").await.unwrap();
        } else {
            other.execute("BEGIN").await.unwrap();
            other
                .execute("LOCK TABLE dirty IN ACCESS EXCLUSIVE MODE")
                .await
                .unwrap();
        }
        let began = Instant::now();
        let body = r#"{"user_id":"7"}"#;
        let answer = world
            .deliver(&token, &delivery("client.edit", "s", body), body)
            .await;
        assert_eq!(answer.status, 503);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        other.execute("ROLLBACK").await.unwrap();
        for _ in 0..100 {
            if !marks(&world).await.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(
            marks(&world).await[0].key,
            DirtyKey::Record(RecordKey::customer(7))
        );
    })
    .await;
}
