//! Which status a contact of a sample would get in SARE, and why: the engine's own decisions (`sync-core`), asked with
//! what is known now and carried out by nobody.

use engine::Engine;
use store::{Contact, Record, Shop};
use sync_core::config::Config;
use sync_core::consent::{Known, SareView, ShopView, Signal, Status};
use sync_core::decide::{self, Case};
use sync_core::plan::Step;
use sync_core::{RecordKey, RecordKind};

use crate::error::Error;
use crate::sample::{InSare, Sample, Sampled, Word};

/// What would be done about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The step in SARE.
    pub step: Step,
    /// SARE's status now; `None` where it was not asked or does not tell.
    pub status: Option<Status>,
    /// The shop says that the contact consents.
    pub consents: bool,
    /// SARE was asked, so that a contact it does not name is new to it.
    pub is_sure: bool,
}

/// The verdict on the contact at a place of a sample, were `config` saved.
///
/// # Errors
/// When the ledger cannot be asked.
pub async fn verdict(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    sample: &Sample,
    at: usize,
) -> Result<Option<Verdict>, Error> {
    let Some(person) = sample.people.get(at) else {
        return Ok(None);
    };
    let hash = engine.store().hash(shop.id, person.email.key());
    let contact = engine.store().contact(shop.id, hash).await?;
    let records = engine.store().records_of(shop.id, &[hash]).await?;
    let known = engine::known(
        contact.as_ref(),
        engine.clock().now(),
        ports::millis(engine.settings().settle_after),
    );
    Ok(Some(judge(
        config,
        sample,
        at,
        person,
        (known, contact.as_ref()),
        &records,
    )))
}

/// The verdict on somebody made up, whom nobody knows.
pub fn verdict_on_stranger(config: &Config, sample: &Sample, at: usize) -> Option<Verdict> {
    let person = sample.people.get(at)?;
    Some(judge(config, sample, at, person, (Known::default(), None), &[]))
}

fn judge(
    config: &Config,
    sample: &Sample,
    at: usize,
    person: &Sampled,
    (known, contact): (Known, Option<&Contact>),
    records: &[Record],
) -> Verdict {
    let view = view(person, sample.other(at), records);
    let last = last_told(contact);
    let (sare, status, is_sure) = match sample.in_sare(at) {
        Some(InSare::There(record)) => {
            let status = record.status.map(engine::status_of).or(last);
            (status.map_or(SareView::Absent, SareView::Status), status, true)
        }
        Some(InSare::NotNamed) => (SareView::Absent, None, true),
        Some(InSare::Gone) => (SareView::SurelyAbsent, None, true),
        None => (last.map_or(SareView::Absent, SareView::Status), last, false),
    };
    let case = Case {
        had_groups: contact.map_or(&[][..], |contact| &contact.groups),
        sent: contact.and_then(|contact| contact.sent.as_deref()),
        // What would be sent is shown whether or not SARE has it already.
        differs: true,
        ..Case::of(config, &person.email, known, view, sare)
    };
    let decision = decide::decide(&case, |_| None);
    Verdict {
        step: decision.step,
        status,
        consents: decision.facts.consent,
        is_sure,
    }
}

/// What SARE said last, which stands where it was not asked or does not tell; of one known to refuse, the refusal does.
pub(crate) fn last_told(contact: Option<&Contact>) -> Option<Status> {
    let contact = contact.filter(|contact| contact.refusal.is_none())?;
    contact.sare_status().filter(|n| *n != Status::Absent)
}

/// What the shop says: the record read now, and the other ones of the address as the ledger knows them or else as
/// the shop was asked.
fn view(person: &Sampled, other: Option<Word>, records: &[Record]) -> ShopView {
    let mut view = ShopView::default();
    let mut push = |kind: RecordKind, signal: Signal| match kind {
        RecordKind::Customer => view.customers.push(signal),
        RecordKind::Subscriber => view.subscribers.push(signal),
    };
    let before = |key: RecordKey| records.iter().find(|record| record.key == key);
    let said_before = before(person.key).and_then(|record| record.consent);
    let signal = Signal {
        now: person.consent,
        account: person.person.has_account(),
        ..Signal::silent(said_before)
    };
    push(person.key.kind, signal);
    let others = records.iter().filter(|record| record.key != person.key);
    let mut is_known = false;
    for record in others {
        is_known |= record.key.kind != person.key.kind;
        push(record.key.kind, Signal::silent(record.consent));
    }
    if let Some(Word(consents)) = other.filter(|_| !is_known) {
        let kind = match person.key.kind {
            RecordKind::Customer => RecordKind::Subscriber,
            RecordKind::Subscriber => RecordKind::Customer,
        };
        let signal = Signal {
            now: consents,
            ..Signal::silent(None)
        };
        push(kind, signal);
    }
    view
}

