//! What a lane remembers between slices. Plain data without anything personal, kept in the ledger.

use std::collections::BTreeMap;

use ports::Millis;
use sare_api::{BatchSize, LookupForm};
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::settings::EngineSettings;

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
    /// Not by customer.
    NotAtAll,
}

/// The lane's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneState {
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
    /// How the shop's counts differed from the ledger's after the last whole reading of the shop.
    pub differences: Option<Vec<i64>>,
    /// Batches of updates after which the statuses were read back and found as they had been.
    pub updates_proven: u32,
    /// The batch of updates that is to be read back.
    pub to_prove: ToProve,
    /// Updates of data changed people's statuses in this account: nothing is written until a person looked.
    pub updates_harm: bool,
    /// SARE refused the key when last asked.
    pub sare_refused: bool,
    /// SARE's word on statuses could not be read in any way when last asked.
    pub sare_not_understood: bool,
    /// Failures in a row of the shop and of SARE.
    pub failures: (u32, u32),
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
    /// It could be asked for them in no way when last tried.
    pub addresses_refused: bool,
    /// Names.
    pub labels: Labels,
    /// The configuration for which they were read.
    pub labels_config: i64,
}

impl Default for LaneState {
    fn default() -> Self {
        Self {
            shoper: Bucket::new(10.0, 2.0),
            sare: Bucket::new(8.0, 2.0),
            batch: BatchSize::default(),
            lookup: LookupForm::default(),
            lookup_proven: false,
            lookup_tries: 0,
            account: None,
            forgetting: None,
            config_seen: 0,
            first_done: false,
            base: (i64::MAX, i64::MAX),
            watermark: (0, 0),
            timers: Timers::default(),
            poll: None,
            poll_braked: false,
            poll_released: false,
            differences: None,
            updates_proven: 0,
            to_prove: ToProve::default(),
            updates_harm: false,
            sare_refused: false,
            sare_not_understood: false,
            failures: (0, 0),
            needs: BTreeMap::new(),
            learnt: Learnt::default(),
            labels_read: BTreeMap::new(),
            stumbles: 0,
            all_addresses: false,
            address_way: AddressWay::default(),
            addresses_refused: false,
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

    /// The text kept in the ledger.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a lane's state is plain data")
    }
}
