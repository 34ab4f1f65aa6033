//! The panel's first page: the sentence on how things stand, and the numbers behind it.

use std::time::Duration;

use engine::{Body, Counters, Phase, Statement};
use store::{Commit, Counts, Outcome, Problem, RunKind, RunState, ShopChange, ShopState};
use sync_core::Cause;

use crate::ledger::{Visitor, between, seen};
use crate::world::*;

/// The first sentence of the page, and how it is meant.
fn headline(page: &str) -> (String, String) {
    let notice = between(page, "<div class=\"notice ", "</h2>");
    let (tone, rest) = notice.split_once('"').unwrap();
    let title = rest.rsplit_once("<h2 class=\"standing\">").unwrap().1;
    (tone.to_owned(), title.to_owned())
}

#[tokio::test]
async fn a_shop_in_order_reads_so_with_the_time_of_its_last_change() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let anna = Contact8::of(&v, "anna@example.com");
        let commit = Commit {
            history: vec![v.line(&anna, "added", 8, NOON - 120_000)],
            contacts: vec![anna],
            ..Commit::default()
        };
        v.commit(commit, NOON - 120_000).await;
        let page = v.page("").await;
        assert_eq!(
            headline(&page),
            ("good".to_owned(), "Wszystko aktualne".to_owned())
        );
        assert!(page.contains("Ostatnia zmiana 2 minuty temu."), "{page}");
        let live = v.page("overview/live").await;
        assert!(!live.contains("<html") && live.contains("Wszystko aktualne"));
        assert!(!live.contains("data-busy"), "nothing is under way");
    })
    .await;
}

/// A contact that SARE mails.
struct Contact8;

impl Contact8 {
    fn of(v: &Visitor<'_>, address: &str) -> store::Contact {
        store::Contact {
            sare: seen(8),
            ..v.contact(address, Outcome::Synchronised)
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_first_and_with_what_to_do() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let soon = NOON + 90_000;
        let says = async |tone: &str, title: &str, link: &str| {
            let page = v.page("").await;
            assert_eq!(headline(&page), (tone.to_owned(), title.to_owned()));
            assert!(
                link.is_empty() || page.contains(&format!("/{link}\">")),
                "{title}: no way to {link}"
            );
            page
        };
        says(
            "info",
            "Połączono. W sklepie nie ma jeszcze klientów ani subskrybentów",
            "",
        )
        .await;

        // Services that are away heal by themselves: never an alarm.
        v.lane(|lane| {
            lane["failures"] = serde_json::json!([0, 3]);
            lane["timers"] = serde_json::json!({ "sare": soon });
        })
        .await;
        let page = says("info", "Czekamy na SARE", "").await;
        assert!(
            page.contains("Nic nie zginie") && page.contains("Kolejka jest pusta."),
            "{page}"
        );
        let marks: Vec<_> = (1..=214)
            .map(|id| store::DirtyMark {
                key: store::DirtyKey::Record(sync_core::RecordKey::customer(id)),
                due_at: NOON,
                priority: store::Priority::Live,
                reason: store::Reason::Webhook,
                held_by: None,
            })
            .collect();
        world.store.mark_dirty(v.id(), &marks, NOON).await.unwrap();
        let page = says("info", "Czekamy na SARE", "").await;
        assert!(page.contains("W kolejce czeka 214 zmian."), "{page}");
        assert!(!page.contains("notice bad"), "nobody is alarmed");

        // A person's decision goes before waiting, a broken access before all.
        world.engine.pause(v.id(), true).await.unwrap();
        says("warn", "Synchronizacja jest wstrzymana", "").await;
        v.lane(|lane| lane["sare_refused"] = true.into()).await;
        says("bad", "SARE odrzuca klucz API", "connect").await;
        let lost = ShopChange {
            state: Some(ShopState::AccessLost),
            ..ShopChange::default()
        };
        world.store.update_shop(v.id(), &lost, NOON).await.unwrap();
        let page = says("bad", "Sklep odmawia nam dostępu", "help").await;
        assert!(page.contains("SARE odrzuca klucz API") && page.contains("Synchronizacja jest wstrzymana"));
    })
    .await;
}

