//! A contact record as `email/by_email` and `email/by_email_list` give it (sare-api.md 15).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::key_of;
use super::lenient::{address, filled_text, integer, is_empty, member, rows, unwrapped};
use super::statuses::strength;
use crate::status::Status;

/// A contact as SARE has it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactRecord {
    /// The address.
    pub email: String,
    /// The phone.
    pub gsm: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The status; `None` where the record shows none.
    pub status: Option<Status>,
    /// Numbers of groups, without 0, which means "no group"; `None` where the record shows none.
    pub groups: Option<Vec<i64>>,
    /// The note.
    pub comment: Option<String>,
    /// Basic properties that have a value or an empty one, `prop1` to `prop9`.
    pub prop: BTreeMap<String, String>,
    /// The same of the custom ones.
    pub prop_cust: BTreeMap<String, String>,
}

impl ContactRecord {
    /// What the record says of the status, as a list of statuses would: `None` where it says no more than the address,
    /// and a status that cannot be read where it tells anything else of the contact but that.
    pub(crate) fn told_status(&self) -> Option<Status> {
        let bare = Self {
            email: self.email.clone(),
            ..Self::default()
        };
        self.status
            .or_else(|| (*self != bare).then_some(Status::UNREADABLE))
    }
}

/// Status and groups; nothing personal.
impl std::fmt::Debug for ContactRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactRecord")
            .field("status", &self.status)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// The records of many addresses, found by any of their spellings.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactRecords {
    by_key: HashMap<String, ContactRecord>,
}

impl ContactRecords {
    /// The record of `email`. Where SARE has several spellings of it, the one whose status refuses most.
    pub fn get(&self, email: &str) -> Option<&ContactRecord> {
        self.by_key.get(&key_of(email))
    }

    /// The same, taken out.
    pub fn remove(&mut self, email: &str) -> Option<ContactRecord> {
        self.by_key.remove(&key_of(email))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Takes a record over.
    pub fn insert(&mut self, record: ContactRecord) {
        match self.by_key.entry(key_of(&record.email)) {
            Entry::Vacant(entry) => {
                entry.insert(record);
            }
            Entry::Occupied(mut entry) => {
                if strength(record.told_status()) > strength(entry.get().told_status()) {
                    entry.insert(record);
                }
            }
        }
    }
}

/// Their number only: records are personal.
impl std::fmt::Debug for ContactRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactRecords")
            .field("records", &self.by_key.len())
            .finish_non_exhaustive()
    }
}

/// What an answer about one address says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum One {
    /// Here it is.
    Found(Box<ContactRecord>),
    /// The payload is empty.
    Nothing,
    /// No shape we know, or somebody else's record.
    Unknown,
}

/// Reads the answer to a question about `asked`: a record, bare or in `data`, or a list of one.
pub(crate) fn read_one(payload: &Value, asked: &str) -> One {
    let payload = unwrapped(payload);
    let row = match payload {
        empty if is_empty(empty) => return One::Nothing,
        Value::Array(items) => match items.as_slice() {
            [only] if is_empty(only) => return One::Nothing,
            [only] => only,
            _ => return One::Unknown,
        },
        other => other,
    };
    match read_record(row, Some(asked)) {
        Some(record) if key_of(&record.email) == key_of(asked) => One::Found(Box::new(record)),
        _ => One::Unknown,
    }
}

/// Reads a page of records: rows, or a map from address to record. `None` if there are rows and none
/// can be used.
pub(crate) fn read(payload: &Value) -> Option<Vec<(String, ContactRecord)>> {
    let rows = rows(payload)?;
    let mut blank = rows.is_empty();
    let mut read = Vec::with_capacity(rows.len());
    for (name, row) in rows {
        blank |= is_empty(row);
        let named = name.map(str::trim).filter(|name| name.contains('@'));
        read.extend(read_record(row, named).map(|record| (record.email.clone(), record)));
    }
    (blank || !read.is_empty()).then_some(read)
}

const MEMBERS: [&str; 8] = [
    "email",
    "status",
    "gsm",
    "name",
    "groups",
    "comment",
    "prop",
    "prop_cust",
];

/// Reads a record. Of a forgotten contact the address may be gone or made unreadable (sare-api.md 6);
/// then it is the one that was asked for.
fn read_record(row: &Value, asked: Option<&str>) -> Option<ContactRecord> {
    let members = row
        .as_object()
        .filter(|m| MEMBERS.iter().any(|name| m.contains_key(*name)))?;
    let text = |name: &str| members.get(name).and_then(filled_text);
    Some(ContactRecord {
        email: members.get("email").and_then(address).or(asked)?.to_owned(),
        gsm: text("gsm"),
        name: text("name"),
        status: members.get("status").and_then(Status::from_json),
        groups: members.get("groups").and_then(groups),
        comment: text("comment"),
        prop: members.get("prop").map(props).unwrap_or_default(),
        prop_cust: members.get("prop_cust").map(props).unwrap_or_default(),
    })
}

/// Group numbers: a list of numbers, of digits or of objects with an `id`; or numbers apart by commas.
fn groups(value: &Value) -> Option<Vec<i64>> {
    let number = |value: &Value| integer(value).or_else(|| integer(value.get("id")?));
    let numbers: Option<Vec<i64>> = match value {
        Value::Null => None,
        Value::Array(items) => items.iter().map(number).collect(),
        Value::String(text) => text
            .split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(|t| t.parse().ok())
            .collect(),
        Value::Object(members) if members.is_empty() => Some(Vec::new()),
        other => number(other).map(|number| vec![number]),
    };
    numbers.map(|numbers| numbers.into_iter().filter(|number| *number != 0).collect())
}

/// Properties: a map from name to value, or a list of objects with `id` or `name`, and `value`.
fn props(value: &Value) -> BTreeMap<String, String> {
    let pair = |entry: &Map<String, Value>| {
        let name = filled_text(member(entry, &["id", "key", "name"])?)?;
        Some((name, value_text(entry.get("value")?)?))
    };
    match value {
        Value::Object(members) => members
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value_text(value)?)))
            .collect(),
        Value::Array(entries) => entries
            .iter()
            .filter_map(Value::as_object)
            .filter_map(pair)
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// An empty text is a value; `null` is none.
fn value_text(value: &Value) -> Option<String> {
    super::lenient::text(value)
}
