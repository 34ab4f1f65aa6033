//! Servers that are killed with -9 in mid-work, on both databases.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use shoper_sare::lab::Database;
use simulators::data::{Size, populate};
use simulators::sare::AccountSettings;
use simulators::shoper::ShopSettings;

use crate::world::{CONFIG, World, postgres};

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

/// Connects and configures the world's shop in this ledger.
fn begin(world: &World, database: &str) {
    let password = world.shop.settings().admin_password;
    let url = world.shop.base_url();
    let connect = [
        ("DATABASE_URL", database),
        ("SHOPER_ADMIN_PASSWORD", password.as_str()),
    ];
    world
        .run_with(&["shop", "connect", &url, "--login", "admin"], &connect, "")
        .with_code(0);
    let settings = [("DATABASE_URL", database)];
    world
        .run_with(&["shop", "config", "import", &world.host, "-"], &settings, CONFIG)
        .with_code(0);
}

/// What is so in the end, within `most`.
#[track_caller]
fn wait_for(what: &str, most: Duration, is_so: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < most, "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed()
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
    begin(&world, database);
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
    let Some((_runtime, database)) = postgres() else {
        return;
    };
    survives(database.url(), 2);
}

#[test]
fn another_server_takes_the_lanes_of_a_killed_one_within_ten_seconds_and_not_those_of_one_that_waits() {
    let Some((_runtime, database)) = postgres() else {
        return;
    };
    let world = World::new();
    world.shop.add_subscriber("first@example.com", true);
    begin(&world, database.url());
    let first = serve(&world, database.url());
    let is_mailed = |email: &str| {
        world
            .sare
            .contact(email)
            .is_some_and(|contact| contact.status == 8)
    };
    wait_for("the first synchronisation", Duration::from_secs(60), || {
        is_mailed("first@example.com")
    });
    // The next call to SARE takes longer than any lease.
    world
        .sare
        .change_settings(|settings| settings.latency = Duration::from_secs(24));
    let before = world.sare.requests();
    let sync = ["shop", "sync", &world.host, "--no-wait"];
    let asked = || (world.shop.request_count(), world.sare.requests());
    let second = std::thread::scope(|scope| {
        // The call is seen as it begins, however long the command takes: it is not over before the other has looked.
        scope.spawn(|| {
            world
                .run_with(&sync, &[("DATABASE_URL", database.url())], "")
                .with_code(0);
        });
        wait_for("the wait for SARE", Duration::from_secs(60), || {
            world.sare.requests() > before
        });
        let waiting = asked();
        let second = serve(&world, database.url());
        std::thread::sleep(Duration::from_secs(12));
        assert_eq!(asked(), waiting, "the second took the lane of one that lives");
        second
    });
    world.shop.add_subscriber("second@example.com", true);
    world
        .sare
        .change_settings(|settings| settings.latency = Duration::ZERO);
    drop(first);
    let before = asked().0;
    let took = wait_for("the take-over", Duration::from_secs(30), || asked().0 > before);
    assert!(took < Duration::from_secs(10), "{took:?}");
    // The webhook may have been lost with the first server: then the look for new records finds it within two minutes.
    wait_for("the work of the other", Duration::from_secs(220), || {
        is_mailed("second@example.com")
    });
    drop(second);
}
