//! Contacts, the records behind them, and their history.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::consent::{RefusalOrigin, Status};
use sync_core::{HistoryKind, RecordCounts, RecordKey, RecordKind, ShopId};

use crate::contact_row::{columns, hash_of};
use crate::error::Error;
use crate::lanes;
use crate::model::{AddrHash, Contact, Counts, HistoryEntry, Lease, Millis, Outcome, Record};
use crate::store::Store;
use crate::tallies::{self, Changes};
use crate::tidy;

/// Which contacts a walk through a shop meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactFilter {
    /// All with an address.
    All,
    /// Not yet counted by this run.
    Unsettled(i64),
    /// Thought to be in SARE.
    InSare,
    /// Found newly refused by the poll.
    PollFound,
    /// With a refusal known.
    Refused,
    /// With a refusal known while the shop says that they consent.
    Disputed,
    /// With a consent in the shop that is not acted upon until a person decides.
    Doubted,
}

/// In which order a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOrder {
    /// The newest change first.
    Newest,
    /// The oldest change first.
    Oldest,
}

impl ListOrder {
    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Newest => Self::Oldest,
            Self::Oldest => Self::Newest,
        }
    }
}

/// Where a contact stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPlace {
    /// Its last change.
    pub at: Millis,
    /// Which of those of the same moment.
    pub hash: AddrHash,
}

impl ListPlace {
    /// Where the contact stands.
    pub fn of(contact: &Contact) -> Self {
        Self {
            at: contact.updated_at,
            hash: contact.hash,
        }
    }
}

impl ContactFilter {
    fn condition(self) -> String {
        match self {
            Self::All => "TRUE".to_owned(),
            Self::Unsettled(run) => format!("(run_id IS NULL OR run_id <> {run})"),
            Self::InSare => format!("sare_status <> {}", Status::Absent.code()),
            Self::PollFound => "poll_found = 1".to_owned(),
            Self::Refused => "refusal IS NOT NULL".to_owned(),
            Self::Disputed => "refusal IS NOT NULL AND consent = 1".to_owned(),
            Self::Doubted => crate::doubts::for_a_person(),
        }
    }
}

impl Store {
    /// One contact.
    pub async fn contact(&self, shop: ShopId, hash: AddrHash) -> Result<Option<Contact>, Error> {
        Ok(self.contacts(shop, &[hash]).await?.remove(&hash))
    }

    /// Contacts by hash; those not there are left out.
    pub async fn contacts(
        &self,
        shop: ShopId,
        hashes: &[AddrHash],
    ) -> Result<HashMap<AddrHash, Contact>, Error> {
        let mut found = HashMap::with_capacity(hashes.len());
        for part in self.dialect.pieces(hashes, 500) {
            let list = self.dialect.list(part.len(), 1);
            let (columns, shop_value) = (columns(), self.dialect.value(1));
            let query =
                format!("SELECT {columns} FROM contacts WHERE shop_id = {shop_value} AND hash IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&self.reads).await? {
                let contact = self.contact_from(shop, &row)?;
                found.insert(contact.hash, contact);
            }
        }
        Ok(found)
    }

