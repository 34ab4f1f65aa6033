//! The shop's two inbound hooks, found by the tokens in their URLs.

use secrecy::{ExposeSecret, SecretString};
use sqlx::Row;
use sync_core::ShopId;

use crate::error::Error;
use crate::lanes;
use crate::model::{Hook, HookKind, Millis};
use crate::store::Store;

pub(crate) const TOKEN: &str = "hooks.token";
pub(crate) const SECRET: &str = "hooks.secret";

impl Store {
    /// Makes or replaces a hook.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn put_hook(
        &self,
        shop: ShopId,
        kind: HookKind,
        token: &SecretString,
        secret: Option<SecretString>,
        remote_id: Option<i64>,
    ) -> Result<(), Error> {
        let row = kind.word().as_bytes();
        let secret = secret
            .map(|secret| self.seal(shop, SECRET, row, secret.expose_secret()))
            .transpose()?;
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query(
            "INSERT INTO hooks (shop_id, kind, token_hash, token, secret, remote_id) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (shop_id, kind) DO UPDATE SET token_hash = excluded.token_hash, token = excluded.token, \
             secret = excluded.secret, remote_id = excluded.remote_id, matched = NULL",
        )
        .bind(shop.0)
        .bind(kind.word())
        .bind(self.vault.token(token.expose_secret()))
        .bind(self.seal(shop, TOKEN, row, token.expose_secret())?)
        .bind(secret)
        .bind(remote_id)
        .execute(&mut **tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The webhook's id in the shop.
    pub async fn set_hook_remote(
        &self,
        shop: ShopId,
        kind: HookKind,
        remote_id: Option<i64>,
    ) -> Result<(), Error> {
        sqlx::query("UPDATE hooks SET remote_id = $3 WHERE shop_id = $1 AND kind = $2")
            .bind(shop.0)
            .bind(kind.word())
            .bind(remote_id)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// The hook that a token in a URL belongs to.
    pub async fn hook(&self, kind: HookKind, token: &str) -> Result<Option<Hook>, Error> {
        let query = "SELECT shop_id FROM hooks WHERE token_hash = $1 AND kind = $2";
        let row = sqlx::query(query)
            .bind(self.vault.token(token))
            .bind(kind.word())
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(self
            .hook_of(ShopId(row.try_get(0)?), kind)
            .await?
            .map(|(hook, _)| hook))
    }

    /// A shop's hook and its token.
    pub async fn hook_of(&self, shop: ShopId, kind: HookKind) -> Result<Option<(Hook, SecretString)>, Error> {
        let row = sqlx::query(
            "SELECT h.token, h.secret, h.remote_id, h.matched, h.last_at, s.license, s.state FROM hooks h \
             JOIN shops s ON s.shop_id = h.shop_id WHERE h.shop_id = $1 AND h.kind = $2",
        )
        .bind(shop.0)
        .bind(kind.word())
        .fetch_optional(&self.reads)
        .await?;
        let Some(row) = row else { return Ok(None) };
        self.take_key(shop).await?;
        let place = kind.word().as_bytes();
        let token: Vec<u8> = row.try_get("token")?;
        let secret: Option<Vec<u8>> = row.try_get("secret")?;
        let secret = secret
            .map(|sealed| self.open_text(shop, SECRET, place, &sealed))
            .transpose()?;
        let state: String = row.try_get("state")?;
        let hook = Hook {
            shop,
            license: row.try_get("license")?,
            remote_id: row.try_get("remote_id")?,
            secret: secret.map(SecretString::from),
            matched: row.try_get("matched")?,
            last_at: row.try_get("last_at")?,
            active: !matches!(state.as_str(), "uninstalling" | "removed"),
        };
        Ok(Some((
            hook,
            SecretString::from(self.open_text(shop, TOKEN, place, &token)?),
        )))
    }

    /// When a shop's hook was last called with a signature that was right, to the minute.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn hook_heard_at(&self, shop: ShopId, kind: HookKind) -> Result<Option<Millis>, Error> {
        let row = sqlx::query("SELECT last_at FROM hooks WHERE shop_id = $1 AND kind = $2")
            .bind(shop.0)
            .bind(kind.word())
            .fetch_optional(&self.reads)
            .await?;
        Ok(row.map(|row| row.try_get("last_at")).transpose()?.flatten())
    }

    /// Notes that a hook was called, and which secret its signature matched. Written at most once a minute while nothing
    /// changes.
    pub async fn hook_called(
        &self,
        shop: ShopId,
        kind: HookKind,
        matched: &str,
        now: Millis,
    ) -> Result<(), Error> {
        let row = sqlx::query("SELECT matched, last_at FROM hooks WHERE shop_id = $1 AND kind = $2")
            .bind(shop.0)
            .bind(kind.word())
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(()) };
        let (before, at): (Option<String>, Option<Millis>) =
            (row.try_get("matched")?, row.try_get("last_at")?);
        let is_recent = at.is_some_and(|at| at <= now && at + 60_000 > now);
        if before.as_deref() == Some(matched) && is_recent {
            return Ok(());
        }
        sqlx::query("UPDATE hooks SET matched = $3, last_at = $4 WHERE shop_id = $1 AND kind = $2")
            .bind(shop.0)
            .bind(kind.word())
            .bind(matched.to_owned())
            .bind(now)
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
