//! `shop audit`: the shop and SARE compared, told, and kept for the panel.

use serde_json::{Value, json};

use super::output;
use crate::app::App;
use crate::audit::{self, Report};
use crate::cli::Audit;
use crate::exit;

/// Runs it. Exits with 1 when anything is left unexplained.
pub async fn audit(app: &App, options: Audit) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    let config = app.config(&shop)?;
    let bar = output::bar(options.json.json);
    let report = audit::audit(app, &shop, &config, &bar).await;
    bar.finish_and_clear();
    let report = report?;
    audit::keep(app, shop.id, &report).await?;
    if options.json.json {
        output::json(&as_json(&shop.host, &report, options.limit))?;
    } else {
        for line in lines(&report, options.limit) {
            output::line(&line);
        }
    }
    Ok(if report.is_clean() { exit::OK } else { exit::FOUND })
}

fn as_json(host: &str, report: &Report, limit: usize) -> Value {
    json!({
        "shop": host,
        "started": output::iso(Some(report.started_at)),
        "ended": output::iso(Some(report.ended_at)),
        "customers": report.customers,
        "subscribers": report.subscribers,
        "unreadable": report.unreadable,
        "unusable_addresses": report.unusable,
        "not_synchronised": report.out_of_scope,
        "compared": report.compared,
        "equal": report.equal,
        "explained": report.explained(),
        "reasons": report.explained,
        "unexplained": report.unexplained,
        "differences": report.differences.iter().take(limit).collect::<Vec<_>>(),
        "notes": report.notes,
    })
}

/// The report in sentences.
pub fn lines(report: &Report, limit: usize) -> Vec<String> {
    let mut lines = vec![format!(
        "Compared {} contacts ({} customers and {} subscribers in the shop).",
        report.compared, report.customers, report.subscribers
    )];
    lines.push(format!("Equal: {}.", report.equal));
    for (reason, count) in &report.explained {
        lines.push(format!("Explained: {count} ({}).", reason.sentence()));
    }
    if report.out_of_scope > 0 {
        lines.push(format!(
            "Not compared: {} of kinds that are not synchronised.",
            report.out_of_scope
        ));
    }
    if report.unusable > 0 {
        lines.push(format!(
            "Not compared: {} with an address in the shop that is none.",
            report.unusable
        ));
    }
    if report.unreadable > 0 {
        lines.push(format!(
            "Not compared: {} that the shop sent in a form we cannot read.",
            report.unreadable
        ));
    }
    lines.extend(report.notes.iter().cloned());
    lines.push(format!("Unexplained: {}.", report.unexplained));
    for found in report.differences.iter().take(limit) {
        let what: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
        lines.push(format!("  {} {}", found.contact, what.join(", ")));
    }
    let left = report
        .unexplained
        .saturating_sub(limit.min(report.differences.len()) as u64);
    if left > 0 {
        lines.push(format!("  … and {left} more; --limit shows them."));
    }
    if report.unexplained > 0 {
        lines.push("`shop problems` and `contact explain` say more about a contact.".to_owned());
    }
    lines
}
