//! One contact under examination: everything the shop, SARE and the ledger say of one address.
//!
//! Built by `live.rs` (records read anew) and by `run.rs` (pages of a list); judged here with the
//! pure functions of `sync-core`; carried out by `deliver.rs`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ports::Millis;
use sare_api::{StatusAnswer, StatusAnswers};
use store::{AddrHash, Contact, DirtyKey, Outcome, Reason, Record};
use sync_core::config::Config;
use sync_core::consent::{
    self, Facts, Followed, Known, Noticed, Refusal, RefusalOrigin, Rules, SareView, ShopView, Signal, Wish,
    status,
};
use sync_core::email::Email;
use sync_core::mapping::Traits;
use sync_core::plan::{self, Circumstances, Step};
use sync_core::{RecordKey, RecordKind};

use crate::addresses;
use crate::error::{CallError, Halt};
use crate::lookup;
use crate::person::{self, Person};
use crate::session::{Session, millis};

/// A record read from the shop just now.
pub struct Reading {
    /// Kind and id.
    pub key: RecordKey,
    /// Its address.
    pub email: Email,
    /// The hash of it.
    pub hash: AddrHash,
    /// `newsletter` or `active`.
    pub consent: bool,
    /// What the mapping reads.
    pub person: Person,
    /// The addresses among it could be read; otherwise nothing is known of them.
    pub has_addresses: bool,
    /// For subscribers, what rebuilds the row.
    pub extra: Option<String>,
    /// What the ledger said of the record before.
    pub before: Option<Record>,
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
        }
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
                now: reading.consent,
                before: reading.before.as_ref().map(|r| r.consent),
                moved: reading.before.as_ref().is_some_and(|r| r.hash != self.hash),
                fresh: reading.before.is_none() && reading.key.id > newest,
            };
            push(reading.key.kind, signal);
        }
        for record in &self.known {
            push(record.key.kind, Signal::same(record.consent));
        }
        if self.withdrew_on_leaving {
            view.lost.push(true);
        }
        view.lost.extend(self.lost.iter().map(|r| r.consent));
        view
    }

    /// The groups of ours the contact belongs in.
    pub fn groups(&self, config: &Config) -> Vec<i64> {
        config.groups(self.has(RecordKind::Customer), self.has(RecordKind::Subscriber))
    }

    fn in_scope(&self, config: &Config) -> bool {
        (config.customers.enabled && self.has(RecordKind::Customer))
            || (config.subscribers.enabled && self.has(RecordKind::Subscriber))
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
        if config.customers.enabled && customer.is_none() && known(RecordKind::Customer).is_some() {
            return None;
        }
        let remembered =
            known(RecordKind::Subscriber).map(|record| Person::from_extra(record, self.email.as_str()));
        let subscriber = read(RecordKind::Subscriber).or(remembered.as_ref());
        let mut traits = person::traits(config, &s.state().labels, customer, subscriber);
        if self.readings.iter().any(|r| !r.has_addresses) {
            for target in addresses::targets(config) {
                traits.unset(target);
            }
        }
        Some(traits)
    }
}

