//! Three columns: in the shop now, last sent, in SARE now.

use std::collections::BTreeSet;

use sare_api::ContactRecord;
use store::Outcome;
use sync_core::Lang;
use sync_core::config::Config;
use sync_core::mapping::Target;

use super::{Story, either, words};
use engine::value_in;

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
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Consent => either(lang, "zgoda / status", "consent / status").to_owned(),
            Self::Groups => either(lang, "grupy", "groups").to_owned(),
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
pub fn columns(story: &Story<'_>, lang: Lang) -> Vec<Column> {
    let contact = story.ledger.contact.as_ref();
    let shop = story.in_shop.as_ref().ok();
    let record = story.in_sare.as_ref().ok().map(Option::as_ref);
    let in_sare = |tell: &dyn Fn(&ContactRecord) -> String| match record {
        None => UNKNOWN.to_owned(),
        Some(None) => NOTHING.to_owned(),
        Some(Some(record)) => tell(record),
    };
    let last_seen = contact.and_then(|contact| contact.sare_status).map_or_else(
        || NOTHING.to_owned(),
        |number| match lang {
            Lang::Pl => format!("{number} (ostatnio widziany)"),
            Lang::En => format!("{number} when last seen"),
        },
    );
    let mut rows = vec![Column {
        name: ColumnName::Consent,
        shop: consent(story, lang),
        sent: last_seen,
        sare: in_sare(&|record| {
            let number = record.status.map(sare_api::Status::number);
            number.map_or_else(|| UNKNOWN.to_owned(), |number| words::status(number, lang))
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
        Some((true, Some(true))) => either(lang, "jak teraz", "as now"),
        Some((true, Some(false))) => either(lang, "co innego niż teraz", "not as now"),
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
                Some(None) => either(lang, "(bez zmian)", "(left alone)").to_owned(),
            },
            sent: sent.to_owned(),
            sare: in_sare(&|record| value_in(record, &target).to_owned()),
            differs,
            name: ColumnName::Field(target),
        });
    }
    rows
}

fn consent(story: &Story<'_>, lang: Lang) -> String {
    let Ok(shop) = story.in_shop else {
        return UNKNOWN.to_owned();
    };
    let word = |flag: Option<bool>| match flag {
        Some(true) => either(lang, "tak", "yes"),
        Some(false) => either(lang, "nie", "no"),
        None => UNKNOWN,
    };
    let flag = shop.customers.first().map(|user| {
        let name = either(lang, "zgoda klienta", "flag");
        format!("{name}: {}", word(user.newsletter))
    });
    let row = shop.subscribers.first().map(|row| {
        let name = either(lang, "subskrypcja", "subscriber");
        format!("{name}: {}", word(row.active))
    });
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
