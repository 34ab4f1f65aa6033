//! Servers that are killed with -9 in mid-work, on both databases.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use shoper_sare::lab::{Database, TEST_SERVER};
use simulators::data::{Size, populate};
use simulators::sare::AccountSettings;
use simulators::shoper::ShopSettings;

use crate::world::{CONFIG, World};

/// A server that is killed outright when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(world: &World, database: &str) -> Server {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut command = world.command(&["serve"]);
    command
        .env("DATABASE_URL", database)
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("LOG", "error")
        .stdout(Stdio::null());
    Server(command.spawn().unwrap())
}

/// A shop of 900 people whose services take their time.
fn shop() -> World {
    let shop = ShopSettings {
        bucket: None,
        latency: Duration::from_millis(20),
        ..ShopSettings::default()
    };
    let account = AccountSettings {
        latency: Duration::from_millis(40),
        ..AccountSettings::default()
    };
    let world = World::with(shop, account);
    populate(
        &world.shop,
        Size {
            invalid: 0.0,
            ..Size::of(600)
        },
        3,
    );
    world
}

/// Kills and restarts `servers` servers until the first synchronisation is over, changes things, and has everything
/// compared by the audit.
fn survives(database: &str, servers: usize) {
    let world = shop();
    let settings = [("DATABASE_URL", database)];
    let password = world.shop.settings().admin_password;
    let url = world.shop.base_url();
    let connect = [
        ("DATABASE_URL", database),
        ("SHOPER_ADMIN_PASSWORD", password.as_str()),
    ];
    world
        .run_with(&["shop", "connect", &url, "--login", "admin"], &connect, "")
        .with_code(0);
    world
        .run_with(&["shop", "config", "import", &world.host, "-"], &settings, CONFIG)
        .with_code(0);
    let state = || {
        let shown = world
            .run_with(&["shop", "show", &world.host, "--json"], &settings, "")
            .with_code(0)
            .json();
        shown["runs"][0]["state"].as_str().unwrap_or_default().to_owned()
    };
    let mut running: Vec<Server> = (0..servers).map(|_| serve(&world, database)).collect();
    for kill in 0..4 {
        std::thread::sleep(Duration::from_millis(350 + 130 * kill));
        running.remove(0);
        running.push(serve(&world, database));
    }
    let row = world.shop.subscribers().find(|row| row.active).unwrap();
    let begun = Instant::now();
    while state() != "done" {
        assert!(
            begun.elapsed() < Duration::from_secs(100),
            "the synchronisation does not end: {}",
            state()
        );
        std::thread::sleep(Duration::from_millis(300));
    }
    // A withdrawal without any webhook, found by a sweep that is killed as well.
    world.shop.set_subscriber_active(row.id, false);
    let sync = world.run_with(&["shop", "sync", &world.host], &settings, "");
    assert_eq!(sync.code, 0, "{sync:#?}");
    drop(running);
    let audit = world.run_with(&["shop", "audit", &world.host], &settings, "");
    assert_eq!(audit.code, 0, "{audit:#?}");
    assert_ne!(
        world.sare.contact(&row.email).map(|contact| contact.status),
        Some(8)
    );
}

#[test]
fn a_server_killed_again_and_again_loses_nothing_on_sqlite() {
    let database = Database::sqlite().unwrap();
    survives(database.url(), 1);
}

#[test]
fn two_servers_on_one_postgresql_share_the_work_and_one_killed_loses_nothing() {
    let Ok(server) = std::env::var(TEST_SERVER) else {
        assert!(
            std::env::var("CI").is_err(),
            "{TEST_SERVER} must name a PostgreSQL server here"
        );
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(Database::postgres(&server)).unwrap();
    survives(database.url(), 2);
}
