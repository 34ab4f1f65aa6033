//! Discovery of new records: as often as it has been worth it (`cadence.rs`), one request a list when nothing is new.
//!
//! Finds customers and subscribers whose webhook was lost. They are marked dirty and go the way of
//! every live change.

use shoper_api::{Cursor, Glance, GlanceList, Next, Stretch};
use store::{Commit, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::{ByKind, RecordCounts, RecordKey, RecordKind};

use crate::absence;
use crate::cadence;
use crate::error::{CallError, Halt};
use crate::narrow::{Failed, Narrow};
use crate::passed_over::PassedOver;
use crate::session::Session;
use crate::state::RAREST_COUNTS;
use ports::millis;

/// Most pages at a time; more means that something else is going on, and the next time goes on from there.
const PAGES: u32 = 4;

/// A shop that does not tell at a glance whether anything is new is asked so again after this.
const GLANCE_AGAIN_MS: i64 = 24 * 3_600_000;

/// Pause while a place that fails is narrowed down.
const NARROWING_MS: i64 = 10_000;

/// Looks for new records once, and marks them.
pub async fn discover(s: &Session<'_>) -> Result<(), Halt> {
    s.may_ask_shop()?;
    let mut is_narrowing = false;
    let glanced = glance(s).await?;
    let is_quiet = glanced.is_some_and(|glanced| glanced.is_quiet);
    let before = s.state().watermark;
    for kind in [RecordKind::Subscriber, RecordKind::Customer] {
        if kind == RecordKind::Customer && !s.config().customers.enabled {
            continue;
        }
        for _ in 0..if is_quiet { 0 } else { PAGES } {
            if !read_some(s, kind).await? {
                break;
            }
        }
        let narrow = s.state().discover_narrow[kind];
        is_narrowing |= narrow.is_some_and(|narrow| narrow.until < s.now() + NARROWING_MS);
    }
    let now = s.now();
    s.state().cadence.looked_at = now;
    if glanced.is_some() && !is_quiet && s.state().watermark == before {
        // Nothing was new after all: the glance is of no use here, for now.
        s.state().cadence.no_glance_before = now + GLANCE_AGAIN_MS;
    }
    if s.state().timers.counts <= now {
        notice_drift(s, glanced.and_then(|glanced| glanced.counts)).await?;
        let every = millis(s.settings.counts_every);
        let every = cadence::stretched(s, every, RAREST_COUNTS).await?;
        s.state().timers.counts = now + every;
    }
    let pause = if is_narrowing {
        NARROWING_MS
    } else {
        cadence::look_every(s).await?
    };
    s.state().timers.discover = now + pause;
    Ok(())
}

/// What a glance at both lists told.
#[derive(Debug, Clone, Copy)]
struct Glanced {
    /// Nothing is new.
    is_quiet: bool,
    /// The shop's own counts, where they were due.
    counts: Option<ByKind<Glance>>,
}

/// In a quiet shop one request tells whether there is anything new, and the counts where they are due. `None` where it is
/// not asked so, or does not answer so.
async fn glance(s: &Session<'_>) -> Result<Option<Glanced>, Halt> {
    let now = s.now();
    let (watermark, is_open) = {
        let state = s.state();
        let is_narrow = RecordKind::ALL
            .iter()
            .any(|kind| state.discover_narrow[*kind].is_some());
        (
            state.watermark,
            !is_narrow && state.cadence.no_glance_before <= now,
        )
    };
    let customers = s.config().customers.enabled;
    let is_known = watermark.subscribers > 0 && (watermark.customers > 0 || !customers);
    if !is_open || !is_known || !cadence::is_quiet(s).await? {
        return Ok(None);
    }
    let with_counts = s.state().timers.counts <= now;
    let mut lists = vec![(GlanceList::Subscribers, watermark.subscribers)];
    if customers {
        lists.push((GlanceList::Users, watermark.customers));
    }
    let lists = &lists;
    let seen = match s
        .shoper_piece(|c| async move { c.glance(lists, with_counts).await })
        .await
    {
        Ok(seen) => seen,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => {
            tracing::info!(shop = %s.shop.id, %error, "the shop does not answer bulk calls");
            s.state().cadence.no_glance_before = now + GLANCE_AGAIN_MS;
            return Ok(None);
        }
    };
    let counts = ByKind {
        subscribers: seen.first().copied().unwrap_or_default(),
        customers: seen.get(1).copied().unwrap_or_default(),
    };
    Ok(Some(Glanced {
        is_quiet: seen.iter().all(|glance| glance.is_quiet),
        counts: with_counts.then_some(counts),
    }))
}

/// Reads what is new of one list from where it was last read to; whether there is more to read at once.
async fn read_some(s: &Session<'_>, kind: RecordKind) -> Result<bool, Halt> {
    let (after, narrow) = {
        let state = s.state();
        (state.watermark[kind], state.discover_narrow[kind])
    };
    if narrow.is_some_and(|narrow| narrow.until > s.now()) {
        return Ok(false);
    }
    let of = narrow.map_or(Stretch::PAGE, |narrow| narrow.stretch());
    let (ids, next) = match ids_after(s, kind, Cursor::After(after), of).await {
        Ok(page) => page,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => return failed(s, kind, narrow, error).await,
    };
    // A shop that cannot list by id is left to the sweeps: reading it all here would cost as much.
    let next = next.filter(|next| matches!(next, Cursor::After(_)));
    let mut commit = Commit::default();
    let new: Vec<i64> = ids.iter().copied().filter(|id| *id > after).collect();
    if let Some(narrow) = narrow.filter(|narrow| narrow.passed > 0) {
        let passed = PassedOver {
            after,
            before: new.iter().min().copied(),
            records: narrow.passed,
            may_be_any: false,
        };
        passed.report(s, kind, true, &mut commit);
    }
    let keys: Vec<RecordKey> = ids.iter().map(|id| RecordKey { kind, id: *id }).collect();
    let known = s.store.records(s.shop.id, &keys).await?;
    let now = s.now();
    let unknown: Vec<RecordKey> = keys.into_iter().filter(|key| !known.contains_key(key)).collect();
    if !unknown.is_empty() {
        absence::is_proven(s);
        cadence::note_loss(s);
    }
    commit.marks.extend(unknown.into_iter().map(|key| DirtyMark {
        key: DirtyKey::Record(key),
        due_at: now,
        priority: Priority::New,
        reason: Reason::NewId,
        held_by: None,
    }));
    {
        let mut state = s.state();
        let newest = &mut state.watermark[kind];
        *newest = new.iter().copied().fold(*newest, i64::max);
        let left = narrow
            .zip(next)
            .and_then(|(narrow, cursor)| narrow.read(Next { cursor, into: 0 }));
        state.discover_narrow[kind] = left;
    }
    if narrow.is_some() || !commit.marks.is_empty() || !new.is_empty() {
        s.commit(commit).await?;
    }
    Ok(next.is_some())
}

/// What is new cannot be read as it was asked for; whether something smaller can be asked for at once.
async fn failed(
    s: &Session<'_>,
    kind: RecordKind,
    narrow: Option<Narrow>,
    error: shoper_api::Error,
) -> Result<bool, Halt> {
    if let shoper_api::Error::Forbidden { resource } = &error {
        s.not_permitted(resource).await?;
        return Ok(false);
    }
    tracing::warn!(shop = %s.shop.id, %error, "the look for new ids failed");
    if !error.may_be_the_call() {
        return Ok(false);
    }
    let mut narrow = narrow.unwrap_or_else(|| Narrow::page(0));
    let failed = narrow.failed(s.now());
    s.state().discover_narrow[kind] = Some(narrow);
    s.commit(Commit::default()).await?;
    Ok(failed == Failed::GoOn)
}

/// Compares the shop's own counts with the ledger's. A difference means that an event was lost: the sweep
/// that would find it tomorrow comes now, but not more than once in a while.
async fn notice_drift(s: &Session<'_>, counted: Option<ByKind<Glance>>) -> Result<(), Halt> {
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
    let mut found = s.state().count_drift.expected();
    for kind in [RecordKind::Subscriber, RecordKind::Customer] {
        let found = &mut found[kind];
        if kind == RecordKind::Customer && !s.config().customers.enabled {
            *found = RecordCounts::default();
            continue;
        }
        let ours = s.store.record_counts(s.shop.id, kind).await?;
        for (consent_only, found, ours) in [
            (false, &mut found.all, ours.all),
            (true, &mut found.consenting, ours.consenting),
        ] {
            let glanced = counted.and_then(|counted| {
                let of = counted[kind];
                if consent_only { of.consenting } else { of.all }
            });
            let theirs = match glanced {
                Some(glanced) => Ok(Some(glanced)),
                None => count_rows(s, kind, consent_only).await,
            };
            let theirs = match theirs {
                Ok(theirs) => theirs.and_then(|n| i64::try_from(n).ok()),
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(_)) => None,
            };
            // A shop that does not count tells of no difference.
            if let Some(theirs) = theirs {
                *found = theirs - ours;
            }
        }
    }
    let mut state = s.state();
    if state.count_drift.is_drift(found) {
        tracing::info!(shop = %s.shop.id, "the shop's counts have drifted from the ledger's: the sweep comes early");
        state.timers.sweep = now;
        state.timers.drift = now + millis(s.settings.drift_sweep_every);
        drop(state);
        cadence::note_loss(s);
    }
    Ok(())
}

