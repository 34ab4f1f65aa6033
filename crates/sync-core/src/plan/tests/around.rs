//! Around the table: deletions, moves, vanished contacts, opt-ins, and what steps say of themselves.

use super::*;

#[test]
fn a_contact_deleted_in_the_shop_is_dealt_with_as_chosen() {
    for action in [
        DeletedAction::Keep,
        DeletedAction::LeaveGroup,
        DeletedAction::Delete,
    ] {
        let case = a_contact()
            .sare(Status::Confirmed)
            .known(consenting())
            .circumstances(|at| at.deleted = action);
        assert_eq!(case.step(), Step::Leave(action));
    }
    assert_eq!(
        a_contact().sare(Status::Confirmed).step(),
        Step::Skip,
        "whom SARE was never told of is not ours to remove"
    );
}

#[test]
fn a_refusal_not_yet_told_to_sare_outlives_the_record() {
    let withdrawn = Facts {
        withdrawn: true,
        ..Facts::default()
    };
    assert_eq!(
        a_contact().sare(Status::Confirmed).known(withdrawn).step(),
        Step::Unsubscribe {
            to: Status::RemovalRequested
        }
    );
    assert_eq!(
        a_contact()
            .sare(Status::Confirmed)
            .known(refusing(RefusalOrigin::Followed))
            .step(),
        Step::Unsubscribe {
            to: Status::RemovalRequested
        }
    );
    let told = a_contact()
        .sare(Status::RemovalRequested)
        .known(refusing(RefusalOrigin::Shop));
    assert_eq!(told.step(), Step::Leave(DeletedAction::LeaveGroup));
}

#[test]
fn a_refusal_follows_the_person_to_a_new_address() {
    let moved = Signal {
        moved: true,
        ..Signal::same(true)
    };
    let follows = |sare| Case {
        followed: Some(Followed::refusal(Status::RemovedAutomatically)),
        sare,
        ..a_contact().customer(moved)
    };
    assert_eq!(
        follows(SareView::Absent).step(),
        Step::Add {
            status: Status::RemovedAutomatically,
            confirm: false
        }
    );
    for number in OPEN {
        assert_eq!(
            follows(SareView::Status(number)).step(),
            Step::Unsubscribe {
                to: Status::RemovedAutomatically
            }
        );
    }
    assert_eq!(
        follows(SareView::Status(Status::RemovalRequested)).step(),
        Step::Suppress
    );
    let out = follows(SareView::Absent).circumstances(|at| at.in_scope = false);
    assert_eq!(
        out.step(),
        Step::Suppress,
        "nobody is added whose kind is not synchronised"
    );
}

#[test]
fn a_withdrawal_follows_the_person_also_where_it_is_set_to_unconfirmed() {
    let moved = Signal {
        moved: true,
        ..Signal::same(true)
    };
    let case = Case {
        followed: Some(Followed::refusal(Status::NotConfirmed)),
        ..a_contact().customer(moved)
    }
    .circumstances(|at| at.to_sare = UnsubscribeStatus::Unconfirmed);
    let (facts, noticed, step) = case.look();
    assert_eq!(
        (facts.withdrawn, facts.consent, step),
        (true, false, Step::Suppress)
    );
    assert_eq!(noticed, [Noticed::RefusalFollowed]);
    assert_eq!(
        case.sare(Status::Confirmed).step(),
        Step::Unsubscribe {
            to: Status::NotConfirmed
        }
    );
}

#[test]
fn an_unconfirmed_contact_who_opts_in_for_the_first_time_is_confirmed() {
    for number in [5, 6] {
        let case = a_contact()
            .customer(Signal::then(false, true))
            .sare(number.into())
            .known(Facts::default());
        assert_eq!(
            case.step(),
            Step::Raise {
                to: Status::Confirmed,
                confirm: false
            }
        );
    }
}

#[test]
fn a_withdrawal_kept_as_unconfirmed_is_a_refusal_when_the_person_comes_back() {
    let withdrawn = Facts {
        withdrawn: true,
        ..Facts::default()
    };
    let case = a_contact()
        .customer(Signal::then(false, true))
        .sare(Status::NotConfirmed)
        .known(withdrawn)
        .circumstances(|at| at.to_sare = UnsubscribeStatus::Unconfirmed);
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
    assert_eq!(step(OnNewOptIn::Leave), Step::Update);
}

#[test]
fn whoever_vanished_from_sare_is_not_added_again_without_a_new_opt_in() {
    let vanished = |signal| Case {
        sare: SareView::SurelyAbsent,
        ..a_contact().customer(signal).known(consenting())
    };
    let (facts, noticed, step) = vanished(Signal::same(true)).look();
    assert_eq!((noticed, step), (vec![Noticed::VanishedFromSare], Step::Suppress));
    let back = Case {
        sare: SareView::SurelyAbsent,
        ..a_contact().customer(Signal::then(false, true)).known(facts)
    };
    assert_eq!(
        back.step(),
        Step::Add {
            status: Status::NotConfirmed,
            confirm: true
        }
    );
    assert_eq!(
        back.on_new_opt_in(OnNewOptIn::Reactivate).step(),
        Step::Add {
            status: Status::Confirmed,
            confirm: false
        }
    );
}

#[test]
fn a_withdrawal_reaches_sare_also_when_a_vanished_contact_was_subscribed_again() {
    let vanished = Facts {
        refusal: Some(Refusal {
            status: Status::Absent,
            origin: RefusalOrigin::Vanished,
            applied: true,
        }),
        ..consenting()
    };
    let case = a_contact()
        .customer(Signal::then(true, false))
        .sare(Status::Confirmed)
        .known(vanished);
    assert_eq!(
        case.step(),
        Step::Unsubscribe {
            to: Status::RemovalRequested
        }
    );
}

