//! Names behind the shop's numbers: groups, languages, options of select fields.
//!
//! Read once in a while and only when the mapping speaks of them; kept with the lane.

use std::collections::BTreeMap;

use sync_core::mapping::Needs;

use crate::error::{CallError, Halt};
use crate::session::Session;
use crate::state::Labels;

const EVERY_MS: i64 = 6 * 3_600_000;

/// Whether names are to be read: it is time, or the mapping may speak of others now.
pub fn are_due(s: &Session<'_>) -> bool {
    let state = s.state();
    state.timers.labels <= s.now() || state.labels_config != s.shop.config_version
}

/// Reads the names that the mapping asks for. A name that cannot be had leaves its field empty.
pub async fn refresh(s: &Session<'_>) -> Result<(), Halt> {
    let config = s.config();
    let needs = config.customers.mapping.needs() | config.subscribers.mapping.needs();
    // Room for all of it at once: stopping half-way would begin anew and never come to the end.
    let mut calls = 0.0;
    for (what, requests) in [
        (Needs::GROUPS, 2.0),
        (Needs::LANGUAGES, 1.0),
        (Needs::ADDITIONAL_FIELDS, 1.0),
    ] {
        if needs.contains(what) {
            calls += requests;
        }
    }
    s.need_shoper(calls, 0.0)?;
    let mut labels = Labels::default();
    if needs.contains(Needs::GROUPS) {
        if config.customers.enabled {
            let rows = allowed(s.shoper(|c| async move { c.user_groups().await }).await)?;
            labels.user_groups = rows
                .unwrap_or_default()
                .into_iter()
                .map(|g| (g.id, g.name))
                .collect();
        }
        if config.subscribers.enabled {
            let rows = allowed(s.shoper(|c| async move { c.subscriber_groups().await }).await)?;
            labels.subscriber_groups = rows
                .unwrap_or_default()
                .into_iter()
                .map(|g| (g.id, g.name))
                .collect();
        }
    }
    if needs.contains(Needs::LANGUAGES) {
        let rows = allowed(s.shoper(|c| async move { c.languages().await }).await)?;
        labels.languages = rows
            .unwrap_or_default()
            .into_iter()
            .map(|l| (l.id, l.locale))
            .collect();
    }
    if needs.contains(Needs::ADDITIONAL_FIELDS) {
        let rows = allowed(s.shoper(|c| async move { c.additional_fields().await }).await)?;
        labels.options = rows
            .unwrap_or_default()
            .into_iter()
            .filter(|f| !f.options.is_empty())
            .map(|f| (f.id, f.options.into_iter().collect::<BTreeMap<String, String>>()))
            .collect();
    }
    let next = s.now() + EVERY_MS;
    let mut state = s.state();
    state.labels = labels;
    state.labels_config = s.shop.config_version;
    state.timers.labels = next;
    Ok(())
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
