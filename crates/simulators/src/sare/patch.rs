//! The data of a contact: which values SARE takes, and how they are written (sare-api.md 5, 7).

use serde_json::Value;

use super::contacts::Data;
use super::item::Item;
use super::settings::{AccountSettings, EmptyValue, PropKind, Reject, is_basic};
use super::state::State;

/// Data to set; an absent member is left alone, an empty text clears.
#[derive(Debug, Default)]
pub(super) struct Patch {
    pub gsm: Option<String>,
    pub name: Option<String>,
    pub comment: Option<String>,
    pub interface: Option<u8>,
    pub formats: Option<(bool, bool)>,
    pub props: Vec<(String, String)>,
}

/// The data that an item sets, or why it is refused.
pub(super) fn patch_of(settings: &AccountSettings, item: &Item<'_>) -> Result<Patch, String> {
    let mut patch = Patch::default();
    let fields = [
        (&item.gsm, &mut patch.gsm),
        (&item.name, &mut patch.name),
        (&item.comment, &mut patch.comment),
    ];
    for (sent, kept) in fields {
        match sent.as_deref() {
            Some("") => match settings.empty_value {
                EmptyValue::Clears => *kept = Some(String::new()),
                EmptyValue::Ignored => {}
                EmptyValue::Refused => return Err("pusta wartosc".to_owned()),
            },
            sent => *kept = sent.map(str::to_owned),
        }
    }
    if patch
        .gsm
        .as_deref()
        .is_some_and(|gsm| !gsm.is_empty() && !is_phone(gsm))
    {
        return Err("niepoprawny numer gsm".to_owned());
    }
    if let Some(interface) = item.interface {
        patch.interface = Some(u8::try_from(interface).map_err(|_| "niepoprawny interfejs".to_owned())?);
    }
    if let Some(formats) = &item.mail_type {
        if formats.iter().any(|format| format != "text" && format != "HTML") {
            return Err("niepoprawny mail_type".to_owned());
        }
        let has = |name: &str| formats.iter().any(|format| format == name);
        patch.formats = Some((has("text"), has("HTML")));
    }
    for (basic, sent) in [(true, &item.prop), (false, &item.prop_cust)] {
        for (name, value) in sent {
            if let Some(text) = prop_value(settings, basic, name, value)? {
                patch.props.push((name.clone(), text));
            }
        }
    }
    Ok(patch)
}

/// The text to store for a property, `None` to leave it alone, or why the contact is refused.
fn prop_value(
    settings: &AccountSettings,
    basic: bool,
    name: &str,
    value: &Value,
) -> Result<Option<String>, String> {
    let label = if settings.error_names_property {
        format!(" {name}")
    } else {
        String::new()
    };
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "1" } else { "0" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(format!("niepoprawna wartosc cechy{label}")),
    };
    let known = settings
        .props
        .iter()
        .find(|prop| prop.id == name && prop.is_basic() == basic);
    let (fits, rule) = match known {
        None => (false, settings.unknown_prop_reject),
        Some(prop) => (
            text.is_empty() || takes(&prop.kind, value, &text),
            settings.list_props_reject,
        ),
    };
    if !fits {
        let stored = is_basic(name) == basic;
        return match rule {
            Reject::Contact => Err(format!("niepoprawna wartosc cechy{label}")),
            Reject::Ignored if stored => Ok(Some(text)),
            Reject::Value | Reject::Ignored => Ok(None),
        };
    }
    match settings.empty_value {
        EmptyValue::Ignored if text.is_empty() => Ok(None),
        EmptyValue::Refused if text.is_empty() => Err(format!("pusta wartosc cechy{label}")),
        _ => Ok(Some(text)),
    }
}

/// Whether a property of that kind takes that value.
fn takes(kind: &PropKind, value: &Value, text: &str) -> bool {
    match kind {
        PropKind::Text { max_length } => {
            !value.is_boolean() && max_length.is_none_or(|max| text.chars().count() <= max)
        }
        PropKind::Number => !value.is_boolean() && text.parse::<f64>().is_ok_and(f64::is_finite),
        PropKind::List { values } => values.iter().any(|allowed| allowed == text),
        PropKind::Consent => ["0", "1", "tak", "nie", "true", "false"].contains(&text),
    }
}

/// Writes data over those that are there, or holds them back until the person confirms.
pub(super) fn write_data(
    state: &mut State,
    settings: &AccountSettings,
    key: &str,
    patch: Patch,
    hold_back: bool,
) {
    let props: Vec<(u16, String)> = patch
        .props
        .iter()
        .map(|(name, value)| (state.contacts.prop_id(name), value.clone()))
        .collect();
    let Some(contact) = state.contacts.get_mut(key) else {
        return;
    };
    let mut data = contact.data.as_deref().cloned().unwrap_or_default();
    if settings.update_clears_absent {
        data = Data {
            gsm: if contact.is_sms_only() {
                data.gsm
            } else {
                Box::default()
            },
            ..Data::default()
        };
    }
    for (sent, kept) in [
        (patch.gsm, &mut data.gsm),
        (patch.name, &mut data.name),
        (patch.comment, &mut data.comment),
    ] {
        if let Some(sent) = sent {
            *kept = sent.into_boxed_str();
        }
    }
    if let Some(interface) = patch.interface {
        data.interface = interface;
    }
    if let Some((text, html)) = patch.formats {
        (data.text, data.html) = (text, html);
    }
    for (id, value) in props {
        data.set_prop(id, &value);
    }
    data.props.shrink_to_fit();
    let data = (data != Data::default()).then(|| Box::new(data));
    if hold_back {
        contact.pending = data;
    } else {
        contact.data = data;
    }
}

/// `^\+\d{8,}$` (sare-api.md 5).
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit()))
}
