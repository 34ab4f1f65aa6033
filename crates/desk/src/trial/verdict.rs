//! What would be done about a contact and what SARE would get: the engine's own decisions, asked with what both services
//! say now and carried out by nobody.

use engine::{Engine, Labels};
use sare_api::StatusAnswer;
use store::{AddrHash, Contact, Shop};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::consent::{self, Rules, SareView, ShopView, Signal};
use sync_core::mapping::Traits;
use sync_core::plan::{self, Circumstances};
use sync_core::scope::Scope;

use super::Candidate;
use super::read::Found;
use crate::error::Error;
use crate::sides::SareSide;

/// Judges contacts whose records are all known, in their order.
pub async fn judge(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    sare: &SareSide,
    labels: &Labels,
    people: Vec<(AddrHash, Vec<Found>)>,
) -> Result<Vec<Candidate>, Error> {
    let hashes: Vec<AddrHash> = people.iter().map(|(hash, _)| *hash).collect();
    let addresses: Vec<String> = people
        .iter()
        .filter_map(|(_, records)| Some(records.first()?.email.as_str().to_owned()))
        .collect();
    let known = engine.store().contacts(shop.id, &hashes).await?;
    let answers = sare
        .ask(|c| {
            let addresses = addresses.clone();
            async move {
                let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
                c.statuses(&addresses).await
            }
        })
        .await?;
    let now = engine.clock().now();
    let judged = people.into_iter().filter_map(|(hash, records)| {
        let email = records.first()?.email.clone();
        let status = match answers.get(email.as_str()) {
            StatusAnswer::Status(status) => Some(status.number()),
            StatusAnswer::Null | StatusAnswer::NotMentioned => None,
        };
        Some(candidate(
            config,
            labels,
            hash,
            &records,
            status,
            known.get(&hash),
            now,
        ))
    });
    Ok(judged.collect())
}

fn candidate(
    config: &Config,
    labels: &Labels,
    hash: AddrHash,
    records: &[Found],
    status: Option<i64>,
    contact: Option<&Contact>,
    now: i64,
) -> Candidate {
    let email = records[0].email.clone();
    let mut view = ShopView::default();
    for record in records {
        let signal = Signal {
            now: record.consents,
            ..Signal::silent(None)
        };
        match record.key.kind {
            RecordKind::Customer => view.customers.push(signal),
            RecordKind::Subscriber => view.subscribers.push(signal),
        }
    }
    let sare = status.map_or(SareView::Absent, SareView::Status);
    let rules = Rules {
        customer: config.customers.consent,
        on_new_opt_in: config.unsubscribe.on_new_opt_in,
    };
    let (facts, _) = consent::observe(&engine::known(contact, now, 0), &view, sare, None, rules);
    let traits = traits(config, labels, records);
    let groups = groups(config, records);
    let scope = scope(config, records);
    let sent = contact.and_then(|contact| contact.sent.as_deref());
    let at = Circumstances {
        in_shop: true,
        in_scope: scope.is_in(),
        may_confirm: scope.may_confirm,
        told: contact.is_some_and(|contact| contact.sent.is_some() || !contact.groups.is_empty()),
        differs: sent != Some(&traits.fingerprint(&groups)[..]),
        without_consent: if scope.as_customer {
            config.customers.without_consent
        } else {
            config.subscribers.without_consent
        },
        to_sare: config.unsubscribe.to_sare,
        deleted: config.deleted.action,
    };
    Candidate {
        hash,
        email,
        records: records.iter().map(|record| record.key).collect(),
        consents: facts.consent,
        status,
        step: plan::next_step(&facts, sare, &at),
        traits,
        groups,
    }
}

/// The groups that records of these kinds belong in.
pub fn groups(config: &Config, records: &[Found]) -> Vec<i64> {
    let scope = scope(config, records);
    config.groups(scope.as_customer, scope.as_subscriber)
}

/// What the merchant's rules make of records of one address.
fn scope(config: &Config, records: &[Found]) -> Scope {
    let of = |kind| records.iter().filter(move |record| record.key.kind == kind);
    let accounts: Vec<Option<bool>> = of(RecordKind::Customer)
        .map(|record| record.person.has_account())
        .collect();
    let rows = of(RecordKind::Subscriber).map(|record| record.consents);
    let subscriber = rows
        .map(|active| active == Some(true))
        .reduce(|one, other| one && other);
    match records.first() {
        Some(record) => config.scope(&record.email, &accounts, subscriber),
        None => Scope {
            as_customer: false,
            as_subscriber: false,
            may_confirm: false,
        },
    }
}

/// The values SARE would get: the customer's first.
pub fn traits(config: &Config, labels: &Labels, records: &[Found]) -> Traits {
    let of = |kind| {
        records
            .iter()
            .find(|record| record.key.kind == kind)
            .map(|record| &record.person)
    };
    engine::traits(
        config,
        labels,
        of(RecordKind::Customer),
        of(RecordKind::Subscriber),
    )
}
