//! Answers of `email/status_by_email_list` (sare-api.md 4.1, 15): all shapes that are likely.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::key_of;
use super::lenient::{address, rows};
use crate::status::Status;

/// What SARE said of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusAnswer {
    /// It has that status.
    Status(Status),
    /// It was named without a status.
    Null,
    /// It was not named. That is no proof of anything (sare-api.md 14).
    NotMentioned,
}

/// The statuses of many addresses.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StatusAnswers {
    by_key: HashMap<String, Told>,
    /// Requests that the answer took.
    pub requests_made: u32,
}

/// What was said of one address. SARE may have it under several spellings, as contacts of their own.
#[derive(Clone, PartialEq, Eq)]
struct Told {
    first: Named,
    others: Vec<Named>,
}

#[derive(Clone, PartialEq, Eq)]
struct Named {
    /// As it was asked for; `None` where that is the key.
    text: Option<Box<str>>,
    status: Option<Status>,
}

impl Named {
    /// The spelling, capitals of no account.
    fn spelled<'n>(&'n self, key: &'n str) -> Cow<'n, str> {
        match self.text.as_deref() {
            None => Cow::Borrowed(key),
            Some(text) => Cow::Owned(text.to_lowercase()),
        }
    }
}

impl Told {
    fn all(&self) -> impl Iterator<Item = &Named> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl StatusAnswers {
    /// What SARE said of `email`, however it is spelled here and there. Where it has several spellings of it, the
    /// strongest refusal stands.
    pub fn get(&self, email: &str) -> StatusAnswer {
        let key = key_of(email);
        let Some(told) = self.by_key.get(&key) else {
            return StatusAnswer::NotMentioned;
        };
        let first = told.first.spelled(&key);
        let is_one = told.others.iter().all(|other| other.spelled(&key) == first);
        let weight = |status: Option<Status>| match status {
            // Of one spelling the first word stands that refuses no less.
            Some(Status::Confirmed) if is_one => strength(Some(Status::NotConfirmed)),
            status => strength(status),
        };
        let others = told.others.iter().map(|named| named.status);
        let stands = others.fold(told.first.status, |stands, other| {
            if weight(other) > weight(stands) {
                other
            } else {
                stands
            }
        });
        match stands {
            None => StatusAnswer::Null,
            Some(status) => StatusAnswer::Status(status),
        }
    }

    /// The spellings of `email` that were asked for and that SARE has somebody under, each with its status.
    pub fn spellings(&self, email: &str) -> Vec<(String, Status)> {
        let key = key_of(email);
        let Some(told) = self.by_key.get(&key) else {
            return Vec::new();
        };
        let spelled = |named: &Named| Some((named.text.as_deref().unwrap_or(&key).to_owned(), named.status?));
        told.all().filter_map(spelled).collect()
    }

    /// How many addresses were named.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no address was named.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Takes a row over, its address as it was asked for. Whether that is new.
    pub(crate) fn take(&mut self, email: &str, status: Option<Status>) -> bool {
        let key = key_of(email);
        let named = Named {
            text: (email != key).then(|| email.into()),
            status,
        };
        let Some(told) = self.by_key.get_mut(&key) else {
            let (first, others) = (named, Vec::new());
            self.by_key.insert(key, Told { first, others });
            return true;
        };
        let same = |known: &&Named| known.spelled(&key) == named.spelled(&key);
        let is_known = told.all().any(|known| known.status == status && same(&known));
        let is_new = !told.all().any(|known| same(&known));
        if !is_known {
            told.others.push(named);
        }
        is_new
    }
}

/// Which of several statuses for one address stands: blocked, refused, unknown, unconfirmed, mailed, none.
pub(crate) fn strength(status: Option<Status>) -> u8 {
    match status {
        None => 0,
        Some(Status::Other(_)) => 3,
        Some(status) if status.is_blocked() => 5,
        Some(status) if status.is_refusal() => 4,
        Some(Status::Confirmed) => 1,
        Some(_) => 2,
    }
}

/// Counts only: the addresses are personal.
impl std::fmt::Debug for StatusAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusAnswers")
            .field("addresses", &self.by_key.len())
            .field("requests_made", &self.requests_made)
            .finish()
    }
}

/// Reads one page: rows of address and status, or a map from address to status. Rows without an address
/// or a status are passed over; `None` if there are rows and none can be used.
pub(crate) fn read(payload: &Value) -> Option<Vec<(String, Option<Status>)>> {
    let rows = rows(payload)?;
    let some = !rows.is_empty();
    let mut read = Vec::with_capacity(rows.len());
    for (name, row) in rows {
        match (name.filter(|name| name.contains('@')), row) {
            (Some(email), row) => read.push((email.trim().to_owned(), Status::from_json(row))),
            (None, Value::Object(members)) => read_row(members, &mut read),
            _ => {}
        }
    }
    (!some || !read.is_empty()).then_some(read)
}

fn read_row(row: &Map<String, Value>, into: &mut Vec<(String, Option<Status>)>) {
    match (row.get("email").and_then(address), row.get("status")) {
        (Some(email), Some(status)) => into.push((email.to_owned(), Status::from_json(status))),
        (Some(_), None) => {}
        (None, _) => {
            let entries = row.iter().filter(|(name, _)| name.contains('@'));
            into.extend(entries.map(|(email, status)| (email.trim().to_owned(), Status::from_json(status))));
        }
    }
}
