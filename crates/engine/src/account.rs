//! What the ledger knows of SARE is about one account. When the merchant connects another one, none of it is true there:
//! taken for true, everyone would seem to have been removed from SARE.
//!
//! So before anything else is done for the other account, the ledger forgets what the old one held and was told, and the
//! shop begins anew with a first synchronisation. What is known of the shop stays, and so do refusals: they are people's
//! own words, and the other account's statuses are no newer ones. Each is kept as one that came along from elsewhere.

use store::{AddrHash, Commit, Contact, ContactFilter, Outcome, RunState};
use sync_core::consent::RefusalOrigin;

use crate::blame;
use crate::error::Halt;
use crate::session::{Session, millis};
use crate::state::{LaneState, Timers};
use crate::subject::Intent;
use crate::trouble;

/// Contacts forgotten with one commit.
const AT_ONCE: i64 = 1_000;

/// Makes sure that what is known is about the configured account; `false` when the slice ended before all was forgotten.
pub async fn settle(s: &Session<'_>) -> Result<bool, Halt> {
    let Some(config) = &s.config else {
        return Ok(true);
    };
    let account = config.sare.uid.clone();
    let (before, from) = {
        let state = s.state();
        (state.account.clone(), state.forgetting.clone())
    };
    if before.as_ref() == Some(&account) {
        return Ok(true);
    }
    if before.is_some() {
        if let Some(run) = s.store.active_run(s.shop.id).await? {
            s.store.drop_held(&s.lease, run.id).await?;
            s.store
                .set_run_state(
                    s.shop.id,
                    run.id,
                    RunState::Cancelled,
                    Some("account-changed"),
                    s.now(),
                )
                .await?;
        }
        if !forget(s, from.as_deref().and_then(AddrHash::from_hex)).await? {
            return Ok(false);
        }
        tracing::info!(shop = %s.shop.id, "another SARE account: the shop begins anew");
        trouble::forget(s).await?;
        blame::forget(s).await?;
        begin_anew(&mut s.state());
    }
    s.state().account = Some(account);
    s.commit(Commit::default()).await?;
    Ok(true)
}

/// Forgets what the old account held, contact by contact after `after`; `false` when the slice is over.
async fn forget(s: &Session<'_>, mut after: Option<AddrHash>) -> Result<bool, Halt> {
    let end = s.now() + millis(s.settings.slice);
    loop {
        let contacts = s
            .store
            .contacts_after(s.shop.id, after, AT_ONCE, ContactFilter::All)
            .await?;
        let Some(last) = contacts.last() else {
            return Ok(true);
        };
        after = Some(last.hash);
        s.state().forgetting = after.map(AddrHash::to_hex);
        s.commit(Commit {
            contacts: contacts
                .into_iter()
                .map(|contact| without_sare(contact, s.now()))
                .collect(),
            ..Commit::default()
        })
        .await?;
        if s.now() >= end {
            return Ok(false);
        }
    }
}

/// The contact as it is known to an account that was never asked.
fn without_sare(contact: Contact, now: i64) -> Contact {
    let intent = Intent::of(&contact).map(|intent| Intent {
        wish: intent.wish,
        ..Intent::default()
    });
    let refusal_origin = contact.refusal.map(|_| RefusalOrigin::Followed.word().to_owned());
    let outcome = match contact.outcome {
        kept @ (Outcome::Suppressed | Outcome::Skipped | Outcome::Gone) => kept,
        _ => Outcome::Unknown,
    };
    Contact {
        sent: None,
        sent_at: None,
        groups: Vec::new(),
        sare_status: None,
        sare_seen_at: None,
        refusal_origin,
        intent: intent.and_then(|intent| intent.text()),
        outcome,
        run_id: None,
        poll_found: false,
        updated_at: now,
        ..contact
    }
}

/// The lane's state of a shop whose first synchronisation is yet to come; what was learnt of the shop itself stays.
fn begin_anew(state: &mut LaneState) {
    let old = std::mem::take(state);
    *state = LaneState {
        shoper: old.shoper,
        sare: old.sare,
        key_rule: old.key_rule,
        option_list: old.option_list,
        all_addresses: old.all_addresses,
        address_way: old.address_way,
        addresses_refused: old.addresses_refused,
        timers: Timers {
            addresses: old.timers.addresses,
            hooks: old.timers.hooks,
            shoper: old.timers.shoper,
            ..Timers::default()
        },
        ..LaneState::default()
    };
}
