//! Stable words of the ledger and of SARE, as sentences for people.

use serde_json::Value;
use store::{HistoryEntry, Outcome, Reason};
use sync_core::Lang;
use sync_core::consent::Doubt;

use super::either;

/// A status in SARE (sare-api.md 6).
pub fn status(number: i64, lang: Lang) -> String {
    let meaning = match number {
        0 => return either(lang, "brak w SARE", "not there").to_owned(),
        8 => either(
            lang,
            "potwierdzony, otrzymuje newslettery",
            "confirmed, gets newsletters",
        ),
        7 => either(lang, "zablokowany w SARE", "blocked in SARE"),
        6 => either(
            lang,
            "niepotwierdzony, nie otrzymuje newsletterów",
            "unconfirmed, gets none",
        ),
        5 => either(
            lang,
            "bez prośby o potwierdzenie, nie otrzymuje newsletterów",
            "never asked to confirm, gets none",
        ),
        4 => either(lang, "prośba o usunięcie", "asked to be removed"),
        3 => either(lang, "wypisany", "unsubscribed"),
        2 => either(lang, "wypisany ręcznie", "signed out by hand"),
        _ => either(
            lang,
            "o nieznanym nam znaczeniu, nigdy niezmieniany",
            "of no meaning known to us, never touched",
        ),
    };
    format!("{number} ({meaning})")
}

/// What became of a contact in the last synchronisation.
pub fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Unknown => either(
            lang,
            "Kontakt jest znany ze sklepu i czeka na swoją kolej.",
            "It is known from the shop and has not had its turn yet.",
        ),
        Outcome::Synchronised => either(
            lang,
            "Kontakt jest zsynchronizowany: SARE dostało to, czego wymaga mapowanie.",
            "It is synchronised: SARE was told what the mapping asks for.",
        ),
        Outcome::Suppressed => either(
            lang,
            "Kontakt jest wykluczony: ta osoba odmówiła newslettera, więc jej dane nie są wysyłane do SARE i żadna \
             synchronizacja nie zapisze jej ponownie.",
            "It is suppressed: the person refused mail, so no data is sent to SARE and no synchronisation signs them up again.",
        ),
        Outcome::Skipped => either(
            lang,
            "Kontakt jest pominięty z wyboru sprzedawcy: bez zgody albo rodzaju, który nie jest synchronizowany.",
            "It is left out by the merchant's choice: without consent, or of a kind that is not synchronised.",
        ),
        Outcome::Failed => either(
            lang,
            "Kontaktu nie udało się zapisać w SARE; przyczynę podaje problem poniżej.",
            "It could not be written to SARE; the problem below says why.",
        ),
        Outcome::HandsOff => either(
            lang,
            "Kontakt jest zablokowany w SARE albo ma tam nieznany status, więc nigdy go nie zmieniamy.",
            "It is blocked in SARE or has a status that is not known, so it is never touched.",
        ),
        Outcome::Gone => either(
            lang,
            "Kontaktu nie ma już w sklepie; postąpiono z nim zgodnie z konfiguracją.",
            "It is no longer in the shop and was dealt with as configured.",
        ),
    }
}

/// What makes us look at a contact.
pub fn reason(reason: Reason, lang: Lang) -> &'static str {
    match reason {
        Reason::Webhook => either(lang, "po powiadomieniu ze sklepu", "after the shop's webhook"),
        Reason::DeleteWebhook => either(
            lang,
            "po powiadomieniu ze sklepu o usunięciu",
            "after the shop's webhook about a deletion",
        ),
        Reason::SareHook => either(lang, "po powiadomieniu z SARE", "after SARE's webhook"),
        Reason::NewId => either(
            lang,
            "znaleziono przy szukaniu nowych wpisów",
            "found by the look for new records",
        ),
        Reason::Poll => either(
            lang,
            "znaleziono przy sprawdzaniu statusów w SARE",
            "found by the poll of SARE's statuses",
        ),
        Reason::Sweep => either(lang, "znaleziono przy przeglądzie sklepu", "found by a sweep"),
        Reason::Missing => either(lang, "zabrakło przy przeglądzie sklepu", "missing in a sweep"),
        Reason::Backfill => either(
            lang,
            "po zmianie konfiguracji albo w pierwszej synchronizacji",
            "after a change of the configuration or in the first synchronisation",
        ),
        Reason::Forced => either(lang, "w wymuszonej synchronizacji", "in a forced synchronisation"),
        Reason::Verify => either(
            lang,
            "przy sprawdzeniu, czy zmiana się utrwaliła",
            "when a change was read back",
        ),
        Reason::Retry => either(
            lang,
            "przy kolejnej próbie po niepowodzeniu",
            "at another try after a failure",
        ),
        Reason::Manual => either(lang, "na życzenie", "because a person asked"),
        Reason::Waits => either(
            lang,
            "gdy konto SARE znów przyjmuje nowe adresy",
            "when the SARE account takes new addresses again",
        ),
        Reason::ApplyRefusal => either(
            lang,
            "na życzenie, aby przenieść odmowę z SARE do sklepu",
            "because a person asked for SARE's refusal to be carried into the shop",
        ),
        Reason::DecideDoubt => either(
            lang,
            "decyzją osoby z obsługi sklepu",
            "by decision of somebody at the shop",
        ),
    }
}

