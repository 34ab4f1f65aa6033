//! What became of each item of a write. HTTP 200 says nothing about items: failures come inside
//! `response.error` (sare-api.md 3), and how they name their item is not published.

use std::collections::{BTreeSet, HashMap, HashSet};

use ports::Private;
use serde_json::{Map, Value};

use super::key_of;
use super::lenient::{filled_text, integer, is_empty, member};

/// What became of one item of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// SARE took it.
    Accepted,
    /// SARE refused it.
    Refused {
        /// SARE's reason.
        why: Private,
    },
    /// SARE refused some item and did not say which: send this one alone (sare-api.md 16 row 2).
    Unclear {
        /// SARE's reason for the item that it did not name.
        why: Private,
    },
}

impl ItemOutcome {
    /// Whether SARE took it.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }
}

/// What became of a write, item by item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddOutcome {
    /// In the request's order.
    pub items: Vec<ItemOutcome>,
}

impl AddOutcome {
    /// Whether SARE took every item.
    pub fn all_accepted(&self) -> bool {
        self.items.iter().all(ItemOutcome::is_accepted)
    }

    /// The outcome of a write of `items` items that needed no request.
    pub(crate) fn nothing_to_do(items: usize) -> Self {
        Self {
            items: vec![ItemOutcome::Accepted; items],
        }
    }
}

/// Members in which an entry may name its item's place in the request.
const INDEX: [&str; 4] = ["index", "position", "row", "item"];
/// Members that list what was taken.
const SUCCESS: [&str; 3] = ["success", "added", "updated"];
/// Members that list what was refused.
const ERRORS: [&str; 2] = ["error", "errors"];

/// By what an entry names its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By its address.
    ByEmail,
    /// By a group's number.
    ById,
}

impl Named {
    /// The key in a member of an entry, or in an entry that is nothing else.
    fn key(self, value: &Value) -> Option<String> {
        match self {
            Self::ByEmail => value.as_str().map(key_of).filter(|key| key.contains('@')),
            Self::ById => integer(value).map(|id| id.to_string()),
        }
    }

    fn member(self) -> &'static str {
        match self {
            Self::ByEmail => "email",
            Self::ById => "id",
        }
    }

    /// The key that an entry names: in its own member, in a member of a member, or as the only name in it.
    fn key_of_entry(self, entry: &Value) -> Option<String> {
        let Value::Object(members) = entry else {
            return self.key(entry);
        };
        let own = members.get(self.member()).and_then(|value| self.key(value));
        let nested = || {
            members
                .values()
                .find_map(|inner| self.key(inner.get(self.member())?))
        };
        let only = || match self {
            Self::ByEmail if members.len() == 1 => {
                members.keys().map(|key| key_of(key)).find(|k| k.contains('@'))
            }
            _ => None,
        };
        own.or_else(nested).or_else(only)
    }
}

/// An entry of an error list.
struct Failure {
    key: Option<String>,
    index: Option<usize>,
    why: String,
}

fn why(entry: &Value) -> String {
    let told = match entry {
        Value::String(text) => Some(text.clone()),
        Value::Object(members) => ["why", "message"]
            .iter()
            .find_map(|name| filled_text(members.get(*name)?)),
        _ => None,
    };
    told.unwrap_or_else(|| entry.to_string())
}

fn index_of(entry: &Map<String, Value>) -> Option<usize> {
    usize::try_from(integer(member(entry, &INDEX)?)?).ok()
}

fn failure(entry: &Value, named: Named) -> Failure {
    Failure {
        key: named.key_of_entry(entry),
        index: entry.as_object().and_then(index_of),
        why: why(entry),
    }
}

/// Failures in a member `error`: a list, a map from item or place to reason, one entry, a text.
fn failures(errors: &Value, named: Named, into: &mut Vec<Failure>) {
    match errors {
        empty if is_empty(empty) || empty.as_i64() == Some(0) => {}
        Value::Array(entries) => {
            into.extend(entries.iter().filter(|e| !is_empty(e)).map(|e| failure(e, named)))
        }
        Value::Object(members) if members.contains_key("why") || members.contains_key("message") => {
            into.push(failure(errors, named));
        }
        Value::Object(members) => {
            for (name, entry) in members.iter().filter(|(_, entry)| !is_empty(entry)) {
                let mut failure = failure(entry, named);
                if failure.key.is_none() {
                    match named {
                        Named::ByEmail if name.contains('@') => failure.key = Some(key_of(name)),
                        _ => failure.index = failure.index.or_else(|| name.parse().ok()),
                    }
                }
                into.push(failure);
            }
        }
        other => into.push(failure(other, named)),
    }
}

/// Whether an entry of a list without a name speaks of a failure.
fn is_failure(entry: &Value) -> bool {
    let Value::Object(members) = entry else {
        return false;
    };
    let told = ["why", "error", "errors"]
        .iter()
        .any(|name| members.get(*name).is_some_and(|v| !is_empty(v)));
    let code = members
        .get("code")
        .and_then(integer)
        .is_some_and(|code| code >= 400);
    told || code || members.get("success") == Some(&Value::Bool(false))
}

