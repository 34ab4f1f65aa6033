//! What a lane remembers between slices. Plain data without anything personal, kept in the ledger.

use std::collections::BTreeMap;

use ports::Millis;
use sare_api::{BatchSize, LookupForm};
use serde::{Deserialize, Serialize};
use shoper_api::OptionList;
use store::{FURTHEST_MS, PUT_BACK_MS};
use sync_core::RecordKind;

use crate::addresses::Pass;
use crate::blame::CallTrouble;
use crate::bucket::Bucket;
use crate::counted::Counted;
use crate::error::Side;
use crate::narrow::Narrow;
use crate::outage::Away;
use crate::session::millis;
use crate::settings::EngineSettings;
use crate::silence::Silence;
use crate::trouble::AccountTrouble;
use crate::{addresses, labels, lookup};

/// When the recurring work is due next; 0 = at once.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timers {
    /// The look for new ids.
    pub look: Millis,
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
    /// The look whether the shop can be asked for addresses of many customers after all.
    pub addresses: Millis,
    /// The look whether an account that does without the list of statuses has it after all.
    pub lookup_again: Millis,
}

impl Timers {
    /// Every timer, and how long it is at most until it is due.
    fn all(&mut self, settings: &EngineSettings) -> [(&mut Millis, Millis); 12] {
        // Services are asked to be patient with by no more than a lane plans ahead.
        let rest = FURTHEST_MS;
        [
            (&mut self.look, millis(settings.look_every)),
            (&mut self.poll, millis(settings.poll_every).max(FURTHEST_MS)),
            (&mut self.sweep, millis(settings.sweep_every)),
            (&mut self.hooks, millis(settings.hooks_every)),
            (&mut self.labels, labels::EVERY_MS),
            (&mut self.shoper, rest),
            (&mut self.sare, rest),
            (&mut self.counts, millis(settings.counts_every)),
            (&mut self.drift, millis(settings.drift_sweep_every)),
            (&mut self.lookup, lookup::SEARCH_EVERY_MS),
            (&mut self.addresses, addresses::LOOK_AGAIN_MS),
            (&mut self.lookup_again, lookup::LOOK_AGAIN_MS),
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
}

/// A place of each list that is being narrowed down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Narrowing {
    customers: Option<Narrow>,
    subscribers: Option<Narrow>,
}

impl Narrowing {
    /// That of one list.
    pub fn of(&self, kind: RecordKind) -> Option<Narrow> {
        match kind {
            RecordKind::Customer => self.customers,
            RecordKind::Subscriber => self.subscribers,
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, kind: RecordKind) -> &mut Option<Narrow> {
        match kind {
            RecordKind::Customer => &mut self.customers,
            RecordKind::Subscriber => &mut self.subscribers,
        }
    }
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

/// What a turn learnt before it was halted; the next try does not ask for it again. Nothing personal: ids and keyed hashes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learnt {
    /// The kind of turn that learnt it last.
    pub by: String,
    /// Records that the shop answered with its own 404, as dirty entries are written, and when.
    pub gone: BTreeMap<String, Millis>,
    /// SARE's word on addresses, by hash, and when.
    pub views: BTreeMap<String, (i64, Millis)>,
    /// The shop's counts of rows, by what was counted, and when; -1 where it does not count.
    pub counts: BTreeMap<String, (i64, Millis)>,
    /// What was read of a contact that takes more requests than a bucket holds.
    pub pieces: Pieces,
}

/// Records read and kept in the ledger, of a contact that is read piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pieces {
    /// The dirty entry and its version: whatever marks it anew makes what was read before worth nothing.
    pub entry: (String, i64),
    /// Records, as dirty entries are written, and when they were read.
    pub read: BTreeMap<String, Millis>,
}

impl Learnt {
    /// How long it is believed that a record is gone. Ids are not given twice.
    const GONE_MS: Millis = 10 * 60_000;
    /// How long a count of rows, or a record read as a piece of its contact, is not asked for again.
    const READ_MS: Millis = 10 * 60_000;
    /// How long a status is kept; for how long it counts is for whoever asks to say.
    const VIEW_MS: Millis = 120_000;

