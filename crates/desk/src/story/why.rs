//! Why a person gets the newsletter or does not, in one sentence. Of those who refused or withdrew `refusal.rs` tells.
//!
//! They are read on the legal proof sheet. A reason is told when it is known: from what happened ([`Course`]) and from
//! what the ledger keeps of the contact. Where neither says how a status came about, the sentence says that.

use store::{Contact, Outcome, Problem, Record};
use sync_core::config::Config;
use sync_core::consent::status as number;
use sync_core::{Lang, RecordKind};

use super::course::{Act, Course, Leaving};
use super::refusal::{refused, withdrawn};
use super::{Ledger, either, moment, words};
use crate::remedies::remedy;

/// What a reason is made of.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// What happened to it.
    pub course: &'a Course,
    /// What is wrong with it.
    pub problem: Option<&'a Problem>,
    /// Whether one of its records is of a kind that is synchronised; `None` where that is not known.
    pub in_scope: Option<bool>,
}

impl<'a> Grounds<'a> {
    /// Of a contact with the records that the ledger knows.
    pub fn new(
        contact: &'a Contact,
        course: &'a Course,
        problem: Option<&'a Problem>,
        config: Option<&Config>,
        records: &[Record],
    ) -> Self {
        let is_on = |config: &Config, kind| match kind {
            RecordKind::Customer => config.customers.enabled,
            RecordKind::Subscriber => config.subscribers.enabled,
        };
        let in_scope = config
            .filter(|_| !records.is_empty())
            .map(|config| records.iter().any(|record| is_on(config, record.key.kind)));
        Self {
            contact,
            course,
            problem,
            in_scope,
        }
    }
}

