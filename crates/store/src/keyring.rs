//! The keys of the ledger and of each shop: made, taken, sealed anew, and destroyed.
//!
//! A shop's key is made with the shop, in the same transaction, and goes with it (`shops/mod.rs`). It never changes and ids
//! of shops are never given twice, so that a key once taken stays right: whoever hands out a shop's id takes its key first
//! ([`Store::take_key`]).

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Pool, Row, Transaction};
use sync_core::ShopId;
use zeroize::Zeroizing;

use crate::crypto::{ID, Keys, LEDGER, Place, Vault, derived};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::store::Store;
use crate::{contacts, hooks, lanes, problems, shops};

/// Where a pass through the ledger stands: the shop, and the last contact looked at.
#[derive(Debug, Default)]
pub struct Pass {
    shop: i64,
    after: Vec<u8>,
    missed: bool,
}

/// All that is sealed with shops' keys: table, what identifies the row within its shop, column, purpose. Contacts first.
const SEALED: &[(&str, &str, &str, &str)] = &[
    ("contacts", "hash", "address", contacts::ADDRESS),
    ("secrets", "name", "value", shops::SECRET),
    ("hooks", "kind", "token", hooks::TOKEN),
    ("hooks", "kind", "secret", hooks::SECRET),
    ("problems", "entry", "detail", problems::DETAIL),
];

/// Noted when nothing of a shop is sealed with the operator's key any more.
const MOVED: &str = "sealed by shop";

/// The ledger's name for a key under which something may be sealed.
fn key_name(id: &[u8]) -> String {
    format!("key {}", hex::encode(id))
}

const HASH_KEY: &str = "hash key";
const OF_SHOP: &str = "SELECT shop_id, value, hashes FROM shop_keys WHERE shop_id = $1";

fn hash_key_place() -> Place<'static> {
    Place {
        shop: LEDGER,
        purpose: "ledger",
        row: HASH_KEY.as_bytes(),
    }
}

fn shop_key_place(row: &[u8; 8]) -> Place<'_> {
    Place {
        shop: LEDGER,
        purpose: "shop_keys.value",
        row,
    }
}

/// A key that a transaction has made and that is forgotten again unless the transaction was committed.
pub struct Fresh {
    vault: Vault,
    shop: ShopId,
    stays: bool,
}

impl Fresh {
    /// It was committed.
    pub fn stays(mut self) {
        self.stays = true;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.stays {
            self.vault.forget(self.shop);
        }
    }
}

impl Store {
    /// Makes a shop's key.
    pub(crate) async fn make_key(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        own_hashes: bool,
    ) -> Result<Fresh, Error> {
        let key = self.vault.new_key(shop);
        let sealed = self
            .vault
            .seal(key.as_slice(), shop_key_place(&shop.0.to_be_bytes()))?;
        sqlx::query("INSERT INTO shop_keys (shop_id, value, hashes) VALUES ($1, $2, $3)")
            .bind(shop.0)
            .bind(sealed)
            .bind(i64::from(own_hashes))
            .execute(&mut **tx)
            .await?;
        self.vault.learn(shop, &key, own_hashes);
        Ok(Fresh {
            vault: self.vault.clone(),
            shop,
            stays: false,
        })
    }

