//! Last the outcome: what became of each contact, for the ledger.

use store::{Contact, DirtyDone, DirtyKey, DirtyMark, HistoryEntry, Outcome, Priority, Problem, Reason};
use sync_core::config::DeletedAction;
use sync_core::consent::{Intent, Status};
use sync_core::plan::Step;
use sync_core::{HistoryKind, ProblemKind};

use crate::report::Counters;
use crate::session::Session;
use crate::subject::Subject;

use super::facts::records;
use super::groups::{must_leave_groups, still_to_leave};
use super::{Delivered, Delivery, Item, ItemResult};

/// Turns one contact's result into what is committed.
pub(super) fn conclude(s: &Session<'_>, mut item: Item, delivery: Delivery, out: &mut Delivered) {
    let now = s.now();
    if out.halted.is_some() && still_to_leave(&item) && !matches!(item.result, Some(ItemResult::Refused(_))) {
        // The slice was stopped before its groups' turn: its dirty entries stay.
        return keep_what_was_done(item, out);
    }
    if must_leave_groups(&item) && !matches!(item.result, Some(ItemResult::RetryLater(_))) {
        return retry_leaving(item, now, out);
    }
    let is_unapplied = item.a.facts.refusal.is_some() && !is_applied(&item.contact);
    let result = match (item.result.take(), quiet_outcome(&item)) {
        (Some(ItemResult::PutOff(until)), _) => return put_off_contact(item, until, out),
        (Some(result), _) => result,
        (None, Some(outcome)) if !(is_unapplied && out.halted.is_some()) => ItemResult::Settled(outcome),
        // The slice was stopped before this contact's turn: its dirty entries stay.
        _ => return keep_attempts(item, out),
    };
    let (outcome, seen_again) = match &result {
        ItemResult::Settled(outcome) => (*outcome, None),
        ItemResult::CheckAgain(outcome, at, reason) => (*outcome, Some((*at, *reason))),
        ItemResult::Unproven { at, .. } => (item.contact.outcome, Some((*at, Reason::Verify))),
        ItemResult::Waits(at) => (item.contact.outcome, Some((*at, Reason::Waits))),
        ItemResult::Refused(_) => (Outcome::Failed, None),
        ItemResult::RetryLater(_) | ItemResult::PutOff(_) => (item.contact.outcome, None),
    };
    if let ItemResult::Refused(_) = &result {
        // What was refused is kept as told, so that only changed data or a person tries it again.
        item.contact.sent = item.a.fingerprint.map(|f| f.to_vec());
        let kind = HistoryKind::RefusedBySare;
        out.commit.history.push(entry(&item.contact, now, kind, None));
    }
    note_problem(&item, &result, now, out);
    note_written(&item, now, out);
    let noticed = item.a.noticed.iter().map(|noticed| noticed.history());
    out.commit.history.extend(item.changed.take());
    out.commit
        .history
        .extend(noticed.map(|kind| entry(&item.contact, now, kind, None)));
    if delivery.counts {
        let before = item.a.subject.contact.as_ref();
        let counted = before.is_some_and(|c| c.run_id.is_some() && c.run_id == delivery.run);
        if !counted && item.a.subject.is_in_part() {
            out.counters.failed += 1;
        } else if !counted {
            count(&mut out.counters, item.a.step, &result, item.wrote, outcome);
        }
        item.contact.run_id = delivery.run;
    }
    item.contact.outcome = outcome;
    item.contact.updated_at = now;
    item.contact.intent = item.intent.under_way();
    settle_dirty(&item.a.subject, &result, seen_again, now, out);
    let Item { a, contact, told, .. } = item;
    out.commit.records.extend(records(&a.subject, delivery, now));
    out.commit.records.extend(told);
    out.over += 1;
    out.commit.gone.extend(a.subject.deleted.iter().map(|r| r.key));
    out.commit.contacts.push(contact);
}

/// What a contact is when its step asked for no call; `None` when it did.
fn quiet_outcome(item: &Item) -> Option<Outcome> {
    let subject = &item.a.subject;
    match item.a.step {
        Step::Keep => Some(Outcome::Synchronised),
        Step::Suppress => Some(Outcome::Suppressed),
        Step::Skip if subject.readings.is_empty() && subject.known.is_empty() => Some(Outcome::Gone),
        Step::Skip => Some(Outcome::Skipped),
        Step::HandsOff => Some(Outcome::HandsOff),
        _ => None,
    }
}

