//! Records that a shop cannot put into words, and values of a kind that nobody expects (shoper-api.md D.5).
//!
//! A spoilt record makes every answer go wrong in which it would stand: its own, and each page of a list that holds it.
//! An odd member stands in its record's row in place of what belongs there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::StatusCode;
use ports::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::settings::ShopSettings;
use crate::faults::{Cut, ExtraLatency};

/// More than a client is willing to hold in memory.
const HUGE: usize = 17 << 20;

/// A record that spoils the answers it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoilt {
    /// Its resource, such as `users`.
    pub resource: String,
    pub id: i64,
    /// What becomes of the answers.
    pub how: Spoiling,
    /// Only pages of lists; alone the record is answered as ever.
    #[serde(default)]
    pub lists_only: bool,
}

/// What becomes of an answer with a spoilt record in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoiling {
    /// This HTTP status with an empty body.
    Status(u16),
    /// HTTP 200 with nothing.
    Empty,
    /// Its page comes without any rows, and counts them all the same; alone it is answered.
    Hollow,
    /// A byte of no character in it.
    NotUtf8,
    /// More than 16 MiB.
    Huge,
    /// It never comes.
    Silent,
    /// It breaks off.
    Cut,
}

/// A value of an unexpected kind in one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OddMember {
    /// The record's resource, such as `users`.
    pub resource: String,
    /// The record's id.
    pub id: i64,
    pub member: String,
    /// What stands there, as it stands in JSON; need not be right.
    pub json: String,
}

impl Spoilt {
    /// The record of this resource and id.
    pub fn new(resource: &str, id: i64, how: Spoiling) -> Self {
        Self {
            resource: resource.to_owned(),
            id,
            how,
            lists_only: false,
        }
    }

    /// Only pages of lists go wrong.
    #[must_use]
    pub fn in_lists_only(mut self) -> Self {
        self.lists_only = true;
        self
    }
}

impl OddMember {
    /// `json` in the place of `member`.
    pub fn new(resource: &str, id: i64, member: &str, json: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            id,
            member: member.to_owned(),
            json: json.to_owned(),
        }
    }
}

/// What becomes of an answer that holds these records.
pub(super) fn spoiling(
    settings: &ShopSettings,
    resource: &str,
    ids: &[i64],
    alone: bool,
) -> Option<Spoiling> {
    let spoils =
        |one: &&Spoilt| one.resource == resource && ids.contains(&one.id) && !(alone && one.lists_only);
    settings.spoilt.iter().find(spoils).map(|one| one.how)
}

/// Spoils an answer.
pub(super) fn spoil(mut answer: Response, how: Spoiling) -> Response {
    match how {
        Spoiling::Status(status) => {
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            *answer.body_mut() = Bytes::new();
        }
        Spoiling::Empty => *answer.body_mut() = Bytes::new(),
        Spoiling::Hollow => {
            let page = serde_json::from_slice::<serde_json::Value>(answer.body());
            if let Ok(serde_json::Value::Object(mut page)) = page
                && let Some(list) = page.get_mut("list")
            {
                *list = serde_json::Value::Array(Vec::new());
                *answer.body_mut() = Bytes::from(serde_json::Value::Object(page).to_string());
            }
        }
        Spoiling::NotUtf8 => {
            // Within the first text there is.
            let body = answer.body();
            let at = body
                .windows(3)
                .position(|three| three == b"\":\"")
                .map_or(0, |at| at + 3);
            let mut bytes = BytesMut::with_capacity(body.len() + 1);
            bytes.put_slice(&body[..at]);
            bytes.put_u8(0xFF);
            bytes.put_slice(&body[at..]);
            *answer.body_mut() = bytes.freeze();
        }
        Spoiling::Huge => {
            let mut bytes = BytesMut::from(&answer.body()[..]);
            bytes.resize(HUGE, b' ');
            *answer.body_mut() = bytes.freeze();
        }
        Spoiling::Silent => {
            answer
                .extensions_mut()
                .insert(ExtraLatency(Duration::from_secs(3600)));
        }
        Spoiling::Cut => {
            answer.extensions_mut().insert(Cut);
        }
    }
    answer
}

/// The row with its odd members, where it has any.
pub(super) fn odd_row(
    settings: &ShopSettings,
    id_member: &str,
    id: i64,
    row: impl FnOnce() -> Vec<u8>,
) -> Option<Vec<u8>> {
    let resource = match id_member {
        "user_id" => "users",
        "subscriber_id" => "subscribers",
        "address_book_id" => "user-addresses",
        _ => return None,
    };
    let is_of_row = |odd: &&OddMember| odd.resource == resource && odd.id == id;
    if !settings.odd_members.iter().any(|odd| is_of_row(&odd)) {
        return None;
    }
    let row = row();
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(&row).ok()?;
    let mut members: BTreeMap<&str, &str> = members.iter().map(|(name, raw)| (&**name, raw.get())).collect();
    for odd in settings.odd_members.iter().filter(is_of_row) {
        members.insert(&odd.member, &odd.json);
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    Some(format!("{{{}}}", members.join(",")).into_bytes())
}
