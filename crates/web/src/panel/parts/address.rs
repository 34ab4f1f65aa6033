//! Addresses, as long as people make them.

use maud::{Markup, html};

/// A text that may be an address: where it has to break, it does so before `@` and dots.
pub fn address(text: &str) -> Markup {
    let text = &*sync_core::email::shown(text);
    let places = text
        .char_indices()
        .skip(1)
        .filter(|(_, c)| matches!(c, '@' | '.'));
    let ends = places.map(|(at, _)| at).chain([text.len()]);
    let mut from = 0;
    html! {
        @for end in ends {
            @if from > 0 { wbr; }
            (&text[std::mem::replace(&mut from, end)..end])
        }
    }
}

/// Characters of an address that fit into one line of a table.
const LINE: usize = 34;

/// An address in a table: one line, cut in its middle where it is long, and whole for whoever points at it or listens.
pub fn address_line(text: &str) -> Markup {
    let text = &*sync_core::email::shown(text);
    let count = text.chars().count();
    if count <= LINE {
        return html! { span.address { (text) } };
    }
    // More of the end, where the domain is.
    let (start, end) = (LINE / 2 - 3, LINE / 2 + 2);
    let cut: String = text
        .chars()
        .take(start)
        .chain(['…'])
        .chain(text.chars().skip(count - end))
        .collect();
    html! {
        span.address title=(text) { span aria-hidden="true" { (cut) } span.unseen { (text) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_address_is_cut_in_its_middle_and_told_whole() {
        assert_eq!(
            address_line("anna@poczta.example").into_string(),
            "<span class=\"address\">anna@poczta.example</span>"
        );
        let long = "bardzo.dlugi.adres.osoby.o.dwoch.nazwiskach@poczta.przyklad.example";
        let shown = address_line(long).into_string();
        assert!(shown.contains(&format!("title=\"{long}\"")) && shown.contains(&format!(">{long}</span>")));
        assert!(shown.contains("bardzo.dlugi.a…"), "{shown}");
        assert!(shown.contains("ta.przyklad.example</span>"), "{shown}");
    }

    #[test]
    fn addresses_break_before_their_signs_and_stay_whole_otherwise() {
        let shown = |text| address(text).into_string();
        assert_eq!(
            shown("anna.nowak@poczta.example"),
            "anna<wbr>.nowak<wbr>@poczta<wbr>.example"
        );
        assert_eq!(shown("kontakt bez adresu"), "kontakt bez adresu");
        assert_eq!(
            (shown(""), shown("<a>"), shown(".ą@ż")),
            (String::new(), "&lt;a&gt;".to_owned(), ".ą<wbr>@ż".to_owned(),)
        );
    }
}
