//! Newtypes for what must not be mixed.

use serde::{Deserialize, Serialize};

use crate::words;

/// A shop in our own ledger. Every key of every table starts with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShopId(pub i64);

impl std::fmt::Display for ShopId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The two kinds of records in which a shop keeps a person's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A customer or a guest who ordered (`/users`).
    Customer,
    /// A newsletter subscriber (`/subscribers`).
    Subscriber,
}

words!(RecordKind { Customer = "customer", Subscriber = "subscriber" });

impl RecordKind {
    /// The number under which the ledger keeps this kind.
    pub fn number(self) -> i64 {
        match self {
            Self::Customer => 1,
            Self::Subscriber => 2,
        }
    }

    /// The kind kept under `number`.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Customer),
            2 => Some(Self::Subscriber),
            _ => None,
        }
    }

    /// The letter by which keys of changes begin (`u` for users, `s` for subscribers).
    pub fn letter(self) -> char {
        match self {
            Self::Customer => 'u',
            Self::Subscriber => 's',
        }
    }
}

/// One record in the shop: its kind and its id there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordKey {
    /// Customer or subscriber.
    pub kind: RecordKind,
    /// `user_id` or `subscriber_id`.
    pub id: i64,
}

impl RecordKey {
    /// A customer's record.
    pub fn customer(id: i64) -> Self {
        Self {
            kind: RecordKind::Customer,
            id,
        }
    }

    /// A subscriber's record.
    pub fn subscriber(id: i64) -> Self {
        Self {
            kind: RecordKind::Subscriber,
            id,
        }
    }
}
