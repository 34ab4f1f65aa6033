//! The page Zaawansowane: force, rules, the configuration as a file and its history, disconnecting, erasing.

use ports::Clock;
use simulators::shoper::NewCustomer;
use store::{HookKind, RunKind, RunState, SecretName, ShopState};
use sync_core::ProblemKind;
use sync_core::config::{Config, DeletedAction, OnNewOptIn, UnsubscribeStatus, WithoutAccount};

use crate::browser::Browser;
use crate::ledger::between;
use crate::panel_contacts::configure;
use crate::world::*;

async fn config(world: &World) -> Config {
    Config::parse(&world.shop().await.config.unwrap()).unwrap().config
}

/// Both services, configured, the first synchronisation over.
async fn synchronised(world: &World, services: &Services) {
    services.shop.add_customer(NewCustomer {
        email: "anna@example.com".into(),
        newsletter: true,
        ..NewCustomer::default()
    });
    services.shop.add_customer(NewCustomer {
        email: "ewa@example.com".into(),
        newsletter: false,
        ..NewCustomer::default()
    });
    configure(world, services).await;
    world.work(2).await;
}

#[tokio::test]
async fn a_full_synchronisation_is_forced_only_with_the_tick_and_after_the_first() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        assert!(
            browser
                .see("advanced")
                .await
                .contains("po pierwszej synchronizacji")
        );
        let shop = world.shop().await.id;
        browser.post("advanced/force", &[("sure", "yes")]).await;
        assert!(world.store.runs(shop, 9).await.unwrap().is_empty());

        synchronised(&world, &services).await;
        let page = browser.see("advanced").await;
        assert!(
            page.contains("Niczyja zgoda się nie zmieni") && page.contains("name=\"sure\""),
            "{page}"
        );
        browser.post("advanced/force", &[]).await;
        let forced = async || {
            let runs = world.store.runs(shop, 9).await.unwrap();
            runs.into_iter().find(|run| run.kind == RunKind::Forced)
        };
        assert!(forced().await.is_none(), "no tick, no run");
        let posted = browser.post("advanced/force", &[("sure", "yes")]).await;
        assert_eq!(browser.target(&posted), "advanced?done=forced");
        let live = browser.see("advanced/force/live").await;
        assert!(live.contains("data-busy"), "{live}");
        assert!(browser.see("advanced").await.contains("Właśnie trwa"));
        world.work(2).await;
        assert_eq!(forced().await.unwrap().state, RunState::Done);
        assert!(browser.see("advanced").await.contains("bez zmian 2"));
        // Neither while it goes on nor afterwards does the page say both that it waits and that it is over.
        let after = browser.see("advanced?done=forced").await;
        assert!(
            after.contains("zakończono") && !after.contains("czeka na swoją kolej"),
            "{after}"
        );
        assert!(
            !browser.see("advanced?done=forced").await.contains("Przyjęto"),
            "told once"
        );
    })
    .await;
}

