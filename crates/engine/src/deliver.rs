//! Carrying out verdicts: from facts and steps to calls on SARE and the shop, and into the ledger.
//!
//! The order is what makes crashes harmless. First the facts (a withdrawal, a refusal, a wish) and
//! what the records said are committed; then the services are told; then what came of it is
//! committed and the dirty entries go. Whatever happens in between, the next worker finds the facts
//! and the dirty entry, and the same steps follow from them.
//!
//! Data and status changes never share a request, and a status change counts only when it has been
//! read back (sare-api.md section 14 and 16 row 11).

use std::collections::BTreeMap;

use sare_api::{AddRequest, ItemOutcome, Status};
use shoper_api::SubscriberId;
use shoper_api::subscribers::SubscriberUpdate;
use store::{
    AddrHash, Commit, Contact, DirtyDone, DirtyKey, DirtyMark, HistoryEntry, Outcome, Priority, Problem,
    Reason, Record,
};
use sync_core::config::{Config, DeletedAction};
use sync_core::consent::{Noticed, SareView, Wish, status};
use sync_core::mapping::Target;
use sync_core::plan::Step;
use sync_core::{RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::person::SubscriberExtra;
use crate::report::Counters;
use crate::session::{Session, millis};
use crate::state::ToProve;
use crate::subject::{Assessed, Intent, refuses_by_withdrawal, statuses};

/// Most tries at a status change before a person is asked.
const STATUS_TRIES: u32 = 5;
/// Batches of updates that are read back before an account is trusted to leave statuses alone.
const UPDATES_PROVEN: u32 = 5;
/// Most contacts of an update while the account is not trusted yet.
const UNPROVEN_BATCH: usize = 10;

/// How long after an update a status tells what the update did to it.
const PROVABLE_MS: i64 = 60_000;

/// For whom contacts are delivered.
#[derive(Debug, Clone, Copy)]
pub struct Errand {
    /// The run that counts them.
    pub run: Option<i64>,
    /// Whether the run has yet to count a contact (each counts once).
    pub counts: bool,
}

impl Errand {
    /// Live work, counted by no run.
    pub fn live() -> Self {
        Self {
            run: None,
            counts: false,
        }
    }
}

/// What one delivery did.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Contacts by what became of them.
    pub counters: Counters,
    /// The service that stopped us before all was done.
    pub halted: Option<Halt>,
    /// All that was to be committed, for the caller to add its own progress and commit.
    pub commit: Commit,
    /// Contacts whose SARE or shop side was really changed.
    pub changed: i64,
    /// Contacts about which nothing is left to be done now.
    pub over: usize,
}

/// One contact on its way.
struct Item {
    a: Assessed,
    contact: Contact,
    intent: Intent,
    result: Option<Fate>,
    wrote: bool,
    /// It was taken out of groups of ours though it stays in SARE.
    left: bool,
    /// A change of its status may have reached SARE.
    sent: bool,
    /// Records not read now that the shop was told about.
    told: Vec<Record>,
    /// SARE takes the contact only without its custom properties.
    without_custom: bool,
}

/// What became of one contact.
enum Fate {
    /// Done.
    Settled(Outcome),
    /// Done, and to be looked at again after a pause (a status to be read back, data to follow).
    LookAgain(Outcome, i64, Reason),
    /// SARE said no to this contact.
    Refused(String),
    /// Something that may pass: try this contact later.
    Later(&'static str),
}

/// Carries out the verdicts.
pub async fn deliver(s: &Session<'_>, assessed: Vec<Assessed>, errand: Errand) -> Result<Delivered, Halt> {
    let now = s.now();
    let config = s.config();
    let mut items: Vec<Item> = assessed.into_iter().map(|a| prepare(a, now)).collect();
    let mut out = Delivered::default();

    let first = facts_commit(&mut items, errand, now);
    if !(first.contacts.is_empty() && first.records.is_empty() && first.marks.is_empty()) {
        s.commit(first).await?;
    }
    if let Err(halt) = carry_out(s, config, &mut items).await {
        if matches!(halt, Halt::Fenced | Halt::Store(_)) {
            return Err(halt);
        }
        out.halted = Some(halt);
    }
    for item in items {
        conclude(s, item, errand, &mut out);
    }
    Ok(out)
}

/// Keeps what was learnt of contacts of which there is more to read, and does nothing about them. Whoever came from
/// another address is not among them: that is dealt with as a whole.
pub async fn keep_facts(s: &Session<'_>, assessed: Vec<Assessed>, mut commit: Commit) -> Result<(), Halt> {
    let now = s.now();
    for a in assessed {
        if !(a.subject.came_from.is_empty() && a.subject.moved_away.is_empty()) {
            continue;
        }
        let item = prepare(a, now);
        commit.records.extend(records(&item, Errand::live(), now));
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
        detail: noticed_detail(item),
    })
}

