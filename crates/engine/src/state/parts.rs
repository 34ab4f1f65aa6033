//! What parts of the engine keep with the lane. Plain data; whoever keeps it says in its own file what it is for.

use std::collections::{BTreeMap, BTreeSet};

use ports::Millis;
use serde::{Deserialize, Serialize};
use shoper_api::{Cursor, Walk};

use crate::narrow::Narrow;

/// Pause between two tellings: a shop that says nothing of anybody is counted once a minute, not once a page.
const SILENCE_PAUSE_MS: Millis = 60_000;

/// Records that do not say what they consent to (`silence.rs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Silence {
    /// There is something to tell.
    pub is_news: bool,
    /// When it was told last.
    pub told_at: Millis,
}

impl Silence {
    /// When it is to be told; `None` when there is nothing new.
    pub fn due_at(self, now: Millis) -> Option<Millis> {
        // A clock that went back must not put it off.
        let pause = if self.told_at > now { 0 } else { SILENCE_PAUSE_MS };
        self.is_news.then_some(self.told_at.min(now) + pause)
    }
}

/// How it stands with one service (`outage.rs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outage {
    /// Since when every call has failed in a way that is not the call's own.
    pub since: Option<Millis>,
    /// It is among the shop's problems.
    #[serde(rename = "is_told")]
    pub is_reported: bool,
}

/// What is wrong with the SARE account (`account_trouble.rs`). Nothing personal: numbers, names of properties, keyed hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountTrouble {
    /// Mapped groups that SARE does not list.
    pub groups: BTreeSet<i64>,
    /// Mapped properties that SARE does not list.
    pub props: BTreeSet<String>,
    /// When the lists were last asked for.
    pub looked_at: Millis,
    /// When they were last asked for because contacts were refused.
    pub suspected_at: Millis,
    /// New contacts refused one after the other since one was taken.
    pub refused: Vec<String>,
    /// What their reasons have in common.
    pub shape: u64,
    /// Reasons for which one was refused and others were taken, and until when that counts: no sign of the account's.
    pub personal: BTreeMap<u64, Millis>,
    /// Since when SARE takes no new contact; `None`: it does.
    pub full_since: Option<Millis>,
    /// When the next one is tried.
    pub probe_at: Millis,
    /// How many were tried.
    pub probes: u32,
    /// Contacts refused while others were taken: no sign of anything but themselves.
    pub known: Vec<String>,
}

/// Most failing contacts remembered.
const MOST_FAILING: usize = 200;

/// A call about contacts, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `email/add` of contacts that are new.
    Add,
    /// `email/add` of data of contacts that are there.
    Update,
    /// `email/add` that sets statuses.
    Status,
    /// `group/remove_emails`.
    Leave,
    /// `email/delete`.
    Delete,
    /// The statuses of many.
    Statuses,
    /// The records of many.
    Records,
    /// The record of one.
    Single,
}

impl Call {
    /// The name under which it is counted and told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "email/add (new)",
            Self::Update => "email/add (data)",
            Self::Status => "email/add (status)",
            Self::Leave => "group/remove_emails",
            Self::Delete => "email/delete",
            Self::Statuses => "email/status_by_email_list",
            Self::Records => "email/by_email_list",
            Self::Single => "email/by_email",
        }
    }
}

/// How a call has failed lately (`blame.rs`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallTrouble {
    /// Contacts at which it failed alone since it last worked: keyed hashes in hexadecimal.
    pub alone: Vec<String>,
    /// Contacts at which it has failed alone and that it has not taken since. Each counts once against the call, and is
    /// asked about alone, after the others.
    #[serde(rename = "odd")]
    pub failing: Vec<String>,
    /// It is out of order and not made before.
    #[serde(rename = "rest_until")]
    pub backoff_until: Millis,
    /// Back-offs in a row.
    #[serde(rename = "rests")]
    pub backoffs: u32,
    /// Most contacts at once: as few as the last failure has left, doubled by every success; 0: as many as usual. Kept, so
    /// that a batch halted for want of permits goes on where it was.
    pub narrow: usize,
}

impl CallTrouble {
    /// Remembers a contact at which it has failed alone; the oldest are forgotten.
    pub fn note_failing(&mut self, hash: &str) {
        if !self.failing.iter().any(|failing| failing == hash) {
            self.failing.push(hash.to_owned());
            let surplus = self.failing.len().saturating_sub(MOST_FAILING);
            self.failing.drain(..surplus);
        }
    }
}

/// A pass through the list of all addresses (`addresses/listed.rs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pass {
    pub(crate) number: i64,
    pub(crate) for_run: Option<i64>,
    pub(crate) at: Option<Cursor>,
    pub(crate) narrow: Option<Narrow>,
    pub(crate) walk: Walk,
    pub(crate) again: bool,
    /// Not every row could be read.
    pub(crate) in_part: bool,
    pub(crate) is_over: bool,
    /// What the last pass that came to its end has left, for changes while another one is under way.
    pub(crate) before: Option<Before>,
}

/// What such a pass leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The last page of the list: what is added stands there, or behind it.
    pub(crate) tail: Cursor,
    pub(crate) in_part: bool,
}
