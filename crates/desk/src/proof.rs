//! The proof sheet of one person's consent: what the shop said and when we saw it, what we told SARE and when, every
//! change of the status, refusals and how they ended, and what is not known.
//!
//! Made of the ledger alone, beside what both services say at the moment of making it. Times are in UTC and in
//! Poland's time. It claims nothing that was not seen.

use engine::Engine;
use serde::Serialize;
use store::{AddrHash, HistoryEntry, Shop};
use sync_core::config::Config;
use sync_core::{Email, Lang, RecordKind};

use crate::error::Error;
use crate::story::{self, InShop, Ledger};
use crate::times;

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
            utc: times::in_utc(at),
            poland: times::in_poland(at),
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
    /// The ledger's word for it.
    pub kind: String,
    /// The same as a sentence.
    pub text: String,
}

/// A refusal known at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// SARE's number of it; 0 when the contact was removed from SARE.
    pub status: i64,
    /// Since when we know.
    pub since: Option<Moment>,
    /// How it was learnt.
    pub origin: String,
    /// Whether the shop was told.
    pub told_shop: bool,
    /// The same as a sentence, with when or why not.
    pub told_shop_text: String,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The shop.
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
    pub rules: Vec<String>,
    /// When data was last sent to SARE.
    pub sent: Option<Moment>,
    /// The groups of SARE we put the contact in.
    pub groups: Vec<i64>,
    /// The status last seen in SARE, 0 = surely absent.
    pub status: Option<i64>,
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
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn make(
        engine: &Engine,
        shop: &Shop,
        config: Option<&Config>,
        hash: AddrHash,
        lang: Lang,
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
        };
        let made = engine.clock().now();
        let now = match &in_sare {
            Ok(Some(record)) => record.status.map(|status| (status.number(), made)),
            Ok(None) => Some((0, made)),
            Err(_) => None,
        };
        let course = ledger.course();
        let (told_shop, told_shop_text) = story::told_shop(&ledger, contact, &course, lang);
        let mut away = told.away(lang).into_iter();
        let shop_now = told.shop_sentence(lang).or_else(|| away.next());
        let sare_now = told.sare_sentence(lang).or_else(|| away.next());
        Ok(Some(Self {
            shop: shop.host.clone(),
            contact: email.shown(),
            made: Moment::of(made),
            conclusion: story::gist(&ledger, config, now, lang),
            shop_said: ledger
                .records
                .iter()
                .map(|record| said(record, in_shop.as_ref().ok()))
                .collect(),
            shop_now: shop_now.unwrap_or_default(),
            sare_now: sare_now.unwrap_or_default(),
            consent: story::consent_sentence(contact, &course, lang),
            rules: config.map_or_else(Vec::new, |config| rules(config, lang)),
            sent: contact.sent_at.map(Moment::of),
            groups: contact.groups.clone(),
            status: contact.sare_status,
            status_text: contact.sare_status.map(|number| story::status(number, lang)),
            status_seen: contact.sare_seen_at.map(Moment::of),
            refusal: contact.refusal.map(|status| Refused {
                status,
                since: course
                    .refusal
                    .map(|(_, at)| at)
                    .or(contact.refused_at)
                    .map(Moment::of),
                origin: story::refusal_origin(contact, &course, lang),
                told_shop,
                told_shop_text,
            }),
            events: ledger
                .history
                .iter()
                .rev()
                .map(|entry| event(entry, lang))
                .collect(),
            not_known: not_known(shop, &ledger, in_shop.as_ref().ok(), lang),
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
        kind: match record.key.kind {
            RecordKind::Customer => "customer",
            RecordKind::Subscriber => "subscriber",
        },
        id: record.key.id,
        consent: record.consent,
        silent: record.silent,
        seen: Moment::of(record.seen_at),
    }
}

fn event(entry: &HistoryEntry, lang: Lang) -> Event {
    Event {
        at: Moment::of(entry.at),
        kind: entry.kind.clone(),
        text: story::entry(entry, lang),
    }
}

/// The merchant's rules on consent.
fn rules(config: &Config, lang: Lang) -> Vec<String> {
    use sync_core::config::{ConsentRule, OnNewOptIn};
    let counts = match (config.customers.consent, lang) {
        (ConsentRule::Flag, Lang::Pl) => {
            "Za zgodę klienta uznaje się jego własną zgodę na newsletter w sklepie."
        }
        (ConsentRule::Flag, Lang::En) => "A customer's consent is their own newsletter flag in the shop.",
        (ConsentRule::Subscriber, Lang::Pl) => {
            "Za zgodę klienta uznaje się aktywną subskrypcję newslettera z tym samym adresem."
        }
        (ConsentRule::Subscriber, Lang::En) => {
            "A customer's consent is an active newsletter subscription of the same address."
        }
        (ConsentRule::FlagOrSubscriber, Lang::Pl) => {
            "Za zgodę klienta uznaje się jego zgodę na newsletter albo aktywną subskrypcję z tym samym adresem."
        }
        (ConsentRule::FlagOrSubscriber, Lang::En) => {
            "A customer's consent is their newsletter flag or an active subscription of the same address."
        }
        (ConsentRule::FlagAndSubscriber, Lang::Pl) => {
            "Za zgodę klienta uznaje się jego zgodę na newsletter razem z aktywną subskrypcją z tym samym adresem."
        }
        (ConsentRule::FlagAndSubscriber, Lang::En) => {
            "A customer's consent is their newsletter flag together with an active subscription of the same address."
        }
    };
    let veto = match lang {
        Lang::Pl => {
            "Nieaktywna subskrypcja, którą adres miał już przy pierwszym spotkaniu, wstrzymuje zgodę, dopóki osoba nie zgodzi \
             się ponownie albo nie zdecyduje o tym sprzedawca."
        }
        Lang::En => {
            "An inactive subscription that an address had when it was first met holds a consent back until the person opts \
             in anew or the merchant decides."
        }
    };
    let anew = match (config.unsubscribe.on_new_opt_in, lang) {
        (OnNewOptIn::AskAgain, Lang::Pl) => {
            "Nowa zgoda po odmowie wymaga potwierdzenia wiadomością, którą wysyła SARE."
        }
        (OnNewOptIn::AskAgain, Lang::En) => {
            "A new opt-in after a refusal has to be confirmed by a mail that SARE sends."
        }
        (OnNewOptIn::Reactivate, Lang::Pl) => "Nowa zgoda po odmowie przywraca newsletter od razu.",
        (OnNewOptIn::Reactivate, Lang::En) => {
            "A new opt-in after a refusal brings the newsletter back at once."
        }
        (OnNewOptIn::Leave, Lang::Pl) => "Nowa zgoda po odmowie niczego nie zmienia: odmowa pozostaje.",
        (OnNewOptIn::Leave, Lang::En) => "A new opt-in after a refusal changes nothing: the refusal stays.",
    };
    vec![counts.to_owned(), veto.to_owned(), anew.to_owned()]
}

/// What the sheet cannot say.
fn not_known(shop: &Shop, ledger: &Ledger, in_shop: Option<&InShop>, lang: Lang) -> Vec<String> {
    let has_ip = in_shop.is_some_and(|found| found.subscribers.iter().any(|row| row.ipaddress.is_some()));
    let since = story::moment(shop.created_at, lang);
    let mut lines = match lang {
        Lang::Pl => vec![
            format!("Co działo się, zanim sklep połączył się z aplikacją ({since})."),
            "Kiedy dokładnie osoba wyraziła albo wycofała zgodę: podane są chwile, w których to zobaczyliśmy; sam czyn \
             mógł być wcześniejszy."
                .to_owned(),
            if has_ip {
                "Treść zgody, którą osoba zaakceptowała: sklep jej nie udostępnia."
            } else {
                "Treść zgody, którą osoba zaakceptowała, oraz jej adres IP: sklep ich nie udostępnia."
            }
            .to_owned(),
            "Które wiadomości wysłano do tej osoby: to wie SARE.".to_owned(),
        ],
        Lang::En => vec![
            format!("What happened before the shop was connected to the app ({since})."),
            "When exactly the person gave or withdrew consent: the times are those at which we saw it; the act itself \
             may have been earlier."
                .to_owned(),
            if has_ip {
                "The wording the person agreed to: the shop does not give it out."
            } else {
                "The wording the person agreed to, and their IP address: the shop does not give them out."
            }
            .to_owned(),
            "Which mails were sent to the person: SARE knows that.".to_owned(),
        ],
    };
    if ledger.is_full() {
        lines.push(
            match lang {
                Lang::Pl => "Najstarsze zdarzenia: przechowujemy ich najwyżej 50 na kontakt. Jeśli wśród pokazanych nie ma tego, z którego wynika status, nie zgadujemy go.",
                Lang::En => "The oldest events: at most 50 are kept of one contact. Where the one that the status follows from is not among them, it is not guessed.",
            }
            .to_owned(),
        );
    }
    if ledger.records.is_empty() {
        lines.push(
            match lang {
                Lang::Pl => "Co mówią wpisy w sklepie: nie ma tam już wpisu z tym adresem albo go nie znamy.",
                Lang::En => {
                    "What records in the shop say: there is none of this address, or none known to us."
                }
            }
            .to_owned(),
        );
    }
    lines
}
