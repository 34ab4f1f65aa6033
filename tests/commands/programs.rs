//! The roles that keep running: `serve`, `simulate`, `demo`.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{World, run};

/// A process that is ended with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Asks the process to end and waits until it has: its exit code.
    pub fn end(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the process does not end"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits until somebody listens.
pub fn wait_for_port(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A request by hand: the status line and the body.
pub fn get(port: u16, path: &str, token: Option<&str>) -> (String, String) {
    use std::io::Write;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn the_server_works_on_shops_answers_machines_and_ends_when_told() {
    let world = World::configured();
    let port = free_port();
    let mut command = world.command(&["serve"]);
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("PUBLIC_URL", format!("http://127.0.0.1:{port}"))
        .env("METRICS_TOKEN", "metrics-token")
        .env("OPERATOR_TOKEN", "operator-token")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Running(command.spawn().unwrap());
    wait_for_port(port);
    assert!(get(port, "/healthz", None).0.contains("200"));
    assert!(get(port, "/readyz", None).0.contains("200"));
    assert!(
        get(port, "/metrics", None).0.contains("401"),
        "{:?}",
        get(port, "/metrics", None)
    );
    assert!(get(port, "/metrics", Some("metrics-token")).0.contains("200"));
    assert!(get(port, "/api/v1/shops", None).0.contains("401"));
    assert!(
        get(port, "/api/v1/shops", Some("operator-token"))
            .1
            .contains(&world.host)
    );

    let begun = Instant::now();
    while world.sare.len() < 6 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the first synchronisation does not come"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    world.shop.add_subscriber("nowa@example.com", true);
    while world.sare.contact("nowa@example.com").is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the webhook brings nothing"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // Another process works on the same ledger, and waits for the server's part.
    world.run(&["shop", "sync", &world.host]).with_code(0);
    world.run(&["shop", "audit", &world.host]).with_code(0);
    assert_eq!(server.end(), Some(0));
}

/// With few descriptors to be had and many who take them and say nothing.
#[test]
fn a_server_whose_connections_are_all_taken_still_answers_and_still_works() {
    let world = World::configured();
    let port = free_port();
    let served = world.command(&["serve"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 200; exec \"$0\" serve"])
        .arg(served.get_program());
    for (name, value) in served.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = served.get_current_dir() {
        command.current_dir(directory);
    }
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("PUBLIC_URL", format!("http://127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Running(command.spawn().unwrap());
    wait_for_port(port);
    let mut idle = Vec::new();
    for n in 0..400 {
        use std::io::Write;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        if n % 2 == 0 {
            // The server may have closed it already, to make room.
            let _ = write!(stream, "GET /healthz HTTP/1.1\r\nX-Slow: ");
        }
        idle.push(stream);
    }
    for path in ["/healthz", "/readyz"] {
        assert!(get(port, path, None).0.contains("200"), "{path}");
    }
    let begun = Instant::now();
    while world.sare.len() < 6 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the first synchronisation does not come"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(idle);
    assert_eq!(server.end(), Some(0));
}

/// A form sent by hand: the status line.
fn post(port: u16, path: &str, form: &str) -> String {
    use std::io::Write;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = form.len();
    let head = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close";
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap().to_owned()
}

#[test]
fn a_login_takes_over_where_the_tokens_of_an_installed_app_no_longer_work() {
    let world = World::new();
    let settings = world.shop.settings();
    let port = free_port();
    let mut command = world.command(&["serve"]);
    command
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("SHOPER_APP_ID", &settings.app_id)
        .env("SHOPER_APP_SECRET", &settings.app_secret)
        .env("SHOPER_APPSTORE_SECRET", &settings.appstore_secret)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = Running(command.spawn().unwrap());
    wait_for_port(port);
    let form = simulators::shoper::form(&world.shop.install_message());
    assert!(post(port, "/shoper/lifecycle", &form).contains("200"));
    let begun = Instant::now();
    while world.show()["state"] != "connected" {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the code is not exchanged"
        );
    }
    assert_eq!(server.end(), Some(0));

    world.shop.revoke_tokens();
    world.connect();
    let list = world.run(&["shop", "list", "--json"]).with_code(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1, "one shop, one lane: {list}");
    assert_eq!(list[0]["origin"], "app-store");
    world.shop.add_subscriber("ola@example.com", true);
    world.import(crate::world::CONFIG).with_code(0);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    assert_eq!(world.sare.contact("ola@example.com").unwrap().status, 8);
    world.run(&["shop", "audit", &world.host]).with_code(0);
}

#[test]
fn simulated_services_tell_how_to_connect_to_them_and_can_be_connected() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let settings = dir.path().join("shop.json");
    std::fs::write(&settings, r#"{ "admin_password": "from-the-file" }"#).unwrap();
    let mut command = world.command(&[
        "simulate",
        "both",
        "--json",
        "--no-limits",
        "--customers",
        "5",
        "--subscribers",
        "3",
        "--shoper-listen",
        "127.0.0.1:0",
        "--sare-listen",
        "127.0.0.1:0",
        "--shoper-settings",
        settings.to_str().unwrap(),
    ]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: Value = loop {
        text.push_str(&lines.next().unwrap().unwrap());
        if let Ok(value) = serde_json::from_str(&text) {
            break value;
        }
    };
    let simulators = Running(child);
    let url = told["shoper"]["url"].as_str().unwrap();
    let login = [
        "shop",
        "connect",
        url,
        "--login",
        told["shoper"]["admin_login"].as_str().unwrap(),
    ];
    world.run_with(&login, &[], "from-the-file").with_code(0);
    let host = url.trim_start_matches("http://");
    let config = crate::world::CONFIG;
    let sare = [("SARE_API_URL", told["sare"]["api_url"].as_str().unwrap())];
    world
        .run_with(&["shop", "config", "import", host, "-"], &sare, config)
        .with_code(0);
    world.run_with(&["shop", "sync", host], &sare, "").with_code(0);
    world
        .run_with(&["shop", "audit", host], &sare, "")
        .with_code(0)
        .saying("5 customers and 3 subscribers");
    assert_eq!(simulators.end(), Some(0));
}

#[test]
fn the_demonstration_ends_with_an_audit_that_finds_nothing() {
    let world = World::new();
    let demo = ["demo", "--once", "--customers", "200", "--subscribers", "120"];
    let mut command = world.command(&demo);
    command.env_remove("DATABASE_URL");
    let told = run(command, "").with_code(0);
    told.saying("The first synchronisation took")
        .saying("switched off in the shop")
        .saying("the look for new records finds it")
        .saying("Unexplained: 0.");
}

#[test]
fn a_demonstration_that_is_not_ended_shows_the_panel_and_stays() {
    let world = World::new();
    let mut command = world.command(&["demo", "--customers", "200", "--subscribers", "120"]);
    let mut child = command
        .env_remove("DATABASE_URL")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let demo = Running(child);
    let panel = lines
        .map(Result::unwrap)
        .find(|line| line.contains("/panel?"))
        .unwrap();
    let url = url::Url::parse(panel.trim()).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let (status, _) = get(url.port().unwrap(), &path, None);
    assert!(status.contains("200") || status.contains("303"), "{status}");
    assert_eq!(demo.end(), Some(0));
}
