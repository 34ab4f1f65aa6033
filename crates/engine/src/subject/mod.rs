//! One contact under examination: everything the shop, SARE and the ledger say of one address.
//!
//! Built by `live/` (records read anew) and by `run/` (pages of a list); judged here with the
//! pure functions of `sync-core`; carried out by `deliver/`.

mod assess;
mod records;
mod spelled;
mod statuses;

use ports::Millis;
use store::{AddrHash, Contact, DirtyKey, Outcome, Reason, Record};
use sync_core::config::Config;
use sync_core::consent::{
    Facts, Known, Noticed, Refusal, RefusalOrigin, SareView, ShopView, Signal, Wish, status,
};
use sync_core::email::Email;
use sync_core::mapping::Traits;
use sync_core::plan::Step;
use sync_core::scope::Scope;
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::person::{self, Person, SubscriberExtra};
use crate::read;
use crate::session::{Session, is_recent};

pub use assess::{Confirm, assess};
pub use records::records;
pub use spelled::Spelled;
pub use statuses::{RECENT_MS, UNREADABLE, Views, recent_statuses, statuses};

/// A record read from the shop just now.
pub struct Reading {
    /// Kind and id.
    pub key: RecordKey,
    /// Its address.
    pub email: Email,
    /// The hash of it.
    pub hash: AddrHash,
    /// `newsletter` or `active`; where the shop does not say it, as it was said before at this address ([`Reading::beside`]).
    pub consent: Option<bool>,
    /// The shop does not say it now.
    pub silent: bool,
    /// What the mapping reads.
    pub person: Person,
    /// The addresses among it could be read; otherwise nothing is known of them.
    pub has_addresses: bool,
    /// Members of the shop's row that could not be read, by name: nothing is known of them either.
    pub unreadable: Vec<String>,
    /// For subscribers, what rebuilds the row.
    pub extra: Option<String>,
    /// What the ledger said of the record before.
    pub before: Option<Record>,
}

impl Reading {
    /// What the ledger keeps to rebuild the row: not less than before because something of it cannot be read now.
    fn extra_to_keep(&self) -> Option<String> {
        let before = self.before.as_ref().and_then(|record| record.extra.clone());
        match (self.unreadable.is_empty(), before) {
            (false, Some(before)) => Some(before),
            _ => self.extra.clone(),
        }
    }

    /// Puts the record beside what the ledger said of it: what the shop does not say now is as it was. Of a record that
    /// came from another address nothing is known here until it is said.
    pub fn beside(&mut self, before: Option<Record>) {
        if let Some(record) = &before {
            if self.silent {
                self.consent = record.consent.filter(|_| record.hash == self.hash);
            }
            if let Person::Subscriber { extra, .. } = &mut self.person {
                *extra = std::mem::take(extra).or(SubscriberExtra::of_record(record));
                self.extra = Some(extra.text());
            }
        }
        self.before = before;
    }

    /// It said yes when last read, and says no.
    pub fn withdrew(&self) -> bool {
        self.consent == Some(false) && self.before.as_ref().is_some_and(|r| r.consent == Some(true))
    }

    /// The record as the ledger keeps it.
    pub fn record(&self, run_id: Option<i64>, now: Millis) -> Record {
        Record {
            key: self.key,
            hash: self.hash,
            consent: self.consent,
            silent: self.silent,
            extra: self.extra_to_keep(),
            run_id,
            seen_at: now,
        }
    }
}

/// One contact under examination.
pub struct Subject {
    /// Hash of the address.
    pub hash: AddrHash,
    /// The address as the shop writes it.
    pub email: Email,
    /// Records read now.
    pub readings: Vec<Reading>,
    /// Records known and not read now: they count as unchanged.
    pub known: Vec<Record>,
    /// Records proven deleted.
    pub lost: Vec<Record>,
    /// Records that moved to another address, with what they said there.
    pub moved_away: Vec<RecordKey>,
    /// One that moved away withdrew its consent on the way.
    pub withdrew_on_leaving: bool,
    /// One that moved away had consented, and took that along.
    pub consent_left: bool,
    /// The addresses from which records came here.
    pub came_from: Vec<AddrHash>,
    /// The ledger's row.
    pub contact: Option<Contact>,
    /// Dirty entries this settles: key, version, failed tries.
    pub dirty: Vec<(DirtyKey, i64, i64)>,
    /// Why it is looked at.
    pub reason: Reason,
    /// A person asked for its refusal to be carried into the shop, though it was known before or is left there by setting.
    pub applies_refusal: bool,
    /// A person decided that a consent in doubt counts.
    pub decides_doubt: bool,
}

