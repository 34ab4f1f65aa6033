//! The page's form: everything in it as it was typed, right or wrong, so that nothing typed is ever lost.

use sync_core::config::{AdditionalField, ConsentRule, WithoutConsent};
use sync_core::mapping::{Field, Overwrite, Row, RowText, WhenEmpty, fields};

use sync_core::{Lang, RecordKind};
use texts::Words;

use super::section::Section;
use crate::panel::session::Fields;

/// Rows a form may have: more than SARE has fields that anybody would fill.
const MOST_ROWS: usize = 100;
/// Steps that a row shows at least.
const LEAST_STEPS: usize = 2;
/// Steps that a row may have.
const MOST_STEPS: usize = 8;
/// The choice of a target by its own name.
pub const OWN_NAME: &str = "custom.";
/// The choice of text with fields in it.
pub const TEMPLATE: &str = "=template";
/// The choice of the same text for everybody.
pub const CONSTANT: &str = "=constant";
/// Steps that need a word more.
pub const WITH_ARGUMENT: [&str; 3] = ["max", "yes_no", "default"];

/// A page's form.
#[derive(Debug, Clone)]
pub struct Form {
    /// Customers or subscribers.
    pub kind: RecordKind,
    /// The version of the configuration that it was made from.
    pub version: i64,
    /// Whether they are synchronised.
    pub enabled: bool,
    /// The group's number as chosen or typed.
    pub group: String,
    /// The name of a group to be made.
    pub new_group: String,
    /// What counts as consent.
    pub consent: ConsentRule,
    /// What becomes of those without.
    pub without: WithoutConsent,
    /// The mapping.
    pub rows: Vec<FormRow>,
    /// The first contact of the sample that is shown.
    pub from: usize,
}

/// A row of the mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormRow {
    /// What names it in the form.
    pub key: String,
    /// The SARE field; [`OWN_NAME`] for one that is typed.
    pub target: String,
    /// The name typed for it.
    pub own_name: String,
    /// A field's name, [`TEMPLATE`] or [`CONSTANT`].
    pub source: String,
    /// The template or the constant.
    pub text: String,
    /// What is done to the value: name, argument.
    pub steps: Vec<(String, String)>,
    /// `keep`, `clear` or `value`.
    pub empty: String,
    /// What stands in for an empty value.
    pub default: String,
    /// Only where SARE has nothing.
    pub if_empty: bool,
    /// We suggested it and nobody has saved it yet.
    pub suggested: bool,
}

impl Form {
    /// The form of what is saved.
    pub fn of(kind: RecordKind, section: &Section, version: i64, lang: Lang) -> Self {
        let rows = (0_usize..).zip(section.mapping.rows());
        Self {
            kind,
            version,
            enabled: section.enabled,
            group: if section.group > 0 {
                section.group.to_string()
            } else {
                String::new()
            },
            new_group: String::new(),
            consent: section.consent,
            without: section.without,
            rows: rows
                .map(|(key, row)| FormRow::of(kind, key, &row.text(), lang))
                .collect(),
            from: 0,
        }
    }

