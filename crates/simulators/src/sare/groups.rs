//! Calls about groups (sare-api.md 4.2 and 8).

use http::StatusCode;
use ports::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Refused, bad_request, ok, refused};
use super::api::{list as read_list, members, page_number, page_of};
use super::contacts::status;
use super::settings::{AccountSettings, GroupChangeShape, GroupEmailsShape, GroupListShape, PastLastPage};
use super::state::State;

/// `GET /group/list`
pub(super) fn list(state: &State, settings: &AccountSettings) -> Response {
    let rows = || state.groups.iter();
    let plain = || -> Value {
        rows()
            .map(|(id, name)| json!({ "id": id, "name": name }))
            .collect()
    };
    let response = match settings.group_list {
        GroupListShape::List => plain(),
        GroupListShape::IdsAsStrings => {
            rows().map(|(id, name)| json!({ "id": id.to_string(), "name": name })).collect()
        }
        GroupListShape::ExtraMembers => rows()
            .map(|(id, name)| {
                json!({ "id": id, "name": name, "short_name": "", "description": null, "private": false })
            })
            .collect(),
        GroupListShape::InData => json!({ "data": plain() }),
        GroupListShape::Empty => json!([]),
    };
    ok(settings, response)
}

/// `GET /group/free`
pub(super) fn free(state: &State, settings: &AccountSettings) -> Response {
    let last = if settings.no_free_groups {
        0
    } else {
        settings.group_pool
    };
    let free: Vec<i64> = (1..=last).filter(|id| !state.groups.contains_key(id)).collect();
    ok(settings, json!(free))
}

/// `GET /group/get/{group}`
pub(super) fn get(state: &State, settings: &AccountSettings, group: &str) -> Response {
    let found = group.parse().ok().and_then(|id| state.groups.get_key_value(&id));
    match found {
        Some((id, name)) => ok(settings, json!({ "id": id, "name": name })),
        None => refused(settings, StatusCode::NOT_FOUND, Value::Null),
    }
}

/// `GET /group/emails/{group}/{page}`; group 0 holds those who are in no group.
pub(super) fn emails(state: &State, settings: &AccountSettings, group: &str, page: &str) -> Response {
    let page = match page_number(settings, page) {
        Ok(page) => page,
        Err(answer) => return *answer,
    };
    let Some(group) = known_group(state, group, true) else {
        return refused(settings, StatusCode::NOT_FOUND, Value::Null);
    };
    let strings = settings.group_emails == GroupEmailsShape::Strings;
    let rows: Vec<_> = state
        .contacts
        .iter()
        .filter(|contact| contact.is_in(group) && !contact.forgotten)
        .filter(|contact| settings.group_lists_unsubscribed || contact.status() == status::CONFIRMED)
        .filter(|contact| !(strings && contact.is_sms_only()))
        .collect();
    let (rows, behind) = page_of(settings, rows, page);
    if behind && settings.past_last_page == PastLastPage::Error {
        return refused(settings, StatusCode::NOT_FOUND, Value::Null);
    }
    if strings {
        return ok(
            settings,
            rows.into_iter()
                .map(|contact| json!(settings.told(&contact.email)))
                .collect(),
        );
    }
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|contact| match &contact.data {
            Some(data) if contact.is_sms_only() => json!({ "gsm": *data.gsm }),
            _ => json!({ "email": settings.told(&contact.email) }),
        })
        .collect();
    ok(settings, json!({ "data": rows }))
}

/// `POST /group/add_emails` (`join`) and `POST /group/remove_emails`: no status changes.
pub(super) fn change_emails(
    state: &mut State,
    settings: &AccountSettings,
    body: &[u8],
    join: bool,
) -> Response {
    let (emails, groups) = match change_lists(settings, body) {
        Ok(lists) => lists,
        Err(answer) => return *answer,
    };
    let mut errors = Vec::new();
    for group in groups.iter().filter(|group| !state.groups.contains_key(group)) {
        errors.push(json!({ "group": group, "why": "nieznana grupa" }));
    }
    let groups: Vec<i64> = groups
        .into_iter()
        .filter(|group| state.groups.contains_key(group))
        .collect();
    for email in emails {
        match state
            .contacts
            .get_mut(&settings.key_of(&email))
            .filter(|contact| !contact.forgotten)
        {
            Some(contact) if join => contact.add_groups(groups.iter().copied()),
            Some(contact) => contact.leave_groups(&groups),
            None if settings.group_change_names_unknown => {
                errors.push(json!({ "email": email, "why": "adres nie istnieje w bazie" }));
            }
            None => {}
        }
    }
    match settings.group_change {
        GroupChangeShape::True if errors.is_empty() => ok(settings, json!(true)),
        _ => ok(settings, json!({ "error": errors })),
    }
}

