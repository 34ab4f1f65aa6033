//! The client against the simulated account, which was written from the reference without it: every
//! variant of sare-api.md 15, and the promises of 14 and 16 as their effects on the account.

use std::sync::Arc;
use std::time::Duration;

use ports::{ManualClock, Transport};
use sare_api::{
    AddRequest, BatchSize, Client, Contact, Error, ItemOutcome, LookupForm, Status, StatusAnswer, Uid,
};
use secrecy::SecretString;
use simulators::faults::{Fault, FaultRule};
use simulators::network::{Endpoint, Network};
use simulators::sare::{
    Account, AccountSettings, AddErrors, AddSuccess, AuthRefused, BlockedAnswer, ContactShape, DomainForm,
    Duplicate, Envelope, Forgotten, GroupChangeShape, GroupEmailsShape, GroupListShape, ListShape,
    LookupForm as Taken, MissingContact, Overload, PastLastPage, PropsShape, RateLimit, StatusForm, TooMany,
    UnknownInList,
};

use crate::transport::{ANNA, JAN};

/// Every way in which one setting changes the account.
type Variants = Vec<fn(&mut AccountSettings)>;

fn an_account(change: impl FnOnce(&mut AccountSettings)) -> (Client, Account) {
    let mut settings = AccountSettings::default();
    change(&mut settings);
    let clock = Arc::new(ManualClock::at(1_764_000_000_000));
    let network = Network::new(Arc::clone(&clock));
    let (uid, key) = (
        Uid::parse(&settings.uid).unwrap(),
        SecretString::from(settings.api_key.clone()),
    );
    let account = Account::new(settings, clock, 7);
    network.route("https://sare.example", Endpoint::Sare(account.clone()));
    let transport: Arc<dyn Transport> = Arc::new(network);
    (
        Client::new(
            transport,
            &"https://sare.example/api/v1".parse().unwrap(),
            &uid,
            key,
        ),
        account,
    )
}

/// Variants of what every answer has in common.
fn envelopes() -> Variants {
    vec![
        |_| {},
        |s| s.envelope.code_as_string = true,
        |s| s.envelope.with_status = false,
        |s| {
            s.envelope = Envelope {
                extra_members: true,
                ..s.envelope
            }
        },
        |s| s.empty_objects_as_lists = true,
        |s| s.shows_group_zero = true,
    ]
}

fn contact(email: &str, status: Option<i64>) -> Contact {
    Contact {
        email: email.to_owned(),
        name: Some("Jan".to_owned()),
        groups: vec![21],
        status: status.map(Status::from_number),
        ..Contact::default()
    }
}

