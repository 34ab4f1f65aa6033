//! Objects as live shops write them, and what is written to shops.

use serde_json::{Value, json};
use shoper_api::subscribers::{NewSubscriber, SubscriberUpdate};
use shoper_api::webhooks::{EVENTS, NewWebhook};
use shoper_api::{
    BULK_LIMIT, BulkOperation, Cursor, Error, FieldKind, OptionList, Subscriber, SubscriberId, User,
    UserAddress, UserId, WebhookId,
};

use crate::script::{Script, json as answer, list, raw, refused};

const USER: &str = r#"{"user_id":"2","login":"","date_add":"2026-06-28 21:59:15","lastvisit":"0000-00-00 00:00:00","verify_email":"0","origin":"0","registered":"1","groups":[],"group_id":null,"additional_fields":[{"field_id":"1","type":"2","locate":"7","req":"1","active":"1","order":"0","field_value":"1","value":"1"}],"tags":[],"firstname":"Anna","lastname":"Kowalska","email":"email@example.com","discount":"0.00","newsletter":"0","active":"1","lang_id":"1","comment":""}"#;

#[tokio::test]
async fn a_live_customer_is_read() {
    let user = Script::new([raw(200, USER)])
        .client()
        .user(UserId(2))
        .await
        .unwrap();
    assert_eq!(
        (
            user.email.as_str(),
            user.firstname.as_str(),
            user.lastname.as_str()
        ),
        ("email@example.com", "Anna", "Kowalska")
    );
    assert_eq!(
        (user.newsletter, user.registered, user.verify_email),
        (Some(false), Some(true), Some(false))
    );
    assert_eq!(
        (user.date_add.as_deref(), user.lastvisit),
        (Some("2026-06-28 21:59:15"), None)
    );
    assert_eq!(
        (user.group_id, user.lang_id, user.discount.as_deref()),
        (None, Some(1), Some("0.00"))
    );
    let fields = user.additional_fields.unwrap();
    let field = &fields[0];
    assert_eq!(
        (field.field_id, field.kind, field.locate, field.value.as_str()),
        (1, FieldKind::Checkbox, 7, "1")
    );
    let shown = format!("{fields:?}");
    assert_eq!(shown, "[FieldValue { field_id: 1, kind: Checkbox, .. }]");
}

#[test]
fn a_customer_with_nothing_but_an_id_is_a_customer() {
    let user: User = serde_json::from_value(json!({ "user_id": 2 })).unwrap();
    assert_eq!(
        (user.id, user.email.as_str(), user.newsletter),
        (UserId(2), "", None)
    );
    assert_eq!(
        (user.groups, user.tags, user.additional_fields),
        (None, None, None)
    );
    assert!(serde_json::from_value::<User>(json!({ "email": "a@b.pl" })).is_err());
}

#[test]
fn personal_data_does_not_show_in_debug() {
    let user: User = serde_json::from_str(USER).unwrap();
    assert_eq!(
        format!("{user:?}"),
        "User { id: UserId(2), registered: Some(true), newsletter: Some(false), .. }"
    );
    let update = SubscriberUpdate {
        email: Some("jan@example.com".to_owned()),
        ..SubscriberUpdate::default()
    };
    assert!(!format!("{update:?}").contains("example"));
}

#[test]
fn additional_fields_come_as_a_list_a_map_or_nothing() {
    let values = |fields: Value| {
        let user: User =
            serde_json::from_value(json!({ "user_id": 2, "additional_fields": fields })).unwrap();
        let fields = user.additional_fields?;
        let pairs = fields.into_iter().map(|field| (field.field_id, field.value));
        Some(pairs.collect::<Vec<_>>())
    };
    let one = Some(vec![(5, "test".to_owned())]);
    assert_eq!(values(json!([{ "field_id": 5, "value": "test" }])), one);
    assert_eq!(
        values(json!([{ "field_id": "5", "field_value": "test", "value": "" }])),
        one
    );
    assert_eq!(values(json!({ "5": "test" })), one);
    assert_eq!(values(json!({ "0": { "field_id": "5", "value": "test" } })), one);
    assert_eq!(
        values(json!([{ "field_id": 5, "value": ["a", "b"] }])),
        Some(vec![(5, "a, b".to_owned())])
    );
    for nothing in [json!([]), json!({}), json!(""), json!([{ "value": "x" }])] {
        assert_eq!(values(nothing), Some(vec![]));
    }
    assert_eq!(values(json!(null)), None);
}

