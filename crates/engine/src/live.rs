//! Live changes: from dirty entries to contacts read anew, judged and delivered.
//!
//! An event told us only *what* may have changed. Here every record of the contact is read again
//! from the shop by its id; what the event said is never used. A record that is gone must answer 404
//! with the shop's own error body (shoper-api.md D.6); absence from a list proves nothing.

use std::collections::{BTreeSet, HashMap};

use shoper_api::{SubscriberId, UserId};
use store::{AddrHash, Dirty, DirtyDone, DirtyKey, Priority, Reason, Record};
use sync_core::email::Email;
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::deliver::{Errand, deliver, keep_facts};
use crate::error::{CallError, Halt};
use crate::read::{self, Found};
use crate::session::{LIVE_RESERVE, SARE_RESERVE, Session, bad_address};
use crate::subject::{Assessed, Confirm, Reading, Subject, assess};

/// Most dirty entries of one turn.
const TURN: i64 = 50;
/// The kind of turn, in the lane's memory of what turns need.
const KIND: &str = "live";
/// Stumbles after which a turn has a single entry: 50, 25, 12, 6, 3, 1.
const LEAST_TURN_AFTER: u32 = 6;
/// Longest that an entry lets others go first.
const LONGEST_STEP_ASIDE_MS: i64 = 5 * 60_000;

/// Works on dirty entries up to `lowest`; whether there were any.
pub async fn turn(s: &Session<'_>, lowest: Priority) -> Result<bool, Halt> {
    let now = s.now();
    let stumbles = s.state().stumbles;
    let most = TURN.checked_shr(stumbles).unwrap_or(0).max(1);
    let dirty = s.store.due_dirty(s.shop.id, now, lowest, most).await?;
    if dirty.is_empty() {
        return Ok(false);
    }
    let bulk = dirty.iter().all(|d| d.priority == Priority::Bulk);
    let (shop_reserve, sare_reserve) = if bulk {
        (LIVE_RESERVE, SARE_RESERVE)
    } else {
        (0.0, 0.0)
    };
    let calls = if dirty.len() <= 2 { 3.0 } else { 6.0 };
    let turn = s.begin(KIND, (calls, 2.0), (shop_reserve, sare_reserve))?;
    let room = s.shoper_room(shop_reserve);
    let dirty = fitting(dirty, room, addresses::are_single(s));
    let result = carry(s, &dirty).await;
    let learnt_before = learnt(s);
    s.end(&turn, &result);
    match &result {
        Ok(()) => {
            let mut state = s.state();
            state.stumbles = state.stumbles.saturating_sub(1);
        }
        // Places are wanting: the next try begins with more of them, unless there are no more.
        Err(halt) if halt.is_for_room() && !s.is_cramped(KIND) => {}
        Err(Halt::Wait { .. }) => {
            let learnt = learnt(s) > learnt_before;
            stumbled(s, &dirty, learnt).await?;
        }
        Err(_) => {}
    }
    result.map(|()| true)
}

/// How much halted turns have learnt that the next one need not ask for.
fn learnt(s: &Session<'_>) -> usize {
    let state = s.state();
    state.learnt.gone.len() + state.learnt.pieces.read.len()
}

/// A turn could not come to its end: a service failed, or it needs more requests than a bucket holds. The next one is half
/// as large; and a lone entry that did not even learn something lets the others go first, so that a record at which the
/// shop or SARE fails every time keeps nobody else waiting.
async fn stumbled(s: &Session<'_>, dirty: &[Dirty], learnt: bool) -> Result<(), Halt> {
    {
        let mut state = s.state();
        state.stumbles = state.stumbles.saturating_add(1).min(LEAST_TURN_AFTER);
        if state.stumbles < LEAST_TURN_AFTER || learnt {
            return Ok(());
        }
    }
    let now = s.now();
    let done = dirty.iter().map(|entry| DirtyDone::Again {
        key: entry.key,
        version: entry.version,
        due_at: now + crate::deliver::retry_pause(entry.attempts).min(LONGEST_STEP_ASIDE_MS),
        attempts: entry.attempts + 1,
    });
    s.commit(store::Commit {
        done: done.collect(),
        ..store::Commit::default()
    })
    .await
}