    /// Takes over what a halted turn learnt and drops what is too old to be believed.
    pub fn add(&mut self, more: Self, now: Millis) {
        self.gone.extend(more.gone);
        self.views.extend(more.views);
        self.gone.retain(|_, at| *at + Self::GONE_MS > now);
        self.views.retain(|_, (_, at)| *at + Self::VIEW_MS > now);
        self.counts.extend(more.counts);
        self.counts.retain(|_, (_, at)| *at + Self::READ_MS > now);
        if self.pieces.entry == more.pieces.entry {
            self.pieces.read.extend(more.pieces.read);
        } else if !more.pieces.read.is_empty() {
            self.pieces = more.pieces;
        }
        self.pieces.read.retain(|_, at| *at + Self::READ_MS > now);
    }

    /// Whether the record was read just now as a piece of the contact that this entry is about.
    pub fn has_piece(&self, entry: (&str, i64), record: &str, now: Millis) -> bool {
        (self.pieces.entry.0.as_str(), self.pieces.entry.1) == entry
            && (self.pieces.read.get(record)).is_some_and(|at| *at + Self::READ_MS > now)
    }

    /// A count that the shop has given just now; -1 where it does not count.
    pub fn count(&self, what: &str, now: Millis) -> Option<i64> {
        let (count, at) = self.counts.get(what)?;
        (*at + Self::READ_MS > now).then_some(*count)
    }

    /// Whether the shop has just said that the record is gone.
    pub fn is_gone(&self, record: &str, now: Millis) -> bool {
        self.gone.get(record).is_some_and(|at| *at + Self::GONE_MS > now)
    }

    /// What SARE has said of an address since `since`.
    pub fn view(&self, hash: &str, since: Millis) -> Option<i64> {
        let (view, at) = self.views.get(hash)?;
        (*at > since).then_some(*view)
    }
}

/// The newest update of data whose effect on statuses is to be read back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToProve {
    /// When it was written.
    pub at: Millis,
    /// Statuses before it, by hash in hexadecimal.
    pub before: BTreeMap<String, i64>,
}

/// How a shop can be asked for addresses of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressWay {
    /// Those of many customers with one request.
    #[default]
    Together,
    /// Those of one customer with one request.
    Singly,
    /// Only in the list of all of them.
    Listed,
    /// Not by customer.
    NotAtAll,
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
    /// The list in which the shop keeps the options of selects.
    pub option_list: OptionList,
    /// The rule by which all contacts' keys are made.
    pub key_rule: u32,
    /// Where the moving of contacts to other keys is, hexadecimal.
    pub respelling: Option<String>,
    /// The configuration for which a run was made.
    pub config_seen: i64,
    /// The first synchronisation is over.
    pub first_done: bool,
    /// Greatest ids when the first synchronisation was over: customers, subscribers.
    pub base: (i64, i64),
    /// Greatest ids seen since.
    pub watermark: (i64, i64),
    /// Recurring work.
    pub timers: Timers,
    /// The poll under way.
    pub poll: Option<Poll>,
    /// The poll found too much and waits for a person.
    pub poll_braked: bool,
    /// A person let the braked poll go on.
    pub poll_released: bool,
    /// Places among what is new at which reading fails, being narrowed down.
    pub look_narrow: Narrowing,
    /// What the shop's counts and the ledger's may differ by.
    pub counted: Counted,
    /// When the last whole reading of the shop that came to its end had begun: what happened before is known.
    pub read_from: Millis,
    /// The end of the last absence of all servers that is being made up for.
    pub absence_noticed: Millis,
    /// How it stands with the shop and with SARE.
    pub away: [Away; 2],
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
    pub sent_on: bool,
    /// Failures in a row of the shop and of SARE.
    pub failures: (u32, u32),
    /// Calls about contacts at which SARE has failed though it answers others, by their words.
    pub calls: BTreeMap<String, CallTrouble>,
    /// What is wrong with the SARE account as a whole.
    pub trouble: AccountTrouble,
    /// Requests that turns of each kind need, to the shop and to SARE, as far as one was halted for want of places.
    pub needs: BTreeMap<String, (f64, f64)>,
    /// What the halted turn had learnt.
    pub learnt: Learnt,
    /// Lists of names read so far, by name, while they are being read anew.
    pub labels_read: BTreeMap<String, Labels>,
    /// Turns of live changes in a row that a failing service kept from their end: each makes the next one smaller.
    pub stumbles: u32,
    /// The shop refuses to filter addresses by `default`.
    pub all_addresses: bool,
    /// How it can be asked for addresses.
    pub address_way: AddressWay,
    /// The pass through the list of all of them.
    pub address_pass: Pass,
    /// It could be asked for them in no way when last tried.
    pub addresses_refused: bool,
    /// The active run was found to stand still.
    pub stands_still: bool,
    /// Records that do not say what they consent to.
    pub silence: Silence,
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
            option_list: OptionList::default(),
            key_rule: 0,
            respelling: None,
            config_seen: 0,
            first_done: false,
            base: (i64::MAX, i64::MAX),
            watermark: (0, 0),
            timers: Timers::default(),
            poll: None,
            poll_braked: false,
            poll_released: false,
            look_narrow: Narrowing::default(),
            counted: Counted::default(),
            read_from: 0,
            absence_noticed: 0,
            away: Default::default(),
            updates_proven: 0,
            to_prove: ToProve::default(),
            updates_harm: false,
            sare_refused: false,
            sare_unpaid: false,
            sare_not_understood: false,
            sent_on: false,
            failures: (0, 0),
            calls: BTreeMap::new(),
            trouble: AccountTrouble::default(),
            needs: BTreeMap::new(),
            learnt: Learnt::default(),
            labels_read: BTreeMap::new(),
            stumbles: 0,
            all_addresses: false,
            address_way: AddressWay::default(),
            address_pass: Pass::default(),
            addresses_refused: false,
            stands_still: false,
            silence: Silence::default(),
            labels: Labels::default(),
            labels_config: 0,
        }
    }
}

