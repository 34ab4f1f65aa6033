//! One piece of work in one transaction, under the fence.

use std::collections::BTreeMap;

use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::{HistoryKind, RecordKey, RecordKind, ShopId};

use crate::contact_row::{self, ADDRESS, SealedContact};
use crate::contacts;
use crate::contacts::{RECORD, silent_number};
use crate::dirty;
use crate::error::Error;
use crate::model::{
    AddrHash, Commit, Contact, DirtyKey, DirtyMark, HistoryEntry, Lease, Millis, Priority, Problem, Reason,
    Record, RunState,
};
use crate::places;
use crate::problems;
use crate::runs;
use crate::store::Store;
use crate::tallies::{self, Changes};
use crate::unsubscribes;

/// Lines kept of a contact's history.
const LINES: i64 = 50;
const DAY: i64 = 86_400_000;

const PROBLEM_CASTS: &[&str] = &[
    "bigint", "text", "text", "bytea", "bytea", "bigint", "bigint", "bigint", "bigint",
];
const HISTORY_CASTS: &[&str] = &["bigint", "bytea", "bigint", "bigint", "text", "text"];
const RECORD_CASTS: &[&str] = &[
    "bigint", "bigint", "bigint", "bytea", "bigint", "text", "bigint", "bigint", "bigint",
];
impl Store {
    /// Writes `commit` if the lease is still ours, and renews it for its whole length; false, and nothing written, when
    /// another worker has claimed the lane or it was let go. A lease that ran out and that nobody took is still ours.
    ///
    /// What is done is taken away before marks are made, so that a mark of the same entry stays.
    ///
    /// # Errors
    /// When the database cannot be used: then nothing was written.
    pub async fn commit(&self, lease: &Lease, now: Millis, commit: &Commit) -> Result<bool, Error> {
        let shop = lease.shop;
        // Encryption needs no database: it is over before the turn at the writer comes.
        let sealed = match self.sealed(shop, &commit.contacts) {
            // Who takes a shop away takes its lane too.
            Err(Error::NoSuchShop) => return Ok(false),
            sealed => sealed?,
        };
        let _turn = self.lanes_turn(lease.woken).await;
        let mut tx = self.begin().await?;
        if !renewed(&mut tx, lease, now, commit.lane_state.as_deref()).await? {
            return Ok(false);
        }
        // Of people erased meanwhile nothing is written that was read before; what was seen of them is looked at again.
        let erased = contacts::erased_under(&mut tx, lease).await?;
        let is_kept = |hash: &AddrHash| !erased.contains(hash);
        let kept: Vec<_> = sealed
            .into_iter()
            .filter(|sealed| is_kept(&sealed.contact.hash))
            .collect();
        let mut changes = Changes::default();
        self.put_contacts(&mut tx, shop, &kept, &mut changes).await?;
        let (records, unseen): (Vec<&Record>, Vec<&Record>) =
            commit.records.iter().partition(|record| is_kept(&record.hash));
        self.put_records(&mut tx, shop, &records, &mut changes).await?;
        self.drop_gone(&mut tx, shop, &commit.gone, &mut changes).await?;
        let forget: Vec<AddrHash> = commit.forget.iter().copied().filter(is_kept).collect();
        self.forget(&mut tx, shop, &forget, &mut changes).await?;
        changes.apply(&mut tx, self.dialect, shop).await?;
        places::put(&mut tx, self.dialect, shop, &commit.places).await?;
        if let Some(pass) = commit.stale_places {
            places::drop_before(&mut tx, shop, pass).await?;
        }
        dirty::done(&mut tx, self.dialect, shop, &commit.done).await?;
        if let Some(run) = &commit.run {
            runs::put(&mut tx, shop, run).await?;
            if run.state == RunState::Done {
                tallies::recount(&mut tx, shop).await?;
            }
        }
        let mut marks = holdable(&mut tx, shop, &commit.marks).await?;
        marks.extend(unseen.iter().map(|record| DirtyMark {
            key: DirtyKey::Record(record.key),
            due_at: now,
            priority: Priority::Live,
            reason: Reason::Verify,
            held_by: None,
        }));
        dirty::mark(&mut tx, self.dialect, shop, &marks, now).await?;
        let history: Vec<_> = commit.history.iter().filter(|line| is_kept(&line.hash)).collect();
        self.put_history(&mut tx, shop, &history).await?;
        let contacts: Vec<&Contact> = kept.iter().map(|sealed| sealed.contact).collect();
        unsubscribes::follow(self, &mut tx, shop, &history, &contacts, now).await?;
        let problems: Vec<_> = commit
            .problems
            .iter()
            .filter(|problem| problem.hash.as_ref().is_none_or(is_kept))
            .collect();
        self.put_problems(&mut tx, shop, &problems).await?;
        self.drop_resolved(&mut tx, shop, &commit.resolved).await?;
        for (name, by) in &commit.meters {
            raise(&mut tx, shop, name, *by, now).await?;
        }
        for (name, by) in metered(&history) {
            raise(&mut tx, shop, name, by, now).await?;
        }
        if let Some(at) = commit.success_at {
            sqlx::query("UPDATE shops SET last_success_at = $2 WHERE shop_id = $1")
                .bind(shop.0)
                .bind(at)
                .execute(&mut **tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Contacts with their addresses encrypted. The last word on a contact counts; one statement may not touch a row
    /// twice.
    pub(crate) fn sealed<'c>(
        &self,
        shop: ShopId,
        contacts: &'c [Contact],
    ) -> Result<Vec<SealedContact<'c>>, Error> {
        let unique: BTreeMap<AddrHash, &Contact> =
            contacts.iter().map(|contact| (contact.hash, contact)).collect();
        let seal = |contact: &'c Contact| {
            let text = contact.address.as_deref();
            let sealed = text.map(|text| self.seal(shop, ADDRESS, &contact.hash.0, text));
            Ok(SealedContact {
                contact,
                address: sealed.transpose()?,
                search: text.map(|text| self.search_keys(shop, text)),
            })
        };
        unique.into_values().map(seal).collect()
    }

