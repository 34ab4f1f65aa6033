//! What every command starts from: the ledger, the outside, the clock, and the engine on top of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use engine::{Engine, EngineSettings};
use ports::{Clock, HttpClient, HttpClientSettings, Reach, SystemClock, Transport};
use rand::TryRng;
use secrecy::ExposeSecret;
use shoper_api::oauth::AppCredentials;
use store::{Keys, Shop, Store};
use sync_core::Lang;
use sync_core::config::Config;
use texts::Words;

use crate::settings::Settings;

/// The opened program.
#[derive(Clone)]
pub struct App {
    /// The operator's settings.
    pub settings: Settings,
    /// The ledger.
    pub store: Store,
    /// The real outside.
    pub transport: Arc<dyn Transport>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// Pause between two looks for new records, where it is not the engine's own: a demonstration does not wait for minutes.
    pub discover_every: Option<Duration>,
    /// The pace of all who ask a shop or its SARE account in this process.
    pub limiters: access::Limiters,
}

/// How often a demonstration asks SARE.
const DEMONSTRATION_POLL: Duration = Duration::from_secs(60);

/// The limits of the real transport: it goes to public addresses, and to this machine where `ALLOW_HTTP` opens it.
pub fn transport_settings(allow_http: bool) -> HttpClientSettings {
    let reach = if allow_http {
        Reach::PublicAndLoopback
    } else {
        Reach::Public
    };
    let named = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    let proxies = named.iter().filter_map(|name| {
        let proxy = std::env::var(name).ok()?;
        let proxy = if proxy.contains("://") {
            proxy
        } else {
            format!("http://{proxy}")
        };
        Some(url::Url::parse(&proxy).ok()?.host_str()?.to_owned())
    });
    HttpClientSettings {
        reach,
        proxies: proxies.collect(),
        ..HttpClientSettings::default()
    }
}

/// 32 bytes from the operating system.
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

/// The keys for what is encrypted.
///
/// # Errors
/// None, or ones that are none.
pub fn keys(settings: &Settings) -> anyhow::Result<Keys> {
    let Some(keys) = &settings.encryption_keys else {
        bail!(
            "ENCRYPTION_KEYS is not set. Addresses and tokens are encrypted at rest: make a key once with \
             `shoper-sare generate-key`, keep it safe, and set it for every start"
        );
    };
    Keys::parse(keys.expose_secret()).context("ENCRYPTION_KEYS cannot be read")
}

impl App {
    /// Opens the ledger (migrating it where needed) and the outside.
    ///
    /// # Errors
    /// No keys, keys that do not open the ledger, a database that cannot be reached.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let keys = keys(&settings)?;
        let store = Store::open(&settings.database_url, keys, entropy())
            .await
            .context("the ledger cannot be opened")?;
        let transport =
            HttpClient::shared(transport_settings(settings.allow_http)).map_err(anyhow::Error::msg)?;
        Ok(Self {
            settings,
            store,
            transport,
            clock: Arc::new(SystemClock),
            discover_every: None,
            limiters: access::Limiters::default(),
        })
    }

    /// The engine over this ledger and outside.
    pub fn engine(&self) -> Engine {
        Engine::new(
            self.store.clone(),
            Arc::clone(&self.transport),
            Arc::clone(&self.clock),
            self.engine_settings(),
        )
        .sharing(self.limiters.clone())
    }

    /// What the operator's settings mean for the engine.
    pub fn engine_settings(&self) -> EngineSettings {
        let mut settings = EngineSettings::new(self.settings.sare_api_url.clone(), Arc::new(entropy));
        settings.public_url = self.settings.public_url.clone();
        settings.allow_http = self.settings.allow_http;
        settings.sare_rate = self.settings.sare_rate;
        settings.sare_burst = self.settings.sare_burst;
        settings.discover_most = self.settings.look_most;
        settings.poll_every = self.settings.poll_every;
        if let Some(every) = self.discover_every {
            settings.discover_every = every;
            settings.discover_most = every;
            settings.poll_every = settings.poll_every.min(DEMONSTRATION_POLL);
        }
        if let (Some(app_id), Some(app_secret)) = (&self.settings.app_id, &self.settings.app_secret) {
            settings.app = Some(AppCredentials {
                app_id: app_id.clone(),
                app_secret: app_secret.clone(),
            });
        }
        settings
    }

    /// The shop named on the command line: host (with port) or licence hash.
    ///
    /// # Errors
    /// [`NoSuchShop`] when there is none.
    pub async fn find(&self, name: &str) -> anyhow::Result<Shop> {
        let bare = name
            .trim()
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/');
        match self.store.find_shop(bare).await? {
            Some(shop) => Ok(shop),
            None => Err(NoSuchShop(bare.to_owned()).into()),
        }
    }

    /// The shop's configuration.
    ///
    /// # Errors
    /// When it has none yet, or one that this version cannot read.
    pub fn config(&self, shop: &Shop) -> anyhow::Result<Config> {
        let Some(text) = &shop.config else {
            bail!(
                "{0} is not configured yet: `shoper-sare shop config import {0} FILE`",
                shop.host
            );
        };
        let parsed = Config::parse(text).map_err(|errors| anyhow!(Words(Lang::En).config_errors(&errors)));
        Ok(parsed.context("the stored configuration cannot be read")?.config)
    }
}

/// No shop of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no shop {0:?} here; `shoper-sare shop list` shows those there are")]
pub struct NoSuchShop(pub String);
