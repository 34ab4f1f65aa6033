//! The sentences on a refusal and on a withdrawal: how they came, since when they are known, and who was told.

use store::Contact;
use sync_core::Lang;
use sync_core::consent::status as number;

use super::course::{Act, Course, Refusal, Withdrawal};
use super::why::{by, wish};
use super::{Ledger, either, moment, words};

/// What a refusal is, without a full stop, and since when it is known.
fn refusal(contact: &Contact, course: &Course, lang: Lang) -> (&'static str, Option<i64>) {
    let by_hand = contact.refusal == Some(number::REMOVED_BY_HAND);
    let in_sare = if by_hand {
        either(
            lang,
            "Tę osobę wypisano w SARE ręcznie",
            "The person was signed out in SARE by hand",
        )
    } else {
        either(
            lang,
            "Ta osoba wypisała się w SARE",
            "The person unsubscribed in SARE",
        )
    };
    let before = either(
        lang,
        "Odmowa była w SARE już wtedy, gdy kontakt pojawił się u nas po raz pierwszy",
        "SARE had a refusal when the contact was first seen",
    );
    let removed = either(lang, "Usunięto go z SARE", "It was removed from SARE");
    let followed = either(
        lang,
        "Ta osoba odmówiła pod poprzednim adresem",
        "The person refused under the address they had before",
    );
    match course.refusal {
        Some((Refusal::InSare, at)) => (in_sare, Some(at)),
        Some((Refusal::Before, at)) => (before, Some(at)),
        Some((Refusal::Vanished, at)) => (removed, Some(at)),
        Some((Refusal::Followed, at)) => (followed, Some(at)),
        // Its line is gone, or it came of a withdrawal, which has a line of its own.
        None => match contact.refusal_origin.as_deref().unwrap_or_default() {
            "first-sight" => (before, contact.refused_at),
            "vanished" => (removed, contact.refused_at),
            "followed" => (followed, contact.refused_at),
            "shop" => {
                let since = course.withdrawal.map(|(_, at)| at).or(contact.refused_at);
                (withdrawal(course, lang), since)
            }
            _ if contact.refusal == Some(number::ABSENT) => (removed, contact.refused_at),
            _ => (in_sare, contact.refused_at),
        },
    }
}

/// What a withdrawal was, without a full stop.
fn withdrawal(course: &Course, lang: Lang) -> &'static str {
    match course.withdrawal {
        Some((Withdrawal::Deleted, _)) => either(
            lang,
            "Ze sklepu usunięto wpis, w którym była zgoda",
            "The record that carried the consent was deleted from the shop",
        ),
        Some((Withdrawal::Left, _)) => either(
            lang,
            "Wpis ze zgodą ma w sklepie już inny adres, a kto został pod tym, nigdy jej nie wyraził",
            "The record with the consent has another address in the shop now, and whoever is left never consented",
        ),
        Some((Withdrawal::Followed, _)) => either(
            lang,
            "Ta osoba wycofała zgodę pod poprzednim adresem",
            "The person withdrew consent under the address they had before",
        ),
        Some((Withdrawal::Said, _)) | None => either(
            lang,
            "Zgodę wycofano w sklepie",
            "Consent was withdrawn in the shop",
        ),
    }
}

/// `; known since …`.
fn since(at: Option<i64>, lang: Lang) -> String {
    at.map_or_else(String::new, |at| match lang {
        Lang::Pl => format!("; wiemy o tym od {}", moment(at, lang)),
        Lang::En => format!("; known since {}", moment(at, lang)),
    })
}

/// Why somebody who refused gets nothing: how it came, what was done for it, and what came after.
pub(super) fn refused(contact: &Contact, course: &Course, lang: Lang) -> String {
    let (how, at) = refusal(contact, course, lang);
    let mut told = format!("{how}{}.", since(at, lang));
    let came_along = matches!(course.refusal, Some((Refusal::Followed, _)))
        || matches!(course.withdrawal, Some((Withdrawal::Followed, _)));
    match (course.act, course.lowered) {
        (Some((Act::AddedRefusing, at)), _) => {
            told.push(' ');
            told.push_str(&by(
                lang,
                at,
                "Odmowę zapisaliśmy w SARE także pod tym adresem",
                "We wrote the refusal to SARE under this address too",
            ));
        }
        (_, Some((_, at))) if came_along || course.refusal.is_none() => {
            told.push(' ');
            told.push_str(&by(lang, at, "Zapisaliśmy to w SARE", "We wrote it to SARE"));
        }
        (_, None) if course.refusal.is_none() && contact.refusal_origin.as_deref() == Some("shop") => {
            told.push_str(either(
                lang,
                " W SARE też jest odmowa.",
                " SARE has a refusal too.",
            ));
        }
        _ => {}
    }
    if let Some(at) = course.switched_off {
        told.push(' ');
        told.push_str(&by(
            lang,
            at,
            "Subskrypcję w sklepie wyłączyliśmy",
            "We switched the subscription in the shop off",
        ));
    }
    if let Some(at) = course.opted_in {
        told.push(' ');
        let seen = moment(at, lang);
        told.push_str(&match (wish(contact).as_deref(), lang) {
            (Some("ask-again"), Lang::Pl) => {
                format!("Nową zgodę wyrażono w sklepie {seen}; prośba o potwierdzenie jest w drodze.")
            }
            (Some("ask-again"), Lang::En) => {
                format!("There was a new opt-in in the shop on {seen}; a request to confirm is under way.")
            }
            (Some(_), Lang::Pl) => {
                format!("Nową zgodę wyrażono w sklepie {seen}; przywrócenie newslettera jest w drodze.")
            }
            (Some(_), Lang::En) => {
                format!(
                    "There was a new opt-in in the shop on {seen}; bringing the newsletter back is under way."
                )
            }
            (None, Lang::Pl) => format!("Nową zgodę wyrażono w sklepie {seen}; odmowa pozostaje."),
            (None, Lang::En) => format!("There was a new opt-in in the shop on {seen}; the refusal stays."),
        });
    }
    told
}

