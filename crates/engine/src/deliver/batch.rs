//! What a batch of `email/add` is made of: the contacts as SARE takes them, those that wait, and what becomes of those taken.

use std::collections::{BTreeMap, BTreeSet};

use store::{Outcome, Refused, Seen};
use sync_core::consent::Intent;
use sync_core::plan::Step;

use super::{Item, ItemResult};
use crate::account_trouble;
use crate::session::Session;
use crate::state::Call;

/// One kind of `email/add` that changes no status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// How it is counted.
    pub(super) call: Call,
    /// Whether SARE mails its request for confirmation.
    pub(super) confirm: bool,
}

/// These new contacts wait for the account.
pub(super) fn wait(s: &Session<'_>, items: &mut [Item], indices: &[usize]) {
    let at = s.now() + account_trouble::WAIT_MS;
    for &i in indices {
        items[i].result = Some(ItemResult::Waits(at));
    }
}

/// Notes groups that are gone from SARE, lets new contacts wait that would be in no other group, and returns the rest.
pub(super) fn hold_back(s: &Session<'_>, items: &mut [Item], wanted: &[usize]) -> Vec<usize> {
    let lost = s.state().trouble.groups.clone();
    let at = s.now() + account_trouble::WAIT_MS;
    let mut sent = Vec::with_capacity(wanted.len());
    for &i in wanted {
        let item = &mut items[i];
        item.lost_groups = item
            .a
            .groups
            .iter()
            .copied()
            .filter(|g| lost.contains(g))
            .collect();
        let in_none = !item.lost_groups.is_empty() && item.lost_groups.len() == item.a.groups.len();
        if in_none && matches!(item.a.step, Step::Add { .. }) {
            item.result = Some(ItemResult::Waits(at));
        } else {
            sent.push(i);
        }
    }
    sent
}

/// Halves a batch.
pub(super) fn split(chunk: Vec<usize>, stack: &mut Vec<Vec<usize>>) {
    let (left, right) = chunk.split_at(chunk.len() / 2);
    stack.push(right.to_vec());
    stack.push(left.to_vec());
}

/// The contact as it is sent, without what the account has lost.
pub(super) fn sare_contact(item: &Item, lost_props: &BTreeSet<String>) -> sare_api::Contact {
    let mut traits = item.a.traits.clone().unwrap_or_default();
    traits.custom.retain(|name, _| !lost_props.contains(name));
    let groups = item.a.groups.iter().copied();
    sare_api::Contact {
        email: item.a.spellings.wire.clone(),
        gsm: traits.gsm,
        status: match item.a.step {
            Step::Add { status, .. } => Some(sare_api::Status::from_number(status.code())),
            _ => None,
        },
        groups: groups.filter(|g| !item.lost_groups.contains(g)).collect(),
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

/// SARE has taken the contact.
pub(super) fn note_sent(s: &Session<'_>, item: &mut Item) {
    let now = s.now();
    item.wrote = true;
    item.contact.sent = item.a.fingerprint.map(|f| f.to_vec());
    item.contact.sent_at = Some(now);
    let mut groups = item.contact.groups.clone();
    groups.extend(item.a.groups.iter().filter(|g| !item.lost_groups.contains(g)));
    groups.sort_unstable();
    groups.dedup();
    item.contact.groups = groups;
    if let Step::Add {
        status: given,
        confirm,
    } = item.a.step
    {
        item.contact.sare = Some(Seen {
            status: given,
            at: now,
        });
        if confirm || item.intent.opt_in.is_some() {
            item.intent = Intent::default();
            item.contact.intent = None;
            item.contact.refusal = None;
        }
        if given.is_refusal() {
            let added = |refused: Refused| Refused::since(refused.refusal().added(), refused.since);
            item.contact.refusal = item.contact.refusal.map(added);
            item.result = Some(ItemResult::Settled(Outcome::Suppressed));
            return;
        }
    }
    item.result = Some(ItemResult::Settled(Outcome::Synchronised));
}
