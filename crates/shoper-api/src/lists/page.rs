//! A page of a list, read row by row.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::row::{self, Row};
use super::{Broken, LIMIT, MOST_PAGES};
use crate::answer::Answer;
use crate::error::Error;
use crate::wire::page::RawPage;

/// A page, read.
pub(super) struct Page<T> {
    pub rows: Vec<T>,
    pub broken: Vec<Broken>,
    /// For each broken row without a readable id, the id before it on the page; 0 at its beginning.
    pub nameless: Vec<i64>,
    /// Readable ids in the order of the page, those of broken rows included.
    pub ids: Vec<i64>,
    pub count: Option<u64>,
    pub pages: Option<u64>,
    pub page: Option<u64>,
    /// By which the same page is known when it comes again.
    pub mark: u64,
}

impl<T: Row> Page<T> {
    pub fn read(answer: &Answer) -> Result<Self, Error> {
        let raw =
            RawPage::read(answer.json(), &answer.headers).ok_or_else(|| answer.not_understood("a list"))?;
        let mut page = Self {
            rows: Vec::with_capacity(raw.rows.len()),
            broken: Vec::new(),
            nameless: Vec::new(),
            ids: Vec::with_capacity(raw.rows.len()),
            count: raw.count,
            pages: raw.pages,
            page: raw.page,
            mark: 0,
        };
        let mut mark = DefaultHasher::new();
        for raw in raw.rows {
            match row::read::<T>(raw.get()) {
                Ok(row) => {
                    row.id().hash(&mut mark);
                    page.ids.push(row.id());
                    page.rows.push(row);
                }
                Err(id) => {
                    if id.is_none() {
                        raw.get().hash(&mut mark);
                        page.nameless.push(page.ids.last().copied().unwrap_or(0));
                    }
                    id.hash(&mut mark);
                    page.ids.extend(id);
                    page.broken.push(Broken { id });
                }
            }
        }
        page.mark = mark.finish();
        if !page.broken.is_empty() {
            tracing::debug!(
                resource = T::RESOURCE,
                rows = page.broken.len(),
                "rows that cannot be read"
            );
        }
        Ok(page)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.broken.is_empty()
    }

    pub fn len(&self) -> u64 {
        (self.rows.len() + self.broken.len()) as u64
    }

    pub fn is_ascending(&self) -> bool {
        self.ids.windows(2).all(|pair| pair[0] < pair[1])
    }

    /// Whether pages follow this one, which was asked for as number `page`. Only `pages` tells, never a
    /// short page; and no list has more pages than rows.
    pub fn has_more(&self, page: u32) -> bool {
        let page = u64::from(page);
        match (self.pages, self.count) {
            (Some(pages), Some(count)) => page < pages && page < count,
            (Some(pages), None) => page < pages && page < u64::from(MOST_PAGES),
            (None, Some(count)) => !self.is_empty() && page.saturating_mul(self.len()) < count,
            (None, None) => !self.is_empty() && page < u64::from(MOST_PAGES),
        }
    }

    /// Whether the shop gave another page than the one asked for: it does so past the end.
    pub fn is_another(&self, page: u32) -> bool {
        self.page.is_some_and(|told| told > 0 && told < u64::from(page))
    }

    /// Whether either number about the list could be read.
    pub fn tells(&self) -> bool {
        self.pages.is_some() || self.count.is_some()
    }
}

/// How much of a list is asked for at once. Less than a page is asked for where one record makes the whole page fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Rows at most: 50, 25, 5 or 1. Each is a part of the one before, so that numbered pages of any of them fit together.
    pub rows: u32,
    /// Rows after the cursor that are left out; a multiple of `rows`.
    pub skip: u32,
}

impl Stretch {
    /// A whole page.
    pub const PAGE: Self = Self { rows: LIMIT, skip: 0 };

    /// The page to ask for, from 1, counted from the cursor.
    pub(super) fn page(self) -> u32 {
        self.skip / self.rows.max(1) + 1
    }

    /// The next smaller number of rows; `None` for a single row.
    #[must_use]
    pub fn smaller(rows: u32) -> Option<u32> {
        match rows {
            26.. => Some(25),
            6..=25 => Some(5),
            2..=5 => Some(1),
            _ => None,
        }
    }
}
