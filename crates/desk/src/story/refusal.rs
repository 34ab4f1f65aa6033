//! The sentences on a refusal and on a withdrawal: how they came, since when they are known, and who was told.

use store::Contact;
use sync_core::Told;
use sync_core::consent::{OptIn, RefusalOrigin, Status};
use texts::Words;

use super::Ledger;
use super::timeline::{Act, Refusal, Timeline, Withdrawal};

/// What a refusal is, without a full stop, and since when it is known.
fn refusal(contact: &Contact, timeline: &Timeline, words: Words) -> (&'static str, Option<i64>) {
    let refused = contact.refusal;
    let since = refused.map(|refused| refused.since);
    let status = refused.map(|refused| refused.status);
    let (how, at) = match (timeline.refusal, refused.map(|refused| refused.origin)) {
        (Some((how, at)), _) => (how, Some(at)),
        // Its line is gone, or it came of a withdrawal, which has a line of its own.
        (None, Some(RefusalOrigin::Shop)) => {
            let at = timeline.withdrawal.map(|(_, at)| at).or(since);
            return (withdrawal(timeline, words), at);
        }
        (None, Some(RefusalOrigin::FirstSight)) => (Refusal::Before, since),
        (None, Some(RefusalOrigin::Vanished)) => (Refusal::Vanished, since),
        (None, Some(RefusalOrigin::Followed)) => (Refusal::Followed, since),
        (None, Some(RefusalOrigin::Sare)) if status == Some(Status::Absent) => (Refusal::Vanished, since),
        (None, Some(RefusalOrigin::Sare) | None) => (Refusal::InSare, since),
    };
    let text = match how {
        Refusal::InSare if status == Some(Status::RemovedManually) => words.say("refusal.refused-in-sare-2"),
        Refusal::InSare => words.say("refusal.refused-in-sare-3"),
        Refusal::Before => words.say("refusal.already-refused"),
        Refusal::Vanished => words.say("refusal.vanished-from-sare"),
        Refusal::Followed => words.say("refusal.refusal-followed"),
    };
    (text, at)
}

/// Whether the refusal came of a withdrawal in the shop.
fn is_from_shop(contact: &Contact, timeline: &Timeline) -> bool {
    let origin = contact.refusal.map(|refused| refused.origin);
    timeline.refusal.is_none() && origin == Some(RefusalOrigin::Shop)
}

/// What a withdrawal was, without a full stop.
fn withdrawal(timeline: &Timeline, words: Words) -> &'static str {
    match timeline.withdrawal {
        Some((Withdrawal::Deleted, _)) => words.say("refusal.withdrawn-in-shop-deleted"),
        Some((Withdrawal::Left, _)) => words.say("refusal.withdrawn-in-shop-left"),
        Some((Withdrawal::Followed, _)) => words.say("refusal.withdrawn-elsewhere"),
        Some((Withdrawal::Said, _)) | None => words.say("refusal.withdrawn-in-shop"),
    }
}

/// How it came, and since when that is known.
fn since(how: &str, at: Option<i64>, words: Words) -> String {
    at.map_or_else(
        || format!("{how}."),
        |at| words.fill("refused.since", &[("how", &how), ("at", &words.moment(at))]),
    )
}

/// Why somebody who refused gets nothing: how it came, what was done for it, and what came after.
pub(super) fn refused(contact: &Contact, timeline: &Timeline, words: Words) -> String {
    let (how, at) = refusal(contact, timeline, words);
    let mut told = vec![since(how, at, words)];
    let came_along = matches!(timeline.refusal, Some((Refusal::Followed, _)))
        || matches!(timeline.withdrawal, Some((Withdrawal::Followed, _)));
    match (timeline.act, timeline.lowered) {
        (Some((Act::AddedRefusing, at)), _) => told.push(words.dated("refused.written-too", at)),
        (_, Some((_, at))) if came_along || timeline.refusal.is_none() => {
            told.push(words.dated("refused.written", at));
        }
        (_, None) if is_from_shop(contact, timeline) => {
            told.push(words.say("refused.in-sare-too").to_owned());
        }
        _ => {}
    }
    if let Some(at) = timeline.switched_off {
        told.push(words.dated("refused.switched-off", at));
    }
    if let Some(at) = timeline.opted_in {
        told.push(match opt_in(contact) {
            Some(OptIn::AskAgain) => words.dated("refused.asks", at),
            Some(OptIn::Confirm | OptIn::Reactivate) => words.dated("refused.brings-back", at),
            None => words.dated("refused.stays", at),
        });
    }
    told.join(" ")
}

