//! `shop config export` and `shop config import`.

use serde_json::Value;
use simulators::sare::{AccountSettings, GroupListShape};
use simulators::shoper::ShopSettings;

use crate::world::{CONFIG, Ran, World};

fn connected() -> World {
    let world = World::new();
    world.connect();
    world
}

fn findings(world: &World, config: &str, code: i32) -> Vec<Value> {
    let import = ["shop", "config", "import", &world.host, "-", "--json"];
    let told = world.run_with(&import, &[], config).with_code(code).json();
    assert_eq!(told["imported"], code == 0, "{told}");
    told["findings"].as_array().unwrap().clone()
}

/// The line and field of each finding.
fn places(findings: &[Value]) -> Vec<(i64, &str)> {
    findings
        .iter()
        .map(|f| (f["line"].as_i64().unwrap_or(0), f["field"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_finding_is_told_at_once_with_line_field_and_what_would_be_right() {
    let world = connected();
    let config = r#"[sare]
uid = "12"
[customers]
group = "21"
consent = "flags"
[customers.mapping]
gsm = "adress.phone"
prop11 = "lastname"
name = "{firstname"
[subscribers]
grup = 22
[unsubscribe]
to_shoper = 1
[brake]
share = 5
"#;
    let found = findings(&world, config, 2);
    let expected = [
        (2, "sare.uid"),
        (4, "customers.group"),
        (5, "customers.consent"),
        (7, "customers.mapping.gsm"),
        (8, "customers.mapping.prop11"),
        (9, "customers.mapping.name"),
        (11, "subscribers.grup"),
        (13, "unsubscribe.to_shoper"),
        (15, "brake.share"),
    ];
    let places = places(&found);
    for place in expected {
        assert!(places.contains(&place), "{place:?} is not in {places:?}");
    }
    let text = |field: &str| {
        found.iter().find(|f| f["field"] == field).unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(
        text("customers.mapping.gsm").contains("address.phone"),
        "{}",
        text("customers.mapping.gsm")
    );
    assert!(text("customers.consent").contains("flag-or-subscriber"));
    assert!(text("subscribers.grup").contains("group"));
}

#[test]
fn groups_properties_and_fields_are_checked_against_the_services() {
    let world = connected();
    let config = CONFIG.replace("group = 21", "group = 77").replace(
        r#""custom.miasto" = "address.city""#,
        "\"custom.miastto\" = \"address.city\"\nprop3 = \"additional_field.9\"",
    );
    let found = findings(&world, &config, 2);
    assert_eq!(
        places(&found),
        [
            (7, "customers.group"),
            (12, "customers.mapping.custom.miastto"),
            (13, "customers.mapping.prop3")
        ]
    );
    assert!(
        found[0]["text"].as_str().unwrap().contains("Newsletter"),
        "the groups there are: {}",
        found[0]
    );
    assert!(
        found[1]["text"].as_str().unwrap().contains("custom.miasto"),
        "{}",
        found[1]
    );
    let offline = ["shop", "config", "import", &world.host, "-", "--offline"];
    world.run_with(&offline, &[], &config).with_code(0);
}

#[test]
fn wrong_key_wrong_uid_no_groups_and_no_answer_are_told_apart() {
    let world = connected();
    let odd = CONFIG.replace("8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630", "stary-klucz");
    world
        .import(&odd)
        .with_code(2)
        .saying("does not look like one of the new REST API");
    let other = CONFIG.replace("8a3e1c52", "00000000");
    world.import(&other).with_code(2).saying("another account");
    world
        .sare
        .change_settings(|settings| settings.group_list = GroupListShape::Empty);
    world.import(CONFIG).with_code(2).saying("has no groups");
    let nobody = [("SARE_API_URL", "http://127.0.0.1:1/api/v1")];
    let import = ["shop", "config", "import", &world.host, "-"];
    world
        .run_with(&import, &nobody, CONFIG)
        .with_code(6)
        .saying("cannot be asked now");
    assert_eq!(world.show()["configured"], false);
}

#[test]
fn without_any_key_the_import_says_where_one_comes_from() {
    let world = connected();
    let keyless = CONFIG.replace("api_key = \"8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630\"\n", "");
    world
        .import(&keyless)
        .with_code(2)
        .saying("SARE_API_KEY")
        .saying("REST API");
    let key = AccountSettings::default().api_key;
    let import = ["shop", "config", "import", &world.host, "-"];
    world
        .run_with(&import, &[("SARE_API_KEY", &key)], &keyless)
        .with_code(0);
    world
        .import(&keyless)
        .with_code(0)
        .saying("has a new configuration");
    let another = keyless.replace("12345", "54321");
    world.import(&another).with_code(2).saying("no API key");
}

#[test]
fn a_check_changes_nothing() {
    let world = connected();
    let check = ["shop", "config", "import", &world.host, "-", "--check"];
    world
        .run_with(&check, &[], CONFIG)
        .with_code(0)
        .saying("nothing was changed");
    assert_eq!(world.show()["configured"], false);
}

#[test]
fn what_was_exported_can_be_imported_and_never_holds_the_key() {
    let world = connected();
    world
        .run(&["shop", "config", "export", &world.host, "-"])
        .with_code(2)
        .saying("not configured");
    world.import(CONFIG).with_code(0);
    let file = world.dir.path().join("shop.toml");
    world
        .run(&["shop", "config", "export", &world.host, file.to_str().unwrap()])
        .with_code(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("8a3e1c52"), "{text}");
    assert!(
        text.contains("gsm = \"address.phone\"") && text.contains("at_least = 3"),
        "{text}"
    );
    world
        .run(&["shop", "config", "import", &world.host, file.to_str().unwrap()])
        .with_code(0);
    let Ran { out, .. } = world
        .run(&["shop", "config", "export", &world.host, "-"])
        .with_code(0);
    assert_eq!(out, text);
    assert_eq!(world.show()["config_version"], 2);
}

#[test]
fn findings_are_told_in_the_language_of_the_environment() {
    let world = connected();
    let import = ["shop", "config", "import", &world.host, "-"];
    let polish = [("LANG", "pl_PL.UTF-8")];
    let config = CONFIG.replace("group = 21", "group = 77");
    world
        .run_with(&import, &polish, &config)
        .with_code(2)
        .saying("błąd: wiersz 7: customers.group:");
    world
        .import(&config)
        .with_code(2)
        .saying("error: line 7: customers.group:");
}

#[test]
fn a_file_that_is_no_toml_and_one_that_is_not_there_are_told() {
    let world = connected();
    world.import("[sare\n").with_code(2).saying("TOML");
    let missing = world.dir.path().join("missing.toml");
    world
        .run(&["shop", "config", "import", &world.host, missing.to_str().unwrap()])
        .with_code(2)
        .saying("cannot be read");
    world
        .run(&["shop", "config", "import", "nobody.example", "-"])
        .with_code(5)
        .saying("there is no shop");
}

#[test]
fn a_shop_that_is_away_does_not_keep_the_import_from_its_work() {
    let world = World::with(ShopSettings::default(), AccountSettings::default());
    world.connect();
    world.shop.lock_application(true);
    let config = CONFIG.replace("prop1 = \"address.city\"", "prop1 = \"additional_field.1\"");
    world
        .import(&config)
        .with_code(0)
        .saying("warning")
        .saying("additional fields");
}