impl Subject {
    /// A contact of which nothing is known yet.
    pub fn new(hash: AddrHash, email: Email, reason: Reason) -> Self {
        Self {
            hash,
            email,
            readings: Vec::new(),
            known: Vec::new(),
            lost: Vec::new(),
            moved_away: Vec::new(),
            withdrew_on_leaving: false,
            consent_left: false,
            came_from: Vec::new(),
            contact: None,
            dirty: Vec::new(),
            reason,
            applies_refusal: false,
            decides_doubt: false,
        }
    }

    /// Whether an earlier try at it came to nothing.
    pub fn has_failed_before(&self) -> bool {
        self.dirty.iter().any(|(_, _, attempts)| *attempts > 0)
    }

    fn has(&self, kind: RecordKind) -> bool {
        self.readings.iter().any(|r| r.key.kind == kind) || self.known.iter().any(|r| r.key.kind == kind)
    }

    fn view(&self, base: (i64, i64)) -> ShopView {
        let mut view = ShopView::default();
        let mut push = |kind: RecordKind, signal: Signal| match kind {
            RecordKind::Customer => view.customers.push(signal),
            RecordKind::Subscriber => view.subscribers.push(signal),
        };
        for reading in &self.readings {
            let newest = match reading.key.kind {
                RecordKind::Customer => base.0,
                RecordKind::Subscriber => base.1,
            };
            let signal = Signal {
                now: reading.consent.filter(|_| !reading.silent),
                before: match &reading.before {
                    // What was not said is as it was, at this address.
                    Some(_) if reading.silent => reading.consent,
                    before => before.as_ref().and_then(|r| r.consent),
                },
                moved: reading.before.as_ref().is_some_and(|r| r.hash != self.hash),
                fresh: reading.before.is_none() && reading.key.id > newest,
                gap: reading.before.as_ref().is_some_and(|r| r.silent),
            };
            push(reading.key.kind, signal);
        }
        for record in &self.known {
            push(record.key.kind, Signal::silent(record.consent));
        }
        if self.withdrew_on_leaving {
            view.lost.push(true);
        }
        view.lost.extend(self.lost.iter().filter_map(|r| r.consent));
        view
    }

    /// The groups of ours the contact belongs in.
    pub fn groups(&self, config: &Config) -> Vec<i64> {
        // Whoever is left out as a customer is left alone: also in the customers' group.
        let had = self.contact.as_ref().map_or(&[][..], |contact| &contact.groups);
        let stays = had.contains(&config.customers.group);
        let as_customer = self.has(RecordKind::Customer) && (stays || self.scope(config).as_customer);
        config.groups(as_customer, self.has(RecordKind::Subscriber))
    }

    /// What the merchant's rules say of synchronising the contact at all.
    pub(crate) fn scope(&self, config: &Config) -> Scope {
        let read = self
            .readings
            .iter()
            .filter(|r| r.key.kind == RecordKind::Customer);
        let known = self.known.iter().filter(|r| r.key.kind == RecordKind::Customer);
        let accounts: Vec<Option<bool>> = read
            .map(|r| r.person.has_account())
            .chain(known.map(|_| None))
            .collect();
        let rows = self.readings.iter().map(|r| (r.key.kind, r.consent));
        let rows = rows.chain(self.known.iter().map(|r| (r.key.kind, r.consent)));
        let rows = rows.filter(|(kind, _)| *kind == RecordKind::Subscriber);
        let subscriber = rows
            .map(|(_, active)| active == Some(true))
            .reduce(|one, other| one && other);
        config.scope(&self.email, &accounts, subscriber)
    }

