//! Health, metrics, and what every answer has in common.

use http::Method;

use crate::world::*;

#[tokio::test]
async fn the_process_lives_and_is_ready_while_the_ledger_answers() {
    each(async |world| {
        assert_eq!(world.get("/healthz", &[]).await.status, 200);
        assert_eq!(world.get("/readyz", &[]).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn metrics_tell_of_due_lanes_and_of_silence_without_naming_a_shop() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        world.later(std::time::Duration::from_secs(2 * 3600));
        let bearer = format!("Bearer {METRICS}");
        let answer = world.get("/metrics", &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        for line in [
            "shoper_sare_lanes_due 1",
            "shoper_sare_oldest_overdue_lane_seconds 7200",
            "shoper_sare_shops 1",
            "shoper_sare_longest_silence_seconds 7200",
            "shoper_sare_shops_silent{longer_than=\"3600\"} 1",
            "shoper_sare_shops_silent{longer_than=\"21600\"} 0",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        assert!(!text.contains("sklep000001") && !text.contains(LICENSE));
        world.engine.pause(shop.id, true).await.unwrap();
        let text = world
            .get("/metrics", &[("authorization", &bearer)])
            .await
            .text()
            .to_owned();
        assert!(
            text.contains("shoper_sare_longest_silence_seconds 0"),
            "a paused shop is not missed"
        );
    })
    .await;
}

#[tokio::test]
async fn metrics_tell_of_services_that_are_away_and_of_the_last_absence() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let away = store::Problem {
            key: "shop:sare-away".to_owned(),
            kind: sync_core::ProblemKind::of("sare-away"),
            hash: None,
            detail: Some("3".to_owned()),
            is_final: false,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        world.store.note_problem(shop.id, &away).await.unwrap();
        let sign = async |at: i64| world.store.heartbeat("a", at, 180_000).await.unwrap();
        sign(NOON - 7_200_000).await;
        sign(NOON - 60_000).await;
        let bearer = format!("Bearer {METRICS}");
        let answer = world.get("/metrics", &[("authorization", &bearer)]).await;
        let text = answer.text();
        for line in [
            "shoper_sare_shops_waiting_for_service{service=\"sare\"} 1".to_owned(),
            "shoper_sare_shops_waiting_for_service{service=\"shop\"} 0".to_owned(),
            "shoper_sare_servers 1".to_owned(),
            format!("shoper_sare_last_absence_start_seconds {}", NOON / 1000 - 7_200),
            format!("shoper_sare_last_absence_end_seconds {}", NOON / 1000 - 60),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn metrics_are_closed_without_a_token_and_to_a_wrong_one() {
    each(async |world| {
        assert_eq!(world.get("/metrics", &[]).await.status, 401);
        assert_eq!(
            world
                .get("/metrics", &[("authorization", "Bearer wrong")])
                .await
                .status,
            401
        );
        assert_eq!(
            world.get("/metrics", &[("authorization", METRICS)]).await.status,
            401
        );
    })
    .await;
    each_with(
        |settings| settings.metrics_token = None,
        async |world| {
            assert_eq!(
                world
                    .get("/metrics", &[("authorization", "Bearer ")])
                    .await
                    .status,
                404
            )
        },
    )
    .await;
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_cautious_headers() {
    each(async |world| {
        let answer = world.get("/healthz", &[]).await;
        assert!(answer.header("x-request-id").len() > 8);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        let ours = world
            .get("/healthz", &[("x-request-id", "0123456789abcdef")])
            .await;
        assert_eq!(ours.header("x-request-id"), "0123456789abcdef");
        let foreign = world
            .get("/healthz", &[("x-request-id", "jan@example.com says hello")])
            .await;
        assert_ne!(foreign.header("x-request-id"), "jan@example.com says hello");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_served_is_told_as_problem_details() {
    each(async |world| {
        let answer = world.get("/nothing/here", &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, "no-such-page")
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let answer = world.call(Method::DELETE, "/healthz", &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (405, "method-not-allowed")
        );
        // A person in front of a browser gets a page.
        let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
        for (method, path, headers, status) in [
            (Method::GET, "/nothing/here", &html[..], 404),
            (Method::GET, "/panel/nothing", &[], 404),
            (Method::GET, "/panel/s/0a/nothing/", &[], 404),
            (Method::DELETE, "/panel", &[], 405),
        ] {
            let answer = world.call(method, path, headers, "").await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
            assert!(answer.text().contains("Nie ma takiej strony"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn calls_are_counted_by_route_and_status_under_names_of_our_own() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    each(async |world| {
        let shop = world.installed().await;
        let token = world
            .hooked(&shop, store::HookKind::Shoper, "token-1", Some("s"))
            .await;
        for (event, secret) in [
            ("client.edit", "s"),
            ("jan@example.com", "s"),
            ("client.edit", "wrong"),
        ] {
            world
                .deliver(
                    &token,
                    &delivery(event, secret, "{\"user_id\":1}"),
                    "{\"user_id\":1}",
                )
                .await;
        }
        world
            .call(Method::from_bytes(b"SURPRISE").unwrap(), "/healthz", &[], "")
            .await;
        world.lifecycle(&signed("surprise", &[])).await;
        world.lifecycle(&[]).await;
    })
    .await;
    let text = recorder.handle().render();
    let has = |name: &str, labels: &[&str]| {
        text.lines()
            .any(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)))
    };
    let hooks = "shoper_sare_webhooks_total";
    assert!(
        has(
            hooks,
            &["from=\"shoper\"", "event=\"client.edit\"", "result=\"received\""]
        ),
        "{text}"
    );
    assert!(has(hooks, &["event=\"other\"", "result=\"received\""]), "{text}");
    assert!(
        has(hooks, &["event=\"client.edit\"", "result=\"not-proven\""]),
        "{text}"
    );
    let requests = "shoper_sare_http_requests_total";
    assert!(
        has(
            requests,
            &[
                "route=\"/shoper/webhooks/{token}\"",
                "method=\"POST\"",
                "status=\"401\""
            ]
        ),
        "{text}"
    );
    assert!(
        has(
            requests,
            &["route=\"/healthz\"", "method=\"other\"", "status=\"405\""]
        ),
        "{text}"
    );
    assert!(
        has("shoper_sare_lifecycle_total", &["action=\"install\""]),
        "{text}"
    );
    assert!(
        has("shoper_sare_lifecycle_total", &["action=\"other\""]),
        "{text}"
    );
    assert!(
        has("shoper_sare_lifecycle_refused_total", &["reason=\"malformed\""]),
        "{text}"
    );
    for secret in ["token-1", "jan@", "surprise", "SURPRISE", LICENSE, "sklep000001"] {
        assert!(!text.contains(secret), "{secret} is in the metrics");
    }
}
