//! Unsubscribes in both directions: what happened, when the other side knew, and how a later opt-in ended.
//!
//! Written by the commit from the lines of history it brings, in the same transaction, so that the list can be neither
//! ahead of the ledger nor behind it. A line says that something was done; where nothing had to be done (SARE mailed
//! the person no more already, or the shop had nobody to switch off) no line comes, and the contact itself, written
//! with the matter settled, says so.

use std::collections::HashSet;

use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::ShopId;

use crate::contacts::hash_of;
use crate::error::Error;
use crate::model::{AddrHash, Contact, HistoryEntry, Millis, Outcome};
use crate::store::Store;

/// SARE's status that is mailed, and those that are refusals (sare-api.md section 6).
const MAILABLE: i64 = 8;
const REFUSALS: [i64; 3] = [2, 3, 4];

/// One unsubscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Its place in the list of its direction, rising with time.
    pub seq: i64,
    /// Whose.
    pub hash: AddrHash,
    /// When we learnt of it.
    pub at: Millis,
    /// What happened, as the history's kinds say it: `withdrawn-in-shop` or `refusal-followed` in the shop;
    /// `refused-in-sare`, `vanished-from-sare`, `already-refused` or `applied` in SARE.
    pub cause: String,
    /// What made us look, as a dirty mark's reason says it.
    pub found_by: Option<String>,
    /// SARE's status then.
    pub status: Option<i64>,
    /// How the other side learnt of it: `told`, `nothing` (it had nothing to change), `kept` (it cannot or shall not be
    /// changed there); `None` while it has yet to learn.
    pub told: Option<String>,
    /// When that was.
    pub told_at: Option<Millis>,
    /// What came after: `opted-in` (a new consent in the shop that changed nothing yet), `asked-again`, `reactivated`,
    /// `resubscribed` (in SARE).
    pub ended: Option<String>,
    /// When that was.
    pub ended_at: Option<Millis>,
}

/// Which way an unsubscribe goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Made in the shop, for SARE to know.
    ToSare,
    /// Made in SARE, for the shop to know.
    ToShop,
}

impl Direction {
    fn number(self) -> i64 {
        i64::from(self == Self::ToShop)
    }
}

/// Which rows are looked at: all, or those of which the other side has yet to learn.
#[derive(Clone, Copy)]
enum Rows {
    All,
    Open,
}

/// What may have come after an unsubscribe before.
const NONE: &str = "ended IS NULL";
const OPT_IN: &str = "ended = 'opted-in'";
const NONE_OR_OPT_IN: &str = "(ended IS NULL OR ended = 'opted-in')";

/// A shop's list being written to.
struct List<'t, 'c> {
    tx: &'t mut Transaction<'c, Any>,
    store: &'t Store,
    shop: ShopId,
}

/// Follows what a commit writes: lines of history and contacts.
pub(crate) async fn follow(
    store: &Store,
    tx: &mut Transaction<'_, Any>,
    shop: ShopId,
    lines: &[&HistoryEntry],
    contacts: &[&Contact],
    now: Millis,
) -> Result<(), Error> {
    let mut list = List { tx, store, shop };
    let mut begun: HashSet<AddrHash> = HashSet::new();
    let added: Vec<AddrHash> = lines
        .iter()
        .filter(|line| line.kind == "added")
        .map(|line| line.hash)
        .collect();
    let listed = list.among(Rows::All, &added).await?;
    for line in lines.iter().copied() {
        let detail = Detail::of(line);
        match line.kind.as_str() {
            "withdrawn-in-shop" | "refusal-followed" => {
                begun.insert(line.hash);
                let told = match detail.status {
                    _ if line.kind == "refusal-followed" => None,
                    Some(5 | 6 | MAILABLE) | None => None,
                    Some(n) if n == 0 || REFUSALS.contains(&n) => Some("nothing"),
                    Some(_) => Some("kept"),
                };
                list.begin(Direction::ToSare, line, &detail, told).await?;
            }
            "refused-in-sare" | "vanished-from-sare" => {
                begun.insert(line.hash);
                // Who was taken out of SARE as a whole said nothing of the shop's newsletter.
                let told = (line.kind == "vanished-from-sare").then_some("kept");
                list.begin(Direction::ToShop, line, &detail, told).await?;
            }
            "unsubscribed-in-sare" => list.told(Direction::ToSare, line).await?,
            "switched-off-in-shop" => list.switched_off(line, &detail).await?,
            "opted-in-in-shop" => {
                let refused = contacts
                    .iter()
                    .any(|c| c.hash == line.hash && c.refusal.is_some());
                let known = !list.among(Rows::All, &[line.hash]).await?.is_empty();
                list.ended(line, "opted-in", NONE).await?;
                if refused && !known {
                    let refusal = HistoryEntry {
                        kind: "already-refused".to_owned(),
                        ..line.clone()
                    };
                    list.begin(Direction::ToShop, &refusal, &detail, Some("kept"))
                        .await?;
                    list.ended(line, "opted-in", NONE).await?;
                }
            }
            "asked-again" => {
                list.ended(line, "asked-again", NONE_OR_OPT_IN).await?;
            }
            "confirmed-in-sare" => {
                list.ended(line, "reactivated", NONE_OR_OPT_IN).await?;
            }
            "resubscribed-in-sare" => {
                let before = "(ended IS NULL OR ended IN ('opted-in', 'asked-again'))";
                list.ended(line, "resubscribed", before).await?;
            }
            "added" if listed.contains(&line.hash) => match detail.status {
                // The refusal came along to a new address, which now refuses in SARE too.
                Some(n) if REFUSALS.contains(&n) => list.told(Direction::ToSare, line).await?,
                Some(MAILABLE) => list.ended(line, "reactivated", OPT_IN).await?,
                _ => list.ended(line, "asked-again", OPT_IN).await?,
            },
            _ => {}
        }
    }
    let settled: Vec<&Contact> = contacts
        .iter()
        .copied()
        .filter(|c| !begun.contains(&c.hash) && (is_settled_in_sare(c) || is_settled_in_shop(c)))
        .collect();
    list.settle(&settled, now).await
}

