//! How often a shop is asked whether something happened there, by what asking has been worth so far.
//!
//! Webhooks tell of changes at once; the look finds what they do not. As long as it finds nothing it comes more and more
//! rarely. What speaks against the webhooks, and a person who looks, brings it back at once. All that goes in is kept in
//! the ledger, so that a crash changes nothing.

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The look comes so often while there is a reason.
pub const LOOK_LEAST_MS: i64 = 2 * MINUTE_MS;
/// It comes so rarely at most, unless the operator wants more.
pub const LOOK_MOST_MS: i64 = HOUR_MS;
/// The same where no webhook arrives: the look is all there is.
pub const LOOK_DEAF_MS: i64 = 10 * MINUTE_MS;
/// The comparison of counts comes with every so many looks.
pub const LOOKS_A_COUNT: i64 = 5;
/// What changes the shop's counts is noticed within that time, and found by the sweep that follows at once.
pub const COUNTED_WITHIN_MS: i64 = (LOOKS_A_COUNT + 1) * LOOK_MOST_MS;
/// What a sweep finds is found within that time, whatever was lost.
pub const SWEPT_WITHIN_MS: i64 = DAY_MS;
/// A refusal made in SARE that nobody told us of is read within that time.
pub const POLL_MS: i64 = DAY_MS;
/// The same of a contact that changed lately.
pub const POLL_RECENT_MS: i64 = HOUR_MS;
/// For how long a contact counts as changed lately.
pub const RECENT_FOR_MS: i64 = 2 * DAY_MS;

/// How long the look stays frequent after a loss or a repaired webhook.
pub const DOUBT_MS: i64 = HOUR_MS;
/// How long it stays frequent after a person opened the panel.
pub const WATCHED_MS: i64 = 10 * MINUTE_MS;
/// For how long a loss makes a shop count as one without webhooks, unless one arrives after it.
const DEAF_FOR_MS: i64 = 7 * DAY_MS;
/// Events within about an hour that make a shop busy.
pub const BUSY_EVENTS: u32 = 20;

/// What is known of a shop's webhooks and of what looking has been worth. Times in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Webhooks can arrive: we have an address, and the shop took it.
    pub is_registered: bool,
    /// Since when looks were made at all.
    pub began_at: i64,
    /// The last webhook that arrived.
    pub heard_at: Option<i64>,
    /// When a change was last found that no webhook had told of.
    pub lost_at: Option<i64>,
    /// When our webhook in the shop was last found gone, switched off or changed.
    pub repaired_at: Option<i64>,
    /// Events of about the last hour.
    pub events: u32,
    /// When a person last opened a page of the panel.
    pub watched_at: Option<i64>,
}

/// Between what an interval lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The shortest, milliseconds.
    pub least: i64,
    /// The longest, milliseconds; no less than the shortest.
    pub most: i64,
}

impl Bounds {
    /// Both in milliseconds; a longest that is shorter than the shortest counts as that.
    pub fn new(least: i64, most: i64) -> Self {
        let least = least.max(1);
        Self {
            least,
            most: most.max(least),
        }
    }
}

/// How long after `at` it is; a moment that lies ahead, by a clock put back, has just been.
fn since(at: i64, now: i64) -> i64 {
    now.saturating_sub(at).max(0)
}

/// Something asks for looks as often as may be, whatever the webhooks did before.
pub fn is_alert(evidence: &Evidence, now: i64) -> bool {
    let within = |at: Option<i64>, long: i64| at.is_some_and(|at| since(at, now) < long);
    evidence.events >= BUSY_EVENTS
        || within(evidence.watched_at, WATCHED_MS)
        || within(evidence.lost_at, DOUBT_MS)
        || within(evidence.repaired_at, DOUBT_MS)
}

