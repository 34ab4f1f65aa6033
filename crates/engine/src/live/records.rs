//! Reading a batch's records from the shop: by id, and by address where one is new.

use std::collections::{BTreeSet, HashMap};

use shoper_api::{SubscriberId, UserId};
use store::{Dirty, DirtyDone, DirtyKey, DirtyMark, Priority, Reason, Record};
use sync_core::{RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::read::{self, Found};
use crate::session::{Session, unreadable_record};
use crate::subject::Reading;

/// Reads records by id. Records the shop has locked or forbids are put off one by one.
pub(super) async fn read_all(
    s: &Session<'_>,
    keys: &BTreeSet<RecordKey>,
    aside: &mut store::Commit,
    dirty: &[Dirty],
) -> Result<Vec<(RecordKey, Found)>, Halt> {
    let mut out = Vec::new();
    for &kind in RecordKind::ALL {
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
                        s.not_permitted(resource).await?;
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

/// Notes a record that cannot be read as a problem and tries it again later.
pub(super) fn put_off(
    s: &Session<'_>,
    key: RecordKey,
    why: Option<String>,
    dirty: &[Dirty],
    aside: &mut store::Commit,
) {
    let now = s.now();
    aside.problems.push(unreadable_record(key, why, now));
    let entry = DirtyKey::Record(key);
    match dirty.iter().find(|dirty| dirty.key == entry) {
        Some(dirty) => aside.done.push(DirtyDone::Again {
            key: entry,
            version: dirty.version,
            due_at: now + crate::deliver::retry_pause(dirty.attempts),
            attempts: dirty.attempts + 1,
        }),
        None => aside.marks.push(DirtyMark {
            key: entry,
            due_at: now + crate::deliver::retry_pause(1),
            priority: Priority::Bulk,
            reason: Reason::Retry,
            held_by: None,
        }),
    }
}

/// For a record of a new address: reads the shop's record of the other kind, because its consent counts too. A few at a
/// time; discovery finds the rest.
pub(super) async fn look_up_others(
    s: &Session<'_>,
    readings: &mut Vec<Reading>,
    ledger: &HashMap<RecordKey, Record>,
    aside: &mut store::Commit,
    dirty: &[Dirty],
) -> Result<(), Halt> {
    if !s.state().first_done {
        return Ok(());
    }
    let mut more = Vec::new();
    let mut unsure: Vec<RecordKey> = Vec::new();
    for reading in readings.iter().filter(|r| !ledger.contains_key(&r.key)) {
        let alone = !readings
            .iter()
            .any(|other| other.hash == reading.hash && other.key.kind != reading.key.kind);
        if !alone {
            continue;
        }
        let address = reading.email.as_str().to_owned();
        let other = match reading.key.kind {
            RecordKind::Customer => read::subscriber_of(s, &address).await,
            RecordKind::Subscriber => read::customer_of(s, &address).await,
        };
        match other {
            Ok(other) => more.extend(other),
            Err(CallError::Halt(halt)) => return Err(halt),
            // There may be one whose word counts, and the shop cannot put it into words.
            Err(CallError::Api(error)) => {
                unsure.push(reading.key);
                put_off(s, reading.key, Some(error.to_string()), dirty, aside);
            }
        }
    }
    readings.retain(|reading| !unsure.contains(&reading.key));
    for mut reading in more {
        if readings.iter().any(|r| r.key == reading.key) {
            continue;
        }
        let known = s.store.records(s.shop.id, &[reading.key]).await?;
        reading.complete_from(known.get(&reading.key).cloned());
        readings.push(reading);
    }
    Ok(())
}
