//! What is dirty: marked from outside without a lease, worked on under one.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::ShopId;

use crate::dialect::Dialect;
use crate::error::Error;
use crate::group_commit::{Answer, Request};
use crate::lanes;
use crate::model::{Dirty, DirtyDone, DirtyKey, DirtyMark, Lease, Millis, Priority, Reason, Waiting};
use crate::store::Store;

fn reason_of(word: &str) -> Reason {
    Reason::from_word(word).unwrap_or(Reason::Manual)
}

const CASTS: &[&str] = &[
    "bigint", "text", "bigint", "bigint", "bigint", "text", "bigint", "bigint", "bigint",
];

/// Inserts marks or raises their versions.
pub(crate) async fn mark(
    tx: &mut Transaction<'_, Any>,
    dialect: Dialect,
    shop: ShopId,
    marks: &[DirtyMark],
    now: Millis,
) -> Result<(), Error> {
    // One statement may not touch a row twice: marks of one thing are joined first.
    let mut joined: BTreeMap<String, DirtyMark> = BTreeMap::new();
    for mark in marks {
        joined
            .entry(mark.key.encode())
            .and_modify(|known| {
                known.due_at = known.due_at.min(mark.due_at);
                known.priority = known.priority.min(mark.priority);
                known.reason = known.reason.and_then(mark.reason);
                if mark.held_by.is_none() {
                    known.held_by = None;
                }
            })
            .or_insert(*mark);
    }
    let joined: Vec<(String, DirtyMark)> = joined.into_iter().collect();
    for part in dialect.pieces(&joined, dialect.rows_a_statement(CASTS.len())) {
        let rows = dialect.rows(part.len(), CASTS);
        let query = format!(
            "INSERT INTO dirty (shop_id, entry, version, due_at, priority, reason, held_by, attempts, first_at) \
             VALUES {rows} ON CONFLICT (shop_id, entry) DO UPDATE SET version = dirty.version + 1, \
             due_at = CASE WHEN dirty.due_at < excluded.due_at THEN dirty.due_at ELSE excluded.due_at END, \
             priority = CASE WHEN dirty.priority < excluded.priority THEN dirty.priority ELSE excluded.priority END, \
             reason = CASE WHEN dirty.reason IN ('delete-webhook', 'apply-refusal') \
             OR (dirty.reason = 'decide-doubt' AND excluded.reason <> 'apply-refusal') \
             OR (dirty.reason = 'forced' AND excluded.reason NOT IN ('delete-webhook', 'apply-refusal', 'decide-doubt')) \
             THEN dirty.reason ELSE excluded.reason END, \
             held_by = CASE WHEN dirty.held_by IS NULL THEN NULL ELSE excluded.held_by END"
        );
        let mut query = sqlx::query(AssertSqlSafe(query));
        for (entry, mark) in part {
            query = query
                .bind(shop.0)
                .bind(entry.clone())
                .bind(1_i64)
                .bind(mark.due_at)
                .bind(mark.priority as i64)
                .bind(mark.reason.word())
                .bind(mark.held_by)
                .bind(0_i64)
                .bind(now);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Wakes the lane for the earliest of the marks. What a run holds back wakes nobody.
pub(crate) async fn wake_for(
    tx: &mut Transaction<'_, Any>,
    shop: ShopId,
    marks: &[DirtyMark],
    now: Millis,
) -> Result<(), Error> {
    let free = marks.iter().filter(|mark| mark.held_by.is_none());
    if let Some(first) = free.map(|mark| mark.due_at).min() {
        lanes::wake(tx, shop, first, now).await?;
    }
    Ok(())
}

/// Takes away what was dealt with, unless it was marked again meanwhile.
pub(crate) async fn done(
    tx: &mut Transaction<'_, Any>,
    dialect: Dialect,
    shop: ShopId,
    done: &[DirtyDone],
) -> Result<(), Error> {
    let (mut over, mut again) = (Vec::new(), Vec::new());
    for one in done {
        match *one {
            DirtyDone::Done { key, version } => over.push((key.encode(), version)),
            DirtyDone::Again {
                key,
                version,
                due_at,
                attempts,
            } => again.push((key.encode(), version, due_at, attempts)),
        }
    }
    // Looked up and then taken away, under the lane's lock: SQLite finds pairs of values by no index.
    for part in dialect.pieces(&over, 500) {
        let (one, list) = (dialect.value(1), dialect.list(part.len(), 1));
        let query = format!("SELECT entry, version FROM dirty WHERE shop_id = {one} AND entry IN {list}");
        let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
        for (entry, _) in part {
            query = query.bind(entry.as_str());
        }
        let mut same: Vec<String> = Vec::with_capacity(part.len());
        for row in query.fetch_all(&mut **tx).await? {
            let found: (String, i64) = (row.try_get("entry")?, row.try_get("version")?);
            if part.contains(&found) {
                same.push(found.0);
            }
        }
        if same.is_empty() {
            continue;
        }
        let list = dialect.list(same.len(), 1);
        let query = format!("DELETE FROM dirty WHERE shop_id = {one} AND entry IN {list}");
        let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
        for entry in same {
            query = query.bind(entry);
        }
        query.execute(&mut **tx).await?;
    }
    for part in dialect.pieces(&again, dialect.rows_a_statement(5)) {
        let rows = dialect.rows(part.len(), &["bigint", "text", "bigint", "bigint", "bigint"]);
        // Both databases name the columns of VALUES so.
        let query = format!(
            "UPDATE dirty SET due_at = v.column4, attempts = v.column5 FROM (VALUES {rows}) AS v \
             WHERE dirty.shop_id = v.column1 AND dirty.entry = v.column2 AND dirty.version = v.column3"
        );
        let mut query = sqlx::query(AssertSqlSafe(query));
        for (entry, version, due_at, attempts) in part {
            query = query
                .bind(shop.0)
                .bind(entry.as_str())
                .bind(*version)
                .bind(*due_at)
                .bind(*attempts);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Of the new contacts that wait, the one whose turn is nearest.
pub(crate) const OLDEST_WAITING: &str = " AND entry = (SELECT entry FROM dirty WHERE shop_id = $1 AND reason = 'waits' \
     AND held_by IS NULL ORDER BY due_at, entry LIMIT 1)";

const WAITING: &str = "entry, due_at, priority, reason, attempts, first_at, held_by";

fn waiting_from(row: &AnyRow) -> Result<Waiting, Error> {
    let reason: String = row.try_get("reason")?;
    Ok(Waiting {
        key: key_of(row.try_get("entry")?)?,
        due_at: row.try_get("due_at")?,
        priority: Priority::from_number(row.try_get("priority")?),
        reason: reason_of(&reason),
        attempts: row.try_get("attempts")?,
        first_at: row.try_get("first_at")?,
        is_held: row.try_get::<Option<i64>, _>("held_by")?.is_some(),
    })
}

fn key_of(entry: String) -> Result<DirtyKey, Error> {
    DirtyKey::decode(&entry).ok_or_else(|| Error::Damaged("a dirty entry names nothing".to_owned()))
}

impl Store {
    /// Marks from outside, without a lease, and wakes the lane for the earliest of them, in one transaction.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used: then nothing was marked.
    pub async fn mark_dirty(&self, shop: ShopId, marks: &[DirtyMark], now: Millis) -> Result<(), Error> {
        if marks.is_empty() {
            return Ok(());
        }
        if self.dialect == Dialect::Sqlite {
            let write = async |requests| self.mark_together(requests).await;
            if let Some(()) = self.group_commit.mark(shop, marks, now, write).await? {
                return Ok(());
            }
            // Everybody for themselves, with an error of their own.
        }
        self.mark_dirty_alone(shop, marks, now).await
    }

    /// Writes all requests in one transaction and tells each what became of it; nobody is told anything when it fails.
    async fn mark_together(&self, requests: Vec<Request>) {
        let mut by_shop: BTreeMap<ShopId, Vec<Request>> = BTreeMap::new();
        for request in requests {
            by_shop.entry(request.shop).or_default().push(request);
        }
        let Ok(unknown) = self.mark_of_shops(&by_shop).await else {
            return;
        };
        for (shop, requests) in by_shop {
            for request in requests {
                request.answer(if unknown.contains(&shop) {
                    Answer::NoSuchShop
                } else {
                    Answer::Written
                });
            }
        }
    }

    /// The transaction; the shops that there are not.
    async fn mark_of_shops(&self, by_shop: &BTreeMap<ShopId, Vec<Request>>) -> Result<Vec<ShopId>, Error> {
        let mut unknown = Vec::new();
        let mut tx = self.begin().await?;
        for (shop, requests) in by_shop {
            if !lanes::enter(&mut tx, self.dialect, *shop).await? {
                unknown.push(*shop);
                continue;
            }
            let marks = requests.iter().flat_map(|request| &request.marks).copied();
            let marks: Vec<DirtyMark> = marks.collect();
            let now = requests.iter().map(|request| request.now).max().unwrap_or(0);
            mark(&mut tx, self.dialect, *shop, &marks, now).await?;
            wake_for(&mut tx, *shop, &marks, now).await?;
        }
        tx.commit().await?;
        Ok(unknown)
    }

    /// [`Store::mark_dirty`] in a transaction of its own.
    async fn mark_dirty_alone(&self, shop: ShopId, marks: &[DirtyMark], now: Millis) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        mark(&mut tx, self.dialect, shop, marks, now).await?;
        wake_for(&mut tx, shop, marks, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is due now, not held, and of priority `lowest` or more urgent; the most urgent first.
    pub async fn due_dirty(
        &self,
        shop: ShopId,
        now: Millis,
        lowest: Priority,
        limit: i64,
    ) -> Result<Vec<Dirty>, Error> {
        let rows = sqlx::query(
            "SELECT entry, version, priority, reason, attempts, first_at FROM dirty \
             WHERE shop_id = $1 AND priority <= $2 AND due_at <= $3 AND held_by IS NULL \
             ORDER BY priority, due_at LIMIT $4",
        )
        .bind(shop.0)
        .bind(lowest as i64)
        .bind(now)
        .bind(limit)
        .fetch_all(&self.reads)
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let key = key_of(row.try_get("entry")?)?;
            let reason: String = row.try_get("reason")?;
            found.push(Dirty {
                key,
                version: row.try_get("version")?,
                priority: Priority::from_number(row.try_get("priority")?),
                reason: reason_of(&reason),
                attempts: row.try_get("attempts")?,
                first_at: row.try_get("first_at")?,
            });
        }
        Ok(found)
    }

    /// The most urgent priority of what is due now and not held.
    pub async fn most_urgent_due(&self, shop: ShopId, now: Millis) -> Result<Option<Priority>, Error> {
        let row = sqlx::query(
            "SELECT MIN(priority) FROM dirty WHERE shop_id = $1 AND due_at <= $2 AND held_by IS NULL",
        )
        .bind(shop.0)
        .bind(now)
        .fetch_one(&self.reads)
        .await?;
        let number: Option<i64> = row.try_get(0)?;
        Ok(number.map(Priority::from_number))
    }

    /// The next `limit` entries after `after` that no run holds back, in the order in which they have their turn.
    pub async fn waiting_after(
        &self,
        shop: ShopId,
        after: Option<(Priority, Millis, DirtyKey)>,
        limit: i64,
    ) -> Result<Vec<Waiting>, Error> {
        let (priority, due_at, entry) = match after {
            Some((priority, due_at, key)) => (priority as i64, due_at, key.encode()),
            None => (i64::MIN, 0, String::new()),
        };
        let query = format!(
            "SELECT {WAITING} FROM dirty WHERE shop_id = $1 AND held_by IS NULL \
             AND (priority, due_at, entry) > ($2, $3, $4) ORDER BY priority, due_at, entry LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(priority)
            .bind(due_at)
            .bind(entry)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(waiting_from).collect()
    }

    /// Which of these are dirty, held ones too.
    pub async fn waiting_of(&self, shop: ShopId, keys: &[DirtyKey]) -> Result<Vec<Waiting>, Error> {
        let mut found = Vec::new();
        for part in self.dialect.pieces(keys, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!("SELECT {WAITING} FROM dirty WHERE shop_id = {one} AND entry IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for key in part {
                query = query.bind(key.encode());
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(waiting_from(&row)?);
            }
        }
        Ok(found)
    }

    /// When the next entry that is not held is due.
    pub async fn next_dirty_due(&self, shop: ShopId) -> Result<Option<Millis>, Error> {
        let query = "SELECT MIN(due_at) FROM dirty WHERE shop_id = $1 AND held_by IS NULL";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// Some of what a run holds back, and why, in no order.
    pub async fn held(&self, shop: ShopId, run: i64, limit: i64) -> Result<Vec<(DirtyKey, Reason)>, Error> {
        let query = "SELECT entry, reason FROM dirty WHERE shop_id = $1 AND held_by = $2 AND held_by IS NOT NULL LIMIT $3";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(run)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (entry, reason): (String, String) = (row.try_get("entry")?, row.try_get("reason")?);
            found.extend(DirtyKey::decode(&entry).map(|key| (key, reason_of(&reason))));
        }
        Ok(found)
    }

    /// New contacts that wait for the SARE account ([`Reason::Waits`]) have their turn now: `all`, or the one that has waited
    /// longest. How many.
    pub async fn wake_waiting(&self, shop: ShopId, all: bool, now: Millis) -> Result<u64, Error> {
        let which = if all { "" } else { OLDEST_WAITING };
        let query = format!(
            "UPDATE dirty SET due_at = $2 WHERE shop_id = $1 AND reason = 'waits' AND held_by IS NULL{which}"
        );
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Ok(0);
        }
        let woken = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(now)
            .execute(&mut **tx)
            .await?
            .rows_affected();
        if woken > 0 {
            lanes::wake(&mut tx, shop, now, now).await?;
        }
        tx.commit().await?;
        Ok(woken)
    }

    /// How many new contacts wait until the SARE account takes new contacts again.
    pub async fn count_waiting(&self, shop: ShopId) -> Result<i64, Error> {
        let query = "SELECT COUNT(*) FROM dirty WHERE shop_id = $1 AND reason = 'waits'";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// Forgets what SARE was last told of anybody, so that everything is told again. Under the lane's fence.
    pub async fn forget_sent(&self, lease: &Lease) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if self.proves_fence(&mut tx, lease).await? {
            sqlx::query("UPDATE contacts SET sent = NULL WHERE shop_id = $1 AND sent IS NOT NULL")
                .bind(lease.shop.0)
                .execute(&mut **tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Lets go what a run held back.
    pub async fn release_held(&self, lease: &Lease, run: i64, now: Millis) -> Result<(), Error> {
        let query = "UPDATE dirty SET held_by = NULL, due_at = $3 WHERE shop_id = $1 AND held_by = $2";
        self.fenced(lease, query, run, now).await
    }

    /// Drops what a run held back: it is over without effect.
    pub async fn drop_held(&self, lease: &Lease, run: i64) -> Result<(), Error> {
        self.fenced(
            lease,
            "DELETE FROM dirty WHERE shop_id = $1 AND held_by = $2 AND $3 = $3",
            run,
            0,
        )
        .await
    }

    async fn fenced(&self, lease: &Lease, query: &'static str, run: i64, now: Millis) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        if self.proves_fence(&mut tx, lease).await? {
            sqlx::query(query)
                .bind(lease.shop.0)
                .bind(run)
                .bind(now)
                .execute(&mut **tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Locks the lane for the rest of the transaction; false when the lease is no longer ours.
    pub(crate) async fn proves_fence(
        &self,
        tx: &mut Transaction<'_, Any>,
        lease: &Lease,
    ) -> Result<bool, Error> {
        let query = format!(
            "SELECT 1 FROM lanes WHERE shop_id = $1 AND fence = $2 AND leased_until > 0{}",
            self.dialect.for_update()
        );
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(lease.shop.0)
            .bind(lease.fence)
            .fetch_optional(&mut **tx);
        Ok(row.await?.is_some())
    }
}
