//! What a mapping may fill: the fields of a SARE contact (sare-api.md 5, 7).

use std::fmt;

/// A field of a SARE contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// `name`: the one field for a whole name.
    Name,
    /// `gsm`: the phone.
    Gsm,
    /// `comment`: a note for the account's people.
    Comment,
    /// `prop1` to `prop9`.
    Prop(u8),
    /// `custom.NAME`: a property made by the account's people.
    Custom(String),
}

impl Target {
    /// The target of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        match name {
            "name" => return Some(Self::Name),
            "gsm" => return Some(Self::Gsm),
            "comment" => return Some(Self::Comment),
            _ => {}
        }
        if let Some(custom) = name.strip_prefix("custom.") {
            let custom = custom.trim();
            let usable = !custom.is_empty() && !custom.chars().any(char::is_control);
            return usable.then(|| Self::Custom(custom.to_owned()));
        }
        match name.strip_prefix("prop").map(str::as_bytes) {
            Some([digit @ b'1'..=b'9']) => Some(Self::Prop(digit - b'0')),
            _ => None,
        }
    }

    /// The names of all targets but the custom ones.
    pub fn basic_names() -> impl Iterator<Item = &'static str> {
        [
            "name", "gsm", "comment", "prop1", "prop2", "prop3", "prop4", "prop5", "prop6", "prop7", "prop8",
            "prop9",
        ]
        .into_iter()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Gsm => f.write_str("gsm"),
            Self::Comment => f.write_str("comment"),
            Self::Prop(n) => write!(f, "prop{n}"),
            Self::Custom(name) => write!(f, "custom.{name}"),
        }
    }
}
