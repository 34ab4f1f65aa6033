//! Traits: what SARE should hold of one person, and the fingerprint by which a change is noticed.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Target;

/// Says which encoding a fingerprint was made with; raised when the encoding changes.
const FINGERPRINT_VERSION: u8 = 1;

/// What SARE should hold of one person. An absent value means: SARE keeps what it has; an empty one:
/// SARE's is emptied. Passes through memory only and is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Traits {
    /// `name`.
    pub name: Option<String>,
    /// `gsm`.
    pub gsm: Option<String>,
    /// `comment`.
    pub comment: Option<String>,
    /// `prop1` to `prop9`, by number.
    pub prop: BTreeMap<u8, String>,
    /// `prop_cust`, by name.
    pub custom: BTreeMap<String, String>,
    /// Which of them are written only where SARE has nothing.
    pub if_empty: BTreeSet<Target>,
}

impl Traits {
    /// The value for a target.
    pub fn get(&self, target: &Target) -> Option<&str> {
        match target {
            Target::Name => self.name.as_deref(),
            Target::Gsm => self.gsm.as_deref(),
            Target::Comment => self.comment.as_deref(),
            Target::Prop(n) => self.prop.get(n).map(String::as_str),
            Target::Custom(name) => self.custom.get(name).map(String::as_str),
        }
    }

    /// Sets the value for a target.
    pub fn set(&mut self, target: &Target, value: String) {
        match target {
            Target::Name => self.name = Some(value),
            Target::Gsm => self.gsm = Some(value),
            Target::Comment => self.comment = Some(value),
            Target::Prop(n) => {
                self.prop.insert(*n, value);
            }
            Target::Custom(name) => {
                self.custom.insert(name.clone(), value);
            }
        }
    }

    /// Takes the value for a target away: SARE keeps what it has.
    pub fn unset(&mut self, target: &Target) {
        match target {
            Target::Name => self.name = None,
            Target::Gsm => self.gsm = None,
            Target::Comment => self.comment = None,
            Target::Prop(n) => {
                self.prop.remove(n);
            }
            Target::Custom(name) => {
                self.custom.remove(name);
            }
        }
        self.if_empty.remove(target);
    }

    /// All that have a value, an empty one included, in a fixed order.
    pub fn targets(&self) -> Vec<Target> {
        let mut out = Vec::new();
        out.extend(self.name.is_some().then_some(Target::Name));
        out.extend(self.gsm.is_some().then_some(Target::Gsm));
        out.extend(self.comment.is_some().then_some(Target::Comment));
        out.extend(self.prop.keys().map(|n| Target::Prop(*n)));
        out.extend(self.custom.keys().map(|name| Target::Custom(name.clone())));
        out
    }

    /// Nothing to send at all.
    pub fn is_empty(&self) -> bool {
        self.targets().is_empty()
    }

    /// One person's traits from both of their records: the customer's first, the subscriber's where
    /// the customer has none. A wish to empty a field gives way to a value.
    pub fn merge(customer: Self, subscriber: Self) -> Self {
        let mut merged = customer;
        for target in subscriber.targets() {
            let theirs = subscriber.get(&target).unwrap_or_default();
            let ours = merged.get(&target);
            if ours.is_none() || (ours == Some("") && !theirs.is_empty()) {
                merged.set(&target, theirs.to_owned());
                if subscriber.if_empty.contains(&target) {
                    merged.if_empty.insert(target);
                } else {
                    merged.if_empty.remove(&target);
                }
            }
        }
        merged
    }

    /// One person's traits, from whichever of their records there are.
    pub fn together(customer: Option<Self>, subscriber: Option<Self>) -> Self {
        match (customer, subscriber) {
            (Some(customer), Some(subscriber)) => Self::merge(customer, subscriber),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Self::default(),
        }
    }

    /// What tells these traits in these groups from any others. The order of groups is of no account.
    pub fn fingerprint(&self, groups: &[i64]) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update([FINGERPRINT_VERSION]);
        let targets = self.targets();
        hash.update(length(targets.len()));
        for target in &targets {
            for text in [target.to_string().as_str(), self.get(target).unwrap_or_default()] {
                hash.update(length(text.len()));
                hash.update(text.as_bytes());
            }
            hash.update([u8::from(self.if_empty.contains(target))]);
        }
        let groups: BTreeSet<i64> = groups.iter().copied().collect();
        hash.update(length(groups.len()));
        for group in groups {
            hash.update(group.to_be_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        out
    }
}

fn length(n: usize) -> [u8; 8] {
    u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes()
}

impl std::fmt::Debug for Traits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.targets().iter().map(ToString::to_string).collect();
        f.debug_struct("Traits")
            .field("filled", &names)
            .finish_non_exhaustive()
    }
}
