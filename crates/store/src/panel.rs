//! What the panel and the command line keep: configurations, audits, sessions.

use secrecy::SecretString;
use sqlx::Row;
use sqlx::any::AnyRow;
use sync_core::{ProblemKind, ShopId, Topic};

use crate::error::Error;
use crate::lanes::{self, PUT_BACK_MS};
use crate::model::{Millis, Problem, RunState, SecretName};
use crate::store::Store;

/// What a shop whose merchant took the key back has a problem of.
pub(crate) const DISCONNECTED: Topic = Topic::Of(ProblemKind::SareDisconnected);
/// Sessions of one shop that last at once. Beyond it the one that would end first ends now.
const MOST_SESSIONS: i64 = 50;
/// Signed addresses remembered of one shop: every opening of the panel makes another.
const MOST_LINKS: i64 = 2_000;

/// One state of a shop's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigVersion {
    /// Its number.
    pub version: i64,
    /// When it was saved.
    pub at: Millis,
    /// By whom.
    pub who: String,
    /// The configuration as TOML, without the key.
    pub config: String,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// When it ended.
    pub at: Millis,
    /// Contacts compared.
    pub compared: i64,
    /// Differences without an explanation.
    pub differences: i64,
    /// The rest, as JSON without personal data.
    pub detail: String,
}

/// A merchant's session in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose panel.
    pub shop: ShopId,
    /// The administrator, where the shop proved who it is.
    pub admin: Option<String>,
    /// What forms must bring back.
    pub csrf: String,
    /// The panel's language.
    pub locale: String,
    /// When it ends.
    pub expires_at: Millis,
}

fn version_from(row: &AnyRow) -> Result<ConfigVersion, Error> {
    Ok(ConfigVersion {
        version: row.try_get("version")?,
        at: row.try_get("at")?,
        who: row.try_get("who")?,
        config: row.try_get("config")?,
    })
}

