//! The contacts' pages: finding a person, why they get the newsletter or not, proof, erasure, and the lists.

use simulators::shoper::NewCustomer;
use store::{
    AddrHash, Commit, Contact, DirtyKey, DirtyMark, HistoryEntry, Outcome, Priority, Problem, Reason,
};
use sync_core::RecordKey;

use crate::browser::Browser;
use crate::ledger::seen;
use crate::world::*;

pub const ANNA: &str = "anna.nowak@example.com";

/// Both services with Anna as a customer who consents and Piotr who refused in SARE, synchronised.
pub async fn synchronised(world: &World, services: &Services) {
    services.shop.add_customer(NewCustomer {
        email: ANNA.into(),
        firstname: "Anna".into(),
        lastname: "Nowak".into(),
        newsletter: true,
        ..NewCustomer::default()
    });
    services.shop.add_subscriber("piotr@example.com", true);
    configure(world, services).await;
    services.sare.put_contact("piotr@example.com", 4, &[]);
    world.work(2).await;
}

#[tokio::test]
async fn an_erased_person_who_came_after_the_first_synchronisation_is_not_taken_for_a_new_opt_in() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        services.shop.add_subscriber("nowa@example.com", true);
        world.work(30).await;
        assert_eq!(services.sare.contact("nowa@example.com").unwrap().status, 8);
        services.sare.delete("nowa@example.com");
        let browser = Browser::open(&world).await;
        let page = format!("{}/erase", page_of(&world, "nowa@example.com").await);
        browser.target(&browser.post(&page, &[("sure", "yes")]).await);
        world.work(26 * 60).await;
        assert!(services.sare.contact("nowa@example.com").is_none());
        assert_eq!(services.sare.confirmations_sent(), 0);
    })
    .await;
}

/// Gives the shop a configuration of both kinds in the account's own groups.
pub async fn configure(world: &World, services: &Services) {
    world.let_engine_in(services).await;
    let groups = services.sare.groups();
    let mut text = CONFIG.replace("12345", &services.sare.settings().uid);
    text = text.replace("group = 21", &format!("group = {}", groups[0].0));
    text = text.replace("group = 22", &format!("group = {}", groups[1].0));
    let config = sync_core::config::Config::parse(&text).unwrap().config.render();
    let shop = world.shop().await;
    world
        .store
        .put_config(shop.id, &config, None, None, "test", NOON)
        .await
        .unwrap();
}

pub async fn hash(world: &World, address: &str) -> AddrHash {
    world.store.hash(world.shop().await.id, address)
}

pub async fn page_of(world: &World, address: &str) -> String {
    format!("contacts/{}", hash(world, address).await.to_hex())
}

#[tokio::test]
async fn an_address_leads_to_its_story_and_never_stands_in_an_address_of_the_panel() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let found = browser
            .post("contacts/find", &[("email", " Anna.Nowak@Example.com ")])
            .await;
        let to = browser.target(&found);
        assert_eq!(to, page_of(&world, ANNA).await);
        assert!(!found.header("location").to_lowercase().contains("anna"));
        let story = browser.see(&to).await;
        assert!(story.contains(&format!("<h1>{ANNA}</h1>")), "{story}");
        assert!(story.contains("Ta osoba otrzymuje newsletter"), "{story}");
        assert!(story.contains("dodano do SARE"), "{story}");
        assert!(
            !story.contains("Anna Nowak"),
            "traits are not kept, so the page at once has none"
        );

        let english = Browser::english(&world).await;
        let story = english.see(&to).await;
        assert!(story.contains("This person gets the newsletter") && story.contains("added to SARE"));
    })
    .await;
}

