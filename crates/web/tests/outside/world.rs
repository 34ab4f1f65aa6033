//! A server with a ledger of its own, and the words to speak to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use engine::{Engine, EngineSettings, Entropy};
use http::{HeaderMap, Method, Request, StatusCode};
use ports::{BoxFuture, Clock, ManualClock, Transport, TransportError};
use secrecy::{ExposeSecret, SecretString};
use simulators::network::{Endpoint, Network};
use simulators::shoper::{form, message_hash, webhook_sha1};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use store::{HookKind, Keys, SecretName, Shop, ShopChange, ShopState, Store};
use tokio::sync::Notify;
use tower::ServiceExt;

/// Values of the reference's vectors (shoper-api.md A.3).
pub const APP_ID: &str = "abcdef0123456789abcdef0123456789";
pub const APPSTORE_SECRET: &str = "appstore-secret-example";
pub const WEBHOOK_SECRET: &str = "webhook-secret-example";
pub const LICENSE: &str = "0123456789abcdef0123456789abcdef01234567";
pub const SHOP_URL: &str = "https://sklep000001.shoparena.pl";
pub const HOST: &str = "sklep000001.shoparena.pl";
/// 2026-11-23 12:00:00 in Warsaw, the time of the vectors.
pub const NOON: i64 = 1_795_431_600_000;
pub const OPERATOR: &str = "operator-token-for-tests";
pub const METRICS: &str = "metrics-token-for-tests";

/// A configuration that can be used.
pub const CONFIG: &str = "[sare]\nuid = \"12345\"\n\n[customers]\nenabled = true\ngroup = 21\n[customers.mapping]\nname = \"{firstname} {lastname}\"\n\n[subscribers]\nenabled = true\ngroup = 22\n";

/// Nobody is there: what is called from outside must not need the outside to answer.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: ports::Request) -> BoxFuture<'_, Result<ports::Response, TransportError>> {
        Box::pin(async { Err(TransportError::Connect("nobody is there".to_owned())) })
    }
}

/// A server.
pub struct World {
    pub store: Store,
    pub engine: Engine,
    pub clock: Arc<ManualClock>,
    pub router: Router,
    url: String,
    _directory: Option<tempfile::TempDir>,
}

/// Numbers that nobody would guess, the same in every run.
fn entropy() -> Entropy {
    let next = AtomicU64::new(1);
    Arc::new(move || {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0x5a; 32];
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        bytes
    })
}

pub fn settings() -> web::Settings {
    let mut settings = web::Settings::new(
        "https://sare.example/api/v1".parse().unwrap(),
        "https://sare.example/register".parse().unwrap(),
    );
    settings.public_url = Some("https://app.example".parse().unwrap());
    settings.app_id = Some(APP_ID.to_owned());
    settings.appstore_secret = Some(APPSTORE_SECRET.into());
    settings.operator_token = Some(OPERATOR.into());
    settings.metrics_token = Some(METRICS.into());
    settings
}

/// Runs a test on a server over each kind of database.
pub async fn each(test: impl AsyncFn(World)) {
    each_with(|_| {}, test).await;
}

/// The same with settings changed.
pub async fn each_with(change: impl Fn(&mut web::Settings), test: impl AsyncFn(World)) {
    each_over(
        |_| Arc::new(Nowhere) as Arc<dyn Transport>,
        change,
        async |world, _| test(world).await,
    )
    .await;
}

/// Runs a test on a server over each kind of database; `outside` makes what it calls.
async fn each_over<T: Clone>(
    outside: impl Fn(&Arc<ManualClock>) -> T,
    change: impl Fn(&mut web::Settings),
    test: impl AsyncFn(World, T),
) where
    Arc<dyn Transport>: From<T>,
{
    crate::logs::captured();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("ledger.db").display());
    let run = async |url: &str, directory| {
        let clock = Arc::new(ManualClock::at(NOON));
        let outside = outside(&clock);
        let world = world(url, directory, &change, clock, outside.clone().into()).await;
        test(world, outside).await;
    };
    run(&url, Some(directory)).await;
    if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
        run(&database_on(&server).await, None).await;
    }
}

/// Both services, simulated, and the way to them.
#[derive(Clone)]
pub struct Services {
    pub shop: simulators::shoper::Shop,
    pub sare: simulators::sare::Account,
    pub network: Network,
}

