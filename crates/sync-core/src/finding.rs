//! What is to be said about a configuration: where, what is wrong, what would be right.
//!
//! Findings are values; the crate `texts` says them in a person's language.

use crate::RecordKind;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, and is perhaps not what was meant.
    Warning,
    /// It cannot be used as it is.
    Error,
}

/// One thing found in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line of the file, from 1; `None` when there was no file or the thing is missing in it.
    pub line: Option<usize>,
    /// The setting: `customers.mapping.gsm`. Empty for the whole file.
    pub path: String,
    /// What is wrong with it.
    pub what: What,
}

/// What kind of value stands somewhere, or should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Text in quotes.
    Text,
    /// A whole number.
    Integer,
    /// A number with a decimal point.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list in `[ ]`.
    List,
    /// A section, or `{ }`.
    Table,
    /// A date.
    Date,
    /// Text in quotes, or a row in `{ }`.
    TextOrTable,
}

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The text is no TOML; the parser's own words.
    Syntax(String),
    /// No such setting.
    UnknownKey {
        /// The key as written.
        key: String,
        /// Known keys like it.
        similar: Vec<String>,
    },
    /// The setting is needed.
    Missing {
        /// How it could be written.
        example: &'static str,
    },
    /// A value of another kind is needed.
    WrongType {
        /// What stands there.
        found: ValueType,
        /// What should.
        wanted: ValueType,
    },
    /// Not one of the words that are understood here.
    NotAllowed {
        /// The word as written.
        value: String,
        /// The words understood.
        allowed: &'static [&'static str],
    },
    /// A number too small or too large.
    OutOfRange {
        /// The least allowed.
        least: &'static str,
        /// The most allowed.
        most: &'static str,
    },
    /// Not a SARE account number.
    BadUid,
    /// The API key does not look like one. The key itself is never told.
    OddKey,
    /// Neither customers nor subscribers are synchronised.
    NothingEnabled,
    /// Not a domain by which addresses can be left out; as written.
    BadDomain(String),
    /// Not a field of a SARE contact.
    UnknownTarget {
        /// As written.
        target: String,
        /// Targets like it.
        similar: Vec<String>,
    },
    /// Two rows fill one SARE field.
    DuplicateTarget,
    /// Not a field of the shop's records.
    UnknownField {
        /// As written.
        field: String,
        /// Whose field it should be.
        kind: RecordKind,
        /// Fields like it.
        similar: Vec<String>,
    },
    /// The template cannot be read.
    BadTemplate(TemplateFault),
    /// No such transform.
    UnknownTransform {
        /// As written.
        name: String,
        /// Transforms like it.
        similar: Vec<String>,
    },
    /// The transform lacks its argument, has a wrong one, or takes none.
    BadTransform {
        /// As written.
        written: String,
        /// How it is written rightly.
        example: &'static str,
    },
    /// A row with neither `from` nor `value`.
    NoSource,
    /// A row with both `from` and `value`.
    TwoSources,
    /// SARE has no such group.
    UnknownGroup {
        /// The number as written.
        group: i64,
        /// The groups there are.
        known: Vec<(i64, String)>,
    },
    /// SARE does not list such a property.
    UnknownProperty {
        /// As written, without `custom.`.
        name: String,
        /// Properties like it.
        similar: Vec<String>,
        /// SARE lists custom properties, and this is none of them.
        certain: bool,
    },
    /// A fixed value that a list property does not take.
    NotInList {
        value: String,
        /// The values that it takes.
        allowed: Vec<String>,
    },
    /// A fixed value that is no number, for a number property.
    NotANumber { value: String },
    /// A field that holds text, for a number property.
    TextForNumber { field: String },
    /// A fixed value longer than the property takes.
    TooLong {
        /// Characters of the value.
        chars: usize,
        /// Characters that the property takes.
        max: usize,
    },
    /// The shop has no such additional field.
    UnknownAdditionalField {
        /// The number as written.
        id: i64,
        /// The fields there are.
        known: Vec<(i64, String)>,
    },
}

impl Finding {
    /// How serious it is.
    pub fn severity(&self) -> Severity {
        match self.what {
            What::OddKey
            | What::NothingEnabled
            | What::TextForNumber { .. }
            | What::TooLong { .. }
            | What::UnknownProperty { certain: false, .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether the configuration cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// Why a template cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateFault {
    /// A `{` without its `}`.
    Unclosed,
    /// A `}` without its `{`.
    Stray,
    /// Nothing between the braces.
    Empty,
}