#[tokio::test]
async fn the_three_columns_are_asked_of_both_services_and_either_may_be_away() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let page = page_of(&world, ANNA).await;
        let asked = services.sare.requests();
        browser.see(&page).await;
        assert_eq!(services.sare.requests(), asked, "the page itself asks nobody");
        let now = browser.see(&format!("{page}/now")).await;
        assert!(!now.contains("<html"), "a piece of a page");
        assert!(
            now.contains("Anna Nowak") && now.contains("jak teraz") && !now.contains("różni się"),
            "{now}"
        );

        services
            .shop
            .edit_customer(1, |row| row.lastname = "Kowalska".into());
        let now = browser.see(&format!("{page}/now")).await;
        assert!(
            now.contains("Anna Kowalska") && now.contains("różni się"),
            "{now}"
        );
        assert!(
            now.contains("Dane w sklepie zmieniły się od ostatniego wysłania do SARE."),
            "{now}"
        );

        services.network.unroute(SHOP_URL);
        let without = browser.see(&format!("{page}?ask=yes")).await;
        assert!(
            without.contains("Nie można teraz zapytać sklepu: sklep chwilowo nie odpowiada."),
            "{without}"
        );
        assert!(without.contains("W SARE jest ze statusem 8"), "{without}");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_told_first_with_where_it_came_from() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let story = browser.see(&page_of(&world, "piotr@example.com").await).await;
        assert!(story.contains("Ta osoba nie otrzymuje newslettera."), "{story}");
        assert!(
            story.contains("Odmowa była w SARE już wtedy, gdy kontakt pojawił się u nas po raz pierwszy"),
            "{story}"
        );
        let now = browser
            .see(&format!("{}/now", page_of(&world, "piotr@example.com").await))
            .await;
        assert!(
            !now.contains("różni się"),
            "data kept from SARE is no difference: {now}"
        );
    })
    .await;
}

#[tokio::test]
async fn synchronise_now_has_the_contact_looked_at_and_shows_when_it_is_done() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let page = page_of(&world, ANNA).await;
        services
            .shop
            .edit_customer(1, |row| row.lastname = "Kowalska".into());
        let posted = browser.post(&format!("{page}/sync"), &[]).await;
        assert_eq!(browser.target(&posted), page);
        let state = browser.see(&format!("{page}/state")).await;
        assert!(
            state.contains("data-busy") && state.contains("Synchronizujemy"),
            "{state}"
        );
        world.work(1).await;
        let state = browser.see(&format!("{page}/state")).await;
        assert!(!state.contains("data-busy"), "{state}");
        let story = browser.see(&page).await;
        assert!(
            story.contains("zaktualizowano dane") && story.contains("na życzenie"),
            "{story}"
        );
        assert_eq!(services.sare.contact(ANNA).unwrap().name, "Anna Kowalska");
        assert!(
            services
                .sare
                .status_log()
                .iter()
                .all(|change| change.email != ANNA || change.to == 8)
        );
    })
    .await;
}

#[tokio::test]
async fn an_address_nobody_knows_is_told_with_what_to_check() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let asked = services.sare.requests();
        let email = ("email", "nikt@example.com");
        let at_once = browser.post("contacts/find", &[email]).await;
        assert_eq!(at_once.status, 200);
        assert!(at_once.text().contains("Nie znamy adresu nikt@example.com"));
        assert_eq!(services.sare.requests(), asked, "the page itself asks nobody");
        let piece = browser.post("contacts/ask", &[email]).await;
        assert!(!piece.text().contains("<html"), "a piece of the page");
        assert!(piece.text().contains("literówki"), "{}", piece.text());
        // Without a script a button has all of it shown.
        let told = browser.post("contacts/ask", &[email, ("whole", "yes")]).await;
        let text = told.text();
        assert!(
            text.contains("Nie znamy adresu nikt@example.com") && text.contains("literówki"),
            "{text}"
        );
        assert!(
            text.contains("W sklepie nie ma nikogo") && text.contains("SARE nie ma tego adresu"),
            "{text}"
        );
        let wrong = browser.post("contacts/find", &[("email", "ni")]).await;
        assert!(
            wrong.text().contains("co najmniej trzy pierwsze znaki") && wrong.text().contains("value=\"ni\"")
        );
        assert!(wrong.text().contains("aria-invalid=\"true\""));
    })
    .await;
}

