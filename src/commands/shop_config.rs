//! `shop config export|import`: a shop's whole configuration as one TOML file, judged before it is taken.
//!
//! Everything that is wrong is told at once, each with its line, its field, and what would be right. Unless told to
//! stay offline, the command asks SARE and the shop which groups, properties and fields there are.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::{SecretName, Shop};
use sync_core::Lang;
use sync_core::config::{AdditionalField, Catalog, Config, Finding, Parsed, Property, PropertyKind};
use sync_core::mapping::Needs;

use super::output;
use crate::app::App;
use crate::cli::{ConfigCommand, Import};
use crate::exit;
use crate::outside::{Patience, SareSide, ShopSide};

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
    let judged = judge(app, &shop, &text, !options.offline).await?;
    let told = Told {
        host: shop.host.clone(),
        findings: judged.findings,
        lang: app.settings.lang,
    };
    let code = match judged.usable {
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

/// Makes a judged configuration the shop's.
pub async fn keep(app: &App, shop: &Shop, config: &Config, key: Option<SecretString>) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store
        .put_config(shop.id, &config.render(), key, None, "command line", now)
        .await?;
    app.store.wake(shop.id, now).await?;
    Ok(())
}

/// A configuration with everything that is to be said about it.
pub struct Judged {
    /// All findings, by line.
    pub findings: Vec<Note>,
    /// Whether it can be used.
    pub usable: Usable,
}

/// Whether a configuration can be used.
pub enum Usable {
    /// It can.
    Yes {
        /// The configuration.
        config: Box<Config>,
        /// The key that came with it; `None` keeps the one that is stored.
        key: Option<SecretString>,
    },
    /// It has errors.
    No,
    /// A service that was to be asked is away.
    NotNow,
}

/// One thing to be said about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line of the file.
    pub line: Option<usize>,
    /// The setting; empty for the whole file.
    pub field: String,
    /// Whether the configuration cannot be used because of it.
    pub is_error: bool,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Note {
    fn of(finding: &Finding, lang: Lang) -> Self {
        Self {
            line: finding.line,
            field: finding.path.clone(),
            is_error: finding.is_error(),
            text: finding.sentence(lang),
        }
    }
}

/// Judges a configuration; `online` asks the services as well.
///
/// # Errors
/// When the ledger fails.
pub async fn judge(app: &App, shop: &Shop, text: &str, online: bool) -> anyhow::Result<Judged> {
    let lang = app.settings.lang;
    let Parsed {
        config,
        api_key,
        warnings,
    } = match Config::parse(text) {
        Ok(parsed) => parsed,
        Err(errors) => {
            let findings = errors.0.iter().map(|finding| Note::of(finding, lang)).collect();
            return Ok(Judged {
                findings,
                usable: Usable::No,
            });
        }
    };
    let mut findings: Vec<Note> = warnings.iter().map(|finding| Note::of(finding, lang)).collect();
    let given = api_key.or_else(|| app.settings.sare_api_key.clone());
    let key = match &given {
        Some(key) => Some(key.clone()),
        None => stored_key(app, shop, &config).await?,
    };
    let mut away = false;
    match key {
        None => findings.push(Note {
            line: config.lines.of("sare"),
            field: "sare.api_key".to_owned(),
            is_error: true,
            text: Word::NoKey.text(lang),
        }),
        Some(key) if online => {
            let mut catalog = Catalog::default();
            away |= ask_sare(app, &config, key, &mut catalog, &mut findings).await?;
            ask_shop(app, shop, &config, &mut catalog, &mut findings).await;
            findings.extend(
                config
                    .check(&catalog)
                    .iter()
                    .map(|finding| Note::of(finding, lang)),
            );
        }
        Some(_) => {}
    }
    findings.sort_by_key(|note| note.line.unwrap_or(usize::MAX));
    let usable = match findings.iter().any(|note| note.is_error) {
        true if away => Usable::NotNow,
        true => Usable::No,
        false => Usable::Yes {
            config: Box::new(config),
            key: given,
        },
    };
    Ok(Judged { findings, usable })
}

/// The key kept for the shop, as long as the account stays the same.
async fn stored_key(app: &App, shop: &Shop, config: &Config) -> anyhow::Result<Option<SecretString>> {
    let before = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
    if before.is_some_and(|before| before.config.sare.uid != config.sare.uid) {
        return Ok(None);
    }
    Ok(app.store.secret(shop.id, SecretName::SareKey).await?)
}

