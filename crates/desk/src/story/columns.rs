//! Three columns: in the shop now, last sent, in SARE now.

use std::collections::BTreeSet;

use engine::{status_of, value_in};
use sare_api::ContactRecord;
use store::{Contact, Outcome};
use sync_core::config::Config;
use sync_core::mapping::Target;
use texts::Words;

use super::Story;

/// What a row of the columns is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnName {
    /// The shop's consent, SARE's status.
    Consent,
    /// Our groups in SARE.
    Groups,
    /// A field of the mapping.
    Field(Target),
}

impl ColumnName {
    /// Its name for people.
    pub fn text(&self, words: Words) -> String {
        match self {
            Self::Consent => words.say("column.consent").to_owned(),
            Self::Groups => words.say("column.groups").to_owned(),
            Self::Field(target) => target.to_string(),
        }
    }
}

/// One row of the three columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it is about.
    pub name: ColumnName,
    /// In the shop now; `?` when it could not be asked.
    pub shop: String,
    /// What SARE was last told. Values are not kept, so this says whether it was what the shop says now.
    pub sent: String,
    /// In SARE now; `?` when it could not be asked.
    pub sare: String,
    /// The shop and SARE say different things of it.
    pub differs: bool,
}

const NOTHING: &str = "-";
const UNKNOWN: &str = "?";

/// All rows.
pub fn columns(story: &Story<'_>, words: Words) -> Vec<Column> {
    let contact = story.ledger.contact.as_ref();
    let shop = story.in_shop.as_ref().ok();
    let record = story.in_sare.as_ref().ok().map(Option::as_ref);
    let in_sare = |tell: &dyn Fn(&ContactRecord) -> String| match record {
        None => UNKNOWN.to_owned(),
        Some(None) => NOTHING.to_owned(),
        Some(Some(record)) => tell(record),
    };
    let last_seen = contact.and_then(Contact::sare_status).map_or_else(
        || NOTHING.to_owned(),
        |status| words.fill("column.last-seen", &[("status", &status)]),
    );
    let mut rows = vec![Column {
        name: ColumnName::Consent,
        shop: consent(story, words),
        sent: last_seen,
        sare: in_sare(&|record| {
            let status = record.status.map(status_of);
            status.map_or_else(|| UNKNOWN.to_owned(), |status| words.status_in_full(status))
        }),
        differs: false,
    }];
    let Some(config) = story.config else { return rows };
    let ours = shop.map(|shop| numbers(&shop.groups(config)));
    let theirs = in_sare(&|record| {
        record
            .groups
            .as_deref()
            .map_or_else(|| UNKNOWN.to_owned(), numbers)
    });
    rows.push(Column {
        name: ColumnName::Groups,
        shop: ours.unwrap_or_else(|| UNKNOWN.to_owned()),
        sent: contact.map_or_else(|| NOTHING.to_owned(), |contact| numbers(&contact.groups)),
        sare: theirs,
        differs: false,
    });
    let as_now = contact.map(|contact| (contact.sent.is_some(), story.is_as_sent(contact)));
    let sent = match as_now {
        Some((true, Some(true))) => words.say("column.as-now"),
        Some((true, Some(false))) => words.say("column.not-as-now"),
        Some((true, None)) => UNKNOWN,
        _ => NOTHING,
    };
    // Of those whose data are kept from SARE, a difference is as it should be.
    let is_sent = contact.is_none_or(|contact| {
        matches!(
            contact.outcome,
            Outcome::Unknown | Outcome::Synchronised | Outcome::Failed
        )
    });
    for target in targets(config) {
        let value = shop.map(|shop| shop.traits.get(&target));
        let has = record.flatten().map(|record| value_in(record, &target).trim());
        let careful = shop.is_some_and(|shop| shop.traits.if_empty.contains(&target));
        let differs = match (value.flatten(), has) {
            (Some(wanted), Some(has)) if is_sent => wanted != has && (has.is_empty() || !careful),
            _ => false,
        };
        rows.push(Column {
            shop: match value {
                None => UNKNOWN.to_owned(),
                Some(Some(wanted)) => wanted.to_owned(),
                Some(None) => words.say("column.left-alone").to_owned(),
            },
            sent: sent.to_owned(),
            sare: in_sare(&|record| value_in(record, &target).to_owned()),
            differs,
            name: ColumnName::Field(target),
        });
    }
    rows
}

fn consent(story: &Story<'_>, words: Words) -> String {
    let Ok(shop) = story.in_shop else {
        return UNKNOWN.to_owned();
    };
    let word = |flag: Option<bool>| match flag {
        Some(true) => words.say("common.yes"),
        Some(false) => words.say("common.no"),
        None => UNKNOWN,
    };
    let flag = shop
        .customers
        .first()
        .map(|user| words.fill("column.flag", &[("word", &word(user.newsletter))]));
    let row = shop
        .subscribers
        .first()
        .map(|row| words.fill("column.subscriber", &[("word", &word(row.active))]));
    let both: Vec<String> = flag.into_iter().chain(row).collect();
    if both.is_empty() {
        NOTHING.to_owned()
    } else {
        both.join(", ")
    }
}

fn targets(config: &Config) -> BTreeSet<Target> {
    let rows = config.customers.mapping.rows().iter();
    rows.chain(config.subscribers.mapping.rows())
        .map(|row| row.target.clone())
        .collect()
}

/// Numbers in a row, `-` for none.
pub fn numbers(groups: &[i64]) -> String {
    if groups.is_empty() {
        return NOTHING.to_owned();
    }
    let all: Vec<String> = groups.iter().map(ToString::to_string).collect();
    all.join(", ")
}