    /// Sees to it that the key of a shop there is, is here.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub(crate) async fn take_key(&self, shop: ShopId) -> Result<(), Error> {
        if self.vault.knows(shop) {
            return Ok(());
        }
        let row = sqlx::query(OF_SHOP)
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        if let Some(row) = row {
            return self.learn(&row);
        }
        let mut tx = self.begin().await?;
        if lanes::enter(&mut tx, self.dialect, shop).await? {
            let made = self.take_key_within(&mut tx, shop).await?;
            tx.commit().await?;
            if let Some(made) = made {
                made.stays();
            }
            return Ok(());
        }
        let query = "SELECT 1 FROM shops WHERE shop_id = $1";
        let removed = sqlx::query(query).bind(shop.0).fetch_optional(&mut *tx).await?;
        if removed.is_some() {
            self.vault.gone(shop);
        }
        Ok(())
    }

    /// The same in a transaction that has entered the shop. A shop that was made by a program that knew no such keys gets
    /// one now, and goes on hashing with the ledger's.
    pub(crate) async fn take_key_within(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
    ) -> Result<Option<Fresh>, Error> {
        if self.vault.knows(shop) {
            return Ok(None);
        }
        let row = sqlx::query(OF_SHOP)
            .bind(shop.0)
            .fetch_optional(&mut **tx)
            .await?;
        match row {
            Some(row) => self.learn(&row).map(|()| None),
            None => self.make_key(tx, shop, false).await.map(Some),
        }
    }

    /// Takes the keys of all shops.
    pub(crate) async fn take_keys(&self) -> Result<(), Error> {
        let rows = sqlx::query("SELECT shop_id, value, hashes FROM shop_keys")
            .fetch_all(&self.reads)
            .await?;
        rows.iter().try_for_each(|row| self.learn(row))?;
        let rows = sqlx::query("SELECT shop_id FROM shops")
            .fetch_all(&self.reads)
            .await?;
        for row in rows {
            self.take_key(ShopId(row.try_get(0)?)).await?;
        }
        Ok(())
    }

    /// A key that does not open is its shop's trouble alone: nothing can be sealed or opened for that one.
    fn learn(&self, row: &AnyRow) -> Result<(), Error> {
        let shop: i64 = row.try_get(0)?;
        let sealed: Vec<u8> = row.try_get(1)?;
        let opened = self
            .vault
            .open(&sealed, shop_key_place(&shop.to_be_bytes()))
            .and_then(|opened| exactly(&opened));
        match opened {
            Ok(key) => {
                let own_hashes = row.try_get::<i64, _>(2)? != 0;
                self.vault.learn(ShopId(shop), &key, own_hashes);
            }
            Err(error) => {
                tracing::error!(shop, %error, "the key of this shop does not open: nothing can be done for it");
                self.vault.broken(ShopId(shop));
            }
        }
        Ok(())
    }

    /// Seals with the newest key what an older one sealed, and with the shop's own what the operator's did: looks at about
    /// `limit` contacts, goes on from there when called again, and returns how many values it moved; `None` when there is
    /// nothing to do, or the pass through all shops is over. After a pass that met nothing it could not open, the ledger
    /// opens without the older keys.
    ///
    /// All processes must know the newest key, and none may seal with an older one any more, when a pass begins.
    ///
    /// # Errors
    /// When the database cannot be used: calling again goes on from the same place.
    pub async fn reencrypt(&self, limit: i64) -> Result<Option<u64>, Error> {
        let mut pass = self.pass.lock().await;
        if !self.has_old_keys().await? && self.has_moved().await? {
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
                self.end_pass().await?;
            }
            return Ok(None);
        };
        if shop != pass.shop {
            pass.shop = shop;
            pass.after = Vec::new();
        }
        self.take_key(ShopId(shop)).await?;
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
                moved += self.move_key(ShopId(shop), &mut pass.missed).await?;
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

    async fn has_moved(&self) -> Result<bool, Error> {
        let row = sqlx::query("SELECT 1 FROM ledger WHERE name = $1")
            .bind(MOVED)
            .fetch_optional(&self.reads)
            .await?;
        Ok(row.is_some())
    }

    /// Everything is sealed as it should be.
    async fn end_pass(&self) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM ledger WHERE name LIKE 'key %' AND name <> $1")
            .bind(key_name(&self.vault.newest()))
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(MOVED)
            .bind(self.vault.newest().to_vec())
            .execute(&mut *tx)
            .await?;
        // What was sealed before may still be read from the file.
        crate::tidy::wanted(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Seals a shop's key with the operator's newest.
    async fn move_key(&self, shop: ShopId, missed: &mut bool) -> Result<u64, Error> {
        let row = sqlx::query("SELECT value FROM shop_keys WHERE shop_id = $1")
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(0) };
        let sealed: Vec<u8> = row.try_get(0)?;
        if !self.vault.is_old(&sealed, LEDGER) {
            return Ok(0);
        }
        let number = shop.0.to_be_bytes();
        let Ok(plain) = self.vault.open(&sealed, shop_key_place(&number)) else {
            *missed = true;
            return Ok(0);
        };
        let anew = self.vault.seal(&plain, shop_key_place(&number))?;
        let done = sqlx::query("UPDATE shop_keys SET value = $3 WHERE shop_id = $1 AND value = $2")
            .bind(shop.0)
            .bind(sealed)
            .bind(anew)
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected())
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
                .filter(|sealed| self.vault.is_old(sealed, shop))
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
            let anew = self.vault.seal(&plain, place)?;
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
}

