//! The panel's first pages, where nobody outside answers: start, connection, help.

use std::collections::BTreeSet;

use http::Method;
use simulators::shoper::form;

use crate::world::*;

/// Opens the panel in a language; the address that its pages begin with.
async fn enter(world: &World, locale: &str) -> String {
    let signed = sign(&[
        ("place", "my-apps"),
        ("shop", LICENSE),
        ("timestamp", "2026-11-23 12:00:00"),
    ]);
    let first = world
        .get(&format!("/panel?{}&translations={locale}", form(&signed)), &[])
        .await;
    let second = world.get(first.header("location"), &[]).await;
    assert_eq!(second.status, 303, "{}", second.text());
    second.header("location").to_owned()
}

fn after<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    text.split(mark)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test]
async fn a_new_shop_begins_with_two_ways_on_and_plain_sentences() {
    each(async |world| {
        world.installed().await;
        for (locale, ways, never) in [
            (
                "pl_PL",
                ["KONFIGURACJA INTEGRACJI", "JESTEM NOWYM KLIENTEM – ZAREJESTRUJ"],
                "Kto nie wyraził zgody albo się wypisał, nie zacznie przez nas dostawać newslettera.",
            ),
            (
                "en_US",
                ["SET UP THE INTEGRATION", "I AM A NEW CUSTOMER – REGISTER"],
                "Nobody without consent, or who unsubscribed, gets the newsletter because of us.",
            ),
        ] {
            let base = enter(&world, locale).await;
            let first = world.get(&base, &[]).await;
            assert_eq!(first.header("location"), format!("{base}start"));
            let page = world.get(&format!("{base}start"), &[]).await;
            let text = page.text();
            for way in ways {
                assert!(text.contains(&format!(">{way}</a>")), "{way}: {text}");
            }
            assert!(text.contains(never) && !text.contains("<nav"));
            let register = "href=\"https://sare.example/register\" target=\"_blank\" rel=\"noopener\"";
            assert!(text.contains(register), "{text}");
            assert!(text.contains(&format!("href=\"{base}connect\"")));
        }
    })
    .await;
}

#[tokio::test]
async fn a_shop_that_is_set_up_goes_on_to_its_overview() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let base = enter(&world, "pl_PL").await;
        let start = world.get(&format!("{base}start"), &[]).await;
        assert_eq!(
            (start.status.as_u16(), start.header("location")),
            (303, base.as_str())
        );
    })
    .await;
}

#[tokio::test]
async fn when_sare_cannot_be_asked_nothing_is_kept_and_the_key_is_not_shown_again() {
    each(async |world| {
        let shop = world.installed().await;
        let base = enter(&world, "en_US").await;
        let page = world.get(&format!("{base}connect"), &[]).await;
        assert!(
            page.text().contains("type=\"password\"") && !page.text().contains("<nav aria-label=\"Menu\"")
        );
        let csrf = after(page.text(), "name=\"csrf\" value=\"")[0].to_owned();
        let key = "8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630";
        let body = format!("csrf={csrf}&uid=12345&key={key}&version=0");
        let answer = world
            .call(Method::POST, &format!("{base}connect"), &[], body)
            .await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(text.contains("SARE does not answer now"), "{text}");
        assert!(text.contains("role=\"alert\"") && text.contains("value=\"12345\""));
        assert!(!text.contains(key));
        let shop = world.store.shop(shop.id).await.unwrap().unwrap();
        assert!(shop.config.is_none());
        let body = format!("uid=12345&key={key}");
        let forged = world
            .call(Method::POST, &format!("{base}connect"), &[], body)
            .await;
        assert_eq!(forged.status, 403);
    })
    .await;
}

#[tokio::test]
async fn every_question_of_the_help_has_its_answer_and_every_link_leads_somewhere() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        for locale in ["pl_PL", "en_US"] {
            let base = enter(&world, locale).await;
            let page = world.get(&format!("{base}help"), &[]).await;
            let asked = after(page.text(), "href=\"#");
            let answered: BTreeSet<&str> = after(page.text(), "<h3 id=\"").into_iter().collect();
            let asked: BTreeSet<&str> = asked.into_iter().filter(|anchor| *anchor != "content").collect();
            assert!(asked.len() > 15, "{asked:?}");
            assert_eq!(asked, answered);
            // Who reads of a setting is sent where it is.
            for answer in ["unsubscribe-shop", "again", "deleted"] {
                let told = page
                    .text()
                    .split_once(&format!("<h3 id=\"{answer}\">"))
                    .unwrap()
                    .1;
                let told = told.split("<h3").next().unwrap();
                assert!(
                    told.contains(&format!("href=\"{base}advanced/rules\"")),
                    "{answer}: {told}"
                );
                let name = if locale == "pl_PL" {
                    "Zaawansowane"
                } else {
                    "Advanced"
                };
                assert!(
                    told.split("</p>").next().unwrap().contains(name),
                    "{answer}: {told}"
                );
            }
            for linked in ["statuses", "not-mailed", "key", "stopped"] {
                assert!(answered.contains(linked), "other pages may link to {linked}");
            }
            let links: BTreeSet<&str> = after(page.text(), &format!("href=\"{base}"))
                .into_iter()
                .collect();
            for link in links {
                let answer = world.get(&format!("{base}{link}"), &[]).await;
                assert!(answer.status.as_u16() < 400, "{link}: {}", answer.status);
            }
        }
    })
    .await;
}
