//! Runs through a whole shop.

use sync_core::words;

use super::{Millis, Reason};

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
words!(RunKind {
    First = "first",
    Forced = "forced",
    Sweep = "sweep",
    Backfill = "backfill",
    DryRun = "dry-run",
});

/// How a run of a kind goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPolicy {
    /// Additions and updates are written as the shop is read. Otherwise everything is held back until all is stated.
    pub writes_as_it_goes: bool,
    /// It states what would be done: nothing is written and nothing is held back.
    pub only_states: bool,
    /// Values in SARE that are not what the shop says are looked for, to be written over.
    pub repairs: bool,
    /// It refuses to go on where somebody would become mailable, unless a person allowed that.
    pub asks_before_mailable: bool,
    /// It is the shop's first: no record can be missing, and with its end the shop is known.
    pub is_first: bool,
    /// Why its contacts are looked at.
    pub reason: Reason,
}

impl RunKind {
    /// How such a run goes about it: the one place that tells kinds apart.
    pub const fn policy(self) -> RunPolicy {
        let quiet = RunPolicy {
            writes_as_it_goes: false,
            only_states: false,
            repairs: false,
            asks_before_mailable: false,
            is_first: false,
            reason: Reason::Sweep,
        };
        match self {
            Self::First => RunPolicy {
                writes_as_it_goes: true,
                is_first: true,
                reason: Reason::Backfill,
                ..quiet
            },
            Self::Backfill => RunPolicy {
                writes_as_it_goes: true,
                reason: Reason::Backfill,
                ..quiet
            },
            Self::Forced => RunPolicy {
                repairs: true,
                asks_before_mailable: true,
                reason: Reason::Forced,
                ..quiet
            },
            Self::Sweep => quiet,
            Self::DryRun => RunPolicy {
                only_states: true,
                repairs: true,
                ..quiet
            },
        }
    }
}

impl RunPolicy {
    /// Whether contacts are met as the first synchronisation meets them: a preview states what the next run would do.
    pub fn is_first_like(self, first_done: bool) -> bool {
        self.writes_as_it_goes || (self.only_states && !first_done)
    }

    /// Whether it makes every contact equal: values in SARE that are not what the shop says are written over.
    pub fn makes_equal(self) -> bool {
        self.repairs && !self.only_states
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
words!(RunState {
    Queued = "queued",
    Running = "running",
    Braked = "braked",
    Done = "done",
    Refused = "refused",
    Failed = "failed",
    Cancelled = "cancelled",
});

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_meets_contacts_as_the_run_does_that_would_follow() {
        let first_like = |kind: RunKind| [false, true].map(|done| kind.policy().is_first_like(done));
        assert_eq!(first_like(RunKind::First), [true, true]);
        assert_eq!(first_like(RunKind::Backfill), [true, true]);
        assert_eq!(first_like(RunKind::DryRun), [true, false]);
        assert_eq!(first_like(RunKind::Forced), [false, false]);
        assert_eq!(first_like(RunKind::Sweep), [false, false]);
    }
}
