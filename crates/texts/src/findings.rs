//! What a configuration is told to be wrong, and what the fields are called that a mapping reads.

use std::fmt::Display;

use sync_core::RecordKind;
use sync_core::config::{ConfigErrors, Finding, TemplateFault, ValueType, What};

use crate::Words;

/// Most items named in one sentence.
const MOST_NAMED: usize = 12;
/// Most characters quoted of what somebody wrote.
const MOST_QUOTED: usize = 60;

impl Words {
    /// What a field of the shop's records is called, by its name in a mapping; `None` for a field that records of this
    /// kind do not have.
    pub fn field(self, kind: RecordKind, name: &str) -> Option<&'static str> {
        match kind {
            RecordKind::Customer => self.known_word("field.customer", name),
            RecordKind::Subscriber => self.known_word("field.subscriber", name),
        }
    }

    /// Why a configuration cannot be used: a line for each finding.
    pub fn config_errors(self, errors: &ConfigErrors) -> String {
        let lines: Vec<String> = errors.0.iter().map(|finding| self.finding(finding)).collect();
        lines.join("\n")
    }

    /// A finding with its place, as one line.
    pub fn finding(self, finding: &Finding) -> String {
        let text = self.finding_sentence(&finding.what);
        let path = if finding.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", finding.path)
        };
        match finding.line {
            Some(line) => self.fill(
                "finding.at-line",
                &[("line", &line), ("path", &path), ("text", &text)],
            ),
            None => format!("{path}{text}"),
        }
    }

    /// A finding without its place.
    pub fn finding_sentence(self, what: &What) -> String {
        match what {
            What::Syntax(message) => self.fill("finding.syntax", &[("message", message)]),
            What::UnknownKey { key, similar } => self.fill(
                "finding.unknown-key",
                &[("key", key), ("meant", &self.meant(similar))],
            ),
            What::Missing { example } => self.fill("finding.missing", &[("example", example)]),
            What::WrongType { found, wanted } => self.fill(
                "finding.wrong-type",
                &[
                    ("wanted", &self.value_type(*wanted)),
                    ("found", &self.value_type(*found)),
                ],
            ),
            What::NotAllowed { value, allowed } => self.fill(
                "finding.not-allowed",
                &[("value", &short(value)), ("allowed", &allowed.join(", "))],
            ),
            What::OutOfRange { least, most } => {
                self.fill("finding.out-of-range", &[("least", least), ("most", most)])
            }
            What::BadUid => self.say("finding.bad-uid").to_owned(),
            What::OddKey => self.say("finding.odd-key").to_owned(),
            What::BadDomain(text) => self.fill("finding.bad-domain", &[("domain", &short(text))]),
            What::NothingEnabled => self.say("finding.nothing-enabled").to_owned(),
            What::UnknownTarget { target, similar } => self.fill(
                "finding.unknown-target",
                &[("target", target), ("meant", &self.meant(similar))],
            ),
            What::DuplicateTarget => self.say("finding.duplicate-target").to_owned(),
            What::UnknownField { field, kind, similar } => {
                let constant = format!("{{ value = \"{}\" }}", self.say("finding.a-text"));
                let (field, meant) = (short(field), self.meant(similar));
                let values: [(&str, &dyn Display); 3] =
                    [("field", &field), ("meant", &meant), ("constant", &constant)];
                match kind {
                    RecordKind::Customer => self.fill("finding.unknown-field-customer", &values),
                    RecordKind::Subscriber => self.fill("finding.unknown-field-subscriber", &values),
                }
            }
            What::BadTemplate(fault) => {
                let braces: [(&str, &dyn Display); 2] = [("open", &'{'), ("close", &'}')];
                match fault {
                    TemplateFault::Unclosed => self.fill("finding.template-unclosed", &braces),
                    TemplateFault::Stray => self.fill("finding.template-stray", &braces),
                    TemplateFault::Empty => self.fill("finding.template-empty", &braces),
                }
            }
            What::UnknownTransform { name, similar } => self.fill(
                "finding.unknown-transform",
                &[("name", &short(name)), ("meant", &self.meant(similar))],
            ),
            What::BadTransform { written, example } => self.fill(
                "finding.bad-transform",
                &[("written", &short(written)), ("example", example)],
            ),
            What::NoSource => self.say("finding.no-source").to_owned(),
            What::TwoSources => self.say("finding.two-sources").to_owned(),
            What::UnknownGroup { group, known } => self.fill(
                "finding.unknown-group",
                &[("group", group), ("known", &numbered(known))],
            ),
            What::UnknownProperty {
                name,
                similar,
                certain,
            } => {
                let meant = self.meant(similar);
                let values: [(&str, &dyn Display); 2] = [("name", name), ("meant", &meant)];
                if *certain {
                    self.fill("finding.unknown-property", &values)
                } else {
                    self.fill("finding.doubtful-property", &values)
                }
            }
            What::NotInList { value, allowed } => self.fill(
                "finding.not-in-list",
                &[("value", &short(value)), ("allowed", &listed(allowed))],
            ),
            What::NotANumber { value } => self.fill("finding.not-a-number", &[("value", &short(value))]),
            What::TextForNumber { field } => self.fill("finding.text-for-number", &[("field", field)]),
            What::TooLong { chars, max } => self.fill("finding.too-long", &[("chars", chars), ("max", max)]),
            What::UnknownAdditionalField { id, known } => self.fill(
                "finding.unknown-additional-field",
                &[("id", id), ("known", &numbered(known))],
            ),
        }
    }

    fn value_type(self, value_type: ValueType) -> String {
        let braces: [(&str, &dyn Display); 2] = [("open", &'{'), ("close", &'}')];
        match value_type {
            ValueType::Text => self.say("finding-type.text").to_owned(),
            ValueType::Integer => self.say("finding-type.integer").to_owned(),
            ValueType::Number => self.say("finding-type.number").to_owned(),
            ValueType::Flag => self.say("finding-type.flag").to_owned(),
            ValueType::List => self.say("finding-type.list").to_owned(),
            ValueType::Table => self.say("finding-type.table").to_owned(),
            ValueType::Date => self.say("finding-type.date").to_owned(),
            ValueType::TextOrTable => self.fill("finding-type.text-or-table", &braces),
        }
    }

    fn meant(self, similar: &[String]) -> String {
        if similar.is_empty() {
            String::new()
        } else {
            self.fill("finding.meant", &[("similar", &similar.join(", "))])
        }
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= MOST_QUOTED {
        return text.to_owned();
    }
    text.chars().take(MOST_QUOTED).chain(['…']).collect()
}

fn listed(values: &[String]) -> String {
    let mut named = values
        .iter()
        .take(MOST_NAMED)
        .map(|v| short(v))
        .collect::<Vec<_>>()
        .join(", ");
    if values.len() > MOST_NAMED {
        named.push_str(", …");
    }
    named
}

fn numbered(known: &[(i64, String)]) -> String {
    if known.is_empty() {
        return "–".to_owned();
    }
    listed(
        &known
            .iter()
            .map(|(number, name)| format!("{number} ({name})"))
            .collect::<Vec<_>>(),
    )
}
