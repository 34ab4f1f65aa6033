//! A line of a contact's history, for people.

use serde_json::Value;
use store::{HistoryEntry, Reason};
use sync_core::HistoryKind;
use sync_core::consent::Status;
use texts::Words;

/// The status that a line of history tells.
pub fn said_status(detail: &Value) -> Option<Status> {
    detail["status"].as_i64().map(Status::from)
}

/// What happened, by the ledger's word and what its line says beside it.
fn event(kind: &HistoryKind, detail: &Value, words: Words) -> Option<&'static str> {
    match (kind, detail["how"].as_str()) {
        (HistoryKind::WithdrawnInShop, Some("deleted")) => {
            Some(words.say("history-more.withdrawn-in-shop-deleted"))
        }
        (HistoryKind::WithdrawnInShop, Some("left")) => {
            Some(words.say("history-more.withdrawn-in-shop-left"))
        }
        (HistoryKind::Added, _) if detail["asked"].as_bool() == Some(true) => {
            Some(words.say("history-more.added-asked"))
        }
        // What could not be proven at once became a question.
        (HistoryKind::ConfirmedInSare, _) if said_status(detail) == Some(Status::NotConfirmed) => {
            words.event(&HistoryKind::AskedAgain)
        }
        _ => words.event(kind),
    }
}

fn detail(entry: &HistoryEntry) -> Value {
    let text = entry.detail.as_deref();
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// One line of a contact's history.
pub fn entry(entry: &HistoryEntry, words: Words) -> String {
    let detail = detail(entry);
    let mut line = event(&entry.kind, &detail, words)
        .unwrap_or(entry.kind.word())
        .to_owned();
    if let Some(by) = detail["by"].as_str().and_then(Reason::from_word) {
        line = format!("{line}, {}", words.reason(by));
    }
    let Some(had) = said_status(&detail).filter(|status| status.code() > 0) else {
        return line;
    };
    let status = words.status_in_full(had);
    match entry.kind {
        // What the shop said changed nothing in SARE by itself.
        HistoryKind::WithdrawnInShop | HistoryKind::OptedInInShop | HistoryKind::RefusalFollowed => words
            .fill(
                "story.event-status-then",
                &[("event", &line), ("status", &status)],
            ),
        _ => words.fill("story.event-status", &[("event", &line), ("status", &status)]),
    }
}

#[cfg(test)]
mod tests {
    use store::AddrHash;
    use sync_core::Lang;

    use super::*;

    const PL: Words = Words(Lang::Pl);
    const EN: Words = Words(Lang::En);

    fn of(kind: &str, detail: Option<&str>) -> HistoryEntry {
        HistoryEntry {
            hash: AddrHash([0; 16]),
            at: 0,
            kind: HistoryKind::of(kind),
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn history_is_told_in_sentences_without_ledger_words() {
        let added = of("added", Some(r#"{"status":8,"groups":[21],"by":"webhook"}"#));
        let line =
            "added to SARE, after the shop's webhook; status 8 (subscribed and confirmed, gets newsletters)";
        assert_eq!(entry(&added, EN), line);
        let line = "dodano do SARE, po powiadomieniu ze sklepu; status 8 (zapisany i potwierdzony, otrzymuje newslettery)";
        assert_eq!(entry(&added, PL), line);
        let asked = of("confirmed-in-sare", Some(r#"{"status":6}"#));
        assert!(
            entry(&asked, PL).contains("prośbę o potwierdzenie"),
            "never told as confirmed"
        );
        let asked = of("added", Some(r#"{"status":6,"asked":true}"#));
        assert!(entry(&asked, EN).contains("request to confirm"));
        let deleted = of("withdrawn-in-shop", Some(r#"{"status":8,"how":"deleted"}"#));
        let line = "ze sklepu usunięto wpis, w którym była zgoda; w SARE był wtedy status 8 (zapisany i potwierdzony, otrzymuje newslettery)";
        assert_eq!(entry(&deleted, PL), line);
        assert_eq!(entry(&of("opted-in-in-shop", None), EN), "opted in in the shop");
        assert_eq!(
            entry(&of("refused-in-sare", Some("no JSON")), PL),
            "odmówiono newslettera w SARE"
        );
    }
}
