//! Walking through lists: by id, and in every way in which that can fail.

use serde_json::{Value, json};
use shoper_api::users::AddressFilter;
use shoper_api::{Broken, ChangeList, Cursor, Error, SubscriberId, UserId};

use crate::script::{Script, json as answer_json, list, raw, refused, with_header};

fn user(id: i64) -> Value {
    json!({ "user_id": id.to_string(), "email": format!("u{id}@example.com"), "newsletter": "1" })
}

fn users(ids: impl IntoIterator<Item = i64>) -> Vec<Value> {
    ids.into_iter().map(user).collect()
}

fn subscriber(id: i64) -> Value {
    json!({ "subscriber_id": id.to_string(), "email": format!("s{id}@example.com"), "active": "1", "groups": [] })
}

async fn page(script: &Script, cursor: Cursor) -> (Vec<i64>, Option<Cursor>) {
    let listed = script.client().users(cursor).await.expect("a page");
    (listed.rows.iter().map(|row| row.id.0).collect(), listed.next)
}

const AFTER_0: &str = r#"GET users?page=1&limit=50&order=user_id ASC&filters={"user_id":{">":0}}"#;

#[tokio::test]
async fn a_list_is_walked_by_id_until_pages_say_it_is_over() {
    let script = Script::new([list(60, 2, 1, users(1..=50)), list(10, 1, 1, users(51..=60))]);
    let (rows, next) = page(&script, Cursor::default()).await;
    assert_eq!((rows.len(), next), (50, Some(Cursor::After(50))));
    let (rows, next) = page(&script, next.unwrap()).await;
    assert_eq!((rows, next), ((51..=60).collect(), None));
    let after_50 = AFTER_0.replace(":0", ":50");
    assert_eq!(script.lines(), [AFTER_0, &after_50]);
}

#[tokio::test]
async fn a_short_page_is_not_the_end_while_pages_follow() {
    let script = Script::new([list(25, 3, 1, users(1..=10))]);
    assert_eq!(
        page(&script, Cursor::default()).await,
        ((1..=10).collect(), Some(Cursor::After(10)))
    );
}

#[tokio::test]
async fn an_empty_list_is_over_at_once() {
    for empty in [
        answer_json(json!({"count":"0","pages":0,"page":1,"list":[]})),
        answer_json(json!({"count":0,"pages":"0","page":"1","list":{}})),
        answer_json(json!({"count":"0","list":null})),
        answer_json(json!([])),
        list(7, 1, 1, vec![]),
    ] {
        let script = Script::new([empty]);
        assert_eq!(page(&script, Cursor::After(9)).await, (vec![], None));
    }
}

#[tokio::test]
async fn a_list_as_an_object_with_numbers_as_numbers_is_the_same_list() {
    let body = json!({"count": 2, "pages": 1, "page": 1, "list": {"1": user(1), "2": user(2)}});
    let listed = Script::new([answer_json(body)])
        .client()
        .users(Cursor::default())
        .await
        .unwrap();
    assert_eq!((listed.rows.len(), listed.count, listed.next), (2, Some(2), None));
}

#[tokio::test]
async fn numbers_that_the_body_lacks_are_taken_from_the_headers() {
    let answer = answer_json(json!({ "list": users(1..=50) }));
    let answer = with_header(
        with_header(answer, "X-Shop-Result-Count", "60"),
        "X-Shop-Result-Pages",
        "2",
    );
    let listed = Script::new([answer])
        .client()
        .users(Cursor::default())
        .await
        .unwrap();
    assert_eq!((listed.count, listed.next), (Some(60), Some(Cursor::After(50))));
}

#[tokio::test]
async fn without_any_numbers_a_list_goes_on_until_it_is_empty() {
    let script = Script::new([
        answer_json(json!({ "list": users(1..=3) })),
        answer_json(json!({ "list": [] })),
    ]);
    let (_, next) = page(&script, Cursor::default()).await;
    assert_eq!(next, Some(Cursor::After(3)));
    assert_eq!(page(&script, next.unwrap()).await, (vec![], None));
}

#[tokio::test]
async fn a_refused_filter_leads_to_numbered_pages_in_order_of_id() {
    for refusal in [refused(404, "server_error"), refused(400, "invalid_request")] {
        let script = Script::new([
            refusal,
            list(60, 2, 1, users(1..=50)),
            list(60, 2, 2, users(51..=60)),
        ]);
        let (rows, next) = page(&script, Cursor::default()).await;
        assert_eq!((rows.len(), next), (50, Some(Cursor::Page { page: 2, after: 0 })));
        assert_eq!(page(&script, next.unwrap()).await, ((51..=60).collect(), None));
        let pages = [
            "GET users?page=1&limit=50&order=user_id ASC",
            "GET users?page=2&limit=50&order=user_id ASC",
        ];
        assert_eq!(script.lines(), [AFTER_0, pages[0], pages[1]]);
    }
}

