//! Changes of status in SARE: lowered for a withdrawal, raised for a new opt-in, and read back.
//!
//! A status change travels alone and counts only when it has been read back (sare-api.md section 14 and 16 row 11).

use std::collections::BTreeMap;
use sync_core::ProblemKind;

use sare_api::AddRequest;
use store::AddrHash;
use store::{Outcome, Reason, Refused, Seen};
use sync_core::config::Config;
use sync_core::consent::{Intent, OptIn, Refusal, SareView, Status};
use sync_core::plan::Step;

use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Call;
use crate::subject::{Views, statuses};
use ports::millis;

use super::groups::{leave_after_refusal, leave_all};
use super::outcome::retry_pause;
use super::{Delivery, Item, ItemResult, put_off};

/// How old a status may be on which another one is raised, in milliseconds.
const FRESH_MS: i64 = 10_000;

/// Tries at a status change before a person is told: for a lowering, one round through all refusals.
const STATUS_TRIES: u32 = 5;

/// The status that a lowering sets at its next try: the wanted one twice, then the other refusals, and so round by round
/// (sare-api.md 16 row 11).
fn next_target(to: Status, tries: u32) -> Status {
    match tries % STATUS_TRIES {
        0 | 1 => to,
        2 if to != Status::RemovedAutomatically => Status::RemovedAutomatically,
        3 if to != Status::RemovalRequested => Status::RemovalRequested,
        _ => Status::RemovedManually,
    }
}

/// Unsubscribes, reads back, and tries other ways when SARE does not take it.
///
/// A person who withdrew and is still mailed is never left at that: after every round of tries the contact leaves our
/// groups, becomes a problem that stays until the status is proven, and the next round follows after a pause that grows
/// to a day; at once when a person asks for it.
pub(super) async fn lower(
    s: &Session<'_>,
    config: &Config,
    items: &mut [Item],
    delivery: Delivery,
) -> Result<(), Halt> {
    if let Some(halt) = blame::backing_off(s, Call::Status) {
        let wanted = with_step(items, |step| matches!(step, Step::Unsubscribe { .. }));
        return put_off(items, &wanted, halt, delivery);
    }
    let mut by_target: BTreeMap<Status, Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Unsubscribe { to } = item.a.step else {
            continue;
        };
        if item.intent.lowering_to.is_none() {
            item.intent.tries = 0;
        }
        let target = next_target(to, item.intent.tries);
        item.intent.lowering_to = Some(target);
        item.intent.sent_at = s.now();
        item.intent.tries = item.intent.tries.saturating_add(1);
        by_target.entry(target).or_default().push(i);
    }
    for (target, indices) in by_target {
        for chunk in indices.chunks(blame::size(s, Call::Status, s.batch_size())) {
            // From the second try on under every spelling: SARE may answer under another one than it has.
            let spellings = |i: usize| match items[i].intent.tries {
                0 | 1 => items[i].a.spellings.to_lower(&[]),
                _ => items[i]
                    .a
                    .spellings
                    .to_lower(&items[i].a.subject.email.spellings()),
            };
            let lowered = chunk.iter().map(|&i| (i, spellings(i))).collect();
            if let Some(halt) = set_status(s, items, lowered, target, false).await? {
                let wanted = with_step(items, |step| matches!(step, Step::Unsubscribe { .. }));
                return put_off(items, &wanted, halt, delivery);
            }
            for &i in chunk {
                items[i].contact.intent = items[i].intent.under_way();
            }
            let seen = read_back(s, items, chunk).await?;
            for &i in chunk {
                let item = &mut items[i];
                if item.result.is_some() {
                    continue;
                }
                let now_has = seen.get(&item.contact.hash).copied().unwrap_or(SareView::Absent);
                let lowered = match now_has {
                    _ if seen.is_mailed(item.contact.hash) => false,
                    SareView::Status(n) => n.is_refusal() || n == target,
                    SareView::Absent | SareView::SurelyAbsent => true,
                    SareView::Unreadable => false,
                };
                if lowered {
                    unsubscribed(item, now_has, s.now());
                    let stays = !now_has.is_refusal();
                    if config.unsubscribe.leave_group && stays && !item.contact.groups.is_empty() {
                        // Only its groups show the withdrawal now: the next delivery takes it out of them.
                        let again = ItemResult::CheckAgain(Outcome::Synchronised, s.now(), Reason::Verify);
                        item.result = Some(again);
                    }
                } else {
                    item.contact.intent = item.intent.under_way();
                    item.result = Some(not_lowered(s, item.intent.tries));
                }
            }
        }
    }
    leave_unproven(s, items).await?;
    leave_after_refusal(s, items).await
}

