//! What needs attention.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use sync_core::{ProblemKind, ShopId};

use crate::contact_row::hash_of;
use crate::dirty::OLDEST_WAITING;
use crate::error::Error;
use crate::lanes;
use crate::model::{AddrHash, DirtyKey, DirtyMark, Millis, Outcome, Priority, Problem, Reason};
use crate::store::Store;

/// More contacts than this tried again at once keep no live change waiting.
const A_FEW: usize = 200;

/// Problems of the SARE account for which new contacts wait ([`Reason::Waits`]).
const OF_ACCOUNT: [ProblemKind; 3] = [
    ProblemKind::SareFull,
    ProblemKind::SareGroupGone,
    ProblemKind::SarePropertyGone,
];

/// Open problems of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup {
    pub kind: ProblemKind,
    /// How many.
    pub count: i64,
    /// Since when the oldest is there.
    pub since: Millis,
    /// A person decided to live with all of them: none has come since.
    pub is_aside: bool,
}

/// Which problems are tried again.
#[derive(Debug, Clone, Copy)]
enum Which<'a> {
    All,
    Key(&'a str),
    Kind(ProblemKind),
}

pub(crate) const DETAIL: &str = "problems.detail";
const COLUMNS: &str = "entry, kind, hash, detail, is_final, first_at, last_at, times";

