//! The panel's problems: causes and remedies, tries, refusals to be applied, the brake's question.

use engine::{Body, Statement};
use store::{
    Commit, Contact, DirtyKey, DirtyMark, Outcome, Priority, Problem, Reason, Record, Refused, RunKind,
    RunState,
};
use sync_core::RecordKey;
use sync_core::consent::{Doubt, RefusalOrigin};

use crate::ledger::{Visitor, between, refused, seen};
use crate::world::*;

fn problem(key: String, kind: &str, contact: Option<&Contact>, first_at: i64) -> Problem {
    Problem {
        key,
        kind: sync_core::ProblemKind::of(kind),
        hash: contact.map(|contact| contact.hash),
        detail: Some(format!("detail of {kind}")),
        is_final: kind == "sare-refused",
        first_at,
        last_at: NOON,
        times: 2,
    }
}

/// Three whom SARE refused, a locked record, and a key that SARE refuses.
pub async fn troubled(v: &Visitor<'_>) -> Vec<Contact> {
    let contacts: Vec<Contact> = (0..3)
        .map(|n| v.contact(&format!("c{n}@example.com"), Outcome::Failed))
        .collect();
    let mut problems: Vec<Problem> = contacts
        .iter()
        .map(|c| {
            problem(
                DirtyKey::Address(c.hash).encode(),
                "sare-refused",
                Some(c),
                NOON - 7_200_000,
            )
        })
        .collect();
    problems.push(problem("u:9".to_owned(), "record-locked", None, NOON));
    problems.push(problem("shop:sare-access".to_owned(), "sare-access", None, NOON));
    let commit = Commit {
        contacts: contacts.clone(),
        problems,
        ..Commit::default()
    };
    v.commit(commit, NOON).await;
    contacts
}

async fn due(v: &Visitor<'_>) -> Vec<String> {
    let due = v
        .world
        .store
        .due_dirty(v.id(), NOON, Priority::Live, 100)
        .await
        .unwrap();
    let mut keys: Vec<String> = due.iter().map(|dirty| dirty.key.encode()).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn causes_come_with_the_largest_first_and_say_who_heals_them() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        assert!(v.page("problems").await.contains("Nie ma żadnych problemów."));
        let contacts = troubled(&v).await;
        let page = v.page("problems").await;
        let place = |kind: &str| page.find(&format!("id=\"{kind}\"")).unwrap();
        assert!(
            place("sare-refused") < place("record-locked") && place("sare-refused") < place("sare-access")
        );
        let refused = between(
            &page,
            "<section id=\"sare-refused\" class=\"cause warn\">",
            "</section>",
        );
        assert!(refused.contains("<h2>SARE nie przyjęło 3 kontaktów</h2>"));
        assert!(refused.contains("Możesz to rozwiązać") && refused.contains("3 przypadki"));
        assert!(refused.contains("2 godziny temu") && refused.contains("2 próby"));
        assert!(refused.contains("detail of sare-refused"));
        let link = format!(
            "contacts/{}\"><span class=\"address\">c0@example.com",
            contacts[0].hash.to_hex()
        );
        assert!(refused.contains(&link), "{refused}");
        // What heals alone is never red; what stops everything is.
        assert!(page.contains("<section id=\"record-locked\" class=\"cause calm\">"));
        assert!(between(&page, "id=\"record-locked\"", "</section>").contains("klient nr 9"));
        assert!(page.contains("<section id=\"sare-access\" class=\"cause bad\">"));
        let access = between(&page, "id=\"sare-access\"", "</section>");
        assert!(access.contains("/connect\">"));
        // A service as a whole can be asked again as well.
        assert!(access.contains("name=\"kind\" value=\"sare-access\""), "{access}");
    })
    .await;
}

