//! The verdict: SARE's statuses beside what shop and ledger say, judged by `sync-core`.

use std::collections::{HashMap, HashSet};

use ports::Millis;
use store::{AddrHash, Reason};
use sync_core::consent::{self, Doubt, Facts, Followed, Noticed, Rules, SareView, status};
use sync_core::email::{Email, is_same_text};
use sync_core::plan::{self, Circumstances};

use crate::blame::{self, Blame, Call, blame};
use crate::error::{CallError, Halt};
use crate::session::{Session, millis};

use super::statuses::{RECENT_MS, UNREADABLE, recent_statuses, view_of};
use super::{Assessed, Intent, Reading, Spelled, Subject, known};

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
    let at = At { now, settle };
    let asked = subjects.iter().flat_map(|x| {
        let age_ms = match confirm {
            _ if may_rise(x) => FRESH_MS,
            Confirm::Yes => JUST_NOW_MS,
            Confirm::No => RECENT_MS,
        };
        let texts = asked_as(x).into_iter();
        texts.map(move |text| (x.hash, text, age_ms))
    });
    let mut views = recent_statuses(s, asked.collect()).await?;
    let mut unsure = HashSet::new();
    for subject in &subjects {
        let known = known(subject.contact.as_ref(), now, settle);
        if views.get(&subject.hash) == Some(&UNREADABLE) {
            unsure.insert(subject.hash);
            continue;
        }
        let absent = matches!(views.get(&subject.hash), None | Some(SareView::Absent));
        if !absent || !known.was_in_sare || known.facts.is_some_and(|f| f.refusal.is_some()) {
            continue;
        }
        if confirm == Confirm::No {
            unsure.insert(subject.hash);
            continue;
        }
        let address = subject.email.written().to_owned();
        let answer = s.sare_about(|c| {
            let address = address.clone();
            async move { c.by_email(&address).await }
        });
        let answer = answer.await;
        if answer.is_ok() {
            blame::worked(s, Call::Single).await?;
        }
        match answer {
            Ok(None) => {
                s.note_view(subject.hash, SareView::SurelyAbsent);
                views.insert(subject.hash, SareView::SurelyAbsent);
            }
            Ok(Some(record)) => match record.status {
                Some(status) => {
                    let view = view_of(status);
                    s.note_view(subject.hash, view);
                    views.insert(subject.hash, view);
                    views.note_spelling(subject.hash, record.email, status.number());
                }
                None => {
                    unsure.insert(subject.hash);
                }
            },
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => {
                let is_known = subject.has_failed_before();
                if let Blame::Call(halt) = blame(s, Call::Single, &error, &[subject.hash], is_known).await? {
                    return Err(halt);
                }
                unsure.insert(subject.hash);
            }
        }
    }
    let view_of = |hash: &AddrHash| views.get(hash).copied().unwrap_or(SareView::Absent);
    let bequests = bequests(s, &subjects, view_of, &unsure, at).await?;
    let mut out = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let came_along = subject.came_from.iter().filter_map(|from| bequests.get(from));
        let followed = came_along.copied().reduce(Followed::and);
        let view = view_of(&subject.hash);
        let is_unsure = unsure.contains(&subject.hash);
        let spelled = Spelled::choose(
            &subject.email,
            subject.contact.as_ref(),
            views.spelled(subject.hash),
        );
        // A forced run has found that SARE holds something else than it was told.
        let repairs = confirm == Confirm::Yes && subject.reason == Reason::Forced;
        out.push(judge(
            s,
            subject,
            (view, spelled),
            followed,
            is_unsure,
            repairs,
            at,
        ));
    }
    Ok(out)
}

/// What the verdicts of one pass share: now, and how long after a contact was last there its absence means something.
#[derive(Clone, Copy)]
struct At {
    now: Millis,
    settle: i64,
}

/// What goes along with those who leave an address, by the address they leave.
///
/// Each address is weighed as it is without whoever comes to it in the same turn: what they bring is no part of what the
/// others take away.
async fn bequests(
    s: &Session<'_>,
    subjects: &[Subject],
    view_of: impl Fn(&AddrHash) -> SareView,
    unsure: &HashSet<AddrHash>,
    at: At,
) -> Result<HashMap<AddrHash, Followed>, Halt> {
    let to_sare = s.config().unsubscribe.to_sare.number();
    let mut left: HashMap<AddrHash, Followed> = HashMap::new();
    let mut unknown: HashSet<AddrHash> = subjects.iter().flat_map(|x| &x.came_from).copied().collect();
    for subject in subjects {
        if !unknown.remove(&subject.hash) {
            continue;
        }
        let view = view_of(&subject.hash);
        let mut weighed = weigh(s, subject, view, None, at);
        // A doubt ends where no consent is left, and goes with whoever took the consent along.
        let doubt = subject.contact.as_ref().and_then(|c| c.doubt);
        weighed.facts.doubt = weighed.facts.doubt.or(doubt);
        // Consent that came along with the person is nothing they refused.
        let withdrawn = weighed.facts.withdrawn && !weighed.abandoned;
        let last_seen = subject.contact.as_ref().and_then(|c| c.sare_status);
        let mut bequest = bequest(&weighed.facts, withdrawn, view, last_seen, to_sare);
        if unsure.contains(&subject.hash) {
            // It was in SARE, which does not tell what has become of it.
            bequest = Some(bequest.unwrap_or_default().and(Followed::doubt()));
        }
        left.extend(bequest.map(|bequest| (subject.hash, bequest)));
    }
    // Of somebody erased there is no address to ask about: what the ledger kept of the refusal counts.
    let unknown: Vec<AddrHash> = unknown.into_iter().collect();
    for (hash, contact) in s.store.contacts(s.shop.id, &unknown).await? {
        let facts = known(Some(&contact), at.now, at.settle).facts.unwrap_or_default();
        let seen = contact.sare_status;
        let bequest = bequest(&facts, facts.withdrawn, SareView::Absent, seen, to_sare);
        left.extend(bequest.map(|bequest| (hash, bequest)));
    }
    Ok(left)
}

