//! Answers of `email/status_by_email_list` (sare-api.md 4.1, 15): all shapes that are likely.

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
    by_key: HashMap<String, Option<Status>>,
    /// Requests that the answer took.
    pub requests_made: u32,
}

impl StatusAnswers {
    /// What SARE said of `email`, in whatever case.
    pub fn get(&self, email: &str) -> StatusAnswer {
        match self.by_key.get(&key_of(email)) {
            None => StatusAnswer::NotMentioned,
            Some(None) => StatusAnswer::Null,
            Some(Some(status)) => StatusAnswer::Status(*status),
        }
    }

    /// How many addresses were named.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no address was named.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Takes a row over. Where SARE contradicts itself the stronger refusal stands. Whether the
    /// address is new.
    pub(crate) fn take(&mut self, key: String, status: Option<Status>) -> bool {
        let known = self.by_key.len();
        let entry = self.by_key.entry(key).or_insert(status);
        if strength(status) > strength(*entry) {
            *entry = status;
        }
        self.by_key.len() > known
    }
}

/// Which of two statuses for one address stands: blocked, refused, unknown, any other, none.
fn strength(status: Option<Status>) -> u8 {
    match status {
        None => 0,
        Some(Status::Other(_)) => 2,
        Some(status) if status.is_blocked() => 4,
        Some(status) if status.is_refusal() => 3,
        Some(_) => 1,
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
            (Some(email), row) => read.push((key_of(email), Status::from_json(row))),
            (None, Value::Object(members)) => read_row(members, &mut read),
            _ => {}
        }
    }
    (!some || !read.is_empty()).then_some(read)
}

fn read_row(row: &Map<String, Value>, into: &mut Vec<(String, Option<Status>)>) {
    match (row.get("email").and_then(address), row.get("status")) {
        (Some(email), Some(status)) => into.push((key_of(email), Status::from_json(status))),
        (Some(_), None) => {}
        (None, _) => {
            let entries = row.iter().filter(|(name, _)| name.contains('@'));
            into.extend(entries.map(|(email, status)| (key_of(email), Status::from_json(status))));
        }
    }
}
