//! One page of a list as it came: numbers about the list, and rows yet to be read (shoper-api.md D.1).

use std::fmt;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lenient;

/// A page, its rows unread: one that cannot be read spoils no other.
#[derive(Debug, Default)]
pub(crate) struct RawPage<'a> {
    pub rows: Vec<&'a RawValue>,
    /// Rows of the whole list.
    pub count: Option<u64>,
    /// Pages of the whole list; 0 for an empty one.
    pub pages: Option<u64>,
    /// The number of this page, from 1.
    pub page: Option<u64>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "lenient::integer")]
    count: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pages: Option<i64>,
    #[serde(default, deserialize_with = "lenient::integer")]
    page: Option<i64>,
    #[serde(borrow)]
    list: Option<Rows<'a>>,
}

impl<'a> RawPage<'a> {
    /// Takes a page apart; two resources answer a bare list, which is then the whole of it. Numbers that
    /// the body lacks are taken from the headers.
    pub fn read(body: &'a [u8], headers: &HeaderMap) -> Option<Self> {
        if body.trim_ascii_start().starts_with(b"[") {
            let Rows(rows) = serde_json::from_slice(body).ok()?;
            let count = u64::try_from(rows.len()).ok();
            return Some(Self {
                rows,
                count,
                pages: Some(1),
                page: Some(1),
            });
        }
        let envelope: Envelope<'a> = serde_json::from_slice(body).ok()?;
        let number = |value: Option<i64>, name: &str| {
            let told = || headers.get(name)?.to_str().ok()?.trim().parse().ok();
            value.and_then(|value| u64::try_from(value).ok()).or_else(told)
        };
        let count = number(envelope.count, "x-shop-result-count");
        let rows = match envelope.list {
            Some(list) => list.0,
            // No list is an empty one only where the shop counts none.
            None if count == Some(0) => Vec::new(),
            None => return None,
        };
        Some(Self {
            rows,
            count,
            pages: number(envelope.pages, "x-shop-result-pages"),
            page: number(envelope.page, "x-shop-result-page"),
        })
    }
}

/// Rows in a list, or in an object whose keys say nothing that the rows do not.
#[derive(Debug)]
struct Rows<'a>(Vec<&'a RawValue>);

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::with_capacity(50);
        while let Some(row) = items.next_element()? {
            rows.push(row);
        }
        Ok(Rows(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some((_, row)) = members.next_entry::<IgnoredAny, _>()? {
            rows.push(row);
        }
        Ok(Rows(rows))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(RowsVisitor)
    }
}
