//! What the two services say exists: groups, contact properties, additional fields.
//!
//! Filled by whoever has asked them; a configuration is checked against it and mappings are suggested
//! from it. A list that could not be read is `None`, and nothing is held against it.

/// What may be named in a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// SARE's groups: number and name.
    pub groups: Option<Vec<(i64, String)>>,
    /// SARE's contact properties.
    pub properties: Option<Vec<Property>>,
    /// The shop's additional fields of customers.
    pub additional_fields: Option<Vec<AdditionalField>>,
}

/// A contact property ("cecha") of the SARE account (sare-api.md 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// What names it in a contact: `prop1` to `prop9`, or a custom property's own name.
    pub name: String,
    /// What names it in SARE's panel, often the same.
    pub label: String,
    /// The values it takes.
    pub kind: PropertyKind,
}

impl Property {
    /// The number of a basic property, 1 to 9; `None` for custom ones.
    pub fn basic(&self) -> Option<u8> {
        match self.name.strip_prefix("prop").map(str::as_bytes) {
            Some([digit @ b'1'..=b'9']) => Some(digit - b'0'),
            _ => None,
        }
    }
}

/// The values a property takes (sare-api.md 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyKind {
    /// Text.
    Text {
        /// Most characters, where SARE says so.
        max_len: Option<usize>,
    },
    /// A number.
    Number,
    /// One of fixed values; an empty list means that SARE did not tell them.
    List { values: Vec<String> },
    /// A consent ("zgoda").
    Consent,
    /// SARE does not say.
    Unknown,
}

/// An additional field of customers (shoper-api.md E.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalField {
    /// `field_id`.
    pub id: i64,
    /// What the shop calls it.
    pub label: String,
}
