//! A contact's status in SARE, and every way in which an answer may write it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A contact's status (sare-api.md 6). Numbers have one name each; [`Status::from_number`] never makes
/// an [`Status::Other`] of a number that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i64", from = "i64")]
pub enum Status {
    /// 8, "zapisany i potwierdzony": the only status that newsletters go to.
    Confirmed,
    /// 7, "adres zablokowany": never to be written to.
    Blocked,
    /// 6, "zapisany niepotwierdzony": the default of `email/add`.
    NotConfirmed,
    /// 5, "zapisany brak weryfikacji".
    NotVerified,
    /// 4, "chęć wypisania": a click on the unsubscribe link.
    RemovalRequested,
    /// 3, "wypisał się".
    RemovedAutomatically,
    /// 2, "wypisany ręcznie".
    RemovedManually,
    /// Any other number, among them that of a contact forgotten under the GDPR; -1 for what is no
    /// number and no known name. Hands off (sare-api.md 16 row 9).
    Other(i64),
}

impl Status {
    /// What stands for a status that cannot be read.
    pub(crate) const UNREADABLE: Self = Self::Other(-1);

    /// The status of that number.
    pub fn from_number(number: i64) -> Self {
        match number {
            8 => Self::Confirmed,
            7 => Self::Blocked,
            6 => Self::NotConfirmed,
            5 => Self::NotVerified,
            4 => Self::RemovalRequested,
            3 => Self::RemovedAutomatically,
            2 => Self::RemovedManually,
            other => Self::Other(other),
        }
    }

    /// SARE's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Confirmed => 8,
            Self::Blocked => 7,
            Self::NotConfirmed => 6,
            Self::NotVerified => 5,
            Self::RemovalRequested => 4,
            Self::RemovedAutomatically => 3,
            Self::RemovedManually => 2,
            Self::Other(number) => number,
        }
    }

    /// Reads digits, or a name as the panel writes it in Polish or English. Names are compared whole:
    /// "unconfirmed" must never be taken for "confirmed". What is neither is `Other(-1)`.
    pub fn parse(text: &str) -> Self {
        if let Ok(number) = text.trim().parse() {
            return Self::from_number(number);
        }
        match plain(text).as_str() {
            "zapisany i potwierdzony" | "subscribed and confirmed" | "confirmed" => Self::Confirmed,
            "adres zablokowany" | "zablokowany" | "address blocked" | "blocked" => Self::Blocked,
            "zapisany niepotwierdzony" | "subscribed unconfirmed" | "unconfirmed" | "not confirmed" => {
                Self::NotConfirmed
            }
            "zapisany brak weryfikacji" | "brak weryfikacji" | "no verification" | "not verified" => {
                Self::NotVerified
            }
            "chec wypisania"
            | "chec wypisania opcjonalnie"
            | "willingness to unsubscribe"
            | "remove requested"
            | "removal requested" => Self::RemovalRequested,
            "wypisal sie" | "unsubscribed" | "removed automatically" => Self::RemovedAutomatically,
            "wypisany recznie" | "signed out manually" | "removed manually" => Self::RemovedManually,
            _ => Self::UNREADABLE,
        }
    }

    /// Reads a status out of an answer: a number, a text as [`Status::parse`] takes it, or an object
    /// holding one as `status` or `id`. `None` for `null`; everything else is `Other(-1)`.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(Self::parse(text)),
            Value::Object(members) => match members.get("status").or_else(|| members.get("id")) {
                Some(Value::Object(_)) | None => Some(Self::UNREADABLE),
                Some(inner) => Self::from_json(inner),
            },
            other => Some(crate::wire::lenient::integer(other).map_or(Self::UNREADABLE, Self::from_number)),
        }
    }

    /// 2, 3 or 4: the person, or an operator for them, refused. Exactly these (sare-api.md 14).
    pub fn is_refusal(self) -> bool {
        matches!(self.number(), 2..=4)
    }

    /// 8: newsletters go there. Exactly this one.
    pub fn is_mailable(self) -> bool {
        self.number() == 8
    }

    /// 5 or 6: present, neither subscribed nor unsubscribed.
    pub fn is_unconfirmed(self) -> bool {
        matches!(self.number(), 5 | 6)
    }

    /// 7.
    pub fn is_blocked(self) -> bool {
        self.number() == 7
    }
}

