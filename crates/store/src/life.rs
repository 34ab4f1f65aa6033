//! Signs of life: that a server works on this ledger, and when none did.
//!
//! Shoper sends each webhook once, so that what it sends while no server lives is lost. Shops are read early when one
//! lives again (`engine`), and people are told from when to when.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::dialect::Dialect;
use crate::error::Error;
use crate::lanes::PUT_BACK_MS;
use crate::model::Millis;
use crate::store::Store;

/// For how long a server that ended is remembered.
const REMEMBERED_MS: Millis = 86_400_000;
/// For how long it is remembered that none lived.
const KEPT_MS: Millis = 30 * 86_400_000;

/// A time in which no server lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// The last sign of life before.
    pub from: Millis,
    /// The first one after.
    pub to: Millis,
}

/// A server that works on the ledger, or did until lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, made anew with every start.
    pub name: String,
    /// Since when.
    pub started_at: Millis,
    /// Its last sign of life.
    pub alive_at: Millis,
}

fn absence_of(row: &AnyRow) -> Result<Absence, Error> {
    Ok(Absence {
        from: row.try_get(0)?,
        to: row.try_get(1)?,
    })
}

impl Store {
    /// Notes a server's sign of life. Where none of all servers had given one for longer than `absent_after`, that is
    /// noted as well and returned.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn sign_of_life(
        &self,
        server: &str,
        now: Millis,
        absent_after: Millis,
    ) -> Result<Option<Absence>, Error> {
        let mut tx = self.begin().await?;
        // What the clock showed before it was put back is no sign of life, and no absence.
        sqlx::query("DELETE FROM absences WHERE to_at > $1 OR to_at < $2")
            .bind(now + PUT_BACK_MS)
            .bind(now - KEPT_MS)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE servers SET alive_at = $1 WHERE alive_at > $2")
            .bind(now)
            .bind(now + PUT_BACK_MS)
            .execute(&mut *tx)
            .await?;
        let last: Option<Millis> = sqlx::query("SELECT MAX(alive_at) FROM servers")
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        let absence = last
            .filter(|last| now - last > absent_after)
            .map(|from| Absence { from, to: now });
        if let Some(absence) = absence {
            // Several servers may begin at once: what the first one found stands.
            sqlx::query(
                "INSERT INTO absences (from_at, to_at) VALUES ($1, $2) ON CONFLICT (from_at) DO NOTHING",
            )
            .bind(absence.from)
            .bind(absence.to)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(
            "INSERT INTO servers (server, started_at, alive_at) VALUES ($1, $2, $2) \
             ON CONFLICT (server) DO UPDATE SET alive_at = excluded.alive_at",
        )
        .bind(server.to_owned())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM servers WHERE alive_at < $1")
            .bind(now - REMEMBERED_MS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(absence)
    }

    /// The servers that gave a sign of life within the last day, the newest sign first.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn servers(&self) -> Result<Vec<Server>, Error> {
        let query = "SELECT server, started_at, alive_at FROM servers ORDER BY alive_at DESC, server";
        let rows = sqlx::query(query).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                Ok(Server {
                    name: row.try_get(0)?,
                    started_at: row.try_get(1)?,
                    alive_at: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// When no server lived, as far as that ended after `since`; the oldest first.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn absences(&self, since: Millis) -> Result<Vec<Absence>, Error> {
        let query = "SELECT from_at, to_at FROM absences WHERE to_at > $1 ORDER BY from_at";
        let rows = sqlx::query(query).bind(since).fetch_all(&self.reads).await?;
        rows.iter().map(absence_of).collect()
    }

    /// The last time in which no server lived.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn last_absence(&self) -> Result<Option<Absence>, Error> {
        let query = "SELECT from_at, to_at FROM absences ORDER BY from_at DESC LIMIT 1";
        let row = sqlx::query(query).fetch_optional(&self.reads).await?;
        row.as_ref().map(absence_of).transpose()
    }

    /// The latest moment that anything in the queue of shops or any server's sign of life was written at.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn latest_moment(&self) -> Result<Option<Millis>, Error> {
        let query = "SELECT (SELECT MAX(latest_at) FROM lanes), (SELECT MAX(alive_at) FROM servers)";
        let row = sqlx::query(query).fetch_one(&self.reads).await?;
        let (lanes, servers): (Option<Millis>, Option<Millis>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(lanes.max(servers))
    }

    /// What the database's own clock shows, where it has one of its own.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn database_time(&self) -> Result<Option<Millis>, Error> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let query = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        Ok(sqlx::query(query).fetch_one(&self.reads).await?.try_get(0)?)
    }
}
