//! Finding rows by e-mail address without regard to case.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Ids by address. An address may have several.
#[derive(Debug, Default)]
pub(super) struct EmailIndex(BTreeSet<(Arc<str>, i64)>);

impl EmailIndex {
    /// Adds an id of an address.
    pub(super) fn insert(&mut self, email: &Arc<str>, id: i64) {
        self.0.insert((folded(email), id));
    }

    /// Takes an id of an address away.
    pub(super) fn remove(&mut self, email: &Arc<str>, id: i64) {
        self.0.remove(&(folded(email), id));
    }

    /// The ids of an address, ascending.
    pub(super) fn ids(&self, email: &str) -> Vec<i64> {
        let key: Arc<str> = email.to_lowercase().into();
        self.0
            .range((Arc::clone(&key), i64::MIN)..=(key, i64::MAX))
            .map(|(_, id)| *id)
            .collect()
    }

    /// The lowest id of an address.
    pub(super) fn first(&self, email: &str) -> Option<i64> {
        self.ids(email).first().copied()
    }
}

/// Most addresses are in lower case already and share their text with the row.
fn folded(email: &Arc<str>) -> Arc<str> {
    if email
        .chars()
        .any(|c| c.is_uppercase() || (!c.is_ascii() && c.is_alphabetic()))
    {
        email.to_lowercase().into()
    } else {
        Arc::clone(email)
    }
}