/// Why a consent of the shop is not acted upon.
pub fn doubt(doubt: Doubt, lang: Lang) -> &'static str {
    match doubt {
        Doubt::InactiveRow => either(
            lang,
            "W sklepie jest zgoda, ale ten adres miał tam też nieaktywną subskrypcję, gdy zobaczyliśmy go po raz pierwszy. Dlatego zgoda czeka na decyzję obsługi sklepu.",
            "The shop has a consent, but this address also had an inactive subscription there when it was first seen. So the consent waits for somebody at the shop to decide.",
        ),
        Doubt::OldAddress => either(
            lang,
            "Osoba przyszła z adresu, który SARE miało jako zablokowany albo o nieznanym statusie. Dlatego zgoda czeka na decyzję obsługi sklepu.",
            "The person came from an address that SARE had as blocked or of an unknown status. So the consent waits for somebody at the shop to decide.",
        ),
        Doubt::NotSaid => either(
            lang,
            "Sklep nie podaje, czy ta osoba wyraża zgodę. Gdy poda, zostanie to uwzględnione.",
            "The shop does not say whether this person consents. It will be acted upon when it does.",
        ),
    }
}

/// What happened, by the ledger's word and what its line says beside it.
fn event(kind: &str, detail: &Value, lang: Lang) -> Option<&'static str> {
    let (polish, english) = match (kind, detail["how"].as_str()) {
        ("withdrawn-in-shop", Some("deleted")) => (
            "ze sklepu usunięto wpis, w którym była zgoda",
            "the record that carried the consent was deleted from the shop",
        ),
        ("withdrawn-in-shop", Some("left")) => (
            "wpis ze zgodą ma w sklepie już inny adres",
            "the record with the consent has another address in the shop now",
        ),
        _ => return plain_event(kind, detail, lang),
    };
    Some(either(lang, polish, english))
}

fn plain_event(kind: &str, detail: &Value, lang: Lang) -> Option<&'static str> {
    let (polish, english) = match kind {
        "added" if detail["asked"].as_bool() == Some(true) => (
            "dodano do SARE z prośbą o potwierdzenie (wiadomość SARE)",
            "added to SARE with its request to confirm",
        ),
        // What could not be proven at once became a question.
        "confirmed-in-sare" if detail["status"].as_i64() == Some(6) => {
            return plain_event("asked-again", &Value::Null, lang);
        }
        "added" => ("dodano do SARE", "added to SARE"),
        "updated" => (
            "zaktualizowano dane i grupy w SARE",
            "data and groups brought up to date in SARE",
        ),
        "unsubscribed-in-sare" => ("wypisano w SARE", "unsubscribed in SARE"),
        "asked-again" => (
            "wysłano prośbę o potwierdzenie newslettera (wiadomość SARE)",
            "asked by SARE's confirmation mail whether they want newsletters again",
        ),
        "confirmed-in-sare" => (
            "potwierdzono w SARE po nowym zapisie",
            "made confirmed in SARE, for a new opt-in",
        ),
        "deleted-in-sare" => ("usunięto z SARE", "deleted from SARE"),
        "left-groups" => (
            "usunięto z naszych grup w SARE",
            "taken out of our groups in SARE",
        ),
        "left-group" => (
            "usunięto w SARE z grupy, do której już nie należy",
            "taken out of a group in SARE in which it no longer belongs",
        ),
        "switched-off-in-shop" => (
            "wyłączono subskrypcję w sklepie",
            "subscription switched off in the shop",
        ),
        "refused-by-sare" => ("SARE nie przyjęło kontaktu", "SARE did not take the contact"),
        "withdrawn-in-shop" => ("wycofano zgodę w sklepie", "withdrew consent in the shop"),
        "opted-in-in-shop" => ("wyrażono zgodę w sklepie", "opted in in the shop"),
        "refused-in-sare" => ("odmówiono newslettera w SARE", "refused mail in SARE"),
        "already-refused" => (
            "pojawił się po raz pierwszy, a w SARE była już odmowa",
            "seen for the first time, and had refused in SARE before",
        ),
        "vanished-from-sare" => (
            "był w SARE i został z niego usunięty",
            "was in SARE and has been removed from it",
        ),
        "resubscribed-in-sare" => ("zapisano ponownie w SARE", "subscribed again in SARE"),
        "refusal-followed" => (
            "odmowa przeszła z innego adresu tej osoby",
            "a refusal came along from another address of the person",
        ),
        "inactive-row-vetoes" => (
            "w sklepie jest zgoda, a obok niej nieaktywna subskrypcja tego adresu: zgoda czeka na decyzję",
            "the shop has a consent, and beside it an inactive subscription of this address: the consent waits for a decision",
        ),
        "doubt-followed" => (
            "osoba przyszła z adresu zablokowanego w SARE albo o nieznanym statusie: zgoda czeka na decyzję",
            "the person came from an address that SARE has as blocked or of an unknown status: the consent waits for a decision",
        ),
        "consent-not-said" => (
            "sklep nie podał, czy ta osoba wyraża zgodę",
            "the shop did not say whether the person consents",
        ),
        "consent-decided" => (
            "obsługa sklepu zdecydowała, że zgoda ze sklepu obowiązuje",
            "somebody at the shop decided that the consent in the shop counts",
        ),
        "doubt-over" => (
            "nic już nie wstrzymuje zgody ze sklepu",
            "nothing holds the consent in the shop back any more",
        ),
        _ => return None,
    };
    Some(either(lang, polish, english))
}