#[tokio::test]
async fn a_person_the_shop_knows_and_we_do_not_can_be_fetched_at_once() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let id = services.shop.add_subscriber("nowa@example.com", true).to_string();
        let told = browser
            .post("contacts/ask", &[("email", "nowa@example.com")])
            .await;
        let key = format!("s:{id}");
        assert!(
            told.text().contains(&format!("value=\"{key}\"")),
            "{}",
            told.text()
        );
        let hex = hash(&world, "nowa@example.com").await.to_hex();
        let posted = browser
            .post("contacts/sync", &[("hash", &hex), ("key", &key)])
            .await;
        let to = browser.target(&posted);
        assert!(browser.see(&to).await.contains("Kontakt jest w drodze"));
        world.work(1).await;
        assert!(browser.see(&to).await.contains("Ta osoba otrzymuje newsletter"));
        assert_eq!(services.sare.contact("nowa@example.com").unwrap().status, 8);
    })
    .await;
}

#[tokio::test]
async fn the_proof_sheet_says_what_was_seen_and_what_is_not_known() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        services.sare.recipient_clicks_unsubscribe(ANNA);
        // SARE is asked when somebody looks.
        let browser = Browser::open(&world).await;
        browser.see("").await;
        world.work(60).await;
        let page = page_of(&world, ANNA).await;
        let sheet = browser.see(&format!("{page}/proof?ask=yes")).await;
        assert!(
            sheet.contains("Czego nie wiemy") && sheet.contains("adres IP"),
            "{sheet}"
        );
        assert!(sheet.contains("odmówiono newslettera w SARE"), "{sheet}");
        assert!(
            sheet.contains("UTC") && sheet.contains("23.11.2026 12:0"),
            "both times are there: {sheet}"
        );
        let file = browser.get(&format!("{page}/proof.json")).await;
        assert_eq!(file.header("content-type"), "application/json");
        let name = file.header("content-disposition");
        assert!(name.starts_with("attachment") && !name.contains("anna"), "{name}");
        let proof = file.json();
        assert_eq!(
            (&proof["contact"], &proof["refusal"]["status"]),
            (&ANNA.into(), &4.into())
        );
        assert_eq!(proof["shop_said"][0]["consent"], true);
        let kinds: Vec<&str> = proof["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds.first(), Some(&"added"), "oldest first: {kinds:?}");
        assert!(kinds.contains(&"refused-in-sare"));
        assert!(proof["not_known"].as_array().unwrap().len() >= 4);
    })
    .await;
}

#[tokio::test]
async fn erasing_asks_for_a_tick_and_signs_nobody_up_again() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        // She is no longer in SARE, and still in the shop with her consent.
        services.sare.delete(ANNA);
        let browser = Browser::open(&world).await;
        let page = format!("{}/erase", page_of(&world, ANNA).await);
        let ask = browser.see(&page).await;
        assert!(ask.contains(ANNA) && ask.contains("Co zniknie") && ask.contains("Co zostanie"));
        let unticked = browser.post(&page, &[]).await;
        assert!(unticked.text().contains("Zaznacz pole"));
        let shop = world.shop().await.id;
        let hash = hash(&world, ANNA).await;
        assert!(
            world
                .store
                .contact(shop, hash)
                .await
                .unwrap()
                .unwrap()
                .address
                .is_some()
        );
        let done = browser.post(&page, &[("sure", "yes")]).await;
        assert_eq!(browser.target(&done), "contacts?done=erased");
        assert!(
            browser
                .see("contacts?done=erased")
                .await
                .contains("zostały usunięte")
        );
        let gone = browser.see(&page_of(&world, ANNA).await).await;
        assert!(gone.contains("bez adresu") && !gone.contains(ANNA), "{gone}");
        // Sweeps meet her in the shop, and her old consent is no new one.
        world.work(26 * 60).await;
        let met = world.store.contact(shop, hash).await.unwrap().unwrap();
        assert_eq!(met.refusal.map(|refused| refused.status.code()), Some(4));
        assert!(services.sare.contact(ANNA).is_none(), "nobody brought her back");
        assert_eq!(services.sare.confirmations_sent(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_contact_of_another_shop_or_of_none_is_not_shown() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        for page in [
            format!("contacts/{}", "0".repeat(32)),
            "contacts/anna".to_owned(),
            format!("contacts/{}/proof", "0".repeat(32)),
            format!("contacts/{}/erase", "0".repeat(32)),
        ] {
            assert_eq!(browser.get(&page).await.status, 404, "{page}");
        }
        let posted = browser
            .post(&format!("contacts/{}/sync", "0".repeat(32)), &[])
            .await;
        assert_eq!(posted.status, 404);
    })
    .await;
}

