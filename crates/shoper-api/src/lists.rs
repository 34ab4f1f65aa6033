//! Walking through a list (shoper-api.md D.1–D.3).
//!
//! Rows are asked for by id, each page beginning after the last id read, as numbered pages skip rows
//! when something on an earlier page is deleted meanwhile. No public source shows that the lists of
//! customers and subscribers can be filtered by id, and a filter can be refused or silently ignored
//! (shoper-api.md H.11). So every page is looked at, and a list that cannot do it is read by numbered
//! pages in order of id.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::answer::Answer;
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::{flag_of, integer_of, text_of};
use crate::wire::page::RawPage;

/// Rows of a page. With more the shop silently serves 10 (shoper-api.md D.1).
pub(crate) const LIMIT: u32 = 50;
/// Pages read at most of a list that does not say how many it has.
const MOST_PAGES: u32 = 100_000;

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
    /// Where the list goes on; `None` at its end.
    pub next: Option<Cursor>,
    /// Rows of what was asked for as the shop counts them: from the cursor on for [`Cursor::After`], of
    /// the whole list for [`Cursor::Page`].
    pub count: Option<u64>,
}

/// Objects asked for by id.
#[derive(Debug, Clone, PartialEq)]
pub struct ByIds<T, I> {
    /// Those the list named.
    pub found: Vec<T>,
    /// Those it did not, which proves nothing: ask for each alone (shoper-api.md H.14).
    pub missing: Vec<I>,
}

/// A row of a list.
pub(crate) trait Row: DeserializeOwned {
    /// The list, as in its path.
    const RESOURCE: &'static str;
    /// The field that holds the id.
    const ID: &'static str;
    /// The id.
    fn id(&self) -> i64;
}

/// A page, read.
struct Page<T> {
    rows: Vec<T>,
    broken: Vec<Broken>,
    /// Readable ids in the order of the page, those of broken rows included.
    ids: Vec<i64>,
    count: Option<u64>,
    pages: Option<u64>,
    page: Option<u64>,
}

impl<T: Row> Page<T> {
    fn read(answer: &Answer) -> Result<Self, Error> {
        let raw =
            RawPage::read(answer.json(), &answer.headers).ok_or_else(|| answer.not_understood("a list"))?;
        let mut page = Self {
            rows: Vec::with_capacity(raw.rows.len()),
            broken: Vec::new(),
            ids: Vec::with_capacity(raw.rows.len()),
            count: raw.count,
            pages: raw.pages,
            page: raw.page,
        };
        for row in raw.rows {
            match serde_json::from_str::<T>(row.get()) {
                Ok(row) => {
                    page.ids.push(row.id());
                    page.rows.push(row);
                }
                Err(_) => {
                    let value: Value = serde_json::from_str(row.get()).unwrap_or_default();
                    let id = value.get(T::ID).and_then(integer_of).filter(|id| *id > 0);
                    page.ids.extend(id);
                    page.broken.push(Broken { id });
                }
            }
        }
        if !page.broken.is_empty() {
            tracing::debug!(
                resource = T::RESOURCE,
                rows = page.broken.len(),
                "rows that cannot be read"
            );
        }
        Ok(page)
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.broken.is_empty()
    }

    fn len(&self) -> u64 {
        (self.rows.len() + self.broken.len()) as u64
    }

    fn is_ascending(&self) -> bool {
        self.ids.windows(2).all(|pair| pair[0] < pair[1])
    }

    /// Whether pages follow this one, which was asked for as number `page`. Only `pages` tells, never a
    /// short page; and no list has more pages than rows.
    fn has_more(&self, page: u32) -> bool {
        let page = u64::from(page);
        match (self.pages, self.count) {
            (Some(pages), Some(count)) => page < pages && page < count,
            (Some(pages), None) => page < pages && page < u64::from(MOST_PAGES),
            (None, Some(count)) => !self.is_empty() && page.saturating_mul(self.len()) < count,
            (None, None) => !self.is_empty() && page < u64::from(MOST_PAGES),
        }
    }

    /// Whether the shop gave another page than the one asked for: it does so past the end.
    fn is_another(&self, page: u32) -> bool {
        self.page.is_some_and(|told| told > 0 && told < u64::from(page))
    }
}

