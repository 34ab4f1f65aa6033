//! Real contacts of a shop, to try a mapping on: up to two hundred customers or subscribers, from the oldest to the
//! newest. They live in memory alone, for minutes (`memory.rs`), and are never logged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use engine::{Engine, Labels, LaneState, Person, Reader, SubscriberExtra};
use ports::Millis;
use shoper_api::{AdditionalField, Cursor, Subscriber, User, UserAddress, UserId};
use store::{AddrHash, Shop};
use sync_core::config::Config;
use sync_core::email::Email;
use sync_core::mapping::{Field, Source, fields};
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::error::Error;
use crate::memory::{KEPT_MS, Why};
use crate::shelf::{Kept, Place};
use crate::sides::{Patience, SareSide, ShopSide};
use crate::verdict::settle_ms;

/// Most contacts of a sample.
pub const MOST: usize = 200;
/// Rows of a page of the shop's lists (shoper-api.md D.1).
const PAGE: u64 = 50;
/// Contacts that are looked up in SARE.
pub const LOOKED_UP: usize = 10;
/// How long a reading may take before another one is tried.
const READING_MS: Millis = 120_000;
/// After so long a shop that could not be asked is asked again.
const AGAIN_MS: Millis = 20_000;

/// A record's word on consent; `None` where it says nothing that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(pub Option<bool>);

/// A contact of a sample.
pub struct Sampled {
    /// Its record.
    pub key: RecordKey,
    /// Its address.
    pub email: Email,
    /// `newsletter` or `active`; `None` where the shop does not say it.
    pub consent: Option<bool>,
    /// What a mapping reads.
    pub person: Person,
}

/// How far a sample is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More comes.
    Reading,
    /// That is all.
    Complete,
    /// The shop could not be asked for (more of) it.
    Stopped(Why),
}

/// What SARE says of a contact of a sample.
#[derive(Clone)]
pub enum InSare {
    /// Its list does not name it, and the ledger does not say that it was there.
    NotNamed,
    /// It was there, and SARE, asked for itself, says that it is no longer.
    Gone,
    /// It is there.
    There(Arc<sare_api::ContactRecord>),
}

/// A shop's sample as far as it is read. Cheap to clone.
#[derive(Clone)]
pub struct Sample {
    /// Customers or subscribers.
    pub kind: RecordKind,
    /// The contacts.
    pub people: Vec<Arc<Sampled>>,
    /// Names behind the shop's numbers.
    pub labels: Arc<Labels>,
    /// How far it is read.
    pub progress: Progress,
    /// By the contact's place: what SARE says, where it was asked.
    in_sare: HashMap<usize, InSare>,
    /// By the contact's place: what the address's record of the other kind says of consent, where the shop was asked;
    /// `None` for no such record.
    other: BTreeMap<usize, Option<Word>>,
    /// Places that are being looked at more closely.
    asking: BTreeSet<usize>,
    /// SARE could not be asked.
    pub sare_away: bool,
}

impl Sample {
    pub(crate) fn empty(kind: RecordKind) -> Self {
        Self {
            kind,
            people: Vec::new(),
            labels: Arc::default(),
            progress: Progress::Reading,
            in_sare: HashMap::new(),
            other: BTreeMap::new(),
            asking: BTreeSet::new(),
            sare_away: false,
        }
    }

    /// A sample of these made-up people.
    pub(crate) fn made_up(kind: RecordKind, people: Vec<Sampled>, labels: Labels) -> Self {
        Self {
            people: people.into_iter().map(Arc::new).collect(),
            labels: Arc::new(labels),
            progress: Progress::Complete,
            ..Self::empty(kind)
        }
    }

    /// SARE says this of the contact at a place.
    #[cfg(test)]
    pub(crate) fn hears(&mut self, at: usize, heard: InSare) {
        self.in_sare.insert(at, heard);
    }

    /// What SARE says of the contact at a place; `None` where it was not asked.
    pub fn in_sare(&self, at: usize) -> Option<&InSare> {
        self.in_sare.get(&at)
    }

    /// What the record of the other kind under the same address says of consent; `None` where there is none, or the shop
    /// was not asked.
    pub fn other(&self, at: usize) -> Option<Word> {
        self.other.get(&at).copied().flatten()
    }

