//! What people said, where and when: the world's own memory, kept beside shops and accounts.

use std::collections::{BTreeMap, HashMap};

use ports::Millis;

use crate::shoper::Shop;

/// How long a yes must have stood for its withdrawal to count beside another yes: longer than a day, after
/// which every shop has been read as a whole.
pub(super) const SEEN_AFTER: Millis = 26 * 3_600_000;

/// Where somebody refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In SARE, by the recipient or an operator.
    Sare,
    /// In the shop.
    Shop,
    /// At another address, whose owner has this one now.
    OtherAddress,
}

/// A refusal that stands.
///
/// An address counts as **refused** from a refusal to the next opt-in. Refusals are
///
/// - a click, a sign-out, a block or a forgetting in SARE;
/// - a yes withdrawn in the shop (a flag cleared, a subscription switched off) after which no place of the
///   address says yes any more. Where another place still says yes, it counts only if the yes that was
///   withdrawn had stood long enough to be seen by whoever reads the shop once a day: nobody can know of a yes
///   and a no that came and went between two looks;
/// - the refusal of another address whose owner moved to this one, unless this one said yes by itself.
///
/// Opt-ins are a flag ticked, a subscription made or switched on, a confirmation by the recipient, a status
/// 8 set by an operator. A record that moves to another address is no opt-in there, and one that is deleted no
/// refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// When it was made, in milliseconds since 1970.
    pub at: Millis,
    /// Where.
    pub place: Where,
}

/// A place of the shop that can say yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// A customer's flag.
    Flag(i64),
    /// A subscriber's row.
    Row(i64),
}

/// What the places of some addresses say.
pub(super) type Said = BTreeMap<Place, (String, bool)>;

/// The memory of one shop and its account.
#[derive(Debug)]
pub(super) struct Record {
    /// When the memory begins.
    born: Millis,
    refusals: HashMap<String, Refusal>,
    /// Since when a place says yes; those not in it did so when the memory began.
    since: HashMap<Place, Millis>,
    /// When the API last did something to an address.
    by_api: HashMap<String, Millis>,
}

/// An address in the form in which addresses are compared.
pub(super) fn key_of(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What the places of these addresses say now.
pub(super) fn said(shop: &Shop, emails: &[&str]) -> Said {
    let mut said = Said::new();
    for email in emails {
        let (customers, subscribers) = shop.records_of(email);
        said.extend(
            customers
                .iter()
                .map(|row| (Place::Flag(row.id), (key_of(&row.email), row.newsletter))),
        );
        said.extend(
            subscribers
                .iter()
                .map(|row| (Place::Row(row.id), (key_of(&row.email), row.active))),
        );
    }
    said
}

impl Record {
    /// A memory that begins now.
    pub fn new(now: Millis) -> Self {
        Self {
            born: now,
            refusals: HashMap::new(),
            since: HashMap::new(),
            by_api: HashMap::new(),
        }
    }

    /// The refusal that stands for an address.
    pub fn refusal(&self, email: &str) -> Option<Refusal> {
        self.refusals.get(&key_of(email)).copied()
    }

    /// A refusal; an earlier one that stands is not made younger by it.
    pub fn refuse(&mut self, email: &str, at: Millis, place: Where) {
        self.refusals
            .entry(key_of(email))
            .or_insert(Refusal { at, place });
    }

    pub fn opt_in(&mut self, email: &str) {
        self.refusals.remove(&key_of(email));
    }

    /// The API did something to an address.
    pub fn touched(&mut self, email: &str, at: Millis) {
        self.by_api.insert(key_of(email), at);
    }

    /// Whether the API did something to the address, and long enough ago for whoever uses it to have taken
    /// note of the address.
    pub fn is_known_to_the_api(&self, email: &str, now: Millis) -> bool {
        self.by_api
            .get(&key_of(email))
            .is_some_and(|at| at + SEEN_AFTER < now)
    }

    /// Takes note of what people did in the shop: what its places said before and say now.
    pub fn compare(&mut self, before: &Said, after: &Said, now: Millis) {
        let yes = |said: &Said, email: &str| said.values().any(|(at, yes)| *yes && at == email);
        for (place, (old, was)) in before {
            match after.get(place) {
                Some((new, is)) if new == old => {
                    if *was && !*is {
                        let since = self.since.remove(place).unwrap_or(self.born);
                        if since + SEEN_AFTER < now || !yes(after, old) {
                            self.refuse(old, now, Where::Shop);
                        }
                    }
                }
                Some((new, _)) => {
                    if self.refusals.contains_key(old) && !yes(before, new) {
                        self.refuse(new, now, Where::OtherAddress);
                    }
                }
                None => {
                    self.since.remove(place);
                }
            }
        }
        for (place, (email, is)) in after {
            let was = before.get(place);
            let moved = was.is_some_and(|(old, _)| old != email);
            if *is && !moved && was.is_none_or(|(_, was)| !*was) {
                self.since.insert(*place, now);
                self.opt_in(email);
            }
        }
    }
}
