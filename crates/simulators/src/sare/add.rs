//! Calls that write contacts: `email/add`, `email/edit`, `email/delete`.
//!
//! Every item is judged by itself ([`judge`], which changes nothing) and then carried out
//! ([`apply`]), so that a call can also be refused as a whole, or answered now and carried out later.
//! The rules are the state machine of sare-api.md 15: groups follow `only_add_to_groups`, data
//! `update_on_duplicate`, the status `update_status_on_duplicate`.

use bytes::Bytes;
use http::StatusCode;
use ports::{Millis, Response};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Refused, bad_request, enveloped, ok, refused};
use super::api::{Members, list, members};
use super::contacts::{Contact, Who, key_of_gsm, status};
use super::groups::as_group_number;
use super::item::Item;
use super::patch::{Patch, patch_of, write_data};
use super::settings::{
    AccountSettings, AddErrors, AddSuccess, AddressLimitAnswer, BlockedAnswer, Duplicate, EmptyAdd,
    RefusedStatus, Reject,
};
use super::state::{Late, State};

/// The switches of a call; all off unless sent.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    keep_groups: bool,
    update_data: bool,
    update_status: bool,
    send_confirmation: bool,
    data_after_confirmation: bool,
    /// `email/edit`: only existing contacts, and a status only where one is sent.
    edit: bool,
    /// Whether a mailable status stays whatever the call says.
    keeps_mailable: bool,
}

/// Members of the top level (sare-api.md 5).
const TOP_LEVEL: [&str; 6] = [
    "emails",
    "only_add_to_groups",
    "update_on_duplicate",
    "update_status_on_duplicate",
    "send_confirmation",
    "update_user_data_after_confirmation",
];

/// Why an item is refused.
#[derive(Debug)]
struct Refusal {
    email: Option<String>,
    why: String,
    /// Refused for want of room, which can also be answered as a whole.
    full: bool,
}

/// What an accepted item does.
#[derive(Debug)]
struct Change {
    key: String,
    /// The address as it is to be stored and echoed.
    email: String,
    effect: Effect,
    groups: Option<Vec<i64>>,
    patch: Patch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Accepted, and nothing happens.
    Nothing,
    Create {
        status: i64,
    },
    Update {
        status: Option<i64>,
        data: bool,
    },
}

/// `POST /email/add`
pub(super) fn add(state: &mut State, settings: &AccountSettings, body: &Bytes, now: Millis) -> Response {
    write(state, settings, body, now, false)
}

/// `POST /email/edit`
pub(super) fn edit(state: &mut State, settings: &AccountSettings, body: &Bytes, now: Millis) -> Response {
    write(state, settings, body, now, true)
}

/// Carries out an add that was answered earlier.
pub(super) fn carry_out(state: &mut State, late: &Late) {
    let settings = std::sync::Arc::clone(&state.settings);
    if let Ok((mut flags, items)) = read(&settings, &late.body, false) {
        flags.keeps_mailable = late.due_at < settings.deaf_to_lowering_until;
        state.contacts.asked_at = Some(late.asked_at);
        run(state, &settings, flags, &items, late.due_at);
        state.contacts.asked_at = None;
    }
}

