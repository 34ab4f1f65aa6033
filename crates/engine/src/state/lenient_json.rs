//! State kept in the ledger as JSON, read as far as it can be.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What was kept, and the names of its members that could not be read: these begin anew, the others stay. Text that is no
/// object at all begins anew as a whole.
pub fn read<T: Default + Serialize + DeserializeOwned>(text: &str) -> (T, Vec<String>) {
    if let Ok(kept) = serde_json::from_str(text) {
        return (kept, Vec::new());
    }
    let kept: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let mut value = T::default();
    let Ok(mut sound) = serde_json::to_value(&value) else {
        return (value, Vec::new());
    };
    let mut broken = Vec::new();
    if kept.is_empty() && !text.is_empty() {
        broken.push("all of it".to_owned());
    }
    for (member, one) in kept {
        let mut with = sound.clone();
        with[member.as_str()] = one;
        match T::deserialize(&with) {
            Ok(read) => (value, sound) = (read, with),
            Err(_) => broken.push(member),
        }
    }
    (value, broken)
}
