//! The table of consent, row by row, and the steps around it.

mod around;
mod history;

use super::*;
use crate::config::{ConsentRule, OnNewOptIn};
use crate::consent::{Followed, Known, Noticed, Rules, ShopView, Signal, observe};

/// One contact under examination, with the defaults of a shop.
#[derive(Clone)]
struct Case {
    known: Known,
    shop: ShopView,
    sare: SareView,
    followed: Option<Followed>,
    rules: Rules,
    at: Circumstances,
}

fn a_contact() -> Case {
    Case {
        known: Known::default(),
        shop: ShopView::default(),
        sare: SareView::Absent,
        followed: None,
        rules: Rules {
            customer: ConsentRule::FlagOrSubscriber,
            on_new_opt_in: OnNewOptIn::AskAgain,
        },
        at: Circumstances {
            in_shop: true,
            in_scope: true,
            may_confirm: true,
            told: false,
            differs: true,
            without_consent: WithoutConsent::Unconfirmed,
            to_sare: UnsubscribeStatus::RemovalRequested,
            deleted: DeletedAction::LeaveGroup,
        },
    }
}

impl Case {
    fn customer(mut self, signal: Signal) -> Self {
        self.shop.customers.push(signal);
        self
    }

    fn subscriber(mut self, signal: Signal) -> Self {
        self.shop.subscribers.push(signal);
        self
    }

    fn sare(mut self, status: Status) -> Self {
        self.sare = SareView::Status(status);
        self
    }

    /// Looked at before: these were the facts, and SARE was told.
    fn known(mut self, facts: Facts) -> Self {
        self.known = Known {
            facts: Some(facts),
            seen_in_sare: true,
            was_in_sare: true,
            lowering: false,
            decided: false,
        };
        self.at.told = true;
        self
    }

    fn on_new_opt_in(mut self, choice: OnNewOptIn) -> Self {
        self.rules.on_new_opt_in = choice;
        self
    }

    fn circumstances(mut self, change: impl FnOnce(&mut Circumstances)) -> Self {
        change(&mut self.at);
        self
    }

    fn look(&self) -> (Facts, Vec<Noticed>, Step) {
        let (facts, noticed) = observe(&self.known, &self.shop, self.sare, self.followed, self.rules);
        let at = Circumstances {
            in_shop: !self.shop.is_empty(),
            ..self.at
        };
        (facts, noticed, next_step(&facts, self.sare, &at))
    }

    fn step(&self) -> Step {
        self.look().2
    }
}

fn consenting() -> Facts {
    Facts {
        consent: true,
        ..Facts::default()
    }
}

fn refusing(origin: RefusalOrigin) -> Facts {
    Facts {
        consent: true,
        refusal: Some(Refusal {
            status: Status::RemovalRequested,
            origin,
            applied: true,
        }),
        ..Facts::default()
    }
}

const REFUSALS: [Status; 3] = Status::REFUSALS;
const OPEN: [Status; 3] = [Status::NotVerified, Status::NotConfirmed, Status::Confirmed];

#[test]
fn nothing_in_sare_and_consent_adds_as_confirmed() {
    let expected = Step::Add {
        status: Status::Confirmed,
        confirm: false,
    };
    assert_eq!(a_contact().subscriber(Signal::first(true)).step(), expected);
    assert_eq!(a_contact().customer(Signal::first(true)).step(), expected);
    let surely = Case {
        sare: SareView::SurelyAbsent,
        ..a_contact().customer(Signal::fresh(true))
    };
    assert_eq!(surely.step(), expected);
}

#[test]
fn nothing_in_sare_and_no_consent_adds_as_unconfirmed_or_skips() {
    let case = a_contact().customer(Signal::first(false));
    assert_eq!(
        case.step(),
        Step::Add {
            status: Status::NotConfirmed,
            confirm: false
        }
    );
    assert_eq!(
        case.circumstances(|at| at.without_consent = WithoutConsent::Skip)
            .step(),
        Step::Skip
    );
}

#[test]
fn an_open_contact_of_unchanged_consent_gets_data_and_keeps_its_status() {
    for number in OPEN {
        for consent in [true, false] {
            let facts = Facts {
                consent,
                ..Facts::default()
            };
            let case = a_contact()
                .customer(Signal::same(consent))
                .sare(number)
                .known(facts);
            assert_eq!(case.step(), Step::Update, "{number} {consent}");
            assert_eq!(
                case.circumstances(|at| at.differs = false).step(),
                Step::Keep,
                "{number} {consent}"
            );
            let first = a_contact().customer(Signal::first(consent)).sare(number);
            assert_eq!(first.step(), Step::Update, "at first sight, {number} {consent}");
        }
    }
}

