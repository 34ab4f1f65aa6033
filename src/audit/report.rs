//! What an audit found, counted and listed.

use std::collections::BTreeMap;

use ports::Millis;
use serde::Serialize;

use super::verdict::{Difference, Reason, Verdict};

/// Differences kept with their addresses; the others are counted.
const MOST_KEPT: usize = 10_000;

/// The result of one audit.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// Customers read.
    pub customers: u64,
    /// Subscribers read.
    pub subscribers: u64,
    /// Rows of the shop that could not be read.
    pub unreadable: u64,
    /// Records with an address that is none.
    pub unusable: u64,
    /// Contacts of kinds that are not synchronised.
    pub out_of_scope: u64,
    /// Contacts compared.
    pub compared: u64,
    /// Of these, contacts for which SARE holds what it should.
    pub equal: u64,
    /// Contacts that differ with a reason, those that are only in SARE included.
    pub explained: BTreeMap<Reason, u64>,
    /// Contacts that differ without one.
    pub unexplained: u64,
    /// Those, with what is wrong.
    pub differences: Vec<Found>,
    /// What could not be looked at.
    pub notes: Vec<String>,
}

/// One contact that differs without a reason.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The address.
    pub contact: String,
    /// What is wrong.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether nothing is left unexplained.
    pub fn is_clean(&self) -> bool {
        self.unexplained == 0
    }

    /// Contacts that differ with a reason.
    pub fn explained(&self) -> u64 {
        self.explained.values().sum()
    }

    /// Notes the verdict on a contact of the shop.
    pub(super) fn note(&mut self, address: &str, verdict: Verdict) {
        self.compared += 1;
        if verdict == Verdict::Equal {
            self.equal += 1;
        } else {
            self.differs(address, verdict);
        }
    }

    /// Notes the verdict on a contact that is in a group of ours and not in the shop.
    pub(super) fn note_surplus(&mut self, address: &str, verdict: Verdict) {
        self.differs(address, verdict);
    }

    fn differs(&mut self, address: &str, verdict: Verdict) {
        match verdict {
            Verdict::Equal => {}
            Verdict::Explained(reason) => *self.explained.entry(reason).or_default() += 1,
            Verdict::Unexplained(differences) => {
                self.unexplained += 1;
                if self.differences.len() < MOST_KEPT {
                    self.differences.push(Found {
                        contact: address.to_owned(),
                        differences,
                    });
                }
            }
        }
    }
}
