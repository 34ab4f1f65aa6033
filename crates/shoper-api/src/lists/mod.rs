//! Walking through a list (shoper-api.md D.1–D.3).
//!
//! Rows are asked for by id, each page beginning after the last id read, as numbered pages skip rows
//! when something on an earlier page is deleted meanwhile. No public source shows that the lists of
//! customers and subscribers can be filtered by id, and a filter can be refused or silently ignored
//! (shoper-api.md H.11). So every page is looked at, and a list that cannot do it is read by numbered
//! pages in order of id.

mod changed;
mod glance;
mod page;
mod row;
mod walk;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::{flag_of, text_of};
use crate::wire::page::RawPage;

pub use changed::ChangeList;
pub use glance::{Glance, GlanceList};
use page::Page;
pub use page::Stretch;
pub(crate) use row::Row;
use walk::Print;
pub use walk::{Next, Walk};

/// Rows of a page. With more the shop silently serves 10 (shoper-api.md D.1).
pub(crate) const LIMIT: u32 = 50;
/// Pages read at most of a list that does not say how many it has: a million rows.
const MOST_PAGES: u32 = 20_000;
/// How often a filtered list is read anew because rows went away while it was read.
const MOST_READINGS: u32 = 3;

/// A place in a list. The default is its start. Plain data, to be kept between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// After the row with this id.
    After(i64),
    /// In a list that cannot be asked by id: the numbered page, without rows up to that id, which were
    /// read before.
    Page {
        /// From 1.
        page: u32,
        /// The greatest id already read.
        after: i64,
    },
}

impl Default for Cursor {
    fn default() -> Self {
        Self::After(0)
    }
}

/// A row that could not be read; it spoils no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Its id, where at least that can be read.
    pub id: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// What could be read.
    pub rows: Vec<T>,
    /// What could not.
    pub broken: Vec<Broken>,
    /// For each broken row without a readable id, the id before it; 0 where none is known.
    pub nameless: Vec<i64>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Cursor>,
    /// Rows of the next numbered page that were read already: [`Stretch::skip`] of what follows.
    pub into: u32,
    /// Rows of what was asked for as the shop counts them: from the cursor on for [`Cursor::After`], of
    /// the whole list for [`Cursor::Page`].
    pub count: Option<u64>,
    /// What a [`Walk`] judges by.
    pub(crate) print: Print,
}

/// Whether a row that cannot be read spoils the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// No: it is left out, and asked for in another way.
    Readable,
    /// Yes: without it the others would pass for all there are.
    All,
}

/// Objects asked for by id.
#[derive(Debug, Clone, PartialEq)]
pub struct ByIds<T, I> {
    /// Those the list named.
    pub found: Vec<T>,
    /// Those it did not, which proves nothing: ask for each alone (shoper-api.md H.14).
    pub missing: Vec<I>,
}

impl<T> Listed<T> {
    fn end(count: Option<u64>) -> Self {
        Self {
            rows: Vec::new(),
            broken: Vec::new(),
            nameless: Vec::new(),
            next: None,
            into: 0,
            count,
            print: Print::default(),
        }
    }
}

/// The query of a list.
fn query(page: u32, order: Option<&str>, filters: Option<&Value>) -> String {
    query_of(LIMIT, page, order, filters)
}

/// The query of a list, with so many rows a page.
fn query_of(limit: u32, page: u32, order: Option<&str>, filters: Option<&Value>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::with_capacity(96));
    query
        .append_pair("page", &page.to_string())
        .append_pair("limit", &limit.to_string());
    if let Some(field) = order {
        // Without a direction it would be descending (shoper-api.md D.3).
        query.append_pair("order", &format!("{field} ASC"));
    }
    if let Some(filters) = filters {
        query.append_pair("filters", &filters.to_string());
    }
    query.finish()
}

impl Client {
    /// One page of the list of `T`.
    pub(crate) async fn list<T: Row>(&self, cursor: Cursor) -> Result<Listed<T>, Error> {
        self.stretch(cursor, Stretch::PAGE).await
    }

    /// A part of a page of the list of `T`.
    pub(crate) async fn stretch<T: Row>(&self, cursor: Cursor, of: Stretch) -> Result<Listed<T>, Error> {
        match cursor {
            Cursor::After(last) => self.list_after(last, of).await,
            Cursor::Page { page, after } => {
                let before = (page.max(1) - 1).saturating_mul(LIMIT);
                let skip = before.saturating_add(of.skip);
                self.list_numbered(Stretch { skip, ..of }, after).await
            }
        }
    }

