//! What happens in a shop apart from its API: customers register, staff edit and delete, and tests
//! look. A change queues the webhooks that it would in a real shop.

use std::sync::Arc;

use super::Shop;
use super::rows::addresses::{Address, NewAddress};
use super::rows::catalog::{FieldRow, Group, LanguageRow, NewField, SubscriberGroup};
use super::rows::orders::{NewOrder, Order};
use super::rows::subscribers::Subscriber;
use super::rows::users::{Customer, NewCustomer};
use super::rows::webhooks::Webhook;
use super::state::By;

impl Shop {
    /// A customer registers, or is added by the staff. Answers the id.
    pub fn add_customer(&self, new: NewCustomer) -> i64 {
        self.lock().insert_customer(new, By::People, |_| {})
    }

    /// A customer is edited; false when there is none. The closure must not call the shop.
    pub fn edit_customer(&self, id: i64, change: impl FnOnce(&mut Customer)) -> bool {
        self.lock().change_customer(id, By::People, change)
    }

    /// The default address of a customer is set; false when there is no such customer.
    pub fn set_address(&self, user: i64, details: NewAddress) -> bool {
        let mut state = self.lock();
        if state.users.get(user).is_none() {
            return false;
        }
        let default = state
            .address_ids(user)
            .into_iter()
            .find(|id| state.addresses.get(*id).is_some_and(|address| address.default));
        let address = Address {
            id: 0,
            user_id: user,
            details,
            default: true,
            shipping_default: true,
            updated_at: 0,
        };
        state.put_address(default, address, By::People);
        true
    }

    /// One more address is added, which is no default; `None` when there is no such customer.
    pub fn add_address(&self, user: i64, details: NewAddress) -> Option<i64> {
        let mut state = self.lock();
        state.users.get(user)?;
        let address = Address {
            id: 0,
            user_id: user,
            details,
            default: false,
            shipping_default: false,
            updated_at: 0,
        };
        Some(state.put_address(None, address, By::People))
    }

    /// An address is deleted; false when there is none.
    pub fn delete_address(&self, id: i64) -> bool {
        self.lock().remove_address(id, By::People)
    }

    /// A customer is deleted; false when there is none.
    pub fn delete_customer(&self, id: i64) -> bool {
        self.lock().remove_customer(id, By::People)
    }

    /// An administrator opens a customer for editing, or closes it: writes by the API are answered
    /// 409 meanwhile.
    pub fn lock_customer(&self, id: i64, locked: bool) {
        let mut state = self.lock();
        if locked {
            state.locked_users.insert(id);
        } else {
            state.locked_users.remove(&id);
        }
    }

    /// Somebody signs up for the newsletter, or is added by the staff. Answers the id.
    pub fn add_subscriber(&self, email: impl Into<Arc<str>>, active: bool) -> i64 {
        let email = email.into();
        self.lock().insert_subscriber(By::People, |row| {
            row.email = email;
            row.active = active;
        })
    }

    /// A subscriber is edited; false when there is none. The closure must not call the shop.
    pub fn edit_subscriber(&self, id: i64, change: impl FnOnce(&mut Subscriber)) -> bool {
        self.lock().change_subscriber(id, By::People, change)
    }

    /// A subscription is switched on or off; false when there is none.
    pub fn set_subscriber_active(&self, id: i64, active: bool) -> bool {
        self.edit_subscriber(id, |row| row.active = active)
    }

    /// A subscriber is deleted; false when there is none.
    pub fn delete_subscriber(&self, id: i64) -> bool {
        self.lock().remove_subscriber(id, By::People)
    }

    /// Somebody orders. An address that no customer has gets a guest's row. Answers the order's id.
    pub fn add_order(&self, order: NewOrder) -> i64 {
        self.lock().place_order(order, By::People)
    }

    /// One more language of the shop.
    pub fn add_language(&self, locale: &str) -> i64 {
        let locale = locale.to_owned();
        self.lock().catalog.languages.insert(|id| LanguageRow {
            id,
            locale,
            active: true,
        })
    }

    /// One more group of customers.
    pub fn add_user_group(&self, name: &str) -> i64 {
        let name = name.to_owned();
        self.lock().catalog.user_groups.insert(|id| Group {
            id,
            name,
            discount: 0,
        })
    }

    /// One more group of subscribers.
    pub fn add_subscriber_group(&self, name: &str, auto_add: bool) -> i64 {
        let name = name.to_owned();
        self.lock()
            .catalog
            .subscriber_groups
            .insert(|id| SubscriberGroup { id, name, auto_add })
    }

