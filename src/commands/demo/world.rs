//! The demonstration's world: a shop, a SARE account and the program, each at an address of its own on this machine.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use ports::{Clock, Transport};
use secrecy::SecretString;
use simulators::data;
use simulators::network::Endpoint;
use simulators::sare::status::CONFIRMED;
use simulators::sare::{Account, AccountSettings, BASE_PATH, RateLimit};
use simulators::shoper::{self, Bucket, ShopSettings};
use store::{HookKind, Shop};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::wait_for;
use crate::app::{App, entropy};
use crate::cli::Demo;
use crate::settings::Settings;
use crate::simulated::{self, Running};

/// The group for customers.
pub const CUSTOMERS: i64 = 21;
/// The group for subscribers.
pub const SUBSCRIBERS: i64 = 22;

/// Requests a second to SARE, and at once, where nobody watches the pace.
const FAST: (f64, f64) = (400.0, 200.0);
/// The same of the shop.
const WIDE: Bucket = Bucket {
    limit: 1000.0,
    bandwidth: 500.0,
};

/// Everybody who takes part.
pub struct World {
    /// The shop.
    pub shop: shoper::Shop,
    /// The SARE account.
    pub sare: Account,
    /// Where the account is reached.
    pub sare_address: String,
    /// Where the program is reached.
    pub public_url: String,
    /// The program.
    pub app: App,
    running: Vec<Running>,
    server: JoinHandle<anyhow::Result<()>>,
    refused: Vec<String>,
    /// Where the ledger lies, unless a database was given.
    _directory: Option<TempDir>,
}

impl World {
    /// Builds it and starts everything.
    ///
    /// # Errors
    /// When an address cannot be listened on or the database not be used.
    pub async fn build(
        options: &Demo,
        settings: Settings,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let (shop_listener, shop_address) = simulated::listen("127.0.0.1:0").await?;
        let (sare_listener, sare_address) = simulated::listen("127.0.0.1:0").await?;
        let (listener, public_url) = simulated::listen("127.0.0.1:0").await?;
        let directory = if settings.database_given {
            None
        } else {
            Some(tempfile::tempdir()?)
        };

        let mut shop_settings = ShopSettings {
            base_url: shop_address,
            // Another shop each time: a database that is given may know the one before.
            license: hex::encode(&entropy()[..20]),
            ..ShopSettings::default()
        };
        let mut account_settings = AccountSettings::default();
        if options.real_pace {
            account_settings.rate_limit = Some(RateLimit {
                per_second: 2.0,
                burst: 10,
            });
        } else {
            shop_settings.bucket = Some(WIDE);
        }
        let app = open(
            settings,
            directory.as_ref(),
            &public_url,
            &sare_address,
            &shop_settings,
            options,
        )
        .await?;

        let shop = shoper::Shop::new(shop_settings, Arc::clone(&app.clock), options.seed);
        data::populate(
            &shop,
            simulated::size(options.customers, options.subscribers),
            options.seed,
        );
        let sare = Account::new(account_settings, Arc::clone(&app.clock), options.seed);
        let refused = people_before(&shop, &sare);

        let start = |endpoint, listener| {
            let (transport, clock): (Arc<dyn Transport>, Arc<dyn Clock>) =
                (Arc::clone(&app.transport), Arc::clone(&app.clock));
            Running::start(endpoint, listener, transport, clock, stop)
        };
        let running = vec![
            start(Endpoint::Shop(shop.clone()), shop_listener),
            start(Endpoint::Sare(sare.clone()), sare_listener),
        ];
        let (server_app, server_stop) = (app.clone(), stop.clone());
        let server =
            tokio::spawn(async move { crate::serve::serve(&server_app, listener, server_stop).await });
        Ok(Self {
            shop,
            sare,
            sare_address,
            public_url,
            app,
            running,
            server,
            refused,
            _directory: directory,
        })
    }

    /// Waits until everything has stopped.
    ///
    /// # Errors
    /// What the server stopped with.
    pub async fn end(self) -> anyhow::Result<()> {
        self.server.await.context("the server stopped")??;
        for simulator in self.running {
            simulator.wait().await?;
        }
        Ok(())
    }

