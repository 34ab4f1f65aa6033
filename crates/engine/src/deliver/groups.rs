//! Leaving groups: of the deleted, of those who changed groups, and of those who withdrew.

use std::collections::BTreeMap;
use sync_core::ProblemKind;

use store::{AddrHash, Outcome, Reason};
use sync_core::config::DeletedAction;
use sync_core::consent::SareView;
use sync_core::plan::Step;

use crate::account_trouble;
use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Call;
use crate::subject::refuses_by_withdrawal;

use super::{Item, ItemResult};

/// Takes contacts that withdrew in the shop and refuse in SARE out of our groups, where the merchant wants it. What fails is
/// repeated: the ledger keeps the groups still to be left.
pub(super) async fn leave_after_refusal(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    let owed: Vec<usize> = (0..items.len())
        .filter(|&i| must_leave_groups(&items[i]))
        .collect();
    leave_all(s, items, &owed).await
}

/// Takes contacts out of every group of ours.
pub(super) async fn leave_all(s: &Session<'_>, items: &mut [Item], indices: &[usize]) -> Result<(), Halt> {
    let all = |item: &Item| item.contact.groups.clone();
    remove_from_groups(s, items, indices, all, |item| {
        item.contact.groups.clear();
        item.contact.sent = None;
        item.left = true;
    })
    .await
}

/// Whether a contact whose withdrawal SARE has taken is still in groups that it is to leave.
pub(super) fn must_leave_groups(item: &Item) -> bool {
    item.a.leaves_groups && refuses_by_withdrawal(&item.contact) && !item.contact.groups.is_empty()
}

/// Takes contacts out of groups they no longer belong in, and deals with those gone from the shop.
pub(super) async fn leave(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
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
        item.result = Some(ItemResult::Settled(Outcome::Gone));
    })
    .await?;
    let partly: Vec<usize> = (0..items.len())
        .filter(|&i| still_to_leave(&items[i]) && !matches!(items[i].result, Some(ItemResult::Refused(_))))
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
    delete_some(s, items, &delete).await?;
    for item in items.iter_mut() {
        if item.result.is_none() && matches!(item.a.step, Step::Leave(_)) {
            item.result = Some(ItemResult::Settled(Outcome::Gone));
        }
    }
    Ok(())
}

/// Deletes contacts in SARE. A batch at which SARE fails is split until the contact that spoils it stands alone and waits.
async fn delete_some(s: &Session<'_>, items: &mut [Item], indices: &[usize]) -> Result<(), Halt> {
    if !indices.is_empty()
        && let Some(halt) = blame::backing_off(s, Call::Delete)
    {
        return Err(halt);
    }
    let mut stack: Vec<&[usize]> = indices
        .chunks(blame::size(s, Call::Delete, s.batch_size()))
        .rev()
        .collect();
    while let Some(chunk) = stack.pop() {
        let addresses: Vec<&str> = chunk.iter().flat_map(|&i| items[i].a.spellings.all()).collect();
        let sent = s.sare_about(|c| {
            let addresses = addresses.clone();
            async move { c.delete(&addresses).await }
        });
        match sent.await {
            Ok(_) => blame::worked(s, Call::Delete).await?,
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => {
                let hashes: Vec<AddrHash> = chunk.iter().map(|&i| items[i].contact.hash).collect();
                let is_known = items[chunk[0]].a.subject.has_failed_before();
                match blame(s, Call::Delete, &error, &hashes, is_known).await? {
                    Blame::Call(halt) => return Err(s.no_right(&error).await?.unwrap_or(halt)),
                    Blame::Batch => {
                        s.note_too_large(&error);
                        let (one, other) = chunk.split_at(chunk.len() / 2);
                        stack.push(other);
                        stack.push(one);
                    }
                    Blame::Contact => {
                        items[chunk[0]].result = Some(ItemResult::RetryLater(ProblemKind::SareFails))
                    }
                }
                continue;
            }
        }
        for &i in chunk {
            items[i].wrote = true;
            items[i].contact.sent = None;
            items[i].contact.groups.clear();
            items[i].contact.sare = None;
            items[i].result = Some(ItemResult::Settled(Outcome::Gone));
        }
    }
    Ok(())
}