    /// Traits by the mapping, customer's values first; `None` when a record they come from was not read.
    fn traits(&self, s: &Session<'_>, config: &Config) -> Option<Traits> {
        let read = |kind| {
            let of_kind = self
                .readings
                .iter()
                .rev()
                .find(|reading| reading.key.kind == kind);
            of_kind.map(|reading| &reading.person)
        };
        let known = |kind| self.known.iter().find(|record| record.key.kind == kind);
        let customer = read(RecordKind::Customer);
        let counts = self.scope(config).as_customer;
        if config.customers.enabled && customer.is_none() && known(RecordKind::Customer).is_some() {
            return None;
        }
        let remembered =
            known(RecordKind::Subscriber).map(|record| Person::from_extra(record, self.email.as_str()));
        let read_now = read(RecordKind::Subscriber);
        let subscriber = read_now.or(remembered.as_ref());
        let customer = customer.filter(|_| counts);
        let mut traits = person::traits(config, &s.state().labels, customer, subscriber);
        if self.readings.iter().any(|r| !r.has_addresses) {
            for target in addresses::targets(config) {
                traits.unset(target);
            }
        }
        for reading in &self.readings {
            for target in person::out_of_reach(config, reading.key.kind, &reading.unreadable) {
                traits.unset(target);
            }
        }
        if read_now.is_none() && remembered.is_some() {
            for target in read::targets_of_rows(config) {
                traits.unset(target);
            }
        }
        Some(traits)
    }
}

impl Subject {
    /// Whether a record could not be read whole: what SARE is told of the contact is not all that the shop has.
    pub fn is_in_part(&self) -> bool {
        self.readings.iter().any(|reading| !reading.unreadable.is_empty())
    }
}

/// A subject with the verdict on it.
pub struct Assessed {
    /// The contact.
    pub subject: Subject,
    /// What SARE says.
    pub sare: SareView,
    /// How it is spelled there.
    pub spelled: Spelled,
    /// The facts to keep.
    pub facts: Facts,
    /// What was noticed.
    pub noticed: Vec<Noticed>,
    /// What to do in SARE.
    pub step: Step,
    /// Traits by the mapping, where they could be told.
    pub traits: Option<Traits>,
    /// Groups of ours it belongs in.
    pub groups: Vec<i64>,
    /// Fingerprint of traits and groups.
    pub fingerprint: Option<[u8; 16]>,
    /// It was in SARE and a list did not name it: to be confirmed before anything is done.
    pub unsure: bool,
    /// Consent was withdrawn only in that the record it came from now stands under another address.
    pub abandoned: bool,
}

impl Assessed {
    /// Whether the shop is to be told of a refusal made in SARE.
    pub fn tells_shop(&self, config: &Config) -> bool {
        (config.unsubscribe.to_shoper || self.subject.applies_refusal)
            && self.facts.refusal.is_some_and(|r| !r.applied)
    }

    /// Spellings that SARE mails though the person refused under another one, or withdrew in the shop and this is not
    /// how that is carried out.
    pub fn mailed_after_all(&self) -> Vec<String> {
        let refuses = self.facts.refusal.is_some() || self.facts.withdrawn;
        let by_itself = matches!(self.step, Step::Unsubscribe { .. } | Step::Raise { .. });
        if !refuses || by_itself || self.facts.wish.is_some() {
            return Vec::new();
        }
        self.spelled.mailed()
    }

    /// Groups of ours the contact must leave though it stays in SARE.
    pub fn groups_to_leave(&self) -> Vec<i64> {
        let had = self.subject.contact.as_ref().map_or(&[][..], |c| &c.groups);
        had.iter().copied().filter(|g| !self.groups.contains(g)).collect()
    }

    /// Whether the contact withdrew in the shop, SARE has it so, and it is still in groups that it is to leave.
    pub fn owes_leaving(&self, config: &Config) -> bool {
        config.unsubscribe.leave_group
            && self.step == Step::Suppress
            && matches!(self.sare, SareView::Status(n) if status::is_refusal(n))
            && (self.facts.refusal).is_some_and(|r| r.origin == RefusalOrigin::Shop)
            && self
                .subject
                .contact
                .as_ref()
                .is_some_and(|c| !c.groups.is_empty())
    }

