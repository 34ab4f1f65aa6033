//! Runs through a whole shop: the first synchronisation, a forced one, the daily sweep, the
//! back-fill after a changed configuration, and a dry run that only states.
//!
//! A run reads subscribers, then customers, page by page, its place kept in the ledger with every
//! commit. The first run and a back-fill write additions and updates as they go; everything that
//! changes a status, leaves a group or follows a change in the shop is held back until the run has
//! read all and stated what it would do; sweeps and forced runs hold back everything. Then the brake
//! is asked, and what was held goes the way of live changes, each contact read anew.
//!
//! While one block is being written to SARE the next is already being read from the shop, so that
//! neither service's latency adds to the other's.

use std::collections::{BTreeMap, HashMap, HashSet};

use shoper_api::Cursor;
use store::{
    AddrHash, Commit, Contact, ContactFilter, DirtyKey, DirtyMark, Outcome, Priority, Reason, Record, Run,
    RunKind, RunState,
};
use sync_core::config::{Config, ConsentRule};
use sync_core::consent::status;
use sync_core::plan::Step;
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::deliver::{Errand, deliver};
use crate::error::{CallError, Halt};
use crate::look;
use crate::lookup;
use crate::read::{self, Page};
use crate::report::{Body, Phase};
use crate::session::{LIVE_RESERVE, SARE_RESERVE, Session, Turn, bad_address, millis};
use crate::subject::{Assessed, Confirm, Reading, Subject, assess};

/// How long the first synchronisation is held at least after a preview of it.
const READING_MS: i64 = 10 * 60_000;
/// The kind of turn, in the lane's memory of what turns need.
const KIND: &str = "run";
/// Most pages read for one block: as many people as SARE is given at once.
const BLOCK_PAGES: usize = 5;

/// Makes the runs that are due: after a changed configuration, and the daily sweep.
pub async fn schedule(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    let active = s.store.active_run(s.shop.id).await?;
    let (seen, first_done) = {
        let state = s.state();
        (state.config_seen, state.first_done)
    };
    if s.shop.config_version > seen {
        if let Some(run) = &active {
            s.store.drop_held(&s.lease, run.id).await?;
            s.store
                .set_run_state(
                    s.shop.id,
                    run.id,
                    RunState::Cancelled,
                    Some("config-changed"),
                    now,
                )
                .await?;
        }
        let kind = if first_done {
            RunKind::Backfill
        } else {
            RunKind::First
        };
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store.create_run(s.shop.id, kind, &body.text(), now).await?;
        if !first_done {
            plan_sweep(s);
        }
        {
            // Another key is tried, and other names may be needed, at once.
            let mut state = s.state();
            state.config_seen = s.shop.config_version;
            state.timers.sare = 0;
            state.timers.labels = 0;
        }
        s.commit(Commit::default()).await?;
        return Ok(());
    }
    if active.is_none() && !first_done && s.state().timers.sweep <= now {
        // The first one was ended by a person before it was over: nothing else is looked after until one is.
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store
            .create_run(s.shop.id, RunKind::First, &body.text(), now)
            .await?;
        plan_sweep(s);
        s.commit(Commit::default()).await?;
        return Ok(());
    }
    if active.is_none() && first_done && s.state().timers.sweep <= now {
        let body = Body {
            allow_mailable: true,
            ..Body::default()
        };
        s.store
            .create_run(s.shop.id, RunKind::Sweep, &body.text(), now)
            .await?;
        plan_sweep(s);
        s.commit(Commit::default()).await?;
    }
    Ok(())
}

/// The next sweep: once a day, each shop at an hour of its own.
fn plan_sweep(s: &Session<'_>) {
    let now = s.now();
    let every = millis(s.settings.sweep_every).max(1);
    let offset = (s.shop.id.0.wrapping_mul(7_919_317)).rem_euclid(every);
    let mut next = now - now.rem_euclid(every) + offset;
    while next < now + every / 2 {
        next += every;
    }
    s.state().timers.sweep = next;
}

