//! What a lane remembers between slices. Plain data without anything personal, kept in the ledger.

pub mod lenient_json;
mod looking;
mod parts;

use std::collections::BTreeMap;

use access::Bucket;
use ports::Millis;
use sare_api::{BatchSize, LookupForm};
use serde::{Deserialize, Serialize};
use shoper_api::users::AddressFilter;
use shoper_api::{AddressWay, OptionList};
use store::{FURTHEST_MS, PUT_BACK_MS};
use sync_core::by_kind::customers_first;
use sync_core::cadence::POLL_RECENT_MS;
use sync_core::consent::Status;
use sync_core::{ByKind, BySide};

use crate::count_drift::CountDrift;
use crate::error::Side;
use crate::narrow::Narrow;
use crate::settings::EngineSettings;
use ports::millis;

pub use looking::{Changes, RAREST, RAREST_COUNTS, REFUTED_FOR_MS, Remembered, bounds};
pub use parts::{AccountTrouble, Before, Call, CallTrouble, Outage, Pass, Silence};

/// Pause between readings of the names of groups and properties.
pub const LABELS_EVERY_MS: i64 = 6 * 3_600_000;
/// Pause between searches for a way of asking for statuses, where many in a row found none or one is proven.
pub const SEARCH_EVERY_MS: i64 = 10 * 60_000;
/// Pause between checks whether a service can be asked in the usual way after all.
pub const LOOK_AGAIN_MS: i64 = 6 * 3_600_000;

/// When the recurring work is due next; 0 = at once.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timers {
    /// Discovery of new records.
    #[serde(rename = "look")]
    pub discover: Millis,
    /// The poll of SARE's statuses.
    pub poll: Millis,
    /// The full sweep.
    pub sweep: Millis,
    /// The check of the shop's webhooks.
    pub hooks: Millis,
    /// Names of groups, languages and fields.
    pub labels: Millis,
    /// The shop must not be asked before.
    pub shoper: Millis,
    /// SARE must not be asked before.
    pub sare: Millis,
    /// The comparison of the shop's counts with the ledger's.
    pub counts: Millis,
    /// No sweep is made early before, whatever the counts say.
    pub drift: Millis,
    /// No other way of asking SARE for statuses is searched before.
    pub lookup: Millis,
    /// The check whether the shop can be asked for addresses of many customers after all.
    pub addresses: Millis,
    /// The check whether an account that does without the list of statuses has it after all.
    pub lookup_again: Millis,
    /// The poll of those who changed lately.
    pub recent: Millis,
}

impl Timers {
    /// Every timer, and how long it is at most until it is due.
    fn all(&mut self, settings: &EngineSettings) -> [(&mut Millis, Millis); 13] {
        // Services are asked to be patient with by no more than a lane plans ahead.
        let rest = FURTHEST_MS;
        [
            (&mut self.discover, bounds(settings).most),
            (&mut self.poll, millis(settings.poll_every).max(FURTHEST_MS)),
            (&mut self.sweep, millis(settings.sweep_every)),
            (&mut self.hooks, millis(settings.hooks_every) * RAREST),
            (&mut self.labels, LABELS_EVERY_MS * RAREST),
            (&mut self.shoper, rest),
            (&mut self.sare, rest),
            (&mut self.counts, millis(settings.counts_every) * RAREST_COUNTS),
            (&mut self.drift, millis(settings.drift_sweep_every)),
            (&mut self.lookup, SEARCH_EVERY_MS),
            (&mut self.addresses, LOOK_AGAIN_MS),
            (&mut self.lookup_again, LOOK_AGAIN_MS),
            (&mut self.recent, POLL_RECENT_MS),
        ]
    }
}

/// A poll under way.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Poll {
    /// Last hash looked at, hexadecimal.
    pub after: Option<String>,
    /// Contacts looked at.
    pub seen: i64,
    /// When it began.
    pub began: Millis,
    /// Contacts that there were then.
    #[serde(default)]
    pub total: i64,
    /// Somebody waits for it: it is made at a stretch.
    #[serde(default)]
    pub is_hurried: bool,
}

/// What the brake of the poll judges by: one pass, or what came after a person let one go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollWindow {
    /// Contacts that the pass had read before.
    pub from: i64,
    /// Contacts found newly refused and let go.
    pub found: i64,
}