fn prepare(a: Assessed, now: i64) -> Item {
    let mut contact = a
        .subject
        .contact
        .clone()
        .unwrap_or_else(|| Contact::new(a.subject.hash, a.subject.email.as_str().to_owned(), now));
    if !a.subject.readings.is_empty() || contact.address.is_none() {
        contact.address = Some(a.subject.email.as_str().to_owned());
    }
    let mut intent = Intent::of(&contact).unwrap_or_default();
    if intent.wish != a.facts.wish {
        intent = Intent {
            wish: a.facts.wish,
            ..Intent::default()
        };
    }
    if let SareView::Status(n) = a.sare {
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
        None => {
            contact.refusal = None;
            contact.refused_at = None;
            contact.refusal_origin = None;
            contact.refusal_applied = false;
        }
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
    }
}

/// The commit before anything is sent: facts and records of contacts about which something is to be done.
fn facts_commit(items: &mut [Item], errand: Errand, now: i64) -> Commit {
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
        commit.records.extend(records(item, errand, now));
        commit.history.extend(history(item, now));
        item.a.noticed.clear();
    }
    commit
}

fn records(item: &Item, errand: Errand, now: i64) -> impl Iterator<Item = Record> {
    item.a.subject.readings.iter().map(move |r| Record {
        key: r.key,
        hash: r.hash,
        consent: r.consent,
        extra: r.extra.clone(),
        run_id: errand.run.or(r.before.as_ref().and_then(|b| b.run_id)),
        seen_at: now,
    })
}

fn noticed_word(noticed: Noticed) -> &'static str {
    match noticed {
        Noticed::WithdrawnInShop => "withdrawn-in-shop",
        Noticed::OptedInInShop => "opted-in-in-shop",
        Noticed::RefusedInSare => "refused-in-sare",
        Noticed::AlreadyRefused => "already-refused",
        Noticed::VanishedFromSare => "vanished-from-sare",
        Noticed::ResubscribedInSare => "resubscribed-in-sare",
        Noticed::RefusalFollowed => "refusal-followed",
    }
}

fn noticed_detail(item: &Item) -> Option<String> {
    let reason = serde_json::to_value(item.a.subject.reason).ok()?;
    Some(serde_json::json!({ "status": item.a.sare.number(), "by": reason }).to_string())
}

async fn carry_out(s: &Session<'_>, config: &Config, items: &mut [Item]) -> Result<(), Halt> {
    for item in items.iter_mut() {
        // It was in SARE and cannot be told to be there now: adding it could bring somebody back.
        if item.a.unsure && matches!(item.a.step, Step::Add { .. }) {
            item.result = Some(Fate::Later("sare-unsure"));
        }
    }
    lower(s, config, items).await?;
    tell_shop(s, config, items).await?;
    raise(s, items).await?;
    write_data(s, items).await?;
    leave(s, items).await
}

/// Unsubscribes, reads back, and tries other ways when SARE does not take it.
async fn lower(s: &Session<'_>, config: &Config, items: &mut [Item]) -> Result<(), Halt> {
    let mut by_target: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Unsubscribe { to } = item.a.step else {
            continue;
        };
        if item.intent.tries >= STATUS_TRIES && item.intent.lowering_to.is_some() {
            item.result = Some(Fate::Later("status-not-taken"));
            continue;
        }
        // The wanted status twice, then the other refusals (sare-api.md 16 row 11).
        let target = match item.intent.tries {
            0 | 1 => to,
            2 if to != status::REMOVED => status::REMOVED,
            3 if to != status::REMOVAL_REQUESTED => status::REMOVAL_REQUESTED,
            _ => status::REMOVED_BY_HAND,
        };
        item.intent.lowering_to = Some(target);
        item.intent.tries += 1;
        by_target.entry(target).or_default().push(i);
    }
    for (target, indices) in by_target {
        for chunk in indices.chunks(s.batch_size()) {
            set_status(s, items, chunk, target, false).await?;
            for &i in chunk {
                items[i].contact.intent = items[i].intent.text();
            }
            let seen = read_back(s, items, chunk).await?;
            for &i in chunk {
                let item = &mut items[i];
                if item.result.is_some() {
                    continue;
                }
                let now_has = seen.get(&item.contact.hash).copied().unwrap_or(SareView::Absent);
                let lowered = match now_has {
                    SareView::Status(n) => status::is_refusal(n) || n == target,
                    SareView::Absent | SareView::SurelyAbsent => true,
                };
                if lowered {
                    unsubscribed(item, now_has, s.now());
                    let stays = !status::is_refusal(now_has.number());
                    if config.unsubscribe.leave_group && stays && !item.contact.groups.is_empty() {
                        // Nothing but its groups says that it withdrew: it leaves them as whoever changes groups does.
                        let again = Fate::LookAgain(Outcome::Synchronised, s.now(), Reason::Verify);
                        item.result = Some(again);
                    }
                } else {
                    item.contact.intent = item.intent.text();
                    let again = s.now() + millis(s.settings.verify_after);
                    item.result = Some(Fate::LookAgain(Outcome::Synchronised, again, Reason::Verify));
                }
            }
        }
    }
    leave_after_refusal(s, config, items).await
}

