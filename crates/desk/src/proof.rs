//! The proof sheet of one person's consent: what the shop said and when we saw it, what we told SARE and when, every
//! change of the status, refusals and how they ended, and what is not known.
//!
//! Made of the ledger alone, beside what both services say at the moment of making it. Times are in UTC and in
//! Poland's time. It claims nothing that was not seen.

use engine::Engine;
use serde::Serialize;
use store::{AddrHash, HistoryEntry, Shop};
use sync_core::config::{Config, ConsentRule, OnNewOptIn};
use sync_core::consent::Status;
use sync_core::{Email, HistoryKind};
use texts::Words;

use crate::error::Error;
use crate::story::{self, InShop, Ledger};

/// A moment, twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// In UTC.
    pub utc: String,
    /// In Poland's time.
    pub poland: String,
}

impl Moment {
    fn of(at: i64) -> Self {
        Self {
            utc: texts::in_utc(at),
            poland: texts::in_poland(at),
        }
    }
}

/// What one record of the shop said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// `customer` or `subscriber`.
    pub kind: &'static str,
    /// Its number in the shop.
    pub id: i64,
    /// Whether it consents; `None` where the shop never said so in a way that can be read.
    pub consent: Option<bool>,
    /// The shop did not say it when the record was last read.
    pub silent: bool,
    /// When it was last read.
    pub seen: Moment,
    /// From where the person signed up, as the shop says at this moment; of a subscriber.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipaddress: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When we saw or did it.
    pub at: Moment,
    /// What happened; told by the ledger's word for it.
    pub kind: HistoryKind,
    /// The same as a sentence.
    pub text: String,
}

/// A refusal known at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// SARE's number of it; 0 when the contact was removed from SARE.
    pub status: Status,
    /// Since when we know.
    pub since: Option<Moment>,
    /// How it was learnt.
    pub origin: &'static str,
    /// Whether the shop was told.
    pub told_shop: bool,
    /// The same as a sentence, with when or why not.
    pub told_shop_text: String,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub shop: String,
    /// The address.
    pub contact: String,
    /// When the sheet was made.
    pub made: Moment,
    /// The end of the matter in one sentence.
    pub conclusion: String,
    /// What the shop's records said when last read.
    pub shop_said: Vec<Said>,
    /// What the shop says at this moment; why it could not be asked otherwise.
    pub shop_now: String,
    /// What SARE says at this moment; why it could not be asked otherwise.
    pub sare_now: String,
    /// Consent by the merchant's rule, as last decided.
    pub consent: Option<String>,
    /// The merchant's rules in force: what counts as consent, what follows from a new one.
    pub rules: Vec<&'static str>,
    /// When data was last sent to SARE.
    pub sent: Option<Moment>,
    /// The groups of SARE we put the contact in.
    pub groups: Vec<i64>,
    /// The status last seen in SARE, 0 = surely absent.
    pub status: Option<Status>,
    /// The same in words.
    pub status_text: Option<String>,
    /// When it was seen.
    pub status_seen: Option<Moment>,
    /// A refusal known at this moment.
    pub refusal: Option<Refused>,
    /// Everything that happened, the oldest first.
    pub events: Vec<Event>,
    /// What is not known.
    pub not_known: Vec<String>,
}

