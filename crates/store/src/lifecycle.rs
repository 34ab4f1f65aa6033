//! Lifecycle messages: stored and applied in one transaction, each once.

use sqlx::{Any, Row, Transaction};
use sync_core::ShopId;
use sync_core::stamp::is_older;

use crate::error::Error;
use crate::lanes;
use crate::model::{Lifecycle, LifecycleEffect, Millis, Origin, Received, SecretName, ShopState};
use crate::runs::from_word;
use crate::shop_keys::Fresh;
use crate::shops::by_license;
use crate::store::Store;

impl Store {
    /// Stores a lifecycle message and does what it asks for. A message known by licence, action and hash does nothing
    /// again: so a replayed install costs no working tokens (shoper-api.md H.6).
    ///
    /// # Errors
    /// When the database cannot be used: then nothing was stored, and the message must not be acknowledged.
    pub async fn receive(&self, message: &Lifecycle) -> Result<Received, Error> {
        let mut tx = self.begin().await?;
        let params = match &message.effect {
            LifecycleEffect::Unknown { params } => Some(params.clone()),
            _ => None,
        };
        let stored = sqlx::query(
            "INSERT INTO lifecycle (license, action, hash, stamp, received_at, params) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (license, action, hash) DO NOTHING",
        )
        .bind(message.license.clone())
        .bind(message.action.clone())
        .bind(message.hash.clone())
        .bind(message.timestamp.clone())
        .bind(message.received_at)
        .bind(params)
        .execute(&mut **tx)
        .await?;
        if stored.rows_affected() == 0 {
            return Ok(Received::Repeated);
        }
        let mut fresh = None;
        let applied = self.apply(&mut tx, message, &mut fresh).await?;
        if let Some(shop) = applied {
            lanes::wake(&mut tx, shop, message.received_at, message.received_at).await?;
        }
        tx.commit().await?;
        if let Some(key) = fresh {
            key.stays();
        }
        if let Some(shop) = applied {
            self.take_key(shop).await?;
        }
        Ok(applied.map_or(Received::Kept, Received::Applied))
    }

    /// Makes the shop, or has it begin again; nothing for a message older than what is known of it.
    async fn install(
        &self,
        tx: &mut Transaction<'_, Any>,
        message: &Lifecycle,
        fresh: &mut Option<Fresh>,
    ) -> Result<Option<ShopId>, Error> {
        let now = message.received_at;
        let LifecycleEffect::Install {
            url,
            host,
            auth_code,
            version,
            trial,
        } = &message.effect
        else {
            return Ok(None);
        };
        if uninstalled_since(tx, message).await? {
            return Ok(None);
        }
        let (id, made) = self
            .put_shop(tx, &message.license, (url, host), Origin::AppStore, now)
            .await?;
        *fresh = made;
        lanes::enter(tx, self.dialect, id).await?;
        let (state, stamp) = standing(tx, id).await?;
        if stamp.is_some_and(|latest| is_older(&message.timestamp, &latest)) {
            return Ok(None);
        }
        let id = match self.revive(tx, id).await? {
            Some((id, key)) => {
                *fresh = Some(key);
                id
            }
            None => id,
        };
        if fresh.is_none() {
            *fresh = self.take_key_within(tx, id).await?;
        }
        // A shop that works goes on working until the code is exchanged.
        let state = match state {
            ShopState::Connected => ShopState::Connected,
            _ => ShopState::Connecting,
        };
        sqlx::query(
            "UPDATE shops SET url = $2, host = $3, origin = $4, state = $5, app_version = COALESCE($6, app_version), \
             trial = COALESCE($7, trial), installed_stamp = $8, updated_at = $9, announced_url = $2, \
             previous_url = NULL WHERE shop_id = $1",
        )
        .bind(id.0)
        .bind(url.clone())
        .bind(host.clone())
        .bind(Origin::AppStore.word())
        .bind(state.word())
        .bind(*version)
        .bind(trial.map(i64::from))
        .bind(message.timestamp.clone())
        .bind(now)
        .execute(&mut **tx)
        .await?;
        if let Some(code) = auth_code {
            self.write_secrets(tx, id, &[(SecretName::AuthCode, Some(code.clone()))])
                .await?;
        }
        Ok(Some(id))
    }

