//! What would be done about a contact and what SARE would get: the engine's own decisions, asked with what both services
//! say now and carried out by nobody.

use engine::{Engine, Labels};
use sare_api::StatusAnswer;
use store::{AddrHash, Contact, Shop};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::consent::{Known, SareView, ShopView, Signal, Status};
use sync_core::decide::{self, Case, Decision};

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
    let (now, settle) = (
        engine.clock().now(),
        ports::millis(engine.settings().settle_after),
    );
    let judged = people.into_iter().filter_map(|(hash, records)| {
        let email = records.first()?.email.clone();
        let status = match answers.get(email.as_str()) {
            StatusAnswer::Status(status) => Some(engine::status_of(status)),
            StatusAnswer::Null | StatusAnswer::NotMentioned => None,
        };
        let contact = known.get(&hash);
        let known = engine::known(contact, now, settle);
        let decision = decided(config, labels, &records, known, contact, status)?;
        Some(Candidate {
            hash,
            email,
            records: records.iter().map(|record| record.key).collect(),
            consents: decision.facts.consent,
            status,
            step: decision.step,
            traits: decision.traits.unwrap_or_default(),
            groups: decision.groups,
        })
    });
    Ok(judged.collect())
}

/// The decision about records of one address; `None` where there are none.
pub fn decided(
    config: &Config,
    labels: &Labels,
    records: &[Found],
    known: Known,
    contact: Option<&Contact>,
    status: Option<Status>,
) -> Option<Decision> {
    let mut shop = ShopView::default();
    for record in records {
        let signal = Signal {
            now: record.consents,
            account: record.person.has_account(),
            ..Signal::silent(None)
        };
        match record.key.kind {
            RecordKind::Customer => shop.customers.push(signal),
            RecordKind::Subscriber => shop.subscribers.push(signal),
        }
    }
    let of = |kind| records.iter().filter(move |record| record.key.kind == kind);
    let sare = status.map_or(SareView::Absent, SareView::Status);
    let case = Case {
        had_groups: contact.map_or(&[][..], |contact| &contact.groups),
        sent: contact.and_then(|contact| contact.sent.as_deref()),
        ..Case::of(config, &records.first()?.email, known, shop, sare)
    };
    Some(decide::decide(&case, |scope| {
        let of = |kind| of(kind).next().map(|record| &record.person);
        let customer = of(RecordKind::Customer).filter(|_| scope.as_customer);
        Some(engine::traits(
            config,
            labels,
            customer,
            of(RecordKind::Subscriber),
        ))
    }))
}
