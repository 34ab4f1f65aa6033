//! Whose fault it is when SARE fails at a call about many contacts: SARE's as a whole, that call's, or one contact's.
//!
//! An error of SARE's own (5xx, a time-out, an answer that cannot be read) does not say. A cheap call does: where the list
//! of groups cannot be had either, SARE is away and everything waits. Where it can, the batch is split until a contact
//! stands alone; that one is set aside under its name and tried again later, and the others go on. Where one contact after
//! the other fails alone and none is taken, it is the call that is out of order: told once, for the account, and made
//! again after a pause, so that no contact is blamed for it.
//!
//! What is counted is kept with the lane: neither a crash nor the end of a slice begins it anew.

use ports::{Millis, TransportError};
use store::AddrHash;
use sync_core::{Cause, ProblemKind, Topic};

use crate::error::{CallError, Halt, Side};
use crate::session::{Session, backoff};
use crate::state::Call;

/// What a failure means.
#[derive(Debug)]
pub enum Blame {
    /// Something in the batch: split it.
    Batch,
    /// This lone contact.
    Contact,
    /// The call, whomever it is about.
    Call(Halt),
}

/// Contacts that fail alone before the call itself is held to be out of order.
const FEW: usize = 3;
/// The same where the call has worked in this very slice.
const MANY: usize = 10;
/// More contacts at once than any request has.
const WIDE: usize = 500;
/// How long a call is left out that others can do without.
const LEFT_OUT_MS: Millis = 60_000;
/// For how long an answer to the cheap call counts while a batch is being split.
const ANSWERED_MS: Millis = 5_000;

/// SARE says itself that something in the request is wrong.
fn is_about_the_request(error: &sare_api::Error) -> bool {
    match error {
        sare_api::Error::TooLarge | sare_api::Error::Interrupted(TransportError::TooLarge { .. }) => true,
        sare_api::Error::Rejected { status, code, .. } => [i64::from(*status), code.unwrap_or(0)]
            .iter()
            .any(|n| matches!(n, 400 | 422)),
        _ => false,
    }
}

/// Whose fault a failure at these contacts is. `is_known` says that a lone contact has failed before, so that it is no
/// new sign against the call.
///
/// # Errors
/// The halt of a SARE that is away as a whole.
pub async fn blame(
    s: &Session<'_>,
    call: Call,
    error: &sare_api::Error,
    contacts: &[AddrHash],
    is_known: bool,
) -> Result<Blame, Halt> {
    let is_alone = contacts.len() < 2;
    if is_about_the_request(error) {
        if !is_alone {
            narrow(s, call, contacts.len());
        }
        return Ok(if is_alone { Blame::Contact } else { Blame::Batch });
    }
    if !(error.may_be_a_contact() || error.suggests_smaller_batch()) {
        return Err(s.sare_outage(error));
    }
    if is_alone || s.answered_at() + ANSWERED_MS < s.now() {
        ask_cheaply(s).await?;
    }
    if !is_alone {
        narrow(s, call, contacts.len());
        return Ok(Blame::Batch);
    }
    let Some(contact) = contacts.first() else {
        return Ok(Blame::Contact);
    };
    let hash = contact.to_hex();
    let until = {
        let now = s.now();
        let mut state = s.state();
        let trouble = state.calls.entry(call.word().to_owned()).or_default();
        let is_known = is_known || trouble.failing.contains(&hash);
        trouble.note_failing(&hash);
        if is_known {
            return Ok(Blame::Contact);
        }
        let enough = match (s.has_worked(call), trouble.backoffs) {
            (true, _) => MANY,
            (false, 0) => FEW,
            // It has not worked since it was found to be out of order.
            (false, _) => 1,
        };
        if !trouble.alone.contains(&hash) {
            trouble.alone.push(hash);
        }
        if trouble.alone.len() < enough {
            return Ok(Blame::Contact);
        }
        trouble.alone.clear();
        trouble.backoffs = trouble.backoffs.saturating_add(1);
        trouble.backoff_until = now + ports::millis(backoff(trouble.backoffs.saturating_add(4)));
        trouble.backoff_until
    };
    tracing::warn!(shop = %s.shop.id, call = call.word(), %error, "SARE fails at a call for everybody");
    s.shop_problem(
        Topic::SareCall(call.word().to_owned()),
        ProblemKind::SareCallFails,
        Some(call.word().to_owned()),
    )
    .await?;
    Ok(Blame::Call(out_of_order(until)))
}

