//! The key of each shop: made, taken, and known.
//!
//! A shop's key is made with the shop, in the same transaction, and goes with it (`shops/mod.rs`). It never changes and ids
//! of shops are never given twice, so that a key once taken stays right: whoever hands out a shop's id takes its key first
//! ([`Store::take_key`]).

use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};
use sync_core::ShopId;

use crate::crypto::Vault;
use crate::error::Error;
use crate::keyring::{exactly, shop_key_place};
use crate::lanes;
use crate::store::Store;

const OF_SHOP: &str = "SELECT shop_id, value, hashes FROM shop_keys WHERE shop_id = $1";

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
        let removed = sqlx::query(query).bind(shop.0).fetch_optional(&mut **tx).await?;
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
        let shop: i64 = row.try_get("shop_id")?;
        let sealed: Vec<u8> = row.try_get("value")?;
        let opened = self
            .vault
            .open(&sealed, shop_key_place(&shop.to_be_bytes()))
            .and_then(|opened| exactly(&opened));
        match opened {
            Ok(key) => {
                let own_hashes = row.try_get::<i64, _>("hashes")? != 0;
                self.vault.learn(ShopId(shop), &key, own_hashes);
            }
            Err(error) => {
                tracing::error!(shop, %error, "the key of this shop does not open: nothing can be done for it");
                self.vault.broken(ShopId(shop));
            }
        }
        Ok(())
    }
}
