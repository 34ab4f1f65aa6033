//! The sentences on one contact: what each side says, and what the ledger knows. Why it is so is told by `why.rs`.

use sare_api::ContactRecord;
use store::{Contact, Problem, Shop};
use sync_core::config::Config;
use sync_core::consent::status as number;
use sync_core::{Email, Lang};

use super::columns::{Column, columns, numbers};
use super::refusal::{consent_sentence, refusal_sentence};
use super::{InShop, Ledger, either, words};
use crate::error::Error;
use crate::remedies::{Remedy, remedy};
use crate::times;

/// Everything that is known of one contact.
pub struct Story<'a> {
    /// The shop.
    pub shop: &'a Shop,
    /// The address.
    pub email: &'a Email,
    /// The configuration, where there is one.
    pub config: Option<&'a Config>,
    /// What the ledger knows.
    pub ledger: &'a Ledger,
    /// What the shop says now.
    pub in_shop: Result<&'a InShop, &'a Error>,
    /// What SARE says now.
    pub in_sare: Result<Option<&'a ContactRecord>, &'a Error>,
}

impl Story<'_> {
    /// Whether nobody who could be asked knows the address.
    pub fn is_unknown(&self) -> bool {
        let in_shop = self.in_shop.as_ref().is_ok_and(|shop| !shop.is_empty());
        self.ledger.is_empty() && !in_shop && !matches!(self.in_sare, Ok(Some(_)))
    }

    /// Who could not be asked, and why.
    pub fn away(&self, lang: Lang) -> Vec<String> {
        let shop = self.in_shop.as_ref().err().map(|why| match lang {
            Lang::Pl => format!("Nie można teraz zapytać sklepu: {}.", why.text(lang)),
            Lang::En => format!("The shop could not be asked now: {}.", why.text(lang)),
        });
        let sare = self.in_sare.as_ref().err().map(|why| match lang {
            Lang::Pl => format!("Nie można teraz zapytać SARE: {}.", why.text(lang)),
            Lang::En => format!("SARE could not be asked now: {}.", why.text(lang)),
        });
        shop.into_iter().chain(sare).collect()
    }

    /// All sentences, the address first.
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let mut lines = vec![self.email.shown()];
        lines.extend(self.away(lang));
        lines.extend(self.shop_sentence(lang));
        lines.extend(self.sare_sentence(lang));
        lines.extend(self.ledger_sentences(lang));
        for problem in &self.ledger.problems {
            lines.push(problem_sentence(problem, lang));
        }
        if !self.ledger.waiting.is_empty() {
            let text = either(
                lang,
                "Zmiana jest zapamiętana i czeka na swoją kolej.",
                "A change is noted and waits for its turn.",
            );
            lines.push(text.to_owned());
        }
        if self.shop.paused {
            let text = either(
                lang,
                "Cała synchronizacja sklepu jest wstrzymana; wznawia ją `shop resume`.",
                "All synchronisation of the shop is paused; `shop resume` goes on.",
            );
            lines.push(text.to_owned());
        }
        lines
    }

    /// What the shop says now.
    pub fn shop_sentence(&self, lang: Lang) -> Option<String> {
        let shop = self.in_shop.ok()?;
        let mut records = Vec::new();
        for user in &shop.customers {
            let guest = if user.registered == Some(false) {
                either(lang, "gość, który złożył zamówienie", "a guest who ordered")
            } else {
                either(lang, "klient", "a customer")
            };
            let flag = match user.newsletter {
                Some(true) => either(lang, "ze zgodą na newsletter", "who wants the newsletter"),
                Some(false) => either(
                    lang,
                    "bez zgody na newsletter",
                    "who does not want the newsletter",
                ),
                None => either(
                    lang,
                    "o którego zgodzie na newsletter sklep nic nie mówi",
                    "of whose consent to the newsletter the shop says nothing",
                ),
            };
            let word = either(lang, "nr", "number");
            records.push(format!("{guest} ({word} {}) {flag}", user.id));
        }
        for row in &shop.subscribers {
            let who = match row.active {
                Some(true) => either(
                    lang,
                    "aktywny subskrybent newslettera",
                    "an active newsletter subscriber",
                ),
                Some(false) => either(
                    lang,
                    "nieaktywny subskrybent newslettera",
                    "an inactive newsletter subscriber",
                ),
                None => either(
                    lang,
                    "subskrybent, o którym sklep nie mówi, czy jest aktywny,",
                    "a subscriber of whom the shop does not say whether they are active",
                ),
            };
            let word = either(lang, "nr", "number");
            records.push(format!("{who} ({word} {})", row.id));
        }
        Some(match (lang, records.is_empty()) {
            (Lang::Pl, true) => "W sklepie nie ma nikogo z tym adresem.".to_owned(),
            (Lang::En, true) => "The shop has nobody with this address.".to_owned(),
            (Lang::Pl, false) => format!("W sklepie jest to {}.", records.join(" oraz ")),
            (Lang::En, false) => format!("In the shop this is {}.", records.join(", and ")),
        })
    }

    /// What SARE says now.
    pub fn sare_sentence(&self, lang: Lang) -> Option<String> {
        let Some(record) = *self.in_sare.as_ref().ok()? else {
            let text = either(
                lang,
                "SARE nie ma tego adresu.",
                "SARE does not have this address.",
            );
            return Some(text.to_owned());
        };
        let status = record.status.map_or_else(
            || either(lang, "statusem, którego nie podaje", "a status it does not tell").to_owned(),
            |status| {
                let word = either(lang, "statusem", "status");
                format!("{word} {}", words::status(status.number(), lang))
            },
        );
        Some(match (lang, record.groups.as_deref()) {
            (Lang::Pl, Some([])) => format!("W SARE jest ze {status}, w żadnej grupie."),
            (Lang::En, Some([])) => format!("SARE has it with {status}, in no group."),
            (Lang::Pl, Some(groups)) => format!("W SARE jest ze {status}, w grupach {}.", numbers(groups)),
            (Lang::En, Some(groups)) => format!("SARE has it with {status}, in groups {}.", numbers(groups)),
            (Lang::Pl, None) => format!("W SARE jest ze {status}."),
            (Lang::En, None) => format!("SARE has it with {status}."),
        })
    }

    /// What the ledger says.
    pub fn ledger_sentences(&self, lang: Lang) -> Vec<String> {
        let Some(contact) = &self.ledger.contact else {
            let text = either(
                lang,
                "Nie znamy jeszcze tego kontaktu: nie przyszedł dotąd ze sklepu.",
                "The ledger does not know this contact: it has not come from the shop yet.",
            );
            return vec![text.to_owned()];
        };
        let stands = || words::outcome(contact.outcome, lang).to_owned();
        let mut lines = vec![self.unnoticed(lang).unwrap_or_else(stands)];
        let course = self.ledger.course();
        lines.extend(consent_sentence(contact, &course, lang));
        lines.extend(refusal_sentence(contact, &course, lang));
        lines.push(self.sent_sentence(contact, lang));
        lines
    }

    /// That SARE has a refusal of which the ledger does not know yet, where it is so.
    pub fn unnoticed(&self, lang: Lang) -> Option<String> {
        let status = (*self.in_sare.as_ref().ok()?)?.status?.number();
        let is_new = self.ledger.contact.as_ref()?.refusal.is_none();
        let text = either(
            lang,
            "Ta osoba odmówiła newslettera w SARE, a my jeszcze tego nie zauważyliśmy. Nie dostaje go już teraz; odmowę przejmie \
             najbliższe sprawdzenie statusów.",
            "This person refused the newsletter in SARE, and it has not been noticed here yet. None is sent already; the next \
             look at SARE's statuses takes the refusal over.",
        );
        (number::is_refusal(status) && is_new).then(|| text.to_owned())
    }

    fn sent_sentence(&self, contact: &Contact, lang: Lang) -> String {
        let Some(at) = contact.sent_at else {
            let text = either(
                lang,
                "Niczego o tym kontakcie nie wysłaliśmy do SARE.",
                "SARE was never told of it by us.",
            );
            return text.to_owned();
        };
        let when = moment(at, lang);
        if contact.sent.is_none() {
            return match lang {
                Lang::Pl => {
                    format!("Do SARE wysłaliśmy go ostatnio {when}; od tego czasu nie jest już prowadzony.")
                }
                Lang::En => format!("SARE was last told on {when}; since then it left our care."),
            };
        }
        let same = match self.is_as_sent(contact) {
            Some(true) => either(
                lang,
                " Wysłano wtedy to, co sklep mówi teraz.",
                " What was sent then is what the shop says now.",
            ),
            Some(false) => either(
                lang,
                " Sklep mówi teraz co innego.",
                " The shop says something else now.",
            ),
            None => "",
        };
        match lang {
            Lang::Pl => format!("Do SARE wysłaliśmy go ostatnio {when}.{same}"),
            Lang::En => format!("SARE was last told on {when}.{same}"),
        }
    }

    /// Whether what SARE was last told is what the shop says now; `None` when that cannot be told.
    pub fn is_as_sent(&self, contact: &Contact) -> Option<bool> {
        let shop = self.in_shop.ok()?;
        Some(shop.was_sent(self.config?, contact.sent.as_deref()?))
    }

    /// The three columns.
    pub fn columns(&self, lang: Lang) -> Vec<Column> {
        columns(self, lang)
    }
}

/// A moment on Poland's clocks, as each language's readers write it: both see the same event at the same hour.
pub fn moment(at: i64, lang: Lang) -> String {
    match lang {
        Lang::Pl => times::in_poland(at),
        Lang::En => times::clock(at, "%Y-%m-%d %H:%M:%S %Z"),
    }
}

/// A problem with its cause and remedy.
pub fn problem_sentence(problem: &Problem, lang: Lang) -> String {
    let Remedy {
        cause, remedy: help, ..
    } = remedy(&problem.kind, lang);
    let since = moment(problem.first_at, lang);
    let detail = problem.detail.as_deref();
    match lang {
        Lang::Pl => {
            let detail = detail.map_or_else(String::new, |detail| format!(" Odpowiedź: {detail}."));
            let tries = if problem.is_final {
                ""
            } else {
                " Próba powtarza się sama."
            };
            format!("Problem od {since}: {cause}{detail} {help}{tries}")
        }
        Lang::En => {
            let detail = detail.map_or_else(String::new, |detail| format!(" It said: {detail}."));
            let tries = if problem.is_final {
                ""
            } else {
                " It is tried again by itself."
            };
            format!("Problem since {since}: {cause}{detail} {help}{tries}")
        }
    }
}
