//! What commands print: lines, tables for people, JSON for scripts.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// One line on standard output. A closed pipe is not an error of ours.
pub fn line(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A value as indented JSON.
pub fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A line below the headings and none between rows: a screen holds more of them.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with these headings.
pub fn table(headings: &[&str]) -> Table {
    let mut table = facts();
    table.set_header(headings.to_vec());
    table
}

/// A table without headings: what is told of one thing, each fact after its name.
pub fn facts() -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A moment for people, in UTC, to the second; `-` for none.
pub fn moment(at: Option<i64>) -> String {
    at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(
            || "-".to_owned(),
            |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
}

/// A moment for scripts.
pub fn iso(at: Option<i64>) -> Option<String> {
    at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map(|t| t.to_string())
}

/// A bar on standard error, drawn on terminals only, and not at all when `silent`.
pub fn bar(silent: bool) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if silent {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg:<34} {wide_bar} {pos}/{len} {eta_precise}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
