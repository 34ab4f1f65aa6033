//! What is done to a value on its way: one word each, pure, and never inventing anything.

mod date;
mod phone;

use std::fmt;

use crate::finding::What;
use crate::similar::closest;

/// One step on a value's way from the shop to SARE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// White space at both ends goes.
    Trim,
    /// Small letters.
    Lower,
    /// Capital letters.
    Upper,
    /// Every word begins with a capital letter.
    Title,
    /// E.164, `+48600700800`; what is no phone number becomes empty.
    Phone,
    /// Only the digits.
    Digits,
    /// A date in another form (`strftime`); what is no date becomes empty.
    Date(String),
    /// Words for 1 and 0; anything else becomes empty.
    YesNo {
        /// For 1.
        yes: String,
        /// For 0.
        no: String,
    },
    /// At most so many characters.
    Max(usize),
    /// The first word.
    FirstWord,
    /// This text when there is none.
    Default(String),
}

/// Names of the transforms and how each is written.
const EXAMPLES: [(&str, &str); 11] = [
    ("trim", "trim"),
    ("lower", "lower"),
    ("upper", "upper"),
    ("title", "title"),
    ("phone", "phone"),
    ("digits", "digits"),
    ("date", "date:%d.%m.%Y"),
    ("yes_no", "yes_no:TAK/NIE"),
    ("max", "max:50"),
    ("first_word", "first_word"),
    ("default", "default:brak"),
];

impl Transform {
    /// Reads `name` or `name:argument`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, What> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name.trim(), Some(argument.trim())),
            None => (text.trim(), None),
        };
        let Some((_, example)) = EXAMPLES.into_iter().find(|(known, _)| *known == name) else {
            let similar = closest(name, EXAMPLES.into_iter().map(|(known, _)| known));
            return Err(What::UnknownTransform {
                name: name.to_owned(),
                similar,
            });
        };
        let filled = argument.filter(|a| !a.is_empty());
        let parsed = match (name, argument) {
            ("trim", None) => Some(Self::Trim),
            ("lower", None) => Some(Self::Lower),
            ("upper", None) => Some(Self::Upper),
            ("title", None) => Some(Self::Title),
            ("phone", None) => Some(Self::Phone),
            ("digits", None) => Some(Self::Digits),
            ("first_word", None) => Some(Self::FirstWord),
            ("date", _) => filled
                .filter(|f| date::is_format(f))
                .map(|f| Self::Date(f.to_owned())),
            ("yes_no", _) => filled
                .and_then(|words| words.split_once('/'))
                .map(|(yes, no)| Self::YesNo {
                    yes: yes.trim().to_owned(),
                    no: no.trim().to_owned(),
                }),
            ("max", _) => filled
                .and_then(|n| n.parse().ok())
                .filter(|n| *n > 0)
                .map(Self::Max),
            ("default", _) => filled.map(|text| Self::Default(text.to_owned())),
            _ => None,
        };
        parsed.ok_or_else(|| What::BadTransform {
            written: text.trim().to_owned(),
            example,
        })
    }

    /// Names of all transforms, with an example of each.
    pub fn examples() -> &'static [(&'static str, &'static str)] {
        &EXAMPLES
    }

    /// The value afterwards. `country` tells the two-letter code of the person's country, where known.
    pub fn apply(&self, value: &str, country: &dyn Fn() -> Option<String>) -> String {
        match self {
            Self::Trim => value.trim().to_owned(),
            Self::Lower => value.to_lowercase(),
            Self::Upper => value.to_uppercase(),
            Self::Title => title(value),
            Self::Phone => phone::e164(value, country).unwrap_or_default(),
            Self::Digits => value.chars().filter(char::is_ascii_digit).collect(),
            Self::Date(format) => date::reformat(value, format).unwrap_or_default(),
            Self::YesNo { yes, no } => match flag(value) {
                Some(true) => yes.clone(),
                Some(false) => no.clone(),
                None => String::new(),
            },
            Self::Max(most) => value.chars().take(*most).collect(),
            Self::FirstWord => value.split_whitespace().next().unwrap_or_default().to_owned(),
            Self::Default(text) if value.trim().is_empty() => text.clone(),
            Self::Default(_) => value.to_owned(),
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trim => f.write_str("trim"),
            Self::Lower => f.write_str("lower"),
            Self::Upper => f.write_str("upper"),
            Self::Title => f.write_str("title"),
            Self::Phone => f.write_str("phone"),
            Self::Digits => f.write_str("digits"),
            Self::Date(format) => write!(f, "date:{format}"),
            Self::YesNo { yes, no } => write!(f, "yes_no:{yes}/{no}"),
            Self::Max(most) => write!(f, "max:{most}"),
            Self::FirstWord => f.write_str("first_word"),
            Self::Default(text) => write!(f, "default:{text}"),
        }
    }
}

/// "anna-maria KOWALSKA" becomes "Anna-Maria Kowalska". Letters after an apostrophe stay small unless
/// the name begins with one letter before it (O'Neill).
fn title(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut letters = 0;
    for c in value.chars() {
        if c.is_alphanumeric() {
            if letters == 0 {
                out.extend(c.to_uppercase());
            } else {
                out.extend(c.to_lowercase());
            }
            letters += 1;
        } else {
            out.push(c);
            let inside = matches!(c, '\'' | '’') && letters > 1;
            if !inside {
                letters = 0;
            }
        }
    }
    out
}

fn flag(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "true" | "yes" | "tak" => Some(true),
        "0" | "false" | "no" | "nie" => Some(false),
        _ => None,
    }
}
