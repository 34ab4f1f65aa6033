//! What the shop's own counts and the ledger's may differ by, and what a difference beyond that means.
//!
//! Only a whole reading of the shop proves a difference: rows that it met and could not keep. Any other one means that
//! an event was lost, and asks for a reading; where that explains nothing the shop counts in its own way.

use serde::{Deserialize, Serialize};

/// Subscribers, those active, customers, those with the flag.
pub type Rows = [i64; 4];

/// What is known of differences between the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Rows that the last whole reading met and could not keep, such as those without an address.
    apart: Rows,
    /// Differences beside them which a whole reading did not explain.
    beside: Rows,
    /// What was found and is to be explained by the next whole reading.
    asked: Option<Rows>,
    /// That reading has been made.
    is_read: bool,
}

impl Counted {
    /// What is expected: the shop's counts less the ledger's.
    pub fn expected(&self) -> Rows {
        std::array::from_fn(|n| self.apart[n] + self.beside[n])
    }

    /// Judges what is found; whether the shop is to be read because of it.
    pub fn is_drift(&mut self, found: Rows) -> bool {
        if found == self.expected() {
            self.asked = None;
            return false;
        }
        if self.is_read && self.asked == Some(found) {
            self.beside = std::array::from_fn(|n| found[n] - self.apart[n]);
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
    fn what_a_reading_could_not_keep_is_no_drift() {
        let mut counted = Counted::default();
        counted.read([1, 1, 0, 0]);
        assert!(!counted.is_drift([1, 1, 0, 0]));
    }

    #[test]
    fn an_event_lost_before_the_first_comparison_is_a_drift() {
        let mut counted = Counted::default();
        counted.read([0; 4]);
        assert!(counted.is_drift([0, -1, 0, 0]));
        // The sweep that it asks for finds the event.
        counted.read([0; 4]);
        assert!(!counted.is_drift([0; 4]));
        assert!(
            counted.is_drift([0, -1, 0, 0]),
            "and the same again is another one"
        );
    }

    #[test]
    fn a_difference_that_no_reading_explains_is_asked_after_once() {
        let mut counted = Counted::default();
        counted.read([0; 4]);
        assert!(counted.is_drift([0, 7, 0, 0]));
        counted.read([0; 4]);
        assert!(!counted.is_drift([0, 7, 0, 0]));
        assert!(!counted.is_drift([0, 7, 0, 0]));
        counted.read([0, 0, 2, 0]);
        assert!(
            !counted.is_drift([0, 7, 2, 0]),
            "it stays known over the next readings"
        );
        assert!(counted.is_drift([0, 6, 2, 0]));
    }

    #[test]
    fn what_a_person_has_refused_is_not_asked_again_before_its_time() {
        let mut counted = Counted::default();
        assert!(counted.is_drift([0, -60, 0, 0]));
        counted.refuse();
        assert!(!counted.is_drift([0, -60, 0, 0]));
        assert!(counted.is_drift([0, -61, 0, 0]), "another one is another matter");
    }

    #[test]
    fn a_difference_is_asked_after_until_a_reading_has_come_to_its_end() {
        let mut counted = Counted::default();
        assert!(counted.is_drift([0, -1, 0, 0]));
        assert!(counted.is_drift([0, -1, 0, 0]));
    }
}