#[tokio::test]
async fn after_disconnecting_sare_the_page_and_the_api_say_so_first() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let anna = Contact8::of(&v, "anna@example.com");
        let commit = Commit {
            contacts: vec![anna],
            ..Commit::default()
        };
        v.commit(commit, NOON - 120_000).await;
        let side = |page: &str, name: &str| {
            let of = between(page, &format!("<dt>{name}</dt>"), "</dd>").to_owned();
            of.split("<span class=\"state").nth(1).unwrap().to_owned()
        };
        let page = v.page("").await;
        assert_eq!(headline(&page).0, "good");
        assert!(side(&page, "SARE").contains(">działa<") && side(&page, "Sklep").contains(">działa<"));

        world.store.disconnect(v.id(), NOON).await.unwrap();
        let page = v.page("").await;
        let (tone, title) = headline(&page);
        assert_eq!(
            (tone.as_str(), title.as_str()),
            ("bad", "Sklep nie jest połączony z SARE")
        );
        assert!(
            page.contains("/connect\">Połącz z SARE</a>"),
            "one button: {page}"
        );
        assert!(
            page.contains("wypisuj ręcznie w obu miejscach"),
            "what it means: {page}"
        );
        assert!(side(&page, "SARE").contains(">niepołączone<"), "{page}");
        assert!(
            !page.contains("Wszystko aktualne") && !page.contains(">działa<"),
            "{page}"
        );
        let v_en = v.page("overview/live").await;
        assert_eq!(
            headline(&v_en),
            headline(&page),
            "the part that changes says the same"
        );

        let told = world
            .operator(http::Method::GET, &format!("/api/v1/shops/{LICENSE}"), "")
            .await
            .json();
        let word = |name: &str| told[name].as_str().unwrap().to_owned();
        assert_eq!(word("standing"), "sare-not-connected");
        assert_eq!(
            (word("severity"), word("sare_side")),
            ("bad".to_owned(), "not-connected".to_owned())
        );
        assert_eq!(word("state"), "connected", "to the shop");
    })
    .await;
}

#[tokio::test]
async fn a_run_does_not_seem_to_go_on_while_all_is_stopped() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let body = Body {
            phase: Phase::Customers,
            total: Some(200),
            done: 50,
            eta_seconds: Some(180),
            waiting_for: Some(Cause::SareLimit),
            ..Body::default()
        };
        world
            .store
            .create_run(v.id(), RunKind::Sweep, &body.text(), NOON)
            .await
            .unwrap();
        world.engine.pause(v.id(), true).await.unwrap();
        let page = v.page("").await;
        assert!(
            page.contains("Codzienne sprawdzenie sklepu: wstrzymano") && !page.contains("data-busy"),
            "{page}"
        );
        assert!(
            !page.contains("Pozostało")
                && !page.contains("Trwa codzienny")
                && !page.contains("prosi, by pytać wolniej")
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_that_stands_still_promises_no_time_and_is_counted() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let mut body = Body {
            phase: Phase::Customers,
            total: Some(200),
            done: 50,
            eta_seconds: Some(30),
            moved_at: Some(NOON - 4 * 60_000),
            ..Body::default()
        };
        let id = world
            .store
            .create_run(v.id(), RunKind::Sweep, &body.text(), NOON - 3_600_000)
            .await
            .unwrap();
        let bearer = format!("Bearer {METRICS}");
        let counted = async |many: i64| {
            let answer = world.get("/metrics", &[("authorization", &bearer)]).await;
            let text = answer.text();
            let line = format!("shoper_sare_runs_standing_still {many}");
            assert!(text.lines().any(|found| found == line), "{text}");
        };
        assert!(v.page("").await.contains("Pozostało"));
        counted(0).await;
        body.moved_at = Some(NOON - 6 * 60_000);
        let run = store::Run {
            id,
            kind: RunKind::Sweep,
            state: RunState::Running,
            body: body.text(),
            error: None,
            created_at: NOON - 3_600_000,
            started_at: Some(NOON - 3_600_000),
            ended_at: None,
        };
        let commit = Commit {
            run: Some(run),
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("").await;
        assert!(page.contains("Od jakiegoś czasu nic się nie zmienia"), "{page}");
        assert!(!page.contains("Pozostało"), "{page}");
        counted(1).await;
    })
    .await;
}

