//! First the facts: what a verdict says of a contact, kept before anything is done about it.

use store::{Commit, Contact, DirtyKey, DirtyMark, HistoryEntry, Priority, Reason, Record};
use sync_core::consent::{Doubt, Noticed, SareView, status};
use sync_core::plan::Step;

use crate::error::Halt;
use crate::session::Session;
use crate::subject::{Assessed, Intent, Reading, Subject, UNREADABLE};

use super::{Errand, Item};

/// Keeps what was learnt of contacts of which there is more to read, and does nothing about them. Whoever came from
/// another address is not among them: that is dealt with as a whole.
pub async fn keep_facts(s: &Session<'_>, assessed: Vec<Assessed>, mut commit: Commit) -> Result<(), Halt> {
    let now = s.now();
    for a in assessed {
        if !(a.subject.came_from.is_empty() && a.subject.moved_away.is_empty()) {
            continue;
        }
        let item = prepare(a, now);
        commit
            .records
            .extend(records(&item.a.subject, Errand::live(), now));
        commit.history.extend(history(&item, now));
        commit.contacts.push(item.contact);
    }
    s.commit(commit).await
}

fn history(item: &Item, now: i64) -> impl Iterator<Item = HistoryEntry> {
    item.a.noticed.iter().map(move |n| HistoryEntry {
        hash: item.contact.hash,
        at: now,
        kind: noticed_word(*n).to_owned(),
        detail: noticed_detail(item, *n),
    })
}

pub(super) fn prepare(a: Assessed, now: i64) -> Item {
    let mut contact = a
        .subject
        .contact
        .clone()
        .unwrap_or_else(|| Contact::new(a.subject.hash, a.spelled.wire.clone(), now));
    if !a.subject.readings.is_empty() || contact.address.is_none() {
        contact.address = Some(a.spelled.wire.clone());
    }
    let mut intent = Intent::of(&contact).unwrap_or_default();
    if intent.wish != a.facts.wish {
        intent = Intent {
            wish: a.facts.wish,
            ..Intent::default()
        };
    }
    if a.sare == UNREADABLE {
        // What was known of it before is all that is known.
    } else if let SareView::Status(n) = a.sare {
        let proven = status::is_refusal(n) || intent.lowering_to == Some(n);
        if proven {
            intent.lowering_to = None;
        }
        if contact.sare_status != Some(n) {
            contact.sare_status = Some(n);
        }
        contact.sare_seen_at = Some(now);
    } else if a.sare == SareView::SurelyAbsent {
        contact.sare_status = Some(status::ABSENT);
        contact.sare_seen_at = Some(now);
        contact.sent = None;
        contact.groups = Vec::new();
    }
    contact.consent = Some(a.facts.consent);
    contact.doubt = a.facts.doubt;
    contact.withdrawn = a.facts.withdrawn;
    match a.facts.refusal {
        Some(refusal) => {
            if contact.refusal.is_none() {
                contact.refused_at = Some(now);
            }
            contact.refusal = Some(refusal.status);
            contact.refusal_origin = Some(refusal.origin.word().to_owned());
            contact.refusal_applied = refusal.applied;
        }
        None => contact.clear_refusal(),
    }
    if !intent.is_lowering(&contact, now) {
        intent.lowering_to = None;
    }
    contact.intent = intent.text();
    contact.poll_found = false;
    Item {
        a,
        contact,
        intent,
        result: None,
        wrote: false,
        left: false,
        sent: false,
        told: Vec::new(),
        without_custom: false,
        failed: false,
        lost_groups: Vec::new(),
    }
}

/// The commit before anything is sent: facts and records of contacts about which something is to be done.
pub(super) fn facts_commit(items: &mut [Item], errand: Errand, now: i64) -> Commit {
    let mut commit = Commit::default();
    for item in items.iter_mut() {
        let keeps = matches!(
            item.a.step,
            Step::Keep | Step::Skip | Step::HandsOff | Step::Suppress
        );
        let same = item.a.noticed.is_empty() && keeps && item.a.facts.refusal.is_none_or(|r| r.applied);
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
            item.contact.intent = item.intent.text();
        }
        // Not yet told: what was sent before stays on record until SARE has taken the new.
        commit.contacts.push(Contact {
            run_id: item.a.subject.contact.as_ref().and_then(|c| c.run_id),
            ..item.contact.clone()
        });
        commit.records.extend(records(&item.a.subject, errand, now));
        commit.history.extend(history(item, now));
        item.a.noticed.clear();
    }
    commit
}

/// The records read of a contact, as the ledger keeps them.
pub(super) fn records(subject: &Subject, errand: Errand, now: i64) -> impl Iterator<Item = Record> {
    subject
        .readings
        .iter()
        .map(move |r| r.record(errand.run.or(r.before.as_ref().and_then(|b| b.run_id)), now))
}

pub(super) fn noticed_word(noticed: Noticed) -> &'static str {
    match noticed {
        Noticed::WithdrawnInShop => "withdrawn-in-shop",
        Noticed::OptedInInShop => "opted-in-in-shop",
        Noticed::RefusedInSare => "refused-in-sare",
        Noticed::AlreadyRefused => "already-refused",
        Noticed::VanishedFromSare => "vanished-from-sare",
        Noticed::ResubscribedInSare => "resubscribed-in-sare",
        Noticed::RefusalFollowed => "refusal-followed",
        Noticed::Doubted(Doubt::InactiveRow) => "inactive-row-vetoes",
        Noticed::Doubted(Doubt::OldAddress) => "doubt-followed",
        Noticed::Doubted(Doubt::NotSaid) => "consent-not-said",
        Noticed::DoubtDecided => "consent-decided",
        Noticed::DoubtOver => "doubt-over",
    }
}

/// What SARE had then, what made us look, and of a withdrawal that was no word of the person how it came about.
pub(super) fn noticed_detail(item: &Item, noticed: Noticed) -> Option<String> {
    let a = &item.a;
    let mut detail = serde_json::json!({ "status": a.sare.number(), "by": a.subject.reason });
    if noticed == Noticed::WithdrawnInShop {
        let says_no = Reading::withdrew;
        let how = if a.abandoned {
            Some("left")
        } else if a.subject.lost.iter().any(|record| record.consent == Some(true))
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
