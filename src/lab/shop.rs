//! One simulated shop with its SARE account, and how the program is told of it.

use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use ports::{Clock, Request, Response, Transport};
use secrecy::SecretString;
use shoper_api::oauth::AppCredentials;
use simulators::{sare, shoper};
use store::{Shop, Store};
use sync_core::Lang;
use sync_core::config::Config;
use texts::Words;
use tower::ServiceExt;

use super::{Lab, PUBLIC_URL};

/// How a shop and its account are set up.
#[derive(Debug, Clone)]
pub struct ShopSetup {
    /// The shop; licence and address are given by the laboratory.
    pub shop: shoper::ShopSettings,
    /// The account; its number is given by the laboratory.
    pub sare: sare::AccountSettings,
    /// From what chance is drawn.
    pub seed: u64,
}

impl Default for ShopSetup {
    /// As the references say, with groups 21 (customers), 22 (subscribers) and 90 (somebody else's), and
    /// request limits that do not bind.
    fn default() -> Self {
        let groups = vec![
            (21, "Klienci sklepu".to_owned()),
            (22, "Subskrybenci".to_owned()),
            (90, "Inna grupa".to_owned()),
        ];
        Self {
            shop: shoper::ShopSettings::default(),
            sare: sare::AccountSettings {
                groups,
                ..sare::AccountSettings::default()
            },
            seed: 1,
        }
    }
}

/// A configuration for both kinds, in the groups of [`ShopSetup::default`].
pub const CONFIG: &str = r#"
[customers]
enabled = true
group = 21
consent = "flag-or-subscriber"
without_consent = "unconfirmed"
[customers.mapping]
name = "{firstname} {lastname}"
gsm = "address.phone"
prop1 = "address.city"

[subscribers]
enabled = true
group = 22
[subscribers.mapping]
prop2 = "language"
"#;

/// A shop and its account.
pub struct LabShop {
    /// The shop.
    pub shop: shoper::Shop,
    /// The account.
    pub sare: sare::Account,
    /// The account's number.
    pub uid: String,
    /// The account's key.
    pub key: SecretString,
}

impl LabShop {
    pub(super) fn build(number: usize, setup: ShopSetup, clock: &Arc<dyn Clock>) -> Self {
        let ShopSetup {
            mut shop,
            mut sare,
            seed,
        } = setup;
        shop.license = format!("{number:040x}");
        shop.base_url = format!("https://shop{number}.example");
        sare.uid = (10_000 + number).to_string();
        let (uid, key) = (sare.uid.clone(), SecretString::from(sare.api_key.clone()));
        Self {
            shop: shoper::Shop::new(shop, Arc::clone(clock), seed),
            sare: sare::Account::new(sare, Arc::clone(clock), seed),
            uid,
            key,
        }
    }

    /// The shop as the ledger knows it.
    pub async fn known(&self, store: &Store) -> Option<Shop> {
        store
            .find_shop(&self.shop.license())
            .await
            .expect("the ledger answers")
    }

    /// The status of an address in SARE; `None` when it is not there.
    pub fn status(&self, email: &str) -> Option<i64> {
        self.sare.contact(email).map(|contact| contact.status)
    }

    /// The groups of an address in SARE.
    pub fn groups(&self, email: &str) -> Vec<i64> {
        self.sare
            .contact(email)
            .map(|contact| contact.groups.into_iter().collect())
            .unwrap_or_default()
    }
}

/// The app's identity as every simulated shop knows it.
pub fn app_credentials() -> AppCredentials {
    let settings = shoper::ShopSettings::default();
    AppCredentials {
        app_id: settings.app_id,
        app_secret: SecretString::from(settings.app_secret),
    }
}

/// What the router works with.
pub(super) fn web_state(lab: &Lab) -> web::State {
    let known = shoper::ShopSettings::default();
    let register = url::Url::parse("https://sare.example/register").expect("an address");
    let mut settings = web::Settings::new(url::Url::parse(super::SARE_URL).expect("an address"), register);
    settings.public_url = PUBLIC_URL.parse().ok();
    settings.app_id = Some(known.app_id);
    settings.appstore_secret = Some(SecretString::from(known.appstore_secret));
    settings.webhook_secret = Some(SecretString::from(known.webhook_secret));
    web::State {
        store: lab.store.clone(),
        engine: lab.engine.clone(),
        transport: Arc::new(lab.network.clone()) as Arc<dyn Transport>,
        clock: Arc::clone(&lab.program_clock) as Arc<dyn Clock>,
        entropy: super::database::entropy(0x3eb),
        wake: Arc::default(),
        metrics: None,
        settings,
    }
}

/// Hands a request to the program's router.
pub(super) async fn call(router: axum::Router, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = router
        .oneshot(http::Request::from_parts(parts, axum::body::Body::from(body)))
        .await;
    let Ok(answer) = answer;
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, 16 << 20).await.unwrap_or_default();
    Response::from_parts(parts, body)
}

impl Lab {
    /// Sends a lifecycle message of the shop, as the AppStore does. The status of the answer.
    ///
    /// # Errors
    /// When the program is not reached.
    pub async fn send_lifecycle(&self, message: &[(String, String)]) -> anyhow::Result<u16> {
        let request = http::Request::post(format!("{PUBLIC_URL}/shoper/lifecycle"))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(shoper::form(message)))?;
        Ok(self.network.send(request).await?.status().as_u16())
    }

    /// Installs the app in a shop.
    ///
    /// # Errors
    /// When the message is not taken.
    pub async fn install(&self, index: usize) -> anyhow::Result<()> {
        let message = self.shops[index].shop.install_message();
        let status = self.send_lifecycle(&message).await?;
        ensure!(status == 200, "the install message was answered {status}");
        Ok(())
    }

    /// Gives a shop its configuration, as `shop config import` does. `[sare]` is added.
    ///
    /// # Errors
    /// When the configuration has errors, or the shop is not known.
    pub async fn configure(&self, index: usize, config: &str) -> anyhow::Result<()> {
        let shop = &self.shops[index];
        let text = format!("[sare]\nuid = \"{}\"\n{config}", shop.uid);
        let parsed =
            Config::parse(&text).map_err(|errors| anyhow::anyhow!(Words(Lang::En).config_errors(&errors)))?;
        let known = shop.known(&self.store).await.context("the shop is not known")?;
        let now = self.clock.now();
        let key = Some(shop.key.clone());
        self.store
            .put_config(known.id, &parsed.config.render(), key, None, "lab", now)
            .await?;
        self.store.wake(known.id, now).await?;
        Ok(())
    }
}