impl<T> Listed<T> {
    fn end(count: Option<u64>) -> Self {
        Self {
            rows: Vec::new(),
            broken: Vec::new(),
            next: None,
            count,
        }
    }
}

/// The query of a list.
fn query(page: u32, order: Option<&str>, filters: Option<&Value>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::with_capacity(96));
    query
        .append_pair("page", &page.to_string())
        .append_pair("limit", &LIMIT.to_string());
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
        match cursor {
            Cursor::After(last) => self.list_after(last).await,
            Cursor::Page { page, after } => self.list_numbered(page.max(1), after).await,
        }
    }

    async fn list_after<T: Row>(&self, last: i64) -> Result<Listed<T>, Error> {
        let filters = json!({ T::ID: { ">": last } });
        let answer = match self
            .get(T::RESOURCE, &query(1, Some(T::ID), Some(&filters)))
            .await
        {
            Err(error) if error.refuses_filter() => {
                tracing::debug!(resource = T::RESOURCE, %error, "the list cannot be asked by id");
                return self.list_numbered(1, last).await;
            }
            answer => answer?,
        };
        let page = Page::<T>::read(&answer)?;
        let is_filtered = page.ids.iter().all(|id| *id > last);
        if is_filtered && page.is_ascending() {
            let more = !page.is_empty() && page.has_more(1);
            let next = more.then(|| match page.ids.last() {
                Some(last) => Cursor::After(*last),
                // A page without a single id: only numbers lead past it.
                None => Cursor::Page { page: 1, after: last },
            });
            return Ok(Listed {
                rows: page.rows,
                broken: page.broken,
                next,
                count: page.count,
            });
        }
        tracing::debug!(resource = T::RESOURCE, is_filtered, "the list does not go by id");
        if is_filtered && last > 0 {
            // In another order, the first page of the rest is not the first page of the whole.
            return self.list_numbered(1, last).await;
        }
        Ok(settle(page, 1, last))
    }

    async fn list_numbered<T: Row>(&self, page: u32, after: i64) -> Result<Listed<T>, Error> {
        let answer = match self.get(T::RESOURCE, &query(page, Some(T::ID), None)).await {
            // Rows were deleted meanwhile; what a page past the end looks like is unknown (H.14).
            Err(Error::NotFound) if page > 1 => return Ok(Listed::end(None)),
            answer => answer?,
        };
        let read = Page::<T>::read(&answer)?;
        if read.is_another(page) {
            return Ok(Listed::end(read.count));
        }
        Ok(settle(read, page, after))
    }

    /// All rows of a small list; those that cannot be read are left out.
    pub(crate) async fn list_all<T: Row>(&self) -> Result<Vec<T>, Error> {
        self.walk(|page| query(page, None, None), |_| Ok(())).await
    }

    /// All rows that answer `filters`, on `field` in the first place. `belongs` proves of each row that the
    /// shop took notice.
    pub(crate) async fn list_where<T: Row>(
        &self,
        field: &'static str,
        filters: &Value,
        belongs: impl Fn(&T) -> bool,
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
            .walk(|page| query(page, Some(T::ID), Some(filters)), proven)
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
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        for page in 1.. {
            let answer = match self.get(T::RESOURCE, &query(page)).await {
                Err(Error::NotFound) if page > 1 => break,
                answer => answer?,
            };
            let read = Page::<T>::read(&answer)?;
            if read.is_another(page) {
                break;
            }
            proven(&read.rows)?;
            let more = !read.is_empty() && read.has_more(page);
            all.extend(read.rows.into_iter().filter(|row| seen.insert(row.id())));
            if !more {
                break;
            }
        }
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
                self.list_where(T::ID, &filters, |row: &T| wanted.contains(&row.id()))
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
        let row: T = answer.decode(what)?;
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

/// A numbered page without what was read before.
fn settle<T: Row>(page: Page<T>, number: u32, after: i64) -> Listed<T> {
    let next = page.has_more(number).then(|| Cursor::Page {
        page: number.saturating_add(1),
        after,
    });
    let Page {
        mut rows,
        mut broken,
        count,
        ..
    } = page;
    let mut seen = HashSet::with_capacity(rows.len());
    rows.retain(|row| row.id() > after && seen.insert(row.id()));
    broken.retain(|row| row.id.is_none_or(|id| id > after));
    Listed {
        rows,
        broken,
        next,
        count,
    }
}
