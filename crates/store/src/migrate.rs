//! Migrations: files run once, in order, each with its note in one transaction.

use sqlx::{Any, AssertSqlSafe, Executor, Pool, Row};

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

/// Brings the database up to date; how many migrations were applied.
pub async fn migrate(pool: &Pool<Any>, dialect: Dialect) -> Result<u64, Error> {
    let mut tx = pool.begin_with(dialect.begin()).await?;
    if let Some(lock) = dialect.migration_lock() {
        tx.execute(lock).await?;
    }
    tx.execute("CREATE TABLE IF NOT EXISTS migrations (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM migrations")
        .fetch_one(&mut *tx)
        .await?;
    let have: i64 = row.try_get(0)?;
    known(have)?;
    let mut applied = 0;
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > have) {
        tx.execute(sqlx::raw_sql(AssertSqlSafe(dialect.words(text))))
            .await?;
        sqlx::query("INSERT INTO migrations (version) VALUES ($1)")
            .bind(*version)
            .execute(&mut *tx)
            .await?;
        applied += 1;
    }
    tx.commit().await?;
    Ok(applied)
}
