//! Transactions that the database ends by itself, as it does when the disk is full: what was acknowledged is there, what
//! failed was told so, and the next one is as good as any.

use sqlx::Executor;

use crate::support::{LEASE, Ledger, NOON, a_shop, each_database, mark};

/// From now on every change of what is dirty fails: at once and together with its whole transaction on SQLite, at the
/// commit on PostgreSQL.
async fn break_marks(ledger: &Ledger) {
    let statements = if ledger.dir.is_some() {
        "CREATE TRIGGER full BEFORE INSERT ON dirty BEGIN SELECT RAISE(ROLLBACK, 'no room'); END"
    } else {
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$; \
         CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON dirty DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION no_room()"
    };
    let raw = ledger.raw().await;
    raw.execute(sqlx::raw_sql(statements)).await.unwrap();
    raw.close().await;
}

async fn mend_marks(ledger: &Ledger) {
    let statements = if ledger.dir.is_some() {
        "DROP TRIGGER full"
    } else {
        "DROP TRIGGER full_disk ON dirty; DROP FUNCTION no_room"
    };
    let raw = ledger.raw().await;
    raw.execute(sqlx::raw_sql(statements)).await.unwrap();
    raw.close().await;
}

#[tokio::test]
async fn after_a_transaction_that_the_database_ended_everything_goes_on() {
    each_database(async |ledger| {
        let store = &ledger.store;
        let shop = a_shop(store, "a").await;
        store.mark_dirty(shop, &[mark(1, NOON)], NOON).await.unwrap();
        for round in 0..3 {
            break_marks(ledger).await;
            for _ in 0..3 {
                assert!(store.mark_dirty(shop, &[mark(2, NOON)], NOON).await.is_err());
            }
            // All at once, as a shop sends them: each is told.
            let marks = (0..20).map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.mark_dirty(shop, &[mark(3, NOON)], NOON).await })
            });
            for told in marks.collect::<Vec<_>>() {
                assert!(told.await.unwrap().is_err());
            }
            // What has nothing to do with it works meanwhile.
            let now = NOON + round * 2 * LEASE;
            store.prove(now).await.unwrap();
            let lease = loop {
                // What was broken off just now may still hold the row for a moment.
                match store.claim(now, LEASE).await.unwrap() {
                    Some(lease) => break lease,
                    None => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                }
            };
            store.release(&lease, "{}", now, now).await.unwrap();

            mend_marks(ledger).await;
            store
                .mark_dirty(shop, &[mark(10 + round, NOON)], now)
                .await
                .unwrap();
            let dirty = ledger.number("SELECT COUNT(*) FROM dirty").await;
            assert_eq!(dirty, 2 + round, "what was acknowledged, and nothing else");
        }
    })
    .await;
}