/// What goes along with whoever leaves an address. `last_seen` is its status in SARE when that was last told.
fn bequest(
    facts: &Facts,
    withdrawn: bool,
    view: SareView,
    last_seen: Option<i64>,
    to_sare: i64,
) -> Option<Followed> {
    let is_odd = |n: i64| !status::is_refusal(n) && !status::is_open(n);
    let refusal = match (facts.refusal.map(|r| r.status), view) {
        (Some(n), _) | (None, SareView::Status(n)) if status::is_refusal(n) => Some(n),
        (Some(_), _) => Some(status::REMOVAL_REQUESTED),
        _ => withdrawn.then_some(to_sare),
    };
    let is_blocked_or_unknown = match view {
        SareView::Status(n) => is_odd(n),
        // Whom a list does not name now, it may have named with such a status before.
        SareView::Absent | SareView::SurelyAbsent => {
            last_seen.is_some_and(|n| n != status::ABSENT && is_odd(n))
        }
    };
    let doubt = is_blocked_or_unknown || facts.doubt.is_some_and(Doubt::is_for_a_person);
    (refusal.is_some() || doubt).then_some(Followed { refusal, doubt })
}

/// A contact's facts, and what they came from.
struct Weighed {
    facts: Facts,
    noticed: Vec<Noticed>,
    is_in_shop: bool,
    abandoned: bool,
}

fn weigh(s: &Session<'_>, subject: &Subject, sare: SareView, followed: Option<Followed>, at: At) -> Weighed {
    let config = s.config();
    let mut known = known(subject.contact.as_ref(), at.now, at.settle);
    known.decided = subject.decides_doubt;
    if subject.applies_refusal
        && let Some(refusal) = known.facts.as_mut().and_then(|facts| facts.refusal.as_mut())
    {
        refusal.applied = false;
    }
    let rules = Rules {
        customer: config.customers.consent,
        on_new_opt_in: config.unsubscribe.on_new_opt_in,
    };
    let view = subject.view(s.state().base);
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
    Weighed {
        facts,
        noticed,
        is_in_shop: !view.is_empty(),
        abandoned,
    }
}

fn judge(
    s: &Session<'_>,
    subject: Subject,
    (sare, spelled): (SareView, Spelled),
    followed: Option<Followed>,
    unsure: bool,
    repairs: bool,
    at: At,
) -> Assessed {
    let config = s.config();
    let Weighed {
        facts,
        noticed,
        is_in_shop,
        abandoned,
    } = weigh(s, &subject, sare, followed, at);
    let traits = subject.traits(s, config);
    let groups = if facts.withdrawn && config.unsubscribe.leave_group {
        Vec::new()
    } else {
        subject.groups(config)
    };
    let fingerprint = traits.as_ref().map(|t| t.fingerprint(&groups));
    let sent = subject.contact.as_ref().and_then(|c| c.sent.as_deref());
    let told = sent.is_some() || subject.contact.as_ref().is_some_and(|c| !c.groups.is_empty());
    let scope = subject.scope(config);
    let without_consent = if scope.as_customer {
        config.customers.without_consent
    } else {
        config.subscribers.without_consent
    };
    let at = Circumstances {
        in_shop: is_in_shop,
        in_scope: scope.is_in(),
        may_confirm: scope.may_confirm,
        told,
        differs: fingerprint.is_some_and(|f| repairs || sent != Some(&f[..])),
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
        spelled,
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

/// How SARE is asked after the contact: as the shop writes it, and as it was written to SARE before where that is another
/// spelling. The client adds the forms of the domain.
fn asked_as(subject: &Subject) -> Vec<String> {
    let mut texts = vec![subject.email.written().to_owned()];
    let used = subject.contact.as_ref().and_then(|c| c.address.as_deref());
    if let Some(used) = used
        && Email::kept(used).key() == subject.email.key()
        && !subject
            .email
            .spellings()
            .iter()
            .any(|known| is_same_text(known, used))
    {
        texts.push(used.to_owned());
    }
    texts
}

/// Whether the contact's status in SARE could be raised for what the shop says now, or said before.
fn may_rise(subject: &Subject) -> bool {
    let said_yes = |r: &Reading| {
        r.before
            .as_ref()
            .is_some_and(|before| before.consent == Some(true))
    };
    let opts_in = |r: &Reading| r.consent == Some(true) && !said_yes(r);
    let wished = subject.contact.as_ref().and_then(Intent::of).and_then(|i| i.wish);
    wished.is_some()
        || subject.decides_doubt
        || (subject.contact.is_some() && subject.readings.iter().any(opts_in))
}

/// How old a status may be on which another one is raised: no older than it gets within a turn that is not halted.
const FRESH_MS: i64 = 10_000;

/// How long a status counts as just read where something may be done about it at once.
const JUST_NOW_MS: i64 = 30_000;
