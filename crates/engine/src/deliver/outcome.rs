//! Last the outcome: what became of each contact, for the ledger.

use store::{Contact, DirtyDone, DirtyKey, DirtyMark, HistoryEntry, Outcome, Priority, Problem, Reason};
use sync_core::config::DeletedAction;
use sync_core::consent::status;
use sync_core::plan::Step;

use crate::report::Counters;
use crate::session::Session;
use crate::subject::{Intent, Subject};

use super::facts::{noticed_word, records};
use super::groups::{owes_leaving, still_to_leave};
use super::{Delivered, Errand, Fate, Item};

/// Turns one contact's fate into what is committed.
pub(super) fn conclude(s: &Session<'_>, item: Item, errand: Errand, out: &mut Delivered) {
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
    let untold = item.a.facts.refusal.is_some() && !item.contact.refusal_applied;
    if out.halted.is_some() && still_to_leave(&item) && !matches!(item.result, Some(Fate::Refused(_))) {
        // The slice was stopped before its groups' turn: its dirty entries stay.
        return keep_what_was_done(item, out);
    }
    if owes_leaving(&item, s.config()) && !matches!(item.result, Some(Fate::Later(_))) {
        return keep_owing(item, now, out);
    }
    let Item {
        a,
        mut contact,
        intent,
        result,
        wrote,
        left,
        sent,
        told,
        without_custom,
        ..
    } = item;
    let fate = match (result, quiet) {
        (Some(Fate::Rest(until)), _) => {
            if matches!(a.step, Step::Raise { .. }) && !sent {
                // Counted before it was sent, and it was not.
                let tries = intent.tries.saturating_sub(1);
                contact.intent = Intent { tries, ..intent }.text();
            }
            return rest(&a.subject, contact, until, out);
        }
        (Some(fate), _) => fate,
        (None, Some(outcome)) if !(untold && out.halted.is_some()) => Fate::Settled(outcome),
        // The slice was stopped before this contact's turn: its dirty entries stay.
        _ => {
            let is_sent = intent.lowering_to.is_some() && contact.intent == intent.text();
            if is_sent {
                // The lowering was sent and could not be read back: that counts as a try.
                out.commit.contacts.push(contact);
            } else if matches!(a.step, Step::Raise { .. }) && !sent {
                // Counted before it was sent, and there was no place to send it.
                let tries = intent.tries.saturating_sub(1);
                contact.intent = Intent { tries, ..intent }.text();
                out.commit.contacts.push(contact);
            }
            return;
        }
    };
    let key = DirtyKey::Address(contact.hash);
    let problem_key = key.encode();
    let mut seen_again = None;
    let outcome = match &fate {
        Fate::Settled(outcome) => *outcome,
        Fate::LookAgain(outcome, at, reason) => {
            seen_again = Some((*at, *reason));
            *outcome
        }
        Fate::Unproven { at, .. } => {
            seen_again = Some((*at, Reason::Verify));
            contact.outcome
        }
        Fate::Waits(at) => {
            seen_again = Some((*at, Reason::Waits));
            contact.outcome
        }
        Fate::Refused(_) => Outcome::Failed,
        Fate::Later(_) | Fate::Rest(_) => contact.outcome,
    };
    match &fate {
        Fate::Refused(why) => {
            // What was refused is kept as told, so that only changed data or a person tries it again.
            contact.sent = a.fingerprint.map(|f| f.to_vec());
            out.commit.problems.push(problem(
                &problem_key,
                "sare-refused",
                Some(why.clone()),
                &contact,
                true,
                now,
            ));
            out.commit
                .history
                .push(entry(&contact, now, "refused-by-sare", None));
        }
        Fate::Later(why) | Fate::Unproven { why, .. } => {
            out.commit
                .problems
                .push(problem(&problem_key, why, None, &contact, false, now));
        }
        Fate::Settled(_) if without_custom => {
            out.commit.problems.push(problem(
                &problem_key,
                "custom-fields-refused",
                None,
                &contact,
                true,
                now,
            ));
        }
        Fate::Settled(_) | Fate::LookAgain(..) | Fate::Waits(_) | Fate::Rest(_) => {
            out.commit.solved.push(problem_key);
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
            Step::Add { .. } => "added",
            Step::Update => "updated",
            Step::Unsubscribe { .. } if wrote => "unsubscribed-in-sare",
            // A reactivation that could not be proven at once becomes a question: what was read back says which it was.
            Step::Raise { .. } if contact.sare_status == Some(status::CONFIRMED) => "confirmed-in-sare",
            Step::Raise { .. } => "asked-again",
            Step::Leave(DeletedAction::Delete) => "deleted-in-sare",
            Step::Leave(_) => "left-groups",
            Step::Keep => "left-group",
            _ if !wrote => "left-groups",
            _ => "switched-off-in-shop",
        };
        out.commit.history.push(entry(&contact, now, kind, Some(detail)));
        if a.tells_shop(s.config()) && contact.refusal_applied && !matches!(a.step, Step::Suppress) {
            out.commit
                .history
                .push(entry(&contact, now, "switched-off-in-shop", None));
        }
    }
    for noticed in &a.noticed {
        out.commit
            .history
            .push(entry(&contact, now, noticed_word(*noticed), None));
    }
    if errand.counts {
        let counted = a
            .subject
            .contact
            .as_ref()
            .is_some_and(|c| c.run_id.is_some() && c.run_id == errand.run);
        if !counted {
            if a.subject.is_in_part() {
                out.counters.failed += 1;
            } else {
                count(&mut out.counters, a.step, &fate, wrote, outcome);
            }
        }
        contact.run_id = errand.run;
    }
    contact.outcome = outcome;
    contact.updated_at = now;
    contact.intent = intent.text();
    for (key, version, attempts) in &a.subject.dirty {
        out.commit.done.push(match &fate {
            Fate::Later(_) => {
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
    } else if matches!(fate, Fate::Later(_)) && a.subject.dirty.is_empty() {
        let due_at = now + retry_pause(0);
        out.commit.marks.push(DirtyMark {
            key,
            due_at,
            priority: Priority::Bulk,
            reason: Reason::Retry,
            held_by: None,
        });
    }
    out.commit.records.extend(records(&a.subject, errand, now));
    out.commit.records.extend(told);
    out.over += 1;
    out.commit.gone.extend(a.subject.lost.iter().map(|r| r.key));
    out.commit.contacts.push(contact);
}

/// A contact about which nothing could be done, for no reason of its own: it is looked at again at `until`, and that does
/// not count as a try.
fn rest(subject: &Subject, contact: Contact, until: i64, out: &mut Delivered) {
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
fn keep_owing(item: Item, now: i64, out: &mut Delivered) {
    let key = DirtyKey::Address(item.contact.hash);
    if item.wrote {
        let kind = match item.a.step {
            Step::Unsubscribe { .. } => "unsubscribed-in-sare",
            _ => "switched-off-in-shop",
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
    if item.a.step == Step::Update && matches!(item.result, Some(Fate::Settled(_))) {
        out.commit.contacts.push(item.contact);
    }
}

fn count(counters: &mut Counters, step: Step, fate: &Fate, wrote: bool, outcome: Outcome) {
    let slot = match (step, fate) {
        (_, Fate::Refused(_) | Fate::Later(_) | Fate::Unproven { .. }) => &mut counters.failed,
        (_, Fate::Waits(_) | Fate::Rest(_)) => &mut counters.waiting,
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
    serde_json::json!({ "status": contact.sare_status, "groups": contact.groups, "by": by }).to_string()
}

/// The same of an address that was added with the request to confirm.
fn asked(contact: &Contact, by: Reason) -> String {
    serde_json::json!({ "status": contact.sare_status, "groups": contact.groups, "by": by, "asked": true })
        .to_string()
}

fn entry(contact: &Contact, at: i64, kind: &str, detail: Option<String>) -> HistoryEntry {
    HistoryEntry {
        hash: contact.hash,
        at,
        kind: kind.to_owned(),
        detail,
    }
}

fn problem(
    key: &str,
    kind: &str,
    detail: Option<String>,
    contact: &Contact,
    is_final: bool,
    now: i64,
) -> Problem {
    Problem {
        key: key.to_owned(),
        kind: kind.to_owned(),
        hash: Some(contact.hash),
        detail,
        is_final,
        first_at: now,
        last_at: now,
        times: 1,
    }
}
