//! A configuration compared with itself and with what the services say exists.

use super::{Catalog, Config, Finding, PropertyKind, What};
use crate::catalog::Property;
use crate::mapping::{Field, Mapping, Nature, Row, Target, Value};
use crate::similar::closest_named;

pub(super) fn validate(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |path: &str, what| {
        findings.push(Finding {
            line: config.lines.of(path),
            path: path.to_owned(),
            what,
        });
    };
    if !is_uid(&config.sare.uid) {
        found("sare.uid", What::BadUid);
    }
    for (path, enabled, group) in [
        (
            "customers.group",
            config.customers.enabled,
            config.customers.group,
        ),
        (
            "subscribers.group",
            config.subscribers.enabled,
            config.subscribers.group,
        ),
    ] {
        if enabled && group < 1 {
            found(
                path,
                What::Missing {
                    example: "group = 21",
                },
            );
        }
    }
    if !config.customers.enabled && !config.subscribers.enabled {
        found("", What::NothingEnabled);
    }
    if !(0.0..=1.0).contains(&config.brake.share) {
        found(
            "brake.share",
            What::OutOfRange {
                least: "0",
                most: "1",
            },
        );
    }
    findings
}

/// Digits, at least three (sare-api.md 2).
pub(super) fn is_uid(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn check(config: &Config, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sections = [
        (
            "customers",
            config.customers.enabled,
            config.customers.group,
            &config.customers.mapping,
        ),
        (
            "subscribers",
            config.subscribers.enabled,
            config.subscribers.group,
            &config.subscribers.mapping,
        ),
    ];
    for (section, enabled, group, mapping) in sections {
        if !enabled {
            continue;
        }
        let path = format!("{section}.group");
        if let Some(groups) = &catalog.groups
            && groups.iter().all(|(number, _)| *number != group)
        {
            let what = What::UnknownGroup {
                group,
                known: groups.clone(),
            };
            findings.push(Finding {
                line: config.lines.of(&path),
                path,
                what,
            });
        }
        for (row, what) in faults(mapping, catalog) {
            let path = format!("{section}.mapping.{}", row.target);
            findings.push(Finding {
                line: config.lines.of(&path),
                path,
                what,
            });
        }
    }
    findings.sort_by_key(|finding| finding.line.unwrap_or(usize::MAX));
    findings
}

fn faults<'m>(mapping: &'m Mapping, catalog: &Catalog) -> Vec<(&'m Row, What)> {
    let mut out = Vec::new();
    for row in mapping.rows() {
        if let Some(known) = &catalog.additional_fields {
            for field in row.fields() {
                let Field::Additional(id) = field else { continue };
                if known.iter().all(|k| k.id != id) {
                    let known = known.iter().map(|k| (k.id, k.label.clone())).collect();
                    out.push((row, What::UnknownAdditionalField { id, known }));
                }
            }
        }
        if let Some(properties) = &catalog.properties {
            match property(&row.target, properties) {
                Ok(Some(property)) => {
                    out.extend(values(row, &property.kind).into_iter().map(|what| (row, what)))
                }
                Ok(None) => {}
                Err(what) => out.push((row, what)),
            }
        }
    }
    out
}

/// The property behind a target. The basic ones exist in every account, listed or not (sare-api.md 7).
fn property<'p>(target: &Target, properties: &'p [Property]) -> Result<Option<&'p Property>, What> {
    match target {
        Target::Name | Target::Gsm | Target::Comment => Ok(None),
        Target::Prop(n) => Ok(properties.iter().find(|p| p.basic() == Some(*n))),
        Target::Custom(name) => {
            let mut custom = properties.iter().filter(|p| p.basic().is_none());
            if let Some(found) = custom.clone().find(|p| p.name == *name) {
                return Ok(Some(found));
            }
            // Whether the list holds more than the basic ones at all is not documented.
            let certain = custom.next().is_some();
            // A renamed basic property is written by its number; all go by their label as well.
            let written: Vec<(String, &Property)> = properties
                .iter()
                .map(|p| match p.basic() {
                    Some(n) => (format!("prop{n}"), p),
                    None => (format!("custom.{}", p.name), p),
                })
                .collect();
            let called = written.iter().flat_map(|(written, p)| {
                let own = p.basic().is_none().then_some((written.as_str(), p.name.as_str()));
                let label = Some(p.label.trim()).filter(|label| !label.is_empty());
                own.into_iter()
                    .chain(label.map(|label| (written.as_str(), label)))
            });
            let similar = closest_named(name, called);
            Err(What::UnknownProperty {
                name: name.clone(),
                similar,
                certain,
            })
        }
    }
}

fn values(row: &Row, kind: &PropertyKind) -> Vec<What> {
    let fixed = row.fixed_values();
    match kind {
        PropertyKind::List { values } if !values.is_empty() => fixed
            .into_iter()
            .filter(|value| !values.contains(value))
            .map(|value| What::NotInList {
                value,
                allowed: values.clone(),
            })
            .collect(),
        PropertyKind::Number => {
            let mut out: Vec<What> = fixed
                .into_iter()
                .filter(|value| value.replace(',', ".").parse::<f64>().is_err())
                .map(|value| What::NotANumber { value })
                .collect();
            if let Value::Field(field) = row.value
                && field.nature() == Nature::Text
                && !matches!(field, Field::Additional(_))
                && row.transforms.is_empty()
            {
                out.push(What::TextForNumber {
                    field: field.to_string(),
                });
            }
            out
        }
        PropertyKind::Text { max_len: Some(max) } => fixed
            .into_iter()
            .map(|value| value.chars().count())
            .filter(|chars| chars > max)
            .map(|chars| What::TooLong { chars, max: *max })
            .collect(),
        _ => Vec::new(),
    }
}
