//! How a shop stands: what is true of it now, the gravest first. One place decides, so that the panel's headline and its
//! colour, what is said of the shop's and of SARE's side, the operator's API and `shop list` never contradict each other.
//!
//! [`Facts`] are what the ledger knows (`facts.rs`), [`Standing::of`] is a pure function of them (`rank.rs`).

mod facts;
mod rank;

use ports::Millis;
use store::RunKind;
use sync_core::{ProblemKind, words};

pub use facts::{Facts, First, Hold, Newest, Setup, Sources, configured_at, has_key, newest, troubles};

/// How a matter is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is as it should be.
    Good,
    /// Something to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something is wrong, and only a person can mend it.
    Bad,
}
words!(Severity { Good = "good", Info = "info", Warn = "warn", Bad = "bad" });

/// One thing that is true of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// The app was removed from the shop.
    Removed,
    /// It is being removed.
    Uninstalling,
    /// The shop refuses us.
    AccessLost,
    /// The shop has not let us in yet.
    Connecting,
    /// No configuration was saved yet.
    NotConfigured,
    /// The configuration kept cannot be read.
    ConfigUnreadable,
    /// No key of SARE is kept: nothing is done for the shop.
    NotConnected,
    /// SARE refuses the key.
    KeyRefused,
    /// Updates of data changed statuses: nothing more is written.
    Harm,
    /// The app's subscription is over since then.
    Ended(Millis),
    /// A person stopped all synchronisation.
    Paused,
    /// A run or the poll asks a person first.
    Braked,
    /// The first synchronisation was ended before it was over.
    Interrupted,
    /// A problem of the shop as a whole, by its kind.
    Trouble(ProblemKind),
    /// The newest run, a forced one, did not start: so many people would have become mailable.
    Refused(i64),
    /// The newest run ended by an error.
    Failed,
    /// Nothing has succeeded since then, or ever.
    Silent(Option<Millis>),
    /// SARE does not answer; it is asked again at that time.
    SareAway {
        /// When it is asked again.
        again: Millis,
        /// For longer than such things last by themselves.
        is_long: bool,
    },
    /// The shop does not answer; it is asked again at that time.
    ShopAway {
        /// When it is asked again.
        again: Millis,
        /// For longer than such things last by themselves.
        is_long: bool,
    },
    /// The newest audit found so many differences without an explanation.
    Differs(i64),
    /// The first synchronisation waits: until then, or for the merchant's word alone.
    Held(Option<Millis>),
    /// Neither customers nor subscribers are switched on.
    Nobody,
    /// A run goes on.
    UnderWay(RunKind),
    /// The first synchronisation is about to begin.
    Soon,
    /// So many changes are being sent.
    Sending(i64),
    /// So many consents that something speaks against wait for a person's decision.
    Doubted(i64),
    /// All is in SARE but so many contacts.
    ButFailed(i64),
    /// The shop has nobody yet.
    Empty,
    /// All is in SARE.
    Current,
}

impl Matter {
    /// How it is meant.
    pub fn severity(&self) -> Severity {
        match self {
            Self::AccessLost
            | Self::ConfigUnreadable
            | Self::NotConnected
            | Self::KeyRefused
            | Self::Harm => Severity::Bad,
            Self::Ended(_)
            | Self::Paused
            | Self::Braked
            | Self::Interrupted
            | Self::Trouble(_)
            | Self::Refused(_)
            | Self::Failed
            | Self::Silent(_)
            | Self::Differs(_)
            | Self::SareAway { is_long: true, .. }
            | Self::ShopAway { is_long: true, .. } => Severity::Warn,
            Self::Current => Severity::Good,
            _ => Severity::Info,
        }
    }

    /// While it is so, nothing is carried from one side to the other.
    pub fn stops_work(&self) -> bool {
        matches!(
            self,
            Self::Removed
                | Self::Uninstalling
                | Self::AccessLost
                | Self::Connecting
                | Self::NotConfigured
                | Self::ConfigUnreadable
                | Self::NotConnected
                | Self::KeyRefused
                | Self::Harm
                | Self::Paused
        )
    }
}
words!(match Matter {
    Self::Removed = "removed",
    Self::Uninstalling = "uninstalling",
    Self::AccessLost = "access-lost",
    Self::Connecting = "connecting",
    Self::NotConfigured = "not-configured",
    Self::ConfigUnreadable = "configuration-unreadable",
    Self::NotConnected = "sare-not-connected",
    Self::KeyRefused = "sare-key-refused",
    Self::Harm = "sare-changes-statuses",
    Self::Ended(_) = "subscription-ended",
    Self::Paused = "paused",
    Self::Braked = "braked",
    Self::Interrupted = "first-interrupted",
    Self::Trouble(_) = "trouble",
    Self::Refused(_) = "forced-refused",
    Self::Failed = "run-failed",
    Self::Silent(_) = "silent",
    Self::SareAway { .. } = "sare-away",
    Self::ShopAway { .. } = "shop-away",
    Self::Differs(_) = "differs",
    Self::Held(_) = "first-held",
    Self::Nobody = "nobody-chosen",
    Self::UnderWay(_) = "run-under-way",
    Self::Soon = "first-soon",
    Self::Sending(_) = "sending",
    Self::Doubted(_) = "consents-wait",
    Self::ButFailed(_) = "some-failed",
    Self::Empty = "empty",
    Self::Current = "current",
});

/// How one side stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// We are not connected to it.
    NotConnected,
    /// The connection is being made.
    Connecting,
    /// It refuses us.
    Refuses,
    /// It does not answer; it is asked again at that time.
    Away(Millis),
    /// It is not asked while something else stops all work; it last answered then.
    NotAsked,
    /// It answered when last asked.
    Answers,
}
words!(match Side {
    Self::NotConnected = "not-connected",
    Self::Connecting = "connecting",
    Self::Refuses = "refuses",
    Self::Away(_) = "away",
    Self::NotAsked = "not-asked",
    Self::Answers = "answers",
});

/// How a shop stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What is true, the gravest first; never empty.
    pub matters: Vec<Matter>,
    /// The shop's side.
    pub shop: Side,
    /// SARE's side.
    pub sare: Side,
}

impl Standing {
    /// The gravest of all.
    pub fn headline(&self) -> &Matter {
        self.matters.first().unwrap_or(&Matter::Current)
    }

    /// Whether changes are carried from one side to the other.
    pub fn is_at_work(&self) -> bool {
        !self.matters.iter().any(Matter::stops_work)
    }
}

#[cfg(test)]
mod tests;
