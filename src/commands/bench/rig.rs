//! The server in a process of its own, between a simulated shop and SARE account that run in this one, over HTTP.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use ports::{Clock, HttpClient, SystemClock, Transport};
use simulators::network::Endpoint;
use simulators::sare::{Account, AccountSettings, BASE_PATH};
use simulators::shoper::{Shop, ShopSettings};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::simulated::{Running, listen};

/// The configuration that is measured with.
pub const CONFIG: &str = "
[customers]
enabled = true
group = 21
[customers.mapping]
name = \"{firstname} {lastname}\"
gsm = \"address.phone\"
prop1 = \"address.city\"
[subscribers]
enabled = true
group = 22
[subscribers.mapping]
prop2 = \"email\"
";

/// The server, killed when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everybody who takes part in a measurement.
pub struct Rig {
    /// The shop, not installed yet.
    pub shop: Shop,
    /// Its SARE account.
    pub account: Account,
    /// Time for all simulators.
    pub clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    our_url: String,
    sare_url: String,
    is_limited: bool,
    server: Option<Server>,
    stop: watch::Sender<bool>,
    running: Vec<Running>,
    dir: TempDir,
}

impl Rig {
    /// Starts the simulators with these settings, the shop filled by `fill`, and the server.
    pub async fn start(
        shop: ShopSettings,
        account: AccountSettings,
        fill: impl FnOnce(&Shop),
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let transport =
            HttpClient::shared(crate::app::transport_settings(true)).map_err(anyhow::Error::msg)?;
        let (shop_listener, shop_url) = listen("127.0.0.1:0").await?;
        let (sare_listener, sare_url) = listen("127.0.0.1:0").await?;
        let (our_listener, our_url) = listen("127.0.0.1:0").await?;
        let is_limited = shop.bucket.is_some();
        let settings = ShopSettings {
            base_url: shop_url,
            ..shop
        };
        let shop = Shop::new(settings, Arc::clone(&clock), 1);
        fill(&shop);
        let groups = vec![(21, "Klienci".to_owned()), (22, "Subskrybenci".to_owned())];
        let account = Account::new(AccountSettings { groups, ..account }, Arc::clone(&clock), 1);
        let (stop, stopping) = watch::channel(false);
        let run = |endpoint, listener| {
            Running::start(
                endpoint,
                listener,
                Arc::clone(&transport),
                Arc::clone(&clock),
                &stopping,
            )
        };
        let running = vec![
            run(Endpoint::Shop(shop.clone()), shop_listener),
            run(Endpoint::Sare(account.clone()), sare_listener),
        ];
        drop(our_listener);
        let mut rig = Self {
            shop,
            account,
            clock,
            transport,
            our_url,
            sare_url,
            is_limited,
            server: None,
            stop,
            running,
            dir: tempfile::tempdir()?,
        };
        let server = rig.program(&["serve"])?.stdout(Stdio::null()).spawn()?;
        rig.server = Some(Server(server));
        rig.wait_for_server().await?;
        Ok(rig)
    }

    /// The program with the measurement's settings, ready to be started.
    pub fn program(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let settings = self.shop.settings();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .env(
                "DATABASE_URL",
                format!("sqlite:{}", self.dir.path().join("bench.db").display()),
            )
            .env("LISTEN", self.our_url.trim_start_matches("http://"))
            .env("PUBLIC_URL", &self.our_url)
            .env("ALLOW_HTTP", "1")
            .env("ENCRYPTION_KEYS", "0b".repeat(32))
            .env("SHOPER_APP_ID", &settings.app_id)
            .env("SHOPER_APP_SECRET", &settings.app_secret)
            .env("SHOPER_APPSTORE_SECRET", &settings.appstore_secret)
            .env("SARE_API_URL", format!("{}{BASE_PATH}", self.sare_url))
            .env("SARE_API_KEY", self.account.settings().api_key)
            .env("SARE_RATE", if self.is_limited { "2" } else { "100000" })
            .env("SARE_BURST", if self.is_limited { "8" } else { "100000" })
            .env("LOG", "error");
        Ok(command)
    }

    async fn wait_for_server(&self) -> anyhow::Result<()> {
        for _ in 0..200 {
            let request = http::Request::get(format!("{}/healthz", self.our_url)).body(Bytes::new())?;
            let answer = self.transport.send(request).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server did not start");
    }

    /// Sends the lifecycle message of an installation.
    pub async fn install(&self, shop: &Shop) -> anyhow::Result<()> {
        let message = http::Request::post(format!("{}/shoper/lifecycle", self.our_url))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(simulators::shoper::form(&shop.install_message())))?;
        let answer = self.transport.send(message).await?;
        ensure!(
            answer.status().is_success(),
            "the install message was answered {}",
            answer.status()
        );
        Ok(())
    }

    /// Imports the configuration.
    pub fn configure(&self) -> anyhow::Result<()> {
        let file = self.dir.path().join("shop.toml");
        std::fs::write(
            &file,
            format!("[sare]\nuid = \"{}\"\n{CONFIG}", self.account.settings().uid),
        )?;
        let file = file.to_str().context("a path that is text")?;
        let done = self
            .program(&["shop", "config", "import", &self.shop.host(), file])?
            .output()?;
        ensure!(
            done.status.success(),
            "the configuration was not taken: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(())
    }

    /// Greatest memory that the server ever had, in MB; told by Linux alone.
    pub fn peak_memory(&self) -> Option<f64> {
        self.of_server("status", "VmHWM:")
    }

    /// What a line of the server's file in `/proc` says, in MB.
    fn of_server(&self, file: &str, name: &str) -> Option<f64> {
        let process = self.server.as_ref()?.0.id();
        let status = std::fs::read_to_string(format!("/proc/{process}/{file}")).ok()?;
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    /// Memory that the server has now, in MB.
    pub fn memory(&self) -> Option<f64> {
        self.of_server("status", "VmRSS:")
    }

    /// Ends the server and the simulators.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.server = None;
        self.stop.send_replace(true);
        for running in self.running {
            running.wait().await?;
        }
        Ok(())
    }
}
