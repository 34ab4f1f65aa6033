//! The two services, and what there is of each.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Which service is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The shop.
    Shoper,
    /// SARE.
    Sare,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Shoper, Self::Sare];
}

/// Something of either side. Kept as a list of two, the shop's first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(T, T)", into = "(T, T)")]
#[serde(bound(serialize = "T: Clone + Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct BySide<T> {
    /// The shop's.
    pub shoper: T,
    /// SARE's.
    pub sare: T,
}

impl<T> BySide<T> {
    /// What `change` makes of each.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> BySide<U> {
        BySide {
            shoper: change(self.shoper),
            sare: change(self.sare),
        }
    }
}

impl<T> From<(T, T)> for BySide<T> {
    fn from((shoper, sare): (T, T)) -> Self {
        Self { shoper, sare }
    }
}

impl<T> From<BySide<T>> for (T, T) {
    fn from(both: BySide<T>) -> Self {
        (both.shoper, both.sare)
    }
}

impl<T> Index<Side> for BySide<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Shoper => &self.shoper,
            Side::Sare => &self.sare,
        }
    }
}

impl<T> IndexMut<Side> for BySide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Shoper => &mut self.shoper,
            Side::Sare => &mut self.sare,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_of_each_side_is_kept_as_a_list_of_two() {
        let mut both = BySide { shoper: 1, sare: 2 };
        both[Side::Sare] += 3;
        assert_eq!(Side::BOTH.map(|side| both[side]), [1, 5]);
        assert_eq!(serde_json::to_string(&both).unwrap(), "[1,5]");
        assert_eq!(serde_json::from_str::<BySide<i64>>("[1,5]").unwrap(), both);
    }
}
