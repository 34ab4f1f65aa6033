//! From dirty entries to contacts: reads every record named and the others of the same addresses, and notes which contact
//! settles which entry. After `mod.rs`, before `subject/assess.rs`.

use std::collections::{BTreeSet, HashMap};

use store::{AddrHash, Dirty, DirtyDone, DirtyKey, DirtyMark, Priority, Reason, Record};
use sync_core::RecordKey;
use sync_core::email::Email;

use crate::addresses;
use crate::error::Halt;
use crate::read::Found;
use crate::session::{Session, bad_address, unreadable_members};
use crate::subject::{Reading, Subject};

use super::records::{look_up_others, put_off, read_all};

/// Pause before a customer's addresses are looked for again while the list of all of them is being read.
const LIST_MS: i64 = 60_000;

/// Dirty entries turned into subjects, and what is settled without one.
pub(super) struct Loaded {
    /// Contacts to be judged.
    pub(super) subjects: Vec<Subject>,
    /// What is settled or put off without them.
    pub(super) aside: store::Commit,
}

pub(super) async fn load_subjects(s: &Session<'_>, dirty: &[Dirty]) -> Result<Loaded, Halt> {
    let shop = s.shop.id;
    let mut aside = store::Commit::default();

    // Every record named, and every other record of the same addresses.
    let mut keys: BTreeSet<RecordKey> = BTreeSet::new();
    let mut hashes: BTreeSet<AddrHash> = BTreeSet::new();
    for entry in dirty {
        match entry.key {
            DirtyKey::Record(key) => {
                keys.insert(key);
            }
            DirtyKey::Address(hash) => {
                hashes.insert(hash);
            }
        }
    }
    let named: Vec<RecordKey> = keys.iter().copied().collect();
    let mut ledger: HashMap<RecordKey, Record> = s.store.records(shop, &named).await?;
    hashes.extend(ledger.values().map(|r| r.hash));
    let list: Vec<AddrHash> = hashes.iter().copied().collect();
    for record in s.store.records_of(shop, &list).await? {
        keys.insert(record.key);
        ledger.insert(record.key, record);
    }

    let found = read_all(s, &keys, &mut aside, dirty).await?;
    let mut readings: Vec<Reading> = Vec::new();
    let mut lost: Vec<Record> = Vec::new();
    for (key, found) in found {
        match found {
            Found::Present(mut reading) => {
                reading.complete_from(ledger.get(&key).cloned());
                readings.push(*reading);
            }
            Found::BadAddress(why) => {
                aside.problems.push(bad_address(key, why, s.now()));
            }
            Found::Gone => {
                aside.resolved.push(DirtyKey::Record(key).encode());
                lost.extend(ledger.get(&key).cloned());
            }
            Found::Unreadable(why) => put_off(s, key, Some(why), dirty, &mut aside),
        }
    }
    look_up_others(s, &mut readings, &ledger, &mut aside, dirty).await?;

    let mut wanted: BTreeSet<AddrHash> = hashes;
    wanted.extend(readings.iter().map(|r| r.hash));
    // An address that a record came to may have records we did not know to be of this contact.
    let new_ones: Vec<AddrHash> = readings
        .iter()
        .map(|r| r.hash)
        .filter(|h| !list.contains(h))
        .collect();
    let read_keys: BTreeSet<RecordKey> = readings.iter().map(|r| r.key).collect();
    let mut siblings: Vec<Record> = s.store.records_of(shop, &new_ones).await?;
    siblings.retain(|r| !read_keys.contains(&r.key) && !keys.contains(&r.key));
    if !siblings.is_empty() {
        let more: BTreeSet<RecordKey> = siblings.iter().map(|r| r.key).collect();
        for record in siblings {
            ledger.insert(record.key, record);
        }
        for (key, found) in read_all(s, &more, &mut aside, dirty).await? {
            match found {
                Found::Present(mut reading) => {
                    reading.complete_from(ledger.get(&key).cloned());
                    wanted.insert(reading.hash);
                    readings.push(*reading);
                }
                Found::BadAddress(why) => aside.problems.push(bad_address(key, why, s.now())),
                Found::Gone => lost.extend(ledger.get(&key).cloned()),
                Found::Unreadable(why) => put_off(s, key, Some(why), dirty, &mut aside),
            }
        }
    }

    for reading in &readings {
        if reading.unreadable.is_empty() {
            aside.resolved.push(DirtyKey::Record(reading.key).encode());
        } else {
            let problem = unreadable_members(reading.key, reading.hash, &reading.unreadable, s.now());
            aside.problems.push(problem);
        }
    }
    // A record found by address may have moved here from an address not in this batch. That address is read too: its
    // refusal goes along.
    let came_from: Vec<AddrHash> = readings
        .iter()
        .filter_map(|r| r.before.as_ref().map(|before| before.hash))
        .filter(|hash| !wanted.contains(hash))
        .collect();
    for record in s.store.records_of(shop, &came_from).await? {
        ledger.entry(record.key).or_insert(record);
    }
    wanted.extend(came_from);

    let was_silent = |r: &Reading| r.before.as_ref().is_some_and(|before| before.silent);
    if readings.iter().any(|r| r.silent || was_silent(r)) {
        s.note_silence();
    }
    if addresses::is_list_wanted(s, None) {
        // Their addresses follow when the list of them has been read.
        let without = readings.iter().filter(|reading| !reading.person.has_addresses());
        aside.marks.extend(without.map(|reading| DirtyMark {
            key: DirtyKey::Record(reading.key),
            due_at: s.now() + LIST_MS,
            priority: Priority::Bulk,
            reason: Reason::Retry,
            held_by: None,
        }));
    }
    let all: Vec<AddrHash> = wanted.iter().copied().collect();
    let mut contacts = s.store.contacts(shop, &all).await?;
    let mut subjects: HashMap<AddrHash, Subject> = HashMap::new();
    for reading in readings {
        let reason = reason_for(dirty, reading.key, reading.hash);
        if let Some(before) = &reading.before
            && before.hash != reading.hash
        {
            let old = before.hash;
            let withdrew = reading.withdrew();
            if let Some(subject) = subject_of(&mut subjects, &mut contacts, old, None, reason) {
                subject.moved_away.push(reading.key);
                subject.withdrew_on_leaving |= withdrew;
                subject.consent_left |= before.consent == Some(true);
            }
        }
        let email = reading.email.clone();
        if let Some(subject) = subject_of(&mut subjects, &mut contacts, reading.hash, Some(email), reason) {
            if let Some(before) = &reading.before
                && before.hash != reading.hash
            {
                subject.came_from.push(before.hash);
            }
            subject.readings.push(reading);
        }
    }
    for record in lost {
        let reason = reason_for(dirty, record.key, record.hash);
        let (key, hash) = (record.key, record.hash);
        match subject_of(&mut subjects, &mut contacts, hash, None, reason) {
            Some(subject) => subject.deleted.push(record),
            None => aside.gone.push(key),
        }
    }
    for hash in &all {
        let reason = reason_for(dirty, RecordKey::customer(0), *hash);
        let _ = subject_of(&mut subjects, &mut contacts, *hash, None, reason);
    }
    // A record that could not be read counts as unchanged, not as deleted.
    for record in ledger.values() {
        let Some(subject) = subjects.get_mut(&record.hash) else {
            continue;
        };
        let elsewhere = subject.moved_away.contains(&record.key);
        let read = subject.readings.iter().any(|r| r.key == record.key);
        let lost = subject.deleted.iter().any(|r| r.key == record.key);
        if !elsewhere && !read && !lost {
            subject.known.push(record.clone());
        }
    }
    attach_dirty(dirty, &ledger, &mut subjects, &mut aside);
    Ok(Loaded {
        subjects: subjects.into_values().collect(),
        aside,
    })
}

