//! The world's hands on a simulated shop. The routes are listed in [`crate::server`].

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, merge};
use crate::shoper::{
    Address, Customer, NewAddress, NewCustomer, NewOrder, Shop, ShopSettings, Subscriber, Webhook,
    WebhookFaults, form,
};

/// A customer as sent here: what is absent is left alone, or as in a new one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerBody {
    email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    newsletter: Option<bool>,
    active: Option<bool>,
    comment: Option<String>,
    tags: Option<Vec<String>>,
    group: Option<i64>,
    guest: Option<bool>,
    #[serde(default)]
    fields: Vec<(i64, String)>,
    address: Option<AddressBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    firstname: Option<String>,
    lastname: Option<String>,
    company: Option<String>,
    tax_id: Option<String>,
    street: Option<String>,
    street_2: Option<String>,
    city: Option<String>,
    zip_code: Option<String>,
    state: Option<String>,
    country_code: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriberBody {
    email: Option<String>,
    active: Option<bool>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
}

#[derive(Deserialize)]
struct OrderBody {
    email: String,
    sum: Option<i64>,
    paid: Option<bool>,
    address: Option<AddressBody>,
}

#[derive(Deserialize)]
struct Locked {
    locked: bool,
}

#[derive(Deserialize)]
#[serde(default)]
struct Message {
    version: u32,
    end: i64,
    place: String,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            version: 1,
            end: 0,
            place: "dashboard".to_owned(),
        }
    }
}

/// Carries out one admin call on a shop. `path` is what follows `/_sim/`.
pub(super) fn call(shop: &Shop, method: &Method, path: &[&str], body: &Bytes) -> Result<Value, AdminError> {
    match (method.as_str(), path) {
        ("GET", ["customers"]) => Ok(shop.customers().map(|row| customer(shop, &row)).collect()),
        ("GET", ["customers", id]) => {
            let row = match id.parse() {
                Ok(id) => shop.customer(id),
                Err(_) => shop.customer_by_email(id),
            };
            Ok(row.map_or(Value::Null, |row| customer(shop, &row)))
        }
        ("GET", ["subscribers"]) => Ok(shop.subscribers().map(|row| subscriber(&row)).collect()),
        ("GET", ["subscribers", id]) => {
            let row = match id.parse() {
                Ok(id) => shop.subscriber(id),
                Err(_) => shop.subscriber_by_email(id),
            };
            Ok(row.map_or(Value::Null, |row| subscriber(&row)))
        }
        ("GET", ["webhooks"]) => Ok(shop.webhooks().iter().map(|row| webhook(row)).collect()),
        ("GET", ["requests"]) => Ok(requests(shop)),
        ("GET", ["counters"]) => Ok(counters(shop)),
        ("GET", ["settings"]) => Ok(json!(shop.settings())),
        ("POST", ["customers"]) => {
            let new: CustomerBody = serde_json::from_slice(body)?;
            Ok(json!({ "id": shop.add_customer(new.into_new()) }))
        }
        ("POST", ["customers", id]) => edit_customer(shop, number(id)?, serde_json::from_slice(body)?),
        ("POST", ["subscribers"]) => {
            let SubscriberBody { email, active } = serde_json::from_slice(body)?;
            let id = shop.add_subscriber(email.unwrap_or_default(), active.unwrap_or(true));
            Ok(json!({ "id": id }))
        }
        ("POST", ["subscribers", id]) => {
            let SubscriberBody { email, active } = serde_json::from_slice(body)?;
            Ok(changed(shop.edit_subscriber(number(id)?, |row| {
                put(&mut row.email, email);
                row.active = active.unwrap_or(row.active);
            })))
        }
        ("POST", ["unsubscribe"]) => Ok(changed(unsubscribe(shop, &serde_json::from_slice(body)?))),
        ("POST", ["orders"]) => {
            let order: OrderBody = serde_json::from_slice(body)?;
            let mut new = NewOrder::new(order.email);
            new.sum = order.sum.unwrap_or(new.sum);
            new.paid = order.paid.unwrap_or(new.paid);
            if let Some(address) = order.address {
                address.put_over(&mut new.address);
            }
            Ok(json!({ "id": shop.add_order(new) }))
        }
        ("POST", ["lock"]) => {
            shop.lock_application(serde_json::from_slice::<Locked>(body)?.locked);
            Ok(json!({}))
        }
        ("POST", ["webhook_faults"]) => {
            shop.set_webhook_faults(serde_json::from_slice::<WebhookFaults>(body)?);
            Ok(json!({}))
        }
        ("POST", ["settings"]) => {
            let mut settings = json!(shop.settings());
            merge(&mut settings, serde_json::from_slice(body)?);
            let settings: ShopSettings = serde_json::from_value(settings)?;
            shop.configure(|present| *present = settings);
            Ok(json!(shop.settings()))
        }
        ("POST", ["messages", kind]) => message(shop, kind, body),
        ("DELETE", ["customers", id]) => Ok(changed(shop.delete_customer(number(id)?))),
        ("DELETE", ["subscribers", id]) => Ok(changed(shop.delete_subscriber(number(id)?))),
        _ => Err(AdminError::NoSuchRoute),
    }
}

/// A message of the AppStore, or the query of the panel's address, ready to be sent.
fn message(shop: &Shop, kind: &str, body: &Bytes) -> Result<Value, AdminError> {
    let Message { version, end, place } = if body.is_empty() {
        Message::default()
    } else {
        serde_json::from_slice(body)?
    };
    let params = match kind {
        "install" => shop.install_message(),
        "upgrade" => shop.upgrade_message(version),
        "billing_install" => shop.billing_install_message(),
        "billing_subscription" => shop.billing_subscription_message(end),
        "uninstall" => shop.uninstall_message(),
        "iframe" => shop.iframe_query(&place, None),
        _ => return Err(AdminError::NoSuchRoute),
    };
    Ok(json!({ "form": form(&params) }))
}

