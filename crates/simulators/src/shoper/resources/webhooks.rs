//! Webhooks registered in the shop (shoper-api.md F.2, F.3).

use super::super::filter::Op;
use super::super::input::Input;
use super::super::list::ListQuery;
use super::super::refusal::{FaultKind, Refusal};
use super::super::rows::webhooks::Webhook;
use super::super::state::State;
use super::{Answer, Call, one};

/// Events that a webhook can be registered for.
const EVENTS: [&str; 29] = [
    "category.create",
    "category.edit",
    "category.delete",
    "order.create",
    "order.edit",
    "order.paid",
    "order.status",
    "order.delete",
    "client.create",
    "client.edit",
    "client.delete",
    "product.create",
    "product.edit",
    "product.delete",
    "parcel.create",
    "parcel.dispatch",
    "parcel.delete",
    "parcel.send",
    "specialoffer.create",
    "specialoffer.edit",
    "specialoffer.delete",
    "subscriber.create",
    "subscriber.edit",
    "subscriber.delete",
    "product-tag.edit",
    "admin.account_connected",
    "admin.account_disconnected",
    "order_transaction.create",
    "order_refund.create",
];

/// Reads what a write says, over the webhook as it is.
fn read(body: &[u8], old: Option<&Webhook>, by_app: bool) -> Result<Webhook, Refusal> {
    let mut input = Input::parse(body)?;
    let inserting = old.is_none();
    let mut webhook = old.cloned().unwrap_or(Webhook {
        id: 0,
        url: String::new(),
        json: true,
        events: Vec::new(),
        active: false,
        secret: String::new(),
        by_app,
        failures: 0,
    });
    if let Some(url) = input.required_text("url", inserting) {
        if !url.is_empty() && !is_deliverable(&url) {
            input.fault("url", FaultKind::Unusable(url.clone()));
        }
        webhook.url = url;
    }
    match input.integer("format") {
        Some(format @ (0 | 1)) => webhook.json = format == 0,
        Some(other) => input.fault("format", FaultKind::Unusable(other.to_string())),
        None if inserting => input.fault("format", FaultKind::Required),
        None => {}
    }
    match input.flag("active") {
        Some(active) => webhook.active = active,
        None if inserting => input.fault("active", FaultKind::Required),
        None => {}
    }
    webhook.secret = input.text("secret").unwrap_or(webhook.secret);
    let events: Option<Vec<String>> =
        input
            .get("events")
            .and_then(|events| events.as_array())
            .map(|events| {
                events
                    .iter()
                    .map(|event| event.as_str().unwrap_or_default().to_owned())
                    .collect()
            });
    match events {
        Some(events) if events.is_empty() => input.fault("events", FaultKind::Required),
        Some(events) => {
            if let Some(unknown) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
                input.fault("events", FaultKind::Unusable(unknown.clone()));
            }
            webhook.events = events;
        }
        None if inserting => input.fault("events", FaultKind::Required),
        None => {}
    }
    input.finish()?;
    Ok(webhook)
}

/// An HTTP address whose host can be resolved: the shop tries, we go by the reserved name.
fn is_deliverable(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.ends_with(".invalid"))
    })
}

pub(super) fn serve(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    match (call.method.as_str(), call.id()) {
        ("GET", None) => {
            let mut query = ListQuery::parse(call.params)?;
            for condition in &mut query.conditions {
                if condition.field == "url" && condition.op == Op::Like {
                    condition.op = Op::Equal;
                }
            }
            call.list(&state.webhooks, None, query, state.shown())
        }
        ("GET", Some(id)) => one(&state.webhooks, id, state.shown()),
        ("POST", None) => {
            let webhook = read(call.body, None, true)?;
            Ok(Answer::number(
                state.webhooks.insert(|id| Webhook { id, ..webhook }),
            ))
        }
        ("PUT", Some(id)) => {
            let old = state.webhooks.get(id).ok_or(Refusal::NotFound)?;
            let mut webhook = read(call.body, Some(old), old.by_app)?;
            if webhook.active && !old.active {
                webhook.failures = 0;
            }
            state.webhooks.replace(id, webhook);
            Ok(Answer::done())
        }
        ("DELETE", Some(id)) => {
            state.webhooks.remove(id).ok_or(Refusal::NotFound)?;
            Ok(Answer::done())
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