    /// Whether something is still being read for what these places show.
    pub fn is_busy(&self, shown: &[usize]) -> bool {
        self.progress == Progress::Reading || shown.iter().any(|at| self.asking.contains(at))
    }

    /// The record of a contact as mappings read it.
    pub fn reader<'a>(&'a self, person: &'a Sampled) -> Reader<'a> {
        Reader::new(&person.person, &self.labels)
    }
}

impl Kept for Sample {
    fn lasts(&self) -> Millis {
        match self.progress {
            Progress::Reading => READING_MS,
            Progress::Stopped(_) if self.people.is_empty() => AGAIN_MS,
            _ => KEPT_MS,
        }
    }

    fn is_ready(&self) -> bool {
        !self.people.is_empty() || self.progress != Progress::Reading
    }
}

/// Reads a sample into its place, page by page.
pub(crate) async fn read(
    engine: &Engine,
    shop: &Shop,
    kind: RecordKind,
    additional: Option<Arc<Vec<AdditionalField>>>,
    place: &Place<Sample>,
) {
    let end = match pages(engine, shop, kind, additional, place).await {
        Ok(()) => Progress::Complete,
        Err(error) => {
            tracing::debug!(shop = %shop.id, %error, "the sample of contacts is not complete");
            Progress::Stopped(Why::of(&error))
        }
    };
    place.send_modify(|sample| sample.progress = end);
}

async fn pages(
    engine: &Engine,
    shop: &Shop,
    kind: RecordKind,
    additional: Option<Arc<Vec<AdditionalField>>>,
    place: &Place<Sample>,
) -> Result<(), Error> {
    let side = ShopSide::open(engine, shop, Patience::Once, false).await?;
    let lane = engine.store().lane(shop.id).await?;
    let all_addresses =
        lane.is_some_and(|lane| LaneState::parse(&lane.state, engine.settings()).all_addresses);
    let labels = labels(&side, kind, additional).await?;
    place.send_modify(|sample| sample.labels = Arc::new(labels));
    let mut seen = HashSet::new();
    let mut wanted = vec![Cursor::default()];
    let mut is_first = true;
    while let Some(cursor) = wanted.pop() {
        let (mut people, next, count) = page(&side, kind, cursor, all_addresses).await?;
        people.retain(|person| seen.insert(person.key));
        if is_first {
            is_first = false;
            people = varied(people, &place.borrow().labels);
            if next.is_some() {
                wanted = others(count);
            }
        }
        let people = people.into_iter().map(Arc::new);
        place.send_modify(|sample| {
            sample.people.extend(people);
            sample.people.truncate(MOST);
        });
    }
    Ok(())
}

/// The pages after the first: the next three, or in a large shop three from the middle and the end, so that old and
/// new contacts are among them. In the order in which they are taken from the end of the list.
fn others(count: Option<u64>) -> Vec<Cursor> {
    let pages = count.map_or(2, |count| count.div_ceil(PAGE));
    let numbers = if pages <= 4 {
        (2..=pages).collect()
    } else {
        vec![pages.div_ceil(3), (2 * pages).div_ceil(3), pages]
    };
    let cursor = |page| Cursor::Page {
        page: u32::try_from(page).unwrap_or(u32::MAX),
        after: 0,
    };
    numbers.into_iter().rev().map(cursor).collect()
}

async fn page(
    side: &ShopSide,
    kind: RecordKind,
    cursor: Cursor,
    all_addresses: bool,
) -> Result<(Vec<Sampled>, Option<Cursor>, Option<u64>), Error> {
    match kind {
        RecordKind::Customer => {
            let listed = side.ask(|c| async move { c.users(cursor).await }).await?;
            let ids: Vec<UserId> = listed.rows.iter().map(|user| user.id).collect();
            let mut addresses = addresses::of(side, &ids, all_addresses).await?;
            let people = listed.rows.into_iter().filter_map(|user| {
                let mine = addresses.remove(&user.id).unwrap_or_default();
                customer(user, mine)
            });
            Ok((people.collect(), listed.next, listed.count))
        }
        RecordKind::Subscriber => {
            let listed = side.ask(|c| async move { c.subscribers(cursor).await }).await?;
            let people = listed.rows.into_iter().filter_map(subscriber).collect();
            Ok((people, listed.next, listed.count))
        }
    }
}