fn exactly(opened: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut key = Zeroizing::new([0; 32]);
    if opened.len() != key.len() {
        return Err(Error::Damaged("a key has another length".to_owned()));
    }
    key.copy_from_slice(opened);
    Ok(key)
}

/// A vault that opens what is the ledger's own, and makes nothing.
fn bare(keys: &Keys) -> Vault {
    Vault::new(keys, Zeroizing::new([0; 32]), Zeroizing::new([0; 32]))
}

/// That the keys open a ledger: those that anything is sealed with are given, and the key of hashes opens.
pub fn check_keys(keys: &Keys, sealed_with: &[Vec<u8>], hash_key: &[u8]) -> Result<(), Error> {
    let bare = bare(keys);
    if sealed_with.iter().any(|id| !bare.has(id)) {
        return Err(Error::WrongKeys);
    }
    bare.open(hash_key, hash_key_place()).map(|_| ())
}

/// The key of hashes outlives the keys of encryption: made once, kept encrypted, encrypted anew when a newer key comes.
/// The keys under which anything may be sealed are noted, and all of them must be given.
pub async fn open_vault(
    pool: &Pool<Any>,
    dialect: Dialect,
    keys: &Keys,
    entropy: [u8; 32],
) -> Result<Vault, Error> {
    let entropy = Zeroizing::new(entropy);
    let bare = bare(keys);
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
    // Neither of the two can be worked out from the other: one is kept, and of the other come keys that can be destroyed.
    let (first, seed) = (
        derived(entropy.as_slice(), b"hash key of the ledger"),
        derived(entropy.as_slice(), b"keys of shops"),
    );
    let sealed = bare.seal(first.as_slice(), hash_key_place())?;
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
    let key = exactly(&bare.open(&kept, hash_key_place())?)?;
    if bare.is_old(&kept, LEDGER) {
        sqlx::query("UPDATE ledger SET value = $2 WHERE name = $1")
            .bind(HASH_KEY)
            .bind(bare.seal(key.as_slice(), hash_key_place())?)
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
    Ok(Vault::new(keys, key, seed))
}

#[cfg(test)]
mod tests {
    use sqlx::{Executor, Row};
    use sync_core::ShopId;

    use super::*;
    use crate::{Commit, Contact, Lifecycle, LifecycleEffect, Received, SecretName};
    use secrecy::ExposeSecret;

    const NOON: i64 = 1_790_000_000_000;

    async fn open(url: &str) -> Store {
        Store::open(url, Keys::parse(&"5a".repeat(32)).unwrap(), [7; 32])
            .await
            .unwrap()
    }

    /// Makes of everything sealed what the program wrote before shops had keys.
    async fn as_before(store: &Store, shop: ShopId) {
        for (table, id, column, purpose) in SEALED {
            let query = format!("SELECT {id}, {column} FROM {table} WHERE {column} IS NOT NULL");
            for row in sqlx::query(AssertSqlSafe(query))
                .fetch_all(&store.reads)
                .await
                .unwrap()
            {
                let word: Option<String> = row.try_get(0).ok();
                let bytes = word.map_or_else(|| row.get::<Vec<u8>, _>(0), String::into_bytes);
                let place = Place {
                    shop,
                    purpose,
                    row: &bytes,
                };
                let sealed: Vec<u8> = row.get(1);
                let plain = store.vault.open(&sealed, place).unwrap();
                let older = store.vault.seal_with_operators(&plain, place);
                let query = format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2");
                sqlx::query(AssertSqlSafe(query))
                    .bind(older)
                    .bind(sealed)
                    .execute(&store.writes)
                    .await
                    .unwrap();
            }
        }
        for statement in [
            "DELETE FROM shop_keys",
            "DELETE FROM ledger WHERE name = 'sealed by shop'",
        ] {
            store.writes.execute(statement).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_sealed_before_shops_had_keys_moves_to_them_and_is_found_all_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("ledger.db").display());
        let store = open(&url).await;
        let install = Lifecycle {
            license: "a".to_owned(),
            action: "install".to_owned(),
            hash: "first".to_owned(),
            timestamp: "2026-09-21 12:00:00".to_owned(),
            received_at: NOON,
            url: Some("https://a.example".to_owned()),
            effect: LifecycleEffect::Install {
                url: "https://a.example".to_owned(),
                host: "a.example".to_owned(),
                auth_code: Some("code".into()),
                version: Some(1),
                trial: None,
            },
        };
        let Received::Applied(shop) = store.receive(&install).await.unwrap() else {
            panic!("the shop is not installed");
        };
        // A shop of before hashes with the ledger's key.
        store.writes.execute("DELETE FROM shop_keys").await.unwrap();
        let operators = Keys::parse(&"5a".repeat(32)).unwrap();
        let secret = store.secret(shop, SecretName::AuthCode).await.unwrap().unwrap();
        store.vault.forget(shop);
        store.take_key(shop).await.unwrap();
        let lease = store.claim_shop(shop, NOON, 1_000).await.unwrap().unwrap();
        let contacts = (0..30)
            .map(|n| {
                let address = format!("{n}@example.com");
                Contact::new(store.hash(shop, &address), address, NOON)
            })
            .collect();
        let commit = Commit {
            contacts,
            ..Commit::default()
        };
        assert!(store.commit(&lease, NOON, &commit).await.unwrap());
        store
            .put_secrets(shop, &[(SecretName::AuthCode, Some(secret))], None)
            .await
            .unwrap();
        let hash = store.hash(shop, "7@example.com");
        as_before(&store, shop).await;
        store.close().await;

        let store = open(&url).await;
        assert_eq!(
            store.hash(shop, "7@example.com"),
            hash,
            "an erased refusal is known by it"
        );
        let whole = async || {
            let contact = store.contact(shop, hash).await.unwrap().unwrap();
            assert_eq!(contact.address.as_deref(), Some("7@example.com"));
            let code = store.secret(shop, SecretName::AuthCode).await.unwrap().unwrap();
            assert_eq!(code.expose_secret(), "code");
        };
        whole().await;
        let mut moved = 0;
        while let Some(step) = store.reencrypt(10).await.unwrap() {
            moved += step;
            whole().await;
        }
        assert_eq!(moved, 31);
        assert_eq!(store.reencrypt(10).await.unwrap(), None);
        // The operator's key alone opens nothing any more.
        let bare = bare(&operators);
        let rows = sqlx::query("SELECT hash, address FROM contacts")
            .fetch_all(&store.reads)
            .await
            .unwrap();
        for row in rows {
            let place = Place {
                shop,
                purpose: contacts::ADDRESS,
                row: &row.get::<Vec<u8>, _>(0),
            };
            assert!(matches!(
                bare.open(&row.get::<Vec<u8>, _>(1), place),
                Err(Error::WrongKeys)
            ));
        }
    }
}
