//! The part of a configuration that one page is about, taken out and put back.

use sync_core::RecordKind;
use sync_core::config::{Config, ConsentRule, WithoutConsent};
use sync_core::mapping::{Mapping, RowText, WhenEmpty};

/// What becomes of one kind of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Whether they are synchronised.
    pub enabled: bool,
    /// The group they are put in; 0 for none.
    pub group: i64,
    /// What counts as a customer's consent; of no account for subscribers.
    pub consent: ConsentRule,
    /// What becomes of those without.
    pub without: WithoutConsent,
    /// Which SARE fields they fill.
    pub mapping: Mapping,
}

impl Section {
    /// The part about records of a kind.
    pub fn of(config: &Config, kind: RecordKind) -> Self {
        match kind {
            RecordKind::Customer => Self {
                enabled: config.customers.enabled,
                group: config.customers.group,
                consent: config.customers.consent,
                without: config.customers.without_consent,
                mapping: config.customers.mapping.clone(),
            },
            RecordKind::Subscriber => Self {
                enabled: config.subscribers.enabled,
                group: config.subscribers.group,
                consent: ConsentRule::default(),
                without: config.subscribers.without_consent,
                mapping: config.subscribers.mapping.clone(),
            },
        }
    }

    /// Puts it back in its place.
    pub fn put(&self, config: &mut Config, kind: RecordKind) {
        match kind {
            RecordKind::Customer => {
                config.customers.enabled = self.enabled;
                config.customers.group = self.group;
                config.customers.consent = self.consent;
                config.customers.without_consent = self.without;
                config.customers.mapping = self.mapping.clone();
            }
            RecordKind::Subscriber => {
                config.subscribers.enabled = self.enabled;
                config.subscribers.group = self.group;
                config.subscribers.without_consent = self.without;
                config.subscribers.mapping = self.mapping.clone();
            }
        }
    }

    /// Nobody has ever set anything here.
    pub fn is_untouched(&self) -> bool {
        !self.enabled && self.group == 0 && self.mapping.rows().is_empty()
    }

    /// The rows in a form in which two mappings that do the same are equal, but for their order.
    pub fn rows(&self) -> Vec<RowText> {
        let mut rows: Vec<RowText> = self.mapping.rows().iter().map(|row| row.text()).collect();
        for row in &mut rows {
            // With something to stand in for it, a value is never empty.
            if row.default.is_some() {
                row.when_empty = WhenEmpty::Keep;
            }
        }
        rows.sort_by(|a, b| a.target.cmp(&b.target));
        rows
    }

    /// Whether two sections do the same, the order of rows included.
    pub fn is_same(&self, other: &Self) -> bool {
        let order = |section: &Self| -> Vec<String> {
            let rows = section.mapping.rows().iter();
            rows.map(|row| row.target.to_string()).collect()
        };
        (self.enabled, self.group, self.consent, self.without)
            == (other.enabled, other.group, other.consent, other.without)
            && self.rows() == other.rows()
            && order(self) == order(other)
    }
}
