//! From the facts to what is said: a list in the order of importance. What explains another matter silences it, and what
//! heals by itself is never told as an alarm before it has lasted long.

use store::{RunState, ShopState};

use super::{Facts, First, Matter, Setup, Side, Standing};

/// Without any success for so long something is wrong that nothing else tells.
const SILENCE_MS: i64 = 6 * 3_600_000;
/// A service that fails for longer than this is no passing matter.
const LONG_MS: i64 = 30 * 60_000;

impl Standing {
    /// How it stands, by these facts.
    pub fn of(facts: &Facts) -> Self {
        let mut matters = wrong(facts);
        let is_at_work = !matters.iter().any(Matter::stops_work);
        matters.extend(asking(facts));
        if is_at_work {
            matters.extend(waiting(facts));
        }
        matters.extend(settling(facts, is_at_work));
        if is_at_work {
            matters.extend(going_on(facts));
        }
        if matters.is_empty() {
            matters.push(well(facts));
        }
        // No trouble, and no hurry: whoever is meant gets no newsletter until then.
        if facts.doubts > 0 && is_set_up(facts) {
            matters.push(Matter::Doubted(facts.doubts));
        }
        Self {
            shop: shop_side(facts, is_at_work),
            sare: sare_side(facts, is_at_work),
            matters,
        }
    }
}

/// What only a person can mend, and what stops everything.
fn wrong(facts: &Facts) -> Vec<Matter> {
    match facts.state {
        ShopState::Removed => return vec![Matter::Removed],
        ShopState::Uninstalling => return vec![Matter::Uninstalling],
        _ => {}
    }
    let mut all = Vec::new();
    if facts.state == ShopState::AccessLost {
        all.push(Matter::AccessLost);
    }
    match facts.setup {
        Setup::None => all.push(Matter::NotConfigured),
        Setup::Unreadable => all.push(Matter::ConfigUnreadable),
        Setup::Nobody | Setup::On if !facts.has_key => all.push(Matter::NotConnected),
        Setup::Nobody | Setup::On => {
            if facts.sare_refused {
                all.push(Matter::KeyRefused);
            }
            if facts.updates_harm {
                all.push(Matter::Harm);
            }
        }
    }
    if facts.state == ShopState::Connecting {
        all.push(Matter::Connecting);
    }
    if let Some(until) = facts.subscription_until.filter(|until| *until < facts.now) {
        all.push(Matter::Ended(until));
    }
    if facts.paused {
        all.push(Matter::Paused);
    }
    all
}

/// Whether anything is to be done for the shop at all.
fn is_set_up(facts: &Facts) -> bool {
    facts.setup == Setup::On && facts.has_key && !facts.is_gone()
}

/// What waits for a person's word, or should be seen by one.
fn asking(facts: &Facts) -> Vec<Matter> {
    let mut all = Vec::new();
    if facts.is_gone() {
        return all;
    }
    let braked = matches!(facts.active, Some((_, RunState::Braked)));
    if braked || facts.poll_waits {
        all.push(Matter::Braked);
    }
    let is_interrupted = is_set_up(facts) && facts.first == First::Interrupted && facts.held.is_none();
    if is_interrupted {
        all.push(Matter::Interrupted);
    }
    all.extend(facts.troubles.iter().copied().map(Matter::Trouble));
    if facts.active.is_none() && is_set_up(facts) {
        match facts.newest {
            // The same is said of the first one in other words.
            Some(newest) if is_interrupted && newest.kind.policy().is_first => {}
            Some(newest) if newest.state == RunState::Refused => all.push(Matter::Refused(newest.mailable)),
            Some(newest) if newest.state == RunState::Failed => all.push(Matter::Failed),
            _ => {}
        }
    }
    all
}

/// What the services make us wait for: nothing is lost meanwhile. Who does not answer explains a silence.
fn waiting(facts: &Facts) -> Vec<Matter> {
    let mut all = Vec::new();
    let since = quiet_since(facts);
    let lasts = |ms: i64| since.is_some_and(|at| facts.now - at > ms);
    let is_long = lasts(LONG_MS);
    if facts.sare_fails {
        let again = facts.sare_again;
        all.push(Matter::SareAway { again, is_long });
    }
    if facts.shop_fails {
        let again = facts.shop_again;
        all.push(Matter::ShopAway { again, is_long });
    }
    if all.is_empty() && lasts(SILENCE_MS) {
        all.push(Matter::Silent(facts.last_success_at));
    }
    all
}

/// Since when success is missed: the newest one, or the beginning of what should have brought the first.
fn quiet_since(facts: &Facts) -> Option<i64> {
    if !is_set_up(facts) || facts.held.is_some() {
        return None;
    }
    facts.last_success_at.or(facts.expected_since)
}

/// What is true beside whatever else happens, and no hurry.
fn settling(facts: &Facts, is_at_work: bool) -> Vec<Matter> {
    let mut all = Vec::new();
    if facts.is_gone() {
        return all;
    }
    if facts.differences > 0 && is_set_up(facts) {
        all.push(Matter::Differs(facts.differences));
    }
    match facts.setup {
        Setup::Nobody if facts.has_key => all.push(Matter::Nobody),
        Setup::On if facts.first != First::Done && facts.has_key => {
            // What is stopped begins at no time.
            let held = facts.held.filter(|hold| is_at_work || hold.until.is_none());
            all.extend(held.map(|hold| Matter::Held(hold.until)));
        }
        _ => {}
    }
    all
}

fn going_on(facts: &Facts) -> Option<Matter> {
    let (kind, state) = facts.active?;
    (state != RunState::Braked).then_some(Matter::UnderWay(kind))
}

/// Nothing is wrong, waited for or under way.
fn well(facts: &Facts) -> Matter {
    if facts.first != First::Done {
        Matter::Soon
    } else if facts.contacts == 0 && facts.dirty == 0 {
        Matter::Empty
    } else if facts.dirty > 0 {
        Matter::Sending(facts.dirty)
    } else if facts.failed > 0 {
        Matter::ButFailed(facts.failed)
    } else {
        Matter::Current
    }
}

fn shop_side(facts: &Facts, is_at_work: bool) -> Side {
    match facts.state {
        ShopState::Removed | ShopState::Uninstalling => Side::NotConnected,
        ShopState::Connecting => Side::Connecting,
        ShopState::AccessLost => Side::Refuses,
        ShopState::Connected if !is_at_work => Side::NotAsked,
        ShopState::Connected if facts.shop_fails => Side::Away(facts.shop_again),
        ShopState::Connected => answers(facts),
    }
}

fn sare_side(facts: &Facts, is_at_work: bool) -> Side {
    if facts.is_gone() || !facts.has_key || matches!(facts.setup, Setup::None | Setup::Unreadable) {
        Side::NotConnected
    } else if facts.sare_refused {
        Side::Refuses
    } else if !is_at_work {
        Side::NotAsked
    } else if facts.sare_fails {
        Side::Away(facts.sare_again)
    } else {
        answers(facts)
    }
}

/// That it answers is said only where it was asked lately, or is about to be for the first time.
fn answers(facts: &Facts) -> Side {
    let is_silent = facts
        .last_success_at
        .is_some_and(|at| facts.now - at > SILENCE_MS);
    if is_silent { Side::NotAsked } else { Side::Answers }
}