/// Takes those who withdrew in the shop, and refuse in SARE by now, out of our groups where the merchant wants that. The
/// ledger's groups say who has yet to leave: what failed, or was cut off, is made up for by whoever looks next.
async fn leave_after_refusal(s: &Session<'_>, config: &Config, items: &mut [Item]) -> Result<(), Halt> {
    let owed: Vec<usize> = (0..items.len())
        .filter(|&i| owes_leaving(&items[i], config))
        .collect();
    let all = |item: &Item| item.contact.groups.clone();
    remove_from_groups(s, items, &owed, all, |item| {
        item.contact.groups.clear();
        item.contact.sent = None;
        item.left = true;
    })
    .await
}

/// Whether a contact whose withdrawal SARE has taken is still in groups that it is to leave.
fn owes_leaving(item: &Item, config: &Config) -> bool {
    config.unsubscribe.leave_group
        && matches!(item.a.step, Step::Suppress | Step::Unsubscribe { .. })
        && refuses_by_withdrawal(&item.contact)
        && !item.contact.groups.is_empty()
}

fn unsubscribed(item: &mut Item, now_has: SareView, now: i64) {
    item.wrote = true;
    item.intent = Intent::default();
    item.contact.intent = None;
    item.contact.sare_status = Some(now_has.number());
    item.contact.sare_seen_at = Some(now);
    if status::is_refusal(now_has.number()) {
        if item.contact.refusal.is_none() {
            item.contact.refused_at = Some(now);
        }
        let origin = item.contact.refusal_origin.as_deref();
        if item.contact.refusal.is_none() || matches!(origin, Some("followed" | "vanished")) {
            item.contact.refusal_origin = Some("shop".to_owned());
        }
        item.contact.refusal = Some(now_has.number());
        item.contact.refusal_applied = true;
        item.result = Some(Fate::Settled(Outcome::Suppressed));
    } else {
        item.result = Some(Fate::Settled(Outcome::Synchronised));
    }
    if item.a.subject.readings.is_empty() && item.a.subject.known.is_empty() {
        // No longer in the shop: now that it refuses, what the merchant wants of deleted contacts follows.
        let outcome = if status::is_refusal(now_has.number()) {
            Outcome::Suppressed
        } else {
            Outcome::Synchronised
        };
        item.result = Some(Fate::LookAgain(outcome, now, Reason::Verify));
    }
}

/// Raises statuses that people asked for, each at most once without being read back.
async fn raise(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let mut by_target: BTreeMap<(i64, bool), Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Raise { to, confirm } = item.a.step else {
            continue;
        };
        if item.intent.tries > STATUS_TRIES {
            item.result = Some(Fate::Later("status-not-taken"));
            continue;
        }
        // A reactivation that was sent and not proven could have been refused meanwhile: from the
        // second try on the person is asked instead.
        let (to, confirm) = if item.intent.wish == Some(Wish::Reactivate) && item.intent.tries > 1 {
            (status::UNCONFIRMED, true)
        } else {
            (to, confirm)
        };
        by_target.entry((to, confirm)).or_default().push(i);
    }
    for ((to, confirm), indices) in by_target {
        for chunk in indices.chunks(s.batch_size()) {
            set_status(s, items, chunk, to, confirm).await?;
            let seen = read_back(s, items, chunk).await?;
            for &i in chunk {
                let item = &mut items[i];
                if item.result.is_some() {
                    continue;
                }
                let now_has = seen.get(&item.contact.hash).copied().unwrap_or(SareView::Absent);
                if now_has == SareView::Status(to) {
                    item.wrote = true;
                    item.intent = Intent::default();
                    item.contact.intent = None;
                    item.contact.refusal = None;
                    item.contact.refused_at = None;
                    item.contact.refusal_origin = None;
                    item.contact.refusal_applied = false;
                    item.contact.sare_status = Some(to);
                    item.contact.sare_seen_at = Some(s.now());
                    // Data follows, now that the status allows it.
                    item.result = Some(Fate::LookAgain(Outcome::Synchronised, s.now(), Reason::Verify));
                } else {
                    let again = s.now() + millis(s.settings.verify_after);
                    item.result = Some(Fate::LookAgain(Outcome::Suppressed, again, Reason::Verify));
                }
            }
        }
    }
    Ok(())
}