impl Store {
    /// Notes a problem; one known already is brought up to date. Of a removed shop nothing is noted.
    pub async fn note_problem(&self, shop: ShopId, problem: &Problem) -> Result<(), Error> {
        let _turn = self.lanes_turn(false).await;
        let mut tx = self.begin().await?;
        if lanes::enter(&mut tx, self.dialect, shop).await? {
            self.put_problems(&mut tx, shop, &[problem]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A problem is over.
    pub async fn resolve_problem(&self, shop: ShopId, key: &str) -> Result<(), Error> {
        let query = "SELECT 1 FROM problems WHERE shop_id = $1 AND entry = $2";
        if sqlx::query(query)
            .bind(shop.0)
            .bind(key.to_owned())
            .fetch_optional(&self.reads)
            .await?
            .is_none()
        {
            return Ok(());
        }
        let _turn = self.lanes_turn(false).await;
        sqlx::query("DELETE FROM problems WHERE shop_id = $1 AND entry = $2")
            .bind(shop.0)
            .bind(key.to_owned())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Open problems, newest first.
    pub async fn problems(&self, shop: ShopId, limit: i64, offset: i64) -> Result<Vec<Problem>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM problems WHERE shop_id = $1 ORDER BY last_at DESC, entry LIMIT $2 OFFSET $3"
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(limit)
            .bind(offset)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| self.problem_from(shop, row)).collect()
    }

    /// The kinds of which the shop has open problems that nobody has set aside. Costs a look at the index a kind, however many problems there are.
    pub async fn kinds_of_problems(&self, shop: ShopId) -> Result<Vec<ProblemKind>, Error> {
        let query = "WITH RECURSIVE found(kind) AS ( \
             SELECT MIN(kind) FROM problems WHERE shop_id = $1 AND set_aside_at = 0 \
             UNION ALL SELECT (SELECT MIN(kind) FROM problems WHERE shop_id = $1 AND kind > found.kind AND set_aside_at = 0) \
             FROM found WHERE found.kind IS NOT NULL) \
             SELECT kind FROM found WHERE kind IS NOT NULL";
        let rows = sqlx::query(query).bind(shop.0).fetch_all(&self.reads).await?;
        let kind = |row: &AnyRow| Ok(ProblemKind::of(row.try_get(0)?));
        rows.iter().map(kind).collect()
    }

    /// Open problems of these contacts, newest first.
    pub async fn problems_of(&self, shop: ShopId, hashes: &[AddrHash]) -> Result<Vec<Problem>, Error> {
        let mut found = Vec::new();
        for part in self.dialect.pieces(hashes, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!("SELECT {COLUMNS} FROM problems WHERE shop_id = {one} AND hash IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(self.problem_from(shop, &row)?);
            }
        }
        found.sort_by_key(|problem| std::cmp::Reverse(problem.last_at));
        Ok(found)
    }

    /// Open problems under these keys.
    pub async fn problems_by_key(&self, shop: ShopId, keys: &[DirtyKey]) -> Result<Vec<Problem>, Error> {
        let mut found = Vec::new();
        for part in self.dialect.pieces(keys, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!("SELECT {COLUMNS} FROM problems WHERE shop_id = {one} AND entry IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for key in part {
                query = query.bind(key.encode());
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(self.problem_from(shop, &row)?);
            }
        }
        Ok(found)
    }

    /// Open problems of one kind, the newest first, after the one of this time and key.
    pub async fn problems_of_kind(
        &self,
        shop: ShopId,
        kind: ProblemKind,
        after: Option<(Millis, &str)>,
        limit: i64,
    ) -> Result<Vec<Problem>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM problems WHERE shop_id = $1 AND kind = $2 AND (first_at, entry) < ($3, $4) \
             ORDER BY first_at DESC, entry DESC LIMIT $5"
        );
        let (first_at, entry) = after.unwrap_or((Millis::MAX, ""));
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(kind.word())
            .bind(first_at)
            .bind(entry.to_owned())
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| self.problem_from(shop, row)).collect()
    }

    /// Open problems by kind, the largest group first.
    pub async fn problem_groups(&self, shop: ShopId) -> Result<Vec<ProblemGroup>, Error> {
        let query = "SELECT kind, COUNT(*) AS found, MIN(first_at) AS since, \
             COUNT(CASE WHEN set_aside_at = 0 THEN 1 END) AS counted FROM problems WHERE shop_id = $1 GROUP BY kind \
             ORDER BY COUNT(*) DESC, kind";
        let rows = sqlx::query(query).bind(shop.0).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                Ok(ProblemGroup {
                    kind: ProblemKind::of(row.try_get("kind")?),
                    count: row.try_get("found")?,
                    since: row.try_get("since")?,
                    is_aside: row.try_get::<i64, _>("counted")? == 0,
                })
            })
            .collect()
    }

    fn problem_from(&self, shop: ShopId, row: &AnyRow) -> Result<Problem, Error> {
        let key: String = row.try_get("entry")?;
        let hash: Option<Vec<u8>> = row.try_get("hash")?;
        let detail: Option<Vec<u8>> = row.try_get("detail")?;
        Ok(Problem {
            detail: detail
                .map(|sealed| self.open_text(shop, DETAIL, key.as_bytes(), &sealed))
                .transpose()?,
            key,
            kind: ProblemKind::of(row.try_get("kind")?),
            hash: hash.as_deref().map(hash_of).transpose()?,
            is_final: row.try_get::<i64, _>("is_final")? != 0,
            first_at: row.try_get("first_at")?,
            last_at: row.try_get("last_at")?,
            times: row.try_get("times")?,
        })
    }

    /// Open problems of the shop as a whole, that is of no contact and no record, the oldest first.
    pub async fn shop_problems(&self, shop: ShopId, limit: i64) -> Result<Vec<Problem>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM problems WHERE shop_id = $1 AND entry LIKE 'shop:%' ORDER BY first_at, entry LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| self.problem_from(shop, row)).collect()
    }

    /// Open problems by kind.
    pub async fn problem_kinds(&self, shop: ShopId) -> Result<BTreeMap<ProblemKind, i64>, Error> {
        let query = "SELECT kind, COUNT(*) AS found FROM problems WHERE shop_id = $1 GROUP BY kind";
        let rows = sqlx::query(query).bind(shop.0).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| Ok((ProblemKind::of(row.try_get("kind")?), row.try_get("found")?)))
            .collect()
    }

    /// Sets the open problems of a kind aside, or brings them back where `at` is `None`. Those of the shop as a whole
    /// stay: nothing goes on while they are there. How many.
    pub async fn set_problems_aside(
        &self,
        shop: ShopId,
        kind: ProblemKind,
        at: Option<Millis>,
    ) -> Result<u64, Error> {
        let query = "UPDATE problems SET set_aside_at = $3 WHERE shop_id = $1 AND kind = $2 AND entry NOT LIKE 'shop:%'";
        let done = sqlx::query(query)
            .bind(shop.0)
            .bind(kind.word())
            .bind(at.unwrap_or(0))
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected())
    }

    /// Contacts that could not be sent and whose problems are all set aside.
    pub async fn count_failed_aside(&self, shop: ShopId) -> Result<i64, Error> {
        let query = "SELECT COUNT(*) FROM contacts WHERE shop_id = $1 AND outcome = $2 \
             AND hash IN (SELECT hash FROM problems WHERE shop_id = $1 AND hash IS NOT NULL AND set_aside_at > 0) \
             AND hash NOT IN (SELECT hash FROM problems WHERE shop_id = $1 AND hash IS NOT NULL AND set_aside_at = 0)";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(Outcome::Failed as i64)
            .fetch_one(&self.reads)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// How many shops have a problem of each of these kinds, which each shop has at most once.
    pub async fn shops_with_problems(
        &self,
        kinds: &[ProblemKind],
    ) -> Result<BTreeMap<ProblemKind, i64>, Error> {
        let list = self.dialect.list(kinds.len(), 0);
        let query = format!(
            "SELECT kind, COUNT(*) AS found FROM problems WHERE hash IS NULL AND kind IN {list} GROUP BY kind"
        );
        let mut query = sqlx::query(AssertSqlSafe(query));
        for kind in kinds {
            query = query.bind(kind.word());
        }
        let rows = query.fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| Ok((ProblemKind::of(row.try_get("kind")?), row.try_get("found")?)))
            .collect()
    }

    /// Marks contacts with problems to be tried again now: all, or the one of this key. What was last sent is forgotten,
    /// so that a contact that SARE refused is sent again though nothing changed. How many.
    pub async fn problem_retry(&self, shop: ShopId, key: Option<&str>, now: Millis) -> Result<i64, Error> {
        self.retry(shop, key.map_or(Which::All, Which::Key), now).await
    }

    /// The same for all problems of a kind.
    pub async fn problem_retry_kind(
        &self,
        shop: ShopId,
        kind: ProblemKind,
        now: Millis,
    ) -> Result<i64, Error> {
        self.retry(shop, Which::Kind(kind), now).await
    }

    async fn retry(&self, shop: ShopId, which: Which<'_>, now: Millis) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Ok(0);
        }
        let (condition, value) = match which {
            Which::All => ("$2 = ''", ""),
            Which::Key(key) => ("entry = $2", key),
            Which::Kind(kind) => ("kind = $2", kind.word()),
        };
        let query = format!("SELECT entry, kind FROM problems WHERE shop_id = $1 AND {condition}");
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(value.to_owned())
            .fetch_all(&mut **tx)
            .await?;
        let mut of_account = false;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let entry: String = row.try_get("entry")?;
            of_account |= OF_ACCOUNT.contains(&ProblemKind::of(row.try_get("kind")?));
            keys.extend(DirtyKey::decode(&entry));
        }
        let priority = if keys.len() > A_FEW {
            Priority::Bulk
        } else {
            Priority::Live
        };
        let marks: Vec<DirtyMark> = keys
            .into_iter()
            .map(|key| DirtyMark {
                key,
                due_at: now,
                priority,
                reason: Reason::Manual,
                held_by: None,
            })
            .collect();
        let query = format!(
            "UPDATE contacts SET sent = NULL WHERE shop_id = $1 AND hash IN \
             (SELECT hash FROM problems WHERE shop_id = $1 AND {condition} AND hash IS NOT NULL)"
        );
        sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(value.to_owned())
            .execute(&mut **tx)
            .await?;
        crate::dirty::mark(&mut tx, self.dialect, shop, &marks, now).await?;
        if of_account {
            // One of those who wait for the account shows whether it is mended.
            let query = format!(
                "UPDATE dirty SET due_at = $2, reason = 'manual', version = version + 1 \
                 WHERE shop_id = $1 AND reason = 'waits' AND held_by IS NULL{OLDEST_WAITING}"
            );
            sqlx::query(AssertSqlSafe(query))
                .bind(shop.0)
                .bind(now)
                .execute(&mut **tx)
                .await?;
        }
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(i64::try_from(marks.len()).unwrap_or(i64::MAX))
    }
}