/// Fills the catalog with what SARE has; whether SARE is away.
async fn ask_sare(
    app: &App,
    config: &Config,
    key: SecretString,
    catalog: &mut Catalog,
    findings: &mut Vec<Note>,
) -> anyhow::Result<bool> {
    let odd = sare_api::key_looks_odd(key.expose_secret());
    let sare = SareSide::with_key(app, &config.sare.uid, key, Patience::Once)?;
    let mut say = |field: &str, is_error, word: Word| {
        let text = word.text(app.settings.lang);
        findings.push(Note {
            line: config.lines.of(field),
            field: field.to_owned(),
            is_error,
            text,
        });
    };
    match sare.ask(|c| async move { c.groups().await }).await {
        Ok(groups) if groups.is_empty() => {
            say("customers.group", true, Word::NoGroups);
            return Ok(false);
        }
        Ok(groups) => catalog.groups = Some(groups.into_iter().map(|group| (group.id, group.name)).collect()),
        Err(sare_api::Error::Unauthorized { .. }) => {
            say(
                "sare.api_key",
                true,
                if odd { Word::WrongKey } else { Word::KeyOrUid },
            );
            return Ok(false);
        }
        Err(sare_api::Error::Rejected { status: 404, .. }) => {
            say("sare.uid", true, Word::WrongUid);
            return Ok(false);
        }
        Err(error) if error.is_transient() => {
            say("sare", true, Word::SareAway(error.to_string()));
            return Ok(true);
        }
        Err(error) => say("sare", false, Word::GroupsUnknown(error.to_string())),
    }
    match sare.ask(|c| async move { c.props().await }).await {
        Ok(properties) => catalog.properties = Some(properties.into_iter().map(property).collect()),
        Err(error) => say("sare", false, Word::PropertiesUnknown(error.to_string())),
    }
    Ok(false)
}

fn property(from: sare_api::Property) -> Property {
    let kind = match from.kind {
        sare_api::PropertyKind::Text => PropertyKind::Text {
            max_len: from.max_length,
        },
        sare_api::PropertyKind::Number => PropertyKind::Number,
        sare_api::PropertyKind::List => PropertyKind::List { values: from.allowed },
        sare_api::PropertyKind::Consent => PropertyKind::Consent,
        sare_api::PropertyKind::Date | sare_api::PropertyKind::Unknown => PropertyKind::Unknown,
    };
    Property {
        name: from.key,
        label: from.label,
        kind,
    }
}

/// Fills the catalog with the shop's additional fields, where the mapping speaks of any.
async fn ask_shop(app: &App, shop: &Shop, config: &Config, catalog: &mut Catalog, findings: &mut Vec<Note>) {
    let needs = config.customers.mapping.needs();
    if !config.customers.enabled || !needs.contains(Needs::ADDITIONAL_FIELDS) {
        return;
    }
    let asked = async {
        let side = ShopSide::open(app, shop, Patience::Once, false).await?;
        Ok::<_, anyhow::Error>(side.ask(|c| async move { c.additional_fields().await }).await?)
    };
    match asked.await {
        Ok(fields) => {
            let known = fields
                .into_iter()
                .filter(shoper_api::AdditionalField::is_for_customers)
                .map(|field| {
                    let label = field.label("pl_PL").unwrap_or_default().to_owned();
                    AdditionalField { id: field.id, label }
                });
            catalog.additional_fields = Some(known.collect());
        }
        Err(error) => findings.push(Note {
            line: config.lines.of("customers.mapping"),
            field: "customers.mapping".to_owned(),
            is_error: false,
            text: Word::FieldsUnknown(format!("{error:#}")).text(app.settings.lang),
        }),
    }
}

/// What there is to say beyond the findings about the file itself.
enum Word {
    NoKey,
    WrongKey,
    KeyOrUid,
    WrongUid,
    NoGroups,
    SareAway(String),
    GroupsUnknown(String),
    PropertiesUnknown(String),
    FieldsUnknown(String),
}

