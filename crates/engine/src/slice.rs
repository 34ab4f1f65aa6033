//! One bounded slice of a lane's work, and when the lane is due again.
//!
//! The order: access token, webhooks, live changes, discovery, the unsubscribe poll, runs, and last what runs released.

use ports::Millis;
use store::{Priority, Run, RunState, ShopState};

use crate::error::Halt;
use crate::session::{Session, token};
use crate::state::LaneState;
use crate::{
    absence, account_change, account_trouble, addresses, cadence, discover, hooks, labels, live, outage,
    poll, rehash, run, silence,
};
use access::Urgency;
use ports::millis;

/// Far enough for "not before something wakes the lane".
const LONG_MS: i64 = store::FURTHEST_MS;
/// Pause of a lane that had something due and could do nothing about it.
const IDLE_MS: i64 = 1_000;

/// Does what can be done now and says when the lane is due next.
pub async fn work(s: &Session<'_>) -> Result<Millis, Halt> {
    match s.shop.state {
        ShopState::Removed => return Ok(s.now() + LONG_MS),
        ShopState::Uninstalling => return uninstall(s).await,
        _ => {}
    }
    match token::ensure(s).await {
        Ok(()) => {}
        Err(Halt::Wait { until, .. }) => return Ok(until),
        Err(other) => return Err(other),
    }
    if s.shop.state == ShopState::AccessLost && s.state().timers.shoper <= s.now() {
        // It is time to ask again; that it lets us in shows at the first call that it answers.
        s.state().timers.hooks = 0;
    }
    let mut hooks_wait = Waits::default();
    if s.state().timers.hooks <= s.now() {
        hooks_wait.tried(hooks::check(s).await)?;
    }
    if !(rehash::settle(s).await? && account_change::settle(s).await?) {
        return Ok(s.now());
    }
    if s.shop.paused || !s.has_work() || !s.open_sare().await? {
        // Who is not asked is not away.
        s.state().outages.sare.since = None;
        let hooks = s.state().timers.hooks.max(hooks_wait.first.unwrap_or(0));
        return Ok(hooks.clamp(s.now() + 1000, s.now() + LONG_MS));
    }
    absence::notice(s).await?;
    cadence::notice(s).await?;
    let end = s.now() + millis(s.settings.slice);
    let mut waits;
    let mut rounds = 0_u32;
    loop {
        waits = hooks_wait;
        if s.now() >= end || !one_round(s, &mut waits).await? {
            break;
        }
        rounds += 1;
    }
    let active = s.store.active_run(s.shop.id).await?;
    run::report_stalled(s, active.as_ref()).await?;
    due(s, active.as_ref(), waits, rounds).await
}

/// What the parts of a round wait for.
#[derive(Debug, Clone, Copy, Default)]
struct Waits {
    /// The first moment at which one of them can go on.
    first: Option<Millis>,
}

impl Waits {
    /// A part that must wait does not keep the others from their turn.
    fn tried<T>(&mut self, result: Result<T, Halt>) -> Result<Option<T>, Halt> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(halt) => {
                let Halt::Wait { until, .. } = halt else {
                    return Err(halt);
                };
                self.first = Some(self.first.map_or(until, |first| first.min(until)));
                Ok(None)
            }
        }
    }
}

/// One round: the first thing that can be done is done. `false` when nothing can. Each part has its state on the heap: one
/// in another they would outgrow a thread's stack.
async fn one_round(s: &Session<'_>, waits: &mut Waits) -> Result<bool, Halt> {
    silence::report(s).await?;
    s.set_urgency(Urgency::Live);
    if labels::are_due(s) && waits.tried(Box::pin(labels::refresh(s)).await)?.is_some() {
        return Ok(true);
    }
    let due = s.store.most_urgent_due(s.shop.id, s.now()).await?;
    if is_held(s).await? {
        // Before the merchant's word only what they ask to be shown or tried.
        if live_batch(s, waits, due, Priority::Trial).await? {
            return Ok(true);
        }
        s.set_urgency(Urgency::Bulk);
        return Ok(waits.tried(Box::pin(run::step(s)).await)? == Some(true));
    }
    waits.tried(Box::pin(account_trouble::run_due_checks(s)).await)?;
    if live_batch(s, waits, due, Priority::Live).await? {
        return Ok(true);
    }
    waits.tried(Box::pin(run::schedule(s)).await)?;
    s.set_urgency(Urgency::New);
    let first_done = s.state().first_done;
    if first_done
        && s.state().timers.discover <= s.now()
        && waits.tried(Box::pin(discover::discover(s)).await)?.is_some()
    {
        return Ok(true);
    }
    if live_batch(s, waits, due, Priority::New).await? {
        return Ok(true);
    }
    s.set_urgency(Urgency::Poll);
    // Refusals made in SARE reach the shop whether or not the first synchronisation gets on.
    let polled = (poll::is_due(s) && waits.tried(Box::pin(poll::step(s)).await)?.is_some())
        || (poll::is_recent_due(s) && waits.tried(Box::pin(poll::recent(s)).await)?.is_some());
    if live_batch(s, waits, due, Priority::Poll).await? {
        return Ok(true);
    }
    s.set_urgency(Urgency::Bulk);
    // A batch of the poll and a stretch of the run take turns: a pass through a large account would hold a run up for
    // minutes.
    if waits.tried(Box::pin(run::step(s)).await)? == Some(true) || polled {
        return Ok(true);
    }
    if addresses::is_list_wanted(s, None) && waits.tried(Box::pin(addresses::step(s, None)).await)?.is_some()
    {
        return Ok(true);
    }
    Ok(due.is_some() && waits.tried(Box::pin(live::work_on_batch(s, Priority::Bulk)).await)? == Some(true))
}

