//! A merchant's first minutes in the panel, by its real pages: connecting, looking, trying, beginning. And later: another
//! key, another account.

use bytes::Bytes;
use ports::Transport;
use secrecy::ExposeSecret;
use shoper_sare::lab::{Lab, LabShop, PUBLIC_URL, SARE_URL};
use simulators::faults::{Fault, FaultRule};
use simulators::network::Endpoint;
use store::{RunKind, RunState, SecretName, Shop};
use sync_core::config::Config;

use crate::words::*;

const TEN_MINUTES: i64 = 600_000;
/// Of the right form, and nobody's.
const STRANGE_KEY: &str = "11111111-2222-3333-4444-555555555555";

/// An answer of the panel.
struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Page {
    fn says(&self, what: &str) -> bool {
        self.text.contains(what)
    }
}

/// A merchant in the panel of their shop.
struct Merchant<'l> {
    lab: &'l Lab,
    base: String,
}

impl<'l> Merchant<'l> {
    async fn enters(lab: &'l Lab, index: usize) -> Self {
        let shop = &lab.shops[index].shop;
        let query = shop.form(&shop.iframe_query("my-apps", None));
        let mut merchant = Self {
            lab,
            base: String::new(),
        };
        let first = merchant
            .send("GET", &format!("/panel?{query}"), String::new())
            .await;
        let second = merchant.send("GET", &first.location, String::new()).await;
        assert!(second.location.starts_with("/panel/s/"), "{}", second.text);
        merchant.base = second.location;
        merchant
    }

