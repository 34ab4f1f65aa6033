//! One row of a mapping: what fills one field of a SARE contact, and how.

use serde::{Deserialize, Serialize};

use super::{Field, Needs, Source, Target, Template, Transform, read, unknown_field, unknown_target};
use crate::finding::What;
use crate::{RecordKind, words};

/// Where a row's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One field of the record.
    Field(Field),
    /// Text with fields in it.
    Template(Template),
    /// The same text for everybody, by the merchant's wish.
    Constant(String),
}

/// What an empty value means for SARE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenEmpty {
    /// SARE keeps what it has.
    #[default]
    Keep,
    /// SARE's field is emptied.
    Clear,
}
words!(WhenEmpty { Keep = "keep", Clear = "clear" });

/// Whether what SARE has is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overwrite {
    /// By whatever the shop says.
    #[default]
    Always,
    /// Only where SARE has nothing.
    IfEmpty,
}
words!(Overwrite { Always = "always", IfEmpty = "if-empty" });

/// One row of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it fills.
    pub target: Target,
    /// Where the value comes from.
    pub value: Value,
    /// What is done to it, in order.
    pub transforms: Vec<Transform>,
    /// What stands in for an empty value.
    pub default: Option<String>,
    /// What an empty value means.
    pub when_empty: WhenEmpty,
    /// Whether SARE's own value is replaced.
    pub overwrite: Overwrite,
}

/// A row as people and forms write it; [`Row::parse`] judges it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowText {
    /// `gsm`, `prop1`, `custom.birthday`.
    pub target: String,
    /// A field's name or a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A constant, in the place of `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `title`, `max:50`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<String>,
    /// What stands in for an empty value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What an empty value means.
    pub when_empty: WhenEmpty,
    /// Whether SARE's own value is replaced.
    pub overwrite: Overwrite,
}

impl RowText {
    /// A row of the simplest kind.
    pub fn new(target: &str, from: &str) -> Self {
        Self {
            target: target.to_owned(),
            from: Some(from.to_owned()),
            ..Self::default()
        }
    }
}

impl Row {
    /// Reads a row for records of this kind.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(kind: RecordKind, text: &RowText) -> Result<Self, Vec<What>> {
        let mut faults = Vec::new();
        let target = Target::parse(&text.target);
        if target.is_none() {
            faults.push(unknown_target(&text.target));
        }
        let from = text.from.as_deref().filter(|from| !from.trim().is_empty());
        let value = match (from, &text.value) {
            (Some(_), Some(_)) => Err(vec![What::TwoSources]),
            (None, None) => Err(vec![What::NoSource]),
            (None, Some(constant)) => Ok(Value::Constant(constant.clone())),
            (Some(from), None) => Value::parse(kind, from),
        };
        let mut transforms = Vec::new();
        for word in &text.transform {
            match Transform::parse(word) {
                Ok(transform) => transforms.push(transform),
                Err(fault) => faults.push(fault),
            }
        }
        match (target, value) {
            (Some(target), Ok(value)) if faults.is_empty() => Ok(Self {
                target,
                value,
                transforms,
                default: text
                    .default
                    .as_deref()
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
                when_empty: text.when_empty,
                overwrite: text.overwrite,
            }),
            (_, value) => {
                faults.extend(value.err().into_iter().flatten());
                Err(faults)
            }
        }
    }

    /// The row as people write it.
    pub fn text(&self) -> RowText {
        let (from, value) = match &self.value {
            Value::Field(field) => (Some(field.to_string()), None),
            Value::Template(template) => (Some(template.to_string()), None),
            Value::Constant(text) => (None, Some(text.clone())),
        };
        RowText {
            target: self.target.to_string(),
            from,
            value,
            transform: self.transforms.iter().map(ToString::to_string).collect(),
            default: self.default.clone(),
            when_empty: self.when_empty,
            overwrite: self.overwrite,
        }
    }

    /// The fields it reads.
    pub fn fields(&self) -> Vec<Field> {
        match &self.value {
            Value::Field(field) => vec![*field],
            Value::Template(template) => template.fields().collect(),
            Value::Constant(_) => Vec::new(),
        }
    }

    /// What must be read from the shop beside the record.
    pub fn needs(&self) -> Needs {
        self.fields()
            .into_iter()
            .fold(Needs::NONE, |needs, field| needs | field.needs())
    }

    /// Values it may send that are the merchant's own words, not the record's.
    pub fn fixed_values(&self) -> Vec<String> {
        let mut out: Vec<String> = self.default.iter().cloned().collect();
        let last = match &self.value {
            Value::Constant(text) => {
                out.push(self.finish(text.clone(), &|| None));
                return out;
            }
            Value::Template(template) if self.transforms.is_empty() && template.is_single() => {
                template.transforms().last()
            }
            _ => self.transforms.last(),
        };
        match last {
            Some(Transform::YesNo { yes, no }) => out.extend([yes.clone(), no.clone()]),
            Some(Transform::Default(text)) => out.push(text.clone()),
            _ => {}
        }
        out.retain(|value| !value.is_empty());
        out
    }

    /// The row's value for one record; empty when there is none.
    pub(super) fn evaluate(&self, source: &(impl Source + ?Sized)) -> String {
        let country = || source.read(&Field::Address(super::AddressField::CountryCode));
        let value = match &self.value {
            Value::Field(field) => read(source, *field),
            Value::Template(template) => template.fill(source, &country),
            Value::Constant(text) => text.clone(),
        };
        let value = self.finish(value, &country);
        match &self.default {
            Some(default) if value.is_empty() => default.clone(),
            _ => value,
        }
    }

    fn finish(&self, value: String, country: &dyn Fn() -> Option<String>) -> String {
        let named = !self.transforms.is_empty()
            || matches!(&self.value, Value::Template(template) if template.transforms().next().is_some());
        let value = if self.target == Target::Gsm && !named {
            // SARE takes phones with a prefix only (sare-api.md 5).
            Transform::Phone.apply(&value, country)
        } else {
            self.transforms
                .iter()
                .fold(value, |value, transform| transform.apply(&value, country))
        };
        plain(&value).trim().to_owned()
    }
}

/// A value without characters that are never meant (NUL, other control characters); line ends and tabs stay.
fn plain(value: &str) -> String {
    value
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
        .collect()
}

impl Value {
    fn parse(kind: RecordKind, from: &str) -> Result<Self, Vec<What>> {
        if from.contains(['{', '}']) {
            return Template::parse(kind, from).map(Self::Template);
        }
        Field::parse(kind, from)
            .map(Self::Field)
            .ok_or_else(|| vec![unknown_field(kind, from)])
    }
}
