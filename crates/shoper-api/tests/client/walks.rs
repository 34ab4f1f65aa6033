//! Lists whose rows move while they are read by numbered pages, parts of pages, and rows that cannot be read whole.

use serde_json::{Value, json};
use shoper_api::users::AddressFilter;
use shoper_api::{Cursor, Error, Next, Stretch, SubscriberId, User, UserId, Walk};

use crate::script::{Answer, Script, json as answer_json, list, raw, refused};

fn user(id: i64) -> Value {
    json!({ "user_id": id.to_string(), "email": format!("u{id}@example.com"), "newsletter": "1" })
}

fn users(ids: impl IntoIterator<Item = i64>) -> Vec<Value> {
    ids.into_iter().map(user).collect()
}

/// A list without filters, `per` rows a page, whose rows are what `rows` says at the time of each request.
struct Paged<F> {
    rows: F,
    asked: u32,
}

impl<F: FnMut(u32) -> Vec<i64>> Paged<F> {
    fn new(rows: F) -> Self {
        Self { rows, asked: 0 }
    }

    /// Reads the list to its end; whom it met, in order, and how many requests that took.
    async fn read(&mut self, answer: impl Fn(&[i64], u32) -> Answer) -> (Vec<i64>, Walk) {
        let mut walk = Walk::default();
        let mut met = Vec::new();
        let mut at = Next {
            cursor: Cursor::Page { page: 1, after: 0 },
            into: 0,
        };
        loop {
            let rows = (self.rows)(self.asked);
            self.asked += 1;
            assert!(self.asked < 1000, "it goes on for ever");
            let Cursor::Page { page, .. } = at.cursor else {
                panic!("by number")
            };
            let script = Script::new([answer(&rows, page)]);
            let listed = script.client().users(at.cursor).await.expect("a page");
            met.extend(listed.rows.iter().map(|row| row.id.0));
            match walk.on(at.cursor, &listed) {
                Some(next) => at = next,
                None => return (met, walk),
            }
        }
    }
}

fn page_of(rows: &[i64], page: u32) -> Vec<Value> {
    let from = (page as usize - 1) * 50;
    users(rows.iter().copied().skip(from).take(50))
}

fn counted(rows: &[i64], page: u32) -> Answer {
    let (count, pages) = (rows.len() as u64, rows.len().div_ceil(50) as u64);
    list(count, pages, page.into(), page_of(rows, page))
}

/// The last page again past the end, and numbers that are none.
fn uncounted(rows: &[i64], page: u32) -> Answer {
    let last = u32::try_from(rows.len().div_ceil(50))
        .expect("a number of pages")
        .max(1);
    let rows = page_of(rows, page.min(last));
    answer_json(json!({ "count": "wiele", "pages": "wiele", "page": "wiele", "list": rows }))
}

#[tokio::test]
async fn a_list_that_counts_a_million_rows_and_has_no_more_comes_to_its_end() {
    let mut paged = Paged::new(|_| (1..=120).collect());
    let answer = |rows: &[i64], page: u32| list(1_000_000, 20_000, page.into(), page_of(rows, page));
    let (met, walk) = paged.read(answer).await;
    assert_eq!(met, (1..=120).collect::<Vec<_>>());
    assert!(paged.asked < 12, "{} requests", paged.asked);
    assert_eq!(walk.missed(), 999_880);
}

/// Walks through a list by id; the answers to its requests, and whether one of them was hollow.
async fn by_id(answers: &[(u64, &[i64])]) -> (Walk, Vec<bool>) {
    let (mut walk, mut hollow, mut last) = (Walk::default(), Vec::new(), 0);
    for (count, ids) in answers {
        let answer = list(*count, count.div_ceil(50), 1, users(ids.iter().copied()));
        let script = Script::new([answer]);
        let at = Cursor::After(last);
        let listed = script.client().users(at).await.expect("a page");
        hollow.push(walk.is_hollow(0, &listed));
        if hollow.last() == Some(&false) {
            walk.on(at, &listed);
        }
        last = ids.last().copied().unwrap_or(last);
    }
    (walk, hollow)
}