#[tokio::test]
async fn how_many_values_a_forced_synchronisation_writes_over_is_counted_before_it_and_told_after_it() {
    each_connected(async |world, services| {
        for email in ["anna@example.com", "ewa@example.com"] {
            let row = NewCustomer::new(email).name("Imię", "Nazwisko").newsletter(true);
            services.shop.add_customer(row);
        }
        configure(&world, &services).await;
        world.work(2).await;
        let browser = Browser::open(&world).await;
        assert!(browser.see("advanced").await.contains("Najpierw możesz policzyć"));
        for email in ["anna@example.com", "ewa@example.com"] {
            assert!(services.sare.operator_writes(email, "name", "Ktoś Inny"));
        }
        browser.post("advanced/force/count", &[]).await;
        world.work(2).await;
        let page = browser.see("advanced").await;
        assert!(page.contains("Nadpisane zostałyby 2 wartości w SARE."), "{page}");
        assert_eq!(
            services.sare.contact("anna@example.com").unwrap().name,
            "Ktoś Inny"
        );
        // A count that is under way keeps nobody from forcing.
        browser.post("advanced/force/count", &[]).await;
        let page = browser.see("advanced").await;
        assert!(
            page.contains("Liczymy, co zmieniłaby") && page.contains("name=\"sure\""),
            "{page}"
        );
        browser.post("advanced/force", &[("sure", "yes")]).await;
        world.work(2).await;
        let page = browser.see("advanced").await;
        assert!(
            page.contains("zaktualizowano 2") && page.contains("Nadpisano 2 wartości w SARE."),
            "{page}"
        );
        assert_ne!(
            services.sare.contact("anna@example.com").unwrap().name,
            "Ktoś Inny"
        );
        browser.post("advanced/force/count", &[]).await;
        world.work(2).await;
        let page = browser.see("advanced").await;
        assert!(
            page.contains("Nadpisanych zostałoby 0 wartości w SARE."),
            "{page}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_forced_run_that_would_mail_someone_shows_its_numbers() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        // Known without consent, and with it now: carrying that into SARE would make her mailable.
        services.shop.edit_customer(2, |row| row.newsletter = true);
        let browser = Browser::open(&world).await;
        browser.post("advanced/force", &[("sure", "yes")]).await;
        world.work(1).await;
        let page = browser.see("advanced").await;
        let run = world.store.runs(world.shop().await.id, 9).await.unwrap();
        let forced = run.iter().find(|run| run.kind == RunKind::Forced).unwrap();
        assert_eq!(forced.state, RunState::Refused, "{forced:?}");
        assert!(
            page.contains("Przez nią 1 osoba zaczęłaby otrzymywać newsletter"),
            "{page}"
        );
    })
    .await;
}

const RULES: &[(&str, &str)] = &[
    ("to_sare", "removed"),
    ("leave_group", "yes"),
    ("on_new_opt_in", "leave"),
    ("deleted", "keep"),
    ("share", "2,5"),
    ("at_least", "7"),
];

fn with<'f>(version: &'f str, change: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut fields: Vec<(&str, &str)> = RULES
        .iter()
        .filter(|(name, _)| change.iter().all(|(other, _)| other != name))
        .copied()
        .collect();
    fields.extend_from_slice(change);
    fields.push(("version", version));
    fields
}

#[tokio::test]
async fn rules_are_saved_checked_and_never_over_somebody_elses_change() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        let page = browser.see("advanced/rules").await;
        assert!(
            page.contains("value=\"removal-requested\" checked")
                && page.contains("id=\"to_shoper\" name=\"to_shoper\" value=\"yes\" checked"),
            "{page}"
        );
        let version = world.shop().await.config_version.to_string();

        let wrong = browser
            .post("advanced/rules", &with(&version, &[("share", "200")]))
            .await;
        assert!(wrong.text().contains("Wpisz liczbę od 0 do 100") && wrong.text().contains("value=\"200\""));
        assert_eq!(world.shop().await.config_version.to_string(), version);

        let saved = browser.post("advanced/rules", &with(&version, &[])).await;
        assert_eq!(browser.target(&saved), "advanced/rules?done=rules");
        let now = config(&world).await;
        assert_eq!(now.unsubscribe.to_sare, UnsubscribeStatus::Removed);
        assert_eq!(
            (now.unsubscribe.leave_group, now.unsubscribe.to_shoper),
            (true, false)
        );
        assert_eq!(now.unsubscribe.on_new_opt_in, OnNewOptIn::Leave);
        assert_eq!(now.deleted.action, DeletedAction::Keep);
        assert!((now.brake.share - 0.025).abs() < 1e-9 && now.brake.at_least == 7);
        assert!(
            now.customers.enabled && !now.customers.mapping.rows().is_empty(),
            "the rest is untouched"
        );

        let late = browser
            .post("advanced/rules", &with(&version, &[("at_least", "9")]))
            .await;
        assert!(
            late.text().contains("Ktoś zmienił") && late.text().contains("value=\"9\""),
            "what was typed stays"
        );
        assert_eq!(config(&world).await.brake.at_least, 7);
    })
    .await;
}

