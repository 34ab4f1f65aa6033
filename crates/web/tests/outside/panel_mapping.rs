//! The pages Klienci and Subskrybenci: what they show, what they save, and that nothing typed is lost on the way.

use http::Method;
use ports::Clock;
use simulators::shoper::{FieldKind, NewAddress, NewCustomer, NewField};
use store::Shop;
use sync_core::config::{Config, WithoutConsent};
use sync_core::mapping::{Overwrite, RowText, WhenEmpty};

use crate::panel::{HASH, entry, open};
use crate::world::*;

/// A browser at a page of the panel.
struct Browser<'w> {
    world: &'w World,
    base: String,
}

/// A form as a browser would post it.
#[derive(Clone)]
struct Form(Vec<(String, String)>);

impl<'w> Browser<'w> {
    async fn open(world: &'w World) -> Self {
        let (base, _) = open(world, &entry(HASH, ""), false).await;
        Self { world, base }
    }

    async fn get(&self, page: &str) -> Answer {
        self.world.get(&format!("{}{page}", self.base), &[]).await
    }

    async fn form(&self, page: &str) -> Form {
        let answer = self.get(page).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Form::of(answer.text())
    }

    async fn post(&self, page: &str, form: &Form, op: &str) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.0).append_pair("op", op);
        let to = format!("{}{page}", self.base);
        self.world.call(Method::POST, &to, &[], body.finish()).await
    }

    async fn preview(&self, page: &str, form: &Form) -> String {
        let answer = self.post(&format!("{page}/preview"), form, "").await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }

    /// Where a redirect leads, after the session's address.
    fn target(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer
            .header("location")
            .strip_prefix(&self.base)
            .unwrap()
            .to_owned()
    }
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

impl Form {
    /// The fields of the page's form with the values that they have.
    fn of(page: &str) -> Self {
        let form = page.split_once(" data-guard").expect("there is the form").1;
        let form = form.split_once("</form>").unwrap().0;
        let (before, rest) = form.split_once("<template").unwrap();
        let form = format!("{before}{}", rest.split_once("</template>").unwrap().1);
        let mut fields = Vec::new();
        for part in form.split('<').skip(1) {
            let tag = part.split('>').next().unwrap();
            let value = || unescaped(attribute(tag, "value").unwrap_or_default());
            if tag.starts_with("input") {
                let is_choice = matches!(attribute(tag, "type"), Some("checkbox" | "radio"));
                if !is_choice || tag.ends_with(" checked") || tag.contains(" checked ") {
                    fields.push((attribute(tag, "name").unwrap().to_owned(), value()));
                }
            } else if tag.starts_with("select") {
                fields.push((attribute(tag, "name").unwrap().to_owned(), String::new()));
            } else if tag.starts_with("option") && tag.ends_with(" selected") {
                fields.last_mut().unwrap().1 = value();
            }
        }
        Self(fields)
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(found) => found.1 = value.to_owned(),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// With one row more: its fields by name.
    fn with_row(self, key: &str, fields: &[(&str, &str)]) -> Self {
        let mut form = self;
        form.0.push(("row".to_owned(), key.to_owned()));
        for (name, value) in fields {
            form.0.push((format!("{name}.{key}"), (*value).to_owned()));
        }
        form
    }

    /// Without any row.
    fn bare(mut self) -> Self {
        self.0.retain(|(name, _)| name != "row" && !name.contains('.'));
        self
    }

    /// Keys of its rows, in their order.
    fn rows(&self) -> Vec<&str> {
        let rows = self.0.iter().filter(|(name, _)| name == "row");
        rows.map(|(_, key)| key.as_str()).collect()
    }

    fn targets(&self) -> Vec<&str> {
        let keys = self.rows().into_iter();
        keys.map(|key| self.get(&format!("target.{key}"))).collect()
    }
}

/// A part of a page or a preview.
fn part<'t>(text: &'t str, id: &str) -> &'t str {
    let marks = [format!("data-for=\"{id}\""), format!("id=\"{id}\"")];
    let start = marks
        .iter()
        .find_map(|mark| text.find(mark))
        .expect("the part is there");
    let end = text[start + 1..]
        .find("data-for=")
        .map_or(text.len(), |end| start + 1 + end);
    &text[start..end]
}

async fn config(world: &World) -> (Config, Shop) {
    let shop = world.shop().await;
    let config = Config::parse(shop.config.as_deref().unwrap()).unwrap().config;
    (config, shop)
}

fn rows(config: &Config) -> Vec<RowText> {
    config
        .customers
        .mapping
        .rows()
        .iter()
        .map(|row| row.text())
        .collect()
}

