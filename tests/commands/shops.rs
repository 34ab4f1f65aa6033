//! `shop show`, `shop remove`, and the ledger's keys.

use crate::world::World;

#[test]
fn a_shop_is_shown_with_its_counts_and_runs() {
    let world = World::synchronised();
    let shown = world.show();
    assert_eq!(
        (shown["customers"].as_i64(), shown["subscribers"].as_i64()),
        (Some(4), Some(3))
    );
    assert_eq!(
        (shown["contacts"].as_i64(), shown["mailable"].as_i64()),
        (Some(6), Some(4)),
        "{shown}"
    );
    assert_eq!(shown["runs"][0]["state"], "done");
    let licence = shown["license"].as_str().unwrap();
    world
        .run(&["shop", "show", licence])
        .with_code(0)
        .saying("Mailable (status 8)");
    world
        .run(&["shop", "show", &format!("http://{}/", world.host)])
        .with_code(0);
    world
        .run(&["shop", "show", "nobody.example"])
        .with_code(5)
        .saying("there is no shop");
}

#[test]
fn a_shop_that_has_moved_is_asked_where_the_operator_says_and_nowhere_that_is_no_shop() {
    let world = World::synchronised();
    let port = world.host.rsplit_once(':').unwrap().1;
    let moved = format!("localhost:{port}");
    let sare = world.sare_url.trim_end_matches('/').rsplit_once('/').unwrap().0;
    for (address, said) in [
        (sare, "no shop of Shoper's answers"),
        ("http://10.0.0.1", "is not a shop's address"),
        ("not an address", "is not a shop's address"),
    ] {
        let refused = world.run(&["shop", "move", &world.host, address]);
        assert_ne!(refused.code, 0, "{refused:?}");
        refused.saying(said);
        world.run(&["shop", "show", &world.host]).with_code(0);
    }
    let address = format!("http://{moved}");
    let told = world
        .run(&["shop", "move", &world.host, &address, "--json"])
        .with_code(0)
        .json();
    assert_eq!(
        (&told["shop"], &told["from"]),
        (&(*moved).into(), &(*world.host).into())
    );
    let anna = world.shop.customer_by_email("anna@example.com").unwrap().id;
    world
        .shop
        .edit_customer(anna, |one| one.firstname = "Hanna".into());
    world.run(&["shop", "sync", &moved]).with_code(0);
    assert_eq!(
        world.sare.contact("anna@example.com").unwrap().name,
        "Hanna Nowak"
    );
    let moves = world.run(&["doctor"]);
    moves.saying(&moved);
}

#[test]
fn removing_a_shop_asks_first_and_then_forgets_it_and_its_webhooks() {
    let world = World::new();
    world.connect();
    world.import(crate::world::CONFIG).with_code(0);
    let public = [("PUBLIC_URL", "http://127.0.0.1:1")];
    world
        .shop
        .add_foreign_webhook("https://other.example/hook", &["client.create"]);
    world
        .run_with(&["shop", "sync", &world.host], &public, "")
        .with_code(0);
    assert_eq!(world.shop.webhooks().len(), 2);

    let remove = ["shop", "remove", &world.host];
    world.run_with(&remove, &public, "").with_code(2).saying("--yes");
    let asked = world
        .run_with(&["shop", "remove", &world.host, "--json"], &public, "")
        .with_code(2)
        .json();
    assert_eq!(asked["result"], "not-confirmed");
    assert_eq!(world.shop.webhooks().len(), 2);
    let removed = world
        .run_with(&["shop", "remove", &world.host, "--yes", "--json"], &public, "")
        .with_code(0)
        .json();
    assert_eq!(
        (&removed["result"], &removed["webhooks_removed"]),
        (&"removed".into(), &true.into())
    );
    let left: Vec<String> = world
        .shop
        .webhooks()
        .iter()
        .map(|hook| hook.url.clone())
        .collect();
    assert_eq!(
        left,
        ["https://other.example/hook"],
        "ours is gone, another's stays"
    );
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .all(|shop| shop["state"] == "removed" && shop["contacts"] == 0),
        "{list}"
    );
}

#[test]
fn a_ledger_opens_with_its_keys_alone_and_a_new_key_can_be_put_in_front() {
    let world = World::synchronised();
    let list = ["shop", "list"];
    world
        .run_with(&list, &[("ENCRYPTION_KEYS", &"22".repeat(32))], "")
        .with_code(2)
        .saying("ENCRYPTION_KEYS");
    world
        .run_with(&list, &[("ENCRYPTION_KEYS", "abc")], "")
        .with_code(2)
        .saying("ENCRYPTION_KEYS");
    world
        .run_with(&list, &[("ENCRYPTION_KEYS", "")], "")
        .with_code(2)
        .saying("generate-key");
    let both = format!("{},{}", "22".repeat(32), "11".repeat(32));
    world
        .run_with(&list, &[("ENCRYPTION_KEYS", &both)], "")
        .with_code(0);
    let explain = ["contact", "explain", &world.host, "anna@example.com"];
    world
        .run_with(&explain, &[("ENCRYPTION_KEYS", &both)], "")
        .with_code(0);
}

#[test]
fn a_database_that_is_away_is_worth_another_try() {
    let world = World::new();
    let away = [("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")];
    world.run_with(&["shop", "list"], &away, "").with_code(6);
    world
        .run_with(&["shop", "list"], &[("DATABASE_URL", "mysql://x")], "")
        .with_code(2)
        .saying("sqlite:");
    world.run(&["migrate"]).with_code(0).saying("up to date");
}
