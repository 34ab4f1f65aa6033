//! The look for new ids: every few minutes, one request a list when nothing is new.
//!
//! Finds customers and subscribers whose webhook was lost. They are marked dirty and go the way of
//! every live change.

use shoper_api::Cursor;
use store::{Commit, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::{RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::read;
use crate::session::{LIVE_RESERVE, Session, millis};

/// Most pages of one look; more means that something else is going on and the next look goes on from there.
const PAGES: u32 = 4;

/// Requests that comparing counts takes.
const COUNTS: f64 = 4.0;

/// Looks once. Marks what is new.
pub async fn look(s: &Session<'_>) -> Result<(), Halt> {
    let turn = s.begin("look", (2.0, 0.0), (0.0, 0.0))?;
    let result = read_new(s).await;
    s.end(&turn, &result);
    result
}

async fn read_new(s: &Session<'_>) -> Result<(), Halt> {
    for kind in [RecordKind::Subscriber, RecordKind::Customer] {
        let mut cursor = read::cursor_after(kind, s.state().watermark);
        for _ in 0..PAGES {
            let page = match ids_after(s, kind, cursor).await {
                Ok(page) => page,
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(shoper_api::Error::Forbidden { resource })) => {
                    s.not_permitted(&resource).await?;
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
                let marks = keys
                    .into_iter()
                    .filter(|key| !known.contains_key(key))
                    .map(|key| DirtyMark {
                        key: DirtyKey::Record(key),
                        due_at: now,
                        priority: Priority::New,
                        reason: Reason::NewId,
                        held_by: None,
                    });
                let commit = Commit {
                    marks: marks.collect(),
                    ..Commit::default()
                };
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
        }
    }
    let now = s.now();
    s.state().timers.look = now + millis(s.settings.look_every);
    if s.state().timers.counts <= now && s.shoper_room(LIVE_RESERVE) >= COUNTS {
        notice_drift(s).await?;
        s.state().timers.counts = now + millis(s.settings.counts_every);
    }
    Ok(())
}

/// Compares the shop's own counts with the ledger's. A difference means that an event was lost: the sweep
/// that would find it tomorrow comes now, but not more than once in a while.
async fn notice_drift(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    let waits = s.state().timers.drift > now || s.store.active_run(s.shop.id).await?.is_some();
    if waits
        || s.store
            .next_dirty_due(s.shop.id)
            .await?
            .is_some_and(|at| at <= now)
    {
        return Ok(());
    }
    let mut differences = Vec::with_capacity(4);
    for kind in [RecordKind::Subscriber, RecordKind::Customer] {
        if kind == RecordKind::Customer && !s.config().customers.enabled {
            continue;
        }
        let (all, consenting) = s.store.record_counts(s.shop.id, kind).await?;
        for (consent_only, ours) in [(false, all), (true, consenting)] {
            let theirs = match counted(s, kind, consent_only).await {
                Ok(theirs) => theirs.and_then(|n| i64::try_from(n).ok()),
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(_)) => None,
            };
            differences.push(theirs.map_or(0, |theirs| theirs - ours));
        }
    }
    let mut state = s.state();
    match &state.differences {
        // Just after a whole reading: what differs are rows that cannot be kept, such as those without an address.
        None => state.differences = Some(differences),
        Some(known) if *known == differences => {}
        Some(_) => {
            tracing::info!(shop = %s.shop.id, "the shop's counts have drifted from the ledger's: the sweep comes early");
            state.timers.sweep = now;
            state.timers.drift = now + millis(s.settings.drift_sweep_every);
        }
    }
    Ok(())
}

/// Rows of a list as the shop counts them; those that consent, where it can count them apart.
pub async fn counted(s: &Session<'_>, kind: RecordKind, consent_only: bool) -> read::ShopCall<Option<u64>> {
    match kind {
        RecordKind::Customer => {
            let filter: &[(&str, &str)] = if consent_only { &[("newsletter", "1")] } else { &[] };
            s.shoper(|c| async move { c.count_users(filter).await }).await
        }
        RecordKind::Subscriber => {
            let filter: &[(&str, &str)] = if consent_only { &[("active", "1")] } else { &[] };
            s.shoper(|c| async move { c.count_subscribers(filter).await })
                .await
        }
    }
}

async fn ids_after(
    s: &Session<'_>,
    kind: RecordKind,
    cursor: Cursor,
) -> read::ShopCall<(Vec<i64>, Option<Cursor>)> {
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
