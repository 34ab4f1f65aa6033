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
pub(super) fn conclude(s: &Session<'_>, item: Item, delivery: Delivery, out: &mut Delivered) {
    let now = s.now();
    let quiet = match item.a.step {
        Step::Keep => Some(Outcome::Synchronised),
        Step::Suppress => Some(Outcome::Suppressed),
        Step::Skip => Some(
            if item.a.subject.readings.is_empty() && item.a.subject.known.is_empty() {
                Outcome::Gone
            } else {
                Outcome::Skipped
            },
        ),
        Step::HandsOff => Some(Outcome::HandsOff),
        _ => None,
    };
    let is_unapplied = item.a.facts.refusal.is_some() && !is_applied(&item.contact);
    if out.halted.is_some() && still_to_leave(&item) && !matches!(item.result, Some(ItemResult::Refused(_))) {
        // The slice was stopped before its groups' turn: its dirty entries stay.
        return keep_what_was_done(item, out);
    }
    if must_leave_groups(&item, s.config()) && !matches!(item.result, Some(ItemResult::RetryLater(_))) {
        return retry_leaving(item, now, out);
    }
    let Item {
        a,
        mut contact,
        changed,
        intent,
        result,
        wrote,
        left,
        sent,
        switched_off,
        told,
        without_custom,
        ..
    } = item;
    let result = match (result, quiet) {
        (Some(ItemResult::PutOff(until)), _) => {
            if matches!(a.step, Step::Raise { .. }) && !sent {
                // Counted before it was sent, and it was not.
                let tries = intent.tries.saturating_sub(1);
                contact.intent = Intent { tries, ..intent }.under_way();
            }
            return put_off_contact(&a.subject, contact, until, out);
        }
        (Some(result), _) => result,
        (None, Some(outcome)) if !(is_unapplied && out.halted.is_some()) => ItemResult::Settled(outcome),
        // The slice was stopped before this contact's turn: its dirty entries stay.
        _ => {
            let is_sent = intent.lowering_to.is_some() && contact.intent == intent.under_way();
            if is_sent {
                // The lowering was sent and could not be read back: that counts as an attempt.
                out.commit.contacts.push(contact);
            } else if matches!(a.step, Step::Raise { .. }) && !sent {
                // Counted before it was sent, and there was no permit to send it.
                let tries = intent.tries.saturating_sub(1);
                contact.intent = Intent { tries, ..intent }.under_way();
                out.commit.contacts.push(contact);
            }
            return;
        }
    };
    let key = DirtyKey::Address(contact.hash);
    let problem_key = key.encode();
    let mut seen_again = None;
    let outcome = match &result {
        ItemResult::Settled(outcome) => *outcome,
        ItemResult::CheckAgain(outcome, at, reason) => {
            seen_again = Some((*at, *reason));
            *outcome
        }
        ItemResult::Unproven { at, .. } => {
            seen_again = Some((*at, Reason::Verify));
            contact.outcome
        }
        ItemResult::Waits(at) => {
            seen_again = Some((*at, Reason::Waits));
            contact.outcome
        }
        ItemResult::Refused(_) => Outcome::Failed,
        ItemResult::RetryLater(_) | ItemResult::PutOff(_) => contact.outcome,
    };
    match &result {
        ItemResult::Refused(why) => {
            // What was refused is kept as told, so that only changed data or a person tries it again.
            contact.sent = a.fingerprint.map(|f| f.to_vec());
            out.commit.problems.push(problem(
                &problem_key,
                ProblemKind::SareRefused,
                Some(why.clone()),
                &contact,
                true,
                now,
            ));
            out.commit
                .history
                .push(entry(&contact, now, HistoryKind::RefusedBySare, None));
        }
        ItemResult::RetryLater(why) | ItemResult::Unproven { why, .. } => {
            out.commit
                .problems
                .push(problem(&problem_key, *why, None, &contact, false, now));
        }
        ItemResult::Settled(_) if without_custom => {
            out.commit.problems.push(problem(
                &problem_key,
                ProblemKind::CustomFieldsRefused,
                None,
                &contact,
                true,
                now,
            ));
        }
        ItemResult::Settled(_)
        | ItemResult::CheckAgain(..)
        | ItemResult::Waits(_)
        | ItemResult::PutOff(_) => {
            out.commit.resolved.push(problem_key);
        }
    }
    if wrote || left {
        out.changed += 1;
        let asks = matches!(a.step, Step::Add { confirm: true, .. });
        let detail = if asks {
            asked(&contact, a.subject.reason)
        } else {
            written(&contact, a.subject.reason)
        };
        let kind = match a.step {
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
        out.commit.history.push(entry(&contact, now, kind, Some(detail)));
        if switched_off && is_applied(&contact) && !matches!(a.step, Step::Suppress) {
            out.commit
                .history
                .push(entry(&contact, now, HistoryKind::SwitchedOffInShop, None));
        }
    }
    out.commit.history.extend(changed);
    for noticed in &a.noticed {
        out.commit
            .history
            .push(entry(&contact, now, noticed.history(), None));
    }
    if delivery.counts {
        let counted = a
            .subject
            .contact
            .as_ref()
            .is_some_and(|c| c.run_id.is_some() && c.run_id == delivery.run);
        if !counted {
            if a.subject.is_in_part() {
                out.counters.failed += 1;
            } else {
                count(&mut out.counters, a.step, &result, wrote, outcome);
            }
        }
        contact.run_id = delivery.run;
    }
    contact.outcome = outcome;
    contact.updated_at = now;
    contact.intent = intent.under_way();
    for (key, version, attempts) in &a.subject.dirty {
        out.commit.done.push(match &result {
            ItemResult::RetryLater(_) => {
                let pause = retry_pause(*attempts);
                DirtyDone::Again {
                    key: *key,
                    version: *version,
                    due_at: now + pause,
                    attempts: attempts + 1,
                }
            }
            _ => DirtyDone::Done {
                key: *key,
                version: *version,
            },
        });
    }
    if let Some((at, reason)) = seen_again {
        out.commit.marks.push(DirtyMark {
            key,
            due_at: at,
            priority: match reason {
                Reason::Waits => Priority::Bulk,
                _ => Priority::Live,
            },
            reason,
            held_by: None,
        });
    } else if matches!(result, ItemResult::RetryLater(_)) && a.subject.dirty.is_empty() {
        let due_at = now + retry_pause(0);
        out.commit.marks.push(DirtyMark {
            key,
            due_at,
            priority: Priority::Bulk,
            reason: Reason::Retry,
            held_by: None,
        });
    }
    out.commit.records.extend(records(&a.subject, delivery, now));
    out.commit.records.extend(told);
    out.over += 1;
    out.commit.gone.extend(a.subject.deleted.iter().map(|r| r.key));
    out.commit.contacts.push(contact);
}

/// Whether a refusal was carried into the shop as far as it can be.
fn is_applied(contact: &Contact) -> bool {
    contact.refusal.is_some_and(|refused| refused.applied)
}

/// A contact about which nothing could be done, for no reason of its own: it is looked at again at `until`, and that does
/// not count as an attempt.
fn put_off_contact(subject: &Subject, contact: Contact, until: i64, out: &mut Delivered) {
    let key = DirtyKey::Address(contact.hash);
    for (key, version, attempts) in &subject.dirty {
        out.commit.done.push(DirtyDone::Again {
            key: *key,
            version: *version,
            due_at: until,
            attempts: *attempts,
        });
    }
    if subject.dirty.is_empty() {
        out.commit.marks.push(DirtyMark {
            key,
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

fn problem(
    key: &str,
    kind: ProblemKind,
    detail: Option<String>,
    contact: &Contact,
    is_final: bool,
    now: i64,
) -> Problem {
    Problem {
        key: key.to_owned(),
        kind,
        hash: Some(contact.hash),
        detail,
        is_final,
        first_at: now,
        last_at: now,
        times: 1,
    }
}
