//! A service that has been away for more than a few minutes: a problem of the shop, told for as long as it lasts.
//!
//! Looked at when a slice is over, in one place for both services: since when a service has not answered is kept with the
//! lane, so that neither a restart nor another server forgets it.

use ports::Millis;
use store::Problem;

use crate::error::{Halt, Side};
use crate::session::{Session, shop_problem};

/// A service away for less is nothing that anybody need know of.
const TOLD_AFTER_MS: Millis = 5 * 60_000;

/// How it stands with one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Away {
    /// Since when every call has failed in a way that is not the call's own.
    pub since: Option<Millis>,
    /// It is among the shop's problems.
    pub is_told: bool,
}

/// The topic and the kind of the problem.
fn name(side: Side) -> &'static str {
    match side {
        Side::Shoper => "shop-away",
        Side::Sare => "sare-away",
    }
}

/// How it stands with a service, as far as it is told here: a shop that sends us on, or cannot be asked where it is, is told
/// of by itself.
fn away(s: &Session<'_>, side: Side) -> Away {
    let mut state = s.state();
    let away = *state.away(side);
    let is_told_otherwise = side == Side::Shoper && state.sent_on;
    Away {
        since: away.since.filter(|_| !is_told_otherwise),
        ..away
    }
}

/// When a service that is away is to be told of.
pub fn due(s: &Session<'_>) -> Option<Millis> {
    let untold = [Side::Shoper, Side::Sare].map(|side| away(s, side));
    let untold = untold.iter().filter(|away| !away.is_told);
    let since = untold.filter_map(|away| away.since).min();
    since.map(|since| since + TOLD_AFTER_MS)
}

/// Tells of services that are away, and no longer of those that answer.
pub async fn tell(s: &Session<'_>) -> Result<(), Halt> {
    for side in [Side::Shoper, Side::Sare] {
        let away = away(s, side);
        match away.since {
            Some(since) if s.now() - since >= TOLD_AFTER_MS => {
                let waiting = s.store.counts(s.shop.id).await?.dirty;
                let key = format!("shop:{}", name(side));
                let problem = Problem {
                    first_at: since,
                    ..shop_problem(&key, name(side), Some(waiting.to_string()), s.now())
                };
                s.store.note_problem(s.shop.id, &problem).await?;
                s.state().away(side).is_told = true;
            }
            None if away.is_told => {
                s.shop_problem_over(name(side)).await?;
                s.state().away(side).is_told = false;
            }
            _ => {}
        }
    }
    Ok(())
}
