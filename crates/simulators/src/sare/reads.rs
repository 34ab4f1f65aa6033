//! Calls that read contacts: one by address or hash, many by list, and the account's properties.

use std::collections::HashSet;

use http::StatusCode;
use md5::{Digest, Md5};
use ports::Response;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::answer::{Refused, bad_request, no_such_contact, ok, refused};
use super::api::{list, members, page_number, page_of};
use super::contacts::{Contact, ContactView};
use super::settings::{
    AccountSettings, ContactShape, ListShape, LookupForm, PastLastPage, PropsShape, StatusForm, UnknownInList,
};
use super::state::State;

/// `GET /email/props`
pub(super) fn props(settings: &AccountSettings) -> Response {
    let labels = |basic: Option<bool>| -> Map<String, Value> {
        let wanted = settings
            .props
            .iter()
            .filter(|prop| basic.is_none_or(|basic| basic == prop.is_basic()));
        wanted.map(|prop| (prop.id.clone(), json!(prop.name))).collect()
    };
    let response = match settings.props_shape {
        PropsShape::List => settings
            .props
            .iter()
            .map(|prop| json!({ "id": prop.id, "name": prop.name, "type": prop.kind.type_name() }))
            .collect(),
        PropsShape::Labels => object(settings, labels(None)),
        PropsShape::Split => json!({
            "prop": object(settings, labels(Some(true))),
            "prop_cust": object(settings, labels(Some(false))),
        }),
        PropsShape::Names => settings.props.iter().map(|prop| json!(prop.id)).collect(),
    };
    ok(settings, response)
}

/// `GET /email/by_email/{email}`
pub(super) fn by_email(state: &State, settings: &AccountSettings, email: &str) -> Response {
    record_answer(state, settings, state.contacts.get(&settings.key_of(email)))
}

/// `GET /email/by_email_hash/{hash}`; looks at every contact.
pub(super) fn by_hash(state: &State, settings: &AccountSettings, hash: &str) -> Response {
    record_answer(state, settings, find_by_hash(state, settings, hash))
}

/// `GET /email/status_hash/{hash}`; looks at every contact.
pub(super) fn status_by_hash(state: &State, settings: &AccountSettings, hash: &str) -> Response {
    match find_by_hash(state, settings, hash) {
        Some(contact) => ok(settings, json!({ "status": status(settings, contact.status()) })),
        None => no_such_contact(settings),
    }
}

/// `POST /email/status_by_email_list/{page}` (`only_status`) and `POST /email/by_email_list/{page}`.
pub(super) fn by_list(
    state: &State,
    settings: &AccountSettings,
    page: &str,
    body: &[u8],
    only_status: bool,
) -> Response {
    let asked = page_number(settings, page).and_then(|page| Ok((page, asked_for(settings, body)?)));
    let (page, emails) = match asked {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let mut seen = HashSet::with_capacity(emails.len());
    let mut rows: Vec<(String, Option<&Contact>)> = Vec::with_capacity(emails.len());
    for email in emails {
        let key = settings.key_of(&email);
        let found = state.contacts.get(&key);
        if (found.is_some() || settings.unknown_in_list == UnknownInList::Null) && seen.insert(key) {
            rows.push((email, found));
        }
    }
    let (rows, behind) = page_of(settings, rows, page);
    if behind && settings.past_last_page == PastLastPage::Error {
        return refused(settings, StatusCode::NOT_FOUND, Value::Null);
    }
    let as_map = settings.list_shape == ListShape::Map;
    let entries = rows.into_iter().map(|(asked, contact)| {
        let address = match contact {
            Some(contact) if !contact.forgotten => settings.told(&contact.email),
            _ => asked,
        };
        let value = match contact {
            Some(contact) if only_status => status(settings, contact.status()),
            Some(contact) => record(state, settings, contact, &address),
            None => Value::Null,
        };
        (address, value)
    });
    let response = if as_map {
        object(settings, entries.collect())
    } else {
        let rows: Vec<Value> = entries
            .map(|(address, value)| match value {
                Value::Object(record) => Value::Object(record),
                status => json!({ "email": address, "status": status }),
            })
            .collect();
        if settings.list_shape == ListShape::Bare {
            json!(rows)
        } else {
            json!({ "data": rows })
        }
    };
    ok(settings, response)
}

/// The addresses of a "by list" body, or the answer that refuses its form.
fn asked_for(settings: &AccountSettings, body: &[u8]) -> Result<Vec<String>, Refused> {
    let members = members(settings, body)?;
    let items = list(settings, &members, "emails")?;
    if items.is_empty() {
        return Err(bad_request(settings, "pusta lista emails").into());
    }
    let read = |item: &RawValue| lookup_address(settings.lookup, item);
    items
        .into_iter()
        .map(|item| {
            read(item).ok_or_else(|| bad_request(settings, "niepoprawny element listy emails").into())
        })
        .collect()
}

fn lookup_address(form: LookupForm, item: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Lookup {
        email: String,
    }
    let object = || {
        serde_json::from_str::<Lookup>(item.get())
            .ok()
            .map(|lookup| lookup.email)
    };
    let plain = || serde_json::from_str::<String>(item.get()).ok();
    match form {
        LookupForm::Objects if item.get().starts_with('{') => object(),
        LookupForm::Objects => None,
        LookupForm::Plain => plain(),
        LookupForm::Both => plain().or_else(object),
    }
}

fn find_by_hash<'a>(state: &'a State, settings: &AccountSettings, hash: &str) -> Option<&'a Contact> {
    let of = |contact: &Contact| {
        hex::encode(Md5::digest(format!(
            "{}{}",
            settings.hash_salt,
            settings.key_of(&contact.email)
        )))
    };
    state.contacts.iter().find(|contact| {
        !contact.is_sms_only() && !contact.forgotten && of(contact).eq_ignore_ascii_case(hash)
    })
}

