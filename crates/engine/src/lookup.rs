//! How SARE is asked for the statuses of many addresses, found out where the usual way does not work.
//!
//! Stands beside `subject/statuses.rs`, which asks for statuses before anything is decided, and before
//! `run/proof.rs` can prove the way by a contact just taken: where the very first question fails,
//! nothing is ever taken (sare-api.md 16 row 4). An account may also lack the list of statuses, or fail at it every time
//! while it answers everything else; then records tell them, which is the same word of the same service
//! (sare-api.md 11.1).

use sare_api::{LookupForm, Probed};
use store::ContactFilter;

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::{LOOK_AGAIN_MS, LaneState, SEARCH_EVERY_MS};

/// Addresses tried, lest one that SARE itself finds odd decides.
const TRIED: usize = 3;
/// Searches of an account whose way is not proven that may follow each other at once; from then on, and in an account whose
/// way is proven, they are [`SEARCH_EVERY_MS`] apart.
const SEARCHES: u32 = 10;

/// Whether asking in another way may help: SARE rejects the call, answers it with something else, or falls over it.
/// Whether it is out of order as a whole shows when it is asked in another way.
pub fn may_be_the_call(error: &sare_api::Error) -> bool {
    match error {
        sare_api::Error::Rejected { .. } => true,
        sare_api::Error::NotUnderstood { .. } => !error.is_transient(),
        sare_api::Error::Unavailable { status, .. } => matches!(status, 500 | 501),
        _ => false,
    }
}

/// Whether it is still to be proven that the way of asking works, and may be tried at once.
pub fn is_open(state: &LaneState) -> bool {
    !state.lookup_proven && state.lookup_tries < SEARCHES
}

/// Looks for a way of asking that works, with contacts known to be in SARE or a few of these addresses, and uses it from
/// here on. Whether it is another one than before. Where a way is proven, only one that proves itself takes its place.
pub async fn find_form(s: &Session<'_>, addresses: &[&str]) -> Result<bool, Halt> {
    let now = s.now();
    let (before, was_proven) = {
        let mut state = s.state();
        if !is_open(&state) && state.timers.lookup > now {
            return Ok(false);
        }
        // Counted before it begins: one that is halted counts too, or it might begin anew for ever.
        state.timers.lookup = now + SEARCH_EVERY_MS;
        state.lookup_tries = state.lookup_tries.saturating_add(1);
        (state.lookup, state.lookup_proven)
    };
    let mut tried = in_sare(s).await?;
    if !was_proven {
        let others = addresses.iter().copied().filter(|a| is_plain(a));
        tried.extend(others.map(str::to_owned));
        if tried.is_empty() {
            tried.extend(addresses.first().map(|a| (*a).to_owned()));
        }
    }
    tried.truncate(TRIED);
    for address in tried {
        match probe(s, &address).await {
            Ok(probed) if probed.is_proven || !was_proven => {
                use_probed(s, probed);
                return Ok(probed.form != before);
            }
            Ok(_) => {}
            // Another address may be less odd.
            Err(CallError::Api(error)) if error.suggests_smaller_batch() => {}
            Err(CallError::Api(_)) => return Ok(false),
            Err(CallError::Halt(halt)) => return Err(halt),
        }
    }
    Ok(false)
}

/// Now and then looks whether an account that does without the list of statuses has it after all.
pub async fn reconsider(s: &Session<'_>) -> Result<(), Halt> {
    let now = s.now();
    {
        let mut state = s.state();
        if !state.lookup.is_stopgap() || state.timers.lookup_again > now {
            return Ok(());
        }
        state.timers.lookup_again = now + LOOK_AGAIN_MS;
    }
    let Some(address) = in_sare(s).await?.into_iter().next() else {
        return Ok(());
    };
    match probe(s, &address).await {
        Ok(probed) if probed.is_proven => use_probed(s, probed),
        Ok(_) | Err(CallError::Api(_)) => {}
        Err(CallError::Halt(halt)) => return Err(halt),
    }
    Ok(())
}

/// Asks after one address in every way until one works.
pub async fn probe(s: &Session<'_>, address: &str) -> Result<Probed, CallError<sare_api::Error>> {
    s.sare(|c| {
        let address = address.to_owned();
        async move { c.probe_lookup(&address).await }
    })
    .await
}

/// Uses what a probe found.
pub fn use_probed(s: &Session<'_>, probed: Probed) {
    let (now, form) = (s.now(), probed.form);
    if s.state().lookup != form {
        tracing::info!(shop = %s.shop.id, ?form, "SARE is asked for statuses in another way");
        s.use_lookup(form);
    }
    let mut state = s.state();
    state.lookup_proven |= probed.is_proven;
    if form.is_stopgap() {
        state.timers.lookup_again = now + LOOK_AGAIN_MS;
    }
}

/// How many addresses to ask about in one call: one by one each answer counts by itself, so that what was heard before
/// permits run out stays known.
pub fn addresses_per_call(s: &Session<'_>) -> usize {
    if s.state().lookup == LookupForm::OneByOne {
        return 1;
    }
    batch_size(s)
}

/// How many addresses to ask about before something is done with the answers.
fn batch_size(s: &Session<'_>) -> usize {
    let state = s.state();
    state.lookup.at_most(state.batch.current()).max(1)
}

/// The same as a number of contacts to read from the ledger.
pub fn contacts_per_page(s: &Session<'_>) -> i64 {
    i64::try_from(batch_size(s)).unwrap_or(100)
}

/// Addresses of contacts that SARE knew when last asked.
async fn in_sare(s: &Session<'_>) -> Result<Vec<String>, Halt> {
    let most = i64::try_from(TRIED).unwrap_or(1);
    let contacts = s
        .store
        .contacts_after(s.shop.id, None, most, ContactFilter::InSare)
        .await?;
    Ok(contacts.into_iter().filter_map(|c| c.address).collect())
}

/// An address that no service has a reason to find odd.
fn is_plain(address: &str) -> bool {
    address
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'))
}
