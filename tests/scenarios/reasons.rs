//! The reasons on the proof sheet, after the engine itself has walked each path: they say what happened.

use desk::proof::Proof;
use shoper_sare::lab::Lab;
use sync_core::config::Config;
use sync_core::{HistoryKind, Lang};
use texts::Words;

use crate::words::*;

/// The proof sheet of an address.
async fn sheet(lab: &Lab, index: usize, email: &str) -> Proof {
    let shop = lab.shops[index].known(&lab.store).await.unwrap();
    let config = Config::parse(shop.config.as_deref().unwrap()).unwrap().config;
    let hash = lab.store.hash(shop.id, email);
    let made = Proof::make(&lab.engine, &shop, Some(&config), hash, Words(Lang::Pl)).await;
    made.unwrap().expect("the ledger knows the address")
}

/// That the sheet of an address concludes with all of `says` and nothing of `never`.
async fn concludes(lab: &Lab, email: &str, says: &[&str], never: &[&str]) -> Proof {
    let sheet = sheet(lab, 0, email).await;
    let told = &sheet.conclusion;
    for text in says {
        assert!(
            told.contains(text),
            "{email}: no \u{201e}{text}\u{201d} in: {told}"
        );
    }
    for text in never {
        assert!(!told.contains(text), "{email}: \u{201e}{text}\u{201d} in: {told}");
    }
    sheet
}

#[tokio::test]
async fn after_a_refusal_a_new_opt_in_and_the_question_the_sheet_says_so_and_not_that_sare_had_it_before() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("again@example.com", true);
        })
        .await;
        let email = "again@example.com";
        concludes(
            &lab,
            email,
            &["W sklepie jest zgoda. Dodaliśmy ten adres do SARE jako potwierdzony"],
            &[],
        )
        .await;

        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe(email));
        lab.minutes(20).await;
        let says = &[
            "nie otrzymuje",
            "wypisała się w SARE",
            "Subskrypcję w sklepie wyłączyliśmy",
        ];
        let refused = concludes(&lab, email, says, &["wycofano"]).await;
        let refusal = refused.refusal.unwrap();
        assert!(
            refusal.told_shop && refusal.told_shop_text.starts_with("Tak: "),
            "{refusal:?}"
        );

        let id = lab.shops[0].shop.subscriber_by_email(email).unwrap().id;
        assert!(lab.shops[0].shop.set_subscriber_active(id, true));
        lab.minutes(5).await;
        let says = &[
            "nie otrzymuje",
            "Po odmowie wyrażono w sklepie nową zgodę",
            "prośbę o potwierdzenie",
        ];
        let asked = concludes(&lab, email, says, &["wcześniej", "nie podnosi"]).await;
        assert!(asked.refusal.is_none());

        assert!(lab.shops[0].sare.recipient_confirms(email));
        a_day(&lab).await;
        let says = &[
            "otrzymuje newsletter.",
            "SARE wysłało prośbę o potwierdzenie",
            "na potwierdzony",
        ];
        concludes(&lab, email, says, &["wcześniej", "nie otrzymuje"]).await;
    })
    .await;
}

