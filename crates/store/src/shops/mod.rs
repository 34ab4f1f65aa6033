//! Shops: known, found, changed and erased.

mod meters;
mod secrets;

use secrecy::SecretString;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::ShopId;

use crate::dialect::Dialect;
use crate::error::{Error, is_duplicate};
use crate::lanes;
use crate::model::{Lease, Millis, Origin, SecretName, Shop, ShopState};
use crate::runs::{from_word, word};
use crate::store::Store;

pub(crate) use secrets::SECRET;

const COLUMNS: &str = "shop_id, license, host, url, origin, state, paused, trial, subscription_until, app_version, scopes, \
     config, config_version, installed_stamp, created_at, updated_at, last_success_at, \
     technical_url, first_run_after";

/// What changes about a shop; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ShopChange {
    /// Where it stands.
    pub state: Option<ShopState>,
    /// Synchronisation stopped by a person.
    pub paused: Option<bool>,
    /// Scopes granted.
    pub scopes: Option<String>,
    /// Base URL and host.
    pub url: Option<(String, String)>,
    /// The licence, once learnt.
    pub license: Option<String>,
    /// The shop's address at Shoper.
    pub technical_url: Option<String>,
}

/// The tables that hold a shop's data; `shops` and `lanes` stay.
const TABLES: &[&str] = &[
    "secrets",
    "hooks",
    "contacts",
    "records",
    "dirty",
    "history",
    "problems",
    "runs",
    "meters",
    "tallies",
    "unsubscribes",
    "config_history",
    "audits",
    "sessions",
    "panel_links",
    "panel_languages",
];

/// When the lane of a removed shop is due.
const NEVER: Millis = i64::MAX / 4;

