//! A place in a list at which reading fails while the shop answers everything else: narrowed down to one record, which is
//! then passed over.
//!
//! One record that a shop cannot put into words makes every page fail that would hold it. So the page is asked for in
//! smaller parts, each a part of the one before, until the record stands alone; when it fails alone a few times, the list
//! goes on behind it. What was passed over is told by its id where the ids around it leave no choice, else by its place,
//! and looked up by itself later. Where nothing behind it can be read either, it is not a record but the list that fails.

use ports::Millis;
use serde::{Deserialize, Serialize};
use shoper_api::{Next, Stretch};

/// Failures of a single record before it is passed over.
const TRIES: u32 = 3;
/// Records passed over one after the other at most; where more fail, the list is at fault.
const MOST_PASSED: u32 = 50;
/// Pause after the first failure of a single record; each further one adds as much.
const PAUSE_MS: i64 = 2_000;
/// Pause before a list that fails wherever it is read is tried again.
pub const REST_MS: i64 = 10 * 60_000;

/// Where the narrowing of a place has got. Plain data, kept with the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrow {
    /// Rows asked for at once.
    rows: u32,
    /// Rows from here on in which one fails.
    left: u32,
    /// Rows after the cursor that are left out: read as parts of a numbered page, or passed over.
    skip: u32,
    /// Records passed over here.
    pub passed: u32,
    /// Failures of the single record.
    failures: u32,
    /// Not asked before.
    pub until: Millis,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// A smaller part is asked for, or the one behind the record.
    GoOn,
    /// The same again after a pause.
    Again,
    /// The list fails wherever it is read.
    GaveUp,
}

impl Narrow {
    /// A whole page has failed, of which so many rows were read before.
    pub fn page(into: u32) -> Self {
        let rows = fitting(into);
        Self {
            rows,
            left: rows,
            skip: into,
            passed: 0,
            failures: 0,
            until: 0,
        }
    }

    /// What to ask for.
    pub fn stretch(&self) -> Stretch {
        Stretch {
            rows: self.rows,
            skip: self.skip,
        }
    }

    /// It failed.
    pub fn failed(&mut self, now: Millis) -> Failed {
        if let Some(smaller) = Stretch::smaller(self.rows) {
            self.left = self.rows;
            self.rows = smaller;
            return Failed::GoOn;
        }
        self.failures += 1;
        if self.passed == 0 && self.failures < TRIES {
            self.until = now + PAUSE_MS * i64::from(self.failures);
            return Failed::Again;
        }
        if self.passed >= MOST_PASSED {
            let until = now + REST_MS;
            *self = Self {
                until,
                ..Self::page(self.skip.saturating_sub(self.passed))
            };
            return Failed::GaveUp;
        }
        self.failures = 0;
        self.passed += 1;
        self.skip += 1;
        Failed::GoOn
    }

    /// It was read, and the list goes on at `next`: what remains to be narrowed there.
    pub fn read(self, next: Next) -> Option<Self> {
        let left = self.left.saturating_sub(self.rows);
        if self.passed == 0 && left > 0 && next.into.is_multiple_of(self.rows) {
            return Some(Self {
                left,
                skip: next.into,
                failures: 0,
                until: 0,
                ..self
            });
        }
        Self::on(next.into)
    }

    /// The rest of a numbered page that was read in part; `None` where whole pages follow.
    pub fn on(into: u32) -> Option<Self> {
        (into > 0).then(|| Self {
            left: Stretch::PAGE.rows.saturating_sub(into),
            ..Self::page(into)
        })
    }
}

/// The largest part of a page that begins after so many of its rows.
fn fitting(into: u32) -> u32 {
    [Stretch::PAGE.rows, 25, 5]
        .into_iter()
        .find(|rows| into.is_multiple_of(*rows))
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use shoper_api::Cursor;

    use super::*;

    /// Reads a list of `rows` rows of which some fail, as a run does; what was read and what was passed over.
    fn walk(rows: u32, bad: &[u32], by_number: bool) -> Result<(Vec<u32>, Vec<u32>), usize> {
        let (mut read, mut passed) = (Vec::new(), Vec::new());
        let (mut base, mut narrow): (u32, Option<Narrow>) = (0, None);
        for asked in 1.. {
            let of = narrow.map_or(Stretch::PAGE, |narrow| narrow.stretch());
            assert_eq!(of.skip % of.rows, 0, "{of:?} is no page");
            let from = base + of.skip;
            let part = from..(from + of.rows).min(rows);
            if part.clone().any(|row| bad.contains(&row)) {
                let mut now = narrow.unwrap_or_else(|| Narrow::page(0));
                if now.failed(0) == Failed::GaveUp {
                    return Err(asked);
                }
                narrow = Some(now);
                continue;
            }
            if let Some(now) = narrow {
                passed.extend(from - now.passed..from);
            }
            read.extend(part.clone());
            let end = part.end.max(from);
            if end >= rows {
                return Ok((read, passed));
            }
            let into = if by_number { end % 50 } else { 0 };
            base = end - into;
            let cursor = Cursor::After(0);
            let next = Next { cursor, into };
            narrow = match narrow {
                Some(now) => now.read(next),
                None => Narrow::on(into),
            };
        }
        unreachable!("the loop ends at the end of the list")
    }

    #[test]
    fn whichever_record_fails_all_others_are_read_once_and_it_is_passed_over() {
        for by_number in [false, true] {
            for bad in 0..130 {
                let (read, passed) = walk(130, &[bad], by_number).expect("the end");
                let others: Vec<u32> = (0..130).filter(|row| *row != bad).collect();
                assert_eq!((read, passed), (others, vec![bad]), "by number: {by_number}");
            }
        }
    }

    #[test]
    fn neighbours_that_fail_are_passed_over_together_and_others_apart() {
        for by_number in [false, true] {
            for bad in [
                vec![0, 1, 2],
                vec![48, 49, 50, 51],
                vec![3, 4, 77, 129],
                (40..89).collect(),
            ] {
                let (read, passed) = walk(130, &bad, by_number).expect("the end");
                assert_eq!(passed, bad);
                assert_eq!(read.len() + bad.len(), 130);
            }
        }
    }

    #[test]
    fn a_list_that_fails_everywhere_is_given_up_after_a_bounded_number_of_requests() {
        let everything: Vec<u32> = (0..500).collect();
        let asked = walk(500, &everything, false).expect_err("given up");
        assert!(asked < 70, "{asked} requests");
    }
}