/// One line of a contact's history.
pub fn entry(entry: &HistoryEntry, lang: Lang) -> String {
    let detail: Value = entry
        .detail
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut line = event(&entry.kind, &detail, lang)
        .unwrap_or(&entry.kind)
        .to_owned();
    if let Ok(by) = serde_json::from_value::<Reason>(detail["by"].clone()) {
        line.push_str(", ");
        line.push_str(reason(by, lang));
    }
    if let Some(number) = detail["status"].as_i64().filter(|number| *number > 0) {
        // What the shop said changed nothing in SARE by itself.
        let is_of_shop = matches!(
            entry.kind.as_str(),
            "withdrawn-in-shop" | "opted-in-in-shop" | "refusal-followed"
        );
        line.push_str(if is_of_shop {
            either(lang, "; w SARE był wtedy status ", "; SARE had status ")
        } else {
            "; status "
        });
        line.push_str(&status(number, lang));
    }
    line
}

#[cfg(test)]
mod tests {
    use store::AddrHash;

    use super::*;

    fn of(kind: &str, detail: Option<&str>) -> HistoryEntry {
        HistoryEntry {
            hash: AddrHash([0; 16]),
            at: 0,
            kind: kind.to_owned(),
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn history_is_told_in_sentences_without_ledger_words() {
        let added = of("added", Some(r#"{"status":8,"groups":[21],"by":"webhook"}"#));
        let line = "added to SARE, after the shop's webhook; status 8 (confirmed, gets newsletters)";
        assert_eq!(entry(&added, Lang::En), line);
        let line =
            "dodano do SARE, po powiadomieniu ze sklepu; status 8 (potwierdzony, otrzymuje newslettery)";
        assert_eq!(entry(&added, Lang::Pl), line);
        let asked = of("confirmed-in-sare", Some(r#"{"status":6}"#));
        assert!(
            entry(&asked, Lang::Pl).contains("prośbę o potwierdzenie"),
            "never told as confirmed"
        );
        let asked = of("added", Some(r#"{"status":6,"asked":true}"#));
        assert!(entry(&asked, Lang::En).contains("request to confirm"));
        let deleted = of("withdrawn-in-shop", Some(r#"{"status":8,"how":"deleted"}"#));
        let line = "ze sklepu usunięto wpis, w którym była zgoda; w SARE był wtedy status 8 (potwierdzony, otrzymuje newslettery)";
        assert_eq!(entry(&deleted, Lang::Pl), line);
        assert_eq!(
            entry(&of("opted-in-in-shop", None), Lang::En),
            "opted in in the shop"
        );
        assert_eq!(
            entry(&of("refused-in-sare", Some("no JSON")), Lang::Pl),
            "odmówiono newslettera w SARE"
        );
    }
}
