//! Every way in which a scalar can come.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read<T>(value: &Value, how: impl Fn(Value) -> Result<T, serde_json::Error>) -> Option<T> {
    how(value.clone()).ok()
}

#[test]
fn a_text_comes_as_text_number_flag_or_nothing() {
    for (value, expected) in [
        (json!("Anna"), "Anna"),
        (json!(""), ""),
        (json!(12), "12"),
        (json!(12.5), "12.5"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(true), "1"),
        (json!(false), "0"),
        (json!(null), ""),
        (json!([]), ""),
        (json!({}), ""),
    ] {
        assert_eq!(read(&value, text).as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn an_integer_comes_as_number_or_digits_and_as_nothing_else() {
    for value in [json!(21), json!("21"), json!(" 21 "), json!(21.0), json!("21.00")] {
        assert_eq!(read(&value, integer), Some(Some(21)), "{value}");
    }
    for value in [
        json!("21a"),
        json!(21.5),
        json!(1e300),
        json!(true),
        json!([]),
        json!(null),
        json!(""),
    ] {
        assert_eq!(read(&value, integer), Some(None), "{value}");
    }
}

#[test]
fn a_flag_comes_as_text_number_or_truth_value_and_nothing_else_says_anything() {
    for value in [json!("1"), json!(1), json!(true), json!("true"), json!(1.0)] {
        assert_eq!(read(&value, flag), Some(Some(true)), "{value}");
    }
    for value in [json!("0"), json!(0), json!(false), json!("FALSE")] {
        assert_eq!(read(&value, flag), Some(Some(false)), "{value}");
    }
    for value in [
        json!(null),
        json!([]),
        json!({}),
        json!(""),
        json!("  "),
        json!("2"),
        json!(2),
        json!(-1),
        json!(0.5),
        json!("yes"),
        json!("tak"),
        json!("nie"),
        json!("on"),
    ] {
        assert_eq!(read(&value, flag), Some(None), "{value}");
    }
}

#[test]
fn a_list_that_is_not_there_is_not_an_empty_one() {
    assert_eq!(read(&json!(null), told_ids), Some(None));
    assert_eq!(read(&json!(null), told_texts), Some(None));
    for value in [json!([]), json!({}), json!("")] {
        assert_eq!(read(&value, told_ids), Some(Some(vec![])), "{value}");
        assert_eq!(read(&value, told_texts), Some(Some(vec![])), "{value}");
    }
    assert_eq!(read(&json!(["3", 4]), told_ids), Some(Some(vec![3, 4])));
    assert_eq!(
        read(&json!("vip"), told_texts),
        Some(Some(vec!["vip".to_owned()]))
    );
}

#[test]
fn never_is_no_date() {
    assert_eq!(
        read(&json!("2026-11-23 12:00:00"), date),
        Some(Some("2026-11-23 12:00:00".to_owned()))
    );
    for value in [
        json!("0000-00-00 00:00:00"),
        json!("0000-00-00"),
        json!(""),
        json!(null),
        json!([]),
    ] {
        assert_eq!(read(&value, date), Some(None), "{value}");
    }
}

#[test]
fn an_id_is_a_whole_number_above_zero() {
    assert_eq!(read(&json!("7"), id), Some(7));
    for value in [json!("0"), json!(-1), json!(null), json!("seven"), json!([7])] {
        assert_eq!(read(&value, id), None, "{value}");
    }
}

#[test]
fn a_full_list_or_object_is_no_scalar_and_the_error_does_not_quote_it() {
    for value in [json!(["jan@example.com"]), json!({"a": "jan@example.com"})] {
        let error = text(value).unwrap_err().to_string();
        assert!(!error.contains("jan"), "{error}");
    }
}

#[test]
fn ids_and_texts_come_in_lists_maps_and_alone() {
    for value in [
        json!([1, 21]),
        json!(["1", "21"]),
        json!({"0": "1", "3": 21}),
        json!([{"group_id": "1", "name": "a"}, {"id": 21}]),
        json!(["1", null, "x", 0, 21]),
    ] {
        assert_eq!(read(&value, ids), Some(vec![1, 21]), "{value}");
    }
    for value in [
        json!(["vip", "hurt"]),
        json!({"1": "vip", "2": "hurt"}),
        json!([{"tag_id": 3, "name": "vip"}, "hurt", ""]),
    ] {
        assert_eq!(
            read(&value, texts),
            Some(vec!["vip".to_owned(), "hurt".to_owned()]),
            "{value}"
        );
    }
    assert_eq!(read(&json!("vip"), texts), Some(vec!["vip".to_owned()]));
    assert_eq!(read(&json!(7), ids), Some(vec![7]));
    for value in [json!([]), json!({}), json!(null), json!(""), json!(false)] {
        assert_eq!(read(&value, ids), Some(vec![]), "{value}");
        assert_eq!(read(&value, texts), Some(vec![]), "{value}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~ąż]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_breaks_the_reading(value in any_json()) {
        let _ = (text(value.clone()), filled(value.clone()), integer(value.clone()), flag(value.clone()));
        let _ = (date(value.clone()), id(value.clone()), ids(value.clone()), texts(value.clone()));
    }

    #[test]
    fn reading_from_bytes_and_from_a_value_is_the_same(value in any_json()) {
        let bytes = serde_json::to_vec(&value).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let mut source = serde_json::Deserializer::from_slice(&bytes);
        prop_assert_eq!(text(&mut source).ok(), text(&value).ok());
        let mut source = serde_json::Deserializer::from_slice(&bytes);
        prop_assert_eq!(ids(&mut source).ok(), ids(&value).ok());
    }

    #[test]
    fn a_number_reads_the_same_in_digits(number in any::<i64>()) {
        prop_assert_eq!(integer(json!(number)).unwrap(), Some(number));
        prop_assert_eq!(integer(json!(number.to_string())).unwrap(), Some(number));
        prop_assert_eq!(text(json!(number)).unwrap(), text(json!(number.to_string())).unwrap());
    }
}