/// Sends a status change. A batch that SARE rejects is sent one by one; a contact that it rejects alone waits.
async fn set_status(
    s: &Session<'_>,
    items: &mut [Item],
    chunk: &[usize],
    to: i64,
    confirm: bool,
) -> Result<(), Halt> {
    let mut stack: Vec<&[usize]> = vec![chunk];
    while let Some(part) = stack.pop() {
        let contacts = part
            .iter()
            .map(|&i| sare_api::Contact {
                email: items[i].a.subject.email.as_str().to_owned(),
                status: Some(Status::from_number(to)),
                ..sare_api::Contact::default()
            })
            .collect();
        let request = AddRequest::status_change(contacts, confirm);
        let sent = s.sare(|c| {
            let request = request.clone();
            async move { c.add(&request).await }
        });
        let sent = sent.await;
        if !matches!(&sent, Err(CallError::Halt(halt)) if halt.is_for_room()) {
            for &i in part {
                s.forget_view(items[i].contact.hash);
                items[i].sent = true;
            }
        }
        match sent {
            // Whatever the answer says of single contacts: only the status read back counts.
            Ok(_) => {}
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) if error.is_transient() => return Err(refuse_or_wait(s, &error)),
            Err(CallError::Api(_)) if part.len() > 1 => {
                let (left, right) = part.split_at(part.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Err(CallError::Api(error)) => {
                tracing::warn!(shop = %s.shop.id, %error, "SARE rejected a status change");
                items[part[0]].result = Some(Fate::Later("status-not-taken"));
            }
        }
    }
    Ok(())
}

fn refuse_or_wait(s: &Session<'_>, error: &sare_api::Error) -> Halt {
    if error.suggests_smaller_batch() {
        s.state().batch.after_too_large();
    }
    s.sare_outage(error)
}

async fn read_back(
    s: &Session<'_>,
    items: &[Item],
    chunk: &[usize],
) -> Result<std::collections::HashMap<AddrHash, SareView>, Halt> {
    statuses(
        s,
        chunk
            .iter()
            .map(|&i| (items[i].contact.hash, items[i].a.subject.email.as_str())),
    )
    .await
}

/// Switches off the shop's subscriber rows of contacts that refused in SARE.
async fn tell_shop(s: &Session<'_>, config: &Config, items: &mut [Item]) -> Result<(), Halt> {
    for item in items.iter_mut() {
        if !item.a.tells_shop(config) {
            continue;
        }
        let mut all_told = true;
        for (key, groups) in active_rows(s, item) {
            match switch_off(s, SubscriberId(key.id), groups).await? {
                None => note_switched_off(item, key),
                Some(why) => {
                    all_told = false;
                    item.result = Some(Fate::Later(why));
                }
            }
        }
        // A subscriber known and not read now has yet to be told.
        let unread = item
            .a
            .subject
            .known
            .iter()
            .any(|r| r.key.kind == RecordKind::Subscriber && r.consent);
        if all_told && !unread {
            item.contact.refusal_applied = true;
            let subject = &item.a.subject;
            let consents =
                subject.readings.iter().any(|r| r.consent) || subject.known.iter().any(|r| r.consent);
            if item.wrote && !consents {
                // As the shop will say when it is read next.
                item.contact.consent = Some(false);
            }
        }
    }
    Ok(())
}

/// Active subscriber rows of the contact with their groups: read now, or a moment ago as a piece of it.
fn active_rows(s: &Session<'_>, item: &Item) -> Vec<(RecordKey, Option<Vec<i64>>)> {
    let subject = &item.a.subject;
    let read = subject.readings.iter().filter(|r| r.consent).map(|r| {
        let groups = r.person.subscriber_groups().map(<[i64]>::to_vec);
        (r.key, groups)
    });
    let is_piece = |key| {
        let mut entries = subject.dirty.iter();
        entries.any(|(entry, version, _)| s.has_piece(*entry, *version, key))
    };
    let known = subject.known.iter().filter(|r| r.consent && is_piece(r.key));
    let known = known.map(|r| (r.key, Some(SubscriberExtra::of_record(r).groups)));
    read.chain(known)
        .filter(|(key, _)| key.kind == RecordKind::Subscriber)
        .collect()
}

fn note_switched_off(item: &mut Item, key: RecordKey) {
    item.wrote = true;
    let subject = &mut item.a.subject;
    for reading in subject.readings.iter_mut().filter(|r| r.key == key) {
        reading.consent = false;
    }
    for record in subject.known.iter_mut().filter(|r| r.key == key) {
        record.consent = false;
        item.told.push(record.clone());
    }
}

/// Switches a subscriber off; what keeps it from being so, if anything does.
async fn switch_off(
    s: &Session<'_>,
    id: SubscriberId,
    groups: Option<Vec<i64>>,
) -> Result<Option<&'static str>, Halt> {
    let update = SubscriberUpdate {
        active: Some(false),
        groups,
        ..SubscriberUpdate::default()
    };
    let sent = s.shoper(|c| {
        let update = update.clone();
        async move { c.update_subscriber(id, &update).await }
    });
    match sent.await {
        Ok(()) | Err(CallError::Api(shoper_api::Error::NotFound)) => Ok(None),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(shoper_api::Error::Locked { .. })) => Ok(Some("record-locked")),
        Err(CallError::Api(shoper_api::Error::Forbidden { .. })) => {
            let scope = "subscribers_edit".to_owned();
            s.shop_problem("no-scope:subscribers_edit", "no-scope", Some(scope))
                .await?;
            Ok(Some("no-scope"))
        }
        Err(CallError::Api(error)) => {
            tracing::warn!(shop = %s.shop.id, %error, "a subscriber could not be switched off");
            Ok(Some("shop-refused"))
        }
    }
}