impl Store {
    /// Saves a configuration (TOML without the key) and wakes the lane. A key given is kept with it; where the SARE account
    /// is another one, so is the old account's ([`Store::sare_key_before`]). The new version.
    ///
    /// # Errors
    /// [`Error::ConfigChanged`] when `expected` is not the version there is; [`Error::NoSuchShop`].
    pub async fn put_config(
        &self,
        shop: ShopId,
        config: &str,
        key: Option<SecretString>,
        expected: Option<i64>,
        who: &str,
        now: Millis,
    ) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        let query = "SELECT config_version, config FROM shops WHERE shop_id = $1";
        let row = sqlx::query(query).bind(shop.0).fetch_one(&mut **tx).await?;
        let (before, config_before): (i64, Option<String>) =
            (row.try_get("config_version")?, row.try_get("config")?);
        if expected.is_some_and(|expected| expected != before) {
            return Err(Error::ConfigChanged { version: before });
        }
        let version = before + 1;
        sqlx::query("UPDATE shops SET config = $2, config_version = $3, updated_at = $4 WHERE shop_id = $1")
            .bind(shop.0)
            .bind(config.to_owned())
            .bind(version)
            .bind(now)
            .execute(&mut **tx)
            .await?;
        sqlx::query(
            "INSERT INTO config_history (shop_id, version, at, who, config) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(shop.0)
        .bind(version)
        .bind(now)
        .bind(who.to_owned())
        .bind(config.to_owned())
        .execute(&mut **tx)
        .await?;
        self.keep_key_before(&mut tx, shop, config_before.as_deref(), config)
            .await?;
        if key.is_some() {
            self.write_secrets(&mut tx, shop, &[(SecretName::SareKey, key)])
                .await?;
        }
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// Drops the key of SARE, without which nothing is done for the shop, and notes that as a problem that goes with the
    /// next key. The run that is not over ends.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn disconnect(&self, shop: ShopId, now: Millis) -> Result<(), Error> {
        if let Some(run) = self.active_run(shop).await? {
            self.set_run_state(shop, run.id, RunState::Cancelled, Some("disconnected"), now)
                .await?;
        }
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        let none = [(SecretName::SareKey, None), (SecretName::SareKeyBefore, None)];
        self.write_secrets(&mut tx, shop, &none).await?;
        let problem = Problem {
            key: DISCONNECTED.key(),
            kind: ProblemKind::SareDisconnected,
            hash: None,
            detail: None,
            is_final: true,
            first_at: now,
            last_at: now,
            times: 1,
        };
        self.put_problems(&mut tx, shop, &[&problem]).await?;
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Earlier configurations, newest first.
    pub async fn config_history(&self, shop: ShopId, limit: i64) -> Result<Vec<ConfigVersion>, Error> {
        let query = "SELECT version, at, who, config FROM config_history WHERE shop_id = $1 ORDER BY version DESC LIMIT $2";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(version_from).collect()
    }

    /// One earlier configuration.
    pub async fn config_at(&self, shop: ShopId, version: i64) -> Result<Option<ConfigVersion>, Error> {
        let query = "SELECT version, at, who, config FROM config_history WHERE shop_id = $1 AND version = $2";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(version)
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(version_from).transpose()
    }

    /// Keeps what an audit found.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn put_audit(
        &self,
        shop: ShopId,
        at: Millis,
        compared: i64,
        differences: i64,
        detail: &str,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query(
            "INSERT INTO audits (shop_id, at, compared, differences, detail) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (shop_id, at) DO UPDATE SET compared = excluded.compared, \
             differences = excluded.differences, detail = excluded.detail",
        )
        .bind(shop.0)
        .bind(at)
        .bind(compared)
        .bind(differences)
        .bind(detail.to_owned())
        .execute(&mut **tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Shops that are connected, configured and not paused, and whose last audit was begun before `before` or never;
    /// those that have waited longest first. A beginning after `now` is none: the clock was put back since.
    pub async fn audits_due(&self, before: Millis, now: Millis, limit: i64) -> Result<Vec<ShopId>, Error> {
        let query = "SELECT shop_id FROM shops WHERE state = 'connected' AND paused = 0 AND config IS NOT NULL \
             AND (audit_begun_at IS NULL OR audit_begun_at < $1 OR audit_begun_at > $2) \
             ORDER BY COALESCE(audit_begun_at, 0), shop_id LIMIT $3";
        let rows = sqlx::query(query)
            .bind(before)
            .bind(now + PUT_BACK_MS)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| Ok(ShopId(row.try_get(0)?))).collect()
    }

    /// Takes the shop's audit on, unless another server has begun one since `before`; whether it was taken on.
    pub async fn begin_audit(&self, shop: ShopId, before: Millis, now: Millis) -> Result<bool, Error> {
        let query = "UPDATE shops SET audit_begun_at = $3 WHERE shop_id = $1 AND state = 'connected' \
             AND (audit_begun_at IS NULL OR audit_begun_at < $2 OR audit_begun_at > $4)";
        let done = sqlx::query(query)
            .bind(shop.0)
            .bind(before)
            .bind(now)
            .bind(now + PUT_BACK_MS)
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The newest audit.
    pub async fn last_audit(&self, shop: ShopId) -> Result<Option<Audit>, Error> {
        let query = "SELECT at, compared, differences, detail FROM audits WHERE shop_id = $1 ORDER BY at DESC LIMIT 1";
        let row = sqlx::query(query)
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Audit {
            at: row.try_get("at")?,
            compared: row.try_get("compared")?,
            differences: row.try_get("differences")?,
            detail: row.try_get("detail")?,
        }))
    }

