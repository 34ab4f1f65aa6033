//! A row a path through the table of consent: what happened, where the contact stands, and what is said of it.

use serde_json::json;
use store::{AddrHash, HistoryEntry, Refused, Seen};
use sync_core::consent::RefusalOrigin;
use sync_core::{HistoryKind, Lang};

use super::super::told_shop;
use super::*;

const PL: Words = Words(Lang::Pl);
const EN: Words = Words(Lang::En);

/// 2026-11-23 12:00 in Poland, a minute a line from there on.
const NOON: i64 = 1_795_431_600_000;

/// A line of history: kind, SARE's status in it, other details.
type Line = (&'static str, i64, &'static str);

/// Lines as the ledger gives them, the newest first; each a minute after the one before.
fn history(lines: &[Line]) -> Vec<HistoryEntry> {
    let lines = lines.iter().zip(0..).map(|((kind, status, more), minute)| {
        let mut detail = json!({ "status": status, "by": "webhook" });
        for pair in more.split(',').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap();
            detail[name] = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        }
        HistoryEntry {
            hash: AddrHash([1; 16]),
            at: NOON + minute * 60_000,
            kind: HistoryKind::of(kind),
            detail: Some(detail.to_string()),
        }
    });
    let mut all: Vec<_> = lines.collect();
    all.reverse();
    all
}

fn contact(outcome: Outcome, status: i64, consent: bool) -> Contact {
    Contact {
        outcome,
        sare: Some(Seen {
            status: status.into(),
            at: NOON + 3_600_000,
        }),
        consent: Some(consent),
        ..Contact::new(AddrHash([1; 16]), "anna@example.com".to_owned(), NOON)
    }
}

fn in_sare(status: i64, consent: bool) -> Contact {
    contact(Outcome::Synchronised, status, consent)
}

fn refusing(status: i64, origin: &str, is_applied: bool) -> Contact {
    Contact {
        refusal: Some(Refused {
            status: status.into(),
            origin: RefusalOrigin::kept(origin),
            applied: is_applied,
            since: NOON,
        }),
        ..contact(Outcome::Suppressed, status, true)
    }
}

fn withdrawn(status: i64) -> Contact {
    Contact {
        withdrawn: true,
        ..in_sare(status, false)
    }
}

fn with_opt_in(contact: Contact, opt_in: &str) -> Contact {
    Contact {
        intent: serde_json::from_value(json!({ "wish": opt_in })).ok(),
        ..contact
    }
}

fn ledger(contact: Contact, lines: &[Line]) -> Ledger {
    Ledger {
        contact: Some(contact),
        records: Vec::new(),
        history: history(lines),
        problems: Vec::new(),
        obstacles: Vec::new(),
        waiting: Vec::new(),
        unsubscribe: None,
    }
}

fn told(contact: Contact, lines: &[Line], words: Words) -> String {
    gist(&ledger(contact, lines), None, None, words)
}

/// What happened; how the contact stands; what must be said, and what must not.
struct Path {
    name: &'static str,
    lines: &'static [Line],
    contact: Contact,
    says: &'static [&'static str],
    never: &'static [&'static str],
}

fn path(
    name: &'static str,
    lines: &'static [Line],
    contact: Contact,
    says: &'static [&'static str],
    never: &'static [&'static str],
) -> Path {
    Path {
        name,
        lines,
        contact,
        says,
        never,
    }
}