/// SARE has nothing left to be told of a withdrawal: no change of the status is under way, and it does not mail.
fn is_settled_in_sare(c: &Contact) -> bool {
    (c.withdrawn || c.refusal.is_some())
        && c.intent.is_none()
        && c.sare_status != Some(MAILABLE)
        && !matches!(c.outcome, Outcome::Unknown | Outcome::Failed)
}

/// The shop was told of a refusal as far as it can be.
fn is_settled_in_shop(c: &Contact) -> bool {
    c.refusal.is_some() && c.refusal_applied
}

/// What a line of history says beside its kind.
#[derive(Default)]
struct Detail {
    status: Option<i64>,
    by: Option<String>,
}

impl Detail {
    fn of(line: &HistoryEntry) -> Self {
        let Some(value) = line
            .detail
            .as_deref()
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
        else {
            return Self::default();
        };
        Self {
            status: value["status"].as_i64(),
            by: value["by"].as_str().map(str::to_owned),
        }
    }
}

impl List<'_, '_> {
    async fn begin(
        &mut self,
        direction: Direction,
        line: &HistoryEntry,
        detail: &Detail,
        told: Option<&str>,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO unsubscribes (shop_id, to_shop, seq, hash, at, cause, found_by, status, told, told_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(self.shop.0)
        .bind(direction.number())
        .bind(self.store.next_line(line.at))
        .bind(line.hash.0.to_vec())
        .bind(line.at)
        .bind(line.kind.clone())
        .bind(detail.by.clone())
        .bind(detail.status)
        .bind(told.map(str::to_owned))
        .bind(told.map(|_| line.at))
        .execute(&mut **self.tx)
        .await?;
        Ok(())
    }

    /// The other side was told: of all that were open, and of the newest, which may have seemed to need nothing.
    async fn told(&mut self, direction: Direction, line: &HistoryEntry) -> Result<(), Error> {
        sqlx::query(
            "UPDATE unsubscribes SET told = 'told', told_at = $4 WHERE shop_id = $1 AND hash = $2 AND to_shop = $3 \
             AND ended IS NULL AND (told IS NULL OR (told = 'nothing' AND seq = (SELECT MAX(seq) FROM unsubscribes \
             WHERE shop_id = $1 AND hash = $2 AND to_shop = $3)))",
        )
        .bind(self.shop.0)
        .bind(line.hash.0.to_vec())
        .bind(direction.number())
        .bind(line.at)
        .execute(&mut **self.tx)
        .await?;
        Ok(())
    }

    /// The shop was told of what was open, or the newest was told of already. A refusal that was there when the contact
    /// was first seen comes into the list now, as a person had it applied.
    async fn switched_off(&mut self, line: &HistoryEntry, detail: &Detail) -> Result<(), Error> {
        let query = "SELECT 1 FROM unsubscribes WHERE shop_id = $1 AND hash = $2 AND to_shop = 1 AND ended IS NULL \
             AND (told IS NULL OR told <> 'kept')";
        let known = sqlx::query(query)
            .bind(self.shop.0)
            .bind(line.hash.0.to_vec())
            .fetch_optional(&mut **self.tx)
            .await?
            .is_some();
        if known {
            return self.told(Direction::ToShop, line).await;
        }
        let applied = HistoryEntry {
            kind: "applied".to_owned(),
            ..line.clone()
        };
        self.begin(Direction::ToShop, &applied, detail, Some("told"))
            .await
    }

    /// What came after the contact's newest unsubscribe, where what came before fits `condition`.
    async fn ended(
        &mut self,
        line: &HistoryEntry,
        ended: &str,
        condition: &'static str,
    ) -> Result<(), Error> {
        let query = format!(
            "UPDATE unsubscribes SET ended = $3, ended_at = $4 WHERE shop_id = $1 AND hash = $2 AND {condition} \
             AND seq = (SELECT MAX(seq) FROM unsubscribes WHERE shop_id = $1 AND hash = $2)"
        );
        sqlx::query(AssertSqlSafe(query))
            .bind(self.shop.0)
            .bind(line.hash.0.to_vec())
            .bind(ended.to_owned())
            .bind(line.at)
            .execute(&mut **self.tx)
            .await?;
        Ok(())
    }

    /// Closes what needed no act.
    async fn settle(&mut self, contacts: &[&Contact], now: Millis) -> Result<(), Error> {
        let hashes: Vec<AddrHash> = contacts.iter().map(|c| c.hash).collect();
        let open = self.among(Rows::Open, &hashes).await?;
        for contact in contacts.iter().filter(|c| open.contains(&c.hash)) {
            let in_shop = match contact.consent {
                // Only a customer can withdraw a customer's own consent.
                Some(true) => "kept",
                _ => "nothing",
            };
            for (direction, is_settled, told) in [
                (Direction::ToSare, is_settled_in_sare(contact), "nothing"),
                (Direction::ToShop, is_settled_in_shop(contact), in_shop),
            ] {
                if !is_settled {
                    continue;
                }
                sqlx::query(
                    "UPDATE unsubscribes SET told = $4, told_at = $5 WHERE shop_id = $1 AND hash = $2 AND to_shop = $3 \
                     AND told_at IS NULL",
                )
                .bind(self.shop.0)
                .bind(contact.hash.0.to_vec())
                .bind(direction.number())
                .bind(told.to_owned())
                .bind(now)
                .execute(&mut **self.tx)
                .await?;
            }
        }
        Ok(())
    }

    /// Those of `hashes` that have such rows.
    async fn among(&mut self, rows: Rows, hashes: &[AddrHash]) -> Result<HashSet<AddrHash>, Error> {
        let dialect = self.store.dialect;
        let open = match rows {
            Rows::All => "",
            Rows::Open => " AND told_at IS NULL",
        };
        let mut found = HashSet::new();
        for part in self.store.dialect.pieces(hashes, 500) {
            let (one, hashes) = (dialect.value(1), dialect.list(part.len(), 1));
            let query = format!(
                "SELECT DISTINCT hash FROM unsubscribes WHERE shop_id = {one} AND hash IN {hashes}{open}"
            );
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(self.shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&mut **self.tx).await? {
                let hash: Vec<u8> = row.try_get(0)?;
                found.insert(hash_of(&hash)?);
            }
        }
        Ok(found)
    }
}

const COLUMNS: &str = "seq, hash, at, cause, found_by, status, told, told_at, ended, ended_at";

fn unsubscribe_from(row: &AnyRow) -> Result<Unsubscribe, Error> {
    let hash: Vec<u8> = row.try_get(1)?;
    Ok(Unsubscribe {
        seq: row.try_get(0)?,
        hash: hash_of(&hash)?,
        at: row.try_get(2)?,
        cause: row.try_get(3)?,
        found_by: row.try_get(4)?,
        status: row.try_get(5)?,
        told: row.try_get(6)?,
        told_at: row.try_get(7)?,
        ended: row.try_get(8)?,
        ended_at: row.try_get(9)?,
    })
}

impl Store {
    /// Unsubscribes of a direction, newest first, older than the one of place `before`, not older than `since`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn unsubscribes(
        &self,
        shop: ShopId,
        direction: Direction,
        before: Option<i64>,
        since: Millis,
        limit: i64,
    ) -> Result<Vec<Unsubscribe>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM unsubscribes WHERE shop_id = $1 AND to_shop = $2 AND seq < $3 AND seq >= $4 \
             ORDER BY seq DESC LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(direction.number())
            .bind(before.unwrap_or(i64::MAX))
            .bind(since.saturating_mul(1_000))
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(unsubscribe_from).collect()
    }

    /// A contact's newest unsubscribe of a direction.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn newest_unsubscribe(
        &self,
        shop: ShopId,
        hash: AddrHash,
        direction: Direction,
    ) -> Result<Option<Unsubscribe>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM unsubscribes WHERE shop_id = $1 AND hash = $2 AND to_shop = $3 ORDER BY seq DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(hash.0.to_vec())
            .bind(direction.number())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(unsubscribe_from).transpose()
    }

    /// How many unsubscribes of a direction there were since `since`.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn count_unsubscribes(
        &self,
        shop: ShopId,
        direction: Direction,
        since: Millis,
    ) -> Result<i64, Error> {
        let query = "SELECT COUNT(*) FROM unsubscribes WHERE shop_id = $1 AND to_shop = $2 AND seq >= $3";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .bind(direction.number())
            .bind(since.saturating_mul(1_000))
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }
}