/// Adds and updates, in batches; a batch that spoils is split until the bad contact stands alone.
async fn write_data(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let mut updates: Vec<usize> = (0..items.len())
        .filter(|&i| items[i].a.step == Step::Update)
        .collect();
    if !updates.is_empty() {
        prove_last(s).await?;
    }
    while !updates.is_empty() && s.state().updates_proven < UPDATES_PROVEN {
        let few = updates.split_off(updates.len().saturating_sub(UNPROVEN_BATCH));
        write_chunks(s, items, &few, false).await?;
        prove_harmless(s, items, &few).await?;
    }
    for confirm in [false, true] {
        let mut wanted: Vec<usize> = (0..items.len())
            .filter(|&i| items[i].result.is_none())
            .filter(|&i| matches!(items[i].a.step, Step::Add { confirm: c, .. } if c == confirm))
            .collect();
        if !confirm {
            wanted.append(&mut updates);
        }
        write_chunks(s, items, &wanted, confirm).await?;
    }
    Ok(())
}

async fn write_chunks(
    s: &Session<'_>,
    items: &mut [Item],
    wanted: &[usize],
    confirm: bool,
) -> Result<(), Halt> {
    let size = s.batch_size();
    for chunk in wanted.chunks(size) {
        spare_filled(s, items, chunk).await?;
    }
    let mut stack: Vec<Vec<usize>> = wanted.chunks(size).rev().map(<[usize]>::to_vec).collect();
    while let Some(chunk) = stack.pop() {
        add_chunk(s, items, chunk, confirm, &mut stack).await?;
    }
    Ok(())
}

/// Reads back the statuses of contacts whose data alone were written. An account in which that changes a
/// status is written to no more until a person has looked (sare-api.md 16 row 12).
async fn prove_harmless(s: &Session<'_>, items: &[Item], chunk: &[usize]) -> Result<(), Halt> {
    let before = chunk
        .iter()
        .map(|&i| (items[i].contact.hash.to_hex(), items[i].a.sare.number()));
    let (at, before) = (s.now(), before.collect());
    s.state().to_prove = ToProve { at, before };
    prove_last(s).await
}

