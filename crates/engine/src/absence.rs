//! Making up for a time in which no server lived: what shops sent meanwhile is lost, since they send each webhook once.
//!
//! What is cheap comes at once: the look for new records, the comparison of counts, the check of the webhooks, the poll. The
//! whole reading of every shop is spread over the better part of an hour, so that not all begin together; shops in which
//! the cheap checks show that something was lost are read at once.

use ports::Millis;

use crate::error::Halt;
use crate::session::Session;

/// Over how long the whole readings of shops are spread.
const SPREAD_MS: Millis = 50 * 60_000;

/// Plans to make up for the last absence, once.
pub async fn notice(s: &Session<'_>) -> Result<(), Halt> {
    let Some(absence) = s.store.last_absence().await? else {
        return Ok(());
    };
    let mut state = s.state();
    if !state.first_done || absence.to <= state.read_from || absence.to <= state.absence_noticed {
        return Ok(());
    }
    state.absence_noticed = absence.to;
    let now = s.now();
    let timers = &mut state.timers;
    for timer in [
        &mut timers.discover,
        &mut timers.counts,
        &mut timers.poll,
        &mut timers.hooks,
    ] {
        *timer = now.min(*timer);
    }
    timers.drift = 0;
    timers.sweep = timers.sweep.min(absence.to + spread_offset(s.shop.id.0));
    tracing::info!(shop = %s.shop.id, from = absence.from, to = absence.to, "no server lived: the shop is read early");
    Ok(())
}

/// Records were discovered that no webhook told of.
pub fn is_proven(s: &Session<'_>) {
    let now = s.now();
    let mut state = s.state();
    if state.absence_noticed > state.read_from {
        state.timers.sweep = state.timers.sweep.min(now);
    }
}

/// A shop's place within the hour.
fn spread_offset(shop: i64) -> Millis {
    shop.wrapping_mul(7_919_317).rem_euclid(SPREAD_MS)
}
