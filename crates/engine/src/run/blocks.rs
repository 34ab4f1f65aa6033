//! Reading a list block by block: while one is written the next is read ahead.

use shoper_api::{Cursor, Next, Stretch, Walk};
use store::{Commit, Priority, Run};
use sync_core::{Cause, ProblemKind, RecordKind, Topic};

use crate::addresses;
use crate::error::{CallError, Halt, Side};
use crate::narrow::{Failed, Narrow};
use crate::passed_over::PassedOver;
use crate::read::{self, Page};
use crate::report::Body;
use crate::session::Session;
use ports::millis;

use super::judge::write;
use super::{Block, next_phase, save};

/// Most pages read for one block: as many people as SARE is given at once.
const BLOCK_PAGES: usize = 5;

pub(super) async fn read_list(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
) -> Result<(), Halt> {
    if kind == RecordKind::Customer && !body.reads_customers {
        return next_phase(s, run, body).await;
    }
    if kind == RecordKind::Customer && addresses::is_list_wanted(s, Some(run.id)) {
        return list_addresses(s, run, body).await;
    }
    s.may_ask_shop()?;
    s.may_ask_sare()?;
    read_blocks(s, run, body, kind).await
}

/// A stretch of the list of all addresses, where customers' own cannot be asked for.
async fn list_addresses(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    addresses::step(s, Some(run.id)).await?;
    body.waiting_for = Some(Cause::ShopAddresses);
    body.moved_at = Some(s.now());
    save(s, run, body, Commit::default()).await
}

async fn read_blocks(s: &Session<'_>, run: &mut Run, body: &mut Body, kind: RecordKind) -> Result<(), Halt> {
    let until = s.now() + millis(s.settings.slice);
    if let Some(narrow) = body.narrow {
        return read_narrowly(s, run, body, kind, narrow).await;
    }
    let cursor = body.cursor.unwrap_or_default();
    let mut block = match fetch(s, kind, cursor, body.walk, run.id).await {
        Ok(block) => block,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => return unreadable(s, run, body, kind, error).await,
    };
    let run_id = run.id;
    loop {
        let (next, walk) = (block.next, block.walk);
        let more = next.filter(|next| next.into == 0 && s.now() < until);
        let ahead = async {
            match more {
                Some(next) => Some(fetch(s, kind, next.cursor, walk, run_id).await),
                None => None,
            }
        };
        let (written, fetched) = futures_util::future::join(write(s, run, body, kind, block), ahead).await;
        written?;
        if next.is_none() {
            return end_of_list(s, run, body, kind).await;
        }
        let live_waits = live_waits(s).await?;
        block = match fetched {
            None => return Ok(()),
            Some(Ok(block)) => block,
            Some(Err(CallError::Halt(halt))) => return Err(halt),
            Some(Err(CallError::Api(error))) => return unreadable(s, run, body, kind, error).await,
        };
        if live_waits {
            // What was read ahead is written first; then live changes have their turn.
            let last = block.next.is_none();
            write(s, run, body, kind, block).await?;
            if last {
                return end_of_list(s, run, body, kind).await;
            }
            return Ok(());
        }
    }
}

/// Whether changes wait that go before a run.
async fn live_waits(s: &Session<'_>) -> Result<bool, Halt> {
    let due = s.store.due_dirty(s.shop.id, s.now(), Priority::Poll, 1);
    Ok(!due.await?.is_empty())
}

async fn fetch(
    s: &Session<'_>,
    kind: RecordKind,
    from: Cursor,
    walk: Walk,
    run: i64,
) -> crate::error::ShopCall<Block> {
    let mut block = Block {
        next: Some(Next {
            cursor: from,
            into: 0,
        }),
        walk,
        ..Block::default()
    };
    let enough = s.state().batch.current();
    for page_no in 0..BLOCK_PAGES {
        let Some(next) = block.next else { break };
        if page_no > 0 {
            let is_full = next.into > 0 || block.readings.len() + 50 > enough.max(50);
            // What could be written at once is not kept waiting for more; while SARE has no room, more is read meanwhile.
            let is_wanted = s.shop_permits() <= 2 && s.sare_has_permits();
            if is_full || is_wanted || live_waits(s).await? {
                break;
            }
        }
        let mut walk = block.walk;
        let page = read::page(s, kind, next.cursor, Stretch::PAGE, &mut walk, run).await;
        let page = match page {
            Ok(page) => page,
            // What was read is worth writing; the failure comes back at the next turn.
            Err(_) if page_no > 0 => break,
            Err(error) => return Err(error),
        };
        take(&mut block, page, walk);
    }
    block.narrow = block.next.and_then(|next| Narrow::on(next.into));
    Ok(block)
}

fn take(block: &mut Block, page: Page, walk: Walk) {
    block.readings.extend(page.readings);
    block.bad.extend(page.bad);
    block.bad_consenting += page.bad_consenting;
    block.broken.extend(page.broken);
    block.nameless.extend(page.nameless);
    block.rows += page.rows;
    block.next = page.next;
    block.walk = walk;
}

