//! `shop config export|import`: a shop's whole configuration as one TOML file, judged before it is taken.
//!
//! Everything that is wrong is told at once, each with its line, its field, and what would be right. Unless told to
//! stay offline, the command asks SARE and the shop which groups, properties and fields there are.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use desk::{Note, Usable, Validated};
use secrecy::SecretString;
use serde_json::json;
use store::Shop;
use sync_core::config::Config;
use texts::Words;

use super::output;
use crate::app::App;
use crate::cli::{ConfigCommand, Import};
use crate::exit;

/// Runs it.
pub async fn config(app: &App, command: ConfigCommand) -> anyhow::Result<u8> {
    match command {
        ConfigCommand::Export { shop, file } => export(app, &shop, &file).await,
        ConfigCommand::Import(options) => import(app, options).await,
    }
}

async fn export(app: &App, name: &str, file: &Path) -> anyhow::Result<u8> {
    let shop = app.find(name).await?;
    let config = app.config(&shop)?;
    let text = format!(
        "# Configuration of {}. The SARE API key is not in it: add `api_key` under [sare], or set SARE_API_KEY,\n\
         # when importing into a shop that has none yet.\n{}",
        shop.host,
        config.render()
    );
    if file == Path::new("-") {
        std::io::stdout()
            .write_all(text.as_bytes())
            .context("standard output cannot be written")?;
    } else {
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(exit::OK)
}

async fn import(app: &App, options: Import) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    let text = read(&options.file)?;
    let validated = validate(app, &shop, &text, !options.offline).await?;
    let told = Told {
        host: shop.host.clone(),
        findings: validated.findings,
        words: Words(app.settings.lang),
    };
    let code = match validated.usable {
        Usable::Yes { config, key } => {
            if !options.check {
                keep(app, &shop, &config, key).await?;
            }
            exit::OK
        }
        Usable::No => exit::USAGE,
        Usable::NotNow => exit::AWAY,
    };
    told.print(
        options.json.json,
        code == exit::OK && !options.check,
        shop.config.is_some(),
    )?;
    Ok(code)
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Judges a configuration; `online` asks the services as well.
async fn validate(app: &App, shop: &Shop, text: &str, online: bool) -> anyhow::Result<Validated> {
    let given = app.settings.sare_api_key.clone();
    Ok(desk::validate(&app.engine(), shop, text, given, online, Words(app.settings.lang)).await?)
}

/// Makes a judged configuration the shop's.
pub async fn keep(app: &App, shop: &Shop, config: &Config, key: Option<SecretString>) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store
        .put_config(shop.id, &config.render(), key, None, "command line", now)
        .await?;
    app.store.wake(shop.id, now).await?;
    Ok(())
}

/// The findings as they are printed.
struct Told {
    host: String,
    findings: Vec<Note>,
    words: Words,
}

impl Told {
    fn print(&self, as_json: bool, imported: bool, again: bool) -> anyhow::Result<()> {
        if as_json {
            let findings: Vec<_> = self
                .findings
                .iter()
                .map(|note| {
                    let severity = if note.is_error { "error" } else { "warning" };
                    json!({ "line": note.line, "field": note.field, "severity": severity, "text": note.text })
                })
                .collect();
            return output::json(&json!({ "shop": self.host, "imported": imported, "findings": findings }));
        }
        for note in &self.findings {
            output::line(&line(note, self.words));
        }
        let errors = self.findings.iter().filter(|note| note.is_error).count();
        output::line(&closing(self.words, &self.host, errors, imported, again));
        Ok(())
    }
}

fn line(note: &Note, words: Words) -> String {
    let severity = match note.is_error {
        true => words.say("imported.error"),
        false => words.say("imported.warning"),
    };
    let place = note.line.map_or_else(String::new, |n| {
        format!("{}: ", words.fill("imported.line", &[("n", &n)]))
    });
    let field = if note.field.is_empty() {
        String::new()
    } else {
        format!("{}: ", note.field)
    };
    format!("{severity}: {place}{field}{}", note.text)
}

fn closing(words: Words, host: &str, errors: usize, imported: bool, again: bool) -> String {
    match (errors, imported, again) {
        (0, false, _) => words.say("imported.fine").to_owned(),
        (0, true, true) => words.fill("imported.changed", &[("host", &host)]),
        (0, true, false) => words.fill("imported.configured", &[("host", &host)]),
        (errors, ..) => words.fill("imported.wrong", &[("n", &errors)]),
    }
}

/// Judges a configuration that comes with the program and makes it the shop's.
///
/// # Errors
/// When anything is wrong with it.
pub async fn import_text(app: &App, shop: &Shop, text: &str) -> anyhow::Result<()> {
    let validated = validate(app, shop, text, true).await?;
    match validated.usable {
        Usable::Yes { config, key } => keep(app, shop, &config, key).await,
        Usable::No | Usable::NotNow => {
            let lines: Vec<String> = validated
                .findings
                .iter()
                .map(|note| line(note, Words(app.settings.lang)))
                .collect();
            bail!("the configuration was not taken:\n{}", lines.join("\n"))
        }
    }
}
