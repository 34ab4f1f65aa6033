//! The pages Klienci and Subskrybenci: what they show, what they save, and that nothing typed is lost on the way.

use ports::Clock;
use simulators::shoper::{FieldKind, NewAddress, NewCustomer, NewField};
use store::Shop;
use sync_core::config::{Config, WithoutConsent};
use sync_core::mapping::{Overwrite, RowText, WhenEmpty};

use crate::browser::Browser;
use crate::forms::{Form, part};
use crate::world::*;

pub async fn config(world: &World) -> (Config, Shop) {
    let shop = world.shop().await;
    let config = Config::parse(shop.config.as_deref().unwrap()).unwrap().config;
    (config, shop)
}

/// Whom to send where, when it is not folded.
const OPEN: &str = "<details class=\"settings\" id=\"settings\" open>";

pub fn rows(config: &Config) -> Vec<RowText> {
    config
        .customers
        .mapping
        .rows()
        .iter()
        .map(|row| row.text())
        .collect()
}

/// Three customers: one with everything, one with a phone that is none, one who did not consent.
pub fn customers(services: &Services) {
    let birthday = services
        .shop
        .add_additional_field(NewField::new("Data urodzenia", FieldKind::Text));
    let people = [
        (
            "anna@sklep.example",
            "ANNA",
            "kowalska",
            true,
            "600 700 800",
            "Kraków",
        ),
        (
            "jan@sklep.example",
            "Jan",
            "Nowak",
            true,
            "brak telefonu",
            "Warszawa",
        ),
        ("ewa@sklep.example", "Ewa", "Wzór", false, "", ""),
    ];
    for (email, first, last, newsletter, phone, city) in people {
        services.shop.add_customer(NewCustomer {
            email: email.into(),
            firstname: first.into(),
            lastname: last.into(),
            newsletter,
            fields: if newsletter {
                vec![(birthday, "1980-01-02".into())]
            } else {
                Vec::new()
            },
            address: (!city.is_empty()).then(|| NewAddress {
                phone: phone.into(),
                city: city.into(),
                country_code: "PL".into(),
                ..NewAddress::default()
            }),
            ..NewCustomer::default()
        });
    }
}

#[tokio::test]
async fn without_an_account_the_page_leads_to_connecting_one() {
    each(async |world| {
        world.installed().await;
        let browser = Browser::open(&world).await;
        for page in ["customers", "subscribers"] {
            let answer = browser.get(page).await;
            assert_eq!(browser.target(&answer), "connect");
        }
    })
    .await;
}

#[tokio::test]
async fn a_first_visit_shows_suggestions_and_saves_nothing() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let before = world.shop().await;
        let answer = browser.get("customers").await;
        let text = answer.text();
        assert!(text.contains("Oto propozycja"), "{text}");
        let form = Form::of(text);
        assert_eq!(form.targets()[..2], ["name", "gsm"]);
        assert_eq!(form.get("source.1"), "address.phone");
        assert_eq!(form.get("enabled"), "yes");
        assert_eq!(text.matches(">Propozycja</span>").count(), form.rows().len());
        assert!(text.contains(OPEN), "whom to send where is still to be chosen");
        assert!(
            text.contains("Data urodzenia"),
            "the shop's own fields can be chosen"
        );
        let after = world.shop().await;
        assert_eq!(
            (before.config, before.config_version),
            (after.config, after.config_version)
        );
        assert_eq!(after.first_run_after, None);
        let writes = services.sare.request_log();
        assert!(
            writes.iter().all(|request| !request.path.contains("/add")),
            "{writes:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_first_save_writes_the_configuration_and_waits_for_the_merchants_word() {
    each_connected(async |world, services| {
        customers(&services);
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.bare();
        let form = form
            .set("enabled", "yes")
            .set("group", "21")
            .set("consent", "flag")
            .set("without_consent", "skip")
            .with_row(
                "0",
                &[
                    ("target", "name"),
                    ("source", "=template"),
                    ("text", "{Imię} {Nazwisko}"),
                    ("step", "title"),
                ],
            )
            .with_row(
                "1",
                &[("target", "gsm"), ("source", "address.phone"), ("empty", "clear")],
            )
            .with_row(
                "2",
                &[("target", "prop1"), ("source", "=constant"), ("text", "sklep")],
            )
            .with_row(
                "3",
                &[
                    ("target", "prop2"),
                    ("source", "address.city"),
                    ("step", "max"),
                    ("argument", "5"),
                    ("empty", "value"),
                    ("default", "brak"),
                    ("overwrite", "if-empty"),
                ],
            )
            .with_row("9", &[("target", ""), ("source", "")]);
        let saved = browser.submit("customers", &form, "save").await;
        assert_eq!(browser.target(&saved), "subscribers?done=first");
        let (config, shop) = config(&world).await;
        assert!(config.customers.enabled && !config.subscribers.enabled);
        assert_eq!(
            (config.customers.group, config.customers.without_consent),
            (21, WithoutConsent::Skip)
        );
        assert_eq!(config.customers.consent.word(), "flag");
        let expected = [
            RowText {
                transform: vec!["title".to_owned()],
                ..RowText::new("name", "{firstname} {lastname}")
            },
            RowText {
                when_empty: WhenEmpty::Clear,
                ..RowText::new("gsm", "address.phone")
            },
            RowText {
                from: None,
                value: Some("sklep".to_owned()),
                ..RowText::new("prop1", "")
            },
            RowText {
                transform: vec!["max:5".to_owned()],
                default: Some("brak".to_owned()),
                overwrite: Overwrite::IfEmpty,
                ..RowText::new("prop2", "address.city")
            },
        ];
        assert_eq!(rows(&config), expected);
        let ten_minutes = world.clock.now() + 600_000;
        assert_eq!(
            shop.first_run_after,
            Some(ten_minutes),
            "nothing begins by itself yet"
        );
        let settled = browser.see("customers").await;
        assert!(!settled.contains(OPEN), "what is chosen is folded");
        assert!(part(&settled, "settled").contains("(21)"), "{settled}");
        let unsaved = browser.form("customers").await.set("group", "22");
        let unsaved = browser.submit("customers", &unsaved, "add").await;
        assert!(unsaved.text().contains(OPEN), "what is not saved stays in sight");
        let again = browser.form("customers").await;
        let same = browser.submit("customers", &again, "save").await;
        assert_eq!(browser.target(&same), "customers?done=same");
        assert_eq!(
            rows(&self::config(&world).await.0),
            expected,
            "the page reads what it wrote"
        );
    })
    .await;
}