    /// The AppStore sends its message about the installation.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn install(&self) -> anyhow::Result<()> {
        let request = http::Request::post(format!("{}/shoper/lifecycle", self.public_url))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(shoper::form(&self.shop.install_message())))?;
        let answer = self.app.transport.send(request).await?;
        ensure!(
            answer.status() == 200,
            "the message of the installation was answered {}",
            answer.status()
        );
        Ok(())
    }

    /// Tells SARE where to report unsubscribes, as its people do by hand (sare-api.md 11.2).
    ///
    /// # Errors
    /// When the server makes no address for it.
    pub async fn watch_sare(&self, shop: &Shop, patience: Duration) -> anyhow::Result<()> {
        let (_, token) = wait_for(patience, "the address of SARE's webhook", async || {
            Ok(self.app.store.hook_of(shop.id, HookKind::Sare).await?)
        })
        .await?;
        let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
        let url = format!("{}/sare/webhooks/{token}", self.public_url);
        self.sare
            .change_settings(|settings| settings.webhook.urls = vec![url]);
        Ok(())
    }

    /// The configuration of the shop: both kinds, with addresses, groups and additional fields in the mapping.
    pub fn configuration(&self) -> String {
        let settings = self.sare.settings();
        format!(
            r#"[sare]
uid = "{}"
api_key = "{}"

[customers]
enabled = true
group = {CUSTOMERS}
consent = "flag-or-subscriber"
without_consent = "unconfirmed"
[customers.mapping]
name = "{{firstname|title}} {{lastname|title}}"
gsm = "address.phone"
prop1 = "address.city"
prop2 = "language"
prop3 = "group"
"custom.urodziny" = "{{additional_field.1|date:%Y-%m-%d}}"

[subscribers]
enabled = true
group = {SUBSCRIBERS}
[subscribers.mapping]
prop2 = "language"
prop4 = {{ from = "dateadd", transform = ["date:%Y-%m-%d"] }}

[deleted]
action = "leave-group"
"#,
            settings.uid, settings.api_key
        )
    }

    /// How many of those who had refused before would be mailed.
    pub fn mailable_who_refused(&self) -> usize {
        let status = |email: &String| self.sare.contact(email).map(|contact| contact.status);
        self.refused
            .iter()
            .filter(|email| status(email) == Some(CONFIRMED))
            .count()
    }

    /// Waits until nothing is left to be done.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn quiet(&self, shop: &Shop, patience: Duration) -> anyhow::Result<()> {
        wait_for(patience, "everything to be done", async || {
            let waiting = self.app.store.counts(shop.id).await?.dirty;
            let webhooks = self.shop.waiting_deliveries();
            Ok((waiting == 0 && webhooks == 0).then_some(()))
        })
        .await
    }
}

async fn open(
    mut settings: Settings,
    directory: Option<&TempDir>,
    public_url: &str,
    sare_address: &str,
    shop: &ShopSettings,
    options: &Demo,
) -> anyhow::Result<App> {
    if let Some(directory) = directory {
        settings.database_url = format!("sqlite:{}", directory.path().join("demo.db").display());
    }
    settings.public_url = Some(public_url.parse()?);
    settings.allow_http = true;
    settings.sare_api_url = format!("{sare_address}{BASE_PATH}").parse()?;
    settings.app_id = Some(shop.app_id.clone());
    settings.app_secret = Some(SecretString::from(shop.app_secret.clone()));
    settings.appstore_secret = Some(SecretString::from(shop.appstore_secret.clone()));
    settings.sare_api_key = None;
    if settings.encryption_keys.is_none() {
        settings.encryption_keys = Some(SecretString::from(hex::encode(entropy())));
    }
    if !options.real_pace {
        (settings.sare_rate, settings.sare_burst) = FAST;
    }
    let mut app = App::open(settings).await?;
    app.discover_every = Some(Duration::from_secs(2));
    Ok(app)
}

/// Whom SARE knows before the first synchronisation: of every forty contacts of the shop one who refused, one
/// unconfirmed, one confirmed and one whose name is another there; a few blocked ones; and some who never were in the
/// shop. The addresses of those who refused.
fn people_before(shop: &shoper::Shop, sare: &Account) -> Vec<String> {
    let mut refused = Vec::new();
    let customers = shop.customers().map(|customer| customer.email.to_string());
    let subscribers = shop.subscribers().map(|subscriber| subscriber.email.to_string());
    for (number, email) in customers.chain(subscribers).enumerate() {
        match number % 40 {
            3 => {
                sare.put_contact(&email, [4, 3, 2][number / 40 % 3], &[1]);
                refused.push(email);
            }
            13 => sare.put_contact(&email, 6, &[1]),
            23 => sare.put_contact(&email, 8, &[1]),
            33 if number % 400 == 33 => sare.put_contact(&email, 7, &[1]),
            _ => {}
        }
    }
    for number in 0..20 {
        sare.put_contact(&format!("gosc{number}@example.org"), 8, &[1, SUBSCRIBERS]);
    }
    refused
}