/// Names by which a mapping speaks of numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    /// User groups.
    pub user_groups: BTreeMap<i64, String>,
    /// Subscriber groups.
    pub subscriber_groups: BTreeMap<i64, String>,
    /// Locales of languages.
    pub languages: BTreeMap<i64, String>,
    /// Options of select fields: field, option, text.
    pub options: BTreeMap<i64, BTreeMap<String, String>>,
    /// Tags of customers.
    pub user_tags: BTreeMap<i64, String>,
}

/// The newest update of data whose effect on statuses is to be read back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToProve {
    /// When it was written.
    pub at: Millis,
    /// Statuses before it, by hash in hexadecimal.
    pub before: BTreeMap<String, Status>,
}

/// The lane's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneState {
    /// The latest moment that was seen while this was in hand: all times in it were reckoned by then.
    pub at: Millis,
    /// The shop's bucket.
    pub shoper: Bucket,
    /// SARE's bucket.
    pub sare: Bucket,
    /// Contacts a request.
    pub batch: BatchSize,
    /// How SARE is asked for statuses.
    pub lookup: LookupForm,
    /// Whether that has been proven by an answer naming an address we know to be there.
    pub lookup_proven: bool,
    /// Tries at finding and proving it.
    pub lookup_tries: u32,
    /// The SARE account that everything known of SARE is about.
    pub account: Option<String>,
    /// Where the forgetting of another account is, hexadecimal.
    pub forgetting: Option<String>,
    /// Since when that account could not be asked a last time.
    pub unasked_since: Option<Millis>,
    /// The list in which the shop keeps the options of selects.
    pub option_list: OptionList,
    /// The rule by which all contacts' keys are made.
    pub key_rule: u32,
    /// Where the moving of contacts to other keys is, hexadecimal.
    #[serde(rename = "respelling")]
    pub rehashing: Option<String>,
    /// The configuration for which a run was made.
    pub config_seen: i64,
    /// The first synchronisation is over.
    pub first_done: bool,
    /// Greatest ids when the first synchronisation was over; `None` while a kind was not read whole: none of it is new.
    #[serde(with = "newest")]
    pub base: ByKind<Option<i64>>,
    /// Greatest ids seen since.
    #[serde(with = "customers_first")]
    pub watermark: ByKind<i64>,
    /// Recurring work.
    pub timers: Timers,
    /// The poll under way.
    pub poll: Option<Poll>,
    /// What its brake judges by.
    pub poll_window: PollWindow,
    /// The poll found too much and waits for a person.
    pub poll_braked: bool,
    /// A person let the braked poll go on.
    pub poll_released: bool,
    /// Places among what is new at which reading fails, being narrowed down.
    #[serde(rename = "look_narrow")]
    pub discover_narrow: ByKind<Option<Narrow>>,
    /// What the shop's counts and the ledger's may differ by.
    #[serde(rename = "counted")]
    pub count_drift: CountDrift,
    /// When the last whole reading of the shop that came to its end had begun: what happened before is known.
    pub read_from: Millis,
    /// The end of the last absence of all servers that is being made up for.
    pub absence_noticed: Millis,
    /// How it stands with the shop and with SARE.
    #[serde(rename = "away")]
    pub outages: BySide<Outage>,
    /// Batches of updates after which the statuses were read back and found as they had been.
    pub updates_proven: u32,
    /// The batch of updates that is to be read back.
    pub to_prove: ToProve,
    /// Updates of data changed people's statuses in this account: nothing is written until a person looked.
    pub updates_harm: bool,
    /// SARE refused the key when last asked.
    pub sare_refused: bool,
    /// SARE answered that the account is not paid for when last asked.
    pub sare_unpaid: bool,
    /// SARE's word on statuses could not be read in any way when last asked.
    pub sare_not_understood: bool,
    /// The shop sent us on, when last asked, to an address that nothing proves to be its own, or its own led astray.
    #[serde(rename = "sent_on")]
    pub redirect_untrusted: bool,
    /// Failures in a row of each service.
    pub failures: BySide<u32>,
    /// Calls about contacts at which SARE has failed though it answers others, by their words.
    pub calls: BTreeMap<String, CallTrouble>,
    /// What is wrong with the SARE account as a whole.
    pub trouble: AccountTrouble,
    /// Batches of live changes in a row that a failing service kept from being finished: each makes the next one smaller.
    #[serde(rename = "stumbles")]
    pub failed_attempts: u32,
    /// The shop refuses to filter addresses by `default`.
    pub all_addresses: bool,
    /// How it can be asked for addresses.
    pub address_way: AddressWay,
    /// The pass through the list of all of them.
    pub address_pass: Pass,
    /// It could be asked for them in no way when last tried.
    pub addresses_refused: bool,
    /// The active run was found to be stalled.
    #[serde(rename = "stands_still")]
    pub is_stalled: bool,
    /// Records that do not say what they consent to.
    pub silence: Silence,
    /// Whether the shop can be asked for what has changed.
    pub changes: Changes,
    /// How looking at the shop was worth it.
    pub cadence: Remembered,
    /// Names.
    pub labels: Labels,
    /// The configuration for which they were read.
    pub labels_config: i64,
}