#[tokio::test]
async fn one_a_group_or_all_can_be_tried_again() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let contacts = troubled(&v).await;
        let first = DirtyKey::Address(contacts[0].hash).encode();
        assert_eq!(
            v.forge("problems/retry", &format!("key={first}")).await.status,
            403
        );
        assert!(due(&v).await.is_empty());
        let answer = v.post("problems/retry", &format!("key={first}")).await;
        assert!(answer.status == 303 && answer.header("location").ends_with("problems?done=retry"));
        assert_eq!(due(&v).await, [first]);
        v.post("problems/retry", "kind=sare-refused").await;
        assert_eq!(due(&v).await.len(), 3);
        v.post("problems/retry", "").await;
        assert_eq!(due(&v).await.len(), 4, "the shop's own problem is no contact");
    })
    .await;
}

#[tokio::test]
async fn a_large_group_is_read_page_by_page() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let commit = Commit {
            problems: (1..=60)
                .map(|id| problem(RecordKey::customer(id), "bad-address"))
                .collect(),
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("problems").await;
        assert_eq!(page.matches("name=\"key\"").count(), 5, "a few of each cause");
        assert!(page.contains("problems?kind=bad-address\">Pokaż wszystkie (60)"));
        let page = v.page("problems?kind=bad-address").await;
        assert_eq!(page.matches("name=\"key\"").count(), 50);
        let next = between(&page, "problems?kind=bad-address&amp;after=", "\"").to_owned();
        let rest = v.page(&format!("problems?kind=bad-address&after={next}")).await;
        assert_eq!(rest.matches("name=\"key\"").count(), 10);
        let mut all: Vec<i64> = (page + &rest)
            .split("name=\"key\" value=\"u:")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (1..=60).collect::<Vec<i64>>());
        assert!(
            v.page("problems?kind=unheard-of")
                .await
                .contains("Ten problem jest już rozwiązany.")
        );
    })
    .await;
    fn problem(key: RecordKey, kind: &str) -> Problem {
        crate::panel_problems::problem(DirtyKey::Record(key).encode(), kind, None, NOON)
    }
}

#[tokio::test]
async fn refusals_in_sare_can_be_applied_in_the_shop_and_what_cannot_is_said() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let refused = |address: &str| Contact {
            refusal: refused(4).map(|refused| Refused {
                origin: RefusalOrigin::FirstSight,
                applied: true,
                ..refused
            }),
            consent: Some(true),
            ..v.contact(address, Outcome::Suppressed)
        };
        let contacts = vec![
            refused("anna@example.com"),
            refused("ben@example.com"),
            refused("celina@example.com"),
        ];
        let record = |key, contact: &Contact| Record {
            key,
            hash: contact.hash,
            consent: Some(true),
            silent: false,
            extra: None,
            run_id: None,
            seen_at: NOON,
        };
        let commit = Commit {
            records: vec![
                record(RecordKey::subscriber(1), &contacts[0]),
                record(RecordKey::customer(2), &contacts[1]),
                record(RecordKey::subscriber(3), &contacts[2]),
            ],
            contacts: contacts.clone(),
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("problems").await;
        let section = between(&page, "id=\"disputed\"", "</section>");
        assert!(section.contains("3 osoby odmówiły w SARE, a w sklepie mają zgodę"));
        assert_eq!(section.matches("name=\"hash\"").count(), 2);
        let ben = between(section, "ben@example.com", "</tr>");
        assert!(ben.contains("Może to zmienić tylko klient"));
        assert!(ben.contains("4 (chęć wypisania)") && ben.contains("23.11.2026"));

        assert_eq!(v.forge("problems/apply", "all=yes").await.status, 403);
        let anna = contacts[0].hash.to_hex();
        v.post("problems/apply", &format!("hash={anna}")).await;
        assert_eq!(due(&v).await, [format!("a:{anna}")]);
        let page = v.page("problems").await;
        assert!(between(&page, ">anna@example.com", "</tr>").contains("Przenosimy do sklepu"));
        v.post("problems/apply", "").await;
        let all = |lowest| v.world.store.due_dirty(v.id(), NOON, lowest, 10);
        assert_eq!(
            all(Priority::Bulk).await.unwrap().len(),
            1,
            "an empty form asks for nobody"
        );
        v.post("problems/apply", "all=yes").await;
        let all = all(Priority::Bulk).await.unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|dirty| dirty.reason == Reason::ApplyRefusal));
    })
    .await;
}