#[tokio::test]
async fn a_page_by_id_without_the_rows_it_counts_is_hollow_and_the_end_is_not() {
    let page: Vec<i64> = (1..=50).collect();
    // What is left is counted.
    let (walk, hollow) = by_id(&[(150, &page), (100, &[]), (100, &[51, 52])]).await;
    assert_eq!(hollow, [false, true, false]);
    assert_eq!(walk.missed(), 98);
    let (walk, hollow) = by_id(&[(52, &page), (2, &[51, 52]), (0, &[])]).await;
    assert_eq!((walk.missed(), hollow), (0, vec![false; 3]));
    // The filter is left out of the count: it says nothing of what is left.
    let (walk, hollow) = by_id(&[(52, &page), (52, &[51, 52]), (52, &[])]).await;
    assert_eq!((walk.missed(), hollow), (0, vec![false; 3]));
    let (walk, hollow) = by_id(&[(52, &page), (51, &[52]), (51, &[])]).await;
    assert_eq!((walk.missed(), hollow), (0, vec![false; 3]), "and one went away");
    // Nothing at all of what is counted.
    assert_eq!(by_id(&[(7, &[])]).await.1, [true]);
    assert_eq!(by_id(&[(0, &[])]).await.1, [false]);
}

#[tokio::test]
async fn rows_that_go_away_from_pages_read_before_lose_no_others() {
    for gone in [1, 5, 49, 50, 51, 120] {
        let mut paged = Paged::new(|asked| {
            let first = if asked >= 3 { gone + 1 } else { 1 };
            (first..=300).collect()
        });
        let (met, walk) = paged.read(counted).await;
        for id in 151..=300 {
            assert!(met.contains(&id), "{id} is lost when {gone} go away");
        }
        assert_eq!(walk.missed(), 0, "{gone}");
        assert!(paged.asked <= 6 + 2 * 4, "{} requests", paged.asked);
    }
}

#[tokio::test]
async fn a_count_that_goes_up_and_down_does_not_hold_the_walk_for_ever() {
    let mut paged = Paged::new(|asked| (1..=(300 - i64::from(asked % 2) * 7)).collect());
    let (met, _) = paged.read(counted).await;
    assert!((1..=293).all(|id| met.contains(&id)));
    assert!(paged.asked < 450, "{} requests", paged.asked);
}

#[tokio::test]
async fn a_list_that_counts_nothing_and_repeats_its_last_page_is_over_when_nothing_new_comes() {
    for many in [1, 50, 120, 300] {
        let mut paged = Paged::new(|_| (1..=many).collect());
        let (met, walk) = paged.read(uncounted).await;
        assert!((1..=many).all(|id| met.contains(&id)), "{many}");
        assert_eq!((walk.rows, walk.missed()), (many as u64, 0));
        assert!(paged.asked <= 8, "{} requests for {many}", paged.asked);
    }
}

#[tokio::test]
async fn one_page_given_for_ever_ends_the_list_and_shows_as_missing_rows() {
    let same = |_: &[i64], page: u32| list(300, 6, page.into(), users(1..=50));
    let mut paged = Paged::new(|_| Vec::new());
    let (_, walk) = paged.read(same).await;
    assert_eq!((paged.asked, walk.rows, walk.missed()), (2, 50, 250));
}

#[tokio::test]
async fn pages_that_begin_again_end_a_list_that_does_not_count() {
    let round = |_: &[i64], page: u32| {
        let first = i64::from((page - 1) % 3) * 50 + 1;
        answer_json(json!({ "list": users(first..first + 50) }))
    };
    let mut paged = Paged::new(|_| Vec::new());
    let (_, walk) = paged.read(round).await;
    assert_eq!((paged.asked, walk.rows), (4, 150));
}

