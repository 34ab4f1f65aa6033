//! What was counted of a shop's work.

use std::collections::BTreeMap;

use sqlx::Row;
use sync_core::ShopId;

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Sums of a shop's meters.
    pub async fn meters(&self, shop: ShopId) -> Result<BTreeMap<String, i64>, Error> {
        let query =
            "SELECT name, CAST(SUM(value) AS BIGINT) AS total FROM meters WHERE shop_id = $1 GROUP BY name";
        let rows = sqlx::query(query).bind(shop.0).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("total")?)))
            .collect()
    }

    /// A shop's meters by day (days since 1970 in UTC) and name, from `since` on.
    pub async fn meters_by_day(
        &self,
        shop: ShopId,
        since: i64,
    ) -> Result<BTreeMap<(i64, String), i64>, Error> {
        let query = "SELECT day, name, value FROM meters WHERE shop_id = $1 AND day >= $2";
        let rows = sqlx::query(query)
            .bind(shop.0)
            .bind(since)
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok(((row.try_get("day")?, row.try_get("name")?), row.try_get("value")?)))
            .collect()
    }
}
