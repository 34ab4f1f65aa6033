//! One block beside what the ledger knows: whom the run judges now, whom it marks, whom it puts off.

use std::collections::{BTreeMap, HashMap, HashSet};

use store::{AddrHash, Commit, Contact, Record, Run};
use sync_core::config::{Config, ConsentRule};
use sync_core::{RecordKey, RecordKind};

use crate::error::Halt;
use crate::report::Body;
use crate::session::{Session, bad_address};
use crate::subject::{Confirm, Subject, assess};

use super::dispose::dispose;
use super::{Block, is_first_like, reason_of};

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
pub(super) fn note_stated(subject: &Subject, run: i64, now: i64, commit: &mut Commit) {
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