/// Three customers: one with everything, one with a phone that is none, one who did not consent.
fn customers(services: &Services) {
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
        assert!(text.contains("To jest propozycja"), "{text}");
        let form = Form::of(text);
        assert_eq!(form.targets()[..2], ["name", "gsm"]);
        assert_eq!(form.get("source.1"), "address.phone");
        assert_eq!(form.get("enabled"), "yes");
        assert_eq!(text.matches("Propozycja</p>").count(), form.rows().len());
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
        let saved = browser.post("customers", &form, "save").await;
        assert_eq!(browser.target(&saved), "launch?done=saved");
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
        let again = browser.form("customers").await;
        let same = browser.post("customers", &again, "save").await;
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
        let answer = browser.post("customers", &form, "save").await;
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
        browser.target(&browser.post("customers", &first, "save").await);
        let (mine, theirs) = (browser.form("customers").await, browser.form("customers").await);
        let theirs = theirs.set("group", "22");
        assert_eq!(browser.post("customers", &theirs, "save").await.status, 303);
        let mine = mine.with_row("7", &[("target", "gsm"), ("source", "address.phone")]);
        let refused = browser.post("customers", &mine, "save").await;
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
            browser.post("customers", &mine, "save").await.status,
            200,
            "by the other button alone"
        );
        assert_eq!(browser.post("customers", &mine, "mine").await.status, 303);
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
            browser.post("subscribers", &subscribers, "save").await.status,
            303
        );
        assert_eq!(browser.post("customers", &customers, "save").await.status, 303);
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
            .post("customers", &form.clone().set("new_group", "Sklep Anny"), "group")
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
            .post("customers", &form.clone().set("new_group", "sklep anny"), "group")
            .await;
        assert_eq!(
            Form::of(again.text()).get("group"),
            id.to_string(),
            "the same name is the same group"
        );
        assert_eq!(services.sare.groups().len(), groups.len());
        services.network.unroute(SARE);
        let away = browser
            .post("customers", &form.set("new_group", "Druga"), "group")
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
async fn with_sare_away_the_known_number_stands_and_saving_works() {
    each_connected(async |world, services| {
        let browser = Browser::open(&world).await;
        let form = browser.form("customers").await.set("group", "21");
        browser.target(&browser.post("customers", &form, "save").await);
        services.network.unroute(SARE);
        world.later(std::time::Duration::from_secs(601));
        let answer = browser.get("customers").await;
        assert!(answer.text().contains("SARE chwilowo nie odpowiada, więc"));
        let form = Form::of(answer.text());
        assert_eq!(form.get("group"), "21");
        let form = form.with_row("50", &[("target", "prop9"), ("source", "tags")]);
        assert_eq!(browser.post("customers", &form, "save").await.status, 303);
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
            let answer = browser.post("customers", form, op).await;
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
        browser.target(&browser.post("customers", &form, "save").await);
        let shop = world.shop().await;
        world
            .store
            .hold_first_run(shop.id, None, world.clock.now())
            .await
            .unwrap();
        for _ in 0..200 {
            world.engine.turn().await.unwrap();
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
        assert!(phones.contains("wypełnia 1 z 3 kontaktów"), "{phones}");
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
        let form = browser.form("customers").await.without("csrf");
        for page in ["customers", "customers/preview"] {
            assert_eq!(browser.post(page, &form, "save").await.status, 403);
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
        browser.target(&browser.post("customers", &form, "save").await);
        let shop = world.shop().await;
        world
            .store
            .hold_first_run(shop.id, None, world.clock.now())
            .await
            .unwrap();
        for _ in 0..200 {
            world.engine.turn().await.unwrap();
            world.later(std::time::Duration::from_secs(5));
            let lane = world.store.lane(shop.id).await.unwrap().unwrap();
            if engine::LaneState::parse(&lane.state, world.engine.settings()).first_done {
                break;
            }
        }
        let form = browser.form("customers").await;
        assert!(part(&browser.preview("customers", &form).await, "cost").contains("Nie ma niezapisanych"));
        let form = form.with_row("5", &[("target", "prop1"), ("source", "lastname")]);
        let cost = browser.preview("customers", &form).await;
        let cost = part(&cost, "cost");
        assert!(
            cost.contains("3 kontakty do przepisania") && cost.contains("Niczyj status"),
            "{cost}"
        );
        let saved = browser.post("customers", &form, "save").await;
        assert_eq!(browser.target(&saved), "customers?done=saved");
        let after = browser.get("customers?done=saved").await;
        assert!(
            after.text().contains("3 kontakty do przepisania"),
            "{}",
            after.text()
        );
        assert!(after.text().contains("Uzupełnianie już trwa"));
        let off = browser.form("customers").await.without("enabled");
        assert_eq!(browser.post("customers", &off, "save").await.status, 303);
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