/// Rows of a list as the shop counts them; those that consent, where it can count them apart.
pub async fn count_rows(
    s: &Session<'_>,
    kind: RecordKind,
    consent_only: bool,
) -> crate::error::ShopCall<Option<u64>> {
    match kind {
        RecordKind::Customer => {
            let filter: &[(&str, &str)] = if consent_only { &[("newsletter", "1")] } else { &[] };
            s.shoper_piece(|c| async move { c.count_users(filter).await })
                .await
        }
        RecordKind::Subscriber => {
            let filter: &[(&str, &str)] = if consent_only { &[("active", "1")] } else { &[] };
            s.shoper_piece(|c| async move { c.count_subscribers(filter).await })
                .await
        }
    }
}

async fn ids_after(
    s: &Session<'_>,
    kind: RecordKind,
    cursor: Cursor,
    of: Stretch,
) -> crate::error::ShopCall<(Vec<i64>, Option<Cursor>)> {
    let (mut ids, broken, next): (Vec<i64>, _, _) = match kind {
        RecordKind::Customer => {
            let page = s
                .shoper_piece(|c| async move { c.users_in(cursor, of).await })
                .await?;
            (page.rows.iter().map(|u| u.id.0).collect(), page.broken, page.next)
        }
        RecordKind::Subscriber => {
            let page = s
                .shoper_piece(|c| async move { c.subscribers_in(cursor, of).await })
                .await?;
            (page.rows.iter().map(|r| r.id.0).collect(), page.broken, page.next)
        }
    };
    // One that cannot be read in the list is looked at by itself.
    ids.extend(broken.into_iter().filter_map(|row| row.id));
    Ok((ids, next))
}