#[tokio::test]
async fn a_filter_refused_half_way_does_not_bring_back_what_was_read() {
    let script = Script::new([refused(404, "server_error"), list(60, 2, 1, users(1..=50))]);
    assert_eq!(
        page(&script, Cursor::After(45)).await,
        ((46..=50).collect(), Some(Cursor::Page { page: 2, after: 45 }))
    );
}

#[tokio::test]
async fn an_ignored_filter_is_noticed_and_costs_no_request_of_its_own() {
    let script = Script::new([
        list(120, 3, 1, users(1..=50)),
        list(120, 3, 1, users(1..=50)),
        list(120, 3, 2, users(51..=100)),
    ]);
    let (_, next) = page(&script, Cursor::default()).await;
    let (rows, next) = page(&script, next.unwrap()).await;
    assert_eq!((rows, next), (vec![], Some(Cursor::Page { page: 2, after: 50 })));
    assert_eq!(
        page(&script, next.unwrap()).await,
        ((51..=100).collect(), Some(Cursor::Page { page: 3, after: 50 }))
    );
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test]
async fn an_ignored_order_leads_to_numbered_pages() {
    let script = Script::new([list(4, 2, 1, users([9, 7]))]);
    assert_eq!(
        page(&script, Cursor::default()).await,
        (vec![9, 7], Some(Cursor::Page { page: 2, after: 0 }))
    );

    // Half way, the first page of the rest is not the first page of the whole.
    let script = Script::new([list(2, 1, 1, users([9, 7])), list(4, 2, 1, users([9, 7, 3]))]);
    assert_eq!(
        page(&script, Cursor::After(5)).await,
        (vec![9, 7], Some(Cursor::Page { page: 2, after: 5 }))
    );
    assert_eq!(script.lines()[1], "GET users?page=1&limit=50&order=user_id ASC");
}

#[tokio::test]
async fn a_page_past_the_end_is_the_end_however_the_shop_says_so() {
    for past_end in [
        refused(404, "invalid_request"),
        list(60, 2, 2, users(51..=60)),
        list(60, 2, 3, vec![]),
        list(0, 0, 3, vec![]),
    ] {
        let script = Script::new([past_end]);
        assert_eq!(
            page(&script, Cursor::Page { page: 3, after: 0 }).await,
            (vec![], None)
        );
    }
}

#[tokio::test]
async fn a_shop_that_always_gives_the_same_page_does_not_hold_us_for_ever() {
    let mut cursor = Some(Cursor::default());
    for turn in 0.. {
        let Some(at) = cursor else { break };
        assert!(turn < 5, "still going on at {at:?}");
        let script = Script::new([answer_json(
            json!({ "count": "2", "pages": 9, "list": users([1, 2]) }),
        )]);
        cursor = page(&script, at).await.1;
    }
}

#[tokio::test]
async fn rows_that_come_twice_on_a_page_are_given_once() {
    let script = Script::new([list(3, 1, 1, users([1, 2, 2]))]);
    assert_eq!(page(&script, Cursor::default()).await, (vec![1, 2], None));
}

#[tokio::test]
async fn a_broken_row_spoils_no_other_and_the_list_goes_on_after_it() {
    let rows = vec![
        user(1),
        json!({ "user_id": "2", "email": ["jan@example.com"] }),
        json!("jan@example.com"),
        json!({ "user_id": "0", "email": "x@example.com" }),
        json!({ "user_id": "5", "firstname": {"a": 1} }),
    ];
    let listed = Script::new([list(60, 2, 1, rows)])
        .client()
        .users(Cursor::default())
        .await
        .unwrap();
    assert_eq!(listed.rows.len(), 1);
    let ids: Vec<Option<i64>> = listed.broken.iter().map(|Broken { id }| *id).collect();
    assert_eq!(ids, [Some(2), None, None, Some(5)]);
    assert_eq!(listed.next, Some(Cursor::After(5)));
    assert!(!format!("{listed:?}").contains("example.com"));
}

#[tokio::test]
async fn a_page_without_a_single_id_is_passed_by_number() {
    let script = Script::new([list(60, 2, 1, vec![json!({}), json!([])])]);
    let (rows, next) = page(&script, Cursor::After(3)).await;
    assert_eq!((rows, next), (vec![], Some(Cursor::Page { page: 1, after: 3 })));
}

