//! The verdict: SARE's statuses beside what shop and ledger say, judged by `sync-core`.

use std::collections::HashMap;

use ports::Millis;
use store::AddrHash;
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::consent::{self, Followed, Noticed, Rules, SareView, status};
use sync_core::plan::{self, Circumstances};

use crate::error::{CallError, Halt};
use crate::session::{Session, millis};

use super::statuses::{RECENT_MS, recent_statuses};
use super::{Assessed, Intent, Reading, Subject, known};

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