/// Why somebody who withdrew in the shop gets nothing, or still does.
pub(super) fn withdrawn(contact: &Contact, timeline: &Timeline, words: Words) -> String {
    let how = since(
        withdrawal(timeline, words),
        timeline.withdrawal.map(|(_, at)| at),
        words,
    );
    let in_sare = match (contact.sare_status(), timeline.lowered) {
        (Some(Status::Confirmed), Some((_, at))) => words.dated("withdrawn.lowered-in-vain", at),
        (Some(Status::Confirmed), None) => words.say("withdrawn.not-told").to_owned(),
        (_, Some((_, at))) => words.dated("withdrawn.lowered", at),
        (Some(Status::Absent), None) => words.say("withdrawn.not-there").to_owned(),
        (Some(_), None) => words.say("withdrawn.no-mail").to_owned(),
        (None, None) => return how,
    };
    format!("{how} {in_sare}")
}

/// What the person last said in the shop, as decided by the merchant's rule.
pub fn consent_sentence(contact: &Contact, timeline: &Timeline, words: Words) -> Option<String> {
    if contact.withdrawn {
        let at = timeline.withdrawal.map(|(_, at)| at);
        let how = since(withdrawal(timeline, words), at, words);
        return Some(format!("{how} {}", words.say("withdrawn.since-then")));
    }
    let text = match contact.doubt {
        Some(doubt) => words.doubt(doubt).sentence,
        None if contact.consent? => words.say("consents.yes"),
        None => words.say("consents.no"),
    };
    Some(text.to_owned())
}

/// How a refusal that is known became known.
pub fn refusal_origin(contact: &Contact, timeline: &Timeline, words: Words) -> &'static str {
    refusal(contact, timeline, words).0
}

/// The refusal that is known, how it was learnt, and whether the shop knows of it.
pub fn refusal_sentence(contact: &Contact, timeline: &Timeline, words: Words) -> Option<String> {
    let refused = contact.refusal?;
    let (how, at) = refusal(contact, timeline, words);
    let how = since(how, at, words);
    Some(match refused.applied {
        true => how,
        false => format!("{how} {}", words.say("refused.shop-not-told")),
    })
}

/// What the shop was told of a refusal, and whether it was told at all.
pub fn told_shop(ledger: &Ledger, contact: &Contact, timeline: &Timeline, words: Words) -> (bool, String) {
    let no = |text: &str| (false, text.to_owned());
    if let Some(at) = timeline.switched_off {
        return (true, words.dated("told-shop.switched-off", at));
    }
    if is_from_shop(contact, timeline) {
        return no(words.say("told-shop.from-shop"));
    }
    if !contact.refusal.is_some_and(|refused| refused.applied) {
        return no(words.say("told-shop.not-yet"));
    }
    let since = contact.refusal.map(|refused| refused.since);
    let refused_at = timeline.refusal.map(|(_, at)| at).or(since);
    let row = ledger
        .unsubscribe
        .as_ref()
        .filter(|row| refused_at.is_none_or(|at| row.at >= at));
    match row.map(|row| (row.told, row.told_at)) {
        Some((Some(Told::Told), Some(at))) => (true, words.dated("told-shop.switched-off", at)),
        Some((Some(Told::Nothing), _)) => no(words.say("told-shop.nothing")),
        _ => no(words.say("told-shop.kept")),
    }
}

/// The upward change that waits to be written.
pub(super) fn opt_in(contact: &Contact) -> Option<OptIn> {
    contact.intent?.opt_in
}