#[tokio::test]
async fn whom_not_to_send_is_the_merchants_choice_in_plain_words() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        let page = browser.see("advanced/rules").await;
        assert!(page.contains("Adresów z tych domen nie przesyłamy"), "{page}");
        assert!(page.contains("members.ebay.*"), "the usual ones are named");
        let version = world.shop().await.config_version.to_string();
        let wrong = browser
            .post(
                "advanced/rules",
                &with(&version, &[("domains", "allegromail.pl\nallegro")]),
            )
            .await;
        assert!(
            wrong.text().contains("„allegro” nie jest domeną"),
            "{}",
            wrong.text()
        );
        assert_eq!(world.shop().await.config_version.to_string(), version);

        let chosen = [
            ("domains", "@Allegromail.PL, mail.erli.pl"),
            ("without_account", "skip"),
        ];
        let saved = browser.post("advanced/rules", &with(&version, &chosen)).await;
        assert_eq!(browser.target(&saved), "advanced/rules?done=rules");
        let now = config(&world).await;
        let domains: Vec<String> = now.leave_out.domains.iter().map(ToString::to_string).collect();
        assert_eq!(domains, ["allegromail.pl", "mail.erli.pl"]);
        assert_eq!(now.customers.without_account, WithoutAccount::Skip);

        let version = world.shop().await.config_version.to_string();
        browser
            .post("advanced/rules", &with(&version, &[("share", "3")]))
            .await;
        assert_eq!(
            config(&world).await.leave_out,
            now.leave_out,
            "a page that does not say it changes nothing of it"
        );
    })
    .await;
}

#[tokio::test]
async fn the_configuration_goes_out_without_the_key_and_comes_in_only_when_it_is_right() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        let file = browser.get("advanced/config.toml").await;
        assert!(
            file.header("content-disposition")
                .contains(&format!("{HOST}.toml"))
        );
        let key = services.sare.settings().api_key;
        assert!(!file.text().contains(&key) && file.text().contains("[customers.mapping]"));
        let version = world.shop().await.config_version.to_string();
        let import = async |text: &str, what: &str| {
            let fields = [("config", text), ("version", version.as_str()), ("what", what)];
            browser.post("advanced/import", &fields).await
        };

        let wrong = file
            .text()
            .replace("enabled = true", "enabled = perhaps")
            .replace("name = ", "nam = ");
        let told = import(&wrong, "import").await;
        assert!(
            told.text().contains("W pliku są błędy") && told.text().contains("Błąd:"),
            "{}",
            told.text()
        );
        let other = file.text().replace(&services.sare.settings().uid, "999");
        let told = import(&other, "import").await;
        assert!(
            told.text().contains("sare.api_key"),
            "another account needs a key: {}",
            told.text()
        );
        let no_group = file.text().replace("\ngroup = ", "\ngroup = 77");
        let told = import(&no_group, "import").await;
        assert!(told.text().contains("customers.group"), "{}", told.text());
        let fine = file.text().replace("share = 0.05", "share = 0.2");
        let told = import(&fine, "check").await;
        assert!(told.text().contains("Plik jest poprawny"), "{}", told.text());
        assert_eq!(
            world.shop().await.config_version.to_string(),
            version,
            "nothing was changed"
        );

        let taken = import(&fine, "import").await;
        assert_eq!(browser.target(&taken), "advanced/file?done=imported");
        assert!((config(&world).await.brake.share - 0.2).abs() < 1e-9);
        let late = import(file.text(), "import").await;
        assert!(late.text().contains("Ktoś zmienił"));

        services.network.unroute(SARE);
        let version = world.shop().await.config_version.to_string();
        let fields = [
            ("config", file.text()),
            ("version", version.as_str()),
            ("what", "import"),
        ];
        let away = browser.post("advanced/import", &fields).await;
        assert!(
            away.text().contains("Nie można teraz zapytać SARE"),
            "{}",
            away.text()
        );
    })
    .await;
}