/// The subject of an address; `None` when neither an address nor a contact is known for the hash.
fn subject_of<'m>(
    subjects: &'m mut HashMap<AddrHash, Subject>,
    contacts: &mut HashMap<AddrHash, store::Contact>,
    hash: AddrHash,
    email: Option<Email>,
    reason: Reason,
) -> Option<&'m mut Subject> {
    use std::collections::hash_map::Entry;
    match subjects.entry(hash) {
        Entry::Occupied(entry) => {
            let subject = entry.into_mut();
            if let Some(email) = email {
                subject.email = email;
            }
            Some(subject)
        }
        Entry::Vacant(entry) => {
            let contact = contacts.remove(&hash);
            let known = contact
                .as_ref()
                .and_then(|c| c.address.as_deref())
                .map(Email::kept);
            let email = email.or(known)?;
            let mut subject = Subject::new(hash, email, reason);
            subject.contact = contact;
            Some(entry.insert(subject))
        }
    }
}

fn reason_for(dirty: &[Dirty], key: RecordKey, hash: AddrHash) -> Reason {
    let mut about = dirty
        .iter()
        .filter(|d| d.key == DirtyKey::Record(key) || d.key == DirtyKey::Address(hash))
        .map(|d| d.reason);
    let first = about.next().unwrap_or(Reason::Webhook);
    // `Forced` asks for more than reading again, so it wins.
    about.find(|reason| *reason == Reason::Forced).unwrap_or(first)
}

/// Every dirty entry goes to the contact that settles it; those about nothing we know are done.
fn attach_dirty(
    dirty: &[Dirty],
    ledger: &HashMap<RecordKey, Record>,
    subjects: &mut HashMap<AddrHash, Subject>,
    aside: &mut store::Commit,
) {
    let waiting: BTreeSet<DirtyKey> = aside
        .done
        .iter()
        .map(|d| match d {
            DirtyDone::Done { key, .. } | DirtyDone::Again { key, .. } => *key,
        })
        .collect();
    for entry in dirty.iter().filter(|d| !waiting.contains(&d.key)) {
        let hash = match entry.key {
            DirtyKey::Address(hash) => Some(hash),
            DirtyKey::Record(key) => subjects
                .values()
                .find(|x| x.readings.iter().any(|r| r.key == key))
                .map(|x| x.hash)
                .or_else(|| ledger.get(&key).map(|r| r.hash)),
        };
        match hash.and_then(|h| subjects.get_mut(&h)) {
            Some(subject) => {
                subject.applies_refusal |= entry.reason == Reason::ApplyRefusal;
                subject.decides_doubt |= entry.reason == Reason::DecideDoubt;
                subject.dirty.push((entry.key, entry.version, entry.attempts));
            }
            None => aside.done.push(DirtyDone::Done {
                key: entry.key,
                version: entry.version,
            }),
        }
    }
}