/// Why somebody who withdrew in the shop gets nothing, or still does.
pub(super) fn withdrawn(contact: &Contact, course: &Course, lang: Lang) -> String {
    let how = withdrawal(course, lang);
    let at = course.withdrawal.map(|(_, at)| at);
    let in_sare = match (contact.sare_status, course.lowered) {
        (Some(number::CONFIRMED), Some((_, at))) => match lang {
            Lang::Pl => format!(
                " Status w SARE zmieniliśmy {}, a jest tam znów potwierdzony.",
                moment(at, lang)
            ),
            Lang::En => format!(
                " We changed the status in SARE on {}, and it is confirmed there again.",
                moment(at, lang)
            ),
        },
        (Some(number::CONFIRMED), None) => either(
            lang,
            " SARE jeszcze o tym nie wie.",
            " SARE does not know of it yet.",
        )
        .to_owned(),
        (_, Some((_, at))) => format!(
            " {}",
            by(
                lang,
                at,
                "Status w SARE zmieniliśmy",
                "We changed the status in SARE",
            )
        ),
        (Some(number::ABSENT), None) => either(
            lang,
            " W SARE nie ma tego adresu.",
            " SARE does not have the address.",
        )
        .to_owned(),
        (Some(_), None) => either(
            lang,
            " SARE i tak nie wysyła tu newslettera.",
            " SARE sends no newsletter there anyway.",
        )
        .to_owned(),
        (None, None) => String::new(),
    };
    format!("{how}{}.{in_sare}", since(at, lang))
}

/// What the person last said in the shop, as decided by the merchant's rule.
pub fn consent_sentence(contact: &Contact, course: &Course, lang: Lang) -> Option<String> {
    if contact.withdrawn {
        let how = withdrawal(course, lang);
        let at = since(course.withdrawal.map(|(_, at)| at), lang);
        let since_then = either(
            lang,
            "Od tego czasu zgody nie wyrażono ponownie.",
            "There has been no opt-in since.",
        );
        return Some(format!("{how}{at}. {since_then}"));
    }
    let text = if let Some(doubt) = contact.doubt {
        words::doubt(doubt, lang)
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

/// How a refusal that is known became known.
pub fn refusal_origin(contact: &Contact, course: &Course, lang: Lang) -> String {
    refusal(contact, course, lang).0.to_owned()
}

/// The refusal that is known, how it was learnt, and whether the shop knows of it.
pub fn refusal_sentence(contact: &Contact, course: &Course, lang: Lang) -> Option<String> {
    contact.refusal?;
    let (how, at) = refusal(contact, course, lang);
    let told = if contact.refusal_applied {
        ""
    } else {
        either(
            lang,
            " Sklep jeszcze o tym nie wie.",
            " The shop has yet to be told.",
        )
    };
    Some(format!("{how}{}.{told}", since(at, lang)))
}

/// What the shop was told of a refusal, and whether it was told at all.
pub fn told_shop(ledger: &Ledger, contact: &Contact, course: &Course, lang: Lang) -> (bool, String) {
    let from_shop = course.refusal.is_none() && contact.refusal_origin.as_deref() == Some("shop");
    if let Some(at) = course.switched_off {
        let text = by(
            lang,
            at,
            "Tak: subskrypcję w sklepie wyłączyliśmy",
            "Yes: we switched the subscription in the shop off",
        );
        return (true, text);
    }
    if from_shop {
        let text = either(
            lang,
            "Nie było trzeba: o wycofaniu wiemy od sklepu.",
            "There was no need: it is the shop that told us.",
        );
        return (false, text.to_owned());
    }
    if !contact.refusal_applied {
        let text = either(lang, "Jeszcze nie.", "Not yet.");
        return (false, text.to_owned());
    }
    let refused_at = course.refusal.map(|(_, at)| at).or(contact.refused_at);
    let row = ledger
        .unsubscribe
        .as_ref()
        .filter(|row| refused_at.is_none_or(|at| row.at >= at));
    match row.map(|row| (row.told.as_deref(), row.told_at)) {
        Some((Some("told"), Some(at))) => (
            true,
            by(
                lang,
                at,
                "Tak: subskrypcję w sklepie wyłączyliśmy",
                "Yes: we switched the subscription in the shop off",
            ),
        ),
        Some((Some("nothing"), _)) => {
            let text = either(
                lang,
                "Nie: w sklepie nie było czego wyłączać.",
                "No: there was nothing to switch off in the shop.",
            );
            (false, text.to_owned())
        }
        _ => {
            let text = either(
                lang,
                "Nie: w sklepie niczego nie zmieniliśmy, odmowę pamiętamy sami.",
                "No: we changed nothing in the shop and keep the refusal ourselves.",
            );
            (false, text.to_owned())
        }
    }
}
