//! Reads SARE's records of many contacts. Contacts that SARE does not name are left out.

use std::collections::HashMap;

use sare_api::ContactRecord;
use store::AddrHash;

use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::lookup;
use crate::session::Session;
use crate::state::Call;

/// Failures after which the rest is left unread: what is read here can be done without, and takes permits from what cannot.
const MOST_FAILURES: u32 = 2;

/// Reads records in batches. A contact that SARE does not name, or whose record cannot be read, is not in what comes back:
/// nothing may be concluded from that. A batch at which SARE fails is split until the contact that spoils it stands alone,
/// but not for long.
pub async fn records(
    s: &Session<'_>,
    contacts: &[(AddrHash, String)],
) -> Result<HashMap<AddrHash, ContactRecord>, Halt> {
    let mut found = HashMap::with_capacity(contacts.len());
    if blame::backing_off(s, Call::Records).is_some() {
        return Ok(found);
    }
    let batch_size = blame::size(s, Call::Records, lookup::addresses_per_call(s));
    let mut stack: Vec<&[(AddrHash, String)]> = contacts.chunks(batch_size).rev().collect();
    let mut failures = 0;
    while let Some(chunk) = stack.pop() {
        let asked: Vec<&str> = chunk.iter().map(|(_, address)| address.as_str()).collect();
        let answer = s.sare_about(|c| {
            let asked = asked.clone();
            async move { c.by_email_list(&asked).await }
        });
        let error = match answer.await {
            Ok(mut records) => {
                blame::worked(s, Call::Records).await?;
                for (hash, address) in chunk {
                    if let Some(record) = records.remove(address) {
                        found.insert(*hash, record);
                    }
                }
                continue;
            }
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => error,
        };
        failures += 1;
        if failures > MOST_FAILURES {
            if found.is_empty() {
                blame::leave_out(s, Call::Records);
            }
            return Ok(found);
        }
        let hashes: Vec<AddrHash> = chunk.iter().map(|(hash, _)| *hash).collect();
        match blame(s, Call::Records, &error, &hashes, false).await? {
            Blame::Batch => {
                s.note_too_large(&error);
                let (left, right) = chunk.split_at(chunk.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Blame::Contact => {
                tracing::info!(shop = %s.shop.id, %error, "what SARE has of a contact cannot be read");
            }
            Blame::Call(_) => return Ok(found),
        }
    }
    Ok(found)
}