#[test]
fn a_live_address_is_read() {
    let address: UserAddress = serde_json::from_str(r#"{"address_book_id":"1","user_id":"2","address_name":"Anna Kowalska, …","company_name":"","pesel":"","firstname":"Anna","lastname":"Kowalska","street_1":"Warszawska 543/123","street_2":"","city":"Kraków","zip_code":"31-345","state":"","country":"Polska","default":"1","shipping_default":"1","phone":"300542832","sortkey":"Kowalska Anna email@example.com","country_code":"PL","tax_identification_number":""}"#).unwrap();
    assert_eq!(
        (address.user_id, address.city.as_str(), address.phone.as_str()),
        (UserId(2), "Kraków", "300542832")
    );
    assert_eq!(
        (
            address.default,
            address.shipping_default,
            address.country_code.as_str()
        ),
        (Some(true), Some(true), "PL")
    );
    let debug = format!("{address:?}");
    assert!(
        !debug.contains("Kraków") && !debug.contains("300542832"),
        "{debug}"
    );
}

#[tokio::test]
async fn a_subscriber_is_read_and_its_groups_come_as_numbers_or_texts() {
    let row = |groups| json!({"subscriber_id":"7","email":"jan@example.com","active":"1","dateadd":"2026-11-23 12:00:00","lang_id":"1","groups":groups});
    let script = Script::new([list(
        3,
        1,
        1,
        vec![row(json!([1])), {
            let mut other = row(json!(["1", "2"]));
            other["subscriber_id"] = json!(8);
            other["active"] = json!(false);
            other
        }],
    )]);
    let rows = script.client().subscribers(Cursor::default()).await.unwrap().rows;
    assert_eq!(
        (rows[0].id, rows[0].active, rows[0].groups.as_deref()),
        (SubscriberId(7), Some(true), Some(&[1][..]))
    );
    assert_eq!(
        (rows[1].active, rows[1].groups.as_deref()),
        (Some(false), Some(&[1, 2][..]))
    );
    assert_eq!(
        (rows[0].lang_id, rows[0].dateadd.as_deref()),
        (Some(1), Some("2026-11-23 12:00:00"))
    );
    assert_eq!(
        format!("{:?}", rows[0]),
        "Subscriber { id: SubscriberId(7), active: Some(true), groups: Some([1]), .. }"
    );
}

#[test]
fn the_address_of_a_sign_up_is_whatever_is_one() {
    let read = |value: Value| {
        let row: Subscriber =
            serde_json::from_value(json!({ "subscriber_id": 7, "ipaddress": value })).unwrap();
        row.ipaddress
    };
    assert_eq!(read(json!(" 192.0.2.7 ")).as_deref(), Some("192.0.2.7"));
    assert_eq!(read(json!("2001:DB8::7")).as_deref(), Some("2001:db8::7"));
    for odd in [
        json!(null),
        json!(""),
        json!("0.0.0.0"),
        json!("x"),
        json!([1]),
        json!({"a": 1}),
        json!(7),
    ] {
        assert_eq!(read(odd.clone()), None, "{odd}");
    }
}

#[tokio::test]
async fn options_stand_in_either_of_two_lists_and_the_one_that_worked_is_tried_first() {
    let field = json!({"field_id":"3","type":"3","locate":"7","translations":{"pl_PL":{"name":"Rozmiar"}}});
    let option = json!({"option_id":"5","field_id":"3","translations":{"pl_PL":{"value":"Mały"}}});
    let fields = || list(1, 1, 1, vec![field.clone()]);
    let options = || list(1, 1, 1, vec![option.clone()]);
    let missing = || refused(400, "invalid_request");
    for (first, answers, found) in [
        (
            OptionList::Fields,
            vec![fields(), options()],
            Some(OptionList::Fields),
        ),
        (
            OptionList::Fields,
            vec![fields(), missing(), options()],
            Some(OptionList::Field),
        ),
        (
            OptionList::Field,
            vec![fields(), options()],
            Some(OptionList::Field),
        ),
        (OptionList::Fields, vec![fields(), missing(), missing()], None),
    ] {
        let client = Script::new(answers).client();
        let (read, list) = client.additional_fields_with_options(first).await.unwrap();
        assert_eq!(list, found);
        let expected: &[(String, String)] = &[("5".to_owned(), "Mały".to_owned())];
        assert_eq!(read[0].options, if found.is_some() { expected } else { &[] });
    }
}

#[tokio::test]
async fn an_answer_about_another_object_is_not_believed() {
    let error = Script::new([raw(200, USER)])
        .client()
        .user(UserId(3))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        Error::NotUnderstood {
            what: "a customer",
            ..
        }
    ));
}

