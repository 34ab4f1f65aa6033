//! The ledger's rows as the rest of the program sees them: secrets opened, numbers named.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sync_core::{RecordKey, RecordKind, ShopId};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// The keyed hash under which an address is found. The same address hashes differently in
/// different shops, so that ledgers cannot be joined across shops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddrHash(pub [u8; 16]);

impl AddrHash {
    /// Lower-case hexadecimal, 32 characters.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads [`AddrHash::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl std::fmt::Debug for AddrHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddrHash({}…)", hex::encode(&self.0[..3]))
    }
}

/// How we came to serve a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Installed from the AppStore; OAuth tokens.
    AppStore,
    /// Connected by the operator with an administrator's login.
    Direct,
}

/// Where a shop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShopState {
    /// Known, the authorisation code not yet exchanged (or the login not yet tried).
    Connecting,
    /// Tokens work.
    Connected,
    /// The shop refuses our tokens for good; a reinstallation or a new login is needed.
    AccessLost,
    /// Uninstalled; our webhooks and the shop's data are being removed.
    Uninstalling,
    /// Uninstalled and erased; only the licence and the times remain.
    Removed,
}

/// One shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Our number for it.
    pub id: ShopId,
    /// The shop's licence hash; for a shop connected without the AppStore, `direct:` and its host until a webhook tells it.
    pub license: String,
    /// Host with port where it is not the default one.
    pub host: String,
    /// Base URL.
    pub url: String,
    /// AppStore or direct.
    pub origin: Origin,
    /// Where it stands.
    pub state: ShopState,
    /// The merchant or operator stopped all synchronisation.
    pub paused: bool,
    /// On trial.
    pub trial: bool,
    /// Paid until.
    pub subscription_until: Option<Millis>,
    /// Version of the app in the shop.
    pub app_version: Option<i64>,
    /// Scopes granted, comma separated.
    pub scopes: Option<String>,
    /// The merchant's configuration as TOML, without the SARE key.
    pub config: Option<String>,
    /// Rises with every change of the configuration.
    pub config_version: i64,
    /// When the latest `install` was sent by the shop, by its own timestamp text.
    pub installed_stamp: Option<String>,
    /// When we first knew it.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
    /// When a synchronisation or look at the shop last succeeded (for the alarm on silence).
    pub last_success_at: Option<Millis>,
    /// Base URL at Shoper, where it is not `url` itself (shoper-api.md A.2).
    pub technical_url: Option<String>,
    /// The first synchronisation does not begin before.
    pub first_run_after: Option<Millis>,
}

/// The secrets kept for a shop, each under its name, encrypted at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretName {
    /// Shoper access token.
    AccessToken,
    /// Shoper refresh token.
    RefreshToken,
    /// The refresh token before the one in use, kept until the new pair has proved itself.
    PreviousRefreshToken,
    /// An authorisation code waiting to be exchanged.
    AuthCode,
    /// Administrator's login (direct connection).
    AdminLogin,
    /// Administrator's password (direct connection).
    AdminPassword,
    /// SARE API key.
    SareKey,
    /// Token in the URL of the shop's webhooks.
    ShoperHookToken,
    /// Secret with which the shop signs its webhooks.
    ShoperHookSecret,
    /// Token in the URL of SARE's webhook.
    SareHookToken,
}

