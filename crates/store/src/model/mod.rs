//! The ledger's rows as the rest of the program sees them: secrets opened, numbers named.

mod commit;
mod contact;
mod dirty;
mod lifecycle;
mod run;
mod shop;

use serde::{Deserialize, Serialize};

pub use commit::{Commit, Lease};
pub use contact::{Contact, HistoryEntry, Outcome, Problem, Record, Refused, Seen};
pub use dirty::{Dirty, DirtyDone, DirtyKey, DirtyMark, Priority, Reason, Waiting};
pub use lifecycle::{Lifecycle, LifecycleEffect, Received};
pub use run::{Run, RunKind, RunPolicy, RunState};
pub use shop::{AccessLife, Hook, HookKind, Origin, SecretName, Shop, ShopState};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// The keyed hash under which an address is found. The same address hashes differently in
/// different shops, so that ledgers cannot be joined across shops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddrHash(pub [u8; 16]);

impl AddrHash {
    /// Lower-case hexadecimal, 32 characters.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads [`AddrHash::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl std::fmt::Debug for AddrHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddrHash({}…)", hex::encode(&self.0[..3]))
    }
}

/// How many contacts stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All contacts of the ledger that still have an address.
    pub contacts: i64,
    /// By outcome number.
    pub by_outcome: std::collections::BTreeMap<i64, i64>,
    /// Of SARE status 8.
    pub mailable: i64,
    /// With a refusal known.
    pub refused: i64,
    /// Records of customers.
    pub customers: i64,
    /// Records of subscribers.
    pub subscribers: i64,
    /// Dirty entries, held ones not counted.
    pub dirty: i64,
    /// Open problems.
    pub problems: i64,
}
