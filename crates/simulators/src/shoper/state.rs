//! Everything a shop holds, and every change of it with what follows from it: indexes, the newsletter
//! flag and row kept in step, webhooks.

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::{Clock, Millis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bucket::Level;
use super::delivery::{Outbox, Payload};
use super::index::EmailIndex;
use super::journal::Journal;
use super::refusal::Refusal;
use super::rows::Shown;
use super::rows::addresses::Address;
use super::rows::catalog::{Catalog, LanguageRow, SubscriberGroup};
use super::rows::orders::{NewOrder, Order};
use super::rows::subscribers::Subscriber;
use super::rows::users::{Customer, NewCustomer};
use super::rows::webhooks::Webhook;
use super::settings::{ChangeFilter, ShopSettings};
use super::table::Table;
use super::tokens::Access;

/// By whom a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The shop's customers and staff.
    People,
    /// A client of the REST API.
    Rest,
    /// Nobody: the shop is being filled before the story starts.
    Stock,
}

/// One shop.
pub(super) struct State {
    pub settings: ShopSettings,
    /// Host and port at which the API answers, in lower case.
    pub host: String,
    /// Host and port from which it is sent on to there.
    pub old_host: Option<String>,
    pub clock: Arc<dyn Clock>,
    pub rng: ChaCha8Rng,
    pub installed: bool,
    pub locked: bool,
    pub access: Access,
    pub app_level: Level,
    pub admin_level: Level,
    pub journal: Journal,
    pub catalog: Catalog,
    pub users: Table<Customer>,
    pub user_emails: EmailIndex,
    pub locked_users: BTreeSet<i64>,
    pub addresses: Table<Address>,
    addresses_by_user: BTreeSet<(i64, i64)>,
    pub subscribers: Table<Subscriber>,
    pub subscriber_emails: EmailIndex,
    pub orders: Table<Order>,
    pub webhooks: Table<Webhook>,
    pub outbox: Outbox,
}

impl State {
    pub(super) fn new(settings: ShopSettings, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let mut catalog = Catalog::default();
        catalog.languages.insert(|id| LanguageRow {
            id,
            locale: "pl_PL".to_owned(),
            active: true,
        });
        catalog.subscriber_groups.insert(|id| SubscriberGroup {
            id,
            name: "Domyślna".to_owned(),
            auto_add: true,
        });
        let mut state = Self {
            settings,
            host: String::new(),
            old_host: None,
            clock,
            rng: ChaCha8Rng::seed_from_u64(seed),
            installed: false,
            locked: false,
            access: Access::default(),
            app_level: Level::default(),
            admin_level: Level::default(),
            journal: Journal::default(),
            catalog,
            users: Table::default(),
            user_emails: EmailIndex::default(),
            locked_users: BTreeSet::new(),
            addresses: Table::default(),
            addresses_by_user: BTreeSet::new(),
            subscribers: Table::default(),
            subscriber_emails: EmailIndex::default(),
            orders: Table::default(),
            webhooks: Table::default(),
            outbox: Outbox::new(seed),
        };
        state.name_hosts();
        state
    }

