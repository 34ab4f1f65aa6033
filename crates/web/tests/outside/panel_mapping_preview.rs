//! The mapping's preview on the pages Klienci and Subskrybenci: what real contacts would become, the shop's numbers,
//! what a change costs, and that nothing of the contacts is kept.

use ports::Clock;
use simulators::shoper::NewCustomer;

use crate::browser::Browser;
use crate::forms::part;
use crate::panel_mapping::customers;
use crate::world::*;

#[tokio::test]
async fn the_preview_shows_what_the_engine_then_sends() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.bare();
        let form = form
            .set("enabled", "yes")
            .set("group", "21")
            .with_row(
                "0",
                &[
                    ("target", "name"),
                    ("source", "=template"),
                    ("text", "{firstname|title} {lastname|title}"),
                ],
            )
            .with_row("1", &[("target", "gsm"), ("source", "address.phone")])
            .with_row(
                "2",
                &[("target", "prop1"), ("source", "address.city"), ("step", "upper")],
            )
            .with_row(
                "3",
                &[
                    ("target", "prop2"),
                    ("source", "additional_field.1"),
                    ("step", "date:%d.%m.%Y"),
                ],
            )
            .with_row(
                "4",
                &[
                    ("target", "prop3"),
                    ("source", "=constant"),
                    ("text", "zawsze to samo"),
                ],
            )
            .with_row(
                "5",
                &[
                    ("target", "prop4"),
                    ("source", "newsletter"),
                    ("step", "yes_no"),
                    ("argument", "TAK/NIE"),
                ],
            );
        let seen = browser.preview("customers", &form).await;
        let people: Vec<&str> = part(&seen, "people")
            .split("<strong>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0)
            .collect();
        assert_eq!(people.len(), 3, "{seen}");
        assert!(
            seen.contains("Prawdziwe dane") && seen.contains("ze statusem potwierdzony"),
            "{seen}"
        );
        let shown = |key: &str, at: usize| {
            let line = part(&seen, &format!("values-{key}"))
                .split("<li>")
                .nth(at + 1)
                .unwrap();
            let value = line.split_once("<span class=\"value\" title=\"");
            value
                .map_or("", |(_, rest)| rest.split_once('"').unwrap().0)
                .to_owned()
        };
        browser.target(&browser.submit("customers", &form, "save").await);
        let shop = world.shop().await;
        world
            .store
            .hold_first_run(shop.id, None, world.clock.now())
            .await
            .unwrap();
        for _ in 0..200 {
            world.turn().await;
            world.later(std::time::Duration::from_secs(5));
            if services.sare.len() == 3 {
                break;
            }
        }
        for (at, email) in people.iter().enumerate() {
            let sent = services.sare.contact(email).expect("the engine has sent it");
            let prop = |name: &str| sent.prop.get(name).cloned().unwrap_or_default();
            let there = [
                sent.name.clone(),
                sent.gsm.clone(),
                prop("prop1"),
                prop("prop2"),
                prop("prop3"),
                prop("prop4"),
            ];
            let promised: Vec<String> = (0..6).map(|key| shown(&key.to_string(), at)).collect();
            assert_eq!(there.to_vec(), promised, "{email}");
        }
        assert!(people.contains(&"anna@sklep.example"));
    })
    .await;
}

#[tokio::test]
async fn what_will_not_fit_is_told_at_its_row_with_numbers() {
    each_connected(async |world, services| {
        customers(&services);
        services.sare.put_contact("anna@sklep.example", 8, &[]);
        let mut there = services.sare.contact("anna@sklep.example").unwrap();
        there
            .prop
            .insert("prop1".to_owned(), "Kraków, wpisany ręcznie".to_owned());
        services.sare.put_contact_with(&there);
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.bare();
        let form = form
            .with_row("0", &[("target", "gsm"), ("source", "address.phone")])
            .with_row("1", &[("target", "prop1"), ("source", "address.city")])
            .with_row("2", &[("target", "prop1"), ("source", "tags")]);
        let seen = browser.preview("customers", &form).await;
        let phones = part(&seen, "notes-0");
        assert!(
            phones.contains("1 z 3 wartości nie są numerami telefonu"),
            "{phones}"
        );
        let filled = part(&seen, "fill-0");
        assert!(
            filled.contains("wypełnia 1 z 3 kontaktów") && filled.contains("<meter"),
            "{filled}"
        );
        assert!(part(&seen, "check").contains("Do poprawy: 2 miejsca."), "{seen}");
        let city = part(&seen, "notes-1");
        assert!(
            city.contains("1 z 1 sprawdzonych") && city.contains("Kraków, wpisany ręcznie"),
            "{city}"
        );
        assert!(part(&seen, "notes-2").contains("wypełnia już inny wiersz"));
        assert!(part(&seen, "people").contains("zachowa swój status"), "{seen}");
        assert!(part(&seen, "unmapped").contains("Imię"), "{seen}");
        let kept = form.set("overwrite.1", "if-empty");
        assert!(!part(&browser.preview("customers", &kept).await, "notes-1").contains("sprawdzonych"));
    })
    .await;
}

