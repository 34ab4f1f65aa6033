//! A change of status under way.

use serde::{Deserialize, Serialize};

use super::{OptIn, Status};

/// A status change under way, kept with the contact until it is proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intent {
    /// A new opt-in waiting to be carried out.
    #[serde(rename = "wish")]
    pub opt_in: Option<OptIn>,
    /// A lowering sent and not yet proven: the status asked for.
    pub lowering_to: Option<Status>,
    /// How often it was sent.
    pub tries: u32,
    /// When a lowering was sent last, in milliseconds since 1970-01-01 UTC.
    pub sent_at: i64,
}

impl Intent {
    /// What is to be kept of it: nothing when nothing is under way.
    pub fn under_way(self) -> Option<Self> {
        (self.opt_in.is_some() || self.lowering_to.is_some()).then_some(self)
    }
}