#[tokio::test]
async fn subscribers_are_written_with_real_booleans_and_numbers() {
    let script = Script::new([raw(200, "1"), raw(200, "9"), raw(200, "1")]);
    let client = script.client();
    let update = SubscriberUpdate {
        active: Some(false),
        groups: Some(vec![1, 2]),
        ..SubscriberUpdate::default()
    };
    client.update_subscriber(SubscriberId(7), &update).await.unwrap();
    let new = NewSubscriber {
        email: "jan@example.com".to_owned(),
        active: true,
        lang_id: Some(1),
        groups: None,
    };
    assert_eq!(client.create_subscriber(&new).await.unwrap(), SubscriberId(9));
    client.delete_subscriber(SubscriberId(9)).await.unwrap();

    assert_eq!(
        script.lines(),
        ["PUT subscribers/7", "POST subscribers", "DELETE subscribers/9"]
    );
    let requests = script.requests();
    let body = |at: usize| serde_json::from_slice::<Value>(requests[at].body()).unwrap();
    assert_eq!(body(0), json!({ "active": false, "groups": [1, 2] }));
    assert_eq!(
        body(1),
        json!({ "email": "jan@example.com", "active": true, "lang_id": 1 })
    );
    assert_eq!(requests[0].headers()["content-type"], "application/json");
}

#[tokio::test]
async fn a_refused_write_names_the_scope() {
    let script = Script::new([refused(403, "insufficient_scope")]);
    let error = script
        .client()
        .update_subscriber(SubscriberId(7), &SubscriberUpdate::default())
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::Forbidden {
            resource: "subscribers_edit".to_owned()
        }
    );
}

#[tokio::test]
async fn the_id_of_something_new_comes_bare_or_in_the_object() {
    let new = NewSubscriber {
        email: String::new(),
        active: true,
        lang_id: None,
        groups: None,
    };
    for body in ["6", "\"6\"", r#"{"subscriber_id":"6"}"#, r#"{"id":6}"#] {
        let id = Script::new([raw(200, body)])
            .client()
            .create_subscriber(&new)
            .await;
        assert_eq!(id, Ok(SubscriberId(6)), "{body}");
    }
    for body in ["0", "true", "{}", "[]", ""] {
        let error = Script::new([raw(200, body)])
            .client()
            .create_subscriber(&new)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotUnderstood { .. }), "{body}");
    }
}

fn our_webhook() -> NewWebhook {
    NewWebhook {
        url: "https://app.example/shoper/webhooks/token".to_owned(),
        secret: Some("hook-secret".into()),
        events: EVENTS.iter().map(|event| (*event).to_owned()).collect(),
        active: true,
    }
}

#[tokio::test]
async fn a_webhook_is_registered_repaired_and_removed() {
    let script = Script::new([
        raw(200, "6"),
        raw(200, "1"),
        raw(200, "1"),
        refused(404, "invalid_request"),
    ]);
    let client = script.client();
    let id = client.create_webhook(&our_webhook()).await.unwrap();
    client.update_webhook(id, &our_webhook()).await.unwrap();
    client.delete_webhook(id).await.unwrap();
    client
        .delete_webhook(id)
        .await
        .expect("one that is gone already is just as well");
    assert_eq!(id, WebhookId(6));
    assert_eq!(
        script.lines(),
        [
            "POST webhooks",
            "PUT webhooks/6",
            "DELETE webhooks/6",
            "DELETE webhooks/6"
        ]
    );
    let body: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    let events = [
        "client.create",
        "client.edit",
        "client.delete",
        "subscriber.create",
        "subscriber.edit",
        "subscriber.delete",
    ];
    let url = "https://app.example/shoper/webhooks/token";
    assert_eq!(
        body,
        json!({ "url": url, "format": 0, "active": true, "secret": "hook-secret", "events": events })
    );
    let debug = format!("{:?}", our_webhook());
    assert!(
        !debug.contains("token") && !debug.contains("hook-secret"),
        "{debug}"
    );
}