    /// The next `limit` contacts after `after`, by hash. Erased ones are left out.
    pub async fn contacts_after(
        &self,
        shop: ShopId,
        after: Option<AddrHash>,
        limit: i64,
        filter: ContactFilter,
    ) -> Result<Vec<Contact>, Error> {
        let (columns, condition) = (columns(), filter.condition());
        let query = format!(
            "SELECT {columns} FROM contacts WHERE shop_id = $1 AND hash > $2 AND address IS NOT NULL AND {condition} \
             ORDER BY hash LIMIT $3"
        );
        let after = after.map(|hash| hash.0.to_vec()).unwrap_or_default();
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| self.contact_from(shop, row)).collect()
    }

    /// The next `limit` contacts of an outcome in the order of their last change, from the first or from behind a place.
    /// Erased ones are left out.
    pub async fn contacts_of_outcome(
        &self,
        shop: ShopId,
        outcome: Outcome,
        order: ListOrder,
        behind: Option<ListPlace>,
        limit: i64,
    ) -> Result<Vec<Contact>, Error> {
        let columns = columns();
        let (compare, direction, first) = match order {
            ListOrder::Newest => ("<", "DESC", Millis::MAX),
            ListOrder::Oldest => (">", "ASC", Millis::MIN),
        };
        let query = format!(
            "SELECT {columns} FROM contacts WHERE shop_id = $1 AND outcome = $2 AND (updated_at, hash) {compare} ($3, $4) \
             AND address IS NOT NULL ORDER BY updated_at {direction}, hash {direction} LIMIT $5"
        );
        let (at, hash) = behind.map_or((first, Vec::new()), |place| (place.at, place.hash.0.to_vec()));
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(outcome as i64)
            .bind(at)
            .bind(hash)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| self.contact_from(shop, row)).collect()
    }

    /// How many contacts the present poll found newly refused.
    pub async fn count_poll_found(&self, shop: ShopId) -> Result<i64, Error> {
        let query =
            "SELECT COUNT(*) FROM contacts WHERE shop_id = $1 AND poll_found = 1 AND address IS NOT NULL";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// Records by key; those not there are left out.
    pub async fn records(
        &self,
        shop: ShopId,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Record>, Error> {
        let mut found = HashMap::with_capacity(keys.len());
        for &kind in RecordKind::ALL {
            let ids: Vec<i64> = keys
                .iter()
                .filter(|key| key.kind == kind)
                .map(|key| key.id)
                .collect();
            for part in self.dialect.pieces(&ids, 500) {
                let list = self.dialect.list(part.len(), 2);
                let (one, two) = (self.dialect.value(1), self.dialect.value(2));
                let query = format!(
                    "SELECT {RECORD} FROM records WHERE shop_id = {one} AND kind = {two} AND id IN {list}"
                );
                let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0).bind(kind.number());
                for id in part {
                    query = query.bind(*id);
                }
                for row in query.fetch_all(&self.reads).await? {
                    let record = record_from(&row)?;
                    found.insert(record.key, record);
                }
            }
        }
        Ok(found)
    }

    /// All records of these contacts.
    pub async fn records_of(&self, shop: ShopId, hashes: &[AddrHash]) -> Result<Vec<Record>, Error> {
        let mut found = Vec::with_capacity(hashes.len());
        for part in self.dialect.pieces(hashes, 500) {
            let list = self.dialect.list(part.len(), 1);
            let shop_value = self.dialect.value(1);
            let query =
                format!("SELECT {RECORD} FROM records WHERE shop_id = {shop_value} AND hash IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(record_from(&row)?);
            }
        }
        Ok(found)
    }

    /// Records of a kind that the run has not seen, by id after `after`.
    pub async fn unseen_records(
        &self,
        shop: ShopId,
        kind: RecordKind,
        run: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>, Error> {
        let query = format!(
            "SELECT {RECORD} FROM records WHERE shop_id = $1 AND kind = $2 AND id > $3 \
             AND (run_id IS NULL OR run_id <> $4) ORDER BY id LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(kind.number())
            .bind(after)
            .bind(run)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(record_from).collect()
    }

    /// The greatest id of a kind.
    pub async fn max_record_id(&self, shop: ShopId, kind: RecordKind) -> Result<Option<i64>, Error> {
        let query = "SELECT MAX(id) FROM records WHERE shop_id = $1 AND kind = $2";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .bind(kind.number())
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// How many records of a kind there are, and how many of them consent.
    pub async fn record_counts(&self, shop: ShopId, kind: RecordKind) -> Result<RecordCounts, Error> {
        let query = "SELECT COUNT(*) AS counted, CAST(COALESCE(SUM(consent), 0) AS BIGINT) AS consenting FROM records WHERE shop_id = $1 AND kind = $2";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(kind.number())
            .fetch_one(&self.reads)
            .await?;
        Ok(RecordCounts {
            all: row.try_get("counted")?,
            consenting: row.try_get("consenting")?,
        })
    }

    /// How a shop's contacts stand.
    pub async fn counts(&self, shop: ShopId) -> Result<Counts, Error> {
        let mut counts = Counts {
            by_outcome: BTreeMap::new(),
            ..Counts::default()
        };
        let tallies = sqlx::query("SELECT name, value FROM tallies WHERE shop_id = $1")
            .bind(shop.0)
            .fetch_all(&self.reads);
        let waiting = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM dirty WHERE shop_id = $1 AND held_by IS NULL) AS waiting, \
             (SELECT COUNT(*) FROM problems WHERE shop_id = $1 AND set_aside_at = 0) AS troubled",
        )
        .bind(shop.0)
        .fetch_one(&self.reads);
        let (tallies, waiting) = tokio::try_join!(tallies, waiting)?;
        counts.dirty = waiting.try_get("waiting")?;
        counts.problems = waiting.try_get("troubled")?;
        for row in tallies {
            let name: String = row.try_get("name")?;
            tallies::read(&mut counts, &name, row.try_get("value")?)?;
        }
        counts.by_outcome.retain(|_, number| *number != 0);
        Ok(counts)
    }

    /// A contact's history, newest first.
    pub async fn history(
        &self,
        shop: ShopId,
        hash: AddrHash,
        limit: i64,
    ) -> Result<Vec<HistoryEntry>, Error> {
        let query = "SELECT hash, at, kind, detail FROM history WHERE shop_id = $1 AND hash = $2 ORDER BY seq DESC LIMIT $3";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(hash.0.to_vec())
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(line_from).collect()
    }

    /// The histories of these contacts, each the newest line first.
    pub async fn histories(
        &self,
        shop: ShopId,
        hashes: &[AddrHash],
    ) -> Result<HashMap<AddrHash, Vec<HistoryEntry>>, Error> {
        let mut found: HashMap<AddrHash, Vec<HistoryEntry>> = HashMap::new();
        for part in self.dialect.pieces(hashes, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!(
                "SELECT hash, at, kind, detail FROM history WHERE shop_id = {one} AND hash IN {list} ORDER BY hash DESC, seq DESC"
            );
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&self.reads).await? {
                let line = line_from(&row)?;
                found.entry(line.hash).or_default().push(line);
            }
        }
        Ok(found)
    }

    /// The newest lines of all of a shop's history, newest first.
    pub async fn latest_history(&self, shop: ShopId, limit: i64) -> Result<Vec<HistoryEntry>, Error> {
        let query =
            "SELECT hash, at, kind, detail FROM history WHERE shop_id = $1 ORDER BY seq DESC LIMIT $2";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(limit)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(line_from).collect()
    }

    /// Forgets a person: address, what was sent and history go. The keyed hash stays with a refusal, so that nobody is
    /// brought back by accident. So do the numbers of the shop's records, with what they said of consent: a record met
    /// as if for the first time could be taken for a new opt-in. Whoever works on the lane at this moment writes nothing
    /// more of the person from what was read before. False when the contact is not known.
    pub async fn erase_contact(&self, shop: ShopId, hash: AddrHash, now: Millis) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Ok(false);
        }
        let mut changes = Changes::default();
        changes.without(&mut tx, self.dialect, shop, &[hash]).await?;
        changes.apply(&mut tx, self.dialect, shop).await?;
        for query in [
            "DELETE FROM history WHERE shop_id = $1 AND hash = $2",
            "DELETE FROM unsubscribes WHERE shop_id = $1 AND hash = $2",
            "DELETE FROM problems WHERE shop_id = $1 AND hash = $2",
            "UPDATE records SET extra = NULL WHERE shop_id = $1 AND hash = $2",
        ] {
            sqlx::query(query)
                .bind(shop.0)
                .bind(hash.0.to_vec())
                .execute(&mut **tx)
                .await?;
        }
        let query = format!(
            "UPDATE contacts SET address = NULL, sent = NULL, sent_at = NULL, our_groups = '', intent = NULL, consent = 0, \
             doubt = NULL, beginning = NULL, domain = NULL, \
             withdrawn = 1, refusal = COALESCE(refusal, {}), refused_at = COALESCE(refused_at, $3), \
             refusal_origin = COALESCE(refusal_origin, '{}'), refusal_applied = 1, outcome = {}, poll_found = 0, \
             updated_at = $3, erased_fence = (SELECT fence FROM lanes WHERE shop_id = $1) \
             WHERE shop_id = $1 AND hash = $2",
            Status::RemovalRequested.code(),
            RefusalOrigin::Shop.word(),
            Outcome::Suppressed as i64,
        );
        let done = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(hash.0.to_vec())
            .bind(now)
            .execute(&mut **tx)
            .await?;
        tidy::wanted(&mut tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Who was erased while this lease was held.
pub(crate) async fn erased_under(
    tx: &mut Transaction<'_, Any>,
    lease: &Lease,
) -> Result<HashSet<AddrHash>, Error> {
    let query = "SELECT hash FROM contacts WHERE shop_id = $1 AND erased_fence = $2";
    let rows = sqlx::query(query)
        .bind(lease.shop.0)
        .bind(lease.fence)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| hash_of(row.try_get::<Vec<u8>, _>(0)?.as_slice()))
        .collect()
}

