//! First the facts: what a verdict says of a contact, kept before anything is done about it.

use store::{Commit, Contact, DirtyKey, DirtyMark, HistoryEntry, Priority, Reason, Record, Refused, Seen};
use sync_core::consent::{Intent, Noticed, SareView, Status};
use sync_core::plan::Step;

use crate::subject::{Assessed, Reading, Subject, changed_in_sare, is_lowering};

use super::{Delivery, Item};

fn history(item: &Item, now: i64) -> impl Iterator<Item = HistoryEntry> {
    item.a.noticed.iter().map(move |n| HistoryEntry {
        hash: item.contact.hash,
        at: now,
        kind: n.history(),
        detail: noticed_detail(item, *n),
    })
}

pub(super) fn prepare(a: Assessed, now: i64) -> Item {
    let mut contact = a
        .subject
        .contact
        .clone()
        .unwrap_or_else(|| Contact::new(a.subject.hash, a.spellings.wire.clone(), now));
    if !a.subject.readings.is_empty() || contact.address.is_none() {
        contact.address = Some(a.spellings.wire.clone());
    }
    let mut intent = contact.intent.unwrap_or_default();
    if intent.opt_in != a.facts.opt_in {
        intent = Intent {
            opt_in: a.facts.opt_in,
            ..Intent::default()
        };
    }
    let mut changed = None;
    let seen = |status| Some(Seen { status, at: now });
    match a.sare {
        SareView::Status(n) => {
            let proven = n.is_refusal() || intent.lowering_to == Some(n);
            if proven {
                intent.lowering_to = None;
            }
            if !proven && intent.opt_in.is_none() && intent.lowering_to.is_none() {
                changed = changed_in_sare(&contact, n, now);
            }
            contact.sare = seen(n);
        }
        SareView::SurelyAbsent => {
            contact.sare = seen(Status::Absent);
            contact.sent = None;
            contact.groups = Vec::new();
        }
        // What was known of it before is all that is known.
        SareView::Absent | SareView::Unreadable => {}
    }
    contact.consent = Some(a.facts.consent);
    contact.doubt = a.facts.doubt;
    contact.withdrawn = a.facts.withdrawn;
    let since = contact.refusal.map_or(now, |known| known.since);
    contact.refusal = a.facts.refusal.map(|refusal| Refused::since(refusal, since));
    if !is_lowering(intent, &contact, now) {
        intent.lowering_to = None;
    }
    contact.intent = intent.under_way();
    contact.poll_found = false;
    Item {
        a,
        contact,
        changed,
        intent,
        result: None,
        wrote: false,
        left: false,
        sent: false,
        switched_off: false,
        told: Vec::new(),
        without_custom: false,
        failed: false,
        lost_groups: Vec::new(),
    }
}

/// The commit before anything is sent: facts and records of contacts about which something is to be done.
pub(super) fn facts_commit(items: &mut [Item], delivery: Delivery, now: i64) -> Commit {
    let mut commit = Commit::default();
    for item in items.iter_mut() {
        let keeps = matches!(
            item.a.step,
            Step::Keep | Step::Skip | Step::HandsOff | Step::Suppress
        );
        let same = item.a.noticed.is_empty()
            && item.changed.is_none()
            && keeps
            && item.a.facts.refusal.is_none_or(|r| r.applied);
        for from in &item.a.subject.came_from {
            let key = DirtyKey::Address(*from);
            commit.marks.push(DirtyMark {
                key,
                due_at: now,
                priority: Priority::Live,
                reason: Reason::Verify,
                held_by: None,
            });
        }
        if same && item.a.subject.came_from.is_empty() {
            continue;
        }
        if let Step::Raise { .. } = item.a.step {
            item.intent.tries += 1;
            item.contact.intent = item.intent.under_way();
        }
        // Not yet told: what was sent before stays on record until SARE has taken the new.
        commit.contacts.push(Contact {
            run_id: item.a.subject.contact.as_ref().and_then(|c| c.run_id),
            ..item.contact.clone()
        });
        commit.records.extend(records(&item.a.subject, delivery, now));
        commit.history.extend(item.changed.take());
        commit.history.extend(history(item, now));
        item.a.decision.noticed.clear();
    }
    commit
}

/// The records read of a contact, as the ledger keeps them.
pub(super) fn records(subject: &Subject, delivery: Delivery, now: i64) -> impl Iterator<Item = Record> {
    subject
        .readings
        .iter()
        .map(move |r| r.record(delivery.run.or(r.before.as_ref().and_then(|b| b.run_id)), now))
}

/// What SARE had then, what made us look, and of a withdrawal that was no word of the person how it came about.
pub(super) fn noticed_detail(item: &Item, noticed: Noticed) -> Option<String> {
    let a = &item.a;
    let mut detail = serde_json::json!({ "status": a.sare.status(), "by": a.subject.reason });
    if noticed == Noticed::WithdrawnInShop {
        let says_no = Reading::withdrew;
        let how = if a.abandoned {
            Some("left")
        } else if a
            .subject
            .deleted
            .iter()
            .any(|record| record.consent == Some(true))
            && !a.subject.readings.iter().any(says_no)
        {
            Some("deleted")
        } else {
            None
        };
        if let Some(how) = how {
            detail["how"] = how.into();
        }
    }
    Some(detail.to_string())
}