#[tokio::test]
async fn webhooks_are_listed_page_after_page() {
    let row = |id: i64, active: Value| json!({"webhook_id": id.to_string(), "url": "https://app.example/x", "format": "0", "active": active, "events": ["client.edit"]});
    let script = Script::new([
        list(3, 2, 1, vec![row(1, json!("1")), row(2, json!("0"))]),
        list(3, 2, 2, vec![row(3, json!(""))]),
    ]);
    let rows = script.client().webhooks().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.id.0, row.active)).collect::<Vec<_>>(),
        [(1, true), (2, false), (3, false)]
    );
    assert_eq!(rows[0].events, ["client.edit"]);
    assert_eq!(
        script.lines(),
        ["GET webhooks?page=1&limit=50", "GET webhooks?page=2&limit=50"]
    );

    let one = json!({"webhook_id":"5","url":"https://app.example/x","format":"0","active":"1","events":[],"secret":"s"});
    let one = Script::new([answer(one)])
        .client()
        .webhook(WebhookId(5))
        .await
        .unwrap();
    assert!(one.secret.is_some() && one.events.is_empty());
}

#[tokio::test]
async fn names_behind_numbers_are_read() {
    let client = |row: Value| Script::new([list(1, 1, 1, vec![row])]).client();
    let group =
        client(json!({"group_id":"3","name":"Hurt","discount":"5.00","price_level":"1","auto_add":0}));
    assert_eq!(group.user_groups().await.unwrap()[0].name, "Hurt");
    let group = client(json!({"group_id":"1","name":"Domyślna","auto_add":1}));
    assert_eq!(group.subscriber_groups().await.unwrap()[0].auto_add, Some(true));
    let tag = client(json!({"tag_id":"4","name":"vip","lang_id":"1"}));
    assert_eq!(tag.user_tags().await.unwrap()[0].id, 4);
    let language = client(json!({"locale":"pl_PL","currency_id":"1","active":"1","order":"1","lang_id":"1"}));
    let languages = language.languages().await.unwrap();
    assert_eq!((languages[0].id, languages[0].locale.as_str()), (1, "pl_PL"));
}

#[tokio::test]
async fn additional_fields_are_named_by_locale_and_options_are_found_in_both_places() {
    let live = json!({"field_id":"1","type":"2","locate":"7","req":"1","active":"1","order":"0","checked":"0","translations":{"pl_PL":{"trans_id":"1","field_id":"1","description":"…","name":"Akceptacja regulaminu","lang_id":"1"}}});
    let option = json!({"trans_id":"3","option_id":"3","lang_id":"1","value":"Opcja A"});
    let inside = json!({"field_id":2,"type":3,"locate":8,"translations":{"en_US":{"name":"Size","options":[{"option_id":"3","value":"Option A"}]},"pl_PL":{"name":"Rozmiar","options":[option]}}});
    let beside = json!({"field_id":3,"type":"3","locate":"1","translations":[],"options":{"3":option}});
    let texts = json!({"field_id":4,"type":"3","options":["Opcja A", "Opcja B", ""]});
    let by_id = json!({"field_id":5,"type":9,"options":{"3":"Opcja A"}});
    let script = Script::new([list(5, 1, 1, vec![live, inside, beside, texts, by_id])]);
    let fields = script.client().additional_fields().await.unwrap();

    assert_eq!(
        (fields[0].id, fields[0].kind, fields[0].is_for_customers()),
        (1, FieldKind::Checkbox, true)
    );
    assert_eq!(fields[0].label("en_US"), Some("Akceptacja regulaminu"));
    assert!(!fields[1].is_for_customers());
    assert_eq!(
        (fields[1].label("en_US"), fields[1].label("de_DE")),
        (Some("Size"), Some("Rozmiar"))
    );
    let pair = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    for field in [&fields[1], &fields[2], &fields[4]] {
        assert_eq!(field.options, [pair("3", "Opcja A")], "{}", field.id);
    }
    assert_eq!(
        fields[3].options,
        [pair("Opcja A", "Opcja A"), pair("Opcja B", "Opcja B")]
    );
    assert_eq!(
        (fields[4].kind, fields[4].label("pl_PL")),
        (FieldKind::Other(9), None)
    );
}

