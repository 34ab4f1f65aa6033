//! What a change of the configuration comes to: what it costs, told before it is saved and after, and what two versions
//! differ in.

use desk::{Cost, Work, cost};
use engine::LaneStanding;
use sync_core::config::Config;
use sync_core::mapping::{Needs, Overwrite, RowText, WhenEmpty};
use sync_core::{ByKind, RecordKind};
use texts::Words;

use super::choices::Choices;
use super::form::in_words;
use super::section::Section;
use crate::error::Error;
use crate::panel::session::Visit;
use crate::state::App;

/// What a change from `before` to `after` comes to, in sentences; none when nothing changes.
pub async fn sentences(
    app: &App,
    visit: &Visit,
    lane: &LaneStanding,
    choices: &Choices,
    before: &Config,
    after: &Config,
) -> Result<Vec<String>, Error> {
    let (kind, words) = (choices.kind, visit.words);
    let (was, now) = (Section::of(before, kind), Section::of(after, kind));
    if was.is_same(&now) {
        return Ok(Vec::new());
    }
    if !lane.first_done {
        return Ok(vec![words.say("mapping.cost-first").to_owned()]);
    }
    let mut out = Vec::new();
    if was.enabled && !now.enabled {
        return Ok(vec![words.say("mapping.cost-off").to_owned()]);
    }
    let starts = now.enabled && !was.enabled;
    let data = now.enabled && (was.rows() != now.rows() || was.group != now.group);
    if starts || data {
        let Cost {
            contacts, seconds, ..
        } = estimate(app, visit, lane, kind, after).await?;
        let values: [(&str, &dyn std::fmt::Display); 2] = [
            ("contacts", &words.count("mapping.contacts", contacts)),
            ("time", &takes(seconds, words)),
        ];
        out.push(if starts {
            words.fill("mapping.cost-start", &values)
        } else {
            words.fill("mapping.cost-rewrite", &values)
        });
    }
    if was.group != now.group && was.group > 0 && now.group > 0 && !starts {
        let (was, now) = (choices.group_name(was.group), choices.group_name(now.group));
        out.push(words.fill("mapping.cost-group", &[("was", &was), ("now", &now)]));
    }
    if (was.consent, was.without) != (now.consent, now.without) && !starts {
        out.push(words.say("mapping.cost-consent").to_owned());
    }
    if out.is_empty() {
        out.push(words.say("mapping.cost-nothing").to_owned());
    }
    Ok(out)
}

/// How long a change takes, after "it takes".
fn takes(seconds: i64, words: Words) -> String {
    match seconds {
        ..60 => words.say("mapping.takes-moment").to_owned(),
        60..3_600 => words.count("mapping.takes-minutes", (seconds + 59) / 60),
        _ => words.count("mapping.takes-hours", (seconds + 3_599) / 3_600),
    }
}

async fn estimate(
    app: &App,
    visit: &Visit,
    lane: &LaneStanding,
    kind: RecordKind,
    after: &Config,
) -> Result<Cost, Error> {
    let count = async |kind| app.store.record_counts(visit.shop.id, kind).await;
    let known = ByKind {
        customers: count(RecordKind::Customer).await?.all,
        subscribers: count(RecordKind::Subscriber).await?.all,
    };
    Ok(cost(&Work {
        customers: if after.customers.enabled {
            known.customers
        } else {
            0
        },
        with_addresses: after.customers.mapping.needs().contains(Needs::ADDRESSES),
        subscribers: known.subscribers,
        rewritten: known[kind],
        batch: lane.batch,
        lookup: lane.lookup,
        sare_rate: app.engine.settings().sare_rate,
    }))
}

/// One setting in which two versions differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting.
    pub what: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub now: String,
}

/// Settings in which two versions differ, in the page's words.
pub fn differences(was: &Section, now: &Section, choices: &Choices, words: Words) -> Vec<Difference> {
    let mut out = Vec::new();
    let mut compare = |what: &str, was: String, now: String| {
        if was != now {
            out.push(Difference {
                what: what.to_owned(),
                was,
                now,
            });
        }
    };
    let on = |section: &Section| {
        let word = if section.enabled {
            words.say("common.yes")
        } else {
            words.say("common.no")
        };
        word.to_owned()
    };
    compare(words.say("mapping.enabled-short"), on(was), on(now));
    let group = |section: &Section| match section.group {
        0 => words.say("mapping.nothing").to_owned(),
        group => choices.group_name(group),
    };
    compare(words.say("mapping.group"), group(was), group(now));
    let consent = |section: &Section| {
        words
            .say_word("mapping-consent", section.consent.word())
            .to_owned()
    };
    compare(words.say("mapping.consent"), consent(was), consent(now));
    let without = |section: &Section| {
        words
            .say_word("mapping-without", section.without.word())
            .to_owned()
    };
    compare(words.say("mapping.without"), without(was), without(now));
    let (was, now) = (was.rows(), now.rows());
    let mut targets: Vec<&str> = was.iter().chain(&now).map(|row| row.target.as_str()).collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        let of = |rows: &[RowText]| match rows.iter().find(|row| row.target == target) {
            Some(row) => describe(row, choices, words),
            None => words.say("mapping.nothing").to_owned(),
        };
        compare(&choices.target_name(target), of(&was), of(&now));
    }
    out
}

/// A row in a few words.
fn describe(row: &RowText, choices: &Choices, words: Words) -> String {
    let mut parts = vec![match (&row.value, &row.from) {
        (Some(constant), _) => format!("„{constant}”"),
        (None, Some(from)) => choices.source_name(&in_words(choices.kind, from, choices.words().0)),
        (None, None) => words.say("mapping.nothing").to_owned(),
    }];
    parts.extend(row.transform.iter().map(|step| choices.step_name(step)));
    if let Some(default) = &row.default {
        parts.push(words.fill("mapping.described-default", &[("value", default)]));
    }
    if row.when_empty == WhenEmpty::Clear {
        parts.push(words.say("mapping.empty-clear").to_lowercase());
    }
    if row.overwrite == Overwrite::IfEmpty {
        parts.push(words.say("mapping.overwrite-if-empty").to_lowercase());
    }
    parts.join("; ")
}
