//! One bounded slice of a lane's work, and when the lane is due again.
//!
//! The order is the order of people's patience: the right to ask, the webhooks, live changes, new
//! ids, the unsubscribe poll, runs, and last what runs let go.

use ports::Millis;
use store::{Priority, Run, RunKind, RunState, ShopState};

use crate::error::{Halt, Side};
use crate::session::{Session, millis};
use crate::state::LaneState;
use crate::{
    absence, access, account, addresses, hooks, labels, live, look, outage, poll, respell, run, silence,
    trouble,
};

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
    match access::ensure(s).await {
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
    if !(respell::settle(s).await? && account::settle(s).await?) {
        return Ok(s.now());
    }
    if s.shop.paused || !s.has_work() || !s.open_sare().await? {
        // Who is not asked is not away.
        s.state().away(Side::Sare).since = None;
        let hooks = s.state().timers.hooks.max(hooks_wait.first.unwrap_or(0));
        return Ok(hooks.clamp(s.now() + 1000, s.now() + LONG_MS));
    }
    absence::notice(s).await?;
    let end = s.now() + millis(s.settings.slice);
    let mut waits;
    let mut rounds = 0_u32;
    loop {
        waits = hooks_wait;
        if s.now() >= end || !once(s, &mut waits).await? {
            break;
        }
        rounds += 1;
    }
    let active = s.store.active_run(s.shop.id).await?;
    run::tell_standstill(s, active.as_ref()).await?;
    due(s, active.as_ref(), waits, rounds).await
}

/// What the parts of a round wait for.
#[derive(Debug, Clone, Copy, Default)]
struct Waits {
    /// The first moment at which one of them can go on.
    first: Option<Millis>,
    /// The newest of them waits for places in a bucket, not for a service that is away.
    for_room: bool,
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
                self.for_room = halt.is_for_room();
                Ok(None)
            }
        }
    }

    /// The same for a part that lets nobody less urgent go on while it waits for places in a bucket: what asks for fewer
    /// of them would take them away from it again and again. `Some` ends the round: whether something was done.
    fn first(&mut self, result: Result<bool, Halt>) -> Result<Option<bool>, Halt> {
        Ok(match self.tried(result)? {
            Some(true) => Some(true),
            None if self.for_room => Some(false),
            _ => None,
        })
    }
}

/// One round: the first thing that can be done is done. `false` when nothing can. Each part has its state on the heap: one
/// in another they would outgrow a thread's stack.
async fn once(s: &Session<'_>, waits: &mut Waits) -> Result<bool, Halt> {
    silence::tell(s).await?;
    if labels::are_due(s)
        && let Some(over) = waits.first(Box::pin(labels::refresh(s)).await.map(|()| true))?
    {
        return Ok(over);
    }
    let due = s.store.most_urgent_due(s.shop.id, s.now()).await?;
    if is_held(s).await? {
        // Before the merchant's word only what they ask to be shown or tried.
        if let Some(over) = live_turn(s, waits, due, Priority::Trial).await? {
            return Ok(over);
        }
        return Ok(waits.tried(Box::pin(run::step(s)).await)? == Some(true));
    }
    waits.tried(Box::pin(trouble::tend(s)).await)?;
    if let Some(over) = live_turn(s, waits, due, Priority::Live).await? {
        return Ok(over);
    }
    waits.tried(Box::pin(run::schedule(s)).await)?;
    let first_done = s.state().first_done;
    if first_done
        && s.state().timers.look <= s.now()
        && let Some(over) = waits.first(Box::pin(look::look(s)).await.map(|()| true))?
    {
        return Ok(over);
    }
    if let Some(over) = live_turn(s, waits, due, Priority::New).await? {
        return Ok(over);
    }
    // Refusals made in SARE reach the shop whether or not the first synchronisation gets on.
    if poll::is_due(s) && waits.tried(Box::pin(poll::step(s)).await)?.is_some() {
        return Ok(true);
    }
    if let Some(over) = live_turn(s, waits, due, Priority::Poll).await? {
        return Ok(over);
    }
    if waits.tried(Box::pin(run::step(s)).await)? == Some(true) {
        return Ok(true);
    }
    if addresses::is_list_wanted(s, None) && waits.tried(Box::pin(addresses::step(s, None)).await)?.is_some()
    {
        return Ok(true);
    }
    Ok(due.is_some() && waits.tried(Box::pin(live::turn(s, Priority::Bulk)).await)? == Some(true))
}

/// A turn of live changes up to `lowest`, where the most urgent that is due is among them.
async fn live_turn(
    s: &Session<'_>,
    waits: &mut Waits,
    due: Option<Priority>,
    lowest: Priority,
) -> Result<Option<bool>, Halt> {
    if due.is_none_or(|due| due > lowest) {
        return Ok(None);
    }
    waits.first(Box::pin(live::turn(s, lowest)).await)
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
        wanted.push(timers.look);
    }
    if !s.state().poll_braked {
        wanted.push(timers.poll);
    }
    if s.state().poll.is_some() || addresses::is_list_wanted(s, None) {
        wanted.push(now);
    }
    wanted.extend(s.store.next_dirty_due(s.shop.id).await?);
    wanted.extend(trouble::due(s));
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
