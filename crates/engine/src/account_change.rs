//! What the ledger knows of SARE is about one account. When the merchant connects another one, none of it is true there:
//! taken for true, everyone would seem to have been removed from SARE.
//!
//! So before anything else is done for the other account, the old one is asked a last time who refused since it was last
//! looked at; then the ledger forgets what it held and was told, and the shop begins anew with a first synchronisation.
//! What is known of the shop stays, and so do refusals: they are people's own words, and the other account's statuses are
//! no newer ones. Each is kept as one that came along from elsewhere.

use ports::Millis;
use store::{
    AddrHash, Commit, Contact, ContactFilter, HistoryEntry, Outcome, Reason, Refused, RunState, SecretName,
};
use sync_core::consent::{Doubt, Intent, Refusal, SareView};
use sync_core::{Cause, HistoryKind, ProblemKind, Topic};

use crate::error::{Halt, Side};
use crate::lookup;
use crate::session::Session;
use crate::state::{LaneState, Timers};
use crate::subject::statuses;
use crate::{account_trouble, blame};
use ports::millis;

/// Contacts forgotten with one commit.
const AT_ONCE: i64 = 1_000;
/// How long an account that is being left may fail to answer before it is left unasked.
const PATIENCE_MS: Millis = 3_600_000;

/// Problems of one account that are none of another's (those of `account_trouble` and `blame` go with them).
const OF_AN_ACCOUNT: [Topic; 7] = [
    Topic::Of(ProblemKind::SareAccess),
    Topic::Of(ProblemKind::SarePayment),
    Topic::Of(ProblemKind::SareAway),
    Topic::SareAnswers,
    Topic::Of(ProblemKind::SareChangesStatuses),
    Topic::PollBrake,
    Topic::Of(ProblemKind::Brake),
];

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
    if let Some(before) = before {
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
        if !forget(s, &before, from.as_deref().and_then(AddrHash::from_hex)).await? {
            return Ok(false);
        }
        leave_unasked(s).await?;
        for topic in OF_AN_ACCOUNT {
            s.shop_problem_over(topic).await?;
        }
        tracing::info!(shop = %s.shop.id, "another SARE account: the shop begins anew");
        account_trouble::forget(s).await?;
        blame::forget(s).await?;
        begin_anew(&mut s.state());
    }
    s.state().account = Some(account);
    s.commit(Commit::default()).await?;
    Ok(true)
}

/// Forgets what the account `uid` held, contact by contact after `after`; `false` when the slice is over.
async fn forget(s: &Session<'_>, uid: &str, mut after: Option<AddrHash>) -> Result<bool, Halt> {
    let end = s.now() + millis(s.settings.slice);
    let mut asks = may_ask(s, uid).await?;
    loop {
        let limit = if asks {
            lookup::contacts_per_page(s)
        } else {
            AT_ONCE
        };
        let mut contacts = s
            .store
            .contacts_after(s.shop.id, after, limit, ContactFilter::All)
            .await?;
        let Some(last) = contacts.last() else {
            return Ok(true);
        };
        let last = last.hash;
        let mut commit = Commit::default();
        if asks {
            match note_refusals(s, &mut contacts).await {
                Ok(refused) => commit.history = refused,
                Err(halt) if is_lost(s, &halt) => {
                    tracing::info!(shop = %s.shop.id, "the old SARE account does not answer: left unasked");
                    leave_unasked(s).await?;
                    asks = false;
                    continue;
                }
                Err(halt) => return Err(halt),
            }
        }
        commit.contacts = contacts
            .into_iter()
            .map(|contact| without_sare(contact, s.now()))
            .collect();
        after = Some(last);
        s.state().forgetting = after.map(AddrHash::to_hex);
        s.commit(commit).await?;
        if s.now() >= end {
            return Ok(false);
        }
    }
}

/// Whether the account that is being left can be asked; stops the slice while SARE is to be left alone.
async fn may_ask(s: &Session<'_>, uid: &str) -> Result<bool, Halt> {
    let Some(key) = s.store.sare_key_before(s.shop.id, uid).await? else {
        return Ok(false);
    };
    let (until, is_closed) = {
        let state = s.state();
        (state.timers.sare, state.sare_refused || state.sare_unpaid)
    };
    if is_closed || !s.open_sare_account(uid, key) {
        return Ok(false);
    }
    if until > s.now() {
        return Err(Halt::Wait {
            side: Side::Sare,
            until,
            why: Cause::SareAway,
        });
    }
    Ok(true)
}

/// Notes who has refused in the account since it was last looked at; the entries for their history.
async fn note_refusals(s: &Session<'_>, contacts: &mut [Contact]) -> Result<Vec<HistoryEntry>, Halt> {
    let is_open = |c: &Contact| c.refusal.is_none() && c.was_in_sare();
    let asked = contacts.iter().filter(|contact| is_open(contact));
    let views = statuses(
        s,
        asked.filter_map(|c| c.address.as_deref().map(|address| (c.hash, address))),
    )
    .await?;
    s.state().unasked_since = None;
    let now = s.now();
    let mut history = Vec::new();
    for contact in contacts.iter_mut().filter(|contact| is_open(contact)) {
        if let Some(SareView::Status(n)) = views.get(&contact.hash).copied()
            && n.is_refusal()
        {
            contact.refusal = Some(Refused::since(Refusal::made_in_sare(n), now));
            history.push(HistoryEntry {
                hash: contact.hash,
                at: now,
                kind: HistoryKind::RefusedInSare,
                detail: Some(serde_json::json!({ "status": n, "by": Reason::Poll }).to_string()),
            });
        }
    }
    Ok(history)
}

/// Whether nothing more is to be had from the account: its key is refused, it is not paid for, or it has failed for long.
fn is_lost(s: &Session<'_>, halt: &Halt) -> bool {
    let Halt::Wait { .. } = halt else {
        return false;
    };
    let now = s.now();
    let mut state = s.state();
    let since = *state.unasked_since.get_or_insert(now);
    state.sare_refused || state.sare_unpaid || now - since >= PATIENCE_MS
}

/// The key of the account before is not needed any more.
async fn leave_unasked(s: &Session<'_>) -> Result<(), Halt> {
    s.store
        .put_secrets(s.shop.id, &[(SecretName::SareKeyBefore, None)], None)
        .await?;
    Ok(())
}

/// The contact as it is known to an account that was never asked.
fn without_sare(contact: Contact, now: i64) -> Contact {
    let intent = contact.intent.and_then(|intent| {
        let opt_in = Intent {
            opt_in: intent.opt_in,
            ..Intent::default()
        };
        opt_in.under_way()
    });
    let there = |refused: Refused| Refused::since(refused.refusal().in_another_account(), refused.since);
    let refusal = contact.refusal.map(there);
    let doubt = Doubt::in_another_account(contact.doubt, contact.sare_status());
    let outcome = match contact.outcome {
        kept @ (Outcome::Suppressed | Outcome::Skipped | Outcome::Gone) => kept,
        _ => Outcome::Unknown,
    };
    Contact {
        doubt,
        sent: None,
        sent_at: None,
        groups: Vec::new(),
        sare: None,
        refusal,
        intent,
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
