//! What a lane remembers of looking at its shop: what it was worth, and whether the shop can be asked for what has changed.

use std::collections::BTreeMap;

use ports::{Millis, millis};
use serde::{Deserialize, Serialize};
use sync_core::cadence::{self, Bounds};

use crate::settings::EngineSettings;

const DAY_MS: Millis = 86_400_000;
/// Events counted lose half of their weight in this time, so that they are those of about the last hour.
const HALF_LIFE_MS: f64 = 30.0 * 60_000.0;
/// So many times as rarely names and webhooks are looked after at most.
pub const RAREST: i64 = 4;
/// The same of counts.
pub const RAREST_COUNTS: i64 = cadence::LOOK_MOST_MS / cadence::LOOK_LEAST_MS;
/// A shop whose filter by time of change left something out is asked for it again after so long.
pub const REFUTED_FOR_MS: Millis = 30 * DAY_MS;

/// What a lane remembers of how looking was worth it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Since when looks are made.
    pub began_at: Millis,
    /// The last one.
    pub looked_at: Millis,
    /// When a change was last found that no webhook had told of.
    pub lost_at: Option<Millis>,
    /// When our webhook was last found gone or changed, and mended.
    pub repaired_at: Option<Millis>,
    /// The shop does not take our webhook.
    pub is_refused: bool,
    /// When webhooks were last checked.
    pub checked_at: Millis,
    /// Webhooks of about the last hour, those longer ago by less.
    pub events: f64,
    /// When they were reckoned.
    pub events_at: Millis,
    /// Both lists are not looked at with one request before.
    pub no_glance_before: Millis,
    /// The visit of the panel for which SARE was asked at once.
    pub watched_at: Millis,
}

impl Remembered {
    /// Webhooks of about the last hour.
    pub fn events_now(&self, now: Millis) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
        let age = (now - self.events_at).clamp(0, 7 * 86_400_000) as f64;
        self.events * 0.5_f64.powf(age / HALF_LIFE_MS)
    }

    /// No moment lies ahead of `now`.
    pub fn set_right(&mut self, now: Millis) {
        for at in [
            &mut self.began_at,
            &mut self.looked_at,
            &mut self.checked_at,
            &mut self.events_at,
            &mut self.watched_at,
        ] {
            *at = (*at).min(now);
        }
        self.no_glance_before = self.no_glance_before.min(now + 86_400_000);
        for at in [&mut self.lost_at, &mut self.repaired_at] {
            *at = at.map(|at| at.min(now));
        }
    }
}

/// Between what the pause until the next look lies.
pub fn bounds(settings: &EngineSettings) -> Bounds {
    Bounds::new(millis(settings.discover_every), millis(settings.discover_most))
}

/// What a lane knows of the filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Lists that honour it, and when that was proven.
    pub proven: BTreeMap<String, Millis>,
    /// It is not tried before.
    pub not_before: Millis,
    /// What changed before is known.
    pub from: Millis,
    /// For when the next sweep was planned: one that comes earlier has a reason, and reads all.
    pub planned: Millis,
    /// What changed was read right before the sweep that is under way.
    pub is_tested: bool,
}

impl Changes {
    /// No moment lies further ahead of `now` than it was put.
    pub fn set_right(&mut self, now: Millis) {
        self.from = self.from.min(now);
        self.not_before = self.not_before.min(now + REFUTED_FOR_MS);
        for at in self.proven.values_mut() {
            *at = (*at).min(now);
        }
    }

    /// The filter is not to be used for so long.
    pub fn unlearn(&mut self, until: Millis) {
        self.proven.clear();
        self.not_before = until;
        self.is_tested = false;
    }
}
