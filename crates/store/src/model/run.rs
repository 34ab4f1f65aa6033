//! Runs through a whole shop.

use serde::{Deserialize, Serialize};

use super::Millis;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// The first full synchronisation.
    First,
    /// A forced full synchronisation.
    Forced,
    /// The daily sweep.
    Sweep,
    /// After a change of the configuration.
    Backfill,
    /// A statement only; writes nothing.
    DryRun,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Waiting for its turn.
    Queued,
    /// Under way.
    Running,
    /// Stopped by the brake; waits for a person.
    Braked,
    /// Ended well.
    Done,
    /// Did not start, since it would have made someone mailable.
    Refused,
    /// Ended by an error no retry can mend.
    Failed,
    /// Ended by a person or replaced by a newer run.
    Cancelled,
}

impl RunState {
    /// Whether the run is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Failed | Self::Cancelled)
    }
}

/// One run through the whole shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number within the shop, rising.
    pub id: i64,
    /// What it is for.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// Cursor, counters and statement as JSON written by the engine.
    pub body: String,
    /// Why it stopped, for people.
    pub error: Option<String>,
    /// Created.
    pub created_at: Millis,
    /// First worked on.
    pub started_at: Option<Millis>,
    /// Ended.
    pub ended_at: Option<Millis>,
}