impl Default for LaneState {
    fn default() -> Self {
        Self {
            at: 0,
            shoper: Bucket::new(10.0, 2.0),
            sare: Bucket::new(8.0, 2.0),
            batch: BatchSize::default(),
            lookup: LookupForm::default(),
            lookup_proven: false,
            lookup_tries: 0,
            account: None,
            forgetting: None,
            unasked_since: None,
            option_list: OptionList::default(),
            key_rule: 0,
            rehashing: None,
            config_seen: 0,
            first_done: false,
            base: ByKind::default(),
            watermark: ByKind::default(),
            timers: Timers::default(),
            poll: None,
            poll_window: PollWindow::default(),
            poll_braked: false,
            poll_released: false,
            discover_narrow: ByKind::default(),
            count_drift: CountDrift::default(),
            read_from: 0,
            absence_noticed: 0,
            outages: BySide::default(),
            updates_proven: 0,
            to_prove: ToProve::default(),
            updates_harm: false,
            sare_refused: false,
            sare_unpaid: false,
            sare_not_understood: false,
            redirect_untrusted: false,
            failures: BySide::default(),
            calls: BTreeMap::new(),
            trouble: AccountTrouble::default(),
            failed_attempts: 0,
            all_addresses: false,
            address_way: AddressWay::default(),
            address_pass: Pass::default(),
            addresses_refused: false,
            is_stalled: false,
            silence: Silence::default(),
            changes: Changes::default(),
            cadence: Remembered::default(),
            labels: Labels::default(),
            labels_config: 0,
        }
    }
}

impl LaneState {
    /// Which addresses of customers are asked for.
    pub fn address_filter(&self) -> AddressFilter {
        if self.all_addresses {
            AddressFilter::All
        } else {
            AddressFilter::DefaultOnly
        }
    }

    /// Reads the state kept in the ledger; what of it cannot be read starts anew, which costs time and loses nothing.
    pub fn read(text: &str) -> Self {
        let (state, broken) = lenient_json::read(text);
        if !broken.is_empty() {
            let members = broken.join(", ");
            tracing::error!(members, "what a lane remembers cannot be read, and begins anew");
        }
        state
    }

    /// The same with the operator's limits for SARE.
    pub fn parse(text: &str, settings: &EngineSettings) -> Self {
        let mut state = Self::read(text);
        state.sare.rate = settings.sare_rate;
        state.sare.limit = settings.sare_burst + 1.0;
        state
    }

    /// Reads the state for work at `now`, its times set right.
    pub fn open(text: &str, settings: &EngineSettings, now: Millis) -> Self {
        let mut state = Self::parse(text, settings);
        state.set_right(now, settings);
        state
    }