impl Proof {
    /// Makes the sheet of a contact; `None` when the ledger does not know it or has erased it.
    pub async fn make(
        engine: &Engine,
        shop: &Shop,
        config: Option<&Config>,
        hash: AddrHash,
        words: Words,
    ) -> Result<Option<Self>, Error> {
        let ledger = Ledger::read(engine.store(), shop.id, hash).await?;
        let Some(contact) = &ledger.contact else {
            return Ok(None);
        };
        let Some(email) = contact
            .address
            .as_deref()
            .and_then(|text| Email::parse(text).ok())
        else {
            return Ok(None);
        };
        let in_shop = InShop::read(engine, shop, config, &email, &ledger.records).await;
        let in_sare = match config {
            Some(config) => story::in_sare(engine, shop, config, &email).await,
            None => Err(Error::NoKey),
        };
        let told = story::Story {
            shop,
            email: &email,
            config,
            ledger: &ledger,
            in_shop: in_shop.as_ref(),
            in_sare: in_sare.as_ref().map(Option::as_ref),
            known: ledger.known(engine),
        };
        let made = engine.clock().now();
        let now = match &in_sare {
            Ok(Some(record)) => record.status.map(|status| (engine::status_of(status), made)),
            Ok(None) => Some((Status::Absent, made)),
            Err(_) => None,
        };
        let timeline = ledger.timeline();
        let (told_shop, told_shop_text) = story::told_shop(&ledger, contact, &timeline, words);
        let mut away = told.away(words).into_iter();
        let shop_now = told.shop_sentence(words).or_else(|| away.next());
        let sare_now = told.sare_sentence(words).or_else(|| away.next());
        Ok(Some(Self {
            shop: shop.host.clone(),
            contact: email.shown(),
            made: Moment::of(made),
            conclusion: story::gist(&ledger, config, now, words),
            shop_said: ledger
                .records
                .iter()
                .map(|record| said(record, in_shop.as_ref().ok()))
                .collect(),
            shop_now: shop_now.unwrap_or_default(),
            sare_now: sare_now.unwrap_or_default(),
            consent: story::consent_sentence(contact, &timeline, words),
            rules: config.map_or_else(Vec::new, |config| rules(config, words)),
            sent: contact.sent_at.map(Moment::of),
            groups: contact.groups.clone(),
            status: contact.sare_status(),
            status_text: contact.sare_status().map(|status| words.status_in_full(status)),
            status_seen: contact.sare.map(|seen| Moment::of(seen.at)),
            refusal: contact.refusal.map(|refused| Refused {
                status: refused.status,
                since: Some(Moment::of(timeline.refusal.map_or(refused.since, |(_, at)| at))),
                origin: story::refusal_origin(contact, &timeline, words),
                told_shop,
                told_shop_text,
            }),
            events: ledger
                .history
                .iter()
                .rev()
                .map(|entry| event(entry, words))
                .collect(),
            not_known: not_known(shop, &ledger, in_shop.as_ref().ok(), words),
        }))
    }
}

fn said(record: &store::Record, in_shop: Option<&InShop>) -> Said {
    let rows = in_shop.map_or(&[][..], |found| &found.subscribers);
    let row = rows
        .iter()
        .find(|row| record.key == sync_core::RecordKey::subscriber(row.id.0));
    Said {
        ipaddress: row.and_then(|row| row.ipaddress.clone()),
        kind: record.key.kind.word(),
        id: record.key.id,
        consent: record.consent,
        silent: record.silent,
        seen: Moment::of(record.seen_at),
    }
}

fn event(entry: &HistoryEntry, words: Words) -> Event {
    Event {
        at: Moment::of(entry.at),
        kind: entry.kind.clone(),
        text: story::entry(entry, words),
    }
}

/// The merchant's rules on consent.
fn rules(config: &Config, words: Words) -> Vec<&'static str> {
    let counts = match config.customers.consent {
        ConsentRule::Flag => words.say("proof.rule-flag"),
        ConsentRule::Subscriber => words.say("proof.rule-subscriber"),
        ConsentRule::FlagOrSubscriber => words.say("proof.rule-flag-or-subscriber"),
        ConsentRule::FlagAndSubscriber => words.say("proof.rule-flag-and-subscriber"),
    };
    let anew = match config.unsubscribe.on_new_opt_in {
        OnNewOptIn::AskAgain => words.say("proof.anew-ask"),
        OnNewOptIn::Reactivate => words.say("proof.anew-reactivate"),
        OnNewOptIn::Leave => words.say("proof.anew-leave"),
    };
    vec![counts, words.say("proof.veto"), anew]
}

/// What the sheet cannot say.
fn not_known(shop: &Shop, ledger: &Ledger, in_shop: Option<&InShop>, words: Words) -> Vec<String> {
    let has_ip = in_shop.is_some_and(|found| found.subscribers.iter().any(|row| row.ipaddress.is_some()));
    let wording = match has_ip {
        true => words.say("proof.wording"),
        false => words.say("proof.wording-ip"),
    };
    let mut lines = vec![
        words.dated("proof.before", shop.created_at),
        words.say("proof.when").to_owned(),
        wording.to_owned(),
        words.say("proof.mails").to_owned(),
    ];
    if ledger.is_full() {
        lines.push(words.say("proof.oldest").to_owned());
    }
    if ledger.records.is_empty() {
        lines.push(words.say("proof.records").to_owned());
    }
    lines
}
