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
use sync_core::consent::Status;
use sync_core::{Ended, HistoryKind, ShopId, Told, UnsubscribeCause};

use crate::contact_row::hash_of;
use crate::error::Error;
use crate::model::{AddrHash, Contact, HistoryEntry, Millis, Outcome, Reason};
use crate::store::Store;

/// One unsubscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Its place in the list of its direction, rising with time.
    pub seq: i64,
    /// Whose.
    pub hash: AddrHash,
    /// When we learnt of it.
    pub at: Millis,
    /// What happened.
    pub cause: UnsubscribeCause,
    /// What made us look.
    pub found_by: Option<Reason>,
    /// SARE's status then.
    pub status: Option<Status>,
    /// How the other side learnt of it; `None` while it has yet to learn.
    pub told: Option<Told>,
    /// When that was.
    pub told_at: Option<Millis>,
    /// What came after.
    pub ended: Option<Ended>,
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

    /// Where it was made tells which way it goes.
    fn of(cause: UnsubscribeCause) -> Self {
        match cause {
            UnsubscribeCause::WithdrawnInShop | UnsubscribeCause::RefusalFollowed => Self::ToSare,
            UnsubscribeCause::RefusedInSare
            | UnsubscribeCause::VanishedFromSare
            | UnsubscribeCause::AlreadyRefused
            | UnsubscribeCause::Applied
            | UnsubscribeCause::Other => Self::ToShop,
        }
    }
}

/// Which rows are looked at: all, or those of which the other side has yet to learn.
#[derive(Clone, Copy)]
enum Rows {
    All,
    Open,
}

/// What may have come after an unsubscribe before.
type Before = &'static [Option<Ended>];
const NONE: Before = &[None];
const OPT_IN: Before = &[Some(Ended::OptedIn)];
const NONE_OR_OPT_IN: Before = &[None, Some(Ended::OptedIn)];
const NONE_OR_ASKED: Before = &[None, Some(Ended::OptedIn), Some(Ended::AskedAgain)];

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
        .filter(|line| line.kind == HistoryKind::Added)
        .map(|line| line.hash)
        .collect();
    let listed = list.among(Rows::All, &added).await?;
    for line in lines.iter().copied() {
        let detail = Detail::of(line);
        match &line.kind {
            HistoryKind::WithdrawnInShop => {
                begun.insert(line.hash);
                let told = match detail.status {
                    None => None,
                    Some(status) if status.is_open() => None,
                    Some(status) if status == Status::Absent || status.is_refusal() => Some(Told::Nothing),
                    Some(_) => Some(Told::Kept),
                };
                list.begin(line, UnsubscribeCause::WithdrawnInShop, &detail, told)
                    .await?;
            }
            HistoryKind::RefusalFollowed => {
                begun.insert(line.hash);
                list.begin(line, UnsubscribeCause::RefusalFollowed, &detail, None)
                    .await?;
            }
            HistoryKind::RefusedInSare => {
                begun.insert(line.hash);
                list.begin(line, UnsubscribeCause::RefusedInSare, &detail, None)
                    .await?;
            }
            HistoryKind::VanishedFromSare => {
                begun.insert(line.hash);
                // Who was taken out of SARE as a whole said nothing of the shop's newsletter.
                list.begin(
                    line,
                    UnsubscribeCause::VanishedFromSare,
                    &detail,
                    Some(Told::Kept),
                )
                .await?;
            }
            HistoryKind::UnsubscribedInSare => list.told(Direction::ToSare, line).await?,
            HistoryKind::SwitchedOffInShop => list.switched_off(line, &detail).await?,
            HistoryKind::OptedInInShop => {
                let refused = contacts
                    .iter()
                    .any(|c| c.hash == line.hash && c.refusal.is_some());
                let known = !list.among(Rows::All, &[line.hash]).await?.is_empty();
                list.ended(line, Ended::OptedIn, NONE).await?;
                if refused && !known {
                    list.begin(line, UnsubscribeCause::AlreadyRefused, &detail, Some(Told::Kept))
                        .await?;
                    list.ended(line, Ended::OptedIn, NONE).await?;
                }
            }
            HistoryKind::AskedAgain => {
                list.ended(line, Ended::AskedAgain, NONE_OR_OPT_IN).await?;
            }
            HistoryKind::ConfirmedInSare => {
                list.ended(line, Ended::Reactivated, NONE_OR_OPT_IN).await?;
            }
            HistoryKind::ResubscribedInSare => {
                list.ended(line, Ended::Resubscribed, NONE_OR_ASKED).await?;
            }
            HistoryKind::Added if listed.contains(&line.hash) => match detail.status {
                // The refusal came along to a new address, which now refuses in SARE too.
                Some(status) if status.is_refusal() => list.told(Direction::ToSare, line).await?,
                Some(Status::Confirmed) => list.ended(line, Ended::Reactivated, OPT_IN).await?,
                _ => list.ended(line, Ended::AskedAgain, OPT_IN).await?,
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
    c.refuses()
        && c.intent.is_none()
        && c.sare_status() != Some(Status::Confirmed)
        && !matches!(c.outcome, Outcome::Unknown | Outcome::Failed)
}

/// The shop was told of a refusal as far as it can be.
fn is_settled_in_shop(c: &Contact) -> bool {
    c.refusal.is_some_and(|refused| refused.applied)
}

/// What a line of history says beside its kind.
#[derive(Default)]
struct Detail {
    status: Option<Status>,
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
            status: value["status"].as_i64().map(Status::from),
            by: value["by"].as_str().map(str::to_owned),
        }
    }
}

