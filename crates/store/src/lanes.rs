//! Who may work on which shop, and when.

use std::sync::atomic::Ordering;

use sqlx::Row;
use sync_core::ShopId;

use crate::dialect::Dialect;
use crate::error::Error;
use crate::model::{Lease, Millis};
use crate::store::Store;

/// A clock that is put back by less is taken as it is: what was planned comes later by no more than that.
pub const PUT_BACK_MS: Millis = 60_000;
/// No lane plans further ahead.
pub const FURTHEST_MS: Millis = 6 * 3_600_000;
/// No lease lasts longer.
const LONGEST_LEASE_MS: Millis = 5 * 60_000;
/// When the lane of a removed shop is due.
pub(crate) const NEVER: Millis = i64::MAX / 4;

/// A shop's place in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// When its own plans want a slice.
    pub due_at: Millis,
    /// When something from outside wants one.
    pub wake_at: Option<Millis>,
    /// Until when somebody works on it; in the past when nobody does.
    pub leased_until: Millis,
    /// The engine's own state of it, JSON.
    pub state: String,
}

impl Store {
    /// Claims the lane that is longest overdue, for `lease_ms`; before it one whose plans cannot be believed, because the
    /// clock was put back since they were made. Every other time one that was woken from outside goes first, so that a shop
    /// where something happens does not wait for all those whose plans came due before it.
    pub async fn claim(&self, now: Millis, lease_ms: i64) -> Result<Option<Lease>, Error> {
        let is_any_adrift = self.is_any_adrift(now).await?;
        if !is_any_adrift && self.first_place().await?.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        let skip = self.dialect.for_update_skip_locked();
        let mut row = None;
        if is_any_adrift {
            let query = format!("SELECT shop_id FROM lanes WHERE {ADRIFT} ORDER BY shop_id LIMIT 1{skip}");
            row = sqlx::query(sqlx::AssertSqlSafe(query))
                .bind(now + PUT_BACK_MS)
                .bind(now + PUT_BACK_MS + FURTHEST_MS)
                .bind(NEVER)
                .bind(now + LONGEST_LEASE_MS)
                .fetch_optional(&mut **tx)
                .await?;
        }
        let woken_first = self.claims.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        for which in [" AND wake_at IS NOT NULL", ""] {
            if row.is_some() || (!which.is_empty() && !woken_first) {
                continue;
            }
            let query = format!(
                "SELECT shop_id FROM lanes WHERE next_at <= $1{which} ORDER BY next_at, shop_id LIMIT 1{skip}"
            );
            row = sqlx::query(sqlx::AssertSqlSafe(query))
                .bind(now)
                .fetch_optional(&mut **tx)
                .await?;
        }
        let Some(row) = row else { return Ok(None) };
        let lease = take(&mut tx, ShopId(row.try_get(0)?), now, lease_ms).await?;
        tx.commit().await?;
        self.take_key(lease.shop).await?;
        Ok(Some(lease))
    }

    /// Whether the plans of any lane cannot be believed: made later than now, further ahead than any lane plans, or under
    /// a lease longer than any.
    async fn is_any_adrift(&self, now: Millis) -> Result<bool, Error> {
        let query = "SELECT (SELECT latest_at FROM lanes WHERE leased_until = 0 ORDER BY latest_at DESC LIMIT 1) AS written, \
             (SELECT next_at FROM lanes WHERE next_at < $1 ORDER BY next_at DESC LIMIT 1) AS planned, \
             (SELECT leased_until FROM lanes WHERE leased_until > 0 ORDER BY leased_until DESC LIMIT 1) AS leased";
        let row = sqlx::query(query).bind(NEVER).fetch_one(&self.reads).await?;
        let is_past = |column: &str, most: Millis| -> Result<bool, Error> {
            Ok(row
                .try_get::<Option<Millis>, _>(column)?
                .is_some_and(|at| at > most))
        };
        Ok(is_past("written", now + PUT_BACK_MS)?
            || is_past("planned", now + PUT_BACK_MS + FURTHEST_MS)?
            || is_past("leased", now + LONGEST_LEASE_MS)?)
    }

