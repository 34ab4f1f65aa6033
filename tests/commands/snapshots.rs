//! What the commands print, whole: each a file in `snapshots/`, for people and for scripts.
//!
//! A command that is meant to say something else: `INSTA_UPDATE=always cargo nextest run --test commands snapshots`, and
//! what changed is read before it is committed.

use simulators::sare::PropKind;

use crate::world::{CONFIG, World};

/// Runs a command and compares its output, without what the machine, the time and chance have in it.
fn compare(world: &World, name: &str, arguments: &[&str]) {
    let ran = world.run(arguments);
    let sare = world.sare_url.split('/').nth(2).unwrap().to_owned();
    // As wide as what they stand for: tables keep their columns.
    let places = [
        (world.dir.path().to_str().unwrap(), "[dir]"),
        (&world.host, "127.0.0.1:55501"),
        (&sare, "127.0.0.1:55502"),
        (env!("CARGO_PKG_VERSION"), "[version]"),
    ];
    let texts = [&ran.out, &ran.err].map(|text| {
        places
            .iter()
            .fold(text.clone(), |text, (from, to)| text.replace(from, to))
    });
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-11-23 11:00:00");
    settings.add_filter(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", "23.11.2026 12:00:00");
    settings.add_filter(r#""moved_at": \d+"#, r#""moved_at": "[time]""#);
    settings.add_filter(r"\bCES?T\b", "CET");
    settings.add_filter(r"\b[0-9a-f]{32,}\b", "[hex]");
    let arguments = arguments
        .iter()
        .map(|argument| argument.replace(&world.host, "SHOP"))
        .collect::<Vec<_>>()
        .join(" ");
    let [out, err] = texts;
    let told = format!(
        "$ {arguments}\nexit code {}\n\n{out}\n--- standard error\n{err}",
        ran.code
    );
    settings.bind(|| insta::assert_snapshot!(name, told));
}

/// The same command for people and for scripts.
fn compare_both(world: &World, name: &str, arguments: &[&str]) {
    compare(world, name, arguments);
    compare(world, &format!("{name}-json"), &[arguments, &["--json"]].concat());
}

#[test]
fn a_shop_in_order() {
    let world = World::synchronised();
    let host = world.host.as_str();
    compare_both(&world, "list", &["shop", "list"]);
    compare_both(&world, "show", &["shop", "show", host]);
    compare_both(&world, "problems-none", &["shop", "problems", host]);
    compare_both(
        &world,
        "explain",
        &["contact", "explain", host, "anna@example.com"],
    );
    compare(&world, "config-export", &["shop", "config", "export", host, "-"]);
    compare_both(&world, "doctor", &["doctor"]);
}

#[test]
fn a_shop_in_trouble() {
    let world = World::new();
    compare_both(&world, "list-empty", &["shop", "list"]);
    world.connect();
    world.import(CONFIG).with_code(0);
    world.sare.change_settings(|settings| {
        for prop in settings.props.iter_mut().filter(|prop| prop.id == "prop2") {
            prop.kind = PropKind::text(3);
        }
    });
    world.shop.add_subscriber("ola@example.com", true);
    world.run(&["shop", "sync", &world.host]).with_code(0);
    let host = world.host.as_str();
    compare_both(&world, "problems", &["shop", "problems", host]);
    compare_both(
        &world,
        "explain-problem",
        &["contact", "explain", host, "ola@example.com"],
    );
    world
        .sare
        .change_settings(|settings| settings.api_key = "another".to_owned());
    compare_both(&world, "doctor-wrong", &["doctor"]);
    compare_both(
        &world,
        "explain-unknown",
        &["contact", "explain", host, "nikt@example.com"],
    );
}