#[tokio::test]
async fn every_change_can_be_read_and_taken_back_as_a_new_version() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        let first = world.shop().await.config_version;
        let version = first.to_string();
        browser.post("advanced/rules", &with(&version, &[])).await;
        let list = browser.see("advanced/history").await;
        assert!(
            list.contains("osoba w panelu sklepu") && list.contains("(obowiązuje)"),
            "{list}"
        );
        let changed = browser.see(&format!("advanced/history/{}", first + 1)).await;
        assert!(
            changed.contains("Hamulec: co najmniej") && changed.contains("<code>7</code>"),
            "{changed}"
        );
        let back = format!("advanced/history/{first}");
        assert!(browser.see(&back).await.contains("Powrót do tej wersji"));
        let now = world.shop().await.config_version.to_string();
        let restored = browser
            .post(&format!("{back}/restore"), &[("version", &now)])
            .await;
        assert_eq!(browser.target(&restored), "advanced/file?done=restored");
        assert_eq!(world.shop().await.config_version, first + 2);
        assert_eq!(config(&world).await.brake.at_least, 20);
        let late = browser
            .post(&format!("{back}/restore"), &[("version", &now)])
            .await;
        assert!(late.text().contains("Ktoś zmienił"));
        assert_eq!(browser.get("advanced/history/99").await.status, 404);
        assert_eq!(browser.get("advanced/history/x").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn disconnecting_takes_the_key_and_keeps_everything_else() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let shop = world.shop().await;
        let key = async || world.store.secret(shop.id, SecretName::SareKey).await.unwrap();
        let unticked = browser.post("advanced/disconnect", &[]).await;
        assert!(unticked.text().contains("Zaznacz pole") && key().await.is_some());
        let done = browser.post("advanced/disconnect", &[("sure", "yes")]).await;
        assert_eq!(browser.target(&done), "advanced/danger?done=disconnected");
        assert!(key().await.is_none());
        assert_eq!(world.shop().await.config, shop.config);
        let problems = async || world.store.problem_kinds(shop.id).await.unwrap();
        assert_eq!(problems().await.get(&ProblemKind::SareDisconnected), Some(&1));
        let page = browser.see("advanced").await;
        assert!(page.contains("nie jest połączony z SARE"), "{page}");
        // Nothing can be asked for that would not begin, and no page says that something does.
        let page = browser.see("launch").await;
        assert!(
            page.contains("rozłączony z SARE") && page.contains("Teraz nie można tego sprawdzić"),
            "{page}"
        );
        assert!(!page.contains("launch/preview"), "{page}");
        let runs = world.store.runs(shop.id, 9).await.unwrap().len();
        for (address, back) in [
            ("launch/preview", "launch"),
            ("advanced/force/count", "advanced#force"),
        ] {
            let posted = browser.post(address, &[("sure", "yes")]).await;
            assert_eq!(browser.target(&posted), back);
        }
        browser.post("advanced/force", &[("sure", "yes")]).await;
        assert_eq!(world.store.runs(shop.id, 9).await.unwrap().len(), runs);
        let page = browser.see("").await;
        assert!(
            page.contains("Sklep nie jest połączony z SARE") && !page.contains("zmiany przesyłają się same"),
            "{page}"
        );
        let anna = crate::panel_contacts::page_of(&world, "anna@example.com").await;
        browser.post(&format!("{anna}/sync"), &[]).await;
        let state = browser.see(&format!("{anna}/state")).await;
        assert!(
            state.contains("Zmiana jest zapamiętana i czeka.") && !state.contains("data-busy"),
            "{state}"
        );
        // What happens meanwhile reaches SARE only once there is a key again.
        services.shop.add_subscriber("pozniej@example.com", true);
        world.work(30).await;
        assert!(services.sare.contact("pozniej@example.com").is_none());
        let key = services.sare.settings().api_key;
        let text = shop.config.clone().unwrap();
        let now = world.clock.now();
        world
            .store
            .put_config(shop.id, &text, Some(key.into()), None, "test", now)
            .await
            .unwrap();
        assert_eq!(
            problems().await.get(&ProblemKind::SareDisconnected),
            None,
            "a key heals it"
        );
        world.work(30).await;
        assert!(services.sare.contact("pozniej@example.com").is_some());
    })
    .await;
}