/// The same of the newest batch, where there was no place to read it back at once.
async fn prove_last(s: &Session<'_>) -> Result<(), Halt> {
    let last = s.state().to_prove.clone();
    if last.before.is_empty() {
        return Ok(());
    }
    if last.at + PROVABLE_MS < s.now() {
        // Somebody may have confirmed by themselves meanwhile.
        s.state().to_prove = ToProve::default();
        return Ok(());
    }
    let hashes: Vec<AddrHash> = last.before.keys().filter_map(|h| AddrHash::from_hex(h)).collect();
    let contacts = s.store.contacts(s.shop.id, &hashes).await?;
    let asked = contacts
        .iter()
        .filter_map(|(hash, contact)| Some((*hash, contact.address.as_deref()?)));
    let seen = statuses(s, asked).await?;
    s.state().to_prove = ToProve::default();
    let raised = seen.iter().any(|(hash, after)| {
        let before = last.before.get(&hash.to_hex());
        *after == SareView::Status(status::CONFIRMED) && before.is_some_and(|n| *n != status::CONFIRMED)
    });
    if !raised {
        let mut state = s.state();
        state.updates_proven += 1;
        return Ok(());
    }
    s.state().updates_harm = true;
    tracing::error!(shop = %s.shop.id, "an update of data raised statuses in SARE; writing stops");
    s.shop_problem("sare-changes-statuses", "sare-changes-statuses", None)
        .await?;
    Err(s.statuses_at_risk())
}

async fn add_chunk(
    s: &Session<'_>,
    items: &mut [Item],
    chunk: Vec<usize>,
    confirm: bool,
    stack: &mut Vec<Vec<usize>>,
) -> Result<(), Halt> {
    let contacts = chunk.iter().map(|&i| sare_contact(&items[i])).collect();
    let mut request = AddRequest::data_only(contacts);
    request.options.send_confirmation = confirm;
    let sent = s.sare(|c| {
        let request = request.clone();
        async move { c.add(&request).await }
    });
    let answer = match sent.await {
        Ok(answer) => answer,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => {
            if chunk.len() > 1 && error.suggests_smaller_batch() {
                if matches!(error, sare_api::Error::TooLarge) || error.is_transient() {
                    s.state().batch.after_too_large();
                }
                split(chunk, stack);
                return Ok(());
            }
            if chunk.len() == 1 && !error.is_transient() {
                let why = error
                    .reason()
                    .map_or_else(|| error.to_string(), |why| why.to_string());
                items[chunk[0]].result = Some(Fate::Refused(why));
                return Ok(());
            }
            return Err(s.sare_outage(&error));
        }
    };
    s.state().batch.after_success();
    let mut unclear = Vec::new();
    for (&i, outcome) in chunk.iter().zip(&answer.items) {
        match outcome {
            ItemOutcome::Accepted => told(s, &mut items[i]),
            ItemOutcome::Unclear { .. } if chunk.len() > 1 => unclear.push(i),
            ItemOutcome::Refused { why } | ItemOutcome::Unclear { why } => {
                let item = &mut items[i];
                if !item.without_custom && item.a.traits.as_ref().is_some_and(|t| !t.custom.is_empty()) {
                    // Perhaps a list property does not take the value (sare-api.md 16 row 14): once more without.
                    item.without_custom = true;
                    stack.push(vec![i]);
                } else {
                    item.result = Some(Fate::Refused(why.to_string()));
                }
            }
        }
    }
    if !unclear.is_empty() {
        if unclear.len() == chunk.len() {
            split(chunk, stack)
        } else {
            stack.push(unclear)
        }
    }
    Ok(())
}

/// Takes out of updates what the merchant wants written only where SARE has nothing. What SARE has is read first;
/// where that cannot be told the value is not written.
async fn spare_filled(s: &Session<'_>, items: &mut [Item], chunk: &[usize]) -> Result<(), Halt> {
    let careful: Vec<usize> = chunk
        .iter()
        .copied()
        .filter(|&i| items[i].a.step == Step::Update)
        .filter(|&i| items[i].a.traits.as_ref().is_some_and(|t| !t.if_empty.is_empty()))
        .collect();
    if careful.is_empty() {
        return Ok(());
    }
    let addresses: Vec<&str> = careful
        .iter()
        .map(|&i| items[i].a.subject.email.as_str())
        .collect();
    let asked = s.sare(|c| {
        let addresses = addresses.clone();
        async move { c.by_email_list(&addresses).await }
    });
    let records = match asked.await {
        Ok(records) => records,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => {
            tracing::warn!(shop = %s.shop.id, %error, "what SARE has of contacts cannot be read");
            std::collections::HashMap::new()
        }
    };
    for i in careful {
        let record = records.get(&items[i].a.subject.email.as_str().to_lowercase());
        let Some(traits) = items[i].a.traits.as_mut() else {
            continue;
        };
        for target in std::mem::take(&mut traits.if_empty) {
            if record.is_none_or(|record| !value_in(record, &target).trim().is_empty()) {
                traits.unset(&target);
            }
        }
    }
    Ok(())
}