/// Every row of the table of consent, by each way in which it can come.
fn paths() -> Vec<Path> {
    vec![
        // Nothing in SARE.
        path(
            "consent, new to SARE",
            &[("added", 8, "")],
            in_sare(8, true),
            &[
                "otrzymuje newsletter. W sklepie jest zgoda. Dodaliśmy ten adres do SARE jako potwierdzony 23.11.2026 12:00:00.",
            ],
            &["wcześniej"],
        ),
        path(
            "no consent, new to SARE",
            &[("added", 6, "")],
            in_sare(6, false),
            &["nie otrzymuje", "Bez zgody w sklepie, więc dodaliśmy"],
            &["wcześniej"],
        ),
        path(
            "no consent, left out by choice",
            &[],
            contact(Outcome::Skipped, 0, false),
            &[
                "nie otrzymuje",
                "Bez zgody w sklepie, a takie kontakty są pomijane",
            ],
            &[],
        ),
        // In SARE before, and untouched.
        path(
            "consent, confirmed in SARE before",
            &[("updated", 8, "")],
            in_sare(8, true),
            &["W sklepie jest zgoda. SARE miało ten adres już wcześniej jako potwierdzony."],
            &["Dodaliśmy"],
        ),
        path(
            "no consent, confirmed in SARE before",
            &[("updated", 8, "")],
            in_sare(8, false),
            &[
                "otrzymuje newsletter. W sklepie nie ma zgody",
                "SARE miało ten adres już wcześniej",
            ],
            &["Dodaliśmy"],
        ),
        path(
            "consent, unconfirmed in SARE before",
            &[("updated", 6, "")],
            in_sare(6, true),
            &[
                "SARE miało ten adres już wcześniej jako niepotwierdzony",
                "nie podnosi statusu",
            ],
            &["prośbę"],
        ),
        path(
            "no consent, unconfirmed in SARE before",
            &[("updated", 6, "")],
            in_sare(6, false),
            &["Bez zgody w sklepie, a SARE miało ten adres już wcześniej"],
            &["dodaliśmy"],
        ),
        // A new opt-in of somebody who never refused.
        path(
            "added without consent, which came later: under way",
            &[("added", 6, ""), ("opted-in-in-shop", 6, "")],
            with_opt_in(in_sare(6, true), "confirm"),
            &[
                "Dodaliśmy ten adres do SARE jako niepotwierdzony",
                "zmiana statusu jest w drodze",
            ],
            &["wcześniej"],
        ),
        path(
            "the same, done",
            &[
                ("added", 6, ""),
                ("opted-in-in-shop", 6, ""),
                ("confirmed-in-sare", 8, ""),
            ],
            in_sare(8, true),
            &["Po nowej zgodzie w sklepie zmieniliśmy status w SARE na potwierdzony 23.11.2026 12:02:00."],
            &["wcześniej", "odmow"],
        ),
        path(
            "consent by another rule, nobody opted in",
            &[("added", 6, "")],
            in_sare(6, true),
            &[
                "bo nie było wtedy zgody",
                "nie zobaczyliśmy, żeby ktoś ją na nowo wyraził",
            ],
            &["wcześniej"],
        ),
        // Changed in SARE, not by us.
        path(
            "confirmed there by the person",
            &[("added", 6, ""), ("updated", 8, "")],
            in_sare(8, false),
            &[
                "zmieniono na potwierdzony w samym SARE, nie zrobiliśmy tego my; zauważyliśmy to 23.11.2026 12:01:00.",
            ],
            &["wcześniej jako potwierdzony"],
        ),
        path(
            "made unconfirmed there",
            &[("added", 8, "")],
            in_sare(6, true),
            &[
                "zmieniono na niepotwierdzony w samym SARE",
                "8 (zapisany i potwierdzony",
            ],
            &["wcześniej jako niepotwierdzony"],
        ),
        // A withdrawal in the shop.
        path(
            "withdrawn, lowered to a refusal",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, ""),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &[
                "Zgodę wycofano w sklepie; wiemy o tym od 23.11.2026 12:01:00. Zapisaliśmy to w SARE 23.11.2026 12:02:00.",
            ],
            &["wypisała się w SARE"],
        ),
        path(
            "withdrawn, lowered to unconfirmed",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, ""),
                ("unsubscribed-in-sare", 6, ""),
            ],
            withdrawn(6),
            &[
                "Zgodę wycofano w sklepie",
                "Status w SARE zmieniliśmy 23.11.2026 12:02:00.",
            ],
            &["wcześniej"],
        ),
        path(
            "withdrawn, not yet in SARE",
            &[("added", 8, ""), ("withdrawn-in-shop", 8, "")],
            withdrawn(8),
            &["otrzymuje jeszcze newsletter", "SARE jeszcze o tym nie wie"],
            &[],
        ),
        path(
            "withdrawn while unconfirmed in SARE",
            &[("added", 6, ""), ("withdrawn-in-shop", 6, "")],
            withdrawn(6),
            &["Zgodę wycofano w sklepie", "SARE i tak nie wysyła tu newslettera"],
            &["zmieniliśmy"],
        ),
        path(
            "the record with the consent was deleted",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, "how=deleted"),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &["Ze sklepu usunięto wpis, w którym była zgoda; wiemy o tym od"],
            &["Zgodę wycofano"],
        ),
        path(
            "the record with the consent went to another address",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, "how=left"),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &["Wpis ze zgodą ma w sklepie już inny adres"],
            &["Zgodę wycofano"],
        ),
        path(
            "withdrawn in the shop, and refused in SARE by the person before we came to it",
            &[("added", 8, ""), ("withdrawn-in-shop", 4, "")],
            refusing(4, "shop", true),
            &["Zgodę wycofano w sklepie; wiemy", "W SARE też jest odmowa."],
            &["Zapisaliśmy"],
        ),
        // A refusal in SARE.
        path(
            "refused in SARE, the shop told",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("switched-off-in-shop", 4, ""),
            ],
            refusing(4, "sare", true),
            &[
                "Ta osoba wypisała się w SARE; wiemy o tym od 23.11.2026 12:01:00. Subskrypcję w sklepie wyłączyliśmy 23.11.2026 12:02:00.",
            ],
            &["wycofano"],
        ),
        path(
            "refused in SARE, the shop yet to be told",
            &[("added", 8, ""), ("refused-in-sare", 3, "")],
            refusing(3, "sare", false),
            &["Ta osoba wypisała się w SARE"],
            &["wyłączyliśmy"],
        ),
        path(
            "signed out by the account's people",
            &[("added", 8, ""), ("refused-in-sare", 2, "")],
            refusing(2, "sare", true),
            &["Tę osobę wypisano w SARE ręcznie"],
            &["Ta osoba wypisała się"],
        ),
        path(
            "refused when first seen",
            &[("already-refused", 4, "")],
            refusing(4, "first-sight", true),
            &["Odmowa była w SARE już wtedy, gdy kontakt pojawił się u nas po raz pierwszy"],
            &["przed pierwszą synchronizacją", "wyłączyliśmy"],
        ),
        path(
            "the same, applied to the shop by a click",
            &[
                ("already-refused", 4, ""),
                ("switched-off-in-shop", 4, "by=apply-refusal"),
            ],
            refusing(4, "first-sight", true),
            &[
                "już wtedy, gdy kontakt pojawił się",
                "Subskrypcję w sklepie wyłączyliśmy 23.11.2026 12:01:00.",
            ],
            &[],
        ),
        path(
            "removed from SARE",
            &[("added", 8, ""), ("vanished-from-sare", 0, "")],
            refusing(0, "vanished", true),
            &["Usunięto go z SARE; wiemy o tym od 23.11.2026 12:01:00."],
            &["wypisała się"],
        ),
        path(
            "removed from SARE, come back and refused there",
            &[
                ("added", 8, ""),
                ("vanished-from-sare", 0, ""),
                ("refused-in-sare", 4, ""),
            ],
            refusing(4, "sare", false),
            &["Ta osoba wypisała się w SARE; wiemy o tym od 23.11.2026 12:02:00."],
            &["Usunięto"],
        ),
        path(
            "refused under another address",
            &[("refusal-followed", 0, ""), ("added", 4, "")],
            refusing(4, "shop", true),
            &[
                "Ta osoba odmówiła pod poprzednim adresem",
                "Odmowę zapisaliśmy w SARE także pod tym adresem",
            ],
            &["Zgodę wycofano"],
        ),
        path(
            "refused under another address, the new one in SARE already",
            &[
                ("updated", 8, ""),
                ("refusal-followed", 8, ""),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &[
                "Ta osoba odmówiła pod poprzednim adresem",
                "Zapisaliśmy to w SARE 23.11.2026 12:02:00.",
            ],
            &["Zgodę wycofano"],
        ),
        path(
            "withdrawn under another address, withdrawals being lowered to unconfirmed",
            &[("refusal-followed", 0, ""), ("added", 6, "")],
            withdrawn(6),
            &["Ta osoba wycofała zgodę pod poprzednim adresem"],
            &["Zgodę wycofano"],
        ),
        // A new opt-in after a refusal: ask again, bring back, leave.
        path(
            "ask again: asked, not yet confirmed",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("switched-off-in-shop", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("asked-again", 6, ""),
                ("updated", 6, ""),
            ],
            in_sare(6, true),
            &[
                "nie otrzymuje",
                "Po odmowie wyrażono w sklepie nową zgodę (23.11.2026 12:03:00)",
                "prośbę o potwierdzenie 23.11.2026 12:04:00",
            ],
            &["wcześniej", "nie podnosi statusu"],
        ),
        path(
            "ask again: asked, then withdrawn in the shop",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("switched-off-in-shop", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("asked-again", 6, ""),
                ("withdrawn-in-shop", 6, ""),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &["Zgodę wycofano w sklepie; wiemy o tym od 23.11.2026 12:05:00"],
            &["wyłączyliśmy"],
        ),
        path(
            "ask again: confirmed by the person",
            &[
                ("already-refused", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("asked-again", 6, ""),
                ("updated", 8, ""),
            ],
            in_sare(8, true),
            &[
                "SARE wysłało prośbę o potwierdzenie (23.11.2026 12:02:00), a potem status zmienił się w SARE na potwierdzony",
            ],
            &["wcześniej", "nie zrobiliśmy tego my"],
        ),
        path(
            "ask again: on its way",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
            ],
            with_opt_in(refusing(4, "sare", true), "ask-again"),
            &["wypisała się w SARE", "prośba o potwierdzenie jest w drodze"],
            &["odmowa pozostaje"],
        ),
        path(
            "ask again, after the contact had been removed from SARE",
            &[
                ("added", 8, ""),
                ("vanished-from-sare", 0, ""),
                ("opted-in-in-shop", 0, ""),
                ("added", 6, "asked=true"),
            ],
            in_sare(6, true),
            &[
                "Po odmowie wyrażono w sklepie nową zgodę (23.11.2026 12:02:00)",
                "prośbę o potwierdzenie 23.11.2026 12:03:00",
            ],
            &["wcześniej", "bo nie było wtedy zgody"],
        ),
        path(
            "the same, written before lines said what was asked",
            &[
                ("added", 8, ""),
                ("vanished-from-sare", 0, ""),
                ("opted-in-in-shop", 0, ""),
                ("added", 6, ""),
            ],
            in_sare(6, true),
            &["prośbę o potwierdzenie 23.11.2026 12:03:00"],
            &["bo nie było wtedy zgody"],
        ),
        path(
            "asked, and refused once more",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("asked-again", 6, ""),
                ("refused-in-sare", 3, ""),
            ],
            refusing(3, "sare", true),
            &["Ta osoba wypisała się w SARE; wiemy o tym od 23.11.2026 12:04:00."],
            &["nową zgodę", "w drodze"],
        ),
        path(
            "asked, and withdrawn in the shop",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("asked-again", 6, ""),
                ("withdrawn-in-shop", 6, ""),
                ("unsubscribed-in-sare", 4, ""),
            ],
            refusing(4, "shop", true),
            &[
                "Zgodę wycofano w sklepie; wiemy o tym od 23.11.2026 12:04:00.",
                "Zapisaliśmy to w SARE 23.11.2026 12:05:00.",
            ],
            &["prośb"],
        ),
        path(
            "brought back at once",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("confirmed-in-sare", 8, ""),
            ],
            in_sare(8, true),
            &["Po nowej zgodzie w sklepie zmieniliśmy status w SARE na potwierdzony 23.11.2026 12:03:00."],
            &["wcześniej"],
        ),
        path(
            "brought back at once, after the contact had been removed from SARE",
            &[
                ("added", 8, ""),
                ("vanished-from-sare", 0, ""),
                ("opted-in-in-shop", 0, ""),
                ("added", 8, ""),
            ],
            in_sare(8, true),
            &["Po nowej zgodzie, wyrażonej po odmowie, dodaliśmy adres do SARE jako potwierdzony"],
            &[],
        ),
        path(
            "to be brought back, and asked instead since it could not be proven",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
                ("confirmed-in-sare", 6, ""),
            ],
            in_sare(6, true),
            &["prośbę o potwierdzenie 23.11.2026 12:03:00"],
            &["na potwierdzony"],
        ),
        path(
            "left, as the merchant chose",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("opted-in-in-shop", 4, ""),
            ],
            refusing(4, "sare", true),
            &[
                "wypisała się w SARE",
                "Nową zgodę wyrażono w sklepie 23.11.2026 12:02:00; odmowa pozostaje.",
            ],
            &["w drodze"],
        ),
        path(
            "withdrawn to unconfirmed, opted in again, asked",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, ""),
                ("unsubscribed-in-sare", 6, ""),
                ("opted-in-in-shop", 6, ""),
                ("asked-again", 6, ""),
            ],
            in_sare(6, true),
            &[
                "nową zgodę (23.11.2026 12:03:00)",
                "prośbę o potwierdzenie 23.11.2026 12:04:00",
            ],
            &["wcześniej"],
        ),
        path(
            "withdrawn to unconfirmed, opted in again, left",
            &[
                ("added", 8, ""),
                ("withdrawn-in-shop", 8, ""),
                ("unsubscribed-in-sare", 6, ""),
                ("opted-in-in-shop", 6, ""),
            ],
            in_sare(6, true),
            &[
                "Po wycofaniu zgody w sklepie zmieniliśmy status w SARE na niepotwierdzony",
                "Nowa zgoda niczego w SARE nie zmieniła",
            ],
            &["wcześniej"],
        ),
        // Subscribed again in SARE itself.
        path(
            "subscribed again in SARE",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("resubscribed-in-sare", 8, ""),
            ],
            in_sare(8, true),
            &["Tę osobę zapisano ponownie w samym SARE; zauważyliśmy to 23.11.2026 12:02:00."],
            &["wcześniej", "wypisała"],
        ),
        path(
            "made unconfirmed again in SARE",
            &[
                ("added", 8, ""),
                ("refused-in-sare", 4, ""),
                ("resubscribed-in-sare", 6, ""),
            ],
            in_sare(6, true),
            &["Po odmowie zmieniono status na niepotwierdzony w samym SARE"],
            &["wcześniej", "prośbę"],
        ),
        // Blocked, gone.
        path(
            "blocked",
            &[],
            contact(Outcome::HandsOff, 7, true),
            &["Zablokowany w SARE"],
            &[],
        ),
        path(
            "gone from the shop",
            &[("added", 8, ""), ("left-groups", 8, "")],
            contact(Outcome::Gone, 8, true),
            &["opuścił nasze grupy w SARE 23.11.2026 12:01:00."],
            &[],
        ),
        path(
            "gone from the shop and deleted",
            &[("added", 8, ""), ("deleted-in-sare", 0, "")],
            contact(Outcome::Gone, 0, true),
            &["usunęliśmy go z SARE 23.11.2026 12:01:00."],
            &[],
        ),
        // Nothing on record.
        path(
            "confirmed, and nothing on record",
            &[],
            in_sare(8, true),
            &["W sklepie jest zgoda. Skąd wziął się status w SARE, nie wiemy: nie ma o tym zapisu."],
            &["Dodaliśmy", "dodaliśmy", "wcześniej"],
        ),
    ]
}