/// Why the person gets the newsletter or does not, in one sentence. `now` is the status that SARE tells at this moment
/// (0 = surely absent) and when; without it the one last seen counts.
pub fn gist(ledger: &Ledger, config: Option<&Config>, now: Option<(i64, i64)>, lang: Lang) -> String {
    let Some(contact) = &ledger.contact else {
        let text = match now {
            Some((number::CONFIRMED, _)) => either(
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
    let seen = contact.sare_status.zip(contact.sare_seen_at);
    let now = now.or(seen);
    let mut course = ledger.course();
    if let Some((status, at)) = now {
        course = course.now(Some(status), at);
    }
    let status = now.map(|(status, _)| status).or(contact.sare_status);
    let contact = Contact {
        sare_status: status,
        ..contact.clone()
    };
    let gets = status == Some(number::CONFIRMED);
    let grounds = Grounds::new(
        &contact,
        &course,
        ledger.problems.first(),
        config,
        &ledger.records,
    );
    let why = why(&grounds, lang);
    let no_refusal = contact.refusal.is_none() && !contact.withdrawn;
    match (lang, gets) {
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

/// Why a contact stands where it does, in a sentence or two.
pub fn why(grounds: &Grounds<'_>, lang: Lang) -> String {
    let Grounds {
        contact,
        course,
        problem,
        in_scope,
    } = *grounds;
    if contact.outcome == Outcome::Failed
        && let Some(problem) = problem
    {
        return remedy(&problem.kind, lang).cause.to_owned();
    }
    if contact.refusal.is_some() {
        return refused(contact, course, lang);
    }
    if contact.withdrawn {
        return withdrawn(contact, course, lang);
    }
    if let Some(doubt) = contact.doubt
        && contact.sare_status != Some(number::CONFIRMED)
    {
        return words::doubt(doubt, lang).to_owned();
    }
    match (contact.outcome, contact.sare_status) {
        (Outcome::Synchronised, Some(number::CONFIRMED)) => confirmed(contact, course, lang),
        (Outcome::Synchronised, Some(number::UNCONFIRMED | number::NOT_VERIFIED)) => {
            unconfirmed(contact, course, lang)
        }
        (Outcome::Skipped, _) => skipped(contact, in_scope, lang).to_owned(),
        (Outcome::HandsOff, Some(number::BLOCKED)) => either(
            lang,
            "Zablokowany w SARE przez obsługę konta; nigdy go nie zmieniamy.",
            "Blocked in SARE by the account's people; never touched.",
        )
        .to_owned(),
        (Outcome::Gone, _) => gone(course, lang),
        (other, _) => words::outcome(other, lang).to_owned(),
    }
}

/// What is said where the history does not tell how SARE's status came about.
fn not_known(course: &Course, lang: Lang) -> &'static str {
    if course.is_cut {
        either(
            lang,
            "Skąd wziął się status w SARE, już nie wiemy: starszych zdarzeń nie przechowujemy.",
            "How SARE's status came about is not known any more: older events are not kept.",
        )
    } else {
        either(
            lang,
            "Skąd wziął się status w SARE, nie wiemy: nie ma o tym zapisu.",
            "How SARE's status came about is not known: nothing is on record about it.",
        )
    }
}

/// Confirmed in SARE, neither refused nor withdrawn.
fn confirmed(contact: &Contact, course: &Course, lang: Lang) -> String {
    let consents = contact.consent == Some(true);
    let in_shop = match (lang, contact.consent) {
        (Lang::Pl, Some(true)) => "W sklepie jest zgoda. ",
        (Lang::En, Some(true)) => "There is consent in the shop. ",
        (Lang::Pl, Some(false)) => "W sklepie nie ma zgody, a synchronizacja nie zmienia statusu. ",
        (Lang::En, Some(false)) => {
            "There is no consent in the shop, and no synchronisation changes a status. "
        }
        (_, None) => "",
    };
    let how = match course.act {
        Some((Act::Added, at)) if consents => by(
            lang,
            at,
            "Dodaliśmy ten adres do SARE jako potwierdzony",
            "We added the address to SARE as confirmed",
        ),
        Some((Act::Added, at)) => by(
            lang,
            at,
            "Dodaliśmy ten adres do SARE jako potwierdzony, gdy zgoda jeszcze była",
            "We added the address to SARE as confirmed while there was consent",
        ),
        Some((Act::AddedAnew, at)) => by(
            lang,
            at,
            "Po nowej zgodzie, wyrażonej po odmowie, dodaliśmy adres do SARE jako potwierdzony, jak wybrał sprzedawca",
            "After a new opt-in that followed a refusal we added the address as confirmed, as the merchant chose",
        ),
        Some((Act::Raised, at)) => by(
            lang,
            at,
            "Po nowej zgodzie w sklepie zmieniliśmy status w SARE na potwierdzony",
            "After a new opt-in in the shop we made the status in SARE confirmed",
        ),
        Some((Act::Resubscribed, at)) => by(
            lang,
            at,
            "Tę osobę zapisano ponownie w samym SARE; zauważyliśmy to",
            "The person was subscribed again in SARE itself; we noticed it",
        ),
        Some((Act::Found, _)) => either(
            lang,
            "SARE miało ten adres już wcześniej jako potwierdzony.",
            "SARE had this address as confirmed before.",
        )
        .to_owned(),
        Some((Act::Changed(_), at)) => match course.asked {
            Some(asked) => confirmed_after_asking(asked, at, lang),
            None => by(
                lang,
                at,
                "Status zmieniono na potwierdzony w samym SARE, nie zrobiliśmy tego my; zauważyliśmy to",
                "The status was made confirmed in SARE itself and not by us; we noticed it",
            ),
        },
        // What else set the status left it elsewhere.
        _ => not_known(course, lang).to_owned(),
    };
    format!("{in_shop}{how}")
}

fn confirmed_after_asking(asked: i64, at: i64, lang: Lang) -> String {
    match lang {
        Lang::Pl => format!(
            "Po nowej zgodzie SARE wysłało prośbę o potwierdzenie ({}), a potem status zmienił się w SARE na potwierdzony; \
             zauważyliśmy to {}.",
            moment(asked, lang),
            moment(at, lang)
        ),
        Lang::En => format!(
            "After a new opt-in SARE sent a request to confirm ({}), and then the status became confirmed in SARE; we noticed \
             it on {}.",
            moment(asked, lang),
            moment(at, lang)
        ),
    }
}

/// In SARE and not confirmed, neither refused nor withdrawn.
fn unconfirmed(contact: &Contact, course: &Course, lang: Lang) -> String {
    let consents = contact.consent == Some(true);
    match (course.act, consents) {
        (Some((Act::Asked | Act::AddedAsking, at)), true) => {
            let opted_in = course.opted_in.map_or_else(String::new, |at| format!(" ({})", moment(at, lang)));
            let asked = moment(at, lang);
            match lang {
                Lang::Pl => format!(
                    "Po odmowie wyrażono w sklepie nową zgodę{opted_in}. SARE wysłało prośbę o potwierdzenie {asked} i dopiero \
                     po jej potwierdzeniu będzie wysyłać newsletter."
                ),
                Lang::En => format!(
                    "After a refusal there was a new opt-in in the shop{opted_in}. SARE sent a request to confirm on {asked} and \
                     sends the newsletter only once it is confirmed."
                ),
            }
        }
        (Some((Act::Asked | Act::AddedAsking, at)), false) => by(
            lang,
            at,
            "SARE wysłało prośbę o potwierdzenie, a zgody w sklepie już nie ma. Prośba wyszła",
            "SARE sent a request to confirm, and there is no consent in the shop any more. The request went out",
        ),
        (Some((Act::Added, at)), true) => {
            let added = by(
                lang,
                at,
                "Dodaliśmy ten adres do SARE jako niepotwierdzony, bo nie było wtedy zgody",
                "We added the address to SARE as unconfirmed, since there was no consent then",
            );
            format!("{added} {}", later_consent(contact, course, lang))
        }
        (Some((Act::Added, at)), false) => by(
            lang,
            at,
            "Bez zgody w sklepie, więc dodaliśmy ten adres do SARE jako niepotwierdzony",
            "Without consent in the shop, so we added the address to SARE as unconfirmed",
        ),
        (Some((Act::Found, _)), true) => either(
            lang,
            "W sklepie jest zgoda, ale SARE miało ten adres już wcześniej jako niepotwierdzony, a synchronizacja nie podnosi statusu.",
            "There is consent in the shop, but SARE had this address as unconfirmed before, and no synchronisation raises a status.",
        )
        .to_owned(),
        (Some((Act::Found, _)), false) => either(
            lang,
            "Bez zgody w sklepie, a SARE miało ten adres już wcześniej jako niepotwierdzony.",
            "Without consent in the shop, and SARE had this address as unconfirmed before.",
        )
        .to_owned(),
        (Some((Act::Lowered, at)), _) => {
            let lowered = by(
                lang,
                at,
                "Po wycofaniu zgody w sklepie zmieniliśmy status w SARE na niepotwierdzony",
                "After a withdrawal in the shop we made the status in SARE unconfirmed",
            );
            match course.opted_in {
                Some(_) => format!("{lowered} {}", later_consent(contact, course, lang)),
                None => lowered,
            }
        }
        (Some((Act::Resubscribed, at)), _) => by(
            lang,
            at,
            "Po odmowie zmieniono status na niepotwierdzony w samym SARE, nie zrobiliśmy tego my; zauważyliśmy to",
            "After a refusal the status was made unconfirmed in SARE itself and not by us; we noticed it",
        ),
        (Some((Act::Changed(from), at)), _) => {
            let before = words::status(from, lang);
            let noticed = moment(at, lang);
            match lang {
                Lang::Pl => format!(
                    "Status zmieniono na niepotwierdzony w samym SARE, nie zrobiliśmy tego my (wcześniej: {before}); \
                     zauważyliśmy to {noticed}."
                ),
                Lang::En => format!(
                    "The status was made unconfirmed in SARE itself and not by us (before: {before}); we noticed it on {noticed}."
                ),
            }
        }
        (_, true) => {
            let consent = either(
                lang,
                "W sklepie jest zgoda, ale w SARE adres jest niepotwierdzony, a synchronizacja nie podnosi statusu.",
                "There is consent in the shop, but SARE has the address as unconfirmed, and no synchronisation raises a status.",
            );
            format!("{consent} {}", not_known(course, lang))
        }
        (_, false) => {
            let consent = either(
                lang,
                "Bez zgody w sklepie, a w SARE niepotwierdzony.",
                "Without consent in the shop, and unconfirmed in SARE.",
            );
            format!("{consent} {}", not_known(course, lang))
        }
    }
}

/// A consent that came after SARE's status was set, and has not changed it.
fn later_consent(contact: &Contact, course: &Course, lang: Lang) -> String {
    match (course.opted_in, wish(contact)) {
        (_, Some(_)) => either(
            lang,
            "Nową zgodę już widzieliśmy, a zmiana statusu jest w drodze.",
            "The new opt-in was seen, and the change of the status is under way.",
        )
        .to_owned(),
        (Some(at), None) => by(
            lang,
            at,
            "Nowa zgoda niczego w SARE nie zmieniła; widzieliśmy ją",
            "The new opt-in changed nothing in SARE; we saw it",
        ),
        (None, None) => either(
            lang,
            "Teraz zgoda jest, ale nie zobaczyliśmy, żeby ktoś ją na nowo wyraził, więc statusu nie podnosimy.",
            "There is consent now, but nobody was seen to give it anew, so the status is not raised.",
        )
        .to_owned(),
    }
}

/// The upward change that waits to be written, by its word.
pub(super) fn wish(contact: &Contact) -> Option<String> {
    let intent: serde_json::Value = serde_json::from_str(contact.intent.as_deref()?).ok()?;
    intent["wish"].as_str().map(str::to_owned)
}

fn skipped(contact: &Contact, in_scope: Option<bool>, lang: Lang) -> &'static str {
    match (in_scope, contact.consent) {
        (Some(false), _) | (None, Some(true)) => either(
            lang,
            "Kontakty tego rodzaju nie są synchronizowane.",
            "Contacts of this kind are not synchronised.",
        ),
        (Some(true) | None, Some(false)) => either(
            lang,
            "Bez zgody w sklepie, a takie kontakty są pomijane.",
            "Without consent in the shop, and such contacts are left out.",
        ),
        _ => words::outcome(Outcome::Skipped, lang),
    }
}

fn gone(course: &Course, lang: Lang) -> String {
    match course.left {
        Some((Leaving::Groups, at)) => by(
            lang,
            at,
            "Kontaktu nie ma już w sklepie pod tym adresem, więc opuścił nasze grupy w SARE",
            "The contact is no longer in the shop under this address, so it left our groups in SARE",
        ),
        Some((Leaving::Deleted, at)) => by(
            lang,
            at,
            "Kontaktu nie ma już w sklepie, więc usunęliśmy go z SARE",
            "The contact is no longer in the shop, so we deleted it from SARE",
        ),
        None => words::outcome(Outcome::Gone, lang).to_owned(),
    }
}

/// A sentence with the moment at its end.
pub(super) fn by(lang: Lang, at: i64, polish: &'static str, english: &'static str) -> String {
    let joint = match lang {
        Lang::Pl => " ",
        Lang::En => " on ",
    };
    format!("{}{joint}{}.", either(lang, polish, english), moment(at, lang))
}

#[cfg(test)]
mod tests;