#[tokio::test]
async fn without_contacts_or_without_the_shop_people_are_made_up_and_called_so() {
    each_connected(async |world, services| {
        let browser = Browser::open(&world).await;
        let form = browser.form("subscribers").await;
        let none = browser.preview("subscribers", &form).await;
        assert!(none.contains("nie ma jeszcze subskrybentów") && none.contains("anna@przyklad.example"));
        services.network.unroute(SHOP_URL);
        let form = browser.form("customers").await;
        let away = browser.preview("customers", &form).await;
        assert!(away.contains("Sklep chwilowo nie odpowiada") && away.contains("wymyślone"));
        assert!(!away.contains("wypełnia"), "made-up people are not counted");
    })
    .await;
}

#[tokio::test]
async fn a_preview_needs_the_sessions_token() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let form = browser.form("subscribers").await.without("csrf");
        for page in ["customers", "customers/preview"] {
            assert_eq!(browser.submit(page, &form, "save").await.status, 403);
        }
        assert_eq!(services.shop.requests_by("users"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_sample_is_read_once_and_not_kept_for_long() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await;
        for _ in 0..3 {
            browser.preview("customers", &form).await;
        }
        let read = services.shop.requests_by("users");
        assert_eq!(read, 1, "one page, one time");
        world.later(std::time::Duration::from_secs(601));
        browser.preview("customers", &form).await;
        assert_eq!(services.shop.requests_by("users"), read + 1);
    })
    .await;
}

#[tokio::test]
async fn the_shops_numbers_come_from_the_shop_until_the_ledger_has_them() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let page = browser.get("customers").await;
        assert!(page.text().contains("customers/numbers"));
        let numbers = browser.get("customers/numbers").await;
        assert!(
            numbers.text().contains("3 klientów, 2 ze zgodą"),
            "{}",
            numbers.text()
        );
        let none = browser.get("subscribers/numbers").await;
        assert!(none.text().contains("nie ma jeszcze subskrybentów"));
    })
    .await;
}

#[tokio::test]
async fn a_later_change_tells_its_cost_before_and_after() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let row = [("target", "name"), ("source", "firstname")];
        let form = browser.form("customers").await.bare().with_row("0", &row);
        let form = form.set("enabled", "yes").set("group", "21");
        browser.target(&browser.submit("customers", &form, "save").await);
        let shop = world.shop().await;
        world
            .store
            .hold_first_run(shop.id, None, world.clock.now())
            .await
            .unwrap();
        for _ in 0..200 {
            world.turn().await;
            world.later(std::time::Duration::from_secs(5));
            if engine::standing(&world.store, shop.id).await.unwrap().first_done {
                break;
            }
        }
        let form = browser.form("customers").await;
        assert!(part(&browser.preview("customers", &form).await, "cost").contains("Nie ma niezapisanych"));
        let form = form.with_row("5", &[("target", "prop1"), ("source", "lastname")]);
        let cost = browser.preview("customers", &form).await;
        let cost = part(&cost, "cost");
        assert!(
            cost.contains("Zaktualizujemy najwyżej 3 kontakty; potrwa to niecałą minutę."),
            "{cost}"
        );
        let saved = browser.submit("customers", &form, "save").await;
        assert_eq!(browser.target(&saved), "customers?done=saved");
        let after = browser.get("customers?done=saved").await;
        assert!(
            after.text().contains("Zaktualizujemy najwyżej 3 kontakty"),
            "{}",
            after.text()
        );
        assert!(after.text().contains("Uzupełnianie już trwa"));
        let off = browser.form("customers").await.without("enabled");
        assert_eq!(browser.submit("customers", &off, "save").await.status, 303);
        let off = browser.get("customers").await;
        assert!(off.text().contains("Klienci nie są teraz synchronizowani"));
    })
    .await;
}

#[tokio::test]
async fn nothing_of_the_contacts_is_logged_or_stored() {
    each_connected(async |world, services| {
        services.shop.add_customer(NewCustomer {
            email: "zofia.tajna@nigdzie.example".into(),
            firstname: "Zofianna".into(),
            lastname: "Tajnowska".into(),
            newsletter: true,
            ..NewCustomer::default()
        });
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await;
        let form = form.with_row("77", &[("target", "prop1"), ("source", "email")]);
        let seen = browser.preview("customers", &form).await;
        assert!(
            seen.contains("zofia.tajna@nigdzie.example"),
            "the page shows whom it is about"
        );
        services.network.unroute(SARE);
        world.later(std::time::Duration::from_secs(601));
        browser.preview("customers", &form).await;
        let log = crate::logs::captured();
        for secret in [
            "zofia.tajna",
            "Zofianna",
            "Tajnowska",
            services.sare.settings().api_key.as_str(),
        ] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
        let shop = world.shop().await;
        assert_eq!(world.store.counts(shop.id).await.unwrap().contacts, 0);
    })
    .await;
}