    /// The form as it was posted.
    pub fn read(kind: RecordKind, fields: &Fields) -> Self {
        let is_key =
            |key: &&str| (1..=6).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric());
        let mut keys: Vec<&str> = fields.all("row").into_iter().filter(is_key).collect();
        keys.truncate(MOST_ROWS);
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|key| seen.insert(*key));
        Self {
            kind,
            version: fields.get("version").parse().unwrap_or_default(),
            enabled: fields.is_on("enabled"),
            group: short(fields.get("group")),
            new_group: short(fields.get("new_group")),
            consent: ConsentRule::from_word(fields.get("consent")).unwrap_or_default(),
            without: WithoutConsent::from_word(fields.get("without_consent")).unwrap_or_default(),
            rows: keys.into_iter().map(|key| FormRow::read(key, fields)).collect(),
            from: fields.get("from").parse().unwrap_or_default(),
        }
    }

    /// A key that no row has.
    fn free_key(&self) -> String {
        let taken = |key: &String| self.rows.iter().any(|row| row.key == *key);
        (0_usize..)
            .map(|n| n.to_string())
            .find(|key| !taken(key))
            .unwrap_or_default()
    }

    /// Adds an empty row, or one that reads `source`.
    pub fn add(&mut self, source: &str) {
        if self.rows.len() < MOST_ROWS {
            let row = FormRow {
                key: self.free_key(),
                source: source.to_owned(),
                ..FormRow::default()
            };
            self.rows.push(row.padded());
        }
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &str) {
        self.rows.retain(|row| row.key != key);
    }

    /// Moves a row by one place.
    pub fn shift(&mut self, key: &str, down: bool) {
        let Some(at) = self.rows.iter().position(|row| row.key == key) else {
            return;
        };
        let to = if down { at + 1 } else { at.wrapping_sub(1) };
        if to < self.rows.len() {
            self.rows.swap(at, to);
        }
    }

    /// Adds suggested rows for fields that no row fills yet; how many.
    pub fn suggest(&mut self, rows: &[Row], lang: Lang) -> usize {
        let before = self.rows.len();
        for row in rows {
            let text = row.text();
            if self.rows.iter().all(|known| known.target_name() != text.target) {
                let key = self.free_key();
                let row = FormRow {
                    key,
                    suggested: true,
                    ..FormRow::of(self.kind, 0, &text, lang)
                };
                self.rows.push(row);
            }
        }
        self.rows.len() - before
    }
}

impl FormRow {
    fn of(kind: RecordKind, key: usize, row: &RowText, lang: Lang) -> Self {
        let (source, text) = match (&row.from, &row.value) {
            (_, Some(constant)) => (CONSTANT.to_owned(), constant.clone()),
            (Some(from), None) if from.contains(['{', '}']) => {
                (TEMPLATE.to_owned(), in_words(kind, from, lang))
            }
            (from, None) => (from.clone().unwrap_or_default(), String::new()),
        };
        let step = |word: &String| match word.split_once(':') {
            Some((name, argument)) if WITH_ARGUMENT.contains(&name) => (name.to_owned(), argument.to_owned()),
            _ => (word.clone(), String::new()),
        };
        let empty = match (&row.default, row.when_empty) {
            (Some(_), _) => "value",
            (None, WhenEmpty::Clear) => "clear",
            (None, WhenEmpty::Keep) => "keep",
        };
        let row = Self {
            key: key.to_string(),
            target: row.target.clone(),
            own_name: String::new(),
            source,
            text,
            steps: row.transform.iter().map(step).collect(),
            empty: empty.to_owned(),
            default: row.default.clone().unwrap_or_default(),
            if_empty: row.overwrite == Overwrite::IfEmpty,
            suggested: false,
        };
        row.padded()
    }

    fn read(key: &str, fields: &Fields) -> Self {
        let of = |name: &str| short(fields.get(&format!("{name}.{key}")));
        let all = |name: &str| fields.all(&format!("{name}.{key}"));
        let arguments = all("argument");
        let steps = all("step").into_iter().enumerate().map(|(at, name)| {
            let argument = arguments.get(at).copied().unwrap_or_default();
            (short(name), short(argument))
        });
        let row = Self {
            key: key.to_owned(),
            target: of("target"),
            own_name: of("own_name"),
            source: of("source"),
            text: of("text"),
            steps: steps
                .filter(|(name, _)| !name.is_empty())
                .take(MOST_STEPS)
                .collect(),
            empty: of("empty"),
            default: of("default"),
            if_empty: of("overwrite") == "if-empty",
            suggested: !of("suggested").is_empty(),
        };
        row.padded()
    }

