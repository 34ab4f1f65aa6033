//! Traits and groups: contacts added and updated in batches, statuses left alone.

use sare_api::{AddRequest, ItemOutcome};
use store::{AddrHash, Reason};
use sync_core::mapping::Target;
use sync_core::plan::Step;

use crate::account_trouble;
use crate::blame;
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Call;
use crate::subject::records;

use super::batch::{Kind, hold_back, note_sent, sare_contact, split, wait};
use super::proof::{UNPROVEN_BATCH, UPDATES_PROVEN, prove_harmless, prove_last};
use super::refused::{failed, refused, send_the_rest};
use super::{Delivery, Item, ItemResult, put_off};

const UPDATE: Kind = Kind {
    call: Call::Update,
    confirm: false,
};

/// Updates, then additions, in batches; a batch that spoils is split until the contact that spoils it stands alone. The two
/// never share a request: an account that takes no new contacts still takes data of those that it has.
pub(super) async fn write_data(s: &Session<'_>, items: &mut [Item], delivery: Delivery) -> Result<(), Halt> {
    recheck_when_asked(s, items).await?;
    let mut updates: Vec<usize> = (0..items.len())
        .filter(|&i| items[i].a.step == Step::Update)
        .collect();
    if !updates.is_empty() {
        prove_last(s).await?;
    }
    while !updates.is_empty() && s.state().updates_proven < UPDATES_PROVEN {
        let few = updates.split_off(updates.len().saturating_sub(UNPROVEN_BATCH));
        write_chunks(s, items, &few, UPDATE, delivery).await?;
        let written: Vec<usize> = few.into_iter().filter(|&i| items[i].wrote).collect();
        if !written.is_empty() {
            prove_harmless(s, items, &written).await?;
        }
    }
    write_chunks(s, items, &updates, UPDATE, delivery).await?;
    for confirm in [false, true] {
        let wanted: Vec<usize> = (0..items.len())
            .filter(|&i| items[i].result.is_none())
            .filter(|&i| matches!(items[i].a.step, Step::Add { confirm: c, .. } if c == confirm))
            .collect();
        let call = Call::Add;
        add_new(s, items, &wanted, Kind { call, confirm }, delivery).await?;
    }
    Ok(())
}

/// A person who wants a contact tried again may have mended the account just now.
async fn recheck_when_asked(s: &Session<'_>, items: &[Item]) -> Result<(), Halt> {
    let is_lacking = {
        let state = s.state();
        !(state.trouble.groups.is_empty() && state.trouble.props.is_empty())
    };
    if is_lacking && items.iter().any(|item| item.a.subject.reason == Reason::Manual) {
        account_trouble::check_lists(s, true).await?;
    }
    Ok(())
}

/// New contacts. Where the account takes none, at most one of them is tried and the others wait.
async fn add_new(
    s: &Session<'_>,
    items: &mut [Item],
    wanted: &[usize],
    kind: Kind,
    delivery: Delivery,
) -> Result<(), Halt> {
    if !account_trouble::is_full(s) || wanted.is_empty() {
        return write_chunks(s, items, wanted, kind, delivery).await;
    }
    let new: Vec<(usize, Reason)> = wanted.iter().map(|&i| (i, items[i].a.subject.reason)).collect();
    if let Some(tried) = account_trouble::probe(s, &new) {
        write_chunks(s, items, &[tried], kind, delivery).await?;
    }
    let rest: Vec<usize> = wanted
        .iter()
        .copied()
        .filter(|&i| items[i].result.is_none())
        .collect();
    if account_trouble::is_full(s) {
        wait(s, items, &rest);
        return Ok(());
    }
    write_chunks(s, items, &rest, kind, delivery).await
}

