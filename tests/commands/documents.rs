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
        let texts = file(&format!("crates/texts/{language}/start.toml"));
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

/// Files of the project in which the references may be cited.
fn sources() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left: Vec<_> = ["crates", "src", "tests", "ARCHITECTURE.md", "docs/guide.md"]
        .map(|name| root.join(name))
        .to_vec();
    let mut out = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "md" || kind == "sql")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            out.push((path.display().to_string(), text));
        }
    }
    out
}

/// The sections that a citation names, as written behind the reference's name: `A.2, C.1`, `16 row 4`, `section 14`.
fn cited(behind: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_row = false;
    for word in behind
        .split([' ', ',', '–', '\n', '/', '('])
        .filter(|word| !word.is_empty())
    {
        let is_over = word.ends_with([')', ';', ':', '`']);
        let word = word.trim_end_matches(['.', ')', ';', ':', '`', '"', ']']);
        match word {
            "section" | "sections" | "and" | "to" => {}
            "row" | "rows" => is_row = true,
            _ => {
                let mut parts = word.split('.');
                let head = parts.next().unwrap_or_default();
                let is_head = head.parse::<u32>().is_ok()
                    || (head.len() == 1 && head.chars().all(|c| c.is_ascii_uppercase()));
                let is_tail = parts.all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
                if !(is_head && is_tail) {
                    break;
                }
                is_row &= !word.contains('.');
                found.push(if is_row {
                    format!("row {word}")
                } else {
                    word.to_owned()
                });
            }
        }
        if is_over {
            break;
        }
    }
    found
}

#[test]
fn every_section_of_the_references_that_is_cited_is_there() {
    let mut count = 0;
    for name in ["shoper-api.md", "sare-api.md"] {
        let text = file(&format!("docs/reference/{name}"));
        let has_heading = |section: &str| {
            text.lines().filter(|line| line.starts_with('#')).any(|line| {
                let title = line.trim_start_matches('#').trim();
                title
                    .strip_prefix(section)
                    .is_some_and(|rest| rest.starts_with([' ', '.']))
            })
        };
        let has_row = |title: &str, row: &str| {
            let part = text.split(title).nth(1).unwrap_or_default();
            let part = part.split("\n## ").next().unwrap_or_default();
            part.lines().any(|line| line.starts_with(&format!("| {row} |")))
        };
        for (path, source) in sources() {
            for behind in source.split(name).skip(1) {
                for section in cited(behind.lines().next().unwrap_or_default()) {
                    count += 1;
                    let is_there = match section.split_once(' ') {
                        Some((_, row)) => has_row("## 16.", row),
                        None => match section.strip_prefix("H.") {
                            Some(row) => has_row("## H.", row),
                            None => has_heading(&section),
                        },
                    };
                    assert!(is_there, "{path} cites {name} {section}, which is not there");
                }
            }
        }
    }
    assert!(count > 250, "{count} citations were found");
}

/// The platform that we are built on.
fn host() -> String {
    let told = std::process::Command::new("rustc")
        .arg("-vV")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// What Cargo says of the project and of all that it is built from here: what other platforms need may never have been
/// fetched.
fn metadata() -> serde_json::Value {
    let told = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).unwrap()
}

/// The version's first two numbers.
fn version(text: &str) -> Vec<u32> {
    text.split('.')
        .take(2)
        .map(|part| part.parse().unwrap())
        .collect()
}

#[test]
fn the_version_of_rust_that_is_asked_for_is_enough() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &serde_json::Value| package["rust_version"].as_str().map(version);
    let ours = packages
        .iter()
        .find(|package| package["name"] == "shoper-sare")
        .unwrap();
    let asked = of(ours).unwrap();
    for package in packages {
        let needs = of(package).unwrap_or_default();
        assert!(
            needs <= asked,
            "{} needs Rust {needs:?}, we ask for {asked:?}",
            package["name"]
        );
    }
    let told = format!("Rust {}", ours["rust_version"].as_str().unwrap());
    assert!(
        file("README.md").contains(&told),
        "README.md does not ask for {told}"
    );
}

#[test]
fn every_dependency_is_used() {
    let sources = sources();
    for package in metadata()["packages"].as_array().unwrap() {
        // Of the project itself, nothing comes from anywhere.
        if !package["source"].is_null() {
            continue;
        }
        let manifest = std::path::Path::new(package["manifest_path"].as_str().unwrap());
        let own = manifest.parent().unwrap();
        let parts = ["src", "tests"].map(|part| own.join(part).display().to_string());
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["rename"]
                .as_str()
                .or(dependency["name"].as_str())
                .unwrap();
            let name = name.replace('-', "_");
            let is_named = |text: &str| {
                text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|word| word == name)
            };
            let is_used = sources
                .iter()
                .filter(|(path, _)| parts.iter().any(|part| path.starts_with(part)))
                .any(|(_, text)| is_named(text));
            assert!(is_used, "{} asks for {name} and does not use it", package["name"]);
        }
    }
}