#[test]
fn the_reason_is_what_happened_on_every_path_of_the_consent_table() {
    for path in paths() {
        let polish = told(path.contact.clone(), path.lines, PL);
        for says in path.says {
            assert!(
                polish.contains(says),
                "{}: no \u{201e}{says}\u{201d} in: {polish}",
                path.name
            );
        }
        for never in path.never {
            assert!(
                !polish.contains(never),
                "{}: \u{201e}{never}\u{201d} in: {polish}",
                path.name
            );
        }
        // English says the same: as many sentences, no Polish words, the same hours.
        let english = told(path.contact, path.lines, EN);
        assert!(english.is_ascii(), "{}: {english}", path.name);
        let clocks = |text: &str| text.matches(":00").count();
        assert_eq!(
            clocks(&polish),
            clocks(&english),
            "{}: {polish} / {english}",
            path.name
        );
        assert!(!english.contains("UTC"), "{}: {english}", path.name);
    }
}

#[test]
fn where_older_lines_are_gone_the_reason_is_not_guessed() {
    // Fifty updates: whatever set the status is no longer on record.
    let lines = vec![("updated", 6, ""); super::super::HISTORY];
    let consents = told(in_sare(6, true), &lines, PL);
    assert!(
        consents.contains("starszych zdarzeń nie przechowujemy"),
        "{consents}"
    );
    assert!(!consents.contains("wcześniej"), "{consents}");
    let without = told(
        in_sare(8, false),
        &vec![("updated", 8, ""); super::super::HISTORY],
        EN,
    );
    assert!(without.contains(EN.say("why.not-kept")), "{without}");
    assert!(!without.contains("SARE had"), "{without}");
    // A refusal is kept with the contact itself.
    let mut many = vec![("updated", 8, ""); super::super::HISTORY - 1];
    many.push(("switched-off-in-shop", 4, ""));
    let refused = told(refusing(4, "sare", true), &many, PL);
    assert!(
        refused.contains("wypisała się w SARE; wiemy o tym od 23.11.2026 12:00:00."),
        "{refused}"
    );
}