fn write(state: &mut State, settings: &AccountSettings, body: &Bytes, now: Millis, edit: bool) -> Response {
    let (mut flags, items) = match read(settings, body, edit) {
        Ok(read) => read,
        Err(answer) => return *answer,
    };
    flags.keeps_mailable = now < settings.deaf_to_lowering_until;
    if items.is_empty() {
        return match settings.empty_add {
            EmptyAdd::BadRequest => bad_request(settings, "pusta lista emails"),
            EmptyAdd::CodeOnly => enveloped(settings, StatusCode::OK, 400, Value::Null),
        };
    }
    let later = !settings.async_processing.is_zero() && !edit;
    let all_or_nothing = settings.add_errors == AddErrors::WholeCall
        || settings.address_limit_answer != AddressLimitAnswer::Item;
    if later || all_or_nothing {
        let (good, bad) = rehearse(state, settings, flags, &items);
        let stops = |refusal: &Refusal| {
            settings.add_errors == AddErrors::WholeCall
                || (refusal.full && settings.address_limit_answer == AddressLimitAnswer::WholeCall)
        };
        let silent = match settings.address_limit_answer {
            AddressLimitAnswer::Payment => Some(StatusCode::PAYMENT_REQUIRED),
            AddressLimitAnswer::Forbidden => Some(StatusCode::FORBIDDEN),
            AddressLimitAnswer::Item | AddressLimitAnswer::WholeCall => None,
        };
        if let Some(status) = silent.filter(|_| bad.iter().any(|refusal| refusal.full)) {
            return refused(settings, status, Value::Null);
        }
        if bad.iter().any(stops) {
            return refused(
                settings,
                StatusCode::BAD_REQUEST,
                json!({ "error": entries(settings, bad) }),
            );
        }
        if later {
            let delay = ports::millis(settings.async_processing);
            state.waiting.push_back(Late {
                asked_at: now,
                due_at: now + delay,
                body: body.clone(),
            });
            return verdict(settings, good, bad);
        }
    }
    let (good, bad) = run(state, settings, flags, &items, now);
    verdict(settings, good, bad)
}

/// `POST /email/delete`
pub(super) fn delete(state: &mut State, settings: &AccountSettings, body: &Bytes, now: Millis) -> Response {
    let items = match members(settings, body).and_then(|members| list(settings, &members, "emails")) {
        Ok(items) if items.is_empty() => return bad_request(settings, "pusta lista emails"),
        Ok(items) => items,
        Err(answer) => return *answer,
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in items {
        let Ok(email) = serde_json::from_str::<String>(item.get()) else {
            bad.push(Refusal {
                email: None,
                why: "adres nie jest tekstem".to_owned(),
                full: false,
            });
            continue;
        };
        if state.contacts.remove(&settings.key_of(&email), now, Who::Api) {
            good.push(email);
        } else {
            let why = "adres nie istnieje w bazie".to_owned();
            bad.push(Refusal {
                email: Some(email),
                why,
                full: false,
            });
        }
    }
    verdict(settings, good, bad)
}

/// Reads the switches and the items of a body, or gives the answer that refuses it.
fn read<'a>(
    settings: &AccountSettings,
    body: &'a [u8],
    edit: bool,
) -> Result<(Flags, Vec<&'a RawValue>), Refused> {
    let members = members(settings, body)?;
    if settings.refuses_unknown_members
        && let Some(name) = members.keys().find(|name| !TOP_LEVEL.contains(&name.as_ref()))
    {
        return Err(bad_request(settings, &format!("nieznane pole {name}")).into());
    }
    let flags = Flags {
        keep_groups: switch(settings, &members, "only_add_to_groups")?,
        update_data: switch(settings, &members, "update_on_duplicate")? || edit,
        update_status: switch(settings, &members, "update_status_on_duplicate")?,
        send_confirmation: switch(settings, &members, "send_confirmation")?,
        data_after_confirmation: switch(settings, &members, "update_user_data_after_confirmation")?,
        edit,
        keeps_mailable: false,
    };
    Ok((flags, list(settings, &members, "emails")?))
}

/// A switch of the top level, off when absent, or the answer that refuses what is not a bool.
fn switch(settings: &AccountSettings, members: &Members<'_>, name: &str) -> Result<bool, Refused> {
    let read = members
        .get(name)
        .map_or(Some(false), |raw| serde_json::from_str(raw.get()).ok());
    read.ok_or_else(|| bad_request(settings, &format!("{name} nie jest wartoscia logiczna")).into())
}

/// Judges and carries out one item after the other.
fn run(
    state: &mut State,
    settings: &AccountSettings,
    flags: Flags,
    items: &[&RawValue],
    now: Millis,
) -> (Vec<String>, Vec<Refusal>) {
    let (mut good, mut bad) = (Vec::with_capacity(items.len()), Vec::new());
    for item in items {
        match judge(state, settings, flags, item, 0) {
            Ok(change) => {
                good.push(change.email.clone());
                apply(state, settings, flags, change, now);
            }
            Err(refusal) => bad.push(refusal),
        }
    }
    (good, bad)
}