impl Store {
    /// One shop.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn shop(&self, shop: ShopId) -> Result<Option<Shop>, Error> {
        let query = format!("SELECT {COLUMNS} FROM shops WHERE shop_id = $1");
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(shop_from).transpose()
    }

    /// All shops, in the order in which they came.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn shops(&self) -> Result<Vec<Shop>, Error> {
        let query = format!("SELECT {COLUMNS} FROM shops ORDER BY shop_id");
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&self.reads).await?;
        rows.iter().map(shop_from).collect()
    }

    /// The shop of this licence hash, or else the newest one served at this host (with its port where it has one).
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn find_shop(&self, name: &str) -> Result<Option<Shop>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM shops WHERE license = $1 OR host = $2 ORDER BY CASE WHEN license = $1 THEN 0 ELSE 1 END, \
             CASE WHEN state = 'removed' THEN 1 ELSE 0 END, shop_id DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(name.to_owned())
            .bind(name.to_ascii_lowercase())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(shop_from).transpose()
    }

    /// Changes a shop. One that is being removed goes on being removed, and a removed one does not change: only an
    /// installation or a new login brings it back.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn update_shop(&self, shop: ShopId, change: &ShopChange, now: Millis) -> Result<(), Error> {
        let (url, host) = change.url.clone().unzip();
        sqlx::query(
            "UPDATE shops SET state = CASE WHEN state = 'uninstalling' THEN state ELSE COALESCE($2, state) END, paused = COALESCE($3, paused), scopes = COALESCE($4, scopes), \
             url = COALESCE($5, url), host = COALESCE($6, host), license = COALESCE($7, license), \
             technical_url = COALESCE($9, technical_url), updated_at = $8 \
             WHERE shop_id = $1 AND state <> 'removed'",
        )
        .bind(shop.0)
        .bind(change.state.map(word))
        .bind(change.paused.map(i64::from))
        .bind(change.scopes.clone())
        .bind(url)
        .bind(host)
        .bind(change.license.clone())
        .bind(now)
        .bind(change.technical_url.clone())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Holds the first synchronisation back until `after`, or lets it begin with `None`; wakes the lane.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used.
    pub async fn hold_first_run(
        &self,
        shop: ShopId,
        after: Option<Millis>,
        now: Millis,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        sqlx::query("UPDATE shops SET first_run_after = $2, updated_at = $3 WHERE shop_id = $1")
            .bind(shop.0)
            .bind(after)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        lanes::wake(&mut tx, shop, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Holds the first synchronisation back until `after` at least, where it is held at all.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn prolong_hold(&self, shop: ShopId, after: Millis, now: Millis) -> Result<(), Error> {
        sqlx::query(
            "UPDATE shops SET first_run_after = $2, updated_at = $3 \
             WHERE shop_id = $1 AND state <> 'removed' AND first_run_after < $2",
        )
        .bind(shop.0)
        .bind(after)
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// A shop connected by hand tells its licence by its webhooks. Ignored when another shop has it.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn learn_license(&self, shop: ShopId, license: &str, now: Millis) -> Result<(), Error> {
        let done = sqlx::query(
            "UPDATE shops SET license = $2, updated_at = $3 WHERE shop_id = $1 AND license LIKE 'direct:%' \
             AND NOT EXISTS (SELECT 1 FROM shops WHERE license = $2)",
        )
        .bind(shop.0)
        .bind(license.to_owned())
        .bind(now)
        .execute(&self.writes)
        .await;
        match done {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Connects a shop by an administrator's login, or brings the login of a known one up to date.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn connect_direct(
        &self,
        license: &str,
        url: &str,
        host: &str,
        login: &SecretString,
        password: &SecretString,
        now: Millis,
    ) -> Result<ShopId, Error> {
        let known = self
            .find_shop(host)
            .await?
            .filter(|shop| shop.origin == Origin::Direct);
        let mut tx = self.begin().await?;
        let id = match known {
            Some(shop) => shop.id,
            None => put_shop(&mut tx, self.dialect, license, (url, host), Origin::Direct, now).await?,
        };
        lanes::enter(&mut tx, self.dialect, id).await?;
        sqlx::query("UPDATE shops SET url = $2, host = $3, state = $4, updated_at = $5 WHERE shop_id = $1")
            .bind(id.0)
            .bind(url.to_owned())
            .bind(host.to_owned())
            .bind(word(ShopState::Connecting))
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let secrets = [
            (SecretName::AdminLogin, Some(login.clone())),
            (SecretName::AdminPassword, Some(password.clone())),
        ];
        self.write_secrets(&mut tx, id, &secrets).await?;
        lanes::wake(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The end of a removal: everything goes but the licence and the times, and the lane is let go. False, and nothing
    /// goes, when the lease is no longer ours or the shop was installed again meanwhile.
    ///
    /// # Errors
    /// When the database cannot be used: then nothing went.
    pub async fn erase_shop(&self, lease: &Lease, now: Millis) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if !self.proves_fence(&mut tx, lease).await? {
            return Ok(false);
        }
        let query = "SELECT 1 FROM shops WHERE shop_id = $1 AND state = 'uninstalling'";
        if sqlx::query(query)
            .bind(lease.shop.0)
            .fetch_optional(&mut *tx)
            .await?
            .is_none()
        {
            return Ok(false);
        }
        erase(&mut tx, lease.shop, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets a shop at once, whoever works on it: everything goes but the licence and the times.
    ///
    /// # Errors
    /// When the database cannot be used: then nothing went.
    pub async fn remove_shop(&self, shop: ShopId, now: Millis) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        erase(&mut tx, shop, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn shop_from(row: &AnyRow) -> Result<Shop, Error> {
    Ok(Shop {
        id: ShopId(row.try_get(0)?),
        license: row.try_get(1)?,
        host: row.try_get(2)?,
        url: row.try_get(3)?,
        origin: from_word(row.try_get(4)?)?,
        state: from_word(row.try_get(5)?)?,
        paused: row.try_get::<i64, _>(6)? != 0,
        trial: row.try_get::<i64, _>(7)? != 0,
        subscription_until: row.try_get(8)?,
        app_version: row.try_get(9)?,
        scopes: row.try_get(10)?,
        config: row.try_get(11)?,
        config_version: row.try_get(12)?,
        installed_stamp: row.try_get(13)?,
        created_at: row.try_get(14)?,
        updated_at: row.try_get(15)?,
        last_success_at: row.try_get(16)?,
        technical_url: row.try_get(17)?,
        first_run_after: row.try_get(18)?,
    })
}

/// The shop of a licence.
pub(crate) async fn by_license(
    tx: &mut Transaction<'_, Any>,
    license: &str,
) -> Result<Option<ShopId>, Error> {
    let query = "SELECT shop_id FROM shops WHERE license = $1";
    let row = sqlx::query(query)
        .bind(license.to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(|row| row.try_get(0).map(ShopId)).transpose()?)
}

/// Inserts a shop with its lane, or finds it by its licence.
pub(crate) async fn put_shop(
    tx: &mut Transaction<'_, Any>,
    dialect: Dialect,
    license: &str,
    (url, host): (&str, &str),
    origin: Origin,
    now: Millis,
) -> Result<ShopId, Error> {
    if let Some(id) = by_license(tx, license).await? {
        return Ok(id);
    }
    if let Some(lock) = dialect.number_lock() {
        sqlx::query(lock).execute(&mut **tx).await?;
        // Another process may have inserted it while we waited.
        if let Some(id) = by_license(tx, license).await? {
            return Ok(id);
        }
    }
    let row = sqlx::query(
        "INSERT INTO shops (shop_id, license, host, url, origin, state, created_at, updated_at) \
         SELECT COALESCE(MAX(shop_id), 0) + 1, $1, $2, $3, $4, $5, $6, $6 FROM shops RETURNING shop_id",
    )
    .bind(license.to_owned())
    .bind(host.to_owned())
    .bind(url.to_owned())
    .bind(word(origin))
    .bind(word(ShopState::Connecting))
    .bind(now)
    .fetch_one(&mut **tx)
    .await?;
    let id = ShopId(row.try_get(0)?);
    sqlx::query("INSERT INTO lanes (shop_id, next_at, due_at) VALUES ($1, $2, $2)")
        .bind(id.0)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(id)
}

async fn erase(tx: &mut Transaction<'_, Any>, shop: ShopId, now: Millis) -> Result<(), Error> {
    // Whoever holds the lane finds its fence outdated; the next worker begins with nothing known.
    sqlx::query(
        "UPDATE lanes SET fence = fence + 1, leased_until = 0, state = '{}', wake_at = NULL, due_at = $2, next_at = $2 \
         WHERE shop_id = $1",
    )
    .bind(shop.0)
    .bind(NEVER)
    .execute(&mut **tx)
    .await?;
    for table in TABLES {
        let query = format!("DELETE FROM {table} WHERE shop_id = $1");
        sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query(
        "UPDATE shops SET state = $2, config = NULL, scopes = NULL, access_expires_at = NULL, last_success_at = NULL, \
         paused = 0, updated_at = $3 WHERE shop_id = $1",
    )
    .bind(shop.0)
    .bind(word(ShopState::Removed))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