/// A contact in the ledger: one address of one shop.
#[derive(Clone)]
pub struct Contact {
    /// Keyed hash of the address.
    pub hash: AddrHash,
    /// The address as the shop writes it; `None` once erased.
    pub address: Option<String>,
    /// Fingerprint of what SARE was last told; `None` = never told or not proven.
    pub sent: Option<Vec<u8>>,
    /// When that was.
    pub sent_at: Option<Millis>,
    /// The groups of ours we put the contact in.
    pub groups: Vec<i64>,
    /// The shop's consent by the merchant's rule when last decided.
    pub consent: Option<bool>,
    /// A withdrawal was seen in the shop and no opt-in since.
    pub withdrawn: bool,
    /// Status last seen in SARE: `Some(0)` = surely absent, `None` = never looked.
    pub sare_status: Option<i64>,
    /// When it was seen.
    pub sare_seen_at: Option<Millis>,
    /// The refusal we know of in SARE (its status; 0 = removed from SARE by its people), `None` = none.
    pub refusal: Option<i64>,
    /// When we learnt of it.
    pub refused_at: Option<Millis>,
    /// How we learnt of it: `first-sight`, `sare`, `shop`, `vanished`, `followed`.
    pub refusal_origin: Option<String>,
    /// Whether the refusal was carried into the shop as far as it can be.
    pub refusal_applied: bool,
    /// A status change under way, as JSON written by the engine.
    pub intent: Option<String>,
    /// What the last synchronisation made of it.
    pub outcome: Outcome,
    /// The run that last counted it.
    pub run_id: Option<i64>,
    /// Found newly refused by the present poll, not yet acted upon.
    pub poll_found: bool,
    /// Last change of this row.
    pub updated_at: Millis,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("hash", &self.hash)
            .field("sare_status", &self.sare_status)
            .field("refusal", &self.refusal)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Contact {
    /// A contact never seen before.
    pub fn new(hash: AddrHash, address: String, now: Millis) -> Self {
        Self {
            hash,
            address: Some(address),
            sent: None,
            sent_at: None,
            groups: Vec::new(),
            consent: None,
            withdrawn: false,
            sare_status: None,
            sare_seen_at: None,
            refusal: None,
            refused_at: None,
            refusal_origin: None,
            refusal_applied: false,
            intent: None,
            outcome: Outcome::Unknown,
            run_id: None,
            poll_found: false,
            updated_at: now,
        }
    }
}

/// What the last synchronisation made of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i64)]
pub enum Outcome {
    /// Known from the shop, not yet decided.
    Unknown = 0,
    /// In SARE as the mapping asks.
    Synchronised = 1,
    /// Refused in SARE or by us; no data goes there.
    Suppressed = 2,
    /// Left out by the merchant's choice (no consent, kind switched off).
    Skipped = 3,
    /// Could not be written; see problems.
    Failed = 4,
    /// Blocked or of unknown status in SARE: never touched.
    HandsOff = 5,
    /// No longer in the shop; dealt with as configured.
    Gone = 6,
}

impl Outcome {
    /// The outcome kept under `number`; unknown numbers read as [`Outcome::Unknown`].
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Synchronised,
            2 => Self::Suppressed,
            3 => Self::Skipped,
            4 => Self::Failed,
            5 => Self::HandsOff,
            6 => Self::Gone,
            _ => Self::Unknown,
        }
    }
}

/// One record of the shop as last seen: where it points and what it said of consent. No traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Kind and id in the shop.
    pub key: RecordKey,
    /// The contact it belongs to.
    pub hash: AddrHash,
    /// `users.newsletter` or `subscribers.active`.
    pub consent: bool,
    /// For subscribers what is needed to rebuild the row: small JSON of lang_id, groups, dateadd. Never traits of a person.
    pub extra: Option<String>,
    /// The run that last saw it; sweeps find the missing ones by it.
    pub run_id: Option<i64>,
    /// When it was last read.
    pub seen_at: Millis,
}

/// What makes a contact dirty: a record, or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DirtyKey {
    /// A customer or subscriber changed, appeared or vanished.
    Record(RecordKey),
    /// An address is to be looked at (SARE's webhook, a verification, a retry).
    Address(AddrHash),
}

impl DirtyKey {
    /// `u:12`, `s:7` or `a:<hex>`.
    pub fn encode(self) -> String {
        match self {
            Self::Record(key) => format!("{}:{}", key.kind.letter(), key.id),
            Self::Address(hash) => format!("a:{}", hash.to_hex()),
        }
    }

    /// Reads [`DirtyKey::encode`].
    pub fn decode(text: &str) -> Option<Self> {
        let (letter, rest) = text.split_once(':')?;
        match letter {
            "u" => Some(Self::Record(RecordKey {
                kind: RecordKind::Customer,
                id: rest.parse().ok()?,
            })),
            "s" => Some(Self::Record(RecordKey {
                kind: RecordKind::Subscriber,
                id: rest.parse().ok()?,
            })),
            "a" => Some(Self::Address(AddrHash::from_hex(rest)?)),
            _ => None,
        }
    }
}

/// Whose turn it is: lower numbers go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i64)]
pub enum Priority {
    /// One of the few that a person tries before the first synchronisation.
    Trial = -1,
    /// A person or a webhook waits for it.
    Live = 0,
    /// Found by the look for new ids.
    New = 1,
    /// Found by the unsubscribe poll.
    Poll = 2,
    /// Found by a sweep, a forced run or a changed mapping.
    Bulk = 3,
}

impl Priority {
    /// The priority kept under `number`; unknown numbers read as [`Priority::Bulk`].
    pub fn from_number(number: i64) -> Self {
        match number {
            -1 => Self::Trial,
            0 => Self::Live,
            1 => Self::New,
            2 => Self::Poll,
            _ => Self::Bulk,
        }
    }
}

/// Why a contact is dirty, told in its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A webhook of the shop.
    Webhook,
    /// The shop's webhook said the record was deleted.
    DeleteWebhook,
    /// SARE's webhook named the address.
    SareHook,
    /// The look for new ids.
    NewId,
    /// The unsubscribe poll.
    Poll,
    /// A sweep found a difference.
    Sweep,
    /// A sweep did not see the record.
    Missing,
    /// A changed mapping or configuration.
    Backfill,
    /// A forced synchronisation.
    Forced,
    /// A status change is to be read back.
    Verify,
    /// Another try after a failure.
    Retry,
    /// A person asked.
    Manual,
    /// A person asked for a refusal made in SARE to be carried into the shop.
    ApplyRefusal,
}

