//! Traits and groups: contacts added and updated in batches, statuses left alone.

use std::collections::BTreeMap;

use sare_api::{AddRequest, ItemOutcome, Status};
use store::Outcome;
use sync_core::consent::status;
use sync_core::mapping::Target;
use sync_core::plan::Step;

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::subject::Intent;

use super::proof::{UNPROVEN_BATCH, UPDATES_PROVEN, prove_harmless, prove_last};
use super::{Fate, Item};

/// Adds and updates, in batches; a batch that spoils is split until the bad contact stands alone.
pub(super) async fn write_data(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
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
            item.contact.clear_refusal();
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