    /// With one free step at least.
    fn padded(mut self) -> Self {
        let steps = (self.steps.len() + 1).clamp(LEAST_STEPS, MOST_STEPS);
        self.steps.resize(steps.max(self.steps.len()), Default::default());
        self
    }

    /// The SARE field that it fills, by name.
    pub fn target_name(&self) -> String {
        if self.target == OWN_NAME && !self.own_name.is_empty() {
            format!("{OWN_NAME}{}", self.own_name)
        } else {
            self.target.clone()
        }
    }

    /// Nothing was chosen or typed in it.
    pub fn is_blank(&self) -> bool {
        self.target.is_empty() && self.source.is_empty() && self.text.is_empty()
    }

    /// Whether something in its details is set.
    pub fn has_details(&self) -> bool {
        let has_steps = self.steps.iter().any(|(name, _)| !name.is_empty());
        has_steps || self.if_empty || matches!(self.empty.as_str(), "clear" | "value")
    }

    /// The row as it would be saved. Fields in a template may be named as the page names them.
    pub fn text(&self, kind: RecordKind, additional: &[AdditionalField]) -> RowText {
        let filled = Some(self.text.clone()).filter(|text| !text.is_empty());
        let (from, value) = match self.source.as_str() {
            TEMPLATE => (filled.map(|text| by_name(kind, additional, &text)), None),
            CONSTANT => (None, filled),
            "" => (None, None),
            field => (Some(field.to_owned()), None),
        };
        let step = |(name, argument): &(String, String)| {
            if WITH_ARGUMENT.contains(&name.as_str()) {
                format!("{name}:{argument}")
            } else {
                name.clone()
            }
        };
        RowText {
            target: self.target_name(),
            from,
            value,
            transform: self
                .steps
                .iter()
                .filter(|(name, _)| !name.is_empty())
                .map(step)
                .collect(),
            default: (self.empty == "value").then(|| self.default.clone()),
            when_empty: if self.empty == "clear" {
                WhenEmpty::Clear
            } else {
                WhenEmpty::Keep
            },
            overwrite: if self.if_empty {
                Overwrite::IfEmpty
            } else {
                Overwrite::Always
            },
        }
    }
}

/// Nobody types more than this into one field.
fn short(text: &str) -> String {
    text.chars().take(500).collect()
}

/// `{Imię} {Nazwisko}` becomes `{firstname} {lastname}`.
fn by_name(kind: RecordKind, additional: &[AdditionalField], text: &str) -> String {
    with_names(text, |name| {
        named(kind, additional, name).map(|field| field.to_string())
    })
}

/// `{firstname} {lastname}` becomes `{Imię} {Nazwisko}`.
pub fn in_words(kind: RecordKind, text: &str, lang: Lang) -> String {
    with_names(text, |name| {
        Words(lang).field(kind, name.trim()).map(str::to_owned)
    })
}

