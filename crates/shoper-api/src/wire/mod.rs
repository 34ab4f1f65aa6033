//! The shapes of answers (shoper-api.md D.1, D.5): PHP's numbers that come as text, flags that come as
//! nothing, lists that come as maps.

use serde_json::Value;

use crate::answer::Answer;
use crate::error::Error;

pub(crate) mod lenient;
pub(crate) mod page;

/// The id of what was just made: a bare number, in digits too, or the object itself (shoper-api.md D.4).
pub(crate) fn created(answer: &Answer, id: &str) -> Result<i64, Error> {
    let what = "the id of what was made";
    let value: Value = answer.decode(what)?;
    let number = lenient::integer_of(value.get(id).or_else(|| value.get("id")).unwrap_or(&value));
    number
        .filter(|id| *id > 0)
        .ok_or_else(|| answer.not_understood(what))
}