    /// One more additional field.
    pub fn add_additional_field(&self, field: NewField) -> i64 {
        let mut state = self.lock();
        let used: usize = state
            .catalog
            .fields
            .iter()
            .map(|row| row.field.options.len())
            .sum();
        state.catalog.fields.insert(|id| FieldRow {
            id,
            field,
            first_option: used as i64 + 1,
        })
    }

    /// A webhook of another application, or made by hand.
    pub fn add_foreign_webhook(&self, url: &str, events: &[&str]) -> i64 {
        let (url, events) = (
            url.to_owned(),
            events.iter().map(|event| (*event).to_owned()).collect(),
        );
        self.lock().webhooks.insert(|id| Webhook {
            id,
            url,
            json: true,
            events,
            active: true,
            secret: String::new(),
            by_app: false,
            failures: 0,
        })
    }

    /// The staff switch a webhook on or off; false when there is none.
    pub fn set_webhook_active(&self, id: i64, active: bool) -> bool {
        let mut state = self.lock();
        let Some(hook) = state.webhooks.get(id) else {
            return false;
        };
        let hook = Webhook {
            active,
            failures: 0,
            ..Webhook::clone(hook)
        };
        state.webhooks.replace(id, hook);
        true
    }

    /// The staff delete a webhook; false when there is none.
    pub fn delete_webhook(&self, id: i64) -> bool {
        let mut state = self.lock();
        state.outbox.drop_of(id);
        state.webhooks.remove(id).is_some()
    }

    /// The whole shop is locked (every call is answered 503) or opened again.
    pub fn lock_application(&self, locked: bool) {
        self.lock().locked = locked;
    }

    /// The customer of this id.
    pub fn customer(&self, id: i64) -> Option<Arc<Customer>> {
        self.lock().users.get(id).cloned()
    }

    /// The customer with this address, whatever its case.
    pub fn customer_by_email(&self, email: &str) -> Option<Arc<Customer>> {
        let state = self.lock();
        state.users.get(state.user_emails.first(email)?).cloned()
    }

    /// The customer who has `position` customers before it, by id.
    pub fn customer_at(&self, position: usize) -> Option<Arc<Customer>> {
        let state = self.lock();
        state.users.get(state.users.select(position)?).cloned()
    }

    /// The subscriber that has `position` subscribers before it, by id.
    pub fn subscriber_at(&self, position: usize) -> Option<Arc<Subscriber>> {
        let state = self.lock();
        state
            .subscribers
            .get(state.subscribers.select(position)?)
            .cloned()
    }

    /// Every customer and subscriber with this address, whatever its case.
    pub fn records_of(&self, email: &str) -> (Vec<Arc<Customer>>, Vec<Arc<Subscriber>>) {
        let state = self.lock();
        let customers = state.user_emails.ids(email);
        let subscribers = state.subscriber_emails.ids(email);
        (
            customers
                .into_iter()
                .filter_map(|id| state.users.get(id).cloned())
                .collect(),
            subscribers
                .into_iter()
                .filter_map(|id| state.subscribers.get(id).cloned())
                .collect(),
        )
    }

    /// All customers as they are now, by id.
    pub fn customers(&self) -> impl Iterator<Item = Arc<Customer>> + use<> {
        self.lock().users.iter().cloned().collect::<Vec<_>>().into_iter()
    }

    /// The address book of a customer, by id.
    pub fn addresses(&self, user: i64) -> Vec<Arc<Address>> {
        let state = self.lock();
        state
            .address_ids(user)
            .into_iter()
            .filter_map(|id| state.addresses.get(id).cloned())
            .collect()
    }

    /// The subscriber of this id.
    pub fn subscriber(&self, id: i64) -> Option<Arc<Subscriber>> {
        self.lock().subscribers.get(id).cloned()
    }

    /// The first subscriber with this address, whatever its case.
    pub fn subscriber_by_email(&self, email: &str) -> Option<Arc<Subscriber>> {
        let state = self.lock();
        state
            .subscribers
            .get(state.subscriber_emails.first(email)?)
            .cloned()
    }

    /// All subscribers as they are now, by id.
    pub fn subscribers(&self) -> impl Iterator<Item = Arc<Subscriber>> + use<> {
        self.lock()
            .subscribers
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// All orders as they are now, by id.
    pub fn orders(&self) -> Vec<Arc<Order>> {
        self.lock().orders.iter().cloned().collect()
    }

    /// All webhooks as they are now, by id.
    pub fn webhooks(&self) -> Vec<Arc<Webhook>> {
        self.lock().webhooks.iter().cloned().collect()
    }

    /// How many customers and subscribers there are.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.users.len(), state.subscribers.len())
    }
}
