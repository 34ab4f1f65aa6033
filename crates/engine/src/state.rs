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
    /// How SARE takes lists of addresses.
    pub lookup: LookupForm,
    /// Whether that has been proven by an answer naming an address we know to be there.
    pub lookup_proven: bool,
    /// Tries at proving it.
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
    /// Updates of data changed people's statuses in this account: nothing is written until a person looked.
    pub updates_harm: bool,
    /// SARE refused the key when last asked.
    pub sare_refused: bool,
    /// Failures in a row of the shop and of SARE.
    pub failures: (u32, u32),
    /// The shop refuses to filter addresses by `default`.
    pub all_addresses: bool,
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
            updates_harm: false,
            sare_refused: false,
            failures: (0, 0),
            all_addresses: false,
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
