//! Tables. On a narrow screen a row is a card, and each value has its column's head before it.

use maud::{Markup, html};

/// A column's head.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Words.
    Text(&'a str),
    /// Numbers, which stand under each other.
    Number(&'a str),
    /// Moments, which stay on one line.
    Time(&'a str),
}

/// A table of records: `name` is what it is of, for those who do not see it. `rows` are its `tr`.
pub fn table(name: &str, columns: &[Column<'_>], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table.stacks {
                caption.unseen { (name) }
                (heads(columns))
                tbody { (rows) }
            }
        }
    }
}

/// A table of numbers, which stays one on a narrow screen, under what it says of itself.
pub fn numbers_table(name: &str, caption: &str, columns: &[Column<'_>], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table {
                caption { (caption) }
                (heads(columns))
                tbody { (rows) }
            }
        }
    }
}

fn heads(columns: &[Column<'_>]) -> Markup {
    html! {
        thead {
            tr {
                @for column in columns {
                    @match column {
                        Column::Text(text) => th scope="col" { (text) },
                        Column::Number(text) => th.number scope="col" { (text) },
                        Column::Time(text) => th.time scope="col" { (text) },
                    }
                }
            }
        }
    }
}

/// A cell of a table: on a narrow screen, where a row is a card, its head stands before it.
pub fn cell(label: &str, content: Markup) -> Markup {
    html! { td data-label=(label) { (content) } }
}

/// A cell with a moment or a date, which stays on one line.
pub fn time_cell(label: &str, content: Markup) -> Markup {
    html! { td.time data-label=(label) { (content) } }
}

/// A cell with words, which stays on one line: what does not fit is cut at its end, and is whole for whoever points at it or
/// listens, and on a narrow screen.
pub fn line_cell(label: &str, text: &str) -> Markup {
    html! { td.line data-label=(label) title=(text) { (text) } }
}