#[tokio::test]
async fn consents_in_doubt_are_listed_with_the_reason_and_a_person_decides() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let in_doubt = |address: &str, doubt| Contact {
            doubt: Some(doubt),
            sare: seen(6),
            consent: Some(false),
            ..v.contact(address, Outcome::Synchronised)
        };
        let contacts = vec![
            in_doubt("anna@example.com", Doubt::InactiveRow),
            in_doubt("ben@example.com", Doubt::OldAddress),
            in_doubt("celina@example.com", Doubt::NotSaid),
        ];
        let records = contacts.iter().zip(1..).map(|(contact, id)| Record {
            key: RecordKey::customer(id),
            hash: contact.hash,
            consent: Some(true),
            silent: false,
            extra: None,
            run_id: None,
            seen_at: NOON,
        });
        let commit = Commit {
            records: records.collect(),
            contacts: contacts.clone(),
            ..Commit::default()
        };
        assert!(!v.page("problems").await.contains("id=\"doubts\""));
        assert!(!v.page("").await.contains("na Twoją decyzję"));
        v.commit(commit, NOON).await;
        assert!(v.page("").await.contains("2 zgody czekają na Twoją decyzję"));
        let page = v.page("problems").await;
        let section = between(&page, "id=\"doubts\"", "</section>");
        assert!(section.contains("2 zgody czekają na decyzję") && !section.contains("celina@example.com"));
        let anna = between(section, "anna@example.com", "</tr>");
        assert!(anna.contains("nieaktywna subskrypcja") && anna.contains("Zgoda obowiązuje"));
        assert!(between(section, "ben@example.com", "</tr>").contains("zablokowany albo ma nieznany status"));

        let hash = contacts[0].hash.to_hex();
        assert_eq!(v.forge("problems/decide", "all=yes").await.status, 403);
        v.post("problems/decide", "").await;
        assert!(due(&v).await.is_empty(), "an empty form decides nothing");
        v.post("problems/decide", &format!("hash={hash}")).await;
        assert_eq!(due(&v).await, [format!("a:{hash}")]);
        let page = v.page("problems?done=decide").await;
        assert!(page.contains("te zgody obowiązują"));
        assert!(page.contains("1 zgoda czeka na decyzję"), "one is decided");
        // A decision about nobody is none.
        for fields in ["", "hash=00", &format!("hash={}", "0".repeat(32))] {
            let posted = v.post("problems/decide", fields).await;
            assert!(
                posted.header("location").ends_with("problems?done=nobody"),
                "{fields}"
            );
        }
        let page = v.page("problems?done=nobody").await;
        assert!(page.contains("tego problemu nie ma na liście") && !page.contains("te zgody obowiązują"));
        assert!(between(&page, ">anna@example.com", "</tr>").contains("Zgoda zostanie uwzględniona"));
        v.post("problems/decide", "all=yes").await;
        let all = v
            .world
            .store
            .due_dirty(v.id(), NOON, Priority::Bulk, 10)
            .await
            .unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|dirty| dirty.reason == Reason::DecideDoubt));
        let page = v.page("problems").await;
        let section = between(&page, "id=\"doubts\"", "</section>");
        assert!(
            section.contains("są wykonywane") && !section.contains("name=\"all\""),
            "{section}"
        );
    })
    .await;
}

