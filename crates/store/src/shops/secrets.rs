//! A shop's secrets, each encrypted for its shop and its purpose.

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Any, Executor, Row, Transaction};
use sync_core::ShopId;
use sync_core::config::Config;

use crate::error::Error;
use crate::lanes;
use crate::model::{AccessLife, Millis, SecretName};
use crate::panel::DISCONNECTED;
use crate::store::Store;

pub(crate) const SECRET: &str = "secrets.value";

impl Store {
    /// A shop's secret.
    ///
    /// # Errors
    /// When the database cannot be used or the keys do not open it.
    pub async fn secret(&self, shop: ShopId, name: SecretName) -> Result<Option<SecretString>, Error> {
        self.read_secret(&self.reads, shop, name).await
    }

    async fn read_secret<'e>(
        &self,
        from: impl Executor<'e, Database = Any>,
        shop: ShopId,
        name: SecretName,
    ) -> Result<Option<SecretString>, Error> {
        let word = name.word();
        let query = "SELECT value FROM secrets WHERE shop_id = $1 AND name = $2";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(word)
            .fetch_optional(from)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get(0)?;
        Ok(Some(SecretString::from(self.open_text(
            shop,
            SECRET,
            word.as_bytes(),
            &sealed,
        )?)))
    }

    /// Keeps or drops secrets, all in one transaction. `life` belongs to the access token: with a new one it is kept as
    /// given, known or not; without, only when it is given.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used: then nothing changed.
    pub async fn put_secrets(
        &self,
        shop: ShopId,
        secrets: &[(SecretName, Option<SecretString>)],
        life: Option<AccessLife>,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        self.write_secrets(&mut tx, shop, secrets).await?;
        let with_token = secrets.iter().any(|(name, _)| *name == SecretName::AccessToken);
        if with_token || life.is_some() {
            let life = life.unwrap_or_default();
            sqlx::query("UPDATE shops SET access_expires_at = $2, access_renew_at = $3 WHERE shop_id = $1")
                .bind(shop.0)
                .bind(life.expires_at)
                .bind(life.renew_at)
                .execute(&mut **tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The key of the SARE account `uid`, where another account was connected since and this one has not been left yet.
    ///
    /// # Errors
    /// As [`Store::secret`].
    pub async fn sare_key_before(&self, shop: ShopId, uid: &str) -> Result<Option<SecretString>, Error> {
        let kept = self.secret(shop, SecretName::SareKeyBefore).await?;
        let key = kept.as_ref().and_then(|kept| key_of(kept, uid));
        Ok(key.map(SecretString::from))
    }

    /// Keeps the key in use, of the account of `before`, where `after` is about another. Of several changes in a row the
    /// first account is the one that the ledger knows.
    pub(crate) async fn keep_key_before(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        before: Option<&str>,
        after: &str,
    ) -> Result<(), Error> {
        let Some(uid) = before.and_then(uid_of) else {
            return Ok(());
        };
        if uid_of(after).is_none_or(|after| after == uid) {
            return Ok(());
        }
        let kept = self
            .read_secret(&mut **tx, shop, SecretName::SareKeyBefore)
            .await?;
        if kept.is_some_and(|kept| key_of(&kept, &uid).is_none()) {
            return Ok(());
        }
        if let Some(key) = self.read_secret(&mut **tx, shop, SecretName::SareKey).await? {
            let kept = SecretString::from(format!("{uid}\n{}", key.expose_secret()));
            self.write_secrets(tx, shop, &[(SecretName::SareKeyBefore, Some(kept))])
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn write_secrets(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        secrets: &[(SecretName, Option<SecretString>)],
    ) -> Result<(), Error> {
        for (name, value) in secrets {
            let word = name.word();
            match value {
                Some(value) => {
                    let sealed = self.seal(shop, SECRET, word.as_bytes(), value.expose_secret())?;
                    sqlx::query(
                        "INSERT INTO secrets (shop_id, name, value) VALUES ($1, $2, $3) \
                         ON CONFLICT (shop_id, name) DO UPDATE SET value = excluded.value",
                    )
                    .bind(shop.0)
                    .bind(word)
                    .bind(sealed)
                    .execute(&mut **tx)
                    .await?;
                    if *name == SecretName::SareKey {
                        // With a key the shop is connected again, however the key came.
                        sqlx::query("DELETE FROM problems WHERE shop_id = $1 AND entry = $2")
                            .bind(shop.0)
                            .bind(DISCONNECTED.key())
                            .execute(&mut **tx)
                            .await?;
                    }
                }
                None => {
                    sqlx::query("DELETE FROM secrets WHERE shop_id = $1 AND name = $2")
                        .bind(shop.0)
                        .bind(word)
                        .execute(&mut **tx)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// How long the access token is good for.
    pub async fn access_life(&self, shop: ShopId) -> Result<AccessLife, Error> {
        let query = "SELECT access_expires_at, access_renew_at FROM shops WHERE shop_id = $1";
        let row = sqlx::query(query)
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else {
            return Ok(AccessLife::default());
        };
        let (expires_at, renew_at): (Option<Millis>, Option<Millis>) =
            (row.try_get("access_expires_at")?, row.try_get("access_renew_at")?);
        Ok(AccessLife { expires_at, renew_at })
    }
}

/// The SARE account of a configuration.
fn uid_of(config: &str) -> Option<String> {
    let uid = Config::parse(config).ok()?.config.sare.uid;
    (!uid.is_empty()).then_some(uid)
}

/// The key in a text of [`SecretName::SareKeyBefore`], where it is that of `uid`.
fn key_of<'k>(kept: &'k SecretString, uid: &str) -> Option<&'k str> {
    let (of, key) = kept.expose_secret().split_once('\n')?;
    (of == uid).then_some(key)
}
