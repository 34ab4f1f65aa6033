//! Heartbeats: that a server works on this ledger, and when none did.
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
    /// The last heartbeat before.
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
    /// Its last heartbeat.
    pub alive_at: Millis,
}

/// Shorter gaps are those of a clock.
const LEAST_MS: Millis = 1_000;

/// The heartbeats that are known when a server writes another one.
#[derive(Default)]
struct Heartbeats {
    /// When it started, and its last heartbeat; `None`: it starts now.
    own: Option<(Millis, Millis)>,
    /// The last one of any other server.
    others: Option<Millis>,
    /// One of them may live.
    another_may_live: bool,
}

impl Heartbeats {
    /// The time without any server that this one ends, or that has shown by now. `is_known`: one is known that ended when
    /// this server started.
    fn absence(&self, now: Millis, absent_after: Millis, is_known: bool) -> Option<Absence> {
        let last = self.others.max(self.own.map(|(_, alive)| alive))?;
        if now - last > absent_after {
            return Some(Absence { from: last, to: now });
        }
        let from = self.others?;
        let to = match self.own {
            None if !self.another_may_live => now,
            // None of those before has written one since.
            Some((started, _)) if from <= started && now - started >= absent_after && !is_known => started,
            _ => return None,
        };
        (to - from >= LEAST_MS).then_some(Absence { from, to })
    }
}

fn absence_of(row: &AnyRow) -> Result<Absence, Error> {
    Ok(Absence {
        from: row.try_get("from_at")?,
        to: row.try_get("to_at")?,
    })
}

impl Store {
    /// Notes a server's heartbeat. A time in which no server lived, however short, is noted as well and returned: from the
    /// last heartbeat of those before to the start of this one, or between two that are further apart than `absent_after`.
    ///
    /// Whether another server with a heartbeat just before this one started lives on, or broke off, shows within
    /// `absent_after`.
    pub async fn heartbeat(
        &self,
        server: &str,
        now: Millis,
        absent_after: Millis,
    ) -> Result<Option<Absence>, Error> {
        let mut tx = self.begin().await?;
        // What the clock showed before it was put back is no heartbeat, and no absence.
        sqlx::query("DELETE FROM absences WHERE to_at > $1 OR to_at < $2")
            .bind(now + PUT_BACK_MS)
            .bind(now - KEPT_MS)
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE servers SET alive_at = $1 WHERE alive_at > $2")
            .bind(now)
            .bind(now + PUT_BACK_MS)
            .execute(&mut **tx)
            .await?;
        let mut beats = Heartbeats::default();
        for row in sqlx::query("SELECT server, started_at, alive_at, ended_at FROM servers")
            .fetch_all(&mut **tx)
            .await?
        {
            let (name, alive_at): (String, Millis) = (row.try_get("server")?, row.try_get("alive_at")?);
            let ended_at: Option<Millis> = row.try_get("ended_at")?;
            if name == server {
                beats.own = Some((row.try_get("started_at")?, alive_at));
            } else {
                beats.others = beats.others.max(Some(alive_at));
                beats.another_may_live |= ended_at.is_none() && now - alive_at <= absent_after;
            }
        }
        let known: i64 = sqlx::query("SELECT COUNT(*) FROM absences WHERE to_at = $1")
            .bind(beats.own.map_or(now, |(started, _)| started))
            .fetch_one(&mut **tx)
            .await?
            .try_get(0)?;
        let absence = beats.absence(now, absent_after, known > 0);
        if let Some(absence) = absence {
            // Several servers may begin at once: what the first one found stands.
            sqlx::query(
                "INSERT INTO absences (from_at, to_at) VALUES ($1, $2) ON CONFLICT (from_at) DO NOTHING",
            )
            .bind(absence.from)
            .bind(absence.to)
            .execute(&mut **tx)
            .await?;
        }
        sqlx::query(
            "INSERT INTO servers (server, started_at, alive_at) VALUES ($1, $2, $2) \
             ON CONFLICT (server) DO UPDATE SET alive_at = excluded.alive_at, ended_at = NULL",
        )
        .bind(server.to_owned())
        .bind(now)
        .execute(&mut **tx)
        .await?;
        sqlx::query("DELETE FROM servers WHERE alive_at < $1")
            .bind(now - REMEMBERED_MS)
            .execute(&mut **tx)
            .await?;
        tx.commit().await?;
        Ok(absence)
    }

    /// Notes that no other server lives: to be called by one that is alone on its ledger, as on an SQLite file.
    pub async fn end_others(&self, server: &str) -> Result<(), Error> {
        sqlx::query("UPDATE servers SET ended_at = alive_at WHERE server <> $1 AND ended_at IS NULL")
            .bind(server.to_owned())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Notes that a server takes no calls any more since `at`.
    pub async fn sign_off(&self, server: &str, at: Millis) -> Result<(), Error> {
        sqlx::query("UPDATE servers SET alive_at = $2, ended_at = $2 WHERE server = $1")
            .bind(server.to_owned())
            .bind(at)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// The servers with a heartbeat within the last day, the newest first.
    pub async fn servers(&self) -> Result<Vec<Server>, Error> {
        let query = "SELECT server, started_at, alive_at FROM servers ORDER BY alive_at DESC, server";
        let rows = sqlx::query(query).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                Ok(Server {
                    name: row.try_get("server")?,
                    started_at: row.try_get("started_at")?,
                    alive_at: row.try_get("alive_at")?,
                })
            })
            .collect()
    }

    /// When no server lived, as far as that ended after `since`; the oldest first.
    pub async fn absences(&self, since: Millis) -> Result<Vec<Absence>, Error> {
        let query = "SELECT from_at, to_at FROM absences WHERE to_at > $1 ORDER BY from_at";
        let rows = sqlx::query(query).bind(since).fetch_all(&self.reads).await?;
        rows.iter().map(absence_of).collect()
    }

    /// The last time in which no server lived.
    pub async fn last_absence(&self) -> Result<Option<Absence>, Error> {
        let query = "SELECT from_at, to_at FROM absences ORDER BY from_at DESC LIMIT 1";
        let row = sqlx::query(query).fetch_optional(&self.reads).await?;
        row.as_ref().map(absence_of).transpose()
    }

    /// The latest moment that anything in the queue of shops or any server's heartbeat was written at.
    pub async fn latest_moment(&self) -> Result<Option<Millis>, Error> {
        let query = "SELECT (SELECT MAX(latest_at) FROM lanes) AS lane, (SELECT MAX(alive_at) FROM servers) AS server";
        let row = sqlx::query(query).fetch_one(&self.reads).await?;
        let (lanes, servers): (Option<Millis>, Option<Millis>) =
            (row.try_get("lane")?, row.try_get("server")?);
        Ok(lanes.max(servers))
    }

    /// What the database's own clock shows, where it has one of its own.
    pub async fn database_time(&self) -> Result<Option<Millis>, Error> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let query = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        Ok(sqlx::query(query).fetch_one(&self.reads).await?.try_get(0)?)
    }
}
