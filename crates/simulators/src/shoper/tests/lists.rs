//! Pages, their envelope and their order (shoper-api.md D.1, D.3).

use http::Method;
use serde_json::{Value, json};

use super::super::{DefaultOrder, FilterMode, PastEndPage};
use super::{a_plain_shop, a_shop};

#[test]
fn the_envelope_tells_a_count_as_text_and_pages_as_numbers() {
    let site = a_plain_shop();
    assert_eq!(
        site.get("users").json,
        json!({ "count": "0", "pages": 0, "page": 1, "list": [] })
    );
    site.customers(23);
    let seen = site.get("users?page=3");
    assert_eq!(
        (&seen.json["count"], &seen.json["pages"], &seen.json["page"]),
        (&json!("23"), &json!(3), &json!(3))
    );
    assert_eq!(seen.ids("user_id"), [21, 22, 23]);
    let headers =
        ["x-shop-result-count", "x-shop-result-pages", "x-shop-result-page"].map(|name| seen.header(name));
    assert_eq!(headers, ["23", "3", "3"]);
}

#[test]
fn up_to_fifty_rows_fit_a_page_and_a_larger_limit_gives_ten() {
    let site = a_plain_shop();
    site.customers(60);
    for (limit, rows) in [
        ("", 10),
        ("limit=1", 1),
        ("limit=50", 50),
        ("limit=51", 10),
        ("limit=500", 10),
        ("limit=0", 10),
    ] {
        let seen = site.get(&format!("users?{limit}"));
        assert_eq!((seen.status, seen.ids("user_id").len()), (200, rows), "{limit}");
        assert_eq!(seen.json["pages"], 60_usize.div_ceil(rows), "{limit}");
    }
}

#[test]
fn an_order_without_a_direction_descends() {
    let site = a_plain_shop();
    site.customers(3);
    for (order, ids) in [
        ("order=user_id", [3, 2, 1]),
        ("order=user_id%20ASC", [1, 2, 3]),
        ("order=user_id+DESC", [3, 2, 1]),
        ("order=user_id%20asc", [1, 2, 3]),
        ("order=lastname", [3, 2, 1]),
        ("order=lastname%20ASC", [1, 2, 3]),
        ("order%5B%5D=active%20ASC&order%5B%5D=user_id%20DESC", [3, 2, 1]),
        (
            "order%5B%5D=newsletter%20DESC&order%5B%5D=user_id%20DESC",
            [2, 3, 1],
        ),
        ("", [1, 2, 3]),
    ] {
        assert_eq!(site.get(&format!("users?{order}")).ids("user_id"), ids, "{order}");
    }
    let newest_first = a_shop(|s| s.default_order = DefaultOrder::Descending);
    newest_first.customers(3);
    assert_eq!(newest_first.get("users").ids("user_id"), [3, 2, 1]);
    assert_eq!(
        newest_first.get("users?order=email%20ASC").ids("user_id"),
        [1, 2, 3]
    );
}

#[test]
fn a_keyset_finds_every_row_even_while_rows_go() {
    let site = a_plain_shop();
    let ids = site.customers(130);
    let (mut last, mut seen) = (0, Vec::new());
    loop {
        let page = site.filtered(
            "users",
            &json!({ "user_id": { ">": last } }),
            "&order=user_id%20ASC&limit=50",
        );
        let rows = page.ids("user_id");
        let Some(newest) = rows.last() else { break };
        last = *newest;
        seen.extend(rows);
        // Deleted behind the reader: pages by number would now skip a row.
        site.shop.delete_customer(seen[0]);
    }
    assert_eq!(seen, ids);
}

#[test]
fn pages_by_number_skip_a_row_when_one_before_it_goes() {
    let site = a_plain_shop();
    site.customers(20);
    site.get("users?page=1");
    site.shop.delete_customer(3);
    assert_eq!(
        site.get("users?page=2").ids("user_id")[0],
        12,
        "11 is on no page that was read"
    );
}

#[test]
fn a_page_past_the_end_is_empty_the_last_or_not_found() {
    let page = |past_end_page| {
        let site = a_shop(|s| s.past_end_page = past_end_page);
        site.customers(12);
        site.get("users?page=9&order=user_id%20ASC")
    };
    let empty = page(PastEndPage::Empty);
    assert_eq!(
        (empty.json["page"].as_i64(), empty.ids("user_id").len()),
        (Some(9), 0)
    );
    let last = page(PastEndPage::LastPage);
    assert_eq!(
        (last.json["page"].as_i64(), last.ids("user_id")),
        (Some(2), vec![11, 12])
    );
    assert_eq!(page(PastEndPage::Error404).status, 404);
}

#[test]
fn a_list_may_be_an_object_by_id() {
    let site = a_shop(|s| s.list_as_object = true);
    assert_eq!(
        site.get("users").json["list"],
        json!([]),
        "an empty array has no keys"
    );
    site.customers(2);
    let list = site.get("users").json["list"].clone();
    assert_eq!(
        (&list["1"]["user_id"], &list["2"]["user_id"]),
        (&json!("1"), &json!("2"))
    );
}

#[test]
fn head_tells_the_numbers_without_the_rows() {
    let site = a_plain_shop();
    site.customers(3);
    let seen = site.send(Method::HEAD, "users?limit=2", &Value::Null);
    assert_eq!((seen.status, seen.answer.body().len()), (200, 0));
    assert_eq!(
        (
            seen.header("x-shop-result-count"),
            seen.header("x-shop-result-pages")
        ),
        ("3", "2")
    );
}

#[test]
fn an_order_by_what_a_resource_does_not_have_is_refused_or_ignored() {
    for (mode, status) in [
        (FilterMode::Error404, 404),
        (FilterMode::Error400, 400),
        (FilterMode::Ignored, 200),
    ] {
        let site = a_shop(|s| s.unknown_field_filter = mode);
        site.customers(2);
        assert_eq!(site.get("users?order=shoe_size%20ASC").status, status);
    }
}
