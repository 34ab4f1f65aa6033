//! Whether the ledger works, and its end.

use std::time::Duration;

use sqlx::{Executor, Row};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::model::Millis;
use crate::store::Store;

/// For how long a proof holds.
const PROOF_MS: Millis = 3_000;
/// How long the connections are waited for at the end.
const CLOSE: Duration = Duration::from_secs(5);

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
        if let Some(file) = self.opened.as_ref().filter(|file| !file.is_in_place()) {
            return Err(Error::Away(format!(
                "{} was moved away or deleted while it was open",
                file.path().display()
            )));
        }
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
                self.reads.pool().close().await;
                if let Err(error) = self.fold().await {
                    tracing::warn!(%error, "SQLite's log could not be folded into the file; both belong together");
                }
            }
            self.writes.pool().close().await;
        };
        // Whoever is still at work then finds its connection closed; what it did not commit is done again.
        let _ = tokio::time::timeout(CLOSE, closing).await;
    }

    /// Folds SQLite's log into the file and empties it; false when somebody still reads from it. Nobody can write while
    /// readers are waited for, so that is not for long.
    pub(crate) async fn fold(&self) -> Result<bool, Error> {
        let mut connection = self.writes.pool().acquire().await?;
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
        store.mark_dirty(shop, &marks(0), NOON).await.unwrap();
        assert!(std::fs::metadata(dir.path().join("ledger.db-wal")).unwrap().len() > 0);
        store.close().await;
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["ledger.db"]);
    }
}