fn customer(user: User, addresses: Vec<UserAddress>) -> Option<Sampled> {
    Some(Sampled {
        key: RecordKey::customer(user.id.0),
        email: Email::parse(&user.email).ok()?,
        consent: user.newsletter,
        person: Person::customer(user, addresses),
    })
}

fn subscriber(row: Subscriber) -> Option<Sampled> {
    let email = Email::parse(&row.email).ok()?;
    let extra = SubscriberExtra::of(&row);
    Some(Sampled {
        key: RecordKey::subscriber(row.id.0),
        consent: row.active,
        person: Person::subscriber(row.id.0, email.as_str(), row.active, extra),
        email,
    })
}

/// The names that fields of this kind need, read as the engine reads them; what is not permitted stays empty.
async fn labels(
    side: &ShopSide,
    kind: RecordKind,
    additional: Option<Arc<Vec<AdditionalField>>>,
) -> Result<Labels, Error> {
    fn allowed<T>(answer: Result<Vec<T>, shoper_api::Error>) -> Result<Vec<T>, shoper_api::Error> {
        match answer {
            Err(error) if error.is_transient() => Err(error),
            answer => Ok(answer.unwrap_or_default()),
        }
    }
    let mut labels = Labels::default();
    let languages = allowed(side.ask(|c| async move { c.languages().await }).await)?;
    labels.languages = languages.into_iter().map(|l| (l.id, l.locale)).collect();
    match kind {
        RecordKind::Customer => {
            let groups = allowed(side.ask(|c| async move { c.user_groups().await }).await)?;
            labels.user_groups = groups.into_iter().map(|g| (g.id, g.name)).collect();
            let tags = allowed(side.ask(|c| async move { c.user_tags().await }).await)?;
            labels.user_tags = tags.into_iter().map(|tag| (tag.id, tag.name)).collect();
            labels.options = additional
                .iter()
                .flat_map(|fields| fields.iter())
                .filter(|field| !field.options.is_empty())
                .map(|field| (field.id, field.options.iter().cloned().collect()))
                .collect();
        }
        RecordKind::Subscriber => {
            let groups = allowed(side.ask(|c| async move { c.subscriber_groups().await }).await)?;
            labels.subscriber_groups = groups.into_iter().map(|g| (g.id, g.name)).collect();
        }
    }
    Ok(labels)
}

/// Of many contacts, those first that show most: the fullest, then the emptiest, and so on in turn.
fn varied(people: Vec<Sampled>, labels: &Labels) -> Vec<Sampled> {
    let filled = |person: &Sampled| {
        let reader = Reader::new(&person.person, labels);
        fields(person.key.kind)
            .iter()
            .filter(|info| reads(&reader, &info.field))
            .count()
    };
    let mut counted: Vec<(usize, Sampled)> = people.into_iter().map(|p| (filled(&p), p)).collect();
    counted.sort_by_key(|(filled, person)| (std::cmp::Reverse(*filled), person.key));
    let mut rest: std::collections::VecDeque<Sampled> = counted.into_iter().map(|(_, p)| p).collect();
    let mut out = Vec::with_capacity(rest.len());
    while let Some(person) = rest.pop_front() {
        out.push(person);
        out.extend(rest.pop_back());
    }
    out
}

/// Whether a field holds anything.
pub(crate) fn reads(source: &impl Source, field: &Field) -> bool {
    let value = source.read(field).unwrap_or_default();
    let value = value.trim();
    !value.is_empty() && !value.starts_with("0000-00-00")
}

/// Marks places that are to be looked at more closely and are not yet; those that it marked.
pub(crate) fn mark(place: &Place<Sample>, at: &[usize]) -> Vec<usize> {
    let mut marked = Vec::new();
    place.send_if_modified(|sample| {
        for at in at.iter().copied().filter(|at| *at < sample.people.len()) {
            let is_known = sample.sare_away || sample.in_sare.contains_key(&at);
            if !is_known && sample.asking.insert(at) {
                marked.push(at);
            }
        }
        !marked.is_empty()
    });
    marked
}