/// Marks something dirty. Marking again raises the version, so that a change seen while the older
/// one is being worked on is not lost with it.
#[derive(Debug, Clone, Copy)]
pub struct DirtyMark {
    /// What.
    pub key: DirtyKey,
    /// When it may be worked on. On conflict the earlier of both.
    pub due_at: Millis,
    /// Whose turn. On conflict the lower number.
    pub priority: Priority,
    /// Why. On conflict the newer, except that [`Reason::DeleteWebhook`] and
    /// [`Reason::ApplyRefusal`], which ask for more than a look, stay.
    pub reason: Reason,
    /// `Some(run)` = held back until that run releases it. A mark without run frees a held one.
    pub held_by: Option<i64>,
}

/// A dirty entry taken up for work.
#[derive(Debug, Clone)]
pub struct Dirty {
    /// What.
    pub key: DirtyKey,
    /// Version at the time of reading.
    pub version: i64,
    /// Whose turn.
    pub priority: Priority,
    /// Why.
    pub reason: Reason,
    /// Failed tries so far.
    pub attempts: i64,
    /// When it was first marked.
    pub first_at: Millis,
}

/// A dirty entry as people look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What.
    pub key: DirtyKey,
    /// When it may be worked on.
    pub due_at: Millis,
    /// Whose turn.
    pub priority: Priority,
    /// Why.
    pub reason: Reason,
    /// Failed tries so far.
    pub attempts: i64,
    /// When it was first marked.
    pub first_at: Millis,
    /// A run holds it back.
    pub is_held: bool,
}

impl Waiting {
    /// Its place in the order of [`Store::waiting_after`](crate::Store::waiting_after).
    pub fn place(&self) -> (Priority, Millis, DirtyKey) {
        (self.priority, self.due_at, self.key)
    }
}

/// What became of a dirty entry.
#[derive(Debug, Clone, Copy)]
pub enum DirtyDone {
    /// Dealt with: removed if the version is still the same.
    Done {
        /// What.
        key: DirtyKey,
        /// The version that was dealt with.
        version: i64,
    },
    /// To be tried again at `due_at`; `attempts` replaces the count. If the version rose meanwhile the entry stays as it is.
    Again {
        /// What.
        key: DirtyKey,
        /// The version that was tried.
        version: i64,
        /// Next try.
        due_at: Millis,
        /// Failed tries so far.
        attempts: i64,
    },
}

/// One line of a contact's history. At most 50 are kept for a contact, the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Whose.
    pub hash: AddrHash,
    /// When.
    pub at: Millis,
    /// What happened, a stable word such as `added` or `unsubscribed-in-sare`.
    pub kind: String,
    /// Details as JSON without personal data.
    pub detail: Option<String>,
}

/// Something that needs attention: a contact that cannot be synchronised, or the shop as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about: a dirty key's text, or `shop:<topic>`.
    pub key: String,
    /// A stable word, e.g. `sare-refused`, `bad-address`, `no-scope`.
    pub kind: String,
    /// The contact, where there is one.
    pub hash: Option<AddrHash>,
    /// Details as text shown to people; may quote a service's own words, so it is encrypted at rest.
    pub detail: Option<String>,
    /// A final verdict (not tried again by itself), as opposed to a failure.
    pub is_final: bool,
    /// First seen.
    pub first_at: Millis,
    /// Last seen.
    pub last_at: Millis,
    /// How often.
    pub times: i64,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// The first full synchronisation.
    First,
    /// A forced full synchronisation.
    Forced,
    /// The daily sweep.
    Sweep,
    /// After a change of the configuration.
    Backfill,
    /// A statement only; writes nothing.
    DryRun,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Waiting for its turn.
    Queued,
    /// Under way.
    Running,
    /// Stopped by the brake; waits for a person.
    Braked,
    /// Ended well.
    Done,
    /// Did not start, since it would have made someone mailable.
    Refused,
    /// Ended by an error no retry can mend.
    Failed,
    /// Ended by a person or replaced by a newer run.
    Cancelled,
}

impl RunState {
    /// Whether the run is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Failed | Self::Cancelled)
    }
}

/// One run through the whole shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number within the shop, rising.
    pub id: i64,
    /// What it is for.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// Cursor, counters and statement as JSON written by the engine.
    pub body: String,
    /// Why it stopped, for people.
    pub error: Option<String>,
    /// Created.
    pub created_at: Millis,
    /// First worked on.
    pub started_at: Option<Millis>,
    /// Ended.
    pub ended_at: Option<Millis>,
}

