//! Every shape of a request and of an answer, in one place, so that an official description of the
//! API can be followed by changing this module alone (sare-api.md 16 row 22).
//!
//! An answer is opened by `envelope`, which looks at the HTTP status and at `code`; what is inside is
//! read by the module named after it, through the tolerant helpers of `lenient`.

pub(crate) mod add;
pub(crate) mod envelope;
pub(crate) mod groups;
pub(crate) mod lenient;
pub(crate) mod lookup;
pub(crate) mod outcome;
pub(crate) mod props;
pub(crate) mod record;
pub(crate) mod statuses;

/// By what addresses are compared, however they are spelled (sare-api.md 16 row 15).
pub(crate) use address::key as key_of;

/// Writes a body. Room for it is made at once, as a batch of contacts is large.
pub(crate) fn to_bytes(body: &impl serde::Serialize, room: usize) -> bytes::Bytes {
    let mut bytes = Vec::with_capacity(room);
    serde_json::to_writer(&mut bytes, body).expect("maps with text keys can always be written");
    bytes.into()
}
