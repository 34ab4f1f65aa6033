//! Members that a shop does not say, or says in a way that nobody can read (shoper-api.md D.5): null, left out, empty, or
//! some text. Seen of flags in recorded answers; which members of which rows is set by whoever tells the story.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json::Json;
use super::rows::{Row, Shown};

/// One member that rows of a resource do not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unsaid {
    /// The member that holds the rows' id, by which the resource is known: `user_id`, `subscriber_id`.
    pub resource: String,
    pub member: String,
    /// What stands in its place; `None`: the member is left out.
    pub instead: Option<Value>,
    /// The rows, by id; empty: as many of all as `share` says.
    pub ids: Vec<i64>,
    /// The share of rows, 0 to 1, where no ids are named.
    pub share: f64,
}

impl Default for Unsaid {
    fn default() -> Self {
        Self {
            resource: "user_id".to_owned(),
            member: "newsletter".to_owned(),
            instead: Some(Value::Null),
            ids: Vec::new(),
            share: 1.0,
        }
    }
}

impl Unsaid {
    /// A member of all customers.
    pub fn of_customers(member: &str, instead: Option<Value>) -> Self {
        Self {
            member: member.to_owned(),
            instead,
            ..Self::default()
        }
    }

    /// A member of all subscribers.
    pub fn of_subscribers(member: &str, instead: Option<Value>) -> Self {
        Self {
            resource: "subscriber_id".to_owned(),
            ..Self::of_customers(member, instead)
        }
    }

    fn is_about<T: Row>(&self, row: &T) -> bool {
        // Neighbouring ids must not go together.
        let place = row.id().wrapping_mul(617).rem_euclid(1_000);
        let within = || f64::from(i32::try_from(place).unwrap_or(0)) < self.share * 1_000.0;
        self.resource == T::ID
            && if self.ids.is_empty() {
                within()
            } else {
                self.ids.contains(&row.id())
            }
    }
}

/// Writes the members of a row, without those that the shop does not say.
pub(super) fn write<T: Row>(row: &T, json: &mut Json, shown: &Shown<'_>) {
    let unsaid: Vec<&Unsaid> = (shown.settings.unsaid.iter())
        .filter(|unsaid| unsaid.is_about(row))
        .collect();
    if unsaid.is_empty() {
        return row.write(json, shown);
    }
    let mut whole = Json::new(shown.settings);
    whole.object(None, |json| row.write(json, shown));
    let mut members: Map<String, Value> =
        serde_json::from_slice(&whole.into_bytes()).expect("a row is written as an object");
    for unsaid in unsaid {
        match &unsaid.instead {
            Some(value) => members.insert(unsaid.member.clone(), value.clone()),
            None => members.remove(&unsaid.member),
        };
    }
    for (name, value) in &members {
        json.raw(name, value.to_string().as_bytes());
    }
}