/// Judges every item and carries out none.
fn rehearse(
    state: &State,
    settings: &AccountSettings,
    flags: Flags,
    items: &[&RawValue],
) -> (Vec<String>, Vec<Refusal>) {
    let (mut good, mut bad, mut new) = (Vec::with_capacity(items.len()), Vec::new(), 0);
    for item in items {
        match judge(state, settings, flags, item, new) {
            Ok(change) => {
                new += usize::from(matches!(change.effect, Effect::Create { .. }));
                good.push(change.email);
            }
            Err(refusal) => bad.push(refusal),
        }
    }
    (good, bad)
}

/// What an item would do, or why it is refused. `more` contacts count as if they were there already.
fn judge(
    state: &State,
    settings: &AccountSettings,
    flags: Flags,
    item: &RawValue,
    more: usize,
) -> Result<Change, Refusal> {
    let item: Item<'_> = serde_json::from_str(item.get()).map_err(|_| Refusal {
        email: None,
        why: "niepoprawne dane kontaktu".to_owned(),
        full: false,
    })?;
    let sent = item.email.as_deref().unwrap_or_default();
    let refuse = |why: String| Refusal {
        email: Some(sent.to_owned()),
        why,
        full: false,
    };

    if let Some(name) = item.unknown.as_ref().filter(|_| settings.refuses_unknown_members) {
        return Err(refuse(format!("nieznane pole {name}")));
    }
    let gsm = item.gsm.as_deref().unwrap_or_default();
    let key = match (sent.is_empty(), gsm.is_empty()) {
        (true, true) => return Err(refuse("brak adresu i numeru".to_owned())),
        (true, false) => key_of_gsm(gsm),
        (false, _) if !is_address(sent) => return Err(refuse("niepoprawny adres e-mail".to_owned())),
        (false, _) => settings.key_of(sent),
    };
    let email = if settings.lower_cases_addresses {
        sent.to_lowercase()
    } else {
        sent.to_owned()
    };
    if item.status.is_some_and(|status| !(2..=8).contains(&status)) {
        return Err(refuse("nieznany status".to_owned()));
    }
    let groups = groups_of(state, settings, &item).map_err(&refuse)?;
    let patch = patch_of(settings, &item).map_err(&refuse)?;

    let effect = match state.contacts.get(&key) {
        None if flags.edit => return Err(refuse("adres nie istnieje w bazie".to_owned())),
        None if settings
            .address_limit
            .is_some_and(|limit| state.contacts.len() + more >= limit) =>
        {
            return Err(Refusal {
                full: true,
                ..refuse("limit adresow w bazie".to_owned())
            });
        }
        None => Effect::Create {
            status: item.status.unwrap_or(status::UNCONFIRMED),
        },
        Some(contact) => meet(settings, flags, &item, contact).map_err(&refuse)?,
    };
    Ok(Change {
        key,
        email,
        effect,
        groups,
        patch,
    })
}

/// What an item does to the contact that is there already.
fn meet(
    settings: &AccountSettings,
    flags: Flags,
    item: &Item<'_>,
    contact: &Contact,
) -> Result<Effect, String> {
    if contact.forgotten {
        return Err("adres zapomniany (RODO)".to_owned());
    }
    if contact.status() == status::BLOCKED {
        return match settings.blocked_answer {
            BlockedAnswer::Error => Err("adres zablokowany".to_owned()),
            BlockedAnswer::Silent => Ok(Effect::Nothing),
        };
    }
    if !flags.update_data && !flags.update_status && settings.duplicate == Duplicate::Error {
        return Err("adres istnieje juz w bazie".to_owned());
    }
    let wanted = if flags.edit {
        item.status
    } else if flags.update_status {
        Some(item.status.unwrap_or(status::UNCONFIRMED))
    } else {
        None
    };
    let status = match wanted {
        Some(to) if !settings.updatable_statuses.contains(&to) => match settings.refused_status {
            RefusedStatus::Ignored => None,
            RefusedStatus::Error => return Err("niedozwolona zmiana statusu".to_owned()),
        },
        None if flags.update_data && settings.data_update_changes_status => {
            Some(item.status.unwrap_or(status::CONFIRMED))
        }
        Some(_) if flags.keeps_mailable && contact.status() == status::CONFIRMED => None,
        wanted => wanted,
    };
    Ok(Effect::Update {
        status,
        data: flags.update_data,
    })
}

