//! Contacts, the shop's records of them, their history and their problems.

use sync_core::consent::{Doubt, Intent, Refusal, RefusalOrigin, Status};
use sync_core::{HistoryKind, ProblemKind, RecordKey, words};

use super::{AddrHash, Millis};

/// A contact in the ledger: one address of one shop.
#[derive(Clone)]
pub struct Contact {
    /// Keyed hash of the address.
    pub hash: AddrHash,
    /// The address as the shop writes it; `None` once erased.
    pub address: Option<String>,
    /// Fingerprint of what SARE was last told; `None` = never told or not proven.
    pub sent: Option<Vec<u8>>,
    /// When that was.
    pub sent_at: Option<Millis>,
    /// The groups of ours we put the contact in.
    pub groups: Vec<i64>,
    /// The shop's consent by the merchant's rule when last decided.
    pub consent: Option<bool>,
    /// A withdrawal was seen in the shop and no opt-in since.
    pub withdrawn: bool,
    /// What SARE had when last looked at; `None` = never looked.
    pub sare: Option<Seen>,
    /// The refusal we know of.
    pub refusal: Option<Refused>,
    /// A status change under way.
    pub intent: Option<Intent>,
    /// What the last synchronisation made of it.
    pub outcome: Outcome,
    /// The run that last counted it.
    pub run_id: Option<i64>,
    /// Found newly refused by the present poll, not yet acted upon.
    pub poll_found: bool,
    /// Why a consent of the shop is not acted upon.
    pub doubt: Option<Doubt>,
    /// Last change of this row.
    pub updated_at: Millis,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("hash", &self.hash)
            .field("sare", &self.sare)
            .field("refusal", &self.refusal)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Contact {
    /// A contact never seen before.
    pub fn new(hash: AddrHash, address: String, now: Millis) -> Self {
        Self {
            hash,
            address: Some(address),
            sent: None,
            sent_at: None,
            groups: Vec::new(),
            consent: None,
            withdrawn: false,
            sare: None,
            refusal: None,
            intent: None,
            outcome: Outcome::Unknown,
            run_id: None,
            poll_found: false,
            doubt: None,
            updated_at: now,
        }
    }

    /// The status that SARE had when last looked at.
    pub fn sare_status(&self) -> Option<Status> {
        self.sare.map(|seen| seen.status)
    }

    /// Whether SARE had it when last looked at.
    pub fn was_in_sare(&self) -> bool {
        self.sare_status().is_some_and(|status| status != Status::Absent)
    }

    /// Whether the person refused in SARE or withdrew in the shop.
    pub fn refuses(&self) -> bool {
        self.withdrawn || self.refusal.is_some()
    }
}

/// What SARE had of a contact, and when that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The status; [`Status::Absent`] = surely not there.
    pub status: Status,
    /// When.
    pub at: Millis,
}

/// A refusal known for a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The status in SARE; [`Status::Absent`] = removed from SARE by its people.
    pub status: Status,
    /// How we learnt of it.
    pub origin: RefusalOrigin,
    /// Whether it was carried into the shop as far as it can be.
    pub applied: bool,
    /// When we learnt of it.
    pub since: Millis,
}

impl Refused {
    /// A refusal known since that moment.
    pub fn since(refusal: Refusal, since: Millis) -> Self {
        let Refusal {
            status,
            origin,
            applied,
        } = refusal;
        Self {
            status,
            origin,
            applied,
            since,
        }
    }

    /// The refusal, as decisions take it.
    pub fn refusal(self) -> Refusal {
        Refusal {
            status: self.status,
            origin: self.origin,
            applied: self.applied,
        }
    }
}

/// What the last synchronisation made of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i64)]
pub enum Outcome {
    /// Known from the shop, not yet decided.
    Unknown = 0,
    /// In SARE as the mapping asks.
    Synchronised = 1,
    /// Refused in SARE or by us; no data goes there.
    Suppressed = 2,
    /// Left out by the merchant's choice (no consent, kind switched off).
    Skipped = 3,
    /// Could not be written; see problems.
    Failed = 4,
    /// Blocked or of unknown status in SARE: never touched.
    HandsOff = 5,
    /// No longer in the shop; dealt with as configured.
    Gone = 6,
}
words!(Outcome {
    Unknown = "unknown",
    Synchronised = "synchronised",
    Suppressed = "suppressed",
    Skipped = "skipped",
    Failed = "failed",
    HandsOff = "hands-off",
    Gone = "gone",
});

impl Outcome {
    /// The outcome kept under `number`; unknown numbers read as [`Outcome::Unknown`].
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Synchronised,
            2 => Self::Suppressed,
            3 => Self::Skipped,
            4 => Self::Failed,
            5 => Self::HandsOff,
            6 => Self::Gone,
            _ => Self::Unknown,
        }
    }
}

/// One record of the shop as last seen: where it points and what it said of consent. No traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Kind and id in the shop.
    pub key: RecordKey,
    /// The contact it belongs to.
    pub hash: AddrHash,
    /// `users.newsletter` or `subscribers.active` as the shop said it last; `None` = it never said so in a way that can
    /// be read.
    pub consent: Option<bool>,
    /// The shop did not say it when the record was last read.
    pub silent: bool,
    /// For subscribers what is needed to rebuild the row: small JSON of lang_id, groups, dateadd. Never traits of a person.
    pub extra: Option<String>,
    /// The run that last saw it; sweeps find the missing ones by it.
    pub run_id: Option<i64>,
    /// When it was last read.
    pub seen_at: Millis,
}

/// One line of a contact's history. At most 50 are kept for a contact, the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Whose.
    pub hash: AddrHash,
    /// When.
    pub at: Millis,
    /// What happened.
    pub kind: HistoryKind,
    /// Details as JSON without personal data.
    pub detail: Option<String>,
}

/// Something that needs attention: a contact that cannot be synchronised, or the shop as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about: a dirty key's text, or `shop:<topic>`.
    pub key: String,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The contact, where there is one.
    pub hash: Option<AddrHash>,
    /// Details as text shown to people; may quote a service's own words, so it is encrypted at rest.
    pub detail: Option<String>,
    /// A final verdict (not tried again by itself), as opposed to a failure.
    pub is_final: bool,
    /// First seen.
    pub first_at: Millis,
    /// Last seen.
    pub last_at: Millis,
    /// How often.
    pub times: i64,
}