#[tokio::test]
async fn a_braked_poll_harm_and_an_ended_subscription_are_told() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        v.lane(|lane| lane["poll_braked"] = true.into()).await;
        let page = v.page("").await;
        assert_eq!(headline(&page).1, "Potrzebna jest Twoja decyzja");
        v.lane(|lane| lane["updates_harm"] = true.into()).await;
        assert_eq!(
            headline(&v.page("").await).1,
            "Zapisywanie w SARE jest zatrzymane"
        );
    })
    .await;
    each(async |world| {
        let v = Visitor::come(&world).await;
        let extra = [("subscription_end_time", "2026-11-20 12:00:00")];
        let message = signed("billing_subscription", &extra);
        assert_eq!(world.lifecycle(&message).await.status, 200);
        assert_eq!(
            headline(&v.page("").await),
            (
                "warn".to_owned(),
                "Abonament aplikacji skończył się 3 dni temu".to_owned()
            )
        );
    })
    .await;
}

#[tokio::test]
async fn before_the_first_synchronisation_the_page_leads_to_what_is_missing() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        v.lane(|lane| lane["first_done"] = false.into()).await;
        assert_eq!(headline(&v.page("").await).1, "Synchronizacja zaraz się zacznie");
        world
            .store
            .hold_first_run(v.id(), Some(NOON + 60_000), NOON)
            .await
            .unwrap();
        let page = v.page("").await;
        // It begins by itself: nobody's word is waited for.
        assert_eq!(
            headline(&page).1,
            "Pierwsza synchronizacja rozpocznie się sama o 12:01 (pozostało: 1 minuta)"
        );
        assert!(page.contains("/launch\">Przejdź do podglądu") && !page.contains("zgody czekają"));
        let for_good = Some(NOON + 50 * 365 * 86_400_000);
        world.store.hold_first_run(v.id(), for_good, NOON).await.unwrap();
        let page = v.page("").await;
        assert_eq!(
            headline(&page).1,
            "Pierwsza synchronizacja czeka na Twoją decyzję"
        );
        assert!(page.contains("Sama się nie rozpocznie."));
        let nobody = "[sare]\nuid = \"12345\"\n";
        world
            .store
            .put_config(v.id(), nobody, None, None, "test", NOON)
            .await
            .unwrap();
        world.store.hold_first_run(v.id(), None, NOON).await.unwrap();
        let page = v.page("").await;
        assert_eq!(headline(&page).1, "Wybierz, kogo synchronizować");
    })
    .await;
}

#[tokio::test]
async fn the_three_numbers_open_their_lists() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let outcomes = [
            Outcome::Synchronised,
            Outcome::Synchronised,
            Outcome::Suppressed,
            Outcome::Skipped,
            Outcome::HandsOff,
            Outcome::Failed,
        ];
        let contacts = outcomes
            .iter()
            .enumerate()
            .map(|(n, outcome)| v.contact(&format!("c{n}@example.com"), *outcome));
        let commit = Commit {
            contacts: contacts.collect(),
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("").await;
        let piles = between(&page, "<ul class=\"piles\">", "</section>");
        for (list, n) in [("synchronised", 2), ("suppressed", 3), ("failed", 1)] {
            let shown = between(
                piles,
                &format!("contacts?list={list}\"><span class=\"big\">"),
                "<",
            );
            assert_eq!(shown, n.to_string(), "{list}");
        }
        for list in ["skipped", "hands-off"] {
            assert!(piles.contains(&format!("contacts?list={list}\">1 ")), "{list}");
        }
        assert_eq!(headline(&page).1, "Aktualne, oprócz 1 kontaktu");
    })
    .await;
}