fn record_answer(state: &State, settings: &AccountSettings, contact: Option<&Contact>) -> Response {
    let Some(contact) = contact else {
        return no_such_contact(settings);
    };
    let record = record(state, settings, contact, &contact.email);
    match settings.contact_shape {
        ContactShape::OneItemList => ok(settings, json!([record])),
        _ => ok(settings, record),
    }
}

/// A contact record; of a forgotten contact only the status can be read.
fn record(state: &State, settings: &AccountSettings, contact: &Contact, address: &str) -> Value {
    if contact.forgotten {
        return json!({ "email": address, "status": status(settings, contact.status()), "name": null });
    }
    let ContactView {
        email,
        status: number,
        groups,
        name,
        gsm,
        comment,
        interface,
        mail_type,
        prop,
        prop_cust,
        ..
    } = state.contacts.view(contact);
    let as_text = settings.contact_shape == ContactShape::NumbersAsStrings;
    let numeral = |n: i64| if as_text { json!(n.to_string()) } else { json!(n) };
    let mut shown = status(settings, number);
    if as_text && shown.is_number() {
        shown = json!(number.to_string());
    }
    let props = |map: std::collections::BTreeMap<String, String>| {
        object(
            settings,
            map.into_iter()
                .map(|(name, value)| (name, json!(value)))
                .collect(),
        )
    };
    let mut record = json!({
        "email": settings.told(&email),
        "gsm": gsm,
        "name": name,
        "status": shown,
        "interface": numeral(interface),
        "mail_type": mail_type,
        "comment": comment,
        "prop": props(prop),
        "prop_cust": props(prop_cust),
    });
    if settings.contact_shape != ContactShape::NoGroups {
        let zero = settings.shows_group_zero && groups.is_empty();
        let groups = if zero { vec![0] } else { groups };
        record["groups"] = groups.into_iter().map(numeral).collect();
    }
    record
}

/// A status in the form that is set.
fn status(settings: &AccountSettings, number: i64) -> Value {
    let number = match settings.all_statuses_read_as {
        Some(told) if number != settings.forgotten_status => told,
        _ => number,
    };
    let named = |names: [&str; 7], forgotten: &str| match number {
        2..=8 => json!(names[usize::try_from(number - 2).unwrap_or(0)]),
        n if n == settings.forgotten_status => json!(forgotten),
        n => json!(n),
    };
    match settings.status_form {
        StatusForm::Number => json!(number),
        StatusForm::Digits => json!(number.to_string()),
        StatusForm::Polish => named(
            [
                "wypisany ręcznie",
                "wypisał się",
                "chęć wypisania",
                "zapisany brak weryfikacji",
                "zapisany niepotwierdzony",
                "adres zablokowany",
                "zapisany i potwierdzony",
            ],
            "zapomniany RODO",
        ),
        StatusForm::English => named(
            [
                "signed out manually",
                "unsubscribed",
                "willingness to unsubscribe",
                "no verification",
                "subscribed, unconfirmed",
                "address blocked",
                "subscribed and confirmed",
            ],
            "forgotten (GDPR)",
        ),
    }
}

/// An object, or an empty list for an empty one where PHP's habit is set.
fn object(settings: &AccountSettings, members: Map<String, Value>) -> Value {
    if members.is_empty() && settings.empty_objects_as_lists {
        json!([])
    } else {
        Value::Object(members)
    }
}
