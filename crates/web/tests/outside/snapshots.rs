//! Pages of the panel and answers of the API as they are, whole: each a file in `snapshots/`, the same on both databases.
//!
//! A page that is meant to say something else: `INSTA_UPDATE=always cargo nextest run -p web snapshots`, and what changed
//! is read before it is committed.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use store::{RunKind, RunState};

use crate::api::{JAN, furnished};
use crate::browser::Browser;
use crate::ledger::Visitor;
use crate::panel_contacts::{ANNA, page_of, synchronised};
use crate::panel_mapping::customers;
use crate::panel_problems::troubled;
use crate::panel_unsubscribes::three;
use crate::world::*;

/// Compares with the file of that name, without what is drawn at random or follows from a file's content.
fn compare(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter("[0-9a-f]{32,}", "[hex]");
    settings.add_filter(r"\.[0-9a-f]{16}\.(css|js)", ".[hash].$1");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Compares the main parts of pages in both languages, an element a line but for bars and choices.
async fn compare_pages(world: &World, state: &str, pages: &[(&str, &str)]) {
    for (lang, browser) in [
        ("pl", Browser::open(world).await),
        ("en", Browser::english(world).await),
    ] {
        for (name, page) in pages {
            let text = browser.see(page).await;
            let (_, main) = text.split_once("<main").expect("a page has a main part");
            let (main, _) = main.split_once("</main>").expect("it ends");
            let mut lines = main.replace("><", ">\n<");
            for part in ["<rect", "</rect", "<option", "</select", "</svg"] {
                lines = lines.replace(&format!(">\n{part}"), &format!(">{part}"));
            }
            compare(&format!("{name}-{state}.{lang}"), &format!("<main{lines}"));
        }
    }
}

#[tokio::test]
async fn pages_of_a_shop_that_begins() {
    each_connected(async |world, services| {
        customers(&services);
        let pages = [
            ("overview", ""),
            ("customers", "customers"),
            ("subscribers", "subscribers"),
            ("unsubscribes", "unsubscribes"),
            ("advanced", "advanced"),
        ];
        compare_pages(&world, "begins", &pages).await;
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_shop_in_order() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let story = page_of(&world, ANNA).await;
        let refused = page_of(&world, "piotr@example.com").await;
        let pages = [
            ("overview", ""),
            ("customers", "customers"),
            ("problems", "problems"),
            ("contacts", "contacts"),
            ("contact", story.as_str()),
            ("contact-refused", refused.as_str()),
            ("advanced", "advanced"),
            ("advanced-rules", "advanced/rules"),
            ("advanced-file", "advanced/file"),
            ("advanced-danger", "advanced/danger"),
            ("history", "advanced/history"),
        ];
        compare_pages(&world, "in-order", &pages).await;
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_shop_in_trouble() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        troubled(&v).await;
        three(&v).await;
        let pages = [
            ("overview", ""),
            ("problems", "problems"),
            ("contacts", "contacts"),
            ("unsubscribes", "unsubscribes"),
        ];
        compare_pages(&world, "in-trouble", &pages).await;
    })
    .await;
}

/// Asks a route of the API and compares its answer; the route.
async fn compare_answer(
    world: &World,
    method: Method,
    route: &str,
    run: i64,
    body: &str,
) -> (String, String) {
    let path = route.replace("{shop}", HOST).replace("{id}", &run.to_string());
    let answer = world.operator(method.clone(), &path, body).await;
    let told = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(json) => serde_json::to_string_pretty(&json).unwrap(),
        Err(_) => answer.text().to_owned(),
    };
    let name = route
        .trim_start_matches("/api/")
        .replace(['{', '}'], "")
        .replace('/', "-");
    compare(
        &format!("api-{method}-{name}"),
        &format!(
            "{method} {route} {body}\n{} {}\n\n{told}",
            answer.status,
            answer.header("content-type")
        ),
    );
    (method.to_string(), route.to_owned())
}

#[tokio::test]
async fn answers_of_the_api() {
    each(async |world| {
        let shop = furnished(&world).await;
        let new_run = async |kind, state| {
            let id = world.store.create_run(shop.id, kind, "{}", NOON).await.unwrap();
            let changed = world.store.set_run_state(shop.id, id, state, None, NOON);
            changed.await.unwrap();
            id
        };
        let braked = new_run(RunKind::Sweep, RunState::Braked).await;
        let whom = format!("{{\"email\":\"{JAN}\"}}");
        let at_shop = |rest: &str| format!("/api/v1/shops/{{shop}}{rest}");
        let mut asked = BTreeSet::new();
        for (method, route, body) in [
            (Method::GET, "/api/v1/shops".to_owned(), ""),
            (Method::GET, at_shop(""), ""),
            (Method::GET, at_shop("/config"), ""),
            (Method::PUT, at_shop("/config"), CONFIG),
            (Method::GET, at_shop("/runs"), ""),
            (Method::GET, at_shop("/runs/{id}"), ""),
            (Method::POST, at_shop("/brake/release"), ""),
            (Method::GET, at_shop("/problems"), ""),
            (Method::POST, at_shop("/problems/retry"), "{\"key\":\"u:12\"}"),
            (Method::POST, at_shop("/contacts/find"), &whom),
            (Method::POST, at_shop("/contacts/erase"), &whom),
            (Method::POST, at_shop("/pause"), ""),
            (Method::POST, at_shop("/resume"), ""),
        ] {
            asked.insert(compare_answer(&world, method, &route, braked, body).await);
        }
        let over = world
            .store
            .set_run_state(shop.id, braked, RunState::Done, None, NOON);
        over.await.unwrap();
        let dry_run = "{\"dry_run\":true}";
        for (method, rest, body) in [(Method::POST, "/sync", dry_run), (Method::DELETE, "", "")] {
            asked.insert(compare_answer(&world, method, &at_shop(rest), braked, body).await);
        }
        let document = world.operator(Method::GET, "/api/openapi.json", "").await.json();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        assert_eq!(asked, described, "each route once");
    })
    .await;
}
