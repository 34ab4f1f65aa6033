//! Real contacts of a shop, to try a mapping on: up to two hundred customers or subscribers, from the oldest to the
//! newest. They live in memory alone, for minutes (`service_cache.rs`), and are never logged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use engine::{Engine, Labels, NameList, Person, Reader, SubscriberExtra};
use ports::Millis;
use shoper_api::{AdditionalField, Cursor, OptionList, Subscriber, User, UserAddress, UserId};
use store::{AddrHash, Shop};
use sync_core::config::Config;
use sync_core::email::Email;
use sync_core::mapping::{Field, Source, fields};
use sync_core::{RecordKey, RecordKind};

use crate::addresses::{self, Way};
use crate::cache::{CACHED_MS, Cacheable, Slot};
use crate::error::{Error, Why};
use crate::sides::{Patience, SareSide, ShopSide};

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
    pub(crate) fn fictional(kind: RecordKind, people: Vec<Sampled>, labels: Labels) -> Self {
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

    /// Whether the shop has told of somebody, or that there is nobody, or could not be asked.
    pub fn is_told(&self) -> bool {
        !self.people.is_empty() || self.progress != Progress::Reading
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

impl Cacheable for Sample {
    fn lasts(&self) -> Millis {
        match self.progress {
            Progress::Reading => READING_MS,
            Progress::Stopped(_) if self.people.is_empty() => AGAIN_MS,
            _ => CACHED_MS,
        }
    }

    fn is_ready(&self) -> bool {
        self.is_told()
    }
}

/// Reads a sample into its slot, page by page.
pub(crate) async fn read(
    engine: &Engine,
    shop: &Shop,
    kind: RecordKind,
    additional: Option<Arc<Vec<AdditionalField>>>,
    slot: &Slot<Sample>,
) {
    let end = match pages(engine, shop, kind, additional, slot).await {
        Ok(()) => Progress::Complete,
        Err(error) => {
            tracing::debug!(shop = %shop.id, %error, "the sample of contacts is not complete");
            Progress::Stopped(Why::of(&error))
        }
    };
    slot.send_modify(|sample| sample.progress = end);
}

async fn pages(
    engine: &Engine,
    shop: &Shop,
    kind: RecordKind,
    additional: Option<Arc<Vec<AdditionalField>>>,
    slot: &Slot<Sample>,
) -> Result<(), Error> {
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
    let way = engine::standing(engine.store(), shop.id).await?.addresses;
    let labels = labels(&side, kind, additional).await?;
    slot.send_modify(|sample| sample.labels = Arc::new(labels));
    let mut seen = HashSet::new();
    let mut wanted = vec![Cursor::default()];
    let mut is_first = true;
    while let Some(cursor) = wanted.pop() {
        let (mut people, next, count) = page(&side, kind, cursor, way).await?;
        people.retain(|person| seen.insert(person.key));
        if is_first {
            is_first = false;
            people = varied(people, &slot.borrow().labels);
            if next.is_some() {
                wanted = others(count);
            }
        }
        let people = people.into_iter().map(Arc::new);
        slot.send_modify(|sample| {
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
    way: Way,
) -> Result<(Vec<Sampled>, Option<Cursor>, Option<u64>), Error> {
    match kind {
        RecordKind::Customer => {
            let listed = side.ask(|c| async move { c.users(cursor).await }).await?;
            let ids: Vec<UserId> = listed.rows.iter().map(|user| user.id).collect();
            let mut addresses = addresses::fetch(side, &ids, way).await?;
            let people = listed.rows.into_iter().filter_map(|user| {
                let mine = addresses.take(user.id);
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

fn customer(user: User, addresses: Option<Vec<UserAddress>>) -> Option<Sampled> {
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
    let lists: &[NameList] = match kind {
        RecordKind::Customer => &[NameList::Languages, NameList::UserGroups, NameList::UserTags],
        RecordKind::Subscriber => &[NameList::Languages, NameList::SubscriberGroups],
    };
    let mut labels = Labels::default();
    for list in lists {
        match side.ask(|c| list.read(c, OptionList::default())).await {
            Ok(names) => labels.put(*list, names),
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(_) => {}
        }
    }
    if kind == RecordKind::Customer {
        labels.options = additional
            .iter()
            .flat_map(|fields| fields.iter())
            .filter(|field| !field.options.is_empty())
            .map(|field| (field.id, field.options.iter().cloned().collect()))
            .collect();
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
pub(crate) fn mark(slot: &Slot<Sample>, at: &[usize]) -> Vec<usize> {
    let mut marked = Vec::new();
    slot.send_if_modified(|sample| {
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
    slot: &Slot<Sample>,
) {
    let (people, kind) = {
        let sample = slot.borrow();
        let people: Vec<(usize, Arc<Sampled>)> = marked
            .iter()
            .filter_map(|at| Some((*at, Arc::clone(sample.people.get(*at)?))))
            .collect();
        (people, sample.kind)
    };
    let in_sare = records(engine, shop, config, &people).await;
    slot.send_modify(|sample| match in_sare {
        Ok(records) => sample.in_sare.extend(records),
        Err(error) => {
            tracing::debug!(shop = %shop.id, %error, "what SARE has of the sample cannot be read");
            sample.sare_away = true;
        }
    });
    let shown = people.iter().filter(|(at, _)| shown.contains(at));
    if let Err(error) = others_of(engine, shop, kind, shown, slot).await {
        tracing::debug!(shop = %shop.id, %error, "records of the other kind cannot be read for the sample");
    }
    slot.send_modify(|sample| sample.asking.retain(|at| !marked.contains(at)));
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
    let (now, settle) = (
        engine.clock().now(),
        ports::millis(engine.settings().settle_after),
    );
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
    slot: &Slot<Sample>,
) -> Result<(), Error> {
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
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
        slot.send_modify(|sample| {
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
