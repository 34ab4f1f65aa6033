//! The memory of a walk through a list by numbered pages, where rows move under one's feet.
//!
//! A list that goes by id needs none: each page begins after the last id read. In one that only has numbers a row that is
//! deleted on an earlier page draws all later ones forward, and one of them past the place that was read; the shop may
//! not tell how many pages there are, or give the same page for ever. So the walk goes back by as many rows as the count
//! has fallen, ends where a page brings nothing new, and knows how many rows it met, to be compared with the count.

use serde::{Deserialize, Serialize};

use super::{Cursor, LIMIT, Listed};

/// Pages read a second time at most: a count that goes up and down must not hold the walk for ever.
const MOST_BACK: u64 = 200;

/// Empty pages read one after the other before the list is taken to be over.
const MOST_EMPTY: u32 = 5;

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The place.
    pub cursor: Cursor,
    /// Rows of a numbered page that were read already: [`super::Stretch::skip`] of what follows.
    pub into: u32,
}

/// What a page looked like before rows were left out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Print {
    /// Readable ids in the order of the page.
    pub ids: Vec<i64>,
    /// Rows without one.
    pub nameless: u64,
    /// By which the same page is known when it comes again.
    pub mark: u64,
    /// Rows before it and with it, for one that was asked for by number.
    pub span: Option<(u64, u64)>,
    /// The shop tells how many rows or pages there are.
    pub is_told: bool,
}

/// Plain data without anything personal, to be kept with the cursor between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Walk {
    /// Rows met, each once as far as can be told.
    pub rows: u64,
    /// Rows of the whole list as the shop counted them last; `None` where it does not count.
    pub count: Option<u64>,
    /// Greatest id met.
    pub top: i64,
    /// The page read last by number.
    mark: u64,
    /// Rows up to the end of the farthest page read by number.
    far: u64,
    /// Pages gone back.
    back: u64,
    /// Empty pages one after the other.
    empty: u32,
    /// Rows that the first page of a list by id counted.
    whole: Option<u64>,
    /// A page was not in order of id.
    mixed: bool,
}

impl Walk {
    /// Takes note of what was read at `at` and says where the list goes on; `None` at its end.
    pub fn on<T>(&mut self, at: Cursor, listed: &Listed<T>) -> Option<Next> {
        let next = listed.next.map(|cursor| Next {
            cursor,
            into: listed.into,
        });
        let print = &listed.print;
        let was_top = self.top;
        self.top = print.ids.iter().copied().fold(was_top, i64::max);
        let Some((from, to)) = print.span else {
            let newer = print.ids.iter().filter(|id| **id > was_top).count() as u64;
            if self.rows == 0 {
                self.whole = listed.count;
            }
            // Rows that are read once more, as there was no room for them, are among those met.
            if at == Cursor::After(was_top) {
                let met_before = |count| if self.is_of_the_rest(count) { self.rows } else { 0 };
                self.count = listed.count.map(|count| count + met_before(count)).or(self.count);
            }
            self.rows += newer + print.nameless;
            return next;
        };
        let is_empty = print.ids.is_empty() && print.nameless == 0;
        self.empty = if is_empty { self.empty + 1 } else { 0 };
        if self.empty >= MOST_EMPTY {
            // Whatever the shop counts, nothing more comes.
            self.count = listed.count.or(self.count);
            return None;
        }
        let is_farther = from >= self.far && !is_empty;
        let is_first = self.far == 0;
        let is_same = is_farther && !is_first && print.mark == self.mark;
        self.mixed |= !print.ids.windows(2).all(|pair| pair[0] < pair[1]);
        let is_wrapped =
            is_farther && !is_first && !print.ids.is_empty() && self.top == was_top && !self.mixed;
        if is_same || is_wrapped && !print.is_told {
            return None;
        }
        let newer = print.ids.iter().filter(|id| **id > was_top).count() as u64;
        self.rows += match (self.mixed, is_farther) {
            (true, true) => print.ids.len() as u64 + print.nameless,
            (true, false) => 0,
            (false, true) => newer + print.nameless,
            (false, false) => newer,
        };
        self.mark = print.mark;
        self.far = self.far.max(to);
        let before = self.count;
        self.count = listed.count.or(before);
        let after = match at {
            Cursor::Page { after, .. } | Cursor::After(after) => after,
        };
        if let Some(back) = self.back_to(from, before, listed.count) {
            let page = u32::try_from(back / u64::from(LIMIT) + 1).unwrap_or(u32::MAX);
            let cursor = Cursor::Page { page, after };
            return Some(Next { cursor, into: 0 });
        }
        // A list is not over while it counts more rows than were met: one more page tells.
        let is_short = is_farther && self.missed() > 0;
        next.or_else(|| {
            is_short.then(|| Next {
                cursor: Cursor::Page {
                    page: u32::try_from(to / u64::from(LIMIT) + 1).unwrap_or(u32::MAX),
                    after,
                },
                into: u32::try_from(to % u64::from(LIMIT)).unwrap_or(0),
            })
        })
    }

    /// Rows that the shop counts and that were not met; 0 where it does not count by number.
    pub fn missed(&self) -> u64 {
        self.count.map_or(0, |count| count.saturating_sub(self.rows))
    }

    /// Whether a part of a list by id is empty though the shop counts rows there: something in it cannot be put into words.
    /// So many rows after the cursor were left out.
    pub fn is_hollow<T>(&self, skip: u32, listed: &Listed<T>) -> bool {
        let Print {
            ids, nameless, span, ..
        } = &listed.print;
        let is_empty = ids.is_empty() && *nameless == 0 && span.is_none();
        let Some(count) = listed.count.filter(|_| is_empty) else {
            return false;
        };
        self.is_of_the_rest(count) && count > u64::from(skip)
    }

    /// Whether a list by id counts what is left from the cursor on. A count of the whole list, the filter left out, says
    /// nothing of that; it may fall too, as rows go away, but not by as many as were read.
    fn is_of_the_rest(&self, count: u64) -> bool {
        self.rows == 0
            || self
                .whole
                .is_some_and(|whole| count + self.rows.div_ceil(2) <= whole)
    }

    /// So many rows were passed over: they were met, though not read.
    pub fn pass(&mut self, rows: u32) {
        self.rows += u64::from(rows);
    }

    /// Whether a page was not in order of id: then nothing follows from the ids around a place.
    pub fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// The row to go back to where the count has fallen: so many may have moved past the place that was read.
    fn back_to(&mut self, from: u64, before: Option<u64>, now: Option<u64>) -> Option<u64> {
        let fallen = before?.checked_sub(now?).filter(|fallen| *fallen > 0)?;
        let pages = fallen.div_ceil(u64::from(LIMIT));
        if from == 0 || self.back + pages > MOST_BACK {
            return None;
        }
        self.back += pages;
        Some(from.saturating_sub(fallen))
    }
}