/// One stretch of the active run; whether there was anything to do.
pub async fn step(s: &Session<'_>) -> Result<bool, Halt> {
    let Some(mut run) = s.store.active_run(s.shop.id).await? else {
        return Ok(false);
    };
    let mut body = Body::parse(&run.body);
    if run.state == RunState::Braked {
        return Ok(false);
    }
    if run.state == RunState::Queued {
        run.state = RunState::Running;
        run.started_at = Some(s.now());
        body.phase = Phase::Counting;
    }
    let result = match body.phase {
        Phase::Counting => count(s, &mut run, &mut body).await,
        Phase::Subscribers => read_list(s, &mut run, &mut body, RecordKind::Subscriber).await,
        Phase::Customers => read_list(s, &mut run, &mut body, RecordKind::Customer).await,
        Phase::Remaining => remaining(s, &mut run, &mut body).await,
        Phase::Missing => missing(s, &mut run, &mut body).await,
        Phase::Applying => return applying(s, run, body).await,
        Phase::Finished => return Ok(false),
    };
    if let Err(Halt::Wait { why, .. }) = &result {
        // What was half done is not told: the place is the one last committed, or rows would be passed over.
        let mut body = Body::parse(&run.body);
        note_waiting(s, &mut run, &mut body, Some(why)).await?;
    }
    result.map(|()| true)
}

/// The run's body as it is told to people while it waits.
async fn note_waiting(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    why: Option<&str>,
) -> Result<(), Halt> {
    if body.waiting_for.as_deref() == why {
        return Ok(());
    }
    body.waiting_for = why.map(str::to_owned);
    save(s, run, body, Commit::default()).await
}

async fn save(s: &Session<'_>, run: &mut Run, body: &mut Body, mut commit: Commit) -> Result<(), Halt> {
    body.eta_seconds = eta(s, run, body);
    run.body = body.text();
    commit.run = Some(run.clone());
    s.commit(commit).await
}

/// Seconds left by the shop's own limit; nothing is promised before the shop was counted.
fn eta(s: &Session<'_>, run: &Run, body: &Body) -> Option<i64> {
    let total = body.total?;
    let left = (total - body.done).max(0);
    let calls_a_page = match s.config {
        Some(_) if addresses::are_single(s) => 51,
        Some(_) if addresses::are_needed(s) => 2,
        _ => 1,
    };
    let calls = (left / 50 + i64::from(left % 50 > 0)) * calls_a_page;
    let rate = s.state().shoper.rate;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "seconds, for people"
    )]
    let by_limit = (calls as f64 / rate).ceil() as i64;
    let spent = run.started_at.map_or(0, |at| (s.now() - at) / 1000);
    let by_pace = if body.done > 500 {
        spent * left / body.done
    } else {
        0
    };
    Some(by_limit.max(by_pace))
}

fn is_first_like(s: &Session<'_>, kind: RunKind) -> bool {
    match kind {
        RunKind::First | RunKind::Backfill => true,
        RunKind::DryRun => !s.state().first_done,
        RunKind::Forced | RunKind::Sweep => false,
    }
}

async fn count(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let turn = s.begin("count", (4.0, 0.0), (0.0, 0.0))?;
    let result = count_lists(s, run, body).await;
    s.end(&turn, &result);
    result
}

async fn count_lists(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let config = s.config();
    let mut total = 0;
    let mut known = true;
    let mut bound = 0;
    let subscribers = counted(s, RecordKind::Subscriber, false).await?;
    body.reads_customers = config.customers.enabled;
    let customers = if config.customers.enabled {
        counted(s, RecordKind::Customer, false).await?
    } else {
        Some(0)
    };
    for one in [subscribers, customers] {
        match one {
            Some(n) => total += n,
            None => known = false,
        }
    }
    if run.kind == RunKind::First {
        for (kind, wanted) in [
            (
                RecordKind::Subscriber,
                config.subscribers.enabled || config.customers.consent != ConsentRule::Flag,
            ),
            (
                RecordKind::Customer,
                config.customers.enabled && config.customers.consent != ConsentRule::Subscriber,
            ),
        ] {
            if wanted {
                bound += counted(s, kind, true).await?.unwrap_or(total);
            }
        }
        body.statement.mailable = bound.min(total);
        body.statement.is_bound = true;
    }
    body.total = known.then_some(total);
    body.phase = Phase::Subscribers;
    body.cursor = None;
    save(s, run, body, Commit::default()).await
}

