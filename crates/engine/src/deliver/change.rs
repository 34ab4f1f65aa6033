//! Changes of status in SARE: lowered for a withdrawal, raised for a new opt-in, and read back.
//!
//! A status change travels alone and counts only when it has been read back (sare-api.md section 14 and 16 row 11).

use std::collections::BTreeMap;

use sare_api::{AddRequest, Status};
use store::AddrHash;
use store::{Outcome, Reason};
use sync_core::config::Config;
use sync_core::consent::{SareView, Wish, status};
use sync_core::plan::Step;

use crate::blame::{self, Blame, Call, blame};
use crate::error::{CallError, Halt};
use crate::session::{Session, millis};
use crate::subject::{Intent, Views, statuses};

use super::groups::{leave_after_refusal, leave_all};
use super::outcome::retry_pause;
use super::{Errand, Fate, Item, put_off};

/// Tries at a status change before a person is told: for a lowering, one round through all refusals.
const STATUS_TRIES: u32 = 5;

/// The status that a lowering sets at its next try: the wanted one twice, then the other refusals, and so round by round
/// (sare-api.md 16 row 11).
fn rung(to: i64, tries: u32) -> i64 {
    match tries % STATUS_TRIES {
        0 | 1 => to,
        2 if to != status::REMOVED => status::REMOVED,
        3 if to != status::REMOVAL_REQUESTED => status::REMOVAL_REQUESTED,
        _ => status::REMOVED_BY_HAND,
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
    errand: Errand,
) -> Result<(), Halt> {
    if let Some(halt) = blame::resting(s, Call::Status) {
        let wanted = with_step(items, |step| matches!(step, Step::Unsubscribe { .. }));
        return put_off(items, &wanted, halt, errand);
    }
    let mut by_target: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Unsubscribe { to } = item.a.step else {
            continue;
        };
        if item.intent.lowering_to.is_none() {
            item.intent.tries = 0;
        }
        let target = rung(to, item.intent.tries);
        item.intent.lowering_to = Some(target);
        item.intent.sent_at = s.now();
        item.intent.tries = item.intent.tries.saturating_add(1);
        by_target.entry(target).or_default().push(i);
    }
    for (target, indices) in by_target {
        for chunk in indices.chunks(blame::size(s, Call::Status, s.batch_size())) {
            // From the second try on under every spelling: SARE may answer under another one than it has.
            let spellings = |i: usize| match items[i].intent.tries {
                0 | 1 => items[i].a.spelled.to_lower(&[]),
                _ => items[i].a.spelled.to_lower(&items[i].a.subject.email.spellings()),
            };
            let lowered = chunk.iter().map(|&i| (i, spellings(i))).collect();
            if let Some(halt) = set_status(s, items, lowered, target, false).await? {
                let wanted = with_step(items, |step| matches!(step, Step::Unsubscribe { .. }));
                return put_off(items, &wanted, halt, errand);
            }
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
                    _ if seen.is_mailed(item.contact.hash) => false,
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
                    item.result = Some(not_lowered(s, item.intent.tries));
                }
            }
        }
    }
    leave_unproven(s, items).await?;
    leave_after_refusal(s, config, items).await
}

/// What follows after so many tries at a lowering none of which was read back.
fn not_lowered(s: &Session<'_>, tries: u32) -> Fate {
    let soon = s.now() + millis(s.settings.verify_after);
    let (rounds, within) = (tries / STATUS_TRIES, tries % STATUS_TRIES);
    if rounds == 0 {
        // SARE may be slow to carry it out (sare-api.md 16 row 20): nobody is alarmed yet.
        return Fate::LookAgain(Outcome::Synchronised, soon, Reason::Verify);
    }
    let at = if within == 0 {
        s.now() + retry_pause(i64::from(rounds) - 1)
    } else {
        soon
    };
    Fate::Unproven {
        at,
        why: "status-not-taken",
    }
}

/// Takes those out of our groups whose status could not be lowered in any way.
async fn leave_unproven(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let unproven: Vec<usize> = (0..items.len())
        .filter(|&i| matches!(items[i].a.step, Step::Unsubscribe { .. }))
        .filter(|&i| matches!(items[i].result, Some(Fate::Unproven { .. })))
        .collect();
    leave_all(s, items, &unproven).await
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
pub(super) async fn raise(s: &Session<'_>, items: &mut [Item], errand: Errand) -> Result<(), Halt> {
    if let Some(halt) = blame::resting(s, Call::Status) {
        let wanted = with_step(items, |step| matches!(step, Step::Raise { .. }));
        return put_off(items, &wanted, halt, errand);
    }
    let mut by_target: BTreeMap<(i64, bool), Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter_mut().enumerate() {
        let Step::Raise { to, confirm } = item.a.step else {
            continue;
        };
        let asked_for = item.a.subject.reason == Reason::Manual;
        if item.intent.tries > STATUS_TRIES && confirm && !asked_for {
            // Each further try could mail the person once more.
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
        for chunk in indices.chunks(blame::size(s, Call::Status, s.batch_size())) {
            let raised = chunk.iter().map(|&i| (i, vec![items[i].a.spelled.wire.clone()]));
            let raised = raised.collect();
            // Another spelling that refused would still speak for the person; it is not mailed for that.
            let twins = chunk.iter().map(|&i| (i, items[i].a.spelled.others_refusing()));
            let twins: Vec<_> = twins.filter(|(_, others)| !others.is_empty()).collect();
            // First the others: where SARE takes them for one contact, the last word counts.
            let mut halted = set_status(s, items, twins, status::UNCONFIRMED, false).await?;
            if halted.is_none() {
                halted = set_status(s, items, raised, to, confirm).await?;
            }
            if let Some(halt) = halted {
                let wanted = with_step(items, |step| matches!(step, Step::Raise { .. }));
                return put_off(items, &wanted, halt, errand);
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
                    item.contact.clear_refusal();
                    item.contact.sare_status = Some(to);
                    item.contact.sare_seen_at = Some(s.now());
                    // Data follows, now that the status allows it.
                    item.result = Some(Fate::LookAgain(Outcome::Synchronised, s.now(), Reason::Verify));
                } else if item.intent.tries > STATUS_TRIES {
                    item.result = Some(Fate::Later("status-not-taken"));
                } else {
                    let again = s.now() + millis(s.settings.verify_after);
                    item.result = Some(Fate::LookAgain(Outcome::Suppressed, again, Reason::Verify));
                }
            }
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
    to: i64,
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
                status: Some(Status::from_number(to)),
                ..sare_api::Contact::default()
            })
            .collect();
        let request = AddRequest::status_change(contacts, confirm);
        let sent = s.sare_about(|c| {
            let request = request.clone();
            async move { c.add(&request).await }
        });
        let sent = sent.await;
        if !matches!(&sent, Err(CallError::Halt(halt)) if halt.is_for_room()) {
            for (i, _) in part {
                s.forget_view(items[*i].contact.hash);
                items[*i].sent = true;
            }
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
                    item.result = Some(Fate::Later("sare-fails"));
                } else if matches!(item.a.step, Step::Raise { .. }) {
                    item.result = Some(Fate::Later("status-not-taken"));
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
            .spelled
            .all()
            .into_iter()
            .filter(|text| *text != a.subject.email.written());
        asked.extend(others.map(|text| (hash, text)));
    }
    statuses(s, asked.into_iter()).await
}
