//! SARE's webhook: a hint whose shape nobody has published (sare-api.md 11.2).

use std::time::Duration;

use http::Method;
use store::{Commit, Contact, Dirty, DirtyKey, HookKind, Priority, Reason, Shop};

use crate::world::*;

async fn knowing(world: &World, addresses: &[&str]) -> (Shop, String) {
    let shop = world.installed().await;
    let lease = world.engine.claim_shop(shop.id).await.unwrap().unwrap();
    let contacts = addresses
        .iter()
        .map(|address| Contact::new(world.store.hash(shop.id, address), (*address).to_owned(), NOON))
        .collect();
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
    world
        .store
        .release(&lease, "", NOON + 3_600_000, NOON)
        .await
        .unwrap();
    let token = world.hooked(&shop, HookKind::Sare, "sare-token", None).await;
    (shop, token)
}

async fn tell(world: &World, token: &str, body: &str) {
    let answer = world
        .call(
            Method::POST,
            &format!("/sare/webhooks/{token}"),
            &[],
            body.to_owned(),
        )
        .await;
    assert_eq!(answer.status, 200);
}

async fn marks(world: &World, shop: &Shop) -> Vec<Dirty> {
    world
        .store
        .due_dirty(shop.id, NOON + 3_600_000, Priority::Bulk, 1000)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_address_is_found_wherever_it_stands() {
    for body in [
        r#"{"email":"Jan@Example.com"}"#,
        r#"{"event":"wypis","data":{"user":{"EMAIL":"jan@example.com","mailing":"x@y.example"}}}"#,
        r#"[{"type":"unsubscribe","who":"jan@example.com"}]"#,
        r#"["a",["b",{"c":" jan@example.com "}]]"#,
        "event=unsubscribe&email=jan%40example.com",
    ] {
        each(async |world| {
            let (shop, token) = knowing(&world, &["jan@example.com"]).await;
            tell(&world, &token, body).await;
            let marks = marks(&world, &shop).await;
            assert_eq!(marks.len(), 1, "{body}");
            assert_eq!(
                marks[0].key,
                DirtyKey::Address(world.store.hash(shop.id, "jan@example.com"))
            );
            assert_eq!(
                (marks[0].priority, marks[0].reason),
                (Priority::Live, Reason::SareHook)
            );
        })
        .await;
    }
}

#[tokio::test]
async fn whom_the_ledger_does_not_know_and_what_cannot_be_read_is_let_be() {
    each(async |world| {
        let (shop, token) = knowing(&world, &["jan@example.com"]).await;
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        let long = format!(
            "{{\"email\":\"jan@example.com\",\"x\":\"{}\"}}",
            "y".repeat(300_000)
        );
        for body in [
            r#"{"email":"ala@example.com"}"#,
            "",
            "null",
            "{",
            "\u{0}",
            &deep,
            &long,
        ] {
            tell(&world, &token, body).await;
        }
        tell(&world, "no-such-token", r#"{"email":"jan@example.com"}"#).await;
        assert!(marks(&world, &shop).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_flood_marks_no_more_than_the_allowance() {
    each(async |world| {
        let addresses: Vec<String> = (0..400).map(|n| format!("n{n}@example.com")).collect();
        let known: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let (shop, token) = knowing(&world, &known).await;
        for address in &addresses {
            tell(&world, &token, &format!("{{\"email\":\"{address}\"}}")).await;
        }
        assert_eq!(marks(&world, &shop).await.len(), 200);
        world.later(Duration::from_secs(60));
        tell(&world, &token, &format!("{{\"email\":\"{}\"}}", addresses[399])).await;
        assert_eq!(marks(&world, &shop).await.len(), 201, "the allowance comes back");
    })
    .await;
}