    /// No timer is further away than its period, whatever the clock did: one that was put back takes all times along with
    /// it, and a timer that is too far away all the same is due.
    fn set_right(&mut self, now: Millis, settings: &EngineSettings) {
        let put_back = self.at - now;
        let is_put_back = put_back > PUT_BACK_MS;
        for (timer, period) in self.timers.all(settings) {
            if is_put_back {
                *timer = (*timer - put_back).max(0);
            }
            if *timer > now.saturating_add(period).saturating_add(PUT_BACK_MS) {
                *timer = now;
            }
        }
        if is_put_back {
            self.at = now;
        }
        for side in Side::BOTH {
            let since = &mut self.outages[side].since;
            *since = since.map(|since| since.min(now));
        }
        self.unasked_since = self.unasked_since.map(|since| since.min(now));
        self.read_from = self.read_from.min(now);
        self.absence_noticed = self.absence_noticed.min(now);
        for bucket in [&mut self.shoper, &mut self.sare] {
            bucket.at = bucket.at.min(now);
        }
        if let Some(poll) = &mut self.poll {
            poll.began = poll.began.min(now);
        }
        self.to_prove.at = self.to_prove.at.min(now);
        self.cadence.set_right(now);
        self.changes.set_right(now);
    }

    /// Both buckets.
    pub fn buckets(&self) -> BySide<Bucket> {
        BySide {
            shoper: self.shoper,
            sare: self.sare,
        }
    }

    /// A service did not answer a call in a way that is the call's own; it is away since then, or since before.
    pub fn note_outage(&mut self, side: Side, now: Millis) {
        self.outages[side].since.get_or_insert(now);
    }

    /// The text kept in the ledger at `now`.
    pub fn text_at(&mut self, now: Millis) -> String {
        self.at = self.at.max(now);
        self.text()
    }

    /// The text kept in the ledger.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a lane's state is plain data")
    }
}

/// Greatest ids are kept as a list of two, in which the greatest number that there is stands for none.
mod newest {
    use serde::{Deserializer, Serializer};
    use sync_core::ByKind;
    use sync_core::by_kind::customers_first;

    const NONE: i64 = i64::MAX;