/// Whether a contact that stays in SARE has yet to leave a group of ours.
pub(super) fn still_to_leave(item: &Item) -> bool {
    let present = item.a.sare.is_open();
    let stays = matches!(item.a.step, Step::Keep | Step::Update);
    present && stays && item.contact.groups.iter().any(|g| !item.a.groups.contains(g))
}

/// Nobody can be taken out of groups now. What else was done of these contacts is kept; whoever has yet to leave is looked
/// at again when the call may work.
fn stay(items: &mut [Item], indices: &[usize], halt: &Halt) -> Result<(), Halt> {
    let Halt::Wait { until, .. } = halt else {
        return Ok(());
    };
    for &i in indices {
        let item = &mut items[i];
        if item.left || matches!(item.a.step, Step::Unsubscribe { .. } | Step::Suppress) {
            continue;
        }
        item.result = Some(if item.wrote {
            ItemResult::CheckAgain(Outcome::Synchronised, *until, Reason::Verify)
        } else {
            ItemResult::PutOff(*until)
        });
    }
    Ok(())
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
    let lost = s.state().trouble.groups.clone();
    let mut by_groups: BTreeMap<Vec<i64>, Vec<usize>> = BTreeMap::new();
    for &i in indices {
        let groups = groups_of(&items[i]);
        if groups.is_empty() {
            continue;
        }
        // A group that is gone from SARE has nobody in it.
        let there: Vec<i64> = groups.into_iter().filter(|g| !lost.contains(g)).collect();
        if there.is_empty() {
            left(&mut items[i]);
        } else {
            by_groups.entry(there).or_default().push(i);
        }
    }
    if !by_groups.is_empty()
        && let Some(halt) = blame::backing_off(s, Call::Leave)
    {
        return stay(items, indices, &halt);
    }
    for (groups, members) in by_groups {
        let mut stack: Vec<&[usize]> = members
            .chunks(blame::size(s, Call::Leave, s.batch_size()))
            .rev()
            .collect();
        while let Some(chunk) = stack.pop() {
            let addresses: Vec<&str> = chunk.iter().flat_map(|&i| items[i].a.spellings.all()).collect();
            let sent = s.sare_about(|c| {
                let (addresses, groups) = (addresses.clone(), groups.clone());
                async move { c.group_remove_emails(&addresses, &groups).await }
            });
            let error = match sent.await {
                // A contact SARE does not know is in no group of ours either.
                Ok(_) => {
                    blame::worked(s, Call::Leave).await?;
                    chunk.iter().for_each(|&i| left(&mut items[i]));
                    continue;
                }
                Err(CallError::Halt(halt)) => return Err(halt),
                Err(CallError::Api(error)) => error,
            };
            let hashes: Vec<AddrHash> = chunk.iter().map(|&i| items[i].contact.hash).collect();
            let is_known = items[chunk[0]].a.subject.has_failed_before();
            match blame(s, Call::Leave, &error, &hashes, is_known).await? {
                Blame::Call(halt) => {
                    if let Some(halt) = s.no_right(&error).await? {
                        return Err(halt);
                    }
                    return stay(items, indices, &halt);
                }
                Blame::Batch => {
                    s.note_too_large(&error);
                    let (one, other) = chunk.split_at(chunk.len() / 2);
                    stack.push(other);
                    stack.push(one);
                }
                Blame::Contact => {
                    tracing::warn!(shop = %s.shop.id, %error, "SARE does not take a contact out of groups");
                    if account_trouble::recheck_lists(s).await? {
                        let gone = s.state().trouble.groups.clone();
                        if groups.iter().all(|g| gone.contains(g)) {
                            left(&mut items[chunk[0]]);
                            continue;
                        }
                    }
                    let item = &mut items[chunk[0]];
                    if refuses_by_withdrawal(&item.contact) {
                        item.contact.outcome = Outcome::Suppressed;
                    }
                    if !matches!(item.result, Some(ItemResult::Unproven { .. })) {
                        item.result = Some(ItemResult::RetryLater(ProblemKind::GroupNotLeft));
                    }
                }
            }
        }
    }
    Ok(())
}
