//! Where customers' addresses stand in the list of all of them, for shops that cannot be asked for one customer's.
//!
//! Numbers only: of an address itself nothing is kept.

use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use sync_core::ShopId;

use crate::dialect::Dialect;
use crate::error::Error;
use crate::store::Store;

const CASTS: &[&str] = &["bigint", "bigint", "bigint", "bigint", "bigint", "bigint"];

/// Kept in place of a row by which the address is not asked for.
const NO_ROW: i64 = -1;

/// One address in the shop's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPlace {
    /// `address_book_id`
    pub address: i64,
    /// Whose it is.
    pub user: i64,
    /// Rows before it in the list; `None` where it is asked for by its number, since the list goes by id or its page cannot
    /// be read.
    pub row: Option<i64>,
    /// Whether bills go there.
    pub is_default: bool,
    /// The pass through the list that met it last.
    pub pass: i64,
}

impl Store {
    /// Where the addresses of these customers stand.
    pub async fn address_places(&self, shop: ShopId, users: &[i64]) -> Result<Vec<AddressPlace>, Error> {
        let mut found = Vec::new();
        for part in self.dialect.pieces(users, 500) {
            let (one, list) = (self.dialect.value(1), self.dialect.list(part.len(), 1));
            let query = format!(
                "SELECT address_id, user_id, row_no, is_default, pass FROM address_places \
                 WHERE shop_id = {one} AND user_id IN {list}"
            );
            let mut query = sqlx::query(AssertSqlSafe(query)).bind(shop.0);
            for user in part {
                query = query.bind(*user);
            }
            for row in query.fetch_all(&self.reads).await? {
                found.push(AddressPlace {
                    address: row.try_get("address_id")?,
                    user: row.try_get("user_id")?,
                    row: Some(row.try_get("row_no")?).filter(|row| *row != NO_ROW),
                    is_default: row.try_get::<i64, _>("is_default")? != 0,
                    pass: row.try_get("pass")?,
                });
            }
        }
        Ok(found)
    }
}

/// Keeps what a pass met; of an address met twice the last word counts.
pub(crate) async fn put(
    tx: &mut Transaction<'_, Any>,
    dialect: Dialect,
    shop: ShopId,
    places: &[AddressPlace],
) -> Result<(), Error> {
    let unique: std::collections::BTreeMap<i64, &AddressPlace> =
        places.iter().map(|place| (place.address, place)).collect();
    let unique: Vec<&AddressPlace> = unique.into_values().collect();
    for part in dialect.pieces(&unique, dialect.rows_a_statement(CASTS.len())) {
        let rows = dialect.rows(part.len(), CASTS);
        let query = format!(
            "INSERT INTO address_places (shop_id, address_id, user_id, row_no, is_default, pass) VALUES {rows} \
             ON CONFLICT (shop_id, address_id) DO UPDATE SET user_id = excluded.user_id, row_no = excluded.row_no, \
             is_default = excluded.is_default, pass = excluded.pass"
        );
        let mut query = sqlx::query(AssertSqlSafe(query));
        for place in part {
            query = query
                .bind(shop.0)
                .bind(place.address)
                .bind(place.user)
                .bind(place.row.unwrap_or(NO_ROW))
                .bind(i64::from(place.is_default))
                .bind(place.pass);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Forgets what this pass has not met.
pub(crate) async fn drop_before(tx: &mut Transaction<'_, Any>, shop: ShopId, pass: i64) -> Result<(), Error> {
    sqlx::query("DELETE FROM address_places WHERE shop_id = $1 AND pass < $2")
        .bind(shop.0)
        .bind(pass)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
