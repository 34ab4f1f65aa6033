//! The whole configuration of a shop: read from TOML, judged, written back.
//!
//! It is the one form in which the merchant's choices are kept, exported, copied and reviewed. The
//! panel builds the same [`Config`] that a file does; the engine reads it and never changes it. The
//! SARE API key may stand in a file, and is handed over apart: a configuration never holds it.

mod check;
mod read;
mod render;

use std::collections::BTreeMap;

use secrecy::SecretString;

pub use crate::catalog::{AdditionalField, Catalog, Property, PropertyKind};
pub use crate::finding::{Finding, Severity, TemplateFault, ValueType, What};
use crate::leave_out::LeaveOut;
use crate::mapping::Mapping;
use crate::status::Status;
use crate::words;

/// The configuration of a shop.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// The SARE account.
    pub sare: Sare,
    /// What becomes of customers.
    pub customers: Customers,
    /// What becomes of newsletter subscribers.
    pub subscribers: Subscribers,
    /// What a refusal does on the other side.
    pub unsubscribe: Unsubscribe,
    /// What becomes of contacts deleted in the shop.
    pub deleted: Deleted,
    /// When to stop and ask.
    pub brake: Brake,
    /// Whose addresses are not synchronised.
    pub leave_out: LeaveOut,
    /// Where each setting stood in the file.
    pub lines: Lines,
}

/// The SARE account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sare {
    /// Its number: at least three digits.
    pub uid: String,
}

/// What becomes of customers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// Whether they are synchronised.
    pub enabled: bool,
    /// The SARE group they are put in; 0 while they are not synchronised.
    pub group: i64,
    /// What counts as their consent.
    pub consent: ConsentRule,
    /// What becomes of those without.
    pub without_consent: WithoutConsent,
    /// What becomes of those without an account: guests who ordered.
    pub without_account: WithoutAccount,
    /// Which SARE fields they fill.
    pub mapping: Mapping,
}

/// What becomes of newsletter subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscribers {
    /// Whether they are synchronised.
    pub enabled: bool,
    /// The SARE group they are put in; 0 while they are not synchronised.
    pub group: i64,
    /// What becomes of inactive ones.
    pub without_consent: WithoutConsent,
    /// Which SARE fields they fill.
    pub mapping: Mapping,
}

/// What a refusal does on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The status that a withdrawal in the shop sets in SARE.
    pub to_sare: UnsubscribeStatus,
    /// Whether such a contact leaves our groups too.
    pub leave_group: bool,
    /// Whether a refusal in SARE switches the subscriber off in the shop.
    pub to_shoper: bool,
    /// What a new opt-in after a refusal does.
    pub on_new_opt_in: OnNewOptIn,
}

impl Default for Unsubscribe {
    fn default() -> Self {
        Self {
            to_sare: UnsubscribeStatus::default(),
            leave_group: false,
            to_shoper: true,
            on_new_opt_in: OnNewOptIn::default(),
        }
    }
}

/// What becomes of contacts deleted in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// What is done in SARE.
    pub action: DeletedAction,
}

/// When a sweep stops and asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brake {
    /// More than this share of the contacts, 0 to 1 …
    pub share: f64,
    /// … and more than this many of them would be unsubscribed, removed or deleted.
    pub at_least: u32,
}

impl Brake {
    /// Of so many contacts, how many may be taken out before somebody is asked.
    pub fn most(self, contacts: i64) -> i64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share of a count of contacts"
        )]
        let share = (contacts as f64 * self.share) as i64;
        share.max(i64::from(self.at_least))
    }
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            share: 0.05,
            at_least: 20,
        }
    }
}

/// What counts as a customer's consent (shoper-api.md E.5a).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsentRule {
    /// The customer's own flag.
    Flag,
    /// An active subscriber with the same address.
    Subscriber,
    /// Either of them.
    #[default]
    FlagOrSubscriber,
    /// Both of them.
    FlagAndSubscriber,
}
words!(ConsentRule {
    FlagOrSubscriber = "flag-or-subscriber",
    FlagAndSubscriber = "flag-and-subscriber",
    Flag = "flag",
    Subscriber = "subscriber"
});

