//! The handle: pools, dialect and vault, and what every query starts from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sync_core::ShopId;
use tokio::sync::{Mutex, MutexGuard};

use crate::connection_pool::{ConnectionPool, Tx};
use crate::crypto::{Keys, Place, Vault};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::group_commit::GroupCommit;
use crate::keyring::Pass;
use crate::model::{AddrHash, Millis};
use crate::open_file::Opened;
use crate::{connection_pool, keyring, migrate};

/// The ledger. Copies share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) reads: ConnectionPool,
    pub(crate) writes: ConnectionPool,
    pub(crate) dialect: Dialect,
    pub(crate) vault: Vault,
    /// SQLite's file.
    pub(crate) opened: Option<Opened>,
    /// When the ledger was last shown to take what is written ([`Store::prove`]).
    pub(crate) proven: Arc<Mutex<Option<Millis>>>,
    /// Where a pass of [`Store::reencrypt`] stands.
    pub(crate) pass: Arc<Mutex<Pass>>,
    /// Marks that are written together.
    pub(crate) group_commit: GroupCommit,
    /// The turns of lanes at SQLite's one writer, of those that were woken and of all others: they queue here among
    /// themselves, so that a webhook, a person or a woken lane waits for one of the others at most.
    lanes_turns: Arc<[Mutex<()>; 2]>,
    /// How often a lane was claimed by this process.
    pub(crate) claims: Arc<AtomicU64>,
    /// The last number given to a line of history, so that lines of one moment keep their order.
    pub(crate) line: Arc<AtomicI64>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
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
        let Some(dialect) = Dialect::of(url) else {
            return Err(Error::Damaged(
                "DATABASE_URL must begin with sqlite: or postgres://".to_owned(),
            ));
        };
        let (reads, writes) = connection_pool::open(url, dialect).await?;
        migrate::migrate(&writes, dialect).await?;
        let vault = keyring::open_vault(&writes, dialect, &keys, entropy).await?;
        let store = Self {
            reads,
            writes,
            dialect,
            vault,
            opened: Opened::of(url),
            proven: Arc::default(),
            pass: Arc::default(),
            group_commit: GroupCommit::default(),
            lanes_turns: Arc::default(),
            claims: Arc::default(),
            line: Arc::new(AtomicI64::new(0)),
        };
        store.take_keys().await?;
        Ok(store)
    }

    /// Brings the database up to date, and what older keys sealed to the newest, and clears away what erasures left in its
    /// files; how many migrations were applied.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(&self) -> Result<u64, Error> {
        let applied = migrate::migrate(&self.writes, self.dialect).await?;
        while self.reencrypt(500).await?.is_some() {}
        self.renew_file().await?;
        self.tidy().await?;
        Ok(applied)
    }

    /// The keyed hash under which a shop's contact is found; `key` is the address in its compared form.
    pub fn hash(&self, shop: ShopId, key: &str) -> AddrHash {
        self.vault.address(shop, key)
    }

    /// Whether nobody reads or writes, or waits to, at this moment.
    pub fn is_idle(&self) -> bool {
        self.writes.is_idle()
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(self.writes.begin(self.dialect.begin()).await?)
    }

    /// A lane's turn at the writer; to be held until its transaction is over. Where there are many writers nobody waits.
    pub(crate) async fn lanes_turn(&self, woken: bool) -> Option<MutexGuard<'_, ()>> {
        match self.dialect {
            Dialect::Sqlite => Some(self.lanes_turns[usize::from(woken)].lock().await),
            Dialect::Postgres => None,
        }
    }

    /// The next number for a line of history written at `at`.
    pub(crate) fn next_line(&self, at: i64) -> i64 {
        let floor = at.saturating_mul(1_000);
        let before = self
            .line
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some((last + 1).max(floor))
            });
        let before = before.unwrap_or_else(|unchanged| unchanged);
        (before + 1).max(floor)
    }

    pub(crate) fn seal(
        &self,
        shop: ShopId,
        purpose: &'static str,
        row: &[u8],
        text: &str,
    ) -> Result<Vec<u8>, Error> {
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