/// The problem of a contact after this result, or the end of one.
fn note_problem(item: &Item, result: &ItemResult, now: i64, out: &mut Delivered) {
    let (kind, detail, is_final) = match result {
        ItemResult::Refused(why) => (ProblemKind::SareRefused, Some(why.clone()), true),
        ItemResult::RetryLater(why) | ItemResult::Unproven { why, .. } => (*why, None, false),
        ItemResult::Settled(_) if item.without_custom => (ProblemKind::CustomFieldsRefused, None, true),
        ItemResult::Settled(_)
        | ItemResult::CheckAgain(..)
        | ItemResult::Waits(_)
        | ItemResult::PutOff(_) => {
            let key = DirtyKey::Address(item.contact.hash);
            return out.commit.resolved.push(key.encode());
        }
    };
    out.commit.problems.push(Problem {
        key: DirtyKey::Address(item.contact.hash).encode(),
        kind,
        hash: Some(item.contact.hash),
        detail,
        is_final,
        first_at: now,
        last_at: now,
        times: 1,
    });
}

/// The lines of history about what was written.
fn note_written(item: &Item, now: i64, out: &mut Delivered) {
    let (contact, step, wrote) = (&item.contact, item.a.step, item.wrote);
    if !wrote && !item.left {
        return;
    }
    out.changed += 1;
    let detail = match step {
        Step::Add { confirm: true, .. } => asked(contact, item.a.subject.reason),
        _ => written(contact, item.a.subject.reason),
    };
    let kind = match step {
        Step::Add { .. } => HistoryKind::Added,
        Step::Update => HistoryKind::Updated,
        Step::Unsubscribe { .. } if wrote => HistoryKind::UnsubscribedInSare,
        // A reactivation that could not be proven at once becomes a question: what was read back says which it was.
        Step::Raise { .. } if contact.sare_status() == Some(Status::Confirmed) => {
            HistoryKind::ConfirmedInSare
        }
        Step::Raise { .. } => HistoryKind::AskedAgain,
        Step::Leave(DeletedAction::Delete) => HistoryKind::DeletedInSare,
        Step::Leave(_) => HistoryKind::LeftGroups,
        Step::Keep => HistoryKind::LeftGroup,
        _ if !wrote => HistoryKind::LeftGroups,
        _ => HistoryKind::SwitchedOffInShop,
    };
    out.commit.history.push(entry(contact, now, kind, Some(detail)));
    if item.switched_off && is_applied(contact) && !matches!(step, Step::Suppress) {
        let kind = HistoryKind::SwitchedOffInShop;
        out.commit.history.push(entry(contact, now, kind, None));
    }
}

/// Settles the contact's dirty entries, or has it looked at again.
fn settle_dirty(
    subject: &Subject,
    result: &ItemResult,
    seen_again: Option<(i64, Reason)>,
    now: i64,
    out: &mut Delivered,
) {
    let is_retried = matches!(result, ItemResult::RetryLater(_));
    for &(key, version, attempts) in &subject.dirty {
        out.commit.done.push(if is_retried {
            DirtyDone::Again {
                key,
                version,
                due_at: now + retry_pause(attempts),
                attempts: attempts + 1,
            }
        } else {
            DirtyDone::Done { key, version }
        });
    }
    let (due_at, reason) = match seen_again {
        Some(again) => again,
        None if is_retried && subject.dirty.is_empty() => (now + retry_pause(0), Reason::Retry),
        None => return,
    };
    out.commit.marks.push(DirtyMark {
        key: DirtyKey::Address(subject.hash),
        due_at,
        priority: match reason {
            Reason::Waits | Reason::Retry => Priority::Bulk,
            _ => Priority::Live,
        },
        reason,
        held_by: None,
    });
}

/// What a contact whose turn did not come keeps: how often a change of its status was sent.
fn keep_attempts(mut item: Item, out: &mut Delivered) {
    let is_sent = item.intent.lowering_to.is_some() && item.contact.intent == item.intent.under_way();
    // A lowering that was sent and could not be read back counts as an attempt.
    if is_sent || uncount_raise(&mut item) {
        out.commit.contacts.push(item.contact);
    }
}

/// An attempt at raising a status is counted before it is sent. Takes that back of one that was not sent; whether it did.
fn uncount_raise(item: &mut Item) -> bool {
    let is_unsent = matches!(item.a.step, Step::Raise { .. }) && !item.sent;
    if is_unsent {
        let tries = item.intent.tries.saturating_sub(1);
        item.contact.intent = Intent { tries, ..item.intent }.under_way();
    }
    is_unsent
}

/// Whether a refusal was carried into the shop as far as it can be.
fn is_applied(contact: &Contact) -> bool {
    contact.refusal.is_some_and(|refused| refused.applied)
}

