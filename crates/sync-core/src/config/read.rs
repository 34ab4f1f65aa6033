//! From TOML to a configuration, collecting everything that is wrong on the way.
//!
//! The document is walked by hand and not by serde, because serde stops at the first fault and
//! forgets where things stood.

use std::ops::Range;

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ConfigErrors, Finding, Lines, Parsed, What, check};
use crate::FromWord;
use crate::RecordKind;
use crate::finding::ValueType;
use crate::leave_out::{Domain, LeaveOut};
use crate::mapping::{Mapping, Row, RowText, Target};
use crate::similar::closest;

const ROW_KEYS: [&str; 6] = ["from", "value", "transform", "default", "when_empty", "overwrite"];

pub(super) fn read(text: &str) -> Result<Parsed, ConfigErrors> {
    let mut reader = Reader {
        text,
        findings: Vec::new(),
        lines: Lines::default(),
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        // The message alone: the error's own rendering quotes the line, which may hold the key.
        let line = error.span().map(|span| reader.line(span.start));
        reader.findings.push(Finding {
            line,
            path: String::new(),
            what: What::Syntax(error.message().to_owned()),
        });
    }
    // A document that is only half understood would bring findings about the other half.
    if errors.is_empty() {
        let (config, api_key) = reader.config(document.get_ref());
        let known: Vec<String> = reader
            .findings
            .iter()
            .map(|finding| finding.path.clone())
            .collect();
        let more = check::validate(&config)
            .into_iter()
            .filter(|finding| !known.contains(&finding.path));
        reader.findings.extend(more);
        if !reader.findings.iter().any(Finding::is_error) {
            return Ok(Parsed {
                config,
                api_key,
                warnings: reader.sorted(),
            });
        }
    }
    Err(ConfigErrors(reader.sorted()))
}

struct Reader<'t> {
    text: &'t str,
    findings: Vec<Finding>,
    lines: Lines,
}

/// A table being read: its keys are taken out one by one, and what is left is unknown.
struct Section<'d, 'i> {
    path: String,
    line: usize,
    entries: Vec<(&'d Spanned<toml::de::DeString<'i>>, &'d Spanned<DeValue<'i>>)>,
}

impl<'d, 'i> Section<'d, 'i> {
    fn of(path: &str, line: usize, table: &'d DeTable<'i>) -> Self {
        let mut entries: Vec<_> = table.iter().collect();
        // The table sorts its keys; people ordered them.
        entries.sort_by_key(|(key, _)| key.span().start);
        Self {
            path: path.to_owned(),
            line,
            entries,
        }
    }

