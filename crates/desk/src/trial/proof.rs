//! What SARE says of contacts that were just sent, beside what the shop says they should be there.

use std::collections::{BTreeMap, HashMap};

use engine::{Engine, value_in};
use sare_api::ContactRecords;
use store::{AddrHash, Record, Shop};
use sync_core::config::Config;
use sync_core::consent::{Known, Status};
use sync_core::email::Email;
use sync_core::mapping::Target;

use super::read::{self, Found};
use super::verdict;
use crate::error::Error;
use crate::sides::{Patience, SareSide, ShopSide};

/// One contact as SARE has it.
pub struct Proof {
    /// SARE has it.
    pub is_there: bool,
    pub status: Option<Status>,
    /// Field by field.
    pub fields: Vec<Compared>,
    /// Groups it should be in and is not; empty where SARE does not tell.
    pub missing_groups: Vec<i64>,
}

impl Proof {
    /// SARE holds all that it should.
    pub fn is_equal(&self) -> bool {
        self.is_there && self.missing_groups.is_empty() && self.fields.iter().all(|field| field.is_equal)
    }
}

/// One field of a contact.
pub struct Compared {
    /// The field of SARE.
    pub target: Target,
    /// What was to be there.
    pub sent: String,
    /// What is there.
    pub found: String,
    /// It is what was to be there.
    pub is_equal: bool,
}

/// Reads contacts back from SARE and compares them with the shop's records, read anew.
///
/// # Errors
/// When the shop or SARE cannot be asked.
pub async fn prove(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    contacts: &BTreeMap<AddrHash, (Email, Vec<Record>)>,
) -> Result<BTreeMap<AddrHash, Proof>, Error> {
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
    let lane = super::lane(engine, &side, shop, config).await?;
    let keys: Vec<_> = contacts
        .values()
        .flat_map(|(_, records)| records.iter().map(|record| record.key))
        .collect();
    let mut in_shop: HashMap<String, Vec<Found>> = HashMap::new();
    for found in read::by_keys(&side, config, lane.addresses, &keys).await? {
        in_shop
            .entry(found.email.key().to_owned())
            .or_default()
            .push(found);
    }
    let sare = SareSide::open(engine, shop, config, Patience::Once).await?;
    let mut records = in_sare(&sare, contacts.values().map(|(email, _)| email.as_str())).await?;
    let proofs = contacts.iter().map(|(hash, (email, _))| {
        let found = in_shop.remove(email.key()).unwrap_or_default();
        let record = records.remove(email.as_str());
        let decision = verdict::decided(config, &lane.labels, &found, Known::default(), None, None);
        let (traits, groups) = decision.map_or_else(Default::default, |decision| {
            (decision.traits.unwrap_or_default(), decision.groups)
        });
        let has = record.as_ref().and_then(|record| record.groups.clone());
        let proof = Proof {
            is_there: record.is_some(),
            status: record.as_ref().and_then(|r| r.status).map(engine::status_of),
            missing_groups: match has {
                Some(has) => groups.into_iter().filter(|group| !has.contains(group)).collect(),
                None => Vec::new(),
            },
            fields: traits
                .targets()
                .into_iter()
                .map(|target| {
                    let sent = traits.get(&target).unwrap_or_default().to_owned();
                    let found = record
                        .as_ref()
                        .map(|r| value_in(r, &target))
                        .unwrap_or_default()
                        .to_owned();
                    let is_kept = traits.if_empty.contains(&target) && !found.trim().is_empty();
                    Compared {
                        is_equal: is_kept || is_same(&target, &sent, &found),
                        target,
                        sent,
                        found,
                    }
                })
                .collect(),
        };
        (*hash, proof)
    });
    Ok(proofs.collect())
}

/// Records by address; those that a list does not name are asked for one by one.
async fn in_sare<'a>(
    sare: &SareSide,
    addresses: impl Iterator<Item = &'a str>,
) -> Result<ContactRecords, Error> {
    let addresses: Vec<&str> = addresses.collect();
    let mut records = sare
        .ask(|c| {
            let addresses = addresses.clone();
            async move { c.by_email_list(&addresses).await }
        })
        .await?;
    for address in addresses {
        if records.get(address).is_some() {
            continue;
        }
        if let Some(record) = sare.ask(|c| async move { c.by_email(address).await }).await? {
            records.insert(record);
        }
    }
    Ok(records)
}

/// White space is of no account, nor how a phone is written.
fn is_same(target: &Target, sent: &str, found: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match target {
        Target::Gsm => digits(sent).trim_start_matches('0') == digits(found).trim_start_matches('0'),
        _ => sent.split_whitespace().eq(found.split_whitespace()),
    }
}
