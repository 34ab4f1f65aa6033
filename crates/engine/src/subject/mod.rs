//! One contact under examination: everything the shop, SARE and the ledger say of one address.
//!
//! Built by `live/` (records read anew) and by `run/` (pages of a list); judged here with the
//! pure functions of `sync-core`; carried out by `deliver/`.

mod assess;
mod records;
mod spellings;
mod statuses;

use std::ops::Deref;

use ports::Millis;
use store::{AddrHash, Contact, DirtyKey, HistoryEntry, Outcome, Reason, Record, Refused};
use sync_core::config::Config;
use sync_core::consent::{Facts, Intent, Known, RefusalOrigin, SareView, ShopView, Signal, Status};
use sync_core::decide::Decision;
use sync_core::email::Email;
use sync_core::mapping::{Needs, Target, Traits};
use sync_core::plan::Step;
use sync_core::scope::Scope;
use sync_core::{ByKind, HistoryKind, RecordKey, RecordKind};

use crate::person::{self, Person, SubscriberExtra};
use crate::session::{Session, is_recent};

pub use assess::{Confirm, assess};
pub use records::records;
pub use spellings::Spellings;
pub use statuses::{Views, status_of, statuses};

/// A record read from the shop just now.
pub struct Reading {
    /// Kind and id.
    pub key: RecordKey,
    /// Its address.
    pub email: Email,
    /// The hash of it.
    pub hash: AddrHash,
    /// `newsletter` or `active`; where the shop does not say it, as it was said before at this address
    /// ([`Reading::complete_from`]).
    pub consent: Option<bool>,
    /// The shop does not say it now.
    pub silent: bool,
    /// What the mapping reads.
    pub person: Person,
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