    async fn apply(
        &self,
        tx: &mut Transaction<'_, Any>,
        message: &Lifecycle,
        fresh: &mut Option<Fresh>,
    ) -> Result<Option<ShopId>, Error> {
        let now = message.received_at;
        if let LifecycleEffect::Install { .. } = &message.effect {
            return self.install(tx, message, fresh).await;
        }
        let Some(id) = by_license(tx, &message.license).await? else {
            return Ok(None);
        };
        if !lanes::enter(tx, self.dialect, id).await? {
            return Ok(None);
        }
        *fresh = self.take_key_within(tx, id).await?;
        if let Some(url) = &message.url {
            sqlx::query("UPDATE shops SET announced_url = $2 WHERE shop_id = $1")
                .bind(id.0)
                .bind(url.clone())
                .execute(&mut **tx)
                .await?;
        }
        match &message.effect {
            LifecycleEffect::Install { .. } | LifecycleEffect::Unknown { .. } => return Ok(None),
            LifecycleEffect::Upgrade {
                version,
                auth_code,
                trial,
            } => {
                sqlx::query(
                    "UPDATE shops SET app_version = CASE WHEN app_version > $2 THEN app_version \
                     ELSE COALESCE($2, app_version) END, trial = COALESCE($3, trial), updated_at = $4 WHERE shop_id = $1",
                )
                .bind(id.0)
                .bind(*version)
                .bind(trial.map(i64::from))
                .bind(now)
                .execute(&mut **tx)
                .await?;
                if let Some(code) = auth_code {
                    self.write_secrets(tx, id, &[(SecretName::AuthCode, Some(code.clone()))])
                        .await?;
                }
            }
            LifecycleEffect::Paid => touch(tx, id, now).await?,
            LifecycleEffect::Subscribed { until } => {
                sqlx::query(
                    "UPDATE shops SET subscription_until = CASE WHEN subscription_until > $2 THEN subscription_until \
                     ELSE COALESCE($2, subscription_until) END, trial = 0, updated_at = $3 WHERE shop_id = $1",
                )
                .bind(id.0)
                .bind(*until)
                .bind(now)
                .execute(&mut **tx)
                .await?;
            }
            LifecycleEffect::Uninstall => {
                let (_, stamp) = standing(tx, id).await?;
                if stamp.is_some_and(|latest| is_older(&message.timestamp, &latest)) {
                    return Ok(None);
                }
                sqlx::query("UPDATE shops SET state = $2, updated_at = $3 WHERE shop_id = $1")
                    .bind(id.0)
                    .bind(ShopState::Uninstalling.word())
                    .bind(now)
                    .execute(&mut **tx)
                    .await?;
                sqlx::query("DELETE FROM sessions WHERE shop_id = $1")
                    .bind(id.0)
                    .execute(&mut **tx)
                    .await?;
            }
        }
        Ok(Some(id))
    }
}

async fn touch(tx: &mut Transaction<'_, Any>, shop: ShopId, now: Millis) -> Result<(), Error> {
    sqlx::query("UPDATE shops SET updated_at = $2 WHERE shop_id = $1")
        .bind(shop.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn standing(tx: &mut Transaction<'_, Any>, shop: ShopId) -> Result<(ShopState, Option<String>), Error> {
    let query = "SELECT state, installed_stamp FROM shops WHERE shop_id = $1";
    let row = sqlx::query(query).bind(shop.0).fetch_one(&mut **tx).await?;
    Ok((from_word(row.try_get("state")?)?, row.try_get("installed_stamp")?))
}

/// Whether an uninstallation that was sent after this installation came before it.
async fn uninstalled_since(tx: &mut Transaction<'_, Any>, message: &Lifecycle) -> Result<bool, Error> {
    let query = "SELECT stamp FROM lifecycle WHERE license = $1 AND action = 'uninstall'";
    for row in sqlx::query(query)
        .bind(message.license.clone())
        .fetch_all(&mut **tx)
        .await?
    {
        let uninstalled: String = row.try_get(0)?;
        if is_older(&message.timestamp, &uninstalled) {
            return Ok(true);
        }
    }
    Ok(false)
}
