//! Fields of forms. Every field has a label that names it, and its hint and error are tied to it, so that a screen reader
//! says them with it. An error is told in words beside the field, never by colour alone.

use maud::{Markup, html};
use texts::Words;

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
