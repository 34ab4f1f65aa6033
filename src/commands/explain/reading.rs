//! What the ledger, the shop and SARE know of one address at this moment.

use std::collections::BTreeSet;

use sare_api::ContactRecord;
use shoper_api::users::AddressFilter;
use shoper_api::{Subscriber, SubscriberId, User, UserAddress, UserId};
use store::{Contact, DirtyKey, HistoryEntry, Priority, Problem, Record, Shop};
use sync_core::config::Config;
use sync_core::mapping::{Needs, Traits};
use sync_core::{Email, RecordKind};

use crate::app::App;
use crate::audit::mapping::{Values, together};
use crate::audit::person::{self, Names};
use desk::{Patience, SareSide, ShopSide};

/// Lines of history told.
const HISTORY: i64 = 50;

/// What the ledger knows.
pub struct Ledger {
    /// The contact.
    pub contact: Option<Contact>,
    /// Its records in the shop, as last seen.
    pub records: Vec<Record>,
    /// What happened, the newest first.
    pub history: Vec<HistoryEntry>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// A change of it waits for its turn.
    pub waiting: bool,
}

impl Ledger {
    /// Reads it.
    pub async fn read(app: &App, shop: &Shop, email: &Email) -> anyhow::Result<Self> {
        let hash = app.store.hash(shop.id, email.key());
        let records = app.store.records_of(shop.id, &[hash]).await?;
        let keys: BTreeSet<String> = records
            .iter()
            .map(|record| DirtyKey::Record(record.key))
            .chain([DirtyKey::Address(hash)])
            .map(DirtyKey::encode)
            .collect();
        let far = app.clock.now() + 365 * 24 * 3_600_000;
        let dirty = app.store.due_dirty(shop.id, far, Priority::Bulk, 100_000).await?;
        let mut problems = app.store.problems(shop.id, 100_000, 0).await?;
        problems.retain(|problem| problem.hash == Some(hash) || keys.contains(&problem.key));
        Ok(Self {
            contact: app.store.contact(shop.id, hash).await?,
            records,
            history: app.store.history(shop.id, hash, HISTORY).await?,
            problems,
            waiting: dirty.iter().any(|entry| keys.contains(&entry.key.encode())),
        })
    }
}

/// What the shop has at this moment.
pub struct InShop {
    /// Customers of this address, with their addresses.
    pub customers: Vec<(User, Vec<UserAddress>)>,
    /// Subscribers of this address.
    pub subscribers: Vec<Subscriber>,
    /// What SARE should hold of them by the mapping.
    pub values: Values,
}

impl InShop {
    /// Asks the shop.
    pub async fn read(
        app: &App,
        shop: &Shop,
        config: Option<&Config>,
        email: &Email,
        known: &[Record],
    ) -> Result<Self, String> {
        let side = ShopSide::open(&app.engine(), shop, Patience::Once, false)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let same = |text: &str| Email::parse(text).is_ok_and(|other| other.key() == email.key());
        let mut customers: Vec<User> = Vec::new();
        let mut subscribers: Vec<Subscriber> = Vec::new();
        let address = email.as_str();
        // By address first, and by the ids that the ledger knows: a shop may not be able to do the former.
        match side.ask(|c| async move { c.user_by_email(address).await }).await {
            Ok(user) => customers.extend(user),
            Err(shoper_api::Error::FilterUnsupported { .. } | shoper_api::Error::Forbidden { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        match side
            .ask(|c| async move { c.subscriber_by_email(address).await })
            .await
        {
            Ok(row) => subscribers.extend(row),
            Err(shoper_api::Error::FilterUnsupported { .. } | shoper_api::Error::Forbidden { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        for record in known {
            match record.key.kind {
                RecordKind::Customer => {
                    let id = UserId(record.key.id);
                    if customers.iter().all(|user| user.id != id) {
                        customers.extend(found(side.ask(|c| async move { c.user(id).await }).await)?);
                    }
                }
                RecordKind::Subscriber => {
                    let id = SubscriberId(record.key.id);
                    if subscribers.iter().all(|row| row.id != id) {
                        subscribers.extend(found(side.ask(|c| async move { c.subscriber(id).await }).await)?);
                    }
                }
            }
        }
        customers.retain(|user| same(&user.email));
        subscribers.retain(|row| same(&row.email));
        let mut all = Self {
            customers: Vec::new(),
            subscribers,
            values: Values::new(),
        };
        let Some(config) = config else {
            all.customers = customers.into_iter().map(|user| (user, Vec::new())).collect();
            return Ok(all);
        };
        let names = Names::read(&side, config).await;
        for user in customers {
            let addresses = addresses(&side, config, user.id)
                .await
                .map_err(|error| error.to_string())?;
            all.customers.push((user, addresses));
        }
        let of_customer = all.customers.first().filter(|_| config.customers.enabled);
        let of_subscriber = all.subscribers.first().filter(|_| config.subscribers.enabled);
        all.values = together(
            of_customer
                .map(|(user, addresses)| person::customer(config, &names, user, addresses))
                .unwrap_or_default(),
            of_subscriber
                .map(|row| person::subscriber(config, &names, row))
                .unwrap_or_default(),
        );
        Ok(all)
    }

    /// Groups of ours that the contact belongs in.
    pub fn groups(&self, config: &Config) -> Vec<i64> {
        let mut groups = Vec::new();
        if config.customers.enabled && !self.customers.is_empty() {
            groups.push(config.customers.group);
        }
        if config.subscribers.enabled && !self.subscribers.is_empty() {
            groups.push(config.subscribers.group);
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Whether what SARE was last told is what the shop says now.
    pub fn was_sent(&self, config: &Config, sent: &[u8]) -> bool {
        let mut traits = Traits::default();
        for (target, wanted) in &self.values {
            traits.set(target, wanted.value.clone());
            if wanted.if_empty {
                traits.if_empty.insert(target.clone());
            }
        }
        traits.fingerprint(&self.groups(config)) == sent
    }
}

fn found<T>(answer: Result<T, shoper_api::Error>) -> Result<Option<T>, String> {
    match answer {
        Ok(row) => Ok(Some(row)),
        Err(shoper_api::Error::NotFound | shoper_api::Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

async fn addresses(
    side: &ShopSide,
    config: &Config,
    id: UserId,
) -> Result<Vec<UserAddress>, shoper_api::Error> {
    if !config.customers.mapping.needs().contains(Needs::ADDRESSES) {
        return Ok(Vec::new());
    }
    let ask = async |which| {
        side.ask(|c| async move { c.addresses_of(&[id], which).await })
            .await
    };
    let asked = match ask(AddressFilter::DefaultOnly).await {
        Err(shoper_api::Error::FilterUnsupported { .. }) => ask(AddressFilter::All).await,
        other => other,
    };
    match asked {
        // As in a synchronisation: what cannot be read leaves its fields alone.
        Err(shoper_api::Error::Forbidden { .. } | shoper_api::Error::FilterUnsupported { .. }) => {
            Ok(Vec::new())
        }
        other => other,
    }
}

/// What SARE has at this moment.
pub async fn read_sare(
    app: &App,
    shop: &Shop,
    config: &Config,
    email: &Email,
) -> Result<Option<ContactRecord>, String> {
    let side = SareSide::open(&app.engine(), shop, config, Patience::Once)
        .await
        .map_err(|error| format!("{error:#}"))?;
    let address = email.as_str();
    side.ask(|c| async move { c.by_email(address).await })
        .await
        .map_err(|error| error.to_string())
}