/// Whether SARE answers a call that is about nobody.
async fn ask_cheaply(s: &Session<'_>) -> Result<(), Halt> {
    match s.sare(|c| async move { c.groups().await }).await {
        Ok(_) => {}
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(error)) if error.is_transient() => return Err(s.sare_outage(&error)),
        // It answers, if only to say no.
        Err(CallError::Api(_)) => {}
    }
    s.note_answered();
    Ok(())
}

/// The call has been made, and SARE has answered it.
pub async fn worked(s: &Session<'_>, call: Call) -> Result<(), Halt> {
    s.note_worked(call);
    let was_out_of_order = {
        let mut state = s.state();
        let Some(trouble) = state.calls.get_mut(call.word()) else {
            return Ok(());
        };
        let backoffs = std::mem::take(&mut trouble.backoffs);
        trouble.alone.clear();
        trouble.backoff_until = 0;
        trouble.narrow *= 2;
        if trouble.narrow > WIDE {
            trouble.narrow = 0;
        }
        if trouble.narrow == 0 && trouble.failing.is_empty() {
            state.calls.remove(call.word());
        }
        backoffs > 0
    };
    if was_out_of_order {
        s.shop_problem_over(Topic::SareCall(call.word().to_owned()))
            .await?;
        // Who was set aside meanwhile need not wait as long as after failures of their own.
        s.store
            .problem_retry_kind(s.shop.id, ProblemKind::SareFails, s.now())
            .await?;
    }
    Ok(())
}

/// Another account: how the old one failed is over.
pub async fn forget(s: &Session<'_>) -> Result<(), Halt> {
    let calls = std::mem::take(&mut s.state().calls);
    for (call, _) in calls.into_iter().filter(|(_, trouble)| trouble.backoffs > 0) {
        s.shop_problem_over(Topic::SareCall(call)).await?;
    }
    Ok(())
}

/// How many contacts to make the call about at once.
pub fn size(s: &Session<'_>, call: Call, usual: usize) -> usize {
    let narrow = s
        .state()
        .calls
        .get(call.word())
        .map_or(0, |trouble| trouble.narrow);
    if narrow == 0 { usual } else { usual.min(narrow) }.max(1)
}

fn narrow(s: &Session<'_>, call: Call, failed: usize) {
    let mut state = s.state();
    let trouble = state.calls.entry(call.word().to_owned()).or_default();
    trouble.narrow = (failed / 2).max(1);
}

/// The call is left out for a while, for whoever can do without it.
pub fn leave_out(s: &Session<'_>, call: Call) {
    let until = s.now() + LEFT_OUT_MS;
    let mut state = s.state();
    state
        .calls
        .entry(call.word().to_owned())
        .or_default()
        .backoff_until = until;
}

/// The halt of whoever wants to make a call that is out of order.
pub fn backing_off(s: &Session<'_>, call: Call) -> Option<Halt> {
    let now = s.now();
    let state = s.state();
    let until = state.calls.get(call.word())?.backoff_until;
    (until > now).then(|| out_of_order(until))
}

/// Whether the call has failed at this contact alone, and has not taken it since.
pub fn is_failing(s: &Session<'_>, call: Call, contact: AddrHash) -> bool {
    let state = s.state();
    let trouble = state.calls.get(call.word()).filter(|t| !t.failing.is_empty());
    trouble.is_some_and(|trouble| trouble.failing.contains(&contact.to_hex()))
}

/// The call fails at this contact, which is asked about in another way.
pub fn note_failing(s: &Session<'_>, call: Call, contact: AddrHash) {
    let mut state = s.state();
    let trouble = state.calls.entry(call.word().to_owned()).or_default();
    trouble.note_failing(&contact.to_hex());
}

/// The call has taken this contact.
pub fn no_longer_failing(s: &Session<'_>, call: Call, contact: AddrHash) {
    let mut state = s.state();
    if let Some(trouble) = state.calls.get_mut(call.word())
        && !trouble.failing.is_empty()
    {
        let hash = contact.to_hex();
        trouble.failing.retain(|failing| *failing != hash);
    }
}

fn out_of_order(until: Millis) -> Halt {
    Halt::Wait {
        side: Side::Sare,
        until,
        why: Cause::SareAway,
    }
}