/// Looks at the contacts of these places more closely: what SARE says of them, and for those of `shown` whether the
/// shop has a record of the other kind for their address.
pub(crate) async fn look_closer(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    marked: Vec<usize>,
    shown: &[usize],
    place: &Place<Sample>,
) {
    let (people, kind) = {
        let sample = place.borrow();
        let people: Vec<(usize, Arc<Sampled>)> = marked
            .iter()
            .filter_map(|at| Some((*at, Arc::clone(sample.people.get(*at)?))))
            .collect();
        (people, sample.kind)
    };
    let in_sare = records(engine, shop, config, &people).await;
    place.send_modify(|sample| match in_sare {
        Ok(records) => sample.in_sare.extend(records),
        Err(error) => {
            tracing::debug!(shop = %shop.id, %error, "what SARE has of the sample cannot be read");
            sample.sare_away = true;
        }
    });
    let shown = people.iter().filter(|(at, _)| shown.contains(at));
    if let Err(error) = others_of(engine, shop, kind, shown, place).await {
        tracing::debug!(shop = %shop.id, %error, "records of the other kind cannot be read for the sample");
    }
    place.send_modify(|sample| sample.asking.retain(|at| !marked.contains(at)));
}

async fn records(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    people: &[(usize, Arc<Sampled>)],
) -> Result<Vec<(usize, InSare)>, Error> {
    let side = SareSide::open(engine, shop, config, Patience::Once).await?;
    let addresses: Vec<String> = people.iter().map(|(_, p)| p.email.as_str().to_owned()).collect();
    let asked = side.ask(|c| {
        let addresses = addresses.clone();
        async move {
            let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
            c.by_email_list(&addresses).await
        }
    });
    let mut found = asked.await?;
    let hash = |person: &Sampled| engine.store().hash(shop.id, person.email.key());
    let hashes: Vec<AddrHash> = people.iter().map(|(_, person)| hash(person)).collect();
    let contacts = engine.store().contacts(shop.id, &hashes).await?;
    let (now, settle) = (engine.clock().now(), settle_ms(engine));
    let mut said = Vec::with_capacity(people.len());
    for (at, person) in people {
        let address = person.email.as_str();
        let heard = match found.remove(address) {
            Some(record) => InSare::There(Arc::new(record)),
            // A list that does not name somebody proves nothing, as for the engine.
            None if engine::known(contacts.get(&hash(person)), now, settle).was_in_sare => {
                let record = side.ask(|c| async move { c.by_email(address).await }).await?;
                record.map_or(InSare::Gone, |record| InSare::There(Arc::new(record)))
            }
            None => InSare::NotNamed,
        };
        said.push((*at, heard));
    }
    Ok(said)
}

async fn others_of(
    engine: &Engine,
    shop: &Shop,
    kind: RecordKind,
    people: impl Iterator<Item = &(usize, Arc<Sampled>)>,
    place: &Place<Sample>,
) -> Result<(), Error> {
    let side = ShopSide::open(engine, shop, Patience::Once, false).await?;
    for (at, person) in people {
        let address = person.email.as_str();
        let consent = match kind {
            RecordKind::Customer => side
                .ask(|c| async move { c.subscriber_by_email(address).await })
                .await?
                .map(|row| Word(row.active)),
            RecordKind::Subscriber => side
                .ask(|c| async move { c.user_by_email(address).await })
                .await?
                .map(|user| Word(user.newsletter)),
        };
        place.send_modify(|sample| {
            sample.other.insert(*at, consent);
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: u64) -> Vec<u32> {
        let cursors = others(Some(count));
        let number = |cursor: &Cursor| match cursor {
            Cursor::Page { page, .. } => *page,
            Cursor::After(_) => 0,
        };
        cursors.iter().rev().map(number).collect()
    }

    #[test]
    fn a_large_shop_is_sampled_from_its_oldest_to_its_newest_contacts() {
        assert_eq!(numbers(120), [2, 3]);
        assert_eq!(numbers(200), [2, 3, 4]);
        assert_eq!(numbers(200_000), [1334, 2667, 4000]);
    }
}
