//! Answers of the reads in every shape that is likely (sare-api.md 15, 16 row 1), and the end of a list
//! (10).

use sare_api::{Error, Group, LookupForm, PropertyKind, Status, StatusAnswer};
use serde_json::{Value, json};

use crate::transport::{ANNA, JAN, Script, html, ok, raw, refused};

#[tokio::test]
async fn groups_are_read_in_every_shape() {
    let expected = [
        Group {
            id: 1,
            name: "Klienci".to_owned(),
        },
        Group {
            id: 21,
            name: "21".to_owned(),
        },
    ];
    for response in [
        json!([{ "id": 1, "name": "Klienci" }, { "id": 21, "name": "" }]),
        json!([{ "id": "1", "name": "Klienci", "private": false }, { "id": "21", "name": null }]),
        json!({ "data": [{ "id": 1, "name": "Klienci" }, { "id": 21 }] }),
        json!({ "1": "Klienci", "21": null }),
        json!({ "1": { "name": "Klienci" }, "21": {} }),
        json!([{ "id": 1, "name": "Klienci" }, { "name": "without a number" }, { "id": 21 }]),
    ] {
        let (client, _) = Script::of([ok(response.clone())]);
        assert_eq!(client.groups().await.unwrap(), expected, "{response}");
    }
    for response in [json!([]), json!({}), json!(null), json!({ "data": [] })] {
        assert_eq!(Script::of([ok(response)]).0.groups().await.unwrap(), []);
    }
    for response in [json!(["Klienci"]), json!(5), json!([{ "number": 5 }])] {
        let error = Script::of([ok(response)]).0.groups().await.unwrap_err();
        assert!(matches!(error, Error::NotUnderstood { .. }));
    }
}

#[tokio::test]
async fn free_numbers_are_numbers_or_digits() {
    for (response, expected) in [
        (json!([3, "4"]), vec![3, 4]),
        (json!({ "data": [5] }), vec![5]),
        (json!([]), vec![]),
    ] {
        assert_eq!(Script::of([ok(response)]).0.group_free().await.unwrap(), expected);
    }
    assert!(Script::of([ok(json!(["x"]))]).0.group_free().await.is_err());
}

#[tokio::test]
async fn properties_are_read_in_every_shape() {
    for response in [
        json!([{ "id": "prop1", "name": "Imię", "type": "text" }, { "id": "miasto", "name": "miasto", "type": "text" }]),
        json!([{ "id": 1, "key": "prop1", "label": "Imię" }, { "id": 17, "name": "miasto" }]),
        json!({ "prop1": "Imię", "miasto": "miasto" }),
        json!({ "prop": { "prop1": "Imię" }, "prop_cust": { "miasto": "miasto" } }),
        json!({ "prop": { "1": "Imię" }, "prop_cust": ["miasto"] }),
        json!({ "data": [{ "id": "C1", "name": "Imię" }, "miasto"] }),
        json!({ "prop": [{ "id": "prop1", "name": "Imię" }], "prop_cust": [{ "name": "miasto" }] }),
    ] {
        let (client, _) = Script::of([ok(response.clone())]);
        let properties = client.props().await.unwrap();
        let mut seen: Vec<_> = properties
            .iter()
            .map(|p| (p.key.as_str(), p.label.as_str(), p.custom))
            .collect();
        seen.sort_unstable_by_key(|(_, _, custom)| *custom);
        assert_eq!(
            seen,
            [("prop1", "Imię", false), ("miasto", "miasto", true)],
            "{response}"
        );
    }
    let names = Script::of([ok(json!(["prop1", "C2", "miasto", "prop1"]))])
        .0
        .props()
        .await
        .unwrap();
    let keys: Vec<&str> = names.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["prop1", "prop2", "miasto"]);
    for response in [
        json!([]),
        json!({}),
        json!({ "prop": [], "prop_cust": [] }),
        json!(null),
    ] {
        assert_eq!(Script::of([ok(response)]).0.props().await.unwrap(), []);
    }
    assert!(Script::of([ok(json!([1, 2]))]).0.props().await.is_err());
}

