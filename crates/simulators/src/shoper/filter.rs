//! Filters of a list: reading them in both forms and matching rows against them
//! (shoper-api.md D.2).

use std::cmp::Ordering;
use std::sync::Arc;

use ports::Millis;
use serde_json::{Map, Value};

use super::json::NEVER;
use super::warsaw;

/// One demand on one field; several demands must all hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    /// The field; `additional_fields.5` for the additional field 5.
    pub field: String,
    /// The comparison.
    pub op: Op,
    /// Whether the comparison must fail instead.
    pub negated: bool,
    /// What is compared with; several only with [`Op::In`].
    pub operands: Vec<Operand>,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Like,
    In,
}

/// A value compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    /// In lower case.
    text: String,
    number: Option<f64>,
    null: bool,
}

/// The value of a field of a row.
#[derive(Debug)]
pub(super) enum Field<'a> {
    Null,
    Number(i64),
    Flag(bool),
    /// A decimal in hundredths.
    Hundredths(i64),
    Text(&'a str),
    /// A moment; `None` is "never".
    Date(Option<Millis>),
    /// Any one of them may match.
    Texts(&'a [Arc<str>]),
    /// Any one of them may match.
    Numbers(Vec<i64>),
}

impl Operand {
    fn parse(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Null => String::new(),
            Value::Bool(flag) => i64::from(*flag).to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.to_lowercase(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        Some(Self {
            number: text.trim().parse().ok(),
            null: value.is_null(),
            text,
        })
    }

    /// The value as a whole number.
    pub(super) fn integer(&self) -> Option<i64> {
        self.text.trim().parse().ok()
    }

    /// The value in lower case.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Op {
    fn parse(name: &str) -> Option<(Self, bool)> {
        let name = name.trim().to_ascii_lowercase();
        let (negated, bare) = match name.strip_prefix("not ").or_else(|| name.strip_prefix("not_")) {
            Some(bare @ ("like" | "in")) => (true, bare),
            _ => (false, name.as_str()),
        };
        let op = match bare {
            "=" | "eq" => Self::Equal,
            "!=" => return Some((Self::Equal, true)),
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "like" => Self::Like,
            "in" => Self::In,
            _ => return None,
        };
        Some((op, negated))
    }
}

/// Conditions out of the parameter `filters`: a JSON text, or brackets. `None`: it cannot be read.
pub(super) fn parse(params: &[(String, String)]) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    let mut bracketed = Map::new();
    for (key, value) in params {
        if key == "filters" {
            if !value.is_empty() {
                let Value::Object(filters) = serde_json::from_str(value).ok()? else {
                    return None;
                };
                add_all(&filters, &mut conditions)?;
            }
        } else if let Some(path) = key
            .strip_prefix("filters[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            put(&mut bracketed, path, value)?;
        }
    }
    add_all(&bracketed, &mut conditions)?;
    Some(conditions)
}

/// `filters[a][b]=v` as `{"a":{"b":v}}`; an empty or numbered last bracket is an array.
fn put(object: &mut Map<String, Value>, path: &str, value: &str) -> Option<()> {
    let value = Value::String(value.to_owned());
    match path.split_once("][") {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((name, rest)) => {
            let is_list = rest.bytes().all(|byte| byte.is_ascii_digit()) && name != "=";
            let empty = if is_list {
                Value::Array(Vec::new())
            } else {
                Value::Object(Map::new())
            };
            match object.entry(name.to_owned()).or_insert(empty) {
                Value::Array(items) if is_list => items.push(value),
                Value::Object(inner) => match value {
                    Value::String(text) => put(inner, rest, &text)?,
                    _ => return None,
                },
                _ => return None,
            }
        }
    }
    Some(())
}

fn add_all(filters: &Map<String, Value>, conditions: &mut Vec<Condition>) -> Option<()> {
    for (field, demand) in filters {
        match demand {
            Value::Object(demands) => {
                for (op, value) in demands {
                    let (op, negated) = Op::parse(op)?;
                    match value {
                        // {"additional_fields":{"=":{"5":"test"}}}
                        Value::Object(parts) => {
                            for (part, value) in parts {
                                add(&format!("{field}.{part}"), op, negated, value, conditions)?;
                            }
                        }
                        value => add(field, op, negated, value, conditions)?,
                    }
                }
            }
            Value::Array(_) => add(field, Op::In, false, demand, conditions)?,
            value => add(field, Op::Equal, false, value, conditions)?,
        }
    }
    Some(())
}

fn add(field: &str, op: Op, negated: bool, value: &Value, conditions: &mut Vec<Condition>) -> Option<()> {
    let operands = match value {
        Value::Array(items) if op == Op::In => {
            items.iter().map(Operand::parse).collect::<Option<Vec<_>>>()?
        }
        value => vec![Operand::parse(value)?],
    };
    conditions.push(Condition {
        field: field.to_owned(),
        op,
        negated,
        operands,
    });
    Some(())
}

impl Condition {
    /// One that no row meets.
    pub(super) fn never(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            op: Op::In,
            negated: false,
            operands: Vec::new(),
        }
    }

    /// Whether a row with this value meets the condition.
    pub(super) fn holds(&self, field: &Field<'_>) -> bool {
        let any = |value: &Field<'_>| self.operands.iter().any(|operand| self.compare(value, operand));
        let met = match field {
            Field::Texts(texts) => texts.iter().any(|text| any(&Field::Text(text))),
            Field::Numbers(numbers) => numbers.iter().any(|number| any(&Field::Number(*number))),
            field => any(field),
        };
        met != self.negated
    }

    /// Whether it gives a list of values for this field.
    pub(super) fn lists(&self, field: &str) -> bool {
        self.field == field && self.op == Op::In
    }

    /// Whether it asks for this field to be one of some values, so that an index can answer.
    pub(super) fn picks(&self, field: &str) -> bool {
        self.field == field && !self.negated && matches!(self.op, Op::Equal | Op::In)
    }

    fn compare(&self, field: &Field<'_>, operand: &Operand) -> bool {
        if self.op == Op::Like {
            return match field {
                Field::Text(text) => like(&text.to_lowercase(), &operand.text),
                Field::Number(number) => like(&number.to_string(), &operand.text),
                Field::Date(date) => like(&date_text(*date), &operand.text),
                _ => false,
            };
        }
        let ordering = match field {
            Field::Null => operand.null.then_some(Ordering::Equal),
            _ if operand.null => None,
            Field::Number(number) => operand
                .number
                .and_then(|other| (*number as f64).partial_cmp(&other)),
            Field::Flag(flag) => operand
                .number
                .and_then(|other| f64::from(u8::from(*flag)).partial_cmp(&other)),
            Field::Hundredths(value) => operand
                .number
                .and_then(|other| (*value as f64).partial_cmp(&(other * 100.0).round())),
            Field::Text(text) => Some(compare_texts(text, &operand.text)),
            Field::Date(date) => Some(date_text(*date).as_str().cmp(&operand.text)),
            Field::Texts(_) | Field::Numbers(_) => None,
        };
        ordering.is_some_and(|ordering| match self.op {
            Op::Equal | Op::In => ordering.is_eq(),
            Op::Greater => ordering.is_gt(),
            Op::GreaterOrEqual => ordering.is_ge(),
            Op::Less => ordering.is_lt(),
            Op::LessOrEqual => ordering.is_le(),
            Op::Like => false,
        })
    }
}