/// A sweep that the brake stopped, with one who would be unsubscribed and one who would merely be updated.
async fn braked(v: &Visitor<'_>) -> i64 {
    let body = Body {
        statement: Statement {
            unmailable: 41,
            gone: 3,
            ..Statement::default()
        },
        ..Body::default()
    };
    let store = &v.world.store;
    let id = store
        .create_run(v.id(), RunKind::Sweep, &body.text(), NOON)
        .await
        .unwrap();
    let with = |address: &str, status| Contact {
        sare: seen(status),
        ..v.contact(address, Outcome::Synchronised)
    };
    let contacts = vec![with("mailed@example.com", 8), with("silent@example.com", 6)];
    let held = |key, reason| DirtyMark {
        key,
        due_at: NOON,
        priority: Priority::Bulk,
        reason,
        held_by: Some(id),
    };
    let commit = Commit {
        marks: vec![
            held(DirtyKey::Address(contacts[1].hash), Reason::Sweep),
            held(DirtyKey::Address(contacts[0].hash), Reason::Missing),
        ],
        contacts,
        problems: vec![problem("shop:brake".to_owned(), "brake", None, NOON)],
        ..Commit::default()
    };
    v.commit(commit, NOON).await;
    store
        .set_run_state(v.id(), id, RunState::Braked, None, NOON)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn the_brake_asks_with_numbers_and_examples_those_who_are_mailed_first() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        braked(&v).await;
        let page = v.page("problems").await;
        let question = between(&page, "id=\"brake\"", "</section>");
        assert!(
            question.contains("41 z 41 kontaktów (100\u{a0}%) przestałoby otrzymywać newsletter"),
            "{question}"
        );
        assert!(question.contains("3 wpisy zniknęły ze sklepu"));
        let (mailed, silent) = (
            question.find("mailed@example.com").unwrap(),
            question.find("silent@example.com").unwrap(),
        );
        assert!(mailed < silent);
        assert!(between(question, "mailed@example.com", "</li>").contains("brak w sklepie"));
        assert_eq!(page.matches("id=\"brake\"").count(), 1, "it is asked once");
        assert!(v.page("").await.contains("Potrzebna jest Twoja decyzja"));
    })
    .await;
}

#[tokio::test]
async fn the_answer_lets_the_run_go_on_or_ends_it_without_effect() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let id = braked(&v).await;
        v.post("problems/brake", "answer=maybe").await;
        let state = async || world.store.run(v.id(), id).await.unwrap().unwrap();
        assert_eq!(state().await.state, RunState::Braked, "an unclear answer is none");
        assert_eq!(v.forge("problems/brake", "answer=go").await.status, 403);
        let answer = v.post("problems/brake", "answer=stop").await;
        assert!(answer.header("location").ends_with("done=stop"));
        let over = state().await;
        assert_eq!(
            (over.state, over.error.as_deref()),
            (RunState::Cancelled, Some("brake-refused"))
        );
        assert!(world.store.held(v.id(), id, 10).await.unwrap().is_empty());
        assert_eq!(
            world.store.counts(v.id()).await.unwrap().dirty,
            0,
            "nothing was let go"
        );
        assert!(world.store.problem_kinds(v.id()).await.unwrap().is_empty());
        assert!(
            v.page("problems?done=stop")
                .await
                .contains("niczego nie zmieniono")
        );
    })
    .await;
    each(async |world| {
        let v = Visitor::come(&world).await;
        let id = braked(&v).await;
        let answer = v.post("problems/brake", "answer=go").await;
        assert!(answer.header("location").ends_with("done=go"));
        let run = world.store.run(v.id(), id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Running);
        assert!(Body::parse(&run.body).brake_released);
    })
    .await;
}

#[tokio::test]
async fn a_lane_at_work_is_told_instead_of_losing_the_answer() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        braked(&v).await;
        let _worker = world
            .store
            .claim_shop(v.id(), NOON, 60_000)
            .await
            .unwrap()
            .unwrap();
        let answer = v.post("problems/brake", "answer=stop").await;
        assert!(answer.header("location").ends_with("done=busy"));
        assert!(
            v.page("problems?done=busy")
                .await
                .contains("trwa praca nad sklepem")
        );
        assert!(
            v.page("problems").await.contains("id=\"brake\""),
            "the question stays"
        );
    })
    .await;
}