struct Verdicts {
    failures: Vec<Failure>,
    taken: HashSet<String>,
}

fn verdicts(payload: &Value, outer_errors: &Value, named: Named) -> Verdicts {
    let mut verdicts = Verdicts {
        failures: Vec::new(),
        taken: HashSet::new(),
    };
    failures(outer_errors, named, &mut verdicts.failures);
    let list = match payload {
        Value::Array(entries) => Some(entries),
        Value::Object(members) => {
            for name in ERRORS {
                failures(
                    members.get(name).unwrap_or(&Value::Null),
                    named,
                    &mut verdicts.failures,
                );
            }
            for entries in SUCCESS.iter().filter_map(|name| members.get(*name)?.as_array()) {
                verdicts
                    .taken
                    .extend(entries.iter().filter_map(|entry| named.key_of_entry(entry)));
            }
            members.get("data").and_then(Value::as_array)
        }
        Value::Bool(false) => {
            verdicts.failures.push(Failure {
                key: None,
                index: None,
                why: payload.to_string(),
            });
            None
        }
        _ => None,
    };
    for entry in list.into_iter().flatten() {
        if is_failure(entry) {
            verdicts.failures.push(failure(entry, named));
        } else {
            verdicts.taken.extend(named.key_of_entry(entry));
        }
    }
    verdicts
}

/// The reasons in an answer that refuses a whole call, the first few.
pub(crate) fn reasons(response: &Value, root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for place in [response, root] {
        for name in ERRORS {
            failures(
                place.get(name).unwrap_or(&Value::Null),
                Named::ByEmail,
                &mut found,
            );
        }
    }
    let mut texts: Vec<String> = found.into_iter().take(3).map(|failure| failure.why).collect();
    texts.dedup();
    texts
}

/// Ties what an answer says to the items `keys` of the request: `email/add` and all other writes.
///
/// `payload` and `outer_errors` as the envelope has them. Success is the absence of a failure (sare-api.md 16 row 2). When a failure cannot be tied, every
/// item that is not listed as taken is [`ItemOutcome::Unclear`]. A place in the request is counted from
/// 0 or from 1, nobody knows: unless the answer shows which, both items in question are unclear.
pub(crate) fn outcome(
    payload: Option<&Value>,
    outer_errors: &Value,
    keys: &[String],
    named: Named,
) -> AddOutcome {
    let payload = payload.unwrap_or(&Value::Null);
    let Verdicts { failures, taken } = verdicts(payload, outer_errors, named);
    if let [_] = keys {
        let mut texts: Vec<&str> = failures.iter().map(|failure| failure.why.as_str()).collect();
        texts.dedup();
        let item = match texts.as_slice() {
            [] => ItemOutcome::Accepted,
            texts => ItemOutcome::Refused {
                why: texts.join("; ").into(),
            },
        };
        return AddOutcome { items: vec![item] };
    }

    let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(keys.len());
    for (place, key) in keys.iter().enumerate() {
        places.entry(key).or_default().push(place);
    }
    let mut refused: HashMap<usize, Vec<String>> = HashMap::new();
    let mut by_index: Vec<(usize, String)> = Vec::new();
    let mut untied: Option<String> = None;
    for Failure { key, index, why } in failures {
        match (key.and_then(|key| places.get(key.as_str())), index) {
            (Some(places), _) => {
                for place in places {
                    refused.entry(*place).or_default().push(why.clone());
                }
            }
            (None, Some(index)) if index <= keys.len() => by_index.push((index, why)),
            (None, _) => untied = untied.or(Some(why)),
        }
    }
    let mut unclear: HashMap<usize, String> = HashMap::new();
    let indices: BTreeSet<usize> = by_index.iter().map(|(index, _)| *index).collect();
    let (from_0, from_1) = (indices.contains(&0), indices.contains(&keys.len()));
    for (index, why) in by_index {
        match (from_0, from_1) {
            (true, true) => untied = untied.or(Some(why)),
            (true, false) => refused.entry(index).or_default().push(why),
            (false, true) => refused.entry(index - 1).or_default().push(why),
            (false, false) => {
                unclear.insert(index, why.clone());
                unclear.insert(index - 1, why);
            }
        }
    }

    let item = |(place, key): (usize, &String)| {
        if let Some(texts) = refused.get_mut(&place) {
            texts.dedup();
            return ItemOutcome::Refused {
                why: texts.join("; ").into(),
            };
        }
        match unclear.remove(&place).or_else(|| untied.clone()) {
            Some(why) if !taken.contains(key) => ItemOutcome::Unclear { why: why.into() },
            _ => ItemOutcome::Accepted,
        }
    };
    AddOutcome {
        items: keys.iter().enumerate().map(item).collect(),
    }
}
