//! The look for new ids: every few minutes, one request a list when nothing is new.
//!
//! Finds customers and subscribers whose webhook was lost. They are marked dirty and go the way of
//! every live change.

use shoper_api::Cursor;
use store::{Commit, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::{RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::read;
use crate::session::{Session, millis};

/// Most pages of one look; more means that something else is going on and the next look goes on from there.
const PAGES: u32 = 4;

/// Looks once. Marks what is new.
pub async fn look(s: &Session<'_>) -> Result<(), Halt> {
    s.need_shoper(2.0, 0.0)?;
    for kind in [RecordKind::Subscriber, RecordKind::Customer] {
        let mut cursor = read::cursor_after(kind, s.state().watermark);
        for _ in 0..PAGES {
            let page = match ids_after(s, kind, cursor).await {
                Ok(page) => page,
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(shoper_api::Error::Forbidden { resource })) => {
                    s.shop_problem(&format!("no-scope:{resource}"), "no-scope", Some(resource)).await?;
                    break;
                }
                Err(CallError::Api(error)) => {
                    tracing::warn!(shop = %s.shop.id, %error, "the look for new ids failed");
                    break;
                }
            };
            let (ids, next) = page;
            if let Some(greatest) = ids.iter().max().copied() {
                let keys: Vec<RecordKey> = ids.iter().map(|id| RecordKey { kind, id: *id }).collect();
                let known = s.store.records(s.shop.id, &keys).await?;
                let now = s.now();
                let marks = keys.into_iter().filter(|key| !known.contains_key(key)).map(|key| DirtyMark {
                    key: DirtyKey::Record(key),
                    due_at: now,
                    priority: Priority::New,
                    reason: Reason::NewId,
                    held_by: None,
                });
                let commit = Commit { marks: marks.collect(), ..Commit::default() };
                {
                    let mut state = s.state();
                    let mark = match kind {
                        RecordKind::Customer => &mut state.watermark.0,
                        RecordKind::Subscriber => &mut state.watermark.1,
                    };
                    *mark = (*mark).max(greatest);
                }
                s.commit(commit).await?;
            }
            match next {
                // A shop that cannot list by id is left to the sweeps: reading it all here would cost as much.
                Some(next @ Cursor::After(_)) => cursor = next,
                _ => break,
            }
            s.need_shoper(1.0, 0.0)?;
        }
    }
    let next = s.now() + millis(s.settings.look_every);
    s.state().timers.look = next;
    Ok(())
}

async fn ids_after(s: &Session<'_>, kind: RecordKind, cursor: Cursor) -> read::ShopCall<(Vec<i64>, Option<Cursor>)> {
    match kind {
        RecordKind::Customer => {
            let page = s.shoper(|c| async move { c.users(cursor).await }).await?;
            Ok((page.rows.iter().map(|u| u.id.0).collect(), page.next))
        }
        RecordKind::Subscriber => {
            let page = s.shoper(|c| async move { c.subscribers(cursor).await }).await?;
            Ok((page.rows.iter().map(|r| r.id.0).collect(), page.next))
        }
    }
}
