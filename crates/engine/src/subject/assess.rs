//! What is to be done about contacts: asks SARE for statuses, puts them beside what shop and ledger say, and has
//! `sync-core/decide.rs` decide. After `live/` and `run/`, before `deliver/`.

use std::collections::{HashMap, HashSet};

use ports::Millis;
use store::{AddrHash, Contact, Reason};
use sync_core::consent::{Followed, SareView};
use sync_core::decide::{self, Case};
use sync_core::email::{Email, is_same_text};

use crate::blame::{self, Blame, blame};
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Call;
use ports::millis;

use super::statuses::{status_of, statuses, view_of};
use super::{Assessed, Spellings, Subject, known};

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
    let asked: Vec<(AddrHash, String)> = subjects
        .iter()
        .flat_map(|x| asked_as(x).into_iter().map(|text| (x.hash, text)))
        .collect();
    let asked = asked.iter().map(|(hash, text)| (*hash, text.as_str()));
    let mut views = statuses(s, asked).await?;
    let mut unsure = HashSet::new();
    for subject in &subjects {
        let known = known(subject.contact.as_ref(), now, settle);
        if views.get(&subject.hash) == Some(&SareView::Unreadable) {
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
                views.insert(subject.hash, SareView::SurelyAbsent);
            }
            Ok(Some(record)) => match record.status {
                Some(status) => {
                    let view = view_of(status);
                    views.insert(subject.hash, view);
                    views.note_spelling(subject.hash, record.email, status_of(status));
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
    let all_carried_over = all_carried_over(s, &subjects, view_of, &unsure, at).await?;
    let mut out = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let came_along = subject
            .came_from
            .iter()
            .filter_map(|from| all_carried_over.get(from));
        let followed = came_along.copied().reduce(Followed::and);
        let view = view_of(&subject.hash);
        let is_unsure = unsure.contains(&subject.hash);
        let spellings = Spellings::choose(
            &subject.email,
            subject.contact.as_ref(),
            views.in_sare(subject.hash),
        );
        // A forced run has found that SARE holds something else than it was told.
        let repairs = confirm == Confirm::Yes && subject.reason == Reason::Forced;
        out.push(judge(
            s,
            subject,
            (view, spellings),
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
/// Each address is decided without those who move to it in the same batch.
async fn all_carried_over(
    s: &Session<'_>,
    subjects: &[Subject],
    view_of: impl Fn(&AddrHash) -> SareView,
    unsure: &HashSet<AddrHash>,
    at: At,
) -> Result<HashMap<AddrHash, Followed>, Halt> {
    let to_sare = s.config().unsubscribe.to_sare.status();
    let mut left: HashMap<AddrHash, Followed> = HashMap::new();
    let mut unknown: HashSet<AddrHash> = subjects.iter().flat_map(|x| &x.came_from).copied().collect();
    for subject in subjects {
        if !unknown.remove(&subject.hash) {
            continue;
        }
        let view = view_of(&subject.hash);
        let mut weighed = decide::weigh(&case(s, subject, view, None, false, at));
        // A doubt ends where no consent is left, and goes with whoever took the consent along.
        let doubt = subject.contact.as_ref().and_then(|c| c.doubt);
        weighed.facts.doubt = weighed.facts.doubt.or(doubt);
        // Consent that came along with the person is nothing they refused.
        let withdrawn = weighed.facts.withdrawn && !weighed.abandoned;
        let last_seen = subject.contact.as_ref().and_then(Contact::sare_status);
        let mut carried_over = Followed::from_address(&weighed.facts, withdrawn, view, last_seen, to_sare);
        if unsure.contains(&subject.hash) {
            // It was in SARE, which does not tell what has become of it.
            carried_over = Some(carried_over.unwrap_or_default().and(Followed::doubt()));
        }
        left.extend(carried_over.map(|carried_over| (subject.hash, carried_over)));
    }
    // Of somebody erased there is no address to ask about: what the ledger kept of the refusal counts.
    let unknown: Vec<AddrHash> = unknown.into_iter().collect();
    for (hash, contact) in s.store.contacts(s.shop.id, &unknown).await? {
        let facts = known(Some(&contact), at.now, at.settle).facts.unwrap_or_default();
        let seen = contact.sare_status();
        let carried_over = Followed::from_address(&facts, facts.withdrawn, SareView::Absent, seen, to_sare);
        left.extend(carried_over.map(|carried_over| (hash, carried_over)));
    }
    Ok(left)
}

/// What is to be decided.
fn case<'c>(
    s: &'c Session<'_>,
    subject: &'c Subject,
    sare: SareView,
    followed: Option<Followed>,
    differs: bool,
    at: At,
) -> Case<'c> {
    let config = s.config();
    let contact = subject.contact.as_ref();
    let mut known = known(contact, at.now, at.settle);
    known.decided = subject.decides_doubt;
    if subject.applies_refusal
        && let Some(refusal) = known.facts.as_mut().and_then(|facts| facts.refusal.as_mut())
    {
        refusal.applied = false;
    }
    let mut newest = s.state().base;
    if !config.customers.enabled {
        newest.customers = None;
    }
    Case {
        config,
        email: &subject.email,
        known,
        shop: subject.view(newest),
        sare,
        followed,
        withdrew_on_leaving: subject.withdrew_on_leaving,
        consent_left: subject.consent_left,
        applies_refusal: subject.applies_refusal,
        address_left: !subject.moved_away.is_empty() && subject.deleted.is_empty(),
        had_groups: contact.map_or(&[][..], |contact| &contact.groups),
        sent: contact.and_then(|contact| contact.sent.as_deref()),
        differs,
    }
}

fn judge(
    s: &Session<'_>,
    subject: Subject,
    (sare, spellings): (SareView, Spellings),
    followed: Option<Followed>,
    unsure: bool,
    repairs: bool,
    at: At,
) -> Assessed {
    let decision = {
        let case = case(s, &subject, sare, followed, repairs, at);
        decide::decide(&case, |scope| subject.traits(s, case.config, scope))
    };
    Assessed {
        subject,
        asked_at: at.now,
        sare,
        spellings,
        decision,
        unsure,
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