#[tokio::test]
async fn erasing_the_shop_needs_its_address_typed_and_leaves_nothing() {
    each_connected(async |world, services| {
        synchronised(&world, &services).await;
        let browser = Browser::open(&world).await;
        let shop = world.shop().await.id;
        let wrong = browser.post("advanced/erase", &[("host", "other.example")]).await;
        assert!(wrong.text().contains("To nie jest adres tego sklepu"));
        assert_eq!(world.shop().await.state, ShopState::Connected);
        let done = browser
            .post("advanced/erase", &[("host", &HOST.to_uppercase())])
            .await;
        assert!(
            done.status == 200 && done.text().contains("są właśnie usuwane"),
            "{}",
            done.text()
        );
        assert_eq!(browser.get("advanced").await.status, 401, "the session is over");
        world.work(1).await;
        assert_eq!(world.shop().await.state, ShopState::Removed);
        assert_eq!(world.store.counts(shop).await.unwrap().contacts, 0);
        assert!(
            services.sare.contact("anna@example.com").is_some(),
            "SARE stays as it is"
        );
    })
    .await;
}

#[tokio::test]
async fn the_webhooks_address_and_technical_data_are_there_for_support() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let shop = world.shop().await;
        let browser = Browser::open(&world).await;
        assert!(
            browser
                .see("advanced/connection")
                .await
                .contains("Adres powstanie")
        );
        let token = world.hooked(&shop, HookKind::Sare, "sare-token", None).await;
        let page = browser.see("advanced/connection").await;
        assert!(
            page.contains(&format!("https://app.example/sare/webhooks/{token}")),
            "{page}"
        );
        assert!(page.contains("data-copy=\"sare-hook\"") && page.contains("cs@sare.pl"));
        assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("Numer sklepu dla obsługi"));
        let english = Browser::english(&world).await.see("advanced").await;
        assert!(
            english.contains("Nobody's consent will change") || english.contains("Nobody&#39;s consent"),
            "{english}"
        );
    })
    .await;
}

#[tokio::test]
async fn each_page_of_the_menu_has_its_own_and_what_cannot_be_undone_stands_apart() {
    each_connected(async |world, services| {
        configure(&world, &services).await;
        let browser = Browser::open(&world).await;
        let words = texts::Words(sync_core::Lang::Pl);
        let pages = [
            ("advanced", words.say("advanced.force-what")),
            ("advanced/rules", words.say("advanced.brake-what")),
            ("advanced/file", words.say("advanced.config-what")),
            ("advanced/connection", words.say("advanced.hook-what")),
            ("advanced/danger", words.say("advanced.erase-goes-contacts")),
        ];
        for (address, own) in pages {
            let page = browser.see(address).await;
            for (_, text) in pages {
                assert_eq!(page.contains(text), text == own, "{address}: {text}");
            }
            let menu = between(&page, "<nav class=\"parts\"", "</nav>").to_owned();
            assert_eq!(menu.matches("<a ").count(), pages.len());
            let here = between(&menu, &format!("{address}\" aria-current=\"page\""), "</a>").to_owned();
            assert!(!here.is_empty(), "{menu}");
            // Sections of the page that once held all are found from addresses kept elsewhere.
            for anchor in ["rules", "config", "connection"] {
                assert!(menu.contains(&format!("id=\"{anchor}\"")), "{anchor}");
            }
            let leads_away = page.contains("/advanced/erase\"");
            assert_eq!(leads_away, address == "advanced/danger", "{address}");
        }
        let answer = browser.get("advanced/import").await;
        assert_eq!(browser.target(&answer), "advanced/file");
    })
    .await;
}