    async fn list_after<T: Row>(&self, last: i64, of: Stretch) -> Result<Listed<T>, Error> {
        let filters = json!({ T::ID: { ">": last } });
        let query = query_of(of.rows, of.page(), Some(T::ID), Some(&filters));
        let answer = match self.get(T::RESOURCE, &query).await {
            Err(error) if error.refuses_filter() => {
                tracing::debug!(resource = T::RESOURCE, %error, "the list cannot be asked by id");
                return self.list_numbered(of, last).await;
            }
            answer => answer?,
        };
        let page = Page::<T>::read(&answer)?;
        if page.is_another(of.page()) {
            return Ok(Listed::end(page.count));
        }
        let is_filtered = page.ids.iter().all(|id| *id > last);
        if is_filtered && page.is_ascending() {
            // A number of pages that leaves out rows it counts is not believed: one more question tells.
            let counted = page
                .count
                .is_some_and(|count| count > u64::from(of.skip) + page.len());
            let more = !page.is_empty() && (page.has_more(of.page()) || counted);
            let next = more.then(|| match page.ids.last() {
                Some(last) => Cursor::After(*last),
                // A page without a single id: only numbers lead past it.
                None => Cursor::Page { page: 1, after: last },
            });
            let print = print_of(&page, None);
            return Ok(Listed {
                rows: page.rows,
                broken: page.broken,
                nameless: page.nameless,
                next,
                into: 0,
                count: page.count,
                print,
            });
        }
        tracing::debug!(resource = T::RESOURCE, is_filtered, "the list does not go by id");
        if is_filtered && last > 0 {
            // In another order, the first page of the rest is not the first page of the whole.
            return self.list_numbered(of, last).await;
        }
        Ok(settle(page, of, last))
    }

    /// A part of the list without a filter: `of.skip` counts from its beginning.
    async fn list_numbered<T: Row>(&self, of: Stretch, after: i64) -> Result<Listed<T>, Error> {
        let number = of.page();
        let query = query_of(of.rows, number, Some(T::ID), None);
        let answer = match self.get(T::RESOURCE, &query).await {
            // Rows were deleted meanwhile; what a page past the end looks like is unknown (H.14).
            Err(Error::NotFound) if number > 1 => return Ok(Listed::end(None)),
            answer => answer?,
        };
        let read = Page::<T>::read(&answer)?;
        if read.is_another(number) {
            return Ok(Listed::end(read.count));
        }
        Ok(settle(read, of, after))
    }

    /// All rows of a small list; those that cannot be read are left out.
    pub(crate) async fn list_all<T: Row>(&self) -> Result<Vec<T>, Error> {
        self.walk(|page| query(page, None, None), |_| Ok(()), Rows::Readable)
            .await
    }

    /// All rows that answer `filters`, on `field` in the first place. `belongs` proves of each row that the
    /// shop took notice.
    pub(crate) async fn list_where<T: Row>(
        &self,
        field: &'static str,
        filters: &Value,
        belongs: impl Fn(&T) -> bool,
        which: Rows,
    ) -> Result<Vec<T>, Error> {
        let unsupported = || Error::FilterUnsupported {
            resource: T::RESOURCE,
            field,
        };
        let proven = |rows: &[T]| {
            if rows.iter().all(&belongs) {
                Ok(())
            } else {
                Err(unsupported())
            }
        };
        let rows = self
            .walk(|page| query(page, Some(T::ID), Some(filters)), proven, which)
            .await;
        rows.map_err(|error| {
            if error.refuses_filter() {
                unsupported()
            } else {
                error
            }
        })
    }

    async fn walk<T: Row>(
        &self,
        query: impl Fn(u32) -> String,
        proven: impl Fn(&[T]) -> Result<(), Error>,
        which: Rows,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        let mut readings = 1;
        let mut counted = None;
        let mut number = 0;
        loop {
            number += 1;
            let answer = match self.get(T::RESOURCE, &query(number)).await {
                Err(Error::NotFound) if number > 1 => break,
                answer => answer?,
            };
            let read = Page::<T>::read(&answer)?;
            if read.is_another(number) {
                break;
            }
            proven(&read.rows)?;
            if which == Rows::All && !read.broken.is_empty() {
                return Err(answer.not_understood("a row of the list"));
            }
            let more = !read.is_empty() && read.has_more(number);
            let fewer = matches!((counted, read.count), (Some(before), Some(now)) if now < before);
            counted = read.count.or(counted);
            let known = seen.len();
            seen.extend(read.ids.iter().copied());
            let is_new = number == 1 || seen.len() > known || !read.nameless.is_empty();
            all.extend(read.rows);
            if fewer && number > 1 && readings < MOST_READINGS {
                // Rows went away from a page read before, and others moved up into it: once more from the beginning.
                readings += 1;
                number = 0;
            } else if !more || !is_new && number > 1 {
                break;
            }
        }
        // Of a row that was read twice the newer reading counts.
        let mut newest = HashSet::new();
        all.reverse();
        all.retain(|row| newest.insert(row.id()));
        all.reverse();
        Ok(all)
    }

