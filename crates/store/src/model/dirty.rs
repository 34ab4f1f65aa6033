//! Dirty entries: what may have changed, how urgent that is, and what became of it.

use sync_core::{RecordKey, RecordKind, words};

use super::{AddrHash, Millis};

/// What makes a contact dirty: a record, or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DirtyKey {
    /// A customer or subscriber changed, appeared or vanished.
    Record(RecordKey),
    /// An address is to be looked at (SARE's webhook, a verification, a retry).
    Address(AddrHash),
}

impl DirtyKey {
    /// `u:12`, `s:7` or `a:<hex>`.
    pub fn encode(self) -> String {
        match self {
            Self::Record(key) => format!("{}:{}", key.kind.letter(), key.id),
            Self::Address(hash) => format!("a:{}", hash.to_hex()),
        }
    }

    /// Reads [`DirtyKey::encode`].
    pub fn decode(text: &str) -> Option<Self> {
        let (letter, rest) = text.split_once(':')?;
        match letter {
            "u" => Some(Self::Record(RecordKey {
                kind: RecordKind::Customer,
                id: rest.parse().ok()?,
            })),
            "s" => Some(Self::Record(RecordKey {
                kind: RecordKind::Subscriber,
                id: rest.parse().ok()?,
            })),
            "a" => Some(Self::Address(AddrHash::from_hex(rest)?)),
            _ => None,
        }
    }
}

/// Whose turn it is: lower numbers go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i64)]
pub enum Priority {
    /// One of the few that a person tries before the first synchronisation.
    Trial = -1,
    /// A person or a webhook waits for it.
    Live = 0,
    /// Discovered as a new record.
    New = 1,
    /// Found by the unsubscribe poll.
    Poll = 2,
    /// Found by a sweep, a forced run or a changed mapping.
    Bulk = 3,
}

impl Priority {
    /// The priority kept under `number`; unknown numbers read as [`Priority::Bulk`].
    pub fn from_number(number: i64) -> Self {
        match number {
            -1 => Self::Trial,
            0 => Self::Live,
            1 => Self::New,
            2 => Self::Poll,
            _ => Self::Bulk,
        }
    }
}

/// Why a contact is dirty, told in its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A webhook of the shop.
    Webhook,
    /// The shop's webhook said the record was deleted.
    DeleteWebhook,
    /// SARE's webhook named the address.
    SareHook,
    /// New records that were discovered.
    NewId,
    /// The unsubscribe poll.
    Poll,
    /// A sweep found a difference.
    Sweep,
    /// A sweep did not see the record.
    Missing,
    /// A changed mapping or configuration.
    Backfill,
    /// A forced synchronisation.
    Forced,
    /// A status change is to be read back.
    Verify,
    /// Another try after a failure.
    Retry,
    /// A person asked.
    Manual,
    /// A person asked for a refusal made in SARE to be carried into the shop.
    ApplyRefusal,
    /// A person decided that a consent in doubt counts.
    DecideDoubt,
    /// A new contact that waits until the SARE account takes new contacts again.
    Waits,
}
words!(Reason {
    Webhook = "webhook",
    DeleteWebhook = "delete-webhook",
    SareHook = "sare-hook",
    NewId = "new-id",
    Poll = "poll",
    Sweep = "sweep",
    Missing = "missing",
    Backfill = "backfill",
    Forced = "forced",
    Verify = "verify",
    Retry = "retry",
    Manual = "manual",
    ApplyRefusal = "apply-refusal",
    DecideDoubt = "decide-doubt",
    Waits = "waits",
});

impl Reason {
    /// What remains of two reasons, the other one being newer.
    #[must_use]
    pub fn and_then(self, newer: Self) -> Self {
        match (self, newer) {
            (Self::DeleteWebhook | Self::ApplyRefusal, _) => self,
            (Self::DecideDoubt, newer) if newer != Self::ApplyRefusal => self,
            (Self::Forced, newer)
                if !matches!(
                    newer,
                    Self::DeleteWebhook | Self::ApplyRefusal | Self::DecideDoubt
                ) =>
            {
                self
            }
            (_, newer) => newer,
        }
    }
}

/// Marks something dirty. Marking again raises the version, so that a change seen while the older
/// one is being worked on is not lost with it.
#[derive(Debug, Clone, Copy)]
pub struct DirtyMark {
    /// What.
    pub key: DirtyKey,
    /// When it may be worked on. On conflict the earlier of both.
    pub due_at: Millis,
    /// Whose turn. On conflict the lower number.
    pub priority: Priority,
    /// Why. On conflict the newer, except that [`Reason::DeleteWebhook`], [`Reason::ApplyRefusal`],
    /// [`Reason::DecideDoubt`] and [`Reason::Forced`], which ask for more than a look, stay ([`Reason::and_then`]).
    pub reason: Reason,
    /// `Some(run)` = held back until that run releases it. A mark without run frees a held one.
    pub held_by: Option<i64>,
}

/// A dirty entry taken up for work.
#[derive(Debug, Clone)]
pub struct Dirty {
    /// What.
    pub key: DirtyKey,
    /// Version at the time of reading.
    pub version: i64,
    /// Whose turn.
    pub priority: Priority,
    /// Why.
    pub reason: Reason,
    /// Failed tries so far.
    pub attempts: i64,
    /// When it was first marked.
    pub first_at: Millis,
}

/// A dirty entry as people look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What.
    pub key: DirtyKey,
    /// When it may be worked on.
    pub due_at: Millis,
    /// Whose turn.
    pub priority: Priority,
    /// Why.
    pub reason: Reason,
    /// Failed tries so far.
    pub attempts: i64,
    /// When it was first marked.
    pub first_at: Millis,
    /// A run holds it back.
    pub is_held: bool,
}

impl Waiting {
    /// Its place in the order of [`Store::waiting_after`](crate::Store::waiting_after).
    pub fn place(&self) -> (Priority, Millis, DirtyKey) {
        (self.priority, self.due_at, self.key)
    }
}

/// What became of a dirty entry.
#[derive(Debug, Clone, Copy)]
pub enum DirtyDone {
    /// Dealt with: removed if the version is still the same.
    Done {
        /// What.
        key: DirtyKey,
        /// The version that was dealt with.
        version: i64,
    },
    /// To be tried again at `due_at`; `attempts` replaces the count. If the version rose meanwhile the entry stays as it is.
    Again {
        /// What.
        key: DirtyKey,
        /// The version that was tried.
        version: i64,
        /// Next try.
        due_at: Millis,
        /// Failed tries so far.
        attempts: i64,
    },
}