/// What becomes of contacts without consent that SARE does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutConsent {
    /// They are added as unconfirmed (6), which is never mailed.
    #[default]
    Unconfirmed,
    /// They are left out.
    Skip,
}
words!(WithoutConsent { Unconfirmed = "unconfirmed", Skip = "skip" });

/// What becomes of customers without an account (shoper-api.md E.1 `registered`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutAccount {
    /// The same as of others.
    #[default]
    AsOthers,
    /// Their own word never makes them confirmed: at most they are added as unconfirmed.
    Unconfirmed,
    /// They are left out.
    Skip,
}
words!(WithoutAccount { AsOthers = "as-others", Unconfirmed = "unconfirmed", Skip = "skip" });

/// The status that a withdrawal sets in SARE (sare-api.md 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsubscribeStatus {
    /// 4: asked to be removed.
    #[default]
    RemovalRequested,
    /// 3: removed.
    Removed,
    /// 6: not confirmed.
    Unconfirmed,
}
words!(UnsubscribeStatus {
    RemovalRequested = "removal-requested",
    Removed = "removed",
    Unconfirmed = "unconfirmed",
});

impl UnsubscribeStatus {
    /// The status it sets.
    pub fn status(self) -> Status {
        match self {
            Self::RemovalRequested => Status::RemovalRequested,
            Self::Removed => Status::RemovedAutomatically,
            Self::Unconfirmed => Status::NotConfirmed,
        }
    }
}

/// What a new opt-in in the shop does for a contact that had refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnNewOptIn {
    /// SARE's confirmation mail asks them.
    #[default]
    AskAgain,
    /// They are confirmed at once.
    Reactivate,
    /// The refusal stays.
    Leave,
}
words!(OnNewOptIn { AskAgain = "ask-again", Reactivate = "reactivate", Leave = "leave" });

/// What is done in SARE about a contact deleted in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeletedAction {
    /// Nothing.
    Keep,
    /// It leaves our groups.
    #[default]
    LeaveGroup,
    /// It is deleted.
    Delete,
}
words!(DeletedAction { LeaveGroup = "leave-group", Keep = "keep", Delete = "delete" });

/// In which line of a file each setting stood, by its path. No part of what a configuration says: any
/// two are equal.
#[derive(Debug, Clone, Default)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a setting, from 1.
    pub fn of(&self, path: &str) -> Option<usize> {
        self.0.get(path).copied()
    }

    fn note(&mut self, path: &str, line: usize) {
        self.0.insert(path.to_owned(), line);
    }
}

impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A configuration that was read, and what came with it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The configuration.
    pub config: Config,
    /// The SARE API key, where the file had one.
    pub api_key: Option<SecretString>,
    /// What is perhaps not meant as it stands.
    pub warnings: Vec<Finding>,
}

/// Why a configuration cannot be used: every finding, warnings included, by line. The crate `texts` says them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration cannot be used as it is")]
pub struct ConfigErrors(pub Vec<Finding>);

impl Config {
    /// Reads a configuration from TOML.
    ///
    /// # Errors
    /// [`ConfigErrors`] with everything that was found, not only the first of it.
    pub fn parse(text: &str) -> Result<Parsed, ConfigErrors> {
        read::read(text)
    }

    /// The configuration as TOML: every setting, in a fixed order, without the API key. Reading it
    /// gives the same configuration.
    pub fn render(&self) -> String {
        render::render(self)
    }

    /// The SARE groups of a contact with records of these kinds: those that are synchronised, each once, in order.
    pub fn groups(&self, has_customer: bool, has_subscriber: bool) -> Vec<i64> {
        let mut groups = Vec::new();
        if self.customers.enabled && has_customer {
            groups.push(self.customers.group);
        }
        if self.subscribers.enabled && has_subscriber {
            groups.push(self.subscribers.group);
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Judges what needs no file to judge: for configurations built by a form.
    pub fn validate(&self) -> Vec<Finding> {
        check::validate(self)
    }

    /// Compares the configuration with what the services say exists.
    pub fn check(&self, catalog: &Catalog) -> Vec<Finding> {
        check::check(self, catalog)
    }
}

#[cfg(test)]
mod tests;