    async fn first_place(&self) -> Result<Option<Millis>, Error> {
        let row = sqlx::query("SELECT MIN(next_at) FROM lanes")
            .fetch_one(&self.reads)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Claims this shop's lane whether or not it is due, unless somebody works on it.
    pub async fn claim_shop(&self, shop: ShopId, now: Millis, lease_ms: i64) -> Result<Option<Lease>, Error> {
        let mut tx = self.begin().await?;
        let skip = self.dialect.for_update_skip_locked();
        let query = format!(
            "SELECT shop_id FROM lanes WHERE shop_id = $1 AND (leased_until <= $2 OR leased_until > $3){skip}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(shop.0)
            .bind(now)
            .bind(now + LONGEST_LEASE_MS)
            .fetch_optional(&mut **tx)
            .await?;
        if row.is_none() {
            return Ok(None);
        }
        let lease = take(&mut tx, shop, now, lease_ms).await?;
        tx.commit().await?;
        self.take_key(shop).await?;
        // Somebody waits for it.
        Ok(Some(Lease { woken: true, ..lease }))
    }

    /// Prolongs a lease; false when it is no longer ours.
    pub async fn renew(&self, lease: &Lease, now: Millis, lease_ms: i64) -> Result<bool, Error> {
        let _turn = self.lanes_turn(lease.woken).await;
        let done = sqlx::query(
            "UPDATE lanes SET leased_until = $3, next_at = $3, \
             latest_at = CASE WHEN latest_at > $4 THEN latest_at ELSE $4 END \
             WHERE shop_id = $1 AND fence = $2 AND leased_until > 0",
        )
        .bind(lease.shop.0)
        .bind(lease.fence)
        .bind(now + lease_ms)
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Lets a lane go at `now` until `due_at`. A wake that came meanwhile survives. Does nothing when the lane is no longer
    /// ours.
    pub async fn release(
        &self,
        lease: &Lease,
        state: &str,
        due_at: Millis,
        now: Millis,
    ) -> Result<(), Error> {
        let _turn = self.lanes_turn(lease.woken).await;
        sqlx::query(
            "UPDATE lanes SET leased_until = 0, due_at = $3, state = $4, \
             latest_at = CASE WHEN latest_at > $5 THEN latest_at ELSE $5 END, \
             next_at = CASE WHEN wake_at IS NOT NULL AND wake_at < $3 THEN wake_at ELSE $3 END \
             WHERE shop_id = $1 AND fence = $2 AND leased_until > 0",
        )
        .bind(lease.shop.0)
        .bind(lease.fence)
        .bind(due_at)
        .bind(state)
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Wants a slice now.
    pub async fn wake(&self, shop: ShopId, now: Millis) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// When the next lane can be claimed: lanes being worked on count by the end of their lease.
    pub async fn next_due(&self, now: Millis) -> Result<Option<Millis>, Error> {
        if self.is_any_adrift(now).await? {
            return Ok(Some(now));
        }
        self.first_place().await
    }

    /// Ends leases that a process which died has left, where one process alone works on the ledger (SQLite): its
    /// successor need not wait for them. Does nothing on PostgreSQL, where others may be at work. How many.
    pub async fn end_leases(&self, now: Millis) -> Result<u64, Error> {
        if self.dialect != Dialect::Sqlite {
            return Ok(0);
        }
        let done = sqlx::query(
            "UPDATE lanes SET fence = fence + 1, leased_until = 0, next_at = $1 WHERE leased_until > 0",
        )
        .bind(now)
        .execute(&self.writes)
        .await?;
        Ok(done.rows_affected())
    }

    /// How many lanes can be claimed now, and since when the longest waits.
    pub async fn overdue(&self, now: Millis) -> Result<(i64, Option<Millis>), Error> {
        let row =
            sqlx::query("SELECT COUNT(*) AS found, MIN(next_at) AS since FROM lanes WHERE next_at <= $1")
                .bind(now)
                .fetch_one(&self.reads)
                .await?;
        Ok((row.try_get("found")?, row.try_get("since")?))
    }

    /// A shop's lane.
    pub async fn lane(&self, shop: ShopId) -> Result<Option<Lane>, Error> {
        let row = sqlx::query("SELECT due_at, wake_at, leased_until, state FROM lanes WHERE shop_id = $1")
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Lane {
            due_at: row.try_get("due_at")?,
            wake_at: row.try_get("wake_at")?,
            leased_until: row.try_get("leased_until")?,
            state: row.try_get("state")?,
        }))
    }
}

/// A lane whose plans cannot be believed: written at a time that has not come yet ($1), planned further ahead than any lane
/// plans ($2, the lanes of shops that are gone at $3), or under a lease longer than any ($4).
const ADRIFT: &str =
    "(leased_until = 0 AND (latest_at > $1 OR (next_at > $2 AND next_at < $3))) OR leased_until > $4";

async fn take(
    tx: &mut sqlx::Transaction<'_, sqlx::Any>,
    shop: ShopId,
    now: Millis,
    lease_ms: i64,
) -> Result<Lease, Error> {
    let until = now + lease_ms;
    let row = sqlx::query("SELECT latest_at, next_at, wake_at FROM lanes WHERE shop_id = $1")
        .bind(shop.0)
        .fetch_one(&mut **tx)
        .await?;
    let (latest_at, next_at): (Millis, Millis) = (row.try_get("latest_at")?, row.try_get("next_at")?);
    let wake_at: Option<Millis> = row.try_get("wake_at")?;
    if latest_at > now + PUT_BACK_MS || (next_at > now + PUT_BACK_MS + FURTHEST_MS && next_at < NEVER) {
        // The clock was put back: what was marked before would wait for as long again.
        sqlx::query("UPDATE dirty SET due_at = $2 WHERE shop_id = $1 AND due_at > $2")
            .bind(shop.0)
            .bind(now)
            .execute(&mut **tx)
            .await?;
    }
    let row = sqlx::query(
        "UPDATE lanes SET fence = fence + 1, leased_until = $2, next_at = $2, wake_at = NULL, latest_at = $3 \
         WHERE shop_id = $1 RETURNING fence, state",
    )
    .bind(shop.0)
    .bind(until)
    .bind(now)
    .fetch_one(&mut **tx)
    .await?;
    Ok(Lease {
        shop,
        fence: row.try_get("fence")?,
        state: row.try_get("state")?,
        until,
        length: lease_ms,
        woken: wake_at.is_some_and(|at| at <= now),
    })
}

/// Locks a shop's lane for the rest of the transaction; false for a shop that is unknown or removed. Whatever changes
/// several of a shop's rows begins with this lock, so that no two transactions wait for each other.
pub(crate) async fn enter(
    tx: &mut sqlx::Transaction<'_, sqlx::Any>,
    dialect: Dialect,
    shop: ShopId,
) -> Result<bool, Error> {
    if dialect.has_row_locks() {
        let query = format!("SELECT 1 FROM lanes WHERE shop_id = $1{}", dialect.for_update());
        sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(shop.0)
            .fetch_optional(&mut **tx)
            .await?;
    }
    let query = "SELECT 1 FROM shops WHERE shop_id = $1 AND state <> 'removed'";
    Ok(sqlx::query(query)
        .bind(shop.0)
        .fetch_optional(&mut **tx)
        .await?
        .is_some())
}

/// Moves the wake forward to `at`. A lane that is being worked on can be claimed no earlier for it: it is seen at its
/// release.
pub(crate) async fn wake(
    tx: &mut sqlx::Transaction<'_, sqlx::Any>,
    shop: ShopId,
    at: Millis,
    now: Millis,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE lanes SET \
         latest_at = CASE WHEN latest_at > $3 THEN latest_at ELSE $3 END, \
         wake_at = CASE WHEN wake_at IS NOT NULL AND wake_at < $2 THEN wake_at ELSE $2 END, \
         next_at = CASE WHEN leased_until = 0 AND next_at > $2 THEN $2 ELSE next_at END \
         WHERE shop_id = $1",
    )
    .bind(shop.0)
    .bind(at)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