/// What SARE has in a field that a mapping fills; empty when it has nothing.
pub fn value_in<'r>(record: &'r sare_api::ContactRecord, target: &Target) -> &'r str {
    match target {
        Target::Name => record.name.as_deref(),
        Target::Gsm => record.gsm.as_deref(),
        Target::Comment => record.comment.as_deref(),
        Target::Prop(n) => record.prop.get(&format!("prop{n}")).map(String::as_str),
        Target::Custom(name) => record.prop_cust.get(name).map(String::as_str),
    }
    .unwrap_or_default()
}

fn split(chunk: Vec<usize>, stack: &mut Vec<Vec<usize>>) {
    let (left, right) = chunk.split_at(chunk.len() / 2);
    stack.push(right.to_vec());
    stack.push(left.to_vec());
}

fn sare_contact(item: &Item) -> sare_api::Contact {
    let traits = item.a.traits.clone().unwrap_or_default();
    sare_api::Contact {
        email: item.a.subject.email.as_str().to_owned(),
        gsm: traits.gsm,
        status: match item.a.step {
            Step::Add { status, .. } => Some(Status::from_number(status)),
            _ => None,
        },
        groups: item.a.groups.clone(),
        name: traits.name,
        comment: traits.comment,
        prop: traits
            .prop
            .into_iter()
            .map(|(n, value)| (format!("prop{n}"), value))
            .collect(),
        prop_cust: if item.without_custom {
            BTreeMap::new()
        } else {
            traits.custom
        },
        ..sare_api::Contact::default()
    }
}

fn told(s: &Session<'_>, item: &mut Item) {
    let now = s.now();
    s.forget_view(item.contact.hash);
    item.wrote = true;
    item.contact.sent = item.a.fingerprint.map(|f| f.to_vec());
    item.contact.sent_at = Some(now);
    let mut groups = item.contact.groups.clone();
    groups.extend(&item.a.groups);
    groups.sort_unstable();
    groups.dedup();
    item.contact.groups = groups;
    if let Step::Add {
        status: given,
        confirm,
    } = item.a.step
    {
        item.contact.sare_status = Some(given);
        item.contact.sare_seen_at = Some(now);
        if confirm || item.intent.wish.is_some() {
            item.intent = Intent::default();
            item.contact.intent = None;
            item.contact.refusal = None;
            item.contact.refused_at = None;
            item.contact.refusal_origin = None;
            item.contact.refusal_applied = false;
        }
        if status::is_refusal(given) {
            item.contact.refusal_origin = Some("shop".to_owned());
            item.contact.refusal_applied = true;
            item.result = Some(Fate::Settled(Outcome::Suppressed));
            return;
        }
    }
    item.result = Some(Fate::Settled(Outcome::Synchronised));
}

/// Takes contacts out of groups they no longer belong in, and deals with those gone from the shop.
async fn leave(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let gone: Vec<usize> = (0..items.len())
        .filter(|&i| {
            matches!(items[i].a.step, Step::Leave(DeletedAction::LeaveGroup))
                && !items[i].contact.groups.is_empty()
        })
        .collect();
    let all = |item: &Item| item.contact.groups.clone();
    remove_from_groups(s, items, &gone, all, |item| {
        item.contact.groups.clear();
        item.contact.sent = None;
        item.wrote = true;
        item.result = Some(Fate::Settled(Outcome::Gone));
    })
    .await?;
    let partly: Vec<usize> = (0..items.len())
        .filter(|&i| still_to_leave(&items[i]) && !matches!(items[i].result, Some(Fate::Refused(_))))
        .collect();
    let some = |item: &Item| item.a.groups_to_leave();
    remove_from_groups(s, items, &partly, some, |item| {
        let groups = item.a.groups.clone();
        item.contact.groups.retain(|g| groups.contains(g));
        item.wrote = true;
    })
    .await?;
    let delete: Vec<usize> = (0..items.len())
        .filter(|&i| {
            let present = matches!(items[i].a.sare, SareView::Status(_));
            matches!(items[i].a.step, Step::Leave(DeletedAction::Delete))
                && present
                && items[i].contact.outcome != Outcome::Gone
        })
        .collect();
    for chunk in delete.chunks(s.batch_size()) {
        let addresses: Vec<&str> = chunk.iter().map(|&i| items[i].a.subject.email.as_str()).collect();
        let sent = s.sare(|c| {
            let addresses = addresses.clone();
            async move { c.delete(&addresses).await }
        });
        match sent.await {
            Ok(_) => {}
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => return Err(refuse_or_wait(s, &error)),
        }
        for &i in chunk {
            s.forget_view(items[i].contact.hash);
            items[i].wrote = true;
            items[i].contact.sent = None;
            items[i].contact.groups.clear();
            items[i].contact.sare_status = None;
            items[i].result = Some(Fate::Settled(Outcome::Gone));
        }
    }
    for item in items.iter_mut() {
        if item.result.is_none() && matches!(item.a.step, Step::Leave(_)) {
            item.result = Some(Fate::Settled(Outcome::Gone));
        }
    }
    Ok(())
}

