//! A row a state of the shop, and what must hold over all combinations of what can be true at once.

use store::{RunState, ShopState};
use sync_core::ProblemKind;

use super::*;

const NOW: Millis = 1_795_431_600_000;
const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;

/// A shop in order.
fn in_order() -> Facts {
    Facts {
        now: NOW,
        state: ShopState::Connected,
        subscription_until: None,
        paused: false,
        last_success_at: Some(NOW - MINUTE),
        expected_since: None,
        setup: Setup::On,
        has_key: true,
        sare_refused: false,
        updates_harm: false,
        poll_waits: false,
        shop_fails: false,
        shop_again: 0,
        sare_fails: false,
        sare_again: 0,
        first: First::Done,
        held: None,
        active: None,
        newest: None,
        differences: 0,
        doubts: 0,
        troubles: Vec::new(),
        contacts: 100,
        dirty: 0,
        failed: 0,
    }
}

fn ended(kind: RunKind, state: RunState) -> Option<Newest> {
    Some(Newest {
        kind,
        state,
        mailable: 3,
    })
}

/// What is changed of a shop in order; the headline's word, how it is meant, the shop's side, SARE's side.
type Row = (fn(&mut Facts), &'static str, Severity, &'static str, &'static str);

#[test]
fn every_state_has_its_headline_and_its_sides() {
    use Severity::{Bad, Good, Info, Warn};
    let rows: &[Row] = &[
        (|_| {}, "current", Good, "answers", "answers"),
        (|f| f.failed = 2, "some-failed", Info, "answers", "answers"),
        (|f| f.dirty = 2, "sending", Info, "answers", "answers"),
        (|f| f.contacts = 0, "empty", Info, "answers", "answers"),
        // SARE was disconnected: whatever was reached before, nothing is carried over now.
        (
            |f| f.has_key = false,
            "sare-not-connected",
            Bad,
            "not-asked",
            "not-connected",
        ),
        (
            |f| (f.has_key, f.setup) = (false, Setup::Nobody),
            "sare-not-connected",
            Bad,
            "not-asked",
            "not-connected",
        ),
        (
            |f| (f.has_key, f.active) = (false, Some((RunKind::Sweep, RunState::Running))),
            "sare-not-connected",
            Bad,
            "not-asked",
            "not-connected",
        ),
        (
            |f| f.setup = Setup::None,
            "not-configured",
            Info,
            "not-asked",
            "not-connected",
        ),
        (
            |f| f.setup = Setup::Unreadable,
            "configuration-unreadable",
            Bad,
            "not-asked",
            "not-connected",
        ),
        (
            |f| f.setup = Setup::Nobody,
            "nobody-chosen",
            Info,
            "answers",
            "answers",
        ),
        (
            |f| f.state = ShopState::AccessLost,
            "access-lost",
            Bad,
            "refuses",
            "not-asked",
        ),
        (
            |f| (f.state, f.has_key) = (ShopState::AccessLost, false),
            "access-lost",
            Bad,
            "refuses",
            "not-connected",
        ),
        (
            |f| f.state = ShopState::Connecting,
            "connecting",
            Info,
            "connecting",
            "not-asked",
        ),
        (
            |f| f.state = ShopState::Removed,
            "removed",
            Info,
            "not-connected",
            "not-connected",
        ),
        (
            |f| f.state = ShopState::Uninstalling,
            "uninstalling",
            Info,
            "not-connected",
            "not-connected",
        ),
        (
            |f| f.sare_refused = true,
            "sare-key-refused",
            Bad,
            "not-asked",
            "refuses",
        ),
        (
            |f| f.updates_harm = true,
            "sare-changes-statuses",
            Bad,
            "not-asked",
            "not-asked",
        ),
        (
            |f| f.subscription_until = Some(NOW - 1),
            "subscription-ended",
            Warn,
            "answers",
            "answers",
        ),
        (
            |f| f.subscription_until = Some(NOW + 1),
            "current",
            Good,
            "answers",
            "answers",
        ),
        (|f| f.paused = true, "paused", Warn, "not-asked", "not-asked"),
        (
            |f| (f.paused, f.active) = (true, Some((RunKind::First, RunState::Running))),
            "paused",
            Warn,
            "not-asked",
            "not-asked",
        ),
        (
            |f| f.active = Some((RunKind::Sweep, RunState::Braked)),
            "braked",
            Warn,
            "answers",
            "answers",
        ),
        (|f| f.poll_waits = true, "braked", Warn, "answers", "answers"),
        (
            |f| f.active = Some((RunKind::Sweep, RunState::Running)),
            "run-under-way",
            Info,
            "answers",
            "answers",
        ),
        // The first synchronisation: not begun, held for a time, held for good, under way, ended too early.
        (
            |f| f.first = First::Before,
            "first-soon",
            Info,
            "answers",
            "answers",
        ),
        (
            |f| (f.first, f.held) = (First::Before, Some(Hold { until: Some(NOW + 5) })),
            "first-held",
            Info,
            "answers",
            "answers",
        ),
        (
            |f| (f.first, f.held) = (First::Before, Some(Hold { until: None })),
            "first-held",
            Info,
            "answers",
            "answers",
        ),
        (
            |f| (f.first, f.active) = (First::UnderWay, Some((RunKind::First, RunState::Running))),
            "run-under-way",
            Info,
            "answers",
            "answers",
        ),
        (
            |f| (f.first, f.newest) = (First::Interrupted, ended(RunKind::First, RunState::Cancelled)),
            "first-interrupted",
            Warn,
            "answers",
            "answers",
        ),
        (
            |f| (f.first, f.newest) = (First::Interrupted, ended(RunKind::First, RunState::Failed)),
            "first-interrupted",
            Warn,
            "answers",
            "answers",
        ),
        (
            |f| f.newest = ended(RunKind::Forced, RunState::Refused),
            "forced-refused",
            Warn,
            "answers",
            "answers",
        ),
        (
            |f| f.newest = ended(RunKind::Sweep, RunState::Failed),
            "run-failed",
            Warn,
            "answers",
            "answers",
        ),
        (
            |f| f.newest = ended(RunKind::Sweep, RunState::Done),
            "current",
            Good,
            "answers",
            "answers",
        ),
        // A service is away: shortly, between two tries, and for long.
        (
            |f| (f.sare_fails, f.sare_again) = (true, NOW + MINUTE),
            "sare-away",
            Info,
            "answers",
            "away",
        ),
        (
            |f| (f.sare_fails, f.sare_again) = (true, NOW - MINUTE),
            "sare-away",
            Info,
            "answers",
            "away",
        ),
        (
            |f| (f.sare_fails, f.last_success_at) = (true, Some(NOW - HOUR)),
            "sare-away",
            Warn,
            "answers",
            "away",
        ),
        (|f| f.shop_fails = true, "shop-away", Info, "away", "answers"),
        (
            |f| (f.shop_fails, f.last_success_at) = (true, Some(NOW - HOUR)),
            "shop-away",
            Warn,
            "away",
            "answers",
        ),
        // Nothing has succeeded for long, and nothing else says why.
        (
            |f| f.last_success_at = Some(NOW - 7 * HOUR),
            "silent",
            Warn,
            "not-asked",
            "not-asked",
        ),
        (
            |f| {
                (f.first, f.last_success_at) = (First::UnderWay, None);
                (f.active, f.expected_since) =
                    (Some((RunKind::First, RunState::Running)), Some(NOW - 7 * HOUR));
            },
            "silent",
            Warn,
            "answers",
            "answers",
        ),
        // It should have begun long ago.
        (
            |f| {
                (f.first, f.last_success_at) = (First::Before, None);
                f.expected_since = Some(NOW - 7 * HOUR);
            },
            "silent",
            Warn,
            "answers",
            "answers",
        ),
        (|f| f.differences = 1, "differs", Warn, "answers", "answers"),
        (
            |f| f.troubles = vec![ProblemKind::NoScope],
            "trouble",
            Warn,
            "answers",
            "answers",
        ),
    ];
    for (place, (change, word, severity, shop, sare)) in rows.iter().enumerate() {
        let mut facts = in_order();
        change(&mut facts);
        let standing = Standing::of(&facts);
        let headline = standing.headline();
        assert_eq!(
            (
                headline.word(),
                headline.severity(),
                standing.shop.word(),
                standing.sare.word()
            ),
            (*word, *severity, *shop, *sare),
            "row {place}: {standing:?}"
        );
    }
}

/// All values that a part of the facts can have, as changes of a shop in order.
type Part = &'static [fn(&mut Facts)];

const PARTS: &[Part] = &[
    &[
        |_| {},
        |f| f.state = ShopState::Connecting,
        |f| f.state = ShopState::AccessLost,
        |f| f.state = ShopState::Uninstalling,
        |f| f.state = ShopState::Removed,
    ],
    &[
        |_| {},
        |f| f.setup = Setup::None,
        |f| f.setup = Setup::Unreadable,
        |f| f.setup = Setup::Nobody,
    ],
    &[|_| {}, |f| f.has_key = false],
    &[|_| {}, |f| f.sare_refused = true, |f| f.updates_harm = true],
    &[|_| {}, |f| f.paused = true],
    &[|_| {}, |f| f.subscription_until = Some(NOW - 1)],
    &[
        |_| {},
        |f| f.first = First::Before,
        |f| (f.first, f.held) = (First::Before, Some(Hold { until: None })),
        |f| (f.first, f.held) = (First::Before, Some(Hold { until: Some(NOW + 1) })),
        |f| (f.first, f.newest) = (First::Interrupted, ended(RunKind::First, RunState::Cancelled)),
    ],
    &[
        |_| {},
        |f| f.active = Some((RunKind::Sweep, RunState::Running)),
        |f| f.active = Some((RunKind::Sweep, RunState::Braked)),
        |f| f.poll_waits = true,
        |f| f.newest = ended(RunKind::Forced, RunState::Refused),
    ],
    &[|_| {}, |f| f.shop_fails = true],
    &[|_| {}, |f| f.sare_fails = true],
    &[
        |_| {},
        |f| f.last_success_at = Some(NOW - HOUR),
        |f| f.last_success_at = Some(NOW - 7 * HOUR),
    ],
    &[
        |_| {},
        |f| f.differences = 3,
        |f| f.troubles = vec![ProblemKind::NoScope],
    ],
    &[|_| {}, |f| f.dirty = 2],
];

fn each_combination(facts: Facts, parts: &[Part], look: &mut impl FnMut(&Facts)) {
    let Some((first, rest)) = parts.split_first() else {
        return look(&facts);
    };
    for change in *first {
        let mut changed = facts.clone();
        change(&mut changed);
        each_combination(changed, rest, look);
    }
}

#[test]
fn no_combination_is_told_better_than_it_is() {
    let mut seen = 0;
    each_combination(in_order(), PARTS, &mut |facts| {
        seen += 1;
        let standing = Standing::of(facts);
        let says = |word: &str| standing.matters.iter().any(|matter| matter.word() == word);
        let told = || format!("{facts:?}\n{standing:?}");
        let is_gone = matches!(facts.state, ShopState::Removed | ShopState::Uninstalling);
        let is_configured = !matches!(facts.setup, Setup::None | Setup::Unreadable);
        assert!(!standing.matters.is_empty(), "{}", told());

        // What is bad comes first.
        let is_bad = |matter: &Matter| matter.severity() == Severity::Bad;
        assert_eq!(
            standing.matters.iter().any(is_bad),
            is_bad(standing.headline()),
            "{}",
            told()
        );
        // Green is only what is so, alone.
        let mut same = in_order();
        (same.last_success_at, same.newest) = (facts.last_success_at, facts.newest);
        let is_well = *facts == same
            && facts.last_success_at.is_none_or(|at| NOW - at <= 6 * HOUR)
            && facts.newest.is_none();
        assert_eq!(says("current"), is_well, "{}", told());
        assert_eq!(
            standing.headline().severity() == Severity::Good,
            is_well,
            "{}",
            told()
        );
        if says("current") {
            assert_eq!(standing.matters.len(), 1, "{}", told());
        }

        // A side answers only when we have access to it, it does not fail, and it is asked at all.
        if standing.sare == Side::Answers {
            let may = facts.has_key && !facts.sare_refused && !facts.sare_fails && standing.is_at_work();
            assert!(may && is_configured && !is_gone, "{}", told());
        }
        if standing.shop == Side::Answers {
            let may = facts.state == ShopState::Connected && !facts.shop_fails && standing.is_at_work();
            assert!(may, "{}", told());
        }
        // Each truth is told, whatever else is true.
        if !is_gone {
            assert_eq!(
                says("access-lost"),
                facts.state == ShopState::AccessLost,
                "{}",
                told()
            );
            assert_eq!(
                says("sare-not-connected"),
                is_configured && !facts.has_key,
                "{}",
                told()
            );
            assert_eq!(says("paused"), facts.paused, "{}", told());
            assert_eq!(
                says("subscription-ended"),
                facts.subscription_until.is_some(),
                "{}",
                told()
            );
            assert_eq!(says("trouble"), !facts.troubles.is_empty(), "{}", told());
        }
        // Nothing goes on while something stops it.
        if !standing.is_at_work() {
            for word in [
                "run-under-way",
                "first-soon",
                "sending",
                "sare-away",
                "shop-away",
                "silent",
                "current",
            ] {
                assert!(!says(word), "{word}: {}", told());
            }
        }
    });
    assert!(seen > 100_000, "only {seen} combinations");
}

#[test]
fn consents_that_wait_are_told_beside_what_is_the_headline() {
    let mut facts = in_order();
    facts.doubts = 2;
    let standing = Standing::of(&facts);
    assert_eq!(standing.matters, [Matter::Current, Matter::Doubted(2)]);
}
