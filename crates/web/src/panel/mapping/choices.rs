//! What can be chosen on the page: SARE's groups and fields, the shop's fields, steps, all in the reader's words.

use std::time::Duration;

use desk::{Account, Asked, Why};
use sync_core::RecordKind;
use sync_core::config::{AdditionalField, Catalog, Property, PropertyKind};
use sync_core::mapping::{Field, Target, fields};
use texts::Words;

use super::form::{CONSTANT, OWN_NAME, TEMPLATE, WITH_ARGUMENT};
use crate::panel::groups::GroupNames;
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::state::App;

/// How long an answer that needs the services waits for slow ones.
pub const PATIENCE: Duration = Duration::from_secs(4);
/// Values of a list that are named in its description.
const MOST_VALUES: usize = 4;

/// What can be chosen.
pub struct Choices {
    /// Customers or subscribers.
    pub kind: RecordKind,
    /// One of the services has not answered yet.
    pub is_asking: bool,
    words: Words,
    account: Asked<Account>,
    /// Whether the shop's additional fields could not be had, and why.
    pub fields_missing: Option<Why>,
    /// The shop's additional fields.
    pub additional: Vec<AdditionalField>,
}

/// A choice: its value and its words; a heading has no value.
pub struct Group {
    /// What its choices have in common.
    pub heading: &'static str,
    /// Value, words.
    pub choices: Vec<(String, String)>,
}

impl Choices {
    /// Asks both services, or remembers what they said; `patience` is how long slow ones are waited for.
    pub async fn ask(
        app: &App,
        visit: &Visit,
        config: &sync_core::config::Config,
        kind: RecordKind,
        patience: Duration,
    ) -> Self {
        let account = app.cache.account(&app.engine, &visit.shop, config, patience);
        let fields = async {
            match kind {
                RecordKind::Customer => Some(app.cache.fields(&app.engine, &visit.shop, patience).await),
                RecordKind::Subscriber => None,
            }
        };
        let (account, fields) = tokio::join!(account, fields);
        let lang = visit.words.0;
        let fields_missing = match &fields {
            Some(Asked::Unknown(why)) => Some(*why),
            Some(Asked::Asking) => Some(Why::Away),
            Some(Asked::Known(_)) | None => None,
        };
        let known = fields.as_ref().and_then(Asked::known);
        let is_asking = matches!(account, Asked::Asking) || matches!(fields, Some(Asked::Asking));
        Self {
            kind,
            is_asking,
            words: visit.words,
            account,
            fields_missing,
            additional: known.map_or_else(Vec::new, |fields| desk::named_fields(fields, lang)),
        }
    }

    /// SARE's groups, where they are known.
    pub fn groups(&self) -> Option<&[(i64, String)]> {
        self.account.known()?.groups.as_deref()
    }

    /// SARE's properties, where they are known.
    pub fn properties(&self) -> Option<&[Property]> {
        self.account.known()?.properties.as_deref()
    }

    /// Why SARE's groups are not known.
    pub fn sare_missing(&self) -> Option<Why> {
        match &self.account {
            Asked::Known(account) if account.groups.is_some() => None,
            Asked::Known(_) => Some(Why::NotAllowed),
            Asked::Asking => Some(Why::Away),
            Asked::Unknown(why) => Some(*why),
        }
    }

    /// Everything a configuration is compared with.
    pub fn catalog(&self) -> Catalog {
        Catalog {
            groups: self.groups().map(<[_]>::to_vec),
            properties: self.properties().map(<[_]>::to_vec),
            additional_fields: match (self.kind, self.fields_missing) {
                (RecordKind::Customer, None) => Some(self.additional.clone()),
                _ => None,
            },
        }
    }

    /// The name of a group, or its number alone.
    pub fn group_name(&self, group: i64) -> String {
        GroupNames::of(self.groups()).one(group)
    }

    /// What a row may fill.
    pub fn targets(&self) -> Vec<Group> {
        let basic = ["name", "gsm", "comment"].map(|name| (name.to_owned(), self.target_name(name)));
        let numbered = (1..=9).map(|n| format!("prop{n}"));
        let numbered = numbered.map(|name| (name.clone(), self.described(&name)));
        let own = self.properties().unwrap_or_default().iter();
        let own = own.filter(|property| property.basic().is_none()).map(|property| {
            let name = format!("{OWN_NAME}{}", property.name);
            (name.clone(), self.described(&name))
        });
        let mut own: Vec<(String, String)> = own.collect();
        own.push((
            OWN_NAME.to_owned(),
            self.words.say("mapping.target-own-name").to_owned(),
        ));
        vec![
            Group {
                heading: self.words.say("mapping.targets-basic"),
                choices: basic.into(),
            },
            Group {
                heading: self.words.say("mapping.targets-numbered"),
                choices: numbered.collect(),
            },
            Group {
                heading: self.words.say("mapping.targets-own"),
                choices: own,
            },
        ]
    }

    fn described(&self, name: &str) -> String {
        match self.target_kind(name) {
            Some(kind) => format!("{} – {kind}", self.target_name(name)),
            None => self.target_name(name),
        }
    }

    fn property(&self, name: &str) -> Option<&Property> {
        desk::property(&Target::parse(name)?, self.properties()?)
    }

