//! The handle: pools, dialect and vault, and what every query starts from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Pool, Row, Transaction};
use sync_core::ShopId;
use tokio::sync::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use crate::crypto::{ID, Keys, Place, Vault};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::model::{AddrHash, Millis};
use crate::together::Together;
use crate::{contacts, hooks, link, migrate, problems, shops};

/// The ledger. Copies share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) reads: Pool<Any>,
    pub(crate) writes: Pool<Any>,
    pub(crate) dialect: Dialect,
    pub(crate) vault: Vault,
    /// When the ledger was last shown to take what is written ([`Store::prove`]).
    pub(crate) proven: Arc<Mutex<Option<Millis>>>,
    /// Where a pass of [`Store::reencrypt`] stands.
    pass: Arc<Mutex<Pass>>,
    /// Marks that are written together.
    pub(crate) together: Together,
    /// The turn of lanes at SQLite's one writer: they queue here among themselves, so that a webhook or a person waits
    /// for one of them at most.
    lanes_turn: Arc<Mutex<()>>,
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
        let (reads, writes) = link::open(url, dialect).await?;
        migrate::migrate(&writes, dialect).await?;
        let vault = open_vault(&writes, dialect, &keys, entropy).await?;
        Ok(Self {
            reads,
            writes,
            dialect,
            vault,
            proven: Arc::default(),
            pass: Arc::default(),
            together: Together::default(),
            lanes_turn: Arc::default(),
            line: Arc::new(AtomicI64::new(0)),
        })
    }

    /// Brings the database up to date, and what older keys sealed to the newest; how many migrations were applied.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(&self) -> Result<u64, Error> {
        let applied = migrate::migrate(&self.writes, self.dialect).await?;
        while self.reencrypt(500).await?.is_some() {}
        Ok(applied)
    }

    /// Encrypts with the newest key what an older one sealed: looks at about `limit` contacts, goes on from there when
    /// called again, and returns how many values it moved; `None` when the pass through all shops is over. After a pass
    /// that met nothing it could not open, the ledger opens without the older keys.
    ///
    /// All processes must know the newest key, and none may seal with an older one any more, when a pass begins.
    ///
    /// # Errors
    /// When the database cannot be used: calling again goes on from the same place.
    pub async fn reencrypt(&self, limit: i64) -> Result<Option<u64>, Error> {
        let mut pass = self.pass.lock().await;
        if !self.has_old_keys().await? {
            *pass = Pass::default();
            return Ok(None);
        }
        let query = "SELECT MIN(shop_id) FROM shops WHERE shop_id >= $1";
        let shop: Option<i64> = sqlx::query(query)
            .bind(pass.shop)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?;
        let Some(shop) = shop else {
            let whole = !std::mem::take(&mut *pass).missed;
            if whole {
                sqlx::query("DELETE FROM ledger WHERE name LIKE 'key %' AND name <> $1")
                    .bind(key_name(&self.vault.newest()))
                    .execute(&self.writes)
                    .await?;
            }
            return Ok(None);
        };
        if shop != pass.shop {
            pass.shop = shop;
            pass.after = Vec::new();
        }
        let query =
            "SELECT hash, address FROM contacts WHERE shop_id = $1 AND hash > $2 ORDER BY hash LIMIT $3";
        let rows = sqlx::query(query)
            .bind(shop)
            .bind(pass.after.clone())
            .bind(limit.max(1))
            .fetch_all(&self.reads)
            .await?;
        let mut moved = 0;
        for (table, id, column, purpose) in SEALED {
            let of_contacts = *table == "contacts";
            // A shop's other values are few, and follow its last contact.
            if of_contacts != rows.is_empty() {
                let few = format!("SELECT {id}, {column} FROM {table} WHERE shop_id = $1");
                let few = match of_contacts {
                    true => Vec::new(),
                    false => {
                        sqlx::query(AssertSqlSafe(few))
                            .bind(shop)
                            .fetch_all(&self.reads)
                            .await?
                    }
                };
                let rows = if of_contacts { &rows } else { &few };
                moved += self
                    .move_values(ShopId(shop), (table, id, column), purpose, rows, &mut pass.missed)
                    .await?;
            }
        }
        match rows.last() {
            Some(row) => pass.after = row.try_get(0)?,
            None => {
                pass.shop = shop + 1;
                pass.after = Vec::new();
            }
        }
        Ok(Some(moved))
    }

    async fn has_old_keys(&self) -> Result<bool, Error> {
        let query = "SELECT COUNT(*) FROM ledger WHERE name LIKE 'key %' AND name <> $1";
        let row = sqlx::query(query)
            .bind(key_name(&self.vault.newest()))
            .fetch_one(&self.reads)
            .await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// Seals values anew, each only if it is still what was read. One that does not open stays, and its key with it.
    async fn move_values(
        &self,
        shop: ShopId,
        (table, id, column): (&str, &str, &str),
        purpose: &'static str,
        rows: &[AnyRow],
        missed: &mut bool,
    ) -> Result<u64, Error> {
        let update =
            format!("UPDATE {table} SET {column} = $4 WHERE shop_id = $1 AND {id} = $2 AND {column} = $3");
        let mut tx = self.begin().await?;
        let mut moved = 0;
        for row in rows {
            let Some(sealed) = row
                .try_get::<Option<Vec<u8>>, _>(1)?
                .filter(|sealed| self.vault.is_old(sealed))
            else {
                continue;
            };
            let word: Option<String> = row.try_get(0).ok();
            let bytes = match &word {
                Some(word) => word.clone().into_bytes(),
                None => row.try_get(0)?,
            };
            let place = Place {
                shop,
                purpose,
                row: &bytes,
            };
            let Ok(plain) = self.vault.open(&sealed, place) else {
                *missed = true;
                continue;
            };
            let anew = self.vault.seal(&plain, place);
            let query = sqlx::query(AssertSqlSafe(update.clone())).bind(shop.0);
            let query = match word {
                Some(word) => query.bind(word),
                None => query.bind(bytes.clone()),
            };
            moved += query
                .bind(sealed)
                .bind(anew)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// The keyed hash under which a shop's contact is found; `key` is the address in its compared form.
    pub fn hash(&self, shop: ShopId, key: &str) -> AddrHash {
        self.vault.address(shop, key)
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        Ok(self.writes.begin_with(self.dialect.begin()).await?)
    }

    /// A lane's turn at the writer; to be held until its transaction is over. Where there are many writers nobody waits.
    pub(crate) async fn lanes_turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.dialect {
            Dialect::Sqlite => Some(self.lanes_turn.lock().await),
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

/// Where a pass through the ledger stands: the shop, and the last contact looked at.
#[derive(Debug, Default)]
struct Pass {
    shop: i64,
    after: Vec<u8>,
    missed: bool,
}

/// All that is sealed: table, what identifies the row within its shop, column, purpose. Contacts first.
const SEALED: &[(&str, &str, &str, &str)] = &[
    ("contacts", "hash", "address", contacts::ADDRESS),
    ("secrets", "name", "value", shops::SECRET),
    ("hooks", "kind", "token", hooks::TOKEN),
    ("hooks", "kind", "secret", hooks::SECRET),
    ("problems", "entry", "detail", problems::DETAIL),
];

/// The ledger's name for a key under which something may be sealed.
fn key_name(id: &[u8]) -> String {
    format!("key {}", hex::encode(id))
}

const HASH_KEY: &str = "hash key";

fn hash_key_place() -> Place<'static> {
    Place {
        shop: ShopId(0),
        purpose: "ledger",
        row: HASH_KEY.as_bytes(),
    }
}

/// That the keys open a ledger: those that anything is sealed with are given, and the key of hashes opens.
pub(crate) fn check_keys(keys: &Keys, sealed_with: &[Vec<u8>], hash_key: &[u8]) -> Result<(), Error> {
    let bare = Vault::new(keys, Zeroizing::new([0; 32]));
    if sealed_with.iter().any(|id| !bare.has(id)) {
        return Err(Error::WrongKeys);
    }
    bare.open(hash_key, hash_key_place()).map(|_| ())
}

/// The key of hashes outlives the keys of encryption: made once, kept encrypted, encrypted anew when a newer key comes.
/// The keys under which anything may be sealed are noted, and all of them must be given.
async fn open_vault(
    pool: &Pool<Any>,
    dialect: Dialect,
    keys: &Keys,
    entropy: [u8; 32],
) -> Result<Vault, Error> {
    let entropy = Zeroizing::new(entropy);
    let bare = Vault::new(keys, Zeroizing::new([0; 32]));
    let mut tx = pool.begin_with(dialect.begin()).await?;
    for row in sqlx::query("SELECT value FROM ledger WHERE name LIKE 'key %'")
        .fetch_all(&mut *tx)
        .await?
    {
        let id: Vec<u8> = row.try_get(0)?;
        if !bare.has(&id) {
            return Err(Error::WrongKeys);
        }
    }
    let sealed = bare.seal(entropy.as_slice(), hash_key_place());
    sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(HASH_KEY)
        .bind(sealed)
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query("SELECT value FROM ledger WHERE name = $1")
        .bind(HASH_KEY)
        .fetch_one(&mut *tx)
        .await?;
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
            .execute(&mut *tx)
            .await?;
    }
    // What sealed the key of hashes until now sealed everything else.
    for id in [&kept[..ID], &bare.newest()] {
        sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(key_name(id))
            .bind(id)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(Vault::new(keys, key))
}
