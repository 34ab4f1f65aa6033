//! How often this shop is looked at: what its lane remembers of webhooks and losses, and what follows from that by
//! `sync_core::cadence`.

use ports::{Millis, millis};
use store::HookKind;
use sync_core::cadence::{self, Evidence};

use crate::error::Halt;
use crate::poll;
use crate::session::Session;
use crate::settings::EngineSettings;
use crate::state::bounds;

/// Checks of webhooks that losses ask for are at least so far apart.
const HOOKS_APART_MS: Millis = 3_600_000;

/// Whether the pause follows from what is known, as it does unless the operator has fixed it.
fn is_by_evidence(settings: &EngineSettings) -> bool {
    let bounds = bounds(settings);
    bounds.least < bounds.most
}

/// What is known without asking the ledger.
fn remembered(s: &Session<'_>) -> Evidence {
    let kept = s.state().cadence;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count"
    )]
    let events = kept.events_now(s.now()).clamp(0.0, 1e6) as u32;
    Evidence {
        is_registered: s.settings.public_url.is_some() && !kept.is_refused,
        began_at: kept.began_at,
        heard_at: None,
        lost_at: kept.lost_at,
        repaired_at: kept.repaired_at,
        events,
        watched_at: s.shop.watched_at,
    }
}

/// The pause from one look to the next.
pub async fn look_every(s: &Session<'_>) -> Result<Millis, Halt> {
    let heard_at = s.store.hook_heard_at(s.shop.id, HookKind::Shoper).await?;
    let evidence = Evidence {
        heard_at,
        ..remembered(s)
    };
    Ok(cadence::look_every(&evidence, bounds(s.settings), s.now()))
}

/// Whether looks are rarer than they can be.
pub async fn is_quiet(s: &Session<'_>) -> Result<bool, Halt> {
    Ok(look_every(s).await? > bounds(s.settings).least)
}

/// The pause of other work that comes every `base` while looks are frequent, at most `rarest` times as long.
pub async fn stretched(s: &Session<'_>, base: Millis, rarest: i64) -> Result<Millis, Halt> {
    let look = look_every(s).await?;
    Ok(cadence::stretched(base, look, bounds(s.settings), rarest))
}

/// What came from outside since the last slice may make the next look due: a person at the panel, many events.
pub async fn notice(s: &Session<'_>) -> Result<(), Halt> {
    let (now, bounds) = (s.now(), bounds(s.settings));
    {
        let mut state = s.state();
        if !state.first_done {
            return Ok(());
        }
        if state.cadence.began_at == 0 {
            state.cadence.began_at = now;
        }
    }
    if !cadence::is_alert(&remembered(s), now) {
        return Ok(());
    }
    let is_new_visit = {
        let mut state = s.state();
        let due = state.cadence.looked_at + bounds.least;
        state.timers.discover = state.timers.discover.min(due);
        let watched_at = s.shop.watched_at.unwrap_or(0);
        let is_new = watched_at > state.cadence.watched_at + cadence::WATCHED_MS;
        if is_new {
            state.cadence.watched_at = watched_at;
        }
        is_new
    };
    if is_new_visit {
        poll::hurry(s).await?;
    }
    Ok(())
}

/// So many webhooks have come.
pub fn note_events(s: &Session<'_>, events: usize) {
    let now = s.now();
    let mut state = s.state();
    let kept = &mut state.cadence;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let more = events as f64;
    kept.events = kept.events_now(now) + more;
    kept.events_at = now;
}

/// A change was found that no webhook has told of: looks are frequent at once, counts are compared with the next one, and it
/// is seen to whether our webhook is still there.
pub fn note_loss(s: &Session<'_>) {
    let (now, least) = (s.now(), bounds(s.settings).least);
    let mut state = s.state();
    if !state.first_done {
        return;
    }
    state.cadence.lost_at = Some(now);
    if !is_by_evidence(s.settings) {
        return;
    }
    let hooks = (state.cadence.checked_at + HOOKS_APART_MS).max(now);
    let timers = &mut state.timers;
    timers.discover = timers.discover.min(now + least);
    timers.counts = timers.counts.min(now + millis(s.settings.counts_every));
    timers.hooks = timers.hooks.min(hooks);
}

/// Our webhook was gone or changed, and was mended: what happened meanwhile is lost, so it is looked after at once.
pub fn note_repair(s: &Session<'_>) {
    let now = s.now();
    let mut state = s.state();
    state.cadence.repaired_at = Some(now);
    if is_by_evidence(s.settings) {
        let timers = &mut state.timers;
        timers.discover = timers.discover.min(now);
        timers.counts = timers.counts.min(now);
    }
}