/// The pause until the next look, milliseconds, within `bounds`.
///
/// A half of the quiet time where a webhook has arrived since there was last a reason to doubt, a quarter otherwise.
pub fn look_every(evidence: &Evidence, bounds: Bounds, now: i64) -> i64 {
    if is_alert(evidence, now) {
        return bounds.least;
    }
    let doubt_ends = |at: Option<i64>| at.map(|at| at.saturating_add(DOUBT_MS));
    let doubt = evidence.lost_at.max(evidence.repaired_at);
    let quiet_from = Some(evidence.began_at).max(doubt_ends(doubt));
    let quiet = since(quiet_from.unwrap_or(now), now);
    let is_heard = evidence.heard_at.is_some_and(|at| Some(at) > doubt);
    let is_deaf = !evidence.is_registered
        || (!is_heard && evidence.lost_at.is_some_and(|at| since(at, now) < DEAF_FOR_MS));
    let most = if is_deaf {
        bounds.most.min(LOOK_DEAF_MS).max(bounds.least)
    } else {
        bounds.most
    };
    let share = if is_heard && !is_deaf { 2 } else { 4 };
    (quiet / share).clamp(bounds.least, most)
}

/// The pause of other work on a shop that has `base` between two turns while looks are frequent: so many times as long as
/// looks are apart by more than `bounds.least`, at most `longest` times.
pub fn stretched(base: i64, look: i64, bounds: Bounds, longest: i64) -> i64 {
    let times = (look / bounds.least).clamp(1, longest.max(1));
    base.saturating_mul(times)
}

