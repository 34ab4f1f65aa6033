//! Consents of the shop that something speaks against: listed, and acted upon when a person at the shop decides so.
//!
//! A decision is a dirty mark with a reason of its own, as a request to apply a refusal is (refusals.rs): it stays until the
//! version it was read in is dealt with, and the engine weighs it against what both sides say at that moment.
//!
//! Records that do not say what they consent to are counted here too.

use sqlx::{AssertSqlSafe, Row};
use sync_core::consent::{Doubt, Status};
use sync_core::{RecordKind, ShopId};

use crate::error::Error;
use crate::model::{AddrHash, Millis, Reason};
use crate::store::Store;

/// A doubt that a person can decide: the shop says that the contact consents, nobody has refused, and SARE does not mail
/// the person already. What was not said is not to be decided.
pub(crate) fn for_a_person() -> String {
    format!(
        "doubt IS NOT NULL AND doubt <> '{}' AND withdrawn = 0 AND refusal IS NULL \
         AND (sare_status IS NULL OR sare_status IN ({}, {}, {})) AND EXISTS (SELECT 1 FROM records \
         WHERE records.shop_id = contacts.shop_id AND records.hash = contacts.hash AND records.consent = 1)",
        Doubt::NotSaid.word(),
        Status::Absent.code(),
        Status::NotVerified.code(),
        Status::NotConfirmed.code(),
    )
}

/// Records of a kind that do not say what they consent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// How many.
    pub count: i64,
    /// The ids of some.
    pub examples: Vec<i64>,
}

impl Store {
    /// How many consents of the shop wait for a person's decision; those that have been decided and are not yet dealt with
    /// no longer do.
    pub async fn count_doubted(&self, shop: ShopId) -> Result<i64, Error> {
        let (hash, for_a_person) = (self.dialect.hex("contacts.hash"), for_a_person());
        let query = format!(
            "SELECT COUNT(*) FROM contacts WHERE shop_id = $1 AND address IS NOT NULL AND {for_a_person} \
             AND NOT EXISTS (SELECT 1 FROM dirty WHERE dirty.shop_id = contacts.shop_id \
             AND dirty.entry = 'a:' || {hash} AND dirty.reason = 'decide-doubt')"
        );
        Ok(sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?)
    }

    /// A person decides that the consents of these contacts, or of all that wait, count. How many are marked.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop; when the database cannot be used: then nothing was decided.
    pub async fn decide_doubts(
        &self,
        shop: ShopId,
        only: Option<&[AddrHash]>,
        now: Millis,
    ) -> Result<i64, Error> {
        self.mark_contacts(shop, only, &for_a_person(), Reason::DecideDoubt, now)
            .await
    }

    /// Records of a kind that said nothing of consent when they were last read; the ids of at most `examples`.
    pub async fn silent_records(
        &self,
        shop: ShopId,
        kind: RecordKind,
        examples: i64,
    ) -> Result<Silent, Error> {
        let query = "SELECT COUNT(*) FROM records WHERE shop_id = $1 AND kind = $2 AND silent <> 0";
        let count = sqlx::query(query)
            .bind(shop.0)
            .bind(kind.number())
            .fetch_one(&self.reads)
            .await?
            .try_get(0)?;
        let query =
            "SELECT id FROM records WHERE shop_id = $1 AND kind = $2 AND silent <> 0 ORDER BY id LIMIT $3";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(kind.number())
            .bind(examples)
            .fetch_all(&self.reads)
            .await?;
        Ok(Silent {
            count,
            examples: rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?,
        })
    }
}
