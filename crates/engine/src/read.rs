//! Reading the shop: rows of its lists turned into readings of contacts.

use shoper_api::{Cursor, Listed, Subscriber, SubscriberId, User, UserAddress, UserId};
use sync_core::email::Email;
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::error::CallError;
use crate::person::{Person, SubscriberExtra};
use crate::session::Session;
use crate::subject::Reading;

/// Shorthand for what reading the shop can end in.
pub type ShopCall<T> = Result<T, CallError<shoper_api::Error>>;

/// What became of a record asked for by id.
pub enum Found {
    /// There, with a usable address.
    Present(Box<Reading>),
    /// There, with an address that is none.
    BadAddress,
    /// Answered 404 with the shop's error body.
    Gone,
}

/// A page of one of the shop's lists.
pub struct Page {
    /// Rows with usable addresses.
    pub readings: Vec<Reading>,
    /// Records whose address is none.
    pub bad: Vec<RecordKey>,
    /// Rows of the page.
    pub rows: i64,
    /// Where the next page is.
    pub next: Option<Cursor>,
}

/// One page of customers, with their addresses where the mapping asks for them.
pub async fn customers(s: &Session<'_>, cursor: Cursor) -> ShopCall<Page> {
    let listed = s.shoper(|c| async move { c.users(cursor).await }).await?;
    let Listed {
        rows, broken, next, ..
    } = addresses::fitting(s, listed, cursor);
    let mut addresses = addresses::of(s, &rows).await?;
    let mut page = Page {
        readings: Vec::with_capacity(rows.len()),
        bad: Vec::new(),
        rows: i64::try_from(rows.len() + broken.len()).unwrap_or(0),
        next,
    };
    for user in rows {
        let key = RecordKey::customer(user.id.0);
        let mine = addresses.take(user.id);
        match customer(s, user, mine) {
            Some(reading) => page.readings.push(reading),
            None => page.bad.push(key),
        }
    }
    Ok(page)
}

/// One page of subscribers.
pub async fn subscribers(s: &Session<'_>, cursor: Cursor) -> ShopCall<Page> {
    let listed = s.shoper(|c| async move { c.subscribers(cursor).await }).await?;
    let Listed {
        rows, broken, next, ..
    } = listed;
    let mut page = Page {
        readings: Vec::with_capacity(rows.len()),
        bad: Vec::new(),
        rows: i64::try_from(rows.len() + broken.len()).unwrap_or(0),
        next,
    };
    for row in rows {
        let key = RecordKey::subscriber(row.id.0);
        match subscriber(s, row) {
            Some(reading) => page.readings.push(reading),
            None => page.bad.push(key),
        }
    }
    Ok(page)
}

