//! The handle: pools, dialect and vault, and what every query starts from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, Executor, Pool, Row, Transaction};
use sync_core::ShopId;
use zeroize::Zeroizing;

use crate::crypto::{Keys, Place, Vault};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::migrate;
use crate::model::AddrHash;

/// The ledger. Copies share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) reads: Pool<Any>,
    pub(crate) writes: Pool<Any>,
    pub(crate) dialect: Dialect,
    pub(crate) vault: Vault,
    /// The last number given to a line of history, so that lines of one moment keep their order.
    pub(crate) line: Arc<AtomicI64>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the ledger at `url` (`sqlite:FILE` or `postgres://…`) and brings it up to date. `entropy` is used once, for
    /// the key of hashes in a new ledger.
    ///
    /// # Errors
    /// [`Error::WrongKeys`] when the keys do not open it, [`Error::Away`] when it cannot be reached,
    /// [`Error::Damaged`] for another address or a newer database.
    pub async fn open(url: &str, keys: Keys, entropy: [u8; 32]) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let Some(dialect) = Dialect::of(url) else {
            return Err(Error::Damaged("DATABASE_URL must begin with sqlite: or postgres://".to_owned()));
        };
        let url = match dialect {
            Dialect::Sqlite if !url.contains("mode=") => {
                format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' })
            }
            _ => url.to_owned(),
        };
        let options = || {
            AnyPoolOptions::new().acquire_timeout(Duration::from_secs(10)).after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(sqlx::raw_sql(dialect.greeting())).await.map(|_| ()) })
            })
        };
        // SQLite has one writer: queueing for it here is fair, waiting for its lock would not be.
        let (writers, readers) = if dialect == Dialect::Sqlite { (1, 4) } else { (20, 0) };
        let writes = options().max_connections(writers).connect(&url).await?;
        let reads = if readers == 0 { writes.clone() } else { options().max_connections(readers).connect(&url).await? };
        migrate::migrate(&writes, dialect).await?;
        let vault = open_vault(&writes, &keys, entropy).await?;
        Ok(Self { reads, writes, dialect, vault, line: Arc::new(AtomicI64::new(0)) })
    }

    /// Brings the database up to date; how many migrations were applied.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(&self) -> Result<u64, Error> {
        migrate::migrate(&self.writes, self.dialect).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").fetch_one(&self.reads).await?;
        Ok(())
    }

    /// The keyed hash under which a shop's contact is found; `key` is the address in its compared form.
    pub fn hash(&self, shop: ShopId, key: &str) -> AddrHash {
        self.vault.address(shop, key)
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        Ok(self.writes.begin_with(self.dialect.begin()).await?)
    }

    /// The next number for a line of history written at `at`.
    pub(crate) fn next_line(&self, at: i64) -> i64 {
        let floor = at.saturating_mul(1_000);
        let before = self.line.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some((last + 1).max(floor)));
        let before = before.unwrap_or_else(|unchanged| unchanged);
        (before + 1).max(floor)
    }

    pub(crate) fn seal(&self, shop: ShopId, purpose: &'static str, row: &[u8], text: &str) -> Vec<u8> {
        self.vault.seal(text.as_bytes(), Place { shop, purpose, row })
    }

    pub(crate) fn open_text(
        &self,
        shop: ShopId,
        purpose: &'static str,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<String, Error> {
        self.vault.open_text(sealed, Place { shop, purpose, row })
    }
}

const HASH_KEY: &str = "hash key";

fn hash_key_place() -> Place<'static> {
    Place { shop: ShopId(0), purpose: "ledger", row: HASH_KEY.as_bytes() }
}

/// The key of hashes outlives the keys of encryption: made once, kept encrypted, encrypted anew when a newer key comes.
async fn open_vault(pool: &Pool<Any>, keys: &Keys, entropy: [u8; 32]) -> Result<Vault, Error> {
    let entropy = Zeroizing::new(entropy);
    let bare = Vault::new(keys, Zeroizing::new([0; 32]));
    let sealed = bare.seal(entropy.as_slice(), hash_key_place());
    sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(HASH_KEY)
        .bind(sealed)
        .execute(pool)
        .await?;
    let row = sqlx::query("SELECT value FROM ledger WHERE name = $1").bind(HASH_KEY).fetch_one(pool).await?;
    let kept: Vec<u8> = row.try_get(0)?;
    let opened = bare.open(&kept, hash_key_place())?;
    let mut key = Zeroizing::new([0; 32]);
    if opened.len() != key.len() {
        return Err(Error::Damaged("the key of hashes has another length".to_owned()));
    }
    key.copy_from_slice(&opened);
    if bare.is_old(&kept) {
        sqlx::query("UPDATE ledger SET value = $2 WHERE name = $1")
            .bind(HASH_KEY)
            .bind(bare.seal(key.as_slice(), hash_key_place()))
            .execute(pool)
            .await?;
    }
    Ok(Vault::new(keys, key))
}