#[tokio::test]
async fn a_run_shows_its_stage_what_is_left_and_what_it_waits_for_and_then_a_receipt_that_adds_up() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let mut body = Body {
            phase: Phase::Customers,
            total: Some(200),
            done: 50,
            eta_seconds: Some(180),
            waiting_for: Some(Cause::SareLimit),
            ..Body::default()
        };
        let id = world
            .store
            .create_run(v.id(), RunKind::Sweep, &body.text(), NOON)
            .await
            .unwrap();
        let run = |state, body: &Body| store::Run {
            id,
            kind: RunKind::Sweep,
            state,
            body: body.text(),
            error: None,
            created_at: NOON,
            started_at: Some(NOON),
            ended_at: (state == RunState::Done).then_some(NOON),
        };
        let commit = Commit {
            run: Some(run(RunState::Running, &body)),
            meters: vec![("changed_by_webhook", 7)],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let live = v.page("overview/live").await;
        assert_eq!(headline(&live).1, "Trwa codzienne sprawdzanie sklepu");
        assert!(
            live.contains("data-busy") && live.contains("<li aria-current=\"step\">Klienci"),
            "{live}"
        );
        assert!(live.contains("Odczytano 50 z 200.") && live.contains("Pozostało: 3 minuty."));
        assert!(live.contains("SARE prosi, by pytać wolniej. Zaraz ruszamy dalej."));
        assert!(live.contains("Bieżące zmiany przesyłamy niezależnie: dziś 7."));

        // 6 needed nothing, 3 of which were suppressed; 4 differ and are carried out one by one; 1 address is none.
        body.counters = Counters {
            unchanged: 3,
            suppressed: 3,
            failed: 1,
            ..Counters::default()
        };
        body.statement = Statement {
            unchanged: 3,
            suppressed: 3,
            added: 1,
            updated: 2,
            gone: 1,
            ..Statement::default()
        };
        let commit = Commit {
            run: Some(run(RunState::Done, &body)),
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let live = v.page("overview/live").await;
        assert!(!live.contains("data-busy"));
        assert!(live.contains("Szczegóły: 11 kontaktów"), "{live}");
        let receipt = between(&live, "id=\"receipt\"", "</table>");
        let numbers: Vec<i64> = receipt
            .split("<td class=\"number\">")
            .skip(1)
            .map(|cell| {
                cell.trim_start_matches("<strong>")
                    .split('<')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        let (sum, parts) = numbers.split_last().unwrap();
        assert_eq!((parts, *sum), (&[3, 3, 1, 4][..], 11));
    })
    .await;
}

#[tokio::test]
async fn a_refused_forced_run_says_why_nothing_happened() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let body = Body {
            statement: Statement {
                mailable: 2,
                ..Statement::default()
            },
            ..Body::default()
        };
        let id = world
            .store
            .create_run(v.id(), RunKind::Forced, &body.text(), NOON)
            .await
            .unwrap();
        let refused = RunState::Refused;
        world
            .store
            .set_run_state(v.id(), id, refused, Some("would-make-mailable:2"), NOON)
            .await
            .unwrap();
        let page = v.page("").await;
        assert_eq!(headline(&page).1, "Pełna synchronizacja się nie rozpoczęła");
        assert!(page.contains("Przez nią 2 osoby zaczęłyby otrzymywać newsletter"));
    })
    .await;
}

#[tokio::test]
async fn events_and_bars_tell_the_last_days_and_the_table_says_the_same() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let anna = v.contact("anna@example.com", Outcome::Synchronised);
        let commit = |kind: &str, at| Commit {
            contacts: vec![anna.clone()],
            history: vec![v.line(&anna, kind, 8, at)],
            ..Commit::default()
        };
        let day = 86_400_000;
        for (kind, at) in [
            ("added", NOON - 2 * day),
            ("updated", NOON - day),
            ("refused-in-sare", NOON),
        ] {
            v.commit(commit(kind, at), at).await;
        }
        let page = v.page("").await;
        let events = between(&page, "<table class=\"events\">", "</table>");
        let events = between(events, "<tbody>", "</tbody>");
        assert_eq!(events.matches("<tr>").count(), 3);
        let whom = between(events, &format!("contacts/{}\"", anna.hash.to_hex()), "</a>");
        assert!(
            whom.ends_with(">anna@example<wbr>.com") || whom.contains("anna"),
            "{whom}"
        );
        assert!(
            events.find("odmówiono newslettera w SARE").unwrap() < events.find("dodano do SARE").unwrap()
        );
        let columns = between(&page, "<ol class=\"columns\">", "</ol>");
        assert_eq!(columns.matches("<li").count(), 30);
        let drawn = between(&page, "preserveAspectRatio=\"none\">", "</svg>");
        assert_eq!(drawn.matches("h8v").count(), 3, "a part for each that happened");
        assert_eq!(
            columns.matches("tabindex=\"0\"").count(),
            3,
            "days without anything are passed over"
        );
        assert_eq!(columns.matches("<span class=\"tip\">").count(), 3);
        assert!(
            columns.contains("21.11.2026</time></strong> Dodane do SARE: 1"),
            "{columns}"
        );
        assert!(
            v.page("overview/live").await.contains(columns),
            "it is live like the rest"
        );
        let table = between(&page, "id=\"chart-table\"", "</table>");
        for day in ["23.11.2026", "22.11.2026", "21.11.2026"] {
            assert!(table.contains(day), "{day}");
        }
        assert!(!table.contains("20.11.2026"), "a day on which nothing happened");
        assert!(!page.contains("style="), "the policy forbids it");
    })
    .await;
}