#[test]
fn what_sare_says_now_counts_more_than_what_was_seen() {
    let lines = &[
        ("added", 8, ""),
        ("withdrawn-in-shop", 8, ""),
        ("unsubscribed-in-sare", 6, ""),
    ];
    let ledger = ledger(withdrawn(6), lines);
    let still = gist(&ledger, None, Some((Status::Confirmed, NOON + 7_200_000)), EN);
    assert!(
        still.contains("still gets") && still.contains("withdrawn in the shop"),
        "{still}"
    );
    assert!(still.contains("it is confirmed there again"), "{still}");
}

#[test]
fn what_the_shop_was_told_is_told_as_it_was() {
    let answer = |contact: Contact, lines: &[Line]| {
        let ledger = ledger(contact.clone(), lines);
        told_shop(&ledger, &contact, &ledger.timeline(), PL)
    };
    let (told, text) = answer(refusing(4, "first-sight", true), &[("already-refused", 4, "")]);
    assert!(
        !told && text.contains("w sklepie niczego nie zmieniliśmy"),
        "{text}"
    );
    let applied = &[("already-refused", 4, ""), ("switched-off-in-shop", 4, "")];
    let (told, text) = answer(refusing(4, "first-sight", true), applied);
    assert!(
        told && text.contains("wyłączyliśmy 23.11.2026 12:01:00"),
        "{text}"
    );
    let (told, text) = answer(refusing(4, "sare", false), &[("refused-in-sare", 4, "")]);
    assert!(!told && text == "Jeszcze nie.", "{text}");
    let lowered = &[("withdrawn-in-shop", 8, ""), ("unsubscribed-in-sare", 4, "")];
    let (told, text) = answer(refusing(4, "shop", true), lowered);
    assert!(!told && text.contains("wiemy od sklepu"), "{text}");
}