/// A batch of live changes up to `lowest`, where the most urgent that is due is among them.
async fn live_batch(
    s: &Session<'_>,
    waits: &mut Waits,
    due: Option<Priority>,
    lowest: Priority,
) -> Result<bool, Halt> {
    if due.is_none_or(|due| due > lowest) {
        return Ok(false);
    }
    Ok(waits.tried(Box::pin(live::work_on_batch(s, lowest)).await)? == Some(true))
}

/// Whether the first synchronisation waits: for the merchant's word, or for the end of the preview they asked for.
async fn is_held(s: &Session<'_>) -> Result<bool, Halt> {
    if s.is_held() {
        return Ok(true);
    }
    if !s.is_before_first_run() {
        return Ok(false);
    }
    let run = s.store.active_run(s.shop.id).await?;
    Ok(run.is_some_and(|run| run.kind.policy().only_states))
}

/// The earliest moment at which something can be done.
async fn due(s: &Session<'_>, active: Option<&Run>, waits: Waits, rounds: u32) -> Result<Millis, Halt> {
    let now = s.now();
    let wanted = wanted(s, active).await?;
    let later = wanted.iter().copied().filter(|at| *at > now).chain(waits.first);
    let later = later.min().unwrap_or(now + LONG_MS);
    if wanted.iter().all(|at| *at > now) {
        return Ok(later);
    }
    // Something due but waiting for a service is due when the service is, and keeps nothing else waiting. A slice that did
    // nothing and knows of nothing to wait for is never due at once again.
    Ok(match (waits.first, rounds) {
        (Some(_), _) => later.max(now),
        (None, 0) => later.min(now + IDLE_MS),
        (None, _) => now,
    })
}

/// When the lane has something to do, whatever it may have to wait for.
async fn wanted(s: &Session<'_>, active: Option<&Run>) -> Result<Vec<Millis>, Halt> {
    let now = s.now();
    let timers = s.state().timers;
    let mut wanted = vec![timers.hooks, timers.labels];
    wanted.extend(s.state().silence.due_at(now));
    wanted.extend(outage::due(s));
    if is_held(s).await? {
        if s.held_until() > now {
            wanted.push(s.held_until());
        }
        let trial = s.store.due_dirty(s.shop.id, now, Priority::Trial, 1).await?;
        if !trial.is_empty() || active.is_some_and(|run| run.state != RunState::Braked) {
            wanted.push(now);
        }
        return Ok(wanted);
    }
    let first_done = s.state().first_done;
    if first_done {
        wanted.push(timers.discover);
    }
    if !s.state().poll_braked {
        wanted.push(timers.poll);
        if poll::is_spread(s) && first_done {
            wanted.push(timers.recent);
        }
    }
    if addresses::is_list_wanted(s, None) {
        wanted.push(now);
    }
    wanted.extend(s.store.next_dirty_due(s.shop.id).await?);
    wanted.extend(account_trouble::due(s));
    match active {
        Some(active) if active.state != RunState::Braked => wanted.push(now),
        // What waits for a person keeps the next one waiting as well.
        Some(_) => {}
        // Also a first synchronisation that was ended begins again.
        None => wanted.push(timers.sweep),
    }
    Ok(wanted)
}

async fn uninstall(s: &Session<'_>) -> Result<Millis, Halt> {
    // The token may still work (shoper-api.md H.7); whether or not, everything goes.
    if let Ok(Some(token)) = s.store.secret(s.shop.id, store::SecretName::AccessToken).await {
        s.use_access_token(token);
        hooks::remove(s).await;
    }
    if !s.store.erase_shop(&s.lease, s.now()).await? {
        return Err(Halt::Fenced);
    }
    // A reinstallation begins with nothing known.
    *s.state() = LaneState::default();
    Ok(s.now() + LONG_MS)
}
