//! The mapping: which field of a SARE contact is filled from what of the shop's records.
//!
//! Stands between `config` (which reads it from TOML) and the engine, which hands over one record at a
//! time as a [`Source`] and sends the [`Traits`] that come out. Pure: the same record and mapping give
//! the same traits, whatever was read before.

mod field;
mod row;
mod suggest;
mod target;
mod template;
mod traits;
mod transform;

use std::ops::BitOr;

pub use field::{AddressField, Field, FieldInfo, Nature, fields};
pub use row::{Overwrite, Row, RowText, Value, WhenEmpty};
pub use suggest::suggest;
pub use target::Target;
pub use template::Template;
pub use traits::Traits;
pub use transform::Transform;

use crate::RecordKind;
use crate::finding::{Finding, What};
use crate::similar::closest_named;

/// What must be read from the shop beside the records themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Needs(u8);

impl Needs {
    /// Nothing more.
    pub const NONE: Self = Self(0);
    /// Customers' addresses (shoper-api.md E.2).
    pub const ADDRESSES: Self = Self(1);
    /// Names of groups (E.3, E.5).
    pub const GROUPS: Self = Self(2);
    /// Locales of languages (E.10).
    pub const LANGUAGES: Self = Self(4);
    /// Definitions of additional fields, for the texts behind a select's numbers (E.6).
    pub const ADDITIONAL_FIELDS: Self = Self(8);
    /// Names of customers' tags (E.4).
    pub const TAGS: Self = Self(16);
    /// The subscriber's row itself, read just now: what is kept nowhere (E.5).
    pub const SUBSCRIBER_ROW: Self = Self(32);

    /// Whether all of `other` is needed.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One record that a mapping reads.
pub trait Source {
    /// The field's value as the shop has it; `None` when the record has no such field.
    fn read(&self, field: &Field) -> Option<String>;

    /// Whether the shop does not say what the field holds, which is not the same as its being empty.
    fn is_silent(&self, _field: &Field) -> bool {
        false
    }
}

/// The rows for one kind of record, in the merchant's order; no two fill the same field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    rows: Vec<Row>,
}

impl Mapping {
    /// A mapping of these rows.
    ///
    /// # Errors
    /// Everything that is wrong with them, each under the path `SECTION.mapping.TARGET`.
    pub fn from_rows(kind: RecordKind, rows: &[RowText]) -> Result<Self, Vec<Finding>> {
        let mut mapping = Self::default();
        let mut findings = Vec::new();
        for text in rows {
            let path = format!("{}.mapping.{}", section(kind), text.target.trim());
            let finding = |what| Finding {
                line: None,
                path: path.clone(),
                what,
            };
            match Row::parse(kind, text) {
                Ok(row) => findings.extend(mapping.push(row).err().map(finding)),
                Err(faults) => findings.extend(faults.into_iter().map(finding)),
            }
        }
        if findings.is_empty() {
            Ok(mapping)
        } else {
            Err(findings)
        }
    }

    /// Adds a row at the end.
    ///
    /// # Errors
    /// [`What::DuplicateTarget`] when a row already fills its field.
    pub fn push(&mut self, row: Row) -> Result<(), What> {
        if self.rows.iter().any(|known| known.target == row.target) {
            return Err(What::DuplicateTarget);
        }
        self.rows.push(row);
        Ok(())
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What must be read from the shop for it.
    pub fn needs(&self) -> Needs {
        self.rows
            .iter()
            .fold(Needs::NONE, |needs, row| needs | row.needs())
    }

    /// Targets whose value depends on something that the shop does not say of the record: SARE keeps what it has there.
    pub fn silent(&self, source: &(impl Source + ?Sized)) -> Vec<Target> {
        let says_nothing = |row: &&Row| row.fields().iter().any(|field| source.is_silent(field));
        let rows = self.rows.iter().filter(says_nothing);
        rows.map(|row| row.target.clone()).collect()
    }

    /// What SARE should hold of one record. What depends on something that the shop does not say is left out.
    pub fn apply(&self, source: &(impl Source + ?Sized)) -> Traits {
        let mut traits = Traits::default();
        let silent = self.silent(source);
        for row in self.rows.iter().filter(|row| !silent.contains(&row.target)) {
            let value = row.evaluate(source);
            if value.is_empty() && row.when_empty == WhenEmpty::Keep {
                continue;
            }
            traits.set(&row.target, value);
            if row.overwrite == Overwrite::IfEmpty {
                traits.if_empty.insert(row.target.clone());
            }
        }
        traits
    }
}

/// The section of a configuration that is about records of a kind.
pub(crate) fn section(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Customer => "customers",
        RecordKind::Subscriber => "subscribers",
    }
}

/// A field's value without white space around it. The shop's "never" (`0000-00-00`) is no value.
fn read(source: &(impl Source + ?Sized), field: Field) -> String {
    let value = source.read(&field).unwrap_or_default();
    let value = value.trim();
    if value.starts_with("0000-00-00") {
        String::new()
    } else {
        value.to_owned()
    }
}

fn unknown_field(kind: RecordKind, name: &str) -> What {
    let own = fields(kind).iter().map(|info| (info.name, info.name));
    // People write what a field is called, with and without Polish letters.
    let similar = closest_named(name, own.chain(suggest::also_called(kind)));
    What::UnknownField {
        field: name.trim().to_owned(),
        kind,
        similar,
    }
}

fn unknown_target(name: &str) -> What {
    const CALLED: [(&str, &str); 8] = [
        ("name", "imię"),
        ("name", "nazwisko"),
        ("name", "imię i nazwisko"),
        ("name", "full name"),
        ("gsm", "telefon"),
        ("gsm", "phone"),
        ("gsm", "telefon (gsm)"),
        ("comment", "komentarz"),
    ];
    let similar = closest_named(name, Target::basic_names().map(|name| (name, name)).chain(CALLED));
    What::UnknownTarget {
        target: name.trim().to_owned(),
        similar,
    }
}

#[cfg(test)]
mod tests;
