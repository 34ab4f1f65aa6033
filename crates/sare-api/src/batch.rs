//! How many items go into one request: nobody published how many SARE takes (sare-api.md 16 row 5).

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The number of items in a request, learnt from what SARE takes. Plain data, to be kept between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchSize {
    size: usize,
    greatest: usize,
    /// The greatest size not known to be too large.
    ceiling: usize,
    successes: u32,
}

/// Successes in a row after which the size grows.
const GROW_AFTER: u32 = 5;
/// Successes in a row after which the ceiling is tried again: a time-out may have had other causes.
const FORGET_AFTER: u32 = 200;

impl Default for BatchSize {
    /// 100, at most 250.
    fn default() -> Self {
        Self::new(100, 250)
    }
}

impl BatchSize {
    /// Begins with `start` items and grows to `greatest`; both at least 1.
    pub fn new(start: usize, greatest: usize) -> Self {
        let greatest = greatest.max(1);
        Self {
            size: start.clamp(1, greatest),
            greatest,
            ceiling: greatest,
            successes: 0,
        }
    }

    /// Items for the next request, at least 1.
    pub fn current(&self) -> usize {
        self.size.max(1)
    }

    /// A full request was taken. After five in a row the size doubles, or goes halfway to a size known
    /// to be too large.
    pub fn after_success(&mut self) {
        self.successes = self.successes.saturating_add(1);
        if self.successes.is_multiple_of(FORGET_AFTER) {
            self.ceiling = self.ceiling.saturating_mul(2).clamp(1, self.greatest.max(1));
        }
        if self.successes.is_multiple_of(GROW_AFTER) {
            let (size, ceiling) = (self.current(), self.ceiling.min(self.greatest).max(1));
            let doubled = size.saturating_mul(2);
            let next = if doubled <= ceiling || ceiling == self.greatest {
                doubled
            } else {
                size.midpoint(ceiling)
            };
            self.size = next.min(ceiling).max(1);
        }
    }

    /// A request of this size was too much: half of it from here on, and never again so many soon.
    pub fn after_too_large(&mut self) {
        self.ceiling = (self.current() - 1).max(1);
        self.size = (self.current() / 2).max(1);
        self.successes = 0;
    }
}

/// The two halves of a batch that something in it spoilt, the first no smaller than the second. `None`
/// for a single item: that one is the culprit.
pub fn split(batch: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let len = batch.len();
    if len < 2 {
        return None;
    }
    let middle = batch.start + len.div_ceil(2);
    Some((batch.start..middle, middle..batch.end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn succeed(batch: &mut BatchSize, times: usize) {
        for _ in 0..times {
            batch.after_success();
        }
    }

    #[test]
    fn it_begins_with_100_and_grows_to_250_after_five_successes_each() {
        let mut batch = BatchSize::default();
        succeed(&mut batch, 4);
        assert_eq!(batch.current(), 100);
        succeed(&mut batch, 1);
        assert_eq!(batch.current(), 200);
        succeed(&mut batch, 5);
        assert_eq!(batch.current(), 250);
        succeed(&mut batch, 500);
        assert_eq!(batch.current(), 250);
    }

    #[test]
    fn too_large_halves_down_to_one_and_stays_there() {
        let mut batch = BatchSize::default();
        let sizes: Vec<usize> = std::iter::repeat_with(|| {
            batch.after_too_large();
            batch.current()
        })
        .take(9)
        .collect();
        assert_eq!(sizes, [50, 25, 12, 6, 3, 1, 1, 1, 1]);
    }

    #[test]
    fn a_failure_breaks_the_row_of_successes() {
        let mut batch = BatchSize::default();
        succeed(&mut batch, 4);
        batch.after_too_large();
        succeed(&mut batch, 4);
        assert_eq!(batch.current(), 50);
    }

    #[test]
    fn a_size_that_was_too_large_is_not_tried_again_soon() {
        let mut batch = BatchSize::default();
        batch.after_too_large();
        succeed(&mut batch, 150);
        assert!((75..100).contains(&batch.current()), "{}", batch.current());
        succeed(&mut batch, 60);
        assert!(
            batch.current() > 100,
            "a ceiling is not for ever: {}",
            batch.current()
        );
    }

    #[test]
    fn what_was_stored_is_taken_up_again_and_nonsense_is_harmless() {
        let mut batch = BatchSize::default();
        batch.after_too_large();
        let stored = serde_json::to_string(&batch).unwrap();
        assert_eq!(serde_json::from_str::<BatchSize>(&stored).unwrap(), batch);
        assert_eq!(
            serde_json::from_str::<BatchSize>("{}").unwrap(),
            BatchSize::default()
        );

        let text = r#"{"size":0,"greatest":0,"ceiling":0,"successes":4294967295}"#;
        let mut nonsense: BatchSize = serde_json::from_str(text).unwrap();
        nonsense.after_too_large();
        succeed(&mut nonsense, 1000);
        assert_eq!(nonsense.current(), 1);
    }

    #[test]
    fn a_batch_splits_in_halves_until_one_is_left() {
        assert_eq!(split(0..5), Some((0..3, 3..5)));
        assert_eq!(split(7..9), Some((7..8, 8..9)));
        assert_eq!(split(7..8), None);
        assert_eq!(split(7..7), None);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_size_stays_in_bounds_and_settles_below_the_limit(
            limit in 1usize..400,
            start in 0usize..500,
            greatest in 0usize..500,
        ) {
            let mut batch = BatchSize::new(start, greatest);
            let mut failures = 0;
            for _ in 0..199 {
                prop_assert!((1..=greatest.max(1)).contains(&batch.current()));
                if batch.current() <= limit { batch.after_success() } else { failures += 1; batch.after_too_large() }
            }
            prop_assert!(batch.current() <= limit);
            prop_assert!(failures <= 18, "{failures} failures");
        }

        #[test]
        fn halves_make_the_whole(start in 0usize..1000, len in 2usize..1000) {
            let (first, second) = split(start..start + len).unwrap();
            prop_assert_eq!(first.start, start);
            prop_assert_eq!(first.end, second.start);
            prop_assert_eq!(second.end, start + len);
            prop_assert!(!second.is_empty() && first.len() >= second.len());
        }
    }
}