/// The groups that an item names, or why it is refused; `None`: it names none at all.
fn groups_of(state: &State, settings: &AccountSettings, item: &Item<'_>) -> Result<Option<Vec<i64>>, String> {
    let Some(sent) = &item.groups else { return Ok(None) };
    let mut groups = Vec::with_capacity(sent.len());
    for value in sent {
        let number =
            as_group_number(settings, value).ok_or_else(|| "numer grupy nie jest liczba".to_owned())?;
        if number == 0 || state.groups.contains_key(&number) {
            groups.push(number);
            continue;
        }
        match settings.unknown_group_reject {
            Reject::Contact => return Err(format!("nieznana grupa {number}")),
            Reject::Value => {}
            Reject::Ignored => groups.push(number),
        }
    }
    Ok(Some(groups))
}

fn apply(state: &mut State, settings: &AccountSettings, flags: Flags, change: Change, now: Millis) {
    let Change {
        key,
        email,
        effect,
        groups,
        patch,
    } = change;
    match effect {
        Effect::Nothing => return,
        Effect::Create { status } => {
            let contact = state.contacts.insert(&key, &email, status, now, Who::Api);
            contact.set_groups(groups.unwrap_or_default());
            write_data(state, settings, &key, patch, false);
        }
        Effect::Update { status, data } => {
            if let Some(status) = status {
                state.contacts.set_status(&key, status, now, Who::Api);
            }
            let Some(contact) = state.contacts.get_mut(&key) else {
                return;
            };
            match groups {
                Some(groups) if flags.keep_groups => contact.add_groups(groups),
                Some(groups) => contact.set_groups(groups),
                None => {}
            }
            if data {
                let hold_back = flags.data_after_confirmation && is_unconfirmed(contact);
                write_data(state, settings, &key, patch, hold_back);
            }
        }
    }
    if flags.send_confirmation && state.contacts.get(&key).is_some_and(is_unconfirmed) {
        state
            .contacts
            .set_status(&key, status::UNCONFIRMED, now, Who::Api);
        state.confirmations += 1;
        state.contacts.note_confirmation(&key, now, Who::Api);
    }
}

fn is_unconfirmed(contact: &Contact) -> bool {
    [status::NOT_VERIFIED, status::UNCONFIRMED].contains(&contact.status())
}

/// The answer to a call some of whose items may have been refused.
fn verdict(settings: &AccountSettings, good: Vec<String>, bad: Vec<Refusal>) -> Response {
    let names: Vec<Value> = good
        .iter()
        .map(|email| json!({ "email": settings.told(email) }))
        .collect();
    let with_success = matches!(
        settings.add_success,
        AddSuccess::SuccessAndError | AddSuccess::NoError
    );
    if bad.is_empty() {
        return match settings.add_success {
            AddSuccess::SuccessAndError => ok(settings, json!({ "success": names, "error": [] })),
            AddSuccess::NoError => ok(settings, json!({ "success": names })),
            AddSuccess::List => ok(settings, json!(names)),
            AddSuccess::Number => ok(settings, json!(names.len())),
        };
    }
    let mut response = json!({ "error": entries(settings, bad) });
    if with_success {
        response["success"] = json!(names);
    }
    match settings.add_errors {
        AddErrors::MultiStatus => refused(settings, StatusCode::MULTI_STATUS, response),
        _ => ok(settings, response),
    }
}

fn entries(settings: &AccountSettings, bad: Vec<Refusal>) -> Vec<Value> {
    let named = settings.add_errors != AddErrors::WhyOnly;
    bad.into_iter()
        .map(|refusal| match refusal.email {
            Some(email) if named => json!({ "email": settings.told(&email), "why": refusal.why }),
            _ => json!({ "why": refusal.why }),
        })
        .collect()
}

/// Whether SARE would take this for an address; the length is the old API's (sare-api.md 5).
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !local.contains('@')
        && text.chars().count() <= 255
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && domain.split('.').count() >= 2
        && domain.split('.').all(|label| !label.is_empty())
}
