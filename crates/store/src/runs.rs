//! Runs through a whole shop.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::{FromWord, ShopId};

use crate::error::Error;
use crate::lanes;
use crate::model::{Millis, Run, RunKind, RunState};
use crate::store::Store;

/// Reads a word that is kept for a value.
pub(crate) fn from_word<T: FromWord>(word: &str) -> Result<T, Error> {
    T::from_word(word).ok_or_else(|| Error::Damaged("a word of this program's is not known to it".to_owned()))
}

const COLUMNS: &str = "run_id, kind, state, body, error, created_at, started_at, ended_at";
const ACTIVE: &str = "state IN ('queued', 'running', 'braked')";

fn run_from(row: &AnyRow) -> Result<Run, Error> {
    Ok(Run {
        id: row.try_get("run_id")?,
        kind: from_word(row.try_get("kind")?)?,
        state: from_word(row.try_get("state")?)?,
        body: row.try_get("body")?,
        error: row.try_get("error")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
    })
}

/// Brings a run up to date; one that a person ended stays ended.
pub(crate) async fn put(tx: &mut Transaction<'_, Any>, shop: ShopId, run: &Run) -> Result<(), Error> {
    sqlx::query(
        "UPDATE runs SET state = $3, body = $4, error = $5, started_at = $6, ended_at = $7 \
         WHERE shop_id = $1 AND run_id = $2 AND state IN ('queued', 'running', 'braked')",
    )
    .bind(shop.0)
    .bind(run.id)
    .bind(run.state.word())
    .bind(run.body.clone())
    .bind(run.error.clone())
    .bind(run.started_at)
    .bind(run.ended_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The number of the run that is not over.
pub(crate) async fn active(tx: &mut Transaction<'_, Any>, shop: ShopId) -> Result<Option<i64>, Error> {
    let query = format!("SELECT run_id FROM runs WHERE shop_id = $1 AND {ACTIVE}");
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(shop.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

impl Store {
    /// Asks for a run and has the lane worked on; its number. A preview that is not over is cancelled when any other run is
    /// asked for: it changes nothing, so nothing waits for it.
    ///
    /// # Errors
    /// [`Error::RunActive`] when another is not over yet.
    pub async fn create_run(
        &self,
        shop: ShopId,
        kind: RunKind,
        body: &str,
        now: Millis,
    ) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        // The lane's row stands for the shop: two who ask at once are put in order.
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        if !kind.policy().only_states {
            sqlx::query(
                "UPDATE runs SET state = 'cancelled', error = 'superseded', ended_at = $2 \
                 WHERE shop_id = $1 AND kind = 'dry-run' AND state IN ('queued', 'running', 'braked')",
            )
            .bind(shop.0)
            .bind(now)
            .execute(&mut **tx)
            .await?;
        }
        if let Some(id) = active(&mut tx, shop).await? {
            return Err(Error::RunActive(id));
        }
        let row = sqlx::query(
            "INSERT INTO runs (shop_id, run_id, kind, state, body, created_at) \
             SELECT $1, COALESCE(MAX(run_id), 0) + 1, $2, 'queued', $3, $4 FROM runs WHERE shop_id = $1 RETURNING run_id",
        )
        .bind(shop.0)
        .bind(kind.word())
        .bind(body.to_owned())
        .bind(now)
        .fetch_one(&mut **tx)
        .await?;
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(row.try_get(0)?)
    }

    /// One run.
    pub async fn run(&self, shop: ShopId, id: i64) -> Result<Option<Run>, Error> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE shop_id = $1 AND run_id = $2");
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(id)
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(run_from).transpose()
    }

    /// The newest runs, newest first.
    pub async fn runs(&self, shop: ShopId, limit: i64) -> Result<Vec<Run>, Error> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE shop_id = $1 ORDER BY run_id DESC LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(run_from).collect()
    }

    /// The newest run of a kind.
    pub async fn newest_run(&self, shop: ShopId, kind: RunKind) -> Result<Option<Run>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM runs WHERE shop_id = $1 AND kind = $2 ORDER BY run_id DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(kind.word())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(run_from).transpose()
    }

    /// The run that is not over.
    pub async fn active_run(&self, shop: ShopId) -> Result<Option<Run>, Error> {
        let query =
            format!("SELECT {COLUMNS} FROM runs WHERE shop_id = $1 AND {ACTIVE} ORDER BY run_id LIMIT 1");
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(run_from).transpose()
    }

    /// The runs of all shops that are waiting or at work.
    pub async fn runs_under_way(&self) -> Result<Vec<(ShopId, Run)>, Error> {
        let query = format!("SELECT {COLUMNS}, shop_id FROM runs WHERE state IN ('queued', 'running')");
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| Ok((ShopId(row.try_get("shop_id")?), run_from(row)?)))
            .collect()
    }

    /// Ends or moves a run from outside its lane. What a run that does not end well held back is dropped.
    pub async fn set_run_state(
        &self,
        shop: ShopId,
        id: i64,
        state: RunState,
        error: Option<&str>,
        now: Millis,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        lanes::enter(&mut tx, self.dialect, shop).await?;
        sqlx::query(
            "UPDATE runs SET state = $3, error = $4, ended_at = $5 WHERE shop_id = $1 AND run_id = $2 \
             AND state IN ('queued', 'running', 'braked')",
        )
        .bind(shop.0)
        .bind(id)
        .bind(state.word())
        .bind(error.map(str::to_owned))
        .bind(state.is_over().then_some(now))
        .execute(&mut **tx)
        .await?;
        if state.is_over() && state != RunState::Done {
            sqlx::query("DELETE FROM dirty WHERE shop_id = $1 AND held_by = $2")
                .bind(shop.0)
                .bind(id)
                .execute(&mut **tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
