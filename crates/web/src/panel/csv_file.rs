//! Lists as files that spreadsheets open.
//!
//! Addresses are personal: such a file is answered to a form alone, is kept in no cache, and names nobody in its address.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

/// The answer that has a browser save `body` under `name`, which is plain ASCII.
pub fn answer(name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

/// What stands before the first line: a mark that tells spreadsheets the encoding.
pub fn begin() -> Vec<u8> {
    Vec::from("\u{feff}")
}

/// One line of values between semicolons, which Polish spreadsheets part columns at.
pub fn line(text: &mut Vec<u8>, values: &[&str]) {
    let values = values.iter().map(|value| {
        // A spreadsheet would take these for the beginning of a formula.
        let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
        format!("{}{value}", if is_formula { "'" } else { "" })
    });
    csv::WriterBuilder::new()
        .delimiter(b';')
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(text)
        .write_record(values)
        .expect("memory takes every line");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_neither_part_columns_nor_become_formulas() {
        let mut text = Vec::new();
        line(&mut text, &["a;b", "=1+2@example.com", "say \"no\""]);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "\"a;b\";\"'=1+2@example.com\";\"say \"\"no\"\"\"\r\n"
        );
    }
}