#[cfg(test)]
mod tests {
    use store::{Refused, Seen};
    use sync_core::config::{ConsentRule, WithoutConsent};
    use sync_core::consent::{Intent, OptIn, Refusal, RefusalOrigin};

    use super::*;
    use crate::fictional;

    fn config() -> Config {
        let mut config = Config::default();
        config.customers.enabled = true;
        config.customers.group = 21;
        config
    }

    fn steps(config: &Config) -> Vec<Step> {
        let sample = fictional::sample(RecordKind::Customer);
        (0..3)
            .map(|at| verdict_on_stranger(config, &sample, at).unwrap().step)
            .collect()
    }

    fn add(status: Status) -> Step {
        Step::Add {
            status,
            confirm: false,
        }
    }

    #[test]
    fn consent_decides_about_strangers() {
        assert_eq!(
            steps(&config()),
            [
                add(Status::Confirmed),
                add(Status::NotConfirmed),
                add(Status::Confirmed)
            ]
        );
    }

    #[test]
    fn the_rules_on_the_page_are_the_rules_of_the_verdict() {
        let mut config = config();
        config.customers.without_consent = WithoutConsent::Skip;
        assert_eq!(
            steps(&config),
            [add(Status::Confirmed), Step::Skip, add(Status::Confirmed)]
        );
        config.customers.consent = ConsentRule::Subscriber;
        assert_eq!(steps(&config), [Step::Skip; 3]);
    }

    fn seen(status: Status) -> Option<Seen> {
        Some(Seen { status, at: 0 })
    }

    fn refused(status: Status) -> Option<Refused> {
        let origin = RefusalOrigin::Sare;
        let refusal = Refusal {
            status,
            origin,
            applied: false,
        };
        Some(Refused::since(refusal, 0))
    }

    /// Anna as the ledger knows her: in SARE and mailed.
    fn anna() -> Contact {
        let hash = store::AddrHash([1; 16]);
        Contact {
            consent: Some(true),
            sare: seen(Status::Confirmed),
            sent: Some(vec![1]),
            ..Contact::new(hash, "anna@przyklad.example".to_owned(), 0)
        }
    }

    const HOUR: ports::Millis = 3_600_000;

    fn verdict_on(contact: &Contact, heard: Option<InSare>) -> Verdict {
        let mut sample = fictional::sample(RecordKind::Customer);
        if let Some(heard) = heard {
            sample.hears(0, heard);
        }
        let known = engine::known(Some(contact), HOUR, HOUR / 6);
        judge(
            &config(),
            &sample,
            0,
            &sample.people[0],
            (known, Some(contact)),
            &[],
        )
    }

    #[test]
    fn a_known_refusal_wins() {
        let mut contact = anna();
        contact.refusal = refused(Status::RemovedAutomatically);
        for heard in [None, Some(InSare::NotNamed), Some(InSare::Gone)] {
            assert_eq!(verdict_on(&contact, heard).step, Step::Suppress);
        }
    }

    #[test]
    fn somebody_who_vanished_from_sare_is_not_added_again() {
        assert_eq!(verdict_on(&anna(), Some(InSare::Gone)).step, Step::Suppress);
        let mut never = anna();
        (never.sare, never.sent) = (None, None);
        assert_eq!(
            verdict_on(&never, Some(InSare::NotNamed)).step,
            add(Status::Confirmed)
        );
    }

    #[test]
    fn where_sare_was_not_asked_what_it_said_last_stands() {
        let verdict = verdict_on(&anna(), None);
        assert_eq!(
            (verdict.step, verdict.status, verdict.is_sure),
            (Step::Update, Some(Status::Confirmed), false)
        );
    }

    #[test]
    fn a_wish_under_way_is_part_of_the_verdict() {
        let mut contact = anna();
        contact.refusal = refused(Status::RemovalRequested);
        contact.sare = seen(Status::RemovalRequested);
        contact.intent = Some(Intent {
            opt_in: Some(OptIn::AskAgain),
            ..Intent::default()
        });
        let record = sare_api::ContactRecord {
            status: Some(sare_api::Status::from_number(4)),
            ..sare_api::ContactRecord::default()
        };
        let heard = Some(InSare::There(std::sync::Arc::new(record)));
        let with = verdict_on(&contact, heard.clone()).step;
        contact.intent = None;
        assert_eq!(verdict_on(&contact, heard).step, Step::Suppress);
        assert!(
            matches!(with, Step::Raise { .. } | Step::Add { confirm: true, .. }),
            "{with:?}"
        );
    }
}