/// Rows of a list as the shop counts them. What it said a moment ago to a turn that was halted is not asked again.
async fn counted(s: &Session<'_>, kind: RecordKind, consenting: bool) -> Result<Option<i64>, Halt> {
    let what = match (kind, consenting) {
        (RecordKind::Subscriber, false) => "subscribers",
        (RecordKind::Subscriber, true) => "active",
        (RecordKind::Customer, false) => "customers",
        (RecordKind::Customer, true) => "newsletter",
    };
    if let Some(count) = s.recent_count(what) {
        return Ok((count >= 0).then_some(count));
    }
    let count = match look::counted(s, kind, consenting).await {
        Ok(n) => n.and_then(|n| i64::try_from(n).ok()),
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(_)) => None,
    };
    s.note_count(what, count.unwrap_or(-1));
    Ok(count)
}

/// A stretch of one list, read ahead while it is written.
struct Block {
    readings: Vec<Reading>,
    bad: Vec<RecordKey>,
    rows: i64,
    next: Option<Cursor>,
}

async fn read_list(s: &Session<'_>, run: &mut Run, body: &mut Body, kind: RecordKind) -> Result<(), Halt> {
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
        s.shop_problem(
            &format!("no-scope:{resource}"),
            "no-scope",
            Some(resource.clone()),
        )
        .await?;
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

async fn next_phase(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    body.phase = match body.phase {
        Phase::Counting => Phase::Subscribers,
        Phase::Subscribers => Phase::Customers,
        Phase::Customers if is_first_like(s, run.kind) => Phase::Remaining,
        Phase::Customers | Phase::Remaining => Phase::Missing,
        Phase::Missing | Phase::Applying | Phase::Finished => Phase::Finished,
    };
    body.cursor = None;
    body.ledger_cursor = None;
    body.rows_in_phase = 0;
    body.waiting_for = None;
    save(s, run, body, Commit::default()).await
}

/// Judges a block and does with it what this kind of run does.
async fn write(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
    block: Block,
) -> Result<(), Halt> {
    let config = s.config();
    let now = s.now();
    let first_like = is_first_like(s, run.kind);
    let mut commit = Commit::default();
    commit
        .problems
        .extend(block.bad.iter().map(|key| bad_address(*key, now)));
    body.counters.failed += i64::try_from(block.bad.len()).unwrap_or(0);

    let keys: Vec<RecordKey> = block.readings.iter().map(|r| r.key).collect();
    let hashes: Vec<AddrHash> = block.readings.iter().map(|r| r.hash).collect();
    let (before, siblings, mut contacts) = futures_util::future::try_join3(
        s.store.records(s.shop.id, &keys),
        s.store.records_of(s.shop.id, &hashes),
        s.store.contacts(s.shop.id, &hashes),
    )
    .await?;
    let mut by_hash: HashMap<AddrHash, Vec<Record>> = HashMap::new();
    for record in siblings {
        by_hash.entry(record.hash).or_default().push(record);
    }

    let mut subjects: BTreeMap<AddrHash, Subject> = BTreeMap::new();
    let mut marked: HashSet<RecordKey> = HashSet::new();
    for mut reading in block.readings {
        let old = before.get(&reading.key);
        let changed = old.is_some_and(|r| r.consent != reading.consent || r.hash != reading.hash);
        let unknown = old.is_none() && !first_like;
        if let Some(record) = old {
            commit.records.push(Record {
                run_id: Some(run.id),
                ..record.clone()
            });
        }
        if changed || unknown {
            // Something happened that no event told: this contact is read anew when the run has read all.
            marked.insert(reading.key);
        }
        reading.before = old.cloned();
        let subject = subjects
            .entry(reading.hash)
            .or_insert_with(|| Subject::new(reading.hash, reading.email.clone(), reason_of(run.kind)));
        subject.readings.push(reading);
    }
    let mut to_assess = Vec::new();
    for (hash, mut subject) in subjects {
        subject.contact = contacts.remove(&hash);
        let read: HashSet<RecordKey> = subject.readings.iter().map(|r| r.key).collect();
        subject.known = by_hash.remove(&hash).unwrap_or_default();
        subject.known.retain(|r| !read.contains(&r.key));
        let has_customer = subject.known.iter().any(|r| r.key.kind == RecordKind::Customer);
        let is_marked = read.iter().any(|key| marked.contains(key));
        if kind == RecordKind::Subscriber
            && first_like
            && !is_marked
            && waits_for_customers(config, body, &subject)
        {
            put_off(&subject, run.id, now, &mut commit);
            continue;
        }
        if kind == RecordKind::Subscriber && has_customer && body.reads_customers && !is_marked {
            continue;
        }
        to_assess.push((subject, is_marked));
    }
    let flags: HashSet<AddrHash> = to_assess
        .iter()
        .filter(|(_, m)| *m)
        .map(|(x, _)| x.hash)
        .collect();
    let assessed = assess(s, to_assess.into_iter().map(|(x, _)| x).collect(), Confirm::No).await?;
    body.rows_in_phase += block.rows;
    body.done += block.rows;
    body.cursor = block.next;
    body.waiting_for = None;
    dispose(s, run, body, assessed, &flags, commit).await
}

fn reason_of(kind: RunKind) -> Reason {
    match kind {
        RunKind::First | RunKind::Backfill => Reason::Backfill,
        RunKind::Forced => Reason::Forced,
        RunKind::Sweep | RunKind::DryRun => Reason::Sweep,
    }
}

/// Whether a subscriber's verdict depends on customers not yet read.
fn waits_for_customers(config: &Config, body: &Body, subject: &Subject) -> bool {
    if !body.reads_customers {
        return false;
    }
    let active = subject.readings.iter().all(|r| r.consent);
    match config.customers.consent {
        ConsentRule::Flag => true,
        ConsentRule::Subscriber => false,
        ConsentRule::FlagOrSubscriber => !active,
    }
}

/// Keeps the contact for the end of the run, when all customers are known.
fn put_off(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    if subject.contact.is_none() {
        commit
            .contacts
            .push(Contact::new(subject.hash, subject.email.as_str().to_owned(), now));
    }
    note_records(subject, run, now, commit);
}

/// Notes that a dry run has stated what would become of the contact: its other records do not count again.
fn note_stated(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    let known = || Contact::new(subject.hash, subject.email.as_str().to_owned(), now);
    commit.contacts.push(Contact {
        run_id: Some(run),
        ..subject.contact.clone().unwrap_or_else(known)
    });
    note_records(subject, run, now, commit);
}

fn note_records(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    commit.records.extend(
        subject
            .readings
            .iter()
            .filter(|r| r.before.is_none())
            .map(|r| Record {
                key: r.key,
                hash: r.hash,
                consent: r.consent,
                extra: r.extra.clone(),
                run_id: Some(run),
                seen_at: now,
            }),
    );
}

/// Counts, marks or delivers what was judged, and commits the run's new place with it.
async fn dispose(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    assessed: Vec<Assessed>,
    flagged: &HashSet<AddrHash>,
    mut commit: Commit,
) -> Result<(), Halt> {
    let config = s.config();
    let direct = matches!(run.kind, RunKind::First | RunKind::Backfill);
    let mut now_delivered = Vec::new();
    let states_only = run.kind == RunKind::DryRun;
    for a in assessed {
        let was_stated = a
            .subject
            .contact
            .as_ref()
            .is_some_and(|c| c.run_id == Some(run.id));
        if states_only && was_stated {
            // Another record of the same person was read before.
            continue;
        }
        let writes_as_it_goes = matches!(
            a.step,
            Step::Add { confirm: false, .. }
                | Step::Update
                | Step::Keep
                | Step::Suppress
                | Step::Skip
                | Step::HandsOff
        ) && !a.unsure
            && !a.tells_shop(config)
            && !a.owes_leaving(config)
            && !flagged.contains(&a.subject.hash);
        if direct && writes_as_it_goes {
            now_delivered.push(a);
            continue;
        }
        state_it(body, &a);
        if states_only {
            body.show(a.step, a.subject.hash);
        }
        let settled = a.is_settled(config) && !flagged.contains(&a.subject.hash);
        if settled {
            let slot = match a.step {
                Step::Suppress => &mut body.counters.suppressed,
                Step::Skip | Step::Leave(_) => &mut body.counters.skipped,
                Step::HandsOff => &mut body.counters.hands_off,
                _ => &mut body.counters.unchanged,
            };
            *slot += 1;
        } else if !states_only {
            hold(s, run, &a, &mut commit);
        }
        if states_only && is_first_like(s, run.kind) {
            note_stated(&a.subject, run.id, s.now(), &mut commit);
        }
    }
    if now_delivered.is_empty() {
        return save(s, run, body, commit).await;
    }
    let place = (body.cursor, body.ledger_cursor.clone());
    for a in &now_delivered {
        if !body.statement.is_bound && a.step.makes_mailable(a.sare) {
            body.statement.mailable += 1;
        }
    }
    let expected = now_delivered.len();
    let mut delivered = deliver(
        s,
        now_delivered,
        Errand {
            run: Some(run.id),
            counts: true,
        },
    )
    .await?;
    prove_lookup(s, &delivered.commit.contacts).await;
    add(&mut body.counters, &delivered.counters);
    let done = delivered.over;
    let mut all = delivered.commit;
    // Records that the delivery brings are newer than those merely marked as seen.
    let fresh: HashSet<RecordKey> = all.records.iter().map(|r| r.key).collect();
    commit.records.retain(|r| !fresh.contains(&r.key));
    all.records.append(&mut commit.records);
    all.contacts.append(&mut commit.contacts);
    all.marks.append(&mut commit.marks);
    all.problems.append(&mut commit.problems);
    if let Some(halt) = delivered.halted.take() {
        // Not all were written: the place in the list stays, the written ones are found unchanged then.
        if done < expected {
            let saved = Body::parse(&run.body);
            (body.cursor, body.ledger_cursor) = (saved.cursor, saved.ledger_cursor);
            body.done = saved.done;
            body.rows_in_phase = saved.rows_in_phase;
        }
        save(s, run, body, all).await?;
        return Err(halt);
    }
    (body.cursor, body.ledger_cursor) = place;
    all.success_at = Some(s.now());
    save(s, run, body, all).await
}

fn add(sum: &mut crate::report::Counters, more: &crate::report::Counters) {
    sum.added += more.added;
    sum.updated += more.updated;
    sum.unchanged += more.unchanged;
    sum.suppressed += more.suppressed;
    sum.skipped += more.skipped;
    sum.hands_off += more.hands_off;
    sum.unsubscribed += more.unsubscribed;
    sum.failed += more.failed;
}

/// What the run would do with the contact, in its statement.
fn state_it(body: &mut Body, a: &Assessed) {
    let statement = &mut body.statement;
    // Whom SARE did not take was stated when they were first sent: such a one holds up no later run.
    let stated = a
        .subject
        .contact
        .as_ref()
        .is_some_and(|c| c.outcome == Outcome::Failed && c.consent == Some(true));
    if a.step.makes_mailable(a.sare) && !stated && !statement.is_bound {
        statement.mailable += 1;
    }
    if a.step.makes_unmailable(a.sare) {
        statement.unmailable += 1;
    }
    let slot = match a.step {
        Step::Add { .. } => &mut statement.added,
        Step::Update | Step::Raise { .. } | Step::Unsubscribe { .. } => &mut statement.updated,
        Step::Keep => &mut statement.unchanged,
        Step::Suppress => &mut statement.suppressed,
        Step::Skip | Step::HandsOff => &mut statement.skipped,
        Step::Leave(_) => &mut statement.gone,
    };
    *slot += 1;
}

fn hold(s: &Session<'_>, run: &Run, a: &Assessed, commit: &mut Commit) {
    let now = s.now();
    let mark = |key| DirtyMark {
        key,
        due_at: now,
        priority: Priority::Bulk,
        reason: reason_of(run.kind),
        held_by: Some(run.id),
    };
    if a.subject.readings.is_empty() {
        commit.marks.push(mark(DirtyKey::Address(a.subject.hash)));
    }
    commit
        .marks
        .extend(a.subject.readings.iter().map(|r| mark(DirtyKey::Record(r.key))));
}

/// Contacts put off until customers were known, and those a part of the run could not settle.
async fn remaining(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let turn = s.begin("remaining", (0.0, 2.0), (0.0, SARE_RESERVE))?;
    let result = settle_some(s, run, body).await;
    s.end(&turn, &result);
    result
}

async fn settle_some(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let after = body.ledger_cursor.as_deref().and_then(AddrHash::from_hex);
    let limit = i64::try_from(lookup::at_once(s)).unwrap_or(100);
    let contacts = s
        .store
        .contacts_after(s.shop.id, after, limit, ContactFilter::Unsettled(run.id))
        .await?;
    let Some(last) = contacts.last() else {
        return next_phase(s, run, body).await;
    };
    body.ledger_cursor = Some(last.hash.to_hex());
    let hashes: Vec<AddrHash> = contacts.iter().map(|c| c.hash).collect();
    let mut records: HashMap<AddrHash, Vec<Record>> = HashMap::new();
    for record in s.store.records_of(s.shop.id, &hashes).await? {
        records.entry(record.hash).or_default().push(record);
    }
    let mut subjects = Vec::new();
    for contact in contacts {
        let known = records.remove(&contact.hash).unwrap_or_default();
        let only_subscriber = !known.is_empty() && known.iter().all(|r| r.key.kind == RecordKind::Subscriber);
        let seen_now = known.iter().any(|r| r.run_id == Some(run.id));
        let email = contact
            .address
            .as_deref()
            .and_then(|a| sync_core::email::Email::parse(a).ok());
        let (true, true, Some(email)) = (only_subscriber, seen_now, email) else {
            continue;
        };
        let mut subject = Subject::new(contact.hash, email, reason_of(run.kind));
        subject.known = known;
        subject.contact = Some(contact);
        subjects.push(subject);
    }
    let assessed = assess(s, subjects, Confirm::No).await?;
    dispose(s, run, body, assessed, &HashSet::new(), Commit::default()).await
}

/// Records of the ledger that the run did not see: asked after one by one when it is over.
async fn missing(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let mut kinds = vec![RecordKind::Subscriber];
    if body.reads_customers {
        kinds.push(RecordKind::Customer);
    }
    if run.kind != RunKind::First {
        for kind in kinds {
            let mut after = 0;
            loop {
                let unseen = s
                    .store
                    .unseen_records(s.shop.id, kind, run.id, after, 200)
                    .await?;
                let Some(last) = unseen.last() else { break };
                after = last.key.id;
                let hashes: Vec<AddrHash> = unseen.iter().map(|r| r.hash).collect();
                let contacts = s.store.contacts(s.shop.id, &hashes).await?;
                let now = s.now();
                let mut commit = Commit::default();
                for record in unseen {
                    body.statement.gone += 1;
                    let mailable = contacts
                        .get(&record.hash)
                        .is_some_and(|c| c.sare_status == Some(status::CONFIRMED));
                    body.statement.unmailable += i64::from(mailable);
                    if run.kind != RunKind::DryRun {
                        commit.marks.push(DirtyMark {
                            key: DirtyKey::Record(record.key),
                            due_at: now,
                            priority: Priority::Bulk,
                            reason: Reason::Missing,
                            held_by: Some(run.id),
                        });
                    }
                }
                s.commit(commit).await?;
            }
        }
    }
    conclude(s, run, body).await
}

/// All is read and stated: refuse, brake, or let go what was held.
async fn conclude(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    if run.kind == RunKind::DryRun {
        return finish(s, run, body, RunState::Done, None).await;
    }
    if run.kind == RunKind::Forced && body.statement.mailable > 0 && !body.allow_mailable {
        s.store.drop_held(&s.lease, run.id).await?;
        let why = format!("would-make-mailable:{}", body.statement.mailable);
        return finish(s, run, body, RunState::Refused, Some(why)).await;
    }
    let counts = s.store.counts(s.shop.id).await?;
    let brake = s.config().brake;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a share of a count of contacts"
    )]
    let most = ((counts.contacts as f64 * brake.share) as i64).max(i64::from(brake.at_least));
    let taken = body.statement.unmailable.max(body.statement.gone);
    if taken > most && !body.brake_released {
        run.state = RunState::Braked;
        s.shop_problem("brake", "brake", Some(format!("{taken}/{}", counts.contacts)))
            .await?;
        return save(s, run, body, Commit::default()).await;
    }
    s.shop_problem_over("brake").await?;
    s.store.release_held(&s.lease, run.id, s.now()).await?;
    body.phase = Phase::Applying;
    save(s, run, body, Commit::default()).await
}

