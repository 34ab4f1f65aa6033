//! Reading the shop: rows of its lists turned into readings of contacts.

use shoper_api::{Cursor, Listed, Next, Stretch, Subscriber, SubscriberId, User, UserId, Walk};
use sync_core::email::{Email, EmailError};
use sync_core::{RecordKey, RecordKind};

use crate::addresses::{self, Mine};
use crate::error::{CallError, Halt, ShopCall};
use crate::person::{Person, SubscriberExtra};
use crate::session::Session;
use crate::subject::{Reading, Subject, targets_of_rows};

/// What became of a record asked for by id.
pub enum Found {
    /// There, with a usable address.
    Present(Box<Reading>),
    /// There, with an address that is none.
    BadAddress(EmailError),
    /// Answered 404 with the shop's error body.
    Gone,
    /// The shop cannot put it into words, or not so that it can be read; why.
    Unreadable(String),
}

/// A page of one of the shop's lists.
pub struct Page {
    /// Rows with usable addresses.
    pub readings: Vec<Reading>,
    /// Records whose address is none, and why.
    pub bad: Vec<(RecordKey, EmailError)>,
    /// Records that could not be read.
    pub broken: Vec<RecordKey>,
    /// Ids after which rows stand of which not even the id could be read.
    pub nameless: Vec<i64>,
    /// How many of those without an address consent by themselves.
    pub bad_consenting: i64,
    /// Rows of the page.
    pub rows: i64,
    /// Least id on the page.
    pub least: Option<i64>,
    /// Where the list goes on.
    pub next: Option<Next>,
}

impl Page {
    fn of<T>(listed: &Listed<T>, kind: RecordKind, next: Option<Next>) -> Self {
        let ids = listed.broken.iter().filter_map(|row| row.id);
        let key = |id| RecordKey { kind, id };
        let rows = listed.rows.len() + listed.broken.len();
        Self {
            readings: Vec::with_capacity(listed.rows.len()),
            bad: Vec::new(),
            bad_consenting: 0,
            least: ids.clone().min(),
            broken: ids.map(key).collect(),
            nameless: listed.nameless.clone(),
            rows: i64::try_from(rows).unwrap_or(0),
            next,
        }
    }

    fn push(&mut self, key: RecordKey, reading: Result<Reading, EmailError>, consents: bool) {
        self.least = Some(self.least.map_or(key.id, |least| least.min(key.id)));
        match reading {
            Ok(reading) => self.readings.push(reading),
            Err(why) => {
                self.bad.push((key, why));
                self.bad_consenting += i64::from(consents);
            }
        }
    }
}

/// A part of the list of one kind, for a run.
pub async fn page(
    s: &Session<'_>,
    kind: RecordKind,
    at: Cursor,
    of: Stretch,
    walk: &mut Walk,
    run: i64,
) -> ShopCall<Page> {
    match kind {
        RecordKind::Customer => customers(s, at, of, walk, run).await,
        RecordKind::Subscriber => subscribers(s, at, of, walk).await,
    }
}

/// A part of the list of customers, with their addresses where the mapping asks for them.
async fn customers(s: &Session<'_>, at: Cursor, of: Stretch, walk: &mut Walk, run: i64) -> ShopCall<Page> {
    let listed = s
        .shoper_piece(|c| async move { c.users_in(at, of).await })
        .await?;
    if walk.is_hollow(of.skip, &listed) {
        return Err(hollow());
    }
    let next = walk.on(at, &listed);
    let (listed, next) = addresses::fitting(s, listed, (at, of.skip), next).await?;
    let mut addresses = addresses::fetch(s, &listed.rows, Some(run)).await?;
    let mut page = Page::of(&listed, RecordKind::Customer, next);
    for user in listed.rows {
        let key = RecordKey::customer(user.id.0);
        let mine = addresses.take(user.id);
        let consents = user.newsletter == Some(true);
        page.push(key, customer(s, user, mine), consents);
    }
    Ok(page)
}

/// A part of the list of subscribers.
async fn subscribers(s: &Session<'_>, at: Cursor, of: Stretch, walk: &mut Walk) -> ShopCall<Page> {
    let listed = s
        .shoper_piece(|c| async move { c.subscribers_in(at, of).await })
        .await?;
    if walk.is_hollow(of.skip, &listed) {
        return Err(hollow());
    }
    let next = walk.on(at, &listed);
    let mut page = Page::of(&listed, RecordKind::Subscriber, next);
    for row in listed.rows {
        let key = RecordKey::subscriber(row.id.0);
        let consents = row.active == Some(true);
        page.push(key, subscriber(s, row), consents);
    }
    Ok(page)
}

/// What is missing from a page that gives out nothing of what it counts.
const COUNTED: &str = "the rows that the list counts";

