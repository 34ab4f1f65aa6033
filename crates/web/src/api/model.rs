//! What the API says of shops, runs, problems and contacts.

use std::collections::BTreeMap;

use desk::standing::Standing;
use engine::Body;
use ports::Millis;
use serde::Serialize;
use store::{Contact, Counts, HistoryEntry, Outcome, Problem, Run, Shop};
use sync_core::Lang;
use texts::{ProblemTexts, Words};
use utoipa::ToSchema;

use super::words::{
    CauseWord, DoubtWord, GravityWord, HealerWord, HistoryKindWord, MatterWord, OriginWord, OutcomeWord,
    PhaseWord, ProblemKindWord, RecordKindWord, RefusalOriginWord, RunKindWord, RunStateWord, ShopStateWord,
    SideWord, Word,
};

/// A moment as RFC 3339 in UTC.
pub fn iso(at: Millis) -> Option<String> {
    jiff::Timestamp::from_millisecond(at)
        .ok()
        .map(|moment| moment.to_string())
}

/// A shop.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShopView {
    /// Its host, with the port where it is not the usual one.
    pub shop: String,
    /// Its licence hash; `direct:` and the host while a shop connected without the AppStore has not told it.
    pub license: String,
    /// Its address.
    pub url: String,
    /// What it was connected by.
    pub origin: OriginWord,
    /// Where it stands with us.
    pub state: ShopStateWord,
    /// How it stands, the gravest that is true of it, as the panel's headline says it: `current` when all is well.
    pub standing: MatterWord,
    /// How that is meant.
    pub severity: GravityWord,
    /// All that is true of it in the same words, the gravest first.
    pub matters: Vec<MatterWord>,
    /// The shop's side.
    pub shop_side: SideWord,
    /// SARE's side.
    pub sare_side: SideWord,
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
            origin: Word::of(&shop.origin),
            state: Word::of(&shop.state),
            standing: Word::of(standing.headline()),
            severity: Word::of(&standing.headline().severity()),
            matters: standing.matters.iter().map(Word::of).collect(),
            shop_side: Word::of(&standing.shop),
            sare_side: Word::of(&standing.sare),
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
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Its number within the shop.
    pub id: i64,
    /// What it is for.
    pub kind: RunKindWord,
    /// Where it stands.
    pub state: RunStateWord,
    /// Why it stopped.
    pub error: Option<String>,
    /// When it was asked for.
    pub created: Option<String>,
    /// When it began.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Where it is, what it counted, and what it would change.
    #[schema(value_type = Progress)]
    pub progress: serde_json::Value,
}

impl RunView {
    /// A run as the ledger keeps it.
    pub fn new(run: &Run) -> Self {
        Self {
            id: run.id,
            kind: Word::of(&run.kind),
            state: Word::of(&run.state),
            error: run.error.clone(),
            created: iso(run.created_at),
            started: run.started_at.and_then(iso),
            ended: run.ended_at.and_then(iso),
            progress: serde_json::to_value(Body::parse(&run.body)).unwrap_or_default(),
        }
    }
}

/// How far a run is. It has more members than these, which may change.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "what is answered is the body that the ledger keeps: this describes it"
)]
pub struct Progress {
    /// What it is doing.
    phase: PhaseWord,
    /// Rows to read, as the shop counted them.
    total: Option<i64>,
    /// Rows read.
    done: i64,
    /// What became of the contacts, each a number.
    #[schema(value_type = Object)]
    counters: (),
    /// What it would change, each a number.
    #[schema(value_type = Object)]
    statement: (),
    /// Seconds left, where that can be told.
    eta_seconds: Option<i64>,
    /// What is being waited for.
    waiting_for: Option<CauseWord>,
}

/// Something that needs attention.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemView {
    /// By which it is retried.
    pub key: String,
    /// The contact's address, `customer 12`, `subscriber 7` or `the shop`.
    pub who: String,
    /// What is wrong.
    pub kind: ProblemKindWord,
    /// What happened, in one sentence.
    pub cause: String,
    /// What helps.
    pub remedy: String,
    /// Who can do that; `itself`: it is tried again.
    pub healer: HealerWord,
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
        let ProblemTexts { cause, remedy } = Words(lang).problem(problem.kind);
        let address = contact.and_then(|contact| contact.address.clone());
        let who = address.unwrap_or_else(|| match store::DirtyKey::decode(&problem.key) {
            Some(store::DirtyKey::Record(key)) => format!("{} {}", key.kind.word(), key.id),
            _ => "the shop".to_owned(),
        });
        Self {
            key: problem.key.clone(),
            who,
            kind: Word::of(&problem.kind),
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            healer: Word::of(&problem.kind.healer()),
            detail: problem.detail.clone(),
            is_final: problem.is_final,
            since: iso(problem.first_at),
            last: iso(problem.last_at),
            times: problem.times,
        }
    }
}

/// What the ledger knows of one contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// The address as the shop writes it; none once erased.
    pub email: Option<String>,
    /// What the last synchronisation made of it.
    pub outcome: OutcomeWord,
    /// The shop's consent by the merchant's rule when last decided.
    pub consent: Option<bool>,
    /// A withdrawal was seen in the shop and no opt-in since.
    pub withdrawn: bool,
    /// Why a consent of the shop is not acted upon.
    pub doubt: Option<DoubtWord>,
    /// Status last seen in SARE; 0 = surely absent.
    pub sare_status: Option<i64>,
    /// When it was seen.
    pub sare_seen: Option<String>,
    /// The refusal known in SARE.
    pub refusal: Option<i64>,
    /// When it was learnt.
    pub refused: Option<String>,
    /// How it was learnt.
    pub refusal_origin: Option<RefusalOriginWord>,
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
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    /// Whose it is.
    pub kind: RecordKindWord,
    /// Its id in the shop.
    pub id: i64,
    /// What it says of consent, or said last; none where the shop never said so in a way that can be read.
    pub consent: Option<bool>,
    /// The shop did not say it when the record was last read.
    pub silent: bool,
}

/// One line of a contact's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// When.
    pub at: Option<String>,
    /// What happened. An earlier or later version of the program may have written another word.
    pub kind: HistoryKindWord,
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
            kind: Word::of(&entry.kind),
            detail: detail.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        }
    }
}

/// The meters of a shop, by name.
pub type Meters = BTreeMap<String, i64>;
