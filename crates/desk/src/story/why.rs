//! Why a person gets the newsletter or does not, in one sentence. Of those who refused or withdrew `refusal.rs` tells.
//!
//! They are read on the legal proof sheet. A reason is told when it is known: from what happened ([`Timeline`]) and from
//! what the ledger keeps of the contact. Where neither says how a status came about, the sentence says that.

use store::{Contact, Outcome, Problem, Record, Seen};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::consent::Status;
use texts::Words;

use super::Ledger;
use super::refusal::{opt_in, refused, withdrawn};
use super::timeline::{Act, Leaving, Timeline};

/// What a reason is made of.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    pub contact: &'a Contact,
    /// What happened to it.
    pub timeline: &'a Timeline,
    /// What is wrong with it.
    pub problem: Option<&'a Problem>,
    /// Whether one of its records is of a kind that is synchronised; `None` where that is not known.
    pub in_scope: Option<bool>,
}

impl<'a> Grounds<'a> {
    /// Of a contact with the records that the ledger knows.
    pub fn new(
        contact: &'a Contact,
        timeline: &'a Timeline,
        problem: Option<&'a Problem>,
        config: Option<&Config>,
        records: &[Record],
    ) -> Self {
        let is_on = |config: &Config, kind| match kind {
            RecordKind::Customer => config.customers.enabled,
            RecordKind::Subscriber => config.subscribers.enabled,
        };
        let in_scope = config
            .filter(|_| !records.is_empty())
            .map(|config| records.iter().any(|record| is_on(config, record.key.kind)));
        Self {
            contact,
            timeline,
            problem,
            in_scope,
        }
    }
}

/// Why the person gets the newsletter or does not, in one sentence. `now` is the status that SARE tells at this moment
/// (0 = surely absent) and when; without it the one last seen counts.
pub fn gist(ledger: &Ledger, config: Option<&Config>, now: Option<(Status, i64)>, words: Words) -> String {
    let Some(contact) = &ledger.contact else {
        let text = match now {
            Some((Status::Confirmed, _)) => words.say("gist.gets-elsewhere"),
            _ => words.say("gist.not-come"),
        };
        return text.to_owned();
    };
    let seen = contact.sare.map(|seen| (seen.status, seen.at));
    let now = now.or(seen);
    let mut timeline = ledger.timeline();
    if let Some((status, at)) = now {
        timeline = timeline.now(Some(status), at);
    }
    let gets = now.is_some_and(|(status, _)| status == Status::Confirmed);
    let contact = Contact {
        sare: now.map(|(status, at)| Seen { status, at }),
        ..contact.clone()
    };
    let grounds = Grounds::new(
        &contact,
        &timeline,
        ledger.problems.first(),
        config,
        &ledger.records,
    );
    let why = why(&grounds, words);
    match (gets, contact.refuses()) {
        (true, false) => words.fill("gist.gets", &[("why", &why)]),
        (true, true) => words.fill("gist.still-gets", &[("why", &why)]),
        (false, _) => words.fill("gist.gets-none", &[("why", &why)]),
    }
}

/// Why a contact stands where it does, in a sentence or two.
pub fn why(grounds: &Grounds<'_>, words: Words) -> String {
    let Grounds {
        contact,
        timeline,
        problem,
        in_scope,
    } = *grounds;
    if contact.outcome == Outcome::Failed
        && let Some(problem) = problem
    {
        return words.problem(problem.kind).cause.to_owned();
    }
    if contact.refusal.is_some() {
        return refused(contact, timeline, words);
    }
    if contact.withdrawn {
        return withdrawn(contact, timeline, words);
    }
    if let Some(doubt) = contact.doubt
        && contact.sare_status() != Some(Status::Confirmed)
    {
        return words.doubt(doubt).sentence.to_owned();
    }
    match (contact.outcome, contact.sare_status()) {
        (Outcome::Synchronised, Some(Status::Confirmed)) => confirmed(contact, timeline, words),
        (Outcome::Synchronised, Some(Status::NotConfirmed | Status::NotVerified)) => {
            unconfirmed(contact, timeline, words)
        }
        (Outcome::Skipped, _) => skipped(contact, in_scope, words).to_owned(),
        (Outcome::HandsOff, Some(Status::Blocked)) => words.say("why.blocked").to_owned(),
        (Outcome::Gone, _) => gone(timeline, words),
        (other, _) => words.outcome(other).sentence.to_owned(),
    }
}

/// What is said where the history does not tell how SARE's status came about.
fn not_known(timeline: &Timeline, words: Words) -> &'static str {
    match timeline.is_cut {
        true => words.say("why.not-kept"),
        false => words.say("why.not-recorded"),
    }
}

