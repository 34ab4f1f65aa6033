//! Records of the shop for a trial: some of the oldest, some from the middle, and the newest.

use engine::{Person, SubscriberExtra};
use shoper_api::{Cursor, Listed, Subscriber, SubscriberId, User, UserId};
use sync_core::config::Config;
use sync_core::email::Email;
use sync_core::mapping::Needs;
use sync_core::{RecordKey, RecordKind};

use super::variety::Features;
use crate::addresses::{self, Way};
use crate::error::Error;
use crate::sides::ShopSide;

/// Rows of one of the shop's pages.
const PAGE: i64 = 50;

/// A record that was read.
pub struct Found {
    /// Kind and id.
    pub key: RecordKey,
    /// Its address.
    pub email: Email,
    /// `newsletter` or `active`; `None` where the shop does not say it.
    pub consents: Option<bool>,
    /// What the mapping reads.
    pub person: Person,
    /// What is particular about it.
    pub features: Features,
}

/// A sample of the kinds of records that are switched on.
pub async fn sample(side: &ShopSide, config: &Config, way: Way) -> Result<Vec<Found>, Error> {
    let mut out = Vec::new();
    if config.customers.enabled {
        let ask = |cursor| side.ask(move |c| async move { c.users(cursor).await });
        let users = pages(ask, |user| user.id.0).await?;
        out.extend(customers(side, config, way, users).await?);
    }
    if config.subscribers.enabled {
        let ask = |cursor| side.ask(move |c| async move { c.subscribers(cursor).await });
        let rows = pages(ask, |row| row.id.0).await?;
        out.extend(rows.into_iter().filter_map(subscriber));
    }
    Ok(out)
}

/// The first page of a list, and pages from its middle and its end where ids tell where these are. A list that may not
/// be read counts as empty, as it does for a synchronisation.
async fn pages<T, F, Fut>(ask: F, id: impl Fn(&T) -> i64) -> Result<Vec<T>, Error>
where
    F: Fn(Cursor) -> Fut,
    Fut: Future<Output = Result<Listed<T>, shoper_api::Error>>,
{
    let first = match ask(Cursor::default()).await {
        Err(shoper_api::Error::Forbidden { .. }) => return Ok(Vec::new()),
        answer => answer?,
    };
    let mut rows = first.rows;
    let count = first
        .count
        .and_then(|count| i64::try_from(count).ok())
        .unwrap_or(0);
    let (Some(Cursor::After(last)), true) = (first.next, count > PAGE) else {
        return Ok(rows);
    };
    // Ids have gaps, so that the last ones lie beyond their number: the guesses fall short of the end.
    for from in [last + (count - PAGE) / 2, last + (count - 2 * PAGE).max(0)] {
        let page = ask(Cursor::After(from)).await?;
        rows.extend(page.rows);
    }
    rows.sort_by_key(&id);
    rows.dedup_by_key(|row| id(row));
    Ok(rows)
}

/// Adds the record of the other kind that has the same address, if the shop has one; `false` where it cannot be asked.
pub async fn complete(
    side: &ShopSide,
    config: &Config,
    way: Way,
    records: &mut Vec<Found>,
) -> Result<bool, Error> {
    let has = |records: &[Found], kind| records.iter().any(|one| one.key.kind == kind);
    let address = records
        .first()
        .map(|one| one.email.as_str().to_owned())
        .unwrap_or_default();
    let address = address.as_str();
    if !has(records, RecordKind::Subscriber) {
        match side
            .ask(|c| async move { c.subscriber_by_email(address).await })
            .await
        {
            Ok(row) => records.extend(row.and_then(subscriber)),
            Err(shoper_api::Error::Forbidden { .. }) => {}
            Err(shoper_api::Error::FilterUnsupported { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    if config.customers.enabled && !has(records, RecordKind::Customer) {
        match side.ask(|c| async move { c.user_by_email(address).await }).await {
            Ok(user) => {
                let user = user.into_iter().collect();
                records.extend(customers(side, config, way, user).await?);
            }
            Err(shoper_api::Error::Forbidden { .. }) => {}
            Err(shoper_api::Error::FilterUnsupported { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Records by id; those that are gone are left out.
pub async fn by_keys(
    side: &ShopSide,
    config: &Config,
    way: Way,
    keys: &[RecordKey],
) -> Result<Vec<Found>, Error> {
    let ids = |kind| keys.iter().filter(move |key| key.kind == kind).map(|key| key.id);
    let mut out = Vec::new();
    let users: Vec<UserId> = ids(RecordKind::Customer).map(UserId).collect();
    if !users.is_empty() {
        let found = side
            .ask(|c| {
                let users = users.clone();
                async move { c.users_by_ids(&users).await }
            })
            .await?;
        out.extend(customers(side, config, way, found.found).await?);
    }
    let rows: Vec<SubscriberId> = ids(RecordKind::Subscriber).map(SubscriberId).collect();
    if !rows.is_empty() {
        let found = side
            .ask(|c| {
                let rows = rows.clone();
                async move { c.subscribers_by_ids(&rows).await }
            })
            .await?;
        out.extend(found.found.into_iter().filter_map(subscriber));
    }
    Ok(out)
}

async fn customers(
    side: &ShopSide,
    config: &Config,
    way: Way,
    users: Vec<User>,
) -> Result<Vec<Found>, Error> {
    let mut found = None;
    if config.customers.mapping.needs().contains(Needs::ADDRESSES) {
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        found = Some(addresses::fetch(side, &ids, way).await?);
    }
    let mut out = Vec::with_capacity(users.len());
    for user in users {
        // What the mapping does not read is of no interest.
        let mine = found
            .as_mut()
            .map_or(Some(Vec::new()), |found| found.take(user.id));
        let Ok(email) = Email::parse(&user.email) else {
            continue;
        };
        out.push(Found {
            key: RecordKey::customer(user.id.0),
            features: Features::of_customer(&user, mine.as_deref().unwrap_or_default()),
            email,
            consents: user.newsletter,
            person: Person::customer(user, mine),
        });
    }
    Ok(out)
}

fn subscriber(row: Subscriber) -> Option<Found> {
    let email = Email::parse(&row.email).ok()?;
    let extra = SubscriberExtra::of(&row);
    Some(Found {
        key: RecordKey::subscriber(row.id.0),
        features: Features::of_subscriber(row.active == Some(true), &extra),
        consents: row.active,
        person: Person::subscriber(row.id.0, email.as_str(), row.active, extra),
        email,
    })
}