/// Over when nothing that was let go is waiting any more.
async fn applying(s: &Session<'_>, mut run: Run, mut body: Body) -> Result<bool, Halt> {
    if !s
        .store
        .due_dirty(s.shop.id, s.now(), Priority::Bulk, 1)
        .await?
        .is_empty()
    {
        return Ok(false);
    }
    finish(s, &mut run, &mut body, RunState::Done, None).await?;
    Ok(true)
}

async fn finish(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    state: RunState,
    error: Option<String>,
) -> Result<(), Halt> {
    let now = s.now();
    if run.kind == RunKind::First && state == RunState::Done {
        let users = s
            .store
            .max_record_id(s.shop.id, RecordKind::Customer)
            .await?
            .unwrap_or(0);
        let subscribers = s
            .store
            .max_record_id(s.shop.id, RecordKind::Subscriber)
            .await?
            .unwrap_or(0);
        {
            let mut state = s.state();
            state.first_done = true;
            state.base = (users, subscribers);
            state.watermark = (users, subscribers);
            state.timers.look = now;
            state.timers.poll = now;
        }
        plan_sweep(s);
    }
    if run.kind != RunKind::DryRun && state == RunState::Done {
        s.state().differences = None;
    }
    body.phase = Phase::Finished;
    body.cursor = None;
    body.waiting_for = None;
    run.state = state;
    run.error = error;
    run.ended_at = Some(now);
    run.body = Body {
        eta_seconds: None,
        ..body.clone()
    }
    .text();
    if run.kind == RunKind::DryRun && s.is_before_first_run() {
        // Whoever asked for it gets the time to read it.
        s.prolong_hold(now + READING_MS).await?;
    }
    let commit = Commit {
        run: Some(run.clone()),
        success_at: Some(now),
        ..Commit::default()
    };
    s.commit(commit).await
}

