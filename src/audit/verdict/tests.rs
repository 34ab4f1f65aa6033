use super::*;

const CHOICES: Choices = Choices {
    rule: Rule::Either,
    skip_customers: false,
    skip_subscribers: false,
    withdrawal_sets: 4,
    withdrawal_leaves_groups: false,
    to_shoper: true,
    opt_in_is_left: false,
};

fn subscriber(active: bool) -> InShop {
    InShop {
        customer: None,
        subscriber: Some(active),
        subscribers_count: true,
        silent: false,
    }
}

fn with(status: i64) -> InSare {
    InSare {
        status: Some(status),
        ..InSare::default()
    }
}

fn refused(origin: &str) -> Known {
    Known {
        refusal: Some(origin.to_owned()),
        told: true,
        ever_told: true,
        ..Known::default()
    }
}

fn unexplained(difference: Difference) -> Verdict {
    Verdict::Unexplained(vec![difference])
}

#[test]
fn a_consenting_contact_is_confirmed_and_one_without_consent_is_not() {
    let known = Known::default();
    assert_eq!(
        judge(subscriber(true), &with(8), &known, None, CHOICES),
        Verdict::Equal
    );
    assert_eq!(
        judge(subscriber(false), &with(6), &known, None, CHOICES),
        Verdict::Equal
    );
    assert_eq!(
        judge(subscriber(false), &with(5), &known, None, CHOICES),
        Verdict::Equal
    );
}

#[test]
fn a_status_that_sare_had_is_no_difference() {
    let known = Known {
        told: true,
        ..Known::default()
    };
    let kept = Verdict::Explained(Reason::StatusKept);
    assert_eq!(
        judge(subscriber(true), &with(6), &known, Some(true), CHOICES),
        kept
    );
    assert_eq!(
        judge(subscriber(false), &with(8), &known, Some(false), CHOICES),
        kept
    );
}

#[test]
fn a_status_that_we_gave_on_the_word_of_somebody_who_left_is_not_kept() {
    let known = Known {
        told: true,
        on_lost_word: true,
        ..Known::default()
    };
    assert_eq!(
        judge(subscriber(false), &with(8), &known, Some(false), CHOICES),
        unexplained(Difference::MailableWithoutConsent)
    );
    assert_eq!(
        judge(subscriber(false), &with(6), &known, Some(false), CHOICES),
        Verdict::Equal
    );
    // Somebody says yes, who does not count by the merchant's rule.
    let shop = InShop {
        customer: Some(true),
        subscriber: Some(false),
        subscribers_count: true,
        silent: false,
    };
    let by_row = Choices {
        rule: Rule::Subscriber,
        ..CHOICES
    };
    assert_eq!(
        judge(shop, &with(8), &known, Some(false), by_row),
        Verdict::Explained(Reason::StatusKept)
    );
}

#[test]
fn a_contact_that_is_not_in_sare_is_missing_unless_it_was_left_out() {
    let known = Known::default();
    assert_eq!(
        judge(subscriber(true), &InSare::default(), &known, None, CHOICES),
        unexplained(Difference::Missing)
    );
    assert_eq!(
        judge(subscriber(false), &InSare::default(), &known, None, CHOICES),
        unexplained(Difference::Missing)
    );
    let skips = Choices {
        skip_subscribers: true,
        ..CHOICES
    };
    assert_eq!(
        judge(subscriber(false), &InSare::default(), &known, None, skips),
        Verdict::Equal
    );
    assert_eq!(
        judge(subscriber(true), &InSare::default(), &known, None, skips),
        unexplained(Difference::Missing)
    );
}

#[test]
fn nobody_who_withdrew_or_refused_is_put_back() {
    let withdrawn = Known {
        withdrawn: true,
        ..Known::default()
    };
    let not_put_back = Verdict::Explained(Reason::NotPutBack);
    assert_eq!(
        judge(subscriber(false), &InSare::default(), &withdrawn, None, CHOICES),
        not_put_back
    );
    assert_eq!(
        judge(
            subscriber(true),
            &InSare::default(),
            &refused("vanished"),
            None,
            CHOICES
        ),
        not_put_back
    );
}

#[test]
fn a_withdrawal_that_has_not_reached_sare_is_told_even_when_it_is_on_its_way() {
    for waiting in [false, true] {
        let known = Known {
            withdrawn: true,
            told: true,
            waiting,
            ..Known::default()
        };
        let verdict = judge(subscriber(false), &with(8), &known, Some(false), CHOICES);
        assert_eq!(verdict, unexplained(Difference::NotUnsubscribed));
    }
    let softly = Choices {
        withdrawal_sets: 6,
        ..CHOICES
    };
    let known = Known {
        withdrawn: true,
        told: true,
        ..Known::default()
    };
    assert_eq!(
        judge(subscriber(false), &with(6), &known, Some(false), softly),
        Verdict::Equal
    );
    assert_eq!(
        judge(subscriber(false), &with(6), &known, Some(false), CHOICES),
        unexplained(Difference::NotUnsubscribed)
    );
}

#[test]
fn a_refusal_in_sare_is_to_be_seen_in_the_shop() {
    let active = subscriber(true);
    let verdict = |known: &Known, choices| judge(active, &with(4), known, Some(true), choices);
    assert_eq!(
        verdict(&refused("sare"), CHOICES),
        unexplained(Difference::RefusalNotInShop)
    );
    let not_told = Choices {
        to_shoper: false,
        ..CHOICES
    };
    assert_eq!(
        verdict(&refused("sare"), not_told),
        Verdict::Explained(Reason::Refused)
    );
    assert_eq!(
        verdict(&refused("first-sight"), CHOICES),
        Verdict::Explained(Reason::AlreadyRefused)
    );
    assert_eq!(
        verdict(&Known::default(), CHOICES),
        unexplained(Difference::RefusalNotNoticed)
    );
    assert_eq!(
        judge(subscriber(false), &with(4), &Known::default(), None, CHOICES),
        Verdict::Equal
    );
}

