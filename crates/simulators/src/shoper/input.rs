//! Reading the body of a write, leniently as a shop does, and collecting what is wrong with it
//! (shoper-api.md D.5, D.6).

use serde_json::{Map, Value};

use super::refusal::{FaultKind, FieldFault, Refusal};

/// The members of a body, and the faults found so far.
#[derive(Debug)]
pub(super) struct Input {
    members: Map<String, Value>,
    faults: Vec<FieldFault>,
}

impl Input {
    /// Reads a JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self {
                members,
                faults: Vec::new(),
            }),
            _ => Err(Refusal::Malformed("Request body is not a JSON object")),
        }
    }

    /// The member, unless it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Whether the member is there, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A text; numbers and booleans are taken for theirs.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let text = self.get(name).map(scalar_text)?;
        if text.is_none() {
            self.fault(name, FaultKind::Unusable(String::new()));
        }
        text
    }

    /// A text that must not be missing or blank when an object is made.
    pub(super) fn required_text(&mut self, name: &'static str, inserting: bool) -> Option<String> {
        let text = self.text(name);
        let blank = text.as_ref().is_none_or(|text| text.trim().is_empty());
        if blank && (inserting || text.is_some()) {
            self.fault(name, FaultKind::Required);
        }
        text
    }

    /// A flag: a boolean, 0 or 1, as themselves or as strings.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let text = self.text(name)?;
        match text.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" | "" => Some(false),
            _ => {
                self.fault(name, FaultKind::Unusable(text));
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &'static str) -> Option<i64> {
        let text = self.text(name)?;
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.fault(name, FaultKind::Unusable(text));
        }
        number
    }

    /// A decimal, in hundredths.
    pub(super) fn hundredths(&mut self, name: &'static str) -> Option<i64> {
        let text = self.text(name)?;
        match text.trim().parse::<f64>() {
            Ok(number) if number.abs() < 1e12 => Some((number * 100.0).round() as i64),
            _ => {
                self.fault(name, FaultKind::Unusable(text));
                None
            }
        }
    }

    /// Notes that something is wrong with a field.
    pub(super) fn fault(&mut self, field: &'static str, kind: FaultKind) {
        if !self.faults.iter().any(|fault| fault.field == field) {
            self.faults.push(FieldFault { field, kind });
        }
    }

    /// Notes that an e-mail address is none.
    pub(super) fn check_email(&mut self, email: Option<&str>) {
        if let Some(email) = email
            && !email.trim().is_empty()
            && !is_email(email)
        {
            self.fault("email", FaultKind::Unusable(email.to_owned()));
        }
    }

    /// Refuses when anything was wrong.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self.faults))
        }
    }
}

/// A scalar as text; `None` for arrays and objects.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(i64::from(*flag).to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !text.contains(char::is_whitespace)
                && !domain.contains('@')
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input {
        Input::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn flags_and_numbers_are_taken_in_every_spelling() {
        for (text, expected) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("false", false),
            ("0", false),
            ("\"0\"", false),
        ] {
            assert_eq!(
                input(&format!("{{\"active\":{text}}}")).flag("active"),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(input(r#"{"lang_id":"3"}"#).integer("lang_id"), Some(3));
        assert_eq!(input(r#"{"discount":"12.5"}"#).hundredths("discount"), Some(1250));
    }

    #[test]
    fn every_wrong_field_is_told_once() {
        let mut wrong = input(r#"{"active":"perhaps","email":"no address","lang_id":[1]}"#);
        assert_eq!(wrong.flag("active"), None);
        let email = wrong.required_text("email", true);
        wrong.check_email(email.as_deref());
        assert_eq!(wrong.integer("lang_id"), None);
        assert_eq!(wrong.required_text("firstname", true), None);
        let Err(Refusal::Invalid(faults)) = wrong.finish() else {
            panic!("must be refused")
        };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["active", "email", "lang_id", "firstname"]);
    }

    #[test]
    fn a_required_field_may_be_absent_from_an_update_but_not_blank() {
        let mut absent = input("{}");
        assert_eq!(absent.required_text("email", false), None);
        assert!(absent.finish().is_ok());
        let mut blank = input(r#"{"email":" "}"#);
        blank.required_text("email", false);
        assert!(blank.finish().is_err());
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for text in ["", "[]", "{", "7"] {
            assert!(Input::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
