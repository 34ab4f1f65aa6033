//! What a run does with what was judged: written as it goes, held until all is read, or only stated.

use std::collections::HashSet;

use store::{AddrHash, Commit, Contact, DirtyKey, DirtyMark, Outcome, Priority, Run};
use sync_core::RecordKey;
use sync_core::plan::Step;

use crate::deliver::{Delivery, deliver};
use crate::error::Halt;
use crate::report::{Body, Counters};
use crate::session::Session;
use crate::subject::{Assessed, Subject};

use super::proof::prove_lookup;
use super::{is_first_like, save};

/// Counts, marks or delivers what was judged, and commits the run's new place with it.
pub(super) async fn act_on(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    assessed: Vec<Assessed>,
    flagged: &HashSet<AddrHash>,
    mut commit: Commit,
) -> Result<(), Halt> {
    let policy = run.kind.policy();
    let mut now_delivered = Vec::new();
    let aside = if policy.writes_as_it_goes {
        put_aside(s, run, &assessed).await?
    } else {
        HashSet::new()
    };
    for a in assessed {
        if aside.contains(&a.subject.hash) {
            continue;
        }
        let was_stated = a
            .subject
            .contact
            .as_ref()
            .is_some_and(|c| c.run_id == Some(run.id));
        if policy.only_states && was_stated {
            // Another record of the same person was read before.
            continue;
        }
        if policy.writes_as_it_goes && may_be_written(&a, flagged) {
            now_delivered.push(a);
            continue;
        }
        add_to_statement(body, &a);
        if policy.only_states {
            body.show(a.step, a.subject.hash);
        }
        let settled = a.is_settled() && !flagged.contains(&a.subject.hash);
        if settled {
            *settled_as(&a, &mut body.counters) += 1;
        } else if !policy.only_states {
            hold(s, run, &a, &mut commit);
        }
        if policy.only_states && is_first_like(s, policy) {
            note_stated(&a.subject, run.id, s.now(), &mut commit);
        }
    }
    if now_delivered.is_empty() {
        return save(s, run, body, commit).await;
    }
    write(s, run, body, now_delivered, commit).await
}

/// Writes contacts to SARE and commits the run's new place with what came of it.
async fn write(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    contacts: Vec<Assessed>,
    mut commit: Commit,
) -> Result<(), Halt> {
    let place = (body.cursor, body.ledger_cursor.clone());
    for a in &contacts {
        if !body.statement.is_bound && a.step.makes_mailable(a.sare) {
            body.statement.mailable += 1;
        }
    }
    let expected = contacts.len();
    let mut delivered = deliver(
        s,
        contacts,
        Delivery {
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
    all.resolved.append(&mut commit.resolved);
    if let Some(halt) = delivered.halted.take() {
        // Not all were written: the place in the list stays, the written ones are found unchanged then.
        if done < expected {
            let saved = Body::parse(&run.body);
            (body.cursor, body.ledger_cursor) = (saved.cursor, saved.ledger_cursor);
            (body.narrow, body.walk, body.nameless) = (saved.narrow, saved.walk, saved.nameless);
            body.done = saved.done;
            if done == 0 {
                body.moved_at = saved.moved_at;
            }
            body.rows_in_phase = saved.rows_in_phase;
        }
        save(s, run, body, all).await?;
        return Err(halt);
    }
    (body.cursor, body.ledger_cursor) = place;
    all.success_at = Some(s.now());
    save(s, run, body, all).await
}

/// Whether a run that writes as it goes may write the contact at once.
fn may_be_written(a: &Assessed, flagged: &HashSet<AddrHash>) -> bool {
    let is_harmless = matches!(
        a.step,
        Step::Add { confirm: false, .. }
            | Step::Update
            | Step::Keep
            | Step::Suppress
            | Step::Skip
            | Step::HandsOff
    );
    is_harmless && !a.unsure && !a.tells_shop && !a.must_leave_groups() && !flagged.contains(&a.subject.hash)
}

/// The counter of a contact about which nothing is to be done.
fn settled_as<'c>(a: &Assessed, counters: &'c mut Counters) -> &'c mut i64 {
    match a.step {
        _ if a.subject.is_in_part() => &mut counters.failed,
        Step::Suppress => &mut counters.suppressed,
        Step::Skip | Step::Leave(_) => &mut counters.skipped,
        Step::HandsOff => &mut counters.hands_off,
        _ => &mut counters.unchanged,
    }
}

/// Contacts that this run has tried before it was halted in the same place, and that have a turn of their own now: tried
/// again by the run, they would take the places of those after them each time.
async fn put_aside(s: &Session<'_>, run: &Run, assessed: &[Assessed]) -> Result<HashSet<AddrHash>, Halt> {
    let was_tried = |a: &&Assessed| {
        let contact = a.subject.contact.as_ref();
        contact.is_some_and(|c| c.run_id == Some(run.id)) && matches!(a.step, Step::Add { .. } | Step::Update)
    };
    let tried: Vec<DirtyKey> = assessed
        .iter()
        .filter(was_tried)
        .map(|a| DirtyKey::Address(a.subject.hash))
        .collect();
    if tried.is_empty() {
        return Ok(HashSet::new());
    }
    let waiting = s.store.waiting_of(s.shop.id, &tried).await?;
    Ok(waiting
        .into_iter()
        .filter_map(|waiting| match waiting.key {
            DirtyKey::Address(hash) => Some(hash),
            DirtyKey::Record(_) => None,
        })
        .collect())
}

fn add(sum: &mut Counters, more: &Counters) {
    sum.added += more.added;
    sum.updated += more.updated;
    sum.unchanged += more.unchanged;
    sum.suppressed += more.suppressed;
    sum.skipped += more.skipped;
    sum.hands_off += more.hands_off;
    sum.unsubscribed += more.unsubscribed;
    sum.failed += more.failed;
    sum.waiting += more.waiting;
}

/// What the run would do with the contact, in its statement.
fn add_to_statement(body: &mut Body, a: &Assessed) {
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
        reason: run.kind.policy().reason,
        held_by: Some(run.id),
    };
    if a.subject.readings.is_empty() {
        commit.marks.push(mark(DirtyKey::Address(a.subject.hash)));
    }
    commit
        .marks
        .extend(a.subject.readings.iter().map(|r| mark(DirtyKey::Record(r.key))));
}

/// Notes that a dry run has stated what would become of the contact: its other records do not count again.
fn note_stated(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    let known = || Contact::new(subject.hash, subject.email.wire(), now);
    commit.contacts.push(Contact {
        run_id: Some(run),
        ..subject.contact.clone().unwrap_or_else(known)
    });
    note_records(subject, run, now, commit);
}

/// Notes records that the ledger did not know, as seen by the run.
pub(super) fn note_records(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    commit.records.extend(
        subject
            .readings
            .iter()
            .filter(|r| r.before.is_none())
            .map(|r| r.record(Some(run), now)),
    );
}