/// When the part of a pass over `total` contacts that has been read is up to date: the moment from which more is due. A pass
/// that began at `began` takes `period` milliseconds, its requests evenly spread.
pub fn pass_goes_on_at(began: i64, period: i64, read: i64, total: i64) -> i64 {
    let total = total.max(1);
    let read = read.clamp(0, total);
    // In two steps, as the product of both may not fit.
    let whole = (period / total).saturating_mul(read);
    let rest = (period % total).saturating_mul(read) / total;
    began.saturating_add(whole).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_790_000_000_000;
    const BOUNDS: Bounds = Bounds {
        least: LOOK_LEAST_MS,
        most: LOOK_MOST_MS,
    };

    fn proven() -> Evidence {
        Evidence {
            is_registered: true,
            began_at: NOW - 30 * DAY_MS,
            heard_at: Some(NOW - 5 * HOUR_MS),
            ..Evidence::default()
        }
    }

    fn every(evidence: &Evidence) -> i64 {
        look_every(evidence, BOUNDS, NOW)
    }

    #[test]
    fn webhooks_that_arrive_make_looks_hourly() {
        assert_eq!(every(&proven()), LOOK_MOST_MS);
    }

    #[test]
    fn a_shop_in_which_nothing_was_ever_lost_grows_quiet_within_hours() {
        let mut idle = Evidence {
            heard_at: None,
            ..proven()
        };
        for (age, pause) in [
            (0, LOOK_LEAST_MS),
            (HOUR_MS, 15 * MINUTE_MS),
            (4 * HOUR_MS, HOUR_MS),
        ] {
            idle.began_at = NOW - age;
            assert_eq!(every(&idle), pause, "{age}");
        }
        idle.began_at = NOW - HOUR_MS;
        idle.heard_at = Some(NOW - 1_000);
        assert_eq!(every(&idle), 30 * MINUTE_MS, "sooner where webhooks were heard");
    }

    #[test]
    fn whatever_speaks_against_webhooks_and_whoever_looks_brings_frequent_looks_at_once() {
        let reasons = [
            Evidence {
                lost_at: Some(NOW),
                ..proven()
            },
            Evidence {
                repaired_at: Some(NOW - DOUBT_MS + 1),
                ..proven()
            },
            Evidence {
                events: BUSY_EVENTS,
                ..proven()
            },
            Evidence {
                watched_at: Some(NOW - WATCHED_MS + 1),
                ..proven()
            },
        ];
        for reason in reasons {
            assert_eq!(every(&reason), LOOK_LEAST_MS, "{reason:?}");
        }
    }

    #[test]
    fn after_a_loss_only_a_webhook_heard_since_makes_looks_hourly_again() {
        let mut shop = Evidence {
            lost_at: Some(NOW - 6 * HOUR_MS),
            heard_at: Some(NOW - 7 * HOUR_MS),
            ..proven()
        };
        assert_eq!(every(&shop), LOOK_DEAF_MS);
        shop.heard_at = Some(NOW - 5 * HOUR_MS);
        assert_eq!(every(&shop), LOOK_MOST_MS);
    }

    #[test]
    fn a_shop_that_takes_no_webhooks_is_looked_at_every_ten_minutes() {
        let deaf = Evidence {
            is_registered: false,
            ..proven()
        };
        assert_eq!(every(&deaf), LOOK_DEAF_MS);
    }

    #[test]
    fn other_work_stretches_with_the_look() {
        assert_eq!(stretched(600_000, LOOK_LEAST_MS, BOUNDS, 30), 600_000);
        assert_eq!(stretched(600_000, LOOK_MOST_MS, BOUNDS, 30), 18_000_000);
        assert_eq!(stretched(6 * HOUR_MS, LOOK_MOST_MS, BOUNDS, 4), DAY_MS);
    }

    #[test]
    fn a_pass_is_spread_evenly_over_its_period() {
        assert_eq!(pass_goes_on_at(NOW, DAY_MS, 0, 5_000), NOW);
        assert_eq!(pass_goes_on_at(NOW, DAY_MS, 2_500, 5_000), NOW + DAY_MS / 2);
        assert_eq!(pass_goes_on_at(NOW, DAY_MS, 9_000, 5_000), NOW + DAY_MS);
        assert_eq!(pass_goes_on_at(NOW, DAY_MS, 0, 0), NOW);
    }

    fn moment() -> impl Strategy<Value = Option<i64>> {
        proptest::option::of(NOW - 40 * DAY_MS..NOW + DAY_MS)
    }

    prop_compose! {
        fn evidence()(
            is_registered in any::<bool>(),
            began_at in NOW - 40 * DAY_MS..NOW + DAY_MS,
            heard_at in moment(),
            lost_at in moment(),
            repaired_at in moment(),
            events in 0_u32..60,
            watched_at in moment(),
        ) -> Evidence {
            Evidence { is_registered, began_at, heard_at, lost_at, repaired_at, events, watched_at }
        }
    }

    proptest! {
        #[test]
        fn a_pause_stays_within_its_bounds(e in evidence(), least in 1_i64..HOUR_MS, most in 1_i64..DAY_MS) {
            let bounds = Bounds::new(least, most);
            let pause = look_every(&e, bounds, NOW);
            prop_assert!((bounds.least..=bounds.most).contains(&pause));
        }

        #[test]
        fn a_reason_to_look_never_makes_looks_rarer(e in evidence()) {
            let before = every(&e);
            for worse in [
                Evidence { lost_at: Some(NOW), ..e },
                Evidence { repaired_at: Some(NOW), ..e },
                Evidence { watched_at: Some(NOW), ..e },
                Evidence { events: BUSY_EVENTS, ..e },
                Evidence { is_registered: false, ..e },
            ] {
                prop_assert!(every(&worse) <= before, "{worse:?}");
            }
        }

        #[test]
        fn time_in_which_nothing_happens_never_makes_looks_more_frequent(e in evidence(), later in 0_i64..6 * DAY_MS) {
            // Past moments only: one ahead of now is a clock's mistake.
            let past = |at: Option<i64>| at.map(|at| at.min(NOW));
            let e = Evidence {
                heard_at: past(e.heard_at),
                lost_at: past(e.lost_at),
                repaired_at: past(e.repaired_at),
                watched_at: past(e.watched_at),
                began_at: e.began_at.min(NOW),
                ..e
            };
            prop_assert!(look_every(&e, BOUNDS, NOW + later) >= every(&e));
        }

        #[test]
        fn the_same_evidence_with_a_webhook_heard_now_never_asks_for_more(e in evidence()) {
            let heard = Evidence { heard_at: Some(NOW + DAY_MS), ..e };
            prop_assert!(every(&heard) >= every(&e));
        }

        #[test]
        fn a_pass_never_goes_back_nor_beyond_its_period(total in 1_i64..2_000_000, read in 0_i64..2_000_000, period in 1_i64..30 * DAY_MS) {
            let at = pass_goes_on_at(NOW, period, read, total);
            prop_assert!((NOW..=NOW + period).contains(&at));
            prop_assert!(pass_goes_on_at(NOW, period, read + 1, total) >= at);
        }
    }
}
