//! What SARE does not take: whether a contact is to blame, its group, its property, or the account as a whole.

use std::collections::{BTreeMap, BTreeSet};
use sync_core::ProblemKind;

use sare_api::AddRequest;
use store::AddrHash;
use sync_core::plan::Step;

use crate::account_trouble::{self, Culprit};
use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Call;

use super::batch::{Kind, hold_back, note_sent, sare_contact, split, wait};
use super::{Item, ItemResult};

/// SARE said no to this contact: for a reason of the account's, or of its own.
pub(super) async fn refused(
    s: &Session<'_>,
    items: &mut [Item],
    i: usize,
    kind: Kind,
    stack: &mut Vec<Vec<usize>>,
    result: ItemResult,
) -> Result<(), Halt> {
    if account_trouble::recheck_lists(s).await? || is_lacking(s, &items[i]) {
        let had = items[i].lost_groups.len();
        let sent = hold_back(s, items, &[i]);
        if sent.is_empty() {
            return Ok(());
        }
        if items[i].lost_groups.len() > had {
            // Once more without the group that is gone, and with what was left out for nothing.
            items[i].without_custom = false;
            stack.push(sent);
            return Ok(());
        }
    }
    let why = match &result {
        ItemResult::Refused(why) => why.as_str(),
        _ => "403",
    };
    let culprit = match kind.call {
        Call::Add => account_trouble::refused(s, items[i].contact.hash, why),
        _ => Culprit::Contact,
    };
    if culprit == Culprit::Unclear {
        if takes_bare(s, &items[i], kind).await? {
            account_trouble::refuses_values(s);
            note_sent(s, &mut items[i]);
            items[i].result = Some(result);
            return Ok(());
        }
        account_trouble::takes_nobody(s, why).await?;
    }
    match culprit {
        Culprit::Contact => items[i].result = Some(result),
        Culprit::Unclear | Culprit::Account => {
            wait(s, items, &[i]);
            unblame(s, items);
        }
    }
    Ok(())
}

/// Whoever was refused a moment ago was refused for the account's reason, and waits too.
fn unblame(s: &Session<'_>, items: &mut [Item]) {
    let same: Vec<usize> = (0..items.len())
        .filter(|&n| matches!(items[n].a.step, Step::Add { .. }))
        .filter(|&n| {
            matches!(
                items[n].result,
                Some(ItemResult::Refused(_) | ItemResult::RetryLater(ProblemKind::SareFails))
            )
        })
        .filter(|&n| account_trouble::is_among_refused(s, items[n].contact.hash))
        .collect();
    wait(s, items, &same);
}

/// Whether SARE takes a new contact that it refused without any of its values: then it is one of them that it refuses.
async fn takes_bare(s: &Session<'_>, item: &Item, kind: Kind) -> Result<bool, Halt> {
    let contact = sare_contact(item, &BTreeSet::new());
    let bare = sare_api::Contact {
        email: contact.email,
        status: contact.status,
        groups: contact.groups,
        ..sare_api::Contact::default()
    };
    let mut request = AddRequest::data_only(vec![bare]);
    request.options.send_confirmation = kind.confirm;
    let sent = s.sare_about(|c| {
        let request = request.clone();
        async move { c.add(&request).await }
    });
    match sent.await {
        Ok(answer) => Ok(answer.all_accepted()),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(_)) => Ok(false),
    }
}

/// SARE took a contact only without its own properties: where that is because some are gone from the account, the others
/// follow, and nothing is wrong with the contact.
pub(super) fn send_the_rest(s: &Session<'_>, items: &mut [Item], i: usize, stack: &mut Vec<Vec<usize>>) {
    let lost = s.state().trouble.props.clone();
    let item = &mut items[i];
    let custom = item.a.traits.as_ref().map(|traits| &traits.custom);
    let (gone, there): (Vec<&String>, Vec<&String>) = custom
        .into_iter()
        .flat_map(BTreeMap::keys)
        .partition(|name| lost.contains(*name));
    if gone.is_empty() {
        return;
    }
    let has_more = !there.is_empty();
    item.without_custom = false;
    if has_more {
        item.result = None;
        stack.push(vec![i]);
    }
}

/// Whether a group of this contact's is known to be gone that it was still sent with.
fn is_lacking(s: &Session<'_>, item: &Item) -> bool {
    let state = s.state();
    let lost = &state.trouble.groups;
    item.a
        .groups
        .iter()
        .any(|g| lost.contains(g) && !item.lost_groups.contains(g))
}

/// SARE failed at a batch or refused it as a whole.
pub(super) async fn failed(
    s: &Session<'_>,
    items: &mut [Item],
    chunk: Vec<usize>,
    kind: Kind,
    stack: &mut Vec<Vec<usize>>,
    error: &sare_api::Error,
) -> Result<Option<Halt>, Halt> {
    if let [i] = chunk[..]
        && !items[i].failed
        && error.may_have_been_applied()
    {
        items[i].failed = true;
        stack.push(chunk);
        return Ok(None);
    }
    let hashes: Vec<AddrHash> = chunk.iter().map(|&i| items[i].contact.hash).collect();
    let is_known = items[chunk[0]].a.subject.has_failed_before();
    match blame(s, kind.call, error, &hashes, is_known).await? {
        Blame::Batch => {
            s.note_too_large(error);
            split(chunk, stack);
            Ok(None)
        }
        Blame::Contact => {
            let result = match error {
                sare_api::Error::Rejected { .. } | sare_api::Error::TooLarge => {
                    let why = error.reason().map(ToString::to_string);
                    ItemResult::Refused(why.unwrap_or_else(|| error.to_string()))
                }
                _ => ItemResult::RetryLater(ProblemKind::SareFails),
            };
            if matches!(result, ItemResult::Refused(_))
                || matches!(error, sare_api::Error::Unauthorized { .. })
            {
                refused(s, items, chunk[0], kind, stack, result).await?;
            } else {
                items[chunk[0]].result = Some(result);
            }
            Ok(None)
        }
        Blame::Call(halt) => {
            let is_no = matches!(
                error,
                sare_api::Error::Rejected { .. } | sare_api::Error::Unauthorized { .. }
            );
            if kind.call == Call::Add && is_no {
                // SARE answers reads but refuses every new contact: the account is full.
                account_trouble::takes_nobody(s, &error.to_string()).await?;
                blame::worked(s, kind.call).await?;
                wait(s, items, &chunk);
                unblame(s, items);
                return Ok(None);
            }
            // Whom it was about a moment ago is not to blame.
            for item in items.iter_mut() {
                if matches!(item.result, Some(ItemResult::RetryLater(ProblemKind::SareFails))) && item.failed
                {
                    item.result = None;
                }
            }
            Ok(Some(s.no_right(error).await?.unwrap_or(halt)))
        }
    }
}