    /// What a SARE field is called.
    pub fn target_name(&self, name: &str) -> String {
        let words = self.words;
        let known = |name: &str| match Target::parse(name) {
            Some(target) => parts::field_name(words, &target),
            None => name.strip_prefix(OWN_NAME).unwrap_or(name).to_owned(),
        };
        match name {
            "" => words.say("mapping.target-none").to_owned(),
            "name" | "gsm" | "comment" => known(name),
            other => {
                let plain = other.strip_prefix(OWN_NAME).unwrap_or(other);
                let label = self.property(other).map(|property| property.label.trim());
                match label.filter(|label| !label.is_empty() && *label != plain) {
                    Some(label) => format!("{label} ({plain})"),
                    None => known(other),
                }
            }
        }
    }

    /// What values a SARE field takes.
    pub fn target_kind(&self, name: &str) -> Option<String> {
        let words = self.words;
        Some(match &self.property(name)?.kind {
            PropertyKind::Text { max_len: Some(max) } => words.count("mapping.kind-text-up-to", count(*max)),
            PropertyKind::Text { max_len: None } => words.say("mapping.kind-text").to_owned(),
            PropertyKind::Number => words.say("mapping.kind-number").to_owned(),
            PropertyKind::List { values } if values.is_empty() => words.say("mapping.kind-list").to_owned(),
            PropertyKind::List { values } => {
                let mut named = values[..values.len().min(MOST_VALUES)].join(", ");
                if values.len() > MOST_VALUES {
                    named.push_str(", …");
                }
                words.fill("mapping.kind-list-of", &[("values", &named)])
            }
            PropertyKind::Consent => words.say("mapping.kind-consent").to_owned(),
            PropertyKind::Unknown => return None,
        })
    }

    /// What a row may read.
    pub fn sources(&self) -> Vec<Group> {
        let (mut plain, mut address) = (Vec::new(), Vec::new());
        for info in fields(self.kind) {
            let list = match info.field {
                Field::Address(_) => &mut address,
                _ => &mut plain,
            };
            list.push((info.name.to_owned(), self.source_name(info.name)));
        }
        let additional = self.additional.iter().map(|field| {
            let field = Field::Additional(field.id);
            (field.to_string(), self.source_name(&field.to_string()))
        });
        let more = vec![
            (
                TEMPLATE.to_owned(),
                self.words.say("mapping.source-template").to_owned(),
            ),
            (
                CONSTANT.to_owned(),
                self.words.say("mapping.source-constant").to_owned(),
            ),
        ];
        let plain_heading = match self.kind {
            RecordKind::Customer => self.words.say("mapping.sources-customer"),
            RecordKind::Subscriber => self.words.say("mapping.sources-subscriber"),
        };
        let groups = [
            (plain_heading, plain),
            (self.words.say("mapping.sources-address"), address),
            (self.words.say("mapping.sources-additional"), additional.collect()),
            (self.words.say("mapping.sources-more"), more),
        ];
        let groups = groups.into_iter().filter(|(_, choices)| !choices.is_empty());
        groups
            .map(|(heading, choices)| Group { heading, choices })
            .collect()
    }

    /// What a field of the shop is called.
    pub fn source_name(&self, name: &str) -> String {
        match Field::parse(self.kind, name) {
            Some(Field::Additional(id)) => {
                let known = self.additional.iter().find(|field| field.id == id);
                match known
                    .map(|field| field.label.trim())
                    .filter(|label| !label.is_empty())
                {
                    Some(label) => label.to_owned(),
                    None => self.words.fill("mapping.source-additional", &[("n", &id)]),
                }
            }
            _ => self.words.field(self.kind, name).unwrap_or(name).to_owned(),
        }
    }

    /// A template as somebody might write it.
    pub fn example(&self) -> String {
        let names: &[&str] = match self.kind {
            RecordKind::Customer => &["firstname", "lastname"],
            RecordKind::Subscriber => &["dateadd"],
        };
        let braced: Vec<String> = names
            .iter()
            .map(|name| format!("{{{}}}", self.source_name(name)))
            .collect();
        braced.join(" ")
    }

    /// What a row may do to a value: word, words for people.
    pub fn steps(&self) -> Vec<(&'static str, &'static str)> {
        let words = self.words;
        vec![
            ("", words.say("mapping.step-none")),
            ("trim", words.say("mapping.step-trim")),
            ("title", words.say("mapping.step-title")),
            ("upper", words.say("mapping.step-upper")),
            ("lower", words.say("mapping.step-lower")),
            ("first_word", words.say("mapping.step-first-word")),
            ("phone", words.say("mapping.step-phone")),
            ("digits", words.say("mapping.step-digits")),
            ("date:%Y-%m-%d", words.say("mapping.step-date-iso")),
            ("date:%d.%m.%Y", words.say("mapping.step-date-polish")),
            ("date:%Y", words.say("mapping.step-date-year")),
            (WITH_ARGUMENT[1], words.say("mapping.step-yes-no")),
            (WITH_ARGUMENT[0], words.say("mapping.step-max")),
        ]
    }

    /// What a step is called.
    pub fn step_name(&self, word: &str) -> String {
        let (name, argument) = word.split_once(':').unwrap_or((word, ""));
        let known = self.steps();
        let find = |wanted: &str| known.iter().find(|(word, _)| *word == wanted);
        match (find(word), find(name)) {
            (Some((_, text)), _) => (*text).to_owned(),
            (None, Some((_, text))) => format!("{} {argument}", text.trim_end_matches('…'))
                .trim_end()
                .to_owned(),
            (None, None) => word.to_owned(),
        }
    }

    /// The reader's language.
    pub fn words(&self) -> Words {
        self.words
    }
}

/// A count as numbers are told.
pub fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
