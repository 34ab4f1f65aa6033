//! Marks from outside, written together on SQLite.
//!
//! Every transaction there ends with an fsync, and there is one writer: three hundred webhooks at once, each with a
//! transaction of its own, would wait for three hundred of them, and the last longer than a shop waits. So marks that come
//! while a transaction is under way join the next one, with a single fsync. An answer still goes out only after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::ShopId;
use tokio::sync::oneshot;

use crate::dirty;
use crate::error::Error;
use crate::lanes;
use crate::model::{DirtyMark, Millis};
use crate::store::Store;

/// Marks that wait for the next transaction.
#[derive(Clone, Default)]
pub(crate) struct GroupCommit {
    waiting: Arc<Mutex<Vec<Request>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Request {
    shop: ShopId,
    marks: Vec<DirtyMark>,
    now: Millis,
    reply: oneshot::Sender<Answer>,
}

/// What became of a request that was taken along.
enum Answer {
    Written,
    NoSuchShop,
}

impl GroupCommit {
    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks with all who wait at the moment. Whoever has the turn writes for everybody; the others find it done.
    pub async fn mark(
        &self,
        store: &Store,
        shop: ShopId,
        marks: &[DirtyMark],
        now: Millis,
    ) -> Result<(), Error> {
        let (reply, mut answer) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Request {
                shop,
                marks: marks.to_vec(),
                now,
                reply,
            });
        let turn = self.turn.lock().await;
        let mut known = answer.try_recv().ok();
        if known.is_none() {
            write(store, self.take()).await;
            known = answer.try_recv().ok();
        }
        drop(turn);
        match known {
            Some(Answer::Written) => Ok(()),
            Some(Answer::NoSuchShop) => Err(Error::NoSuchShop),
            // The transaction failed, or whoever had the turn gave up: everybody for themselves, with an error of their own.
            None => store.mark_dirty_alone(shop, marks, now).await,
        }
    }
}

/// Writes all requests in one transaction and tells each what became of it; nobody is told anything when it fails.
async fn write(store: &Store, requests: Vec<Request>) {
    let mut by_shop: BTreeMap<ShopId, Vec<Request>> = BTreeMap::new();
    for request in requests {
        // Whoever gave up meanwhile was told nothing, and its mark does no harm.
        by_shop.entry(request.shop).or_default().push(request);
    }
    let Ok(unknown) = transaction(store, &by_shop).await else {
        return;
    };
    for (shop, requests) in by_shop {
        for request in requests {
            let answer = if unknown.contains(&shop) {
                Answer::NoSuchShop
            } else {
                Answer::Written
            };
            let _ = request.reply.send(answer);
        }
    }
}

/// The transaction; the shops that there are not.
async fn transaction(store: &Store, by_shop: &BTreeMap<ShopId, Vec<Request>>) -> Result<Vec<ShopId>, Error> {
    let mut unknown = Vec::new();
    let mut tx = store.begin().await?;
    for (shop, requests) in by_shop {
        if !lanes::enter(&mut tx, store.dialect, *shop).await? {
            unknown.push(*shop);
            continue;
        }
        let marks: Vec<DirtyMark> = requests
            .iter()
            .flat_map(|request| &request.marks)
            .copied()
            .collect();
        let now = requests.iter().map(|request| request.now).max().unwrap_or(0);
        dirty::mark(&mut tx, store.dialect, *shop, &marks, now).await?;
        dirty::wake_for(&mut tx, *shop, &marks, now).await?;
    }
    tx.commit().await?;
    Ok(unknown)
}