    /// Begins a session; ended ones of the shop go.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn put_session(&self, token: &str, session: &Session, now: Millis) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, session.shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query("DELETE FROM sessions WHERE shop_id = $1 AND expires_at < $2")
            .bind(session.shop.0)
            .bind(now)
            .execute(&mut **tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (shop_id, token_hash, admin, csrf, locale, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(session.shop.0)
        .bind(self.vault.token(token))
        .bind(session.admin.clone())
        .bind(session.csrf.clone())
        .bind(session.locale.clone())
        .bind(session.expires_at)
        .execute(&mut **tx)
        .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE shop_id = $1 AND token_hash NOT IN \
             (SELECT token_hash FROM sessions WHERE shop_id = $1 ORDER BY expires_at DESC, token_hash LIMIT $2)",
        )
        .bind(session.shop.0)
        .bind(MOST_SESSIONS)
        .execute(&mut **tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// When a signed address of the panel was used for the first time: `now` for one that has not been used. `link` is
    /// what tells it from the shop's others; only a hash of it is kept.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn link_first_used(&self, shop: ShopId, link: &str, now: Millis) -> Result<Millis, Error> {
        let hash = self.vault.token(link);
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query(
            "INSERT INTO panel_links (shop_id, link_hash, first_used_at) VALUES ($1, $2, $3) \
             ON CONFLICT (shop_id, link_hash) DO NOTHING",
        )
        .bind(shop.0)
        .bind(hash.clone())
        .bind(now)
        .execute(&mut **tx)
        .await?;
        let first: Millis =
            sqlx::query("SELECT first_used_at FROM panel_links WHERE shop_id = $1 AND link_hash = $2")
                .bind(shop.0)
                .bind(hash)
                .fetch_one(&mut **tx)
                .await?
                .try_get(0)?;
        sqlx::query(
            "DELETE FROM panel_links WHERE shop_id = $1 AND link_hash NOT IN \
             (SELECT link_hash FROM panel_links WHERE shop_id = $1 ORDER BY first_used_at DESC, link_hash LIMIT $2)",
        )
        .bind(shop.0)
        .bind(MOST_LINKS)
        .execute(&mut **tx)
        .await?;
        tx.commit().await?;
        Ok(first)
    }

    /// The session of a token that has not ended.
    pub async fn session(&self, token: &str, now: Millis) -> Result<Option<Session>, Error> {
        let query = "SELECT shop_id, admin, csrf, locale, expires_at FROM sessions WHERE token_hash = $1 AND expires_at > $2";
        let row = sqlx::query(query)
            .bind(self.vault.token(token))
            .bind(now)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let shop = ShopId(row.try_get("shop_id")?);
        self.take_key(shop).await?;
        Ok(Some(Session {
            shop,
            admin: row.try_get("admin")?,
            csrf: row.try_get("csrf")?,
            locale: row.try_get("locale")?,
            expires_at: row.try_get("expires_at")?,
        }))
    }

    /// Changes the language of a session.
    pub async fn set_session_locale(&self, token: &str, locale: &str) -> Result<(), Error> {
        sqlx::query("UPDATE sessions SET locale = $2 WHERE token_hash = $1")
            .bind(self.vault.token(token))
            .bind(locale.to_owned())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Remembers which language somebody chose in a shop's panel; `admin` is who, where the shop named them.
    pub async fn choose_language(
        &self,
        shop: ShopId,
        admin: Option<&str>,
        locale: &str,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query(
            "INSERT INTO panel_languages (shop_id, admin, locale) VALUES ($1, $2, $3) \
             ON CONFLICT (shop_id, admin) DO UPDATE SET locale = excluded.locale",
        )
        .bind(shop.0)
        .bind(admin.unwrap_or_default().to_owned())
        .bind(locale.to_owned())
        .execute(&mut **tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The language that somebody chose.
    pub async fn chosen_language(&self, shop: ShopId, admin: Option<&str>) -> Result<Option<String>, Error> {
        let row = sqlx::query("SELECT locale FROM panel_languages WHERE shop_id = $1 AND admin = $2")
            .bind(shop.0)
            .bind(admin.unwrap_or_default().to_owned())
            .fetch_optional(&self.reads)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Keeps for a session what was just done, in place of what it kept before.
    pub async fn put_told(&self, token: &str, told: &str) -> Result<(), Error> {
        sqlx::query("UPDATE sessions SET told = $2 WHERE token_hash = $1")
            .bind(self.vault.token(token))
            .bind(told.to_owned())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Takes out what a session keeps when it is this; whether it was. It is there once.
    pub async fn take_told(&self, token: &str, told: &str) -> Result<bool, Error> {
        let done = sqlx::query("UPDATE sessions SET told = NULL WHERE token_hash = $1 AND told = $2")
            .bind(self.vault.token(token))
            .bind(told.to_owned())
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends all sessions of a shop.
    pub async fn end_sessions(&self, shop: ShopId) -> Result<(), Error> {
        sqlx::query("DELETE FROM sessions WHERE shop_id = $1")
            .bind(shop.0)
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
