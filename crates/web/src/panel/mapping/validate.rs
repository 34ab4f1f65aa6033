//! Validating the form: what is wrong, at which row, in the page's words.

use std::collections::BTreeMap;

use sync_core::RecordKind;
use sync_core::config::{Config, What};
use sync_core::mapping::{Mapping, Row};
use texts::Words;

use super::choices::Choices;
use super::form::{CONSTANT, Form, FormRow, TEMPLATE};
use super::section::Section;

/// Sentences by row.
type ByRow = BTreeMap<String, Vec<String>>;

/// A form with everything that is to be said about it.
pub struct ValidatedForm {
    /// What can be read of it: faulty rows are left out.
    pub section: Section,
    /// The key of the form's row behind each row of the mapping.
    pub keys: Vec<String>,
    /// What is wrong.
    pub errors: ByRow,
    /// What is perhaps not meant so.
    pub warnings: ByRow,
    /// What is wrong with the group.
    pub group: Option<&'static str>,
}

impl ValidatedForm {
    /// Whether the form can be saved.
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.group.is_none()
    }
}

/// Validates a form. `config` is the one it would become a part of.
pub fn validate(form: &Form, config: &Config, choices: &Choices, words: Words) -> ValidatedForm {
    let group: Option<i64> = form.group.parse().ok().filter(|group| *group > 0);
    let mut validated = ValidatedForm {
        section: Section {
            enabled: form.enabled,
            group: group.unwrap_or(0),
            consent: form.consent,
            without: form.without,
            mapping: Mapping::default(),
        },
        keys: Vec::new(),
        errors: ByRow::new(),
        warnings: ByRow::new(),
        group: None,
    };
    for row in form.rows.iter().filter(|row| !row.is_blank()) {
        read_row(row, form.kind, choices, words, &mut validated);
    }
    if (form.enabled && group.is_none()) || (group.is_none() && !form.group.is_empty()) {
        validated.group = Some(words.say("mapping.error-group"));
    }
    let mut whole = config.clone();
    // Rows are validated whether or not the kind is on; its group only when it is.
    let on = Section {
        enabled: true,
        ..validated.section.clone()
    };
    on.put(&mut whole, form.kind);
    let place = section_name(form.kind);
    for finding in whole.check(&choices.catalog()) {
        let Some(path) = finding.path.strip_prefix(place) else {
            continue;
        };
        if path == ".group" {
            if form.enabled && group.is_some() {
                validated.group = Some(words.say("mapping.error-group-unknown"));
            }
            continue;
        }
        let Some(target) = path.strip_prefix(".mapping.") else {
            continue;
        };
        let rows = validated.section.mapping.rows().iter();
        let Some(at) = rows.into_iter().position(|row| row.target.to_string() == target) else {
            continue;
        };
        let sentence = sentence(&finding.what, words, choices);
        let said = if finding.is_error() {
            &mut validated.errors
        } else {
            &mut validated.warnings
        };
        said.entry(validated.keys[at].clone()).or_default().push(sentence);
    }
    validated
}

fn read_row(row: &FormRow, kind: RecordKind, choices: &Choices, words: Words, validated: &mut ValidatedForm) {
    let mut wrong: Vec<String> = Vec::new();
    let text = row.text(kind, &choices.additional);
    if row.target_name().is_empty() {
        wrong.push(words.say("mapping.error-no-target").to_owned());
    }
    if text.from.is_none() && text.value.is_none() {
        wrong.push(match row.source.as_str() {
            TEMPLATE => words.fill("mapping.error-no-template", &[("example", &choices.example())]),
            CONSTANT => words.say("mapping.error-no-constant").to_owned(),
            _ => words.say("mapping.error-no-source").to_owned(),
        });
    }
    if row.empty == "value" && row.default.is_empty() {
        wrong.push(words.say("mapping.error-no-default").to_owned());
    }
    if wrong.is_empty() {
        match Row::parse(kind, &text) {
            Ok(parsed) => match validated.section.mapping.push(parsed) {
                Ok(()) => validated.keys.push(row.key.clone()),
                Err(what) => wrong.push(sentence(&what, words, choices)),
            },
            Err(faults) => wrong.extend(faults.iter().map(|what| sentence(what, words, choices))),
        }
    }
    if !wrong.is_empty() {
        validated.errors.insert(row.key.clone(), wrong);
    }
}

/// A finding in the words of a page on which nobody writes TOML.
fn sentence(what: &What, words: Words, choices: &Choices) -> String {
    match what {
        What::UnknownTarget { .. } => words.say("mapping.error-target").to_owned(),
        What::DuplicateTarget => words.say("mapping.error-twice").to_owned(),
        What::UnknownField { field, similar, .. } => {
            let known = similar.first().map(|name| choices.source_name(name));
            let labels = choices.additional.iter().map(|field| field.label.as_str());
            let known = known.or_else(|| sync_core::closest(field, labels).into_iter().next());
            match known {
                Some(known) => words.fill("mapping.error-field-like", &[("field", field), ("known", &known)]),
                None => words.fill("mapping.error-field", &[("field", field)]),
            }
        }
        What::BadTemplate(_) => words.say("mapping.error-template").to_owned(),
        What::BadTransform { written, .. } if written.starts_with("max") => {
            words.say("mapping.error-max").to_owned()
        }
        What::BadTransform { written, .. } if written.starts_with("yes_no") => {
            words.say("mapping.error-yes-no").to_owned()
        }
        What::BadTransform { written, .. } | What::UnknownTransform { name: written, .. } => {
            words.fill("mapping.error-step", &[("step", written)])
        }
        What::UnknownAdditionalField { .. } => words.say("mapping.error-additional").to_owned(),
        What::TextForNumber { field } => {
            let field = choices.source_name(field);
            words.fill("mapping.error-text-for-number", &[("field", &field)])
        }
        What::TooLong { chars, max } => {
            words.fill("mapping.error-too-long", &[("chars", chars), ("max", max)])
        }
        other => {
            let finding = sync_core::config::Finding {
                line: None,
                path: String::new(),
                what: other.clone(),
            };
            choices.words().finding_sentence(&finding.what)
        }
    }
}

/// The name of the page's section in a configuration.
pub fn section_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Customer => "customers",
        RecordKind::Subscriber => "subscribers",
    }
}
