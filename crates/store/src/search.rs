//! Finding contacts by the beginning of their address, or by its domain.
//!
//! The ledger holds no address that can be read, so both are kept as keyed hashes: whoever has the database alone can tell
//! which contacts of one shop begin alike or share a domain, and how many, but neither with what nor across shops.

use sqlx::{AssertSqlSafe, Row};
use sync_core::{Email, ShopId};

use crate::contact_row::{ADDRESS, SearchKeys, columns};
use crate::error::Error;
use crate::model::Contact;
use crate::store::Store;

/// Characters of an address by which it is found: enough to leave few of many, and too few to give anybody away.
const BEGINNING: usize = 3;
/// What a row is given whose address cannot be opened: nobody searches for it.
const NEVER: i64 = 0;

/// What contacts are looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKey<'a> {
    /// The address begins so; at least [`SearchKey::LEAST`] characters.
    Beginning(&'a str),
    /// All that stands behind the `@`.
    Domain(&'a str),
}

impl SearchKey<'_> {
    /// Characters that a beginning has at least.
    pub const LEAST: usize = BEGINNING;
}

/// The first characters of an address in its compared form; `None` where there are fewer.
fn beginning(key: &str) -> Option<&str> {
    let (last, c) = key.char_indices().nth(BEGINNING - 1)?;
    Some(&key[..last + c.len_utf8()])
}

impl Store {
    /// By what an address is found.
    pub(crate) fn search_keys(&self, shop: ShopId, address: &str) -> SearchKeys {
        let email = Email::kept(address);
        let key = email.key();
        let domain = key.rsplit_once('@').map_or("", |(_, domain)| domain);
        SearchKeys {
            beginning: self.beginning_key(shop, beginning(key).unwrap_or(key)),
            domain: self.domain_key(shop, domain),
        }
    }

    fn beginning_key(&self, shop: ShopId, text: &str) -> i64 {
        self.vault
            .part_of_address(shop, b"beginning of an address\0", text)
    }

    fn domain_key(&self, shop: ShopId, text: &str) -> i64 {
        self.vault.part_of_address(shop, b"domain of an address\0", text)
    }

    /// Contacts that are found by `key`, in no order, and whether more than `most` had to be looked at, so that some may
    /// be missing. Nobody is found by a beginning of fewer than [`SearchKey::LEAST`] characters.
    pub async fn search_contacts(
        &self,
        shop: ShopId,
        key: SearchKey<'_>,
        most: i64,
    ) -> Result<(Vec<Contact>, bool), Error> {
        // As addresses are compared, whatever stands in the place of the other half.
        let (column, kept, begins) = match key {
            SearchKey::Beginning(text) => {
                let text = Email::kept(text.trim()).key().to_owned();
                let Some(first) = beginning(&text) else {
                    return Ok((Vec::new(), false));
                };
                ("beginning", self.beginning_key(shop, first), text)
            }
            SearchKey::Domain(text) => {
                let whole = Email::kept(&format!("x@{}", text.trim())).key().to_owned();
                let domain = whole.rsplit_once('@').map_or("", |(_, domain)| domain);
                ("domain", self.domain_key(shop, domain), String::new())
            }
        };
        let columns = columns();
        let query = format!(
            "SELECT {columns} FROM contacts WHERE shop_id = $1 AND {column} = $2 AND address IS NOT NULL LIMIT $3"
        );
        let mut rows = sqlx::query(AssertSqlSafe(query))
            .bind(shop.0)
            .bind(kept)
            .bind(most + 1)
            .fetch_all(&self.reads)
            .await?;
        let at_most = usize::try_from(most).unwrap_or(usize::MAX);
        let is_cut = rows.len() > at_most;
        rows.truncate(at_most);
        let mut found = Vec::new();
        for row in &rows {
            let contact = self.contact_from(shop, row)?;
            let address = contact.address.as_deref().unwrap_or_default();
            if Email::kept(address).key().starts_with(&begins) {
                found.push(contact);
            }
        }
        Ok((found, is_cut))
    }

    /// Makes about `limit` contacts findable that an older program wrote; how many, `None` when there are none left.
    pub async fn make_searchable(&self, limit: i64) -> Result<Option<usize>, Error> {
        let query = "SELECT shop_id, hash, address FROM contacts WHERE beginning IS NULL AND address IS NOT NULL LIMIT $1";
        let rows = sqlx::query(query).bind(limit).fetch_all(&self.reads).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            let shop = ShopId(row.try_get("shop_id")?);
            let (hash, sealed): (Vec<u8>, Vec<u8>) = (row.try_get("hash")?, row.try_get("address")?);
            self.take_key(shop).await?;
            let known = match self.open_text(shop, ADDRESS, &hash, &sealed) {
                Ok(address) => self.search_keys(shop, &address),
                Err(_) => SearchKeys {
                    beginning: NEVER,
                    domain: NEVER,
                },
            };
            keys.push((shop, hash, known));
        }
        let _turn = self.lanes_turn(false).await;
        let mut tx = self.begin().await?;
        for (shop, hash, known) in keys {
            let query = "UPDATE contacts SET beginning = $3, domain = $4 \
                 WHERE shop_id = $1 AND hash = $2 AND beginning IS NULL AND address IS NOT NULL";
            sqlx::query(query)
                .bind(shop.0)
                .bind(hash)
                .bind(known.beginning)
                .bind(known.domain)
                .execute(&mut **tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Some(rows.len()))
    }

    /// Whether contacts of a shop are not findable yet ([`Store::make_searchable`]).
    pub async fn is_searchable(&self, shop: ShopId) -> Result<bool, Error> {
        let query =
            "SELECT 1 FROM contacts WHERE shop_id = $1 AND beginning IS NULL AND address IS NOT NULL LIMIT 1";
        let row = sqlx::query(query)
            .bind(shop.0)
            .fetch_optional(&self.reads)
            .await?;
        Ok(row.is_none())
    }
}
