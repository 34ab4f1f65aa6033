//! Everything sealed anew: with the operator's newest key, and with each shop's own.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use sync_core::ShopId;

use crate::crypto::{LEDGER, Place};
use crate::error::Error;
use crate::keyring::{Pass, key_name, shop_key_place};
use crate::store::Store;
use crate::{contact_row, hooks, problems, shops};

/// All that is sealed with shops' keys: table, what identifies the row within its shop, column, purpose. Contacts first.
const SEALED: &[(&str, &str, &str, &str)] = &[
    ("contacts", "hash", "address", contact_row::ADDRESS),
    ("secrets", "name", "value", shops::SECRET),
    ("hooks", "kind", "token", hooks::TOKEN),
    ("hooks", "kind", "secret", hooks::SECRET),
    ("problems", "entry", "detail", problems::DETAIL),
];

/// Noted when nothing of a shop is sealed with the operator's key any more.
const MOVED: &str = "sealed by shop";

impl Store {
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
            Some(row) => pass.after = row.try_get("hash")?,
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
            .execute(&mut **tx)
            .await?;
        sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(MOVED)
            .bind(self.vault.newest().to_vec())
            .execute(&mut **tx)
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
                .try_get::<Option<Vec<u8>>, _>(column)?
                .filter(|sealed| self.vault.is_old(sealed, shop))
            else {
                continue;
            };
            let word: Option<String> = row.try_get(id).ok();
            let bytes = match &word {
                Some(word) => word.clone().into_bytes(),
                None => row.try_get(id)?,
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
                .execute(&mut **tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(moved)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Executor, Row};
    use sync_core::ShopId;

    use super::*;
    use crate::crypto::Keys;
    use crate::keyring::bare;
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
                purpose: contact_row::ADDRESS,
                row: &row.get::<Vec<u8>, _>("hash"),
            };
            assert!(matches!(
                bare.open(&row.get::<Vec<u8>, _>("address"), place),
                Err(Error::WrongKeys)
            ));
        }
    }
}