/// Whether a contact that stays in SARE has yet to leave a group of ours.
fn still_to_leave(item: &Item) -> bool {
    let present = matches!(item.a.sare, SareView::Status(n) if status::is_open(n));
    let stays = matches!(item.a.step, Step::Keep | Step::Update);
    present && stays && item.contact.groups.iter().any(|g| !item.a.groups.contains(g))
}

/// Takes contacts out of groups; `left` notes it of each. A batch that SARE rejects is split until the contact that
/// spoils it stands alone and waits.
async fn remove_from_groups(
    s: &Session<'_>,
    items: &mut [Item],
    indices: &[usize],
    groups_of: impl Fn(&Item) -> Vec<i64>,
    left: impl Fn(&mut Item),
) -> Result<(), Halt> {
    let mut by_groups: BTreeMap<Vec<i64>, Vec<usize>> = BTreeMap::new();
    for &i in indices {
        let groups = groups_of(&items[i]);
        if !groups.is_empty() {
            by_groups.entry(groups).or_default().push(i);
        }
    }
    for (groups, members) in by_groups {
        let mut stack: Vec<&[usize]> = members.chunks(s.batch_size()).rev().collect();
        while let Some(chunk) = stack.pop() {
            let addresses: Vec<&str> = chunk.iter().map(|&i| items[i].a.subject.email.as_str()).collect();
            let sent = s.sare(|c| {
                let (addresses, groups) = (addresses.clone(), groups.clone());
                async move { c.group_remove_emails(&addresses, &groups).await }
            });
            match sent.await {
                // A contact SARE does not know is in no group of ours either.
                Ok(_) => chunk.iter().for_each(|&i| left(&mut items[i])),
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(error)) if error.is_transient() => return Err(refuse_or_wait(s, &error)),
                Err(CallError::Api(_)) if chunk.len() > 1 => {
                    let (one, other) = chunk.split_at(chunk.len() / 2);
                    stack.push(other);
                    stack.push(one);
                }
                Err(CallError::Api(error)) => {
                    tracing::warn!(shop = %s.shop.id, %error, "SARE does not take a contact out of groups");
                    let item = &mut items[chunk[0]];
                    if refuses_by_withdrawal(&item.contact) {
                        item.contact.outcome = Outcome::Suppressed;
                    }
                    item.result = Some(Fate::Later("group-not-left"));
                }
            }
        }
    }
    Ok(())
}

/// Turns one contact's fate into what is committed.
fn conclude(s: &Session<'_>, item: Item, errand: Errand, out: &mut Delivered) {
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
    } = item;
    let fate = match (result, quiet) {
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
        Fate::Refused(_) => Outcome::Failed,
        Fate::Later(_) => contact.outcome,
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
        Fate::Later(why) => {
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
        Fate::Settled(_) | Fate::LookAgain(..) => out.commit.solved.push(problem_key),
    }
    if wrote || left {
        out.changed += 1;
        let detail = written(&contact, a.subject.reason);
        let kind = match a.step {
            Step::Add { .. } => "added",
            Step::Update => "updated",
            Step::Unsubscribe { .. } => "unsubscribed-in-sare",
            Step::Raise { confirm: true, .. } => "asked-again",
            Step::Raise { confirm: false, .. } => "confirmed-in-sare",
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
            count(&mut out.counters, a.step, &fate, wrote, outcome);
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
            priority: Priority::Live,
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
    let run_id = errand.run;
    out.commit
        .records
        .extend(a.subject.readings.iter().map(|r| Record {
            key: r.key,
            hash: r.hash,
            consent: r.consent,
            extra: r.extra.clone(),
            run_id: run_id.or(r.before.as_ref().and_then(|b| b.run_id)),
            seen_at: now,
        }));
    out.commit.records.extend(told);
    out.over += 1;
    out.commit.gone.extend(a.subject.lost.iter().map(|r| r.key));
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
        (_, Fate::Refused(_) | Fate::Later(_)) => &mut counters.failed,
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