    /// Takes the hosts from the settings.
    pub(super) fn name_hosts(&mut self) {
        let named = host_of(&self.settings.base_url);
        match self.settings.redirects_to.as_deref().map(host_of) {
            Some(host) if host != named => {
                self.host = host;
                self.old_host = Some(named);
            }
            _ => {
                self.host = named;
                self.old_host = None;
            }
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown {
            settings: &self.settings,
            catalog: &self.catalog,
            alone: false,
            in_webhook: false,
        }
    }

    /// Refuses a write to a customer who is not there or whom an administrator has open.
    pub(super) fn writable_customer(&self, id: i64) -> Result<(), Refusal> {
        if self.users.get(id).is_none() {
            Err(Refusal::NotFound)
        } else if self.locked_users.contains(&id) {
            Err(Refusal::Locked)
        } else {
            Ok(())
        }
    }

    /// Adds a customer, changed by `finish` before anybody sees it.
    pub(super) fn insert_customer(
        &mut self,
        new: NewCustomer,
        by: By,
        finish: impl FnOnce(&mut Customer),
    ) -> i64 {
        let now = self.now();
        let tags = new.tags.iter().map(|tag| self.catalog.tag(tag)).collect();
        let mut fields = new.fields;
        fields.shrink_to_fit();
        let id = self.users.insert(|id| {
            let mut customer = Customer {
                id,
                email: new.email,
                firstname: new.firstname,
                lastname: new.lastname,
                comment: new.comment,
                tags,
                fields,
                date_add: new.date_add.unwrap_or(now),
                lastvisit: None,
                group_id: new.group,
                lang_id: new.lang_id,
                discount: new.discount,
                active: new.active,
                registered: new.registered,
                verify_email: new.verify_email,
                newsletter: new.newsletter,
                updated_at: now,
            };
            finish(&mut customer);
            customer
        });
        let Some(customer) = self.users.get(id).cloned() else {
            return id;
        };
        self.user_emails.insert(&customer.email, id);
        if let Some(details) = new.address {
            self.add_address_row(
                None,
                Address {
                    id: 0,
                    user_id: id,
                    details,
                    default: true,
                    shipping_default: true,
                    updated_at: now,
                },
            );
        }
        if customer.registered || self.settings.guest_order_fires_client_create {
            self.emit("client.create", by, Payload::Customer(&customer));
        }
        if self.settings.flag_and_row_in_step && customer.newsletter {
            self.activate_rows(&customer.email, by);
        }
        id
    }

    /// Changes a customer; false when there is none.
    pub(super) fn change_customer(&mut self, id: i64, by: By, change: impl FnOnce(&mut Customer)) -> bool {
        let Some(old) = self.users.get(id).cloned() else {
            return false;
        };
        let mut new = Customer::clone(&old);
        change(&mut new);
        new.id = id;
        for tag in &mut new.tags {
            *tag = self.catalog.tag(tag);
        }
        if new.email != old.email {
            self.user_emails.remove(&old.email, id);
            self.user_emails.insert(&new.email, id);
        }
        let quiet =
            !self.settings.group_and_tag_change_fires_client_edit && new.differs_in_group_or_tags_only(&old);
        if !(self.settings.updated_at_filter == ChangeFilter::Partly
            && new.differs_in_group_or_tags_only(&old))
        {
            new.updated_at = self.now();
        }
        self.users.replace(id, new.clone());
        if !quiet {
            self.emit("client.edit", by, Payload::Customer(&new));
        }
        if self.settings.flag_and_row_in_step && new.newsletter != old.newsletter {
            if new.newsletter {
                self.activate_rows(&new.email, by);
            } else {
                for row in self.subscriber_emails.ids(&new.email) {
                    if self.subscribers.get(row).is_some_and(|row| row.active) {
                        self.change_subscriber(row, by, |row| row.active = false);
                    }
                }
            }
        }
        true
    }

    /// Deletes a customer with the address book; false when there is none.
    pub(super) fn remove_customer(&mut self, id: i64, by: By) -> bool {
        let Some(old) = self.users.remove(id) else {
            return false;
        };
        self.user_emails.remove(&old.email, id);
        self.locked_users.remove(&id);
        for address in self.address_ids(id) {
            self.addresses.remove(address);
            self.addresses_by_user.remove(&(id, address));
        }
        self.emit("client.delete", by, Payload::Customer(&old));
        true
    }

    /// The ids of a customer's addresses, ascending.
    pub(super) fn address_ids(&self, user: i64) -> Vec<i64> {
        self.addresses_by_user
            .range((user, i64::MIN)..=(user, i64::MAX))
            .map(|(_, id)| *id)
            .collect()
    }

    /// Adds an address, or puts it in the place of the one of this id.
    pub(super) fn put_address(&mut self, id: Option<i64>, address: Address, by: By) -> i64 {
        let user = address.user_id;
        let id = self.add_address_row(id, address);
        self.address_changed(user, by);
        id
    }

    /// Deletes an address; false when there is none.
    pub(super) fn remove_address(&mut self, id: i64, by: By) -> bool {
        let Some(old) = self.addresses.remove(id) else {
            return false;
        };
        self.addresses_by_user.remove(&(old.user_id, id));
        self.address_changed(old.user_id, by);
        true
    }

    fn add_address_row(&mut self, id: Option<i64>, address: Address) -> i64 {
        let user = address.user_id;
        let address = Address {
            updated_at: self.now(),
            ..address
        };
        let id = match id {
            Some(id) => {
                if let Some(old) = self.addresses.get(id) {
                    self.addresses_by_user.remove(&(old.user_id, id));
                }
                self.addresses.replace(id, Address { id, ..address });
                id
            }
            None => self.addresses.insert(|id| Address { id, ..address }),
        };
        self.addresses_by_user.insert((user, id));
        // At most one default of each kind.
        let is = |what: fn(&Address) -> bool| self.addresses.get(id).is_some_and(|address| what(address));
        let (default, shipping) = (
            is(|address| address.default),
            is(|address| address.shipping_default),
        );
        for other in self.address_ids(user) {
            let Some(old) = self.addresses.get(other).filter(|_| other != id) else {
                continue;
            };
            if (old.default && default) || (old.shipping_default && shipping) {
                let mut changed = Address::clone(old);
                changed.default &= !default;
                changed.shipping_default &= !shipping;
                self.addresses.replace(other, changed);
            }
        }
        id
    }

    fn address_changed(&mut self, user: i64, by: By) {
        if self.settings.address_change_fires_client_edit
            && let Some(customer) = self.users.get(user).cloned()
        {
            self.emit("client.edit", by, Payload::Customer(&customer));
        }
    }

    /// Adds a subscriber, active and in the default group unless `finish` says otherwise.
    pub(super) fn insert_subscriber(&mut self, by: By, finish: impl FnOnce(&mut Subscriber)) -> i64 {
        let now = self.now();
        let groups = self.catalog.default_subscriber_groups();
        let id = self.subscribers.insert(|id| {
            let mut subscriber = Subscriber {
                id,
                email: "".into(),
                active: true,
                dateadd: now,
                lang_id: 1,
                groups,
                ipaddress: None,
                updated_at: now,
            };
            finish(&mut subscriber);
            subscriber
        });
        if let Some(subscriber) = self.subscribers.get(id).cloned() {
            self.subscriber_emails.insert(&subscriber.email, id);
            self.emit("subscriber.create", by, Payload::Subscriber(&subscriber));
        }
        id
    }

    /// Changes a subscriber; false when there is none.
    pub(super) fn change_subscriber(
        &mut self,
        id: i64,
        by: By,
        change: impl FnOnce(&mut Subscriber),
    ) -> bool {
        let Some(old) = self.subscribers.get(id).cloned() else {
            return false;
        };
        let mut new = Subscriber::clone(&old);
        change(&mut new);
        new.id = id;
        if new.email != old.email {
            self.subscriber_emails.remove(&old.email, id);
            self.subscriber_emails.insert(&new.email, id);
        }
        new.updated_at = self.now();
        self.subscribers.replace(id, new.clone());
        self.emit("subscriber.edit", by, Payload::Subscriber(&new));
        if old.active && !new.active {
            self.row_switched_off(&new.email, by);
        }
        true
    }

    /// Deletes a subscriber; false when there is none.
    pub(super) fn remove_subscriber(&mut self, id: i64, by: By) -> bool {
        let Some(old) = self.subscribers.remove(id) else {
            return false;
        };
        self.subscriber_emails.remove(&old.email, id);
        self.emit("subscriber.delete", by, Payload::Subscriber(&old));
        if old.active {
            self.row_switched_off(&old.email, by);
        }
        true
    }

    fn activate_rows(&mut self, email: &Arc<str>, by: By) {
        match self.subscriber_emails.first(email) {
            None => {
                let email = Arc::clone(email);
                self.insert_subscriber(by, |row| row.email = email);
            }
            Some(id) => {
                if self.subscribers.get(id).is_some_and(|row| !row.active) {
                    self.change_subscriber(id, by, |row| row.active = true);
                }
            }
        }
    }

    fn row_switched_off(&mut self, email: &str, by: By) {
        if !self.settings.flag_and_row_in_step {
            return;
        }
        for id in self.user_emails.ids(email) {
            if self.users.get(id).is_some_and(|customer| customer.newsletter) {
                self.change_customer(id, by, |customer| customer.newsletter = false);
            }
        }
    }

    /// Places an order; an address that no customer has gets a guest's row.
    pub(super) fn place_order(&mut self, order: NewOrder, by: By) -> i64 {
        let user = self.user_emails.first(&order.email).unwrap_or_else(|| {
            let guest = NewCustomer::new(Arc::clone(&order.email))
                .name(
                    Arc::clone(&order.address.firstname),
                    Arc::clone(&order.address.lastname),
                )
                .guest();
            self.insert_customer(guest, by, |_| {})
        });
        let date = self.now();
        let id = self.orders.insert(|id| Order {
            id,
            user_id: Some(user),
            details: order,
            date,
        });
        if let Some(order) = self.orders.get(id).cloned() {
            self.emit("order.create", by, Payload::Order(&order));
        }
        id
    }

    /// Notes how a delivery went; too many failures in a row may switch the webhook off.
    pub(super) fn note_delivery(&mut self, webhook: i64, ok: bool) {
        let Some(hook) = self.webhooks.get(webhook) else {
            return;
        };
        if ok && hook.failures == 0 {
            return;
        }
        let mut hook = Webhook::clone(hook);
        hook.failures = if ok { 0 } else { hook.failures.saturating_add(1) };
        if self
            .settings
            .disable_webhook_after
            .is_some_and(|limit| hook.failures >= limit)
        {
            hook.active = false;
        }
        self.webhooks.replace(webhook, hook);
    }

    fn emit(&mut self, event: &'static str, by: By, payload: Payload<'_>) {
        let fires = match by {
            By::People => true,
            By::Rest => self.settings.rest_writes_fire_webhooks,
            By::Stock => false,
        };
        if fires {
            let now = self.now();
            let shown = Shown {
                settings: &self.settings,
                catalog: &self.catalog,
                alone: false,
                in_webhook: true,
            };
            self.outbox
                .queue(&self.webhooks, &self.host, (event, payload), shown, now);
        }
    }
}

/// Host and port of a URL, in lower case.
fn host_of(base_url: &str) -> String {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_ascii_lowercase()
}
