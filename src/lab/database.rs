//! Fresh databases for the laboratory: an SQLite file, or a database of its own on a PostgreSQL server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::Entropy;
use rand::{RngExt, SeedableRng};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use store::{Keys, Store};

/// Names the PostgreSQL server that tests may make databases on.
pub const TEST_SERVER: &str = "TEST_POSTGRES_URL";

/// A database that goes when it is dropped (an SQLite file) or when its server goes (PostgreSQL).
pub struct Database {
    url: String,
    keep: Option<tempfile::TempDir>,
}

/// A fresh database of each kind: SQLite always, PostgreSQL where `server` names one.
///
/// # Errors
/// When a file or a database cannot be made.
pub async fn databases(server: Option<&str>) -> anyhow::Result<Vec<Database>> {
    let mut all = vec![Database::sqlite()?];
    if let Some(server) = server {
        all.push(Database::postgres(server).await?);
    }
    Ok(all)
}

impl Database {
    /// A new SQLite file in a directory of its own.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn sqlite() -> anyhow::Result<Self> {
        // In memory where there is such a place: these databases need not outlive a power failure.
        let keep = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let url = format!("sqlite:{}", keep.path().join("ledger.db").display());
        Ok(Self {
            url,
            keep: Some(keep),
        })
    }

    /// A new database on the server at `server`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn postgres(server: &str) -> anyhow::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // A server that several runs use may still hold databases of a process that had this number before.
        let begun = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("lab_{}_{begun}_{number}", std::process::id());
        let options: sqlx::postgres::PgConnectOptions = server.parse()?;
        let mut connection = options.clone().disable_statement_logging().connect().await?;
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await?;
        connection.close().await?;
        let mut url = url::Url::parse(server)?;
        url.set_path(&name);
        Ok(Self {
            url: url.into(),
            keep: None,
        })
    }

    /// What `DATABASE_URL` would say.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is a file of SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.keep.is_some()
    }

    /// Opens the ledger in it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_store(&self) -> anyhow::Result<Store> {
        let keys = Keys::parse(&"5a".repeat(32))?;
        Ok(Store::open(&self.url, keys, [7; 32]).await?)
    }
}

/// Bytes that look random and are the same in every run.
pub fn entropy(seed: u64) -> Entropy {
    let rng = Mutex::new(rand_chacha::ChaCha8Rng::seed_from_u64(seed));
    Arc::new(move || rng.lock().unwrap_or_else(PoisonError::into_inner).random())
}