/// A subject with the verdict on it.
pub struct Assessed {
    /// The contact.
    pub subject: Subject,
    /// What SARE says.
    pub sare: SareView,
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
    let decided = contact.consent.is_some() || refusal.is_some() || contact.withdrawn;
    Known {
        facts: decided.then(|| Facts {
            consent: contact.consent.unwrap_or(false),
            withdrawn: contact.withdrawn,
            refusal,
            wish: intent.as_ref().and_then(|i| i.wish),
        }),
        seen_in_sare: contact.sare_status.is_some_and(|n| n != status::ABSENT) || contact.sent.is_some(),
        was_in_sare: contact.sare_status.is_some_and(|n| n != status::ABSENT)
            && contact.sare_seen_at.is_none_or(|at| at + settle_ms <= now)
            && contact.sent_at.is_none_or(|at| at + settle_ms <= now),
        lowering: intent.is_some_and(|i| i.lowering_to.is_some()),
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
}

impl Intent {
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

/// Whether absences are confirmed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// Yes: something may be done about them at once.
    Yes,
    /// No: a comparing pass only marks them.
    No,
}

/// Reads SARE's statuses of all subjects and judges each.
pub async fn assess(
    s: &Session<'_>,
    subjects: Vec<Subject>,
    confirm: Confirm,
) -> Result<Vec<Assessed>, Halt> {
    let now = s.now();
    let settle = millis(s.settings.settle_after);
    let asked = subjects.iter().map(|x| {
        let age_ms = match confirm {
            _ if may_rise(x) => FRESH_MS,
            Confirm::Yes => JUST_NOW_MS,
            Confirm::No => RECENT_MS,
        };
        (x.hash, x.email.as_str().to_owned(), age_ms)
    });
    let mut views = recent_statuses(s, asked.collect()).await?;
    let mut unsure = std::collections::HashSet::new();
    for subject in &subjects {
        let known = known(subject.contact.as_ref(), now, settle);
        let absent = matches!(views.get(&subject.hash), None | Some(SareView::Absent));
        if !absent || !known.was_in_sare || known.facts.is_some_and(|f| f.refusal.is_some()) {
            continue;
        }
        if confirm == Confirm::No {
            unsure.insert(subject.hash);
            continue;
        }
        let address = subject.email.as_str().to_owned();
        let answer = s.sare_by_one_way(|c| {
            let address = address.clone();
            async move { c.by_email(&address).await }
        });
        match answer.await {
            Ok(None) => {
                s.note_view(subject.hash, SareView::SurelyAbsent);
                views.insert(subject.hash, SareView::SurelyAbsent);
            }
            Ok(Some(record)) => match record.status {
                Some(status) => {
                    let view = SareView::Status(status.number());
                    s.note_view(subject.hash, view);
                    views.insert(subject.hash, view);
                }
                None => {
                    unsure.insert(subject.hash);
                }
            },
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(_)) => {
                unsure.insert(subject.hash);
            }
        }
    }
    let config = s.config();
    let base = s.state().base;
    let mut refusals: HashMap<AddrHash, i64> = HashMap::new();
    let (stayed, came): (Vec<_>, Vec<_>) = subjects.into_iter().partition(|x| x.came_from.is_empty());
    let mut out = Vec::with_capacity(stayed.len() + came.len());
    for subject in stayed.into_iter().chain(came) {
        let followed = subject
            .came_from
            .iter()
            .find_map(|from| refusals.get(from))
            .map(|status| Followed { status: *status });
        let view = views.get(&subject.hash).copied().unwrap_or(SareView::Absent);
        let is_unsure = unsure.contains(&subject.hash);
        let assessed = judge(s, config, subject, view, followed, base, is_unsure, now, settle);
        let refusal = assessed.facts.refusal.map(|r| r.status);
        let refused_with = match (refusal, view) {
            (Some(n), _) | (None, SareView::Status(n)) if status::is_refusal(n) => Some(n),
            (None, SareView::Status(status::BLOCKED)) | (Some(_), _) => Some(status::REMOVAL_REQUESTED),
            // Consent that came along with the person is nothing they refused.
            _ => (assessed.facts.withdrawn && !assessed.abandoned)
                .then_some(config.unsubscribe.to_sare.number()),
        };
        if let Some(n) = refused_with {
            refusals.insert(assessed.subject.hash, n);
        }
        out.push(assessed);
    }
    Ok(out)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, everything a verdict depends on"
)]
fn judge(
    s: &Session<'_>,
    config: &Config,
    subject: Subject,
    sare: SareView,
    followed: Option<Followed>,
    base: (i64, i64),
    unsure: bool,
    now: Millis,
    settle: i64,
) -> Assessed {
    let mut known = known(subject.contact.as_ref(), now, settle);
    if subject.applies_refusal
        && let Some(refusal) = known.facts.as_mut().and_then(|facts| facts.refusal.as_mut())
    {
        refusal.applied = false;
    }
    let rules = Rules {
        customer: config.customers.consent,
        on_new_opt_in: config.unsubscribe.on_new_opt_in,
    };
    let view = subject.view(base);
    let (mut facts, mut noticed) = consent::observe(&known, &view, sare, followed, rules);
    if subject.withdrew_on_leaving {
        facts.withdrawn = true;
        facts.consent = false;
    }
    // Who is still at the address never said yes: it must not stay mailable on the word of one who left.
    let abandoned = subject.consent_left
        && known.facts.is_some_and(|f| f.consent)
        && !(facts.consent || facts.withdrawn || facts.refusal.is_some() || view.is_empty());
    if abandoned {
        facts.withdrawn = true;
        noticed.push(Noticed::WithdrawnInShop);
    }
    let traits = subject.traits(s, config);
    let groups = if facts.withdrawn && config.unsubscribe.leave_group {
        Vec::new()
    } else {
        subject.groups(config)
    };
    let fingerprint = traits.as_ref().map(|t| t.fingerprint(&groups));
    let sent = subject.contact.as_ref().and_then(|c| c.sent.as_deref());
    let told = sent.is_some() || subject.contact.as_ref().is_some_and(|c| !c.groups.is_empty());
    let without_consent = if config.customers.enabled && subject.has(RecordKind::Customer) {
        config.customers.without_consent
    } else {
        config.subscribers.without_consent
    };
    let at = Circumstances {
        in_shop: !view.is_empty(),
        in_scope: subject.in_scope(config),
        told,
        differs: fingerprint.is_some_and(|f| sent != Some(&f[..])),
        without_consent,
        to_sare: config.unsubscribe.to_sare,
        deleted: if subject.moved_away.is_empty() || subject.lost.iter().len() > 0 {
            config.deleted.action
        } else {
            // The person did not leave the shop, the address did.
            sync_core::config::DeletedAction::LeaveGroup
        },
    };
    let step = plan::next_step(&facts, sare, &at);
    Assessed {
        subject,
        sare,
        facts,
        noticed,
        step,
        traits,
        groups,
        fingerprint,
        unsure,
        abandoned,
    }
}

