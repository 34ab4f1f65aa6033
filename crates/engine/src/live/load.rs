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
    let mut load = Load::of(s, dirty).await?;
    load.read_named().await?;
    load.read_siblings().await?;
    load.note_members();
    load.follow_to_old_addresses().await?;
    load.into_subjects().await
}

/// What is read for dirty entries, step by step.
struct Load<'a> {
    s: &'a Session<'a>,
    dirty: &'a [Dirty],
    /// Records named, and the other ones of the addresses named.
    keys: BTreeSet<RecordKey>,
    /// Addresses named, and those of the records named.
    listed: Vec<AddrHash>,
    /// All addresses to be judged.
    wanted: BTreeSet<AddrHash>,
    /// What the ledger says of the records.
    ledger: HashMap<RecordKey, Record>,
    readings: Vec<Reading>,
    /// Records that the shop no longer has.
    lost: Vec<Record>,
    aside: store::Commit,
}

impl<'a> Load<'a> {
    /// Every record named, and every other record of the same addresses.
    async fn of(s: &'a Session<'a>, dirty: &'a [Dirty]) -> Result<Self, Halt> {
        let shop = s.shop.id;
        let mut keys: BTreeSet<RecordKey> = BTreeSet::new();
        let mut wanted: BTreeSet<AddrHash> = BTreeSet::new();
        for entry in dirty {
            match entry.key {
                DirtyKey::Record(key) => {
                    keys.insert(key);
                }
                DirtyKey::Address(hash) => {
                    wanted.insert(hash);
                }
            }
        }
        let named: Vec<RecordKey> = keys.iter().copied().collect();
        let mut ledger: HashMap<RecordKey, Record> = s.store.records(shop, &named).await?;
        wanted.extend(ledger.values().map(|r| r.hash));
        let listed: Vec<AddrHash> = wanted.iter().copied().collect();
        for record in s.store.records_of(shop, &listed).await? {
            keys.insert(record.key);
            ledger.insert(record.key, record);
        }
        Ok(Self {
            s,
            dirty,
            keys,
            listed,
            wanted,
            ledger,
            readings: Vec::new(),
            lost: Vec::new(),
            aside: store::Commit::default(),
        })
    }

    async fn read_named(&mut self) -> Result<(), Halt> {
        for (key, found) in read_all(self.s, &self.keys, &mut self.aside, self.dirty).await? {
            if matches!(found, Found::Gone) {
                self.aside.resolved.push(DirtyKey::Record(key).encode());
            }
            self.take(key, found);
        }
        let (ledger, aside) = (&self.ledger, &mut self.aside);
        look_up_others(self.s, &mut self.readings, ledger, aside, self.dirty).await?;
        self.wanted.extend(self.readings.iter().map(|r| r.hash));
        Ok(())
    }

    /// An address that a record came to may have records we did not know to be of this contact.
    async fn read_siblings(&mut self) -> Result<(), Halt> {
        let new_ones: Vec<AddrHash> = self
            .readings
            .iter()
            .map(|r| r.hash)
            .filter(|h| !self.listed.contains(h))
            .collect();
        let read: BTreeSet<RecordKey> = self.readings.iter().map(|r| r.key).collect();
        let mut siblings = self.s.store.records_of(self.s.shop.id, &new_ones).await?;
        siblings.retain(|r| !read.contains(&r.key) && !self.keys.contains(&r.key));
        if siblings.is_empty() {
            return Ok(());
        }
        let more: BTreeSet<RecordKey> = siblings.iter().map(|r| r.key).collect();
        self.ledger.extend(siblings.into_iter().map(|r| (r.key, r)));
        for (key, found) in read_all(self.s, &more, &mut self.aside, self.dirty).await? {
            self.take(key, found);
        }
        self.wanted.extend(self.readings.iter().map(|r| r.hash));
        Ok(())
    }

    fn take(&mut self, key: RecordKey, found: Found) {
        let before = self.ledger.get(&key).cloned();
        match found {
            Found::Present(mut reading) => {
                reading.complete_from(before);
                self.readings.push(*reading);
            }
            Found::BadAddress(why) => self.aside.problems.push(bad_address(key, why, self.s.now())),
            Found::Gone => self.lost.extend(before),
            Found::Unreadable(why) => put_off(self.s, key, Some(why), self.dirty, &mut self.aside),
        }
    }

    /// Members that cannot be read are a problem of their record, until they can; addresses may follow later.
    fn note_members(&mut self) {
        for reading in &self.readings {
            if reading.unreadable.is_empty() {
                self.aside.resolved.push(DirtyKey::Record(reading.key).encode());
            } else {
                let problem =
                    unreadable_members(reading.key, reading.hash, &reading.unreadable, self.s.now());
                self.aside.problems.push(problem);
            }
        }
        let was_silent = |r: &Reading| r.before.as_ref().is_some_and(|before| before.silent);
        if self.readings.iter().any(|r| r.silent || was_silent(r)) {
            self.s.note_silence();
        }
        if addresses::is_list_wanted(self.s, None) {
            // Their addresses follow when the list of them has been read.
            let without = self.readings.iter().filter(|r| !r.person.has_addresses());
            self.aside.marks.extend(without.map(|reading| DirtyMark {
                key: DirtyKey::Record(reading.key),
                due_at: self.s.now() + LIST_MS,
                priority: Priority::Bulk,
                reason: Reason::Retry,
                held_by: None,
            }));
        }
    }

    /// A record found by address may have moved here from an address not in this batch. That address is judged too: its
    /// refusal goes along.
    async fn follow_to_old_addresses(&mut self) -> Result<(), Halt> {
        let came_from: Vec<AddrHash> = self
            .readings
            .iter()
            .filter_map(|r| r.before.as_ref().map(|before| before.hash))
            .filter(|hash| !self.wanted.contains(hash))
            .collect();
        for record in self.s.store.records_of(self.s.shop.id, &came_from).await? {
            self.ledger.entry(record.key).or_insert(record);
        }
        self.wanted.extend(came_from);
        Ok(())
    }

    async fn into_subjects(self) -> Result<Loaded, Halt> {
        let Self {
            s,
            dirty,
            wanted,
            ledger,
            readings,
            lost,
            mut aside,
            ..
        } = self;
        let all: Vec<AddrHash> = wanted.into_iter().collect();
        let mut contacts = s.store.contacts(s.shop.id, &all).await?;
        let mut subjects: HashMap<AddrHash, Subject> = HashMap::new();
        for reading in readings {
            let reason = reason_for(dirty, reading.key, reading.hash);
            let moved_from = reading.before.as_ref().filter(|r| r.hash != reading.hash);
            let moved_from = moved_from.map(|before| (before.hash, before.consent));
            if let Some((old, consent)) = moved_from
                && let Some(subject) = subject_of(&mut subjects, &mut contacts, old, None, reason)
            {
                subject.moved_away.push(reading.key);
                subject.withdrew_on_leaving |= reading.withdrew();
                subject.consent_left |= consent == Some(true);
            }
            let email = Some(reading.email.clone());
            if let Some(subject) = subject_of(&mut subjects, &mut contacts, reading.hash, email, reason) {
                subject.came_from.extend(moved_from.map(|(old, _)| old));
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
        attach_unread(&ledger, &mut subjects);
        attach_dirty(dirty, &ledger, &mut subjects, &mut aside);
        Ok(Loaded {
            subjects: subjects.into_values().collect(),
            aside,
        })
    }
}

/// A record that could not be read counts as unchanged, not as deleted.
fn attach_unread(ledger: &HashMap<RecordKey, Record>, subjects: &mut HashMap<AddrHash, Subject>) {
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
