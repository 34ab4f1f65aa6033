//! Stable words of the ledger and of SARE, as sentences for people.

use serde_json::Value;
use store::{HistoryEntry, Outcome};

/// A status in SARE (sare-api.md 6).
pub fn status(number: i64) -> String {
    let meaning = match number {
        0 => return "not there".to_owned(),
        8 => "confirmed, gets newsletters",
        7 => "blocked in SARE",
        6 => "unconfirmed, gets none",
        5 => "never asked to confirm, gets none",
        4 => "asked to be removed",
        3 => "unsubscribed",
        2 => "signed out by hand",
        _ => "of no meaning known to us, never touched",
    };
    format!("{number} ({meaning})")
}

/// What became of a contact in the last synchronisation.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown => "It is known from the shop and has not had its turn yet.",
        Outcome::Synchronised => "It is synchronised: SARE was told what the mapping asks for.",
        Outcome::Suppressed => {
            "It is suppressed: the person refused mail, so no data is sent to SARE and no synchronisation signs them up again."
        }
        Outcome::Skipped => {
            "It is left out by the merchant's choice: without consent, or of a kind that is not synchronised."
        }
        Outcome::Failed => "It could not be written to SARE; the problem below says why.",
        Outcome::HandsOff => {
            "It is blocked in SARE or has a status that is not known, so it is never touched."
        }
        Outcome::Gone => "It is no longer in the shop and was dealt with as configured.",
    }
}

/// How a refusal became known.
pub fn refusal_origin(word: &str) -> &'static str {
    match word {
        "first-sight" => "SARE had it when the contact was first seen; nobody's side was changed for it",
        "shop" => "it was carried to SARE after a withdrawal in the shop",
        "vanished" => "the contact was removed from SARE by its people",
        "followed" => "the person refused under another address and moved to this one",
        _ => "it was made in SARE",
    }
}

/// What made us look at the contact.
fn by(word: &str) -> &'static str {
    match word {
        "webhook" => "after the shop's webhook",
        "delete-webhook" => "after the shop's webhook about a deletion",
        "sare-hook" => "after SARE's webhook",
        "new-id" => "found by the look for new records",
        "poll" => "found by the poll of SARE's statuses",
        "sweep" => "found by a sweep",
        "missing" => "missing in a sweep",
        "backfill" => "after a change of the configuration or in the first synchronisation",
        "forced" => "in a forced synchronisation",
        "verify" => "when a change was read back",
        "retry" => "at another try after a failure",
        "manual" => "because a person asked",
        _ => "",
    }
}

/// One line of a contact's history.
pub fn history(entry: &HistoryEntry) -> String {
    let detail: Value = entry
        .detail
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let what = match entry.kind.as_str() {
        "added" => "added to SARE",
        "updated" => "data and groups brought up to date in SARE",
        "unsubscribed-in-sare" => "unsubscribed in SARE",
        "asked-again" => "asked by SARE's confirmation mail whether they want newsletters again",
        "confirmed-in-sare" => "made confirmed in SARE, for a new opt-in",
        "deleted-in-sare" => "deleted from SARE",
        "left-groups" => "taken out of our groups in SARE",
        "left-group" => "taken out of a group in SARE in which it no longer belongs",
        "switched-off-in-shop" => "subscription switched off in the shop",
        "refused-by-sare" => "SARE did not take the contact",
        "withdrawn-in-shop" => "withdrew consent in the shop",
        "opted-in-in-shop" => "opted in in the shop",
        "refused-in-sare" => "refused mail in SARE",
        "already-refused" => "seen for the first time, and had refused in SARE before",
        "vanished-from-sare" => "was in SARE and has been removed from it",
        "resubscribed-in-sare" => "subscribed again in SARE",
        "refusal-followed" => "a refusal came along from another address of the person",
        other => other,
    };
    let mut line = what.to_owned();
    let reason = by(detail["by"].as_str().unwrap_or_default());
    if !reason.is_empty() {
        line.push_str(", ");
        line.push_str(reason);
    }
    if let Some(number) = detail["status"].as_i64().filter(|number| *number > 0) {
        line.push_str(&format!("; status {}", status(number)));
    }
    line
}

#[cfg(test)]
mod tests {
    use store::AddrHash;

    use super::*;

    #[test]
    fn history_is_told_in_sentences_without_ledger_words() {
        let entry = |kind: &str, detail: Option<&str>| HistoryEntry {
            hash: AddrHash([0; 16]),
            at: 0,
            kind: kind.to_owned(),
            detail: detail.map(str::to_owned),
        };
        let added = entry("added", Some(r#"{"status":8,"groups":[21],"by":"webhook"}"#));
        let line = "added to SARE, after the shop's webhook; status 8 (confirmed, gets newsletters)";
        assert_eq!(history(&added), line);
        assert_eq!(history(&entry("opted-in-in-shop", None)), "opted in in the shop");
        assert_eq!(
            history(&entry("refused-in-sare", Some("no JSON"))),
            "refused mail in SARE"
        );
    }
}
