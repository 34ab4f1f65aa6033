//! The two languages in which people are spoken to.

use serde::{Deserialize, Serialize};

/// A language of panel, errors and findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Polish, the shop's own (shoper-api.md G: `pl_PL` first).
    #[default]
    Pl,
    /// English.
    En,
}
