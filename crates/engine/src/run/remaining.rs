//! After the lists: contacts put off until customers were known, and records that were not met.

use std::collections::{HashMap, HashSet};

use store::{AddrHash, Commit, ContactFilter, DirtyKey, DirtyMark, Priority, Reason, Record, Run};
use sync_core::RecordKind;
use sync_core::consent::Status;

use crate::error::Halt;
use crate::lookup;
use crate::read;
use crate::report::Body;
use crate::session::Session;
use crate::subject::{Confirm, Subject, assess};

use super::act::act_on;
use super::end::conclude;
use super::next_phase;

/// Contacts put off until customers were known, and those a part of the run could not settle.
pub(super) async fn remaining(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    s.may_ask_sare()?;
    let after = body.ledger_cursor.as_deref().and_then(AddrHash::from_hex);
    let limit = lookup::contacts_per_page(s);
    let contacts = s
        .store
        .contacts_after(s.shop.id, after, limit, ContactFilter::Unsettled(run.id))
        .await?;
    let Some(last) = contacts.last() else {
        return next_phase(s, run, body).await;
    };
    body.ledger_cursor = Some(last.hash.to_hex());
    body.moved_at = Some(s.now());
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
        let email = contact.address.as_deref().map(sync_core::Email::kept);
        let (true, true, Some(email)) = (only_subscriber, seen_now, email) else {
            continue;
        };
        let mut subject = Subject::new(contact.hash, email, run.kind.policy().reason);
        subject.known = known;
        subject.contact = Some(contact);
        subjects.push(subject);
    }
    read::known_rows(s, &mut subjects).await?;
    let assessed = assess(s, subjects, Confirm::No).await?;
    act_on(s, run, body, assessed, &HashSet::new(), Commit::default()).await
}

/// Records of the ledger that the run did not see: asked after one by one when it is over.
pub(super) async fn missing(s: &Session<'_>, run: &mut Run, body: &mut Body) -> Result<(), Halt> {
    let mut kinds = vec![RecordKind::Subscriber];
    if body.reads_customers {
        kinds.push(RecordKind::Customer);
    }
    kinds.retain(|kind| !body.short[*kind]);
    let policy = run.kind.policy();
    if !policy.is_first {
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
                        .is_some_and(|c| c.sare_status() == Some(Status::Confirmed));
                    body.statement.unmailable += i64::from(mailable);
                    if !policy.only_states {
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