/// Customers by id; those a list does not name are asked for one by one.
pub async fn customers_by_id(s: &Session<'_>, ids: &[UserId]) -> ShopCall<Vec<(RecordKey, Found)>> {
    let mut users = Vec::new();
    let mut single: Vec<UserId> = ids.to_vec();
    if ids.len() >= 3 {
        let asked = s.shoper(|c| {
            let ids = ids.to_vec();
            async move { c.users_by_ids(&ids).await }
        });
        match asked.await {
            Ok(found) => {
                users = found.found;
                single = found.missing;
            }
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in single {
        let key = RecordKey::customer(id.0);
        if s.is_gone(key) {
            out.push((key, Found::Gone));
            continue;
        }
        match s.shoper(|c| async move { c.user(id).await }).await {
            Ok(user) => users.push(user),
            Err(CallError::Api(shoper_api::Error::NotFound)) => {
                s.note_gone(key);
                out.push((key, Found::Gone));
            }
            Err(error) => return Err(error),
        }
    }
    let mut addresses = addresses::of(s, &users).await?;
    for user in users {
        let key = RecordKey::customer(user.id.0);
        let mine = addresses.take(user.id);
        let found = customer(s, user, mine).map_or(Found::BadAddress, |r| Found::Present(Box::new(r)));
        out.push((key, found));
    }
    Ok(out)
}

/// Subscribers by id; those a list does not name are asked for one by one.
pub async fn subscribers_by_id(s: &Session<'_>, ids: &[SubscriberId]) -> ShopCall<Vec<(RecordKey, Found)>> {
    let mut rows = Vec::new();
    let mut single: Vec<SubscriberId> = ids.to_vec();
    if ids.len() >= 3 {
        let asked = s.shoper(|c| {
            let ids = ids.to_vec();
            async move { c.subscribers_by_ids(&ids).await }
        });
        match asked.await {
            Ok(found) => {
                rows = found.found;
                single = found.missing;
            }
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in single {
        let key = RecordKey::subscriber(id.0);
        if s.is_gone(key) {
            out.push((key, Found::Gone));
            continue;
        }
        match s.shoper(|c| async move { c.subscriber(id).await }).await {
            Ok(row) => rows.push(row),
            Err(CallError::Api(shoper_api::Error::NotFound)) => {
                s.note_gone(key);
                out.push((key, Found::Gone));
            }
            Err(error) => return Err(error),
        }
    }
    for row in rows {
        let key = RecordKey::subscriber(row.id.0);
        let found = subscriber(s, row).map_or(Found::BadAddress, |r| Found::Present(Box::new(r)));
        out.push((key, found));
    }
    Ok(out)
}

/// The subscriber with this address, where the shop can be asked by address.
pub async fn subscriber_of(s: &Session<'_>, address: &str) -> Result<Option<Reading>, crate::error::Halt> {
    let asked = s.shoper(|c| {
        let address = address.to_owned();
        async move { c.subscriber_by_email(&address).await }
    });
    match asked.await {
        Ok(row) => Ok(row.and_then(|row| subscriber(s, row))),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(_)) => Ok(None),
    }
}

/// The customer with this address, where the shop can be asked by address.
pub async fn customer_of(s: &Session<'_>, address: &str) -> Result<Option<Reading>, crate::error::Halt> {
    let asked = s.shoper(|c| {
        let address = address.to_owned();
        async move { c.user_by_email(&address).await }
    });
    let user = match asked.await {
        Ok(Some(user)) => user,
        Ok(None) | Err(CallError::Api(_)) => return Ok(None),
        Err(CallError::Halt(halt)) => return Err(halt),
    };
    let users = [user];
    let mine = match addresses::of(s, &users).await {
        Ok(mut found) => found.take(users[0].id),
        Err(CallError::Halt(halt)) => return Err(halt),
        Err(CallError::Api(_)) => return Ok(None),
    };
    let [user] = users;
    Ok(customer(s, user, mine))
}

fn customer(s: &Session<'_>, user: User, addresses: Option<Vec<UserAddress>>) -> Option<Reading> {
    let email = Email::parse(&user.email).ok()?;
    Some(Reading {
        key: RecordKey::customer(user.id.0),
        hash: s.store.hash(s.shop.id, email.key()),
        email,
        consent: user.newsletter.unwrap_or(false),
        has_addresses: addresses.is_some(),
        person: Person::customer(user, addresses.unwrap_or_default()),
        extra: None,
        before: None,
    })
}

fn subscriber(s: &Session<'_>, row: Subscriber) -> Option<Reading> {
    let email = Email::parse(&row.email).ok()?;
    let extra = SubscriberExtra::of(&row);
    Some(Reading {
        key: RecordKey::subscriber(row.id.0),
        hash: s.store.hash(s.shop.id, email.key()),
        consent: row.active.unwrap_or(false),
        has_addresses: true,
        extra: Some(extra.text()),
        person: Person::subscriber(row.id.0, email.as_str(), row.active.unwrap_or(false), extra),
        email,
        before: None,
    })
}

/// The id column's kind, for cursors kept per list.
pub fn cursor_after(kind: RecordKind, watermark: (i64, i64)) -> Cursor {
    match kind {
        RecordKind::Customer => Cursor::After(watermark.0),
        RecordKind::Subscriber => Cursor::After(watermark.1),
    }
}
