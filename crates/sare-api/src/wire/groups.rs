//! Requests and answers about groups (sare-api.md 4.2, 8).

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient::{address, filled_text, integer, member, rows};
use super::to_bytes;

/// A group of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its number, by which contacts are put into it.
    pub id: i64,
    /// Its name in the panel.
    pub name: String,
}

/// One page of a group's addresses.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct GroupPage {
    /// The addresses. Contacts that have only a phone are left out.
    pub emails: Vec<String>,
    /// Rows on the page, those left out included. 0 behind the last page.
    pub rows: usize,
}

/// Counts only: the addresses are personal.
impl std::fmt::Debug for GroupPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupPage")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// Reads `group/list`: rows with `id` and `name`, or a map from number to name. `None` if there are rows
/// and none can be used.
pub(crate) fn read_list(payload: &Value) -> Option<Vec<Group>> {
    let rows = rows(payload)?;
    let some = !rows.is_empty();
    let group = |(name, row): (Option<&str>, &Value)| {
        let by_name = || name.and_then(|name| name.parse().ok());
        let (id, label) = match row {
            Value::Object(members) => {
                let id = members.get("id").and_then(integer).or_else(by_name)?;
                (id, members.get("name").and_then(filled_text))
            }
            label => (by_name()?, filled_text(label)),
        };
        Some(Group {
            id,
            name: label.unwrap_or_else(|| id.to_string()),
        })
    };
    let groups: Vec<Group> = rows.into_iter().filter_map(group).collect();
    (!some || !groups.is_empty()).then_some(groups)
}

/// Reads `group/free`: numbers, or digits. `None` unless all are.
pub(crate) fn read_free(payload: &Value) -> Option<Vec<i64>> {
    rows(payload)?.into_iter().map(|(_, row)| integer(row)).collect()
}

/// Reads `group/emails`: rows with `email`, or texts. `None` if there are rows and none can be used.
pub(crate) fn read_page(payload: &Value) -> Option<GroupPage> {
    let found = rows(payload)?;
    let rows = found.len();
    let contact = |row: &Value| -> Option<Option<String>> {
        match row {
            Value::String(_) => address(row).map(|email| Some(email.to_owned())),
            Value::Object(members) => {
                let email = members.get("email").and_then(address).map(str::to_owned);
                (email.is_some() || member(members, &["gsm"]).is_some()).then_some(email)
            }
            _ => None,
        }
    };
    let contacts: Vec<Option<String>> = found.into_iter().filter_map(|(_, row)| contact(row)).collect();
    if rows > 0 && contacts.is_empty() {
        return None;
    }
    Some(GroupPage {
        emails: contacts.into_iter().flatten().collect(),
        rows,
    })
}

#[derive(Serialize)]
struct GroupsBody<'a> {
    groups: &'a [Group],
}

/// The body of `group/add`: a free number as `id`, and a name (inferred, sare-api.md 8).
pub(crate) fn add_body(groups: &[Group]) -> Bytes {
    to_bytes(&GroupsBody { groups }, 16 + 64 * groups.len())
}

#[derive(Serialize)]
struct MembersBody<'a> {
    emails: &'a [&'a str],
    groups: &'a [i64],
}

/// The body of `group/add_emails` and `group/remove_emails`.
pub(crate) fn members_body(emails: &[&str], groups: &[i64]) -> Bytes {
    to_bytes(&MembersBody { emails, groups }, 32 + 32 * emails.len())
}