/// From dirty entries to what both services hold.
async fn carry(s: &Session<'_>, dirty: &[Dirty]) -> Result<(), Halt> {
    let gathered = gather(s, dirty).await?;
    let mut commit_extra = gathered.aside;
    if let Some(halt) = gathered.cut {
        return keep_pieces(s, &dirty[0], gathered.subjects, commit_extra, halt).await;
    }
    let assessed = assess(s, gathered.subjects, Confirm::Yes).await?;
    let to_tell = pieces_to_tell(s, dirty, &assessed);
    let mut delivered = deliver(s, assessed, Errand::live()).await?;
    let meter = meter_of(dirty);
    if delivered.changed > 0 {
        delivered.commit.meters.push((meter, delivered.changed));
    }
    delivered.commit.done.append(&mut commit_extra.done);
    delivered.commit.problems.append(&mut commit_extra.problems);
    delivered.commit.gone.append(&mut commit_extra.gone);
    delivered.commit.records.append(&mut commit_extra.records);
    if delivered.halted.is_none() {
        delivered.commit.success_at = Some(s.now());
    }
    s.commit(delivered.commit).await?;
    let Some(halt) = delivered.halted else {
        return Ok(());
    };
    if halt.is_for_room() {
        for key in to_tell {
            s.note_piece(dirty[0].key, dirty[0].version, key);
        }
    }
    Err(halt)
}

/// Records of a lone contact whose refusal the shop is to be told: what they said is kept before that, and nothing they
/// hold goes to SARE, so that the next try need not read them again.
fn pieces_to_tell(s: &Session<'_>, dirty: &[Dirty], assessed: &[Assessed]) -> Vec<RecordKey> {
    if dirty.len() != 1 {
        return Vec::new();
    }
    let refused = assessed
        .iter()
        .filter(|a| a.tells_shop(s.config()) && a.subject.came_from.is_empty());
    refused
        .flat_map(|a| a.subject.readings.iter().map(|r| r.key))
        .collect()
}

/// Of a contact that takes more requests than the bucket holds, what was read is kept and not read again; what follows
/// from it is done when all is read.
async fn keep_pieces(
    s: &Session<'_>,
    entry: &Dirty,
    subjects: Vec<Subject>,
    aside: store::Commit,
    halt: Halt,
) -> Result<(), Halt> {
    let assessed = assess(s, subjects, Confirm::Yes).await?;
    let here = assessed.iter().map(|a| &a.subject).flat_map(|x| {
        let stayed = x.came_from.is_empty() && x.moved_away.is_empty();
        x.readings.iter().filter(move |_| stayed)
    });
    let read: Vec<RecordKey> = here.map(|r| r.key).collect();
    let problems = store::Commit {
        problems: aside.problems,
        ..store::Commit::default()
    };
    keep_facts(s, assessed, problems).await?;
    for key in read {
        s.note_piece(entry.key, entry.version, key);
    }
    Err(halt)
}

/// Single reads cost one request each, a list one for fifty: never more than the bucket holds now.
fn fitting(mut dirty: Vec<Dirty>, room: f64, single_addresses: bool) -> Vec<Dirty> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of requests"
    )]
    let mut left = (room - 3.0).max(1.0) as usize;
    dirty.retain(|entry| {
        let may_be_customer = !matches!(entry.key, DirtyKey::Record(key) if key.kind != RecordKind::Customer);
        let single = matches!(entry.reason, Reason::DeleteWebhook | Reason::Missing)
            || (single_addresses && may_be_customer);
        if single && left == 0 {
            return false;
        }
        left -= usize::from(single);
        true
    });
    dirty
}

fn meter_of(dirty: &[Dirty]) -> &'static str {
    match dirty.first().map(|d| d.reason) {
        Some(Reason::Webhook | Reason::DeleteWebhook) => "changed_by_webhook",
        Some(Reason::SareHook) => "changed_by_sare_hook",
        Some(Reason::NewId) => "changed_by_look",
        Some(Reason::Poll) => "changed_by_poll",
        Some(Reason::Sweep | Reason::Missing) => "changed_by_sweep",
        _ => "changed_otherwise",
    }
}