#[tokio::test]
async fn a_shop_tells_about_itself() {
    let body = json!({"shop_url":"https://sklep.pl","shop_name":"Sklep","license_id":568_425,"default_language_id":"1","registration_confirm":"","locale_timezone":"Europe/Warsaw","shop_off":"","menu":{"a":[]}});
    let script = Script::new([answer(body), answer(json!({"version":"5.26.35"}))]);
    let config = script.client().application_config().await.unwrap();
    assert_eq!(
        (config.shop_name.as_deref(), config.license_id.as_deref()),
        (Some("Sklep"), Some("568425"))
    );
    assert_eq!(
        (
            config.technical_url,
            config.default_language_id,
            config.registration_confirm
        ),
        (None, Some(1), Some(false))
    );
    assert_eq!(script.client().application_version().await.unwrap(), "5.26.35");
    assert_eq!(
        script.lines(),
        ["GET application-config", "GET application-version"]
    );
}

fn switch_off(id: i64) -> BulkOperation {
    BulkOperation {
        method: http::Method::PUT,
        resource: "subscribers".to_owned(),
        id: Some(id),
        params: Vec::new(),
        body: Some(json!({ "active": false })),
    }
}

#[tokio::test]
async fn operations_of_a_bulk_request_succeed_and_fail_alone() {
    let gone = json!({ "error": "invalid_request", "error_description": "Resource not found" });
    let row = json!({ "subscriber_id": "9", "email": "jan@example.com" });
    let items = json!([
        { "id": "1", "code": 404, "body": gone },
        { "id": "0", "code": "200", "body": 1 },
        { "id": 2, "code": 200, "body": row },
    ]);
    let script = Script::new([answer(json!({ "errors": false, "items": items }))]);
    let mut read = switch_off(9);
    (read.method, read.body, read.params) =
        (http::Method::GET, None, vec![("page".to_owned(), "1".to_owned())]);
    let operations = [switch_off(7), switch_off(8), read, switch_off(10)];
    let outcomes = script.client().bulk(&operations).await.unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().read::<i64>(), Some(1));
    assert_eq!(outcomes[1].as_ref().unwrap_err(), &Error::NotFound);
    let found = outcomes[2].as_ref().unwrap().read::<Subscriber>().unwrap();
    assert_eq!(found.id, SubscriberId(9));
    assert!(matches!(outcomes[3], Err(Error::NotUnderstood { .. })));
    assert!(!format!("{outcomes:?}").contains("jan@example.com"));

    let sent: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    assert_eq!(
        sent[0],
        json!({"id":"0","method":"PUT","path":"/webapi/rest/subscribers/7","body":{"active":false}})
    );
    assert_eq!(
        sent[2],
        json!({"id":"2","method":"GET","path":"/webapi/rest/subscribers/9","params":{"page":"1"}})
    );
}

#[tokio::test]
async fn a_bulk_request_takes_twenty_five_and_fails_as_a_whole_when_the_shop_says_so() {
    let many: Vec<BulkOperation> = (1..=26).map(switch_off).collect();
    let script = Script::new([answer(json!({ "errors": true, "message": "jan@example.com" }))]);
    let client = script.client();
    assert_eq!(
        client.bulk(&many).await.unwrap_err(),
        Error::TooManyOperations { limit: BULK_LIMIT }
    );
    assert!(client.bulk(&[]).await.unwrap().is_empty());
    assert!(matches!(
        client.bulk(&many[1..]).await.unwrap_err(),
        Error::NotUnderstood { .. }
    ));
}
