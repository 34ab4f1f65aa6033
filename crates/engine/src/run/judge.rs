//! One block beside what the ledger knows: whom the run judges now, whom it marks, whom it puts off.

use std::collections::{BTreeMap, HashMap, HashSet};

use store::{AddrHash, Commit, Contact, DirtyKey, Problem, Record, Run};
use sync_core::config::{Config, ConsentRule};
use sync_core::{RecordKey, RecordKind};

use crate::error::Halt;
use crate::passed_over::PassedOver;
use crate::read;
use crate::report::Body;
use crate::session::{OF_RECORDS, Session, bad_address, unreadable_members, unreadable_record};
use crate::subject::{Confirm, Reading, Subject, assess};

use super::act::{act_on, note_records};
use super::repair::compare;
use super::{Block, is_first_like};

/// Judges a block and does with it what this kind of run does.
pub(super) async fn write(
    s: &Session<'_>,
    run: &mut Run,
    body: &mut Body,
    kind: RecordKind,
    block: Block,
) -> Result<(), Halt> {
    let config = s.config();
    let now = s.now();
    let policy = run.kind.policy();
    let first_like = is_first_like(s, policy);
    let mut commit = Commit::default();
    let unread = unread(s, run, body, kind, &block, &mut commit);

    let keys: Vec<RecordKey> = block.readings.iter().map(|r| r.key).collect();
    let hashes: Vec<AddrHash> = block.readings.iter().map(|r| r.hash).collect();
    let asked: Vec<RecordKey> = keys.iter().chain(&unread).copied().collect();
    let entries: Vec<DirtyKey> = keys.iter().copied().map(DirtyKey::Record).collect();
    let (before, siblings, mut contacts, troubled) = futures_util::future::try_join4(
        s.store.records(s.shop.id, &asked),
        s.store.records_of(s.shop.id, &hashes),
        s.store.contacts(s.shop.id, &hashes),
        s.store.problems_by_key(s.shop.id, &entries),
    )
    .await?;
    // What is there and cannot be read is not missing.
    let known = unread.iter().filter_map(|key| before.get(key));
    commit.records.extend(known.map(|record| Record {
        run_id: Some(run.id),
        ..record.clone()
    }));
    let kept = unread.iter().filter(|key| before.contains_key(key)).count() + block.readings.len();
    let passed = block.passed.map_or(0, |passed| i64::from(passed.records));
    body.apart[kind].all += block.rows + passed - i64::try_from(kept).unwrap_or(0);
    body.apart[kind].consenting += block.bad_consenting;
    commit.resolved.extend(over(troubled, &block.readings));
    let mut by_hash: HashMap<AddrHash, Vec<Record>> = HashMap::new();
    for record in siblings {
        by_hash.entry(record.hash).or_default().push(record);
    }

    let mut subjects: BTreeMap<AddrHash, Subject> = BTreeMap::new();
    let mut marked: HashSet<RecordKey> = HashSet::new();
    let mut silence = false;
    for mut reading in block.readings {
        let old = before.get(&reading.key);
        reading.complete_from(old.cloned());
        if !first_like && old.is_some_and(|record| record.run_id == Some(run.id)) {
            // Pages are read twice where rows moved: this one was judged.
            continue;
        }
        let changed = old.is_some_and(|r| r.consent != reading.consent || r.hash != reading.hash);
        let unknown = old.is_none() && !first_like;
        if let Some(record) = old {
            silence |= reading.silent || record.silent;
            commit.records.push(Record {
                run_id: Some(run.id),
                silent: reading.silent,
                ..record.clone()
            });
        }
        silence |= reading.silent;
        if changed || unknown {
            // Something happened that no event told: this contact is read anew when the run has read all.
            marked.insert(reading.key);
        }
        let subject = subjects
            .entry(reading.hash)
            .or_insert_with(|| Subject::new(reading.hash, reading.email.clone(), policy.reason));
        subject.readings.push(reading);
    }
    if silence {
        s.note_silence();
    }
    let mut flagged: HashSet<AddrHash> = HashSet::new();
    let mut chosen = Vec::new();
    for (hash, mut subject) in subjects {
        subject.contact = contacts.remove(&hash);
        subject.known = by_hash.remove(&hash).unwrap_or_default();
        let read: HashSet<RecordKey> = subject.readings.iter().map(|r| r.key).collect();
        subject.known.retain(|r| !read.contains(&r.key));
        let is_marked = read.iter().any(|key| marked.contains(key));
        match turn_of(&subject, kind, body, (config, first_like)) {
            _ if is_marked => {
                flagged.insert(hash);
                chosen.push(subject);
            }
            Turn::Now => chosen.push(subject),
            Turn::WithCustomers => {}
            Turn::AfterCustomers => put_off(&subject, run.id, now, &mut commit),
        }
    }
    let mut subjects = chosen;
    read::known_rows(s, &mut subjects).await?;
    let mut assessed = assess(s, subjects, Confirm::No).await?;
    compare(s, policy, body, &mut assessed).await?;
    body.rows_in_phase += block.rows;
    body.done += block.rows;
    body.cursor = block.next.map(|next| next.cursor);
    body.narrow = block.narrow;
    body.walk = block.walk;
    body.waiting_for = None;
    body.moved_at = Some(s.now());
    act_on(s, run, body, assessed, &flagged, commit).await
}