#[tokio::test]
async fn a_number_of_pages_that_leaves_out_counted_rows_is_not_believed() {
    let one_page = |rows: &[i64], page: u32| list(rows.len() as u64, 1, page.into(), page_of(rows, page));
    let (met, walk) = Paged::new(|_| (1..=120).collect()).read(one_page).await;
    assert_eq!((met.len(), walk.missed()), (120, 0));

    let script = Script::new([list(120, 1, 1, users(1..=50))]);
    let listed = script.client().users(Cursor::default()).await.unwrap();
    assert_eq!(listed.next, Some(Cursor::After(50)), "by id");
}

#[tokio::test]
async fn a_list_in_no_order_is_read_to_its_end() {
    let mixed: Vec<i64> = (1..=130).map(|n| n * 37 % 131).collect();
    let (met, walk) = Paged::new(|_| mixed.clone()).read(counted).await;
    assert_eq!(met.len(), 130);
    assert!(walk.is_mixed() && walk.missed() == 0);
}

#[tokio::test]
async fn a_walk_is_kept_as_plain_data() {
    let script = Script::new([counted(&(1..=300).collect::<Vec<_>>(), 2)]);
    let at = Cursor::Page { page: 2, after: 0 };
    let mut walk = Walk::default();
    walk.on(at, &script.client().users(at).await.unwrap());
    let text = serde_json::to_string(&walk).unwrap();
    assert_eq!(serde_json::from_str::<Walk>(&text).unwrap(), walk);
    assert_eq!(serde_json::from_str::<Walk>("{}").unwrap(), Walk::default());
}

#[tokio::test]
async fn parts_of_a_page_are_pages_of_their_own_size() {
    let ask = |cursor, rows, skip| async move {
        let script = Script::new([list(0, 0, 1, vec![])]);
        let of = Stretch { rows, skip };
        script.client().users_in(cursor, of).await.unwrap();
        script.lines().remove(0)
    };
    assert_eq!(
        ask(Cursor::After(7), 5, 0).await,
        r#"GET users?page=1&limit=5&order=user_id ASC&filters={"user_id":{">":7}}"#
    );
    assert_eq!(
        ask(Cursor::After(7), 1, 3).await,
        r#"GET users?page=4&limit=1&order=user_id ASC&filters={"user_id":{">":7}}"#
    );
    let third = Cursor::Page { page: 3, after: 0 };
    assert_eq!(
        ask(third, 25, 25).await,
        "GET users?page=6&limit=25&order=user_id ASC"
    );
    assert_eq!(
        ask(third, 1, 49).await,
        "GET users?page=150&limit=1&order=user_id ASC"
    );

    let script = Script::new([list(300, 12, 6, users(126..=150))]);
    let of = Stretch { rows: 25, skip: 25 };
    let listed = script.client().users_in(third, of).await.unwrap();
    assert_eq!(
        (listed.next, listed.into),
        (Some(Cursor::Page { page: 4, after: 0 }), 0)
    );
    let script = Script::new([list(300, 60, 26, users(126..=130))]);
    let of = Stretch { rows: 5, skip: 25 };
    let listed = script.client().users_in(third, of).await.unwrap();
    assert_eq!((listed.next, listed.into), (Some(third), 30));
}