impl LaneState {
    /// Reads the state kept in the ledger; one that cannot be read starts anew, which costs time and loses nothing.
    pub fn parse(text: &str, settings: &EngineSettings) -> Self {
        let mut state: Self = serde_json::from_str(text).unwrap_or_default();
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
            // Learnt at times that have not come yet: it is asked for again.
            self.learnt = Learnt::default();
            self.at = now;
        }
        for away in &mut self.away {
            away.since = away.since.map(|since| since.min(now));
        }
        self.read_from = self.read_from.min(now);
        self.absence_noticed = self.absence_noticed.min(now);
        for bucket in [&mut self.shoper, &mut self.sare] {
            bucket.at = bucket.at.min(now);
        }
        if let Some(poll) = &mut self.poll {
            poll.began = poll.began.min(now);
        }
        self.to_prove.at = self.to_prove.at.min(now);
    }

    /// How it stands with a service.
    pub fn away(&mut self, side: Side) -> &mut Away {
        &mut self.away[side as usize]
    }

    /// A service did not answer a call in a way that is the call's own; it is away since then, or since before.
    pub fn note_away(&mut self, side: Side, now: Millis) {
        self.away(side).since.get_or_insert(now);
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
        state.learnt.gone.insert("u:1".to_owned(), now);
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
    fn a_timer_is_never_further_away_than_its_period_whatever_the_clock_did() {
        for jump in [2 * 60_000, HOUR, 5 * HOUR, 48 * HOUR, 400 * 24 * HOUR] {
            let mut jumped = set_at(NOW + jump);
            let mut state = LaneState::open(&jumped.text_at(NOW + jump), &settings(), NOW);
            for (place, (left, period)) in furthest(&mut state, NOW).into_iter().enumerate() {
                assert!(left <= period, "timer {place} after {jump}: {left} of {period}");
            }
            assert!(state.shoper.available(NOW + 60_000, 0.0) > 0.0, "{jump}");
            assert!(state.sare.available(NOW + 60_000, 0.0) > 0.0, "{jump}");
            assert!(!state.learnt.is_gone("u:1", NOW));
            assert!(state.poll.as_ref().is_some_and(|poll| poll.began <= NOW));
            assert_eq!(state.at, NOW);
        }
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
