//! Contacts, the records behind them, and their history.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::consent::Doubt;
use sync_core::{RecordKey, RecordKind, ShopId};

use crate::dialect::Dialect;
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
    /// With this outcome.
    Outcome(Outcome),
    /// With a refusal known.
    Refused,
    /// With a refusal known while the shop says that they consent.
    Disputed,
    /// With a consent in the shop that is not acted upon until a person decides.
    Doubted,
}

impl ContactFilter {
    fn condition(self) -> String {
        match self {
            Self::All => "TRUE".to_owned(),
            Self::Unsettled(run) => format!("(run_id IS NULL OR run_id <> {run})"),
            Self::InSare => "sare_status <> 0".to_owned(),
            Self::PollFound => "poll_found = 1".to_owned(),
            // The index of rarer outcomes is used only where its own condition is said.
            Self::Outcome(outcome) if outcome as i64 > 1 => {
                format!("outcome = {} AND outcome > 1", outcome as i64)
            }
            Self::Outcome(outcome) => format!("outcome = {}", outcome as i64),
            Self::Refused => "refusal IS NOT NULL".to_owned(),
            Self::Disputed => "refusal IS NOT NULL AND consent = 1".to_owned(),
            Self::Doubted => crate::doubts::FOR_A_PERSON.to_owned(),
        }
    }
}

pub(crate) const COLUMNS: &str = "hash, address, sent, sent_at, our_groups, consent, withdrawn, sare_status, sare_seen_at, \
     refusal, refused_at, refusal_origin, refusal_applied, intent, outcome, run_id, poll_found, updated_at, doubt";
pub(crate) const CASTS: &[&str] = &[
    "bigint", "bytea", "bytea", "bytea", "bigint", "text", "bigint", "bigint", "bigint", "bigint", "bigint",
    "bigint", "text", "bigint", "text", "bigint", "bigint", "bigint", "bigint", "text",
];
pub(crate) const ADDRESS: &str = "contacts.address";

pub(crate) fn hash_of(bytes: &[u8]) -> Result<AddrHash, Error> {
    bytes
        .try_into()
        .map(AddrHash)
        .map_err(|_| Error::Damaged("a hash has another length".to_owned()))
}