/// Reads a part of a page, where one record makes the whole of it fail.
async fn read_narrowly(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
    narrow: Narrow,
) -> Result<(), Halt> {
    if narrow.until > s.now() {
        return Err(Halt::Wait {
            side: Side::Shoper,
            until: narrow.until,
            why: Cause::ShopRecord,
        });
    }
    let at = body.cursor.unwrap_or_default();
    let before = body.walk;
    let mut walk = body.walk;
    let page = match read::page(s, kind, at, narrow.stretch(), &mut walk, run.id).await {
        Ok(page) => page,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => return unreadable(s, run, body, kind, error).await,
    };
    walk.pass(narrow.passed);
    let after = match at {
        Cursor::After(id) => id,
        Cursor::Page { after, .. } => before.top.max(after),
    };
    let mut block = Block {
        passed: (narrow.passed > 0).then_some(PassedOver {
            after,
            before: page.least.filter(|id| *id > after),
            records: narrow.passed,
            may_be_any: walk.is_mixed(),
        }),
        ..Block::default()
    };
    take(&mut block, page, walk);
    block.narrow = block.next.and_then(|next| narrow.read(next));
    block.rows += i64::from(narrow.passed);
    let is_over = block.next.is_none();
    write(s, run, body, kind, block).await?;
    if is_over {
        return end_of_list(s, run, body, kind).await;
    }
    Ok(())
}

/// The list is read to its end. One in which rows were missed, as they moved while it was read by numbered pages, is read
/// once more; when it is still short, that is told.
async fn end_of_list(s: &Session<'_>, run: &mut Run, body: &mut Body, kind: RecordKind) -> Result<(), Halt> {
    let missed = body.walk.missed();
    if missed > 0 && !body.again {
        tracing::info!(shop = %s.shop.id, ?kind, missed, "fewer rows were met than the list counts: it is read once more");
        body.again = true;
        body.done -= body.rows_in_phase;
        body.rows_in_phase = 0;
        body.cursor = None;
        body.narrow = None;
        body.walk = Walk::default();
        return save(s, run, body, Commit::default()).await;
    }
    if missed > 0 {
        let counted = body.walk.count.unwrap_or_default();
        report_short(s, body, kind, &counted.to_string()).await?;
    } else {
        s.shop_problem_over(Topic::ListShort(kind)).await?;
    }
    if !body.nameless {
        s.shop_problem_over(Topic::PassedOver(kind)).await?;
    }
    s.shop_problem_over(Topic::List(kind)).await?;
    next_phase(s, run, body).await
}

/// The list counts rows and gives none of them out, wherever it is asked for them: told, and the run goes on without.
async fn short_of_all(s: &Session<'_>, run: &mut Run, body: &mut Body, kind: RecordKind) -> Result<(), Halt> {
    report_short(s, body, kind, "?").await?;
    body.unread[kind] = true;
    next_phase(s, run, body).await
}

/// Tells that a list gave out fewer rows than it counts; who is missing from it is not gone.
async fn report_short(s: &Session<'_>, body: &mut Body, kind: RecordKind, counted: &str) -> Result<(), Halt> {
    let detail = format!("{}/{counted}", body.walk.rows);
    s.shop_problem(Topic::ListShort(kind), ProblemKind::ListShort, Some(detail))
        .await?;
    body.short[kind] = true;
    Ok(())
}

async fn unreadable(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
    error: shoper_api::Error,
) -> Result<(), Halt> {
    if let shoper_api::Error::Forbidden { resource } = &error {
        // This part stops, the rest goes on (shoper-api.md H.10).
        s.not_permitted(resource).await?;
        if kind == RecordKind::Customer {
            body.reads_customers = false;
        }
        body.unread[kind] = true;
        return next_phase(s, run, body).await;
    }
    tracing::warn!(shop = %s.shop.id, %error, "a list of the shop cannot be read");
    let mut until = s.now() + 60_000;
    if error.may_be_the_call() {
        let mut narrow = body.narrow.unwrap_or_else(|| Narrow::page(0));
        let failed = narrow.failed(s.now());
        body.narrow = Some(narrow);
        save(s, run, body, Commit::default()).await?;
        match failed {
            Failed::GoOn => return Ok(()),
            Failed::Again => {
                return Err(Halt::Wait {
                    side: Side::Shoper,
                    until: narrow.until,
                    why: Cause::ShopRecord,
                });
            }
            Failed::GaveUp if read::is_hollow(&error) => return short_of_all(s, run, body, kind).await,
            Failed::GaveUp => until = narrow.until,
        }
    }
    s.shop_problem(
        Topic::List(kind),
        ProblemKind::ListNotUnderstood,
        Some(error.to_string()),
    )
    .await?;
    Err(Halt::Wait {
        side: Side::Shoper,
        until,
        why: Cause::ShopList,
    })
}
