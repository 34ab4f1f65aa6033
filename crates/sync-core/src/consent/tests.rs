//! What is made of what both sides say, case by case. The steps that follow, and the promises over
//! whole histories, are tested beside `plan.rs`.

use super::*;

mod doubts;

const RULES: Rules = Rules {
    customer: ConsentRule::FlagOrSubscriber,
    on_new_opt_in: OnNewOptIn::AskAgain,
};

fn view(customers: &[Signal], subscribers: &[Signal]) -> ShopView {
    ShopView {
        customers: customers.to_vec(),
        subscribers: subscribers.to_vec(),
        lost: Vec::new(),
    }
}

fn known(facts: Facts) -> Known {
    Known {
        facts: Some(facts),
        seen_in_sare: true,
        was_in_sare: true,
        lowering: false,
        decided: false,
    }
}

fn refusing(status: Status, origin: RefusalOrigin) -> Facts {
    Facts {
        consent: true,
        refusal: Some(Refusal {
            status,
            origin,
            applied: true,
        }),
        ..Facts::default()
    }
}

#[test]
fn what_counts_as_consent_is_the_merchants_choice() {
    let (yes, no) = (Signal::first(true), Signal::first(false));
    for (customers, subscribers, flag, subscriber, either) in [
        (vec![yes], vec![no], true, false, true),
        (vec![no], vec![yes], false, true, true),
        (vec![yes], vec![], true, false, true),
        (vec![no], vec![], false, false, false),
        (vec![], vec![yes], true, true, true),
        (vec![], vec![no], false, false, false),
        (vec![], vec![], false, false, false),
    ] {
        let shop = view(&customers, &subscribers);
        assert_eq!(consent_by_rule(&shop, ConsentRule::Flag), flag, "{shop:?}");
        assert_eq!(
            consent_by_rule(&shop, ConsentRule::Subscriber),
            subscriber,
            "{shop:?}"
        );
        assert_eq!(
            consent_by_rule(&shop, ConsentRule::FlagOrSubscriber),
            either,
            "{shop:?}"
        );
        let both = flag && subscriber;
        assert_eq!(
            consent_by_rule(&shop, ConsentRule::FlagAndSubscriber),
            both,
            "{shop:?}"
        );
    }
}

#[test]
fn two_records_of_one_kind_that_disagree_are_no_consent() {
    let shop = view(&[Signal::first(true), Signal::first(false)], &[]);
    for &rule in ConsentRule::ALL {
        assert!(!consent_by_rule(&shop, rule));
    }
}

#[test]
fn a_withdrawal_counts_whatever_the_other_sources_say_and_whatever_the_rule() {
    for &rule in ConsentRule::ALL {
        let rules = Rules {
            customer: rule,
            ..RULES
        };
        for shop in [
            view(&[Signal::same(true)], &[Signal::then(true, false)]),
            view(&[Signal::then(true, false)], &[Signal::same(true)]),
            view(&[Signal::then(true, false)], &[Signal::then(false, true)]),
        ] {
            let consenting = Facts {
                consent: true,
                ..Facts::default()
            };
            let (facts, noticed) = observe(
                &known(consenting),
                &shop,
                SareView::Status(Status::Confirmed),
                None,
                rules,
            );
            assert!(facts.withdrawn && !facts.consent, "{shop:?}");
            assert_eq!(noticed, [Noticed::WithdrawnInShop]);
        }
    }
}