    pub(super) fn serialize<S: Serializer>(ids: &ByKind<Option<i64>>, to: S) -> Result<S::Ok, S::Error> {
        customers_first::serialize(&ids.map(|id| id.unwrap_or(NONE)), to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ByKind<Option<i64>>, D::Error> {
        let ids: ByKind<i64> = customers_first::deserialize(from)?;
        Ok(ids.map(|id| (id != NONE).then_some(id)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const HOUR: Millis = 3_600_000;

    fn settings() -> EngineSettings {
        let sare = url::Url::parse("https://sare.example").expect("an address");
        EngineSettings::new(sare, Arc::new(|| [7; 32]))
    }

    /// A state as it is after every timer was set at `now` for its whole period.
    fn set_at(now: Millis) -> LaneState {
        let mut state = LaneState::default();
        for (timer, period) in state.timers.all(&settings()) {
            *timer = now + period;
        }
        state.shoper.spend(now, 10.0);
        state.sare.spend(now, 8.0);
        state.poll = Some(Poll {
            began: now,
            ..Poll::default()
        });
        state.at = now;
        state
    }

    fn furthest(state: &mut LaneState, now: Millis) -> Vec<(Millis, Millis)> {
        let all = state.timers.all(&settings());
        all.into_iter()
            .map(|(timer, period)| (*timer - now, period))
            .collect()
    }

    #[test]
    fn members_with_another_name_keep_their_words_in_the_ledger() {
        let kept: serde_json::Value = serde_json::from_str(&LaneState::default().text()).unwrap();
        for word in [
            "away",
            "counted",
            "look_narrow",
            "respelling",
            "sent_on",
            "stands_still",
            "stumbles",
        ] {
            assert!(kept.get(word).is_some(), "{word}");
        }
        assert!(kept["timers"].get("look").is_some());
        let call = serde_json::to_value(CallTrouble::default()).unwrap();
        for word in ["odd", "rest_until", "rests"] {
            assert!(call.get(word).is_some(), "{word}");
        }
    }

    #[test]
    fn a_timer_is_never_further_away_than_its_period_whatever_the_clock_did() {
        for jump in [2 * 60_000, HOUR, 5 * HOUR, 48 * HOUR, 400 * 24 * HOUR] {
            let mut jumped = set_at(NOW + jump);
            let mut state = LaneState::open(&jumped.text_at(NOW + jump), &settings(), NOW);
            for (place, (left, period)) in furthest(&mut state, NOW).into_iter().enumerate() {
                assert!(left <= period, "timer {place} after {jump}: {left} of {period}");
            }
            assert!(state.shoper.available(NOW + 60_000, 0.0) > 0.0, "{jump}");
            assert!(state.sare.available(NOW + 60_000, 0.0) > 0.0, "{jump}");
            assert!(state.poll.as_ref().is_some_and(|poll| poll.began <= NOW));
            assert_eq!(state.at, NOW);
        }
    }

    #[test]
    fn what_is_kept_of_both_sides_keeps_its_form() {
        let text = r#"{"away":[{"since":5,"is_told":true},{"since":null,"is_told":false}],"failures":[3,4]}"#;
        let state = LaneState::parse(text, &settings());
        assert_eq!((state.failures.shoper, state.failures.sare), (3, 4));
        assert_eq!(
            (state.outages.shoper.since, state.outages.sare.since),
            (Some(5), None)
        );
        let kept: serde_json::Value = serde_json::from_str(&state.text()).unwrap();
        let written: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&kept["away"], &kept["failures"]),
            (&written["away"], &written["failures"])
        );
    }

    #[test]
    fn what_is_kept_of_both_kinds_keeps_its_form() {
        let text = r#"{"base":[7,9223372036854775807],"watermark":[3,4],"look_narrow":{"customers":null,"subscribers":null}}"#;
        let state = LaneState::parse(text, &settings());
        assert_eq!((state.base.customers, state.base.subscribers), (Some(7), None));
        assert_eq!((state.watermark.customers, state.watermark.subscribers), (3, 4));
        let kept: serde_json::Value = serde_json::from_str(&state.text()).unwrap();
        let written: serde_json::Value = serde_json::from_str(text).unwrap();
        for member in ["base", "watermark", "look_narrow"] {
            assert_eq!(kept[member], written[member], "{member}");
        }
        let new: serde_json::Value = serde_json::from_str(&LaneState::default().text()).unwrap();
        assert_eq!(new["base"], serde_json::json!([i64::MAX, i64::MAX]));
    }

    #[test]
    fn what_of_a_state_cannot_be_read_begins_anew_and_the_rest_stays() {
        let text = r#"{"account":"12345","failures":"three","first_done":true,"base":[7,8],"timers":{"look":"x"},"of_a_newer_program":1}"#;
        let (state, broken): (LaneState, _) = lenient_json::read(text);
        assert_eq!(broken, ["failures", "timers"]);
        assert_eq!(
            (state.account.as_deref(), state.first_done),
            (Some("12345"), true)
        );
        assert_eq!(
            (state.base, state.failures.shoper, state.timers.discover),
            (
                ByKind {
                    customers: Some(7),
                    subscribers: Some(8)
                },
                0,
                0
            )
        );
        for nothing in ["", "{}"] {
            assert!(lenient_json::read::<LaneState>(nothing).1.is_empty(), "{nothing}");
        }
        let (state, broken): (LaneState, _) = lenient_json::read("{\"account\":");
        assert_eq!((state.account, broken.len()), (None, 1));
    }

    #[test]
    fn a_state_written_before_its_time_was_kept_is_set_right_as_well() {
        let mut state = set_at(NOW + 48 * HOUR);
        state.at = 0;
        let mut state = LaneState::open(&state.text(), &settings(), NOW);
        assert!(
            furthest(&mut state, NOW)
                .into_iter()
                .all(|(left, period)| left <= period)
        );
    }

    #[test]
    fn a_clock_that_runs_well_changes_no_timer() {
        let mut state = set_at(NOW);
        // Opened once, as buckets are brought to what the operator set.
        let text = LaneState::open(&state.text_at(NOW), &settings(), NOW).text();
        for later in [0, 1_000, 5 * HOUR] {
            let opened = LaneState::open(&text, &settings(), NOW + later);
            assert_eq!(opened.text(), text);
        }
        // A moment that a clock is corrected by every now and then.
        let mut opened = LaneState::open(&text, &settings(), NOW - 5_000);
        assert_eq!(
            opened.timers.all(&settings()).map(|(t, _)| *t),
            state.timers.all(&settings()).map(|(t, _)| *t)
        );
    }
}
