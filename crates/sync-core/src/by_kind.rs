//! Customers and subscribers, and what there is of each.

use std::ops::{Add, Index, IndexMut, Sub};

use serde::{Deserialize, Serialize};

use crate::RecordKind;

/// Something of either kind of record. Where it is kept as a list of two, a member's `serde(with)` names the order:
/// [`customers_first`], [`subscribers_first`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ByKind<T> {
    /// The customers'.
    pub customers: T,
    /// The subscribers'.
    pub subscribers: T,
}

impl<T> ByKind<T> {
    /// What `change` makes of each.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> ByKind<U> {
        ByKind {
            customers: change(self.customers),
            subscribers: change(self.subscribers),
        }
    }
}

impl<T> Index<RecordKind> for ByKind<T> {
    type Output = T;

    fn index(&self, kind: RecordKind) -> &T {
        match kind {
            RecordKind::Customer => &self.customers,
            RecordKind::Subscriber => &self.subscribers,
        }
    }
}

impl<T> IndexMut<RecordKind> for ByKind<T> {
    fn index_mut(&mut self, kind: RecordKind) -> &mut T {
        match kind {
            RecordKind::Customer => &mut self.customers,
            RecordKind::Subscriber => &mut self.subscribers,
        }
    }
}

impl<T: Add<Output = T>> Add for ByKind<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            customers: self.customers + other.customers,
            subscribers: self.subscribers + other.subscribers,
        }
    }
}

impl<T: Sub<Output = T>> Sub for ByKind<T> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            customers: self.customers - other.customers,
            subscribers: self.subscribers - other.subscribers,
        }
    }
}

/// Records of one kind, or how two counts of them differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// All.
    pub all: i64,
    /// Those that consent by themselves: customers with the flag, subscribers that are active.
    pub consenting: i64,
}

impl Add for RecordCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            consenting: self.consenting + other.consenting,
        }
    }
}

impl Sub for RecordCounts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            all: self.all - other.all,
            consenting: self.consenting - other.consenting,
        }
    }
}

/// Kept as a list of two, the customers' first.
pub mod customers_first {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::ByKind;

    /// Writes it.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize<T: Serialize, S: Serializer>(both: &ByKind<T>, to: S) -> Result<S::Ok, S::Error> {
        (&both.customers, &both.subscribers).serialize(to)
    }

    /// Reads it.
    ///
    /// # Errors
    /// For anything but a list of two.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<ByKind<T>, D::Error> {
        let (customers, subscribers) = Deserialize::deserialize(from)?;
        Ok(ByKind {
            customers,
            subscribers,
        })
    }
}

/// Kept as a list of two, the subscribers' first, which are read first.
pub mod subscribers_first {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::ByKind;

    /// Writes it.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize<T: Serialize, S: Serializer>(both: &ByKind<T>, to: S) -> Result<S::Ok, S::Error> {
        (&both.subscribers, &both.customers).serialize(to)
    }

    /// Reads it.
    ///
    /// # Errors
    /// For anything but a list of two.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<ByKind<T>, D::Error> {
        let (subscribers, customers) = Deserialize::deserialize(from)?;
        Ok(ByKind {
            customers,
            subscribers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept {
        #[serde(with = "customers_first")]
        ids: ByKind<i64>,
        #[serde(with = "subscribers_first")]
        flags: ByKind<bool>,
        named: ByKind<Option<i64>>,
    }

    #[test]
    fn what_there_is_of_each_kind_is_kept_in_the_order_that_its_place_names() {
        let mut kept = Kept {
            ids: ByKind {
                customers: 7,
                subscribers: 8,
            },
            flags: ByKind::default(),
            named: ByKind::default(),
        };
        kept.flags[RecordKind::Customer] = true;
        kept.named[RecordKind::Subscriber] = Some(5);
        assert_eq!(
            (kept.ids[RecordKind::Customer], kept.ids[RecordKind::Subscriber]),
            (7, 8)
        );
        let text = r#"{"ids":[7,8],"flags":[false,true],"named":{"customers":null,"subscribers":5}}"#;
        assert_eq!(serde_json::to_string(&kept).unwrap(), text);
        assert_eq!(serde_json::from_str::<Kept>(text).unwrap(), kept);
        let without = r#"{"ids":[7,8],"flags":[false,true],"named":{"subscribers":5}}"#;
        assert_eq!(serde_json::from_str::<Kept>(without).unwrap(), kept);
    }
}
