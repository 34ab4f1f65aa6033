//! In which form SARE takes lists of addresses, found out when it takes the usual one badly.
//!
//! Stands beside `subject.rs`, which asks for statuses before anything is decided, and before
//! `run.rs` can prove the form by a contact just taken: where the very first question fails because of
//! its form, nothing is ever taken (sare-api.md 16 row 4).

use sare_api::LookupForm;

use crate::error::{CallError, Halt};
use crate::session::Session;

/// Addresses tried, lest one that SARE itself finds odd decides.
const TRIED: usize = 3;
/// Searches of an account after which the form is left as it is.
const SEARCHES: u32 = 10;

/// Whether another form of list may help: SARE rejects the call, or answers it with something else.
pub fn may_be_the_form(error: &sare_api::Error) -> bool {
    match error {
        sare_api::Error::Rejected { .. } => true,
        sare_api::Error::NotUnderstood { .. } => !error.is_transient(),
        _ => false,
    }
}

/// Looks for a form of list that SARE takes, with a few of these addresses, and uses it from here on. Whether it
/// is another one than before; never where the form is proven.
pub async fn find_form(s: &Session<'_>, addresses: &[&str]) -> Result<bool, Halt> {
    let before = {
        let state = s.state();
        if state.lookup_proven || state.lookup_tries >= SEARCHES {
            return Ok(false);
        }
        state.lookup
    };
    let mut tried: Vec<&str> = addresses.iter().copied().filter(|a| is_plain(a)).collect();
    tried.truncate(TRIED);
    tried.extend(addresses.first().filter(|_| tried.is_empty()));
    // Counted before it begins: one that is halted counts too, or it might begin anew for ever.
    s.state().lookup_tries += 1;
    let mut found = None;
    for &address in &tried {
        let asked = s.sare(|c| {
            let address = address.to_owned();
            async move { c.probe_lookup(&address).await }
        });
        match asked.await {
            Ok(form @ (LookupForm::Object | LookupForm::Plain)) => {
                found = Some(form);
                break;
            }
            Ok(LookupForm::OneByOne) | Err(CallError::Api(_)) => {}
            Err(CallError::Halt(halt)) => return Err(halt),
        }
    }
    match found {
        Some(form) if form != before => {
            tracing::info!(shop = %s.shop.id, ?form, "SARE takes lists of addresses in another form");
            s.use_lookup(form);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// An address that no service has a reason to find odd.
fn is_plain(address: &str) -> bool {
    address
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'))
}