/// When a contact of a block is judged.
enum Turn {
    Now,
    /// It was judged with the customers.
    WithCustomers,
    /// A first synchronisation has not read the customers yet.
    AfterCustomers,
}

fn turn_of(subject: &Subject, kind: RecordKind, body: &Body, (config, first_like): (&Config, bool)) -> Turn {
    let has_customer = subject.known.iter().any(|r| r.key.kind == RecordKind::Customer);
    match kind {
        RecordKind::Customer => Turn::Now,
        RecordKind::Subscriber if first_like && waits_for_customers(config, body, subject) => {
            Turn::AfterCustomers
        }
        RecordKind::Subscriber if has_customer && body.reads_customers => Turn::WithCustomers,
        RecordKind::Subscriber => Turn::Now,
    }
}

/// Tells of the rows that could not be read: by their ids, or else by their places. The records they are known to be.
fn unread(
    s: &Session<'_>,
    run: &Run,
    body: &mut Body,
    kind: RecordKind,
    block: &Block,
    commit: &mut Commit,
) -> Vec<RecordKey> {
    let now = s.now();
    let bad = block.bad.iter().map(|(key, why)| bad_address(*key, *why, now));
    let broken = block.broken.iter().map(|key| unreadable_record(*key, None, now));
    commit.problems.extend(bad.chain(broken));
    let partly = block.readings.iter().filter(|r| !r.unreadable.is_empty());
    commit
        .problems
        .extend(partly.map(|r| unreadable_members(r.key, r.hash, &r.unreadable, now)));
    let nameless = block.nameless.iter().map(|after| PassedOver {
        after: *after,
        before: None,
        records: 1,
        may_be_any: false,
    });
    let all: Vec<PassedOver> = block.passed.iter().copied().chain(nameless).collect();
    let bad = block.bad.iter().map(|(key, _)| key);
    let mut keys: Vec<RecordKey> = bad.chain(&block.broken).copied().collect();
    body.counters.failed += i64::try_from(keys.len()).unwrap_or(0);
    for one in all {
        body.counters.failed += i64::from(one.records);
        let known = one.report(s, kind, !run.kind.policy().only_states, commit);
        body.nameless |= known.is_empty();
        keys.extend(known);
    }
    keys
}

/// Problems of single records that are over now that these were read.
fn over<'r>(problems: Vec<Problem>, readings: &'r [Reading]) -> impl Iterator<Item = String> + 'r {
    let of_records = |problem: &Problem| OF_RECORDS.contains(&problem.kind);
    let partly: HashSet<String> = readings
        .iter()
        .filter(|r| !r.unreadable.is_empty())
        .map(|r| DirtyKey::Record(r.key).encode())
        .collect();
    problems
        .into_iter()
        .filter(of_records)
        .map(|problem| problem.key)
        .filter(move |key| !partly.contains(key))
}

/// Whether a subscriber's verdict depends on customers not yet read.
fn waits_for_customers(config: &Config, body: &Body, subject: &Subject) -> bool {
    if !body.reads_customers {
        return false;
    }
    if !config.subscribers.enabled {
        // Left out unless it is a customer too.
        return true;
    }
    let active = subject.readings.iter().all(|r| r.consent == Some(true));
    match config.customers.consent {
        ConsentRule::Flag | ConsentRule::FlagAndSubscriber => true,
        ConsentRule::Subscriber => false,
        ConsentRule::FlagOrSubscriber => !active,
    }
}

/// Keeps the contact for the end of the run, when all customers are known.
fn put_off(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
    if subject.contact.is_none() {
        commit
            .contacts
            .push(Contact::new(subject.hash, subject.email.wire(), now));
    }
    note_records(subject, run, now, commit);
}
