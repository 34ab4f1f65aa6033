//! A run as it is told: where it stands, what it counted, what it would change.
//!
//! Written by `run/` into the ledger as JSON, read by the command line and the panel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shoper_api::{Cursor, Walk};
use store::{AddrHash, RunKind};
use sync_core::by_kind::subscribers_first;
use sync_core::plan::Step;
use sync_core::{ByKind, Cause, words};

use crate::count_drift::Rows;
use crate::narrow::Narrow;

/// Most examples of one pile.
const EXAMPLES: usize = 10;

/// The part of the shop a run is reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Counting what there is, to state what the run will do.
    #[default]
    Counting,
    /// Reading subscribers.
    Subscribers,
    /// Reading customers.
    Customers,
    /// Writing the contacts that were put off until both kinds were known.
    Remaining,
    /// Asking after records that were not seen.
    Missing,
    /// Waiting for the differences to be written.
    Applying,
    /// Over.
    Finished,
}
words!(Phase {
    Counting = "counting",
    Subscribers = "subscribers",
    Customers = "customers",
    Remaining = "remaining",
    Missing = "missing",
    Applying = "applying",
    Finished = "finished",
});

/// Contacts by what became of them. Each contact counts once a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// New in SARE.
    pub added: i64,
    /// Traits or groups brought up to date.
    pub updated: i64,
    /// Nothing to do.
    pub unchanged: i64,
    /// Refused: not written.
    pub suppressed: i64,
    /// Left out by the merchant's choice.
    pub skipped: i64,
    /// Blocked or of unknown status in SARE.
    pub hands_off: i64,
    /// Unsubscribed in SARE.
    #[serde(default)]
    pub unsubscribed: i64,
    /// Not written; see the shop's problems.
    pub failed: i64,
    /// Waiting until SARE takes new contacts again; see the shop's problems.
    #[serde(default)]
    pub waiting: i64,
}

/// What a run says it would change before it changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Statement {
    /// Contacts that would become mailable (status 8).
    pub mailable: i64,
    /// Contacts that would stop being mailable.
    pub unmailable: i64,
    /// The two numbers above are upper bounds taken from the shop's own counts.
    pub is_bound: bool,
    /// Contacts that would be added.
    pub added: i64,
    /// Contacts whose data would be updated.
    pub updated: i64,
    /// Contacts already as they should be.
    pub unchanged: i64,
    /// Contacts that refused and stay untouched.
    pub suppressed: i64,
    /// Contacts left out by the merchant's choice.
    pub skipped: i64,
    /// Contacts no longer in the shop.
    pub gone: i64,
    /// Of a forced run or a statement of one: values in SARE that would be written over because the shop has others.
    #[serde(default)]
    pub overwritten: i64,
    /// That number is an upper bound: what SARE has could not be read of everybody.
    #[serde(default)]
    pub overwrites_at_most: bool,
}

/// The body of a run in the ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// Where it is.
    pub phase: Phase,
    /// Where it is in the shop's list of this phase.
    pub cursor: Option<Cursor>,
    /// Where it is in our own ledger: a hash in hexadecimal, or an id.
    pub ledger_cursor: Option<String>,
    /// Rows to read, as the shop counted them.
    pub total: Option<i64>,
    /// Rows read.
    pub done: i64,
    /// What became of the contacts.
    pub counters: Counters,
    /// What it would change.
    pub statement: Statement,
    /// Seconds left, where that can be told.
    pub eta_seconds: Option<i64>,
    /// What is being waited for.
    pub waiting_for: Option<Cause>,
    /// When it last got on: rows were read, or contacts written. `None` before it began.
    #[serde(default)]
    pub moved_at: Option<i64>,
    /// The place in the list at which reading fails, being narrowed down.
    #[serde(default)]
    pub narrow: Option<Narrow>,
    /// What is remembered of the list being read by numbered pages.
    #[serde(default)]
    pub walk: Walk,
    /// The list is being read a second time, as fewer rows were met than it counts.
    #[serde(default)]
    pub again: bool,
    /// Whether a list came out short: who is missing from it is not gone.
    #[serde(default, with = "subscribers_first")]
    pub short: ByKind<bool>,
    /// Whether a list gave out nothing or was forbidden: nothing is known of it.
    #[serde(default, with = "subscribers_first")]
    pub unread: ByKind<bool>,
    /// A record of the list was passed over, and not even its id is known.
    #[serde(default)]
    pub nameless: bool,
    /// Whether people may be made mailable by it.
    #[serde(default)]
    pub allow_mailable: bool,
    /// A person looked at the brake and let the run go on.
    #[serde(default)]
    pub brake_released: bool,
    /// Customers are switched on and readable.
    #[serde(default)]
    pub reads_customers: bool,
    /// Rows of the list being read, for an end that cannot be missed.
    #[serde(default)]
    pub rows_in_phase: i64,
    /// Rows that were met and could not be kept.
    #[serde(default)]
    pub apart: Rows,
    /// Of a dry run, contacts by what would be done with them.
    #[serde(default)]
    pub piles: BTreeMap<Pile, Shown>,
}

