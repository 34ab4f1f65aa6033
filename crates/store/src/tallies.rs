//! Counts that are kept as contacts and records change, in the same transaction and under the lane's lock, so that
//! they are as right as what they count and cost a page a handful of rows. The end of a run counts anew: whatever a
//! process of another version did beside this one is put right within a day.

use std::collections::BTreeMap;

use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::consent::Status;
use sync_core::{RecordKind, ShopId};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::model::{AddrHash, Contact, Counts};

const MAILABLE: i64 = Status::Confirmed.code();
const CASTS: &[&str] = &["bigint", "text", "bigint"];

/// By how much the tallies of a shop change, by name.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<String, i64>);

/// A tally's name: outcome, whether mailable, whether refused.
fn of_contact(outcome: i64, status: Option<i64>, refused: bool) -> String {
    let (mailable, refused) = (i64::from(status == Some(MAILABLE)), i64::from(refused));
    format!("contacts {outcome} {mailable} {refused}")
}

impl Changes {
    fn by(&mut self, name: String, n: i64) {
        *self.0.entry(name).or_default() += n;
    }

    /// Takes off the contacts that are there under these hashes: they are about to be replaced, erased or removed.
    pub async fn without(
        &mut self,
        tx: &mut Transaction<'_, Any>,
        dialect: Dialect,
        shop: ShopId,
        hashes: &[AddrHash],
    ) -> Result<(), Error> {
        for part in dialect.pieces(hashes, 500) {
            let (one, list) = (dialect.value(1), dialect.list(part.len(), 1));
            let query = format!(
                "SELECT outcome, sare_status, refusal FROM contacts WHERE shop_id = {one} AND hash IN {list} \
                 AND address IS NOT NULL"
            );
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for hash in part {
                query = query.bind(hash.0.to_vec());
            }
            for row in query.fetch_all(&mut **tx).await? {
                let refused = row.try_get::<Option<i64>, _>("refusal")?.is_some();
                let name = of_contact(row.try_get("outcome")?, row.try_get("sare_status")?, refused);
                self.by(name, -1);
            }
        }
        Ok(())
    }

    /// Adds a contact as it is written.
    pub fn with(&mut self, contact: &Contact) {
        if contact.address.is_some() {
            let status = contact.sare.map(|seen| seen.status.code());
            let name = of_contact(contact.outcome as i64, status, contact.refusal.is_some());
            self.by(name, 1);
        }
    }

    /// Adds records of a kind, or takes them off.
    pub fn records(&mut self, kind: RecordKind, n: i64) {
        self.by(format!("records {}", kind.number()), n);
    }

    /// Writes what changed.
    pub async fn apply(
        self,
        tx: &mut Transaction<'_, Any>,
        dialect: Dialect,
        shop: ShopId,
    ) -> Result<(), Error> {
        let changed: Vec<(String, i64)> = self.0.into_iter().filter(|(_, n)| *n != 0).collect();
        for part in dialect.pieces(&changed, dialect.rows_a_statement(CASTS.len())) {
            let rows = dialect.rows(part.len(), CASTS);
            let query = format!(
                "INSERT INTO tallies (shop_id, name, value) VALUES {rows} \
                 ON CONFLICT (shop_id, name) DO UPDATE SET value = tallies.value + excluded.value"
            );
            let mut query = sqlx::query(AssertSqlSafe(query));
            for (name, n) in part {
                query = query.bind(shop.0).bind(name.as_str()).bind(*n);
            }
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }
}

/// Counts anew.
pub(crate) async fn recount(tx: &mut Transaction<'_, Any>, shop: ShopId) -> Result<(), Error> {
    let contacts = format!(
        "INSERT INTO tallies (shop_id, name, value) SELECT shop_id, 'contacts ' || outcome || ' ' \
         || CASE WHEN sare_status = {MAILABLE} THEN 1 ELSE 0 END || ' ' || CASE WHEN refusal IS NULL THEN 0 ELSE 1 END, \
         COUNT(*) FROM contacts WHERE shop_id = $1 AND address IS NOT NULL GROUP BY 1, 2"
    );
    for query in [
        "DELETE FROM tallies WHERE shop_id = $1",
        contacts.as_str(),
        "INSERT INTO tallies (shop_id, name, value) SELECT shop_id, 'records ' || kind, COUNT(*) FROM records \
         WHERE shop_id = $1 GROUP BY 1, 2",
    ] {
        sqlx::query(AssertSqlSafe(query.to_owned()))
            .bind(shop.0)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Adds one tally to the counts it belongs to.
pub(crate) fn read(counts: &mut Counts, name: &str, n: i64) -> Result<(), Error> {
    let mut parts = name.split(' ');
    let of = parts.next();
    let numbers: Vec<i64> = parts.filter_map(|part| part.parse().ok()).collect();
    match (of, numbers.as_slice()) {
        (Some("contacts"), [outcome, mailable, refused]) => {
            counts.contacts += n;
            *counts.by_outcome.entry(*outcome).or_default() += n;
            counts.mailable += n * mailable;
            counts.refused += n * refused;
        }
        (Some("records"), [kind]) => match RecordKind::from_number(*kind) {
            Some(RecordKind::Customer) => counts.customers += n,
            Some(RecordKind::Subscriber) => counts.subscribers += n,
            None => {}
        },
        _ => return Err(Error::Damaged("a tally counts nothing known".to_owned())),
    }
    Ok(())
}