/// Dirty entries turned into subjects, and what is settled without one.
struct Gathered {
    subjects: Vec<Subject>,
    aside: store::Commit,
    /// Not all was read: there was no place for more.
    cut: Option<Halt>,
}

async fn gather(s: &Session<'_>, dirty: &[Dirty]) -> Result<Gathered, Halt> {
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

    let in_pieces = dirty.len() == 1 && s.is_cramped(KIND);
    let (found, cut) = if in_pieces {
        read_pieces(s, &keys, &mut aside, &dirty[0]).await?
    } else {
        (read_all(s, &keys, &mut aside, dirty).await?, None)
    };
    let mut readings: Vec<Reading> = Vec::new();
    let mut lost: Vec<Record> = Vec::new();
    for (key, found) in found {
        match found {
            Found::Present(mut reading) => {
                reading.before = ledger.get(&key).cloned();
                readings.push(*reading);
            }
            Found::BadAddress => {
                aside.problems.push(bad_address(key, s.now()));
            }
            Found::Gone => lost.extend(ledger.get(&key).cloned()),
        }
    }
    look_up_others(s, &mut readings, &ledger).await?;

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
        // Where the bucket holds too little for all of a contact's records, those that were there before count as they are.
        let more: BTreeSet<RecordKey> = if in_pieces {
            BTreeSet::new()
        } else {
            siblings.iter().map(|r| r.key).collect()
        };
        for record in siblings {
            ledger.insert(record.key, record);
        }
        for (key, found) in read_all(s, &more, &mut aside, dirty).await? {
            match found {
                Found::Present(mut reading) => {
                    reading.before = ledger.get(&key).cloned();
                    wanted.insert(reading.hash);
                    readings.push(*reading);
                }
                Found::BadAddress => aside.problems.push(bad_address(key, s.now())),
                Found::Gone => lost.extend(ledger.get(&key).cloned()),
            }
        }
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
            let withdrew = before.consent && !reading.consent;
            if let Some(subject) = subject_of(&mut subjects, &mut contacts, old, None, reason) {
                subject.moved_away.push(reading.key);
                subject.withdrew_on_leaving |= withdrew;
                subject.consent_left |= before.consent;
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
            Some(subject) => subject.lost.push(record),
            None => aside.gone.push(key),
        }
    }
    for hash in &all {
        let reason = reason_for(dirty, RecordKey::customer(0), *hash);
        let _ = subject_of(&mut subjects, &mut contacts, *hash, None, reason);
    }
    // A record that could not be read says what it said; it is not gone.
    for record in ledger.values() {
        let Some(subject) = subjects.get_mut(&record.hash) else {
            continue;
        };
        let elsewhere = subject.moved_away.contains(&record.key);
        let read = subject.readings.iter().any(|r| r.key == record.key);
        let lost = subject.lost.iter().any(|r| r.key == record.key);
        if !elsewhere && !read && !lost {
            subject.known.push(record.clone());
        }
    }
    attach_dirty(dirty, &ledger, &mut subjects, &mut aside);
    Ok(Gathered {
        subjects: subjects.into_values().collect(),
        aside,
        cut,
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
                .and_then(|a| Email::parse(a).ok());
            let email = email.or(known)?;
            let mut subject = Subject::new(hash, email, reason);
            subject.contact = contact;
            Some(entry.insert(subject))
        }
    }
}

fn reason_for(dirty: &[Dirty], key: RecordKey, hash: AddrHash) -> Reason {
    dirty
        .iter()
        .find(|d| d.key == DirtyKey::Record(key) || d.key == DirtyKey::Address(hash))
        .map_or(Reason::Webhook, |d| d.reason)
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
                subject.dirty.push((entry.key, entry.version, entry.attempts));
            }
            None => aside.done.push(DirtyDone::Done {
                key: entry.key,
                version: entry.version,
            }),
        }
    }
}