#[test]
fn consent_that_was_there_and_has_gone_unsubscribes_by_the_set_status() {
    for number in OPEN {
        for to_sare in [UnsubscribeStatus::RemovalRequested, UnsubscribeStatus::Removed] {
            let case = a_contact()
                .customer(Signal::then(true, false))
                .sare(number)
                .known(consenting());
            let (facts, noticed, step) = case.circumstances(|at| at.to_sare = to_sare).look();
            assert_eq!(step, Step::Unsubscribe { to: to_sare.status() });
            assert_eq!(noticed, [Noticed::WithdrawnInShop]);
            assert!(facts.withdrawn && !facts.consent);
        }
    }
}

#[test]
fn a_withdrawal_set_to_unconfirmed_lowers_only_what_is_mailed() {
    let case = |number| {
        a_contact()
            .customer(Signal::then(true, false))
            .sare(number)
            .known(consenting())
            .circumstances(|at| at.to_sare = UnsubscribeStatus::Unconfirmed)
            .step()
    };
    assert_eq!(
        case(Status::Confirmed),
        Step::Unsubscribe {
            to: Status::NotConfirmed
        }
    );
    assert_eq!(case(Status::NotConfirmed), Step::Update);
    assert_eq!(case(Status::NotVerified), Step::Update);
}

#[test]
fn a_refusal_new_in_sare_is_to_be_told_to_the_shop_and_nothing_goes_to_sare() {
    for number in REFUSALS {
        let (facts, noticed, step) = a_contact()
            .subscriber(Signal::same(true))
            .sare(number)
            .known(consenting())
            .look();
        assert_eq!(step, Step::Suppress);
        assert_eq!(noticed, [Noticed::RefusedInSare]);
        let expected = Refusal {
            status: number,
            origin: RefusalOrigin::Sare,
            applied: false,
        };
        assert_eq!(facts.refusal, Some(expected));
    }
}

#[test]
fn a_refusal_found_at_first_sight_is_suppressed_and_written_to_neither_side() {
    for number in REFUSALS {
        let (facts, noticed, step) = a_contact().subscriber(Signal::first(true)).sare(number).look();
        assert_eq!(step, Step::Suppress);
        assert_eq!(noticed, [Noticed::AlreadyRefused]);
        let refusal = facts.refusal.unwrap();
        assert_eq!(
            (refusal.origin, refusal.applied),
            (RefusalOrigin::FirstSight, true)
        );
    }
}

#[test]
fn a_new_opt_in_after_a_refusal_does_what_the_merchant_chose() {
    for number in REFUSALS {
        for origin in [
            RefusalOrigin::Sare,
            RefusalOrigin::FirstSight,
            RefusalOrigin::Shop,
        ] {
            let case = a_contact()
                .subscriber(Signal::then(false, true))
                .sare(number)
                .known(Facts {
                    refusal: Some(Refusal {
                        status: number,
                        origin,
                        applied: true,
                    }),
                    ..Facts::default()
                });
            let step = |choice| case.clone().on_new_opt_in(choice).step();
            assert_eq!(
                step(OnNewOptIn::AskAgain),
                Step::Raise {
                    to: Status::NotConfirmed,
                    confirm: true
                }
            );
            assert_eq!(
                step(OnNewOptIn::Reactivate),
                Step::Raise {
                    to: Status::Confirmed,
                    confirm: false
                }
            );
            assert_eq!(step(OnNewOptIn::Leave), Step::Suppress);
        }
    }
}

#[test]
fn an_old_consent_is_no_new_opt_in() {
    for signal in [
        Signal::same(true),
        Signal::first(true),
        Signal {
            moved: true,
            ..Signal::then(false, true)
        },
    ] {
        for choice in [OnNewOptIn::AskAgain, OnNewOptIn::Reactivate] {
            let case = a_contact()
                .customer(signal)
                .sare(Status::RemovalRequested)
                .known(refusing(RefusalOrigin::Sare));
            assert_eq!(case.on_new_opt_in(choice).step(), Step::Suppress, "{signal:?}");
        }
    }
}

#[test]
fn blocked_and_unknown_contacts_are_never_touched() {
    for number in [7, 0, 1, 9, 10, -1, 99] {
        for signal in [
            Signal::first(true),
            Signal::then(true, false),
            Signal::then(false, true),
            Signal::fresh(true),
        ] {
            for facts in [consenting(), refusing(RefusalOrigin::Sare)] {
                let case = a_contact().customer(signal).sare(number.into()).known(facts);
                assert_eq!(case.step(), Step::HandsOff, "{number} {signal:?}");
            }
        }
        let gone = a_contact().sare(number.into()).known(consenting());
        assert_eq!(
            gone.circumstances(|at| at.deleted = DeletedAction::Delete).step(),
            Step::HandsOff
        );
    }
}