#[tokio::test]
async fn every_way_of_refusing_is_told_as_it_was() {
    each_database_over_days(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            for (email, status) in [("before@example.com", 4), ("six@example.com", 6)] {
                s.sare.put_contact(email, status, &[]);
                s.shop.add_subscriber(email, true);
            }
            s.sare.put_contact("eight@example.com", 8, &[]);
            for email in ["eight@example.com", "without@example.com"] {
                s.shop.add_subscriber(email, false);
            }
            s.shop.add_subscriber("withdraws@example.com", true);
            s.shop.add_customer(customer("refused@example.com", true));
        })
        .await;
        let (shop, sare) = (&lab.shops[0].shop, &lab.shops[0].sare);
        let row = |email: &str| shop.subscriber_by_email(email).unwrap().id;
        assert!(sare.recipient_clicks_unsubscribe("refused@example.com"));
        shop.set_subscriber_active(row("withdraws@example.com"), false);
        lab.minutes(20).await;
        let id = shop.customer_by_email("refused@example.com").unwrap().id;
        shop.edit_customer(id, |c| c.email = "fresh@example.com".into());
        lab.minutes(20).await;

        let had = "SARE miało ten adres już wcześniej";
        let never = &["Dodaliśmy", "dodaliśmy", "wypisała"];
        concludes(
            &lab,
            "six@example.com",
            &["W sklepie jest zgoda, ale", had],
            never,
        )
        .await;
        concludes(&lab, "eight@example.com", &["W sklepie nie ma zgody", had], never).await;
        let says = &["Bez zgody w sklepie, więc dodaliśmy ten adres do SARE jako niepotwierdzony"];
        concludes(&lab, "without@example.com", says, &["wcześniej"]).await;
        let says = &[
            "Zgodę wycofano w sklepie; wiemy o tym od",
            "Zapisaliśmy to w SARE",
        ];
        let sheet = concludes(&lab, "withdraws@example.com", says, &["wypisała"]).await;
        assert!(!sheet.refusal.unwrap().told_shop, "the shop said it itself");
        let says = &["Ta osoba odmówiła pod poprzednim adresem"];
        concludes(
            &lab,
            "fresh@example.com",
            says,
            &["Zgodę wycofano", "wypisała się w SARE"],
        )
        .await;

        // Known from before: nothing was done in the shop, until somebody has it done.
        let says = &["Odmowa była w SARE już wtedy, gdy kontakt pojawił się u nas po raz pierwszy"];
        let sheet = concludes(&lab, "before@example.com", says, &["wyłączyliśmy"]).await;
        let refusal = sheet.refusal.unwrap();
        assert!(
            !refusal.told_shop && refusal.told_shop_text.contains("niczego nie zmieniliśmy"),
            "{refusal:?}"
        );
        let known = lab.shops[0].known(&lab.store).await.unwrap();
        let hash = lab.store.hash(known.id, "before@example.com");
        lab.store
            .apply_refusals(known.id, Some(&[hash]), lab.now())
            .await
            .unwrap();
        lab.minutes(5).await;
        let sheet = concludes(&lab, "before@example.com", says, &[]).await;
        let refusal = sheet.refusal.unwrap();
        assert!(
            refusal.told_shop && refusal.told_shop_text.starts_with("Tak: "),
            "{refusal:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_change_of_status_in_sare_has_its_line_and_one_time() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, |s| {
            s.shop.add_subscriber("asked@example.com", true);
            s.shop.add_subscriber("blocked@example.com", true);
        })
        .await;
        let email = "asked@example.com";
        assert!(lab.shops[0].sare.recipient_clicks_unsubscribe(email));
        lab.minutes(20).await;
        let id = lab.shops[0].shop.subscriber_by_email(email).unwrap().id;
        lab.shops[0].shop.set_subscriber_active(id, true);
        lab.minutes(20).await;
        assert_eq!(lab.shops[0].status(email), Some(UNCONFIRMED));
        assert!(lab.shops[0].sare.recipient_confirms(email));
        assert!(
            lab.shops[0]
                .sare
                .operator_sets_status("blocked@example.com", BLOCKED)
        );
        lab.minutes(20).await;
        for (email, from, to) in [
            (email, UNCONFIRMED, CONFIRMED),
            ("blocked@example.com", CONFIRMED, BLOCKED),
        ] {
            let told = sheet(&lab, 0, email).await;
            let lines: Vec<_> = told
                .events
                .iter()
                .filter(|event| event.kind == HistoryKind::ChangedInSare)
                .collect();
            assert_eq!(lines.len(), 1, "{email} {from} {to}: {:?}", told.events);
            assert!(
                lines[0].text.contains("status zmienił się w SARE"),
                "{}",
                lines[0].text
            );
            let before = told.conclusion.clone();
            lab.minutes(60).await;
            assert_eq!(
                sheet(&lab, 0, email).await.conclusion,
                before,
                "whenever it is made"
            );
        }
    })
    .await;
}