    /// How many rows answer `filters`, pairs of field and value. `None` where the shop refuses or ignores
    /// them, or does not count.
    pub(crate) async fn count<T: Row>(&self, filters: &[(&str, &str)]) -> Result<Option<u64>, Error> {
        let wanted: Option<Value> =
            (!filters.is_empty()).then(|| filters.iter().map(|(field, value)| (*field, *value)).collect());
        let answer = match self.get(T::RESOURCE, &query(1, None, wanted.as_ref())).await {
            Err(error) if wanted.is_some() && error.refuses_filter() => return Ok(None),
            answer => answer?,
        };
        let page =
            RawPage::read(answer.json(), &answer.headers).ok_or_else(|| answer.not_understood("a list"))?;
        let filtered = page.rows.iter().all(|row| {
            let row: Value = serde_json::from_str(row.get()).unwrap_or_default();
            filters.iter().all(|(field, value)| holds(&row[*field], value))
        });
        Ok(page.count.filter(|_| filtered))
    }

    /// Rows with these ids.
    pub(crate) async fn list_by_ids<T: Row, I: Copy>(
        &self,
        ids: &[I],
        number: impl Fn(I) -> i64,
    ) -> Result<ByIds<T, I>, Error> {
        let mut found: Vec<T> = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(LIMIT as usize) {
            let wanted: Vec<i64> = chunk.iter().map(|id| number(*id)).collect();
            let filters = json!({ T::ID: { "in": wanted } });
            found.extend(
                self.list_where(
                    T::ID,
                    &filters,
                    |row: &T| wanted.contains(&row.id()),
                    Rows::Readable,
                )
                .await?,
            );
        }
        let named: HashSet<i64> = found.iter().map(Row::id).collect();
        let missing = ids
            .iter()
            .copied()
            .filter(|id| !named.contains(&number(*id)))
            .collect();
        Ok(ByIds { found, missing })
    }

    /// The object with this id.
    pub(crate) async fn one<T: Row>(&self, id: i64, what: &'static str) -> Result<T, Error> {
        let answer = self.get_one(T::RESOURCE, id).await?;
        let text = std::str::from_utf8(answer.json()).ok();
        let row: T = text
            .and_then(|text| row::read(text).ok())
            .ok_or_else(|| answer.not_understood(what))?;
        if row.id() == id {
            Ok(row)
        } else {
            Err(answer.not_understood(what))
        }
    }
}

/// Whether a row's member is what a filter asked for; a flag can come in several ways.
fn holds(member: &Value, wanted: &str) -> bool {
    let flag = match wanted {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    text_of(member).is_some_and(|text| text == wanted) || (flag.is_some() && flag_of(member) == flag)
}

fn print_of<T: Row>(page: &Page<T>, span: Option<(u64, u64)>) -> Print {
    Print {
        ids: page.ids.clone(),
        nameless: page.nameless.len() as u64,
        mark: page.mark,
        span,
        is_told: page.tells(),
    }
}

/// A numbered page without what was read before.
fn settle<T: Row>(page: Page<T>, of: Stretch, after: i64) -> Listed<T> {
    let read = of.skip.saturating_add(of.rows);
    let next = page.has_more(of.page()).then(|| Cursor::Page {
        page: (read / LIMIT).saturating_add(1),
        after,
    });
    let print = print_of(&page, Some((u64::from(of.skip), u64::from(read))));
    let Page {
        mut rows,
        mut broken,
        nameless,
        count,
        ..
    } = page;
    let mut seen = HashSet::with_capacity(rows.len());
    rows.retain(|row| row.id() > after && seen.insert(row.id()));
    broken.retain(|row| row.id.is_none_or(|id| id > after));
    Listed {
        rows,
        broken,
        nameless,
        into: if next.is_some() { read % LIMIT } else { 0 },
        next,
        count,
        print,
    }
}
