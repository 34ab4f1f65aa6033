//! The sentences: first why a person gets the newsletter or does not, then what each side says.

use sare_api::ContactRecord;
use store::{Contact, Outcome, Problem, Shop};
use sync_core::config::Config;
use sync_core::consent::status as number;
use sync_core::{Email, Lang};

use super::columns::{Column, columns, numbers};
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
        let mut lines = vec![self.email.as_str().to_owned()];
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
            let flag = if user.newsletter == Some(true) {
                either(lang, "ze zgodą na newsletter", "who wants the newsletter")
            } else {
                either(
                    lang,
                    "bez zgody na newsletter",
                    "who does not want the newsletter",
                )
            };
            let word = either(lang, "nr", "number");
            records.push(format!("{guest} ({word} {}) {flag}", user.id));
        }
        for row in &shop.subscribers {
            records.push(match (lang, row.active == Some(true)) {
                (Lang::Pl, true) => format!("aktywny subskrybent newslettera (nr {})", row.id),
                (Lang::Pl, false) => format!("nieaktywny subskrybent newslettera (nr {})", row.id),
                (Lang::En, true) => format!("an active newsletter subscriber (number {})", row.id),
                (Lang::En, false) => format!("an inactive newsletter subscriber (number {})", row.id),
            });
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
        lines.extend(consent_sentence(contact, lang));
        lines.extend(refusal_sentence(contact, lang));
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

/// A moment as each language's readers take it: in Poland's time, or in UTC.
pub fn moment(at: i64, lang: Lang) -> String {
    match lang {
        Lang::Pl => times::in_poland(at),
        Lang::En => times::in_utc(at),
    }
}

/// What the person last said in the shop, as decided by the merchant's rule.
pub fn consent_sentence(contact: &Contact, lang: Lang) -> Option<String> {
    let text = if contact.withdrawn {
        either(
            lang,
            "W sklepie wycofano zgodę i od tego czasu nie wyrażono jej ponownie.",
            "A withdrawal was seen in the shop, and no opt-in since.",
        )
    } else if contact.consent? {
        either(
            lang,
            "Według reguły sprzedawcy ta osoba wyraża zgodę (stan przy ostatniej decyzji).",
            "By the merchant's rule the person consents, as last decided.",
        )
    } else {
        either(
            lang,
            "Według reguły sprzedawcy ta osoba nie wyraża zgody (stan przy ostatniej decyzji).",
            "By the merchant's rule the person does not consent, as last decided.",
        )
    };
    Some(text.to_owned())
}

/// The refusal that is known, how it was learnt, and whether the shop knows of it.
pub fn refusal_sentence(contact: &Contact, lang: Lang) -> Option<String> {
    contact.refusal?;
    let origin = words::refusal_origin(contact.refusal_origin.as_deref().unwrap_or_default(), lang);
    let since = contact
        .refused_at
        .map_or_else(|| "-".to_owned(), |at| moment(at, lang));
    let told = match (contact.refusal_applied, lang) {
        (true, _) => "",
        (false, Lang::Pl) => " Sklep jeszcze o niej nie wie.",
        (false, Lang::En) => " The shop has yet to be told.",
    };
    Some(match lang {
        Lang::Pl => format!("O odmowie wiemy od {since}: {origin}.{told}"),
        Lang::En => format!("A refusal is known since {since}: {origin}.{told}"),
    })
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

/// Why the person gets the newsletter or does not, in one sentence. `now` is the status that SARE tells at this moment
/// (0 = surely absent); without it the one last seen counts.
pub fn gist(ledger: &Ledger, now: Option<i64>, lang: Lang) -> String {
    let Some(contact) = &ledger.contact else {
        let text = match now {
            Some(number::CONFIRMED) => either(
                lang,
                "Ta osoba otrzymuje newsletter z SARE, choć nie pochodzi z tej synchronizacji.",
                "This person gets the newsletter from SARE, though not by this synchronisation.",
            ),
            _ => either(
                lang,
                "Ta osoba nie trafiła jeszcze do synchronizacji.",
                "This person has not come to the synchronisation yet.",
            ),
        };
        return text.to_owned();
    };
    let status = now.or(contact.sare_status);
    let gets = status == Some(number::CONFIRMED);
    let why = why(contact, ledger.problems.first(), lang);
    let no_refusal = contact.refusal.is_none() && !contact.withdrawn;
    let settled = contact.outcome == Outcome::Synchronised && no_refusal;
    match (lang, gets) {
        (Lang::Pl, true) if settled && contact.consent == Some(true) => {
            "Ta osoba otrzymuje newsletter: wyraziła zgodę, a w SARE jest potwierdzona.".to_owned()
        }
        (Lang::En, true) if settled && contact.consent == Some(true) => {
            "This person gets the newsletter: consent was given, and SARE has it as confirmed.".to_owned()
        }
        (Lang::Pl, true) if no_refusal => format!("Ta osoba otrzymuje newsletter. {why}"),
        (Lang::En, true) if no_refusal => format!("This person gets the newsletter. {why}"),
        (Lang::Pl, true) => {
            format!("Ta osoba otrzymuje jeszcze newsletter, bo w SARE jest potwierdzona. {why}")
        }
        (Lang::En, true) => {
            format!("This person still gets the newsletter, since SARE has it as confirmed. {why}")
        }
        (Lang::Pl, false) => format!("Ta osoba nie otrzymuje newslettera. {why}"),
        (Lang::En, false) => format!("This person does not get the newsletter. {why}"),
    }
}

/// Why a contact stands where it does, in one sentence; `problem` is what is wrong with it.
pub fn why(contact: &Contact, problem: Option<&Problem>, lang: Lang) -> String {
    if contact.outcome == Outcome::Failed
        && let Some(problem) = problem
    {
        return remedy(&problem.kind, lang).cause.to_owned();
    }
    if let Some(status) = contact.refusal {
        return refused(contact, status, lang);
    }
    if contact.withdrawn {
        let text = either(
            lang,
            "Zgodę wycofano w sklepie.",
            "Consent was withdrawn in the shop.",
        );
        return text.to_owned();
    }
    let text = match (contact.outcome, contact.sare_status) {
        (Outcome::Synchronised, Some(number::CONFIRMED)) if contact.consent == Some(false) => either(
            lang,
            "SARE miało ten adres już wcześniej jako potwierdzony. W sklepie nie ma zgody, a synchronizacja nie zmienia statusu.",
            "SARE had this address as confirmed before. There is no consent in the shop, and no synchronisation changes a status.",
        ),
        (Outcome::Synchronised, Some(number::CONFIRMED)) => either(
            lang,
            "Zgoda w sklepie, w SARE potwierdzony.",
            "Consent in the shop, confirmed in SARE.",
        ),
        (Outcome::Synchronised, Some(number::UNCONFIRMED | number::NOT_VERIFIED)) => {
            if contact.consent == Some(true) {
                either(
                    lang,
                    "W sklepie jest zgoda, ale SARE miało ten adres już wcześniej jako niepotwierdzony, a synchronizacja nie podnosi statusu.",
                    "There is consent in the shop, but SARE had this address as unconfirmed before, and no synchronisation raises a status.",
                )
            } else {
                either(
                    lang,
                    "Bez zgody w sklepie, więc w SARE jest niepotwierdzony.",
                    "Without consent in the shop, so unconfirmed in SARE.",
                )
            }
        }
        (Outcome::Skipped, _) if contact.consent == Some(false) => either(
            lang,
            "Bez zgody w sklepie, a takie kontakty są pomijane.",
            "Without consent in the shop, and such contacts are left out.",
        ),
        (Outcome::Skipped, _) => either(
            lang,
            "Kontakty tego rodzaju nie są synchronizowane.",
            "Contacts of this kind are not synchronised.",
        ),
        (Outcome::HandsOff, Some(number::BLOCKED)) => either(
            lang,
            "Zablokowany w SARE przez obsługę konta; nigdy go nie zmieniamy.",
            "Blocked in SARE by the account's people; never touched.",
        ),
        (other, _) => words::outcome(other, lang),
    };
    text.to_owned()
}

fn refused(contact: &Contact, status: i64, lang: Lang) -> String {
    let origin = contact.refusal_origin.as_deref().unwrap_or_default();
    let how = match (origin, status) {
        ("vanished", _) | (_, 0) => either(lang, "Usunięto go z SARE", "It was removed from SARE"),
        ("shop", _) => either(
            lang,
            "Zgodę wycofano w sklepie, a SARE o tym wie",
            "Consent was withdrawn in the shop, and SARE knows",
        ),
        ("followed", _) => either(
            lang,
            "Ta osoba odmówiła pod poprzednim adresem",
            "The person refused under the address they had before",
        ),
        ("first-sight", _) => either(
            lang,
            "Odmowa była w SARE jeszcze przed pierwszą synchronizacją",
            "SARE had a refusal before the first synchronisation",
        ),
        _ => either(
            lang,
            "Ta osoba wypisała się w SARE",
            "The person unsubscribed in SARE",
        ),
    };
    let since = contact.refused_at.map_or_else(String::new, |at| match lang {
        Lang::Pl => format!("; wiemy o tym od {}", moment(at, lang)),
        Lang::En => format!("; known since {}", moment(at, lang)),
    });
    format!("{how}{since}.")
}

#[cfg(test)]
mod tests {
    use store::AddrHash;

    use super::*;

    fn contact() -> Contact {
        Contact::new(AddrHash([1; 16]), "anna@example.com".to_owned(), 0)
    }

    fn ledger(contact: Contact) -> Ledger {
        Ledger {
            contact: Some(contact),
            records: Vec::new(),
            history: Vec::new(),
            problems: Vec::new(),
            waiting: Vec::new(),
        }
    }

    #[test]
    fn the_first_sentence_says_whether_the_newsletter_comes_and_why() {
        let in_sare = |outcome, status, consent| Contact {
            outcome,
            sare_status: Some(status),
            consent: Some(consent),
            ..contact()
        };
        let told = |contact: Contact| gist(&ledger(contact), None, Lang::Pl);
        let gets = told(in_sare(Outcome::Synchronised, 8, true));
        assert!(gets.starts_with("Ta osoba otrzymuje newsletter:"), "{gets}");
        let without = told(in_sare(Outcome::Synchronised, 8, false));
        assert!(
            without.contains("otrzymuje newsletter.") && without.contains("W sklepie nie ma zgody"),
            "{without}"
        );
        let no_consent = told(in_sare(Outcome::Synchronised, 6, false));
        assert!(no_consent.contains("nie otrzymuje") && no_consent.contains("Bez zgody w sklepie"));
        let unconfirmed = told(in_sare(Outcome::Synchronised, 6, true));
        assert!(unconfirmed.contains("nie podnosi statusu"), "{unconfirmed}");
        let blocked = told(in_sare(Outcome::HandsOff, 7, true));
        assert!(blocked.contains("Zablokowany"), "{blocked}");
        let refused = told(Contact {
            refusal: Some(4),
            refusal_origin: Some("sare".to_owned()),
            refused_at: Some(1_795_431_600_000),
            ..in_sare(Outcome::Suppressed, 4, true)
        });
        assert!(
            refused.contains("wypisała się w SARE; wiemy o tym od 23.11.2026 12:00:00."),
            "{refused}"
        );
    }

    #[test]
    fn what_sare_says_now_counts_more_than_what_was_seen() {
        let withdrawn = Contact {
            outcome: Outcome::Synchronised,
            sare_status: Some(6),
            withdrawn: true,
            ..contact()
        };
        let still = gist(&ledger(withdrawn), Some(8), Lang::En);
        assert!(
            still.contains("still gets") && still.contains("withdrawn in the shop"),
            "{still}"
        );
    }

    #[test]
    fn a_failed_contact_is_told_by_the_cause_of_its_problem() {
        let failed = Contact {
            outcome: Outcome::Failed,
            ..contact()
        };
        let problem = Problem {
            key: "a:00".to_owned(),
            kind: "sare-refused".to_owned(),
            hash: None,
            detail: None,
            is_final: true,
            first_at: 0,
            last_at: 0,
            times: 1,
        };
        assert_eq!(
            why(&failed, Some(&problem), Lang::Pl),
            remedy("sare-refused", Lang::Pl).cause
        );
    }
}
