//! What is written about the program agrees with the program.

use crate::world::World;

fn file(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The settings that `--help` lists.
fn settings(help: &str) -> Vec<String> {
    let list = help
        .split("Settings, by environment")
        .nth(1)
        .unwrap()
        .split("Exit codes")
        .next()
        .unwrap();
    let names = list
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_setting_is_in_the_help_the_readme_and_the_example() {
    let help = World::new().run(&["--help"]).with_code(0).out;
    let names = settings(&help);
    assert!(names.len() >= 16, "{names:?}");
    let (readme, example) = (file("README.md"), file("packaging/shoper-sare.env.example"));
    for name in &names {
        assert!(
            readme.contains(&format!("`{name}`")),
            "{name} is not in README.md"
        );
        assert!(
            example.contains(&format!("{name}=")),
            "{name} is not in the example of settings"
        );
    }
    let table = readme
        .split("| Variable |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let told = table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    for name in told {
        assert!(
            names.iter().any(|known| known == name),
            "{name} of README.md is no setting"
        );
    }
    for line in example.lines() {
        let line = line.trim_start_matches('#').trim();
        if let Some((name, _)) = line.split_once('=')
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        {
            assert!(
                names.iter().any(|known| known == name),
                "{name} of the example is no setting"
            );
        }
    }
}

#[test]
fn every_command_of_the_readme_is_there_and_has_help() {
    let world = World::new();
    let readme = file("README.md");
    let table = readme
        .split("| Command |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let mut seen = 0;
    for cell in table.lines().filter_map(|line| line.split('|').nth(1)) {
        for command in cell.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = command
                .split(' ')
                .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
                .collect();
            for word in command
                .replace("\\|", "|")
                .split(' ')
                .filter(|word| word.contains('|'))
            {
                for choice in word.split('|') {
                    let mut words = words.clone();
                    words.extend([choice, "--help"]);
                    world.run(&words).with_code(0);
                }
            }
            let mut words = words;
            words.push("--help");
            world.run(&words).with_code(0).saying("Usage:");
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn the_readmes_example_of_a_configuration_is_one() {
    let world = World::new();
    world.connect();
    let readme = file("README.md");
    let config = readme
        .split("```toml")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let config = config.replace(
        "api_key = \"…\"",
        "api_key = \"8a3e1c52-7d0f-4b6e-9c11-5f2ab7d4e630\"",
    );
    world
        .run_with(
            &["shop", "config", "import", &world.host, "-", "--offline"],
            &[],
            &config,
        )
        .with_code(0);
}

#[test]
fn wrong_use_is_told_and_keys_and_completions_are_made() {
    let world = World::new();
    world.run(&["shop", "synch", "x"]).with_code(2).saying("sync");
    world.run(&[]).with_code(2);
    let key = world.run(&["generate-key"]).with_code(0).out;
    assert!(
        key.trim().len() == 64 && key.trim().chars().all(|c| c.is_ascii_hexdigit()),
        "{key}"
    );
    assert_ne!(key, world.run(&["generate-key"]).out);
    world
        .run(&["completions", "bash"])
        .with_code(0)
        .saying("_shoper__sare()");
    world
        .run(&["--version"])
        .with_code(0)
        .saying(env!("CARGO_PKG_VERSION"));
}

#[test]
fn settings_can_stand_in_a_file() {
    let world = World::new();
    let file = world.file("settings.toml", "LISTENN = \"x\"\n");
    world
        .run(&["--settings", file.to_str().unwrap(), "shop", "list"])
        .with_code(2)
        .saying("LISTENN");
    let file = world.file("settings.toml", "OPERATOR_TOKEN = \"x\"\n");
    world
        .run(&["--settings", file.to_str().unwrap(), "shop", "list"])
        .with_code(0)
        .saying("No shops yet");
}

#[test]
fn both_guides_for_merchants_show_the_same_pages_and_tell_of_the_same_things() {
    let pictures = |guide: &str, end: &str| -> Vec<String> {
        guide
            .split("](screenshots/")
            .skip(1)
            .map(|rest| rest.split_once(end).expect(end).0.to_owned())
            .collect()
    };
    let sections = |guide: &str| guide.lines().filter(|line| line.starts_with("## ")).count();
    let (polish, english) = (file("docs/przewodnik.md"), file("docs/guide.md"));
    let shown = pictures(&polish, ".png)");
    assert_eq!(shown, pictures(&english, "-en.png)"));
    assert_eq!(shown.len(), 9, "{shown:?}");
    assert_eq!(sections(&polish), sections(&english));
    // The buttons are called what the panel calls them.
    for (guide, language) in [(&polish, "pl"), (&english, "en")] {
        let texts = file(&format!("crates/web/src/panel/texts/{language}/start.toml"));
        for key in ["configure = \"", "register = \""] {
            let text = texts
                .split(&format!("\n{key}"))
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let text = text.expect(key);
            assert!(guide.contains(text), "{text} is not in the guide");
        }
    }
    assert!(file("README.md").contains("docs/guide.md") && file("README.md").contains("docs/przewodnik.md"));
}
