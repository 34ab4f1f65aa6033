//! Fresh ledgers on each database, and what many tests begin with.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AnyPool, AssertSqlSafe, Connection, Executor};
use store::{
    AddrHash, Commit, Contact, DirtyKey, DirtyMark, Keys, Lease, Lifecycle, LifecycleEffect, Priority,
    Reason, Received, Record, Refused, Seen, Store,
};
use sync_core::consent::RefusalOrigin;
use sync_core::{RecordKey, ShopId};

/// Noon of some day; tests move on from here.
pub const NOON: i64 = 1_790_000_000_000;
/// A lease's length.
pub const LEASE: i64 = 180_000;
/// The key that ledgers are opened with unless a test says otherwise.
pub const KEY: &str = "11223344556677889900aabbccddeeff11223344556677889900aabbccddeeff";

/// A fresh ledger, and where it lies.
pub struct Ledger {
    /// Opened.
    pub store: Store,
    /// Its address.
    pub url: String,
    /// The directory of an SQLite file.
    pub dir: Option<tempfile::TempDir>,
}

/// Runs the test on a fresh SQLite file and, where `TEST_POSTGRES_URL` names a server, on a fresh database there.
pub async fn each_database(test: impl AsyncFn(&Ledger)) {
    test(&Ledger::sqlite().await).await;

    let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "TEST_POSTGRES_URL must be set in CI"
        );
        return;
    };
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "ledger_{}_{}_{}",
        std::process::id(),
        std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let options: PgConnectOptions = server.parse().unwrap();
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    let store = open(&url, KEY).await.unwrap();
    test(&Ledger {
        store,
        url,
        dir: None,
    })
    .await;
    admin
        .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .await
        .unwrap();
}

/// Opens the ledger at `url`.
pub async fn open(url: &str, keys: &str) -> Result<Store, store::Error> {
    Store::open(url, Keys::parse(keys).unwrap(), [7; 32]).await
}

impl Ledger {
    /// A fresh one in an SQLite file.
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("ledger.db").display());
        Self {
            store: open(&url, KEY).await.unwrap(),
            url,
            dir: Some(dir),
        }
    }

    /// Opens the same ledger once more.
    pub async fn reopen(&self, keys: &str) -> Result<Store, store::Error> {
        open(&self.url, keys).await
    }

    /// The database itself, for looking behind the ledger's back.
    pub async fn raw(&self) -> AnyPool {
        sqlx::any::install_default_drivers();
        AnyPool::connect(&self.url).await.unwrap()
    }

    /// A number of the database's own.
    pub async fn number(&self, sql: &str) -> i64 {
        let raw = self.raw().await;
        let number = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&raw)
            .await
            .unwrap();
        raw.close().await;
        number
    }
}

/// A message of the AppStore.
pub fn message(
    license: &str,
    action: &str,
    hash: &str,
    timestamp: &str,
    effect: LifecycleEffect,
) -> Lifecycle {
    Lifecycle {
        license: license.to_owned(),
        action: action.to_owned(),
        hash: hash.to_owned(),
        timestamp: timestamp.to_owned(),
        received_at: NOON,
        url: None,
        effect,
    }
}

/// An installation at `https://{license}.example` with a code.
pub fn install(license: &str, hash: &str, timestamp: &str) -> Lifecycle {
    let host = format!("{license}.example");
    let effect = LifecycleEffect::Install {
        url: format!("https://{host}"),
        host,
        auth_code: Some(format!("code-of-{hash}").into()),
        version: Some(1),
        trial: Some(true),
    };
    message(license, "install", hash, timestamp, effect)
}

/// Installs a shop.
pub async fn a_shop(store: &Store, license: &str) -> ShopId {
    match store
        .receive(&install(license, "first", "2026-09-21 12:00:00"))
        .await
        .unwrap()
    {
        Received::Applied(shop) => shop,
        other => panic!("the installation was {other:?}"),
    }
}

/// Claims a shop's lane.
pub async fn lease(store: &Store, shop: ShopId) -> Lease {
    store
        .claim_shop(shop, NOON, LEASE)
        .await
        .unwrap()
        .expect("nobody works on the shop")
}

/// A contact with an address.
pub fn contact(store: &Store, shop: ShopId, address: &str) -> Contact {
    Contact::new(store.hash(shop, address), address.to_owned(), NOON)
}

/// What SARE was seen to have.
pub fn seen(status: i64) -> Option<Seen> {
    Some(Seen {
        status: status.into(),
        at: NOON,
    })
}

/// A refusal made in SARE.
pub fn refused(status: i64, applied: bool) -> Option<Refused> {
    Some(Refused {
        status: status.into(),
        origin: RefusalOrigin::Sare,
        applied,
        since: NOON,
    })
}

/// A customer's record.
pub fn record(id: i64, hash: AddrHash) -> Record {
    Record {
        key: RecordKey::customer(id),
        hash,
        consent: Some(true),
        silent: false,
        extra: None,
        run_id: None,
        seen_at: NOON,
    }
}

/// A live mark of a customer, due at `due_at`.
pub fn mark(id: i64, due_at: i64) -> DirtyMark {
    DirtyMark {
        key: DirtyKey::Record(RecordKey::customer(id)),
        due_at,
        priority: Priority::Live,
        reason: Reason::Webhook,
        held_by: None,
    }
}

/// Commits contacts.
pub async fn commit_contacts(store: &Store, lease: &Lease, contacts: Vec<Contact>) {
    let commit = Commit {
        contacts,
        ..Commit::default()
    };
    assert!(store.commit(lease, NOON, &commit).await.unwrap());
}
