//! Phone numbers as people type them, as E.164. What is no valid number is none at all.

use phonenumber::Mode;
use phonenumber::country::{self, Id};

/// Words that people put before a number.
const LEADS: [&str; 6] = ["telefon", "tel", "komórka", "kom", "phone", "mobile"];

/// The number in E.164, read as one of `country` (Poland when unknown) unless it says otherwise.
pub(super) fn e164(value: &str, country: &dyn Fn() -> Option<String>) -> Option<String> {
    let bare = bare(value)?;
    let home = country()
        .and_then(|code| code.trim().to_uppercase().parse::<Id>().ok())
        .unwrap_or(country::PL);
    let number = phonenumber::parse(Some(home), &bare).ok()?;
    let valid = number.is_valid() && number.extension().is_none();
    valid.then(|| number.format().mode(Mode::E164).to_string())
}

/// Digits with the plus that may stand before them; `None` when anything but a number is written.
fn bare(value: &str) -> Option<String> {
    let lower = value.trim().to_lowercase();
    let lead = LEADS.iter().find_map(|lead| lower.strip_prefix(lead));
    let rest = lead.map_or(lower.as_str(), |rest| rest.trim_start_matches(['.', ':', ' ']));
    let mut out = String::with_capacity(rest.len());
    for c in rest.chars() {
        match c {
            '0'..='9' => out.push(c),
            '+' if out.is_empty() => out.push(c),
            ' ' | '\u{a0}' | '-' | '\u{2013}' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    // 00 is the way out of most countries, and of Poland.
    if let Some(rest) = out.strip_prefix("00") {
        out = format!("+{rest}");
    }
    (5..=16).contains(&out.len()).then_some(out)
}