    /// Completes the record from what the ledger said of it: what the shop does not say now is as it was. Of a record that
    /// came from another address nothing is known here until it is said.
    pub fn complete_from(&mut self, before: Option<Record>) {
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

/// One contact as it was read: its records, what the ledger knows, what SARE says. [`Assessed`] is the same with the
/// decision about it; `deliver/` carries that out.
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
    pub deleted: Vec<Record>,
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
            deleted: Vec::new(),
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

    fn view(&self, newest: ByKind<Option<i64>>) -> ShopView {
        let mut view = ShopView::default();
        let mut push = |kind: RecordKind, signal: Signal| match kind {
            RecordKind::Customer => view.customers.push(signal),
            RecordKind::Subscriber => view.subscribers.push(signal),
        };
        for reading in &self.readings {
            let signal = Signal {
                now: reading.consent.filter(|_| !reading.silent),
                before: match &reading.before {
                    // What was not said is as it was, at this address.
                    Some(_) if reading.silent => reading.consent,
                    before => before.as_ref().and_then(|r| r.consent),
                },
                moved: reading.before.as_ref().is_some_and(|r| r.hash != self.hash),
                fresh: reading.before.is_none()
                    && newest[reading.key.kind].is_some_and(|newest| reading.key.id > newest),
                gap: reading.before.as_ref().is_some_and(|r| r.silent),
                account: reading.person.has_account(),
            };
            push(reading.key.kind, signal);
        }
        for record in &self.known {
            push(record.key.kind, Signal::silent(record.consent));
        }
        if self.withdrew_on_leaving {
            view.lost.push(true);
        }
        view.lost.extend(self.deleted.iter().filter_map(|r| r.consent));
        view
    }

    /// Traits by the mapping, customer's values first; `None` when a record they come from was not read.
    fn traits(&self, s: &Session<'_>, config: &Config, scope: Scope) -> Option<Traits> {
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
        let counts = scope.as_customer;
        if config.customers.enabled && customer.is_none() && known(RecordKind::Customer).is_some() {
            return None;
        }
        let remembered =
            known(RecordKind::Subscriber).map(|record| Person::from_extra(record, self.email.as_str()));
        let read_now = read(RecordKind::Subscriber);
        let subscriber = read_now.or(remembered.as_ref());
        let customer = customer.filter(|_| counts);
        let mut traits = person::traits(config, &s.state().labels, customer, subscriber);
        for reading in &self.readings {
            for target in person::out_of_reach(config, reading.key.kind, &reading.unreadable) {
                traits.unset(target);
            }
        }
        if read_now.is_none() && remembered.is_some() {
            for target in targets_of_rows(config) {
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

/// A contact and what was decided about it.
pub struct Assessed {
    /// The contact.
    pub subject: Subject,
    /// When SARE was asked.
    pub asked_at: Millis,
    /// What it said.
    pub sare: SareView,
    /// How it is spelled there.
    pub spellings: Spellings,
    /// What is decided about it.
    pub decision: Decision,
    /// It was in SARE and a list did not name it: to be confirmed before anything is done.
    pub unsure: bool,
}

impl Deref for Assessed {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        &self.decision
    }
}

impl Assessed {
    /// Spellings that SARE mails though the person refused under another one, or withdrew in the shop and this is not
    /// how that is carried out.
    pub fn still_mailed(&self) -> Vec<String> {
        let refuses = self.facts.refusal.is_some() || self.facts.withdrawn;
        let by_itself = matches!(self.step, Step::Unsubscribe { .. } | Step::Raise { .. });
        if !refuses || by_itself || self.facts.opt_in.is_some() {
            return Vec::new();
        }
        self.spellings.mailed()
    }

    /// Groups of ours the contact must leave though it stays in SARE.
    pub fn groups_to_leave(&self) -> Vec<i64> {
        let had = self.subject.contact.as_ref().map_or(&[][..], |c| &c.groups);
        had.iter().copied().filter(|g| !self.groups.contains(g)).collect()
    }

    /// Whether the contact withdrew in the shop, SARE has it so, and it is still in groups that it is to leave.
    pub fn must_leave_groups(&self) -> bool {
        let contact = self.subject.contact.as_ref();
        self.leaves_groups
            && self.step == Step::Suppress
            && self.sare.is_refusal()
            && contact.is_some_and(|c| !c.groups.is_empty())
    }

    /// Whether nothing at all is to be done or kept anew, so that a comparing pass may go on.
    pub fn is_settled(&self) -> bool {
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
        // Who is blocked since is no longer what the ledger says.
        let is_news = self.step == Step::HandsOff
            && self.subject.contact.as_ref().is_some_and(|c| {
                c.outcome != Outcome::HandsOff || c.sare_status() != Some(self.sare.status())
            });
        left && !is_news
            && self.noticed.is_empty()
            && !self.unsure
            && !self.tells_shop
            && !self.must_leave_groups()
            && self.still_mailed().is_empty()
            && (self.groups_to_leave().is_empty() || !matches!(self.step, Step::Keep))
            && self.facts.opt_in.is_none()
    }
}

/// Whether the contact refuses in SARE because it withdrew in the shop.
pub fn refuses_by_withdrawal(contact: &Contact) -> bool {
    contact.sare_status().is_some_and(Status::is_refusal)
        && contact
            .refusal
            .is_some_and(|r| r.status.is_refusal() && r.origin == RefusalOrigin::Shop)
}

/// A change of status in SARE that is not ours and is neither a refusal nor the end of one, which have lines of their own:
/// such as a confirmation by the person, a block, or what the account's people did by hand.
pub fn changed_in_sare(contact: &Contact, now_has: Status, at: Millis) -> Option<HistoryEntry> {
    let before = contact.sare_status().filter(|n| *n != Status::Absent)?;
    let is_told = before.is_refusal() || now_has.is_refusal() || now_has == Status::Absent;
    (before != now_has && !is_told).then(|| HistoryEntry {
        hash: contact.hash,
        at,
        kind: HistoryKind::ChangedInSare,
        detail: Some(serde_json::json!({ "status": now_has, "from": before }).to_string()),
    })
}

/// What the ledger knows of a contact, as decisions take it.
pub fn known(contact: Option<&Contact>, now: Millis, settle_ms: i64) -> Known {
    let Some(contact) = contact else {
        return Known::default();
    };
    let decided = contact.consent.is_some() || contact.refuses() || contact.doubt.is_some();
    Known {
        facts: decided.then(|| Facts {
            consent: contact.consent.unwrap_or(false),
            withdrawn: contact.withdrawn,
            refusal: contact.refusal.map(Refused::refusal),
            opt_in: contact.intent.and_then(|i| i.opt_in),
            doubt: contact.doubt,
        }),
        seen_in_sare: contact.was_in_sare() || contact.sent.is_some(),
        was_in_sare: contact.was_in_sare()
            && contact
                .sare
                .is_none_or(|seen| !is_recent(seen.at, settle_ms, now))
            && contact.sent_at.is_none_or(|at| !is_recent(at, settle_ms, now)),
        lowering: contact.intent.is_some_and(|i| is_lowering(i, contact, now)),
        decided: false,
    }
}

/// How long a lowering may still take effect in SARE that an opt-in has overtaken.
const OVERTAKEN_MS: Millis = 3_600_000;

/// Whether a refusal that SARE shows now may be our own lowering. One overtaken by an opt-in is forgotten after a while:
/// what is refused from then on is a person's act, of which the shop is to be told.
pub fn is_lowering(intent: Intent, contact: &Contact, now: Millis) -> bool {
    intent.lowering_to.is_some() && (contact.refuses() || is_recent(intent.sent_at, OVERTAKEN_MS, now))
}

/// What the mapping fills from a subscriber's row alone: it is kept nowhere.
pub fn targets_of_rows(config: &Config) -> impl Iterator<Item = &Target> {
    let rows = config.subscribers.mapping.rows().iter();
    rows.filter(|row| row.needs().contains(Needs::SUBSCRIBER_ROW))
        .map(|row| &row.target)
}
