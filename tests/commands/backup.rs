//! The ledger as a file: whole after a clean stop, one server on it, backups made and put back, and broken files.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::programs::{Running, free_port, wait_for_port};
use crate::world::{Ran, World};

fn serve(world: &World) -> Running {
    let port = free_port();
    let mut command = world.command(&["serve"]);
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("LOG", "off")
        .stdout(Stdio::null());
    let running = Running(command.spawn().unwrap());
    wait_for_port(port);
    running
}

fn ledger(world: &World) -> PathBuf {
    world.dir.path().join("ledger.db")
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The shops of the ledger in `file`.
fn shops(world: &World, file: &Path) -> Ran {
    let url = format!("sqlite:{}", file.display());
    world.run_with(&["shop", "list", "--json"], &[("DATABASE_URL", &url)], "")
}

#[test]
fn after_a_clean_stop_the_file_alone_is_the_whole_ledger() {
    let world = World::synchronised();
    assert_eq!(
        files(world.dir.path()),
        ["ledger.db"],
        "commands leave one file too"
    );
    assert_eq!(serve(&world).end(), Some(0));
    assert_eq!(files(world.dir.path()), ["ledger.db", "ledger.db.lock"]);
    let copy = world.dir.path().join("copy.db");
    std::fs::copy(ledger(&world), &copy).unwrap();
    let list = shops(&world, &copy).with_code(0).json();
    assert_eq!(list[0]["contacts"], 6, "{list}");
}

#[test]
fn a_second_server_on_one_file_is_refused_and_commands_are_not() {
    let world = World::configured();
    let first = serve(&world);
    let second = || world.run_with(&["serve"], &[("LISTEN", "127.0.0.1:0")], "");
    second()
        .with_code(2)
        .saying("a server works on")
        .saying("one at a time");
    world.run(&["shop", "list"]).with_code(0).saying(&world.host);
    // By another name it is the same file.
    let alias = world.dir.path().join("alias.db");
    std::os::unix::fs::symlink(ledger(&world), &alias).unwrap();
    let url = format!("sqlite:{}", alias.display());
    world
        .run_with(&["serve"], &[("DATABASE_URL", &url)], "")
        .with_code(2)
        .saying("a server works on");
    // Killed outright, it holds nothing.
    drop(first);
    assert_eq!(serve(&world).end(), Some(0));
}

#[test]
fn a_backup_is_made_while_the_server_works_and_put_back_when_it_does_not() {
    let world = World::synchronised();
    let server = serve(&world);
    let backup = world.dir.path().join("backup.db");
    let name = backup.to_str().unwrap();
    world
        .run(&["backup", name])
        .with_code(0)
        .saying("holds the whole ledger");
    // The copy and the ledger itself are their owner's alone.
    let ledgers = std::fs::read_dir(world.dir.path()).unwrap();
    for file in ledgers.map(|entry| entry.unwrap().path()) {
        if file.to_string_lossy().contains(".db") {
            let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.display());
        }
    }
    world.run(&["backup", name]).with_code(2).saying("--overwrite");
    world.run(&["backup", name, "--overwrite"]).with_code(0);
    world
        .run(&["restore", name])
        .with_code(2)
        .saying("a server works on");
    assert_eq!(server.end(), Some(0));

    world.run(&["shop", "remove", &world.host, "--yes"]).with_code(0);
    let restored = world.run(&["restore", name, "--json"]).with_code(0).json();
    let list = shops(&world, &ledger(&world)).with_code(0).json();
    assert_eq!(list[0]["contacts"], 6, "{list}");
    let kept = PathBuf::from(restored["kept"].as_str().unwrap());
    let list = shops(&world, &kept).with_code(0).json();
    assert_eq!(list[0]["state"], "removed", "{list}");
    assert!(
        files(world.dir.path())
            .iter()
            .all(|name| !name.contains("part") && !name.contains("restoring")),
        "{:?}",
        files(world.dir.path())
    );
    world.run(&["shop", "audit", &world.host]).with_code(0);
    assert_eq!(serve(&world).end(), Some(0));
}