#[tokio::test]
async fn an_error_is_marked_at_its_row_and_nothing_typed_is_lost() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.bare();
        let form = form
            .without("enabled")
            .set("enabled", "yes")
            .set("group", "")
            .set("new_group", "Jeszcze nie wiem")
            .with_row("0", &[("target", "name"), ("source", "firstname")])
            .with_row(
                "1",
                &[
                    ("target", "prop1"),
                    ("source", "=template"),
                    ("text", "{imie \"x\""),
                ],
            )
            .with_row(
                "2",
                &[
                    ("target", "prop2"),
                    ("source", "address.city"),
                    ("step", "max"),
                    ("argument", "wiele"),
                ],
            );
        let answer = browser.submit("customers", &form, "save").await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(text.contains("Nie zapisano") && text.contains("Wybierz grupę, do której"));
        for key in ["1", "2"] {
            assert!(text.contains(&format!("href=\"#target-{key}\"")), "{key}");
            let row = part(text, &format!("row-{key}"));
            assert!(row.contains("aria-invalid=\"true\"") && row.contains("class=\"error\""));
        }
        assert!(!text.contains("href=\"#target-0\""));
        assert!(text.contains("data-unsaved"), "leaving would ask first");
        let back = Form::of(text);
        assert_eq!(back.rows(), ["0", "1", "2"]);
        for (name, value) in form.0.iter().filter(|(name, _)| name != "row") {
            assert_eq!(back.get(name), value, "{name}");
        }
        assert!(!config(&world).await.0.customers.enabled);
    })
    .await;
}

#[tokio::test]
async fn what_another_saved_meanwhile_is_shown_and_written_over_only_knowingly() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        let start = browser.form("customers").await.bare().set("enabled", "yes");
        let row = [("target", "name"), ("source", "firstname")];
        let first = start.set("group", "21").with_row("0", &row);
        browser.target(&browser.submit("customers", &first, "save").await);
        let (mine, theirs) = (browser.form("customers").await, browser.form("customers").await);
        let theirs = theirs.set("group", "22");
        assert_eq!(browser.submit("customers", &theirs, "save").await.status, 303);
        let mine = mine.with_row("7", &[("target", "gsm"), ("source", "address.phone")]);
        let refused = browser.submit("customers", &mine, "save").await;
        assert_eq!(refused.status, 200);
        let text = refused.text();
        for said in [
            "Ktoś inny zapisał",
            "ktoś w panelu",
            "Klienci (21)",
            "Newsletter (22)",
            "Telefon (GSM)",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let (config, _) = config(&world).await;
        assert_eq!(
            (config.customers.group, rows(&config).len()),
            (22, 1),
            "nothing is written over"
        );
        let mine = Form::of(text);
        assert_eq!(mine.targets(), ["name", "gsm"], "what was typed is still there");
        assert_eq!(
            browser.submit("customers", &mine, "save").await.status,
            200,
            "by the other button alone"
        );
        assert_eq!(browser.submit("customers", &mine, "mine").await.status, 303);
        let (config, _) = self::config(&world).await;
        assert_eq!((config.customers.group, rows(&config).len()), (21, 2));
    })
    .await;
}

