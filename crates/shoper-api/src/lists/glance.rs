//! Several lists asked in one bulk call whether there is anything new in them (shoper-api.md D.8).
//!
//! Each is asked from the newest known row on: an answer that holds that row and no other proves that the call was
//! understood and that nothing is new. Any other answer proves nothing, and the lists are asked one by one.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::bulk::{BulkBody, BulkOperation};
use crate::client::Client;
use crate::error::Error;
use crate::subscribers::Subscriber;
use crate::users::User;
use crate::wire::page::RawPage;

use super::{LIMIT, Row, holds, text_of};

/// A list that is glanced at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlanceList {
    /// Newsletter subscribers.
    Subscribers,
    /// Customers.
    Users,
}

impl GlanceList {
    /// The list, the field of its id, and the one that tells consent.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Subscribers => (Subscriber::RESOURCE, Subscriber::ID, "active"),
            Self::Users => (User::RESOURCE, User::ID, "newsletter"),
        }
    }
}

/// What a glance at a list tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glance {
    /// Nothing is newer than the newest known row.
    pub is_quiet: bool,
    /// All rows, as the shop counts them, where it was asked.
    pub all: Option<u64>,
    /// Those that consent.
    pub consenting: Option<u64>,
}

impl Client {
    /// Glances at lists, each with the greatest id known of it; counts their rows as well where `with_counts` says so. In the
    /// order of `lists`.
    ///
    /// # Errors
    /// Any [`Error`] of the request as a whole.
    pub async fn glance(&self, lists: &[(GlanceList, i64)], with_counts: bool) -> Result<Vec<Glance>, Error> {
        let mut operations = Vec::new();
        for &(list, newest) in lists {
            let (_, id, consent) = list.names();
            operations.push(get(list, Some(json!({ id: { ">": newest - 1 } }))));
            if with_counts {
                operations.push(get(list, None));
                operations.push(get(list, Some(json!({ consent: "1" }))));
            }
        }
        let mut answers = self.bulk(&operations).await?.into_iter();
        let mut next = || answers.next().and_then(Result::ok);
        let mut seen = Vec::with_capacity(lists.len());
        for &(list, newest) in lists {
            let (_, id, consent) = list.names();
            let is_quiet = next().is_some_and(|body| is_only(&body, id, newest));
            let (mut all, mut consenting) = (None, None);
            if with_counts {
                all = next().and_then(|body| count(&body, None));
                consenting = next().and_then(|body| count(&body, Some(consent)));
            }
            seen.push(Glance {
                is_quiet,
                all,
                consenting,
            });
        }
        Ok(seen)
    }
}

fn get(list: GlanceList, filters: Option<Value>) -> BulkOperation {
    let (resource, id, _) = list.names();
    let mut params = vec![
        ("page".to_owned(), "1".to_owned()),
        ("limit".to_owned(), LIMIT.to_string()),
        ("order".to_owned(), format!("{id} ASC")),
    ];
    params.extend(filters.map(|filters| ("filters".to_owned(), filters.to_string())));
    BulkOperation {
        method: Method::GET,
        resource: resource.to_owned(),
        id: None,
        params,
        body: None,
    }
}

fn rows(page: &RawPage<'_>) -> Vec<Value> {
    let values = page.rows.iter().map(|row| serde_json::from_str(row.get()));
    values.map(Result::unwrap_or_default).collect()
}

/// Whether the page holds the row with this id and no other.
fn is_only(body: &BulkBody, id: &str, newest: i64) -> bool {
    let Some(page) = RawPage::read(body.bytes(), &HeaderMap::new()) else {
        return false;
    };
    match rows(&page).as_slice() {
        [row] => {
            text_of(&row[id]).is_some_and(|id| id == newest.to_string()) && page.count.is_none_or(|n| n == 1)
        }
        _ => false,
    }
}

/// How many rows the shop counts; `None` when a row shows that it took no notice of `consent`.
fn count(body: &BulkBody, consent: Option<&str>) -> Option<u64> {
    let page = RawPage::read(body.bytes(), &HeaderMap::new())?;
    let is_filtered = consent.is_none_or(|field| rows(&page).iter().all(|row| holds(&row[field], "1")));
    page.count.filter(|_| is_filtered)
}
