//! The bodies of the "by list" reads (sare-api.md 4.1).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::to_bytes;

/// How many addresses are asked about: which of the two forms of list SARE takes is not published
/// (sare-api.md 16 row 4), nor whether every account has the calls that take lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupForm {
    /// `{"emails":[{"email":"…"}]}`
    #[default]
    Object,
    /// `{"emails":["…"]}`
    Plain,
    /// As [`LookupForm::Object`], and statuses are taken from the records of `email/by_email_list`: the list of
    /// statuses cannot be had (sare-api.md 11.1).
    Records,
    /// As [`LookupForm::Plain`], and statuses are taken from the records.
    PlainRecords,
    /// No lists: one address after the other by `email/by_email`. Slow, but seen to work.
    OneByOne,
}

impl LookupForm {
    /// How many addresses to ask about in one call, of `batch` that fit into a request. One by one each is a
    /// request of its own, and few of them should go out before the pace is looked at again.
    pub fn at_most(self, batch: usize) -> usize {
        match self {
            Self::OneByOne => batch.clamp(1, 5),
            _ => batch.max(1),
        }
    }

    /// Whether the list of statuses is done without.
    pub fn is_stopgap(self) -> bool {
        matches!(self, Self::Records | Self::PlainRecords | Self::OneByOne)
    }
}

/// What asking after one address showed of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probed {
    /// The form to use.
    pub form: LookupForm,
    /// The answer told the address's status. Otherwise SARE merely took the question without complaint.
    pub is_proven: bool,
}

#[derive(Serialize)]
struct Body<T> {
    emails: Vec<T>,
}

#[derive(Serialize)]
struct Object<'a> {
    email: &'a str,
}

/// The body that asks for those addresses as a list.
pub(crate) fn body(form: LookupForm, emails: &[String]) -> Bytes {
    let room = 16 + 48 * emails.len();
    match form {
        LookupForm::Object | LookupForm::Records => to_bytes(
            &Body {
                emails: emails.iter().map(|email| Object { email }).collect(),
            },
            room,
        ),
        LookupForm::Plain | LookupForm::PlainRecords | LookupForm::OneByOne => to_bytes(
            &Body {
                emails: emails.iter().collect(),
            },
            room,
        ),
    }
}
