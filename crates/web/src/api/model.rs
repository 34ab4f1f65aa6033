//! What the API says of shops, runs, problems and contacts.

use std::collections::BTreeMap;

use desk::Remedy;
use desk::standing::{Matter, Standing};
use engine::Body;
use ports::Millis;
use serde::{Deserialize, Serialize};
use store::{Contact, Counts, HistoryEntry, Outcome, Problem, Run, Shop};
use sync_core::{Lang, RecordKind};
use utoipa::ToSchema;

/// A moment as RFC 3339 in UTC.
pub fn iso(at: Millis) -> Option<String> {
    jiff::Timestamp::from_millisecond(at)
        .ok()
        .map(|moment| moment.to_string())
}

/// The word under which a value is known.
pub fn word<T: Serialize>(value: T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A shop.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ShopView {
    /// Its host, with the port where it is not the usual one.
    pub shop: String,
    /// Its licence hash; `direct:` and the host while a shop connected without the AppStore has not told it.
    pub license: String,
    /// Its address.
    pub url: String,
    /// `app-store` or `direct`.
    pub origin: String,
    /// `connecting`, `connected`, `access-lost`, `uninstalling` or `removed`.
    pub state: String,
    /// How it stands, the gravest that is true of it, as the panel's headline says it: `current` when all is well, else
    /// e.g. `sare-not-connected`, `access-lost`, `paused`, `sare-away`, `run-under-way`.
    pub standing: String,
    /// How that is meant: `good`, `info`, `warn` or `bad`.
    pub severity: String,
    /// All that is true of it in the same words, the gravest first.
    pub matters: Vec<String>,
    /// The shop's side: `answers`, `away`, `refuses`, `connecting`, `not-asked` or `not-connected`.
    pub shop_side: String,
    /// SARE's side, in the same words.
    pub sare_side: String,
    /// All synchronisation is stopped.
    pub paused: bool,
    /// On trial.
    pub trial: bool,
    /// Paid until.
    pub subscription_until: Option<String>,
    /// It has a configuration.
    pub configured: bool,
    /// Rises with every change of the configuration.
    pub config_version: i64,
    /// When a synchronisation or look at the shop last succeeded.
    pub last_success: Option<String>,
    /// How many contacts stand where.
    pub counts: CountsView,
    /// The run that is not over.
    pub run: Option<RunView>,
}

impl ShopView {
    /// Puts together what the ledger knows.
    pub fn new(shop: &Shop, counts: &Counts, run: Option<&Run>, standing: &Standing) -> Self {
        Self {
            shop: shop.host.clone(),
            license: shop.license.clone(),
            url: shop.url.clone(),
            origin: word(shop.origin),
            state: word(shop.state),
            standing: standing.headline().word().to_owned(),
            severity: standing.headline().gravity().word().to_owned(),
            matters: standing
                .matters
                .iter()
                .map(Matter::word)
                .map(str::to_owned)
                .collect(),
            shop_side: standing.shop.word().to_owned(),
            sare_side: standing.sare.word().to_owned(),
            paused: shop.paused,
            trial: shop.trial,
            subscription_until: shop.subscription_until.and_then(iso),
            configured: shop.config.is_some(),
            config_version: shop.config_version,
            last_success: shop.last_success_at.and_then(iso),
            counts: CountsView::new(counts),
            run: run.map(RunView::new),
        }
    }
}

/// How many contacts stand where.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CountsView {
    /// All contacts with an address.
    pub contacts: i64,
    /// Records of customers.
    pub customers: i64,
    /// Records of newsletter subscribers.
    pub subscribers: i64,
    /// In SARE as the mapping asks.
    pub synchronised: i64,
    /// Refused; no data goes there.
    pub suppressed: i64,
    /// Left out by the merchant's choice.
    pub skipped: i64,
    /// Could not be written; see problems.
    pub failed: i64,
    /// Blocked or of unknown status in SARE: never touched.
    pub hands_off: i64,
    /// No longer in the shop.
    pub gone: i64,
    /// Not decided yet.
    pub undecided: i64,
    /// Of SARE status 8.
    pub mailable: i64,
    /// With a refusal known.
    pub refused: i64,
    /// Changes waiting.
    pub waiting: i64,
    /// Open problems.
    pub problems: i64,
}

impl CountsView {
    fn new(counts: &Counts) -> Self {
        let of = |outcome: Outcome| counts.by_outcome.get(&(outcome as i64)).copied().unwrap_or(0);
        Self {
            contacts: counts.contacts,
            customers: counts.customers,
            subscribers: counts.subscribers,
            synchronised: of(Outcome::Synchronised),
            suppressed: of(Outcome::Suppressed),
            skipped: of(Outcome::Skipped),
            failed: of(Outcome::Failed),
            hands_off: of(Outcome::HandsOff),
            gone: of(Outcome::Gone),
            undecided: of(Outcome::Unknown),
            mailable: counts.mailable,
            refused: counts.refused,
            waiting: counts.dirty,
            problems: counts.problems,
        }
    }
}