#[tokio::test]
async fn a_property_tells_its_kind_length_and_values_where_sare_does() {
    let response = json!([
        { "id": "prop1", "name": "C1", "type": "tekst", "length": "255" },
        { "id": "plec", "name": "Płeć", "values": ["K", { "value": "M" }] },
        { "id": "punkty", "type": "number" },
        { "id": "zgoda", "type": "zgoda", "max": 0 },
        { "id": "kolor", "type": "lista", "options": { "1": "czerwony", "2": "zielony" } },
        { "id": "rozmiar", "type": "enum", "options": { "S": "mały", "L": "duży" } },
        { "id": "dziwna", "type": "hologram" },
    ]);
    let properties = Script::of([ok(response)]).0.props().await.unwrap();
    let kinds: Vec<PropertyKind> = properties.iter().map(|p| p.kind).collect();
    use PropertyKind::{Consent, List, Number, Text, Unknown};
    assert_eq!(kinds, [Text, List, Number, Consent, List, List, Unknown]);
    assert_eq!(
        (properties[0].max_length, properties[3].max_length),
        (Some(255), None)
    );
    assert_eq!(properties[1].allowed, ["K", "M"]);
    assert_eq!(properties[4].allowed, ["czerwony", "zielony"]);
    assert_eq!(properties[5].allowed.len(), 2);
}

#[tokio::test]
async fn a_contact_is_read_in_every_shape() {
    let whole = json!({
        "email": "Anna@example.com", "gsm": "+48500600700", "name": "Anna", "status": "8", "groups": ["1", 21, 0],
        "interface": "0", "mail_type": ["text"], "comment": "", "prop": { "prop1": "Anna", "prop2": "", "prop3": null },
        "prop_cust": [{ "name": "miasto", "value": "Rybnik" }],
    });
    for response in [
        whole.clone(),
        json!([whole]),
        json!({ "data": whole }),
        json!({ "data": [whole] }),
    ] {
        let (client, _) = Script::of([ok(response)]);
        let record = client.by_email(ANNA).await.unwrap().unwrap();
        assert_eq!(
            (record.email.as_str(), record.status),
            ("Anna@example.com", Some(Status::Confirmed))
        );
        assert_eq!(record.groups, Some(vec![1, 21]));
        assert_eq!((record.name.as_deref(), record.comment), (Some("Anna"), None));
        assert_eq!(record.prop.len(), 2);
        assert_eq!(record.prop_cust["miasto"], "Rybnik");
    }
    for (groups, expected) in [
        (json!([]), Some(vec![])),
        (json!({}), Some(vec![])),
        (json!("1, 21"), Some(vec![1, 21])),
        (json!(7), Some(vec![7])),
        (json!([{ "id": 7, "name": "Nowa" }]), Some(vec![7])),
        (json!(null), None),
        (json!(["Klienci"]), None),
    ] {
        let (client, _) = Script::of([ok(json!({ "email": ANNA, "groups": groups }))]);
        assert_eq!(
            client.by_email(ANNA).await.unwrap().unwrap().groups,
            expected,
            "{groups}"
        );
    }
}