impl Body {
    /// What has become of the contacts by the end of a run of this kind: what it counted, and what it left to be carried out
    /// contact by contact.
    pub fn outcome(&self, kind: RunKind) -> Counters {
        let (counted, stated) = (self.counters, self.statement);
        let writes_as_it_goes = kind.policy().writes_as_it_goes;
        let both = |counted: i64, stated: i64| match writes_as_it_goes {
            // What such a run wrote as it went is counted and was never stated.
            true => counted + stated,
            // All was stated, and what needed nothing is counted as well.
            false => counted.max(stated),
        };
        Counters {
            added: both(counted.added, stated.added),
            updated: both(counted.updated, stated.updated),
            unchanged: both(counted.unchanged, stated.unchanged),
            suppressed: both(counted.suppressed, stated.suppressed),
            // Who is never touched is stated among those left out.
            skipped: both(counted.skipped, (stated.skipped - counted.hands_off).max(0)),
            ..counted
        }
    }
}

/// A pile as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shown {
    /// Contacts in it.
    pub contacts: i64,
    /// At most ten of them, as hashes in hexadecimal: a run's body holds nothing personal.
    pub examples: Vec<String>,
}

/// Contacts by what a run would do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pile {
    /// Added with consent: mailable.
    Confirmed,
    /// Added without: not mailable.
    Unconfirmed,
    /// Made mailable by a new opt-in.
    Raised,
    /// Brought up to date.
    Updated,
    /// Unsubscribed in SARE.
    Unsubscribed,
    /// Refused: untouched.
    Suppressed,
    /// Left out by the merchant's choice.
    Skipped,
    /// Blocked or of unknown status in SARE: untouched.
    HandsOff,
    /// No longer in the shop.
    Gone,
}
words!(Pile {
    Confirmed = "confirmed",
    Unconfirmed = "unconfirmed",
    Raised = "raised",
    Updated = "updated",
    Unsubscribed = "unsubscribed",
    Suppressed = "suppressed",
    Skipped = "skipped",
    HandsOff = "hands-off",
    Gone = "gone",
});

impl Pile {
    /// Where a contact goes; `None` when nothing would change about it.
    pub fn of(step: Step) -> Option<Self> {
        Some(match step {
            Step::Add { status: to, .. } if to.is_mailable() => Self::Confirmed,
            Step::Add { .. } => Self::Unconfirmed,
            Step::Raise { .. } => Self::Raised,
            Step::Update => Self::Updated,
            Step::Keep => return None,
            Step::Unsubscribe { .. } => Self::Unsubscribed,
            Step::Suppress => Self::Suppressed,
            Step::Skip => Self::Skipped,
            Step::HandsOff => Self::HandsOff,
            Step::Leave(_) => Self::Gone,
        })
    }
}

impl Body {
    /// Puts the contact on its pile.
    pub(crate) fn show(&mut self, step: Step, hash: AddrHash) {
        let Some(pile) = Pile::of(step) else { return };
        let shown = self.piles.entry(pile).or_default();
        shown.contacts += 1;
        if shown.examples.len() < EXAMPLES {
            shown.examples.push(hash.to_hex());
        }
    }

    /// Reads the body kept in the ledger; of one that cannot be read nothing is shown, and its run begins anew.
    pub fn parse(text: &str) -> Self {
        Self::try_parse(text).unwrap_or_default()
    }

    /// Reads the body kept in the ledger.
    pub(crate) fn try_parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The text kept in the ledger.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a run's body is plain data")
    }
}

#[cfg(test)]
mod tests {
    use sync_core::{RecordCounts, RecordKind};

    use super::*;

    #[test]
    fn phases_and_piles_are_kept_under_their_words() {
        for phase in Phase::ALL {
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.word());
        }
        for pile in Pile::ALL {
            assert_eq!(serde_json::to_value(pile).unwrap(), pile.word());
        }
    }

    #[test]
    fn what_a_body_keeps_of_both_kinds_is_a_list_with_the_subscribers_first() {
        let mut body = Body::default();
        body.short.customers = true;
        body.unread.subscribers = true;
        body.apart[RecordKind::Customer] = RecordCounts {
            all: 2,
            consenting: 1,
        };
        let text = body.text();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
        let lists = serde_json::json!([[false, true], [true, false], [0, 0, 2, 1]]);
        assert_eq!(
            serde_json::json!([kept["short"], kept["unread"], kept["apart"]]),
            lists
        );
        assert_eq!(Body::parse(&text), body);
    }
}
