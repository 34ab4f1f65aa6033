//! Proving once that SARE understands how it is asked for statuses, by a contact that it has just taken.

use store::{Contact, Outcome};

use crate::error::CallError;
use crate::lookup;
use crate::session::Session;

/// Proves once that SARE understands our lists of addresses: a contact just taken must be named.
/// An account that takes lists in the other form would seem to know nobody (sare-api.md 16 row 4).
pub(super) async fn prove_lookup(s: &Session<'_>, contacts: &[Contact]) {
    if !lookup::is_open(&s.state()) {
        return;
    }
    let Some(contact) = contacts
        .iter()
        .find(|c| c.outcome == Outcome::Synchronised && c.address.is_some())
    else {
        return;
    };
    let address = contact.address.clone().unwrap_or_default();
    match lookup::probe(s, &address).await {
        Ok(probed) => {
            lookup::use_probed(s, probed);
            // SARE may take contacts in later: tried again with the next block.
            s.state().lookup_tries += u32::from(!probed.is_proven);
        }
        // An outage is met again by the next call.
        Err(CallError::Halt(_)) => {}
        Err(CallError::Api(_)) => s.state().lookup_tries += 1,
    }
}