/// A contact about which nothing could be done, for no reason of its own: it is looked at again at `until`, and that does
/// not count as an attempt.
fn put_off_contact(mut item: Item, until: i64, out: &mut Delivered) {
    uncount_raise(&mut item);
    let Item { a, contact, .. } = item;
    for &(key, version, attempts) in &a.subject.dirty {
        out.commit.done.push(DirtyDone::Again {
            key,
            version,
            due_at: until,
            attempts,
        });
    }
    if a.subject.dirty.is_empty() {
        out.commit.marks.push(DirtyMark {
            key: DirtyKey::Address(contact.hash),
            due_at: until,
            priority: Priority::Bulk,
            reason: Reason::Retry,
            held_by: None,
        });
    }
    out.over += 1;
    out.commit.contacts.push(contact);
}

/// A contact whose withdrawal SARE has taken and that could not leave our groups: the next try finds what is left to do.
fn retry_leaving(item: Item, now: i64, out: &mut Delivered) {
    let key = DirtyKey::Address(item.contact.hash);
    if item.wrote {
        let kind = match item.a.step {
            Step::Unsubscribe { .. } => HistoryKind::UnsubscribedInSare,
            _ => HistoryKind::SwitchedOffInShop,
        };
        out.changed += 1;
        let detail = written(&item.contact, item.a.subject.reason);
        out.commit
            .history
            .push(entry(&item.contact, now, kind, Some(detail)));
    }
    if item.a.subject.dirty.is_empty() {
        out.commit.marks.push(DirtyMark {
            key,
            due_at: now + retry_pause(0),
            priority: Priority::Live,
            reason: Reason::Verify,
            held_by: None,
        });
    } else if out.halted.is_none() {
        for (key, version, attempts) in &item.a.subject.dirty {
            out.commit.done.push(DirtyDone::Again {
                key: *key,
                version: *version,
                due_at: now + retry_pause(*attempts),
                attempts: attempts + 1,
            });
        }
    }
    out.commit.contacts.push(Contact {
        outcome: Outcome::Suppressed,
        updated_at: now,
        ..item.contact
    });
}

/// Data that SARE has taken of a contact whose turn is not over: the next try has less to do.
fn keep_what_was_done(item: Item, out: &mut Delivered) {
    if item.a.step == Step::Update && matches!(item.result, Some(ItemResult::Settled(_))) {
        out.commit.contacts.push(item.contact);
    }
}

fn count(counters: &mut Counters, step: Step, result: &ItemResult, wrote: bool, outcome: Outcome) {
    let slot = match (step, result) {
        (_, ItemResult::Refused(_) | ItemResult::RetryLater(_) | ItemResult::Unproven { .. }) => {
            &mut counters.failed
        }
        (_, ItemResult::Waits(_) | ItemResult::PutOff(_)) => &mut counters.waiting,
        (Step::Add { .. }, _) => &mut counters.added,
        (Step::Update, _) => &mut counters.updated,
        (Step::Unsubscribe { .. }, _) => &mut counters.unsubscribed,
        (Step::Raise { .. }, _) => &mut counters.updated,
        (Step::Leave(_), _) if wrote => &mut counters.updated,
        _ => match outcome {
            Outcome::Suppressed => &mut counters.suppressed,
            Outcome::Skipped | Outcome::Gone => &mut counters.skipped,
            Outcome::HandsOff => &mut counters.hands_off,
            _ => &mut counters.unchanged,
        },
    };
    *slot += 1;
}

/// 1 minute, 5, 30, then 2, 6 and 24 hours.
pub fn retry_pause(attempts: i64) -> i64 {
    const MINUTES: [i64; 6] = [1, 5, 30, 120, 360, 1440];
    let step = usize::try_from(attempts).unwrap_or(0).min(MINUTES.len() - 1);
    MINUTES[step] * 60_000
}

/// What was written, and why: the detail of a line of history.
fn written(contact: &Contact, by: Reason) -> String {
    serde_json::json!({ "status": contact.sare_status(), "groups": contact.groups, "by": by }).to_string()
}

/// The same of an address that was added with the request to confirm.
fn asked(contact: &Contact, by: Reason) -> String {
    serde_json::json!({ "status": contact.sare_status(), "groups": contact.groups, "by": by, "asked": true })
        .to_string()
}

fn entry(contact: &Contact, at: i64, kind: HistoryKind, detail: Option<String>) -> HistoryEntry {
    HistoryEntry {
        hash: contact.hash,
        at,
        kind,
        detail,
    }
}