/// What follows when a lowering was sent `tries` times and never read back.
fn not_lowered(s: &Session<'_>, tries: u32) -> ItemResult {
    let soon = s.now() + millis(s.settings.verify_after);
    let (rounds, within) = (tries / STATUS_TRIES, tries % STATUS_TRIES);
    if rounds == 0 {
        // SARE may be slow to carry it out (sare-api.md 16 row 20): nobody is alarmed yet.
        return ItemResult::CheckAgain(Outcome::Synchronised, soon, Reason::Verify);
    }
    let at = if within == 0 {
        s.now() + retry_pause(i64::from(rounds) - 1)
    } else {
        soon
    };
    ItemResult::Unproven {
        at,
        why: ProblemKind::StatusNotTaken,
    }
}

/// Takes those out of our groups whose status could not be lowered in any way.
async fn leave_unproven(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let unproven: Vec<usize> = (0..items.len())
        .filter(|&i| matches!(items[i].a.step, Step::Unsubscribe { .. }))
        .filter(|&i| matches!(items[i].result, Some(ItemResult::Unproven { .. })))
        .collect();
    leave_all(s, items, &unproven).await
}

fn unsubscribed(item: &mut Item, now_has: SareView, now: i64) {
    item.wrote = true;
    item.intent = Intent::default();
    item.contact.intent = None;
    let status = now_has.status();
    item.contact.sare = Some(Seen { status, at: now });
    if status.is_refusal() {
        let known = item.contact.refusal;
        let carried_out = Refusal::carried_out(known.map(Refused::refusal), status);
        item.contact.refusal = Some(Refused::since(
            carried_out,
            known.map_or(now, |refused| refused.since),
        ));
        item.result = Some(ItemResult::Settled(Outcome::Suppressed));
    } else {
        item.result = Some(ItemResult::Settled(Outcome::Synchronised));
    }
    if item.a.subject.readings.is_empty() && item.a.subject.known.is_empty() {
        // No longer in the shop: now that it refuses, what the merchant wants of deleted contacts follows.
        let outcome = if status.is_refusal() {
            Outcome::Suppressed
        } else {
            Outcome::Synchronised
        };
        item.result = Some(ItemResult::CheckAgain(outcome, now, Reason::Verify));
    }
}

/// Raises statuses that people asked for, each at most once without being read back.
pub(super) async fn raise(s: &Session<'_>, items: &mut [Item], delivery: Delivery) -> Result<(), Halt> {
    if let Some(halt) = blame::backing_off(s, Call::Status) {
        let wanted = with_step(items, |step| matches!(step, Step::Raise { .. }));
        return put_off(items, &wanted, halt, delivery);
    }
    let mut by_target: BTreeMap<(Status, bool), Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Raise { to, confirm } = item.a.step else {
            continue;
        };
        let asked_for = item.a.subject.reason == Reason::Manual;
        if item.intent.tries > STATUS_TRIES && confirm && !asked_for {
            // Each further try could mail the person once more.
            item.result = Some(ItemResult::RetryLater(ProblemKind::StatusNotTaken));
            continue;
        }
        // A reactivation that was sent and not proven could have been refused meanwhile: from the
        // second try on the person is asked instead.
        let (to, confirm) = if item.intent.opt_in == Some(OptIn::Reactivate) && item.intent.tries > 1 {
            (Status::NotConfirmed, true)
        } else {
            (to, confirm)
        };
        by_target.entry((to, confirm)).or_default().push(i);
    }
    for ((to, confirm), mut indices) in by_target {
        recheck_statuses(s, items, &mut indices).await?;
        for chunk in indices.chunks(blame::size(s, Call::Status, s.batch_size())) {
            let raised = chunk
                .iter()
                .map(|&i| (i, vec![items[i].a.spellings.wire.clone()]));
            let raised = raised.collect();
            // Another spelling that refused is set to unconfirmed too; it gets no mail for that.
            let others = chunk.iter().map(|&i| (i, items[i].a.spellings.others_refusing()));
            let others: Vec<_> = others.filter(|(_, others)| !others.is_empty()).collect();
            // First the others: where SARE takes them for one contact, the last word counts.
            let mut halted = set_status(s, items, others, Status::NotConfirmed, false).await?;
            if halted.is_none() {
                halted = set_status(s, items, raised, to, confirm).await?;
            }
            if let Some(halt) = halted {
                let wanted = with_step(items, |step| matches!(step, Step::Raise { .. }));
                return put_off(items, &wanted, halt, delivery);
            }
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
                    item.contact.sare = Some(Seen {
                        status: to,
                        at: s.now(),
                    });
                    // Data follows, now that the status allows it.
                    item.result = Some(ItemResult::CheckAgain(
                        Outcome::Synchronised,
                        s.now(),
                        Reason::Verify,
                    ));
                } else if item.intent.tries > STATUS_TRIES {
                    item.result = Some(ItemResult::RetryLater(ProblemKind::StatusNotTaken));
                } else {
                    let again = s.now() + millis(s.settings.verify_after);
                    item.result = Some(ItemResult::CheckAgain(Outcome::Suppressed, again, Reason::Verify));
                }
            }
        }
    }
    Ok(())
}