/// Reads the records of one contact one by one, without those read a moment ago, for as long as there are places;
/// subscribers first, since what customers fill counts only when it is read last. Customers' own addresses belong to the
/// piece.
async fn read_pieces(
    s: &Session<'_>,
    keys: &BTreeSet<RecordKey>,
    aside: &mut store::Commit,
    entry: &Dirty,
) -> Result<(Vec<(RecordKey, Found)>, Option<Halt>), Halt> {
    let unread = |key: &RecordKey| !s.has_piece(entry.key, entry.version, *key);
    let mut order: Vec<RecordKey> = keys.iter().copied().filter(unread).collect();
    order.sort_by_key(|key| {
        (
            key.kind == RecordKind::Customer,
            entry.key == DirtyKey::Record(*key),
        )
    });
    let mut out = Vec::new();
    for key in order {
        match read_all(s, &BTreeSet::from([key]), aside, std::slice::from_ref(entry)).await {
            Ok(found) => out.extend(found),
            Err(halt) if halt.is_for_room() && !out.is_empty() => return Ok((out, Some(halt))),
            Err(halt) => return Err(halt),
        }
    }
    Ok((out, None))
}

/// Reads records by id. Records the shop has locked or forbids are put off one by one.
async fn read_all(
    s: &Session<'_>,
    keys: &BTreeSet<RecordKey>,
    aside: &mut store::Commit,
    dirty: &[Dirty],
) -> Result<Vec<(RecordKey, Found)>, Halt> {
    let mut out = Vec::new();
    for kind in [RecordKind::Customer, RecordKind::Subscriber] {
        let ids: Vec<i64> = keys.iter().filter(|k| k.kind == kind).map(|k| k.id).collect();
        for chunk in ids.chunks(50) {
            let result = match kind {
                RecordKind::Customer => {
                    let ids: Vec<UserId> = chunk.iter().map(|id| UserId(*id)).collect();
                    read::customers_by_id(s, &ids).await
                }
                RecordKind::Subscriber => {
                    let ids: Vec<SubscriberId> = chunk.iter().map(|id| SubscriberId(*id)).collect();
                    read::subscribers_by_id(s, &ids).await
                }
            };
            match result {
                Ok(found) => out.extend(found),
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(error)) => {
                    if let shoper_api::Error::Forbidden { resource } = &error {
                        s.shop_problem(
                            &format!("no-scope:{resource}"),
                            "no-scope",
                            Some(resource.clone()),
                        )
                        .await?;
                    }
                    tracing::warn!(shop = %s.shop.id, %error, "records could not be read");
                    for entry in dirty {
                        let DirtyKey::Record(key) = entry.key else {
                            continue;
                        };
                        if key.kind == kind && chunk.contains(&key.id) {
                            aside.done.push(DirtyDone::Again {
                                key: entry.key,
                                version: entry.version,
                                due_at: s.now() + crate::deliver::retry_pause(entry.attempts),
                                attempts: entry.attempts + 1,
                            });
                        }
                    }
                }
            }
        }
    }
    Ok(out)
}

/// A record of an address new to us: the shop may have one of the other kind that we have not met,
/// and its word on consent counts. Asked by address, a few at a time; the look for new ids finds the rest.
async fn look_up_others(
    s: &Session<'_>,
    readings: &mut Vec<Reading>,
    ledger: &HashMap<RecordKey, Record>,
) -> Result<(), Halt> {
    if !s.state().first_done {
        return Ok(());
    }
    let mut more = Vec::new();
    for reading in readings.iter().filter(|r| !ledger.contains_key(&r.key)) {
        let alone = !readings
            .iter()
            .any(|other| other.hash == reading.hash && other.key.kind != reading.key.kind);
        if !alone || s.shoper_room(LIVE_RESERVE) < 1.0 {
            continue;
        }
        let address = reading.email.as_str().to_owned();
        let other = match reading.key.kind {
            RecordKind::Customer => read::subscriber_of(s, &address).await?,
            RecordKind::Subscriber => read::customer_of(s, &address).await?,
        };
        more.extend(other);
    }
    for mut reading in more {
        if readings.iter().any(|r| r.key == reading.key) {
            continue;
        }
        let known = s.store.records(s.shop.id, &[reading.key]).await?;
        reading.before = known.get(&reading.key).cloned();
        readings.push(reading);
    }
    Ok(())
}
