//! Reading a list block by block: while one is written the next is read ahead.

use shoper_api::Cursor;
use store::{Priority, Run};
use sync_core::RecordKind;

use crate::addresses;
use crate::error::{CallError, Halt};
use crate::read::{self, Page};
use crate::report::Body;
use crate::session::{LIVE_RESERVE, SARE_RESERVE, Session, Turn, millis};

use super::judge::write;
use super::proof::{PROOF_COST, is_lookup_open};
use super::{Block, KIND, next_phase};

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
    let page_cost = if kind == RecordKind::Customer && addresses::are_needed(s) {
        2.0
    } else {
        1.0
    };
    let to_prove = if is_lookup_open(s) { PROOF_COST } else { 0.0 };
    let mut turn = s.begin(KIND, (page_cost, 2.0 + to_prove), (LIVE_RESERVE, SARE_RESERVE))?;
    let result = read_blocks(s, run, body, kind, page_cost, &mut turn).await;
    s.end(&turn, &result);
    result
}

async fn read_blocks(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
    page_cost: f64,
    turn: &mut Turn,
) -> Result<(), Halt> {
    let until = s.now() + millis(s.settings.slice);
    let cursor = body.cursor.unwrap_or_default();
    let mut block = match fetch(s, kind, cursor, page_cost).await {
        Ok(block) => block,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => return unreadable(s, run, body, kind, error).await,
    };
    loop {
        let next = block.next;
        // What is read ahead must find room to be written, or it was read in vain.
        let writing = s.sare_needs(KIND, 2.0);
        let more = next.filter(|_| {
            s.now() < until
                && s.shoper_room(LIVE_RESERVE) >= page_cost
                && s.sare_room(SARE_RESERVE) >= 2.0 * writing
        });
        let ahead = async {
            match more {
                Some(cursor) => Some(fetch(s, kind, cursor, page_cost).await),
                None => None,
            }
        };
        let (written, fetched) = futures_util::future::join(write(s, run, body, kind, block), ahead).await;
        written?;
        turn.got_on(s);
        if next.is_none() {
            return next_phase(s, run, body).await;
        }
        let live_waits = !s
            .store
            .due_dirty(s.shop.id, s.now(), Priority::Poll, 1)
            .await?
            .is_empty();
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
                return next_phase(s, run, body).await;
            }
            return Ok(());
        }
    }
}

async fn fetch(s: &Session<'_>, kind: RecordKind, from: Cursor, page_cost: f64) -> read::ShopCall<Block> {
    let mut block = Block {
        readings: Vec::new(),
        bad: Vec::new(),
        rows: 0,
        next: Some(from),
    };
    let enough = s.state().batch.current();
    for page_no in 0..BLOCK_PAGES {
        let Some(cursor) = block.next else { break };
        if page_no > 0
            && (block.readings.len() + 50 > enough.max(50) || s.shoper_room(LIVE_RESERVE) < page_cost)
        {
            break;
        }
        let page = match kind {
            RecordKind::Customer => read::customers(s, cursor).await,
            RecordKind::Subscriber => read::subscribers(s, cursor).await,
        };
        let Page {
            readings,
            bad,
            rows,
            next,
            ..
        } = match page {
            Ok(page) => page,
            // What was read is worth writing; the failure comes back at the next turn.
            Err(_) if page_no > 0 => break,
            Err(error) => return Err(error),
        };
        block.readings.extend(readings);
        block.bad.extend(bad);
        block.rows += rows;
        block.next = next;
    }
    Ok(block)
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
        body.rows_in_phase = -1;
        return next_phase(s, run, body).await;
    }
    tracing::warn!(shop = %s.shop.id, %error, "a list of the shop cannot be read");
    s.shop_problem("list", "list-not-understood", Some(error.to_string()))
        .await?;
    let until = s.now() + 60_000;
    Err(Halt::Wait {
        side: crate::error::Side::Shoper,
        until,
        why: "shop-away",
    })
}
