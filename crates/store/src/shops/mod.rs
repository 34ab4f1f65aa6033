//! Shops: known, found, changed and erased.

mod meters;
mod secrets;

use secrecy::SecretString;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::ShopId;

use crate::error::{Error, is_duplicate};
use crate::lanes::{self, NEVER};
use crate::model::{Lease, Millis, Origin, SecretName, Shop, ShopState};
use crate::runs::from_word;
use crate::shop_keys::Fresh;
use crate::store::Store;
use crate::tidy;

pub(crate) use secrets::SECRET;

const COLUMNS: &str = "shop_id, license, host, url, origin, state, paused, trial, subscription_until, app_version, scopes, \
     config, config_version, installed_stamp, created_at, updated_at, last_success_at, \
     technical_url, first_run_after, own_url, announced_url, previous_url, moved_at, watched_at";

/// What changes about a shop; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ShopChange {
    /// Where it stands.
    pub state: Option<ShopState>,
    /// Synchronisation stopped by a person.
    pub paused: Option<bool>,
    /// Scopes granted.
    pub scopes: Option<String>,
    /// The licence, once learnt.
    pub license: Option<String>,
    /// The shop's address at Shoper.
    pub technical_url: Option<String>,
    /// Its own address, as it tells it itself.
    pub own_url: Option<String>,
}

/// The tables that hold a shop's data, its key first; `shops` and `lanes` stay.
const TABLES: &[&str] = &[
    "shop_keys",
    "secrets",
    "hooks",
    "contacts",
    "records",
    "address_places",
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

impl Store {
    /// One shop.
    pub async fn shop(&self, shop: ShopId) -> Result<Option<Shop>, Error> {
        let query = format!("SELECT {COLUMNS} FROM shops WHERE shop_id = $1");
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        self.known(row).await
    }

    /// The shop of a row, whose key is taken.
    async fn known(&self, row: Option<AnyRow>) -> Result<Option<Shop>, Error> {
        let shop = row.as_ref().map(shop_from).transpose()?;
        if let Some(shop) = &shop {
            self.take_key(shop.id).await?;
        }
        Ok(shop)
    }

    /// All shops, in the order in which they came.
    pub async fn shops(&self) -> Result<Vec<Shop>, Error> {
        let query = format!("SELECT {COLUMNS} FROM shops ORDER BY shop_id");
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&self.reads).await?;
        let shops: Vec<Shop> = rows.iter().map(shop_from).collect::<Result<_, _>>()?;
        for shop in &shops {
            self.take_key(shop.id).await?;
        }
        Ok(shops)
    }

    /// The shop of this licence hash, or else the newest one served at this host (with its port where it has one).
    pub async fn find_shop(&self, name: &str) -> Result<Option<Shop>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM shops WHERE license = $1 OR (host = $2 AND host <> '') ORDER BY CASE WHEN license = $1 THEN 0 ELSE 1 END, \
             CASE WHEN state = 'removed' THEN 1 ELSE 0 END, shop_id DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(name.to_owned())
            .bind(name.to_ascii_lowercase())
            .fetch_optional(&self.reads)
            .await?;
        self.known(row).await
    }

    /// Changes a shop. One that is being removed goes on being removed, and a removed one does not change: only an
    /// installation or a new login brings it back.
    pub async fn update_shop(&self, shop: ShopId, change: &ShopChange, now: Millis) -> Result<(), Error> {
        sqlx::query(
            "UPDATE shops SET state = CASE WHEN state = 'uninstalling' THEN state ELSE COALESCE($2, state) END, paused = COALESCE($3, paused), scopes = COALESCE($4, scopes), \
             license = COALESCE($5, license), technical_url = COALESCE($6, technical_url), \
             own_url = COALESCE($7, own_url), updated_at = $8 \
             WHERE shop_id = $1 AND state <> 'removed'",
        )
        .bind(shop.0)
        .bind(change.state.map(ShopState::word))
        .bind(change.paused.map(i64::from))
        .bind(change.scopes.clone())
        .bind(change.license.clone())
        .bind(change.technical_url.clone())
        .bind(change.own_url.clone())
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Notes that a person has opened a page of a shop's panel, and wakes its lane: what they see is to be true. At most
    /// once a minute; whether it was noted.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn watched(&self, shop: ShopId, now: Millis) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE shops SET watched_at = $2 WHERE shop_id = $1 AND \
             (watched_at IS NULL OR watched_at <= $3 OR watched_at > $2)",
        )
        .bind(shop.0)
        .bind(now)
        .bind(now - 60_000)
        .execute(&mut **tx)
        .await?;
        let is_noted = done.rows_affected() > 0;
        if is_noted {
            lanes::wake(&mut tx, shop, now, now).await?;
        }
        tx.commit().await?;
        Ok(is_noted)
    }

    /// The shop is asked at another address from now on, `previous` kept for the case that it fails. False, and nothing
    /// changes, when it is no longer asked at `from`: a message of the shop's has named an address meanwhile.
    pub async fn readdress(
        &self,
        shop: ShopId,
        from: &str,
        (url, host): (&str, &str),
        previous: Option<&str>,
        now: Millis,
    ) -> Result<bool, Error> {
        let done = sqlx::query(
            "UPDATE shops SET url = $3, host = $4, previous_url = $5, moved_at = $6, updated_at = $6 \
             WHERE shop_id = $1 AND url = $2 AND state <> 'removed'",
        )
        .bind(shop.0)
        .bind(from.to_owned())
        .bind(url.to_owned())
        .bind(host.to_owned())
        .bind(previous.map(str::to_owned))
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(done.rows_affected() > 0)
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
            .execute(&mut **tx)
            .await?;
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Holds the first synchronisation back until `after` at least, where it is held at all.
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
        let (id, mut fresh) = match known {
            Some(shop) => (shop.id, None),
            None => {
                self.put_shop(&mut tx, license, (url, host), Origin::Direct, now)
                    .await?
            }
        };
        let id = match self.revive(&mut tx, id).await? {
            Some((id, key)) => {
                fresh = Some(key);
                id
            }
            None => id,
        };
        if fresh.is_none() {
            fresh = self.take_key_within(&mut tx, id).await?;
        }
        lanes::enter(&mut tx, self.dialect, id).await?;
        sqlx::query(
            "UPDATE shops SET url = $2, host = $3, previous_url = NULL, state = $4, updated_at = $5 WHERE shop_id = $1",
        )
        .bind(id.0)
            .bind(url.to_owned())
            .bind(host.to_owned())
            .bind(ShopState::Connecting.word())
            .bind(now)
            .execute(&mut **tx)
            .await?;
        let secrets = [
            (SecretName::AdminLogin, Some(login.clone())),
            (SecretName::AdminPassword, Some(password.clone())),
        ];
        self.write_secrets(&mut tx, id, &secrets).await?;
        lanes::wake(&mut tx, id, now, now).await?;
        tx.commit().await?;
        if let Some(key) = fresh {
            key.stays();
        }
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
            .fetch_optional(&mut **tx)
            .await?
            .is_none()
        {
            return Ok(false);
        }
        erase(&mut tx, lease.shop, now).await?;
        tx.commit().await?;
        self.vault.gone(lease.shop);
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
        self.vault.gone(shop);
        Ok(())
    }
}

