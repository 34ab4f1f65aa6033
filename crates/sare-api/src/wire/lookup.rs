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
    /// No lists: one address after the other by `email/by_email`. Slow, but seen to work.
    OneByOne,
}

impl LookupForm {
    /// How many addresses to ask about in one call, of `batch` that fit into a request. One by one each is a
    /// request of its own, and few of them should go out before the pace is looked at again.
    pub fn at_most(self, batch: usize) -> usize {
        match self {
            Self::Object | Self::Plain => batch.max(1),
            Self::OneByOne => batch.clamp(1, 5),
        }
    }
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
pub(crate) fn body(form: LookupForm, emails: &[&str]) -> Bytes {
    let room = 16 + 48 * emails.len();
    match form {
        LookupForm::Object => to_bytes(
            &Body {
                emails: emails.iter().map(|email| Object { email }).collect(),
            },
            room,
        ),
        LookupForm::Plain | LookupForm::OneByOne => to_bytes(
            &Body {
                emails: emails.to_vec(),
            },
            room,
        ),
    }
}
