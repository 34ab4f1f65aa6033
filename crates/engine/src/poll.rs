//! The unsubscribe poll: SARE tells nobody of its changes for certain, so its statuses are read in turn.
//!
//! A pass over the ledger's contacts only *marks* what it finds. When the pass is over the brake is
//! asked, and only then do the marked contacts go the way of live changes, where each is read anew:
//! one wrong answer of SARE must not switch off a shop (sare-api.md 16 row 18).

use store::{
    AddrHash, Commit, Contact, ContactFilter, DirtyKey, DirtyMark, FURTHEST_MS, Priority, Reason, Seen,
};
use sync_core::cadence::{POLL_RECENT_MS, RECENT_FOR_MS, pass_goes_on_at};
use sync_core::consent::SareView;
use sync_core::{ProblemKind, Topic};

use crate::error::Halt;
use crate::lookup;
use crate::session::{Session, is_recent};
use crate::state::{Poll, PollWindow};
use crate::subject::{changed_in_sare, is_lowering, statuses};
use ports::{Millis, millis};

/// A pass that takes at least so long is spread over its time.
const SPREAD_FROM_MS: Millis = 3_600_000;
/// Requests of a whole pass that is made at once when a person looks.
const AT_ONCE: i64 = 3;
/// Most contacts that are asked after because they changed lately, the latest first: one page of SARE's answer.
const MOST_RECENT: i64 = 100;
/// Lines of history among which those are found who changed lately.
const RECENT_LINES: i64 = 400;

/// Whether passes are spread over their time.
pub fn is_spread(s: &Session<'_>) -> bool {
    millis(s.settings.poll_every) >= SPREAD_FROM_MS
}

/// Whether a poll is due or under way.
pub fn is_due(s: &Session<'_>) -> bool {
    let now = s.now();
    let state = s.state();
    if state.poll_braked {
        state.poll_released
    } else {
        state.timers.poll <= now
    }
}

/// Whether those who changed lately are due.
pub fn is_recent_due(s: &Session<'_>) -> bool {
    let now = s.now();
    let state = s.state();
    is_spread(s) && state.first_done && !state.poll_braked && state.timers.recent <= now
}

/// A run that began at `from` has read the statuses of all of a shop's contacts: the next pass is due a period later. One
/// that was found to be too much waits on for its person.
pub fn is_done_by_a_run(s: &Session<'_>, from: Millis) {
    if !is_spread(s) || s.state().poll_braked {
        return;
    }
    let next = (from + millis(s.settings.poll_every)).max(s.now());
    let mut state = s.state();
    state.poll = None;
    state.timers.poll = next;
}

/// A person looks: those who changed lately are asked after at once, and everybody where that takes a few requests.
pub async fn hurry(s: &Session<'_>) -> Result<(), Halt> {
    if !is_spread(s) {
        return Ok(());
    }
    let total = s.store.counts(s.shop.id).await?.contacts;
    let now = s.now();
    let is_small = total <= lookup::contacts_per_page(s) * AT_ONCE;
    let mut state = s.state();
    state.timers.recent = state.timers.recent.min(now);
    if is_small && !state.poll_braked {
        state.poll = Some(Poll {
            began: now,
            total,
            is_hurried: true,
            ..Poll::default()
        });
        state.poll_window = PollWindow::default();
        state.timers.poll = now;
    }
    Ok(())
}

/// One batch of the poll.
pub async fn step(s: &Session<'_>) -> Result<(), Halt> {
    if s.state().poll_braked {
        s.state().poll_braked = false;
        release(s).await?;
        let mut state = s.state();
        state.poll_window = PollWindow {
            from: state.poll.as_ref().map_or(0, |poll| poll.seen),
            found: 0,
        };
        return Ok(());
    }
    s.may_ask_sare()?;
    let under_way = s.state().poll.clone();
    let poll = match under_way {
        Some(poll) => poll,
        None => {
            let total = s.store.counts(s.shop.id).await?.contacts;
            s.state().poll_window = PollWindow::default();
            Poll {
                began: s.now(),
                total,
                ..Poll::default()
            }
        }
    };
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
    let seen = i64::try_from(contacts.len()).unwrap_or(0);
    let commit = read(s, contacts).await?;
    let poll = Poll {
        after: last,
        seen: poll.seen + seen,
        ..poll
    };
    s.state().poll = Some(poll.clone());
    if poll.is_hurried || !is_spread(s) {
        return s.commit(commit).await;
    }
    s.commit(commit).await?;
    let period = millis(s.settings.poll_every);
    s.state().timers.poll = pass_goes_on_at(poll.began, period, poll.seen, poll.total);
    judge(s, poll.seen).await?;
    s.commit(succeeded(s)).await
}