#[test]
fn a_wish_is_not_carried_out_for_someone_who_no_longer_consents() {
    for opt_in in [OptIn::AskAgain, OptIn::Reactivate, OptIn::Confirm] {
        for number in [4, 6] {
            let stale = Facts {
                opt_in: Some(opt_in),
                consent: false,
                ..refusing(RefusalOrigin::Sare)
            };
            let step = next_step(&stale, SareView::Status(number.into()), &a_contact().at);
            assert!(
                !matches!(step, Step::Raise { .. } | Step::Add { .. }),
                "{opt_in:?} {number} {step:?}"
            );
            let withdrawn = Facts {
                consent: true,
                withdrawn: true,
                ..stale
            };
            let step = next_step(&withdrawn, SareView::Status(number.into()), &a_contact().at);
            assert!(
                !matches!(step, Step::Raise { .. } | Step::Add { .. }),
                "{opt_in:?} {number} {step:?}"
            );
        }
    }
}

#[test]
fn nobody_is_raised_whose_kind_is_not_synchronised() {
    let facts = Facts {
        opt_in: Some(OptIn::Reactivate),
        ..refusing(RefusalOrigin::Sare)
    };
    let at = Circumstances {
        in_scope: false,
        ..a_contact().at
    };
    assert_eq!(
        next_step(&facts, SareView::Status(Status::RemovalRequested), &at),
        Step::Suppress
    );
    assert_eq!(next_step(&facts, SareView::Absent, &at), Step::Suppress);
}

#[test]
fn a_pending_question_outlasts_the_contacts_absence() {
    let facts = Facts {
        opt_in: Some(OptIn::AskAgain),
        ..consenting()
    };
    assert_eq!(
        next_step(&facts, SareView::Absent, &a_contact().at),
        Step::Add {
            status: Status::NotConfirmed,
            confirm: true
        }
    );
}

#[test]
fn contacts_left_out_for_want_of_consent_are_left_out_in_sare_too() {
    let skip = |at: &mut Circumstances| at.without_consent = WithoutConsent::Skip;
    let case = a_contact()
        .customer(Signal::first(false))
        .sare(Status::NotConfirmed)
        .circumstances(skip);
    assert_eq!(case.step(), Step::Skip);
    let told = case.known(Facts::default());
    assert_eq!(told.step(), Step::Update, "whom SARE holds by us is kept current");
}

#[test]
fn the_brake_counts_what_stops_being_mailed_and_the_statement_what_begins_to_be() {
    let (mailed, unconfirmed) = (
        SareView::Status(Status::Confirmed),
        SareView::Status(Status::NotConfirmed),
    );
    assert!(
        Step::Unsubscribe {
            to: Status::RemovalRequested
        }
        .makes_unmailable(mailed)
    );
    assert!(
        !Step::Unsubscribe {
            to: Status::RemovalRequested
        }
        .makes_unmailable(unconfirmed)
    );
    assert!(Step::Leave(DeletedAction::Delete).makes_unmailable(mailed));
    assert!(!Step::Leave(DeletedAction::Keep).makes_unmailable(mailed));
    assert!(
        Step::Add {
            status: Status::Confirmed,
            confirm: false
        }
        .makes_mailable(SareView::Absent)
    );
    assert!(
        !Step::Add {
            status: Status::NotConfirmed,
            confirm: true
        }
        .makes_mailable(SareView::Absent)
    );
    assert!(
        Step::Raise {
            to: Status::Confirmed,
            confirm: false
        }
        .makes_mailable(SareView::Status(Status::RemovalRequested))
    );
    assert!(
        !Step::Raise {
            to: Status::NotConfirmed,
            confirm: true
        }
        .makes_mailable(SareView::Status(Status::RemovalRequested))
    );
    assert!(!Step::Update.makes_mailable(mailed));
}

#[test]
fn only_steps_that_write_say_so() {
    for quiet in [
        Step::Keep,
        Step::Suppress,
        Step::Skip,
        Step::HandsOff,
        Step::Leave(DeletedAction::Keep),
    ] {
        assert!(!quiet.writes(), "{quiet:?}");
    }
    for loud in [
        Step::Update,
        Step::Unsubscribe {
            to: Status::RemovalRequested,
        },
        Step::Leave(DeletedAction::Delete),
    ] {
        assert!(loud.writes(), "{loud:?}");
    }
}

#[test]
fn who_may_not_be_confirmed_is_added_as_unconfirmed_raised_by_nobody_and_lowered_as_others() {
    let at = Circumstances {
        may_confirm: false,
        ..a_contact().at
    };
    let unconfirmed = Step::Add {
        status: Status::NotConfirmed,
        confirm: false,
    };
    assert_eq!(next_step(&consenting(), SareView::Absent, &at), unconfirmed);
    for opt_in in [OptIn::Confirm, OptIn::Reactivate, OptIn::AskAgain] {
        let facts = Facts {
            opt_in: Some(opt_in),
            ..consenting()
        };
        assert_eq!(next_step(&facts, SareView::Absent, &at), unconfirmed);
        assert_eq!(
            next_step(&facts, SareView::Status(Status::NotConfirmed), &at),
            Step::Update
        );
    }
    let withdrawn = Facts {
        consent: false,
        withdrawn: true,
        ..consenting()
    };
    let lowered = Step::Unsubscribe {
        to: Status::RemovalRequested,
    };
    assert_eq!(
        next_step(&withdrawn, SareView::Status(Status::Confirmed), &at),
        lowered
    );
}