    async fn send(&self, method: &str, path: &str, body: String) -> Page {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{PUBLIC_URL}{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .unwrap();
        let answer = self.lab.network.send(request).await.unwrap();
        let location = answer.headers().get("location");
        Page {
            status: answer.status().as_u16(),
            location: location
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default(),
            text: String::from_utf8(answer.body().to_vec())
                .unwrap()
                .replace("<wbr>", ""),
        }
    }

    /// Opens a page; where it is shown only until another one is fetched, that one.
    async fn opens(&self, page: &str) -> Page {
        let mut page = self
            .send("GET", &format!("{}{page}", self.base), String::new())
            .await;
        if page.says("content=\"0; url=") {
            let next = between(&page.text, "content=\"0; url=", "\"").replace("&amp;", "&");
            page = self.send("GET", &next, String::new()).await;
        }
        for shop in &self.lab.shops {
            assert!(!page.says(shop.key.expose_secret()), "a page shows the key");
        }
        page
    }

    async fn posts(&self, page: &str, fields: &[(&str, &str)]) -> Page {
        let help = self.opens("help").await;
        let csrf = between(&help.text, "name=\"csrf\" value=\"", "\"");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", csrf);
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        let page = self
            .send("POST", &format!("{}{page}", self.base), form.finish())
            .await;
        assert!(
            !page.says("-5f2ab7d4e630") && !page.says(STRANGE_KEY),
            "a page shows a key"
        );
        page
    }

    /// Goes where an answer sends them.
    async fn follows(&self, page: &Page) -> Page {
        assert_eq!(page.status, 303, "{}", page.text);
        self.opens(page.location.strip_prefix(&self.base).unwrap()).await
    }

    async fn connects(&self, uid: &str, key: &str) -> Page {
        let version = self.known(0).await.config_version.to_string();
        self.posts("connect", &[("uid", uid), ("key", key), ("version", &version)])
            .await
    }

    async fn known(&self, index: usize) -> Shop {
        self.lab.shops[index].known(&self.lab.store).await.unwrap()
    }

    async fn key_kept(&self) -> Option<String> {
        let shop = self.known(0).await;
        let key = self.lab.store.secret(shop.id, SecretName::SareKey).await.unwrap();
        key.map(|key| key.expose_secret().to_owned())
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        .1;
    rest.split_once(after).unwrap().0
}

/// All values of hidden fields of this name.
fn hidden<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let before = format!("type=\"hidden\" name=\"{name}\" value=\"");
    text.split(&before)
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect()
}

/// An installed shop whose account is not connected.
async fn installed(lab: &mut Lab, before: impl FnOnce(&LabShop)) {
    let index = lab.add_shop(ShopSetup::default());
    before(&lab.shops[index]);
    lab.install(index).await.unwrap();
    lab.minutes(1).await;
}

/// Saves a configuration as the mapping pages do for the first time: held for ten minutes.
async fn saves(lab: &Lab, index: usize, config: &str) {
    let shop = lab.shops[index].known(&lab.store).await.unwrap();
    lab.store
        .hold_first_run(shop.id, Some(lab.now() + TEN_MINUTES), lab.now())
        .await
        .unwrap();
    lab.configure(index, config).await.unwrap();
}

fn people(s: &LabShop) {
    s.shop.add_customer(customer("yes@example.com", true));
    s.shop.add_customer(customer("no@example.com", false));
    s.shop.add_customer(customer("both@example.com", false));
    s.shop.add_customer(customer("refused@example.com", true));
    s.shop.add_subscriber("both@example.com", true);
    s.shop.add_subscriber("row@example.com", true);
    s.sare
        .put_contact("refused@example.com", REMOVAL_REQUESTED, &[90]);
}

#[tokio::test]
async fn every_way_in_which_connecting_fails_is_told_apart_and_nothing_is_kept() {
    each_database(async |mut lab| {
        installed(&mut lab, |_| {}).await;
        let (uid, key) = (lab.shops[0].uid.clone(), lab.shops[0].key.clone());
        let key = key.expose_secret();
        let merchant = Merchant::enters(&lab, 0).await;
        let start = merchant.opens("start").await;
        assert!(
            start.says(">KONFIGURACJA INTEGRACJI<") && start.says(">JESTEM NOWYM KLIENTEM – ZAREJESTRUJ<")
        );
        assert!(start.says("target=\"_blank\" rel=\"noopener\""));

        let page = merchant.connects("12a", key).await;
        assert!(
            page.says("uid-error") && page.says("To nie jest UID"),
            "{}",
            page.text
        );
        let page = merchant.connects(&uid, "").await;
        assert!(page.says("key-error") && page.says("Wklej klucz API"));
        let page = merchant.connects(&uid, "abcdef0123456789").await;
        assert!(page.says("key-error") && page.says("nie pochodzi z nowego REST API"));
        let page = merchant.connects(&uid, STRANGE_KEY).await;
        assert!(page.says("key-error") && page.says("odrzuca ten klucz dla podanego UID"));
        assert!(
            page.says(&format!("value=\"{uid}\"")),
            "the UID need not be typed again"
        );
        for (status, words) in [
            (403, "nie pozwala mu czytać konta"),
            (404, "nie zna konta o tym numerze"),
            (429, "SARE prosi o przerwę"),
        ] {
            lab.pass(std::time::Duration::from_secs(60)).await;
            let answer = move |_: &ports::Request| async move {
                let body = format!("{{\"code\":{status},\"status\":\"error\"}}");
                let response = http::Response::builder().status(status);
                response.body(Bytes::from(body)).unwrap()
            };
            lab.network
                .route(&format!("{SARE_URL}/99999"), Endpoint::handler(answer));
            let page = merchant.connects("99999", key).await;
            assert!(page.says(words), "{status}: {}", page.text);
        }
        lab.pass(std::time::Duration::from_secs(60)).await;
        let page = merchant.connects("77777", key).await;
        assert!(page.says("SARE teraz nie odpowiada"), "nobody is there");

        let shop = merchant.known(0).await;
        assert!(shop.config.is_none() && merchant.key_kept().await.is_none());
        assert_eq!(lab.shops[0].sare.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn who_tries_too_often_is_asked_to_wait() {
    each_database(async |mut lab| {
        installed(&mut lab, |_| {}).await;
        let uid = lab.shops[0].uid.clone();
        let merchant = Merchant::enters(&lab, 0).await;
        let mut refused = false;
        for _ in 0..12 {
            refused |= merchant.connects(&uid, STRANGE_KEY).await.says("Zbyt wiele prób");
        }
        assert!(refused);
        lab.pass(std::time::Duration::from_secs(60)).await;
        let key = lab.shops[0].key.clone();
        let page = merchant.connects(&uid, key.expose_secret()).await;
        assert!(
            page.location.contains("customers?done=connected"),
            "{}",
            page.text
        );
    })
    .await;
}

#[tokio::test]
async fn the_right_key_is_kept_and_nothing_is_sent_before_something_is_chosen() {
    each_database(async |mut lab| {
        installed(&mut lab, people).await;
        let (uid, key) = (lab.shops[0].uid.clone(), lab.shops[0].key.clone());
        let merchant = Merchant::enters(&lab, 0).await;
        let page = merchant.connects(&format!(" {uid} "), key.expose_secret()).await;
        assert!(
            page.location
                .ends_with("customers?done=connected&groups=3&properties=14"),
            "{}",
            page.location
        );
        let customers = merchant.follows(&page).await;
        assert!(
            customers.says("Połączono z SARE. Konto ma 3 grupy i 14 cech."),
            "{}",
            customers.text
        );
        let shop = merchant.known(0).await;
        let config = Config::parse(shop.config.as_deref().unwrap()).unwrap().config;
        assert_eq!(config.sare.uid, uid);
        assert!(!config.customers.enabled && !config.subscribers.enabled);
        assert_eq!(merchant.key_kept().await.as_deref(), Some(key.expose_secret()));
        lab.minutes(30).await;
        assert_eq!(lab.shops[0].sare.len(), 1, "only who was there before");
        assert!(merchant.opens("start").await.location.ends_with("/customers"));
        let launch = merchant.opens("launch").await;
        assert!(launch.says("nic jeszcze nie jest przesyłane") && launch.says("/subscribers\""));
    })
    .await;
}

#[tokio::test]
async fn an_account_without_groups_is_connected_and_told_what_it_lacks() {
    each_database(async |mut lab| {
        let mut setup = ShopSetup::default();
        setup.sare.groups.clear();
        lab.add_shop(setup);
        lab.install(0).await.unwrap();
        lab.minutes(1).await;
        let (uid, key) = (lab.shops[0].uid.clone(), lab.shops[0].key.clone());
        let merchant = Merchant::enters(&lab, 0).await;
        let answer = merchant.connects(&uid, key.expose_secret()).await;
        let page = merchant.follows(&answer).await;
        assert!(
            page.says("nie ma jeszcze żadnej grupy") && page.says("customers"),
            "{}",
            page.text
        );
        assert!(merchant.key_kept().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn another_key_changes_nothing_else_and_is_used_at_once() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        let old = lab.shops[0].key.clone();
        let before = lab.shops[0].known(&lab.store).await.unwrap();
        lab.shops[0]
            .sare
            .change_settings(|s| s.api_key = STRANGE_KEY.to_owned());
        lab.shops[0].shop.add_customer(customer("new@example.com", true));
        lab.minutes(2).await;
        assert!(problem_kinds(&lab, 0).await.contains(&"sare-access".to_owned()));
        let uid = lab.shops[0].uid.clone();
        let merchant = Merchant::enters(&lab, 0).await;
        let page = merchant.connects(&uid, old.expose_secret()).await;
        assert!(page.says("odrzuca ten klucz"));
        let answer = merchant.connects(&uid, STRANGE_KEY).await;
        let page = merchant.follows(&answer).await;
        assert!(
            page.says("Klucz zmieniony.") && page.says("3 grupy i 14 cech"),
            "{}",
            page.text
        );
        let after = merchant.known(0).await;
        assert_eq!(
            (after.config, after.config_version),
            (before.config, before.config_version)
        );
        lab.minutes(1).await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert!(!problem_kinds(&lab, 0).await.contains(&"sare-access".to_owned()));
        assert_ne!(
            newest_run(&lab, 0).await.kind,
            RunKind::Backfill,
            "the shop is not read anew for it"
        );
    })
    .await;
}

#[tokio::test]
async fn a_disconnected_shop_is_connected_again_and_makes_up_for_what_it_missed() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        let (uid, key) = (lab.shops[0].uid.clone(), lab.shops[0].key.clone());
        let merchant = Merchant::enters(&lab, 0).await;
        let before = merchant.known(0).await.config;
        merchant.posts("advanced/disconnect", &[("sure", "yes")]).await;
        assert_eq!(merchant.key_kept().await, None);
        lab.shops[0].shop.add_customer(customer("new@example.com", true));
        lab.minutes(30).await;
        assert_eq!(lab.shops[0].status("new@example.com"), None);
        assert!(merchant.opens("launch").await.says("nie ma klucza API"));
        assert!(
            merchant
                .opens("connect")
                .await
                .says("Sklep jest rozłączony z SARE")
        );
        let answer = merchant.connects(&uid, key.expose_secret()).await;
        assert!(answer.location.contains("connect?done=key"), "{}", answer.text);
        assert_eq!(merchant.known(0).await.config, before, "the settings have stayed");
        lab.settle().await;
        assert_eq!(lab.shops[0].status("new@example.com"), Some(CONFIRMED));
        assert_eq!(newest_run(&lab, 0).await.kind, RunKind::Backfill);
    })
    .await;
}

#[tokio::test]
async fn another_account_is_agreed_to_first_and_keeps_the_mapping_but_no_group() {
    each_database(async |mut lab| {
        live_shop(&mut lab, CONFIG, people).await;
        let other = lab.add_shop(ShopSetup::default());
        let (uid, key) = (lab.shops[other].uid.clone(), lab.shops[other].key.clone());
        let merchant = Merchant::enters(&lab, 0).await;
        let before = merchant.known(0).await;
        let asked = lab.shops[other].sare.requests();
        let page = merchant.connects(&uid, key.expose_secret()).await;
        assert!(
            page.says("name=\"other\"") && page.says("pozostanie wypisany"),
            "{}",
            page.text
        );
        assert_eq!(merchant.known(0).await.config, before.config);
        assert_eq!(lab.shops[other].sare.requests(), asked);

        let fields = |version: &str| {
            let fields = [
                ("uid", uid.clone()),
                ("key", key.expose_secret().to_owned()),
                ("other", "yes".to_owned()),
            ];
            let version = [("version", version.to_owned())];
            fields.into_iter().chain(version).collect::<Vec<_>>()
        };
        let stale = fields("0");
        let stale: Vec<(&str, &str)> = stale
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert!(
            merchant
                .posts("connect", &stale)
                .await
                .says("Ktoś w tym czasie zmienił ustawienia")
        );
        let right = fields(&before.config_version.to_string());
        let right: Vec<(&str, &str)> = right
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = merchant.posts("connect", &right).await;
        assert!(
            answer.location.contains("customers?done=connected"),
            "{}",
            answer.text
        );
        let shop = merchant.known(0).await;
        let config = Config::parse(shop.config.as_deref().unwrap()).unwrap().config;
        assert_eq!((config.customers.enabled, config.customers.group), (false, 0));
        assert_eq!(config.customers.mapping.rows().len(), 3);
        lab.minutes(30).await;
        assert_eq!(lab.shops[other].sare.len(), 0);
        assert_eq!(
            lab.shops[0].groups("yes@example.com"),
            [21],
            "the old account stays as it is"
        );
        assert!(
            merchant
                .opens("launch")
                .await
                .says("nic jeszcze nie jest przesyłane")
        );
    })
    .await;
}

#[tokio::test]
async fn before_the_first_synchronisation_a_merchant_looks_tries_ten_and_begins() {
    each_database(async |mut lab| {
        installed(&mut lab, people).await;
        saves(&lab, 0, CONFIG).await;
        lab.pass(std::time::Duration::from_secs(5)).await;
        let merchant = Merchant::enters(&lab, 0).await;
        // Once SARE has been asked for its groups, they are called by their names.
        merchant.opens("customers").await;
        let page = merchant.opens("launch").await;
        // 09:10 in Poland's winter: the laboratory's clock began at 08:00 UTC.
        assert!(page.says("rozpocznie się o 09:1"), "{}", page.text);
        assert!(
            page.says(" (21); ") && page.says(" (22); ") && page.says("data-once="),
            "{}",
            page.text
        );
        let size = merchant.opens("launch/size").await;
        assert!(size.says("4 klienci (2 ze zgodą)"), "{}", size.text);
        assert!(size.says("najwyżej 4 osoby"), "{}", size.text);

        // 1. What would happen.
        merchant.posts("launch/preview", &[]).await;
        assert!(merchant.opens("launch").await.says("Trwa podgląd"));
        lab.minutes(1).await;
        let page = merchant.opens("launch").await;
        assert!(
            page.says("Newsletter zaczną otrzymywać 3 nowe osoby."),
            "{}",
            page.text
        );
        assert!(page.says(">yes@example.com</a>") && page.says(">refused@example.com</a>"));
        assert!(page.says("Wypisały się wcześniej") && page.says("SARE nie podaje nam limitu"));
        assert_eq!(writes(&lab.shops[0], 0), 0);

        // 2. A trial.
        let page = merchant.opens("launch/trial?ask=yes").await;
        let (contacts, records) = (hidden(&page.text, "contact"), hidden(&page.text, "record"));
        assert_eq!((contacts.len(), records.len()), (4, 5), "{}", page.text);
        assert!(
            page.says("refused@example.com"),
            "who refused is shown and not sent"
        );
        assert!(page.says("+48600700800") && page.says("Anna Żółć") && page.says("Łódź"));
        assert_eq!(writes(&lab.shops[0], 0), 0);
        let fields: Vec<(&str, &str)> = contacts
            .iter()
            .map(|hash| ("contact", *hash))
            .chain(records.iter().map(|key| ("record", *key)))
            .collect();
        let sent = merchant.posts("launch/trial", &fields).await;
        assert!(!sent.location.contains('@') && sent.location.contains("launch/arrived?c="));
        let page = merchant.follows(&sent).await;
        assert!(
            page.says("data-busy") && page.says("Przesłano 0 z 4"),
            "{}",
            page.text
        );
        lab.minutes(1).await;
        assert!(merchant.follows(&sent).await.says("data-once="));
        let proof = format!("{}&ask=yes", sent.location.strip_prefix(&merchant.base).unwrap());
        let page = merchant.opens(&proof).await;
        assert!(
            page.says("Wszystko się zgadza: SARE ma 4 kontakty"),
            "{}",
            page.text
        );
        assert_eq!(lab.shops[0].sare.len(), 5);
        assert_eq!(lab.shops[0].groups("both@example.com"), [21, 22]);
        assert_eq!(lab.shops[0].status("both@example.com"), Some(CONFIRMED));
        let run = newest_run(&lab, 0).await;
        assert_eq!((run.kind, run.state), (RunKind::DryRun, RunState::Done));

        // What SARE holds instead is told.
        let mut view = lab.shops[0].sare.contact("no@example.com").unwrap();
        view.name = "Ktoś inny".to_owned();
        lab.shops[0].sare.put_contact_with(&view);
        let page = merchant.opens(&proof).await;
        assert!(
            page.says("Zgadzają się 3 kontakty.") && page.says("Ktoś inny"),
            "{}",
            page.text
        );

        // 3. The word.
        let page = merchant.posts("launch/begin", &[]).await;
        assert_eq!(page.location, merchant.base);
        lab.settle().await;
        assert_eq!(newest_run(&lab, 0).await.kind, RunKind::First);
        let page = merchant.opens("launch").await;
        assert!(
            page.says("zakończyła się 02.03.2026") && !page.says("launch/begin"),
            "{}",
            page.text
        );
        assert!(!page.says("o 3 osoby więcej"), "what was foreseen has happened");
        merchant.posts("launch/preview", &[]).await;
        lab.minutes(1).await;
        assert!(
            merchant
                .opens("launch")
                .await
                .says("Bez zmian: SARE ma już wszystko")
        );
    })
    .await;
}

#[tokio::test]
async fn a_first_synchronisation_that_was_ended_begins_again_on_a_word_or_by_itself() {
    each_database_over_days(async |mut lab| {
        for by_word in [true, false] {
            let index = lab.add_shop(ShopSetup::default());
            people(&lab.shops[index]);
            lab.install(index).await.unwrap();
            lab.configure(index, CONFIG).await.unwrap();
            let shop = lab.shops[index].known(&lab.store).await.unwrap();
            let away = FaultRule::always(Fault::Status(503));
            lab.shops[index].sare.faults().add(away);
            while lab.store.active_run(shop.id).await.unwrap().is_none() {
                lab.pass(std::time::Duration::from_millis(100)).await;
            }
            let run = lab.store.active_run(shop.id).await.unwrap().unwrap();
            lab.store
                .set_run_state(shop.id, run.id, RunState::Cancelled, None, lab.now())
                .await
                .unwrap();
            lab.shops[index].sare.faults().clear();
            lab.minutes(5).await;
            if by_word {
                let merchant = Merchant::enters(&lab, index).await;
                assert!(merchant.opens("launch").await.says("została przerwana"));
                merchant.posts("launch/begin", &[]).await;
                lab.settle().await;
            } else {
                a_day(&lab).await;
                a_day(&lab).await;
            }
            let over = lab
                .store
                .newest_run(shop.id, RunKind::First)
                .await
                .unwrap()
                .unwrap();
            assert!(over.id > run.id && over.state == RunState::Done, "{over:?}");
            assert_eq!(lab.shops[index].sare.mailable().len(), 3);
        }
    })
    .await;
}

#[tokio::test]
async fn not_yet_holds_it_for_as_long_as_it_takes() {
    each_database(async |mut lab| {
        installed(&mut lab, people).await;
        saves(&lab, 0, CONFIG).await;
        let merchant = Merchant::enters(&lab, 0).await;
        merchant.posts("launch/later", &[]).await;
        assert!(
            merchant
                .opens("launch")
                .await
                .says("Rozpocznie się dopiero, gdy naciśniesz")
        );
        // A look at what would happen makes the wait no shorter.
        merchant.posts("launch/preview", &[]).await;
        lab.minutes(60).await;
        assert!(
            merchant
                .opens("launch")
                .await
                .says("Rozpocznie się dopiero, gdy naciśniesz")
        );
        lab.pass(std::time::Duration::from_secs(3 * 86_400)).await;
        assert_eq!(lab.shops[0].sare.len(), 1);
        let merchant = Merchant::enters(&lab, 0).await;
        merchant.posts("launch/begin", &[]).await;
        lab.settle().await;
        assert_eq!(lab.shops[0].sare.mailable().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn when_a_service_is_away_the_way_says_so_and_nothing_is_lost() {
    each_database(async |mut lab| {
        installed(&mut lab, people).await;
        saves(&lab, 0, CONFIG).await;
        lab.pass(std::time::Duration::from_secs(5)).await;
        let merchant = Merchant::enters(&lab, 0).await;
        let account = format!("{SARE_URL}/{}", lab.shops[0].uid);
        lab.network.unroute(&account);
        assert!(
            merchant
                .opens("launch/trial?ask=yes")
                .await
                .says("SARE teraz nie odpowiada")
        );
        lab.network.unroute(&lab.shops[0].shop.base_url());
        assert!(
            merchant
                .opens("launch/trial?ask=yes")
                .await
                .says("Sklep teraz nie odpowiada")
        );
        assert!(merchant.opens("launch/size").await.says("Sklep nie odpowiada"));
        assert!(merchant.opens("launch").await.says("Zobacz, co się stanie"));
    })
    .await;
}
