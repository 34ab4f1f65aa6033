//! What is left on the disk of a shop that removed the app.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::programs::{Running, free_port, wait_for_port};
use crate::world::World;

/// The ledger's files whose bytes contain this.
fn files_with(world: &World, needle: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(world.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(needle.len()).any(|part| part == needle) {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}

#[test]
fn a_shop_that_is_forgotten_leaves_no_trace_in_the_file_or_in_backups_and_can_come_back() {
    let world = World::synchronised();
    let port = free_port();
    let mut command = world.command(&["serve"]);
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("LOG", "off")
        .stdout(Stdio::null());
    let server = Running(command.spawn().unwrap());
    wait_for_port(port);
    let host = world.host.as_bytes();
    assert!(!files_with(&world, host).is_empty(), "the looking itself works");

    world.run(&["shop", "remove", &world.host, "--yes"]).with_code(0);
    let begun = Instant::now();
    // At once, or when the server looks again because somebody was reading.
    while !files_with(&world, host).is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(100),
            "{:?}",
            files_with(&world, host)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    let name = list[0]["shop"].as_str().unwrap().to_owned();
    assert!(name.starts_with("removed:"), "{list}");
    world.run(&["shop", "show", &name]).with_code(0).saying("removed");
    world.run(&["backup", "later.db"]).with_code(0);
    assert!(files_with(&world, host).is_empty());

    // The merchant comes back, and begins anew.
    world.connect();
    world.import(crate::world::CONFIG).with_code(0);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    world.run(&["shop", "audit", &world.host]).with_code(0);
    assert_eq!(server.end(), Some(0));
}
