//! Names behind the shop's numbers: groups, languages, options of select fields.
//!
//! The engine reads them once in a while and only when the mapping speaks of them, and keeps them with the lane; pages read
//! the same lists in the same way where the lane does not have them yet.

use std::collections::BTreeMap;

use shoper_api::{Client, Error, OptionList};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::mapping::Needs;

use crate::cadence;
use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::{LABELS_EVERY_MS, Labels, RAREST};

/// A list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameList {
    /// Groups of customers.
    UserGroups,
    /// Groups of subscribers.
    SubscriberGroups,
    /// Locales of languages.
    Languages,
    /// Options of select fields.
    Options,
    /// Tags of customers.
    UserTags,
}

impl NameList {
    const ALL: [Self; 5] = [
        Self::UserGroups,
        Self::SubscriberGroups,
        Self::Languages,
        Self::Options,
        Self::UserTags,
    ];

    /// The lists whose names this configuration's mappings speak of.
    pub fn needed(config: &Config) -> impl Iterator<Item = Self> {
        let needs = config.customers.mapping.needs() | config.subscribers.mapping.needs();
        let (customers, subscribers) = (config.customers.enabled, config.subscribers.enabled);
        Self::ALL.into_iter().filter(move |list| {
            let is_used = match list.only_of() {
                Some(RecordKind::Customer) => customers,
                Some(RecordKind::Subscriber) => subscribers,
                None => true,
            };
            is_used && needs.contains(list.need())
        })
    }

    fn need(self) -> Needs {
        match self {
            Self::UserGroups | Self::SubscriberGroups => Needs::GROUPS,
            Self::Languages => Needs::LANGUAGES,
            Self::Options => Needs::ADDITIONAL_FIELDS,
            Self::UserTags => Needs::TAGS,
        }
    }

    /// The one kind of record that it is about.
    fn only_of(self) -> Option<RecordKind> {
        match self {
            Self::UserGroups | Self::UserTags => Some(RecordKind::Customer),
            Self::SubscriberGroups => Some(RecordKind::Subscriber),
            Self::Languages | Self::Options => None,
        }
    }

    /// Reads the list. `options`: where options are asked for.
    ///
    /// # Errors
    /// What the shop answers.
    pub async fn read(self, shop: Client, options: OptionList) -> Result<Names, Error> {
        Ok(match self {
            Self::UserGroups => named(shop.user_groups().await?, |group| (group.id, group.name)),
            Self::SubscriberGroups => named(shop.subscriber_groups().await?, |group| (group.id, group.name)),
            Self::Languages => named(shop.languages().await?, |language| (language.id, language.locale)),
            Self::UserTags => named(shop.user_tags().await?, |tag| (tag.id, tag.name)),
            Self::Options => {
                let (fields, list) = shop.additional_fields_with_options(options).await?;
                let fields = fields.into_iter().filter(|field| !field.options.is_empty());
                let by_field = fields.map(|field| (field.id, field.options.into_iter().collect()));
                Names::Options(by_field.collect(), list)
            }
        })
    }
}

fn named<T>(rows: Vec<T>, name: impl Fn(T) -> (i64, String)) -> Names {
    Names::ById(rows.into_iter().map(name).collect())
}

/// What a list says.
pub enum Names {
    /// Names by number.
    ById(BTreeMap<i64, String>),
    /// Texts by field and option; and where options were found, if that is another place than was asked.
    Options(BTreeMap<i64, BTreeMap<String, String>>, Option<OptionList>),
}

impl Labels {
    /// Takes over what a list says.
    pub fn put(&mut self, list: NameList, names: Names) {
        match (list, names) {
            (NameList::UserGroups, Names::ById(names)) => self.user_groups = names,
            (NameList::SubscriberGroups, Names::ById(names)) => self.subscriber_groups = names,
            (NameList::Languages, Names::ById(names)) => self.languages = names,
            (NameList::UserTags, Names::ById(names)) => self.user_tags = names,
            (_, Names::Options(options, _)) => self.options = options,
            (NameList::Options, Names::ById(_)) => {}
        }
    }

    /// Whether no name of a list is known.
    pub fn lacks(&self, list: NameList) -> bool {
        match list {
            NameList::UserGroups => self.user_groups.is_empty(),
            NameList::SubscriberGroups => self.subscriber_groups.is_empty(),
            NameList::Languages => self.languages.is_empty(),
            NameList::Options => self.options.is_empty(),
            NameList::UserTags => self.user_tags.is_empty(),
        }
    }
}

/// Whether names are to be read: it is time, or the mapping may speak of others now.
pub fn are_due(s: &Session<'_>) -> bool {
    let state = s.state();
    state.timers.labels <= s.now() || state.labels_config != s.shop.config_version
}

/// Reads the names that the mapping asks for. A name that was never had leaves its field empty; a list that cannot be read
/// now leaves names as they were read before.
pub async fn refresh(s: &Session<'_>) -> Result<(), Halt> {
    s.may_ask_shop()?;
    let mut labels = s.state().labels.clone();
    for list in NameList::needed(s.config()) {
        let options = s.state().option_list;
        match s.shoper_piece(|c| list.read(c, options)).await {
            Ok(names) => {
                if let Names::Options(_, Some(list)) = &names {
                    s.state().option_list = *list;
                }
                labels.put(list, names);
            }
            Err(CallError::Halt(halt)) => return Err(halt),
            Err(CallError::Api(error)) => tracing::warn!(%error, "names cannot be read from the shop"),
        }
    }
    let next = s.now() + cadence::stretched(s, LABELS_EVERY_MS, RAREST).await?;
    let mut state = s.state();
    state.labels = labels;
    state.labels_config = s.shop.config_version;
    state.timers.labels = next;
    Ok(())
}
