//! Telling the shop: subscriber rows of contacts that refused in SARE are switched off.

use shoper_api::SubscriberId;
use shoper_api::subscribers::SubscriberUpdate;
use sync_core::{ProblemKind, RecordKey, RecordKind};

use crate::error::{CallError, Halt};
use crate::session::Session;

use super::{Item, ItemResult};

/// Switches off the shop's subscriber rows of contacts that refused in SARE.
pub(super) async fn tell_shop(s: &Session<'_>, items: &mut [Item]) -> Result<(), Halt> {
    for item in items.iter_mut() {
        if !item.a.tells_shop {
            continue;
        }
        let mut all_told = true;
        for (key, groups) in active_rows(item) {
            match switch_off(s, SubscriberId(key.id), groups).await? {
                None => note_switched_off(item, key),
                Some(why) => {
                    all_told = false;
                    item.result = Some(ItemResult::RetryLater(why));
                }
            }
        }
        // A subscriber known and not read now has yet to be told.
        let unread = item
            .a
            .subject
            .known
            .iter()
            .any(|r| r.key.kind == RecordKind::Subscriber && r.consent != Some(false));
        if all_told && !unread {
            if let Some(refused) = &mut item.contact.refusal {
                refused.applied = true;
            }
            let subject = &item.a.subject;
            let consents = subject.readings.iter().any(|r| r.consent == Some(true))
                || subject.known.iter().any(|r| r.consent == Some(true));
            if item.wrote && !consents {
                // As the shop will say when it is read next.
                item.contact.consent = Some(false);
            }
        }
    }
    Ok(())
}

/// Subscriber rows of the contact that are active, or do not say whether they are, with their groups.
fn active_rows(item: &Item) -> Vec<(RecordKey, Option<Vec<i64>>)> {
    let subject = &item.a.subject;
    let read = subject
        .readings
        .iter()
        .filter(|r| r.consent != Some(false))
        .map(|r| {
            // Groups that could not be read are not sent back as none.
            let is_read = !r.unreadable.iter().any(|member| member == "groups");
            let groups = r.person.subscriber_groups().filter(|_| is_read);
            (r.key, groups.map(<[i64]>::to_vec))
        });
    read.filter(|(key, _)| key.kind == RecordKind::Subscriber)
        .collect()
}

fn note_switched_off(item: &mut Item, key: RecordKey) {
    item.wrote = true;
    item.switched_off = true;
    let subject = &mut item.a.subject;
    for reading in subject.readings.iter_mut().filter(|r| r.key == key) {
        (reading.consent, reading.silent) = (Some(false), false);
    }
    for record in subject.known.iter_mut().filter(|r| r.key == key) {
        (record.consent, record.silent) = (Some(false), false);
        item.told.push(record.clone());
    }
}

/// Switches a subscriber off; what keeps it from being so, if anything does.
async fn switch_off(
    s: &Session<'_>,
    id: SubscriberId,
    groups: Option<Vec<i64>>,
) -> Result<Option<ProblemKind>, Halt> {
    let update = SubscriberUpdate {
        active: Some(false),
        groups,
        ..SubscriberUpdate::default()
    };
    let sent = s.shoper(|c| {
        let update = update.clone();
        async move { c.update_subscriber(id, &update).await }
    });
    match sent.await {
        Ok(()) | Err(CallError::Api(shoper_api::Error::NotFound)) => Ok(None),
        Err(CallError::Halt(halt)) => Err(halt),
        Err(CallError::Api(shoper_api::Error::Locked { .. })) => Ok(Some(ProblemKind::RecordLocked)),
        Err(CallError::Api(shoper_api::Error::Forbidden { .. })) => {
            s.not_permitted("subscribers_edit").await?;
            Ok(Some(ProblemKind::NoScope))
        }
        Err(CallError::Api(error)) => {
            tracing::warn!(shop = %s.shop.id, %error, "a subscriber could not be switched off");
            Ok(Some(ProblemKind::ShopRefused))
        }
    }
}
