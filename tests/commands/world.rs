//! A shop and a SARE account on this machine, and the program with a ledger of its own.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use ports::{Clock, HttpClient, HttpClientSettings, Reach, SystemClock};
use serde_json::Value;
use shoper_sare::lab::{Database, TEST_SERVER};
use simulators::network::Endpoint;
use simulators::sare::{Account, AccountSettings, BASE_PATH};
use simulators::server;
use simulators::shoper::{NewAddress, NewCustomer, Shop, ShopSettings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A new database on the tests' PostgreSQL server, and what it was made with; `None` where there is no server.
pub fn postgres() -> Option<(Runtime, Database)> {
    let Ok(server) = std::env::var(TEST_SERVER) else {
        assert!(
            std::env::var("CI").is_err(),
            "{TEST_SERVER} must name a PostgreSQL server here"
        );
        return None;
    };
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(Database::postgres(&server)).unwrap();
    Some((runtime, database))
}

/// A configuration of both kinds.
pub const CONFIG: &str = r#"[sare]
uid = "12345"
api_key = "8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630"

[customers]
enabled = true
group = 21
[customers.mapping]
name = "{firstname} {lastname}"
gsm = "address.phone"
prop1 = "address.city"
"custom.miasto" = "address.city"

[subscribers]
enabled = true
group = 22
[subscribers.mapping]
prop2 = "language"

[brake]
share = 0.0
at_least = 3
"#;

/// Everybody who takes part in a test.
pub struct World {
    /// The shop.
    pub shop: Shop,
    /// The SARE account.
    pub sare: Account,
    /// Host and port of the shop.
    pub host: String,
    /// What stands before `/{uid}` of the account.
    pub sare_url: String,
    /// Where files of the test lie.
    pub dir: TempDir,
    _runtime: Runtime,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The same program run, which is to have ended with `code`.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The same program run, which is to have said this.
    #[track_caller]
    pub fn saying(self, words: &str) -> Self {
        assert!(
            self.out.contains(words) || self.err.contains(words),
            "{words:?} is not in {self:#?}"
        );
        self
    }
}

impl World {
    /// An empty shop and an empty account with groups 1, 2, 21 and 22.
    pub fn new() -> Self {
        Self::with(
            ShopSettings {
                bucket: None,
                ..ShopSettings::default()
            },
            AccountSettings::default(),
        )
    }

    /// The same, set up in another way.
    pub fn with(mut shop: ShopSettings, account: AccountSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (shop_listener, sare_listener) = (listen(), listen());
        let host = shop_listener.local_addr().unwrap().to_string();
        let sare_url = format!("http://{}{BASE_PATH}", sare_listener.local_addr().unwrap());
        shop.base_url = format!("http://{host}");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let shop = Shop::new(shop, Arc::clone(&clock), 1);
        let sare = Account::new(account, Arc::clone(&clock), 1);
        let transport = HttpClient::shared(HttpClientSettings {
            reach: Reach::PublicAndLoopback,
            ..HttpClientSettings::default()
        })
        .unwrap();
        for (endpoint, listener) in [
            (Endpoint::Shop(shop.clone()), shop_listener),
            (Endpoint::Sare(sare.clone()), sare_listener),
        ] {
            runtime.spawn(server::serve(endpoint.clone(), listener, std::future::pending()));
            let (transport, clock) = (Arc::clone(&transport), Arc::clone(&clock));
            runtime.spawn(server::deliver(
                endpoint,
                transport,
                clock,
                std::future::pending(),
            ));
        }
        Self {
            shop,
            sare,
            host,
            sare_url,
            dir: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        }
    }

    /// With four customers and three subscribers, one of them both; connected and configured, nothing synchronised.
    pub fn configured() -> Self {
        let world = Self::new();
        world.furnish();
        world.connect();
        world.import(CONFIG).with_code(0);
        world
    }

    /// As [`World::configured`], synchronised once.
    pub fn synchronised() -> Self {
        let world = Self::configured();
        world.run(&["shop", "sync", &world.host]).with_code(0);
        world
    }

    fn furnish(&self) {
        for (email, first, last, flag) in [
            ("anna@example.com", "Anna", "Nowak", true),
            ("jan@example.com", "Jan", "Kowalski", true),
            ("ewa@example.com", "Ewa", "Zając", false),
            ("piotr@example.com", "Piotr", "Wójcik", true),
        ] {
            let address = NewAddress {
                firstname: first.into(),
                lastname: last.into(),
                street: "Rynek 1".into(),
                city: "Rybnik".into(),
                zip_code: "44-200".into(),
                country_code: "PL".into(),
                phone: "600 700 800".into(),
                ..NewAddress::default()
            };
            self.shop.add_customer(
                NewCustomer::new(email)
                    .name(first, last)
                    .newsletter(flag)
                    .address(address),
            );
        }
        self.shop.add_subscriber("anna@example.com", true);
        self.shop.add_subscriber("ola@example.com", true);
        self.shop.add_subscriber("marek@example.com", false);
    }

    /// Connects the shop by its administrator's login.
    pub fn connect(&self) {
        let url = self.shop.base_url();
        let password = self.shop.settings().admin_password;
        let login = ["shop", "connect", &url, "--login", "admin"];
        self.run_with(&login, &[("SHOPER_ADMIN_PASSWORD", &password)], "")
            .with_code(0);
    }

    /// Imports a configuration.
    pub fn import(&self, config: &str) -> Ran {
        self.run_with(&["shop", "config", "import", &self.host, "-"], &[], config)
    }

    /// A file of the test.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with the test's settings, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoper-sare"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(self.dir.path())
            .env(
                "DATABASE_URL",
                format!("sqlite:{}", self.dir.path().join("ledger.db").display()),
            )
            .env("ENCRYPTION_KEYS", "11".repeat(32))
            .env("SARE_API_URL", &self.sare_url)
            .env("SARE_RATE", "1000")
            .env("SARE_BURST", "1000")
            .env("ALLOW_HTTP", "1");
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "")
    }

    /// Runs the program with more settings and something to read.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.envs(settings.iter().copied());
        run(command, input)
    }

    /// The first id of a problem-free look into the ledger: `shop show` as JSON.
    pub fn show(&self) -> Value {
        self.run(&["shop", "show", &self.host, "--json"])
            .with_code(0)
            .json()
    }
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