#[tokio::test]
async fn a_value_that_cannot_be_read_spoils_its_field_and_not_the_row() {
    let half = r#"{"user_id":"4","email":"d@example.com","newsletter":"0","firstname":"Ola \ud83d","lastname":"Nowak"}"#;
    let whole = r#"{"user_id":"5","email":"e@example.com","newsletter":"1","firstname":"Ola \ud83d\ude00"}"#;
    let body = format!(
        r#"{{"count":"5","pages":1,"page":1,"list":[
            {{"user_id":"2","email":"b@example.com","newsletter":"1","firstname":["Jan"],"lastname":"Kot"}},
            {{"user_id":"3","email":"c@example.com","newsletter":{{"a":1}},"firstname":"Ewa"}},
            {half},{whole}]}}"#
    );
    let listed = Script::new([raw(200, &body)])
        .client()
        .users(Cursor::default())
        .await
        .unwrap();
    let told = |row: &User| (row.id.0, row.unreadable.clone());
    let rows: Vec<_> = listed.rows.iter().map(told).collect();
    let firstname = || vec!["firstname".to_owned()];
    assert_eq!(rows, [(2, firstname()), (4, firstname()), (5, vec![])]);
    assert_eq!(listed.rows[0].lastname, "Kot");
    assert_eq!(
        (listed.rows[1].lastname.as_str(), listed.rows[1].newsletter),
        ("Nowak", Some(false))
    );
    assert_eq!(listed.rows[2].firstname, "Ola 😀");
    // What consent there is cannot be told: nothing is made of the row.
    assert_eq!(
        listed.broken.iter().map(|row| row.id).collect::<Vec<_>>(),
        [Some(3)]
    );

    let alone = Script::new([raw(200, half)])
        .client()
        .user(UserId(4))
        .await
        .unwrap();
    assert_eq!(told(&alone), (4, firstname()));
    let half_address = r#"{"subscriber_id":7,"email":"a\ud83d@example.com","active":"1"}"#;
    let error = Script::new([raw(200, half_address)])
        .client()
        .subscriber(SubscriberId(7))
        .await
        .unwrap_err();
    assert!(error.may_be_the_call() && !error.to_string().contains("example"));
}

#[tokio::test]
async fn a_row_without_a_readable_id_is_told_by_the_one_before_it() {
    let rows = vec![json!({}), user(4), json!("x"), json!([]), user(9)];
    let listed = Script::new([list(5, 1, 1, rows)])
        .client()
        .users(Cursor::default())
        .await
        .unwrap();
    assert_eq!((listed.rows.len(), listed.nameless), (2, vec![0, 4, 4]));
}

#[tokio::test]
async fn addresses_that_go_away_or_cannot_be_read_do_not_make_the_others_all_there_are() {
    let address = |id: i64| json!({ "address_book_id": id, "user_id": 2, "default": "1" });
    let ids = [UserId(2)];
    let script = Script::new([
        list(60, 2, 1, (1..=50).map(address).collect()),
        list(59, 2, 2, (52..=60).map(address).collect()),
        list(59, 2, 1, (2..=51).map(address).collect()),
        list(59, 2, 2, (52..=60).map(address).collect()),
    ]);
    let found = script
        .client()
        .addresses_of(&ids, AddressFilter::All)
        .await
        .unwrap();
    assert!(found.iter().any(|row| row.id == 51), "the one that moved up");
    script.requests();

    let nobodys = json!({ "address_book_id": 3, "user_id": [] , "city": {"a": 1}});
    let script = Script::new([list(2, 1, 1, vec![address(1), nobodys])]);
    let error = script
        .client()
        .addresses_of(&ids, AddressFilter::All)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotUnderstood { .. }));
}

#[tokio::test]
async fn a_failure_that_may_be_one_calls_own_is_told_from_one_of_the_whole_shop() {
    let error = |answer| async move {
        let script = Script::new([answer]);
        script.client().users(Cursor::default()).await.unwrap_err()
    };
    for answer in [
        raw(500, ""),
        raw(502, "<html>"),
        raw(200, ""),
        raw(200, "<html>"),
        raw(406, ""),
    ] {
        assert!(error(answer).await.may_be_the_call());
    }
    for answer in [
        refused(401, "unauthorized_client"),
        refused(403, "insufficient_scope"),
        refused(429, "temporarily_unavailable"),
        refused(503, "temporarily_unavailable"),
        raw(501, ""),
    ] {
        assert!(!error(answer).await.may_be_the_call());
    }
    let too_large = ports::TransportError::TooLarge { limit: 1 };
    assert!(Error::from(too_large).may_be_the_call());
    assert!(!Error::from(ports::TransportError::Connect(String::new())).may_be_the_call());
}