/// Notes that the services answer: in a quiet shop nothing else does.
fn succeeded(s: &Session<'_>) -> Commit {
    Commit {
        success_at: Some(s.now()),
        ..Commit::default()
    }
}

/// Those who changed lately: whom a newsletter reaches for the first time, or whose standing is new, is who refuses soonest.
/// Whom a newsletter was sent to lately nobody can ask SARE (sare-api.md 11).
pub async fn recent(s: &Session<'_>) -> Result<(), Halt> {
    s.may_ask_sare()?;
    let now = s.now();
    let lines = s.store.latest_history(s.shop.id, RECENT_LINES).await?;
    let most = usize::try_from(lookup::contacts_per_page(s).min(MOST_RECENT)).unwrap_or(1);
    let mut hashes: Vec<AddrHash> = Vec::new();
    // What the first synchronisation wrote is no change.
    let since = s.state().cadence.began_at.max(now - RECENT_FOR_MS);
    for line in lines.iter().filter(|line| line.at > since) {
        if hashes.len() < most && !hashes.contains(&line.hash) {
            hashes.push(line.hash);
        }
    }
    let contacts = s.store.contacts(s.shop.id, &hashes).await?;
    let contacts: Vec<Contact> = contacts
        .into_values()
        .filter(|contact| contact.address.is_some() && contact.was_in_sare())
        .collect();
    let seen = i64::try_from(contacts.len()).unwrap_or(0);
    if seen > 0 {
        let commit = read(s, contacts).await?;
        s.commit(commit).await?;
    }
    s.state().timers.recent = now + POLL_RECENT_MS;
    judge(s, seen).await?;
    s.commit(succeeded(s)).await
}

/// Reads these contacts' statuses, and notes who is newly refused.
async fn read(s: &Session<'_>, contacts: Vec<Contact>) -> Result<Commit, Halt> {
    let now = s.now();
    let addresses = contacts
        .iter()
        .filter_map(|c| c.address.as_deref().map(|address| (c.hash, address)));
    let views = statuses(s, addresses).await?;
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
    Ok(commit)
}

/// The pass is over: the brake decides, then what was found goes the way of live changes.
async fn end(s: &Session<'_>, poll: &Poll) -> Result<(), Halt> {
    let now = s.now();
    let period = millis(s.settings.poll_every);
    let next = if is_spread(s) && !poll.is_hurried {
        (poll.began + period).max(now)
    } else {
        // Longer passes come less often: a request or two a second is all SARE is asked. What a clock that jumped meanwhile
        // adds does not count: nobody takes a second a contact.
        let took = (now - poll.began).min(poll.seen.saturating_mul(1_000));
        now + period.max((took * 2).min(FURTHEST_MS))
    };
    {
        let mut state = s.state();
        state.poll = None;
        state.timers.poll = next;
    }
    if judge(s, poll.seen).await? {
        return s.commit(Commit::default()).await;
    }
    s.commit(succeeded(s)).await
}

/// Asks the brake about those found newly refused: of `seen` contacts read, no more than the set share may be let go in one
/// pass. What it lets pass goes the way of live changes. Whether it stopped them.
async fn judge(s: &Session<'_>, seen: i64) -> Result<bool, Halt> {
    let found = s.store.count_poll_found(s.shop.id).await?;
    if found == 0 {
        s.state().poll_released = false;
        return Ok(false);
    }
    let window = s.state().poll_window;
    let seen = (seen - window.from).max(0);
    let most = s.config().brake.most(seen);
    let all = window.found + found;
    if all > most && !s.state().poll_released {
        s.state().poll_braked = true;
        s.shop_problem(
            Topic::PollBrake,
            ProblemKind::Brake,
            Some(format!("{found}/{seen}")),
        )
        .await?;
        tracing::warn!(shop = %s.shop.id, found = all, seen, "the poll found more refusals than the brake allows");
        return Ok(true);
    }
    release(s).await?;
    s.state().poll_window.found = all;
    Ok(false)
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
