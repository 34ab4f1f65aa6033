//! What the shop's own counts and the ledger's may differ by, and what a difference beyond that means.
//!
//! Only a whole reading of the shop proves a difference: rows that it met and could not keep. Any other one means that
//! an event was lost, and asks for a reading; where that explains nothing the shop counts in its own way.

use std::ops::{Add, Index, IndexMut, Sub};

use serde::{Deserialize, Serialize};
use sync_core::{ByKind, RecordCounts, RecordKind};

/// Counts of both kinds, or how two of them differ. Kept as a list of four: subscribers, those active, customers, those
/// with the flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i64; 4]", into = "[i64; 4]")]
pub struct Rows(ByKind<RecordCounts>);

impl From<[i64; 4]> for Rows {
    fn from([subscribers, active, customers, flagged]: [i64; 4]) -> Self {
        let of = |all, consenting| RecordCounts { all, consenting };
        Self(ByKind {
            customers: of(customers, flagged),
            subscribers: of(subscribers, active),
        })
    }
}

impl From<Rows> for [i64; 4] {
    fn from(Rows(of): Rows) -> Self {
        [
            of.subscribers.all,
            of.subscribers.consenting,
            of.customers.all,
            of.customers.consenting,
        ]
    }
}

impl Index<RecordKind> for Rows {
    type Output = RecordCounts;

    fn index(&self, kind: RecordKind) -> &RecordCounts {
        &self.0[kind]
    }
}

impl IndexMut<RecordKind> for Rows {
    fn index_mut(&mut self, kind: RecordKind) -> &mut RecordCounts {
        &mut self.0[kind]
    }
}

impl Add for Rows {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Rows {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// What is known of differences between the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CountDrift {
    /// Rows that the last whole reading met and could not keep, such as those without an address.
    apart: Rows,
    /// Differences beside them which a whole reading did not explain.
    beside: Rows,
    /// What was found and is to be explained by the next whole reading.
    asked: Option<Rows>,
    /// That reading has been made.
    is_read: bool,
}

impl CountDrift {
    /// What is expected: the shop's counts less the ledger's.
    pub fn expected(&self) -> Rows {
        self.apart + self.beside
    }

    /// Judges what is found; whether the shop is to be read because of it.
    pub fn is_drift(&mut self, found: Rows) -> bool {
        if found == self.expected() {
            self.asked = None;
            return false;
        }
        if self.is_read && self.asked == Some(found) {
            self.beside = found - self.apart;
            self.asked = None;
            return false;
        }
        self.asked = Some(found);
        self.is_read = false;
        true
    }

    /// A person has refused what a reading found: the same difference brings no other one before its time.
    pub fn refuse(&mut self) {
        self.is_read = true;
    }

    /// The shop was read as a whole, and these rows could not be kept.
    pub fn read(&mut self, apart: Rows) {
        self.apart = apart;
        self.is_read = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_both_kinds_are_kept_as_a_list_of_four() {
        let mut rows = Rows::default();
        rows[RecordKind::Subscriber] = RecordCounts {
            all: 4,
            consenting: 3,
        };
        rows[RecordKind::Customer] = RecordCounts {
            all: 2,
            consenting: 1,
        };
        assert_eq!(serde_json::to_string(&rows).unwrap(), "[4,3,2,1]");
        assert_eq!(serde_json::from_str::<Rows>("[4,3,2,1]").unwrap(), rows);
    }

    #[test]
    fn what_a_reading_could_not_keep_is_no_drift() {
        let mut counted = CountDrift::default();
        counted.read(Rows::from([1, 1, 0, 0]));
        assert!(!counted.is_drift(Rows::from([1, 1, 0, 0])));
    }

    #[test]
    fn an_event_lost_before_the_first_comparison_is_a_drift() {
        let mut counted = CountDrift::default();
        counted.read(Rows::from([0; 4]));
        assert!(counted.is_drift(Rows::from([0, -1, 0, 0])));
        // The sweep that it asks for finds the event.
        counted.read(Rows::from([0; 4]));
        assert!(!counted.is_drift(Rows::from([0; 4])));
        assert!(
            counted.is_drift(Rows::from([0, -1, 0, 0])),
            "and the same again is another one"
        );
    }

    #[test]
    fn a_difference_that_no_reading_explains_is_asked_after_once() {
        let mut counted = CountDrift::default();
        counted.read(Rows::from([0; 4]));
        assert!(counted.is_drift(Rows::from([0, 7, 0, 0])));
        counted.read(Rows::from([0; 4]));
        assert!(!counted.is_drift(Rows::from([0, 7, 0, 0])));
        assert!(!counted.is_drift(Rows::from([0, 7, 0, 0])));
        counted.read(Rows::from([0, 0, 2, 0]));
        assert!(
            !counted.is_drift(Rows::from([0, 7, 2, 0])),
            "it stays known over the next readings"
        );
        assert!(counted.is_drift(Rows::from([0, 6, 2, 0])));
    }

    #[test]
    fn what_a_person_has_refused_is_not_asked_again_before_its_time() {
        let mut counted = CountDrift::default();
        assert!(counted.is_drift(Rows::from([0, -60, 0, 0])));
        counted.refuse();
        assert!(!counted.is_drift(Rows::from([0, -60, 0, 0])));
        assert!(
            counted.is_drift(Rows::from([0, -61, 0, 0])),
            "another one is another matter"
        );
    }

    #[test]
    fn a_difference_is_asked_after_until_a_reading_has_come_to_its_end() {
        let mut counted = CountDrift::default();
        assert!(counted.is_drift(Rows::from([0, -1, 0, 0])));
        assert!(counted.is_drift(Rows::from([0, -1, 0, 0])));
    }
}