#[test]
fn a_customers_flag_cannot_be_written_so_the_refusal_explains_it() {
    let shop = InShop {
        customer: Some(true),
        subscriber: Some(false),
        subscribers_count: true,
        silent: false,
    };
    assert_eq!(
        judge(shop, &with(4), &refused("sare"), Some(true), CHOICES),
        Verdict::Explained(Reason::Refused)
    );
}

#[test]
fn somebody_who_refused_and_would_be_mailed_is_never_explained_away() {
    let known = Known {
        waiting: true,
        problem: Some(ProblemKind::SareRefused),
        ..refused("sare")
    };
    let verdict = judge(subscriber(true), &with(8), &known, Some(true), CHOICES);
    assert_eq!(verdict, unexplained(Difference::MailableAlthoughRefused));
}

#[test]
fn blocked_and_unknown_contacts_are_never_compared() {
    let bad = InSare {
        groups_missing: vec![21],
        fields_differing: vec!["name".to_owned()],
        ..with(7)
    };
    assert_eq!(
        judge(subscriber(true), &bad, &Known::default(), None, CHOICES),
        Verdict::Explained(Reason::Blocked)
    );
    let bad = InSare {
        status: Some(9),
        ..bad
    };
    let verdict = judge(subscriber(true), &bad, &Known::default(), None, CHOICES);
    assert_eq!(verdict, Verdict::Explained(Reason::UnknownStatus));
}

#[test]
fn groups_and_fields_are_compared_where_data_is_sent() {
    let sare = InSare {
        groups_missing: vec![22],
        groups_surplus: vec![21, 23],
        fields_differing: vec!["name".to_owned(), "custom.miasto".to_owned()],
        ..with(8)
    };
    let known = Known {
        told: true,
        groups: vec![21],
        ..Known::default()
    };
    let Verdict::Unexplained(found) = judge(subscriber(true), &sare, &known, Some(true), CHOICES) else {
        panic!("there are differences")
    };
    let expected = [
        Difference::NotInGroup(22),
        Difference::StillInGroup(21),
        Difference::Field("name".to_owned()),
        Difference::Field("custom.miasto".to_owned()),
    ];
    assert_eq!(found, expected, "group 23 is not of our making");
    assert_eq!(
        judge(
            subscriber(true),
            &InSare {
                status: Some(4),
                ..sare
            },
            &refused("first-sight"),
            None,
            CHOICES
        ),
        Verdict::Explained(Reason::AlreadyRefused),
        "nothing is sent to those who refused"
    );
}

#[test]
fn what_is_on_its_way_or_known_to_have_failed_is_explained() {
    let waiting = Known {
        waiting: true,
        ..Known::default()
    };
    let failed = Known {
        problem: Some(ProblemKind::SareRefused),
        ..Known::default()
    };
    let verdict = |known| judge(subscriber(true), &InSare::default(), known, None, CHOICES);
    assert_eq!(verdict(&waiting), Verdict::Explained(Reason::Waiting));
    assert_eq!(verdict(&failed), Verdict::Explained(Reason::Problem));
}

#[test]
fn records_that_disagree_are_no_consent_and_the_rule_decides_which_count() {
    let shop = |customer, subscriber| InShop {
        customer,
        subscriber,
        subscribers_count: true,
        silent: false,
    };
    assert!(shop(Some(true), Some(false)).consents(Rule::Either));
    assert!(shop(Some(true), Some(false)).consents(Rule::Flag));
    assert!(!shop(Some(true), Some(false)).consents(Rule::Subscriber));
    assert!(!shop(Some(true), None).consents(Rule::Subscriber));
    assert!(shop(Some(false), Some(true)).consents(Rule::Subscriber));
    assert!(!shop(Some(false), Some(true)).consents(Rule::Flag));
    for rule in [Rule::Flag, Rule::Subscriber, Rule::Either] {
        assert!(
            shop(None, Some(true)).consents(rule),
            "a subscriber speaks for himself"
        );
        assert!(!shop(None, Some(false)).consents(rule));
    }
}

#[test]
fn a_stranger_in_our_group_is_left_alone_and_a_deleted_contact_is_not() {
    let told = Known {
        ever_told: true,
        gone: true,
        ..Known::default()
    };
    let never_told = Known::default();
    let surplus = |known, keeps, all| judge_surplus(Some(8), known, keeps, all);
    assert_eq!(
        surplus(None, false, true),
        Verdict::Explained(Reason::NotFromTheShop)
    );
    assert_eq!(
        surplus(Some(&never_told), false, true),
        Verdict::Explained(Reason::NotFromTheShop)
    );
    assert_eq!(
        surplus(Some(&told), false, true),
        unexplained(Difference::NotInShop)
    );
    assert_eq!(
        surplus(Some(&told), true, true),
        Verdict::Explained(Reason::KeptAfterDeletion)
    );
    let switched_off = Known {
        gone: false,
        ..told.clone()
    };
    assert_eq!(
        surplus(Some(&switched_off), false, false),
        Verdict::Explained(Reason::SwitchedOff)
    );
    assert_eq!(
        surplus(Some(&switched_off), false, true),
        unexplained(Difference::NotInShop)
    );
    assert_eq!(
        judge_surplus(Some(7), Some(&told), false, true),
        Verdict::Explained(Reason::Blocked)
    );
}