impl List<'_, '_> {
    async fn begin(
        &mut self,
        line: &HistoryEntry,
        cause: UnsubscribeCause,
        detail: &Detail,
        told: Option<Told>,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO unsubscribes (shop_id, to_shop, seq, hash, at, cause, found_by, status, told, told_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(self.shop.0)
        .bind(Direction::of(cause).number())
        .bind(self.store.next_line(line.at))
        .bind(line.hash.0.to_vec())
        .bind(line.at)
        .bind(cause.word())
        .bind(detail.by.clone())
        .bind(detail.status.map(Status::code))
        .bind(told.map(Told::word))
        .bind(told.map(|_| line.at))
        .execute(&mut **self.tx)
        .await?;
        Ok(())
    }

    /// The other side was told: of all that were open, and of the newest, which may have seemed to need nothing. `+ 0` has
    /// SQLite look the newest up by contact: by direction it would walk through those of everybody.
    async fn told(&mut self, direction: Direction, line: &HistoryEntry) -> Result<(), Error> {
        sqlx::query(
            "UPDATE unsubscribes SET told = $5, told_at = $4 WHERE shop_id = $1 AND hash = $2 AND to_shop = $3 \
             AND ended IS NULL AND (told IS NULL OR (told = $6 AND seq = (SELECT MAX(seq) FROM unsubscribes \
             WHERE shop_id = $1 AND hash = $2 AND to_shop + 0 = $3)))",
        )
        .bind(self.shop.0)
        .bind(line.hash.0.to_vec())
        .bind(direction.number())
        .bind(line.at)
        .bind(Told::Told.word())
        .bind(Told::Nothing.word())
        .execute(&mut **self.tx)
        .await?;
        Ok(())
    }

    /// The shop was told of what was open, or the newest was told of already. A refusal that was there when the contact
    /// was first seen comes into the list now, as a person had it applied.
    async fn switched_off(&mut self, line: &HistoryEntry, detail: &Detail) -> Result<(), Error> {
        let query = "SELECT 1 FROM unsubscribes WHERE shop_id = $1 AND hash = $2 AND to_shop = 1 AND ended IS NULL \
             AND (told IS NULL OR told <> $3)";
        let known = sqlx::query(query)
            .bind(self.shop.0)
            .bind(line.hash.0.to_vec())
            .bind(Told::Kept.word())
            .fetch_optional(&mut **self.tx)
            .await?
            .is_some();
        if known {
            return self.told(Direction::ToShop, line).await;
        }
        self.begin(line, UnsubscribeCause::Applied, detail, Some(Told::Told))
            .await
    }

    /// What came after the contact's newest unsubscribe, where what came after it before is among `before`.
    async fn ended(&mut self, line: &HistoryEntry, ended: Ended, before: Before) -> Result<(), Error> {
        let before: Vec<String> = before
            .iter()
            .map(|ended| format!("'{}'", ended.map_or("", Ended::word)))
            .collect();
        let query = format!(
            "UPDATE unsubscribes SET ended = $3, ended_at = $4 WHERE shop_id = $1 AND hash = $2 \
             AND COALESCE(ended, '') IN ({}) \
             AND seq = (SELECT MAX(seq) FROM unsubscribes WHERE shop_id = $1 AND hash = $2)",
            before.join(", ")
        );
        sqlx::query(AssertSqlSafe(query))
            .bind(self.shop.0)
            .bind(line.hash.0.to_vec())
            .bind(ended.word())
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
                Some(true) => Told::Kept,
                _ => Told::Nothing,
            };
            for (direction, is_settled, told) in [
                (Direction::ToSare, is_settled_in_sare(contact), Told::Nothing),
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
                .bind(told.word())
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
    let hash: Vec<u8> = row.try_get("hash")?;
    let word = |column| row.try_get::<Option<String>, _>(column);
    // What another version of the program wrote is told as far as it can be.
    let cause = word("cause")?.and_then(|word| UnsubscribeCause::from_word(&word));
    Ok(Unsubscribe {
        seq: row.try_get("seq")?,
        hash: hash_of(&hash)?,
        at: row.try_get("at")?,
        cause: cause.unwrap_or(UnsubscribeCause::Other),
        found_by: word("found_by")?.and_then(|word| Reason::from_word(&word)),
        status: row.try_get::<Option<i64>, _>("status")?.map(Status::from),
        told: word("told")?.map(|word| Told::from_word(&word).unwrap_or(Told::Kept)),
        told_at: row.try_get("told_at")?,
        ended: word("ended")?.map(|word| Ended::from_word(&word).unwrap_or(Ended::Other)),
        ended_at: row.try_get("ended_at")?,
    })
}

impl Store {
    /// Unsubscribes of a direction, newest first, older than the one of place `before`, not older than `since`.
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