#[tokio::test]
async fn a_contact_that_is_not_there_is_told_from_an_answer_that_says_nothing() {
    for answer in [
        refused(404, json!(null)),
        refused(400, json!(null)),
        raw(200, r#"{"code":404,"response":null}"#),
        ok(json!([])),
        ok(json!(null)),
        ok(json!({})),
        ok(json!("")),
        ok(json!([[]])),
        ok(json!({ "data": [] })),
    ] {
        assert_eq!(Script::of([answer]).0.by_email(ANNA).await.unwrap(), None);
    }
    for answer in [
        raw(404, "not found"),
        html(404),
        raw(200, "[]"),
        ok(json!({ "email": JAN, "status": 8 })),
        ok(json!([{ "email": ANNA }, { "email": JAN }])),
        ok(json!({ "unknown": 1 })),
        ok(json!(5)),
        refused(409, json!(null)),
    ] {
        assert!(Script::of([answer]).0.by_email(ANNA).await.is_err());
    }
}

#[tokio::test]
async fn a_forgotten_contact_shows_its_status_under_the_address_asked_for() {
    let (client, _) = Script::of([ok(json!({ "email": "", "status": 9, "name": null }))]);
    let record = client.by_email(ANNA).await.unwrap().unwrap();
    assert_eq!(
        (record.email.as_str(), record.status),
        (ANNA, Some(Status::Other(9)))
    );
}

async fn statuses(response: Value) -> [StatusAnswer; 2] {
    let (client, _) = Script::of([ok(response), ok(json!([]))]);
    let answers = client.statuses(&[ANNA, JAN]).await.unwrap();
    [answers.get("ANNA@example.com"), answers.get(JAN)]
}

#[tokio::test]
async fn statuses_are_read_in_every_shape() {
    use StatusAnswer::{NotMentioned, Null, Status as Is};
    for response in [
        json!({ "data": [{ "email": ANNA, "status": 8 }] }),
        json!([{ "email": ANNA, "status": "8" }]),
        json!({ ANNA: 8 }),
        json!({ ANNA: { "status": 8 } }),
        json!({ "data": { ANNA: "8" } }),
        json!([{ ANNA: "zapisany i potwierdzony" }]),
        json!([{ "email": ANNA, "status": "subscribed and confirmed" }, { "gsm": "+48500600700", "status": 8 }]),
        json!([{ "email": ANNA, "status": { "id": 8, "name": "Confirmed" } }]),
    ] {
        assert_eq!(
            statuses(response.clone()).await,
            [Is(Status::Confirmed), NotMentioned],
            "{response}"
        );
    }
    assert_eq!(
        statuses(json!({ ANNA: null, JAN: 9 })).await,
        [Null, Is(Status::Other(9))]
    );
    assert_eq!(
        statuses(json!([{ "email": ANNA, "status": "zgłoszony" }])).await[0],
        Is(Status::Other(-1))
    );
    assert_eq!(statuses(json!([])).await, [NotMentioned; 2]);
    assert_eq!(statuses(json!({})).await, [NotMentioned; 2]);
}

#[tokio::test]
async fn where_sare_contradicts_itself_the_stronger_refusal_stands() {
    for (first, second, stands) in [(8, 4, 4), (4, 8, 4), (4, 7, 7), (8, 9, 9), (9, 2, 2), (5, 8, 5)] {
        let rows =
            json!([{ "email": ANNA, "status": first }, { "email": ANNA.to_uppercase(), "status": second }]);
        assert_eq!(
            statuses(rows).await[0],
            StatusAnswer::Status(Status::from_number(stands))
        );
    }
}

#[tokio::test]
async fn rows_of_which_none_can_be_used_are_not_understood() {
    for response in [
        json!([1, 2]),
        json!([{ "address": ANNA }]),
        json!([{ "email": ANNA }]),
        json!({ "total": 2 }),
    ] {
        let (client, _) = Script::of([ok(response.clone())]);
        let error = client.statuses(&[ANNA]).await.unwrap_err();
        assert!(matches!(error, Error::NotUnderstood { .. }), "{response}");
    }
}

#[tokio::test]
async fn records_by_list_are_read_in_the_same_shapes() {
    let record = json!({ "email": ANNA, "status": 8, "groups": [1] });
    for response in [
        json!([record]),
        json!({ "data": [record] }),
        json!({ ANNA: { "status": 8, "groups": [1] } }),
    ] {
        let (client, script) = Script::of([ok(response), ok(json!([]))]);
        let records = client.by_email_list(&[ANNA, JAN]).await.unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records.get(ANNA).unwrap().groups, Some(vec![1]));
        assert_eq!(script.paths(), ["email/by_email_list/0", "email/by_email_list/1"]);
    }
    let (client, _) = Script::of([ok(json!({ ANNA: null })), ok(json!([]))]);
    assert!(client.by_email_list(&[ANNA]).await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_are_read_while_addresses_are_missing_and_news_come() {
    let row = |email: &str| ok(json!([{ "email": email, "status": 8 }]));
    let (client, script) = Script::of([row(ANNA), row(JAN), row("never asked")]);
    let answers = client.statuses(&[ANNA, JAN]).await.unwrap();
    assert_eq!((answers.len(), answers.requests_made), (2, 2), "all are answered");
    assert_eq!(
        script.paths(),
        ["email/status_by_email_list/0", "email/status_by_email_list/1"]
    );

    let (client, _) = Script::of([row(ANNA)]);
    let answers = client.statuses(&[ANNA, JAN]).await.unwrap();
    assert_eq!(
        (answers.len(), answers.requests_made),
        (1, 2),
        "the same rows again are the end"
    );

    let (client, _) = Script::of([row(ANNA), ok(json!([])), row(JAN)]);
    assert_eq!(
        client.statuses(&[ANNA, JAN]).await.unwrap().requests_made,
        2,
        "no rows are the end"
    );

    for end in [
        refused(404, json!(null)),
        refused(400, json!(null)),
        html(404),
        raw(413, ""),
    ] {
        let (client, _) = Script::of([row(ANNA), end, row(JAN)]);
        assert_eq!(
            client.statuses(&[ANNA, JAN]).await.unwrap().requests_made,
            2,
            "a refused page is the end"
        );
    }
    let (client, _) = Script::of([row(ANNA), raw(503, ""), row(JAN)]);
    assert!(client.statuses(&[ANNA, JAN]).await.is_err(), "an outage is not");
    let (client, _) = Script::of([refused(404, json!(null))]);
    assert!(
        client.statuses(&[ANNA]).await.is_err(),
        "nor is a refused first page"
    );
}

#[tokio::test]
async fn a_list_without_an_end_is_left_after_many_pages() {
    let stranger = |n: u32| ok(json!([{ "email": format!("n{n}@example.com"), "status": 8 }]));
    let (client, _) = Script::of((0..200).map(stranger));
    assert_eq!(client.statuses(&[ANNA]).await.unwrap().requests_made, 64);
}

#[tokio::test]
async fn addresses_of_a_group_are_read_in_every_shape() {
    for response in [
        json!({ "data": [{ "email": ANNA }, { "gsm": "+48500600700" }] }),
        json!([{ "email": ANNA }, { "email": "", "gsm": "+48500600700" }]),
        json!([ANNA, "no address"]),
    ] {
        let (client, script) = Script::of([ok(response.clone())]);
        let page = client.group_emails(21, 3).await.unwrap();
        assert_eq!(
            (page.emails.as_slice(), page.rows),
            (&[ANNA.to_owned()][..], 2),
            "{response}"
        );
        assert_eq!(script.paths(), ["group/emails/21/3"]);
    }
    for end in [ok(json!([])), refused(404, json!(null)), html(404)] {
        assert_eq!(Script::of([end]).0.group_emails(21, 1).await.unwrap().rows, 0);
    }
    assert!(
        Script::of([refused(404, json!(null))])
            .0
            .group_emails(21, 0)
            .await
            .is_err()
    );
    assert!(Script::of([ok(json!([5]))]).0.group_emails(21, 0).await.is_err());
}

#[tokio::test]
async fn the_form_of_lists_is_found_out_from_an_address_that_is_known_to_be_there() {
    let named = || ok(json!([{ "email": ANNA, "status": 8 }]));
    let nobody = || ok(json!([]));
    let bad = || refused(400, json!(null));
    let record = || ok(json!({ "email": ANNA, "status": 8 }));
    let records = || ok(json!([{ "email": ANNA, "name": "Anna", "status": 8 }]));
    let none = || refused(404, json!(null));
    for (answers, expected) in [
        (vec![named()], LookupForm::Object),
        (vec![bad(), named()], LookupForm::Plain),
        (vec![nobody(), named()], LookupForm::Plain),
        (vec![nobody(), bad()], LookupForm::Object),
        (vec![raw(500, ""), named()], LookupForm::Plain),
        (vec![ok(json!(7)), named()], LookupForm::Plain),
        (vec![none(), none(), records()], LookupForm::Records),
        (
            vec![none(), raw(500, ""), bad(), records()],
            LookupForm::PlainRecords,
        ),
        // Records that show no status are of no use.
        (
            vec![
                none(),
                none(),
                ok(json!([{ "email": ANNA, "name": "Anna" }])),
                nobody(),
                record(),
            ],
            LookupForm::OneByOne,
        ),
        (
            vec![none(), none(), nobody(), nobody(), none()],
            LookupForm::Records,
        ),
        (
            vec![none(), none(), none(), none(), record()],
            LookupForm::OneByOne,
        ),
        (vec![none(), none(), none(), none(), none()], LookupForm::OneByOne),
    ] {
        let probed = Script::of(answers).0.probe_lookup(ANNA).await.unwrap();
        assert_eq!(probed.form, expected);
    }
    assert_eq!(
        Script::of([bad(), bad(), bad(), bad(), none()])
            .0
            .probe_lookup(ANNA)
            .await
            .unwrap_err(),
        {
            let (client, _) = Script::of([bad()]);
            client.statuses(&[ANNA]).await.unwrap_err()
        }
    );
    for outage in [raw(503, ""), raw(429, ""), raw(401, ""), html(200)] {
        let (client, script) = Script::of([outage, named()]);
        assert!(client.probe_lookup(ANNA).await.is_err());
        assert_eq!(script.sent().len(), 1, "an outage says nothing about the form");
    }
}

#[tokio::test]
async fn without_lists_every_address_is_asked_about_by_itself() {
    let (client, script) = Script::of([
        ok(json!({ "email": ANNA, "status": 4 })),
        refused(404, json!(null)),
    ]);
    let client = client.with_lookup(LookupForm::OneByOne);
    let answers = client.statuses(&[ANNA, JAN]).await.unwrap();
    assert_eq!(answers.get(ANNA), StatusAnswer::Status(Status::RemovalRequested));
    assert_eq!(
        (answers.get(JAN), answers.requests_made),
        (StatusAnswer::NotMentioned, 2)
    );
    assert!(
        script
            .paths()
            .iter()
            .all(|path| path.starts_with("email/by_email/"))
    );
    let (client, _) = Script::of([ok(json!({ "email": ANNA, "status": 4 })), raw(503, "")]);
    let client = client.with_lookup(LookupForm::OneByOne);
    assert!(
        client.statuses(&[ANNA, JAN]).await.is_err(),
        "half an answer is none"
    );
    assert_eq!(LookupForm::OneByOne.at_most(100), 5);
    assert_eq!(
        (LookupForm::Object.at_most(100), LookupForm::Plain.at_most(0)),
        (100, 1)
    );
}

#[test]
fn the_form_of_lists_is_stored_as_a_word() {
    for (form, word) in [
        (LookupForm::Object, "\"object\""),
        (LookupForm::Plain, "\"plain\""),
        (LookupForm::Records, "\"records\""),
        (LookupForm::PlainRecords, "\"plain_records\""),
        (LookupForm::OneByOne, "\"one_by_one\""),
    ] {
        assert_eq!(serde_json::to_string(&form).unwrap(), word);
        assert_eq!(serde_json::from_str::<LookupForm>(word).unwrap(), form);
    }
}