/// Leaves those out whose status is no longer what it was when they were judged, where that is a while ago: whoever has
/// refused meanwhile is judged anew.
async fn recheck_statuses(s: &Session<'_>, items: &mut [Item], indices: &mut Vec<usize>) -> Result<(), Halt> {
    let old: Vec<usize> = indices
        .iter()
        .copied()
        .filter(|&i| s.now() - items[i].a.asked_at > FRESH_MS)
        .collect();
    if old.is_empty() {
        return Ok(());
    }
    let asked: Vec<(AddrHash, String)> = old
        .iter()
        .map(|&i| (items[i].contact.hash, items[i].a.spellings.wire.clone()))
        .collect();
    let asked = asked.iter().map(|(hash, address)| (*hash, address.as_str()));
    let now_has = statuses(s, asked).await?;
    for i in old {
        let item = &mut items[i];
        let now_has = now_has
            .get(&item.contact.hash)
            .copied()
            .unwrap_or(SareView::Absent);
        if now_has.status() != item.a.sare.status() {
            item.result = Some(ItemResult::CheckAgain(
                Outcome::Suppressed,
                s.now(),
                Reason::Verify,
            ));
            indices.retain(|&kept| kept != i);
        }
    }
    Ok(())
}

fn with_step(items: &[Item], is_wanted: impl Fn(Step) -> bool) -> Vec<usize> {
    let all = 0..items.len();
    all.filter(|&i| is_wanted(items[i].a.step)).collect()
}

/// Sends a status change for contacts, each under these spellings. A batch that SARE rejects is split until the contact
/// that spoils it stands alone. The halt of a call that is out of order for everybody.
pub(super) async fn set_status(
    s: &Session<'_>,
    items: &mut [Item],
    wanted: Vec<(usize, Vec<String>)>,
    to: Status,
    confirm: bool,
) -> Result<Option<Halt>, Halt> {
    let mut stack: Vec<&[(usize, Vec<String>)]> = Vec::new();
    if !wanted.is_empty() {
        stack.push(&wanted);
    }
    while let Some(part) = stack.pop() {
        let contacts = part
            .iter()
            .flat_map(|(_, spellings)| spellings)
            .map(|spelling| sare_api::Contact {
                email: spelling.clone(),
                status: Some(sare_api::Status::from_number(to.code())),
                ..sare_api::Contact::default()
            })
            .collect();
        let request = AddRequest::status_change(contacts, confirm);
        let sent = s.sare_about(|c| {
            let request = request.clone();
            async move { c.add(&request).await }
        });
        let sent = sent.await;
        for (i, _) in part {
            items[*i].sent = true;
        }
        let error = match sent {
            // Whatever the answer says of single contacts: only the status read back counts.
            Ok(_) => {
                blame::worked(s, Call::Status).await?;
                continue;
            }
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => error,
        };
        let hashes: Vec<AddrHash> = part.iter().map(|(i, _)| items[*i].contact.hash).collect();
        let is_known = items[part[0].0].a.subject.has_failed_before();
        match blame(s, Call::Status, &error, &hashes, is_known).await? {
            Blame::Batch => {
                s.note_too_large(&error);
                let (left, right) = part.split_at(part.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Blame::Call(halt) => return Ok(Some(s.no_right(&error).await?.unwrap_or(halt))),
            Blame::Contact => {
                tracing::warn!(shop = %s.shop.id, %error, "SARE rejected a status change");
                let item = &mut items[part[0].0];
                if error.may_have_been_applied() {
                    // Failed is not refused: no try at this status, and no sign against it.
                    item.intent.tries = item.intent.tries.saturating_sub(1);
                    item.result = Some(ItemResult::RetryLater(ProblemKind::SareFails));
                } else if matches!(item.a.step, Step::Raise { .. }) {
                    item.result = Some(ItemResult::RetryLater(ProblemKind::StatusNotTaken));
                }
                // A lowering that is refused goes on with the next status.
            }
        }
    }
    Ok(None)
}

/// The statuses as they are now, under every spelling that SARE named before or may have.
pub(super) async fn read_back(s: &Session<'_>, items: &[Item], chunk: &[usize]) -> Result<Views, Halt> {
    let mut asked = Vec::with_capacity(chunk.len());
    for &i in chunk {
        let (hash, a) = (items[i].contact.hash, &items[i].a);
        asked.push((hash, a.subject.email.written()));
        let others = a
            .spellings
            .all()
            .into_iter()
            .filter(|text| *text != a.subject.email.written());
        asked.extend(others.map(|text| (hash, text)));
    }
    statuses(s, asked.into_iter()).await
}
