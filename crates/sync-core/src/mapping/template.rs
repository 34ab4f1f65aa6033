//! Templates: literal text with fields in braces, `{firstname|title} {lastname}`.

use std::fmt;

use super::{Field, Source, Transform, read};
use crate::RecordKind;
use crate::finding::{TemplateFault, What};
use crate::mapping::unknown_field;

/// Text with fields in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Place {
        field: Field,
        transforms: Vec<Transform>,
    },
}

impl Template {
    /// Reads a template. `{{` and `}}` stand for the braces themselves.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(kind: RecordKind, text: &str) -> Result<Self, Vec<What>> {
        let mut faults = Vec::new();
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    literal.push(c);
                }
                '}' => faults.push(What::BadTemplate(TemplateFault::Stray)),
                '{' => {
                    let mut inner = String::new();
                    let closed = loop {
                        match chars.next() {
                            Some('}') => break true,
                            Some(c) => inner.push(c),
                            None => break false,
                        }
                    };
                    if !closed {
                        faults.push(What::BadTemplate(TemplateFault::Unclosed));
                        break;
                    }
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    match place(kind, &inner) {
                        Ok(part) => parts.push(part),
                        Err(more) => faults.extend(more),
                    }
                }
                other => literal.push(other),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if faults.is_empty() {
            Ok(Self { parts })
        } else {
            Err(faults)
        }
    }

    /// The fields it reads.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Place { field, .. } => Some(*field),
            Part::Literal(_) => None,
        })
    }

    /// The transforms named in it.
    pub fn transforms(&self) -> impl Iterator<Item = &Transform> {
        self.parts.iter().flat_map(|part| match part {
            Part::Place { transforms, .. } => &transforms[..],
            Part::Literal(_) => &[],
        })
    }

    /// Whether it is one field and nothing else.
    pub fn is_single(&self) -> bool {
        matches!(self.parts[..], [Part::Place { .. }])
    }

    /// The text with its fields filled in, white space collapsed. Empty when all its fields are:
    /// literal text alone is nobody's data.
    pub fn fill(&self, source: &(impl Source + ?Sized), country: &dyn Fn() -> Option<String>) -> String {
        let mut out = String::new();
        let mut any = false;
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Place { field, transforms } => {
                    let value = transforms
                        .iter()
                        .fold(read(source, *field), |value, t| t.apply(&value, country));
                    any |= !value.trim().is_empty();
                    out.push_str(&value);
                }
            }
        }
        if any {
            out.split_whitespace().collect::<Vec<_>>().join(" ")
        } else {
            String::new()
        }
    }
}

fn place(kind: RecordKind, inner: &str) -> Result<Part, Vec<What>> {
    let mut words = inner.split('|');
    let name = words.next().unwrap_or_default().trim();
    let mut faults = Vec::new();
    let field = Field::parse(kind, name);
    if name.is_empty() {
        faults.push(What::BadTemplate(TemplateFault::Empty));
    } else if field.is_none() {
        faults.push(unknown_field(kind, name));
    }
    let mut transforms = Vec::new();
    for word in words {
        match Transform::parse(word) {
            Ok(transform) => transforms.push(transform),
            Err(fault) => faults.push(fault),
        }
    }
    match field {
        Some(field) if faults.is_empty() => Ok(Part::Place { field, transforms }),
        _ => Err(faults),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Place { field, transforms } => {
                    write!(f, "{{{field}")?;
                    for transform in transforms {
                        write!(f, "|{transform}")?;
                    }
                    f.write_str("}")?;
                }
            }
        }
        Ok(())
    }
}
