//! Proving of an account not seen at work before that updates of data leave statuses alone (sare-api.md 16 row 12).

use store::AddrHash;
use sync_core::ProblemKind;

use crate::error::Halt;
use crate::session::Session;
use crate::state::ToProve;
use crate::subject::statuses;

use super::Item;

/// Batches of updates that are read back before an account is trusted to leave statuses alone.
pub(super) const UPDATES_PROVEN: u32 = 5;

/// Most contacts of an update while the account is not trusted yet.
pub(super) const UNPROVEN_BATCH: usize = 10;

/// How long after an update a status tells what the update did to it.
const PROVABLE_MS: i64 = 60_000;

/// Reads back the statuses of contacts whose data alone were written. An account in which that changes a
/// status is written to no more until a person has looked (sare-api.md 16 row 12).
pub(super) async fn prove_harmless(s: &Session<'_>, items: &[Item], chunk: &[usize]) -> Result<(), Halt> {
    let before = chunk
        .iter()
        .map(|&i| (items[i].contact.hash.to_hex(), items[i].a.sare.status()));
    let (at, before) = (s.now(), before.collect());
    s.state().to_prove = ToProve { at, before };
    prove_last(s).await
}

/// The same of the newest batch, where there was no permit to read it back at once.
pub(super) async fn prove_last(s: &Session<'_>) -> Result<(), Halt> {
    let last = s.state().to_prove.clone();
    if last.before.is_empty() {
        return Ok(());
    }
    if last.at + PROVABLE_MS < s.now() {
        // Somebody may have confirmed by themselves meanwhile.
        s.state().to_prove = ToProve::default();
        return Ok(());
    }
    let hashes: Vec<AddrHash> = last.before.keys().filter_map(|h| AddrHash::from_hex(h)).collect();
    let contacts = s.store.contacts(s.shop.id, &hashes).await?;
    let asked = contacts
        .iter()
        .filter_map(|(hash, contact)| Some((*hash, contact.address.as_deref()?)));
    let seen = statuses(s, asked).await?;
    s.state().to_prove = ToProve::default();
    let raised = seen.iter().any(|(hash, after)| {
        let before = last.before.get(&hash.to_hex());
        after.status().is_mailable() && before.is_some_and(|status| !status.is_mailable())
    });
    if !raised {
        let mut state = s.state();
        state.updates_proven += 1;
        return Ok(());
    }
    s.state().updates_harm = true;
    tracing::error!(shop = %s.shop.id, "an update of data raised statuses in SARE; writing stops");
    s.shop_problem(
        ProblemKind::SareChangesStatuses,
        ProblemKind::SareChangesStatuses,
        None,
    )
    .await?;
    Err(s.statuses_at_risk())
}
