//! What the next synchronisation does with a contact: the one decision, asked with what both services say now and carried
//! out by nobody.

use engine::status_of;
use store::Outcome;
use sync_core::config::DeletedAction;
use sync_core::consent::{SareView, ShopView, Signal};
use sync_core::decide::{self, Case, Decision};
use sync_core::plan::Step;
use sync_core::{RecordKey, RecordKind};
use texts::Words;

use super::{InShop, Story};
use crate::verdict::last_told;

impl Story<'_> {
    /// The decision; `None` where a service could not be asked or nothing is configured.
    pub fn decision(&self) -> Option<Decision> {
        let (config, in_shop) = (self.config?, self.in_shop.ok()?);
        let in_sare = *self.in_sare.as_ref().ok()?;
        let contact = self.ledger.contact.as_ref();
        let sare = match in_sare {
            Some(record) => {
                let status = record.status.map(status_of).or_else(|| last_told(contact));
                status.map_or(SareView::Absent, SareView::Status)
            }
            None => SareView::SurelyAbsent,
        };
        let case = Case {
            had_groups: contact.map_or(&[][..], |contact| &contact.groups),
            sent: contact.and_then(|contact| contact.sent.as_deref()),
            ..Case::of(config, self.email, self.known, self.view(in_shop), sare)
        };
        let traits = in_shop.traits.clone();
        Some(decide::decide(&case, |_| Some(traits)))
    }

    /// What the records say now, beside what they said when the ledger last saw them.
    fn view(&self, in_shop: &InShop) -> ShopView {
        let before = |kind, id| {
            let key = RecordKey { kind, id };
            let known = self.ledger.records.iter().find(|record| record.key == key);
            Signal::silent(known.and_then(|record| record.consent))
        };
        ShopView {
            customers: in_shop
                .customers
                .iter()
                .map(|user| Signal {
                    now: user.newsletter,
                    account: user.registered,
                    ..before(RecordKind::Customer, user.id.0)
                })
                .collect(),
            subscribers: in_shop
                .subscribers
                .iter()
                .map(|row| Signal {
                    now: row.active,
                    ..before(RecordKind::Subscriber, row.id.0)
                })
                .collect(),
            ..ShopView::default()
        }
    }

    /// What will change at the next synchronisation; `None` where nothing will, or nobody can tell. Of one whom SARE did not
    /// take the problem tells.
    pub fn next_sentence(&self, words: Words) -> Option<&'static str> {
        let contact = self.ledger.contact.as_ref();
        if contact.is_some_and(|contact| contact.outcome == Outcome::Failed) {
            return None;
        }
        let decision = self.decision()?;
        Some(match decision.step {
            Step::Add { confirm: true, .. } => words.say("next.add-asked"),
            Step::Add { status, .. } if status.is_mailable() => words.say("next.add"),
            Step::Add { .. } => words.say("next.add-not-mailed"),
            Step::Update => words.say("next.update"),
            Step::Unsubscribe { .. } => words.say("next.unsubscribe"),
            Step::Raise { confirm: true, .. } => words.say("next.ask"),
            Step::Raise { .. } => words.say("next.raise"),
            Step::Leave(DeletedAction::LeaveGroup) => words.say("next.leave"),
            Step::Leave(DeletedAction::Delete) => words.say("next.delete"),
            _ if decision.tells_shop => words.say("next.tell-shop"),
            _ => return None,
        })
    }
}