fn change_lists(settings: &AccountSettings, body: &[u8]) -> Result<(Vec<String>, Vec<i64>), Refused> {
    let members = members(settings, body)?;
    let emails = read_list(settings, &members, "emails")?;
    let groups = read_list(settings, &members, "groups")?;
    if emails.is_empty() || groups.is_empty() {
        return Err(bad_request(settings, "pusta lista").into());
    }
    let emails = emails
        .into_iter()
        .map(|raw| serde_json::from_str(raw.get()))
        .collect::<Result<_, _>>();
    let groups = groups
        .into_iter()
        .map(|raw| group_number(settings, raw))
        .collect::<Option<_>>();
    match (emails, groups) {
        (Ok(emails), Some(groups)) => Ok((emails, groups)),
        _ => Err(bad_request(settings, "niepoprawny element listy").into()),
    }
}

fn group_number(settings: &AccountSettings, raw: &RawValue) -> Option<i64> {
    as_group_number(settings, &serde_json::from_str(raw.get()).ok()?)
}

/// A group number as it is sent: a number, or a string of digits where those are taken.
pub(super) fn as_group_number(settings: &AccountSettings, value: &Value) -> Option<i64> {
    match value {
        Value::String(digits) if settings.accepts_group_strings => digits.parse().ok(),
        value => value.as_i64(),
    }
}

/// What a group object of `group/add` and `group/edit` holds (inferred, sare-api.md 8).
#[derive(Deserialize)]
struct GroupObject {
    id: i64,
    name: String,
}

/// `POST /group/add`
pub(super) fn add(state: &mut State, settings: &AccountSettings, body: &[u8]) -> Response {
    each_group(settings, body, |group| {
        if !(1..=settings.group_pool).contains(&group.id) || state.groups.contains_key(&group.id) {
            return Err("numer grupy nie jest wolny");
        }
        state.groups.insert(group.id, group.name);
        Ok(())
    })
}

/// `POST /group/edit`
pub(super) fn edit(state: &mut State, settings: &AccountSettings, body: &[u8]) -> Response {
    each_group(settings, body, |group| {
        let name = state.groups.get_mut(&group.id).ok_or("nieznana grupa")?;
        *name = group.name;
        Ok(())
    })
}

fn each_group(
    settings: &AccountSettings,
    body: &[u8],
    mut change: impl FnMut(GroupObject) -> Result<(), &'static str>,
) -> Response {
    let items = match members(settings, body).and_then(|members| read_list(settings, &members, "groups")) {
        Ok(items) if items.is_empty() => return bad_request(settings, "pusta lista groups"),
        Ok(items) => items,
        Err(answer) => return *answer,
    };
    let mut errors = Vec::new();
    for item in items {
        match serde_json::from_str::<GroupObject>(item.get()) {
            Err(_) => errors.push(json!({ "why": "niepoprawny opis grupy" })),
            Ok(group) => {
                let id = group.id;
                if let Err(why) = change(group) {
                    errors.push(json!({ "id": id, "why": why }));
                }
            }
        }
    }
    ok(settings, json!({ "error": errors }))
}

/// `POST /group/remove/{group}`: its contacts stay (sare-api.md 8).
pub(super) fn remove(state: &mut State, settings: &AccountSettings, group: &str) -> Response {
    let answer = clear(state, settings, group);
    if let Some(group) = known_group(state, group, false) {
        state.groups.remove(&group);
    }
    answer
}

/// `POST /group/clear/{group}`
pub(super) fn clear(state: &mut State, settings: &AccountSettings, group: &str) -> Response {
    let Some(group) = known_group(state, group, false) else {
        return refused(settings, StatusCode::NOT_FOUND, Value::Null);
    };
    for contact in state.contacts.iter_mut().filter(|contact| contact.is_in(group)) {
        contact.leave_groups(&[group]);
    }
    ok(settings, json!(true))
}

fn known_group(state: &State, text: &str, with_zero: bool) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|id| (with_zero && *id == 0) || state.groups.contains_key(id))
}