impl Word {
    fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Pl => self.polish(),
            Lang::En => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NoKey => "There is no API key for this account. Write `api_key` under [sare], or set SARE_API_KEY; a key \
                            is made in SARE under Zaawansowane > API > REST API."
                .to_owned(),
            Self::WrongKey => "SARE refuses this key, and it does not look like one of the new REST API. That key is made \
                               in SARE under Zaawansowane > API > REST API; the key of the old forms does not work here."
                .to_owned(),
            Self::KeyOrUid => "SARE refuses this key for this UID. Either the key was deleted, or it belongs to another \
                               account than the UID, or SARE limits it to other IP addresses."
                .to_owned(),
            Self::WrongUid => "SARE knows no account of this UID. The UID is the number shown in SARE's panel.".to_owned(),
            Self::NoGroups => "The account has no groups. Make one in SARE first, under Adresy > Grupy.".to_owned(),
            Self::SareAway(why) => {
                format!("SARE cannot be asked now: {why}. Try again, or import with --offline, which does not ask.")
            }
            Self::GroupsUnknown(why) => format!("Which groups SARE has could not be read, so they are not checked: {why}."),
            Self::PropertiesUnknown(why) => {
                format!("Which properties SARE has could not be read, so they are not checked: {why}.")
            }
            Self::FieldsUnknown(why) => {
                format!("Which additional fields the shop has could not be read, so they are not checked: {why}.")
            }
        }
    }

    fn polish(&self) -> String {
        match self {
            Self::NoKey => "Brakuje klucza API do tego konta. Proszę dopisać `api_key` w sekcji [sare] albo ustawić \
                            SARE_API_KEY; klucz tworzy się w SARE: Zaawansowane > API > REST API."
                .to_owned(),
            Self::WrongKey => "SARE odrzuca ten klucz, a nie wygląda on na klucz nowego REST API. Taki klucz tworzy się w \
                               SARE: Zaawansowane > API > REST API; klucz starych formularzy tu nie działa."
                .to_owned(),
            Self::KeyOrUid => "SARE odrzuca ten klucz dla tego UID. Klucz został usunięty albo należy do innego konta, albo \
                               SARE dopuszcza go tylko z innych adresów IP."
                .to_owned(),
            Self::WrongUid => "SARE nie zna konta o tym UID. UID to numer widoczny w panelu SARE.".to_owned(),
            Self::NoGroups => "Na koncie nie ma żadnej grupy. Proszę najpierw utworzyć grupę w SARE: Adresy > Grupy."
                .to_owned(),
            Self::SareAway(why) => format!(
                "Nie można teraz zapytać SARE ({why}). Proszę spróbować ponownie albo użyć --offline, bez pytania."
            ),
            Self::GroupsUnknown(why) => format!("Nie udało się odczytać grup z SARE ({why}), więc nie są sprawdzane."),
            Self::PropertiesUnknown(why) => format!("Nie udało się odczytać cech z SARE ({why}), więc nie są sprawdzane."),
            Self::FieldsUnknown(why) => {
                format!("Nie udało się odczytać pól dodatkowych ze sklepu ({why}), więc nie są sprawdzane.")
            }
        }
    }
}

/// The findings as they are printed.
struct Told {
    host: String,
    findings: Vec<Note>,
    lang: Lang,
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
            output::line(&line(note, self.lang));
        }
        let errors = self.findings.iter().filter(|note| note.is_error).count();
        output::line(&closing(self.lang, &self.host, errors, imported, again));
        Ok(())
    }
}

fn line(note: &Note, lang: Lang) -> String {
    let (line, error, warning) = match lang {
        Lang::Pl => ("wiersz", "błąd", "uwaga"),
        Lang::En => ("line", "error", "warning"),
    };
    let severity = if note.is_error { error } else { warning };
    let place = note
        .line
        .map_or_else(String::new, |number| format!("{line} {number}: "));
    let field = if note.field.is_empty() {
        String::new()
    } else {
        format!("{}: ", note.field)
    };
    format!("{severity}: {place}{field}{}", note.text)
}

fn closing(lang: Lang, host: &str, errors: usize, imported: bool, again: bool) -> String {
    match (lang, errors, imported) {
        (Lang::Pl, 0, false) => "Konfiguracja jest poprawna; niczego nie zmieniono.".to_owned(),
        (Lang::En, 0, false) => "The configuration is fine; nothing was changed.".to_owned(),
        (Lang::Pl, 0, true) if again => {
            format!("Zmieniono konfigurację sklepu {host}; różnice zostaną uzupełnione.")
        }
        (Lang::En, 0, true) if again => {
            format!("{host} has a new configuration; what differs is brought up to date.")
        }
        (Lang::Pl, 0, true) => format!(
            "Skonfigurowano sklep {host}. Pierwszą synchronizację wykona `shoper-sare serve` albo `shoper-sare shop sync {host}`."
        ),
        (Lang::En, 0, true) => format!(
            "{host} is configured. `shoper-sare serve` does the first synchronisation, or `shoper-sare shop sync {host}`."
        ),
        (Lang::Pl, errors, _) => format!("Błędów: {errors}. Niczego nie zmieniono."),
        (Lang::En, errors, _) => format!("{errors} to be mended; nothing was changed."),
    }
}

/// Judges a configuration that comes with the program and makes it the shop's.
///
/// # Errors
/// When anything is wrong with it.
pub async fn import_text(app: &App, shop: &Shop, text: &str) -> anyhow::Result<()> {
    let judged = judge(app, shop, text, true).await?;
    match judged.usable {
        Usable::Yes { config, key } => keep(app, shop, &config, key).await,
        Usable::No | Usable::NotNow => {
            let lines: Vec<String> = judged
                .findings
                .iter()
                .map(|note| line(note, app.settings.lang))
                .collect();
            bail!("the configuration was not taken:\n{}", lines.join("\n"))
        }
    }
}