/// One run through the whole shop.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RunView {
    /// Its number within the shop.
    pub id: i64,
    /// `first`, `forced`, `sweep`, `backfill` or `dry-run`.
    pub kind: String,
    /// `queued`, `running`, `braked`, `done`, `refused`, `failed` or `cancelled`.
    pub state: String,
    /// Why it stopped.
    pub error: Option<String>,
    /// When it was asked for.
    pub created: Option<String>,
    /// When it began.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Where it is, what it counted, and what it would change: `phase`, `total`, `done`, `counters`, `statement`,
    /// `eta_seconds`, `waiting_for`.
    #[schema(value_type = Object)]
    pub progress: serde_json::Value,
}

impl RunView {
    /// A run as the ledger keeps it.
    pub fn new(run: &Run) -> Self {
        Self {
            id: run.id,
            kind: word(run.kind),
            state: word(run.state),
            error: run.error.clone(),
            created: iso(run.created_at),
            started: run.started_at.and_then(iso),
            ended: run.ended_at.and_then(iso),
            progress: serde_json::to_value(Body::parse(&run.body)).unwrap_or_default(),
        }
    }
}

/// Something that needs attention.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemView {
    /// By which it is retried.
    pub key: String,
    /// The contact's address, `customer 12`, `subscriber 7` or `the shop`.
    pub who: String,
    /// A stable word, e.g. `sare-refused`.
    pub kind: String,
    /// What happened, in one sentence.
    pub cause: String,
    /// What helps.
    pub remedy: String,
    /// Who can do that: `itself` (it is tried again), `merchant`, `operator`, `sare` or `shoper`.
    pub healer: String,
    /// Details, perhaps in a service's own words.
    pub detail: Option<String>,
    /// A final verdict, not tried again by itself.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// First seen.
    pub since: Option<String>,
    /// Last seen.
    pub last: Option<String>,
    /// How often.
    pub times: i64,
}

impl ProblemView {
    /// A problem and whom it is about; its sentences are in `lang`.
    pub fn new(problem: &Problem, contact: Option<&Contact>, lang: Lang) -> Self {
        let Remedy {
            cause,
            remedy,
            healer,
        } = desk::remedy(&problem.kind, lang);
        let address = contact.and_then(|contact| contact.address.clone());
        let who = address.unwrap_or_else(|| match store::DirtyKey::decode(&problem.key) {
            Some(store::DirtyKey::Record(key)) => format!("{} {}", kind_word(key.kind), key.id),
            _ => "the shop".to_owned(),
        });
        Self {
            key: problem.key.clone(),
            who,
            kind: problem.kind.clone(),
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            healer: healer.word().to_owned(),
            detail: problem.detail.clone(),
            is_final: problem.is_final,
            since: iso(problem.first_at),
            last: iso(problem.last_at),
            times: problem.times,
        }
    }
}

/// `customer` or `subscriber`.
pub fn kind_word(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Customer => "customer",
        RecordKind::Subscriber => "subscriber",
    }
}

/// What the ledger knows of one contact.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactView {
    /// The address as the shop writes it; none once erased.
    pub email: Option<String>,
    /// `unknown`, `synchronised`, `suppressed`, `skipped`, `failed`, `hands-off` or `gone`.
    pub outcome: String,
    /// The shop's consent by the merchant's rule when last decided.
    pub consent: Option<bool>,
    /// A withdrawal was seen in the shop and no opt-in since.
    pub withdrawn: bool,
    /// Why a consent of the shop is not acted upon: `inactive-row`, `old-address` or `not-said`.
    pub doubt: Option<String>,
    /// Status last seen in SARE; 0 = surely absent.
    pub sare_status: Option<i64>,
    /// When it was seen.
    pub sare_seen: Option<String>,
    /// The refusal known in SARE.
    pub refusal: Option<i64>,
    /// When it was learnt.
    pub refused: Option<String>,
    /// How it was learnt: `first-sight`, `sare`, `shop`, `vanished` or `followed`.
    pub refusal_origin: Option<String>,
    /// Our groups that the contact was put in.
    pub groups: Vec<i64>,
    /// When SARE was last told.
    pub sent: Option<String>,
    /// The shop's records of this address.
    pub records: Vec<RecordView>,
    /// What happened, newest first.
    pub history: Vec<HistoryView>,
}

/// A record of the shop.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RecordView {
    /// `customer` or `subscriber`.
    pub kind: String,
    /// Its id in the shop.
    pub id: i64,
    /// What it says of consent, or said last; none where the shop never said so in a way that can be read.
    pub consent: Option<bool>,
    /// The shop did not say it when the record was last read.
    pub silent: bool,
}

/// One line of a contact's history.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// When.
    pub at: Option<String>,
    /// What happened, a stable word.
    pub kind: String,
    /// Details.
    #[schema(value_type = Option<Object>)]
    pub detail: Option<serde_json::Value>,
}

impl HistoryView {
    /// A line as the ledger keeps it.
    pub fn new(entry: &HistoryEntry) -> Self {
        let detail = entry.detail.as_deref();
        Self {
            at: iso(entry.at),
            kind: entry.kind.clone(),
            detail: detail.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        }
    }
}

/// The meters of a shop, by name.
pub type Meters = BTreeMap<String, i64>;
