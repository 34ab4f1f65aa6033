//! The connections: opened, given up when something went wrong on them, shown to work, and closed.
//!
//! SQLite ends a transaction by itself when the disk is full or fails (<https://sqlite.org/lang_transaction.html>), and the
//! rollback that follows then finds none: the driver goes on counting a transaction that is over, and nothing can begin on
//! that connection any more. So no connection is used again that still counts one: it is closed, and a new one opened.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, Connection as _, Executor, Pool, Row};

use crate::dialect::{Connection, Dialect};
use crate::error::Error;
use crate::model::Millis;
use crate::store::Store;

/// How long somebody waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// For how long a proof holds.
const PROOF_MS: Millis = 3_000;
/// How long the connections are waited for at the end.
const CLOSE: Duration = Duration::from_secs(5);

/// Opens the connections that read and those that write; on PostgreSQL they are the same.
pub async fn open(url: &str, dialect: Dialect) -> Result<(Pool<Any>, Pool<Any>), Error> {
    sqlx::any::install_default_drivers();
    let url = match dialect {
        Dialect::Sqlite if !url.contains("mode=") => {
            format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' })
        }
        _ => url.to_owned(),
    };
    if dialect == Dialect::Sqlite {
        crate::file::make_private(&url);
        try_once(&url, dialect).await?;
    }
    // SQLite has one writer: queueing for it here is fair, waiting for its lock would not be.
    let (writers, readers) = if dialect == Dialect::Sqlite {
        (1, 4)
    } else {
        (20, 0)
    };
    let writes = options(dialect, Connection::Writer)
        .max_connections(writers)
        .connect(&url)
        .await?;
    let reads = if readers == 0 {
        writes.clone()
    } else {
        options(dialect, Connection::Reader)
            .max_connections(readers)
            .connect(&url)
            .await?
    };
    Ok((reads, writes))
}

fn options(dialect: Dialect, role: Connection) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(ACQUIRE)
        // A file does not go away; asking each time whether it is still there costs more than most queries.
        .test_before_acquire(dialect == Dialect::Postgres)
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            if !is_free {
                tracing::warn!("a connection to the ledger is given up: a transaction on it went wrong");
            }
            Box::pin(std::future::ready(Ok(is_free)))
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection
                    .execute(sqlx::raw_sql(dialect.greeting(role)))
                    .await
                    .map(|_| ())
            })
        })
}

/// Opens the file once outside of the pool, which would try again and again and then only say that it took too long.
async fn try_once(url: &str, dialect: Dialect) -> Result<(), Error> {
    let mut connection = AnyConnection::connect(url).await?;
    let greeted = connection
        .execute(sqlx::raw_sql(dialect.greeting(Connection::Writer)))
        .await;
    let read = match greeted {
        Ok(_) => connection
            .fetch_one("SELECT COUNT(*) FROM sqlite_master")
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    let _ = connection.close().await;
    Ok(read?)
}

impl Store {
    /// Shows that the ledger can be written to, by writing. What was shown in the last three seconds is not shown again,
    /// so that anybody may ask often.
    ///
    /// # Errors
    /// When the database cannot be written to now.
    pub async fn prove(&self, now: Millis) -> Result<(), Error> {
        let mut proven = self.proven.lock().await;
        if proven.is_some_and(|at| (0..PROOF_MS).contains(&(now - at))) {
            return Ok(());
        }
        *proven = None;
        sqlx::query(
            "INSERT INTO ledger (name, value) VALUES ('proof', $1) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(now.to_be_bytes().to_vec())
        .execute(&self.writes)
        .await?;
        *proven = Some(now);
        Ok(())
    }

    /// Closes the connections. On SQLite the log is folded into the file first, which then is the whole ledger.
    pub async fn close(&self) {
        let closing = async {
            if self.dialect == Dialect::Sqlite {
                self.reads.close().await;
                if let Err(error) = self.fold().await {
                    tracing::warn!(%error, "SQLite's log could not be folded into the file; both belong together");
                }
            }
            self.writes.close().await;
        };
        // Whoever is still at work then finds its connection closed; what it did not commit is done again.
        let _ = tokio::time::timeout(CLOSE, closing).await;
    }

    /// Folds SQLite's log into the file and empties it; false when somebody still reads from it. Nobody can write while
    /// readers are waited for, so that is not for long.
    pub(crate) async fn fold(&self) -> Result<bool, Error> {
        let mut connection = self.writes.acquire().await?;
        connection.execute("PRAGMA busy_timeout = 300").await?;
        let row = connection.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await;
        connection.execute("PRAGMA busy_timeout = 10000").await?;
        Ok(row?.try_get::<i64, _>(0)? == 0)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;
    use sync_core::ShopId;

    use crate::{
        DirtyKey, DirtyMark, Error, Keys, Lifecycle, LifecycleEffect, Priority, Reason, Received, Store,
    };

    const NOON: i64 = 1_790_000_000_000;

    async fn a_shop(dir: &std::path::Path) -> (Store, ShopId) {
        let url = format!("sqlite:{}", dir.join("ledger.db").display());
        let store = Store::open(&url, Keys::parse(&"5a".repeat(32)).unwrap(), [7; 32])
            .await
            .unwrap();
        let install = Lifecycle {
            url: None,
            license: "a".to_owned(),
            action: "install".to_owned(),
            hash: "first".to_owned(),
            timestamp: "2026-09-21 12:00:00".to_owned(),
            received_at: NOON,
            effect: LifecycleEffect::Install {
                url: "https://a.example".to_owned(),
                host: "a.example".to_owned(),
                auth_code: None,
                version: Some(1),
                trial: None,
            },
        };
        match store.receive(&install).await.unwrap() {
            Received::Applied(shop) => (store, shop),
            other => panic!("{other:?}"),
        }
    }

    fn marks(from: i64) -> Vec<DirtyMark> {
        (from..from + 200)
            .map(|id| DirtyMark {
                key: DirtyKey::Record(sync_core::RecordKey::customer(id)),
                due_at: NOON,
                priority: Priority::Live,
                reason: Reason::Webhook,
                held_by: None,
            })
            .collect()
    }

    #[tokio::test]
    async fn a_proof_is_a_write_and_holds_for_some_seconds() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = a_shop(dir.path()).await;
        store.prove(NOON).await.unwrap();
        store.writes.execute("PRAGMA query_only = ON").await.unwrap();
        store.prove(NOON + 2_999).await.unwrap();
        let error = store.prove(NOON + 3_000).await.unwrap_err();
        assert!(matches!(error, Error::Away(_)), "{error}");
        // A clock that was set back proves nothing.
        assert!(store.prove(NOON - 1).await.is_err());
    }

    #[tokio::test]
    async fn a_closed_ledger_is_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let (store, shop) = a_shop(dir.path()).await;
        store.mark(shop, &marks(0), NOON).await.unwrap();
        assert!(std::fs::metadata(dir.path().join("ledger.db-wal")).unwrap().len() > 0);
        store.close().await;
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["ledger.db"]);
    }
}