#[tokio::test]
async fn the_proof_the_loss_and_what_needs_attention_are_told() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        world
            .store
            .put_audit(v.id(), NOON - 3_600_000, 120, 0, "{}")
            .await
            .unwrap();
        let problem = |key: &str, kind: &str| Problem {
            key: key.to_owned(),
            kind: sync_core::ProblemKind::of(kind),
            hash: None,
            detail: None,
            is_final: false,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        let commit = Commit {
            meters: vec![
                ("changed_by_webhook", 90),
                ("changed_by_sweep", 4),
                ("changed_by_look", 6),
            ],
            problems: vec![problem("u:1", "bad-address"), problem("u:2", "record-locked")],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("").await;
        assert!(
            page.contains("godzinę temu, sprawdzone kontakty: 120.") && page.contains("Wszystko się zgadza.")
        );
        assert!(
            page.contains("Natychmiast przesłano 90 z 100 zmian z ostatnich 30 dni."),
            "{page}"
        );
        assert!(page.contains("problems#bad-address\">"));
        assert!(
            !page.contains("problems#record-locked"),
            "what heals alone asks for nothing"
        );
        assert!(page.contains("1 sprawa rozwiąże się sama"));
        assert!(!page.to_lowercase().contains("webhook"));
        world.store.put_audit(v.id(), NOON, 120, 3, "{}").await.unwrap();
        assert!(v.page("").await.contains("3 różnice bez wyjaśnienia."));
    })
    .await;
}

#[tokio::test]
async fn a_long_silence_is_told() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let commit = Commit {
            success_at: Some(NOON),
            contacts: vec![v.contact("anna@example.com", Outcome::Synchronised)],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        world.later(Duration::from_secs(7 * 3600));
        assert_eq!(
            headline(&v.page("").await),
            (
                "warn".to_owned(),
                "Ostatni udany kontakt ze sklepem i SARE był 7 godzin temu".to_owned()
            )
        );
    })
    .await;
}

#[tokio::test]
async fn the_page_of_a_shop_without_contacts_shows_zeros() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        assert_eq!(world.store.counts(v.id()).await.unwrap(), Counts::default());
        let page = v.page("").await;
        assert!(page.contains("Nie było jeszcze żadnych zdarzeń.") && page.contains("<span class=\"big\">0"));
    })
    .await;
}

#[tokio::test]
async fn the_page_says_from_when_to_when_no_server_lived_and_that_it_is_made_up_for() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        assert!(!v.page("").await.contains("nasz serwer nie działał"));
        let hour = 3_600_000;
        let from = NOON + 5 * hour;
        world.later(Duration::from_secs(9 * 3_600));
        for at in [from, from + 3 * hour] {
            world.store.heartbeat("a", at, 180_000).await.unwrap();
        }
        v.lane(|lane| lane["timers"] = serde_json::json!({ "sweep": from + 30 * hour }))
            .await;
        let page = v.page("").await;
        let notice = between(&page, "<strong>Od ", "</div>");
        for at in [from, from + 3 * hour] {
            let clock = &texts::in_poland(at)[11..16];
            assert!(notice.contains(clock), "{clock} is not in {notice}");
        }
        assert!(notice.contains("właśnie uzupełniamy"), "{notice}");
        v.lane(|lane| lane["read_from"] = (from + 3 * hour).into()).await;
        let page = v.page("").await;
        assert!(
            between(&page, "<strong>Od ", "</div>").contains("zostało już uzupełnione"),
            "{page}"
        );
        world.later(Duration::from_secs(2 * 86_400));
        assert!(!v.page("").await.contains("nasz serwer nie działał"));
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_away_is_told_among_the_problems_with_what_waits() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        for kind in ["sare-away", "shop-away"] {
            let problem = Problem {
                key: format!("shop:{kind}"),
                kind: sync_core::ProblemKind::of(kind),
                hash: None,
                detail: Some("12".to_owned()),
                is_final: false,
                first_at: NOON - 600_000,
                last_at: NOON,
                times: 1,
            };
            world.store.note_problem(v.id(), &problem).await.unwrap();
            let page = v.page("problems").await;
            let part = between(&page, &format!("<section id=\"{kind}\""), "</section>");
            assert!(part.contains("od kilku minut nie odpowiada"), "{part}");
            assert!(part.contains("Czekające zmiany: 12"), "{part}");
            assert!(part.contains("10 minut temu"), "{part}");
        }
    })
    .await;
}
