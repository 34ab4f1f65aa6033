//! Places for the ledger that fail and come back: a disk that is full, a disk that takes no writes, a database server that
//! goes away. The real server is left running through all of it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::programs::{Running, free_port, get, wait_for_port};
use crate::world::{CONFIG, World, postgres};

/// A server at work on the ledger at `database`.
struct Server {
    running: Running,
    port: u16,
}

impl Server {
    /// Starts it.
    fn start(world: &World, database: &str) -> Self {
        let port = free_port();
        let plain = world.command(&["serve"]);
        let mut command = Command::new(plain.get_program());
        command.arg("serve").env_clear().current_dir(world.dir.path());
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
            .env("DATABASE_URL", database)
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", format!("http://127.0.0.1:{port}"))
            .env("METRICS_TOKEN", "metrics-token")
            .env("LOG", "off")
            .stdout(Stdio::null());
        let running = Running(command.spawn().unwrap());
        wait_for_port(port);
        Self { running, port }
    }

    /// Whether it says that it can work.
    fn is_ready(&self) -> bool {
        get(self.port, "/readyz", None).0.contains(" 200 ")
    }

    /// How many of the shop's webhooks were answered so.
    fn answered(&self, result: &str) -> u64 {
        let (_, page) = get(self.port, "/metrics", Some("metrics-token"));
        page.lines()
            .filter(|line| {
                line.starts_with("shoper_sare_webhooks_total{") && line.contains("from=\"shoper\"")
            })
            .filter(|line| line.contains(&format!("result=\"{result}\"")))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the test's word to whoever reads what it says"
)]
fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// Waits for something.
#[track_caller]
fn until(what: &str, within: u64, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(within), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A shop at work, then the trouble, and then no trouble any more: everything goes on without a restart, and what was
/// acknowledged is there.
fn heals(database: &str, rounds: usize, mut trouble: impl FnMut(&Server, bool)) {
    let world = World::new();
    let settings = [("DATABASE_URL", database)];
    let password = world.shop.settings().admin_password;
    let login = [
        ("DATABASE_URL", database),
        ("SHOPER_ADMIN_PASSWORD", password.as_str()),
    ];
    let url = world.shop.base_url();
    world
        .run_with(&["shop", "connect", &url, "--login", "admin"], &login, "")
        .with_code(0);
    world
        .run_with(&["shop", "config", "import", &world.host, "-"], &settings, CONFIG)
        .with_code(0);
    for n in 0..5 {
        world.shop.add_subscriber(format!("before{n}@example.com"), true);
    }
    let server = Server::start(&world, database);
    until("the first synchronisation does not come", 60, || {
        world.sare.len() == 5
    });
    until("the webhook is not registered", 20, || {
        !world.shop.webhooks().is_empty()
    });
    world.shop.add_subscriber("fine@example.com", true);
    until("a webhook brings nothing", 30, || {
        world.sare.contact("fine@example.com").is_some()
    });
    // What it marks is worked on before its answer is counted.
    until("a webhook is not answered", 20, || {
        server.answered("received") > 0
    });
    assert!(server.is_ready());

    for round in 0..rounds {
        let refused = server.answered("unavailable");
        trouble(&server, true);
        // What is acknowledged while the place fills up must be there afterwards; what is not is told so.
        let mut added = Vec::new();
        until("nothing is refused", 60, || {
            let address = format!("during{round}.{}@example.com", added.len());
            let before = (server.answered("received"), server.answered("unavailable"));
            world.shop.add_subscriber(address.clone(), true);
            until("a webhook is not answered", 20, || {
                (server.answered("received"), server.answered("unavailable")) != before
            });
            if server.answered("received") > before.0 {
                added.push(address);
            }
            server.answered("unavailable") > refused
        });
        until("it says that it can work while it cannot", 20, || {
            !server.is_ready()
        });
        assert!(
            get(server.port, "/healthz", None).0.contains(" 200 "),
            "it must not be killed for this"
        );

        trouble(&server, false);
        until("it does not heal by itself", 30, || server.is_ready());
        let after = format!("after{round}@example.com");
        let answered = server.answered("received");
        world.shop.add_subscriber(after.clone(), true);
        // A lane whose worker could not let it go is free when its lease ends, after a minute.
        until("lanes are not worked on any more", 120, || {
            world.sare.contact(&after).is_some()
        });
        until("a webhook is not answered", 20, || {
            server.answered("received") > answered
        });
        until("what was acknowledged is lost", 30, || {
            added.iter().all(|address| world.sare.contact(address).is_some())
        });
    }
    assert_eq!(server.running.end(), Some(0));
}

fn sqlite(dir: &Path) -> String {
    format!("sqlite:{}", dir.join("ledger.db").display())
}

/// A limit on the size of files: writes fail as those to a broken disk do. No special rights are needed for it.
#[test]
fn a_disk_that_takes_no_writes_is_told_and_heals_by_itself() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        skipped("there is no prlimit (util-linux) on this machine");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    heals(&sqlite(dir.path()), 2, |server, begins| {
        let limit = if begins {
            "--fsize=1:"
        } else {
            "--fsize=unlimited:"
        };
        let id = server.running.0.id().to_string();
        let done = Command::new("prlimit")
            .args(["--pid", &id, limit])
            .status()
            .unwrap();
        assert!(done.success());
    });
}

