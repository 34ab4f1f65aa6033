//! One row of a list, or one object: read whole, or without the members that cannot be read.
//!
//! A value of a kind that is not expected, or a text with half a character in it (PHP cuts emoji in two), is its member's
//! trouble and nobody else's: the record keeps its address and its consent, and says by name what could not be read. Only
//! a row without its id, or one that does not tell what it is about, is of no use.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::lenient::integer_of;

/// A row of a list.
pub(crate) trait Row: DeserializeOwned {
    /// The list, as in its path.
    const RESOURCE: &'static str;
    /// The field that holds the id.
    const ID: &'static str;
    /// Members without which a row that has to be mended says nothing: what it is about, and what is decided by it.
    const ESSENTIAL: &'static [&'static str] = &[];
    /// The id.
    fn id(&self) -> i64;
    /// Keeps the names of members that could not be read.
    fn spoil(&mut self, _members: Vec<String>) {}
}

/// Reads a row, if need be without what spoils it. The error is the row's id, where at least that can be read.
pub(crate) fn read<T: Row>(text: &str) -> Result<T, Option<i64>> {
    match serde_json::from_str::<T>(text) {
        Ok(row) => Ok(row),
        Err(_) => mend(text),
    }
}

fn mend<T: Row>(text: &str) -> Result<T, Option<i64>> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text).map_err(|_| None)?;
    let raw_id = members.get(T::ID).map(|raw| raw.get()).ok_or(None)?;
    let value: Value = serde_json::from_str(raw_id).map_err(|_| None)?;
    let id = integer_of(&value).filter(|id| *id > 0).ok_or(None)?;
    let mut whole = format!("{{\"{}\":{raw_id}", T::ID);
    let mut spoilt = Vec::new();
    for (name, raw) in members.iter().filter(|(name, _)| *name != T::ID) {
        let member = format!(",{}:{}", Value::from(&**name), raw.get());
        let alone = format!("{{\"{}\":{raw_id}{member}}}", T::ID);
        if serde_json::from_str::<T>(&alone).is_ok() {
            whole.push_str(&member);
        } else {
            spoilt.push(name.to_string());
        }
    }
    whole.push('}');
    let is_told = |name: &&str| members.contains_key(*name) && !spoilt.iter().any(|member| member == name);
    if !T::ESSENTIAL.iter().all(is_told) {
        return Err(Some(id));
    }
    let mut row: T = serde_json::from_str(&whole).map_err(|_| Some(id))?;
    row.spoil(spoilt);
    Ok(row)
}
