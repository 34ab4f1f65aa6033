//! Names behind the shop's numbers: groups, languages, options of select fields.
//!
//! Read once in a while and only when the mapping speaks of them; kept with the lane.

use std::collections::BTreeMap;

use sync_core::mapping::Needs;

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Labels;

pub const EVERY_MS: i64 = 6 * 3_600_000;

/// Whether names are to be read: it is time, or the mapping may speak of others now.
pub fn are_due(s: &Session<'_>) -> bool {
    let state = s.state();
    state.timers.labels <= s.now() || state.labels_config != s.shop.config_version
}

/// Reads the names that the mapping asks for. A name that was never had leaves its field empty. A list that was read is
/// kept, should the next one have to wait.
pub async fn refresh(s: &Session<'_>) -> Result<(), Halt> {
    let config = s.config();
    let needs = config.customers.mapping.needs() | config.subscribers.mapping.needs();
    let lists = [
        (Needs::GROUPS, config.customers.enabled, List::UserGroups),
        (Needs::GROUPS, config.subscribers.enabled, List::SubscriberGroups),
        (Needs::LANGUAGES, true, List::Languages),
        (Needs::ADDITIONAL_FIELDS, true, List::Options),
        (Needs::TAGS, config.customers.enabled, List::UserTags),
    ];
    for (what, wanted, list) in lists {
        if !(wanted && needs.contains(what)) || s.state().labels_read.contains_key(list.word()) {
            continue;
        }
        let turn = s.begin("labels", (1.0, 0.0), (0.0, 0.0))?;
        let result = read(s, list).await;
        s.end(&turn, &result);
        let labels = result?;
        s.state().labels_read.insert(list.word().to_owned(), labels);
    }
    let next = s.now() + EVERY_MS;
    let mut state = s.state();
    let mut all = Labels::default();
    for labels in std::mem::take(&mut state.labels_read).into_values() {
        all.user_groups.extend(labels.user_groups);
        all.subscriber_groups.extend(labels.subscriber_groups);
        all.languages.extend(labels.languages);
        all.options.extend(labels.options);
        all.user_tags.extend(labels.user_tags);
    }
    state.labels = all;
    state.labels_config = s.shop.config_version;
    state.timers.labels = next;
    Ok(())
}

/// A list of names.
#[derive(Debug, Clone, Copy)]
enum List {
    UserGroups,
    SubscriberGroups,
    Languages,
    Options,
    UserTags,
}

impl List {
    fn word(self) -> &'static str {
        match self {
            Self::UserGroups => "user-groups",
            Self::SubscriberGroups => "subscriber-groups",
            Self::Languages => "languages",
            Self::Options => "options",
            Self::UserTags => "user-tags",
        }
    }
}

/// A list that cannot be read now leaves names as they were read before.
async fn read(s: &Session<'_>, list: List) -> Result<Labels, Halt> {
    let mut labels = Labels::default();
    let before = s.state().labels.clone();
    match list {
        List::UserGroups => {
            let rows = allowed(s.shoper_piece(|c| async move { c.user_groups().await }).await)?;
            labels.user_groups = rows.map_or(before.user_groups, |rows| {
                rows.into_iter().map(|g| (g.id, g.name)).collect()
            });
        }
        List::SubscriberGroups => {
            let rows = allowed(
                s.shoper_piece(|c| async move { c.subscriber_groups().await })
                    .await,
            )?;
            labels.subscriber_groups = rows.map_or(before.subscriber_groups, |rows| {
                rows.into_iter().map(|g| (g.id, g.name)).collect()
            });
        }
        List::Languages => {
            let rows = allowed(s.shoper_piece(|c| async move { c.languages().await }).await)?;
            labels.languages = rows.map_or(before.languages, |rows| {
                rows.into_iter().map(|l| (l.id, l.locale)).collect()
            });
        }
        List::Options => {
            let first = s.state().option_list;
            let read = s.shoper_piece(|c| async move { c.additional_fields_with_options(first).await });
            labels.options = match allowed(read.await)? {
                None => before.options,
                Some((rows, list)) => {
                    if let Some(list) = list {
                        s.state().option_list = list;
                    }
                    let fields = rows.into_iter().filter(|f| !f.options.is_empty());
                    let with_options = fields.map(|f| {
                        let options: BTreeMap<String, String> = f.options.into_iter().collect();
                        (f.id, options)
                    });
                    with_options.collect()
                }
            };
        }
        List::UserTags => {
            let rows = allowed(s.shoper_piece(|c| async move { c.user_tags().await }).await)?;
            labels.user_tags = rows.map_or(before.user_tags, |rows| {
                rows.into_iter().map(|tag| (tag.id, tag.name)).collect()
            });
        }
    }
    Ok(labels)
}

fn allowed<T>(answer: Result<T, CallError<shoper_api::Error>>) -> Result<Option<T>, Halt> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(error)) => {
            tracing::warn!(%error, "names cannot be read from the shop");
            Ok(None)
        }
    }
}