/// A claimed lane. Whoever holds it, and nobody else, may commit to the shop's ledger until it
/// expires or is released.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The shop.
    pub shop: ShopId,
    /// Fencing token; commits carry it.
    pub fence: i64,
    /// The engine's own state of the lane (timers, pace) as JSON.
    pub state: String,
    /// When the lease ends unless a commit renews it.
    pub until: Millis,
    /// How long it lasts each time, in milliseconds.
    pub length: i64,
}

/// All that one piece of work changes, written in one transaction.
#[derive(Debug, Default)]
pub struct Commit {
    /// Contacts to insert or replace.
    pub contacts: Vec<Contact>,
    /// Contacts to remove wholly (row, history).
    pub forget: Vec<AddrHash>,
    /// Records to insert or replace.
    pub records: Vec<Record>,
    /// Records that no longer exist in the shop.
    pub gone: Vec<RecordKey>,
    /// New dirty marks.
    pub marks: Vec<DirtyMark>,
    /// Dirty entries dealt with.
    pub done: Vec<DirtyDone>,
    /// New lines of history.
    pub history: Vec<HistoryEntry>,
    /// Problems seen (inserted, or `last_at`, `times`, `detail` and `kind` brought up to date).
    pub problems: Vec<Problem>,
    /// Problems solved, by key.
    pub solved: Vec<String>,
    /// The run's new state.
    pub run: Option<Run>,
    /// Meters to raise, by name.
    pub meters: Vec<(&'static str, i64)>,
    /// The lane's new state.
    pub lane_state: Option<String>,
    /// Sets the shop's `last_success_at`.
    pub success_at: Option<Millis>,
}

/// A lifecycle message, received and proven.
#[derive(Debug)]
pub struct Lifecycle {
    /// `shop`.
    pub license: String,
    /// `action` as sent.
    pub action: String,
    /// `hash`, lower-case; with licence and action the identity of the message.
    pub hash: String,
    /// `timestamp` as sent.
    pub timestamp: String,
    /// When it came.
    pub received_at: Millis,
    /// What it asks for.
    pub effect: LifecycleEffect,
}

/// What a lifecycle message changes, applied in the same transaction that stores it.
#[derive(Debug)]
pub enum LifecycleEffect {
    /// `install`: the shop is inserted or brought up to date; the code waits for the engine. Working tokens stay until
    /// the code has been exchanged.
    Install {
        /// Base URL.
        url: String,
        /// Host of it.
        host: String,
        /// The code.
        auth_code: Option<SecretString>,
        /// `application_version`.
        version: Option<i64>,
        /// `trial`.
        trial: Option<bool>,
    },
    /// `upgrade`.
    Upgrade {
        /// `application_version`.
        version: Option<i64>,
        /// A code, where the message carries one.
        auth_code: Option<SecretString>,
        /// `trial`.
        trial: Option<bool>,
    },
    /// `billing_install`.
    Paid,
    /// `billing_subscription`.
    Subscribed {
        /// Paid until.
        until: Option<Millis>,
    },
    /// `uninstall`. Ignored when older than the latest install (both stamps compare as text of one form).
    Uninstall,
    /// A signed action we do not know: kept.
    Unknown {
        /// The parameters without codes and hashes, as JSON.
        params: String,
    },
}

/// What came of a lifecycle message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Stored and applied.
    Applied(ShopId),
    /// Known already; nothing changed.
    Repeated,
    /// Stored, without effect (unknown action, unknown shop, or older than what we know).
    Kept,
}

/// Which of a shop's two inbound hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// `POST /shoper/webhooks/{token}`.
    Shoper,
    /// `POST /sare/webhooks/{token}`.
    Sare,
}

/// A shop found by the token in a hook's URL.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The shop.
    pub shop: ShopId,
    /// Its licence.
    pub license: String,
    /// The webhook's id in the shop, once registered.
    pub remote_id: Option<i64>,
    /// Secret for signatures.
    pub secret: Option<SecretString>,
    /// Which signature matched last: `plain` or `derived`.
    pub matched: Option<String>,
    /// Last accepted call.
    pub last_at: Option<Millis>,
    /// Whether the shop is served (not uninstalled).
    pub active: bool,
}

/// How many contacts stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All contacts of the ledger that still have an address.
    pub contacts: i64,
    /// By outcome number.
    pub by_outcome: std::collections::BTreeMap<i64, i64>,
    /// Of SARE status 8.
    pub mailable: i64,
    /// With a refusal known.
    pub refused: i64,
    /// Records of customers.
    pub customers: i64,
    /// Records of subscribers.
    pub subscribers: i64,
    /// Dirty entries, held ones not counted.
    pub dirty: i64,
    /// Open problems.
    pub problems: i64,
}