/// A small file system of its own, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        done.is_ok_and(|status| status.success())
            .then(|| Self(at.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Writes until there is no room for a single byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        for piece in [vec![0; 1 << 16], vec![0; 512], vec![0; 1]] {
            while file.write_all(&piece).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_file_that_was_moved_away_is_told_before_anything_is_lost_in_it() {
    let world = World::configured();
    let database = world.dir.path().join("ledger.db");
    let server = Server::start(&world, &format!("sqlite:{}", database.display()));
    until("it is not ready", 20, || server.is_ready());
    let elsewhere = world.dir.path().join("elsewhere.db");
    std::fs::rename(&database, &elsewhere).unwrap();
    until("it says that it can work", 20, || !server.is_ready());
    std::fs::rename(&elsewhere, &database).unwrap();
    until("it does not heal", 20, || server.is_ready());
    assert_eq!(server.running.end(), Some(0));
}

#[test]
fn a_full_disk_is_told_and_heals_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        skipped("a file system can be mounted by root alone; the other test of this file stands in for it");
        return;
    };
    heals(&sqlite(dir.path()), 2, |_, begins| {
        if begins {
            disk.fill();
        } else {
            std::fs::remove_file(disk.ballast()).unwrap();
        }
    });
}

/// A proxy to the database server that can be closed: connections break off, and new ones are refused.
struct Proxy {
    port: u16,
    server: String,
    open: Arc<AtomicBool>,
}

impl Proxy {
    fn new(server: String) -> Self {
        let proxy = Self {
            port: free_port(),
            server,
            open: Arc::new(AtomicBool::new(false)),
        };
        proxy.set(true);
        proxy
    }

    fn set(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
        if !open {
            // The one who listens looks up when somebody comes.
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            return;
        }
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let (server, open) = (self.server.clone(), Arc::clone(&self.open));
        std::thread::spawn(move || {
            let mut inside: Vec<TcpStream> = Vec::new();
            while let Ok((outer, _)) = listener.accept() {
                if !open.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(inner) = TcpStream::connect(&server) else {
                    continue;
                };
                for (from, to) in [(&outer, &inner), (&inner, &outer)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
                inside.extend([outer, inner]);
            }
            for stream in inside {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        });
    }
}

#[test]
fn a_postgresql_server_that_goes_away_is_told_and_its_return_heals_everything() {
    let Some((_runtime, database)) = postgres() else {
        return;
    };
    let mut url = url::Url::parse(database.url()).unwrap();
    let proxy = Proxy::new(format!(
        "{}:{}",
        url.host_str().unwrap(),
        url.port().unwrap_or(5432)
    ));
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.port)).unwrap();
    heals(url.as_str(), 1, |_, begins| proxy.set(!begins));
}
