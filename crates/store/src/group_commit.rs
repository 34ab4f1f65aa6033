//! Marks from outside, written together on SQLite.
//!
//! Every transaction there ends with an fsync, and there is one writer: three hundred webhooks at once, each with a
//! transaction of its own, would wait for three hundred of them, and the last longer than a shop waits. So marks that come
//! while a transaction is under way join the next one, with a single fsync. An answer still goes out only after it.

use std::sync::{Arc, Mutex, PoisonError};

use sync_core::ShopId;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::model::{DirtyMark, Millis};

/// Marks that wait for the next transaction.
#[derive(Clone, Default)]
pub(crate) struct GroupCommit {
    waiting: Arc<Mutex<Vec<Request>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Marks of one shop, and who waits for them.
pub(crate) struct Request {
    pub shop: ShopId,
    pub marks: Vec<DirtyMark>,
    pub now: Millis,
    reply: oneshot::Sender<Answer>,
}

/// What became of a request that was taken along.
pub(crate) enum Answer {
    Written,
    NoSuchShop,
}

impl Request {
    /// Tells whoever waits what became of the marks. Whoever gave up meanwhile hears nothing, and the marks do no harm.
    pub fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

impl GroupCommit {
    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks with all who wait at the moment. Whoever has the turn writes for everybody, and `write` answers them; the
    /// others find it done. `None` when the transaction failed, or whoever had the turn gave up.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a removed shop.
    pub async fn mark(
        &self,
        shop: ShopId,
        marks: &[DirtyMark],
        now: Millis,
        write: impl AsyncFnOnce(Vec<Request>),
    ) -> Result<Option<()>, Error> {
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
            write(self.take()).await;
            known = answer.try_recv().ok();
        }
        drop(turn);
        match known {
            Some(Answer::Written) => Ok(Some(())),
            Some(Answer::NoSuchShop) => Err(Error::NoSuchShop),
            None => Ok(None),
        }
    }
}
