//! The unsubscribe poll: SARE tells nobody of its changes for certain, so its statuses are read in turn.
//!
//! A pass over the ledger's contacts only *marks* what it finds. When the pass is over the brake is
//! asked, and only then do the marked contacts go the way of live changes, where each is read anew:
//! one wrong answer of SARE must not switch off a shop (sare-api.md 16 row 18).

use store::{AddrHash, Commit, ContactFilter, DirtyKey, DirtyMark, FURTHEST_MS, Priority, Reason, Seen};
use sync_core::consent::SareView;
use sync_core::{ProblemKind, Topic};

use crate::error::Halt;
use crate::lookup;
use crate::session::{Session, is_recent};
use crate::state::Poll;
use crate::subject::{changed_in_sare, is_lowering, statuses};
use ports::millis;

/// Whether a poll is due or under way.
pub fn is_due(s: &Session<'_>) -> bool {
    let now = s.now();
    let state = s.state();
    if state.poll_braked {
        state.poll_released
    } else {
        state.poll.is_some() || state.timers.poll <= now
    }
}

/// One batch of the poll.
pub async fn step(s: &Session<'_>) -> Result<(), Halt> {
    if s.state().poll_braked {
        s.state().poll_braked = false;
        return release(s).await;
    }
    s.may_ask_sare()?;
    let now = s.now();
    let poll = s.state().poll.clone().unwrap_or(Poll {
        began: now,
        ..Poll::default()
    });
    let after = poll.after.as_deref().and_then(AddrHash::from_hex);
    let limit = lookup::contacts_per_page(s);
    let contacts = s
        .store
        .contacts_after(s.shop.id, after, limit, ContactFilter::InSare)
        .await?;
    if contacts.is_empty() {
        return end(s, &poll).await;
    }
    let last = contacts.last().map(|c| c.hash.to_hex());
    let addresses = contacts
        .iter()
        .filter_map(|c| c.address.as_deref().map(|address| (c.hash, address)));
    let views = statuses(s, addresses).await?;
    let seen = i64::try_from(contacts.len()).unwrap_or(0);
    let mut commit = Commit::default();
    let settle = millis(s.settings.settle_after);
    for mut contact in contacts {
        let Some(view) = views
            .get(&contact.hash)
            .copied()
            .filter(|v| *v != SareView::Unreadable)
        else {
            continue;
        };
        let before = contact.sare_status();
        let young = contact.sent_at.is_some_and(|at| is_recent(at, settle, now));
        // One that is being lowered is looked at again by itself, at growing intervals.
        let is_lowered = contact.intent.is_some_and(|i| is_lowering(i, &contact, now));
        let is_mailed = views.is_mailed(contact.hash) && !is_lowered;
        let found = match view {
            // Refused under one spelling, mailed under another.
            _ if is_mailed && contact.refuses() => true,
            SareView::Status(n) if n.is_refusal() => contact.refusal.is_none(),
            // Somebody in SARE subscribed the contact again; where that is our own lowering undone, it is mailed.
            SareView::Status(n) if n.is_open() => !is_lowered && contact.refusal.is_some(),
            SareView::Status(_) | SareView::Unreadable => false,
            SareView::Absent | SareView::SurelyAbsent => {
                contact.refusal.is_none() && !young && contact.was_in_sare()
            }
        };
        if found {
            if !contact.poll_found {
                contact.poll_found = true;
                commit.contacts.push(contact);
            }
        } else if let SareView::Status(n) = view
            && before != Some(n)
        {
            commit.history.extend(changed_in_sare(&contact, n, now));
            contact.sare = Some(Seen { status: n, at: now });
            commit.contacts.push(contact);
        }
    }
    s.state().poll = Some(Poll {
        after: last,
        seen: poll.seen + seen,
        began: poll.began,
    });
    s.commit(commit).await
}

/// The pass is over: the brake decides, then what was found goes the way of live changes.
async fn end(s: &Session<'_>, poll: &Poll) -> Result<(), Halt> {
    let found = s.store.count_poll_found(s.shop.id).await?;
    let (share, least) = (s.config().brake.share, i64::from(s.config().brake.at_least));
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a share of a count of contacts"
    )]
    let most = ((poll.seen as f64 * share) as i64).max(least);
    let now = s.now();
    {
        let mut state = s.state();
        state.poll = None;
        // Longer passes come less often: a request or two a second is all SARE is asked. What a clock that jumped meanwhile
        // adds does not count: nobody takes a second a contact.
        let took = (now - poll.began).min(poll.seen.saturating_mul(1_000));
        let pause = millis(s.settings.poll_every).max((took * 2).min(FURTHEST_MS));
        state.timers.poll = now + pause;
    }
    if found > most && !s.state().poll_released {
        s.state().poll_braked = true;
        s.shop_problem(
            Topic::PollBrake,
            ProblemKind::Brake,
            Some(format!("{found}/{}", poll.seen)),
        )
        .await?;
        tracing::warn!(shop = %s.shop.id, found, seen = poll.seen, "the poll found more refusals than the brake allows");
        return s.commit(Commit::default()).await;
    }
    if found > 0 {
        return release(s).await;
    }
    s.state().poll_released = false;
    s.commit(Commit {
        success_at: Some(now),
        ..Commit::default()
    })
    .await
}

async fn release(s: &Session<'_>) -> Result<(), Halt> {
    s.shop_problem_over(Topic::PollBrake).await?;
    let mut after = None;
    loop {
        let found = s
            .store
            .contacts_after(s.shop.id, after, 200, ContactFilter::PollFound)
            .await?;
        let Some(last) = found.last() else { break };
        after = Some(last.hash);
        let now = s.now();
        let mut commit = Commit::default();
        for mut contact in found {
            let key = DirtyKey::Address(contact.hash);
            commit.marks.push(DirtyMark {
                key,
                due_at: now,
                priority: Priority::Poll,
                reason: Reason::Poll,
                held_by: None,
            });
            contact.poll_found = false;
            commit.contacts.push(contact);
        }
        s.commit(commit).await?;
    }
    s.state().poll_released = false;
    Ok(())
}