#[test]
fn losing_the_record_that_carried_the_consent_is_a_withdrawal() {
    let consenting = Facts {
        consent: true,
        ..Facts::default()
    };
    let mut shop = view(&[Signal::same(false)], &[]);
    shop.lost.push(true);
    let (facts, _) = observe(
        &known(consenting),
        &shop,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(facts.withdrawn);

    let mut still_consents = view(&[Signal::same(true)], &[]);
    still_consents.lost.push(true);
    let (facts, _) = observe(
        &known(consenting),
        &still_consents,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(
        !facts.withdrawn && facts.consent,
        "the customer's own flag still says yes"
    );

    let gone = ShopView {
        lost: vec![true],
        ..ShopView::default()
    };
    let (facts, _) = observe(
        &known(consenting),
        &gone,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(
        !facts.withdrawn,
        "a deletion is no withdrawal: the merchant chose what follows"
    );
}

#[test]
fn a_withdrawal_lasts_until_a_new_opt_in() {
    let withdrawn = Facts {
        withdrawn: true,
        ..Facts::default()
    };
    let (facts, noticed) = observe(
        &known(withdrawn),
        &view(&[Signal::same(true)], &[]),
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(facts.withdrawn && !facts.consent && noticed.is_empty());
    let opted_in = view(&[Signal::then(false, true)], &[]);
    let (facts, noticed) = observe(
        &known(withdrawn),
        &opted_in,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(!facts.withdrawn && facts.consent);
    assert_eq!(noticed, [Noticed::OptedInInShop]);
}

#[test]
fn only_a_source_that_counts_can_opt_in() {
    let flag_flips = view(&[Signal::then(false, true)], &[Signal::same(true)]);
    let row_flips = view(&[Signal::same(true)], &[Signal::then(false, true)]);
    for (rule, by_flag, by_row) in [
        (ConsentRule::Flag, true, false),
        (ConsentRule::Subscriber, false, true),
        (ConsentRule::FlagOrSubscriber, true, true),
    ] {
        let rules = Rules {
            customer: rule,
            ..RULES
        };
        let opt_in = |shop| {
            let before = known(refusing(Status::RemovalRequested, RefusalOrigin::Sare));
            observe(
                &before,
                shop,
                SareView::Status(Status::RemovalRequested),
                None,
                rules,
            )
            .0
            .opt_in
        };
        assert_eq!(opt_in(&flag_flips).is_some(), by_flag, "{rule:?}");
        assert_eq!(opt_in(&row_flips).is_some(), by_row, "{rule:?}");
    }
}

#[test]
fn a_record_is_an_opt_in_only_when_it_came_after_the_shop_was_read() {
    let before = known(refusing(Status::RemovalRequested, RefusalOrigin::Sare));
    let opt_in = |signal| {
        observe(
            &before,
            &view(&[], &[signal]),
            SareView::Status(Status::RemovalRequested),
            None,
            RULES,
        )
        .0
        .opt_in
    };
    assert_eq!(opt_in(Signal::fresh(true)), Some(OptIn::AskAgain));
    assert_eq!(opt_in(Signal::first(true)), None);
    assert_eq!(opt_in(Signal::fresh(false)), None);
}

#[test]
fn a_refusal_first_seen_together_with_an_opt_in_wins() {
    let consentless = Facts::default();
    let shop = view(&[], &[Signal::then(false, true)]);
    let (facts, noticed) = observe(
        &known(consentless),
        &shop,
        SareView::Status(Status::RemovalRequested),
        None,
        RULES,
    );
    assert_eq!((facts.opt_in, noticed), (None, vec![Noticed::RefusedInSare]));
    assert!(facts.refusal.is_some());
}

#[test]
fn our_own_lowering_read_back_is_no_refusal_of_sares() {
    let withdrawn = Facts {
        withdrawn: true,
        ..Facts::default()
    };
    let shop = view(&[Signal::same(false)], &[]);
    let (facts, noticed) = observe(
        &known(withdrawn),
        &shop,
        SareView::Status(Status::RemovalRequested),
        None,
        RULES,
    );
    let expected = Refusal {
        status: Status::RemovalRequested,
        origin: RefusalOrigin::Shop,
        applied: true,
    };
    assert_eq!((facts.refusal, noticed), (Some(expected), vec![]));
}

#[test]
fn a_lowering_under_way_is_not_mistaken_for_a_new_subscription() {
    let facts = Facts {
        withdrawn: true,
        consent: false,
        ..refusing(Status::RemovalRequested, RefusalOrigin::Shop)
    };
    let before = Known {
        lowering: true,
        ..known(facts)
    };
    let (after, noticed) = observe(
        &before,
        &view(&[Signal::same(false)], &[]),
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert_eq!((after, noticed), (facts, vec![]));
}

#[test]
fn who_subscribes_again_in_sare_refuses_no_longer() {
    for number in [5, 6, 8] {
        let before = known(Facts {
            withdrawn: true,
            consent: false,
            ..refusing(Status::RemovalRequested, RefusalOrigin::Shop)
        });
        let shop = view(&[Signal::same(false)], &[]);
        let (facts, noticed) = observe(&before, &shop, SareView::Status(number.into()), None, RULES);
        assert_eq!(noticed, [Noticed::ResubscribedInSare]);
        assert!(facts.refusal.is_none() && !facts.withdrawn && !facts.consent);
    }
}

#[test]
fn a_refusal_that_followed_is_not_lifted_by_the_status_it_found() {
    let before = known(refusing(Status::RemovalRequested, RefusalOrigin::Followed));
    let shop = view(&[Signal::same(true)], &[]);
    let (facts, noticed) = observe(&before, &shop, SareView::Status(Status::Confirmed), None, RULES);
    assert_eq!(facts.refusal.map(|r| r.origin), Some(RefusalOrigin::Followed));
    assert!(noticed.is_empty());
    let (facts, _) = observe(
        &before,
        &shop,
        SareView::Status(Status::RemovalRequested),
        None,
        RULES,
    );
    assert_eq!(
        facts.refusal.map(|r| r.origin),
        Some(RefusalOrigin::Shop),
        "SARE holds it now"
    );
}

#[test]
fn a_list_that_does_not_name_a_contact_proves_nothing() {
    let consenting = Facts {
        consent: true,
        ..Facts::default()
    };
    let shop = view(&[Signal::same(true)], &[]);
    let (facts, noticed) = observe(&known(consenting), &shop, SareView::Absent, None, RULES);
    assert_eq!((facts, noticed), (consenting, vec![]));
    let young = Known {
        was_in_sare: false,
        ..known(consenting)
    };
    let (facts, _) = observe(&young, &shop, SareView::SurelyAbsent, None, RULES);
    assert_eq!(facts.refusal, None, "too young for its absence to mean anything");
}

#[test]
fn a_wish_ends_when_the_consent_behind_it_does() {
    let waiting = Facts {
        opt_in: Some(OptIn::AskAgain),
        ..refusing(Status::RemovalRequested, RefusalOrigin::Sare)
    };
    let withdrew = view(&[], &[Signal::then(true, false)]);
    assert_eq!(
        observe(
            &known(waiting),
            &withdrew,
            SareView::Status(Status::RemovalRequested),
            None,
            RULES
        )
        .0
        .opt_in,
        None
    );
    // No withdrawal, but by the rule chosen meanwhile the customer does not consent.
    let rules = Rules {
        customer: ConsentRule::Flag,
        ..RULES
    };
    let shop = view(&[Signal::same(false)], &[Signal::same(true)]);
    assert_eq!(
        observe(
            &known(waiting),
            &shop,
            SareView::Status(Status::RemovalRequested),
            None,
            rules
        )
        .0
        .opt_in,
        None
    );
}

#[test]
fn a_wish_that_waits_follows_the_merchants_present_choice() {
    let waiting = Facts {
        opt_in: Some(OptIn::Reactivate),
        ..refusing(Status::RemovalRequested, RefusalOrigin::Sare)
    };
    let shop = view(&[], &[Signal::same(true)]);
    for (choice, opt_in) in [
        (OnNewOptIn::AskAgain, Some(OptIn::AskAgain)),
        (OnNewOptIn::Reactivate, Some(OptIn::Reactivate)),
        (OnNewOptIn::Leave, None),
    ] {
        let rules = Rules {
            on_new_opt_in: choice,
            ..RULES
        };
        assert_eq!(
            observe(
                &known(waiting),
                &shop,
                SareView::Status(Status::RemovalRequested),
                None,
                rules
            )
            .0
            .opt_in,
            opt_in
        );
    }
}

#[test]
fn the_words_of_the_ledger_are_read_back() {
    for origin in [
        RefusalOrigin::FirstSight,
        RefusalOrigin::Sare,
        RefusalOrigin::Shop,
        RefusalOrigin::Vanished,
        RefusalOrigin::Followed,
    ] {
        assert_eq!(RefusalOrigin::kept(origin.word()), origin);
    }
    assert_eq!(RefusalOrigin::kept("something newer"), RefusalOrigin::Sare);
}

#[test]
fn a_withdrawal_seen_together_with_a_new_subscription_in_sare_survives_a_crash() {
    // The person came back in SARE and withdrew in the shop; we keep the facts and fail to write.
    let before = known(refusing(Status::RemovalRequested, RefusalOrigin::Sare));
    let withdrew = view(&[], &[Signal::then(true, false)]);
    let (facts, noticed) = observe(
        &before,
        &withdrew,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert_eq!(noticed, [Noticed::WithdrawnInShop, Noticed::ResubscribedInSare]);
    let same = view(&[], &[Signal::same(false)]);
    let (again, noticed) = observe(
        &known(facts),
        &same,
        SareView::Status(Status::Confirmed),
        None,
        RULES,
    );
    assert!(again.withdrawn && noticed.is_empty());
}

#[test]
fn another_refusal_in_sare_is_newer_than_the_opt_in_seen_with_it() {
    let opted_in = view(&[], &[Signal::then(false, true)]);
    for origin in [
        RefusalOrigin::FirstSight,
        RefusalOrigin::Sare,
        RefusalOrigin::Shop,
    ] {
        let opt_in = |n| {
            observe(
                &known(refusing(Status::RemovalRequested, origin)),
                &opted_in,
                SareView::Status(n),
                None,
                RULES,
            )
            .0
            .opt_in
        };
        assert_eq!(
            (opt_in(Status::RemovalRequested), opt_in(Status::RemovedManually)),
            (Some(OptIn::AskAgain), None)
        );
    }
    let waiting = Facts {
        opt_in: Some(OptIn::AskAgain),
        ..refusing(Status::RemovalRequested, RefusalOrigin::Sare)
    };
    let same = view(&[], &[Signal::same(true)]);
    assert_eq!(
        observe(
            &known(waiting),
            &same,
            SareView::Status(Status::RemovedAutomatically),
            None,
            RULES
        )
        .0
        .opt_in,
        None
    );
}

#[test]
fn a_refusal_that_arrives_with_another_record_ends_the_wish_that_waits() {
    let waiting = Facts {
        opt_in: Some(OptIn::AskAgain),
        ..refusing(Status::RemovalRequested, RefusalOrigin::Sare)
    };
    let arrives = view(
        &[Signal {
            moved: true,
            ..Signal::same(true)
        }],
        &[Signal::same(true)],
    );
    let followed = Some(Followed::refusal(Status::RemovalRequested));
    assert_eq!(
        observe(
            &known(waiting),
            &arrives,
            SareView::Status(Status::RemovalRequested),
            followed,
            RULES
        )
        .0
        .opt_in,
        None
    );
}

#[test]
fn vanishing_is_newer_than_the_opt_in_seen_with_it_and_leaves_a_withdrawal_standing() {
    let withdrawn = Facts {
        withdrawn: true,
        ..Facts::default()
    };
    let opted_in = view(&[], &[Signal::then(false, true)]);
    let (facts, noticed) = observe(&known(withdrawn), &opted_in, SareView::SurelyAbsent, None, RULES);
    assert_eq!((facts, noticed), (withdrawn, vec![Noticed::VanishedFromSare]));
}

#[test]
fn who_vanished_and_is_back_refusing_is_told_to_the_shop() {
    let vanished = known(refusing(Status::Absent, RefusalOrigin::Vanished));
    let (facts, noticed) = observe(
        &vanished,
        &view(&[], &[Signal::same(true)]),
        SareView::Status(Status::RemovedAutomatically),
        None,
        RULES,
    );
    let expected = Refusal {
        status: Status::RemovedAutomatically,
        origin: RefusalOrigin::Sare,
        applied: false,
    };
    assert_eq!(
        (facts.refusal, noticed),
        (Some(expected), vec![Noticed::RefusedInSare])
    );
}
