//! Validating a whole configuration before it is taken: what the text itself shows, and what the services say exists.

use engine::Engine;
use secrecy::SecretString;
use store::{SecretName, Shop};
use sync_core::Lang;
use sync_core::config::{AdditionalField, Catalog, Config, Finding, Parsed};
use sync_core::mapping::Needs;
use texts::Words;

use crate::account::{Account, Gap, Refusal};
use crate::error::Error;
use crate::sides::{Patience, ShopSide};

/// A configuration with everything that is to be said about it.
pub struct Validated {
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
    fn of(finding: &Finding, words: Words) -> Self {
        Self {
            line: finding.line,
            field: finding.path.clone(),
            is_error: finding.is_error(),
            text: words.finding_sentence(&finding.what),
        }
    }
}

/// Validates a configuration; `given` is a key that comes beside it, `online` asks the services as well.
pub async fn validate(
    engine: &Engine,
    shop: &Shop,
    text: &str,
    given: Option<SecretString>,
    online: bool,
    words: Words,
) -> Result<Validated, Error> {
    let Parsed {
        config,
        api_key,
        warnings,
    } = match Config::parse(text) {
        Ok(parsed) => parsed,
        Err(errors) => {
            let findings = errors.0.iter().map(|finding| Note::of(finding, words)).collect();
            return Ok(Validated {
                findings,
                usable: Usable::No,
            });
        }
    };
    let mut findings: Vec<Note> = warnings.iter().map(|finding| Note::of(finding, words)).collect();
    let given = api_key.or(given);
    let key = match &given {
        Some(key) => Some(key.clone()),
        None => stored_key(engine, shop, &config).await?,
    };
    let mut away = false;
    let mut say = |field: &str, is_error, word: Word| {
        findings.push(Note {
            line: config.lines.of(field),
            field: field.to_owned(),
            is_error,
            text: word.text(words),
        });
    };
    match key {
        None => {
            let line = config.lines.of("sare");
            findings.push(Note {
                line,
                field: "sare.api_key".to_owned(),
                is_error: true,
                text: Word::NoKey.text(words),
            });
        }
        Some(key) if online => {
            let mut catalog = Catalog::default();
            match Account::open(engine, &config.sare.uid, key).await {
                Ok(account) => {
                    if account.groups.as_ref().is_some_and(Vec::is_empty) {
                        say("customers.group", true, Word::NoGroups);
                    } else {
                        catalog.groups = account.groups;
                    }
                    catalog.properties = account.properties;
                    for gap in account.gaps {
                        let word = match gap {
                            Gap::Groups(why) => Word::GroupsUnknown(why.to_string()),
                            Gap::Properties(why) => Word::PropertiesUnknown(why.to_string()),
                        };
                        say("sare", false, word);
                    }
                }
                Err(Refusal::OddKey) => say("sare.api_key", true, Word::WrongKey),
                Err(Refusal::KeyOrUid) => say("sare.api_key", true, Word::KeyOrUid),
                Err(Refusal::NoRights) => say("sare.api_key", true, Word::NoRights),
                Err(Refusal::BadUid | Refusal::WrongUid) => say("sare.uid", true, Word::WrongUid),
                Err(Refusal::Away(why)) => {
                    away = true;
                    say("sare", true, Word::SareAway(why.to_string()));
                }
            }
            let needs = config.customers.mapping.needs();
            if config.customers.enabled && needs.contains(Needs::ADDITIONAL_FIELDS) {
                match shop_fields(engine, shop, words.0).await {
                    Ok(fields) => catalog.additional_fields = Some(fields),
                    Err(why) => say("customers.mapping", false, Word::FieldsUnknown(why.to_string())),
                }
            }
            findings.extend(
                config
                    .check(&catalog)
                    .iter()
                    .map(|finding| Note::of(finding, words)),
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
    Ok(Validated { findings, usable })
}

/// The key kept for the shop, as long as the account stays the same.
async fn stored_key(engine: &Engine, shop: &Shop, config: &Config) -> Result<Option<SecretString>, Error> {
    let before = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
    if before.is_some_and(|before| before.config.sare.uid != config.sare.uid) {
        return Ok(None);
    }
    Ok(engine.store().secret(shop.id, SecretName::SareKey).await?)
}

/// The additional fields that the shop has for customers, named in the reader's language where the shop does.
///
/// # Errors
/// When the shop cannot be asked, or does not let us read them.
pub async fn shop_fields(engine: &Engine, shop: &Shop, lang: Lang) -> Result<Vec<AdditionalField>, Error> {
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
    let fields = side.ask(|c| async move { c.additional_fields().await }).await?;
    Ok(named_fields(&fields, lang))
}

/// Additional fields of customers by name, in the reader's language where the shop names them so.
pub fn named_fields(fields: &[shoper_api::AdditionalField], lang: Lang) -> Vec<AdditionalField> {
    let locale = match lang {
        Lang::Pl => "pl_PL",
        Lang::En => "en_US",
    };
    fields
        .iter()
        .filter(|field| field.is_for_customers())
        .map(|field| AdditionalField {
            id: field.id,
            label: field.label(locale).unwrap_or_default().to_owned(),
        })
        .collect()
}

/// What there is to say beyond the findings about the file itself.
enum Word {
    NoKey,
    WrongKey,
    KeyOrUid,
    NoRights,
    WrongUid,
    NoGroups,
    SareAway(String),
    GroupsUnknown(String),
    PropertiesUnknown(String),
    FieldsUnknown(String),
}

impl Word {
    fn text(&self, words: Words) -> String {
        match self {
            Self::NoKey => words.say("judged.no-key").to_owned(),
            Self::WrongKey => words.say("judged.wrong-key").to_owned(),
            Self::KeyOrUid => words.say("judged.key-or-uid").to_owned(),
            Self::NoRights => words.say("judged.no-rights").to_owned(),
            Self::WrongUid => words.say("judged.wrong-uid").to_owned(),
            Self::NoGroups => words.say("judged.no-groups").to_owned(),
            Self::SareAway(why) => words.fill("judged.sare-away", &[("why", why)]),
            Self::GroupsUnknown(why) => words.fill("judged.groups-unknown", &[("why", why)]),
            Self::PropertiesUnknown(why) => words.fill("judged.properties-unknown", &[("why", why)]),
            Self::FieldsUnknown(why) => words.fill("judged.fields-unknown", &[("why", why)]),
        }
    }
}
