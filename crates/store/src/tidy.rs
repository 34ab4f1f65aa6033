//! After something was erased: what is left of it in the database's own files goes too.
//!
//! SQLite overwrites what is deleted (`dialect.rs`), but its log holds pages as they were until it is emptied, and a file
//! keeps its size until its free pages are given back. PostgreSQL keeps deleted rows until it vacuums; the few keys of shops
//! are in a table of their own, which is written anew, and without them the other rows say nothing. That something is left
//! to do is noted in the transaction that erases, so that a crash between the two forgets nothing.

use std::time::Duration;

use sqlx::{Any, AnyConnection, AssertSqlSafe, Executor, Row, Transaction};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::store::Store;

const UNTIDY: &str = "untidy";
/// Free pages given back in one go; a webhook waits for so many at most.
const PAGES: u32 = 2_000;

/// Notes that something was erased.
pub async fn wanted(tx: &mut Transaction<'_, Any>) -> Result<(), Error> {
    sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(UNTIDY)
        .bind(vec![1_u8])
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether nobody reads from a view of the time before this moment any more, within two seconds: PostgreSQL keeps for
/// such a reader what was deleted since, also in a table that is written anew. The writing anew is such a reader itself
/// while any transaction of that time goes on, be it in another database of the server.
async fn nobody_looks_back(connection: &mut AnyConnection) -> Result<bool, Error> {
    let row = sqlx::query("SELECT txid_current()")
        .fetch_one(&mut *connection)
        .await?;
    let now: i64 = row.try_get(0)?;
    for _ in 0..20 {
        let query = "SELECT CAST(txid_snapshot_xmin(txid_current_snapshot()) > $1 AS int) AS is_over, \
                     (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND pid <> pg_backend_pid() AND age(backend_xmin) > age(CAST(CAST($1 % 4294967296 AS text) AS xid))) AS readers";
        let row = sqlx::query(query).bind(now).fetch_one(&mut *connection).await?;
        let is_over: i32 = row.try_get("is_over")?;
        let readers: i64 = row.try_get("readers")?;
        if is_over == 1 && readers == 0 {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(false)
}

impl Store {
    /// Clears away what erasures have left in the database's files, where there were any since the last time. False when
    /// something is left because somebody was reading: to be tried again in a minute. Nobody waits for it for long.
    ///
    /// # Errors
    /// When the database cannot be used: then it is done the next time.
    pub async fn tidy(&self) -> Result<bool, Error> {
        let untidy = sqlx::query("SELECT 1 FROM ledger WHERE name = $1")
            .bind(UNTIDY)
            .fetch_optional(&self.reads)
            .await?
            .is_some();
        if !untidy {
            return Ok(true);
        }
        // The note goes first: what is erased from now on is noted anew.
        sqlx::query("DELETE FROM ledger WHERE name = $1")
            .bind(UNTIDY)
            .execute(&self.writes)
            .await?;
        let done = match self.dialect {
            Dialect::Sqlite => self.shrink().await,
            Dialect::Postgres => self.rewrite_keys().await,
        };
        if !matches!(done, Ok(true)) {
            let mut tx = self.begin().await?;
            wanted(&mut tx).await?;
            tx.commit().await?;
        }
        done
    }

    async fn shrink(&self) -> Result<bool, Error> {
        loop {
            let before = self.free_pages().await?;
            if before == 0 {
                break;
            }
            let statement = format!("PRAGMA incremental_vacuum({PAGES})");
            self.writes
                .execute(sqlx::raw_sql(AssertSqlSafe(statement)))
                .await?;
            if self.free_pages().await? >= before {
                // A file that was made by an older program gives nothing back by pieces.
                break;
            }
        }
        self.fold().await
    }

    async fn free_pages(&self) -> Result<i64, Error> {
        let row = sqlx::query("PRAGMA freelist_count")
            .fetch_one(&self.writes)
            .await?;
        Ok(row.try_get(0)?)
    }

    async fn rewrite_keys(&self) -> Result<bool, Error> {
        let mut connection = self.writes.pool().acquire().await?;
        if !nobody_looks_back(&mut connection).await? {
            return Ok(false);
        }
        // Whoever makes a shop at this moment has the table first.
        connection.execute("SET lock_timeout = '2s'").await?;
        let keys = connection.execute("VACUUM (FULL) shop_keys").await;
        let shops = connection.execute("VACUUM shops").await;
        connection.execute("RESET lock_timeout").await?;
        keys?;
        shops?;
        Ok(true)
    }

    /// Writes an SQLite file anew if it was made by a program that overwrote nothing, so that what was deleted then goes.
    /// Nobody else can write meanwhile: to be called before the work begins.
    ///
    /// # Errors
    /// When the database cannot be used, or there is no room for a second copy: then the file is as it was.
    pub async fn renew_file(&self) -> Result<bool, Error> {
        if self.dialect != Dialect::Sqlite {
            return Ok(false);
        }
        let row = sqlx::query("PRAGMA auto_vacuum").fetch_one(&self.writes).await?;
        if row.try_get::<i64, _>(0)? == 2 {
            return Ok(false);
        }
        self.writes
            .execute(sqlx::raw_sql("PRAGMA auto_vacuum = INCREMENTAL; VACUUM"))
            .await?;
        self.fold().await
    }
}
