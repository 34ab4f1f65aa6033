//! The bodies of the "by list" reads (sare-api.md 4.1).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::to_bytes;

/// How the "by list" reads are given their addresses; which of the two SARE takes is not published
/// (sare-api.md 16 row 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupForm {
    /// `{"emails":[{"email":"…"}]}`
    #[default]
    Object,
    /// `{"emails":["…"]}`
    Plain,
}

#[derive(Serialize)]
struct Body<T> {
    emails: Vec<T>,
}

#[derive(Serialize)]
struct Object<'a> {
    email: &'a str,
}

/// The body that asks for those addresses.
pub(crate) fn body(form: LookupForm, emails: &[&str]) -> Bytes {
    let room = 16 + 48 * emails.len();
    match form {
        LookupForm::Object => to_bytes(
            &Body {
                emails: emails.iter().map(|email| Object { email }).collect(),
            },
            room,
        ),
        LookupForm::Plain => to_bytes(
            &Body {
                emails: emails.to_vec(),
            },
            room,
        ),
    }
}