    /// Whether nothing at all is to be done or kept anew, so that a comparing pass may go on.
    pub fn is_settled(&self, config: &Config) -> bool {
        let quiet = matches!(
            self.step,
            Step::Keep | Step::Suppress | Step::Skip | Step::HandsOff
        );
        let left = match self.step {
            Step::Leave(_) => self
                .subject
                .contact
                .as_ref()
                .is_none_or(|c| c.outcome == Outcome::Gone),
            _ => quiet,
        };
        left && self.noticed.is_empty()
            && !self.unsure
            && !self.tells_shop(config)
            && !self.owes_leaving(config)
            && self.mailed_after_all().is_empty()
            && (self.groups_to_leave().is_empty() || !matches!(self.step, Step::Keep))
            && self.facts.wish.is_none()
    }
}

/// Whether the contact refuses in SARE because it withdrew in the shop.
pub fn refuses_by_withdrawal(contact: &Contact) -> bool {
    contact.sare_status.is_some_and(status::is_refusal)
        && contact.refusal.is_some_and(status::is_refusal)
        && contact.refusal_origin.as_deref() == Some(RefusalOrigin::Shop.word())
}

/// What the ledger knows of a contact, as decisions take it.
pub fn known(contact: Option<&Contact>, now: Millis, settle_ms: i64) -> Known {
    let Some(contact) = contact else {
        return Known::default();
    };
    let refusal = contact.refusal.map(|status| Refusal {
        status,
        origin: RefusalOrigin::from_word(contact.refusal_origin.as_deref().unwrap_or_default()),
        applied: contact.refusal_applied,
    });
    let intent = Intent::of(contact);
    let decided =
        contact.consent.is_some() || refusal.is_some() || contact.withdrawn || contact.doubt.is_some();
    Known {
        facts: decided.then(|| Facts {
            consent: contact.consent.unwrap_or(false),
            withdrawn: contact.withdrawn,
            refusal,
            wish: intent.as_ref().and_then(|i| i.wish),
            doubt: contact.doubt,
        }),
        seen_in_sare: contact.sare_status.is_some_and(|n| n != status::ABSENT) || contact.sent.is_some(),
        was_in_sare: contact.sare_status.is_some_and(|n| n != status::ABSENT)
            && contact
                .sare_seen_at
                .is_none_or(|at| !is_recent(at, settle_ms, now))
            && contact.sent_at.is_none_or(|at| !is_recent(at, settle_ms, now)),
        lowering: intent.is_some_and(|i| i.is_lowering(contact, now)),
        decided: false,
    }
}

/// A status change under way, kept with the contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Intent {
    /// An upward change a person asked for.
    pub wish: Option<Wish>,
    /// A lowering sent and not yet proven: the status asked for.
    pub lowering_to: Option<i64>,
    /// How often it was sent.
    pub tries: u32,
    /// When a lowering was sent last, in milliseconds since 1970.
    pub sent_at: Millis,
}

/// How long a lowering may still take effect in SARE that an opt-in has overtaken.
const OVERTAKEN_MS: Millis = 3_600_000;

impl Intent {
    /// Whether a refusal that SARE shows now may be our own lowering. One overtaken by an opt-in is forgotten after a while:
    /// what is refused from then on is a person's act, of which the shop is to be told.
    pub fn is_lowering(&self, contact: &Contact, now: Millis) -> bool {
        self.lowering_to.is_some()
            && (contact.withdrawn || contact.refusal.is_some() || is_recent(self.sent_at, OVERTAKEN_MS, now))
    }

    /// The contact's intent, where it has one.
    pub fn of(contact: &Contact) -> Option<Self> {
        contact
            .intent
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
    }

    /// The text kept in the ledger; `None` when nothing is under way.
    pub fn text(&self) -> Option<String> {
        (self.wish.is_some() || self.lowering_to.is_some())
            .then(|| serde_json::to_string(self).expect("an intent is plain data"))
    }
}