/// What stands before `/{uid}` in the API of the simulated account.
pub const SARE: &str = "https://sare.example";

impl Services {
    fn new(clock: &Arc<ManualClock>) -> Self {
        let time = Arc::clone(clock) as Arc<dyn Clock>;
        let settings = simulators::shoper::ShopSettings {
            base_url: SHOP_URL.to_owned(),
            license: LICENSE.to_owned(),
            bucket: None,
            ..Default::default()
        };
        let shop = simulators::shoper::Shop::new(settings, Arc::clone(&time), 1);
        shop.set_installed(true);
        let sare = simulators::sare::Account::new(Default::default(), time, 1);
        let network = Network::new(Arc::clone(clock));
        network.route(SHOP_URL, Endpoint::Shop(shop.clone()));
        network.route(SARE, Endpoint::Sare(sare.clone()));
        Self { shop, sare, network }
    }
}

impl From<Services> for Arc<dyn Transport> {
    fn from(services: Services) -> Self {
        Arc::new(services.network)
    }
}

/// Runs a test on a server with both services behind it: the shop has the app and has given access, its account is
/// connected, and nothing is configured yet.
pub async fn each_connected(test: impl AsyncFn(World, Services)) {
    each_over(
        Services::new,
        |_| {},
        async |world, services: Services| {
            let shop = world.installed().await;
            let token = services.shop.issue_tokens().access;
            let secrets = [(SecretName::AccessToken, Some(SecretString::from(token)))];
            let until = world.clock.now() + 30 * 86_400_000;
            world
                .store
                .put_secrets(shop.id, &secrets, Some(store::AccessLife::until(until)))
                .await
                .unwrap();
            let connected = ShopChange {
                state: Some(ShopState::Connected),
                ..ShopChange::default()
            };
            world.store.update_shop(shop.id, &connected, NOON).await.unwrap();
            let mut config = sync_core::config::Config::default();
            let account = services.sare.settings();
            config.sare.uid = account.uid;
            let key = Some(SecretString::from(account.api_key));
            world
                .store
                .put_config(shop.id, &config.render(), key, None, "test", NOON)
                .await
                .unwrap();
            test(world, services).await;
        },
    )
    .await;
}

async fn database_on(server: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "web_{}_{}_{}",
        std::process::id(),
        std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let options: sqlx::postgres::PgConnectOptions = server.parse().unwrap();
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    connection
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(&name);
    url.into()
}