/// Whether a list could not be read for that.
pub fn is_hollow(error: &shoper_api::Error) -> bool {
    matches!(error, shoper_api::Error::NotUnderstood { what, .. } if *what == COUNTED)
}

/// A page that gives out nothing of what it counts fails as one that cannot be read.
fn hollow() -> CallError<shoper_api::Error> {
    CallError::Api(shoper_api::Error::NotUnderstood {
        what: COUNTED,
        status: 200,
        shape: "an empty list".to_owned(),
        passing: false,
    })
}

/// Customers by id; those a list does not name are asked for one by one.
pub async fn customers_by_id(s: &Session<'_>, ids: &[UserId]) -> ShopCall<Vec<(RecordKey, Found)>> {
    let mut users = Vec::new();
    let mut single: Vec<UserId> = Vec::new();
    let mut stack: Vec<Vec<UserId>> = vec![ids.to_vec()];
    while let Some(chunk) = stack.pop() {
        if chunk.len() < LIST_FROM {
            single.extend(chunk);
            continue;
        }
        let asked = s.shoper_piece(|c| {
            let ids = chunk.clone();
            async move { c.users_by_ids(&ids).await }
        });
        match asked.await {
            Ok(found) => {
                users.extend(found.found);
                single.extend(found.missing);
            }
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => single.extend(chunk),
            Err(CallError::Api(error)) if error.may_be_the_call() => split(chunk, &mut stack),
            Err(error) => return Err(error),
        }
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in single {
        let key = RecordKey::customer(id.0);
        match s.shoper_piece(|c| async move { c.user(id).await }).await {
            Ok(user) => users.push(user),
            Err(error) => out.push((key, not_read(s, key, error).await?)),
        }
    }
    let mut addresses = addresses::fetch(s, &users, None).await?;
    for user in users {
        let key = RecordKey::customer(user.id.0);
        let mine = addresses.take(user.id);
        let found = as_found(customer(s, user, mine));
        out.push((key, found));
    }
    Ok(out)
}

/// Subscribers by id; those a list does not name are asked for one by one.
pub async fn subscribers_by_id(s: &Session<'_>, ids: &[SubscriberId]) -> ShopCall<Vec<(RecordKey, Found)>> {
    let mut rows = Vec::new();
    let mut single: Vec<SubscriberId> = Vec::new();
    let mut stack: Vec<Vec<SubscriberId>> = vec![ids.to_vec()];
    while let Some(chunk) = stack.pop() {
        if chunk.len() < LIST_FROM {
            single.extend(chunk);
            continue;
        }
        let asked = s.shoper_piece(|c| {
            let ids = chunk.clone();
            async move { c.subscribers_by_ids(&ids).await }
        });
        match asked.await {
            Ok(found) => {
                rows.extend(found.found);
                single.extend(found.missing);
            }
            Err(CallError::Api(shoper_api::Error::FilterUnsupported { .. })) => single.extend(chunk),
            Err(CallError::Api(error)) if error.may_be_the_call() => split(chunk, &mut stack),
            Err(error) => return Err(error),
        }
    }
    let mut out = Vec::with_capacity(ids.len());
    for id in single {
        let key = RecordKey::subscriber(id.0);
        match s.shoper_piece(|c| async move { c.subscriber(id).await }).await {
            Ok(row) => rows.push(row),
            Err(error) => out.push((key, not_read(s, key, error).await?)),
        }
    }
    for row in rows {
        let key = RecordKey::subscriber(row.id.0);
        let found = as_found(subscriber(s, row));
        out.push((key, found));
    }
    Ok(out)
}

/// Records from which on a list costs less than asking for each.
const LIST_FROM: usize = 3;

/// One of them makes the list fail: each half by itself.
fn split<I: Copy>(chunk: Vec<I>, stack: &mut Vec<Vec<I>>) {
    let (left, right) = chunk.split_at(chunk.len() / 2);
    stack.push(right.to_vec());
    stack.push(left.to_vec());
}

/// What it means that a record asked for alone was not answered.
async fn not_read(s: &Session<'_>, key: RecordKey, error: CallError<shoper_api::Error>) -> ShopCall<Found> {
    match error {
        CallError::Api(shoper_api::Error::NotFound) => Ok(Found::Gone),
        CallError::Api(error) if error.may_be_the_call() => Ok(Found::Unreadable(error.to_string())),
        CallError::Api(error @ shoper_api::Error::Forbidden { .. }) => {
            // The right is wanting only where the list is forbidden as well.
            let end = Cursor::After(i64::MAX - 1);
            match key.kind {
                RecordKind::Customer => {
                    s.shoper(|c| async move { c.users(end).await.map(|_| ()) })
                        .await?
                }
                RecordKind::Subscriber => {
                    s.shoper(|c| async move { c.subscribers(end).await.map(|_| ()) })
                        .await?;
                }
            }
            Ok(Found::Unreadable(error.to_string()))
        }
        error => Err(error),
    }
}

/// Reads the subscribers of these contacts that are only known, where the mapping asks for what is kept nowhere. One that
/// cannot be read stays known, and leaves what only its row fills as it is.
pub async fn known_rows(s: &Session<'_>, subjects: &mut [Subject]) -> Result<(), Halt> {
    let config = s.config();
    if !config.subscribers.enabled || targets_of_rows(config).next().is_none() {
        return Ok(());
    }
    let known = subjects.iter().flat_map(|x| &x.known);
    let ids: Vec<SubscriberId> = known
        .filter(|r| r.key.kind == RecordKind::Subscriber)
        .map(|r| SubscriberId(r.key.id))
        .collect();
    for chunk in ids.chunks(50) {
        let found = match subscribers_by_id(s, chunk).await {
            Ok(found) => found,
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => {
                tracing::debug!(shop = %s.shop.id, %error, "rows of subscribers could not be read");
                continue;
            }
        };
        for (key, found) in found {
            let Found::Present(mut reading) = found else {
                continue;
            };
            let Some(subject) = subjects.iter_mut().find(|x| x.hash == reading.hash) else {
                continue;
            };
            if let Some(at) = subject.known.iter().position(|r| r.key == key) {
                reading.before = Some(subject.known.remove(at));
                subject.readings.push(*reading);
            }
        }
    }
    Ok(())
}

/// The subscriber with this address, where the shop can be asked by address.
///
/// # Errors
/// [`CallError::Api`] where the shop cannot put the answer into words, so that there may be one.
pub async fn subscriber_of(s: &Session<'_>, address: &str) -> ShopCall<Option<Reading>> {
    let asked = s.shoper_piece(|c| {
        let address = address.to_owned();
        async move { c.subscriber_by_email(&address).await }
    });
    match asked.await {
        Ok(row) => Ok(row.and_then(|row| subscriber(s, row).ok())),
        Err(CallError::Api(error)) if !error.may_be_the_call() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The customer with this address, where the shop can be asked by address.
///
/// # Errors
/// As [`subscriber_of`].
pub async fn customer_of(s: &Session<'_>, address: &str) -> ShopCall<Option<Reading>> {
    let asked = s.shoper_piece(|c| {
        let address = address.to_owned();
        async move { c.user_by_email(&address).await }
    });
    let user = match asked.await {
        Ok(Some(user)) => user,
        Ok(None) => return Ok(None),
        Err(CallError::Api(error)) if !error.may_be_the_call() => return Ok(None),
        Err(error) => return Err(error),
    };
    let users = [user];
    let mine = match addresses::fetch(s, &users, None).await {
        Ok(mut found) => found.take(users[0].id),
        Err(CallError::Api(_)) => return Ok(None),
        Err(halt) => return Err(halt),
    };
    let [user] = users;
    Ok(customer(s, user, mine).ok())
}

/// How a problem calls a customer's address book that cannot be read.
const ADDRESSES: &str = "user-addresses";

fn as_found(reading: Result<Reading, EmailError>) -> Found {
    reading.map_or_else(Found::BadAddress, |r| Found::Present(Box::new(r)))
}

fn customer(s: &Session<'_>, mut user: User, mine: Mine) -> Result<Reading, EmailError> {
    let email = Email::parse(&user.email)?;
    let mut unreadable = std::mem::take(&mut user.unreadable);
    let addresses = match mine {
        Mine::Read(addresses) => Some(addresses),
        Mine::Unknown => None,
        Mine::Spoilt => {
            unreadable.push(ADDRESSES.to_owned());
            None
        }
    };
    Ok(Reading {
        unreadable,
        key: RecordKey::customer(user.id.0),
        hash: s.store.hash(s.shop.id, email.key()),
        email,
        consent: user.newsletter,
        silent: user.newsletter.is_none(),
        person: Person::customer(user, addresses),
        extra: None,
        before: None,
    })
}

fn subscriber(s: &Session<'_>, row: Subscriber) -> Result<Reading, EmailError> {
    let email = Email::parse(&row.email)?;
    let extra = SubscriberExtra::of(&row);
    Ok(Reading {
        unreadable: row.unreadable,
        key: RecordKey::subscriber(row.id.0),
        hash: s.store.hash(s.shop.id, email.key()),
        consent: row.active,
        silent: row.active.is_none(),
        extra: Some(extra.text()),
        person: Person::subscriber(row.id.0, email.as_str(), row.active, extra),
        email,
        before: None,
    })
}