#[tokio::test]
async fn saves_of_the_two_pages_do_not_stand_in_each_others_way() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        let customers = browser.form("customers").await.set("group", "21");
        let subscribers = browser.form("subscribers").await.set("group", "22");
        assert_eq!(
            browser.submit("subscribers", &subscribers, "save").await.status,
            303
        );
        assert_eq!(browser.submit("customers", &customers, "save").await.status, 303);
        let (config, _) = config(&world).await;
        assert_eq!((config.customers.group, config.subscribers.group), (21, 22));
        assert!(config.customers.enabled && config.subscribers.enabled);
    })
    .await;
}

#[tokio::test]
async fn a_group_is_made_without_leaving_and_the_rest_of_the_form_stays() {
    each_connected(async |world, services| {
        let browser = Browser::open(&world).await;
        let row = [
            ("target", "prop3"),
            ("source", "=constant"),
            ("text", "niezapisane"),
        ];
        let form = browser.form("customers").await.bare().with_row("4", &row);
        let made = browser
            .submit("customers", &form.clone().set("new_group", "Sklep Anny"), "group")
            .await;
        let made = Form::of(made.text());
        let groups = services.sare.groups();
        let (id, _) = groups
            .iter()
            .find(|(_, name)| name == "Sklep Anny")
            .expect("SARE has it");
        assert_eq!(
            (made.get("group"), made.get("new_group")),
            (id.to_string().as_str(), "")
        );
        assert_eq!((made.get("text.4"), made.targets().len()), ("niezapisane", 1));
        assert_eq!(
            config(&world).await.0.customers.group,
            0,
            "it is chosen, not saved"
        );
        let again = browser
            .submit("customers", &form.clone().set("new_group", "sklep anny"), "group")
            .await;
        assert_eq!(
            Form::of(again.text()).get("group"),
            id.to_string(),
            "the same name is the same group"
        );
        assert_eq!(services.sare.groups().len(), groups.len());
        services.network.unroute(SARE);
        let away = browser
            .submit("customers", &form.set("new_group", "Druga"), "group")
            .await;
        assert!(away.text().contains("SARE chwilowo nie odpowiada. Spróbuj"));
        let away = Form::of(away.text());
        assert_eq!(
            (away.get("new_group"), away.get("text.4")),
            ("Druga", "niezapisane")
        );
    })
    .await;
}