async fn world(
    url: &str,
    directory: Option<tempfile::TempDir>,
    change: &impl Fn(&mut web::Settings),
    clock: Arc<ManualClock>,
    transport: Arc<dyn Transport>,
) -> World {
    let store = Store::open(url, Keys::parse(&"5a".repeat(32)).unwrap(), [7; 32])
        .await
        .unwrap();
    let mut settings = settings();
    change(&mut settings);
    let engine = Engine::new(
        store.clone(),
        Arc::clone(&transport),
        Arc::clone(&clock) as Arc<dyn Clock>,
        EngineSettings::new(settings.sare_api_url.clone(), entropy()),
    );
    let router = web::router(web::State {
        store: store.clone(),
        engine: engine.clone(),
        transport,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: entropy(),
        wake: Arc::new(Notify::new()),
        metrics: Some(
            metrics_exporter_prometheus::PrometheusBuilder::new()
                .build_recorder()
                .handle(),
        ),
        settings,
    });
    World {
        store,
        engine,
        clock,
        router,
        url: url.to_owned(),
        _directory: directory,
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The stable word of problem details.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

impl World {
    /// Sends a request and reads the answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self
            .router
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (parts, body) = answer.into_parts();
        let mut body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        let kind = parts.headers.get("content-type").map(|kind| kind.as_bytes());
        if kind.is_some_and(|kind| kind.starts_with(b"text/html")) {
            // Where a word may break is nothing that a reader reads.
            body = String::from_utf8_lossy(&body).replace("<wbr>", "").into();
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, headers, Body::empty()).await
    }

    /// Calls the operator's API.
    pub async fn operator(&self, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {OPERATOR}");
        self.call(method, path, &[("authorization", &bearer)], body.to_owned())
            .await
    }

    /// Sends a lifecycle message as the AppStore does.
    pub async fn lifecycle(&self, message: &[(String, String)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.call(Method::POST, "/shoper/lifecycle", &headers, form(message))
            .await
    }

    /// Installs the app in the shop of the vectors.
    pub async fn installed(&self) -> Shop {
        let answer = self.lifecycle(&signed("install", &install_extra())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.shop().await
    }

    /// The shop of the vectors as the ledger knows it.
    pub async fn shop(&self) -> Shop {
        self.store
            .find_shop(LICENSE)
            .await
            .unwrap()
            .expect("the shop is known")
    }

    /// Gives the shop a webhook, as the engine does; its token.
    pub async fn hooked(&self, shop: &Shop, kind: HookKind, token: &str, secret: Option<&str>) -> String {
        let secret = secret.map(SecretString::from);
        self.store
            .put_hook(shop.id, kind, &SecretString::from(token), secret, None)
            .await
            .unwrap();
        let (_, stored) = self
            .store
            .hook_of(shop.id, kind)
            .await
            .unwrap()
            .expect("it was just put there");
        stored.expose_secret().to_owned()
    }

    /// Configures the shop.
    pub async fn configured(&self, shop: &Shop) {
        let parsed = sync_core::config::Config::parse(CONFIG).unwrap();
        let now = self.clock.now();
        self.store
            .put_config(
                shop.id,
                &parsed.config.render(),
                Some("key".into()),
                None,
                "test",
                now,
            )
            .await
            .unwrap();
    }

    /// Another connection to the ledger's database.
    pub async fn connection(&self) -> sqlx::AnyConnection {
        sqlx::any::install_default_drivers();
        sqlx::AnyConnection::connect(&self.url).await.unwrap()
    }

    /// Lets PostgreSQL learn what its tables hold, which it does by itself within a minute; SQLite needs no such thing.
    pub async fn settle(&self) {
        if !self.is_sqlite() {
            self.connection().await.execute("ANALYZE").await.unwrap();
        }
    }

    /// Whether the ledger is a file of SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The ledger fails: the table of lifecycle messages, hooks and sessions is not where it should be.
    pub async fn ledger_fails(&self) {
        let mut connection = self.connection().await;
        for table in ["lifecycle", "hooks", "sessions"] {
            connection
                .execute(AssertSqlSafe(format!(
                    "ALTER TABLE {table} RENAME TO {table}_away"
                )))
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    }

    pub fn later(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// A webhook as the shop sends it: headers.
pub fn delivery(event: &str, secret: &str, body: &str) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("x-webhook-id", "5".to_owned()),
        ("x-webhook-name", event.to_owned()),
        ("x-webhook-sha1", webhook_sha1(5, secret, body.as_bytes())),
        ("x-shop-domain", HOST.to_owned()),
        ("x-shop-license", LICENSE.to_owned()),
        ("x-shop-version", "5.26.54".to_owned()),
    ]
}

impl World {
    /// Delivers a webhook.
    pub async fn deliver(
        &self,
        token: &str,
        headers: &[(&'static str, String)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.call(
            Method::POST,
            &format!("/shoper/webhooks/{token}"),
            &headers,
            body.as_ref().to_vec(),
        )
        .await
    }
}

/// What an `install` of the vectors says beside what every message says.
pub fn install_extra() -> [(&'static str, &'static str); 3] {
    [
        ("application_version", "1"),
        ("auth_code", "AUTHCODE123"),
        ("trial", "0"),
    ]
}

/// A message of the shop of the vectors, signed.
pub fn signed(action: &str, extra: &[(&str, &str)]) -> Vec<(String, String)> {
    signed_at(action, "2026-11-23 12:00:00", extra)
}

/// The same sent at another time.
pub fn signed_at(action: &str, timestamp: &str, extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [
        ("action", action),
        ("application_code", APP_ID),
        ("shop", LICENSE),
        ("shop_url", SHOP_URL),
        ("timestamp", timestamp),
    ];
    sign(
        usual
            .iter()
            .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name))
            .chain(extra),
    )
}

/// Signs these parameters.
pub fn sign<'a>(params: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut params: Vec<(String, String)> = params
        .into_iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let hash = message_hash(APPSTORE_SECRET, &params);
    params.push(("hash".to_owned(), hash));
    params
}
