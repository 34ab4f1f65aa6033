//! Pages are there at once, though the services say nothing, and speak the other language where they are.

use crate::browser::Browser;
use crate::ledger::Visitor;
use crate::panel_contacts::{ANNA, hash, page_of, synchronised};
use crate::world::*;

#[tokio::test]
async fn pages_about_the_services_are_there_though_these_say_nothing() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let visitor = Visitor::of(&world).await;
        let anna = page_of(&world, ANNA).await;
        services.network.halt_after(0, simulators::network::Halt::Never);
        let soon = std::time::Duration::from_secs(2);
        for (page, rest) in [
            ("customers".to_owned(), "/ready\""),
            ("subscribers".to_owned(), "/ready\""),
            (anna.clone(), "/now\""),
            (format!("{anna}/proof"), "/proof/sheet\""),
            ("launch".to_owned(), "Pierwsza synchronizacja"),
        ] {
            let text = tokio::time::timeout(soon, visitor.page(&page)).await;
            let text = text.unwrap_or_else(|_| panic!("{page} waits for a service"));
            assert!(text.contains(rest), "{page}: {text}");
        }
        let found = visitor.post("contacts/find", "email=nikt%40example.com");
        let found = tokio::time::timeout(soon, found)
            .await
            .expect("nobody is waited for");
        assert!(found.text().contains("data-once"), "{}", found.text());

        visitor
            .lane(|lane| (lane["first_done"], lane["config_seen"]) = (false.into(), 0.into()))
            .await;
        for page in [
            "launch/trial".to_owned(),
            anna.replacen("contacts/", "launch/arrived?c=", 1),
        ] {
            let text = tokio::time::timeout(soon, visitor.page(&page)).await;
            let text = text.unwrap_or_else(|_| panic!("{page} waits for a service"));
            assert!(text.contains("data-once"), "{page}: {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_other_language_is_spoken_on_the_very_page() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let anna = page_of(&world, ANNA).await;
        let after = hash(&world, ANNA).await.to_hex();
        let list = format!("contacts?list=synchronised&after={after}");
        for (page, to) in [
            (anna.as_str(), anna.as_str()),
            (&list, &list),
            ("contacts?done=erased", "contacts"),
            (
                "problems?kind=sare-refused&done=retry",
                "problems?kind=sare-refused",
            ),
            ("", ""),
        ] {
            let shown = browser.see(page).await;
            let here = shown.split_once("name=\"page\" value=\"").unwrap().1;
            let here = here.split_once('"').unwrap().0.replace("&amp;", "&");
            assert_eq!(here, to, "{page}");
            let changed = browser
                .post("language", &[("page", &here), ("locale", "pl")])
                .await;
            assert_eq!(browser.target(&changed), to);
        }
        // A page that answers a form has no address of its own, and nowhere else is led to.
        let wrong = browser.post("contacts/find", &[("email", "nikt")]).await;
        assert!(wrong.text().contains("name=\"page\" value=\"contacts\""));
        for page in ["//evil.example", "/evil", "a\\b", "https://evil.example"] {
            let changed = browser
                .post("language", &[("page", page), ("locale", "pl")])
                .await;
            assert_eq!(browser.target(&changed), "", "{page}");
        }
    })
    .await;
}
