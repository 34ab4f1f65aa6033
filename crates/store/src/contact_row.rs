//! A contact as a row of `contacts`: its columns, how one is written and how it is read.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};
use sync_core::ShopId;
use sync_core::consent::{Doubt, Intent, RefusalOrigin, Status};

use crate::error::Error;
use crate::model::{AddrHash, Contact, Millis, Outcome, Refused, Seen};
use crate::store::Store;

/// The columns beside `shop_id` that a commit writes, in the order in which [`bind`] gives their values, each with its
/// type.
const COLUMNS: [(&str, &str); 21] = [
    ("hash", "bytea"),
    ("address", "bytea"),
    ("sent", "bytea"),
    ("sent_at", "bigint"),
    ("our_groups", "text"),
    ("consent", "bigint"),
    ("withdrawn", "bigint"),
    ("sare_status", "bigint"),
    ("sare_seen_at", "bigint"),
    ("refusal", "bigint"),
    ("refused_at", "bigint"),
    ("refusal_origin", "text"),
    ("refusal_applied", "bigint"),
    ("intent", "text"),
    ("outcome", "bigint"),
    ("run_id", "bigint"),
    ("poll_found", "bigint"),
    ("updated_at", "bigint"),
    ("doubt", "text"),
    ("beginning", "bigint"),
    ("domain", "bigint"),
];

/// What addresses are sealed for.
pub(crate) const ADDRESS: &str = "contacts.address";

/// The columns' names, for a statement.
pub(crate) fn columns() -> String {
    COLUMNS.map(|(name, _)| name).join(", ")
}

/// The types of `shop_id` and the columns.
pub(crate) fn casts() -> Vec<&'static str> {
    let own = COLUMNS.iter().map(|(_, cast)| *cast);
    std::iter::once("bigint").chain(own).collect()
}

/// Takes over, where there is such a row, everything but the key.
pub(crate) fn excluded() -> String {
    let set = |(name, _): &(&str, &str)| format!("{name} = excluded.{name}");
    COLUMNS[1..].iter().map(set).collect::<Vec<_>>().join(", ")
}

/// Keyed hashes by which an address is found; many addresses share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SearchKeys {
    /// Of its first characters.
    pub beginning: i64,
    /// Of its domain.
    pub domain: i64,
}

/// A contact with its address as it is kept.
pub(crate) struct SealedContact<'c> {
    pub contact: &'c Contact,
    /// The address, encrypted; `None` = erased.
    pub address: Option<Vec<u8>>,
    /// By what the address is found.
    pub search: Option<SearchKeys>,
}

/// Binds a contact's values.
pub(crate) fn bind<'q>(
    query: Query<'q, Any, AnyArguments>,
    shop: ShopId,
    sealed: &'q SealedContact<'_>,
) -> Query<'q, Any, AnyArguments> {
    let c = sealed.contact;
    let intent = c
        .intent
        .map(|intent| serde_json::to_string(&intent).expect("an intent is plain data"));
    query
        .bind(shop.0)
        .bind(c.hash.0.as_slice())
        .bind(sealed.address.as_deref())
        .bind(c.sent.as_deref())
        .bind(c.sent_at)
        .bind(groups_text(&c.groups))
        .bind(c.consent.map(i64::from))
        .bind(i64::from(c.withdrawn))
        .bind(c.sare.map(|seen| seen.status.code()))
        .bind(c.sare.map(|seen| seen.at))
        .bind(c.refusal.map(|refused| refused.status.code()))
        .bind(c.refusal.map(|refused| refused.since))
        .bind(c.refusal.map(|refused| refused.origin.word()))
        .bind(i64::from(c.refusal.is_some_and(|refused| refused.applied)))
        .bind(intent)
        .bind(c.outcome as i64)
        .bind(c.run_id)
        .bind(i64::from(c.poll_found))
        .bind(c.updated_at)
        .bind(c.doubt.map(Doubt::word))
        .bind(sealed.search.map(|keys| keys.beginning))
        .bind(sealed.search.map(|keys| keys.domain))
}

impl Store {
    /// Reads a row of [`columns`].
    pub(crate) fn contact_from(&self, shop: ShopId, row: &AnyRow) -> Result<Contact, Error> {
        let hash: Vec<u8> = row.try_get("hash")?;
        let sealed: Option<Vec<u8>> = row.try_get("address")?;
        let groups: String = row.try_get("our_groups")?;
        let flag = |name: &str| row.try_get::<i64, _>(name).map(|n| n != 0);
        let updated_at: Millis = row.try_get("updated_at")?;
        // What has no time of its own is as old as the row.
        let moment = |name: &str| {
            row.try_get::<Option<Millis>, _>(name)
                .map(|at| at.unwrap_or(updated_at))
        };
        let status = |name: &str| row.try_get::<Option<i64>, _>(name).map(|n| n.map(Status::from));
        let address = sealed
            .map(|sealed| self.open_text(shop, ADDRESS, &hash, &sealed))
            .transpose()?;
        let hash = hash_of(&hash)?;
        let seen_at = moment("sare_seen_at")?;
        let refused = Refused {
            status: Status::Absent,
            origin: RefusalOrigin::kept(
                row.try_get::<Option<String>, _>("refusal_origin")?
                    .as_deref()
                    .unwrap_or_default(),
            ),
            applied: flag("refusal_applied")?,
            since: moment("refused_at")?,
        };
        Ok(Contact {
            hash,
            address,
            sent: row.try_get("sent")?,
            sent_at: row.try_get("sent_at")?,
            groups: groups.split(',').filter_map(|group| group.parse().ok()).collect(),
            consent: row.try_get::<Option<i64>, _>("consent")?.map(|n| n != 0),
            withdrawn: flag("withdrawn")?,
            sare: status("sare_status")?.map(|status| Seen { status, at: seen_at }),
            refusal: status("refusal")?.map(|status| Refused { status, ..refused }),
            intent: row
                .try_get::<Option<String>, _>("intent")?
                .and_then(|text| intent_of(shop, hash, &text)),
            outcome: Outcome::from_number(row.try_get("outcome")?),
            run_id: row.try_get("run_id")?,
            poll_found: flag("poll_found")?,
            updated_at,
            doubt: row
                .try_get::<Option<String>, _>("doubt")?
                .map(|word| Doubt::kept(&word)),
        })
    }
}

/// An intent as it is kept. One that cannot be read counts as none, and the next decision makes it anew.
fn intent_of(shop: ShopId, hash: AddrHash, text: &str) -> Option<Intent> {
    serde_json::from_str(text)
        .inspect_err(|error| {
            let (why, column) = (error.classify(), error.column());
            tracing::error!(%shop, contact = %hash.to_hex(), ?why, column, "a contact's intent cannot be read: it counts as none");
        })
        .ok()
}

pub(crate) fn hash_of(bytes: &[u8]) -> Result<AddrHash, Error> {
    bytes
        .try_into()
        .map(AddrHash)
        .map_err(|_| Error::Damaged("a hash has another length".to_owned()))
}

fn groups_text(groups: &[i64]) -> String {
    groups.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
