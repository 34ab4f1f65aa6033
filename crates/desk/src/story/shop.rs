//! What the shop has of one address at this moment, and what the mapping makes of it.

use engine::{Engine, Person, SubscriberExtra};
use shoper_api::{Subscriber, SubscriberId, User, UserId};
use store::{Record, Shop};
use sync_core::config::Config;
use sync_core::mapping::{Needs, Traits};
use sync_core::{Email, RecordKind};

use crate::addresses;
use crate::error::Error;
use crate::labels::labels;
use crate::sides::{Patience, ShopSide};

/// What the shop has of one address.
#[derive(Debug, Default)]
pub struct InShop {
    /// Customers of this address.
    pub customers: Vec<User>,
    /// Subscribers of this address.
    pub subscribers: Vec<Subscriber>,
    /// What SARE should hold of them by the mapping.
    pub traits: Traits,
}

impl InShop {
    /// Asks the shop: by the address, and by the numbers of `known` records, since a shop may not be able to do the
    /// former.
    ///
    /// # Errors
    /// When the shop cannot be asked now.
    pub async fn read(
        engine: &Engine,
        shop: &Shop,
        config: Option<&Config>,
        email: &Email,
        known: &[Record],
    ) -> Result<Self, Error> {
        let side = ShopSide::open(engine, shop, Patience::Once).await?;
        let mut customers: Vec<User> = Vec::new();
        let mut subscribers: Vec<Subscriber> = Vec::new();
        let address = email.as_str();
        let user = side.ask(|c| async move { c.user_by_email(address).await }).await;
        customers.extend(by_address(user)?);
        let row = side
            .ask(|c| async move { c.subscriber_by_email(address).await })
            .await;
        subscribers.extend(by_address(row)?);
        for record in known {
            match record.key.kind {
                RecordKind::Customer => {
                    let id = UserId(record.key.id);
                    if customers.iter().all(|user| user.id != id) {
                        customers.extend(by_number(side.ask(|c| async move { c.user(id).await }).await)?);
                    }
                }
                RecordKind::Subscriber => {
                    let id = SubscriberId(record.key.id);
                    if subscribers.iter().all(|row| row.id != id) {
                        subscribers.extend(by_number(
                            side.ask(|c| async move { c.subscriber(id).await }).await,
                        )?);
                    }
                }
            }
        }
        let same = |text: &str| Email::parse(text).is_ok_and(|other| other.key() == email.key());
        customers.retain(|user| same(&user.email));
        subscribers.retain(|row| same(&row.email));
        let mut found = Self {
            customers,
            subscribers,
            traits: Traits::default(),
        };
        if let Some(config) = config
            && !found.is_empty()
        {
            found.traits = traits(engine, &side, shop, config, &found).await?;
        }
        Ok(found)
    }

    /// Whether the shop has nobody of this address.
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty() && self.subscribers.is_empty()
    }

    /// Groups of ours that the contact belongs in.
    pub fn groups(&self, config: &Config) -> Vec<i64> {
        config.groups(!self.customers.is_empty(), !self.subscribers.is_empty())
    }

    /// Whether what SARE was last told is what the shop says now.
    pub fn was_sent(&self, config: &Config, sent: &[u8]) -> bool {
        self.traits.fingerprint(&self.groups(config)) == sent
    }
}

fn by_address<T>(answer: Result<Option<T>, shoper_api::Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(shoper_api::Error::FilterUnsupported { .. } | shoper_api::Error::Forbidden { .. }) => Ok(None),
        other => Ok(other?),
    }
}

fn by_number<T>(answer: Result<T, shoper_api::Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(row) => Ok(Some(row)),
        Err(shoper_api::Error::NotFound | shoper_api::Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn traits(
    engine: &Engine,
    side: &ShopSide,
    shop: &Shop,
    config: &Config,
    found: &InShop,
) -> Result<Traits, Error> {
    let lane = engine::standing(engine.store(), shop.id).await?;
    let labels = labels(side, config, lane.labels).await;
    let mut customer = None;
    if let Some(user) = found.customers.first().filter(|_| config.customers.enabled) {
        let mut mine = Some(Vec::new());
        if config.customers.mapping.needs().contains(Needs::ADDRESSES) {
            mine = addresses::fetch(side, &[user.id], lane.addresses)
                .await?
                .take(user.id);
        }
        customer = Some(Person::customer(user.clone(), mine));
    }
    let subscriber = found.subscribers.first().map(|row| {
        let extra = SubscriberExtra::of(row);
        Person::subscriber(row.id.0, row.email.trim(), row.active, extra)
    });
    Ok(engine::traits(
        config,
        &labels,
        customer.as_ref(),
        subscriber.as_ref(),
    ))
}