    fn take(&mut self, key: &str) -> Option<&'d Spanned<DeValue<'i>>> {
        let at = self
            .entries
            .iter()
            .position(|(known, _)| known.get_ref() == key)?;
        Some(self.entries.remove(at).1)
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

impl Reader<'_> {
    fn sorted(self) -> Vec<Finding> {
        let mut findings = self.findings;
        findings.sort_by_key(|finding| finding.line.unwrap_or(usize::MAX));
        findings
    }

    /// The line, from 1, of a place in the text.
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|b| **b == b'\n').count() + 1
    }

    fn found(&mut self, span: &Range<usize>, path: &str, what: What) {
        let line = Some(self.line(span.start));
        self.findings.push(Finding {
            line,
            path: path.to_owned(),
            what,
        });
    }

    fn config(&mut self, document: &DeTable<'_>) -> (Config, Option<SecretString>) {
        let mut config = Config::default();
        let mut root = Section::of("", 1, document);
        let known = [
            "sare",
            "customers",
            "subscribers",
            "unsubscribe",
            "deleted",
            "brake",
            "leave_out",
        ];
        // A file that says nothing of it leaves nobody out: so it was before there was the setting.
        config.leave_out = LeaveOut::nobody();

        let mut api_key = None;
        if let Some(mut section) = self.section(&mut root, "sare") {
            config.sare.uid = self.text(&mut section, "uid").unwrap_or_default();
            api_key = self.api_key(&mut section);
            self.finish(section, &["uid", "api_key"]);
        }
        if let Some(mut section) = self.section(&mut root, "customers") {
            let c = &mut config.customers;
            c.enabled = self.flag(&mut section, "enabled").unwrap_or(true);
            c.group = self.group(&mut section);
            c.consent = self.word(&mut section, "consent");
            c.without_consent = self.word(&mut section, "without_consent");
            c.without_account = self.word(&mut section, "without_account");
            c.mapping = self.mapping(&mut section, RecordKind::Customer);
            self.finish(
                section,
                &[
                    "enabled",
                    "group",
                    "consent",
                    "without_consent",
                    "without_account",
                    "mapping",
                ],
            );
        }
        if let Some(mut section) = self.section(&mut root, "subscribers") {
            let s = &mut config.subscribers;
            s.enabled = self.flag(&mut section, "enabled").unwrap_or(true);
            s.group = self.group(&mut section);
            s.without_consent = self.word(&mut section, "without_consent");
            s.mapping = self.mapping(&mut section, RecordKind::Subscriber);
            self.finish(section, &["enabled", "group", "without_consent", "mapping"]);
        }
        if let Some(mut section) = self.section(&mut root, "unsubscribe") {
            let u = &mut config.unsubscribe;
            u.to_sare = self.word(&mut section, "to_sare");
            u.leave_group = self.flag(&mut section, "leave_group").unwrap_or(u.leave_group);
            u.to_shoper = self.flag(&mut section, "to_shoper").unwrap_or(u.to_shoper);
            u.on_new_opt_in = self.word(&mut section, "on_new_opt_in");
            self.finish(section, &["to_sare", "leave_group", "to_shoper", "on_new_opt_in"]);
        }
        if let Some(mut section) = self.section(&mut root, "deleted") {
            config.deleted.action = self.word(&mut section, "action");
            self.finish(section, &["action"]);
        }
        if let Some(mut section) = self.section(&mut root, "brake") {
            let b = &mut config.brake;
            b.share = self.share(&mut section).unwrap_or(b.share);
            b.at_least = self.count(&mut section).unwrap_or(b.at_least);
            self.finish(section, &["share", "at_least"]);
        }
        if let Some(mut section) = self.section(&mut root, "leave_out") {
            config.leave_out.domains = self.domains(&mut section);
            self.finish(section, &["domains"]);
        }
        self.finish(root, &known);
        config.lines = std::mem::take(&mut self.lines);
        (config, api_key)
    }

    /// A table below `parent`, with its line noted.
    fn section<'d, 'i>(&mut self, parent: &mut Section<'d, 'i>, key: &str) -> Option<Section<'d, 'i>> {
        let path = parent.at(key);
        let line = parent
            .entries
            .iter()
            .find(|(k, _)| k.get_ref() == key)
            .map(|(k, _)| self.line(k.span().start))?;
        let value = parent.take(key)?;
        match value.get_ref() {
            DeValue::Table(table) => {
                self.lines.note(&path, line);
                Some(Section::of(&path, line, table))
            }
            other => {
                let what = What::WrongType {
                    found: kind(other),
                    wanted: ValueType::Table,
                };
                self.found(&value.span(), &path, what);
                None
            }
        }
    }

    /// Everything not taken is unknown.
    fn finish(&mut self, section: Section<'_, '_>, known: &[&str]) {
        for (key, _) in &section.entries {
            let path = section.at(key.get_ref());
            let similar = closest(key.get_ref(), known.iter().copied());
            self.found(
                &key.span(),
                &path,
                What::UnknownKey {
                    key: key.get_ref().to_string(),
                    similar,
                },
            );
        }
    }

    /// A setting's value, its line noted.
    fn take<'d, 'i>(&mut self, section: &mut Section<'d, 'i>, key: &str) -> Option<&'d Spanned<DeValue<'i>>> {
        let value = section.take(key)?;
        let line = self.line(value.span().start);
        self.lines.note(&section.at(key), line);
        Some(value)
    }

    fn wrong(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: ValueType,
    ) {
        let what = What::WrongType {
            found: kind(value.get_ref()),
            wanted,
        };
        self.found(&value.span(), &section.at(key), what);
    }

    fn text(&mut self, section: &mut Section<'_, '_>, key: &str) -> Option<String> {
        let value = self.take(section, key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong(section, key, value, ValueType::Text);
                None
            }
        }
    }

    fn flag(&mut self, section: &mut Section<'_, '_>, key: &str) -> Option<bool> {
        let value = self.take(section, key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(section, key, value, ValueType::Flag);
        }
        flag
    }

    fn integer(&mut self, section: &mut Section<'_, '_>, key: &str) -> Option<(i64, Range<usize>)> {
        let value = self.take(section, key)?;
        let number = value.get_ref().as_integer().and_then(|n| {
            let digits = n.as_str().replace('_', "");
            i64::from_str_radix(&digits, n.radix()).ok()
        });
        if number.is_none() {
            self.wrong(section, key, value, ValueType::Integer);
        }
        number.map(|number| (number, value.span()))
    }

    fn word<W: FromWord + Default>(&mut self, section: &mut Section<'_, '_>, key: &str) -> W {
        let Some(value) = self.take(section, key) else {
            return W::default();
        };
        let Some(word) = value.get_ref().as_str() else {
            self.wrong(section, key, value, ValueType::Text);
            return W::default();
        };
        W::from_word(word.trim()).unwrap_or_else(|| {
            let what = What::NotAllowed {
                value: word.to_owned(),
                allowed: W::WORDS,
            };
            self.found(&value.span(), &section.at(key), what);
            W::default()
        })
    }

    fn api_key(&mut self, section: &mut Section<'_, '_>) -> Option<SecretString> {
        let span = section
            .entries
            .iter()
            .find(|(k, _)| k.get_ref() == "api_key")
            .map(|(_, v)| v.span());
        let key = self.text(section, "api_key")?;
        let key = key.trim();
        if key.is_empty() {
            return None;
        }
        if !looks_like_key(key) {
            self.found(&span.unwrap_or_default(), "sare.api_key", What::OddKey);
        }
        Some(SecretString::from(key.to_owned()))
    }

    fn group(&mut self, section: &mut Section<'_, '_>) -> i64 {
        match self.integer(section, "group") {
            Some((group, span)) if group < 1 => {
                // Group 0 is SARE's word for "in no group" (sare-api.md 8).
                let what = What::OutOfRange {
                    least: "1",
                    most: "9223372036854775807",
                };
                self.found(&span, &section.at("group"), what);
                0
            }
            Some((group, _)) => group,
            None => 0,
        }
    }

    fn share(&mut self, section: &mut Section<'_, '_>) -> Option<f64> {
        let value = self.take(section, "share")?;
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
            DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(share) if (0.0..=1.0).contains(&share) => Some(share),
            Some(_) => {
                self.found(
                    &value.span(),
                    "brake.share",
                    What::OutOfRange {
                        least: "0",
                        most: "1",
                    },
                );
                None
            }
            None => {
                self.wrong(section, "share", value, ValueType::Number);
                None
            }
        }
    }

    fn domains(&mut self, section: &mut Section<'_, '_>) -> Vec<Domain> {
        let at = section.entries.iter().find(|(key, _)| key.get_ref() == "domains");
        let span = at.map_or(0..0, |(_, value)| value.span());
        let path = section.at("domains");
        let mut domains = Vec::new();
        for text in self.texts(section, "domains") {
            match Domain::parse(&text) {
                Some(domain) if !domains.contains(&domain) => domains.push(domain),
                Some(_) => {}
                None => self.found(&span, &path, What::BadDomain(text)),
            }
        }
        domains
    }

    fn count(&mut self, section: &mut Section<'_, '_>) -> Option<u32> {
        let (number, span) = self.integer(section, "at_least")?;
        let count = u32::try_from(number).ok();
        if count.is_none() {
            let what = What::OutOfRange {
                least: "0",
                most: "4294967295",
            };
            self.found(&span, "brake.at_least", what);
        }
        count
    }

    fn mapping(&mut self, parent: &mut Section<'_, '_>, kind: RecordKind) -> Mapping {
        let mut mapping = Mapping::default();
        let Some(mut section) = self.section(parent, "mapping") else {
            return mapping;
        };
        for (key, value) in std::mem::take(&mut section.entries) {
            // `custom.birthday = …` without quotes, and `[customers.mapping.custom]`, are tables to TOML.
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("custom", DeValue::Table(table)) => {
                    for (name, value) in Section::of("", section.line, table).entries {
                        let target = format!("custom.{}", name.get_ref());
                        self.row(&mut mapping, kind, &section, &target, name.span(), value);
                    }
                }
                (target, _) => self.row(&mut mapping, kind, &section, target, key.span(), value),
            }
        }
        mapping
    }

    fn row(
        &mut self,
        mapping: &mut Mapping,
        kind: RecordKind,
        section: &Section<'_, '_>,
        target: &str,
        at: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let canonical = Target::parse(target).map_or_else(|| target.to_owned(), |target| target.to_string());
        let path = section.at(&canonical);
        let line = self.line(at.start);
        self.lines.note(&path, line);
        let before = self.findings.len();
        let text = match value.get_ref() {
            DeValue::String(from) => RowText::new(&canonical, from),
            DeValue::Table(table) => self.row_table(Section::of(&path, line, table), canonical),
            other => {
                let what = What::WrongType {
                    found: self::kind(other),
                    wanted: ValueType::TextOrTable,
                };
                return self.found(&value.span(), &path, what);
            }
        };
        let faults = match Row::parse(kind, &text) {
            Ok(row) => mapping.push(row).err().into_iter().collect(),
            // What was not readable in the table is told already; its absence need not be.
            Err(faults) if self.findings.len() > before => faults
                .into_iter()
                .filter(|what| *what != What::NoSource)
                .collect(),
            Err(faults) => faults,
        };
        for what in faults {
            self.found(&at, &path, what);
        }
    }

    fn row_table(&mut self, mut section: Section<'_, '_>, target: String) -> RowText {
        let text = RowText {
            target,
            from: self.text(&mut section, "from"),
            value: self.text(&mut section, "value"),
            transform: self.texts(&mut section, "transform"),
            default: self.text(&mut section, "default"),
            when_empty: self.word(&mut section, "when_empty"),
            overwrite: self.word(&mut section, "overwrite"),
        };
        self.finish(section, &ROW_KEYS);
        text
    }

    /// A list of texts; one text alone will do.
    fn texts(&mut self, section: &mut Section<'_, '_>, key: &str) -> Vec<String> {
        let Some(value) = self.take(section, key) else {
            return Vec::new();
        };
        match value.get_ref() {
            DeValue::String(text) => vec![text.to_string()],
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match item.get_ref().as_str() {
                        Some(text) => texts.push(text.to_owned()),
                        None => self.wrong(section, key, item, ValueType::Text),
                    }
                }
                texts
            }
            _ => {
                self.wrong(section, key, value, ValueType::List);
                Vec::new()
            }
        }
    }
}

fn kind(value: &DeValue<'_>) -> ValueType {
    match value {
        DeValue::String(_) => ValueType::Text,
        DeValue::Integer(_) => ValueType::Integer,
        DeValue::Float(_) => ValueType::Number,
        DeValue::Boolean(_) => ValueType::Flag,
        DeValue::Datetime(_) => ValueType::Date,
        DeValue::Array(_) => ValueType::List,
        DeValue::Table(_) => ValueType::Table,
    }
}

/// 8-4-4-4-12 characters, like a UUID: observed, not documented (sare-api.md 2).
fn looks_like_key(key: &str) -> bool {
    key.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        && key.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}
