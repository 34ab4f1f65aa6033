//! That nothing personal and no secret gets into the log, whatever is sent. The log is the whole process's, so that
//! what happens on other threads, and in other tests, is looked at as well.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use http::Method;
use store::{Commit, Contact, HookKind};
use tracing_subscriber::fmt::MakeWriter;

use crate::world::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The process's log at its most talkative, from the first call on.
pub fn captured() -> String {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("no other log is kept in tests");
        log
    });
    String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned()
}

/// Calls of every kind, right ones and wrong ones, with people's data and secrets wherever they may stand.
async fn call_everything(world: &World) {
    let shop = world.installed().await;
    world.configured(&shop).await;
    let hash = world.store.hash(shop.id, "jan@example.com");
    let lease = world.engine.claim_shop(shop.id).await.unwrap().unwrap();
    let contacts = vec![Contact::new(hash, "jan@example.com".to_owned(), NOON)];
    assert!(
        world
            .store
            .commit(
                &lease,
                NOON,
                &Commit {
                    contacts,
                    ..Commit::default()
                }
            )
            .await
            .unwrap()
    );
    world.store.release(&lease, "", NOON, NOON).await.unwrap();
    let ours = world
        .hooked(&shop, HookKind::Shoper, "shop-hook-token", Some("hook-secret"))
        .await;
    let theirs = world.hooked(&shop, HookKind::Sare, "sare-hook-token", None).await;
    let body = r#"{"user_id":"12","email":"jan@example.com","firstname":"Grzegorz","phone":"600700800"}"#;
    for event in ["client.edit", "client.delete", "order.create", "jan@example.com"] {
        assert_eq!(
            world
                .deliver(&ours, &delivery(event, "hook-secret", body), body)
                .await
                .status,
            200
        );
    }
    world
        .deliver(&ours, &delivery("client.edit", "wrong", body), body)
        .await;
    world
        .deliver(
            &ours,
            &delivery("client.edit", "hook-secret", "jan@example.com"),
            "jan@example.com",
        )
        .await;
    world
        .deliver(
            "guessed-token",
            &delivery("client.edit", "hook-secret", body),
            body,
        )
        .await;
    world
        .call(Method::POST, &format!("/sare/webhooks/{theirs}"), &[], body)
        .await;
    let find = format!("/api/v1/shops/{HOST}/contacts/find");
    world
        .operator(Method::POST, &find, "{\"email\":\"jan@example.com\"}")
        .await;
    world
        .operator(Method::POST, &find, "{\"email\":\"jan@exa mple.com\"}")
        .await;
    world
        .operator(Method::POST, &find, "{\"email\":jan@example.com")
        .await;
    world
        .lifecycle(&[("action".to_owned(), "jan@example.com".to_owned())])
        .await;
    world
        .lifecycle(&signed("jan@example.com", &[("auth_code", "AUTHCODE123")]))
        .await;
    let query = format!("/panel?place=my-apps&shop={LICENSE}&timestamp=x&hash=0000&admin-name=Grzegorz");
    world.get(&query, &[("cookie", "panel=cookie-value")]).await;
    world
        .get("/panel/s/session-value/", &[("user-agent", "jan@example.com")])
        .await;
    world
        .get(
            "/jan@example.com?jan@example.com",
            &[("x-request-id", "jan@example.com")],
        )
        .await;
    world.ledger_fails().await;
    world
        .lifecycle(&signed_at("install", "2026-11-23 15:00:00", &install_extra()))
        .await;
    world
        .deliver(&ours, &delivery("client.edit", "hook-secret", body), body)
        .await;
}

#[tokio::test]
async fn nothing_personal_and_no_secret_is_logged() {
    each(async |world| call_everything(&world).await).await;
    let text = captured();
    assert!(
        text.contains("/shoper/webhooks/{token}"),
        "calls are logged by their route"
    );
    assert!(text.contains("the ledger failed"));
    for secret in [
        "jan@",
        "Grzegorz",
        "600700800",
        "AUTHCODE123",
        "shop-hook-token",
        "sare-hook-token",
        "guessed-token",
        "hook-secret",
        "session-value",
        "cookie-value",
        APPSTORE_SECRET,
        OPERATOR,
        "hash=",
    ] {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is logged: {line:?}");
    }
}
