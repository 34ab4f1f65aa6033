//! Rows of one resource by id, with order statistics: counting the rows of a range of ids and
//! finding the n-th row take logarithmic time, so that a page of 200,000 rows never scans them.

use std::sync::Arc;

/// Rows with ids from 1 upwards that are never used again.
#[derive(Debug)]
pub(super) struct Table<T> {
    /// The row of id `n` stands at `n - 1`.
    rows: Vec<Option<Arc<T>>>,
    /// Fenwick tree over which rows are there.
    sums: Vec<u32>,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            sums: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Table<T> {
    /// Makes room for this many more rows at once.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
        self.sums.reserve(more);
    }

    /// Adds the row that `make` builds from its new id.
    pub(super) fn insert(&mut self, make: impl FnOnce(i64) -> T) -> i64 {
        let id = self.rows.len() as i64 + 1;
        self.rows.push(Some(Arc::new(make(id))));
        let index = self.rows.len();
        let mut sum = 1;
        let (mut below, end) = (index - 1, index - lowest_bit(index));
        while below > end {
            sum += self.sums[below - 1];
            below -= lowest_bit(below);
        }
        self.sums.push(sum);
        self.len += 1;
        id
    }

    /// The row of this id.
    pub(super) fn get(&self, id: i64) -> Option<&Arc<T>> {
        self.rows.get(position(id)?)?.as_ref()
    }

    /// Puts a new version in the place of the row of this id, if that is there.
    pub(super) fn replace(&mut self, id: i64, row: T) {
        if let Some(slot) = position(id).and_then(|at| self.rows.get_mut(at))
            && slot.is_some()
        {
            *slot = Some(Arc::new(row));
        }
    }

    /// Takes the row of this id out.
    pub(super) fn remove(&mut self, id: i64) -> Option<Arc<T>> {
        let at = position(id)?;
        let row = self.rows.get_mut(at)?.take()?;
        let mut index = at + 1;
        while index <= self.sums.len() {
            self.sums[index - 1] -= 1;
            index += lowest_bit(index);
        }
        self.len -= 1;
        Some(row)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many rows have an id up to and including this one.
    pub(super) fn rank(&self, id: i64) -> usize {
        let mut index = usize::try_from(id).unwrap_or(0).min(self.sums.len());
        let mut rank = 0;
        while index > 0 {
            rank += self.sums[index - 1] as usize;
            index -= lowest_bit(index);
        }
        rank
    }

    /// The id of the row that has `before` rows before it.
    pub(super) fn select(&self, before: usize) -> Option<i64> {
        if before >= self.len {
            return None;
        }
        let (mut index, mut left) = (0, before);
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            let next = index + step;
            if next <= self.sums.len() && self.sums[next - 1] as usize <= left {
                left -= self.sums[next - 1] as usize;
                index = next;
            }
            step /= 2;
        }
        Some(index as i64 + 1)
    }

    /// Every row, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.iter().flatten()
    }

    /// The rows with ids from `low` to `high`, both included, by id.
    pub(super) fn range(&self, low: i64, high: i64) -> impl Iterator<Item = &Arc<T>> {
        let start = usize::try_from(low.saturating_sub(1))
            .unwrap_or(0)
            .min(self.rows.len());
        let end = usize::try_from(high).unwrap_or(0).clamp(start, self.rows.len());
        self.rows[start..end].iter().flatten()
    }
}

fn position(id: i64) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

fn lowest_bit(index: usize) -> usize {
    index & index.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_and_selections_agree_with_a_plain_map(steps in prop::collection::vec(0i64..60, 0..120)) {
            let (mut table, mut model) = (Table::default(), BTreeMap::new());
            for step in steps {
                if step < 40 {
                    let id = table.insert(|id| id * 10);
                    model.insert(id, id * 10);
                } else {
                    let id = step - 39;
                    prop_assert_eq!(table.remove(id).map(|row| *row), model.remove(&id));
                }
            }
            prop_assert_eq!(table.len(), model.len());
            for id in -2..130 {
                prop_assert_eq!(table.rank(id), model.range(..=id).count());
                prop_assert_eq!(table.get(id).map(|row| **row), model.get(&id).copied());
                let range: Vec<i64> = table.range(id, id + 7).map(|row| **row).collect();
                prop_assert_eq!(range, model.range(id..=id + 7).map(|(_, row)| *row).collect::<Vec<_>>());
            }
            for before in 0..=model.len() {
                prop_assert_eq!(table.select(before), model.keys().nth(before).copied());
            }
        }
    }

    #[test]
    fn an_id_is_never_used_again() {
        let mut table = Table::default();
        let first = table.insert(|id| id);
        table.remove(first);
        assert_eq!(table.insert(|id| id), first + 1);
        table.replace(first, 99);
        assert!(table.get(first).is_none());
    }
}