#[tokio::test]
async fn a_group_made_in_sare_a_moment_ago_is_there_when_the_page_is_opened_or_refreshed() {
    each_connected(async |world, services| {
        let browser = Browser::open(&world).await;
        let has = |page: &str, name: &str| page.contains(&format!("{name} ("));
        let form = browser.form("customers").await.bare().set("new_group", "zaczęte");
        services.sare.put_group(77, "Zrobiona przed chwilą");
        world.later(std::time::Duration::from_secs(5));
        let page = browser.see("customers").await;
        assert!(has(&page, "Zrobiona przed chwilą"), "{page}");

        // By the button it is asked at once, and what was typed stays.
        services.sare.put_group(78, "Zrobiona teraz");
        let answer = browser.submit("customers", &form, "refresh").await;
        assert!(has(answer.text(), "Zrobiona teraz"), "{}", answer.text());
        assert_eq!(Form::of(answer.text()).get("new_group"), "zaczęte");

        // A SARE that does not answer just now takes nothing away that it said before.
        services.network.unroute(SARE);
        world.later(std::time::Duration::from_secs(5));
        let page = browser.see("customers").await;
        assert!(has(&page, "Zrobiona teraz"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn a_field_written_without_its_polish_letter_is_asked_about() {
    each_connected(async |world, _services| {
        for (browser, known) in [
            (Browser::open(&world).await, "Czy chodziło o „Imię”?"),
            (
                Browser::english(&world).await,
                "Did you mean &quot;First name&quot;?",
            ),
        ] {
            let row = [("target", "name"), ("source", "=template"), ("text", "{Imie}")];
            let form = browser
                .form("customers")
                .await
                .bare()
                .set("group", "21")
                .with_row("1", &row);
            let answer = browser.submit("customers", &form, "save").await;
            assert!(answer.text().contains(known), "{}", answer.text());
        }
    })
    .await;
}

#[tokio::test]
async fn beside_a_row_that_is_wrong_it_is_not_said_that_all_is_saved() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        let first = browser.see("customers").await;
        assert!(
            !first.contains("Nie ma niezapisanych zmian"),
            "suggestions are not saved: {first}"
        );
        let form = browser.form("customers").await.set("group", "21");
        browser.target(&browser.submit("customers", &form, "save").await);
        let saved = browser.form("customers").await;
        assert!(
            browser
                .preview("customers", &saved)
                .await
                .contains("Nie ma niezapisanych zmian")
        );
        let wrong = saved.with_row("90", &[("target", "prop7"), ("source", "")]);
        for said in [
            browser.preview("customers", &wrong).await,
            browser
                .submit("customers", &wrong, "check")
                .await
                .text()
                .to_owned(),
        ] {
            assert!(!said.contains("Nie ma niezapisanych zmian"), "{said}");
            assert!(said.contains("Najpierw popraw"), "{said}");
        }
    })
    .await;
}

#[tokio::test]
async fn that_something_was_saved_is_told_once_and_only_when_it_was() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        for page in [
            "customers?done=saved",
            "customers?done=connected",
            "launch?done=saved",
            "subscribers?done=first",
            "advanced/rules?done=rules",
        ] {
            let told = browser.get(page).await;
            for word in ["Zapisano.", "Ustawienia zapisane", "Połączono z SARE"] {
                assert!(
                    !told.text().contains(word),
                    "{page}: nothing was done: {}",
                    told.text()
                );
            }
        }
        let form = browser.form("customers").await.set("group", "21");
        let saved = browser.submit("customers", &form, "save").await;
        assert_eq!(browser.target(&saved), "subscribers?done=first");
        assert!(
            browser
                .see("subscribers?done=first")
                .await
                .contains("Klienci zapisani.")
        );
        assert!(
            !browser
                .see("subscribers?done=first")
                .await
                .contains("Klienci zapisani."),
            "loaded anew"
        );
        assert!(!browser.see("launch").await.contains("Ustawienia zapisane."));
    })
    .await;
}

#[tokio::test]
async fn with_sare_away_the_known_number_stands_and_saving_works() {
    each_connected(async |world, services| {
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.set("group", "21");
        browser.target(&browser.submit("customers", &form, "save").await);
        services.network.unroute(SARE);
        world.later(std::time::Duration::from_secs(601));
        let answer = browser.get("customers").await;
        assert!(answer.text().contains("SARE chwilowo nie odpowiada, więc"));
        let form = Form::of(answer.text());
        assert_eq!(form.get("group"), "21");
        let form = form.with_row("50", &[("target", "prop9"), ("source", "tags")]);
        assert_eq!(browser.submit("customers", &form, "save").await.status, 303);
        let (config, _) = config(&world).await;
        assert_eq!(config.customers.group, 21);
        assert!(rows(&config).contains(&RowText::new("prop9", "tags")));
    })
    .await;
}

#[tokio::test]
async fn rows_are_added_moved_and_removed_without_a_script() {
    each_connected(async |world, _services| {
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.bare();
        let form = form
            .with_row("0", &[("target", "name"), ("source", "firstname")])
            .with_row("1", &[("target", "gsm"), ("source", "address.phone")]);
        let after = async |form: &Form, op: &str| {
            let answer = browser.submit("customers", form, op).await;
            assert_eq!(answer.status, 200);
            Form::of(answer.text())
        };
        assert_eq!(after(&form, "up:1").await.targets(), ["gsm", "name"]);
        assert_eq!(after(&form, "down:0").await.targets(), ["gsm", "name"]);
        assert_eq!(after(&form, "remove:0").await.targets(), ["gsm"]);
        assert_eq!(after(&form, "add").await.targets(), ["name", "gsm", ""]);
        let mapped = after(&form, "map:address.city").await;
        assert_eq!(
            mapped.get(&format!("source.{}", mapped.rows()[2])),
            "address.city"
        );
        let suggested = after(&form, "suggest").await;
        assert_eq!(suggested.targets()[..2], ["name", "gsm"]);
        assert_eq!(suggested.get("source.0"), "firstname", "what is set stays");
        assert!(config(&world).await.0.customers.mapping.rows().is_empty());
    })
    .await;
}
