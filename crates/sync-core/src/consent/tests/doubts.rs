//! What is not said, and consents that something speaks against.

use super::*;

fn consenting() -> Facts {
    Facts {
        consent: true,
        ..Facts::default()
    }
}

#[test]
fn what_is_not_said_of_a_known_record_is_what_was_said_before() {
    for &rule in ConsentRule::ALL {
        let rules = Rules {
            customer: rule,
            ..RULES
        };
        let shop = view(&[Signal::silent(Some(true))], &[Signal::silent(Some(true))]);
        let (facts, noticed) = observe(
            &known(consenting()),
            &shop,
            SareView::Status(Status::Confirmed),
            None,
            rules,
        );
        assert_eq!((facts, noticed), (consenting(), vec![]), "{rule:?}");
        let never = view(&[Signal::silent(None)], &[Signal::silent(None)]);
        assert!(!consent_by_rule(&never, rule), "{rule:?}");
    }
}

#[test]
fn what_was_never_said_is_acted_upon_when_it_is_and_undoes_nothing() {
    let silent = view(&[Signal::silent(None)], &[]);
    let (facts, noticed) = observe(&Known::default(), &silent, SareView::Absent, None, RULES);
    assert_eq!(facts.doubt, Some(Doubt::NotSaid));
    assert_eq!(noticed, [Noticed::Doubted(Doubt::NotSaid)]);
    assert!(!facts.consent && !facts.withdrawn);

    let says = |word| view(&[Signal::first(word)], &[]);
    let (yes, _) = observe(
        &known(facts),
        &says(true),
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    assert_eq!(
        (yes.consent, yes.opt_in, yes.doubt),
        (true, Some(OptIn::Confirm), None)
    );
    let (no, _) = observe(
        &known(facts),
        &says(false),
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    assert_eq!(
        (no.consent, no.opt_in, no.doubt, no.withdrawn),
        (false, None, None, false)
    );
    let (refused, _) = observe(
        &known(facts),
        &says(true),
        SareView::Status(Status::RemovedAutomatically),
        None,
        RULES,
    );
    assert_eq!((refused.opt_in, refused.refusal.is_some()), (None, true));

    // An address that SARE had with a status of its own keeps it.
    let (facts, _) = observe(
        &Known::default(),
        &silent,
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    let (yes, _) = observe(
        &known(facts),
        &says(true),
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    assert_eq!((yes.consent, yes.opt_in), (true, None));
}

#[test]
fn an_inactive_row_vetoes_at_first_sight_and_until_somebody_says_otherwise() {
    let (yes, no) = (Signal::first(true), Signal::first(false));
    for rule in [ConsentRule::Flag, ConsentRule::FlagOrSubscriber] {
        let rules = Rules {
            customer: rule,
            ..RULES
        };
        // However new the customer is: the row was there first, or came with them.
        for customer in [yes, Signal::fresh(true)] {
            let first = observe(
                &Known::default(),
                &view(&[customer], &[no]),
                SareView::Absent,
                None,
                rules,
            );
            assert_eq!(first.0.doubt, Some(Doubt::InactiveRow), "{rule:?}");
            assert!(!first.0.consent && !first.0.withdrawn);
        }
        let doubted = Facts {
            doubt: Some(Doubt::InactiveRow),
            ..Facts::default()
        };
        let look = |customer, row, decided| {
            let known = Known {
                decided,
                ..known(doubted)
            };
            observe(
                &known,
                &view(&[customer], &[row]),
                SareView::Status(Status::NotConfirmed),
                None,
                rules,
            )
            .0
        };
        let (same_yes, same_no) = (Signal::same(true), Signal::same(false));
        assert_eq!(look(same_yes, same_no, false), doubted, "{rule:?}");
        for over in [
            look(same_yes, same_no, true),
            look(same_yes, Signal::then(false, true), false),
            look(Signal::then(false, true), same_no, false),
        ] {
            let expected = (true, None, Some(OptIn::Confirm));
            assert_eq!((over.consent, over.doubt, over.opt_in), expected, "{rule:?}");
        }
        let withdrew = look(Signal::then(true, false), same_no, true);
        assert!(withdrew.withdrawn && !withdrew.consent && withdrew.opt_in.is_none());
    }
    // A consent that was acted upon is not doubted for a row that comes later.
    let later = view(&[Signal::same(true)], &[Signal::fresh(false)]);
    let (facts, _) = observe(
        &known(consenting()),
        &later,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert_eq!((facts.consent, facts.doubt), (true, None));
}

#[test]
fn a_decision_is_nothing_against_a_refusal() {
    let refused = Known {
        decided: true,
        ..known(Facts {
            doubt: Some(Doubt::InactiveRow),
            ..Facts::default()
        })
    };
    let shop = view(&[Signal::same(true)], &[Signal::same(false)]);
    for number in [2, 3, 4] {
        let (facts, _) = observe(&refused, &shop, SareView::Status(number.into()), None, RULES);
        assert_eq!((facts.consent, facts.opt_in), (false, None), "{number}");
    }
}

#[test]
fn a_doubt_from_the_old_address_is_ended_by_a_person_alone() {
    let moved = Signal {
        moved: true,
        ..Signal::same(true)
    };
    let came = Some(Followed::doubt());
    let (facts, noticed) = observe(
        &Known::default(),
        &view(&[moved], &[]),
        SareView::Absent,
        came,
        RULES,
    );
    assert_eq!(facts.doubt, Some(Doubt::OldAddress));
    assert_eq!(noticed, [Noticed::Doubted(Doubt::OldAddress)]);
    let anew = view(&[Signal::then(false, true)], &[]);
    let (still, _) = observe(
        &known(facts),
        &anew,
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    assert_eq!(
        (still.consent, still.opt_in, still.doubt),
        (false, None, facts.doubt)
    );
    let decided = Known {
        decided: true,
        ..known(facts)
    };
    let same = view(&[Signal::same(true)], &[]);
    let (over, _) = observe(
        &decided,
        &same,
        SareView::Status(Status::NotConfirmed),
        None,
        RULES,
    );
    assert_eq!((over.consent, over.opt_in), (true, Some(OptIn::Confirm)));
    // Whoever is at an address that consents already brings no doubt to it.
    let (kept, _) = observe(
        &known(consenting()),
        &same,
        SareView::Status(Status::Confirmed),
        came,
        RULES,
    );
    assert_eq!((kept.consent, kept.doubt), (true, None));
}