#[tokio::test]
async fn a_braked_poll_asks_and_what_it_found_is_forgotten_when_refused() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let found = Contact {
            poll_found: true,
            ..v.contact("anna@example.com", Outcome::Synchronised)
        };
        let commit = Commit {
            contacts: vec![found],
            problems: vec![problem("shop:brake-poll".to_owned(), "brake", None, NOON)],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        v.lane(|lane| lane["poll_braked"] = true.into()).await;
        let page = v.page("problems").await;
        let question = between(&page, "id=\"brake\"", "</section>");
        assert!(question.contains("SARE mówi, że 1 osoba naraz odmówiła newslettera."));
        assert!(question.contains("anna@example.com"));
        v.post("problems/brake", "answer=stop").await;
        assert_eq!(world.store.count_poll_found(v.id()).await.unwrap(), 0);
        assert!(v.page("problems").await.contains("Nie ma żadnych problemów."));
    })
    .await;
}

#[tokio::test]
async fn a_cause_is_set_aside_and_comes_back_when_asked_or_with_another_case() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let words = texts::Words(sync_core::Lang::Pl);
        let anna = v.contact("anna@example.com", Outcome::Failed);
        let of_anna = Problem {
            hash: Some(anna.hash),
            ..problem(DirtyKey::Address(anna.hash).encode(), "sare-refused", None, NOON)
        };
        let commit = Commit {
            contacts: vec![anna],
            problems: vec![of_anna],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let overview = v.page("").await;
        assert!(overview.contains("problems#sare-refused") && overview.contains("oprócz 1 kontaktu"));
        let posted = v.post("problems/aside", "kind=sare-refused").await;
        assert!(posted.status == 303 && posted.header("location").ends_with("problems?done=aside"));
        let page = v.page("problems").await;
        assert!(!page.contains("<section id=\"sare-refused\""), "{page}");
        assert!(page.contains(words.say("problems.none-else")) && page.contains("id=\"aside\""));
        let overview = v.page("").await;
        assert!(
            !overview.contains("problems#sare-refused"),
            "it is counted no more"
        );
        assert!(overview.contains(words.say("standing.current")), "{overview}");

        let another = problem(
            DirtyKey::Record(RecordKey::customer(7)).encode(),
            "sare-refused",
            None,
            NOON,
        );
        let commit = Commit {
            problems: vec![another],
            ..Commit::default()
        };
        v.commit(commit, NOON).await;
        let page = v.page("problems").await;
        assert!(
            page.contains("<section id=\"sare-refused\"") && page.contains("SARE nie przyjęło 2 kontaktów")
        );

        v.post("problems/aside", "kind=sare-refused").await;
        let back = v.post("problems/aside", "kind=sare-refused&answer=back").await;
        assert!(back.header("location").ends_with("problems?done=back"));
        assert!(v.page("problems").await.contains("<section id=\"sare-refused\""));
        // What stops the whole shop stays.
        v.commit(
            Commit {
                problems: vec![problem("shop:sare-access".to_owned(), "sare-access", None, NOON)],
                ..Commit::default()
            },
            NOON,
        )
        .await;
        let stays = v.post("problems/aside", "kind=sare-access").await;
        assert!(stays.header("location").ends_with("problems?done=nobody"));
    })
    .await;
}

#[tokio::test]
async fn causes_are_shown_by_who_can_help() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        troubled(&v).await;
        let page = v.page("problems").await;
        assert!(page.contains("problems?who=merchant") && page.contains("problems?who=itself"));
        let mine = v.page("problems?who=itself").await;
        assert!(
            mine.contains("<section id=\"record-locked\"") && !mine.contains("<section id=\"sare-refused\"")
        );
        assert!(
            v.page("problems?who=nobody-known")
                .await
                .contains("<section id=\"sare-refused\"")
        );
    })
    .await;
}