#[tokio::test]
async fn each_list_says_why_and_is_paged_through_without_loss() {
    each(async |world| {
        let shop = world.installed().await;
        world.configured(&shop).await;
        let lease = world
            .store
            .claim_shop(shop.id, NOON, 60_000)
            .await
            .unwrap()
            .unwrap();
        let contact = |n: usize, outcome| {
            let address = format!("osoba{n}@example.com");
            Contact {
                outcome,
                consent: Some(false),
                sare: seen(6),
                ..Contact::new(world.store.hash(shop.id, &address), address, NOON)
            }
        };
        let mut contacts: Vec<Contact> = (0..120).map(|n| contact(n, Outcome::Skipped)).collect();
        let failed = contact(500, Outcome::Failed);
        let problem = Problem {
            key: DirtyKey::Address(failed.hash).encode(),
            kind: sync_core::ProblemKind::of("sare-refused"),
            hash: Some(failed.hash),
            detail: None,
            is_final: true,
            first_at: NOON,
            last_at: NOON,
            times: 1,
        };
        contacts.push(failed);
        contacts.push(contact(600, Outcome::Synchronised));
        let waiting = |id: i64| DirtyMark {
            key: DirtyKey::Record(RecordKey::customer(id)),
            due_at: NOON,
            priority: Priority::Live,
            reason: Reason::Webhook,
            held_by: None,
        };
        let commit = Commit {
            contacts,
            problems: vec![problem],
            marks: (1..=70).map(waiting).collect(),
            history: Vec::<HistoryEntry>::new(),
            ..Commit::default()
        };
        assert!(world.store.commit(&lease, NOON, &commit).await.unwrap());

        let browser = Browser::open(&world).await;
        let rows = |page: &str| page.matches("<th scope=\"row\">").count();
        for (list, pages) in [
            ("skipped", vec![50, 50, 20]),
            ("waiting", vec![50, 20]),
            ("gone", vec![0]),
        ] {
            let mut address = format!("contacts?list={list}");
            let mut met = Vec::new();
            loop {
                let page = browser.see(&address).await;
                met.push(rows(&page));
                let marker = format!("{}contacts?list={list}&amp;after=", browser.base);
                let Some((_, rest)) = page.split_once(&marker) else {
                    break;
                };
                let after = rest.split('"').next().unwrap();
                assert!(!after.contains("osoba"), "addresses of the panel name nobody");
                address = format!("contacts?list={list}&after={after}");
            }
            assert_eq!(met, pages, "{list}");
        }
        let page = browser.see("contacts?list=failed").await;
        assert!(
            page.contains("osoba500@example.com") && page.contains("SARE nie przyjęło tego kontaktu."),
            "{page}"
        );
        let page = browser.see("contacts?list=skipped").await;
        assert!(page.contains("Bez zgody w sklepie, a takie kontakty są pomijane."));
        let page = browser.see("contacts?list=waiting").await;
        assert!(
            page.contains("Klient nr 1") && page.contains("po powiadomieniu ze sklepu"),
            "{page}"
        );
        // The page opens with the first list, and every list's tab says how many it holds.
        let page = browser.see("contacts").await;
        assert!(
            page.contains("contacts?list=synchronised\" aria-current=\"page\"")
                && page.contains("name=\"email\"")
        );
        assert!(
            page.contains("Pominięci <span class=\"many\">120</span>"),
            "{page}"
        );
        assert!(
            page.contains("W kolejce <span class=\"many\">70</span>"),
            "{page}"
        );
        // Back from the last page, the same people come in the same order.
        let names = |page: &str| {
            let rows = page.split("<th scope=\"row\">").skip(1);
            rows.map(|row| row.split("</th>").next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let link = |page: &str, what: &str| {
            let marker = format!("{}contacts?list=skipped&amp;{what}=", browser.base);
            let at = page.split_once(&marker).unwrap().1.split('"').next().unwrap();
            format!("contacts?list=skipped&{what}={at}")
        };
        let first = browser.see("contacts?list=skipped").await;
        assert!(!first.contains("before="), "nothing comes before the first page");
        let second = browser.see(&link(&first, "after")).await;
        let third = browser.see(&link(&second, "after")).await;
        let again = browser.see(&link(&third, "before")).await;
        assert_eq!(names(&again), names(&second));
        let begin = browser.see(&link(&again, "before")).await;
        assert_eq!(names(&begin), names(&first));
        let back = format!("href=\"{}contacts?list=skipped&amp;before=", browser.base);
        assert!(again.contains(&back) && !begin.contains(&back));
        // In the order of addresses, and as a file.
        let sorted = browser.see("contacts?list=skipped&order=address").await;
        let shown = names(&sorted);
        assert!(
            shown.len() == 50
                && shown[0].contains("osoba0@")
                && shown[1].contains("osoba100@")
                && shown[2].contains("osoba101@")
        );
        let file = browser
            .post("contacts/file", &[("list", "skipped"), ("order", "oldest")])
            .await;
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        assert_eq!(file.headers["cache-control"], "no-store");
        assert_eq!(file.text().lines().count(), 121);
        let waiting = browser.post("contacts/file", &[("list", "waiting")]).await;
        assert_eq!(waiting.text().lines().count(), 71);

        // What begins so is found, page by page, and nothing typed stands in an address.
        let typed = [("email", "osoba")];
        let found = browser.post("contacts/find", &typed).await.text().to_owned();
        assert!(
            found.contains("122 kontakty") && names(&found)[0].contains("osoba0@"),
            "{found}"
        );
        assert!(
            !found.contains("?email") && !found.contains("list=skipped&amp;order=address\" aria"),
            "{found}"
        );
        let next = browser
            .post("contacts/find", &[("email", "osoba"), ("from", "100")])
            .await
            .text()
            .to_owned();
        assert_eq!(names(&next).len(), 22);
        let one = browser
            .post("contacts/find", &[("email", "osoba60")])
            .await
            .text()
            .to_owned();
        assert!(
            one.contains("2 kontakty") && one.contains("osoba60@") && one.contains("osoba600@"),
            "{one}"
        );
        let domain = browser
            .post("contacts/find", &[("email", "@example.com")])
            .await
            .text()
            .to_owned();
        assert!(domain.contains("122 kontakty"), "{domain}");
        let nobody = browser
            .post("contacts/find", &[("email", "xyz")])
            .await
            .text()
            .to_owned();
        assert!(nobody.contains("Nie mamy kontaktu"), "{nobody}");
        let file = browser.post("contacts/file", &[("email", "osoba60")]).await;
        assert_eq!(file.text().lines().count(), 3);
    })
    .await;
}