    pub(crate) async fn put_contacts(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        contacts: &[SealedContact<'_>],
        changes: &mut Changes,
    ) -> Result<(), Error> {
        let hashes: Vec<AddrHash> = contacts.iter().map(|sealed| sealed.contact.hash).collect();
        changes.without(tx, self.dialect, shop, &hashes).await?;
        for sealed in contacts {
            changes.with(sealed.contact);
        }
        let (columns, casts, set) = (
            contact_row::columns(),
            contact_row::casts(),
            contact_row::excluded(),
        );
        for part in self
            .dialect
            .pieces(contacts, self.dialect.rows_a_statement(casts.len()))
        {
            let rows = self.dialect.rows(part.len(), &casts);
            let query = format!(
                "INSERT INTO contacts (shop_id, {columns}) VALUES {rows} ON CONFLICT (shop_id, hash) DO UPDATE SET {set}"
            );
            let mut query = sqlx::query(AssertSqlSafe(query));
            for sealed in part {
                query = contact_row::bind(query, shop, sealed);
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    async fn put_records(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        records: &[&Record],
        changes: &mut Changes,
    ) -> Result<(), Error> {
        let unique: BTreeMap<_, &Record> = records.iter().map(|record| (record.key, *record)).collect();
        let unique: Vec<&Record> = unique.into_values().collect();
        for &kind in RecordKind::ALL {
            let ids: Vec<i64> = unique
                .iter()
                .filter(|record| record.key.kind == kind)
                .map(|record| record.key.id)
                .collect();
            let all = i64::try_from(ids.len()).unwrap_or(i64::MAX);
            changes.records(kind, all - self.known_records(tx, shop, kind, &ids).await?);
        }
        for part in self
            .dialect
            .pieces(&unique, self.dialect.rows_a_statement(RECORD_CASTS.len()))
        {
            let rows = self.dialect.rows(part.len(), RECORD_CASTS);
            let query = format!(
                "INSERT INTO records (shop_id, {RECORD}) VALUES {rows} ON CONFLICT (shop_id, kind, id) DO UPDATE SET \
                 hash = excluded.hash, consent = excluded.consent, extra = excluded.extra, run_id = excluded.run_id, \
                 seen_at = excluded.seen_at, silent = excluded.silent"
            );
            let mut query = sqlx::query(AssertSqlSafe(query));
            for r in part {
                query = query
                    .bind(shop.0)
                    .bind(r.key.kind.number())
                    .bind(r.key.id)
                    .bind(r.hash.0.as_slice())
                    .bind(i64::from(r.consent == Some(true)))
                    .bind(r.extra.as_deref())
                    .bind(r.run_id)
                    .bind(r.seen_at)
                    .bind(silent_number(r));
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// How many of these records are there already.
    async fn known_records(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        kind: RecordKind,
        ids: &[i64],
    ) -> Result<i64, Error> {
        let mut known = 0;
        for part in self.dialect.pieces(ids, 500) {
            let list = self.dialect.list(part.len(), 2);
            let (one, two) = (self.dialect.value(1), self.dialect.value(2));
            let query = format!(
                "SELECT COUNT(*) FROM records WHERE shop_id = {one} AND kind = {two} AND id IN {list}"
            );
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0).bind(kind.number());
            for id in part {
                query = query.bind(*id);
            }
            known += query.fetch_one(&mut **tx).await?.try_get::<i64, _>(0)?;
        }
        Ok(known)
    }

    async fn put_history(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        lines: &[&HistoryEntry],
    ) -> Result<(), Error> {
        for part in self
            .dialect
            .pieces(lines, self.dialect.rows_a_statement(HISTORY_CASTS.len()))
        {
            let rows = self.dialect.rows(part.len(), HISTORY_CASTS);
            let query = format!(
                "INSERT INTO history (shop_id, hash, seq, at, kind, detail) VALUES {rows} ON CONFLICT DO NOTHING"
            );
            let mut query = sqlx::query(AssertSqlSafe(query));
            for line in part {
                query = query
                    .bind(shop.0)
                    .bind(line.hash.0.as_slice())
                    .bind(self.next_line(line.at))
                    .bind(line.at)
                    .bind(line.kind.word())
                    .bind(line.detail.as_deref());
            }
            query.execute(&mut **tx).await?;
            self.cap_history(tx, shop, part).await?;
        }
        Ok(())
    }

    async fn cap_history(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        lines: &[&HistoryEntry],
    ) -> Result<(), Error> {
        let list = self.dialect.list(lines.len(), 1);
        let one = self.dialect.value(1);
        let query = format!(
            "SELECT hash FROM history WHERE shop_id = {one} AND hash IN {list} GROUP BY hash HAVING COUNT(*) > {LINES}"
        );
        let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
        for line in lines {
            query = query.bind(line.hash.0.to_vec());
        }
        for row in query.fetch_all(&mut **tx).await? {
            let hash: Vec<u8> = row.try_get(0)?;
            sqlx::query(
                "DELETE FROM history WHERE shop_id = $1 AND hash = $2 AND seq <= (SELECT seq FROM history \
                 WHERE shop_id = $1 AND hash = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3)",
            )
            .bind(shop.0)
            .bind(hash)
            .bind(LINES)
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    pub(crate) async fn put_problems(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        problems: &[&Problem],
    ) -> Result<(), Error> {
        let unique: BTreeMap<&str, &Problem> = problems
            .iter()
            .map(|problem| (problem.key.as_str(), *problem))
            .collect();
        let unique: Vec<&Problem> = unique.into_values().collect();
        for part in self
            .dialect
            .pieces(&unique, self.dialect.rows_a_statement(PROBLEM_CASTS.len()))
        {
            let rows = self.dialect.rows(part.len(), PROBLEM_CASTS);
            let query = format!(
                "INSERT INTO problems (shop_id, entry, kind, hash, detail, is_final, first_at, last_at, times) \
                 VALUES {rows} ON CONFLICT (shop_id, entry) DO UPDATE SET kind = excluded.kind, \
                 detail = excluded.detail, is_final = excluded.is_final, hash = excluded.hash, \
                 last_at = excluded.last_at, times = problems.times + 1"
            );
            let mut query = sqlx::query(AssertSqlSafe(query));
            for p in part {
                let detail = p
                    .detail
                    .as_deref()
                    .map(|text| self.seal(shop, problems::DETAIL, p.key.as_bytes(), text))
                    .transpose()?;
                query = query
                    .bind(shop.0)
                    .bind(p.key.as_str())
                    .bind(p.kind.word())
                    .bind(p.hash.map(|hash| hash.0.to_vec()))
                    .bind(detail)
                    .bind(i64::from(p.is_final))
                    .bind(p.first_at)
                    .bind(p.last_at)
                    .bind(p.times);
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    async fn drop_gone(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        keys: &[RecordKey],
        changes: &mut Changes,
    ) -> Result<(), Error> {
        for &kind in RecordKind::ALL {
            let ids: Vec<i64> = keys
                .iter()
                .filter(|key| key.kind == kind)
                .map(|key| key.id)
                .collect();
            for part in self.dialect.pieces(&ids, 500) {
                let list = self.dialect.list(part.len(), 2);
                let (one, two) = (self.dialect.value(1), self.dialect.value(2));
                let query =
                    format!("DELETE FROM records WHERE shop_id = {one} AND kind = {two} AND id IN {list}");
                let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0).bind(kind.number());
                for id in part {
                    query = query.bind(*id);
                }
                let done = query.execute(&mut **tx).await?;
                changes.records(kind, -i64::try_from(done.rows_affected()).unwrap_or(0));
            }
        }
        Ok(())
    }

    async fn forget(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        hashes: &[AddrHash],
        changes: &mut Changes,
    ) -> Result<(), Error> {
        changes.without(tx, self.dialect, shop, hashes).await?;
        for part in self.dialect.pieces(hashes, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            for table in ["contacts", "history", "unsubscribes"] {
                let query = format!("DELETE FROM {table} WHERE shop_id = {one} AND hash IN {list}");
                let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
                for hash in part {
                    query = query.bind(hash.0.to_vec());
                }
                query.execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    async fn drop_resolved(
        &self,
        tx: &mut Transaction<'_, Any>,
        shop: ShopId,
        keys: &[String],
    ) -> Result<(), Error> {
        for part in self.dialect.pieces(keys, 500) {
            let list = self.dialect.list(part.len(), 1);
            let one = self.dialect.value(1);
            let query = format!("DELETE FROM problems WHERE shop_id = {one} AND entry IN {list}");
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for key in part {
                query = query.bind(key.clone());
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }
}

/// Proves the fence, locks the lane, renews the lease and keeps the lane's state, in one statement.
pub(crate) async fn renewed(
    tx: &mut Transaction<'_, Any>,
    lease: &Lease,
    now: Millis,
    state: Option<&str>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE lanes SET state = COALESCE($3, state), leased_until = $4, next_at = $4, \
         latest_at = CASE WHEN latest_at > $5 THEN latest_at ELSE $5 END \
         WHERE shop_id = $1 AND fence = $2 AND leased_until > 0",
    )
    .bind(lease.shop.0)
    .bind(lease.fence)
    .bind(state)
    .bind(now + lease.length)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a run that is over would hold back would be held for ever: it is left out.
async fn holdable(
    tx: &mut Transaction<'_, Any>,
    shop: ShopId,
    marks: &[DirtyMark],
) -> Result<Vec<DirtyMark>, Error> {
    let mut marks = marks.to_vec();
    if marks.iter().any(|mark| mark.held_by.is_some()) {
        let active = runs::active(tx, shop).await?;
        marks.retain(|mark| mark.held_by.is_none() || mark.held_by == active);
    }
    Ok(marks)
}

/// Kinds of history whose number a day is told in the panel.
static METERED: [HistoryKind; 4] = [
    HistoryKind::Added,
    HistoryKind::Updated,
    HistoryKind::UnsubscribedInSare,
    HistoryKind::RefusedInSare,
];

/// How many lines there are of each metered kind.
fn metered<'a>(lines: &'a [&'a HistoryEntry]) -> impl Iterator<Item = (&'static str, i64)> + 'a {
    METERED.iter().filter_map(|kind| {
        let many = lines.iter().filter(|line| line.kind == *kind).count();
        (many > 0).then(|| (kind.word(), i64::try_from(many).unwrap_or(i64::MAX)))
    })
}

async fn raise(
    tx: &mut Transaction<'_, Any>,
    shop: ShopId,
    name: &str,
    by: i64,
    now: Millis,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO meters (shop_id, day, name, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (shop_id, day, name) DO UPDATE SET value = meters.value + excluded.value",
    )
    .bind(shop.0)
    .bind(now.div_euclid(DAY))
    .bind(name.to_owned())
    .bind(by)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