fn line_from(row: &AnyRow) -> Result<HistoryEntry, Error> {
    let hash: Vec<u8> = row.try_get("hash")?;
    Ok(HistoryEntry {
        hash: hash_of(&hash)?,
        at: row.try_get("at")?,
        kind: HistoryKind::of(row.try_get("kind")?),
        detail: row.try_get("detail")?,
    })
}

pub(crate) const RECORD: &str = "kind, id, hash, consent, extra, run_id, seen_at, silent";

/// `records.silent`: the shop said what the record consents to when it was last read; it did not, and `consent` is what
/// it had said before; it never did.
const SAID: i64 = 0;
const SILENT: i64 = 1;
const NEVER_SAID: i64 = 2;

/// A record's word, as it is kept.
pub(crate) fn silent_number(record: &Record) -> i64 {
    match (record.consent, record.silent) {
        (None, _) => NEVER_SAID,
        (Some(_), true) => SILENT,
        (Some(_), false) => SAID,
    }
}

fn record_from(row: &AnyRow) -> Result<Record, Error> {
    let kind = RecordKind::from_number(row.try_get("kind")?);
    let kind = kind.ok_or_else(|| Error::Damaged("a record is of no kind".to_owned()))?;
    let hash: Vec<u8> = row.try_get("hash")?;
    let silent: i64 = row.try_get("silent")?;
    Ok(Record {
        key: RecordKey {
            kind,
            id: row.try_get("id")?,
        },
        hash: hash_of(&hash)?,
        consent: (silent != NEVER_SAID)
            .then(|| row.try_get::<i64, _>("consent").map(|n| n != 0))
            .transpose()?,
        silent: silent != SAID,
        extra: row.try_get("extra")?,
        run_id: row.try_get("run_id")?,
        seen_at: row.try_get("seen_at")?,
    })
}
