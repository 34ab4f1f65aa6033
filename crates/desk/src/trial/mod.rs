//! A trial before the first synchronisation: a few contacts chosen for variety, what SARE would get of each, and, once
//! they were sent, what SARE then says of them.
//!
//! `read.rs` reads records of the shop, `variety.rs` chooses, `verdict.rs` asks the pure decisions what would be done,
//! `proof.rs` compares afterwards. Nothing is kept, and nothing is written: sending is the engine's.

mod proof;
mod read;
mod variety;
mod verdict;

use std::collections::BTreeMap;

use engine::{Engine, LaneStanding};
use store::{AddrHash, Shop};
use sync_core::RecordKey;
use sync_core::config::Config;
use sync_core::consent::Status;
use sync_core::email::Email;
use sync_core::mapping::Traits;
use sync_core::plan::Step;

use crate::error::Error;
use crate::labels::labels;
use crate::sides::{Patience, SareSide, ShopSide};

pub use proof::{Compared, Proof, prove};
use read::Found;

/// Contacts looked at beside those that are wanted, since some may have nothing sent about them.
const SPARE: usize = 2;

/// A contact that may be tried.
pub struct Candidate {
    /// The hash of its address.
    pub hash: AddrHash,
    /// Its address.
    pub email: Email,
    /// All its records: they are tried together, since they decide together.
    pub records: Vec<RecordKey>,
    /// The shop says that it consents, by the merchant's rule.
    pub consents: bool,
    /// SARE's status now; `None` where SARE does not have it.
    pub status: Option<Status>,
    /// What would be done in SARE.
    pub step: Step,
    /// The values SARE would get.
    pub traits: Traits,
    /// The groups it would be put in.
    pub groups: Vec<i64>,
}

/// Chooses at most `most` contacts of the shop that differ from each other as much as those looked at allow: with and
/// without consent, customers and subscribers, long names, missing phones, addresses abroad. Of those that nothing
/// would be sent about one at most is taken, to be seen.
///
/// # Errors
/// When the shop or SARE cannot be asked.
pub async fn choose(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    most: usize,
) -> Result<Vec<Candidate>, Error> {
    let side = ShopSide::open(engine, shop, Patience::Once).await?;
    let sare = SareSide::open(engine, shop, config, Patience::Once).await?;
    let lane = lane(engine, &side, shop, config).await?;
    let mut people: BTreeMap<AddrHash, Vec<Found>> = BTreeMap::new();
    let hash = |email: &Email| engine.store().hash(shop.id, email.key());
    for found in read::sample(&side, config, lane.addresses).await? {
        people.entry(hash(&found.email)).or_default().push(found);
    }
    let features = people.iter().map(|(hash, records)| {
        let of_records = records.iter().map(|found| found.features);
        (*hash, of_records.collect())
    });
    let order = variety::order(&features.collect());
    let mut complete = Vec::new();
    for hash in order.into_iter().take(most + SPARE) {
        let Some(mut records) = people.remove(&hash) else {
            continue;
        };
        // Where the shop cannot be asked for the other record, nobody could say what would become of the contact.
        if read::complete(&side, config, lane.addresses, &mut records).await? {
            complete.push((hash, records));
        }
    }
    let judged = verdict::judge(engine, shop, config, &sare, &lane.labels, complete).await?;
    let (writing, idle): (Vec<Candidate>, Vec<Candidate>) =
        judged.into_iter().partition(|one| one.step.writes());
    let shown = usize::from(!idle.is_empty());
    let mut out: Vec<Candidate> = writing.into_iter().take(most - shown.min(most)).collect();
    out.extend(idle.into_iter().take(shown));
    Ok(out)
}

/// How it stands with the lane, with the names that the mapping speaks of: what the lane has not read yet is read here.
async fn lane(engine: &Engine, side: &ShopSide, shop: &Shop, config: &Config) -> Result<LaneStanding, Error> {
    let mut lane = engine::standing(engine.store(), shop.id).await?;
    if lane.labels_config != shop.config_version {
        lane.labels = labels(side, config, lane.labels).await;
    }
    Ok(lane)
}
