//! One bounded slice of a lane's work, and when the lane is due again.
//!
//! The order is the order of people's patience: the right to ask, the webhooks, live changes, new
//! ids, the unsubscribe poll, runs, and last what runs let go.

use ports::Millis;
use store::{Priority, RunKind, RunState, ShopChange, ShopState};

use crate::error::Halt;
use crate::session::{Session, millis};
use crate::state::LaneState;
use crate::{access, account, hooks, labels, live, look, poll, run};

/// Far enough for "not before something wakes the lane".
const LONG_MS: i64 = 6 * 3_600_000;

/// Does what can be done now and says when the lane is due next.
pub async fn work(s: &Session<'_>) -> Result<Millis, Halt> {
    match s.shop.state {
        ShopState::Removed => return Ok(s.now() + 30 * 24 * 3_600_000),
        ShopState::Uninstalling => return uninstall(s).await,
        _ => {}
    }
    match access::ensure(s).await {
        Ok(()) => {}
        Err(Halt::Wait { until, .. }) => return Ok(until),
        Err(other) => return Err(other),
    }
    // A shop that refused us is not asked again before its time: until then whatever wakes the lane proves nothing.
    let rests = s.shop.state == ShopState::AccessLost && s.state().timers.shoper > s.now();
    if s.shop.state != ShopState::Connected && !rests {
        let change = ShopChange {
            state: Some(ShopState::Connected),
            ..ShopChange::default()
        };
        s.store.update_shop(s.shop.id, &change, s.now()).await?;
    }
    if s.state().timers.hooks <= s.now() {
        match hooks::check(s).await {
            Ok(()) | Err(Halt::Wait { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    if !account::settle(s).await? {
        return Ok(s.now());
    }
    if s.shop.paused || !s.has_work() || !s.open_sare().await? {
        let hooks = s.state().timers.hooks;
        return Ok(hooks.clamp(s.now() + 1000, s.now() + LONG_MS));
    }
    let end = s.now() + millis(s.settings.slice);
    let mut waits: Vec<Millis> = Vec::new();
    while s.now() < end {
        waits.clear();
        if !once(s, &mut waits).await? {
            break;
        }
    }
    due(s, &waits).await
}

/// One round: the first thing that can be done is done. `false` when nothing can.
async fn once(s: &Session<'_>, waits: &mut Vec<Millis>) -> Result<bool, Halt> {
    if labels::are_due(s) && tried(labels::refresh(s).await, waits)?.is_some() {
        return Ok(true);
    }
    if is_held(s).await? {
        // Before the merchant's word only what they ask to be shown or tried.
        return Ok(tried(live::turn(s, Priority::Trial).await, waits)? == Some(true)
            || tried(run::step(s).await, waits)? == Some(true));
    }
    if tried(live::turn(s, Priority::Live).await, waits)? == Some(true) {
        return Ok(true);
    }
    tried(run::schedule(s).await, waits)?;
    let first_done = s.state().first_done;
    if first_done && s.state().timers.look <= s.now() && tried(look::look(s).await, waits)?.is_some() {
        return Ok(true);
    }
    if tried(live::turn(s, Priority::New).await, waits)? == Some(true) {
        return Ok(true);
    }
    if first_done && poll::is_due(s) && tried(poll::step(s).await, waits)?.is_some() {
        return Ok(true);
    }
    if tried(live::turn(s, Priority::Poll).await, waits)? == Some(true) {
        return Ok(true);
    }
    if tried(run::step(s).await, waits)? == Some(true) {
        return Ok(true);
    }
    Ok(tried(live::turn(s, Priority::Bulk).await, waits)? == Some(true))
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
    Ok(run.is_some_and(|run| run.kind == RunKind::DryRun))
}

/// A part that must wait does not keep the others from their turn.
fn tried<T>(result: Result<T, Halt>, waits: &mut Vec<Millis>) -> Result<Option<T>, Halt> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Halt::Wait { until, .. }) => {
            waits.push(until);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// The earliest moment at which something can be done.
async fn due(s: &Session<'_>, waits: &[Millis]) -> Result<Millis, Halt> {
    let now = s.now();
    let mut next = now + LONG_MS;
    for at in waits {
        next = next.min(*at);
    }
    let timers = s.state().timers;
    next = next.min(timers.hooks).min(timers.labels);
    if is_held(s).await? {
        if s.held_until() > now {
            next = next.min(s.held_until());
        }
        let trial = s.store.due_dirty(s.shop.id, now, Priority::Trial, 1).await?;
        let run = s.store.active_run(s.shop.id).await?;
        if !trial.is_empty() || run.is_some_and(|run| run.state != RunState::Braked) {
            next = now;
        }
        let floor = waits.iter().min().copied().unwrap_or(now);
        return Ok(next.max(if next <= now { floor } else { now }));
    }
    let first_done = s.state().first_done;
    if first_done {
        next = next.min(timers.look).min(timers.sweep);
        if !s.state().poll_braked {
            next = next.min(timers.poll);
        }
        if s.state().poll.is_some() {
            next = next.min(now);
        }
    }
    if let Some(at) = s.store.next_dirty_due(s.shop.id).await? {
        next = next.min(at);
    }
    match s.store.active_run(s.shop.id).await? {
        Some(active) if active.state != RunState::Braked => next = next.min(now),
        // A first synchronisation that was ended begins again.
        None if !first_done => next = next.min(timers.sweep),
        _ => {}
    }
    // Something due but waiting for a service is due when the service is.
    let floor = waits.iter().min().copied().unwrap_or(now);
    Ok(next.max(if next <= now { floor } else { now }))
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
    Ok(s.now() + 30 * 24 * 3_600_000)
}