/// Confirmed in SARE, neither refused nor withdrawn.
fn confirmed(contact: &Contact, timeline: &Timeline, words: Words) -> String {
    let how = match (timeline.act, contact.consent) {
        (Some((Act::Added, at)), Some(true)) => words.dated("why.confirmed.added", at),
        (Some((Act::Added, at)), _) => words.dated("why.confirmed.added-then", at),
        (Some((Act::AddedAnew, at)), _) => words.dated("why.confirmed.added-anew", at),
        (Some((Act::Raised, at)), _) => words.dated("why.confirmed.raised", at),
        (Some((Act::Resubscribed, at)), _) => words.dated("why.confirmed.resubscribed", at),
        (Some((Act::Found, _)), _) => words.say("why.confirmed.found").to_owned(),
        (Some((Act::Changed(_), at)), _) => match timeline.asked {
            Some(asked) => words.fill(
                "why.confirmed.after-asking",
                &[("asked", &words.moment(asked)), ("at", &words.moment(at))],
            ),
            None => words.dated("why.confirmed.changed", at),
        },
        // What else set the status left it elsewhere.
        _ => not_known(timeline, words).to_owned(),
    };
    match contact.consent {
        Some(true) => words.fill("why.confirmed.consent", &[("how", &how)]),
        Some(false) => words.fill("why.confirmed.no-consent", &[("how", &how)]),
        None => how,
    }
}

/// In SARE and not confirmed, neither refused nor withdrawn.
fn unconfirmed(contact: &Contact, timeline: &Timeline, words: Words) -> String {
    let with = |text: &str, more: &str| format!("{text} {more}");
    match (timeline.act, contact.consent == Some(true)) {
        (Some((Act::Asked | Act::AddedAsking, at)), true) => match timeline.opted_in {
            Some(opted) => words.fill(
                "why.unconfirmed.asked-for",
                &[("opted", &words.moment(opted)), ("at", &words.moment(at))],
            ),
            None => words.dated("why.unconfirmed.asked", at),
        },
        (Some((Act::Asked | Act::AddedAsking, at)), false) => {
            words.dated("why.unconfirmed.asked-in-vain", at)
        }
        (Some((Act::Added, at)), true) => with(
            &words.dated("why.unconfirmed.added-then", at),
            &later_consent(contact, timeline, words),
        ),
        (Some((Act::Added, at)), false) => words.dated("why.unconfirmed.added", at),
        (Some((Act::Found, _)), true) => words.say("why.unconfirmed.found-consent").to_owned(),
        (Some((Act::Found, _)), false) => words.say("why.unconfirmed.found").to_owned(),
        (Some((Act::Lowered, at)), _) => {
            let lowered = words.dated("why.unconfirmed.lowered", at);
            match timeline.opted_in {
                Some(_) => with(&lowered, &later_consent(contact, timeline, words)),
                None => lowered,
            }
        }
        (Some((Act::Resubscribed, at)), _) => words.dated("why.unconfirmed.resubscribed", at),
        (Some((Act::Changed(from), at)), _) => words.fill(
            "why.unconfirmed.changed",
            &[("before", &words.status_in_full(from)), ("at", &words.moment(at))],
        ),
        (_, true) => with(words.say("why.unconfirmed.consent"), not_known(timeline, words)),
        (_, false) => with(
            words.say("why.unconfirmed.no-consent"),
            not_known(timeline, words),
        ),
    }
}

/// A consent that came after SARE's status was set, and has not changed it.
fn later_consent(contact: &Contact, timeline: &Timeline, words: Words) -> String {
    match (timeline.opted_in, opt_in(contact)) {
        (_, Some(_)) => words.say("later-consent.under-way").to_owned(),
        (Some(at), None) => words.dated("later-consent.seen", at),
        (None, None) => words.say("later-consent.unseen").to_owned(),
    }
}

fn skipped(contact: &Contact, in_scope: Option<bool>, words: Words) -> &'static str {
    match (in_scope, contact.consent) {
        (Some(false), _) | (None, Some(true)) => words.say("why.kind-off"),
        (Some(true) | None, Some(false)) => words.say("why.left-out"),
        _ => words.outcome(Outcome::Skipped).sentence,
    }
}

fn gone(timeline: &Timeline, words: Words) -> String {
    match timeline.left {
        Some((Leaving::Groups, at)) => words.dated("why.left-groups", at),
        Some((Leaving::Deleted, at)) => words.dated("why.deleted", at),
        None => words.outcome(Outcome::Gone).sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests;