#[test]
fn a_contact_left_out_is_told_which_rule_leaves_it_out() {
    let record = |kind| Record {
        key: sync_core::RecordKey { kind, id: 1 },
        hash: AddrHash([1; 16]),
        consent: Some(false),
        silent: false,
        extra: None,
        run_id: None,
        seen_at: NOON,
    };
    let mut config = Config::default();
    config.subscribers.enabled = true;
    let contact = contact(Outcome::Skipped, 0, false);
    let timeline = Timeline::default();
    let told = |kind| {
        let records = [record(kind)];
        why(
            &Grounds::new(&contact, &timeline, None, Some(&config), &records),
            PL,
        )
    };
    assert!(told(RecordKind::Customer).contains(PL.say("why.kind-off")));
    assert!(told(RecordKind::Subscriber).contains("Bez zgody w sklepie, a takie kontakty są pomijane"));
}

#[test]
fn a_failed_contact_is_told_by_the_cause_of_its_problem() {
    let failed = contact(Outcome::Failed, 8, true);
    let problem = Problem {
        key: "a:00".to_owned(),
        kind: sync_core::ProblemKind::of("sare-refused"),
        hash: None,
        detail: None,
        is_final: true,
        first_at: 0,
        last_at: 0,
        times: 1,
    };
    let timeline = Timeline::default();
    let grounds = Grounds::new(&failed, &timeline, Some(&problem), None, &[]);
    assert_eq!(
        why(&grounds, PL),
        PL.problem(sync_core::ProblemKind::SareRefused).cause
    );
}
