//! Refusals made in SARE of people who consent in the shop: listed, and carried into the shop when a person asks.
//!
//! A request to apply one is a dirty mark with a reason of its own. Contacts are written wholly by the engine, which
//! would overwrite a request noted there while it works; a mark stays until the version it was read in is dealt with.

use sqlx::{AssertSqlSafe, Row};
use sync_core::{RecordKind, ShopId};

use crate::contact_row::hash_of;
use crate::error::Error;
use crate::lanes;
use crate::model::{AddrHash, DirtyKey, DirtyMark, Millis, Priority, Reason};
use crate::store::Store;

impl Store {
    /// How many refuse in SARE and consent in the shop.
    pub async fn count_disputed(&self, shop: ShopId) -> Result<i64, Error> {
        let query =
            "SELECT COUNT(*) FROM contacts WHERE shop_id = $1 AND refusal IS NOT NULL AND consent = 1";
        Ok(sqlx::query(query)
            .bind(shop.0)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// Asks for the refusals of these contacts, or of all, to be carried into the shop: those of subscribers, which
    /// alone can be switched off there (a customer's own consent cannot be written). How many.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used: then nothing was asked for.
    pub async fn apply_refusals(
        &self,
        shop: ShopId,
        only: Option<&[AddrHash]>,
        now: Millis,
    ) -> Result<i64, Error> {
        let condition = format!(
            "refusal IS NOT NULL AND consent = 1 AND EXISTS (SELECT 1 FROM records \
             WHERE records.shop_id = contacts.shop_id AND records.hash = contacts.hash AND records.kind = {} \
             AND records.consent = 1)",
            RecordKind::Subscriber.number(),
        );
        self.mark_contacts(shop, only, &condition, Reason::ApplyRefusal, now)
            .await
    }

    /// Marks, on a person's word, those of these contacts, or of all, that meet a condition. How many.
    pub(crate) async fn mark_contacts(
        &self,
        shop: ShopId,
        only: Option<&[AddrHash]>,
        condition: &str,
        reason: Reason,
        now: Millis,
    ) -> Result<i64, Error> {
        let mut tx = self.begin().await?;
        if !lanes::enter(&mut tx, self.dialect, shop).await? {
            return Err(Error::NoSuchShop);
        }
        let chosen = match only {
            Some([]) => return Ok(0),
            Some(only) => format!(" AND hash IN {}", self.dialect.list(only.len(), 1)),
            None => String::new(),
        };
        let query = format!(
            "SELECT hash FROM contacts WHERE shop_id = {} AND address IS NOT NULL AND {condition}{chosen}",
            self.dialect.value(1),
        );
        let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
        for hash in only.unwrap_or_default() {
            query = query.bind(hash.0.to_vec());
        }
        let mut marks = Vec::new();
        for row in query.fetch_all(&mut **tx).await? {
            let hash: Vec<u8> = row.try_get(0)?;
            marks.push(DirtyMark {
                key: DirtyKey::Address(hash_of(&hash)?),
                due_at: now,
                // Those asked for one by one are waited for; all of them keep no live change waiting.
                priority: if only.is_some() {
                    Priority::Live
                } else {
                    Priority::Bulk
                },
                reason,
                held_by: None,
            });
        }
        crate::dirty::mark(&mut tx, self.dialect, shop, &marks, now).await?;
        lanes::wake(&mut tx, shop, now, now).await?;
        tx.commit().await?;
        Ok(i64::try_from(marks.len()).unwrap_or(i64::MAX))
    }
}
