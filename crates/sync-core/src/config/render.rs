//! A configuration as TOML.

use std::fmt::Write;

use super::Config;
use crate::mapping::{Mapping, Overwrite, RowText, WhenEmpty};

pub(super) fn render(config: &Config) -> String {
    let mut out = String::new();
    section(&mut out, "sare", &[("uid", quoted(&config.sare.uid))]);
    let c = &config.customers;
    let mut lines = vec![("enabled", c.enabled.to_string())];
    if c.group != 0 {
        lines.push(("group", c.group.to_string()));
    }
    lines.push(("consent", quoted(c.consent.word())));
    lines.push(("without_consent", quoted(c.without_consent.word())));
    lines.push(("without_account", quoted(c.without_account.word())));
    section(&mut out, "customers", &lines);
    mapping(&mut out, "customers", &c.mapping);
    let s = &config.subscribers;
    let mut lines = vec![("enabled", s.enabled.to_string())];
    if s.group != 0 {
        lines.push(("group", s.group.to_string()));
    }
    lines.push(("without_consent", quoted(s.without_consent.word())));
    section(&mut out, "subscribers", &lines);
    mapping(&mut out, "subscribers", &s.mapping);
    let u = &config.unsubscribe;
    section(
        &mut out,
        "unsubscribe",
        &[
            ("to_sare", quoted(u.to_sare.word())),
            ("leave_group", u.leave_group.to_string()),
            ("to_shoper", u.to_shoper.to_string()),
            ("on_new_opt_in", quoted(u.on_new_opt_in.word())),
        ],
    );
    section(
        &mut out,
        "deleted",
        &[("action", quoted(config.deleted.action.word()))],
    );
    section(
        &mut out,
        "brake",
        &[
            ("share", format!("{:?}", config.brake.share)),
            ("at_least", config.brake.at_least.to_string()),
        ],
    );
    let domains = config
        .leave_out
        .domains
        .iter()
        .map(|domain| quoted(&domain.to_string()));
    let domains: Vec<String> = domains.collect();
    section(
        &mut out,
        "leave_out",
        &[("domains", format!("[{}]", domains.join(", ")))],
    );
    out
}

fn section(out: &mut String, name: &str, lines: &[(&str, String)]) {
    if !out.is_empty() {
        out.push('\n');
    }
    put(out, format_args!("[{name}]\n"));
    for (key, value) in lines {
        put(out, format_args!("{key} = {value}\n"));
    }
}

fn mapping(out: &mut String, section: &str, mapping: &Mapping) {
    if mapping.rows().is_empty() {
        return;
    }
    put(out, format_args!("\n[{section}.mapping]\n"));
    for row in mapping.rows() {
        let text = row.text();
        let bare = text.target.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let key = if bare {
            text.target.clone()
        } else {
            quoted(&text.target)
        };
        put(out, format_args!("{key} = {}\n", row_value(&text)));
    }
}

fn row_value(text: &RowText) -> String {
    let mut parts = Vec::new();
    parts.extend(text.from.as_ref().map(|from| format!("from = {}", quoted(from))));
    parts.extend(
        text.value
            .as_ref()
            .map(|value| format!("value = {}", quoted(value))),
    );
    if !text.transform.is_empty() {
        let words: Vec<String> = text.transform.iter().map(|word| quoted(word)).collect();
        parts.push(format!("transform = [{}]", words.join(", ")));
    }
    parts.extend(
        text.default
            .as_ref()
            .map(|default| format!("default = {}", quoted(default))),
    );
    if text.when_empty == WhenEmpty::Clear {
        parts.push("when_empty = \"clear\"".to_owned());
    }
    if text.overwrite == Overwrite::IfEmpty {
        parts.push("overwrite = \"if-empty\"".to_owned());
    }
    match (&text.from, parts.len()) {
        (Some(from), 1) => quoted(from),
        _ => format!("{{ {} }}", parts.join(", ")),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => put(&mut out, format_args!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("writing to a string cannot fail");
}