#[tokio::test]
async fn what_is_no_list_is_not_understood_and_not_the_end() {
    for body in [
        "{}",
        r#"{"list":7}"#,
        r#"{"list":null}"#,
        r#"{"count":"7","pages":1,"page":1,"list":null}"#,
        r#"{"count":"7","pages":1,"page":1}"#,
        "null",
        "17",
        "",
    ] {
        let error = Script::new([raw(200, body)])
            .client()
            .users(Cursor::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::NotUnderstood { passing: false, .. }),
            "{body}: {error}"
        );
    }
    let error = Script::new([raw(200, "<html>Przerwa techniczna</html>")])
        .client()
        .users(Cursor::default())
        .await;
    assert!(error.unwrap_err().is_transient());
}

#[test]
fn a_cursor_is_kept_as_plain_data() {
    for (cursor, text) in [
        (Cursor::default(), r#"{"after":0}"#),
        (
            Cursor::Page { page: 2, after: 50 },
            r#"{"page":{"page":2,"after":50}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&cursor).unwrap(), text);
        assert_eq!(serde_json::from_str::<Cursor>(text).unwrap(), cursor);
    }
}

#[tokio::test]
async fn objects_are_asked_for_by_id_fifty_at_a_time_and_the_missing_are_named() {
    let script = Script::new([list(1, 1, 1, users([3])), list(0, 0, 1, vec![])]);
    let ids: Vec<UserId> = (1..=51).map(UserId).collect();
    let found = script.client().users_by_ids(&ids).await.unwrap();
    assert_eq!(found.found.len(), 1);
    assert_eq!((found.missing.len(), found.missing[2]), (50, UserId(4)));
    assert_eq!(
        script.lines()[1],
        r#"GET users?page=1&limit=50&order=user_id ASC&filters={"user_id":{"in":[51]}}"#
    );
}

#[tokio::test]
async fn further_pages_of_a_filtered_list_are_read_too() {
    let rows = |ids: std::ops::RangeInclusive<i64>| ids.map(subscriber).collect();
    let script = Script::new([list(12, 2, 1, rows(1..=10)), list(12, 2, 2, rows(11..=12))]);
    let ids: Vec<SubscriberId> = (1..=12).map(SubscriberId).collect();
    let found = script.client().subscribers_by_ids(&ids).await.unwrap();
    assert_eq!((found.found.len(), found.missing), (12, vec![]));
}

#[tokio::test]
async fn a_filter_that_is_refused_or_ignored_is_said_to_be_unsupported() {
    let answers = || {
        [
            refused(400, "invalid_request"),
            refused(404, "server_error"),
            list(90, 2, 1, users([1, 2, 77])),
        ]
    };
    let unsupported = |field| Error::FilterUnsupported {
        resource: "users",
        field,
    };
    for answer in answers() {
        let error = Script::new([answer])
            .client()
            .users_by_ids(&[UserId(1), UserId(2)])
            .await
            .unwrap_err();
        assert_eq!(error, unsupported("user_id"));
        assert!(!error.is_transient());
    }
    for answer in answers() {
        let error = Script::new([answer])
            .client()
            .user_by_email("u1@example.com")
            .await
            .unwrap_err();
        assert_eq!(error, unsupported("email"));
    }
    let error = Script::new([refused(403, "insufficient_scope")])
        .client()
        .users_by_ids(&[UserId(1)])
        .await;
    assert_eq!(
        error.unwrap_err(),
        Error::Forbidden {
            resource: "users_read".to_owned()
        }
    );
}

#[tokio::test]
async fn an_address_is_found_whatever_its_case() {
    let row = json!({ "user_id": 7, "email": "Jan.ŻUK@Example.com" });
    let script = Script::new([list(1, 1, 1, vec![row])]);
    let user = script
        .client()
        .user_by_email(" jan.żuk@example.COM")
        .await
        .unwrap();
    assert_eq!(user.map(|user| user.id), Some(UserId(7)));
    assert!(script.lines()[0].ends_with(r#"filters={"email":"jan.żuk@example.COM"}"#));
    let none = Script::new([list(0, 0, 1, vec![])])
        .client()
        .subscriber_by_email("x@example.com")
        .await;
    assert_eq!(none, Ok(None));
}

#[tokio::test]
async fn of_subscribers_with_one_address_the_inactive_one_counts() {
    let row = |id, active| json!({ "subscriber_id": id, "email": "jan@example.com", "active": active });
    let script = Script::new([list(2, 1, 1, vec![row(1, "1"), row(2, "0")])]);
    let found = script
        .client()
        .subscriber_by_email("jan@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.active), (SubscriberId(2), Some(false)));
}

fn address(id: i64, user: i64, default: &str) -> Value {
    json!({ "address_book_id": id.to_string(), "user_id": user.to_string(), "city": "Kraków", "default": default })
}

#[tokio::test]
async fn addresses_of_customers_are_asked_for_together() {
    let script = Script::new([list(2, 1, 1, vec![address(1, 2, "1"), address(2, 3, "1")])]);
    let found = script
        .client()
        .addresses_of(&[UserId(2), UserId(3)], AddressFilter::DefaultOnly)
        .await
        .unwrap();
    assert_eq!(found.iter().map(|row| row.user_id.0).collect::<Vec<_>>(), [2, 3]);
    let expected = r#"GET user-addresses?page=1&limit=50&order=address_book_id ASC&filters={"default":"1","user_id":{"in":[2,3]}}"#;
    assert_eq!(script.lines(), [expected]);

    let script = Script::new([list(1, 1, 1, vec![address(1, 2, "1")])]);
    script
        .client()
        .addresses_of(&[UserId(2)], AddressFilter::All)
        .await
        .unwrap();
    let expected = r#"GET user-addresses?page=1&limit=50&order=address_book_id ASC&filters={"user_id":2}"#;
    assert_eq!(script.lines(), [expected]);

    let script = Script::new([
        list(3, 2, 1, vec![address(1, 2, "0"), address(2, 2, "1")]),
        list(3, 2, 2, vec![address(3, 3, "0")]),
    ]);
    let found = script
        .client()
        .addresses_of(&[UserId(2), UserId(3)], AddressFilter::All)
        .await
        .unwrap();
    assert_eq!(found.len(), 3);
    assert!(
        script
            .client()
            .addresses_of(&[], AddressFilter::All)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn addresses_of_strangers_or_not_of_the_kind_asked_for_show_that_filters_do_not_work() {
    let asked = |rows, which| async move {
        Script::new([list(9, 1, 1, rows)])
            .client()
            .addresses_of(&[UserId(2)], which)
            .await
    };
    let strangers = asked(vec![address(1, 2, "1"), address(2, 9, "1")], AddressFilter::All).await;
    assert!(matches!(
        strangers,
        Err(Error::FilterUnsupported { field: "user_id", .. })
    ));
    let others = asked(
        vec![address(1, 2, "1"), address(2, 2, "0")],
        AddressFilter::DefaultOnly,
    )
    .await;
    assert!(matches!(
        others,
        Err(Error::FilterUnsupported { field: "default", .. })
    ));
}

#[tokio::test]
async fn rows_are_counted_and_a_filter_that_does_not_work_counts_nothing() {
    let script = Script::new([list(120, 3, 1, users(1..=50)), list(60, 2, 1, users(1..=50))]);
    let client = script.client();
    assert_eq!(client.count_users(&[]).await, Ok(Some(120)));
    assert_eq!(client.count_users(&[("newsletter", "1")]).await, Ok(Some(60)));
    assert_eq!(
        script.lines(),
        [
            "GET users?page=1&limit=50",
            r#"GET users?page=1&limit=50&filters={"newsletter":"1"}"#
        ]
    );

    let mixed = vec![user(1), json!({ "user_id": 2, "newsletter": "0" })];
    for answer in [
        list(2, 1, 1, mixed),
        refused(400, "invalid_request"),
        refused(404, "server_error"),
    ] {
        assert_eq!(
            Script::new([answer])
                .client()
                .count_users(&[("newsletter", "1")])
                .await,
            Ok(None)
        );
    }
    for flag in [json!(true), json!(1), json!("1")] {
        let row = json!({ "subscriber_id": 1, "active": flag });
        let script = Script::new([list(1, 1, 1, vec![row])]);
        assert_eq!(
            script.client().count_subscribers(&[("active", "1")]).await,
            Ok(Some(1))
        );
    }
    let uncounted = answer_json(json!({ "list": [] }));
    assert_eq!(
        Script::new([uncounted]).client().count_subscribers(&[]).await,
        Ok(None)
    );
}

#[tokio::test]
async fn what_changed_is_asked_for_by_utc_and_a_refused_filter_is_no_count() {
    let script = Script::new([
        list(2, 1, 1, users([7, 9])),
        refused(400, "invalid_request"),
        list(0, 1, 1, users(1..1)),
    ]);
    let client = script.client();
    let changed = client.changed(ChangeList::Users, 1_795_431_600_000).await;
    assert_eq!(changed.expect("ids"), [7, 9]);
    let count = client.count_changed(ChangeList::Users, Some(0)).await;
    assert_eq!(count.expect("an answer"), None);
    let count = client.count_changed(ChangeList::Users, None).await;
    assert_eq!(count.expect("an answer"), Some(0));
    assert!(
        script.lines()[0].contains(r#"{"updated_at":{">=":"2026-11-23 11:00:00"}}"#),
        "{:?}",
        script.lines()
    );
}