/// Proves once that SARE understands our lists of addresses: a contact just taken must be named.
/// An account that takes lists in the other form would seem to know nobody (sare-api.md 16 row 4).
async fn prove_lookup(s: &Session<'_>, contacts: &[Contact]) {
    // With no room for it now, the next block proves it: what this one has done is to be committed.
    if !is_lookup_open(s) || s.sare_room(0.0) < PROOF_COST {
        return;
    }
    let Some(contact) = contacts
        .iter()
        .find(|c| c.outcome == Outcome::Synchronised && c.address.is_some())
    else {
        return;
    };
    let address = contact.address.clone().unwrap_or_default();
    match lookup::probe(s, &address).await {
        Ok(probed) => {
            lookup::take(s, probed);
            // SARE may take contacts in later: tried again with the next block.
            s.state().lookup_tries += u32::from(!probed.is_proven);
        }
        // An outage is met again by the next call.
        Err(CallError::Halt(_)) => {}
        Err(CallError::Api(_)) => s.state().lookup_tries += 1,
    }
}

/// Requests that a proof takes at most.
const PROOF_COST: f64 = 3.0;

/// Whether it is still to be proven that SARE understands our lists of addresses.
fn is_lookup_open(s: &Session<'_>) -> bool {
    let state = s.state();
    !state.lookup_proven && state.lookup_tries < 10
}