fn shop_from(row: &AnyRow) -> Result<Shop, Error> {
    Ok(Shop {
        id: ShopId(row.try_get("shop_id")?),
        license: row.try_get("license")?,
        host: row.try_get("host")?,
        url: row.try_get("url")?,
        origin: from_word(row.try_get("origin")?)?,
        state: from_word(row.try_get("state")?)?,
        paused: row.try_get::<i64, _>("paused")? != 0,
        trial: row.try_get::<i64, _>("trial")? != 0,
        subscription_until: row.try_get("subscription_until")?,
        app_version: row.try_get("app_version")?,
        scopes: row.try_get("scopes")?,
        config: row.try_get("config")?,
        config_version: row.try_get("config_version")?,
        installed_stamp: row.try_get("installed_stamp")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        last_success_at: row.try_get("last_success_at")?,
        technical_url: row.try_get("technical_url")?,
        first_run_after: row.try_get("first_run_after")?,
        own_url: row.try_get("own_url")?,
        announced_url: row.try_get("announced_url")?,
        previous_url: row.try_get("previous_url")?,
        moved_at: row.try_get("moved_at")?,
        watched_at: row.try_get("watched_at")?,
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

impl Store {
    /// Inserts a shop with its lane and its key, or finds it by its licence.
    pub(crate) async fn put_shop(
        &self,
        tx: &mut Transaction<'_, Any>,
        license: &str,
        (url, host): (&str, &str),
        origin: Origin,
        now: Millis,
    ) -> Result<(ShopId, Option<Fresh>), Error> {
        if let Some(id) = by_license(tx, license).await? {
            return Ok((id, None));
        }
        if let Some(lock) = self.dialect.number_lock() {
            sqlx::query(lock).execute(&mut **tx).await?;
            // Another process may have inserted it while we waited.
            if let Some(id) = by_license(tx, license).await? {
                return Ok((id, None));
            }
        }
        let row = sqlx::query(
            "INSERT INTO shops (shop_id, license, host, url, origin, state, created_at, updated_at) \
             SELECT COALESCE(MAX(shop_id), 0) + 1, $1, $2, $3, $4, $5, $6, $6 FROM shops RETURNING shop_id",
        )
        .bind(license.to_owned())
        .bind(host.to_owned())
        .bind(url.to_owned())
        .bind(origin.word())
        .bind(ShopState::Connecting.word())
        .bind(now)
        .fetch_one(&mut **tx)
        .await?;
        let id = ShopId(row.try_get(0)?);
        sqlx::query("INSERT INTO lanes (shop_id, next_at, due_at, latest_at) VALUES ($1, $2, $2, $2)")
            .bind(id.0)
            .bind(now)
            .execute(&mut **tx)
            .await?;
        let key = self.make_key(tx, id, true).await?;
        Ok((id, Some(key)))
    }

    /// Gives a removed shop that comes back a number and a key that nobody has known; `None` for one that was not removed.
    /// Whoever still knows the old number finds nothing there.
    pub(crate) async fn revive(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
    ) -> Result<Option<(ShopId, Fresh)>, Error> {
        let query = "SELECT 1 FROM shops WHERE shop_id = $1 AND state = 'removed'";
        let removed = sqlx::query(query).bind(shop.0).fetch_optional(&mut **tx).await?;
        if removed.is_none() {
            return Ok(None);
        }
        if let Some(lock) = self.dialect.number_lock() {
            sqlx::query(lock).execute(&mut **tx).await?;
        }
        let query = "UPDATE shops SET shop_id = (SELECT MAX(shop_id) + 1 FROM shops) \
             WHERE shop_id = $1 AND state = 'removed' RETURNING shop_id";
        let row = sqlx::query(query).bind(shop.0).fetch_optional(&mut **tx).await?;
        let Some(row) = row else { return Ok(None) };
        let id = ShopId(row.try_get(0)?);
        sqlx::query("UPDATE lanes SET shop_id = $2 WHERE shop_id = $1")
            .bind(shop.0)
            .bind(id.0)
            .execute(&mut **tx)
            .await?;
        let key = self.make_key(tx, id, true).await?;
        Ok(Some((id, key)))
    }
}

async fn erase(tx: &mut Transaction<'_, Any>, shop: ShopId, now: Millis) -> Result<(), Error> {
    // Whoever holds the lane finds its fence outdated; the next worker begins with nothing known.
    sqlx::query(
        "UPDATE lanes SET fence = fence + 1, leased_until = 0, state = '{}', wake_at = NULL, due_at = $2, next_at = $2, \
         latest_at = 0 WHERE shop_id = $1",
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
    // What unknown messages said of the shop.
    sqlx::query(
        "UPDATE lifecycle SET params = NULL WHERE license = (SELECT license FROM shops WHERE shop_id = $1)",
    )
    .bind(shop.0)
    .execute(&mut **tx)
    .await?;
    // In place of a licence a shop connected by hand has its host.
    sqlx::query(
        "UPDATE shops SET state = $2, host = '', url = '', technical_url = NULL, config = NULL, scopes = NULL, \
          access_expires_at = NULL, access_renew_at = NULL, own_url = NULL, announced_url = NULL, previous_url = NULL, \
          moved_at = NULL, last_success_at = NULL, first_run_after = NULL, audit_begun_at = NULL, app_version = NULL, \
          trial = 0, paused = 0, updated_at = $3, \
          license = CASE WHEN license LIKE 'direct:%' THEN 'removed:' || shop_id ELSE license END WHERE shop_id = $1",
    )
    .bind(shop.0)
    .bind(ShopState::Removed.word())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    tidy::wanted(tx).await
}