fn date_text(date: Option<Millis>) -> String {
    date.map_or_else(|| NEVER.to_owned(), |moment| warsaw::local(moment).to_string())
}

/// Ignoring case, as the shop's database compares; `lower` is in lower case already.
fn compare_texts(text: &str, lower: &str) -> Ordering {
    if text.is_ascii() {
        text.bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .cmp(lower.bytes())
    } else {
        text.to_lowercase().as_str().cmp(lower)
    }
}

/// SQL's LIKE: `%` is any text, `_` any one character.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'%') {
            retry = Some((p + 1, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '_' || *c == text[t]) {
            t += 1;
            p += 1;
        } else if let Some((after, from)) = retry {
            retry = Some((after, from + 1));
            p = after;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Vec<Condition> {
        parse(&[("filters".to_owned(), text.to_owned())]).unwrap()
    }

    fn holds(text: &str, field: &Field<'_>) -> bool {
        json(text).iter().all(|condition| condition.holds(field))
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_operator_of_the_reference_compares() {
        let five = Field::Number(5);
        for (filter, expected) in [
            (r#"{"n":5}"#, true),
            (r#"{"n":"5"}"#, true),
            (r#"{"n":{"=":"6"}}"#, false),
            (r#"{"n":{"!=":6}}"#, true),
            (r#"{"n":{">":4}}"#, true),
            (r#"{"n":{">":5}}"#, false),
            (r#"{"n":{">=":5}}"#, true),
            (r#"{"n":{"<":"5"}}"#, false),
            (r#"{"n":{"<=":5}}"#, true),
            (r#"{"n":{">":4,"<":5}}"#, false),
            (r#"{"n":{"in":[1,"5"]}}"#, true),
            (r#"{"n":{"NOT IN":[1,5]}}"#, false),
            (r#"{"n":{"in":[]}}"#, false),
        ] {
            assert_eq!(holds(filter, &five), expected, "{filter}");
        }
    }

    #[test]
    fn texts_compare_without_regard_to_case() {
        let email = Field::Text("Jan.Żuk@Example.com");
        assert!(holds(r#"{"e":"jan.ŻUK@example.COM"}"#, &email));
        assert!(holds(r#"{"e":{"LIKE":"%żuk@%"}}"#, &email));
        assert!(holds(r#"{"e":{"not like":"anna%"}}"#, &email));
        assert!(!holds(r#"{"e":{"like":"jan"}}"#, &email));
    }

    #[test]
    fn null_dates_flags_decimals_and_lists_compare() {
        assert!(holds(r#"{"g":null}"#, &Field::Null));
        assert!(holds(r#"{"g":{"!=":null}}"#, &Field::Number(1)));
        assert!(holds(r#"{"a":true}"#, &Field::Flag(true)));
        assert!(holds(r#"{"d":{"<=":"12.5"}}"#, &Field::Hundredths(1250)));
        let noon = Field::Date(Some(1_795_431_600_000));
        assert!(holds(
            r#"{"d":{">":"2026-11-23 11:59:59","<":"2026-11-24"}}"#,
            &noon
        ));
        assert!(holds(r#"{"d":"0000-00-00 00:00:00"}"#, &Field::Date(None)));
        let tags = [Arc::from("VIP"), Arc::from("hurt")];
        assert!(holds(r#"{"t":"vip"}"#, &Field::Texts(&tags)));
        assert!(!holds(r#"{"t":{"!=":"vip"}}"#, &Field::Texts(&tags)));
        assert!(holds(r#"{"t":{"in":[2]}}"#, &Field::Numbers(vec![1, 2])));
    }

    #[test]
    fn brackets_say_the_same_as_json() {
        let both = [
            (vec![("filters[email]", "a@b.pl")], r#"{"email":"a@b.pl"}"#),
            (vec![("filters[id][>]", "3")], r#"{"id":{">":"3"}}"#),
            (
                vec![("filters[id][in][]", "3"), ("filters[id][in][]", "4")],
                r#"{"id":{"in":["3","4"]}}"#,
            ),
            (
                vec![("filters[id][in][0]", "3"), ("filters[id][in][1]", "4")],
                r#"{"id":{"in":["3","4"]}}"#,
            ),
            (
                vec![("filters[additional_fields][=][5]", "test")],
                r#"{"additional_fields":{"=":{"5":"test"}}}"#,
            ),
        ];
        for (brackets, text) in both {
            assert_eq!(parse(&pairs(&brackets)).unwrap(), json(text));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        for text in [
            "{",
            "[]",
            r#"{"id":{"between":[1,2]}}"#,
            r#"{"id":{">":[1]}}"#,
            "7",
        ] {
            assert_eq!(parse(&pairs(&[("filters", text)])), None, "{text}");
        }
        assert_eq!(
            parse(&pairs(&[("filters[a]", "1"), ("filters[a][>]", "1")])),
            None
        );
    }

    proptest! {
        #[test]
        fn reading_filters_never_panics(key in "filters(\\[[a-z0-9\\[\\]=<>]{0,8}\\]){0,3}", value in ".{0,20}") {
            let _ = parse(&[(key, value)]);
        }

        #[test]
        fn like_with_percent_on_both_sides_means_contains(text in "[ab]{0,8}", part in "[ab]{0,3}") {
            prop_assert_eq!(like(&text, &format!("%{part}%")), text.contains(&part));
        }
    }
}