/// Stands for "SARE's answer about this address cannot be had": nothing is done about the contact.
const UNREADABLE: i64 = -1;

/// Whether the contact's status in SARE could be raised for what the shop says now, or said before.
fn may_rise(subject: &Subject) -> bool {
    let opts_in = |r: &Reading| r.consent && r.before.as_ref().is_none_or(|before| !before.consent);
    let wished = subject.contact.as_ref().and_then(Intent::of).and_then(|i| i.wish);
    wished.is_some() || (subject.contact.is_some() && subject.readings.iter().any(opts_in))
}

/// How old a status may be on which another one is raised: no older than it gets within a turn that is not halted.
const FRESH_MS: i64 = 10_000;
/// How long a status counts as just read where something may be done about it at once.
const JUST_NOW_MS: i64 = 30_000;
/// The same for a pass that goes through many and raises nobody's status.
pub const RECENT_MS: i64 = 120_000;

/// [`statuses`], without asking again for what a halted turn heard, by contact, less than so many milliseconds ago.
pub async fn recent_statuses(
    s: &Session<'_>,
    mut addresses: Vec<(AddrHash, String, i64)>,
) -> Result<HashMap<AddrHash, SareView>, Halt> {
    let mut views = HashMap::new();
    addresses.retain(|(hash, _, age_ms)| match s.recent_view(*hash, *age_ms) {
        Some(view) => {
            views.insert(*hash, view);
            false
        }
        None => true,
    });
    let rest = addresses
        .iter()
        .map(|(hash, address, _)| (*hash, address.as_str()));
    views.extend(statuses(s, rest).await?);
    Ok(views)
}

/// SARE's statuses of many addresses, in batches; an address not named counts as absent. A batch
/// that SARE rejects is split until the address that spoils it stands alone.
pub async fn statuses<'x>(
    s: &Session<'_>,
    addresses: impl Iterator<Item = (AddrHash, &'x str)>,
) -> Result<HashMap<AddrHash, SareView>, Halt> {
    let all: Vec<(AddrHash, String)> = addresses.map(|(h, a)| (h, a.to_owned())).collect();
    let mut views = HashMap::with_capacity(all.len());
    if !all.is_empty() {
        lookup::reconsider(s).await?;
    }
    let mut stack: Vec<&[(AddrHash, String)]> = all.chunks(lookup::a_call(s)).rev().collect();
    while let Some(chunk) = stack.pop() {
        let asked: Vec<&str> = chunk.iter().map(|(_, a)| a.as_str()).collect();
        let kept = Mutex::new(StatusAnswers::default());
        let answer = s.sare_by_one_way(|c| {
            let (asked, kept) = (asked.clone(), &kept);
            async move { c.statuses_kept(&asked, kept).await }
        });
        let answer = answer.await;
        let answers = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(CallError::Api(error)) = &answer
            && lookup::may_be_the_call(error)
            && lookup::find_form(s, &asked).await?
        {
            stack.extend(chunk.chunks(lookup::a_call(s)).rev());
            continue;
        }
        match answer {
            Ok(()) => {
                for (hash, address) in chunk {
                    let view = match answers.get(address) {
                        StatusAnswer::Status(status) => SareView::Status(status.number()),
                        StatusAnswer::Null | StatusAnswer::NotMentioned => SareView::Absent,
                    };
                    s.note_view(*hash, view);
                    views.insert(*hash, view);
                }
                if std::mem::take(&mut s.state().sare_not_understood) {
                    s.shop_problem_over("sare-answers").await?;
                }
            }
            Err(CallError::Halt(halt)) => {
                // The first of several pages may have been read: whom it names need not be asked after again.
                for (hash, address) in chunk {
                    if let StatusAnswer::Status(status) = answers.get(address) {
                        s.note_view(*hash, SareView::Status(status.number()));
                    }
                }
                return Err(halt);
            }
            Err(CallError::Api(error)) if error.suggests_smaller_batch() && chunk.len() > 1 => {
                if matches!(error, sare_api::Error::TooLarge) || error.is_transient() {
                    s.state().batch.after_too_large();
                }
                let (left, right) = chunk.split_at(chunk.len() / 2);
                stack.push(right);
                stack.push(left);
            }
            Err(CallError::Api(error)) if error.suggests_smaller_batch() && !error.is_transient() => {
                let view = SareView::Status(UNREADABLE);
                s.note_view(chunk[0].0, view);
                views.insert(chunk[0].0, view);
            }
            Err(CallError::Api(error)) if error.is_transient() => return Err(s.sare_outage(&error)),
            Err(CallError::Api(error)) => {
                s.state().sare_not_understood = true;
                s.shop_problem("sare-answers", "sare-not-understood", Some(error.to_string()))
                    .await?;
                return Err(s.sare_outage(&error));
            }
        }
    }
    Ok(views)
}
