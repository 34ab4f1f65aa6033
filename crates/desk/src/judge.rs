//! Judging a whole configuration before it is taken: what the text itself shows, and what the services say exists.

use engine::Engine;
use secrecy::SecretString;
use store::{SecretName, Shop};
use sync_core::Lang;
use sync_core::config::{AdditionalField, Catalog, Config, Finding, Parsed};
use sync_core::mapping::Needs;

use crate::account::{Account, Gap, Refusal};
use crate::error::Error;
use crate::sides::{Patience, ShopSide};

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

/// Judges a configuration; `given` is a key that comes beside it, `online` asks the services as well.
///
/// # Errors
/// When the ledger fails.
pub async fn judge(
    engine: &Engine,
    shop: &Shop,
    text: &str,
    given: Option<SecretString>,
    online: bool,
    lang: Lang,
) -> Result<Judged, Error> {
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
            text: word.text(lang),
        });
    };
    match key {
        None => {
            let line = config.lines.of("sare");
            findings.push(Note {
                line,
                field: "sare.api_key".to_owned(),
                is_error: true,
                text: Word::NoKey.text(lang),
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
                match shop_fields(engine, shop, lang).await {
                    Ok(fields) => catalog.additional_fields = Some(fields),
                    Err(why) => say("customers.mapping", false, Word::FieldsUnknown(why.to_string())),
                }
            }
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
    let side = ShopSide::open(engine, shop, Patience::Once, false).await?;
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
            Self::NoRights => "SARE knows this key and does not let it read the account. Give the key its rights in SARE under \
                               Zaawansowane > API > REST API."
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
            Self::NoRights => "SARE zna ten klucz, ale nie pozwala mu czytać konta. Uprawnienia klucza nadaje się w SARE: \
                               Zaawansowane > API > REST API."
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
