//! Parts that pages are made of: notices, fields with label, hint and error, choices.
//!
//! Every field has a label that names it, and its hint and error are tied to it, so that a screen reader says them
//! with it. An error is told in words beside the field, never by colour alone.

use maud::{Markup, html};
use sync_core::mapping::Target;
use texts::Words;

use super::session::Visit;

/// A part that takes the services a while. It is fetched from `piece` once the page is there; where no script does
/// that, a link leads to `whole`, the page with the part in it.
pub fn fetched(visit: &Visit, piece: &str, whole: &str, meanwhile: &str, link: &str) -> Markup {
    html! {
        div data-once=(visit.link(piece)) {
            p.soft role="status" {
                span hidden { (meanwhile) }
                noscript { a href=(visit.link(whole)) { (link) } }
            }
        }
    }
}

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

/// A cell of a table: on a narrow screen, where a row is a card, its head stands before it.
pub fn cell(label: &str, content: Markup) -> Markup {
    html! { td data-label=(label) { (content) } }
}

/// A cell with a moment or a date, which stays on one line.
pub fn time_cell(label: &str, content: Markup) -> Markup {
    html! { td.time data-label=(label) { (content) } }
}

/// A word in a pill, with a colour that says no more than the word.
pub fn chip(tone: Option<Tone>, text: &str) -> Markup {
    html! { span class={ "chip " (tone.map_or("", Tone::class)) } { (text) } }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something went well.
    Good,
    /// Something to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// Only what is wrong interrupts a screen reader.
    fn role(self) -> &'static str {
        match self {
            Self::Bad => "alert",
            _ => "status",
        }
    }
}

/// A sentence that stands out.
pub fn notice(tone: Tone, content: Markup) -> Markup {
    html! {
        div class={ "notice " (tone.class()) } role=(tone.role()) { (content) }
    }
}

/// What a field says of itself beside its control.
#[derive(Debug, Clone, Copy, Default)]
pub struct Field<'a> {
    /// Its id, and the form's name for it.
    pub name: &'a str,
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: Option<&'a str>,
    /// What is wrong with what was filled in.
    pub error: Option<&'a str>,
    /// It cannot be left empty.
    pub required: bool,
}

impl Field<'_> {
    /// The ids of what describes the control.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let error = self.error.map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn around(&self, words: Words, control: Markup) -> Markup {
        html! {
            div.field.wrong[self.error.is_some()] {
                label for=(self.name) {
                    (self.label)
                    @if self.required { " " span.soft { "(" (words.say("common.required")) ")" } }
                }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
                (control)
                @if let Some(error) = self.error { p.error id={ (self.name) "-error" } { (error) } }
            }
        }
    }
}

/// A line of text; `kind` is the HTML type of input, such as `text` or `password`.
pub fn input(words: Words, field: Field<'_>, kind: &str, value: &str) -> Markup {
    field.around(
        words,
        html! {
            input id=(field.name) name=(field.name) type=(kind) value=(value) required[field.required]
                aria-describedby=[field.described_by()] aria-invalid=[field.error.map(|_| "true")] autocomplete="off";
        },
    )
}

/// Several lines of text.
pub fn text(words: Words, field: Field<'_>, rows: u8, value: &str) -> Markup {
    field.around(
        words,
        html! {
            textarea id=(field.name) name=(field.name) rows=(rows) required[field.required] spellcheck="false"
                aria-describedby=[field.described_by()] aria-invalid=[field.error.map(|_| "true")] autocomplete="off"
                { (value) }
        },
    )
}

/// One of several, from a list: value, text.
pub fn select(words: Words, field: Field<'_>, options: &[(String, String)], chosen: &str) -> Markup {
    field.around(
        words,
        html! {
            select id=(field.name) name=(field.name) required[field.required]
                aria-describedby=[field.described_by()] aria-invalid=[field.error.map(|_| "true")] {
                @for (value, text) in options {
                    option value=(value) selected[value == chosen] { (text) }
                }
            }
        },
    )
}

/// One of several, all shown: value, text, what it means.
pub fn radios(name: &str, legend: &str, options: &[(&str, &str, Option<&str>)], chosen: &str) -> Markup {
    html! {
        fieldset {
            legend { (legend) }
            @for (value, text, meaning) in options {
                div.choice {
                    input type="radio" id={ (name) "-" (value) } name=(name) value=(value) checked[*value == chosen]
                        aria-describedby=[meaning.map(|_| format!("{name}-{value}-hint"))];
                    label for={ (name) "-" (value) } { (text) }
                    @if let Some(meaning) = meaning { p.hint id={ (name) "-" (value) "-hint" } { (meaning) } }
                }
            }
        }
    }
}

/// A box to tick.
pub fn checkbox(name: &str, label: &str, hint: Option<&str>, ticked: bool) -> Markup {
    html! {
        div.choice {
            input type="checkbox" id=(name) name=(name) value="yes" checked[ticked]
                aria-describedby=[hint.map(|_| format!("{name}-hint"))];
            label for=(name) { (label) }
            @if let Some(hint) = hint { p.hint id={ (name) "-hint" } { (hint) } }
        }
    }
}

/// A field of SARE as people call it.
pub fn field_name(words: Words, target: &Target) -> String {
    match target {
        Target::Name => words.say("common.field-name").to_owned(),
        Target::Gsm => words.say("common.field-gsm").to_owned(),
        Target::Comment => words.say("common.field-comment").to_owned(),
        Target::Prop(n) => words.fill("common.field-prop", &[("n", n)]),
        Target::Custom(name) => name.clone(),
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