impl CustomerBody {
    fn into_new(self) -> NewCustomer {
        let mut new = NewCustomer::new(self.email.unwrap_or_default());
        put(&mut new.firstname, self.firstname);
        put(&mut new.lastname, self.lastname);
        put(&mut new.comment, self.comment);
        new.newsletter = self.newsletter.unwrap_or(new.newsletter);
        new.active = self.active.unwrap_or(new.active);
        new.registered = !self.guest.unwrap_or(false);
        new.group = self.group;
        new.tags = self
            .tags
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect();
        new.fields = self
            .fields
            .into_iter()
            .map(|(id, value)| (id, value.into()))
            .collect();
        new.address = self.address.map(|address| {
            let mut details = NewAddress {
                firstname: Arc::clone(&new.firstname),
                lastname: Arc::clone(&new.lastname),
                ..NewAddress::default()
            };
            address.put_over(&mut details);
            details
        });
        new
    }
}

impl AddressBody {
    fn put_over(self, details: &mut NewAddress) {
        put(&mut details.firstname, self.firstname);
        put(&mut details.lastname, self.lastname);
        put(&mut details.company, self.company);
        put(&mut details.tax_id, self.tax_id);
        put(&mut details.street, self.street);
        put(&mut details.street_2, self.street_2);
        put(&mut details.city, self.city);
        put(&mut details.zip_code, self.zip_code);
        put(&mut details.state, self.state);
        put(&mut details.country_code, self.country_code);
        put(&mut details.phone, self.phone);
    }
}

fn edit_customer(shop: &Shop, id: i64, change: CustomerBody) -> Result<Value, AdminError> {
    let address = change.address;
    let found = shop.edit_customer(id, |row| {
        put(&mut row.email, change.email);
        put(&mut row.firstname, change.firstname);
        put(&mut row.lastname, change.lastname);
        put(&mut row.comment, change.comment);
        row.newsletter = change.newsletter.unwrap_or(row.newsletter);
        row.active = change.active.unwrap_or(row.active);
        row.group_id = change.group.or(row.group_id);
        if let Some(tags) = change.tags {
            row.tags = tags.into_iter().map(Into::into).collect();
        }
        for (field, value) in change.fields {
            row.set_field(field, value);
        }
    });
    if let Some(address) = address.filter(|_| found) {
        let mut details = default_address(shop, id)
            .map(|row| row.details.clone())
            .unwrap_or_default();
        address.put_over(&mut details);
        shop.set_address(id, details);
    }
    Ok(changed(found))
}

/// Everything that makes this address a recipient is switched off.
fn unsubscribe(shop: &Shop, who: &Email) -> bool {
    let mut any = false;
    if let Some(row) = shop.subscriber_by_email(&who.email).filter(|row| row.active) {
        any |= shop.set_subscriber_active(row.id, false);
    }
    if let Some(row) = shop.customer_by_email(&who.email).filter(|row| row.newsletter) {
        any |= shop.edit_customer(row.id, |row| row.newsletter = false);
    }
    any
}

fn default_address(shop: &Shop, user: i64) -> Option<Arc<Address>> {
    shop.addresses(user).into_iter().find(|address| address.default)
}

fn customer(shop: &Shop, row: &Customer) -> Value {
    let address = default_address(shop, row.id).map(|address| {
        let NewAddress {
            firstname,
            lastname,
            company,
            street,
            city,
            zip_code,
            country_code,
            phone,
            ..
        } = &address.details;
        json!({
            "firstname": **firstname,
            "lastname": **lastname,
            "company": **company,
            "street": **street,
            "city": **city,
            "zip_code": **zip_code,
            "country_code": **country_code,
            "phone": **phone,
        })
    });
    json!({
        "id": row.id,
        "email": *row.email,
        "firstname": *row.firstname,
        "lastname": *row.lastname,
        "newsletter": row.newsletter,
        "active": row.active,
        "registered": row.registered,
        "group": row.group_id,
        "tags": row.tags.iter().map(|tag| &**tag).collect::<Vec<_>>(),
        "fields": row.fields.iter().map(|(id, value)| (*id, &**value)).collect::<Vec<_>>(),
        "address": address,
    })
}

fn subscriber(row: &Subscriber) -> Value {
    json!({ "id": row.id, "email": *row.email, "active": row.active, "groups": row.groups })
}

fn webhook(row: &Webhook) -> Value {
    json!({
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "active": row.active,
        "by_app": row.by_app,
        "failures": row.failures,
    })
}

fn requests(shop: &Shop) -> Value {
    let log = shop.request_log();
    let rows = log.iter().map(|request| {
        json!({ "method": request.method.as_str(), "path": request.path, "status": request.status })
    });
    rows.collect()
}

fn counters(shop: &Shop) -> Value {
    let (customers, subscribers) = shop.counts();
    json!({
        "customers": customers,
        "subscribers": subscribers,
        "requests": shop.request_count(),
        "waiting_webhooks": shop.waiting_deliveries(),
        "faults_struck": shop.faults().struck(),
        "installed": shop.installed(),
    })
}

fn changed(changed: bool) -> Value {
    json!({ "changed": changed })
}

fn number(text: &str) -> Result<i64, AdminError> {
    text.parse().map_err(|_| AdminError::NoSuchRoute)
}

fn put(kept: &mut Arc<str>, sent: Option<String>) {
    if let Some(sent) = sent {
        *kept = sent.into();
    }
}
