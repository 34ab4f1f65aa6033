//! A service that has been away for more than a few minutes: a problem of the shop, told for as long as it lasts.
//!
//! Looked at when a slice is over, in one place for both services: since when a service has not answered is kept with the
//! lane, so that neither a restart nor another server forgets it.

use ports::Millis;
use store::Problem;
use sync_core::ProblemKind;

use crate::error::{Halt, Side};
use crate::session::{Session, shop_problem};
use crate::state::Outage;

/// A service away for less is nothing that anybody need know of.
const REPORTED_AFTER_MS: Millis = 5 * 60_000;

/// The problem.
fn kind(side: Side) -> ProblemKind {
    match side {
        Side::Shoper => ProblemKind::ShopAway,
        Side::Sare => ProblemKind::SareAway,
    }
}

/// How it stands with a service, as far as it is told here: a shop that sends us on, or cannot be asked where it is, is told
/// of by itself.
fn outage(s: &Session<'_>, side: Side) -> Outage {
    let state = s.state();
    let outage = state.outages[side];
    let is_reported_otherwise = side == Side::Shoper && state.redirect_untrusted;
    Outage {
        since: outage.since.filter(|_| !is_reported_otherwise),
        ..outage
    }
}

/// When a service that is away is to be told of.
pub fn due(s: &Session<'_>) -> Option<Millis> {
    let unreported = Side::BOTH.map(|side| outage(s, side));
    let unreported = unreported.iter().filter(|outage| !outage.is_reported);
    let since = unreported.filter_map(|outage| outage.since).min();
    since.map(|since| since + REPORTED_AFTER_MS)
}

/// Tells of services that are away, and no longer of those that answer.
pub async fn report(s: &Session<'_>) -> Result<(), Halt> {
    for side in Side::BOTH {
        let outage = outage(s, side);
        match outage.since {
            Some(since) if s.now() - since >= REPORTED_AFTER_MS => {
                let waiting = s.store.counts(s.shop.id).await?.dirty;
                let problem = Problem {
                    first_at: since,
                    ..shop_problem(&kind(side).into(), kind(side), Some(waiting.to_string()), s.now())
                };
                s.store.note_problem(s.shop.id, &problem).await?;
                s.state().outages[side].is_reported = true;
            }
            None if outage.is_reported => {
                s.shop_problem_over(kind(side)).await?;
                s.state().outages[side].is_reported = false;
            }
            _ => {}
        }
    }
    Ok(())
}
