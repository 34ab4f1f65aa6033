//! What two configurations say differently, setting by setting.

use std::collections::BTreeMap;

use sync_core::config::Config;

/// One setting of which two configurations say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path, such as `customers.group` or `customers.mapping.name`.
    pub path: String,
    /// What was said before; `None` = nothing.
    pub before: Option<String>,
    /// What is said after; `None` = nothing.
    pub after: Option<String>,
}

/// All differences, by path. A text that cannot be read says nothing.
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (settings(before), settings(after));
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| Difference {
            path: path.clone(),
            before: before.get(path).cloned(),
            after: after.get(path).cloned(),
        })
        .collect()
}

fn settings(text: &str) -> BTreeMap<String, String> {
    // Read and written anew, so that what an older program left unsaid compares as what it meant.
    let text = Config::parse(text).map_or_else(|_| text.to_owned(), |parsed| parsed.config.render());
    let mut all = BTreeMap::new();
    for (name, value) in text.parse::<toml::Table>().unwrap_or_default() {
        flatten(&name, &value, &mut all);
    }
    all
}

fn flatten(path: &str, value: &toml::Value, all: &mut BTreeMap<String, String>) {
    match value {
        // A row of a mapping may be a table of its own: it is one setting.
        toml::Value::Table(table) if !is_row(path) => {
            for (name, value) in table {
                flatten(&format!("{path}.{name}"), value, all);
            }
        }
        toml::Value::String(text) => {
            all.insert(path.to_owned(), text.clone());
        }
        other => {
            all.insert(path.to_owned(), other.to_string().trim().to_owned());
        }
    }
}

fn is_row(path: &str) -> bool {
    path.split('.').nth(1) == Some("mapping") && path.split('.').count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "[sare]\nuid = \"12345\"\n[customers]\nenabled = true\ngroup = 21\n[customers.mapping]\nname = \"{firstname}\"\nprop1 = \"email\"\n";

    #[test]
    fn only_what_differs_is_told_and_by_its_path() {
        let after = BEFORE
            .replace("21", "22")
            .replace("prop1 = \"email\"\n", "gsm = \"address.phone\"\n");
        let found = differences(BEFORE, &after);
        let told: Vec<(&str, Option<&str>, Option<&str>)> = found
            .iter()
            .map(|d| (d.path.as_str(), d.before.as_deref(), d.after.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("customers.group", Some("21"), Some("22")),
                ("customers.mapping.gsm", None, Some("address.phone")),
                ("customers.mapping.prop1", Some("email"), None),
            ]
        );
        assert!(differences(BEFORE, BEFORE).is_empty());
    }

    #[test]
    fn what_was_left_unsaid_is_no_difference() {
        let said = format!("{BEFORE}\n[brake]\nshare = 0.05\n");
        assert!(differences(BEFORE, &said).is_empty());
    }
}