async fn write_chunks(
    s: &Session<'_>,
    items: &mut [Item],
    wanted: &[usize],
    kind: Kind,
    delivery: Delivery,
) -> Result<(), Halt> {
    if wanted.is_empty() {
        return Ok(());
    }
    if let Some(halt) = blame::backing_off(s, kind.call) {
        return put_off(items, wanted, halt, delivery);
    }
    let wanted = hold_back(s, items, wanted);
    let size = blame::size(s, kind.call, s.batch_size());
    for chunk in wanted.chunks(size) {
        spare_filled(s, items, chunk).await?;
    }
    // Contacts at which SARE failed before come last, one by one, so that they spoil no batch.
    let (failing, others): (Vec<usize>, Vec<usize>) = wanted
        .iter()
        .partition(|&&i| blame::is_failing(s, kind.call, items[i].contact.hash));
    let failing = failing.chunks(1).rev();
    let mut stack: Vec<Vec<usize>> = failing
        .chain(others.chunks(size).rev())
        .map(<[usize]>::to_vec)
        .collect();
    while let Some(chunk) = stack.pop() {
        if kind.call == Call::Add && account_trouble::is_full(s) && wanted.len() > 1 {
            wait(s, items, &chunk);
            continue;
        }
        let Some(halt) = add_chunk(s, items, chunk, kind, &mut stack).await? else {
            continue;
        };
        let open: Vec<usize> = wanted
            .iter()
            .copied()
            .filter(|&i| items[i].result.is_none())
            .collect();
        return put_off(items, &open, halt, delivery);
    }
    Ok(())
}

/// Sends one batch. Contacts to be sent again go back on the stack. Returns a halt when the call fails for everybody.
async fn add_chunk(
    s: &Session<'_>,
    items: &mut [Item],
    chunk: Vec<usize>,
    kind: Kind,
    stack: &mut Vec<Vec<usize>>,
) -> Result<Option<Halt>, Halt> {
    let lost_props = s.state().trouble.props.clone();
    let contacts = chunk
        .iter()
        .map(|&i| sare_contact(&items[i], &lost_props))
        .collect();
    let mut request = AddRequest::data_only(contacts);
    request.options.send_confirmation = kind.confirm;
    let sent = s.sare_about(|c| {
        let request = request.clone();
        async move { c.add(&request).await }
    });
    let answer = match sent.await {
        Ok(answer) => answer,
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) => return failed(s, items, chunk, kind, stack, &error).await,
    };
    blame::worked(s, kind.call).await?;
    s.state().batch.after_success();
    let mut unclear = Vec::new();
    for (&i, outcome) in chunk.iter().zip(&answer.items) {
        match outcome {
            ItemOutcome::Accepted => {
                note_sent(s, &mut items[i]);
                blame::no_longer_failing(s, kind.call, items[i].contact.hash);
                if items[i].without_custom {
                    // What it was refused for may be gone for everybody.
                    account_trouble::recheck_lists(s).await?;
                    send_the_rest(s, items, i, stack);
                }
                if kind.call == Call::Add {
                    account_trouble::taken(s).await?;
                }
            }
            ItemOutcome::Unclear { .. } if chunk.len() > 1 => unclear.push(i),
            ItemOutcome::Refused { why } | ItemOutcome::Unclear { why } => {
                let item = &mut items[i];
                if !item.without_custom && item.a.traits.as_ref().is_some_and(|t| !t.custom.is_empty()) {
                    // Perhaps a list property does not take the value (sare-api.md 16 row 14): once more without.
                    item.without_custom = true;
                    stack.push(vec![i]);
                } else {
                    refused(s, items, i, kind, stack, ItemResult::Refused(why.shown())).await?;
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
    Ok(None)
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
    let asked: Vec<(AddrHash, String)> = careful
        .iter()
        .map(|&i| (items[i].contact.hash, items[i].a.spellings.wire.clone()))
        .collect();
    let records = records(s, &asked).await?;
    for i in careful {
        let record = records.get(&items[i].contact.hash);
        let Some(traits) = items[i].a.decision.traits.as_mut() else {
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