/// A template with the names of its fields changed.
fn with_names(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        // A brace written twice is a brace.
        if let Some(after) = rest.strip_prefix('{') {
            out.push('{');
            rest = after;
            continue;
        }
        let end = rest.find(['}', '|', '{']).unwrap_or(rest.len());
        let name = &rest[..end];
        out.push_str(change(name).as_deref().unwrap_or(name));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn named(kind: RecordKind, additional: &[AdditionalField], name: &str) -> Option<Field> {
    if Field::parse(kind, name).is_some() {
        return None;
    }
    let name = name.trim().to_lowercase();
    let info = fields(kind).iter().find(|info| {
        let labels = [Lang::Pl, Lang::En].map(|lang| Words(lang).field(kind, info.name));
        labels.iter().flatten().any(|label| label.to_lowercase() == name)
    });
    let additional = additional.iter().filter(|_| kind == RecordKind::Customer);
    info.map(|info| info.field).or_else(|| {
        additional
            .into_iter()
            .find(|field| field.label.to_lowercase() == name)
            .map(|field| Field::Additional(field.id))
    })
}

#[cfg(test)]
mod tests {
    use sync_core::mapping::Mapping;

    use super::*;

    fn again(text: &RowText) -> RowText {
        FormRow::of(RecordKind::Customer, 0, text, Lang::Pl).text(RecordKind::Customer, &[])
    }

    #[test]
    fn every_row_survives_the_form() {
        let plain = RowText::new("gsm", "address.phone");
        let full = RowText {
            transform: [
                "title",
                "date:%d.%m.%Y",
                "yes_no:TAK/NIE",
                "max:50",
                "default:brak",
                "trim",
            ]
            .map(str::to_owned)
            .to_vec(),
            when_empty: WhenEmpty::Clear,
            overwrite: Overwrite::IfEmpty,
            ..RowText::new("custom.urodziny", "{firstname|title}, {{x}}")
        };
        let constant = RowText {
            from: None,
            value: Some("sklep: A".to_owned()),
            ..RowText::new("prop1", "")
        };
        let with_default = RowText {
            default: Some("brak".to_owned()),
            ..RowText::new("prop2", "address.city")
        };
        for row in [plain, full, constant, with_default] {
            assert_eq!(again(&row), row);
        }
    }

    #[test]
    fn fields_in_templates_may_be_named_as_the_page_names_them() {
        let birthday = [AdditionalField {
            id: 7,
            label: "Data urodzenia".to_owned(),
        }];
        let name = |text: &str| by_name(RecordKind::Customer, &birthday, text);
        assert_eq!(
            name("{Imię|title} {nazwisko}: {data urodzenia}"),
            "{firstname|title} {lastname}: {additional_field.7}"
        );
        for same in ["{firstname}", "{nikt}", "{{Imię}}x", "{", "a}"] {
            assert_eq!(name(same), same);
        }
    }

    #[test]
    fn every_name_that_the_page_shows_is_understood_again() {
        for &kind in RecordKind::ALL {
            for (info, lang) in fields(kind)
                .iter()
                .flat_map(|info| [(info, Lang::Pl), (info, Lang::En)])
            {
                let template = format!("{{{}|title}}!", info.name);
                let shown = in_words(kind, &template, lang);
                let label = Words(lang).field(kind, info.name).unwrap();
                assert_eq!(shown, format!("{{{label}|title}}!"));
                assert_eq!(by_name(kind, &[], &shown), template);
            }
        }
    }

    #[test]
    fn rows_move_and_suggestions_touch_nothing_that_is_set() {
        let mapping = Mapping::from_rows(RecordKind::Customer, &[RowText::new("gsm", "login")]).unwrap();
        let suggested = Mapping::from_rows(
            RecordKind::Customer,
            &[
                RowText::new("name", "firstname"),
                RowText::new("gsm", "address.phone"),
            ],
        );
        let section = Section {
            enabled: true,
            group: 1,
            consent: ConsentRule::default(),
            without: WithoutConsent::default(),
            mapping,
        };
        let mut form = Form::of(RecordKind::Customer, &section, 1, Lang::Pl);
        assert_eq!(form.suggest(suggested.unwrap().rows(), Lang::Pl), 1);
        let shape = |form: &Form| -> Vec<(String, bool)> {
            let rows = form.rows.iter();
            rows.map(|row| (row.target.clone(), row.suggested)).collect()
        };
        let (gsm, name) = (("gsm".to_owned(), false), ("name".to_owned(), true));
        assert_eq!(shape(&form), [gsm.clone(), name.clone()]);
        let key = form.rows[1].key.clone();
        form.shift(&key, false);
        assert_eq!(shape(&form), [name.clone(), gsm.clone()]);
        form.shift(&key, false);
        assert_eq!(shape(&form), [name, gsm.clone()], "the first one goes no higher");
        form.remove(&key);
        assert_eq!(shape(&form), [gsm]);
    }
}
