//! A shop's secrets, each encrypted for its shop and its purpose.

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Any, Row, Transaction};
use sync_core::ShopId;

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
        let word = secret_word(name);
        let query = "SELECT value FROM secrets WHERE shop_id = $1 AND name = $2";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(word)
            .fetch_optional(&self.reads)
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
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn write_secrets(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        secrets: &[(SecretName, Option<SecretString>)],
    ) -> Result<(), Error> {
        for (name, value) in secrets {
            let word = secret_word(*name);
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
                            .bind(DISCONNECTED)
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
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn access_life(&self, shop: ShopId) -> Result<AccessLife, Error> {
        let query = "SELECT access_expires_at, access_renew_at FROM shops WHERE shop_id = $1";
        let row = sqlx::query(query)
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else {
            return Ok(AccessLife::default());
        };
        let (expires_at, renew_at): (Option<Millis>, Option<Millis>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(AccessLife { expires_at, renew_at })
    }
}

/// The word a secret is kept under.
fn secret_word(name: SecretName) -> &'static str {
    match name {
        SecretName::AccessToken => "access-token",
        SecretName::RefreshToken => "refresh-token",
        SecretName::PreviousRefreshToken => "previous-refresh-token",
        SecretName::AuthCode => "auth-code",
        SecretName::AdminLogin => "admin-login",
        SecretName::AdminPassword => "admin-password",
        SecretName::SareKey => "sare-key",
        SecretName::ShoperHookToken => "shoper-hook-token",
        SecretName::ShoperHookSecret => "shoper-hook-secret",
        SecretName::SareHookToken => "sare-hook-token",
    }
}