pub(crate) fn groups_text(groups: &[i64]) -> String {
    groups.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

impl Store {
    fn contact_from(&self, shop: ShopId, row: &AnyRow) -> Result<Contact, Error> {
        let hash: Vec<u8> = row.try_get(0)?;
        let sealed: Option<Vec<u8>> = row.try_get(1)?;
        let groups: String = row.try_get(4)?;
        let flag = |index: usize| row.try_get::<i64, _>(index).map(|n| n != 0);
        Ok(Contact {
            address: sealed
                .map(|sealed| self.open_text(shop, ADDRESS, &hash, &sealed))
                .transpose()?,
            hash: hash_of(&hash)?,
            sent: row.try_get(2)?,
            sent_at: row.try_get(3)?,
            groups: groups.split(',').filter_map(|group| group.parse().ok()).collect(),
            consent: row.try_get::<Option<i64>, _>(5)?.map(|n| n != 0),
            withdrawn: flag(6)?,
            sare_status: row.try_get(7)?,
            sare_seen_at: row.try_get(8)?,
            refusal: row.try_get(9)?,
            refused_at: row.try_get(10)?,
            refusal_origin: row.try_get(11)?,
            refusal_applied: flag(12)?,
            intent: row.try_get(13)?,
            outcome: Outcome::from_number(row.try_get(14)?),
            run_id: row.try_get(15)?,
            poll_found: flag(16)?,
            updated_at: row.try_get(17)?,
            doubt: row
                .try_get::<Option<String>, _>(18)?
                .map(|word| Doubt::from_word(&word)),
        })
    }

    /// One contact.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn contact(&self, shop: ShopId, hash: AddrHash) -> Result<Option<Contact>, Error> {
        Ok(self.contacts(shop, &[hash]).await?.remove(&hash))
    }

    /// Contacts by hash; those not there are left out.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn contacts(
        &self,
        shop: ShopId,
        hashes: &[AddrHash],
    ) -> Result<HashMap<AddrHash, Contact>, Error> {
        let mut found = HashMap::with_capacity(hashes.len());
        for part in self.dialect.pieces(hashes, 500) {
            let list = self.dialect.list(part.len(), 1);
            let shop_value = self.dialect.value(1);
            let query =
                format!("SELECT {COLUMNS} FROM contacts WHERE shop_id = {shop_value} AND hash IN {list}");
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
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn contacts_after(
        &self,
        shop: ShopId,
        after: Option<AddrHash>,
        limit: i64,
        filter: ContactFilter,
    ) -> Result<Vec<Contact>, Error> {
        let condition = filter.condition();
        let query = format!(
            "SELECT {COLUMNS} FROM contacts WHERE shop_id = $1 AND hash > $2 AND address IS NOT NULL AND {condition} \
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

    /// How many contacts the present poll found newly refused.
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn records(
        &self,
        shop: ShopId,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Record>, Error> {
        let mut found = HashMap::with_capacity(keys.len());
        for kind in [RecordKind::Customer, RecordKind::Subscriber] {
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
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn record_counts(&self, shop: ShopId, kind: RecordKind) -> Result<(i64, i64), Error> {
        let query = "SELECT COUNT(*), CAST(COALESCE(SUM(consent), 0) AS BIGINT) FROM records WHERE shop_id = $1 AND kind = $2";
        let row = sqlx::query(query)
            .bind(shop.0)
            .bind(kind.number())
            .fetch_one(&self.reads)
            .await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// How a shop's contacts stand.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn counts(&self, shop: ShopId) -> Result<Counts, Error> {
        let mut counts = Counts {
            by_outcome: BTreeMap::new(),
            ..Counts::default()
        };
        let tallies = sqlx::query("SELECT name, value FROM tallies WHERE shop_id = $1")
            .bind(shop.0)
            .fetch_all(&self.reads);
        let waiting = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM dirty WHERE shop_id = $1 AND held_by IS NULL), \
             (SELECT COUNT(*) FROM problems WHERE shop_id = $1)",
        )
        .bind(shop.0)
        .fetch_one(&self.reads);
        let (tallies, waiting) = tokio::try_join!(tallies, waiting)?;
        counts.dirty = waiting.try_get(0)?;
        counts.problems = waiting.try_get(1)?;
        for row in tallies {
            let name: String = row.try_get(0)?;
            tallies::read(&mut counts, &name, row.try_get(1)?)?;
        }
        counts.by_outcome.retain(|_, number| *number != 0);
        Ok(counts)
    }

    /// A contact's history, newest first.
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn histories(
        &self,
        shop: ShopId,
        hashes: &[AddrHash],
    ) -> Result<HashMap<AddrHash, Vec<HistoryEntry>>, Error> {
        let mut found: HashMap<AddrHash, Vec<HistoryEntry>> = HashMap::new();
        for part in self.dialect.pieces(hashes, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!(
                "SELECT hash, at, kind, detail FROM history WHERE shop_id = {one} AND hash IN {list} ORDER BY seq DESC"
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
    ///
    /// # Errors
    /// When the database cannot be used.
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
    ///
    /// # Errors
    /// When the database cannot be used.
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
                .execute(&mut *tx)
                .await?;
        }
        let done = sqlx::query(
            "UPDATE contacts SET address = NULL, sent = NULL, sent_at = NULL, our_groups = '', intent = NULL, consent = 0, \
             doubt = NULL, \
             withdrawn = 1, refusal = COALESCE(refusal, 4), refused_at = COALESCE(refused_at, $3), \
             refusal_origin = COALESCE(refusal_origin, 'shop'), refusal_applied = 1, outcome = 2, poll_found = 0, \
             updated_at = $3, erased_fence = (SELECT fence FROM lanes WHERE shop_id = $1) \
             WHERE shop_id = $1 AND hash = $2",
        )
        .bind(shop.0)
        .bind(hash.0.to_vec())
        .bind(now)
        .execute(&mut *tx)
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
    let hash: Vec<u8> = row.try_get(0)?;
    Ok(HistoryEntry {
        hash: hash_of(&hash)?,
        at: row.try_get(1)?,
        kind: row.try_get(2)?,
        detail: row.try_get(3)?,
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
    let kind = RecordKind::from_number(row.try_get(0)?);
    let kind = kind.ok_or_else(|| Error::Damaged("a record is of no kind".to_owned()))?;
    let hash: Vec<u8> = row.try_get(2)?;
    let silent: i64 = row.try_get(7)?;
    Ok(Record {
        key: RecordKey {
            kind,
            id: row.try_get(1)?,
        },
        hash: hash_of(&hash)?,
        consent: (silent != NEVER_SAID)
            .then(|| row.try_get::<i64, _>(3).map(|n| n != 0))
            .transpose()?,
        silent: silent != SAID,
        extra: row.try_get(4)?,
        run_id: row.try_get(5)?,
        seen_at: row.try_get(6)?,
    })
}

/// Rows for one statement of a table with so many columns.
pub(crate) fn rows_a_statement(dialect: Dialect, columns: usize) -> usize {
    (dialect.most_values() / columns).clamp(1, 500)
}
