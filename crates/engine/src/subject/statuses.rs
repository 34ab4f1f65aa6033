//! SARE's statuses of many contacts, in whichever way the account tells them (`lookup.rs`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sare_api::{StatusAnswer, StatusAnswers};
use store::AddrHash;
use sync_core::consent::SareView;

use crate::error::{CallError, Halt};
use crate::lookup;
use crate::session::Session;

/// Stands for "SARE's answer about this address cannot be had": nothing is done about the contact.
const UNREADABLE: i64 = -1;

/// The same for a pass that goes through many and raises nobody's status.
pub const RECENT_MS: i64 = 120_000;

/// [`statuses`], without asking again for what a halted turn heard, by contact, less than so many milliseconds ago.
pub async fn recent_statuses(
    s: &Session<'_>,
    mut addresses: Vec<(AddrHash, String, i64)>,
) -> Result<HashMap<AddrHash, SareView>, Halt> {
    let mut views = HashMap::new();
    addresses.retain(|(hash, _, age_ms)| match s.recent_view(*hash, *age_ms) {
        Some(view) => {
            views.insert(*hash, view);
            false
        }
        None => true,
    });
    let rest = addresses
        .iter()
        .map(|(hash, address, _)| (*hash, address.as_str()));
    views.extend(statuses(s, rest).await?);
    Ok(views)
}

/// SARE's statuses of many addresses, in batches; an address not named counts as absent. A batch
/// that SARE rejects is split until the address that spoils it stands alone.
pub async fn statuses<'x>(
    s: &Session<'_>,
    addresses: impl Iterator<Item = (AddrHash, &'x str)>,
) -> Result<HashMap<AddrHash, SareView>, Halt> {
    let all: Vec<(AddrHash, String)> = addresses.map(|(h, a)| (h, a.to_owned())).collect();
    let mut views = HashMap::with_capacity(all.len());
    if !all.is_empty() {
        lookup::reconsider(s).await?;
    }
    let mut stack: Vec<&[(AddrHash, String)]> = all.chunks(lookup::a_call(s)).rev().collect();
    while let Some(chunk) = stack.pop() {
        let asked: Vec<&str> = chunk.iter().map(|(_, a)| a.as_str()).collect();
        let kept = Mutex::new(StatusAnswers::default());
        let answer = s.sare_by_one_way(|c| {
            let (asked, kept) = (asked.clone(), &kept);
            async move { c.statuses_kept(&asked, kept).await }
        });
        let answer = answer.await;
        let answers = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(CallError::Api(error)) = &answer
            && lookup::may_be_the_call(error)
            && lookup::find_form(s, &asked).await?
        {
            stack.extend(chunk.chunks(lookup::a_call(s)).rev());
            continue;
        }
        match answer {
            Ok(()) => {
                for (hash, address) in chunk {
                    let view = match answers.get(address) {
                        StatusAnswer::Status(status) => SareView::Status(status.number()),
                        StatusAnswer::Null | StatusAnswer::NotMentioned => SareView::Absent,
                    };
                    s.note_view(*hash, view);
                    views.insert(*hash, view);
                }
                if std::mem::take(&mut s.state().sare_not_understood) {
                    s.shop_problem_over("sare-answers").await?;
                }
            }
            Err(CallError::Halt(halt)) => {
                // The first of several pages may have been read: whom it names need not be asked after again.
                for (hash, address) in chunk {
                    if let StatusAnswer::Status(status) = answers.get(address) {
                        s.note_view(*hash, SareView::Status(status.number()));
                    }
                }
                return Err(halt);
            }
            Err(CallError::Api(error)) if error.suggests_smaller_batch() && chunk.len() > 1 => {
                if matches!(error, sare_api::Error::TooLarge) || error.is_transient() {
                    s.state().batch.after_too_large();
                }
                let (left, right) = chunk.split_at(chunk.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Err(CallError::Api(error)) if error.suggests_smaller_batch() && !error.is_transient() => {
                let view = SareView::Status(UNREADABLE);
                s.note_view(chunk[0].0, view);
                views.insert(chunk[0].0, view);
            }
            Err(CallError::Api(error)) if error.is_transient() => return Err(s.sare_outage(&error)),
            Err(CallError::Api(error)) => {
                s.state().sare_not_understood = true;
                s.shop_problem("sare-answers", "sare-not-understood", Some(error.to_string()))
                    .await?;
                return Err(s.sare_outage(&error));
            }
        }
    }
    Ok(views)
}