#[tokio::test]
async fn a_connection_is_tested_in_every_shape() {
    let mut variants = envelopes();
    variants.extend([
        (|s| s.group_list = GroupListShape::IdsAsStrings) as fn(&mut AccountSettings),
        |s| s.group_list = GroupListShape::ExtraMembers,
        |s| s.group_list = GroupListShape::InData,
        |s| s.props_shape = PropsShape::Labels,
        |s| s.props_shape = PropsShape::Split,
        |s| s.props_shape = PropsShape::Names,
    ]);
    for change in variants {
        let (client, _) = an_account(change);
        let ids: Vec<i64> = client
            .groups()
            .await
            .unwrap()
            .iter()
            .map(|group| group.id)
            .collect();
        assert_eq!(ids, [1, 2, 21, 22]);
        let mut props = client.props().await.unwrap();
        props.sort_by(|a, b| (a.custom, &a.key).cmp(&(b.custom, &b.key)));
        assert_eq!(props.len(), 14);
        assert_eq!(
            (props[0].key.as_str(), props[0].custom, props[9].custom),
            ("prop1", false, true)
        );
        assert_eq!(client.group_free().await.unwrap().len(), 46);
    }
    assert_eq!(
        an_account(|s| s.group_list = GroupListShape::Empty)
            .0
            .groups()
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_bad_key_is_told_in_every_way() {
    for refused in [
        AuthRefused::Unauthorized,
        AuthRefused::Forbidden,
        AuthRefused::CodeOnly,
        AuthRefused::Html,
    ] {
        let (client, account) = an_account(|s| s.auth_refused = refused);
        account.change_settings(|s| s.api_key = "another".to_owned());
        assert!(
            matches!(client.groups().await, Err(Error::Unauthorized { .. })),
            "{refused:?}"
        );
    }
    let (client, _) = an_account(|s| s.read_only = true);
    client.groups().await.unwrap();
    let write = client
        .add(&AddRequest::data_only(vec![contact(ANNA, None)]))
        .await;
    assert_eq!(write.unwrap_err(), Error::Unauthorized { status: 403 });
}

#[tokio::test]
async fn adds_are_judged_item_by_item_in_every_shape() {
    let variants: Variants = vec![
        |_| {},
        |s| s.add_success = AddSuccess::NoError,
        |s| s.add_success = AddSuccess::List,
        |s| s.add_success = AddSuccess::Number,
        |s| s.add_errors = AddErrors::MultiStatus,
        |s| s.envelope.code_as_string = true,
    ];
    for change in variants {
        let (client, account) = an_account(change);
        let all_good = AddRequest::data_only(vec![contact(ANNA, Some(8)), contact(JAN, None)]);
        assert!(client.add(&all_good).await.unwrap().all_accepted());
        assert_eq!(account.mailable().len(), 1);
        let one_bad = AddRequest::data_only(vec![
            contact(ANNA, None),
            contact("bad@", None),
            contact(JAN, None),
        ]);
        let outcome = client.add(&one_bad).await.unwrap();
        let ItemOutcome::Refused { why } = &outcome.items[1] else {
            panic!("{outcome:?}")
        };
        assert_eq!(why.as_str(), "niepoprawny adres e-mail");
        assert!(outcome.items[0].is_accepted() && outcome.items[2].is_accepted());
        assert_eq!(account.len(), 2);
    }
}

#[tokio::test]
async fn an_error_that_names_nobody_is_found_by_sending_one_by_one() {
    for success in [AddSuccess::SuccessAndError, AddSuccess::List] {
        let (client, account) = an_account(|s| {
            s.add_errors = AddErrors::WhyOnly;
            s.add_success = success;
        });
        let contacts = [contact(ANNA, None), contact("bad@", None), contact(JAN, None)];
        let outcome = client
            .add(&AddRequest::data_only(contacts.to_vec()))
            .await
            .unwrap();
        let mut accepted = 0;
        for (item, contact) in outcome.items.iter().zip(contacts) {
            match item {
                ItemOutcome::Accepted => accepted += 1,
                ItemOutcome::Refused { .. } => panic!("nobody was named"),
                ItemOutcome::Unclear { .. } => {
                    let alone = client
                        .add(&AddRequest::data_only(vec![contact.clone()]))
                        .await
                        .unwrap();
                    assert_eq!(alone.all_accepted(), contact.email != "bad@");
                    accepted += usize::from(alone.all_accepted());
                }
            }
        }
        assert_eq!((accepted, account.len()), (2, 2));
    }
}

#[tokio::test]
async fn a_call_refused_for_one_item_is_split_until_the_culprit_stands_alone() {
    let (client, account) = an_account(|s| s.add_errors = AddErrors::WholeCall);
    let contacts = [
        contact(ANNA, None),
        contact("bad@", None),
        contact(JAN, None),
        contact("c@example.com", None),
    ];
    let mut stack: Vec<_> = std::iter::once(0..4).collect();
    let mut culprits = Vec::new();
    while let Some(range) = stack.pop() {
        match client
            .add(&AddRequest::data_only(contacts[range.clone()].to_vec()))
            .await
        {
            Ok(outcome) => assert!(outcome.all_accepted()),
            Err(error) => {
                assert!(error.suggests_smaller_batch() && !error.is_transient());
                match sare_api::split(range.clone()) {
                    Some((first, second)) => stack.extend([second, first]),
                    None => culprits.push((range.start, error.reason().unwrap().as_str().to_owned())),
                }
            }
        }
    }
    assert_eq!(culprits, [(1, "niepoprawny adres e-mail".to_owned())]);
    assert_eq!(account.len(), 3);
}

#[tokio::test]
async fn a_batch_that_is_too_large_shrinks_until_it_fits() {
    for answer in [TooMany::PayloadTooLarge, TooMany::BadRequest] {
        let (client, account) = an_account(|s| {
            s.max_items_per_request = 30;
            s.too_many = answer;
        });
        let mut batch = BatchSize::default();
        let contacts: Vec<Contact> = (0..300)
            .map(|n| contact(&format!("n{n}@example.com"), None))
            .collect();
        let mut sent = 0;
        while sent < contacts.len() {
            let end = (sent + batch.current()).min(contacts.len());
            match client
                .add(&AddRequest::data_only(contacts[sent..end].to_vec()))
                .await
            {
                Ok(_) => {
                    batch.after_success();
                    sent = end;
                }
                Err(error) => {
                    assert!(error.suggests_smaller_batch());
                    batch.after_too_large();
                }
            }
        }
        assert_eq!(account.len(), 300);
        assert!(batch.current() <= 30);
    }
}

#[tokio::test]
async fn data_never_change_a_status_or_take_contacts_out_of_groups() {
    for status in 2..=8 {
        let (client, account) = an_account(|s| s.blocked_answer = BlockedAnswer::Silent);
        account.put_contact(ANNA, status, &[1]);
        client
            .add(&AddRequest::data_only(vec![contact(ANNA, Some(8))]))
            .await
            .unwrap();
        let stored = account.contact(ANNA).unwrap();
        assert_eq!(stored.status, status);
        if status != 7 {
            assert_eq!((stored.groups, stored.name.as_str()), (vec![1, 21], "Jan"));
        }
    }
}

#[tokio::test]
async fn a_change_of_status_leaves_data_and_groups_alone() {
    let (client, account) = an_account(|_| {});
    client
        .add(&AddRequest::data_only(vec![contact(ANNA, Some(8))]))
        .await
        .unwrap();
    let mut change = contact(ANNA, Some(4));
    change.name = Some("Kto inny".to_owned());
    change.groups = vec![1];
    client
        .add(&AddRequest::status_change(vec![change], false))
        .await
        .unwrap();
    let stored = account.contact(ANNA).unwrap();
    assert_eq!(
        (stored.status, stored.name.as_str(), stored.groups),
        (4, "Jan", vec![21])
    );
}

#[tokio::test]
async fn a_blocked_contact_and_a_duplicate_are_told_as_the_account_tells_them() {
    let (client, account) = an_account(|_| {});
    account.put_contact(ANNA, 7, &[]);
    let change = AddRequest::status_change(vec![contact(ANNA, Some(8))], false);
    assert!(!client.add(&change).await.unwrap().all_accepted());
    let (client, account) = an_account(|s| s.duplicate = Duplicate::Error);
    account.put_contact(ANNA, 8, &[]);
    let mut request = AddRequest::data_only(vec![contact(ANNA, None)]);
    assert!(
        client.add(&request).await.unwrap().all_accepted(),
        "an update is no duplicate"
    );
    request.options.update_on_duplicate = false;
    assert!(!client.add(&request).await.unwrap().all_accepted());
}

/// Variants of the reads by list and by address.
fn readings() -> Variants {
    let mut variants = envelopes();
    variants.extend([
        (|s| s.list_shape = ListShape::Bare) as fn(&mut AccountSettings),
        |s| s.list_shape = ListShape::Map,
        |s| {
            s.list_shape = ListShape::Map;
            s.unknown_in_list = UnknownInList::Null;
        },
        |s| s.unknown_in_list = UnknownInList::Null,
        |s| s.status_form = StatusForm::Digits,
        |s| s.status_form = StatusForm::Polish,
        |s| s.status_form = StatusForm::English,
        |s| s.contact_shape = ContactShape::NumbersAsStrings,
        |s| s.contact_shape = ContactShape::OneItemList,
        |s| s.contact_shape = ContactShape::NoGroups,
        |s| s.missing_contact = MissingContact::BadRequest,
        |s| s.missing_contact = MissingContact::Empty,
        |s| s.past_last_page = PastLastPage::Error,
        |s| s.page_size = 2,
        |s| {
            s.page_size = 2;
            s.past_last_page = PastLastPage::Error;
        },
        |s| s.lookup = Taken::Both,
    ]);
    variants
}

#[tokio::test]
async fn statuses_and_records_are_read_in_every_shape() {
    for change in readings() {
        let (client, account) = an_account(change);
        let address = |status: i64| format!("s{status}@example.com");
        for status in 2..=8 {
            account.put_contact(&address(status), status, &[21]);
        }
        let asked: Vec<String> = (1..=8).map(address).collect();
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let answers = client.statuses(&asked).await.unwrap();
        let records = client.by_email_list(&asked).await.unwrap();
        for status in 2..=8 {
            let expected = Status::from_number(status);
            assert_eq!(answers.get(&address(status)), StatusAnswer::Status(expected));
            assert_eq!(records.get(&address(status)).unwrap().status, Some(expected));
            let alone = client.by_email(&address(status)).await.unwrap().unwrap();
            assert_eq!(alone.status, Some(expected));
            let groups_told = account.settings().contact_shape != ContactShape::NoGroups;
            assert_eq!(alone.groups, groups_told.then(|| vec![21]));
        }
        assert!(!matches!(answers.get(&address(1)), StatusAnswer::Status(_)));
        assert_eq!(client.by_email(&address(1)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_forgotten_contact_is_hands_off_or_unknown() {
    for form in [
        StatusForm::Number,
        StatusForm::Digits,
        StatusForm::Polish,
        StatusForm::English,
    ] {
        let (client, account) = an_account(|s| s.status_form = form);
        account.put_contact(ANNA, 8, &[]);
        account.forget(ANNA);
        let StatusAnswer::Status(status) = client.statuses(&[ANNA]).await.unwrap().get(ANNA) else {
            panic!("the status is told");
        };
        assert!(matches!(status, Status::Other(_)), "{status}");
        assert_eq!(client.by_email(ANNA).await.unwrap().unwrap().status, Some(status));
    }
    let (client, account) = an_account(|s| s.forgotten = Forgotten::Missing);
    account.put_contact(ANNA, 8, &[]);
    account.forget(ANNA);
    assert_eq!(
        client.statuses(&[ANNA]).await.unwrap().get(ANNA),
        StatusAnswer::NotMentioned
    );
}

#[tokio::test]
async fn the_form_of_lists_is_found_out_whichever_the_account_takes() {
    for (taken, expected) in [
        (Taken::Objects, LookupForm::Object),
        (Taken::Plain, LookupForm::Plain),
        (Taken::Both, LookupForm::Object),
    ] {
        let (client, account) = an_account(|s| s.lookup = taken);
        account.put_contact(ANNA, 8, &[]);
        let probed = client.probe_lookup(ANNA).await.unwrap();
        assert_eq!((probed.form, probed.is_proven), (expected, true));
    }
}

#[tokio::test]
async fn where_the_list_of_statuses_never_works_records_tell_them_in_a_list_or_one_by_one() {
    for fault in [404, 500] {
        for (broken, taken, expected) in [
            ("status_by_email_list", Taken::Objects, LookupForm::Records),
            ("status_by_email_list", Taken::Plain, LookupForm::PlainRecords),
            ("_list/", Taken::Objects, LookupForm::OneByOne),
        ] {
            let (client, account) = an_account(|s| s.lookup = taken);
            account.put_contact(ANNA, 4, &[]);
            account
                .faults()
                .add(FaultRule::always(Fault::Status(fault)).path(broken));
            let probed = client.probe_lookup(ANNA).await.unwrap();
            assert_eq!(
                (probed.form, probed.is_proven),
                (expected, true),
                "{fault} {broken}"
            );
            let answers = client
                .with_lookup(probed.form)
                .statuses(&[ANNA, JAN])
                .await
                .unwrap();
            assert_eq!(answers.get(ANNA), StatusAnswer::Status(Status::RemovalRequested));
            assert_eq!(answers.get(JAN), StatusAnswer::NotMentioned);
        }
    }
}

#[tokio::test]
async fn odd_addresses_are_found_by_their_path() {
    for address in [
        JAN,
        "a/b?c#d%40e@example.com",
        "żółw@example.com",
        "'o.neil'@example.com",
    ] {
        let (client, account) = an_account(|_| {});
        account.put_contact(address, 8, &[]);
        let record = client.by_email(address).await.unwrap().unwrap();
        assert_eq!(record.email, address);
        assert_eq!(
            client.statuses(&[address]).await.unwrap().get(address),
            StatusAnswer::Status(Status::Confirmed)
        );
    }
}

#[tokio::test]
async fn groups_are_joined_left_and_listed() {
    for change in [
        (|_| {}) as fn(&mut AccountSettings),
        |s| s.group_change = GroupChangeShape::True,
        |s| s.group_emails = GroupEmailsShape::Strings,
        |s| s.past_last_page = PastLastPage::Error,
    ] {
        let (client, account) = an_account(change);
        account.put_contact(ANNA, 4, &[1, 21]);
        account.put_sms_contact("+48500600700", 8, &[21]);
        assert!(
            client
                .group_remove_emails(&[ANNA, "nobody@example.com"], &[1])
                .await
                .unwrap()
                .all_accepted()
        );
        assert!(
            client
                .group_add_emails(&[ANNA], &[22])
                .await
                .unwrap()
                .all_accepted()
        );
        let stored = account.contact(ANNA).unwrap();
        assert_eq!((stored.groups, stored.status), (vec![21, 22], 4));
        assert_eq!(client.group_emails(21, 0).await.unwrap().emails, [ANNA]);
        assert_eq!(client.group_emails(21, 1).await.unwrap().rows, 0);
    }
    let (client, _) = an_account(|s| s.group_change_names_unknown = true);
    assert!(
        !client
            .group_remove_emails(&[ANNA], &[1])
            .await
            .unwrap()
            .all_accepted()
    );
}

#[tokio::test]
async fn overload_is_transient_in_every_way() {
    for overload in [
        Overload::TooManyRequests,
        Overload::Unavailable,
        Overload::TimeOut,
        Overload::Html,
    ] {
        let (client, _) = an_account(|s| {
            s.rate_limit = Some(RateLimit {
                per_second: 0.1,
                burst: 1,
            });
            s.overload = overload;
        });
        client.groups().await.unwrap();
        let error = client.groups().await.unwrap_err();
        assert!(error.is_transient(), "{overload:?}: {error:?}");
        if overload == Overload::TooManyRequests {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_may_have_happened_and_repeating_it_is_harmless() {
    let (client, account) = an_account(|_| {});
    account.faults().add(FaultRule::always(Fault::CutAfter).times(1));
    let request = AddRequest::data_only(vec![contact(ANNA, Some(8))]);
    let error = client.add(&request).await.unwrap_err();
    assert!(error.is_transient() && error.may_have_been_applied());
    assert_eq!(account.len(), 1);
    assert!(client.add(&request).await.unwrap().all_accepted());
    assert_eq!(account.status_log().len(), 1);
}

#[tokio::test]
async fn a_deletion_tells_what_was_not_there() {
    let (client, account) = an_account(|_| {});
    account.put_contact(ANNA, 8, &[]);
    let outcome = client.delete(&[ANNA, JAN]).await.unwrap();
    assert!(outcome.items[0].is_accepted() && !outcome.items[1].is_accepted());
    assert!(account.is_empty());
    assert!(!client.edit(&[contact(JAN, None)]).await.unwrap().all_accepted());
}

const LETTERS: &str = "ala@żółw.pl";
const ASCII: &str = "ala@xn--w-uga1v8h.pl";

#[tokio::test]
async fn an_address_is_found_under_either_form_of_its_domain_and_refusal_wins() {
    for told in [DomainForm::AsAdded, DomainForm::Ascii, DomainForm::Letters] {
        for one in [false, true] {
            for lookup in [LookupForm::Object, LookupForm::Records, LookupForm::OneByOne] {
                for (there, asked) in [(LETTERS, ASCII), (ASCII, LETTERS)] {
                    let (client, account) = an_account(|s| {
                        s.domains_told = told;
                        s.domain_forms_are_one = one;
                    });
                    let client = client.with_lookup(lookup);
                    account.put_contact(there, 4, &[21]);
                    let what = format!("{told:?} {one} {lookup:?} {there}");
                    let refused = StatusAnswer::Status(Status::RemovalRequested);
                    assert_eq!(
                        client.statuses(&[asked]).await.unwrap().get(asked),
                        refused,
                        "{what}"
                    );
                    let record = client.by_email(asked).await.unwrap().unwrap();
                    assert_eq!(record.status, Some(Status::RemovalRequested), "{what}");
                    let records = client.by_email_list(&[asked, ANNA]).await.unwrap();
                    assert!(
                        records.get(asked).is_some() && records.get(there).is_some(),
                        "{what}"
                    );
                    account.put_contact(asked, if one { 4 } else { 8 }, &[]);
                    let answers = client.statuses(&[asked]).await.unwrap();
                    assert_eq!(answers.get(there), refused, "the stronger word: {what}");
                    let mailed = answers
                        .spellings(asked)
                        .iter()
                        .any(|(_, s)| *s == Status::Confirmed);
                    assert_eq!(mailed, !one, "and that there is another: {what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_item_that_is_refused_is_known_by_either_form_of_its_domain() {
    let (client, _) = an_account(|s| {
        s.domains_told = DomainForm::Letters;
        s.address_limit = Some(1);
    });
    let contact = |email: &str| Contact {
        email: email.to_owned(),
        status: Some(Status::NotConfirmed),
        ..Contact::default()
    };
    let request = AddRequest::data_only(vec![contact(ANNA), contact(ASCII)]);
    let outcome = client.add(&request).await.unwrap();
    assert!(outcome.items[0].is_accepted());
    assert!(
        matches!(outcome.items[1], ItemOutcome::Refused { .. }),
        "{outcome:?}"
    );
}