impl From<i64> for Status {
    fn from(number: i64) -> Self {
        Self::from_number(number)
    }
}

impl From<Status> for i64 {
    fn from(status: Status) -> Self {
        status.number()
    }
}

/// The number, as people know it from the API.
impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// Lower case, Polish letters without their marks, words apart by one space, nothing else.
fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        let letter = match letter {
            'ą' => 'a',
            'ć' => 'c',
            'ę' => 'e',
            'ł' => 'l',
            'ń' => 'n',
            'ó' => 'o',
            'ś' => 's',
            'ź' | 'ż' => 'z',
            other if other.is_alphanumeric() => other,
            _ => ' ',
        };
        if letter != ' ' || !(words.is_empty() || words.ends_with(' ')) {
            words.push(letter);
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_one_name_each() {
        for number in -3..12 {
            let status = Status::from_number(number);
            assert_eq!(status.number(), number);
            assert_eq!(matches!(status, Status::Other(_)), !(2..=8).contains(&number));
        }
    }

    #[test]
    fn only_2_3_and_4_are_refusals_and_only_8_is_mailable() {
        let having = |is: fn(Status) -> bool| -> Vec<i64> {
            (-3..12)
                .filter(|number| is(Status::from_number(*number)))
                .collect()
        };
        assert_eq!(having(Status::is_refusal), [2, 3, 4]);
        assert_eq!(having(Status::is_mailable), [8]);
        assert_eq!(having(Status::is_unconfirmed), [5, 6]);
        assert_eq!(having(Status::is_blocked), [7]);
    }

    #[test]
    fn polish_and_english_panel_names_are_read() {
        let names = [
            (8, "zapisany i potwierdzony", "subscribed and confirmed"),
            (7, "adres zablokowany", "address blocked"),
            (6, "zapisany niepotwierdzony", "subscribed, unconfirmed"),
            (5, "zapisany brak weryfikacji", "no verification"),
            (4, "chęć wypisania (opcjonalnie)", "willingness to unsubscribe"),
            (4, "CHĘĆ WYPISANIA", " Willingness  to unsubscribe "),
            (3, "wypisał się", "unsubscribed"),
            (2, "wypisany ręcznie", "Signed out manually"),
        ];
        for (number, polish, english) in names {
            assert_eq!(Status::parse(polish).number(), number, "{polish}");
            assert_eq!(Status::parse(english).number(), number, "{english}");
        }
    }

    #[test]
    fn a_status_that_cannot_be_read_is_hands_off() {
        for text in [
            "",
            "zapomniany RODO",
            "forgotten (GDPR)",
            "Array",
            "niepotwierdzony i potwierdzony",
        ] {
            assert_eq!(Status::parse(text), Status::Other(-1), "{text}");
        }
        for value in [
            json!(true),
            json!([8]),
            json!({}),
            json!(8.5),
            json!(u64::MAX),
            json!({"status": {}}),
        ] {
            assert_eq!(Status::from_json(&value), Some(Status::Other(-1)), "{value}");
        }
    }

    #[test]
    fn numbers_digits_and_nested_statuses_are_read_and_null_is_none() {
        for value in [
            json!(8),
            json!(8.0),
            json!("8"),
            json!(" 8 "),
            json!({"status": "8"}),
            json!({"id": 8}),
        ] {
            assert_eq!(Status::from_json(&value), Some(Status::Confirmed), "{value}");
        }
        assert_eq!(Status::from_json(&json!("9")), Some(Status::Other(9)));
        assert_eq!(Status::from_json(&Value::Null), None);
        assert_eq!(Status::from_json(&json!({"status": null})), None);
    }

    #[test]
    fn a_status_is_stored_as_its_number() {
        assert_eq!(serde_json::to_value(Status::RemovalRequested).unwrap(), json!(4));
        assert_eq!(
            serde_json::from_value::<Status>(json!(9)).unwrap(),
            Status::Other(9)
        );
    }
}
