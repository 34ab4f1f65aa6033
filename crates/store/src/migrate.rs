//! Migrations: files run once, in order, each with its note in one transaction.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use sqlx::{Any, AssertSqlSafe, Executor, Row, Transaction};

use crate::connection_pool::ConnectionPool;
use crate::dialect::Dialect;
use crate::error::Error;

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_ledger.sql")),
    (2, include_str!("../migrations/0002_panel.sql")),
    (3, include_str!("../migrations/0003_audits.sql")),
    (4, include_str!("../migrations/0004_contacts.sql")),
    (5, include_str!("../migrations/0005_overview.sql")),
    (12, include_str!("../migrations/0012_panel_links.sql")),
    (13, include_str!("../migrations/0013_visits.sql")),
    (14, include_str!("../migrations/0014_credentials.sql")),
    (15, include_str!("../migrations/0015_doubts.sql")),
    (16, include_str!("../migrations/0016_time.sql")),
    (17, include_str!("../migrations/0017_addresses.sql")),
    (18, include_str!("../migrations/0018_shop_keys.sql")),
    (19, include_str!("../migrations/0019_servers_ended.sql")),
    (20, include_str!("../migrations/0020_woken_lanes.sql")),
    (21, include_str!("../migrations/0021_problems_set_aside.sql")),
    (22, include_str!("../migrations/0022_contact_lists.sql")),
    (23, include_str!("../migrations/0023_watched.sql")),
];

/// That this program knows a database of this version.
pub fn known(have: i64) -> Result<(), Error> {
    let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if have > newest {
        return Err(Error::Damaged(format!(
            "it is of version {have}, this program knows {newest}: use a newer program"
        )));
    }
    Ok(())
}

/// That the migrations are those that were applied: one that was changed afterwards would leave databases that differ.
/// What each was is kept from the first start that knows how.
async fn unchanged(tx: &mut Transaction<'_, Any>) -> Result<(), Error> {
    tx.execute(
        "CREATE TABLE IF NOT EXISTS migration_sums (version BIGINT NOT NULL PRIMARY KEY, sum TEXT NOT NULL)",
    )
    .await?;
    let mut kept = HashMap::new();
    for row in sqlx::query("SELECT version, sum FROM migration_sums")
        .fetch_all(&mut **tx)
        .await?
    {
        kept.insert(
            row.try_get::<i64, _>("version")?,
            row.try_get::<String, _>("sum")?,
        );
    }
    for (version, text) in MIGRATIONS {
        let sum = hex::encode(Sha256::digest(text));
        match kept.get(version) {
            Some(known) if *known != sum => {
                return Err(Error::Damaged(format!(
                    "migration {version} is another one than was applied to it"
                )));
            }
            Some(_) => {}
            None => {
                sqlx::query("INSERT INTO migration_sums (version, sum) VALUES ($1, $2)")
                    .bind(*version)
                    .bind(sum)
                    .execute(&mut **tx)
                    .await?;
            }
        }
    }
    Ok(())
}

/// Brings the database up to date; how many migrations were applied.
pub async fn migrate(connections: &ConnectionPool, dialect: Dialect) -> Result<u64, Error> {
    let mut tx = connections.begin(dialect.begin()).await?;
    if let Some(lock) = dialect.migration_lock() {
        tx.execute(lock).await?;
    }
    if let Some(query) = dialect.foreign_tables() {
        let found: i64 = tx.fetch_one(query).await?.try_get(0)?;
        if found > 0 {
            return Err(Error::Damaged(
                "it is another program's database: name a file of its own for the ledger".to_owned(),
            ));
        }
    }
    tx.execute("CREATE TABLE IF NOT EXISTS migrations (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM migrations")
        .fetch_one(&mut **tx)
        .await?;
    let have: i64 = row.try_get(0)?;
    known(have)?;
    let mut applied = 0;
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > have) {
        tx.execute(sqlx::raw_sql(AssertSqlSafe(dialect.words(text))))
            .await?;
        sqlx::query("INSERT INTO migrations (version) VALUES ($1)")
            .bind(*version)
            .execute(&mut **tx)
            .await?;
        applied += 1;
    }
    unchanged(&mut tx).await?;
    tx.commit().await?;
    Ok(applied)
}