#[test]
fn what_is_no_whole_ledger_of_these_keys_is_not_restored() {
    let world = World::synchronised();
    let before = std::fs::read(ledger(&world)).unwrap();
    let backup = world.dir.path().join("backup.db");
    let name = backup.to_str().unwrap();
    world.run(&["backup", name]).with_code(0);
    let whole = std::fs::read(&backup).unwrap();

    let other = "22".repeat(32);
    world
        .run_with(&["restore", name], &[("ENCRYPTION_KEYS", &other)], "")
        .with_code(2)
        .saying("ENCRYPTION_KEYS do not open");
    world
        .run_with(
            &["backup", name, "--overwrite"],
            &[("ENCRYPTION_KEYS", &other)],
            "",
        )
        .with_code(2)
        .saying("ENCRYPTION_KEYS do not open");
    assert_eq!(
        std::fs::read(&backup).unwrap(),
        whole,
        "a good backup is not replaced by a bad one"
    );

    let mut broken = whole.clone();
    broken[8192..12_288].fill(0xa5);
    for (content, words) in [
        (
            &b"no database at all, only some text that somebody took for one".repeat(40)[..],
            "the backup is damaged",
        ),
        (&whole[..whole.len() / 2], "the backup is damaged"),
        (&broken[..], "the backup is damaged"),
        (&b""[..], "another program's"),
    ] {
        let file = world.dir.path().join("wrong.db");
        std::fs::write(&file, content).unwrap();
        let refused = world.run(&["restore", file.to_str().unwrap()]);
        assert_ne!(refused.code, 0, "{refused:#?}");
        refused.saying(words).saying("was not restored");
    }
    world
        .run(&["restore", "nowhere.db"])
        .with_code(6)
        .saying("nowhere.db");
    assert_eq!(std::fs::read(ledger(&world)).unwrap(), before);
    world.run(&["restore", name]).with_code(0);
}

#[test]
fn a_broken_file_is_told_as_one_by_every_command_and_can_be_replaced() {
    let world = World::synchronised();
    let backup = world.dir.path().join("backup.db");
    world.run(&["backup", backup.to_str().unwrap()]).with_code(0);
    let whole = std::fs::read(ledger(&world)).unwrap();

    // Its beginning is gone: it is no database any more.
    let mut broken = whole.clone();
    broken[..200].fill(0xa5);
    std::fs::write(ledger(&world), &broken).unwrap();
    let host = world.host.as_str();
    for command in [
        &["serve"][..],
        &["migrate"],
        &["backup", "other.db"],
        &["shop", "list"],
        &["shop", "show", host],
        &["contact", "explain", host, "anna@example.com"],
    ] {
        let told = world.run(command).with_code(1);
        told.saying("the database file is damaged")
            .saying("shoper-sare restore");
    }
    world
        .run(&["doctor"])
        .with_code(1)
        .saying("the database file is damaged")
        .saying("newest backup");

    // A page in the middle is gone: whoever looks through all of it finds out.
    let mut broken = whole;
    broken[8192..12_288].fill(0xa5);
    std::fs::write(ledger(&world), &broken).unwrap();
    world
        .run(&["doctor"])
        .with_code(1)
        .saying("the database file is damaged");

    let restored = world
        .run(&["restore", backup.to_str().unwrap(), "--json"])
        .with_code(0)
        .json();
    let kept = PathBuf::from(restored["kept"].as_str().unwrap());
    // All but SQLite's own first lines.
    assert_eq!(
        std::fs::read(kept).unwrap()[100..],
        broken[100..],
        "what could be saved by others is kept"
    );
    world.run(&["shop", "audit", host]).with_code(0);
}

#[test]
fn for_postgresql_its_own_tools_are_named() {
    let world = World::new();
    for command in [["backup", "x.db"], ["restore", "x.db"]] {
        let url = [("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")];
        world.run_with(&command, &url, "").with_code(2).saying("pg_dump");
    }
    assert!(files(world.dir.path()).is_empty());
}
