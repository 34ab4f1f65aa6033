//! What keeps the ledger in order while the server runs: what is sealed with an older key is sealed anew, contacts
//! that an older program wrote are made findable, and what erasures left in the database's files is cleared away.

use std::time::Duration;

use store::Store;

/// How often it is looked whether there is anything to do.
const LOOK: Duration = Duration::from_secs(60);
/// Between two pieces of a pass, so that everybody else goes first.
const BREATH: Duration = Duration::from_millis(20);
/// Contacts looked at in one piece.
const PIECE: i64 = 500;

/// Puts an SQLite file in order that an older program has written, before the work begins: shops get keys of their own, and
/// what was deleted is overwritten. Does nothing to a file that is in order.
///
/// # Errors
/// When the ledger cannot be used.
pub async fn prepare(store: &Store, is_file: bool) -> Result<(), store::Error> {
    if !is_file {
        return Ok(());
    }
    while store.reencrypt(PIECE).await?.is_some() {}
    match store.renew_file().await {
        Ok(true) => {
            tracing::info!("the ledger's file was written anew, without what had been deleted from it")
        }
        Ok(false) => {}
        Err(error) => tracing::warn!(
            %error,
            "the ledger's file could not be written anew: what an older program deleted may still be read from it. See that \
             the disk has room for a second copy, and start again"
        ),
    }
    Ok(())
}

/// Keeps it in order.
pub async fn keep(store: Store) {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tick.tick().await;
        if let Err(error) = turn(&store).await {
            tracing::warn!(%error, "the ledger could not be put in order; it is tried again");
        }
    }
}

async fn turn(store: &Store) -> Result<(), store::Error> {
    while store.reencrypt(PIECE).await?.is_some() {
        tokio::time::sleep(BREATH).await;
    }
    while store.make_searchable(PIECE).await?.is_some() {
        tokio::time::sleep(BREATH).await;
    }
    store.tidy().await.map(|_| ())
}
